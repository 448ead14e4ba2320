"""Proofs that an event stands in the log, made of the store and checked without it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from postmortem.core import tree, words
from postmortem.core.checkpoints import Checkpoint, Proof
from postmortem.core.errors import BadInput, StoreDamaged
from postmortem.core.words import Disclosure, digest_in
from postmortem.store import tree as stored_tree
from postmortem.store.envelopes import envelope_of
from postmortem.store.view import View


def prove(view: View, position: int, checkpoint: Checkpoint, *, with_words: bool = True) -> Proof:
    """The proof that the event at that position is in the tree of the checkpoint.

    The event's stored bytes, and its words unless they stay here, lie beside the proof.

    Raises: BadInput, where the checkpoint is older than the event; StoreDamaged.
    """
    if position > checkpoint.size:
        raise BadInput(
            f"the checkpoint is of {checkpoint.size:,} events, and this is number {position:,}",
            hint="prove it by a newer one, or without --checkpoint",
        )
    row = view.connection.execute(
        "SELECT state FROM stored_events WHERE position = ?", (position,)
    ).fetchone()
    nodes = stored_tree.nodes_of(view.connection, checkpoint.size)
    path = tree.inclusion(position - 1, checkpoint.size, nodes)
    found = tree.root_by_inclusion(position - 1, checkpoint.size, tree.leaf(row[0]), path)
    if found != checkpoint.root:
        raise StoreDamaged(
            f"event {position:,} cannot be proved: with it the tree comes to another root than the "
            "checkpoint's",
            hint="`postmortem verify` with the same checkpoint says what does not hold",
        )
    said = view.connection.execute(
        "SELECT field, salt, value FROM disclosures WHERE position = ? ORDER BY field", (position,)
    )
    beside = {
        "event": row[0].decode(),
        "disclosures": [
            {"field": field, "salt": salt, "value": json.loads(value)}
            for field, salt, value in said
            if with_words
        ],
    }
    return Proof(position - 1, tuple(path), checkpoint, words.canonical(beside))


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof holds, and what of it could be checked."""

    envelope: dict[str, Any]
    """The event as it was stored."""
    body: dict[str, Any]
    """Its body with the words that lie beside, and only those whose digest it holds."""
    by: str | None
    """Who recorded it, where that lies beside."""
    withheld: tuple[str, ...]
    """The fields whose words do not lie beside."""
    is_included: bool
    """Whether the path leads from the event to the checkpoint's root."""
    message: str
    """Why not; empty: it does."""
    foreign: tuple[str, ...]
    """The fields of words that lie beside, and that the event does not hold."""


def proved(proof: Proof, name: str) -> Proved:
    """A proof, checked by itself; `name` is the file's.

    Raises: BadInput, where what lies beside it is no event.
    """
    envelope, said, state = _beside(proof, name)
    message = ""
    try:
        found = tree.root_by_inclusion(
            proof.index, proof.checkpoint.size, tree.leaf(state), proof.path
        )
        if found != proof.checkpoint.root:
            message = "the path does not lead from this event to the root of the checkpoint"
    except ValueError as error:
        message = f"the path does not fit the checkpoint: {error}"
    if not message and envelope["position"] != proof.index + 1:
        message = f"the event says to stand at {envelope['position']}, not at {proof.index + 1}"
    stands = {"recorded_by": envelope["recorded_by"], **envelope["body"]}
    digests = {field: digest for field, value in stands.items() if (digest := digest_in(value))}
    clear = {each.field: each.value for each in said if digests.get(each.field) == each.digest()}
    by = clear.pop("recorded_by", None)
    return Proved(
        envelope=envelope,
        body=envelope["body"] | clear,
        by=None if by is None else str(by),
        withheld=tuple(
            field for field in digests if field not in clear and (field != "recorded_by" or not by)
        ),
        is_included=not message,
        message=message,
        foreign=tuple(each.field for each in said if digests.get(each.field) != each.digest()),
    )


def _beside(proof: Proof, name: str) -> tuple[dict[str, Any], list[Disclosure], bytes]:
    try:
        beside = json.loads(proof.extra)
        state = beside["event"].encode()
        envelope = envelope_of(state)
        if (
            envelope is None
            or not isinstance(envelope["position"], int)
            or not all(
                isinstance(envelope[key], str) for key in ("platform", "id", "type", "recorded_at")
            )
        ):
            raise ValueError
        words.canonical(beside), words.canonical(envelope)  # text, whole numbers, and no others
        said = [
            Disclosure(str(each["salt"]), str(each["field"]), each["value"])
            for each in beside["disclosures"]
        ]
        for each in said:
            each.digest()  # what it is taken over must be such text as digests are taken over
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadInput(
            f"{name} holds no event beside its proof, or one that cannot be read",
            hint="`postmortem prove EVENT -o FILE` writes it with the event",
        ) from None
    return envelope, said, state
