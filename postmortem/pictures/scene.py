"""What a timeline shows: lanes with what held when, and marks of what was said and done.

A scene is worked out from a picture of the record, once; whatever draws it knows nothing of the
record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

from postmortem.core import formulas
from postmortem.core.causes import FIRST, LAST, courses
from postmortem.core.chronicle import concerns
from postmortem.core.disruptions import Disruption, Expected, Settled
from postmortem.core.history import RESCHEDULED, REVISED
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.measures import Course
from postmortem.core.state import Picture
from postmortem.core.supposing import basis
from postmortem.core.times import BEGINNING, END, AsOf, Instant, Span

_HOUR: Final = 3_600_000_000  # microseconds
_DAY: Final = 24 * _HOUR
_MARGIN: Final = 25  # on each side of what happened lies one part in so many


class Condition(Enum):
    """How a service or capability stands."""

    WORKS = "works"
    ENDING = "ending announced"
    DEGRADED = "degraded"
    UNCERTAIN = "uncertain"
    OUT = "out"
    SILENT = "nothing recorded"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` until before `end` this holds; BEGINNING and END where that has no bound."""

    start: Instant
    end: Instant
    condition: Condition
    bounds: Bounds
    announced: bool = False
    """Whether people are on notice that it ends."""


class Sign(Enum):
    """What a mark stands for."""

    ANNOUNCED = "announced"
    RESCHEDULED = "rescheduled"
    WITHDRAWN = "withdrawn"
    OUT = "out"
    DEGRADED = "degraded"
    RESTORED = "restored"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a time: what was announced or happened, or when one could know of it."""

    sign: Sign
    time: Span
    facts: tuple[str, ...]
    """What it is the mark of, by first ids; of what could be known, all that could from then on."""
    contested: bool = False
    due: Span | None = None
    """Of an announcement: when it takes effect, as rescheduled; if it was withdrawn, that."""
    due_contested: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """A service or capability: its stretches in order without a gap, and its marks."""

    id: str
    name: str
    stretches: tuple[Stretch, ...]
    marks: tuple[Mark, ...] = ()

    def at(self, instant: Instant) -> Stretch:
        """The stretch that holds at an instant."""
        return next(each for each in self.stretches if each.start <= instant < each.end)


@dataclass(frozen=True, slots=True)
class Axis:
    """The time that is shown: [start, end), in that zone (UTC where it is None)."""

    start: Instant
    end: Instant
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A timeline, ready to be drawn."""

    title: str
    axis: Axis | None
    """None where nothing has a date."""
    capabilities: tuple[Lane, ...]
    services: tuple[Lane, ...]
    cursor: Instant | None = None
    known: Instant = END
    """K: what could be known by then is shown."""
    recorded: Instant = END
    """R: and of that, what the log held by then."""


def scene(
    picture: Picture,
    names: Mapping[str, str],
    window: Span | None = None,
    zone: str | None = None,
    cursor: Instant | None = None,
    *,
    title: str | None = None,
    as_of: AsOf | None = None,
    only: Collection[str] | None = None,
) -> Scene:
    """The timeline of a picture, from the window's earliest until before its latest.

    `names` are those of services and capabilities by id; what has none is called by its id. `title`
    names the platform. A window that is open on a side goes there as far as what is recorded, with
    a margin. `cursor` is an instant to be shown. `as_of` says which K and R the picture is of. With
    `only`, lanes of those ids alone.

    Lanes come in the order in which they stopped to work; of what nothing is recorded stands last.
    """
    marks = _Marks(picture).by_service()
    found = _Conditions(picture)

    def lanes(ids: Iterable[str], stretches: Callable[[str], Iterator[Stretch]]) -> list[Lane]:
        return [
            Lane(id, names.get(id) or id, tuple(stretches(id)), tuple(marks.get(id, ())))
            for id in sorted(ids)
            if only is None or id in only
        ]

    capabilities = lanes(picture.situation.capabilities, found.of_capability)
    services = lanes(picture.situation.services, found.of_service)
    return Scene(
        title or picture.situation.platform,
        _axis(_dated(picture, capabilities, services), _known(services), window, zone, cursor),
        tuple(sorted(capabilities, key=_order)),
        tuple(sorted(services, key=_order)),
        cursor,
        END if as_of is None else as_of.known,
        END if as_of is None else as_of.recorded,
    )


