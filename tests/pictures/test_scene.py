"""The scene says of every lane what the picture says, at every instant."""

import pytest
from core.situations import LATEST, situations
from hypothesis import given
from hypothesis import strategies as st
from pictures.books import FOUNDING, Book

from postmortem.core.disruptions import Expected
from postmortem.core.errors import BadInput
from postmortem.core.levels import OUT, WORKS, Level
from postmortem.core.state import Picture
from postmortem.core.times import BEGINNING, END, AsOf, Span, parse_instant
from postmortem.pictures.lanes import Condition, Sign
from postmortem.pictures.scene import scene

HOUR = 3_600_000_000


def instant(text):
    return parse_instant(text, "America/Los_Angeles")


@pytest.fixture(scope="module")
def parler():
    return Book.of(FOUNDING)


def expected_condition(bounds, announced, silent):
    """What a lane must show, told anew."""
    if bounds == WORKS:
        return Condition.SILENT if silent else Condition.ENDING if announced else Condition.WORKS
    if bounds == OUT:
        return Condition.OUT
    return Condition.DEGRADED if bounds.worst is bounds.best else Condition.UNCERTAIN


def middle(stretch):
    start = max(stretch.start, -3)
    end = min(stretch.end, LATEST + 4)
    return start + (end - start) // 2


@given(situations())
def test_a_service_stands_in_every_stretch_as_its_state_says(situation):
    picture = Picture(situation)
    for lane in scene(picture, {}).services:
        assert lane.stretches[0].start == BEGINNING
        assert lane.stretches[-1].end == END
        for stretch in lane.stretches:
            for at in {middle(stretch), max(stretch.start, -3)}:
                state = picture.state(AsOf(at)).services[lane.id]
                silent = lane.id not in picture.by_service
                assert stretch.bounds == state.bounds
                assert stretch.condition is expected_condition(
                    state.bounds, bool(state.notices), silent
                )


@given(situations(), st.integers(-2, LATEST + 3))
def test_a_capability_stands_at_every_instant_as_its_state_says(situation, at):
    picture = Picture(situation)
    state = picture.state(AsOf(at))
    noticed = {id for id, service in state.services.items() if service.notices}
    effects = {
        each.effect
        for known in picture.by_service.values()
        for each in known
        if isinstance(each, Expected) and each.noticed(at)
    }
    supposed = picture.state(AsOf(at), noticed).capabilities
    for lane in scene(picture, {}).capabilities:
        stretch = lane.at(at)
        bounds = state.capabilities[lane.id]
        assert stretch.bounds == bounds
        if bounds != WORKS:
            assert stretch.condition is expected_condition(bounds, False, False)
        elif stretch.condition is Condition.ENDING:
            assert supposed[lane.id].worst < Level.OPERATIONAL
        elif stretch.condition is Condition.WORKS and effects <= {Level.UNAVAILABLE}:
            assert supposed[lane.id].worst is Level.OPERATIONAL


@given(situations())
def test_stretches_follow_one_another_and_no_two_neighbours_are_alike(situation):
    for lane in (*(shown := scene(Picture(situation), {})).capabilities, *shown.services):
        for before, after in zip(lane.stretches, lane.stretches[1:], strict=False):
            assert before.end == after.start
            assert (before.condition, before.bounds, before.announced) != (
                after.condition,
                after.bounds,
                after.announced,
            )


@given(situations())
def test_the_window_holds_every_bounded_time_that_is_marked(situation):
    shown = scene(Picture(situation), {})
    times = [
        bound
        for lane in shown.services
        for mark in lane.marks
        if mark.sign is not Sign.KNOWN
        for bound in mark.time
        if bound not in (BEGINNING, END)
    ]
    if times:
        assert shown.axis.start < min(times)
        assert max(times) < shown.axis.end
        assert shown.axis.end - shown.axis.start >= HOUR


