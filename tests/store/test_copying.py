"""Copying a log whose store an earlier version made: it kept no tree, nor whose words it lacks."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from pathlib import Path

import pytest
from cli.door import complaint, run
from store.copies import broken_off
from store.spoilt import earlier, opened, verified

from postmortem.store import backends, copying
from postmortem.testing.ledgers import SETTING, Clock, down
from postmortem.tracker import Tracker

BOOK = [*SETTING, down("a", note="not for the public"), down("b", note="nor this")]


@pytest.fixture(params=["file", "server"])
def target(request, tmp_path) -> str:
    """Where to: a file, or a schema of a server."""
    if request.param == "file":
        return str(tmp_path / "target.db")
    schema = "c" + hashlib.sha256(str(tmp_path).encode()).hexdigest()[:16]
    return request.getfixturevalue("postgres").url(schema)


@pytest.fixture
def whole(tmp_path) -> Path:
    """A store with all its words."""
    with Tracker(str(tmp_path / "whole.db"), clock=Clock(), by="somebody") as tracker:
        tracker.record(BOOK)
    return tmp_path / "whole.db"


@pytest.fixture(params=["whole", "public"])
def old(request, whole, tmp_path) -> Path:
    """The store of an earlier version; of it, or of the same log as it was published, without."""
    if request.param == "public":
        log, public = tmp_path / "public.jsonl", tmp_path / "public.db"
        assert run("--db", whole, "export", "--audience", "public", "-o", log).status == 0
        assert run("--db", public, "import", "--keep-recorded", log).status == 0
        whole = public
    return earlier(whole, tmp_path / "old.db")


def assert_the_same(target: str, old: Path) -> None:
    """The log is the old one to the byte; and the copy has what the old one had not."""
    found = run("--db", target, "verify", "--json")
    assert found.status == 0, found.out
    assert found.json["tree"] == "kept"
    assert found.json["root"] == run("--db", old, "verify", "--json").json["root"]
    assert run("--db", target, "export").out == run("--db", old, "export").out
    with contextlib.closing(copying._source(target)) as copied:
        lacking = copied.absent(0, len(BOOK))
    brought_up = shutil.copyfile(old, old.with_name("brought-up.db"))
    with (
        contextlib.closing(backends.open_ledger(str(brought_up), Clock())) as ledger,
        ledger.writing(),
    ):
        pass
    with opened(brought_up) as connection:
        rows = connection.execute(
            "SELECT digest, position FROM words_absent ORDER BY position, digest"
        ).fetchall()
    assert lacking == rows  # as if the old one had been written to


def test_it_is_copied_and_has_a_tree_then(old, target):
    before = old.read_bytes()
    ran = run("copy", old, target, "--json")
    assert ran.status == 0, ran.err
    assert ran.json["events"] == len(BOOK)
    assert old.read_bytes() == before  # copying it writes nothing there
    assert not verified(old).keeps_tree
    assert_the_same(target, old)


@pytest.mark.parametrize("place_of_break", [1, 4])
def test_it_is_gone_on_with_where_it_broke_off(old, target, place_of_break):
    broken_off(old, target, place_of_break)
    ran = run("copy", old, target, "--json")  # in other batches than those before
    assert ran.status == 0, ran.err
    assert ran.json["resumed"] == place_of_break
    assert_the_same(target, old)


def test_somebody_may_bring_it_up_while_it_is_copied(old, target, monkeypatch):
    """By recording there: the copy then ends before that, and says so."""
    compare = copying._compare

    def recorded_meanwhile(here, there, upto, progress):
        with Tracker(str(old)) as tracker:
            tracker.record([down("later")])
        return compare(here, there, upto, progress)

    monkeypatch.setattr(copying, "_compare", recorded_meanwhile)
    ran = run("copy", old, target, "--json")
    assert ran.status == 0, ran.err
    assert ran.json["recorded_meanwhile"] == 1
    assert run("--db", target, "verify").status == 0
    assert verified(old).keeps_tree


def test_one_that_is_damaged_is_not_copied(whole, target, tmp_path):
    old = earlier(whole, tmp_path / "old.db")
    with opened(old) as connection:
        connection.execute("DROP TRIGGER words_no_update")
        connection.execute("UPDATE disclosures SET value = '\"changed\"' WHERE position = 6")
    said = complaint(run("copy", old, target), 3)
    assert "at position 6 are not those that were recorded" in said
    if not backends.is_remote(target):
        assert not Path(target).exists()
