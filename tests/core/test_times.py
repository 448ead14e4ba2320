"""Times against two independent readings: tables made by hand, and counting on real clocks.

The counting never asks what offset a wall time has, as `postmortem.core.zones` does; it goes from
instants to local times only (`astimezone`), over every instant that may matter.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from postmortem.core.errors import BadTime
from postmortem.core.times import (
    BEGINNING,
    END,
    AsOf,
    Instant,
    Span,
    common,
    format_bound,
    format_instant,
    format_span,
    hull,
    parse_instant,
    parse_span,
    parse_stored,
)
from postmortem.core.zones import in_zone, known_zone

PACIFIC = "America/Los_Angeles"
ZONES = sorted(available_timezones() - {"localtime"})  # that link is no name of the database
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
DAY = 24 * HOUR

Read = TypeVar("Read")

# The same examples on every run, and none kept in a folder: what fails here fails again.
steady = settings(deadline=None, derandomize=True, database=None, max_examples=200)
slower = settings(steady, max_examples=120)


def at(*fields: int) -> Instant:
    """The instant of those fields (year, month, ..., microsecond) in UTC."""
    return (datetime(*fields, tzinfo=UTC) - EPOCH) // MICROSECOND  # type: ignore[misc, arg-type]


FIRST, LAST = at(1, 1, 1), at(9999, 12, 31, 23, 59, 59, 999_999)


def refusal(read: Callable[[], object]) -> BadTime:
    with pytest.raises(BadTime) as caught:
        read()
    assert caught.value.hint, "a refusal says what to do next"
    # Nothing that a terminal obeys: neither escapes nor line breaks from the input.
    assert (caught.value.message + caught.value.hint).isprintable()
    return caught.value


def outcome(read: Callable[[], Read]) -> Read | BadTime:
    """What was read, or why not; no other exception passes for either."""
    try:
        return read()
    except BadTime as problem:
        return problem


# The independent reading: from instants to clocks, never back.


def clock(instant: Instant, zone: str) -> datetime:
    """What the zone's clocks show, without a zone."""
    there = (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))
    return there.replace(tzinfo=None)


def as_wall(shown: datetime) -> int:
    return (shown.replace(tzinfo=UTC) - EPOCH) // MICROSECOND


def ahead(instant: Instant, zone: str) -> int:
    """Microseconds that the zone's clocks are ahead of UTC."""
    return as_wall(clock(instant, zone)) - instant


def showing(shown: datetime, zone: str) -> list[Instant]:
    """Every instant at which the zone's clocks show that, by trying all offsets seen nearby."""
    wall = as_wall(shown)
    offsets = {ahead(wall + hours * HOUR, zone) for hours in range(-26, 27)}
    tries = sorted({wall - offset for offset in offsets})
    return [instant for instant in tries if clock(instant, zone) == shown]


@cache
def changes(zone: str) -> tuple[Instant, ...]:
    """The first instants after changes of the zone's clocks, 1840 to 2045, all but close ones."""
    found, step = [], 21 * DAY
    for early in range(at(1840, 1, 1), at(2045, 1, 1), step):
        low, high = early, early + step
        before = ahead(low, zone)
        if ahead(high, zone) == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if ahead(middle, zone) == before else (low, middle)
        found.append(high)
    return tuple(found)


instants = st.integers(FIRST, LAST)
ordinary = st.integers(at(1850, 1, 1), at(2060, 1, 1))
zones = st.sampled_from(ZONES)
spans = st.tuples(st.one_of(st.just(BEGINNING), instants), st.one_of(st.just(END), instants)).map(
    lambda sides: Span(min(sides), max(sides))
)
few = st.integers(0, 6)  # so that spans of them touch, nest and miss each other often
small_spans = st.tuples(few, few).map(lambda sides: Span(min(sides), max(sides)))


@st.composite
def zoned(draw: st.DrawFn) -> tuple[str, Instant]:
    """A zone and an instant, more often than not close to a change of its clocks."""
    zone = draw(zones)
    if changes(zone) and draw(st.integers(0, 3)) > 0:
        minutes: int = draw(st.integers(-2 * 24 * 60, 2 * 24 * 60))
        change: Instant = draw(st.sampled_from(changes(zone)))
        return zone, change + minutes * 60_000_000
    return zone, draw(ordinary)


# Tables

