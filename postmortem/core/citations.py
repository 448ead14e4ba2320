"""Citations: which place in which source, by which hash it is held, and what it does for a fact.

A citation is text: a source's id and, after `#`, a locator. The locator names a place and may carry
parameters, each after a `;`, each once and in this order when written here:

    leafandcore                                   the source as a whole
    leafandcore#char=1659,1769                    characters of its normalised text, from 0, the end
                                                  excluded
    report#page=12    guide#fragment=section-2    a page, a part of a document by its name
    paper#p. 3, left column                       anything else: free words
      ;excerpt=HEX         SHA-256 of the passage, UTF-8: its first 32 to 64 hexadecimal digits
      ;length=N            how many characters the passage has; of `char` the place says it
      ;snapshot=HEX        SHA-256 of the source's whole normalised text: its first 8 to 64 digits
      ;stance=WORD         supports (where it is left out), disputes or qualifies
      ;credibility=DIGIT   1 to 6, as the Admiralty code has it: 1 confirmed, 6 cannot be judged

32 digits are 128 bits: nobody finds another passage with that hash. A snapshot's digits only name
one of the recorded snapshots, whose whole hashes stand in the record.

Source: RFC 5147 (char), RFC 8118 (page), W3C Web Annotation (positions from 0, end excluded); the
Admiralty code as STIX 2.1 cites it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SUPPORTS, DISPUTES, QUALIFIES = "supports", "disputes", "qualifies"
STANCES: Final = (SUPPORTS, DISPUTES, QUALIFIES)

WHOLE, CHARS, PAGE, FRAGMENT, FREE = "whole", "char", "page", "fragment", "free"

EXCERPT_DIGITS: Final = 32
"""How many hexadecimal digits of a passage's hash a citation keeps."""
SNAPSHOT_DIGITS: Final = 16
"""How many of a snapshot's text hash."""

_VALUES: Final[Mapping[str, re.Pattern[str]]] = {
    "excerpt": re.compile(r"[0-9a-f]{32,64}"),
    "length": re.compile(r"[1-9][0-9]{0,8}"),
    "snapshot": re.compile(r"[0-9a-f]{8,64}"),
    "stance": re.compile("|".join(STANCES)),
    "credibility": re.compile(r"[1-6]"),
}
_RULES: Final[Mapping[str, str]] = {
    "excerpt": "32 to 64 hexadecimal digits in lower case",
    "length": "a whole number of characters, 1 or more",
    "snapshot": "8 to 64 hexadecimal digits in lower case",
    "stance": ", ".join(STANCES[:-1]) + f" or {STANCES[-1]}",
    "credibility": "a digit from 1 to 6",
}
_CHARS: Final = re.compile(r"char=([0-9]{1,9}),([0-9]{1,9})")
_PAGE: Final = re.compile(r"page=([1-9][0-9]{0,8})")
_FRAGMENT: Final = re.compile(r"fragment=(.+)")
_MEANT: Final = re.compile(r"(?:char|page|fragment)=")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a source: `char` has start and end, the others a value or nothing."""

    kind: str = WHOLE
    start: int = 0
    end: int = 0
    value: str = ""

    def written(self) -> str:
        """As it stands in a locator; empty for the whole."""
        if self.kind == CHARS:
            return f"char={self.start},{self.end}"
        if self.kind in (PAGE, FRAGMENT):
            return f"{self.kind}={self.value}"
        return self.value


@dataclass(frozen=True, slots=True)
class Citation:
    """A place in a source, and what the citation says of it."""

    source: str
    place: Place = Place()
    excerpt: str | None = None
    """The first digits of the passage's hash."""
    length: int | None = None
    """How many characters the passage has, where that is told."""
    snapshot: str | None = None
    """The first digits of the text's hash that it is bound to."""
    stance: str = SUPPORTS
    credibility: int | None = None
    problem: str | None = None
    """Why it is taken as free words though it is written like a place; None where it is not."""

    @property
    def is_bound(self) -> bool:
        """Whether anybody who has the text can check it: it carries both hashes."""
        return self.excerpt is not None and self.snapshot is not None

    def written(self) -> str:
        """The citation as it is recorded."""
        parameters = [
            f";{name}={value}"
            for name, value in (
                ("excerpt", self.excerpt),
                ("length", None if self.place.kind == CHARS else self.length),
                ("snapshot", self.snapshot),
                ("stance", None if self.stance == SUPPORTS else self.stance),
                ("credibility", self.credibility),
            )
            if value is not None
        ]
        place = self.place.written() or (WHOLE if parameters else "")
        return self.source + (f"#{place}{''.join(parameters)}" if place else "")

    def shown(self) -> str:
        """The citation for people: without hashes, with a stance other than support."""
        place = self.place.written()
        aside = [] if self.stance == SUPPORTS else [self.stance]
        aside += [] if self.credibility is None else [f"credibility {self.credibility}"]
        told = f" ({', '.join(aside)})" if aside else ""
        return f"{self.source}{f'#{place}' if place else ''}{told}"

    @property
    def plain(self) -> str:
        """Source and place alone, as a quotation may name it."""
        place = self.place.written()
        return f"{self.source}#{place}" if place else self.source


