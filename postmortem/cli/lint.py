"""lint: which texts blame, look back or claim too much, and what was left undone."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.findings import (
    SEVERITIES,
    chosen,
    rule_options,
    show_heading,
    show_paragraph,
    show_rules,
    summary,
)
from postmortem.cli.options import Asked, asked, question_options
from postmortem.cli.spans import platform_name
from postmortem.core.findings import Severity
from postmortem.core.lint import RULES, Finding, lint
from postmortem.core.lint_material import Material
from postmortem.reports.rows import Rows
from postmortem.store.dossiers import Reading

_AROUND: Final = 32
"""So many characters of a text stand on either side of what was found in it."""


@click.command(
    "lint",
    epilog="""\b
Examples:
  postmortem lint
  postmortem lint parler-2021 --ignore absolute
  postmortem lint --rule BL003 --rule counterfactual
  postmortem lint --severity warning -f csv
  postmortem lint --rules

\b
An event is not told of by the rules that it names:
  postmortem correct EVENT --clerical --silence BL003
or `silence: [BL003]` on it in a casebook. What stands in quotation marks is somebody else's
wording, and is left alone.

\b
Exit status: 0 where there is nothing; 1 where there is anything (--severity moves that line);
2 and above as of every question.""",
)
@click.argument("incident", required=False)
@click.option(
    "--at",
    metavar="TIME",
    help="Up to when what goes on is counted; else the last entry recorded, or --known-at.",
)
@rule_options(threshold=Severity.NOTE)
@question_options
@click.pass_context
def lint_(
    ctx: click.Context,
    /,
    incident: str | None,
    at: str | None,
    only: tuple[str, ...],
    ignore: tuple[str, ...],
    severity: str,
    explain: bool,
    **frame: Any,
) -> int:
    """Which texts blame, look back or claim too much; which factor or action was left undone.

    In English and German. Texts are held to the record too: `outage` of what was only degraded, an
    exact time where the record has a span, a number without a source. Without INCIDENT all events
    of the platform are read. Nothing is changed.
    """
    rules = chosen(RULES, only, ignore, "lint")
    if explain:
        show_rules(rules, "json" if frame["as_json"] else frame["form"])
        return 0
    question = asked(ctx, at=at, **frame)
    material, name = _material(question, incident, at)
    findings = lint(material, rules)
    told = (
        summary((found.rule for found in findings), len(rules), len(material.items))
        if material.whole.position
        else "nothing was recorded of it by then"
    )
    if question.form == "table":
        platform = platform_name(question)
        of = platform if name is None else f"{name} of {platform}"
        until = (
            "" if at is None else f"; up to {output.moment(question.as_of.valid, question.zone)}"
        )
        output.say(f"{of}, {output.clocks(question.as_of, question.zone)}{until}")
        _show(findings)
        output.say()
        output.say(told)
    else:
        question.print(_rows(findings))
        click.echo(told, err=True)
    return int(any(found.rule.severity >= SEVERITIES[severity] for found in findings))


def _material(question: Asked, incident: str | None, at: str | None) -> tuple[Material, str | None]:
    view = question.store.view
    with view.snapshot():
        reading = Reading(
            view,
            question.platform,
            question.as_of,
            until=None if at is None else question.as_of.valid,
        )
        whole = reading.dossier(None)
        if incident is None:
            return Material.of(whole, reading.entries, reading.dossier), None
        chosen_one = reading.choose(incident)
        facts = {item.fact for item in reading.dossier(chosen_one).items}
        return Material.of(whole, reading.entries, reading.dossier, facts), chosen_one


def _rows(findings: Iterable[Finding]) -> Rows:
    columns = ("rule", "name", "severity", "fact", "event", "type", "position", "field", "start",
               "end", "words", "language", "message", "hint")  # fmt: skip
    return Rows([(key, key) for key in columns], [found.document() for found in findings])


def _show(findings: Iterable[Finding]) -> None:
    for rule, found in groupby(findings, key=lambda each: each.rule):
        show_heading(rule)
        by_hint: dict[str, list[Finding]] = {}
        for each in found:
            by_hint.setdefault(each.hint, []).append(each)
        for hint, those in by_hint.items():
            for each in those:
                show_paragraph(each.message, "  ", "  ")
                show_paragraph(_where(each), "    in ", "       ")
            show_paragraph(hint, "    → ", "      ")


def _where(found: Finding) -> str:
    if found.field is None:
        return found.item.id
    if found.start is None or found.end is None:
        return f"{found.item.id}, {found.field}"
    place = f"{found.item.id}, {found.field} [{found.start}, {found.end})"
    text = found.item.body[found.field]
    return f"{place}: {_around(text, found.start, found.end)}" if isinstance(text, str) else place


def _around(text: str, start: int, end: int) -> str:
    """The found words with those beside them."""
    stop = min(end, start + 2 * _AROUND)
    before, found, after = text[:start][-_AROUND:], text[start:stop], text[stop:][:_AROUND]
    if len(before) < start:
        before = f"… {before.partition(' ')[2]}"
    if stop + len(after) < len(text):
        after = f"{after.rpartition(' ')[0]} …"
    return before + found + after