ACCEPTED = [
    # text, platform's zone, earliest, latest (None: the same)
    ("2021-01-11T07:59:00Z", None, at(2021, 1, 11, 7, 59), None),
    ("2021-01-10T23:59-08:00", None, at(2021, 1, 11, 7, 59), None),
    ("2021-01-11t07:59:00z", None, at(2021, 1, 11, 7, 59), None),
    ("2021-01-11T13:44+05:45", None, at(2021, 1, 11, 7, 59), None),
    ("2021-01-11T07:59-00:00", None, at(2021, 1, 11, 7, 59), None),
    ("2021-01-11T07:59+23:59", None, at(2021, 1, 10, 8, 0), None),
    ("2021-01-11T07:59-23:59", None, at(2021, 1, 12, 7, 58), None),
    ("2021-01-11T07:59:00.5Z", None, at(2021, 1, 11, 7, 59, 0, 500_000), None),
    ("2021-01-11T07:59:00.000001Z", None, at(2021, 1, 11, 7, 59, 0, 1), None),
    ("2021-01-11T07:59:00.120Z", None, at(2021, 1, 11, 7, 59, 0, 120_000), None),
    ("1969-12-31T23:59:59.999999Z", None, -1, None),
    ("0001-01-01T00:00Z", None, FIRST, None),
    ("9999-12-31T23:59:59.999999Z", None, LAST, None),
    ("2024-02-29T00:00Z", None, at(2024, 2, 29), None),
    # a zone in brackets
    (f"2021-01-10T23:59-08:00[{PACIFIC}]", None, at(2021, 1, 11, 7, 59), None),
    (f"2021-01-10T23:59[{PACIFIC}]", None, at(2021, 1, 11, 7, 59), None),
    (f"2021-01-11T07:59Z[{PACIFIC}]", None, at(2021, 1, 11, 7, 59), None),
    (f"2021-01-11t07:59z[{PACIFIC}]", None, at(2021, 1, 11, 7, 59), None),
    ("2021-01-11T08:59[Europe/Berlin]", PACIFIC, at(2021, 1, 11, 7, 59), None),
    ("2021-01-11T07:59[Etc/GMT-0]", None, at(2021, 1, 11, 7, 59), None),
    ("2021-01-11T07:59[Etc/GMT+8]", None, at(2021, 1, 11, 15, 59), None),
    ("2021-01-11T07:59+00:00[Europe/London]", None, at(2021, 1, 11, 7, 59), None),
    # the platform's zone
    ("2021-01-10T23:59", PACIFIC, at(2021, 1, 11, 7, 59), None),
    ("2021-07-10T23:59", PACIFIC, at(2021, 7, 11, 6, 59), None),
    ("2021-01-10T23:59:00.25", "UTC", at(2021, 1, 10, 23, 59, 0, 250_000), None),
    ("2021-01-11T07:59Z", "No/Such_Zone", at(2021, 1, 11, 7, 59), None),  # it is not asked
    # an hour that comes twice, told apart by its offset
    (f"2021-11-07T01:30-07:00[{PACIFIC}]", None, at(2021, 11, 7, 8, 30), None),
    (f"2021-11-07T01:30-08:00[{PACIFIC}]", None, at(2021, 11, 7, 9, 30), None),
    # days, months, years
    ("2021-01-10", "UTC", at(2021, 1, 10), at(2021, 1, 11) - 1),
    ("2021-01-10[Europe/Berlin]", PACIFIC, at(2021, 1, 9, 23), at(2021, 1, 10, 23) - 1),
    ("2021-01-10[Asia/Kathmandu]", None, at(2021, 1, 9, 18, 15), at(2021, 1, 10, 18, 15) - 1),
    ("2021-02", "UTC", at(2021, 2, 1), at(2021, 3, 1) - 1),
    ("2024-02", "UTC", at(2024, 2, 1), at(2024, 3, 1) - 1),
    ("2021-12", "UTC", at(2021, 12, 1), at(2022, 1, 1) - 1),
    ("2021-01[Europe/Berlin]", None, at(2020, 12, 31, 23), at(2021, 1, 31, 23) - 1),
    ("2021", PACIFIC, at(2021, 1, 1, 8), at(2022, 1, 1, 8) - 1),
    ("2021[Australia/Lord_Howe]", None, at(2020, 12, 31, 13), at(2021, 12, 31, 13) - 1),
    ("9999", "UTC", at(9999, 1, 1), LAST),
    ("9999-12", "UTC", at(9999, 12, 1), LAST),
    ("9999-12-31[Asia/Tokyo]", None, at(9999, 12, 30, 15), at(9999, 12, 31, 15) - 1),
    ("0001", "UTC", FIRST, at(2, 1, 1) - 1),
    ("0001-01-01[Etc/GMT+8]", None, at(1, 1, 1, 8), at(1, 1, 2, 8) - 1),
    # days of 23 and 25 hours
    ("2021-03-14", PACIFIC, at(2021, 3, 14, 8), at(2021, 3, 15, 7) - 1),
    ("2021-11-07", PACIFIC, at(2021, 11, 7, 7), at(2021, 11, 8, 8) - 1),
    ("2021-03", "Europe/Berlin", at(2021, 2, 28, 23), at(2021, 3, 31, 22) - 1),
    # midnight skipped: the day begins at 01:00
    ("2018-11-04[America/Sao_Paulo]", None, at(2018, 11, 4, 3), at(2018, 11, 5, 2) - 1),
    ("2022-03-27[Asia/Beirut]", None, at(2022, 3, 26, 22), at(2022, 3, 27, 21) - 1),
    # half past eleven to half past midnight skipped: one day ends early, the next begins late
    ("1919-03-30[America/Toronto]", None, at(1919, 3, 30, 5), at(1919, 3, 31, 4, 30) - 1),
    ("1919-03-31[America/Toronto]", None, at(1919, 3, 31, 4, 30), at(1919, 4, 1, 4) - 1),
    # midnight twice: the day begins with the first
    ("2021-11-07[America/Havana]", None, at(2021, 11, 7, 4), at(2021, 11, 8, 5) - 1),
    ("2021-10-31[Atlantic/Azores]", None, at(2021, 10, 31, 0), at(2021, 11, 1, 1) - 1),
    # 23:00 to midnight twice: the day ends with the second
    ("2018-02-17[America/Sao_Paulo]", None, at(2018, 2, 17, 2), at(2018, 2, 18, 3) - 1),
    # back from 00:01: a minute of Sunday comes before the last hour of Saturday
    ("2010-11-06[America/St_Johns]", None, at(2010, 11, 6, 2, 30), at(2010, 11, 7, 3, 30) - 1),
    ("2010-11-07[America/St_Johns]", None, at(2010, 11, 7, 2, 30), at(2010, 11, 8, 3, 30) - 1),
    # a day left out at the Date Line, and the month around it
    ("2011-12-29[Pacific/Apia]", None, at(2011, 12, 29, 10), at(2011, 12, 30, 10) - 1),
    ("2011-12-31[Pacific/Apia]", None, at(2011, 12, 30, 10), at(2011, 12, 31, 10) - 1),
    ("2011-12[Pacific/Apia]", None, at(2011, 12, 1, 10), at(2011, 12, 31, 10) - 1),
    # spans
    ("2021-01-10T00:00Z..2021-01-11T00:00Z", None, at(2021, 1, 10), at(2021, 1, 11)),
    ("2021-01-10..2021-01-11", "UTC", at(2021, 1, 10), at(2021, 1, 12) - 1),
    ("2021-01..2021-02-10T06:00", "UTC", at(2021, 1, 1), at(2021, 2, 10, 6)),
    ("2021-01-10T12:00Z..2021-01-10", "UTC", at(2021, 1, 10, 12), at(2021, 1, 11) - 1),
    ("2021-01-10..2021-01-10T12:00Z", "UTC", at(2021, 1, 10), at(2021, 1, 10, 12)),
    ("2021-01-10T00:00Z..2021-01-10T00:00Z", None, at(2021, 1, 10), None),
    ("2020[UTC]..2021[Europe/Berlin]", None, at(2020, 1, 1), at(2021, 12, 31, 23) - 1),
    ("2021-01-10..", "UTC", at(2021, 1, 10), END),
    ("..2021-01-10", "UTC", BEGINNING, at(2021, 1, 11) - 1),
    ("..2021-01-10T07:00-08:00", None, BEGINNING, at(2021, 1, 10, 15)),
]


