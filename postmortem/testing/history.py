"""Random histories: what a platform's people might record, in order, good and bad."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from postmortem.core.decide import Draft
from postmortem.core.events import CATALOGUE, EVENTS
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CUT_OFF,
    DEGRADED,
    DOWN,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    RETRACTED,
    REVISED,
    WITHDRAWN,
)
from postmortem.core.incidents import (
    INCIDENT_EVENTS,
    ActionItemChanged,
    EstimateGiven,
    IncidentClosed,
    IncidentReopened,
    ServiceReplaced,
)
from postmortem.core.times import BEGINNING, END, AsOf
from postmortem.testing.fields import ZONES, Pool, formulas, keys, moments, one_of
from postmortem.testing.memory import DAWN, SECOND, MemoryRecord
from postmortem.testing.sentences import PLATFORM, draft

SERVICES: Final = ("aws", "okta", "twilio")
CAPABILITIES: Final = ("hosting", "login", "posting")
SOURCES: Final = ("press", "letter")
_OF_INCIDENTS: Final = tuple(cls.TYPE for cls in INCIDENT_EVENTS)
_INCIDENTAL: Final = frozenset(_OF_INCIDENTS)
DECIDING: Final = frozenset(
    {
        *(DOWN, CUT_OFF, DEGRADED, ANNOUNCED, EFFECT_CHANGED, RESTORED),
        *(RESCHEDULED, WITHDRAWN, REVISED, CLAIMED),
    }
)
"""The types that decide the state."""
TYPES: Final = (
    *(DOWN, CUT_OFF, DEGRADED, ANNOUNCED),
    *(EFFECT_CHANGED, RESTORED, RESCHEDULED, CLAIMED) * 2,
    *(CUT_OFF, WITHDRAWN, REVISED, CLAIMED),
    *sorted(set(EVENTS) - DECIDING - {RETRACTED} - _INCIDENTAL),
)
"""What is told anew, by how often: most of all what decides the state."""
_BEFORE: Final = {IncidentReopened.TYPE: IncidentClosed.TYPE}
_COMPLETE: Final[Mapping[str, Mapping[str, Any]]] = {
    EstimateGiven.TYPE: {"lasts": "7d", "until": None},
    ActionItemChanged.TYPE: {"priority": "P1"},
}
"""Keys without which most of what is drawn would be refused."""
_ABOUT_ANNOUNCEMENTS: Final = (RESCHEDULED, WITHDRAWN)
_TURNS: Final = ("new",) * 6 + ("correction",) * 3 + ("retraction",) * 2 + ("amendment",)
_INCIDENT: Final = "incident"


@st.composite
def histories(
    draw: st.DrawFn,
    *,
    platform: str = PLATFORM,
    least: int = 4,
    most: int = 20,
    plain: bool = False,
    incidents: int = 3,
    types: tuple[str, ...] = TYPES,
    services: tuple[str, ...] = SERVICES,
    times: tuple[str, ...] = (),
) -> list[Draft]:
    """Drafts for one platform: declarations, then `least` to `most` turns of whatever may follow.

    Events, corrections, retractions and amendments: most are valid; some a rule refuses, and
    `MemoryRecord.of` leaves those out. `plain` leaves out people's words and incidents, so that
    more is drawn of what decides the state; of 12 + `incidents` turns that many tell of an
    incident. Fewer `types` (a name as often as it is to be drawn), `services` and `times` make
    histories in which more of what is told meets.
    """
    told = _Telling(draw, platform, plain)
    told.services, told.times = services, times
    told.declare()
    turns = draw(_turns(least, most, 0 if plain else incidents))
    for count, turn in enumerate(turns):
        id = f"e{count}"
        if turn == "correction" and told.record.log.by_id:
            told.correct(id)
        elif turn == "retraction" and told.record.log.by_id:
            told.retract(id)
        elif turn == "amendment":
            told.amend()
        elif turn == _INCIDENT:
            told.tell_of_incident(id, draw(one_of(_OF_INCIDENTS)))
        else:
            told.tell(id, draw(one_of(types)))
    return told.drafts


def questions(record: MemoryRecord) -> st.SearchStrategy[AsOf]:
    """Where one may stand on the three clocks: beside what is told there, or without limit."""
    versions = record.log.by_id.values()
    spans = [span for v in versions for span in (v.at, v.effective) if span is not None]
    bounds = {bound for span in spans for bound in span} - {BEGINNING, END}
    told = sorted(bound + by for bound in bounds for by in (-1, 0, 1))
    known = sorted({version.known + by for version in versions for by in (-1, 0)})
    recorded = sorted({DAWN - 1, *(now for now, _ in record.told)})
    return st.builds(
        AsOf,
        one_of((*told, *moments()[::10])),
        one_of((*[END] * (1 + len(known) // 2), *known)),
        one_of((*[END] * (1 + len(recorded) // 2), *recorded)),
    )


@cache
def _turns(least: int, most: int, incidents: int) -> st.SearchStrategy[list[str]]:
    turns = one_of((*_TURNS, *(_INCIDENT,) * incidents))
    return st.lists(turns, min_size=least, max_size=most)


class _Telling:
    """A history under way."""

    services: tuple[str, ...]
    times: tuple[str, ...]

    def __init__(self, draw: st.DrawFn, platform: str, plain: bool) -> None:
        self.draw = draw
        self.platform = platform
        self.record = MemoryRecord(platform)
        self.drafts: list[Draft] = []
        self.zone = draw(st.sampled_from(ZONES))
        self.settled: dict[str, Any] = {"clerical": None, "replaces": None}
        if plain:
            words = {name for cls in CATALOGUE.values() for name in cls.said()}
            self.settled |= dict.fromkeys(words)

    @property
    def pool(self) -> Pool:
        """What is recorded by now."""
        events: dict[str, list[str]] = {}
        for id, version in self.record.log.by_id.items():
            events.setdefault(version.type, []).append(id)
        return Pool(
            self.zone,
            self.declared("source", SOURCES),
            self.declared("service", self.services),
            self.declared("capability", CAPABILITIES),
            events,
            self.times,
        )

    def declared(self, kind: str, ids: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the ids that are declared by now."""
        return tuple(id for id in ids if self.record.declaration(kind, id))

    def bring(self, type: str, *, amend: bool = False, **given: Any) -> bool:
        """Draw the keys that are not given, and record what comes of it unless it is refused.

        False where there is nothing yet that it could name.
        """
        cls = CATALOGUE[type]
        settled = {
            name: "words" if value is None and cls.model_fields[name].is_required() else value
            for name, value in {**self.settled, **given}.items()
            if name in cls.model_fields
        }
        found = keys(self.draw, cls, self.pool, settled)
        if found is None:
            return False
        drawn = draft(type, platform=self.platform, local=self.zone, amend=amend, **found)
        self.drafts.append(drawn)
        self.record.try_to_record(drawn, DAWN + len(self.drafts) * SECOND)
        return True

    def declare(self) -> None:
        """The platform and what it depends on: at least one service."""
        self.bring("platform-declared", id=self.platform, zone=self.zone)
        for kind, ids, least in (
            ("source", SOURCES, 0),
            ("service", self.services, 1),
            ("capability", CAPABILITIES, 0),
        ):
            for id in ids[: self.draw(one_of((least, *range(least, len(ids) + 1))))]:
                self.bring(f"{kind}-declared", id=id)

    def tell(self, id: str, type: str) -> None:
        """Something new; a new disruption where nothing is there that it could be about."""
        if not self.bring(type, id=id):
            self.bring(ANNOUNCED if type in _ABOUT_ANNOUNCEMENTS else DOWN, id=id)

    def tell_of_incident(self, id: str, type: str) -> None:
        """What an incident adds, and before it what it has to name where nothing is there yet."""
        cls = CATALOGUE[type]
        first = [_BEFORE[type]] if type in _BEFORE else []
        first += [
            min(names.types)
            for name, names in cls.references().items()
            if names.types and cls.model_fields[name].is_required()
        ]
        for count, needed in enumerate(first):
            if not self.pool.events.get(needed):
                self.tell_of_incident(f"{id}-{count}", needed)
        given = dict(_COMPLETE.get(type, {}))
        services = self.pool.services
        if type == ServiceReplaced.TYPE and len(services) > 1:
            given |= {"service": services[0], "replacement": self.draw(one_of(services[1:]))}
        self.bring(type, id=id, **given)

    def correct(self, id: str) -> None:
        """A corrected version of something told before, complete in itself."""
        replaced = self.record.log.by_id[self.draw(one_of(tuple(self.record.log.by_id)))]
        self.bring(replaced.type, id=id, replaces=replaced.id, **self.slip())

    def retract(self, id: str) -> None:
        """Something told before, or one version of it, was wrong."""
        event = self.draw(one_of(tuple(self.record.log.by_id)))
        self.bring(RETRACTED, id=id, event=event, **self.slip())

    def slip(self) -> dict[str, Any]:
        """The keys of what mends a slip of the pen, or none."""
        clerical = self.draw(one_of((False, False, True)))
        return {"clerical": "true", "known_at": None} if clerical else {}

    def amend(self) -> None:
        """A declaration was wrong: another formula, or another description."""
        pool = self.pool
        if pool.capabilities and self.draw(one_of((True, False))):
            id = self.draw(one_of(pool.capabilities))
            parts = (*pool.services, *(each for each in pool.capabilities if each != id))
            self.bring(
                "capability-declared", amend=True, id=id, requires=self.draw(formulas(parts))
            )
        else:
            self.bring("service-declared", amend=True, id=self.draw(one_of(pool.services)))