def _order(lane: Lane) -> tuple[bool, Instant, str]:
    """By when it first did something else than work, or something was first said of it."""
    conditions = {stretch.condition for stretch in lane.stretches}
    left = [s.start for s in lane.stretches if s.condition is not Condition.WORKS]
    said = [mark.time.earliest for mark in lane.marks if mark.sign is not Sign.KNOWN]
    return conditions == {Condition.SILENT}, min([*left, *said], default=END), lane.id


# --- which time is shown --------------------------------------------------------------------------


def _dated(
    picture: Picture, capabilities: Iterable[Lane], services: Iterable[Lane]
) -> list[Instant]:
    """Every bound of a time at which something on these lanes happens or is announced to."""
    spans = [
        span
        for lane in services
        for mark in lane.marks
        if mark.sign is not Sign.KNOWN
        for span in (mark.time, mark.due)
        if span is not None
    ]
    shown = {lane.id for lane in capabilities}
    spans += [
        revision.span
        for capability, known in picture.revisions.items()
        if capability in shown
        for revision, _ in known
    ]
    bounds = [bound for span in spans for bound in span if bound not in (BEGINNING, END)]
    # what nobody said of a service that is shown may still turn a capability
    turns = [s.start for lane in capabilities for s in lane.stretches if s.start != BEGINNING]
    return bounds + turns


def _known(services: Iterable[Lane]) -> list[Instant]:
    return [m.time.latest for lane in services for m in lane.marks if m.sign is Sign.KNOWN]


