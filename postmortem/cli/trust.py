"""What `verify`, `checkpoint` and their neighbours share: files, keys, verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from postmortem.cli import output
from postmortem.core import checkpoints
from postmortem.core.checkpoints import VerifierKey
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


def read_text(file: str) -> str:
    """A file that a person hands in. Raises: BadInput."""
    try:
        with open(file, "rb") as source:
            return source.read().decode()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file} is no UTF-8 text") from None


def given(files: Iterable[str]) -> list[Given]:
    """The checkpoints in those files. Raises: BadInput."""
    return [Given(file, checkpoints.parsed(read_text(file), file)) for file in files]


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
    size = f"{one.checkpoint.size:,} event{'' if one.checkpoint.size == 1 else 's'}"
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


def checkpoint_document(one: Compared) -> dict[str, Any]:
    """A checkpoint and what became of it, as JSON has it."""
    return {
        "file": one.file,
        "origin": one.checkpoint.origin,
        "size": one.checkpoint.size,
        "root": base64(one.checkpoint.root),
        "extends": one.extends,
        "position": one.position,
        "message": one.message or None,
        "signatures": [
            {"name": signature.name, "key_id": signature.key_id.hex(), "good": good}
            for signature, good in one.signatures
        ],
    }


def base64(data: bytes) -> str:
    """Bytes as they stand in checkpoints."""
    from base64 import b64encode

    return b64encode(data).decode("ascii")


def print_verdicts(verdicts: list[Verdict], form: str) -> None:
    """In that form, which is not JSON."""
    if form != "table":
        columns = [(key, key) for key in ("what", "holds", "position", "message")]
        click.echo(ROW_FORMATS[form](Rows(columns, [each.row() for each in verdicts])), nl=False)
        return
    for each in verdicts:
        shape = _SHAPES[each.state]
        lines = paragraph_lines(each.message)
        output.say(f"{shape} {lines[0]}")
        for line in lines[1:]:
            output.say(f"  {line}")


def paragraph_lines(text: str) -> list[str]:
    """The text wrapped beside a mark."""
    from postmortem.cli.spans import wrapped

    return wrapped(text, max(20, output.width() - 2)) or [""]
