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

from postmortem.core.events import Entry
from postmortem.core.fields import Names, Requires, Said, When
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
    {"schlüssel": ["a", {"b": "\u2028"}], "sd": "nobody's digest"},
)


@dataclass(frozen=True)
class Pool:
    """What is there to be named, and the platform's zone."""

    zone: str | None = None
    sources: Sequence[str] = ()
    services: Sequence[str] = ()
    capabilities: Sequence[str] = ()
    events: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The ids of events by type."""

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


def times(zone: str | None = None) -> st.SearchStrategy[str]:
    """A written time, an instant or a span, about 10 and 11 January 2021."""
    return st.sampled_from(instants(zone)) | st.sampled_from(spans(zone))


# --- the other kinds --------------------------------------------------------------------------


def words() -> st.SearchStrategy[str]:
    """People's words: whatever text may be recorded."""
    anything = st.characters(exclude_categories=["Cs"]).filter(lambda c: unprintable(c) is None)
    return st.sampled_from(NASTY) | st.text(anything, max_size=30)


def formulas(ids: Sequence[str], *, leaves: int = 4) -> st.SearchStrategy[Any]:
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

    return st.recursive(st.sampled_from(list(ids)), larger, max_leaves=leaves)


def _under(word: str) -> Any:
    return lambda value: {word: value}


def citations(sources: Sequence[str]) -> st.SearchStrategy[str]:
    """A source id, sometimes with a locator."""
    return st.builds(
        "".join, st.tuples(st.sampled_from(list(sources)), st.sampled_from(["", "#p. 3", "#§ 2 ¶"]))
    )


def of_kind(kind: Any, pool: Pool, marks: Sequence[Any] = ()) -> st.SearchStrategy[Any] | None:
    """What a field of that type may hold, None where there is nothing that it could name.

    Raises: TypeError, for a type that nothing here makes.
    """
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return of_kind(inner, pool, [*marks, *more])
    if get_origin(kind) in (Union, types.UnionType):
        (member,) = (each for each in get_args(kind) if each is not type(None))
        return of_kind(member, pool, marks)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is list:
        one = of_kind(get_args(kind)[0], pool, marks)
        return None if one is None else st.lists(one, min_size=1, max_size=2, unique=True)
    if kind is When:
        return times(pool.zone)
    if kind is Requires:
        parts = [*pool.services, *pool.capabilities]
        return formulas(parts) if parts else None
    if get_origin(kind) is dict:
        return st.sampled_from(METAS)
    if kind is str:
        return _text(pool, marks)
    raise TypeError(f"nothing here makes a field of the type {kind!r}")


def _text(pool: Pool, marks: Sequence[Any]) -> st.SearchStrategy[str] | None:
    for mark in marks:
        if isinstance(mark, Names):
            ids = pool.named(mark)
            if not ids:
                return None
            return citations(ids) if mark.what == "source" else st.sampled_from(ids)
    if any(isinstance(mark, Said) for mark in marks):
        return words()
    return st.sampled_from([text for text in NASTY if text])


@st.composite
def keys(
    draw: st.DrawFn, cls: type[Entry], pool: Pool, given: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The keys of a casebook for that class, some of the optional ones left out.

    `given` settles some: where the value is None, it is left out. The result is None where the
    pool has nothing that a required field could name.
    """
    found: dict[str, Any] = {}
    optional = [
        name
        for name, info in cls.model_fields.items()
        if not info.is_required() and name not in given
    ]
    chosen = draw(st.sets(st.sampled_from(optional), max_size=3)) if optional else set()
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
