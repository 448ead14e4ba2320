"""Random keys for every class of the catalogue, made from the types of its fields.

A field of a kind that nothing here makes is a TypeError: a new kind of field needs its line in
`of_kind`. Times lie close together, so that ties and overlaps are common; words are of the sort
that breaks programs; ids are drawn from what is there to be named.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from postmortem.core.entries import Entry
from postmortem.core.fields import Amount, Duration, Hash, Names, Quoted, Requires, Said, When
from postmortem.core.recorded import SUBJECTS
from postmortem.core.times import BEGINNING, END, Instant, parse_span
from postmortem.core.words import unprintable

ZONES: Final = (None, "America/Los_Angeles", "Asia/Kathmandu", "Europe/Berlin")
"""Zones of a platform; the ones that are None have none."""
NASTY: Final = (
    "",
    "plain words",
    "two\nlines,\ta tab\r\n",
    "Ünïcode, 中文, עברית",
    "e\u0301 is é",
    "\U0001f525 \U0001f468\u200d\U0001f692",
    "\ufeffmark, \u2028line, \x85next",
    "\x9b31m\u202egnp.exe\u2066",
    "\ufffe\U0010ffff",
    "no",
    "2021-01-10",
    "{\"sd\": 'x'} <b>&amp; </script>`$(x)` [[1]](u) | * # - : &a *a !t %0A",
    "…",
)
"""Words that are allowed, and that have broken programs."""
METAS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"ticket": "PM-1"},
    {"schlüssel": ["a", {"b": "\u2028"}], "sd": "no digest"},
    {"sd": "no digest"},
)

AMOUNTS: Final = (
    *("0", "70", "70.0", "70..80", "..80", "70..", "-1.50..1", "0.000001", "007", "5..5"),
    "9" * 80,
)
"""Amounts in every written form, some of them the same."""
DURATIONS: Final = ("7d", "168h", "1w", "1d12h", "36h", "0m", "1w2d3h4m", "999999w999999m")
COUNTS: Final = ("0", "30", "007", "999999999")
HASHES: Final = ("0" * 64, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
LOCATORS: Final = (
    "",
    "#p. 3",
    "#§ 2 ¶ “x”",
    "#char=0,40",
    f"#char=7,19;excerpt={HASHES[1][:32]};snapshot={HASHES[1][:16]};stance=disputes",
    "#page=3;credibility=2",
)
"""Where in a source: free words, places, hashes and stances."""


@dataclass(frozen=True)
class Pool:
    """What is there to be named, and the platform's zone."""

    zone: str | None = None
    sources: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    events: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The ids of events by type."""
    times: tuple[str, ...] = ()
    """The written times to choose from; where there are none, any."""

    def named(self, names: Names) -> list[str]:
        """The ids that such a reference may name."""
        events = [
            id
            for type, ids in self.events.items()
            if not names.types or type in names.types
            for id in ids
        ]
        return {
            "source": list(self.sources),
            "service": list(self.services),
            "capability": list(self.capabilities),
            "event": events,
            "any": [*events, *self.services, *self.capabilities],
        }[names.what]


# --- written times ----------------------------------------------------------------------------


@cache
def instants(zone: str | None) -> tuple[str, ...]:
    """One instant each, in every written form; `zone` is the platform's."""
    found = ["2021-01-10T12:00:00.000001Z", "2021-01-10T23:59:59.999999+00:00"]
    moments = [f"2021-01-{day}T{hour}:00" for day in (10, 11) for hour in ("00", "08", "12", "23")]
    for utc in moments:
        moment = datetime.fromisoformat(f"{utc}+00:00")
        found += [f"{utc}Z", f"{utc}:00.000Z"]
        for name in filter(None, ZONES):
            local = moment.astimezone(ZoneInfo(name)).isoformat(timespec="minutes")
            found += [local, f"{local}[{name}]", f"{local[:16]}[{name}]"]
        if zone is not None:
            found.append(moment.astimezone(ZoneInfo(zone)).isoformat()[:16])
    return tuple(sorted(found, key=len))


@cache
def spans(zone: str | None) -> tuple[str, ...]:
    """Spans in every written form: days, a month, a year, between two times, open on one side."""
    days = [f"2021-01-{day}[{name}]" for day in (10, 11) for name in filter(None, ZONES)]
    if zone is not None:
        days += ["2021-01-10", "2021-01-11", "2021-01", "2021"]
    hours = [f"2021-01-{day}T{hour}Z" for day in (10, 11) for hour in ("00:00", "12:00", "23:00")]
    between = [f"{a}..{b}" for a in hours for b in hours if a <= b]
    return (
        *between,
        *days,
        *(f"{a}.." for a in hours),
        *(f"..{b}" for b in hours),
        "2021-01-10[Europe/Berlin]..2021-01-10T23:00Z",
        "2021[Asia/Kathmandu]",
    )


@cache
def times(zone: str | None = None) -> st.SearchStrategy[str]:
    """A written time, an instant or a span, about 10 and 11 January 2021."""
    return st.sampled_from((*instants(zone), *spans(zone)))


@cache
def moments() -> tuple[Instant, ...]:
    """Where an answer may change: the ends of all those spans, and the instants beside them."""
    bounds = {bound for text in (*instants(None), *spans(None)) for bound in parse_span(text)}
    near = {bound + by for bound in bounds - {BEGINNING, END} for by in (-1, 0, 1)}
    return tuple(sorted(near))


