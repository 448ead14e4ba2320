"""How the effects that hold (T, K) are found among many: by how long they last.

Of those that last no longer than some length, the ones that hold T begin less than that length
before it: they lie side by side in an index by length and beginning. Those that were foreseen lie
apart, since the others begin before K as well. What never ends lasts as long as it is known; what
never ends and is still known is read for what it is.

Lengths are told apart by powers of eight, so that a dozen ranges are looked at, whatever the number
of effects.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from postmortem.core.times import END, Instant

if TYPE_CHECKING:
    from postmortem.core.effects import Effect

_POWERS: Final = range(15, 64, 3)
"""Of two, in microseconds: what is longer than the last but one is looked for from the beginning.
"""
_FORESEEN: Final = 100
_REACHES: Final = (
    0,
    *(-power for power in _POWERS),
    *_POWERS,
    *(_FORESEEN + power for power in _POWERS),
)
_BITS: Final = {reach: 1 << number for number, reach in enumerate(_REACHES)}


def reach_of(effect: Effect) -> tuple[int, Instant]:
    """By which length an effect is found, and from when on it lasts so long.

    The length is the power of two that it does not exceed, in microseconds of T, and `_FORESEEN`
    more where it was known before it began; negative, where it is one of K; 0 where it never ends.
    """
    _, time_from, time_to, known_from, known_to, _ = effect
    if time_to != END:
        foreseen = _FORESEEN if known_from < time_from else 0
        return foreseen + _power(time_to - time_from), time_from
    if known_to != END:
        return -_power(known_to - known_from), known_from
    return 0, time_from


def _power(length: int) -> int:
    return min(max(span_of(length), _POWERS[0]), _POWERS[-1])


def span_of(length: int) -> int:
    """The power of two that a length does not exceed, of those of which eight is one."""
    return -(-max(length - 1, 0).bit_length() // 3) * 3


def bit_of(reach: int) -> int:
    """The reach as a bit of those that the view has."""
    return _BITS[reach]


@lru_cache(256)
def bearing(reaches: int, low: Instant, known: Instant) -> int:
    """Those of the reaches of which some effect may go on at a first T, and be known at K.

    What was not foreseen begins before K: what is too short to last from K to that T does not.
    """
    return sum(
        bit
        for reach, bit in _BITS.items()
        if reaches & bit and not (0 < reach < _POWERS[-1] and low - ((1 << reach) - 1) > known)
    )


@lru_cache(256)
def overlapping(reaches: int, columns: str) -> str:
    """A statement that reads the effects on a service that hold K and some T of a stretch of time.

    `reaches` are those that are looked among, by their bits. Its parameters are the service, the
    first and the last T, and K.
    """
    return " UNION ALL ".join(
        f"SELECT {columns} FROM view_effect INDEXED BY view_effect_by_reach "  # noqa: S608
        f"WHERE service = ?1 AND reach = {reach} AND {_limits(reach)} AND known_to > ?4"
        for reach, bit in _BITS.items()
        if reaches & bit
    )


def _limits(reach: int) -> str:
    if not reach:
        return "begins <= ?3 AND known_from <= ?4"
    power = abs(reach) % _FORESEEN
    # not `>`: a number below all that there are is not told from the least
    since = f"begins >= {{}} - {(1 << power) - 1} AND " if power < _POWERS[-1] else ""
    if reach < 0:
        return f"{since.format('?4')}begins <= ?4 AND time_from <= ?3"
    until = "?3" if reach > _FORESEEN else "min(?3, ?4)"
    return f"{since.format('?2')}begins <= {until} AND time_to > ?2 AND known_from <= ?4"
