"""record, declare, correct and retract: what they record, say, and refuse."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from cli.books import EVENTS, HEAD, all_events, recorded
from cli.door import complaint, environment, logged, looked_into, positions, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postmortem import asking
from postmortem.cli import entry as typed
from postmortem.cli.desk import Desk
from postmortem.cli.kinds import kinds
from postmortem.cli.record import record
from postmortem.core import catalogue
from postmortem.core.errors import BadInput, OutcomeUnknown
from postmortem.core.events import CATALOGUE
from postmortem.core.events import EVENTS as TYPED
from postmortem.core.levels import Bounds
from postmortem.core.times import END, AsOf, format_instant, parse_stored
from postmortem.testing import histories
from postmortem.testing.fields import Pool, keys
from postmortem.tracker import Tracker

NOW = parse_stored("2024-03-01T12:00:00.25Z")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Whoever types, types it at NOW; a test may let the time go on."""
    monkeypatch.setenv("COLUMNS", "200")
    still = SimpleNamespace(now=NOW)
    monkeypatch.setattr(asking, "time", SimpleNamespace(time_ns=lambda: still.now * 1000))
    return still


@pytest.fixture(scope="module")
def _books(tmp_path_factory):
    """Two stores, made once: declarations alone, and at least one event of every type."""
    folder = tmp_path_factory.mktemp("books")
    with mock.patch.object(asking, "time", SimpleNamespace(time_ns=lambda: (NOW - 10**12) * 1000)):
        _make(folder)
    return folder


def _make(folder: Path) -> None:
    for name, text in (("head", HEAD), ("all", HEAD + all_events())):
        (folder / name).mkdir()
        recorded(folder / name / "store.db", text)
        assert run("--db", folder / name / "store.db", "backup", folder / f"{name}.db").status == 0


@pytest.fixture
def store(_books, tmp_path) -> Path:
    """Services s, t and u; capabilities c (s) and d (c and t); nothing has happened."""
    return Path(shutil.copy(_books / "head.db", tmp_path / "store.db"))


@pytest.fixture
def full(_books, tmp_path) -> Path:
    """The same with one event of every type, or more."""
    return Path(shutil.copy(_books / "all.db", tmp_path / "full.db"))


def body(store: Path, id: str) -> dict[str, Any]:
    """What is recorded under that id, words in the clear."""
    with Tracker(str(store)) as held:
        version = held.view.version("p", id)
        assert version is not None, id
        return held.view.logged(version.position).body


def lately(store: Path) -> str:
    """The id of what was recorded last."""
    with looked_into(store) as connection:
        row = connection.execute(
            "SELECT event_id FROM stored_events ORDER BY position DESC LIMIT 1"
        )
        return row.fetchone()[0].partition("/")[2]


def changed(ran: Any) -> list[str]:
    """The lines that tell which levels moved."""
    lines = ran.out.splitlines()
    assert "changed, as known now:" in lines, ran.out + ran.err
    return [line.strip() for line in lines[lines.index("changed, as known now:") + 1 :]]


# --- options are made from the class -------------------------------------------------------------


POOL = Pool(
    zone="Europe/Berlin",
    sources=("src", "press"),
    services=("s", "t"),
    capabilities=("c", "d"),
    events={type: ("e1", "e2") for type in CATALOGUE if not type.endswith("-declared")},
)


FLAGS = ("clerical", "public")


def as_options(fields: dict[str, Any]) -> list[str]:
    """The fields as somebody would type them."""
    found = []
    for name, value in fields.items():
        option = typed.dashed(name)
        if name in FLAGS:
            found += [option] if value == "true" or value is True else []
        elif name == "meta":
            found += [f"{option}={key}={text}" for key, text in value.items()]
        elif name == "requires":
            found.append(f"{option}={value if isinstance(value, str) else json.dumps(value)}")
        else:
            found += [
                f"{option}={each}" for each in (value if isinstance(value, list) else [value])
            ]
    return found


@given(st.data(), st.sampled_from(list(TYPED)))
def test_every_field_of_every_type_can_be_typed(data, type):
    fields = keys(data.draw, CATALOGUE[type], POOL, {"id": "new", "meta": None})
    assert fields is not None
    fields |= data.draw(st.sampled_from([{}, {"meta": {"ticket": "PM-1", "a": "b=c"}}]))
    for flag in FLAGS:
        if fields.get(flag) in ("false", False):
            del fields[flag]
    command = record.get_command(None, type)
    ctx = command.make_context(type, as_options(fields))
    read = typed.fields_of(kinds()[type].fields, ctx.params)
    assert read == {name: True if name in FLAGS else value for name, value in fields.items()}


