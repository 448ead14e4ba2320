"""What a write keeps in memory makes no difference: neither to what it decides nor to the view."""

from __future__ import annotations

import gc
from contextlib import ExitStack, contextmanager, suppress
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.told import no_waiting_for_the_disk, rows, stores, tell, view_of

import postmortem.tracker as tracking
from postmortem import recording
from postmortem.core.errors import BadInput
from postmortem.store import effects, intake, promise, readmodel, recall
from postmortem.store.recall import RecalledRecord
from postmortem.testing import DAWN, PLATFORM, SECOND, MemoryRecord, draft, histories, questions

assert no_waiting_for_the_disk  # a fixture of this module too
some = settings(max_examples=40)
sizes = st.sampled_from([1, 2, 3, 7, 10_000])


@contextmanager
def batches(size, remembered):
    """With batches of that size everywhere, and no more facts remembered than that."""
    with ExitStack() as stack:
        for module, name, value in (
            (intake, "_BATCH", size),
            (intake, "_RECALLED", remembered),
            (promise, "_BATCH", size),
            (recording, "_AT_ONCE", size),
            (readmodel, "_LOAD", size),
            (recall, "_AT_ONCE", size),
            (effects, "_AT_ONCE", size),
        ):
            stack.enter_context(mock.patch.object(module, name, value))
        yield


@some
@given(histories(), sizes, st.sampled_from([0, 5, 10_000]), st.data())
def test_one_transaction_of_many_batches_decides_as_one_after_the_other(
    drafts, size, remembered, data
):
    with stores() as tracker:
        record = MemoryRecord(PLATFORM)
        tracker._clock.now = now = DAWN + SECOND
        taken = [each for each in drafts if record.try_to_record(each, now)]
        with batches(size, remembered):
            assert tracker.record(taken).recorded == len(taken)
        for _ in range(5):
            as_of = data.draw(questions(record))
            assert view_of(tracker, as_of) == record.situation(as_of)
        kept = rows(tracker)
        tracker.rebuild()
        assert rows(tracker) == kept


@some
@given(histories(), sizes, st.sampled_from([0, 5, 10_000]))
def test_a_rebuild_in_batches_of_any_size_gives_the_same_rows(drafts, size, remembered):
    with stores() as tracker:
        tell(tracker, MemoryRecord(PLATFORM), drafts)
        kept = rows(tracker)
        with batches(size, remembered):
            tracker.rebuild()
        assert rows(tracker) == kept


@some
@given(histories(), st.integers(0, 30), st.data())
def test_what_is_refused_is_refused_whatever_was_remembered(drafts, at, data):
    """The draft at some place of a transaction that the record forbids there, and all with it."""
    with stores() as tracker:
        record = MemoryRecord(PLATFORM)
        tracker._clock.now = now = DAWN + SECOND
        taken, refused = [], None
        for number, each in enumerate(drafts):
            try:
                if record.record(each, now) or record.position > len(taken):
                    taken.append(each)
            except BadInput as problem:
                if number >= at:
                    refused = (each, problem)
                    break
        with batches(data.draw(sizes), data.draw(st.sampled_from([0, 5, 10_000]))):
            if refused is None:
                assert tracker.record(taken).recorded == len(taken)
                return
            with pytest.raises(type(refused[1])) as told:
                tracker.record([*taken, refused[0]])
        assert told.value.message == refused[1].message
        tracker.record(())
        assert tracker.view.position == 0


@some
@given(histories(), sizes, st.data())
def test_what_is_recalled_is_what_is_recorded(drafts, size, data):
    """Looked up beforehand or when it is asked for, in any order."""
    with stores() as tracker:
        record = MemoryRecord(PLATFORM)
        tell(tracker, record, drafts)
        ids = sorted(record.log.by_id)
        names = [*ids, "aws", "nobody"]
        with mock.patch.object(recall, "_AT_ONCE", size):
            found = RecalledRecord(tracker.view.connection, PLATFORM, lambda: None)
            found.recall(data.draw(st.lists(st.sampled_from(names))))
            for id in data.draw(st.permutations(names)):
                assert found.version(id) == record.version(id)
                assert found.event(id) == record.event(id)
                assert sorted(v.id for v in found.versions(id)) == sorted(
                    v.id for v in record.versions(id)
                )
                assert set(found.retractions(id)) == set(record.retractions(id))
                assert set(found.about(id)) == set(record.about(id))
                if id in ids:
                    assert found.stream(id) == record.stream(id)


def test_a_tracker_that_is_closed_lets_go_of_the_file_at_once(tmp_path):
    """Without waiting for the collector of cycles: the journal is gone, and its words with it."""
    gc.disable()
    try:
        with tracking.Tracker(str(tmp_path / "a.db")) as tracker:
            tracker.record([draft("platform-declared", id=PLATFORM)])
            with pytest.raises(BadInput):
                tracker.record([draft("note", id="a", at="2021", text="", about="nobody")])
        assert [each.name for each in tmp_path.iterdir()] == ["a.db"]
    finally:
        gc.enable()


@some
@given(histories(), st.data())
def test_what_is_left_to_the_next_write_is_not_believed_once_others_have_written(drafts, data):
    """Two of them write to one store by turns, and some of what they write is refused."""
    with stores() as one, tracking.Tracker(one.path, clock=one._clock, by="other") as other:
        record = MemoryRecord(PLATFORM)
        for each in drafts:
            one._clock.now = now = max(one._clock.now, DAWN) + SECOND
            tracker = data.draw(st.sampled_from([one, other]))
            before, refusal = record.position, None
            try:
                record.record(each, now)
            except BadInput as problem:
                refusal = problem
            if refusal is None:
                assert tracker.record([each]).recorded == record.position - before
            else:
                with pytest.raises(type(refusal)) as told:
                    tracker.record([each])
                assert told.value.message == refusal.message
        kept = rows(one)
        other.rebuild()
        assert rows(one) == kept


def test_what_a_write_that_failed_has_left_is_not_believed(tmp_path):
    """Not even where others have written just as much meanwhile."""
    setting = [draft("platform-declared", id=PLATFORM), draft("service-declared", id="aws")]
    at = "2021-01-10T12:00Z"
    ghost, other = (draft("service-down", id=id, service="aws", at=at) for id in ("ghost", "other"))
    path = str(tmp_path / "a.db")
    with tracking.Tracker(path) as one, tracking.Tracker(path) as two:
        one.record(setting)
        with suppress(KeyboardInterrupt), one._writing() as writing:
            assert one._record(writing, [ghost]).recorded == 1
            raise KeyboardInterrupt
        two.record([other])
        with pytest.raises(BadInput, match="nothing recorded before it"):
            one.record([draft("service-restored", id="up", ends=["ghost"], at=at)])
        assert one.record([draft("service-restored", id="up", ends=["other"], at=at)]).recorded
