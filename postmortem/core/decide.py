"""decide(draft, record) -> what is to be recorded, or a refusal with its reason.

Pure: the record is asked, never changed; the clock and the position come from whoever holds the
lock. *Nothing to do* is an empty answer, so a retry is harmless. Every rule that spans events
stands here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as with_default
from typing import NamedTuple

from postmortem.core import withdrawal
from postmortem.core.citations import parse
from postmortem.core.entries import Declaration, Entry, Event
from postmortem.core.errors import NOWHERE, BadInput, Place, Problem, Refused
from postmortem.core.events import WordsWithheld
from postmortem.core.fields import Body, Names
from postmortem.core.history import RETRACTED, Version
from postmortem.core.meaning import differences
from postmortem.core.record import Record
from postmortem.core.recorded import Recorded, named, source_of, span_of, topic, version_of
from postmortem.core.rules import formula_holds, is_part, origins_hold, refuse
from postmortem.core.times import END, Instant, format_instant


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to be recorded: an entry of the catalogue, and where it was written."""

    platform: str
    entry: Entry
    place: Place = NOWHERE
    amend: bool = False
    """Whether a declaration may change what was declared before."""
    known: Instant | None = None
    """From when it was known where it was recorded first; a copy carries it along."""
    number: int | None = None
    """Of a declaration out of an exported log: how often its id had been declared there with it."""
    stand_ins: withdrawal.StandIns = with_default(default_factory=dict)
    """Of texts that are not at hand: the digests to be kept, whatever the entry says there."""
    imported: bool = False
    """Whether it is out of a file, which may be older than what was withdrawn since."""


class Ready(NamedTuple):
    """What may be recorded: all of the envelope but what the log itself completes."""

    platform: str
    id: str
    stream: str
    entry: Entry
    body: Body
    """People's words still in the clear."""
    known: Instant | None
    version: Version | None
    """None for a declaration."""
    withheld: frozenset[str] = frozenset()
    """The fields whose words nobody can say; the body holds their digests."""

    @property
    def topic(self) -> str:
        """The stored type."""
        return topic(type(self.entry))

    def unlike(self, recorded: Recorded) -> str | None:
        """What of that record is not as recording this makes it; None where all is.

        Words and what the log itself completes are left out.
        """
        known = None if self.known is None else format_instant(self.known)
        envelope = recorded.envelope()
        for key, value in (("id", self.id), ("stream", self.stream), ("known_at", known)):
            if envelope[key] != value:
                return key
        if recorded.type != self.topic:
            return None  # an older body was raised to today's before this was decided
        keys = {*self.body, *recorded.body} - type(self.entry).said()
        unlike = (key for key in sorted(keys) if self.body.get(key) != recorded.body.get(key))
        return next(unlike, None)


def names(draft: Draft) -> list[str]:
    """The ids that deciding on it will ask for."""
    entry = draft.entry
    if not isinstance(entry, Event):
        return []
    found = [entry.id]
    for field, reference in entry.references().items():
        if reference.what in ("event", "any"):
            value = getattr(entry, field)
            found += [value] if isinstance(value, str) else value or ()
    return found


def decide(
    draft: Draft,
    record: Record,
    *,
    now: Instant,
    position: int,
    kept: withdrawal.StandIns | None = None,
) -> list[Ready]:
    """What of the draft is to be recorded at `now` under that position; empty: nothing new.

    `kept`: what `withdrawal.kept_out` gives, where it was asked already.

    Raises: BadInput, for what names things wrongly; Refused, where a rule forbids it. Both say
    where it was written.
    """
    try:
        if isinstance(draft.entry, WordsWithheld):
            return _withhold(draft, draft.entry, record)
        if kept is None:
            kept = withdrawal.kept_out(draft.entry, record, imported=draft.imported)
        stand_ins = {**draft.stand_ins, **kept}
        if isinstance(draft.entry, Declaration):
            return _declare(draft, draft.entry, record, stand_ins)
        assert isinstance(draft.entry, Event)
        return _event(draft, draft.entry, record, now, position, stand_ins)
    except Problem as problem:
        raise problem.at(draft.place) from None


def declarations_stream(platform: str) -> str:
    """The stream of a platform's declarations, and of what belongs to no service."""
    return f"{platform}/declarations"


def service_stream(platform: str, service: str) -> str:
    """The stream of one service."""
    return f"{platform}/service/{service}"


def incident_stream(platform: str, incident: str) -> str:
    """The stream of one incident."""
    return f"{platform}/incident/{incident}"


# --- declarations -----------------------------------------------------------------------------


