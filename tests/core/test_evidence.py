"""Corroboration: independent origins, not outlets; what is disputed; how much is covered."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postmortem import testing
from postmortem.core.errors import BadInput
from postmortem.core.events import EVENTS
from postmortem.core.evidence import (
    FACTUAL,
    Dispute,
    circle,
    coverage,
    edges,
    independent,
    roots,
    weigh,
)
from postmortem.core.times import Span
from postmortem.testing import MemoryRecord, draft

SETS = st.lists(st.sets(st.sampled_from("abcdefg"), min_size=1, max_size=4), max_size=6)


def smallest(sets) -> int:
    """By trying: the smallest number of roots of which each set has one."""
    everything = sorted(set().union(*sets)) if sets else []
    return next(
        count
        for count in range(len(everything) + 1)
        for chosen in combinations(everything, count)
        if all(each & set(chosen) for each in sets)
    )


@given(SETS)
def test_independent_is_the_smallest_number_that_accounts_for_all(sets):
    assert independent(sets) == smallest(sets)


@given(SETS, st.sets(st.sampled_from("abcdefg"), min_size=1))
def test_another_source_never_makes_it_less_and_adds_one_at_most(sets, more):
    assert independent(sets) <= independent([*sets, more]) <= independent(sets) + 1


def test_of_very_many_it_is_never_said_to_be_more_than_it_is():
    sets = [{f"r{i}", f"r{i + 1}"} for i in range(40)]
    assert 0 < independent(sets) <= 20


@pytest.mark.parametrize(
    ("cites", "count", "told"),
    [
        ([], 0, "no source"),
        (["letter"], 1, "one origin"),
        (["engadget", "gizmodo", "letter"], 1, "one origin behind 3 sources"),
        (["engadget", "agency"], 2, "2 independent origins"),
        (["digest"], 1, "one origin"),
        (["digest", "letter"], 1, "one origin behind 2 sources"),
        (["digest", "letter", "agency"], 2, "2 independent origins"),
        (["letter", "agency#page=1;stance=disputes"], 1, "one origin, disputed"),
        (["letter", "agency#page=1;stance=qualifies"], 1, "one origin, qualified"),
        (["agency#page=1;stance=disputes"], 0, "nothing cited supports it, disputed"),
        (["letter#page=1", "letter#page=2", "letter"], 1, "one origin"),
    ],
)
def test_outlets_that_repeat_each_other_are_one_voice(cites, count, told):
    origins = {
        "engadget": ["buzzfeed"], "gizmodo": ["engadget"], "buzzfeed": ["letter"],
        "digest": ["letter", "agency"],
    }  # fmt: skip
    found = weigh("down", cites, origins)
    assert (found.independent, found.told()) == (count, told)
    assert found.document()["single_source"] == (count == 1)


def test_roots_end_even_in_a_circle_that_should_not_be():
    assert roots("a", {"a": ["b"], "b": ["a", "c"]}) == {"c"}
    assert roots("a", {}) == {"a"}
    assert circle("a", ["b"], {"b": ["c"], "c": ["a"]}.get) == ["a", "b", "c", "a"]
    assert circle("a", ["b", "c"], lambda source: ()) is None


def test_a_dispute_shows_and_counts_for_nothing():
    found = weigh("down", ["letter"], {}, [Dispute("no", "quantity", ("agency",))])
    assert found.is_disputed
    assert (found.independent, found.told()) == (1, "one origin, disputed (quantity)")
    assert found.document()["disputed_by"] == [{"id": "no", "aspect": "quantity"}]


def test_coverage_counts_facts_by_the_citations_that_count():
    found = [weigh("a", [], {}), weigh("b", ["x"], {}), weigh("c", ["x", "y#page=1"], {})]
    assert coverage(found, {}, lambda citation: True) == (1, 1, 1)
    assert coverage(found, {}, lambda citation: citation.source == "x") == (1, 2, 0)
    assert coverage(found, {"y": ["x"]}, lambda citation: True) == (1, 2, 0)
    assert coverage([], {}, lambda citation: True).facts == 0


def test_which_statements_make_a_span():
    told = {"own": Span(0, 10), "wide": Span(0, 90), "late": Span(5, 8)}
    assert edges(Span(5, 8), told) == (["late"], ["late"])
    assert edges(Span(0, 90), told) == (["own", "wide"], ["wide"])
    assert edges(Span(1, 2), told) == ([], [])


def test_the_factual_types_are_types():
    assert set(EVENTS) >= FACTUAL


# --- what is recorded -----------------------------------------------------------------------------

PLATFORM = draft("platform-declared", id="parler", zone="UTC")


def source(id, *origins, **keys):
    more = {"origins": list(origins)} if origins else {}
    return draft("source-declared", id=id, title="A source", **more, **keys)


def test_origins_must_be_there_and_may_not_run_in_a_circle():
    with pytest.raises(BadInput, match="paper reports from letter, and there is no source"):
        testing.given(PLATFORM, source("paper", "letter"))
    with pytest.raises(BadInput, match="in a circle: paper → paper"):
        testing.given(PLATFORM, source("paper", "paper"))
    back = source("letter", "paper", amend=True)
    with pytest.raises(BadInput, match="in a circle: letter → paper → letter"):
        testing.given(PLATFORM, source("letter"), source("paper", "letter"), back)


def test_the_order_of_origins_says_nothing():
    both = (source("a"), source("b"))
    record = testing.given(PLATFORM, *both, source("c", "a", "b"), source("c", "b", "a")).record
    assert isinstance(record, MemoryRecord)
    assert record.declaration("source", "c")[0] == 1


QUOTED = {"id": "n", "at": "2021-01-10T12:00Z", "text": "so"}


@pytest.mark.parametrize(
    ("cites", "quotes", "says"),
    [
        (["a"], {"b": "words"}, "nothing that it cites"),
        ([], {"a": "words"}, "nothing that it cites"),
        (["a"], {"a": "x" * 201}, "at most 200 characters"),
        (["a"], {"a": " "}, "text under its citation"),
        (["a"], {"a": ["words"]}, "text under its citation"),
    ],
)
def test_what_may_not_be_quoted(cites, quotes, says):
    more = {"cites": cites} if cites else {}
    with pytest.raises(BadInput, match=says):
        testing.given(PLATFORM, source("a"), draft("note", **QUOTED, **more, quotes=quotes))


def test_a_quotation_stands_under_its_citation_with_or_without_the_hashes():
    cite = f"a#char=1,9;excerpt={'0' * 32}"
    for key in (cite, "a#char=1,9"):
        testing.given(PLATFORM, source("a"), draft("note", **QUOTED, cites=cite, quotes={key: "x"}))
    citing = {"source": "a", "char": ["1", "9"], "stance": "disputes"}
    record = testing.given(PLATFORM, source("a"), draft("note", **QUOTED, cites=citing)).record
    assert record.event("n")["cites"] == ["a#char=1,9;stance=disputes"]


def test_a_snapshot_tells_all_of_its_text_or_nothing():
    taken = {"id": "s", "source": "a", "sha256": "0" * 64, "length": "5", "media_type": "x/y"}
    testing.given(PLATFORM, source("a"), draft("snapshot-taken", **taken))
    with pytest.raises(BadInput, match="in part only"):
        testing.given(PLATFORM, source("a"), draft("snapshot-taken", **taken, text_length="5"))
    with pytest.raises(BadInput, match="64 hexadecimal digits"):
        testing.given(
            PLATFORM, source("a"), draft("snapshot-taken", **{**taken, "sha256": "0" * 63})
        )
    with pytest.raises(BadInput, match="s names b, and there is no source"):
        testing.given(PLATFORM, source("a"), draft("snapshot-taken", **{**taken, "source": "b"}))
