"""Everything that can go wrong, as one tree.

    Problem                     what a person is told; never a traceback
    ├── BadInput            2   the question or the input was wrong
    │   ├── BadTime         2   a written time that is none, or not exactly one
    │   └── Refused         2   a rule of the record refused it
    ├── StoreProblem        3   the store or the machine
    │   ├── StoreMissing    3   there is no store there
    │   ├── NotAStore       3   the file is something else
    │   ├── StoreNewer      3   a newer program wrote it
    │   ├── StoreLocked     3   somebody else holds it
    │   ├── StoreFull       3   no room left on the disk
    │   ├── StoreReadOnly   3   it may be read, not written
    │   └── StoreDamaged    3   its bytes contradict each other
    └── OutcomeUnknown      4   it may or may not have been recorded

The numbers are exit statuses (README, "exit statuses"). Every problem says what was asked, what
stood in the way, where, and what to do next: `message`, `place`, `hint`.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class Place(NamedTuple):
    """Where in the input: a file's name and a line counted from 1, each only if there is one."""

    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        if self.file is None:
            return "" if self.line is None else f"line {self.line}"
        return self.file if self.line is None else f"{self.file}, line {self.line}"


NOWHERE = Place()
"""Not written in any input."""


class Problem(Exception):
    """Something a person has to know; the base of every error that this package raises."""

    exit_status: ClassVar[int] = 70
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, place: Place | None = None, hint: str | None = None):
        super().__init__(message)
        self.message = message
        self.place = place or NOWHERE
        self.hint = hint

    def at(self, place: Place) -> Problem:
        """The same problem at `place`, unless it knows a line of its own already."""
        if self.place.line is None:
            self.place = place
        return self

    def __str__(self) -> str:
        where = str(self.place)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}\n  {self.hint}" if self.hint else text


class BadInput(Problem):
    """The question or the input was wrong."""

    exit_status = 2
    http_status = 422


class BadTime(BadInput):
    """A written time that is none, or that does not name exactly what was asked for."""


class Refused(BadInput):
    """The input is well formed, and a rule of the record refuses it."""

    http_status = 409


class StoreProblem(Problem):
    """The store or the machine stood in the way."""

    exit_status = 3
    http_status = 503


class StoreMissing(StoreProblem):
    """There is no store at that place."""


class NotAStore(StoreProblem):
    """The file is something else than a store."""


class StoreNewer(StoreProblem):
    """A newer version of the program wrote the store."""


class StoreLocked(StoreProblem):
    """Another process holds the store."""


class StoreFull(StoreProblem):
    """The disk has no room left."""


class StoreReadOnly(StoreProblem):
    """The store may be read, not written."""


class StoreDamaged(StoreProblem):
    """The store's bytes contradict each other."""


class OutcomeUnknown(Problem):
    """The event may or may not have been recorded: ask with `show` before trying again."""

    exit_status = 4
    http_status = 504


def quoted(text: str) -> str:
    """What somebody wrote, as an error shows it: cut where it is long, no raw control character."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")
