"""Clocks that are wrong, and step back: the order of recording stays, and so does what is known."""

import pytest
from faults.hive import Hive
from faults.sound import check, stored

from postmortem.core.times import parse_stored
from postmortem.testing.ledgers import SETTING, Clock, down
from postmortem.tracker import Tracker

DAY = 86_400_000_000


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_hosts_disagree_on_the_time(backend, tmp_path, rounds, told, request):
    """One is a day ahead, one a day behind, and they write in turns."""
    if backend == "sqlite":
        place = str(tmp_path / "store.db")
    else:
        place = request.getfixturevalue("postgres").url("clocks")
    with Hive(place, tmp_path) as hive:
        for name, skew in (("right", 0), ("ahead", DAY), ("behind", -DAY)):
            hive.write(name, skew)
        hive.more(rounds(short=30, long=1000))
        hive.stop()
        assert not hive.unknown
        assert not hive.problems
        told(check(hive))
    moments = [parse_stored(str(event["recorded_at"])) for event in stored(place)]
    # one moment for each transaction, in which there is one event, or three, or the first two
    assert len(set(moments)) < len(moments)
    assert moments == sorted(moments)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_clock_steps_back_between_two_writes(backend, tmp_path, request):
    if backend == "sqlite":
        place = str(tmp_path / "store.db")
    else:
        place = request.getfixturevalue("postgres").url("clock")
    clock = Clock()
    start = clock.now
    with Tracker(place, clock=clock) as tracker:
        tracker.record(SETTING)
        for number, step in enumerate((5, -3600, -365 * 86400, 10, 0)):
            clock.now += step * 1_000_000
            tracker.record([down(f"e{number}")])
    moments = [parse_stored(str(event["recorded_at"])) for event in stored(place)]
    assert moments == sorted(moments)
    # each transaction is later than the one before, and never by more than it must be
    assert moments[-5:] == [start + 5_000_000 + each for each in (0, 1, 2, 3, 4)]
