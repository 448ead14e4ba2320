"""What every service does over all T and K, kept as tiles that an index finds: `core.plane`.

They are those of R without limit; at an earlier R, `touched` says of which disruptions something
was recorded since. How a tile is found, `store.standing` says.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from postmortem.core.effects import OPENING, STEPS, Effect, Entry, Reign, cluster, effects
from postmortem.core.history import ANNOUNCED, CLAIMED, Version
from postmortem.core.plane import WHOLE, Stroke, Tile, repaint, strokes, tiles
from postmortem.core.times import BEGINNING, END, Instant
from postmortem.store.nodes import level_of, node_of, path_to
from postmortem.store.view import VERSION_COLUMNS, version_from

SCHEMA: Final = {
    "view_service": """CREATE TABLE view_service (
        -- the position of its first declaration; the last K at which something changes but for
        -- ever; `levels`: how many zeros the nodes of its tiles end with, as bits; `crowded`: too
        -- many disruptions at once for tiles
        key INTEGER PRIMARY KEY, platform TEXT NOT NULL, id TEXT NOT NULL,
        known INTEGER NOT NULL, levels INTEGER NOT NULL, crowded INTEGER NOT NULL,
        tiles INTEGER NOT NULL, UNIQUE (platform, id)
    ) STRICT""",
    "view_disruption": """CREATE TABLE view_disruption (
        -- the last position of anything that has made a difference to it; `key` is the position of
        -- its first version; the service is one that some version of it names
        service INTEGER NOT NULL, key INTEGER NOT NULL, id TEXT NOT NULL, touched INTEGER NOT NULL,
        PRIMARY KEY (service, key)
    ) STRICT, WITHOUT ROWID""",
    "view_effect": """CREATE TABLE view_effect (
        -- `core.effects.Effect`; a disruption is named by the position of its first version
        disruption INTEGER NOT NULL, service INTEGER NOT NULL,
        time_from INTEGER NOT NULL, known_from INTEGER NOT NULL,
        time_to INTEGER NOT NULL, known_to INTEGER NOT NULL,
        worst INTEGER NOT NULL, best INTEGER NOT NULL,
        noticed INTEGER NOT NULL, contested INTEGER NOT NULL, id TEXT NOT NULL,
        PRIMARY KEY (disruption, service, time_from, known_from)
    ) STRICT, WITHOUT ROWID""",
    "view_tile": """CREATE TABLE view_tile (
        service INTEGER NOT NULL, time_from INTEGER NOT NULL, known_from INTEGER NOT NULL,
        time_to INTEGER NOT NULL, known_to INTEGER NOT NULL, node INTEGER NOT NULL,
        worst INTEGER NOT NULL, best INTEGER NOT NULL, entries TEXT NOT NULL,
        PRIMARY KEY (service, time_from, known_from)
    ) STRICT, WITHOUT ROWID""",
}
INDEXES: Final = (
    "CREATE INDEX view_disruption_touched ON view_disruption (service, touched)",
    "CREATE INDEX view_tile_by_node ON view_tile (service, node, time_from)",
    "CREATE INDEX view_tile_by_known ON view_tile (service, known_from)",
    "CREATE INDEX view_version_of_capability ON view_version (platform, capability) "
    "WHERE capability IS NOT NULL",
)
_TILE: Final = "time_from, time_to, known_from, known_to, entries"
MOST_ENTRIES: Final = 64
"""More disruptions than these at once are not kept as tiles: those grow with their product."""
_TILES_FOR_ONE: Final = 40
_TILES_FREE: Final = 4096
_MOST_PENDING: Final = 50_000
"""So many disruptions are kept in memory at most."""
_FEW: Final = 16
"""So many are painted into a plane one by one; for more of them it is cut anew."""


# --- what the effects are found from --------------------------------------------------------------

_COLUMNS: Final = ", ".join(f"v.{name.strip()}" for name in VERSION_COLUMNS.split(","))


class StoredFacts:
    """`core.effects.Facts` out of the view's tables."""

    def __init__(self, connection: sqlite3.Connection, platform: str) -> None:
        self.connection = connection
        self.platform = platform

    def reigns(self, fact: str) -> Sequence[Reign]:
        """Which version of the fact stands for which K, as all that is recorded now."""
        rows = self.connection.execute(
            f"SELECT r.known_from, r.known_to, {_COLUMNS} FROM view_reign r "  # noqa: S608
            "JOIN view_version v ON v.position = r.version "
            # the + keeps the planner off the index of all open reigns, which grows with the log
            "WHERE r.platform = ? AND r.fact = ? AND +r.position_to = ? ORDER BY r.known_from",
            (self.platform, fact, END),
        )
        return [(row[0], row[1], version_from(row[2:])) for row in rows]

    def speakers(self, fact: str) -> list[str]:
        """The facts of which some version speaks of that fact."""
        rows = self.connection.execute(
            "SELECT fact FROM view_subject WHERE platform = ? AND subject = ?",
            (self.platform, fact),
        )
        return [row[0] for row in rows]

    def versions(self, fact: str) -> list[Version]:
        """All versions of a fact."""
        rows = self.connection.execute(
            f"SELECT {_COLUMNS} FROM view_version v WHERE v.platform = ? AND v.fact = ?",  # noqa: S608
            (self.platform, fact),
        )
        return [version_from(row) for row in rows]


