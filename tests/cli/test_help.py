"""Every command explains itself: in its help, by an example, in the table, in the README."""

import importlib
import inspect
import re
from pathlib import Path

import click
import pytest
from cli.door import ROOT, run

import postmortem.cli
from postmortem.cli.commands import COMMANDS, group

README = (ROOT / "README.md").read_text("utf-8")


def commands():
    """Every command of the table, and those of its groups: their words, and click's object."""
    context = click.Context(group, info_name="postmortem")
    pending = [((name,), group.get_command(context, name)) for name in COMMANDS]
    while pending:
        words, command = pending.pop(0)
        yield words, command
        if isinstance(command, click.Group):
            inside = click.Context(command)
            names = command.list_commands(inside)
            pending += [((*words, name), command.get_command(inside, name)) for name in names]


ALL = dict(commands())
LEAVES = {words: c for words, c in ALL.items() if not isinstance(c, click.Group)}


def test_the_table_holds_every_command_and_nothing_else():
    folder = Path(postmortem.cli.__file__).parent
    defined = {
        (module, name)
        for module in (file.stem for file in folder.glob("[!_]*.py"))
        for name, value in vars(importlib.import_module(f"postmortem.cli.{module}")).items()
        if isinstance(value, click.Command) and value is not group
    }
    listed = {tuple(where.split(":")) for where, _, _ in COMMANDS.values()}
    assert listed <= defined
    ours = {id(getattr(importlib.import_module(f"postmortem.cli.{m}"), n)) for m, n in listed}
    nested = {id(command) for words, command in ALL.items() if len(words) > 1}
    for module, name in defined - listed:
        other = getattr(importlib.import_module(f"postmortem.cli.{module}"), name)
        assert id(other) in ours | nested, f"{module}:{name} is in no table"


def test_each_is_called_as_the_table_has_it():
    assert {name: command.name for (name, *more), command in ALL.items() if not more} == {
        name: name for name in COMMANDS
    }


def test_the_list_of_commands_shows_each_with_its_line():
    shown = run("--help").out
    for name, (_, section, line) in COMMANDS.items():
        assert f"\n{section}:\n" in shown
        assert re.search(rf"^  {re.escape(name)} +{re.escape(line[:20])}", shown, re.MULTILINE), (
            name
        )
        assert line.endswith("."), name
        assert line[0].isupper(), name
        assert len(line) < 60, name


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_a_command_has_help(words):
    ran = run(*words, "--help")
    assert (ran.status, ran.err) == (0, "")
    command = ALL[words]
    first = inspect.cleandoc(command.help or "").partition("\n")[0]
    assert first.endswith((".", ":")), "a sentence first"
    assert first in " ".join(ran.out.split()), "and it is shown"
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{option.opts[0]} has no help"
    assert all(len(line) <= 100 for line in ran.out.splitlines())


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_a_command_has_an_example_that_click_can_read(words):
    command = LEAVES[words]
    assert command.epilog, "an epilog with an example"
    typed = "postmortem " + " ".join(words)
    examples = [line.strip() for line in command.epilog.splitlines() if typed in line]
    assert examples, f"an example that begins with {typed}"
    assert all(example in run(*words, "--help").out for example in examples), "unwrapped"


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_readme_mentions_a_command(words):
    """`postmortem state` as it is typed; of a group's commands, each at least by its word."""
    name = re.escape(words[-1])
    typed = rf"(postmortem|\./dev)( --db \S+)? {name}\b" if len(words) == 1 else rf"`{name}\b"
    mentioned = bool(re.search(typed, README))
    assert mentioned, f"the README does not mention `postmortem {' '.join(words)}`"


def test_exit_statuses_are_in_the_readme():
    for status in ("2", "3", "4", "70", "130"):
        told = bool(re.search(rf"^\| *`?{status}`?[ ,|]", README, re.MULTILINE))
        assert told, f"no table of the README tells of exit status {status}"
