"""Times as people type them: each is read as exactly one moment or span, or refused with a hint.

The written forms of `core.times` come first and mean here what they mean there. Only what is typed
at a prompt is read in the other ways; casebooks and batch files keep to the written forms.

    typed                                            means
    2021-01-11 00:30 PST   2021-01-11T00:30 +0100    that local time; its zone is an offset, Z, GMT,
    2021-01-11 00:30:05.5 Europe/Berlin              UTC, an IANA name, or an abbreviation that can
    20210111T003000Z   2021-01-11 noon PST           only be one: PST, CEST, MEZ; PT by the date
    11 January 2021 12:30am PST                      English and German months, also short; where a
    Sunday, January 10th, 2021 at 11:59 PM PST       weekday is given it has to be the right one
    11.01.2021 00:30   11. Januar 2021 0:30 Uhr MEZ  day.month.year; without a zone the platform's
    yesterday 18:00   today 09:00 PST   today        the day that it is on that clock now
    2021-01-11 00:30 PST (08:30 UTC)                 as an answer shows it; both must be the same
    now   -2h   +15m   now-90m   2 hours ago         counted from now
    2021-01-11 00:30 PST -1h30m                      counted from there
    @ID   @ID.earliest   @ID.latest                  the time of an event, or one side of it
    @ID:-1m   @ID.latest:+1m                         counted from there
    A..B   A..   ..B                                 as in `core.times`, of any of these

What is counted are seconds of UTC, whatever the clocks do meanwhile: a day (d) is 24 hours, a week
(w) 168, and months and years cannot be counted. A side that is open stays open.

Refused, since people read them in two ways: 01/11/2021; CST, IST, BST and their like; midnight,
12:00am and 12:00pm; an abbreviation that does not hold on that date; local times that the zone
skips or repeats. A refusal names the readings, or the nearest form that is read.

Source: contract section 3; `core.local` for dates and zones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeAlias

from postmortem.core.errors import BadInput, BadTime, quoted
from postmortem.core.lengths import SECOND
from postmortem.core.local import (
    MONTH,
    MONTHS,
    WEEKDAY,
    any_of,
    read_local,
    written,
)
from postmortem.core.times import (
    BEGINNING,
    END,
    Instant,
    Span,
    format_bound,
    format_instant,
    format_span,
    parse_instant,
    parse_span,
)
from postmortem.core.zones import in_zone

EventTime: TypeAlias = Callable[[str], Span]
"""Finds the time of the event with that id. Raises: BadInput, where there is none."""

_LONGEST: Final = 200  # characters; what is longer, core.times refuses
_FORMS: Final = (
    "write for example 2021-01-11T00:30-08:00, 2021-01-11 00:30 PST, 11 January 2021 12:30am PST, "
    "yesterday 18:00, -2h, or @EVENT:-1m"
)

_UNITS: Final = {
    name: length * SECOND
    for length, names in (
        (1, "s sec secs second seconds"),
        (60, "m min mins minute minutes"),
        (3600, "h hr hrs hour hours"),
        (86_400, "d day days"),
        (604_800, "w week weeks"),
    )
    for name in names.split()
}
_FLAGS: Final = re.ASCII | re.IGNORECASE
_LENGTH: Final = re.compile(rf"([0-9]+)(?:\.([0-9]{{1,6}}))? ?({any_of(_UNITS)}) ?", _FLAGS)
_LENGTHS: Final = rf"(?:[0-9]+(?:\.[0-9]{{1,6}})? ?{any_of(_UNITS)} ?)+"
_SHIFTED: Final = re.compile(rf"(.*?)( ?)([+-]) ?({_LENGTHS})", _FLAGS)
_AGO: Final = re.compile(rf"({_LENGTHS})ago", _FLAGS)
_EVENT: Final = re.compile(r"@([a-z0-9_-]+)(?:\.(earliest|latest))?")
_BARE_EVENT: Final = re.compile(r"(@[a-z0-9_-]+)([: ].*)?")
_ECHO: Final = re.compile(r"(.*\S) ?\(((?:[0-9-]{10} )?[0-9]{2}:[0-9:.]+) UTC\)", _FLAGS)


@dataclass(frozen=True, slots=True)
class _Here:
    """Where and when it is typed: the platform's zone, this moment, and the events to name."""

    zone: str | None
    now: Instant
    event: EventTime