@pytest.mark.parametrize(("text", "zone", "earliest", "latest"), ACCEPTED)
def test_written_form_is_read(
    text: str, zone: str | None, earliest: Instant, latest: Instant | None
) -> None:
    assert parse_span(text, zone) == Span(earliest, earliest if latest is None else latest)


REFUSED = [
    # text, platform's zone, a pattern in the message, a pattern in the hint
    # no zone
    ("2021-01-10T23:59", None, "has no zone", r"2021-01-10T23:59-08:00 or .*\[.*platform a zone"),
    ("2021-01-10", None, "has no zone", r"write 2021-01-10\["),
    ("2021", None, "has no zone", r"write 2021\["),
    ("2021-01-10T23:59Z..2021", None, "'2021' in .*has no zone", r"write 2021\["),
    # no such date or time of day
    ("2021-13-01", "UTC", "no such date", "year-month-day"),
    ("2021-00", "UTC", "no such date", "year-month-day"),
    ("2021-02-29", "UTC", "no such date", "year-month-day"),
    ("2021-02-30T00:00:00Z", None, "no such date", "year-month-day"),
    ("2021-01-00T00:00Z", None, "no such date", "year-month-day"),
    ("0000-01-01T00:00Z", None, "no such date", "year-month-day"),
    ("0000", "UTC", "no such date", "year-month-day"),
    ("2021-01-10T24:00Z", None, "last hour of a day is 23", "00:00 of the next day"),
    ("2021-01-10T24:00:00Z", None, "last hour of a day is 23", "00:00 of the next day"),
    ("2021-01-10T25:00Z", None, "no time of day", "00 to 23"),
    ("2021-01-10T23:60Z", None, "no time of day", "00 to 59"),
    ("2021-01-10T23:59:61Z", None, "no time of day", "00 to 59"),
    ("2016-12-31T23:59:60Z", None, "leap second", "59, or 00 of the next minute"),
    ("2016-12-31T15:59:60-08:00", None, "leap second", "59, or 00"),
    ("2016-12-31T23:59:60.5Z", None, "leap second", "59, or 00"),
    ("2021-01-10T23:59:00.1234567Z", None, "more than six decimals", r"write 00\.123456"),
    ("2021-01-10T23:59:00.0000000Z", None, "more than six decimals", "microseconds"),
    ("2021-01-10T23:59+24:00", None, r"no offset \+24:00", r"-23:59 to \+23:59"),
    ("2021-01-10T23:59-08:60", None, "no offset -08:60", "-23:59"),
    # out of the years
    ("0001-01-01T00:00+00:01", None, "outside the years", "open"),
    ("9999-12-31T23:59-00:01", None, "outside the years", "open"),
    ("0001[Asia/Tokyo]", None, "outside the years", "open"),
    ("0001-01-01T00:00[Asia/Tokyo]", None, "outside the years", "open"),
    (f"9999[{PACIFIC}]", None, "outside the years", "open"),
    (f"9999-12-31T23:59[{PACIFIC}]", None, "outside the years", "open"),
    ("10000-01-01T00:00Z", None, "none of the written forms", "for example"),
    # other spellings of the same, and of other things
    ("2021-01-10 23:59-08:00", None, "blank space", "write 2021-01-10T23:59-08:00$"),
    ("2021-01-10 23:59 -08:00", None, "blank space", "write 2021-01-10T23:59-08:00$"),
    (f"2021-01-10 23:59 [{PACIFIC}]", None, "blank space", r"write 2021-01-10T23:59\[Am"),
    ("2021-01-11 00:30 PST", PACIFIC, "blank space", "for example"),
    (" 2021-01-10", "UTC", "blank space", "write 2021-01-10$"),
    ("2021-01-10T23:59Z\n", None, "blank space", "write 2021-01-10T23:59Z$"),
    ("2021-01-10T23:59[Los Angeles]", None, "blank space", "for example"),
    ("2021-01-10T00:00Z .. 2021-01-11T00:00Z", None, "'2021-01-10T00:00Z ' in", "T00:00Z$"),
    ("\N{ARABIC-INDIC DIGIT TWO}021-01-10", "UTC", r"character '\\u0662'", "digits 0 to 9"),
    ("2021-01-1\N{FULLWIDTH DIGIT ONE}", "UTC", r"character '\\uff11'", "digits 0 to 9"),
    ("2021\N{EN DASH}01", "UTC", r"character '\\u2013'", "plain signs"),
    ("2021-01-10T23:59\N{MINUS SIGN}08:00", None, r"character '\\u2212'", "plain signs"),
    ("2021-01-10T23:59\ud800", None, r"character '\\ud800'", "plain signs"),
    ("2021-01-10Z", None, "takes no offset", r"write 2021-01-10\["),
    ("2021-01-10+01:00", None, "takes no offset", r"write 2021-01-10\["),
    ("2021Z", "UTC", "takes no offset", r"write 2021\["),
    ("2021-01-10T23:59+0100", None, "none of the written forms", "-08:00"),
    ("2021-01-10T23:59+01", None, "none of the written forms", "-08:00"),
    ("2021-01-10T23:59 PST", None, "blank space", "for example"),
    ("2021-01-10T23Z", None, "none of the written forms", "for example"),
    ("2021-01-10T23:59.5Z", None, "none of the written forms", "for example"),
    ("2021-01-10T23:59:00,5Z", None, "none of the written forms", "for example"),
    ("2021-01-10T23:59:00.Z", None, "none of the written forms", "for example"),
    ("2021-1-10", "UTC", "none of the written forms", "for example"),
    ("20210110T235900Z", None, "none of the written forms", "for example"),
    ("2021-W02-1", "UTC", "none of the written forms", "for example"),
    ("2021-010", "UTC", "none of the written forms", "for example"),
    ("01/11/2021", "UTC", "none of the written forms", "for example"),
    ("1610353800", "UTC", "none of the written forms", "for example"),
    ("-2021", "UTC", "none of the written forms", "for example"),
    ("now", "UTC", "none of the written forms", "for example"),
    ("0", "UTC", "none of the written forms", "for example"),
    ("", "UTC", "none of the written forms", "for example"),
    ("2021-01-10T", "UTC", "none of the written forms", "for example"),
    ("2021\x1b[31m", "UTC", r"'2021\\x1b\[31m'", "for example"),
    ("2021[\x07]", "UTC", r"'2021\[\\x07\]'", "for example"),
    (" 2021[\x07]", "UTC", "blank space", "for example"),
    ("2021-01-10T00:00Z\x00", "UTC", r"\\x00", "for example"),
    ("2" * 201, "UTC", r"^.{0,200}over 200 characters$", "for example"),
    # brackets
    ("2021-01-10T23:59[Europe/Berln]", None, "no time zone 'Europe/Berln'", "write Europe/Berlin"),
    ("2021-01-10T23:59[europe/berlin]", None, "no time zone", "write Europe/Berlin"),
    ("2021-01-10T23:59[berlin]", None, "no time zone", "write Europe/Berlin$"),
    ("2021-01-10T23:59[Qqqqqqqqqqqq]", None, "no time zone", "such as Europe/Berlin"),
    ("2021-01-10T23:59Z[Mars/Base]", None, "no time zone 'Mars/Base'", "write"),
    ("2021-01-10[]", None, "no time zone ''", "write"),
    ("2021-01-10[localtime]", None, "no time zone", "write"),
    ("2021-01-10[right/UTC]", None, "no time zone", "write"),
    ("2021-01-10[Europe]", None, "no time zone 'Europe'", "write"),
    ("2021-01-10[../../../etc/passwd]", None, "span is A..B", "for example"),
    ("2021-01-10[/etc/localtime]", None, "no time zone", "write"),
    ("2021-01-10", "Europe/Berln", "no time zone 'Europe/Berln'", "write Europe/Berlin"),
    ("2021-01-10T23:59[!Europe/Berlin]", None, "only a zone's name", "name alone"),
    ("2021-01-10T23:59Z[u-ca=gregory]", None, "only a zone's name", "name alone"),
    ("2021-01-10T23:59[+01:00]", None, "only a zone's name", "before the bracket"),
    ("2021-01-10T23:59Z[Europe/Berlin][u-ca=hebrew]", None, "more than one bracket", "write one"),
    ("2021-01-10T23:59[Europe/Berlin]Z", None, "none of the written forms", "for example"),
    ("[Europe/Berlin]", None, "none of the written forms", "for example"),
    ("2021-01-10T23:59[Europe/Berlin", None, "none of the written forms", "for example"),
    # an offset that the zone does not have then
    (
        f"2021-01-10T23:59-07:00[{PACIFIC}]",
        None,
        "does not have the offset -07:00 then: it has -08:00$",
        "write 2021-01-10T23:59-08:00,",
    ),
    ("2021-07-10T23:59+01:00[Europe/Berlin]", None, r"it has \+02:00$", r"T23:59\+02:00,"),
    ("2021-01-10T23:59+00:00[Europe/Berlin]", None, r"it has \+01:00$", r"T23:59\+01:00,"),
    ("2021-01-10T23:59-00:00[Europe/Berlin]", None, r"it has \+01:00$", r"T23:59\+01:00,"),
    (f"2021-11-07T01:30-06:00[{PACIFIC}]", None, "it has -07:00 or -08:00$", "-07:00 or .*-08:00"),
    (
        f"2021-03-14T02:30-08:00[{PACIFIC}]",
        None,
        "skips that local time, from -08:00 to -07:00$",
        "02:30-07:00 or 2021-03-14T02:30-08:00, or leave out",
    ),
    (f"1880-01-01T00:00-07:53[{PACIFIC}]", None, "it has -07:52:58$", "1880-01-01T07:52:58Z"),
    # skipped and repeated local times
    (
        "2021-03-14T02:30",
        PACIFIC,
        r"skips that local time: 2021-03-14T02:30-07:00 \(2021-03-14 01:30 PST\) or "
        r"2021-03-14T02:30-08:00 \(2021-03-14 03:30 PDT\)$",
        "2021-03-14T02:30-07:00 or 2021-03-14T02:30-08:00$",
    ),
    (
        f"2021-11-07T01:30[{PACIFIC}]",
        None,
        r"repeats that local time: 2021-11-07T01:30-07:00 \(2021-11-07 01:30 PDT\) or "
        r"2021-11-07T01:30-08:00 \(2021-11-07 01:30 PST\)$",
        "with its offset",
    ),
    (f"1883-11-18T12:00[{PACIFIC}]", None, "repeats", "1883-11-18T19:52:58Z or .*12:00-08:00$"),
    ("2018-11-04T00:00[America/Sao_Paulo]", None, "skips", "T00:00-02:00 or .*T00:00-03:00$"),
    ("2011-12-30T12:00[Pacific/Apia]", None, "skips", r"T12:00\+14:00 or .*T12:00-10:00$"),
    ("2021-10-03T02:15[Australia/Lord_Howe]", None, "skips", r"\+11:00 or .*\+10:30$"),
    ("2011-12-30[Pacific/Apia]", None, "skips that day.* 2011-12-31 00:00", "before or after"),
    ("..2011-12-30", "Pacific/Apia", "skips that day", "before or after"),
    # spans that are none
    ("..", "UTC", "a span is A..B", "A.., ..B"),
    ("...", "UTC", "'.' in '...'", "A.., ..B"),
    ("....", "UTC", "a span is A..B", "A.., ..B"),
    ("2020..2021..2022", "UTC", "a span is A..B", "A.., ..B"),
    ("..2021..", "UTC", "a span is A..B", "A.., ..B"),
    ("2020...2021", "UTC", r"'\.2021' in '2020\.\.\.2021'", "A.., ..B"),
    ("2020..2021-13", "UTC", "'2021-13' in '2020..2021-13': there is no such date", "year"),
    (
        "2021-01-11T00:00Z..2021-01-10T23:59:59Z",
        None,
        "latest, 2021-01-10T23:59:59Z, is before its earliest, 2021-01-11T00:00:00Z$",
        r"write the earlier first: 2021-01-10T23:59:59Z\.\.2021-01-11T00:00Z$",
    ),
    ("2022..2021", "UTC", "latest, 2021-12-31.*is before its earliest, 2022-01-01", "2021..2022"),
]


