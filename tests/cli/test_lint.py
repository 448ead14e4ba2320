"""`lint` as it is typed: what it shows, its exit statuses, whose events it reads, and when."""

import csv
import io
import json

import pytest
from cli.books import recorded
from cli.door import FOUNDING, complaint, program, run
from cli.test_loading import HEAVY, WATCHED
from cli.test_schema import fits

from postmortem.core.lint import RULES

BOOK = """casebook: 1
platform: {id: shop, name: "Shop | <b>\\u202e", zone: Europe/Berlin}
sources: {press: {title: Press, published_at: 2021-01-12T00:00Z}}
services: {aws: {name: AWS hosting}, cdn: {name: The CDN}}
capabilities: {hosting: aws, delivery: {optional: cdn}}
events:
  - {id: inc, type: incident-opened, at: 2021-01-05T10:00Z, title: The incident,
     known_at: 2021-01-12T00:00Z}
"""
SHOWN = "Shop | <b>\\u{202e}"
LONG = """
  - {id: cut, type: service-cut-off, service: aws, at: 2021-01-05T10:00Z, cites: [press]}
  - {id: back, type: service-restored, ends: cut, at: 2021-01-05T13:00Z, cites: [press]}
  - {id: wrote, type: text-written, incident: inc, part: summary, at: 2021-01-06T12:00Z,
     cites: [press], text: "At first it was slow. AWS hosting was down for 9 hours."}
"""
CARELESS = """
  - {id: careless, type: note, at: 2021-01-06T12:00Z, cites: [press],
     text: "It was careless to go without an alarm."}
"""
GERMAN = """
  - {id: german, type: note, at: 2021-01-07T12:00Z, cites: [press],
     text: "Das war fahrlässig, und der Alarm kam nie."}
"""
HOSTILE = """
  - {id: hostile, type: note, at: 2021-01-07T12:00Z, cites: [press],
     text: "=cmd() | \\u001b[31m\\u202e never <b>\\n\\n[x](javascript:1) | end"}
""".replace("\\u001b", "\\u009b")


@pytest.fixture
def store(tmp_path):
    """A store with that casebook in it."""

    def made(book: str):
        recorded(tmp_path / "s.db", book)
        return tmp_path / "s.db"

    return made


def names(db, *options):
    ran = run("--db", db, "lint", "--json", *options)
    return [(each["name"], each["event"]) for each in json.loads(ran.out)]


def test_the_founding_case_is_read(tmp_path):
    db = tmp_path / "s.db"
    run("--db", db, "import", FOUNDING)
    ran = run("--db", db, "lint", "--json")
    findings = json.loads(ran.out)
    assert ran.status == bool(findings)
    # it is a careful record: nothing in it contradicts it
    assert "error" not in {each["severity"] for each in findings}
    assert "as known now" in run("--db", db, "lint").out


def test_nothing_found(store):
    ran = run("--db", store(BOOK), "lint")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        f"{SHOWN}, as known now", "", "nothing found; 20 rules, 1 event",
    ]  # fmt: skip
    assert run("--db", store(BOOK), "lint", "--json").json == []


