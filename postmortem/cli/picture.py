"""The pictures of a timeline: SVG, or Mermaid text to paste elsewhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

import click

from postmortem.cli.files import new_file
from postmortem.cli.options import Asked
from postmortem.cli.spans import platform_name
from postmortem.core import measures
from postmortem.core.chronicle import rests_on
from postmortem.core.errors import BadInput
from postmortem.core.history import Situation
from postmortem.core.lengths import SECOND
from postmortem.core.state import Picture
from postmortem.core.times import END, Instant, Span
from postmortem.core.words import for_terminal
from postmortem.pictures.mermaid import flowchart, gantt
from postmortem.pictures.scene import scene
from postmortem.pictures.timeline import timeline_svg

FORMS: Final = ("svg", "gantt", "flowchart")


@dataclass(frozen=True, slots=True)
class Lanes:
    """Which lanes are asked for: all, where neither is."""

    services: tuple[str, ...] = ()
    """These, and what rests on them."""
    capabilities: tuple[str, ...] = ()
    """These, and what they rest on; with services, what is among both."""

    def ids(self, situation: Situation) -> set[str] | None:
        """The ids; None: all."""
        wanted: list[set[str]] = []
        if self.capabilities:
            wanted.append({id for each in self.capabilities for id in rests_on(situation, each)})
        if self.services:
            chosen = {*self.services}
            resting = {id for id in situation.capabilities if rests_on(situation, id) & chosen}
            wanted.append(resting | chosen)
        return set.intersection(*wanted) if wanted else None


def form_of(svg: bool, mermaid: str | None, otherwise: bool) -> str:
    """Which of FORMS is asked for; `otherwise`: whether rows are asked for as well.

    Raises: BadInput, where that is none, or not one.
    """
    if not svg and mermaid is None:
        raise BadInput(
            "--at and --output are those of a picture", hint="add --svg, or --mermaid gantt"
        )
    if (svg and mermaid is not None) or otherwise:
        raise BadInput(
            "a picture and something else are asked for at once",
            hint="--svg and --mermaid exclude each other, --format, --json, --type, --all, "
            "--reverse and --limit",
        )
    return "svg" if mermaid is None else mermaid


def draw(
    question: Asked,
    form: str,
    start: Instant,
    end: Instant,
    target: str | None,
    *,
    marked: bool = False,
    lanes: Lanes | None = None,
) -> None:
    """Write a picture of the timeline in one of FORMS to a new file, or to standard output.

    It shows what is from `start` to `end`, each BEGINNING or END where the record itself says how
    far. A flowchart shows how everything stands at the question's T; in a timeline that instant is
    `marked` or not.

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
    only = None if lanes is None else lanes.ids(picture.situation)
    zone = question.zone
    if form == "flowchart":
        at = as_of.valid
        text = flowchart(
            picture, names, at, _cut_sets(picture, at), zone=zone, title=title, only=only
        )
    else:
        # the last microsecond of a day, month or year counts, and ends where the next begins
        until = end + 1 if end != END and (end + 1) % SECOND == 0 else end
        window = Span(start, until)
        cursor = as_of.valid if marked else None
        shown = scene(picture, names, window, zone, cursor, title=title, as_of=as_of, only=only)
        text = timeline_svg(shown) if form == "svg" else gantt(shown)
    _write(text, target)


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
    with new_file(target) as file:
        file.write(text)
    click.echo(f"{for_terminal(target)}: {len(text):,} characters", err=True)
