"""Makes and fills the view: disposable tables beside the log, rebuilt from it to the same rows.

Tables are made by sqlite-utils on the connection that holds the transaction, and filled with plain
statements, since this is done once for every event. Nothing here touches the log's own tables.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from postmortem.core import formulas
from postmortem.core.errors import BadInput, StoreDamaged
from postmortem.core.events import DECLARATIONS, OF_THE_LOG
from postmortem.core.fields import Body
from postmortem.core.history import RETRACTED, Version, reigns
from postmortem.core.record import Placed
from postmortem.core.recorded import upcast, version_of
from postmortem.core.times import END, parse_stored
from postmortem.core.withdrawal import RECORDED_BY
from postmortem.core.words import digest_in
from postmortem.store import one_library, planes, search
from postmortem.store.look import StoredWords
from postmortem.store.view import VIEW_VERSION, disclosed

TABLES: Final[dict[str, dict[str, Any]]] = {
    "view_state": {
        # `indexed` is 0 where the full-text index is missing or lags behind
        "columns": {"id": int, "schema": int, "position": int, "indexed": int},
        "pk": "id",
    },
    "view_moment": {
        # the last position of every transaction, by when it was recorded
        "columns": {"recorded": int, "position": int},
        "pk": "recorded",
    },
    "view_declaration": {
        # what was declared, and until which position it stood; `detail` is a zone or provider
        "columns": {
            "position": int,
            "platform": str,
            "kind": str,
            "id": str,
            "until": int,
            "count": int,
            "name": str,
            "detail": str,
            "formula": str,
        },
        "pk": "position",
    },
    "view_part": {
        # every id that any formula ever recorded of a capability names
        "columns": {"platform": str, "capability": str, "part": str},
        "pk": ("platform", "capability", "part"),
    },
    "view_version": {
        "columns": {
            "position": int,
            "platform": str,
            "stream": str,
            "id": str,
            "fact": str,
            "type": str,
            "place": str,
            "known": int,
            "recorded": int,
            "at_earliest": int,
            "at_latest": int,
            "effective_earliest": int,
            "effective_latest": int,
            "service": str,
            "capability": str,
            "effect": int,
            "formula": str,
            "subjects": str,
        },
        "pk": "position",
    },
    "view_subject": {
        # which facts speak of which fact
        "columns": {"platform": str, "subject": str, "fact": str},
        "pk": ("platform", "subject", "fact"),
    },
    "view_retraction": {
        # which retractions name which id
        "columns": {"platform": str, "event": str, "fact": str},
        "pk": ("platform", "event", "fact"),
    },
    "view_reign": {
        # for which K, and for which positions of the log, a version is the last word
        "columns": {
            "platform": str,
            "fact": str,
            "known_from": int,
            "position_from": int,
            "known_to": int,
            "position_to": int,
            "version": int,
        },
        "pk": ("platform", "fact", "known_from", "position_from"),
    },
    "view_withheld": {
        # which texts were withdrawn, by their digest, and where in the log it says why
        "columns": {"digest": str, "position": int, "field": str, "by": int},
        "pk": "digest",
    },
    search.TABLE: {
        # every text that can be found, by where it stands; the full-text index lies over it
        "columns": {"key": int, "platform": str, "position": int, "field": str, "text": str},
        "pk": "key",
    },
}
INDEXES: Final = (
    ("view_declaration", ("platform", "kind", "id", "position"), True),
    ("view_version", ("platform", "id"), True),
    ("view_version", ("platform", "fact"), False),
    ("view_version", ("platform", "service", "known"), False),
    ("view_reign", ("platform", "position_to", "known_from"), False),
)
_LOAD: Final = 1000


def make(connection: sqlite3.Connection) -> None:
    """Drop whatever view there is, and make an empty one.

    Raises: StoreProblem, where another SQLite library would be loaded beside the interpreter's:
    two of them on one file break each other's locks.
    """
    one_library.check()
    from sqlite_utils import Database  # slow to import, and needed here only

    database = Database(connection, execute_plugins=False)
    has_index = search.has_fts5(connection)
    if has_index:  # first, for what lies beneath it goes with it; without FTS5 it must stay
        connection.execute(f"DROP TABLE IF EXISTS main.{search.INDEX}")
    for old in database.table_names():
        if old.startswith("view_") and not old.startswith(search.INDEX):
            connection.execute(f'DROP TABLE "{old}"')
    for name, table in TABLES.items():
        database.table(name).create(table["columns"], pk=table["pk"], strict=True)
    for name, columns, unique in INDEXES:
        database.table(name).create_index(list(columns), unique=unique)
    for statement in (*planes.SCHEMA.values(), *planes.INDEXES):
        connection.execute(statement)
    if has_index:
        database.table(search.TABLE).enable_fts(["text"], tokenize=search.TOKENS)
    connection.execute("INSERT INTO view_state VALUES (1, ?, 0, ?)", (VIEW_VERSION, has_index))


def version_at(connection: sqlite3.Connection) -> tuple[int, int]:
    """(schema, position) of the view; (0, 0) where there is none."""
    try:
        row = connection.execute("SELECT schema, position FROM view_state").fetchone()
    except sqlite3.OperationalError:
        return 0, 0
    return (0, 0) if row is None else (row[0], row[1])


def catch_up(
    connection: sqlite3.Connection, progress: Callable[[str, int, int], None] | None = None
) -> None:
    """Bring the view to the end of the log, anew where it is of another version.

    Inside the caller's transaction, which must hold the write lock.
    """
    schema, position = version_at(connection)
    if schema != VIEW_VERSION:
        make(connection)
        position = 0
    last = connection.execute("SELECT max(position) FROM stored_events").fetchone()[0] or 0
    with planes.Changing(connection) as changing:
        for number, state in _log(connection, position):
            if progress is not None:
                progress("reading the log", number, last)
            try:
                apply(connection, json.loads(state), changing)
            except (BadInput, LookupError, TypeError, ValueError, AttributeError) as error:
                raise StoreDamaged(
                    f"event {number} of the store is damaged: {error}",
                    hint="keep the file as it is, and go on from a backup; or update postmortem, "
                    "if a newer version wrote it",
                ) from None


def changing(connection: sqlite3.Connection) -> planes.Changing:
    """What collects, over a transaction, what its events do to the planes: pass it to `apply`."""
    return planes.Changing(connection)


def rebuild(
    connection: sqlite3.Connection, progress: Callable[[str, int, int], None] | None = None
) -> int:
    """The view anew from the log; the number of events read. Inside the caller's transaction."""
    make(connection)
    catch_up(connection, progress)
    return version_at(connection)[1]