def moved(facts: StoredFacts, changed: Iterable[str]) -> list[str]:
    """The disruptions whose effects may be others, now that these facts' last words are."""
    found: dict[str, None] = {}
    for fact in changed:
        versions = facts.versions(fact)
        kind = versions[0].type
        if kind in OPENING:
            found[fact] = None
        if kind == ANNOUNCED:  # its effect is the default of a cut-off that confirms it
            found |= dict.fromkeys(facts.speakers(fact))
        if kind in STEPS or kind == CLAIMED:
            subjects = {subject for version in versions for subject in version.subjects}
            found |= dict.fromkeys(sorted(subjects))
            if kind == CLAIMED:  # of the time of a step
                for subject in sorted(subjects):
                    for version in facts.versions(subject):
                        found |= dict.fromkeys(version.subjects)
    return list(found)


# --- keeping them ---------------------------------------------------------------------------------


class Changing:
    """What a transaction does to the planes, brought in at its end: each disruption once.

    A context: what is still to be done is done where it ends without an error.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._pending: dict[tuple[str, int], str] = {}

    def __enter__(self) -> Changing:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.finish()

    def add(self, platform: str, changed: Iterable[str], position: int) -> None:
        """These facts have other last words since that position of the log."""
        facts = StoredFacts(self.connection, platform)
        for disruption in moved(facts, changed):
            rows = self.connection.execute(
                "SELECT v.position, v.type, s.key FROM view_version v "
                "JOIN view_service s ON s.platform = v.platform AND s.id = v.service "
                "WHERE v.platform = ? AND v.fact = ? ORDER BY v.position",
                (platform, disruption),
            ).fetchall()
            if not rows or rows[0][1] not in OPENING:
                continue
            key: int = rows[0][0]
            self.connection.executemany(
                "INSERT INTO view_disruption VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET touched = excluded.touched",
                [(service, key, disruption, position) for service in {row[2] for row in rows}],
            )
            self._pending[platform, key] = disruption
        if len(self._pending) >= _MOST_PENDING:
            self.finish()

    def finish(self) -> None:
        """Bring it all in. In the caller's transaction."""
        changed: dict[int, list[tuple[set[Effect], set[Effect]]]] = defaultdict(list)
        for (platform, key), disruption in self._pending.items():
            for service, gone, come in _refresh(self.connection, platform, key, disruption):
                changed[service].append((gone, come))
        self._pending.clear()
        for service, several in sorted(changed.items()):
            if len(several) < _FEW or len(several) < self._disruptions(service) // 50:
                for gone, come in several:
                    _repaint(self.connection, service, strokes(gone, come))
            else:
                _cut_anew(self.connection, service)

    def _disruptions(self, service: int) -> int:
        return int(
            self.connection.execute(
                "SELECT count(*) FROM view_disruption WHERE service = ?", (service,)
            ).fetchone()[0]
        )


