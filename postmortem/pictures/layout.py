"""Where things stand on a lane, in pixels: signs in rows that do not touch, sheets, fading ends."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from postmortem.core.times import BEGINNING, END, Instant, Span
from postmortem.pictures.axis import Ruler
from postmortem.pictures.lanes import Axis, Condition, Lane, Mark, Sign, Stretch

HALF: Final = 6.5
"""Half a sign, with some air."""
MOST_ROWS: Final = 6
"""So many rows a lane has at most; what has no room in them stands where it is least crowded."""
_APART: Final = 2.0  # between two signs in one row, at least
_TOGETHER: Final = 9.0  # sheets that are as close are drawn as one
_SURE, _OPEN, _GONE = 0.85, 0.4, 0.08  # how much of an uncertain bar is to be seen at an end


@dataclass(frozen=True, slots=True)
class Line:
    """A span of time as a line, cut off where the picture ends."""

    start: float
    end: float
    goes_on: tuple[bool, bool]
    """Whether it goes on beyond its start, beyond its end."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark on its lane."""

    mark: Mark
    row: int
    x: float | None
    """Where its sign stands; None where that is not in the picture, though some of its time is."""
    line: Line
    due: Line | None = None
    """Of an announcement: when it takes effect."""

    @property
    def begins(self) -> float:
        """From where its notice runs: its sign, or what of its time is next to that."""
        return self.line.start if self.x is None else self.x

    @property
    def covers(self) -> tuple[float, float]:
        """From where to where nothing else may stand in its row."""
        starts, ends = [self.line.start], [self.line.end]
        if self.x is not None:
            starts.append(self.x - HALF)
            ends.append(self.x + HALF)
        if self.due is not None:
            starts.append(self.due.start)
            # what it announced may stand where its own line ends
            ends.append(self.due.end - 2 * HALF)
        return min(starts) - _APART / 2, max(ends) + _APART / 2


class Sheets(NamedTuple):
    """Marks of what could be known from about the same time on, as one sign."""

    x: float
    marks: tuple[Mark, ...]
    beyond: int
    """1 where that is after the picture's end, -1 where it is before its start, else 0."""