def test_what_is_typed_is_what_a_casebook_would_record(store, full):
    """The whole story of `books`, once imported and once typed."""
    for id, fields in EVENTS.items():
        given = {key: value for key, value in fields.items() if key != "type"}
        given["id"] = id
        ran = run("--db", store, "record", fields["type"], *as_options(given))
        assert ran.status == 0, ran.err
        assert ran.out.startswith(f"recorded {id} at position {len(positions(store))} (2024-03-01T")
    for id in EVENTS:
        assert body(store, id) == body(full, id)


def test_an_id_is_made_from_the_type_and_what_it_is_about(store):
    made = []
    for words in (
        "service-down --service s --at 2024-01-01T00:00Z",
        "service-down --service s --at 2024-01-01T01:00Z",
        "service-restored --ends s-down --ends s-down-2 --at 2024-01-01T02:00Z",
        "cutoff-announced --service t --at 2024-01-01T03:00Z --effective-at 2024-01-09T00:00Z",
        "cutoff-withdrawn --announcement t-cutoff-announced --at 2024-01-02T00:00Z",
        "effect-changed --disruption s-down --effect degraded --at 2024-01-01T01:00Z",
        "capability-revised --capability d --requires c --at 2024-01-03T00:00Z",
        "time-claimed --about s-down --time 2024-01-01T00:30Z",
        "retracted --event s-down-2 --reason no",
        "note --text hello --at now --about c",
        "note --text hello --at now",
    ):
        ran = run("--db", store, "record", *words.split(), "--json")
        made.append(ran.json["id"])
    assert made == [
        "s-down",
        "s-down-2",
        "s-restored",
        "t-cutoff-announced",
        "t-cutoff-withdrawn",
        "s-effect-changed",
        "d-revised",
        "s-down-time-claimed",
        "s-down-2-retracted",
        "c-note",
        "note",
    ]


def test_a_made_id_is_never_one_that_something_has(store):
    run("--db", store, "declare", "service", "s-down")
    run("--db", store, "declare", "capability", "s-down-2", "--requires", "s")
    run("--db", store, "record", "note", "--id", "s-down-3", "--text", "x", "--at", "now")
    ran = run("--db", store, "record", "service-down", "--service", "s", "--at", "now", "--json")
    assert ran.json["id"] == "s-down-4"


def test_a_long_id_leaves_room_for_its_number(store):
    long = "x" * 200
    run("--db", store, "declare", "service", long)
    ids = [
        run(
            "--db", store, "record", "service-down", "--service", long, "--at", "now", "--json"
        ).json
        for _ in range(2)
    ]
    assert [each["id"] for each in ids] == [long[:-2] + "-2", long[:-2] + "-3"]


def test_two_who_record_at_once_get_two_ids(store):
    """Another one takes the id while ours is being made up."""
    words = ["--db", store, "record", "service-down", "--service", "s", "--at", "now"]
    real = Tracker.record

    def late(self, drafts):
        with mock.patch.object(Tracker, "record", real):
            assert run(*words).status == 0
        return real(self, drafts)

    with mock.patch.object(Tracker, "record", late):
        ran = run(*words)
    assert ran.out.startswith("recorded s-down-2 at ")
    assert lately(store) == "s-down-2"


# --- times ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed_as", "earliest", "written"),
    [
        ("2024-01-05T00:30+01:00", "2024-01-04T23:30:00Z", "2024-01-05T00:30+01:00"),
        ("2024-01-05T00:30", "2024-01-04T23:30:00Z", "2024-01-05T00:30"),
        ("2024-01-05 00:30 PST", "2024-01-05T08:30:00Z", "2024-01-05 00:30 PST"),
        ("5 January 2024 12:30am PST", "2024-01-05T08:30:00Z", "5 January 2024 12:30am PST"),
        ("now", "2024-03-01T12:00:00Z", "2024-03-01T12:00:00Z"),
        ("-2h", "2024-03-01T10:00:00Z", "2024-03-01T10:00:00Z"),
        ("yesterday 18:00", "2024-02-29T17:00:00Z", "2024-02-29T17:00:00Z"),
        ("@down", "2024-01-05T00:00:00Z", "2024-01-05T00:00:00Z"),
        ("@down:-1m", "2024-01-04T23:59:00Z", "2024-01-04T23:59:00Z"),
    ],
)
def test_a_time_keeps_its_wording_unless_it_only_holds_here_and_now(
    full, typed_as, earliest, written
):
    ran = run("--db", full, "record", "note", "--text", "x", "--at", typed_as, "--id", "n")
    assert ran.status == 0, ran.err
    at = body(full, "n")["at"]
    if typed_as in ("@down", "@down:-1m"):  # claimed an hour later: contested, hence a span
        assert (at["latest"] > at["earliest"], at["written"]) == (
            True,
            f"{at['earliest']}..{at['latest']}",
        )
        written = at["written"]
    assert (at["earliest"], at["written"]) == (earliest, written)


