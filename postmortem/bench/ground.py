"""Where the benchmark stands: a folder of its own, and stores of every size made there once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from postmortem.bench.history import PLATFORM, SERVICES, Made, made
from postmortem.core.times import Instant
from postmortem.core.words import canonical
from postmortem.store.baselines import Stored, write_log
from postmortem.tracker import Tracker


@dataclass
class Ground:
    """What the rows are measured on."""

    folder: str
    sizes: list[int]
    own: str | None = None
    """A store of the user's, only read."""
    platform: str = PLATFORM
    seed: int = 1
    told: Callable[[str], None] = lambda text: None
    """Told of what takes long."""
    _made: dict[int, str] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        """The size at which most is measured."""
        return max(self.sizes)

    def path(self, name: str) -> str:
        """A file that is not there yet."""
        path = os.path.join(self.folder, name)
        for end in ("", "-wal", "-shm"):
            if os.path.exists(path + end):
                os.unlink(path + end)
        return path

    def store(self, size: int | None = None) -> str:
        """A store of that many events, its view current."""
        if self.own is not None:
            return self.own
        size = size or self.largest
        if size not in self._made:
            path = os.path.join(self.folder, f"{size}.db")
            self.told(f"making a store of {size:,} events")
            self.fill(path, size)
            with Tracker(path) as tracker:
                tracker.rebuild()
            self._made[size] = path
        return self._made[size]

    def fill(self, path: str, size: int, services: int = SERVICES) -> None:
        """A store with that log, and no view."""
        empty(path)
        write_log(path, map(_rows, made(size, self.seed, services)))


def empty(path: str) -> None:
    """Make a store that holds nothing."""
    with Tracker(path) as tracker:
        tracker.record(())


def _rows(event: Made) -> tuple[Stored, list[tuple[Any, ...]]]:
    e = event.envelope
    position = e["position"]
    said = [
        (d.digest(), position, d.field, d.salt, canonical(d.value).decode()) for d in event.said
    ]
    stored: Stored = (position, e["stream"], e["version"], e["type"], canonical(e),
                      f"{e['platform']}/{e['id']}", event.recorded)  # fmt: skip
    return stored, said


def spread(low: Instant, high: Instant, count: int) -> list[Instant]:
    """So many instants between two, evenly."""
    return [low + (high - low) * number // max(1, count - 1) for number in range(count)]
