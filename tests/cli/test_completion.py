"""Completion: what four shells are told, by the protocol that their scripts speak."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from cli.books import HEAD, all_events, recorded
from cli.door import environment, run

from postmortem.cli.commands import COMMANDS, group
from postmortem.cli.completion import SHELLS, shell_class
from postmortem.core.catalogue import described
from postmortem.core.events import EVENTS


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """Every type of event, in a store of one platform."""
    path = tmp_path_factory.mktemp("completion") / "store.db"
    recorded(path, HEAD + all_events())
    return path


def completed(store: Path | str, words: str, incomplete: str = "") -> list[str]:
    """What bash is offered for `postmortem --db STORE WORDS… INCOMPLETE`, in this process."""
    bash = shell_class("bash")(group, {}, "postmortem", "_POSTMORTEM_COMPLETE")
    found = bash.get_completions(["--db", str(store), *words.split()], incomplete)
    return [item.value for item in found]


def test_commands_come_from_their_table(store):
    assert completed(store, "") == list(COMMANDS)
    assert completed(store, "", "re") == [name for name in COMMANDS if name.startswith("re")]
    assert "--color" in completed(store, "", "--")


def test_kinds_come_from_the_catalogue(store):
    assert completed(store, "record") == list(EVENTS)
    assert completed(store, "record", "service-d") == ["service-down", "service-degraded"]
    assert completed(store, "declare") == ["platform", "source", "service", "capability"]
    assert set(completed(store, "events")) == set(described())


def test_options_come_from_the_fields(store):
    found = completed(store, "record cutoff-announced", "--")
    assert {"--service", "--effective-at", "--by", "--dry-run", "--edit"} <= set(found)
    assert completed(store, "record service-down --effect", "d") == ["degraded"]
    assert completed(store, "record service-down --effect =", "d") == ["degraded"]
    assert completed(store, "correct down --unset", "eff") == ["effective-at", "effect"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("record service-down --service", {"s", "t", "u"}),
        ("record capability-revised --capability", {"c", "d"}),
        ("record capability-revised --requires", {"s", "t", "u", "c", "d"}),
        ("record note --at now --cites", {"src"}),
        ("record cutoff-withdrawn --announcement", {"announced", "warned"}),
        ("record service-restored --ends", {"cut", "down", "slow"}),
        ("record effect-changed --disruption", {"cut", "down", "slow"}),
        ("record note --platform", {"p"}),
        ("record note --id", set()),
        ("record note --text", set()),
        ("record note --at", set()),
        ("state --without", {"s", "t", "u"}),
        ("state --platform", {"p"}),
        ("cuts", {"c", "d"}),
        ("declare service", {"s", "t", "u"}),
        ("declare platform", {"p"}),
        ("declare source", {"src"}),
        ("completion", set(SHELLS)),
    ],
)
def test_ids_come_from_the_store(store, words, expected):
    assert set(completed(store, words)) == expected


def test_events_are_offered_latest_first(store):
    events = completed(store, "correct")
    assert events[0] == "untold"
    assert set(events) == set(completed(store, "retract"))
    assert completed(store, "correct", "w") == ["warned", "worse"]
    assert completed(store, "record time-claimed --about", "do") == ["down"]
    assert {"s", "c", "down"} <= set(completed(store, "record note --about"))


def test_a_time_may_name_an_event(store):
    assert completed(store, "record note --at", "@do") == ["@down"]
    assert completed(store, "state --known-at", "@do") == ["@down"]


def test_zones_and_files(store):
    assert completed(store, "state --tz", "Europe/Berl") == ["Europe/Berlin"]
    bash = shell_class("bash")(group, {}, "postmortem", "_POSTMORTEM_COMPLETE")
    assert [item.type for item in bash.get_completions(["import"], "ca")] == ["file"]


def test_with_several_platforms_the_one_that_is_named_counts(tmp_path):
    store = tmp_path / "store.db"
    recorded(store, HEAD)
    assert run("--db", store, "declare", "platform", "q").status == 0
    assert run("--db", store, "declare", "service", "x", "--platform", "q").status == 0
    assert completed(store, "state --without") == []
    assert completed(store, "state --platform q --without") == ["x"]
    assert completed(store, "state --platform") == ["p", "q"]


# --- whatever is amiss ----------------------------------------------------------------------------


def test_of_no_store_or_a_broken_one_there_is_nothing(store, tmp_path):
    words = "record service-down --service"
    assert completed(tmp_path / "nowhere.db", words) == []
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all" * 100)
    assert completed(broken, words) == []
    stale = tmp_path / "stale.db"
    shutil.copy(store, stale)
    with mock.patch("postmortem.store.view.VIEW_VERSION", 99):
        assert completed(stale, words) == []
    assert completed(store, "nonsense", "--f") == []
    assert completed(store, "record nonsense", "--f") == []
    assert completed(store, "record service-down --service", "\udcff") == []


def test_no_word_of_an_error_reaches_the_line_that_is_typed(tmp_path):
    done = asked("bash", "postmortem nonsense x", 2, store=tmp_path / "nowhere.db")
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def test_names_cannot_break_the_shells_protocol(tmp_path):
    store = tmp_path / "store.db"
    recorded(store, HEAD)
    name = "x\nplain\nevil\n\x9b31m"
    assert run("--db", store, "declare", "service", "z", "--name", name).status == 0
    done = asked("zsh", "postmortem state --without z", 3, store=store)
    assert done.stdout == "plain\nz\nx plain evil \\u{9b}31m\n"


# --- as the shells ask ----------------------------------------------------------------------------


def asked(
    shell: str, words: str, number: int | str, *, store: Path | str, code: str = ""
) -> subprocess.CompletedProcess[str]:
    """The program, asked as the shell's script asks it."""
    program = f"import sys\nfrom postmortem.cli import run\n{code}\nrun([])"
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment(
            _POSTMORTEM_COMPLETE=f"{shell}_complete",
            COMP_WORDS=words,
            COMP_CWORD=str(number),
            POSTMORTEM_DB=str(store),
        ),
        capture_output=True,
        text=True,
        check=False,
    )


