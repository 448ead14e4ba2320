"""What recording makes of a draft: nothing new, other content, since when it was known, where."""

from __future__ import annotations

import pytest
from core.telling import (
    AFTER,
    BEFORE,
    NOON,
    announced,
    changed,
    claimed,
    cut_off,
    down,
    event,
    rescheduled,
    restored,
    retracted,
    revised,
    told,
)

from postmortem.core.decide import decide
from postmortem.core.errors import BadInput, Place, Refused
from postmortem.core.times import parse_instant, parse_span
from postmortem.testing import DAWN, SECOND, draft

# --- known already -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (down(), down()),
        (down(), down(at="2021-01-10T04:00-08:00[America/Los_Angeles]", effect="unavailable")),
        (down(), down(at="2021-01-10T12:00:00.000Z", clerical="false")),
        (down(note="a remark"), down(note="a remark \n")),
        (down(cites=["press#2", "press#1"]), down(cites=["press#1", "press#2"])),
        (down(cites="press"), down(cites=["press"])),
        (cut_off(), cut_off(effect="unavailable")),
        (restored(ends="old"), restored(ends=["old"])),
        (restored(ends=["old", "other"]), restored(ends=["other", "new"])),
        (changed(disruption="old"), changed(disruption="new")),
        (claimed(about="new"), claimed(about="old")),
        (
            revised(requires={"all_of": ["aws", "okta"]}),
            revised(requires={"all_of": ["okta", "aws"]}),
        ),
        (down(meta={"a": "1", "b": "2"}), down(meta={"b": "2", "a": "1"})),
    ],
)
def test_the_same_by_meaning_is_nothing_new(first, again):
    setting = down("old"), down("new", replaces="old"), down("other")
    told(*setting, first).when(again).then_nothing_new()


@pytest.mark.parametrize(
    ("first", "other", "difference"),
    [
        (down(), down(at=AFTER), f"at is {AFTER}, and was {NOON}"),
        (down(), down(at=f"{NOON}..{AFTER}"), "at is"),
        (down(), down(service="okta"), "service is okta, and was aws"),
        (down(), down(effect="degraded"), "effect is degraded, and was unavailable"),
        (down(), cut_off("down"), "type is service-cut-off, and was service-down"),
        (down(), down(note="more"), "note is more, and was not given"),
        (down(reason="this"), down(reason="that"), "reason is that, and was this"),
        (down(), down(known_at=NOON), "known_at is"),
        (down(cites="press"), down(cites="press#1"), "cites"),
        (down(meta={"a": "1"}), down(meta={"a": "2"}), "meta"),
        (down(meta={"sd": "no digest"}), down(meta={"sd": "another"}), "meta"),
        (cut_off(), cut_off(effect="degraded"), "effect is degraded, and was not given"),
        (restored(ends="old"), restored(ends=["old", "other"]), "ends"),
        (changed(disruption="old"), changed(disruption="other"), "disruption"),
        (
            revised(requires={"all_of": ["aws", "okta"]}),
            revised(requires={"any_of": ["aws", "okta"]}),
            "requires",
        ),
        (down(), down(replaces="old"), "replaces is old, and was not given"),
    ],
)
def test_an_event_known_with_other_content_is_refused_with_the_difference(first, other, difference):
    record = told(down("old"), down("other"), first)
    assert first.entry.id in record.when(other).then_refused(difference).message


def test_with_an_announcement_its_effect_is_the_default_and_no_default_is_spelt_out():
    record = told(announced(), cut_off(announcement="notice"))
    record.when(cut_off(announcement="notice", effect="unavailable")).then_refused("effect")


PRESS = {"title": "An article", "published_at": "2021-01-11T10:00+01:00"}


@pytest.mark.parametrize(
    ("type", "id", "same", "other", "difference"),
    [
        (
            "platform-declared",
            "parler",
            {},
            {"name": "Parler"},
            "name is Parler, and was not given",
        ),
        (
            "source-declared",
            "press",
            PRESS,
            {"title": "Another"},
            "title is Another, and was An art",
        ),
        ("service-declared", "aws", {}, {"provider": "amazon"}, "provider is amazon"),
        (
            "capability-declared",
            "hosting",
            {"requires": {"all_of": ["aws"]}},
            {"requires": "okta"},
            "requires is okta, and was aws",
        ),
    ],
)
def test_a_declaration_with_other_content_needs_amend(type, id, same, other, difference):
    told().when(draft(type, id=id, **same)).then_nothing_new()
    unlike = {"id": id, **same, **other}
    told().when(draft(type, **unlike)).then_refused(difference)
    amended = told().when(draft(type, **unlike, amend=True)).then_recorded()
    # what is so already is nothing new, amended or not
    for amend in (False, True):
        assert not decide(draft(type, **unlike, amend=amend), amended, now=DAWN, position=99)


# --- corrections and slips of the pen ------------------------------------------------------------


def test_clerical_is_a_correction_or_a_retraction_and_takes_no_known_at():
    record = told(down())
    record.when(down("b", clerical="true")).then_refused("neither a correction nor a retraction")
    record.when(claimed(clerical="true")).then_refused("neither a correction nor a retraction")
    slip = {"replaces": "down", "clerical": "true"}
    record.when(down("b", **slip, known_at=NOON)).then_refused("clerical and takes no known_at")
    record.when(retracted(clerical="true", known_at=NOON)).then_refused("takes no known_at")
    told(down()).when(down("b", **slip)).then_recorded()
    told(down()).when(retracted(clerical="true")).then_recorded()
    told(down()).when(down("b", replaces="down", known_at=NOON)).then_recorded()


