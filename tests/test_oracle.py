"""The oracle answers every case of the contract, and holds up against plainer things still."""

import itertools
import json
from pathlib import Path

import oracle
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = [ROOT / "fixtures" / "contract", ROOT.parent / "shared" / "contract" / "cases"]
CASES = next((sorted(f.rglob("case-*.yaml")) for f in FOLDERS if f.is_dir()), [])


@pytest.fixture(params=CASES or [None], ids=lambda path: path.stem if path else "none")
def case(request):
    if request.param is None:
        pytest.skip(f"no cases of the contract in {' or '.join(map(str, FOLDERS))}")
    return request.param


def instant(text):
    return None if text is None else oracle.parse_time(text)[0]


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def more(case):
    return json.loads(case.with_suffix(".more.json").read_text("utf-8"))


def test_every_question_of_a_case(case):
    history = oracle.load(case)
    questions = lines(case.with_suffix(".questions.jsonl"))
    expected = lines(case.with_suffix(".expected.jsonl"))
    for question, answer in zip(questions, expected, strict=True):
        clocks = [instant(question.get(clock)) for clock in ("at", "known_at", "recorded_at")]
        assert oracle.state(history, *clocks) == answer


def test_the_downtime_of_a_case(case):
    asked = more(case)["downtime"]
    answer = oracle.downtime(oracle.load(case), instant(asked["from"]), instant(asked["to"]))
    assert answer == asked["expected"]


def test_the_cuts_of_a_case(case):
    history = oracle.load(case)
    for asked in more(case)["cuts"]:
        answer = oracle.cuts(history, asked["capability"], instant(asked["at"]))
        assert answer["minimal_cut_sets"] == asked["minimal_cut_sets"]


def test_a_case_without_a_service(case):
    asked = more(case)["without"]
    answer = oracle.state(oracle.load(case), instant(asked["at"]), without=asked["without"])
    for part, expected in asked["expected"].items():
        assert answer[part] == expected


# The cases are thin in places. What follows is worked out by hand, or by a plainer enumeration.

DOWN, WEAK, UP = oracle.UNAVAILABLE, oracle.DEGRADED, oracle.OPERATIONAL
SPANS = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda s: (min(s), max(s)))


def told(*events, **more):
    """A history of services s and u and capability c, with events recorded at 1000, 1001, …"""
    log = [
        oracle.Event(**{"position": n, "recorded": 1000 + n, "id": f"e{n}", "service": "s", **e})
        for n, e in enumerate(events)
    ]
    return oracle.History("p", {"s": 0, "u": 0}, {"c": [(0, "s")]}, log, **more)


def event(type_, at=(0, 0), **keys):
    return {"type": type_, "at": at, **keys}


def levels(history, t, k=None, r=None):
    answer = oracle.state(history, t, k, r)["services"]["s"]
    return answer["worst"], answer["best"]


@settings(deadline=None)
@given(
    SPANS, st.lists(st.tuples(SPANS, st.sampled_from([DOWN, WEAK])), max_size=3), SPANS | st.none()
)
def test_the_relevant_instants_are_enough(start, changes, restoration):
    """Listing every instant there is finds no more than listing the relevant ones."""
    steps = [*(span for span, _ in changes), *([restoration] if restoration else [])]
    if any(span[1] < start[0] for span in steps):
        return
    every = [
        world
        for world in itertools.product(*(range(a, b + 1) for a, b in [start, *steps]))
        if all(step >= world[0] for step in world[1:])
    ]
    for t in range(-1, 7):
        found = set()
        for begun, *placed in every:
            changed, restored = placed[: len(changes)], placed[len(changes) :]
            found.add(oracle.level_in_world(DOWN, begun, tuple(changes), changed, restored, t))
        restorations = (restoration,) if restoration else ()
        assert oracle.possible_levels(DOWN, start, tuple(changes), restorations, t) == found


@settings(deadline=None, max_examples=50)
@given(SPANS, SPANS, SPANS, SPANS, SPANS, SPANS)
@example((0, 0), (2, 5), (2, 2), (5, 5), (9, 9), (0, 0))  # one change may win from 3 on, no end
def test_downtime_is_a_sum_over_microseconds(start, weaker, worse, end, effective, revised):
    history = told(
        event("service-down", start),
        event("effect-changed", weaker, disruption="e0", effect="degraded"),
        event("effect-changed", worse, disruption="e0", effect="unavailable"),
        event("service-restored", end, ends=("e0",)),
        event("cutoff-announced", effective_at=effective, effect="degraded"),
        event("capability-revised", revised, capability="c", requires={"fallback": "s"}),
    )
    count = {"unavailable": [0, 0], "impaired": [0, 0]}
    for t in range(-1, 8):
        c = oracle.state(history, t)["capabilities"]["c"]
        for n, bound in enumerate(["best", "worst"]):
            count["unavailable"][n] += c[bound] == "unavailable"
            count["impaired"][n] += c[bound] != "operational"
    expected = {kind: [n / 10**6 for n in pair] for kind, pair in count.items()}
    assert oracle.downtime(history, -1, 8) == {"c": expected}


