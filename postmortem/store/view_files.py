"""The view files of logs that are elsewhere: where they lie, how one is opened, begun and left.

A view file holds a copy of the log with its words, the tree over it, and the view beside it, so
that everything that asks reads it as it reads a store. It belongs to the user, lies in the cache
folder, and is named by the store's id and a generation: where it is doubted, a new one is begun,
and whoever still reads the old one is not disturbed. No server is asked here: that is `follower`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from postmortem.core.errors import StoreProblem
from postmortem.store import tree
from postmortem.store.opening import trouble as sqlite_trouble
from postmortem.store.view import VIEW_VERSION

_WAIT: Final = 30
"""Seconds to wait for another process that brings the same view up to date."""


@dataclass(frozen=True, slots=True)
class Local:
    """A view file, and how far it has come."""

    file: str
    position: int
    recorded: int
    """Microseconds since 1970, of its last event; 0 where there is none."""
    current: bool
    """Whether its view is of this program's version and reaches the end of its log."""


class ViewFiles:
    """The view files on this machine of one store that is elsewhere."""

    def __init__(self, shown: str) -> None:
        """`shown` is the store's address as people are shown it, without a password."""
        self.shown = shown
        self._open: tuple[Path, sqlite3.Connection] | None = None

    def close(self) -> None:
        """Let go of the view's file."""
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- where ----------------------------------------------------------------------------------

    @cached_property
    def folder(self) -> Path:
        """The folder of all views; only its owner may look into it."""
        folder = _folder()
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

    # --- one of them ----------------------------------------------------------------------------

    def opened(self, file: Path) -> sqlite3.Connection:
        """The connection to the view's file, which is made where there is none."""
        if self._open is not None and self._open[0] == file:
            return self._open[1]
        self.close()
        if not file.exists():
            with contextlib.suppress(FileExistsError):
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        local = open_view_file(file)
        try:
            if fact(local, "view_of") is None:
                self._make(local)
        except BaseException:
            local.close()
            raise
        self._open = (file, local)
        return local

    def _make(self, local: sqlite3.Connection) -> None:
        from postmortem.store.opening import APPLICATION_ID, LOG_VERSION
        from postmortem.store.tables import SCHEMA

        with writing(local):
            if fact(local, "view_of") is not None:
                return  # another process was quicker
            for statement in SCHEMA:
                local.execute(statement)
            local.execute(f"PRAGMA application_id={APPLICATION_ID}")
            local.execute(f"PRAGMA user_version={LOG_VERSION}")
            local.execute("INSERT INTO about VALUES ('view_of', ?)", (self.shown,))
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
            with contextlib.closing(open_view_file(Path(file))) as local:
                return looked_at(local, file)
        except sqlite3.Error as error:
            raise sqlite_trouble(error, file) from None


def _folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("postmortem") / "views"


def at_hand(shown: str) -> str | None:
    """The newest view file of the store at that address, as it stands; None where there is none.

    Nothing is made or changed for it, and nobody asked or waited for: neither the server, nor who
    writes to such a file at this moment.
    """
    found = []
    for file in _folder().glob("*.db"):
        uri = f"{file.absolute().as_uri()}?mode=ro"
        with (
            contextlib.suppress(sqlite3.Error, OSError),
            contextlib.closing(sqlite3.connect(uri, uri=True, timeout=0)) as local,
        ):
            if fact(local, "view_of") == shown:
                found.append((file.stat().st_mtime_ns, str(file)))
    return max(found)[1] if found else None


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


def open_view_file(file: Path) -> sqlite3.Connection:
    """A connection that may write to the view file, which is there. Raises: sqlite3.Error."""
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


def fact(local: sqlite3.Connection, key: str) -> str | None:
    """What the view file says about itself and its store; None where it says nothing of it."""
    try:
        row: Any = local.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return None if row is None else str(row[0])


def last_position(local: sqlite3.Connection) -> int:
    """Where the log ends, as far as the view file has it."""
    row = local.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()
    return int(row[0])


def looked_at(local: sqlite3.Connection, file: str) -> Local:
    """How far the view file of that connection has come."""
    position, recorded = local.execute(
        "SELECT coalesce(max(position), 0), coalesce(max(recorded_at), 0) FROM stored_events "
        "WHERE position = (SELECT max(position) FROM stored_events)"
    ).fetchone()
    try:
        row = local.execute("SELECT schema, position FROM view_state").fetchone()
    except sqlite3.OperationalError:
        row = None
    return Local(file, position, recorded, row == (VIEW_VERSION, position))