ANSWERS = {
    "bash": (3, "plain,s\nplain,t\nplain,u\n"),
    "zsh": (3, "plain\ns\nService\nplain\nt\nservice\nplain\nu\nservice\n"),
    "fish": ("", "plain,s\tService\nplain,t\tservice\nplain,u\tservice\n"),
    "powershell": (3, "plain\ns\nService\nplain\nt\nservice\nplain\nu\nservice\n"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_asks_through_the_environment(store, shell):
    number, answer = ANSWERS[shell]
    done = asked(shell, "postmortem state --without ", number, store=store)
    assert (done.returncode, done.stdout, done.stderr) == (0, answer, "")


HEAVY = (
    "pydantic", "pydantic_core", "eventsourcing", "sqlite_utils", "yaml", "jinja2", "attrs",
    "psycopg",
)  # fmt: skip


def answered(store: Path | str, words: str) -> str:
    """What bash is told when the last word is completed; it must take nothing heavy to tell it."""
    found = f"sorted(set({HEAVY!r}) & set(sys.modules))"
    tell = f"import atexit\natexit.register(lambda: print({found}, file=sys.stderr))"
    done = asked("bash", words, len(words.split()) - 1, store=store, code=tell)
    assert (done.returncode, done.stderr) == (0, "[]\n")
    return done.stdout.strip()


@pytest.mark.parametrize(
    "words",
    [
        "postmortem re",
        "postmortem record service",
        "postmortem record service-restored --ends d",
        "postmortem declare capability x --requires s",
        "postmortem correct down --s",
        "postmortem state --without s",
        "postmortem timeline --s",
        "postmortem check --s",
        "postmortem import x",
    ],
)
def test_completing_loads_click_and_plain_sqlite_alone(store, words):
    assert answered(store, words)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed_and_asks_as_the_program_answers(shell):
    ran = run("completion", shell)
    assert ran.status == 0
    assert f"{shell}_complete" in ran.out
    assert "_POSTMORTEM_COMPLETE" in ran.out
    assert "postmortem" in ran.out


def test_help_says_how_to_install_it_in_every_shell():
    ran = run("completion", "--help")
    assert all(f"postmortem completion {shell} >" in ran.out for shell in SHELLS)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_in_a_real_bash(store, tmp_path):
    (tmp_path / "complete").write_text(run("completion", "bash").out, "utf-8")
    (tmp_path / "postmortem").write_text(
        f'#!/bin/sh\nexec {sys.executable} -m postmortem "$@"\n', "utf-8"
    )
    (tmp_path / "postmortem").chmod(0o755)
    script = (
        f". {tmp_path}/complete\n"
        "COMP_WORDS=(postmortem record service-restored --ends d); COMP_CWORD=4\n"
        "_postmortem_completion postmortem; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=environment(PATH=f"{tmp_path}:/usr/bin:/bin", POSTMORTEM_DB=str(store)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("down\n", "")
