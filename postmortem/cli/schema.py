"""What is printed as JSON, described: the schema of each command's answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.commands import COMMANDS
from postmortem.core.errors import BadInput

Schema = dict[str, Any]

FILE: Final = Path(__file__).parents[1] / "schemas" / "answers.json"
_DEFINITION: Final = "#/$defs/"


@click.command(
    "schema",
    epilog="""\b
Examples:
  postmortem schema
  postmortem schema state
  postmortem schema state-batch
  postmortem schema --all > answers.schema.json""",
)
@click.argument("command", required=False, metavar="[COMMAND]")
@click.option("--all", "everything", is_flag=True, help="Print one schema that holds them all.")
def schema(command: str | None, everything: bool) -> None:
    """The JSON Schema of what a command prints with --json.

    It tells every key: what it means, its unit, and when it is null. Without a COMMAND the answers
    are listed. It is of JSON Schema 2020-12, and describes this version of the program.
    """
    if everything and command is not None:
        raise BadInput(
            "--all prints every schema, and one command is named as well",
            hint="leave out one of them",
        )
    described = json.loads(FILE.read_text("utf-8"))
    names = list(answers(described))
    if everything:
        output.print_json(described)
    elif command is None:
        rows = [(name, described["$defs"][name]["title"]) for name in names]
        output.table(("answer", "what it is"), rows)
        output.say()
        output.say("The schema of one of them: postmortem schema COMMAND")
    elif command in names:
        output.print_json(answer(described, command))
    elif command in COMMANDS:
        raise BadInput(
            f"`postmortem {command}` has no --json, and so no schema",
            hint="`postmortem schema` lists the commands that do",
        )
    else:
        near = get_close_matches(command, names, n=1)
        raise BadInput(
            f"there is no JSON answer of a command {command!r}",
            hint=f"did you mean {near[0]}?" if near else "`postmortem schema` lists them",
        )


def answers(described: Schema) -> Iterator[str]:
    """The names of the answers, in the order of the file."""
    for each in described["anyOf"]:
        yield each["$ref"].removeprefix(_DEFINITION)


def answer(described: Schema, name: str) -> Schema:
    """The schema of one answer, complete in itself: with what it is made of, and nothing else."""
    definitions = described["$defs"]
    needed: set[str] = set()
    pending = list(_names(definitions[name]))
    while pending:
        part = pending.pop()
        if part not in needed:
            needed.add(part)
            pending += _names(definitions[part])
    parts = {part: definition for part, definition in definitions.items() if part in needed}
    return {
        "$schema": described["$schema"],
        **definitions[name],
        **({"$defs": parts} if parts else {}),
    }


def _names(part: Any) -> Iterator[str]:
    """The definitions that a part of a schema refers to."""
    if isinstance(part, dict):
        named = part.get("$ref")
        if isinstance(named, str) and named.startswith(_DEFINITION):
            yield named.removeprefix(_DEFINITION)
    if isinstance(part, (dict, list)):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _names(inner)
