"""Copies a log from one store into another, byte by byte, and proves that it is the same.

Positions, times of recording, stored bytes and words stay as they are, so the tree over the log has
the same root in both; the view is made where it is needed. What is not finished says so, cannot be
asked or written to, and is gone on with.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from postmortem.core import tree as arithmetic
from postmortem.core.errors import BadInput, StoreDamaged, StoreProblem
from postmortem.core.words import Disclosure
from postmortem.store import backends, tree
from postmortem.store.columns import ABSENT, EVENT, WORDS, insert_into
from postmortem.store.tables import digests_in
from postmortem.store.view import open_read_only, trouble

Row = tuple[Any, ...]
BATCH: Final = 5000
"""Events that are copied in one transaction."""

_EVENTS: Final = ", ".join(EVENT)
_WORDS: Final = ", ".join(WORDS)
_ABSENT: Final = ", ".join(ABSENT)
_STATE: Final = EVENT.index("state")


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy did."""

    events: int
    """How many the copy holds."""
    resumed: int
    """How many of them it held already, from an earlier attempt."""
    words: int
    digest: str
    """SHA-256 over all that both logs hold of every event, in hexadecimal."""
    grown: int
    """How many events the source has got meanwhile, which are not copied."""


class End(ABC):
    """One end of a copy."""

    place: str
    """What people call it."""

    @abstractmethod
    def last(self) -> int:
        """The position at which its log ends."""

    @abstractmethod
    def events(self, after: int, upto: int) -> list[Row]:
        """The columns of the events after a position and up to another, in order."""

    @abstractmethod
    def words(self, after: int, upto: int) -> list[Row]:
        """The same of the words, by position and digest."""

    @abstractmethod
    def absent(self, after: int, upto: int) -> list[Row]:
        """The same of what says whose words were never there."""

    @abstractmethod
    def root(self, size: int) -> bytes | None:
        """Of the tree that it keeps over that many events; None where it keeps none."""

    @abstractmethod
    def fact(self, key: str) -> str | None:
        """What it says about itself."""

    def close(self) -> None:  # noqa: B027 - most have something to close
        """Let go of it."""


class Target(End):
    """The end that is written to."""

    @property
    @abstractmethod
    def is_whole(self) -> bool:
        """Whether it is a store already, and no copy that broke off."""

    @abstractmethod
    def say(self, key: str, value: str) -> None:
        """Set down a fact about the store."""

    @abstractmethod
    def take(self, events: Sequence[Row], words: Sequence[Row], absent: Sequence[Row]) -> None:
        """Append rows as they are, durably."""

    @abstractmethod
    def drop(self, digests: Sequence[str]) -> None:
        """Delete words that were withdrawn at the source meanwhile."""

    @abstractmethod
    def finish(self) -> None:
        """From now on it is a store like any other."""


# --- SQLite -------------------------------------------------------------------------------------