def read_span(text: str, *, zone: str | None, now: Instant, event: EventTime) -> Span:
    """Read any typed time; `zone` is the platform's, where it has one, and `now` this moment.

    Raises: BadTime, with the text and the nearest form that is read; BadInput, from `event`.
    """
    try:
        return parse_span(text, zone)
    except BadTime:
        if len(text) > _LONGEST:
            raise
        plain = " ".join(unicodedata.normalize("NFC", text).split())
        sides = [side.strip() for side in plain.split("..")]
        if len(sides) > 2 or sides == ["", ""]:
            raise
    here = _Here(zone, now, event)
    if len(sides) == 1:
        return _side(plain, text, here)
    earliest = _side(sides[0], text, here).earliest if sides[0] else BEGINNING
    latest = _side(sides[1], text, here).latest if sides[1] else END
    if latest < earliest:
        raise BadTime(
            f"cannot read the time {quoted(text)}: its latest, {format_bound(latest)}, "
            f"is before its earliest, {format_bound(earliest)}",
            hint="write the earlier first",
        )
    return Span(earliest, latest)


def read_instant(
    text: str,
    *,
    zone: str | None,
    now: Instant,
    event: EventTime,
    asked: str = "an instant",
) -> Instant:
    """Read a typed time that is one instant (microseconds); `asked` names it in a refusal.

    Raises: BadTime for what `read_span` refuses, and for a true span; BadInput, from `event`.
    """
    try:
        parse_span(text, zone)
    except BadTime:
        span = read_span(text, zone=zone, now=now, event=event)
    else:
        return parse_instant(text, zone, asked=asked)
    if span.is_instant:
        return span.earliest
    begins, ends = (format_bound(bound) for bound in span)
    hint: str | None = None
    if named := _BARE_EVENT.fullmatch(" ".join(text.split())):
        sides = [side for side, bound in (("earliest", begins), ("latest", ends)) if bound]
        ways = " or ".join(f"{named[1]}.{side}{named[2] or ''}" for side in sides)
        hint = f"write {ways}" if ways else "write an instant: its time is open on both sides"
    elif begins or ends:
        try:
            return parse_instant(format_span(span), zone)  # is none, and says which is nearest
        except BadTime as bad:
            hint = bad.hint
    raise BadTime(
        f"{asked} was asked for, and {quoted(text)} is a span, "
        f"from {begins or 'an open side'} to {ends or 'an open side'}",
        hint=hint,
    )


def _side(text: str, whole: str, here: _Here) -> Span:
    """Read a time that is no `A..B`, and tell what is wrong with it as part of `whole`."""
    try:
        return _one(text, here)
    except BadTime as bad:
        shown = whole if ".." not in whole else text
        where = "" if shown == whole else f" in {quoted(whole)}"
        # a hint repeats what was typed, which may be anything; what cannot be shown is no help
        hint = bad.hint if bad.hint and bad.hint.isprintable() else _FORMS
        reason = f"cannot read the time {quoted(shown)}{where}: {bad.message}"
        raise BadTime(reason, hint=hint) from None


# What these raise gives the reason only: `_side` says of what.


def _one(text: str, here: _Here) -> Span:
    try:
        return written(text, here.zone)
    except BadTime as bad:
        problem = bad
    for read in _from_now, _as_shown, _shifted, _of_event:
        if (span := read(text, here)) is not None:
            return span
    if (span := read_local(text, here.zone, here.now)) is not None:
        return span
    raise _nearest(text, problem)


def _from_now(text: str, here: _Here) -> Span | None:
    """`now` and `2 hours ago`."""
    now = Span(here.now, here.now)
    if text.lower() == "now":
        return now
    ago = _AGO.fullmatch(text)
    return _moved(now, -_length(ago[1])) if ago else None


def _as_shown(text: str, here: _Here) -> Span | None:
    """`2021-01-11 00:30 PST (08:30 UTC)`."""
    if not (both := _ECHO.fullmatch(text)):
        return None
    span = _one(both[1], here)
    if not span.is_instant:
        raise BadTime("the time of day is missing before the bracket", hint=_FORMS)
    utc = in_zone(span.earliest, None)[:-4]
    if both[2] not in (utc, utc[11:]):
        hint = "find out which of the two is wrong, and write the other alone"
        raise BadTime(f"what stands before the bracket is {utc} UTC", hint=hint)
    return span


