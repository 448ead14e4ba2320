"""What changed between two readings of the record: facts, their times, and levels.

Two situations, at two K or two R, are compared fact by fact; two pictures level by level over all
time. What happened between two T in one picture is the turns between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from postmortem.core import measures
from postmortem.core.causes import FIRST, LAST, Causes, Due, courses, turns
from postmortem.core.disruptions import Claims, Settled
from postmortem.core.history import CLAIMED, RETRACTED, Situation, Version
from postmortem.core.levels import WORKS, Bounds
from postmortem.core.state import Picture
from postmortem.core.supposing import basis
from postmortem.core.times import Instant

# --- the record ---------------------------------------------------------------------------------


class Kind(Enum):
    """What became of a fact."""

    ASSERTED = "asserted"
    CLAIMED = "claimed"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    BROUGHT_BACK = "brought back"
    GONE = "no longer in force"
    """Without being taken back: the version that stood was, and none other is known."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one fact: the versions in force before and after, None where none was."""

    kind: Kind
    fact: str
    before: Version | None
    after: Version | None
    by: tuple[str, ...]
    """The retractions that took back what was in force."""
    freed: tuple[str, ...]
    """The retractions of what is in force now that count no more."""
    words: tuple[Version, ...]
    """What was said to bring it about: versions and retractions, at least one of them new."""
    dated: str | None
    """The fact whose time this may move: itself, or the one that a claim is about."""
    times: tuple[Settled | None, Settled | None]
    """The time of that fact before and after."""

    @property
    def version(self) -> Version:
        """The one in force after, else the one before."""
        version = self.after or self.before
        assert version is not None
        return version

    @property
    def contested(self) -> tuple[bool, bool]:
        """Whether that time was contested before, and is after."""
        before, after = (time is not None and time.contested for time in self.times)
        return before, after


def changes(before: Situation, after: Situation, known: Collection[str]) -> list[Change]:
    """What became of each fact, in order of recording; `known` are those heard of before.

    A retraction is no entry of its own where it is what another entry came about by.
    """
    compared = _Compared(before, after, known)
    found = [
        compared.change(fact, old, new)
        for fact in {**before.facts, **after.facts}
        for old, new in ((before.facts.get(fact), after.facts.get(fact)),)
        if (old and old.id) != (new and new.id)
    ]
    told = {id for change in found for id in change.by}
    found.sort(key=lambda change: change.version.position)
    return [
        change for change in found if not (change.kind is Kind.ASSERTED and change.fact in told)
    ]


class _Compared:
    """Two situations beside each other."""

    def __init__(self, before: Situation, after: Situation, known: Collection[str]) -> None:
        self.before = before
        self.after = after
        self.known = known
        self.claims = Claims(before), Claims(after)
        self.taken = _taken_back(before, after)
        self.given = _taken_back(after, before)

    def change(self, fact: str, old: Version | None, new: Version | None) -> Change:
        """What became of a fact whose version in force is another one, or none."""
        by, freed = self._retractions(fact, old, new)
        if old is not None:
            gone = Kind.RETRACTED if self.taken.get(fact) else Kind.GONE
            kind = gone if new is None else Kind.CORRECTED
        elif fact in self.known:  # heard of before and not in force: it had been taken back
            kind = Kind.BROUGHT_BACK
        else:
            claim = new is not None and new.type == CLAIMED
            kind = Kind.CLAIMED if claim else Kind.ASSERTED
        version = new or old
        assert version is not None
        dated = version.subjects[0] if version.type == CLAIMED else fact
        times = self._time(self.before, 0, dated), self._time(self.after, 1, dated)
        words = tuple(self._words(fact).values())
        shown = dated if any(times) else None
        return Change(kind, fact, old, new, tuple(by), tuple(freed), words, shown, times)

    def _retractions(
        self, fact: str, old: Version | None, new: Version | None
    ) -> tuple[list[str], list[str]]:
        """Those that took back what was in force, and those that let go of what is."""
        return _bearing(self.taken, fact, old, new), _bearing(self.given, fact, new, old)

    def _words(self, fact: str) -> dict[str, Version]:
        """The version in force, and what brought about the retractions that made way for it."""
        old, new = self.before.facts.get(fact), self.after.facts.get(fact)
        by, freed = self._retractions(fact, old, new)
        found = {} if new is None else {new.id: new}
        for retraction in (*by, *freed):
            found |= self._words(retraction)
        return found

    def _time(self, situation: Situation, side: int, fact: str) -> Settled | None:
        """When it happened, or is to take effect; None where it is not in force, or undated."""
        version = situation.facts.get(fact)
        if version is None or version.at is None:
            return None
        return self.claims[side].happened(version)


