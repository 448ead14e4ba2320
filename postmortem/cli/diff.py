"""The command `diff`: what changed between two moments on one of the clocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import click

from postmortem.cli import changed, output, sides
from postmortem.cli.options import Asked, asked, output_options, platform_option
from postmortem.cli.sides import AT, FIELDS, KNOWN, RECORDED, Compared
from postmortem.cli.spans import platform_name
from postmortem.core.causes import FIRST, LAST
from postmortem.core.diff import Moved, between, changes, moved
from postmortem.core.errors import BadInput
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant, format_instant
from postmortem.reports.explanation import due_document, levels


@click.command(
    epilog="""\b
Examples:
  postmortem diff --known-at 2021-01-10T20:00
  postmortem diff --known-at 2021-01-10T20:00 --known-at 2021-01-11T12:00 --at 2021-01-11T00:30
  postmortem diff --recorded-at "yesterday 18:00"
  postmortem diff --at 2021-01-10T12:00 --at 2021-01-11T12:00
  postmortem diff --at 2021-01-10T12:00 --at 2021-01-11T12:00 --known-at 2021-01-10T20:00 -f csv

\b
--json prints {"platform", "clock", "before", "after"}: the clock that is compared, and the two
questions, {at, known_at, recorded_at}. With --known-at or --recorded-at it also has
  record     [{what, fact, type, by, freed, before, after, differs, dated, time_before,
             time_after}]: what became of each fact (asserted, claimed, corrected, retracted,
             brought back, no longer in force); which retractions took it back, and which count
             no more; its entries as `log` has them; the fields that differ, [{field, old, new}];
             of the fact that it dates {earliest, latest, contested}; and under the name of the
             clock since when
  declared   the same of declarations: what, kind, id, before, after, differs, recorded_at
  from, to   the window, null on a side without a limit
  levels     [{id, kind, from, to, before, after}]: where the levels are others, the longest
             periods [from, to) of one such pair; null as before: not declared yet
  at_moment  the same at the --at that was given, without a period; null where there is none
