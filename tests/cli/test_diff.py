"""`diff`: what changed on each of the three clocks, and that it agrees with `state`."""

from __future__ import annotations

import csv
import io
import re
import sys

import pytest
from cli.door import FOUNDING, complaint, program, run

from postmortem.core.times import parse_instant
from postmortem.tracker import Tracker

HEAD = "casebook: 1\nplatform: {id: p, name: P, zone: UTC}\n"
TOLD = {
    "2026-01-02T12:00:00Z": """
sources: {press: {title: A paper, published_at: 2026-01-02T09:00Z}}
services: {aws: {name: Hosting}, mail: {}}
capabilities: {host: aws, log-in: {all_of: [host, {optional: mail}]}}
events:
  - {id: a1, type: cutoff-announced, service: aws, at: 2026-01-01T09:00,
     effective_at: 2026-01-03T11:00}
  - {id: d1, type: service-down, service: mail, at: 2026-01-02, cites: [press]}
""",
    "2026-01-04T12:00:00Z": """
events:
  - {id: c1, type: service-cut-off, service: aws, announcement: a1, at: 2026-01-03T11:00}
  - {id: d1b, type: service-down, service: mail, at: 2026-01-02T08:00, effect: degraded,
     replaces: d1}
  - {id: t1, type: time-claimed, about: c1, time: 2026-01-03T13:00, known_at: 2026-01-03T14:00}
""",
    "2026-01-06T12:00:00Z": """
services: {aws: {name: "Amazon\\u009b31m"}}
events:
  - {id: r1, type: retracted, event: d1, reason: "it was us\\u202e, sorry"}
  - {id: x1, type: service-restored, ends: [c1], at: 2026-01-05T00:00}
  - {id: r2, type: retracted, event: t1, reason: misread}
""",
    "2026-01-08T12:00:00Z": """
services: {spare: {}}
events:
  - {id: r3, type: retracted, event: r1, reason: it was them}
  - {id: n1, type: note, at: 2026-01-06T00:00, text: "hello \\u009b1m"}
""",
}
CLOCKS = {"--known-at": "known_at", "--recorded-at": "recorded_at"}


