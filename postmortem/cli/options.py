"""Options that several commands share, and the question that they make."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import click

from postmortem.cli import output
from postmortem.cli.place import tracker
from postmortem.core.errors import BadInput, BadTime
from postmortem.core.times import END, AsOf, Instant, Span, format_bound, parse_instant
from postmortem.core.zones import known_zone
from postmortem.tracker import Tracker, system_clock

if TYPE_CHECKING:
    from postmortem.reports.rows import Rows

F = TypeVar("F", bound=Callable[..., Any])

AUDIENCES: Final = ("internal", "public")
"""For whom something is written: for the public with the words alone of what is marked so."""
FORMATS: Final = ("table", "json", "csv", "markdown")
"""A terminal's table, and those of `reports.rows`, which only these load."""

platform_option = click.option(
    "--platform", metavar="ID", help="Which platform, where the store holds several."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
format_option = click.option(
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
    return format_option(json_option(_zone_option(function)))


def question_options(function: F) -> F:
    """What every question takes: pass them on to `asked`."""
    return platform_option(clock_options(output_options(function)))


class Asked(NamedTuple):
    """A question's frame: the store, the platform, the clocks, and how to answer."""

    store: Tracker
    platform: str
    home: str | None
    """The platform's zone: of times that are typed without one."""
    zone: str | None
    """The zone to show."""
    as_of: AsOf
    form: str
    now: Instant
    """This moment: the same for all times of one question."""

    @property
    def json(self) -> bool:
        """Whether the answer is one JSON document."""
        return self.form == "json"

    def frame(self) -> dict[str, Any]:
        """What every answer as JSON begins with: of which platform, and as of when."""
        return {
            "platform": self.platform,
            "known_at": format_bound(self.as_of.known),
            "recorded_at": format_bound(self.as_of.recorded),
        }

    def instant(self, text: str, option: str) -> Instant:
        """The instant that was typed for an option. Raises: BadInput, naming the option."""
        return instant(text, option, self.store, self.platform, self.home, self.now)

    def print(self, table: Rows, *, head: str = "") -> None:
        """The rows in the form that was asked for; the head only above a terminal's table."""
        if self.form != "table":
            from postmortem.reports.rows import ROW_FORMATS

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
    # the platform's own was looked at when it was declared, and JSON is in UTC
    told = shown != home or not (as_json or form == "json")
    if told and shown is not None and not known_zone(shown):
        raise BadInput(f"{shown!r} is no time zone known here", hint="such as Europe/Berlin or UTC")
    # to the second, up: what was recorded a moment ago counts, and the answer can be read aloud
    now = -(-system_clock() // 1_000_000) * 1_000_000

    def read(text: str | None, option: str, otherwise: Instant) -> Instant:
        return otherwise if text is None else instant(text, option, store, chosen, home, now)

    return Asked(
        store,
        chosen,
        home,
        shown,
        AsOf(
            read(at, "--at", now),
            read(known_at, "--known-at", END),
            read(recorded_at, "--recorded-at", END),
        ),
        "json" if as_json else form,
        now,
    )


def instant(
    text: str, option: str, store: Tracker, platform: str, zone: str | None, now: Instant
) -> Instant:
    """The instant that was typed for an option, in any form of `core.typed`.

    Raises: BadTime, BadInput, naming the option.
    """
    try:
        return parse_instant(text, zone)
    except BadTime:
        from postmortem.core.typed import read_instant  # a written form never needs it
    try:
        event = partial(event_time, store, platform)
        return read_instant(text, zone=zone, now=now, event=event)
    except BadInput as problem:
        raise type(problem)(f"{option}: {problem.message}", hint=problem.hint) from None


def event_time(store: Tracker, platform: str, id: str) -> Span:
    """What `@ID` stands for: the time of that event by its last word, with all that is claimed.

    Whatever the question's own clocks are, it is the time as known and recorded now: it names a
    moment, and answers nothing. Of an announcement it is when that was made.

    Raises: BadInput, where there is no such event, or it has no time.
    """
    from postmortem.core.disruptions import Claims
    from postmortem.core.history import ANNOUNCED, CLAIMED, RESCHEDULED

    version = store.view.version(platform, id)
    if version is None:
        from postmortem.store.suggestions import nearest

        if id in store.view.ids(platform):
            hint = "the time of an event is meant: `postmortem log` lists them"
            raise BadInput(f"{id} is a service or a capability, and has no time", hint=hint)
        near = nearest(store.view, platform, id, names="version")
        hint = f"did you mean @{near}?" if near else "`postmortem log` lists the events"
        raise BadInput(f"there is no event {id!r}", hint=hint)
    situation = store.view.situation(platform, AsOf(END), about=version.fact)
    standing = situation.facts.get(version.fact)
    if standing is None:
        raise BadInput(
            f"{id} is retracted, and nothing of it is in force",
            hint=f"`postmortem history {id}` shows what was recorded; write the time itself",
        )
    if standing.type == CLAIMED:
        span = standing.effective
    elif standing.at is None or standing.type in (ANNOUNCED, RESCHEDULED):
        span = standing.at
    else:
        span = Claims(situation).happened(standing).span
    if span is None:
        raise BadInput(
            f"{id} is a {standing.type}, and has no time of its own",
            hint=f"name the event that it is about: @{standing.subjects[0]}"
            if standing.subjects
            else "write the time itself",
        )
    return span


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint: what may have been meant, else what there is."""
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"there are: {', '.join(known)}" if known else "none is declared yet"
