"""What each disruption does over all T and all K at once, as all that is recorded stands.

An *effect* is a rectangle: from one T to another, as known from one K to another, a disruption
may hold its service at these levels. What a store's view keeps are these, so that a question is a
look-up and not a fold; what makes them is the same reading of a disruption that the fold uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

from postmortem.core.disruptions import Disruption, Expected, disruption_of
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CONFIRMED,
    CUT_OFF,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    WITHDRAWN,
    Version,
)
from postmortem.core.levels import Level
from postmortem.core.times import END, Instant

OPENING: Final = CONFIRMED | {ANNOUNCED}
"""The types that open a disruption, confirmed or expected."""
STEPS: Final = frozenset({EFFECT_CHANGED, RESTORED, RESCHEDULED, WITHDRAWN, CUT_OFF})
"""The types of which a disruption is made, besides its opening and the times claimed."""

Reign = tuple[Instant, Instant, Version]
"""For which K a version stands: from, to, the version; `[from, to)`."""


class Entry(NamedTuple):
    """What one disruption does at one (T, K)."""

    disruption: str
    worst: int
    best: int
    noticed: bool
    contested: bool


class Effect(NamedTuple):
    """The same over a rectangle of T and K, each `[from, to)`."""

    service: str
    time_from: Instant
    time_to: Instant
    known_from: Instant
    known_to: Instant
    entry: Entry


class Facts(Protocol):
    """What the effects are found from: every answer by an index."""

    def reigns(self, fact: str) -> Sequence[Reign]:
        """Which version of the fact stands for which K, as all that is recorded now."""
        ...

    def about(self, fact: str) -> Iterable[str]:
        """The facts of which some version speaks of that fact."""
        ...


def cluster(facts: Facts, disruption: str) -> dict[str, Sequence[Reign]]:
    """All that the effects of a disruption depend on: its opening, its steps, times claimed."""
    found: dict[str, Sequence[Reign]] = {disruption: facts.reigns(disruption)}
    for step in facts.about(disruption):
        reigns = _of(facts.reigns(step), STEPS)
        if reigns:
            found[step] = reigns
        elif claims := _of(facts.reigns(step), {CLAIMED}):
            found[step] = claims
    for step in list(found)[1:]:
        if found[step][0][2].type != CLAIMED:
            for claim in facts.about(step):
                if claims := _of(facts.reigns(claim), {CLAIMED}):
                    found[claim] = claims
    for _, _, version in found[disruption]:
        if version.type == CUT_OFF and version.subjects:  # its effect is the default
            announcement = version.subjects[0]
            found.setdefault(announcement, facts.reigns(announcement))
    return found


def _of(reigns: Sequence[Reign], types: Iterable[str]) -> Sequence[Reign]:
    # all versions of a fact are of one type
    return reigns if reigns and reigns[0][2].type in types else ()


def effects(disruption: str, reigns: Mapping[str, Sequence[Reign]]) -> list[Effect]:
    """What a disruption does over all T and K, from the reigns of its cluster; nothing is nothing.

    Where the same lasts from one K to the next it is one rectangle.
    """
    turns: dict[Instant, list[tuple[Version, bool]]] = {}
    for each in reigns.values():
        for known_from, known_to, version in each:
            # at one K what ends goes before what begins there
            turns.setdefault(known_from, []).append((version, True))
            turns.setdefault(known_to, []).insert(0, (version, False))
    turns.pop(END, None)
    found: list[Effect] = []
    standing: dict[str, Version] = {}
    lasting: dict[_Stretch, Instant] = {}
    for moment in sorted(turns):
        for version, begins in turns[moment]:
            if begins:
                standing[version.fact] = version
            elif standing.get(version.fact) is version:
                del standing[version.fact]
        now = _profile(disruption, standing) if disruption in standing else ()
        over = [key for key in lasting if key not in now]
        found += [Effect(*key[:3], lasting.pop(key), moment, key[3]) for key in over]
        for key in now:
            lasting.setdefault(key, moment)
    found += [Effect(*key[:3], since, END, key[3]) for key, since in lasting.items()]
    return found


_Stretch: TypeAlias = tuple[str, Instant, Instant, Entry]
"""What a disruption does to a service from one T to another."""


def _profile(fact: str, standing: Mapping[str, Version]) -> list[_Stretch]:
    """What the disruption does over all T, by what stands at one K."""
    disruption = disruption_of(fact, standing)
    if disruption is None:
        return []
    found: list[_Stretch] = []
    last: Entry | None = None
    since = END
    for turn in sorted({*disruption.turns()} - {END}):
        entry = entry_at(disruption, turn)
        if entry != last:
            if last is not None:
                found.append((disruption.service, since, turn, last))
            last, since = entry, turn
    if last is not None:
        found.append((disruption.service, since, END, last))
    return found


def entry_at(disruption: Disruption | Expected, at: Instant) -> Entry | None:
    """What it does at T; None where that is nothing."""
    worst, best = disruption.bounds(at)
    noticed = disruption.noticed(at)
    if worst == _WORKS and not noticed:
        return None
    contested = worst < _WORKS and disruption.contested
    return Entry(disruption.id, int(worst), int(best), noticed, contested)


_WORKS: Final = Level.OPERATIONAL
