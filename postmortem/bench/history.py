"""Made-up history for the benchmark: the same for the same seed, in the order of recording.

Bursts and long quiet years; facts told late or long before; corrections, retractions, claims that
contest a time; announcements that are rescheduled, withdrawn, confirmed or forgotten. One service
in ten has far more to tell than the others.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from postmortem.core.lengths import DAY, HOUR, MINUTE, SECOND
from postmortem.core.times import Instant, format_instant, parse_stored
from postmortem.core.words import Disclosure, salt

PLATFORM: Final = "bench"
SERVICES: Final = 300
CAPABILITIES: Final = 60
BEGIN: Final = parse_stored("2004-01-01T00:00:00Z")
YEARS: Final = 20
FINISH: Final = BEGIN + YEARS * 365 * DAY
"""Before this instant everything has happened, and everything is recorded."""
_WORDS: Final = (
    "power in zone b was lost", "a certificate ran out", "the route was withdrawn",
    "the contract was ended by the provider", "the queue filled up", "the database ran out of disk",
    "a deployment was rolled back", "the office was closed by order", "the account was suspended",
)  # fmt: skip
# of every ten parts of the years, how much of what happens falls into each: quiet, then a burst
_BUSY: Final = (1, 1, 12, 1, 1, 3, 25, 1, 1, 8)


@dataclass(frozen=True, slots=True)
class Made:
    """One event as the log is to hold it, with the words that its digests stand for."""

    envelope: Mapping[str, Any]
    recorded: Instant
    said: list[Disclosure]


@dataclass(order=True, slots=True)
class _Pending:
    recorded: Instant
    number: int
    id: str = field(compare=False)
    type: str = field(compare=False)
    service: str = field(compare=False)
    known: Instant = field(compare=False)
    body: dict[str, Any] = field(compare=False)


def services(number: int = SERVICES) -> list[str]:
    """The ids of the services that are told of."""
    return [f"s{count:03}" for count in range(number)]


def made(size: int, seed: int = 1, number: int = SERVICES) -> Iterator[Made]:
    """`size` events, declarations among them, each recorded no earlier than the one before."""
    log = _Log(seed)
    yield from log.declarations(number)
    rest = max(0, size - log.position)
    for event in islice(_Teller(seed, services(number)).events(rest), rest):
        yield log.event(event)


class _Log:
    """Completes envelopes: positions, versions in their streams, digests."""

    def __init__(self, seed: int) -> None:
        self.position = 0
        self.seed = seed
        self.versions: dict[str, int] = defaultdict(int)
        self.recorded = BEGIN - 30 * DAY

    def declarations(self, number: int) -> Iterator[Made]:
        ids = services(number)
        yield self._made("platform:" + PLATFORM, "platform-declared", None, {"zone": "UTC"})
        for id in ids:
            body = {"name": f"Service {id}", "provider": f"provider-{int(id[1:]) % 40}"}
            yield self._made(f"service:{id}", "service-declared", None, body)
        for count in range(min(CAPABILITIES, number)):
            parts = [ids[(count * 5 + step) % number] for step in range(5)]
            parts = list(dict.fromkeys(parts))
            requires: Any = {"all_of": [parts[0], {"any_of": parts[1:] or parts}]}
            if count % 7 == 6:
                requires = {"all_of": [f"c{count - 1:02}", {"optional": parts[0]}]}
            id = f"c{count:02}"
            yield self._made(f"capability:{id}", "capability-declared", None,
                             {"name": f"Capability {id}", "requires": requires})  # fmt: skip

    def event(self, event: _Pending) -> Made:
        self.recorded = max(self.recorded, event.recorded)
        return self._made(event.id, event.type, min(event.known, self.recorded), event.body,
                          f"{PLATFORM}/service/{event.service}")  # fmt: skip

    def _made(
        self,
        id: str,
        type: str,
        known: Instant | None,
        body: dict[str, Any],
        stream: str = f"{PLATFORM}/declarations",
    ) -> Made:
        self.position += 1
        self.versions[stream] += 1
        said = []
        for name in ("reason", "note"):
            if name in body:
                random_bytes = hashlib.blake2b(
                    f"{self.seed}/{self.position}/{name}".encode(), digest_size=16
                ).digest()
                said.append(Disclosure(salt(random_bytes), name, body[name]))
        envelope = {
            "body": {**body, **{each.field: each.stand_in() for each in said}},
            "id": id,
            "known_at": None if known is None else format_instant(known),
            "platform": PLATFORM,
            "position": self.position,
            "recorded_at": format_instant(self.recorded),
            "recorded_by": None,
            "stream": stream,
            "type": f"{type}/1",
            "version": self.versions[stream],
        }
        return Made(envelope, self.recorded, said)


class _Teller:
    """Tells what happened, story after story, and hands it over in the order of recording."""

    def __init__(self, seed: int, ids: list[str]) -> None:
        self.random = random.Random(seed)  # noqa: S311  # repeatable, nothing is secret
        self.ids = ids
        busy = max(1, len(ids) // 10)
        self.endless = 0.002
        """How often something never ends, as far as is told."""
        self.thinned = 1.0
        """How much shorter and more rarely late it all is where a service has much to tell."""
        self.weights = [8.0 if number < busy else 1.0 for number in range(len(ids))]
        self.pending: list[_Pending] = []
        self.count = 0
        self.stories = 0
        # of the story that is being told
        self.last = BEGIN
        self.types: dict[str, str] = {}
        self.effects: dict[str, str] = {}
        self.known: dict[str, Instant] = {}

    def events(self, size: int) -> Iterator[_Pending]:
        """About `size` events; the caller stops where it has enough."""
        per_story = 2.6
        stories = int(size / per_story * 1.03) + 8
        # of one service a few things are open at once, and a few not yet told, however much is told
        # of it: else the same question would have a longer answer in a longer log
        self.endless = min(self.endless, len(self.ids) / stories)
        self.thinned = min(1.0, 1 / self._most_in_a_day(stories))
        span = YEARS * 365 * DAY
        whole = sum(_BUSY)
        for part, share in enumerate(_BUSY):
            begins = BEGIN + span * part // len(_BUSY)
            count = stories * share // whole + 1
            gap = span // len(_BUSY) // (count + 1)
            chosen = self.random.choices(self.ids, self.weights, k=count)
            for number, service in enumerate(chosen):
                at = begins + gap * number + self.random.randrange(gap or 1)
                at -= at % SECOND
                while self.pending and self.pending[0].recorded < at:
                    yield heapq.heappop(self.pending)
                self._story(service, at)
        while self.pending:
            yield heapq.heappop(self.pending)

    def _most_in_a_day(self, stories: int) -> float:
        """How many stories a busy service has in one day of the busiest part of the years."""
        share = max(self.weights) / sum(self.weights) * max(_BUSY) / sum(_BUSY)
        return stories * share * len(_BUSY) / (YEARS * 365)

    # --- one disruption from beginning to end -----------------------------------------------------

    def _story(self, service: str, at: Instant) -> None:
        self.stories += 1
        dice = self.random.random
        name = f"{service}-{self.stories}"
        minutes = min(self.random.lognormvariate(4.5, 1.6), 90 * 1440) * self.thinned
        lasted = int(minutes) * MINUTE + MINUTE
        self.last = at
        self.types.clear()
        self.effects.clear()
        self.known.clear()
        kind = dice()
        if kind < 0.12:
            self._announced(name, service, at, lasted)
            return
        type = "service-degraded" if kind < 0.3 else "service-down"
        span = self._day(at) if dice() < 0.06 else self._instant(at)
        effect = "degraded" if type == "service-degraded" else "unavailable"
        body: dict[str, Any] = {"service": service, "at": span, "effect": effect}
        if dice() < 0.3:
            body["reason"] = self.random.choice(_WORDS)
        self._tell(name, type, service, at, body)
        self._goes_on(name, service, at, lasted)

    def _goes_on(self, name: str, service: str, at: Instant, lasted: int) -> None:
        dice = self.random.random
        body: dict[str, Any]
        if dice() < 0.15:
            half = at + lasted // 2 + SECOND
            effect = self.random.choice(("degraded", "unavailable"))
            body = {"disruption": name, "effect": effect, "at": self._instant(half)}
            self._tell(f"{name}-changed", "effect-changed", service, half, body)
        if dice() < 0.08:
            other = at + self.random.randrange(-30, 30) * MINUTE
            body = {"about": name, "time": self._instant(other)}
            self._tell(f"{name}-claimed", "time-claimed", service, at + HOUR, body)
        if dice() < 0.07:
            earlier = at - self.random.randrange(20) * MINUTE
            body = {"service": service, "at": self._instant(earlier), "replaces": name}
            if name in self.effects:
                body["effect"] = self.effects[name]
            if self.types[name] == "service-cut-off":
                body["announcement"] = name.removesuffix("-cut")
            if dice() < 0.3:
                body |= {"clerical": True}
            self._tell(f"{name}-v2", self.types[name], service, at + 2 * HOUR, body)
        if dice() >= self.endless / 4:
            ends = at + lasted + 2 * HOUR
            body = {"ends": [name], "at": self._instant(ends)}
            if dice() < 0.05:
                body["note"] = self.random.choice(_WORDS)
            self._tell(f"{name}-ended", "service-restored", service, ends, body)
            if dice() < 0.03:
                body = {"ends": [name], "at": self._instant(ends + 40 * MINUTE),
                        "replaces": f"{name}-ended"}  # fmt: skip
                self._tell(f"{name}-ended-2", "service-restored", service, ends + DAY, body)
        # what was announced is due again for ever, when what carried it out is retracted
        if dice() < 0.03 * (self.thinned if self.types[name] == "service-cut-off" else 1):
            body = {"event": name, "reason": "it was another service"}
            self._tell(f"{name}-retracted", "retracted", service, at + lasted + DAY, body)

    def _announced(self, name: str, service: str, at: Instant, lasted: int) -> None:
        dice = self.random.random
        due = at + int((self.random.expovariate(1 / 20) + 1) * 24 * self.thinned + 2) * HOUR
        body: dict[str, Any] = {"service": service, "at": self._instant(at),
                                "effective_at": self._instant(due),
                                "effect": "unavailable",
                                "reason": self.random.choice(_WORDS)}  # fmt: skip
        self._tell(name, "cutoff-announced", service, at, body)
        if dice() < 0.2:
            due += int(self.random.randrange(1, 30) * 24 * self.thinned) * HOUR
            moved = at + int(24 * self.thinned) * HOUR
            body = {"announcement": name, "at": self._instant(moved),
                    "effective_at": self._instant(due)}  # fmt: skip
            self._tell(f"{name}-moved", "cutoff-rescheduled", service, moved, body)
        if dice() < 0.25:
            withdrawn = min(at + int(48 * self.thinned) * HOUR, due - HOUR)
            body = {"announcement": name, "at": self._instant(withdrawn)}
            self._tell(f"{name}-withdrawn", "cutoff-withdrawn", service, withdrawn, body)
        elif dice() >= self.endless:
            body = {"service": service, "announcement": name, "at": self._instant(due)}
            self._tell(f"{name}-cut", "service-cut-off", service, due, body)
            self._goes_on(f"{name}-cut", service, due, lasted)

    def _tell(
        self, id: str, type: str, service: str, happened: Instant, body: dict[str, Any]
    ) -> None:
        """It is known a while after it happened, and recorded after that."""
        self.types[id] = type
        if "effect" in body:
            self.effects[id] = body["effect"]
        dice = self.random.random()
        if dice < 0.8:
            lag = int(self.random.expovariate(1 / 10) * MINUTE)
        elif dice < 1 - 0.05 * self.thinned:
            lag = int(self.random.expovariate(1 / 2) * DAY * self.thinned)
        else:
            lag = int(self.random.expovariate(1 / 120) * DAY)
        known = happened + lag - lag % SECOND
        recorded = max(known + self.random.randrange(1, 600) * SECOND, self.last + SECOND)
        if self.random.random() < 0.02 * self.thinned:  # written down long after everybody knew
            recorded += self.random.randrange(30, 700) * DAY
        recorded = min(recorded, max(FINISH, self.last + SECOND))
        known = min(known, recorded)
        self.last = recorded
        if body.get("clerical"):
            known = self.known[body["replaces"]]
        elif known < recorded - 300 * SECOND:
            body["known_at"] = self._instant(known)
        else:
            known = recorded
        self.known[id] = known
        self.count += 1
        heapq.heappush(self.pending, _Pending(recorded, self.count, id, type, service, known, body))

    @staticmethod
    def _instant(at: Instant) -> dict[str, str]:
        text = format_instant(at)
        return {"earliest": text, "latest": text, "written": text}

    @staticmethod
    def _day(at: Instant) -> dict[str, str]:
        begins = at - at % DAY
        return {
            "earliest": format_instant(begins),
            "latest": format_instant(begins + DAY - 1),
            "written": format_instant(begins)[:10],
        }
