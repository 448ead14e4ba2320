"""Verifying a store: whatever is changed is found, or changes nothing that anybody could read."""

from __future__ import annotations

import json
import shutil
import sqlite3
from base64 import b64encode

import pytest
from cli.door import run
from store.spoilt import (
    RECORD,
    answers,
    changed,
    content,
    founded,
    is_found,
    opened,
    regrown,
    verified,
)

from postmortem.core import tree, words
from postmortem.store import tree as stored_tree


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return founded(tmp_path_factory.mktemp("verifying"))


@pytest.fixture(scope="module")
def size(store):
    return verified(store).size


def test_a_store_as_it_was_recorded_holds(store, size):
    found = verified(store, 0, 1, size)
    assert not found.failures
    assert found.view == "follows"
    assert found.keeps_tree
    assert (found.withheld, found.first) == (0, None)
    assert found.roots[0] == tree.EMPTY
    assert found.roots[size] == found.root
    with opened(store) as connection:
        assert stored_tree.root_at(connection, size) == found.root
        states = [row[0] for row in connection.execute("SELECT state FROM stored_events")]
        nodes = connection.execute("SELECT count(*) FROM tree_nodes").fetchone()[0]
        assert nodes == tree.count(size)
    assert found.roots[1] == tree.leaf(states[0])


def test_verifying_changes_nothing(store):
    before = store.read_bytes()
    verified(store)
    assert store.read_bytes() == before


# --- what somebody does to the log ----------------------------------------------------------------

MOVED = (
    "UPDATE {table} SET position = -position WHERE position > 20;"
    "UPDATE {table} SET position = -position - 1 WHERE position < 0;"
)
LOG = {  # what is done: the first position that fails
    "edited": (
        "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), 'parler', 'parlor') "
        "AS BLOB) WHERE position = 31",
        31,
    ),
    "dropped": ("DELETE FROM stored_events WHERE position = 20", 20),
    "dropped, the rest moved up": (
        "DELETE FROM stored_events WHERE position = 20;" + MOVED.format(table="stored_events"),
        20,
    ),
    "two swapped": (
        "UPDATE stored_events SET position = -1 WHERE position = 12;"
        "UPDATE stored_events SET position = 12 WHERE position = 13;"
        "UPDATE stored_events SET position = 13 WHERE position = -1;",
        12,
    ),
    "cut off": ("DELETE FROM stored_events WHERE position > 40", 41),
    "the last one gone": (
        "DELETE FROM stored_events WHERE position = (SELECT max(position) FROM stored_events)",
        None,
    ),
    "all gone": ("DELETE FROM stored_events", 1),
    "another put at the end": (
        "INSERT INTO stored_events SELECT max(position) + 1, originator_id || 'x', 1, topic, "
        "state, event_id || 'x', recorded_at FROM stored_events",
        None,
    ),
    "recorded later": (
        "UPDATE stored_events SET recorded_at = recorded_at + 1 WHERE position = 9",
        9,
    ),
}


@pytest.mark.parametrize("what", LOG)
def test_whoever_changes_the_log_and_not_the_tree_is_found_where_he_did(
    what, store, size, tmp_path
):
    statement, position = LOG[what]
    spoilt = changed(store, tmp_path / "s.db", statement)
    found = verified(spoilt)
    if position is None:
        position = size if what == "the last one gone" else size + 1
    assert found.first == position
    assert {each.part for each in found.failures} & {"events", "tree"}
    # and `check` does not say that all is well
    assert run("--db", spoilt, "check", "--json").status in (1, 3)
    ran = run("--db", spoilt, "verify", "--json")
    assert ran.status == 1
    assert json.loads(ran.out)["first_position"] == position


def test_an_edit_in_the_middle_names_that_event_alone(store, tmp_path):
    spoilt = changed(store, tmp_path / "s.db", LOG["edited"][0])
    said = [each for each in verified(spoilt).failures if each.part in ("events", "tree")]
    assert {each.position for each in said} == {31}


def rewritten(connection: sqlite3.Connection) -> None:
    """What somebody does who knows how the log is made."""
    at = "SELECT state FROM stored_events WHERE position = 31"
    envelope = json.loads(connection.execute(at).fetchone()[0])
    envelope["body"]["name"] = "Another"
    connection.execute(
        "UPDATE stored_events SET state = ? WHERE position = 31", (words.canonical(envelope),)
    )
    regrown(connection)


