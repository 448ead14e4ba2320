"""A consistent copy of a store that is in use."""

from __future__ import annotations

import contextlib
import os
import sqlite3

from postmortem.core.errors import BadInput, StoreProblem
from postmortem.store.opening import open_read_only, trouble


def backup(path: str, target: str) -> int:
    """Copy the store at `path` to a new file, durably; its size in bytes.

    The target appears only when it is whole. Raises: BadInput, where it exists; StoreProblem.
    """
    if os.path.lexists(target):
        raise BadInput(
            f"{target} exists already", hint="name a file that does not, nothing is overwritten"
        )
    source = open_read_only(path)
    partial = f"{target}.part"
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
        put_in_place(partial, target)
    except sqlite3.Error as error:
        raise trouble(error, target) from None
    except OSError as error:
        raise StoreProblem(f"{target} cannot be written: {error.strerror}") from None
    finally:
        source.close()
        with contextlib.suppress(OSError):
            os.unlink(partial)
    return os.path.getsize(target)


def put_in_place(partial: str, target: str) -> None:
    """Make the target of a store that was written beside it, and that nobody has open.

    Raises: BadInput, where the target exists; StoreProblem.
    """
    try:
        with contextlib.closing(sqlite3.connect(partial)) as copy:
            # one file, without a journal beside it, so that it can be moved as it is
            copy.execute("PRAGMA journal_mode=DELETE")
        _sync(partial)
        os.link(partial, target)  # unlike a rename, this never replaces what appeared meanwhile
        os.unlink(partial)
        _sync(os.path.dirname(os.path.abspath(target)))
    except sqlite3.Error as error:
        raise trouble(error, target) from None
    except FileExistsError:
        raise BadInput(f"{target} exists already", hint="nothing is overwritten") from None
    except OSError as error:
        raise StoreProblem(f"{target} cannot be written: {error.strerror}") from None


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
