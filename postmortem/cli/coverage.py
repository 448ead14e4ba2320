"""The command `coverage`: how much of the record is supported, and by how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.given import matched
from postmortem.cli.options import asked, question_options
from postmortem.cli.spans import paragraph, platform_name
from postmortem.cli.verify_sources import check_all, citations
from postmortem.core.citations import SUPPORTS, Citation
from postmortem.core.evidence import Evidence, Shares, coverage
from postmortem.core.passages import HOLDS, MOVED
from postmortem.reports.rows import Rows
from postmortem.store.sources import Weighing, sources


@click.command(
    "coverage",
    epilog="""\b
Examples:
  postmortem coverage
  postmortem coverage article.txt bericht.html
  postmortem coverage --facts
  postmortem coverage --known-at 2021-01-10T20:00 --json

\b
  independent  by whatever is cited
  archived     by sources of which a copy is kept somewhere, as the record says
  bound        by citations that carry the hashes of their passage and of the text
  verified     by citations that hold in the FILEs given, or in the kept ones

\b
--json prints {"platform", "known_at", "recorded_at", "facts", "independent", "archived", "bound",
"verified", "disputed", "by_fact"}: how many facts there are, and of how many none, one, and two
or more of the origins behind them count. verified is null where no text is at hand.""",
)
@click.argument("files", nargs=-1, metavar="[[ID=]FILE]…")
@click.option("--facts", "by_fact", is_flag=True, help="Each fact by itself, the weakest first.")
@question_options
@click.pass_context
def coverage_(ctx: click.Context, /, files: tuple[str, ...], by_fact: bool, **frame: Any) -> None:
    """How many facts rest on no source, on one, on two or more that do not depend on each other.

    Counted are the facts in force that say how the world was; what the people of the incident did
    themselves needs no source. A source that reports from others is no further origin: what counts
    is the smallest number of origins that could account for all that is cited.
    """
    question = asked(ctx, **frame)
    view, platform = question.store.view, question.platform
    with view.snapshot():
        situation = view.situation(platform, question.as_of)
        weighing = Weighing(view, platform, situation, question.as_of.recorded)
        found = weighing.factual()
        known = sources(view, platform, question.as_of.recorded)
        used = citations(question)
        name = platform_name(question)
    checked = check_all(question.store.path, known, used, matched(files, known))
    held = {each.citation for each in checked if each.verdict.word in (HOLDS, MOVED)}
    at_hand = any(each.file is not None for each in checked)
    counts: dict[str, Callable[[Citation], bool] | None] = {
        "independent": lambda citation: True,
        "archived": lambda citation: (
            citation.source in known and known[citation.source].is_archived
        ),
        "bound": lambda citation: citation.is_bound,
        "verified": held.__contains__ if at_hand else None,
    }
    shares = {
        key: None if each is None else coverage(found, weighing.origins, each)
        for key, each in counts.items()
    }
    if question.json:
        output.print_json(
            {
                **question.frame(),
                "facts": len(found),
                **{key: _document(each) for key, each in shares.items()},
                "disputed": sum(each.is_disputed for each in found),
                "by_fact": [_by_fact(each) for each in _weakest(found)],
            }
        )
    elif by_fact:
        columns = [("fact", "fact"), ("independent", "origins"), ("told", "evidence"),
                   ("sources", "sources")]  # fmt: skip
        rows = [
            {
                "fact": each.fact,
                "independent": each.independent,
                "told": each.told(),
                "sources": list(dict.fromkeys(one.source for one in each.of(SUPPORTS))),
            }
            for each in _weakest(found)
        ]
        question.print(Rows(columns, rows))
    elif question.form != "table":
        question.print(Rows(_COLUMNS, [_row(key, each) for key, each in shares.items()]))
    elif not found:
        output.say("nothing is recorded that needs a source, as known and recorded by then")
    else:
        paragraph(f"{name}, {output.clocks(question.as_of, question.zone)}", 0)
        output.say(f"{len(found):,} facts that need a source")
        output.say()
        table = Rows(_COLUMNS, [_row(key, each) for key, each in shares.items()])
        output.table(table.header, table.cells())
        _aside(found, at_hand)


_COLUMNS: Final = (("origins", "origins"), ("none", "none"), ("one", "one"),
                   ("more", "two or more"))  # fmt: skip


def _row(key: str, shares: Shares | None) -> dict[str, Any]:
    if shares is None:
        return {"origins": key, "none": "–", "one": "–", "more": "–"}
    told = {name: _share(count, shares.facts) for name, count in shares._asdict().items()}
    return {"origins": key, **told}


def _share(count: int, facts: int) -> str:
    """`12 (34 %)`, the share rounded down."""
    return f"{count:,} ({count * 100 // facts} %)" if facts else "0"


def _document(shares: Shares | None) -> dict[str, int] | None:
    if shares is None:
        return None
    return {"none": shares.none, "one": shares.one, "two_or_more": shares.more}


def _by_fact(evidence: Evidence) -> dict[str, Any]:
    return {"fact": evidence.fact, **evidence.document()}


def _weakest(found: list[Evidence]) -> list[Evidence]:
    return sorted(found, key=lambda each: (each.independent, each.fact))


def _aside(found: list[Evidence], at_hand: bool) -> None:
    for label, ids in (
        ("without a source", [each.fact for each in found if not each.independent]),
        ("disputed", [each.fact for each in found if each.is_disputed]),
    ):
        if ids:
            output.say()
            paragraph(f"{label}: {', '.join(ids)}", 0)
    if not at_hand:
        click.echo("no text of a source is at hand to verify: give the files", err=True)
