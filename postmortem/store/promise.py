"""What every ledger promises: a class for a log, and one for a write in it.

A write stands beside a SQLite view on this machine, wherever the log itself is: by its indexes is
decided what may be recorded, and what is new lies in its tables first. There the tree over the log
grows as well, in the same transaction, wherever the log itself is.
"""

from __future__ import annotations

import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from postmortem.core import words
from postmortem.core.decide import Ready
from postmortem.core.errors import BadInput, StoreProblem
from postmortem.core.events import WordsWithheld
from postmortem.core.recorded import Recorded
from postmortem.core.times import BEGINNING, Instant, format_instant
from postmortem.core.tree import Edge
from postmortem.core.words import Disclosure
from postmortem.store import envelopes, tree
from postmortem.store.columns import ABSENT, WORDS, insert_into
from postmortem.store.withdrawal import forget

Columns = tuple[int, str, Instant]
"""What the log's table holds of an event beside its bytes: position, id, when it was recorded."""


_BATCH: Final = 1000
"""So many events are kept in memory before they go into the log's tables."""
_INSERT_ABSENT: Final = insert_into("words_absent", ABSENT)
_INSERT_WORDS: Final = insert_into("disclosures", WORDS)


def end_of(connection: sqlite3.Connection) -> tuple[int, Instant]:
    """The last position of the log, and when that was recorded; (0, BEGINNING) of an empty one."""
    row = connection.execute(
        "SELECT position, recorded_at FROM stored_events ORDER BY position DESC LIMIT 1"
    ).fetchone()
    return (0, BEGINNING) if row is None else (row[0], row[1])


class Overtaken(StoreProblem):
    """The connection broke, and others have recorded since: nothing was, and it is decided anew."""


class Writing(ABC):
    """A write in one transaction: it holds the lock, and has seen all that was recorded before."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        clock: Callable[[], Instant],
        end: tuple[int, Instant] | None = None,
    ) -> None:
        """`end` is what `end_of` gives, where it was asked already."""
        self.connection = connection
        """The view's own: it sees what this write has done so far."""
        self.position, self._last = end_of(connection) if end is None else end
        self.now: Instant = max(clock(), self._last + 1)
        self.edge: Edge | None = None
        """The right edge of the tree, where it is at hand from an earlier write."""
        self._tree: tree.Growth | None = None
        self._versions: dict[str, int] = {}
        self._pending: list[tuple[Recorded, Instant, Sequence[Disclosure]]] = []

    def at(self, recorded: Instant) -> None:
        """What follows was recorded then: only for a copy, which keeps what it copies.

        Raises: BadInput, where time would go back.
        """
        if recorded < self._last:
            raise BadInput(
                f"recorded_at goes back to {format_instant(recorded)}",
                hint="the lines of a log stand in the order of recording",
            )
        self.now = recorded

    def append(self, ready: Ready, by: str | None) -> Recorded:
        """Record it: new words get new salts."""
        body = dict(ready.body)
        said = [
            Disclosure(words.salt(secrets.token_bytes(16)), field, body[field])
            for field in sorted((type(ready.entry).said() & body.keys()) - ready.withheld)
        ]
        for disclosure in said:
            body[disclosure.field] = disclosure.stand_in()
        author = None
        if by is not None:
            author = Disclosure(words.salt(secrets.token_bytes(16)), "recorded_by", by)
            said.append(author)
        known = ready.known
        recorded = Recorded(
            platform=ready.platform,
            id=ready.id,
            stream=ready.stream,
            version=self.next_version(ready.stream),
            type=ready.topic,
            position=self.position + 1,
            recorded_at=format_instant(self.now),
            recorded_by=None if author is None else author.stand_in(),
            known_at=None if known is None else format_instant(known),
            body=body,
        )
        self.insert(recorded, said)
        return recorded

    def next_version(self, stream: str) -> int:
        """The version that the next event of the stream has."""
        if stream not in self._versions:
            row = self.connection.execute(
                "SELECT max(originator_version) FROM stored_events WHERE originator_id = ?",
                (stream,),
            ).fetchone()
            self._versions[stream] = int(row[0] or 0)
        return self._versions[stream] + 1

    def insert(self, recorded: Recorded, said: Sequence[Disclosure]) -> None:
        """Append an envelope that is complete, with the words that it stands for.

        It is in memory until `flush`, and at the latest until the write ends.
        """
        self._pending.append((recorded, self.now, said))
        self._versions[recorded.stream] = recorded.version
        self.position = recorded.position
        self._last = self.now
        if recorded.name == WordsWithheld.TYPE:
            self.flush()
            self.withdraw(recorded.body["position"], recorded.body["field"])
        elif len(self._pending) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Bring into the tables what is in memory: events, words, and the tree over them."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        if self._tree is None:
            size = pending[0][0].position - 1
            self._tree = tree.Growth(self.connection, size, self.edge)
            self.edge = self._tree.edge
        events = [recorded for recorded, _, _ in pending]
        columns = [(e.position, f"{e.platform}/{e.id}", now) for e, now, _ in pending]
        self._tree.extend(self._insert(events, columns))
        absent, held = [], []
        for recorded, _, said in pending:
            here = {each.digest(): each for each in said}
            held += [
                (digest, recorded.position, d.field, d.salt, words.canonical(d.value).decode())
                for digest, d in here.items()
            ]
            absent += [
                (digest, recorded.position)
                for digest in envelopes.digests_in(recorded.envelope())
                if digest not in here
            ]
        if absent:
            self.connection.executemany(_INSERT_ABSENT, absent)
        if held:
            self.connection.executemany(_INSERT_WORDS, held)

    @abstractmethod
    def _insert(self, events: Sequence[Recorded], columns: Sequence[Columns]) -> list[bytes]:
        """Put the events into the log; what is stored of each."""

    @abstractmethod
    def say(self, key: str, value: str) -> None:
        """Set down a fact about the store itself."""

    def withdraw(self, position: int, field: str) -> None:
        """Delete the words of that field of the event there; their digest in the log stays.

        The words go together with what says so; `erasure` sees to their traces.
        """
        forget(self.connection, position, field)


class Ledger(ABC):
    """A log that is written to; how it is opened is the backend's own business."""

    path: str
    """What people call it; never with a password."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Writing]:
        """One write: all of it, durable, or nothing.

        Raises: StoreProblem; OutcomeUnknown, where nobody can say yet whether it was recorded; and
        whatever the block raises, after which nothing is recorded.
        """

    @property
    @abstractmethod
    def identity(self) -> str:
        """The id that the store was given when it was made."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""