def test_a_finding_tells_where_it_stands_and_what_to_write(store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    ran = run("--db", store(BOOK + LONG + CARELESS + GERMAN), "lint")
    assert ran.status == 1
    assert ran.out.splitlines() == [
        f"{SHOWN}, as known now",
        "",
        "error BL011 disagrees-with-record",
        "  “9 hours” cannot be how long aws was out or impaired; the record has 3 h",
        "    in wrote, text [47, 54): … slow. AWS hosting was down for 9 hours.",
        "    → `postmortem downtime` tells the range; correct the text, or the times",
        "      recorded",
        "",
        "warning BL003 judgement",
        "  “careless” judges, and tells nothing",
        "    in careless, text [7, 15): It was careless to go without an alarm.",
        "    → tell what was seen and done; if a source judges so, quote it in quotation",
        "      marks",
        "  „fahrlässig“ urteilt und sagt nichts",
        "    in german, text [8, 18): Das war fahrlässig, und der Alarm kam nie.",
        "    → sagen, was gesehen und getan wurde; urteilt eine Quelle so, sie in",
        "      Anführungszeichen zitieren",
        "",
        "note BL009 absolute",
        "  „nie“ kennt keine Ausnahme",
        "    in german, text [38, 41): … fahrlässig, und der Alarm kam nie.",
        "    → sagen, wie oft, seit wann oder von wem man es weiß",
        "",
        "1 error, 2 warnings, 1 note; 20 rules, 6 events",
    ]


def test_as_rows(store):
    db = store(BOOK + CARELESS)
    ran = run("--db", db, "lint", "--json")
    assert (ran.status, ran.err) == (1, "1 warning; 20 rules, 2 events\n")
    (one,) = json.loads(ran.out)
    assert one | {"message": None, "hint": None, "position": None} == {
        "rule": "BL003", "name": "judgement", "severity": "warning", "fact": "careless",
        "event": "careless", "type": "note", "position": None, "field": "text", "start": 7,
        "end": 15, "words": "careless", "language": "en", "message": None, "hint": None,
    }  # fmt: skip
    assert fits("lint", [one])
    for key in one:
        assert not fits("lint", [{other: one[other] for other in one if other != key}]), key
    assert not fits("lint", [one | {"surprise": None}])
    (row,) = csv.DictReader(io.StringIO(run("--db", db, "lint", "-f", "csv").out))
    assert row == {key: str(value) for key, value in one.items()}
    table = run("--db", db, "lint", "-f", "markdown").out.splitlines()
    assert len(table) == 3
    assert all(line.count(" | ") == len(one) - 1 for line in table)


@pytest.mark.parametrize(
    ("events", "threshold", "status"),
    [
        ("", None, 0),
        (LONG, "error", 1),
        (CARELESS, "error", 0),
        (CARELESS, "warning", 1),
        (HOSTILE, "warning", 0),
        (HOSTILE, "note", 1),
        (HOSTILE, None, 1),
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_the_exit_status_is_1_on_findings(store, events, threshold, status, form):
    options = ["--severity", threshold] if threshold else []
    ran = run("--db", store(BOOK + events), "lint", "-f", form, *options)
    assert ran.status == status
    assert ("nothing found" in ran.out + ran.err) == (events == "")


def test_rules_are_chosen_left_out_and_told(store, tmp_path):
    db = store(BOOK + CARELESS + GERMAN)
    both = [("judgement", "careless"), ("judgement", "german")]
    assert names(db) == [*both, ("absolute", "german")]
    assert names(db, "--rule", "bl003") == both
    assert names(db, "--ignore", "judgement", "--rule", "BL003", "--rule", "absolute") == [
        ("absolute", "german")
    ]
    said = complaint(run("--db", db, "lint", "--rule", "judgment"))
    assert "did you mean judgement?" in said
    assert "`postmortem lint --rules`" in complaint(run("--db", db, "lint", "--ignore", "xyz"))
    assert "no rule is left to lint by" in complaint(
        run("--db", db, "lint", "--rule", "BL003", "--ignore", "judgement")
    )
    told = run("--db", tmp_path / "none.db", "lint", "--rules", "--json").json
    assert [each["rule"] for each in told] == [rule.id for rule in RULES]


def test_an_event_silences_rules(store):
    quiet = CARELESS.replace("cites:", "silence: [BL003, bl999], cites:")
    assert names(store(BOOK + quiet)) == [("unknown-silence", "careless")]


def test_a_correction_by_hand_silences(store):
    db = store(BOOK + CARELESS)
    ran = run("--db", db, "correct", "careless", "--clerical", "--silence", "judgement")
    assert ran.status == 0, ran.err
    assert names(db) == []


def test_of_one_incident(store):
    other = """
  - {id: later, type: incident-opened, at: 2021-03-01T10:00Z, title: It was obvious, cites: [press]}
"""
    db = store(BOOK + LONG + other)
    assert names(db) == [("disagrees-with-record", "wrote"), ("judgement", "later")]
    assert names(db, "inc") == [("disagrees-with-record", "wrote")]
    assert names(db, "later") == [("judgement", "later")]
    assert run("--db", db, "lint", "later").out.startswith(f"later of {SHOWN}, as known now\n")
    assert "did you mean later?" in complaint(run("--db", db, "lint", "latr"))


def test_the_clocks(store):
    db = store(BOOK + LONG.replace("ends: cut", "ends: cut, known_at: 2021-02-01T00:00Z"))
    assert names(db) == [("disagrees-with-record", "wrote")]
    # who does not know of the end cannot say that 9 hours are too long
    assert names(db, "--known-at", "2021-01-20T00:00Z") == []
    ran = run("--db", db, "lint", "--known-at", "2021-01-01T00:00Z")
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "nothing found; 20 rules, 0 events")
    ran = run("--db", db, "lint", "--recorded-at", "2020-01-01T00:00Z")
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "nothing was recorded of it by then")
    ran = run("--db", db, "lint", "--at", "2021-03-01T00:00Z", "--tz", "UTC")
    assert ran.out.splitlines()[0] == f"{SHOWN}, as known now; up to 2021-03-01 00:00 UTC"
    complaint(run("--db", db, "lint", "--at", "2021-03-01"))


def test_of_several_platforms_one_is_read(store, tmp_path):
    db = store(BOOK + CARELESS)
    (tmp_path / "other.yaml").write_text(BOOK.replace("id: shop", "id: other"), "utf-8")
    assert run("--db", db, "import", tmp_path / "other.yaml").status == 0
    complaint(run("--db", db, "lint"))
    assert run("--db", db, "lint", "--platform", "shop").status == 1
    assert run("--db", db, "lint", "--platform", "other").status == 0


def test_no_store(tmp_path):
    complaint(run("--db", tmp_path / "none.db", "lint"), 3)


def test_hostile_words_reach_no_terminal(store):
    db = store(BOOK + HOSTILE)
    ran = run("--db", db, "lint")
    assert "“never” has no exception" in ran.out
    assert ran.out.replace("\n", "").isprintable()
    assert "\\u{202e}" in ran.out
    row = run("--db", db, "lint", "-f", "markdown").out
    assert "\u202e" not in row
    assert "\x9b" not in row


def test_a_current_view_is_read_without_what_only_recording_needs(store):
    import sys

    db = store(BOOK + LONG)
    run("--db", db, "lint")
    ran = program("--db", db, "lint", command=(sys.executable, "-c", WATCHED))
    assert ran.status == 1, ran.err
    loaded = set(ran.out.rpartition("\nloaded: ")[2].split())
    assert not loaded & HEAVY
