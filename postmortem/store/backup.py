"""A consistent copy of a store that is in use."""

from __future__ import annotations

import contextlib
import os
import sqlite3

from postmortem.core.errors import BadInput, StoreProblem
from postmortem.store import atomic
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
    made_whole(partial, target)
    try:
        os.link(partial, target)  # unlike a rename, this never replaces what appeared meanwhile
        os.unlink(partial)
        atomic.settle(os.path.dirname(os.path.abspath(target)))
    except FileExistsError:
        raise BadInput(f"{target} exists already", hint="nothing is overwritten") from None
    except OSError as error:
        raise StoreProblem(f"{target} cannot be written: {error.strerror}") from None


def refuse_left_over(target: str) -> None:
    """A journal whose store is gone would be read into whatever store is put beside it.

    SQLite itself deletes it, and it may be all that is left of somebody's record.
    Raises: StoreProblem.
    """
    for end in ("-wal", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            # asked in this order: who makes the store meanwhile makes it before its journal
            if os.path.getsize(target + end) and not os.path.lexists(target):
                raise StoreProblem(
                    f"{target}{end} is left of a store that is not at {target} any more",
                    hint="put that store back beside it, or move it away; nothing was written",
                )


def made_whole(partial: str, target: str, journal: str = "DELETE") -> None:
    """See to it that a store that nobody uses is one file, on disk, that can be moved as it is.

    `target` is what it is going to be called, `journal` the mode that it is left in: no journal
    lies beside it in any. Raises: StoreProblem, also where a journal lies beside the target.
    """
    refuse_left_over(target)
    try:
        with contextlib.closing(sqlite3.connect(partial)) as whole:
            whole.execute(f"PRAGMA journal_mode={journal}")
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
    except sqlite3.Error as error:
        raise trouble(error, target) from None
    except OSError as error:
        raise StoreProblem(f"{target} cannot be written: {error.strerror}") from None
