"""What must hold after every fault: what was acknowledged is there once, and views are right."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from unittest import mock

from faults.hive import Hive

from postmortem.store import backends, readmodel
from postmortem.store.backends import Address
from postmortem.store.follower import Follower
from postmortem.store.opening import open_read_only
from postmortem.tracker import Tracker


def stored(place: str) -> list[dict[str, object]]:
    """Every envelope of the log, straight from where it is kept."""
    if backends.is_remote(place):
        from postmortem.store.server import connect

        with closing(connect(Address.read(place))) as server:
            rows = server.execute("SELECT state FROM stored_events ORDER BY position").fetchall()
    else:
        with closing(open_read_only(place)) as connection:
            rows = connection.execute(
                "SELECT state FROM stored_events ORDER BY position"
            ).fetchall()
    return [json.loads(bytes(state)) for (state,) in rows]


def check_log(place: str) -> list[str]:
    """The log's own order holds; the ids in it, without what was declared first."""
    log = stored(place)
    assert [event["position"] for event in log] == list(range(1, len(log) + 1)), "dense"
    moments = [event["recorded_at"] for event in log]
    assert [*map(_sortable, moments)] == sorted(map(_sortable, moments)), "never back in time"
    versions: Counter[object] = Counter()
    for event in log:
        versions[event["stream"]] += 1
        assert event["version"] == versions[event["stream"]], "versions of a stream are dense"
    ids = [str(event["id"]) for event in log]
    assert len(set(ids)) == len(ids), "none is there twice"
    return [id for id in ids if ":" not in id]


def _sortable(moment: object) -> str:
    text = str(moment).removesuffix("Z")
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:<06}"


def check_views(place: str, caches: list[Path]) -> None:
    """Every host's view is what a rebuild makes of the log."""
    if not backends.is_remote(place):
        with closing(sqlite3.connect(place)) as connection:
            if not connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = 'view_state'"
            ).fetchone()[0]:
                assert not stored(place), "log and view are written together"
                return
            before = readmodel.rows(connection)
        with Tracker(place) as tracker:
            tracker.rebuild()
        with closing(sqlite3.connect(place)) as connection:
            assert readmodel.rows(connection) == before
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return
    with Follower(Address.read(place)) as follower:
        anew = content(follower.rebuilt().file)
    for cache in caches:
        host = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(cache)})
        with host, Follower(Address.read(place)) as follower:
            assert content(follower.file()) == anew, cache.name


def content(file: str) -> dict[str, list[tuple[object, ...]]]:
    """All that a view file holds, but where it is from."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = readmodel.rows(connection)
        for table in ("stored_events", "disclosures"):
            rows[table] = sorted(connection.execute(f"SELECT * FROM {table}").fetchall())
        return rows


def check(hive: Hive) -> str:
    """All of it; a summary of what was met."""
    assert not hive.wrong, hive.wrong
    ids = check_log(hive.place)
    lost = set(hive.acknowledged) - set(ids)
    assert not lost, f"acknowledged and lost: {sorted(lost)}"
    doubled = [id for id, count in Counter(hive.acknowledged).items() if count > 1]
    assert not doubled
    # a transaction is there whole or not at all
    threes = Counter(id[:-1] for id in ids if id[-1] in "abc")
    assert set(threes.values()) <= {3}
    caches = []
    with suppress(FileNotFoundError):
        caches = [each for each in sorted(hive.caches.iterdir()) if each.is_dir()]
    check_views(hive.place, caches)
    return hive.summary(stored=len(ids), lost=len(lost), doubled=len(doubled))
