"""What commands that find something share: choosing rules, telling them, counting findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final, TypeVar

import click

from postmortem.cli import output
from postmortem.cli.spans import wrapped
from postmortem.core.errors import BadInput
from postmortem.core.findings import Named, Severity, rules_named
from postmortem.reports.rows import ROW_FORMATS, Rows

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound=Named)

SEVERITIES: Final = {severity.word: severity for severity in Severity}
_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: None}


def rule_options(*, threshold: Severity) -> Callable[[F], F]:
    """`--rule`, `--ignore`, `--severity` and `--rules`, as `only`, `ignore`, `severity`, `explain`.

    `threshold` is the severity from which on the exit status is 1, where nobody says otherwise.
    """
    options = (
        click.option(
            "--rule", "only", metavar="RULE", multiple=True, help="Only that rule, by id or name."
        ),
        click.option("--ignore", metavar="RULE", multiple=True, help="All rules but that one."),
        click.option(
            "--severity",
            type=click.Choice([*SEVERITIES]),
            default=threshold.word,
            show_default=True,
            help="From which severity on the exit status is 1; everything is shown.",
        ),
        click.option(
            "--rules", "explain", is_flag=True, help="Tell what each rule looks for instead."
        ),
    )

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def chosen(
    rules: Sequence[R], only: tuple[str, ...], ignore: tuple[str, ...], command: str
) -> list[R]:
    """The rules that are left by `--rule` and `--ignore`. Raises: BadInput."""
    wanted, unknown = rules_named(rules, only)
    unwanted, more = rules_named(rules, ignore)
    for option, names in (("--rule", unknown), ("--ignore", more)):
        if names:
            near = get_close_matches(names[0].lower(), [rule.name for rule in rules], n=1)
            lists = f"`postmortem {command} --rules` lists them"
            hint = f"did you mean {near[0]}?" if near else lists
            raise BadInput(f"{option}: there is no rule {names[0]!r}", hint=hint)
    left = [rule for rule in rules if rule in (wanted or rules) and rule not in unwanted]
    if not left:
        raise BadInput(f"no rule is left to {command} by", hint="leave out --rule or --ignore")
    return left


def summary(found: Iterable[Named], rules: int, events: int) -> str:
    """`2 errors, 1 note; 23 rules, 36 events`, of the rules that found something."""
    counts = Counter(rule.severity for rule in found)
    told = [output.counted(counts[each], each.word) for each in sorted(counts, reverse=True)]
    asked = f"{output.counted(rules, 'rule')}, {output.counted(events, 'event')}"
    return f"{', '.join(told) or 'nothing found'}; {asked}"


def show_heading(rule: Named) -> None:
    """The line above what a rule found."""
    output.say()
    heading = f"{rule.severity.word} {rule.id} {rule.name}"
    output.say(click.style(heading, fg=_COLOURS[rule.severity], bold=True))


def show_paragraph(text: str, first: str, more: str) -> None:
    """A text, wrapped; its first line and the others begin so."""
    for number, line in enumerate(wrapped(text, max(20, output.width() - len(more)))):
        output.say((more if number else first) + line)


def show_rules(rules: Sequence[Named], form: str) -> None:
    """What each rule looks for."""
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
