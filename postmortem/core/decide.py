"""decide(draft, record) -> what is to be recorded, or a refusal with its reason.

Pure: the record is asked, never changed; the clock and the position come from whoever holds the
lock. *Nothing to do* is an empty answer, so a retry is harmless. Every rule that spans events
stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from postmortem.core import formulas, words
from postmortem.core.disruptions import settle
from postmortem.core.errors import NOWHERE, BadInput, Place, Problem, Refused
from postmortem.core.events import (
    CATALOGUE,
    Body,
    Declaration,
    Entry,
    Event,
    Names,
    named,
    source_of,
    span_of,
    topic,
    version_of,
)
from postmortem.core.history import (
    CLAIMED,
    CUT_OFF,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    RETRACTED,
    REVISED,
    WITHDRAWN,
    Version,
    Words,
    last_word,
)
from postmortem.core.times import END, AsOf, Instant, Span, format_instant

NOW = AsOf(END)
"""As all that is recorded stands."""


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
    identity: str | None = None
    """The id in the envelope of a copied declaration; an event's is its own."""


@dataclass(frozen=True, slots=True)
class Ready:
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

    @property
    def topic(self) -> str:
        """The stored type."""
        return topic(type(self.entry))


class Record(Words, Protocol):
    """What deciding needs to know of one platform's record: every answer by an index."""

    def declaration(self, kind: str, id: str) -> tuple[int, Body] | None:
        """How often it was declared, and its last body, words in the clear unless withheld."""
        ...

    def event(self, id: str) -> Body | None:
        """The body of the event of that id, words in the clear unless withheld."""
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


def decide(draft: Draft, record: Record, *, now: Instant, position: int) -> list[Ready]:
    """What of the draft is to be recorded at `now` under that position; empty: nothing new.

    Raises: BadInput, for what names things wrongly; Refused, where a rule forbids it. Both say
    where it was written.
    """
    try:
        if isinstance(draft.entry, Declaration):
            return _declare(draft, draft.entry, record)
        assert isinstance(draft.entry, Event)
        return _event(draft, draft.entry, record, now, position)
    except Problem as problem:
        raise problem.at(draft.place) from None


def declarations_stream(platform: str) -> str:
    """The stream of a platform's declarations, and of what belongs to no service."""
    return f"{platform}/declarations"


def service_stream(platform: str, service: str) -> str:
    """The stream of one service."""
    return f"{platform}/service/{service}"


# --- declarations -----------------------------------------------------------------------------


def _declare(draft: Draft, entry: Declaration, record: Record) -> list[Ready]:
    kind, id = entry.KIND, entry.id
    if kind == "platform":
        if id != draft.platform:
            raise BadInput(f"the platform {id} is declared among the entries of {draft.platform}")
    elif record.declaration("platform", draft.platform) is None:
        raise BadInput(f"there is no platform {draft.platform}", hint="declare it first")
    if kind in ("service", "capability"):
        _free(record, id, but=kind)
    body = entry.body()
    known = record.declaration(kind, id)
    if known is not None:
        changes = differences(entry.TYPE, body, known[1], record)
        if not changes:
            return []
        if not draft.amend:
            raise BadInput(
                f"{kind} {id} is declared already with other content: {changes[0]}",
                hint="amend it with --amend if the declaration was wrong; a formula that changed "
                "in the world is an event capability-revised"
                if kind == "capability"
                else "amend it with --amend if the declaration was wrong",
            )
    if kind == "capability":
        _formula(id, body["requires"], record)
    count = 0 if known is None else known[0]
    identity = draft.identity or (f"{kind}:{id}" if not count else f"{kind}:{id}:{count + 1}")
    return [
        Ready(
            draft.platform,
            identity,
            declarations_stream(draft.platform),
            entry,
            body,
            known=None,
            version=None,
        )
    ]


def _free(record: Record, id: str, *, but: str) -> None:
    """Services, capabilities and events share one name space."""
    for kind in ("service", "capability"):
        if kind != but and record.declaration(kind, id) is not None:
            raise BadInput(f"{id} is the id of a {kind} already", hint="choose another id")
    if but != "event" and record.version(id) is not None:
        raise BadInput(f"{id} is the id of an event already", hint="choose another id")


def _formula(capability: str, requires: object, record: Record) -> None:
    """Every id that the formula names must be there, and none may lead back to the capability."""
    parts = list(dict.fromkeys(formulas.ids(formulas.parse(requires))))
    for part in parts:
        if part != capability and not _is_part(record, part):
            raise BadInput(
                f"the formula of {capability} names {part}, and there is no service or "
                "capability of that id",
                hint="declare it first",
            )
    path = _path(record, parts, capability)
    if path is not None:
        raise BadInput(
            "the formula would close a circle: " + " → ".join([capability, *path]),
            hint="every formula ever recorded counts, also of revisions and former declarations",
        )


