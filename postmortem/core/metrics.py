"""What a measure is: a range between two anchors, or the reason why there is none.

A time is a span, so what lies between two of them is a range: the least and the most that it comes
to, wherever the two are placed within their spans. A side that nothing bounds stays open. Nothing
is made up: without an anchor a measure is *not applicable*, with the two certainly in the wrong
order it is *invalid*, and what goes on is counted *so far*, as of a moment that stands beside it.

Lengths are whole microseconds, shares are exact fractions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

from postmortem.core.times import BEGINNING, END, Instant, Span

Number: TypeAlias = int | Fraction


class Why(NamedTuple):
    """A reason: a key of `REASONS`, and the ids or words that it names."""

    code: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return REASONS[self.code].format(", ".join(self.names))


REASONS: Final[Mapping[str, str]] = {
    "not-announced": "nobody announced it, as far as is recorded",
    "withdrawn": "it was withdrawn, by {}",
    "no-publication": "no source that tells of it says when it was published",
    "no-loss": "no service of it was lost, as far as is recorded",
    "one-loss": "only {} was lost",
    "no-milestone": "no milestone {} is recorded",
    "never-effective": "{} never took effect, as far as is recorded",
    "no-length": "the estimate says neither how long nor until when",
    "restored-itself": "restored by {}; nothing replaced it",
    "no-cutoff": "{} was not cut off when it was replaced, as far as is recorded",
    "not-begun": "it had not begun by then",
    "empty-window": "the window had not begun by then",
    "nothing-recorded": "nothing is recorded",
    "unbounded": "neither side of it is bounded",
    "reversed": "the second came before the first",
}
"""Why there is no number, in English; {} are the names."""


@dataclass(frozen=True, slots=True)
class Range:
    """At least and at most; None where nothing bounds that side."""

    least: Number | None
    most: Number | None

    def contains(self, value: Number) -> bool:
        """Whether that value lies in it."""
        return (self.least is None or self.least <= value) and (
            self.most is None or value <= self.most
        )


@dataclass(frozen=True, slots=True)
class SoFar(Range):
    """What it came to at a moment, and it goes on."""

    as_of: Instant


@dataclass(frozen=True, slots=True)
class Invalid(Range):
    """The anchors are certainly in the wrong order: by so much, less than nothing."""

    why: Why


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """There is nothing to measure."""

    why: Why


Outcome: TypeAlias = Range | SoFar | Invalid | NotApplicable


def word(outcome: Outcome) -> str:
    """`range`, `so far`, `invalid` or `not applicable`."""
    if isinstance(outcome, NotApplicable):
        return "not applicable"
    if isinstance(outcome, Invalid):
        return "invalid"
    return "so far" if isinstance(outcome, SoFar) else "range"


@dataclass(frozen=True, slots=True)
class Anchor:
    """One end of a measure: what it is, by which facts, and when."""

    name: str
    """Such as `announced`, `took effect`, `detected`; see `measuring`."""
    facts: tuple[str, ...]
    """The facts that it is taken from; of several any may be the one."""
    span: Span
    contested: bool = False


SECONDS, SERVICES, RANK, SHARE = "seconds", "services", "rank", "share"
"""What a measure is counted in. Lengths of time are microseconds here, seconds in documents."""


class Definition(NamedTuple):
    """What a measure is called and what it says."""

    name: str
    says: str
    unit: str = SECONDS


DEFINITIONS: Final[Mapping[str, Definition]] = {
    "notice": Definition(
        "notice",
        "when the cutoff took effect, or is to, minus when it was announced; zero or less is none",
    ),
    "notice-announced": Definition(
        "notice as announced",
        "when the cutoff was to take effect by its last announcement, minus when it was announced",
    ),
    "public-lead": Definition(
        "public lead",
        "when the cutoff took effect, or is to, minus the earliest publication among the sources "
        "that tell of it",
    ),
    "time-to-detect": Definition(
        "time to detect", "the first milestone detected minus the first loss of a service"
    ),
    "time-to-acknowledge": Definition(
        "time to acknowledge",
        "the first milestone acknowledged minus the first milestone detected",
    ),
    "time-to-mitigate": Definition(
        "time to mitigate", "the last milestone mitigated minus the first loss of a service"
    ),
    "time-to-restore-all": Definition(
        "time to restore all",
        "when the last of the disruptions ended minus the first loss of a service",
    ),
    "time-to-restore": Definition(
        "time to restore", "when a disruption ended minus when it began, for each disruption"
    ),
    "time-to-alternative": Definition(
        "time to an alternative",
        "when a replacement took over minus when the service was cut off",
    ),
    "downtime": Definition(
        "downtime",
        "how long the capability was unavailable within the window; causes that overlap count once",
    ),
    "impaired": Definition(
        "impaired time",
        "how long the capability was below operational within the window; causes that overlap "
        "count once",
    ),
    "availability": Definition(
        "availability",
        "1 minus weighted downtime divided by the window, rounded down",
        SHARE,
    ),
    "cascade-span": Definition(
        "cascade span", "the last service's first loss minus the first service's first loss"
    ),
    "most-down": Definition(
        "most services down at once",
        "at least: the most services certainly unavailable at one moment; at most: the most "
        "possibly unavailable at one moment",
        SERVICES,
    ),
    "loss-order": Definition(
        "loss order",
        "the place of a service's first loss among the first losses of all services; a range where "
        "their times leave the order open",
        RANK,
    ),
    "estimate-error": Definition(
        "estimate error",
        "when the disruption ended minus when it was estimated to end; more than zero: it took "
        "longer",
    ),
    "lag-known": Definition(
        "lag until known", "from when a loss could be known minus when it took effect"
    ),
    "lag-recorded": Definition(
        "lag until recorded", "when the log took a loss in minus from when it could be known"
    ),
    "lag-detected": Definition(
        "lag until detected", "the first milestone detected minus when a loss took effect"
    ),
}
"""Every measure by its key, in the order in which they are told."""
PER_CAPABILITY: Final = ("downtime", "impaired", "availability")
"""The measures of a capability over the window."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of one thing."""

    key: str
    """A key of `DEFINITIONS`."""
    outcome: Outcome
    start: Anchor | None = None
    end: Anchor | None = None
    about: str | None = None
    """The id of the disruption, announcement, capability, service or estimate; None: all of it."""
    service: str | None = None
    """Whose disruption or announcement it is."""
    beside: Mapping[str, object] = field(default_factory=dict)
    """What stands beside it, by name; see `measuring`."""

    @property
    def name(self) -> str:
        """What it is called."""
        return DEFINITIONS[self.key].name

    @property
    def definition(self) -> str:
        """What it says."""
        return DEFINITIONS[self.key].says

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return DEFINITIONS[self.key].unit


