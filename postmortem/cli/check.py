"""check: what in the record contradicts itself, has no effect, hangs open or lacks a source."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import groupby
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.options import Asked, asked, question_options
from postmortem.core.check import RULES, Finding, Rule, Severity, check, rules_named
from postmortem.core.check_material import DAY, Material
from postmortem.core.errors import BadInput
from postmortem.core.times import END, AsOf, format_instant, in_zone
from postmortem.core.words import for_terminal
from postmortem.reports.rows import ROW_FORMATS, Rows

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: None}
_SEVERITIES: Final = {severity.word: severity for severity in Severity}


@click.command(
    "check",
    epilog="""\b
Examples:
  postmortem check
  postmortem check --ignore time-contested --ignore C16
  postmortem check --rule announcement-overdue --days 7
  postmortem check --at 2021-01-12T12:00-08:00 --known-at 2021-01-12T12:00-08:00
  postmortem check --rules

\b
Exit status: 0 where there is nothing, or notes alone; 1 where there is a warning or an error
(--severity moves that line); 2 and above as of every question.""",
)
@click.option("--at", metavar="TIME", help="The moment that `long ago` is counted from; else now.")
@click.option(
    "--days",
    metavar="N",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="How many days an announcement or an open time is left alone.",
)
@click.option(
    "--rule", "only", metavar="RULE", multiple=True, help="Only that rule, by id or name."
)
@click.option("--ignore", metavar="RULE", multiple=True, help="All rules but that one.")
@click.option(
    "--severity",
    type=click.Choice([*_SEVERITIES]),
    default=Severity.WARNING.word,
    show_default=True,
    help="From which severity on the exit status is 1; everything is shown.",
)
@click.option("--rules", "explain", is_flag=True, help="Tell what each rule looks for instead.")
@question_options
@click.pass_context
def check_(
    ctx: click.Context,
    /,
    at: str | None,
    days: int,
    only: tuple[str, ...],
    ignore: tuple[str, ...],
    severity: str,
    explain: bool,
    **frame: Any,
) -> int:
    """What in the record contradicts itself, has no effect, hangs open or lacks a source.

    An error is something that contradicts the rest or has no effect, a warning something to be
    looked at, a note something that may be missing. Nothing is changed.
    """
    rules = _chosen(only, ignore)
    if explain:
        _show_rules(rules, "json" if frame["as_json"] else frame["form"])
        return 0
    question = asked(ctx, at=at, **frame)
    material = _material(question, days)
    findings = check(material, rules)
    summary = (
        _summary(findings, len(rules), len(material.versions))
        if material.declared
        else "nothing was recorded of it by then"
    )
    if question.form == "table":
        _show(question, findings, days, summary)
    else:
        question.print(_rows(findings))
        click.echo(summary, err=True)
    return int(any(found.rule.severity >= _SEVERITIES[severity] for found in findings))


def _chosen(only: tuple[str, ...], ignore: tuple[str, ...]) -> list[Rule]:
    wanted, unknown = rules_named(only)
    unwanted, more = rules_named(ignore)
    for option, names in (("--rule", unknown), ("--ignore", more)):
        if names:
            near = get_close_matches(names[0].lower(), [rule.name for rule in RULES], n=1)
            hint = f"did you mean {near[0]}?" if near else "`postmortem check --rules` lists them"
            raise BadInput(f"{option}: there is no rule {names[0]!r}", hint=hint)
    chosen = [rule for rule in RULES if rule in (wanted or RULES) and rule not in unwanted]
    if not chosen:
        raise BadInput("no rule is left to check by", hint="leave out --rule or --ignore")
    return chosen


def _material(question: Asked, days: int) -> Material:
    view, platform, as_of, zone = (
        question.store.view,
        question.platform,
        question.as_of,
        question.zone,
    )
    with view.snapshot():
        return Material.of(
            view.events(platform, AsOf(as_of.valid, END, as_of.recorded)),
            view.versions(platform, as_of),
            view.situation(platform, as_of),
            at=as_of.valid,
            long=days * DAY,
            shown=format_instant if question.json else lambda instant: in_zone(instant, zone),
        )


def _summary(findings: list[Finding], rules: int, events: int) -> str:
    """`2 errors, 1 note; 23 rules, 36 events`."""
    counts = Counter(found.rule.severity for found in findings)
    told = [_count(counts[each], each.word) for each in sorted(counts, reverse=True)]
    asked = f"{_count(rules, 'rule')}, {_count(events, 'event')}"
    return f"{', '.join(told) or 'nothing found'}; {asked}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _rows(findings: Iterable[Finding]) -> Rows:
    columns = ("rule", "name", "severity", "ids", "event", "position", "stream", "message", "hint")
    return Rows([(key, key) for key in columns], [found.document() for found in findings])


def _show(question: Asked, findings: list[Finding], days: int, summary: str) -> None:
    head = output.question(question.as_of, question.zone)
    output.say(f"{question.platform} {head}; long ago is more than {_count(days, 'day')}")
    for rule, found in groupby(findings, key=lambda each: each.rule):
        output.say()
        heading = f"{rule.severity.word} {rule.id} {rule.name}"
        output.say(click.style(heading, fg=_COLOURS[rule.severity], bold=True))
        for each in found:
            _paragraph(each.message, "  ", "  ")
            where = f"{each.event}, position {each.position}, stream {each.stream}"
            _paragraph(where, "    in ", "       ")
            _paragraph(each.hint, "    → ", "      ")
    output.say()
    output.say(summary)


def _paragraph(text: str, first: str, more: str) -> None:
    for line in textwrap.wrap(
        for_terminal(text),
        output.width(),
        initial_indent=first,
        subsequent_indent=more,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        output.say(line)


def _show_rules(rules: list[Rule], form: str) -> None:
    rows = Rows(
        [("rule", "rule"), ("name", "name"), ("severity", "severity"), ("means", "what it finds")],
        [
            {"rule": each.id, "name": each.name, "severity": each.severity.word,
             "means": each.means}
            for each in rules
        ],
    )  # fmt: skip
    if form == "table":
        output.table(rows.header, rows.cells())
    else:
        click.echo(ROW_FORMATS[form](rows), nl=False)
