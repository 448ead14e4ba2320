"""JSON Lines, one CloudEvents 1.0 envelope an event: what `export` writes.

`data` holds the whole stored envelope and the words that its digests stand for, so that a copy can
be made to the byte; read as an ordinary import, the words go back into the body and recording
starts anew.

Source: CloudEvents 1.0.2, JSON event format; extension attributes `recordedtime` and `sequence`.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from postmortem.core import reading
from postmortem.core.decide import Draft
from postmortem.core.entries import Declaration, Entry, Event
from postmortem.core.errors import BadInput, Place, Problem
from postmortem.core.events import WordsWithheld
from postmortem.core.fields import Body
from postmortem.core.recorded import upcast
from postmortem.core.times import END, parse_stored
from postmortem.core.withdrawal import placeholder
from postmortem.core.words import Disclosure, digest_in, unprintable
from postmortem.importers.document import decoded, json_fault

_IDENTITY: Final = re.compile(
    r"(platform|source|service|capability):([a-z0-9_-]{1,200})(?::([1-9][0-9]{0,8}))?"
)
"""How the envelope of a declaration is called: `service:aws`, amended `service:aws:2`."""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) < 1000 and not unprintable(value)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 < value < 2**63


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and parse_stored(value) < END
    except BadInput:
        return False


def _is_disclosure(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"salt", "field", "value"}
        and _is_text(value["salt"])
        and _is_text(value["field"])
    )


SHAPES: Final[Mapping[str, Callable[[object], bool]]] = {
    "platform": _is_text,
    "id": _is_text,
    "stream": _is_text,
    "version": _is_count,
    "type": _is_text,
    "position": _is_count,
    "recorded_at": _is_instant,
    "recorded_by": lambda value: value is None or digest_in(value) is not None,
    "known_at": lambda value: value is None or _is_instant(value),
    "body": lambda value: isinstance(value, dict),
}
"""The keys of an envelope, and whether a value may stand there."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event of an exported log."""

    place: Place
    envelope: Body
    disclosures: list[Disclosure]

    def draft(self, amend: bool, *, imported: bool = False) -> Draft:
        """What is to be recorded of it; of words that it lacks the digests.

        Raises: BadInput, with file and line.
        """
        try:
            return self._draft(amend, imported)
        except reading.Misfit as misfit:
            raise misfit.problem.at(self.place) from None
        except Problem as problem:
            raise problem.at(self.place) from None

    def _draft(self, amend: bool, imported: bool) -> Draft:
        cls, body = upcast(self.envelope["type"], self.envelope["body"])
        id, number = self.envelope["id"], None
        if issubclass(cls, Declaration):
            identity = _IDENTITY.fullmatch(id)
            if identity is None or identity[1] != cls.KIND:
                raise BadInput(f"{id!r} is not how a log names a {cls.KIND}")
            id, number = identity[2], int(identity[3] or 1)
        known = self.envelope["known_at"]
        if (known is None) is issubclass(cls, Event):
            raise BadInput("events have a known_at, and declarations have none")
        texts, stand_ins = self._words(cls, body)
        fields = {**body, **texts, "id": id}
        entry = reading.entry(cls, fields, zone=None, stored=True)
        return Draft(
            self.envelope["platform"],
            entry,
            self.place,
            amend,
            None if known is None else parse_stored(known),
            number,
            stand_ins,
            imported,
        )

    def _words(self, cls: type[Entry], body: Body) -> tuple[Body, Body]:
        """The words behind the digests of the body, and the digests of those that are not there.

        Something stands for the latter, for a body has to have its words; it is not recorded.
        """
        found: Body = {}
        stand_ins: Body = {}
        said = cls.said() & body.keys()
        if not said:
            return found, stand_ins
        texts = {d.digest(): d.value for d in self.disclosures}
        for field in sorted(said):
            digest = digest_in(body[field])
            if digest is None:
                raise BadInput(f"{field} is no digest of words")
            if digest not in texts:
                stand_ins[field] = body[field]
            found[field] = texts.get(digest, placeholder(field))
        return found, stand_ins


def identify(name: str, head: bytes) -> bool:
    """Whether its first line is a CloudEvents envelope."""
    return name.endswith((".jsonl", ".ndjson")) or b'"specversion"' in head.split(b"\n", 1)[0]


