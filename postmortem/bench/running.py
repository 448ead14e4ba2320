"""Runs the benchmark: THE TABLE of what is measured, in the order in which it is printed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from postmortem.bench import asking, documents, processes, recording
from postmortem.bench.ground import Ground
from postmortem.bench.rows import Row

MEASURES: Final[dict[str, Callable[[Ground], Iterator[Row]]]] = {
    "record": recording.one_by_one,
    "import": recording.importing,
    "casebook": recording.casebook,
    "level": asking.levels,
    "state": asking.states,
    "growth": asking.growth,
    "replay": asking.replay,
    "past": asking.past,
    "rebuild": recording.rebuild,
    "cold": processes.cold,
    "memory": processes.memory,
    "documents": documents.documents,
    "downtime": documents.downtime,
}
"""By what `--only` calls it. Each gives one row or several, or none where it needs made-up data."""


def run(
    sizes: Sequence[int],
    only: Sequence[str],
    *,
    own: str | None = None,
    platform: str | None = None,
    told: Callable[[str], None] | None = None,
) -> Iterator[Row]:
    """The rows, each as soon as it is measured, in a folder that is gone afterwards.

    `own` is a store of the user's, which is only read; without one data is made up. `told` hears
    of what takes long. Raises: StoreProblem.
    """
    with tempfile.TemporaryDirectory(prefix="postmortem-bench-") as folder:
        ground = Ground(folder, list(sizes), own)
        if platform is not None:
            ground.platform = platform
        if told is not None:
            ground.told = told
        for name in only or MEASURES:
            ground.told(f"measuring: {name}")
            yield from MEASURES[name](ground)
