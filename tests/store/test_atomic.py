"""Files that are there whole or not at all."""

import os
import stat

import pytest

from postmortem.store import atomic


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failing):
    target = tmp_path / "document.md"
    target.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space"):
        atomic.replace(target, [b"new"])
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_permissions_stay_and_a_link_stays_one(tmp_path):
    target, link = tmp_path / "document.md", tmp_path / "link.md"
    atomic.replace(target, [b"first"])
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    target.chmod(0o640)
    link.symlink_to(target)
    atomic.replace(link, [b"second"])
    assert link.is_symlink()
    assert target.read_bytes() == b"second"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    atomic.replace(tmp_path / "kept", [b""], private=True)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600
