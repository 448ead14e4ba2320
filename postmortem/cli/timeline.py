"""The timeline: what happened, in the order of its time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.chronicle import for_machines, for_people, with_entries
from postmortem.cli.kinds import kinds
from postmortem.cli.options import Asked, asked, event_time, nearest, question_options
from postmortem.cli.spans import (
    paragraph,
    platform_name,
    print_beside,
    when_lines,
)
from postmortem.core import chronicle
from postmortem.core.chronicle import Row
from postmortem.core.errors import BadInput, BadTime
from postmortem.core.history import CLAIMED, RETRACTED, Situation, Version
from postmortem.core.times import (
    BEGINNING,
    END,
    Span,
    format_bound,
    parse_span,
)
from postmortem.store import look

_WORDS_SHOWN: Final = 2  # lines of people's words that an event gets


@click.command(
    epilog="""\b
Examples:
  postmortem timeline
  postmortem timeline --from 2021-01-10 --to 2021-01-11 --service aws
  postmortem timeline --capability auth --type service-cut-off --tz UTC
  postmortem timeline --known-at 2021-01-10T20:00 --reverse --limit 5
  postmortem timeline --all --json
  postmortem timeline --svg -o timeline.svg
  postmortem timeline --svg --from 2021-01-10T23:00 --to 2021-01-11T01:00 --at 2021-01-10T23:59
  postmortem timeline --mermaid flowchart --at 2021-01-10T12:00

\b
--json prints {"platform", "known_at", "recorded_at", "from", "to", "total", "timeline"},
each row of it with
  id, version, type            the fact's first id, and that of the version shown
  status, status_by            in force, corrected or retracted, and by which event
  at, settled, contested       its own time, and with all that is claimed of it
  effective_at, effective_settled, effective_by
                               of an announcement: as it says, as it counts, by which event
  known_at, recorded_at        the two other clocks; of known_at the latest counts
  what, body                   in one line; as recorded
  withheld, reasons            the fields whose words are withheld, and why by field
  claims                       [{id, version, status, status_by, time, known_at, recorded_at,
                               sources}]
  sources                      [{id, locator, title}]
  evidence                     how many independent origins support it, and what disputes it
  recorded_by, stream, position
