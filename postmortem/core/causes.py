"""When a level turns, and because of which facts.

A turn is an instant at which the bounds of a service or capability change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, NamedTuple

from postmortem.core import measures
from postmortem.core.disruptions import Disruption, Expected, formulas_at
from postmortem.core.levels import Bounds, Level
from postmortem.core.state import Picture
from postmortem.core.supposing import (
    Basis,
    Moment,
    Part,
    Role,
    Statements,
    parts,
    placed,
    revised,
    with_disruptions,
    with_revision,
)
from postmortem.core.times import Instant, Span, parse_stored

FIRST: Final = parse_stored("0001-01-01T00:00:00Z")
LAST: Final = parse_stored("9999-12-31T23:59:59.999999Z")
"""Between them, both included, lies every instant that can be written."""

_MOST_AT_ONCE: Final = 24
"""Of more facts that do the same at one instant, all are told: trying which suffice takes long."""


class Turn(NamedTuple):
    """From `at` on the bounds are `after`, and were `before` until then."""

    at: Instant
    before: Bounds
    after: Bounds


def turns(course: measures.Course) -> list[Turn]:
    """The turns of a course, in order."""
    return [Turn(at, before, after) for (_, before), (at, after) in pairwise(course)]


def courses(picture: Picture) -> dict[str, measures.Course]:
    """The bounds of every service and capability at every instant that can be written."""
    return measures.courses(picture, FIRST, LAST + 1)


class Edge(Enum):
    """Which side of a span is reached; the instant itself, where it is one."""

    EARLIEST = "earliest"
    LATEST = "latest"
    INSTANT = "instant"


class Cause(NamedTuple):
    """The time of a fact whose bound makes a level turn."""

    role: Role
    fact: str
    about: tuple[str, ...]
    """The disruptions whose part it is; of a revised formula, the capability."""
    edge: Edge
    said_by: tuple[str, ...]
    """The statements that the bound comes from: the fact's own, or claims about it."""
    effect: Level | None


class Due(NamedTuple):
    """A turn, and the facts that it is due to."""

    turn: Turn
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class _Reached:
    """A side of a fact's span that is reached at a turn, and the span, were it not."""

    cause: Cause
    exactly: bool
    span: Span
    parts: tuple[tuple[Disruption | Expected, Part], ...] = ()
    """Of which disruptions it is the time, and of what of each."""
    revision: tuple[str, int] | None = None
    """Of which revised formula: capability, order."""


