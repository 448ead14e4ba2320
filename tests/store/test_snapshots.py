"""The folder of sources' bytes: each under its hash, whole or not at all, for its owner only."""

import hashlib
import os
import stat
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core.errors import StoreDamaged, StoreFull, StoreProblem
from postmortem.store import snapshots


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_bytes_are_kept_under_their_hash_and_once(tmp_path):
    store = str(tmp_path / "p.db")
    place = snapshots.keep(store, b"words")
    name = sha(b"words")
    assert place == tmp_path / "p.db.sources" / "sha256" / name[:2] / name[2:]
    before = place.stat()
    assert snapshots.keep(store, b"words") == place
    assert place.stat().st_ino == before.st_ino, "nothing is written anew"
    assert list(snapshots.all_kept(store)) == [place]
    assert snapshots.kept(store, name) == b"words"
    assert snapshots.is_kept(store, name)
    assert snapshots.kept(store, sha(b"others")) is None
    assert not snapshots.is_kept(store, sha(b"others"))


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_what_is_kept_is_read_again(tmp_path_factory, many):
    store = str(tmp_path_factory.mktemp("kept") / "p.db")
    for each in many:
        snapshots.keep(store, each)
    assert all(snapshots.kept(store, sha(each)) == each for each in many)
    assert len(list(snapshots.all_kept(store))) == len(set(many))


@pytest.mark.skipif(sys.platform == "win32", reason="other rules there")
def test_nobody_else_may_read_it(tmp_path):
    old = os.umask(0)
    try:
        place = snapshots.keep(str(tmp_path / "p.db"), b"words")
    finally:
        os.umask(old)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    for folder in (place.parent, place.parent.parent, place.parent.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_bytes_that_do_not_fit_their_name_are_damaged_and_can_be_kept_again(tmp_path):
    store = str(tmp_path / "p.db")
    place = snapshots.keep(store, b"words")
    place.write_bytes(b"other words")
    with pytest.raises(StoreDamaged, match="not those of its name"):
        snapshots.kept(store, sha(b"words"))
    snapshots.keep(store, b"words")
    assert snapshots.kept(store, sha(b"words")) == b"words"


def test_where_writing_fails_nothing_is_left(tmp_path, monkeypatch):
    store = str(tmp_path / "p.db")

    def no_room(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(StoreFull, match="no room left"):
        snapshots.keep(store, b"words")
    assert everything(tmp_path / "p.db.sources") == ["sha256", f"sha256/{sha(b'words')[:2]}"]


def test_where_a_file_stands_in_the_way_that_is_said(tmp_path):
    (tmp_path / "p.db.sources").write_text("in the way")
    with pytest.raises(StoreProblem, match="cannot be kept"):
        snapshots.keep(str(tmp_path / "p.db"), b"words")
    assert snapshots.kept(str(tmp_path / "p.db"), sha(b"words")) is None