def _is_part(record: Record, id: str) -> bool:
    return any(record.declaration(kind, id) is not None for kind in ("service", "capability"))


def _path(record: Record, start: list[str], goal: str) -> list[str] | None:
    """A way along formulas from one of the parts to the goal."""
    seen: set[str] = set()
    pending = [[part] for part in start]
    while pending:
        path = pending.pop()
        if path[-1] == goal:
            return path
        if path[-1] not in seen:
            seen.add(path[-1])
            pending += [[*path, part] for part in record.parts(path[-1])]
    return None


# --- events -----------------------------------------------------------------------------------


def _event(draft: Draft, event: Event, record: Record, now: Instant, position: int) -> list[Ready]:
    if record.declaration("platform", draft.platform) is None:
        raise BadInput(f"there is no platform {draft.platform}", hint="declare it first")
    body = event.body()
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
    _rules(event, version, record)
    stream = _stream(draft.platform, event, body, record)
    return [Ready(draft.platform, event.id, stream, event, body, known, version)]


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
                f"{event.id} is a {event.TYPE} and cannot replace {event.replaces}, "
                f"a {replaced.type}",
                hint="a correction is of the same type; retract the other and record this anew",
            )


def _resolve(event: Event, field: str, names: Names, id: str, record: Record) -> None:
    if names.what == "source":
        if record.declaration("source", source_of(id)) is None:
            raise BadInput(
                f"{event.id} cites {source_of(id)}, and there is no source of that id",
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
        if names.what == "any" and _is_part(record, id):
            return
        raise BadInput(
            f"{field}: {id} of {event.id} points to nothing recorded before it",
            hint="the order in the file is the order of recording; mend the id or move the event",
        )
    if names.types and found.type not in names.types:
        raise BadInput(
            f"{field}: {id} of {event.id} is a {found.type}",
            hint=f"there it takes: {', '.join(sorted(names.types))}",
        )


def _plural(what: str) -> str:
    return "capabilities" if what == "capability" else f"{what}s"


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
    if "service" in body:
        return service_stream(platform, body["service"])
    for id in named(body):
        if record.version(id) is not None:
            return record.stream(id)
        if record.declaration("service", id) is not None:
            return service_stream(platform, id)
    return declarations_stream(platform)


# --- what recording refuses ---------------------------------------------------------------------


def _rules(event: Event, version: Version, record: Record) -> None:
    if event.TYPE == RESTORED:
        if not version.subjects:
            raise Refused(f"{event.id} ends nothing", hint="name in ends what it restores")
        _distinct(event, version)
    if event.TYPE == REVISED:
        assert version.capability is not None
        _formula(version.capability, event.body()["requires"], record)
    if event.TYPE == RETRACTED and event.replaces is not None:
        _retraction_corrected(event, version, record)
    _same_service(event, version, record)

    overlay = Overlay(record, version)
    if last_word(overlay, version.fact, NOW) is not version:
        return  # it corrects what is not the last word: nothing changes as all stands
    said_before = {subject for each in record.versions(version.fact) for subject in each.subjects}
    for subject in version.subjects if event.TYPE != RETRACTED else ():
        if subject not in said_before:
            _once(event, version, subject, record)
        if event.TYPE in (RESTORED, EFFECT_CHANGED):
            _not_before(event, version, subject, record, overlay)


def _distinct(event: Event, version: Version) -> None:
    twice = [fact for fact in version.subjects if version.subjects.count(fact) > 1]
    if twice:
        raise Refused(
            f"{event.id} names {twice[0]} twice in ends",
            hint="a corrected version is the same disruption as the first",
        )


def _retraction_corrected(event: Event, version: Version, record: Record) -> None:
    """A corrected retraction names only what stood before it, else two could undo each other."""
    first = record.version(version.fact)
    target = record.version(version.subjects[0])
    assert first is not None
    assert target is not None
    if target.position >= first.position:
        raise Refused(
            f"{event.id} would make the retraction {version.fact} take back {target.id}, "
            "which was recorded after it",
            hint="record a retraction of its own",
        )


def _same_service(event: Event, version: Version, record: Record) -> None:
    if event.TYPE != CUT_OFF or not version.subjects:
        return
    announcement = _standing_or_last(record, version.subjects[0])
    if announcement.service != version.service:
        raise Refused(
            f"{event.id} cuts off {version.service}, and the announcement "
            f"{version.subjects[0]} is about {announcement.service}",
            hint="name an announcement of the same service, or none",
        )


def _standing_or_last(record: Record, fact: str) -> Version:
    standing = last_word(record, fact, NOW)
    return standing or max(record.versions(fact), key=lambda each: each.place)


def _speaking(record: Record, subject: str, type: str, but: str) -> Version | None:
    """A fact of that type, other than `but`, that stands and speaks of the subject."""
    for fact in sorted(record.about(subject)):
        if fact != but:
            standing = last_word(record, fact, NOW)
            if standing is not None and standing.type == type and subject in standing.subjects:
                return standing
    return None


def _once(event: Event, version: Version, subject: str, record: Record) -> None:
    """What is ended, confirmed or withdrawn already is not so again by another fact."""
    again = {RESTORED: "ended", CUT_OFF: "confirmed", WITHDRAWN: "withdrawn"}.get(event.TYPE)
    if again is not None:
        other = _speaking(record, subject, event.TYPE, version.fact)
        if other is not None:
            raise Refused(
                f"{subject} is {again} already, by {other.fact}",
                hint="another source's time for it is a time-claimed; a better record of it is a "
                f"correction with replaces: {other.id}",
            )
    if event.TYPE in (CUT_OFF, RESCHEDULED):
        withdrawal = _speaking(record, subject, WITHDRAWN, version.fact)
        if withdrawal is not None and event.TYPE == CUT_OFF:
            raise Refused(
                f"the announcement {subject} is withdrawn, by {withdrawal.fact}",
                hint="record the cut-off without announcement",
            )
        if withdrawal is not None:
            raise Refused(
                f"the announcement {subject} is withdrawn, by {withdrawal.fact}, and cannot be "
                "rescheduled",
                hint="announce it anew",
            )


def _not_before(
    event: Event, version: Version, subject: str, record: Record, overlay: Overlay
) -> None:
    """A step that certainly precedes the start of its disruption is refused."""
    start = last_word(overlay, subject, NOW)
    if start is None or start.at is None or version.at is None:
        return  # it points to a retracted fact, and has no effect
    starts = settle(subject, [start.at, *_claimed(record, subject)])
    happens = settle(version.fact, [version.at, *_claimed(record, version.fact)])
    if happens.span.latest < starts.span.earliest:
        raise Refused(
            f"{event.id} lies before the start of {subject}: at the latest "
            f"{format_instant(happens.span.latest)}, and that starts at the earliest "
            f"{format_instant(starts.span.earliest)}",
            hint="mend its time, or correct the start first",
        )


def _claimed(record: Record, fact: str) -> list[Span]:
    found = []
    for other in record.about(fact):
        standing = last_word(record, other, NOW)
        if standing is not None and standing.type == CLAIMED and fact in standing.subjects:
            assert standing.effective is not None
            found.append(standing.effective)
    return found


# --- the same by meaning ------------------------------------------------------------------------


def differences(name: str, new: Body, old: Body, record: Record) -> list[str]:
    """Where two bodies of that type differ in meaning, one sentence each; spelling is nothing."""
    ours, theirs = _meaning(name, new, record), _meaning(name, old, record)
    found = []
    for field in sorted({*ours, *theirs}):
        if words.digest_in(old.get(field)) and field in CATALOGUE[name].said():
            continue  # withheld: nobody can say any more, and it stays withheld
        if ours.get(field) != theirs.get(field):
            found.append(f"{field} is {_shown(new, field)}, and was {_shown(old, field)}")
    return found


def _shown(body: Body, field: str) -> str:
    value = body.get(field)
    if value is None:
        return "not given"
    if isinstance(value, dict) and "written" in value:
        return str(value["written"])
    return value if isinstance(value, str) else words.canonical(value).decode()


def _meaning(name: str, body: Body, record: Record) -> dict[str, object]:
    meant: dict[str, object] = {}
    for field, value in body.items():
        if isinstance(value, dict) and "written" in value:
            meant[field] = span_of(body, field)
        elif field == "requires":
            meant[field] = formulas.canonical(formulas.parse(value))
        elif field == "cites":
            meant[field] = sorted(value)
        elif field in ("ends", "announcement", "disruption", "about"):
            ids = [value] if isinstance(value, str) else value
            meant[field] = {_fact(record, id) for id in ids}
        else:
            meant[field] = value.rstrip() if isinstance(value, str) else value
    if name == CUT_OFF and "announcement" not in meant:
        meant.setdefault("effect", "unavailable")
    return meant


def _fact(record: Record, id: str) -> str:
    version = record.version(id)
    return id if version is None else version.fact
