"""Local times as people type them: a date, a time of day, and whose clock shows them.

    2021-01-11 00:30:05.5   20210111T003000   11.01.2021 00:30   yesterday 18:00   today
    11 January 2021 12:30am   Sunday, January 10th, 2021 at 11:59 PM   11. Januar 2021, 0:30 Uhr

and behind it nothing (the platform's zone), an offset, Z, UTC, GMT, an IANA name, or an
abbreviation that can only be one. `core.typed` says how all this comes together; here a refusal
gives the reason only, and text comes in with single blanks.

Source: for 12:00am and 12:00pm the "Times of Day FAQs" of NIST, which calls both ambiguous; for
the abbreviations the IANA time zone database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from postmortem.core.errors import BadTime, quoted
from postmortem.core.times import Instant, Span, format_instant, parse_span
from postmortem.core.zones import FIRST, LAST, in_zone, instant_of, known_zone


def written(text: str, zone: str | None = None) -> Span:
    """A written form of `core.times`. Raises: BadTime, with the reason alone as its message."""
    try:
        return parse_span(text, zone)
    except BadTime as bad:
        reason = bad.message.removeprefix(f"cannot read the time {quoted(text)}: ")
        raise BadTime(reason, hint=bad.hint) from None


# Words. All are ASCII: a ligature or a Kelvin sign that folds to a letter is no letter here.

MONTHS: Final = (
    "January jan januar jaenner", "February feb februar", "March mar maerz maer mrz", "April apr",
    "May mai", "June jun juni", "July jul juli", "August aug", "September sept sep",
    "October oct oktober okt", "November nov", "December dec dezember dez",
)  # fmt: skip
_WEEKDAYS: Final = (
    "Monday mon montag", "Tuesday tues tue dienstag", "Wednesday wed mittwoch",
    "Thursday thurs thur thu donnerstag", "Friday fri freitag", "Saturday sat samstag sonnabend",
    "Sunday sun sonntag",
)  # fmt: skip
_MONTH_OF: Final = {
    name.lower(): number for number, names in enumerate(MONTHS, 1) for name in names.split()
}
_WEEKDAY_OF: Final = {
    name.lower(): number for number, names in enumerate(_WEEKDAYS) for name in names.split()
}
_FROM_TODAY: Final = {"yesterday": -1, "today": 0, "tomorrow": 1}


def any_of(words: dict[str, int]) -> str:
    """A pattern for one of the words with no letter behind it."""
    return f"(?:{'|'.join(sorted(words, key=len, reverse=True))})(?![a-z])"


MONTH: Final = any_of(_MONTH_OF)
WEEKDAY: Final = any_of(_WEEKDAY_OF)
_FLAGS: Final = re.ASCII | re.IGNORECASE
_DATES: Final = tuple(
    re.compile(rf"(?:(?P<weekday>{WEEKDAY})\.?,? )?(?:{form})(?![0-9])", _FLAGS)
    for form in (
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})",
        r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})",
        rf"(?P<day>[0-9]{{1,2}})(?:\.|st|nd|rd|th)? (?P<name>{MONTH})\.?,? (?P<year>[0-9]{{4}})",
        rf"(?P<name>{MONTH})\.? (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<year>[0-9]{{4}})",
        rf"(?P<near>{any_of(_FROM_TODAY)})",
    )
)
_COMPACT: Final = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})(?:([0-9]{2})(\.[0-9]+)?)?(?![0-9:])",
    _FLAGS,
)
_GAP: Final = re.compile(r"T(?=[0-9])| ?, ?(?:(?:at|um) )?| (?:(?:at|um) )?", _FLAGS)
_CLOCK: Final = re.compile(
    r"""(?P<word> (?:12\s)? (?:noon|midnight|mitternacht) (?![a-z]) )
    | (?P<hour>[0-9]{1,2}) (?: :(?P<minute>[0-9]{2}) (?: :(?P<second>[0-9]{2}(?:\.[0-9]+)?) )? )?
      (?: \s? (?P<mark> [ap]m | [ap]\.m\. | uhr ) (?![a-z0-9_/]) )? (?! [0-9:.] )""",
    _FLAGS | re.VERBOSE,
)
_OFFSET: Final = re.compile(r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)? ?(?:\[([^\]]*)\])?", _FLAGS)
_ZONE: Final = re.compile(r"[a-z][a-z0-9_+/ -]*", _FLAGS)
_SIGNED_ZONE: Final = re.compile(r"(?:UTC|GMT) ?([+-])([0-9]{1,2})(?::?([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whose clock shows a local time: that of an offset, of a zone, or of whoever says PST."""

    offset: str = ""
    zone: str | None = None
    """Beside an offset it has to agree; without any of the three, the platform's zone counts."""
    name: str = ""
    """The abbreviation under which a clock must show it."""
    zones: tuple[str, ...] = ()
    """The zones that may show that abbreviation."""

    @property
    def suffix(self) -> str:
        """How a written form says it."""
        return self.offset if self.zone is None else f"{self.offset}[{self.zone}]"


