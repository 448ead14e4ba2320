"""Opens a database file that should be a store, and tells what its errors mean to a person."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from typing import Final

from postmortem.core.errors import (
    NotAStore,
    StoreDamaged,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreProblem,
    StoreReadOnly,
)

APPLICATION_ID: Final = 0x504D5254
"""`PMRT` in the file's header: this file is a store."""
LOG_VERSION: Final = 2
"""The version of the log's tables; a file with a higher one is a newer program's."""


def trouble(error: sqlite3.Error, path: str) -> StoreProblem:
    """What a database's error means to a person."""
    text = str(error)
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or "locked" in text:
        return StoreLocked(
            f"the store {path} is locked: another process is writing",
            hint="wait until it has finished, and try again",
        )
    if primary == sqlite3.SQLITE_FULL or "full" in text:
        return StoreFull(
            f"there is no room left for the store {path}", hint="nothing was recorded; make room"
        )
    if primary == sqlite3.SQLITE_NOTADB or "not a database" in text:
        return NotAStore(f"{path} is no store", hint="name another file with --db")
    if primary == sqlite3.SQLITE_READONLY or "readonly" in text:
        return StoreReadOnly(
            f"the store {path} may only be read here",
            hint="questions work; to record, copy it with `backup` to where you may write",
        )
    if primary == sqlite3.SQLITE_CORRUPT or "malformed" in text:
        return StoreDamaged(
            f"the store {path} is damaged: {text}",
            hint="keep the file as it is, and go on from a backup",
        )
    if primary == sqlite3.SQLITE_CANTOPEN or "unable to open" in text:
        return StoreMissing(f"the store {path} cannot be opened", hint="may you read it?")
    return StoreProblem(f"the store {path} fails: {text}", hint="is the disk in order?")


def explained(error: BaseException | None, path: str) -> StoreProblem | None:
    """What an error means that came out of the store; None where it did not."""
    if isinstance(error, sqlite3.Error):
        return trouble(error, path)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return StoreDamaged(
            f"the store {path} is damaged: it holds text that nobody wrote",
            hint="keep the file as it is, and go on from a backup",
        )
    return None


def _uri(path: str, options: str) -> str:
    if os.name == "nt":
        from pathlib import Path  # slow to load, and needed for drives and their letters

        return f"{Path(path).absolute().as_uri()}?{options}"
    quoted = (chr(b) if b in _PLAIN else f"%{b:02X}" for b in os.fsencode(os.path.abspath(path)))
    return f"file://{''.join(quoted)}?{options}"


_PLAIN: Final = frozenset(b"/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


def open_read_only(path: str) -> sqlite3.Connection:
    """A connection that reads the store, checked to be one.

    Raises: StoreMissing, NotAStore, StoreNewer, StoreDamaged, StoreLocked.
    """
    if not os.path.lexists(path):
        raise StoreMissing(
            f"there is no store at {path}",
            hint="`postmortem import CASEBOOK` makes one; `postmortem where` says which is looked "
            "for",
        )
    if not os.path.isfile(path):
        raise NotAStore(f"{path} is no file", hint="name the store's file with --db")
    try:
        connection = open_plain(path)
        try:
            check(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise trouble(error, path) from None
    return connection


_CACHE: Final = 16_000
"""So many KiB of pages are kept at most: a platform of hundreds of services touches as many pages
as SQLite keeps by itself."""


def open_plain(path: str) -> sqlite3.Connection:
    """A connection that only reads, to whatever database is there.

    Raises: sqlite3.Error.
    """
    connection = _probed(_uri(path, _options(path)))
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute(f"PRAGMA cache_size=-{_CACHE}")
    return connection


def _probed(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _options(path: str) -> str:
    """How the file can be read: as one that others write to, or as one that never changes.

    On read-only media the write-ahead log cannot be opened. Where there is none that holds
    anything, the file alone is the whole store. And where somebody was killed while he made the
    store, a journal has to be played back first, which takes writing.
    """
    try:
        _probed(_uri(path, "mode=ro")).close()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in _UNFINISHED and _may_play_back(path):
            _probed(_uri(path, "mode=rw")).close()
            return "mode=ro"
        for journal in (f"{path}-wal", f"{path}-journal"):
            if os.path.exists(journal) and os.path.getsize(journal):
                raise
        if os.access(os.path.dirname(os.path.abspath(path)), os.W_OK) and not _read_only(path):
            raise
        return "mode=ro&immutable=1"
    return "mode=ro"


_UNFINISHED: Final = (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY)


def _may_play_back(path: str) -> bool:
    """Whether it is our file: it says so, or nothing but its first page is there yet."""
    with open(path, "rb") as file:
        header = file.read(100)
    return (
        int.from_bytes(header[68:72], "big") == APPLICATION_ID or os.path.getsize(path) <= 4096
    ) and not _read_only(path)


def _read_only(path: str) -> bool:
    """Whether the file system itself refuses, even the superuser."""
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError as error:
        return error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
    return False


def attached_in_memory(path: str, *, on_disk: bool = False) -> sqlite3.Connection:
    """A connection to a database in memory that sees the log of the store beside its own tables.

    `on_disk`: to a temporary one, for what may grow. Raises: sqlite3.Error.
    """
    own = "" if on_disk else "file::memory:"
    connection = sqlite3.connect(own, uri=True, isolation_level=None)
    try:
        connection.execute("ATTACH DATABASE ? AS store", (_uri(path, _options(path)),))
    except BaseException:
        connection.close()
        raise
    return connection


def check(connection: sqlite3.Connection, path: str) -> None:
    """That the open file is a store of a version that this program reads.

    Raises: NotAStore, StoreNewer.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise NotAStore(f"{path} is no store", hint="name another file with --db")
    if version > LOG_VERSION:
        raise StoreNewer(
            f"the store {path} was written by a newer version of postmortem "
            f"(its log has version {version}, this program knows {LOG_VERSION})",
            hint="update postmortem",
        )
    tables = "SELECT count(*) FROM sqlite_master WHERE name = 'stored_events'"
    if not connection.execute(tables).fetchone()[0]:
        raise NotAStore(f"{path} is no store: there is no log in it", hint="name another file")
