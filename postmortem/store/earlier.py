"""A platform at an earlier R: what was recorded since then is taken back.

A service does at R what it does now, but for the disruptions of which something was recorded since.
Those that began to be told after R are left out; those that were told of before it, and of which
something was recorded after it, are few at any one R, and are worked out from what stood then.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from postmortem.core.disruptions import Disruption, Expected, disruptions
from postmortem.core.effects import entry_at
from postmortem.core.history import CLAIMED, CUT_OFF, Situation
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.times import BEGINNING, Instant
from postmortem.store.reach import span_of
from postmortem.store.view import VERSION_COLUMNS, version_from

_COLUMNS: Final = ", ".join(f"v.{name.strip()}" for name in VERSION_COLUMNS.split(","))
_UNCHANGED: Final = """
    SELECT v.id FROM json_each(?1) n
    CROSS JOIN view_version v ON v.platform = ?2 AND v.id = n.value
    CROSS JOIN view_disruption d ON d.service = ?3 AND d.key = v.position
    WHERE d.touched <= ?4"""
# Told of by R, and something was recorded of it since: found by how far apart both are, as in
# `store.reach`. What certainly had not begun by T, by any version of it and any time claimed, did
# nothing then.
_ACROSS: Final = """
    SELECT key, id FROM view_disruption
    WHERE service = {service} AND span = {span}
    AND key <= ?5 AND key > ?5 - {length} AND touched > ?5"""
_OTHERWISE: Final = """
    SELECT d.key, d.id FROM ({across}) d WHERE
        EXISTS (SELECT 1 FROM view_version v
            WHERE v.platform = ?1 AND v.fact = d.id AND v.at_earliest <= ?3)
        OR EXISTS (SELECT 1 FROM view_subject s
            CROSS JOIN view_version v ON v.platform = ?1 AND v.fact = s.fact
            WHERE s.platform = ?1 AND s.subject = d.id AND v.effective_earliest <= ?3)"""
# Where the stretch is not settled by K, or does not tell its entries, it says nothing.
_LEVEL: Final = """
    SELECT s.key, (SELECT CASE WHEN settled <= ?4 THEN at_once END FROM view_stretch
            WHERE service = s.key AND time_from <= ?3 ORDER BY time_from DESC LIMIT 1),
        (SELECT json_group_object(key, id) FROM ({otherwise}))
    FROM view_service s WHERE s.platform = ?1 AND s.id = ?2 AND s.key <= ?5"""


@lru_cache(16)
def _statements(longest: int) -> tuple[str, str]:
    """Of a service by its key, what was otherwise; and of one by its id, its level as well."""
    otherwise, level = (
        _OTHERWISE.format(
            across=" UNION ALL ".join(
                _ACROSS.format(service=service, span=span, length=1 << span)
                for span in range(0, longest + 1, 3)
            )
        )
        for service in ("?2", "s.key")
    )
    return otherwise, _LEVEL.format(otherwise=level)


# an opening, what speaks of it, the times claimed for any of them, and what a cut-off carries out
_STOOD: Final = f"""
    WITH opening(fact) AS (
        SELECT v.fact FROM json_each(?1) n CROSS JOIN view_version v ON v.position = n.value),
    step(fact) AS (
        SELECT fact FROM opening
        UNION SELECT s.fact FROM opening o
            CROSS JOIN view_subject s ON s.platform = ?2 AND s.subject = o.fact),
    bearing(fact, claims) AS (
        SELECT fact, 0 FROM step
        UNION ALL SELECT s.fact, 1 FROM step o
            CROSS JOIN view_subject s ON s.platform = ?2 AND s.subject = o.fact
        UNION ALL SELECT v.subjects, 0 FROM opening o
            CROSS JOIN view_version v ON v.platform = ?2 AND v.fact = o.fact
            WHERE v.type = '{CUT_OFF}' AND v.subjects <> '')
    SELECT {_COLUMNS} FROM bearing b
    CROSS JOIN view_reign r ON r.platform = ?2 AND r.fact = b.fact
    CROSS JOIN view_version v ON v.position = r.version
    WHERE r.known_from <= ?4 AND +r.known_to > ?4
    AND +r.position_from <= ?3 AND +r.position_to > ?3
    AND (NOT b.claims OR v.type = '{CLAIMED}')"""  # noqa: S608 - our own words


class Earlier:
    """What a platform's disruptions were at K, as all that was recorded by a position.

    An *entry* is what one of them does at T: `core.effects.Entry`, or a row of the same.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        platform: str,
        position: int,
        last: int,
        known: Instant,
    ) -> None:
        """`last` is the position that the view has come to."""
        self._ask = connection.execute
        self.platform = platform
        self.position = position
        self.known = known
        self._otherwise, self._level = _statements(span_of(last))
        self._unchanged: dict[tuple[int, str], bool] = {}

    def level(self, service: str, at: Instant) -> Bounds | None:
        """The level of a service at T, where its stretch tells it; else None."""
        row = self._ask(
            self._level, (self.platform, service, at, self.known, self.position)
        ).fetchone()
        if row is None or row[1] is None:
            return None
        key, at_once, otherwise = row
        if at_once == "[]" and otherwise == "{}":
            return WORKS
        now: list[Any] = json.loads(at_once)
        if now and isinstance(now[0], int):
            return None
        ids = {int(key): id for key, id in json.loads(otherwise).items()}
        return bounds_of(self._entries(service, key, at, now, ids))

    def entries(self, service: str, key: int, at: Instant, now: Sequence[Any]) -> list[Any]:
        """What they did at T, from what they do `now`."""
        return self._entries(service, key, at, now, self._ids(key, at))

    def _entries(
        self, service: str, key: int, at: Instant, now: Sequence[Any], ids: Mapping[int, str]
    ) -> list[Any]:
        found = self.unchanged(key, now) if now else []
        for disruption in self._worked_out(service, ids) if ids else ():
            entry = entry_at(disruption, at)
            if entry is not None:
                found.append(entry)
        return found

    def unchanged(self, key: int, now: Sequence[Any]) -> list[Any]:
        """The entries of those of which nothing was recorded since."""
        unknown = [entry[0] for entry in now if (key, entry[0]) not in self._unchanged]
        if unknown:
            rows = self._ask(_UNCHANGED, (json.dumps(unknown), self.platform, key, self.position))
            unchanged = {row[0] for row in rows}
            self._unchanged.update(((key, id), id in unchanged) for id in unknown)
        return [entry for entry in now if self._unchanged[key, entry[0]]]

    def _ids(self, key: int, at: Instant) -> dict[int, str]:
        """Of a service, what was told of, was otherwise than now, and may have begun by T."""
        rows = self._ask(self._otherwise, (self.platform, key, at, None, self.position))
        return dict(rows.fetchall())

    def _worked_out(self, service: str, ids: Mapping[int, str]) -> Iterator[Disruption | Expected]:
        """Those disruptions by what stood, as far as they were of that service."""
        rows = self._ask(_STOOD, (json.dumps([*ids]), self.platform, self.position, self.known))
        facts = {version.fact: version for version in map(version_from, rows)}
        wanted = {*ids.values()}
        for each in disruptions(Situation(self.platform, frozenset(), {}, facts)):
            if each.id in wanted and each.service == service:
                yield each

    def kept(self, key: int, now: Sequence[Any]) -> Bounds:
        """The level that those leave of which nothing was recorded since."""
        return bounds_of(self.unchanged(key, now)) if now else WORKS

    def back(
        self, service: str, key: int, at: Instant, now: Iterable[tuple[Instant, Bounds]]
    ) -> Iterator[tuple[Instant, Bounds]]:
        """The levels of a service up to T, going back: each with the instant that it begins at.

        `now`: the same by those of which nothing was recorded since.
        """
        ids = self._ids(key, at)
        others = [*self._worked_out(service, ids)] if ids else []
        turns = sorted({turn for each in others for turn in each.turns() if BEGINNING < turn <= at})
        for begins, bounds in chain(now, [(BEGINNING, WORKS)]):
            while True:
                found = [bounds, *(each.bounds(at) for each in others)]
                since = turns.pop() if turns and turns[-1] >= begins else begins
                yield since, Bounds(min(b.worst for b in found), min(b.best for b in found))
                if since == BEGINNING:
                    return
                at = since - 1
                if since == begins:
                    break


def bounds_of(entries: Sequence[Any]) -> Bounds:
    """The worst and the best level that they leave a service."""
    return Bounds(
        Level(min((e[1] for e in entries), default=2)),
        Level(min((e[2] for e in entries), default=2)),
    )
