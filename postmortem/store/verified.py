"""What verifying a store gave: whatever does not hold, of which part, and where."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from postmortem.core import tree

FILE, TABLES, STORE, EVENTS, TREE, WORDS, VIEW = (
    "file", "tables", "store", "events", "tree", "words", "view",
)  # fmt: skip
"""The parts of a store, as failures name them."""
# a damaged page may hold a value of any type where another one belongs
_UNREADABLE: Final = (sqlite3.Error, ValueError, OverflowError, TypeError, LookupError)
_SEEN: Final = {
    "stored_events": "event",
    "disclosures": "the words of event",
    "words_absent": "which words are absent from event",
}
MOST: Final = 50
"""So many failures of one part are kept; the others are counted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that does not hold, of which part, and at which position of the log."""

    part: str
    position: int | None
    """None: it is not about one event."""
    message: str


@dataclass(slots=True)
class Verified:
    """What verifying a store gave."""

    id: str = ""
    """The store's own."""
    size: int = 0
    root: tree.Hash = tree.EMPTY
    """Of the tree over the events as they stand."""
    roots: dict[int, tree.Hash] = field(default_factory=dict)
    """The same at the sizes that were asked for, as far as the log reaches."""
    keeps_tree: bool = True
    """False: an earlier version made the store, and nothing was written since."""
    disclosures: int = 0
    withheld: int = 0
    """How many digests stand there without their words."""
    view: str = ""
    """How the view was compared: see `verifying_view`; empty: it was not."""
    failures: list[Failure] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """The parts that could not be read to their end."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many failures there are of each part, also those that are not kept."""

    @property
    def first(self) -> int | None:
        """The first position at which the record does not hold; where it does, the view."""
        at = [(f.part == VIEW, f.position) for f in self.failures if f.position is not None]
        return min(at)[1] if at else None

    def differs(self, position: int, table: str) -> None:
        """Set down that a server holds something else in that table than what was seen there."""
        what = _SEEN[table]
        told = f"{what} {position} on the server: not what this machine had seen there"
        self.fail(EVENTS if table == "stored_events" else WORDS, position, told)

    def fail(self, part: str, position: int | None, message: str) -> None:
        """Set down a failure."""
        self.counts[part] = self.counts.get(part, 0) + 1
        if self.counts[part] <= MOST:
            self.failures.append(Failure(part, position, message))


@contextmanager
def readable(
    found: Verified, part: str, position: Callable[[], int] | None = None
) -> Iterator[None]:
    """What cannot be read is a failure like any other."""
    try:
        yield
    except _UNREADABLE as error:
        where = None if position is None else position()
        found.fail(part, where, f"it cannot be read on: {error}")


def guarded(
    asked: Callable[[], Iterator[Any]], found: Verified, part: str
) -> Iterator[tuple[Any, ...]]:
    """The rows up to where they cannot be read any more, which is a failure of that part."""
    try:
        yield from asked()
    except _UNREADABLE as error:
        found.fail(part, None, f"it cannot be read on: {error}")
        found.broken.add(part)
