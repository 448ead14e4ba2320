"""A diff is what comparing at every moment would find, and names every fact that is another."""

from __future__ import annotations

from itertools import pairwise

from core.situations import LATEST, situations
from hypothesis import assume, given
from hypothesis import strategies as st

from postmortem.core.diff import Kind, between, changes, moved
from postmortem.core.history import CLAIMED, RETRACTED, Situation
from postmortem.core.levels import WORKS, Bounds
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant, parse_instant
from postmortem.testing import PLATFORM, MemoryRecord, draft, histories

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
    return situation._replace(
        services=situation.services - services, capabilities=kept, facts=facts
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


# --- words about words ----------------------------------------------------------------------------

DECLARED = (
    draft("platform-declared", id=PLATFORM),
    draft("service-declared", id="aws"),
    draft("service-declared", id="mail"),
)


def down(id: str, at: str, known: str, **more: str):
    more = {"service": "aws", **more}
    return draft("service-down", id=id, at=f"2021-01-{at}T00:00Z", known_at=when(known), **more)


def taking(id: str, event: str, known: str, **more: str):
    return draft("retracted", id=id, event=event, reason="wrong", known_at=when(known), **more)


def when(day: str) -> str:
    return f"2021-01-{day}T00:00Z"


def told(*drafts, first: str, second: str):
    """What changed from the one K to the other, by fact."""
    record = MemoryRecord(PLATFORM)
    for number, each in enumerate((*DECLARED, *drafts)):
        record.record(each, 2_000_000_000_000_000 + number)
    sides = [AsOf(0, known=parse_instant(when(day))) for day in (first, second)]
    before, after = (record.situation(side) for side in sides)
    heard_of = {v.fact for v in record.log.by_id.values() if v.seen(sides[0])}
    return {change.fact: change for change in changes(before, after, heard_of)}


def test_a_version_taken_back_leaves_the_one_before():
    versions = down("a", "01", "02"), down("b", "02", "03", replaces="a")
    found = told(*versions, taking("r", "b", "05"), first="04", second="06")
    (change,) = found.values()
    assert (change.kind, change.before.id, change.after.id) == (Kind.CORRECTED, "b", "a")
    assert (change.by, change.freed) == (("r",), ())
    assert {word.id for word in change.words} == {"a", "r"}


def test_a_version_taken_back_may_leave_nothing_that_is_known():
    versions = down("a", "01", "20"), down("b", "02", "03", replaces="a")
    found = told(*versions, taking("r", "b", "05"), first="04", second="06")
    (change,) = found.values()
    assert (change.kind, change.before.id, change.after) == (Kind.GONE, "b", None)
    assert change.by == ("r",)
    assert {word.id for word in change.words} == {"r"}


def test_a_fact_taken_back_and_again():
    facts = down("a", "01", "02"), taking("r", "a", "05"), taking("s", "r", "07")
    (change,) = told(*facts, first="04", second="06").values()
    assert (change.kind, change.by) == (Kind.RETRACTED, ("r",))
    found = told(*facts, first="06", second="08")
    assert found["a"].kind is Kind.BROUGHT_BACK
    assert (found["a"].by, found["a"].freed) == ((), ("r",))
    assert {word.id for word in found["a"].words} == {"a", "s"}
    assert (found["r"].kind, found["r"].by) == (Kind.RETRACTED, ("s",))
    assert found.keys() == {"a", "r"}
    assert told(*facts, first="04", second="08").keys() == {"s"}  # and `a` is as it was


def test_a_retraction_corrected_to_mean_another_fact():
    facts = (
        down("a", "01", "02"),
        down("b", "01", "02", service="mail"),
        taking("r", "a", "03"),
        taking("q", "b", "05", replaces="r"),
    )
    found = told(*facts, first="04", second="06")
    assert {fact: change.kind for fact, change in found.items()} == {
        "a": Kind.BROUGHT_BACK,
        "b": Kind.RETRACTED,
        "r": Kind.CORRECTED,
    }
    assert (found["a"].freed, found["b"].by) == (("r",), ("r",))
    assert {word.id for word in found["a"].words} == {"a", "q"}


def test_a_correction_after_a_retraction_is_by_itself():
    facts = down("a", "01", "02"), taking("r", "a", "05"), down("b", "02", "06", replaces="a")
    found = told(*facts, first="04", second="07")
    assert (found["a"].kind, found["a"].by, found["r"].kind) == (Kind.CORRECTED, (), Kind.ASSERTED)


def test_a_corrected_retraction_takes_back_again_what_was_told_anew():
    facts = (
        down("a", "01", "02"),
        taking("r", "a", "03"),
        down("b", "02", "04", replaces="a"),
        taking("q", "a", "06", replaces="r"),
    )
    found = told(*facts, first="05", second="07")
    assert (found["a"].kind, found["a"].by) == (Kind.RETRACTED, ("r",))
    assert {word.id for word in found["a"].words} == {"q"}
