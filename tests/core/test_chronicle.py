"""The chronicle: order, settled times, standing, and the words for every kind of entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core import chronicle
from postmortem.core.chronicle import STANDS, Change, Standing
from postmortem.core.entries import Dated, Declaration
from postmortem.core.events import CATALOGUE, EVENTS
from postmortem.core.fields import Requires
from postmortem.core.history import CLAIMED, RETRACTED, Log, last_word
from postmortem.core.times import END, AsOf, Span, common, hull, parse_stored
from postmortem.testing import DAWN, SECOND, MemoryRecord, draft, histories
from postmortem.testing import given as recorded

NOW = AsOf(END)
PLATFORM = draft("platform-declared", id="parler", zone="America/Los_Angeles")
AWS, OKTA, TWILIO = (draft("service-declared", id=id) for id in ("aws", "okta", "twilio"))
PRESS = draft("source-declared", id="press", title="A paper", published_at="2021-01-12T09:00Z")


def down(id="down", at="2021-01-10T12:00Z", **keys):
    return draft("service-down", **{"id": id, "service": "aws", "at": at, **keys})


def record_of(*drafts) -> MemoryRecord:
    return recorded(PLATFORM, AWS, OKTA, TWILIO, PRESS, *drafts).record


UNDATED = {cls.TYPE for cls in EVENTS.values() if not issubclass(cls, Dated)}


def rows_of(record, as_of=NOW):
    return chronicle.timeline(record.situation(as_of))


def every_row(record, as_of=NOW):
    versions = [v for v in record.log.by_id.values() if v.seen(as_of)]
    return chronicle.every_version(record.situation(as_of), versions, as_of)


def seconds(text: str) -> int:
    return parse_stored(text)


# --- what the catalogue has, this room knows ------------------------------------------------------


def test_the_references_are_those_of_the_catalogue():
    named = {name for cls in CATALOGUE.values() for name in cls.references()}
    formulas = {
        name
        for cls in CATALOGUE.values()
        for name, info in cls.model_fields.items()
        if info.annotation is Requires
    }
    assert set(chronicle.REFERENCES) == named | formulas


def test_every_type_has_its_sentence():
    assert set(chronicle._SENTENCES) == set(CATALOGUE)


def test_all_that_people_say_is_told_somewhere():
    said = {name for cls in CATALOGUE.values() for name in cls.said()}
    assert said == {*chronicle.SPOKEN, "by", "title", "author", "meta"}


def test_a_type_that_has_no_sentence_is_told_by_what_it_names():
    body = {"service": "aws", "cites": ["press#1"], "about": "down"}
    assert chronicle.sentence("service-repainted", body) == "service aws, about down"


@pytest.mark.parametrize(
    ("type", "body", "told"),
    [
        ("cutoff-announced", {"service": "aws", "effect": "degraded"}, "aws to be degraded"),
        ("service-cut-off", {"service": "aws"}, "aws cut off"),
        (
            "service-cut-off",
            {"service": "aws", "effect": "degraded", "announcement": "a"},
            "aws degraded, carrying out a",
        ),
        ("service-restored", {"ends": ["one", "two"]}, "ends one, two"),
        (
            "capability-revised",
            {"capability": "c", "requires": {"any_of": ["a", {"fallback": "b"}]}},
            "c now requires any_of(a, fallback(b))",
        ),
        ("note", {"text": "so"}, ""),
        ("note", {"text": "so", "about": "aws"}, "about aws"),
        ("service-declared", {"name": "A", "provider": "amazon"}, "A, by amazon"),
    ],
)
def test_sentences(type, body, told):
    assert chronicle.sentence(type, body) == told


@given(histories())
def test_whatever_is_recorded_can_be_told(drafts):
    record = MemoryRecord.of("parler", drafts)
    for _, each in record.told:
        body = each.entry.body()
        told = chronicle.sentence(each.entry.TYPE, body)
        assert told or each.entry.TYPE == "note" or isinstance(each.entry, Declaration)
        named = dict.fromkeys(id for _, id in chronicle.names_in(body))
        cited = {key for key, _ in chronicle.names_in(body)}
        assert cited <= set(body)
        assert all(isinstance(id, str) and "#" not in id for id in named)
        for key, value in body.items():
            assert isinstance(chronicle.as_text(key, value), str)


# --- which rows there are, and in which order -----------------------------------------------------


def test_rows_stand_by_earliest_then_latest_then_recording():
    record = record_of(
        down("late", "2021-01-10T13:00Z"),
        down("long", "2021-01-10T12:00Z..2021-01-10T14:00Z"),
        down("second", "2021-01-10T12:00Z"),
        down("third", "2021-01-10T12:00Z"),
        down("open", "..2021-01-10T12:00Z"),
    )
    assert [r.version.id for r in rows_of(record)] == ["open", "second", "third", "long", "late"]


def test_a_claim_that_agrees_narrows_and_one_that_does_not_contests():
    day = down(at="2021-01-10T08:00Z..2021-01-10T16:00Z")
    agrees = draft("time-claimed", id="c1", about="down", time="2021-01-10T15:00Z..")
    (row,) = rows_of(record_of(day, agrees))
    assert row.time.span == Span(seconds("2021-01-10T15:00:00Z"), seconds("2021-01-10T16:00:00Z"))
    assert not row.contested
    assert [claim.version.id for claim in row.claims] == ["c1"]
    differs = draft("time-claimed", id="c2", about="down", time="2021-01-10T17:00Z")
    (row,) = rows_of(record_of(day, agrees, differs))
    assert row.time.span == Span(seconds("2021-01-10T08:00:00Z"), END)  # the claim is open
    assert row.contested


def test_an_announcement_stands_when_it_was_made_and_says_when_it_takes_effect():
    announced = draft(
        "cutoff-announced", id="ann", service="aws", at="2021-01-09T12:00Z",
        effective_at="2021-01-11T08:00Z",
    )  # fmt: skip
    moved = draft(
        "cutoff-rescheduled", id="moved", announcement="ann", at="2021-01-10T12:00Z",
        effective_at="2021-01-12T08:00Z",
    )  # fmt: skip
    (row,) = rows_of(record_of(announced))
    assert (row.time.span.earliest, row.due.span.earliest, row.due.fact) == (
        seconds("2021-01-09T12:00:00Z"),
        seconds("2021-01-11T08:00:00Z"),
        "ann",
    )
    row, later = rows_of(record_of(announced, moved))
    assert (row.due.span.earliest, row.due.fact) == (seconds("2021-01-12T08:00:00Z"), "moved")
    assert later.time.span.earliest == seconds("2021-01-10T12:00:00Z")


def test_a_cut_off_takes_the_effect_of_its_announcement_where_that_counts():
    announced = draft(
        "cutoff-announced", id="ann", service="aws", at="2021-01-09T12:00Z", effect="degraded",
        effective_at="2021-01-11T08:00Z",
    )  # fmt: skip
    cut = draft(
        "service-cut-off", id="cut", service="aws", announcement="ann", at="2021-01-11T08:00Z"
    )
    taken = draft("retracted", id="no", event="ann", reason="misheard")
    version = record_of(announced, cut).log.by_id["cut"]
    for drafts, expected in (
        ((announced, cut), "degraded"),
        ((announced, cut, taken), "unavailable"),
    ):
        situation = record_of(*drafts).situation(NOW)
        assert chronicle.effect(version, situation) == expected


def test_a_period_takes_what_possibly_lies_within():
    (row,) = rows_of(record_of(down(at="2021-01-10T12:00Z..2021-01-10T14:00Z")))
    begins, ends = seconds("2021-01-10T12:00:00Z"), seconds("2021-01-10T14:00:00Z")
    assert row.overlaps(Span(ends, ends + 5))
    assert row.overlaps(Span(begins - 5, begins))
    assert row.overlaps(Span(begins + 1, ends - 1))
    assert not row.overlaps(Span(ends + 1, ends + 5))
    assert not row.overlaps(Span(begins - 5, begins - 1))


@st.composite
def moments(draw):
    """A record with K and R at which something of it changes."""
    record = MemoryRecord.of("parler", draw(histories(plain=True)))
    versions = list(record.log.by_id.values())
    times = [END, DAWN, *(v.known for v in versions), *(v.recorded for v in versions)]
    known, told = (draw(st.sampled_from(times)) + draw(st.sampled_from((-1, 0))) for _ in "KR")
    return record, AsOf(END, known, told)


@given(moments())
def test_the_rows_are_the_facts_in_force_that_have_a_time(asked):
    record, as_of = asked
    facts = record.situation(as_of).facts
    rows = rows_of(record, as_of)
    timed = [v for v in facts.values() if v.type not in UNDATED]
    assert sorted(row.version.id for row in rows) == sorted(v.id for v in timed)
    keys = [(*row.time.span, row.version.position) for row in rows]
    assert keys == sorted(keys)
    for row in rows:
        claims = [v for v in facts.values() if v.type == CLAIMED and row.version.fact in v.subjects]
        assert [c.version for c in row.claims] == sorted(claims, key=lambda v: v.position)
        announces = row.version.type in ("cutoff-announced", "cutoff-rescheduled")
        spans = [row.version.at, *(v.effective for v in claims if not announces)]
        assert row.time.span == (common(spans) or hull(spans))
        assert row.time.contested == (common(spans) is None)
        assert (row.due is not None) == announces


@given(moments())
def test_every_version_has_its_row_and_says_what_has_become_of_it(asked):
    record, as_of = asked
    rows = every_row(record, as_of)
    seen = [v for v in record.log.by_id.values() if v.seen(as_of)]
    timed = [v.id for v in seen if v.type not in UNDATED]
    assert sorted(row.version.id for row in rows) == sorted(timed)
    in_force = [row for row in rows if row.standing == STANDS]
    assert in_force == rows_of_without_lost_claims(record, as_of, in_force)
    told = [c.version.id for row in rows for c in row.claims]
    assert len(told) == len(set(told))


def rows_of_without_lost_claims(record, as_of, rows):
    """The timeline's rows, with the claims of the given ones: also those taken back."""
    claims = {row.version.id: row.claims for row in rows}
    for row in rows_of(record, as_of):
        standing = {c.version.id for c in claims[row.version.id] if c.standing == STANDS}
        assert standing == {c.version.id for c in row.claims}
    return [
        chronicle.Row(r.version, r.time, r.standing, r.due, claims[r.version.id])
        for r in rows_of(record, as_of)
    ]


