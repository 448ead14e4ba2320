"""Takes words out of a SQLite file for good: where they are kept, and where they are found."""

from __future__ import annotations

import sqlite3

from postmortem.store import search


def forget(connection: sqlite3.Connection, position: int, field: str) -> None:
    """Delete the words of that field of the event there; their digest in the log stays.

    Inside the caller's transaction.
    """
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute(
        "DELETE FROM disclosures WHERE position = ? AND field = ?", (position, field)
    )
    if connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE name = ?", (search.TABLE,)
    ).fetchone()[0]:
        search.forget(connection, position, field)
