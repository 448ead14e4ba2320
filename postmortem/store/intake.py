"""Takes events of the log into the view: into memory first, then many at once into the tables.

What a batch holds is bounded, whatever the size of the log. The stretches of the services are
brought up to date where the write ends, each of them once.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from postmortem.core import formulas
from postmortem.core.decide import Ready
from postmortem.core.entries import Entry
from postmortem.core.events import DECLARATIONS, OF_THE_LOG
from postmortem.core.fields import Body
from postmortem.core.history import RETRACTED, Version
from postmortem.core.recorded import Recorded, named, upcast, version_of
from postmortem.core.times import END, Instant, parse_stored
from postmortem.core.withdrawal import RECORDED_BY
from postmortem.core.words import digest_in
from postmortem.store import search
from postmortem.store.effects import Effects
from postmortem.store.recall import RecalledRecord, Recollection, Turn
from postmortem.store.view import text_of

_BATCH: Final = 4000
"""So many events are kept in memory before they go into the tables."""
_RECALLED: Final = 16_000
"""So many facts are remembered beyond that."""


def _nothing() -> None:
    """There is no log that has to be written first."""


class Intake:
    """A write's way into the view.

    A context: what is still in memory goes into the tables where it ends without an error.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        log: Callable[[], None] = _nothing,
        recollection: Recollection | None = None,
    ) -> None:
        """`log` brings into the log's own tables what of it is still in memory.

        `recollection` is what the write before has left, and where this one leaves it.
        """
        self.connection = connection
        self._log = log
        self._recollection = Recollection() if recollection is None else recollection
        row = connection.execute("SELECT position, indexed, reaches FROM view_state").fetchone()
        self._position: int = row[0]
        self._indexed = bool(row[1])
        self._records = self._recollection.taken(connection, self._position)
        for record in self._records.values():
            record.settle = self.settle
        self._effects = Effects(
            connection, self._recollection.keys, row[2], is_new=not self._position
        )
        self._empty()

    def _empty(self) -> None:
        self._count = 0
        self._versions: list[tuple[Any, ...]] = []
        self._subjects: list[tuple[str, str, str]] = []
        self._retractions: list[tuple[str, str, str]] = []
        self._parts: list[tuple[str, str, str]] = []
        self._declarations: list[tuple[Any, ...]] = []
        self._opened: list[list[Any]] = []
        self._open: dict[tuple[str, str, Instant], list[Any]] = {}
        self._closed: list[tuple[int, str, str, Instant, int]] = []
        self._moments: dict[Instant, int] = {}
        self._texts: list[tuple[int, str, int, str, str]] = []

    def __enter__(self) -> Intake:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self.finish()
                self._bound()
                self._recollection.left(self.connection, self._position, self._records)
        finally:
            for record in self._records.values():
                # else they refer to each other, and keep the file open until some later day
                record.settle = _nothing
            self._records = {}

    def record(self, platform: str) -> RecalledRecord:
        """The record of a platform, with all that was taken in."""
        if platform not in self._records:
            self._records[platform] = RecalledRecord(self.connection, platform, self.settle)
        return self._records[platform]

    # --- taking in --------------------------------------------------------------------------------

    def recall(self, named: Iterable[tuple[str, Iterable[str]]]) -> None:
        """Look up at once what is named, on each platform."""
        asked: dict[str, list[str]] = defaultdict(list)
        for platform, ids in named:
            asked[platform] += ids
        for platform, ids in asked.items():
            self.record(platform).recall(ids)

    def decided(self, ready: Ready, recorded: Recorded, now: Instant) -> None:
        """Take in an event that was decided by this record, and recorded at `now`."""
        self.take(
            recorded.envelope(), type(ready.entry), recorded.body, ready.body, ready.version, now
        )

    def read(self, envelope: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        """Take in an event as the log holds it; `said` are words by their digests."""
        cls, body = upcast(envelope["type"], envelope["body"])
        digests = {
            field: digest
            for field in cls.said() & body.keys()
            if (digest := digest_in(body[field])) is not None
        }
        clear = body
        if digests:
            # the words of an amended entry that lacks its own stand where it was declared first
            away = [digest for digest in digests.values() if digest not in said]
            said = {**said, **text_of(away, self.connection)} if away else said
            clear = {**body, **{f: said[digest] for f, digest in digests.items() if digest in said}}
        version = None
        recorded = parse_stored(envelope["recorded_at"])
        if envelope["known_at"] is not None:
            version = version_of(
                cls.TYPE,
                envelope["id"],
                body,
                position=envelope["position"],
                known=parse_stored(envelope["known_at"]),
                recorded=recorded,
                earlier=self.record(envelope["platform"]).version,
            )
        self.take(envelope, cls, body, clear, version, recorded)

    def take(
        self,
        envelope: Mapping[str, Any],
        cls: type[Entry],
        body: Body,
        clear: Body,
        version: Version | None,
        recorded: Instant,
    ) -> None:
        """Take in an event: `clear` is its body with words in the clear, unless withheld.

        `version`: None for a declaration, and for what is about the log itself.
        """
        platform, position, id = envelope["platform"], envelope["position"], envelope["id"]
        record = self.record(platform)
        self._position = position
        if version is not None:
            self._take(platform, envelope["stream"], version, clear, record)
        elif cls.TYPE in DECLARATIONS:
            id = declared_id(id)
            self._declare(platform, DECLARATIONS[cls.TYPE].KIND, id, clear, position, record)
        elif cls.TYPE in OF_THE_LOG:
            self._withhold(body, position)
        self._texts += search.rows(platform, position, search.texts(id, cls.TYPE, body, clear))
        self._moments[recorded] = position
        self._count += 1
        if self._count >= _BATCH:
            self.settle()
            self._bound()

    def _bound(self) -> None:
        """Let go of what is remembered, where it is much; all of it is in the tables."""
        if sum(record.size for record in self._records.values()) > _RECALLED:
            for record in self._records.values():
                record.forget()

    def _take(
        self, platform: str, stream: str, version: Version, clear: Body, record: RecalledRecord
    ) -> None:
        at = version.at or (None, None)
        effective = version.effective or (None, None)
        formula = None if version.formula is None else formulas.document(version.formula)
        self._versions.append(
            (
                version.position,
                platform,
                stream,
                version.id,
                version.fact,
                version.type,
                " ".join(map(str, version.place)),
                version.known,
                version.recorded,
                *at,
                *effective,
                version.service,
                version.capability,
                None if version.effect is None else int(version.effect),
                None if formula is None else json.dumps(formula),
                " ".join(version.subjects),
            )
        )
        if version.type == RETRACTED:
            self._retractions.append((platform, version.subjects[0], version.fact))
        else:
            self._subjects += [(platform, subject, version.fact) for subject in version.subjects]
        if version.capability is not None and formula is not None:
            self._name_parts(platform, version.capability, formula, record)
        turns = record.take(version, stream, clear)
        for turn in turns:
            self._turn(platform, turn, version.position)
        self._effects.change(platform, record, [turn[0] for turn in turns], version.position)

    def _turn(self, platform: str, turn: Turn, position: int) -> None:
        """Close the reigns that ended with this position, and open those that began."""
        fact, before, after = turn
        for known_from, _, _ in (reign for reign in before if reign not in after):
            row = self._open.pop((platform, fact, known_from), None)
            if row is None:
                self._closed.append((position, platform, fact, known_from, END))
            else:
                row[5] = position
        for known_from, known_to, version in (reign for reign in after if reign not in before):
            row = [platform, fact, known_from, position, known_to, END, version.position]
            self._opened.append(row)
            self._open[platform, fact, known_from] = row

    def _declare(
        self,
        platform: str,
        kind: str,
        id: str,
        clear: Body,
        position: int,
        record: RecalledRecord,
    ) -> None:
        count = record.declare(kind, id, clear)
        if count > 1:
            self.settle()
            self.connection.execute(
                "UPDATE view_declaration SET until = ? "
                "WHERE platform = ? AND kind = ? AND id = ? AND until = ?",
                (position, platform, kind, id, END),
            )
        elif kind == "service":
            self._effects.declare(platform, id, position)
        requires = clear.get("requires")
        self._declarations.append(
            (
                position,
                platform,
                kind,
                id,
                END,
                count,
                clear.get("name"),
                clear.get("zone") or clear.get("provider"),
                None if requires is None else json.dumps(requires),
            )
        )
        if requires is not None:
            self._name_parts(platform, id, requires, record)

    def _name_parts(
        self, platform: str, capability: str, requires: Any, record: RecalledRecord
    ) -> None:
        parts = record.name_parts(capability, formulas.ids(formulas.parse(requires)))
        self._parts += [(platform, capability, part) for part in parts]

    def _withhold(self, body: Body, position: int) -> None:
        """Take the words out of the index, and keep where it says why they are gone."""
        self.settle()
        place, field = body["position"], body["field"]
        row = self.connection.execute(
            "SELECT state FROM stored_events WHERE position = ?", (place,)
        ).fetchone()
        envelope = json.loads(row[0])
        digest = digest_in({**envelope["body"], RECORDED_BY: envelope[RECORDED_BY]}[field])
        search.forget(self.connection, place, field)
        self.connection.execute(
            "INSERT OR IGNORE INTO view_withheld VALUES (?, ?, ?, ?)",
            (digest, place, field, position),
        )
        self.record(envelope["platform"]).forget()  # it may hold the words

    # --- into the tables --------------------------------------------------------------------------

    def settle(self) -> None:
        """Bring into the tables all that is in memory only, but for the stretches."""
        self._log()
        if not self._count:
            return
        connection = self.connection
        for statement, rows in (
            (_VERSION, self._versions),
            (_SUBJECT, self._subjects),
            (_RETRACTION, self._retractions),
            (_PART, self._parts),
            (_DECLARATION, self._declarations),
            (_CLOSED, self._closed),
            (_REIGN, self._opened),
            (_MOMENT, list(self._moments.items())),
        ):
            if rows:
                connection.executemany(statement, rows)
        self._indexed = search.index(connection, self._texts, indexed=self._indexed)
        connection.execute("UPDATE view_state SET position = ?", (self._position,))
        self._empty()
        for record in self._records.values():
            record.settled()
        self._effects.settle()

    def finish(self) -> None:
        """Bring everything into the tables, the stretches as well."""
        self.settle()
        self._effects.finish()


_VERSION: Final = f"INSERT INTO view_version VALUES ({', '.join('?' * 18)})"  # noqa: S608
_SUBJECT: Final = "INSERT OR IGNORE INTO view_subject VALUES (?, ?, ?)"
_RETRACTION: Final = "INSERT OR IGNORE INTO view_retraction VALUES (?, ?, ?)"
_PART: Final = "INSERT OR IGNORE INTO view_part VALUES (?, ?, ?)"
_DECLARATION: Final = "INSERT INTO view_declaration VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CLOSED: Final = (
    "UPDATE view_reign SET position_to = ? WHERE platform = ? AND fact = ? AND known_from = ? "
    "AND position_to = ?"
)
_REIGN: Final = "INSERT INTO view_reign VALUES (?, ?, ?, ?, ?, ?, ?)"
_MOMENT: Final = (
    "INSERT INTO view_moment VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position"
)


def names_in(envelope: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Which facts an event of the log names, and on which platform; it itself is new."""
    body = envelope["body"]
    return envelope["platform"], [
        *named(body), *(body[key] for key in ("replaces", "event") if key in body)
    ]  # fmt: skip


def declared_id(identity: str) -> str:
    """The id that a declaration is about, from its id in the envelope: `service:aws:2`."""
    return identity.split(":")[1]
