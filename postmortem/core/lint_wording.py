"""The rules of `lint` about wording: blame, hindsight, and what was not done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from postmortem.core.lint_material import Finds, Found, Material
from postmortem.core.lint_prose import Prose, Range
from postmortem.core.lint_words import (
    CAUSAL,
    LANGUAGES,
    SLIPS,
    WHY_WHO,
    WORDING,
    Language,
)


def at(
    prose: Prose,
    start: int,
    end: int,
    language: Language | None = None,
    *,
    variant: str = "",
    **values: str,
) -> Found:
    """What was found in a part of a text, its words quoted; in the text's language."""
    place = prose.place(start, end)
    words = " ".join(prose.text[place.start : place.end].split())
    return Found(
        prose.item,
        prose.field,
        place,
        prose.language or language or "en",
        {"words": words, **values},
        variant,
    )


def phrases(rule: str) -> Callable[[Material], Finds]:
    """The rule that looks for its phrases in every text."""

    def find(m: Material) -> Finds:
        for prose in m.texts:
            if rule == "counterfactual" and prose.item.body.get("kind") == "lucky":
                continue  # luck is what could have gone otherwise
            for hit in prose.hits(WORDING[rule]):
                yield at(prose, *hit)

    return find


def person_named(m: Material) -> Finds:
    """Persons in a sentence that tells of a cause."""
    if not m.people:
        return
    for prose in m.texts:
        for sentence in prose.sentences:
            person = _person(m, prose, sentence)
            if person and (prose.first(CAUSAL, sentence) or prose.first(SLIPS, sentence)):
                yield at(prose, *person)


def _person(m: Material, prose: Prose, sentence: Range) -> Range | None:
    """Where somebody stands by full name or by the last word of it, spelt as in the record."""
    words = [(prose.cased[each.start() : each.end()], each) for each in prose.words(sentence)]
    for index, (word, place) in enumerate(words):
        for name in m.people.get(word, ()):
            first = index - len(name) + 1
            if first >= 0 and [each for each, _ in words[first : index + 1]] == name:
                return Range(words[first][1].start(), place.end())
            if len(name) > 1:
                return Range(place.start(), place.end())
    return None


_ENDS: Final = "?"


def why_who(m: Material) -> Finds:
    """Questions that begin with why or who."""
    for prose in m.texts:
        for sentence in prose.sentences:
            first = next(prose.words(sentence), None)
            if first is None or not _asks(prose, sentence):
                continue
            for language in LANGUAGES:
                if first[0] in WHY_WHO[language]:
                    yield at(prose, first.start(), first.end(), language)


def _asks(prose: Prose, sentence: Range) -> bool:
    if prose.item.type == "question-opened" and prose.field == "text":
        return True
    return prose.plain[sentence.start : sentence.end].rstrip().endswith(_ENDS)
