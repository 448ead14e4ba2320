"""The axis: full local hours, days, months, years, and labels that never touch."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postmortem.core.lengths import DAY, HOUR, MINUTE, SECOND
from postmortem.core.times import format_instant, parse_instant
from postmortem.pictures.axis import Ruler
from postmortem.pictures.clocks import Clocks
from postmortem.pictures.lanes import Axis
from postmortem.pictures.wording import WORDINGS

ZONES = (
    None, "UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia", "Asia/Beirut", "America/St_Johns",
)  # fmt: skip
FIRST = parse_instant("0001-01-02T00:00:00Z")
LAST = parse_instant("9999-12-30T00:00:00Z")
LENGTHS = (10, SECOND, 90 * SECOND, HOUR, 5 * HOUR, DAY, 4 * DAY, 40 * DAY, 400 * DAY, 4000 * DAY)


@st.composite
def rulers(draw):
    usual = st.integers(parse_instant("1960-01-01T00:00Z"), parse_instant("2040-01-01T00:00Z"))
    start = draw(usual | st.integers(FIRST, LAST - 1))
    length = draw(st.sampled_from(LENGTHS).flatmap(lambda most: st.integers(2, most)))
    length = draw(st.just(length) | st.integers(2, LAST - FIRST))
    zone = draw(st.sampled_from(ZONES))
    wording = WORDINGS[draw(st.sampled_from(sorted(WORDINGS)))]
    axis = Axis(start, min(start + length, LAST), zone)
    return Ruler(axis, draw(st.sampled_from([300.0, 640.0, 940.0, 2000.0])), wording)


@given(rulers())
def test_no_label_touches_another_or_leaves_the_picture(ruler):
    for upper in (True, False):
        labels = [label for label in ruler.labels if label.upper is upper]
        for before, after in pairwise(labels):
            assert before.x + before.width < after.x
        for label in labels:
            assert label.x >= (0 if upper else -label.width)
            assert label.x + label.width <= ruler.length + 34 + (0 if upper else label.width / 2)


@given(rulers())
def test_the_lines_stand_where_the_clocks_show_a_full_unit(ruler):
    kind, size = ruler._step
    clocks = Clocks(ruler.axis.zone)
    assert ruler.ticks == sorted(ruler.ticks)
    for tick in ruler.ticks:
        assert ruler.axis.start <= tick.at < ruler.axis.end
        local, before = clocks.local(tick.at), clocks.local(tick.at - 1)
        if kind == "clock" and not tick.major:
            assert clocks.wall(tick.at) % size == 0
        else:  # the first instant of its day, whatever the clocks show then
            assert local.date() > before.date()
            assert (
                tick.text.strip("0123456789")
                or tick.text == str(local.year)
                or (tick.text == str(local.day))
            )
        if kind in ("month", "year") or (kind == "day" and tick.major):
            assert local.day == 1


@given(rulers())
def test_there_is_always_something_to_read_the_time_by(ruler):
    assert ruler.labels or ruler.beginning
    named = " ".join([ruler.beginning, *(label.text for label in ruler.labels)])
    if ruler._step[0] != "year":
        assert str(Clocks(ruler.axis.zone).local(ruler.axis.start).year) in named


def test_of_days_at_the_end_of_a_month_those_are_named_that_have_room():
    """The 29th, if the 30th had a line too, and the first of the next month."""
    for length in range(300, 900, 20):
        axis = Axis(parse_instant("2021-02-20T00:00Z"), parse_instant("2021-04-20T00:00Z"))
        labels = [each for each in Ruler(axis, length, WORDINGS["en"]).labels if not each.upper]
        for before, after in pairwise(labels):
            assert before.x + before.width < after.x


@given(rulers())
def test_every_day_month_or_year_between_two_others_is_named(ruler):
    named = {round(label.x, 6) for label in ruler.labels if label.upper}
    for tick in ruler._major[1:-1]:
        assert round(ruler.x(tick.at), 6) in named


@given(rulers())
def test_there_are_neither_many_lines_nor_none_at_all(ruler):
    assert len(ruler.ticks) <= ruler.length / 10
    assume(ruler.axis.end - ruler.axis.start > 10)
    assert ruler.ticks or ruler.length < 400 or ruler._step[0] == "year"


def test_a_day_that_the_zone_skipped_has_no_line():
    _, _, lower = texts("2011-12-20T00:00", "2012-01-05T00:00", "Pacific/Apia", 600)
    assert lower == [*map(str, range(20, 30)), "31", "1", "2", "3", "4"]


def texts(start, end, zone, length=940.0, language="en"):
    axis = Axis(parse_instant(start, zone), parse_instant(end, zone), zone)
    ruler = Ruler(axis, length, WORDINGS[language])
    return (
        ruler.beginning,
        [label.text for label in ruler.labels if label.upper],
        [label.text for label in ruler.labels if not label.upper],
    )


def test_days_of_hours():
    assert texts("2021-01-08T12:00", "2021-01-10T12:00", "America/Los_Angeles") == (
        "2021",
        ["Fri 8 Jan", "Sat 9 Jan", "Sun 10 Jan"],
        ["12:00", "15:00", "18:00", "21:00", "00:00", "03:00", "06:00", "09:00"] * 2,
    )


def test_the_night_in_which_an_hour_comes_twice_says_from_where_on_the_clocks_are_others():
    _, upper, lower = texts("2021-11-06T23:00", "2021-11-07T05:00", "America/Los_Angeles", 500)
    assert lower == ["23:00", "00:00", "01:00", "01:00", "02:00", "03:00", "04:00"]
    assert upper == ["Sun 7 Nov", "PST"]


def test_the_night_in_which_an_hour_is_missing_skips_it():
    _, upper, lower = texts("2021-03-14T00:00", "2021-03-14T06:00", "America/Los_Angeles", 400)
    assert lower == ["00:00", "01:00", "03:00", "04:00", "05:00"]
    assert upper == ["Sun 14 Mar", "PDT"]


def test_half_hours_that_come_twice_stand_in_their_order():
    _, _, lower = texts("2021-11-07T00:30", "2021-11-07T03:00", "America/Los_Angeles", 400)
    assert lower == ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00", "02:30"]


def test_a_day_without_midnight_begins_at_one():
    begins = Clocks("America/Sao_Paulo").day_begins(parse_day("2018-11-04"))
    assert format_instant(begins) == "2018-11-04T03:00:00Z"
    assert Clocks("America/Sao_Paulo").local(begins).hour == 1


def parse_day(text):
    return Clocks(None).local(parse_instant(f"{text}T00:00Z")).date()


def test_a_new_year_is_told_and_the_old_one_stands_at_the_beginning():
    assert texts("2020-12-31T12:00", "2021-01-02T00:00", "Europe/Berlin")[:2] == (
        "2020",
        ["Thu 31 Dec", "Fri 1 Jan 2021"],
    )


def test_a_day_too_short_to_be_named_stands_at_the_beginning():
    assert texts("2020-12-30T23:10", "2021-01-03T00:00", "Europe/Berlin")[:2] == (
        "Wed 30 Dec 2020",
        ["Thu 31 Dec", "Fri 1 Jan 2021", "Sat 2 Jan"],
    )


def test_weeks_months_and_years():
    _, upper, lower = texts("2021-01-20T00:00", "2021-04-20T00:00", "Europe/Berlin")
    assert upper == ["Jan 2021", "Feb 2021", "Mar 2021", "Apr 2021"]
    assert lower == ["22", "1", "8", "15", "22", "1", "8", "15", "22", "1", "8", "15"]
    _, upper, lower = texts("2020-05-20T00:00", "2022-04-20T00:00", "UTC", 400, "de")
    assert upper == ["2020", "2021", "2022"]
    assert lower == ["Juli", "Okt.", "Jan.", "Apr."] * 2
    assert texts("1990-05-20T00:00", "2022-04-20T00:00", "UTC", 300) == (
        "",
        [],
        ["1995", "2000", "2005", "2010", "2015", "2020"],
    )


def test_fractions_of_a_second():
    _, _, lower = texts("2021-05-20T00:00", "2021-05-20T00:00:00.004", "UTC", 500)
    assert lower == ["00:00:00.000", "00:00:00.001", "00:00:00.002", "00:00:00.003"]


@pytest.mark.parametrize("zone", [z for z in ZONES if z])
def test_every_name_of_the_clocks_begins_where_it_is_first_used(zone):
    clocks = Clocks(zone)
    start, end = parse_instant("2015-01-01T00:00Z"), parse_instant("2025-01-01T00:00Z")
    for at, name in clocks.names(start, end)[1:]:
        assert clocks.name(at) == name != clocks.name(at - 1)
        assert at % MINUTE == 0
