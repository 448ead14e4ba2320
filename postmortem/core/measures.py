"""What is measured over time or over what could fail: downtime, minimal cut sets."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from postmortem.core import formulas
from postmortem.core.disruptions import Disruption, Expected
from postmortem.core.errors import BadInput
from postmortem.core.formulas import CutSets
from postmortem.core.levels import OUT, WORKS, Bounds, Level
from postmortem.core.state import Picture
from postmortem.core.times import BEGINNING, Instant, format_instant

Course = list[tuple[Instant, Bounds]]
"""Levels over time: from each instant on (ascending) these bounds, until the next."""


Turned = tuple[Instant, Bounds, Bounds]
"""When something changes, from what, to what."""


class Downtime(NamedTuple):
    """How long a capability was out and impaired in a window: (least, most), microseconds."""

    unavailable: tuple[int, int]
    impaired: tuple[int, int]

    def document(self) -> dict[str, list[float]]:
        """As the contract's JSON has it, in seconds."""
        return {name: [us / 1_000_000 for us in pair] for name, pair in self._asdict().items()}


def downtime(picture: Picture, start: Instant, end: Instant) -> dict[str, Downtime]:
    """How long each capability was (certainly, possibly) out and impaired in [start, end).

    Raises: BadInput, where the window is empty.
    """
    if start >= end:
        raise BadInput(
            f"the window from {format_instant(start)} to {format_instant(end)} is empty",
            hint="--from is the first instant that counts, --to the first that does not any more",
        )
    return {
        capability: _sum(course, start, end)
        for capability, course in sorted(courses(picture, start, end).items())
        if capability in picture.situation.capabilities
    }


def courses(picture: Picture, start: Instant, end: Instant) -> dict[str, Course]:
    """The levels over [start, end) of every service and every capability."""
    found = {
        service: _service_course(picture.by_service.get(service, ()), start, end)
        for service in picture.situation.services
    }
    for capability in picture.order:
        found[capability] = _capability_course(picture, capability, found, start, end)
    return found


def since(picture: Picture, at: Instant) -> dict[str, Instant | None]:
    """From when on everything has had the bounds that it has at T, without a break.

    Of every service and capability; None where that is so as far back as the record goes.
    """
    turns = [turn for found in picture.by_service.values() for one in found for turn in one.turns()]
    turns += [
        bound
        for found in picture.revisions.values()
        for revision, _ in found
        for bound in revision.span  # also the latest: the earliest may be open
    ]
    first = min((turn for turn in turns if turn > BEGINNING), default=at)
    start = min(first - 1, at)
    return {
        id: None if course[-1][0] == start else course[-1][0]
        for id, course in courses(picture, start, at + 1).items()
    }


Back = Callable[[str, Instant], Iterable[tuple[Instant, Bounds]]]
"""The levels of a service up to an instant, going back: each with when it begins."""


def since_by_steps(picture: Picture, at: Instant, back: Back) -> dict[str, Instant | None]:
    """The same as `since`, read backwards from T only as far as it takes."""
    runs = {id: _Runs(partial(back, id)) for id in sorted(picture.situation.services)}
    found: dict[str, Instant | None] = {}
    for id, each in runs.items():
        begins = each.at(at)[0]
        found[id] = None if begins == BEGINNING else begins
    for capability in picture.order:
        found[capability] = _capability_since(picture, capability, runs, at)
    return found


class _Runs:
    """How long one service has had its level at any instant; what was read once is kept."""

    def __init__(self, back: Callable[[Instant], Iterable[tuple[Instant, Bounds]]]) -> None:
        self._back = back
        self._known: list[tuple[Instant, Instant, Bounds]] = []
        """From when, to which instant it was asked for, what; by ascending start."""

    def at(self, instant: Instant) -> tuple[Instant, Bounds]:
        """From when on it has had the level that it has at an instant, and that level."""
        place = bisect_right(self._known, instant, key=itemgetter(0))
        if place and self._known[place - 1][1] >= instant:
            begins, _, bounds = self._known[place - 1]
            return begins, bounds
        steps = iter(self._back(instant))
        begins, bounds = next(steps, (BEGINNING, WORKS))
        for earlier, other in steps:
            if other != bounds:
                break
            begins = earlier
        if place and self._known[place - 1][0] == begins:
            place -= 1
            del self._known[place]
        self._known.insert(place, (begins, instant, bounds))
        return begins, bounds


