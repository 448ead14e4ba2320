"""What the benchmark compares with: bare `sqlite3`, and the library as its tutorial has it.

Nothing else uses this. Everything is written with the journal and the durability of a store.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from postmortem.core.times import Instant
from postmortem.store import tree

Stored = tuple[int, str, int, str, bytes, str, Instant]
"""position, stream, version, type, the bytes of the envelope, id, recorded_at."""


def write_log(path: str, events: Iterable[tuple[Stored, Sequence[tuple[Any, ...]]]]) -> None:
    """Fill a store's empty log, without deciding anything; its view is left behind."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        growth = tree.Growth(connection, 0)
        for row, said in events:
            growth.append(row[4])
            connection.execute(
                "INSERT INTO stored_events (position, originator_id, originator_version, topic, "
                "state, event_id, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            if said:
                connection.executemany("INSERT INTO disclosures VALUES (?, ?, ?, ?, ?)", said)
        connection.execute("COMMIT")


class Bare:
    """The same bytes, put into a table by `sqlite3` alone: what the disk and SQLite allow."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS log (position INTEGER PRIMARY KEY, state BLOB NOT NULL)"
        )

    def save(self, states: Sequence[bytes]) -> None:
        """One durable transaction."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany("INSERT INTO log (state) VALUES (?)", [(s,) for s in states])
        self.connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


@cache
def _history() -> Any:
    """The aggregate, made when it is first needed: the library takes long to load."""
    import eventsourcing.domain

    class History(eventsourcing.domain.Aggregate):
        """What happened to one service."""

        def __init__(self, service: str) -> None:
            self.service = service
            self.told: list[dict[str, Any]] = []

        @staticmethod
        def create_id(service: str) -> UUID:
            return uuid5(NAMESPACE_URL, service)

        @eventsourcing.domain.event("Told")
        def tell(self, event: dict[str, Any]) -> None:
            self.told.append(event)

    return History


class Stock:
    """The library as its tutorial has it: an aggregate a service, JSON, its own SQLite tables."""

    def __init__(self, path: str) -> None:
        import eventsourcing.application

        self._new = _history()
        self._histories: dict[str, Any] = {}
        self.application: Any = eventsourcing.application.Application(
            {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": path}
        )

    def tell(self, service: str, event: dict[str, Any]) -> Any:
        """The aggregate with one event more, not saved yet."""
        if service not in self._histories:
            self._histories[service] = self._new(service)
        history = self._histories[service]
        history.tell(event)
        return history

    def save(self, histories: Iterable[Any]) -> None:
        """One durable transaction."""
        self.application.save(*{history.id: history for history in histories}.values())

    def replay(self, service: str) -> int:
        """A service's history from its events; how many there were."""
        history = self.application.repository.get(self._histories[service].id)
        return len(history.told)

    def notifications(self) -> Iterator[Any]:
        """The log's events, read by the library's mapper."""
        start = 1
        while found := self.application.recorder.select_notifications(start, 1000):
            for notification in found:
                yield notification.id, self.application.mapper.to_domain_event(notification)
            start = found[-1].id + 1

    def close(self) -> None:
        """Let go of the file."""
        self.application.close()


class StockProjection:
    """The library's way to a read model: one event, one transaction, with its tracking record."""

    def __init__(self, path: str) -> None:
        import eventsourcing.persistence
        import eventsourcing.sqlite

        self._tracking: Any = eventsourcing.persistence.Tracking
        datastore = eventsourcing.sqlite.SQLiteDatastore(path)
        self._recorder: Any = eventsourcing.sqlite.SQLiteTrackingRecorder(datastore)
        self._recorder.create_table()
        self._datastore: Any = datastore
        with datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "CREATE TABLE fact (seq INTEGER PRIMARY KEY, service TEXT, at TEXT, known TEXT, "
                "type TEXT, id TEXT)"
            )
            cursor.execute("CREATE INDEX as_of ON fact (service, at, known, type)")

    def process(self, position: int, envelope: dict[str, Any]) -> None:
        """Take one event in, durably."""
        at = envelope["body"].get("at", {}).get("earliest")
        with self._datastore.transaction(commit=True) as cursor:
            self._recorder._insert_tracking(cursor, self._tracking("bench", position))
            cursor.execute(
                "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?)",
                (position, envelope["stream"], at, envelope["known_at"], envelope["type"],
                 envelope["id"]),
            )  # fmt: skip

    def close(self) -> None:
        """Let go of the file."""
        self._datastore.close()


class Probe:
    """One bare look-up in the view's index, the least that an answer can take."""

    def __init__(self, path: str, platform: str) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA query_only=ON")
        self.platform = platform
        rows = self.connection.execute(
            "SELECT id, key FROM view_service WHERE platform = ?", (platform,)
        )
        self.keys: dict[str, int] = dict(rows.fetchall())

    def level(self, service: str, at: Instant) -> Any:
        """The last stretch of the service that begins by T."""
        return self.connection.execute(
            "SELECT worst, best FROM view_stretch WHERE service = ? AND time_from <= ? "
            "ORDER BY time_from DESC LIMIT 1",
            (self.keys[service], at),
        ).fetchone()

    def busiest(self) -> str:
        """The service of which most is told."""
        return str(
            self.connection.execute(
                "SELECT s.id FROM view_service s JOIN view_disruption d ON d.service = s.key "
                "WHERE s.platform = ? GROUP BY s.key ORDER BY count(*) DESC LIMIT 1",
                (self.platform,),
            ).fetchone()[0]
        )

    def recorded(self) -> tuple[Instant, Instant]:
        """When all services were declared first, and when the last entry was recorded."""
        declared = max(self.keys.values())
        first, last = self.connection.execute(
            "SELECT (SELECT recorded FROM view_moment WHERE position >= ? ORDER BY recorded "
            "LIMIT 1), max(recorded) FROM view_moment",
            (declared,),
        ).fetchone()
        return first, last

    def times(self) -> tuple[Instant, Instant]:
        """When it begins and ends, by what is told."""
        low, high = self.connection.execute(
            "SELECT min(at_earliest), max(at_latest) FROM view_version "
            "WHERE platform = ? AND at_earliest > -9e18 AND at_latest < 9e18",
            (self.platform,),
        ).fetchone()
        return low or 0, high or 1

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


def size_of(path: str) -> int:
    """How many bytes the store has on the disk."""
    return sum(os.path.getsize(path + end) for end in ("", "-wal") if os.path.exists(path + end))
