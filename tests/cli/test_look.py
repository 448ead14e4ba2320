"""Looking at the record: timeline, log, show, history, search."""

import contextlib
import csv
import io
import json
import re
import sqlite3
import sys

import click
import pytest
from cli.door import FOUNDING, complaint, program, run
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.cli.commands import COMMANDS
from postmortem.cli.output import shown
from postmortem.cli.spans import cut, when, when_lines, wrapped
from postmortem.core.errors import BadInput
from postmortem.core.times import BEGINNING, END, Span, parse_span
from postmortem.core.words import for_terminal
from postmortem.testing import histories
from postmortem.tracker import Tracker

COMMANDS_HERE = ("timeline", "log", "show", "history", "search")
BOOK = """
casebook: 1
platform: {id: shop, name: The Shop, zone: Europe/Berlin}
sources:
  press: {title: "Erste Zeitung", published_at: 2021-01-05}
  blog: {title: "A blog \\u202Ewith tricks", published_at: 2021-01-06}
  web: {title: A page about the web}
services:
  web: {name: Web, provider: acme, meta: {kind: hosting}}
  mail: {name: "=cmd()|x", provider: "|acme*"}
capabilities:
  open: {all_of: [web, {optional: mail}]}
  front: open
events:
  - {id: notice, type: cutoff-announced, service: web, at: 2021-01-02, by: Acme, reason: rent,
     effective_at: 2021-01-10T12:00, cites: ["press#p. 3"]}
  - {id: moved, type: cutoff-rescheduled, announcement: notice, at: 2021-01-03,
     effective_at: 2021-01-11T12:00, cites: [blog]}
  - {id: out, type: service-down, service: mail, at: 2021-01-04T10:00, cites: [press],
     reason: "\\u202Efirst\\x9b31m line\\nsecond line"}
  - {id: out-2, type: service-down, service: mail, at: 2021-01-04T10:30, replaces: out,
     known_at: 2021-02-01T00:00}
  - {id: out-3, type: service-down, service: mail, at: 2021-01-04T10:01, replaces: out,
     clerical: true, cites: [press]}
  - {id: no-2, type: retracted, event: out-2, reason: nonsense}
  - {id: later, type: time-claimed, about: out, time: 2021-01-04T12:00.., cites: [blog]}
  - {id: wrong, type: service-degraded, service: web, at: 2021-01-01T00:00Z}
  - {id: no, type: retracted, event: wrong, reason: it was another one}
  - {id: remark, type: note, at: ..2021-01-04, about: front, text: Everybody looked}
  - {id: free, type: note, at: 2021-01-20T00:00Z.., text: Nobody looked any more}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return imported(tmp_path_factory.mktemp("shop"), BOOK)


@pytest.fixture(scope="module")
def founding(tmp_path_factory):
    db = tmp_path_factory.mktemp("founding") / "s.db"
    assert run("--db", db, "import", FOUNDING).status == 0
    return db


def imported(folder, text):
    (folder / "book.yaml").write_text(text, "utf-8")
    assert run("--db", folder / "s.db", "import", folder / "book.yaml").status == 0
    return folder / "s.db"


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def asked(db, *words):
    ran = run("--db", db, *words)
    assert ran.status == 0, ran.err
    return ran.out


def rows(db, *words):
    return run("--db", db, "timeline", *words, "--json").json["timeline"]


def ids(db, *words):
    return [row["id"] for row in rows(db, *words)]


# --- timeline -------------------------------------------------------------------------------------


def test_facts_stand_once_in_the_order_of_their_time(shop):
    found = rows(shop)
    assert [row["id"] for row in found] == ["remark", "notice", "moved", "out", "free"]
    assert [row["version"] for row in found][3] == "out-3"
    assert {row["status"] for row in found} == {"in force"}


def test_a_row_has_all_three_clocks_with_their_wording(shop):
    out = rows(shop)[3]
    assert out["at"] == {
        "earliest": "2021-01-04T09:01:00Z",
        "latest": "2021-01-04T09:01:00Z",
        "written": "2021-01-04T10:01",
    }
    assert out["known_at"]["latest"] == "2021-01-05T22:59:59.999999Z"
    assert out["known_at"]["written"] is None
    assert out["recorded_at"]["earliest"] == out["recorded_at"]["latest"]
    assert out["recorded_at"]["latest"].startswith("2")
    assert (out["settled"]["latest"], out["contested"]) == (None, True)
    assert out["sources"] == [{"id": "press", "locator": None, "title": "Erste Zeitung"}]
    (claim,) = out["claims"]
    assert (claim["id"], claim["time"]["latest"]) == ("later", None)
    assert claim["time"]["written"] == "2021-01-04T12:00.."
    assert claim["sources"][0]["id"] == "blog"
    assert out["stream"] == "shop/service/mail"
    (corrected,) = (row for row in rows(shop, "--all") if row["version"] == "out-2")
    assert corrected["known_at"]["written"] == "2021-02-01T00:00"


def test_an_announcement_says_when_it_takes_effect_now(shop):
    notice, moved = rows(shop)[1:3]
    assert notice["effective_at"]["written"] == "2021-01-10T12:00"
    assert notice["effective_settled"]["earliest"] == "2021-01-11T11:00:00Z"
    assert (notice["effective_by"], moved["effective_by"]) == ("moved", "moved")
    text = asked(shop, "timeline", "--service", "web")
    assert "takes effect 2021-01-11 12:00 CET, rescheduled by moved" in text


def test_what_is_not_in_force_is_shown_on_demand(shop):
    found = {row["version"]: row for row in rows(shop, "--all")}
    assert {id: (r["status"], r["status_by"]) for id, r in found.items() if r["status_by"]} == {
        "out": ("corrected", "out-3"),
        "out-2": ("retracted", "no-2"),
        "wrong": ("retracted", "no"),
    }
    assert [bool(found[id]["claims"]) for id in ("out", "out-2", "out-3")] == [False, False, True]
    text = asked(shop, "timeline", "--all")
    assert "out · service-down · corrected by out-3" in text
    assert "out (as out-2) · service-down · retracted by no-2" in text
    assert "wrong · service-degraded · retracted by no" in text


def test_knowledge_and_recording_choose_the_version(shop):
    before = ("--known-at", "2021-01-20T00:00Z")
    assert ids(shop, *before) == ["notice", "moved", "out"]
    assert ids(shop, "--known-at", "2021-01-06T00:00Z") == ["notice", "out"]
    (notice, _) = rows(shop, "--known-at", "2021-01-06T00:00Z")
    assert notice["effective_by"] == "notice"
    february = {row["id"]: row["version"] for row in rows(shop, "--known-at", "2021-02-02T00:00Z")}
    assert february["out"] == "out-2"
    for nothing in (("--known-at", "2000-01-01T00:00Z"), ("--recorded-at", "2000-01-01T00:00Z")):
        assert rows(shop, *nothing) == []
        said = asked(shop, "timeline", *nothing)
        assert "nothing that happened was known and recorded by then" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--service", "web"], ["notice", "moved"]),
        (["--service", "mail"], ["out"]),
        (["--service", "mail", "--service", "web"], ["notice", "moved", "out"]),
        (["--capability", "front"], ["remark", "notice", "moved", "out"]),
        (["--capability", "open"], ["notice", "moved", "out"]),
        (["--type", "note"], ["remark", "free"]),
        (["--type", "note", "--type", "service-down"], ["remark", "out", "free"]),
        (["--type", "time-claimed"], ["out"]),
        (["--type", "service-cut-off"], []),
        (["--type", "note", "--service", "web"], []),
        (["--from", "2021-01-05", "--to", "2021-01-06"], ["out"]),
        (["--from", "2021-01-03", "--to", "2021-01-03T01:00"], ["remark", "moved"]),
        (["--to", "2021-01-02"], ["remark", "notice"]),
        (["--from", "2021-01-20"], ["out", "free"]),
        (["--from", "@moved", "--to", "2021-01-03"], ["remark", "moved"]),
        (["--from", "2021", "--limit", "2"], ["remark", "notice"]),
        (["--reverse", "--limit", "2"], ["free", "out"]),
    ],
)
def test_filters(shop, options, expected):
    assert ids(shop, *options) == expected


def test_the_head_repeats_the_question(shop):
    text = asked(
        shop, "timeline", "--from", "2021-01-03", "--to", "2021-01-05T12:00", "--limit", "1",
        "--known-at", "2021-01-07T00:00", "--tz", "UTC", "--service", "mail", "--service", "web",
    )  # fmt: skip
    assert text.splitlines()[:2] == [
        "The Shop from 2021-01-02 23:00 UTC to 2021-01-05 11:00 UTC, as known 2021-01-06 23:00 UTC"
        ", service mail or web",
        "1 of 2 facts, by --limit",
    ]
    assert asked(shop, "timeline").splitlines()[:2] == ["The Shop, as known now", "5 facts"]
    some = asked(shop, "timeline", "--to", "2021-01-02").splitlines()
    assert some[0].startswith("The Shop to before 2021-01-03 00:00 CET (2021-01-02 23:00 UTC)")
    assert some[1] == "2 facts of 5"
    assert "none of the 5 facts fits" in asked(shop, "timeline", "--type", "service-cut-off")


def test_the_founding_night_is_contested_and_both_claims_stand(founding):
    text = asked(founding, "timeline", "--service", "aws", "--type", "service-cut-off")
    assert "aws-cut-off · service-cut-off · time contested" in text
    assert "2021-01-10 13:00 PST" in text
    assert "aws unavailable, carrying out aws-announced, by amazon" in text
    assert "claimed by aws-midnight-claimed: 2021-01-10 23:59 PST to 2021-01-11 00:00 PST" in text
    assert "written 2021-01-10T22:00[Europe/Berlin]..2021-01-11T06:00[Europe/Berlin]" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["timeline", "--service", "webb"], "did you mean web?"),
        (["timeline", "--capability", "opne"], "did you mean open?"),
        (["timeline", "--type", "service-dwn"], "did you mean service-down?"),
        (["timeline", "--type", "retracted"], "--all shows what was retracted"),
        (["timeline", "--from", "2022", "--to", "2021"], "is empty"),
        (["timeline", "--from", "01/11/2021"], "--from: "),
        (["timeline", "--to", "@nobody"], "--to: "),
        (["timeline", "--platform", "shpo"], "did you mean shop?"),
        (["show", "notise"], "did you mean notice?"),
        (["show", "source:presse"], "`postmortem log` lists the ids"),
        (["history", "\udcff"], "there is nothing with the id"),
        (["show", "#0"], "there is nothing with the id '#0'"),
        (["show", "#999999999999999999999"], "there is nothing"),
        (["show", "service:web:2"], "there is nothing"),
        (["show", "web", "--recorded-at", "2000-01-01T00:00Z"], "was not recorded yet by then"),
        (["show", "out", "--recorded-at", "2000-01-01T00:00Z"], "was not recorded yet by then"),
        (["history", "out-2", "--known-at", "2021-01-20T00:00Z"], "could not be known yet by then"),
        (["search", " "], "there is no word to look for"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(shop, words, said):
    assert said in complaint(run("--db", shop, *words))


@pytest.mark.parametrize("command", COMMANDS_HERE)
def test_no_store_and_an_empty_one(tmp_path, command):
    word = [] if command in ("timeline", "log") else ["x"]
    assert "there is no store" in complaint(run("--db", tmp_path / "s.db", command, *word), 3)
    (tmp_path / "book.yaml").write_text("casebook: 1\nplatform: {id: p}\n")
    run("--db", tmp_path / "s.db", "import", tmp_path / "book.yaml")
    ran = run("--db", tmp_path / "s.db", command, *word)
    if command in ("show", "history"):
        assert "there is nothing with the id 'x'" in complaint(ran)
    else:
        assert ran.status == 0


def test_several_platforms(tmp_path):
    db = imported(tmp_path, BOOK)
    (tmp_path / "other.yaml").write_text(BOOK.replace("id: shop", "id: mall"), "utf-8")
    run("--db", db, "import", tmp_path / "other.yaml")
    for words in (["timeline"], ["log"], ["show", "out"], ["history", "out"], ["search", "rent"]):
        assert "choose one with --platform" in complaint(run("--db", db, *words))
        chosen = run("--db", db, *words, "--platform", "mall", "--json").json
        assert chosen["platform"] == "mall"
    assert len(run("--db", db, "log", "--platform", "mall", "--json").json["log"]) == 19
    assert ids(db, "--platform", "shop") == ids(db, "--platform", "mall")
    first = run("--db", db, "log", "--platform", "mall", "--limit", "1", "--json").json["log"][0]
    here = f"#{first['position']}"
    assert run("--db", db, "show", here, "--platform", "mall", "--json").json["id"] == "mall"
    assert run("--db", db, "show", here, "--platform", "shop").status == 2


# --- log ------------------------------------------------------------------------------------------


def entries(db, *words):
    return run("--db", db, "log", *words, "--json").json["log"]


def test_the_log_has_every_entry_as_it_was_recorded(shop):
    found = entries(shop)
    assert [entry["position"] for entry in found] == list(range(1, 20))
    assert [entry["id"] for entry in found][:6] == ["shop", "press", "blog", "web", "web", "mail"]
    assert [entry["entry"] for entry in found][3:5] == ["source:web", "service:web"]
    assert found[-1]["body"]["text"] == "Nobody looked any more"
    assert {entry["recorded_by"] for entry in found} == {found[0]["recorded_by"]}
    with Tracker(str(shop)) as tracker:
        stored = [envelope for envelope, _ in tracker.view.log()]
    for entry, envelope in zip(found, stored, strict=True):
        for key in ("position", "stream", "version", "recorded_at", "known_at"):
            assert entry[key] == envelope[key]
        assert envelope["id"] == entry["entry"]
        assert envelope["type"] == f"{entry['type']}/1"
        assert set(envelope["body"]) == set(entry["body"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--after", "17"], [18, 19]),
        (["--after", "#17"], [18, 19]),
        (["--before", "3"], [1, 2]),
        (["--after", "3", "--before", "6"], [4, 5]),
        (["--reverse", "--limit", "2"], [19, 18]),
        (["--reverse", "--before", "5", "--after", "2"], [4, 3]),
        (["--limit", "1"], [1]),
        (["--after", "99"], []),
        (["--recorded-at", "2000-01-01T00:00Z"], []),
        (["--known-at", "2000-01-01T00:00Z"], [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_parts_of_the_log(shop, options, expected):
    assert [entry["position"] for entry in entries(shop, *options)] == expected


def test_what_was_recorded_in_one_go_stands_under_one_time(shop):
    lines = asked(shop, "log").splitlines()
    assert lines[:2] == ["The Shop, the log as known now", "19 entries"]
    assert sum(bool(re.match(r"\d{4}-", line)) for line in lines) == 1
    assert any(
        re.match(r"#14  retracted +no-2 +takes back out-2: nonsense$", each) for each in lines
    )


def test_a_long_log_is_read_piece_by_piece(tmp_path):
    events = [f"  - {{id: e{n}, type: note, at: 2021-01-01, text: t}}" for n in range(1203)]
    db = imported(
        tmp_path, "casebook: 1\nplatform: {id: p, zone: UTC}\nevents:\n" + "\n".join(events)
    )
    places = [entry["position"] for entry in entries(db)]
    assert places == list(range(1, 1205))
    assert [entry["position"] for entry in entries(db, "--reverse")] == places[::-1]
    assert [entry["position"] for entry in entries(db, "--reverse", "--limit", "700")] == places[
        :-701:-1
    ]


def test_a_bad_position_is_refused(shop):
    ran = run("--db", shop, "log", "--after", "three")
    assert (ran.status, "is no position of the log" in ran.err) == (2, True)


# --- show -----------------------------------------------------------------------------------------


def whole(db, *words):
    return run("--db", db, "show", *words, "--json").json


def test_an_event_is_shown_with_all_its_fields_and_what_they_are(shop):
    text = asked(shop, "show", "notice")
    assert text.splitlines()[0] == "notice · cutoff-announced · in force"
    assert (
        "effective_at: when it is to take effect\n    2021-01-10T12:00\n    2021-01-10 12:00 CET"
        in text
    )
    assert (
        "cites: source ids, each with an optional #locator\n    press#p. 3 (Erste Zeitung)" in text
    )
    assert "takes effect\n    2021-01-11 12:00 CET, rescheduled by moved" in text
    assert "by the sources that it cites" in text
    assert "named by\n    moved (cutoff-rescheduled): announcement" in text


def test_what_has_become_of_a_version(shop):
    found = {id: whole(shop, id) for id in ("out", "out-2", "out-3", "wrong", "no-2")}
    assert {id: (each["status"], each["status_by"]) for id, each in found.items()} == {
        "out": ("corrected", "out-3"),
        "out-2": ("retracted", "no-2"),
        "out-3": ("in force", None),
        "wrong": ("retracted", "no"),
        "no-2": ("in force", None),
    }
    assert {each["fact"] for id, each in found.items() if id.startswith("out")} == {"out"}
    assert found["out"]["settled"] is None
    assert found["out-3"]["contested"]
    named = [(each["id"], each["keys"]) for each in found["out-2"]["named_by"]]
    assert named == [
        ("out-2", ["replaces"]),
        ("out-3", ["replaces"]),
        ("no-2", ["event"]),
        ("later", ["about"]),
    ]
    then = whole(shop, "out", "--known-at", "2021-01-06T00:00Z")
    assert (then["status_by"], [each["id"] for each in then["named_by"]]) == ("out-3", ["out-3"])
    assert "of which this is version 2 of 3" in asked(shop, "show", "out-2")


def test_what_is_declared_is_shown_too(shop):
    assert whole(shop, "front")["body"] == {"requires": "open"}
    service = whole(shop, "web")
    assert (service["kind"], service["also"]) == ("service", ["source:web"])
    assert [each["id"] for each in service["named_by"]] == ["open", "notice", "wrong"]
    source = whole(shop, "source:web")
    assert (source["kind"], source["named_by"]) == ("source", [])
    press = whole(shop, "press")
    assert [each["id"] for each in press["named_by"]] == ["notice", "out", "out-3"]
    assert {key for each in press["named_by"] for key in each["keys"]} == {"cites"}
    assert whole(shop, "shop")["kind"] == "platform"
    for id in ("service:web", "service:web:1", "#5", "5"):
        assert whole(shop, id)["entry"] == "service:web"
    assert "meta: anything else, a free mapping\n    kind: hosting" in asked(shop, "show", "web")
    assert "of the same id\n    source:web" in asked(shop, "show", "web")


def test_an_amended_declaration(tmp_path):
    db = imported(tmp_path, BOOK)
    (tmp_path / "book.yaml").write_text(BOOK.replace("provider: acme", "provider: other"), "utf-8")
    assert run("--db", db, "import", "--amend", tmp_path / "book.yaml").status == 0
    assert whole(db, "web")["body"]["provider"] == "other"
    first = whole(db, "service:web:1")
    assert (first["status"], first["status_by"], first["body"]["provider"]) == (
        "amended",
        "#20",
        "acme",
    )
    between = entries(db)[0]["recorded_at"]
    assert whole(db, "web", "--recorded-at", between)["body"]["provider"] == "acme"
    told = run("--db", db, "history", "web", "--json").json
    assert [(each["does"], each["status"]) for each in told["history"]] == [
        ("declared", "amended"),
        ("declared anew", "in force"),
    ]
    assert told["history"][1]["changes"] == [{"field": "provider", "old": "acme", "new": "other"}]
    assert told["last_word"] == []
    assert "provider: acme → other" in asked(db, "history", "web")
    then = run("--db", db, "history", "web", "--recorded-at", between, "--json").json
    assert [each["status"] for each in then["history"]] == ["in force"]
    found = run("--db", db, "search", "acme", "--json").json["hits"]
    assert [(h["entry"], h["status_by"]) for h in found if h["type"] == "service-declared"] == [
        ("service:web", "#20"),
        ("service:mail", None),
    ]


def test_words_that_are_withheld_say_so_everywhere(tmp_path):
    db = imported(tmp_path, BOOK)
    with contextlib.closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("DELETE FROM disclosures WHERE field IN ('reason', 'title', 'by')")
        connection.execute("DELETE FROM disclosures WHERE field = 'recorded_by' AND position = 9")
    assert run("--db", db, "rebuild").status == 0
    gone = "[withheld: not in this copy]"
    assert f"reason: the reason given\n    {gone}" in asked(db, "show", "notice")
    assert f"by {gone}" in asked(db, "show", "notice")
    assert whole(db, "notice")["withheld"] == ["by", "reason", "recorded_by"]
    assert set(whole(db, "notice")["body"]["reason"]) == {"sd"}
    assert f"by {gone}" in asked(db, "timeline", "--service", "web")
    assert whole(db, "notice")["reasons"]["reason"] == "not in this copy"
    assert rows(db)[1]["withheld"] == ["by", "reason", "recorded_by"]
    assert rows(db)[1]["sources"][0]["title"] == gone
    assert f"by {gone}" in asked(db, "log")
    assert "[withheld: not in" in asked(db, "history", "notice")
    assert run("--db", db, "search", "rent", "--json").json["total"] == 0


# --- history --------------------------------------------------------------------------------------


def test_a_history_tells_every_word_about_a_fact(shop):
    told = run("--db", shop, "history", "out-2", "--json").json
    assert (told["id"], told["type"], told["kind"]) == ("out", "service-down", "event")
    assert [(h["id"], h["does"], h["clerical"], h["status"]) for h in told["history"]] == [
        ("out", "the first version", False, "corrected"),
        ("out-2", "corrects out", False, "retracted"),
        ("out-3", "corrects out, a slip of the pen", True, "in force"),
        ("no-2", "takes back out-2", False, "in force"),
    ]
    changed = {h["id"]: [c["field"] for c in h["changes"]] for h in told["history"]}
    assert changed == {
        "out": [],
        "out-2": ["at", "cites", "known_at", "reason"],
        "out-3": ["at", "reason"],
        "no-2": [],
    }
    recorded = told["history"][0]["recorded_at"]
    assert [(w["known_from"], w["known_until"], w["version"]) for w in told["last_word"]] == [
        ("2021-01-05T22:59:59.999999Z", "2021-01-31T23:00:00Z", "out-3"),
        ("2021-01-31T23:00:00Z", recorded, "out-2"),
        (recorded, None, "out-3"),
    ]
    text = asked(shop, "history", "out")
    assert text.startswith(
        "out (service-down) of The Shop, as known now\n3 versions, 1 retraction\n"
    )
    assert "    at: 2021-01-04T10:00 → 2021-01-04T10:30" in text


def test_a_history_as_it_could_be_known(shop):
    told = run("--db", shop, "history", "out", "--known-at", "2021-01-20T00:00Z", "--json").json
    assert [h["id"] for h in told["history"]] == ["out", "out-3"]
    assert [w["version"] for w in told["last_word"]] == ["out-3"]


def test_where_nothing_counts_the_history_says_so(shop):
    told = run("--db", shop, "history", "wrong", "--json").json
    assert [w["version"] for w in told["last_word"]] == [None]
    assert asked(shop, "history", "wrong").rstrip().endswith(": nothing")


# --- search ---------------------------------------------------------------------------------------


def test_a_hit_says_where_it_was_found_and_what_has_become_of_it(shop):
    found = run("--db", shop, "search", "FIRST", "line", "--json").json
    assert (found["total"], found["text"], found["inside_words"]) == (1, "FIRST line", False)
    (hit,) = found["hits"]
    assert (hit["id"], hit["status_by"], hit["time"]["written"]) == (
        "out",
        "out-3",
        "2021-01-04T10:00",
    )
    assert [each["field"] for each in hit["found"]] == ["reason"]
    assert "«first»" in hit["found"][0]["excerpt"]
    text = asked(shop, "search", "first", "line")
    assert "out · service-down · #11 · corrected by out-3\n    2021-01-04 10:00 CET\n" in text


def test_no_hits_are_an_answer(shop):
    ran = run("--db", shop, "search", "nowhere")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "The Shop, as known now\nnothing holds 'nowhere'\n"
    early = asked(shop, "search", "looked", "--recorded-at", "2000-01-01T00:00Z")
    assert "nothing holds 'looked', as it could be known and was recorded by then" in early


def test_more_hits_than_are_shown(shop):
    found = run("--db", shop, "search", "service", "--limit", "2", "--json").json
    assert (len(found["hits"]), found["total"]) == (2, 6)
    assert "6 entries hold 'service'; the best 2 of them" in asked(
        shop, "search", "service", "--limit", "2"
    )


# --- every form, and hostile text -----------------------------------------------------------------

EVERY = [
    words.split()
    for words in (
        *("timeline", "timeline --all", "log", "show out", "show mail", "show blog"),
        *("history out", "history mail", "search line", "search cmd", "search tricks"),
    )
]


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_free_text_is_escaped_in_every_form(shop, words, monkeypatch):
    for form in ("table", "json", "markdown", "csv"):
        out = asked(shop, *words, "-f", form)
        if form != "csv":  # a CSV holds what was recorded
            assert "\u202e" not in out
            assert "\x9b" not in out
        if form == "csv":
            for row in csv.reader(io.StringIO(out)):
                assert not any(cell.lstrip()[:1] in ("=", "+", "-", "@") for cell in row if cell)
        if form == "markdown":
            assert all(line.startswith("| ") and line.endswith(" |") for line in out.splitlines())
        if form == "json":
            json.loads(out)
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        for line in asked(shop, *words).splitlines():
            assert for_terminal(line) == line
            assert line == line.rstrip()
            longest = max(shown(word) for word in line.split() or [""])
            assert shown(line) <= max(int(columns), longest + 30)


@pytest.mark.parametrize("command", COMMANDS_HERE)
def test_help_names_every_key_of_the_json(shop, command):
    word = {"show": ["out"], "history": ["out"], "search": ["line"]}.get(command, [])
    document = run("--db", shop, command, *word, "--json").json
    text = run(command, "--help").out
    if command != "log":
        text += run("log", "--help").out
    listed = [value for value in document.values() if isinstance(value, list) and value]
    keys = {*document, *(key for value in listed for key in value[0])}
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} == set()
    assert "Examples:" in text


def test_colour_is_only_colour(shop):
    for words in EVERY:
        plain = asked(shop, *words)
        coloured = run("--db", shop, "--color", "always", *words).out
        assert coloured != plain
        assert click.unstyle(coloured) == plain


@pytest.mark.parametrize(
    "words", [["timeline"], ["log"], ["show", "out"], ["history", "out"], ["search", "line"]]
)
def test_nothing_slow_is_loaded(shop, words):
    code = (
        "import sys; from postmortem.cli import run; status = run(sys.argv[1:]);"
        "slow = {'pydantic', 'eventsourcing', 'sqlite_utils', 'yaml'} & set(sys.modules);"
        "print(slow, file=sys.stderr); sys.exit(status)"
    )
    ran = program("--db", shop, *words, command=(sys.executable, "-c", code))
    assert (ran.status, ran.err) == (0, "set()\n")


def test_the_commands_are_in_the_table():
    assert set(COMMANDS_HERE) <= set(COMMANDS)


@given(drafts=histories(most=12))
@settings(max_examples=25)
def test_whatever_is_recorded_can_be_looked_at(tmp_path_factory, drafts):
    db = tmp_path_factory.mktemp("looked") / "s.db"
    with Tracker(str(db)) as tracker:
        for each in drafts:
            with contextlib.suppress(BadInput):  # refused; what is left is what we look at
                tracker.record([each])
        found = [*tracker.view.ids("parler"), "parler"]
    for form in ("table", "json", "csv", "markdown"):
        for words in (["timeline", "--all"], ["log"], ["search", "a"]):
            assert run("--db", db, *words, "-f", form).status == 0
    for id in found:
        for command in ("show", "history"):
            ran = run("--db", db, command, id)
            assert ran.status == 0, ran.err
            assert all(for_terminal(line) == line for line in ran.out.splitlines())
            assert run("--db", db, command, id, "--json").json["platform"] == "parler"


# --- spans and lines ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("2021-01-10T12:00Z", ["2021-01-10 12:00 UTC"]),
        ("2021-01-10", ["2021-01-10 00:00 UTC", "before 2021-01-11 00:00 UTC"]),
        (
            "2021-01-10T12:00Z..2021-01-10T13:00:00.5Z",
            ["2021-01-10 12:00 UTC", "to 2021-01-10 13:00:00.5 UTC"],
        ),
        ("2021-01-10T12:00Z..", ["2021-01-10 12:00 UTC", "or later"]),
        ("..2021-01-10T12:00Z", ["2021-01-10 12:00 UTC", "or earlier"]),
        ("..2021", ["before 2022-01-01 00:00 UTC"]),
        ("9999", ["9999-01-01 00:00 UTC", "to 9999-12-31 23:59:59.999999 UTC"]),
    ],
)
def test_a_span_in_lines(written, lines):
    assert when_lines(parse_span(written, "UTC"), None) == lines


def test_a_span_without_any_bound():
    assert when(Span(BEGINNING, END), None) == "at an unknown time"


WORDS = st.text(st.sampled_from("ab \t\n.é中e\u0301\u202e"), max_size=60)


@given(text=WORDS, size=st.integers(20, 40), most=st.integers(1, 3) | st.none())
def test_lines_fit_and_lose_nothing(text, size, most):
    lines = wrapped(text, size, most)
    safe = for_terminal(text).split()
    if most is None:
        assert "".join(lines).replace(" ", "") == "".join(safe)
        assert all(shown(line) <= size or " " not in line for line in lines)
    else:
        assert len(lines) <= most
        assert all(shown(line) <= size for line in lines)
        if not any("…" in line for line in lines):
            assert "".join(lines).replace(" ", "") == "".join(safe)
        every = wrapped(text, size)
        if len(every) <= most and all(shown(line) <= size for line in every):
            assert lines == every


@given(text=WORDS, size=st.integers(1, 20))
def test_cutting_keeps_what_fits(text, size):
    kept = cut(text, size)
    assert shown(kept) <= size
    assert kept == text or (kept.endswith("…") and text.startswith(kept[:-1]))
