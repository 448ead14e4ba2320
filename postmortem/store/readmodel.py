"""Makes and fills the view: disposable tables beside the log, rebuilt from it to the same rows.

Tables are made by sqlite-utils on the connection that holds the transaction, and filled with plain
statements, since this is done once for every event. Nothing here touches the log's own tables.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from typing import Any, Final

from postmortem.core.errors import BadInput, StoreDamaged
from postmortem.store import effects, one_library, search
from postmortem.store.intake import Intake, names_in
from postmortem.store.progress import Progress
from postmortem.store.sweeping import unswept
from postmortem.store.view import VIEW_VERSION

TABLES: Final[dict[str, dict[str, Any]]] = {
    "view_state": {
        # `indexed` is 0 where the full-text index is missing or lags behind; `reaches`: of which
        # reach the effects are, as bits
        "columns": {"id": int, "schema": int, "position": int, "indexed": int, "reaches": int},
        "pk": "id",
    },
    "view_moment": {
        # the last position of every transaction, by when it was recorded
        "columns": {"recorded": int, "position": int},
        "pk": "recorded",
    },
    "view_declaration": {
        # what was declared, and until which position it stood; `detail` is a zone or provider
        "columns": {
            "position": int,
            "platform": str,
            "kind": str,
            "id": str,
            "until": int,
            "count": int,
            "name": str,
            "detail": str,
            "formula": str,
        },
        "pk": "position",
    },
    "view_version": {
        "columns": {
            "position": int,
            "platform": str,
            "stream": str,
            "id": str,
            "fact": str,
            "type": str,
            "place": str,
            "known": int,
            "recorded": int,
            "at_earliest": int,
            "at_latest": int,
            "effective_earliest": int,
            "effective_latest": int,
            "service": str,
            "capability": str,
            "effect": int,
            "formula": str,
            "subjects": str,
        },
        "pk": "position",
    },
    "view_withheld": {
        # which texts were withdrawn, by their digest, and where in the log it says why
        "columns": {"digest": str, "position": int, "field": str, "by": int},
        "pk": "digest",
    },
    search.TABLE: {
        # every text that can be found, by where it stands; the full-text index lies over it
        "columns": {"key": int, "platform": str, "position": int, "field": str, "text": str},
        "pk": "key",
    },
}
INDEXES: Final = (
    ("view_declaration", ("platform", "kind", "id", "position"), True),
    ("view_version", ("platform", "id"), True),
    ("view_version", ("platform", "fact"), False),
)
SCHEMA: Final = {
    "view_part": """CREATE TABLE view_part (
        -- every id that any formula ever recorded of a capability names
        platform TEXT NOT NULL, capability TEXT NOT NULL, part TEXT NOT NULL,
        PRIMARY KEY (platform, capability, part)
    ) STRICT, WITHOUT ROWID""",
    "view_subject": """CREATE TABLE view_subject (
        -- which facts speak of which fact
        platform TEXT NOT NULL, subject TEXT NOT NULL, fact TEXT NOT NULL,
        PRIMARY KEY (platform, subject, fact)
    ) STRICT, WITHOUT ROWID""",
    "view_retraction": """CREATE TABLE view_retraction (
        -- which retractions name which id
        platform TEXT NOT NULL, event TEXT NOT NULL, fact TEXT NOT NULL,
        PRIMARY KEY (platform, event, fact)
    ) STRICT, WITHOUT ROWID""",
    "view_reign": """CREATE TABLE view_reign (
        -- for which K, and for which positions of the log, a version is the last word
        platform TEXT NOT NULL, fact TEXT NOT NULL,
        known_from INTEGER NOT NULL, position_from INTEGER NOT NULL,
        known_to INTEGER NOT NULL, position_to INTEGER NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (platform, fact, known_from, position_from)
    ) STRICT, WITHOUT ROWID""",
    **effects.SCHEMA,
}
"""The tables that are looked up by their keys alone, and have no rows beside these."""
_LOAD: Final = 1000


def make(connection: sqlite3.Connection) -> None:
    """Drop whatever view there is, and make an empty one.

    Raises: StoreProblem, where another SQLite library would be loaded beside the interpreter's:
    two of them on one file break each other's locks.
    """
    one_library.check()
    from sqlite_utils import Database  # slow to import, and needed here only

    database = Database(connection, execute_plugins=False)
    has_index = search.has_fts5(connection)
    if has_index:  # first, for what lies beneath it goes with it; without FTS5 it must stay
        connection.execute(f"DROP TABLE IF EXISTS main.{search.INDEX}")
    for old in database.table_names():
        if old.startswith("view_") and not old.startswith(search.INDEX):
            connection.execute(f'DROP TABLE "{old}"')
    for name, table in TABLES.items():
        database.table(name).create(table["columns"], pk=table["pk"], strict=True)
    for name, columns, unique in INDEXES:
        database.table(name).create_index(list(columns), unique=unique)
    for statement in (*SCHEMA.values(), *effects.INDEXES):
        connection.execute(statement)
    if has_index:
        database.table(search.TABLE).enable_fts(["text"], tokenize=search.TOKENS)
    connection.execute("INSERT INTO view_state VALUES (1, ?, 0, ?, 0)", (VIEW_VERSION, has_index))


def version_at(connection: sqlite3.Connection) -> tuple[int, int]:
    """(schema, position) of the view; (0, 0) where there is none."""
    try:
        row = connection.execute("SELECT schema, position FROM view_state").fetchone()
    except sqlite3.OperationalError:
        return 0, 0
    return (0, 0) if row is None else (row[0], row[1])


def catch_up(
    connection: sqlite3.Connection, progress: Progress | None = None, last: int | None = None
) -> None:
    """Bring the view to the end of the log, anew where it is of another version.

    `last` is the log's last position, where it was asked already. Inside the caller's transaction,
    which must hold the write lock. Raises: StoreDamaged.
    """
    schema, position = version_at(connection)
    if schema != VIEW_VERSION:
        make(connection)
        position = 0
    if last is None:
        last = connection.execute("SELECT max(position) FROM stored_events").fetchone()[0] or 0
    if position < last:
        take_in(connection, position, last, progress, "reading the log")


def take_in(
    connection: sqlite3.Connection,
    after: int,
    last: int,
    progress: Progress | None = None,
    doing: str = "",
) -> None:
    """Take the events of the log after a position, and up to another, into the view.

    Raises: StoreDamaged.
    """
    with unswept(), Intake(connection) as intake:
        while rows := connection.execute(_EVENTS, (after, last, _LOAD)).fetchall():
            number = rows[0][0]
            try:
                events, named = [], []
                for number, state in rows:  # noqa: B007  # told where it fails
                    events.append(json.loads(state))
                    named.append(names_in(events[-1]))
                intake.recall(named)
                said: dict[int, dict[str, Any]] = defaultdict(dict)
                for number, digest, value in connection.execute(_WORDS, (after, rows[-1][0])):
                    said[number][digest] = json.loads(value)
                for envelope, (number, _) in zip(events, rows, strict=True):
                    if progress is not None:
                        progress(doing, number, last)
                    intake.read(envelope, said[number])
            except (BadInput, LookupError, TypeError, ValueError, AttributeError) as error:
                raise StoreDamaged(
                    f"event {number} of the store is damaged: {error}",
                    hint="keep the file as it is, and go on from a backup; or update postmortem, "
                    "if a newer version wrote it",
                ) from None
            after = rows[-1][0]


_EVENTS: Final = (
    "SELECT position, state FROM stored_events WHERE position > ? AND position <= ? "
    "ORDER BY position LIMIT ?"
)
_WORDS: Final = (
    "SELECT position, digest, value FROM disclosures WHERE position > ? AND position <= ?"
)


def rebuild(connection: sqlite3.Connection, progress: Progress | None = None) -> int:
    """The view anew from the log; the number of events read. Inside the caller's transaction."""
    make(connection)
    catch_up(connection, progress)
    return version_at(connection)[1]


def rows(connection: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the view, by table: what a rebuild must give again."""
    columns = dict.fromkeys((*TABLES, *SCHEMA), "*")
    columns["view_state"] = "schema, position, indexed"  # more reaches may be said than there are
    return {
        name: sorted(
            (tuple(row) for row in connection.execute(f"SELECT {these} FROM {name}")),  # noqa: S608
            key=repr,
        )
        for name, these in columns.items()
    }
