"""Random histories, told to a file and to a server: the same is recorded, and answered alike."""

from __future__ import annotations

import itertools
import json
import re
from contextlib import ExitStack

import pytest
from cli.door import run
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from postmortem.core.errors import BadInput
from postmortem.core.times import END, format_instant
from postmortem.store import ledger
from postmortem.testing import PLATFORM, SECOND, MemoryRecord, histories, questions
from postmortem.testing.ledgers import Clock
from postmortem.tracker import Tracker

NUMBERS = itertools.count()
# salts are random, and with them the digests of people's words
CHANCE = re.compile(r'"(sd|salt)":"[^"]*"')


@pytest.fixture(scope="module")
def places(postgres, tmp_path_factory):
    """Makes two places, on either backend, of stores that are not there yet."""
    folder = tmp_path_factory.mktemp("both")
    with pytest.MonkeyPatch.context() as patch:
        # that a write to a file is durable is told by test_ledger
        patch.setattr(ledger, "PRAGMAS", (*ledger.PRAGMAS, "synchronous=OFF"))
        yield lambda: (str(folder / f"{(n := next(NUMBERS))}.db"), postgres.url(f"both_{n}"))


# explaining a failure would take minutes
@settings(max_examples=20, phases=set(Phase) - {Phase.explain})
@given(histories(least=6), st.lists(st.integers(1, 4), min_size=1, max_size=5), st.data())
def test_a_history_is_the_same_wherever_it_is_told(places, drafts, sizes, data):
    record = MemoryRecord(PLATFORM)
    stores = places()
    clocks = [Clock(), Clock()]
    with ExitStack() as stack:
        trackers = [
            stack.enter_context(Tracker(place, clock=clock, by="somebody"))
            for place, clock in zip(stores, clocks, strict=True)
        ]
        pending, groups = iter(drafts), itertools.cycle(sizes)
        while group := list(itertools.islice(pending, next(groups))):
            for clock in clocks:
                clock.now += SECOND
            # what is refused takes its whole group with it, on either
            told = [outcome(tracker, group) for tracker in trackers]
            assert told[0] == told[1]
            if told[0][0] == "recorded":
                for each in group:
                    record.try_to_record(each, clocks[0].now)
    exports = [run("--db", place, "export").out for place in stores]
    assert CHANCE.sub("", exports[0]) == CHANCE.sub("", exports[1])
    assert exports[0].count("\n") == record.position
    if not record.position:
        return
    asked = "".join(
        json.dumps({key: written(getattr(as_of, name)) for key, name in CLOCKS}) + "\n"
        for as_of in (data.draw(questions(record)) for _ in range(6))
    )
    answers = [run("--db", place, "state", "--batch", "-", stdin=asked) for place in stores]
    assert answers[0] == answers[1]
    assert answers[0].status == 0, answers[0].err


CLOCKS = (("at", "valid"), ("known_at", "known"), ("recorded_at", "recorded"))


def written(instant):
    return None if instant == END else format_instant(instant)


def outcome(tracker, drafts):
    """What came of telling it: how much was new, or why it was refused."""
    try:
        receipt = tracker.record(drafts)
    except BadInput as refused:
        return ("refused", refused.message, refused.hint)
    return ("recorded", receipt.recorded, receipt.skipped)
