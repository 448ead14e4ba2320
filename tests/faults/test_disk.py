"""The power is cut, the disk fails or is full: what was acknowledged is there, and nothing half."""

import random
import sqlite3
from contextlib import closing

import pytest
from faults.disk import FULL, IOERR_WRITE, Disk
from faults.sound import check_log, check_views

from postmortem.core.errors import OutcomeUnknown, StoreProblem
from postmortem.store import ledger
from postmortem.testing.ledgers import SETTING, down
from postmortem.testing.sentences import draft
from postmortem.tracker import Tracker


def told_one_by_one(store, count):
    """Ids, each acknowledged before the next is begun; some are corrections or several at once."""
    with Tracker(str(store), by="somebody") as tracker:
        tracker.record(SETTING)
        yield from ()
        for number in range(count):
            drafts = [down(f"e{number}", note=f"words {number} " * 40)]
            if number % 7 == 3:
                drafts.append(draft("retracted", id=f"r{number}", event=f"e{number}", reason="no"))
            tracker.record(drafts)
            yield [each.entry.id for each in drafts]


def cut_off(folder, events, cuts, dice):
    """Cut the power at so many moments: how many acknowledged ids were lost, and kept besides."""
    (folder / "disk").mkdir(parents=True)
    disk = Disk(folder / "disk")
    with disk.beneath():
        for ids in told_one_by_one(folder / "disk" / "store.db", events):
            disk.note(*ids)
    more = lost = 0
    for number in range(cuts):
        image = folder / f"image{number}"
        image.mkdir()
        cut = dice.randrange(len(disk.log) + 1)
        disk.image(cut, dice, image)
        acknowledged = {str(id) for what, *ids in disk.log[:cut] if what == "note" for id in ids}
        store = str(image / "store.db")
        if not acknowledged:
            continue  # nobody was told of anything; the store may not even be one yet
        try:
            found = set(check_log(store))
        except StoreProblem:
            found = set()  # it is no store at all
        lost += len(acknowledged - found)
        more += len(found - acknowledged)
        if found:
            check_views(store, [])
    return lost, more


def test_the_power_is_cut(tmp_path, rounds, told):
    seed = random.SystemRandom().randrange(2**32)
    cuts = rounds(short=20, long=400)
    lost, more = cut_off(tmp_path, rounds(short=40, long=400), cuts, random.Random(seed))
    assert not lost, f"seed {seed}"
    told(f"seed {seed}: {cuts} cuts, acknowledged and lost: {lost}, stored besides: {more}")


def test_a_weaker_setting_would_be_noticed(tmp_path, monkeypatch):
    """What keeps the promise is the setting, and what would break it is seen here."""
    monkeypatch.setattr(ledger, "PRAGMAS", (*ledger.PRAGMAS, "synchronous=NORMAL"))
    lost, _ = cut_off(tmp_path, 40, 20, random.Random(1))
    assert lost


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize(
    "failure", [IOERR_WRITE, FULL], ids=["writing and syncing fail", "it is full"]
)
def test_the_disk_fails(tmp_path, rounds, told, failure, for_good):
    """At every operation in turn; a part of them in the short form."""
    warm = tmp_path / "warm"
    warm.mkdir()
    counted = Disk(warm)
    with counted.beneath():
        [*_] = told_one_by_one(warm / "store.db", 6)
    count = counted.done
    said: dict[str, int] = {}
    tried = range(0, count, rounds(short=max(1, count // 8), long=1))
    for at in tried:
        folder = tmp_path / f"at{at}"
        folder.mkdir()
        disk = Disk(folder)
        disk.fail_at, disk.failure, disk.for_good = at, failure, for_good
        acknowledged: list[str] = []
        unknown = False
        with disk.beneath():
            try:
                for ids in told_one_by_one(folder / "store.db", 6):
                    acknowledged += ids
            except (OutcomeUnknown, StoreProblem) as problem:
                unknown = isinstance(problem, OutcomeUnknown)
                said[type(problem).__name__] = said.get(type(problem).__name__, 0) + 1
        # the disk works again: all that was acknowledged is there, and of the rest nothing,
        # unless somebody was told that nobody knows
        store = folder / "store.db"
        with closing(sqlite3.connect(store)) as connection:
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables:
            assert not acknowledged
            continue
        found = check_log(str(store))
        assert set(acknowledged) <= set(found), at
        assert for_good or not unknown, at  # where the disk works again, one can find out
        if not unknown:
            assert len(found) == len(acknowledged), at
        check_views(str(store), [])
        with Tracker(str(store)) as tracker:
            tracker.record([*SETTING, down("afterwards")])
    told(f"{len(tried)} operations failed: {said}")