class _SQLite(End):
    connection: sqlite3.Connection

    def last(self) -> int:
        row = self._rows("SELECT coalesce(max(position), 0) FROM stored_events")[0]
        return int(row[0])

    def events(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {_EVENTS} FROM stored_events WHERE position > ? AND position <= ? "  # noqa: S608
            "ORDER BY position",
            (after, upto),
        )

    def words(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {_WORDS} FROM disclosures WHERE position > ? AND position <= ? "  # noqa: S608
            "ORDER BY position, digest",
            (after, upto),
        )

    def absent(self, after: int, upto: int) -> list[Row]:
        if tree.is_kept(self.connection):
            return self._rows(
                f"SELECT {_ABSENT} FROM words_absent "  # noqa: S608
                "WHERE position > ? AND position <= ? ORDER BY position, digest",
                (after, upto),
            )
        # an earlier version made it, and set nothing down about what it lacks
        here = {row[0] for row in self.words(after, upto)}
        return [
            (digest, event[0])
            for event in self.events(after, upto)
            for digest in sorted(digests_in(json.loads(event[_STATE])))
            if digest not in here
        ]

    def root(self, size: int) -> bytes | None:
        if not tree.is_kept(self.connection):
            return None
        try:
            return tree.root_at(self.connection, size)
        except sqlite3.Error as error:
            raise trouble(error, self.place) from None

    def fact(self, key: str) -> str | None:
        rows = self._rows("SELECT value FROM about WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else None

    def _rows(self, sql: str, parameters: Row = ()) -> list[Row]:
        try:
            return self.connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise trouble(error, self.place) from None


class SQLiteSource(_SQLite):
    """A store in a file, read."""

    def __init__(self, path: str) -> None:
        self.place = path
        self.connection = open_read_only(path)

    def close(self) -> None:
        self.connection.close()


class SQLiteTarget(_SQLite, Target):
    """A store in a file, made beside its place, and put there when it is whole."""

    def __init__(self, path: str) -> None:
        from postmortem.store.ledger import SQLiteLedger

        if os.path.lexists(path):
            raise BadInput(
                f"{path} exists already", hint="name a file that does not, nothing is overwritten"
            )
        self.place = path
        self._part = f"{path}.part"
        self._ledger = SQLiteLedger(self._part, lambda: 0, create=True)
        self.connection = open_read_only(self._part)

    @property
    def is_whole(self) -> bool:
        return False

    def say(self, key: str, value: str) -> None:
        with self._ledger.writing() as writing:
            writing.say(key, value)

    def take(self, events: Sequence[Row], words: Sequence[Row], absent: Sequence[Row]) -> None:
        with self._ledger.writing() as writing:
            growth = tree.Growth(writing.connection, writing.position)
            writing.connection.executemany(insert_into("stored_events", EVENT), events)
            for event in events:
                growth.append(bytes(event[_STATE]))
            writing.connection.executemany(insert_into("disclosures", WORDS), words)
            writing.connection.executemany(insert_into("words_absent", ABSENT), absent)

    def drop(self, digests: Sequence[str]) -> None:
        with self._ledger.writing() as writing:
            writing.connection.executemany(
                "DELETE FROM disclosures WHERE digest = ?", [(digest,) for digest in digests]
            )

    def finish(self) -> None:
        from postmortem.store.backup import put_in_place
        from postmortem.store.erasure import erase

        if self.fact("copied") is None:
            self.say("copied", str(self.last()))
        has_withdrawn = self._rows(
            "SELECT EXISTS (SELECT 1 FROM stored_events WHERE topic GLOB 'words-withheld/*')"
        )
        self.close()
        if has_withdrawn[0][0]:
            erase(self._part)  # some may have been withdrawn after they were copied
        put_in_place(self._part, self.place)

    def close(self) -> None:
        self.connection.close()
        self._ledger.close()


# --- PostgreSQL ---------------------------------------------------------------------------------


class PostgresSource(End):
    """A store on a server, read."""

    def __init__(self, place: str) -> None:
        from postmortem.store.server import connect, head, psycopg, trouble

        self.address = backends.Address.read(place)
        self.place = self.address.shown
        self._error, self._trouble = psycopg.Error, trouble
        self.connection = connect(self.address, writes=isinstance(self, Target))
        self._prepare()
        with self._explained():
            self._head = head(self.connection, self.address)

    def _prepare(self) -> None:
        """What has to be there before it is looked at."""

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise self._trouble(error, self.address) from None

    def last(self) -> int:
        return int(self._rows("SELECT coalesce(max(position), 0) FROM stored_events")[0][0])

    def events(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {_EVENTS} FROM stored_events WHERE position > %s AND position <= %s "  # noqa: S608
            "ORDER BY position",
            (after, upto),
        )

    def words(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {_WORDS} FROM disclosures WHERE position > %s AND position <= %s "  # noqa: S608
            'ORDER BY position, digest COLLATE "C"',
            (after, upto),
        )

    def absent(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {_ABSENT} FROM words_absent WHERE position > %s AND position <= %s "  # noqa: S608
            'ORDER BY position, digest COLLATE "C"',
            (after, upto),
        )

    def root(self, size: int) -> bytes | None:
        return None

    def fact(self, key: str) -> str | None:
        rows = self._rows("SELECT value FROM about WHERE key = %s", (key,))
        return str(rows[0][0]) if rows else None

    def _rows(self, sql: str, parameters: Row = ()) -> list[Row]:
        with self._explained():
            return self.connection.execute(sql.encode(), parameters).fetchall()

    def close(self) -> None:
        self.connection.close()


class PostgresTarget(PostgresSource, Target):
    """A store on a server, made where there is none."""

    def _prepare(self) -> None:
        from postmortem.store.postgres_log import make

        with self._explained():
            make(self.connection, self.address)

    @property
    def is_whole(self) -> bool:
        return self.last() > 0 and (self.fact("copying") is None) is (self.fact("copied") is None)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        from postmortem.store.postgres_tables import lock

        with self._explained(), self.connection.transaction():
            self.connection.execute("SET LOCAL lock_timeout = '30s'")
            self.connection.execute(f"SELECT pg_advisory_xact_lock({lock(self.address.schema)})")
            yield

    def say(self, key: str, value: str) -> None:
        with self._writing():
            self.connection.execute("INSERT INTO about VALUES (%s, %s)", (key, value))

    def take(self, events: Sequence[Row], words: Sequence[Row], absent: Sequence[Row]) -> None:
        from postmortem.store.postgres_log import append

        with self._writing(), self.connection.cursor() as cursor:
            append(cursor, "stored_events", EVENT, events)
            append(cursor, "disclosures", WORDS, words)
            append(cursor, "words_absent", ABSENT, absent)

    def drop(self, digests: Sequence[str]) -> None:
        with self._writing():
            self.connection.execute(
                "DELETE FROM disclosures WHERE digest = ANY(%s)", (list(digests),)
            )

    def finish(self) -> None:
        self.say("copied", str(self.last()))


# --- the copy -----------------------------------------------------------------------------------


def copy(source: str, target: str, progress: Callable[[str, int, int], None]) -> Copied:
    """Copy the log of one store into another, which is new or a copy that was interrupted.

    Raises: BadInput, where the target holds anything else; StoreProblem, StoreDamaged.
    """
    if backends.shown(source) == backends.shown(target):
        raise BadInput("a store cannot be copied into itself", hint="name another target")
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(contextlib.closing(_source(source)))
        id = here.fact("id")
        if here.fact("copying") is not None and here.fact("copied") is None:
            raise StoreProblem(
                f"{here.place} is a copy that is not finished", hint="finish that one first"
            )
        there = stack.enter_context(contextlib.closing(_target(target)))
        resumed = _begun(there, here, str(id))
        upto = here.last()
        position = resumed
        while position < upto:
            end = min(position + BATCH, upto)
            there.take(
                here.events(position, end), here.words(position, end), here.absent(position, end)
            )
            position = end
            progress("copying", position, upto)
        said, digest = _compare(here, there, upto, progress)
        grown = here.last() - upto
        there.finish()
    return Copied(upto, resumed, said, digest, grown)


def _source(place: str) -> End:
    return PostgresSource(place) if backends.is_remote(place) else SQLiteSource(place)


def _target(place: str) -> Target:
    return PostgresTarget(place) if backends.is_remote(place) else SQLiteTarget(place)


def _begun(there: Target, here: End, id: str) -> int:
    """How far an earlier attempt has come; 0 where this is the first.

    Raises: BadInput, where the target holds something else.
    """
    last, begun = there.last(), there.fact("copying")
    if begun is None and last == 0:
        there.say("copying", id)
        there.say("copy_of", here.place)
        return 0
    if begun != id or there.is_whole:
        raise BadInput(
            f"{there.place} holds events already, and a copy needs an empty store",
            hint="name another target, such as another file or ?schema=NAME",
        )
    if last and there.events(last - 1, last) != here.events(last - 1, last):
        raise BadInput(
            f"what {there.place} holds so far is not the beginning of {here.place}",
            hint="name a new target",
        )
    return last


def _compare(
    here: End, there: Target, upto: int, progress: Callable[[str, int, int], None]
) -> tuple[int, str]:
    """How many words there are, and the digest over both logs.

    Raises: StoreDamaged, where they differ.
    """
    digest, edge = hashlib.sha256(), arithmetic.Edge()
    said = position = 0
    while position < upto:
        end = min(position + BATCH, upto)
        events = here.events(position, end)
        if len(events) != end - position or there.events(position, end) != events:
            raise _differs(here, there, f"between positions {position + 1} and {end}")
        for event in events:
            digest.update(repr(event[:4]).encode() + bytes(event[4]) + repr(event[5:]).encode())
            edge.append(arithmetic.leaf(bytes(event[_STATE])))
        if there.absent(position, end) != here.absent(position, end):
            raise _differs(here, there, f"in which words events {position + 1} to {end} lack")
        # what is withdrawn during the copy must not survive in it: the source is asked last
        copied, kept = there.words(position, end), here.words(position, end)
        gone = [row[0] for row in copied if row not in set(kept)]
        if gone:
            there.drop(gone)
            copied = there.words(position, end)
        if copied != kept:
            raise _differs(here, there, f"in the words of events {position + 1} to {end}")
        for row in copied:
            if Disclosure(row[3], row[2], json.loads(row[4])).digest() != row[0]:
                raise StoreDamaged(
                    f"the words of {row[2]} at position {row[1]} are not those that were recorded",
                    hint=f"{here.place} is damaged; go on from a backup of it",
                )
        said += len(copied)
        position = end
        progress("comparing", position, upto)
    if there.last() != upto:
        raise _differs(here, there, f"after position {upto}")
    for one in (here, there):
        root = one.root(upto)
        if root is not None and root != edge.root():
            raise StoreDamaged(
                f"the tree over the log of {one.place} does not follow from its events",
                hint="`postmortem verify` says what does not hold",
            )
    return said, digest.hexdigest()


def _differs(here: End, there: Target, where: str) -> StoreDamaged:
    return StoreDamaged(
        f"the copy {there.place} differs from {here.place} {where}",
        hint="nobody else may write into a copy; name a new target",
    )