def parse(text: str) -> Citation:
    """The citation that a text is; whatever fits no form is a free locator, never an error."""
    source, _, locator = text.partition("#")
    if not locator:
        return Citation(source)
    place, given, problem = _split(locator)
    found = None if problem else _place(place)
    if isinstance(found, str):
        problem = found
    if problem or found is None or isinstance(found, str):
        return Citation(source, Place(FREE, value=locator), problem=problem)
    return Citation(
        source,
        found,
        given.get("excerpt"),
        found.end - found.start if found.kind == CHARS else _number(given.get("length")),
        given.get("snapshot"),
        given.get("stance", SUPPORTS),
        _number(given.get("credibility")),
    )


def _split(locator: str) -> tuple[str, dict[str, str], str | None]:
    """The place, the parameters after it, and what is wrong with these."""
    given: dict[str, str] = {}
    place = locator
    while True:
        before, semicolon, last = place.rpartition(";")
        name, equals, value = last.partition("=")
        if not semicolon or not equals or name not in _VALUES:
            return place, given, None
        if name in given:
            return place, given, f"{name} stands there twice"
        if not _VALUES[name].fullmatch(value):
            return place, given, f"{name} takes {_RULES[name]}"
        given[name] = value
        place = before


def _place(text: str) -> Place | str:
    """The place that a text names, or what is wrong with it."""
    if text in ("", WHOLE):
        return Place()
    if found := _CHARS.fullmatch(text):
        start, end = int(found[1]), int(found[2])
        if start >= end:
            return "char=START,END ends before it begins"
        return Place(CHARS, start, end)
    if found := _PAGE.fullmatch(text):
        return Place(PAGE, value=found[1])
    if found := _FRAGMENT.fullmatch(text):
        return Place(FRAGMENT, value=found[1])
    if _MEANT.match(text):
        return "a place is written char=START,END, page=N or fragment=NAME"
    return Place(FREE, value=text)


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits)


_KEYS: Final = ("source", "char", "page", "fragment", "at", *_VALUES)


def from_mapping(value: Mapping[Any, Any]) -> str:
    """The citation that a casebook writes as a mapping: `{source: a1, char: [5, 30], …}`.

    Raises: ValueError, that says what is wrong.
    """
    given = {str(key): _scalars(each) for key, each in value.items()}
    for key in given:
        if key not in _KEYS:
            raise ValueError(f"a citation has no key {key!r}; it takes {', '.join(_KEYS)}")
    if not given.get("source"):
        raise ValueError("a citation names its source")
    places = [key for key in ("char", "page", "fragment", "at") if key in given]
    if len(places) > 1:
        raise ValueError(f"a citation names one place, not {' and '.join(places)}")
    place = WHOLE
    if places:
        told = ",".join(given[places[0]])
        place = told if places[0] == "at" else f"{places[0]}={told}"
    parameters = [f";{name}={','.join(given[name])}" for name in _VALUES if name in given]
    text = f"{','.join(given['source'])}#{place}{''.join(parameters)}"
    found = parse(text)
    meant = places[0] if places else WHOLE
    if found.problem or (meant != "at" and found.place.kind != meant):
        raise ValueError(f"a citation cannot be read: {found.problem or text}")
    return found.written()


def _scalars(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    if isinstance(value, str | int) and not isinstance(value, bool):
        return [str(value)]
    raise ValueError("the keys of a citation take text")
