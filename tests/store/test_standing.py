"""What a look-up answers is what the fold over the whole log answers, and its price stays."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.bench.ground import Ground
from postmortem.bench.history import BEGIN, FINISH, services
from postmortem.bench.history import PLATFORM as MADE
from postmortem.cli.demo import founding_casebook
from postmortem.core import measures
from postmortem.core import stretches as plain
from postmortem.core.effects import Effect, Entry
from postmortem.core.lengths import DAY, HOUR
from postmortem.core.state import Picture
from postmortem.core.stretches import NOTHING
from postmortem.core.times import END, AsOf, parse_stored
from postmortem.store import effects, ledger, standing, stretches
from postmortem.store.standing import level
from postmortem.testing import DAWN, PLATFORM, SECOND, MemoryRecord, histories, questions
from postmortem.testing.ledgers import Clock
from postmortem.testing.sentences import draft
from postmortem.tracker import Tracker

some = settings(max_examples=60)


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "PRAGMAS", (*ledger.PRAGMAS, "synchronous=OFF"))
        yield


def told(folder, drafts):
    """The same history in a store and in memory."""
    tracker, record = Tracker(str(Path(folder) / "s.db"), clock=Clock()), MemoryRecord(PLATFORM)
    pending, sizes = iter(drafts), itertools.cycle((3, 1, 2))
    while group := list(itertools.islice(pending, next(sizes))):
        tracker._clock.now = now = max(tracker._clock.now, DAWN) + SECOND
        tracker.record([each for each in group if record.try_to_record(each, now)])
    return tracker, record


def same(tracker, record, as_of):
    """Every way to ask gives what the fold gives."""
    picture = Picture(record.situation(as_of))
    with tracker.standing(PLATFORM, as_of) as found:
        assert found.state(as_of) == picture.state(as_of)
        assert found.since(as_of.valid) == measures.since(picture, as_of.valid)
        for service in picture.situation.services:
            bounds = picture.service(service, as_of.valid).bounds
            assert found.level(service, as_of.valid) == bounds
            assert level(tracker.view, PLATFORM, service, as_of) == bounds
            assert found.is_silent(service) == (service not in picture.by_service)


@some
@given(histories(most=25, plain=True), st.data())
def test_a_look_up_is_the_fold_at_every_t_k_and_r(drafts, data):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        # how far is read back at first, that something begins before it and ends after
        patch.setattr(standing, "_FIRST_WIDTH", data.draw(st.sampled_from((1, HOUR, DAY))))
        tracker, record = told(folder, drafts)
        with tracker:
            for _ in range(10):
                same(tracker, record, data.draw(questions(record)))


@some
@given(histories(most=25, plain=True), st.data())
def test_where_stretches_do_not_tell_their_entries_too(drafts, data):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(stretches, "MOST_ENTRIES", data.draw(st.integers(0, 1)))
        tracker, record = told(folder, drafts)
        with tracker:
            for _ in range(6):
                same(tracker, record, data.draw(questions(record)))


@some
@given(histories(most=25, plain=True), st.sampled_from((0, 1, 8)))
def test_the_stretches_that_grew_are_those_cut_at_once(drafts, most):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(stretches, "MOST_ENTRIES", most)
        patch.setattr(effects, "_DEARER", 0)  # nothing is cut anew that can be changed
        tracker, _ = told(folder, drafts)
        with tracker:
            ask = tracker.view.connection.execute
            for (key,) in ask("SELECT key FROM view_service").fetchall():
                found = [
                    Effect("", *row[:4], Entry(*row[4:7], *map(bool, row[7:])))
                    for row in ask(
                        "SELECT time_from, time_to, known_from, known_to, id, worst, best, "
                        "noticed, contested FROM view_effect WHERE service = ? ORDER BY time_from",
                        (key,),
                    )
                ]
                rows = ask(
                    "SELECT time_from, settled, at_once FROM view_stretch WHERE service = ? "
                    "ORDER BY time_from",
                    (key,),
                )
                assert ([*map(stretches.stretch_from, rows)] or [NOTHING]) == [
                    *plain.cut(found, most=most)
                ]


# --- what it costs --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    ground = Ground(str(folder), [400, 2400])
    found = []
    for size in ground.sizes:
        path = str(folder / f"{size}.db")
        ground.fill(path, size, services=4)
        with Tracker(path) as tracker:
            tracker.rebuild()
        found.append(path)
    return found


def steps(view, work):
    counted = 0

    def step():
        nonlocal counted
        counted += 1
        return 0

    view.connection.set_progress_handler(step, 1)
    try:
        work()
    finally:
        view.connection.set_progress_handler(None, 1)
    return counted


GRID = [
    AsOf(at, known=known)
    for at in range(BEGIN, FINISH, (FINISH - BEGIN) // 6)
    for known in (END, *range(BEGIN, FINISH, (FINISH - BEGIN) // 6))
]


def test_before_anything_was_recorded_there_was_no_service(stores):
    with Tracker(stores[0]) as tracker, pytest.raises(KeyError):
        level(tracker.view, MADE, services(4)[0], AsOf(FINISH, recorded=0))


def test_a_level_costs_the_same_in_a_short_log_and_in_a_long_one(stores):
    worst = []
    for path in stores:
        with Tracker(path) as tracker:
            view = tracker.view
            worst.append(
                max(
                    steps(view, lambda: level(view, MADE, service, as_of))  # noqa: B023
                    for service in services(4)
                    for as_of in GRID
                )
            )
    # in the long one effects are of more lengths, and more are open at once
    assert worst[1] < 3 * worst[0]


@pytest.mark.parametrize("recorded", [END, (BEGIN + FINISH) // 2], ids=["now", "past"])
@pytest.mark.parametrize("question", ["state", "since", "level", "silent"])
def test_a_question_costs_the_same_in_a_short_log_and_in_a_long_one(stores, question, recorded):
    costs = []
    for path in stores:
        with Tracker(path) as tracker:
            view, as_of = tracker.view, AsOf((BEGIN + FINISH) // 2, recorded=recorded)

            def ask():
                with tracker.standing(MADE, as_of) as standing:  # noqa: B023
                    if question == "state":
                        standing.state(as_of)  # noqa: B023
                    elif question == "since":
                        standing.since(as_of.valid)  # noqa: B023
                    elif question == "silent":
                        assert not any(map(standing.is_silent, services(4)))
                for service in services(4) if question == "level" else ():
                    level(view, MADE, service, as_of)  # noqa: B023

            costs.append(steps(view, ask))
    # of what lies on one side of R, which is six times as much, a range of one index is read
    assert costs[1] < (2 if recorded == END else 4) * costs[0]


def test_since_when_it_was_so_at_an_earlier_r_is_not_read_from_the_whole_log(stores):
    with Tracker(stores[1]) as tracker:
        view, middle = tracker.view, (BEGIN + FINISH) // 2
        whole = steps(view, lambda: view.situation(MADE, AsOf(middle, recorded=middle)))
        for at in (middle, FINISH):  # long after R too: what came in between is no matter
            with tracker.standing(MADE, AsOf(at, recorded=middle)) as standing:
                assert steps(view, lambda: standing.since(at)) < whole / 2  # noqa: B023


def test_what_was_made_up_is_answered_as_the_fold_answers_it(stores):
    with Tracker(stores[0]) as tracker:
        for as_of in GRID[::5]:
            for recorded in (END, as_of.valid):
                asked = AsOf(as_of.valid, known=as_of.known, recorded=recorded)
                with tracker.standing(MADE, asked) as standing:
                    found = standing.state(asked)
                    picture = Picture(tracker.view.situation(MADE, asked))
                    assert found == picture.state(asked)
                    assert standing.since(as_of.valid) == measures.since(picture, as_of.valid)


def test_a_view_that_says_too_little_of_its_effects_is_found(tmp_path):
    """Some would not be looked for, and a service would be read as if they were not there."""
    store = tmp_path / "s.db"
    with Tracker(str(store)) as tracker:
        tracker.import_file("parler.yaml", founding_casebook().read_bytes())
    with Tracker(str(store)) as tracker:
        assert not tracker.verify().failures
    with closing(sqlite3.connect(store)) as connection, connection:
        changed = connection.execute("UPDATE view_state SET reaches = 0 WHERE reaches")
        assert changed.rowcount
    with Tracker(str(store)) as tracker:
        assert any("view_state" in each.message for each in tracker.verify().failures)


def test_what_may_be_unavailable_is_not_taken_for_what_certainly_was(tmp_path):
    """One ends when the other may begin; what became of that was learnt later than K."""
    drafts = [
        draft("platform-declared", id=PLATFORM),
        draft("service-declared", id="web"),
        draft("service-down", id="a", service="web", at="2021-01-10T10:00Z"),
        draft("service-restored", id="b", ends="a", at="2021-01-10T12:00Z"),
        draft("cutoff-announced", id="c", service="web", at="2021-01-09T00:00Z",
              effective_at="2021-01-10T12:00Z"),
    ]  # fmt: skip
    late = draft("service-cut-off", id="d", service="web", announcement="c", at="2021-01-10T13:00Z")
    tracker, record = told(tmp_path, drafts)
    with tracker:
        known = tracker._clock.now
        tracker._clock.now = now = known + SECOND
        assert record.try_to_record(late, now)
        tracker.record([late])
        at = parse_stored("2021-01-10T12:30:00Z")
        same(tracker, record, AsOf(at, known=known))
        with tracker.standing(PLATFORM, AsOf(at, known=known)) as found:
            assert found.since(at)["web"] == parse_stored("2021-01-10T12:00:00Z")