# --- what has become of a version -----------------------------------------------------------------


@given(moments())
def test_the_standing_of_every_version(asked):
    record, as_of = asked
    facts = record.situation(as_of).facts
    for version in record.log.by_id.values():
        if not version.seen(as_of):
            continue
        word, by = chronicle.standing(record, version, as_of)
        last = facts.get(version.fact)
        assert (word == "in force") == (last is not None and last.id == version.id)
        if word == "corrected":
            assert by == last.id
        elif word == "retracted":
            taking = record.log.by_id[by]
            assert facts[taking.fact].id == by
            assert taking.subjects[0] in ({version.id} if last else {version.id, version.fact})


def test_standing_by_example():
    first = down()
    second = down("down-2", "2021-01-10T11:00Z", replaces="down")
    third = down("down-3", "2021-01-10T10:00Z", replaces="down-2")
    back = draft("retracted", id="back", event="down-3", reason="no")
    record = record_of(first, second, third, back)
    standing = {id: chronicle.standing(record, v, NOW) for id, v in record.log.by_id.items()}
    assert standing == {
        "down": Standing("corrected", "down-2"),
        "down-2": STANDS,
        "down-3": Standing("retracted", "back"),
        "back": STANDS,
    }
    whole = draft("retracted", id="all", event="down", reason="no")
    record = record_of(first, second, third, back, whole)
    standing = [str(chronicle.standing(record, v, NOW)) for v in record.log.versions("down")]
    assert standing == ["retracted by all", "retracted by all", "retracted by back"]


