"""How every service and capability stands, over all time: the stretches of its lane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from postmortem.core.causes import FIRST, LAST, courses
from postmortem.core.disruptions import Expected
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.measures import Course
from postmortem.core.state import Picture
from postmortem.core.supposing import basis
from postmortem.core.times import BEGINNING, END, Instant
from postmortem.pictures.lanes import Condition, Stretch


class Conditions:
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
        levels, notices = _Along(course), _Notices(expected)

        def standing(at: Instant) -> _Standing:
            announced = bool(notices.at(at))
            return _standing(levels.at(at), announced, service in self.silent)

        turns = [each for expecting in expected for each in _noticed(expecting)]
        return _stretches([*(at for at, _ in course), *turns], standing)

    def of_capability(self, capability: str) -> Iterator[Stretch]:
        """The stretches of a capability: it ends if what is announced would lower its level."""
        course = self.courses[capability]
        on = basis(self.picture, capability)
        expected = [each for service in on.services for each in self.expected.get(service, ())]
        levels, notices = _Along(course), _Notices(expected)
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

        def standing(at: Instant) -> _Standing:
            bounds = levels.at(at)
            noticed = notices.at(at)
            announced = bool(noticed)
            if noticed and bounds == WORKS:
                supposed = {service: part.at(at) for service, part in parts.items()}
                for service, effect in noticed.items():
                    level = min(supposed[service].worst, effect)
                    supposed[service] = Bounds(level, level)
                lowered = self.picture.levels(supposed, at, on.capabilities)[capability]
                announced = lowered.worst < Level.OPERATIONAL
            services = self.picture.services_under(capability, at)
            silent = bounds == WORKS and services <= self.silent
            return _standing(bounds, announced, silent)

        return _stretches(turns, standing)


_Standing = tuple[Condition, Bounds, bool]


def _standing(bounds: Bounds, announced: bool, silent: bool) -> _Standing:
    if bounds == WORKS:
        if silent:
            return Condition.SILENT, bounds, False
        return Condition.ENDING if announced else Condition.WORKS, bounds, announced
    if bounds.worst is not bounds.best:
        return Condition.UNCERTAIN, bounds, announced
    if bounds.worst is Level.DEGRADED:
        return Condition.DEGRADED, bounds, announced
    return Condition.OUT, bounds, False  # there is nothing left to end


class _Along:
    """A course, asked at ascending instants."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.index = 0

    def at(self, instant: Instant) -> Bounds:
        while self.index + 1 < len(self.course) and self.course[self.index + 1][0] <= instant:
            self.index += 1
        return self.course[self.index][1]


class _Notices:
    """Of what people are on notice, asked at ascending instants."""

    def __init__(self, expected: Iterable[Expected]) -> None:
        self._turns = sorted(
            (at, each.service, each.effect, more)
            for each in expected
            if each.announced.earliest < each.notice_until
            for at, more in ((each.announced.earliest, 1), (each.notice_until, -1))
        )
        self._passed = 0
        self._open: Counter[tuple[str, Level]] = Counter()
        self._worst: dict[str, Level] = {}

    def at(self, instant: Instant) -> Mapping[str, Level]:
        """The worst that is announced of each service of which anything is."""
        turned = set()
        while self._passed < len(self._turns) and self._turns[self._passed][0] <= instant:
            _, service, effect, more = self._turns[self._passed]
            self._open[service, effect] += more
            turned.add(service)
            self._passed += 1
        for service in turned:
            self._worst.pop(service, None)
            left = [effect for effect in Level if self._open[service, effect]]
            if left:
                self._worst[service] = min(left)
        return self._worst


def _noticed(expected: Expected) -> tuple[Instant, Instant]:
    return expected.announced.earliest, expected.notice_until


def _stretches(
    turns: Iterable[Instant], standing: Callable[[Instant], _Standing]
) -> Iterator[Stretch]:
    """What holds between the turns, equal neighbours made one."""
    instants = sorted({FIRST, *(turn for turn in turns if FIRST < turn <= LAST)})
    held: list[tuple[Instant, _Standing]] = []
    for instant in instants:
        here = standing(instant)
        if not held or held[-1][1] != here:
            held.append((instant, here))
    for (start, here), (end, _) in pairwise([*held, (END, held[-1][1])]):
        yield Stretch(BEGINNING if start == FIRST else start, end, *here)
