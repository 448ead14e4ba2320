"""What would change a level: a disruption ended, a service lost, a time known better.

Every answer is computed: one thing is supposed otherwise, and the picture worked out again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, NamedTuple

from postmortem.core.causes import Causes
from postmortem.core.disruptions import Disruption, Expected, possibly_last
from postmortem.core.levels import OUT, Bounds, Level
from postmortem.core.supposing import (
    Moment,
    Part,
    Role,
    parts,
    placed,
    with_disruptions,
    with_revision,
)
from postmortem.core.times import BEGINNING, END, Instant, Span, hull

MOST_CHANGES: Final = 12
"""Of more changes of one disruption's effect that may each be the last, none is tried alone."""


class Supposed(NamedTuple):
    """What the level would be, one thing being otherwise."""

    id: str
    bounds: Bounds


class Outcome(NamedTuple):
    """What the level would be, were the time of a fact known to be within `span`.

    `said_by` names the statement that gives the span, where the time is contested.
    """

    span: Span
    bounds: Bounds
    said_by: str | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A fact whose time, were it known better, would tell more of the level."""

    role: Role
    fact: str
    about: tuple[str, ...]
    """The disruptions whose part it is; of a revised formula, the capability."""
    effect: Level | None
    """What the disruption leaves of the service from that time on, where that is its part."""
    outcomes: tuple[Outcome, ...]
    """Over all that its time can be, in order."""
    stated: tuple[Outcome, ...]
    """Were that statement right, one for each; empty where its time is not contested."""

    @property
    def decides(self) -> bool:
        """Whether the level is certain, wherever in its span the fact is placed."""
        return all(outcome.bounds.worst is outcome.bounds.best for outcome in self.outcomes)


class Announced(NamedTuple):
    """An announcement that nobody confirmed: the level had it been carried out by T, or not."""

    id: str
    carried_out: Bounds
    not_carried_out: Bounds


def ended(moment: Moment) -> Iterator[Supposed]:
    """The disruptions without whose effect the level would be better."""
    for disruption in moment.held():
        bounds = moment.without(disruption)
        if bounds != moment.bounds:
            yield Supposed(disruption.id, bounds)


def lost(moment: Moment) -> Iterator[Supposed]:
    """The services whose loss at T, all else as it is, would make the level worse."""
    for service in moment.on.services:
        bounds = moment.with_service(service, OUT)
        if bounds != moment.bounds:
            yield Supposed(service, bounds)


def announced(moment: Moment) -> Iterator[Announced]:
    """The announcements that nobody confirmed, where it matters whether they were carried out."""
    for disruption in moment.held():
        if isinstance(disruption, Expected):
            effect = Bounds(disruption.effect, disruption.effect)
            carried_out = moment.with_held(disruption, effect)
            not_carried_out = moment.without(disruption)
            if carried_out != not_carried_out:
                yield Announced(disruption.id, carried_out, not_carried_out)


def unsettled(moment: Moment, causes: Causes) -> Iterator[Unsettled]:
    """The facts whose time, were it known better, would tell more of the level."""
    if moment.bounds.worst is moment.bounds.best:
        return  # no narrower time can make it more certain, or another one
    yield from _unsettled_disruptions(moment, causes)
    yield from _unsettled_formulas(moment, causes)


def _unsettled_disruptions(moment: Moment, causes: Causes) -> Iterator[Unsettled]:
    found: dict[tuple[Role, str], list[tuple[Disruption | Expected, Part]]] = {}
    for disruption in moment.held():
        bounds = disruption.bounds(moment.at)
        if bounds.worst is not bounds.best:
            for part in _undated(disruption, moment.at):
                found.setdefault((part.role, part.time.fact), []).append((disruption, part))
    for (role, fact), several in found.items():
        domains = [_domain(disruption, part) for disruption, part in several]
        edges = {moment.at, *(e for d, part in several for e in _edges(d, part))}
        outcomes = [
            Outcome(
                cell,
                _with(
                    moment,
                    # placed anew for each: where one cannot have it then, as near as it can
                    (
                        placed(disruption, part, _inside(_somewhere(cell, moment.at), domain))
                        for (disruption, part), domain in zip(several, domains, strict=True)
                    ),
                ),
            )
            for cell in _cells(hull(domains), edges)
        ]
        first = several[0][1]
        stated = [
            Outcome(
                span,
                _with(moment, (placed(d, part, span) for d, part in several)),
                said_by,
            )
            for said_by, span in (causes.statements.of(role, fact) if first.time.contested else ())
        ]
        about = tuple(disruption.id for disruption, _ in several)
        unsettled = Unsettled(role, fact, about, first.effect, tuple(outcomes), tuple(stated))
        yield from _telling(moment, unsettled)


def _with(moment: Moment, changed: Iterable[Disruption | Expected]) -> Bounds:
    return moment.within(with_disruptions(moment.picture, changed))


def _unsettled_formulas(moment: Moment, causes: Causes) -> Iterator[Unsettled]:
    for capability in moment.on.capabilities:
        known = [revision for revision, _ in moment.picture.revisions.get(capability, ())]
        likely = list(possibly_last(known, moment.at, BEGINNING))
        if len(likely) < 2 or len(likely) > MOST_CHANGES:
            continue
        edges = {moment.at, *(edge for span, _ in known for edge in span)}
        for index in likely:
            if index is None:
                continue
            span, order = known[index]
            outcomes = [
                Outcome(cell, moment.within(with_revision(moment.picture, capability, order, at)))
                for cell in _cells(span, edges)
                for at in (Span(*[_somewhere(cell, moment.at)] * 2),)
            ]
            fact = causes.revised[capability, order]
            about = (capability,)
            unsettled = Unsettled(Role.REVISION, fact, about, None, tuple(outcomes), ())
            yield from _telling(moment, unsettled)


def _telling(moment: Moment, fact: Unsettled) -> Iterator[Unsettled]:
    """The fact, with as few outcomes as can be, unless none tells more than is known already."""
    merged: list[Outcome] = []
    for each in fact.outcomes:
        if merged and merged[-1].bounds == each.bounds:
            merged[-1] = Outcome(Span(merged[-1].span.earliest, each.span.latest), each.bounds)
        else:
            merged.append(each)
    if any(each.bounds != moment.bounds for each in (*merged, *fact.stated)):
        yield replace(fact, outcomes=tuple(merged))


def _undated(disruption: Disruption | Expected, at: Instant) -> Iterator[Part]:
    """Those parts whose time is not known to the microsecond, and that may decide at T."""
    likely: set[str] | None = None
    if isinstance(disruption, Disruption) and disruption.changes:
        spans = [(step.time.span, step.order) for step in disruption.changes]
        last = possibly_last(spans, at, disruption.start.span.earliest)
        likely = {disruption.changes[index].time.fact for index in last if index is not None}
        if len(likely) > MOST_CHANGES:
            likely = set()
    for part in parts(disruption):
        open_to_doubt = part.time.contested or not part.time.span.is_instant
        if open_to_doubt and (part.role is not Role.CHANGE or part.time.fact in (likely or ())):
            yield part


def _domain(disruption: Disruption | Expected, part: Part) -> Span:
    """Where the part can be placed, no step being before the start."""
    span = part.time.span
    if isinstance(disruption, Expected):
        return span
    if part.role is Role.START:
        return Span(span.earliest, disruption.latest_start)
    return Span(max(span.earliest, disruption.start.span.earliest), span.latest)


def _edges(disruption: Disruption | Expected, part: Part) -> Iterator[Instant]:
    """The instants at which it may matter on which side of them the part is placed."""
    if isinstance(disruption, Disruption) and part.role in (Role.START, Role.CHANGE):
        for step in disruption.changes:
            yield from step.time.span


def _cells(domain: Span, edges: Iterable[Instant]) -> Iterator[Span]:
    """The domain in pieces, so that all instants of one lie alike to every edge."""
    begins = {edge + after for edge in edges if BEGINNING < edge < END for after in (0, 1)}
    inside = sorted(cut for cut in begins if domain.earliest < cut <= domain.latest)
    cuts = [domain.earliest, *inside]
    for cut, following in pairwise([*cuts, domain.latest + 1]):
        yield Span(cut, following - 1)


def _somewhere(cell: Span, at: Instant) -> Instant:
    """An instant of the cell; one that can be, where a side of it is open."""
    if cell.earliest != BEGINNING:
        return cell.earliest
    return at if cell.latest == END else cell.latest


def _inside(at: Instant, domain: Span) -> Span:
    instant = min(max(at, domain.earliest), domain.latest)
    return Span(instant, instant)
