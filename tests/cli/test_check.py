"""`check` as it is typed: what it shows, its exit statuses, and the same findings from a store."""

import json

import pytest
from cli.door import FOUNDING, complaint, run
from core.checked import material
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.core.check import RULES, check
from postmortem.core.check_material import DAY
from postmortem.core.findings import Severity
from postmortem.core.times import END, AsOf, format_instant, parse_instant
from postmortem.testing import DAWN, SECOND, MemoryRecord, histories
from postmortem.tracker import Tracker

BOOK = """
casebook: 1
platform: {id: shop, zone: UTC}
sources: {press: {title: Press, published_at: 2021-01-12T00:00Z}}
services: {aws: {name: AWS, provider: amazon}}
capabilities: {hosting: aws}
events:
  - {id: notice, type: cutoff-announced, service: aws, at: 2021-01-02T00:00Z,
     effective_at: 2021-01-04T00:00Z, cites: [press]}
  - {id: cut, type: service-cut-off, service: aws, announcement: notice, at: 2021-01-04T00:10Z,
     cites: [press]}
"""
LEFT_BEHIND = """
  - {id: back, type: service-restored, ends: cut, at: 2021-01-07T00:00Z, cites: [press]}
  - {id: cut-2, type: service-cut-off, service: aws, announcement: notice, at: 2021-01-08T00:10Z,
     cites: [press], replaces: cut}
"""
UNSOURCED = """
  - {id: down, type: service-down, service: aws, at: 2021-01-05T00:00Z}
"""
UNUSED = BOOK.replace("services: {", "services: {sms: {provider: twilio}, ")


@pytest.fixture
def store(tmp_path):
    """A store with that casebook in it."""

    def made(book: str):
        (tmp_path / "book.yaml").write_text(book, "utf-8")
        assert run("--db", tmp_path / "s.db", "import", tmp_path / "book.yaml").status == 0
        return tmp_path / "s.db"

    return made


def test_the_founding_case_has_one_warning_and_one_note(tmp_path):
    db = tmp_path / "s.db"
    run("--db", db, "import", FOUNDING)
    ran = run("--db", db, "check", "--json")
    assert [(each["name"], each["ids"]) for each in json.loads(ran.out)] == [
        ("time-contested", ["aws-cut-off", "aws-midnight-claimed"]),
        ("service-unused", ["ddos-protection"]),
    ]
    assert ran.status == 1
    assert ran.err == "1 warning, 1 note; 26 rules, 53 events\n"


def test_a_record_in_order(store):
    ran = run("--db", store(BOOK), "check")
    assert ran.status == 0
    head, _, summary = ran.out.splitlines()
    assert head.startswith("shop at 20")
    assert "as known now; long ago is more than 30 days" in head
    assert summary == "nothing found; 26 rules, 2 events"
    assert run("--db", store(BOOK), "check", "--json").json == []


