"""Random histories: what a platform's people might record, in order, good and bad."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from postmortem.core.decide import Draft
from postmortem.core.events import DECLARATIONS, EVENTS
from postmortem.core.history import (
    ANNOUNCED,
    CUT_OFF,
    DOWN,
    EFFECT_CHANGED,
    RESTORED,
    RETRACTED,
)
from postmortem.testing.fields import ZONES, Pool, formulas, keys
from postmortem.testing.memory import DAWN, SECOND, MemoryRecord
from postmortem.testing.sentences import PLATFORM, draft

SERVICES: Final = ("aws", "okta", "twilio")
CAPABILITIES: Final = ("hosting", "login", "posting")
SOURCES: Final = ("press", "letter")
_FREE: Final = sorted(set(EVENTS) - {RETRACTED})
_COMMON: Final = (DOWN, CUT_OFF, ANNOUNCED, EFFECT_CHANGED, RESTORED)
_TURNS: Final = ("new",) * 5 + ("correction",) * 3 + ("retraction",) * 2 + ("amendment",)


@st.composite
def histories(
    draw: st.DrawFn, *, platform: str = PLATFORM, events: int = 10, plain: bool = False
) -> list[Draft]:
    """Drafts for one platform: declarations, then events, corrections, retractions, amendments.

    Most are valid; some a rule refuses, and `MemoryRecord.of` leaves those out. `plain` leaves out
    what decides nothing (notes, words, locators), so that more is drawn of what does.
    """
    told = _Telling(draw, platform, plain)
    told.declare()
    for count in range(draw(st.integers(1, events))):
        turn = draw(st.sampled_from(_TURNS))
        if turn == "correction" and told.record.log.by_id:
            told.correct(f"e{count}")
        elif turn == "retraction" and told.record.log.by_id:
            told.retract(f"e{count}")
        elif turn == "amendment":
            told.amend()
        else:
            told.tell(f"e{count}", draw(st.sampled_from([*_COMMON, *_FREE])))
    return told.drafts


class _Telling:
    """A history under way."""

    def __init__(self, draw: st.DrawFn, platform: str, plain: bool) -> None:
        self.draw = draw
        self.platform = platform
        self.record = MemoryRecord(platform)
        self.drafts: list[Draft] = []
        self.zone = draw(st.sampled_from(ZONES))
        self.plain: dict[str, Any] = dict.fromkeys(("note", "meta", "by", "reason"), None)
        if not plain:
            self.plain = {}

    @property
    def pool(self) -> Pool:
        """What is recorded by now."""
        events: dict[str, list[str]] = {}
        for id, version in self.record.log.by_id.items():
            events.setdefault(version.type, []).append(id)
        return Pool(
            self.zone,
            [id for id in SOURCES if self.record.declaration("source", id)],
            [id for id in SERVICES if self.record.declaration("service", id)],
            [id for id in CAPABILITIES if self.record.declaration("capability", id)],
            events,
        )

    def bring(self, type: str, *, amend: bool = False, **given: Any) -> None:
        """Draw the keys that are not given, and record what comes of it unless it is refused."""
        cls = {**DECLARATIONS, **EVENTS}[type]
        settled = {name: None for name in self.plain if name in cls.model_fields}
        if "reason" in settled and cls.model_fields["reason"].is_required():
            settled["reason"] = "it was not so"  # type: ignore[assignment]
        found = self.draw(keys(cls, self.pool, {**settled, **given}))
        if found is None:
            return
        drawn = draft(type, platform=self.platform, local=self.zone, amend=amend, **found)
        self.drafts.append(drawn)
        self.record.try_to_record(drawn, DAWN + len(self.drafts) * SECOND)

    def declare(self) -> None:
        """The platform and what it depends on: at least one service."""
        self.bring("platform-declared", id=self.platform, zone=self.zone)
        for kind, ids, least in (("source", SOURCES, 0), ("service", SERVICES, 1)):
            for id in ids[: self.draw(st.integers(least, len(ids)))]:
                self.bring(f"{kind}-declared", id=id)
        for id in CAPABILITIES[: self.draw(st.integers(0, len(CAPABILITIES)))]:
            self.bring("capability-declared", id=id)

    def tell(self, id: str, type: str) -> None:
        """Something new."""
        self.bring(type, id=id, replaces=None, clerical=None)

    def correct(self, id: str) -> None:
        """A corrected version of something told before, complete in itself."""
        replaced = self.draw(st.sampled_from(list(self.record.log.by_id.values())))
        clerical = self.draw(st.sampled_from([None, None, "true"]))
        given = {} if clerical is None else {"known_at": None}
        self.bring(replaced.type, id=id, replaces=replaced.id, clerical=clerical, **given)

    def retract(self, id: str) -> None:
        """Something told before, or one version of it, was wrong."""
        event = self.draw(st.sampled_from(list(self.record.log.by_id)))
        clerical = self.draw(st.sampled_from([None, None, "true"]))
        given = {} if clerical is None else {"known_at": None}
        self.bring(RETRACTED, id=id, event=event, replaces=None, clerical=clerical, **given)

    def amend(self) -> None:
        """A declaration was wrong: another formula, or another description."""
        pool = self.pool
        if pool.capabilities and self.draw(st.booleans()):
            id = self.draw(st.sampled_from(pool.capabilities))
            parts = [*pool.services, *(each for each in pool.capabilities if each != id)]
            self.bring(
                "capability-declared", amend=True, id=id, requires=self.draw(formulas(parts))
            )
        else:
            self.bring("service-declared", amend=True, id=self.draw(st.sampled_from(pool.services)))
