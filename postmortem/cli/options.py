"""Options that several commands share, and the question that they make."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from postmortem.cli import output
from postmortem.cli.place import tracker
from postmortem.core.errors import BadInput, BadTime
from postmortem.core.times import END, AsOf, Instant, known_zone, parse_instant
from postmortem.reports.rows import ROW_FORMATS, Rows
from postmortem.tracker import Tracker, system_clock

F = TypeVar("F", bound=Callable[..., Any])

FORMATS: Final = ("table", *ROW_FORMATS)

platform_option = click.option(
    "--platform", metavar="ID", help="Which platform, where the store holds several."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_format_option = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    help="How to print the rows.",
)
_zone_option = click.option(
    "--tz",
    metavar="ZONE",
    help="The time zone to show; else POSTMORTEM_TZ, else the platform's.",
)
_known_option = click.option(
    "--known-at", metavar="TIME", help="Only what could be known by then; else all."
)
_recorded_option = click.option(
    "--recorded-at", metavar="TIME", help="Only what the log held by then; else all."
)


def clock_options(function: F) -> F:
    """`--known-at` and `--recorded-at`."""
    return _known_option(_recorded_option(function))


def output_options(function: F) -> F:
    """`--format`, `--json` for short, and `--tz`."""
    return _format_option(json_option(_zone_option(function)))


def question_options(function: F) -> F:
    """What every question takes: pass them on to `asked`."""
    return platform_option(clock_options(output_options(function)))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's frame: the store, the platform, the clocks, and how to answer."""

    store: Tracker
    platform: str
    home: str | None
    """The platform's zone: of times that are typed without one."""
    zone: str | None
    """The zone to show."""
    as_of: AsOf
    form: str

    @property
    def json(self) -> bool:
        """Whether the answer is one JSON document."""
        return self.form == "json"

    def instant(self, text: str, option: str) -> Instant:
        """The instant that was typed for an option. Raises: BadTime, naming the option."""
        return instant(text, self.home, option)

    def print(self, table: Rows, *, head: str = "") -> None:
        """The rows in the form that was asked for; the head only above a terminal's table."""
        if self.form != "table":
            click.echo(ROW_FORMATS[self.form](table), nl=False)
            return
        if head:
            output.say(head)
            output.say()
        output.table(table.header, table.cells())


def asked(
    ctx: click.Context,
    *,
    platform: str | None,
    known_at: str | None = None,
    recorded_at: str | None = None,
    at: str | None = None,
    tz: str | None = None,
    form: str = "table",
    as_json: bool = False,
) -> Asked:
    """The frame of a question, its times read; without `at` it is about now.

    Raises: BadInput, StoreProblem.
    """
    store = tracker(ctx)
    chosen = store.platform(platform)
    home = store.zone(chosen)
    shown = tz or os.environ.get("POSTMORTEM_TZ") or home
    if shown is not None and not known_zone(shown):
        raise BadInput(f"{shown!r} is no time zone known here", hint="such as Europe/Berlin or UTC")
    return Asked(
        store,
        chosen,
        home,
        shown,
        AsOf(
            system_clock() if at is None else instant(at, home, "--at"),
            END if known_at is None else instant(known_at, home, "--known-at"),
            END if recorded_at is None else instant(recorded_at, home, "--recorded-at"),
        ),
        "json" if as_json else form,
    )


def instant(text: str, zone: str | None, option: str) -> Instant:
    """The instant that was typed for an option.

    Raises: BadTime, naming the option.
    """
    try:
        return parse_instant(text, zone)
    except BadTime as problem:
        raise BadTime(f"{option}: {problem.message}", hint=problem.hint) from None


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint: what may have been meant, else what there is."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are: {', '.join(known)}" if known else "none is declared yet"
