"""Lengths of time, in microseconds; and for people in days, then hours, minutes and seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fractions import Fraction

SECOND: Final = 1_000_000
"""Microseconds."""
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def lasted(microseconds: int) -> str:
    """A length, a fraction of a second only where there is one: `3 d 07:59:00`, `−00:00:01.5`."""
    seconds, rest = divmod(abs(microseconds), SECOND)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"{hours:02}:{minutes:02}:{seconds:02}"
    if rest:
        text += f".{rest:06}".rstrip("0")
    text = f"{days} d {text}" if days else text
    return f"−{text}" if microseconds < 0 else text


def whole_seconds(
    least: int | Fraction | None, most: int | Fraction | None
) -> tuple[int | Fraction | None, int | Fraction | None]:
    """A range of microseconds as people read it: from a minute on whole seconds, rounded outward.

    So it loses nothing of what is possible, and a day that ends a microsecond before midnight does
    not show as one. One length that is known exactly is rounded down. None: open on that side.
    """
    if all(-MINUTE < (each or 0) < MINUTE for each in (least, most)):
        return least, most
    if least is not None and least == most:
        return least // SECOND * SECOND, least // SECOND * SECOND
    return (
        None if least is None else least // SECOND * SECOND,
        None if most is None else -(-most // SECOND) * SECOND,
    )
