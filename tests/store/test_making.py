"""A store is made by its first write: whole, or there is none, whoever else writes meanwhile."""

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import pytest

from postmortem.core.errors import BadInput, OutcomeUnknown, StoreProblem
from postmortem.core.times import END, AsOf
from postmortem.store import atomic, making
from postmortem.store.backup import backup, refuse_left_over
from postmortem.store.promise import Overtaken
from postmortem.testing.ledgers import SETTING, down
from postmortem.testing.sentences import draft
from postmortem.tracker import Tracker

UNKNOWN = draft("service-down", id="a", service="nobody", at="2021-01-10T12:00Z")


def made(folder):
    """What lies there, but what SQLite leaves beside a database that was only read."""
    return [name for name in sorted(os.listdir(folder)) if not name.endswith(("-wal", "-shm"))]


def recorded(store):
    """The ids of the log, in order."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT event_id FROM stored_events ORDER BY position")
        return [id.split("/", 1)[1] for (id,) in rows]


def interrupted():
    yield SETTING[0]
    raise KeyboardInterrupt


FAILING = {
    "a refusal": (BadInput, lambda tracker: tracker.record([*SETTING, UNKNOWN])),
    "a file whose later line is broken": (
        BadInput,
        lambda tracker: tracker.import_file("a.jsonl", b'{"specversion": "1.0"}\n{'),
    ),
    "a log that is not whole": (BadInput, lambda tracker: tracker.copy_from("a.jsonl", b"{}\n")),
    "an interruption": (KeyboardInterrupt, lambda tracker: tracker.record(interrupted())),
}


@pytest.mark.parametrize("failing", FAILING)
def test_a_write_that_fails_leaves_nothing_behind(tmp_path, failing):
    error, write = FAILING[failing]
    with Tracker(str(tmp_path / "new.db")) as tracker:
        with pytest.raises(error):
            write(tracker)
        assert os.listdir(tmp_path) == []
        assert tracker.record(SETTING).recorded == len(SETTING)
        assert tracker.record([down("a")]).recorded == 1
    assert made(tmp_path) == ["new.db"]


def test_what_is_only_rehearsed_makes_no_store(tmp_path):
    with Tracker(str(tmp_path / "new.db")) as tracker:
        receipt, before, after = tracker.rehearse([*SETTING, down("a")], "parler")
    assert receipt.recorded == len(SETTING) + 1
    assert not before.by_service
    assert list(after.by_service) == ["aws"]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("drafts", [(), SETTING])
def test_a_write_that_succeeds_makes_it(tmp_path, drafts):
    store = tmp_path / "new.db"
    with Tracker(str(store)) as tracker:
        tracker.record(drafts)
        assert tracker.view.position == len(drafts)
    assert store.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert made(tmp_path) == ["new.db"]


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_there_before_stays(tmp_path, fails):
    """An empty file, a store without events: whoever made them has not asked us to delete them."""
    for name, make in (
        ("empty", lambda path: path.touch()),
        ("store", lambda path: Tracker(str(path)).record(())),
    ):
        path = tmp_path / name
        make(path)
        inode = path.stat().st_ino
        with Tracker(str(path)) as tracker, suppress(BadInput):
            tracker.record([*SETTING, *([UNKNOWN] if fails else [])])
        assert path.stat().st_ino == inode
        assert len(recorded(path)) == (0 if fails else len(SETTING))


class Meanwhile:
    """Drafts, after the first of which somebody else does something."""

    def __init__(self, drafts, act):
        self.drafts = drafts
        self.act = act
        self.times = 0

    def __len__(self):
        return len(self.drafts)

    def __iter__(self):
        for number, each in enumerate(self.drafts):
            if number == 1:
                self.times += 1
                self.act()
            yield each


def test_who_comes_second_decides_anew_in_the_store_of_the_first(tmp_path):
    store = str(tmp_path / "new.db")

    def other():
        if not os.path.exists(store):
            with Tracker(store) as tracker:
                tracker.record([*SETTING, down("first")])

    drafts = Meanwhile([*SETTING, down("second")], other)
    with Tracker(store) as tracker:
        receipt = tracker._written(drafts)
        assert drafts.times == 2
        assert (receipt.recorded, receipt.skipped) == (1, len(SETTING))
        assert tracker.picture("parler", AsOf(END)).by_service.keys() == {"aws"}
    assert recorded(store)[-2:] == ["first", "second"]
    assert made(tmp_path) == ["new.db"]


def test_who_fails_takes_nothing_away_from_who_does_not(tmp_path):
    store = str(tmp_path / "new.db")
    with Tracker(store) as other:
        drafts = Meanwhile([SETTING[0], UNKNOWN], lambda: other.record([*SETTING, down("a")]))
        with Tracker(store) as tracker, pytest.raises(BadInput, match="nobody"):
            tracker._written(drafts)
        assert other.record([down("later")]).recorded == 1
    assert len(recorded(store)) == len(SETTING) + 2
    assert made(tmp_path) == ["new.db"]


def test_a_copy_into_a_store_that_somebody_makes_meanwhile_is_refused(tmp_path, monkeypatch):
    with Tracker(str(tmp_path / "one.db")) as tracker:
        tracker.record(SETTING)
        log = "".join(f"{line}\n" for line in tracker.export()).encode()
    store = str(tmp_path / "new.db")

    def in_the_way(part, path, put=making._put):
        monkeypatch.undo()
        with Tracker(store) as other:
            other.record([*SETTING, down("first")])
        put(part, path)

    monkeypatch.setattr(making, "_put", in_the_way)
    with Tracker(store) as tracker:
        with pytest.raises(Overtaken, match="made by somebody else meanwhile"):
            tracker.copy_from("log.jsonl", log)
        with pytest.raises(BadInput, match="holds events already"):
            tracker.copy_from("log.jsonl", log)
    assert recorded(store)[-1] == "first"


WRITER = """
import sys
from postmortem.core.errors import BadInput
from postmortem.testing.ledgers import SETTING, down
from postmortem.testing.sentences import draft
from postmortem.tracker import Tracker
store, name = sys.argv[1:]
input()
for number in range(5):
    with Tracker(store) as tracker:
        try:  # every other write is refused
            tracker.record([*SETTING, down(f"{name}-{number}"), down("x", note=name + str(number))])
        except BadInput:
            tracker.record([*SETTING, down(f"{name}-{number}")])
    print(f"{name}-{number}", flush=True)