@pytest.mark.parametrize(("text", "zone", "message", "hint"), REFUSED)
def test_anything_else_is_refused(text: str, zone: str | None, message: str, hint: str) -> None:
    problem = refusal(lambda: parse_span(text, zone))
    assert re.search(message, problem.message)
    assert re.search(hint, problem.hint or "")
    assert repr(text)[1:60].rstrip("'") in problem.message or len(text) > 60
    # What is no span is no instant either, and a question is told the same.
    assert refusal(lambda: parse_instant(text, zone)).message == problem.message


@pytest.mark.parametrize(
    ("text", "zone", "hint"),
    [
        ("2021-01-10", PACIFIC, "first is 2021-01-10T00:00-08:00"),
        ("2021-07", PACIFIC, "first is 2021-07-01T00:00-07:00"),
        ("2021[Europe/Berlin]", PACIFIC, r"first is 2021-01-01T00:00\+01:00"),
        ("2021-01-10", "UTC", "first is 2021-01-10T00:00Z"),
        ("2018-11-04[America/Sao_Paulo]", None, "first is 2018-11-04T01:00-02:00"),
        ("1880[America/Los_Angeles]", None, "first is 1880-01-01T07:52:58Z"),
        ("2021-01-10T00:00Z..2021-01-11T00:00Z", None, "first is 2021-01-10T00:00Z"),
        ("2021-01-10T00:00Z..2021-01-11T00:00Z", "No/Such", "first is 2021-01-10T00:00Z"),
        ("2021-01-10T00:00Z..", None, "first is 2021-01-10T00:00Z"),
        ("..2021-01-10T00:00Z", "Asia/Tokyo", r"last is 2021-01-10T09:00\+09:00"),
    ],
)
def test_a_question_takes_no_span(text: str, zone: str | None, hint: str) -> None:
    problem = refusal(lambda: parse_instant(text, zone, asked="--at"))
    assert problem.message.startswith(f"--at was asked for, and {text!r} is a span, from ")
    assert re.search(f"{hint}$", problem.hint or "")


