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

from postmortem.core import words
from postmortem.core.decide import Ready
from postmortem.core.errors import BadInput, StoreProblem
from postmortem.core.events import WordsWithheld
from postmortem.core.recorded import Recorded
from postmortem.core.times import BEGINNING, Instant, format_instant
from postmortem.core.words import Disclosure
from postmortem.store import envelopes, tree
from postmortem.store.columns import ABSENT, WORDS, insert_into
from postmortem.store.withdrawal import forget

Columns = tuple[int, str, Instant]
"""What the log's table holds of an event beside its bytes: position, id, when it was recorded."""


class Overtaken(StoreProblem):
    """The connection broke, and others have recorded since: nothing was, and it is decided anew."""


class Writing(ABC):
    """A write in one transaction: it holds the lock, and has seen all that was recorded before."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], Instant]) -> None:
        self.connection = connection
        """The view's own: it sees what this write has done so far."""
        last = connection.execute(
            "SELECT position, recorded_at FROM stored_events ORDER BY position DESC LIMIT 1"
        ).fetchone()
        self.position: int = last[0] if last else 0
        self._last: Instant = last[1] if last else BEGINNING
        self.now: Instant = max(clock(), self._last + 1)
        self._tree: tree.Growth | None = None

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
            for field in sorted(type(ready.entry).said() - ready.withheld)
            if field in body
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
        row = self.connection.execute(
            "SELECT max(originator_version) FROM stored_events WHERE originator_id = ?", (stream,)
        ).fetchone()
        return int(row[0] or 0) + 1

    def insert(self, recorded: Recorded, said: Sequence[Disclosure]) -> None:
        """Append an envelope that is complete, with the words that it stands for."""
        state = self._insert(
            recorded, (recorded.position, f"{recorded.platform}/{recorded.id}", self.now)
        )
        if self._tree is None:
            self._tree = tree.Growth(self.connection, self.position)
        self._tree.append(state)
        here = {disclosure.digest() for disclosure in said}
        self.connection.executemany(
            insert_into("words_absent", ABSENT),
            [
                (digest, recorded.position)
                for digest in envelopes.digests_in(recorded.envelope())
                if digest not in here
            ],
        )
        self.connection.executemany(
            insert_into("disclosures", WORDS),
            [
                (d.digest(), recorded.position, d.field, d.salt, words.canonical(d.value).decode())
                for d in said
            ],
        )
        if recorded.name == WordsWithheld.TYPE:
            self.withdraw(recorded.body["position"], recorded.body["field"])
        self.position = recorded.position
        self._last = self.now

    @abstractmethod
    def _insert(self, recorded: Recorded, columns: Columns) -> bytes:
        """Put the event into the log; what is stored of it."""

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
