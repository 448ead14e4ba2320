"""The question of questions: what works at a moment, and because of what."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from postmortem.cli import output
from postmortem.cli.commands import Command
from postmortem.cli.options import Asked, asked, nearest, question_options
from postmortem.core.errors import BadInput, Place, Problem
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.state import Picture, State
from postmortem.core.times import END, AsOf, Instant, format_bound, parse_instant
from postmortem.core.zones import in_zone
from postmortem.store.standing import Standing

if TYPE_CHECKING:
    from postmortem.reports.rows import Rows


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  postmortem state --at 2021-01-11T00:30-08:00
  postmortem state --at 2021-01-11T00:30 --known-at 2021-01-10T20:00
  postmortem state --at 2021-01-09T12:00 --at 2021-01-10T12:00 --at 2021-01-11T12:00
  postmortem state --at 2021-01-11T00:30 --without zendesk --json
  postmortem state hosting --quiet || echo "hosting does not certainly work"
  postmortem state --batch questions.jsonl

\b
Exit status with --quiet: 0 where all that was named is certainly operational, 1 where not.""",
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option(
    "--at",
    metavar="TIME",
    multiple=True,
    help="The moment in the world; else now. Several: side by side.",
)
@click.option("--without", metavar="SERVICE", multiple=True, help="Suppose it unavailable.")
@click.option("--batch", metavar="FILE", help="Questions as JSON, one a line; - reads them here.")
@click.option("--quiet", is_flag=True, help="Print nothing; the exit status answers.")
@question_options
@click.pass_context
def state(
    ctx: click.Context,
    /,
    ids: tuple[str, ...],
    at: tuple[str, ...],
    without: tuple[str, ...],
    batch: str | None,
    quiet: bool,
    **frame: Any,
) -> int:
    """What works at a moment, and because of what: of everything, or of the IDs that are named.

    A level is a pair, worst and best: what is known may leave both possible. Where they differ,
    the status is `uncertain`. The IDs are of capabilities or services.
    """
    question = asked(ctx, at=at[0] if at else None, **frame)
    if batch is not None:
        if at or ids or quiet or frame["known_at"] or frame["recorded_at"]:
            raise BadInput("--batch brings its own questions", hint="leave the others out")
        _batch(question, batch, without)
        return 0
    moments = [question.instant(text, "--at") for text in at] or [question.as_of.valid]
    with question.store.standing(question.platform, question.as_of) as picture:
        return _answer(question, picture, moments, ids, without, quiet=quiet)


def _answer(
    question: Asked,
    picture: Standing,
    moments: Sequence[Instant],
    ids: tuple[str, ...],
    without: tuple[str, ...],
    *,
    quiet: bool,
) -> int:
    _known_services(picture, without)
    _known_ids(picture, ids)
    answers = [picture.state(question.as_of._replace(valid=moment), without) for moment in moments]
    if quiet:
        return int(not all(_certainly_works(answer, ids) for answer in answers))
    if question.json:
        documents = [_only(answer.document(), ids) for answer in answers]
        output.print_json(documents[0] if len(documents) == 1 else documents)
    elif question.form != "table":
        question.print(state_rows(question, picture, answers, ids))
    elif len(answers) > 1:
        _show_columns(question, picture, answers, ids, without)
    else:
        _show_state(question, picture, answers[0], ids, without)
    return 0


def _known_ids(picture: Picture, ids: tuple[str, ...]) -> None:
    known = sorted({*picture.situation.services, *picture.situation.capabilities})
    for id in ids:
        if id not in known:
            raise BadInput(f"there is no capability or service {id!r}", hint=nearest(id, known))


def _certainly_works(answer: State, ids: tuple[str, ...]) -> bool:
    found = {**answer.capabilities, **{id: s.bounds for id, s in answer.services.items()}}
    return all(found[id] == WORKS for id in ids or answer.capabilities)


