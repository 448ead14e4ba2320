"""The view of a remote log on this machine: a SQLite file that follows it, and can be thrown away.

It holds a copy of the log with its words, the tree over it, and the view beside it, so that
everything that asks reads it as it reads a store. It belongs to the user, lies in the cache folder,
and is named by the store's id and a generation: where it is doubted, a new one is begun, and
whoever still reads the old one is not disturbed.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from postmortem.core.errors import StoreProblem, StoreReadOnly
from postmortem.store import tree
from postmortem.store.backends import Address
from postmortem.store.columns import EVENT, GROWING, insert_into
from postmortem.store.erasure import declare_erased
from postmortem.store.notifications import BEAT, Listening
from postmortem.store.server import Connection, Head, Unreachable, connect, head, psycopg, trouble
from postmortem.store.view import VIEW_VERSION, is_unerased
from postmortem.store.view import trouble as sqlite_trouble
from postmortem.store.withdrawal import forget

LOAD: Final = 2000
"""Events that are taken over in one transaction."""
_WAIT: Final = 30
"""Seconds to wait for another process that brings the same view up to date."""
_BESIDE: Final = GROWING[1:]
"""What is kept beside the events, also by position."""
_STATE: Final = EVENT.index("state")

Progress = Callable[[str, int, int], None]
Warn = Callable[[str], None]


def silent(*_: object) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Local:
    """A view file, and how far it has come."""

    file: str
    position: int
    recorded: int
    """Microseconds since 1970, of its last event; 0 where there is none."""
    current: bool
    """Whether its view is of this program's version and reaches the end of its log."""


