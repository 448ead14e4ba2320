"""Signs stand where their times are, and in one row do not touch."""

from itertools import pairwise

from core.situations import situations
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core.state import Picture
from postmortem.core.times import BEGINNING, END, Span
from postmortem.pictures.axis import Ruler
from postmortem.pictures.lanes import Axis, Condition, Lane, Mark, Sign
from postmortem.pictures.layout import HALF, MOST_ROWS, Places
from postmortem.pictures.scene import scene
from postmortem.pictures.wording import ENGLISH

FROM, LONG = 300.0, 800.0
BOUNDS = st.integers(-50, 150)
SPANS = st.builds(
    lambda a, b, shape: Span(
        BEGINNING if shape == 1 else min(a, b),
        END if shape == 2 else min(a, b) if shape == 3 else max(a, b),
    ),
    BOUNDS,
    BOUNDS,
    st.integers(0, 4),
)
MARKS = st.builds(
    Mark,
    st.sampled_from([sign for sign in Sign if sign is not Sign.KNOWN]),
    SPANS,
    st.just(("e",)),
    due=st.none() | SPANS,
)


def places(start=0, end=100):
    return Places(Ruler(Axis(start, end), LONG, ENGLISH), FROM)


@given(st.lists(MARKS, min_size=8, max_size=40))
def test_what_has_no_room_stands_where_it_touches_fewest(marks):
    rows: list[list[tuple[float, float]]] = []
    for each in places().placed(Lane("s", "S", (), tuple(marks))):
        start, end = each.covers
        touched = [sum(a < end and start < b for a, b in row) for row in rows]
        if 0 in touched:
            assert each.row == touched.index(0)
        elif len(rows) < MOST_ROWS:
            assert each.row == len(rows)
            rows.append([])
        else:
            assert each.row == touched.index(min(touched))
        rows[each.row].append((start, end))


@given(st.lists(MARKS, max_size=12))
def test_no_two_signs_touch_while_there_are_rows_left(marks):
    placed = places().placed(Lane("s", "S", (), tuple(marks)))
    rows = {each.row for each in placed}
    assert rows == set(range(len(rows)))
    assert len(rows) <= MOST_ROWS
    if len(rows) < MOST_ROWS:
        for one in placed:
            for other in placed:
                if one is not other and one.row == other.row and None not in (one.x, other.x):
                    assert abs(one.x - other.x) >= 2 * HALF


@given(st.lists(MARKS, max_size=12))
def test_everything_lies_between_the_ends_and_where_its_time_is(marks):
    found = places()
    for each in found.placed(Lane("s", "S", (), tuple(marks))):
        assert FROM <= each.line.start <= each.line.end <= FROM + LONG
        earliest, latest = each.mark.time
        assert each.line.goes_on == (earliest < 0, latest >= 100)
        if each.x is not None:
            assert each.line.start <= each.x <= each.line.end


@given(st.lists(st.integers(-50, 150), max_size=30))
def test_of_what_is_shown_every_knowledge_is_on_some_sheet(moments):
    out = Mark(Sign.OUT, Span(50, 50), ("e",))
    known = [Mark(Sign.KNOWN, Span(at, at), ("e",)) for at in sorted(set(moments))]
    sheets = places().sheets(Lane("s", "S", (), (out, *known)))
    assert [mark for each in sheets for mark in each.marks] == known
    for before, after in pairwise(sheets):
        assert after.beyond != before.beyond or after.x - before.x > 8
    for each in sheets:
        assert each.beyond == {(at > 99) - (at < 0) for m in each.marks for at in [m.time[0]]}.pop()


def test_what_was_known_of_something_outside_is_not_shown_outside():
    out = Mark(Sign.OUT, Span(-20, -20), ("e",))
    known = Mark(Sign.KNOWN, Span(-10, -10), ("e",))
    lane = Lane("s", "S", (), (out, known))
    assert places().placed(lane) == []
    assert places().sheets(lane) == []


@given(situations())
def test_a_bar_fades_from_the_sure_side_to_the_other(situation):
    shown = scene(Picture(situation), {})
    found = Places(Ruler(shown.axis, LONG, ENGLISH), FROM) if shown.axis else None
    for lane in shown.services if found else ():
        faded = list(found.fading(lane.stretches))
        assert len(faded) == len(lane.stretches)
        for index, stretch in enumerate(lane.stretches):
            if stretch.condition is not Condition.UNCERTAIN:
                assert faded[index] == (1, 1)
                continue
            left, right = faded[index]
            assert 0 < right < 1
            assert 0 < left < 1
            before = lane.stretches[index - 1] if index else None
            after = lane.stretches[index + 1] if index + 1 < len(lane.stretches) else None
            if before and before.condition is Condition.WORKS:
                assert left > 0.8
                if after and after.condition is Condition.OUT:
                    assert left > right
            if before and after and before.condition is after.condition is Condition.WORKS:
                assert left == right
