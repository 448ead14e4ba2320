"""A picture at one instant with single things supposed otherwise: what if.

Nothing here guesses. Whatever is supposed, a disruption that ended, a fact at another time, a
service lost, is put in the place of what is known, and the picture is worked out again.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from postmortem.core.disruptions import Disruption, Expected, Revision, Settled
from postmortem.core.history import CLAIMED, REVISED, Situation
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.state import Picture
from postmortem.core.times import Instant, Span


@dataclass(frozen=True, slots=True)
class Basis:
    """What one service or capability rests on at some T: itself, and all that it names in turn."""

    id: str
    services: tuple[str, ...]
    """Sorted."""
    capabilities: tuple[str, ...]
    """Each after all that any of its formulas names; the last is the capability asked about."""


def basis(picture: Picture, id: str) -> Basis:
    """What that service or capability rests on, by every formula that it has at any T."""
    if id in picture.situation.services:
        return Basis(id, (id,), ())
    found = picture.rested_on(id)
    return Basis(
        id,
        tuple(sorted(found & picture.situation.services)),
        tuple(each for each in picture.order if each in found),
    )


class Moment:
    """The bounds of one service or capability at T, as they are and as they would be if."""

    def __init__(self, picture: Picture, on: Basis, at: Instant) -> None:
        self.picture = picture
        self.on = on
        self.at = at
        self.services = {id: picture.service(id, at).bounds for id in on.services}
        self.levels = {**self.services, **picture.levels(self.services, at, on.capabilities)}

    @property
    def bounds(self) -> Bounds:
        """As they are."""
        return self.levels[self.on.id]

    def held(self) -> Iterator[Disruption | Expected]:
        """The disruptions that may hold one of its services below operational at T."""
        for service in self.on.services:
            for disruption in self.picture.by_service.get(service, ()):
                if disruption.bounds(self.at).worst < Level.OPERATIONAL:
                    yield disruption

    def with_service(self, service: str, bounds: Bounds) -> Bounds:
        """As they would be, that service having these."""
        services = {**self.services, service: bounds}
        return (services | self.picture.levels(services, self.at, self.on.capabilities))[self.on.id]

    def without(self, disruption: Disruption | Expected) -> Bounds:
        """As they would be, did that disruption have no effect."""
        return self.with_held(disruption, WORKS)

    def within(self, picture: Picture) -> Bounds:
        """As they would be, were that the picture."""
        services = {
            id: bounds
            if picture.by_service.get(id) is self.picture.by_service.get(id)
            else picture.service(id, self.at).bounds
            for id, bounds in self.services.items()
        }
        return (services | picture.levels(services, self.at, self.on.capabilities))[self.on.id]

    def with_held(self, disruption: Disruption | Expected, bounds: Bounds) -> Bounds:
        """As they would be, that disruption holding its service at these."""
        every = [
            bounds if each.id == disruption.id else each.bounds(self.at)
            for each in self.picture.by_service.get(disruption.service, ())
        ]
        worst, best = zip(*every, strict=True)
        return self.with_service(disruption.service, Bounds(min(worst), min(best)))


def with_disruptions(picture: Picture, changed: Iterable[Disruption | Expected]) -> Picture:
    """The picture with those in the place of the disruptions of the same id."""
    supposed = copy.copy(picture)
    by_id = {each.id: each for each in changed}
    touched = {each.service for each in by_id.values()}
    supposed.by_service = {
        service: [by_id.get(each.id, each) for each in known] if service in touched else known
        for service, known in picture.by_service.items()
    }
    return supposed


def with_revision(picture: Picture, capability: str, order: int, span: Span) -> Picture:
    """The picture with the capability's revised formula of that order holding from `span` on."""
    supposed = copy.copy(picture)
    supposed.revisions = {
        **picture.revisions,
        capability: [
            (Revision(span, order) if revision.order == order else revision, formula)
            for revision, formula in picture.revisions[capability]
        ],
    }
    return supposed