def test_no_step_comes_before_the_start():
    # A restoration at 5 is not before its start, so that the start is at 5 or earlier: over by 5.
    assert oracle.possible_levels(DOWN, (0, 10), (), ((5, 5),), 4) == {DOWN, UP}
    assert oracle.possible_levels(DOWN, (0, 10), (), ((5, 5),), 5) == {UP}
    # A change at 5 likewise: from 5 on it has come, whenever the start was.
    assert oracle.possible_levels(DOWN, (0, 10), (((5, 5), WEAK),), (), 5) == {WEAK}


def test_of_changes_at_the_same_instant_the_later_recorded_comes_later():
    assert oracle.possible_levels(DOWN, (0, 0), (((3, 3), WEAK), ((3, 3), DOWN)), (), 3) == {DOWN}
    changes = (((3, 4), WEAK), ((3, 3), DOWN))
    assert oracle.possible_levels(DOWN, (0, 0), changes, (), 3) == {DOWN}
    assert oracle.possible_levels(DOWN, (0, 0), changes, (), 4) == {DOWN, WEAK}


def test_a_step_left_out_does_not_make_it_contested():
    down, end = event("service-down", (10, 10)), event("service-restored", (8, 8), ends=("e0",))
    for claimed, contested in [(6, False), (12, True)]:
        history = told(down, end, event("time-claimed", about="e1", time=(claimed, claimed)))
        answer = oracle.state(history, 11)["services"]["s"]
        assert (answer["worst"], answer["contested"]) == ("unavailable", contested)
    # What is over in the instant of its start has not been left out.
    at_once = told(down, event("service-restored", (10, 10), ends=("e0",)))
    assert levels(at_once, 10) == ("operational", "operational")


def test_a_retraction_may_be_retracted():
    history = told(
        event("service-down", known=1),
        event("retracted", event="e0", known=2),
        event("retracted", event="e1", known=3),
        event("retracted", event="e2", known=4),
    )
    found = [levels(history, 5, k)[0] for k in range(5)]
    assert found == ["operational", "unavailable", "operational", "unavailable", "operational"]
    assert levels(history, 5, r=1002)[0] == "unavailable"


def test_a_version_taken_back_alone_uncovers_the_one_before_it():
    history = told(
        event("service-down", known=1),
        event("service-down", effect="degraded", replaces="e0", known=2),
        event("retracted", event="e1", known=3),
        event("retracted", event="e0", known=4),
        event("service-down", effect="degraded", replaces="e1", known=5),
    )
    found = [levels(history, 5, k)[0] for k in range(1, 6)]
    assert found == ["unavailable", "degraded", "unavailable", "operational", "degraded"]
    assert oracle.state(history, 5)["services"]["s"]["because"] == ["e0"]


def test_a_clerical_correction_takes_the_place_of_its_version():
    corrected = [
        event("service-down", known=1),
        event("service-down", effect="degraded", replaces="e0", known=3),
        event("service-down", (2, 2), replaces="e0", clerical=True),
    ]
    history = told(*corrected)
    assert levels(history, 1, 1) == ("operational", "operational")
    assert levels(history, 1, 3) == ("degraded", "degraded")
    retracted = told(corrected[0], event("retracted", event="e0", known=3), corrected[2])
    assert levels(retracted, 5, 2)[0] == "unavailable"
    assert levels(retracted, 5, 3)[0] == "operational"


def test_a_clerical_retraction_is_known_as_early_as_what_it_takes_back():
    history = told(
        event("service-down", known=5),
        event("service-down", effect="degraded", replaces="e0", known=2),
        event("retracted", event="e1", clerical=True),
    )
    assert levels(history, 9, 2)[0] == "operational"
    assert levels(history, 9, 5)[0] == "unavailable"
    # One that is not clerical is known from its recording only.
    later = told(event("service-down", known=5), event("retracted", event="e0"))
    assert levels(later, 9, 5)[0] == "unavailable"


