"""Passages of a source: how its text is normalised, how a passage is hashed, and found again.

`nfc+ws1`, the one normalisation there is: the text in Unicode's Normalization Form C, each run of
white space one space, none at either end. Positions count characters of that, from 0.

A passage that has moved is found by its hash alone, without its words: every window of its length
that begins at the boundary of a word is hashed and compared.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from postmortem.core.citations import CHARS, EXCERPT_DIGITS, SNAPSHOT_DIGITS, WHOLE, Citation, Place

NORMALISATION: Final = "nfc+ws1"

HOLDS, MOVED, CHANGED, MISSING = "holds", "moved", "changed", "missing"
NOT_AT_HAND, UNCHECKED = "not at hand", "unchecked"
VERDICTS: Final = (HOLDS, MOVED, CHANGED, MISSING, NOT_AT_HAND, UNCHECKED)


def normalised(text: str) -> str:
    """The text as positions count it and hashes are taken over it."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8: 64 hexadecimal digits."""
    # a lone surrogate can stand in no file that was decoded, yet people may type one
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def cited(source: str, text: str, start: int, end: int, **said: object) -> Citation:
    """The citation of characters of a normalised text, bound to it by its hashes."""
    excerpt = digest(text[start:end])[:EXCERPT_DIGITS]
    place = Place(CHARS, start, end)
    snapshot = digest(text)[:SNAPSHOT_DIGITS]
    return Citation(source, place, excerpt, end - start, snapshot, **said)  # type: ignore[arg-type]


def occurrences(text: str, passage: str) -> list[int]:
    """Where a normalised passage begins in a normalised text, each overlap too."""
    found = []
    at = text.find(passage) if passage else -1
    while at >= 0:
        found.append(at)
        at = text.find(passage, at + 1)
    return found


class Near(NamedTuple):
    """The place of a text that is most like a passage that does not stand in it."""

    start: int
    end: int
    share: float
    """Which part of the passage's words stands there."""


def nearest(text: str, passage: str) -> Near | None:
    """The stretch of as many words that shares most with the passage; None where it shares none."""
    wanted = Counter(_folded(word) for word in passage.split())
    size = sum(wanted.values())
    words = [(at, end, _folded(text[at:end])) for at, end in _words(text)]
    missing, have, best = Counter(wanted), 0, (0, 0)
    for index, (_, _, word) in enumerate(words):
        if word in missing:
            have += missing[word] > 0
            missing[word] -= 1
        if index >= size and (gone := words[index - size][2]) in missing:
            missing[gone] += 1
            have -= missing[gone] > 0
        best = max(best, (have, -max(0, index - size + 1)))
    if not best[0]:
        return None
    first = -best[1]
    last = min(len(words), first + size) - 1
    return Near(words[first][0], words[last][1], best[0] / size)


def _words(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for word in text.split(" "):
        yield start, start + len(word)
        start += len(word) + 1


def _folded(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum()) or word


def found_again(text: str, excerpt: str, length: int) -> list[int]:
    """Where a passage of that hash and length stands in a normalised text."""
    found = []
    for start in _boundaries(text):
        if start + length > len(text):
            break
        if digest(text[start : start + length]).startswith(excerpt):
            found.append(start)
    return found


def begins_word(text: str, start: int) -> bool:
    """Whether a passage that begins there can be found again: not in the middle of a word.

    Scripts without capitals are taken to set no blanks between words: there each character is one.
    """
    return start == 0 or not (_of_word(text[start - 1]) and _of_word(text[start]))


def _boundaries(text: str) -> Iterator[int]:
    return (start for start in range(len(text)) if begins_word(text, start))


def _of_word(character: str) -> bool:
    return character.isdigit() or character.lower() != character.upper()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a citation in a text: one of `VERDICTS`, where it stands now, and why."""

    word: str
    now: tuple[int, ...] = ()
    """Where the passage begins, of a moved one."""
    why: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether the text does not say any more what was cited."""
        return self.word in (CHANGED, MISSING)


def verify(citation: Citation, text: str) -> Verdict:
    """Whether the passage of a citation stands in that normalised text."""
    place = citation.place
    if citation.problem:
        return Verdict(UNCHECKED, why=f"written like a place, and {citation.problem}")
    if citation.excerpt is None:
        return Verdict(UNCHECKED, why="it carries no hash of its passage")
    if place.kind == WHOLE:
        if digest(text).startswith(citation.excerpt):
            return Verdict(HOLDS)
        return Verdict(CHANGED, why="it cites the whole text, and this is another one")
    if place.kind == CHARS and digest(text[place.start : place.end]).startswith(citation.excerpt):
        return Verdict(HOLDS)
    if citation.length is None:
        return Verdict(UNCHECKED, why="it does not say how long its passage is (length=N)")
    again = found_again(text, citation.excerpt, citation.length)
    if again:
        # a page or a part of a document has no position of its own that could have changed
        return Verdict(MOVED if place.kind == CHARS else HOLDS, tuple(again))
    same = citation.snapshot is not None and digest(text).startswith(citation.snapshot)
    why = "this is the text that it is bound to, so it never stood there" if same else ""
    if place.kind == CHARS and place.end > len(text):
        told = f"the text ends at {len(text)}, before its place"
        return Verdict(MISSING, why=f"{told}; {why}" if why else told)
    told = "something else stands there" if place.kind == CHARS else "its passage stands nowhere"
    return Verdict(CHANGED, why=f"{told}; {why}" if why else told)
