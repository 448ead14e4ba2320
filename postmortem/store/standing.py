"""A platform as it stood, asked service by service: each answer is one look-up in the view.

The stretch of T says what is so in the end, and since which K that is settled. At a K before that,
it is found among the effects, by how long they last: `store.reach`. At an earlier R,
`store.earlier` takes back what was recorded since. What only some questions need is loaded where
they need it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from postmortem.core import formulas
from postmortem.core.formulas import Formula
from postmortem.core.history import REVISED, Situation
from postmortem.core.lengths import DAY
from postmortem.core.levels import OUT, WORKS, Bounds, Level
from postmortem.core.state import Picture, ServiceState
from postmortem.core.times import BEGINNING, END, AsOf, Instant
from postmortem.store.view import VERSION_COLUMNS, View, version_from

if TYPE_CHECKING:
    import sqlite3

    from postmortem.store.earlier import Earlier

_COLUMNS: Final = ", ".join(f"v.{name.strip()}" for name in VERSION_COLUMNS.split(","))
_WORKING: Final = ServiceState(WORKS)
_BOUNDS: Final = tuple(tuple(Bounds(worst, best) for best in Level) for worst in Level)
"""By the numbers of both levels."""
_DECODED: Final = json.JSONDecoder().raw_decode
_SERVICES: Final = "SELECT id, key FROM view_service WHERE platform = ? AND key <= ?"
_STRETCH: Final = """
    SELECT settled, worst, best, at_once, time_from FROM view_stretch
    WHERE service = ? AND time_from <= ? ORDER BY time_from DESC LIMIT 1"""
_OTHERWISE: Final = """
    SELECT time_from FROM view_stretch WHERE service = ?1 AND time_from <= ?2
    AND (worst <> ?3 OR best <> ?4 OR settled > ?5) ORDER BY time_from DESC LIMIT 1"""
_NEXT: Final = "SELECT min(time_from) FROM view_stretch WHERE service = ? AND time_from > ?"
_FIRST_WIDTH: Final = DAY
_WIDER: Final = 4
"""How much of the time before T is read at first, and how many times more after that."""


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
        self.keys: dict[str, int] = dict(rows)
        """What the tables call each service."""
        capabilities = {} if only else view.declared(platform, "capability", self.position)
        super().__init__(
            Situation(
                platform,
                frozenset(self.keys),
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
        key = self.keys[service]
        row = self._ask(_STRETCH, (key, at)).fetchone()
        if row is None:
            return WORKS
        if row[0] <= self.known:
            return _BOUNDS[int(row[1])][int(row[2])]
        return _bounds(self._ask, self.reaches, key, at, self.known)

    @cached_property
    def reaches(self) -> int:
        """Of which reaches the effects are that the view holds."""
        return int(self._ask(_REACHES).fetchone()[0])

    def service(self, service: str, at: Instant) -> ServiceState:
        """One service at T."""
        entries = self._entries(service, at)
        if not entries:
            return _WORKING
        if len(entries) > 1:
            entries.sort(key=itemgetter(0))
        worst = best = 2
        notices: list[str] = []
        because: list[str] = []
        contested = False
        for id, one, other, noticed, doubted in entries:
            if one < 2:
                because.append(id)
                worst, best = min(worst, one), min(best, other)
            if noticed:
                notices.append(id)
            if doubted:
                contested = True
        return ServiceState(_BOUNDS[worst][best], tuple(notices), tuple(because), contested)

    def _entries(self, service: str, at: Instant) -> list[Any]:
        key = self.keys[service]
        row = self._ask(_STRETCH, (key, at)).fetchone()
        if row is None:
            rows: list[Any] | None = []
        elif row[0] > self.known:
            rows = None
        else:
            rows = [] if row[3] == "[]" else entries_in(row[3])
        if rows is None:
            rows = self._overlapping(_ENTRY, key, at, at, self.known)
        return rows if self._earlier is None else self._earlier.entries(service, key, at, rows)

    def _overlapping(
        self, columns: str, key: int, low: Instant, high: Instant, known: Instant
    ) -> list[Any]:
        """The effects on a service that hold that K, and some T from the one to the other."""
        from postmortem.store.reach import bearing, overlapping

        statement = overlapping(bearing(self.reaches, low, known), columns)
        return self._ask(statement, (key, low, high, known)).fetchall() if statement else []

    def is_silent(self, service: str) -> bool:
        """Whether no disruption of it is on record, at any T."""
        row = self._ask(
            _OPENED,
            (self.keys[service], self.platform, service, self.position, self.known),
        ).fetchone()
        return row is None

    # --- since when -------------------------------------------------------------------------------

    def since(self, at: Instant) -> dict[str, Instant | None]:
        """From when on everything has had the bounds that it has at T: `measures.since`."""
        from postmortem.core import measures

        return measures.since_by_steps(self, at, self._back)

    def _back(self, service: str, at: Instant) -> Iterator[tuple[Instant, Bounds]]:
        """The levels of a service up to T, going back: each with the instant it begins at."""
        key = self.keys[service]
        now = self._back_now(key, at)
        return now if self._earlier is None else self._earlier.back(service, key, at, now)

    def _back_now(self, key: int, at: Instant) -> Iterator[tuple[Instant, Bounds]]:
        """What is so now; at an earlier R, by those of which nothing was recorded since."""
        # what was recorded by R was known by R: what was learnt later need not be gone through
        known = min(self.known, self.as_of.recorded)
        while (row := self._ask(_STRETCH, (key, at)).fetchone()) is not None:
            settled, worst, best, at_once, begins = row
            if settled > known:
                break
            if self._earlier is None:  # however many stretches one after the other have that level
                other = self._ask(_OTHERWISE, (key, at, worst, best, known)).fetchone()
                begins = BEGINNING
                if other is not None:
                    begins = self._ask(_NEXT, (key, other[0])).fetchone()[0]
                yield begins, _BOUNDS[worst][best]
            elif (told := entries_in(at_once)) is None:
                break
            else:
                yield begins, self._earlier.kept(key, told)
            if begins == BEGINNING:
                return
            at = begins - 1
        else:  # nothing is told of it
            return
        yield from self._windows_back(key, at, known)

    def _windows_back(
        self, key: int, high: Instant, known: Instant
    ) -> Iterator[tuple[Instant, Bounds]]:
        """The same, out of the effects of a day, of four days before it, and so on."""
        from postmortem.core.measures import course_of

        # after K there is only what was foreseen then
        low, width = min(known, high - _FIRST_WIDTH), _FIRST_WIDTH
        while True:
            # what is certainly unavailable is so, whatever else there is, from one beginning on
            out = [e[5] for e in self._telling(key, high, high, known) if not e[1] and not e[2]]
            if out:
                yield min(out), OUT
                if min(out) == BEGINNING:
                    return
                high = min(out) - 1
                low = min(low, high)
                continue
            low = max(low, BEGINNING)
            turns = []
            for _, worst, best, _, _, begins, ends in self._telling(key, low, high, known):
                bounds = _BOUNDS[worst][best]
                turns += [(max(begins, low), WORKS, bounds), (ends, bounds, WORKS)]
            course = course_of(turns, low)
            yield from (each for each in reversed(course) if each[0] <= high)
            if low == BEGINNING:
                return
            high, width = low - 1, width * _WIDER
            low = high - width

    def _telling(self, key: int, low: Instant, high: Instant, known: Instant) -> list[Any]:
        """What `_overlapping` finds, with its times; but what was recorded since R."""
        rows = self._overlapping(f"{_ENTRY}, time_from, time_to", key, low, high, known)
        return rows if self._earlier is None else self._earlier.unchanged(key, rows)


_ENTRY: Final = "id, worst, best, noticed, contested"
_LEVEL: Final = """
    SELECT worst, best, settled FROM view_stretch
    WHERE service = (SELECT key FROM view_service WHERE platform = ?1 AND id = ?2)
    AND time_from <= ?3 ORDER BY time_from DESC LIMIT 1"""
# those that began to be told first are mostly the first that were known
_OPENED: Final = """
    SELECT 1 FROM view_disruption d
    CROSS JOIN view_reign r ON r.platform = ?2 AND r.fact = d.id
    CROSS JOIN view_version v ON v.position = r.version
    WHERE d.service = ?1 AND d.key <= ?4 AND v.service = ?3
    AND r.position_from <= ?4 AND r.position_to > ?4
    AND r.known_from <= ?5 AND r.known_to > ?5 LIMIT 1"""
_REACHES: Final = "SELECT reaches FROM view_state"
_KEY: Final = f"SELECT key, ({_REACHES}) FROM view_service WHERE platform = ? AND id = ?"  # noqa: S608
_POSITIONS: Final = """
    SELECT coalesce((SELECT max(position) FROM view_moment
            WHERE recorded = (SELECT max(recorded) FROM view_moment WHERE recorded <= ?)), 0),
        (SELECT position FROM view_state)"""


def entries_in(at_once: str) -> list[Any] | None:
    """The entries of a stretch; None where they were too many to be told one by one."""
    found: list[Any] = _DECODED(at_once)[0]
    return None if found and isinstance(found[0], int) else found


def _bounds(
    ask: Callable[..., sqlite3.Cursor], reaches: int, key: int, at: Instant, known: Instant
) -> Bounds:
    """The level of a service out of its effects, no more of them than it takes."""
    from postmortem.store.reach import bearing, overlapping

    worst = best = int(Level.OPERATIONAL)
    if statement := overlapping(bearing(reaches, at, known), "worst, best"):
        for one, other in ask(statement, (key, at, at, known)):
            worst, best = min(worst, one), min(best, other)
            if not worst and not best:
                break
    return _BOUNDS[worst][best]


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
        if found is not None:
            return found
    else:
        row = ask(_LEVEL, (platform, service, as_of.valid)).fetchone()
        if row is not None and row[2] <= known:
            return _BOUNDS[int(row[0])][int(row[1])]
        if row is not None:
            key, reaches = ask(_KEY, (platform, service)).fetchone()
            return _bounds(ask, reaches, key, as_of.valid, known)
    return Standing(view, platform, as_of, only=service).level(service, as_of.valid)
