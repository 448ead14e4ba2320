"""Measures: ranges against every placement within the spans, and the reasons for no number."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from statistics import median as median_of

import pytest
from core.dossiers import bare, collected
from core.situations import LATEST, situations
from core.telling import announced, cut_off, down, event, restored, told, withdrawn
from hypothesis import assume, given
from hypothesis import strategies as st

from postmortem.core import measures
from postmortem.core.anchors import chosen, lasted
from postmortem.core.disruptions import Disruption, Settled
from postmortem.core.levels import Level
from postmortem.core.measuring import measured, verdict
from postmortem.core.metrics import (
    DEFINITIONS,
    SHARE,
    Anchor,
    Invalid,
    NotApplicable,
    Range,
    SoFar,
    Why,
    between,
    first,
    judged,
    lapse,
    last,
    ranks,
    so_far,
    spread,
)
from postmortem.core.summaries import covering, median, summaries, summary
from postmortem.core.times import BEGINNING, END, Span, parse_instant, parse_span
from postmortem.testing import draft

HOUR = 3_600_000_000
SPANS = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda pair: Span(*sorted(pair)))
OPEN = st.sampled_from([Span(BEGINNING, 3), Span(3, END)])
RANGES = st.tuples(st.integers(-6, 6), st.integers(-6, 6)).map(lambda pair: Range(*sorted(pair)))


def placements(*spans):
    """Every way to place things within their spans."""
    return product(*(range(span.earliest, span.latest + 1) for span in spans))


def exact(values):
    """The range that those values make."""
    found = list(values)
    return Range(min(found), max(found))


# --- arithmetic -----------------------------------------------------------------------------------


@given(SPANS, SPANS)
def test_between_two_spans_lies_exactly_what_their_placements_give(start, end):
    assert between(start, end) == exact(e - s for s, e in placements(start, end))


@given(SPANS, OPEN)
def test_an_open_side_leaves_that_side_of_the_range_open(span, open_span):
    after, before = between(span, open_span), between(open_span, span)
    least_known = open_span.earliest != BEGINNING
    assert (after.least is not None, after.most is not None) == (least_known, not least_known)
    assert (before.least is not None, before.most is not None) == (not least_known, least_known)
    assert after == Range(
        None if before.most is None else -before.most,
        None if before.least is None else -before.least,
    )


@given(st.lists(SPANS, min_size=1, max_size=4))
def test_first_and_last_of_several(spans):
    assert first(spans) == tuple(vars_of(exact(min(p) for p in placements(*spans))))
    assert last(spans) == tuple(vars_of(exact(max(p) for p in placements(*spans))))


def vars_of(found):
    return found.least, found.most


@given(st.lists(SPANS, min_size=2, max_size=4))
def test_the_spread_of_several_is_exact(spans):
    assert spread(spans) == exact(max(p) - min(p) for p in placements(*spans))


@given(st.lists(SPANS, min_size=1, max_size=4))
def test_the_places_of_several_are_exact(spans):
    found = ranks(spans)
    for index in range(len(spans)):
        places = (1 + sum(other < p[index] for other in p) for p in placements(*spans))
        assert found[index] == exact(places)


@given(st.lists(SPANS, min_size=1, max_size=4))
def test_an_anchor_names_all_that_may_be_the_first_or_the_last(spans):
    named = [(f"f{index}", span) for index, span in enumerate(spans)]
    for which, pick in ((first, min), (last, max)):
        anchor = chosen("anchor", named, which)
        assert anchor is not None
        may_be = {
            f"f{index}"
            for p in placements(*spans)
            for index in range(len(spans))
            if p[index] == pick(p)
        }
        assert set(anchor.facts) == may_be


def test_no_anchor_of_nothing():
    assert chosen("anchor", [], first) is None


@given(SPANS, st.lists(SPANS, max_size=2), st.integers(0, 12))
def test_a_disruption_lasts_as_long_as_its_placements_give(start, ends, as_of):
    one = Disruption(
        "d",
        "s",
        Settled("d", start, False),
        Level.UNAVAILABLE,
        restorations=[Settled(f"r{index}", span, False) for index, span in enumerate(ends)],
    )
    found = lasted(one, as_of)
    kept = [time.span for time in one.restorations]
    worlds = [min(r) - s for s, *r in placements(start, *kept) if r and all(end >= s for end in r)]
    if kept:
        assert found == exact(worlds)
        return
    elapsed = [as_of - s for (s,) in placements(start) if s <= as_of]
    if not elapsed:
        assert found == NotApplicable(Why("not-begun"))
    elif len(elapsed) <= start.latest - start.earliest:
        assert found == SoFar(None, max(elapsed), as_of)
    else:
        assert found == SoFar(min(elapsed), max(elapsed), as_of)


@given(SPANS, SPANS)
def test_only_what_is_certainly_reversed_is_invalid(start, end):
    anchors = Anchor("a", (), start), Anchor("b", (), end)
    outcome = lapse(*anchors)
    reversed_always = all(e < s for s, e in placements(start, end))
    assert isinstance(outcome, Invalid) is reversed_always
    assert lapse(*anchors, signed=True) == between(start, end)


def test_without_any_bound_there_is_nothing_to_say():
    assert judged(Range(None, None)) == NotApplicable(Why("unbounded"))
    assert so_far(Span(BEGINNING, END), 3) == NotApplicable(Why("unbounded"))


# --- over several ---------------------------------------------------------------------------------


@given(st.lists(RANGES, min_size=1, max_size=4))
def test_the_median_and_the_range_hold_whatever_the_values_turn_out_to_be(ranges):
    found, all_of = median(ranges), covering(ranges)
    spans = [Span(each.least, each.most) for each in ranges]
    medians = [Fraction(median_of(map(Fraction, p))) for p in placements(*spans)]
    assert found is not None
    assert found.least == min(medians) // 1
    assert found.most == -(-max(medians) // 1)
    assert all_of == exact(value for p in placements(*spans) for value in p)


def test_what_goes_on_counts_as_at_least_so_long():
    outcomes = [Range(2, 3), SoFar(10, 12, 99), Range(4, 4)]
    found = summary("time-to-restore", None, outcomes)
    assert found.count == 3
    assert found.median == Range(4, 4)
    assert found.range == Range(2, None)
    more = summary("time-to-restore", None, [*outcomes, SoFar(11, 12, 99)])
    assert more.median == Range(7, None)


def test_what_has_no_value_is_counted_by_its_kind_and_never_as_nothing():
    outcomes = [
        NotApplicable(Why("no-loss")),
        Invalid(-3, -2, Why("reversed")),
        SoFar(None, 3, 9),
        Range(5, 5),
    ]
    found = summary("time-to-detect", None, outcomes)
    assert (found.count, found.median, found.range) == (1, Range(5, 5), Range(5, 5))
    assert found.left_out == {"not applicable": 1, "invalid": 1, "so far": 1}
    none = summary("time-to-detect", None, outcomes[:2])
    assert (none.count, none.median, none.range) == (0, None, None)


def test_a_share_so_far_may_still_rise():
    share = SoFar(Fraction(1, 2), Fraction(1, 2), 9)
    found = summary("availability", "c", [share, Range(Fraction(1, 3), Fraction(2, 3))])
    assert found.count == 1
    assert found.left_out == {"so far": 1}


# --- against the state ----------------------------------------------------------------------------


def by_key(found, key):
    return {one.about: one for one in found if one.key == key}


@given(situations(), st.integers(-1, LATEST + 2))
def test_over_the_window_the_measures_are_those_of_downtime(situation, until):
    dossier = bare(situation, until)
    found = measured(dossier, weight=Fraction(1, 3))
    out, impaired = by_key(found, "downtime"), by_key(found, "impaired")
    shares = by_key(found, "availability")
    start = dossier.window.start
    if dossier.window.start_by is None or until <= start:
        codes = {one.outcome.why.code for one in (*out.values(), *shares.values())}
        assert codes <= {"nothing-recorded", "empty-window"}
        return
    expected = measures.downtime(dossier.picture, start, until)
    assert set(out) == set(impaired) == set(shares) == set(expected)
    for id, each in expected.items():
        assert out[id].outcome == SoFar(*each.unavailable, until)
        assert impaired[id].outcome == SoFar(*each.impaired, until)
        lost = [o + Fraction(i - o, 3) for o, i in zip(*each, strict=True)]
        assert shares[id].outcome == SoFar(
            1 - lost[1] / (until - start), 1 - lost[0] / (until - start), until
        )


@given(situations(), st.integers(1, LATEST + 2))
def test_the_most_services_down_are_those_of_the_state_at_every_instant(situation, until):
    dossier = bare(situation, until)
    start = dossier.window.start
    assume(dossier.window.start_by is not None and start < until and dossier.disruptions)
    one = by_key(measured(dossier), "most-down")[None]

    def down_at(at, side):
        bounds = {id: dossier.picture.service(id, at).bounds for id in situation.services}
        return sorted(id for id, each in bounds.items() if getattr(each, side) == 0)

    for which, side, count in (
        ("certainly", "best", one.outcome.least),
        ("possibly", "worst", one.outcome.most),
    ):
        counts = [len(down_at(at, side)) for at in range(start, until)]
        assert count == max(counts)
        moment = one.beside["moments"][which]
        if count:
            assert moment.start == start + counts.index(count)
            for at in (moment.start, moment.end - 1):
                assert down_at(at, side) == list(moment.services)
        else:
            assert moment is None


@given(situations())
def test_every_measure_of_any_record_has_a_value_or_a_reason(situation):
    for one in measured(bare(situation, LATEST + 1)):
        assert one.key in DEFINITIONS
        if isinstance(one.outcome, NotApplicable | Invalid):
            assert str(one.outcome.why)
            assert "{" not in str(one.outcome.why)
        else:
            least, most = one.outcome.least, one.outcome.most
            assert (least, most) != (None, None)
            assert least is None or most is None or least <= most
            if one.unit == SHARE:
                assert 0 <= least <= most <= 1


# --- verdicts -------------------------------------------------------------------------------------


@given(RANGES)
def test_a_verdict_holds_for_every_value_that_the_error_may_have(error):
    values = range(error.least, error.most + 1)
    keeps = {
        "at-least": [value >= 0 for value in values],
        "at-most": [value <= 0 for value in values],
        "exact": [value == 0 for value in values],
    }
    for meant, kept in keeps.items():
        expected = "held" if all(kept) else "not certain" if any(kept) else "missed"
        assert verdict(meant, error) == expected
    assert verdict("about", error) == "none"


@pytest.mark.parametrize(
    ("meant", "error", "expected"),
    [
        ("at-least", SoFar(1, 2, 0), "held"),  # it has lasted that long already
        ("at-least", SoFar(-2, -1, 0), "open"),
        ("at-most", SoFar(1, 2, 0), "missed"),
        ("at-most", SoFar(-2, 1, 0), "open"),
        ("exact", SoFar(1, 2, 0), "missed"),
        ("exact", SoFar(-2, -1, 0), "open"),
        ("at-most", NotApplicable(Why("no-length")), "none"),
    ],
)
def test_a_verdict_while_it_goes_on(meant, error, expected):
    assert verdict(meant, error) == expected


# --- one by one -----------------------------------------------------------------------------------

OPENED = event("incident-opened", "inc", title="It broke")


def reached(milestone, at, id=None):
    return event("milestone-reached", id or milestone, at, incident="inc", milestone=milestone)


def found_in(*drafts, incident="inc", until="2021-02-01T00:00Z", **more):
    record = told(OPENED, *drafts).record
    return measured(collected(record, incident, until=parse_instant(until)), **more)


def test_notice_is_effective_minus_announced():
    found = found_in(
        announced(at="2021-01-09T12:00Z..2021-01-09T13:00Z", effective_at="2021-01-10T11:00Z"),
        cut_off(at="2021-01-10T12:00Z", announcement="notice"),
    )
    notice = by_key(found, "notice")["cut"]
    assert notice.outcome == Range(23 * HOUR, 24 * HOUR)
    assert (notice.start.name, notice.start.facts) == ("announced", ("notice",))
    assert (notice.end.name, notice.end.facts) == ("took effect", ("cut",))
    promised = by_key(found, "notice-announced")["cut"]
    assert promised.outcome == Range(22 * HOUR, 23 * HOUR)


@pytest.mark.parametrize(("at", "hours"), [("2021-01-10T12:00Z", 0), ("2021-01-10T14:00Z", -2)])
def test_no_notice_and_less_than_none_are_shown_as_such(at, hours):
    found = found_in(announced(at=at, effective_at="2021-01-10T12:00Z"))
    assert by_key(found, "notice")["notice"].outcome == Range(hours * HOUR, hours * HOUR)


def test_notice_of_what_nobody_announced_is_not_applicable():
    notice = by_key(found_in(cut_off()), "notice")["cut"]
    assert notice.outcome == NotApplicable(Why("not-announced"))


def test_notice_of_what_was_withdrawn_is_not_applicable():
    notice = by_key(found_in(announced(), withdrawn()), "notice")["notice"]
    assert notice.outcome == NotApplicable(Why("withdrawn", ("off",)))


def test_the_contractual_notice_stands_beside_it():
    record = told(
        draft("service-declared", id="pay", notice_days=2),
        OPENED,
        announced(service="pay", at="2021-01-09T12:00Z", effective_at="2021-01-10T12:00Z"),
    ).record
    notice = by_key(measured(collected(record, "inc", until=END - 1)), "notice")["notice"]
    assert notice.beside == {"contract": 48 * HOUR, "short": Range(24 * HOUR, 24 * HOUR)}


def test_public_lead_counts_from_the_earliest_publication_that_tells_of_it():
    early = draft("source-declared", id="early", title="x", published_at="2021-01-10T10:00Z")
    record = told(
        early, OPENED, cut_off(cites=["press"]), announced(id="other", service="okta"),
        draft("time-claimed", id="claim", about="cut", time="2021-01-10T12:00Z", cites=["early"]),
    ).record  # fmt: skip
    leads = by_key(measured(collected(record, "inc")), "public-lead")
    assert leads["cut"].outcome == Range(2 * HOUR, 2 * HOUR)
    assert leads["cut"].start.facts == ("early",)
    assert leads["other"].outcome == NotApplicable(Why("no-publication"))


def test_times_to_detect_acknowledge_and_mitigate():
    found = found_in(
        down(at="2021-01-10T12:00Z"),
        reached("detected", "2021-01-10T13:00Z"),
        reached("detected", "2021-01-10T15:00Z", id="again"),
        reached("acknowledged", "2021-01-10T13:30Z"),
        reached("mitigated", "2021-01-10T14:00Z"),
        reached("mitigated", "2021-01-10T16:00Z", id="at-last"),
    )
    assert by_key(found, "time-to-detect")[None].outcome == Range(HOUR, HOUR)
    assert by_key(found, "time-to-acknowledge")[None].outcome == Range(HOUR // 2, HOUR // 2)
    mitigated = by_key(found, "time-to-mitigate")[None]
    assert mitigated.outcome == Range(4 * HOUR, 4 * HOUR)
    assert mitigated.end.facts == ("at-last",)


def test_a_missing_milestone_is_not_applicable_and_a_reversed_one_invalid():
    found = found_in(down(at="2021-01-10T12:00Z"), reached("detected", "2021-01-10T11:00Z"))
    assert by_key(found, "time-to-detect")[None].outcome == Invalid(-HOUR, -HOUR, Why("reversed"))
    missing = by_key(found, "time-to-acknowledge")[None].outcome
    assert missing == NotApplicable(Why("no-milestone", ("acknowledged",)))
    assert isinstance(by_key(found, "lag-detected")["down"].outcome, Invalid)


def test_where_the_order_is_open_the_range_says_so():
    found = found_in(
        down(at="2021-01-10T12:00Z"), reached("detected", "2021-01-10T11:00Z..2021-01-10T13:00Z")
    )
    detected = by_key(found, "time-to-detect")[None]
    assert detected.outcome == Range(-HOUR, HOUR)
    assert detected.beside == {"order": "open"}


def test_time_to_restore_counts_each_and_all():
    found = found_in(
        down(at="2021-01-10T12:00Z"),
        down(id="other", at="2021-01-10T14:00Z", service="okta"),
        restored(at="2021-01-10T18:00Z"),
        until="2021-01-10T20:00Z",
    )
    each = by_key(found, "time-to-restore")
    assert each["down"].outcome == Range(6 * HOUR, 6 * HOUR)
    as_of = parse_instant("2021-01-10T20:00Z")
    assert each["other"].outcome == SoFar(6 * HOUR, 6 * HOUR, as_of)
    both = by_key(found, "time-to-restore-all")[None]
    assert both.outcome == SoFar(8 * HOUR, 8 * HOUR, as_of)
    assert both.beside == {"going on": ("other",)}


def test_a_loss_begins_no_later_than_it_ends():
    found = found_in(
        down(at="2021-01-10T12:00Z..2021-01-10T18:00Z"),
        restored(at="2021-01-10T13:00Z..2021-01-10T14:00Z"),
        reached("detected", "2021-01-10T20:00Z"),
    )
    assert by_key(found, "time-to-restore")["down"].outcome == Range(0, 2 * HOUR)
    detected = by_key(found, "time-to-detect")[None]
    assert detected.start.span == parse_span("2021-01-10T12:00Z..2021-01-10T14:00Z")
    assert detected.outcome == Range(6 * HOUR, 8 * HOUR)


def test_an_end_that_is_open_gives_at_least():
    found = found_in(down(at="2021-01-10T12:00Z"), restored(at="2021-01-10T14:00Z.."))
    assert by_key(found, "time-to-restore")["down"].outcome == Range(2 * HOUR, None)
    assert by_key(found, "time-to-restore-all")[None].outcome == Range(2 * HOUR, None)


def test_time_to_an_alternative():
    replaced = event(
        "service-replaced", "move", "2021-01-11T12:00Z", service="aws", replacement="okta"
    )
    found = by_key(found_in(cut_off(), replaced), "time-to-alternative")
    assert found["aws"].outcome == Range(24 * HOUR, 24 * HOUR)
    assert found["aws"].beside["replacement"] == "okta"
    until = parse_instant("2021-01-11T12:00Z")
    none_yet = found_in(cut_off(), until="2021-01-11T12:00Z")
    found = by_key(none_yet, "time-to-alternative")
    assert found["aws"].outcome == SoFar(24 * HOUR, 24 * HOUR, until)
    back = found_in(cut_off(), restored(ends="cut"))
    found = by_key(back, "time-to-alternative")
    assert found["aws"].outcome == NotApplicable(Why("restored-itself", ("up",)))
    assert not by_key(found_in(down()), "time-to-alternative")  # a failure is no cutoff


def test_the_cascade_is_of_the_first_loss_of_each_service():
    found = found_in(
        down(at="2021-01-10T12:00Z"),
        restored(at="2021-01-10T13:00Z"),
        down(id="again", at="2021-01-12T12:00Z"),
        down(id="other", at="2021-01-10T14:00Z..2021-01-10T15:00Z", service="okta"),
    )
    assert by_key(found, "cascade-span")[None].outcome == Range(2 * HOUR, 3 * HOUR)
    places = {one.about: one.outcome for one in found if one.key == "loss-order"}
    assert places == {"aws": Range(1, 1), "okta": Range(2, 2)}
    one = by_key(found_in(down()), "cascade-span")[None]
    assert one.outcome == NotApplicable(Why("one-loss", ("aws",)))


def given_estimate(kind="at-least", **keys):
    return event("estimate-given", "est", about="down", kind=kind, **keys)


def test_the_error_of_an_estimate():
    ended = restored(at="2021-01-10T18:00Z")
    found = found_in(down(at="2021-01-10T12:00Z"), given_estimate(lasts="8h"), ended)
    short = by_key(found, "estimate-error")["est"]
    assert short.outcome == Range(-2 * HOUR, -2 * HOUR)
    assert short.beside["verdict"] == "missed"
    until = given_estimate(kind="at-most", until="2021-01-10T17:00Z..2021-01-10T18:00Z")
    found = found_in(down(at="2021-01-10T12:00Z"), until, ended)
    late = by_key(found, "estimate-error")["est"]
    assert late.outcome == Range(0, HOUR)
    assert late.beside["verdict"] == "not certain"


def test_the_error_of_an_estimate_so_far():
    going_on = found_in(
        down(at="2021-01-10T12:00Z"), given_estimate(lasts="8h"), until="2021-01-10T22:00Z"
    )
    error = by_key(going_on, "estimate-error")["est"]
    assert error.outcome == SoFar(2 * HOUR, 2 * HOUR, parse_instant("2021-01-10T22:00Z"))
    assert error.beside["verdict"] == "held"


def test_an_estimate_about_an_announcement_is_about_the_cut_off_that_carries_it_out():
    about = event("estimate-given", "est", about="notice", kind="exact", lasts="1h")
    never = by_key(found_in(announced(), about), "estimate-error")["est"]
    assert never.outcome == NotApplicable(Why("never-effective", ("notice",)))
    done = found_in(announced(), about, cut_off(announcement="notice"), restored(ends="cut"))
    assert by_key(done, "estimate-error")["est"].outcome == Range(0, 0)


def test_the_lags_of_a_loss():
    found = found_in(
        down(at="2021-01-10T12:00Z", known_at="2021-01-10T15:00Z"),
        reached("detected", "2021-01-10T13:00Z"),
    )
    assert by_key(found, "lag-known")["down"].outcome == Range(3 * HOUR, 3 * HOUR)
    assert by_key(found, "lag-detected")["down"].outcome == Range(HOUR, HOUR)
    recorded = by_key(found, "lag-recorded")["down"]
    assert recorded.start.span == Span(*[parse_instant("2021-01-10T15:00Z")] * 2)
    assert recorded.end.span.earliest == recorded.start.span.earliest + recorded.outcome.least


def test_downtime_ends_with_the_window():
    opened = event(
        "incident-opened", "inc", "2021-01-10T13:00Z", title="It broke",
        window_from="2021-01-10T11:00Z", window_to="2021-01-10T14:00Z",
    )  # fmt: skip
    record = told(opened, down(at="2021-01-10T12:00Z")).record
    found = measured(collected(record, "inc"))
    hosting = by_key(found, "downtime")["hosting"]
    assert hosting.outcome == Range(2 * HOUR, 2 * HOUR)
    assert by_key(found, "availability")["hosting"].outcome == Range(Fraction(1, 3), Fraction(1, 3))
    early = measured(collected(record, "inc", until=parse_instant("2021-01-10T13:00Z")))
    assert isinstance(by_key(early, "downtime")["hosting"].outcome, SoFar)
    before = measured(collected(record, "inc", until=parse_instant("2021-01-10T10:00Z")))
    assert by_key(before, "downtime")["hosting"].outcome == NotApplicable(Why("empty-window"))


def test_what_is_degraded_counts_by_its_weight():
    opened = event(
        "incident-opened", "inc", title="It broke",
        window_from="2021-01-10T12:00Z", window_to="2021-01-10T16:00Z",
    )  # fmt: skip
    slow = event("service-degraded", "slow", "2021-01-10T14:00Z", service="aws")
    dossier = collected(told(opened, slow).record, "inc")
    share = Fraction(3, 4)
    found = by_key(measured(dossier, weight=Fraction(1, 2)), "availability")["hosting"]
    assert found.outcome == Range(share, share)
    assert found.beside == {"weights": {"unavailable": 1, "degraded": Fraction(1, 2)}}
    assert by_key(measured(dossier), "availability")["hosting"].outcome == Range(1, 1)


def test_summaries_put_together_what_is_measured_of_several():
    one = found_in(down(at="2021-01-10T12:00Z"), restored(at="2021-01-10T14:00Z"))
    two = found_in(down(at="2021-01-10T12:00Z"), restored(at="2021-01-10T18:00Z"))
    found = {(each.key, each.about): each for each in summaries([one, two])}
    whole = found["time-to-restore-all", None]
    assert (whole.count, whole.median) == (2, Range(4 * HOUR, 4 * HOUR))
    assert whole.range == Range(2 * HOUR, 6 * HOUR)
    assert ("downtime", "hosting") in found
    assert not any(key == "loss-order" for key, _ in found)


def test_measures_stand_in_the_order_of_their_definitions():
    keys = list(DEFINITIONS)
    places = [keys.index(one.key) for one in found_in(announced(), down())]
    assert places == sorted(places)
