"""Text in a picture: how wide it is at most, how it is shortened, how it is written into XML.

A picture is laid out here and drawn by whoever opens it, in whichever sans-serif font they have. So
widths are those of DejaVu Sans and Verdana, which run wider than the others in use; what neither
has counts as wide as its kind gets. Nothing is measured too narrow, some of it too wide.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from postmortem.core.words import for_terminal

FONTS: Final = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', "
    "Verdana, Arial, sans-serif"
)
"""Whatever the system's own is; every one of them is sans-serif."""

_BY_WIDTH: Final[Mapping[float, str]] = {
    0.29: "'ijlIJ",
    0.33: " ,.",
    0.40: "/:;\\|f-()[]t!r",
    0.48: '"',
    0.55: "*_`szc?",
    0.60: "LFkvxyP",
    0.65: "TYaoeESbdghnpqu$0123456789{}K",
    0.70: "AVBRXZCU",
    0.79: "HNDG&OQ",
    0.86: "w#+<=>^~M",
    1.00: "m%W@",
}
_WIDTHS: Final = {character: width for width, several in _BY_WIDTH.items() for character in several}
_BOLD: Final = 0.1  # how much wider a bold character is, in ems
_MARKS: Final = 2
"""How many marks above and below a letter are drawn; more would run into other lines."""
# ‰ ‱, two and three em dashes in one, Arabic ligatures of whole phrases, cuneiform
_ODD: Final = {"\u2030": 1.5, "\u2031": 1.9, "\u2e3a": 2.2, "\u2e3b": 3.2, "\ufdfd": 12.0}


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide the text gets at most, in the unit of `size`, which is the font's."""
    return math.fsum(_ems(character) + bold * _BOLD for character in text) * size


def _ems(character: str) -> float:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    code = ord(character)
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.45 if code >= 0x1F000 else 1.1
    if character in _ODD:
        return _ODD[character]
    if 0xFDF0 <= code <= 0xFDFF or 0x12000 <= code <= 0x1254F or 0xA980 <= code <= 0xA9DF:
        return 4.0
    if code < 0x250:  # Latin with its accents, and signs
        return _WIDTHS.get(unicodedata.normalize("NFD", character)[0], 1.1)
    if code < 0x590:  # Greek, Cyrillic, Armenian
        return 0.95 if character.islower() else 1.15
    return 1.3


def shorten(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits into `room` with `…` behind it."""
    if width(text, size, bold=bold) <= room:
        return text
    left = room - width("…", size, bold=bold)
    kept = ""
    for character in text:
        left -= width(character, size, bold=bold)
        if left < 0:
            break
        kept += character
    return kept.rstrip() + "…"


def drawn(text: str) -> str:
    """Somebody's text as it may be drawn: on one line, its controls visible, its marks few."""
    kept: list[str] = []
    marks = 0
    for character in shown(text):
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(character)
    return " ".join("".join(kept).split())


def shown(text: str) -> str:
    """Somebody's text on one line, with nothing in it that a reader would obey or XML forbids.

    Source: XML 1.0, section 2.2 (the characters of a document).
    """
    return _NO_CHARACTER.sub(_escaped, for_terminal(text))


_NO_CHARACTER: Final = re.compile("[\x00-\x1f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{{{ord(found[0]):x}}}"


def xml(text: str) -> str:
    """The text as the content of an element or the value of an attribute in double quotes."""
    return (
        shown(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
    )
