"""A store is made by its first write: beside its place, and put there when that is done.

So a write that fails leaves no store behind, and no store is ever taken away again: who deletes a
database that somebody else has open loses what he writes into it.
Source: https://www.sqlite.org/howtocorrupt.html, section 2.4.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from postmortem.core.errors import OutcomeUnknown, Problem, StoreProblem
from postmortem.core.times import Instant
from postmortem.store import atomic
from postmortem.store.backup import made_whole, refuse_left_over
from postmortem.store.ledger import SQLiteLedger
from postmortem.store.opening import trouble
from postmortem.store.promise import Overtaken, Writing


def beside(path: str) -> str | None:
    """A new, empty file beside the place of a store, from where it can be put there.

    None where that cannot be: nothing can be made there, or the file system knows no second name
    for a file. Then the store has to be made in its place. Raises: StoreProblem, where what is
    left of another store lies there.
    """
    refuse_left_over(path)
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, part = tempfile.mkstemp(dir=folder, prefix=".unfinished-")  # made as 0600
    except OSError:
        return None
    os.close(handle)
    try:
        os.link(part, f"{part}-link")
        os.unlink(f"{part}-link")
    except OSError:
        _clear(part)
        return None
    return part


@contextmanager
def first_write(part: str, path: str, clock: Callable[[], Instant]) -> Iterator[Writing]:
    """The write that makes the store at that path, in the file beside it: all of it, or no store.

    Raises: StoreProblem; Overtaken, where somebody else has made it meanwhile; OutcomeUnknown; and
    whatever the block raises, after which there is no store.
    """
    try:
        ledger = _opened(part, path, clock)
        try:
            with ledger.writing() as writing:
                yield writing
            # by its own connection: that stays open as long as anybody holds a cursor of it, and
            # what it has not closed would stay beside the file
            writing.connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise trouble(error, path) from None
        except OutcomeUnknown:  # of a file that nobody will ever see
            raise StoreProblem(
                f"the store {path} fails: its first write cannot be completed",
                hint="nothing was recorded; is the disk in order?",
            ) from None
        finally:
            ledger.close()
        _put(part, path)
    finally:
        _clear(part)


def _opened(part: str, path: str, clock: Callable[[], Instant]) -> SQLiteLedger:
    """The ledger in the file beside; it is called by its place."""
    try:
        ledger = SQLiteLedger(part, clock)
    except Problem as problem:
        problem.message = problem.message.replace(part, path)
        raise
    ledger.path = path
    return ledger


def _put(part: str, path: str) -> None:
    made_whole(part, path, "WAL")  # as a store is from its first write on
    try:
        os.link(part, path)  # unlike a rename, this never replaces what appeared meanwhile
    except FileExistsError:
        raise Overtaken(
            f"the store {path} was made by somebody else meanwhile",
            hint="nothing was recorded; try again",
        ) from None
    except OSError as error:
        raise StoreProblem(
            f"the store {path} cannot be made: {error.strerror}", hint="nothing was recorded"
        ) from None
    try:
        os.unlink(part)
        atomic.settle(os.path.dirname(os.path.abspath(path)))
    except OSError as error:
        raise OutcomeUnknown(
            f"the store {path} was made, and may not outlast a loss of power: {error.strerror}",
            hint="ask with `log` what is recorded",
        ) from None


def _clear(part: str) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            os.unlink(f"{part}{end}")