def test_what_was_typed_is_shown_resolved(store):
    typed_as = ["--at", "2024-01-05 00:30 PST", "--tz", "America/New_York"]
    ran = run("--db", store, "record", "service-down", "--service", "s", *typed_as)
    assert "  at: 2024-01-05 03:30 EST (08:30 UTC)\n" in ran.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--at", "2024-01-05 00:30 CST"], ("--at", "CST")),
        (["--at", "01/05/2024"], ("--at",)),
        (["--at", "@nothing"], ("--at", "nothing")),
        (["--at", "now", "--known-at", "+1h"], ("known_at", "after the recording")),
    ],
)
def test_a_time_that_cannot_be_read_names_its_option(store, words, says):
    said = complaint(run("--db", store, "record", "note", "--text", "x", *words))
    assert all(phrase in said for phrase in says), said


def test_sources_tell_from_when_it_was_known(store):
    ran = run("--db", store, "record", "note", "--text", "x", "--at", "now", "--cites", "src#p. 3")
    assert "  known from: 2024-01-02 11:00 CET (10:00 UTC)\n" in ran.out
    assert body(store, "note")["cites"] == ["src#p. 3"]


# --- what it says ---------------------------------------------------------------------------------


def test_the_levels_that_moved_are_told_for_capabilities_and_services(store):
    ran = run(
        "--db", store, "record", "service-down", "--service", "s", "--at", "2024-01-05T00:00Z"
    )
    since = "from 2024-01-05 01:00 CET (00:00 UTC)"
    assert changed(ran) == [
        f"c: operational → unavailable {since}",
        f"d: operational → unavailable {since}",
        f"s: operational → unavailable {since}",
    ]
    ran = run(
        "--db", store, "record", "service-down", "--service", "s", "--at", "2024-01-06T00:00Z"
    )
    assert ran.out.endswith("no level changed: s was unavailable then already\n")


def test_as_json(store):
    words = ["service-degraded", "--service", "t", "--at", "2024-01-05T00:00Z..2024-01-05T01:00Z"]
    ran = run("--db", store, "record", *words, "--json")
    with looked_into(store) as connection:
        recorded_at = connection.execute("SELECT max(recorded_at) FROM stored_events").fetchone()[0]
    whole = {"worst": "operational", "best": "operational", "status": "operational"}
    partly = {"worst": "degraded", "best": "operational", "status": "uncertain"}
    worse = {"worst": "degraded", "best": "degraded", "status": "degraded"}
    first = {"from": "2024-01-05T00:00:00Z", "until": "2024-01-05T01:00:00Z", "before": whole}
    then = {"from": "2024-01-05T01:00:00Z", "until": None, "before": whole, "after": worse}
    assert ran.json == {
        "id": "t-degraded",
        "position": len(positions(store)),
        "recorded_at": format_instant(recorded_at),
        "changed": [
            {"kind": "capability", "id": "d", **first, "after": partly},
            {"kind": "capability", "id": "d", **then},
            {"kind": "service", "id": "t", **first, "after": partly},
            {"kind": "service", "id": "t", **then},
        ],
    }


