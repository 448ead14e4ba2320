"""Which events count: as known at K and recorded by R, the last word about each fact decides.

A *fact* is an event together with all its corrected versions, named by its first id. The *words*
about a fact are its versions and the retractions of its first id. Of the words that K and R let
through, the last one decides: a version stands, a retraction leaves nothing. Retractions are facts
themselves, so whether one counts is asked in the same way.

This module and those below it load nothing but the standard library: a question asked of the view
and the naive fold over the whole log meet here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from postmortem.core.formulas import Formula
from postmortem.core.levels import Level
from postmortem.core.times import END, AsOf, Instant, Span

ANNOUNCED: Final = "cutoff-announced"
RESCHEDULED: Final = "cutoff-rescheduled"
WITHDRAWN: Final = "cutoff-withdrawn"
CUT_OFF: Final = "service-cut-off"
DOWN: Final = "service-down"
DEGRADED: Final = "service-degraded"
EFFECT_CHANGED: Final = "effect-changed"
RESTORED: Final = "service-restored"
REVISED: Final = "capability-revised"
CLAIMED: Final = "time-claimed"
RETRACTED: Final = "retracted"

CONFIRMED: Final = frozenset({CUT_OFF, DOWN, DEGRADED})
"""The types that open a disruption which is more than expected."""


class Version(NamedTuple):
    """One recorded event, as far as the state depends on it.

    `subjects` are the facts that it speaks of (what it ends, changes, confirms, withdraws,
    reschedules, claims a time of), by first id; of a retraction the one id it names, as named.
    `place` is where it stands among the words about its fact: its position, or for a clerical
    correction right behind the place of the version that it names, before whatever came later.
    """

    id: str
    fact: str
    type: str
    position: int
    place: tuple[int, ...]
    known: Instant
    recorded: Instant
    at: Span | None = None
    effective: Span | None = None
    """The announced or rescheduled effective time; of a claim the claimed time."""
    service: str | None = None
    capability: str | None = None
    effect: Level | None = None
    formula: Formula | None = None
    subjects: tuple[str, ...] = ()

    def seen(self, as_of: AsOf) -> bool:
        """Whether K and R let it through."""
        return self.known <= as_of.known and self.recorded <= as_of.recorded


class Words(Protocol):
    """What the last word about a fact is found from; a list in memory, or tables."""

    def versions(self, fact: str) -> Iterable[Version]:
        """All versions of a fact, in any order."""
        ...

    def retractions(self, event: str) -> Iterable[str]:
        """The facts (of type `retracted`) of which some version names that very id."""
        ...


def last_word(words: Words, fact: str, as_of: AsOf) -> Version | None:
    """The version of the fact that stands at K and R, or None: unknown yet, or taken back.

    It ends, since a retraction names only what was recorded before it (`decide` sees to it).
    """
    spoken: list[tuple[tuple[int, ...], Version | None]] = [
        (version.place, version)
        for version in words.versions(fact)
        if version.seen(as_of) and (version.id == fact or not _taken_back(words, version, as_of))
    ]
    for retraction in words.retractions(fact):
        standing = last_word(words, retraction, as_of)
        if standing is not None and standing.subjects == (fact,):
            spoken.append((standing.place, None))
    return max(spoken, key=lambda word: word[0])[1] if spoken else None


def _taken_back(words: Words, version: Version, as_of: AsOf) -> bool:
    return any(
        (standing := last_word(words, retraction, as_of)) is not None
        and standing.subjects == (version.id,)
        for retraction in words.retractions(version.id)
    )


def reigns(words: Words, fact: str) -> list[tuple[Instant, Instant, Version]]:
    """Which version stands for which K, as all that is recorded now: (from, to, version).

    `[from, to)` in microseconds; where nothing stands there is a gap. The view keeps these.
    """
    moments = sorted({version.known for version in _all_words(words, fact, set())})
    found: list[tuple[Instant, Instant, Version]] = []
    for index, moment in enumerate(moments):
        until = moments[index + 1] if index + 1 < len(moments) else END
        standing = last_word(words, fact, AsOf(moment, known=moment))
        if standing is None:
            continue
        if found and found[-1][2] is standing and found[-1][1] == moment:
            found[-1] = (found[-1][0], until, standing)
        else:
            found.append((moment, until, standing))
    return found


def _all_words(words: Words, fact: str, asked: set[str]) -> Iterable[Version]:
    """Every version whose being known or not may change the last word about the fact."""
    asked.add(fact)
    for version in words.versions(fact):
        yield version
        for named in {version.id, fact}:
            for retraction in words.retractions(named):
                if retraction not in asked:
                    yield from _all_words(words, retraction, asked)


class Log:
    """All versions in memory: the naive reading of a log, and what tests compare with."""

    def __init__(self) -> None:
        self.by_fact: dict[str, list[Version]] = {}
        self.by_id: dict[str, Version] = {}
        self.named: dict[str, set[str]] = {}

    @classmethod
    def of(cls, versions: Iterable[Version]) -> Log:
        """The log that holds these."""
        log = cls()
        for version in versions:
            log.add(version)
        return log

    def add(self, version: Version) -> None:
        """Take in one more."""
        self.by_fact.setdefault(version.fact, []).append(version)
        self.by_id[version.id] = version
        if version.type == RETRACTED:
            for event in version.subjects:
                self.named.setdefault(event, set()).add(version.fact)

    def versions(self, fact: str) -> Iterable[Version]:
        """All versions of a fact."""
        return self.by_fact.get(fact, ())

    def retractions(self, event: str) -> Iterable[str]:
        """The retractions that name that id."""
        return self.named.get(event, ())

    def in_force(self, as_of: AsOf) -> dict[str, Version]:
        """Of each fact the version that stands at K and R, by the fact's first id."""
        return {
            fact: standing
            for fact in self.by_fact
            if (standing := last_word(self, fact, as_of)) is not None
        }


class Situation(NamedTuple):
    """All that counts at one (K, R): the declarations as they stood at R, the facts in force."""

    platform: str
    services: frozenset[str]
    capabilities: Mapping[str, Formula]
    """The declared formula of each."""
    facts: Mapping[str, Version]
    """The version in force of each fact, by the fact's first id."""