def read_local(text: str, zone: str | None, now: Instant) -> Span | None:
    """Read a date, with or without a time of day; None where `text` does not begin with a date.

    `zone` is the platform's, and `now` tells which day is today. Raises: BadTime.
    """
    text = text.replace("ä", "ae").replace("Ä", "Ae")
    if compact := _COMPACT.match(text):
        year, month, day, hour, minute, second, fraction = compact.groups(default="")
        clock = f"{hour}:{minute}:{second or '00'}{fraction}"
        text = f"{year}-{month}-{day}T{clock}{text[compact.end() :]}"
    typed = next((found for form in _DATES if (found := form.match(text))), None)
    if typed is None:
        return None
    gap = _GAP.match(text, typed.end())
    time = _CLOCK.match(text, gap.end()) if gap else None
    behind = text[(time or typed).end() :].strip(" ,")
    if not _OFFSET.fullmatch(behind) and not _ZONE.fullmatch(behind):
        if " " not in text:
            return None
        kind = "no zone" if time else "neither a time of day nor a zone"
        hint = "write for example 2021-01-11 00:30 PST, or 2021-01-11T00:30-08:00"
        if re.match(r"[0-9]{4}\b", behind):
            hint = f"write {typed[0]} {behind[:2]}:{behind[2:]}"
        raise BadTime(f"{quoted(behind)} is {kind}", hint=hint)
    whose = _whose(behind, zone)
    day = _day(typed, whose, zone, now)
    if time is None:
        if whose.name:
            hint = f"write {day} {whose.zones[0]}"
            raise BadTime(f"a whole day takes the name of a zone, not {quoted(behind)}", hint=hint)
        return written(f"{day}{whose.suffix}", zone)
    wall = f"{day}T{_time_of_day(time, day, f' {behind}' if behind else '')}"
    if whose.name:
        instant = _named(wall, whose)
        return Span(instant, instant)
    return written(f"{wall}{whose.suffix}", zone)


# Dates


def _day(typed: re.Match[str], whose: _Whose, zone: str | None, now: Instant) -> str:
    """`2021-01-11`; for yesterday, today and tomorrow as that clock has it now."""
    parts = typed.groupdict()
    if near := parts.get("near"):
        today = date.fromisoformat(_today(whose, zone, now, near)).toordinal()
        ordinal = today + _FROM_TODAY[near.lower()]
        if not 1 <= ordinal <= date.max.toordinal():
            raise BadTime("it is outside the years 0001 to 9999", hint="write the date")
        day = date.fromordinal(ordinal)
    else:
        month = _MONTH_OF[parts["name"].lower()] if parts.get("name") else int(parts["month"])
        text = f"{parts['year']}-{month:02}-{int(parts['day']):02}"
        written(text, "UTC")  # or says why there is no such date
        day = date.fromisoformat(text)
    weekday = parts["weekday"]
    if weekday and _WEEKDAY_OF[weekday.lower()] != day.weekday():
        right, wrong = (
            _WEEKDAYS[number].split()[0] for number in (day.weekday(), _WEEKDAY_OF[weekday.lower()])
        )
        hint = f"find out which of the two is wrong; the date alone is {day}"
        raise BadTime(f"{day} is a {right}, not a {wrong}", hint=hint)
    return day.isoformat()


def _today(whose: _Whose, zone: str | None, now: Instant, typed: str) -> str:
    """The date on that clock now."""
    own = whose.zones[0] if whose.name else whose.zone
    if own is None and whose.offset:
        ahead = -written(f"1970-01-01T00:00{whose.offset}").earliest
        return format_instant(min(max(now + ahead, FIRST), LAST))[:10]
    if own is None and zone is None:
        hint = f"write {typed} 18:00 PST, or {typed} 18:00 America/Los_Angeles"
        raise BadTime(f"{typed} needs a zone, and the platform has none", hint=hint)
    return in_zone(now, own or zone)[:10]


