"""What every disruption does over all T and K, kept so that an index finds it: `core.effects`.

Beside the effects lies what they come to on each service in the end: `core.stretches`. They are
those of R without limit; at an earlier R, `touched` says of which disruptions something was
recorded since. How they are asked, `store.standing` says.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Final, Protocol, TypeAlias

from postmortem.core.effects import OPENING, STEPS, Effect, Facts, cluster, effects
from postmortem.core.history import ANNOUNCED, CLAIMED, Version
from postmortem.core.times import Instant
from postmortem.store import stretches
from postmortem.store.reach import bit_of, reach_of, span_of
from postmortem.store.stretches import EFFECT, effect_from

SCHEMA: Final = {
    "view_service": """CREATE TABLE view_service (
        -- `key` is the position of its first declaration
        key INTEGER PRIMARY KEY, platform TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (platform, id)
    ) STRICT""",
    "view_disruption": """CREATE TABLE view_disruption (
        -- `key` is the position of its first version; `touched` the last one of anything that has
        -- made a difference to it, `span` how far apart; the service is one that a version names
        service INTEGER NOT NULL, key INTEGER NOT NULL, id TEXT NOT NULL, touched INTEGER NOT NULL,
        span INTEGER NOT NULL, PRIMARY KEY (service, key)
    ) STRICT, WITHOUT ROWID""",
    "view_effect": """CREATE TABLE view_effect (
        -- `core.effects.Effect`; a disruption is named by the position of its first version
        disruption INTEGER NOT NULL, service INTEGER NOT NULL,
        time_from INTEGER NOT NULL, known_from INTEGER NOT NULL,
        time_to INTEGER NOT NULL, known_to INTEGER NOT NULL,
        worst INTEGER NOT NULL, best INTEGER NOT NULL,
        noticed INTEGER NOT NULL, contested INTEGER NOT NULL, id TEXT NOT NULL,
        -- `store.reach`: how it is found
        reach INTEGER NOT NULL, begins INTEGER NOT NULL,
        PRIMARY KEY (disruption, service, time_from, known_from)
    ) STRICT, WITHOUT ROWID""",
    "view_stretch": """CREATE TABLE view_stretch (
        -- `core.stretches.Stretch`, with the levels that it leaves
        service INTEGER NOT NULL, time_from INTEGER NOT NULL, settled INTEGER NOT NULL,
        worst INTEGER NOT NULL, best INTEGER NOT NULL, at_once TEXT NOT NULL,
        PRIMARY KEY (service, time_from)
    ) STRICT, WITHOUT ROWID""",
}
BY_REACH: Final = (
    "CREATE INDEX view_effect_by_reach ON view_effect "
    "(service, reach, begins, time_from, time_to, known_from, known_to, worst, best, noticed, "
    "contested, id)"
)
INDEXES: Final = (
    "CREATE INDEX view_disruption_by_span ON view_disruption (service, span, key, touched, id)",
    "CREATE INDEX view_version_of_capability ON view_version (platform, capability) "
    "WHERE capability IS NOT NULL",
    BY_REACH,
)
Change: TypeAlias = tuple[AbstractSet[Effect], AbstractSet[Effect]]
"""What went of the effects of a disruption on a service, and what came."""
_MOST_CHANGES: Final = 100
"""So many changes of one service are kept in memory at most."""
_AT_ONCE: Final = 500
"""Of so many disruptions the effects are read by one statement."""
_DEARER: Final = 2
"""To change stretches that are there takes as long as so many when they are cut anew."""


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
                found |= dict.fromkeys(facts.about(fact))
        if kind in STEPS or kind == CLAIMED:
            subjects = dict.fromkeys(s for version in versions for s in version.subjects)
            found |= subjects
            if kind == CLAIMED:  # of the time of a step
                for subject in subjects:
                    for version in facts.versions(subject):
                        found |= dict.fromkeys(version.subjects)
    return list(found)


# --- keeping them ---------------------------------------------------------------------------------


class Effects:
    """What a write does: to effects a batch at a time, to the stretches of services at its end."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        keys: dict[tuple[str, str], int],
        reaches: int,
        *,
        is_new: bool,
    ) -> None:
        """`keys` are the services' by which the tables call them, as far as they are known.

        `reaches` are those that the view says it has; `is_new` where it holds nothing yet.
        """
        self.connection = connection
        self._keys = keys
        self._said = reaches
        self._is_new = is_new
        if is_new:  # over many effects at once it is made in a fraction of the time
            connection.execute("DROP INDEX view_effect_by_reach")
        self._touched: dict[tuple[str, str], tuple[Told, int]] = {}
        self._settled: int | None = None
        self._changed: dict[int, list[Change] | None] = {}
        """By service what changed; None: so much that its stretches are cut anew."""
        self._reaches = 0
        """Of which reaches effects came, as bits."""

    def declare(self, platform: str, service: str, position: int) -> None:
        """Take in a service that is declared for the first time."""
        self.connection.execute(
            "INSERT OR IGNORE INTO view_service VALUES (?, ?, ?)", (position, platform, service)
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
        rows: dict[tuple[int, int], tuple[int, int, str, int, int]] = {}
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
                rows[service, key] = service, key, disruption, position, span_of(position - key)
            found: dict[int, set[Effect]] = defaultdict(set)
            for effect in effects(disruption, cluster(facts, disruption)):
                found[self._service(platform, effect.service)].add(effect._replace(service=""))
            new[key] = found
            if before is not None and key <= before:
                old[key] = defaultdict(set)
        if old:
            self._read(old)
        if rows:
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
                    for effect in come:
                        reach, begins = reach_of(effect)
                        self._reaches |= bit_of(reach)
                        come_rows.append((*_effect_row(key, service, effect), reach, begins))
                    self._note(service, (gone, come))
        if gone_rows:
            self.connection.executemany(_NO_EFFECT, gone_rows)
        if come_rows:
            self.connection.executemany(_NEW_EFFECT, sorted(come_rows))

    def _read(self, old: dict[int, dict[int, set[Effect]]]) -> None:
        """The effects that the tables hold of those disruptions."""
        pending = iter(old)
        while some := list(islice(pending, _AT_ONCE)):
            marks = ",".join("?" * len(some))
            for key, service, *row in self.connection.execute(
                f"SELECT disruption, service, {EFFECT} FROM view_effect "  # noqa: S608
                f"WHERE disruption IN ({marks})",
                some,
            ):
                old[key][service].add(effect_from(row))

    def _note(self, service: int, change: Change) -> None:
        several = self._changed.setdefault(service, [])
        if several is not None:
            several.append(change)
            if len(several) > _MOST_CHANGES:
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
        """Bring the stretches to where the effects are. In the caller's transaction."""
        if self._reaches & ~self._said:
            self._said |= self._reaches
            self.connection.execute("UPDATE view_state SET reaches = ?", (self._said,))
        if self._is_new:
            self.connection.execute(BY_REACH)
            self._is_new = False
        changed, self._changed = self._changed, {}
        for service, several in sorted(changed.items()):
            if several is not None and self._has_more(service, len(several) * _DEARER):
                stretches.change(self.connection, service, several)
            else:
                stretches.cut_anew(self.connection, service)

    def _has_more(self, service: int, count: int) -> bool:
        """Whether the service has more than so many disruptions."""
        row = self.connection.execute(
            "SELECT 1 FROM view_disruption WHERE service = ? LIMIT 1 OFFSET ?", (service, count)
        ).fetchone()
        return row is not None


_NONE: Final[frozenset[Effect]] = frozenset()
_DISRUPTION: Final = (
    "INSERT INTO view_disruption VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET touched = excluded.touched, span = excluded.span"
)
_NO_EFFECT: Final = (
    "DELETE FROM view_effect WHERE disruption = ? AND service = ? AND time_from = ? "
    "AND known_from = ?"
)
_NEW_EFFECT: Final = "INSERT INTO view_effect VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _effect_row(disruption: int, service: int, effect: Effect) -> tuple[int | str, ...]:
    id, worst, best, noticed, contested = effect.entry
    _, time_from, time_to, known_from, known_to, _ = effect
    return (disruption, service, time_from, known_from, time_to, known_to, worst, best,
            noticed, contested, id)  # fmt: skip
