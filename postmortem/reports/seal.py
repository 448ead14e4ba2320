"""The seal of a document: one line that holds its facts, and how its text was made of them.

It is an HTML comment, so no reader sees it; where a renderer shows raw HTML as text instead, it is
one paragraph of JSON in which nothing means anything to Markdown. In its strings all but letters,
digits and blanks is written as an escape, so it can neither end the comment nor the line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from postmortem.core.errors import BadInput
from postmortem.core.words import canonical

SEAL: Final = 1
"""The version of what a seal holds."""

_BEGINS: Final = "<!-- postmortem-report "
_ENDS: Final = " -->"
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_AS_IT_IS: Final = re.compile(
    r'"(?:[A-Za-z0-9 ]*|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,6})?Z)"'
)
# between two letters or digits these mean nothing; a point would, to what makes links of addresses
_SIGN: Final = re.compile(
    r"(?P<plain>(?<=[A-Za-z0-9])[-_](?=[A-Za-z0-9])|(?<=[0-9]):(?=[0-9])|\.(?= |$)|[,;?'])"
    r"|[^\w ]|_"
)
"""Any character but letters, digits and blanks; as `plain`, what needs no escape."""


class Sealed(NamedTuple):
    """A document taken apart: its text without the seal, and what the seal holds."""

    body: str
    seal: Mapping[str, Any]


def digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(before: Iterable[str], seal: Mapping[str, Any], after: str = "") -> Iterator[str]:
    """The text with its seal between the two parts, on a line of its own; piece by piece.

    `before` ends with a line end. The seal gains the digest of both parts.
    """
    told = hashlib.sha256()
    for piece in before:
        told.update(piece.encode())
        yield piece
    told.update(after.encode())
    yield _BEGINS
    yield from _in_pieces({**seal, "report": SEAL, "body_sha256": told.hexdigest()}, _DEEP)
    yield f"{_ENDS}\n{after}"


def opened(text: str, name: str) -> Sealed:
    """A document taken apart again; `name` is the file's, for a refusal.

    Raises: BadInput, where it is no document of ours, or its seal cannot be read.
    """
    if text.lstrip().startswith("{"):
        return Sealed("", _plain(text, name))
    lines = text.split("\n")
    found = [number for number, line in enumerate(lines) if line.startswith(_BEGINS)]
    if len(found) != 1:
        how_many = "no line with the facts" if not found else f"{len(found)} lines with facts"
        raise BadInput(
            f"{name} is no document that `postmortem report` wrote: it has {how_many}",
            hint="name a file that `postmortem report -o FILE` made",
        )
    return _opened(text, name)


def _opened(text: str, name: str) -> Sealed:
    start = text.index(_BEGINS) if text.startswith(_BEGINS) else text.index("\n" + _BEGINS) + 1
    end = text.find("\n", start)
    end = len(text) if end < 0 else end + 1
    line = text[start:end].rstrip("\r\n")
    try:
        if not line.endswith(_ENDS):
            raise ValueError
        seal = _checked(json.loads(line[len(_BEGINS) : -len(_ENDS)]))
    except (ValueError, RecursionError):
        raise BadInput(
            f"the line with the facts in {name} cannot be read: somebody has changed it",
            hint="write the document anew with `postmortem report`",
        ) from None
    return Sealed(text[:start] + text[end:], seal)


def _plain(text: str, name: str) -> Mapping[str, Any]:
    """The seal of a document in JSON, which is all that it is."""
    try:
        return _checked(json.loads(text))
    except (ValueError, RecursionError):
        raise BadInput(
            f"{name} is no document that `postmortem report --json` wrote",
            hint="name a file that `postmortem report -o FILE` made",
        ) from None


def _checked(seal: Any) -> Mapping[str, Any]:
    """A seal that has what verifying it needs. Raises: ValueError."""
    try:
        question = seal["facts"]["question"]
        asked = [question[key] for key in ("platform", "audience", "recorded_at")]
        asked += [seal["program"], seal["format"]]
        known, incident = question["known_at"], question["incident"]
    except (KeyError, TypeError):
        raise ValueError from None
    asked += [each for each in (known, incident) if each is not None]
    if seal["report"] != SEAL or not all(isinstance(each, str) for each in asked):
        raise ValueError
    found: Mapping[str, Any] = seal
    return found


def _in_pieces(document: Any, deep: int) -> Iterator[str]:
    """What `inert` makes of it, in pieces that together are the same."""
    if deep and isinstance(document, Mapping):
        yield "{"
        for number, key in enumerate(sorted(document)):
            yield f"{',' if number else ''}{inert(key)}:"
            yield from _in_pieces(document[key], deep - 1)
        yield "}"
    elif deep and isinstance(document, list):
        yield "["
        for number, each in enumerate(document):
            yield "," if number else ""
            yield from _in_pieces(each, deep - 1)
        yield "]"
    else:
        yield inert(document)


_DEEP: Final = 3
"""So far down a seal has its facts, their parts, and of most parts each single thing."""


def inert(document: Any) -> str:
    """Canonical JSON (RFC 8785) but for escapes, without which it would mean something elsewhere.

    Read as JSON, it is the same document.
    """
    return _STRING.sub(_escaped, canonical(document).decode())


def _escaped(literal: re.Match[str]) -> str:
    written = literal[0]
    # most are ids, keys and words; and instants people read in the front matter
    if _AS_IT_IS.fullmatch(written):
        return written
    text = json.loads(written) if "\\" in written else written[1:-1]
    return f'"{_SIGN.sub(_sign, text)}"'


def _sign(found: re.Match[str]) -> str:
    return found[0] if found["plain"] else _escape(ord(found[0]))


@lru_cache(1024)
def _escape(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
