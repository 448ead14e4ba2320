"""Times as people type them: tables made by hand, and the clocks themselves as a second reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

import pytest
from core.test_times import ACCEPTED as WRITTEN
from core.test_times import (
    DAY,
    FIRST,
    HOUR,
    LAST,
    PACIFIC,
    ZONES,
    at,
    clock,
    outcome,
    showing,
    zoned,
)
from core.test_times import REFUSED as NOT_WRITTEN
from hypothesis import assume, example, given
from hypothesis import strategies as st

from postmortem.cli import output
from postmortem.core import local
from postmortem.core.errors import BadInput, BadTime
from postmortem.core.times import (
    BEGINNING,
    END,
    Instant,
    Span,
    format_instant,
    parse_instant,
    parse_span,
)
from postmortem.core.typed import read_instant, read_span
from postmortem.core.zones import in_zone

Read = TypeVar("Read")

MINUTE = 60_000_000
NOW = at(2021, 1, 12, 3, 4, 5, 678_000)  # in Los Angeles it is still the 11th
EVENTS = {
    "notice": Span(at(2021, 1, 10), at(2021, 1, 10)),
    "cut-off": Span(at(2021, 1, 10, 21), at(2021, 1, 11, 5)),
    "cut-off-1": Span(at(2021, 1, 12), at(2021, 1, 12)),
    "removal": Span(at(2021, 1, 9), END),
    "unknown": Span(BEGINNING, END),
}


def event(id: str) -> Span:
    if id not in EVENTS:
        raise BadInput(f"there is no event {id!r}", hint="there are others")
    return EVENTS[id]


def span(text: str, zone: str | None = PACIFIC, now: Instant = NOW) -> Span:
    return read_span(text, zone=zone, now=now, event=event)


def instant(text: str, zone: str | None = PACIFIC, now: Instant = NOW) -> Instant:
    return read_instant(text, zone=zone, now=now, event=event)


def told(read: Callable[[], Read]) -> Read | BadInput:
    """What was read, or why not, in words that a terminal may show; nothing else passes."""
    try:
        return read()
    except BadInput as problem:
        _has_words(problem)
        return problem


def _has_words(problem: BadInput) -> None:
    assert problem.hint, "a refusal says what to do next"
    assert (problem.message + problem.hint).isprintable()


def refused(
    text: str,
    zone: str | None = PACIFIC,
    read: Callable[..., object] = span,
    kind: type[BadInput] = BadTime,
) -> str:
    """The message and the hint, on a line each."""
    problem = told(lambda: read(text, zone))
    assert type(problem) is kind, problem
    return f"{problem.message}\n{problem.hint}"


# --- what is read ---------------------------------------------------------------------------------

HALF_PAST_EIGHT = at(2021, 1, 11, 8, 30)  # half past midnight in Los Angeles

READ = [
    # local times with a zone
    ("2021-01-11 00:30 PST", HALF_PAST_EIGHT),
    ("2021-01-11 00:30 pst", HALF_PAST_EIGHT),
    ("2021-01-11 00:30 PT", HALF_PAST_EIGHT),
    ("2021-07-11 00:30 PT", at(2021, 7, 11, 7, 30)),
    ("2021-07-11 00:30 PDT", at(2021, 7, 11, 7, 30)),
    ("2021-01-11 00:30 America/Los_Angeles", HALF_PAST_EIGHT),
    ("2021-01-11 00:30  -08:00", HALF_PAST_EIGHT),
    ("2021-01-11 00:30-08:00", HALF_PAST_EIGHT),
    ("2021-01-11T00:30 -0800", HALF_PAST_EIGHT),
    ("2021-01-11t00:30 -08", HALF_PAST_EIGHT),
    ("2021-01-11 00:30:00-08:00[America/Los_Angeles]", HALF_PAST_EIGHT),
    ("2021-01-11 00:30 [America/Los_Angeles]", HALF_PAST_EIGHT),
    ("2021-01-11 08:30Z", HALF_PAST_EIGHT),
    ("2021-01-11 08:30 z", HALF_PAST_EIGHT),
    ("2021-01-11 08:30 UTC", HALF_PAST_EIGHT),
    ("2021-01-11 08:30 GMT", HALF_PAST_EIGHT),
    ("2021-07-11 08:30 GMT", at(2021, 7, 11, 8, 30)),  # it is no summer time of London's
    ("2021-01-11 14:15 +0545", HALF_PAST_EIGHT),
    ("2021-01-11 08:30:05.25 UTC", at(2021, 1, 11, 8, 30, 5, 250_000)),
    ("2021-01-11 03:30 EST", HALF_PAST_EIGHT),
    ("2021-07-11 03:30 EDT", at(2021, 7, 11, 7, 30)),
    ("2021-01-11 03:30 ET", HALF_PAST_EIGHT),
    ("2021-01-11 01:30 MST", HALF_PAST_EIGHT),
    ("2021-07-11 01:30 MDT", at(2021, 7, 11, 7, 30)),
    ("2021-01-11 01:30 MT", HALF_PAST_EIGHT),
    ("2021-01-10 23:30 AKST", HALF_PAST_EIGHT),
    ("2021-07-10 23:30 AKDT", at(2021, 7, 11, 7, 30)),
    ("2021-07-10 22:30 HST", at(2021, 7, 11, 8, 30)),
    ("2021-01-11 08:30 WET", HALF_PAST_EIGHT),
    ("2021-07-11 08:30 WEST", at(2021, 7, 11, 7, 30)),
    ("2021-01-11 09:30 CET", HALF_PAST_EIGHT),
    ("2021-07-11 09:30 CEST", at(2021, 7, 11, 7, 30)),
    ("2021-01-11 09:30 MEZ", HALF_PAST_EIGHT),
    ("2021-07-11 09:30 MESZ", at(2021, 7, 11, 7, 30)),
    ("2021-01-11 10:30 EET", HALF_PAST_EIGHT),
    ("2021-07-11 10:30 EEST", at(2021, 7, 11, 7, 30)),
    ("2021-01-11 17:30 JST", HALF_PAST_EIGHT),
    ("2021-01-11 17:30 KST", HALF_PAST_EIGHT),
    ("1954-06-01 12:00 KST", at(1954, 6, 1, 3, 30)),  # it was half an hour less then
    # an hour that comes twice, told apart by its abbreviation
    ("2021-11-07 01:30 PDT", at(2021, 11, 7, 8, 30)),
    ("2021-11-07 01:30 PST", at(2021, 11, 7, 9, 30)),
    # without a zone: the platform's
    ("2021-01-11 00:30", HALF_PAST_EIGHT),
    ("2021-07-11 00:30:01.5", at(2021, 7, 11, 7, 30, 1, 500_000)),
    (" 2021-01-11\u00a000:30 ", HALF_PAST_EIGHT),
    # compact
    ("20210111T083000Z", HALF_PAST_EIGHT),
    ("20210111T0830Z", HALF_PAST_EIGHT),
    ("20210111T083000.5Z", HALF_PAST_EIGHT + 500_000),
    ("20210111T003000-0800", HALF_PAST_EIGHT),
    ("20210111T0030 PST", HALF_PAST_EIGHT),
    ("20210111T0030", HALF_PAST_EIGHT),
    # months by name, clocks of 12 and of 24 hours
    ("11 January 2021 12:30am PST", HALF_PAST_EIGHT),
    ("11 January 2021 12:30 AM PST", HALF_PAST_EIGHT),
    ("Jan 11, 2021 00:30 PST", HALF_PAST_EIGHT),
    ("Jan. 11 2021, 12:30\u202fa.m. PST", HALF_PAST_EIGHT),
    ("11th Jan 2021 at 12:30am PST", HALF_PAST_EIGHT),
    ("January 11th, 2021 12:30:00am PST", HALF_PAST_EIGHT),
    ("Sunday, January 10th, 2021 at 11:59PM PST", at(2021, 1, 11, 7, 59)),
    ("Mon 2021-01-11 00:30 PST", HALF_PAST_EIGHT),
    ("2021-01-11 1am PST", at(2021, 1, 11, 9)),
    ("2021-01-11 01:05pm PST", at(2021, 1, 11, 21, 5)),
    ("2021-01-11 12:30pm PST", at(2021, 1, 11, 20, 30)),
    ("2021-01-11 11:59pm", at(2021, 1, 12, 7, 59)),
    ("2021-01-11 noon PST", at(2021, 1, 11, 20)),
    ("2021-01-11 12 Noon PST", at(2021, 1, 11, 20)),
    ("11. Januar 2021 00:30 MEZ", at(2021, 1, 10, 23, 30)),
    ("11. Jan. 2021, 0:30 Uhr MEZ", at(2021, 1, 10, 23, 30)),
    ("Montag, 11. Januar 2021 um 18 Uhr MEZ", at(2021, 1, 11, 17)),
    ("11. März 2021 12:00 MEZ", at(2021, 3, 11, 11)),
    ("11. MA\u0308RZ 2021 12:00 MEZ", at(2021, 3, 11, 11)),
    ("11.01.2021 00:30", HALF_PAST_EIGHT),
    ("1.2.2021 00:30 MEZ", at(2021, 1, 31, 23, 30)),
    # as answers show it
    ("2021-01-11 00:30 PST (08:30 UTC)", HALF_PAST_EIGHT),
    ("2021-01-10 23:59 PST (2021-01-11 07:59 UTC)", at(2021, 1, 11, 7, 59)),
    # counted
    ("now", NOW),
    ("Now", NOW),
    ("-2h", NOW - 2 * HOUR),
    ("- 2h", NOW - 2 * HOUR),
    ("+15m", NOW + 15 * MINUTE),
    ("now-90m", NOW - 90 * MINUTE),
    ("now + 1h30m", NOW + 90 * MINUTE),
    ("now+2h -1h 30m", NOW + 30 * MINUTE),
    ("2 hours ago", NOW - 2 * HOUR),
    ("1 Hour 30 min ago", NOW - 90 * MINUTE),
    ("-1d", NOW - DAY),
    ("-1w", NOW - 7 * DAY),
    ("-0.5s", NOW - 500_000),
    ("-0.000001h", NOW - 3600),
    ("2021-01-11T08:30Z +2h", HALF_PAST_EIGHT + 2 * HOUR),
    ("2021-01-11 00:30 PST -1h30m", HALF_PAST_EIGHT - 90 * MINUTE),
    ("11 January 2021 12:30am PST +90 s", HALF_PAST_EIGHT + 90_000_000),
    ("yesterday 18:00 +2h", at(2021, 1, 11, 4)),
    # from now on the clock of the zone
    ("yesterday 18:00", at(2021, 1, 11, 2)),
    ("today 09:00", at(2021, 1, 11, 17)),
    ("today 09:00 PST", at(2021, 1, 11, 17)),
    ("Tomorrow noon", at(2021, 1, 12, 20)),
    ("today 09:00 UTC", at(2021, 1, 12, 9)),
    ("today 09:00 Europe/Berlin", at(2021, 1, 12, 8)),
    ("today 09:00 MEZ", at(2021, 1, 12, 8)),
    ("today 09:00 -03:00", at(2021, 1, 12, 12)),
    ("today 09:00 -03:30", at(2021, 1, 11, 12, 30)),
    # events
    ("@notice", at(2021, 1, 10)),
    ("@notice:-1m", at(2021, 1, 10) - MINUTE),
    ("@cut-off.earliest", at(2021, 1, 10, 21)),
    ("@cut-off.latest", at(2021, 1, 11, 5)),
    ("@cut-off.latest:+1m", at(2021, 1, 11, 5, 1)),
    ("@cut-off.earliest -1m", at(2021, 1, 10, 20, 59)),
    ("@cut-off-1", at(2021, 1, 12)),
    ("@removal.earliest:-1m", at(2021, 1, 9) - MINUTE),
]  # fmt: skip


@pytest.mark.parametrize(("text", "moment"), READ)
def test_one_instant(text: str, moment: Instant) -> None:
    assert span(text) == (moment, moment)
    assert instant(text) == moment


SPANS = [
    ("11 January 2021", at(2021, 1, 11, 8), at(2021, 1, 12, 8) - 1),
    ("11.01.2021 Europe/Berlin", at(2021, 1, 10, 23), at(2021, 1, 11, 23) - 1),
    ("2021-01-11 PT", at(2021, 1, 11, 8), at(2021, 1, 12, 8) - 1),
    ("2021-01-11 UTC", at(2021, 1, 11), at(2021, 1, 12) - 1),
    ("yesterday", at(2021, 1, 10, 8), at(2021, 1, 11, 8) - 1),
    ("today UTC", at(2021, 1, 12), at(2021, 1, 13) - 1),
    ("2021-01-11 00:30 PST .. 2021-01-11 noon PST", HALF_PAST_EIGHT, at(2021, 1, 11, 20)),
    ("yesterday..now", at(2021, 1, 10, 8), NOW),
    ("2021-01-10..-2h", at(2021, 1, 10, 8), NOW - 2 * HOUR),
    ("@cut-off.earliest..@cut-off.latest:+1m", at(2021, 1, 10, 21), at(2021, 1, 11, 5, 1)),
    ("..yesterday", BEGINNING, at(2021, 1, 11, 8) - 1),
    ("11. Jan. 2021..", at(2021, 1, 11, 8), END),
    ("@cut-off", at(2021, 1, 10, 21), at(2021, 1, 11, 5)),
    ("@cut-off:+1h", at(2021, 1, 10, 22), at(2021, 1, 11, 6)),
    ("@removal", at(2021, 1, 9), END),
    ("@removal:-1h", at(2021, 1, 8, 23), END),
    ("@unknown:-1h", BEGINNING, END),
]


@pytest.mark.parametrize(("text", "earliest", "latest"), SPANS)
def test_a_span(text: str, earliest: Instant, latest: Instant) -> None:
    assert span(text) == (earliest, latest)
    assert "an instant was asked for" in refused(text, read=instant)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("11 January 2021", "write one instant of it; the first is 2021-01-11T00:00-08:00"),
        ("yesterday", "write one instant of it; the first is 2021-01-10T00:00-08:00"),
        ("..yesterday", "write one instant of it; the last is 2021-01-10T23:59:59.999999-08:00"),
        ("@cut-off", "write @cut-off.earliest or @cut-off.latest"),
        ("@cut-off:-1m", "write @cut-off.earliest:-1m or @cut-off.latest:-1m"),
        ("@cut-off -1m", "write @cut-off.earliest -1m or @cut-off.latest -1m"),
        ("@removal", "write @removal.earliest"),
        ("@unknown", "write an instant: its time is open on both sides"),
    ],
)
def test_a_question_takes_no_span(text: str, hint: str) -> None:
    message, shown = refused(text, read=instant).split("\n")
    assert message.startswith(f"an instant was asked for, and {text!r} is a span, from ")
    assert shown == hint


# --- what is refused ------------------------------------------------------------------------------

REFUSED = [
    # text, what is said, the hint (patterns)
    # abbreviations
    ("2021-01-11 00:30 CST", r"CST may be -06:00 \(America/Chicago\) or \+08:00 \(Asia/Shanghai\)",
     "write one of these.* America/Chicago, Asia/Shanghai.*-06:00, .*without a zone it is Am"),
    ("2021-01-11 00:30 IST", r"\+05:30 .*\+01:00 .*\+02:00", "Asia/Kolkata, Europe/Dublin"),
    ("2021-07-11 00:30 BST", r"\+01:00 \(Europe/London\) or \+06:00", "Europe/London, Asia/Dhaka"),
    ("2021-01-11 00:30 AST", r"America/Halifax.*Asia/Riyadh", "America/Halifax"),
    ("2021-01-11 00:30 CT", r"America/Chicago.*Asia/Shanghai", "America/Chicago"),
    ("2021-07-11 00:30 PST", "shows PDT then, not PST", "2021-07-11 00:30 PDT, or"),
    ("2021-01-11 00:30 CEST", "Europe/Berlin shows CET then, not CEST", "2021-01-11 00:30 CET, or"),
    ("2021-01-11 00:30 MESZ", "Europe/Berlin shows CET then, not CEST", "2021-01-11 00:30 CET, or"),
    ("2021-07-11 00:30 MST", "America/Denver shows MDT then, not MST", "2021-07-11 00:30 MDT, or"),
    ("2021-07-11 18:00 EST", "America/New_York shows EDT then", "2021-07-11 18:00 EDT"),
    ("1943-07-11 18:00 EST", "shows EWT then", "1943-07-11 18:00 America/New_York, or"),
    ("2021-01-11 00:30 MSK", "MSK is no abbreviation that is read", "Europe/Berlin, or an offset"),
    ("2021-01-11 00:30 XYZ", "XYZ is no abbreviation that is read", "Europe/Berlin, or an offset"),
    ("2021-01-11 00:30 UTC+1", "'UTC.1' is no zone: an offset stands alone", r"write \+01:00 in"),
    ("2021-01-11 00:30 GMT-0830", "no zone: an offset", "write -08:30 in"),
    ("2021-01-11 PST", "a whole day takes the name of a zone", "write 2021-01-11 America/Los_Ang"),
    # zones and offsets
    ("2021-01-11 00:30 America/Los_Angles", "no time zone", "write America/Los_Angeles"),
    ("2021-01-11 00:30 Los Angeles", "no time zone", "write America/Los_Angeles$"),
    ("2021-01-11 00:30 europe/berlin", "no time zone", "write Europe/Berlin"),
    ("2021-01-11 00:30 +24:00", r"no offset \+24:00", "-23:59 to"),
    ("2021-01-11 00:30 -08:60", "no offset -08:60", "-23:59 to"),
    ("2021-01-11 00:30 -07:00[America/Los_Angeles]", "not have the offset -07:00", "T00:30-08:00"),
    ("2021-01-11 00:30 approx.", "'approx.' is no zone", "2021-01-11 00:30 PST"),
    ("2021-01-11 soon!", "'soon!' is neither a time of day nor a zone", "2021-01-11 00:30 PST"),
    ("2021-01-11 +01:00", "a day, month or year takes no offset", r"\[America/Los_Angeles\]"),
    # skipped and repeated
    ("2021-03-14 02:30", r"skips .*02:30-07:00 .*or .*02:30-08:00", "-07:00 or .*-08:00"),
    ("2021-03-14 02:30 PST", r"skips .*02:30-07:00 .*or .*02:30-08:00", "-07:00 or .*-08:00"),
    ("2021-03-14 02:30 PT", r"skips .*02:30-07:00 .*or .*02:30-08:00", "-07:00 or .*-08:00"),
    ("14 March 2021 2:30am", "skips that local time", "-07:00 or .*-08:00"),
    ("2021-11-07 01:30", r"repeats .*01:30-07:00 .*or .*01:30-08:00", "-07:00 or .*-08:00"),
    ("2021-11-07 01:30 PT", r"repeats .*01:30-07:00 .*or .*01:30-08:00", "-07:00 or .*-08:00"),
    ("1954-03-20 23:45 KST", "KST may be 1954-03-20T14:45:00Z or 1954-03-20T15:15:00Z", "Z or"),
    # times of day
    ("2021-01-11 13:00pm PST", "no 13:00pm: .*the hour is 1 to 12", "13:00, or 1:00pm"),
    ("2021-01-11 0:30am PST", "no 0:30am", "write 00:30, or 12:30am"),
    ("2021-01-11 25:00pm", "no 25:00pm", "00 to 23"),
    ("2021-01-11 12:00am PST", "beginning of the day and some as its end",
     "write 2021-01-11 00:00 PST, or 2021-01-12 00:00 PST$"),
    ("2021-01-11 12 a.m.", "beginning of the day", "write 2021-01-11 00:00, or 2021-01-12 00:00$"),
    ("2021-01-11 12pm PST", "noon and some as midnight", "2021-01-11 noon PST, or 2021-01-12"),
    ("2021-01-11 midnight PST", "some read midnight", "2021-01-11 00:00 PST, or 2021-01-12"),
    ("2021-12-31 midnight", "some read midnight", "2021-12-31 00:00, or 2022-01-01 00:00$"),
    ("9999-12-31 midnight UTC", "some read midnight", "or the next day 00:00 UTC$"),
    ("11. Januar 2021 Mitternacht", "some read Mitternacht", "2021-01-11 00:00, or 2021-01-12"),
    ("2021-01-10 24:00 PST", "last hour of a day is 23", "write 2021-01-11 00:00 PST$"),
    ("2021-12-31T24:00:00Z", "last hour of a day is 23", "write 2022-01-01 00:00 Z$"),
    ("2021-01-10 24:30 PST", "no time of day 24:30|last hour", "."),
    ("2021-01-10 25:00 PST", "no time of day 25:00:00", "00 to 23"),
    ("2021-01-10 23:60 PST", "no time of day 23:60:00", "00 to 59"),
    ("2021-01-11 9:00", "'9:00' may be of 12 hours or of 24", "write 09:00, 9:00am or 9:00pm$"),
    ("2021-01-11 18 PST", "'18' has no minutes", "write 18:00$"),
    ("2021-01-11 0030 PST", "'0030 PST' is neither", "write 2021-01-11 00:30 PST$"),
    ("2021-01-11 00:30:60 PST", "leap second", "59, or 00"),
    ("2021-01-11 00:30:00.1234567 PST", "more than six decimals", r"00\.123456"),
    ("2021-01-11 12:30am/pm", "no time zone 'am/pm'", "write"),
    # dates
    ("2021-13-01", "no such date", "year-month-day"),
    ("30 Februar 2021", "no such date", "year-month-day"),
    ("29.2.2021 12:00", "no such date", "year-month-day"),
    ("01/11/2021", "may be 11 January 2021 or 1 November 2021", "write 2021-01-11 or 2021-11-01$"),
    ("01/13/2021 00:30 PST", "may be 13 January 2021", "write 2021-01-13 00:30 PST$"),
    ("01-11-2021", "may be 11 January 2021 or 1 November 2021", "write 2021-01-11 or 2021-11-01$"),
    ("13/13/2021", "no such date", "for example"),
    ("2021/01/11 00:30", "a date is written 2021-01-11", "write 2021-01-11 00:30$"),
    ("2021-1-11", "a date is written 2021-01-11", "write 2021-01-11$"),
    ("20210111", "a date is written 2021-01-11", "write 2021-01-11$"),
    ("2021-W02-1", "dates by the week are not read", "write 2021-01-11$"),
    ("2021W021T00:30Z", "dates by the week are not read", "write 2021-01-11T00:30Z$"),
    ("2021-W02", "dates by the week are not read", r"write 2021-01-11\.\.2021-01-17$"),
    ("2021-W54-1", "by the week are not read, and this is none", "for example"),
    ("9999-W53-7", "by the week are not read, and this is none", "for example"),
    ("2021-010", "by the day of the year are not read", "write 2021-01-10$"),
    ("2020-366T00:30Z", "by the day of the year are not read", "write 2020-12-31T00:30Z$"),
    ("2021-366", "and this is none", "for example"),
    ("Friday, January 9, 2021 noon", "is a Saturday, not a Friday", "the date alone is 2021"),
    ("11 Jan 21", "its year is missing, or has not four digits", "11 January 2021"),
    ("January 11 00:30 PST", "its year is missing", "11 January 2021"),
    ("11.01.21", "its year is missing", "11.01.2021"),
    ("Monday 18:00", "its date is missing", "2021-01-11 00:30 PST"),
    ("18:00 PST", "its date is missing", "write today 18:00 PST$"),
    ("13:00pm", "its date is missing", "write today 13:00pm$"),
    ("1610353800", "a number is no time", "write 2021-01-11T08:30:00Z if it counts from 1970"),
    ("1610353800000", "a number is no time", "write 2021-01-11T08:30:00Z if it counts from 1970"),
    ("2021-01-11 00:30 PST (09:30 UTC)", "before the bracket is 2021-01-11 08:30 UTC", "which"),
    ("2021-01-11 UTC (00:00 UTC)", "time of day is missing", "for example"),
    # counted
    ("3 days before 2021-01-11", "the moment comes first, then -3 days", "PST -3 days$"),
    ("2h after 2021-01-11", r"the moment comes first, then \+2h", r"00:30 PST \+2h$"),
    ("in 2 hours", "with a sign", r"write \+2 hours$"),
    ("-2 months", "months and years differ in length", "-30d"),
    ("1 year ago", "months and years differ in length", "-30d"),
    ("-1M", "M may be minutes or months", "write 1m for minutes"),
    ("-30m1h", "the larger unit comes first", "1h30m"),
    ("-1h1h", "each comes once", "1h30m"),
    ("2021-01-11 +2h", r"\+2h is counted from an instant", r"as in 2021-01-11 00:30 PST \+2h"),
    ("2021-01-11T08:30Z+2h", "a blank is missing", r"write 2021-01-11T08:30Z \+2h$"),
    ("-99999999999999999999h", "outside the years 0001 to 9999", "name the date"),
    ("+9999999d", "outside the years 0001 to 9999", "name the date"),
    ("0001-01-01T00:00Z -1s", "outside the years", "name the date"),
    ("9999-12-31T23:59:59.999999Z +0.000001s", "outside the years", "name the date"),
    # events
    ("@Notice", "an event is named @ID", "write @notice$"),
    ("@notice:1m", "an event is named @ID", r"write @notice:-1m or @notice:\+1m$"),
    ("@cut-off.start", "an event is named @ID", "@ID.earliest, @ID.latest"),
    ("@", "an event is named @ID", "@ID.earliest, @ID.latest"),
    ("@removal.latest", "that side of its time is open", "its other side is 2021-01-09T00:00:00Z$"),
    ("@unknown.latest:-1m", "that side of its time is open", "open on both sides"),
    # spans
    ("now..yesterday", "latest, 2021-01-11T.* is before its earliest", "earlier first"),
    ("now..soon", "'soon' in 'now..soon'", "for example"),
    ("now..now..now", "a span is A..B", "for example"),
    # anything else
    ("", "none of the written forms", "00:30 PST, .*yesterday 18:00, -2h, or @EVENT:-1m"),
    ("soon", "none of the written forms", "yesterday 18:00"),
    ("2021-01-10T23:59Z[Europe/Berlin][u-ca=hebrew]", "more than one bracket", "write one"),
    ("2021\x1b[31m", r"'2021\\x1b\[31m'", "for example"),
    ("2" * 201, "over 200 characters", "for example"),
    ("２０２１-01-11 00:30 PST", r"character '\\uff12'", "digits 0 to 9"),
    ("11 auguſt 2021 12:30", ".", "."),
    ("fr\u0131day 2021-01-08 12:30", ".", "."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says", "hint"), REFUSED)
def test_anything_else_is_refused(text: str, says: str, hint: str) -> None:
    message, shown = refused(text).split("\n")
    assert re.search(says, message)
    assert re.search(hint, shown)
    assert message.startswith(("cannot read the time ", "its latest"))
    assert refused(text, read=instant) == f"{message}\n{shown}"


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("2021-01-11 00:30", "has no zone, and the platform has none", "2021-01-11T00:30-08:00 or"),
        ("11 Jan 2021 12:30am", "has no zone", "2021-01-11T00:30-08:00 or"),
        ("11.01.2021", "has no zone", r"write 2021-01-11\["),
        ("yesterday 18:00", "yesterday needs a zone", "write yesterday 18:00 PST, or"),
        ("Today", "Today needs a zone", "write Today 18:00 PST"),
        ("2021-01-11 00:30 CST", "CST may be", r"-05:00$"),
        ("2021-01-11 00:30 MSK", "no abbreviation that is read", "or an offset"),
    ],
)
def test_where_the_platform_has_no_zone(text: str, says: str, hint: str) -> None:
    message, shown = refused(text, zone=None).split("\n")
    assert re.search(says, message)
    assert re.search(hint, shown)
    for ending in " PST", " America/Los_Angeles":
        if not text.endswith(("ST", "SK", "Today", "2021")):
            assert span(text + ending, zone=None) == span(text)


def test_an_event_that_is_not_there() -> None:
    assert refused("@nothing", kind=BadInput) == "there is no event 'nothing'\nthere are others"
    assert refused("@cut-off-1m", kind=BadInput).endswith("\nwrite @cut-off:-1m")
    assert "'cut'" in refused("@cut-1m", kind=BadInput), "no shift of what is not there either"
    assert refused("now..@nothing", kind=BadInput).startswith("there is no event 'nothing'")


# The inputs that other parsers read wrongly or not at all, and the faults of the first draft.
# Source: research notes on user-friendliness, section 2.3.
OTHERS = {
    "2021-01-11 00:30 PST": HALF_PAST_EIGHT,  # no local time of this machine, nor 00:30 UTC
    "2021-01-11 00:30 America/Los_Angeles": HALF_PAST_EIGHT,
    "20210111T003000Z": at(2021, 1, 11, 0, 30),  # not 2018-09-03
    "11 January 2021 12:30am PST": HALF_PAST_EIGHT,
    "2021-13-01": None,  # not 13 January
    "2021-W02-1": None,  # not 1 February
    "3 days before 2021-01-11": None,  # not before now
    "2021-01-11 00:30 IST": None,
    "2021-01-11 00:30 CST": None,
    "2021-03-14 02:30": None,
    "2021-01-11T24:00Z": None,
    "0": None,
    "1610353800": None,
    # "12:30 am" and "erica/New_York"
    "2021-01-11 12:30 America/New_York": at(2021, 1, 11, 17, 30),
    "11 January 2021 12:30 America/New_York": at(2021, 1, 11, 17, 30),
    "2021-01-11 12:30 Pacific/Honolulu": at(2021, 1, 11, 22, 30),
    # digits in the names of zones
    "2021-01-11 08:30 Etc/GMT+0": HALF_PAST_EIGHT,
    "2021-01-11 08:30 Etc/GMT-0": HALF_PAST_EIGHT,
    "2021-01-11 00:30 Etc/GMT+8": HALF_PAST_EIGHT,
    "2021-01-11 00:30 Etc/GMT+8 -2h": HALF_PAST_EIGHT - 2 * HOUR,
    "2021-01-11 00:30 PST8PDT": HALF_PAST_EIGHT,
    # offsets of a day and more, huge shifts
    "2021-01-11 00:30 +24:00": None,
    "2021-01-11 00:30 -99:99": None,
    "now-99999999999h": None,
    "2021-01-11T00:30Z +" + "9" * 150 + "h": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "moment"), OTHERS.items())
def test_where_other_parsers_go_wrong(text: str, moment: Instant | None) -> None:
    if moment is None:
        refused(text)
    else:
        assert instant(text) == instant(text, zone=None) == moment
    # Only here is a month a month, with all its days.
    assert span("2021-01") == (at(2021, 1, 1, 8), at(2021, 2, 1, 8) - 1)


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "zone", "earliest", "latest"), WRITTEN)
def test_the_written_forms_mean_what_they_mean(
    text: str, zone: str | None, earliest: Instant, latest: Instant | None
) -> None:
    assert span(text, zone) == parse_span(text, zone)
    if latest is None:
        assert instant(text, zone) == earliest
        return
    assert str(told(lambda: instant(text, zone))) == str(told(lambda: parse_instant(text, zone)))


@pytest.mark.parametrize(
    "text", sorted({row[0] for row in NOT_WRITTEN if " " not in row[0].strip()})
)
def test_what_looks_written_and_is_none_is_no_typed_time_either(text: str) -> None:
    """But for the spellings that are known to be typed, and then mean the one thing they can."""
    zone = next(row[1] for row in NOT_WRITTEN if row[0] == text)
    typed = {
        "2021-01-10T23:59+0100": at(2021, 1, 10, 22, 59),
        "2021-01-10T23:59+01": at(2021, 1, 10, 22, 59),
        "20210110T235900Z": at(2021, 1, 10, 23, 59),
        "2021-01-10T23:59Z\n": at(2021, 1, 10, 23, 59),
        "now": NOW,
    }
    if text in typed:
        assert instant(text, zone) == typed[text]
    elif text != " 2021-01-10":
        refused(text, zone)


alphabet = st.sampled_from([
    *("2021-01-11", "2021", "01", "11", "7", "24", "00:30", "12:30", "13:00", ":", ".", "..", "T"),
    *("Z", "UTC", "GMT", "PST", "PDT", "CST", "CEST", "MEZ", "PT", "Etc/GMT+8", "Asia/Seoul"),
    *("am", "pm", "noon", "midnight", "Uhr", "at", ",", "January", "Jan.", "märz", "Dez", "Monday"),
    *("+", "-", "+01:00", "-0800", "[", "]", "[Europe/Berlin]", "/", "@notice", "@cut-off"),
    *("@removal", "@unknown", ".latest", ".earliest", ":-1m", "now", "today", "tomorrow", "ago"),
    *("2h", "90m", "3 days", "9" * 40, "0.5s", "1h30m", "s", "months", "(", ")", "(08:30 UTC)"),
    *(" ", " ", "\u00a0", "\n", "\x00", "\x1b[31m", "\ud800", "ſ", "ı", "\u212a", "\u0308", "٣"),
])  # fmt: skip
texts = st.one_of(
    st.text(max_size=40),
    st.lists(alphabet, max_size=9).map("".join),
    st.lists(alphabet, max_size=7).map(" ".join),
)
nows = st.one_of(st.just(NOW), st.integers(FIRST, LAST))


@given(texts, st.sampled_from([None, PACIFIC, "Europe/Berlin", "Pacific/Apia", "UTC"]), nows)
@example("today 09:00 -23:59", None, FIRST)
@example("yesterday", "Asia/Tokyo", FIRST)
@example("tomorrow 23:59", PACIFIC, LAST)
@example("@unknown:-1h", None, NOW)
@example("0001-01-01 00:00 JST", None, NOW)
@example("9999-12-31 23:59 HST", None, NOW)
def test_whatever_is_typed_is_read_or_refused(text: str, zone: str | None, now: Instant) -> None:
    found = told(lambda: span(text, zone, now))
    one = told(lambda: instant(text, zone, now))
    if isinstance(found, BadInput):
        assert str(one) == str(found)
        return
    assert found.earliest <= found.latest
    assert all(bound in (BEGINNING, END) or FIRST <= bound <= LAST for bound in found)
    assert one == found.earliest if found.is_instant else isinstance(one, BadTime)
    written = told(lambda: parse_span(text, zone))
    assert isinstance(written, BadTime) or written == found, "what is written means what it means"


@given(zoned())
@example(("MET", at(2021, 10, 31, 0, 30)))
def test_what_an_answer_shows_reads_back(case: tuple[str, Instant]) -> None:
    """All of it, but for abbreviations that may be two things, there or in general."""
    zone, moment = case
    shown = in_zone(moment, zone)
    for text in shown, output.moment(moment, zone):
        found = told(lambda text=text: instant(text, zone))
        if isinstance(found, BadTime):
            mark = shown.split()[2]
            assert f"{mark} may be " in found.message or f"{mark} repeats" in found.message
            assert mark.isalpha()
        else:
            assert found == moment
    for home in zone, None:
        assert instant(in_zone(moment, None), home) == moment


@given(zoned(), st.sampled_from(sorted(local.ABBREVIATIONS)))
@example((PACIFIC, at(2021, 11, 7, 8, 30)), "PST")
@example(("Asia/Seoul", at(1954, 3, 20, 14, 45)), "KST")
def test_an_abbreviation_is_what_its_clock_shows(case: tuple[str, Instant], name: str) -> None:
    """Each is read by one zone, and only where the clocks there go by that name."""
    zone = next(zone for zone, names in local.NAMES_OF.items() if name in names.split())
    for moment in (case[1], case[1] + 182 * DAY):
        wall = clock(moment, zone).replace(second=0, microsecond=0)
        meant = [i for i in showing(wall, zone) if in_zone(i, zone).endswith(f" {name}")]
        text = f"{wall.isoformat(' ', 'minutes')} {name}"
        found = told(lambda text=text: instant(text, None))
        assert found == meant[0] if len(meant) == 1 else isinstance(found, BadTime)


def test_an_abbreviation_that_the_platform_reads_otherwise() -> None:
    """In Manila PST is another time, and neither is taken for the other."""
    said = refused("2021-01-11 00:30 PST", zone="Asia/Manila")
    assert "PST may be 2021-01-10T16:30:00Z or 2021-01-11T08:30:00Z" in said


def test_an_abbreviation_of_the_platform() -> None:
    assert instant("2021-07-11 00:30 MST", "America/Phoenix") == at(2021, 7, 11, 7, 30)
    assert instant("2021-01-11 11:30 MSK", "Europe/Moscow") == HALF_PAST_EIGHT
    assert instant("2021-01-11 19:30 AEDT", "Australia/Sydney") == HALF_PAST_EIGHT
    assert "CST may be" in refused("2021-01-11 00:30 CST", zone="America/Chicago")
    assert "MSK is no abbreviation" in refused("2021-01-11 11:30 MSK", zone="Europe/Berlin")


@given(zoned())
def test_a_named_zone_reads_as_in_a_bracket(case: tuple[str, Instant]) -> None:
    zone, moment = case
    assume(zone not in local.ABBREVIATIONS)  # EST and its like are zones too
    for wall in (clock(moment, zone), clock(moment, zone) + timedelta(hours=1)):
        expected = told(lambda wall=wall: parse_span(f"{wall.isoformat()}[{zone}]"))
        if isinstance(expected, BadTime):
            message, hint = refused(f"{wall.isoformat(' ')} {zone}").split("\n")
            assert message.split("': ", 1)[1] == expected.message.split("': ", 1)[1]
            assert hint == expected.hint
            continue
        for text in (
            f"{wall.isoformat(' ')} {zone}",
            f"{wall.isoformat()} [{zone}]",
            f"{wall:%d.%m.}{wall.year:04} {wall.isoformat()[11:]} {zone}",
            f"{wall.year:04}{wall:%m%dT%H%M%S}{wall.isoformat()[19:]} {zone}",
        ):
            assert span(text) == expected


MONTHS = "January February March April May June July August September October November December"
GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


@given(st.dates(), st.integers(0, 23), st.integers(0, 59), st.integers(0, 6))
def test_a_date_however_it_is_spelled(day: date, hour: int, minute: int, weekday: int) -> None:
    moment = at(day.year, day.month, day.day, hour, minute)
    name, german = MONTHS.split()[day.month - 1], GERMAN.split()[day.month - 1]
    year, time = f"{day.year:04}", f"{hour:02}:{minute:02}"
    twelve = f"{hour % 12 or 12}:{minute:02}{'am' if hour < 12 else 'pm'}"
    if minute == 0 and hour % 12 == 0:
        twelve = time
    named = WEEKDAYS.split()[weekday]
    for text in (
        f"{day.day} {name} {year} {time} UTC",
        f"{day.day} {name[:3]} {year}, {twelve} UTC",
        f"{name} {day.day}, {year} at {twelve} UTC",
        f"{name[:3].upper()} {day.day:02} {year} {time}Z",
        f"{day.day}. {german} {year}, {time} Uhr UTC",
        f"{day.day}.{day.month}.{year} {twelve.upper()} UTC",
        f"{year}{day:%m%d}T{time.replace(':', '')}Z",
    ):
        assert instant(text, None) == moment, text
    text = f"{named}, {day.day} {name} {year} {time} UTC"
    if weekday == day.weekday():
        assert instant(text) == moment
    else:
        assert f"{day} is a {WEEKDAYS.split()[day.weekday()]}, not a {named}" in refused(text)


@given(st.integers(1, 31), st.integers(1, 31), st.integers(1, 9999))
def test_slashes_name_every_reading(one: int, two: int, year: int) -> None:
    def day(month: int, of: int) -> list[str]:
        try:
            return [date(year, month, of).isoformat()]
        except ValueError:
            return []

    hint = refused(f"{one}/{two}/{year:04} 00:30 PST").split("\n")[1]
    readings = sorted({*day(one, two), *day(two, one)})
    if readings:
        assert hint == "write " + " or ".join(f"{reading} 00:30 PST" for reading in readings)


lengths = st.fixed_dictionaries(
    {}, optional={unit: st.integers(0, 999) for unit in ("w", "d", "h", "m", "s")}
).filter(bool)
SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


@given(zoned(), lengths, st.sampled_from("+-"), st.sampled_from(["", " "]))
def test_what_is_counted_is_counted_exactly(
    case: tuple[str, Instant], length: dict[str, int], sign: str, blank: str
) -> None:
    """Whatever the clocks do between: a day is 24 hours."""
    zone, moment = case
    length = {unit: length[unit] for unit in SECONDS if unit in length}
    shift = sign + blank.join(f"{number}{unit}" for unit, number in length.items())
    by = int(f"{sign}1") * 1_000_000 * sum(SECONDS[unit] * n for unit, n in length.items())
    assume(FIRST <= moment + by <= LAST)
    assert instant(shift, zone, moment) == moment + by
    assert instant(f"now{shift}", None, moment) == moment + by
    assert instant(f"{format_instant(moment)} {shift}", zone) == moment + by
    for local_time in (in_zone(moment, None), f"{clock(moment, zone).isoformat(' ')} {zone}"):
        base = told(lambda text=local_time: instant(text))
        moved = told(lambda text=local_time: instant(f"{text} {shift}"))
        if isinstance(base, BadTime):
            assert isinstance(moved, BadTime)
        else:
            assert moved == base + by


def test_a_day_is_24_hours_when_the_clocks_change() -> None:
    assert instant("2021-03-15 00:00 PDT -1d") == instant("2021-03-13 23:00 PST")
    assert instant("2021-03-15 00:00 -24h") == instant("2021-03-13 23:00")


@given(nows, st.sampled_from(ZONES), st.sampled_from(["yesterday", "today", "tomorrow"]))
def test_the_day_is_that_of_the_clock(now: Instant, zone: str, word: str) -> None:
    assume(FIRST + 3 * DAY < now < LAST - 3 * DAY)
    assume(zone not in local.ABBREVIATIONS)
    there = clock(now, zone).date() + timedelta({"yesterday": -1, "today": 0, "tomorrow": 1}[word])
    expected = outcome(lambda: parse_span(f"{there}T12:00[{zone}]"))
    assume(not isinstance(expected, BadTime))
    for text, home in ((f"{word} 12:00", zone), (f"{word} noon {zone}", None)):
        assert span(text, home, now) == expected