def test_redundancy_is_no_ending():
    book = Book.told(
        services={"a": {"name": "A", "provider": "x"}, "b": {"name": "B", "provider": "y"}},
        capabilities={"both": {"all_of": ["a", "b"]}, "either": {"any_of": ["a", "b"]}},
        events=[
            {"id": "n", "type": "cutoff-announced", "service": "a",
             "at": "2021-01-02T00:00Z", "effective_at": "2021-01-03T00:00Z"},
        ],
    )  # fmt: skip
    lanes = {lane.id: lane for lane in scene(book.picture(), {}).capabilities}
    noon = parse_instant("2021-01-02T12:00Z")
    assert lanes["both"].at(noon).condition is Condition.ENDING
    assert lanes["either"].at(noon).condition is Condition.WORKS


# --- the founding case ----------------------------------------------------------------------------


def test_lanes_stand_in_the_order_of_loss_and_what_is_silent_last(parler):
    shown = scene(parler.picture(), parler.names, zone=parler.zone)
    assert [lane.id for lane in shown.services][:2] == ["app-store", "google-play"]
    assert shown.services[-1].id == "ddos-protection"
    assert {s.condition for s in shown.services[-1].stretches} == {Condition.SILENT}


def test_amazon_was_on_notice_then_perhaps_gone_then_gone(parler):
    shown = scene(parler.picture(), parler.names, zone=parler.zone)
    (aws,) = [lane for lane in shown.services if lane.id == "aws"]
    assert aws.at(instant("2021-01-09T14:00")).condition is Condition.WORKS
    assert aws.at(instant("2021-01-09T15:00")).condition is Condition.ENDING
    assert aws.at(instant("2021-01-10T13:00")).condition is Condition.UNCERTAIN
    assert aws.at(instant("2021-01-11T00:00")).condition is Condition.OUT
    signs = [mark.sign for mark in aws.marks if mark.sign is not Sign.KNOWN]
    assert signs == [Sign.ANNOUNCED, Sign.OUT]
    announced, out = aws.marks[:2]
    assert announced.due == Span(instant("2021-01-10T23:59"), instant("2021-01-11T00:00"))
    assert out.contested


def test_as_known_the_evening_before_nothing_is_said_of_the_lawyers(parler):
    known = instant("2021-01-10T20:00")
    shown = scene(parler.picture(known), parler.names, as_of=AsOf(0, known))
    lanes = {lane.id: lane for lane in (*shown.capabilities, *shown.services)}
    for id in ("lawyers", "legal-representation"):
        assert [s.condition for s in lanes[id].stretches] == [Condition.SILENT]
    assert shown.known == known


def test_only_the_lanes_that_are_asked_for(parler):
    shown = scene(parler.picture(), parler.names, only={"aws", "hosting"})
    assert [lane.id for lane in (*shown.capabilities, *shown.services)] == ["hosting", "aws"]
    alone = scene(parler.picture(), parler.names, only={"twilio"})
    assert alone.axis.start > instant("2021-01-09T10:00")  # its own time, not the record's


# --- the window -----------------------------------------------------------------------------------


def test_a_given_window_is_kept_and_an_empty_one_refused(parler):
    first, last = instant("2021-01-10T23:00"), instant("2021-01-11T00:00")
    shown = scene(parler.picture(), {}, Span(first, last))
    assert (shown.axis.start, shown.axis.end) == (first, last)
    with pytest.raises(BadInput, match="is empty"):
        scene(parler.picture(), {}, Span(last, last))


def test_a_window_open_on_one_side_goes_as_far_as_the_record(parler):
    first = instant("2021-01-10T23:00")
    shown = scene(parler.picture(), {}, Span(first, END))
    assert shown.axis.start == first
    assert instant("2021-01-13T15:00") < shown.axis.end < instant("2021-01-14T12:00")


def test_all_that_can_be_written_is_a_window():
    book = Book.told(services={"a": {"provider": "x"}})
    shown = scene(book.picture(), {}, Span(BEGINNING + 1, END - 1), "Pacific/Apia")
    assert shown.axis.start < shown.axis.end


