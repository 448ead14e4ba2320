"""The history of one fact, or of one declaration: what was said, corrected, taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import output
from postmortem.cli.options import Asked, asked, question_options
from postmortem.cli.spans import paragraph, platform_name
from postmortem.cli.telling import changes_between, entry_document, own_id, remarks, what
from postmortem.cli.whole import find
from postmortem.core import chronicle
from postmortem.core.chronicle import Change, Standing
from postmortem.core.history import RETRACTED, Log, Version, reigns
from postmortem.core.times import END, Instant, format_bound
from postmortem.reports.rows import Rows
from postmortem.store import look
from postmortem.store.look import StoredWords
from postmortem.store.view import Logged

if TYPE_CHECKING:
    from postmortem.core.fields import Body  # loads pydantic


@dataclass(frozen=True, slots=True)
class Word:
    """One entry of a history: a version, a retraction, or a declaration."""

    entry: Logged
    standing: Standing
    corrects: Logged | None
    """What it is a corrected version of; of a declaration the one before."""
    changes: tuple[Change, ...]

    @property
    def is_retraction(self) -> bool:
        """Whether it takes something back."""
        return self.entry.type == RETRACTED

    @property
    def does(self) -> str:
        """What it does to the fact: its place in the history, in words."""
        clerical = ", a slip of the pen" if self.entry.body.get("clerical") else ""
        if self.entry.known is None:
            return "declared" if self.corrects is None else "declared anew"
        if self.corrects is not None:
            return f"corrects {self.corrects.id}{clerical}"
        if self.is_retraction:
            return f"takes back {self.entry.body['event']}{clerical}"
        return "the first version"

    def document(self) -> Body:
        """As JSON has it; see `history`."""
        return entry_document(self.entry) | {
            "does": self.does,
            "clerical": bool(self.entry.body.get("clerical")),
            "status": self.standing.word,
            "status_by": self.standing.by,
            "corrects": None if self.corrects is None else self.corrects.id,
            "changes": [change._asdict() for change in self.changes],
        }

    def told(self) -> list[str]:
        """Its changes, a line each."""
        return [
            f"{field}: {chronicle.as_text(field, old)} → {chronicle.as_text(field, new)}"
            for field, old, new in self.changes
        ]


@dataclass(frozen=True, slots=True)
class Reign:
    """For knowledge in [start, end) that version is the last word; None: nothing is."""

    start: Instant
    end: Instant
    version: Version | None

    def document(self) -> Body:
        """As JSON has it; see `history`."""
        version = self.version
        return {
            "known_from": format_bound(self.start),
            "known_until": format_bound(self.end),
            "version": None if version is None else version.id,
            "position": None if version is None else version.position,
        }


@click.command(
    epilog="""\b
Examples:
  postmortem history aws-cut-off
  postmortem history aws-cut-off --recorded-at 2026-12-01T12:00Z
  postmortem history hosting --json

\b
--json prints {"platform", "id", "kind", "type", "history", "last_word"}: in `history` what `log`
does of each entry, and with it
  does, clerical               in words; whether it mends a slip of the pen
  status, status_by            in force, corrected, retracted or amended, and by which entry
  corrects                     the entry of which it is a corrected version
  changes                      [{field, old, new}] against that one; null: not given
