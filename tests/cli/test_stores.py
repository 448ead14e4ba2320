"""Stores that are missing, foreign, newer, locked, full, damaged or read-only: exit status 3.

One message, nothing changed; and a question is answered wherever it can be.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cli.books import HEAD, all_events, event, recorded
from cli.door import complaint, logged, run

from postmortem.store import ledger

AT = "2024-01-06T12:00Z"
QUESTION = ["state", "--at", AT, "--json"]
ASKING = {
    "state": QUESTION,
    "batch": ["state", "--batch", "-"],
    "downtime": ["downtime", "--from", "2024-01-01T00:00Z", "--to", "2024-02-01T00:00Z", "--json"],
    "cuts": ["cuts", "c", "--json"],
    "export": ["export"],
}
WRITING = {"import": ["import", "book.yaml"], "rebuild": ["rebuild"]}
ALL = {**ASKING, **WRITING, "backup": ["backup", "backup.db"]}


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A store with every type of event, and nothing beside it."""
    store = tmp_path_factory.mktemp("made") / "store.db"
    recorded(store, HEAD + all_events())
    settled(store)
    return store


def settled(store: Path) -> None:
    """Everything is in the file itself, as after the last writer has closed it."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not store.with_name(f"{store.name}-wal").exists()


@pytest.fixture
def store(made, tmp_path, monkeypatch):
    """A copy of it in the current folder, with a casebook that holds something new."""
    shutil.copy(made, tmp_path / "store.db")
    new = event("new", type="note", at="2024-03-01", text="Something new.")
    (tmp_path / "book.yaml").write_text(HEAD + new)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "store.db"


@pytest.fixture(scope="session")
def answers(made):
    return {name: ask(made, words).out for name, words in ASKING.items()}


def ask(store, words):
    stdin = json.dumps({"at": AT}) if "-" in words else ""
    return run("--db", store, *words, stdin=stdin)


def change(store: Path, script: str) -> None:
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.executescript(script)


def content(folder: Path) -> dict[str, bytes]:
    """Every file, but those that SQLite leaves beside a database that was only read."""
    files = [file for file in folder.iterdir() if file.is_file()]
    return {
        file.name: file.read_bytes()
        for file in files
        if not file.name.endswith("-shm")
        and not (file.name.endswith("-wal") and not file.stat().st_size)
    }


def all_fail(store: Path, *says: str, words=ALL) -> None:
    """Every command fails with one message, and no file has changed or is new."""
    before = content(store.parent)
    for command in words.values():
        said = complaint(ask(store, command), 3)
        for phrase in says:
            assert phrase in said, (command, said)
    assert content(store.parent) == before


# --- missing, foreign, newer ----------------------------------------------------------------------


def test_a_missing_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    questions = {name: words for name, words in ALL.items() if name != "import"}
    all_fail(
        tmp_path / "no.db",
        f"there is no store at {tmp_path / 'no.db'}",
        "import CASEBOOK",
        words=questions,
    )
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder(store):
    missing = store.parent / "folder" / "no.db"
    assert "no folder for the store" in complaint(run("--db", missing, "import", "book.yaml"), 3)
    assert not missing.parent.exists()


def foreign_sqlite(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE t (x); INSERT INTO t VALUES (1); PRAGMA user_version=1;"
        )


FOREIGN = {
    "text": lambda path: path.write_text("Dear Sir or Madam\n" * 500),
    "a foreign database": foreign_sqlite,
    "zeros": lambda path: path.write_bytes(bytes(4096)),
    "a header alone": lambda path: path.write_bytes(b"SQLite format 3\0"),
    "a folder": lambda path: path.mkdir(),
    "a link to nothing": lambda path: path.symlink_to("nowhere/at/all"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": lambda path: os.mkfifo(path),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_store(store, make):
    other = store.parent / "other.db"
    make(other)
    all_fail(other)


def test_an_empty_file_becomes_a_store_when_something_is_recorded(store):
    other = store.parent / "other.db"
    other.touch()
    questions = {name: words for name, words in ALL.items() if name not in ("import", "rebuild")}
    all_fail(other, words=questions)
    assert run("--db", other, "import", "book.yaml", "--json").json["recorded"] == 8


def test_a_database_with_our_mark_and_nothing_in_it(store):
    other = store.parent / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.executescript(
            "CREATE TABLE t (x); PRAGMA application_id=0x504D5254; PRAGMA user_version=1"
        )
    all_fail(other)


def test_a_newer_store(store):
    change(store, "PRAGMA user_version=99")
    settled(store)
    all_fail(store, "newer version", "99", "update postmortem")


@pytest.mark.parametrize(
    "age",
    [
        "UPDATE view_state SET schema = 0",
        "UPDATE view_state SET schema = 99",
        "DELETE FROM view_state",
        "DROP TABLE view_state",
        "DROP TABLE view_reign; DROP TABLE view_state",
    ],
)
def test_a_view_of_another_time_is_made_anew_by_itself(store, answers, age):
    held = logged(store)
    change(store, age)
    for name, words in ASKING.items():
        assert ask(store, words).out == answers[name]
    assert logged(store) == held


def test_a_view_that_lags_behind_catches_up(store, made, answers):
    """As where an older program, which knows no view, has recorded."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        whole = connection.execute("SELECT count(*) FROM stored_events").fetchone()[0]
    half = store.parent / "half.jsonl"
    half.write_text("".join(answers["export"].splitlines(keepends=True)[: whole - 3]))
    lagging = store.parent / "lagging.db"
    assert run("--db", lagging, "import", "--keep-recorded", half).status == 0
    more = f"WHERE position > {whole - 3} ORDER BY position"
    change(
        lagging,
        f"ATTACH '{store}' AS whole;"
        f"INSERT INTO disclosures SELECT * FROM whole.disclosures {more};"
        f"INSERT INTO stored_events SELECT * FROM whole.stored_events {more}",
    )
    for name, words in ASKING.items():
        assert ask(lagging, words).out == answers[name]
    assert logged(lagging) == logged(made)


