"""The stretches of a service against the effects that they are made of, point by point."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.core.effects import Effect, Entry
from postmortem.core.levels import Bounds, Level
from postmortem.core.stretches import NOTHING, Stretch, Tally, bounds_of, changed, cut
from postmortem.core.times import BEGINNING, END

MOST = 12


def entry(number):
    return Entry(f"d{number}", number % 3, max(number % 3, number % 2), number == 3, False)


def _effect(time, lasts, known, stays, number):
    return Effect(
        "s",
        time,
        END if lasts == MOST else time + lasts,
        known,
        END if stays == MOST else known + stays,
        entry(number),
    )


small, long = st.integers(0, MOST), st.integers(1, MOST)
# one disruption does one thing at one point: here, one rectangle each
effects = st.lists(
    st.builds(_effect, small, long, small, long, st.integers(0, 7)),
    max_size=6,
    unique_by=lambda effect: effect.entry,
)
most = st.integers(0, 3)
some = settings(max_examples=300)


def in_order(effects):
    return sorted(effects, key=lambda effect: effect.time_from)


def at(effects, time, known):
    return sorted(
        e.entry
        for e in effects
        if e.time_from <= time < e.time_to and e.known_from <= known < e.known_to
    )


def the_one_at(found, time):
    return [each for each in found if each.time_from <= time][-1]


@some
@given(effects, most)
def test_from_when_it_is_settled_on_it_says_what_the_effects_say(effects, most):
    found = list(cut(in_order(effects), most=most))
    assert found[0].time_from == BEGINNING
    for before, after in itertools.pairwise(found):
        assert before.time_from < after.time_from
        assert before[1:] != after[1:]
    for time in range(-1, 2 * MOST + 2):
        _, settled, at_once = the_one_at(found, time)
        here = at(effects, time, END - 1)
        assert isinstance(at_once, Tally) == (len(here) > most)
        if isinstance(at_once, Tally):
            assert at_once.number == len(here)
        else:
            assert list(at_once) == here
        assert bounds_of(at_once) == Bounds(
            Level(min((e.worst for e in here), default=2)),
            Level(min((e.best for e in here), default=2)),
        )
        for known in range(max(settled, -1), 2 * MOST + 2):
            assert at(effects, time, known) == here
        if settled > BEGINNING:  # and not a moment earlier
            turns = {k for e in effects if e.time_from <= time < e.time_to
                     for k in (e.known_from, e.known_to) if k != END}  # fmt: skip
            assert settled == max(turns)


@some
@given(effects, small, long, most)
def test_a_part_is_cut_as_it_is_in_the_whole(effects, low, length, most):
    high = low + length
    whole = list(cut(in_order(effects), most=most))
    inside = [e for e in in_order(effects) if e.time_from < high and e.time_to > low]
    part = list(cut(inside, low, high, most))
    assert part[0].time_from == low
    for time in range(low, high):
        assert the_one_at(part, time)[1:] == the_one_at(whole, time)[1:]
    assert [each for each in whole if low < each.time_from < high] == part[1:]


@some
@given(effects, effects, most)
def test_what_changes_is_what_cutting_anew_gives(old, new, most):
    """One disruption after another; where it cannot be told, it says so."""
    now = list(old)
    for number in range(8):
        gone = {e for e in now if e.entry == entry(number)}
        come = {e for e in new if e.entry == entry(number)}
        gone, come = gone - come, come - gone
        if not gone | come:
            continue
        before = list(cut(in_order(now), most=most))
        now = [e for e in now if e not in gone] + list(come)
        low = min(e.time_from for e in gone | come)
        high = max(e.time_to for e in gone | come)
        inside = [e for e in before if low < e.time_from < high]
        first = the_one_at(before, low)
        found = changed([first, *inside], gone, come, low, high, most)
        if found is not None:
            there = [e for e in in_order(now) if e.time_from < high and e.time_to > low]
            assert found == list(cut(there, low, high, most))


def test_a_disruption_that_goes_on_is_told_without_the_others():
    begins = _effect(2, MOST, 3, MOST, 0)
    ends = [_effect(2, MOST, 3, 4, 0), _effect(2, 5, 7, MOST, 0)]
    others = [_effect(1, MOST, 2, MOST, number) for number in range(3, 6)]
    before = list(cut(in_order([begins, *others])))
    low = [each for each in before if each.time_from >= 2]
    assert changed(low, [begins], ends, 2, END) is not None


def test_nothing_is_one_stretch():
    assert list(cut([])) == [NOTHING]
    assert Stretch(BEGINNING, BEGINNING, ()) == NOTHING


def test_the_stretches_grow_with_the_effects_and_not_with_their_product():
    found = []
    for number in range(300):
        begins = 10 * number
        one = Entry(f"d{number}", 0, 0, False, False)
        found.append(Effect("s", begins, END, begins + 1, begins + 3000, one))
        found.append(Effect("s", begins, begins + 5000, begins + 3000, END, one))
    assert len(list(cut(found))) <= 2 * 300 + 1