def test_a_cursor_and_late_knowledge_do_not_shrink_what_happened_to_a_line(parler):
    whole = scene(parler.picture(), {})
    late = scene(parler.picture(), {}, cursor=parse_instant("2026-01-01T00:00Z"))
    assert late.axis == whole.axis
    near = scene(parler.picture(), {}, cursor=instant("2021-01-15T12:00"))
    assert near.axis.end > instant("2021-01-15T12:00")


def test_without_any_date_there_is_no_axis_but_a_cursor_makes_one():
    book = Book.told(services={"a": {"provider": "x"}}, capabilities={"c": "a"})
    assert scene(book.picture(), {}).axis is None
    noon = parse_instant("2021-01-02T12:00Z")
    axis = scene(book.picture(), {}, cursor=noon).axis
    assert axis.start < noon < axis.end


# --- the marks ------------------------------------------------------------------------------------


def marks_of(service, *events):
    book = Book.told(
        services={"a": {"provider": "x"}, "b": {"provider": "y"}},
        events=[{"known_at": "2021-02-01T00:00Z", **event} for event in events],
    )
    (lane,) = [each for each in scene(book.picture(), {}).services if each.id == service]
    return lane.marks


def day(number, hour=0):
    return f"2021-01-{number:02}T{hour:02}:00Z"


ANNOUNCED = {"id": "n", "type": "cutoff-announced", "service": "a",
             "at": day(2), "effective_at": day(5)}  # fmt: skip


def at(text):
    return Span(parse_instant(text), parse_instant(text))


def test_a_rescheduled_announcement_leads_to_its_last_time():
    again = {"id": "m", "type": "cutoff-rescheduled", "announcement": "n",
             "at": day(3), "effective_at": day(9)}  # fmt: skip
    marks = marks_of("a", ANNOUNCED, again)
    assert [(m.sign, m.facts, m.due) for m in marks] == [
        (Sign.ANNOUNCED, ("n",), at(day(9))),
        (Sign.RESCHEDULED, ("m",), None),
        (Sign.KNOWN, ("m", "n"), None),
    ]


def test_a_withdrawn_one_leads_to_its_withdrawal():
    marks = marks_of("a", ANNOUNCED, {"id": "w", "type": "cutoff-withdrawn",
                                      "announcement": "n", "at": day(4)})  # fmt: skip
    assert [(m.sign, m.due) for m in marks[:2]] == [
        (Sign.ANNOUNCED, at(day(4))),
        (Sign.WITHDRAWN, None),
    ]


def test_a_restoration_of_two_services_stands_on_both_lanes():
    events = [
        {"id": "d", "type": "service-down", "service": "a", "at": day(2)},
        {"id": "e", "type": "service-degraded", "service": "b", "at": day(3)},
        {"id": "r", "type": "service-restored", "ends": ["d", "e"], "at": day(4)},
    ]
    assert [m.sign for m in marks_of("a", *events)] == [Sign.OUT, Sign.RESTORED, Sign.KNOWN]
    assert [m.sign for m in marks_of("b", *events)] == [Sign.DEGRADED, Sign.RESTORED, Sign.KNOWN]


def test_what_changed_nothing_has_no_mark():
    marks = marks_of(
        "a",
        {"id": "d", "type": "service-degraded", "service": "a", "at": day(2)},
        {"id": "x", "type": "effect-changed", "disruption": "d", "effect": "unavailable",
         "at": day(3)},
        {"id": "r", "type": "service-restored", "ends": "d", "at": day(4)},
        {"id": "y", "type": "effect-changed", "disruption": "d", "effect": "unavailable",
         "at": day(5)},
    )  # fmt: skip
    assert [(m.sign, m.facts) for m in marks[:-1]] == [
        (Sign.DEGRADED, ("d",)),
        (Sign.OUT, ("x",)),
        (Sign.RESTORED, ("r",)),
    ]
