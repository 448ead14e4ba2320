"""Processes that are killed, interrupted, or write at once: nothing is lost, nothing doubled.

The processes that die are forked from a small program of its own (the nursery), which has loaded
everything once; so each begins to write within milliseconds.
"""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.books import HEAD, event
from cli.door import environment, logged, looked_into, positions, program, run

from postmortem.core import formulas
from postmortem.store import readmodel

SEED = random.SystemRandom().randrange(2**32)

NURSERY = """
import json, os, random, select, signal, sys, time
from postmortem.core import decide, reading, recorded, rules  # all that a writer will need
from postmortem.core.decide import Draft
from postmortem.core.events import CATALOGUE
from postmortem.cli import run
from postmortem.store import ledger, readmodel
from postmortem.tracker import Tracker
import sqlite_utils

store, kills, seed, what = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
dice = random.Random(seed)

def entry(name, **fields):
    return Draft("p", reading.entry(CATALOGUE[name], fields, zone=None))

def note(id):
    return entry("note", id=id, at="2024-01-01T00:00Z", text=f"I am {id}.", about="s")

def record_in_a_loop(name, acknowledge):
    with Tracker(store) as tracker:
        tracker.record([entry("platform-declared", id="p"), entry("service-declared", id="s")])
        number = 0
        while True:
            # one alone, then three in one transaction
            for ids in ([f"{name}-{number}"], [f"{name}-{number}{x}" for x in "abc"]):
                tracker.record([note(id) for id in ids])
                acknowledge(" ".join(ids))
            number += 1

def import_a_file(name, acknowledge):
    status = run(["--db", store.replace("?", name), "import", f"{name}.yaml"])
    acknowledge(f"done {name} {status}")
    time.sleep(60)

def loaded():
    '''Everything that a first write loads, in the one who forks.'''
    if what == "import":
        run(["--db", f"{store}.warm", "import", "--json", "c0.yaml"])
        return
    with Tracker(f"{store}.warm") as tracker:
        tracker.record([entry("platform-declared", id="p"), entry("service-declared", id="s")])
        tracker.record([note("n")])

told, sys.stdout = sys.stdout, open(os.devnull, "w")
loaded()
sys.stdout = told
acknowledged = []
for kill in range(kills):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        sys.stdout = sys.stderr = open(os.devnull, "w")
        act = record_in_a_loop if what == "loop" else import_a_file
        act(f"c{kill}", lambda line: os.write(write, f"{line}\\n".encode()))
        os._exit(1)  # it never ends by itself
    os.close(write)
    if what == "loop" and kill % 2:
        select.select([read], [], [])  # every other one lives until it has acknowledged something
    time.sleep(dice.uniform(0, 0.1))
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    with open(read) as pipe:
        acknowledged += pipe.read().splitlines()
print(json.dumps(acknowledged))
"""


def nursery(folder: Path, store: str, kills: int, what: str) -> list[str]:
    """What the killed had acknowledged, line by line."""
    command = (sys.executable, "-c", NURSERY)
    ran = program(store, kills, SEED, what, command=command, cwd=folder)
    assert (ran.status, ran.err) == (0, ""), f"seed {SEED}: {ran.err}"
    return json.loads(ran.out)


