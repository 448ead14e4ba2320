"""Whole histories against the oracle, which shares nothing with the code and lists every world."""

from __future__ import annotations

import itertools

import oracle
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from postmortem.core import formulas, measures
from postmortem.core.disruptions import Disruption
from postmortem.core.fields import When
from postmortem.core.history import CLAIMED, REVISED
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Span, format_span, parse_span
from postmortem.testing import (
    PLATFORM,
    MemoryRecord,
    as_written,
    draft,
    fields,
    histories,
    questions,
)

SEVERAL = 3  # questions to one history
MOMENTS = st.sampled_from(fields.moments())


def records(**options):
    options = {"plain": True, "least": 8, **options}
    return histories(**options).map(lambda drafts: MemoryRecord.of(PLATFORM, drafts))


def zone_of(record):
    return next(d.entry.zone for _, d in record.told if d.entry.TYPE == "platform-declared")


def told(record):
    entries = [(now, as_written(draft)) for now, draft in record.told]
    return oracle.told(PLATFORM, entries, zone_of(record) or "")


def clocks(as_of):
    known, recorded = (None if at == END else at for at in (as_of.known, as_of.recorded))
    return as_of.valid, known, recorded


def picture(record, as_of):
    return Picture(record.situation(as_of))


# --- against the oracle ---------------------------------------------------------------------------


ANYTHING = {}
DISRUPTIONS = {
    "types": ("service-down", *("effect-changed", "service-restored", "time-claimed") * 2),
    "services": ("aws",),
}
ANNOUNCEMENTS = {
    "types": (
        "cutoff-announced",
        *("cutoff-rescheduled", "service-cut-off", "time-claimed") * 2,
        "cutoff-withdrawn",
    ),
    "services": ("aws",),
}
NOON, NIGHT = "2021-01-10T12:00Z", "2021-01-11T00:00Z"
FEW = (NOON, NOON, f"{NOON}..{NIGHT}", NIGHT, f"..{NOON}")
"""Times that often tie."""
TIES = {"services": ("aws",), "times": FEW, "types": ("service-degraded", *("effect-changed",) * 5)}
MOVES = {"services": ("aws",), "times": FEW, "types": ("cutoff-rescheduled",)}
FORMULAS = {"times": FEW, "types": ("service-down", *("capability-revised",) * 4)}


NAMES = ("anything", "disruptions", "announcements", "formulas", "ties", "moves")
EVERY = (ANYTHING, DISRUPTIONS, ANNOUNCEMENTS, FORMULAS, TIES, MOVES)


@pytest.mark.parametrize("told_of", EVERY, ids=NAMES)
@settings(max_examples=120)
@given(st.data())
def test_the_state_is_the_oracle_s(told_of, data):
    record = data.draw(records(most=30, **told_of))
    history = told(record)
    for _ in range(SEVERAL):
        as_of = data.draw(questions(record))
        answer = picture(record, as_of).state(as_of).document()
        assert answer == oracle.state(history, *clocks(as_of))


@given(records(), st.data())
def test_the_state_without_some_services_is_the_oracle_s(record, data):
    as_of = data.draw(questions(record))
    without = data.draw(st.sets(st.sampled_from(["aws", "okta", "twilio"])))
    answer = picture(record, as_of).state(as_of, without).document()
    assert answer == oracle.state(told(record), *clocks(as_of), without=sorted(without))


@pytest.mark.parametrize("told_of", EVERY, ids=NAMES)
@settings(max_examples=40)
@given(st.data())
def test_the_downtime_is_the_oracle_s(told_of, data):
    record = data.draw(records(**told_of))
    as_of = data.draw(questions(record))
    start, end = sorted(data.draw(st.lists(MOMENTS, min_size=2, max_size=2, unique=True)))
    found = measures.downtime(picture(record, as_of), start, end)
    _, known, recorded = clocks(as_of)
    expected = oracle.downtime(told(record), start, end, known, recorded)
    assert {id: downtime.document() for id, downtime in found.items()} == expected


@given(records(), st.data())
def test_the_cut_sets_are_the_oracle_s(record, data):
    as_of = data.draw(questions(record))
    history, worked_out = told(record), picture(record, as_of)
    for capability in worked_out.situation.capabilities:
        found = measures.cut_sets(worked_out, capability, as_of.valid)
        asked, known, recorded = clocks(as_of)
        answer = oracle.cuts(history, capability, asked, known, recorded)
        assert found == answer["minimal_cut_sets"]


# --- what follows from the rules ------------------------------------------------------------------


@given(records(), st.data())
def test_nothing_changes_between_one_turn_and_the_next(record, data):
    """`since` is the last turn: before it something else held, and from it on nothing changed."""
    as_of = data.draw(questions(record))
    worked_out = picture(record, as_of)

    def bounds(at):
        state = worked_out.state(as_of._replace(valid=at))
        return {**{id: s.bounds for id, s in state.services.items()}, **state.capabilities}

    now = bounds(as_of.valid)
    for id, since in measures.since(worked_out, as_of.valid).items():
        between = [
            t for t in fields.moments() if (since is None or since <= t) and t <= as_of.valid
        ]
        assert all(bounds(t)[id] == now[id] for t in between)
        if since is not None:
            assert bounds(since - 1)[id] != now[id]
            assert bounds(since)[id] == now[id]


