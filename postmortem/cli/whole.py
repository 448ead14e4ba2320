"""One entry of the log, whole: its fields, what has become of it, and what names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from postmortem.cli import output
from postmortem.cli.kinds import kind_of
from postmortem.cli.options import Asked
from postmortem.cli.spans import document, paragraph, span_from, when, wrapped
from postmortem.cli.telling import entry_document, own_id, source_titles
from postmortem.core import chronicle
from postmortem.core.chronicle import Row, Standing
from postmortem.core.errors import BadInput
from postmortem.core.history import Version
from postmortem.core.times import END
from postmortem.store import look
from postmortem.store.look import Named, StoredWords
from postmortem.store.suggestions import nearest
from postmortem.store.view import Logged

if TYPE_CHECKING:
    from postmortem.core.fields import Body  # loads pydantic


def find(question: Asked, asked: str) -> Named:
    """What the id means, as K and R let it be seen.

    Raises: BadInput, where there is nothing of that id, or was not by then.
    """
    view, platform, as_of = question.store.view, question.platform, question.as_of
    last = view.position_at(as_of.recorded)
    found = look.named(view, platform, asked, last)
    if found is None:
        found = look.named(view, platform, asked, END)
        if found is None:
            near = nearest(view, platform, asked, names="any") or nearest(
                view, platform, asked, names="source"
            )
            raise BadInput(
                f"there is nothing with the id {asked!r}",
                hint=f"did you mean {near}?"
                if near
                else "`postmortem log` lists the ids, `postmortem search` finds them by words",
            )
    first = look.told(view, found.positions[:1])[found.positions[0]]
    at = look.told(view, [found.at])[found.at]
    for entry in (first, at):
        if entry.recorded > as_of.recorded:
            recorded = output.moment(entry.recorded, question.zone)
            raise BadInput(
                f"{asked} was not recorded yet by then: it was {recorded}",
                hint="ask with a later --recorded-at, or without",
            )
        if entry.known is not None and entry.known > as_of.known:
            known = output.moment(entry.known, question.zone)
            raise BadInput(
                f"{asked} could not be known yet by then: it can be from {known}",
                hint="ask with a later --known-at, or without",
            )
    return found


@dataclass(frozen=True, slots=True)
class Whole:
    """An entry with all that the record says of it."""

    named: Named
    entry: Logged
    standing: Standing
    versions: tuple[Version, ...]
    """Of an event: all versions of its fact that K and R let through, in the order of recording."""
    row: Row | None
    """Of a version that is in force and has a time: with all that is claimed of it."""
    titles: Mapping[str, str]
    """Of the sources that it cites, as far as they are known and not withheld."""
    named_by: tuple[tuple[Logged, list[str]], ...]

    @property
    def fact(self) -> str | None:
        """The first id of the fact; None of a declaration."""
        return self.versions[0].fact if self.versions else None

    def document(self) -> Body:
        """As JSON has it; see `show`."""
        row = self.row
        due = None if row is None else row.due
        return {
            "platform": self.entry.platform,
            "kind": self.named.kind,
            **entry_document(self.entry),
            "fact": self.fact,
            "status": self.standing.word,
            "status_by": self.standing.by,
            "settled": None if row is None else document(row.time.span),
            "effective_settled": None if due is None else document(due.span),
            "effective_by": None if due is None else due.fact,
            "contested": row is not None and row.contested,
            "also": list(self.named.also),
            "named_by": [
                {"position": e.position, "id": own_id(e), "type": e.type, "keys": keys}
                for e, keys in self.named_by
            ],
        }

    def fields(self) -> Iterator[tuple[str, str, str]]:
        """Every field that it has: name, value as text, and what the catalogue says of it."""
        body = self.entry.shown
        kind = kind_of(self.entry.type)
        says = {field.name: field.says for field in kind.fields}
        for name in (*(name for name in says if name in body), *sorted(body.keys() - says.keys())):
            yield name, chronicle.as_text(name, body[name]), says.get(name, "")

    def rows(self) -> list[Body]:
        """The fields as rows of a table, with those of the envelope."""
        envelope = entry_document(self.entry)
        shown = ("position", "type", "id", "known_at", "recorded_at", "recorded_by", "stream")
        return [
            *({"field": name, "value": envelope[name], "says": ""} for name in shown),
            {"field": "status", "value": str(self.standing), "says": ""},
            *({"field": n, "value": v, "says": s} for n, v, s in self.fields()),
        ]

    # --- on a terminal ----------------------------------------------------------------------------

    def print(self, question: Asked) -> None:
        """In full; people's words wrapped, nothing cut."""
        entry, zone = self.entry, question.zone
        says = kind_of(entry.type).says
        paragraph(f"{own_id(entry)} · {entry.type} · {self.standing}", 0, bold=True)
        paragraph(f"{says.rstrip('.')}.", 0)
        output.say()
        for name, value, told in self.fields():
            first, *more = wrapped(f"{name}: {told}" if told else name, output.width())
            output.say(name + click.style(first[len(name) :], dim=True))
            for line in more:
                output.say(click.style(line, dim=True))
            for line in self._lines(name, value, zone):
                paragraph(line, 4)
        output.say()
        for title, lines in self._about(question):
            output.say(click.style(title, dim=True))
            for line in lines:
                paragraph(line, 4)

    def _lines(self, name: str, value: str, zone: str | None) -> Iterator[str]:
        """A field's value: a time also resolved, a citation with the title of its source."""
        stored = self.entry.shown[name]
        if name == "cites":
            for citation in stored:
                title = self.titles.get(citation.partition("#")[0])
                yield f"{citation} ({title})" if title else citation
        elif isinstance(stored, dict) and stored.keys() == {"earliest", "latest", "written"}:
            yield value
            resolved = when(span_from(stored), zone)
            if resolved != value:
                yield resolved
        elif name == "meta" and isinstance(stored, dict):
            for key, inner in stored.items():
                yield f"{key}: {chronicle.as_text(key, inner)}"
        else:
            yield from value.splitlines() or [""]

    def _about(self, question: Asked) -> Iterator[tuple[str, list[str]]]:
        entry, zone = self.entry, question.zone
        row = self.row
        if row is not None and row.due is not None and (row.claims or row.due.fact != self.fact):
            by = f", rescheduled by {row.due.fact}" if row.due.fact != self.fact else ""
            yield "takes effect", [when(row.due.span, zone) + by, *_claims(row)]
        elif row is not None and row.claims:
            yield "its time", [when(row.time.span, zone), *_claims(row)]
        if entry.known is not None:
            yield "known from", [f"{output.moment(entry.known, zone)}, {self._known()}"]
        by = f" by {entry.shown_by}" if entry.shown_by else ""
        yield (
            "recorded",
            [
                f"{output.moment(entry.recorded, zone)}{by}",
                f"at #{entry.position} of the log, number {entry.version} of {entry.stream}",
            ],
        )
        if self.fact is not None:
            yield "the fact", list(self._versions())
        elif len(self.named.positions) > 1:
            places = ", ".join(f"#{position}" for position in self.named.positions)
            yield "declared", [f"{len(self.named.positions)} times: {places}"]
        if self.named.also:
            yield "of the same id", [", ".join(self.named.also)]
        if self.named_by:
            yield (
                "named by",
                [f"{own_id(e)} ({e.type}): {', '.join(keys)}" for e, keys in self.named_by],
            )

    def _known(self) -> str:
        """Why it is known from then."""
        body = self.entry.body
        if body.get("clerical"):
            return "as that was which it mends"
        if "known_at" in body:
            return "as stated"
        if self.entry.known == self.entry.recorded:
            return "when it was recorded"
        return "by the sources that it cites" if "cites" in body else "as it was recorded first"

    def _versions(self) -> Iterator[str]:
        count = len(self.versions)
        if count == 1:
            yield f"{self.fact}, of which this is the only version"
            return
        number = [version.id for version in self.versions].index(self.entry.id) + 1
        yield f"{self.fact}, of which this is version {number} of {count}"
        yield f"`postmortem history {self.fact}` shows what changed"


