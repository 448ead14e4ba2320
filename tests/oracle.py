"""An independent brute-force reference for the contract's sections 2 to 5.

Naive on purpose: it shares nothing with `postmortem`, and computes no bound analytically. Every
level that is possible is found by listing worlds (placements of facts in their spans) and looking.

Times are integers (microseconds since 1970, UTC); a span is a pair (earliest, latest), both ends
included; -INF and INF stand for "unbounded". A question is t (valid), k (knowledge), r (recording).
Histories come from `load` (a casebook in YAML), or are built directly of `History` and `Event`.

Where the wording leaves room, this is how it is read here. [cases]: cases of the contract fail
under another reading; [open]: the cases do not tell.

 1. The words about a fact are ordered by place. A clerical correction takes the place of the
    version that it names [cases]: whatever beat that version beats it too. So of v, c1 (clerical,
    of v), c2 (clerical, of v), c3 (clerical, of c1), recorded in this order, c2 stays the last
    word [open: were all in one place, then by recording, it would be c3].
 2. The place of a retraction is that of its deciding version; a clerical correction of one takes
    its place too, so that a word told after the slip stays the later word [open].
 3. Elsewhere (changes or formulas at one instant, reschedulings of the same earliest `at`) the
    order of recording is where the deciding version itself was recorded: a clerical one takes its
    forerunner's place only "among the words about the fact" [open].
 4. A clerical retraction of a fact is known from the earliest that any version was; one of a later
    id from when that version was [cases: not from when the first version was].
 5. With several confirming cut-offs a notice ends at the smallest of their starts' latests, which
    is the latest that the first of them can be [open].
 6. The default effect of a confirming cut-off is the announcement's at (K, R) [cases], by its last
    word, and also where that announcement has been withdrawn since [open].
 7. Only what counts makes `contested`: no claim about an announcement since rescheduled [cases],
    no step left out [open], nothing of the announcement for the cut-off that confirms it [open].
 8. At R a declaration recorded later is not there and an amended one is as it stood, so `known_at`
    by cited sources follows the `published_at` that stood at R [open].
 9. `without` makes `worst` and `best` unavailable and leaves `because` and `notices` [cases] and
    `contested` [open] alone.
10. Time is a row of microseconds, each with a state of its own, in `downtime` too [open].
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
import re
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

INF = 10**30
NAMES = ("unavailable", "degraded", "operational")
UNAVAILABLE, DEGRADED, OPERATIONAL = 0, 1, 2
OPENING = ("service-cut-off", "service-down", "service-degraded")
Span = tuple[int, int]
T = TypeVar("T")
Formula = Any  # an id, or {operator: argument} as in the casebook


@dataclasses.dataclass(frozen=True)
class Event:
    """One event of the log; `known` is the latest of the stated `known_at`, if there is one."""

    id: str
    type: str
    position: int  # in the order of recording
    recorded: int
    known: int | None = None
    cites: tuple[str, ...] = ()
    at: Span = (-INF, INF)
    effective_at: Span = (-INF, INF)
    time: Span = (-INF, INF)
    service: str = ""
    effect: str | None = None
    announcement: str | None = None
    disruption: str | None = None
    ends: tuple[str, ...] = ()
    capability: str | None = None
    requires: Formula = None
    about: str | None = None
    event: str | None = None
    replaces: str | None = None
    clerical: bool = False


@dataclasses.dataclass
class History:
    """A platform's log. Declarations carry when they were recorded, oldest first."""

    platform: str
    services: Mapping[str, int]  # id -> recorded
    capabilities: Mapping[str, Sequence[tuple[int, Formula]]]  # id -> (recorded, formula)s
    events: Sequence[Event]
    # id -> (recorded, latest of published_at, or None where it is absent or unbounded)s
    sources: Mapping[str, Sequence[tuple[int, int | None]]] = dataclasses.field(
        default_factory=dict
    )


