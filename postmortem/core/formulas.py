"""What a capability needs: formulas over services and other capabilities.

Every formula is monotone (nothing gets worse when a part gets better); therefore the worst level
of all parts gives its worst, the best gives its best, and its minimal cut sets are well defined.

Source: the notation is the contract's; the logic that of coherent systems (reliability block
diagrams: series, parallel, k out of n) over three levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from postmortem.core.errors import BadInput
from postmortem.core.levels import Level

DEEPEST: Final = 64
"""How deep formulas may be nested: far beyond use, well below the interpreter's own limit."""
MOST_CUT_SETS: Final = 100_000
"""Beyond that many sets an answer would be no answer, and the arithmetic would not end."""

CutSets = frozenset[frozenset[str]]


class Ref:
    """`ID`: the level of that service or capability."""

    __slots__ = ("id",)

    def __init__(self, id: str) -> None:
        self.id: Final = id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Ref(id={self.id!r})"


class _Compound:
    """Formulas put together; equal to another of its kind that has the same parts.

    It and `Ref` are written out: what makes such classes by itself takes a while for each, and
    every question loads these.
    """

    __slots__ = ("of",)

    def __init__(self, of: tuple[Formula, ...]) -> None:
        self.of: Final = of

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Compound) and other._key() == self._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"{type(self).__name__}(of={self.of!r})"

    def _key(self) -> tuple[object, ...]:
        return type(self), self.of


class AllOf(_Compound):
    """`all_of: [f, …]`: the worst of them."""

    __slots__ = ()


class AnyOf(_Compound):
    """`any_of: [f, …]`: the best of them."""

    __slots__ = ()


class AtLeast(_Compound):
    """`at_least: {count: k, of: [f, …]}`: the k-th best of them, k counted from 1."""

    __slots__ = ("count",)

    def __init__(self, count: int, of: tuple[Formula, ...]) -> None:
        super().__init__(of)
        self.count: Final = count

    def __repr__(self) -> str:
        return f"AtLeast(count={self.count!r}, of={self.of!r})"

    def _key(self) -> tuple[object, ...]:
        return type(self), self.count, self.of


class Parts(_Compound):
    """`parts: [f, …]`: their level where all agree, else `degraded` (an audience in parts)."""

    __slots__ = ()


class Optional(_Compound):
    """`optional: f`: no worse than `degraded`; its loss weakens but does not stop."""

    __slots__ = ()


class Fallback(_Compound):
    """`fallback: f`: no better than `degraded`; a makeshift."""

    __slots__ = ()


Formula = Ref | AllOf | AnyOf | AtLeast | Parts | Optional | Fallback

LISTS: Final[dict[str, type[AllOf] | type[AnyOf] | type[Parts]]] = {
    "all_of": AllOf,
    "any_of": AnyOf,
    "parts": Parts,
}
SINGLES: Final[dict[str, type[Optional] | type[Fallback]]] = {
    "optional": Optional,
    "fallback": Fallback,
}
NAMES: Final = {
    cls: word for word, cls in (*LISTS.items(), *SINGLES.items(), ("at_least", AtLeast))
}


def parse(document: object, depth: int = 0) -> Formula:
    """The formula that a casebook or a stored event writes as text and mappings.

    Raises: BadInput, saying which part is no formula and why.
    """
    if depth > DEEPEST:
        raise BadInput(f"the formula is nested more than {DEEPEST} deep")
    if isinstance(document, str):
        if not document:
            raise BadInput("a formula names a service or capability, and the name is empty")
        return Ref(document)
    if not isinstance(document, Mapping) or len(document) != 1:
        raise BadInput(
            f"{_shown(document)} is no formula",
            hint="write an id, or one of " + ", ".join(f"{word}:" for word in NAMES.values()),
        )
    ((word, value),) = document.items()
    if word in LISTS:
        return LISTS[word](_several(word, value, depth))
    if word in SINGLES:
        return SINGLES[word]((parse(value, depth + 1),))
    if word == "at_least":
        return _at_least(value, depth)
    raise BadInput(
        f"{_shown(word)} is no kind of formula", hint="there are: " + ", ".join(NAMES.values())
    )


def _several(word: str, value: object, depth: int) -> tuple[Formula, ...]:
    if not isinstance(value, list) or not value:
        raise BadInput(f"{word}: takes a list of at least one formula, not {_shown(value)}")
    return tuple(parse(part, depth + 1) for part in value)


def _at_least(value: object, depth: int) -> Formula:
    if not isinstance(value, Mapping) or set(value) != {"count", "of"}:
        raise BadInput("at_least: takes exactly the keys count and of")
    of = _several("at_least: of", value["of"], depth)
    written = str(value["count"])
    # isdecimal alone would let digits of other scripts through
    if not (written.isascii() and written.isdecimal() and len(written) < 10):
        raise BadInput(f"at_least: count is a whole number, not {_shown(value['count'])}")
    count = int(written)
    if not 1 <= count <= len(of):
        raise BadInput(
            f"at_least: count is {count}, and there are {len(of)} to count",
            hint=f"choose a number from 1 to {len(of)}",
        )
    return AtLeast(count, of)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def document(formula: Formula) -> Any:
    """The formula as text, lists and mappings; `parse` reads it back."""
    if isinstance(formula, Ref):
        return formula.id
    parts = [document(part) for part in formula.of]
    if isinstance(formula, AtLeast):
        return {"at_least": {"count": formula.count, "of": parts}}
    return {NAMES[type(formula)]: parts[0] if isinstance(formula, Optional | Fallback) else parts}


