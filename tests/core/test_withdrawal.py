"""What may be withdrawn, and what an older file must not bring back."""

from __future__ import annotations

import pytest

from postmortem.core import reading
from postmortem.core.decide import Draft, decide
from postmortem.core.errors import BadInput, Refused
from postmortem.core.events import CATALOGUE, WordsWithheld
from postmortem.core.record import Placed
from postmortem.core.withdrawal import RECORDED_BY, holds_words, identity, placeholder, refuse_field
from postmortem.testing import DAWN, PLATFORM, MemoryRecord, draft

DIGEST = {"sd": "x" * 43}


def withheld(about: str = "n", field: str = "text", **keys: object) -> Draft:
    fields = {
        "id": identity(about, field), "about": about, "position": 1, "field": field,
        "reason": "asked", "basis": "law", **keys,
    }  # fmt: skip
    return Draft(PLATFORM, reading.entry(WordsWithheld, fields, zone=None))


class Stored(MemoryRecord):
    """A record whose words are digests, as a store has them."""

    held = frozenset({"text"})

    def entry(self, identity: str) -> Placed | None:
        found = super().entry(identity)
        if found is None:
            return None
        said = CATALOGUE[found.type].said()
        body = {key: DIGEST if key in said else value for key, value in found.stored.items()}
        return Placed(found.position, found.type, {**body, RECORDED_BY: DIGEST}, self.held)


@pytest.fixture
def record() -> Stored:
    told = Stored(PLATFORM)
    for each in (
        draft("platform-declared", id=PLATFORM),
        draft("note", id="n", at="2021-01-01T00:00Z", text="Words."),
    ):
        told.record(each, DAWN)
    return told


def decided(record: Stored, each: Draft):
    return decide(each, record, now=DAWN, position=record.position + 1)


def test_it_is_no_fact_and_is_seen_whatever_k_is(record):
    (ready,) = decided(record, withheld())
    assert (ready.version, ready.known) == (None, None)
    assert (ready.id, ready.stream) == ("withheld:n:text", f"{PLATFORM}/declarations")
    assert ready.body["position"] == 2  # where the entry stands here, whatever another log says


def test_once_is_enough(record):
    record.record(withheld(), DAWN)
    assert decided(record, withheld(reason="another")) == []


@pytest.mark.parametrize("field", ["at", "id", "type", "position", "recorded_at", "stream"])
def test_ids_times_and_types_stay(record, field):
    with pytest.raises(Refused, match="cannot be withdrawn") as refused:
        decided(record, withheld(field=field))
    assert "these can be: text, recorded_by" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"about": "m"}, "nothing is recorded under that name"),
        ({"field": "note"}, "no words to withdraw"),
        ({"field": "colour"}, "no field 'colour'"),
        ({"reason": " "}, "reason of a withdrawal is empty"),
        ({"basis": ""}, "basis of a withdrawal is empty"),
    ],
)
def test_what_is_wrong_is_said(record, keys, says):
    with pytest.raises(BadInput, match=says):
        decided(record, withheld(**keys))


def test_an_import_withdraws_nothing_that_is_held(record):
    from dataclasses import replace

    with pytest.raises(Refused, match="stands here in words"):
        decided(record, replace(withheld(), imported=True))
    record.held = frozenset()
    assert decided(record, replace(withheld(), imported=True))


@pytest.mark.parametrize("cls", CATALOGUE.values(), ids=lambda cls: cls.TYPE)
def test_of_every_type_just_peoples_words_can_go(cls):
    stored = {name: DIGEST if name in cls.said() else "x" for name in cls.model_fields}
    placed = Placed(1, cls.TYPE, stored)
    assert set(holds_words(placed)) == cls.said()
    for name in cls.model_fields:
        if name in cls.said():
            refuse_field("e", name, placed)
        else:
            with pytest.raises(Refused):
                refuse_field("e", name, placed)


def test_what_stands_in_for_words_is_what_the_field_takes():
    for cls in CATALOGUE.values():
        for name in cls.said():
            kind = str(cls.model_fields[name].annotation)
            wanted = dict if "dict" in kind else list if "list" in kind else str
            assert type(placeholder(name)) is wanted, (cls.TYPE, name)
