"""The time axis: where its lines stand, and what is written at them.

Lines stand at full local hours, days, months, years of the zone shown, whatever its clocks do: a
day of 23 or 25 hours is that long. The step is the finest whose labels fit, from a microsecond to
five thousand years.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final, NamedTuple

from postmortem.core.lengths import DAY, HOUR, MINUTE, SECOND
from postmortem.core.times import Instant
from postmortem.pictures.clocks import Clocks
from postmortem.pictures.lanes import Axis
from postmortem.pictures.lettering import width
from postmortem.pictures.wording import Wording

SIZE: Final = 11.0
"""Of the times' letters, in pixels; the dates above them are in `BOLD`."""
BOLD: Final = 12.0
_GAP: Final = 9.0  # between two labels at least, in pixels

_WIDE_DAYS: Final = [date(2028, month, 20 + month % 7) for month in range(1, 13)]
"""One of each month, and some of each day of the week: what the names are measured by."""
_YEARS: Final = (1, 9998)  # of whose every day all clocks can tell the time

_CLOCK: Final = (
    *(count * 10**digits for digits in range(6) for count in (1, 2, 5)),
    *(count * SECOND for count in (1, 2, 5, 10, 15, 30)),
    *(count * MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * HOUR for count in (1, 2, 3, 6, 12)),
)
_DAYS: Final = (tuple(range(1, 32)), tuple(range(1, 31, 2)), (1, 8, 15, 22), (1, 15))
_MONTHS: Final = (1, 2, 3, 6)
_YEAR_STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Tick(NamedTuple):
    """A line at an instant, and what is written at it; nothing where there is no room."""

    at: Instant
    text: str
    major: bool
    """A new day, month or year begins, and what it is called stands above the other labels."""


class Label(NamedTuple):
    """A text on the axis, from `x` on `width` wide at most, in pixels from the axis's start."""

    text: str
    x: float
    width: float
    upper: bool
    """In the upper row."""


