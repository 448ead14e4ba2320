"""Formulas: tried at every level of every part, their cut sets against every set of services."""

from __future__ import annotations

import itertools
import re

import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.core import formulas
from postmortem.core.errors import BadInput
from postmortem.core.formulas import AllOf, AnyOf, AtLeast, Fallback, Optional, Parts, Ref
from postmortem.core.levels import Bounds, Level
from postmortem.testing import fields

IDS = ("a", "b", "c", "d")
DOCUMENTS = fields.formulas(IDS, leaves=8)
FORMULAS = DOCUMENTS.map(formulas.parse)


def everywhere(ids=IDS, levels=tuple(Level)):
    """Every way in which the parts may stand."""
    for chosen in itertools.product(levels, repeat=len(ids)):
        yield dict(zip(ids, chosen, strict=True))


@given(DOCUMENTS)
def test_the_level_is_that_of_the_independent_reading(document):
    formula = formulas.parse(document)
    for levels in everywhere():
        assert formulas.level(formula, levels) == oracle.evaluate(document, levels.__getitem__)


@given(FORMULAS, st.sampled_from(IDS))
def test_nothing_gets_worse_when_a_part_gets_better(formula, part):
    for levels in everywhere():
        if levels[part] is not Level.OPERATIONAL:
            better = {**levels, part: Level(levels[part] + 1)}
            assert formulas.level(formula, levels) <= formulas.level(formula, better)


@pytest.mark.parametrize(
    ("document", "levels", "expected"),
    [
        ("a", "012", "012"),
        ({"all_of": ["a", "b"]}, "000 012 112 222 200", "0 0 1 2 0"),
        ({"any_of": ["a", "b"]}, "00 01 12 22 20", "0 1 2 2 2"),
        ({"at_least": {"count": 1, "of": ["a", "b", "c"]}}, "012 000 100", "2 0 1"),
        ({"at_least": {"count": "2", "of": ["a", "b", "c"]}}, "012 200 220 211", "1 0 2 1"),
        ({"at_least": {"count": 3, "of": ["a", "b", "c"]}}, "012 112 222", "0 1 2"),
        ({"parts": ["a", "b"]}, "00 22 11 02 12 01", "0 2 1 1 1 1"),
        ({"optional": "a"}, "0 1 2", "1 1 2"),
        ({"fallback": "a"}, "0 1 2", "0 1 1"),
    ],
)
def test_the_level_by_hand(document, levels, expected):
    formula = formulas.parse(document)
    if document == "a":
        levels, expected = " ".join(levels), " ".join(expected)
    for at, level in zip(levels.split(), expected.split(), strict=True):
        parts = {id: Level(int(digit)) for id, digit in zip(IDS, at, strict=False)}
        assert formulas.level(formula, parts) == int(level)


def services(id):
    return frozenset([frozenset([id])])


@given(FORMULAS)
def test_the_cut_sets_are_found_by_trying_every_set(formula):
    lost = {
        frozenset(chosen)
        for size in range(len(IDS) + 1)
        for chosen in itertools.combinations(IDS, size)
        if not formulas.level(
            formula, {id: Level.UNAVAILABLE if id in chosen else Level.OPERATIONAL for id in IDS}
        )
    }
    smallest = {one for one in lost if not any(other < one for other in lost)}
    assert formulas.cut_sets(formula, services) == smallest


@given(FORMULAS, FORMULAS)
def test_the_cut_sets_of_a_capability_stand_in_for_it(outer, inner):
    """A capability within a formula is cut by whatever cuts it: as if it were written out."""

    def of(id):
        return formulas.cut_sets(inner, services) if id == "a" else services(id)

    def written_out(formula):
        if isinstance(formula, Ref):
            return inner if formula.id == "a" else formula
        parts = tuple(map(written_out, formula.of))
        return (
            AtLeast(formula.count, parts) if isinstance(formula, AtLeast) else type(formula)(parts)
        )

    assert formulas.cut_sets(outer, of) == formulas.cut_sets(written_out(outer), services)


@given(st.lists(st.frozensets(st.sampled_from(IDS)), max_size=8))
def test_minimal_sets_contain_no_other(sets):
    kept = formulas.minimal(sets)
    assert kept <= set(sets)
    assert all(not one < other for one in kept for other in kept)
    assert all(any(one <= other for one in kept) for other in sets)


def test_more_cut_sets_than_anybody_reads_are_refused(monkeypatch):
    many = formulas.parse(
        {"any_of": [{"all_of": [f"s{n}{m}" for m in range(4)]} for n in range(4)]}
    )
    monkeypatch.setattr(formulas, "MOST_CUT_SETS", 256)
    assert len(formulas.cut_sets(many, services)) == 256
    monkeypatch.setattr(formulas, "MOST_CUT_SETS", 255)
    with pytest.raises(BadInput, match="minimal cut sets"):
        formulas.cut_sets(many, services)
    monkeypatch.setattr(formulas, "MOST_CUT_SETS", 10)  # stopped while they are made, too
    with pytest.raises(BadInput, match="minimal cut sets"):
        formulas.cut_sets(many, services)