def test_whoever_computes_the_tree_anew_is_found_by_a_checkpoint_and_only_so(store, tmp_path):
    early, late = tmp_path / "early", tmp_path / "late"
    with opened(store) as connection:
        for file, at in ((early, 30), (late, 60)):
            hash = b64encode(stored_tree.root_at(connection, at)).decode()
            file.write_text(f"here\n{at}\n{hash}\n")
    spoilt = changed(store, tmp_path / "s.db", rewritten)
    alone = verified(spoilt)
    assert not [each for each in alone.failures if each.part in ("events", "tree")]
    ran = run("--db", spoilt, "verify", "--checkpoint", early, "--checkpoint", late, "--json")
    assert ran.status == 1
    one, other = json.loads(ran.out)["checkpoints"]
    assert (one["extends"], one["position"]) == (True, None)
    assert (other["extends"], other["position"]) == (False, 31)  # somewhere in 31 to 60
    assert "31 to 60" in other["message"]
    assert run("--db", store, "verify", "--checkpoint", early, "--checkpoint", late).status == 0


def test_an_older_copy_is_found_by_a_checkpoint_and_only_so(store, tmp_path):
    newer = tmp_path / "newer.db"
    shutil.copyfile(store, newer)
    at = ["--at", "2021-02-01T12:00Z"]
    assert run("--db", newer, "record", "note", "--text", "One more.", *at).status == 0
    assert run("--db", newer, "checkpoint", "-o", tmp_path / "kept").status == 0
    assert run("--db", store, "verify").status == 0
    ran = run("--db", store, "verify", "--checkpoint", tmp_path / "kept")
    assert ran.status == 1
    assert "an older copy was put back" in " ".join(ran.out.split())
    assert run("--db", newer, "verify", "--checkpoint", tmp_path / "kept").status == 0


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM disclosures WHERE rowid = 5", "are gone"),
        ("UPDATE disclosures SET value = '\"other\"' WHERE rowid = 5", "not those"),
        ("UPDATE disclosures SET value = value || ' ' WHERE rowid = 5", "not those"),
        ("UPDATE disclosures SET value = '{' WHERE rowid = 5", "not those"),
        ("UPDATE disclosures SET salt = salt || 'A' WHERE rowid = 5", "not those"),
        ("UPDATE disclosures SET field = 'text2' WHERE rowid = 5", "no event holds"),
        ("UPDATE disclosures SET position = position + 1 WHERE rowid = 5", "no event holds"),
        ("UPDATE disclosures SET position = 9999 WHERE rowid = 5", "no event holds"),
        ("UPDATE disclosures SET digest = 'x' WHERE rowid = 5", "no event holds"),
        ("INSERT INTO disclosures VALUES ('x', 3, 'note', 'salt', '1')", "no event holds"),
    ],
)
def test_words_that_were_changed_taken_or_added(statement, says, store, tmp_path):
    found = verified(changed(store, tmp_path / "s.db", statement))
    assert any(each.part == "words" and says in each.message for each in found.failures)


def test_words_that_were_never_here_are_no_finding(store, tmp_path):
    """A log that was exported without them is taken in as it is."""
    lines = run("--db", store, "export").out.splitlines()
    events = [json.loads(line) for line in lines]
    for event in events:
        event["data"]["disclosures"] = []
    (tmp_path / "bare.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    copy = tmp_path / "copy.db"
    ran = run("--db", copy, "import", "--keep-recorded", tmp_path / "bare.jsonl")
    assert ran.status == 0, ran.err
    found = verified(copy)
    assert not found.failures
    assert found.withheld > 100
    assert found.root == verified(store).root  # the same log, provably
    gone = changed(copy, tmp_path / "s.db", "DELETE FROM words_absent WHERE position = 5")
    assert verified(gone).first == 5


# --- every table, every column, every byte --------------------------------------------------------


def tables(store):
    with opened(store) as connection:
        rows = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
        )
        return [row[0] for row in rows]


