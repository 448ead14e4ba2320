"""The tree beside the log: it grows with every write, in the same transaction, and never back."""

from __future__ import annotations

import itertools
import sqlite3

import pytest
from store.spoilt import changed, earlier, founded, opened, verified

from postmortem.core import reading, tree
from postmortem.core.decide import Draft
from postmortem.core.errors import BadInput, StoreDamaged
from postmortem.core.events import CATALOGUE
from postmortem.store import tree as stored_tree
from postmortem.store.tree_bench import costs
from postmortem.tracker import Tracker


def draft(type, **keys):
    return Draft("p", reading.entry(CATALOGUE[type], keys, zone="UTC"))


def note(number):
    return draft("note", id=f"n{number}", at="2021-01-01", text=f"words {number}")


@pytest.fixture
def store(tmp_path):
    with Tracker(str(tmp_path / "s.db")) as tracker:
        tracker.record([draft("platform-declared", id="p"), note(1)])
    return tmp_path / "s.db"


def nodes(store):
    with opened(store) as connection:
        return connection.execute("SELECT number, hash FROM tree_nodes ORDER BY number").fetchall()


def test_one_write_or_many_give_the_same_tree(store):
    with Tracker(str(store)) as tracker:
        tracker.record([note(2), note(3), note(4)])
        tracker.record([note(5)])
    with opened(store) as connection:
        edge = tree.Edge()
        for (state,) in connection.execute("SELECT state FROM stored_events ORDER BY position"):
            edge.append(tree.leaf(state))
        assert stored_tree.root_at(connection, edge.size) == edge.root()
    assert [number for number, _ in nodes(store)] == list(range(1, tree.count(6) + 1))
    assert not verified(store).failures


def test_what_is_not_recorded_leaves_no_node(store):
    before = nodes(store)
    with Tracker(str(store)) as tracker:
        with pytest.raises(BadInput):
            tracker.record([note(2), draft("service-down", id="d", service="none", at="2021")])
        tracker.rehearse([note(2)], "p")
    assert nodes(store) == before


def test_rebuilding_the_view_leaves_it_alone(store):
    before = nodes(store)
    with Tracker(str(store)) as tracker:
        tracker.rebuild()
    assert nodes(store) == before


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE tree_nodes SET hash = zeroblob(32)",
        "DELETE FROM tree_nodes",
        "INSERT INTO tree_nodes VALUES (9, zeroblob(32))",
        "INSERT OR REPLACE INTO tree_nodes VALUES (1, zeroblob(32))",
        "INSERT INTO tree_nodes VALUES (4, zeroblob(31))",
    ],
)
def test_the_nodes_are_append_only(attack, store):
    with opened(store) as connection:
        connection.execute("PRAGMA ignore_check_constraints=OFF")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(attack)


def test_the_store_of_an_earlier_version_is_read_and_gets_its_tree_with_the_next_write(tmp_path):
    store = founded(tmp_path)
    old = earlier(store, tmp_path / "old.db")
    before = old.read_bytes()
    found = verified(old)
    assert not found.failures
    assert not found.keeps_tree
    assert found.root == verified(store).root
    assert old.read_bytes() == before  # asking for it writes nothing
    with opened(old) as connection:
        assert stored_tree.root_at(connection, found.size) == found.root
    late = draft("note", id="late", at="2021-02-01", text="one more")
    with Tracker(str(old)) as tracker:
        tracker.record([Draft("parler", late.entry)])
    grown = verified(old, found.size)
    assert not grown.failures
    assert grown.keeps_tree
    assert grown.roots[found.size] == found.root
    assert nodes(old)[: tree.count(found.size)] == nodes(store)


def test_nothing_is_recorded_over_a_tree_that_is_damaged(store, tmp_path):
    spoilt = changed(store, tmp_path / "t.db", "DELETE FROM tree_nodes WHERE number = 3")
    with Tracker(str(spoilt)) as tracker, pytest.raises(StoreDamaged, match="lacks"):
        tracker.record([note(2)])


def test_recording_an_event_costs_as_many_hashes_in_a_long_log_as_in_a_short_one(
    store, monkeypatch
):
    """One for its leaf, and less than one for what it completes: counted, never timed."""
    counted = {"leaf": 0, "node": 0}
    for name in counted:
        real = getattr(tree, name)

        def counting(*data, name=name, real=real):
            counted[name] += 1
            return real(*data)

        monkeypatch.setattr(tree, name, counting)
    with Tracker(str(store)) as tracker:
        for number in range(2, 130):
            tracker.record([note(number)])
    assert counted["leaf"] == 128
    assert counted["node"] == (130 - (130).bit_count()) - (2 - (2).bit_count())


def test_the_benchmark_names_what_it_measured(store):
    ticks = itertools.count()
    found = costs(str(store), lambda: float(next(ticks)))
    assert [each.seconds for each in found] == [1.0] * 4
    assert {each.events for each in found} == {2}
    assert found[0].microseconds == 500_000
