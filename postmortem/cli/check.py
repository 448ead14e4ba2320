"""check: what in the record contradicts itself, has no effect, hangs open or lacks a source."""

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
from postmortem.cli.keep import remind
from postmortem.cli.options import Asked, asked, question_options
from postmortem.cli.spans import platform_name
from postmortem.core.check import RULES, Finding, Rule, check
from postmortem.core.check_material import Material
from postmortem.core.errors import StoreDamaged
from postmortem.core.findings import Severity
from postmortem.core.lengths import DAY
from postmortem.core.times import END, AsOf, format_instant
from postmortem.core.zones import in_zone
from postmortem.reports.rows import Rows


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
@rule_options(threshold=Severity.WARNING)
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

    Whatever rules are chosen, a record that is no longer as it was recorded is an error: C00.
    `verify` says more of it, and also compares it with checkpoints.
    """
    rules = chosen(RULES, only, ignore, "check")
    if explain:
        show_rules(rules, "json" if frame["as_json"] else frame["form"])
        return 0
    question = asked(ctx, at=at, **frame)
    material = _material(question, days)
    findings = [*_altered(question), *check(material, rules)]
    told = (
        summary((found.rule for found in findings), len(rules), len(material.versions))
        if material.declared
        else "nothing was recorded of it by then"
    )
    if question.form == "table":
        _show(question, findings, days, told)
    else:
        question.print(_rows(findings))
        click.echo(told, err=True)
    remind(question.store)
    return int(any(found.rule.severity >= SEVERITIES[severity] for found in findings))


def _material(question: Asked, days: int) -> Material:
    view, platform, as_of, zone = (
        question.store.view,
        question.platform,
        question.as_of,
        question.zone,
    )
    with view.snapshot():
        try:
            return Material.of(
                view.events(platform, AsOf(as_of.valid, END, as_of.recorded)),
                view.versions(platform, as_of),
                view.situation(platform, as_of),
                at=as_of.valid,
                long=days * DAY,
                shown=format_instant if question.json else lambda instant: in_zone(instant, zone),
            )
        except (LookupError, TypeError, AttributeError) as error:
            raise StoreDamaged(
                f"an event of the store {question.store.path} is damaged: {error} was not expected",
                hint="`postmortem verify` says which; keep the file, and go on from a backup",
            ) from None


_ALTERED: Final = Rule(
    "C00",
    "store-altered",
    Severity.ERROR,
    "The store is not as it was recorded: events, tree and words do not fit together.",
    lambda material: iter(()),
)


def _altered(question: Asked) -> list[Finding]:
    """That the store does not hold together; it concerns all platforms, and every K and R."""
    found = question.store.verify()
    if not found.failures:
        return []
    first = found.first or 1
    worst = next((each for each in found.failures if each.position == first), found.failures[0])
    message = f"The store is not as it was recorded: {worst.message}."
    hint = "`postmortem verify` lists everything that does not hold; keep the file as it is."
    return [Finding(_ALTERED, (), "", first, "", message, hint)]


def _rows(findings: Iterable[Finding]) -> Rows:
    columns = ("rule", "name", "severity", "ids", "event", "position", "stream", "message", "hint")
    return Rows([(key, key) for key in columns], [found.document() for found in findings])


def _show(question: Asked, findings: list[Finding], days: int, told: str) -> None:
    head = output.question(question.as_of, question.zone)
    long_ago = f"long ago is more than {output.counted(days, 'day')}"
    output.say(f"{platform_name(question)} {head}; {long_ago}")
    for rule, found in groupby(findings, key=lambda each: each.rule):
        show_heading(rule)
        for each in found:
            show_paragraph(each.message, "  ", "  ")
            if each.stream:
                where = f"{each.event}, position {each.position}, stream {each.stream}"
                show_paragraph(where, "    in ", "       ")
            show_paragraph(each.hint, "    → ", "      ")
    output.say()
    output.say(told)