def only(picture: Picture, on: Basis) -> Picture:
    """The picture of what something rests on, and of nothing else."""
    situation = picture.situation
    supposed = copy.copy(picture)
    supposed.situation = situation._replace(
        services=frozenset(on.services),
        capabilities={id: situation.capabilities[id] for id in on.capabilities},
    )
    supposed.order = list(on.capabilities)
    return supposed


# --- the dated parts of a disruption ------------------------------------------------------------


class Role(Enum):
    """What a time is the time of."""

    START = "start"
    CHANGE = "change"
    RESTORATION = "restoration"
    ANNOUNCED = "announced"
    EFFECTIVE = "effective"
    WITHDRAWAL = "withdrawal"
    REVISION = "revision"


class Part(NamedTuple):
    """One dated part of a disruption: what it is, when, and from then on which effect."""

    role: Role
    time: Settled
    effect: Level | None = None


def parts(disruption: Disruption | Expected) -> list[Part]:
    """Every time that the disruption's bounds depend on; steps left out are none."""
    if isinstance(disruption, Expected):
        return [
            Part(Role.ANNOUNCED, Settled(disruption.id, disruption.announced, False)),
            Part(Role.EFFECTIVE, disruption.effective, disruption.effect),
            *(Part(Role.WITHDRAWAL, time) for time in disruption.withdrawals),
        ]
    return [
        Part(Role.START, disruption.start, disruption.effect),
        *(Part(Role.CHANGE, step.time, step.effect) for step in disruption.changes),
        *(Part(Role.RESTORATION, time) for time in disruption.restorations),
    ]


def placed(disruption: Disruption | Expected, part: Part, span: Span) -> Disruption | Expected:
    """The disruption, that part's time being `span` and beyond dispute."""
    settled = Settled(part.time.fact, span, False)

    def new(time: Settled) -> Settled:
        return settled if time.fact == settled.fact else time

    if isinstance(disruption, Expected):
        if part.role is Role.ANNOUNCED:
            return replace(disruption, announced=span)
        if part.role is Role.EFFECTIVE:
            return replace(disruption, effective=settled)
        return replace(disruption, withdrawals=[new(time) for time in disruption.withdrawals])
    return replace(
        disruption,
        start=new(disruption.start),
        changes=[step._replace(time=new(step.time)) for step in disruption.changes],
        restorations=[new(time) for time in disruption.restorations],
        left_out=[],  # it is told anew, and must not be told to the original as well
    )


class Statement(NamedTuple):
    """Who states a time: a fact by its own words, or a claim about it."""

    fact: str
    span: Span


class Statements:
    """Of each dated fact of a situation, who states which time of it."""

    def __init__(self, situation: Situation) -> None:
        self.facts = situation.facts
        self.claims: dict[str, list[Statement]] = defaultdict(list)
        claims = [version for version in situation.facts.values() if version.type == CLAIMED]
        for version in sorted(claims, key=lambda version: version.position):
            assert version.effective is not None
            self.claims[version.subjects[0]].append(Statement(version.fact, version.effective))

    def of(self, role: Role, fact: str) -> list[Statement]:
        """Its own time first, then those claimed for it, in order of recording."""
        version = self.facts[fact]
        if role is Role.EFFECTIVE:
            assert version.effective is not None
            return [Statement(fact, version.effective), *self.claims.get(fact, ())]
        assert version.at is not None
        # what is claimed of an announcement is when it takes effect
        claimed = () if role is Role.ANNOUNCED else self.claims.get(fact, ())
        return [Statement(fact, version.at), *claimed]


def revised(situation: Situation) -> Mapping[tuple[str, int], str]:
    """The facts that revise a formula, by capability and order of recording."""
    return {
        (version.capability, version.position): fact
        for fact, version in situation.facts.items()
        if version.type == REVISED and version.capability is not None
    }
