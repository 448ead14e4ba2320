"""Erasing against histories of all kinds: what is withdrawn is gone, and no answer is another."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.core import reading
from postmortem.core.decide import Draft
from postmortem.core.events import WordsWithheld
from postmortem.core.measures import downtime
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf
from postmortem.core.withdrawal import identity
from postmortem.store import erasure, ledger, readmodel
from postmortem.store.erasure import Text, containing, erase, forms, holdings
from postmortem.testing import PLATFORM, MemoryRecord, histories, questions
from postmortem.testing.ledgers import Clock
from postmortem.tracker import Tracker

DAY = 86_400_000_000


@pytest.fixture(autouse=True, scope="module")
def _no_waiting():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "PRAGMAS", (*ledger.PRAGMAS, "synchronous=OFF"))
        patch.setattr(erasure, "PATIENCE", 0.0)
        yield


def withdrawal(tracker: Tracker, position: int, field: str) -> Draft:
    about = tracker.view.logged(position).id
    fields = {
        "id": identity(about, field), "about": about, "position": position, "field": field,
        "reason": "a test", "basis": "a rule",
    }  # fmt: skip
    return Draft(PLATFORM, reading.entry(WordsWithheld, fields, zone=None))


def answers(tracker: Tracker, asked: list[AsOf]) -> list[object]:
    """Everything that the state has to say, at those clocks."""
    found: list[object] = []
    for as_of in asked:
        picture = Picture(tracker.view.situation(PLATFORM, as_of))
        found += [picture.situation, picture.state(as_of)]
        found.append(downtime(picture, as_of.valid - DAY, as_of.valid + DAY))
    return found


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_answer_changes_and_nothing_is_left(data):
    drafts = data.draw(histories(most=12))
    record = MemoryRecord.of(PLATFORM, drafts)
    asked = data.draw(st.lists(questions(record), min_size=1, max_size=3))
    with (
        tempfile.TemporaryDirectory() as folder,
        Tracker(f"{folder}/s.db", clock=Clock(), by="A recorder") as tracker,
    ):
        for _, draft in record.told:
            tracker.record([draft])
        last = tracker.view.position_at(END)
        asked = [AsOf(each.valid, each.known) for each in asked]
        before = answers(tracker, asked)
        places = tracker.view.connection.execute(
            "SELECT position, field, value FROM disclosures ORDER BY position, field"
        ).fetchall()
        chosen = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4, unique=True))
        texts = [erasure.disclosure(tracker.view.connection, *each[:2]) for each in chosen]
        tracker.withhold([withdrawal(tracker, *each[:2]) for each in chosen])
        outcome = tracker.erase([text for text in texts if text])
        assert outcome.erased, outcome.why_not
        assert answers(tracker, asked) == before
        assert tracker.view.position_at(END) == last + len(chosen)
        for position, field, _ in chosen:
            entry = tracker.view.logged(position)
            assert entry.withheld[field] == "a test"
            shown = entry.shown_by if field == "recorded_by" else entry.shown[field]
            assert shown == "[withheld: a test]"
        rows = readmodel.rows(tracker.view.connection)
        tracker.rebuild()
        assert readmodel.rows(tracker.view.connection) == rows
        assert not tracker.view.is_unerased
        still = holdings(tracker.view.connection, [text for text in texts if text])
        files = [str(file) for file in Path(folder).iterdir()]
        if not still:
            assert containing(files, [text for text in texts if text and not text.is_short]) == []


# --- the two ways of finding out ------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    drafts = [
        {"type": "platform-declared", "id": PLATFORM},
        {"type": "note", "id": "n", "at": "2021-01-01T00:00Z", "text": "Words of Ysolde Quimby."},
    ]
    from postmortem.testing import draft

    with Tracker(str(tmp_path / "s.db"), clock=Clock()) as tracker:
        tracker.record([draft(each.pop("type"), **each) for each in drafts])
    return str(tmp_path / "s.db")


TEXT = Text(2, "text", "Words of Ysolde Quimby.")


def test_a_file_with_something_in_a_free_page_is_not_what_remains(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        with connection:
            connection.execute("CREATE TABLE more (words TEXT)")
            connection.execute("INSERT INTO more VALUES (?)", ("left behind " * 4000,))
        with connection:
            connection.execute("DELETE FROM more")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"left behind" in Path(path).read_bytes()
    assert not erasure._is_what_remains(path)
    assert erase(path).erased
    assert b"left behind" not in Path(path).read_bytes()


def test_words_in_the_slack_of_a_page_are_found(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert erasure._is_what_remains(path)
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        hole = data.find(bytes(64), 4096)
        data[hole : hole + 16] = b"Ysolde in a hole"
        file.seek(0)
        file.write(data)
    assert not erasure._is_what_remains(path)


@pytest.mark.parametrize("form", forms('He said "Ysolde Quümby" \\ here'), ids=str)
def test_every_form_is_looked_for_also_across_chunks(tmp_path, monkeypatch, form):
    text = Text(1, "text", 'He said "Ysolde Quümby" \\ here')
    for before in (0, 5, 60, 61, 63, 64, 100):
        monkeypatch.setattr(erasure, "_CHUNK", 64)
        file = tmp_path / f"f{before}"
        file.write_bytes(b"-" * before + form + b"-")
        assert containing([str(file)], [text]) == [str(file)]
        file.write_bytes(b"-" * before + form[:-1] + b"-")
        assert containing([str(file)], [text]) == []


def test_the_words_of_a_mapping_are_its_texts():
    text = Text(1, "meta", {"a": "first words", "b": {"c": ["second words", 3, True]}})
    assert text.pieces == ["first words", "second words"]
    assert not text.is_short
    assert Text(1, "by", "Jo").is_short


def test_a_short_word_stands_elsewhere_only_as_a_word(path):
    with Tracker(path) as tracker:
        found = holdings(tracker.view.connection, [Text(99, "by", "of")])
        assert [(each.position, each.field) for each in found] == [(2, "text")]
        assert holdings(tracker.view.connection, [Text(99, "by", "imb")]) == []


def test_a_writer_in_between_is_waited_for_or_told_of(path):
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        outcome = erase(path, [TEXT])
        assert not outcome.erased
        assert "somebody is at work in the store" in outcome.why_not
        writer.execute("ROLLBACK")
    # nobody withdrew anything, so it still stands in its own row
    assert erase(path, [TEXT]).why_not.startswith("the table ")


def test_without_fts5_the_index_is_not_said_to_be_free_of_it(path, monkeypatch):
    monkeypatch.setattr(erasure.search, "has_fts5", lambda connection: False)
    assert "FTS5" in erase(path).why_not