def _log(connection: sqlite3.Connection, after: int) -> Iterator[tuple[int, bytes]]:
    while True:
        rows = connection.execute(
            "SELECT position, state FROM stored_events WHERE position > ? ORDER BY position "
            "LIMIT ?",
            (after, _LOAD),
        ).fetchall()
        if not rows:
            return
        after = rows[-1][0]
        yield from rows


def apply(
    connection: sqlite3.Connection, envelope: Body, changing: planes.Changing | None = None
) -> None:
    """Take one event of the log into the view.

    Of several in one transaction `changing` collects what they do to the planes.
    """
    if changing is None:
        with planes.Changing(connection) as changing:
            apply(connection, envelope, changing)
        return
    cls, body = upcast(envelope["type"], envelope["body"])
    position, platform = envelope["position"], envelope["platform"]
    recorded = parse_stored(envelope["recorded_at"])
    id = envelope["id"]
    if cls.TYPE in DECLARATIONS:
        kind, id = DECLARATIONS[cls.TYPE].KIND, declared_id(id)
        _declare(connection, platform, kind, id, body, position)
    elif cls.TYPE in OF_THE_LOG:
        _withhold(connection, body, position)
    else:
        record = ViewRecord(connection, platform)
        version = version_of(
            cls.TYPE,
            id,
            body,
            position=position,
            known=parse_stored(envelope["known_at"]),
            recorded=recorded,
            earlier=record.version,
        )
        _take(connection, platform, envelope["stream"], version, record, changing)
    texts = search.texts(id, cls.TYPE, body, disclosed(body, connection))
    search.index(connection, platform, position, texts)
    connection.execute(
        "INSERT INTO view_moment VALUES (?, ?) "
        "ON CONFLICT DO UPDATE SET position = excluded.position",
        (recorded, position),
    )
    connection.execute("UPDATE view_state SET position = ?", (position,))


