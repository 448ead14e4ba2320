"""How a store stands: where its log ends, how far its view has come, what keeps it safe."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from postmortem.core.errors import StoreProblem
from postmortem.core.times import Instant
from postmortem.store import backends
from postmortem.store.opening import open_read_only, trouble
from postmortem.store.view import VIEW_VERSION


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How far a view has come."""

    file: str
    bytes: int
    position: int
    recorded: Instant
    """When its last event was recorded; 0 where there is none."""
    is_current: bool
    """Whether it needs nothing before it can answer."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a PostgreSQL server says of itself."""

    version: str
    role: str
    """`primary` or `standby`."""
    encrypted: bool
    synchronous_commit: str
    standbys: tuple[str, ...]
    """The synchronous ones that are connected."""
    wanted: str
    """Which it waits for, by its setting; empty: for none."""
    waiting: int
    """How many commits wait for a standby at this moment."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a store stands."""

    place: str
    backend: str
    id: str | None
    copy_of: str | None
    position: int | None
    """Where the log ends; None where nobody can say."""
    recorded: Instant
    view: ViewStatus | None
    server: Server | None = None
    remarks: tuple[str, ...] = ()
    """What somebody should do something about."""
    problem: StoreProblem | None = None
    """Why the log could not be asked."""

    @property
    def behind(self) -> int | None:
        """How many events the view is behind the log; None where nobody can say."""
        if self.position is None or self.view is None:
            return None
        return max(0, self.position - self.view.position)


def status(place: str) -> Status:
    """How the store at that place stands; nothing is changed by asking.

    Raises: StoreMissing, NotAStore, StoreNewer, StoreDamaged, …
    """
    return _remote(place) if backends.is_remote(place) else _file(place)


def _file(path: str) -> Status:
    with contextlib.closing(open_read_only(path)) as connection:
        try:
            position, recorded = connection.execute(
                "SELECT coalesce(max(position), 0), coalesce(max(recorded_at), 0) "
                "FROM stored_events WHERE position = (SELECT max(position) FROM stored_events)"
            ).fetchone()
            about = dict(connection.execute("SELECT key, value FROM about").fetchall())
            view = _view_in(connection, path, position)
        except sqlite3.Error as error:
            raise trouble(error, path) from None
    return Status(
        place=os.path.abspath(path),
        backend=f"SQLite {sqlite3.sqlite_version}",
        id=about.get("id"),
        copy_of=about.get("copy_of"),
        position=position,
        recorded=recorded,
        view=view,
        remarks=tuple(_doubts_about_sqlite()),
    )


def _view_in(connection: sqlite3.Connection, path: str, end: int) -> ViewStatus:
    try:
        row = connection.execute(
            "SELECT v.schema, v.position, coalesce(e.recorded_at, 0) FROM view_state v "
            "LEFT JOIN stored_events e ON e.position = v.position"
        ).fetchone()
    except sqlite3.OperationalError:
        row = None
    schema, position, recorded = row or (0, 0, 0)
    return ViewStatus(
        file=os.path.abspath(path),
        bytes=os.path.getsize(path),
        position=position,
        recorded=recorded,
        is_current=schema == VIEW_VERSION and position == end,
    )


def _remote(place: str) -> Status:
    from postmortem.store.follower import Follower
    from postmortem.store.server import Unreachable, connect, head, psycopg
    from postmortem.store.server import trouble as server_trouble
    from postmortem.store.view_files import at_hand

    address = backends.Address.read(place)
    follower = Follower(address)
    try:
        with contextlib.closing(connect(address)) as connection:
            try:
                end = head(connection, address)
                copy_of = connection.execute(
                    "SELECT value FROM about WHERE key = 'copy_of'"
                ).fetchone()
                server = _server(lambda sql: connection.execute(sql.encode()).fetchone())
            except psycopg.Error as error:
                raise server_trouble(error, address) from None
    except Unreachable as problem:
        file = at_hand(address.shown)
        if file is None:
            raise
        return Status(
            place=address.shown,
            backend="PostgreSQL",
            id=None,
            copy_of=None,
            position=None,
            recorded=0,
            view=_view_file(file),
            problem=problem,
        )
    file = str(follower.newest(end.id))
    return Status(
        place=address.shown,
        backend=f"PostgreSQL {server.version}",
        id=end.id,
        copy_of=None if copy_of is None else copy_of[0],
        position=end.position,
        recorded=end.recorded,
        view=_view_file(file) if os.path.exists(file) else None,
        server=server,
        remarks=tuple(_doubts_about(server, end.copying)),
    )


def _view_file(file: str) -> ViewStatus:
    with contextlib.closing(open_read_only(file)) as connection:
        row = connection.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()
        return _view_in(connection, file, row[0])


Row = tuple[object, ...] | None


def _server(one: Callable[[str], Row]) -> Server:
    row = one(
        "SELECT current_setting('server_version'), pg_is_in_recovery(),"
        " coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),"
        " current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),"
        " (SELECT coalesce(string_agg(application_name, ',' ORDER BY application_name), '')"
        "  FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')),"
        " (SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')"
    )
    assert row is not None
    version, is_standby, encrypted, commit, wanted, standbys, waiting = row
    return Server(
        version=str(version).partition(" ")[0],
        role="standby" if is_standby else "primary",
        encrypted=bool(encrypted),
        synchronous_commit=str(commit),
        standbys=tuple(str(standbys).split(",")) if standbys else (),
        wanted=str(wanted),
        waiting=int(str(waiting)),
    )


def _doubts_about(server: Server, copying: str | None) -> list[str]:
    found = []
    if copying is not None:
        found.append(f"this is a copy that is not finished, of {copying}: run `copy` again")
    if server.role == "standby":
        found.append("this is a standby: it may lag behind, and nothing can be recorded here")
    elif not server.wanted:
        found.append("no synchronous standby is set: a lost primary may lose acknowledged events")
    elif server.synchronous_commit not in ("on", "remote_apply"):
        found.append(
            f"synchronous_commit is {server.synchronous_commit}: a lost primary may lose "
            "acknowledged events"
        )
    if server.waiting:
        found.append(
            f"{server.waiting} commits wait for a synchronous standby: is one gone? Every other "
            "writer waits behind them"
        )
    return found


def _doubts_about_sqlite() -> list[str]:
    # 3.7.0 to 3.51.2, and not 3.52.0, which was withdrawn
    if sqlite3.sqlite_version_info < (3, 51, 3):
        return [
            f"Python's SQLite is {sqlite3.sqlite_version}; from 3.51.3 on a rare fault of its "
            "write-ahead log is mended, which two writers at once can meet: take backups"
        ]
    return []