@given(records(), st.data())
def test_a_part_is_worked_out_before_what_needs_it(record, data):
    worked_out = picture(record, data.draw(questions(record)))
    done = set(worked_out.situation.services)
    for capability in worked_out.order:
        for formula in worked_out.formulas(capability):
            assert set(formulas.ids(formula)) <= done
        done.add(capability)
    assert done >= set(worked_out.situation.capabilities)


@given(records(), st.data())
def test_narrowing_an_uncontested_span_never_widens_an_answer(record, data):
    """… unless a step is thereby left out; and which rescheduling is the last goes by its span."""
    as_of = data.draw(questions(record))._replace(known=END)
    situation = record.situation(as_of)
    claimed = {v.subjects[0] for v in situation.facts.values() if v.type == CLAIMED}
    times = [
        (fact, name)
        for fact, version in situation.facts.items()
        for name in ("at", "effective")
        if fact not in claimed and getattr(version, name) is not None
        if (version.type, name) not in (("cutoff-rescheduled", "at"), (CLAIMED, "effective"))
        and not getattr(version, name).is_instant
    ]
    assume(times)
    fact, name = data.draw(st.sampled_from(times))
    span = getattr(situation.facts[fact], name)
    bounds = st.sampled_from([t for t in fields.moments() if span.earliest <= t <= span.latest])
    narrow = Span(*sorted((data.draw(bounds), data.draw(bounds))))
    narrowed = {**situation.facts, fact: situation.facts[fact]._replace(**{name: narrow})}
    before, after = Picture(situation), Picture(situation._replace(facts=narrowed))
    assume(left_out(before) == left_out(after))
    for at in data.draw(st.sets(MOMENTS, min_size=6, max_size=6)):
        wide, tight = (each.state(AsOf(at)) for each in (before, after))
        pairs = [(wide.services[id].bounds, s.bounds) for id, s in tight.services.items()]
        pairs += [(wide.capabilities[id], bounds) for id, bounds in tight.capabilities.items()]
        for outer, inner in pairs:
            assert outer.worst <= inner.worst
            assert inner.best <= outer.best


def left_out(worked_out):
    every = itertools.chain.from_iterable(worked_out.by_service.values())
    return sorted((d.id, fact) for d in every if isinstance(d, Disruption) for fact in d.left_out)


TIMES = {
    *("at", "effective_at", "time", "known_at", "published_at", "retrieved_at"),
    *("until", "due", "window_from", "window_to"),
}


@given(records(), st.sampled_from(fields.ZONES), st.data())
def test_the_zone_that_times_are_written_in_is_irrelevant(record, zone, data):
    """The same history in UTC, for a platform with another zone."""
    again = MemoryRecord(PLATFORM)
    for now, each in record.told:
        keys = as_written(each)
        for name, value in each.entry:
            if isinstance(value, When):  # whatever its name is
                keys[name] = format_span(value.span)
        if keys["type"] == "platform-declared":
            keys["zone"] = zone
        again.record(draft(**keys, local=zone, amend=each.amend), now)
    for _ in range(SEVERAL):
        as_of = data.draw(questions(record))
        here, there = (picture(each, as_of).state(as_of) for each in (record, again))
        assert here == there


@given(records(), st.data())
def test_the_order_of_telling_is_irrelevant_but_for_ties(record, data):
    """Positions decide between changes or formulas of one instant, and reschedulings, only."""
    as_of = data.draw(questions(record))
    situation = record.situation(as_of)
    ordered = ("effect-changed", "cutoff-rescheduled", REVISED)
    shuffled = {
        fact: version if version.type in ordered else version._replace(position=0, place=())
        for fact, version in sorted(situation.facts.items(), reverse=True)
    }
    again = Picture(situation._replace(facts=shuffled))
    assert again.state(as_of) == Picture(situation).state(as_of)


# --- by hand: what chance seldom finds ------------------------------------------------------------

SETTING = [
    draft("platform-declared", id=PLATFORM),
    draft("service-declared", id="aws"),
    draft("capability-declared", id="hosting", requires="aws"),
]
DAY = "2021-01-10T00:00Z", "2021-01-12T00:00Z"
START = draft("service-degraded", id="start", service="aws", at=DAY[0])
NOTICE = draft("cutoff-announced", id="notice", service="aws", at=DAY[0], effective_at=NIGHT)


def changed(id, at, effect):
    return draft("effect-changed", id=id, disruption="start", at=at, effect=effect)


def moved(id, at, to):
    return draft("cutoff-rescheduled", id=id, announcement="notice", at=at, effective_at=to)


def revised(id, at, requires):
    return draft("capability-revised", id=id, capability="hosting", at=at, requires=requires)


