"""`status`, `copy`, `follow` and `postgres-setup`, and the same demo wherever the store is."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cli.books import HEAD, all_events, recorded
from cli.door import FOUNDING, complaint, environment, run
from cli.test_schema import check

from postmortem.store import backends
from postmortem.store.backends import Address


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store.db"
    recorded(path, HEAD + all_events())
    return path


def change(path, sql):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)


def test_a_file_tells_where_its_log_ends(store):
    document = run("--db", store, "status", "--json").json
    check("status", document, "status")
    last = run("--db", store, "log", "--reverse", "--limit", "1", "--json").json["log"][0]
    assert document["position"] == document["view"]["position"] == last["position"]
    assert document["recorded_at"] == last["recorded_at"]
    assert (document["store"], document["view"]["file"]) == (str(store), str(store))
    assert document["view"]["current"]
    assert document["view"]["behind_events"] == 0
    said = run("--db", store, "status").out
    assert f"log      {last['position']} events" in said
    assert "view     current" in said


def test_it_is_asked_and_not_changed(store):
    change(store, "UPDATE view_state SET position = 3")
    document = run("--db", store, "status", "--json").json
    check("status", document, "a view behind")
    assert not document["view"]["current"]
    assert document["view"]["behind_events"] == document["position"] - 3
    assert "events behind" in run("--db", store, "status").out
    assert run("--db", store, "status", "--json").json == document
    change(store, "UPDATE view_state SET schema = 0")
    assert "of another version" in run("--db", store, "status").out or document["position"]
    change(store, "DROP TABLE view_state")
    document = run("--db", store, "status", "--json").json
    assert document["view"]["position"] == 0


def test_a_store_that_is_none(tmp_path):
    assert "there is no store" in complaint(run("--db", tmp_path / "no.db", "status"), 3)
    (tmp_path / "text").write_text("words\n" * 1000)
    assert "is no store" in complaint(run("--db", tmp_path / "text", "status"), 3)


def test_a_server_tells_what_it_is(postgres):
    place = postgres.url("told")
    assert run("--db", place, "import", FOUNDING).status == 0
    document = run("--db", place, "status", "--json").json
    check("status", document, "a server")
    assert document["server"]["role"] == "primary"
    assert document["view"]["behind_events"] == 0
    assert any("no synchronous standby" in remark for remark in document["remarks"])
    said = run("--db", place, "status").out
    assert "PostgreSQL" in said
    assert document["view"]["file"] in said
    # somebody else records: the view here is behind, and stays so until somebody asks
    change(document["view"]["file"], "DROP TRIGGER log_no_delete")
    seen = document["position"] - 1
    change(document["view"]["file"], f"DELETE FROM stored_events WHERE position > {seen}")
    change(document["view"]["file"], f"UPDATE view_state SET position = {seen}")
    behind = run("--db", place, "status", "--json").json
    check("status", behind, "behind")
    assert behind["view"]["behind_events"] == 1
    assert behind["view"]["behind_seconds"] >= 0
    assert "1 event behind" in run("--db", place, "status").out


def test_the_same_demo_wherever_the_store_is(postgres, tmp_path):
    place = postgres.url("demo")
    elsewhere = run("--db", place, "demo")
    assert elsewhere.status == 0
    here = run("demo", "--keep", tmp_path / "kept")
    answers = [text.partition("\n")[2] for text in elsewhere.out.split("\n$ ")[1:]]
    asked = here.out.partition("And the postmortem, written")[0]  # which takes a folder
    expected = [text.partition("\n")[2] for text in asked.split("\n$ ")[1:]]
    assert [each.partition("To go on:")[0] for each in answers] == expected
    said = complaint(run("--db", place, "demo"), 2)
    assert "there is a store at" in said
    assert "?schema=demo" in said
    assert "leave out one" in complaint(run("--db", place, "demo", "--keep", tmp_path / "x"), 2)


def test_a_copy_fits_its_schema_and_says_what_it_did(store, tmp_path):
    ran = run("copy", store, tmp_path / "copy.db", "--json")
    check("copy", ran.json, "copy")
    said = run("copy", store, tmp_path / "other.db").out
    assert "byte by byte: the same" in said
    assert ran.json["digest"] in said
    assert re.search(r"SHA-256 over both logs: [0-9a-f]{64}", said)
    assert "there is no store" in complaint(run("copy", tmp_path / "no", tmp_path / "x"), 3)
    assert not (tmp_path / "x").exists()
    assert run("--db", tmp_path / "copy.db", "where", "--json").json["copy_of"] == str(store)


def test_words_that_are_not_those_that_were_recorded_are_not_copied(store, tmp_path):
    change(store, "DROP TRIGGER words_no_update")
    change(store, "UPDATE disclosures SET value = '\"others\"'")
    said = complaint(run("copy", store, tmp_path / "copy.db"), 3)
    assert "are not those that were recorded" in said
    assert not (tmp_path / "copy.db").exists()


def test_following_a_file_is_refused(store):
    assert "nothing to follow" in complaint(run("--db", store, "follow"), 2)


def test_following_a_server_goes_on_until_it_is_interrupted(postgres, tmp_path):
    place = postgres.url("tailed")
    count = run("--db", place, "import", FOUNDING, "--json").json["recorded"]
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from postmortem.cli import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code, "--db", place, "follow", "--every", "0.05"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment() | {"XDG_CACHE_HOME": str(tmp_path)},
        text=True,
    ) as process:
        assert f"position {count}" in process.stdout.readline()
        book = tmp_path / "book.yaml"
        book.write_text("casebook: 1\nplatform: {id: q}\nservices: {s: {}}\nevents: []\n")
        assert run("--db", place, "import", book).status == 0
        assert f"position {count + 2}" in process.stdout.readline()
        process.send_signal(2)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in said


@pytest.mark.parametrize(
    "words",
    [
        ["--schema", "Robert'); DROP TABLE students"],
        ["--schema", "pg_catalog"],
        ["--schema", "x" * 64],
        ["--roles", "a b"],
        ["--roles", "x" * 60],
        ["--schema", ""],
    ],
)
def test_a_name_that_is_none_is_refused(words):
    assert "can be no name here" in complaint(run("postgres-setup", *words), 2)


def test_setting_up_twice_grants_and_makes_nothing_twice(postgres):
    postgres.execute(run("postgres-setup", "--schema", "twice").out)
    postgres.execute(run("postgres-setup", "--schema", "twice", "--grants-only").out)
    assert run("--db", postgres.url("twice"), "status", "--json").json["position"] == 0


ADDRESSES = {
    "postgresql://u:secret@h:1/d": "postgresql://u@h:1/d",
    "postgres://h/d": "postgresql://h/d",
    "postgresql://u:se:cr@et@h1:1,h2:2/d": "postgresql://u@h1:1,h2:2/d",
    "postgresql://u@h/d?password=secret&sslmode=require": "postgresql://u@h/d?sslmode=require",
    "postgresql:///d?host=/a,/b&schema=x&deadline=5": "postgresql:///d?host=/a,/b&schema=x",
    "postgresql://h/d?options=-c%20a%3Db": "postgresql://h/d?options=-c%20a%3Db",
    "postgresql://[::1]:5432/d": "postgresql://[::1]:5432/d",
    "POSTGRESQL://h/d?schema=postmortem": "postgresql://h/d",
}


@pytest.mark.parametrize(("url", "shown"), ADDRESSES.items())
def test_an_address_is_shown_without_its_password(url, shown):
    address = Address.read(url)
    assert address.shown == backends.shown(url) == shown
    assert "secret" not in repr(address)
    assert Address.read(shown).shown == shown
    for name in ("schema", "deadline"):
        assert f"{name}=" not in address.conninfo


def test_a_file_may_be_called_what_it_likes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("postgresql", "postgresql:x.db", "a b?schema=x", "C:\\x.db"):
        assert not backends.is_remote(name)
        assert backends.shown(name) == name
        assert run("--db", name, "import", FOUNDING).status == 0
        assert Path(name).is_file()
