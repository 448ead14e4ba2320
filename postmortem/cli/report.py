"""The command `report`: the postmortem, written from the record."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli.options import AUDIENCES, asked, clock_options, nearest, platform_option
from postmortem.core.errors import BadInput, Place, StoreProblem
from postmortem.core.times import END, AsOf, Instant, Span
from postmortem.reports import FORMATS, format_of
from postmortem.reports.edition import TEMPLATES, Edition, Picture, Template
from postmortem.reports.wording import LANGUAGES
from postmortem.store import atomic, tree
from postmortem.store.dossiers import Reading, newest_entry
from postmortem.store.view import Logged
from postmortem.tracker import Tracker

if TYPE_CHECKING:
    from postmortem.core.incident import Dossier
    from postmortem.reports.document import Facts

_ENDINGS: Final = {".html": "html", ".htm": "html", ".json": "json", ".md": "markdown"}


@click.command(
    epilog="""\b
Examples:
  postmortem report
  postmortem report -o parler-2021.md
  postmortem report -o parler-2021.html --language de
  postmortem report --template short --audience public
  postmortem report --template exit --known-at 2021-01-10T20:00
  postmortem report deplatforming --template house.md.j2 -o review.md
  postmortem report --json

\b
A template of your own begins with {% extends "review.md.j2" %} and writes some blocks anew:
  {% block impact %}## Whom it hit {% for one in impacts %} … {{ one.says.text }} … {% endfor %}
  {% endblock %}