def test_withdrawals_and_confirmations_of_what_was_announced():
    announced = event("cutoff-announced", (1, 2), effective_at=(4, 6), effect="degraded")
    expected = told(announced, event("cutoff-withdrawn", (5, 7), announcement="e0"))
    assert [levels(expected, t)[0] for t in (3, 4, 6, 7)] == [
        "operational",
        "degraded",
        "degraded",
        "operational",
    ]
    assert levels(expected, 6)[1] == "operational"
    twice = told(
        announced,
        event("cutoff-withdrawn", (20, 20), announcement="e0"),
        event("cutoff-withdrawn", (3, 3), announcement="e0"),
        event("time-claimed", about="e2", time=(8, 8)),
    )
    assert [levels(twice, t, 5000)[0] for t in (7, 8)] == ["degraded", "operational"]
    assert oracle.state(twice, 7)["services"]["s"]["contested"] is True
    confirmed = told(announced, event("service-cut-off", (8, 9), announcement="e0", known=3))
    for t, worst, best, notices in [
        (0, "operational", "operational", []),
        (5, "operational", "operational", ["e0"]),
        (8, "degraded", "operational", ["e0"]),
        (9, "degraded", "degraded", []),
    ]:
        answer = oracle.state(confirmed, t)["services"]["s"]
        assert (answer["worst"], answer["best"], answer["notices"]) == (worst, best, notices)
    # A reader who does not know the announcement yet sees a cut-off of the common effect.
    assert levels(confirmed, 9, 3) == ("unavailable", "unavailable")


def test_claims_about_an_announcement_give_way_to_a_rescheduling():
    history = told(
        event("cutoff-announced", effective_at=(4, 4), known=1),
        event("time-claimed", about="e0", time=(6, 6), known=1),
        event("cutoff-rescheduled", (1, 1), announcement="e0", effective_at=(9, 9), known=2),
        event("time-claimed", about="e2", time=(8, 9), known=3),
        event("cutoff-rescheduled", (0, 5), announcement="e0", effective_at=(2, 2), known=4),
    )
    for k, first, contested in [(1, 4, True), (2, 9, False), (4, 9, False)]:
        assert levels(history, first - 1, k)[0] == "operational"
        answer = oracle.state(history, first, k)["services"]["s"]
        assert (answer["worst"], answer["contested"]) == ("unavailable", contested)


def test_formulas_that_may_hold():
    history = told(
        event("service-down", service="u"),
        event("capability-revised", (3, 5), capability="c", requires="u"),
        event("capability-revised", (3, 3), capability="c", requires={"optional": "u"}),
    )
    found = [oracle.state(history, t)["capabilities"]["c"] for t in (2, 3, 4, 5)]
    assert [(c["worst"], c["best"]) for c in found] == [
        ("operational", "operational"),
        ("degraded", "degraded"),
        ("unavailable", "degraded"),
        ("unavailable", "degraded"),
    ]
    assert oracle.cuts(history, "c", 3)["minimal_cut_sets"] == []
    assert oracle.cuts(history, "c", 4)["minimal_cut_sets"] == [["u"]]


def test_known_at_comes_from_what_was_stated_or_cited_or_recorded():
    sources = {"a": [(0, 20), (1500, 30)], "b": [(0, None)], "c": [(0, 25)]}
    history = told(
        event("service-down", known=5, cites=("a",)),
        event("service-down", cites=("a", "b", "c")),
        event("service-down", cites=("b",)),
        event("service-down", known=9999),
        sources=sources,
    )
    for r, expected in [(1400, [5, 20, 1002, 1003]), (1600, [5, 25, 1002, 1003])]:
        view = oracle.View(history, None, r)
        assert [view.known(e) for e in history.events] == expected


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2021-01-10T23:59-08:00", "2021-01-11T07:59:00Z", "2021-01-11T07:59:00Z"),
        ("2021-07-01[Europe/Berlin]", "2021-06-30T22:00:00Z", "2021-07-01T21:59:59.999999Z"),
        ("2021-12", "2021-12-01T05:00:00Z", "2022-01-01T04:59:59.999999Z"),
        ("2021", "2021-01-01T05:00:00Z", "2022-01-01T04:59:59.999999Z"),
        ("2021-03-14..2021-11-07", "2021-03-14T05:00:00Z", "2021-11-08T04:59:59.999999Z"),
    ],
)
def test_written_times(text, earliest, latest):
    span = oracle.parse_time(text, "America/New_York")
    assert [oracle.written(t) for t in span] == [earliest, latest]