class Follower:
    """Keeps the view of one remote store on this machine."""

    def __init__(
        self, address: Address, *, progress: Progress | None = None, warn: Warn | None = None
    ) -> None:
        self.address = address
        self._progress = progress or silent
        self._warn = warn or silent
        self._open: tuple[Path, sqlite3.Connection] | None = None

    def close(self) -> None:
        """Let go of the view's file."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- where ----------------------------------------------------------------------------------

    @cached_property
    def folder(self) -> Path:
        """The folder of all views; only its owner may look into it."""
        from platformdirs import user_cache_path

        folder = user_cache_path("postmortem") / "views"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreProblem(
                f"the folder for the view, {folder}, cannot be made: {error.strerror}",
                hint="XDG_CACHE_HOME names another place for it",
            ) from None
        return folder

    def _generations(self, id: str) -> list[tuple[int, Path]]:
        found = []
        for file in self.folder.glob(f"{id}.*.db"):
            number = file.name.split(".")[-2]
            if number.isdecimal():
                found.append((int(number), file))
        return sorted(found)

    def newest(self, id: str) -> Path:
        """The file of the newest generation, which may have to be made yet."""
        found = self._generations(id)
        return found[-1][1] if found else self.folder / f"{id}.1.db"

    def known(self) -> str | None:
        """The newest view of this server's store that there is, without asking the server."""
        found = []
        for file in self.folder.glob("*.db"):
            with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(file)) as local:
                if _fact(local, "view_of") == self.address.shown:
                    found.append((file.stat().st_mtime_ns, str(file)))
        return max(found)[1] if found else None

    # --- following ------------------------------------------------------------------------------

    def file(self) -> str:
        """The view's file, brought up to date with the server, for whoever asks.

        Where the server cannot be reached it is as it was, and that is said. Raises: StoreProblem.
        """
        try:
            with contextlib.closing(connect(self.address)) as server:
                return self.follow(server).file
        except Unreachable as problem:
            file = self.known()
            if file is None:
                raise
            here = self.look(file)
            self._warn(
                f"{problem.message}; this is answered from the view on this machine, which ends "
                f"at position {here.position}"
            )
            return file

    def tail(self, every: float, told: Callable[[Local], None]) -> None:
        """Follow the log until interrupted, also across failovers; `told` of every step forward.

        Looks when the server tells of more, and every so many seconds. Raises: StoreProblem, where
        waiting does not help.
        """
        pause = min(every, BEAT)
        last: Local | None = None
        is_away = False
        while True:
            try:
                with contextlib.closing(connect(self.address)) as server:
                    listening = Listening(server, self.address)
                    while True:
                        here = self.follow(server)
                        if here != last or is_away:
                            told(here)
                        last, is_away = here, False
                        listening.wait(every)
            except (Unreachable, StoreReadOnly) as problem:
                if last is None:
                    raise
                if not is_away:
                    self._warn(f"{problem.message}; it is tried again every {pause:g} seconds")
                is_away = True
                time.sleep(pause)

    def rebuilt(self) -> Local:
        """A new view, of the whole log as the server has it. Raises: StoreProblem."""
        with contextlib.closing(connect(self.address)) as server:
            try:
                end = head(server, self.address)
                self.renew(end.id)
            except psycopg.Error as error:
                raise trouble(error, self.address) from None
            except sqlite3.Error as error:
                raise sqlite_trouble(error, str(self.folder)) from None
            return self.follow(server, told=end)

    def follow(self, server: Connection, *, told: Head | None = None) -> Local:
        """Bring the view to where the server's log ends; anew, where it contradicts the log.

        Raises: StoreProblem.
        """
        try:
            end = told or head(server, self.address)
            if end.copying is not None:
                raise StoreProblem(
                    f"{self.address.shown} is a copy that is not finished, of {end.copying}",
                    hint="run `postmortem copy` again: it goes on where it was",
                )
            file = self.newest(end.id)
            while True:
                try:
                    return self._followed(server, end, file)
                except sqlite3.DatabaseError as error:
                    if not _is_beyond_repair(error):
                        raise
                    file = self.renew(end.id)
        except psycopg.Error as error:
            raise trouble(error, self.address) from None
        except sqlite3.Error as error:
            raise sqlite_trouble(error, str(self.folder)) from None

    def distance(self, end: Head) -> int:
        """How many events the view is behind."""
        return end.position - _last(self.opened(self.newest(end.id)))

    def _followed(self, server: Connection, end: Head, file: Path) -> Local:
        local = self.opened(file)
        here = _look(local, str(file))
        if here.position > end.position and end.standby:
            return here  # it lags behind what this machine has seen
        if not self._agrees(server, local):
            self._warn(self._contradiction(local, end, file))
            return self._followed(server, end, self.renew(end.id, keep=True))
        if (
            here.position >= end.position
            and here.current
            and int(_fact(local, "withdrawn") or 0) >= end.withdrawals
        ):
            return here
        from postmortem.store import readmodel  # slow to import, and needed here only

        more = True
        while more:
            with writing(local):
                more = self.pull(server, local)
                readmodel.catch_up(local)
            last = _last(local)
            self._progress("following the log", last, max(last, end.position))
        return _look(local, str(file))

    def _agrees(self, server: Connection, local: sqlite3.Connection) -> bool:
        """Whether the last event here is the server's at that position, to the byte."""
        mine = local.execute(
            "SELECT position, state FROM stored_events ORDER BY position DESC LIMIT 1"
        ).fetchone()
        if mine is None:
            return True
        theirs = server.execute(
            "SELECT state FROM stored_events WHERE position = %s", (mine[0],)
        ).fetchone()
        return theirs is not None and bytes(theirs[0]) == mine[1]

    def _contradiction(self, local: sqlite3.Connection, end: Head, file: Path) -> str:
        here = _last(local)
        if here > end.position:
            what = f"ends at position {end.position}, and this machine had seen it up to {here}"
        else:
            what = f"holds another event at position {here} than this machine had seen there"
        return (
            f"the log at {self.address.shown} {what}: it has lost events, or was restored from a "
            f"backup. What this machine had seen is kept in {file}"
        )

    def pull(self, server: Connection, local: sqlite3.Connection) -> bool:
        """Take over what comes next in the log, at most `LOAD` events; whether there was any.

        Inside the caller's transactions: the local one must hold the write lock.
        """
        after = _last(local)
        events = server.execute(
            f"SELECT {', '.join(EVENT)} FROM stored_events WHERE position > %s "  # noqa: S608
            f"ORDER BY position LIMIT {LOAD}",
            (after,),
        ).fetchall()
        local.executemany(insert_into("stored_events", EVENT), events)
        if events:
            growth = tree.Growth(local, after)
            for event in events:
                growth.append(event[_STATE])
            for table, columns in _BESIDE:
                rows = server.execute(
                    f"SELECT {', '.join(columns)} FROM {table} "  # noqa: S608
                    "WHERE position > %s AND position <= %s ORDER BY position, digest",
                    (after, events[-1][0]),
                ).fetchall()
                local.executemany(insert_into(table, columns), rows)
        facts = server.execute("SELECT key, value FROM about").fetchall()
        if local.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", facts).rowcount:
            tree.seal(local)
        had_all_erased = not _is_unerased(local)
        if self._withdraw(server, local):
            declare_erased(local, -1)  # until `erasure` has seen to it
        elif events and had_all_erased:
            declare_erased(local, events[-1][0])  # what is withdrawn up to there never was here
        return bool(events)

    def _withdraw(self, server: Connection, local: sqlite3.Connection) -> bool:
        """Let go of the words that were withdrawn, wherever the view holds them; whether it did."""
        done = int(_fact(local, "withdrawn") or 0)
        gone = server.execute(
            "SELECT number, digest FROM withdrawals WHERE number > %s ORDER BY number", (done,)
        ).fetchall()
        held = False
        for _, digest in gone:
            where = local.execute(
                "SELECT position, field FROM disclosures WHERE digest = ?", (digest,)
            ).fetchone()
            if where is not None:
                forget(local, *where)
                held = True
        if gone:
            local.execute(
                "INSERT OR REPLACE INTO about VALUES ('withdrawn', ?)", (str(gone[-1][0]),)
            )
        return held

    def differences(self) -> Iterator[tuple[int, str]]:
        """Where the server's log is not the one that this machine has seen: position and table.

        To be asked before the view follows, which begins anew where it is contradicted.

        Raises: StoreProblem.
        """
        try:
            with contextlib.closing(connect(self.address)) as server:
                end = head(server, self.address)
                file = self.newest(end.id)
                if not file.exists():
                    return
                local = self.opened(file)
                last = min(_last(local), end.position) if end.standby else _last(local)
                for after in range(0, last, LOAD):
                    upto = min(after + LOAD, last)
                    for table, columns in GROWING:
                        for position in _differing(server, local, table, columns, (after, upto)):
                            yield position, table
        except psycopg.Error as error:
            raise trouble(error, self.address) from None
        except sqlite3.Error as error:
            raise sqlite_trouble(error, str(self.folder)) from None

    # --- the file -------------------------------------------------------------------------------

    def opened(self, file: Path) -> sqlite3.Connection:
        """The connection to the view's file, which is made where there is none."""
        if self._open is not None and self._open[0] == file:
            return self._open[1]
        self.close()
        if not file.exists():
            with contextlib.suppress(FileExistsError):
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        local = _opened(file)
        try:
            if _fact(local, "view_of") is None:
                self._make(local)
        except BaseException:
            local.close()
            raise
        self._open = (file, local)
        return local

    def _make(self, local: sqlite3.Connection) -> None:
        from postmortem.store.tables import SCHEMA
        from postmortem.store.view import APPLICATION_ID, LOG_VERSION

        with writing(local):
            if _fact(local, "view_of") is not None:
                return  # another process was quicker
            for statement in SCHEMA:
                local.execute(statement)
            local.execute(f"PRAGMA application_id={APPLICATION_ID}")
            local.execute(f"PRAGMA user_version={LOG_VERSION}")
            local.execute("INSERT INTO about VALUES ('view_of', ?)", (self.address.shown,))
            tree.seal(local)

    def renew(self, id: str, *, keep: bool = False) -> Path:
        """Begin a new generation; the old ones go, unless what they hold is worth keeping."""
        old = self._generations(id)
        number = old[-1][0] + 1 if old else 1
        if keep:
            self.opened(old[-1][1]).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file = self.folder / f"{id}.{number}.db"
        self.opened(file)
        for _, path in old:
            if keep:
                path.rename(path.with_name(f"{path.name}.kept"))
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
        return file

    def look(self, file: str) -> Local:
        """How far a view file has come. Raises: StoreProblem."""
        try:
            with contextlib.closing(_opened(Path(file))) as local:
                return _look(local, file)
        except sqlite3.Error as error:
            raise sqlite_trouble(error, file) from None


