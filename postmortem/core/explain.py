"""Why something has the level that it has, how sure that is, and what would change the answer.

From the level the explanation goes down the formula to services, disruptions and the facts that
date them; `sensitivity` adds what would change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from postmortem.core import formulas, sensitivity
from postmortem.core.causes import Causes, Due, courses, turns
from postmortem.core.disruptions import (
    Disruption,
    Expected,
    formulas_at,
)
from postmortem.core.formulas import AllOf, AnyOf, AtLeast, Fallback, Formula, Ref
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.sensitivity import Announced, Supposed, Unsettled
from postmortem.core.state import Picture, ServiceState
from postmortem.core.supposing import (
    Moment,
    Statements,
    basis,
    only,
    revised,
)
from postmortem.core.times import AsOf, Instant, Span

# --- why ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Node:
    """A formula or a part of one, at its level.

    It matters where it holds the level asked about below operational: were everything that does
    not matter operational, that level would stay as it is.
    """

    formula: Formula
    bounds: Bounds
    matters: bool
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class MayHold:
    """A formula that may hold at T: since when, by which fact; None for the declared one."""

    fact: str | None
    since: Span | None
    node: Node


@dataclass(frozen=True, slots=True)
class CapabilityWhy:
    """A capability's level, by the formulas that may hold at T."""

    id: str
    bounds: Bounds
    matters: bool
    formulas: tuple[MayHold, ...]


class Doubt(Enum):
    """Why a disruption may have another effect at T, or none."""

    NOT_BEGUN = "may not have begun"
    ENDED = "may have ended"
    EFFECT = "effect unsettled"
    ANNOUNCED = "announced only"


class Without(Enum):
    """Why a disruption has certainly no effect at T."""

    LATER = "later"
    OVER = "over"
    WITHDRAWN = "withdrawn"
    CARRIED_OUT = "carried out"


class Idle(NamedTuple):
    """A disruption without effect at T, and the facts that see to that."""

    why: Without
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """A disruption that may hold its service below operational at T."""

    disruption: Disruption | Expected
    bounds: Bounds
    effects: tuple[Level, ...]
    """The effects that it may have, worst first; beside them, where `best` says so, none."""
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class ServiceWhy:
    """A service's level, by its disruptions."""

    id: str
    state: ServiceState
    matters: bool
    held: tuple[Held, ...]
    idle: Mapping[str, Idle]
    """The other disruptions recorded of it, which have no effect at T."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The level of one service or capability at T, explained."""

    id: str
    as_of: AsOf
    bounds: Bounds
    since: Instant | None
    """When it turned to this level; None where it always had it."""
    capabilities: Mapping[str, CapabilityWhy]
    """What it rests on at T, itself first, each before what its formulas name."""
    services: Mapping[str, ServiceWhy]
    before: tuple[Due, ...]
    """The turns up to T, the last one last."""
    after: tuple[Due, ...]
    more: tuple[int, int]
    """How many turns there are beyond those in `before` and `after`."""
    ended: tuple[Supposed, ...]
    """The disruptions without whose effect the level would be better."""
    lost: tuple[Supposed, ...]
    """The services whose loss at T would make it worse."""
    announced: tuple[Announced, ...]
    unsettled: tuple[Unsettled, ...]
    statements: Statements


def explain(picture: Picture, id: str, as_of: AsOf, *, nearest: int = 3) -> Explanation:
    """Explain the level of that service or capability at T; `nearest` turns on either side.

    Raises: KeyError, where there is no such service or capability.
    """
    if id not in picture.situation.services and id not in picture.situation.capabilities:
        raise KeyError(id)
    at = as_of.valid
    on = basis(picture, id)
    moment = Moment(picture, on, at)
    causes = Causes(picture)
    tree = _Tree(moment)
    every = turns(courses(only(picture, on))[id])
    past = [turn for turn in every if turn.at <= at]
    future = [turn for turn in every if turn.at > at]
    before, after = past[max(0, len(past) - nearest) :], future[:nearest]
    return Explanation(
        id,
        as_of,
        moment.bounds,
        past[-1].at if past else None,
        tree.capabilities,
        {
            service: _service(picture, service, at, any(tree.weights[service]))
            for service in on.services
            if service in tree.weights  # others it rests on at another T
        },
        tuple(causes.due(on, before)),
        tuple(causes.due(on, after)),
        (len(past) - len(before), len(future) - len(after)),
        tuple(sensitivity.ended(moment)),
        tuple(sensitivity.lost(moment)),
        tuple(sensitivity.announced(moment)),
        tuple(sensitivity.unsettled(moment, causes)),
        causes.statements,
    )


