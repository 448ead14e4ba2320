"""A diff is what comparing at every moment would find, and names every fact that is another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from core.situations import LATEST, situations
from hypothesis import assume, given
from hypothesis import strategies as st

from postmortem.core.diff import Kind, between, changes, moved
from postmortem.core.history import CLAIMED, RETRACTED, Situation
from postmortem.core.levels import WORKS, Bounds
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant
from postmortem.testing import PLATFORM, MemoryRecord, histories

EVERY = range(-2, LATEST + 3)


def levels(picture: Picture, at: Instant) -> dict[str, Bounds]:
    state = picture.state(AsOf(at))
    return {**state.capabilities, **{id: found.bounds for id, found in state.services.items()}}


def less(situation: Situation, services: set[str], capabilities: set[str]) -> Situation:
    """The situation without some of what is declared, and without the facts about it."""
    facts = {
        id: version
        for id, version in situation.facts.items()
        if version.service not in services and version.capability not in capabilities
    }
    kept = {id: f for id, f in situation.capabilities.items() if id not in capabilities}
    return replace(
        situation, services=situation.services - services, capabilities=kept, facts=facts
    )


# --- levels ---------------------------------------------------------------------------------------


@given(situations(), situations(), st.integers(-2, LATEST), st.integers(1, LATEST))
def test_periods_are_what_comparing_at_every_moment_finds(before, after, start, lasting):
    pictures = Picture(before), Picture(after)
    window = range(start, start + lasting)
    found = moved(*pictures, window.start, window.stop)
    for at in EVERY:
        old, new = (levels(picture, at) for picture in pictures)
        here = {each.id: (each.before, each.after) for each in found if each.start <= at < each.end}
        assert len(here) == sum(each.start <= at < each.end for each in found)
        expected = {id: (old[id], new[id]) for id in old if old[id] != new[id] and at in window}
        assert here == expected


@given(situations(), situations())
def test_periods_over_all_time_are_as_long_as_they_can_be(before, after):
    pictures = Picture(before), Picture(after)
    found = moved(*pictures)
    assert found == sorted(found, key=lambda each: (each.id, each.start))
    for one, other in pairwise(found):
        if (one.id, one.end) == (other.id, other.start):
            assert (one.before, one.after) != (other.before, other.after)
    for each in found:
        assert each.before != each.after
        for at, inside in ((each.start, True), (each.end - 1, True), (each.end, False)):
            if abs(at) < 2**40:
                pair = tuple(levels(picture, at)[each.id] for picture in pictures)
                assert (pair == (each.before, each.after)) is inside


@given(situations())
def test_what_is_not_declared_yet_counts_as_working(after):
    before = less(after, {"s"}, {"a", "b", "c"})
    for each in moved(Picture(before), Picture(after)):
        if each.id in ("s", "a", "b", "c"):
            assert each.before is None
            assert each.after != WORKS
    for each in moved(Picture(after), Picture(before)):
        assert each.after is None


@given(situations())
def test_of_the_same_nothing_has_changed(situation):
    assert moved(Picture(situation), Picture(situation)) == []
    assert changes(situation, situation, situation.facts.keys()) == []
    assert between(Picture(situation), 3, 3) == []


@given(situations(), st.integers(-1, LATEST), st.integers(1, LATEST))
def test_between_two_moments_everything_is_told_that_turns(situation, earlier, lasting):
    picture, later = Picture(situation), earlier + lasting
    found = {each.id: each for each in between(picture, earlier, later)}
    course = [levels(picture, at) for at in range(earlier, later + 1)]
    for id in course[0]:
        passed = [
            (earlier + index, before[id], after[id])
            for index, (before, after) in enumerate(pairwise(course), 1)
            if before[id] != after[id]
        ]
        if not passed:
            assert id not in found
            continue
        each = found.pop(id)
        assert [due.turn for due in each.turns] == passed
        assert (each.before, each.after) == (course[0][id], course[-1][id])
        assert each.differs == (course[0][id] != course[-1][id])
        assert all(due.causes for due in each.turns)
    assert not found


# --- the record -----------------------------------------------------------------------------------


@st.composite
def readings(draw: st.DrawFn) -> tuple[MemoryRecord, AsOf, AsOf, str]:
    """A record, and two questions that differ in K or in R, the earlier first."""
    record = MemoryRecord.of(PLATFORM, draw(histories(plain=True, most=14)))
    clock = draw(st.sampled_from(["known", "recorded"]))
    versions = [*record.log.by_id.values()]
    assume(versions)
    moments = sorted({getattr(version, clock) for version in versions})
    marks = st.sampled_from([moments[0] - 1, *moments, END])
    first, second = sorted([draw(marks), draw(marks)])
    return record, AsOf(0, **{clock: first}), AsOf(0, **{clock: second}), clock


@given(readings())
def test_every_fact_that_is_another_is_told_once(reading):
    record, earlier, later, clock = reading
    before, after = record.situation(earlier), record.situation(later)
    heard_of = {version.fact for version in record.log.by_id.values() if version.seen(earlier)}
    found = changes(before, after, heard_of)
    told = [change.fact for change in found]
    assert len(told) == len(set(told))
    by = {id for change in found for id in change.by}
    for fact in {**before.facts, **after.facts}:
        old, new = before.facts.get(fact), after.facts.get(fact)
        if old == new:
            assert fact not in told
        elif fact not in told:  # a retraction that another change came about by
            assert new is not None
            assert new.type == RETRACTED
            assert old is None
            assert fact in by
        else:
            change = found[told.index(fact)]
            assert (change.before, change.after) == (old, new)
            assert_kind(change, after, heard_of)
            first, last = getattr(earlier, clock), getattr(later, clock)
            assert change.words
            assert first < max(getattr(word, clock) for word in change.words) <= last


def assert_kind(change, after, heard_of):
    old, new = change.before, change.after
    if old is not None and new is not None:
        assert change.kind is Kind.CORRECTED
    elif new is not None:
        fresh = Kind.CLAIMED if new.type == CLAIMED else Kind.ASSERTED
        assert change.kind is (Kind.BROUGHT_BACK if change.fact in heard_of else fresh)
    else:
        taken = any(after.facts[id].subjects == (change.fact,) for id in change.by)
        assert change.kind is (Kind.RETRACTED if taken else Kind.GONE)


@given(readings())
def test_a_claim_tells_of_whose_time_it_is(reading):
    record, earlier, later, _ = reading
    before, after = record.situation(earlier), record.situation(later)
    for change in changes(before, after, ()):
        if change.version.type == CLAIMED:
            assert change.dated in (change.version.subjects[0], None)
        for situation, time in zip((before, after), change.times, strict=True):
            if time is not None:
                about = [
                    version.effective
                    for version in situation.facts.values()
                    if version.type == CLAIMED and version.subjects == (change.dated,)
                ]
                dated = situation.facts[change.dated]
                about.append(dated.at if dated.effective is None else dated.effective)
                agree = max(s.earliest for s in about) <= min(s.latest for s in about)
                assert time.contested is not agree
