"""Three writers, of which one after the other is killed in the middle of whatever it does."""

import random
import time

import pytest
from faults.hive import Hive
from faults.sound import check


def kill_them(place, folder, kills, writers=3):
    seed = random.SystemRandom().randrange(2**32)
    dice = random.Random(seed)
    with Hive(place, folder) as hive:
        alive = []
        for number in range(kills + writers):
            if len(alive) == writers:
                hive.more(dice.choice((0, 1, 1, 4)))
                time.sleep(dice.uniform(0, 0.05))  # anywhere in what they do
                dice.shuffle(alive)
                hive.kill(alive.pop())
            alive.append(f"w{number}")
            hive.write(alive[-1])
        hive.more(5)
        hive.stop()
        assert not hive.unknown
        return f"seed {seed}: {kills} × SIGKILL: {check(hive)}"


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_writers_are_killed(backend, tmp_path, rounds, told, request):
    kills = rounds(short=9, long=150)
    if backend == "sqlite":
        place = str(tmp_path / "store.db")
    else:
        place = request.getfixturevalue("postgres").url("killed")
    told(kill_them(place, tmp_path, kills))


def test_a_view_that_follows_is_killed_under_load(postgres, tmp_path, rounds, told):
    place = postgres.url("followed")
    with Hive(place, tmp_path) as hive:
        hive.write("w1")
        hive.write("w2")
        for _ in range(rounds(short=5, long=50)):
            hive.follow("host")
            before = hive.seen.get("host", 0)
            hive.until(lambda before=before: hive.seen.get("host", 0) > before + 3, "it follows")
            hive.kill("host")
        hive.stop()
        told(f"a view killed and begun again: {check(hive)}")
