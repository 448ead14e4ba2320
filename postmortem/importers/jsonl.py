"""JSON Lines, one CloudEvents 1.0 envelope an event: what `export` writes.

`data` holds the whole stored envelope and the words that its digests stand for, so that a copy can
be made to the byte; read as an ordinary import, the words go back into the body and recording
starts anew.

Source: CloudEvents 1.0.2, JSON event format; extension attributes `recordedtime` and `sequence`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from postmortem.core import reading
from postmortem.core.decide import Draft
from postmortem.core.errors import BadInput, Place, Problem
from postmortem.core.events import Declaration
from postmortem.core.fields import Body
from postmortem.core.recorded import upcast
from postmortem.core.times import parse_stored
from postmortem.core.words import Disclosure, digest_in
from postmortem.importers.document import decoded, json_fault

KEYS: Final = frozenset(
    {"platform", "id", "stream", "version", "type", "position", "recorded_at", "recorded_by",
     "known_at", "body"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One event of an exported log."""

    place: Place
    envelope: Body
    disclosures: list[Disclosure]

    def draft(self, amend: bool) -> Draft:
        """What is to be recorded of it. Raises: BadInput."""
        texts = {d.digest(): d.value for d in self.disclosures}
        cls, body = upcast(self.envelope["type"], self.envelope["body"])
        withheld = [f for f, v in body.items() if (d := digest_in(v)) and d not in texts]
        if withheld:
            raise BadInput(
                f"the words of {withheld[0]} are withheld",
                hint="a copy of such a log is made with --keep-recorded",
            )
        clear = {
            field: texts[digest] if (digest := digest_in(value)) else value
            for field, value in body.items()
        }
        id = self.envelope["id"]
        known = self.envelope["known_at"]
        declared = issubclass(cls, Declaration)
        fields = {**clear, "id": id.split(":")[1] if declared else id}
        entry = reading.entry(cls, fields, zone=None, stored=True)
        return Draft(
            self.envelope["platform"],
            entry,
            self.place,
            amend or declared,
            None if known is None else parse_stored(known),
            id if declared else None,
        )


def identify(name: str, data: bytes) -> bool:
    """Whether its first line is a CloudEvents envelope."""
    return name.endswith((".jsonl", ".ndjson")) or b'"specversion"' in data.split(b"\n", 1)[0]


def extract(name: str, data: bytes, *, amend: bool = False) -> Iterable[Draft]:
    """A draft a line. Raises: BadInput, with file and line."""
    for line in lines(name, data):
        try:
            yield line.draft(amend)
        except reading.Misfit as misfit:
            raise misfit.problem.at(line.place) from None
        except Problem as problem:
            raise problem.at(line.place) from None
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise _no_envelope(line.place, str(error)) from None


def lines(name: str, data: bytes) -> Iterator[Line]:
    """The envelopes. Raises: BadInput, with file and line."""
    for number, text in enumerate(decoded(data, name).split("\n"), 1):
        if text.strip():
            yield _line(text, Place(name, number))


def _line(text: str, place: Place) -> Line:
    try:
        event = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        fault = f"{json_fault(error)}, in column {error.colno}"
        raise BadInput(f"this is no JSON: {fault}", place=place) from None
    except RecursionError:
        raise BadInput("nested too deep", place=place) from None
    except BadInput as problem:
        raise problem.at(place) from None
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise _no_envelope(place, "specversion 1.0 is missing")
    data = event.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("envelope"), dict):
        raise _no_envelope(place, "data holds no envelope of ours")
    envelope = data["envelope"]
    if set(envelope) != KEYS or not isinstance(envelope["body"], dict):
        raise _no_envelope(place, "the envelope's keys are others than ours")
    if not isinstance(envelope["id"], str) or not isinstance(envelope["type"], str):
        raise _no_envelope(place, "id and type are text")
    try:
        said = [Disclosure(d["salt"], d["field"], d["value"]) for d in data.get("disclosures", [])]
    except (KeyError, TypeError):
        raise _no_envelope(place, "a disclosure takes salt, field and value") from None
    return Line(place, envelope, said)


def _no_envelope(place: Place, why: str) -> BadInput:
    return BadInput(
        f"this line is no event of an exported log: {why}",
        place=place,
        hint="`postmortem export` writes such lines",
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("a key is there twice in one object")
    return found
