"""The command `verify-sources`: whether what was cited still stands in its sources."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.given import Given, matched
from postmortem.cli.options import Asked, asked, question_options
from postmortem.core.citations import PAGE, WHOLE, Citation, parse
from postmortem.core.passages import (
    CHANGED,
    HOLDS,
    MISSING,
    MOVED,
    NOT_AT_HAND,
    UNCHECKED,
    VERDICTS,
    Verdict,
    cited,
    verify,
)
from postmortem.core.sources import Snapshot, Source
from postmortem.reports.rows import Rows
from postmortem.store import look, snapshots
from postmortem.store.sources import sources

_COLOURS: Final = {HOLDS: "green", MOVED: "yellow", CHANGED: "red", MISSING: "red"}


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of one citation in one text."""

    citation: Citation
    events: tuple[str, ...]
    """The facts that cite so, by first id."""
    file: str | None
    """The file that it was looked for in; None: there is none at hand."""
    verdict: Verdict
    now: str | None = None
    """The citation as it would be written for that text, of a moved one."""

    def document(self) -> dict[str, Any]:
        """As rows and JSON have it."""
        return {
            "status": self.verdict.word,
            "source": self.citation.source,
            "place": self.citation.place.written() or WHOLE,
            "citation": self.citation.written(),
            "events": list(self.events),
            "file": self.file,
            "now": self.now,
            "why": self.verdict.why or None,
        }


@click.command(
    "verify-sources",
    epilog="""\b
Examples:
  postmortem verify-sources article.txt bericht.html
  postmortem verify-sources a1=today.html
  postmortem verify-sources
  postmortem verify-sources a1=today.html --lost --json

\b
  holds        the passage stands at its place
  moved        it stands elsewhere, found again by its hash; `now` is the citation for there
  changed      something else stands at its place, and the passage nowhere
  missing      the text ends before its place, and the passage stands nowhere
  not at hand  no file was given, and none is kept, of that source
  unchecked    it carries no hash, or its text cannot be read here

\b
--json prints {"platform", "known_at", "recorded_at", "counts", "citations"}, each of them with
status, source, place, citation, events, file, now, why. Exit status: 1 where something has
changed or is missing, else 0; 2 and above as of every question.""",
)
@click.argument("files", nargs=-1, metavar="[[ID=]FILE]…")
@click.option("--lost", is_flag=True, help="Show only what has changed, is missing or moved.")
@question_options
@click.pass_context
def verify_sources(ctx: click.Context, /, files: tuple[str, ...], lost: bool, **frame: Any) -> int:
    """Whether every citation in the record still stands in its source.

    A FILE is matched to its source by its recorded snapshot, or told as ID=FILE. A source of which
    no file is given is looked up among the kept ones (`source add --keep`): there the snapshot
    counts that the citation is bound to, else the last. All citations of facts in force are
    checked, each once for each file.
    """
    question = asked(ctx, **frame)
    view = question.store.view
    with view.snapshot():
        known = sources(view, question.platform, question.as_of.recorded)
        used = citations(question)
    checked = check_all(question.store.path, known, used, matched(files, known))
    counts = Counter(each.verdict.word for each in checked)
    shown = [each for each in checked if not lost or each.verdict.is_lost
             or each.verdict.word == MOVED]  # fmt: skip
    if question.json:
        output.print_json(
            {
                **question.frame(),
                "counts": {word: counts[word] for word in VERDICTS},
                "citations": [each.document() for each in shown],
            }
        )
    elif question.form != "table":
        columns = [(key, key) for key in _COLUMNS]
        question.print(Rows(columns, [each.document() for each in shown]))
    else:
        _show(shown, counts)
    return int(any(each.verdict.is_lost for each in checked))


_COLUMNS: Final = ("status", "source", "place", "citation", "events", "file", "now", "why")