def spoiling(connection: sqlite3.Connection, table: str):
    """Statements that change one value of each column, in a row near each end and in the middle."""
    info = connection.execute(f"PRAGMA table_info({table})").fetchall()
    columns = [row[1] for row in info]
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    key = ", ".join(row[1] for row in info if row[5]) if "WITHOUT ROWID" in sql else "rowid"
    count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    for place in sorted({0, count // 2, count - 1} - {-1}):
        row = f"({key}) = (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {place})"
        yield f"DELETE FROM {table} WHERE {row}"
        for column in columns:
            value = connection.execute(f"SELECT {column} FROM {table} WHERE {row}").fetchone()
            if value is None or value[0] is None:
                yield f"UPDATE {table} SET {column} = 7 WHERE {row}"
            elif isinstance(value[0], int):
                yield f"UPDATE {table} SET {column} = {column} + 1000003 WHERE {row}"
            elif isinstance(value[0], bytes):
                spoilt = bytearray(value[0])
                if spoilt:
                    spoilt[len(spoilt) // 2] ^= 1
                yield f"UPDATE {table} SET {column} = x'{spoilt.hex()}' WHERE {row}"
            else:
                yield f"UPDATE {table} SET {column} = {column} || 'x' WHERE {row}"


NAMES = (
    *RECORD, "view_state", "view_moment", "view_declaration", "view_part", "view_version",
    "view_subject", "view_retraction", "view_reign", "view_search", "view_search_fts_data",
    "view_search_fts_docsize", "view_search_fts_config", "view_service", "view_disruption",
    "view_effect", "view_stretch",
)  # fmt: skip


def test_every_table_is_spoilt(store):
    beyond = {"view_search_fts", "view_search_fts_idx", "view_withheld"}
    assert set(tables(store)) - beyond == set(NAMES)


@pytest.mark.parametrize("table", NAMES)
def test_a_change_in_any_table_is_found_or_changes_no_answer(table, store, tmp_path):
    with opened(store) as connection:
        statements = list(spoiling(connection, table))
    right = None
    for number, statement in enumerate(statements):
        target = tmp_path / f"{number}.db"
        try:
            changed(store, target, statement)
        except sqlite3.Error:
            continue  # the table itself refuses it
        if not is_found(target):
            assert content(target)["stored_events"] == content(store)["stored_events"], statement
            right = right or answers(store)
            assert answers(target) == right, statement
        target.unlink()


@pytest.mark.parametrize("part", range(6))
def test_any_byte_of_the_file_may_flip(part, store, tmp_path):
    """Found, or log, tree, words and view are to the letter what they were."""
    whole = store.read_bytes()
    right = content(store)
    target = tmp_path / "s.db"
    missed = []
    for number, place in enumerate(range(part, len(whole), 731)):
        if number % 6 != part:
            continue
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << number % 8
        target.write_bytes(spoilt)
        if not is_found(target) and content(target) != right:
            missed.append(place)
        for beside in tmp_path.glob("s.db-*"):
            beside.unlink()
    assert not missed


@pytest.mark.parametrize("place", range(0, 100, 1))
def test_any_byte_of_the_header_may_flip(place, store, tmp_path):
    spoilt = bytearray(store.read_bytes())
    spoilt[place] ^= 0xFF
    (tmp_path / "s.db").write_bytes(spoilt)
    if not is_found(tmp_path / "s.db"):
        assert content(tmp_path / "s.db") == content(store)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE tree_nodes",
        "DROP TABLE words_absent",
        "DROP INDEX disclosures_by_position",
        "PRAGMA user_version=1",
        "DROP TABLE disclosures",
        "DROP TABLE about",
        "DELETE FROM about",
        "UPDATE about SET value = 'x' WHERE key = 'id'",
        "INSERT INTO about VALUES ('copy_of', 'another')",
        "CREATE TRIGGER mine AFTER INSERT ON disclosures BEGIN DELETE FROM disclosures; END",
        "DROP TABLE view_state",
        "DROP INDEX idx_view_version_platform_id",
        "DELETE FROM view_search_fts",
    ],
)
def test_tables_that_were_dropped_or_added(statement, store, tmp_path):
    shutil.copyfile(store, tmp_path / "s.db")
    with opened(tmp_path / "s.db") as connection:
        connection.executescript(statement)
    assert is_found(tmp_path / "s.db")


@pytest.mark.parametrize("trigger", ["log_no_update", "words_no_update", "tree_dense"])
def test_a_trigger_that_is_missing_is_told(trigger, store, tmp_path):
    shutil.copyfile(store, tmp_path / "s.db")
    with opened(tmp_path / "s.db") as connection:
        connection.execute(f"DROP TRIGGER {trigger}")
    assert [each.message.split()[0] for each in verified(tmp_path / "s.db").failures] == [trigger]
