"""What questions cost, beside bare look-ups in the view's index."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator

from postmortem.bench.ground import Ground, spread
from postmortem.bench.history import made
from postmortem.bench.rows import Row, clocked, in_turns, median, percentile
from postmortem.core.lengths import DAY
from postmortem.core.times import END, AsOf, Instant
from postmortem.store.baselines import Probe, Stock
from postmortem.store.standing import level
from postmortem.tracker import Tracker

_QUESTIONS = 3000
_AWAY = 3 * 365 * DAY  # how long after T knowledge may come, and before


class _Asker:
    """One store, with questions that fit it."""

    def __init__(self, path: str, platform: str | None) -> None:
        self.tracker = Tracker(path)
        self.platform = self.tracker.platform(platform)
        self.view = self.tracker.view
        self.probe = Probe(path, self.platform)
        self.services = sorted(self.probe.keys)
        self.low, self.high = self.probe.times()
        self.random = random.Random(7)  # noqa: S311  # repeatable, nothing is secret

    def close(self) -> None:
        self.probe.close()
        self.tracker.close()

    def question(self) -> tuple[str, AsOf]:
        """A service, a T, and a K: no limit, soon after T, long after it, or before it."""
        at = self.random.randrange(self.low, self.high + 1)
        known = self.random.choice(
            (END, END, at, at + self.random.randrange(_AWAY),
             at - self.random.randrange(_AWAY))
        )  # fmt: skip
        return self.random.choice(self.services), AsOf(at, known=known)

    def moments(self, count: int) -> list[AsOf]:
        return [self.question()[1] for _ in range(count)]


@contextlib.contextmanager
def _asking(ground: Ground, size: int | None = None) -> Iterator[_Asker]:
    asker = _Asker(ground.store(size), None if ground.own is None else ground.platform)
    try:
        yield asker
    finally:
        asker.close()


def _levels(asker: _Asker, count: int) -> tuple[list[float], list[float]]:
    ours, theirs = [], []
    for service, as_of in [asker.question() for _ in range(count)]:
        theirs.append(clocked(lambda: asker.probe.level(service, as_of.valid)))  # noqa: B023
        ours.append(
            clocked(lambda: level(asker.view, asker.platform, service, as_of))  # noqa: B023
        )
    return ours, theirs


def levels(ground: Ground) -> Iterator[Row]:
    """One service at (T, K)."""
    with _asking(ground) as asker:
        _levels(asker, 300)
        ours, theirs = _levels(asker, _QUESTIONS)
        usual = median(theirs)
        name, baseline = "level of one service at (T, K)", "one bare indexed probe"
        size = asker.view.position
        at_half, at_99 = median(ours), percentile(ours, 0.99)
        yield Row("level-p50", name, baseline, size, at_half / usual, 3, 2, False,
                  at_half, at_99, usual)  # fmt: skip
        # both may be disturbed once in a hundred times
        yield Row("level-p99", f"{name}, 1 in 100", baseline, size,
                  at_99 / percentile(theirs, 0.99), 10, None, False, at_99, None,
                  percentile(theirs, 0.99))  # fmt: skip
        worst = max(_worst(asker, asker.probe.busiest()))
        yield Row("level-worst", f"{name}, the worst (T, K) of the busiest", baseline, size,
                  worst / usual, 50, None, False, worst, None, usual)  # fmt: skip


def _worst(asker: _Asker, service: str) -> Iterator[float]:
    """Each T with each K of a grid, the best of five times."""
    for at in spread(asker.low, asker.high, 20):
        for known in (*spread(asker.low, asker.high, 20), END):
            as_of = AsOf(at, known=known)
            yield min(
                clocked(lambda: level(asker.view, asker.platform, service, as_of))  # noqa: B023
                for _ in range(5)
            )


def _states(asker: _Asker, as_of: AsOf) -> Callable[[], object]:
    def ask() -> object:
        with asker.tracker.standing(asker.platform, as_of) as standing:
            return standing.state(as_of)

    return ask


def _told(asker: _Asker, as_of: AsOf) -> Callable[[], object]:
    """What a person is told beside the levels: since when, and of what nothing is on record."""

    def ask() -> object:
        with asker.tracker.standing(asker.platform, as_of) as standing:
            silent = [*map(standing.is_silent, asker.services)]
            return standing.state(as_of), standing.since(as_of.valid), silent

    return ask


def _probes(asker: _Asker, at: Instant) -> Callable[[], object]:
    return lambda: [asker.probe.level(service, at) for service in asker.services]


def states(ground: Ground) -> Iterator[Row]:
    """A whole platform."""
    with _asking(ground) as asker:
        ours: list[float] = []
        theirs: list[float] = []
        told: list[float] = []
        for as_of in asker.moments(60):
            works = [_states(asker, as_of), _probes(asker, as_of.valid), _told(asker, as_of)]
            for times, found in zip((ours, theirs, told), in_turns(works, 3), strict=True):
                times.append(median(found))
        count = len(asker.services)
        yield Row("state", f"state of a platform of {count} services", f"{count} such probes",
                  asker.view.position, median(ours) / median(theirs), 3, 1.5, False,
                  median(ours), percentile(ours, 0.99), median(theirs))  # fmt: skip
        yield Row("state-told", "the same with since when, as a person is told",
                  f"{count} such probes", asker.view.position, median(told) / median(theirs),
                  None, None, False, median(told), percentile(told, 0.99),
                  median(theirs))  # fmt: skip


def growth(ground: Ground) -> Iterator[Row]:
    """The same questions to the smallest and to the largest store."""
    if ground.own is not None or len(ground.sizes) < 2:
        return
    small, large = min(ground.sizes), max(ground.sizes)
    with _asking(ground, small) as one, _asking(ground, large) as other:
        for asker in (one, other):
            _levels(asker, 500)
        times: list[list[float]] = [[], []]
        for _ in range(6):
            for place, asker in enumerate((one, other)):
                times[place] += _levels(asker, _QUESTIONS // 6)[0]
        ours, theirs = median(times[1]), median(times[0])
        yield Row("level-growth", f"level of one service at {large:,} events",
                  f"at {small:,} events", large, ours / theirs, 2, 1.3, False, ours,
                  percentile(times[1], 0.99), theirs)  # fmt: skip
        found: list[list[float]] = [[], []]
        for as_of, then in zip(other.moments(40), one.moments(40), strict=True):
            times = in_turns([_states(other, as_of), _states(one, then)], 3)
            found[0].append(median(times[0]))
            found[1].append(median(times[1]))
        yield Row("state-growth", f"state of the platform at {large:,} events",
                  f"at {small:,} events", large, median(found[0]) / median(found[1]), 2, 1.3,
                  False, median(found[0]), percentile(found[0], 0.99),
                  median(found[1]))  # fmt: skip


def replay(ground: Ground) -> Iterator[Row]:
    """The library's own way to the same answer: all events of the service, one after another."""
    if ground.own is not None:
        return
    with _asking(ground) as asker:
        service = asker.probe.busiest()
        stock = Stock(os.path.join(ground.folder, "replay.db"))
        try:
            stream = f"{ground.platform}/service/{service}"
            told = 0
            for event in made(ground.largest, ground.seed):
                if event.envelope["stream"] == stream:
                    history = stock.tell(service, dict(event.envelope))
                    told += 1
                    if told % 500 == 0:
                        stock.save([history])
            stock.save([history])
            at = AsOf((asker.low + asker.high) // 2)
            ours, theirs = in_turns(
                [lambda: level(asker.view, asker.platform, service, at),
                 lambda: stock.replay(service)], 5
            )  # fmt: skip
        finally:
            stock.close()
        yield Row("replay", f"replay of one service's {told:,} events by the stock library",
                  "level of that service", asker.view.position, median(theirs) / median(ours),
                  None, None, True, median(theirs), None, median(ours))  # fmt: skip


def past(ground: Ground) -> Iterator[Row]:
    """The same at an earlier R."""
    with _asking(ground) as asker:
        before, now, all_before, all_now = [], [], [], []
        for recorded in spread(*asker.probe.recorded(), 12)[1:]:
            at = AsOf(asker.random.randrange(asker.low, asker.high))
            then = AsOf(at.valid, recorded=recorded)
            service = asker.random.choice(asker.services)
            found = in_turns(
                [lambda: level(asker.view, asker.platform, service, then),  # noqa: B023
                 lambda: level(asker.view, asker.platform, service, at)], 5  # noqa: B023
            )  # fmt: skip
            before.append(median(found[0]))
            now.append(median(found[1]))
            found = in_turns([_states(asker, then), _states(asker, at)], 3)
            all_before.append(median(found[0]))
            all_now.append(median(found[1]))
        yield Row("past-level", "level of one service at a past R", "R = now", asker.view.position,
                  median(before) / median(now), None, 5, False, median(before),
                  max(before), median(now))  # fmt: skip
        yield Row("past-state", "state of the platform at a past R", "R = now", asker.view.position,
                  median(all_before) / median(all_now), None, 5, False, median(all_before),
                  max(all_before), median(all_now))  # fmt: skip