@pytest.mark.parametrize(
    ("events", "asked", "levels"),
    [
        # of changes at one instant the one recorded later comes later
        ([START, changed("a", NOON, "degraded"), changed("b", NOON, "unavailable")], NOON, "00"),
        ([START, changed("a", NOON, "unavailable"), changed("b", NOON, "degraded")], NOON, "11"),
        # a microsecond later the other may be the last
        (
            [
                START,
                changed("a", f"{NOON}..{NIGHT}", "degraded"),
                changed("b", NOON, "unavailable"),
            ],
            "2021-01-10T12:00:00.000001Z",
            "01",
        ),
        # of reschedulings the last by earliest `at`, then by recording
        ([NOTICE, moved("a", NOON, NIGHT), moved("b", f"..{NIGHT}", NOON)], NOON, "22"),
        ([NOTICE, moved("a", f"{NOON}..{NIGHT}", NIGHT), moved("b", NIGHT, NOON)], NOON, "02"),
        ([NOTICE, moved("a", f"{NOON}..{NIGHT}", NIGHT), moved("b", NOON, NOON)], NOON, "02"),
        ([NOTICE, moved("b", NOON, NOON), moved("a", f"{NOON}..{NIGHT}", NIGHT)], NOON, "22"),
        # of formulas likewise
        ([revised("a", NOON, {"optional": "aws"}), revised("b", NOON, "aws"), START], NOON, "11"),
    ],
)
def test_which_one_is_the_last(events, asked, levels):
    record = MemoryRecord.of(PLATFORM, [*SETTING, *events])
    at = parse_span(asked).earliest
    bounds = picture(record, AsOf(at)).state(AsOf(at)).services["aws"].bounds
    assert "".join(str(int(level)) for level in bounds) == levels
    assert len(record.told) == len(SETTING) + len(events)


@pytest.mark.parametrize(
    ("events", "certainly"),
    [
        (
            [
                START,
                changed("a", f"{NOON}..{NIGHT}", "degraded"),
                changed("b", NOON, "unavailable"),
            ],
            0.000001,
        ),
        (
            [
                draft("service-down", id="down", service="aws", at=DAY[0]),
                revised("a", f"{NOON}..{NIGHT}", {"optional": "aws"}),
                revised("b", NOON, "aws"),
            ],
            12 * 3600 + 0.000001,
        ),
    ],
)
def test_downtime_is_exact_to_the_microsecond_also_after_a_tie(events, certainly):
    record = MemoryRecord.of(PLATFORM, [*SETTING, *events])
    start, end = (parse_span(text).earliest for text in DAY)
    found = measures.downtime(picture(record, AsOf(end)), start, end)["hosting"].document()
    assert found["unavailable"][0] == certainly
    assert found == oracle.downtime(told(record), start, end)["hosting"]


def test_since_when_where_a_formula_may_have_held_for_ever():
    record = MemoryRecord.of(
        PLATFORM,
        [
            *SETTING[:2],
            draft("capability-declared", id="hosting", requires={"fallback": "aws"}),
            revised("a", f"..{NOON}", "aws"),
        ],
    )
    noon = parse_span(NOON).earliest
    found = [measures.since(picture(record, AsOf(noon)), noon + by)["hosting"] for by in (-1, 0, 9)]
    assert found == [None, noon, noon]


def test_a_state_as_the_contract_s_document():
    record = MemoryRecord(PLATFORM)
    for number, each in enumerate(
        [
            draft("platform-declared", id=PLATFORM),
            draft("service-declared", id="aws"),
            draft("service-declared", id="okta"),
            draft("capability-declared", id="hosting", requires="aws"),
            draft("capability-declared", id="login", requires={"any_of": ["okta", "hosting"]}),
            draft(
                "cutoff-announced",
                id="notice",
                service="aws",
                at="2021-01-09T19:00Z",
                effective_at="2021-01-10T12:00Z..2021-01-11T12:00Z",
            ),
            draft(
                "service-degraded",
                id="slow",
                service="okta",
                at="2021-01-10T00:00Z",
            ),
            draft("time-claimed", id="claim", about="slow", time="2021-01-10T01:00Z"),
        ]
    ):
        record.record(each, number)
    at = parse_span("2021-01-10T12:00Z").earliest
    assert picture(record, AsOf(at)).state(AsOf(at, END, 7)).document() == {
        "platform": PLATFORM,
        "at": "2021-01-10T12:00:00Z",
        "known_at": None,
        "recorded_at": "1970-01-01T00:00:00.000007Z",
        "services": {
            "aws": {
                "worst": "unavailable",
                "best": "operational",
                "status": "uncertain",
                "notices": ["notice"],
                "because": ["notice"],
                "contested": False,
            },
            "okta": {
                "worst": "degraded",
                "best": "degraded",
                "status": "degraded",
                "notices": [],
                "because": ["slow"],
                "contested": True,
            },
        },
        "capabilities": {
            "hosting": {"worst": "unavailable", "best": "operational", "status": "uncertain"},
            "login": {"worst": "degraded", "best": "operational", "status": "uncertain"},
        },
    }
