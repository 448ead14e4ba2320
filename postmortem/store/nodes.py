"""The nodes by which an interval of K is found among many: numbers that end with zeros.

The node of an interval is, of all instants in it, the one with most zeros at its end, in binary.
An interval that holds K has its node on the one path of such numbers that leads to K; so all that
hold K are among those of a few dozen nodes, however many there are.

Source: the relational interval tree, Kriegel, Pötke and Seidl, VLDB 2000, section 3.
"""

from __future__ import annotations

from typing import Final

from postmortem.core.times import END, Instant

_FIRST: Final = -62_135_596_800_000_000  # the year 1, in microseconds: nothing is known earlier
_BITS: Final = 60


def node_of(known_from: Instant, known_to: Instant) -> Instant:
    """The node of `[from, to)`; END where that is open."""
    if known_to == END:
        return END
    first, last = max(known_from - _FIRST, 0), known_to - 1 - _FIRST
    apart = first ^ last
    if not apart:
        return first + _FIRST
    zeros = apart.bit_length() - 1
    return (last >> zeros << zeros) + _FIRST


def level_of(node: Instant) -> int:
    """With how many zeros a node ends, as a bit."""
    if node == END:
        return 0
    number = node - _FIRST
    return 1 << (_BITS if not number else min((number & -number).bit_length() - 1, _BITS))


def path_to(known: Instant, levels: int) -> list[Instant]:
    """The nodes of all intervals that may hold K, by the levels that there are."""
    number = max(known - _FIRST, 0)
    found = {END, number + _FIRST}
    for zeros in range(_BITS):
        if levels >> zeros & 1:
            found.add(((number >> zeros | 1) << zeros) + _FIRST)
    return list(found)
