"""The clocks of a zone: what they show when, and when they change.

Source: PEP 495 for skipped and repeated local times.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from postmortem.core.times import Instant

SECOND: Final = 1_000_000
"""Microseconds."""
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - of walls, which are in no zone
_EPOCH_DAY: Final = date(1970, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = ((date(1, 1, 3) - _EPOCH_DAY).days) * DAY
_LAST: Final = ((date(9999, 12, 29) - _EPOCH_DAY).days) * DAY
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
        face = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        return face.astimezone(self._zone)

    def ahead(self, at: Instant) -> int:
        """How far they are ahead of UTC then, in microseconds."""
        # at the very edges of the calendar a zone's own day reaches beyond it
        return _ahead(self.local(min(max(at, _FIRST), _LAST)))

    def wall(self, at: Instant) -> int:
        """What they show then, as a wall."""
        return at + self.ahead(at)

    def at_wall(self, wall: int) -> list[Instant]:
        """The instants at which they show that: one; two where it comes twice; or none."""
        found = {wall - ahead for ahead in self._readings(wall)}
        return sorted(at for at in found if self.wall(at) == wall)

    def _readings(self, wall: int) -> list[int]:
        face = (_EPOCH + timedelta(microseconds=wall)).replace(tzinfo=self._zone)
        return [_ahead(face.replace(fold=fold)) for fold in (0, 1)]

    def day_begins(self, day: date) -> Instant:
        """The first instant of a local day, be its midnight skipped."""
        wall = (day - _EPOCH_DAY).days * DAY
        return min(self.at_wall(wall), default=wall - self._readings(wall)[0])

    def name(self, at: Instant) -> str:
        """What they are called then: `PST (UTC-08:00)`, or the offset alone."""
        local = self.local(at)
        minutes = abs(_ahead(local)) // MINUTE
        sign = "-" if _ahead(local) < 0 else "+"
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


def _ahead(local: datetime) -> int:
    return (local.utcoffset() or timedelta()) // _MICROSECOND