def day_after(day: str) -> str:
    """The date of the next day; past the last one there is, a word for it."""
    if day == date.max.isoformat():
        return "the next day"
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


# Times of day


def _time_of_day(typed: re.Match[str], day: str, behind: str) -> str:
    """`00:30:05.5`; day and zone only serve the hints."""
    if word := typed["word"]:
        if word.lower().endswith("noon"):
            return "12:00"
        raise _midnight(word, day, behind)
    hour, mark = int(typed["hour"]), (typed["mark"] or "").lower()
    minutes = f"{typed['minute'] or '00'}{':' if typed['second'] else ''}{typed['second'] or ''}"
    if mark[:1] in ("a", "p"):
        return _of_twelve(typed, hour, minutes, day, behind)
    if hour == 24 and not minutes.strip("0:."):
        hint = f"write {day_after(day)} 00:00{behind}"
        raise BadTime("the last hour of a day is 23; 24:00 is 00:00 of the next", hint=hint)
    if not mark and (typed["minute"] is None or len(typed["hour"]) == 1):
        reason = "has no minutes" if typed["minute"] is None else "may be of 12 hours or of 24"
        twelve = f", {hour}:{minutes}am or {hour}:{minutes}pm" if 1 <= hour < 12 else ""
        hint = f"write {hour:02}:{minutes}{twelve}"
        raise BadTime(f"the time of day {quoted(typed[0].strip())} {reason}", hint=hint)
    return f"{hour:02}:{minutes}"


def _of_twelve(typed: re.Match[str], hour: int, minutes: str, day: str, behind: str) -> str:
    """The time of day of a clock of twelve hours, on which 12:30am is 00:30."""
    mark = typed["mark"].lower()
    if not 1 <= hour <= 12:
        hint = f"write {hour:02}:{minutes}, or {hour % 12 or 12}:{minutes}{mark}"
        raise BadTime(
            f"there is no {typed[0]}: before am and pm the hour is 1 to 12",
            hint=hint if hour < 24 else "without them the hour is 00 to 23",
        )
    if hour == 12 and not minutes.strip("0:."):
        if mark[0] == "a":
            raise _midnight(typed[0], day, behind)
        hint = f"write {day} noon{behind}, or {day_after(day)} 00:00{behind}"
        raise BadTime(f"some read {typed[0]} as noon and some as midnight", hint=hint)
    return f"{hour % 12 + (12 if mark[0] == 'p' else 0):02}:{minutes}"


def _midnight(typed: str, day: str, behind: str) -> BadTime:
    return BadTime(
        f"some read {typed} as the beginning of the day and some as its end",
        hint=f"write {day} 00:00{behind}, or {day_after(day)} 00:00{behind}",
    )


# Whose clock. An abbreviation is read by the clocks of its zone and of the platform's: one of them
# has to show that very local time under that very name. So it needs no offset here, and PST in
# July, which is an hour off what was meant more often than not, is refused.

NAMES_OF: Final = {
    "America/Los_Angeles": "PST PDT", "America/Denver": "MST MDT", "America/New_York": "EST EDT",
    "America/Anchorage": "AKST AKDT", "Pacific/Honolulu": "HST", "Europe/Lisbon": "WET WEST",
    "Europe/Berlin": "CET CEST", "Europe/Athens": "EET EEST", "Asia/Tokyo": "JST",
    "Asia/Seoul": "KST",
}  # fmt: skip
"""Zone -> the abbreviations that are read by its clocks, being nobody else's."""
_ZONE_OF: Final = {name: zone for zone, names in NAMES_OF.items() for name in names.split()}
_GERMAN: Final = {"MEZ": "CET", "MESZ": "CEST"}
_BY_DATE: Final = {
    "PT": "America/Los_Angeles", "MT": "America/Denver", "ET": "America/New_York",
    "UTC": "UTC", "GMT": "UTC",
}  # fmt: skip
_AMBIGUOUS: Final = {
    "ADT": "America/Halifax -03:00, Asia/Baghdad +04:00",
    "AMT": "America/Manaus -04:00, Asia/Yerevan +04:00",
    "AST": "America/Halifax -04:00, Asia/Riyadh +03:00",
    "BST": "Europe/London +01:00, Asia/Dhaka +06:00, Pacific/Bougainville +11:00",
    "CDT": "America/Chicago -05:00, America/Havana -04:00",
    "CST": "America/Chicago -06:00, Asia/Shanghai +08:00, America/Havana -05:00",
    "CT": "America/Chicago -06:00, Asia/Shanghai +08:00",
    "ECT": "America/Guayaquil -05:00, America/Puerto_Rico -04:00",
    "GST": "Asia/Dubai +04:00, Atlantic/South_Georgia -02:00",
    "IST": "Asia/Kolkata +05:30, Europe/Dublin +01:00, Asia/Jerusalem +02:00",
    "SST": "Pacific/Pago_Pago -11:00, Asia/Singapore +08:00",
    "WST": "Australia/Perth +08:00, Pacific/Apia +13:00",
}
ABBREVIATIONS: Final = frozenset(_ZONE_OF)
"""Those that can only be one."""


