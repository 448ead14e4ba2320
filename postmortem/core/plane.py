"""What one service does over all T and all K: the plane of both, cut into rectangles.

On each rectangle, or *tile*, every disruption of the service does one and the same. The tiles
fill the plane and do not overlap, and there is one way to cut it: at each K the times are divided
where something changes, and nowhere else; a tile lasts over all K at which its stretch of time
stands so. The same effects thus always give the same tiles, in whatever order they came.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final, NamedTuple

from postmortem.core.effects import Effect, Entry
from postmortem.core.levels import Bounds, Level
from postmortem.core.times import BEGINNING, END, Instant

Entries = tuple[Entry, ...]
"""What the disruptions do, sorted."""


class Tile(NamedTuple):
    """A rectangle of T and K, each `[from, to)`, on which nothing changes."""

    time_from: Instant
    time_to: Instant
    known_from: Instant
    known_to: Instant
    entries: Entries

    @property
    def bounds(self) -> Bounds:
        """The worst and the best level that the service may have."""
        worst = best = int(Level.OPERATIONAL)
        for entry in self.entries:
            worst, best = min(worst, entry.worst), min(best, entry.best)
        return Bounds(Level(worst), Level(best))


WHOLE: Final = Tile(BEGINNING, END, BEGINNING, END, ())
"""The plane of a service of which nothing is known."""


class Change(NamedTuple):
    """From one K on, a disruption does something over a stretch of time, or does not any more."""

    known: Instant
    time_from: Instant
    time_to: Instant
    entry: Entry
    begins: bool


def changes(effects: Iterable[Effect]) -> list[Change]:
    """All that begins and ends with effects of one service, by K."""
    counts: dict[tuple[Instant, Instant, Instant, Entry], int] = defaultdict(int)
    for _, time_from, time_to, known_from, known_to, entry in effects:
        counts[known_from, time_from, time_to, entry] += 1
        if known_to != END:
            counts[known_to, time_from, time_to, entry] -= 1
    return [Change(*key, count > 0) for key, count in sorted(counts.items()) if count]


class Sweep:
    """Goes over the plane by ascending K, with the stretches of time as they stand at that K."""

    def __init__(self, entries: Entries = ()) -> None:
        """Before the first change, everything is of these entries."""
        self.starts = [BEGINNING]
        self.since = [BEGINNING]
        self.entries = [entries]
        self.done: list[Tile] = []

    def apply(self, known: Instant, changes: Iterable[Change]) -> Sequence[Entries]:
        """All that changes at one K, later than the one before; what is undone at once is not.

        What stands now on the stretches that were looked at.
        """
        turns: dict[Instant, list[tuple[Entry, int]]] = {}
        for _, time_from, time_to, entry, begins in changes:
            sign = 1 if begins else -1
            turns.setdefault(time_from, []).append((entry, sign))
            turns.setdefault(time_to, []).append((entry, -sign))
        # one stretch more on each side: it may become one with what changes
        first = max(0, bisect_right(self.starts, min(turns)) - 2)
        last = min(len(self.starts), bisect_left(self.starts, max(turns)) + 1)
        until = self.starts[last] if last < len(self.starts) else END
        old = self._stretches(first, last, until)
        starts, entries = self._changed(old, turns, until)
        stood = {start: (end, had, since) for start, end, had, since in old}
        since = []
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else until
            before = stood.get(start)
            if before is not None and before[0] == end and before[1] == entries[number]:
                since.append(before[2])
                del stood[start]
            else:
                since.append(known)
        for start, (end, had, begun) in stood.items():
            if begun < known:
                self.done.append(Tile(start, end, begun, known, had))
        self.starts[first:last] = starts
        self.since[first:last] = since
        self.entries[first:last] = entries
        return entries

    def _stretches(
        self, first: int, last: int, until: Instant
    ) -> list[tuple[Instant, Instant, Entries, Instant]]:
        starts = self.starts[first:last]
        return list(
            zip(starts, [*starts[1:], until], self.entries[first:last], self.since[first:last],
                strict=True)
        )  # fmt: skip

    @staticmethod
    def _changed(
        old: Sequence[tuple[Instant, Instant, Entries, Instant]],
        turns: Mapping[Instant, Sequence[tuple[Entry, int]]],
        until: Instant,
    ) -> tuple[list[Instant], list[Entries]]:
        """The stretches with what changes in them, each as long as it can be: starts, entries."""
        before = {start: entries for start, _, entries, _ in old}
        net: dict[Entry, int] = {}
        starts: list[Instant] = []
        found: list[Entries] = []
        here: Entries = ()
        for start in sorted({*before, *turns}):
            if start >= until and start not in before:
                break
            here = before.get(start, here)
            for entry, sign in turns.get(start, ()):
                count = net.get(entry, 0) + sign
                if count:
                    net[entry] = count
                else:
                    del net[entry]
            entries = _with(here, net) if net else here
            if not found or found[-1] != entries:
                starts.append(start)
                found.append(entries)
        return starts, found

    def finish(self) -> list[Tile]:
        """All tiles that are done, and those that stand for ever."""
        standing = self._stretches(0, len(self.starts), END)
        return self.done + [
            Tile(start, end, since, END, entries) for start, end, entries, since in standing
        ]


def _with(entries: Entries, net: Mapping[Entry, int]) -> Entries:
    found = list(entries)
    for entry, count in net.items():
        if count > 0:
            if entry not in found:
                found.append(entry)
        elif entry in found:
            found.remove(entry)
    found.sort()
    return tuple(found)


def tiles(effects: Iterable[Effect]) -> list[Tile]:
    """The plane of a service, from all that its disruptions do."""
    return list(cut(changes(effects)))


class Crowded(Exception):
    """More disruptions at once than a plane is cut for."""


def cut(changes: Iterable[Change], most: int | None = None) -> Iterator[Tile]:
    """The tiles of a plane by all that changes in it, by K; each as soon as it is done.

    Raises: Crowded, where more than `most` entries stand on one of them.
    """
    sweep = Sweep()
    for known, together in groupby(changes, key=itemgetter(0)):
        changed = sweep.apply(known, together)
        if most is not None and max(map(len, changed)) > most:
            raise Crowded
        if len(sweep.done) >= _DONE:
            yield from sweep.done
            sweep.done.clear()
    yield from sweep.finish()


_DONE: Final = 1000
"""So many tiles that are done are kept until they are handed out."""


# --- one change in a plane that is there ----------------------------------------------------------


class Stroke(NamedTuple):
    """What is to change in a plane for the K of `[from, to)`: entries that go, and that come."""

    known_from: Instant
    known_to: Instant
    changes: tuple[Change, ...]

    @property
    def time_from(self) -> Instant:
        """From here on something changes."""
        return min(change.time_from for change in self.changes)

    @property
    def time_to(self) -> Instant:
        """Up to here something changes."""
        return max(change.time_to for change in self.changes)


def strokes(old: Iterable[Effect], new: Iterable[Effect]) -> list[Stroke]:
    """What turns the old effects of a disruption on a service into the new ones."""
    signs: dict[tuple[Instant, Instant, Entry], dict[Instant, int]] = {}
    for effects, sign in ((old, -1), (new, 1)):
        for _, time_from, time_to, known_from, known_to, entry in effects:
            turns = signs.setdefault((time_from, time_to, entry), defaultdict(int))
            turns[known_from] += sign
            turns[known_to] -= sign
    # all that changes at one K changes at once, since a disruption may do the same before and after
    moments = sorted({moment for turns in signs.values() for moment in turns})
    levels = dict.fromkeys(signs, 0)
    found: list[Stroke] = []
    for moment, until in pairwise(moments):
        here = []
        for key, turns in signs.items():
            levels[key] += turns.get(moment, 0)
            if levels[key]:
                time_from, time_to, entry = key
                here.append(Change(moment, time_from, time_to, entry, levels[key] > 0))
        if not here:
            continue
        last = found[-1] if found else None
        if last is not None and last.known_to == moment and _same(last.changes, here):
            found[-1] = last._replace(known_to=until)
        else:
            found.append(Stroke(moment, until, tuple(here)))
    return found


def _same(changes: Sequence[Change], others: Sequence[Change]) -> bool:
    return [change[1:] for change in changes] == [other[1:] for other in others]


def repaint(tiles: Iterable[Tile], stroke: Stroke) -> tuple[list[Tile], list[Tile]]:
    """(what goes, what comes) with that stroke.

    `tiles` are all of the plane that overlap or touch the stroke's rectangle, in any order.
    """
    before = set(tiles)
    turns: dict[Instant, list[Change]] = defaultdict(list)
    for time_from, time_to, known_from, known_to, entries in before:
        for entry in (*entries, _ELSEWHERE):
            begins = entry is not _ELSEWHERE
            turns[known_from].append(Change(known_from, time_from, time_to, entry, begins))
            if known_to != END:
                turns[known_to].append(Change(known_to, time_from, time_to, entry, not begins))
    turns[stroke.known_from] += stroke.changes
    if stroke.known_to != END:
        turns[stroke.known_to] += [
            change._replace(begins=not change.begins) for change in stroke.changes
        ]
    sweep = Sweep((_ELSEWHERE,))
    for known in sorted(turns):
        sweep.apply(known, turns[known])
    after = {tile for tile in sweep.finish() if _ELSEWHERE not in tile.entries}
    return sorted(before - after), sorted(after - before)


_ELSEWHERE: Final = Entry("", -1, -1, False, False)
"""Stands in a sweep for all of the plane that is not looked at."""
