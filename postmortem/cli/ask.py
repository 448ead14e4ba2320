"""Questions: state, downtime, cuts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from postmortem.cli import output
from postmortem.cli.options import Asked, asked, question_options
from postmortem.core import formulas, measures
from postmortem.core.errors import BadInput, Place, Problem
from postmortem.core.levels import Bounds
from postmortem.core.state import Picture, State
from postmortem.core.times import END, AsOf, parse_instant


@click.command(
    epilog="""\b
Examples:
  postmortem state --at 2021-01-11T00:30-08:00
  postmortem state --at 2021-01-11T00:30 --known-at 2021-01-10T20:00
  postmortem state --at 2021-01-11T00:30 --without zendesk --json
  postmortem state --batch questions.jsonl"""
)
@click.option("--at", metavar="TIME", help="The moment in the world; else now.")
@click.option("--without", metavar="SERVICE", multiple=True, help="Suppose it unavailable.")
@click.option("--batch", metavar="FILE", help="Questions as JSON, one a line; - reads them here.")
@question_options
@click.pass_context
def state(
    ctx: click.Context,
    /,
    at: str | None,
    without: tuple[str, ...],
    batch: str | None,
    **frame: Any,
) -> None:
    """What works at a moment, and because of what.

    A level is a pair, worst and best: what is known may leave both possible. Where they differ,
    the status is `uncertain`.
    """
    question = asked(ctx, at=at, **frame)
    if batch is not None:
        if at or frame["known_at"] or frame["recorded_at"]:
            raise BadInput("--batch brings its own times", hint="leave --at and the clocks out")
        _batch(question, batch, without)
        return
    picture = question.store.picture(question.platform, question.as_of)
    _known_services(picture, without)
    answer = picture.state(question.as_of, without)
    if question.json:
        output.print_json(answer.document())
    else:
        _show_state(question, picture, answer, without)


def _known_services(picture: Picture, without: Iterable[str]) -> None:
    for service in without:
        if service not in picture.situation.services:
            known = sorted(picture.situation.services)
            raise BadInput(
                f"--without: there is no service {service!r}",
                hint=f"there are: {', '.join(known)}" if known else "none is declared yet",
            )


def _batch(question: Asked, file: str, without: tuple[str, ...]) -> None:
    pictures: dict[tuple[int, int], Picture] = {}
    for number, line in enumerate(_lines(file), 1):
        place = Place("standard input" if file == "-" else file, number)
        if not line.strip():
            continue
        try:
            as_of = _asked(line, question.home)
            key = (as_of.known, as_of.recorded)
            if key not in pictures:
                if len(pictures) > 64:
                    pictures.clear()
                pictures[key] = question.store.picture(question.platform, as_of)
            _known_services(pictures[key], without)
            answer = pictures[key].state(as_of, without)
        except Problem as problem:
            raise problem.at(place) from None
        output.print_json(answer.document(), indent=None)


def _lines(file: str) -> Iterator[str]:
    if file == "-":
        yield from sys.stdin
        return
    try:
        with open(file, encoding="utf-8") as lines:
            yield from lines
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from None


def _asked(line: str, zone: str | None) -> AsOf:
    try:
        question = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"this is no JSON: {error}") from None
    keys = {"at", "known_at", "recorded_at"}
    if not isinstance(question, dict) or not set(question) <= keys:
        raise BadInput(
            "a question is an object with at, known_at and recorded_at",
            hint='such as {"at": "2021-01-11T08:30:00Z", "known_at": null}',
        )
    values = {key: question.get(key) for key in keys}
    if values["at"] is None:
        raise BadInput("the question has no at", hint='such as {"at": "2021-01-11T08:30:00Z"}')
    for key, value in values.items():
        if value is not None and not isinstance(value, str):
            raise BadInput(f"{key} is {value!r}, and takes a time as text")
    return AsOf(
        parse_instant(values["at"], zone),
        END if values["known_at"] is None else parse_instant(values["known_at"], zone),
        END if values["recorded_at"] is None else parse_instant(values["recorded_at"], zone),
    )


def _show_state(question: Asked, picture: Picture, answer: State, without: tuple[str, ...]) -> None:
    store, zone = question.store, question.zone
    position = store.view.position_at(answer.as_of.recorded)
    declared = {
        kind: store.view.declared(answer.platform, kind, position)
        for kind in ("platform", "service", "capability")
    }
    name = declared["platform"].get(answer.platform, (None,))[0] or answer.platform
    supposed = f", supposing {', '.join(sorted(set(without)))} unavailable" if without else ""
    output.say(f"{name} {output.question(answer.as_of, zone)}{supposed}")
    if not answer.services and not answer.capabilities:
        output.say("nothing was recorded of it by then")
        return
    silent = {id for id in answer.services if not picture.by_service.get(id) and id not in without}
    leaves = {id: _leaves(picture, id, answer) for id in answer.capabilities}
    output.say()
    output.table(
        ("capability", "status", "because of"),
        [
            (
                id,
                output.status_cell(_status(bounds, leaves[id] <= silent)),
                _because(bounds, sorted(leaves[id]), answer),
            )
            for id, bounds in answer.capabilities.items()
        ],
    )
    output.say()
    output.table(
        ("service", "status", "because of, and what is announced"),
        [
            (
                id,
                output.status_cell(_status(found.bounds, id in silent)),
                _service_reasons(found.bounds, found.because, found.notices, found.contested),
            )
            for id, found in answer.services.items()
        ],
    )


def _leaves(picture: Picture, capability: str, answer: State) -> set[str]:
    """The services that the capability rests on at T."""
    found: set[str] = set()
    pending = [capability]
    while pending:
        id = pending.pop()
        if id in answer.services:
            found.add(id)
        elif id in answer.capabilities:
            for formula in picture.formulas_at(id, answer.as_of.valid):
                pending += formulas.ids(formula)
    return found


def _status(bounds: Bounds, silent: bool) -> str:
    """The status, and where nothing is recorded of a service yet, that instead."""
    return "nothing recorded" if silent and bounds.status == "operational" else bounds.status


def _range(bounds: Bounds) -> str:
    return f"{bounds.worst.word} to {bounds.best.word}" if bounds.worst != bounds.best else ""


def _because(bounds: Bounds, services: list[str], answer: State) -> str:
    affected = [id for id in services if answer.services[id].bounds.worst.word != "operational"]
    reasons = ", ".join(affected)
    span = _range(bounds)
    return f"{span}: {reasons}" if span and reasons else reasons or span


def _service_reasons(
    bounds: Bounds, because: tuple[str, ...], notices: tuple[str, ...], contested: bool
) -> str:
    parts = []
    if bounds.worst != bounds.best:
        parts.append(_range(bounds))
    if because:
        parts.append(", ".join(because) + (" (time contested)" if contested else ""))
    if notices:
        parts.append("announced: " + ", ".join(notices))
    return "; ".join(parts)


@click.command(
    epilog="""\b
