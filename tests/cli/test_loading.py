"""What is asked often starts quickly: by what it loads, since a clock in a test tells nothing."""

import sys

import pytest
from cli.books import HEAD, all_events, recorded
from cli.door import environment, program

# prints what is loaded in the end, after the command's own output
WATCHED = """
import sys
from postmortem.cli import run
status = run(sys.argv[1:])
print("\\nloaded:", *sorted(sys.modules))
sys.exit(status)
"""
HEAVY = {"pydantic", "pydantic_core", "eventsourcing", "sqlite_utils", "yaml", "platformdirs"}
AT = "2024-01-06T12:00Z"
DOWN = "  - {id: down, type: service-down, service: t, at: 2024-01-05T00:00Z}\n"


def modules(*words: object, **options) -> set[str]:
    ran = program(*words, command=(sys.executable, "-c", WATCHED), **options)
    assert ran.status == 0, ran.err
    return set(ran.out.rpartition("\nloaded: ")[2].split())


def loaded(*words: object, **options) -> set[str]:
    return {name.partition(".")[0] for name in modules(*words, **options)}


def ours(found: set[str]) -> set[str]:
    """The modules of the program's own, less the packages that they lie in."""
    rooms = {"", "core", "cli", "store", "reports"}
    names = {name.partition(".")[2] for name in found if name.split(".")[0] == "postmortem"}
    return names - rooms


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = tmp_path_factory.mktemp("loading") / "store.db"
    recorded(store, HEAD + all_events())
    return store


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["-h"]], ids=" ".join)
def test_help_loads_click_and_nothing_else_of_weight(words):
    found = loaded(*words)
    assert "click" in found
    assert not found & (HEAVY | {"sqlite3", "_sqlite3"})


@pytest.mark.parametrize("words", [["--help"], ["--version"]], ids=" ".join)
def test_help_loads_the_table_of_commands_alone(words):
    found = modules(*words)
    assert ours(found) == {"cli.commands", "core.errors"}
    assert words == ["--version"] or not found & {"json", "dataclasses"}


@pytest.mark.parametrize("command", ["state", "downtime", "cuts"])
def test_the_help_of_a_question_loads_no_more_than_the_question(command):
    assert not loaded(command, "--help") & HEAVY


QUESTIONS = {
    "state": ["state", "--at", AT],
    "state as JSON": ["state", "--at", AT, "--json"],
    "state in local time": ["state", "--at", "2024-01-06T12:00", "--known-at", "2024-01-09T12:00"],
    "a batch": ["state", "--batch", "-"],
    "downtime": ["downtime", "--from", AT, "--to", "2024-02-01T00:00Z"],
    "cuts": ["cuts", "d", "--at", AT],
    "sources": ["source", "list"],
    "what holds": ["verify-sources"],
    "coverage": ["coverage"],
    "explain": ["explain", "d", "--at", AT],
    "timeline": ["timeline"],
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A store in which no formula was revised: that would have to be worked out."""
    store = tmp_path_factory.mktemp("plain") / "store.db"
    recorded(store, HEAD + DOWN)
    return store


STATE = {
    *("core.errors", "core.formulas", "core.history", "core.lengths", "core.levels"),
    *("core.state", "core.times", "core.words", "core.zones"),
    *("store.backends", "store.opening", "store.progress", "store.standing", "store.view"),
    *("asking", "tracker"),
    *("cli.commands", "cli.options", "cli.output", "cli.place", "cli.state"),
}


def test_a_state_as_json_loads_what_it_is_answered_from_and_no_more(plain):
    found = modules("--db", plain, "state", "--at", AT, "--json")
    assert ours(found) == STATE
    # each takes a millisecond or more, and none is needed
    assert not found & {"locale", "hashlib", "zoneinfo", "csv", "urllib.parse", "heapq", "textwrap"}


def test_a_state_for_people_loads_besides_since_when_it_is_so(plain):
    found = ours(modules("--db", plain, "state", "--at", AT))
    assert found == STATE | {"reports.rows", "core.measures", "core.disruptions"}


def test_an_r_that_leaves_nothing_out_loads_no_more(plain):
    words = ("--db", plain, "state", "--at", AT, "--json", "--recorded-at")
    assert ours(modules(*words, "2100-01-01T00:00:00Z")) == STATE


@pytest.mark.parametrize("words", QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_to_a_current_store_loads_what_reads_and_nothing_that_writes(store, words):
    found = loaded("--db", store, *words)
    assert {"click", "sqlite3"} <= found
    assert not found & HEAVY


def test_the_watch_would_see_it(tmp_path):
    (tmp_path / "book.yaml").write_text(HEAD)
    found = loaded("--db", tmp_path / "store.db", "import", tmp_path / "book.yaml")
    assert found >= HEAVY - {"platformdirs"}


def test_the_package_itself_loads_nothing():
    code = "import sys, postmortem; print(*{name.partition('.')[0] for name in sys.modules})"
    ran = program("-c", code, command=(sys.executable,), env=environment())
    assert ran.status == 0
    assert not set(ran.out.split()) & (HEAVY | {"click", "sqlite3"})