def _refresh(
    connection: sqlite3.Connection, platform: str, key: int, disruption: str
) -> list[tuple[int, set[Effect], set[Effect]]]:
    """Bring its effects to where its last words are: by service, what went and what came."""
    new: dict[int, set[Effect]] = defaultdict(set)
    keys: dict[str, int] = {}
    for effect in effects(disruption, cluster(StoredFacts(connection, platform), disruption)):
        if effect.service not in keys:
            keys[effect.service] = service_key(connection, platform, effect.service)
        new[keys[effect.service]].add(effect._replace(service=""))
    old: dict[int, set[Effect]] = defaultdict(set)
    for service, *row in connection.execute(
        f"SELECT service, {_EFFECT} FROM view_effect e WHERE disruption = ?",  # noqa: S608
        (key,),
    ):
        old[service].add(_effect_from(row))
    found = []
    for service in sorted({*old, *new}):
        gone, come = old[service] - new[service], new[service] - old[service]
        if not gone and not come:
            continue
        connection.executemany(
            "DELETE FROM view_effect WHERE disruption = ? AND service = ? AND time_from = ? "
            "AND known_from = ?",
            [(key, service, each.time_from, each.known_from) for each in gone],
        )
        connection.executemany(
            "INSERT INTO view_effect VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_effect_row(key, service, each) for each in sorted(come)],
        )
        found.append((service, gone, come))
    return found


_EFFECT: Final = "time_from, time_to, known_from, known_to, e.id, worst, best, noticed, contested"


def _effect_from(row: Sequence[Any]) -> Effect:
    time_from, time_to, known_from, known_to, id, worst, best, noticed, contested = row
    entry = Entry(id, worst, best, bool(noticed), bool(contested))
    return Effect("", time_from, time_to, known_from, known_to, entry)


def _cut_anew(connection: sqlite3.Connection, service: int) -> None:
    """All tiles of a service, from all its effects."""
    crowded = connection.execute(
        "SELECT crowded FROM view_service WHERE key = ?", (service,)
    ).fetchone()[0]
    if crowded:
        return
    connection.execute("DELETE FROM view_tile WHERE service = ?", (service,))
    rows = connection.execute(
        f"SELECT {_EFFECT} FROM view_disruption d CROSS JOIN view_effect e "  # noqa: S608
        "ON e.disruption = d.key AND e.service = d.service WHERE d.service = ?",
        (service,),
    )
    cut = sorted(tiles(map(_effect_from, rows)))
    cut = [] if cut == [WHOLE] else cut
    if _is_crowded(connection, service, cut, len(cut)):
        crowd(connection, service)
        return
    _keep(connection, service, cut, BEGINNING, 0, len(cut))


def _effect_row(disruption: int, service: int, effect: Effect) -> tuple[int | str, ...]:
    id, worst, best, noticed, contested = effect.entry
    _, time_from, time_to, known_from, known_to, _ = effect
    return (disruption, service, time_from, known_from, time_to, known_to, worst, best,
            noticed, contested, id)  # fmt: skip


def service_key(connection: sqlite3.Connection, platform: str, service: str) -> int:
    """By what number the tables call a service."""
    row = connection.execute(
        "SELECT key FROM view_service WHERE platform = ? AND id = ?", (platform, service)
    ).fetchone()
    return int(row[0])


def declare(connection: sqlite3.Connection, platform: str, service: str, position: int) -> None:
    """Take in a service that is declared for the first time."""
    connection.execute(
        "INSERT OR IGNORE INTO view_service VALUES (?, ?, ?, ?, 0, 0, 0)",
        (position, platform, service, BEGINNING),
    )


def _repaint(connection: sqlite3.Connection, service: int, painted: Sequence[Stroke]) -> None:
    known, levels, crowded, count = connection.execute(
        "SELECT known, levels, crowded, tiles FROM view_service WHERE key = ?", (service,)
    ).fetchone()
    if crowded:
        return
    for stroke in painted:
        near = _near(connection, service, stroke, known, levels) or [WHOLE]
        gone, come = repaint(near, stroke)
        connection.executemany(
            "DELETE FROM view_tile WHERE service = ? AND time_from = ? AND known_from = ?",
            [(service, tile.time_from, tile.known_from) for tile in gone],
        )
        # a plane of which nothing was kept yet was one tile
        count = max(count, 1) + len(come) - len(gone)
        if count == 1:
            come, count = [], 0
        if _is_crowded(connection, service, come, count):
            crowd(connection, service)
            return
        known, levels = _keep(connection, service, come, known, levels, count)


