"""The ledger's promises, kept by every backend; and what may stand in the way of a store."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

import pytest
import rfc8785

from postmortem.core.errors import (
    NotAStore,
    OutcomeUnknown,
    StoreDamaged,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreProblem,
    StoreReadOnly,
)
from postmortem.core.times import END, AsOf
from postmortem.store import readmodel
from postmortem.store.opening import APPLICATION_ID
from postmortem.store.record import ViewRecord
from postmortem.testing import DAWN
from postmortem.testing.fields import NASTY
from postmortem.testing.ledgers import (
    SETTING,
    Clock,
    LedgerContract,
    append,
    down,
    tell,
)
from postmortem.tracker import Tracker

LOG = "position, originator_id, originator_version, topic, state, event_id, recorded_at"
NEXT = "(SELECT max(position) + 1 FROM stored_events)"
LATE = 2**62


class TestSQLite(LedgerContract):
    attacks = (
        "UPDATE stored_events SET state = x'7b7d' WHERE position = 2",
        "UPDATE stored_events SET position = 99 WHERE position = 6",
        "UPDATE OR REPLACE stored_events SET position = 5 WHERE position = 6",
        "UPDATE stored_events SET recorded_at = recorded_at - 1",
        "DELETE FROM stored_events WHERE position = 6",
        "DELETE FROM stored_events",
        *(
            f"INSERT OR {way} INTO stored_events ({LOG}) SELECT {changed} FROM stored_events"
            " WHERE position = 6"
            for way in ("REPLACE", "ABORT", "FAIL")
            for changed in (
                # all as it is; a position that is taken, or leaves a gap, or is no position
                LOG,
                f"6, 'other', 1, topic, state, 'other', {LATE}",
                f"9, 'other', 1, topic, state, 'other', {LATE}",
                f"0, 'other', 1, topic, state, 'other', {LATE}",
                f"-1, 'other', 1, topic, state, 'other', {LATE}",
                # an id or a version of a stream that is taken
                f"{NEXT}, 'other', 1, topic, state, event_id, {LATE}",
                f"{NEXT}, originator_id, originator_version, topic, state, 'other', {LATE}",
                f"{NEXT}, 'other', 0, topic, state, 'other', {LATE}",
                # recorded before the one before it
                f"{NEXT}, 'other', 1, topic, state, 'other', recorded_at - 1",
                # of another kind than it says
                f"{NEXT}, 'other', 1, topic, 'text', 'other', {LATE}",
            )
        ),
        "UPDATE disclosures SET value = '\"other words\"'",
        "INSERT OR REPLACE INTO disclosures SELECT digest, position, field, salt, '\"other words\"'"
        " FROM disclosures",
    )

    def place(self, folder):
        return str(folder / "record.db")

    def stranger(self, folder):
        return closing(sqlite3.connect(folder / "record.db", isolation_level=None))

    def test_its_bytes_are_those_of_rfc_8785(self, tmp_path):
        with self.opened(tmp_path) as ledger:
            notes = [down(f"n{count}", note=text) for count, text in enumerate(NASTY)]
            cited = [
                down(f"c{count}", cites=[f"press#{c}"]) for count, c in enumerate("é\u2028\x9b😀")
            ]
            tell(ledger, [*SETTING, *notes, *cited], by="somebody")
            for row in self.log(tmp_path):
                assert rfc8785.dumps(json.loads(row[4])) == row[4]

    def test_the_columns_say_what_the_envelope_says(self, tmp_path):
        with self.opened(tmp_path) as ledger:
            recorded = tell(ledger, [*SETTING, down("a")])
            for event, row in zip(recorded, self.log(tmp_path), strict=True):
                id = f"parler/{event.id}"
                assert row[:4] == (event.position, event.stream, event.version, event.type)
                assert row[5:] == (id, DAWN)

    def test_words_may_be_withdrawn_and_the_log_stays(self, tmp_path):
        with self.opened(tmp_path) as ledger:
            tell(ledger, [*SETTING, down("a", note="a name")])
            before = self.log(tmp_path)
            with ledger.writing() as writing:
                writing.connection.execute("DELETE FROM disclosures WHERE field = 'note'")
            assert self.log(tmp_path) == before
            with ledger.writing() as writing:
                body = ViewRecord(writing.connection, "parler").event("a")
            assert set(body["note"]) == {"sd"}
            assert "a name" not in str(self.rebuilt(ledger))

    def test_it_is_durable_and_open_to_its_owner_only(self, tmp_path):
        with self.opened(tmp_path) as ledger:
            with ledger.writing() as writing:
                found = {
                    name: writing.connection.execute(f"PRAGMA {name}").fetchone()[0]
                    for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
                }
            assert found == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "trusted_schema": 0,
            }
            assert (tmp_path / "record.db").stat().st_mode & 0o777 == 0o600

    def test_the_environment_does_not_change_it(self, tmp_path, monkeypatch):
        for name, value in {
            "SQLITE_DBNAME": str(tmp_path / "other.db"),
            "PERSISTENCE_MODULE": "eventsourcing.popo",
            "COMPRESSOR_TOPIC": "zlib",
            "CIPHER_KEY": "a key",
            "MAPPER_TOPIC": "eventsourcing.persistence:Mapper",
            "CREATE_TABLE": "yes",
            "POSTMORTEM_SQLITE_DBNAME": str(tmp_path / "other.db"),
        }.items():
            monkeypatch.setenv(name, value)
        with self.opened(tmp_path) as ledger:
            tell(ledger, SETTING)
            assert len(self.log(tmp_path)) == len(SETTING)
        assert not (tmp_path / "other.db").exists()

    def test_every_store_has_an_identity_that_stays(self, tmp_path):
        with self.opened(tmp_path) as ledger:
            identity = ledger.identity
        with self.opened(tmp_path) as ledger:
            assert ledger.identity == identity
        (tmp_path / "other").mkdir()
        with self.opened(tmp_path / "other") as ledger:
            assert ledger.identity != identity


# --- what may stand in the way ------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    """A store with a few events, closed."""
    path = tmp_path / "record.db"
    with Tracker(str(path), clock=Clock()) as tracker:
        tracker.record([*SETTING, down("a", note="words")])
    return path


def ask(path):
    with Tracker(str(path), clock=Clock()) as tracker:
        platform = tracker.platform()
        return tracker.picture(platform, AsOf(END)).state(AsOf(DAWN)).document()


def record(path):
    with Tracker(str(path), clock=Clock()) as tracker:
        return tracker.record([down("b")])


def statement(path, *sql):
    with closing(sqlite3.connect(path)) as connection, connection:
        for each in sql:
            connection.execute(each)


ANSWER = {
    "aws": "unavailable",
    "okta": "operational",
}


def answered(path):
    return {id: state["status"] for id, state in ask(path)["services"].items()} == ANSWER


def test_there_is_no_store(tmp_path):
    with pytest.raises(StoreMissing, match=r"no store at .*nowhere\.db"):
        ask(tmp_path / "nowhere.db")
    with pytest.raises(StoreMissing, match="no folder"):
        record(tmp_path / "no" / "folder.db")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("use", [ask, record])
def test_a_newer_program_wrote_it(store, use):
    statement(store, "PRAGMA user_version=99")
    before = store.read_bytes()
    with pytest.raises(StoreNewer, match="newer version"):
        use(store)
    assert store.read_bytes() == before


@pytest.mark.parametrize("use", [ask, record])
@pytest.mark.parametrize("what", ["text", "another database", "an emptied one", "folder"])
def test_it_is_no_store(tmp_path, use, what):
    path = tmp_path / "other"
    if what == "text":
        path.write_text("casebook: 1\n" * 1000, encoding="utf-8")
    elif what == "another database":
        statement(path, "CREATE TABLE stored_events (position)")
    elif what == "an emptied one":
        statement(path, f"PRAGMA application_id={APPLICATION_ID}", "CREATE TABLE a (b)")
    else:
        path.mkdir()
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(NotAStore, match=r"no store|no file"):
        use(path)
    assert before is None or path.read_bytes() == before


def overwrite(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))


@pytest.mark.parametrize("use", [ask, record])
def test_its_pages_are_damaged(store, use):
    data = bytearray(store.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    store.write_bytes(data)
    with pytest.raises(StoreDamaged, match="damaged"):
        use(store)


@pytest.mark.parametrize("use", [ask, record])
def test_it_is_cut_short(store, use):
    data = store.read_bytes()
    store.write_bytes(data[: len(data) // 2 // 4096 * 4096])
    with pytest.raises(StoreDamaged, match="damaged"):
        use(store)


@pytest.mark.parametrize("use", [ask, record])
def test_what_the_log_holds_is_no_event(store, use):
    statement(store, "UPDATE view_state SET schema = 0")  # it has to be read anew
    overwrite(store, b'{"body":{"at":{"earliest"', b'{"body":["at",{"earliest"')
    with pytest.raises(StoreDamaged, match="damaged"):
        use(store)


def test_somebody_else_is_writing(store):
    other = sqlite3.connect(store, isolation_level=None)
    with Tracker(str(store), clock=Clock()) as tracker, closing(other):
        with tracker._open_ledger().writing() as writing:
            writing.connection.execute("PRAGMA busy_timeout=0")  # it would wait for half a minute
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked, match="another process is writing"):
            tracker.record([down("b")])
        assert answered(store)  # asking goes on
        other.execute("ROLLBACK")
        assert tracker.record([down("b")]).recorded == 1


def fill(ledger):
    with ledger.writing() as writing:
        writing.connection.execute("PRAGMA max_page_count=1")  # that is: no more than there are
        for count in range(1000):
            append(writing, down(f"x{count}", note="words" * 1000))


def test_the_disk_is_full(store):
    with Tracker(str(store), clock=Clock()) as tracker:
        ledger = tracker._open_ledger()
        with pytest.raises(StoreFull, match="no room left"):
            fill(ledger)
        with ledger.writing() as writing:
            writing.connection.execute("PRAGMA max_page_count=1000000")
    assert answered(store)
    with Tracker(str(store), clock=Clock()) as tracker:
        assert tracker.record([down("b")]).events[0].position == len(SETTING) + 2


@contextmanager
def only_reading(folder):
    """Nobody may write in the folder: not the owner, and where the tests run as root nobody else.

    Root may write wherever it likes; so it becomes somebody else meanwhile.
    """
    import sqlite_utils  # noqa: F401 - what is loaded late may be out of that person's reach

    files = [*folder.iterdir()]
    for file in files:
        file.chmod(0o444)
    folder.chmod(0o555)
    somebody = os.geteuid() == 0
    try:
        if somebody:
            os.seteuid(65534)
        yield
    finally:
        if somebody:
            os.seteuid(0)
        folder.chmod(0o755)
        for file in files:
            file.chmod(0o644)


@pytest.fixture
def shelf(store):
    """The same store where it can be seen by everybody; pytest's own folders are the owner's."""
    import tempfile

    folder = Path(tempfile.mkdtemp())
    try:
        shutil.copy(store, folder / "record.db")
        yield folder / "record.db"
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("view", ["current", "old", "behind", "missing"])
def test_a_store_that_may_only_be_read_answers(shelf, view):
    if view == "old":
        statement(shelf, "UPDATE view_state SET schema = 0", "DELETE FROM view_reign")
    elif view == "behind":
        statement(shelf, "UPDATE view_state SET position = 0", *emptied())
    elif view == "missing":
        statement(shelf, *(f"DROP TABLE {name}" for name in readmodel.TABLES))
    before = shelf.read_bytes()
    with only_reading(shelf.parent):
        assert answered(shelf)
        with pytest.raises(StoreReadOnly, match="may only be read"):
            record(shelf)
        assert [file.name for file in shelf.parent.iterdir()] == ["record.db"]
    assert shelf.read_bytes() == before
    assert record(shelf).recorded == 1
    assert answered(shelf)


def emptied():
    return [
        f"DELETE FROM {name}"
        for name in (*readmodel.TABLES, *readmodel.SCHEMA)
        if name != "view_state"
    ]


@pytest.mark.parametrize("view", ["old", "behind", "missing"])
def test_an_old_view_is_made_anew_by_whoever_asks(store, view):
    if view == "old":
        statement(store, "UPDATE view_state SET schema = 1", "DELETE FROM view_reign")
    elif view == "behind":
        statement(store, "UPDATE view_state SET position = 0", *emptied())
    else:
        statement(store, *(f"DROP TABLE {name}" for name in readmodel.TABLES))
    assert answered(store)
    with closing(sqlite3.connect(store)) as connection:
        found = readmodel.rows(connection)
        readmodel.rebuild(connection)
        assert readmodel.rows(connection) == found


def test_the_outcome_is_unknown_only_where_it_is(store, monkeypatch):
    """A commit that fails after the fact, and one that fails before it."""
    import eventsourcing.sqlite as es

    commit = es.SQLiteConnection.commit

    def committed_and_failed(self):
        commit(self)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(es.SQLiteConnection, "commit", committed_and_failed)
    with pytest.raises(OutcomeUnknown, match="failed while committing"):
        record(store)

    def failed(self):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(es.SQLiteConnection, "commit", failed)
    with Tracker(str(store), clock=Clock()) as tracker, pytest.raises(StoreProblem, match="fails"):
        tracker.record([down("c")])
    monkeypatch.undo()
    with Tracker(str(store), clock=Clock()) as tracker:
        assert tracker.record([down("b"), down("d")]).recorded == 1


def test_a_write_inside_a_write_is_refused_and_does_not_wait_for_itself(tmp_path):
    said = []

    def nested():
        with Tracker(str(tmp_path / "s.db")) as tracker:
            tracker.record(())
            with tracker._open_ledger().writing(), pytest.raises(StoreProblem):
                tracker.record(())
            said.append("refused")

    thread = Thread(target=nested, daemon=True)  # what waits for itself would wait for ever
    thread.start()
    thread.join(30)
    assert said == ["refused"]