def _axis(
    dated: list[Instant],
    known: Iterable[Instant],
    window: Span | None,
    zone: str | None,
    cursor: Instant | None,
) -> Axis | None:
    start, end = (BEGINNING, END) if window is None else window
    if start != BEGINNING and end != END:
        return Axis(start, end, zone)
    given = [bound for bound in (start, end) if bound not in (BEGINNING, END)]
    inside = [instant for instant in dated if start <= instant < end] or given
    if not inside and cursor is not None:
        inside = [cursor]
    if not inside:
        return None
    first, last = min(inside), max(inside)
    # what only was known later, and the cursor, may widen it, but not beyond twice that each way
    reach = max(last - first, _HOUR)
    for instant in (*known, *([] if cursor is None else [cursor])):
        if min(inside) - reach <= instant <= max(inside) + reach:
            first, last = min(first, instant), max(last, instant)
    margin = max((last - first) // _MARGIN, (_HOUR - (last - first)) // 2, 0)
    return Axis(
        max(first - margin, FIRST + _DAY) if start == BEGINNING else start,
        min(last + margin, LAST - _DAY) if end == END else end,
        zone,
    )


# --- how everything stands when -------------------------------------------------------------------


class _Conditions:
    """Asks a picture how each service and capability stands, over all time."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.courses = courses(picture)
        self.silent = picture.situation.services - picture.by_service.keys()
        self.expected = {
            service: [each for each in known if isinstance(each, Expected)]
            for service, known in picture.by_service.items()
        }

    def of_service(self, service: str) -> Iterator[Stretch]:
        """The stretches of a service."""
        course = self.courses[service]
        expected = self.expected.get(service, [])
        levels = _Along(course)

        def standing(at: Instant) -> tuple[Condition, Bounds, bool]:
            bounds, announced = levels.at(at), any(each.noticed(at) for each in expected)
            return _condition(bounds, announced, service in self.silent), bounds, announced

        turns = [each for expecting in expected for each in _noticed(expecting)]
        return _stretches([*(at for at, _ in course), *turns], standing)

    def of_capability(self, capability: str) -> Iterator[Stretch]:
        """The stretches of a capability: it ends if what is announced would lower its level."""
        course = self.courses[capability]
        on = basis(self.picture, capability)
        expected = [each for service in on.services for each in self.expected.get(service, ())]
        levels = _Along(course)
        parts = {service: _Along(self.courses[service]) for service in on.services}
        turns = [at for at, _ in course]
        if expected:
            turns += [each for expecting in expected for each in _noticed(expecting)]
            turns += [at for service in on.services for at, _ in self.courses[service]]
        turns += [
            at
            for each in on.capabilities
            for revision, _ in self.picture.revisions.get(each, ())
            for at in (*revision.span, revision.span.earliest + 1)
        ]

        def standing(at: Instant) -> tuple[Condition, Bounds, bool]:
            bounds = levels.at(at)
            noticed = [each for each in expected if each.noticed(at)]
            announced = bool(noticed)
            if noticed and bounds == WORKS:
                supposed = {service: part.at(at) for service, part in parts.items()}
                for each in noticed:
                    level = min(supposed[each.service].worst, each.effect)
                    supposed[each.service] = Bounds(level, level)
                lowered = self.picture.levels(supposed, at, on.capabilities)[capability]
                announced = lowered.worst < Level.OPERATIONAL
            silent = bounds == WORKS and self._leaves(capability, at) <= self.silent
            return _condition(bounds, announced, silent), bounds, announced

        return _stretches(turns, standing)

    def _leaves(self, capability: str, at: Instant) -> set[str]:
        """The services that it rests on at T."""
        found: set[str] = set()
        pending = [capability]
        while pending:
            here = pending.pop()
            if here not in found:
                found.add(here)
                if here in self.picture.situation.capabilities:
                    for formula in self.picture.formulas_at(here, at):
                        pending += formulas.ids(formula)
        return found & self.picture.situation.services


def _condition(bounds: Bounds, announced: bool, silent: bool) -> Condition:
    if bounds == WORKS:
        if silent:
            return Condition.SILENT
        return Condition.ENDING if announced else Condition.WORKS
    if bounds.worst is not bounds.best:
        return Condition.UNCERTAIN
    return Condition.OUT if bounds.worst is Level.UNAVAILABLE else Condition.DEGRADED


class _Along:
    """A course, asked at ascending instants."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.index = 0

    def at(self, instant: Instant) -> Bounds:
        while self.index + 1 < len(self.course) and self.course[self.index + 1][0] <= instant:
            self.index += 1
        return self.course[self.index][1]


def _noticed(expected: Expected) -> tuple[Instant, Instant]:
    return expected.announced.earliest, expected.notice_until


def _stretches(
    turns: Iterable[Instant], standing: Callable[[Instant], tuple[Condition, Bounds, bool]]
) -> Iterator[Stretch]:
    """What holds between the turns, equal neighbours made one."""
    instants = sorted({FIRST, *(turn for turn in turns if FIRST < turn <= LAST)})
    held: list[tuple[Instant, tuple[Condition, Bounds, bool]]] = []
    for instant in instants:
        here = standing(instant)
        if not held or held[-1][1] != here:
            held.append((instant, here))
    for (start, here), (end, _) in pairwise([*held, (END, held[-1][1])]):
        yield Stretch(BEGINNING if start == FIRST else start, end, *here)


# --- what was said and done -----------------------------------------------------------------------


class _Marks:
    """Finds what is to be marked on each service's lane."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.facts = picture.situation.facts

    def by_service(self) -> dict[str, list[Mark]]:
        """The marks of each service in the order of their time, then when they could be known."""
        rescheduled: dict[str, list[Mark]] = defaultdict(list)
        known: dict[str, dict[Instant, list[str]]] = defaultdict(lambda: defaultdict(list))
        for fact, version in self.facts.items():
            if version.type == RESCHEDULED and version.at is not None:
                mark = Mark(Sign.RESCHEDULED, version.at, (fact,))
                rescheduled[version.subjects[0]].append(mark)
            if version.type != REVISED:
                for id in concerns(version, None, self.facts.get):
                    known[id][version.known].append(fact)
        found: dict[str, list[Mark]] = {}
        for service, disruptions in self.picture.by_service.items():
            marks: set[Mark] = set()
            for each in disruptions:
                marks.update(_of(each))
                marks.update(rescheduled.get(each.id, ()))
            found[service] = sorted(marks, key=_place)
            found[service] += [
                Mark(Sign.KNOWN, Span(at, at), tuple(sorted(facts)))
                for at, facts in sorted(known[service].items())
            ]
        return found


def _place(mark: Mark) -> tuple[Span, str, tuple[str, ...]]:
    return mark.time, mark.sign.value, mark.facts


def _of(disruption: Disruption | Expected) -> Iterator[Mark]:
    if isinstance(disruption, Expected):
        due = disruption.effective
        if disruption.withdrawals:
            due = min(disruption.withdrawals, key=lambda time: (time.span.latest, time))
        yield Mark(
            Sign.ANNOUNCED,
            disruption.announced,
            (disruption.id,),
            due=due.span,
            due_contested=due.contested,
        )
        yield from _settled(Sign.WITHDRAWN, disruption.withdrawals)
        return
    yield from _settled(_effect(disruption.effect), [disruption.start])
    for change in disruption.changes:
        yield from _settled(_effect(change.effect), [change.time])
    yield from _settled(Sign.RESTORED, disruption.restorations)


def _effect(level: Level) -> Sign:
    return Sign.OUT if level is Level.UNAVAILABLE else Sign.DEGRADED


def _settled(sign: Sign, times: Sequence[Settled]) -> Iterator[Mark]:
    for time in times:
        yield Mark(sign, time.span, (time.fact,), time.contested)