Examples:
  postmortem downtime --from 2021-01-08T00:00Z --to 2021-01-15T00:00Z
  postmortem downtime --from 2021-01-10T00:00-08:00 --to 2021-01-12T00:00-08:00 --json"""
)
@click.option("--from", "start", metavar="TIME", required=True, help="The first instant.")
@click.option("--to", "end", metavar="TIME", required=True, help="The first that does not count.")
@question_options
@click.pass_context
def downtime(
    ctx: click.Context,
    /,
    start: str,
    end: str,
    **frame: Any,
) -> None:
    """How long each capability was unavailable, and how long it was impaired.

    Each is a range: at least, for how long the best was so; at most, for how long the worst was.
    Impaired is everything below operational. Causes that overlap count once.
    """
    question = asked(ctx, **frame)
    zone = question.zone
    begin, until = question.instant(start, "--from"), question.instant(end, "--to")
    picture = question.store.picture(question.platform, question.as_of)
    found = measures.downtime(picture, begin, until)
    if question.json:
        output.print_json({id: measured.document() for id, measured in found.items()})
        return
    output.say(
        f"{question.platform} from {output.moment(begin, zone)} to {output.moment(until, zone)}, "
        f"{output.clocks(question.as_of, zone)}"
    )
    output.say(f"the window is {output.lasted(until - begin)} long")
    output.say()
    output.table(
        ("capability", "unavailable", "impaired"),
        [
            (id, output.between(measured.unavailable), output.between(measured.impaired))
            for id, measured in found.items()
        ],
    )


@click.command(
    epilog="""\b
Examples:
  postmortem cuts hosting
  postmortem cuts auth --at 2021-01-08T12:00-08:00 --json"""
)
@click.argument("capability")
@click.option("--at", metavar="TIME", help="Whose formula counts; else now.")
@question_options
@click.pass_context
def cuts(
    ctx: click.Context,
    /,
    capability: str,
    at: str | None,
    **frame: Any,
) -> None:
    """The smallest sets of services whose loss may make a capability unavailable.

    All else is supposed operational. A set of one is a single point of failure.
    """
    question = asked(ctx, at=at, **frame)
    picture = question.store.picture(question.platform, question.as_of)
    if capability not in picture.situation.capabilities:
        raise _unknown_capability(capability, picture)
    sets = measures.cut_sets(picture, capability, question.as_of.valid)
    if question.json:
        output.print_json(measures.cuts_document(capability, sets))
        return
    head = output.question(question.as_of, question.zone)
    output.say(f"{capability} of {question.platform} {head}")
    output.say()
    if not sets:
        output.say("no loss of services makes it unavailable")
        return
    output.table(
        ("services", "whose loss takes it down"),
        [
            (str(len(one)), ", ".join(one) + (" (single point of failure)" * (len(one) == 1)))
            for one in sorted(sets, key=len)
        ],
    )


def _unknown_capability(capability: str, picture: Picture) -> BadInput:
    from difflib import get_close_matches

    known = sorted(picture.situation.capabilities)
    near = get_close_matches(capability, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    return BadInput(f"there is no capability {capability!r}", hint=hint if known else None)
