"""The founding case: five questions, answered by the real commands, and where kept the document."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import Final

import click

from postmortem.cli import output
from postmortem.cli.commands import run_inside
from postmortem.core.errors import BadInput, StoreProblem
from postmortem.store import backends
from postmortem.tracker import Tracker

CASEBOOK: Final = "parler-2021.yaml"
QUESTIONS: Final = (
    (
        "What could Parler still do half an hour into Monday, by all that is known today?",
        ["state", "--at", "2021-01-11T00:30-08:00"],
    ),
    (
        "And for the same moment, what could be known the evening before?",
        ["state", "--at", "2021-01-11T00:30-08:00", "--known-at", "2021-01-10T20:00-08:00"],
    ),
    (
        "What if the help desk alone had been lost, before all this?",
        ["state", "--at", "2021-01-05T12:00-08:00", "--without", "zendesk"],
    ),
    (
        "How long was each capability out between Saturday and the end of Monday, Pacific time?",
        ["downtime", "--from", "2021-01-09T00:00-08:00", "--to", "2021-01-12T00:00-08:00"],
    ),
    (
        "Whose loss would have been enough to keep newcomers out?",
        ["cuts", "joining", "--at", "2021-01-05T12:00-08:00"],
    ),
)


def founding_casebook() -> Path:
    """The casebook of the founding case: inside the package, or beside it in a checkout."""
    inside = Path(str(resources.files("postmortem"))) / "seeds" / CASEBOOK
    return inside if inside.is_file() else inside.parents[2] / "seeds" / CASEBOOK


@click.command(epilog="\b\nExamples:\n  postmortem demo\n  postmortem demo --keep parler")
@click.option("--keep", metavar="DIR", help="Leave store, casebook and document there.")
def demo(keep: str | None) -> None:
    """The founding case, Parler in January 2021: five questions with their answers.

    It runs in a temporary store and leaves nothing behind, unless told to: then the postmortem is
    written too, as Markdown with its picture and as one HTML page. With --db postgresql://… it is
    recorded there, where nothing must be yet.
    """
    show(founding_casebook(), keep, click.get_current_context().find_root().params.get("db"))


def show(casebook: Path, keep: str | None, db: str | None = None) -> None:
    """Ask the five questions of that casebook.

    `db` matters only where it is elsewhere: the questions are asked of a store there.

    Raises: BadInput, where there is no such casebook, or what it shall be kept in is not empty.
    """
    if not casebook.is_file():
        raise BadInput("the founding case is missing", hint="install postmortem anew")
    if db is not None and backends.is_remote(db):
        _show_elsewhere(casebook, db, keep)
        return
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="postmortem-") as temporary:
            _ask(casebook, Path(temporary), "postmortem")
        output.say("Nothing was left behind. To look around yourself:")
        output.say("  postmortem demo --keep parler     keeps the store and its casebook")
        _go_on("postmortem --db parler/postmortem.db")
        return
    folder = Path(keep)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BadInput(f"the folder {keep} is not empty", hint="name a new one")
        shutil.copyfile(casebook, folder / CASEBOOK)
    except OSError as error:
        raise StoreProblem(f"{keep} cannot be used: {error.strerror}") from None
    typed = f"postmortem --db {shlex.quote(str(folder / 'postmortem.db'))}"
    _ask(casebook, folder, typed)
    _write(folder, typed)
    output.say(f"The store, its casebook and the document are in {keep}. To go on:")
    _go_on(typed)


def _show_elsewhere(casebook: Path, db: str, keep: str | None) -> None:
    shown = backends.shown(db)
    if keep is not None:
        raise BadInput(
            "--keep names a folder, and the store shall be on a server",
            hint="leave out one of them",
        )
    with Tracker(db) as store:
        if store.exists:
            raise BadInput(
                f"there is a store at {shown} already",
                hint="name another schema of that database: ?schema=demo",
            )
    typed = f"postmortem --db {shlex.quote(shown)}"
    output.say(f"The founding case, recorded at {shown}:")
    with contextlib.chdir(casebook.parent):
        run_inside(["--db", db, "import", CASEBOOK])
    output.say()
    _questions(db, typed)
    output.say("To go on:")
    _go_on(typed)


def _ask(casebook: Path, folder: Path, typed: str) -> None:
    database = str(folder / "postmortem.db")
    if (folder / CASEBOOK).is_file():
        book = str(folder / CASEBOOK)
        output.say(f"$ {typed} import {shlex.quote(book)}")
        colour = click.get_current_context().find_root().color
        run_inside(["--db", database, *_COLOUR[colour], "import", book])
    else:
        output.say("The founding case, recorded in a temporary store:")
        with contextlib.chdir(casebook.parent):
            run_inside(["--db", os.path.abspath(database), "import", CASEBOOK])
    output.say()
    _questions(database, typed)


def _questions(database: str, typed: str) -> None:
    colour = click.get_current_context().find_root().color
    settings = ["--db", database, *_COLOUR[colour]]
    for number, (question, arguments) in enumerate(QUESTIONS, 1):
        output.say(click.style(f"{number}. {question}", bold=True))
        output.say(f"$ {typed} {shlex.join(arguments)}")
        output.say()
        run_inside([*settings, *arguments])
        output.say()


def _write(folder: Path, typed: str) -> None:
    output.say(click.style("And the postmortem, written from the record:", bold=True))
    for ending in (".md", ".html"):
        arguments = ["report", "-o", str((folder / CASEBOOK).with_suffix(ending))]
        output.say(f"$ {typed} {shlex.join(arguments)}")
        run_inside(["--db", str(folder / "postmortem.db"), *arguments])
    output.say()


_COLOUR: Final[dict[bool | None, list[str]]] = {
    None: [],
    True: ["--color", "always"],
    False: ["--color", "never"],
}


def _go_on(command: str) -> None:
    output.say(f"  {command} state --at 2021-01-10T12:00-08:00 --json")
    output.say("  postmortem --help                 lists every command")
    output.say("  the README shows how to write a casebook of your own")
