"""Full text over the record, with the reason for every hit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import output
from postmortem.cli.kinds import WITHHELD
from postmortem.cli.options import Asked, asked, question_options
from postmortem.cli.spans import document, paragraph, platform_name, span_from, when
from postmortem.cli.telling import entry_document, own_id
from postmortem.core import chronicle
from postmortem.core.chronicle import STANDS, Standing
from postmortem.core.times import END, Span, format_bound
from postmortem.reports.rows import Rows
from postmortem.store import look
from postmortem.store.search import Found, Hit, find
from postmortem.store.view import Logged

if TYPE_CHECKING:
    from postmortem.core.fields import Body  # loads pydantic

_FIELDS_SHOWN: Final = 3


@click.command(
    epilog="""\b
Examples:
  postmortem search midnight
  postmortem search amazon server
  postmortem search zendesk --known-at 2021-01-10T12:00 --limit 5
  postmortem search leafandcore --json

\b
--json prints {"platform", "text", "known_at", "recorded_at", "total", "inside_words", "hits"}: in
`hits`, best first, what `log` does of each entry, and with it
  status, status_by            in force, corrected, retracted or amended, and by which entry
  time                         its own time, or that which it claims; null: it has none
  found                        [{field, excerpt}]: where it was found, every match as «match»
`inside_words` is true where no word is so or begins so, and these hold it inside a word."""
)
@click.argument("text", nargs=-1, required=True)
@click.option(
    "--limit", metavar="N", type=click.IntRange(min=1), default=20, show_default=True,
    help="At most so many.",
)  # fmt: skip
@question_options
@click.pass_context
def search(ctx: click.Context, /, text: tuple[str, ...], limit: int, **frame: Any) -> None:
    """Full text over events, notes, sources and all that is declared.

    An entry is found that holds every word, in whichever of its fields; case and accents do not
    matter, and the last word may be a beginning. Searched are ids, types, names, what people say,
    what they say about sources, and what an entry names. Beside each hit stands where the words
    are. Versions that are not in force are found as well, and say so.
    """
    question = asked(ctx, **frame)
    view = question.store.view
    words = " ".join(text)
    with view.snapshot():
        found = find(view, question.platform, words, question.as_of, limit)
        hits = list(_hits(question, found))
        name = platform_name(question)
    if not found.by_index:
        click.echo(
            "postmortem: the full-text index is missing here, so every text was read; "
            "`postmortem rebuild` makes it, where SQLite has FTS5",
            err=True,
        )
    if question.json:
        output.print_json(
            {
                "platform": question.platform,
                "text": words,
                "known_at": format_bound(question.as_of.known),
                "recorded_at": format_bound(question.as_of.recorded),
                "total": found.total,
                "inside_words": found.inside_words,
                "hits": [hit.document() for hit in hits],
            }
        )
    elif question.form != "table":
        question.print(_table(hits))
    else:
        paragraph(f"{name}, {output.clocks(question.as_of, question.zone)}", 0)
        limited = question.as_of.known != END or question.as_of.recorded != END
        paragraph(_counted(found, words, limited=limited), 0)
        for hit in hits:
            hit.print(question.zone)


@dataclass(frozen=True, slots=True)
class _Found:
    """A hit with the entry that it is."""

    hit: Hit
    entry: Logged
    standing: Standing

    @property
    def time(self) -> Body | None:
        """Its own time, as stored; of a claim the time that it claims."""
        body = self.entry.body
        stored: Body | None = body.get("at") or body.get("time") or body.get("published_at")
        return stored

    def span(self) -> Span | None:
        """The same."""
        return None if self.time is None else span_from(self.time)

    def document(self) -> Body:
        """As JSON has it; see `search`."""
        return entry_document(self.entry) | {
            "status": self.standing.word,
            "status_by": self.standing.by,
            "time": document(self.span(), self.time),
            "found": [{"field": field, "excerpt": text} for field, text in self.hit.found],
        }

    def print(self, zone: str | None) -> None:
        """On a terminal: what it is, its time, and where the words are."""
        entry, span = self.entry, self.span()
        title = [own_id(entry), entry.type, f"#{entry.position}"]
        if self.standing is not STANDS:
            title.append(str(self.standing))
        output.say()
        paragraph(" · ".join(title), 0, bold=True)
        recorded = f"recorded {output.since(entry.recorded, zone)}"
        paragraph(recorded if span is None else when(span, zone), 4, dim=True)
        for field, text in self.hit.found[:_FIELDS_SHOWN]:
            paragraph(f"{field}: {text}", 4)
        more = [field for field, _ in self.hit.found[_FIELDS_SHOWN:]]
        if more:
            paragraph(f"also in {', '.join(more)}", 4)


def _hits(question: Asked, found: Found) -> Iterator[_Found]:
    view, as_of = question.store.view, question.as_of
    entries = look.told(view, [hit.position for hit in found.hits])
    words = look.StoredWords(view.connection, question.platform)
    last = view.position_at(as_of.recorded)
    for hit in found.hits:
        entry = entries[hit.position]
        if entry.type == WITHHELD.type:
            standing = STANDS
        elif entry.known is None:
            kind, id = entry.id.split(":")[:2]
            named = look.named(view, question.platform, f"{kind}:{id}", last)
            assert named is not None
            standing = chronicle.declared_standing(named.positions, hit.position)
        else:
            version = words.version(entry.id)
            assert version is not None
            standing = chronicle.standing(words, version, as_of)
        yield _Found(hit, entry, standing)


def _table(hits: list[_Found]) -> Rows:
    columns = ("position", "id", "type", "status", "earliest", "latest", "field", "excerpt", "also")
    return Rows(
        [(name, name) for name in columns],
        [
            {
                "position": each.entry.position,
                "id": own_id(each.entry),
                "type": each.entry.type,
                "status": str(each.standing),
                "earliest": (each.time or {}).get("earliest"),
                "latest": (each.time or {}).get("latest"),
                "field": field,
                "excerpt": text,
                "also": ", ".join(other for other, _ in others),
            }
            for each in hits
            for (field, text), *others in (each.hit.found,)
        ],
    )


def _counted(found: Found, words: str, *, limited: bool) -> str:
    if not found.total:
        then = ", as it could be known and was recorded by then" if limited else ""
        return f"nothing holds {words!r}{then}"
    entries = "1 entry holds" if found.total == 1 else f"{found.total:,} entries hold"
    inside = " inside other words" if found.inside_words else ""
    best = f"; the best {len(found.hits)} of them" if len(found.hits) < found.total else ""
    return f"{entries} {words!r}{inside}{best}"
