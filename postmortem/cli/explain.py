"""The command `explain`: why, how sure, and what would change the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from postmortem.cli import output
from postmortem.cli.because import level
from postmortem.cli.options import Asked, asked, nearest, question_options
from postmortem.cli.spans import paragraph, platform_name, when
from postmortem.cli.telling import entry_document, source_titles
from postmortem.core.disruptions import Disruption
from postmortem.core.errors import BadInput
from postmortem.core.evidence import Evidence
from postmortem.core.explain import Explanation, explain
from postmortem.core.history import Situation
from postmortem.core.levels import Level
from postmortem.core.state import Picture
from postmortem.core.supposing import parts
from postmortem.core.times import BEGINNING, END, Span, format_span
from postmortem.reports import explanation as reports
from postmortem.reports.rows import Rows
from postmortem.store import look
from postmortem.store.sources import Weighing
from postmortem.store.view import Logged

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _completed(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[Any]]:
    """What can be explained of what begins so."""
    from postmortem.cli.completion import ids

    return ids(ctx, incomplete, names="part")


@click.command(
    "explain",
    epilog="""\b
Examples:
  postmortem explain public-service --at 2021-01-10T23:30
  postmortem explain hosting --at 2021-01-11T00:30 --known-at 2021-01-10T20:00
  postmortem explain aws --at @aws-cut-off.latest --turns 10
  postmortem explain joining --at 2021-01-11T00:30 --all
  postmortem explain hosting --at 2021-01-10T23:30 --json

\b
--json prints {"platform", "at", "known_at", "recorded_at", "id", "kind", "worst", "best",
"status", "since"}, and with it
  capabilities     what it rests on, by id, itself first: worst, best, status, matters, and
                   formulas: [{revised_by, since, formula}], those that may hold
  formula          {kind, worst, best, status, matters}; of the kind `id` its id, else `of`, its
                   parts, and of at_least `count`
  services         by id, as in `state`, with matters, disruptions and without_effect: {id:
                   {why, by}}
  disruptions      [{id, kind, worst, best, status, effects, doubts, contested, times, left_out,
                   carries_out}]; times: [{role, fact, earliest, latest, contested, effect,
                   stated: [{by, earliest, latest}]}]
  turns            {before, after, more_before, more_after}: [{at, before, after, because:
                   [{role, fact, about, edge, said_by, effect}]}]
  if_ended         [{disruption}], if_lost [{service}], with the worst, best and status then
  if_carried_out   [{announcement, carried_out, not_carried_out}]
  if_known         [{role, fact, about, effect, decides, outcomes, stated}]: were its time known
                   to be within [{earliest, latest, said_by, worst, best, status}]
  facts            of every fact named, by its first id: what `log` prints, sources, evidence
