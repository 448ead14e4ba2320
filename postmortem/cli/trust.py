"""What `verify`, `checkpoint` and their neighbours share: files, keys, verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from postmortem.cli import output
from postmortem.cli.files import read_text
from postmortem.cli.spans import marked
from postmortem.core.checkpoints import Checkpoint, VerifierKey, in_base64, parsed
from postmortem.core.errors import BadInput
from postmortem.reports.rows import ROW_FORMATS, Rows
from postmortem.store.comparing import Compared, Given

F = TypeVar("F", bound=Callable[..., Any])

HOLDS, FAILS, OPEN = "holds", "fails", "open"
_SHAPES: Final = {HOLDS: "●", FAILS: "✕", OPEN: "·"}


def checkpoint_option(help: str) -> Callable[[F], F]:
    """`--checkpoint FILE`, any number of times."""
    return click.option("--checkpoint", "older", metavar="FILE", multiple=True, help=help)


keys_option = click.option(
    "--key",
    "keys",
    metavar="VKEY|FILE",
    multiple=True,
    help="A key that must have signed every checkpoint (of several keys one of them).",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was asked: whether it holds, fails, or stays open, and in what words."""

    what: str
    state: str
    message: str
    position: int | None = None

    def row(self) -> dict[str, Any]:
        """As rows have it."""
        return {
            "what": self.what,
            "holds": {HOLDS: True, FAILS: False}.get(self.state),
            "position": self.position,
            "message": self.message,
        }


def given(files: Iterable[str]) -> list[Given]:
    """The checkpoints in those files. Raises: BadInput."""
    hint = "`postmortem checkpoint -o FILE` writes one"
    return [Given(file, parsed(read_text(file, "checkpoint", hint), file)) for file in files]


def trusted(keys: Iterable[str], beside: Iterable[object]) -> list[VerifierKey]:
    """The keys that were given; `beside`: what they shall have signed.

    Raises: BadInput, where there is nothing that they could have signed.
    """
    from postmortem.store.keys import trusted_key

    found = [trusted_key(key) for key in keys]
    if found and not list(beside):
        raise BadInput(
            "--key says who shall have signed a checkpoint, and none is given",
            hint="name it with --checkpoint FILE",
        )
    return found


def about_checkpoint(one: Compared, keys: list[VerifierKey]) -> list[Verdict]:
    """What is to be said of one checkpoint."""
    size = output.counted(one.checkpoint.size, "event")
    name = f"{one.file} ({size}, of {one.checkpoint.origin})"
    told = []
    if one.extends:
        told.append(Verdict("extends", HOLDS, f"it extends the checkpoint {name}"))
    else:
        message = f"it does not extend the checkpoint {name}: {one.message}"
        told.append(Verdict("extends", FAILS, message, one.position))
    for signature, good in one.signatures:
        who = f"{signature.name}+{signature.key_id.hex()}"
        if good is None:
            if not keys:
                told.append(
                    Verdict(
                        "signed",
                        OPEN,
                        f"{one.file} says to be signed by {who}: not checked; --key gives the key",
                    )
                )
        elif good:
            told.append(Verdict("signed", HOLDS, f"{one.file} is signed by {who}"))
        else:
            told.append(
                Verdict("signed", FAILS, f"{one.file}: the signature by {who} is none of it")
            )
    if keys and not one.trusted and not any(good is False for _, good in one.signatures):
        told.append(Verdict("signed", FAILS, f"{one.file} is signed by none of the keys given"))
    if not keys and not one.signatures:
        told.append(Verdict("signed", OPEN, f"{one.file} is not signed"))
    return told


def head_document(checkpoint: Checkpoint) -> dict[str, Any]:
    """What a checkpoint says of the log, as JSON has it."""
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": in_base64(checkpoint.root),
    }


def checkpoint_document(one: Compared) -> dict[str, Any]:
    """A checkpoint and what became of it, as JSON has it."""
    return {
        "file": one.file,
        **head_document(one.checkpoint),
        "extends": one.extends,
        "position": one.position,
        "message": one.message or None,
        "signatures": [
            {"name": signature.name, "key_id": signature.key_id.hex(), "good": good}
            for signature, good in one.signatures
        ],
    }


def all_hold(verdicts: Iterable[Verdict]) -> bool:
    """Whether none of them fails."""
    return all(each.state != FAILS for each in verdicts)


def print_verdicts(verdicts: list[Verdict], form: str) -> None:
    """In that form, which is not JSON."""
    if form != "table":
        columns = [(key, key) for key in ("what", "holds", "position", "message")]
        click.echo(ROW_FORMATS[form](Rows(columns, [each.row() for each in verdicts])), nl=False)
        return
    for each in verdicts:
        marked(_SHAPES[each.state], each.message)
