"""Random situations, made of facts rather than told: small, close together, full of ties."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from postmortem.core.formulas import (
    AllOf,
    AnyOf,
    AtLeast,
    Fallback,
    Formula,
    Optional,
    Parts,
    Ref,
    parse,
)
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CONFIRMED,
    CUT_OFF,
    DEGRADED,
    DOWN,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    REVISED,
    WITHDRAWN,
    Situation,
    Version,
)
from postmortem.core.levels import Level
from postmortem.core.times import BEGINNING, END, Span

SERVICES = ("s", "t", "u")
CAPABILITIES = ("a", "b", "c")
"""Each may name the services and those before it."""
LATEST = 7
INSTANTS = st.integers(0, LATEST)
TYPES = (
    *(DOWN, CUT_OFF, DEGRADED, ANNOUNCED) * 2,
    *(EFFECT_CHANGED, RESTORED, RESCHEDULED, WITHDRAWN, REVISED, CLAIMED, CLAIMED),
)
TANGLES = (
    (DOWN, (EFFECT_CHANGED, EFFECT_CHANGED, RESTORED, CLAIMED)),
    (ANNOUNCED, (RESCHEDULED, WITHDRAWN, CLAIMED)),
)
EFFECTS = st.sampled_from([Level.UNAVAILABLE, Level.DEGRADED])


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """An instant or a span; now and then one that is open on a side."""
    shape = draw(st.integers(0, 9))
    if shape < 4:
        instant = draw(INSTANTS)
        return Span(instant, instant)
    first, second = sorted([draw(INSTANTS), draw(INSTANTS)])
    if shape == 9:
        return draw(st.sampled_from([Span(BEGINNING, second), Span(first, END)]))
    return Span(first, second)


@st.composite
def formulas_over(draw: st.DrawFn, ids: Sequence[str], depth: int = 2) -> Formula:
    """A formula over those ids, nested at most so deep."""
    shape = draw(st.integers(0, 6)) if depth else 0
    if shape == 0:
        return Ref(draw(st.sampled_from(ids)))
    inner = formulas_over(ids, depth - 1)
    if shape == 1:
        return Optional((draw(inner),))
    if shape == 2:
        return Fallback((draw(inner),))
    of = tuple(draw(st.lists(inner, min_size=1, max_size=3)))
    if shape == 3:
        return AtLeast(draw(st.integers(1, len(of))), of)
    return (AllOf, AnyOf, Parts)[shape - 4](of)


def requires(capability: str) -> st.SearchStrategy[Formula]:
    """A formula that the capability may have."""
    lower = CAPABILITIES[: CAPABILITIES.index(capability)]
    return formulas_over([*SERVICES, *lower])


@st.composite
def situations(draw: st.DrawFn, *, most: int = 9) -> Situation:
    """Three services, three capabilities, and 3 to `most` facts in force."""
    facts: dict[str, Version] = {}
    for position, type in enumerate(
        draw(st.lists(st.sampled_from(TYPES), min_size=3, max_size=most))
    ):
        version = draw(versions(type, f"f{position}", position, facts))
        facts[version.fact] = version
    return Situation(
        "p",
        frozenset(SERVICES),
        {capability: draw(requires(capability)) for capability in CAPABILITIES},
        facts,
    )


@st.composite
def versions(
    draw: st.DrawFn, type: str, fact: str, position: int, facts: dict[str, Version]
) -> Version:
    """A fact of that type, or one that opens a disruption where there is nothing to speak of."""
    confirmed = [f for f, v in facts.items() if v.type in CONFIRMED]
    announced = [f for f, v in facts.items() if v.type == ANNOUNCED]
    dated = [f for f, v in facts.items() if v.type not in (CLAIMED, REVISED)]
    named = {
        EFFECT_CHANGED: confirmed,
        RESTORED: confirmed,
        RESCHEDULED: announced,
        WITHDRAWN: announced,
        CLAIMED: dated,
    }
    if type in named and not named[type]:
        type = draw(st.sampled_from([DOWN, ANNOUNCED]))
    at = effective = service = capability = effect = formula = None
    subjects: tuple[str, ...] = ()
    if type != CLAIMED:
        at = draw(spans())
    if type in (ANNOUNCED, RESCHEDULED, CLAIMED):
        effective = draw(spans())
    if type in CONFIRMED or type == ANNOUNCED:
        service = draw(st.sampled_from(SERVICES))
        effect = draw(st.none() | EFFECTS) if type == CUT_OFF else draw(EFFECTS)
    if type == CUT_OFF:
        same = [f for f in announced if facts[f].service == service]
        subjects = tuple(draw(st.lists(st.sampled_from(same), max_size=1))) if same else ()
    if type == EFFECT_CHANGED:
        effect = draw(EFFECTS)
    if type == REVISED:
        capability = draw(st.sampled_from(CAPABILITIES))
        formula = draw(requires(capability))
    if type in named:
        most = 2 if type == RESTORED else 1
        chosen = st.lists(st.sampled_from(named[type]), min_size=1, max_size=most, unique=True)
        subjects = tuple(draw(chosen))
    return Version(
        id=fact,
        fact=fact,
        type=type,
        position=position,
        place=(position,),
        known=position,
        recorded=position,
        at=at,
        effective=effective,
        service=service,
        capability=capability,
        effect=effect,
        formula=formula,
        subjects=subjects,
    )


def fact(type: str, id: str, *subjects: str, at: object = None, **keys: object) -> Version:
    """A fact as a test tells it: times are instants or pairs of them."""
    position = int(id[1:])
    times = {"at": at, "effective": keys.pop("effective", None)}
    spans = {
        key: None if time is None else Span(*time) if isinstance(time, tuple) else Span(time, time)
        for key, time in times.items()
    }
    return Version(
        id=id,
        fact=id,
        type=type,
        position=position,
        place=(position,),
        known=position,
        recorded=position,
        subjects=subjects,
        **spans,
        **keys,
    )


def situation_of(capabilities: dict[str, object], *facts: Version) -> Situation:
    """Three services, capabilities as a casebook writes them, and those facts."""
    parsed = {id: parse(formula) for id, formula in capabilities.items()}
    return Situation("p", frozenset(SERVICES), parsed, {each.fact: each for each in facts})