class View:
    """What counts of a history at (K, R): of each fact the last word, under its first id."""

    def __init__(self, history: History, k: int | None, r: int | None) -> None:
        self.history = history
        self.r = INF if r is None else r
        self.by_id = {e.id: e for e in history.events}
        limit = INF if k is None else k
        self.seen = [e for e in history.events if e.recorded <= self.r and self.known(e) <= limit]
        firsts = dict.fromkeys(self.first(e.id) for e in history.events)
        last_words = [(first, self.last_word(first)) for first in firsts]
        counting = [(first, e) for first, e in last_words if e is not None]
        # In the order of recording, which is that of the deciding version.
        self.facts = dict(sorted(counting, key=lambda fact: fact[1].position))

    def stood(self, declarations: Sequence[tuple[int, T]]) -> list[T]:
        """The declarations recorded by R, oldest first."""
        return [value for recorded, value in declarations if recorded <= self.r]

    def first(self, any_id: str) -> str:
        """The first id of the fact that is reachable under this id."""
        replaced = self.by_id[any_id].replaces
        return any_id if replaced is None else self.first(replaced)

    def known(self, e: Event) -> int:
        """From when the event could be known."""
        if e.clerical and e.replaces is not None:
            return self.known(self.by_id[e.replaces])
        if e.clerical and e.event is not None:
            if self.first(e.event) != e.event:
                return self.known(self.by_id[e.event])
            return min(self.known(v) for v in self.history.events if self.first(v.id) == e.event)
        if e.known is not None:
            return min(e.known, e.recorded)
        published = [self.stood(self.history.sources[source])[-1:] for source in e.cites]
        bounded = [latest for told in published for latest in told if latest is not None]
        return min([*bounded, e.recorded])

    def place(self, version: Event) -> tuple[int, ...]:
        """Where a version stands among the words about its fact."""
        if version.clerical and version.replaces is not None:
            return (*self.place(self.by_id[version.replaces]), version.position)
        return (version.position,)

    def last_word(self, first: str) -> Event | None:
        """The version of the fact that decides, or None where it is unknown or retracted."""
        about = [e for e in self.seen if e.event is not None and self.first(e.event) == first]
        retractions = [e for e in about if self.last_word(self.first(e.id)) == e]
        words: list[tuple[tuple[int, ...], Event | None]] = []
        for e in self.seen:
            taken_back = e.id != first and any(r.event == e.id for r in retractions)
            if self.first(e.id) == first and not taken_back:
                words.append((self.place(e), e))
        words += [(self.place(r), None) for r in retractions if r.event == first]
        return max(words, key=lambda word: word[0])[1] if words else None

    def of_type(self, *types: str) -> list[tuple[str, Event]]:
        """The facts of these types that count, in the order of recording."""
        return [(first, e) for first, e in self.facts.items() if e.type in types]

    def naming(self, type_: str, key: str, fact: str) -> list[tuple[str, Event]]:
        """Those of one type of which `key` (an id or several) names a fact by any of its ids."""
        found = []
        for first, e in self.of_type(type_):
            ids = getattr(e, key)
            named = ids if isinstance(ids, tuple) else [] if ids is None else [ids]
            if fact in [self.first(i) for i in named]:
                found.append((first, e))
        return found

    def time(self, fact: str) -> tuple[Span, bool]:
        """The one span of a fact (of an announcement: its effective time); is it contested?"""
        e = self.facts[fact]
        own = e.effective_at if e.type in ("cutoff-announced", "cutoff-rescheduled") else e.at
        if e.type == "cutoff-announced":
            moved = self.naming("cutoff-rescheduled", "announcement", fact)
            if moved:
                return self.time(max(moved, key=lambda m: (m[1].at[0], m[1].position))[0])
        spans = [own] + [claim.time for _, claim in self.naming("time-claimed", "about", fact)]
        earliests, latests = [s[0] for s in spans], [s[1] for s in spans]
        if max(earliests) <= min(latests):
            return (max(earliests), min(latests)), False
        return (min(earliests), max(latests)), True

    def effect(self, e: Event) -> int:
        """The effect that an event gives a disruption."""
        if e.effect is not None:
            return NAMES.index(e.effect)
        if e.type == "service-degraded":
            return DEGRADED
        if e.type == "service-cut-off" and e.announcement is not None:
            announced = self.facts.get(self.first(e.announcement))
            return UNAVAILABLE if announced is None else self.effect(announced)
        return UNAVAILABLE


def relevant(t: int, spans: Sequence[Span]) -> list[int]:
    """The instants that may make a difference: t, all ends of spans, and their neighbours."""
    ends = {t}.union(*spans)
    return sorted({end + by for end in ends for by in (-1, 0, 1)})


def within(instants: Iterable[int], span: Span, t: int, start: int = -INF) -> list[int]:
    """The instants of a span that are not before a start; those after t are all the same at t."""
    return sorted({min(i, t + 1) for i in instants if span[0] <= i <= span[1] and i >= start})


Changes = tuple[tuple[Span, int], ...]  # when, and the effect from then on, by order of recording


