"""Disruptions: their steps, the times claimed for them, and what they may do at T.

A disruption is judged in possible worlds: every fact is placed somewhere within its span,
independently of the others, but no step of a disruption before its start. The functions here give
the exact bounds over all such worlds without enumerating them; the tests enumerate.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CONFIRMED,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    WITHDRAWN,
    Situation,
    Version,
)
from postmortem.core.levels import WORKS, Bounds, Level
from postmortem.core.times import BEGINNING, END, Instant, Span, common, hull


class Settled(NamedTuple):
    """The time of one fact: its own span and all spans claimed for it, made one."""

    fact: str
    span: Span
    contested: bool
    """True where the spans have no common part; `span` then covers them all."""


def settle(fact: str, spans: Sequence[Span]) -> Settled:
    """The common part of the spans, or what covers them all, contested."""
    if len(spans) == 1:
        return Settled(fact, spans[0], False)
    shared = common(spans)
    return Settled(fact, hull(spans), True) if shared is None else Settled(fact, shared, False)


class Step(NamedTuple):
    """From `time` on, the disruption has `effect`; `order` is that of recording."""

    time: Settled
    effect: Level
    order: int


class Succession:
    """Placed things of which each takes the place of the one before it.

    This is the rule of effect changes and of revised formulas. Each is (span, order): it is placed
    within its span, but not before `floor`; of two at the same instant the one with the higher
    order comes later, and no two orders are the same. Those that certainly are placed by T stand
    beside each other, by their latest; the others that may be are few, unless many overlap.
    """

    def __init__(self, spans: Sequence[tuple[Span, int]], floor: Instant) -> None:
        self._spans = spans
        self._by_latest = sorted(
            (span.latest, order, index) for index, (span, order) in enumerate(spans)
        )
        firsts = (
            (max(spans[index][0].earliest, floor), order) for _, order, index in self._by_latest
        )
        self._come_first = list(accumulate(firsts, max))
        """Of so many that are certainly placed: when the last one is at least, and its order."""
        self._by_earliest = sorted((span.earliest, index) for index, (span, _) in enumerate(spans))
        latest = (spans[index][0].latest for _, index in self._by_earliest)
        self._may_last = list(accumulate(latest, max))

    def possibly_last(self, at: Instant) -> list[int | None]:
        """Which of them may be the last one placed by `at`; None where none may be."""
        certain = bisect_left(self._by_latest, (at + 1,))
        last = self._come_first[certain - 1] if certain else (BEGINNING, -1)
        # each as late as it can be: best against all others
        begin = bisect_left(self._by_latest, last, 0, certain)
        found = [index for _, _, index in self._by_latest[begin:certain]]
        begun = bisect_left(self._by_earliest, (at + 1,))
        while begun and self._may_last[begun - 1] > at:
            begun -= 1
            index = self._by_earliest[begun][1]
            span, order = self._spans[index]
            if span.latest > at and (at, order) >= last:
                found.append(index)
        return [*([] if certain else [None]), *sorted(found)]


def possibly_last(
    spans: Sequence[tuple[Span, int]], at: Instant, floor: Instant
) -> Iterator[int | None]:
    """Which of the placed things may be the last one placed by `at`: see `Succession`."""
    return iter(Succession(spans, floor).possibly_last(at))


@dataclass
class Disruption:
    """A confirmed disruption: somebody says that the service did go out."""

    id: str
    service: str
    start: Settled
    effect: Level
    changes: list[Step] = field(default_factory=list)
    restorations: list[Settled] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """The steps that certainly precede the start, by fact: they have no effect."""
    announcement: str | None = None
    latest_start: Instant = field(init=False)
    """The latest instant at which it can have started, every step being no earlier."""
    first_possible_end: Instant = field(init=False)
    """From here on it may have ended; END where nothing says so."""
    certain_end: Instant = field(init=False)
    """From here on it has certainly ended; END where nothing says so."""
    contested: bool = field(init=False)
    """Whether the time of its start or of a step is."""

    def __post_init__(self) -> None:
        early, latest = self.start.span
        if self.changes:
            self.left_out += [s.time.fact for s in self.changes if s.time.span.latest < early]
            self.changes = [s for s in self.changes if s.time.span.latest >= early]
            latest = min([latest, *(step.time.span.latest for step in self.changes)])
        possible = certain = END
        if self.restorations:
            self.left_out += [s.fact for s in self.restorations if s.span.latest < early]
            self.restorations = [s for s in self.restorations if s.span.latest >= early]
            for step in self.restorations:
                possible = min(possible, max(step.span.earliest, early))
                certain = min(certain, step.span.latest)
        self.latest_start = min(latest, certain)
        self.first_possible_end, self.certain_end = possible, certain
        steps = [self.start, *(change.time for change in self.changes), *self.restorations]
        self.contested = True in [step.contested for step in steps]

    def effects(self, at: Instant) -> set[Level]:
        """The effects that it may have at T; empty where it certainly has none."""
        if not self.start.span.earliest <= at < self.certain_end:
            return set()
        if not self.changes:
            return {self.effect}
        return {
            self.effect if index is None else self.changes[index].effect
            for index in self._succession.possibly_last(at)
        }

    @cached_property
    def _succession(self) -> Succession:
        spans = [(change.time.span, change.order) for change in self.changes]
        return Succession(spans, self.start.span.earliest)

    def bounds(self, at: Instant) -> Bounds:
        """The worst and the best level that it may hold the service at, at T."""
        if not self.start.span.earliest <= at < self.certain_end:
            return WORKS
        worst = best = self.effect
        if self.changes:
            effects = self.effects(at)
            worst, best = min(effects), max(effects)
        spared = at < self.latest_start or at >= self.first_possible_end
        return Bounds(worst, Level.OPERATIONAL if spared else best)

    def noticed(self, at: Instant) -> bool:
        """Whether at T people are on notice of it: never of what is confirmed."""
        return False

    def turns(self) -> list[Instant]:
        """Every instant at which `bounds` may change."""
        early, latest = self.start.span
        found = [early, latest, self.latest_start]
        for restoration in self.restorations:
            found += restoration.span
        for change in self.changes:
            found += change.time.span
            # one microsecond past a tie, a change told earlier can be the last one again
            found.append(max(change.time.span.earliest, early) + 1)
        return found


@dataclass
class Expected:
    """An announced disruption: at most expected, until a cut-off confirms it or it is withdrawn."""

    id: str
    service: str
    announced: Span
    effective: Settled
    effect: Level
    withdrawals: list[Settled] = field(default_factory=list)
    confirmations: list[Settled] = field(default_factory=list)
    """The starts of the cut-offs that confirm it: from then on those speak."""

    withdrawn: Instant = field(init=False)
    """From here on nothing is expected any more; END where it was not withdrawn."""
    notice_until: Instant = field(init=False)
    """Until here (exclusive) people are on notice of it."""
    contested: bool = field(init=False)
    """Whether its effective time or a withdrawal's is."""

    def __post_init__(self) -> None:
        self.withdrawn = min((time.span.latest for time in self.withdrawals), default=END)
        # of several confirmations the first one ends it, whichever that is
        due = self.confirmations or [self.effective]
        self.notice_until = min([*(time.span.latest for time in due), self.withdrawn])
        self.contested = any(time.contested for time in (self.effective, *self.withdrawals))

    def noticed(self, at: Instant) -> bool:
        """Whether at T people are on notice of it."""
        return self.announced.earliest <= at < self.notice_until

    def bounds(self, at: Instant) -> Bounds:
        """Its effect as the worst, where it may have one at T; the best is that it has none."""
        begins = max(self.announced.earliest, self.effective.span.earliest)
        if self.confirmations or not begins <= at < self.withdrawn:
            return WORKS
        return Bounds(self.effect, Level.OPERATIONAL)

    def turns(self) -> list[Instant]:
        """Every instant at which `bounds` or `noticed` may change."""
        begins = self.effective.span.earliest
        return [self.announced.earliest, begins, self.notice_until, self.withdrawn]