@dataclass(frozen=True)
class Ruler:
    """An axis drawn that many pixels long."""

    axis: Axis
    length: float
    wording: Wording

    @cached_property
    def clocks(self) -> Clocks:
        """The clocks that are shown."""
        return Clocks(self.axis.zone)

    def x(self, at: Instant) -> float:
        """Where an instant lies, in pixels from the start; beyond the ends too."""
        return (at - self.axis.start) / (self.axis.end - self.axis.start) * self.length

    @cached_property
    def ticks(self) -> list[Tick]:
        """The lines, in the order of time; of several at one instant the major one."""
        found: dict[Instant, Tick] = {}
        for tick in (*self._minor, *self._major):
            found[tick.at] = tick if tick.at not in found or tick.major else found[tick.at]
        return [found[at] for at in sorted(found)]

    @cached_property
    def labels(self) -> list[Label]:
        """What is written, from left to right, the upper row first; none overlaps another."""
        return [*self._upper(), *self._lower()]

    @cached_property
    def beginning(self) -> str:
        """What stands left of the axis, so that its first label need not: day, month, year."""
        local = self.clocks.local(self.axis.start)
        kind = self._step[0]
        if kind == "year" and self._minor:
            return ""
        if self._names_start:
            return str(local.year) if kind == "clock" else ""
        return f"{self._start_name} {local.year}" if kind == "clock" else self._start_name

    def _inside(self, at: Instant) -> bool:
        return self.axis.start <= at < self.axis.end

    # --- the step ---------------------------------------------------------------------------------

    @cached_property
    def _step(self) -> tuple[str, int]:
        """The finest step whose labels have room: its kind and size (of days: which list)."""
        pixel = self.length / (self.axis.end - self.axis.start)
        day = max(width(self._day(one), BOLD, bold=True) for one in _WIDE_DAYS) + _GAP
        month = max(width(self._month_name(one), BOLD, bold=True) for one in _WIDE_DAYS) + _GAP
        for size in _CLOCK if DAY * pixel >= day else ():
            if size * pixel >= width(_clock_face(0, size), SIZE) + _GAP:
                return "clock", size
        for number, length in enumerate((1, 2, 7, 14)) if 28 * DAY * pixel >= month else ():
            if length * DAY * pixel >= width("30", SIZE) + _GAP:
                return "day", number
        for count in _MONTHS:
            if count * 30 * DAY * pixel >= width("Febr.", SIZE) + _GAP:
                return "month", count
        for count in _YEAR_STEPS:
            if count * 365 * DAY * pixel >= width("2021", SIZE) + _GAP:
                return "year", count
        return "year", _YEAR_STEPS[-1]

    @cached_property
    def _minor(self) -> list[Tick]:
        kind, size = self._step
        if kind == "clock":
            return list(self._hours(size))
        if kind == "day":
            every = (day for first in self._firsts(1) for day in _month(first))
            days = (day for day in every if day.day in _DAYS[size])
            return [Tick(at, str(day.day), False) for day, at in self._begin(days)]
        if kind == "month":
            months = self._begin(self._firsts(size))
            return [Tick(at, self.wording.months[day.month - 1], False) for day, at in months]
        return [Tick(at, str(day.year), False) for day, at in self._begin(self._firsts(12 * size))]

    @cached_property
    def _major(self) -> list[Tick]:
        kind, _ = self._step
        if kind == "clock":
            return [Tick(at, self._day(day), True) for day, at in self._begin(self._every_day())]
        if kind == "day":
            months = self._begin(self._firsts(1))
            return [Tick(at, self._month_name(day), True) for day, at in months]
        years = self._begin(self._firsts(12)) if kind == "month" else ()
        return [Tick(at, str(day.year), True) for day, at in years]

    def _begin(self, days: Iterable[date]) -> Iterator[tuple[date, Instant]]:
        """Those of the days that begin on the axis, with their first instants."""
        for day in days:
            at = self.clocks.day_begins(day)
            # of a day that the zone skipped the next one's beginning comes back
            if self._inside(at) and self.clocks.local(at).date() == day:
                yield day, at

    def _every_day(self) -> Iterator[date]:
        day, last = (self.clocks.local(at).date() for at in (self.axis.start, self.axis.end))
        while day <= last:
            yield day
            day += timedelta(days=1)

    def _day(self, day: date) -> str:
        return self.wording.day.format(
            weekday=self.wording.weekdays[day.weekday()],
            day=day.day,
            month=self.wording.months[day.month - 1],
        )

    def _month_name(self, day: date) -> str:
        return f"{self.wording.months[day.month - 1]} {day.year}"

    def _firsts(self, months: int) -> Iterator[date]:
        """The first days of those months: every so many, counted from January of year 0."""
        begins = self.clocks.local(self.axis.start)
        ends = self.clocks.local(self.axis.end)
        number = (begins.year * 12 + begins.month - 1) // months * months
        last = ends.year * 12 + ends.month - 1
        while number <= last:
            year = number // 12
            if _YEARS[0] <= year <= _YEARS[1]:
                yield date(year, number % 12 + 1, 1)
            number += months

    def _hours(self, size: int) -> Iterator[Tick]:
        """Full hours, minutes, … as the zone's clocks show them."""
        start, end = self.axis.start, self.axis.end
        aheads = [self.clocks.ahead(at) for at in (*range(start, end, DAY // 2), start, end - 1)]
        walls = range((start + min(aheads)) // size * size, end + max(aheads) + size, size)
        for at in sorted(at for wall in walls for at in self.clocks.at_wall(wall)):
            if self._inside(at):
                yield Tick(at, _clock_face(self.clocks.wall(at) % DAY, size), False)

    # --- what is written --------------------------------------------------------------------------

    @cached_property
    def _names_start(self) -> bool:
        """Whether there is room to call the first day, month or year by its name at the start."""
        if self._step[0] == "year":
            return False
        name = self._start_name
        next_one = min((self.x(tick.at) for tick in self._major), default=self.length)
        return next_one == 0 or width(name, BOLD, bold=True) + _GAP <= next_one

    @property
    def _start_name(self) -> str:
        local = self.clocks.local(self.axis.start)
        kind = self._step[0]
        if kind == "clock":
            return self._day(local)
        return self._month_name(local) if kind == "day" else str(local.year)

    def _upper(self) -> list[Label]:
        """The names of days, months or years, each from its line on; the first from the start."""
        year = self.clocks.local(self.axis.start).year
        names: list[tuple[float, str, int]] = []
        if self._names_start and not any(self.x(tick.at) == 0 for tick in self._major):
            names.append((0.0, self._start_name, year))
        names += [
            (self.x(tick.at), tick.text, self.clocks.local(tick.at).year) for tick in self._major
        ]
        found: list[Label] = []
        for index, (x, text, its_year) in enumerate(names):
            last = index + 1 == len(names)
            room = self.length + 20 - x if last else names[index + 1][0] - _GAP - x
            forms = [text]
            if self._step[0] == "clock" and its_year != year:
                forms = [f"{text} {its_year}", text]
            for form in forms:
                label = Label(form, x, width(form, BOLD, bold=True), True)
                if label.width <= room:
                    found.append(label)
                    year = its_year if form != text else year
                    break
        if self._step[0] == "clock":
            self._name_changes(found)
        return sorted(found, key=lambda label: label.x)

    def _name_changes(self, found: list[Label]) -> None:
        """Say what the clocks are called from a change on, where that has room among the days."""
        for at, name in self.clocks.names(self.axis.start, self.axis.end)[1:]:
            text = name.partition(" ")[0]
            x, wide = self.x(at), width(text, BOLD, bold=True)
            ends = x + wide + _GAP
            clear = all(ends <= each.x or each.x + each.width + _GAP <= x for each in found)
            if clear and ends <= self.length + 20:
                found.append(Label(text, x, wide, True))

    def _lower(self) -> Iterator[Label]:
        """What the lines are called, each in the middle under its own, where there is room."""
        until = -self.length
        for tick in self._minor:
            wide = width(tick.text, SIZE)
            x = self.x(tick.at) - wide / 2
            if x >= until + _GAP:
                yield Label(tick.text, x, wide, False)
                until = x + wide


def _month(first: date) -> Iterator[date]:
    day = first
    while day.month == first.month:
        yield day
        day += timedelta(days=1)


def _clock_face(wall: int, size: int) -> str:
    """A time of day, as exact as the step asks for."""
    seconds, rest = divmod(wall, SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    if size % MINUTE == 0:
        return text
    text += f":{seconds % 60:02}"
    if size % SECOND == 0:
        return text
    digits = 6
    while size % 10 ** (7 - digits) == 0:
        digits -= 1
    return f"{text}.{rest:06}"[: len(text) + 1 + digits]
