"""The append-only log in a SQLite file, on the `eventsourcing` library.

One write is one transaction: it takes the lock before it reads anything, lets the view catch up
with what others wrote, decides, appends events, words and view rows, commits, and only then is it
acknowledged, safe from loss of power. Positions are our own, dense from 1; `recorded_at` is one
instant for the whole transaction and later than every one before.

Traps that are met here (see the tests): the library begins its transactions deferred, so the
first statement must be a write, or two writers lock each other out; its journal mode is asked for
and never checked; environment variables must not reconfigure a store.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, ClassVar, Final, cast
from uuid import uuid4

import eventsourcing.sqlite as es
from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, PersistenceError, StoredEvent, Transcoder
from eventsourcing.utils import Environment, EnvType

from postmortem.core import words
from postmortem.core.errors import (
    NotAStore,
    OutcomeUnknown,
    Problem,
    StoreMissing,
    StoreProblem,
)
from postmortem.core.recorded import Recorded, upcast
from postmortem.core.times import BEGINNING, Instant
from postmortem.core.tree import Edge
from postmortem.store import one_library, tables, tree
from postmortem.store.columns import EVENT, insert_into
from postmortem.store.opening import APPLICATION_ID, LOG_VERSION, check, open_plain, trouble
from postmortem.store.promise import Columns, Ledger, Writing, end_of
from postmortem.store.tables import SCHEMA

LOCK_TIMEOUT: Final = 30
"""Seconds that a writer waits for another one."""
INSERT_EVENT: Final = insert_into("stored_events", EVENT)
PRAGMAS: Final = (
    "synchronous=FULL",  # durable against power loss, not only against a killed process
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    # KiB: with SQLite's 2 MB a long import writes the pages of its indexes again and again
    "cache_size=-32768",
)


# --- what the library is told about our events ------------------------------------------------


class EnvelopeMapper(Mapper[str]):
    """Stores the canonical bytes of the whole envelope, and reads them back."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The envelope as the recorder takes it."""
        event: Recorded = domain_event
        return StoredEvent(
            originator_id=event.stream,
            originator_version=event.version,
            topic=event.type,
            state=words.canonical(event.envelope()),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The envelope of stored bytes, its body raised to the version of today."""
        envelope = json.loads(stored_event.state)
        _, body = upcast(envelope["type"], envelope["body"])
        return Recorded(**{**envelope, "body": body})


class Pool(es.SQLiteConnectionPool):
    """Connections that are durable, and that have the journal they asked for."""

    def _create_connection(self) -> es.SQLiteConnection:
        # as the library does it, but that what fails on the way is closed again
        sqlite = sqlite3.connect(
            self.db_name,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=self.lock_timeout or LOCK_TIMEOUT,
        )
        try:
            mode = sqlite.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                raise StoreProblem(
                    f"the store's journal mode is {mode}, and only WAL is safe for readers beside "
                    "a writer",
                    hint="keep the store on a local disk, not on a network share",
                )
            for pragma in PRAGMAS:
                sqlite.execute(f"PRAGMA {pragma}")
        except BaseException:
            sqlite.close()
            raise
        sqlite.row_factory = sqlite3.Row
        return es.SQLiteConnection(sqlite_conn=sqlite, max_age=self.max_age)


class EventRecorder(es.SQLiteApplicationRecorder):
    """The library's recorder over our table, which holds position and id as columns too."""

    def construct_create_table_statements(self) -> list[str]:
        """The log, its words, and the triggers that keep both append-only."""
        return [
            *SCHEMA,
            f"PRAGMA application_id={APPLICATION_ID}",
            f"PRAGMA user_version={LOG_VERSION}",
        ]

    def _insert_events(
        self, c: es.SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int]:
        columns: Sequence[Columns] = kwargs["columns"]
        c.executemany(
            INSERT_EVENT,
            [
                (position, e.originator_id, e.originator_version, e.topic, e.state, id, recorded)
                for e, (position, id, recorded) in zip(stored_events, columns, strict=True)
            ],
        )
        return [position for position, _, _ in columns]


class Factory(es.SQLiteFactory):
    """The library's factory with our pool and recorder."""

    application_recorder_class = EventRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        old = self.datastore.pool
        old.close()
        self.datastore.pool = Pool(db_name=old.db_name, lock_timeout=old.lock_timeout)


class Log(Application[str]):
    """The library's application: a mapper, a recorder, a notification log."""

    name = "postmortem"
    env: ClassVar[dict[str, str]] = {"ORIGINATOR_ID_TYPE": "text", "CREATE_TABLE": "no"}

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """From what is given alone: the environment of a shell must not change a store."""
        return Environment(name, {**type(self).env, **(env or {})})

    def construct_factory(self, env: Environment) -> Factory:  # type: ignore[override]
        """Ours."""
        return Factory(env)

    def construct_transcoder(self) -> Transcoder:
        """None is needed: an envelope is JSON already."""
        return cast(Transcoder, None)

    def construct_mapper(self) -> Mapper[str]:
        """Ours."""
        return EnvelopeMapper(transcoder=self.construct_transcoder())


# --- the ledger ---------------------------------------------------------------------------------


class SQLiteWriting(Writing):
    """A write in one SQLite transaction, log and view together."""

    def __init__(
        self,
        log: Log,
        cursor: es.SQLiteCursor,
        clock: Callable[[], Instant],
        end: tuple[int, Instant] | None,
    ) -> None:
        super().__init__(cursor.sqlite_cursor.connection, clock, end)
        self._log = log
        self._cursor = cursor

    def _insert(self, events: Sequence[Recorded], columns: Sequence[Columns]) -> list[bytes]:
        stored = [self._log.mapper.to_stored_event(cast(Any, event)) for event in events]
        self._log.recorder._insert_events(  # type: ignore[attr-defined]
            self._cursor, stored, columns=columns
        )
        return [each.state for each in stored]

    def say(self, key: str, value: str) -> None:
        """Set down a fact about the store itself."""
        self.connection.execute("INSERT INTO about VALUES (?, ?)", (key, value))
        tree.seal(self.connection)


class SQLiteLedger(Ledger):
    """A log in one SQLite file."""

    def __init__(
        self, path: str, clock: Callable[[], Instant], *, create: bool = False, **_: object
    ) -> None:
        """Open the store at that path, or make one there.

        Raises: StoreMissing, NotAStore, StoreNewer, StoreReadOnly, StoreLocked, …
        """
        one_library.check()
        self.path = path
        self._clock = clock
        self._edge: Edge | None = None
        self._turn = RLock()
        self._connection: es.SQLiteConnection | None = None
        if create:
            _make_file(path)
        if create and not os.path.isfile(path):
            raise NotAStore(f"{path} is no file", hint="name the store's file with --db")
        if not os.path.isfile(path):
            raise StoreMissing(
                f"there is no store at {path}", hint="`postmortem import CASEBOOK` makes one"
            )
        empty = _is_empty(path)
        uri = f"{Path(path).absolute().as_uri()}?mode=rw"
        with self._explained():
            self._log = Log({"SQLITE_DBNAME": uri, "SQLITE_LOCK_TIMEOUT": str(LOCK_TIMEOUT)})
            try:
                if empty:
                    with self._transaction() as opened:
                        self._found(opened[0])
            except BaseException:
                self._log.close()
                raise

    def _found(self, cursor: es.SQLiteCursor) -> None:
        """Make the tables where the file is still empty; whoever has the lock first does it."""
        connection: sqlite3.Connection = cursor.sqlite_cursor.connection
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            check(connection, self.path)
            return
        recorder = cast(EventRecorder, self._log.recorder)
        for statement in recorder.construct_create_table_statements():
            cursor.execute(statement)
        cursor.execute("INSERT INTO about VALUES ('id', ?)", (str(uuid4()),))
        tree.seal(connection)

    @contextmanager
    def _transaction(self) -> Iterator[tuple[es.SQLiteCursor, tuple[int, Instant] | None]]:
        """The transaction's cursor, and where the log ends before it; None where nobody can say."""
        with self._turn:
            if self._connection is None:  # kept until the end: to lend it anew takes a while
                pool = cast(EventRecorder, self._log.recorder).datastore.pool
                self._connection = pool.get_connection(is_writer=True)
            connection = self._connection
            # The library would begin deferred, and a read before the first write would then let
            # another writer in between, for whom no waiting helps. So the lock is taken at once.
            sqlite = connection._sqlite_conn
            sqlite.execute("BEGIN IMMEDIATE")
            before = _end(sqlite)
            committing = False
            try:
                cursor = connection.cursor()
                yield cursor, before
                committing = True
                connection.commit()
            except BaseException as error:
                if sqlite.in_transaction:
                    connection.rollback()
                if committing and not _is_undone(sqlite, before, error):
                    raise OutcomeUnknown(
                        "the store failed while committing", hint="ask with `log` what is recorded"
                    ) from None
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Problem:
            raise
        except sqlite3.Error as error:
            raise trouble(error, self.path) from None
        except PersistenceError as error:
            cause = error.__cause__
            raise trouble(
                cause if isinstance(cause, sqlite3.Error) else sqlite3.Error(str(error)), self.path
            ) from None

    @contextmanager
    def writing(self) -> Iterator[SQLiteWriting]:
        """One write: all of it, durable, or nothing.

        Raises: StoreProblem; and whatever the block raises, after which nothing is recorded.
        """
        with self._explained(), self._transaction() as (cursor, end):
            if not tree.is_kept(cursor.sqlite_cursor.connection):
                tables.bring_up(cursor.sqlite_cursor.connection)
            ours = SQLiteWriting(self._log, cursor, self._clock, end)
            ours.edge, self._edge = self._edge, None
            yield ours
            ours.flush()
        # only now is it that of the log; who wrote meanwhile made the log longer
        self._edge = ours.edge

    @property
    def identity(self) -> str:
        """The id that the store was given when it was made."""
        datastore = cast(EventRecorder, self._log.recorder).datastore
        with datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT value FROM about WHERE key = 'id'")
            return str(cursor.fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._log.close()


def _end(connection: sqlite3.Connection) -> tuple[int, Instant] | None:
    """Where the log ends, as `end_of` tells it; None where nobody can say."""
    try:
        return end_of(connection)
    except sqlite3.OperationalError as error:
        return (0, BEGINNING) if "no such table" in str(error) else None
    except sqlite3.Error:
        return None


def _is_undone(
    sqlite: sqlite3.Connection, before: tuple[int, Instant] | None, error: BaseException
) -> bool:
    """Whether nothing is left of a commit that failed, now and after the next start.

    What is committed may stand in the write-ahead log although syncing it failed, and whoever
    opens the store next would find it there; unless the log could be emptied.
    """
    if before is None or _end(sqlite) != before:
        return False
    code = getattr(error.__cause__ or error, "sqlite_errorcode", None)
    if code is None or code & 0xFF not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL):
        return True
    try:
        emptied = sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return tuple(emptied) == (0, 0, 0)


def _make_file(path: str) -> None:
    """An empty file that only its owner may read, unless there is one already."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except FileNotFoundError:
        raise StoreMissing(
            f"there is no folder for the store {path}", hint="make the folder first"
        ) from None
    except OSError as error:
        raise StoreProblem(
            f"the store {path} cannot be made: {error.strerror}", hint="choose another place: --db"
        ) from None


def _is_empty(path: str) -> bool:
    """Whether nothing is in the file yet; checked before our journal mode is asked for.

    Raises: NotAStore, StoreNewer, where it is somebody else's.
    """
    if os.path.getsize(path) == 0:
        return True
    try:
        connection = open_plain(path)
        try:
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return True
            check(connection, path)
            view_of = connection.execute("SELECT value FROM about WHERE key = 'view_of'").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise trouble(error, path) from None
    if view_of is not None:
        raise NotAStore(
            f"{path} is a view of {view_of[0]}, and nothing can be recorded in it",
            hint=f"record with --db {view_of[0]}",
        )
    return False