def _declare(
    draft: Draft, entry: Declaration, record: Record, stand_ins: withdrawal.StandIns
) -> list[Ready]:
    kind, id = entry.KIND, entry.id
    if kind == "platform":
        if id != draft.platform:
            raise BadInput(f"the platform {id} is declared among the entries of {draft.platform}")
    elif record.declaration("platform", draft.platform) is None:
        raise BadInput(f"there is no platform {draft.platform}", hint="declare it first")
    if kind in ("service", "capability"):
        _free(record, id, but=kind)
    body = {**entry.body(), **stand_ins}
    known = record.declarations(kind, id)
    # what a log declared for the nth time is compared with what is so here; a later one amends
    number = draft.number or len(known)
    if known:
        changes = differences(entry.TYPE, body, known[min(number, len(known)) - 1], record)
        if not changes:
            return []
        if not draft.amend and number <= len(known):
            raise BadInput(
                f"{kind} {id} is declared already with other content: {changes[0]}",
                hint="amend it with --amend if the declaration was wrong; a formula that changed "
                "in the world is an event capability-revised"
                if kind == "capability"
                else "amend it with --amend if the declaration was wrong",
            )
    if kind == "capability":
        formula_holds(id, body["requires"], record)
    if kind == "source":
        origins_hold(id, body.get("origins", ()), record)
    identity = f"{kind}:{id}:{len(known) + 1}" if known else f"{kind}:{id}"
    return [
        Ready(
            draft.platform,
            identity,
            declarations_stream(draft.platform),
            entry,
            body,
            known=None,
            version=None,
            withheld=frozenset(stand_ins),
        )
    ]


def _free(record: Record, id: str, *, but: str) -> None:
    """Services, capabilities and events share one name space."""
    for kind in ("service", "capability"):
        if kind != but and record.declaration(kind, id) is not None:
            raise BadInput(f"{id} is the id of a {kind} already", hint="choose another id")
    if but != "event" and record.version(id) is not None:
        raise BadInput(f"{id} is the id of an event already", hint="choose another id")


# --- withdrawals --------------------------------------------------------------------------------


def _withhold(draft: Draft, entry: WordsWithheld, record: Record) -> list[Ready]:
    """Once for every text: what is withdrawn already stays so, whatever the reason is now."""
    placed = record.entry(entry.about)
    withdrawal.refuse(entry, placed)
    assert placed is not None
    identity = withdrawal.identity(entry.about, entry.field)
    if record.entry(identity) is not None:
        return []
    if draft.imported and entry.field in placed.held:
        raise Refused(
            f"{entry.field} of {entry.about} was withdrawn in the log that is imported, and stands "
            "here in words",
            hint=f"nothing is deleted by an import: postmortem redact {entry.about} {entry.field} "
            "first",
        )
    # out of another log, the entry may stand elsewhere here
    body = {**entry.body(), "position": placed.position}
    stream = declarations_stream(draft.platform)
    return [Ready(draft.platform, identity, stream, entry, body, known=None, version=None)]


# --- events -----------------------------------------------------------------------------------


def _event(
    draft: Draft,
    event: Event,
    record: Record,
    now: Instant,
    position: int,
    stand_ins: withdrawal.StandIns,
) -> list[Ready]:
    if record.declaration("platform", draft.platform) is None:
        raise BadInput(f"there is no platform {draft.platform}", hint="declare it first")
    body = {**event.body(), **stand_ins}
    recorded = record.version(event.id)
    if recorded is not None:
        known_body = record.event(event.id)
        assert known_body is not None
        changes = (
            differences(event.TYPE, body, known_body, record)
            if recorded.type == event.TYPE
            else [f"type is {event.TYPE}, and was {recorded.type}"]
        )
        if changes:
            raise BadInput(
                f"event {event.id} is recorded already with other content: {changes[0]}",
                hint="events are never changed: record a correction with an id of its own and "
                f"replaces: {event.id}",
            )
        return []
    _free(record, event.id, but="event")
    _references(event, record)
    _quotes(event)
    _clerical(event)
    known = _known(draft, event, body, record, now)
    version = version_of(
        event.TYPE,
        event.id,
        body,
        position=position,
        known=known,
        recorded=now,
        earlier=record.version,
    )
    refuse(event, version, record)
    stream = _stream(draft.platform, event, body, record)
    return [
        Ready(draft.platform, event.id, stream, event, body, known, version, frozenset(stand_ins))
    ]


