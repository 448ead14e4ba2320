"""A platform as it stood, asked service by service: each answer is one look-up in the view.

The tile of (T, K) is mostly among the few that begin last before T, and those lie side by side.
Where it is not, as where much was learnt after K, it is found by the nodes on the way to K: tiles
of one node all hold one K, so none of them share any T, and one probe finds the only one that can
be it. At an earlier R, `store.earlier` takes back what was recorded since. What only some
questions need is loaded where they need it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from postmortem.core import formulas
from postmortem.core.formulas import Formula
from postmortem.core.history import REVISED, Situation
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.state import Picture, ServiceState
from postmortem.core.times import BEGINNING, END, AsOf, Instant
from postmortem.store.view import VERSION_COLUMNS, View, version_from

if TYPE_CHECKING:
    from postmortem.store.earlier import Earlier

_COLUMNS: Final = ", ".join(f"v.{name.strip()}" for name in VERSION_COLUMNS.split(","))
_WORKING: Final = ServiceState(WORKS)
_SERVICES: Final = (
    "SELECT id, key, known, levels, crowded FROM view_service WHERE platform = ? AND key <= ?"
)
_LAST: Final = """
    SELECT time_from, worst, best, entries FROM view_tile
    WHERE service = ? AND node = 9223372036854775807 AND time_from <= ?
    ORDER BY time_from DESC LIMIT 1"""
# a dozen that begin last before T
_NEAR: Final = """
    SELECT time_from, worst, best, entries FROM (
        SELECT time_from, known_from, known_to, worst, best, entries FROM view_tile
        WHERE service = ?1 AND time_from <= ?2 ORDER BY time_from DESC, known_from DESC LIMIT 12)
    WHERE known_from <= ?3 AND known_to > ?3 LIMIT 1"""
_BY_NODES: Final = """
    SELECT t.time_from, t.worst, t.best, t.entries FROM json_each(?4) n
    CROSS JOIN view_tile t INDEXED BY view_tile_by_node
    WHERE t.service = ?1 AND t.node = n.value AND t.time_from = (
        SELECT max(time_from) FROM view_tile
        WHERE service = ?1 AND node = n.value AND time_from <= ?2)
    AND t.known_from <= ?3 AND t.known_to > ?3 AND t.time_to > ?2 LIMIT 1"""
_EFFECTS: Final = """
    SELECT e.id, worst, best, noticed, contested FROM view_disruption d
    CROSS JOIN view_effect e ON e.disruption = d.key AND e.service = d.service
    WHERE d.service = ?1 AND d.touched <= ?4 AND time_from <= ?2 AND time_to > ?2
    AND known_from <= ?3 AND known_to > ?3"""

_WORST: Final = _EFFECTS.replace("e.id, worst, best, noticed, contested", "min(worst), min(best)")


@lru_cache(4096)
def _formula(text: str) -> Formula:
    return formulas.parse(json.loads(text))


class Standing(Picture):
    """A platform as known at K and recorded by R, asked of the view; inside one snapshot of it.

    Its situation holds the declarations and revised formulas, and no disruption.
    """

    def __init__(self, view: View, platform: str, as_of: AsOf, *, only: str | None = None) -> None:
        """`only`: the one service that will be asked for, and no capability."""
        self.view = view
        self.platform = platform
        self.as_of = as_of
        self.known = min(as_of.known, END - 1)
        self._ask = view.connection.execute
        self.position = END - 1 if as_of.recorded == END else view.position_at(as_of.recorded)
        if only is None:
            rows = self._ask(_SERVICES, (platform, self.position))
        else:
            rows = self._ask(_SERVICES + " AND id = ?", (platform, self.position, only))
        self.found = {row[0]: row[1:] for row in rows}
        """Of each service: its key, the last K that something ends at, levels, whether crowded."""
        capabilities = {} if only else view.declared(platform, "capability", self.position)
        super().__init__(
            Situation(
                platform,
                frozenset(self.found),
                {id: _formula(row[2]) for id, row in capabilities.items()},
                {} if only else {version.fact: version for version in self._revised()},
            )
        )

    def _revised(self) -> Iterator[Any]:
        rows = self._ask(
            f"SELECT {_COLUMNS} FROM view_version v INDEXED BY view_version_of_capability "  # noqa: S608
            "CROSS JOIN view_reign r ON r.platform = v.platform AND r.fact = v.fact "
            "AND r.version = v.position WHERE v.platform = ? AND v.capability IS NOT NULL "
            "AND v.type = ? AND +r.position_from <= ? AND +r.position_to > ? "
            "AND +r.known_from <= ? AND +r.known_to > ? ORDER BY v.position",
            (self.platform, REVISED, self.position, self.position, self.known, self.known),
        )
        return map(version_from, rows)

    @cached_property
    def _earlier(self) -> Earlier | None:
        """What takes back what was recorded since R; None where nothing was."""
        if self.position == END - 1 or self.position >= (last := self.view.position):
            return None
        from postmortem.store.earlier import Earlier

        return Earlier(self.view.connection, self.platform, self.position, last, self.known)

    # --- what one service does --------------------------------------------------------------------

    def level(self, service: str, at: Instant) -> Bounds:
        """The worst and the best level of one service at T."""
        if self._earlier is not None:
            return self.service(service, at).bounds
        if self.found[service][3]:
            key = self.found[service][0]
            row = self._ask(_WORST, (key, at, self.known, self.position)).fetchone()
            return WORKS if row[0] is None else Bounds(Level(row[0]), Level(row[1]))
        row = self._tile(service, at, self.known)
        return WORKS if row is None else Bounds(Level(row[1]), Level(row[2]))

    def service(self, service: str, at: Instant) -> ServiceState:
        """One service at T."""
        entries = self._entries(service, at)
        if not entries:
            return _WORKING
        entries.sort(key=itemgetter(0))
        return ServiceState(
            Bounds(Level(min(e[1] for e in entries)), Level(min(e[2] for e in entries))),
            tuple(e[0] for e in entries if e[3]),
            tuple(e[0] for e in entries if e[1] < 2),
            any(e[4] for e in entries),
        )

    def _entries(self, service: str, at: Instant) -> list[Any]:
        key, _, _, crowded = self.found[service]
        if crowded:
            rows = self._ask(_EFFECTS, (key, at, self.known, self.position)).fetchall()
        else:
            row = self._tile(service, at, self.known)
            rows = [] if row is None or row[3] == "[]" else json.loads(row[3])
        return rows if self._earlier is None else self._earlier.entries(service, key, at, rows)

    def _tile(self, service: str, at: Instant, known: Instant) -> Any:
        """Its row: from when, worst, best, entries; None where nothing is known of the service."""
        key, last, levels, _ = self.found[service]
        if known >= last:
            return self._ask(_LAST, (key, at)).fetchone()
        row = self._ask(_NEAR, (key, at, known)).fetchone()
        if row is None:
            from postmortem.store.nodes import path_to

            path = json.dumps(path_to(known, levels))
            row = self._ask(_BY_NODES, (key, at, known, path)).fetchone()
        return row

    def is_silent(self, service: str) -> bool:
        """Whether no disruption of it is on record, at any T."""
        row = self._ask(
            "SELECT 1 FROM view_version v JOIN view_reign r ON r.platform = v.platform "
            "AND r.fact = v.fact AND r.version = v.position "
            "WHERE v.platform = ? AND v.service = ? AND v.known <= ? "
            "AND v.type IN ('cutoff-announced', 'service-cut-off', 'service-down', "
            "'service-degraded') AND +r.position_from <= ? AND +r.position_to > ? "
            "AND +r.known_from <= ? AND +r.known_to > ? LIMIT 1",
            (self.platform, service, self.known, self.position, self.position, self.known,
             self.known),
        ).fetchone()  # fmt: skip
        return row is None

    # --- since when -------------------------------------------------------------------------------

    def since(self, at: Instant) -> dict[str, Instant | None]:
        """From when on everything has had the bounds that it has at T: `measures.since`."""
        from postmortem.core import measures

        return measures.since_by_steps(self, at, self._back)

    def _back(self, service: str, at: Instant) -> Iterator[tuple[Instant, Bounds]]:
        """The levels of a service up to T, going back: each with the instant it begins at."""
        key, _, _, crowded = self.found[service]
        if crowded:
            now = self._crowded_back(key, at)
        elif self._earlier is None:
            rows = self._tiles_back(service, at)
            return ((row[0], Bounds(Level(row[1]), Level(row[2]))) for row in rows)
        else:
            kept = self._earlier.kept
            now = ((row[0], kept(key, row[3])) for row in self._tiles_back(service, at))
        return now if self._earlier is None else self._earlier.back(service, key, at, now)

    def _tiles_back(self, service: str, at: Instant) -> Iterator[Any]:
        """The rows of `_tile` at T and before."""
        key, last, _, _ = self.found[service]
        # what was recorded by R was known by R: what was learnt later need not be gone through
        known = min(self.known, self.as_of.recorded)
        if known >= last:
            yield from self._ask(_LAST.replace("LIMIT 1", ""), (key, at))
            return
        while (row := self._tile(service, at, known)) is not None:
            yield row
            if row[0] == BEGINNING:
                return
            at = row[0] - 1

    def _crowded_back(self, key: int, at: Instant) -> Iterator[tuple[Instant, Bounds]]:
        """What is so now; at an earlier R, by those of which nothing was recorded since."""
        from postmortem.core.measures import course_of

        rows = self._ask(
            "SELECT time_from, time_to, worst, best FROM view_disruption d "
            "CROSS JOIN view_effect e ON e.disruption = d.key AND e.service = d.service "
            "WHERE d.service = ?1 AND d.touched <= ?4 "
            "AND known_from <= ?2 AND known_to > ?2 AND time_from <= ?3",
            (key, self.known, at, self.position),
        )
        turns = []
        for begins, ends, worst, best in rows:
            bounds = Bounds(Level(worst), Level(best))
            turns += [(begins, WORKS, bounds), (ends, bounds, WORKS)]
        course = course_of(turns, BEGINNING)
        return (each for each in reversed(course) if each[0] <= at)


_LEVEL: Final = """
    SELECT worst, best FROM (
        SELECT known_from, known_to, worst, best FROM view_tile
        WHERE service = (SELECT key FROM view_service WHERE platform = ?1 AND id = ?2)
        AND time_from <= ?3 ORDER BY time_from DESC, known_from DESC LIMIT 12)
    WHERE known_from <= ?4 AND known_to > ?4 LIMIT 1"""


_POSITIONS: Final = """
    SELECT coalesce((SELECT max(position) FROM view_moment
            WHERE recorded = (SELECT max(recorded) FROM view_moment WHERE recorded <= ?)), 0),
        (SELECT position FROM view_state)"""


def level(view: View, platform: str, service: str, as_of: AsOf) -> Bounds:
    """The worst and the best level of one service; nothing else is read. Raises: KeyError."""
    ask, known = view.connection.execute, min(as_of.known, END - 1)
    position = last = END
    if as_of.recorded != END:
        position, last = ask(_POSITIONS, (as_of.recorded,)).fetchone()
    if position < last:
        from postmortem.store.earlier import Earlier

        earlier = Earlier(view.connection, platform, position, last, known)
        found = earlier.level(service, as_of.valid)
    else:
        row = ask(_LEVEL, (platform, service, as_of.valid, known)).fetchone()
        found = None if row is None else Bounds(Level(row[0]), Level(row[1]))
    if found is not None:
        return found
    return Standing(view, platform, as_of, only=service).level(service, as_of.valid)