# --- left behind by somebody who was killed -------------------------------------------------------


def test_a_store_whose_maker_was_killed_at_once(store):
    """The first page is written, and the journal that takes it back is still there."""
    half = store.parent / "half.db"
    page = bytearray(store.read_bytes()[:4096])
    page[68:72] = bytes(4)  # the mark comes later
    half.write_bytes(page)
    header = bytes.fromhex("d9d505f920a163d7") + bytes(12) + (512).to_bytes(4, "big")
    journal = header + (4096).to_bytes(4, "big")
    half.with_name("half.db-journal").write_bytes(journal.ljust(512, b"\0"))
    assert "is no store" in complaint(run("--db", half, *QUESTION), 3)
    assert run("--db", half, "import", "book.yaml", "--json").json["recorded"] == 8
    assert run("--db", half, *QUESTION).status == 0


def unfinished(path: Path) -> None:
    """A transaction that was half written into the file when its writer was killed."""
    journal = Path(f"{path}-journal")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE more (x)")
        connection.executemany("INSERT INTO more VALUES (?)", [("x" * 2000,)] * 100)
        file, undo = path.read_bytes(), journal.read_bytes()
        connection.execute("ROLLBACK")
    path.write_bytes(file)
    journal.write_bytes(undo)


def test_what_was_half_written_is_taken_back(store, answers):
    unfinished(store)
    assert {name: ask(store, words).out for name, words in ASKING.items()} == answers


def test_a_foreign_database_is_left_to_its_owner_also_then(store):
    other = store.parent / "other.db"
    foreign_sqlite(other)
    unfinished(other)
    all_fail(other)


