"""A view that follows a log on a server: told of what is new, looking where nobody tells."""

from __future__ import annotations

import os
import selectors
import subprocess
import threading
import time
from contextlib import closing, contextmanager

import pytest
from cli.door import POSTMORTEM, environment, run
from servers import Server

from postmortem.store import follower, notifications
from postmortem.store.backends import Address
from postmortem.store.follower import Follower
from postmortem.store.notifications import Listening
from postmortem.testing.ledgers import SETTING, down
from postmortem.tracker import Tracker

HOUR = 3600.0
PATIENCE = 6  # seconds, after which what is waited for never comes


def until(done, what):
    """Wait for it; no test of speed, only no endless wait."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.005)


def told(place, *drafts):
    """Record; the position that the log has then."""
    with Tracker(place) as tracker:
        return tracker.record(drafts).events[-1].position


def elsewhere(folder, place, *drafts):
    """Record on another host."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "writer"))
        return told(place, *drafts)


class Told(Exception):
    """What was waited for."""


@contextmanager
def following(place, folder):
    """`follow` as a program of its own on another host; gives a function that waits for a line."""
    errors = (folder / "stderr").open("w+")
    words = (*POSTMORTEM, "--db", place, "follow", "--every", str(HOUR))
    with (
        errors,
        selectors.DefaultSelector() as selector,
        subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            env=environment(XDG_CACHE_HOME=str(folder / "elsewhere"), PYTHONUNBUFFERED="1"),
        ) as process,
    ):
        selector.register(process.stdout, selectors.EVENT_READ)
        said = b""

        def reaches(position):
            nonlocal said
            while f"position {position}\n".encode() not in said:
                assert selector.select(PATIENCE), (said, (folder / "stderr").read_text())
                more = os.read(process.stdout.fileno(), 4096)
                assert more, (folder / "stderr").read_text()
                said += more

        try:
            yield reaches
        finally:
            process.kill()


def tail(place, position, *, meanwhile=lambda position: None):
    """Follow here until that position; `meanwhile` is told of every step before it."""

    def step(here):
        if here.position >= position:
            raise Told
        meanwhile(here.position)

    wait = Listening.wait

    def bounded(self, most):
        started = time.monotonic()
        wait(self, min(most, PATIENCE))
        assert time.monotonic() < started + PATIENCE, "nobody tells"

    with pytest.MonkeyPatch.context() as patch, Follower(Address.read(place)) as following:
        patch.setattr(Listening, "wait", bounded)
        with pytest.raises(Told):
            following.tail(HOUR, step)


@pytest.fixture(scope="session")
def place(postgres):
    """A store as `postgres-setup` makes it, as its writer names it."""
    postgres.execute(run("postgres-setup", "--schema", "listened").out)
    postgres.execute("CREATE ROLE tells LOGIN; GRANT listened_writer TO tells")
    postgres.execute("CREATE ROLE listens LOGIN; GRANT listened_reader TO listens")
    place = postgres.url("listened", user="tells")
    told(place, *SETTING)
    return place


def test_who_may_only_read_is_told_at_once(postgres, place, tmp_path):
    with following(postgres.url("listened", user="listens"), tmp_path) as reaches:
        reaches(len(SETTING))
        for number in range(5):  # the beat is an hour: each of them was told of
            reaches(told(place, down(f"told-{number}")))


def test_nothing_falls_between_looking_and_waiting(postgres, place, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    last, head, seen = told(place, down("looks")), follower.head, []

    def looks(*words):
        """More is recorded after it saw where the log ends, while it still asks."""
        found = head(*words)
        if seen == [last]:
            seen.append("in between")
            elsewhere(tmp_path, place, down("in-between"))
        return found

    def step(position):
        seen.append(position)
        if position == last:
            postgres.execute(f"NOTIFY {notifications.channel('listened')}")  # to no purpose
        else:
            elsewhere(tmp_path, place, down("before-it-waits"))

    monkeypatch.setattr(follower, "head", looks)
    tail(place, last + 2, meanwhile=step)
    assert seen == [last, "in between", last + 1]


def test_it_goes_on_when_its_connection_breaks(postgres, place, tmp_path, monkeypatch):
    monkeypatch.setattr(follower, "BEAT", 0.01)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    last = told(place, down("before"))
    broken = []

    def breaks(position):
        if not broken:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            broken.extend(postgres.execute(query + "WHERE usename = 'tells'"))
            elsewhere(tmp_path, place, down("after"))

    tail(place, last + 1, meanwhile=breaks)
    assert broken


def test_a_standby_cannot_tell_and_is_looked_at_until_it_is_promoted(
    place, postgres, tmp_path, monkeypatch
):
    monkeypatch.setattr(notifications, "BEAT", 0.01)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    standby = postgres.standby("reads")
    try:
        there = standby.url("listened", user="tells")
        last = told(place, down("standby"))
        steps = []

        def step(position):
            steps.append(position)
            if len(steps) == 1:
                elsewhere(tmp_path, place, down("looked-at"))
            elif len(steps) == 2:
                standby.promote()
                elsewhere(tmp_path, there, down("promoted"))

        tail(there, last + 2, meanwhile=step)
        assert steps == [last, last + 1]
    finally:
        standby.gone()


def test_what_cannot_be_told_is_recorded_all_the_same(place, monkeypatch):
    monkeypatch.setattr(notifications, "channel", lambda schema: "no; name")
    with Tracker(place) as tracker:
        assert tracker.record([down("untold")]).recorded == 1
        assert tracker.record([down("untold-too")]).recorded == 1


def test_every_log_has_a_channel_whatever_its_name():
    long = "s" * 63
    assert notifications.channel("told") == "postmortem_told"
    assert notifications.channel("told") != notifications.channel("toll")
    assert len(notifications.channel(long)) == 63


def test_a_log_whose_commits_wait_for_a_standby_does_not_hold_up_another():
    """Whoever notifies within a transaction holds a lock of the whole server until it is over."""
    server = Server.made()
    try:
        waits = server.url("waits")
        goes_on = server.url("goes_on", deadline="9", options="-c%20synchronous_commit%3Dlocal")
        for each in (waits, goes_on):
            told(each, *SETTING)
        server.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        server.execute("SELECT pg_reload_conf()")
        until(lambda: server.execute("SHOW synchronous_standby_names") == [("nobody",)], "reload")
        waiting = threading.Thread(target=told, args=(waits, down("a")))
        waiting.start()
        count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        until(lambda: server.execute(count) == [(1,)], "a commit waits")
        assert told(goes_on, down("a")) == len(SETTING) + 1
        assert waiting.is_alive()
        server.execute("ALTER SYSTEM RESET synchronous_standby_names")
        server.execute("SELECT pg_reload_conf()")
        waiting.join(PATIENCE)
        assert not waiting.is_alive()
        with closing(server.connect("waits")) as connection:
            query = "SELECT max(position) FROM stored_events"
            assert connection.execute(query).fetchone() == (len(SETTING) + 1,)
    finally:
        server.gone()