WRITES = st.sampled_from(
    [
        ["record", "service-down", "--service", "SERVICE", "--at", "TIME"],
        ["record", "service-degraded", "--service", "SERVICE", "--at", "2021-01-10T06:00Z..TIME"],
        ["record", "cutoff-announced", "--service", "SERVICE", "--at", "2021-01-09T00:00Z",
         "--effective-at", "TIME"],
        ["record", "service-restored", "--ends", "EVENT", "--at", "TIME"],
        ["correct", "EVENT", "--at", "TIME", "--clerical"],
        ["retract", "EVENT", "--reason", "no"],
    ]
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(plain=True), WRITES, st.data())
def test_what_is_said_to_have_changed_is_what_changed(tmp_path, clock, history, words, data):
    """The periods told, against the state asked at every instant at which anything may turn."""
    store = tmp_path / f"{len(list(tmp_path.iterdir()))}.db"
    with Tracker(str(store), clock=lambda: NOW - 10**9) as held:
        for draft in history:
            try:
                held.record([draft])
            except BadInput:
                continue
        platform = held.platform()
        events = [v.id for v in held.view.versions(platform, AsOf(END))] or ["none"]
        services = sorted(held.picture(platform, AsOf(END)).situation.services)
    chosen = {
        "SERVICE": data.draw(st.sampled_from(services)),
        "EVENT": data.draw(st.sampled_from(events)),
    }
    time = data.draw(
        st.sampled_from(["2021-01-10T12:00Z", "2021-01-11T08:00Z", "2021-01-11T23:00Z"])
    )
    words = [chosen.get(word, word.replace("TIME", time)) for word in words]
    rehearsed = run("--db", store, *words, "--json", "--dry-run")
    before = positions(store)
    ran = run("--db", store, *words, "--json")
    assert rehearsed.status == ran.status
    if ran.status:
        assert positions(store) == before
        assert complaint(ran)
        return
    answer = ran.json
    assert rehearsed.json["changed"] == answer["changed"]
    at = parse_stored(answer["recorded_at"])
    with Tracker(str(store)) as held:
        old, new = (held.picture(platform, AsOf(END, recorded=r)) for r in (at - 1, at))
    moments = {
        parse_stored(m[key]) for m in answer["changed"] for key in ("from", "until") if m[key]
    }
    for picture in (old, new):
        for disruptions in picture.by_service.values():
            moments |= {turn for each in disruptions for turn in each.turns() if abs(turn) < 10**17}
    for moment in {turn + near for turn in moments for near in (-1, 0, 1)}:
        states = [picture.state(AsOf(moment)) for picture in (old, new)]
        differing = {
            ("service", id): (states[0].services[id].bounds, states[1].services[id].bounds)
            for id in states[0].services
        } | {
            ("capability", id): (states[0].capabilities[id], states[1].capabilities[id])
            for id in states[0].capabilities
        }
        said = {
            (move["kind"], move["id"]): (move["before"], move["after"])
            for move in answer["changed"]
            if (move["from"] is None or parse_stored(move["from"]) <= moment)
            and (move["until"] is None or moment < parse_stored(move["until"]))
        }
        assert said == {
            key: tuple(map(_document, pair))
            for key, pair in differing.items()
            if pair[0] != pair[1]
        }


def _document(bounds: Bounds) -> dict[str, str]:
    return {"worst": bounds.worst.word, "best": bounds.best.word, "status": bounds.status}


def test_a_rehearsal_says_the_same_and_records_nothing(store):
    words = ["record", "service-down", "--service", "s", "--at", "2024-01-05T00:00Z"]
    before = logged(store)
    tried = run("--db", store, *words, "--dry-run")
    assert tried.out.startswith(
        "nothing is recorded; this would be: recorded s-down at position 8\n"
    )
    assert logged(store) == before
    done = run("--db", store, *words)
    assert changed(tried) == changed(done)
    tried = run("--db", store, "correct", "s-down", "--effect", "degraded", "--dry-run", "--json")
    assert tried.json["id"] == "s-down-2"
    assert (tried.json["position"], tried.json["recorded_at"]) == (None, None)
    assert lately(store) == "s-down"


def test_recording_again_under_the_same_id_is_harmless(store):
    words = [
        "record",
        "service-down",
        "--service",
        "s",
        "--at",
        "2024-01-05T00:00Z",
        "--id",
        "mine",
    ]
    first = run("--db", store, *words, "--json").json
    before = logged(store)
    again = run("--db", store, *words)
    assert again.out == "mine is recorded already, exactly so; nothing is new\n"
    same = run("--db", store, *words, "--json").json
    assert same == {**first, "changed": []}
    assert logged(store) == before


def test_who_records_is_kept(store, monkeypatch):
    monkeypatch.setenv("POSTMORTEM_BY", "the night shift")
    run("--db", store, "record", "note", "--text", "x", "--at", "now")
    with Tracker(str(store)) as held:
        assert held.view.logged(8).by == "the night shift"


def test_nothing_is_acknowledged_before_it_is_known_to_be_recorded(store):
    def fails(self, drafts):
        list(drafts)
        raise OutcomeUnknown("the store failed while committing", hint="ask with `log`")

    with mock.patch.object(Tracker, "record", fails):
        ran = run("--db", store, "record", "note", "--text", "x", "--at", "now")
    complaint(ran, 4)


def test_a_full_disk_leaves_nothing_behind(store):
    before = logged(store)
    full = sqlite3.OperationalError("database or disk is full")
    with mock.patch("postmortem.store.ledger.SQLiteWriting.insert", side_effect=full):
        said = complaint(run("--db", store, "record", "note", "--text", "x", "--at", "now"), 3)
    assert "no room left" in said
    assert logged(store) == before


