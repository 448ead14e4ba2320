"""Which store is meant, and who records."""

from __future__ import annotations

import os
import sys
from typing import Final, NamedTuple

import click

from postmortem.cli import output
from postmortem.tracker import Tracker

NAME: Final = "postmortem.db"


class Found(NamedTuple):
    """A store's path, and the rule that chose it."""

    path: str
    rule: str


def locate(db: str | None) -> Found:
    """`--db`, `POSTMORTEM_DB`, the nearest postmortem.db upwards, the user's data folder."""
    if db:
        return Found(db, "--db")
    named = os.environ.get("POSTMORTEM_DB")
    if named:
        return Found(named, "POSTMORTEM_DB")
    folder = os.path.abspath(os.getcwd())
    while True:
        candidate = os.path.join(folder, NAME)
        if os.path.isfile(candidate):
            return Found(candidate, f"the nearest {NAME} upwards from the current folder")
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    from platformdirs import user_data_path

    return Found(
        str(user_data_path("postmortem") / NAME),
        "your data folder, as nothing else was named or found",
    )


def tracker(ctx: click.Context, *, writes: bool = False) -> Tracker:
    """The store of this command, closed when the command ends."""
    found = locate(ctx.find_root().obj["db"])
    if writes and found.rule.startswith("your data folder"):
        os.makedirs(os.path.dirname(found.path), mode=0o700, exist_ok=True)
    progress = output.progress if sys.stderr.isatty() else None
    by = author() if writes else None
    return ctx.with_resource(Tracker(found.path, by=by, progress=progress, warn=output.warn))


def author() -> str | None:
    """Who records: POSTMORTEM_BY, else the login name."""
    named = os.environ.get("POSTMORTEM_BY")
    if named is not None:
        return named or None
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None
