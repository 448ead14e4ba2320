"""What was lost: downtime over the window, the most services down at once, their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

from postmortem.core import measures
from postmortem.core.anchors import chosen, starting
from postmortem.core.disruptions import Disruption
from postmortem.core.incident import Dossier
from postmortem.core.levels import Level
from postmortem.core.measures import Course
from postmortem.core.metrics import (
    PER_CAPABILITY,
    Anchor,
    Measure,
    NotApplicable,
    Outcome,
    Range,
    SoFar,
    Why,
    first,
    judged,
    last,
    ranks,
    spread,
)
from postmortem.core.times import BEGINNING, Instant, Span

NO_WEIGHT: Final = Fraction(0)
"""What an hour of being degraded counts by default, where one of being unavailable counts 1."""
_Wrap: TypeAlias = Callable[[Range], Outcome]


class Moment(NamedTuple):
    """When the most services were down: [start, end), and which."""

    start: Instant
    end: Instant
    services: tuple[str, ...]


def over_the_window(dossier: Dossier, weight: Fraction) -> Iterator[Measure]:
    """Downtime, impaired time and availability of each capability; the most services down."""
    window = dossier.window
    goes_on = window.end is None or window.end > dossier.until
    until = dossier.until if goes_on or window.end is None else window.end
    begins = None
    if window.start != BEGINNING:
        facts = () if window.start_by is None else (window.start_by,)
        begins = Anchor("window begins", facts, Span(window.start, window.start))
    ends = None
    if window.end is not None:
        facts = () if window.end_by is None else (window.end_by,)
        ends = Anchor("window ends", facts, Span(window.end, window.end))
    none = None
    if begins is None:
        none = Why("nothing-recorded")
    elif until <= window.start:
        none = Why("empty-window")

    def outcome(found: Range) -> Outcome:
        return SoFar(found.least, found.most, dossier.until) if goes_on else found

    if none is not None:
        for key in PER_CAPABILITY:
            for id in dossier.capabilities:
                yield Measure(key, NotApplicable(none), begins, ends, id)
        yield Measure("most-down", NotApplicable(none), begins, ends)
        return
    lasted = until - window.start
    found = measures.downtime(dossier.picture, window.start, until)
    for id in dossier.capabilities:
        out, impaired = found[id]
        for key, pair in (("downtime", out), ("impaired", impaired)):
            yield Measure(key, outcome(Range(*pair)), begins, ends, id)
        lost = [out[side] + (impaired[side] - out[side]) * weight for side in (0, 1)]
        share = Range(*(1 - Fraction(loss) / lasted for loss in reversed(lost)))
        yield Measure(
            "availability",
            outcome(share),
            begins,
            ends,
            id,
            beside={"weights": {"unavailable": Fraction(1), "degraded": weight}},
        )
    yield _most_down(dossier, begins, ends, outcome, window.start, until)


def _most_down(
    dossier: Dossier,
    begins: Anchor | None,
    ends: Anchor | None,
    outcome: _Wrap,
    start: Instant,
    until: Instant,
) -> Measure:
    if not dossier.disruptions:
        return Measure("most-down", NotApplicable(Why("no-loss")), begins, ends)
    courses = measures.courses(dossier.picture, start, until)
    own = {id: courses[id] for id in dossier.services}
    certain, possible = (_most(own, until, side) for side in ("best", "worst"))
    moments = {"certainly": certain, "possibly": possible}
    found = Range(*(0 if each is None else len(each.services) for each in moments.values()))
    return Measure("most-down", outcome(found), begins, ends, beside={"moments": moments})


def cascade(confirmed: Sequence[Disruption]) -> Iterator[Measure]:
    """In which order the services were lost, and within what time."""
    begins = starting("first loss", confirmed, first)
    by_service: dict[str, list[Disruption]] = {}
    for one in confirmed:
        by_service.setdefault(one.service, []).append(one)
    losses = {
        service: anchor
        for service, found in sorted(by_service.items())
        if (anchor := starting("first loss", found, first)) is not None
    }
    spans = [anchor.span for anchor in losses.values()]
    if len(losses) < 2:
        why = Why("one-loss", tuple(losses)) if losses else Why("no-loss")
        yield Measure("cascade-span", NotApplicable(why), begins)
        yield Measure("loss-order", NotApplicable(why), begins)
        return
    firsts = [(fact, a.span) for a in losses.values() for fact in a.facts]
    contested = {fact for a in losses.values() if a.contested for fact in a.facts}
    last_loss = chosen("last loss", firsts, last, contested)
    yield Measure("cascade-span", judged(spread(spans)), begins, last_loss)
    places = zip(losses.items(), ranks(spans), strict=True)
    for (service, anchor), place in sorted(places, key=lambda each: (each[0][1].span, each[0][0])):
        yield Measure("loss-order", place, anchor, None, service, service)


def _most(courses: Mapping[str, Course], until: Instant, side: str) -> Moment | None:
    """When the most services were unavailable for the first time; None where none ever was."""
    turns: dict[Instant, list[tuple[str, bool]]] = {}
    for service, course in courses.items():
        was = False
        for instant, bounds in course:
            down = getattr(bounds, side) is Level.UNAVAILABLE
            if down != was:
                turns.setdefault(instant, []).append((service, down))
            was = down
    here: set[str] = set()
    most: Moment | None = None
    instants = sorted(turns)
    for index, instant in enumerate(instants):
        for service, down in turns[instant]:
            (here.add if down else here.discard)(service)
        if here and (most is None or len(here) > len(most.services)):
            end = instants[index + 1] if index + 1 < len(instants) else until
            most = Moment(instant, end, tuple(sorted(here)))
    return most
