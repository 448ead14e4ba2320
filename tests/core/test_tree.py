"""The tree's arithmetic, against the recursive definition of RFC 6962, written down once more."""

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core import tree

# RFC 6962's test leaves, as every implementation of Certificate Transparency has them
LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSIONS = {  # (leaf, size): the path, published with the leaves
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCIES = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


# --- the definition, section 2.1 to 2.1.2 of the RFC, and nothing clever --------------------------


def split(n):
    return 2 ** (math.ceil(math.log2(n)) - 1)


def mth(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


# --- ours -----------------------------------------------------------------------------------------


def grown(leaves):
    """The edge, and every node that was made on the way."""
    edge, nodes = tree.Edge(), {}
    for data in leaves:
        for level, place, hash in edge.append(tree.leaf(data)):
            assert (level, place) not in nodes, "a node is made once"
            nodes[level, place] = hash
            assert tree.number(level, place) == len(nodes)
    return edge, nodes


def asking(nodes):
    return lambda level, place: nodes[level, place]


def leaves_of(n):
    return [n.to_bytes(2, "big") * 3 for n in range(n)]


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots(size):
    edge, nodes = grown(LEAVES[:size])
    assert edge.root().hex() == tree.root(size, asking(nodes)).hex() == ROOTS[size]
    assert mth(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_the_published_inclusion_proofs(index, size):
    _, nodes = grown(LEAVES)
    found = tree.inclusion(index, size, asking(nodes))
    assert [hash.hex() for hash in found] == INCLUSIONS[index, size]
    root = tree.root_by_inclusion(index, size, tree.leaf(LEAVES[index]), found)
    assert root.hex() == ROOTS[size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCIES)
def test_the_published_consistency_proofs(old, new):
    _, nodes = grown(LEAVES)
    found = tree.consistency(old, new, asking(nodes))
    assert [hash.hex() for hash in found] == CONSISTENCIES[old, new]
    assert tree.is_consistent(old, new, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]), found)


@given(st.integers(0, 70))
def test_root_and_nodes_are_those_of_the_definition(size):
    leaves = leaves_of(size)
    edge, nodes = grown(leaves)
    assert edge.root() == mth(leaves)
    assert len(nodes) == tree.count(size)
    for (level, place), hash in nodes.items():
        assert hash == mth(leaves[place << level : (place + 1) << level])
    for smaller in range(size + 1):
        assert tree.root(smaller, asking(nodes)) == mth(leaves[:smaller])


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_inclusion_is_that_of_the_definition_and_proves_nothing_else(asked):
    index, size = asked
    leaves = leaves_of(size)
    _, nodes = grown(leaves)
    found = tree.inclusion(index, size, asking(nodes))
    assert found == path(index, leaves)
    leaf, root = tree.leaf(leaves[index]), mth(leaves)
    assert tree.root_by_inclusion(index, size, leaf, found) == root
    for other in range(size):
        if other != index:
            assert not proves(other, size, leaf, found, root)
    assert not proves(index, size, tree.leaf(b"other"), found, root)
    assert not proves(index, size, leaf, [*found, root], root)
    assert not proves(index, size, leaf, found[:-1], root) or not found


def proves(index, size, leaf, path, root):
    try:
        return tree.root_by_inclusion(index, size, leaf, path) == root
    except ValueError:
        return False


SIZES = st.integers(1, 70).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))


@given(SIZES)
def test_consistency_between_any_two_sizes(sizes):
    old, new = sizes
    leaves = leaves_of(new)
    _, nodes = grown(leaves)
    found = tree.consistency(old, new, asking(nodes))
    assert found == subproof(old, leaves, True)
    assert tree.is_consistent(old, new, mth(leaves[:old]), mth(leaves), found)


@given(SIZES, st.data())
def test_a_tree_that_was_rewritten_is_never_consistent(sizes, data):
    old, new = sizes
    leaves = leaves_of(new)
    changed = data.draw(st.integers(0, old - 1))
    other = [*leaves[:changed], b"other", *leaves[changed + 1 :]]
    _, nodes = grown(other)
    found = tree.consistency(old, new, asking(nodes))
    assert not tree.is_consistent(old, new, mth(leaves[:old]), mth(other), found)
    _, honest = grown(leaves)
    good = tree.consistency(old, new, asking(honest))
    assert not tree.is_consistent(old, new, mth(other[:old]), mth(leaves), good)
    for spoilt in (good[:-1], [*good, tree.EMPTY], [tree.EMPTY, *good[1:]]):
        if spoilt != good:
            assert not tree.is_consistent(old, new, mth(leaves[:old]), mth(leaves), spoilt)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 2)])
def test_what_cannot_be_proved_is_refused(old, new):
    _, nodes = grown(LEAVES)
    with pytest.raises(ValueError, match="no proof"):
        tree.consistency(old, new, asking(nodes))
    assert not tree.is_consistent(old, new, tree.EMPTY, tree.EMPTY, [])


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 0)])
def test_a_leaf_that_is_not_there(index, size):
    _, nodes = grown(LEAVES)
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion(index, size, asking(nodes))
    with pytest.raises(ValueError, match="no leaf"):
        tree.root_by_inclusion(index, size, tree.EMPTY, [])


def test_an_event_costs_a_constant_number_of_hashes(monkeypatch):
    """Counted, never timed: one for the leaf, and less than one for what it completes."""
    counted = 0
    node = tree.node

    def counting(left, right):
        nonlocal counted
        counted += 1
        return node(left, right)

    monkeypatch.setattr(tree, "node", counting)
    edge = tree.Edge()
    for number in range(1, 5001):
        edge.append(tree.EMPTY)
        assert counted == number - number.bit_count()