@functools.cache
def possible_levels(
    effect: int, start: Span, changes: Changes, restorations: tuple[Span, ...], t: int
) -> frozenset[int]:
    """The levels that a disruption may have at t.

    Every world is listed: each placement of the start, and for it each placement of every step
    within its span and not before that start. Steps that certainly precede it must be left out.
    Listing ends early only where every level that any world could give has been found.
    """
    instants = relevant(t, [start, *(span for span, _ in changes), *restorations])
    conceivable = {OPERATIONAL, effect, *(changed_to for _, changed_to in changes)}
    levels: set[int] = set()
    for begun in [i for i in instants if start[0] <= i <= start[1]]:
        placed_changes = [within(instants, span, t, begun) for span, _ in changes]
        # Of a restoration only whether it has come by t makes a difference.
        placed_restorations = [
            sorted({max(t, i) for i in within(instants, span, t, begun)}) for span in restorations
        ]
        for world in itertools.product(*placed_changes, *placed_restorations):
            changed, restored = world[: len(changes)], world[len(changes) :]
            levels.add(level_in_world(effect, begun, changes, changed, restored, t))
            if levels == conceivable:
                return frozenset(levels)
    return frozenset(levels)


def level_in_world(
    effect: int,
    begun: int,
    changes: Changes,
    changed: Sequence[int],
    restored: Sequence[int],
    t: int,
) -> int:
    """The level at t where the start and every step have their instants."""
    if begun > t or any(instant <= t for instant in restored):
        return OPERATIONAL
    so_far = [(instant, order) for order, instant in enumerate(changed) if instant <= t]
    return changes[max(so_far)[1]][1] if so_far else effect


@functools.cache
def possible_expected(
    effect: int, at: Span, effective: Span, withdrawals: tuple[Span, ...], t: int
) -> frozenset[int]:
    """The levels that an expected disruption may have at t."""
    spans = (at, effective, *withdrawals)
    instants = relevant(t, spans)
    levels = {OPERATIONAL}
    for announced, begun, *withdrawn in itertools.product(*(within(instants, s, t) for s in spans)):
        if announced <= t and begun <= t and all(w > t for w in withdrawn):
            levels.add(effect)
    return frozenset(levels)


@functools.cache
def possible_revisions(revisions: tuple[Span, ...], t: int) -> frozenset[int]:
    """Which revision (counted in the order of recording; -1: none) may be the last by t."""
    instants = relevant(t, revisions)
    last = set()
    for world in itertools.product(*(within(instants, span, t) for span in revisions)):
        so_far = [(instant, order) for order, instant in enumerate(world) if instant <= t]
        last.add(max(so_far)[1] if so_far else -1)
    return frozenset(last)


@dataclasses.dataclass
class Judged:
    """One disruption at t."""

    id: str
    service: str
    levels: frozenset[int]
    contested: bool


def disruptions(view: View, t: int) -> Iterator[Judged]:
    """Every disruption that counts, each judged for itself."""
    for fact, e in view.of_type(*OPENING):
        start, contested = view.time(fact)
        changes, restorations = [], []
        for step, change in view.naming("effect-changed", "disruption", fact):
            span, disputed = view.time(step)
            if span[1] >= start[0]:
                changes.append((span, view.effect(change)))
                contested = contested or disputed
        for step, _ in view.naming("service-restored", "ends", fact):
            span, disputed = view.time(step)
            if span[1] >= start[0]:
                restorations.append(span)
                contested = contested or disputed
        levels = possible_levels(view.effect(e), start, tuple(changes), tuple(restorations), t)
        yield Judged(fact, e.service, levels, contested)
    for fact, e in view.of_type("cutoff-announced"):
        effective, contested = view.time(fact)
        withdrawals = []
        for step, _ in view.naming("cutoff-withdrawn", "announcement", fact):
            span, disputed = view.time(step)
            withdrawals.append(span)
            contested = contested or disputed
        levels = possible_expected(view.effect(e), e.at, effective, tuple(withdrawals), t)
        if view.naming("service-cut-off", "announcement", fact):
            levels = frozenset({OPERATIONAL})
        yield Judged(fact, e.service, levels, contested)


def notices(view: View, service: str, t: int) -> list[str]:
    """The announcements that stand as notices of the service at t."""
    found = []
    for fact, e in view.of_type("cutoff-announced"):
        until = view.time(fact)[0][1]
        confirming = view.naming("service-cut-off", "announcement", fact)
        if confirming:
            until = min(view.time(cut_off)[0][1] for cut_off, _ in confirming)
        withdrawn = view.naming("cutoff-withdrawn", "announcement", fact)
        expected = t < until and all(t < view.time(step)[0][1] for step, _ in withdrawn)
        if e.service == service and e.at[0] <= t and expected:
            found.append(fact)
    return sorted(found)


