"""The view against the naive fold over the whole log, and a copy of a store against the store."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.told import no_waiting_for_the_disk, rows, stores, tell, view_of

from postmortem.core.errors import BadInput
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf
from postmortem.store.record import ViewRecord
from postmortem.testing import DAWN, PLATFORM, SECOND, MemoryRecord, draft, histories, questions

assert no_waiting_for_the_disk  # a fixture of this module too
some = settings(max_examples=40)
HOUR = 3600 * SECOND


# --- the same as the naive fold ------------------------------------------------------------------


@some
@given(histories(), st.data())
def test_the_view_is_the_naive_fold_at_every_k_and_r(drafts, data):
    with stores() as tracker:
        record = MemoryRecord(PLATFORM)
        tell(tracker, record, drafts)
        for _ in range(12):
            as_of = data.draw(questions(record))
            assert view_of(tracker, as_of) == record.situation(as_of)
        assert tracker.picture(PLATFORM, as_of).state(as_of) == (
            Picture(record.situation(as_of)).state(as_of)
        )
        kept = rows(tracker)
        tracker.rebuild()
        assert rows(tracker) == kept


@some
@given(histories())
def test_of_everything_one_version_stands_at_a_time(drafts):
    with stores() as tracker:
        tell(tracker, MemoryRecord(PLATFORM), drafts)
        ask = tracker.view.connection.execute
        both_reign = """SELECT count(*) FROM view_reign a JOIN view_reign b USING (platform, fact)
            WHERE (a.known_from, a.position_from) < (b.known_from, b.position_from)
            AND a.known_from < b.known_to AND b.known_from < a.known_to
            AND a.position_from < b.position_to AND b.position_from < a.position_to"""
        both_declared = """SELECT count(*) FROM view_declaration a
            JOIN view_declaration b USING (platform, kind, id)
            WHERE a.position < b.position AND b.position < a.until"""
        assert ask(both_reign).fetchone() == ask(both_declared).fetchone() == (0,)


@some
@given(histories())
def test_what_decide_asks_is_answered_alike(drafts):
    with stores() as tracker:
        record = MemoryRecord(PLATFORM)
        tell(tracker, record, drafts)
        view = ViewRecord(tracker.view.connection, PLATFORM)
        ids = sorted(record.log.by_id)
        for id in ids:
            assert view.version(id) == record.version(id)
            assert view.event(id) == record.event(id)
            assert view.stream(id) == record.stream(id)
        names = [*ids, "aws", "okta", "hosting", "login", "posting", "press", PLATFORM, "nobody"]
        for id in names:
            assert sorted(v.id for v in view.versions(id)) == sorted(
                v.id for v in record.versions(id)
            )
            assert set(view.retractions(id)) == set(record.retractions(id))
            assert set(view.about(id)) == set(record.about(id))
            assert set(view.parts(id)) == set(record.parts(id))
            for kind in ("platform", "source", "service", "capability"):
                assert view.declaration(kind, id) == record.declaration(kind, id)
                assert list(view.declarations(kind, id)) == list(record.declarations(kind, id))


@some
@given(histories(), histories(platform="gab"), st.data())
def test_platforms_in_one_store_do_not_mix(drafts, others, data):
    with stores() as tracker:
        here, there = MemoryRecord(PLATFORM), MemoryRecord("gab")
        for pair in itertools.zip_longest(drafts, others):
            for record, each in zip((here, there), pair, strict=True):
                if each is not None:
                    tell(tracker, record, [each], sizes=(1,))
        for record in (here, there):
            as_of = data.draw(questions(record))
            found, told = view_of(tracker, as_of, record.platform), record.situation(as_of)
            assert (found.services, found.capabilities) == (told.services, told.capabilities)
            # positions are those of the whole log; all else is as if the platform were alone
            assert {f: unplaced(v) for f, v in found.facts.items()} == {
                f: unplaced(v) for f, v in told.facts.items()
            }


def unplaced(version):
    return version._replace(position=0, place=())


# --- what is recorded later ----------------------------------------------------------------------


@some
@given(histories(least=8), st.data())
def test_what_the_log_said_at_r_never_changes(drafts, data):
    size = data.draw(st.integers(1, len(drafts)))
    with stores() as tracker:
        record = MemoryRecord(PLATFORM)
        tell(tracker, record, drafts[:size])
        asked = [
            data.draw(questions(record))._replace(recorded=record.told[-1][0]) for _ in range(6)
        ]
        before = [view_of(tracker, as_of) for as_of in asked]
        tell(tracker, record, drafts[size:])
        assert [view_of(tracker, as_of) for as_of in asked] == before


@some
@given(histories(least=8), st.data())
def test_an_answer_at_k_changes_only_by_what_is_known_by_then(drafts, data):
    """One entry more: the answer is another only where that entry is a declaration or known."""
    with stores() as tracker:
        record = MemoryRecord(PLATFORM)
        tell(tracker, record, drafts[:-4])
        for each in drafts[-4:]:
            asked = [data.draw(questions(record)) for _ in range(3)]
            before = [view_of(tracker, as_of) for as_of in asked]
            tell(tracker, record, [each])
            version = record.version(each.entry.id) if hasattr(each.entry, "replaces") else None
            for as_of, answer in zip(asked, before, strict=True):
                if version is not None and version.known > as_of.known:
                    assert view_of(tracker, as_of) == answer


@some
@given(histories())
def test_telling_it_again_is_nothing_new(drafts):
    with stores() as tracker:
        record = MemoryRecord(PLATFORM)
        tell(tracker, record, drafts)
        told = [each for _, each in record.told]
        final = {(e.entry.TYPE, e.entry.id): e for e in told}  # of what was amended, what is so now
        kept = rows(tracker)
        receipt = tracker.record(final.values())
        assert (receipt.recorded, receipt.skipped) == (0, len(final))
        assert rows(tracker) == kept


# --- export and import ---------------------------------------------------------------------------


def exported(tracker):
    return "".join(f"{line}\n" for line in tracker.export()).encode()


def columns(tracker):
    return tracker.view.connection.execute("SELECT * FROM stored_events").fetchall()


@some
@given(histories(), histories(platform="gab", most=6))
def test_a_copy_is_the_same_to_the_byte(drafts, others):
    with stores(2) as (tracker, copy):
        tell(tracker, MemoryRecord(PLATFORM), drafts)
        tell(tracker, MemoryRecord("gab"), others)
        log = exported(tracker)
        copy._clock.now = tracker._clock.now
        assert copy.copy_from("log.jsonl", log).recorded == log.count(b"\n")
        assert exported(copy) == log
        assert columns(copy) == columns(tracker)
        assert rows(copy) == rows(tracker)
        assert copy.view.copy_of == "log.jsonl"
        assert tracker.view.copy_of is None
        with pytest.raises(BadInput, match="holds events already"):
            copy.copy_from("log.jsonl", log)


@some
@given(histories(), st.data())
def test_what_is_imported_from_an_export_answers_alike(drafts, data):
    with stores(2) as (tracker, copy):
        record = MemoryRecord(PLATFORM)
        tell(tracker, record, drafts)
        log = exported(tracker)
        copy._clock.now = tracker._clock.now + HOUR
        receipt = copy.import_file("log.jsonl", log)
        assert (receipt.recorded, receipt.skipped) == (len(record.told), 0)
        for _ in range(6):
            as_of = data.draw(questions(record))._replace(recorded=END)
            here, there = (view_of(each, as_of) for each in (tracker, copy))
            assert unrecorded(there) == unrecorded(here)
        for (old, said), (new, said_too) in zip(tracker.view.log(), copy.view.log(), strict=True):
            assert words_of(said) == words_of(said_too)
            for key in ("platform", "id", "stream", "version", "type", "position", "known_at"):
                assert new[key] == old[key]
            assert new["recorded_at"] > old["recorded_at"]
        again = copy.import_file("log.jsonl", log)
        assert (again.recorded, again.skipped) == (0, len(record.told))


def unrecorded(situation):
    facts = {fact: version._replace(recorded=0) for fact, version in situation.facts.items()}
    return situation._replace(facts=facts)


def words_of(disclosures):
    return [(disclosure.field, disclosure.value) for disclosure in disclosures]


def told_by_hand(tracker):
    tracker.record(
        [
            draft("platform-declared", id=PLATFORM),
            draft("service-declared", id="aws"),
            draft("service-down", id="a", service="aws", at="2021-01-10T12:00Z", note="a name"),
        ]
    )


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"position":3', b'"position":4', "position 4 follows 2"),
        (b'"value":"a name"', b'"value":"another"', "words of note are not those"),
        (b'"service":"aws"', b'"service":"gcp"', "no service"),
        (b'"version":1}', b'"version":2}', "version of"),
        (b'"id":"a"', b'"id":"aws"', "aws is the id of a service"),
    ],
)
def test_a_log_that_was_changed_is_not_copied(old, new, why):
    with stores(2) as (tracker, copy):
        told_by_hand(tracker)
        log = exported(tracker)
        assert old in log
        with pytest.raises(BadInput, match=why):
            copy.copy_from("log.jsonl", log.replace(old, new))
        assert not Path(copy.path).exists() or copy.view.platforms == []
        assert copy.copy_from("log.jsonl", log).recorded == 3


def test_a_log_that_goes_back_in_time_is_not_copied():
    with stores(2) as (tracker, copy):
        told_by_hand(tracker)
        tracker._clock.now += 5 * SECOND
        tracker.record([draft("service-declared", id="okta")])
        copy._clock.now = tracker._clock.now
        log = exported(tracker)
        assert b'"2022-01-01T00:00:05Z"' in log
        with pytest.raises(BadInput, match="recorded_at goes back"):
            copy.copy_from(
                "log.jsonl", log.replace(b"2022-01-01T00:00:05Z", b"2021-12-31T23:59:59Z")
            )
        with pytest.raises(BadInput, match="lies ahead"):
            copy.copy_from(
                "log.jsonl", log.replace(b"2022-01-01T00:00:05Z", b"2022-02-01T00:00:00Z")
            )
        assert copy.copy_from("log.jsonl", log).recorded == 4


def test_a_part_of_a_log_is_not_copied():
    with stores(2) as (tracker, copy):
        told_by_hand(tracker)
        lines = exported(tracker).splitlines(keepends=True)
        with pytest.raises(BadInput, match="position 2 follows 0"):
            copy.copy_from("log.jsonl", b"".join(lines[1:]))
        with pytest.raises(BadInput, match="position 3 follows 1"):
            copy.copy_from("log.jsonl", lines[0] + lines[2])


def test_withheld_words_stay_withheld_in_a_copy_and_in_an_import():
    with stores(3) as (tracker, copy, other):
        told_by_hand(tracker)
        with closing(sqlite3.connect(tracker.path)) as connection, connection:
            connection.execute("DELETE FROM disclosures WHERE field = 'note'")
        log = exported(tracker)
        assert b"a name" not in log
        copy.copy_from("log.jsonl", log)
        assert exported(copy) == log
        assert other.import_file("log.jsonl", log).absent
        assert b"a name" not in exported(other)


def test_what_is_recorded_is_asked_of_at_once():
    with stores() as tracker:
        told_by_hand(tracker)
        assert tracker.platform() == PLATFORM
        tracker.record([draft("platform-declared", id="gab", platform="gab")])
        assert tracker.view.platforms == ["gab", PLATFORM]
        with pytest.raises(BadInput, match="several platforms: gab, parler"):
            tracker.platform()


def test_declarations_are_seen_whatever_k_is_as_they_stood_at_r():
    with stores() as tracker:
        told_by_hand(tracker)
        first = tracker._clock.now
        tracker._clock.now += SECOND
        tracker.record(
            [
                draft("capability-declared", id="c", requires="aws"),
                draft("capability-declared", id="c", requires={"optional": "aws"}, amend=True),
                draft("service-declared", id="okta"),
            ]
        )
        before, after = (view_of(tracker, AsOf(0, 0, at)) for at in (first, first + SECOND))
        assert (before.services, dict(before.capabilities)) == ({"aws"}, {})
        assert after.services == {"aws", "okta"}
        assert view_of(tracker, AsOf(0, 0, first - 1)).services == set()
        levels = tracker.picture(PLATFORM, AsOf(DAWN)).state(AsOf(DAWN)).capabilities
        assert levels["c"].worst.word == "degraded"
