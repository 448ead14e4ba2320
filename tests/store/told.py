"""Stores that are told random histories, and what their views hold."""

from __future__ import annotations

import itertools
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from postmortem.store import ledger, readmodel
from postmortem.testing import DAWN, PLATFORM, SECOND
from postmortem.testing.ledgers import Clock
from postmortem.tracker import Tracker


@pytest.fixture(autouse=True, scope="module")
def no_waiting_for_the_disk():
    """That a write is durable is told by test_ledger; here are thousands of writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "PRAGMAS", (*ledger.PRAGMAS, "synchronous=OFF"))
        yield


@contextmanager
def stores(number=1):
    """Trackers of stores that are empty, each with a clock that stands at DAWN."""
    with tempfile.TemporaryDirectory() as folder:
        trackers = [
            Tracker(str(Path(folder) / f"{n}.db"), clock=Clock(), by="somebody")
            for n in range(number)
        ]
        try:
            yield trackers[0] if number == 1 else trackers
        finally:
            for tracker in trackers:
                tracker.close()


def transactions(drafts, sizes):
    """The drafts in groups of about those sizes."""
    pending = iter(drafts)
    while group := list(itertools.islice(pending, next(sizes))):
        yield group


def tell(tracker, record, drafts, sizes=(3, 1, 2)):
    """Tell both the same: what is refused is left out, and a group is one transaction."""
    for group in transactions(drafts, itertools.cycle(sizes)):
        tracker._clock.now = now = max(tracker._clock.now, DAWN) + SECOND
        taken = [each for each in group if record.try_to_record(each, now)]
        assert tracker.record(taken).recorded == len(taken)


def view_of(tracker, as_of, platform=PLATFORM):
    with tracker.view.snapshot():
        return tracker.view.situation(platform, as_of)


def rows(tracker):
    return readmodel.rows(tracker.view.connection)
