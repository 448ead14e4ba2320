"""Time zones: which there are, and what their clocks show at an instant.

An instant is an integer, microseconds since 1970-01-01T00:00:00Z. A wall is what a local clock
shows: microseconds too, as if that clock were in UTC. `core.times` says how both are written.

Source: the IANA time zone database; PEP 495 (skipped and repeated local times).
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from postmortem.core.errors import BadTime, quoted
from postmortem.core.lengths import DAY, MINUTE, SECOND

if TYPE_CHECKING:  # a question in UTC is answered without loading it
    from zoneinfo import ZoneInfo

_MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST: Final = (datetime.min.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND
LAST: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // _MICROSECOND

_LONGEST: Final = 200  # characters that a zone's name may have
# Every part of an IANA name begins with a capital. That leaves out `localtime`, `posixrules`,
# `posix/...`, `right/...` (which counts leap seconds) and every path out of the zones' folder.
_ZONE_NAME: Final = r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Z][A-Za-z0-9_+-]*)*"


# --- faces ----------------------------------------------------------------------------------------


def instant_of(moment: datetime) -> int:
    """The instant of a date and time that knows how far it is from UTC."""
    return (moment - EPOCH) // _MICROSECOND


def face(instant: int) -> datetime:
    """Date and time of `instant` in UTC. Raises: ValueError outside the years 0001 to 9999."""
    try:
        return EPOCH + timedelta(microseconds=instant)
    except OverflowError:
        raise ValueError(f"{instant} is outside the years 0001 to 9999") from None


# --- the database ---------------------------------------------------------------------------------


def known_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone of this machine, in exactly its spelling."""
    return find_zone(name) is not None


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """The zone of that name, if there is one."""
    from zoneinfo import ZoneInfo

    if len(name) > _LONGEST or not re.fullmatch(_ZONE_NAME, name):
        return None
    if sys.platform != "linux" and name not in _names():
        return None  # elsewhere the file system may find EUROPE/BERLIN too
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # there is none, or another kind of file, or a folder
        return None


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """All zones of this machine; slow, for it opens every file of the database."""
    from zoneinfo import available_timezones

    return frozenset(name for name in available_timezones() if re.fullmatch(_ZONE_NAME, name))


def zone_named(name: str) -> ZoneInfo:
    """The zone of that name. Raises: BadTime, with the names that come near."""
    if zone := find_zone(name):
        return zone
    if name[:1] in ("!", "+", "-") or "=" in name:
        hint = "write the zone's name alone; an offset stands before the bracket"
        raise BadTime(f"of the bracket only a zone's name is read, not {quoted(name)}", hint=hint)
    from difflib import get_close_matches

    near = {known.lower(): known for known in sorted(_names())}
    wanted = name[:_LONGEST].lower().replace(" ", "_")
    matches = [low for low in near if low.endswith(f"/{wanted}")]
    matches = matches or get_close_matches(wanted, near, n=3)
    likely = " or ".join(near[low] for low in matches) or "an IANA name, such as Europe/Berlin"
    raise BadTime(f"this machine knows no time zone {quoted(name)}", hint=f"write {likely}")


# --- what clocks show -----------------------------------------------------------------------------


def in_zone(instant: int, zone: str | None) -> str:
    """For people: `2021-01-11 00:30 PST`, or `+0545` in place of a name that is not all letters.

    Seconds and fraction are shown where they are not zero. UTC serves where `zone` is None, and
    where the local time would leave the years 0001 to 9999.
    Raises: BadTime for an unknown zone; ValueError for BEGINNING, END and beyond.
    """
    local, mark = face(instant), "UTC"
    if zone is not None:
        own = zone_named(zone)
        try:
            local = local.astimezone(own)
            mark = local.tzname() or ""
        except OverflowError:
            pass
        if not mark.isalpha():
            mark = _signed(offset_at(own, instant)).replace(":", "")
    return f"{_short(local).replace('T', ' ')} {mark}"


def with_offset(instant: int, offset: int) -> str:
    """`instant` as a person may write it: with that offset, or with Z where that cannot be."""
    if not offset or offset % MINUTE or not FIRST <= instant + offset <= LAST:
        return f"{_short(face(instant))}Z"
    return f"{_short(face(instant + offset))}{_signed(offset)}"


