"""The clocks of a zone: what they show when, and when they change.

Source: PEP 495 for skipped and repeated local times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from postmortem.core.lengths import DAY, MINUTE
from postmortem.core.times import Instant
from postmortem.core.zones import face, offset_at, readings

_EPOCH_DAY: Final = date(1970, 1, 1)
_SAMPLES: Final = 2000  # at most so many instants are looked at for a change, one a day at most


@dataclass(frozen=True)
class Clocks:
    """The clocks of a zone by its IANA name, of UTC where it is None.

    A *wall* is what they show: microseconds, as if they were in UTC.
    """

    zone: str | None

    @cached_property
    def _zone(self) -> tzinfo:
        return UTC if self.zone is None else ZoneInfo(self.zone)

    @property
    def is_utc(self) -> bool:
        """Whether they are those of UTC."""
        return self.zone in (None, "UTC", "Etc/UTC")

    def local(self, at: Instant) -> datetime:
        """What they show then."""
        return face(at).astimezone(self._zone)

    def ahead(self, at: Instant) -> int:
        """How far they are ahead of UTC then, in microseconds."""
        return offset_at(self._zone, at)

    def wall(self, at: Instant) -> int:
        """What they show then, as a wall."""
        return at + self.ahead(at)

    def at_wall(self, wall: int) -> list[Instant]:
        """The instants at which they show that: one; two where it comes twice; or none."""
        return readings(wall, self._zone)[1]

    def day_begins(self, day: date) -> Instant:
        """The first instant of a local day, be its midnight skipped."""
        possible, held = readings((day - _EPOCH_DAY).days * DAY, self._zone)
        return held[0] if held else possible[-1]  # skipped: by the clocks as they were before

    def name(self, at: Instant) -> str:
        """What they are called then: `PST (UTC-08:00)`, or the offset alone."""
        local = self.local(at)
        ahead = self.ahead(at)
        minutes = abs(ahead) // MINUTE
        sign = "-" if ahead < 0 else "+"
        offset = f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}"
        name = local.tzname() or ""
        return f"{name} ({offset})" if name.isalpha() and name != "UTC" else offset

    def names(self, start: Instant, end: Instant) -> list[tuple[Instant, str]]:
        """What they are called from `start` on, and from each change before `end` on.

        Of a time of many years a change and its reversal within two days may be overlooked.
        """
        found = [(start, self.name(start))]
        step = max(DAY, (end - start) // _SAMPLES)
        before = start
        for at in (*range(start + step, end, step), end - 1):
            name = self.name(at)
            if name != found[-1][1]:
                found.append((self._changed(found[-1][1], before, at), name))
            before = at
        return found

    def _changed(self, name: str, low: Instant, high: Instant) -> Instant:
        """The first instant at which they are not called that any more."""
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if self.name(middle) == name else (low, middle)
        return high
