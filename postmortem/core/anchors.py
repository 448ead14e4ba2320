"""What measures are taken between: when disruptions begin and end, and the first of several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from postmortem.core.disruptions import Disruption, Expected
from postmortem.core.metrics import Anchor, Outcome, Range, between, judged, so_far
from postmortem.core.times import Instant, Span

Which: TypeAlias = Callable[[Iterable[Span]], Span]
"""The first of several, or the last."""


def starts(one: Disruption) -> Span:
    """When it began, no later than any of its steps."""
    return Span(one.start.span.earliest, one.latest_start)


def ends_of(one: Disruption) -> Span | None:
    """When it ended; None where nothing says so."""
    return Span(one.first_possible_end, one.certain_end) if one.restorations else None


def lasted(one: Disruption, as_of: Instant) -> Outcome:
    """How long it lasted, or has so far. It does not end before it begins."""
    begins, ends = starts(one), ends_of(one)
    if ends is None:
        return so_far(begins, as_of)
    found = between(begins, ends)
    return judged(Range(None if found.least is None else max(0, found.least), found.most))


def chosen(
    name: str,
    found: Sequence[tuple[str, Span]],
    which: Which,
    contested: Iterable[str] = (),
) -> Anchor | None:
    """The first or last of several, with those that may be it."""
    if not found:
        return None
    span = which(each for _, each in found)
    facts = tuple(
        fact
        for fact, each in found
        if each.earliest <= span.latest and each.latest >= span.earliest
    )
    return Anchor(name, facts, span, not set(contested).isdisjoint(facts))


def due(name: str, announcement: Expected) -> Anchor:
    """When an announced disruption takes effect, by its announcement or what rescheduled it."""
    time = announcement.effective
    return Anchor(name, (time.fact,), time.span, time.contested)


def ended(one: Disruption) -> Anchor | None:
    """The end of a disruption; None where nothing says so."""
    span = ends_of(one)
    if span is None:
        return None
    facts = tuple(time.fact for time in one.restorations if time.span.earliest <= span.latest)
    contested = any(time.contested for time in one.restorations if time.fact in facts)
    return Anchor("ended", facts, span, contested)


def starting(name: str, found: Iterable[Disruption], which: Which) -> Anchor | None:
    """The start of the first or the last of those disruptions."""
    found = list(found)
    contested = {one.id for one in found if one.start.contested}
    return chosen(name, [(one.id, starts(one)) for one in found], which, contested)