A time is {"earliest", "latest", "written"}, instants in UTC; null is open, or not written."""
)
@click.option("--from", "start", metavar="TIME", help="Leave out what was certainly over before.")
@click.option("--to", "end", metavar="TIME", help="Leave out what certainly began after.")
@click.option("--service", "services", metavar="ID", multiple=True, help="Only what is about it.")
@click.option(
    "--capability",
    "capabilities",
    metavar="ID",
    multiple=True,
    help="Only what is about it, or about anything that it rests on.",
)
@click.option("--type", "types", metavar="TYPE", multiple=True, help="Only events of that type.")
@click.option("--all", "everything", is_flag=True, help="Also what was corrected or retracted.")
@click.option("--reverse", is_flag=True, help="The latest first.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most so many.")
@click.option("--svg", is_flag=True, help="Draw it: what worked when, and who acted.")
@click.option(
    "--mermaid",
    type=click.Choice(["gantt", "flowchart"]),
    help="The same as Mermaid text, or what rests on what.",
)
@click.option("--at", metavar="TIME", help="A moment to mark in a picture.")
@click.option(
    "-o", "--output", "target", metavar="FILE", help="Where a picture goes; else standard output."
)
@question_options
@click.pass_context
def timeline(
    ctx: click.Context,
    /,
    start: str | None,
    end: str | None,
    services: tuple[str, ...],
    capabilities: tuple[str, ...],
    types: tuple[str, ...],
    everything: bool,
    reverse: bool,
    limit: int | None,
    svg: bool,
    mermaid: str | None,
    at: str | None,
    target: str | None,
    **frame: Any,
) -> None:
    """What happened, in the order of its time, with all three clocks.

    A fact stands once, as the last word about it has it, under its first id. What others claim of
    its time stands with it; where the claims have no common part the time is contested, and the
    fact stands at the span that covers them all.

    --from and --to take a moment, or a day, month or year: from the first instant of the one to
    the last of the other. A fact counts if it possibly lies within; of an announcement, when it was
    made. Of an option that is given several times one has to fit; of several options, all.

    A picture shows the time from --from until --to; where one is left out, as far as what is
    recorded, with a margin. Of services it shows those of --service and what rests on them, of
    capabilities those of --capability and what they rest on. A flowchart shows the state at --at,
    else now, and whose loss alone stops something.
    """
    question = asked(ctx, at=at, **frame)
    period = _period(question, start, end)
    if svg or mermaid or at or target:
        from postmortem.cli import picture  # what draws is not needed to tell

        other = any((types, everything, reverse, limit, frame["as_json"]))
        form = picture.form_of(svg, mermaid, other or frame["form"] != "table")
        with question.store.view.snapshot():
            situation = question.store.view.situation(question.platform, question.as_of)
        _check_names(situation, services, capabilities, ())
        lanes = picture.Lanes(services, capabilities)
        picture.draw(question, form, *period, target, marked=at is not None, lanes=lanes)
        return
    with question.store.view.snapshot():
        found, situation = _rows(question, everything)
        _check_names(situation, services, capabilities, types)
        chosen = [row for row in found if row.overlaps(period) and _is_of(row, types)]
        chosen = _about(question, chosen, situation, services, capabilities)
        if reverse:
            chosen.reverse()
        shown = with_entries(question, chosen[:limit], situation)
        name = platform_name(question)
    if question.json:
        output.print_json(
            {
                **question.frame(),
                "from": format_bound(period.earliest),
                "to": format_bound(period.latest),
                "total": len(chosen),
                "timeline": [each.document() for each in shown],
            }
        )
    elif question.form == "markdown":
        question.print(for_people(shown, question.zone))
    elif question.form != "table":
        question.print(for_machines(shown))
    else:
        paragraph(f"{name}{_asked_for(question, period, services, capabilities, types)}", 0)
        output.say(_count(len(shown), len(chosen), len(found), "version" if everything else "fact"))
        times = [when_lines(each.row.time.span, question.zone) for each in shown]
        widest = max((output.shown(line) for lines in times for line in lines), default=0)
        for lines, each in zip(times, shown, strict=True):
            output.say()
            print_beside(lines, each.lines(question.zone), widest)


# --- which rows -----------------------------------------------------------------------------------


def _period(question: Asked, start: str | None, end: str | None) -> Span:
    earliest = BEGINNING if start is None else _edge(question, start, "--from").earliest
    latest = END if end is None else _edge(question, end, "--to").latest
    if earliest > latest:
        raise BadInput(
            f"the period from {start} to {end} is empty", hint="--from is the earlier of the two"
        )
    return Span(earliest, latest)


def _edge(question: Asked, text: str, option: str) -> Span:
    try:
        return parse_span(text, question.home)
    except BadTime:
        from postmortem.core.typed import read_span  # a written form never needs it
    event = partial(event_time, question.store, question.platform)
    try:
        return read_span(text, zone=question.home, now=question.now, event=event)
    except BadInput as problem:
        raise type(problem)(f"{option}: {problem.message}", hint=problem.hint) from None


def _rows(question: Asked, everything: bool) -> tuple[list[Row], Situation]:
    view, platform, as_of = question.store.view, question.platform, question.as_of
    situation = view.situation(platform, as_of)
    if everything:
        return chronicle.every_version(situation, view.versions(platform, as_of), as_of), situation
    return chronicle.timeline(situation), situation


def _check_names(
    situation: Situation, services: Sequence[str], capabilities: Sequence[str], types: Sequence[str]
) -> None:
    for option, kind, given, known in (
        ("--service", "service", services, situation.services),
        ("--capability", "capability", capabilities, situation.capabilities),
    ):
        for id in given:
            if id not in known:
                hint = nearest(id, sorted(known))
                raise BadInput(f"{option}: there is no {kind} {id!r}", hint=hint)
    if RETRACTED in types:
        raise BadInput(
            "--type: a retraction has no time of its own in the world",
            hint="--all shows what was retracted, and by which event",
        )
    events = sorted(kind.type for kind in kinds().values() if not kind.is_declaration)
    events.remove(RETRACTED)
    for type in types:
        if type not in events:
            raise BadInput(f"--type: there is no type {type!r}", hint=nearest(type, events))


def _is_of(row: Row, types: Sequence[str]) -> bool:
    """Whether the row is of one of those types; a claim has none, but stands with its fact."""
    return not types or row.version.type in types or (CLAIMED in types and bool(row.claims))


def _about(
    question: Asked,
    rows: list[Row],
    situation: Situation,
    services: Sequence[str],
    capabilities: Sequence[str],
) -> list[Row]:
    wanted = [set(services)] if services else []
    if capabilities:
        rests = (chronicle.rests_on(situation, id) for id in capabilities)
        wanted.append({id for each in rests for id in each})
    if not wanted:
        return rows
    view = question.store.view
    words = look.StoredWords(view.connection, question.platform)
    # what a note is about stands in its body only, where that is no event
    notes = [r.version.position for r in rows if not (r.version.service or r.version.capability)]
    bodies = {position: entry.body for position, entry in look.told(view, notes).items()}

    def fact(id: str) -> Version | None:
        return situation.facts.get(id) or words.version(id)

    def concerned(row: Row) -> set[str]:
        about = bodies.get(row.version.position, {}).get("about")
        return chronicle.concerns(row.version, about, fact)

    return [row for row in rows if all(concerned(row) & each for each in wanted)]


def _asked_for(
    question: Asked,
    period: Span,
    services: Sequence[str],
    capabilities: Sequence[str],
    types: Sequence[str],
) -> str:
    """The question, resolved."""
    text = ""
    if period.earliest != BEGINNING:
        text += f" from {output.moment(period.earliest, question.zone)}"
    if period.latest != END:
        edge, word = period.latest, "to"
        if (edge + 1) % 1_000_000 == 0:
            edge, word = edge + 1, "to before"
        text += f" {word} {output.moment(edge, question.zone)}"
    text += f", {output.clocks(question.as_of, question.zone)}"
    for word, ids in (("service", services), ("capability", capabilities), ("type", types)):
        if ids:
            text += f", {word} {' or '.join(ids)}"
    return text


def _count(shown: int, chosen: int, found: int, what: str) -> str:
    if not found:
        return "nothing that happened was known and recorded by then"
    if not chosen:
        return f"none of the {found:,} {what}s fits"
    text = f"{chosen:,} {what}" + ("s" if chosen > 1 else "")
    if shown < chosen:
        return f"{shown:,} of {text}, by --limit"
    return f"{text} of {found:,}" if chosen < found else text