def _shifted(text: str, here: _Here) -> Span | None:
    """`-2h`, `now-90m`, `2021-01-11 00:30 PST -1h30m`, `@ID:-1m`."""
    if not (found := _SHIFTED.fullmatch(text)):
        return None
    base, blank, sign, lengths = found.groups()
    of_event = base.startswith("@")
    if of_event and not blank and not base.endswith(":"):
        return None  # an id may end in -1m
    by = int(f"{sign}1") * _length(lengths)
    shift = f"{sign}{lengths.strip()}"
    if base.lower() in ("", "now"):
        return _moved(Span(here.now, here.now), by)
    if not blank and not of_event:
        raise BadTime("a blank is missing", hint=f"write {base} {shift}")
    span = _one(base.removesuffix(":").rstrip() if of_event else base, here)
    if not span.is_instant and not of_event:
        hint = f"write the time of day too, as in 2021-01-11 00:30 PST {shift}"
        raise BadTime(f"{shift} is counted from an instant, not from a span", hint=hint)
    return _moved(span, by)


def _length(text: str) -> int:
    """Microseconds of `1h30m`."""
    total, last = 0, None
    for whole, fraction, name in _LENGTH.findall(text):
        if name == "M":
            hint = f"write {whole}m for minutes; months cannot be counted, so name the date"
            raise BadTime("M may be minutes or months", hint=hint)
        unit = _UNITS[name.lower()]
        if last is not None and unit >= last:
            hint = "write for example 1h30m, or 90m"
            raise BadTime("the larger unit comes first, and each comes once", hint=hint)
        # exact, as each unit is a whole number of seconds, and microseconds are the finest
        total += int(whole) * unit + int(fraction.ljust(6, "0")) * (unit // SECOND)
        last = unit
    return total


def _moved(span: Span, by: int) -> Span:
    """The span so many microseconds later; an open side stays open."""
    earliest, latest = (bound + by if format_bound(bound) else bound for bound in span)
    try:
        for before, after in zip(span, (earliest, latest), strict=True):
            if before != after:
                format_instant(after)
    except ValueError:
        hint = "name the date instead"
        raise BadTime("it is outside the years 0001 to 9999", hint=hint) from None
    return Span(earliest, latest)


def _of_event(text: str, here: _Here) -> Span | None:
    """`@ID`, `@ID.earliest`, `@ID.latest`."""
    if not text.startswith("@"):
        return None
    if not (named := _EVENT.fullmatch(text)):
        hint = "write @ID.earliest, @ID.latest, or @ID:-1m"
        if _EVENT.fullmatch(text.lower()):
            hint = f"ids are in lower case: write {text.lower()}"
        elif shift := re.fullmatch(rf"(@[a-z0-9_-]+(?:\.\w+)?)[: .]({_LENGTHS})", text):
            hint = f"write {shift[1]}:-{shift[2]} or {shift[1]}:+{shift[2]}"
        raise BadTime("an event is named @ID, @ID.earliest or @ID.latest", hint=hint)
    try:
        span = here.event(named[1])
    except BadInput as unknown:
        if shift := re.fullmatch(rf"@(.+)(-{_LENGTHS})", text, _FLAGS):
            here.event(shift[1])  # or says that there is no such event either
            raise BadInput(unknown.message, hint=f"write @{shift[1]}:{shift[2]}") from None
        raise
    if named[2] is None:
        return span
    bound = span.earliest if named[2] == "earliest" else span.latest
    if bound in (BEGINNING, END):
        other = format_bound(span.latest if named[2] == "earliest" else span.earliest)
        hint = f"its other side is {other}" if other else "its time is open on both sides"
        raise BadTime("that side of its time is open", hint=hint)
    return Span(bound, bound)


# What was probably meant


def _nearest(text: str, problem: BadTime) -> BadTime:
    """Why `text` is no typed time, as well as can be told, with the nearest form that is."""
    for pattern, explain in _UNREAD:
        if (found := pattern.match(text)) and (told := explain(*found.groups())):
            reason, instead = told
            return BadTime(reason, hint=f"write {instead}" if instead else _FORMS)
    generic = problem.hint is None or problem.hint.startswith("write for example")
    return BadTime(problem.message, hint=_FORMS if generic else problem.hint)


_Told: TypeAlias = tuple[str, str] | None  # the reason, and what to write


def _two_orders(one: str, sign: str, two: str, year: str, rest: str) -> _Told:
    readings = [_date(year, *pair) for pair in dict.fromkeys(((one, two), (two, one)))]
    days = sorted(day for day in readings if day is not None)
    if not days:
        return "there is no such date", ""
    names = [f"{day.day} {MONTHS[day.month - 1].split()[0]} {day.year}" for day in days]
    reason = f"a date with {sign} is not read: it may be {' or '.join(names)}"
    return reason, " or ".join(f"{day}{rest}" for day in days)


def _year_first(year: str, month: str, day: str, rest: str) -> _Told:
    found = _date(year, month, day)
    return (f"a date is written {found}", f"{found}{rest}") if found else None


def _week(year: str, week: str, day: str | None, rest: str) -> _Told:
    try:
        first = date.fromisocalendar(int(year), int(week), int(day or 1))
        last = first if day else first + timedelta(days=6)
    except (ValueError, OverflowError):
        return "dates by the week are not read, and this is none", ""
    return "dates by the week are not read", f"{first}{rest}" if day else f"{first}..{last}"


def _day_of_year(year: str, number: str, rest: str) -> _Told:
    last = _date(year, "12", "31")
    if last is not None and 1 <= int(number) <= last.timetuple().tm_yday:
        day = last - timedelta(days=last.timetuple().tm_yday - int(number))
        return "dates by the day of the year are not read", f"{day}{rest}"
    return "dates by the day of the year are not read, and this is none", ""


def _number(digits: str) -> _Told:
    unit = SECOND if len(digits) < 12 else 1000 if len(digits) < 15 else 1
    try:
        instant = format_instant(int(digits) * unit)
    except ValueError:
        return None
    return "a number is no time", f"{instant} if it counts from 1970 in UTC"


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _counted(lengths: str, word: str) -> _Told:
    shift = f"{'+' if word.lower() == 'after' else '-'}{lengths.strip()}"
    return f"the moment comes first, then {shift}", f"for example 2021-01-11 00:30 PST {shift}"


_NO_YEAR: Final = "its year is missing, or has not four digits"
_UNREAD: Final[tuple[tuple[re.Pattern[str], Callable[..., _Told]], ...]] = tuple(
    (re.compile(pattern, _FLAGS), explain)
    for pattern, explain in (
        (r"([0-9]{1,2})([/-])([0-9]{1,2})[/-]([0-9]{4})(?![0-9])(.*)", _two_orders),
        (r"(?!\d{4}-\d\d-\d\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)(.*)", _year_first),
        (r"([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9])(.*)", _year_first),
        (r"([0-9]{4})-?W([0-9]{2})(?:-?([0-9]))?(?![0-9])(.*)", _week),
        (r"([0-9]{4})-([0-9]{3})(?![0-9])(.*)", _day_of_year),
        (r"([0-9]{9,17})$", _number),
        (rf"({_LENGTHS})(before|after)\b", _counted),
        (rf"in ({_LENGTHS})$", lambda lengths: ("it is counted with a sign", f"+{lengths}")),
        (
            r".*[0-9] ?(?:mo|months?|y|yrs?|years?)(?: ago)?$",
            lambda: ("months and years differ in length", "the date, or count days, as in -30d"),
        ),
        (
            rf"(?:{WEEKDAY}\.?,? )?(?:[0-9]{{1,2}}\S* {MONTH}|{MONTH}\.? [0-9]{{1,2}}(?![0-9]))",
            lambda: (_NO_YEAR, "for example 11 January 2021 12:30am PST"),
        ),
        (
            r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{0,3}(?![0-9])",
            lambda _: (_NO_YEAR, "for example 11.01.2021 00:30"),
        ),
        (WEEKDAY, lambda: ("its date is missing", "for example 2021-01-11 00:30 PST")),
        (
            r"((?:[0-9]{1,2}:[0-9]{2}|[0-9]{1,2} ?[ap]\.?m\b|noon\b|mid(?:day|night)\b).*)",
            lambda time: ("its date is missing", f"today {time}"),
        ),
    )
)
