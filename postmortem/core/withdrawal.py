"""Withdrawal: words go out of the record for good, and the record says that they did.

What is recorded of it is one entry for each text, which is no fact about the world: it moves no
level, and is seen whatever K is. The words' digest stays where it stood, so every hash over the
log still holds; its salt goes with the words, so nobody can tell a guess from what was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from postmortem.core.entries import Declaration, Entry, Event
from postmortem.core.errors import BadInput, Refused
from postmortem.core.events import CATALOGUE, WordsWithheld
from postmortem.core.fields import Body
from postmortem.core.record import Placed, Record
from postmortem.core.words import digest_in

RECORDED_BY: Final = "recorded_by"
"""Who recorded an entry: words of the envelope, which can be withdrawn like the body's."""

StandIns: TypeAlias = Mapping[str, Body]
"""By field, what stands for words that nobody can say any more."""


_NO_TEXT: Final[Mapping[str, object]] = {"meta": {}, "quotes": {}, "authors": ["withheld"]}


def placeholder(field: str) -> object:
    """What an entry says meanwhile in a field whose words nobody can say; it is never recorded."""
    return _NO_TEXT.get(field, "withheld")


def identity(about: str, field: str) -> str:
    """How the log calls the withdrawal of that text."""
    return f"withheld:{about}:{field}"


def holds_words(placed: Placed) -> list[str]:
    """The fields of that entry whose words can be withdrawn, also where they have been."""
    said = CATALOGUE[placed.type].said() | {RECORDED_BY}
    return [field for field in placed.stored if field in said and digest_in(placed.stored[field])]


def refuse(entry: WordsWithheld, placed: Placed | None) -> None:
    """Whether those words can be withdrawn.

    Raises: BadInput, where there is no such entry; Refused, where the field holds no words.
    """
    if placed is None:
        raise BadInput(
            f"{entry.id} points to {entry.about}, and nothing is recorded under that name",
            hint="`postmortem log` lists what is recorded",
        )
    refuse_field(entry.about, entry.field, placed)
    for name, text in (("reason", entry.reason), ("basis", entry.basis)):
        if not text.strip():
            raise BadInput(
                f"{name} of a withdrawal is empty",
                hint="say why words were withdrawn, and by which right or rule; it stays on record",
            )


def refuse_field(about: str, field: str, placed: Placed) -> None:
    """Raises: BadInput, where it has no such field; Refused, where that holds nobody's words."""
    can = holds_words(placed)
    if field in can:
        return
    hint = f"of {about} these can be: {', '.join(can)}" if can else f"{about} holds no words"
    known = {*CATALOGUE[placed.type].model_fields, RECORDED_BY, *_OF_THE_ENVELOPE}
    if field not in known:
        raise BadInput(f"{about} is a {placed.type}, and has no field {field!r}", hint=hint)
    if field in CATALOGUE[placed.type].said() | {RECORDED_BY}:
        raise BadInput(f"{about} has no {field}: there are no words to withdraw", hint=hint)
    raise Refused(
        f"{field} of {about} cannot be withdrawn: ids, times, types, levels and references stay, "
        "or the record would say something else",
        hint=hint,
    )


_OF_THE_ENVELOPE: Final = (
    "position", "type", "id", "stream", "version", "recorded_at", "known_at", "platform",
)  # fmt: skip


def kept_out(entry: Entry, record: Record, *, imported: bool) -> StandIns:
    """What of an entry was withdrawn, and so stays a digest whatever the entry says there.

    Of an event that is recorded already every withheld text; nothing of it is recorded anew. Out
    of a file, which may be older than a withdrawal, also the texts of a declaration that amends
    another one, and of a correction, where those of what it amends or corrects are withheld. Who
    types such a text anew means it.
    """
    if isinstance(entry, Event):
        body = record.event(entry.id)
        if body is None and imported and entry.replaces is not None:
            body = record.event(entry.replaces)
            return _withheld(entry, body or {}, only=frozenset(entry.body()))
        return {} if body is None else _withheld(entry, body)
    if isinstance(entry, Declaration) and imported:
        found = record.declaration(entry.KIND, entry.id)
        return {} if found is None else _withheld(entry, found[1])
    return {}


def _withheld(entry: Entry, body: Body, only: frozenset[str] | None = None) -> StandIns:
    return {
        field: body[field]
        for field in sorted(type(entry).said() & body.keys())
        if digest_in(body[field]) and (only is None or field in only)
    }