def citations(question: Asked) -> dict[str, list[str]]:
    """Every citation of the facts in force as it is written, with the facts that cite so."""
    view = question.store.view
    facts = view.situation(question.platform, question.as_of).facts.values()
    by_position = {version.position: version.fact for version in facts}
    entries = look.told(view, sorted(by_position))
    found: dict[str, list[str]] = defaultdict(list)
    for position in sorted(entries):
        for each in dict.fromkeys(entries[position].body.get("cites", ())):
            found[each].append(by_position[position])
    return dict(found)


def check_all(
    store: str,
    known: dict[str, Source],
    used: dict[str, list[str]],
    given: dict[str, list[Given]],
) -> list[Checked]:
    """Every citation checked: by source, then by place.

    Raises: StoreDamaged, where a kept file is not what its name says.
    """

    @cache
    def kept(snapshot: Snapshot) -> Given | None:
        data = snapshots.kept(store, snapshot.sha256)
        if data is None:
            return None
        return Given(str(snapshots.place(store, snapshot.sha256)), data, snapshot.media_type)

    found = []
    for text in sorted(used, key=_order):
        citation = parse(text)
        source = known.get(citation.source)
        files = given.get(citation.source) or list(_kept(citation, source, kept))
        if not files:
            found.append(Checked(citation, tuple(used[text]), None, _absent(citation)))
        found += [_checked(citation, tuple(used[text]), file, source) for file in files]
    return found


def _order(text: str) -> tuple[str, str, int, int, str]:
    citation = parse(text)
    place = citation.place
    return citation.source, place.kind, place.start, place.end, text


def _kept(citation: Citation, source: Source | None, kept: Any) -> Iterator[Given]:
    """The kept file that counts: the snapshot that the citation is bound to, else the last."""
    if source is None:
        return
    bound = source.bound(citation.snapshot)
    for snapshot in (bound, *reversed(source.snapshots)):
        if snapshot is not None and (file := kept(snapshot)) is not None:
            yield file
            return


def _absent(citation: Citation) -> Verdict:
    if citation.problem:
        return Verdict(UNCHECKED, why=f"written like a place, and {citation.problem}")
    if citation.excerpt is None:
        return Verdict(UNCHECKED, why="it carries no hash of its passage")
    return Verdict(NOT_AT_HAND)


def _checked(
    citation: Citation, events: tuple[str, ...], file: Given, source: Source | None
) -> Checked:
    text = file.text
    if text is None:
        return Checked(citation, events, file.name, _unread(citation, file, source))
    verdict = verify(citation, text)
    now = None
    if verdict.word == MOVED and citation.length is not None:
        start = verdict.now[0]
        now = cited(
            citation.source,
            text,
            start,
            start + citation.length,
            stance=citation.stance,
            credibility=citation.credibility,
        ).written()
    return Checked(citation, events, file.name, verdict, now)


def _unread(citation: Citation, file: Given, source: Source | None) -> Verdict:
    """Of what cannot be read the bytes alone can be compared."""
    told = f"the text of {file.media_type} cannot be read here"
    same = source is not None and any(each.sha256 == file.sha256 for each in source.snapshots)
    if same and citation.place.kind in (WHOLE, PAGE):
        return Verdict(UNCHECKED, why=f"{told}; its bytes are those of a recorded snapshot")
    return Verdict(UNCHECKED, why=told)


def _show(shown: Iterable[Checked], counts: Counter[str]) -> None:
    rows = []
    for each in shown:
        word = each.verdict.word
        told = [f"now {parse(each.now).place.written()}"] if each.now else []
        told += [each.verdict.why] if each.verdict.why else []
        events = ", ".join(each.events[:_MOST]) + (", …" if len(each.events) > _MOST else "")
        rows.append(
            (
                click.style(word, fg=_COLOURS.get(word)),
                each.citation.plain,
                "; ".join([*told, f"cited by {events}"]),
            )
        )
    if rows:
        output.table(("status", "citation", "what of it"), rows)
        output.say()
    told = [f"{counts[word]:,} {word}" for word in VERDICTS if counts[word]]
    output.say(", ".join(told) if told else "nothing is cited")
    if counts[NOT_AT_HAND]:
        click.echo("  give the files of the sources, as FILE or ID=FILE", err=True)


_MOST: Final = 3