def extract(name: str, file: BinaryIO, *, amend: bool = False) -> Drafts:
    """A draft a line, each made when it is its turn. Raises: BadInput, with file and line."""
    return Drafts(Lines(name, file), amend)


class Lines:
    """The lines of an exported log, read anew whenever they are gone through.

    Words that a later line withdraws are left out of the earlier one.
    """

    def __init__(self, name: str, file: BinaryIO) -> None:
        """`file` can be rewound. Raises: BadInput, where the first line is none of a log."""
        self.name = name
        self._file = file
        self.count = 0
        """How many lines there are."""
        self.withheld = 0
        """How many texts were left out, of the lines that were gone through last."""
        self._gone: set[tuple[Any, Any]] = set()
        for number, data in self._read():
            self.count += 1
            if self.count == 1:  # another kind of file is told at once
                line_in(decoded(data, name, number), Place(name, number))
            if b"withheld" in data or b"\\u" in data:
                self._look_ahead(data, Place(name, number))

    def _look_ahead(self, data: bytes, place: Place) -> None:
        with contextlib.suppress(BadInput):  # it is told when its turn comes
            envelope = line_in(decoded(data, self.name), place).envelope
            if envelope["type"].partition("/")[0] == WordsWithheld.TYPE:
                self._gone.add((envelope["body"].get("position"), envelope["body"].get("field")))

    def _read(self) -> Iterator[tuple[int, bytes]]:
        self._file.seek(0)
        for number, data in enumerate(self._file, 1):
            if not data.isspace():
                yield number, data

    def __iter__(self) -> Iterator[Line]:
        """Raises: BadInput, with file and line."""
        self.withheld = 0
        for number, data in self._read():
            place = Place(self.name, number)
            line = line_in(decoded(data, self.name, number), place)
            if self._gone:
                at = line.envelope["position"]
                kept = [said for said in line.disclosures if (at, said.field) not in self._gone]
                self.withheld += len(line.disclosures) - len(kept)
                line = replace(line, disclosures=kept)
            yield line


class Drafts:
    """What is to be recorded of an exported log."""

    def __init__(self, lines: Lines, amend: bool) -> None:
        self._lines = lines
        self._amend = amend

    def __len__(self) -> int:
        return self._lines.count

    def __iter__(self) -> Iterator[Draft]:
        """Raises: BadInput, with file and line."""
        for line in self._lines:
            yield line.draft(self._amend, imported=True)


def line_in(text: str, place: Place) -> Line:
    """The line that a text is. Raises: BadInput, at that place."""
    try:
        event = _LINE.decode(text)
    except json.JSONDecodeError as error:
        fault = f"{json_fault(error)}, in column {error.colno}"
        raise BadInput(f"this is no JSON: {fault}", place=place) from None
    except RecursionError:
        raise BadInput("nested too deep", place=place) from None
    except BadInput as problem:
        raise problem.at(place) from None
    except ValueError as error:  # a number of thousands of digits
        raise BadInput(f"this is no JSON: {error}", place=place) from None
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise _no_envelope(place, "specversion 1.0 is missing")
    data = event.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("envelope"), dict):
        raise _no_envelope(place, "data holds no envelope of ours")
    envelope = data["envelope"]
    if set(envelope) != set(SHAPES):
        raise _no_envelope(place, "the envelope's keys are others than ours")
    odd = [key for key, fits in SHAPES.items() if not fits(envelope[key])]
    if odd:
        raise _no_envelope(place, f"{odd[0]} of the envelope is nothing that we write")
    said = data.get("disclosures", [])
    if not isinstance(said, list) or not all(map(_is_disclosure, said)):
        raise _no_envelope(place, "a disclosure takes salt, field and value")
    return Line(place, envelope, [Disclosure(d["salt"], d["field"], d["value"]) for d in said])


def _no_envelope(place: Place, why: str) -> BadInput:
    return BadInput(
        f"this line is no event of an exported log: {why}",
        place=place,
        hint="`postmortem export` writes such lines",
    )


def _no_float(text: str) -> Any:
    raise BadInput(f"{text[:40]} is no number that a log holds; they are whole")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("a key is there twice in one object")
    return found


# made once: a decoder takes as long to make as a short line to read
_LINE: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_no_float, parse_constant=_no_float
)