class Causes:
    """Asks a picture which facts make a level turn."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.statements = Statements(picture.situation)
        self.revised = revised(picture.situation)
        self.turning: dict[Instant, list[Disruption | Expected]] = defaultdict(list)
        """The disruptions whose bounds may change at an instant."""
        for known in picture.by_service.values():
            for disruption in known:
                for instant in {*disruption.turns()}:
                    self.turning[instant].append(disruption)

    def due(self, on: Basis, turned: Iterable[Turn]) -> Iterator[Due]:
        """Each of these turns of what was asked about, with its facts."""
        for turn in turned:
            yield Due(turn, tuple(self.at(on, turn.at)))

    def at(self, on: Basis, turn: Instant) -> list[Cause]:
        """The facts to which the bounds at `turn` are due.

        Such a fact's span begins or ends there, and had it done so right after, the bounds would be
        others. Where several do the same at once, so that none counts alone: these together. Where
        not even these do, a tie is past: had it been at the turn, the bounds would be others.
        """
        moment = Moment(self.picture, on, turn)
        for past_tie in (turn + 1, turn):
            reached = [
                *self._in_disruptions(moment, past_tie),
                *self._in_formulas(moment, past_tie),
            ]
            alone = [each for each in reached if self._differs(moment, [each])]
            if alone or len(reached) > _MOST_AT_ONCE:
                return [each.cause for each in alone or reached]
            if self._differs(moment, reached):
                break
        return [each.cause for each in self._needed(moment, reached)]

    def _needed(self, moment: Moment, reached: list[_Reached]) -> list[_Reached]:
        """Of what does it together, as few as do it; rather what is reached exactly."""
        for each in sorted(reached, key=lambda each: each.exactly):
            fewer = [other for other in reached if other is not each]
            if self._differs(moment, fewer):
                return self._needed(moment, fewer)
        return reached

    def _differs(self, moment: Moment, reached: Iterable[_Reached]) -> bool:
        """Whether the bounds were others, had all of them come right after."""
        picture = self.picture
        changed: dict[str, Disruption | Expected] = {}
        spans: dict[tuple[Role, str], Span] = {}
        for each in reached:
            key = each.cause.role, each.cause.fact
            here = spans.get(key, each.span)  # both sides of one span may be reached at once
            spans[key] = span = Span(*map(max, zip(here, each.span, strict=True)))
            if each.revision is not None:
                picture = with_revision(picture, *each.revision, span)
            for disruption, part in each.parts:
                known = changed.get(disruption.id, disruption)
                changed[disruption.id] = placed(known, part, span)
        return moment.within(with_disruptions(picture, changed.values())) != moment.bounds

    def _in_disruptions(self, moment: Moment, past_tie: Instant) -> Iterator[_Reached]:
        turn = moment.at
        found: dict[tuple[Role, str], list[tuple[Disruption | Expected, Part]]] = {}
        for disruption in self.turning.get(turn, ()):
            if disruption.service not in moment.services:
                continue
            if disruption.bounds(turn) != disruption.bounds(turn - 1):
                for part in parts(disruption):
                    key = part.role, part.time.fact
                    found.setdefault(key, []).append((disruption, part))
        for (role, fact), several in found.items():
            part = several[0][1]
            about = tuple(disruption.id for disruption, _ in several)
            for edge, exactly, later in _edges(part.time.span, turn, past_tie):
                cause = self._cause(role, fact, about, part.time.span, edge, part.effect)
                yield _Reached(cause, exactly, later, parts=tuple(several))

    def _in_formulas(self, moment: Moment, past_tie: Instant) -> Iterator[_Reached]:
        turn = moment.at
        for capability in moment.on.capabilities:
            known = [revision for revision, _ in self.picture.revisions.get(capability, ())]
            if not known or formulas_at(known, turn) == formulas_at(known, turn - 1):
                continue
            for span, order in known:
                fact = self.revised[capability, order]
                for edge, exactly, later in _edges(span, turn, past_tie):
                    cause = self._cause(Role.REVISION, fact, (capability,), span, edge, None)
                    yield _Reached(cause, exactly, later, revision=(capability, order))

    def _cause(
        self,
        role: Role,
        fact: str,
        about: tuple[str, ...],
        span: Span,
        edge: Edge,
        effect: Level | None,
    ) -> Cause:
        side = int(edge is not Edge.EARLIEST)
        stated = self.statements.of(role, fact)
        said_by = tuple(each.fact for each in stated if each.span[side] == span[side])
        return Cause(role, fact, about, edge, said_by, effect)


def _edges(span: Span, turn: Instant, past_tie: Instant) -> Iterator[tuple[Edge, bool, Span]]:
    """The sides of a span that are reached at `turn`: which, whether exactly, and else what.

    Not exactly: a microsecond past a tie, what was told earlier can be the last one again. Had such
    a side not been reached, it would have been so at `past_tie`.
    """
    if span == (turn, turn):
        yield Edge.INSTANT, True, Span(turn + 1, turn + 1)
        return
    if span.earliest in (turn, turn - 1):
        later = turn + 1 if span.earliest == turn else past_tie
        yield Edge.EARLIEST, span.earliest == turn, Span(later, max(later, span.latest))
    if span.latest == turn:
        yield Edge.LATEST, True, Span(span.earliest, turn + 1)