\b
Exit status: 2 where the template fails, with its file and line, or where FILE is there and
is no document that `report` wrote."""
)
@click.argument("incident", required=False)
@click.option(
    "--template",
    metavar="NAME|FILE",
    default="review",
    show_default=True,
    help=f"One of {', '.join(TEMPLATES)}, or a file of your own.",
)
@click.option(
    "--audience",
    type=click.Choice(AUDIENCES),
    default="internal",
    show_default=True,
    help="public: people's words only where an event says `public: true`.",
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Of the fixed words.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice([*FORMATS]),
    help="Else by FILE's ending; else markdown.",
)
@click.option("--json", "as_json", is_flag=True, help="The facts alone, as one JSON document.")
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    help="Write it there; of Markdown the picture beside it, as SVG.",
)
@platform_option
@clock_options
@click.pass_context
def report(
    ctx: click.Context,
    /,
    incident: str | None,
    template: str,
    audience: str,
    language: str,
    form: str | None,
    as_json: bool,
    file: str | None,
    **frame: Any,
) -> None:
    """The postmortem of an incident, complete and sourced, written from the record.

    Without INCIDENT the only one is meant, or, where none was opened, the whole record of the
    platform. Nothing in it is written by hand: change the record, or the template, and write it
    anew. The same record, clocks, template and version of the program give the same bytes
    everywhere.

    A document carries its facts along; `verify-report` compares them with the record.
    """
    if as_json and form not in (None, "json"):
        raise BadInput(f"--json and --format {form} are two forms", hint="leave one of them out")
    if file == "-":
        file = None
    chosen = "json" if as_json else form or _by_ending(file)
    edition = Edition(template_named(template), language, program())
    if file is not None:
        _may_write(file)
        if chosen == "markdown":
            _may_draw(os.path.join(os.path.dirname(file), str(_picture_file(file))))
    question = asked(ctx, **frame)
    facts, dossier = collect(question.store, question.platform, incident, question.as_of, audience)
    if chosen != "json":
        beside = chosen == "markdown" and file is not None
        edition = edition._replace(
            picture=picture(facts, dossier, language, _picture_file(file) if beside else None)
        )
    del dossier  # it is in the facts by now, and of a long record takes as much memory as they do
    pieces = format_of(chosen).document(facts, edition)
    if file is None:
        _print(pieces)
        return
    _write(file, pieces)
    shown = edition.picture
    if shown is not None and shown.file is not None:
        beside_it = os.path.join(os.path.dirname(file), shown.file)
        _write(beside_it, [shown.svg])
        file = f"{file} and {beside_it}"
    click.echo(f"wrote {file}", err=True)


def program() -> str:
    """The version of this program."""
    from importlib.metadata import version

    return version("postmortem-record")


# --- what is asked for ----------------------------------------------------------------------------


def template_named(name: str) -> Template:
    """A shipped template by its name, or a user's file. Raises: BadInput."""
    if name in TEMPLATES:
        return Template(name)
    if not os.path.exists(name):
        raise BadInput(
            f"--template: there is no template and no file {name!r}",
            hint=nearest(name, TEMPLATES),
        )
    try:
        return Template(name, Path(name).read_bytes().decode())
    except OSError as error:
        raise BadInput(f"--template: {name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = Path(name).read_bytes()[: error.start].count(b"\n") + 1
        raise BadInput("the template is no UTF-8 text", place=Place(name, line)) from None


def _by_ending(file: str | None) -> str:
    if file is None:
        return "markdown"
    return _ENDINGS.get(os.path.splitext(file)[1].lower(), "markdown")


# --- what the record holds ------------------------------------------------------------------------


def collect(
    store: Tracker, platform: str, incident: str | None, as_of: AsOf, audience: str
) -> tuple[Facts, Dossier]:
    """The facts of a document, and the dossier that they are from.

    R becomes the moment of the last entry that it lets through, and a K that is no limit beside it
    none, so that the same record gives the same facts whatever the clocks were asked to be.

    Raises: BadInput, where there is no such incident, or which one is not said.
    """
    from postmortem.core.measuring import measured
    from postmortem.reports.document import Frame, Log, facts

    view = store.view
    with view.snapshot():
        newest = newest_entry(view, platform, as_of)
        recorded = as_of.recorded if newest is None else newest.recorded
        known = END if as_of.known >= recorded else as_of.known
        settled = AsOf(as_of.valid, known, recorded)
        reading = Reading(view, platform, settled)
        if audience == "public":
            reading.entries = [_for_public(entry) for entry in reading.entries]
            reading.declarations = [_for_public(entry) for entry in reading.declarations]
        dossier = reading.dossier(reading.choose(incident))
        names = {
            id: row[0] or id
            for kind in ("service", "capability")
            for id, row in view.declared(platform, kind, view.position_at(recorded)).items()
        }
        size = view.position_at(recorded)
        log = Log(size, tree.root_at(view.connection, size))
    position = 0 if newest is None else newest.position
    frame = Frame(platform, audience, None if known == END else known, recorded, position, log)
    del reading  # a long record takes as much memory again as its dossier
    return facts(dossier, frame, measured(dossier), names), dossier


def _for_public(entry: Logged) -> Logged:
    """The entry with people's words withheld, unless it says that they may be told."""
    if entry.body.get("public") is True:
        return entry
    kept = dict.fromkeys(sorted(_said(entry.type) & set(entry.body)), "")  # no reason is told
    return replace(entry, withheld={**entry.withheld, **kept})


def _said(type: str) -> frozenset[str]:
    """The fields of an entry of that type that hold people's words."""
    from postmortem.cli.kinds import kinds

    name = type.removesuffix("-declared")
    kind = kinds().get(name)
    if kind is None:
        from postmortem.core.catalogue import described  # the classes themselves: slow to import

        kind = described()[name]
    return frozenset(field.name for field in kind.fields if field.said)


# --- the picture ----------------------------------------------------------------------------------


def picture(
    facts: Mapping[str, Any], dossier: Dossier, language: str, file: str | None
) -> Picture | None:
    """What worked when, drawn; None where nothing is declared."""
    from postmortem.pictures.mermaid import gantt
    from postmortem.pictures.scene import scene
    from postmortem.pictures.timeline import timeline_svg
    from postmortem.pictures.wording import WORDINGS

    if not dossier.services and not dossier.capabilities:
        return None
    names = {each["id"]: each["name"] for each in (*facts["services"], *facts["capabilities"])}
    window, looked = dossier.window, dossier.as_of.valid
    span: Span | None = None
    if window.start_by is not None and dossier.incident is not None:
        span = Span(window.start, END if window.end is None else window.end)
    drawn = scene(
        dossier.picture,
        names,
        span,
        facts["platform"]["zone"],
        title=facts["platform"]["name"],
        as_of=AsOf(looked, looked, _instant(facts["question"]["recorded_at"])),
        only={*dossier.services, *dossier.capabilities},
    )
    wording = WORDINGS[language]
    return Picture(timeline_svg(drawn, wording=wording), gantt(drawn, wording=wording), file)


def _instant(written: str) -> Instant:
    from postmortem.core.times import parse_stored

    return parse_stored(written)


def _picture_file(file: str | None) -> str | None:
    return None if file is None else f"{os.path.splitext(os.path.basename(file))[0]}.svg"


# --- where it goes --------------------------------------------------------------------------------


def _may_write(file: str) -> None:
    """Raises: BadInput, where something is there that is no document of ours."""
    from postmortem.reports.seal import opened

    if not os.path.lexists(file):
        return
    if os.path.isdir(file):
        raise BadInput(f"-o: {file} is a folder", hint=f"name a file in it: {file}/report.md")
    try:
        opened(Path(file).read_bytes().decode(), file)
    except OSError as error:
        raise BadInput(f"-o: {file} cannot be read: {error.strerror}") from None
    except (BadInput, UnicodeDecodeError):
        raise BadInput(
            f"-o: {file} is there already, and is no document that `report` wrote",
            hint="name another file, or move that one away",
        ) from None


def _may_draw(file: str) -> None:
    """Raises: BadInput, where the picture's place is taken by something else."""
    try:
        text = Path(file).read_text("utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text.startswith("<svg ") or _DRAWN not in text:
        raise BadInput(
            f"-o: the picture goes to {file}, and what is there is no picture of ours",
            hint="name another file, or move that one away",
        )


_DRAWN: Final = 'aria-labelledby="pm-title'


def _write(file: str, pieces: Iterable[str]) -> None:
    """In place of what is there, whole or not at all. Raises: StoreProblem."""
    try:
        atomic.replace(file, (piece.encode() for piece in pieces))
    except OSError as error:
        raise StoreProblem(
            f"{file} cannot be written: {error.strerror}", hint="name another file with -o"
        ) from None


def _print(pieces: Iterable[str]) -> None:
    """The document on standard output, in UTF-8 whatever the locale is."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        click.echo("".join(pieces), nl=False)
        return
    sys.stdout.flush()
    buffer.writelines(piece.encode() for piece in pieces)
    buffer.flush()
