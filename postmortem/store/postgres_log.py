"""What the `eventsourcing` library is told about a log on PostgreSQL: our table, our lock.

Its own pool, tables and stored function are not used: the first hides why a server cannot be
reached, the last inserts without the lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import eventsourcing.postgres as ep
from eventsourcing.persistence import InfrastructureFactory, Notification, StoredEvent
from eventsourcing.utils import Environment

from postmortem.store import postgres_tables as tables
from postmortem.store.backends import Address
from postmortem.store.columns import EVENT
from postmortem.store.ledger import Log
from postmortem.store.promise import Columns
from postmortem.store.server import Connection

LOCK_TIMEOUT: Final = 30
"""Seconds that a writer waits for another one."""
_FEW: Final = 20
"""Rows that fit into one statement."""


def append(
    cursor: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Append the rows: a few in one statement, many as a copy, whichever asks the server less."""
    if len(rows) > _FEW:
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    elif rows:
        marks = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * len(rows))
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES {marks}".encode(),  # noqa: S608
            [value for row in rows for value in row],
        )


class Datastore(ep.PostgresDatastore):
    """The library's datastore over the one connection that the ledger has open.

    Without its pool, which connects behind one's back and says of a failure only that it took long.
    """

    def __init__(self, schema: str) -> None:
        super().__init__("", "", "", "", "", schema=schema, originator_id_type="text")
        self.connection: Connection | None = None

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """The connection, as it is."""
        assert self.connection is not None, "the ledger connects first"
        yield self.connection

    def register_type_adapters(self) -> None:
        """None is needed: rows are copied into the table, and no type is made for them."""


class EventRecorder(ep.PostgresApplicationRecorder):
    """The library's recorder over our table, with our lock: positions are ours, and dense."""

    datastore: Datastore

    def _lock_table(self, curs: Any) -> None:
        """Begin, and wait for the lock that every writer keeps until its commit is done."""
        curs.execute(
            f"BEGIN; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'; "
            f"SELECT pg_advisory_xact_lock({tables.lock(self.datastore.schema)})".encode()
        )

    def _insert_stored_events(
        self, curs: Any, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> None:
        columns: Sequence[Columns] = kwargs["columns"]
        rows = [
            (position, e.originator_id, e.originator_version, e.topic, e.state, id, moment)
            for e, (position, id, moment) in zip(stored_events, columns, strict=True)
        ]
        append(curs, "stored_events", EVENT, rows)

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Not by itself: the library would try again what may be committed already."""
        raise NotImplementedError("events are appended by the ledger, within its lock")

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The events from a position on."""
        first = (start or 1) + (start is not None and not inclusive_of_start)
        with self.datastore.get_connection() as connection:
            rows = connection.execute(
                "SELECT position, originator_id, originator_version, topic, state "
                "FROM stored_events WHERE position >= %s AND position <= %s "
                "AND (%s OR topic = ANY(%s)) ORDER BY position LIMIT %s",
                (first, stop or 2**62, not topics, list(topics), limit),
            ).fetchall()
        return [
            Notification(
                id=row[0],
                originator_id=row[1],
                originator_version=row[2],
                topic=row[3],
                state=bytes(row[4]),
            )
            for row in rows
        ]

    def max_notification_id(self) -> int | None:
        """The last position."""
        with self.datastore.get_connection() as connection:
            row = connection.execute("SELECT max(position) FROM stored_events").fetchone()
        return cast("int | None", row[0])


class Factory(ep.PostgresFactory):
    """The library's factory with our datastore and recorder, whatever a shell's environment."""

    application_recorder_class = EventRecorder

    def __init__(self, env: Environment, schema: str) -> None:
        InfrastructureFactory.__init__(self, env)
        self.datastore = Datastore(schema)


class ServerLog(Log):
    """The library's application over a server's log."""

    name = "stored"

    def __init__(self, schema: str) -> None:
        self._schema = schema
        super().__init__()

    def construct_factory(self, env: Environment) -> Factory:  # type: ignore[override]
        """Ours."""
        return Factory(env, self._schema)


def is_there(server: Connection, schema: str, table: str | None = "stored_events") -> bool:
    """Whether there is such a table in the schema; without one, whether there is the schema.

    Asked of the catalogue's own tables: what a name means is cached, also that it means nothing.
    """
    row = server.execute(
        "SELECT EXISTS (SELECT FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid"
        " WHERE n.nspname = %s AND (%s::text IS NULL OR c.relname = %s))",
        (schema, table, table),
    ).fetchone()
    return row is not None and bool(row[0])


def make(server: Connection, address: Address) -> None:
    """Make an empty log in the schema that the URL names; whoever is first does it.

    Raises: psycopg.Error.
    """
    schema = address.schema
    if is_there(server, schema):
        return
    with server.transaction():
        server.execute(f"SELECT pg_advisory_xact_lock({tables.MAKER})")
        if not is_there(server, schema):
            # not IF NOT EXISTS, which asks for the right to make one also where there is one
            if not is_there(server, schema, None):
                server.execute(f"CREATE SCHEMA {schema}".encode())
            server.execute(tables.make_tables(schema).encode())