@dataclass(frozen=True, slots=True)
class Places:
    """An axis that begins at x = `left`, and where on it things stand."""

    ruler: Ruler
    left: float

    @property
    def axis(self) -> Axis:
        """The time that is shown."""
        return self.ruler.axis

    @property
    def right(self) -> float:
        """Where the axis ends."""
        return self.left + self.ruler.length

    def x(self, at: Instant) -> float:
        """Where an instant stands; at an end of the axis where it is not in the picture."""
        return self.left + self.ruler.x(min(max(at, self.axis.start), self.axis.end))

    def inside(self, at: Instant) -> bool:
        """Whether an instant is in the picture."""
        return self.axis.start <= at < self.axis.end

    def line(self, span: Span) -> Line:
        """A span of time."""
        beyond = span.earliest < self.axis.start, span.latest >= self.axis.end
        return Line(self.x(span.earliest), self.x(span.latest), beyond)

    def shows(self, mark: Mark) -> bool:
        """Whether something of a mark is in the picture: its time, or the notice that it gives."""
        spans = [mark.time, *([] if mark.due is None else [mark.due])]
        first = min(span.earliest for span in spans)
        last = max(span.latest for span in spans)
        return first < self.axis.end and last >= self.axis.start

    def placed(self, lane: Lane) -> list[Placed]:
        """The marks of a lane that are in the picture, but for what could be known when."""
        rows: list[_Row] = []
        found: list[Placed] = []
        for mark in lane.marks:
            if mark.sign is Sign.KNOWN or not self.shows(mark):
                continue
            stands = _stands(mark.time)
            here = Placed(
                mark,
                0,
                self.x(stands) if self.inside(stands) else None,
                self.line(mark.time),
                self._due(mark),
            )
            row = _free_row(rows, here.covers)
            rows[row].take(*here.covers)
            found.append(Placed(mark, row, here.x, here.line, here.due))
        return found

    def _due(self, mark: Mark) -> Line | None:
        if mark.due is None:
            return None
        earliest, latest = mark.due
        if earliest == BEGINNING:  # of an effect of which nobody says since when it may be
            earliest = min(mark.time.earliest, latest)
        return self.line(Span(earliest, latest))

    def sheets(self, lane: Lane) -> list[Sheets]:
        """When one could know of what stands on the lane.

        Of what stands there, also where that is before or after the picture's time.
        """
        shown = {
            fact
            for mark in lane.marks
            if mark.sign is not Sign.KNOWN and self.shows(mark)
            for fact in mark.facts
        }
        found: list[tuple[float, int, list[Mark]]] = []
        for mark in lane.marks:
            at = mark.time.latest
            if mark.sign is not Sign.KNOWN or not (
                self.inside(at) or not shown.isdisjoint(mark.facts)
            ):
                continue
            x, beyond = self.x(at), (at >= self.axis.end) - (at < self.axis.start)
            if found and found[-1][1] == beyond and x - found[-1][0] <= _TOGETHER:
                found[-1][2].append(mark)
            else:
                found.append((x, beyond, [mark]))
        return [Sheets(x, tuple(marks), beyond) for x, beyond, marks in found]

    def fading(self, stretches: Sequence[Stretch]) -> Iterator[tuple[float, float]]:
        """How much of each stretch is to be seen at its two ends, from 0 to 1: of a sure one all.

        An uncertain one fades from where it was certain to where it is certain again; several in a
        row fade as one.
        """
        before: Stretch | None = None
        rest = iter((*stretches, None))
        after = next(rest)
        while after is not None:
            run: list[Stretch] = []
            while after is not None and after.condition is Condition.UNCERTAIN:
                run.append(after)
                after = next(rest)
            yield from self._faded(run, before, after)
            if after is not None:
                yield 1.0, 1.0
                before, after = after, next(rest)

    def _faded(
        self, run: Sequence[Stretch], before: Stretch | None, after: Stretch | None
    ) -> Iterator[tuple[float, float]]:
        """The same of uncertain ones in a row, between sure ones or the ends of the record."""
        axis = self.axis
        for here in run:
            left, right = _certainty(here, before), _certainty(here, after)
            start = run[0].start if before else axis.start
            end = run[-1].end if after else axis.end
            ends = [min(max(at, axis.start), axis.end) for at in (here.start, here.end)]
            seen = [left + (right - left) * (at - start) / max(end - start, 1) for at in ends]
            yield seen[0], seen[1]


def _stands(time: Span) -> Instant:
    """Where the sign of a time stands: in its middle, or at the one bound that it has."""
    if time.latest == END:
        return time.earliest
    if time.earliest == BEGINNING:
        return time.latest
    return time.earliest + (time.latest - time.earliest) // 2


class _Row:
    """What stands in one row of a lane, and how much of it a further thing would touch."""

    def __init__(self) -> None:
        self._starts: list[float] = []
        self._ends: list[float] = []

    def touched(self, start: float, end: float) -> int:
        """How many of the things in it reach into that; none of them ends before it starts."""
        return bisect_left(self._starts, end) - bisect_right(self._ends, start)

    def take(self, start: float, end: float) -> None:
        """Put something there."""
        insort(self._starts, start)
        insort(self._ends, end)


def _free_row(rows: list[_Row], covers: tuple[float, float]) -> int:
    crowded = []
    for index, row in enumerate(rows):
        touched = row.touched(*covers)
        if not touched:
            return index
        crowded.append(touched)
    if len(rows) < MOST_ROWS:
        rows.append(_Row())
        return len(rows) - 1
    return crowded.index(min(crowded))


def _certainty(here: Stretch, beside: Stretch | None) -> float:
    if beside is None:
        return _OPEN
    if beside.bounds.worst >= here.bounds.best:
        return _SURE
    return _GONE if beside.bounds.best <= here.bounds.worst else _OPEN