def _capability_since(
    picture: Picture, capability: str, runs: Mapping[str, _Runs], at: Instant
) -> Instant | None:
    """It goes back from one certain reason for the level to the next, whatever else changed.

    A reason is some of the services, with the levels that they have: whatever the others did, the
    capability was at its level. As long as these stayed as they were, so did it.
    """
    wanted: dict[str, None] = {}
    leaves: set[str] = set()
    turns: set[Instant] = set()

    def visit(id: str) -> None:
        if id in picture.situation.services:
            leaves.add(id)
        elif id not in wanted:
            for formula in picture.formulas(id):
                for part in formulas.ids(formula):
                    visit(part)
            for revision, _ in picture.revisions.get(id, ()):
                turns.update((*revision.span, revision.span.earliest + 1))
            wanted[id] = None

    visit(capability)
    pending = sorted(turn for turn in turns if BEGINNING < turn <= at)
    parts = sorted(leaves)
    known: dict[tuple[Bounds, ...], Bounds] = {}

    def level(levels: tuple[Bounds, ...]) -> Bounds:
        if levels not in known:
            found = picture.levels(dict(zip(parts, levels, strict=True)), at, wanted)
            known[levels] = found[capability]
        return known[levels]

    bounds: Bounds | None = None
    last = at
    while True:
        now = [runs[part].at(at) for part in parts]
        levels = tuple(each[1] for each in now)
        if bounds is None:
            bounds = level(levels)
        elif level(levels) != bounds:
            return last
        reason = [begins for begins, _ in now]
        worst, best = list(levels), list(levels)
        # the more levels, the better: what holds at the extremes of the others holds between them
        for place in sorted(range(len(parts)), key=lambda place: -now[place][0]):
            worst[place], best[place] = OUT, WORKS
            if level(tuple(worst)) == bounds == level(tuple(best)):
                reason[place] = BEGINNING
            else:
                worst[place] = best[place] = levels[place]
        last = max([*reason, *pending[-1:]], default=BEGINNING)
        if last == BEGINNING:
            return None
        at = last - 1
        if pending and pending[-1] == last:
            pending.pop()
            known.clear()


def _service_course(
    disruptions: Iterable[Disruption | Expected], start: Instant, end: Instant
) -> Course:
    """The worst of all disruptions at each instant, by sweeping over their turns once."""
    turns: list[Turned] = []
    for disruption in disruptions:
        before = WORKS
        instants = {start, *(t for t in disruption.turns() if start < t < end)}
        for instant in sorted(instants):
            after = disruption.bounds(instant)
            if after != before:
                turns.append((instant, before, after))
            before = after
    return course_of(turns, start)


def course_of(turns: Iterable[Turned], start: Instant) -> Course:
    """The worst of several things at each instant from `start` on, all working before they turn."""
    worst, best = [0] * len(Level), [0] * len(Level)  # how many hold it at each level
    course: Course = [(start, WORKS)]
    for instant, before, after in sorted(turns, key=lambda turn: turn[0]):
        for counts, left, entered in (
            (worst, before.worst, after.worst),
            (best, before.best, after.best),
        ):
            counts[left] -= 1
            counts[entered] += 1
        _append(course, instant, Bounds(_lowest(worst), _lowest(best)))
    return course


def _lowest(counts: list[int]) -> Level:
    for level in (Level.UNAVAILABLE, Level.DEGRADED):
        if counts[level] > 0:
            return level
    return Level.OPERATIONAL


def _append(course: Course, instant: Instant, bounds: Bounds) -> None:
    if course[-1][0] == instant:
        course.pop()
    if not course or course[-1][1] != bounds:
        course.append((instant, bounds))


def _capability_course(
    picture: Picture,
    capability: str,
    known: Mapping[str, Course],
    start: Instant,
    end: Instant,
) -> Course:
    parts = sorted({id for f in picture.formulas(capability) for id in formulas.ids(f)})
    revised = [
        (instant, "", WORKS)
        for revision, _ in picture.revisions.get(capability, ())
        for instant in (*revision.span, revision.span.earliest + 1)
        if start < instant < end
    ]
    changes = heapq.merge(
        *([(instant, part, bounds) for instant, bounds in known[part]] for part in parts),
        sorted(revised),
        key=lambda change: change[0],
    )
    levels: dict[str, Bounds] = {}
    course: Course = []
    pending: Instant | None = None

    def close(instant: Instant) -> None:
        bounds = picture.levels(levels, instant, (capability,))[capability]
        if course:
            _append(course, instant, bounds)
        else:
            course.append((instant, bounds))

    for instant, part, bounds in changes:
        if pending is not None and instant != pending:
            close(pending)
        if part:
            levels[part] = bounds
        pending = instant
    close(start if pending is None else pending)
    return course


def _sum(course: Course, start: Instant, end: Instant) -> Downtime:
    sums = {"out": [0, 0], "impaired": [0, 0]}
    for index, (instant, bounds) in enumerate(course):
        until = course[index + 1][0] if index + 1 < len(course) else end
        for which, level in enumerate((bounds.best, bounds.worst)):
            lasted = until - max(instant, start)
            if level is Level.UNAVAILABLE:
                sums["out"][which] += lasted
            if level < Level.OPERATIONAL:
                sums["impaired"][which] += lasted
    (least, most), (impaired_least, impaired_most) = sums["out"], sums["impaired"]
    return Downtime((least, most), (impaired_least, impaired_most))


def cut_sets(picture: Picture, capability: str, at: Instant) -> list[list[str]]:
    """The minimal sets of services whose loss may make it unavailable at T; sorted, each sorted.

    All else is supposed operational; of several formulas that may hold at T any may be the one.

    Raises: BadInput, where there are too many to list.
    """
    known: dict[str, CutSets] = {
        service: frozenset([frozenset([service])]) for service in picture.situation.services
    }
    for each in picture.order:
        known[each] = formulas.minimal(
            one
            for formula in picture.formulas_at(each, at)
            for one in formulas.cut_sets(formula, known.__getitem__)
        )
        if each == capability:
            break
    return sorted(sorted(one) for one in known[capability])


def cuts_document(capability: str, sets: list[list[str]]) -> dict[str, Any]:
    """As the contract's JSON has it."""
    return {"capability": capability, "minimal_cut_sets": sets}
