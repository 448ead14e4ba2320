"""The pictures of a timeline: SVG, or Mermaid text to paste elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import click

from postmortem.cli.options import Asked
from postmortem.cli.spans import platform_name
from postmortem.core import measures
from postmortem.core.chronicle import rests_on
from postmortem.core.errors import BadInput, StoreProblem
from postmortem.core.history import Situation
from postmortem.core.state import Picture
from postmortem.core.times import Instant, Span
from postmortem.core.words import for_terminal
from postmortem.pictures.mermaid import flowchart, gantt
from postmortem.pictures.scene import scene
from postmortem.pictures.timeline import timeline_svg

FORMS: Final = ("svg", "gantt", "flowchart")


def draw(
    question: Asked,
    form: str,
    start: Instant,
    end: Instant,
    target: str | None,
    *,
    cursor: Instant | None = None,
    services: Sequence[str] = (),
    capabilities: Sequence[str] = (),
) -> None:
    """Write a picture of the timeline in one of FORMS to a new file, or to standard output.

    It shows what is from `start` until before `end`, each BEGINNING or END where the record itself
    says how far. `cursor` is an instant to be shown; a flowchart shows how everything stands then,
    else at the question's T. With services, only those and what rests on them; with capabilities,
    only those and what they rest on; with both, what is among both.

    Raises: BadInput, where the file exists or the time is empty; StoreProblem, where the file
    cannot be written.
    """
    view, as_of = question.store.view, question.as_of
    with view.snapshot():
        picture = Picture(view.situation(question.platform, as_of))
        position = view.position_at(as_of.recorded)
        names = {
            id: str(declared[0] or id)
            for kind in ("capability", "service")
            for id, declared in view.declared(question.platform, kind, position).items()
        }
        title = platform_name(question)
    only = _lanes(picture.situation, services, capabilities)
    if form == "flowchart":
        at = as_of.valid if cursor is None else cursor
        text = flowchart(
            picture,
            names,
            at,
            _cut_sets(picture, at),
            zone=question.zone,
            title=title,
            only=only,
        )
    else:
        shown = scene(
            picture,
            names,
            Span(start, end),
            question.zone,
            cursor,
            title=title,
            as_of=as_of,
            only=only,
        )
        text = timeline_svg(shown) if form == "svg" else gantt(shown)
    _write(text, target)


def _lanes(
    situation: Situation, services: Sequence[str], capabilities: Sequence[str]
) -> set[str] | None:
    """The ids of the lanes that are asked for; None: all."""
    wanted: list[set[str]] = []
    if capabilities:
        wanted.append({id for each in capabilities for id in rests_on(situation, each)})
    if services:
        resting = {id for id in situation.capabilities if rests_on(situation, id) & {*services}}
        wanted.append(resting | {*services})
    return set.intersection(*wanted) if wanted else None


def _cut_sets(picture: Picture, at: Instant) -> dict[str, list[list[str]]]:
    """The minimal cut sets of each capability; what has too many of them is told, and has none."""
    found = {}
    for capability in picture.order:
        try:
            found[capability] = measures.cut_sets(picture, capability, at)
        except BadInput as problem:
            said = f"{capability}: {problem.message}; none of them is marked"
            click.echo(f"postmortem: {for_terminal(said)}", err=True)
    return found


def _write(text: str, target: str | None) -> None:
    if target is None:
        if (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8":
            text = text.encode("ascii", "xmlcharrefreplace").decode("ascii")
        click.echo(text, nl=False)
        return
    made = False
    try:
        with open(target, "x", encoding="utf-8", newline="\n") as file:
            made = True
            file.write(text)
    except FileExistsError:
        raise BadInput(f"{target} exists already", hint="nothing is overwritten") from None
    except OSError as error:
        if made:
            with suppress(OSError):
                os.unlink(target)
        raise StoreProblem(f"{target} cannot be written: {error.strerror}") from None
    click.echo(f"{for_terminal(target)}: {len(text):,} characters", err=True)
