"""Collects an incident's dossier out of plain values.

What belongs to an incident: whatever names it; answers, outcomes, changes of such; and, of what
names no incident, what is about its services and capabilities and possibly lies in its window.
The window begins where the incident says so, else with its first event: of those that name it, and
of the disruptions of its services that were possibly under way from then on. It ends where the
incident says so, else when it was closed for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from postmortem.core.disruptions import Claims, Disruption, Expected, Settled
from postmortem.core.evidence import DISPUTED, SNAPSHOT
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CONFIRMED,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    RETRACTED,
    REVISED,
    WITHDRAWN,
    Version,
)
from postmortem.core.incident import Dossier, Window
from postmortem.core.items import Body, Declared, Item, Told, span_in
from postmortem.core.state import Picture
from postmortem.core.times import BEGINNING, END, AsOf, Instant, Span

OPENED: Final = "incident-opened"
_PARENTS: Final = {
    "question-answered": "question",
    "estimate-given": "about",
    "estimate-settled": "estimate",
    "deadline-met": "deadline",
    "action-item-changed": "item",
    "action-item-done": "item",
    "action-item-dropped": "item",
    CLAIMED: "about",
    DISPUTED: "about",
    EFFECT_CHANGED: "disruption",
    RESCHEDULED: "announcement",
    WITHDRAWN: "announcement",
    RESTORED: "ends",
}
"""Which key names what an entry goes with: where that belongs to an incident, so does the entry."""
_NAMING: Final = (
    "announcement", "disruption", "ends", "about", "incident", "question", "estimate", "deadline",
    "item", "addresses", "revisions", "event",
)  # fmt: skip
"""The keys under which an entry names facts."""


def dossier(
    picture: Picture,
    entries: Iterable[Told],
    declarations: Iterable[Told],
    *,
    incident: str | None,
    firsts: Mapping[str, str],
    as_of: AsOf,
    position: int,
    until: Instant | None = None,
) -> Dossier:
    """The dossier of an incident, by its first id; of the whole record where that is None.

    `entries` are those of the facts in force; `declarations` stand as they stood at R. `firsts` has
    the first id of every corrected version; of other events the id itself is. Of `as_of`, `valid`
    is when one looks at it. `until` is up to when open ends are counted: else up to then too, but
    not beyond the end of the window that the incident was opened with.
    """
    items = _items(picture, entries, firsts)
    declared = [_declared(entry) for entry in declarations]
    collector = _Collector(picture, items, incident)
    found = [item for item in items.values() if collector.belongs(item)]
    found.sort(key=_order)

    window = collector.window
    if until is None:
        given = window.end is not None and window.end_by == incident
        until = min(as_of.valid, window.end) if given and window.end is not None else as_of.valid

    def of_kind(kind: str, ids: frozenset[str] | None = None) -> dict[str, Declared]:
        return {
            one.id: one
            for one in sorted(declared, key=lambda one: one.id)
            if one.kind == kind and (ids is None or one.id in ids)
        }

    return Dossier(
        picture=picture,
        as_of=as_of,
        until=until,
        position=position,
        platform=next((one for one in declared if one.kind == "platform"), None),
        incident=None if incident is None else items[incident],
        window=window,
        services=of_kind("service", collector.services),
        capabilities=of_kind("capability", collector.capabilities),
        sources=of_kind("source"),
        snapshots=tuple(item for item in items.values() if item.type == SNAPSHOT),
        items=tuple(found),
        disruptions=tuple(collector.disruptions),
    )


def incidents(entries: Iterable[Told], firsts: Mapping[str, str]) -> list[str]:
    """The first ids of the incidents among the entries in force, by when they were opened."""
    opened = [entry for entry in entries if entry.type == OPENED]
    opened.sort(key=lambda entry: (span_in(entry.shown, "at") or _NEVER, entry.position))
    return [firsts.get(entry.id, entry.id) for entry in opened]


_NEVER: Final = Span(END, END)


def _declared(entry: Told) -> Declared:
    kind, id, *_ = entry.id.split(":")
    return Declared(kind, id, entry.position, entry.recorded, entry.shown, entry.withheld)


def _items(picture: Picture, entries: Iterable[Told], firsts: Mapping[str, str]) -> dict[str, Item]:
    """Every fact in force by its first id, with its settled times and the claims about it."""
    by_position = {version.position: version for version in picture.situation.facts.values()}
    times = Claims(picture.situation)
    told = [(entry, by_position[entry.position]) for entry in entries]
    found: dict[str, Item] = {}
    claims: dict[str, list[Item]] = {}
    told.sort(key=lambda pair: (pair[1].type != CLAIMED, pair[1].position))  # claims first
    for entry, version in told:
        time, due = _times(version, times)
        item = Item(
            fact=version.fact,
            id=version.id,
            type=version.type,
            position=version.position,
            known=version.known,
            recorded=version.recorded,
            by=entry.by,
            body=entry.shown,
            withheld=entry.withheld,
            time=time,
            due=due,
            claims=tuple(claims.get(version.fact, ())),
            refers=_refers(entry.shown, firsts),
        )
        found[version.fact] = item
        if version.type == CLAIMED:
            claims.setdefault(version.subjects[0], []).append(item)
    return found


def _times(version: Version, times: Claims) -> tuple[Settled | None, Settled | None]:
    if version.type == ANNOUNCED:
        assert version.at is not None
        return Settled(version.fact, version.at, False), times.due(version)
    if version.type == RESCHEDULED:
        assert version.at is not None
        return Settled(version.fact, version.at, False), times.happened(version)
    if version.type == CLAIMED:
        assert version.effective is not None
        return Settled(version.fact, version.effective, False), None
    return (None if version.at is None else times.happened(version)), None


def _refers(body: Body, firsts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found = {}
    for key in _NAMING:
        value = body.get(key)
        if value is not None:
            ids = [value] if isinstance(value, str) else value
            found[key] = tuple(firsts.get(id, id) for id in ids)
    return found


def _order(item: Item) -> tuple[Span, int]:
    return (_NEVER if item.time is None else item.time.span), item.position


class _Collector:
    """Decides what belongs to an incident."""

    def __init__(self, picture: Picture, items: Mapping[str, Item], incident: str | None) -> None:
        self.items = items
        self.incident = incident
        opened = {} if incident is None else items[incident].body
        situation = picture.situation
        self.services = frozenset(opened.get("services") or situation.services)
        self.capabilities = frozenset(opened.get("capabilities") or situation.capabilities)
        hits = [one for id in sorted(self.services) for one in picture.by_service.get(id, ())]
        self.window = self._window(hits)
        met = [one for one in hits if incident is None or self._meets(one)]
        self.hit = {one.id for one in met}
        # an announcement goes with the cut-off that carries it out, however long before it was made
        self.hit |= {
            one.announcement for one in met if isinstance(one, Disruption) and one.announcement
        }
        self.disruptions = sorted((one for one in hits if one.id in self.hit), key=_begins)
        self._known: dict[str, bool] = {}

    def _window(self, hits: Sequence[Disruption | Expected]) -> Window:
        own = [
            item
            for item in self.items.values()
            if self.incident is None
            or item.fact == self.incident
            or item.names("incident") == self.incident
        ]
        opening = None if self.incident is None else self.items[self.incident]
        end, end_by = self._end(opening, own)
        given = None if opening is None else opening.span("window_from")
        if opening is not None and given is not None and given.earliest != BEGINNING:
            return Window(given.earliest, end, opening.fact, end_by)
        first = _first((item.time.span, item.fact) for item in own if item.time is not None)
        if first is None:
            return Window(BEGINNING, end, None, end_by)
        if opening is None:
            return Window(first[0], None, first[1], None)
        under_way = Window(first[0], end, first[1], end_by)
        started = [
            (one.start.span, one.id)
            for one in hits
            if isinstance(one, Disruption) and under_way.meets(_lasts(one))
        ]
        first = min(first, _first(started) or first)
        return Window(first[0], end, first[1], end_by)

    @staticmethod
    def _end(opening: Item | None, own: Iterable[Item]) -> tuple[Instant | None, str | None]:
        given = None if opening is None else opening.span("window_to")
        if opening is not None and given is not None and given.latest != END:
            return _after(given), opening.fact
        if opening is None:
            return None, None
        turns = [item for item in own if item.type in ("incident-closed", "incident-reopened")]
        last = max(turns, key=_order, default=None)
        if last is None or last.type != "incident-closed" or last.time is None:
            return None, None
        span = last.time.span
        return (None, None) if span.latest == END else (_after(span), last.fact)

    def _meets(self, one: Disruption | Expected) -> bool:
        if isinstance(one, Disruption):
            return self.window.meets(_lasts(one))
        spans = [one.announced, one.effective.span]
        begins = max(one.announced.earliest, one.effective.span.earliest)
        if not one.confirmations and begins < one.withdrawn:  # it may have its effect all the while
            spans.append(Span(begins, one.withdrawn - (one.withdrawn != END)))
        return any(self.window.meets(span) for span in spans)

    def belongs(self, item: Item) -> bool:
        """Whether it does."""
        if item.fact not in self._known:
            self._known[item.fact] = self._belongs(item)
        return self._known[item.fact]

    def _belongs(self, item: Item) -> bool:
        if item.type in (RETRACTED, SNAPSHOT):
            return False
        if self.incident is None or item.fact == self.incident:
            return True
        if item.type == OPENED:
            return False
        if "incident" in item.refers:
            return self.incident in item.refers["incident"]
        if item.type in (ANNOUNCED, *CONFIRMED):
            return item.fact in self.hit
        parents = item.refers.get(_PARENTS.get(item.type, ""), ())
        if parents:
            return any(self._is_ours(parent) for parent in parents)
        return self._is_about(item) and self._lies_within(item)

    def _is_ours(self, fact: str) -> bool:
        return fact in self.items and self.belongs(self.items[fact])

    def _is_about(self, item: Item) -> bool:
        body = item.body
        if item.type == REVISED:
            return body["capability"] in self.capabilities
        if item.type == "service-replaced":
            return bool({body["service"], body["replacement"]} & self.services)
        about = item.names("about")
        if about is None or about in self.services or about in self.capabilities:
            return True
        return self._is_ours(about)

    def _lies_within(self, item: Item) -> bool:
        spans = [None if item.time is None else item.time.span, _from_to(item)]
        return any(span is not None and self.window.meets(span) for span in spans)


def _from_to(item: Item) -> Span | None:
    """The window that an exposure of data has of its own."""
    begins, ends = item.span("window_from"), item.span("window_to")
    if begins is None and ends is None:
        return None
    return Span(
        BEGINNING if begins is None else begins.earliest, END if ends is None else ends.latest
    )


def _first(times: Iterable[tuple[Span, str]]) -> tuple[Instant, str] | None:
    """The first instant that is a bound of one of the spans, its earliest before its latest."""
    bounds = [
        (bound, fact)
        for span, fact in times
        if (bound := span.latest if span.earliest == BEGINNING else span.earliest) != END
    ]
    return min(bounds, default=None)


def _after(span: Span) -> Instant:
    """The first instant that does not count: of a day, month or year the first one after it."""
    return span.latest + ((span.latest + 1) % 1_000_000 == 0)


def _lasts(one: Disruption) -> Span:
    """From its first to its last possible moment; it has no effect any more at a certain end."""
    last = one.certain_end if one.certain_end == END else one.certain_end - 1
    return Span(one.start.span.earliest, max(one.start.span.earliest, last))


def _begins(one: Disruption | Expected) -> tuple[Span, str]:
    return (one.start.span if isinstance(one, Disruption) else one.effective.span), one.id
