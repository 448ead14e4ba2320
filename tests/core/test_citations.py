"""Citations: what is read out of a locator, and what stays free words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core import citations
from postmortem.core.citations import CHARS, FRAGMENT, FREE, PAGE, WHOLE, Citation, Place, parse

HASH = "8b0175a2f31c942203b9df0c10d153ca"
DIGITS = st.text("0123456789abcdef", min_size=64, max_size=64)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a1", Place()),
        ("a1#whole", Place()),
        ("a1#char=0,1", Place(CHARS, 0, 1)),
        ("a1#char=1659,1769", Place(CHARS, 1659, 1769)),
        ("a1#page=3", Place(PAGE, value="3")),
        ("a1#fragment=section-2", Place(FRAGMENT, value="section-2")),
        ("a1#p. 3 ¶ “x”", Place(FREE, value="p. 3 ¶ “x”")),
        ("a1#one; two=3", Place(FREE, value="one; two=3")),
    ],
)
def test_places(text, place):
    found = parse(text)
    assert (found.source, found.place, found.problem) == ("a1", place, None)
    assert found.stance == "supports"


def test_all_that_may_follow_a_place():
    text = f"a1#char=7,19;excerpt={HASH};snapshot={HASH[:16]};stance=disputes;credibility=2"
    found = parse(text)
    assert found == Citation("a1", Place(CHARS, 7, 19), HASH, 12, HASH[:16], "disputes", 2)
    assert found.is_bound
    assert found.written() == text
    assert found.shown() == "a1#char=7,19 (disputes, credibility 2)"
    assert found.plain == "a1#char=7,19"


def test_the_order_of_parameters_is_nobodys_business_and_is_mended():
    found = parse("a1#credibility=2;stance=disputes".replace("#", "#page=1;"))
    assert found.written() == "a1#page=1;stance=disputes;credibility=2"
    assert parse(f"a1#;stance=qualifies;excerpt={HASH}").written() == (
        f"a1#whole;excerpt={HASH};stance=qualifies"
    )


@pytest.mark.parametrize(
    ("locator", "problem"),
    [
        ("char=9,9", "ends before it begins"),
        ("char=9,8", "ends before it begins"),
        ("char=9", "a place is written"),
        ("char=-1,3", "a place is written"),
        ("page=0", "a place is written"),
        ("page=iv", "a place is written"),
        ("fragment=", "a place is written"),
        (f"char=1,2;excerpt={HASH[:-1]}", "excerpt takes 32 to 64"),
        (f"char=1,2;excerpt={HASH.upper()}", "excerpt takes 32 to 64"),
        ("char=1,2;snapshot=abc", "snapshot takes 8 to 64"),
        ("char=1,2;stance=maybe", "stance takes supports, disputes or qualifies"),
        ("char=1,2;credibility=7", "credibility takes a digit from 1 to 6"),
        ("page=1;length=0", "length takes a whole number"),
        ("char=1,2;stance=disputes;stance=disputes", "stance stands there twice"),
    ],
)
def test_a_slip_is_told_and_the_text_stays_as_it_is(locator, problem):
    found = parse(f"a1#{locator}")
    assert problem in found.problem
    assert found.place == Place(FREE, value=locator)
    assert (found.stance, found.excerpt) == ("supports", None)
    assert found.written() == f"a1#{locator}"


@given(st.from_regex(r"[a-z0-9_-]{1,5}(#.+)?", fullmatch=True))
def test_whatever_was_recorded_before_can_still_be_read(text):
    found = parse(text)
    assert found.source == text.partition("#")[0]
    assert parse(found.written()) == found


@given(
    st.one_of(
        st.builds(Place),
        st.builds(lambda a, b: Place(CHARS, a, a + b), st.integers(0, 10**8), st.integers(1, 999)),
        st.builds(lambda n: Place(PAGE, value=str(n)), st.integers(1, 10**6)),
        st.builds(lambda v: Place(FRAGMENT, value=v), st.from_regex("[a-z]{1,9}", fullmatch=True)),
    ),
    st.none() | DIGITS.map(lambda h: h[:32]),
    st.none() | DIGITS,
    st.sampled_from(citations.STANCES),
    st.none() | st.integers(1, 6),
)
def test_what_is_written_is_read_again(place, excerpt, snapshot, stance, credibility):
    length = place.end - place.start if place.kind == CHARS else None
    made = Citation("a1", place, excerpt, length, snapshot, stance, credibility)
    assert parse(made.written()) == made


def test_a_mapping_becomes_the_same_text():
    assert citations.from_mapping({"source": "a1"}) == "a1"
    assert citations.from_mapping({"source": "a1", "char": ["5", "30"]}) == "a1#char=5,30"
    assert citations.from_mapping({"source": "a1", "at": "p. 3, left"}) == "a1#p. 3, left"
    assert (
        citations.from_mapping(
            {"stance": "disputes", "excerpt": HASH, "page": 3, "length": 40, "source": "a1"}
        )
        == f"a1#page=3;excerpt={HASH};length=40;stance=disputes"
    )


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({}, "names its source"),
        ({"source": "a1", "side": "left"}, "no key 'side'"),
        ({"source": "a1", "page": "3", "char": "1,2"}, "one place"),
        ({"source": "a1", "char": [5]}, "a place is written"),
        ({"source": "a1", "char": {"from": 5}}, "take text"),
        ({"source": "a1", "stance": "maybe"}, "stance takes"),
        ({"source": "a1", "page": True}, "take text"),
    ],
)
def test_a_mapping_that_is_no_citation(mapping, says):
    with pytest.raises(ValueError, match=says):
        citations.from_mapping(mapping)


def test_the_whole_is_told_without_a_place():
    assert parse("a1#whole;stance=qualifies").shown() == "a1 (qualifies)"
    assert parse("a1#whole").written() == "a1"
    assert Place().kind == WHOLE
