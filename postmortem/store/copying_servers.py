"""The ends of a copy that are PostgreSQL servers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from postmortem.store.backends import Address
from postmortem.store.columns import ABSENT, EVENT, WORDS
from postmortem.store.copying_ends import (
    ABSENT_COLUMNS,
    EVENT_COLUMNS,
    WORDS_COLUMNS,
    End,
    Row,
    Target,
)
from postmortem.store.postgres_log import append, make
from postmortem.store.postgres_tables import lock
from postmortem.store.server import connect, head, psycopg, trouble


class PostgresSource(End):
    """A store on a server, read."""

    def __init__(self, place: str) -> None:
        self.address = Address.read(place)
        self.place = self.address.shown
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
        except psycopg.Error as error:
            raise trouble(error, self.address) from None

    def last(self) -> int:
        return int(self._rows("SELECT coalesce(max(position), 0) FROM stored_events")[0][0])

    def events(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {EVENT_COLUMNS} FROM stored_events WHERE position > %s AND position <= %s "  # noqa: S608
            "ORDER BY position",
            (after, upto),
        )

    def words(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {WORDS_COLUMNS} FROM disclosures WHERE position > %s AND position <= %s "  # noqa: S608
            'ORDER BY position, digest COLLATE "C"',
            (after, upto),
        )

    def absent(self, after: int, upto: int) -> list[Row]:
        return self._rows(
            f"SELECT {ABSENT_COLUMNS} FROM words_absent WHERE position > %s AND position <= %s "  # noqa: S608
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
        with self._explained():
            make(self.connection, self.address)

    @property
    def is_whole(self) -> bool:
        return self.last() > 0 and (self.fact("copying") is None) is (self.fact("copied") is None)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._explained(), self.connection.transaction():
            self.connection.execute("SET LOCAL lock_timeout = '30s'")
            self.connection.execute(f"SELECT pg_advisory_xact_lock({lock(self.address.schema)})")
            yield

    def say(self, key: str, value: str) -> None:
        with self._writing():
            self.connection.execute("INSERT INTO about VALUES (%s, %s)", (key, value))

    def take(self, events: Sequence[Row], words: Sequence[Row], absent: Sequence[Row]) -> None:
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