def _keep(
    connection: sqlite3.Connection,
    service: int,
    come: Sequence[Tile],
    known: Instant,
    levels: int,
    count: int,
) -> tuple[Instant, int]:
    """Put tiles into the table; up to which K something ends now, and on which levels nodes are."""
    rows = [tile_row(service, tile) for tile in come]
    connection.executemany("INSERT INTO view_tile VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    for tile, row in zip(come, rows, strict=True):
        levels |= level_of(int(row[5]))
        if tile.known_to != END:
            known = max(known, tile.known_to)
    connection.execute(
        "UPDATE view_service SET known = ?, levels = ?, tiles = ? WHERE key = ?",
        (known, levels, count, service),
    )
    return known, levels


def _is_crowded(
    connection: sqlite3.Connection, service: int, come: Sequence[Tile], count: int
) -> bool:
    if any(len(tile.entries) > MOST_ENTRIES for tile in come):
        return True
    if count <= _TILES_FREE:
        return False
    disruptions = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM view_disruption WHERE service = ? LIMIT ?)",
        (service, count // _TILES_FOR_ONE + 1),
    ).fetchone()[0]
    return bool(disruptions * _TILES_FOR_ONE < count)


def crowd(connection: sqlite3.Connection, service: int) -> None:
    """Give up the tiles of a service: what it does is read from its effects from now on."""
    connection.execute("DELETE FROM view_tile WHERE service = ?", (service,))
    connection.execute(
        "UPDATE view_service SET crowded = 1, tiles = 0, levels = 0, known = ? WHERE key = ?",
        (BEGINNING, service),
    )


def tile_row(service: int, tile: Tile) -> tuple[int | str, ...]:
    """The tile as the table holds it."""
    worst, best = tile.bounds
    time_from, time_to, known_from, known_to, entries = tile
    text = "[]" if not entries else json.dumps(entries, separators=(",", ":"))
    return (service, time_from, known_from, time_to, known_to, node_of(known_from, known_to),
            int(worst), int(best), text)  # fmt: skip


def tile_from(row: Sequence[Any]) -> Tile:
    """The tile in a row of `_TILE`."""
    time_from, time_to, known_from, known_to, entries = row
    found = tuple(Entry(*each) for each in json.loads(entries))
    return Tile(time_from, time_to, known_from, known_to, found)


def _near(
    connection: sqlite3.Connection, service: int, stroke: Stroke, known: Instant, levels: int
) -> list[Tile]:
    """The tiles that overlap or touch a stroke."""
    low, high, first = stroke.time_from, stroke.time_to, stroke.known_from
    nodes = [END] if first > known else {*path_to(first, levels), *path_to(first - 1, levels)}
    found = {
        (row[0], row[2]): row
        for node in nodes
        for row in connection.execute(
            f"SELECT {_TILE} FROM view_tile WHERE service = :service AND node = :node "  # noqa: S608
            "AND time_from >= coalesce((SELECT max(time_from) FROM view_tile "
            "WHERE service = :service AND node = :node AND time_from < :low), :low) "
            "AND time_from <= :high AND time_to >= :low "
            "AND known_from <= :last AND known_to >= :first",
            {"service": service, "node": node, "low": low, "high": high, "first": first,
             "last": stroke.known_to},
        )
    }  # fmt: skip
    if first <= known:
        rows = connection.execute(
            f"SELECT {_TILE} FROM view_tile INDEXED BY view_tile_by_known "  # noqa: S608
            "WHERE service = ? AND known_from > ? AND known_from <= ? "
            "AND time_from <= ? AND time_to >= ?",
            (service, first, stroke.known_to, high, low),
        )
        found |= {(row[0], row[2]): row for row in rows}
    return [tile_from(row) for row in found.values()]
