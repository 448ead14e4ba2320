"""Disruptions in small whole numbers: every world is listed, and the bounds must be exactly those.

Nothing is shared with the code: a world is a placement of the start and of every step, and what
the level is in it is found by walking through it. (`test_state` does the same for whole histories.)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from postmortem.core.disruptions import (
    Disruption,
    Expected,
    Revision,
    Settled,
    Step,
    formulas_at,
    possibly_last,
    settle,
)
from postmortem.core.levels import Level
from postmortem.core.times import BEGINNING, END, Span

MOMENTS = range(5)
"""Where bounded spans begin and end."""
OUTSIDE = -1, 6
"""Stand for all moments before and after those that are asked about: open sides reach there."""
ASKED = range(-1, 6)

DOWN, WEAK, UP = Level
thorough = settings(max_examples=2000)
often = settings(max_examples=400)


BOUNDED = [Span(a, b) for a in MOMENTS for b in MOMENTS if a <= b]
HALF_OPEN = [Span(BEGINNING, n) for n in MOMENTS] + [Span(n, END) for n in MOMENTS]
SPANS = st.sampled_from([*BOUNDED, *HALF_OPEN])
TIMES = st.sampled_from(
    [Settled("f", span, contested) for contested in (False, True) for span in BOUNDED + HALF_OPEN]
)
EFFECTS = st.sampled_from([DOWN, WEAK])


@dataclass(frozen=True)
class Told:
    """What is told of a disruption; changes and restorations in the order of recording."""

    start: Settled
    effect: Level
    changes: tuple[tuple[Settled, Level], ...]
    restorations: tuple[Settled, ...]

    def disruption(self):
        steps = [Step(time, effect, order) for order, (time, effect) in enumerate(self.changes)]
        return Disruption("d", "s", self.start, self.effect, steps, list(self.restorations))

    @property
    def spans(self):
        return [
            self.start.span,
            *(t.span for t, _ in self.changes),
            *(t.span for t in self.restorations),
        ]


@st.composite
def tellings(draw):
    changes = draw(st.lists(st.tuples(TIMES, EFFECTS), max_size=3))
    restorations = draw(st.lists(TIMES, max_size=min(2, 4 - len(changes))))
    return Told(draw(TIMES), draw(EFFECTS), tuple(changes), tuple(restorations))


TOLD = tellings()


def instants(span):
    """All instants of a span, as far as they matter."""
    return range(max(span.earliest, OUTSIDE[0]), min(span.latest, OUTSIDE[1]) + 1)


@cache
def worlds(told):
    """What may be the case: (start, the changes in their order with effects, restorations)."""
    early = told.start.span.earliest
    changes = [change for change in told.changes if change[0].span.latest >= early]
    restorations = [time for time in told.restorations if time.span.latest >= early]
    found = []
    placings = [
        *(instants(time.span) for time, _ in changes),
        *(instants(time.span) for time in restorations),
    ]
    for start in instants(told.start.span):
        for placed in itertools.product(*placings):
            if all(instant >= start for instant in placed):
                turned = zip(placed, (effect for _, effect in changes), strict=False)
                found.append((start, list(turned), placed[len(changes) :]))
    return found


def level_in(world, told, at):
    start, changes, ends = world
    if at < start or any(end <= at for end in ends):
        return UP
    level = told.effect
    for instant, effect in sorted(changes, key=lambda change: change[0]):  # stable: ties as told
        if instant <= at:
            level = effect
    return level


ENDED_AT_ONCE = Told(Settled("f", Span(0, 4), False), DOWN, (), (Settled("g", Span(2, 2), False),))
TIED = Told(  # at 2 the change recorded later is the last one, from 3 on the other may be
    Settled("f", Span(0, 0), False),
    DOWN,
    ((Settled("g", Span(2, 4), False), WEAK), (Settled("h", Span(2, 2), False), DOWN)),
    (),
)


@thorough
@given(TOLD)
@example(ENDED_AT_ONCE)
@example(TIED)
def test_the_bounds_are_those_of_all_worlds(told):
    disruption = told.disruption()
    for at in ASKED:
        levels = {level_in(world, told, at) for world in worlds(told)}
        assert disruption.bounds(at) == (min(levels), max(levels)), at


@given(TOLD)
def test_when_it_started_and_ended_at_the_earliest_and_at_the_latest(told):
    disruption, every = told.disruption(), worlds(told)
    inside = range(OUTSIDE[0] + 1, OUTSIDE[1])  # open sides have no earliest or latest
    starts = [start for start, _, _ in every]
    ends = [min(ends) for _, _, ends in every if ends]
    for found, expected in (
        (disruption.latest_start, max(starts)),
        (disruption.first_possible_end, min(ends, default=END)),
        (disruption.certain_end, max(ends, default=END)),
    ):
        assert found == expected or (found not in inside and expected not in inside)


@often
@given(TOLD)
@example(ENDED_AT_ONCE)
@example(TIED)
def test_the_bounds_change_at_no_other_instants_than_the_turns(told):
    disruption = told.disruption()
    turns = set(disruption.turns())
    for at in ASKED[1:]:
        assert at in turns or disruption.bounds(at) == disruption.bounds(at - 1), at


@given(TOLD)
def test_steps_that_certainly_precede_the_start_are_left_out(told):
    disruption = told.disruption()
    early = told.start.span.earliest
    times = [*(time for time, _ in told.changes), *told.restorations]
    assert len(disruption.left_out) == sum(time.span.latest < early for time in times)
    kept = [*(step.time for step in disruption.changes), *disruption.restorations]
    assert len(kept) + len(disruption.left_out) == len(times)
    assert disruption.contested == any(time.contested for time in [told.start, *kept])


@thorough
@given(TOLD, st.data())
def test_narrowing_an_uncontested_span_never_widens_an_answer(told, data):
    """… unless a step is thereby left out."""
    which = data.draw(st.integers(0, len(told.spans) - 1))
    span = told.spans[which]
    inside = [
        narrow
        for a in [BEGINNING, *MOMENTS, END]
        for b in [BEGINNING, *MOMENTS, END]
        if span.earliest <= a <= b <= span.latest
        and (narrow := Span(a, b)) not in (Span(BEGINNING, BEGINNING), Span(END, END))
    ]
    narrow = Settled("f", data.draw(st.sampled_from(inside)), False)
    start, changes, restorations = told.start, list(told.changes), list(told.restorations)
    if which == 0:
        start = narrow
    elif which <= len(changes):
        changes[which - 1] = (narrow, changes[which - 1][1])
    else:
        restorations[which - 1 - len(changes)] = narrow
    wide = told.disruption()
    better = Told(start, told.effect, tuple(changes), tuple(restorations)).disruption()
    assume(len(better.left_out) == len(wide.left_out))
    for at in ASKED:
        assert wide.bounds(at).worst <= better.bounds(at).worst
        assert better.bounds(at).best <= wide.bounds(at).best


# --- what is only announced -----------------------------------------------------------------------


@st.composite
def expectations(draw):
    return Expected(
        "a",
        "s",
        draw(SPANS),
        draw(TIMES),
        draw(EFFECTS),
        draw(st.lists(TIMES, max_size=2)),
        draw(st.lists(TIMES, max_size=1)),
    )


def placed(expected):
    """Every world of an expectation: announced, effective, withdrawals, confirmations."""
    withdrawals, confirmations = expected.withdrawals, expected.confirmations
    spans = [expected.announced, expected.effective.span]
    spans += [time.span for time in (*withdrawals, *confirmations)]
    for announced, effective, *rest in itertools.product(*map(instants, spans)):
        yield announced, effective, rest[: len(withdrawals)], rest[len(withdrawals) :]


@often
@given(expectations())
def test_an_expected_disruption_in_all_worlds(expected):
    worlds = list(placed(expected))
    for at in ASKED:
        levels = {UP}  # it may always have no effect
        noticed = False
        for announced, effective, withdrawn, confirmed in worlds:
            expecting = announced <= at and all(instant > at for instant in withdrawn)
            if expecting and effective <= at and not expected.confirmations:
                levels.add(expected.effect)
            until = min(confirmed) if confirmed else effective
            noticed = noticed or (expecting and at < until)
        assert expected.bounds(at) == (min(levels), UP), at
        assert expected.noticed(at) == noticed, at


@often
@given(expectations())
def test_an_expectation_changes_at_no_other_instants_than_its_turns(expected):
    turns = set(expected.turns())
    for at in ASKED[1:]:
        before, now = ((expected.bounds(t), expected.noticed(t)) for t in (at - 1, at))
        assert at in turns or before == now, at


@given(expectations())
def test_an_expectation_is_contested_by_its_effective_time_and_its_withdrawals(expected):
    times = [expected.effective, *expected.withdrawals]
    assert expected.contested == any(time.contested for time in times)


def test_with_several_confirmations_the_first_to_start_ends_the_notice():
    late, early = (Settled("c", span, False) for span in (Span(1, 9), Span(2, 5)))
    for confirmations in ([late, early], [early, late]):
        effective = Settled("a", Span(8, 8), False)
        expected = Expected("a", "s", Span(0, 0), effective, DOWN, [], confirmations)
        assert [expected.noticed(at) for at in (4, 5)] == [True, False]


# --- changes of effect, and formulas that hold from then on ----------------------------------


@often
@given(st.lists(SPANS, max_size=4), st.randoms(use_true_random=False))
def test_which_may_be_the_last_by_then(revised, random):
    order = list(range(len(revised)))
    random.shuffle(order)  # they may be listed in any order
    revisions = [Revision(span, rank) for span, rank in zip(revised, order, strict=True)]
    for at in ASKED:
        expected = set()
        for world in itertools.product(*map(instants, revised)):
            so_far = [(i, order[n], n) for n, i in enumerate(world) if i <= at]
            expected.add(max(so_far)[2] if so_far else None)
        found = formulas_at(revisions, at)
        assert set(found) == expected
        assert len(found) == len(expected)


@given(st.lists(SPANS, min_size=1, max_size=3), st.sampled_from(MOMENTS))
def test_no_change_is_placed_before_the_start(revised, floor):
    revised = [span for span in revised if span.latest >= floor]
    for at in ASKED[floor + 1 :]:
        expected = set()
        for world in itertools.product(*map(instants, revised)):
            if all(instant >= floor for instant in world):
                so_far = [(i, n) for n, i in enumerate(world) if i <= at]
                expected.add(max(so_far)[1] if so_far else None)
        found = possibly_last([(span, n) for n, span in enumerate(revised)], at, floor)
        assert set(found) == expected


# --- several statements of one time -------------------------------------------------------


@given(st.lists(SPANS, min_size=1, max_size=4))
def test_the_time_of_a_fact_is_what_all_statements_share_else_what_covers_them(told):
    settled = settle("f", told)
    shared = set.intersection(*(set(instants(span)) for span in told))
    if settled.contested:
        assert not shared
        assert settled.span.earliest == min(span.earliest for span in told)
        assert settled.span.latest == max(span.latest for span in told)
    else:
        assert set(instants(settled.span)) == shared
        assert settled.span.earliest in {span.earliest for span in told}
        assert settled.span.latest in {span.latest for span in told}


def test_statements_that_touch_in_one_instant_are_not_contested():
    assert settle("f", [Span(0, 2), Span(2, 4)]) == Settled("f", Span(2, 2), False)
    assert settle("f", [Span(0, 1), Span(2, 4)]) == Settled("f", Span(0, 4), True)
    assert settle("f", [Span(0, END), Span(BEGINNING, 3)]) == Settled("f", Span(0, 3), False)