def test_hostile_words_reach_the_terminal_as_what_they_are(store):
    run(
        "--db",
        store,
        "record",
        "service-down",
        "--service",
        "s",
        "--at",
        "now",
        "--reason",
        "a\u202eb",
    )
    ran = run("--db", store, "correct", "s-down", "--reason", "\x9b31m\u2066c")
    assert "reason: a\\u{202e}b → \\u{9b}31m\\u{2066}c" in ran.out
    ran = run("--db", store, "record", "note", "--text", "\x1b[31m", "--at", "now")
    assert "U+001B" in complaint(ran)


# --- what it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("record service-down", ("needs --at and --service", "--edit")),
        ("record service-down --service x --at now", ("no service 'x'", "declare service x")),
        ("record cutoff-withdrawn --announcement warnd --at now", ("warnd", "mean warned?")),
        (
            "record cutoff-withdrawn --announcement down --at now",
            ("service-down", "cutoff-announced"),
        ),
        ("record note --text x --at now --cites scr", ("no source 'scr'", "mean src?")),
        ("record note --text x --at now --about dwn", ("capability 'dwn'", "mean down?")),
        ("record note --text x --at now --id down", ("down is recorded already", "service-down")),
        ("record note --text x --at now --id s", ("s is the id of a service",)),
        ("record note --text x --at now --id Ä", ("no id",)),
        ("record note --text x --at now --meta x", ("--meta takes KEY=VALUE",)),
        ("record note --text x --at now --meta x=1 --meta x=2", ("twice",)),
        ("record note --text x --at now --tz Mars", ("Mars",)),
        ("record note --text x --at now --platform q", ("no platform 'q'",)),
        ("record service-restored --ends down --at now", ("ended already, by back",)),
        (
            "record capability-revised --capability c --requires {all_of:__ --at now",
            ("--requires",),
        ),
        ("record capability-revised --capability c --requires d --at now", ("circle",)),
        ("record capability-revised --capability c --requires z --at now", ("z",)),
        ("correct", ()),
        ("correct nothing --at now", ("no event 'nothing'",)),
        ("correct dwn --at now", ("mean down?",)),
        ("correct s --at now", ("s is a service", "declare service s --amend")),
        ("correct noted --text x", ("noted is retracted, by untold", "retract untold")),
        ("correct down --effective-at now", ("--effective-at", "service-down")),
        ("correct down --at 2024-01-05T01:00+01:00", ("nothing would change",)),
        ("correct down", ("nothing would change",)),
        ("correct down --unset at", ("needs it",)),
        ("correct down --unset zone", ("no such field",)),
        ("correct down --unset note --note x", ("given as well",)),
        ("correct down --clerical --known-at now --effect degraded", ("takes no known_at",)),
        ("correct back --at 2024-01-04T00:00Z", ("before the start",)),
        ("retract down", ("needs --reason",)),
        ("retract noted --reason x", ("retracted already, by untold",)),
        ("retract nothing --reason x", ("no event 'nothing'",)),
        ("declare service s --name Other", ("declared already", "--amend")),
        ("declare service s --unset name", ("--amend",)),
        ("declare service down", ("id of an event",)),
        ("declare service X", ("no id",)),
        ("declare capability x", ("needs --requires",)),
        ("declare capability x --requires x", ("circle",)),
        ("declare source x", ("needs --title",)),
        ("declare platform q --zone Mars", ("Mars",)),
    ],
)
def test_what_is_refused_says_why_and_records_nothing(full, words, says):
    before = logged(full)
    ran = run("--db", full, *(word.replace("__", " ") for word in words.split()))
    assert (ran.status, ran.out) == (2, "")
    if says:
        said = complaint(ran)
        assert all(phrase in said for phrase in says), said
    assert logged(full) == before


@pytest.mark.parametrize("word", ["\udcff", "x\0y", "A B", "", "../x"])
@pytest.mark.parametrize(
    "words",
    [
        ["record", "service-down", "--at", "now", "--service", "WORD"],
        ["record", "note", "--at", "now", "--text", "x", "--cites", "WORD#p"],
        ["record", "note", "--at", "now", "--text", "x", "--id", "WORD"],
        ["correct", "WORD", "--at", "now"],
        ["retract", "WORD", "--reason", "x"],
        ["declare", "service", "WORD"],
        ["declare", "platform", "WORD"],
    ],
)
def test_what_is_no_id_is_refused_everywhere(full, words, word):
    if word == "" and "--id" in words:
        return  # none is given then
    before = logged(full)
    ran = run("--db", full, *(each.replace("WORD", word) for each in words))
    complaint(ran)
    assert logged(full) == before


def test_a_type_that_there_is_not_is_told_with_the_nearest(store):
    ran = run("--db", store, "record", "servce-down")
    assert ran.status == 2
    assert "Did you mean 'service-down'?" in ran.err
    ran = run("--db", store, "declare", "zzz")
    assert "There are: platform, source, service, capability." in ran.err
    ran = run("--db", store, "record", "service-down", "--servic", "s")
    assert "'--service'" in ran.err