def declared_id(identity: str) -> str:
    """The id that a declaration is about, from its id in the envelope: `service:aws:2`."""
    return identity.split(":")[1]


def _declare(
    connection: sqlite3.Connection,
    platform: str,
    kind: str,
    id: str,
    body: Body,
    position: int,
) -> None:
    earlier = connection.execute(
        "SELECT position, count FROM view_declaration "
        "WHERE platform = ? AND kind = ? AND id = ? ORDER BY position DESC LIMIT 1",
        (platform, kind, id),
    ).fetchone()
    if earlier is not None:
        connection.execute(
            "UPDATE view_declaration SET until = ? WHERE position = ?", (position, earlier[0])
        )
    elif kind == "service":
        planes.declare(connection, platform, id, position)
    requires = body.get("requires")
    connection.execute(
        "INSERT INTO view_declaration VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            position,
            platform,
            kind,
            id,
            END,
            1 if earlier is None else earlier[1] + 1,
            body.get("name"),
            body.get("zone") or body.get("provider"),
            None if requires is None else json.dumps(requires),
        ),
    )
    if requires is not None:
        _parts(connection, platform, id, requires)


def _withhold(connection: sqlite3.Connection, body: Body, position: int) -> None:
    """Take the words out of the index, and keep where it says why they are gone."""
    place, field = body["position"], body["field"]
    row = connection.execute(
        "SELECT state FROM stored_events WHERE position = ?", (place,)
    ).fetchone()
    envelope = json.loads(row[0])
    digest = digest_in({**envelope["body"], RECORDED_BY: envelope[RECORDED_BY]}[field])
    search.forget(connection, place, field)
    connection.execute(
        "INSERT OR IGNORE INTO view_withheld VALUES (?, ?, ?, ?)", (digest, place, field, position)
    )


def _parts(connection: sqlite3.Connection, platform: str, capability: str, requires: Any) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO view_part VALUES (?, ?, ?)",
        [(platform, capability, part) for part in formulas.ids(formulas.parse(requires))],
    )


def _take(
    connection: sqlite3.Connection,
    platform: str,
    stream: str,
    version: Version,
    record: ViewRecord,
    changing: planes.Changing,
) -> None:
    at = version.at or (None, None)
    effective = version.effective or (None, None)
    formula = None if version.formula is None else formulas.document(version.formula)
    connection.execute(
        f"INSERT INTO view_version VALUES ({', '.join('?' * 18)})",  # noqa: S608
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
        ),
    )
    if version.type == RETRACTED:
        connection.execute(
            "INSERT OR IGNORE INTO view_retraction VALUES (?, ?, ?)",
            (platform, version.subjects[0], version.fact),
        )
    else:
        connection.executemany(
            "INSERT OR IGNORE INTO view_subject VALUES (?, ?, ?)",
            [(platform, subject, version.fact) for subject in version.subjects],
        )
    if version.capability is not None and formula is not None:
        _parts(connection, platform, version.capability, formula)
    affected = _affected(version.fact, record)
    for fact in affected:
        _reign(connection, platform, fact, version.position, record)
    changing.add(platform, affected, version.position)


def _affected(fact: str, record: ViewRecord) -> list[str]:
    """The fact whose words have changed, and those that it takes back, and so on."""
    found: dict[str, None] = {}
    pending = [fact]
    while pending:
        here = pending.pop()
        if here in found:
            continue
        found[here] = None
        for version in record.versions(here):
            if version.type == RETRACTED:
                target = record.version(version.subjects[0])
                if target is not None:
                    pending.append(target.fact)
    return list(found)


