"""What every service does over all T and K, kept as tiles that an index finds: `core.plane`.

They are those of R without limit; at an earlier R, `touched` says of which disruptions something
was recorded since. How a tile is found, `store.standing` says.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from json.encoder import encode_basestring_ascii
from typing import Any, Final, Protocol, TypeAlias

from postmortem.core.effects import OPENING, STEPS, Effect, Entry, Facts, cluster, effects
from postmortem.core.history import ANNOUNCED, CLAIMED, Version
from postmortem.core.levels import Level
from postmortem.core.plane import WHOLE, Change, Entries, Stroke, Tile, cut, repaint, strokes
from postmortem.core.times import BEGINNING, END, Instant
from postmortem.store.nodes import level_of, node_of, path_to

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
Painted: TypeAlias = tuple[AbstractSet[Effect], AbstractSet[Effect]]
"""What went of the effects of a disruption on a service, and what came."""
_TILE: Final = "time_from, time_to, known_from, known_to, entries"
MOST_ENTRIES: Final = 64
"""More disruptions than these at once are not kept as tiles: those grow with their product."""
_TILES_FOR_ONE: Final = 40
_TILES_FREE: Final = 4096
_MOST_PAINTED: Final = 100
"""So many changes of one plane are kept in memory at most."""
_AT_ONCE: Final = 500
"""Of so many disruptions the effects are read by one statement."""
_CUT_AT_ONCE: Final = 2000
"""So many tiles go into the table together."""
_DEARER: Final = 2
"""To paint one into a plane that is there takes as long as so many when it is cut anew."""


# --- which disruptions are meant ------------------------------------------------------------------


class Told(Facts, Protocol):
    """`core.effects.Facts`, and all versions of a fact."""

    def versions(self, fact: str) -> Sequence[Version]:
        """All versions of a fact."""
        ...


def moved(facts: Told, changed: Iterable[str]) -> list[str]:
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
            subjects = dict.fromkeys(s for version in versions for s in version.subjects)
            found |= subjects
            if kind == CLAIMED:  # of the time of a step
                for subject in subjects:
                    for version in facts.versions(subject):
                        found |= dict.fromkeys(version.subjects)
    return list(found)


# --- keeping them ---------------------------------------------------------------------------------


class Planes:
    """What a write does to the planes: to effects a batch at a time, to tiles at its end."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._keys: dict[tuple[str, str], int] = {}
        self._touched: dict[tuple[str, str], tuple[Told, int]] = {}
        self._settled: int | None = None
        self._changed: dict[int, list[Painted] | None] = {}
        """By service what is to be repainted; None: so much that its plane is cut anew."""

    def declare(self, platform: str, service: str, position: int) -> None:
        """Take in a service that is declared for the first time."""
        self.connection.execute(
            "INSERT OR IGNORE INTO view_service VALUES (?, ?, ?, ?, 0, 0, 0)",
            (position, platform, service, BEGINNING),
        )

    def change(self, platform: str, facts: Told, changed: Iterable[str], position: int) -> None:
        """These facts have other last words since that position of the log."""
        if self._settled is None:
            self._settled = position - 1
        for disruption in moved(facts, changed):
            self._touched[platform, disruption] = facts, position

    def settle(self) -> None:
        """Bring the effects of all disruptions that were touched to where their last words are."""
        touched, self._touched = self._touched, {}
        before, self._settled = self._settled, None
        rows: dict[tuple[int, int], tuple[int, int, str, int]] = {}
        new: dict[int, dict[int, set[Effect]]] = {}
        old: dict[int, dict[int, set[Effect]]] = {}
        for (platform, disruption), (facts, position) in touched.items():
            versions = facts.versions(disruption)
            if not versions or versions[0].type not in OPENING:
                continue
            key = min(version.position for version in versions)
            for version in versions:
                assert version.service is not None
                service = self._service(platform, version.service)
                rows[service, key] = (service, key, disruption, position)
            found: dict[int, set[Effect]] = defaultdict(set)
            for effect in effects(disruption, cluster(facts, disruption)):
                found[self._service(platform, effect.service)].add(effect._replace(service=""))
            new[key] = found
            if before is not None and key <= before:
                old[key] = defaultdict(set)
        self._read(old)
        self.connection.executemany(_DISRUPTION, rows.values())
        gone_rows: list[tuple[int, int, Instant, Instant]] = []
        come_rows: list[tuple[int | str, ...]] = []
        for key, found in new.items():
            there = old.get(key, {})
            for service in {*there, *found}:
                was, is_now = there.get(service, _NONE), found.get(service, _NONE)
                gone, come = was - is_now, is_now - was
                if gone or come:
                    gone_rows += [(key, service, e.time_from, e.known_from) for e in gone]
                    come_rows += [_effect_row(key, service, e) for e in come]
                    self._paint(service, (gone, come))
        self.connection.executemany(_NO_EFFECT, gone_rows)
        self.connection.executemany(_NEW_EFFECT, sorted(come_rows))

    def _read(self, old: dict[int, dict[int, set[Effect]]]) -> None:
        """The effects that the tables hold of those disruptions."""
        pending = iter(old)
        while some := list(islice(pending, _AT_ONCE)):
            marks = ",".join("?" * len(some))
            for key, service, *row in self.connection.execute(
                f"SELECT disruption, service, {_EFFECT} FROM view_effect e "  # noqa: S608
                f"WHERE disruption IN ({marks})",
                some,
            ):
                old[key][service].add(_effect_from(row))

    def _paint(self, service: int, painted: Painted) -> None:
        several = self._changed.setdefault(service, [])
        if several is not None:
            several.append(painted)
            if len(several) > _MOST_PAINTED:
                self._changed[service] = None

    def _service(self, platform: str, service: str) -> int:
        """By what number the tables call a service."""
        if (platform, service) not in self._keys:
            row = self.connection.execute(
                "SELECT key FROM view_service WHERE platform = ? AND id = ?", (platform, service)
            ).fetchone()
            self._keys[platform, service] = int(row[0])
        return self._keys[platform, service]

    def finish(self) -> None:
        """Bring the tiles to where the effects are. In the caller's transaction."""
        changed, self._changed = self._changed, {}
        for service, several in sorted(changed.items()):
            if several is not None and self._has_more(service, len(several) * _DEARER):
                for gone, come in several:
                    _repaint(self.connection, service, strokes(gone, come))
            else:
                _cut_anew(self.connection, service)

    def _has_more(self, service: int, count: int) -> bool:
        """Whether the service has more than so many disruptions."""
        row = self.connection.execute(
            "SELECT 1 FROM view_disruption WHERE service = ? LIMIT 1 OFFSET ?", (service, count)
        ).fetchone()
        return row is not None


