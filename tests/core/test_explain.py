"""An explanation says what the state says, and each of its "what if" comes true when it is tried.

Every answer is tried the long way round: the facts are told otherwise, and the picture is worked
out from them anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from core.situations import CAPABILITIES, LATEST, SERVICES, situations
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core import formulas
from postmortem.core.causes import Cause, Edge, courses, turns
from postmortem.core.disruptions import Expected
from postmortem.core.explain import Node, explain
from postmortem.core.history import CLAIMED, RESTORED, WITHDRAWN, Situation, Version
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.state import Picture
from postmortem.core.supposing import Role
from postmortem.core.times import AsOf, Instant, Span

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
    return Picture(replace(situation, facts={**situation.facts, version.fact: version}))


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
    return with_fact(replace(situation, facts=kept), replace(version, **{field: span}))


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
                    alike = replace(node.formula, of=parts)
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
    for fact in found.unsettled:
        worst, best = zip(*(outcome.bounds for outcome in fact.outcomes), strict=True)
        if len(fact.about) == 1:  # a restoration of several is placed anew for each
            assert (min(worst), max(best)) == found.bounds
        assert found.bounds.worst <= min(worst) <= max(best) <= found.bounds.best
        spans = [outcome.span for outcome in fact.outcomes]
        assert all(a.latest + 1 == b.earliest for a, b in itertools.pairwise(spans))


@given(questions())
def test_an_outcome_comes_true_when_the_fact_is_told_so(asked):
    picture, id, as_of = asked
    for fact in explain(picture, id, as_of).unsettled:
        if len(fact.about) > 1:
            continue
        for outcome in fact.outcomes:
            ends = [min(max(end, -100), 100) for end in outcome.span]  # what is open has no end
            for instant in {*ends, sum(ends) // 2}:
                retold = told(picture.situation, fact.fact, fact.role, Span(instant, instant))
                assert level(retold, id, as_of.valid) == outcome.bounds
        for outcome in fact.stated:
            retold = told(picture.situation, fact.fact, fact.role, outcome.span)
            assert level(retold, id, as_of.valid) == outcome.bounds


@given(questions())
def test_turns_are_those_of_the_state_and_have_their_causes(asked):
    picture, id, as_of = asked
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
    """Were they later by a microsecond, alone or, where none counts alone, all, it would differ."""
    situation, differs = picture.situation, []
    retold = situation
    for cause in causes:
        span = settled(picture, cause)
        reached = {span.earliest, span.earliest + 1, span.latest}
        assert turn in reached
        assert (cause.edge is Edge.INSTANT) == (span == (turn, turn))
        earliest = span.earliest + (turn - span.earliest in (0, 1))
        later = Span(earliest, max(earliest, span.latest + (span.latest == turn)))
        differs.append(
            level(told(situation, cause.fact, cause.role, later), id, turn)
            != level(picture, id, turn)
        )
        retold = told(retold, cause.fact, cause.role, later).situation
        for fact in cause.said_by:
            assert fact == cause.fact or situation.facts[fact].subjects == (cause.fact,)
    together = level(Picture(retold), id, turn) != level(picture, id, turn)
    assert all(differs) or (together and not any(differs))


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
