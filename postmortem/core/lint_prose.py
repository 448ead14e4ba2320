"""One text as `lint` reads it: without what it quotes, in sentences, in its language.

What stands in quotation marks, between backticks or in an address is somebody else's wording, and
no rule looks at it. Places are counted in characters of the text as it was recorded.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import Final, NamedTuple

from postmortem.core.items import Item
from postmortem.core.lint_words import FUNCTION_WORDS, LANGUAGES, PARTICIPLES, Language, Phrases


class Range(NamedTuple):
    """Characters of a text, counted from 0, the end not included."""

    start: int
    end: int


class Hit(NamedTuple):
    """Where a phrase stands, and in which language's list it is; counted in the text as read."""

    start: int
    end: int
    language: Language


class Prose:
    """One text of one event."""

    def __init__(self, item: Item, field: str, text: str) -> None:
        self.item = item
        self.field = field
        self.text = text
        self.cased, self._origin = _composed(text)
        """The text as read, in capitals and small letters: as long as `plain`."""
        self.cased = _without_quotes(self.cased)
        self.plain = _lower(self.cased)
        """The same in small letters."""

    def place(self, start: int, end: int) -> Range:
        """Where that stands in the text as it was recorded."""
        if self._origin is None:
            return Range(start, end)
        return Range(self._origin[start], self._origin[end])

    @cached_property
    def language(self) -> Language | None:
        """The language that most of its function words are of; None where they do not tell."""
        words = Counter(each[0] for each in _WORD.finditer(self.plain, 0, _ENOUGH))
        counts = [sum(words[word] for word in FUNCTION_WORDS[language]) for language in LANGUAGES]
        if counts[0] == counts[1]:
            return None
        return LANGUAGES[counts.index(max(counts))]

    def hits(self, phrases: Phrases) -> Iterator[Hit]:
        """Where one of the phrases stands, of either language; those of one list in order."""
        for language in LANGUAGES:
            for found in compiled(phrases[language]).finditer(self.plain):
                yield Hit(found.start(), found.end(), language)

    def first(self, phrases: Phrases, within: Range | None = None) -> Hit | None:
        """The first of them, or the first in a part of the text."""
        start, end = within or Range(0, len(self.plain))
        found = [
            Hit(match.start(), match.end(), language)
            for language in LANGUAGES
            if (match := compiled(phrases[language]).search(self.plain, start, end))
        ]
        return min(found, default=None)

    @cached_property
    def sentences(self) -> Sequence[Range]:
        """Its sentences, headings and items of lists; blank ones are left out."""
        found: list[Range] = []
        start = 0
        for stop in _STOP.finditer(self.plain):
            found.append(Range(start, stop.end()))
            start = stop.end()
        found.append(Range(start, len(self.plain)))
        return [each for each in found if self.plain[each.start : each.end].strip()]

    @cached_property
    def _starts(self) -> list[int]:
        return [each.start for each in self.sentences]

    def sentence(self, at: int) -> Range:
        """The sentence that a character stands in."""
        index = bisect_right(self._starts, at) - 1
        return self.sentences[index] if index >= 0 else Range(0, len(self.plain))

    def words(self, within: Range) -> Iterator[re.Match[str]]:
        """The words of a part of the text, in small letters, each with its place."""
        return _WORD.finditer(self.plain, *within)

    def before(self, at: int, count: int = 3) -> list[str]:
        """The last few words in front of a place, in small letters; the nearest one last."""
        start = max(self.sentence(at).start, at - 60)
        return [each[0] for each in _WORD.finditer(self.plain, start, at)][-count:]


@cache
def compiled(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """The phrases as one expression; see `lint_words` for how they are written."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(f'(?:{_expanded(each)})' for each in phrases)})(?!\w)")


def _expanded(phrase: str) -> str:
    return (
        phrase.replace(" … ", rf"(?:{_GAP}\w+){{0,8}}?{_GAP}")
        .replace("… ", rf"(?:\w+{_GAP}){{1,8}}?")
        .replace(" ", r"[\s\-]+")
        .replace("'", "['’]")
        .replace("#", PARTICIPLES)
    )


_GAP: Final = r"[^\w.!?;:]+"
_WORD: Final = re.compile(r"\w+(?:['’]\w+)?")
_ENOUGH: Final = 20_000
"""So many characters tell the language of any text."""
# no full stop: after a short figure (German writes `10. Januar`) or a letter (`e.g.`, `z. B.`)
_STOP: Final = re.compile(
    r"(?:(?:(?<!\d)(?<!\b\w)|(?<=:\d\d)|(?<=\d\d\d))\.|[!?])[.!?]*(?=\s|\0|$)"
    r"|\n\s*\n|\n(?=\s?[-*+#>|\d])"
)


# --- what is not read as the author's own words ---------------------------------------------------

_GONE: Final = "\0"
_CLOSING: Final = {'"': '"', "“": "”“", "„": "“”", "”": "”", "«": "»", "»": "«", "`": "`"}
_MARKS: Final = re.compile(r'["“”„«»`]|\n\s*\n')
_ADDRESS: Final = re.compile(r"https?://\S+")


def _without_quotes(text: str) -> str:
    """The text with quotations, code and addresses blotted out, as long as before."""
    pieces: list[str] = []
    kept = 0
    for start, end in _quotes(text):
        pieces += (text[kept:start], _GONE * (end - start))
        kept = end
    text = "".join(pieces) + text[kept:] if pieces else text
    return _ADDRESS.sub(lambda found: _GONE * len(found[0]), text) if "://" in text else text


def _quotes(text: str) -> Iterator[tuple[int, int]]:
    """Where it quotes: from mark to mark, inside one paragraph; one pass."""
    mark, start = "", 0
    for found in _MARKS.finditer(text):
        if found[0].isspace():
            mark = ""
        elif not mark:
            mark, start = found[0], found.start()
        elif found[0] in _CLOSING[mark]:
            yield start, found.end()
            mark = ""


def _composed(text: str) -> tuple[str, list[int] | None]:
    """The text in composed form (NFC), and where each of its characters stood, and its end."""
    if unicodedata.is_normalized("NFC", text):
        return text, None
    pieces: list[str] = []
    origin: list[int] = []
    for found in _CLUSTER.finditer(text):
        piece = unicodedata.normalize("NFC", found[0])
        pieces.append(piece)
        origin += [found.start()] * len(piece)
    return "".join(pieces), [*origin, len(text)]


# a character with the marks upon it; they come in no order that matters here
_CLUSTER: Final = re.compile("[^\u0300-\u036f][\u0300-\u036f]*|[\u0300-\u036f]+", re.DOTALL)


def _lower(text: str) -> str:
    small = text.lower()
    if len(small) == len(text):
        return small
    # some capitals have a small form of two characters
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)
