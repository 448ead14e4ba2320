"""What one service does over all T, as it is known in the end, and since which K it is settled.

The times are divided where something changes, and nowhere else, so that the same effects always
give the same stretches, in whatever order they came. At a K from which on a stretch is settled,
what is known of it in the end was known already; only what was learnt later has to be looked up
among the effects themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Final, NamedTuple

from postmortem.core.effects import Effect, Entry
from postmortem.core.levels import Bounds, Level
from postmortem.core.times import BEGINNING, END, Instant

MOST_ENTRIES: Final = 8
"""Of more disruptions than these at once a stretch says only how many hold which level."""
_OPERATIONAL: Final = int(Level.OPERATIONAL)
_UNAVAILABLE: Final = int(Level.UNAVAILABLE)


class Tally(NamedTuple):
    """How many disruptions there are at once; of how many the worst is a level, and the best."""

    number: int
    unavailable_at_worst: int
    degraded_at_worst: int
    unavailable_at_best: int
    degraded_at_best: int

    def with_(self, entry: Entry, sign: int) -> Tally:
        """With that entry, or without it where the sign is -1."""
        number, worst_0, worst_1, best_0, best_1 = self
        _, worst, best, _, _ = entry
        if worst < _OPERATIONAL:
            if worst == _UNAVAILABLE:
                worst_0 += sign
            else:
                worst_1 += sign
            if best == _UNAVAILABLE:
                best_0 += sign
            elif best < _OPERATIONAL:
                best_1 += sign
        return Tally(number + sign, worst_0, worst_1, best_0, best_1)

    @property
    def bounds(self) -> Bounds:
        """The worst and the best level that they leave the service."""
        return Bounds(
            _lowest(self.unavailable_at_worst, self.degraded_at_worst),
            _lowest(self.unavailable_at_best, self.degraded_at_best),
        )


def _lowest(unavailable: int, degraded: int) -> Level:
    if unavailable:
        return Level.UNAVAILABLE
    return Level.DEGRADED if degraded else Level.OPERATIONAL


AtOnce = tuple[Entry, ...] | Tally
"""What the disruptions do at once, sorted; of more than `MOST_ENTRIES`, their tally."""
_NONE: Final = Tally(0, 0, 0, 0, 0)


def tally(entries: Iterable[Entry]) -> Tally:
    """How many there are of what."""
    found = _NONE
    for entry in entries:
        found = found.with_(entry, 1)
    return found


def bounds_of(at_once: AtOnce) -> Bounds:
    """The worst and the best level that the service may have."""
    return (at_once if isinstance(at_once, Tally) else tally(at_once)).bounds


class Stretch(NamedTuple):
    """From one T to the next stretch: since which K it is settled, and what is so then."""

    time_from: Instant
    settled: Instant
    at_once: AtOnce


NOTHING: Final = Stretch(BEGINNING, BEGINNING, ())
"""The one stretch of a service of which nothing is known."""


def settled_by(effect: Effect) -> Instant:
    """The last K at which the effect begins or ends."""
    return effect.known_from if effect.known_to == END else effect.known_to


def cut(
    effects: Iterable[Effect],
    low: Instant = BEGINNING,
    high: Instant = END,
    most: int = MOST_ENTRIES,
) -> Iterator[Stretch]:
    """The stretches of `[low, high)`, from all effects on it by ascending start; one by one.

    Memory grows with how many effects there are at once, and not with how many there are.
    """
    pending = iter(effects)
    following = next(pending, None)
    ends: list[tuple[Instant, bool, Entry]] = []  # to be undone, and whether it stands in the end
    recent: list[tuple[int, Instant]] = []  # what settled last, and until when that lies here
    for_ever = BEGINNING  # the same of what never ends
    active: set[Entry] = set()
    counted = _NONE
    turn = low
    last: tuple[Instant, AtOnce] | None = None
    while True:
        while ends and ends[0][0] <= turn:
            _, stands, entry = heappop(ends)
            if stands:
                active.remove(entry)
                counted = counted.with_(entry, -1)
        while following is not None and following.time_from <= turn:
            _, _, time_to, known_from, known_to, entry = following
            stands = known_to == END
            settled = known_from if stands else known_to
            if stands:
                active.add(entry)
                counted = counted.with_(entry, 1)
            if time_to == END:
                for_ever = max(for_ever, settled)
            else:
                heappush(ends, (time_to, stands, entry))
                heappush(recent, (-settled, time_to))
            following = next(pending, None)
        while recent and recent[0][1] <= turn:
            heappop(recent)
        settled = max(for_ever, -recent[0][0]) if recent else for_ever
        at_once: AtOnce = tuple(sorted(active)) if len(active) <= most else counted
        if (settled, at_once) != last:
            last = settled, at_once
            yield Stretch(turn, settled, at_once)
        if ends and (following is None or ends[0][0] < following.time_from):
            turn = ends[0][0]
        elif following is not None:
            turn = following.time_from
        else:
            return
        if turn >= high:
            return


def changed(
    old: Sequence[Stretch],
    gone: Iterable[Effect],
    come: Iterable[Effect],
    low: Instant,
    high: Instant,
    most: int = MOST_ENTRIES,
) -> list[Stretch] | None:
    """The stretches of `[low, high)` when these effects of one disruption went, and those came.

    `old` are those that overlap it. None where that cannot be told without all other effects.
    """
    turns = {low, *(each.time_from for each in old if low < each.time_from < high)}
    turning: dict[Instant, list[tuple[Effect, int, int]]] = {}
    for which, effects in enumerate((gone, come)):
        for effect in effects:
            turning.setdefault(max(effect.time_from, low), []).append((effect, which, 1))
            if effect.time_to < high:
                turning.setdefault(effect.time_to, []).append((effect, which, -1))
    here: tuple[list[Effect], list[Effect]] = [], []
    found: list[Stretch] = []
    index = 0
    for turn in sorted(turns | turning.keys()):
        for effect, which, sign in turning.get(turn, ()):
            if sign > 0:
                here[which].append(effect)
            else:
                here[which].remove(effect)
        while index + 1 < len(old) and old[index + 1].time_from <= turn:
            index += 1
        _, settled, at_once = old[index]
        left, arrived = (max(map(settled_by, each), default=BEGINNING) for each in here)
        if left == settled > arrived:
            return None
        after = _with(at_once, *here, most)
        if after is None:
            return None
        each = Stretch(turn, max(settled, arrived), after)
        if not found or found[-1][1:] != each[1:]:
            found.append(each)
    return found


def _with(
    at_once: AtOnce, gone: Iterable[Effect], come: Iterable[Effect], most: int
) -> AtOnce | None:
    out = {effect.entry for effect in gone if effect.known_to == END}
    into = {effect.entry for effect in come if effect.known_to == END}
    if out == into:
        return at_once
    if isinstance(at_once, Tally):
        for entry in out:
            at_once = at_once.with_(entry, -1)
        for entry in into:
            at_once = at_once.with_(entry, 1)
        return at_once if at_once.number > most else None
    found = sorted({*at_once} - out | into)
    return tuple(found) if len(found) <= most else tally(found)
