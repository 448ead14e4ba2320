"""What each disruption does over all T and all K at once, as all that is recorded stands.

An *effect* is a rectangle: from one T to another, as known from one K to another, a disruption
may hold its service at these levels. What a store's view keeps are these, so that a question is a
look-up and not a fold; what makes them is the same reading of a disruption that the fold uses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

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
    starts: dict[Instant, list[Version]] = defaultdict(list)
    ends: dict[Instant, list[Version]] = defaultdict(list)
    for each in reigns.values():
        for known_from, known_to, version in each:
            starts[known_from].append(version)
            ends[known_to].append(version)
    found: list[Effect] = []
    standing: dict[str, Version] = {}
    lasting: dict[tuple[str, Instant, Instant, Entry], Instant] = {}
    for moment in sorted({*starts, *ends}):
        for version in ends.get(moment, ()):
            if standing.get(version.fact) is version:
                del standing[version.fact]
        if moment != END:
            for version in starts.get(moment, ()):
                standing[version.fact] = version
        now = dict.fromkeys(
            _profile(disruption, standing) if moment != END and disruption in standing else ()
        )
        for key, since in list(lasting.items()):
            if key not in now:
                found.append(Effect(key[0], key[1], key[2], since, moment, key[3]))
                del lasting[key]
        for key in now:
            lasting.setdefault(key, moment)
    return found


def _profile(
    fact: str, standing: Mapping[str, Version]
) -> Iterable[tuple[str, Instant, Instant, Entry]]:
    """What the disruption does over all T, by what stands at one K."""
    disruption = disruption_of(fact, standing)
    if disruption is None:
        return
    turns = sorted({*disruption.turns()} - {END})
    last: Entry | None = None
    since = END
    for turn in turns:
        entry = entry_at(disruption, turn)
        if entry != last:
            if last is not None:
                yield disruption.service, since, turn, last
            last, since = entry, turn
    if last is not None:
        yield disruption.service, since, END, last


def entry_at(disruption: Disruption | Expected, at: Instant) -> Entry | None:
    """What it does at T; None where that is nothing."""
    worst, best = disruption.bounds(at)
    noticed = isinstance(disruption, Expected) and disruption.noticed(at)
    if worst == Level.OPERATIONAL and not noticed:
        return None
    contested = worst < Level.OPERATIONAL and disruption.contested
    return Entry(disruption.id, int(worst), int(best), noticed, contested)