# --- a service that is not declared yet -----------------------------------------------------------


@pytest.fixture
def at_terminal():
    with mock.patch.object(Desk, "interactive", property(lambda self: True)):
        yield


@pytest.mark.usefixtures("at_terminal")
def test_an_unknown_service_is_offered_to_be_declared(store):
    words = ["record", "service-down", "--service", "okta", "--at", "2024-01-05T00:00Z"]
    ran = run("--db", store, *words, stdin="y\nSign-on\nOkta Inc.\n")
    assert "There is no service 'okta' yet." in ran.err
    assert ran.out.startswith("recorded okta-down at position 9 ")
    assert "declared service okta with it, at position 8" in ran.out
    assert changed(ran) == [
        "okta: not declared → unavailable from 2024-01-05 01:00 CET (00:00 UTC)"
    ]
    with Tracker(str(store)) as held:
        assert held.view.declared("p", "service", END - 1)["okta"][:2] == ("Sign-on", "Okta Inc.")
        times = {held.view.logged(position).recorded for position in (8, 9)}
    assert len(times) == 1  # one transaction


@pytest.mark.usefixtures("at_terminal")
def test_declined_it_is_refused_with_the_command(store):
    before = logged(store)
    ran = run(
        "--db", store, "record", "service-down", "--service", "okta", "--at", "now", stdin="n\n"
    )
    assert ran.status == 2
    assert ran.err.endswith("declare service okta --name … --provider …\n")
    assert logged(store) == before


# --- declare --------------------------------------------------------------------------------------


def test_the_platform_comes_first_and_makes_the_store(tmp_path):
    store = tmp_path / "new.db"
    said = complaint(run("--db", store, "declare", "service", "aws"), 3)
    assert "declare platform ID" in said
    assert not store.exists()
    ran = run("--db", store, "declare", "platform", "p", "--zone", "Europe/Berlin", "--dry-run")
    assert "nothing is recorded" in ran.out
    assert not store.exists()
    ran = run("--db", store, "declare", "platform", "p", "--zone", "Europe/Berlin")
    assert ran.out == (
        f"declared platform p at position 1 (2024-03-01T12:00:00Z)\n  the store is new: {store}\n"
    )
    run("--db", store, "declare", "service", "aws", "--name", "AWS", "--provider", "amazon")
    run(
        "--db",
        store,
        "declare",
        "source",
        "a",
        "--title",
        "T",
        "--published-at",
        "2024-01-05T12:00",
    )
    ran = run(
        "--db", store, "declare", "capability", "web", "--requires", "{optional: aws}", "--json"
    )
    assert ran.json["position"] == 4
    with Tracker(str(store)) as held:
        bodies = [held.view.logged(position).body for position in (1, 2, 3, 4)]
    assert bodies[0] == {"zone": "Europe/Berlin"}
    assert bodies[1] == {"name": "AWS", "provider": "amazon"}
    assert bodies[2]["title"] == "T"
    assert bodies[2]["published_at"]["earliest"] == "2024-01-05T11:00:00Z"
    assert bodies[3] == {"requires": {"optional": "aws"}}


def test_a_bad_platform_makes_no_store(tmp_path):
    store = tmp_path / "new.db"
    complaint(run("--db", store, "declare", "platform", "p", "--zone", "Mars"))
    assert not store.exists()


def test_amending_starts_from_what_is_declared(store):
    ran = run("--db", store, "declare", "service", "s", "--provider", "two", "--amend")
    assert "  provider: one → two\n" in ran.out
    ran = run(
        "--db", store, "declare", "service", "s", "--unset", "name", "--amend", "--meta", "k=v"
    )
    assert "  name: Service → not given\n" in ran.out
    with Tracker(str(store)) as held:
        position = held.view.declared("p", "service", END - 1)["s"][3]
        assert held.view.logged(position).body == {"provider": "two", "meta": {"k": "v"}}
    ran = run("--db", store, "declare", "service", "s", "--amend")
    assert ran.out == "s is declared already, exactly so; nothing is new\n"


def test_a_formula_that_is_amended_tells_which_levels_moved(store):
    run("--db", store, "record", "service-down", "--service", "t", "--at", "2024-01-05T00:00Z")
    ran = run("--db", store, "declare", "capability", "c", "--requires", "t", "--amend")
    assert "  requires: s → t\n" in ran.out
    assert changed(ran) == ["c: operational → unavailable from 2024-01-05 01:00 CET (00:00 UTC)"]


# --- correct --------------------------------------------------------------------------------------