_NONE: Final[frozenset[Effect]] = frozenset()
_DISRUPTION: Final = (
    "INSERT INTO view_disruption VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET touched = excluded.touched"
)
_NO_EFFECT: Final = (
    "DELETE FROM view_effect WHERE disruption = ? AND service = ? AND time_from = ? "
    "AND known_from = ?"
)
_NEW_EFFECT: Final = "INSERT INTO view_effect VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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
    known, levels, count = BEGINNING, 0, 0
    pending = cut(_changes(connection, service))
    while some := sorted(islice(pending, _CUT_AT_ONCE)):
        count += len(some)
        if _is_crowded(connection, service, some, count):
            crowd(connection, service)
            return
        known, levels = _insert(connection, service, some, known, levels)
    if count == 1:  # the whole plane, of which nothing is kept
        connection.execute("DELETE FROM view_tile WHERE service = ?", (service,))
        known, levels, count = BEGINNING, 0, 0
    connection.execute(_KEPT, (known, levels, count, service))


def _changes(connection: sqlite3.Connection, service: int) -> Iterator[Change]:
    """All that begins and ends with the effects on a service, by K: `core.plane.changes`.

    SQLite counts and sorts them, on disk where they are many.
    """
    effects = (
        "SELECT {known} AS known, time_from, time_to, e.id AS id, worst, best, noticed, contested, "
        "{sign} AS sign FROM view_disruption d CROSS JOIN view_effect e "
        "ON e.disruption = d.key AND e.service = d.service WHERE d.service = :service "
    )
    begins = effects.format(known="known_from", sign=1)
    ends = effects.format(known="known_to", sign=-1) + "AND known_to <> :end"
    what = "known, time_from, time_to, id, worst, best, noticed, contested"
    rows = connection.execute(
        f"SELECT {what}, sum(sign) AS sign FROM ({begins} UNION ALL {ends}) "  # noqa: S608
        f"GROUP BY {what} HAVING sum(sign) <> 0 ORDER BY {what}",
        {"service": service, "end": END},
    )
    for known, time_from, time_to, id, worst, best, noticed, contested, sign in rows:
        entry = Entry(id, worst, best, bool(noticed), bool(contested))
        yield Change(known, time_from, time_to, entry, sign > 0)


def _effect_row(disruption: int, service: int, effect: Effect) -> tuple[int | str, ...]:
    id, worst, best, noticed, contested = effect.entry
    _, time_from, time_to, known_from, known_to, _ = effect
    return (disruption, service, time_from, known_from, time_to, known_to, worst, best,
            noticed, contested, id)  # fmt: skip


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
        known, levels = _insert(connection, service, come, known, levels)
        connection.execute(_KEPT, (known, levels, count, service))


def _insert(
    connection: sqlite3.Connection,
    service: int,
    come: Sequence[Tile],
    known: Instant,
    levels: int,
) -> tuple[Instant, int]:
    """Put tiles into the table; up to which K something ends now, and on which levels nodes are."""
    rows = [tile_row(service, tile) for tile in come]
    connection.executemany("INSERT INTO view_tile VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    for tile, row in zip(come, rows, strict=True):
        levels |= level_of(int(row[5]))
        if tile.known_to != END:
            known = max(known, tile.known_to)
    return known, levels


_KEPT: Final = "UPDATE view_service SET known = ?, levels = ?, tiles = ? WHERE key = ?"


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
    time_from, time_to, known_from, known_to, entries = tile
    worst = best = _WORKS
    text = "[]"
    if entries:
        worst, best = map(int, tile.bounds)
        text = _written(entries)
    return (service, time_from, known_from, time_to, known_to, node_of(known_from, known_to),
            worst, best, text)  # fmt: skip


_WORKS: Final = int(Level.OPERATIONAL)


def _written(entries: Entries) -> str:
    """The entries as JSON, written by hand: there are several for every event."""
    return "[" + ",".join(map(_entry, entries)) + "]"


def _entry(entry: Entry) -> str:
    id, worst, best, noticed, contested = entry
    told = f"{'true' if noticed else 'false'},{'true' if contested else 'false'}"
    return f"[{encode_basestring_ascii(id)},{worst},{best},{told}]"


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