class Claims:
    """The time of every fact in force, with what others claim of it."""

    def __init__(self, situation: Situation) -> None:
        self.claimed: dict[str, list[Span]] = defaultdict(list)
        self.rescheduled: dict[str, list[Version]] = defaultdict(list)
        self._settled: dict[tuple[str, Span], Settled] = {}
        """Of what is claimed about: one restoration may end many, and is asked of by each."""
        for version in situation.facts.values():
            if version.type == CLAIMED:
                assert version.effective is not None
                self.claimed[version.subjects[0]].append(version.effective)
            elif version.type == RESCHEDULED:
                self.rescheduled[version.subjects[0]].append(version)

    def happened(self, version: Version) -> Settled:
        """When it happened; of an announcement or rescheduling, when that takes effect."""
        own = version.effective if version.type in (ANNOUNCED, RESCHEDULED) else version.at
        assert own is not None
        claimed = self.claimed.get(version.fact)
        if claimed is None:
            return Settled(version.fact, own, False)
        asked = version.fact, own
        if asked not in self._settled:
            self._settled[asked] = settle(version.fact, [own, *claimed])
        return self._settled[asked]

    def due(self, announcement: Version) -> Settled:
        """When an announcement takes effect: as last rescheduled, else as first announced."""
        changes = self.rescheduled.get(announcement.fact)
        return self.happened(max(changes, key=_last_announced) if changes else announcement)