class _Tree:
    """From the level asked about downwards: what holds it below operational, on either side.

    For the worst level and for the best one asks apart, since they are two levels of one formula.
    """

    def __init__(self, moment: Moment) -> None:
        self.moment = moment
        self.sides = tuple({id: b[side] for id, b in moment.levels.items()} for side in (0, 1))
        top = tuple(level < Level.OPERATIONAL for level in moment.bounds)
        self.weights: dict[str, tuple[bool, ...]] = {moment.on.id: top}
        self.capabilities: dict[str, CapabilityWhy] = {}
        facts = revised(moment.picture.situation)
        for capability in reversed(moment.on.capabilities):  # each before what it names
            if capability in self.weights:
                self.capabilities[capability] = self._capability(capability, facts)

    def _capability(self, capability: str, facts: Mapping[tuple[str, int], str]) -> CapabilityWhy:
        picture = self.moment.picture
        bounds, weight = self.moment.levels[capability], self.weights[capability]
        known = picture.revisions.get(capability, [])
        found = []
        for index in formulas_at([revision for revision, _ in known], self.moment.at):
            fact = since = None
            formula = picture.situation.capabilities[capability]
            if index is not None:
                (since, order), formula = known[index]
                fact = facts[capability, order]
            # of several formulas the worst level is that of the worst; for the best, all fall short
            worst = formulas.level(formula, self.sides[0]) == bounds.worst
            node = self._node(formula, (weight[0] and worst, weight[1]))
            found.append(MayHold(fact, since, node))
        return CapabilityWhy(capability, bounds, any(weight), tuple(found))

    def _node(self, formula: Formula, weight: tuple[bool, ...]) -> Node:
        worst, best = (formulas.level(formula, side) for side in self.sides)
        if isinstance(formula, Ref):
            before = self.weights.get(formula.id, (False, False))
            self.weights[formula.id] = tuple(map(any, zip(before, weight, strict=True)))
            return Node(formula, Bounds(worst, best), any(weight))
        inner = [
            self._node(
                part,
                tuple(
                    asked and _holds_down(formula, level, formulas.level(part, side))
                    for asked, level, side in zip(weight, (worst, best), self.sides, strict=True)
                ),
            )
            for part in formula.of
        ]
        return Node(formula, Bounds(worst, best), any(weight), tuple(inner))


def _holds_down(formula: Formula, level: Level, part: Level) -> bool:
    """Whether a part at its level keeps the formula, at `level`, from being operational.

    Of `all_of` only the worst parts do; of the others whatever is not better than the formula, or
    takes part in a disagreement. What is operational holds nothing down, nor does what a makeshift
    could not better.
    """
    if isinstance(formula, AllOf | AtLeast | AnyOf):
        return part <= level < Level.OPERATIONAL
    if isinstance(formula, Fallback):
        return part < Level.DEGRADED
    return part < Level.OPERATIONAL


def _service(picture: Picture, service: str, at: Instant, matters: bool) -> ServiceWhy:
    held, idle = [], {}
    for disruption in picture.by_service.get(service, ()):
        bounds = disruption.bounds(at)
        if bounds == WORKS:
            idle[disruption.id] = _idle(disruption, at)
        else:
            held.append(_held(disruption, bounds, at))
    held.sort(key=lambda each: each.disruption.id)
    ordered = dict(sorted(idle.items()))
    return ServiceWhy(service, picture.service(service, at), matters, tuple(held), ordered)


def _held(disruption: Disruption | Expected, bounds: Bounds, at: Instant) -> Held:
    if isinstance(disruption, Expected):
        return Held(disruption, bounds, (disruption.effect,), (Doubt.ANNOUNCED,))
    effects = sorted(disruption.effects(at))
    doubts = {
        Doubt.NOT_BEGUN: at < disruption.latest_start,
        Doubt.ENDED: at >= disruption.first_possible_end,
        Doubt.EFFECT: len(effects) > 1,
    }
    return Held(
        disruption, bounds, tuple(effects), tuple(d for d, is_so in doubts.items() if is_so)
    )


def _idle(disruption: Disruption | Expected, at: Instant) -> Idle:
    if isinstance(disruption, Disruption):
        ended = [time.fact for time in disruption.restorations if time.span.certainly_by(at)]
        early = at < disruption.start.span.earliest
        return Idle(Without.LATER) if early else Idle(Without.OVER, tuple(ended))
    if disruption.confirmations:
        return Idle(Without.CARRIED_OUT, tuple(time.fact for time in disruption.confirmations))
    withdrawn = [time.fact for time in disruption.withdrawals if time.span.certainly_by(at)]
    return Idle(Without.WITHDRAWN, tuple(withdrawn)) if withdrawn else Idle(Without.LATER)
