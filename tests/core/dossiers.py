"""Dossiers without a store: out of a record told in memory, or out of a bare situation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from postmortem.core.dossier import dossier
from postmortem.core.history import Situation, Version
from postmortem.core.incident import Dossier
from postmortem.core.items import span_in
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant
from postmortem.testing.memory import MemoryRecord


@dataclass(frozen=True)
class Entry:
    """An entry of the log, as a store shows it."""

    id: str
    type: str
    position: int
    recorded: Instant
    by: str | None = None
    shown: Mapping[str, Any] = field(default_factory=dict)
    withheld: frozenset[str] = frozenset()


def collected(
    record: MemoryRecord,
    incident: str | None = None,
    *,
    known: Instant = END,
    until: Instant = END - 1,
    withheld: Mapping[str, frozenset[str]] | None = None,
) -> Dossier:
    """The dossier of an incident told in memory; `withheld` fields by event."""
    situation = record.situation(AsOf(END, known=known))
    hidden = withheld or {}

    def body(id: str) -> Mapping[str, Any]:
        given = record.event(id)
        assert given is not None
        return given | dict.fromkeys(hidden.get(id, ()), "[withheld]")

    entries = [
        Entry(
            v.id, v.type, v.position, v.recorded, "ann", body(v.id), hidden.get(v.id, frozenset())
        )
        for v in situation.facts.values()
    ]
    declared = {}
    for position, (now, draft) in enumerate(record.told, 1):
        kind = getattr(draft.entry, "KIND", None)
        if kind is not None:
            id = f"{kind}:{draft.entry.id}"
            declared[id] = Entry(id, draft.entry.TYPE, position, now, "ann", draft.entry.body())
    return dossier(
        Picture(situation),
        entries,
        declared.values(),
        incident=incident,
        firsts={v.id: v.fact for v in record.log.by_id.values() if v.id != v.fact},
        as_of=AsOf(until, known=known),
        until=until,
        position=record.position,
    )


def bare(situation: Situation, until: Instant, opening: Mapping[str, Any] | None = None) -> Dossier:
    """The dossier of a record of which only what decides the state is told.

    Of the whole of it; or of an incident `inc` whose opening says that.
    """
    facts = dict(situation.facts)
    if opening is not None:
        at = span_in(opening, "at")
        facts["inc"] = Version(
            "inc", "inc", "incident-opened", len(facts), (len(facts),), 0, 0, at=at
        )
    bodies = {v.fact: {"capability": v.capability} if v.capability else {} for v in facts.values()}
    bodies["inc"] = dict(opening or {})
    entries = [
        Entry(v.id, v.type, v.position, v.recorded, shown=bodies[v.fact]) for v in facts.values()
    ]
    declared = [
        Entry(f"{kind}:{id}", f"{kind}-declared", 0, 0)
        for kind, ids in (("service", situation.services), ("capability", situation.capabilities))
        for id in ids
    ]
    return dossier(
        Picture(situation._replace(facts=facts)),
        entries,
        declared,
        incident=None if opening is None else "inc",
        firsts={},
        as_of=AsOf(until),
        until=until,
        position=len(entries),
    )
