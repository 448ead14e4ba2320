"""Verifies the view: it is made a second time from the log, on the side, and compared row by row.

The view is disposable, and `rebuild` mends it. But answers come out of it, so that one that was
changed answers wrongly while the log itself is sound.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from typing import Final

from postmortem.core.errors import Problem
from postmortem.store import readmodel, search
from postmortem.store.opening import attached_in_memory
from postmortem.store.progress import Progress
from postmortem.store.verified import VIEW, Verified
from postmortem.store.view import VIEW_VERSION

FOLLOWS, DIFFERS, OTHER, NONE, UNREAD = "follows", "differs", "other-version", "none", "unread"
"""What became of the comparison: `OTHER` is of another version of the program, which the next
question makes anew, as it makes one where there is `NONE`."""

_SHADOWS: Final = ("data", "idx", "docsize", "config")
_BEYOND: Final = tuple(f"{search.INDEX}_{name}" for name in ("data", "idx"))
"""Of the full-text index: their rows depend on how the log was written, not on what is in it."""
_EXACT: Final = {"view_state": "id, schema, position, indexed"}
"""What of a table must be the same: the rest depends on how the log was taken in."""
_FAULTS: Final = (sqlite3.Error, Problem, LookupError, TypeError, ValueError, AttributeError)


def verify_view(path: str, found: Verified, progress: Progress | None = None) -> None:
    """Compare the view of the store at that path; what was found is added.

    The second view is on disk while it is needed, so that memory does not grow with the log.
    """
    with closing(attached_in_memory(path, on_disk=True)) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        connection.execute("BEGIN")
        before = len(found.failures)
        try:
            found.view = _compare(connection, found, progress)
        except _FAULTS as error:
            found.view = UNREAD
            found.fail(VIEW, None, f"the view cannot be compared with the log: {error}")
        if found.view == FOLLOWS and len(found.failures) > before:
            found.view = DIFFERS


def _compare(
    connection: sqlite3.Connection,
    found: Verified,
    progress: Progress | None,
) -> str:
    there = _objects(connection, "store")
    if not there:
        return NONE
    try:
        state = connection.execute("SELECT schema, position, indexed FROM store.view_state")
        row = state.fetchone()
    except sqlite3.OperationalError:
        row = None
    if row is None:
        found.fail(VIEW, None, "the view does not say which version it is of")
        return DIFFERS
    schema, position, indexed = row
    if schema != VIEW_VERSION:
        return OTHER
    readmodel.make(connection)
    last = connection.execute("SELECT max(position) FROM stored_events").fetchone()[0] or 0
    if position > last:
        found.fail(
            VIEW, last + 1, f"the view remembers {position:,} events, and the log holds {last:,}"
        )
    readmodel.take_in(connection, 0, min(position, last), progress, "comparing the view")
    if not indexed:  # a SQLite without full text wrote it, and none is looked for there
        connection.execute("UPDATE main.view_state SET indexed = 0")
    _tables(connection, found, there, bool(indexed))
    _reaches(connection, found)
    if indexed and search.has_fts5(connection):
        _full_text(connection, found)
    return FOLLOWS


def _objects(connection: sqlite3.Connection, schema: str) -> dict[str, str]:
    """The tables and indexes of a view, by name."""
    rows = connection.execute(
        f"SELECT name, sql FROM {schema}.sqlite_master "  # noqa: S608
        "WHERE tbl_name GLOB 'view_*' AND sql IS NOT NULL"
    )
    return dict(rows.fetchall())


def _tables(
    connection: sqlite3.Connection, found: Verified, there: dict[str, str], indexed: bool
) -> None:
    made = _objects(connection, "main")
    for name in sorted({*there, *made}):
        if name.startswith(search.INDEX) and not indexed:
            continue
        if there.get(name) != made.get(name):
            found.fail(VIEW, None, f"the view's {name} is not as it is made")
        elif name in _BEYOND or not there[name].upper().startswith("CREATE TABLE"):
            continue
        else:
            _rows(connection, found, name)


def _rows(connection: sqlite3.Connection, found: Verified, table: str) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]
    where = next((c for c in ("position", "position_from") if c in columns), None)
    counted = f"count(*), min({where})" if where else "count(*), NULL"
    these = _EXACT.get(table, "*")
    for one, other, what in (("store", "main", "more"), ("main", "store", "less")):
        number, position = connection.execute(
            f"SELECT {counted} FROM (SELECT {these} FROM {one}.{table} "  # noqa: S608
            f"EXCEPT SELECT {these} FROM {other}.{table})"
        ).fetchone()
        if number:
            rows = "1 row" if number == 1 else f"{number:,} rows"
            told = (
                f"has {rows} that the log does not give"
                if what == "more"
                else f"lacks {rows} that the log gives"
            )
            # what belongs to no position (0: the whole view) stands for itself
            found.fail(VIEW, position or None, f"the view's {table} {told}")


def _reaches(connection: sqlite3.Connection, found: Verified) -> None:
    """The view may say that it has effects of more reaches than it has, and never of less."""
    said = connection.execute("SELECT reaches FROM store.view_state").fetchone()[0]
    needed = connection.execute("SELECT reaches FROM main.view_state").fetchone()[0]
    if needed & ~said:
        found.fail(VIEW, None, "the view's view_state says less than its effects need")


def _full_text(connection: sqlite3.Connection, found: Verified) -> None:
    """Let SQLite compare the full-text index with its texts; that takes a copy to write to."""
    with tempfile.TemporaryDirectory(prefix="postmortem-") as folder:
        file = os.path.join(folder, "texts.db")
        connection.execute("ROLLBACK")  # nothing can be attached inside a transaction
        connection.execute("ATTACH DATABASE ? AS texts", (file,))
        connection.execute("BEGIN")
        sql = _objects(connection, "store")
        for name in (search.TABLE, search.INDEX):
            connection.execute(sql[name].replace(f"[{name}]", f"texts.[{name}]", 1)
                               .replace(f'"{name}"', f'texts."{name}"', 1))  # fmt: skip
        connection.execute(f"INSERT INTO texts.{search.TABLE} SELECT * FROM store.{search.TABLE}")  # noqa: S608
        for name in (f"{search.INDEX}_{shadow}" for shadow in _SHADOWS):
            connection.execute(f"DELETE FROM texts.{name}")  # noqa: S608
            connection.execute(f"INSERT INTO texts.{name} SELECT * FROM store.{name}")  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("DETACH DATABASE texts")
        with closing(sqlite3.connect(file)) as texts:
            try:
                texts.execute(
                    f"INSERT INTO {search.INDEX} ({search.INDEX}, rank) "  # noqa: S608
                    "VALUES ('integrity-check', 1)"
                )
            except sqlite3.DatabaseError:
                found.fail(VIEW, None, "the view's full-text index does not fit the texts")