def _only(document: dict[str, Any], ids: tuple[str, ...]) -> dict[str, Any]:
    """The document with what was named alone; all of it where nothing was."""
    if not ids:
        return document
    kept = {
        kind: {id: value for id, value in document[kind].items() if id in ids}
        for kind in ("services", "capabilities")
    }
    return {**document, **kept}


def _known_services(picture: Picture, without: Iterable[str]) -> None:
    for service in without:
        if service not in picture.situation.services:
            raise BadInput(
                f"--without: there is no service {service!r}",
                hint=nearest(service, sorted(picture.situation.services)),
            )


def _batch(question: Asked, file: str, without: tuple[str, ...]) -> None:
    pictures: dict[tuple[int, int], Standing] = {}
    view = question.store.view
    position: int | None = None
    for number, line in enumerate(_lines(file), 1):
        place = Place("standard input" if file == "-" else file, number)
        if not line.strip():
            continue
        try:
            as_of = _asked(line, question.home)
            key = (as_of.known, as_of.recorded)
            with view.snapshot():
                if view.position != position or len(pictures) > 64:
                    pictures.clear()
                    position = view.position
                if key not in pictures:
                    pictures[key] = Standing(view, question.platform, as_of)
                _known_services(pictures[key], without)
                answer = pictures[key].state(as_of, without)
        except Problem as problem:
            raise problem.at(place) from None
        output.print_json(answer.document(), indent=None)


def _lines(file: str) -> Iterator[bytes]:
    if file == "-":
        yield from sys.stdin.buffer
        return
    try:
        with open(file, "rb") as lines:
            yield from lines
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("a key is there twice in the question")
    return found


