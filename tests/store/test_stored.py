"""The stored formats' promise: what any version of the program ever wrote can be read.

`fixtures/stored/` holds one envelope for every version of every type, to the byte as it is stored
(and a line end). A file there is never changed: a new version of a type gets a file of its own, and
so (`*.more.json`) does what else the same version may hold, such as keys that were added later.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
import rfc8785
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core import events, reading, words
from postmortem.core.entries import Dated
from postmortem.core.errors import BadInput
from postmortem.core.events import CATALOGUE, DECLARATIONS, OF_THE_LOG
from postmortem.core.fields import Body
from postmortem.core.recorded import Recorded, topic, upcast, version_of
from postmortem.core.times import parse_stored
from postmortem.store.ledger import EnvelopeMapper
from postmortem.testing import fields

FOLDER = Path(__file__).parents[2] / "fixtures" / "stored"
FILES = sorted(FOLDER.glob("*.json"))
MORE = ".more.json"
SAID = {
    "meta": {},
    "quotes": {},
    "authors": ["words"],
}  # what stands in for withheld words that are no text
MAPPER = EnvelopeMapper(transcoder=None)


def test_there_is_a_file_for_every_version_of_every_type():
    versions = {
        f"{cls.TYPE}.{number}.json"
        for cls in CATALOGUE.values()
        for number in range(1, cls.SCHEMA + 1)
    }
    assert {file.name for file in FILES if not file.name.endswith(MORE)} == versions
    assert {file.name.replace(MORE, ".json") for file in FILES} == versions


def test_every_key_of_a_type_stands_in_some_file():
    """Else a field could change its form, and no file would tell."""
    for cls in CATALOGUE.values():
        kept = {
            key for file in FOLDER.glob(f"{cls.TYPE}.*.json") for key in stored(file)[1]["body"]
        }
        # clerical and known_at exclude each other; quotes are the same wherever they stand
        said_of_others = {"id", "clerical", "known_at", "quotes"}
        assert set(cls.model_fields) - said_of_others <= kept, cls.TYPE
    everywhere = {key for file in FILES for key in stored(file)[1]["body"]}
    assert {"clerical", "known_at", "quotes"} <= everywhere


def stored(file):
    state = file.read_bytes().removesuffix(b"\n")
    return state, json.loads(state)


def event_of(state, envelope):
    return MAPPER.to_domain_event(
        StoredEvent(envelope["stream"], envelope["version"], envelope["type"], state)
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_is_canonical_and_is_read_and_written_to_the_same_bytes(file):
    state, envelope = stored(file)
    assert rfc8785.dumps(envelope) == state
    event = event_of(state, envelope)
    assert (event.type, event.id, event.version) == tuple(
        envelope[key] for key in ("type", "id", "version")
    )
    assert event.envelope().keys() == envelope.keys()
    if envelope["type"] == topic(CATALOGUE[event.name]):
        again = MAPPER.to_stored_event(event)
        assert again.state == state
        assert again == StoredEvent(event.stream, event.version, event.type, state)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_still_means_what_recording_it_today_would_store(file):
    event = event_of(*stored(file))
    cls, body = upcast(event.type, event.body)
    assert cls is CATALOGUE[event.name]
    said = {key: SAID.get(key, "words") for key in body if words.digest_in(body[key])}
    assert set(said) <= cls.said()
    declared = cls.TYPE in DECLARATIONS
    of_the_log = cls.TYPE in OF_THE_LOG
    id = event.id.split(":")[1] if declared else event.id
    entry = reading.entry(cls, {**body, **said, "id": id}, zone=None, stored=True)
    assert entry.body() == {**body, **said}
    for key, value in body.items():  # the wording too still means the span that is stored
        if isinstance(value, dict) and "written" in value:
            keys = {**body, **said, "id": id, key: value["written"]}
            again = reading.entry(cls, keys, zone="America/Los_Angeles", stored=True)
            assert {**again.body()[key], "written": value["written"]} == value
    assert (event.known_at is None) == (declared or of_the_log)
    if event.known_at is not None:
        version = version_of(
            event.name,
            event.id,
            body,
            position=event.position,
            known=parse_stored(event.known_at),
            recorded=parse_stored(event.recorded_at),
            earlier=lambda id: None,
        )
        assert version.type == event.name
        assert (version.at is not None) == issubclass(cls, Dated)


# --- a type that changed twice -------------------------------------------------------------------


def _one_to_two(body: Body) -> Body:
    return {**body, "colour": body["color"]} if "color" in body else body


def _two_to_three(body: Body) -> Body:
    return {"colours": [body["colour"]] if "colour" in body else [], "at": body["at"]}


class FlagRaised(Dated):
    """Only here: a type whose body is in its third version."""

    TYPE = "flag-raised"
    SCHEMA = 3
    UPCASTS = {1: _one_to_two, 2: _two_to_three}  # noqa: RUF012
    colours: list[str]


AT = {"earliest": "2021-01-10T12:00:00Z", "latest": None, "written": "2021-01-10T12:00Z.."}


@pytest.mark.parametrize(
    ("stored", "body"),
    [
        ("flag-raised/1", {"at": AT, "color": "red"}),
        ("flag-raised/2", {"at": AT, "colour": "red"}),
        ("flag-raised/3", {"at": AT, "colours": ["red"]}),
    ],
)
def test_an_old_body_is_raised_step_by_step(monkeypatch, stored, body):
    monkeypatch.setitem(events.CATALOGUE, "flag-raised", FlagRaised)
    before = json.dumps(body)
    cls, raised = upcast(stored, body)
    assert cls is FlagRaised
    assert raised == {"at": AT, "colours": ["red"]}
    assert json.dumps(body) == before  # what is stored is not changed under anybody's hands
    assert reading.entry(cls, {**raised, "id": "f"}, zone=None, stored=True).colours == ["red"]
    recorded = Recorded(
        platform="parler", id="f", stream="parler/declarations", version=1, type=stored,
        position=1, recorded_at="2022-01-01T00:00:00Z", recorded_by=None,
        known_at="2022-01-01T00:00:00Z", body=body,
    )  # fmt: skip
    read = MAPPER.to_domain_event(MAPPER.to_stored_event(recorded))
    assert read.body == raised
    assert topic(FlagRaised) == "flag-raised/3"


@pytest.mark.parametrize(
    "unknown",
    ["flag-raised/0", "flag-raised/4", "flag-raised/", "flag-raised", "flag-raised/1/2",
     "flag-lowered/1", "flag-raised/-1", "flag-raised/²", "", "/1"],
)  # fmt: skip
def test_a_version_or_type_that_this_program_does_not_know(monkeypatch, unknown):
    monkeypatch.setitem(events.CATALOGUE, "flag-raised", FlagRaised)
    with pytest.raises(BadInput, match="no stored type"):
        upcast(unknown, {})


# --- canonical bytes and digests -----------------------------------------------------------------

PLAIN = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | fields.words()
KEYS = st.from_regex(r"[ -~]{0,8}", fullmatch=True)
DOCUMENTS = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)


@given(DOCUMENTS)
def test_our_canonical_bytes_are_those_of_rfc_8785(document):
    assert words.canonical(document) == rfc8785.dumps(document)
    assert json.loads(words.canonical(document)) == document


def test_a_digest_can_be_computed_by_anybody():
    """By RFC 9901, section 4.2.3, over canonical JSON; the outcome is as stored since version 1."""
    disclosure = words.Disclosure("_26bc4LT-ac6q2KI6cBW5es", "family_name", "Möbius")
    array = rfc8785.dumps([disclosure.salt, disclosure.field, disclosure.value])
    encoded = urlsafe_b64encode(array).rstrip(b"=")
    assert disclosure.encoded() == encoded.decode()
    digest = urlsafe_b64encode(hashlib.sha256(encoded).digest()).rstrip(b"=").decode()
    assert disclosure.digest() == digest == "TZjouOTrBKEwUNjNDs9yeMzBoQn8FFLPaJjRRmAtwrM"


@given(fields.words(), fields.words(), st.binary(min_size=16, max_size=16))
def test_other_words_have_another_digest(one, other, random):
    first, second = (words.Disclosure(words.salt(random), "note", text) for text in (one, other))
    assert (first.digest() == second.digest()) == (one == other)
    assert words.digest_in(first.stand_in()) == first.digest()
    assert words.digest_in(one) is None