def _references(event: Event, record: Record) -> None:
    for field, names in event.references().items():
        value = getattr(event, field)
        for id in [value] if isinstance(value, str) else value or ():
            _resolve(event, field, names, id, record)
    if event.replaces is not None:
        replaced = record.version(event.replaces)
        assert replaced is not None
        if replaced.type != event.TYPE:
            raise BadInput(
                f"{event.id} is {_a(event.TYPE)} and cannot replace {event.replaces}, "
                f"{_a(replaced.type)}",
                hint="a correction is of the same type; retract the other and record this anew",
            )


def _resolve(event: Event, field: str, names: Names, id: str, record: Record) -> None:
    if names.what == "source":
        if record.declaration("source", source_of(id)) is None:
            verb = "cites" if names.located else "names"
            raise BadInput(
                f"{event.id} {verb} {source_of(id)}, and there is no source of that id",
                hint="declare it among the sources",
            )
        return
    if names.what in ("service", "capability"):
        if record.declaration(names.what, id) is None:
            raise BadInput(
                f"{field}: {id} of {event.id} is not known, there is no {names.what} of that id",
                hint=f"declare it among the {_plural(names.what)}, or mend the id",
            )
        return
    found = record.version(id)
    if found is None:
        if names.what == "any" and is_part(record, id):
            return
        raise BadInput(
            f"{field}: {id} of {event.id} points to nothing recorded before it",
            hint="the order in the file is the order of recording; mend the id or move the event",
        )
    if names.types and found.type not in names.types:
        raise BadInput(
            f"{field}: {id} of {event.id} is {_a(found.type)}",
            hint=f"there it takes: {', '.join(sorted(names.types))}",
        )


def _a(type: str) -> str:
    return f"{'an' if type[0] in 'aeiou' else 'a'} {type}"


def _plural(what: str) -> str:
    return "capabilities" if what == "capability" else f"{what}s"


def _quotes(event: Event) -> None:
    """What is quoted is quoted from somewhere: from a place that the event cites."""
    cited = event.cites or ()
    known = {*cited, *(parse(each).plain for each in cited)}
    for key in event.quotes or ():
        if key not in known:
            raise BadInput(
                f"quotes of {event.id}: {key!r} is nothing that it cites",
                hint="quote under a citation of the same event, with or without what follows its "
                "place",
            )


def _clerical(event: Event) -> None:
    if not event.clerical:
        return
    if event.replaces is None and event.TYPE != RETRACTED:
        raise BadInput(
            f"{event.id} is marked clerical, and is neither a correction nor a retraction",
            hint="leave clerical out, or say with replaces what it corrects",
        )
    if event.known_at is not None:
        raise BadInput(
            f"{event.id} is clerical and takes no known_at",
            hint="a slip of the pen is known from when the slip was; leave known_at out, or "
            "clerical if the world learnt better",
        )


def _known(draft: Draft, event: Event, body: Body, record: Record, now: Instant) -> Instant:
    """From when it could be known, never after it is recorded."""
    stated = span_of(body, "known_at")
    if stated is not None and stated.earliest > now:
        raise BadInput(
            f"known_at of {event.id} is {event.known_at.written if event.known_at else ''}, "
            f"after the recording at {format_instant(now)}",
            hint="what is recorded is known; known_at says since when, and cannot lie ahead",
        )
    if draft.known is not None:
        return min(draft.known, now)
    if event.clerical:
        return _known_of_slip(event, record)
    if stated is not None:
        return min(stated.latest, now)
    published = [
        span.latest
        for citation in event.cites or ()
        if (source := record.declaration("source", source_of(citation))) is not None
        and (span := span_of(source[1], "published_at")) is not None
        and span.latest != END
    ]
    return min([*published, now])


def _known_of_slip(event: Event, record: Record) -> Instant:
    """A slip mended is known from when the slip was: what it replaces, or what it takes back."""
    slip = event.replaces or event.model_dump(include={"event"})["event"]
    version = record.version(slip)
    assert version is not None
    if event.replaces is None and version.fact == slip:
        return min(each.known for each in record.versions(slip))
    return version.known


def _stream(platform: str, event: Event, body: Body, record: Record) -> str:
    """A correction, retraction or claim goes to the stream of its fact, a step to its start's."""
    if event.replaces is not None:
        return record.stream(event.replaces)
    if event.TYPE == RETRACTED:
        return record.stream(body["event"])
    if event.TYPE == "incident-opened":
        return incident_stream(platform, event.id)
    if "service" in body:
        return service_stream(platform, body["service"])
    for id in named(body):
        if record.version(id) is not None:
            return record.stream(id)
        if record.declaration("service", id) is not None:
            return service_stream(platform, id)
    return declarations_stream(platform)
