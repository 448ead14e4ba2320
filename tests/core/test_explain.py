"""An explanation says what the state says, and each of its "what if" comes true when it is tried.

Every answer is tried the long way round: the facts are told otherwise, and the picture is worked
out from them anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from core.situations import (
    CAPABILITIES,
    LATEST,
    SERVICES,
    fact,
    situation_of,
    situations,
)
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core import formulas
from postmortem.core.causes import Cause, Edge, courses, turns
from postmortem.core.disruptions import Expected
from postmortem.core.explain import Doubt, Explanation, Node, Without, explain
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CUT_OFF,
    DOWN,
    EFFECT_CHANGED,
    RESTORED,
    REVISED,
    WITHDRAWN,
    Situation,
    Version,
)
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.sensitivity import MOST_CHANGES
from postmortem.core.state import Picture
from postmortem.core.supposing import Role
from postmortem.core.times import BEGINNING, END, AsOf, Instant, Span

Asked = tuple[Picture, str, AsOf]


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """A picture, something in it to be explained, and when."""
    picture = Picture(draw(situations()))
    id = draw(st.sampled_from(CAPABILITIES) | st.sampled_from(SERVICES))
    return picture, id, AsOf(draw(st.integers(-1, LATEST + 1)))


def level(picture: Picture, id: str, at: Instant, without: Iterable[str] = ()) -> Bounds:
    """What the state says."""
    state = picture.state(AsOf(at), list(without))
    return state.capabilities[id] if id in state.capabilities else state.services[id].bounds


def with_fact(situation: Situation, version: Version) -> Picture:
    """The picture, that version being in force as well, or in the place of another of its fact."""
    return Picture(situation._replace(facts={**situation.facts, version.fact: version}))


def told(situation: Situation, fact: str, role: Role, span: Span) -> Picture:
    """The picture, had that fact been told with that time, and nobody claimed another."""
    version = situation.facts[fact]
    # what is claimed about an announcement is its effective time
    about = () if role is Role.ANNOUNCED else (fact,)
    kept = {
        id: each
        for id, each in situation.facts.items()
        if each.type != CLAIMED or each.subjects != about
    }
    field = "effective" if role is Role.EFFECTIVE else "at"
    return with_fact(situation._replace(facts=kept), version._replace(**{field: span}))


# --- why ------------------------------------------------------------------------------------------


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts:
        yield from nodes(part)


@given(questions())
def test_every_level_is_that_of_the_state(asked):
    picture, id, as_of = asked
    found, state = explain(picture, id, as_of), picture.state(as_of)
    assert found.bounds == level(picture, id, as_of.valid)
    assert {*found.services} <= {*state.services}
    for service, why in found.services.items():
        assert why.state == state.services[service]
        assert sorted(held.disruption.id for held in why.held) == list(why.state.because)
        recorded = {each.id for each in picture.by_service.get(service, ())}
        assert {*why.state.because} | {*why.idle} == recorded
    for capability, why in found.capabilities.items():
        assert why.bounds == state.capabilities[capability]
        assert why.bounds.worst == min(held.node.bounds.worst for held in why.formulas)
        assert why.bounds.best == max(held.node.bounds.best for held in why.formulas)
        for held in why.formulas:
            for node in nodes(held.node):
                for side, of in enumerate(zip(*(part.bounds for part in node.parts), strict=True)):
                    parts = tuple(formulas.Ref(str(number)) for number in range(len(of)))
                    levels = {str(number): each for number, each in enumerate(of)}
                    kind, count = type(node.formula), getattr(node.formula, "count", None)
                    alike = kind(parts) if count is None else kind(count, parts)
                    assert formulas.level(alike, levels) == node.bounds[side]


@given(questions())
def test_what_does_not_matter_might_as_well_work(asked):
    picture, id, as_of = asked
    found = explain(picture, id, as_of)
    levels = {
        service: why.state.bounds if why.matters else WORKS
        for service, why in found.services.items()
    }
    levels = {service: levels.get(service, WORKS) for service in picture.situation.services}
    assert {**levels, **picture.levels(levels, as_of.valid)}[id] == found.bounds
    for why in found.services.values():
        assert why.state.bounds.worst < Level.OPERATIONAL or not why.matters


@given(questions())
def test_a_doubt_is_told_exactly_where_there_is_one(asked):
    picture, id, as_of = asked
    for why in explain(picture, id, as_of).services.values():
        for held in why.held:
            certain = held.bounds.worst is held.bounds.best
            assert certain == (not held.doubts)
            assert held.bounds.worst == held.effects[0]


# --- what would change it -------------------------------------------------------------------------


def restored(picture: Picture, id: str, at: Instant) -> Picture:
    """The picture, had that disruption ended at T, or its announcement been withdrawn."""
    disruption = next(d for known in picture.by_service.values() for d in known if d.id == id)
    expected = isinstance(disruption, Expected)
    more = Version(
        id="more",
        fact="more",
        type=WITHDRAWN if expected else RESTORED,
        position=10**6,
        place=(10**6,),
        known=0,
        recorded=0,
        at=Span(at, at),
        subjects=(id,),
    )
    return with_fact(picture.situation, more)


@given(questions())
def test_supposing_leaves_the_picture_as_it_is(asked):
    picture, id, as_of = asked
    before = repr(vars(Picture(picture.situation)))
    explain(picture, id, as_of)
    explain(picture, id, as_of)
    assert repr({name: vars(picture)[name] for name in vars(Picture(picture.situation))}) == before


@given(questions())
def test_what_ends_makes_it_better_and_nothing_else_does(asked):
    picture, id, as_of = asked
    found, at = explain(picture, id, as_of), as_of.valid
    ended = dict(found.ended)
    for known in picture.by_service.values():
        for disruption in known:
            bounds = level(restored(picture, disruption.id, at), id, at)
            assert ended.get(disruption.id, found.bounds) == bounds
    assert all(bounds >= found.bounds and bounds != found.bounds for bounds in ended.values())


@given(questions())
def test_what_is_lost_makes_it_worse_and_nothing_else_does(asked):
    picture, id, as_of = asked
    found = explain(picture, id, as_of)
    lost = dict(found.lost)
    for service in picture.situation.services:
        bounds = level(picture, id, as_of.valid, [service])
        assert lost.get(service, found.bounds) == bounds


@given(questions())
def test_the_outcomes_of_a_fact_are_all_that_is_possible(asked):
    picture, id, as_of = asked
    found = explain(picture, id, as_of)
    assert found.bounds.worst is not found.bounds.best or not found.unsettled
    for each in found.unsettled:
        worst, best = zip(*(outcome.bounds for outcome in each.outcomes), strict=True)
        if len(each.about) == 1:  # a restoration of several is placed anew for each
            assert (min(worst), max(best)) == found.bounds
        assert found.bounds.worst <= min(worst) <= max(best) <= found.bounds.best
        spans = [outcome.span for outcome in each.outcomes]
        assert all(a.latest + 1 == b.earliest for a, b in pairwise(spans))


@given(questions())
def test_an_outcome_comes_true_when_the_fact_is_told_so(asked):
    picture, id, as_of = asked
    for each in explain(picture, id, as_of).unsettled:
        if len(each.about) > 1:
            continue
        for outcome in each.outcomes:
            ends = [min(max(end, -100), 100) for end in outcome.span]  # what is open has no end
            for instant in {*ends, sum(ends) // 2}:
                retold = told(picture.situation, each.fact, each.role, Span(instant, instant))
                assert level(retold, id, as_of.valid) == outcome.bounds
        for outcome in each.stated:
            retold = told(picture.situation, each.fact, each.role, outcome.span)
            assert level(retold, id, as_of.valid) == outcome.bounds


@given(questions())
def test_turns_are_those_of_the_state_and_have_their_causes(asked):
    due_as_said(*asked)


def test_a_formula_that_can_be_the_last_again_past_a_tie_is_due_to_the_tie():
    """Had the other been revised a microsecond later, this one were not the last yet."""
    facts = [
        fact(DOWN, "f2", at=Span(0, 3), service="s", effect=OUT),
        fact(REVISED, "f3", at=Span(0, 2), capability="a", formula=formulas.parse("s")),
        fact(REVISED, "f5", at=0, capability="a", formula=formulas.parse("s")),
        fact(REVISED, "f7", at=1, capability="a", formula=formulas.parse("t")),
    ]
    due_as_said(Picture(situation_of({"a": "s"}, *facts)), "a", AsOf(0))


def due_as_said(picture: Picture, id: str, as_of: AsOf) -> None:
    """The turns nearest to T are those of the state, and each has its causes."""
    found = explain(picture, id, as_of, nearest=2)
    every = turns(courses(picture)[id])
    before = [due.turn for due in found.before]
    after = [due.turn for due in found.after]
    assert before == [turn for turn in every if turn.at <= as_of.valid][-2:]
    assert after == [turn for turn in every if turn.at > as_of.valid][:2]
    assert sum(found.more) + len(before) + len(after) == len(every)
    for turn, causes in (*found.before, *found.after):
        assert level(picture, id, turn.at - 1) == turn.before
        assert level(picture, id, turn.at) == turn.after
        assert causes, turn
        assert_due(picture, id, turn.at, causes)


def assert_due(picture: Picture, id: str, turn: Instant, causes: Iterable[Cause]) -> None:
    """Had it come right after, it would differ; of several that count together, had all."""
    causes = list(causes)
    assert len(causes) == len(set(causes))
    for cause in causes:
        assert cause.said_by
        assert turn in reached(picture, cause)
        side = int(cause.edge is not Edge.EARLIEST)
        for said in cause.said_by:
            version = picture.situation.facts[said]
            assert said == cause.fact or version.subjects == (cause.fact,)
            assert stated(version, cause.role)[side] == settled(picture, cause)[side]
    for past_tie in (turn + 1, turn):
        alone = [differs(picture, id, turn, [cause], past_tie) for cause in causes]
        assert all(alone) or not any(alone)
        if all(alone):
            return
        if differs(picture, id, turn, causes, past_tie):
            break
    else:
        raise AssertionError(causes)
    for cause in causes:
        others = [other for other in causes if other != cause]
        assert not differs(picture, id, turn, others, past_tie)


def differs(
    picture: Picture, id: str, turn: Instant, causes: Iterable[Cause], past_tie: Instant
) -> bool:
    """Whether the level at the turn were another one, had all of these come right after."""
    later: dict[tuple[Role, str], Span] = {}
    for cause in causes:
        span = later.get((cause.role, cause.fact), settled(picture, cause))
        earliest, latest = span
        if cause.edge is not Edge.LATEST:
            earliest = turn + 1 if earliest == turn else past_tie
        if cause.edge is not Edge.EARLIEST:
            latest = turn + 1
        later[cause.role, cause.fact] = Span(earliest, max(earliest, latest))
    retold = picture.situation
    for (role, fact_), span in later.items():
        retold = told(retold, fact_, role, span).situation
    return level(Picture(retold), id, turn) != level(picture, id, turn)


def reached(picture: Picture, cause: Cause) -> set[Instant]:
    span = settled(picture, cause)
    assert (cause.edge is Edge.INSTANT) <= span.is_instant
    # a microsecond past a tie, what was told earlier can be the last one again
    return {span.latest} if cause.edge is Edge.LATEST else {span.earliest, span.earliest + 1}


def stated(version: Version, role: Role) -> Span:
    span = version.effective if role is Role.EFFECTIVE or version.type == CLAIMED else version.at
    assert span is not None
    return span


def settled(picture: Picture, cause: Cause) -> Span:
    for known in picture.by_service.values():
        for disruption in known:
            if disruption.id in cause.about:
                if cause.role is Role.ANNOUNCED:
                    assert isinstance(disruption, Expected)
                    return disruption.announced
                if isinstance(disruption, Expected):
                    times = [disruption.effective, *disruption.withdrawals]
                else:
                    steps = [change.time for change in disruption.changes]
                    times = [disruption.start, *steps, *disruption.restorations]
                return next(time.span for time in times if time.fact == cause.fact)
    version = picture.situation.facts[cause.fact]
    assert version.at is not None
    return version.at


# --- what is worth seeing -------------------------------------------------------------------------

OUT, WEAK = Level.UNAVAILABLE, Level.DEGRADED
MAYBE = Bounds(OUT, Level.OPERATIONAL)


def asked(capabilities: dict[str, object], at: Instant, *facts: Version, id: str = "a", **more):
    return explain(Picture(situation_of(capabilities, *facts)), id, AsOf(at), **more)


def down(id: str, at: object, service: str = "s", effect: Level = OUT) -> Version:
    return fact(DOWN, id, at=at, service=service, effect=effect)


def mattering(found: Explanation) -> set[str]:
    return {id for id, why in found.services.items() if why.matters}


@pytest.mark.parametrize(
    ("formula", "levels", "expected"),
    [
        ({"all_of": ["s", "t", "u"]}, (OUT, WEAK, None), {"s"}),
        ({"all_of": ["s", "t", "u"]}, (OUT, OUT, WEAK), {"s", "t"}),
        ({"any_of": ["s", "t"]}, (OUT, WEAK, OUT), {"s", "t"}),
        ({"any_of": ["s", "t"]}, (OUT, None, None), set()),
        ({"at_least": {"count": "2", "of": ["s", "t", "u"]}}, (OUT, WEAK, None), {"s", "t"}),
        ({"at_least": {"count": "2", "of": ["s", "t", "u"]}}, (OUT, None, None), set()),
        ({"parts": ["s", "t", "u"]}, (OUT, WEAK, None), {"s", "t"}),
        ({"optional": "s"}, (OUT, None, None), {"s"}),
        ({"fallback": "s"}, (WEAK, None, None), set()),  # it is no better for a makeshift at work
        ({"fallback": "s"}, (OUT, None, None), {"s"}),
        ({"all_of": ["s", {"optional": "t"}]}, (OUT, OUT, None), {"s"}),
        ({"all_of": [{"any_of": ["s", "t"]}, "u"]}, (OUT, None, WEAK), {"u"}),
    ],
)
def test_what_matters(formula, levels, expected):
    facts = [
        down(f"f{number}", 1, service, effect)
        for number, (service, effect) in enumerate(zip(SERVICES, levels, strict=True))
        if effect is not None
    ]
    assert mattering(asked({"a": formula}, 3, *facts)) == expected


def test_what_holds_it_together_ends_for_none_alone():
    found = asked(
        {"a": {"any_of": ["s", "t"]}}, 3, down("f0", 1), down("f1", 1), down("f2", 2, "t")
    )
    assert dict(found.ended) == {"f2": WORKS}
    assert found.lost == ()
    both = asked({"a": {"all_of": ["s", "t"]}}, 3, down("f0", 1), down("f2", 2, "t"))
    assert both.ended == ()
    assert both.lost == ()


def test_a_bound_is_due_to_whoever_says_it():
    claim = fact(CLAIMED, "f1", "f0", effective=(6, 7))
    found = asked({"a": "s"}, 5, down("f0", (2, 4)), claim)
    (before,), (after,) = found.before, found.after
    assert before.turn == (2, WORKS, MAYBE)
    assert before.causes == (Cause(Role.START, "f0", ("f0",), Edge.EARLIEST, ("f0",), OUT),)
    assert after.turn == (7, MAYBE, (OUT, OUT))
    assert after.causes == (Cause(Role.START, "f0", ("f0",), Edge.LATEST, ("f1",), OUT),)
    (fact_,) = found.unsettled
    assert [(o.span, o.bounds) for o in fact_.outcomes] == [((2, 5), (OUT, OUT)), ((6, 7), WORKS)]
    assert [(o.said_by, o.bounds) for o in fact_.stated] == [("f0", (OUT, OUT)), ("f1", WORKS)]
    assert fact_.decides


def test_two_that_turn_it_at_once_are_both_told():
    found = asked({"a": {"all_of": ["s", "t"]}}, 0, down("f0", 3), down("f1", 3, "t"))
    assert [cause.fact for cause in found.after[0].causes] == ["f0", "f1"]
    found = asked({"a": {"any_of": ["s", "t"]}}, 0, down("f0", 3), down("f1", 3, "t"))
    assert [cause.fact for cause in found.after[0].causes] == ["f0", "f1"]
    # beside one that takes it down, one that makes no difference is none
    found = asked({"a": "s"}, 0, down("f0", 3), down("f1", 3, effect=WEAK))
    assert [cause.fact for cause in found.after[0].causes] == ["f0"]


def test_a_restoration_of_several_is_one_fact():
    facts = down("f0", 1), down("f1", 1, "t"), fact(RESTORED, "f2", "f0", "f1", at=(3, 6))
    found = asked({"a": {"any_of": ["s", "t"]}}, 4, *facts)
    (fact_,) = found.unsettled
    assert (fact_.role, fact_.fact, fact_.about) == (Role.RESTORATION, "f2", ("f0", "f1"))
    assert [(o.span, o.bounds) for o in fact_.outcomes] == [((3, 4), WORKS), ((5, 6), (OUT, OUT))]
    (due,) = found.before[-1:]
    assert [(cause.fact, cause.about) for cause in due.causes] == [("f2", ("f0", "f1"))]


def test_an_announcement_is_carried_out_or_not():
    announced = fact(ANNOUNCED, "f0", at=1, effective=(2, 9), service="s", effect=OUT)
    found = asked({"a": "s"}, 4, announced)
    assert found.announced == (("f0", (OUT, OUT), WORKS),)
    (why,) = found.services.values()
    assert why.held[0].doubts == (Doubt.ANNOUNCED,)
    (fact_,) = found.unsettled
    assert (fact_.role, [o.bounds for o in fact_.outcomes]) == (Role.EFFECTIVE, [MAYBE, WORKS])
    assert not fact_.decides


def test_what_has_no_effect_says_why():
    facts = (
        down("f0", 9),
        down("f1", 1),
        fact(RESTORED, "f2", "f1", at=(2, 3)),
        fact(ANNOUNCED, "f3", at=1, effective=2, service="s", effect=OUT),
        fact(CUT_OFF, "f4", "f3", at=4, service="s"),
        fact(ANNOUNCED, "f5", at=1, effective=2, service="s", effect=OUT),
        fact(WITHDRAWN, "f6", "f5", at=3),
    )
    found = asked({"a": "s"}, 5, *facts)
    assert found.services["s"].idle == {
        "f0": (Without.LATER, ()),
        "f1": (Without.OVER, ("f2",)),
        "f3": (Without.CARRIED_OUT, ("f4",)),
        "f5": (Without.WITHDRAWN, ("f6",)),
    }


def test_each_formula_that_may_hold_is_shown():
    revised = fact(REVISED, "f1", at=(3, 6), capability="a", formula=formulas.parse("t"))
    found = asked({"a": "s"}, 4, down("f0", 1), revised)
    why = found.capabilities["a"]
    assert {(held.fact, held.since, held.node.bounds) for held in why.formulas} == {
        (None, None, (OUT, OUT)),
        ("f1", (3, 6), WORKS),
    }
    (fact_,) = found.unsettled
    assert (fact_.role, fact_.fact, fact_.about) == (Role.REVISION, "f1", ("a",))
    assert [(o.span, o.bounds) for o in fact_.outcomes] == [((3, 4), WORKS), ((5, 6), (OUT, OUT))]
    assert [due.turn.at for due in (*found.before, *found.after)] == [1, 3, 6]
    assert found.before[-1].causes[0].fact == "f1"


def test_a_formula_that_is_not_the_worst_does_not_hold_it_down():
    revised = fact(REVISED, "f2", at=(3, 6), capability="a", formula=formulas.parse("t"))
    found = asked({"a": "s"}, 4, down("f0", 1), down("f1", (1, 9), "t", WEAK), revised)
    assert found.bounds == MAYBE
    assert mattering(found) == {"s"}


def test_a_start_lies_before_every_step():
    facts = (
        down("f0", (1, 9)),
        fact(EFFECT_CHANGED, "f1", "f0", at=4, effect=WEAK),
        fact(RESTORED, "f2", "f0", at=(6, 8)),
    )
    (fact_,) = asked({"a": "s"}, 7, *facts).unsettled
    assert fact_.fact == "f2"
    found = asked({"a": "s"}, 3, *facts)
    assert [o.span for o in found.unsettled[0].outcomes] == [(1, 3), (4, 4)]


def test_a_step_shows_that_it_had_begun():
    facts = down("f0", (1, 9)), fact(EFFECT_CHANGED, "f1", "f0", at=4, effect=WEAK)
    found = asked({"a": "s"}, 5, *facts)
    assert found.bounds == (WEAK, WEAK)
    assert found.services["s"].held[0].doubts == ()
    assert [cause.fact for cause in found.before[-1].causes] == ["f1"]


def test_which_of_two_changes_is_the_last():
    facts = (
        down("f0", 1),
        fact(EFFECT_CHANGED, "f1", "f0", at=(2, 8), effect=WEAK),
        fact(EFFECT_CHANGED, "f2", "f0", at=(4, 6), effect=OUT),
    )
    found = asked({"a": "s"}, 7, *facts)
    assert found.services["s"].held[0].doubts == (Doubt.EFFECT,)
    either = Bounds(OUT, WEAK)
    assert {
        each.fact: [(outcome.span, outcome.bounds) for outcome in each.outcomes]
        for each in found.unsettled
    } == {
        "f1": [((2, 4), (OUT, OUT)), ((5, 6), either), ((7, 7), (WEAK, WEAK)), ((8, 8), (OUT, OUT))]
    }


def test_of_two_changes_that_nobody_dates_from_below_either_may_be_the_last():
    facts = (
        down("f0", (BEGINNING, 1)),
        fact(EFFECT_CHANGED, "f1", "f0", at=(BEGINNING, 5), effect=OUT),
        fact(EFFECT_CHANGED, "f2", "f0", at=(BEGINNING, 3), effect=WEAK),
    )
    found = asked({"a": "s"}, 9, *facts)
    (each,) = [each for each in found.unsettled if each.fact == "f1"]
    assert [(outcome.span, outcome.bounds) for outcome in each.outcomes] == [
        ((BEGINNING, 3), (OUT, WEAK)),
        ((4, 5), (OUT, OUT)),
    ]


def test_who_announced_it_says_when_it_was_announced():
    announced = fact(ANNOUNCED, "f0", at=(4, 6), effective=(2, 9), service="s", effect=OUT)
    claim = fact(CLAIMED, "f1", "f0", effective=(4, 9))
    (due,) = asked({"a": "s"}, 3, announced, claim).after
    assert {cause.role: cause.said_by for cause in due.causes} == {
        Role.ANNOUNCED: ("f0",),
        Role.EFFECTIVE: ("f1",),
    }


def test_a_microsecond_after_a_tie_the_earlier_told_may_be_the_last():
    facts = (
        down("f0", 1),
        fact(EFFECT_CHANGED, "f1", "f0", at=(3, 5), effect=WEAK),
        fact(EFFECT_CHANGED, "f2", "f0", at=3, effect=OUT),
    )
    found = asked({"a": "s"}, 3, *facts)
    (due,) = found.after[:1]
    assert due.turn == (4, (OUT, OUT), (OUT, WEAK))
    assert [cause.fact for cause in due.causes] == ["f1"]


@pytest.mark.parametrize("changes", [MOST_CHANGES, MOST_CHANGES + 1])
def test_of_too_many_changes_none_is_tried_alone(changes):
    several = [
        fact(EFFECT_CHANGED, f"f{number}", "f0", at=(1, 50), effect=WEAK if number % 2 else OUT)
        for number in range(1, changes + 1)
    ]
    found = asked({"a": "s"}, 20, down("f0", 1), *several)
    roles = {each.role for each in found.unsettled}
    assert (Role.CHANGE in roles) == (changes <= MOST_CHANGES)


def test_a_time_that_is_open_on_both_sides():
    claim = fact(CLAIMED, "f1", "f0", effective=(BEGINNING, 2))
    found = asked({"a": "s"}, 5, down("f0", (4, END)), claim)
    (fact_,) = found.unsettled
    assert [o.span for o in fact_.outcomes] == [(BEGINNING, 5), (6, END)]
    assert (found.before, found.after, found.more) == ((), (), (0, 0))


def test_what_there_is_not_is_not_explained():
    with pytest.raises(KeyError):
        asked({"a": "s"}, 1, id="f0")
