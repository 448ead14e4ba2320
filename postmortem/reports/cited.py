"""What a document cites: its sources by number, each with the places that are cited of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from postmortem.core.citations import parse
from postmortem.core.incident import Dossier
from postmortem.core.items import Declared, Item
from postmortem.core.times import BEGINNING, END, Span, format_bound

Facts: TypeAlias = dict[str, Any]


def cited_sources(dossier: Dossier, timeline: Sequence[Item]) -> list[Facts]:
    """What is cited, numbered in the order of the timeline, each place of it with a letter."""
    places: dict[str, dict[str, None]] = {}
    for item in (*timeline, *dossier.items):
        for citation in (*item.cites, *(each for claim in item.claims for each in claim.cites)):
            id, _, locator = citation.partition("#")
            places.setdefault(id, {})[locator] = None
    quotes = _quotes(dossier)
    return [
        _source(number, id, list(locators), dossier.sources.get(id), quotes)
        for number, (id, locators) in enumerate(places.items(), 1)
    ]


def _quotes(dossier: Dossier) -> dict[str, str]:
    """What is quoted of each citation, where that is not withheld; the first one counts."""
    found: dict[str, str] = {}
    for item in dossier.items:
        told = item.body.get("quotes")
        if not isinstance(told, Mapping):  # none, or withheld
            continue
        for citation in item.cites:
            quote = told.get(citation) or told.get(parse(citation).plain)
            if quote:
                found.setdefault(citation, quote)
    return found


def _source(
    number: int,
    id: str,
    locators: Sequence[str],
    declared: Declared | None,
    quotes: Mapping[str, str],
) -> Facts:
    body: Mapping[str, Any] = {} if declared is None else declared.body
    withheld: Mapping[str, str] = {} if declared is None else declared.withheld
    published = None if declared is None else declared.published
    written = body["published_at"]["written"] if published is not None else None
    return {
        "number": number,
        "id": id,
        **{
            # of a source without its title the id is told, so nothing needs to stand there, but
            # the reason of a withdrawal
            key: None if withheld.get(key) == "" else body.get(key)
            for key in (
                "title",
                "author",
                "publisher",
                "url",
                "archive_url",
                "lang",
                "kind",
                "reliability",
            )
        },
        "published": stated(published, written),
        "origins": list(body.get("origins", ())),
        "places": [
            {
                "locator": locator,
                "place": citation.place.written(),
                "stance": citation.stance,
                "mark": f"{number}{_letters(index) if len(locators) > 1 else ''}",
                "quote": quotes.get(f"{id}#{locator}" if locator else id),
            }
            for index, locator in enumerate(locators)
            for citation in [parse(f"{id}#{locator}")]
        ],
    }


def _letters(index: int) -> str:
    """`a` to `z`, then `aa`, `ab` and so on."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


# --- times that nobody else states ---------------------------------------------------------------


def span_document(span: Span | None) -> Facts:
    """The bounds of a span in UTC, null where they are open."""
    earliest, latest = (BEGINNING, END) if span is None else span
    return {"earliest": format_bound(earliest), "latest": format_bound(latest)}


def stated(span: Span | None, written: str | None) -> Facts | None:
    """A time that nobody else states."""
    if span is None:
        return None
    return {**span_document(span), "written": written, "contested": False, "claims": []}