def test_no_length_of_text_takes_long() -> None:
    for long in "2" * 10**7, "2021.." * 10**6, "2021-01-10" + " " * 10**7, "[" * 10**7:
        for read in parse_span, parse_instant, parse_stored:
            assert len(refusal(lambda read=read, long=long: read(long)).message) < 250  # type: ignore[misc]


def test_a_question_takes_an_instant_however_it_is_written() -> None:
    for text in "2021-01-10T23:59", "2021-01-11T07:59Z", "2021-01-11T07:59Z..2021-01-11T07:59Z":
        assert parse_instant(text, PACIFIC, asked="--at") == at(2021, 1, 11, 7, 59)


# Reading and writing back


@steady
@given(instants)
@example(FIRST)
@example(LAST)
@example(-1)
def test_what_is_written_reads_back(instant: Instant) -> None:
    text = format_instant(instant)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z", text)
    assert datetime.fromisoformat(text) == EPOCH + timedelta(microseconds=instant)
    assert parse_stored(text) == parse_instant(text) == instant
    assert parse_instant(text.lower()) == instant
    assert format_bound(instant) == text


@steady
@given(spans)
def test_a_written_span_reads_back(span: Span) -> None:
    assume(span != (BEGINNING, END))
    assert parse_span(format_span(span)) == span


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (Span(0, 0), "1970-01-01T00:00:00Z"),
        (Span(0, 1), "1970-01-01T00:00:00Z..1970-01-01T00:00:00.000001Z"),
        (Span(100_000, END), "1970-01-01T00:00:00.1Z.."),
        (Span(BEGINNING, 0), "..1970-01-01T00:00:00Z"),
    ],
)
def test_the_written_span(span: Span, text: str) -> None:
    assert format_span(span) == text