def holds_together(store: Path) -> list[str]:
    """The ids in the log; it is whole, and the view is what a rebuild makes of it."""
    rows = logged(store)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1)), "positions are dense"
    ids = [row[5] for row in rows]
    assert len(set(ids)) == len(ids), "none is there twice"
    moments = [row[6] for row in rows]
    assert moments == sorted(moments), "recorded_at never decreases"
    versions: dict[str, int] = {}
    for row in rows:
        versions[row[1]] = versions.get(row[1], 0) + 1
        assert row[2] == versions[row[1]], "the versions of a stream are dense"
    with looked_into(store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        before = readmodel.rows(connection)
    assert run("--db", store, "rebuild").status == 0
    with looked_into(store) as connection:
        assert readmodel.rows(connection) == before
    assert logged(store) == rows
    return [id.removeprefix("p/") for id in ids]


def test_what_was_acknowledged_is_kept_whenever_the_writer_is_killed(tmp_path):
    store, kills = tmp_path / "store.db", 25
    transactions = [line.split() for line in nursery(tmp_path, str(store), kills, "loop")]
    acknowledged = [id for ids in transactions for id in ids]
    assert len(transactions) >= kills // 2
    stored = holds_together(store)
    assert set(acknowledged) <= set(stored), f"seed {SEED}"
    # of each that was killed one transaction at most had been stored and not acknowledged
    more = set(stored) - set(acknowledged) - {"platform:p", "service:s"}
    assert len({id.split("-")[0] for id in more}) <= kills
    assert len(more) <= 3 * kills
    # a transaction is there whole or not at all
    threes: dict[str, int] = {}
    for id in stored:
        if id[-1] in "abc" and "-" in id:
            threes[id[:-1]] = threes.get(id[:-1], 0) + 1
    assert set(threes.values()) <= {3}, f"seed {SEED}"


@pytest.mark.parametrize("where", ["one store", "a new store each"])
def test_a_file_is_whole_or_not_there_whenever_its_import_is_killed(tmp_path, where):
    kills, size = 16, 40
    for kill in range(kills):
        notes = [event(f"c{kill}-{i}", type="note", at="2024-01-01", text="t") for i in range(size)]
        (tmp_path / f"c{kill}.yaml").write_text(HEAD + "".join(notes))
    store = "store.db" if where == "one store" else "store-?.db"
    done = nursery(tmp_path, str(tmp_path / store), kills, "import")
    assert all(line.endswith(" 0") for line in done), done
    for kill in range(kills):
        path = tmp_path / store.replace("?", f"c{kill}")
        before = len(positions(path))
        found = 0
        if before:
            with looked_into(path) as connection:
                like = f"p/c{kill}-%"
                (found,) = connection.execute(
                    "SELECT count(*) FROM stored_events WHERE event_id LIKE ?", (like,)
                ).fetchone()
        assert found in (0, size), f"seed {SEED}"
        if f"done c{kill} 0" in done:
            assert found == size, f"seed {SEED}"
        again = run("--db", path, "import", tmp_path / f"c{kill}.yaml", "--json").json
        assert again["recorded"] == size - found + (7 if not before else 0)
        if where != "one store":
            assert len(holds_together(path)) == 7 + size
    if where == "one store":
        assert len(holds_together(tmp_path / store)) == 7 + kills * size


# --- at once --------------------------------------------------------------------------------------

WRITER = """
import sys
from postmortem.cli import run
sys.stdin.readline()  # until everybody is ready
sys.exit(max(run(["--db", sys.argv[1], "import", "--json", name]) for name in sys.argv[2:]))
"""


def at_once(store: Path, files: list[list[Path]]) -> list[list[dict[str, int]]]:
    """Processes that begin in the same moment, each importing its files one by one."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(store), *map(str, names)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            text=True,
        )
        for names in files
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=100) for process in processes]
    assert [(p.returncode, err) for p, (_, err) in zip(processes, said, strict=True)] == [
        (0, "") for _ in processes
    ]
    decoder = json.JSONDecoder()
    answers = []
    for out, _ in said:
        found, rest = [], out
        while rest.strip():
            document, end = decoder.raw_decode(rest)
            found.append(document)
            rest = rest[end:].lstrip()
        answers.append(found)
    return answers


@pytest.mark.parametrize("writers", [2, 4])
def test_writers_at_once_lose_and_double_nothing(tmp_path, writers):
    """They also make the store at once, and all want to make the same declarations."""
    files, each = [], 6
    for writer in range(writers):
        names = []
        for number in range(each):
            file = tmp_path / f"w{writer}-{number}.yaml"
            own = [
                event(f"w{writer}-{number}-{i}", type="note", at="2024", text="t", about="s")
                for i in range(3)
            ]
            file.write_text(HEAD + "".join(own))
            names.append(file)
        files.append(names)
    store = tmp_path / "store.db"
    answers = at_once(store, files)
    assert all(len(found) == each for found in answers)
    recorded = sum(answer["recorded"] for found in answers for answer in found)
    skipped = sum(answer["skipped"] for found in answers for answer in found)
    assert recorded == 7 + writers * each * 3
    assert skipped == 7 * (writers * each - 1)
    assert len(holds_together(store)) == recorded
    moments = {}
    for row in logged(store):
        moments.setdefault(row[6], set()).add(row[5].rpartition("-")[0])
    assert len(moments) == writers * each, "every transaction has a moment of its own"


def test_the_same_file_at_once_is_recorded_once(tmp_path):
    file = tmp_path / "book.yaml"
    file.write_text(
        HEAD + "".join(event(f"n{i}", type="note", at="2024", text="t") for i in range(200))
    )
    store = tmp_path / "store.db"
    answers = [found[0] for found in at_once(store, [[file]] * 4)]
    assert sorted(answer["recorded"] for answer in answers) == [0, 0, 0, 207]
    assert sorted(answer["skipped"] for answer in answers) == [0, 207, 207, 207]
    assert len(holds_together(store)) == 207


# --- interrupted ----------------------------------------------------------------------------------

# a shell that runs its jobs in the background has them ignore the signal; a person's does not
INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from postmortem.cli import main; main()"
)


def interrupted(command: list[object], ready) -> tuple[int, str, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    while process.poll() is None and not ready():
        time.sleep(0.002)
    while True:
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=2)
        except subprocess.TimeoutExpired:
            continue  # it came between Python's look at signals and a read that waits
        return process.returncode, out, err


def test_ctrl_c_leaves_nothing_half_recorded(tmp_path):
    store, big = tmp_path / "store.db", tmp_path / "big.yaml"
    (tmp_path / "small.yaml").write_text(HEAD)
    assert run("--db", store, "import", tmp_path / "small.yaml").status == 0
    before = logged(store)
    big.write_text(
        HEAD + "".join(event(f"n{i}", type="note", at="2024", text="t") for i in range(4000))
    )

    def writing() -> bool:
        """Whether somebody holds the lock."""
        with contextlib.closing(
            sqlite3.connect(store, timeout=0, isolation_level=None)
        ) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
            return False

    status, out, err = interrupted(["--db", store, "import", tmp_path / "small.yaml", big], writing)
    assert status == 130, (status, out, err)
    assert "Traceback" not in err
    assert "interrupted; what was not acknowledged is not recorded" in err
    assert logged(store) == before
    assert run("--db", store, "import", tmp_path / "small.yaml", "--json").json["skipped"] == 7


def test_ctrl_c_inside_pydantic(tmp_path, monkeypatch):
    """It hands an interrupt on in an error of its own."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "small.yaml").write_text(HEAD)
    monkeypatch.setattr(formulas, "document", interrupt)
    ran = run("--db", tmp_path / "store.db", "import", tmp_path / "small.yaml")
    assert ran.status == 130
    assert "interrupted" in ran.err
    assert positions(tmp_path / "store.db") == []


def test_ctrl_c_between_answers(tmp_path):
    store, batch = tmp_path / "store.db", tmp_path / "questions"
    (tmp_path / "small.yaml").write_text(HEAD)
    run("--db", store, "import", tmp_path / "small.yaml")
    os.mkfifo(batch)
    opened = []

    def asking() -> bool:
        """Whether it has opened the questions, and waits for the first."""
        with contextlib.suppress(OSError):
            opened.append(os.open(batch, os.O_WRONLY | os.O_NONBLOCK))
        return bool(opened)

    status, out, err = interrupted(["--db", store, "state", "--batch", batch], asking)
    os.close(opened[0])
    assert (status, out) == (130, "")
    assert "Traceback" not in err