@pytest.fixture(autouse=True)
def _as_wide_as_a_pipe(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A record of four days, in which things were corrected, retracted and brought back."""
    path = tmp_path_factory.mktemp("diff") / "p.db"
    for written, book in TOLD.items():
        now = parse_instant(written)
        with Tracker(str(path), clock=lambda now=now: now, by="somebody") as tracker:
            tracker.import_file("book.yaml", f"{HEAD}{book}".encode(), amend=True)
    return path


@pytest.fixture(scope="module")
def parler(tmp_path_factory):
    path = tmp_path_factory.mktemp("diff") / "parler.db"
    assert run("--db", path, "import", FOUNDING).status == 0
    return path


def diff(store, *arguments):
    ran = run("--db", store, "diff", *arguments)
    assert ran.status == 0, ran.err
    return ran.out


def document(store, *arguments):
    return run("--db", store, "diff", *arguments, "--json").json


def whats(found):
    return {
        (each["what"], each.get("fact") or each["id"])
        for key in ("record", "declared")
        for each in found[key]
    }


# --- the record -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (
            "2026-01-03T12:00Z",
            "2026-01-05T12:00Z",
            {("asserted", "c1"), ("corrected", "d1"), ("claimed", "t1")},
        ),
        (
            "2026-01-05T12:00Z",
            "2026-01-07T12:00Z",
            {("retracted", "d1"), ("retracted", "t1"), ("asserted", "x1"), ("amended", "aws")},
        ),
        (
            "2026-01-07T12:00Z",
            "2026-01-09T12:00Z",
            {
                ("brought back", "d1"),
                ("retracted", "r1"),
                ("asserted", "n1"),
                ("declared", "spare"),
            },
        ),
    ],
)
def test_what_was_recorded_between_two_moments(store, first, second, expected):
    found = document(store, "--recorded-at", first, "--recorded-at", second)
    assert found["clock"] == "recorded_at"
    assert whats(found) == expected
    backwards = document(store, "--recorded-at", second, "--recorded-at", first)
    assert backwards == found


def test_one_alone_is_compared_with_now(store):
    found = document(store, "--recorded-at", "2026-01-07T12:00Z")
    assert found["after"]["recorded_at"] is None
    assert ("brought back", "d1") in whats(found)
    back = next(each for each in found["record"] if each["fact"] == "d1")
    assert (back["recorded_at"], back["freed"]) == ("2026-01-08T12:00:00Z", ["r1"])
    assert back["after"]["recorded_at"] == "2026-01-04T12:00:00Z"
    everything = document(store, "--recorded-at", "2020-01-01T00:00Z")
    assert everything["declared"][0]["what"] == "declared"
    assert {each["before"] for each in everything["levels"]} == {None}


def test_fields_of_a_correction_and_who_took_what_back(store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    text = diff(store, "--recorded-at", "2026-01-03T12:00Z", "--recorded-at", "2026-01-05T12:00Z")
    assert "now as d1b; at: 2026-01-02 → 2026-01-02T08:00" in text
    assert "effect: unavailable → degraded" in text
    assert "the time of c1 was 2026-01-03 11:00 UTC" not in text  # it was not known before
    assert "is contested now" in text
    text = diff(store, "--recorded-at", "2026-01-05T12:00Z", "--recorded-at", "2026-01-07T12:00Z")
    assert "taken back by r1: it was us\\u{202e}, sorry" in text
    assert re.search(
        r"the time of c1 was 2026-01-03 11:00 UTC to 2026-01-03 13:00 UTC, and is", text
    )
    assert "contested no more" in text
    assert "name: Hosting → Amazon\\u{9b}31m" in text


def test_what_could_be_known_between_two_moments(parler):
    found = document(parler, "--known-at", "2021-01-10T06:30", "--known-at", "2021-01-10T20:00")
    assert found["clock"] == "known_at"
    assert [each["fact"] for each in found["record"]] == [
        "twilio-cut-off",
        "okta-cut-off",
        "zendesk-announced",
        "parler-january-2021-summary-1",
        "amazon-employees-posted",
        "okta-posted",
        "zendesk-wrote",
    ]
    assert found["record"][0]["known_at"] == "2021-01-10T15:24:46.359Z"
    assert found["declared"] == []


@pytest.mark.parametrize("clock", CLOCKS)
def test_of_equal_clocks_nothing_differs(store, clock):
    found = document(store, clock, "2026-01-05T12:00Z", clock, "2026-01-05T12:00Z")
    assert (found["record"], found["declared"], found["levels"]) == ([], [], [])
    text = diff(store, clock, "2026-01-05T12:00Z", clock, "2026-01-05T12:00Z")
    assert "nothing changed in the record" in text
    assert "no level moved, over all time" in text


# --- levels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "first", "second"),
    [
        ("--recorded-at", "2026-01-03T12:00:00Z", "2026-01-05T12:00:00Z"),
        ("--recorded-at", "2026-01-05T12:00:00Z", "2026-01-07T12:00:00Z"),
        ("--known-at", "2026-01-02T10:00:00Z", "2026-01-04T12:00:00Z"),
        ("--known-at", "2026-01-04T12:00:00Z", "2026-01-09T00:00:00Z"),
    ],
)
def test_periods_agree_with_the_state_at_their_edges(store, clock, first, second):
    found = document(store, clock, first, clock, second)
    edges = {each[side] for each in found["levels"] for side in ("from", "to")} - {None}
    assert edges
    for at in edges:
        instant = parse_instant(at)
        sides = []
        for moment in (first, second):
            answer = run("--db", store, "state", "--at", at, clock, moment, "--json").json
            sides.append({**answer["capabilities"], **answer["services"]})
        here = {
            each["id"]: each
            for each in found["levels"]
            if (each["from"] is None or parse_instant(each["from"]) <= instant)
            and (each["to"] is None or instant < parse_instant(each["to"]))
        }
        for id in {**sides[0], **sides[1]}:
            was, now = (
                {key: side[id][key] for key in ("worst", "best", "status")} for side in sides
            )
            if was == now:
                assert id not in here
            else:
                assert (here[id]["before"], here[id]["after"]) == (was, now)


def test_a_window_and_a_moment(store):
    clock = ("--recorded-at", "2026-01-03T12:00Z")
    window = ("--from", "2026-01-02T10:00Z", "--to", "2026-01-02T11:00Z")
    found = document(store, *clock, *window, "--at", "2026-01-04T00:00Z")
    assert {(each["from"], each["to"]) for each in found["levels"]} == {
        ("2026-01-02T10:00:00Z", "2026-01-02T11:00:00Z")
    }
    assert (found["from"], found["to"]) == ("2026-01-02T10:00:00Z", "2026-01-02T11:00:00Z")
    assert {each["id"] for each in found["at_moment"]} == {"aws", "host", "log-in", "mail"}
    text = diff(store, *clock, *window, "--at", "2026-01-04T00:00Z")
    assert "from 2026-01-02 10:00 UTC to before 2026-01-02 11:00 UTC" in text
    assert re.search(r"host +capability +\? unavailable to operational +✕ unavailable", text)
    assert document(store, *clock)["at_moment"] is None


def test_between_two_moments_of_the_world(parler):
    found = document(parler, "--at", "2021-01-11T12:00", "--at", "2021-01-10T12:30")
    assert (found["before"]["at"], found["after"]["at"]) == (
        "2021-01-10T20:30:00Z",
        "2021-01-11T20:00:00Z",
    )
    hosting = next(each for each in found["levels"] if each["id"] == "hosting")
    assert [turn["at"] for turn in hosting["turns"]] == [
        "2021-01-10T21:00:00Z",
        "2021-01-11T08:00:00Z",
    ]
    assert hosting["turns"][1]["because"][0]["said_by"] == ["aws-midnight-claimed"]
    text = diff(parler, "--at", "2021-01-10T12:30", "--at", "2021-01-11T12:00")
    assert "2021-01-10 13:00 PST  aws-cut-off may begin" in text
    assert "? unavailable to operational: app-use, hosting, use, web-use; service aws" in text


def test_what_turned_in_between_and_is_the_same_again(store):
    text = diff(store, "--at", "2026-01-03T10:00Z", "--at", "2026-01-06T00:00Z")
    assert "no level differs between the two" in text
    assert "turned in between, and the same again: host, log-in; service aws" in text


def test_rows_for_elsewhere(store, parler):
    rows = list(
        csv.DictReader(io.StringIO(diff(store, "--recorded-at", "2026-01-07T12:00Z", "-f", "csv")))
    )
    assert {"kind": "service", "id": "mail", "from": "2026-01-02T08:00:00Z", "to": "",
            "before": "operational", "after": "degraded"} in rows  # fmt: skip
    between = ("--at", "2021-01-10T12:30", "--at", "2021-01-11T12:00")
    rows = list(csv.DictReader(io.StringIO(diff(parler, *between, "-f", "csv"))))
    assert rows == sorted(rows, key=lambda row: (row["at"], row["id"]))
    assert "aws-cut-off may begin" in {row["because"] for row in rows}
    assert len(diff(parler, *between, "-f", "markdown").splitlines()) == len(rows) + 2


# --- what is refused, and what must not break it --------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing is given to be compared"),
        (["--known-at", "A", "--recorded-at", "A"], "which is to be compared?"),
        (["--known-at", "A", "--known-at", "A", "--at", "A", "--at", "A"], "both given twice"),
        (["--at", "A", "--at", "A", "--at", "A"], "given 3 times"),
        (["--at", "A", "--at", "A", "--from", "A"], "--from and --to do not go with two --at"),
        (["--known-at", "A", "--from", "A", "--to", "A"], "is empty"),
        (["--known-at", "2026-01-03"], "is a span"),
        (["--known-at", "yesteryear"], "--known-at"),
    ],
)
def test_what_cannot_be_compared(store, arguments, said):
    texts = ["2026-01-03T00:00Z" if text == "A" else text for text in arguments]
    assert said in complaint(run("--db", store, "diff", *texts))


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_words_reach_the_terminal_as_words(store, form):
    text = diff(store, "--recorded-at", "2020-01-01T00:00Z", "-f", form)
    assert not set("\x1b\x9b\u202e") & set(text)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_it_fits_the_terminal(parler, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    for arguments in (
        ["--known-at", "2021-01-10T20:00", "--at", NIGHT],
        ["--at", "2021-01-09T20:00", "--at", NIGHT],
    ):
        for line in diff(parler, *arguments).splitlines():
            longest = max(map(len, line.split()), default=0)  # what may be copied stays whole
            assert len(line) <= max(int(columns), 20 + longest, 95)


NIGHT = "2021-01-10T23:30"


def test_it_loads_what_a_question_needs_and_no_more(parler):
    wanted = ["diff", "--known-at", "2021-01-10T20:00"]
    code = (
        "import sys; from postmortem.cli import run; "
        f"status = run(['--db', {str(parler)!r}, *{wanted!r}]); "
        "heavy = ('pydantic', 'eventsourcing', 'sqlite_utils', 'yaml'); "
        "sys.exit(status or [name for name in heavy if name in sys.modules] or 0)"
    )
    ran = program(command=(sys.executable, "-c", code))
    assert ran.status == 0, ran.err
