"""A platform's record in plain lists: the naive reading that stores are compared with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from postmortem.core import formulas
from postmortem.core.decide import Draft, Ready, decide
from postmortem.core.entries import Declaration
from postmortem.core.errors import BadInput
from postmortem.core.fields import Body, When
from postmortem.core.history import RETRACTED, Log, Situation, Version
from postmortem.core.record import Placed
from postmortem.core.times import AsOf, Instant, parse_stored

SECOND = 1_000_000
DAWN: Instant = parse_stored("2022-01-01T00:00:00Z")
"""When the first entry of a told history is recorded; later than everything that it tells."""


class MemoryRecord:
    """What `decide` asks of a record, answered by looking through lists; nothing is indexed."""

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.log = Log()
        self.told: list[tuple[Instant, Draft]] = []
        """Every draft that recorded something, and when; in the order of recording."""
        self._declared: list[tuple[Instant, Declaration]] = []
        self._events: dict[str, Ready] = {}
        self._entries: dict[str, Placed] = {}

    @classmethod
    def of(cls, platform: str, drafts: Iterable[Draft]) -> MemoryRecord:
        """The record of those drafts, each told a second after the one before it.

        What a rule refuses is left out.
        """
        record = cls(platform)
        for count, draft in enumerate(drafts):
            record.try_to_record(draft, DAWN + count * SECOND)
        return record

    # --- what `decide` asks -----------------------------------------------------------------------

    def declaration(self, kind: str, id: str) -> tuple[int, Body] | None:
        """How often it was declared, and its last body."""
        found = [e for _, e in self._declared if (e.KIND, e.id) == (kind, id)]
        return (len(found), found[-1].body()) if found else None

    def declarations(self, kind: str, id: str) -> list[Body]:
        """The bodies of all its declarations."""
        return [e.body() for _, e in self._declared if (e.KIND, e.id) == (kind, id)]

    def event(self, id: str) -> Body | None:
        """The body of the event of that id."""
        return self._events[id].body if id in self._events else None

    def entry(self, identity: str) -> Placed | None:
        """The entry that the log calls so."""
        return self._entries.get(identity)

    def version(self, id: str) -> Version | None:
        """The version of that id."""
        return self.log.by_id.get(id)

    def versions(self, fact: str) -> Iterable[Version]:
        """All versions of a fact."""
        return self.log.versions(fact)

    def retractions(self, event: str) -> Iterable[str]:
        """The retractions of which some version names that id."""
        return self.log.retractions(event)

    def stream(self, id: str) -> str:
        """The stream that holds the event of that id."""
        return self._events[id].stream

    def about(self, fact: str) -> Iterable[str]:
        """The facts of which some version speaks of that fact."""
        versions = [v for v in self.log.by_id.values() if v.type != RETRACTED]
        return {version.fact for version in versions if fact in version.subjects}

    def parts(self, capability: str) -> Iterable[str]:
        """Every id that any formula ever recorded of that capability names."""
        versions = self.log.by_id.values()
        revised = [v.formula for v in versions if v.capability == capability and v.formula]
        declared = [
            formulas.parse(entry.body()["requires"])
            for _, entry in self._declared
            if (entry.KIND, entry.id) == ("capability", capability)
        ]
        return {part for formula in (*declared, *revised) for part in formulas.ids(formula)}

    # --- recording --------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The last position so far."""
        return len(self._entries)

    def record(self, draft: Draft, now: Instant) -> list[Version]:
        """Record what is new in the draft; the versions that this makes (a declaration: none).

        Raises: BadInput, Refused.
        """
        found = decide(draft, self, now=now, position=self.position + 1)
        for ready in found:
            self._take(ready, now)
        if found:
            self.told.append((now, draft))
        return [ready.version for ready in found if ready.version is not None]

    def try_to_record(self, draft: Draft, now: Instant) -> bool:
        """Record it unless it is refused; whether anything was recorded."""
        before = self.position
        try:
            self.record(draft, now)
        except BadInput:
            return False
        return self.position > before

    def _take(self, ready: Ready, now: Instant) -> None:
        place = self.position + 1
        self._entries[ready.id] = Placed(place, ready.entry.TYPE, ready.body)
        if isinstance(ready.entry, Declaration):
            self._declared.append((now, ready.entry))
        elif ready.version is not None:
            self._events[ready.id] = ready
            self.log.add(ready.version)

    # --- asking -----------------------------------------------------------------------------------

    def situation(self, as_of: AsOf) -> Situation:
        """All that counts at (K, R), by folding over everything."""
        declared = {
            (entry.KIND, entry.id): entry.body()
            for recorded, entry in self._declared
            if recorded <= as_of.recorded
        }
        return Situation(
            self.platform,
            frozenset(id for kind, id in declared if kind == "service"),
            {
                id: formulas.parse(body["requires"])
                for (kind, id), body in declared.items()
                if kind == "capability"
            },
            self.log.in_force(as_of),
        )


def as_written(draft: Draft) -> dict[str, Any]:
    """The keys of a draft as a casebook has them, with its type: times as they were written."""
    keys = draft.entry.model_dump(exclude_none=True)
    for name in keys:
        value = getattr(draft.entry, name)
        if isinstance(value, When):
            keys[name] = value.written
    return {"type": draft.entry.TYPE, **keys}
