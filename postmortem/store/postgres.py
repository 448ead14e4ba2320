"""The append-only log in PostgreSQL, on the `eventsourcing` library, for many hosts at once.

The same write rule as in a file: the lock first, then catch up, decide, insert, commit. It is
decided beside the view on this machine (`follower`): what is new is put there first, sent to the
server at the end, and kept there only if the server has it. So a write whose connection breaks can
be sent again as it is, to another server if need be.

The tree over the log is not on the server: every host grows its own beside its view, out of the
events that it has seen there. Who changes the server's log cannot change those; and what no host
has kept is found by a checkpoint, as with a file.

Traps that are met here (see the tests): the library's own retry takes what was committed, but not
acknowledged, for a conflict; its stored function inserts without the lock; a commit that waits for
a synchronous standby is ended by no timeout, and a cancelled wait is reported as a success.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

from eventsourcing.persistence import StoredEvent

from postmortem.core.errors import OutcomeUnknown, StoreProblem, StoreReadOnly
from postmortem.core.recorded import Recorded
from postmortem.core.times import Instant
from postmortem.store import one_library, tree
from postmortem.store.backends import Address
from postmortem.store.columns import GROWING
from postmortem.store.follower import LOAD, Follower
from postmortem.store.ledger import INSERT_EVENT
from postmortem.store.notifications import announce
from postmortem.store.opening import trouble as sqlite_trouble
from postmortem.store.postgres_log import EventRecorder, ServerLog, append, is_there, make
from postmortem.store.progress import Progress, Warn
from postmortem.store.promise import Columns, Ledger, Overtaken, Writing
from postmortem.store.server import (
    Connection,
    Late,
    Unreachable,
    connect,
    deadline,
    has_several_hosts,
    head,
    is_lost,
    missing,
    psycopg,
    reconnect,
    trouble,
)

_SEND: Final = 2000
"""Rows that are read at once of what is to be sent."""


class PostgresWriting(Writing):
    """A write that is put into the view on this machine first, and sent when it is complete."""

    def __init__(
        self, log: ServerLog, local: sqlite3.Connection, clock: Callable[[], Instant]
    ) -> None:
        super().__init__(local, clock)
        self._log = log
        self.base = self.position
        """Where the log ended before."""
        self.said: list[tuple[str, str]] = []
        self.withdrawn: list[tuple[int, str]] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return self.position == self.base and not self.said and not self.withdrawn

    def _insert(self, events: Sequence[Recorded], columns: Sequence[Columns]) -> list[bytes]:
        stored = [self._log.mapper.to_stored_event(cast(Any, event)) for event in events]
        self.connection.executemany(
            INSERT_EVENT,
            [
                (position, e.originator_id, e.originator_version, e.topic, e.state, id, recorded)
                for e, (position, id, recorded) in zip(stored, columns, strict=True)
            ],
        )
        return [each.state for each in stored]

    def say(self, key: str, value: str) -> None:
        """Set down a fact about the store itself."""
        self.connection.execute("INSERT INTO about VALUES (?, ?)", (key, value))
        tree.seal(self.connection)
        self.said.append((key, value))

    def withdraw(self, position: int, field: str) -> None:
        """Delete the words of that field of the event there; their digest in the log stays."""
        super().withdraw(position, field)
        self.withdrawn.append((position, field))

    def first(self) -> tuple[str, bytes] | None:
        """The id and the bytes of the first event that is new."""
        row = self.connection.execute(
            "SELECT event_id, state FROM stored_events WHERE position = ?", (self.base + 1,)
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def send(self, server: Connection) -> None:
        """Put everything that is new into the server's open transaction."""
        recorder = cast(EventRecorder, self._log.recorder)
        for table, names in GROWING:
            rows = self.connection.execute(
                f"SELECT {', '.join(names)} FROM {table} WHERE position > ? ORDER BY position",  # noqa: S608
                (self.base,),
            )
            with server.cursor() as cursor:
                while some := rows.fetchmany(_SEND):
                    if table == "stored_events":
                        recorder._insert_stored_events(
                            cursor,
                            [StoredEvent(row[1], row[2], row[3], row[4]) for row in some],
                            columns=[(row[0], row[5], row[6]) for row in some],
                        )
                    else:
                        append(cursor, table, names, some)
        for fact in self.said:
            server.execute("INSERT INTO about VALUES (%s, %s)", fact)
        for where in self.withdrawn:
            server.execute("DELETE FROM disclosures WHERE position = %s AND field = %s", where)