def _last_announced(version: Version) -> tuple[Instant, int]:
    assert version.at is not None
    return version.at.earliest, version.position


def disruptions(situation: Situation) -> list[Disruption | Expected]:
    """Every disruption that the facts in force open, confirmed ones and expected ones."""
    claims = Claims(situation)
    about: dict[str, list[Version]] = defaultdict(list)
    for version in situation.facts.values():
        for subject in version.subjects:
            about[subject].append(version)
    found: list[Disruption | Expected] = []
    for fact, version in situation.facts.items():
        if version.type == ANNOUNCED:
            found.append(_expected(version, about[fact], claims))
        elif version.type in CONFIRMED:
            found.append(_confirmed(version, about[fact], claims, situation.facts))
    return found


def disruption_of(fact: str, facts: Mapping[str, Version]) -> Disruption | Expected | None:
    """The disruption that one fact opens, by the facts in force that bear on it; None for others.

    `facts`: by first id; further ones make no difference.
    """
    version = facts[fact]
    if version.type != ANNOUNCED and version.type not in CONFIRMED:
        return None
    claims = Claims(Situation("", frozenset(), {}, facts))
    about = [each for each in facts.values() if fact in each.subjects]
    if version.type == ANNOUNCED:
        return _expected(version, about, claims)
    return _confirmed(version, about, claims, facts)


def _expected(version: Version, about: Iterable[Version], claims: Claims) -> Expected:
    assert version.service is not None
    assert version.at is not None
    about = list(about)
    return Expected(
        id=version.fact,
        service=version.service,
        announced=version.at,
        effective=claims.due(version),
        effect=_effect(version.effect),
        withdrawals=[claims.happened(v) for v in about if v.type == WITHDRAWN],
        confirmations=[claims.happened(v) for v in about if v.type in CONFIRMED],
    )


def _confirmed(
    version: Version, about: Iterable[Version], claims: Claims, facts: Mapping[str, Version]
) -> Disruption:
    assert version.service is not None
    about = list(about)
    announcement = version.subjects[0] if version.subjects else None
    effect = version.effect
    if effect is None and announcement is not None and announcement in facts:
        effect = facts[announcement].effect
    return Disruption(
        id=version.fact,
        service=version.service,
        start=claims.happened(version),
        effect=_effect(effect),
        changes=[
            Step(claims.happened(v), _effect(v.effect), v.position)
            for v in about
            if v.type == EFFECT_CHANGED
        ],
        restorations=[claims.happened(v) for v in about if v.type == RESTORED],
        announcement=announcement,
    )


def _effect(effect: Level | None) -> Level:
    """Where nothing is said, a service is unavailable (of `service-degraded`, `events` says)."""
    return Level.UNAVAILABLE if effect is None else effect


class Revision(NamedTuple):
    """A capability's formula from `span` on."""

    span: Span
    order: int


def formulas_at(revisions: Sequence[Revision], at: Instant) -> list[int | None]:
    """Which revised formulas may hold at T; None stands for the declared one."""
    return Succession(revisions, BEGINNING).possibly_last(at)
