"""How well something works: three levels, and what is known of one as the pair (worst, best)."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Level(IntEnum):
    """`UNAVAILABLE` < `DEGRADED` < `OPERATIONAL`; comparable, so that `min` is the worst."""

    UNAVAILABLE = 0
    DEGRADED = 1
    OPERATIONAL = 2

    @property
    def word(self) -> str:
        """The level as it is written in casebooks and answers."""
        return WORDS[self]

    @classmethod
    def of(cls, word: str) -> Level:
        """The level of that name.

        Raises: KeyError, where there is none.
        """
        return LEVELS[word]


WORDS = {
    Level.UNAVAILABLE: "unavailable",
    Level.DEGRADED: "degraded",
    Level.OPERATIONAL: "operational",
}
LEVELS = {word: level for level, word in WORDS.items()}
UNCERTAIN = "uncertain"


class Bounds(NamedTuple):
    """The worst and the best level that what is known allows; equal where it is certain."""

    worst: Level
    best: Level

    @property
    def status(self) -> str:
        """The level's word where both bounds agree, else `uncertain`."""
        return self.worst.word if self.worst is self.best else UNCERTAIN


WORKS = Bounds(Level.OPERATIONAL, Level.OPERATIONAL)
OUT = Bounds(Level.UNAVAILABLE, Level.UNAVAILABLE)