def test_a_corrected_retraction_names_nothing_recorded_after_it():
    setting = down(), down("two"), retracted(), retracted("also", event="two")
    record = told(*setting)
    late = retracted("fixed", event="also", replaces="wrong")
    record.when(late).then_refused("recorded after it", Refused)
    record.when(retracted("fixed", event="two", replaces="wrong")).then_recorded()


# --- known_at ------------------------------------------------------------------------------------

EARLY, LATE = "2021-01-01T00:00Z", "2021-06-01T00:00Z"


@pytest.mark.parametrize(
    ("keys", "known"),
    [
        ({}, None),
        ({"known_at": NOON}, NOON),
        ({"known_at": f"{BEFORE}..{AFTER}"}, AFTER),
        ({"known_at": "2021-01-10[Europe/Berlin]"}, "2021-01-10T22:59:59.999999Z"),
        ({"known_at": f"..{NOON}"}, NOON),
        ({"known_at": f"{NOON}.."}, None),  # what is recorded is known
        ({"known_at": f"{NOON}..2031-01-01T00:00Z"}, None),
        ({"cites": ["press"]}, "2021-01-11T09:00Z"),
        ({"cites": ["press#p. 3", "letter"]}, EARLY),
        ({"cites": ["open", "press"]}, "2021-01-11T09:00Z"),  # an unbounded one is passed over
        ({"cites": ["open", "undated"]}, None),
        ({"cites": ["press", "ahead"]}, "2021-01-11T09:00Z"),
        ({"cites": ["ahead"]}, None),
        ({"cites": ["press"], "known_at": LATE}, LATE),  # what is stated goes first
    ],
)
def test_from_when_it_could_be_known(keys, known):
    def source(id, **more):
        return draft("source-declared", id=id, title="", **more)

    record = told(
        source("letter", published_at=EARLY),
        source("open", published_at="2020-01-01T00:00Z.."),
        source("undated"),
        source("ahead", published_at="2031-01-01T00:00Z"),
    ).record
    (version,) = record.record(down(**keys), DAWN + 99 * SECOND)
    assert version.known == (
        DAWN + 99 * SECOND if known is None else parse_span(known, "UTC").latest
    )
    assert version.recorded == DAWN + 99 * SECOND


def test_nothing_is_known_after_it_is_recorded():
    ahead = "2022-01-01T01:00:00Z"  # an hour after
    record = told()
    record.when(down(known_at=ahead)).then_refused(
        "known_at of down is 2022-01-01T01:00:00Z, after"
    )
    record.when(down(known_at=f"{ahead}..")).then_refused("cannot lie ahead")
    record.when(down(known_at=f"..{ahead}")).then_recorded()


@pytest.mark.parametrize(
    ("slip", "day"),
    [
        (down("slip", replaces="a", clerical="true"), 4),
        (down("slip", replaces="b", clerical="true"), 2),
        (down("slip", replaces="c", clerical="true"), 4),
        (down("slip", replaces="a", clerical="true", cites="press"), 4),
        (retracted("slip", event="a", clerical="true"), 2),  # the fact: any of its versions
        (retracted("slip", event="b", clerical="true"), 2),
        (retracted("slip", event="c", clerical="true"), 4),
        (retracted("slip", event="wrong", clerical="true"), 6),
        (retracted("slip", event="a", replaces="wrong", clerical="true"), 6),
    ],
)
def test_a_slip_is_known_when_what_it_mends_was(slip, day):
    setting = [
        down("a", known_at="2021-02-04T00:00Z"),
        down("b", replaces="a", known_at="2021-02-02T00:00Z"),
        down("c", replaces="a", clerical="true"),
        retracted(event="b", known_at="2021-02-06T00:00Z"),
    ]
    (version,) = told(*setting).record.record(slip, DAWN + 99 * SECOND)
    assert version.known == parse_instant(f"2021-02-{day:02}T00:00Z")


def test_a_copy_carries_along_from_when_it_was_known():
    known = parse_instant(NOON)
    record = told().record
    (version,) = record.record(down(known=known), DAWN + 99 * SECOND)
    assert version.known == known
    (version,) = record.record(down("b", known=DAWN + 500 * SECOND), DAWN + 100 * SECOND)
    assert version.known == DAWN + 100 * SECOND


# --- where it stands -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "stream"),
    [
        (down("x", service="okta"), "parler/service/okta"),
        (restored("x", ends="there"), "parler/service/okta"),
        (changed("x", disruption="there"), "parler/service/okta"),
        (rescheduled("x", announcement="said"), "parler/service/okta"),
        (claimed("x", about="there"), "parler/service/okta"),
        (retracted("x", event="there"), "parler/service/okta"),
        (down("x", service="aws", replaces="there"), "parler/service/okta"),
        (revised("x"), "parler/declarations"),
        (event("note", "x", text="", about="okta"), "parler/service/okta"),
        (event("note", "x", text="", about="there"), "parler/service/okta"),
        (event("note", "x", text="", about="login"), "parler/declarations"),
        (event("note", "x", text=""), "parler/declarations"),
    ],
)
def test_the_stream_is_that_of_the_service_it_is_about(entry, stream):
    record = told(down("there", service="okta"), announced("said", service="okta")).record
    (ready,) = decide(entry, record, now=DAWN + 99 * SECOND, position=99)
    assert (ready.stream, ready.id, ready.platform) == (stream, "x", "parler")
    assert ready.topic == f"{entry.entry.TYPE}/1"


def test_a_refusal_says_where_it_was_written():
    entry = down(service="azure")
    placed = type(entry)(entry.platform, entry.entry, Place("book.yaml", 12))
    with pytest.raises(BadInput, match=r"^book\.yaml, line 12: "):
        told().record.record(placed, DAWN)
