"""The tables of the record, and the triggers that keep them as they are: what SQLite is told."""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from postmortem.store import tree
from postmortem.store.envelopes import digests_in

LOG: Final = (
    """CREATE TABLE stored_events (
        position INTEGER PRIMARY KEY CHECK (position >= 1),
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL CHECK (originator_version >= 1),
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        event_id TEXT NOT NULL UNIQUE,
        recorded_at INTEGER NOT NULL,
        UNIQUE (originator_id, originator_version)
    ) STRICT""",
    # people's words; what may one day be withdrawn
    """CREATE TABLE disclosures (
        digest TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        field TEXT NOT NULL,
        salt TEXT NOT NULL,
        value TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX disclosures_by_position ON disclosures (position)",
    # whose words were never here: the log was taken in without them
    # (one digest stands at several positions where an entry was amended that lacks its words)
    """CREATE TABLE words_absent (
        digest TEXT NOT NULL,
        position INTEGER NOT NULL,
        PRIMARY KEY (digest, position)
    ) STRICT""",
    # facts about the store itself: its id, what it is a copy of
    "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TRIGGER log_no_update BEFORE UPDATE ON stored_events
       BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER log_no_delete BEFORE DELETE ON stored_events
       BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    # REPLACE deletes without firing delete triggers: it is refused before it can
    """CREATE TRIGGER log_dense BEFORE INSERT ON stored_events
       WHEN NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM stored_events)
       BEGIN SELECT RAISE(ABORT, 'the log is append-only, and its positions are dense'); END""",
    """CREATE TRIGGER log_no_replace BEFORE INSERT ON stored_events
       WHEN EXISTS (SELECT 1 FROM stored_events WHERE event_id = NEW.event_id)
         OR EXISTS (SELECT 1 FROM stored_events WHERE originator_id = NEW.originator_id
                    AND originator_version = NEW.originator_version)
       BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER log_not_back_in_time BEFORE INSERT ON stored_events
       WHEN NEW.recorded_at < (SELECT max(recorded_at) FROM stored_events
                               WHERE position = NEW.position - 1)
       BEGIN SELECT RAISE(ABORT, 'recorded_at never decreases'); END""",
    """CREATE TRIGGER words_no_update BEFORE UPDATE ON disclosures
       BEGIN SELECT RAISE(ABORT, 'words are withdrawn, never changed'); END""",
    """CREATE TRIGGER words_no_replace BEFORE INSERT ON disclosures
       WHEN EXISTS (SELECT 1 FROM disclosures WHERE digest = NEW.digest)
       BEGIN SELECT RAISE(ABORT, 'words are withdrawn, never changed'); END""",
)
"""The log and its words."""
SCHEMA: Final = (*LOG, *tree.SCHEMA)
"""The whole record; the view is made and dropped elsewhere."""

ABSENT: Final = "INSERT INTO words_absent (digest, position) VALUES (?, ?)"


def bring_up(connection: sqlite3.Connection) -> None:
    """Give the store of an earlier version its tree, inside the caller's write."""
    for statement in SCHEMA:
        if any(name in statement for name in _ADDED):
            connection.execute(statement)
    growth = tree.Growth(connection, 0)
    here = "SELECT 1 FROM disclosures WHERE digest = ?"
    for position, state in connection.execute(
        "SELECT position, state FROM stored_events ORDER BY position"
    ):
        growth.append(state)
        for digest in digests_in(json.loads(state)):
            if connection.execute(here, (digest,)).fetchone() is None:
                connection.execute(ABSENT, (digest, position))
    tree.seal(connection)
    connection.execute(f"PRAGMA user_version={tree.SINCE}")


_ADDED: Final = ("words_absent", "tree_nodes")
