"""No rule of `check` looks at all pairs of anything: what twice as much of it costs, and the same
findings as when each looked at all of them.

Counted in steps of the interpreter, which are the same on every machine and at every load.
"""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core.check import RULES, check
from postmortem.core.check_contradictions import points_to_retracted
from postmortem.core.check_doubts import known_before_subject
from postmortem.core.check_material import Material, Written
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CUT_OFF,
    DOWN,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    RETRACTED,
    WITHDRAWN,
    Log,
    Situation,
    Version,
)
from postmortem.core.lengths import DAY, HOUR
from postmortem.core.levels import Level
from postmortem.core.times import AsOf, Instant, Span, format_instant, parse_stored

BEGIN = parse_stored("2021-01-01T00:00:00Z")
AFTER = BEGIN + 9999 * HOUR


class Told(list[Version]):
    """Versions in the order of recording, whatever recording would say to them."""

    def one(self, type: str, id: str, hour: float | None = None, *about: str, **keys) -> None:
        """One more, of something that happened in that hour and is known since it was recorded."""
        number = len(self) + 1
        at = None if hour is None else _at(hour)
        usual = {"fact": id, "place": (number,), "known": BEGIN + number, "at": at}
        if type == EFFECT_CHANGED:
            usual["effect"] = Level.DEGRADED
        elif type in (DOWN, CUT_OFF, ANNOUNCED):
            usual["service"] = "s"
        keys = {**usual, **keys}
        self.append(
            Version(id=id, type=type, position=number, recorded=BEGIN + number, subjects=about,
                    **keys)
        )  # fmt: skip

    def material(self) -> Material:
        """What a check of all of them looks at."""
        as_of = AsOf(AFTER, known=AFTER, recorded=AFTER)
        situation = Situation("p", frozenset("s"), {}, Log.of(self).in_force(as_of))
        written = {each.id: Written("p/service/s", (), (), None, None, ()) for each in self}
        return Material(situation, self, written, {}, AFTER, 30 * DAY, format_instant)


def _at(hour: float) -> Span:
    instant: Instant = BEGIN + int(hour * HOUR)
    return Span(instant, instant)


# --- what it costs ----------------------------------------------------------------------------


def open_ones(number: int) -> Iterator[tuple]:
    """Disruptions of one service that never end."""
    yield from ((DOWN, f"d{count}", count) for count in range(number))


