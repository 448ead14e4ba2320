"""A primary is lost under load and its standby promoted; a standby is lost; both come back."""

import os
import random
import sqlite3
import time
from contextlib import closing
from unittest import mock

import pytest
from cli.door import run
from faults.hive import Hive
from faults.sound import check, check_log, check_views, stored
from servers import Server

HEAD = "casebook: 1\nplatform: {id: p, zone: UTC}\nservices: {s: {}}\nevents:\n"


@pytest.fixture
def pair(rounds):
    """Makes a primary and its synchronous standby, as often as it is called.

    In the long form they write through to the disk; to be killed makes no difference to that.
    """
    made = []

    def make():
        made.append(Server.made("first", fsync=bool(rounds(short=0, long=1))))
        made.append(made[-1].replicate("second"))
        return made[-2], made[-1]

    yield make
    for server in reversed(made):
        server.gone()


def fail_over(pair, folder, dice, saves):
    primary, standby = pair()
    place = primary.url("record", standby, deadline="60")
    with Hive(place, folder) as hive:
        for number in range(4):
            hive.write(f"w{number}")
        hive.follow("tail")
        hive.more(saves)
        time.sleep(dice.uniform(0, 0.1))
        primary.kill()
        standby.execute("SELECT 1")
        standby.promote()
        hive.more(saves)
        hive.stop()
        return check(hive)


def test_the_primary_is_lost(pair, tmp_path, rounds, told):
    for number in range(rounds(short=1, long=10)):
        seed = random.SystemRandom().randrange(2**32)
        (tmp_path / str(number)).mkdir()
        dice = random.Random(seed)
        said = fail_over(pair, tmp_path / str(number), dice, rounds(short=20, long=400))
        told(f"seed {seed}: {said}")


def test_the_standby_is_lost_and_a_save_ends_as_unknown(pair, tmp_path, told):
    primary, standby = pair()
    place = primary.url("record", standby, deadline="2")
    book = tmp_path / "book.yaml"
    book.write_text(HEAD + "  - {id: a, type: service-down, service: s, at: 2024-01-01}\n")
    assert run("--db", place, "import", book).status == 0
    standby.kill()
    book.write_text(HEAD + "  - {id: b, type: service-down, service: s, at: 2024-01-02}\n")
    started = time.monotonic()
    ran = run("--db", place, "import", book)
    took = time.monotonic() - started
    assert ran.status == 4, ran.err
    assert "may be recorded, or may not" in ran.err
    assert "postmortem show b" in ran.err
    # nobody can be told that it is there, and nobody is
    assert run("--db", place, "show", "b").status == 2
    status = run("--db", place, "status", "--json").json
    assert status["server"]["waiting"] == 1
    assert any("wait for a synchronous standby" in remark for remark in status["remarks"])
    standby.start()
    primary.wait_for("second", "sync")
    while run("--db", place, "status", "--json").json["server"]["waiting"]:
        time.sleep(0.05)
    assert run("--db", place, "show", "b").status == 0
    again = run("--db", place, "import", book, "--json").json
    assert again == {"recorded": 0, "skipped": 3}
    assert [event["id"] for event in stored(place)].count("b") == 1
    told(f"exit status 4 after {took:.1f} s with a deadline of 2 s")


def test_a_standby_is_lost_under_load_and_comes_back(pair, tmp_path, rounds, told):
    primary, standby = pair()
    place = primary.url("record", standby, deadline="60")
    with Hive(place, tmp_path) as hive:
        for number in range(3):
            hive.write(f"w{number}")
        hive.more(rounds(short=10, long=300))
        standby.kill()
        time.sleep(0.5)  # nobody is told of anything meanwhile
        standby.start()
        hive.more(rounds(short=10, long=300))
        hive.stop()
        assert not hive.unknown
        told(check(hive))


