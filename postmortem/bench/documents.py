"""What documents and long sums cost, and how that grows."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from postmortem.bench.ground import Ground
from postmortem.bench.history import BEGIN, FINISH, YEARS
from postmortem.bench.rows import Row, clocked, in_turns, median
from postmortem.core import measures
from postmortem.core.times import END, AsOf
from postmortem.tracker import Tracker

_LARGE = 10_000
_SERVICES = 8
_ROUNDS = 3


def _growth(times: list[tuple[int, float]]) -> float:
    """By how much more than n log n it grew from the first to the last."""
    (few, before), (many, after) = times[0], times[-1]
    return (after / before) / ((many * math.log(many)) / (few * math.log(few)))


def downtime(ground: Ground) -> Iterator[Row]:
    """Ten years of a whole platform."""
    sizes = sorted(ground.sizes) if ground.own is None else [ground.largest]
    times = []
    for size in sizes:
        with Tracker(ground.store(size)) as tracker:
            platform = tracker.platform(None if ground.own is None else ground.platform)
            year = (FINISH - BEGIN) // YEARS

            def ask() -> object:
                picture = tracker.picture(platform, AsOf(END))  # noqa: B023
                return measures.downtime(picture, BEGIN + 5 * year, BEGIN + 15 * year)  # noqa: B023

            times.append((tracker.view.position, clocked(ask)))
    yield Row("downtime", "downtime over ten years, the whole platform",
              "growth by n log n" if len(times) > 1 else "", times[-1][0],
              _growth(times) if len(times) > 1 else None, None, None, False,
              times[-1][1], None, times[0][1])  # fmt: skip


def documents(ground: Ground) -> Iterator[Row]:
    """Report and picture of one incident that much is recorded of, from the shell."""
    if ground.own is not None:
        return
    most = min(_LARGE, ground.largest)
    sizes = [most // 4, most]
    for name, what, words in (
        ("report", f"report of an incident of {most:,} events", ("report", "-o")),
        ("picture", f"picture of an incident of {most:,} events", ("timeline", "--svg", "-o")),
    ):
        stores = [_incident(ground, size) for size in sizes]
        target = os.path.join(ground.folder, f"{name}.{'html' if name == 'report' else 'svg'}")
        works = [partial(_written, store, words, target) for store in stores]
        # in turns: what else the machine does meanwhile is not to look like growth
        times = [
            (size, median(found))
            for size, found in zip(sizes, in_turns(works, _ROUNDS), strict=True)
        ]
        yield Row(name, what, "growth by n log n", most, _growth(times), None, None, False,
                  times[-1][1], None, times[0][1])  # fmt: skip


def _incident(ground: Ground, size: int) -> str:
    store = os.path.join(ground.folder, f"incident-{size}.db")
    if not os.path.exists(store):
        ground.fill(store, size, services=_SERVICES)
        with Tracker(store) as tracker:
            tracker.rebuild()
    return store


def _written(store: str, words: Sequence[str], target: str) -> None:
    """Write a document anew by a process of its own."""
    if os.path.exists(target):
        os.unlink(target)
    command = (sys.executable, "-m", "postmortem", "--db", store, *words, target)
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # our own program
