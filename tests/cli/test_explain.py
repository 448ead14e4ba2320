"""`explain`: the founding case from level to citation, and what must not break it."""

from __future__ import annotations

import csv
import io
import json
import re
import sys

import pytest
from cli.door import FOUNDING, complaint, program, run

NIGHT = "2021-01-10T23:30"
MOMENTS = ("2021-01-05T12:00", "2021-01-10T06:30", NIGHT, "2021-01-11T00:30", "2021-02-01T00:00")
LOADED = ("pydantic", "eventsourcing", "sqlite_utils", "yaml")


@pytest.fixture(scope="module")
def parler(tmp_path_factory):
    store = tmp_path_factory.mktemp("explain") / "parler.db"
    assert run("--db", store, "import", FOUNDING).status == 0
    return store


@pytest.fixture(autouse=True)
def _as_wide_as_a_pipe(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")


def ask(store, *arguments):
    ran = run("--db", store, "explain", *arguments)
    assert ran.status == 0, ran.err
    return ran.out


def sections(text: str) -> dict[str, list[str]]:
    """The lines under each title, and under no title the head."""
    found: dict[str, list[str]] = {"": []}
    title = ""
    for line in text.splitlines():
        if line in ("Why", "How sure", "What would change the answer", "Cited"):
            title = line
            found[title] = []
        elif line:
            found[title].append(line)
    return found


# --- on a terminal --------------------------------------------------------------------------------


def test_from_the_level_to_the_citation(parler):
    told = sections(ask(parler, "public-service", "--at", NIGHT))
    assert told[""] == [
        "public-service of Parler at 2021-01-10 23:30 PST (2021-01-11 07:30 UTC), as known now",
        "? unavailable to degraded, since 2021-01-10 13:00 PST",
    ]
    why = told["Why"]
    assert why[0] == "? public-service: unavailable to degraded = the worst of"
    depths = [(line.strip().split(":")[0], len(line) - len(line.lstrip())) for line in why]
    path = [
        ("? public-service", 0),
        ("? use", 2),
        ("? web-use", 4),
        ("? hosting", 6),
        ("? aws (Amazon Web Services, amazon)", 8),
        ("- aws-cut-off", 10),
    ]
    assert depths[: len(path)] == path
    text = " ".join(line.strip() for line in why)
    assert "began 2021-01-10 13:00 PST to 2021-01-11 00:00 PST, contested" in text
    assert (
        "aws-midnight-claimed: written "
        "2021-01-10T23:59[America/Los_Angeles]..2021-01-11T00:00[America/Los_Angeles], known from "
        "2021-01-11 00:00 PST, cites leafandcore#char=294,387" in text
    )
    assert "? hosting: unavailable to operational, as above" in text  # once unfolded, then named
    assert why[-1] == "impaired, without weight here: app-store, google-play, zendesk"
    assert {line.split()[0] for line in told["Cited"]} >= {"leafandcore", "nextpit", "post-twilio"}


def test_how_sure_and_what_would_change_it(parler):
    told = sections(ask(parler, "hosting", "--at", NIGHT))
    sure = " ".join(told["How sure"])
    assert "not certain" in sure
    assert "aws-cut-off may not have begun; by 2021-01-11 00:00 PST it has" in sure
    would = [re.sub(r"  +", " | ", line.strip()) for line in told["What would change the answer"]]
    assert "2021-01-10 13:00 PST | ? unavailable to operational | aws-cut-off may begin" in would
    assert "2021-01-10 23:30 PST | ? unavailable to operational | the moment asked about" in would
    assert would[-7:] == [
        "if | it would be",
        "aws-cut-off were over | ● operational",
        "aws were lost as well | ✕ unavailable",
        "aws-cut-off began by then | ✕ unavailable",
        "aws-cut-off began later | ● operational",
        "aws-cut-off began as aws-cut-off says | ✕ unavailable",
        "aws-cut-off began as aws-midnight-claimed says | ● operational",
    ]


def test_when_all_agree_it_is_certain(parler):
    told = sections(ask(parler, "auth", "--at", "2021-02-01T00:00"))
    assert told["How sure"][0] == "  - certain: nothing that is known allows another level"
    assert told["How sure"][1].startswith("  - a time of aws-cut-off is contested")
    assert told["What would change the answer"][-1] == (
        "  no single disruption holds it down, but several together: aws-cut-off, twilio-cut-off"
    )


def test_what_was_only_announced(parler):
    told = sections(
        ask(parler, "aws", "--at", "2021-01-11T00:30", "--known-at", "2021-01-10T20:00")
    )
    assert "  - aws-announced is announced, and not confirmed" in told["How sure"]
    would = " ".join(told["What would change the answer"])
    assert re.search(r"aws-announced was carried out by then +✕ unavailable", would)
    assert re.search(r"aws-announced was not carried out by then +● operational", would)


def test_where_nothing_is_recorded_that_is_said(parler):
    told = sections(ask(parler, "ddos-protection", "--at", NIGHT))
    assert told[""][1] == "· nothing recorded"
    assert "certain" not in told["How sure"][0]
    before = ask(parler, "hosting", "--at", NIGHT, "--known-at", "2020-01-01T00:00")
    assert sections(before)["Why"][-1] == "nothing recorded: aws"


def test_all_unfolds_what_has_no_weight(parler):
    assert "zendesk-cut-off" not in ask(parler, "public-service", "--at", NIGHT)
    whole = ask(parler, "public-service", "--at", NIGHT, "--all")
    assert "zendesk-cut-off: unavailable, or no effect" in whole
    assert "without weight" not in whole


def test_turns_as_many_as_are_asked_for(parler):
    none = ask(parler, "public-service", "--at", NIGHT, "--turns", "0")
    assert "  it turns: 3 earlier and 1 later; --turns shows them" in none
    assert "since 2021-01-10 13:00 PST" in none
    assert "may begin" not in none
    some = ask(parler, "public-service", "--at", NIGHT, "--turns", "1")
    assert "  more turns: 2 earlier; --turns shows them" in some
    assert "--turns" not in ask(parler, "public-service", "--at", NIGHT, "--turns", "9")


@pytest.mark.parametrize("columns", ["80", "120"])
def test_it_fits_the_terminal(parler, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    for id in ("public-service", "legal-representation", "joining"):
        for line in ask(parler, id, "--at", NIGHT, "--all").splitlines():
            longest = max(map(len, line.split()), default=0)  # what may be copied stays whole
            assert len(line) <= max(int(columns), 40 + longest)


# --- as data --------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", MOMENTS)
def test_the_document_says_what_the_state_says(parler, at):
    state = run("--db", parler, "state", "--at", at, "--json").json
    for id in (*state["capabilities"], *state["services"]):
        found = json.loads(ask(parler, id, "--at", at, "--json"))
        keys = ("platform", "at", "known_at", "recorded_at")
        assert [found[key] for key in keys] == [state[key] for key in keys]
        own = state["capabilities"].get(id) or state["services"][id]
        assert all(found[key] == own[key] for key in ("worst", "best", "status"))
        for capability, why in found["capabilities"].items():
            assert state["capabilities"][capability].items() <= why.items()
            for held in why["formulas"]:
                assert_named(held["formula"], found)
        for service, why in found["services"].items():
            assert state["services"][service].items() <= why.items()
            assert [each["id"] for each in why["disruptions"]] == why["because"]
        assert_facts(found)


def assert_named(node, found):
    if node["kind"] == "id":
        there = {**found["capabilities"], **found["services"]}[node["id"]]
        assert all(node[key] == there[key] for key in ("worst", "best", "status"))
    for part in node.get("of", ()):
        assert_named(part, found)


def assert_facts(found):
    """Whatever fact is named is described, with its sources."""
    named = set()
    for why in found["services"].values():
        for disruption in why["disruptions"]:
            named |= {disruption["id"], *filter(None, [disruption["carries_out"]])}
            named |= {said["by"] for time in disruption["times"] for said in time["stated"]}
    turns = [*found["turns"]["before"], *found["turns"]["after"]]
    named |= {said for turn in turns for cause in turn["because"] for said in cause["said_by"]}
    named |= {each["fact"] for each in found["if_known"]}
    assert named <= found["facts"].keys()
    for fact in found["facts"].values():
        cited = [f"{s['id']}#{s['locator']}" if s["locator"] else s["id"] for s in fact["sources"]]
        assert cited == fact["body"].get("cites", [])
        assert all(source["title"] for source in fact["sources"])


def test_rows_for_elsewhere(parler):
    text = ask(parler, "public-service", "--at", NIGHT, "-f", "csv")
    rows = {row["disruption"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["aws-cut-off"]["times"] == "start 2021-01-10T21:00:00Z..2021-01-11T08:00:00Z"
    assert rows["aws-cut-off"]["effects"] == "unavailable, none"
    assert rows["zendesk-cut-off"]["matters"] == "no"
    table = ask(parler, "public-service", "--at", NIGHT, "-f", "markdown").splitlines()
    assert len(table) == len(rows) + 2


# --- what is refused ------------------------------------------------------------------------------


def test_ids_that_cannot_be_explained(parler):
    refused = complaint(run("--db", parler, "explain", "hostin"))
    assert "did you mean hosting?" in refused
    refused = complaint(run("--db", parler, "explain", "aws-cut-off"))
    assert "`postmortem explain aws`" in refused
    refused = complaint(run("--db", parler, "explain", "aws-midnight-claimed"))
    assert "`postmortem show aws-midnight-claimed`" in refused
    assert "leafandcore" in complaint(run("--db", parler, "explain", "leafandcore"))
    early = run("--db", parler, "explain", "hosting", "--recorded-at", "2020-01-01T00:00")
    assert "was not declared yet by then" in complaint(early)
    assert "there are" in complaint(run("--db", parler, "explain", "\x9b31m"))


def test_without_a_store_or_anything_in_it(tmp_path):
    complaint(run("--db", tmp_path / "none.db", "explain", "hosting"), status=3)


# --- hostile words, slow questions ----------------------------------------------------------------

HOSTILE = """
casebook: 1
platform: {id: p, name: "P\\u009b31m", zone: UTC}
sources: {press: {title: "Title\\u202e \\u009d0;x\\u009c"}}
services: {s: {name: "N\\u0085ame\\u009b2J", provider: "pro\\u2066vider"}}
capabilities: {c: {any_of: [s, {fallback: s}]}}
events:
  - {id: d, type: service-cut-off, service: s, at: 2021-01-10T10:00Z.., by: "b\\u009b31my",
     reason: "because\\u2028of \\u009b1m", cites: ["press#\\u202elocator"]}
  - {id: t, type: time-claimed, about: d, time: ..2021-01-09T10:00Z}
"""


@pytest.fixture
def hostile(tmp_path):
    casebook = tmp_path / "hostile.yaml"
    casebook.write_text(HOSTILE, "utf-8")
    assert run("--db", tmp_path / "p.db", "import", casebook).status == 0
    return tmp_path / "p.db"


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "json"])
def test_words_reach_the_terminal_as_words(hostile, form):
    for id in "cs":
        text = ask(hostile, id, "--at", "2021-01-10T12:00", "-f", form)
        unsafe = set("\x1b\x9b\x9c\x9d\x85\u2028\u202e\u2066")
        if form == "csv":  # CSV is data, and holds what was written
            assert "\x1b" not in text
            continue
        assert not unsafe & set(text)


def test_colours_are_our_own(hostile):
    ran = run("--db", hostile, "--color", "always", "explain", "c", "--at", "2021-01-10T12:00")
    assert ran.status == 0, ran.err
    assert "\x1b" in ran.out
    assert not re.search(r"\x1b(?!\[[0-9;]*m)", ran.out)
    assert "\\u{1b}" not in ran.out  # nor were ours escaped as if they were somebody's
    assert not set("\x9b\x9c\x9d\u202e\u2066") & set(ran.out)


def test_a_time_of_which_nothing_is_known(hostile):
    text = ask(hostile, "s", "--at", "2021-01-10T12:00")
    assert "began at an unknown time, contested" in text
    assert "nothing says by when it has" in text
    rows = ask(hostile, "s", "--at", "2021-01-10T12:00", "-f", "csv")
    assert "start ..," in rows


def test_which_of_two_formulas_holds(tmp_path):
    casebook = tmp_path / "book.yaml"
    casebook.write_text(
        """
casebook: 1
platform: {id: p, zone: UTC}
services: {s: {}, t: {}}
capabilities: {c: s}
events:
  - {id: d, type: service-down, service: s, at: 2021-01-01T00:00}
  - {id: r, type: capability-revised, capability: c, requires: {any_of: [s, t]},
     at: 2021-01-02..2021-01-03}
""",
        "utf-8",
    )
    store = tmp_path / "p.db"
    assert run("--db", store, "import", casebook).status == 0
    told = sections(ask(store, "c", "--at", "2021-01-02T12:00"))
    assert told["Why"][0] == "? c: unavailable to operational = one of these formulas"
    assert "  ✕ as declared: unavailable = that of" in told["Why"]
    why = " ".join(line.strip() for line in told["Why"])
    since = "from 2021-01-02 00:00 UTC to before 2021-01-04 00:00 UTC on"
    assert f"● by r, {since}: operational = the best of" in why
    assert "  - c may have any of 2 formulas then" in told["How sure"]
    after = ask(store, "c", "--at", "2021-01-05T00:00")
    assert "● c: operational = the best of, as revised by r" in after


def test_it_loads_what_a_question_needs_and_no_more(parler):
    code = (
        "import sys; from postmortem.cli import run; "
        f"status = run(['--db', {str(parler)!r}, 'explain', 'hosting', '--at', {NIGHT!r}]); "
        f"loaded = [name for name in {LOADED!r} if name in sys.modules]; "
        "sys.exit(status or loaded or 0)"
    )
    ran = program(command=(sys.executable, "-c", code))
    assert ran.status == 0, ran.err


def test_several_platforms_in_one_store(parler, tmp_path):
    store = tmp_path / "two.db"
    other = tmp_path / "other.yaml"
    other.write_text("casebook: 1\nplatform: {id: o}\nservices: {s: {}}\n", "utf-8")
    assert run("--db", store, "import", FOUNDING, other).status == 0
    assert "--platform" in complaint(run("--db", store, "explain", "s"))
    told = ask(store, "s", "--platform", "o", "--at", "2021-01-10T12:00Z")
    assert told.startswith("s of o at 2021-01-10 12:00 UTC")
