"""Times as people write them, and as the record keeps them.

A time is an instant, or a span between two instants where nobody knows better. The record keeps
integers: microseconds since 1970-01-01T00:00:00Z, in the years 0001 to 9999 of UTC, without leap
seconds. All arithmetic is done on them, for adding to a zoned `datetime` moves its wall clock.

    written                                         means
    2021-01-11T07:59:00Z  2021-01-10T23:59-08:00    that instant; seconds left out are zero
    2021-01-10T23:59[America/Los_Angeles]           the local time of that zone; an offset before
                                                    the bracket must be one that the zone has then
    2021-01-10T23:59                                the local time of the platform's zone
    2021-01-10  2021-01  2021  2021[Europe/Berlin]  first instant to last microsecond, both local
    A..B  A..  ..B                                  earliest of A to latest of B; open on one side

Source: RFC 3339 section 5.6 (date-time), RFC 9557 section 4.1 (the bracket; of it the zone name
only); `core.zones` for what local clocks show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from postmortem.core.errors import BadTime, quoted
from postmortem.core.lengths import DAY, HOUR, MINUTE, SECOND
from postmortem.core.zones import (
    EPOCH,
    FIRST,
    LAST,
    check_offset,
    face,
    find_zone,
    instant_of,
    known_zone,
    local_bounds,
    offset_at,
    only_reading,
    with_offset,
    zone_named,
)

if TYPE_CHECKING:  # a question in UTC is answered without loading it
    from zoneinfo import ZoneInfo

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""

BEGINNING: Final = -(2**63)
"""The earliest of a span that is open towards the past; no instant."""

END: Final = 2**63 - 1
"""The latest of a span that is open towards the future, or no limit in a question; no instant."""

_LONGEST: Final = 200  # characters that a written time may have
_REPEATED: Final = 4096  # times that are remembered: each is read and written several times over

# No pattern can backtrack: at each place the next character decides.
_FORM: Final = re.compile(
    r"""([0-9]{4}) (?: -([0-9]{2}) (?: -([0-9]{2})                  # year, month, day
        (?: [Tt]([0-9]{2}):([0-9]{2}) (?: :([0-9]{2}) (?: \.([0-9]+) )? )?
            ( [Zz] | [+-][0-9]{2}:[0-9]{2} )?
        )? )? )? (?: \[ ([!-Z\\^-~]*) \] )?""",
    re.VERBOSE,
)
_STORED: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{0,5}[1-9])?Z"
)
# compiled when it is met, which is seldom
_DATE_WITH_OFFSET: Final = r"([0-9]{4}(?:-[0-9]{2}){0,2})(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
_FORMS: Final = (
    "write for example 2021-01-10T23:59-08:00, 2021-01-10T23:59[America/Los_Angeles], 2021-01-10, "
    "2021-01, 2021, or A..B, A.., ..B of such times"
)


class Span(NamedTuple):
    """Somewhere between two instants (microseconds), both included: earliest <= latest."""

    earliest: Instant
    latest: Instant

    @property
    def is_instant(self) -> bool:
        """Whether the time is known to the microsecond."""
        return self.earliest == self.latest

    def possibly_by(self, moment: Instant) -> bool:
        """Whether what has this time may have happened by `moment`, an instant."""
        return self.earliest <= moment

    def certainly_by(self, moment: Instant) -> bool:
        """Whether what has this time must have happened by `moment`, an instant."""
        return self.latest <= moment


class AsOf(NamedTuple):
    """Where a question stands on the three clocks; microseconds, END where there is no limit.

    It asks what was true at `valid`, by what could be `known` and what the log had `recorded` then.
    """

    valid: Instant
    known: Instant = END
    recorded: Instant = END


def hull(spans: Iterable[Span]) -> Span:
    """The shortest span that covers all of `spans`; ValueError where there are none."""
    earliest, latest = zip(*spans, strict=True)
    return Span(min(earliest), max(latest))


def common(spans: Iterable[Span]) -> Span | None:
    """What all of `spans` share, be it one instant, or None; ValueError where there are none."""
    earliest, latest = zip(*spans, strict=True)
    return Span(max(earliest), min(latest)) if max(earliest) <= min(latest) else None


# Reading


def parse_span(text: str, zone: str | None = None) -> Span:
    """Read any written time; `zone` is the IANA name of the platform's zone, where it has one.

    Raises: BadTime, with the text, for everything that is not exactly one of the forms above.
    Source: RFC 3339 section 5.6, RFC 9557 section 4.1, contract section 3.
    """
    if (instant := _stored(text)) is not None:  # the commonest form by far, read by C
        return Span(instant, instant)
    sides = text.split("..")
    if len(text) > _LONGEST or len(sides) > 2 or sides == ["", ""]:
        long = len(text) > _LONGEST
        reason = f"it has over {_LONGEST} characters" if long else "a span is A..B, A.. or ..B"
        raise BadTime(f"cannot read the time {quoted(text)}: {reason}", hint=_FORMS)
    if len(sides) == 1:
        return _side(text, text, zone)
    earliest = _side(sides[0], text, zone).earliest if sides[0] else BEGINNING
    latest = _side(sides[1], text, zone).latest if sides[1] else END
    if latest < earliest:
        raise BadTime(
            f"cannot read the time {quoted(text)}: its latest, {format_instant(latest)}, "
            f"is before its earliest, {format_instant(earliest)}",
            hint=f"write the earlier first: {sides[1]}..{sides[0]}",
        )
    return Span(earliest, latest)


def parse_instant(text: str, zone: str | None = None, *, asked: str = "an instant") -> Instant:
    """Read a written time that is one instant (microseconds); `asked` names it in a refusal.

    Raises: BadTime for what `parse_span` refuses, and for a day, month, year or other true span.
    """
    span = parse_span(text, zone)
    if span.is_instant:
        return span.earliest
    begins, ends = format_bound(span.earliest), format_bound(span.latest)
    which, edge = ("first", span.earliest) if begins else ("last", span.latest)
    bracket = re.search(r"\[([^\]]*)\]", text)
    own = find_zone(bracket[1] if bracket else zone or "UTC")
    written = with_offset(edge, offset_at(own, edge) if own else 0)
    raise BadTime(
        f"{asked} was asked for, and {quoted(text)} is a span, "
        f"from {begins or 'an open side'} to {ends or 'an open side'}",
        hint=f"write one instant of it; the {which} is {written}",
    )


@lru_cache(maxsize=_REPEATED)
def _stored(text: str) -> Instant | None:
    """The instant that `format_instant` wrote as `text`, None where it cannot have."""
    try:
        if _STORED.fullmatch(text):
            return instant_of(datetime.fromisoformat(text))
    except ValueError:  # no such year, day, minute or second
        pass
    return None


def _side(text: str, whole: str, zone: str | None) -> Span:
    """Read `text`, a time that is no `A..B`, and tell what is wrong with it as part of `whole`."""
    try:
        return _single(text, zone)
    except BadTime as bad:
        where = "" if text == whole else f" in {quoted(whole)}"
        reason = f"cannot read the time {quoted(text)}{where}: {bad.message}"
        raise BadTime(reason, hint=bad.hint) from None


def _single(text: str, zone: str | None) -> Span:
    """Read `text`, a time that is no `A..B`; what it raises gives the reason only."""
    form = _FORM.fullmatch(text)
    if form is None:
        raise _unlike(text)
    year, month, day, hour, minute, second, fraction, offset, suffix = form.groups()
    first, last = _walls(year, month, day)
    if offset is None:
        own = _zone_of(suffix if suffix is not None else zone, text, dated=hour is None)
    if hour is None:
        span = Span(*local_bounds(first, last, own))
    else:
        wall = first + _time_of_day(hour, minute, second or "00", fraction or "")
        instant = only_reading(wall, own) if offset is None else wall - _ahead(offset)
        if offset is not None and suffix is not None:
            check_offset(wall, offset, instant, zone_named(suffix))
        span = Span(instant, instant)
    if span.earliest < FIRST or span.latest > LAST:
        hint = "leave a side that has no bound open: A.. or ..B"
        raise BadTime("in UTC it is outside the years 0001 to 9999", hint=hint)
    return span


def _walls(year: str, month: str | None, day: str | None) -> tuple[int, int]:
    """First and last wall (microseconds) of a written year, month or day."""
    try:
        first = date(int(year), int(month or 1), int(day or 1))
    except ValueError as bad:
        hint = "a date is year-month-day, as in 2021-01-10"
        raise BadTime(f"there is no such date: {bad}", hint=hint) from None
    last = first
    if day is None and month in (None, "12"):
        last = first.replace(month=12, day=31)
    elif day is None:
        last = first.replace(month=first.month + 1) - timedelta(days=1)
    begins, ends = (day.toordinal() - EPOCH.toordinal() for day in (first, last))
    return begins * DAY, ends * DAY + DAY - 1


def _time_of_day(hour: str, minute: str, second: str, fraction: str) -> int:
    """Microseconds since midnight."""
    if hour == "24":
        raise BadTime("the last hour of a day is 23", hint="midnight is 00:00 of the next day")
    if second == "60":
        hint = "no clock here counts it: write second 59, or 00 of the next minute"
        raise BadTime("second 60 is a leap second", hint=hint)
    if hour > "23" or minute > "59" or second > "59":
        hint = "hours are 00 to 23, minutes and seconds 00 to 59"
        raise BadTime(f"there is no time of day {hour}:{minute}:{second}", hint=hint)
    if len(fraction) > 6:
        hint = f"microseconds are the finest: write {second}.{fraction[:6]}"
        raise BadTime("it has more than six decimals of a second", hint=hint)
    whole = int(hour) * HOUR + int(minute) * MINUTE + int(second) * SECOND
    return whole + int(fraction.ljust(6, "0"))


def _ahead(offset: str) -> int:
    """Microseconds that a local time with that written offset is ahead of UTC."""
    if offset in "Zz":
        return 0
    hours, minutes = offset[1:3], offset[4:6]
    if hours > "23" or minutes > "59":
        raise BadTime(f"there is no offset {offset}", hint="offsets are -23:59 to +23:59")
    return int(f"{offset[0]}1") * (int(hours) * HOUR + int(minutes) * MINUTE)


def _unlike(text: str) -> BadTime:
    """Why `text` is none of the forms, as well as can be told."""
    reason, hint = "it is none of the written forms", _FORMS
    if not text.isascii():
        odd = next(character for character in text if not character.isascii())
        reason, hint = f"it has the character {odd!a}", "write the digits 0 to 9 and plain signs"
    elif any(character.isspace() for character in text):
        reason = "there is blank space in it"
        for likely in text.strip(), "".join(text.replace(" ", "T", 1).split()):
            form = _FORM.fullmatch(likely)
            if form and known_zone(form[9] or "UTC"):
                hint = f"write {likely}"
    elif text.count("[") > 1:
        reason, hint = "it has more than one bracket", "write one, with the name of a zone"
    elif dated := re.fullmatch(_DATE_WITH_OFFSET, text):
        reason = "a day, month or year takes no offset"
        hint = f"write {dated[1]}[America/Los_Angeles] with its zone, or add a time of day"
    return BadTime(reason, hint=hint)


# Writing


@lru_cache(maxsize=_REPEATED)
def format_instant(instant: Instant) -> str:
    """`2021-01-11T07:59:00Z`: UTC, a fraction only where it is not zero, without trailing zeros.

    Raises: ValueError outside the years 0001 to 9999, so for BEGINNING and END.
    Source: RFC 3339 section 5.6.
    """
    text = face(instant).isoformat()[:-6]  # all but +00:00
    return f"{text.rstrip('0') if '.' in text else text}Z"


def format_bound(bound: Instant) -> str | None:
    """`format_instant` of one side of a span or question, None where it is open."""
    return format_instant(bound) if BEGINNING < bound < END else None


def parse_stored(text: str) -> Instant:
    """Read what `format_instant` wrote: microseconds. Raises: BadTime for anything else."""
    if (instant := _stored(text)) is None:
        hint = "one looks like 2021-01-11T07:59:00Z"
        raise BadTime(f"{quoted(text)} is no instant as the record writes it", hint=hint)
    return instant


def format_span(span: Span) -> str:
    """The text that `parse_span` reads back as `span`: an instant, `A..B`, `A..` or `..B`, in UTC.

    Raises: ValueError for a span without any bound, or one that ends before it begins.
    """
    if span.earliest > span.latest or span == (BEGINNING, END):
        raise ValueError(f"{span} has no written form")
    if span.is_instant:
        return format_instant(span.earliest)
    return f"{format_bound(span.earliest) or ''}..{format_bound(span.latest) or ''}"


def _zone_of(name: str | None, text: str, *, dated: bool) -> ZoneInfo:
    """The zone of that name; `text` and whether it is `dated` only serve the hint without one."""
    if name is None:
        offset = "" if dated else f"{text}-08:00 or "  # no date takes one
        hint = f"write {offset}{text}[America/Los_Angeles], or give the platform a zone"
        raise BadTime("it has no zone, and the platform has none", hint=hint)
    return zone_named(name)
