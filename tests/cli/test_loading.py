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
print("\\nloaded:", *sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(status)
"""
HEAVY = {"pydantic", "pydantic_core", "eventsourcing", "sqlite_utils", "yaml", "platformdirs"}
AT = "2024-01-06T12:00Z"


def loaded(*words: object, **options) -> set[str]:
    ran = program(*words, command=(sys.executable, "-c", WATCHED), **options)
    assert ran.status == 0, ran.err
    return set(ran.out.rpartition("\nloaded: ")[2].split())


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