def test_what_has_no_written_form() -> None:
    assert format_bound(BEGINNING) is format_bound(END) is None
    for outside in BEGINNING, END, FIRST - 1, LAST + 1:
        for write in format_instant, lambda instant: in_zone(instant, "Europe/Berlin"):
            with pytest.raises(ValueError, match="outside the years"):
                write(outside)
    for span in Span(BEGINNING, END), Span(1, 0):
        with pytest.raises(ValueError, match="no written form"):
            format_span(span)


@pytest.mark.parametrize(
    "text",
    [
        "2021-01-11T07:59Z",
        "2021-01-11T07:59:00.0Z",
        "2021-01-11T07:59:00.10Z",
        "2021-01-11T07:59:00.Z",
        "2021-01-11T07:59:00.1234567Z",
        "2021-01-11T07:59:00+00:00",
        "2021-01-11t07:59:00z",
        "2021-01-11T24:00:00Z",
        "2021-01-11T23:59:60Z",
        "2021-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2021-01-11T07:59:00",
        "2021-01-11T07:59:00Z\n",
        "2021-01-11",
        "",
        "\N{ARABIC-INDIC DIGIT TWO}021-01-11T07:59:00Z",
    ],
)
def test_the_record_reads_only_what_it_writes(text: str) -> None:
    assert repr(text) in refusal(lambda: parse_stored(text)).message


@pytest.mark.parametrize(
    ("instant", "zone", "text"),
    [
        (at(2021, 1, 11, 8, 30), PACIFIC, "2021-01-11 00:30 PST"),
        (at(2021, 7, 11, 7, 30), PACIFIC, "2021-07-11 00:30 PDT"),
        (at(2021, 1, 11, 8, 30, 5), PACIFIC, "2021-01-11 00:30:05 PST"),
        (at(2021, 1, 11, 8, 30, 0, 250_000), PACIFIC, "2021-01-11 00:30:00.25 PST"),
        (at(2021, 1, 11, 8, 30, 10), None, "2021-01-11 08:30:10 UTC"),
        (at(2021, 1, 11, 8, 30), None, "2021-01-11 08:30 UTC"),
        (at(2021, 1, 11, 8, 30), "UTC", "2021-01-11 08:30 UTC"),
        (at(2021, 1, 11, 8, 30), "Asia/Kathmandu", "2021-01-11 14:15 +0545"),
        (at(2021, 1, 11, 8, 30), "America/Sao_Paulo", "2021-01-11 05:30 -0300"),
        (at(1850, 1, 1, 12), "Europe/Berlin", "1850-01-01 12:53:28 LMT"),
        (LAST, "Europe/Berlin", "9999-12-31 23:59:59.999999 UTC"),
        (LAST, PACIFIC, "9999-12-31 15:59:59.999999 PST"),
        (FIRST, PACIFIC, "0001-01-01 00:00 UTC"),
    ],
)
def test_the_time_for_people(instant: Instant, zone: str | None, text: str) -> None:
    assert in_zone(instant, zone) == text


