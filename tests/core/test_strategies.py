"""What the random histories are made of: every type of entry, and the naive record itself."""

from __future__ import annotations

import re
from typing import Annotated

import pytest
from core.telling import SETTING, down, retracted
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from postmortem.core import reading
from postmortem.core.errors import BadInput
from postmortem.core.events import CATALOGUE, EVENTS, Entry
from postmortem.core.times import parse_span
from postmortem.core.words import unprintable
from postmortem.testing import PLATFORM, MemoryRecord, as_written, draft, fields, histories
from postmortem.testing import given as recorded

POOL = fields.Pool(
    "Europe/Berlin",
    sources=("press",),
    services=("aws", "okta"),
    capabilities=("hosting",),
    events={type: (f"{type}-1", f"{type}-2") for type in EVENTS},
)


_ALWAYS = {
    "platform-declared": {"zone": "Europe/Berlin"},
    "words-withheld": {"about": "source:press:2"},
}


@pytest.mark.parametrize("cls", CATALOGUE.values(), ids=lambda cls: cls.TYPE)
@given(data=st.data())
def test_every_type_of_entry_can_be_drawn_written_and_stored(cls, data):
    given = {"id": "it"} | _ALWAYS.get(cls.TYPE, {})
    keys = fields.keys(data.draw, cls, POOL, given)
    entry = reading.entry(cls, keys, zone="Europe/Berlin")
    again = reading.entry(cls, {**entry.body(), "id": "it"}, zone=None, stored=True)
    assert again.body() == entry.body()
    # what the classes say of their fields, written by hand, is what pydantic writes
    dumped = entry.model_dump(exclude_none=True, exclude={"id"})
    assert entry.body() == {k: v for k, v in dumped.items() if (k, v) != ("clerical", False)}
    written = as_written(draft(cls.TYPE, **keys, local="Europe/Berlin"))
    assert written.pop("type") == cls.TYPE
    assert reading.entry(cls, written, zone="Europe/Berlin").body() == entry.body()


def test_what_is_required_and_cannot_be_named_is_not_drawn():
    poor = fields.Pool(services=("aws",))
    for cls, drawn in ((CATALOGUE["service-restored"], False), (CATALOGUE["service-down"], True)):
        assert (find(drawing(cls, poor), lambda keys: True) is not None) == drawn


@st.composite
def drawing(draw, cls, pool):
    return fields.keys(draw, cls, pool, {"id": "it"})


def test_a_kind_of_field_that_nothing_makes_is_said_so():
    class Measured(Entry):
        TYPE = "measured"
        amount: Annotated[float, "in euros"]

    with pytest.raises(TypeError, match=r"nothing here makes a field of the type .*float"):
        find(drawing(Measured, POOL), lambda keys: True)


def test_histories_tell_of_everything():
    told = set()

    @settings(max_examples=250, derandomize=True, database=None, phases=[Phase.generate])
    @given(histories(least=8, incidents=8))
    def collect(drafts):
        record = MemoryRecord.of(PLATFORM, drafts)
        told.update(("refused", each.entry.id in record.log.by_id) for each in drafts)
        for _, each in record.told:
            keys = as_written(each)
            told.add((keys["type"], "replaces" in keys, "clerical" in keys))

    collect()
    assert ("refused", False) in told
    told -= {("refused", False), ("refused", True)}
    tellable = set(CATALOGUE) - {"words-withheld"}  # only withdrawing records it
    assert {type for type, _, _ in told} == tellable
    assert {type for type, corrected, _ in told if not corrected} == tellable
    assert len({type for type, corrected, clerical in told if corrected and not clerical}) > 5
    assert len({type for type, corrected, clerical in told if corrected and clerical}) > 3
    assert ("retracted", False, True) in told


@pytest.mark.parametrize("zone", fields.ZONES)
def test_the_written_times_are_valid_and_lie_close_together(zone):
    instants = {parse_span(text, zone) for text in fields.instants(zone)}
    assert all(span.is_instant for span in instants)
    assert len(instants) < len(fields.instants(zone)) / 2  # the same, written otherwise
    spans = {parse_span(text, zone) for text in fields.spans(zone)}
    assert any(not span.is_instant for span in spans)


@given(fields.words())
def test_the_words_are_allowed(text):
    assert unprintable(text) is None


def test_what_no_text_may_hold_is_found_wherever_it_stands():
    odd = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff"
    refused = re.compile(f"[{odd}]")
    for character in map(chr, range(0x110000)):
        told = unprintable(f"a{character}b") is not None
        assert told == (refused.match(character) is not None), hex(ord(character))


def test_the_kit_fails_where_it_should():
    """A sentence that is not true is an AssertionError."""
    setting = recorded(*SETTING, down())
    with pytest.raises(AssertionError, match="recorded, and should be refused: why"):
        setting.when(retracted()).then_refused("why")
    with pytest.raises(AssertionError, match="for another reason"):
        setting.when(down("x", service="azure")).then_refused("why")
    with pytest.raises(AssertionError, match="nothing of it was new"):
        setting.when(down()).then_recorded()
    with pytest.raises(AssertionError, match="something of it was new"):
        setting.when(down("y")).then_nothing_new()
    with pytest.raises(BadInput):
        recorded(*SETTING, down("x", service="azure"))