def _asked(line: bytes, zone: str | None) -> AsOf:
    try:
        question = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise BadInput("this line is no UTF-8 text", hint="save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        fault = f"{error.msg}, in column {error.colno}"
        raise BadInput(f"this is no JSON: {fault}") from None
    except (ValueError, RecursionError):  # a number of thousands of digits; very deep
        raise BadInput("this is no JSON that can be read") from None
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


def _wanted(found: Iterable[str], ids: tuple[str, ...]) -> list[str]:
    return [id for id in found if not ids or id in ids]


def _title(question: Asked, answer: State, head: str, without: tuple[str, ...]) -> str:
    position = question.store.view.position_at(answer.as_of.recorded)
    declared = question.store.view.declared(question.platform, "platform", position)
    supposed = f", supposing {', '.join(sorted(set(without)))} unavailable" if without else ""
    return (declared.get(question.platform, (None,))[0] or question.platform) + head + supposed


def _silent(picture: Standing, answer: State, without: tuple[str, ...] = ()) -> set[str]:
    """The services of which nothing is recorded yet."""
    return {
        id
        for id, state in answer.services.items()
        if id not in without and state.bounds == WORKS and picture.is_silent(id)
    }


def _show_state(
    question: Asked,
    picture: Standing,
    answer: State,
    ids: tuple[str, ...],
    without: tuple[str, ...],
) -> None:
    zone = question.zone
    head = " " + output.question(answer.as_of, zone)
    output.say(_title(question, answer, head, without))
    if not answer.services and not answer.capabilities:
        output.say("nothing was recorded of it by then")
        return
    rows = {row["id"]: row for row in state_rows(question, picture, [answer], ids).rows}
    silent = _silent(picture, answer, without)
    for kind, found in (("capability", answer.capabilities), ("service", answer.services)):
        wanted = _wanted(found, ids)
        if not wanted:
            continue
        output.say()
        output.table(
            (kind, "status", "since", "because of; announced"),
            [
                (
                    id,
                    output.status_cell(_status(picture, rows[id], answer, silent)),
                    # what was supposed has no beginning
                    "" if without or rows[id]["since"] is None
                    else output.since(parse_instant(rows[id]["since"]), zone),
                    _reasons(rows[id], picture, answer),
                )
                for id in wanted
            ],
        )  # fmt: skip


def _show_columns(
    question: Asked,
    picture: Standing,
    answers: list[State],
    ids: tuple[str, ...],
    without: tuple[str, ...],
) -> None:
    first = answers[0]
    head = f", {output.clocks(first.as_of, question.zone)}"
    output.say(_title(question, first, head, without))
    silent = _silent(picture, first, without)
    by_answer = [
        {row["id"]: row for row in state_rows(question, picture, [answer], ids).rows}
        for answer in answers
    ]
    headings = [in_zone(answer.as_of.valid, question.zone) for answer in answers]
    for kind, found in (("capability", first.capabilities), ("service", first.services)):
        wanted = _wanted(found, ids)
        if not wanted:
            continue
        output.say()
        output.table(
            (kind, *headings),
            [
                (
                    id,
                    *(
                        output.status_cell(_status(picture, rows[id], answer, silent))
                        for rows, answer in zip(by_answer, answers, strict=True)
                    ),
                )
                for id in wanted
            ],
        )


def state_rows(
    question: Asked, picture: Standing, answers: Sequence[State], ids: tuple[str, ...]
) -> Rows:
    """A row for each capability, then each service, at each moment."""
    from postmortem.reports.rows import Rows

    rows: list[dict[str, Any]] = []
    for answer in answers:
        begun = picture.since(answer.as_of.valid)
        at = format_bound(answer.as_of.valid)
        for id, bounds in answer.capabilities.items():
            leaves = sorted(picture.services_under(id, answer.as_of.valid))
            states = [answer.services[leaf] for leaf in leaves]
            rows.append(
                _row(at, "capability", id, bounds, begun[id])
                | {
                    "because": sorted(
                        leaf
                        for leaf, state in zip(leaves, states, strict=True)
                        # what a capability can do without is no reason for it
                        if max(state.bounds.worst, bounds.worst) < Level.OPERATIONAL
                    ),
                    "notices": sorted({notice for state in states for notice in state.notices}),
                    "contested": bounds != WORKS and any(state.contested for state in states),
                    "held": {reason for state in states for reason in state.because},
                }
            )
        for id, state in answer.services.items():
            rows.append(
                _row(at, "service", id, state.bounds, begun[id])
                | {
                    "because": list(state.because),
                    "notices": list(state.notices),
                    "contested": state.contested,
                    "held": set(state.because),
                }
            )
    columns = (
        "at", "kind", "id", "status", "worst", "best", "since", "because", "notices", "contested",
    )  # fmt: skip
    wanted = [row for row in rows if not ids or row["id"] in ids]
    return Rows([(key, key) for key in columns], wanted)


def _row(
    at: str | None, kind: str, id: str, bounds: Bounds, since: Instant | None
) -> dict[str, Any]:
    return {
        "at": at,
        "kind": kind,
        "id": id,
        "status": bounds.status,
        "worst": bounds.worst.word,
        "best": bounds.best.word,
        "since": None if since is None else format_bound(since),
    }


def _status(picture: Picture, row: Mapping[str, Any], answer: State, silent: set[str]) -> str:
    """The status, and where nothing is recorded of a service yet, that instead."""
    id, status = row["id"], str(row["status"])
    services = picture.services_under(id, answer.as_of.valid)
    return "nothing recorded" if status == "operational" and services <= silent else status


def _reasons(row: Mapping[str, Any], picture: Picture, answer: State) -> str:
    parts = []
    because = ", ".join(row["because"])
    if row["contested"]:
        because += " (time contested)"
    if row["worst"] != row["best"] and "degraded" in (row["worst"], row["best"]):
        limit = "at best degraded" if row["best"] == "degraded" else "at worst degraded"
        because = f"{limit}: {because}" if because else limit
    if because:
        parts.append(because)
    # of an announcement that holds it already the row has said so
    ahead = [notice for notice in row["notices"] if notice not in row["held"]]
    if ahead:
        parts.append("announced: " + ", ".join(ahead))
    return "; ".join(parts)
