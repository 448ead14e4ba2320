"""How effects are found by how long they last, against looking at all of them."""

import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.core.effects import Effect, Entry
from postmortem.core.times import BEGINNING, END
from postmortem.store import effects as tables
from postmortem.store.reach import bearing, bit_of, overlapping, reach_of

far = 2**58
instants = st.integers(-far, far) | st.integers(-40, 40)
# at the edge of what is looked for together, and beside it
powers = st.integers(0, 20).map(lambda number: 8**number)
lengths = st.integers(1, 80) | st.builds(lambda length, by: max(length + by, 1), powers,
                                         st.integers(-1, 1))  # fmt: skip


@st.composite
def made(draw):
    time_from = draw(instants | st.just(BEGINNING))
    time_to = draw(st.just(END) | lengths.map(lambda length: time_from + length))
    known_from = draw(instants | st.integers(-1, 1).map(lambda by: max(time_from, -far) + by))
    known_to = draw(st.just(END) | lengths.map(lambda length: known_from + length))
    return Effect("", time_from, time_to, known_from, known_to, Entry("d", 0, 0, False, False))


@settings(max_examples=800)
@given(st.lists(made(), max_size=4), st.data())
def test_those_that_hold_k_and_overlap_a_stretch_of_time_are_found(effects, data):
    edges = [at + by for e in effects for at in (e.time_from, e.time_to) for by in (-1, 0)]
    moments = [at + by for e in effects for at in (e.known_from, e.known_to) for by in (-1, 0)]
    within = st.sampled_from([at for at in edges if BEGINNING <= at < END] or [0]) | instants
    low = data.draw(within | st.just(BEGINNING))
    high = max(low, data.draw(within))
    back = st.builds(
        lambda length, by: max(low - length + 1 + by, BEGINNING), powers, st.integers(-1, 1)
    )
    known = data.draw(st.sampled_from([k for k in moments if k < END] or [0]) | instants | back)
    right = [
        number
        for number, e in enumerate(effects)
        if e.time_from <= high and e.time_to > low and e.known_from <= known < e.known_to
    ]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(tables.SCHEMA["view_effect"])
        connection.execute(tables.BY_REACH)
        reaches = 0
        for number, effect in enumerate(effects):
            reach, begins = reach_of(effect)
            reaches |= bit_of(reach)
            connection.execute(
                f"INSERT INTO view_effect VALUES ({', '.join('?' * 13)})",
                (number, 1, effect.time_from, effect.known_from, effect.time_to, effect.known_to,
                 0, 0, 0, 0, "d", reach, begins),
            )  # fmt: skip
        for these in (reaches, bearing(reaches, low, known)):
            statement = overlapping(these, "disruption")
            found = connection.execute(statement, (1, low, high, known)) if these else ()
            assert sorted(row[0] for row in found) == right
