"""When a level turns, and because of which facts.

A turn is an instant at which the bounds of a service or capability change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
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
)
from postmortem.core.times import Instant, Span, parse_stored

FIRST: Final = parse_stored("0001-01-01T00:00:00Z")
LAST: Final = parse_stored("9999-12-31T23:59:59.999999Z")
"""Between them, both included, lies every instant that can be written."""


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


class _Reached(NamedTuple):
    cause: Cause
    exactly: bool
    later: Bounds
    """What the bounds would be, had the bound of its span come right after."""


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
        others. Where several do the same at once, so that none counts alone: all of them.
        """
        moment = Moment(self.picture, on, turn)
        reached = [*self._in_disruptions(moment), *self._in_formulas(moment)]
        alone = [each for each in reached if each.later != moment.bounds]
        together = [each for each in reached if each.exactly]
        return [each.cause for each in alone or together or reached]

    def _in_disruptions(self, moment: Moment) -> Iterator[_Reached]:
        turn = moment.at
        found: dict[tuple[Role, str], list[tuple[Disruption | Expected, Part]]] = {}
        for disruption in self.turning.get(turn, ()):
            if disruption.service not in moment.services:
                continue
            if disruption.bounds(turn) != disruption.bounds(turn - 1):
                for part in parts(disruption):
                    if _near(part.time.span, turn):
                        key = part.role, part.time.fact
                        found.setdefault(key, []).append((disruption, part))
        for (role, fact), several in found.items():
            part = several[0][1]
            about = tuple(disruption.id for disruption, _ in several)
            yield _Reached(
                self._cause(role, fact, about, part.time.span, turn, part.effect),
                turn in part.time.span,
                moment.with_disruptions(
                    placed(disruption, each, _later(each.time.span, turn))
                    for disruption, each in several
                ),
            )

    def _in_formulas(self, moment: Moment) -> Iterator[_Reached]:
        turn = moment.at
        for capability in moment.on.capabilities:
            known = [revision for revision, _ in self.picture.revisions.get(capability, ())]
            if not known or formulas_at(known, turn) == formulas_at(known, turn - 1):
                continue
            for span, order in known:
                if _near(span, turn):
                    fact = self.revised[capability, order]
                    yield _Reached(
                        self._cause(Role.REVISION, fact, (capability,), span, turn, None),
                        turn in span,
                        moment.with_revision(capability, order, _later(span, turn)),
                    )

    def _cause(
        self,
        role: Role,
        fact: str,
        about: tuple[str, ...],
        span: Span,
        turn: Instant,
        effect: Level | None,
    ) -> Cause:
        latest = span.latest == turn
        edge = Edge.INSTANT if latest and span.is_instant else Edge(span._fields[latest])
        stated = self.statements.of(role, fact)
        said_by = tuple(each.fact for each in stated if each.span[latest] == span[latest])
        return Cause(role, fact, about, edge, said_by, effect)


def _near(span: Span, turn: Instant) -> bool:
    # a microsecond past a tie, what was told earlier can be the last one again
    return turn in (span.earliest, span.earliest + 1, span.latest)


def _later(span: Span, turn: Instant) -> Span:
    """The span, what of it is reached at `turn` being reached right after it."""
    near = span.earliest in (turn, turn - 1)
    earliest = turn + 1 if near else span.earliest
    return Span(earliest, max(earliest, span.latest + (span.latest == turn)))