def _whose(typed: str, zone: str | None) -> _Whose:
    """Whose clock is meant by what stands behind the time of day."""
    name = typed.upper()
    if offset := _OFFSET.fullmatch(typed):
        ahead, bracket = offset.groups()
        if ahead and len(ahead) > 1:
            digits = ahead[1:].replace(":", "").ljust(4, "0")
            ahead = f"{ahead[0]}{digits[:2]}:{digits[2:]}"
        return _Whose(ahead or "", None if bracket is None else bracket.replace(" ", "_"))
    if name in _BY_DATE:
        return _Whose(zone=_BY_DATE[name])
    if name in _AMBIGUOUS:
        meant = [one.split() for one in _AMBIGUOUS[name].split(", ")]
        raise BadTime(
            f"{name} may be {' or '.join(f'{offset} ({own})' for own, offset in meant)}",
            hint=f"write one of these in its place: {', '.join(own for own, _ in meant)}, "
            f"{', '.join(offset for _, offset in meant)}"
            + (f"; without a zone it is {zone}" if zone else ""),
        )
    signed = _SIGNED_ZONE.fullmatch(name)
    if signed and not known_zone(typed):  # GMT+0 is a zone, and UTC
        hint = f"write {signed[1]}{int(signed[2]):02}:{signed[3] or '00'} in its place"
        raise BadTime(f"{quoted(typed)} is no zone: an offset stands alone", hint=hint)
    shown = _GERMAN.get(name, name)
    home = () if zone is None else (zone,)
    if shown in _ZONE_OF:
        return _Whose(name=shown, zones=tuple(dict.fromkeys((_ZONE_OF[shown], *home))))
    if typed.isalpha() and len(typed) <= 5 and not known_zone(typed):
        if not home:
            raise _unread(typed)
        return _Whose(name=typed, zones=home)
    return _Whose(zone=typed.replace(" ", "_"))


def _unread(name: str) -> BadTime:
    hint = "write its zone in its place, such as Europe/Berlin, or an offset, such as +01:00"
    return BadTime(f"{name} is no abbreviation that is read here", hint=hint)


def _named(wall: str, whose: _Whose) -> Instant:
    """The one instant at which a clock shows that local time under that abbreviation."""
    as_utc = written(f"{wall}Z").earliest  # or says why there is no such time of day
    from zoneinfo import ZoneInfo

    wanted = f"{in_zone(as_utc, None)[:-4]} {whose.name}"
    found: set[Instant] = set()
    for zone in whose.zones:
        for fold in (0, 1):
            face = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=fold)
            instant = instant_of(face)
            if FIRST <= instant <= LAST and in_zone(instant, zone) == wanted:
                found.add(instant)
    if len(found) == 1:
        return found.pop()
    if found:
        readings = " or ".join(format_instant(instant) for instant in sorted(found))
        raise BadTime(f"{whose.name} may be {readings}", hint=f"write {readings}")
    if whose.name not in ABBREVIATIONS:
        raise _unread(whose.name)
    zone = whose.zones[0]
    shown = in_zone(written(f"{wall}[{zone}]").earliest, zone)  # or says that the zone skips it
    time, _, right = shown.rpartition(" ")
    readable = right if _ZONE_OF.get(right) == zone else zone
    raise BadTime(
        f"{zone} shows {right} then, not {whose.name}",
        hint=f"write {time} {readable}, or the offset that is meant in place of {whose.name}",
    )
