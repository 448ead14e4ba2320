"""Keeping the record: import, export, backup, rebuild, where."""

from __future__ import annotations

import os

import click

from postmortem.cli import output
from postmortem.cli.files import handed_in, new_file
from postmortem.cli.options import AUDIENCES, json_option, platform_option
from postmortem.cli.place import locate, tracker
from postmortem.core.errors import BadInput, Problem
from postmortem.store import backends
from postmortem.tracker import Tracker


@click.command(
    "import",
    epilog="""\b
Examples:
  postmortem import casebook.yaml
  postmortem import --amend casebook.yaml
  postmortem --db copy.db import --keep-recorded log.jsonl""",
)
@click.argument("casebooks", nargs=-1, required=True, metavar="CASEBOOK…")
@click.option("--amend", is_flag=True, help="Let declarations change what was declared before.")
@click.option(
    "--keep-recorded",
    is_flag=True,
    help="Copy an exported log as it is, with its recording times; into an empty store.",
)
@json_option
@click.pass_context
def import_(
    ctx: click.Context, casebooks: tuple[str, ...], amend: bool, keep_recorded: bool, as_json: bool
) -> int:
    """Record what is new in a casebook (YAML, JSON) or in an exported log (JSON Lines).

    Each file is recorded whole or not at all. What is known already is skipped, so that importing
    again is harmless; an event of a known id with other content is refused. Words that were
    withdrawn are never brought back, whatever the file says in their place.
    """
    store = tracker(ctx, writes=True)
    recorded = skipped = withheld = absent = status = 0
    for casebook in casebooks:
        try:
            with handed_in(casebook) as (name, file):
                if keep_recorded:
                    receipt = store.copy_from(name, file)
                else:
                    receipt = store.import_file(name, file, amend=amend)
        except BadInput as problem:
            output.complain(problem)
            status = problem.exit_status
            continue
        recorded += receipt.recorded
        skipped += receipt.skipped
        withheld += receipt.withheld
        absent += receipt.absent
        if not as_json:
            output.say(
                f"{name}: {receipt.recorded} recorded"
                + (f", {receipt.skipped} known already" if receipt.skipped else "")
            )
    if as_json:
        output.print_json({"recorded": recorded, "skipped": skipped})
    _tell_withheld(withheld, absent)
    return status


def remind(store: Tracker) -> None:
    """Beside an answer, that words were withdrawn and are not yet erased; nothing otherwise."""
    if store.view.is_unerased:
        click.echo(
            "words that were withdrawn may still be in the store's files, and in what is copied "
            "of them:\n  erase them with: postmortem redact --finish",
            err=True,
        )


def _tell_withheld(withheld: int, absent: int) -> None:
    """Beside the answer, what of the words did not come in with it."""
    if withheld:
        texts = "1 text is withheld here, and was" if withheld == 1 else (
            f"{withheld:,} texts are withheld here, and were"
        )  # fmt: skip
        click.echo(f"withheld: not brought back: {texts} left out", err=True)
    if absent:
        told = "1 text is not in this copy of the log; its digest was recorded"
        if absent > 1:
            told = f"{absent:,} texts are not in this copy of the log; their digests were recorded"
        click.echo(told, err=True)


@click.command(
    epilog="""\b
Examples:
  postmortem export > log.jsonl
  postmortem export -o log.jsonl
  postmortem export --audience public -o public.jsonl"""
)
@click.option("-o", "--output", "target", metavar="FILE", help="Where to; else standard output.")
@click.option(
    "--audience",
    type=click.Choice(AUDIENCES),
    default=AUDIENCES[0],
    help="For whom: for the public only with the words of entries marked public.",
)
@platform_option
@click.pass_context
def export(ctx: click.Context, target: str | None, audience: str, platform: str | None) -> None:
    """Write the log as JSON Lines, a CloudEvents 1.0 envelope an event.

    `import` reads it; `import --keep-recorded` makes a copy of it that answers every question the
    same. For the public every event is there too, to the byte as it is stored, with its digests;
    left out are the words of what is not marked public, and who recorded what. So anybody can
    prove that such a copy is of the same log, and nobody can read more in it.
    """
    store = tracker(ctx)
    chosen = None if platform is None else store.platform(platform)
    lines = store.export(chosen, public=audience == "public")
    if target is None:
        for line in lines:
            output.print_json_text(line)
        return
    count = 0
    with new_file(target) as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
    click.echo(f"{target}: {count} events", err=True)


@click.command(epilog="\b\nExample:\n  postmortem backup safe/2021-01-11.db")
@click.argument("file")
@click.pass_context
def backup(ctx: click.Context, file: str) -> None:
    """Copy the store to FILE, consistent also while others record.

    Of a log on a server FILE is what `copy` makes of it: a store of its own, with every event and
    its words, that says of what it is a copy.
    """
    store = tracker(ctx)
    size = store.backup(file)
    output.say(f"{file}: {size:,} bytes")
    remind(store)


@click.command(epilog="\b\nExample:\n  postmortem rebuild")
@click.pass_context
def rebuild(ctx: click.Context) -> None:
    """Make the view anew from the log; the answers stay the same.

    The view is disposable and rebuilt by itself when a new version of the program needs another
    one; this is for doubts. Of a log on a server it is a new view on this machine, for which the
    whole log is read.
    """
    count = tracker(ctx).rebuild()
    output.say(f"the view was made anew from {count:,} events")


@click.command(epilog="\b\nExamples:\n  postmortem where\n  postmortem --db other.db where --json")
@json_option
@click.pass_context
def where(ctx: click.Context, as_json: bool) -> None:
    """Which store is used, and which rule chose it."""
    found = locate(ctx.find_root().obj["db"])
    store = tracker(ctx)
    copy = view = None
    path, exists = store.path, True
    try:
        if backends.is_remote(found.path):
            exists = store.exists
        else:
            path, exists = os.path.abspath(path), os.path.lexists(path)
        if exists:
            copy = store.view.copy_of
            view = store.view.path if backends.is_remote(found.path) else None
    except Problem as problem:
        output.complain(problem)
    if as_json:
        output.print_json(
            {"path": path, "rule": found.rule, "exists": exists, "copy_of": copy, "view": view}
        )
        return
    output.say(path)
    output.say(f"chosen by: {found.rule}")
    if not exists:
        output.say("there is nothing yet; `postmortem import CASEBOOK` makes it")
    if view is not None:
        output.say(f"the view on this machine: {view}")
    if copy is not None:
        output.say(f"it is a copy, made from {copy}")
