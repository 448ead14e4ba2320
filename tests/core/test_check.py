"""Each rule of `check`: a record that triggers it, a neighbour that does not; and laws."""

from __future__ import annotations

import pytest
from core.checked import material
from hypothesis import given
from hypothesis import strategies as st

from postmortem import testing
from postmortem.core.check import RULES, Finding, check
from postmortem.core.check_material import DAY
from postmortem.core.findings import Severity, rules_named
from postmortem.core.history import CUT_OFF, RESTORED
from postmortem.core.levels import Bounds
from postmortem.core.state import Picture
from postmortem.core.times import BEGINNING, END, AsOf, Instant, parse_instant
from postmortem.testing import DAWN, SECOND, MemoryRecord, draft, histories

NOW = "2021-02-01T00:00Z"
LONG = 30 * DAY


def findings(record: MemoryRecord, at: str = NOW, long: int = LONG, **clocks: Instant):
    """What is found in the record."""
    return check(material(record, AsOf(parse_instant(at), **clocks), long))


# --- each rule, and its neighbour -------------------------------------------------------------

PLATFORM = draft("platform-declared", id="parler", zone="UTC")
PRESS = draft("source-declared", id="press", title="Press", published_at="2021-01-12T00:00Z")
AWS = draft("service-declared", id="aws", provider="amazon")
OKTA = draft("service-declared", id="okta", provider="okta")
HOSTING = draft("capability-declared", id="hosting", requires={"all_of": ["aws", "okta"]})
BASE = (PLATFORM, PRESS, AWS, OKTA, HOSTING)


def event(type: str, id: str, at: str | None = None, **keys):
    """An event that cites the press; a day of January 2021 will do for `at`."""
    if at is not None:
        keys["at"] = day(at)
    if type != "retracted":
        keys.setdefault("cites", "press")
    return draft(type, id=id, **{key: value for key, value in keys.items() if value is not None})


def day(text: str) -> str:
    """`5` is noon of 5 January 2021, `5..` and `5..7` spans of such."""
    return "..".join(f"2021-01-{int(one):02}T12:00Z" if one else "" for one in text.split(".."))


def down(id="down", at="5", **keys):
    return event("service-down", id, at, service="aws", **keys)


def recently(at):
    return draft("service-down", id="down", service="aws", cites="letter", at=at)


def restored(id="back", at="7", ends="down", **keys):
    return event("service-restored", id, at, ends=ends, **keys)


def changed(id="worse", at="6", **keys):
    return event("effect-changed", id, at, disruption="down", effect="degraded", **keys)


def announced(id="notice", at="2", effective="4", service="aws", **keys):
    keys["effective_at"] = day(effective)
    return event("cutoff-announced", id, at, service=service, **keys)


def rescheduled(id="later", at="3", effective="5", announcement="notice", **keys):
    keys["effective_at"] = day(effective)
    return event("cutoff-rescheduled", id, at, announcement=announcement, **keys)


def withdrawn(id="calm", at="3", announcement="notice", **keys):
    return event("cutoff-withdrawn", id, at, announcement=announcement, **keys)


def cut(id="cut", at="4", announcement="notice", **keys):
    return event("service-cut-off", id, at, announcement=announcement, **{"service": "aws", **keys})


def claim(id="claim", about="down", time="6", **keys):
    return event("time-claimed", id, about=about, time=day(time), **keys)


def retracted(id="oops", of="down", **keys):
    return event("retracted", id, event=of, reason="it was wrong", **keys)


def revised(id="revised", at="8", requires="okta", **keys):
    return event("capability-revised", id, at, capability="hosting", requires=requires, **keys)


def moved(id="moved", at="8", revisions=("revised",)):
    return event(
        "service-replaced", id, at, service="aws", replacement="okta", revisions=list(revisions)
    )


def twice(first, second):
    """Two facts that recording would never have let stand beside each other."""
    return first, retracted("oops", first.entry.id), second, retracted("no-oops", "oops")


