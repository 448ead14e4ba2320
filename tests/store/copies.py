"""Copies that break off."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.door import run

from postmortem.store import backends, copying, copying_files, copying_servers


def broken_off(source: str | Path, target: str, after: int) -> None:
    """Copy one event after the other, and break off once there are so many."""
    ends = (
        copying_servers.PostgresTarget if backends.is_remote(target) else copying_files.SQLiteTarget
    )
    take, count = ends.take, []

    def breaks(self, *rows):
        take(self, *rows)
        count.append(rows)
        if len(count) == after:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copying, "BATCH", 1)
        patch.setattr(ends, "take", breaks)
        assert run("copy", source, target).status == 130
