"""What recording refuses: the rules that span events, as all that is recorded stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from postmortem.core import formulas
from postmortem.core.disruptions import settle
from postmortem.core.entries import Event
from postmortem.core.errors import BadInput, Refused
from postmortem.core.events import SnapshotTaken
from postmortem.core.evidence import circle
from postmortem.core.fields import When
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
    last_word,
)
from postmortem.core.incidents import (
    ActionItemChanged,
    DataExposed,
    EstimateGiven,
    IncidentClosed,
    IncidentOpened,
    IncidentReopened,
    ServiceReplaced,
)
from postmortem.core.record import NOW, Overlay, Record
from postmortem.core.times import Span, format_instant


def formula_holds(capability: str, requires: object, record: Record) -> None:
    """Every id that the formula names must be there, and none may lead back to the capability.

    Raises: BadInput.
    """
    parts = list(dict.fromkeys(formulas.ids(formulas.parse(requires))))
    for part in parts:
        if part != capability and not is_part(record, part):
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


def origins_hold(source: str, named: Iterable[str], record: Record) -> None:
    """Every source that it reports from must be there, and none may report from it.

    Raises: BadInput.
    """
    for origin in named:
        if origin != source and record.declaration("source", origin) is None:
            raise BadInput(
                f"{source} reports from {origin}, and there is no source of that id",
                hint="declare it first, or mend the id",
            )
    path = circle(source, named, partial(_reports_from, record))
    if path is not None:
        raise BadInput(
            "the sources would report from each other in a circle: " + " → ".join(path),
            hint="origins name what a source reports from, towards the first to say it",
        )


def _reports_from(record: Record, source: str) -> Sequence[str]:
    declared = record.declaration("source", source)
    found: Sequence[str] = () if declared is None else declared[1].get("origins", ())
    return found


def is_part(record: Record, id: str) -> bool:
    """Whether a formula can name it: a service or a capability."""
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


def refuse(event: Event, version: Version, record: Record) -> None:
    """Let the event pass, or say which rule forbids it.

    Raises: Refused; BadInput, where a formula names what is not there.
    """
    if event.TYPE == RESTORED:
        if not version.subjects:
            raise Refused(f"{event.id} ends nothing", hint="name in ends what it restores")
        _distinct(event, version)
    if event.TYPE == REVISED:
        assert version.capability is not None
        formula_holds(version.capability, event.body()["requires"], record)
    if event.TYPE == RETRACTED and event.replaces is not None:
        _retraction_corrected(event, version, record)
    _same_service(event, version, record)
    _complete(event)
    if isinstance(event, ServiceReplaced):
        _at_one_instant(event, record)

    if event.TYPE == RETRACTED:
        return
    overlay = Overlay(record, version)
    said_before: set[str] = set()
    if version.fact != version.id:  # a first version is the last word, for nothing named it yet
        if last_word(overlay, version.fact, NOW) is not version:
            return  # it corrects what is not the last word: nothing changes as all stands
        said_before.update(*(each.subjects for each in record.versions(version.fact)))
    for subject in version.subjects:
        if subject not in said_before:
            _once(event, version, subject, record)
            _in_turn(event, version, subject, record)
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
    for fact in _of_type(record, subject, type):
        if fact != but:
            standing = last_word(record, fact, NOW)
            if standing is not None and subject in standing.subjects:
                return standing
    return None


def _of_type(record: Record, subject: str, type: str) -> list[str]:
    """The facts of that type that speak of the subject: all versions of one are of one type."""
    return [
        fact
        for fact in sorted(record.about(subject))
        if (first := record.version(fact)) is not None and first.type == type
    ]


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
    for other in _of_type(record, fact, CLAIMED):
        standing = last_word(record, other, NOW)
        if standing is not None and fact in standing.subjects:
            assert standing.effective is not None
            found.append(standing.effective)
    return found


# --- incidents ----------------------------------------------------------------------------------


def _complete(event: Event) -> None:
    """What an event says must hang together in itself."""
    if event.TYPE not in _OF_PARTS:
        return
    if isinstance(event, IncidentOpened | DataExposed):
        _window(event.id, event.window_from, event.window_to)
    if isinstance(event, EstimateGiven) and (event.lasts is None) == (event.until is None):
        raise Refused(
            f"{event.id} says neither how long nor until when"
            if event.lasts is None
            else f"{event.id} says how long as well as until when",
            hint="an estimate takes one of lasts, such as 7d, and until, a time",
        )
    if isinstance(event, ActionItemChanged) and not event.body().keys() & _CHANGEABLE:
        raise Refused(
            f"{event.id} changes nothing of {event.item}",
            hint=f"give what is new: {', '.join(sorted(_CHANGEABLE))}; a remark is a note",
        )
    if isinstance(event, DataExposed) and (event.volume is None) != (event.volume_unit is None):
        has, lacks = ("volume", "volume_unit")[:: 1 if event.volume_unit is None else -1]
        raise Refused(
            f"{event.id} gives a {has} without a {lacks}",
            hint="they go together, such as volume: 70 and volume_unit: TB",
        )
    if isinstance(event, SnapshotTaken):
        told = (event.text_sha256, event.text_length, event.normalisation)
        if any(each is None for each in told) and any(each is not None for each in told):
            raise Refused(
                f"{event.id} tells of its text in part only",
                hint="text_sha256, text_length and normalisation go together; leave out all three "
                "where the text cannot be read",
            )


_OF_PARTS: Final = frozenset(
    cls.TYPE
    for cls in (IncidentOpened, DataExposed, EstimateGiven, ActionItemChanged, SnapshotTaken)
)
"""The types of events whose fields have to fit each other."""
_CHANGEABLE: Final = frozenset({"owner", "priority", "due", "text"})


def _window(id: str, begins: When | None, ends: When | None) -> None:
    if begins is not None and ends is not None and ends.span.latest < begins.span.earliest:
        raise Refused(
            f"the window of {id} ends before it begins: window_to is {ends.written}, and "
            f"window_from {begins.written}",
            hint="mend one of them, or leave out what is not known",
        )


def _at_one_instant(event: ServiceReplaced, record: Record) -> None:
    """One service takes the place of another: not of itself, and with no gap in between."""
    if event.service == event.replacement:
        raise Refused(
            f"{event.id} replaces {event.service} by itself",
            hint="name in replacement the service that takes its place",
        )
    for id in event.revisions or ():
        named = record.version(id)
        assert named is not None
        revision = _standing_or_last(record, named.fact)
        if revision.at is not None and revision.at != event.at.span:
            raise Refused(
                f"{event.id} is at {event.at.written}, and the revision {id} of "
                f"{revision.capability} at another time",
                hint="a replacement and the formulas revised with it share one time; correct the "
                "revision first, or leave it out of revisions",
            )


def _in_turn(event: Event, version: Version, incident: str, record: Record) -> None:
    """Closed and reopened take turns, by their times and for the same time as recorded."""
    if not isinstance(event, IncidentClosed | IncidentReopened):
        return
    turns = [
        standing
        for fact in record.about(incident)
        if fact != version.fact
        and (standing := last_word(record, fact, NOW)) is not None
        and standing.type in (IncidentClosed.TYPE, IncidentReopened.TYPE)
        and incident in standing.subjects
    ]
    before = max((turn for turn in turns if _turn(turn) < _turn(version)), key=_turn, default=None)
    after = min((turn for turn in turns if _turn(turn) > _turn(version)), key=_turn, default=None)
    if isinstance(event, IncidentReopened) and (
        before is None or before.type != IncidentClosed.TYPE
    ):
        raise Refused(
            f"{event.id} reopens {incident}, and that is not closed at {event.at.written}",
            hint="record first that it was closed, or mend the time",
        )
    for turn in (before, after):
        if turn is not None and turn.type == event.TYPE:
            done, undone = ("closed", "reopened")[:: 1 if event.TYPE == IncidentClosed.TYPE else -1]
            raise Refused(
                f"{incident} is {done} already, by {turn.fact}",
                hint=f"record first that it was {undone} in between; a better record of it is a "
                f"correction with replaces: {turn.id}",
            )


def _turn(version: Version) -> tuple[Span, int]:
    assert version.at is not None
    return version.at, version.position
