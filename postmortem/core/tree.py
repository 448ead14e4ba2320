"""The Merkle tree's arithmetic: what the tree over a log holds, and what can be proved with it.

The leaves are the stored bytes of the events, in their order. A *node* stands at (level, place):
it covers the 2**level leaves from place * 2**level on, and is made once, when the last of them is
there. Whatever else a root or a proof needs, at the right edge, is worked out of nodes on demand.

Source: RFC 6962 section 2.1; verification as in RFC 9162 sections 2.1.3.2 and 2.1.4.2. SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

Hash: TypeAlias = bytes
"""32 bytes."""
Nodes: TypeAlias = Callable[[int, int], Hash]
"""Gives the hash of the node at (level, place), which must be complete."""

SIZE: Final = 32
"""The bytes of a hash."""
EMPTY: Final[Hash] = hashlib.sha256().digest()
"""The root of a tree without leaves."""


def leaf(data: bytes) -> Hash:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: Hash, right: Hash) -> Hash:
    """The hash of what stands above two."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def peaks(size: int) -> list[tuple[int, int]]:
    """The largest nodes that together cover the first `size` leaves, from the left: one a bit."""
    return [
        (level, (size >> level) - 1)
        for level in range(size.bit_length() - 1, -1, -1)
        if size >> level & 1
    ]


def count(size: int) -> int:
    """How many nodes a tree of that size has: 2 * size less its peaks."""
    return 2 * size - size.bit_count()


def number(level: int, place: int) -> int:
    """Which node it is, from 1, in the order in which a growing tree makes them."""
    return count(((place + 1) << level) - 1) + level + 1


def bagged(hashes: Sequence[Hash]) -> Hash:
    """The root above peaks, given from the left."""
    if not hashes:
        return EMPTY
    *rest, found = hashes
    for peak in reversed(rest):
        found = node(peak, found)
    return found


class Edge:
    """The right edge of a tree, all that appending needs: its peaks, one hash for each bit."""

    def __init__(self, size: int = 0, hashes: Iterable[Hash] = ()) -> None:
        """`hashes` are those of `peaks(size)`, and stay so."""
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: Hash) -> list[tuple[int, int, Hash]]:
        """Take in one more leaf; the nodes (level, place, hash) that it makes complete.

        On average that is less than one hash an event, whatever the size, beside the leaf's own.
        """
        level, place, found = 0, self.size, leaf
        made = [(level, place, found)]
        while place & 1:
            level, place, found = level + 1, place >> 1, node(self.hashes.pop(), found)
            made.append((level, place, found))
        self.hashes.append(found)
        self.size += 1
        return made

    def root(self) -> Hash:
        """The root of the tree as it is."""
        return bagged(self.hashes)


# --- roots and proofs ---------------------------------------------------------------------------


def root(size: int, nodes: Nodes) -> Hash:
    """The root that the tree had when it had that size."""
    return bagged([nodes(level, place) for level, place in peaks(size)])


def _split(size: int) -> int:
    """The largest power of two below `size`, which is 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def _over(start: int, end: int, nodes: Nodes) -> Hash:
    """The hash over the leaves [start, end), of which `start` is where such a part can begin."""
    size = end - start
    return bagged([nodes(level, (start >> level) + place) for level, place in peaks(size)])


def inclusion(index: int, size: int, nodes: Nodes) -> list[Hash]:
    """The path from the leaf at `index` (from 0) up to the root of the tree of that size.

    Raises: ValueError, where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[Hash] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_over(middle, end, nodes))
            end = middle
        else:
            path.append(_over(start, middle, nodes))
            start = middle
    return path[::-1]


def root_by_inclusion(index: int, size: int, leaf: Hash, path: Sequence[Hash]) -> Hash:
    """The root that a path leads to from that leaf.

    Raises: ValueError, where the path is not as long as it has to be.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    here, last, found = index, size - 1, leaf
    for hash in path:
        if not last:
            raise ValueError("the path is too long")
        if here & 1 or here == last:
            found = node(hash, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node(found, hash)
        here, last = here >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return found


def consistency(old: int, new: int, nodes: Nodes) -> list[Hash]:
    """The proof that the tree of size `new` begins with the one of size `old`.

    Raises: ValueError, where `old` is none of 1 to `new`.
    """
    if not 0 < old <= new:
        raise ValueError(f"no proof from {old} to {new}")
    proof: list[Hash] = []
    start, end = 0, new
    whole = True  # whether the old tree is all that is left of this part, and so known
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_over(middle, end, nodes))
            end = middle
        else:
            proof.append(_over(start, middle, nodes))
            start, whole = middle, False
    if not whole:
        proof.append(_over(start, end, nodes))
    return proof[::-1]


def is_consistent(
    old: int, new: int, old_root: Hash, new_root: Hash, proof: Sequence[Hash]
) -> bool:
    """Whether the proof shows that the tree with `new_root` begins with the one of `old_root`."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    hashes = list(proof)
    if old & (old - 1) == 0:  # a whole node: its root is known
        hashes.insert(0, old_root)
    if not hashes:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    one = other = hashes[0]
    for hash in hashes[1:]:
        if not last:
            return False
        if here & 1 or here == last:
            one, other = node(hash, one), node(hash, other)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            other = node(other, hash)
        here, last = here >> 1, last >> 1
    return not last and one == old_root and other == new_root
