"""The tiles of a service in their table: cut anew out of its effects, or repainted.

How a tile is found, `store.standing` says.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import islice
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from postmortem.core import plane
from postmortem.core.effects import Entry
from postmortem.core.levels import Level
from postmortem.core.plane import WHOLE, Change, Crowded, Entries, Stroke, Tile
from postmortem.core.times import BEGINNING, END, Instant
from postmortem.store.nodes import level_of, node_of, path_to

_TILE: Final = "time_from, time_to, known_from, known_to, entries"
MOST_ENTRIES: Final = 64
"""More disruptions than these at once are not kept as tiles: those grow with their product."""
_TILES_FOR_ONE: Final = 40
_TILES_FREE: Final = 4096
_CUT_AT_ONCE: Final = 2000
"""So many tiles go into the table together."""


def cut_anew(connection: sqlite3.Connection, service: int) -> None:
    """All tiles of a service, from all its effects."""
    crowded = connection.execute(
        "SELECT crowded FROM view_service WHERE key = ?", (service,)
    ).fetchone()[0]
    if crowded:
        return
    connection.execute("DELETE FROM view_tile WHERE service = ?", (service,))
    known, levels, count = BEGINNING, 0, 0
    pending = plane.cut(_changes(connection, service), MOST_ENTRIES)
    try:
        while some := sorted(islice(pending, _CUT_AT_ONCE)):
            count += len(some)
            if _is_crowded(connection, service, some, count):
                raise Crowded
            known, levels = _insert(connection, service, some, known, levels)
    except Crowded:
        crowd(connection, service)
        return
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


def repaint(connection: sqlite3.Connection, service: int, painted: Sequence[Stroke]) -> None:
    """Change the tiles of a service by those strokes."""
    known, levels, crowded, count = connection.execute(
        "SELECT known, levels, crowded, tiles FROM view_service WHERE key = ?", (service,)
    ).fetchone()
    if crowded:
        return
    for stroke in painted:
        near = _near(connection, service, stroke, known, levels) or [WHOLE]
        gone, come = plane.repaint(near, stroke)
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
