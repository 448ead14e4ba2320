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
only), PEP 495 (skipped and repeated local times), the IANA time zone database.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from postmortem.core.errors import BadTime

if TYPE_CHECKING:  # a question in UTC is answered without loading it
    from zoneinfo import ZoneInfo

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""

BEGINNING: Final = -(2**63)
"""The earliest of a span that is open towards the past; no instant."""

END: Final = 2**63 - 1
"""The latest of a span that is open towards the future, or no limit in a question; no instant."""

_LONGEST: Final = 200  # characters that a written time may have
_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND

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
# the next two are compiled when they are met: few questions meet one
_DATE_WITH_OFFSET: Final = r"([0-9]{4}(?:-[0-9]{2}){0,2})(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
# Every part of an IANA name begins with a capital. That leaves out `localtime`, `posixrules`,
# `posix/...`, `right/...` (which counts leap seconds) and every path out of the zones' folder.
_ZONE_NAME: Final = r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Z][A-Za-z0-9_+-]*)*"

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
        raise BadTime(f"cannot read the time {_shown(text)}: {reason}", hint=_FORMS)
    if len(sides) == 1:
        return _side(text, text, zone)
    earliest = _side(sides[0], text, zone).earliest if sides[0] else BEGINNING
    latest = _side(sides[1], text, zone).latest if sides[1] else END
    if latest < earliest:
        raise BadTime(
            f"cannot read the time {_shown(text)}: its latest, {format_instant(latest)}, "
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
    own = _load(bracket[1] if bracket else zone or "UTC")
    written = _written(edge, _offset(own, edge) if own else 0)
    raise BadTime(
        f"{asked} was asked for, and {_shown(text)} is a span, "
        f"from {begins or 'an open side'} to {ends or 'an open side'}",
        hint=f"write one instant of it; the {which} is {written}",
    )


def _stored(text: str) -> Instant | None:
    """The instant that `format_instant` wrote as `text`, None where it cannot have."""
    try:
        if _STORED.fullmatch(text):
            return _instant(datetime.fromisoformat(text))
    except ValueError:  # no such year, day, minute or second
        pass
    return None


def _side(text: str, whole: str, zone: str | None) -> Span:
    """Read `text`, a time that is no `A..B`, and tell what is wrong with it as part of `whole`."""
    try:
        return _single(text, zone)
    except BadTime as bad:
        where = "" if text == whole else f" in {_shown(whole)}"
        reason = f"cannot read the time {_shown(text)}{where}: {bad.message}"
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
        span = _local_span(first, last, own)
    else:
        wall = first + _time_of_day(hour, minute, second or "00", fraction or "")
        instant = _only_reading(wall, own) if offset is None else wall - _ahead(offset)
        if offset is not None and suffix is not None:
            _agree(wall, offset, instant, _zone(suffix))
        span = Span(instant, instant)
    if span.earliest < _FIRST or span.latest > _LAST:
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
    begins, ends = (day.toordinal() - _EPOCH.toordinal() for day in (first, last))
    return begins * _DAY, ends * _DAY + _DAY - 1


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
    whole = int(hour) * _HOUR + int(minute) * _MINUTE + int(second) * _SECOND
    return whole + int(fraction.ljust(6, "0"))


def _ahead(offset: str) -> int:
    """Microseconds that a local time with that written offset is ahead of UTC."""
    if offset in "Zz":
        return 0
    hours, minutes = offset[1:3], offset[4:6]
    if hours > "23" or minutes > "59":
        raise BadTime(f"there is no offset {offset}", hint="offsets are -23:59 to +23:59")
    return int(f"{offset[0]}1") * (int(hours) * _HOUR + int(minutes) * _MINUTE)


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


def format_instant(instant: Instant) -> str:
    """`2021-01-11T07:59:00Z`: UTC, a fraction only where it is not zero, without trailing zeros.

    Raises: ValueError outside the years 0001 to 9999, so for BEGINNING and END.
    Source: RFC 3339 section 5.6.
    """
    text = _face(instant).isoformat()[:-6]  # all but +00:00
    return f"{text.rstrip('0') if '.' in text else text}Z"


def format_bound(bound: Instant) -> str | None:
    """`format_instant` of one side of a span or question, None where it is open."""
    return None if bound in (BEGINNING, END) else format_instant(bound)


def parse_stored(text: str) -> Instant:
    """Read what `format_instant` wrote: microseconds. Raises: BadTime for anything else."""
    if (instant := _stored(text)) is None:
        hint = "one looks like 2021-01-11T07:59:00Z"
        raise BadTime(f"{_shown(text)} is no instant as the record writes it", hint=hint)
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


def in_zone(instant: Instant, zone: str | None) -> str:
    """For people: `2021-01-11 00:30 PST`, or `+0545` in place of a name that is not all letters.

    Seconds and fraction are shown where they are not zero. UTC serves where `zone` is None, and
    where the local time would leave the years 0001 to 9999.
    Raises: BadTime for an unknown zone; ValueError for BEGINNING, END and beyond.
    """
    local, mark = _face(instant), "UTC"
    if zone is not None:
        own = _zone(zone)
        try:
            local = local.astimezone(own)
            mark = local.tzname() or ""
        except OverflowError:
            pass
        if not mark.isalpha():
            mark = _signed(_offset(own, instant)).replace(":", "")
    return f"{_short(local).replace('T', ' ')} {mark}"


def _instant(face: datetime) -> Instant:
    """The instant of an aware `face` in UTC."""
    return (face - _EPOCH) // _MICROSECOND


def _face(instant: Instant) -> datetime:
    """Date and time of `instant` in UTC. Raises: ValueError outside the years 0001 to 9999."""
    try:
        return _EPOCH + timedelta(microseconds=instant)
    except OverflowError:
        raise ValueError(f"{instant} is outside the years 0001 to 9999") from None


def _short(face: datetime) -> str:
    """`2021-01-10T23:59`, with seconds and fraction where they are not zero."""
    precision = "auto" if face.second or face.microsecond else "minutes"
    text = face.replace(tzinfo=None).isoformat(timespec=precision)
    return text.rstrip("0") if "." in text else text


def _signed(offset: int) -> str:
    """`-08:00`, with seconds where they are not zero: so it was before there were zones."""
    seconds = abs(offset) // _SECOND
    text = f"{'-' if offset < 0 else '+'}{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


def _written(instant: Instant, offset: int) -> str:
    """`instant` as a person may write it: with that offset, or with Z where that cannot be."""
    if not offset or offset % _MINUTE or not _FIRST <= instant + offset <= _LAST:
        return f"{_short(_face(instant))}Z"
    return f"{_short(_face(instant + offset))}{_signed(offset)}"


def _shown(text: str) -> str:
    """`text` in quotes, cut where it is long, without a raw control character."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


# Zones. A wall is what a local clock shows: microseconds, as if the clock were in UTC.


def known_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone of this machine, in exactly its spelling."""
    return _load(name) is not None


@lru_cache(maxsize=1024)
def _load(name: str) -> ZoneInfo | None:
    """The zone of that name, if there is one."""
    from zoneinfo import ZoneInfo

    if len(name) > _LONGEST or not re.fullmatch(_ZONE_NAME, name):
        return None
    if sys.platform != "linux" and name not in _names():
        return None  # elsewhere the file system may find EUROPE/BERLIN too
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # there is none, or another kind of file, or a folder
        return None


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """All zones of this machine; slow, for it opens every file of the database."""
    from zoneinfo import available_timezones

    return frozenset(name for name in available_timezones() if re.fullmatch(_ZONE_NAME, name))


def _zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises: BadTime, with the names that come near."""
    if zone := _load(name):
        return zone
    if name[:1] in ("!", "+", "-") or "=" in name:
        hint = "write the zone's name alone; an offset stands before the bracket"
        raise BadTime(f"of the bracket only a zone's name is read, not {_shown(name)}", hint=hint)
    from difflib import get_close_matches

    near = {known.lower(): known for known in sorted(_names())}
    wanted = name[:_LONGEST].lower().replace(" ", "_")
    matches = [low for low in near if low.endswith(f"/{wanted}")]
    matches = matches or get_close_matches(wanted, near, n=3)
    likely = " or ".join(near[low] for low in matches) or "an IANA name, such as Europe/Berlin"
    raise BadTime(f"this machine knows no time zone {_shown(name)}", hint=f"write {likely}")


def _zone_of(name: str | None, text: str, *, dated: bool) -> ZoneInfo:
    """The zone of that name; `text` and whether it is `dated` only serve the hint without one."""
    if name is None:
        offset = "" if dated else f"{text}-08:00 or "  # no date takes one
        hint = f"write {offset}{text}[America/Los_Angeles], or give the platform a zone"
        raise BadTime("it has no zone, and the platform has none", hint=hint)
    return _zone(name)


def _offset(zone: ZoneInfo, instant: Instant) -> int:
    """Microseconds that the zone's clocks are ahead of UTC at `instant`.

    Within a day of the edges of years 0001 and 9999 it looks a day further in, lest the local time
    overflow: no clock changes there. It goes from UTC to local, for utcoffset() goes by wall time.
    """
    inside = min(max(instant, _FIRST + _DAY), _LAST - _DAY)
    local = zone.fromutc(_face(inside).replace(tzinfo=zone))
    return _instant(local.replace(tzinfo=UTC)) - inside


def _readings(wall: int, zone: ZoneInfo) -> tuple[list[Instant], list[Instant]]:
    """The instants, in order, that `wall` may mean, and those at which the clocks do show it.

    It may be read with the offset before a change of the clocks, and with the one after it: both
    hold for a repeated local time, neither for a skipped one. Source: PEP 495.
    """
    face = _face(wall).replace(tzinfo=zone)
    shifts = [face.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    readings = sorted({wall - shift // _MICROSECOND for shift in shifts})
    return readings, [instant for instant in readings if instant + _offset(zone, instant) == wall]


def _only_reading(wall: int, zone: ZoneInfo) -> Instant:
    """The instant at which the zone's clocks show `wall`. Raises: BadTime where it is not one."""
    readings, held = _readings(wall, zone)
    if len(held) == 1:
        return held[0]
    both = [_written(instant, wall - instant) for instant in readings]
    shown = [f"{text} ({in_zone(i, zone.key)})" for text, i in zip(both, readings, strict=True)]
    raise BadTime(
        f"{zone.key} {'repeats' if held else 'skips'} that local time: {' or '.join(shown)}",
        hint=f"write the one that is meant with its offset, without a [Zone]: {' or '.join(both)}",
    )


def _agree(wall: int, offset: str, instant: Instant, zone: ZoneInfo) -> None:
    """Raises: BadTime where the zone has not the written offset then; Z fits every zone."""
    if offset in "Zz" or instant + _offset(zone, instant) == wall:
        return
    readings, held = _readings(wall, zone)
    has = [_signed(wall - reading) for reading in held or readings]
    meant = " or ".join(_written(reading, wall - reading) for reading in held or readings)
    then = (
        f"has {' or '.join(has)}"
        if held
        else f"skips that local time, from {' to '.join(has[::-1])}"
    )
    reason = f"{zone.key} does not have the offset {offset} then: it {then}"
    raise BadTime(reason, hint=f"write {meant}, or leave out the [Zone]")


def _local_span(first: int, last: int, zone: ZoneInfo) -> Span:
    """All instants from wall `first` to wall `last`. Raises: BadTime where the zone skips them."""
    begins, ends = _readings(first, zone)[1], _readings(last, zone)[1]
    earliest = begins[0] if begins else _change_over(first, zone)
    latest = ends[-1] if ends else _change_over(last, zone) - 1
    if earliest > latest:
        reason = f"{zone.key} skips that day: its clocks go on to {in_zone(earliest, zone.key)}"
        raise BadTime(reason, hint="write the day before or after, or an instant with its offset")
    return Span(earliest, latest)


def _change_over(wall: int, zone: ZoneInfo) -> Instant:
    """The instant at which the zone's clocks pass over `wall`, which they never show."""
    low, high = _readings(wall, zone)[0]
    return low + bisect_left(range(low, high), wall, key=lambda i: i + _offset(zone, i))