"""


def test_many_begin_at_once_and_each_finds_what_it_was_told_is_recorded(tmp_path):
    for round in range(3):
        folder = tmp_path / str(round)
        folder.mkdir()
        store = str(folder / "new.db")
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, store, f"w{number}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for number in range(4)
        ]  # fmt: skip
        for writer in writers:
            writer.stdin.write("\n")
            writer.stdin.flush()
        told = [id for writer in writers for id in writer.communicate(timeout=120)[0].split()]
        assert len(told) == 20
        found = recorded(store)
        assert {*told} <= {*found}
        assert len(found) == len(set(found)) == len(SETTING) + 21
        assert made(folder) == ["new.db"]


def test_who_is_killed_leaves_no_store(tmp_path):
    store = str(tmp_path / "new.db")
    code = (
        "import os, signal, sys\nfrom postmortem.testing.ledgers import SETTING\n"
        "from postmortem.tracker import Tracker\n"
        "def drafts():\n"
        "    yield from SETTING\n"
        f"    os.kill(os.getpid(), {int(signal.SIGKILL)})\n"
        "Tracker(sys.argv[1])._written(type('D', (), "
        "{'__iter__': lambda self: drafts(), '__len__': lambda self: 9})())\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, store], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not os.path.lexists(store)
    left = os.listdir(tmp_path)
    assert left
    assert all(name.startswith(".unfinished-") for name in left)
    with Tracker(store) as tracker:
        assert tracker.record(SETTING).recorded == len(SETTING)
    assert sorted(os.listdir(tmp_path)) == sorted([*left, "new.db"])


def test_where_a_file_has_one_name_only_the_store_is_made_in_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refused)
    with Tracker(str(tmp_path / "new.db")) as tracker:
        with pytest.raises(BadInput):
            tracker.record([*SETTING, UNKNOWN])
        assert os.listdir(tmp_path)
        assert tracker.record(SETTING).recorded == len(SETTING)
    assert made(tmp_path) == ["new.db"]


def refused(*_):
    raise OSError(errno.EPERM, "Operation not permitted")


def failing(*_):
    raise OSError(errno.EIO, "Input/output error")


def test_when_the_disk_fails_once_it_is_there_nobody_knows_whether_it_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "settle", failing)
    with (
        Tracker(str(tmp_path / "new.db")) as tracker,
        pytest.raises(OutcomeUnknown, match=r"new\.db was made.*Input/output error"),
    ):
        tracker.record(SETTING)
    assert made(tmp_path) == ["new.db"]


def test_when_the_disk_fails_before_nothing_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", failing)
    with Tracker(str(tmp_path / "new.db")) as tracker, pytest.raises(StoreProblem) as refused:
        tracker.record(SETTING)
    assert str(tmp_path / "new.db") in refused.value.message
    assert os.listdir(tmp_path) == []


@pytest.fixture
def left_over(tmp_path):
    """The journal of a store that was taken away from beside it, and the store."""
    store, kept = tmp_path / "s.db", tmp_path / "kept"
    with Tracker(str(store)) as tracker:
        tracker.record(SETTING)
        with closing(sqlite3.connect(store)) as holding:  # else the last one to close takes it away
            holding.execute("SELECT count(*) FROM about").fetchone()
            tracker.record([down("a")])
            journal = (tmp_path / "s.db-wal").read_bytes()
            assert journal
            tracker.close()
            shutil.copy(store, kept)
    for name in ("s.db", "s.db-wal", "s.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "s.db-wal").write_bytes(journal)
    return store, kept


def test_no_store_is_made_beside_the_journal_of_another(left_over, tmp_path):
    """It would be read into the new one; and it may be all that is left of a record."""
    store, kept = left_over
    journal = (tmp_path / "s.db-wal").read_bytes()
    with Tracker(str(store)) as tracker, pytest.raises(StoreProblem, match="is left of a store"):
        tracker.record(SETTING)
    with pytest.raises(StoreProblem, match="is left of a store"):
        backup(str(kept), str(store))
    assert made(tmp_path) == ["kept"]
    assert (tmp_path / "s.db-wal").read_bytes() == journal
    shutil.copy(kept, store)  # as it says
    with Tracker(str(store)) as tracker:
        assert not tracker.verify().failures
    assert recorded(store)[-1] == "a"


def test_an_empty_journal_is_in_nobodys_way(tmp_path):
    (tmp_path / "s.db-wal").touch()
    with Tracker(str(tmp_path / "s.db")) as tracker:
        tracker.record(SETTING)
        assert not tracker.verify().failures


def test_nor_where_it_would_be_made_in_its_place(left_over, tmp_path, monkeypatch):
    """SQLite would take the journal away, and what it holds with it."""
    store, _ = left_over
    journal = (tmp_path / "s.db-wal").read_bytes()
    monkeypatch.setattr(os, "link", refused)
    with Tracker(str(store)) as tracker, pytest.raises(StoreProblem, match="is left of a store"):
        tracker.record(SETTING)
    assert (tmp_path / "s.db-wal").read_bytes() == journal


def test_the_journal_of_a_store_that_is_there_is_not_left_over(tmp_path):
    store = tmp_path / "s.db"
    with Tracker(str(store)) as tracker:
        tracker.record(SETTING)
        tracker.record([down("a")])
        assert (tmp_path / "s.db-wal").stat().st_size
        refuse_left_over(str(store))
