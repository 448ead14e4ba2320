"""The command `checkpoint`: what the log is now, in three lines to be kept elsewhere."""

from __future__ import annotations

import os
from dataclasses import replace

import click

from postmortem.cli import output
from postmortem.cli.options import json_option
from postmortem.cli.place import tracker
from postmortem.cli.trust import checkpoint_option, given, head_document
from postmortem.core.checkpoints import Checkpoint
from postmortem.core.errors import BadInput, Problem, StoreProblem
from postmortem.store import atomic
from postmortem.store.comparing import Given, compare
from postmortem.store.keys import new_key, signing_key
from postmortem.tracker import Tracker


@click.command(
    epilog="""\b
Examples:
  postmortem checkpoint
  postmortem checkpoint -o parler.checkpoint
  postmortem checkpoint --new-key parler.key --origin example.com/parler
  postmortem checkpoint --key parler.key -o parler.checkpoint
  postmortem checkpoint --checkpoint last-month.checkpoint --json

\b
Keep it where whoever may write the store may not: in a commit, a mail, a printed report. Then
  postmortem verify --checkpoint parler.checkpoint

\b
Exit status: 1, and no checkpoint, where the store does not hold together, or does not extend an
earlier checkpoint: one given with --checkpoint, or the one that -o is to replace."""
)
@click.option(
    "--origin", metavar="NAME", help="Whose log it is; else the key's name, else the store's id."
)
@click.option("--key", metavar="FILE", help="Sign it (Ed25519; needs the extra `sign`).")
@click.option("--new-key", metavar="FILE", help="Only make a key, and print its public half.")
@checkpoint_option("An earlier one, which the log must still extend; may be repeated.")
@click.option("-o", "--output", "file", metavar="FILE", help="Where to; else standard output.")
@json_option
@click.pass_context
def checkpoint(
    ctx: click.Context,
    /,
    origin: str | None,
    key: str | None,
    new_key: str | None,
    older: tuple[str, ...],
    file: str | None,
    as_json: bool,
) -> int:
    """What the log is now: how many events it holds, and the root of the tree over them.

    Whoever keeps these lines elsewhere can tell later, with `verify`, that nothing recorded until
    now was changed, dropped or put in between. The form is that of C2SP tlog-checkpoint.

    Of a log on a server it is of what the server holds, verified as `verify` does it; where the
    server cannot be reached, of what this machine has seen of it, and that is said.
    """
    store = tracker(ctx)
    if new_key is not None:
        if key is not None or older or file is not None:
            raise BadInput(
                "--new-key only makes a key", hint="then sign with it: checkpoint --key FILE"
            )
        return _make_key(store, new_key, origin, as_json)
    signer = None if key is None else signing_key(key)
    earlier = given(older)
    if file is not None and os.path.lexists(file):
        earlier += _replaced(file)
    found = store.verify([one.checkpoint.size for one in earlier], view=False)
    if found.failures:
        where = "" if found.first is None else f", first at position {found.first:,}"
        return _refused(
            f"the store {store.path} does not hold together{where}, and gets no checkpoint",
            "`postmortem verify` says what does not hold",
        )
    for one in compare(earlier, found.size, found.roots.get, []):
        if not one.extends:
            return _refused(
                f"the log does not extend {one.file}: {one.message}",
                "a checkpoint beside it would vouch for both; find out which log is the true one",
            )
    name = origin or (found.id if signer is None else signer.public.name)
    made = Checkpoint(_origin(name), found.size, found.root)
    if signer is not None:
        made = replace(made, signatures=(signer.sign(made),))
    if file is not None:
        _write(file, made.note())
        signed = "not signed" if signer is None else f"signed by {signer.public.name}"
        click.echo(f"wrote {file}: {made.size:,} events, {signed}", err=True)
    if as_json:
        output.print_json(
            {
                **head_document(made),
                "signatures": [
                    {"name": each.name, "key_id": each.key_id.hex()} for each in made.signatures
                ],
                "note": made.note(),
            }
        )
    elif file is None:
        click.echo(made.note(), nl=False)
    return 0


def _make_key(store: Tracker, file: str, origin: str | None, as_json: bool) -> int:
    name = origin or store.verify(view=False).id
    public = new_key(file, name)
    if as_json:
        output.print_json({"key": str(public), "name": public.name, "file": file})
        return 0
    output.say(str(public))
    click.echo(
        f"wrote {file}: who has it can sign, so keep it from others and away from the store. The "
        "line above is for all who shall verify.",
        err=True,
    )
    return 0


def _origin(name: str) -> str:
    """Raises: BadInput, where it can be no line of a checkpoint."""
    if not name or not name.isprintable() or name != name.strip():
        raise BadInput(
            f"--origin: {name!r} can be no origin", hint="take a name like example.com/parler"
        )
    return name


def _replaced(file: str) -> list[Given]:
    """The checkpoint that stands where the new one goes. Raises: BadInput."""
    try:
        return given([file])
    except BadInput:
        raise BadInput(
            f"-o: {file} is there already, and is no checkpoint", hint="name another file"
        ) from None


def _refused(message: str, hint: str) -> int:
    output.complain(Problem(message, hint=hint))
    return 1


def _write(file: str, text: str) -> None:
    """Put it there whole or not at all. Raises: StoreProblem."""
    try:
        atomic.replace(file, [text.encode()])
    except OSError as error:
        raise StoreProblem(f"{file} cannot be written: {error.strerror}") from None
