"""A platform's record as a write sees it: in memory what was looked up, and all that is new.

What is new is here before it is in the view's tables. Of many facts that are about to be asked for
all is looked up at once; any other is when it is asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from postmortem.core.effects import OPENING, STEPS, Reign
from postmortem.core.fields import Body
from postmortem.core.history import CLAIMED, RETRACTED, Version, reigns
from postmortem.core.record import Placed
from postmortem.core.times import END
from postmortem.store.record import ViewRecord
from postmortem.store.view import VERSION_COLUMNS, version_from

_AT_ONCE: Final = 400
"""So many ids are looked up by one statement."""
_FURTHER: Final = 3
"""So many steps from fact to fact are looked up beforehand: start, its end, a claim of that."""
_TOLD_TOGETHER: Final = OPENING | STEPS | {CLAIMED}
"""The types of which all that speak of them are few, and asked for with them."""

_NAMED_ALIKE: Final = ("service", "capability")
"""What shares its name space with events."""
_NAMES: Final = " UNION ALL ".join((
    "SELECT id, fact FROM view_version WHERE platform = ?1 AND id IN (*)",
    *(
        f"SELECT id, NULL FROM view_declaration WHERE platform = ?1 AND kind = '{kind}' "  # noqa: S608
        "AND id IN (*)"
        for kind in _NAMED_ALIKE
    ),
))  # fmt: skip
"""Of which fact an id is, or that it is declared."""

Turn: TypeAlias = tuple[str, Sequence[Reign], Sequence[Reign]]
"""A fact, and which of its versions stood for which K before an event, and which do after it."""


class Fact:
    """All that is recorded of one fact."""

    __slots__ = ("reigns", "retractions", "speakers", "stream", "versions")

    def __init__(self, stream: str, versions: list[Version], *, new: bool = False) -> None:
        self.stream = stream
        self.versions = versions
        self.speakers: dict[str, None] | None = {} if new else None
        """The facts of which some version speaks of it; None: not looked up yet."""
        self.retractions: dict[str, list[str]] = {}
        """By the id of a version, the retractions that name it."""
        self.reigns: Sequence[Reign] | None = None
        """None: not worked out."""


class RecalledRecord:
    """`core.record.Record`, and `core.effects.Facts`, of one platform, over the view's tables."""

    def __init__(
        self, connection: sqlite3.Connection, platform: str, settle: Callable[[], None]
    ) -> None:
        """`settle` brings what is new into the tables, where something has to be read there."""
        self.platform = platform
        self.settle = settle
        self._stored = ViewRecord(connection, platform)
        self._facts: dict[str, Fact] = {}
        self._fact_of: dict[str, str | None] = {}
        self._bodies: dict[str, Body] = {}
        self._declared: dict[tuple[str, str], list[Body]] = {}
        self._undeclared: set[str] = set()
        """Ids of which it is known that they are of no service and of no capability."""
        self._parts: dict[str, dict[str, None]] = {}

    @property
    def size(self) -> int:
        """How much is held in memory: facts and declarations."""
        return len(self._fact_of) + len(self._declared)

    def forget(self) -> None:
        """Let go of it all; only when what is new is in the tables."""
        for held in (self._facts, self._fact_of, self._bodies, self._declared, self._parts):
            held.clear()
        self._undeclared.clear()

    def settled(self) -> None:
        """What was new is in the tables: its bodies are read there from now on."""
        self._bodies.clear()

    # --- looking up -------------------------------------------------------------------------------

    def recall(self, ids: Iterable[str]) -> None:
        """Look up all that will be asked for of the facts of those ids; an id may be new."""
        pending = [id for id in dict.fromkeys(ids) if id not in self._fact_of]
        for _ in range(_FURTHER):
            if not pending:
                return
            found = self._load(pending)
            pending = [
                speaker
                for fact in found
                for speaker in self._facts[fact].speakers or ()
                if speaker not in self._fact_of
            ]

    def _load(self, ids: Sequence[str]) -> list[str]:
        """Look up the facts of those ids; which they are."""
        held, new = self._names(ids)
        self._undeclared |= new
        for id in ids:
            self._fact_of[id] = held.get(id)
        facts = [fact for fact in dict.fromkeys(held.values()) if fact not in self._facts]
        if not facts:
            return []
        rows = self._rows(f"SELECT {VERSION_COLUMNS}, stream FROM view_version", "fact", facts)  # noqa: S608
        for row in rows:
            version = version_from(row)
            self._fact_of[version.id] = version.fact
            if version.fact in self._facts:
                self._facts[version.fact].versions.append(version)
            else:
                self._facts[version.fact] = Fact(row[-1], [version])
        close = []
        for name in facts:
            fact = self._facts[name]
            if fact.versions[0].type in _TOLD_TOGETHER:
                fact.speakers = {}
                close.append(name)
        for subject, speaker in self._rows("SELECT subject, fact FROM view_subject", "subject",
                                           close):  # fmt: skip
            speakers = self._facts[subject].speakers
            assert speakers is not None
            speakers[speaker] = None
        named = [version.id for name in facts for version in self._facts[name].versions]
        for event, retraction in self._rows("SELECT event, fact FROM view_retraction", "event",
                                            named):  # fmt: skip
            self._retract(event, retraction)
        return close

    def _names(self, ids: Sequence[str]) -> tuple[dict[str, str], set[str]]:
        """The facts of the ids that are of events, and the ids that are of nothing yet."""
        held: dict[str, str] = {}
        new = set(ids)
        pending = iter(ids)
        while some := list(islice(pending, _AT_ONCE)):
            marks = ",".join([f"?{number}" for number in range(2, len(some) + 2)])
            for id, fact in self._stored.connection.execute(
                _NAMES.replace("*", marks), (self.platform, *some)
            ):
                new.discard(id)
                if fact is not None:
                    held[id] = fact
        return held, new

    def _rows(self, select: str, column: str, values: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        pending = iter(values)
        while some := list(islice(pending, _AT_ONCE)):
            marks = ",".join("?" * len(some))
            yield from self._stored.connection.execute(
                f"{select} WHERE platform = ? AND {column} IN ({marks})",
                (self.platform, *some),
            ).fetchall()

    def _retract(self, event: str, retraction: str) -> None:
        fact = self._fact(event)
        if fact is not None:
            named = fact.retractions.setdefault(event, [])
            if retraction not in named:
                named.append(retraction)

    def _fact(self, id: str) -> Fact | None:
        if id not in self._fact_of:
            self._load([id])
        name = self._fact_of[id]
        return None if name is None else self._facts[name]

    def _named(self, fact: str) -> Fact | None:
        """The fact of that name; None where it is the id of a later version."""
        found = self._fact(fact)
        return found if self._fact_of[fact] == fact else None

    # --- what deciding asks -----------------------------------------------------------------------

    def version(self, id: str) -> Version | None:
        """The version of that id."""
        fact = self._fact(id)
        if fact is None:
            return None
        return next(version for version in fact.versions if version.id == id)

    def versions(self, fact: str) -> list[Version]:
        """All versions of a fact."""
        found = self._named(fact)
        return [] if found is None else found.versions

    def retractions(self, event: str) -> Sequence[str]:
        """The retractions of which some version names that id."""
        fact = self._fact(event)
        return () if fact is None else fact.retractions.get(event, ())

    def about(self, fact: str) -> Iterable[str]:
        """The facts of which some version speaks of that fact."""
        found = self._named(fact)
        if found is None:
            return ()
        if found.speakers is None:
            self.settle()
            found.speakers = dict.fromkeys(self._stored.about(fact))
        return found.speakers

    def stream(self, id: str) -> str:
        """The stream that holds the event of that id."""
        fact = self._fact(id)
        assert fact is not None
        return fact.stream

    def event(self, id: str) -> Body | None:
        """The body of the event of that id."""
        if id in self._bodies:
            return self._bodies[id]
        return None if self._fact(id) is None else self._stored.event(id)

    def entry(self, identity: str) -> Placed | None:
        """The entry that the log calls so."""
        self.settle()
        return self._stored.entry(identity)

    def declaration(self, kind: str, id: str) -> tuple[int, Body] | None:
        """How often it was declared, and its last body."""
        found = self.declarations(kind, id)
        return (len(found), found[-1]) if found else None

    def declarations(self, kind: str, id: str) -> list[Body]:
        """The bodies of all its declarations."""
        found = self._declared.get((kind, id))
        if found is None:
            if id in self._undeclared and kind in _NAMED_ALIKE:
                return []
            found = self._declared[kind, id] = self._stored.declarations(kind, id)
        return found

    def parts(self, capability: str) -> dict[str, None]:
        """Every id that any formula ever recorded of that capability names."""
        if capability not in self._parts:
            self._parts[capability] = dict.fromkeys(self._stored.parts(capability))
        return self._parts[capability]

    def reigns(self, fact: str) -> Sequence[Reign]:
        """Which version of the fact stands for which K, as all that is recorded now."""
        found = self._named(fact)
        if found is None:
            return ()
        if found.reigns is None:
            found.reigns = reigns(self, fact)
        return found.reigns

    # --- what is new ------------------------------------------------------------------------------

    def declare(self, kind: str, id: str, body: Body) -> int:
        """Take in a declaration, its words in the clear; how many there are of that id now."""
        self._undeclared.discard(id)
        found = self.declarations(kind, id)
        found.append(body)
        return len(found)

    def take(self, version: Version, stream: str, body: Body) -> list[Turn]:
        """Take in an event, its words in the clear; the facts whose last words it changes."""
        self._bodies[version.id] = body
        is_first = version.fact == version.id
        if is_first and version.type != RETRACTED:
            fact = self._facts[version.id] = Fact(stream, [version], new=True)
            self._fact_of[version.id] = version.fact
            self._speak(version)
            fact.reigns = [(version.known, END, version)]
            return [(version.fact, (), fact.reigns)]
        touched = self._touched(version)
        before = {fact: self.reigns(fact) for fact in touched}
        if is_first:
            self._facts[version.id] = Fact(stream, [version], new=True)
        else:
            self._facts[version.fact].versions.append(version)
        self._fact_of[version.id] = version.fact
        if version.type == RETRACTED:
            self._retract(version.subjects[0], version.fact)
        else:
            self._speak(version)
        for each in touched:
            self._facts[each].reigns = None
        return [(each, before[each], self.reigns(each)) for each in touched]

    def _speak(self, version: Version) -> None:
        for subject in version.subjects:
            fact = self._fact(subject)
            if fact is not None and fact.speakers is not None:
                fact.speakers[version.fact] = None

    def _touched(self, version: Version) -> list[str]:
        """The fact of a version that is new, and those that it takes back, and so on."""
        found: dict[str, None] = {}
        pending = [version.fact]
        if version.type == RETRACTED:
            pending += self._taken_back(version)
        while pending:
            here = pending.pop()
            if here not in found:
                found[here] = None
                for each in self.versions(here):
                    if each.type == RETRACTED:
                        pending += self._taken_back(each)
        return list(found)

    def _taken_back(self, retraction: Version) -> list[str]:
        target = self.version(retraction.subjects[0])
        return [] if target is None else [target.fact]

    def name_parts(self, capability: str, parts: Iterable[str]) -> list[str]:
        """Take in what a formula of the capability names; what is new of it."""
        known = self.parts(capability)
        new = [part for part in dict.fromkeys(parts) if part not in known]
        known.update(dict.fromkeys(new))
        return new


class Recollection:
    """What one write leaves to the next one: the records of the platforms, as they were recalled.

    It holds as long as nobody else has recorded anything. Where a write fails it is let go of.
    """

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self._position = 0
        self._records: dict[str, RecalledRecord] = {}
        self.keys: dict[tuple[str, str], int] = {}
        """By what number the view's tables call a service, by platform and id."""

    def taken(self, connection: sqlite3.Connection, position: int) -> dict[str, RecalledRecord]:
        """The records, where they are of the view in that connection, which has that position."""
        records, self._records = self._records, {}
        if self._connection is connection and self._position == position:
            return records
        self.keys = {}
        return {}

    def left(
        self, connection: sqlite3.Connection, position: int, records: dict[str, RecalledRecord]
    ) -> None:
        """These are the records up to that position."""
        self._connection, self._position, self._records = connection, position, records