CASES = {
    # name: (rule, drafts that trigger it, drafts that do not, ids of the first finding)
    "a restoration of a retracted disruption": (
        "points-to-retracted",
        [down(), restored(), retracted()],
        [down(), restored(), retracted(), retracted("no-oops", "oops")],
        ("back", "down"),
    ),
    "one of two disruptions that are restored": (
        "points-to-retracted",
        [down(), down("down-2"), restored(ends=["down", "down-2"]), retracted(of="down-2")],
        [down(), down("down-2"), restored(ends=["down", "down-2"])],
        ("back", "down-2"),
    ),
    "a claim about a retracted fact": (
        "points-to-retracted",
        [down(), claim(time="5"), retracted()],
        [down(), claim(time="5"), retracted(), retracted("also", "claim")],
        ("claim", "down"),
    ),
    "a cut-off that carries out a retracted announcement": (
        "points-to-retracted",
        [announced(), cut(), retracted(of="notice")],
        [
            announced(),
            cut(),
            retracted(of="notice"),
            cut("cut-2", announcement=None, replaces="cut"),
        ],
        ("cut", "notice"),
    ),
    "a note about a retracted fact": (
        "points-to-retracted",
        [down(), event("note", "word", "5", text="so", about="down"), retracted()],
        [down(), event("note", "word", "5", text="so", about="aws"), retracted()],
        ("word", "down"),
    ),
    "a slip mended in what is retracted": (
        "points-to-retracted",
        [down(), retracted(), down("down-2", "6", replaces="down", clerical="true")],
        [down(), down("down-2", "6", replaces="down", clerical="true"), retracted()],
        ("down-2", "down"),
    ),
    "a second retraction": (
        "points-to-retracted",
        [down(), retracted(), retracted("oops-2")],
        [down(), retracted(), down("down-2", replaces="down"), retracted("oops-2")],
        ("oops-2", "down"),
    ),
    "a second retraction of a version": (
        "points-to-retracted",
        [
            down(),
            down("down-2", replaces="down"),
            retracted("a", "down-2"),
            retracted("b", "down-2"),
        ],
        [down(), down("down-2", replaces="down"), retracted("a", "down-2")],
        ("b", "down-2"),
    ),
    "a restoration left before the start": (
        "step-before-start",
        [down(), restored(), down("down-2", "8", replaces="down")],
        [down(), restored(), down("down-2", "7", replaces="down")],
        ("back", "down"),
    ),
    "a change left before the start by a claim": (
        "step-before-start",
        [down(at="5..9"), changed(at="6"), claim(time="7..9")],
        [down(at="5..9"), changed(at="6"), claim(time="6..9")],
        ("worse", "down"),
    ),
    "a change after the end": (
        "change-after-end",
        [down(), restored(at="7"), changed(at="8")],
        [down(), restored(at="7..9"), changed(at="8")],
        ("worse", "down"),
    ),
    "two endings": (
        "told-twice",
        [down(), *twice(restored("one"), restored("two"))],
        [down(), *twice(restored("one"), restored("two"))[:-1]],
        ("down", "one", "two"),
    ),
    "two confirmations": (
        "told-twice",
        [announced(), *twice(cut("one"), cut("two"))],
        [announced(), *twice(cut("one"), cut("two", announcement=None))],
        ("notice", "one", "two"),
    ),
    "two withdrawals": (
        "told-twice",
        [announced(), *twice(withdrawn("one"), withdrawn("two"))],
        [
            announced(),
            announced("notice-2"),
            withdrawn("one"),
            withdrawn("two", announcement="notice-2"),
        ],
        ("notice", "one", "two"),
    ),
    "a withdrawal and a confirmation": (
        "confirmed-although-withdrawn",
        [announced(), *twice(withdrawn(), cut())],
        [announced(), *twice(withdrawn(), cut(announcement=None))],
        ("notice", "cut", "calm"),
    ),
    "moved once it is withdrawn": (
        "rescheduled-after-withdrawn",
        [announced(), rescheduled(at="4"), withdrawn(at="3")],
        [announced(), rescheduled(at="4"), withdrawn(at="3..5")],
        ("later", "notice", "calm"),
    ),
    "withdrawn before it was announced": (
        "before-announcement",
        [announced(at="2"), withdrawn(at="1")],
        [announced(at="2"), withdrawn(at="1..2")],
        ("calm", "notice"),
    ),
    "moved before it was announced": (
        "before-announcement",
        [announced(at="2"), rescheduled(at="1")],
        [announced(at="2"), rescheduled(at="2")],
        ("later", "notice"),
    ),
    "an announcement corrected to another service": (
        "other-service",
        [announced(), cut(), announced("notice-2", service="okta", replaces="notice")],
        [announced(), cut(), announced("notice-2", service="aws", replaces="notice")],
        ("cut", "notice"),
    ),
    "a claim apart from the own time": (
        "time-contested",
        [down(at="5"), claim(time="6..7")],
        [down(at="5"), claim(time="5..7")],
        ("down", "claim"),
    ),
    "two claims apart from each other": (
        "time-contested",
        [down(at="4..8"), claim("c1", time="5"), claim("c2", time="7")],
        [down(at="4..8"), claim("c1", time="5..6"), claim("c2", time="6..7")],
        ("down", "c1", "c2"),
    ),
    "a claim about an announcement": (
        "time-contested",
        [announced(), claim(about="notice", time="6")],
        [announced(), claim(about="notice", time="6"), rescheduled()],  # counts no longer
        ("notice", "claim"),
    ),
    "a claim about the last rescheduling": (
        "time-contested",
        [announced(), rescheduled(), claim(about="later", time="6")],
        [announced(), rescheduled(), claim(about="later", time="6"), rescheduled("last", at="4")],
        ("later", "claim"),
    ),
    "never carried out": (
        "announcement-overdue",
        [announced(effective="1")],
        [announced(effective="2")],  # 30 days before noon of 1 February
        ("notice",),
    ),
    "moved": (
        "announcement-overdue",
        [announced(at="1", effective="10"), rescheduled(effective="1")],
        [announced(at="1", effective="1"), rescheduled(effective="10")],
        ("notice",),
    ),
    "carried out or not": (
        "announcement-overdue",
        [announced(effective="1"), cut(announcement=None)],
        [announced(effective="1"), cut()],
        ("notice",),
    ),
    "withdrawn or not": (
        "announcement-overdue",
        [announced(effective="1"), withdrawn(), retracted(of="calm")],
        [announced(effective="1"), withdrawn()],
        ("notice",),
    ),
    "a cut-off that names no announcement": (
        "cut-off-unlinked",
        [announced(), cut(announcement=None)],
        [announced(), cut()],
        ("cut", "notice"),
    ),
    "a cut-off before the announcement": (
        "cut-off-unlinked",
        [announced(at="2..4"), cut(at="2", announcement=None)],
        [announced(at="2..4"), cut(at="1", announcement=None)],
        ("cut", "notice"),
    ),
    "the last announcement before it": (
        "cut-off-unlinked",
        [announced("n1", "1"), announced("n2", "2"), announced("n3", "5"), cut(announcement=None)],
        [announced("n1", "1", service="okta"), announced("n3", "5"), cut(announcement=None)],
        ("cut", "n2"),
    ),
    "a withdrawn announcement is none to link": (
        "cut-off-unlinked",
        [announced(), withdrawn(), retracted(of="calm"), cut(announcement=None)],
        [announced(), withdrawn(), cut(announcement=None)],
        ("cut", "notice"),
    ),
    "a failure carries nothing out": (
        "cut-off-unlinked",
        [announced(), cut(announcement=None)],
        [announced(), down()],
        ("cut", "notice"),
    ),
    "a correction known before the error": (
        "known-before-replaced",
        [down(), down("down-2", replaces="down", known_at="2021-01-11T00:00Z")],
        [down(), down("down-2", replaces="down", known_at="2021-01-12T00:00Z")],
        ("down-2", "down"),
    ),
    "such a correction, taken back": (
        "known-before-replaced",
        [down(), down("down-2", replaces="down", known_at=day("11"))],
        [down(), down("down-2", replaces="down", known_at=day("11")), retracted(of="down-2")],
        ("down-2", "down"),
    ),
    "known before the earliest": (
        "known-before-happened",
        [down(at="5..8", known_at="2021-01-05T11:59:59.999999Z")],
        [down(at="5..8", known_at="2021-01-05T12:00Z")],
        ("down",),
    ),
    "known before what others say": (
        "known-before-happened",
        [down(at="5..8", known_at=day("6")), claim(time="7..8")],
        [down(at="5..8", known_at=day("6")), claim(time="6..8")],
        ("down",),
    ),
    "an announcement tells of what is to come": (
        "known-before-happened",
        [announced(at="2", effective="20", known_at=day("1"))],
        [announced(at="2", effective="20", known_at=day("2")), claim(about="notice", time="21")],
        ("notice",),
    ),
    "a correction of what is retracted": (
        "brought-back",
        [down(), retracted(), down("down-2", replaces="down")],
        [down(), down("down-2", replaces="down"), retracted()],
        ("down-2", "oops"),
    ),
    "a retraction that does not count": (
        "brought-back",
        [down(), retracted(), down("down-2", replaces="down")],
        [down(), retracted(), down("down-2", replaces="down"), retracted("no-oops", "oops")],
        ("down-2", "oops"),
    ),
    "an open end": (
        "still-open",
        [down(), restored(at="7..", known_at="2021-01-01T23:59:59Z")],
        [down(), restored(at="7..", known_at="2021-01-02T00:00Z")],
        ("back",),
    ),
    "an open end that a claim has closed": (
        "still-open",
        [down(), restored(at="7..", known_at=day("1")), claim(about="back", time="8..")],
        [down(), restored(at="7..", known_at=day("1")), claim(about="back", time="..8")],
        ("back",),
    ),
    "an open time of an announcement": (
        "still-open",
        [announced(effective="4..", known_at=day("1"))],
        [announced(effective="4..", known_at=day("1")), cut()],
        ("notice",),
    ),
    "no source": (
        "unsourced",
        [down(cites=None)],
        [down(), retracted()],
        ("down",),
    ),
    "a source without a date": (
        "known-by-recording",
        [draft("source-declared", id="letter", title="A letter"), down(cites="letter")],
        [draft("source-declared", id="letter", title="A letter"), down(cites=["letter", "press"])],
        ("down",),
    ),
    "known later than a source": (
        "known-after-published",
        [down(known_at="2021-01-12T00:00:00.000001Z..2021-01-14T00:00Z")],
        [down(known_at="2021-01-12T00:00Z..2021-01-14T00:00Z")],
        ("down", "press"),
    ),
    "the end known before the beginning": (
        "known-before-subject",
        [down(), restored(known_at=day("11"))],
        [down(known_at=day("10")), restored(known_at=day("11"))],
        ("back", "down"),
    ),
    "such a slip, taken back": (
        "points-to-retracted",
        [down(), retracted(), down("down-2", replaces="down", clerical="true")],
        [
            down(),
            retracted(),
            down("down-2", replaces="down", clerical="true"),
            retracted("oops-2", "down-2"),
        ],
        ("down-2", "down"),
    ),
    "a change at the very end": (
        "change-after-end",
        [down(), restored(at="7"), changed(at="7")],
        [down(), restored(at="7"), changed(at="6..7")],
        ("worse", "down"),
    ),
    "two endings of what is retracted": (
        "told-twice",
        [down(), *twice(restored("one"), restored("two"))],
        [down(), *twice(restored("one"), restored("two")), retracted("all", "down")],
        ("down", "one", "two"),
    ),
    "moved when it is withdrawn": (
        "rescheduled-after-withdrawn",
        [announced(), rescheduled(at="4..6"), withdrawn(at="3")],
        [announced(), rescheduled(at="3..6"), withdrawn(at="3")],
        ("later", "notice", "calm"),
    ),
    "a cut-off that names another announcement": (
        "cut-off-unlinked",
        [announced("n1"), announced("n2"), cut(announcement=None)],
        [announced("n1"), announced("n2"), cut(announcement="n1")],
        ("cut", "n2"),
    ),
    "such a correction of what is retracted": (
        "known-before-replaced",
        [down(), down("down-2", replaces="down", known_at=day("11"))],
        [down(), down("down-2", replaces="down", known_at=day("11")), retracted()],
        ("down-2", "down"),
    ),
    "the correction that brings back, not the one after it": (
        "brought-back",
        [down(), retracted(), down("down-2", replaces="down"), down("down-3", replaces="down-2")],
        [down(), down("down-2", replaces="down"), down("down-3", replaces="down-2")],
        ("down-2", "oops"),
    ),
    "a formula revised with a replacement, and corrected to another time": (
        "replacement-apart",
        [
            revised(),
            moved(),
            revised("revised-2", "13", replaces="revised"),
        ],
        [
            revised(),
            moved(),
            revised("revised-2", requires="aws", replaces="revised"),
        ],
        ("moved", "revised"),
    ),
    "an open time of an announcement known of late": (
        "still-open",
        [announced(effective="4..", known_at="2021-01-01T23:59:59Z")],
        [announced(effective="4..", known_at="2021-01-02T00:00Z")],
        ("notice",),
    ),
    "a source dated after the recording": (
        "known-by-recording",
        [draft("source-declared", id="letter", title="A letter"), down(cites="letter")],
        [
            draft(
                "source-declared", id="letter", title="A letter", published_at="2023-01-01T00:00Z"
            ),
            down(cites="letter"),
        ],
        ("down",),
    ),
    "recorded soon after": (
        "known-by-recording",
        [draft("source-declared", id="letter", title="A letter"), recently("2021-12-01T00:00Z")],
        [draft("source-declared", id="letter", title="A letter"), recently("2021-12-20T00:00Z")],
        ("down",),
    ),
    "the end known before the beginning was brought back": (
        "known-before-subject",
        [down(), restored(known_at=day("11"))],
        [down(), restored(), retracted(), down("down-2", replaces="down", cites=None)],
        ("back", "down"),
    ),
    "a source without use": (
        "source-never-cited",
        [draft("source-declared", id="letter", title="A letter"), down()],
        [draft("source-declared", id="letter", title="A letter"), down(cites="letter#p. 2")],
        ("letter",),
    ),
    "a source that another reports from": (
        "source-never-cited",
        [draft("source-declared", id="letter", title="A letter"), down()],
        [
            draft("source-declared", id="letter", title="A letter"),
            draft("source-declared", id="paper", title="A paper", origins=["letter"]),
            down(cites="paper"),
        ],
        ("letter",),
    ),
    "a citation with a slip in its hash": (
        "citation-unread",
        [down(cites="press#char=1,9;excerpt=ABC")],
        [down(cites=["press#char=1,9;stance=disputes", "press#p. 3; left"])],
        ("down",),
    ),
    "an address of nowhere": (
        "address-odd",
        [draft("source-declared", id="page", title="Page", url="example.org"), down(cites="page")],
        [
            draft("source-declared", id="page", title="Page", url="HTTPS://example.org/ä?q=ü"),
            down(cites="page"),
        ],
        ("page",),
    ),
    "a service without use": (
        "service-unused",
        [draft("service-declared", id="sms", provider="twilio")],
        [
            draft("service-declared", id="sms", provider="twilio"),
            event("capability-revised", "new", "3", capability="hosting", requires="sms"),
        ],
        ("sms",),
    ),
    "a service of nobody": (
        "service-without-provider",
        [draft("service-declared", id="sms"), draft("capability-declared", id="c", requires="sms")],
        [draft("service-declared", id="sms")],
        ("sms",),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_finds_its_condition_and_not_its_neighbour(case):
    name, triggers, neighbour, ids = CASES[case]
    there = [each for each in findings(given_(*triggers)) if each.rule.name == name]
    assert [each.ids for each in there] == [ids]
    near = given_(PRESS_CITED, *neighbour)
    assert name not in {each.rule.name for each in findings(near)}


PRESS_CITED = event("note", "paper", "5", text="so that the press is cited", about="aws")


def given_(*drafts) -> MemoryRecord:
    return testing.given(*BASE, *drafts).record


def test_every_rule_has_an_example():
    told = {rule for rule, *_ in CASES.values()} | {"platform-without-zone"}
    assert told == {rule.name for rule in RULES}


def test_a_platform_without_a_zone():
    bare = testing.given(draft("platform-declared", id="parler")).record
    assert [(each.rule.name, each.ids) for each in findings(bare)] == [
        ("platform-without-zone", ("parler",))
    ]


def test_a_record_in_order_gives_no_findings():
    calm = given_(announced(), cut(), changed_of_cut(), restored(ends="cut"), down())
    assert findings(calm) == []


def changed_of_cut():
    return event("effect-changed", "worse", "5", disruption="cut", effect="degraded")


def test_a_finding_says_where_it_stands_and_what_is_wrong():
    record = given_(down(), restored(), down("down-2", "8", replaces="down"))
    (found,) = (each for each in findings(record) if each.rule.name == "step-before-start")
    assert (found.event, found.position, found.stream) == ("back", 7, "parler/service/aws")
    assert "2021-01-07T12:00:00Z" in found.message
    assert "2021-01-08T12:00:00Z" in found.message
    assert found.document()["severity"] == "error"


def test_a_finding_names_the_retraction():
    record = given_(down(), retracted("oops"), claim())
    (found,) = (each for each in findings(record) if each.rule.name == "points-to-retracted")
    assert (
        found.message
        == "claim states a time of down, which is retracted by oops, and has no effect"
    )


def test_a_finding_about_a_corrected_fact_stands_at_the_version_in_force():
    record = given_(down(), down("down-2", "6", replaces="down", cites=None))
    (found,) = (each for each in findings(record) if each.rule.name == "unsourced")
    assert (found.ids, found.event, found.position) == (("down",), "down-2", 7)


def test_how_long_is_long():
    record = given_(PRESS_CITED, announced(effective="20"))
    assert findings(record) == []
    assert [each.rule.id for each in findings(record, long=11 * DAY)] == ["C10"]
    assert findings(record, at="2021-01-31T12:00Z", long=11 * DAY) == []


def test_what_was_not_known_or_recorded_is_not_found():
    record = given_(down(), restored(), retracted(known_at=day("20")))
    name = "points-to-retracted"
    assert name in {each.rule.name for each in findings(record)}
    for clock in ({"known": parse_instant(day("19"))}, {"recorded": DAWN + 6 * SECOND}):
        assert name not in {each.rule.name for each in findings(record, **clock)}


def test_a_source_that_is_cited_later_than_k_is_no_source_without_use():
    record = given_(down())
    assert findings(record, known=BEGINNING) == []


def test_what_k_does_not_know_is_not_retracted():
    record = given_(down(), restored(known_at=day("8")))
    known = {each.rule.name for each in findings(record, known=parse_instant(day("9")))}
    assert "points-to-retracted" not in known


# --- the table of rules -----------------------------------------------------------------------


def test_ids_and_names_are_distinct_and_the_gravest_come_first():
    assert len({rule.id for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    assert [rule.severity for rule in RULES] == sorted(
        (rule.severity for rule in RULES), reverse=True
    )


def test_rules_are_called_by_id_or_name_in_any_case():
    found, unknown = rules_named(RULES, ["c01", "Unsourced", "nothing"])
    assert [rule.id for rule in found] == ["C01", "C16"]
    assert unknown == ["nothing"]


def test_only_the_rules_asked_for_are_tried():
    record = given_(down(cites=None), restored(cites=None), retracted())
    both = material(record, AsOf(parse_instant(NOW)), LONG)
    asked, _ = rules_named(RULES, ["unsourced"])
    assert {each.rule.name for each in check(both, asked)} == {"unsourced"}


# --- laws, for any history ----------------------------------------------------------------------

MOMENTS = [
    parse_instant(f"2021-01-{day}T{hour}:00Z")
    for day in ("09", "10", "11")
    for hour in ("00", "12")
]
LATE = parse_instant("2023-01-01T00:00Z")
CLOCKS = st.builds(
    AsOf,
    st.sampled_from([LATE, *MOMENTS]),
    st.just(END) | st.sampled_from([END, LATE, *MOMENTS, DAWN + 12 * SECOND]),
    st.just(END) | st.sampled_from([END, *(DAWN + count * SECOND for count in range(4, 25, 4))]),
)
"""Mostly without limits: random histories are mostly known since they were recorded."""


@given(histories(), CLOCKS, st.integers(0, 60))
def test_whatever_is_recorded_is_checked_and_every_finding_points_to_something(drafts, as_of, days):
    record = MemoryRecord.of("parler", drafts)
    looked = material(record, as_of, days * DAY)
    found = check(looked)
    known = {*record.log.by_id, *(id for _, id in looked.declared)}
    for each in found:
        assert each.ids
        assert {*each.ids, each.event} <= known
        assert each.stream.startswith("parler/")
        assert (each.message, each.hint) == (each.message.strip(), each.hint.strip())
        recorded, told = record.told[each.position - 1]
        assert told.entry.id == each.event
        assert recorded <= as_of.recorded
    assert found == check(looked)
    assert len({(each.rule, each.ids, each.event) for each in found}) == len(found), "told twice"
    order = [(-each.rule.severity, each.rule.id, each.position) for each in found]
    assert order == sorted(order)


@given(histories(plain=True), st.data())
def test_as_recorded_by_r_is_as_if_nothing_had_been_recorded_since(drafts, data):
    record = MemoryRecord.of("parler", drafts)
    count = data.draw(st.integers(0, len(record.told)))
    before = MemoryRecord("parler")
    for moment, told in record.told[:count]:
        before.record(told, moment)
    as_of = data.draw(CLOCKS)
    recorded = record.told[count - 1][0] if count else BEGINNING
    then = as_of._replace(recorded=recorded)
    assert check(material(record, then, LONG)) == check(material(before, then, LONG))


def levels(situation, moments) -> dict[tuple[str, Instant], Bounds]:
    picture = Picture(situation)
    return {
        (service, moment): picture.service(service, moment).bounds
        for service in situation.services
        for moment in moments
    }


DAYS = st.sampled_from(["2", "3", "4", "5", "2..4", "3..5", "..3", "4.."])
STEPS = st.lists(
    st.tuples(st.sampled_from("crwxdt"), DAYS, st.integers(0, 9)), min_size=2, max_size=12
)
"""What may befall one disruption: corrected, restored, worse, with claims and retractions."""


def _step(kind: str, id: str, time: str, named: str):
    if kind == "c":
        return down(id, time, replaces="down")
    if kind == "d":
        return down(id, time)
    if kind == "r":
        return restored(id, time, ends=sorted({"down", named}))
    if kind == "w":
        return changed(id, time)
    return claim(id, named, time) if kind == "t" else retracted(id, named)


def told(steps) -> MemoryRecord:
    record = testing.given(*BASE, down(at="3..4")).record
    ids = ["down"]
    for count, (kind, time, which) in enumerate(steps):
        id, named = f"{kind}{count}", ids[which % len(ids)]
        made = _step(kind, id, time, named)
        if record.try_to_record(made, DAWN + (10 + count) * SECOND):
            ids.append(id)
    return record


@given(histories(plain=True, most=25).map(lambda all: MemoryRecord.of("parler", all))
       | STEPS.map(told), CLOCKS)  # fmt: skip
def test_what_is_said_to_have_no_effect_has_none(record, as_of):
    situation = record.situation(as_of)
    turns = {
        turn + step
        for each in Picture(situation).by_service.values()
        for disruption in each
        for turn in disruption.turns()
        for step in (-1, 0, 1)
    }
    moments = [*MOMENTS, *turns]
    before = levels(situation, moments)
    for found in check(material(record, as_of, LONG)):
        if found.rule.id not in ("C01", "C02", "C03", "C06") or found.event not in record.log.by_id:
            continue
        version = record.log.by_id[found.event]
        standing = situation.facts.get(version.fact)
        if standing is not version:
            continue  # a correction or retraction of what is retracted
        facts = dict(situation.facts)
        if version.type in (RESTORED, CUT_OFF):
            left = tuple(subject for subject in version.subjects if subject != found.ids[1])
            facts[version.fact] = version._replace(subjects=left)
        else:
            del facts[version.fact]
        without = situation._replace(facts=facts)
        assert levels(without, moments) == before, found


@given(histories(plain=True, most=25), CLOCKS)
def test_a_level_that_is_contested_has_a_finding(drafts, as_of):
    record = MemoryRecord.of("parler", drafts)
    looked = material(record, as_of, LONG)
    contested = {each.ids[0] for each in check(looked) if each.rule.name == "time-contested"}
    picture = Picture(looked.situation)
    for service in looked.situation.services:
        for moment in MOMENTS:
            assert contested or not picture.service(service, moment).contested
    for disruption in looked.confirmed:
        if disruption.start.contested:
            assert disruption.id in contested
    for announcement in looked.expected:
        if announcement.effective.contested:
            assert announcement.effective.fact in contested


def test_severities_compare():
    assert Severity.NOTE < Severity.WARNING < Severity.ERROR
    assert isinstance(findings(given_(down(cites=None)))[0], Finding)