def test_people_are_told_of_an_unknown_zone() -> None:
    assert "Europe/Berlin" in (refusal(lambda: in_zone(0, "Europe/Berln")).hint or "")


# Zones


def test_every_zone_of_the_machine_is_known_and_nothing_else() -> None:
    assert all(known_zone(name) for name in ZONES)
    for name in (
        *("localtime", "posixrules", "right/UTC", "posix/UTC", "Europe", "America/Argentina", ""),
        *("europe/berlin", "EUROPE/BERLIN", "Europe/berlin", " Europe/Berlin", "Europe/Berlin\n"),
        *("Europe/", "/Europe/Berlin", "Europe//Berlin", "./UTC", "../UTC", "Europe/../UTC"),
        *("UTC\0", "tzdata.zi", "zone.tab", "PST", "+01:00", "Z", "A" * 5000, "A/" * 99, "\ud800"),
    ):
        assert not known_zone(name), name


@slower
@given(zoned())
def test_a_local_time_is_read_as_the_clocks_show_it(case: tuple[str, Instant]) -> None:
    """One instant shows it: that one. None or two: refused, with both readings."""
    zone, near = case
    shown = clock(near, zone)
    for wall in shown, shown + timedelta(hours=1), shown - timedelta(minutes=30):
        text, truth = f"{wall.isoformat()}[{zone}]", showing(wall, zone)
        if len(truth) == 1:
            assert parse_span(text) == parse_span(wall.isoformat(), zone) == (truth[0], truth[0])
            continue
        problem = refusal(lambda text=text: parse_span(text))  # type: ignore[misc]
        offered = (problem.hint or "").split("]: ")[1].split(" or ")
        assert all(reading in problem.message for reading in offered)
        readings = [parse_instant(reading) for reading in offered]
        if truth:
            assert "repeats" in problem.message
            assert readings == truth
        else:
            assert "skips" in problem.message
            early, late = (clock(reading, zone) for reading in readings)
            assert early < wall < late
            # They are the wall with the offsets after and before the one change between them.
            assert {as_wall(wall) - reading for reading in readings} == {
                ahead(reading, zone) for reading in readings
            }


@slower
@given(zoned(), st.integers(-25 * 60, 25 * 60))
def test_offset_and_zone_agree_or_are_refused(case: tuple[str, Instant], minutes: int) -> None:
    zone, instant = case
    offset = ahead(instant, zone)
    written = offset // 60_000_000 + minutes
    assume(abs(written) < 24 * 60)
    sign = "-" if written < 0 else "+"
    text = f"{clock(instant, zone).isoformat()}{sign}{abs(written) // 60:02}:{abs(written) % 60:02}"
    meant = parse_instant(text)
    assert meant == as_wall(clock(instant, zone)) - written * 60_000_000
    if ahead(meant, zone) == written * 60_000_000:
        assert parse_instant(f"{text}[{zone}]") == meant
    else:
        refused = refusal(lambda: parse_instant(f"{text}[{zone}]"))
        assert f"does not have the offset {text[-6:]} then" in refused.message
        named = f"{'-' if offset < 0 else '+'}{abs(offset) // HOUR:02}"
        assert named in refused.message.split("then: ")[1]
    # Z fits every zone.
    assert parse_instant(format_instant(instant) + f"[{zone}]") == instant