def _short(shown: datetime) -> str:
    """`2021-01-10T23:59`, with seconds and fraction where they are not zero."""
    precision = "auto" if shown.second or shown.microsecond else "minutes"
    text = shown.replace(tzinfo=None).isoformat(timespec=precision)
    return text.rstrip("0") if "." in text else text


def _signed(offset: int) -> str:
    """`-08:00`, with seconds where they are not zero: so it was before there were zones."""
    seconds = abs(offset) // SECOND
    text = f"{'-' if offset < 0 else '+'}{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


def offset_at(zone: tzinfo, instant: int) -> int:
    """Microseconds that the zone's clocks are ahead of UTC at `instant`.

    Within a day of the edges of years 0001 and 9999 it looks a day further in, lest the local time
    overflow: no clock changes there. It goes from UTC to local, for utcoffset() goes by wall time.
    """
    inside = min(max(instant, FIRST + DAY), LAST - DAY)
    local = zone.fromutc(face(inside).replace(tzinfo=zone))
    return instant_of(local.replace(tzinfo=UTC)) - inside


def readings(wall: int, zone: tzinfo) -> tuple[list[int], list[int]]:
    """The instants, in order, that `wall` may mean, and those at which the clocks do show it.

    It may be read with the offset before a change of the clocks, and with the one after it: both
    hold for a repeated local time, neither for a skipped one. Source: PEP 495.
    """
    local = face(wall).replace(tzinfo=zone)
    shifts = [local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    meant = sorted({wall - shift // _MICROSECOND for shift in shifts})
    return meant, [instant for instant in meant if instant + offset_at(zone, instant) == wall]


def only_reading(wall: int, zone: ZoneInfo) -> int:
    """The instant at which the zone's clocks show `wall`. Raises: BadTime where it is not one."""
    meant, held = readings(wall, zone)
    if len(held) == 1:
        return held[0]
    both = [with_offset(instant, wall - instant) for instant in meant]
    shown = [f"{text} ({in_zone(i, zone.key)})" for text, i in zip(both, meant, strict=True)]
    raise BadTime(
        f"{zone.key} {'repeats' if held else 'skips'} that local time: {' or '.join(shown)}",
        hint=f"write the one that is meant with its offset, without a [Zone]: {' or '.join(both)}",
    )


def check_offset(wall: int, offset: str, instant: int, zone: ZoneInfo) -> None:
    """Raises: BadTime where the zone has not the written offset then; Z fits every zone."""
    if offset in "Zz" or instant + offset_at(zone, instant) == wall:
        return
    possible, held = readings(wall, zone)
    has = [_signed(wall - reading) for reading in held or possible]
    meant = " or ".join(with_offset(reading, wall - reading) for reading in held or possible)
    then = (
        f"has {' or '.join(has)}"
        if held
        else f"skips that local time, from {' to '.join(has[::-1])}"
    )
    reason = f"{zone.key} does not have the offset {offset} then: it {then}"
    raise BadTime(reason, hint=f"write {meant}, or leave out the [Zone]")


def local_bounds(first: int, last: int, zone: ZoneInfo) -> tuple[int, int]:
    """The first and last instant from wall `first` to wall `last`.

    Raises: BadTime where the zone skips them.
    """
    begins, ends = readings(first, zone)[1], readings(last, zone)[1]
    earliest = begins[0] if begins else _change_over(first, zone)
    latest = ends[-1] if ends else _change_over(last, zone) - 1
    if earliest > latest:
        reason = f"{zone.key} skips that day: its clocks go on to {in_zone(earliest, zone.key)}"
        raise BadTime(reason, hint="write the day before or after, or an instant with its offset")
    return earliest, latest


def _change_over(wall: int, zone: ZoneInfo) -> int:
    """The instant at which the zone's clocks pass over `wall`, which they never show."""
    low, high = readings(wall, zone)[0]
    return low + bisect_left(range(low, high), wall, key=lambda i: i + offset_at(zone, i))
