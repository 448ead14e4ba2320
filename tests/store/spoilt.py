"""Stores that somebody changed behind the program's back, that a disk did, or of an earlier day."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cli.door import FOUNDING, run

from postmortem.core import tree
from postmortem.core.errors import StoreProblem
from postmortem.store.verified import Verified
from postmortem.tracker import Tracker

RECORD = ("stored_events", "disclosures", "words_absent", "about", "tree_nodes")
QUESTIONS = (
    ["state", "--at", "2021-01-11T00:30-08:00"],
    ["state", "--at", "2021-01-11T00:30-08:00", "--known-at", "2021-01-10T20:00-08:00"],
    ["downtime", "--from", "2021-01-09T00:00Z", "--to", "2021-01-14T00:00Z"],
    ["timeline", "--all"],
    ["log"],
    ["search", "midnight"],
    ["history", "aws-cut-off"],
)


def founded(folder: Path) -> Path:
    """A store with the founding case, its view current, in one file."""
    store = folder / "whole.db"
    assert run("--db", store, "import", FOUNDING).status == 0
    with opened(store) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store


@contextlib.contextmanager
def opened(store: Path) -> Iterator[sqlite3.Connection]:
    """The database, to be changed as anybody can who has the file."""
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        yield connection


Change = Callable[[sqlite3.Connection], Any]


def changed(store: Path, target: Path, change: Change | str) -> Path:
    """A copy that was changed, by somebody who takes the triggers off first and puts them back."""
    shutil.copyfile(store, target)
    with opened(target) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        if isinstance(change, str):
            connection.executescript(change)
        else:
            change(connection)
        for _, sql in triggers:
            connection.execute(sql)
    return target


def earlier(store: Path, target: Path) -> Path:
    """A copy as the version before had made it: it kept no tree, and not whose words it lacks."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))  # also what its journal holds
    with opened(target) as connection:
        connection.execute("DROP TABLE tree_nodes")
        connection.execute("DROP TABLE words_absent")
        connection.execute("DELETE FROM about WHERE key = 'seal'")
        connection.execute("PRAGMA user_version=1")
        connection.execute("PRAGMA journal_mode=WAL")
    return target


def regrown(connection: sqlite3.Connection) -> None:
    """Compute the whole tree anew over the events as they stand."""
    connection.execute("DELETE FROM tree_nodes")
    edge = tree.Edge()
    for (state,) in connection.execute("SELECT state FROM stored_events ORDER BY position"):
        for level, place, hash in edge.append(tree.leaf(state)):
            connection.execute(
                "INSERT INTO tree_nodes VALUES (?, ?)", (tree.number(level, place), hash)
            )


def verified(store: Path, *sizes: int) -> Verified:
    with Tracker(str(store)) as tracker:
        return tracker.verify(sizes)


def is_found(store: Path) -> bool:
    """Whether verifying says that something is wrong; it must never raise anything else."""
    try:
        return bool(verified(store).failures)
    except StoreProblem:
        return True


def content(store: Path) -> dict[str, list[Any]] | None:
    """Every row of every table, but for the search index's own; None: it cannot be read.

    But for the reaches that the view says it has, which may be more than it needs.
    """
    try:
        with opened(store) as connection:
            names = [
                row[0]
                for row in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' "
                    "AND name NOT GLOB 'view_search_fts*' ORDER BY name"
                )
            ]
            columns = {"view_state": "id, schema, position, indexed"}
            return {
                name: connection.execute(f"SELECT {columns.get(name, '*')} FROM {name}").fetchall()
                for name in names
            }
    except sqlite3.Error:
        return None


def answers(store: Path) -> list[Any]:
    """What is answered; asking may make the view anew."""
    return [(ran.status, ran.out) for ran in (run("--db", store, *q, "--json") for q in QUESTIONS)]