@pytest.fixture
def down(store) -> Path:
    """The same store, in which s is down, by a source."""
    words = "record service-down --service s --at 2024-01-05T00:00Z --cites src --reason why"
    assert run("--db", store, *words.split(), "--note", "n", "--meta", "k=v").status == 0
    return store


def test_a_correction_is_whole_and_keeps_what_is_not_given(down, clock):
    clock.now += 10**9
    ran = run("--db", down, "correct", "s-down", "--at", "2024-01-06T00:00Z", "--cites", "src#2")
    assert ran.out.startswith("corrected s-down by s-down-2 at position 9 ")
    assert "  at: 2024-01-05T00:00Z → 2024-01-06T00:00Z, which is 2024-01-06 01:00 CET" in ran.out
    assert body(down, "s-down-2") == {
        **body(down, "s-down"),
        "at": {
            "earliest": "2024-01-06T00:00:00Z",
            "latest": "2024-01-06T00:00:00Z",
            "written": "2024-01-06T00:00Z",
        },
        "cites": ["src#2"],
        "replaces": "s-down",
    }
    ran = run(
        "--db", down, "correct", "s-down", "--unset", "reason", "--effect", "degraded", "--json"
    )
    assert ran.json["id"] == "s-down-3"
    third = body(down, "s-down-3")
    assert (third["replaces"], third["at"]["written"]) == ("s-down-2", "2024-01-06T00:00Z")
    assert "reason" not in third


def known(store: Path, id: str) -> str:
    with Tracker(str(store)) as held:
        return format_instant(held.view.version("p", id).known)


def test_what_is_corrected_in_the_second_in_which_it_was_recorded_is_not_known_before(store, clock):
    words = "record service-down --service s --at 2024-01-05T00:00Z --cites undated"
    assert run("--db", store, "declare", "source", "undated", "--title", "t").status == 0
    assert run("--db", store, *words.split()).status == 0
    clock.now += 1000
    assert run("--db", store, "correct", "s-down", "--at", "2024-01-06T00:00Z").status == 0
    assert known(store, "s-down") <= known(store, "s-down-2")
    assert "C12" not in run("--db", store, "check").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--at 2024-01-06T00:00Z", "2024-03-01T13:00:00Z"),
        ("--at 2024-01-06T00:00Z --clerical", "2024-01-02T10:00:00Z"),
        ("--at 2024-01-06T00:00Z --cites src", "2024-01-02T10:00:00Z"),
        ("--at 2024-01-06T00:00Z --known-at 2024-02-01T00:00Z", "2024-02-01T00:00:00Z"),
        ("--unset cites", "2024-03-01T13:00:00.25Z"),
        ("--unset known-at --at 2024-01-06T00:00Z", "2024-01-02T10:00:00Z"),
    ],
)
def test_the_world_learns_better_only_now_unless_somebody_says_otherwise(
    down, clock, words, expected
):
    """The old source told the error; that the error was one, it cannot have told."""
    clock.now += 3600 * 10**6
    assert run("--db", down, "correct", "s-down", *words.split()).status == 0
    assert known(down, "s-down-2") == expected


def test_a_correction_does_not_overrule_one_that_it_has_not_seen(down):
    from postmortem.cli import acknowledge

    real = acknowledge.tell

    def late(*arguments, **options):
        with mock.patch.object(acknowledge, "tell", real):
            assert run("--db", down, "correct", "s-down", "--reason", "theirs").status == 0
        return real(*arguments, **options)

    with mock.patch.object(acknowledge, "tell", late):
        said = complaint(run("--db", down, "correct", "s-down", "--reason", "ours"))
    assert "was corrected meanwhile, by s-down-2" in said
    assert lately(down) == "s-down-2"


def test_every_type_can_be_corrected(full):
    for id, fields in EVENTS.items():
        if id == "noted":
            continue  # it is retracted
        ran = run("--db", full, "correct", id, "--note", "seen again", "--json")
        assert ran.json["id"] == f"{id}-2", ran.err
        given = {**body(full, id), "note": "seen again", "replaces": id}
        if fields.get("cites"):
            given["known_at"] = body(full, f"{id}-2")["known_at"]
        assert body(full, f"{id}-2") == given


# --- retract --------------------------------------------------------------------------------------


def test_retracting_the_first_id_takes_back_the_fact(down):
    ran = run("--db", down, "retract", "s-down", "--reason", "it was the network")
    assert ran.out.startswith("retracted s-down, by s-down-retracted, at position 9 ")
    assert "it was a service-down of s; s-down does not count any more" in ran.out
    assert "s: unavailable → operational from 2024-01-05 01:00 CET (00:00 UTC)" in changed(ran)
    assert body(down, "s-down-retracted") == {"event": "s-down", "reason": "it was the network"}
    run("--db", down, "retract", "s-down-retracted", "--reason", "it was s after all")
    ran = run("--db", down, "correct", "s-down", "--effect", "degraded")
    assert ran.status == 0, ran.err