def _claims(row: Row) -> Iterator[str]:
    if row.claims:
        contradict = ", and they contradict each other" if row.contested else ""
        yield f"with what {', '.join(each.version.fact for each in row.claims)} claims{contradict}"


def whole(question: Asked, asked: str) -> Whole:
    """The entry that the id means, read inside the caller's snapshot. Raises: BadInput."""
    view, platform, as_of = question.store.view, question.platform, question.as_of
    named = find(question, asked)
    entry = look.told(view, [named.at])[named.at]
    source = named.kind == "source"
    words = StoredWords(view.connection, platform)
    row = None
    versions: list[Version] = []
    if named.kind == "event":
        version = words.version(entry.id)
        assert version is not None
        seen = (each for each in words.versions(version.fact) if each.seen(as_of))
        versions = sorted(seen, key=lambda each: each.position)
        standing = chronicle.standing(words, version, as_of)
        if standing.in_force:
            row = chronicle.row_of(view.situation(platform, as_of), version.fact)
        ids = {each.id for each in versions}
    else:
        ids = {named.id}
        standing = chronicle.declared_standing(named.positions, named.at)
    found = {
        mention.position: (mention, keys)
        for id in sorted(ids)
        for mention, keys in look.mentions(view, platform, id, as_of, source=source)
    }
    titles = source_titles(question, [entry])
    named_by = tuple(found[position] for position in sorted(found))
    return Whole(named, entry, standing, tuple(versions), row, titles, named_by)
