"""What a copy asks of either end, wherever its log is: the rows as they are stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final

from postmortem.store.columns import ABSENT, EVENT, WORDS

Row = tuple[Any, ...]

EVENT_COLUMNS: Final = ", ".join(EVENT)
WORDS_COLUMNS: Final = ", ".join(WORDS)
ABSENT_COLUMNS: Final = ", ".join(ABSENT)
STATE: Final = EVENT.index("state")
"""Where among its columns the bytes of an event stand."""


class End(ABC):
    """One end of a copy."""

    place: str
    """What people call it."""

    @abstractmethod
    def last(self) -> int:
        """The position at which its log ends."""

    @abstractmethod
    def events(self, after: int, upto: int) -> list[Row]:
        """The columns of the events after a position and up to another, in order."""

    @abstractmethod
    def words(self, after: int, upto: int) -> list[Row]:
        """The same of the words, by position and digest."""

    @abstractmethod
    def absent(self, after: int, upto: int) -> list[Row]:
        """The same of what says whose words were never there."""

    @abstractmethod
    def root(self, size: int) -> bytes | None:
        """Of the tree that it keeps over that many events; None where it keeps none."""

    @abstractmethod
    def fact(self, key: str) -> str | None:
        """What it says about itself."""

    def close(self) -> None:  # noqa: B027 - most have something to close
        """Let go of it."""


class Target(End):
    """The end that is written to."""

    @property
    @abstractmethod
    def is_whole(self) -> bool:
        """Whether it is a store already, and no copy that broke off."""

    @abstractmethod
    def say(self, key: str, value: str) -> None:
        """Set down a fact about the store."""

    @abstractmethod
    def take(self, events: Sequence[Row], words: Sequence[Row], absent: Sequence[Row]) -> None:
        """Append rows as they are, durably."""

    @abstractmethod
    def drop(self, digests: Sequence[str]) -> None:
        """Delete words that were withdrawn at the source meanwhile."""

    @abstractmethod
    def finish(self) -> None:
        """From now on it is a store like any other."""
