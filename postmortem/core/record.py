"""What deciding needs to know of one platform's record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from postmortem.core.fields import Body
from postmortem.core.history import RETRACTED, Version, Words
from postmortem.core.times import END, AsOf

NOW = AsOf(END)
"""As all that is recorded stands."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry as the log holds it: where it stands, its type, and its fields as stored."""

    position: int
    type: str
    stored: Body
    """The body, and `recorded_by` where somebody was named; every text is a digest."""
    held: frozenset[str] = frozenset()
    """The fields whose words are at hand."""


class Record(Words, Protocol):
    """What deciding needs to know of one platform's record: every answer by an index."""

    def declaration(self, kind: str, id: str) -> tuple[int, Body] | None:
        """How often it was declared, and its last body, words in the clear unless withheld."""
        ...

    def declarations(self, kind: str, id: str) -> Sequence[Body]:
        """The bodies of all its declarations, in the order of recording; words as above."""
        ...

    def event(self, id: str) -> Body | None:
        """The body of the event of that id, words in the clear unless withheld."""
        ...

    def entry(self, identity: str) -> Placed | None:
        """The entry that the log calls so: an event by its id, a declaration as `service:aws:2`."""
        ...

    def version(self, id: str) -> Version | None:
        """The version of that id."""
        ...

    def stream(self, id: str) -> str:
        """The stream that holds the event of that id."""
        ...

    def about(self, fact: str) -> Iterable[str]:
        """The facts of which some version speaks of that fact."""
        ...

    def parts(self, capability: str) -> Iterable[str]:
        """Every id that any formula ever recorded of that capability names."""
        ...


@dataclass(frozen=True, slots=True)
class Overlay:
    """The words of a record with one version more, as if it were recorded already."""

    under: Words
    more: Version

    def versions(self, fact: str) -> Iterable[Version]:
        """All versions of a fact, and the new one."""
        yield from self.under.versions(fact)
        if self.more.fact == fact:
            yield self.more

    def retractions(self, event: str) -> Iterable[str]:
        """The retractions that name that id, and the new one."""
        found = list(self.under.retractions(event))
        if self.more.type == RETRACTED and self.more.subjects == (event,):
            found.append(self.more.fact)
        return dict.fromkeys(found)
