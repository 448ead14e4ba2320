"""The catalogue: everything that can be declared or happen, as text, Markdown and JSON Schema."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from difflib import get_close_matches

import click

from postmortem.cli import output
from postmortem.cli.kinds import kinds
from postmortem.core.catalogue import Kind, explained, markdown, markdown_of, taken
from postmortem.core.errors import BadInput

TEXT, MARKDOWN, SCHEMA = "text", "markdown", "json-schema"


@click.command(
    epilog="""\b
Examples:
  postmortem events
  postmortem events service-cut-off
  postmortem events --format json-schema > casebook.schema.json
  postmortem events service-down --json"""
)
@click.argument("type", required=False, metavar="[TYPE]")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice([TEXT, MARKDOWN, SCHEMA]),
    default=TEXT,
    help="How to print it.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json-schema.")
def events(type: str | None, form: str, as_json: bool) -> None:
    """The catalogue: everything that can be declared or happen, and what each takes.

    A key with a question mark may be left out. The JSON Schema without a TYPE is that of a whole
    casebook, and with one that of a single entry; editors that know it complete and check what you
    write.
    """
    kind = None if type is None else known_kind(type)
    if as_json or form == SCHEMA:
        from postmortem.reports import schema

        output.print_json(schema.casebook(kinds()) if kind is None else schema.single(kind))
    elif form == MARKDOWN:
        click.echo(markdown(kinds()) if kind is None else markdown_of(kind), nl=False)
    elif kind is None:
        _show_all()
    else:
        _show(kind)


def known_kind(name: str) -> Kind:
    """The kind of that name, also where it is named as it is stored.

    Raises: BadInput, with the name that may have been meant.
    """
    known = kinds()
    stored = {kind.type: kind for kind in known.values()}
    if name in known or name in stored:
        return known.get(name) or stored[name]
    near = get_close_matches(name, known, n=1)
    raise BadInput(
        f"there is no type {name!r} in the catalogue",
        hint=f"did you mean {near[0]}?" if near else "`postmortem events` lists them",
    )


def _show_all() -> None:
    found = list(kinds().values())
    declarations = [kind for kind in found if kind.is_declaration]
    events = [kind for kind in found if not kind.is_declaration]
    column = max(len(kind.name) for kind in found) + 2
    _section("Declarations: what there is", declarations, column)
    output.say("  to declare one: postmortem declare KIND ID --…")
    output.say()
    _section("Events: what happened, or was said", events, column)
    shared = [field.key for field in events[0].fields if field not in events[0].own]
    output.say()
    _wrapped("every event: " + ", ".join(shared), 2)
    undated = [kind.name for kind in events if kind.field("at") is None]
    _wrapped(f"without at: {', '.join(undated)}", 2)
    output.say("  to record one: postmortem record TYPE --…")
    output.say()
    output.say("A key with ? may be left out. More on one of them: postmortem events TYPE")


def _section(title: str, found: Sequence[Kind], column: int) -> None:
    output.say(click.style(title, bold=True))
    for kind in found:
        _wrapped(f"{kind.name:<{column}}{kind.says}", 2, column)
        _wrapped(" " * column + ", ".join(field.key for field in kind.own), 2, column)


def _wrapped(text: str, indent: int, hanging: int = 0) -> None:
    for line in textwrap.wrap(
        text,
        output.width() - indent,
        subsequent_indent=" " * hanging,
        break_on_hyphens=False,
        drop_whitespace=False,
    ):
        output.say(" " * indent + line.rstrip())


def _show(kind: Kind) -> None:
    output.say(f"{click.style(kind.name, bold=True)}: {kind.says}")
    output.say()
    output.table(
        ("key", "takes", "what it is"),
        [(field.key, taken(field), explained(field)) for field in kind.fields],
    )
    needed = " ".join(
        f"--{field.name.replace('_', '-')} …"
        for field in kind.fields
        if field.required and field.name != "id"
    )
    verb = f"declare {kind.name} ID" if kind.is_declaration else f"record {kind.name}"
    output.say()
    output.say(f"postmortem {verb} {needed}".rstrip())