What matters holds the level down: were all else operational, it would stay as it is. Instants are
in UTC; null is open, or not there. As csv and markdown: the disruptions, a row each.""",
)
@click.argument("id", metavar="ID", shell_complete=_completed)
@click.option("--at", metavar="TIME", help="The moment in the world; else now.")
@click.option(
    "--turns",
    metavar="N",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="How many turns of the level before the moment, and after it.",
)
@click.option("--all", "whole", is_flag=True, help="Unfold also what has no weight.")
@question_options
@click.pass_context
def explain_(
    ctx: click.Context, /, id: str, at: str | None, turns: int, whole: bool, **frame: Any
) -> None:
    """Why a capability or service has its level, how sure that is, and what would change it.

    From the level down the formula to the services, their disruptions, the times that are stated of
    these, by whom, and where. What has no weight for the level is not unfolded, unless --all asks
    for it. What would change the level is computed: one thing at a time is supposed otherwise.
    """
    question = asked(ctx, at=at, **frame)
    view = question.store.view
    with view.snapshot():
        picture = Picture(view.situation(question.platform, question.as_of))
        _check_id(question, picture.situation, id)
        found = explain(picture, id, question.as_of, nearest=turns)
        entries = _entries(question, picture.situation, found)
        weighing = Weighing(view, question.platform, picture.situation, question.as_of.recorded)
        evidence = weighing.weighed(entries)
        titles = source_titles(question, entries.values())
        names = _names(question)
        name = platform_name(question)
    if question.json:
        output.print_json(_document(question, found, entries, titles, evidence))
    elif question.form != "table":
        question.print(_rows(question, found, entries, evidence))
    else:
        from postmortem.cli.why import Page

        paragraph(f"{id} of {name} {output.question(question.as_of, question.zone)}", 0)
        Page(question, found, entries, names, titles, evidence, whole=whole).print()


def _check_id(question: Asked, situation: Situation, id: str) -> None:
    known = sorted({*situation.services, *situation.capabilities})
    if id in known:
        return
    view, platform = question.store.view, question.platform
    named = look.named(view, platform, id, END)
    if named is not None and named.kind in ("service", "capability"):
        first = look.told(view, named.positions[:1])[named.positions[0]].recorded
        raise BadInput(
            f"{id} was not declared yet by then: it was {output.moment(first, question.zone)}",
            hint="ask with a later --recorded-at, or without",
        )
    if named is not None and named.kind == "event":
        version = view.version(platform, id)
        about = version and (version.service or version.capability)
        hint = f"`postmortem explain {about}` explains what it is about" if about else None
        raise BadInput(
            f"{id} is an event, and a capability or a service is explained",
            hint=hint or f"`postmortem show {id}` shows it",
        )
    raise BadInput(f"there is no capability or service {id!r}", hint=nearest(id, known))


# --- what the record says of the facts that an explanation names ----------------------------------


def _facts(situation: Situation, found: Explanation) -> Iterator[str]:
    for service in found.services.values():
        for held in service.held:
            disruption = held.disruption
            yield disruption.id
            for part in parts(disruption):
                yield from (each.fact for each in found.statements.of(part.role, part.time.fact))
            if isinstance(disruption, Disruption):
                yield from disruption.left_out
                if disruption.announcement is not None:
                    yield disruption.announcement
        yield from service.state.notices
    for capability in found.capabilities.values():
        yield from (held.fact for held in capability.formulas if held.fact is not None)
    for due in (*found.before, *found.after):
        for cause in due.causes:
            yield from (cause.fact, *cause.about, *cause.said_by)
    for each in found.unsettled:
        yield from (each.fact, *each.about)


def _entries(question: Asked, situation: Situation, found: Explanation) -> dict[str, Logged]:
    """The entries in force of the facts that an explanation names, by the fact's first id."""
    positions = {
        fact: situation.facts[fact].position
        for fact in _facts(situation, found)
        if fact in situation.facts  # a capability is no fact, a retracted announcement not in force
    }
    told = look.told(question.store.view, positions.values())
    return {fact: told[position] for fact, position in sorted(positions.items())}


def _names(question: Asked) -> dict[str, str]:
    """What services are called, and who provides them: `Amazon Web Services, amazon`."""
    view = question.store.view
    position = view.position_at(question.as_of.recorded)
    declared = view.declared(question.platform, "service", position)
    described = {id: [each for each in row[:2] if each] for id, row in declared.items()}
    return {id: ", ".join(each) for id, each in described.items() if each}


def _document(
    question: Asked,
    found: Explanation,
    entries: Mapping[str, Logged],
    titles: Mapping[str, str],
    evidence: Mapping[str, Evidence],
) -> dict[str, Any]:
    return {
        "platform": question.platform,
        **reports.document(found),
        "facts": {
            fact: {
                **entry_document(entry),
                "fact": fact,
                "sources": [
                    {"id": id, "locator": locator or None, "title": titles.get(id)}
                    for citation in entry.body.get("cites", ())
                    for id, _, locator in (citation.partition("#"),)
                ],
                "evidence": evidence[fact].document(),
            }
            for fact, entry in entries.items()
        },
    }


def _rows(
    question: Asked,
    found: Explanation,
    entries: Mapping[str, Logged],
    evidence: Mapping[str, Evidence],
) -> Rows:
    """The disruptions that may hold it down, a row each, for a table elsewhere."""
    return Rows(
        [
            ("service", "service"),
            ("level", "its level"),
            ("matters", "matters"),
            ("disruption", "disruption"),
            ("type", "type"),
            ("effects", "possible effects"),
            ("doubts", "doubts"),
            ("contested", "contested"),
            ("times", "times"),
            ("sources", "sources"),
            ("evidence", "evidence"),
        ],
        [
            {
                "service": service.id,
                "level": level(service.state.bounds),
                "matters": service.matters,
                "disruption": held.disruption.id,
                "type": entries[held.disruption.id].type,
                "effects": [
                    *(effect.word for effect in held.effects),
                    *(["none"] if held.bounds.best is Level.OPERATIONAL else []),
                ],
                "doubts": [doubt.value for doubt in held.doubts],
                "contested": held.disruption.contested,
                "times": "; ".join(
                    f"{part.role.value} {_when(part.time.span, question)}"
                    for part in parts(held.disruption)
                ),
                "sources": list(entries[held.disruption.id].body.get("cites", ())),
                "evidence": evidence[held.disruption.id].told(),
            }
            for service in found.services.values()
            for held in service.held
        ],
    )


def _when(span: Span, question: Asked) -> str:
    if question.form != "csv":
        return when(span, question.zone)
    return ".." if span == (BEGINNING, END) else format_span(span)
