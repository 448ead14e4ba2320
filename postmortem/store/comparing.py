"""Compares a log with checkpoints that were kept elsewhere: which it extends, who signed which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from postmortem.core.checkpoints import Checkpoint, Signature, VerifierKey
from postmortem.core.tree import Hash
from postmortem.store.keys import signed_by


class Given(NamedTuple):
    """A checkpoint, and the name of the file that it was read from."""

    file: str
    checkpoint: Checkpoint


@dataclass(slots=True)
class Compared:
    """What became of one checkpoint."""

    file: str
    checkpoint: Checkpoint
    extends: bool = True
    """Whether the log begins with what the checkpoint says."""
    position: int | None = None
    """Where it does not: the first position of which that is known."""
    message: str = ""
    """Why it does not."""
    signatures: list[tuple[Signature, bool | None]] = field(default_factory=list)
    """Each with whether it is good; None: by a key that was not given."""
    trusted: bool = True
    """Whether a key that was given signed it, and no such signature is bad; so where none was."""


def compare(
    given: Sequence[Given], size: int, roots: Callable[[int], Hash | None], keys: list[VerifierKey]
) -> list[Compared]:
    """Each checkpoint beside a log of that size; `roots` gives the log's root at a size.

    Raises: BadInput, where a signature is to be checked without the library.
    """
    found = [Compared(one.file, one.checkpoint) for one in given]
    held = 0  # up to where checkpoints agree
    for one in sorted(found, key=lambda each: each.checkpoint.size):
        at = one.checkpoint.size
        if at > size:
            one.extends, one.position = False, size + 1
            one.message = (
                f"the log holds {size:,} events, and held {at:,} then: it was cut short, or an "
                "older copy was put back"
            )
        elif roots(at) != one.checkpoint.root:
            one.extends, one.position = False, min(held + 1, at)
            where = f"at one of the positions {held + 1:,} to {at:,}" if held + 1 < at else (
                f"at position {at:,}"
            )  # fmt: skip
            one.message = (
                f"the log is not the one of this checkpoint: {where} another event stands now, "
                "and the tree was made anew over it; or the checkpoint is of another store"
            )
        else:
            held = at
    for one in found:
        _signed(one, keys)
    return found


def _signed(one: Compared, keys: list[VerifierKey]) -> None:
    by_id = {(key.name, key.key_id): key for key in keys}
    for signature in one.checkpoint.signatures:
        key = by_id.get((signature.name, signature.key_id))
        one.signatures.append((signature, None if key is None else signed_by(one.checkpoint, key)))
    if keys:
        outcomes = [good for _, good in one.signatures]
        one.trusted = True in outcomes and False not in outcomes