def evaluate(formula: Formula, level: Callable[[str], int]) -> int:
    """The level of a formula, given that of an id."""
    if isinstance(formula, str):
        return level(formula)
    ((operator, argument),) = formula.items()
    if operator == "optional":
        return max(DEGRADED, evaluate(argument, level))
    if operator == "fallback":
        return min(DEGRADED, evaluate(argument, level))
    parts = argument["of"] if operator == "at_least" else argument
    best_first = sorted((evaluate(part, level) for part in parts), reverse=True)
    if operator == "at_least":
        return best_first[int(argument["count"]) - 1]
    if operator == "all_of":
        return best_first[-1]
    if operator == "any_of":
        return best_first[0]
    assert operator == "parts"
    return best_first[0] if len(set(best_first)) == 1 else DEGRADED


def formulas(view: View, capability: str, t: int) -> list[Formula]:
    """The formulas of a capability that may hold at t."""
    revised = [e for _, e in view.of_type("capability-revised") if e.capability == capability]
    declared = view.stood(view.history.capabilities[capability])[-1]
    holding = sorted(possible_revisions(tuple(e.at for e in revised), t))
    return [declared if which < 0 else revised[which].requires for which in holding]


Pick = Callable[[list[int]], int]  # min for the worst, max for the best


def extreme(view: View, any_id: str, t: int, services: Mapping[str, int], pick: Pick) -> int:
    """The worst or best level of a service or capability, given those of the services."""
    if any_id in services:
        return services[any_id]
    holding = formulas(view, any_id, t)
    return pick([evaluate(f, lambda i: extreme(view, i, t, services, pick)) for f in holding])


def bounds(worst: int, best: int) -> dict[str, str]:
    """The worst and best level, and the status that they make."""
    status = NAMES[worst] if worst == best else "uncertain"
    return {"worst": NAMES[worst], "best": NAMES[best], "status": status}


def declared_services(view: View) -> list[str]:
    return sorted(i for i, recorded in view.history.services.items() if recorded <= view.r)


def judge(
    view: View, t: int, without: Sequence[str] = ()
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, str]]]:
    """The services and the capabilities at t, as `state --json` shows them."""
    judged = list(disruptions(view, t))
    services, worst, best = {}, {}, {}
    for service in declared_services(view):
        mine = [d for d in judged if d.service == service]
        because = [d for d in mine if min(d.levels) < OPERATIONAL]
        worst[service] = min([OPERATIONAL, *(min(d.levels) for d in mine)])
        best[service] = min([OPERATIONAL, *(max(d.levels) for d in mine)])
        if service in without:
            worst[service] = best[service] = UNAVAILABLE
        services[service] = {
            **bounds(worst[service], best[service]),
            "notices": notices(view, service, t),
            "because": sorted(d.id for d in because),
            "contested": any(d.contested for d in because),
        }
    capabilities = {
        i: bounds(extreme(view, i, t, worst, min), extreme(view, i, t, best, max))
        for i, declarations in view.history.capabilities.items()
        if view.stood(declarations)
    }
    return services, capabilities


def state(
    history: History,
    t: int,
    k: int | None = None,
    r: int | None = None,
    without: Sequence[str] = (),
) -> dict[str, Any]:
    """The document of `state --json`."""
    services, capabilities = judge(View(history, k, r), t, without)
    return {
        "platform": history.platform,
        "at": written(t),
        "known_at": written(k),
        "recorded_at": written(r),
        "services": services,
        "capabilities": capabilities,
    }


def downtime(
    history: History, a: int, b: int, k: int | None = None, r: int | None = None
) -> dict[str, dict[str, list[float]]]:
    """The document of `downtime --json`: the state is the same from one relevant instant on."""
    view = View(history, k, r)
    spans = [span for e in history.events for span in (e.at, e.effective_at, e.time)]
    instants = [a, *(i for i in relevant(a, spans) if a < i < b), b]
    total: dict[str, dict[str, list[int]]] = {}
    for this, following in itertools.pairwise(instants):
        for i, levels in judge(view, this)[1].items():
            mine = total.setdefault(i, {"unavailable": [0, 0], "impaired": [0, 0]})
            for which, bound in enumerate(("best", "worst")):
                if levels[bound] == "unavailable":
                    mine["unavailable"][which] += following - this
                if levels[bound] != "operational":
                    mine["impaired"][which] += following - this
    return {
        i: {kind: [lasted / 10**6 for lasted in pair] for kind, pair in mine.items()}
        for i, mine in total.items()
    }