def _reign(
    connection: sqlite3.Connection, platform: str, fact: str, position: int, record: ViewRecord
) -> None:
    """Close the reigns that ended with this position, and open those that began."""
    now = {(start, until, v.position) for start, until, v in reigns(record, fact)}
    rows = connection.execute(
        "SELECT known_from, known_to, version, position_from FROM view_reign "
        # the + keeps the planner off the index of all open reigns, which grows with the log
        "WHERE platform = ? AND fact = ? AND +position_to = ?",
        (platform, fact, END),
    ).fetchall()
    for known_from, known_to, version, position_from in rows:
        if (known_from, known_to, version) in now:
            now.discard((known_from, known_to, version))
        else:
            connection.execute(
                "UPDATE view_reign SET position_to = ? WHERE platform = ? AND fact = ? "
                "AND known_from = ? AND position_from = ?",
                (position, platform, fact, known_from, position_from),
            )
    connection.executemany(
        "INSERT INTO view_reign VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (platform, fact, known_from, position, known_to, END, version)
            for known_from, known_to, version in sorted(now)
        ],
    )


class ViewRecord(StoredWords):
    """A platform's record as `decide` asks it: every answer by an index of the view."""

    def _column(self, sql: str, *parameters: Any) -> list[Any]:
        return [row[0] for row in self.connection.execute(sql, (self.platform, *parameters))]

    def declaration(self, kind: str, id: str) -> tuple[int, Body] | None:
        """How often it was declared, and its last body."""
        row = self.connection.execute(
            "SELECT d.count, e.state FROM view_declaration d "
            "JOIN stored_events e ON e.position = d.position "
            "WHERE d.platform = ? AND d.kind = ? AND d.id = ? ORDER BY d.position DESC LIMIT 1",
            (self.platform, kind, id),
        ).fetchone()
        return None if row is None else (row[0], self._body(row[1]))

    def declarations(self, kind: str, id: str) -> list[Body]:
        """The bodies of all its declarations."""
        states = self._column(
            "SELECT e.state FROM view_declaration d JOIN stored_events e "
            "ON e.position = d.position "
            "WHERE d.platform = ? AND d.kind = ? AND d.id = ? ORDER BY d.position",
            kind,
            id,
        )
        return [self._body(state) for state in states]

    def _body(self, state: bytes) -> Body:
        envelope = json.loads(state)
        _, body = upcast(envelope["type"], envelope["body"])
        return disclosed(body, self.connection)

    def event(self, id: str) -> Body | None:
        """The body of the event of that id."""
        row = self.connection.execute(
            "SELECT e.state FROM view_version v JOIN stored_events e ON e.position = v.position "
            "WHERE v.platform = ? AND v.id = ?",
            (self.platform, id),
        ).fetchone()
        return None if row is None else self._body(row[0])

    def entry(self, identity: str) -> Placed | None:
        """The entry that the log calls so."""
        row = self.connection.execute(
            "SELECT position, state FROM stored_events WHERE event_id = ?",
            (f"{self.platform}/{identity}",),
        ).fetchone()
        return None if row is None else placed(self.connection, row[0], row[1])

    def stream(self, id: str) -> str:
        """The stream that holds the event of that id."""
        found = self._column("SELECT stream FROM view_version WHERE platform = ? AND id = ?", id)
        return str(found[0])

    def about(self, fact: str) -> Iterable[str]:
        """The facts of which some version speaks of that fact."""
        return self._column(
            "SELECT fact FROM view_subject WHERE platform = ? AND subject = ?", fact
        )

    def parts(self, capability: str) -> Iterable[str]:
        """Every id that any formula ever recorded of that capability names."""
        return self._column(
            "SELECT part FROM view_part WHERE platform = ? AND capability = ?", capability
        )


def placed(connection: sqlite3.Connection, position: int, state: bytes) -> Placed:
    """The entry of a stored state."""
    envelope = json.loads(state)
    cls, body = upcast(envelope["type"], envelope["body"])
    by = envelope[RECORDED_BY]
    held = connection.execute("SELECT field FROM disclosures WHERE position = ?", (position,))
    return Placed(
        position,
        cls.TYPE,
        body if by is None else {**body, RECORDED_BY: by},
        frozenset(row[0] for row in held),
    )


def rows(connection: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the view, by table: what a rebuild must give again."""
    columns = dict.fromkeys((*TABLES, *planes.SCHEMA), "*")
    columns["view_service"] = "key, platform, id, tiles"  # the rest are bounds, that may be wider
    return {
        name: sorted(
            (tuple(row) for row in connection.execute(f"SELECT {these} FROM {name}")),  # noqa: S608
            key=repr,
        )
        for name, these in columns.items()
    }