and in `last_word`, of an event, [{known_from, known_until, version, position}]: which version
counts for whoever knows what could be known from the one to before the other; null: none does."""
)
@click.argument("id")
@question_options
@click.pass_context
def history(ctx: click.Context, /, id: str, **frame: Any) -> None:
    """All versions of one fact, what changed, and which is the last word.

    ID is that of any version. In the order of recording, retractions too; each version is compared
    with the one that it corrects. Below stands which of them counts, by what could be known. Of a
    service, capability, source or platform: its declarations.
    """
    question = asked(ctx, **frame)
    with question.store.view.snapshot():
        named = find(question, id)
        if named.kind == "event":
            words, last = _of_fact(question, named.id)
        else:
            words, last = _of_declaration(question, named.positions), []
        name = platform_name(question)
    first = words[0]
    if question.json:
        output.print_json(
            {
                "platform": question.platform,
                "id": own_id(first.entry),
                "kind": named.kind,
                "type": first.entry.type,
                "history": [word.document() for word in words],
                "last_word": [reign.document() for reign in last],
            }
        )
    elif question.form != "table":
        question.print(_table(words))
    else:
        clocks = output.clocks(question.as_of, question.zone)
        paragraph(f"{own_id(first.entry)} ({first.entry.type}) of {name}, {clocks}", 0)
        output.say(_counted(words))
        _print(question, words, last)


def _of_fact(question: Asked, id: str) -> tuple[list[Word], list[Reign]]:
    view, as_of = question.store.view, question.as_of
    stored = StoredWords(view.connection, question.platform)
    version = stored.version(id)
    assert version is not None
    versions = [each for each in chronicle.words_about(stored, version.fact) if each.seen(as_of)]
    entries = look.told(view, [each.position for each in versions])
    by_id = {entry.id: entry for entry in entries.values()}
    words = []
    for each in versions:
        entry = entries[each.position]
        replaced = entry.body.get("replaces")
        # what it corrects may not be known yet at K; it is known what it was all the same
        before = by_id.get(replaced) if replaced else None
        changes = changes_between(before, entry)
        standing = chronicle.standing(stored, each, as_of)
        words.append(Word(entry, standing, before, tuple(changes)))
    return words, _reigns(versions, version.fact)


def _reigns(versions: Sequence[Version], fact: str) -> list[Reign]:
    """Which version counts for which knowledge, gaps included, from when anything is known."""
    here = min(version.known for version in versions)
    found: list[Reign] = []
    for start, end, version in reigns(Log.of(versions), fact):
        if here < start:
            found.append(Reign(here, start, None))
        found.append(Reign(start, end, version))
        here = end
    return [*found, Reign(here, END, None)] if here < END else found


def _of_declaration(question: Asked, positions: Sequence[int]) -> list[Word]:
    entries = look.told(question.store.view, positions)
    words: list[Word] = []
    for position in positions:
        entry = entries[position]
        before = words[-1].entry if words else None
        changes = changes_between(before, entry)
        standing = chronicle.declared_standing(positions, position)
        words.append(Word(entry, standing, before, tuple(changes)))
    return words


_COLUMNS: Final = (
    "position", "id", "type", "does", "clerical", "status", "status_by", "known_at", "recorded_at",
    "recorded_by", "changes", "words",
)  # fmt: skip


def _table(words: Sequence[Word]) -> Rows:
    return Rows(
        [(name, name.replace("_", " ")) for name in _COLUMNS],
        [
            word.document() | {"changes": "; ".join(word.told()), "words": remarks(word.entry)}
            for word in words
        ],
    )


def _counted(words: Sequence[Word]) -> str:
    if words[0].entry.known is None:
        return "declared once" if len(words) == 1 else f"declared {len(words)} times"
    type = words[0].entry.type
    retractions = sum(word.is_retraction for word in words) if type != RETRACTED else 0
    counts = ((len(words) - retractions, "version"), (retractions, "retraction"))
    return ", ".join(f"{n} {what}{'s' if n > 1 else ''}" for n, what in counts if n)


def _print(question: Asked, words: Sequence[Word], last: Sequence[Reign]) -> None:
    zone = question.zone
    for word in words:
        entry = word.entry
        output.say()
        title = f"#{entry.position} {own_id(entry)} · {word.does} · {word.standing}"
        paragraph(title, 0, bold=True)
        known = [f"known from {output.moment(entry.known, zone)}"] if entry.known else []
        by = f" by {entry.shown_by}" if entry.shown_by else ""
        for line in (*known, f"recorded {output.moment(entry.recorded, zone)}{by}"):
            paragraph(line, 4, dim=True)
        for line in _content(word):
            paragraph(line, 4)
    if last:
        output.say()
        output.say("the last word, by what could be known")
        for reign in last:
            counts = "nothing" if reign.version is None else reign.version.id
            text = f"from {output.moment(reign.start, zone)}"
            if reign.end != END:
                text += f" to before {output.moment(reign.end, zone)}"
            paragraph(f"{text}: {counts}", 4)


def _content(word: Word) -> Iterator[str]:
    if word.corrects is not None:
        yield from word.told() or ["nothing but the wording of the correction"]
        return
    said = [what(word.entry)] if not word.is_retraction else []
    if "at" in word.entry.body:
        said.append(f"at {word.entry.body['at']['written']}")
    yield from filter(None, [", ".join(filter(None, said)), remarks(word.entry)])
