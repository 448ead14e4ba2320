"""A line of the benchmark: what was measured, beside what, and whether that is enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One line; times in seconds, memory in bytes."""

    name: str
    what: str
    baseline: str
    """What it is compared with."""
    size: int
    """How many events there were."""
    ratio: float | None
    target: float | None
    """What the ratio must reach, or must not exceed."""
    aim: float | None
    at_least: bool
    """Whether more is better."""
    ours: float | None = None
    """The median."""
    p99: float | None = None
    theirs: float | None = None
    unit: str = "s"

    @property
    def met(self) -> bool | None:
        """Whether the target is; None where there is none."""
        return self._reaches(self.target)

    @property
    def aimed(self) -> bool | None:
        """Whether the aim is; None where there is none."""
        return self._reaches(self.aim)

    def _reaches(self, limit: float | None) -> bool | None:
        if limit is None or self.ratio is None:
            return None
        return self.ratio >= limit if self.at_least else self.ratio <= limit

    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "name": self.name,
            "what": self.what,
            "size": self.size,
            "baseline": self.baseline,
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "target": self.target,
            "aim": self.aim,
            "at_least": self.at_least,
            "met": self.met,
            "aim_met": self.aimed,
            "unit": self.unit,
            "ours": self.ours,
            "p99": self.p99,
            "theirs": self.theirs,
        }


def clocked(work: Callable[[], object]) -> float:
    """How many seconds it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turns(works: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Each of the works in turn, so that what disturbs one disturbs the others too; seconds."""
    times: list[list[float]] = [[] for _ in works]
    for count in range(rounds):
        order = range(len(works)) if count % 2 else reversed(range(len(works)))
        for index in order:
            times[index].append(clocked(works[index]))
    return times


def percentile(times: Sequence[float], share: float) -> float:
    """The time that this share of them do not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


__all__ = ["Row", "clocked", "in_turns", "median", "percentile"]