def test_retracting_a_later_id_takes_back_that_version(down):
    run("--db", down, "correct", "s-down", "--effect", "degraded")
    ran = run("--db", down, "retract", "s-down-2", "--reason", "no")
    assert "s-down-2, a version of s-down, is taken back; s-down stands" in ran.out
    assert any(line.startswith("s: degraded → unavailable") for line in changed(ran))


def test_a_clerical_retraction_is_known_from_when_the_slip_was(down):
    run("--db", down, "retract", "s-down", "--reason", "entered twice", "--clerical")
    assert known(down, "s-down-retracted") == known(down, "s-down") == "2024-01-02T10:00:00Z"


# --- what is loaded -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["record", "--help"],
        ["record", "service-cut-off", "--help"],
        ["declare", "--help"],
        ["declare", "capability", "--help"],
        ["correct", "--help"],
        ["retract", "--help"],
        ["events"],
        ["events", "note"],
        ["new", "--help"],
        ["completion", "zsh"],
        ["record", "service-down"],  # what is missing is told before anything is looked up
    ],
)
def test_help_and_tables_load_nothing_but_click(words):
    code = (
        "import sys\nfrom postmortem.cli import run\n"
        f"run({words!r})\n"
        "heavy = {'pydantic', 'eventsourcing', 'sqlite_utils', 'yaml', 'jinja2', 'hypothesis'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_the_help_of_every_kind_has_an_example_that_it_can_read():
    """Each option of the examples is one, and what they leave out is not needed."""
    for name, kind in kinds().items():
        verb = f"declare {name} ID" if kind.is_declaration else f"record {name}"
        example = typed.example(kind, verb)
        ran = run(*(verb.split()[:2]), "--help")
        assert "Examples:" in ran.out
        needed = [f for f in kind.fields if f.required and f.takes != catalogue.ID]
        assert all(f"{typed.dashed(field.name)} " in example for field in needed)
        assert "…" not in example, f"entry._SAMPLES has nothing for a field of {name}"


# --- what an incident adds ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "correction", "body_holds"),
    [
        (
            "action-item-opened --incident i --text t --kind prevent",
            "--kind detect --public",
            {"kind": "detect", "public": True},
        ),
        (
            "lesson-learnt --incident i --text t --kind lucky",
            "--kind went-well",
            {"kind": "went-well"},
        ),
        (
            "estimate-given --about s-down --kind exact --lasts 7d",
            "--lasts 8d --kind about",
            {"lasts": "8d", "kind": "about"},
        ),
        (
            "data-exposed --kinds a --kinds b --personal no --volume 7 --volume-unit TB",
            "--volume 7..8 --kinds c",
            {"volume": "7..8", "kinds": ["c"], "volume_unit": "TB"},
        ),
        ("severity-set --incident i --severity sev2", "--severity sev1", {"severity": "sev1"}),
    ],
)
def test_what_an_incident_adds_is_recorded_and_corrected(store, words, correction, body_holds):
    down = "service-down --service s --at 2024-01-01T00:00Z"
    opened = "incident-opened --id i --title t --at 2024-01-01T00:00Z"
    for each in (down, opened, f"{words} --id it --at 2024-01-02T00:00Z"):
        ran = run("--db", store, "record", *each.split())
        assert ran.status == 0, ran.err
    ran = run("--db", store, "correct", "it", "--clerical", *correction.split())
    assert ran.status == 0, ran.err
    assert body_holds.items() <= body(store, "it-2").items()


def test_a_kind_is_one_of_its_own_type(store):
    opened = "incident-opened --id i --title t --at 2024-01-01T00:00Z"
    lesson = "lesson-learnt --id it --incident i --text t --kind lucky --at 2024-01-01T00:00Z"
    for each in (opened, lesson):
        assert run("--db", store, "record", *each.split()).status == 0
    said = complaint(run("--db", store, "correct", "it", "--kind", "prevent"))
    assert "is 'prevent'" in said
    assert "'went-well'" in said


def test_an_amended_notice_is_the_number_of_days(store):
    ran = run("--db", store, "declare", "service", "s", "--notice-days", "30", "--amend")
    assert "notice_days: not given → 30" in ran.out
    assert (
        run("--db", store, "declare", "service", "s", "--notice-days", "030", "--amend").status == 0
    )
    assert "a" in complaint(
        run("--db", store, "declare", "service", "s", "--notice-days", "x", "--amend")
    )