def cuts(
    history: History, capability: str, t: int, k: int | None = None, r: int | None = None
) -> dict[str, Any]:
    """The document of `cuts --json`, by trying every set of services."""
    view = View(history, k, r)
    services = declared_services(view)
    cut = []
    for size in range(len(services) + 1):
        for lost in itertools.combinations(services, size):
            levels = {i: UNAVAILABLE if i in lost else OPERATIONAL for i in services}
            if extreme(view, capability, t, levels, min) == UNAVAILABLE:
                cut.append(lost)
    minimal = [list(s) for s in cut if not any(set(other) < set(s) for other in cut)]
    return {"capability": capability, "minimal_cut_sets": sorted(minimal)}


# Reading a casebook: only the forms of time that the cases use, and no checking.

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def to_int(moment: dt.datetime) -> int:
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


def written(t: int | None) -> str | None:
    """An instant as the JSON documents show it."""
    if t is None:
        return None
    text = (EPOCH + dt.timedelta(microseconds=t)).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") + "Z"


def parse_time(text: str, zone: str = "") -> Span:
    """A written time as a span."""
    if ".." in text:
        early, late = text.split("..")
        earliest = parse_time(early, zone)[0] if early else -INF
        return earliest, parse_time(late, zone)[1] if late else INF
    named = re.fullmatch(r"(.*)\[(.*)\]", text)
    if named:
        text, zone = named.groups()
    if "T" in text:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone))
        return to_int(moment), to_int(moment)
    begin = dt.datetime.fromisoformat((text + "-01-01")[:10]).replace(
        tzinfo=zoneinfo.ZoneInfo(zone)
    )
    following = begin  # the first midnight of the next day, month or year: just count days
    while following.strftime("%Y-%m-%d").startswith(text):
        following += dt.timedelta(days=1)
    return to_int(begin), to_int(following) - 1


def load(path: Path, recorded: str = "2026-01-01T00:00Z") -> History:
    """A casebook as if all of it had been imported at the instant `recorded`."""
    book = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - all stays text
    now = parse_time(recorded)[0]
    zone = book["platform"].get("zone", "")
    return History(
        platform=book["platform"]["id"],
        services=dict.fromkeys(book.get("services", {}), now),
        capabilities={
            i: [(now, told["requires"] if isinstance(told, dict) and "requires" in told else told)]
            for i, told in book.get("capabilities", {}).items()
        },
        sources={
            i: [(now, latest(source.get("published_at"), zone))]
            for i, source in book.get("sources", {}).items()
        },
        events=[read(n, now, keys, zone) for n, keys in enumerate(book.get("events", []))],
    )


def told(
    platform: str, entries: Iterable[tuple[int, Mapping[str, Any]]], zone: str = ""
) -> History:
    """A log told entry by entry: when each was recorded, and its keys with its type.

    Of a declaration the type is `service-declared` and so on.
    """
    history = History(platform, {}, {}, [], {})
    for position, (recorded, keys) in enumerate(entries):
        if keys["type"] == "service-declared":
            history.services = {keys["id"]: recorded, **history.services}
        elif keys["type"] == "capability-declared":
            earlier = history.capabilities.get(keys["id"], [])
            now = (recorded, keys["requires"])
            history.capabilities = {**history.capabilities, keys["id"]: [*earlier, now]}
        elif keys["type"] == "source-declared":
            before = history.sources.get(keys["id"], [])
            published = (recorded, latest(keys.get("published_at"), zone))
            history.sources = {**history.sources, keys["id"]: [*before, published]}
        elif keys["type"] != "platform-declared":
            history.events = [*history.events, read(position, recorded, keys, zone)]
    return history


def latest(text: str | None, zone: str) -> int | None:
    """The latest of a written time, None where there is none or it is unbounded."""
    end = INF if text is None else parse_time(text, zone)[1]
    return None if end == INF else end


def read(position: int, recorded: int, keys: Mapping[str, Any], zone: str) -> Event:
    """One event, from its keys in a casebook."""
    given = {key: v for key, v in keys.items() if key in Event.__dataclass_fields__}
    for key in ("at", "effective_at", "time"):
        if key in keys:
            given[key] = parse_time(keys[key], zone)
    if "known_at" in keys:
        given["known"] = parse_time(keys["known_at"], zone)[1]
    ends = keys.get("ends", [])
    given["ends"] = (ends,) if isinstance(ends, str) else tuple(ends)
    given["cites"] = tuple(cited.partition("#")[0] for cited in keys.get("cites", []))
    given["clerical"] = keys.get("clerical") in (True, "true")
    return Event(position=position, recorded=recorded, **given)
