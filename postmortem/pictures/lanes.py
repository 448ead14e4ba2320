"""What a timeline is made of: lanes with stretches and marks, an axis; all of it plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from postmortem.core.levels import Bounds
from postmortem.core.times import END, Instant, Span


class Condition(Enum):
    """How a service or capability stands."""

    WORKS = "works"
    ENDING = "ending announced"
    DEGRADED = "degraded"
    UNCERTAIN = "uncertain"
    OUT = "out"
    SILENT = "nothing recorded"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` until before `end` this holds; BEGINNING and END where that has no bound."""

    start: Instant
    end: Instant
    condition: Condition
    bounds: Bounds
    announced: bool = False
    """Whether people are on notice that it ends."""


class Sign(Enum):
    """What a mark stands for."""

    ANNOUNCED = "announced"
    RESCHEDULED = "rescheduled"
    WITHDRAWN = "withdrawn"
    OUT = "out"
    DEGRADED = "degraded"
    RESTORED = "restored"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a time: what was announced or happened, or when one could know of it."""

    sign: Sign
    time: Span
    facts: tuple[str, ...]
    """What it is the mark of, by first ids; of what could be known, all that could from then on."""
    contested: bool = False
    due: Span | None = None
    """Of an announcement: when it takes effect, as rescheduled; if it was withdrawn, that."""
    due_contested: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """A service or capability: its stretches in order without a gap, and its marks."""

    id: str
    name: str
    stretches: tuple[Stretch, ...]
    marks: tuple[Mark, ...] = ()

    def at(self, instant: Instant) -> Stretch:
        """The stretch that holds at an instant."""
        return next(each for each in self.stretches if each.start <= instant < each.end)


@dataclass(frozen=True, slots=True)
class Axis:
    """The time that is shown: [start, end), in that zone (UTC where it is None)."""

    start: Instant
    end: Instant
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A timeline, ready to be drawn."""

    title: str
    axis: Axis | None
    """None where nothing has a date."""
    capabilities: tuple[Lane, ...]
    services: tuple[Lane, ...]
    zone: str | None = None
    """Whose clocks are shown; UTC's where it is None."""
    cursor: Instant | None = None
    known: Instant = END
    """K: what could be known by then is shown."""
    recorded: Instant = END
    """R: and of that, what the log held by then."""