@given(FORMULAS)
def test_a_formula_survives_being_written(formula):
    assert formulas.parse(formulas.document(formula)) == formula
    assert list(formulas.ids(formula)) == re.findall(r"\b[a-d]\b", formulas.written(formula))


@given(FORMULAS, st.randoms())
def test_the_canonical_spelling_keeps_the_meaning(formula, random):
    canonical = formulas.canonical(formula)
    for levels in everywhere():
        assert formulas.level(canonical, levels) == formulas.level(formula, levels)
    assert formulas.canonical(canonical) == canonical

    def shuffled(formula):
        """Another spelling of the same: parts in another order, and some of them twice."""
        if isinstance(formula, Ref):
            return formula
        parts = [shuffled(part) for part in formula.of]
        if isinstance(formula, Optional | Fallback):
            return type(formula)((parts[0],))
        random.shuffle(parts)
        if isinstance(formula, AtLeast):
            return AtLeast(formula.count, tuple(parts))
        return type(formula)((*parts, parts[0]))

    assert formulas.canonical(shuffled(formula)) == canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"all_of": ["a", "b"]}, {"any_of": ["a", "b"]}),
        ({"all_of": ["a", "b"]}, {"parts": ["a", "b"]}),
        ({"optional": "a"}, {"fallback": "a"}),
        (
            {"at_least": {"count": 1, "of": ["a", "b"]}},
            {"at_least": {"count": 2, "of": ["a", "b"]}},
        ),
        # here repetition does matter: the second best of a, a, b is not that of a, b
        (
            {"at_least": {"count": 2, "of": ["a", "a", "b"]}},
            {"at_least": {"count": 2, "of": ["a", "b"]}},
        ),
        ("a", "b"),
    ],
)
def test_other_meanings_have_other_canonical_spellings(one, other):
    assert formulas.canonical(formulas.parse(one)) != formulas.canonical(formulas.parse(other))


def nested(depth):
    document = "a"
    for _ in range(depth):
        document = {"optional": document}
    return document


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("", "empty"),
        (3, "no formula"),
        (None, "no formula"),
        (["a"], "no formula"),
        ({}, "no formula"),
        ({"all_of": ["a"], "any_of": ["b"]}, "no formula"),
        ({"both_of": ["a"]}, "no kind of formula"),
        ({"all_of": []}, "at least one"),
        ({"any_of": "a"}, "at least one"),
        ({"parts": {"a": "b"}}, "at least one"),
        ({"all_of": ["a", {"any_of": [7]}]}, "no formula"),
        ({"optional": ["a"]}, "no formula"),
        ({"at_least": {"count": 1}}, "exactly the keys"),
        ({"at_least": {"count": 1, "of": ["a"], "by": "b"}}, "exactly the keys"),
        ({"at_least": ["a"]}, "exactly the keys"),
        ({"at_least": {"count": 0, "of": ["a"]}}, "there are 1"),
        ({"at_least": {"count": 3, "of": ["a", "b"]}}, "there are 2"),
        ({"at_least": {"count": "-1", "of": ["a"]}}, "whole number"),
        ({"at_least": {"count": "1.0", "of": ["a"]}}, "whole number"),
        ({"at_least": {"count": "١", "of": ["a"]}}, "whole number"),
        ({"at_least": {"count": True, "of": ["a"]}}, "whole number"),
        ({"at_least": {"count": "9" * 5000, "of": ["a"]}}, "whole number"),
        (nested(formulas.DEEPEST + 1), "deep"),
    ],
)
def test_what_is_no_formula(document, why):
    with pytest.raises(BadInput, match=why) as caught:
        formulas.parse(document)
    assert len(caught.value.message) < 200


def test_as_deep_as_allowed():
    formula = formulas.parse(nested(formulas.DEEPEST))
    assert formulas.level(formula, {"a": Level.UNAVAILABLE}) is Level.DEGRADED
    assert formulas.cut_sets(formula, services) == frozenset()


def test_a_formula_on_one_line():
    document = {
        "all_of": [
            "a",
            {"any_of": ["b", {"fallback": "c"}]},
            {"at_least": {"count": 1, "of": ["a", "d"]}},
        ]
    }
    formula = formulas.parse(document)
    assert formula == AllOf(
        (Ref("a"), AnyOf((Ref("b"), Fallback((Ref("c"),)))), AtLeast(1, (Ref("a"), Ref("d"))))
    )
    assert formulas.written(formula) == "all_of(a, any_of(b, fallback(c)), at_least(1 of a, d))"
    assert list(formulas.ids(formula)) == ["a", "b", "c", "a", "d"]
    assert isinstance(formulas.parse({"parts": ["a"]}), Parts)


@settings(max_examples=20)
@given(st.sampled_from(list(Level)), st.sampled_from(list(Level)))
def test_a_level_s_word_and_the_status_of_two(one, other):
    assert Level.of(one.word) is one
    assert oracle.NAMES[one] == one.word
    bounds = Bounds(min(one, other), max(one, other))
    assert bounds.status == oracle.bounds(*bounds)["status"]