def _bearing(
    retractions: Mapping[str, list[str]], fact: str, here: Version | None, there: Version | None
) -> list[str]:
    """The retractions for which a version is in force here, and another one or none there."""
    if here is None:
        return []
    whole = retractions.get(fact, []) if there is None else []
    return sorted([*whole, *(retractions.get(here.id, []) if here.id != fact else [])])


def _taken_back(before: Situation, after: Situation) -> dict[str, list[str]]:
    """The retractions that came into force, by the id that each takes back.

    One that was corrected meanwhile may take back again what had been told anew since.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for id, retraction in after.facts.items():
        if retraction.type == RETRACTED:
            earlier = before.facts.get(id)
            if earlier is None or earlier.id != retraction.id:
                found[retraction.subjects[0]].append(id)
    return found


# --- levels -------------------------------------------------------------------------------------


class Moved(NamedTuple):
    """From `start` to `end` (exclusive) the bounds are others; None: not declared on that side.

    A side that reaches the end of all time, where nobody set a window, is FIRST or LAST + 1.
    """

    id: str
    start: Instant
    end: Instant
    before: Bounds | None
    after: Bounds | None


def moved(
    before: Picture, after: Picture, start: Instant = FIRST, end: Instant = LAST + 1
) -> list[Moved]:
    """The longest periods within [start, end) over which one pair of bounds became another.

    By id and time. What is declared on one side only counts as operational on the other: before
    anybody says that there is such a service, nobody says that it fails.
    """
    sides = [measures.courses(picture, start, end) for picture in (before, after)]
    found: list[Moved] = []
    for id in sorted({*sides[0], *sides[1]}):
        courses_of = [side.get(id) for side in sides]
        instants = sorted({at for course in courses_of for at, _ in course or ()})
        reading = [_Reading(course) for course in courses_of]
        for index, at in enumerate(instants):
            until = instants[index + 1] if index + 1 < len(instants) else end
            old, new = (side.at(at) for side in reading)
            if (old or WORKS) != (new or WORKS):  # one of them turns here, so the pair is new
                found.append(Moved(id, at, until, old, new))
    return found


class _Reading:
    """A course read at instants that ascend; None all along, where there is no course."""

    def __init__(self, course: measures.Course | None) -> None:
        self.course = course
        self.index = 0

    def at(self, instant: Instant) -> Bounds | None:
        if self.course is None:
            return None
        while self.index + 1 < len(self.course) and self.course[self.index + 1][0] <= instant:
            self.index += 1
        return self.course[self.index][1]


@dataclass(frozen=True, slots=True)
class Between:
    """The bounds of a service or capability at two T, and its turns from one to the other."""

    id: str
    before: Bounds
    after: Bounds
    turns: tuple[Due, ...]

    @property
    def differs(self) -> bool:
        """Whether the bounds are others in the end."""
        return self.before != self.after


def between(picture: Picture, earlier: Instant, later: Instant) -> list[Between]:
    """Everything whose bounds turn in (earlier, later], by id, with the facts responsible."""
    causes = Causes(picture)
    found = []
    for id, course in sorted(courses(picture).items()):
        passed = [turn for turn in turns(course) if earlier < turn.at <= later]
        if passed:
            due = tuple(causes.due(basis(picture, id), passed))
            found.append(Between(id, passed[0].before, passed[-1].after, due))
    return found