def test_a_finding_tells_where_it_stands_and_what_to_do(store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ran = run("--db", store(BOOK + LEFT_BEHIND), "check", "--tz", "Europe/Berlin")
    assert ran.status == 1
    assert ran.out.splitlines()[2:] == [
        "error C02 step-before-start",
        "  back ends cut before that starts, and has no effect: at the latest 2021-01-07",
        "  01:00 CET, and it starts at the earliest 2021-01-08 01:10 CET",
        "    in back, position 7, stream shop/service/aws",
        "    → mend the time that is wrong: `postmortem correct back` or `postmortem",
        "      correct cut`",
        "",
        "1 error; 26 rules, 4 events",
    ]


@pytest.mark.parametrize(
    ("book", "threshold", "status"),
    [
        (BOOK, "note", 0),
        (UNUSED, "note", 1),
        (UNUSED, None, 0),
        (BOOK + UNSOURCED, None, 1),
        (BOOK + UNSOURCED, "warning", 1),
        (BOOK + UNSOURCED, "error", 0),
        (BOOK + LEFT_BEHIND, "error", 1),
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_the_exit_status_follows_the_gravest_finding(store, book, threshold, status, form):
    options = ["--severity", threshold] if threshold else []
    ran = run("--db", store(book), "check", "-f", form, *options)
    assert ran.status == status
    assert ("nothing found" in ran.out + ran.err) == (book is BOOK)


def test_rules_are_chosen_and_left_out(store):
    db = store(BOOK + LEFT_BEHIND + UNSOURCED)

    def names(*options):
        ran = run("--db", db, "check", "--json", *options)
        return [each["name"] for each in json.loads(ran.out)]

    assert names() == ["step-before-start", "unsourced"]
    assert names("--rule", "C16") == ["unsourced"]
    assert names("--rule", "c02", "--rule", "unsourced", "--ignore", "C02") == ["unsourced"]
    assert names("--ignore", "unsourced", "--ignore", "step-before-start") == []
    said = complaint(run("--db", db, "check", "--rule", "unsourcd"))
    assert "--rule: there is no rule 'unsourcd'" in said
    assert "did you mean unsourced?" in said
    assert "no rule is left" in complaint(
        run("--db", db, "check", "--rule", "C16", "--ignore", "unsourced")
    )


def test_the_rules_are_told_without_a_store(tmp_path):
    told = run("--db", tmp_path / "none.db", "check", "--rules", "--json").json
    assert [each["rule"] for each in told] == [rule.id for rule in RULES]
    assert all(each["means"] for each in told)
    ran = run("--db", tmp_path / "none.db", "check", "--rules", "--rule", "unsourced")
    assert ran.status == 0
    assert "C16   unsourced  warning" in ran.out
    assert "C01" not in ran.out


def test_how_long_is_long_and_from_when(store):
    book = BOOK.split("  - {id: cut,")[0]
    overdue = ("--rule", "announcement-overdue")
    for options, status in [
        (("--at", "2021-02-03T00:00Z"), 0),
        (("--at", "2021-02-03T00:00:00.000001Z"), 1),
        (("--at", "2021-01-05T00:00Z", "--days", "0"), 1),
        (("--days", "99999999999999999999"), 0),
    ]:
        assert run("--db", store(book), "check", *overdue, *options).status == status
    assert "day or a span" not in complaint(run("--db", store(book), "check", "--at", "2021-01-05"))
    assert run("--db", store(book), "check", "--days", "-1").status == 2


def test_before_anything_was_recorded_or_known(store):
    db = store(BOOK + UNSOURCED)
    ran = run("--db", db, "check", "--recorded-at", "2020-01-01T00:00Z")
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "nothing was recorded of it by then")
    ran = run("--db", db, "check", "--known-at", "2021-01-12T00:00Z")
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "nothing found; 26 rules, 2 events")


def test_of_several_platforms_one_is_checked(tmp_path, store):
    db = store(BOOK + UNSOURCED)
    (tmp_path / "other.yaml").write_text(BOOK.replace("id: shop", "id: other"), "utf-8")
    assert run("--db", db, "import", tmp_path / "other.yaml").status == 0
    complaint(run("--db", db, "check"))
    assert run("--db", db, "check", "--platform", "shop").status == 1
    assert run("--db", db, "check", "--platform", "other").status == 0


def test_an_empty_store_and_no_store(tmp_path):
    complaint(run("--db", tmp_path / "none.db", "check"), 3)


# --- the store's findings are those of the naive record -------------------------------------------


@settings(max_examples=25)
@given(
    histories(plain=True),
    st.just(END) | st.integers(0, 20).map(lambda count: DAWN + count * SECOND),
    st.just(END) | st.sampled_from([DAWN + 9 * SECOND, parse_instant("2021-01-11T00:00Z")]),
)
def test_a_store_gives_what_the_record_in_memory_gives(tmp_path_factory, drafts, recorded, known):
    record = MemoryRecord.of("parler", drafts)
    db = tmp_path_factory.mktemp("stores") / "s.db"
    now = 0
    with Tracker(str(db), clock=lambda: now) as tracker:
        for now, told in record.told:  # noqa: B007 (the clock reads it)
            tracker.record([told])
    at = parse_instant("2021-06-01T00:00Z")
    as_of = AsOf(at, known, recorded)
    clocks = ["--at", format_instant(at)]
    clocks += [] if known == END else ["--known-at", format_instant(known)]
    clocks += [] if recorded == END else ["--recorded-at", format_instant(recorded)]
    ran = run("--db", db, "check", "--json", "--days", "10", *clocks)
    expected = check(material(record, as_of, 10 * DAY))
    assert json.loads(ran.out) == [found.document() for found in expected]
    assert ran.status == any(found.rule.severity >= Severity.WARNING for found in expected)