@contextlib.contextmanager
def writing(local: sqlite3.Connection) -> Iterator[None]:
    """One local transaction, begun with the write lock."""
    local.execute("BEGIN IMMEDIATE")
    try:
        yield
        local.execute("COMMIT")
    except BaseException:
        if local.in_transaction:
            local.execute("ROLLBACK")
        raise


def _opened(file: Path) -> sqlite3.Connection:
    local = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=_WAIT,
        check_same_thread=False,
    )
    try:
        # NORMAL: after a loss of power it may be behind, and it catches up
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "trusted_schema=OFF",
                       "cell_size_check=ON", "secure_delete=ON"):  # fmt: skip
            local.execute(f"PRAGMA {pragma}")
    except BaseException:
        local.close()
        raise
    return local


def _is_beyond_repair(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _fact(local: sqlite3.Connection, key: str) -> str | None:
    try:
        row: Any = local.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return None if row is None else str(row[0])


def _is_unerased(local: sqlite3.Connection) -> bool:
    try:
        return is_unerased(local)
    except sqlite3.OperationalError:
        return False  # there is no view yet, so nothing of the log either


def _differing(
    server: Connection,
    local: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    span: tuple[int, int],
) -> list[int]:
    """The positions, after the one and up to the other, at which not both hold the same rows."""
    asked = f"SELECT {', '.join(columns)} FROM {table} WHERE position"  # noqa: S608
    theirs = {*server.execute(f"{asked} > %s AND position <= %s".encode(), span).fetchall()}
    mine = {*local.execute(f"{asked} > ? AND position <= ?", span).fetchall()}
    if table == "disclosures" and mine - theirs:
        at = columns.index("digest")
        withdrawn = server.execute(
            "SELECT digest FROM withdrawals WHERE digest = ANY(%s)",
            ([row[at] for row in mine - theirs],),
        ).fetchall()
        gone = {digest for (digest,) in withdrawn}
        mine = {row for row in mine if row[at] not in gone or row in theirs}
    at = columns.index("position")
    return sorted({row[at] for row in theirs ^ mine})


def _last(local: sqlite3.Connection) -> int:
    row = local.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()
    return int(row[0])


def _look(local: sqlite3.Connection, file: str) -> Local:
    position, recorded = local.execute(
        "SELECT coalesce(max(position), 0), coalesce(max(recorded_at), 0) FROM stored_events "
        "WHERE position = (SELECT max(position) FROM stored_events)"
    ).fetchone()
    try:
        row = local.execute("SELECT schema, position FROM view_state").fetchone()
    except sqlite3.OperationalError:
        row = None
    return Local(file, position, recorded, row == (VIEW_VERSION, position))