# --- arithmetic -----------------------------------------------------------------------------------


def between(start: Span, end: Span) -> Range:
    """The end minus the start, wherever the two are placed; microseconds."""
    open_least = end.earliest == BEGINNING or start.latest == END
    open_most = end.latest == END or start.earliest == BEGINNING
    return Range(
        None if open_least else end.earliest - start.latest,
        None if open_most else end.latest - start.earliest,
    )


def lapse(start: Anchor, end: Anchor, *, signed: bool = False) -> Outcome:
    """What lies between two anchors; `signed` where the second may well come before the first."""
    return judged(between(start.span, end.span), signed=signed)


def judged(found: Range, *, signed: bool = False) -> Outcome:
    """The range, unless it says nothing, or is certainly less than nothing and may not be."""
    if found.least is None and found.most is None:
        return NotApplicable(Why("unbounded"))
    if not signed and found.most is not None and found.most < 0:
        return Invalid(found.least, found.most, Why("reversed"))
    return found


def so_far(start: Span, as_of: Instant) -> Outcome:
    """How long it has gone on at that moment, since a start that lies before it."""
    if start.earliest > as_of:
        return NotApplicable(Why("not-begun"))
    found = between(start, Span(as_of, as_of))
    if start.latest > as_of:  # it may not have begun yet
        found = Range(None, found.most)
    if found.least is None and found.most is None:
        return NotApplicable(Why("unbounded"))
    return SoFar(found.least, found.most, as_of)


def first(spans: Iterable[Span]) -> Span:
    """When the first of several things happened, each placed within its span."""
    earliest, latest = zip(*spans, strict=True)
    return Span(min(earliest), min(latest))


def last(spans: Iterable[Span]) -> Span:
    """When the last of several things happened, each placed within its span."""
    earliest, latest = zip(*spans, strict=True)
    return Span(max(earliest), max(latest))


def spread(spans: Sequence[Span]) -> Range:
    """The last of several things minus the first of them, each placed within its span."""
    begins, ends = first(spans), last(spans)
    open_least = begins.latest == END or ends.earliest == BEGINNING
    least = 0 if open_least else max(0, ends.earliest - begins.latest)
    if ends.latest == END or begins.earliest == BEGINNING:
        return Range(least, None)
    order = sorted(range(len(spans)), key=lambda index: spans[index].earliest)
    by_latest = sorted(range(len(spans)), key=lambda index: -spans[index].latest)
    most = max(  # not of one thing with itself
        (
            spans[late].latest - spans[early].earliest
            for early in order[:2]
            for late in by_latest[:2]
            if early != late
        ),
        default=0,
    )
    return Range(least, max(0, most))


def ranks(spans: Sequence[Span]) -> list[Range]:
    """The place of each, 1 and how many come before it; a range where the spans leave it open."""
    earliest = sorted(span.earliest for span in spans)
    latest = sorted(span.latest for span in spans)
    return [
        Range(
            1 + bisect_left(latest, span.earliest),
            1 + bisect_left(earliest, span.latest) - (span.earliest < span.latest),
        )
        for span in spans
    ]