def test_of_declarations_the_last_stands():
    assert chronicle.declared_standing([3, 9], 9) == STANDS
    assert str(chronicle.declared_standing([3, 9], 3)) == "amended by #9"


@given(histories(plain=True))
def test_a_history_holds_all_that_may_change_the_last_word(drafts):
    record = MemoryRecord.of("parler", drafts)
    for fact in record.log.by_fact:
        found = chronicle.words_about(record, fact)
        assert {v.id for v in record.log.versions(fact)} <= {v.id for v in found}
        assert [v.position for v in found] == sorted({v.position for v in found})
        assert all(v.fact == fact or v.type == RETRACTED for v in found)
        alone = Log.of(found)
        for moment in sorted({v.known for v in record.log.by_id.values()}):
            as_of = AsOf(END, known=moment)
            assert last_word(alone, fact, as_of) == last_word(record, fact, as_of)


def test_changes_tell_every_key_but_what_makes_it_a_correction():
    old = {"at": {"written": "x"}, "note": "so", "service": "aws", "known_at": {"written": "k"}}
    new = {"at": {"written": "y"}, "reason": "why", "service": "aws", "replaces": "old"}
    assert chronicle.changes(old, old) == []
    assert chronicle.changes(old, new) == [
        Change("at", {"written": "x"}, {"written": "y"}),
        Change("known_at", {"written": "k"}, None),
        Change("note", "so", None),
        Change("reason", None, "why"),
    ]
    fields = [field for field, _, _ in chronicle.changes(old, {**new, "clerical": True})]
    assert fields == ["at", "note", "reason"]


# --- what concerns what ---------------------------------------------------------------------------


def test_a_capability_rests_on_whatever_any_of_its_formulas_names():
    record = record_of(
        draft("capability-declared", id="base", requires="aws"),
        draft("capability-declared", id="top", requires={"all_of": ["base", {"optional": "okta"}]}),
        draft(
            "capability-revised", id="rev", capability="base", requires="twilio",
            at="2021-01-12T00:00Z",
        ),
    )  # fmt: skip
    situation = record.situation(NOW)
    assert chronicle.rests_on(situation, "base") == {"base", "aws", "twilio"}
    assert chronicle.rests_on(situation, "top") == {"top", "base", "aws", "okta", "twilio"}
    before = record.situation(AsOf(END, recorded=DAWN + 6 * SECOND))
    assert chronicle.rests_on(before, "top") == {"top", "base", "aws", "okta"}


def test_an_event_concerns_what_it_names_and_what_that_names():
    record = record_of(
        down(),
        down("other", service="okta"),
        draft("service-restored", id="up", ends=["down", "other"], at="2021-01-11T00:00Z"),
        draft("note", id="n", text="so", about="up", at="2021-01-12T00:00Z"),
        draft("note", id="m", text="so", about="n", at="2021-01-12T00:00Z"),
        draft("note", id="free", text="so", at="2021-01-12T00:00Z"),
    )
    facts = record.situation(NOW).facts

    def concerned(id, about=None):
        return chronicle.concerns(record.log.by_id[id], about, facts.get)

    assert concerned("down") == {"aws"}
    assert concerned("up") == concerned("n") == concerned("m") == {"aws", "okta"}
    assert concerned("free") == set()
    assert concerned("free", "twilio") == {"twilio"}
