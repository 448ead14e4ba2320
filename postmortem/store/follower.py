"""Follows a log that is on a server: brings the view on this machine to where the log ends.

It asks the server for what is new, lets go of words that were withdrawn there, and begins a new
view file where the one that is here contradicts the log. Where these files lie, and what is in
them: `view_files`.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from postmortem.core.errors import StoreProblem, StoreReadOnly
from postmortem.store import tree
from postmortem.store.backends import Address
from postmortem.store.columns import EVENT, GROWING, insert_into
from postmortem.store.erasure import declare_erased
from postmortem.store.notifications import BEAT, Listening
from postmortem.store.opening import trouble as sqlite_trouble
from postmortem.store.progress import Progress, Warn, untold
from postmortem.store.server import Connection, Head, Unreachable, connect, head, psycopg, trouble
from postmortem.store.view import is_unerased
from postmortem.store.view_files import (
    Local,
    ViewFiles,
    at_hand,
    fact,
    last_position,
    looked_at,
    writing,
)
from postmortem.store.withdrawal import forget

LOAD: Final = 2000
"""Events that are taken over in one transaction."""
_BESIDE: Final = GROWING[1:]
"""What is kept beside the events, also by position."""
_STATE: Final = EVENT.index("state")


class Follower(ViewFiles):
    """Keeps the view of one store on a server, on this machine."""

    def __init__(
        self, address: Address, *, progress: Progress | None = None, warn: Warn | None = None
    ) -> None:
        super().__init__(address.shown)
        self.address = address
        self._progress = progress or untold
        self._warn = warn or untold

    def file(self) -> str:
        """The view's file, brought up to date with the server, for whoever asks.

        Where the server cannot be reached it is as it was, and that is said. Raises: StoreProblem.
        """
        try:
            with contextlib.closing(connect(self.address)) as server:
                return self.follow(server).file
        except Unreachable as problem:
            file = at_hand(self.shown)
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
        return end.position - last_position(self.opened(self.newest(end.id)))

    def _followed(self, server: Connection, end: Head, file: Path) -> Local:
        local = self.opened(file)
        here = looked_at(local, str(file))
        if here.position > end.position and end.standby:
            return here  # it lags behind what this machine has seen
        if not self._agrees(server, local):
            self._warn(self._contradiction(local, end, file))
            return self._followed(server, end, self.renew(end.id, keep=True))
        if (
            here.position >= end.position
            and here.current
            and int(fact(local, "withdrawn") or 0) >= end.withdrawals
        ):
            return here
        from postmortem.store import readmodel  # slow to import, and needed here only

        more = True
        while more:
            with writing(local):
                more = self.pull(server, local)
                readmodel.catch_up(local)
            done = last_position(local)
            self._progress("following the log", done, max(done, end.position))
        return looked_at(local, str(file))

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
        here = last_position(local)
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
        after = last_position(local)
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
        done = int(fact(local, "withdrawn") or 0)
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
                last = (
                    min(last_position(local), end.position) if end.standby else last_position(local)
                )
                for after in range(0, last, LOAD):
                    upto = min(after + LOAD, last)
                    for table, columns in GROWING:
                        for position in _differing(server, local, table, columns, (after, upto)):
                            yield position, table
        except psycopg.Error as error:
            raise trouble(error, self.address) from None
        except sqlite3.Error as error:
            raise sqlite_trouble(error, str(self.folder)) from None


def _is_beyond_repair(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


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