# --- the other kinds --------------------------------------------------------------------------
#
# A strategy is slow to make and quick to draw from; so each is made once and kept.


@cache
def one_of(options: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """One of them."""
    return st.sampled_from(options)


@cache
def some_of(options: tuple[str, ...], least: int, most: int) -> st.SearchStrategy[list[str]]:
    """Some of them, in any order."""
    return st.lists(one_of(options), min_size=least, max_size=most, unique=True)


@cache
def several(one: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """One or two of that kind."""
    return st.lists(one, min_size=1, max_size=2)


@cache
def words() -> st.SearchStrategy[str]:
    """People's words: whatever text may be recorded."""
    anything = st.characters(exclude_categories=["Cs"]).filter(lambda c: unprintable(c) is None)
    return st.sampled_from(NASTY) | st.text(anything, max_size=30)


@cache
def formulas(ids: tuple[str, ...], leaves: int = 4) -> st.SearchStrategy[Any]:
    """A formula over those ids, as a casebook writes it."""

    def larger(part: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        several = st.lists(part, min_size=1, max_size=3)
        counted = several.flatmap(
            lambda of: st.fixed_dictionaries(
                {"count": st.integers(1, len(of)).map(str), "of": st.just(of)}
            )
        )
        return st.one_of(
            *(several.map(_under(word)) for word in ("all_of", "any_of", "parts")),
            *(part.map(_under(word)) for word in ("optional", "fallback")),
            counted.map(_under("at_least")),
        )

    return st.recursive(one_of(ids), larger, max_leaves=leaves)


def _under(word: str) -> Any:
    return lambda value: {word: value}


def citations(sources: Sequence[str]) -> tuple[str, ...]:
    """Each source id, and the same with locators."""
    return tuple(f"{id}{locator}" for id in sources for locator in LOCATORS)


def of_kind(kind: Any, pool: Pool, marks: Sequence[Any] = ()) -> st.SearchStrategy[Any] | None:
    """What a field of that type may hold, None where there is nothing that it could name.

    Raises: TypeError, for a type that nothing here makes.
    """
    if kind == Duration:
        return one_of(DURATIONS)
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return of_kind(inner, pool, [*marks, *more])
    if get_origin(kind) in (Union, types.UnionType):
        (member,) = (each for each in get_args(kind) if each is not type(None))
        return of_kind(member, pool, marks)
    if get_origin(kind) is Literal:
        return one_of(get_args(kind))
    if get_origin(kind) is list:
        return _list(pool, [*marks, *get_args(get_args(kind)[0])])
    if kind is When:
        return one_of(pool.times) if pool.times else times(pool.zone)
    if kind is Amount:
        return one_of(AMOUNTS)
    if kind is int:
        return one_of(COUNTS)
    if kind is Requires:
        parts = (*pool.services, *pool.capabilities)
        return formulas(parts) if parts else None
    if get_origin(kind) is dict:
        # what may be quoted hangs on what is cited, so no quotation is drawn by itself
        quoted = any(isinstance(mark, Quoted) for mark in marks)
        return None if quoted else st.sampled_from(METAS)
    if kind is str:
        return _text(pool, marks)
    raise TypeError(f"nothing here makes a field of the type {kind!r}")


def _list(pool: Pool, marks: Sequence[Any]) -> st.SearchStrategy[list[str]] | None:
    ids = _named(pool, marks)
    if ids is None:
        text = _text(pool, marks)
        return None if text is None else several(text)
    return some_of(ids, 1, 2) if ids else None


def _named(pool: Pool, marks: Sequence[Any]) -> tuple[str, ...] | None:
    """The ids that a reference with those marks may name; None where it is no reference."""
    for mark in marks:
        if isinstance(mark, Names):
            ids = pool.named(mark)
            return citations(ids) if mark.located else tuple(ids)
    return None


def _text(pool: Pool, marks: Sequence[Any]) -> st.SearchStrategy[str] | None:
    ids = _named(pool, marks)
    if ids is not None:
        return one_of(ids) if ids else None
    if any(isinstance(mark, Hash) for mark in marks):
        return one_of(HASHES)
    if any(isinstance(mark, Said) for mark in marks):
        return words()
    return one_of(tuple(text for text in NASTY if text))


_SUBJECTS: Final = {*SUBJECTS, "effect"}
"""Optional or not, these are what makes an event interesting."""


def keys(
    draw: st.DrawFn, cls: type[Entry], pool: Pool, given: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The keys of a casebook for that class, some of the optional ones left out.

    `given` settles some: where the value is None, it is left out. The result is None where the
    pool has nothing that a required field could name.
    """
    optional = tuple(
        name
        for name, info in cls.model_fields.items()
        if not info.is_required() and name not in given
    )
    chosen = draw(some_of(optional, 0, 3)) if optional else []
    chosen += [name for name in optional if name in _SUBJECTS and draw(one_of((False, True)))]
    found: dict[str, Any] = {}
    for name, info in cls.model_fields.items():
        if name in given:
            if given[name] is not None:
                found[name] = given[name]
        elif info.is_required() or name in chosen:
            kind = of_kind(info.annotation, pool, info.metadata)
            if kind is not None:
                found[name] = draw(kind)
            elif info.is_required():
                return None
    return found
