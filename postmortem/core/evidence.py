"""How well a fact is supported: by how many origins that do not depend on each other.

Outlets repeat each other, so they are not counted: a source has roots, the sources at the end of
all that it reports from. What counts is the smallest number of roots that could account for all
that is cited. Where each source has one root, that is the number of distinct roots; an article that
reports from three others is still one voice, since nobody can say from which it has a fact.

A dispute of a time shows in the times themselves. Others (that it happened at all, an effect, a
quantity, who did it) are told here, and move no level.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from postmortem.core.citations import DISPUTES, QUALIFIES, SUPPORTS, Citation, parse
from postmortem.core.times import Span

DISPUTED: Final = "fact-disputed"
SNAPSHOT: Final = "snapshot-taken"

FACTUAL: Final = frozenset(
    {
        "cutoff-announced", "cutoff-rescheduled", "cutoff-withdrawn", "service-cut-off",
        "service-down", "service-degraded", "effect-changed", "service-restored",
        "capability-revised", "time-claimed", "note", "impact-stated", "estimate-given",
        "estimate-settled", "data-exposed", "service-replaced", DISPUTED,
    }
)  # fmt: skip
"""The types that say how the world was, and so need a source; the others are our own doing."""

_EXACT: Final = 12
"""Of more sets of roots than these, disjoint ones are counted: never more than there are."""

Origins = Mapping[str, Sequence[str]]
"""By source id, the sources that it reports from."""


class Dispute(NamedTuple):
    """Somebody says that a fact is not so: the id of that, what of it, and what it cites."""

    id: str
    aspect: str
    """`occurrence`, `effect`, `quantity` or `attribution`."""
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is cited for and against one fact."""

    fact: str
    citations: tuple[Citation, ...]
    """Its own, and those of the claims about its time; each once."""
    roots: tuple[str, ...]
    """The distinct roots of what supports it, sorted."""
    independent: int
    """How many origins at least must stand behind that."""
    disputes: tuple[Dispute, ...] = ()

    def of(self, stance: str) -> tuple[Citation, ...]:
        """The citations of that stance."""
        return tuple(each for each in self.citations if each.stance == stance)

    @property
    def is_disputed(self) -> bool:
        """Whether anything that is cited or recorded says that it is not so."""
        return bool(self.disputes or self.of(DISPUTES))

    def told(self) -> str:
        """In few words: `2 independent origins`, `one origin, disputed`, `no source`."""
        if self.independent == 0:
            parts = ["no source" if not self.citations else "nothing cited supports it"]
        elif self.independent == 1:
            outlets = len({each.source for each in self.of(SUPPORTS)})
            parts = ["one origin" if outlets == 1 else f"one origin behind {outlets} sources"]
        else:
            parts = [f"{self.independent} independent origins"]
        if self.is_disputed:
            what = dict.fromkeys(each.aspect for each in self.disputes)
            parts.append(f"disputed ({', '.join(what)})" if what else "disputed")
        if self.of(QUALIFIES):
            parts.append("qualified")
        return ", ".join(parts)

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "independent": self.independent,
            "roots": list(self.roots),
            "single_source": self.independent == 1,
            "disputed": self.is_disputed,
            "supports": [each.written() for each in self.of(SUPPORTS)],
            "disputes": [each.written() for each in self.of(DISPUTES)],
            "qualifies": [each.written() for each in self.of(QUALIFIES)],
            "disputed_by": [{"id": each.id, "aspect": each.aspect} for each in self.disputes],
        }


def weigh(
    fact: str, cites: Iterable[str], origins: Origins, disputes: Iterable[Dispute] = ()
) -> Evidence:
    """The evidence of a fact: `cites` are all citations, of it and of the claims of its time."""
    citations = tuple(parse(each) for each in dict.fromkeys(cites))
    supporting = [each.source for each in citations if each.stance == SUPPORTS]
    behind = {source: roots(source, origins) for source in supporting}
    found = sorted({root for each in behind.values() for root in each})
    return Evidence(fact, citations, tuple(found), independent(behind.values()), tuple(disputes))


def roots(source: str, origins: Origins) -> frozenset[str]:
    """The sources at the end of all that a source reports from; itself where it names none."""
    found: set[str] = set()
    seen: set[str] = set()
    pending = [source]
    while pending:
        here = pending.pop()
        if here in seen:
            continue
        seen.add(here)
        named = origins.get(here, ())
        pending += named
        if not named:
            found.add(here)
    return frozenset(found)


def circle(
    source: str, named: Iterable[str], reports_from: Callable[[str], Sequence[str]]
) -> list[str] | None:
    """A way from what a source is to report from back to itself; None where there is none."""
    seen: set[str] = set()
    pending = [[each] for each in named]
    while pending:
        path = pending.pop()
        if path[-1] == source:
            return [source, *path]
        if path[-1] not in seen:
            seen.add(path[-1])
            pending += [[*path, each] for each in reports_from(path[-1])]
    return None


def independent(behind: Iterable[Collection[str]]) -> int:
    """The smallest number of roots of which each of these sets has one.

    Of very many sets a lower bound: as many as have no root in common, taken one after the other.
    """
    sets = {frozenset(each) for each in behind if each}
    least = [one for one in sets if not any(other < one for other in sets)]
    least.sort(key=lambda each: (len(each), sorted(each)))
    taken: set[str] = set()
    disjoint = 0
    for each in least:
        if not each & taken:
            disjoint += 1
            taken |= each
    if len(least) > _EXACT:
        return disjoint
    return next(n for n in range(disjoint, len(least) + 1) if _suffice(n, least))


def _suffice(count: int, sets: Sequence[frozenset[str]]) -> bool:
    """Whether so many roots can be chosen that each of the sets has one of them."""
    if not sets:
        return True
    if not count:
        return False
    first, *others = sets
    return any(
        _suffice(count - 1, [each for each in others if root not in each]) for root in sorted(first)
    )


def edges(span: Span, statements: Mapping[str, Span]) -> tuple[list[str], list[str]]:
    """Which statements make the two ends of a settled time: (its earliest, its latest), by fact."""
    first, last = (
        [fact for fact, stated in statements.items() if stated[side] == span[side]]
        for side in (0, 1)
    )
    return first, last


# --- how much of a record is covered ----------------------------------------------------------


class Shares(NamedTuple):
    """How many facts have no such origin, one, and two or more."""

    none: int
    one: int
    more: int

    @property
    def facts(self) -> int:
        """How many facts there are."""
        return self.none + self.one + self.more


def coverage(
    found: Iterable[Evidence], origins: Origins, counts: Callable[[Citation], bool]
) -> Shares:
    """How many facts have how many independent origins, by the citations that count."""
    tally = [0, 0, 0]
    for evidence in found:
        behind = [roots(each.source, origins) for each in evidence.of(SUPPORTS) if counts(each)]
        tally[min(2, independent(behind))] += 1
    return Shares(*tally)
