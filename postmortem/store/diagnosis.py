"""What the doctor finds: which positions of a store can be read, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

Range: TypeAlias = tuple[int, int]
"""Positions from and to, both included."""
UNOPENED: Final = "the file cannot be opened"
"""The trouble of a table where SQLite reads nothing at all."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the record: how many rows of it SQLite reads, and what stood in the way."""

    name: str
    rows: int | None
    trouble: str | None


@dataclass(slots=True)
class Diagnosis:
    """What can be read of a store."""

    bytes: int = 0
    troubles: list[str] = field(default_factory=list)
    """What is wrong with the file, in sentences."""
    beside: dict[str, int] = field(default_factory=dict)
    """The journals beside it, by their endings, and their bytes."""
    tables: list[Table] = field(default_factory=list)
    last: int = 0
    """The highest position that anything in the store speaks of."""
    readable: list[Range] = field(default_factory=list)
    """What SQLite still reads."""
    rescued: list[Range] = field(default_factory=list)
    """What was found on pages that SQLite no longer finds."""
    lost: list[Range] = field(default_factory=list)
    doubtful: list[Range] = field(default_factory=list)
    """Readable, but not what the tree holds of it."""
    unconfirmed: list[Range] = field(default_factory=list)
    """Readable, and of which the tree can say nothing."""
    words: int = 0
    """How many texts of people can be read."""
    digests: int = 0
    """How many of readable events there were: those that are gone were withdrawn, or are lost."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.troubles or self.lost or self.doubtful or self.rescued) and all(
            table.trouble is None for table in self.tables
        )


class Ranges:
    """Positions that come in order, as ranges by name."""

    def __init__(self) -> None:
        self._found: dict[str, list[list[int]]] = {}

    def add(self, name: str, position: int) -> None:
        ranges = self._found.setdefault(name, [])
        if ranges and ranges[-1][1] == position - 1:
            ranges[-1][1] = position
        else:
            ranges.append([position, position])

    def of(self, name: str) -> list[Range]:
        return [(start, end) for start, end in self._found.get(name, [])]


def lost(there: list[Range], last: int) -> list[Range]:
    """What is missing of 1 to `last`."""
    found, start = [], 1
    for first, end in sorted(there):
        if start < first:
            found.append((start, first - 1))
        start = end + 1
    if start <= last:
        found.append((start, last))
    return found