@slower
@given(zoned(), st.sampled_from(["%Y-%m-%d", "%Y-%m", "%Y"]))
@example(("Pacific/Apia", at(2011, 12, 30, 10)), "%Y-%m-%d")
@example(("America/Juneau", at(1867, 10, 19, 0, 31, 13)), "%Y-%m-%d")
@example(("America/St_Johns", at(2010, 11, 7, 2, 31)), "%Y-%m-%d")
def test_a_local_day_month_or_year_is_just_that(case: tuple[str, Instant], form: str) -> None:
    zone, near = case

    def name(instant: Instant) -> str:
        return clock(instant, zone).strftime(form)

    for day in (clock(near, zone) + timedelta(days=days) for days in (-1, 0, 1)):
        text = day.strftime(form)
        around = range(near - 60 * HOUR, near + 60 * HOUR, HOUR // 2)
        found = [instant for instant in around if name(instant) == text]
        if not found and form == "%Y-%m-%d":
            assert "skips that day" in refusal(lambda: parse_span(f"{text}[{zone}]")).message  # noqa: B023
            continue
        span = parse_span(f"{text}[{zone}]")
        assert parse_span(text, zone) == span
        assert name(span.earliest) == name(span.latest) == text
        assert name(span.earliest - 1) != text
        assert name(span.latest + 1) != text
        assert all(instant in range(span.earliest, span.latest + 1) for instant in found)


@pytest.mark.parametrize("zone", ZONES[::7])
def test_the_edges_of_the_years_overflow_nowhere(zone: str) -> None:
    for text in (
        *("0001", "0001-01", "0001-01-01", "0001-01-01T00:00", "0001-01-02T00:00"),
        *("9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59.999999", "9999-12-30T00:00"),
    ):
        span = outcome(lambda text=text: parse_span(text, zone))  # type: ignore[misc]
        if isinstance(span, BadTime):
            assert "outside the years" in span.message
            # Alaska lacks both ends: once it was 15 hours ahead of UTC, now it is 9 behind.
            assert text not in {"0001-01-02T00:00", "9999-12-30T00:00"}
        else:
            assert FIRST <= span.earliest <= span.latest <= LAST
            assert in_zone(span.earliest, zone)[:4] == text[:4]
    assert in_zone(FIRST, zone).startswith("0001-01-01")
    assert in_zone(LAST, zone)[:4] == "9999"


# Spans among themselves


@steady
@given(st.dates(date(2020, 1, 1), date(2022, 12, 31)), st.integers(0, 40), zones)
def test_a_span_reaches_from_its_first_side_to_its_last(day: date, days: int, zone: str) -> None:
    later = day + timedelta(days=days)
    first, last = parse_span(f"{day}", zone), parse_span(f"{later}", zone)
    assert parse_span(f"{day}..{later}", zone) == (first.earliest, last.latest)
    assert parse_span(f"{day}..", zone) == (first.earliest, END)
    assert parse_span(f"..{later}", zone) == (BEGINNING, last.latest)
    if days:
        assert "is before" in refusal(lambda: parse_span(f"{later}..{day}", zone)).message


@steady
@given(small_spans, few)
def test_possibly_and_certainly(span: Span, moment: Instant) -> None:
    places = range(span.earliest, span.latest + 1)
    assert span.possibly_by(moment) == any(place <= moment for place in places)
    assert span.certainly_by(moment) == all(place <= moment for place in places)
    assert span.is_instant == (len(places) == 1)


def test_an_open_side_is_never_reached() -> None:
    assert Span(0, END).possibly_by(0)
    assert not Span(0, END).certainly_by(LAST)
    assert Span(BEGINNING, 0).possibly_by(FIRST)


@steady
@given(st.lists(small_spans, min_size=1, max_size=4))
def test_common_part_and_hull_by_counting(many: list[Span]) -> None:
    covered = [set(range(span.earliest, span.latest + 1)) for span in many]
    shared = set.intersection(*covered)
    assert common(many) == (Span(min(shared), max(shared)) if shared else None)
    every = set.union(*covered)
    assert hull(many) == Span(min(every), max(every))
    assert common([*many, hull(many)]) == common(many)
    assert hull(iter(many)) == hull([*many, *many])
    assert common(iter(many)) == common(many[::-1])


def test_common_part_and_hull_of_open_spans_and_of_none() -> None:
    assert common([Span(BEGINNING, 5), Span(5, END)]) == Span(5, 5)
    assert common([Span(BEGINNING, 5), Span(6, END)]) is None
    assert hull([Span(BEGINNING, 5), Span(6, END)]) == Span(BEGINNING, END)
    for combine in common, hull:
        with pytest.raises(ValueError, match="not enough values"):
            combine([])


def test_a_question_has_no_limit_unless_it_names_one() -> None:
    assert AsOf(7) == AsOf(7, known=END, recorded=END) == AsOf(7, END, END)
    assert AsOf(7, known=1) != AsOf(7, recorded=1)
    assert len({AsOf(7), AsOf(7), AsOf(8)}) == 2


# Anything at all

PIECES = st.sampled_from(
    [text for text, *_ in ACCEPTED]
    + [text for text, *_ in REFUSED if len(text) < 100]
    + [*"0123456789-+:.TZtz[]!=/ \x00\n", "..", "2021", "[Europe/Berlin]", "[Etc/", "9999", "0001"]
)


@settings(steady, max_examples=600)
@given(
    st.one_of(
        st.text(st.characters(), max_size=40),
        st.text("0123456789-:.TZ+[]Europ/Blin ", max_size=40),
        st.lists(PIECES, max_size=4).map("".join),
        st.tuples(PIECES, few.map(lambda n: 4 * n), PIECES).map(lambda t: t[0][: t[1]] + t[2]),
        st.from_regex(
            r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9](Z|[+-][0-9]{2}:00)\Z"
        ),
    ),
    st.sampled_from([None, "UTC", PACIFIC, "Pacific/Apia", "No/Such_Zone", "", "\x1b"]),
)
def test_any_text_is_a_time_or_refused(text: str, zone: str | None) -> None:
    for read in parse_span, parse_instant, lambda text, _: parse_stored(text):
        span = outcome(lambda read=read: read(text, zone))  # type: ignore[misc]
        if isinstance(span, BadTime):
            assert span.hint
            assert (span.message + span.hint).isprintable()
        else:
            earliest, latest = span if isinstance(span, Span) else (span, span)
            assert earliest <= latest
            assert earliest == BEGINNING or FIRST <= earliest <= LAST
            assert latest == END or FIRST <= latest <= LAST
            assert parse_span(format_span(Span(earliest, latest))) == (earliest, latest)
    assert known_zone(text) == (text in ZONES)


def test_a_question_in_utc_loads_no_zones() -> None:
    """Cold questions are to be quick; what is loaded is steadier than a stopwatch."""
    script = (
        "import sys; from postmortem.core import times, zones; "
        "times.parse_span('2021-01-11T07:59-08:00'); zones.in_zone(0, None); "
        "print(*{'zoneinfo', 'difflib', 'pydantic', 'sqlite3'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
