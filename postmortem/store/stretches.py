"""The stretches of a service in their table: cut anew out of its effects, or changed.

How they are asked, `store.standing` says.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from postmortem.core import stretches
from postmortem.core.effects import Effect, Entry
from postmortem.core.stretches import NOTHING, AtOnce, Stretch, Tally, bounds_of
from postmortem.core.times import BEGINNING, END, Instant

MOST_ENTRIES = stretches.MOST_ENTRIES
EFFECT: Final = "time_from, time_to, known_from, known_to, id, worst, best, noticed, contested"
_INSERT: Final = "INSERT INTO view_stretch VALUES (?, ?, ?, ?, ?, ?)"


def cut_anew(connection: sqlite3.Connection, service: int) -> None:
    """All stretches of a service, from all its effects."""
    connection.execute("DELETE FROM view_stretch WHERE service = ?", (service,))
    pending = stretches.cut(_effects(connection, service), most=MOST_ENTRIES)
    first = list(islice(pending, 2))
    if first == [NOTHING]:  # of which no row is kept
        return
    found = chain(first, pending)
    connection.executemany(_INSERT, (stretch_row(service, each) for each in found))


def _effects(
    connection: sqlite3.Connection, service: int, low: Instant = BEGINNING, high: Instant = END
) -> Iterator[Effect]:
    """The effects on a service that overlap `[low, high)`, by ascending start.

    SQLite sorts them, on disk where they are many.
    """
    rows = connection.execute(
        f"SELECT {EFFECT} FROM view_effect INDEXED BY view_effect_by_reach "  # noqa: S608
        "WHERE service = ? AND time_from < ? AND time_to > ? ORDER BY time_from",
        (service, high, low),
    )
    return map(effect_from, rows)


def effect_from(row: Sequence[Any]) -> Effect:
    """The effect in a row of `EFFECT`; whose service it is, the caller knows."""
    time_from, time_to, known_from, known_to, id, worst, best, noticed, contested = row
    entry = Entry(id, worst, best, bool(noticed), bool(contested))
    return Effect("", time_from, time_to, known_from, known_to, entry)


def change(
    connection: sqlite3.Connection,
    service: int,
    changes: Sequence[tuple[Iterable[Effect], Iterable[Effect]]],
) -> None:
    """Change the stretches of a service: effects of one disruption each that went, and that came.

    What came is in the table of effects already, and what went is not there any more.
    """
    for number, (gone, come) in enumerate(changes):
        low, high = _hull(gone, come)
        if _change(connection, service, low, high, gone, come):
            continue
        for others in changes[number + 1 :]:
            first, last = _hull(*others)
            low, high = min(low, first), max(high, last)
        _change(connection, service, low, high)
        return


def _hull(gone: Iterable[Effect], come: Iterable[Effect]) -> tuple[Instant, Instant]:
    both = [*gone, *come]
    return min(e.time_from for e in both), max(e.time_to for e in both)


def _change(
    connection: sqlite3.Connection,
    service: int,
    low: Instant,
    high: Instant,
    gone: Iterable[Effect] | None = None,
    come: Iterable[Effect] = (),
) -> bool:
    """Bring `[low, high)` to what it is with that change, or to what the effects make it.

    False, and nothing is done, where the one cannot be told without the other.
    """
    rows = connection.execute(_OVERLAPPING, (service, low, high)).fetchall()
    stood = [stretch_from(row) for row in rows]
    found = stood or [NOTHING]
    # the one before and the one behind are there since they may become one with what changes
    before = [each for each in found if each.time_from < low]
    old = [each for each in found if low <= each.time_from < high]
    if not old or old[0].time_from > low:
        old = before + old
    if gone is None:
        effects = _effects(connection, service, low, high)
        new = [*stretches.cut(effects, low, high, MOST_ENTRIES)]
    elif (told := stretches.changed(old, gone, come, low, high, MOST_ENTRIES)) is None:
        return False
    else:
        new = told
    behind = [] if high == END else [found[-1]._replace(time_from=high)]
    merged: list[Stretch] = []
    for each in (*before, *new, *behind):
        if not merged or merged[-1][1:] != each[1:]:
            merged.append(each)
    if merged == [NOTHING]:  # of which no row is kept
        merged = []
    there = {stretch.time_from for stretch in merged}
    connection.executemany(
        "DELETE FROM view_stretch WHERE service = ? AND time_from = ?",
        [(service, each.time_from) for each in stood if each.time_from not in there],
    )
    connection.executemany(
        f"{_INSERT} ON CONFLICT DO UPDATE SET settled = excluded.settled, "
        "worst = excluded.worst, best = excluded.best, at_once = excluded.at_once",
        [stretch_row(service, each) for each in set(merged) - set(stood)],
    )
    return True


_OVERLAPPING: Final = """
    SELECT time_from, settled, at_once FROM view_stretch
    WHERE service = ?1 AND time_from <= ?3 AND time_from >= coalesce((
        SELECT max(time_from) FROM view_stretch WHERE service = ?1 AND time_from < ?2), ?2)
    ORDER BY time_from"""


def stretch_row(service: int, stretch: Stretch) -> tuple[int | str, ...]:
    """The stretch as the table holds it."""
    time_from, settled, at_once = stretch
    if not at_once:
        return service, time_from, settled, 2, 2, "[]"
    worst, best = bounds_of(at_once)
    return service, time_from, settled, int(worst), int(best), _written(at_once)


def _written(at_once: AtOnce) -> str:
    """As JSON, written by hand: there is more than one for every event."""
    parts = map(str, at_once) if isinstance(at_once, Tally) else map(_entry, at_once)
    return "[" + ",".join(parts) + "]"


def _entry(entry: Entry) -> str:
    id, worst, best, noticed, contested = entry
    told = f"{'true' if noticed else 'false'},{'true' if contested else 'false'}"
    return f"[{encode_basestring_ascii(id)},{worst},{best},{told}]"


def stretch_from(row: Sequence[Any]) -> Stretch:
    """The stretch in a row of: from when, settled, at once."""
    time_from, settled, written = row
    found = json.loads(written)
    if found and isinstance(found[0], int):
        return Stretch(time_from, settled, Tally(*found))
    return Stretch(time_from, settled, tuple(Entry(*each) for each in found))