class PostgresLedger(Ledger):
    """A log on a PostgreSQL server, with its view on this machine."""

    def __init__(
        self,
        place: str,
        clock: Callable[[], Instant],
        *,
        create: bool = False,
        progress: Progress | None = None,
        warn: Warn | None = None,
    ) -> None:
        """Open the store that the URL names, or make one there.

        Raises: BadInput, StoreMissing, StoreNewer, StoreReadOnly, …
        """
        one_library.check()
        self.address = Address.read(place)
        self.path = self.address.shown
        self._clock = clock
        self._follower = Follower(self.address, progress=progress, warn=warn)
        self._log = ServerLog(self.address.schema)
        self._server: Connection | None = None
        try:
            with self._explained():
                self._open(create=create)
        except BaseException:
            self.close()
            raise

    def _open(self, *, create: bool) -> None:
        server = self._connected(self._patience())
        if not is_there(server, self.address.schema):
            if not create:
                raise missing(self.address)
            make(server, self.address)
        self.identity_seen = head(server, self.address).id

    @property
    def identity(self) -> str:
        """The id that the store was given when it was made."""
        return self.identity_seen

    def close(self) -> None:
        """Let go of the server."""
        self._drop()
        self._follower.close()
        self._log.close()

    # --- the connection -------------------------------------------------------------------------

    def _patience(self) -> float:
        """Until when a failover may take, by the monotonic clock."""
        return time.monotonic() + self.address.deadline

    def _drop(self) -> None:
        if self._server is not None:
            with contextlib.suppress(psycopg.Error):
                self._server.close()
            self._server = None

    def _connected(self, until: float) -> Connection:
        """The connection; of several hosts the one that may be written to is waited for."""
        if self._server is None or self._server.closed:
            if has_several_hosts(self.address):
                self._server = reconnect(self.address, until)
            else:
                self._server = connect(self.address, writes=True)
            cast(EventRecorder, self._log.recorder).datastore.connection = self._server
        return self._server

    def _locked(self, until: float) -> Connection:
        """A connection in a transaction that holds the lock. Raises: StoreProblem."""
        recorder = cast(EventRecorder, self._log.recorder)
        while True:
            fresh = self._server is None
            server = self._connected(until)
            try:
                with server.cursor() as cursor:
                    recorder._lock_table(cursor)
                return server
            except psycopg.Error as error:
                # a connection that was good once may have gone since; a new one tells why
                self._drop()
                if not is_lost(error) or (fresh and time.monotonic() >= until):
                    raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise trouble(error, self.address) from None
        except sqlite3.Error as error:
            raise sqlite_trouble(error, str(self._follower.folder)) from None

    # --- writing --------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[PostgresWriting]:
        """One write: all of it, durable, or nothing.

        Raises: StoreProblem; OutcomeUnknown; and whatever the block raises, after which nothing is
        recorded.
        """
        with self._explained():
            until = self._patience()
            server = self._ready(until)
            try:
                local = self._follower.opened(self._follower.newest(self.identity))
                yield from self._written(server, local)
            finally:
                self._settle()

    def _ready(self, until: float) -> Connection:
        """Holding the lock, with the view as far as the log. Raises: StoreProblem."""
        while True:
            try:
                server = self._locked(until)
                end = head(server, self.address)
                if self._follower.distance(end) > LOAD:  # nobody shall wait until that is done
                    server.execute("ROLLBACK")
                    self._follower.follow(server)
                    continue
                self._follower.follow(server, told=end)
                return server
            except (psycopg.OperationalError, Unreachable, StoreReadOnly):
                self._drop()
                if time.monotonic() >= until or not has_several_hosts(self.address):
                    raise

    def _written(self, server: Connection, local: sqlite3.Connection) -> Iterator[PostgresWriting]:
        local.execute("BEGIN IMMEDIATE")
        try:
            ours = PostgresWriting(self._log, local, self._clock)
            yield ours
            ours.flush()
            if not ours.is_empty:
                self._record(server, ours)
        except BaseException:
            local.execute("ROLLBACK")
            raise
        # the server has it: a view that cannot take it now catches up later
        try:
            local.execute("COMMIT")
        except sqlite3.Error:
            local.execute("ROLLBACK")
        if self._server is not None and not ours.is_empty:
            announce(self._server, self.address.schema)

    def _settle(self) -> None:
        """Whatever is still open is taken back, and the lock with it."""
        if self._server is not None:
            try:
                if self._server.info.transaction_status != 0:
                    self._server.execute("ROLLBACK")
            except psycopg.Error:
                self._drop()

    def _record(self, server: Connection, ours: PostgresWriting) -> None:
        """Send what is new until the server has it, or has certainly not.

        Raises: OutcomeUnknown, StoreProblem.
        """
        until = self._patience()
        while True:
            committing = False
            try:
                ours.send(server)
                committing = True
                self._commit(server, ours, until)
                return
            except psycopg.Error as error:
                self._drop()
                if not is_lost(error):
                    raise
                server = self._again(ours, until, committing=committing)
                if committing and self._holds(server, ours):
                    return

    def _commit(self, server: Connection, ours: PostgresWriting, until: float) -> None:
        remarks: list[Any] = []
        server.add_notice_handler(remarks.append)
        try:
            with deadline(server, until):
                server.execute("COMMIT")
        except Late:
            self._drop()
            raise self._unknown(ours, "did not confirm it in time") from None
        finally:
            if self._server is not None:
                server.remove_notice_handler(remarks.append)
        if any(remark.severity_nonlocalized == "WARNING" for remark in remarks):
            raise self._unknown(ours, "has it, but gave up waiting for a standby to have it too")

    def _again(self, ours: PostgresWriting, until: float, *, committing: bool) -> Connection:
        """The lock once more, after the connection broke: then what was begun there is over.

        Raises: OutcomeUnknown; StoreProblem, where nothing was recorded.
        """
        try:
            while True:
                try:
                    self._server = reconnect(self.address, until)
                    cast(EventRecorder, self._log.recorder).datastore.connection = self._server
                    server = self._locked(until)
                    break
                except psycopg.Error as error:
                    self._drop()
                    if not is_lost(error) or time.monotonic() >= until:
                        raise
            unchanged = head(server, self.address).position == ours.base and self._follows(
                server, ours
            )
            if unchanged or (committing and self._holds(server, ours)):
                return server
        except (psycopg.Error, StoreProblem) as error:
            self._drop()
            if committing:
                raise self._unknown(ours, "was lost while committing") from None
            if isinstance(error, psycopg.Error):
                raise trouble(error, self.address) from None
            raise
        raise Overtaken(
            f"the connection to {self.path} broke, and others have recorded since",
            hint="nothing was recorded; run it again, so that it is decided anew",
        )

    def _follows(self, server: Connection, ours: PostgresWriting) -> bool:
        """Whether the server's log still ends with the event that was the last one here."""
        mine = ours.connection.execute(
            "SELECT state FROM stored_events WHERE position = ?", (ours.base,)
        ).fetchone()
        theirs = server.execute(
            "SELECT state FROM stored_events WHERE position = %s", (ours.base,)
        ).fetchone()
        if mine is None or theirs is None:
            return mine is theirs
        return bool(bytes(theirs[0]) == mine[0])

    def _holds(self, server: Connection, ours: PostgresWriting) -> bool:
        """Whether the server has recorded this very write, found by the id of its first event."""
        first = ours.first()
        if first is None:
            return False  # facts and withdrawals alone are sent again
        found = server.execute(
            "SELECT state FROM stored_events WHERE event_id = %s", first[:1]
        ).fetchone()
        return found is not None and bytes(found[0]) == first[1]

    def _unknown(self, ours: PostgresWriting, what: str) -> OutcomeUnknown:
        first = ours.first()
        count = ours.position - ours.base
        id = "what was withdrawn" if first is None else first[0].partition("/")[2]
        return OutcomeUnknown(
            f"the server of {self.path} {what}: {count:,} events may be recorded, or may not",
            hint=f"run `postmortem show {id}` before trying again; `postmortem status` says "
            "whether the server waits for a standby",
        )
