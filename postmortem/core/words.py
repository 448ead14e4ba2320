"""People's words: what they may hold, and the salted digests that stand for them in the log.

A *disclosure* is one text (or free mapping) with its salt; its digest stands in the event, so that
the words can be withdrawn later while every hash over the event still holds.

Source: the scheme of selective disclosure, RFC 9901 section 4.2 (SD-JWT): the digest is taken over
the base64url text of the canonical JSON array [salt, name, value], with a salt of 128 bits.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from dataclasses import field as with_default
from typing import Any, Final

DIGEST: Final = "sd"
"""The one key of the mapping that stands in an event for somebody's words."""
_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Words with their salt: `value` is text or a free mapping; `field` names where they stood."""

    salt: str
    field: str
    value: Any
    _digest: str | None = with_default(default=None, init=False, repr=False, compare=False)

    def encoded(self) -> str:
        """The base64url text that the digest is taken over."""
        # canonical, since the order of a mapping's keys is not kept where it is stored
        return _base64(canonical([self.salt, self.field, self.value]))

    def digest(self) -> str:
        """SHA-256 of the encoded text, base64url without padding: 43 characters."""
        if self._digest is None:
            from hashlib import sha256  # a question needs none, and it takes long to load

            digest = _base64(sha256(self.encoded().encode("ascii")).digest())
            object.__setattr__(self, "_digest", digest)  # it never changes
            return digest
        return self._digest

    def stand_in(self) -> dict[str, str]:
        """What the event holds instead of the words."""
        return {DIGEST: self.digest()}


def _base64(data: bytes) -> str:
    from base64 import urlsafe_b64encode

    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def salt(random: bytes) -> str:
    """A salt from 16 random bytes."""
    return _base64(random)


def digest_in(value: object) -> str | None:
    """The digest that a stored value is, or None where it is no stand-in for words.

    Somebody's free mapping may have that key too: only what can be a digest is one.
    """
    if isinstance(value, dict) and len(value) == 1:
        digest = value.get(DIGEST)
        if isinstance(digest, str) and _DIGEST.fullmatch(digest):
            return digest
    return None


WITHHELD: Final = "[withheld]"
"""What people see in place of words that are kept from them."""
NOT_HERE: Final = "not in this copy"
"""The reason that is told of words that are gone, and nothing in the log says why."""


def withheld(reason: str) -> str:
    """What people see in place of words that were withdrawn, and why."""
    return f"[withheld: {reason}]"


def reason_in(shown: object) -> str | None:
    """The reason in what `withheld` made; None of anything else."""
    if isinstance(shown, str) and shown.startswith("[withheld: ") and shown.endswith("]"):
        return shown.removeprefix("[withheld: ")[:-1]
    return None


def canonical(document: Any) -> bytes:
    """The canonical JSON bytes of text, integers, booleans, lists and mappings (RFC 8785).

    Keys must be ASCII and there must be no floats; under that condition the standard library
    writes exactly what RFC 8785 asks for (a test compares).
    """
    return _CANONICAL.encode(document).encode()


_CANONICAL: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
)


def unprintable(text: str) -> str | None:
    """The first character that no text may hold, named; None where there is none.

    Refused are the C0 control characters but tab, line feed and carriage return, DEL, and lone
    surrogates, which no file can hold.
    """
    if text.isprintable():  # says less, and is quick: what is printable holds none of these
        return None
    found = _UNPRINTABLE.search(text)
    if found is None:
        return None
    code = ord(found[0])
    return (
        f"half a surrogate pair, U+{code:04X}"
        if code > 0x7F
        else (f"the control character U+{code:04X}")
    )


_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


# --- escaping for the places that words go to ---------------------------------------------------


def for_terminal(text: str) -> str:
    """The text on one line, with nothing in it that a terminal would obey.

    C0, DEL and C1 controls (so also OSC and CSI sequences) and bidirectional or invisible
    formatting become visible escapes; white space of any kind becomes a blank.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if character.isspace() else _visible(character) for character in text)


def _visible(character: str) -> str:
    return (
        f"\\u{{{ord(character):x}}}" if unicodedata.category(character) in _UNSHOWN else character
    )


_UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def as_json(document: Any, *, indent: int | None = None) -> str:
    """JSON text that is safe to show: other characters than ASCII stay, unprintable ones do not."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent)
    if text.isascii():
        return text
    return "".join(
        _json_escape(character)
        if unicodedata.category(character) in _UNSHOWN and character != "\n"
        else character
        for character in text
    )


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def for_csv(cell: str) -> str:
    """The cell with an apostrophe in front where a spreadsheet would take it for a formula."""
    start = cell.lstrip()[:1]
    if (start and start in "=+-@") or cell[:1] in ("\t", "\r", "\n"):
        return "'" + cell
    return cell


def for_markdown(text: str) -> str:
    """The text on one line, so that a Markdown renderer shows it and does nothing else.

    White space collapses, controls and formatting characters become visible, and every ASCII
    punctuation character is escaped (CommonMark 2.4); `@` and `#` in front of a word also lose
    their meaning on forges that link them after rendering, by a word joiner.
    """
    shown = for_terminal(" ".join(text.split()))
    escaped = "".join("\\" + c if c in _PUNCTUATION else c for c in shown)
    return _MENTION.sub("\\1\u2060", escaped)


_PUNCTUATION: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_MENTION: Final = re.compile(r"(\\[@#])(?=\w)")
