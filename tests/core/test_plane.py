"""The plane of T and K against the effects that it is made of, point by point."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.core.effects import Effect, Entry
from postmortem.core.plane import WHOLE, repaint, strokes, tiles
from postmortem.core.times import BEGINNING, END
from postmortem.store.nodes import level_of, node_of, path_to

MOST = 12


def entry(number):
    return Entry(f"d{number}", number % 2, 2, number == 3, False)


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
    st.builds(_effect, small, long, small, long, st.integers(0, 3)),
    max_size=4,
    unique_by=lambda effect: effect.entry,
)
some = settings(max_examples=200)


def at(effects, time, known):
    return tuple(
        sorted(
            e.entry
            for e in effects
            if e.time_from <= time < e.time_to and e.known_from <= known < e.known_to
        )
    )


@some
@given(effects)
def test_every_point_lies_in_one_tile_and_has_what_the_effects_say(effects):
    cut = tiles(effects)
    for time in range(-1, 2 * MOST + 2):
        for known in range(-1, 2 * MOST + 2):
            (here,) = (
                t
                for t in cut
                if t.time_from <= time < t.time_to and t.known_from <= known < t.known_to
            )
            assert here.entries == at(effects, time, known)


@some
@given(effects, effects)
def test_repainting_gives_the_tiles_that_cutting_anew_gives(old, new):
    plane = set(tiles(old))
    for number in range(4):
        mine = [[e for e in each if e.entry == entry(number)] for each in (old, new)]
        for stroke in strokes(*mine):
            near = [
                t
                for t in plane
                if t.time_from <= stroke.time_to
                and t.time_to >= stroke.time_from
                and t.known_from <= stroke.known_to
                and t.known_to >= stroke.known_from
            ]
            gone, come = repaint(near, stroke)
            assert set(gone) <= plane
            plane = (plane - set(gone)) | set(come)
    assert plane == set(tiles(new))


def test_nothing_is_the_whole_plane():
    assert tiles([]) == [WHOLE]


def test_in_order_the_tiles_grow_with_the_effects_and_not_with_their_product():
    found = []
    for number in range(300):
        begins = 10 * number
        one = Entry(f"d{number}", 0, 0, False, False)
        found.append(Effect("s", begins, END, begins + 1, begins + 6, one))
        found.append(Effect("s", begins, begins + 5, begins + 6, END, one))
    assert len(tiles(found)) <= 5 * 300 + 1


@given(st.integers(BEGINNING, 2**61), st.integers(1, 2**58), st.randoms(use_true_random=False))
def test_the_node_of_an_interval_is_on_the_way_to_all_that_it_holds(begins, lasts, dice):
    begins = max(begins, -62_135_596_800_000_000)
    ends = min(begins + lasts, 2**62)
    if begins >= ends or begins > 2**57:
        return
    node = node_of(begins, ends)
    assert begins <= node < ends
    for known in (begins, ends - 1, dice.randrange(begins, ends)):
        assert node in path_to(known, level_of(node))


def test_the_way_is_short():
    dice = random.Random(1)
    assert len(path_to(dice.randrange(2**50), (1 << 60) - 1)) <= 62


@pytest.mark.parametrize("known", [0, 2**40])
def test_what_stays_known_is_at_the_end_of_every_way(known):
    assert node_of(known, END) == END
    assert END in path_to(known, 0)