With --at it also has
  levels     [{id, kind, before, after, differs, turns}]: all that turns between the two, whether
             it differs in the end, and its turns as in `explain`"""
)
@click.option(AT, "at", metavar="TIME", multiple=True, help="The moment in the world; or two.")
@click.option(
    KNOWN,
    "known_at",
    metavar="TIME",
    multiple=True,
    help="What could be known by then; or two; one alone is compared with all that is known.",
)
@click.option(
    RECORDED,
    "recorded_at",
    metavar="TIME",
    multiple=True,
    help="What the log held by then; or two; one alone is compared with all that it holds.",
)
@click.option("--from", "start", metavar="TIME", help="Compare levels from then on; else always.")
@click.option("--to", "end", metavar="TIME", help="Compare levels before then; else always.")
@platform_option
@output_options
@click.pass_context
def diff(
    ctx: click.Context,
    /,
    at: tuple[str, ...],
    known_at: tuple[str, ...],
    recorded_at: tuple[str, ...],
    start: str | None,
    end: str | None,
    **frame: Any,
) -> None:
    """What changed between two moments on one clock: in the record, and in the levels.

    The clock that is given twice is compared; the others are the same for both. --known-at or
    --recorded-at given once, the other of them not at all, is compared with now; so is --at, given
    alone. The order does not matter: it goes from the earlier to the later.

    Between two --known-at or --recorded-at: what was asserted, corrected, retracted, claimed, and
    over which periods that moved which levels. With one --at also what moved then. Between two
    --at: what turned, when, and because of what.
    """
    question = asked(ctx, **frame)
    compared = _compared(question, {AT: at, KNOWN: known_at, RECORDED: recorded_at})
    if compared.clock == AT:
        if start is not None or end is not None:
            raise BadInput(
                "--from and --to do not go with two --at, which are the window themselves",
                hint="leave them out",
            )
        _moments(question, compared)
        return
    window = (
        FIRST if start is None else question.instant(start, "--from"),
        LAST + 1 if end is None else question.instant(end, "--to"),
    )
    if window[0] >= window[1]:
        raise BadInput(
            f"the window from {start} to {end} is empty",
            hint="--from is the first instant that counts, --to the first that does not any more",
        )
    _readings(question, compared, window)


def _compared(question: Asked, given: Mapping[str, Sequence[str]]) -> Compared:
    for option, texts in given.items():
        if len(texts) > 2:
            raise BadInput(f"{option} is given {len(texts)} times", hint="compare two at a time")
    twice = [option for option, texts in given.items() if len(texts) == 2]
    once = [option for option, texts in given.items() if len(texts) == 1]
    if len(twice) > 1:
        raise BadInput(
            f"{' and '.join(twice)} are both given twice, and one clock is compared at a time",
            hint="give one of them twice, and the others once or not at all",
        )
    if not twice:
        likely = [option for option in once if option != AT] or once
        if len(likely) != 1:
            raise BadInput(
                f"{' and '.join(likely)} are given once each: which is to be compared?"
                if likely
                else "nothing is given to be compared",
                hint="give one clock twice, as in --known-at 2021-01-10T20:00 --known-at now",
            )
        twice = likely
    clock = twice[0]
    moments = {
        option: [question.instant(text, option) for text in texts]
        for option, texts in given.items()
    }
    otherwise = {AT: question.now, KNOWN: END, RECORDED: END}
    frame = {option: (moments[option] or [otherwise[option]])[0] for option in given}
    sides = sorted([*moments[clock], otherwise[clock]][:2])
    as_of = AsOf(**{FIELDS[option]: moment for option, moment in frame.items()})
    before, after = (as_of._replace(**{FIELDS[clock]: side}) for side in sides)
    at = None if clock == AT or not moments[AT] else moments[AT][0]
    return Compared(clock, before, after, at)


# --- two readings of the record -------------------------------------------------------------------


def _readings(question: Asked, compared: Compared, window: tuple[Instant, Instant]) -> None:
    view, platform = question.store.view, question.platform
    with view.snapshot():
        before = view.situation(platform, compared.before)
        after = view.situation(platform, compared.after)
        heard_of = {version.fact for version in view.versions(platform, compared.before)}
        found = changes(before, after, heard_of)
        entries = sides.entries(question, compared, found, after)
        name = platform_name(question)
    pictures = Picture(before), Picture(after)
    shifted = moved(*pictures, *window)
    at = compared.at
    at_moment = [] if at is None else moved(*pictures, at, at + 1)
    services = before.services | after.services
    if question.json:
        output.print_json(
            {
                "platform": platform,
                **compared.document(),
                "record": [e.document(compared.clock) for e in entries if e.change is not None],
                "declared": [e.document(compared.clock) for e in entries if e.change is None],
                "from": None if window[0] == FIRST else format_instant(window[0]),
                "to": None if window[1] > LAST else format_instant(window[1]),
                "levels": [
                    _at_moment(each, services)
                    | {
                        "from": None if each.start == FIRST else format_instant(each.start),
                        "to": None if each.end > LAST else format_instant(each.end),
                    }
                    for each in shifted
                ],
                "at_moment": None if at is None else [_at_moment(e, services) for e in at_moment],
            }
        )
    elif question.form != "table":
        question.print(changed.moved_rows(question, shifted, services))
    else:
        changed.print_head(question, compared, name)
        changed.print_entries(question, compared, entries)
        if at is not None:
            changed.print_moved_at(question, at, at_moment, services)
        changed.print_moved(question, shifted, services, window)


def _at_moment(each: Moved, services: Collection[str]) -> dict[str, Any]:
    return {
        "id": each.id,
        "kind": "service" if each.id in services else "capability",
        "before": None if each.before is None else levels(each.before),
        "after": None if each.after is None else levels(each.after),
    }


# --- two moments of one reading -------------------------------------------------------------------


def _moments(question: Asked, compared: Compared) -> None:
    view, platform = question.store.view, question.platform
    with view.snapshot():
        picture = Picture(view.situation(platform, compared.before))
        name = platform_name(question)
    found = between(picture, compared.before.valid, compared.after.valid)
    services = picture.situation.services
    if question.json:
        output.print_json(
            {
                "platform": platform,
                **compared.document(),
                "levels": [
                    {
                        "id": each.id,
                        "kind": "service" if each.id in services else "capability",
                        "before": levels(each.before),
                        "after": levels(each.after),
                        "differs": each.differs,
                        "turns": [due_document(due) for due in each.turns],
                    }
                    for each in found
                ],
            }
        )
    elif question.form != "table":
        question.print(changed.between_rows(question, found, services))
    else:
        changed.print_head(question, compared, name)
        changed.print_between(question, found, services)