def canonical(formula: Formula) -> Formula:
    """The same meaning in one spelling: order and repetition where neither matters are gone."""
    if isinstance(formula, Ref):
        return formula
    of = [canonical(part) for part in formula.of]
    if isinstance(formula, AtLeast):
        return AtLeast(formula.count, tuple(sorted(of, key=repr)))
    if isinstance(formula, Optional):
        return Optional((of[0],))
    if isinstance(formula, Fallback):
        return Fallback((of[0],))
    distinct = tuple(sorted(set(of), key=repr))
    return distinct[0] if len(distinct) == 1 else type(formula)(distinct)


def written(formula: Formula) -> str:
    """The formula on one line, for people: `all_of(aws, optional(okta))`."""
    if isinstance(formula, Ref):
        return formula.id
    inside = ", ".join(written(part) for part in formula.of)
    if isinstance(formula, AtLeast):
        return f"at_least({formula.count} of {inside})"
    return f"{NAMES[type(formula)]}({inside})"


def ids(formula: Formula) -> Iterator[str]:
    """Every id that the formula names, from left to right, repeated where it repeats."""
    if isinstance(formula, Ref):
        yield formula.id
    else:
        for part in formula.of:
            yield from ids(part)


def rested_on(id: str, choices: Callable[[str], Iterable[Formula]]) -> set[str]:
    """The id itself and all that it rests on.

    `choices` gives the formulas that a capability may have, and none of a service.
    """
    found: set[str] = set()
    pending = [id]
    while pending:
        here = pending.pop()
        if here not in found:
            found.add(here)
            for formula in choices(here):
                pending += ids(formula)
    return found


def level(formula: Formula, levels: Mapping[str, Level]) -> Level:
    """The formula's level, its parts being at `levels`.

    Raises: KeyError, for an id that `levels` does not hold.
    """
    if isinstance(formula, Ref):
        return levels[formula.id]
    of = [level(part, levels) for part in formula.of]
    if isinstance(formula, AllOf):
        return min(of)
    if isinstance(formula, AnyOf):
        return max(of)
    if isinstance(formula, AtLeast):
        return sorted(of, reverse=True)[formula.count - 1]
    if isinstance(formula, Parts):
        return of[0] if len(set(of)) == 1 else Level.DEGRADED
    if isinstance(formula, Optional):
        return max(of[0], Level.DEGRADED)
    return min(of[0], Level.DEGRADED)


def cut_sets(formula: Formula, of: Callable[[str], CutSets]) -> CutSets:
    """The minimal sets of services whose loss, all else operational, makes it unavailable.

    `of` gives the same for each id that the formula names (for a service: itself alone).
    Whether a formula is unavailable depends only on which of its parts are, never on which are
    degraded; so this is plain Boolean algebra, with absorption after every step.

    Raises: BadInput, where there are more than `MOST_CUT_SETS`.
    """
    if isinstance(formula, Ref):
        return of(formula.id)
    parts = [cut_sets(part, of) for part in formula.of]
    if isinstance(formula, AllOf):
        return minimal(one for part in parts for one in part)
    if isinstance(formula, AnyOf | Parts):
        return _losses(parts, len(parts))
    if isinstance(formula, AtLeast):
        return _losses(parts, len(parts) - formula.count + 1)
    if isinstance(formula, Optional):
        return frozenset()
    return parts[0]


def _losses(parts: list[CutSets], needed: int) -> CutSets:
    """The minimal sets that take away at least `needed` of the parts."""
    # ways[n]: the minimal sets that take away at least n of the parts seen so far
    ways: list[CutSets] = [frozenset([frozenset()])] + [frozenset()] * needed
    for part in parts:
        for n in range(needed, 0, -1):
            both = (one | other for one in ways[n - 1] for other in part)
            ways[n] = minimal([*ways[n], *_bounded(both)])
    return ways[needed]


def _bounded(sets: Iterable[frozenset[str]]) -> Iterator[frozenset[str]]:
    for count, one in enumerate(sets):
        if count >= MOST_CUT_SETS * 10:
            raise _too_many()
        yield one


def minimal(sets: Iterable[frozenset[str]]) -> CutSets:
    """Those of the sets that contain no other of them.

    Raises: BadInput, where more than `MOST_CUT_SETS` remain.
    """
    kept: list[frozenset[str]] = []
    tree: dict[str, Any] = {}  # the kept sets, each the path of its sorted members
    for _, alike in groupby(sorted(set(sets), key=len), key=len):
        # of one size none contains another: only smaller ones are looked for
        fresh = [members for members in map(sorted, alike) if not _holds_part(tree, members)]
        kept += map(frozenset, fresh)
        if len(kept) > MOST_CUT_SETS:
            raise _too_many()
        for members in fresh:
            node = tree
            for member in members:
                node = node.setdefault(member, {})
            node[_COMPLETE] = True
    return frozenset(kept)


_COMPLETE: Final = ""
"""Marks where a kept set ends; no id is empty."""


def _holds_part(tree: dict[str, Any], members: list[str]) -> bool:
    """Whether a set in the tree is made of some of these members, which are sorted."""
    pending = [(tree, 0)]
    while pending:
        node, start = pending.pop()
        if _COMPLETE in node:
            return True
        pending += [
            (node[members[index]], index + 1)
            for index in range(start, len(members))
            if members[index] in node
        ]
    return False


def _too_many() -> BadInput:
    return BadInput(
        f"there are more than {MOST_CUT_SETS:,} minimal cut sets",
        hint="ask for a capability further down, or write the formula with fewer at_least",
    )
