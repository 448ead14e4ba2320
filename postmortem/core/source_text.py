"""From a source's bytes to its text: plain text, Markdown, HTML; of others the bytes alone count.

Source: WHATWG, MIME Sniffing (byte order marks, the beginning of HTML); HTML, which elements are
set apart from the text around them, and which are never shown.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final

from postmortem.core.passages import normalised

PLAIN, MARKDOWN, HTML, PDF, BYTES = (
    "text/plain", "text/markdown", "text/html", "application/pdf", "application/octet-stream"
)  # fmt: skip
READABLE: Final = (PLAIN, MARKDOWN, HTML)
"""The media types that have a text here."""

# a table of our own: the machine's differs from one to the next
_ENDINGS: Final[Mapping[str, str]] = {
    "txt": PLAIN, "text": PLAIN, "log": PLAIN, "md": MARKDOWN, "markdown": MARKDOWN,
    "html": HTML, "htm": HTML, "xhtml": HTML, "pdf": PDF, "json": "application/json",
    "eml": "message/rfc822", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg",
    "warc": "application/warc", "docx":
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}  # fmt: skip
_HTML_BEGINS: Final = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
                                 re.IGNORECASE | re.DOTALL)  # fmt: skip
_CHARSET: Final = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([a-zA-Z0-9_.:-]{1,40})""",
                             re.IGNORECASE)  # fmt: skip


def media_type(name: str, data: bytes) -> str:
    """The media type of a file, by the end of its name, else by how it begins."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if data.startswith(b"%PDF-"):
        return PDF
    if _HTML_BEGINS.match(data[:4096].removeprefix(codecs.BOM_UTF8)):
        return HTML
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return BYTES
    return BYTES if "\0" in text else PLAIN


def text_of(data: bytes, media_type: str) -> str | None:
    """The normalised text of a source; None where nothing here can read it."""
    kind = media_type.partition(";")[0].strip().lower()
    if kind not in READABLE:
        return None
    try:
        text = data.decode(_encoding(data) if kind == HTML else "utf-8-sig")
    except (UnicodeError, LookupError):
        return None
    return normalised(_visible(text) if kind == HTML else text)


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    declared = _CHARSET.search(data[:4096])
    if declared is None:
        return "utf-8"
    name = codecs.lookup(declared[1].decode("ascii")).name
    # what a byte-oriented page declares of itself can be none of these
    return "utf-8" if name.startswith(("utf-16", "utf-32")) else name


def _visible(markup: str) -> str:
    reader = _Visible()
    reader.feed(markup)
    reader.close()
    return "".join(reader.parts)


class _Visible(HTMLParser):
    """Collects what a reader of the page sees, a blank where an element stands apart."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag not in _INLINE:
            self.parts.append(" ")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in _INLINE:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag not in _INLINE:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)


_UNSEEN: Final = frozenset({"script", "style", "template", "noscript", "title"})
_INLINE: Final = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn",
        "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike",
        "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    }
)  # fmt: skip
"""The elements that stand within a word or a sentence; all others are set apart."""
