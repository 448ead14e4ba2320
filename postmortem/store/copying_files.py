"""The ends of a copy that are SQLite files."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence

from postmortem.core.errors import BadInput
from postmortem.store import tree
from postmortem.store.backup import put_in_place
from postmortem.store.columns import ABSENT, EVENT, WORDS, insert_into
from postmortem.store.copying_ends import (
    ABSENT_COLUMNS,
    EVENT_COLUMNS,
    STATE,
    WORDS_COLUMNS,
    End,
    Row,
    Target,
)
from postmortem.store.envelopes import digests_in
from postmortem.store.erasure import erase
from postmortem.store.ledger import SQLiteLedger
from postmortem.store.opening import open_read_only, trouble


class _SQLite(End):
    connection: sqlite3.Connection

    def last(self) -> int:
        row = self._rows("SELECT coalesce(max(position), 0) FROM stored_events")[0]
        return int(row[0])

    def events(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {EVENT_COLUMNS} FROM stored_events WHERE position > ? AND position <= ? "  # noqa: S608
            "ORDER BY position",
            (after, upto),
        )

    def words(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {WORDS_COLUMNS} FROM disclosures WHERE position > ? AND position <= ? "  # noqa: S608
            "ORDER BY position, digest",
            (after, upto),
        )

    def absent(self, after: int, upto: int) -> list[Row]:
        if tree.is_kept(self.connection):
            return self._rows(
                f"SELECT {ABSENT_COLUMNS} FROM words_absent "  # noqa: S608
                "WHERE position > ? AND position <= ? ORDER BY position, digest",
                (after, upto),
            )
        # an earlier version made it, and set nothing down about what it lacks
        here = {row[0] for row in self.words(after, upto)}
        return [
            (digest, event[0])
            for event in self.events(after, upto)
            for digest in sorted(digests_in(json.loads(event[STATE])))
            if digest not in here
        ]

    def root(self, size: int) -> bytes | None:
        if not tree.is_kept(self.connection):
            return None
        try:
            return tree.root_at(self.connection, size)
        except sqlite3.Error as error:
            raise trouble(error, self.place) from None

    def fact(self, key: str) -> str | None:
        rows = self._rows("SELECT value FROM about WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def _rows(self, sql: str, parameters: Row = ()) -> list[Row]:
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise trouble(error, self.place) from None


class SQLiteSource(_SQLite):
    """A store in a file, read."""

    def __init__(self, path: str) -> None:
        self.place = path
        self.connection = open_read_only(path)

    def close(self) -> None:
        self.connection.close()


class SQLiteTarget(_SQLite, Target):
    """A store in a file, made beside its place, and put there when it is whole."""

    def __init__(self, path: str) -> None:
        if os.path.lexists(path):
            raise BadInput(
                f"{path} exists already", hint="name a file that does not, nothing is overwritten"
            )
        self.place = path
        self._part = f"{path}.part"
        self._ledger = SQLiteLedger(self._part, lambda: 0, create=True)
        self.connection = open_read_only(self._part)

    @property
    def is_whole(self) -> bool:
        return False

    def say(self, key: str, value: str) -> None:
        with self._ledger.writing() as writing:
            writing.say(key, value)

    def take(self, events: Sequence[Row], words: Sequence[Row], absent: Sequence[Row]) -> None:
        with self._ledger.writing() as writing:
            growth = tree.Growth(writing.connection, writing.position)
            writing.connection.executemany(insert_into("stored_events", EVENT), events)
            for event in events:
                growth.append(bytes(event[STATE]))
            writing.connection.executemany(insert_into("disclosures", WORDS), words)
            writing.connection.executemany(insert_into("words_absent", ABSENT), absent)

    def drop(self, digests: Sequence[str]) -> None:
        with self._ledger.writing() as writing:
            writing.connection.executemany(
                "DELETE FROM disclosures WHERE digest = ?", [(digest,) for digest in digests]
            )

    def finish(self) -> None:
        if self.fact("copied") is None:
            self.say("copied", str(self.last()))
        has_withdrawn = self._rows(
            "SELECT EXISTS (SELECT 1 FROM stored_events WHERE topic GLOB 'words-withheld/*')"
        )
        self.close()
        if has_withdrawn[0][0]:
            erase(self._part)  # some may have been withdrawn after they were copied
        put_in_place(self._part, self.place)

    def close(self) -> None:
        self.connection.close()
        self._ledger.close()