# --- locked ---------------------------------------------------------------------------------------

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(store, monkeypatch):
    """Another process is in the middle of a write that takes longer than anybody waits."""
    monkeypatch.setattr(ledger, "LOCK_TIMEOUT", 1)
    command = [sys.executable, "-c", HOLDER, str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield store
        process.stdin.close()


def test_a_locked_store_answers_and_records_nothing(held, answers):
    for name, words in ASKING.items():
        assert ask(held, words).out == answers[name]
    before = logged(held)
    for words in WRITING.values():
        said = complaint(ask(held, words), 3)
        assert "locked: another process is writing" in said
        assert "wait until" in said
    assert logged(held) == before
    assert run("--db", held, "backup", "backup.db").status == 0
    assert logged(Path("backup.db").absolute()) == before


def test_a_question_to_a_locked_store_with_an_old_view(store, monkeypatch, answers):
    change(store, "UPDATE view_state SET schema = 0")
    monkeypatch.setattr(ledger, "LOCK_TIMEOUT", 1)
    command = [sys.executable, "-c", HOLDER, str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        assert "locked" in complaint(ask(store, QUESTION), 3)
        process.stdin.close()
    assert ask(store, QUESTION).out == answers["state"]


# --- full -----------------------------------------------------------------------------------------

MANY = HEAD + "".join(
    event(f"n{i}", type="note", at="2024-03-01", text=f"{i} " + "words " * 100) for i in range(1000)
)


def test_a_store_that_may_not_grow(store, monkeypatch, answers):
    """As on a full disk, without one: SQLite says the same."""
    pages = store.stat().st_size // 4096 + 5
    before = logged(store)
    Path("many.yaml").write_text(MANY)
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "PRAGMAS", (*ledger.PRAGMAS, f"max_page_count={pages}"))
        said = complaint(run("--db", store, "import", "many.yaml"), 3)
        assert f"no room left for the store {store}" in said
        assert "nothing was recorded" in said
    assert logged(store) == before
    assert ask(store, QUESTION).out == answers["state"]
    assert run("--db", store, "import", "many.yaml", "--json").json == {
        "recorded": 1000,
        "skipped": 7,
    }


@pytest.fixture
def disk(tmp_path):
    """A disk of its own, 1 MB large, that can be filled and made read-only; needs the superuser."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)):
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def mount(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0


def test_a_full_disk(disk, store, answers, tmp_path):
    Path("many.yaml").write_text(MANY)
    place = disk / "store.db"
    shutil.copy(store, place)
    before = logged(place)
    said = complaint(run("--db", place, "import", "many.yaml"), 3)
    assert f"no room left for the store {place}" in said
    assert logged(place) == before
    assert ask(place, QUESTION).out == answers["state"]
    # not even room for a first page, a copy or an export
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    for words in (
        ["import", "book.yaml"],
        ["backup", disk / "copy.db"],
        ["export", "-o", disk / "log.jsonl"],
    ):
        ran = run("--db", disk / "new.db" if words[0] == "import" else store, *words)
        said = complaint(ran, 3)
        assert "room" in said or "No space left" in said, said
    assert {file.name for file in disk.iterdir()} <= {
        "store.db",
        "filler",
        "store.db-wal",
        "store.db-shm",
    }
    filler.unlink()
    assert mount("-o", "remount,size=8m", str(disk))
    assert run("--db", disk / "new.db", "import", "book.yaml", "--json").json["recorded"] == 8
    assert run("--db", place, "import", "many.yaml", "--json").json == {
        "recorded": 1000,
        "skipped": 7,
    }


# --- read-only ------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["current", "stale", "missing"])
@pytest.mark.parametrize("log", ["settled", "with a journal"])
def test_read_only(disk, store, answers, view, log):
    place = disk / "store.db"
    shutil.copy(store, place)
    age = {
        "current": "",
        "stale": "UPDATE view_state SET schema = 0",
        "missing": "DROP TABLE view_state",
    }
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.executescript(age[view])
    if log == "with a journal":
        with contextlib.closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.executescript("BEGIN; INSERT INTO about VALUES ('a', 'b'); COMMIT")
            # as it lies there after its writer was killed
            for suffix in ("", "-wal"):
                shutil.copy(f"{place}{suffix}", f"{place}.killed{suffix}")
        for suffix in ("", "-wal"):
            os.replace(f"{place}.killed{suffix}", f"{place}{suffix}")
    before = content(disk)
    assert mount("-o", "remount,ro", str(disk))
    for name, words in ASKING.items():
        ran = ask(place, words)
        if log == "settled":
            assert (ran.status, ran.out) == (0, answers[name]), ran.err
        else:  # what the journal holds must not be passed over
            assert ran.out == answers[name] or complaint(ran, 3)
    for words in WRITING.values():
        said = complaint(ask(place, words), 3)
        assert "read" in said
    if log == "settled":
        assert run("--db", place, "backup", "backup.db").status == 0
        assert run("--db", Path("backup.db").absolute(), *QUESTION).out == answers["state"]
    assert content(disk) == before
    said = complaint(run("--db", store, "backup", disk / "backup.db"), 3)
    assert "cannot be written: Read-only file system" in said


# --- damaged --------------------------------------------------------------------------------------


def damaged(store: Path, place: int, how: str) -> Path:
    data = bytearray(store.read_bytes())
    page = slice(place * 4096, (place + 1) * 4096)
    if how == "cut off":
        del data[page.start :]
    elif how == "noise":
        data[page] = bytes(range(1, 256)) * 17
    elif how == "zeros":
        data[page] = bytes(4096)
    else:
        for at in range(page.start, page.stop, 97):
            data[at] ^= 1 << at % 8
    store.write_bytes(data)
    return store


@pytest.mark.parametrize("how", ["cut off", "noise", "zeros", "flipped"])
def test_damage_is_said_or_does_not_matter(store, made, how):
    """Every page in turn: a command says so, or is not concerned; it is no fault of its own."""
    pages = made.stat().st_size // 4096
    said = set()
    commands = list(ALL.items())
    for place in range(0 if how != "cut off" else 1, pages):
        # each page meets half of the commands, and its neighbour the others
        for name, words in commands[place % 2 :: 2]:
            shutil.copy(made, store)
            damaged(store, place, how)
            for beside in ("backup.db", "store.db-wal", "store.db-shm"):
                Path(beside).unlink(missing_ok=True)
            before = store.read_bytes()
            ran = ask(store, words)
            assert ran.status in (0, 3), (place, name, ran.err)
            if ran.status:
                assert "Traceback" not in ran.err
                assert ran.err.startswith("postmortem: "), ran.err
                said.add(ran.err.partition(": ")[2].partition("\n")[0])
            if name in ASKING or name == "backup":
                assert store.read_bytes() == before, (place, name)
    assert any("is damaged" in message or "is no store" in message for message in said), said


def replaced(old: str, new: str) -> str:
    return f"CAST(replace(CAST(state AS TEXT), '{old}', '{new}') AS BLOB)"


STATES = {
    "no JSON": "CAST('nothing' AS BLOB)",
    "no text": "x'ff00ff'",
    "nothing": "x''",
    "another JSON": "CAST('[]' AS BLOB)",
    "half of it": "CAST(substr(CAST(state AS TEXT), 1, 100) AS BLOB)",
    "a type of nobody": replaced("service-down/1", "service-dawn/1"),
    "a key less": replaced('"stream"', '"straem"'),
    "a time that is none": replaced("2024-01-05", "2024-13-05"),
    "a word for a mapping": replaced('"body":{', '"body":"x","b":{'),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_an_event_whose_bytes_contradict_each_other(store, state):
    change(
        store,
        "DROP TRIGGER log_no_update; UPDATE view_state SET schema = 0; "
        f"UPDATE stored_events SET state = {state} WHERE event_id = 'p/down'",
    )
    before = logged(store)
    for name in ("state", "import", "rebuild", "export"):
        said = complaint(ask(store, ALL[name]), 3)
        assert "damaged" in said, said
        assert "backup" in said
    assert logged(store) == before