def steps(number: int) -> Iterator[tuple]:
    """One disruption, with as many changes before it, after it and after its ends."""
    yield DOWN, "d", 0
    yield from ((EFFECT_CHANGED, f"c{count}", count - number // 2, "d") for count in range(number))
    yield from ((RESTORED, f"r{count}", count, "d") for count in range(number))


def corrected(number: int) -> Iterator[tuple]:
    """One disruption, corrected as often as its effect changes, which was known before."""
    late = {"fact": "d", "known": BEGIN + 99 * HOUR}
    yield DOWN, "d", 0, late
    yield from ((DOWN, f"d-{count}", 0, late) for count in range(number))
    yield from ((EFFECT_CHANGED, f"c{count}", count, "d") for count in range(number))


def about_nothing(number: int) -> Iterator[tuple]:
    """Steps of a disruption that was corrected as often, and retracted."""
    yield DOWN, "d", 0
    yield from ((DOWN, f"d-{count}", 0, {"fact": "d"}) for count in range(number))
    yield RETRACTED, "gone", None, "d"
    yield from ((EFFECT_CHANGED, f"c{count}", count, "d") for count in range(number))


def in_vain(number: int) -> Iterator[tuple]:
    """A disruption retracted again and again, and as many clerical corrections of it since."""
    yield DOWN, "d", 0
    yield from ((RETRACTED, f"x{count}", None, "d") for count in range(number))
    slips = ({"fact": "d", "place": (1, count)} for count in range(number))
    yield from ((DOWN, f"d-{count}", 0, slip) for count, slip in enumerate(slips))


def put_off(number: int) -> Iterator[tuple]:
    """An announcement withdrawn, carried out and rescheduled again and again."""
    yield ANNOUNCED, "a", 0, {"effective": _at(9)}
    yield from ((WITHDRAWN, f"w{count}", 1, "a") for count in range(number))
    yield from ((CUT_OFF, f"u{count}", 1, "a") for count in range(number))
    later = {"effective": _at(9)}
    yield from ((RESCHEDULED, f"r{count}", 2 + count, "a", later) for count in range(number))


def expected(number: int) -> Iterator[tuple]:
    """Announcements of one service, and as many cut-offs that name none of them."""
    due = {"effective": _at(9)}
    yield from ((ANNOUNCED, f"a{count}", count, due) for count in range(number))
    yield from ((CUT_OFF, f"u{count}", count) for count in range(number))


def claimed(number: int) -> Iterator[tuple]:
    """Disruptions that end together, at an hour of which as many claims are made."""
    yield from ((DOWN, f"d{count}", count) for count in range(number))
    yield RESTORED, "r", number, *(f"d{count}" for count in range(number))
    for count in range(number):
        yield CLAIMED, f"k{count}", None, "r", {"effective": _at(number + count)}


SHAPES = (open_ones, steps, corrected, about_nothing, in_vain, put_off, expected, claimed)


def told(shape: Iterator[tuple]) -> Told:
    found = Told()
    for type, id, hour, *about in shape:
        keys = about.pop() if about and isinstance(about[-1], dict) else {}
        found.one(type, id, hour, *about, **keys)
    return found


def counted(material: Material) -> tuple[int, int]:
    """How many steps of the interpreter a check takes, and how much it finds."""
    count = 0

    def step(frame, event, _):
        nonlocal count
        frame.f_trace_opcodes = True
        count += 1
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        found = check(material)
    finally:
        sys.settrace(before)
    return count, len(found)


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_as_much_takes_twice_as_long(shape):
    (short, few), (long, many) = (counted(told(shape(n)).material()) for n in (100, 200))
    assert few <= many <= 2 * few + 2
    assert long < 2.3 * short


def test_what_is_claimed_of_one_time_is_gone_through_once():
    material = told(claimed(3)).material()
    end = material.situation.facts["r"]
    assert material.claims.happened(end) is material.claims.happened(end)


# --- the same as by looking at all of them ----------------------------------------------------

KINDS = st.lists(st.tuples(st.sampled_from("dsxxkc"), st.integers(0, 9)), max_size=14)


def random_told(kinds: list[tuple[str, int]]) -> Told:
    """One disruption: corrected, its slips mended, retracted, also by version; changed in effect.

    Of everything some version may be known later than the one before it.
    """
    found = Told()
    found.one(DOWN, "d", 0)
    for number, (kind, which) in enumerate(kinds):
        id, known = f"{kind}{number}", BEGIN + which
        words = [each for each in found if each.fact == "d"]
        retractions = [each for each in found if each.type == RETRACTED]
        if kind == "d":
            found.one(DOWN, id, 0, fact="d", known=known)
        elif kind == "s":
            slip = words[which % len(words)]
            place = (*slip.place, len(found))
            found.one(DOWN, id, 0, fact="d", known=slip.known, place=place)
        elif kind == "x":
            named = [*words, *retractions]
            found.one(RETRACTED, id, None, named[which % len(named)].id, known=known)
        elif kind == "k" and retractions:
            slip = retractions[which % len(retractions)]
            keys = {"fact": slip.fact, "known": slip.known, "place": (*slip.place, len(found))}
            found.one(RETRACTED, id, None, *slip.subjects, **keys)
        else:
            found.one(EFFECT_CHANGED, id, which, "d", known=known)
    return found


def naive_retraction(m: Material, fact: str) -> str:
    ids = {fact, *(version.id for version in m.by_fact.get(fact, ()))}
    found = [retraction for id in ids for retraction in m.retractions.get(id, ())]
    return max(found, key=lambda version: version.position).fact


def naive_in_vain(m: Material) -> set[tuple[tuple[str, ...], str]]:
    return {
        ((version.id, fact), before[0].fact)
        for fact, retractions in m.retractions.items()
        if not m.counts(fact)
        for version in m.by_fact.get(fact, ())
        if not m.taken_back(version)
        and (
            before := [
                retraction
                for retraction in retractions
                if retraction.position < version.position and retraction.place > version.place
            ]
        )
    }


def naive_known_before(m: Material) -> set[tuple[str, ...]]:
    return {
        (version.fact, "d")
        for version in m.standing
        if version.type == EFFECT_CHANGED
        and m.counts("d")
        and version.known < min(each.known for each in m.by_fact["d"] if not m.taken_back(each))
    }


@given(KINDS.map(random_told))
def test_what_is_found_is_what_looking_at_all_of_them_finds(versions):
    material = versions.material()
    pointing = list(points_to_retracted(material))
    steps = [each for each in pointing if each.place.type == EFFECT_CHANGED]
    assert len(steps) == (0 if material.counts("d") else len(material.about.get("d", ())))
    for each in steps:
        assert f"is retracted by {naive_retraction(material, 'd')}," in each.message
    vain = {
        (each.ids, each.message.split("retracted by ")[1].split(",")[0])
        for each in pointing
        if each.place.type != EFFECT_CHANGED and " corrects " in each.message
    }
    assert vain == naive_in_vain(material)
    assert {each.ids for each in known_before_subject(material)} == naive_known_before(material)


def test_what_is_made_here_is_found_by_every_rule_that_looks_at_pairs():
    found = {each.rule.name for shape in SHAPES for each in check(told(shape(3)).material())}
    names = {rule.name for rule in RULES}
    assert (
        {
            *("points-to-retracted", "step-before-start", "change-after-end", "told-twice"),
            *("confirmed-although-withdrawn", "rescheduled-after-withdrawn", "time-contested"),
            *("cut-off-unlinked", "known-before-subject"),
        }
        <= found
        <= names
    )