def test_without_a_synchronous_standby_events_are_lost_and_it_is_noticed(pair, tmp_path, told):
    """What the other tests would see if the promise were not kept; and what people are told."""
    primary, standby = pair()
    primary.execute("ALTER SYSTEM RESET synchronous_standby_names")
    primary.execute("SELECT pg_reload_conf()")
    place = primary.url("record", standby, deadline="60")
    with Hive(place, tmp_path) as hive:
        hive.write("w")
        hive.more(10)
        hive.stop()
        while standby.execute("SELECT pg_last_wal_replay_lsn()") != primary.execute(
            "SELECT pg_current_wal_lsn()"
        ):
            time.sleep(0.02)
        standby.kill()
        before = len(hive.acknowledged)
        hive.write("x")
        hive.more(10)
        primary.kill()
        standby.start()
        standby.promote()
        hive.more(10)
        hive.stop()
        ids = check_log(place)
        lost = set(hive.acknowledged) - set(ids)
        assert lost
        assert not lost & set(hive.acknowledged[:before])
        # whoever had seen more has it still, and every view is that of the log as it is now
        (kept,) = hive.caches.glob("x/postmortem/views/*.kept")
        with closing(sqlite3.connect(kept)) as connection:
            rows = connection.execute("SELECT event_id FROM stored_events").fetchall()
        assert {f"p/{id}" for id in lost} <= {id for (id,) in rows}
        check_views(place, [each for each in hive.caches.iterdir() if each.is_dir()])
        told(f"acknowledged and lost: {len(lost)}, kept in the view of who recorded them: all")


@pytest.mark.parametrize("when", ["before the commit", "after it"])
def test_the_connection_breaks_while_committing(postgres, tmp_path, monkeypatch, when):
    """The two cases that look the same to a client, and must not to a person."""
    from postmortem.store import postgres as ours

    place = postgres.url(f"breaks_{'ab'[when == 'after it']}")
    book = tmp_path / "book.yaml"
    book.write_text(HEAD + "  - {id: a, type: service-down, service: s, at: 2024-01-01}\n")
    commit, broken = ours.PostgresLedger._commit, []

    def breaks(self, server, writing, until):
        if not broken:
            broken.append(True)
            if when == "after it":
                commit(self, server, writing, until)
            pid = server.info.backend_pid
            postgres.execute(f"SELECT pg_terminate_backend({pid})")
        commit(self, server, writing, until)

    monkeypatch.setattr(ours.PostgresLedger, "_commit", breaks)
    assert run("--db", place, "import", book, "--json").json == {"recorded": 3, "skipped": 0}
    assert broken
    assert [event["id"] for event in stored(place)].count("a") == 1
    assert run("--db", place, "import", book, "--json").json == {"recorded": 0, "skipped": 3}
    assert run("--db", place, "show", "a").status == 0


def test_the_connection_breaks_and_somebody_else_was_quicker(postgres, tmp_path, monkeypatch):
    from postmortem.store import postgres as ours

    place = postgres.url("quicker")
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text(
            HEAD + f"  - {{id: {name}, type: service-down, service: s, at: 2024-01-01}}\n"
        )
    commit, broken = ours.PostgresLedger._commit, []

    def breaks(self, server, writing, until):
        if not broken:
            broken.append(True)
            postgres.execute(f"SELECT pg_terminate_backend({server.info.backend_pid})")
            with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(tmp_path / "elsewhere")}):
                assert run("--db", place, "import", tmp_path / "b.yaml").status == 0
        commit(self, server, writing, until)

    monkeypatch.setattr(ours.PostgresLedger, "_commit", breaks)
    # it is decided anew, on top of what the other one recorded
    answer = run("--db", place, "import", tmp_path / "a.yaml", "--json").json
    assert answer == {"recorded": 1, "skipped": 2}
    assert broken
    ids = [event["id"] for event in stored(place)]
    assert (ids.count("a"), ids.count("b")) == (1, 1)
    assert ids.index("b") < ids.index("a")
