"""The log on a PostgreSQL server: the same promises as in a file, and those of a server's own."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import threading
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import psycopg
import pytest
from cli.door import complaint, environment, run
from cli.test_completion import answered, completed
from cli.test_loading import HEAVY, loaded
from store.copies import broken_off

from postmortem.core.errors import StoreLocked, StoreReadOnly
from postmortem.store import (
    backends,
    copying_files,
    postgres_log,
    view_files,
)
from postmortem.store.backends import Address
from postmortem.store.follower import Follower
from postmortem.testing.ledgers import SETTING, Clock, LedgerContract, down, tell
from postmortem.tracker import Tracker

LOG = "position, originator_id, originator_version, topic, state, event_id, recorded_at"
NEXT = "(SELECT max(position) + 1 FROM stored_events)"
LATE = 2**62
EXTRA = ("copying_servers", "follower", "postgres", "postgres_log", "server")
"""Modules that need the driver."""


def schema_of(folder) -> str:
    """A schema for each test's folder."""
    return "s" + hashlib.sha256(str(folder).encode()).hexdigest()[:16]


class TestPostgres(LedgerContract):
    attacks = (
        "UPDATE stored_events SET state = '{}' WHERE position = 2",
        "UPDATE stored_events SET position = 99 WHERE position = 6",
        "UPDATE stored_events SET recorded_at = recorded_at - 1",
        "DELETE FROM stored_events WHERE position = 6",
        "DELETE FROM stored_events",
        "TRUNCATE stored_events",
        *(
            f"INSERT INTO stored_events ({LOG}) SELECT {changed} FROM stored_events"
            f" WHERE position = 6 {way}"
            for way in (
                "",
                "ON CONFLICT (position) DO UPDATE SET state = excluded.state, recorded_at = 0",
            )
            for changed in (
                LOG,
                f"6, 'other', 1, topic, state, 'other', {LATE}",
                f"9, 'other', 1, topic, state, 'other', {LATE}",
                f"0, 'other', 1, topic, state, 'other', {LATE}",
                f"-1, 'other', 1, topic, state, 'other', {LATE}",
                f"{NEXT}, 'other', 1, topic, state, event_id, {LATE}",
                f"{NEXT}, originator_id, originator_version, topic, state, 'other', {LATE}",
                f"{NEXT}, 'other', 0, topic, state, 'other', {LATE}",
                f"{NEXT}, 'other', 1, topic, state, 'other', recorded_at - 1",
            )
        ),
        "UPDATE disclosures SET value = '\"other words\"'",
        "TRUNCATE disclosures",
        "INSERT INTO disclosures SELECT * FROM disclosures LIMIT 1"
        " ON CONFLICT (digest) DO UPDATE SET value = 'other'",
    )

    @pytest.fixture(autouse=True)
    def _server(self, postgres):
        self.postgres = postgres

    def place(self, folder):
        return self.postgres.url(schema_of(folder))

    def stranger(self, folder):
        return closing(self.postgres.connect(schema_of(folder)))

    @contextmanager
    def inside(self, folder, ledger):
        with ledger.writing():
            pass
        yield ledger._server  # the same user, the same settings

    def test_words_that_are_withdrawn_are_gone_from_the_view_of_every_host(
        self, tmp_path, monkeypatch
    ):
        def views():
            folder = Path(os.environ["XDG_CACHE_HOME"]) / "postmortem" / "views"
            return b"".join(file.read_bytes() for file in folder.iterdir())

        place = self.place(tmp_path)
        with Tracker(place, by="somebody") as tracker:
            tracker.record([*SETTING, down("a", note="a name that shall be forgotten")])
        hosts = [tmp_path / "one", tmp_path / "two"]
        for host in hosts:
            monkeypatch.setenv("XDG_CACHE_HOME", str(host))
            assert_searched(place, "forgotten", 1)
            assert b"shall be forgotten" in views()
        with self.opened(tmp_path) as ledger, ledger.writing() as writing:
            writing.withdraw(len(SETTING) + 1, "note")
        with self.stranger(tmp_path) as connection:  # also without postmortem
            connection.execute("DELETE FROM disclosures WHERE field = 'recorded_by'")
        for host in hosts:
            monkeypatch.setenv("XDG_CACHE_HOME", str(host))
            assert_searched(place, "forgotten", 0)
            with Tracker(place) as tracker:
                envelope, said = [*tracker.view.log()][-1]
                assert envelope["id"] == "a"
                assert said == []
            with closing(sqlite3.connect(newest(place))) as view:
                view.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            assert b"shall be forgotten" not in views()
            assert b"somebody" not in views()

    def test_the_library_sees_the_log_by_its_own_means(self, tmp_path):
        with self.opened(tmp_path) as ledger:
            recorded = tell(ledger, [*SETTING, down("a")])
            recorder = ledger._log.recorder
            assert recorder.max_notification_id() == len(recorded)
            found = recorder.select_notifications(2, 3)
            assert [each.id for each in found] == [2, 3, 4]
            after = recorder.select_notifications(2, 1, inclusive_of_start=False)
            assert [each.id for each in after] == [3]
            assert [ledger._log.mapper.to_domain_event(each) for each in found] == recorded[1:4]
            with pytest.raises(NotImplementedError):
                recorder.insert_events([])

    def test_the_environment_does_not_change_it(self, tmp_path, monkeypatch):
        for name, value in {
            "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
            "POSTGRES_SCHEMA": "elsewhere",
            "PERSISTENCE_MODULE": "eventsourcing.popo",
            "CREATE_TABLE": "yes",
            "COMPRESSOR_TOPIC": "zlib",
        }.items():
            monkeypatch.setenv(name, value)
        with self.opened(tmp_path) as ledger:
            assert not ledger._log.recorder.datastore.enable_db_functions
            tell(ledger, SETTING)
        assert len(self.log(tmp_path)) == len(SETTING)
        functions = "SELECT proname FROM pg_proc WHERE proname LIKE 'es_insert%'"
        assert self.rows(tmp_path, functions) == []

    def test_many_make_it_at_once(self, tmp_path):
        found = []

        def make():
            with self.opened(tmp_path) as ledger:
                found.append((ledger.identity, len(tell(ledger, SETTING))))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({identity for identity, _ in found}) == 1
        assert sorted(count for _, count in found) == [0, 0, 0, len(SETTING)]

    def test_a_write_of_ours_waits_for_the_lock_and_says_so(self, tmp_path, monkeypatch):
        monkeypatch.setattr(postgres_log, "LOCK_TIMEOUT", 1)
        with self.opened(tmp_path) as ledger:
            tell(ledger, SETTING)
            with (
                self.opened(tmp_path) as other,
                other.writing(),
                pytest.raises(StoreLocked, match="another process is writing"),
            ):
                tell(ledger, [down("a")])
            assert len(tell(ledger, [down("a")])) == 1


def newest(place) -> str:
    """The view's file on this machine."""
    with Follower(Address.read(place)) as follower:
        return follower.file()


def assert_searched(place, word, count):
    ran = run("--db", place, "search", word, "--json")
    assert len(ran.json["hits"]) == count, ran.out


# --- who may do what ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def roles(postgres):
    """A store made as `postgres-setup` has it, and one login of each role."""
    script = run("postgres-setup", "--schema", "shared", "--roles", "shared").out
    postgres.execute(script)
    for role in ("reader", "writer", "eraser"):
        postgres.execute(f"CREATE ROLE {role} LOGIN; GRANT shared_{role} TO {role}")
    postgres.execute("CREATE ROLE nobody_special LOGIN")
    book = recorded_book()
    with Tracker(postgres.url("shared", user="writer")) as tracker:
        tracker.record(book)
    return postgres


def recorded_book():
    return [*SETTING, down("a", note="words of a note")]


MAY = {
    "SELECT count(*) FROM stored_events": ("reader", "writer", "eraser"),
    "SELECT count(*) FROM disclosures": ("reader", "writer", "eraser"),
    "INSERT INTO about VALUES (gen_random_uuid()::text, 'x')": ("writer", "eraser"),
    f"INSERT INTO stored_events ({LOG}) VALUES ({NEXT}, 'new', 1, 't', '{{}}', 'new', {LATE})": (
        "writer",
        "eraser",
    ),
    "INSERT INTO disclosures VALUES ('d', 1, 'f', 's', 'v')": ("writer", "eraser"),
    "INSERT INTO words_absent VALUES ('d', 1)": ("writer", "eraser"),
    "LISTEN postmortem_shared": ("reader", "writer", "eraser", "nobody_special"),
    "DELETE FROM disclosures WHERE digest = 'none'": ("eraser",),
    "DELETE FROM disclosures WHERE field = 'author'": ("eraser",),
    "UPDATE stored_events SET state = '{}'": (),
    "DELETE FROM stored_events": (),
    "TRUNCATE stored_events": (),
    "UPDATE disclosures SET value = 'x'": (),
    "TRUNCATE disclosures": (),
    "UPDATE about SET value = 'x'": (),
    "DELETE FROM about": (),
    "INSERT INTO withdrawals VALUES (9, 'x')": (),
    "DELETE FROM withdrawals": (),
    "ALTER TABLE stored_events DISABLE TRIGGER ALL": (),
    "DROP TRIGGER log_next ON stored_events": (),
    "DROP TABLE stored_events": (),
    "CREATE TABLE more (x int)": (),
    "SET session_replication_role = replica": (),
}


@pytest.mark.parametrize("role", ["reader", "writer", "eraser", "nobody_special"])
@pytest.mark.parametrize("statement", MAY)
def test_each_role_may_do_its_part_and_no_more(roles, statement, role):
    with closing(roles.connect("shared", user=role)) as connection:
        connection.execute("BEGIN")
        if role in MAY[statement]:
            connection.execute(statement)
        else:
            with pytest.raises(psycopg.Error) as caught:
                connection.execute(statement)
            assert caught.value.sqlstate in ("42501", "42P01", "3F000", "23000"), caught.value
        connection.execute("ROLLBACK")


def test_a_reader_asks_and_is_told_what_it_may_not(roles, tmp_path):
    book = tmp_path / "book.yaml"
    book.write_text(
        "casebook: 1\nplatform: {id: parler}\nservices: {more: {}}\nevents: []\n", "utf-8"
    )
    reader = roles.url("shared", user="reader")
    assert run("--db", reader, "state", "--json").json["services"]["aws"]["status"] == "unavailable"
    said = complaint(run("--db", reader, "import", book), 3)
    assert "may not do this" in said
    assert "postgres-setup" in said
    assert run("--db", roles.url("shared", user="writer"), "import", book).status == 0
    said = complaint(run("--db", roles.url("shared", user="nobody_special"), "state"), 3)
    assert "may not" in said or "no store" in said


def test_only_an_eraser_withdraws(roles):
    for role, refused in (("writer", True), ("eraser", False)):
        ledger = backends.open_ledger(roles.url("shared", user=role), Clock())
        with closing(ledger):
            expected = pytest.raises(StoreReadOnly) if refused else nullcontext()
            with expected, ledger.writing() as writing:
                writing.withdraw(len(SETTING) + 1, "note")


# --- what may stand in the way --------------------------------------------------------------------


@pytest.fixture
def place(postgres, tmp_path):
    """A store with a few events, and a view of it on this machine."""
    place = postgres.url(schema_of(tmp_path))
    with Tracker(place, clock=Clock()) as tracker:
        tracker.record(recorded_book())
    return place


def test_there_is_no_store_no_schema_no_database_no_server(postgres, tmp_path):
    said = complaint(run("--db", postgres.url("nothing"), "state"), 3)
    assert "there is no store at" in said
    assert "postgres-setup" in said
    url = postgres.url().replace("/postgres?", "/elsewhere?")
    said = complaint(run("--db", url, "state"), 3)
    assert "there is no database" in said
    assert "createdb" in said
    url = f"postgresql://admin:topsecret@/postgres?host={tmp_path}&password=topsecret"
    for words in (["state"], ["status"], ["import", "/dev/null"], ["rebuild"], ["where"]):
        ran = run("--db", url, *words)
        assert "cannot be reached" in ran.err or words[0] == "import"
        assert "topsecret" not in ran.out + ran.err


def test_a_newer_program_made_it(postgres, place, tmp_path):
    postgres.execute(f"UPDATE {schema_of(tmp_path)}.about SET value = '99' WHERE key = 'log'")
    for words in (["state"], ["status"], ["rebuild"]):
        assert "newer version" in complaint(run("--db", place, *words), 3)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:topsecret@h/d?sslmode=nonsense&schema=x",
        "postgresql://u:topsecret@h:no-port/d",
        "postgresql://u:topsecret@h/d?no=such&parameter=there",
        "postgresql://u:topsecret@h/d?schema=Robert'); DROP TABLE",
        "postgresql://u:topsecret@h/d?deadline=soon",
        "postgresql://u:topsecret@h/d?x",
        "postgresql://u:topsecret@[h/d",
        "mysql://u:topsecret@h/d",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_its_password_not_shown(url):
    for words in (["state"], ["where"], ["status"], ["copy", url, "x.db"]):
        ran = run("--db", url, *words)
        assert ran.status in (2, 3) or words == ["where"], (words, ran)
        assert "topsecret" not in ran.out + ran.err
        assert "Traceback" not in ran.err
        assert ran.err.startswith("postmortem: ")


def test_a_password_is_neither_shown_nor_stored(postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = postgres.url(schema_of(tmp_path)).replace("admin@", "admin:topsecret@")
    with Tracker(place) as tracker:
        tracker.record(SETTING)
    said = ""
    for words in (["where"], ["where", "--json"], ["status"], ["status", "--json"], ["rebuild"],
                  ["export"], ["copy", place, tmp_path / "copy.db"]):  # fmt: skip
        ran = run("--db", place, *words)
        assert ran.status == 0
        said += ran.out + ran.err
    assert "postgresql://admin@/postgres" in said
    assert "topsecret" not in said
    assert not [file for file in tmp_path.rglob("*") if file.is_file()
                and b"topsecret" in file.read_bytes()]  # fmt: skip


def test_the_view_answers_where_the_server_is_gone_and_says_so(postgres, place, monkeypatch):
    before = run("--db", place, "state", "--json")
    real = psycopg.connect

    def refused(*arguments, **options):
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(psycopg, "connect", refused)
    after = run("--db", place, "state", "--at", before.json["at"], "--json")
    assert after.json == before.json
    assert "cannot be reached" in after.err
    assert f"ends at position {len(SETTING) + 1}" in after.err
    status = run("--db", place, "status")
    assert status.status == 3
    assert "cannot be asked" in status.out
    assert "cannot be reached" in status.err
    monkeypatch.setattr(psycopg, "connect", real)
    assert run("--db", place, "status").status == 0


def test_what_this_machine_has_seen_is_verified_where_the_server_is_gone(
    postgres, place, tmp_path, monkeypatch
):
    """As the help of each says; a backup is of the server itself, or is none."""
    before = run("--db", place, "verify", "--json").json

    def refused(*arguments, **options):
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(psycopg, "connect", refused)
    after = run("--db", place, "verify", "--json")
    assert (after.status, after.json) == (0, before)
    assert "cannot be reached" in after.err
    made = run("--db", place, "checkpoint")
    assert made.status == 0
    assert "cannot be reached" in made.err
    assert before["root"] in made.out
    assert "cannot be reached" in complaint(run("--db", place, "backup", tmp_path / "b.db"), 3)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert "cannot be reached" in complaint(run("--db", place, "verify"), 3)


def test_the_driver_is_missing(monkeypatch, tmp_path):
    for name in [name for name in sys.modules if name.startswith("postmortem.store.")]:
        if name.rpartition(".")[2] in EXTRA:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = complaint(run("--db", "postgresql://h/d", "state"), 3)
    assert "psycopg" in said
    assert "pip install 'postmortem-record[postgres]'" in said


# --- the view -------------------------------------------------------------------------------------


def test_a_shell_is_answered_by_the_view_on_this_machine(place):
    """It takes neither the driver nor anything else of weight: the server cannot be asked."""
    assert answered(place, "postmortem record service-restored --ends a") == "plain,a"
    assert answered(place, "postmortem state --platform p") == "plain,parler"
    assert "plain,note" in answered(place, "postmortem redact a n")


def test_a_shell_is_told_what_was_seen_last_and_nobody_is_waited_for(place, tmp_path, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
        with Tracker(place, clock=Clock()) as tracker:
            tracker.record([down("b")])
    tried = []
    monkeypatch.setattr(psycopg, "connect", lambda *given, **how: tried.append(given))
    assert completed(place, "record service-restored --ends") == ["a"]
    assert completed(f"{place}&deadline=9", "retract") == ["a"]  # it is the same store
    assert completed(place.replace("admin@", "admin:secret@"), "retract") == ["a"]
    with closing(sqlite3.connect(newest_at_hand(place), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")  # as somebody who brings it up to date
        assert completed(place, "retract") == ["a"]
        writer.execute("UPDATE view_state SET schema = -1")
        writer.execute("COMMIT")
    assert completed(place, "retract") == []  # of another version
    assert not tried


def test_a_machine_that_has_seen_nothing_completes_nothing(place, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(psycopg, "connect", lambda *given, **how: pytest.fail("it was asked"))
    assert completed(place, "retract") == []
    assert completed(place, "redact a") == []
    assert completed("postgresql://h:no-port/d?x", "retract") == []
    assert not (tmp_path / "elsewhere").exists()  # and nothing was made for it
    views = tmp_path / "elsewhere" / "postmortem" / "views"
    views.mkdir(parents=True)
    (views / "other.1.db").write_bytes(b"no database at all" * 100)
    assert completed(place, "retract") == []


def newest_at_hand(place) -> str:
    """The view's file on this machine, as it stands."""
    found = view_files.at_hand(backends.shown(place))
    assert found is not None
    return found


def test_another_host_sees_what_was_recorded_and_loads_nothing_to_see_it(place, monkeypatch):
    env = {**environment(), "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]}
    found = loaded("--db", place, "state", "--json", env=env)
    assert "psycopg" in found
    assert not found & (HEAVY - {"platformdirs"})


def test_a_damaged_view_is_thrown_away_and_made_anew(place):
    before = run("--db", place, "export").out
    file = Path(newest(place))
    data = bytearray(file.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    file.write_bytes(data)
    ran = run("--db", place, "export")
    assert (ran.status, ran.out) == (0, before)
    assert Path(newest(place)) != file
    assert not file.exists()


def test_a_log_that_lost_events_is_noticed_and_what_was_seen_is_kept(postgres, place, tmp_path):
    """As after a failover to a standby that lagged, or a backup that was played back."""
    file = Path(newest(place))
    schema = schema_of(tmp_path)
    postgres.execute(
        f"ALTER TABLE {schema}.stored_events DISABLE TRIGGER ALL;"
        f"DELETE FROM {schema}.stored_events WHERE position > 4;"
        f"DELETE FROM {schema}.disclosures WHERE position > 4;"
        f"ALTER TABLE {schema}.stored_events ENABLE TRIGGER ALL"
    )
    ran = run("--db", place, "log", "--json")
    assert ran.status == 0
    assert len(ran.json["log"]) == 4
    assert "has lost events" in ran.err
    assert str(file) in ran.err
    kept = Path(f"{file}.kept")
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT count(*) FROM stored_events").fetchone() == (6,)
    with Tracker(place, clock=Clock()) as tracker:
        assert tracker.record([down("other")]).events[0].position == 5
    assert not run("--db", place, "log", "--json").err


def test_nobody_records_in_a_view(place, tmp_path):
    file = newest(place)
    (tmp_path / "book.yaml").write_text("casebook: 1\nplatform: {id: q}\nevents: []\n")
    said = complaint(run("--db", file, "import", tmp_path / "book.yaml"), 3)
    assert "is a view of postgresql://" in said


# --- copying --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["to the server", "to a file", "between servers"])
def test_a_copy_is_the_same_to_the_byte_and_answers_the_same(postgres, place, tmp_path, way):
    source, target = place, str(tmp_path / "copy.db")
    if way == "to the server":
        source = str(tmp_path / "source.db")
        assert run("copy", place, source).status == 0
    if way != "to a file":
        target = postgres.url(f"copy_{way[0]}{schema_of(tmp_path)}")
    ran = run("copy", source, target, "--json")
    assert ran.json["events"] == len(SETTING) + 1
    assert ran.json["resumed"] == 0
    assert ran.json["recorded_meanwhile"] == 0
    at = "2021-02-01T00:00Z"
    for words in (["export"], ["state", "--at", at, "--json"], ["log", "--json"]):
        assert run("--db", target, *words).out == run("--db", source, *words).out
    assert run("--db", target, "where", "--json").json["copy_of"] == backends.shown(source)
    # again: it is a store by now, and no copy that broke off
    said = complaint(run("copy", source, target), 2)
    assert "exists already" in said or "holds events already" in said
    # and it is written to like any other
    with Tracker(target, clock=Clock()) as tracker:
        assert tracker.record([down("more")]).events[0].position == len(SETTING) + 2


@pytest.mark.parametrize("kind", ["file", "server"])
@pytest.mark.parametrize("place_of_break", [1, 3, 5])
def test_a_copy_that_breaks_off_is_gone_on_with(postgres, place, tmp_path, kind, place_of_break):
    target = (
        str(tmp_path / "copy.db") if kind == "file" else postgres.url(f"b{schema_of(tmp_path)}")
    )
    broken_off(place, target, place_of_break)
    # meanwhile it is no store
    if kind == "file":
        assert not Path(target).exists()
    else:
        assert "a copy that is not finished" in complaint(run("--db", target, "state"), 3)
        assert "not finished" in str(run("--db", target, "status", "--json").json["remarks"])
        assert "not finished" in complaint(run("copy", target, tmp_path / "z.db"), 3)
    # words that are withdrawn at the source in between are not kept by the copy
    postgres.execute(f"DELETE FROM {schema_of(tmp_path)}.disclosures WHERE field = 'author'")
    ran = run("copy", place, target, "--json")
    assert ran.json["resumed"] == place_of_break
    assert run("--db", target, "export").out == run("--db", place, "export").out
    assert not list(tmp_path.glob("*.part*"))


def test_a_copy_of_another_log_is_not_gone_on_with(postgres, place, tmp_path, monkeypatch):
    with Tracker(str(tmp_path / "other.db"), clock=Clock()) as tracker:
        tracker.record(SETTING)
    target = str(tmp_path / "copy.db")

    def breaks(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copying_files.SQLiteTarget, "finish", breaks)
        assert run("copy", place, target).status == 130
    assert "needs an empty store" in complaint(run("copy", tmp_path / "other.db", target), 2)
    assert "into itself" in complaint(run("copy", place, place), 2)
    assert run("copy", place, target).status == 0


# --- evidence: the tree, proofs, words that are withdrawn -----------------------------------------


def root_of(place):
    return run("--db", place, "verify", "--json").json["root"]


def test_the_tree_is_that_of_a_file_with_the_same_log(postgres, place, tmp_path, monkeypatch):
    run("copy", place, tmp_path / "copy.db")
    assert root_of(tmp_path / "copy.db") == root_of(place)
    assert run("--db", place, "verify").status == 0
    run("--db", place, "checkpoint", "-o", tmp_path / "then.checkpoint")
    with Tracker(place, clock=Clock()) as tracker:  # it grows with what is recorded here …
        tracker.record([down("later")])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))  # … and with what is not
    extended = run("--db", place, "verify", "--checkpoint", tmp_path / "then.checkpoint")
    assert extended.status == 0
    proof = tmp_path / "later.tlog-proof"
    assert run("--db", place, "prove", "later", "-o", proof).status == 0
    assert run("verify-proof", proof).status == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE stored_events SET topic = 'other' WHERE position = 3", "event 3 on the server"),
        ("UPDATE disclosures SET value = '\"x\"' WHERE position = 2", "words of event 2 on the"),
        ("DELETE FROM stored_events WHERE position = (SELECT max(position) FROM stored_events)",
         "on the server"),
    ],
)  # fmt: skip
def test_verifying_finds_what_was_changed_on_the_server(postgres, place, tmp_path, change, told):
    assert run("--db", place, "verify").status == 0
    with closing(postgres.connect(schema_of(tmp_path))) as connection:
        connection.execute("SET session_replication_role = replica")  # no trigger refuses it
        connection.execute(change)
    ran = run("--db", place, "verify")
    assert ran.status == 1
    assert told in " ".join(ran.out.split())


def test_words_are_withdrawn_on_the_server_with_the_event_that_says_so(
    postgres, tmp_path, monkeypatch
):
    place, schema = postgres.url(schema_of(tmp_path)), schema_of(tmp_path)
    with Tracker(place, by="somebody") as tracker:
        tracker.record([*SETTING, down("a", note="a name that shall be forgotten")])
    there = tmp_path / "elsewhere"
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(there))
        assert_searched(place, "forgotten", 1)
    root = root_of(place)
    why = ("--reason", "asked", "--basis", "consent")
    ran = run("--db", place, "redact", "a", "note", *why, "--json")
    assert ran.status == 0
    assert ran.json["erased"]
    assert any("VACUUM" in where for where in ran.json["beyond_reach"])
    rows = postgres.execute(f"SELECT value FROM {schema}.disclosures")
    assert not any("forgotten" in value for (value,) in rows)
    topics = postgres.execute(f"SELECT topic FROM {schema}.stored_events ORDER BY position")
    assert topics[-1] == ("words-withheld/1",)
    assert b"forgotten" not in Path(newest(place)).read_bytes()
    verified = run("--db", place, "verify", "--json")
    assert verified.status == 0, verified.out
    assert verified.json["root"] != root
    assert "withheld: asked" in run("--db", place, "show", "a").out
    monkeypatch.setenv("XDG_CACHE_HOME", str(there))
    assert_searched(place, "forgotten", 0)
    assert run("--db", place, "verify").status == 0
    assert "redact --finish" in run("--db", place, "check").err
    assert run("--db", place, "redact", "--finish").status == 0
    assert "redact --finish" not in run("--db", place, "check").err
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "third"))  # which never held them
    assert "redact --finish" not in run("--db", place, "check").err
    copy = tmp_path / "copy.db"
    assert run("copy", place, copy).status == 0
    assert run("--db", copy, "verify").status == 0
    assert "redact --finish" not in run("--db", copy, "check").err


def test_who_may_not_delete_withdraws_nothing(roles):
    held = "SELECT count(*) FROM shared.stored_events, shared.disclosures"
    before = roles.execute(held)
    words = ("redact", "source:press", "title", "--reason", "asked", "--basis", "consent")
    said = complaint(run("--db", roles.url("shared", user="writer"), *words), 3)
    assert "may not do this" in said
    assert roles.execute(held) == before
    assert run("--db", roles.url("shared", user="eraser"), *words).status == 0
    assert roles.execute(held) != before


def test_a_log_that_lacks_words_says_so_on_every_host(postgres, tmp_path, monkeypatch):
    with Tracker(str(tmp_path / "first.db"), by="somebody") as tracker:
        tracker.record([*SETTING, down("a", note="not for the public")])
    log = tmp_path / "public.jsonl"
    run("--db", tmp_path / "first.db", "export", "--audience", "public", "-o", log)
    place = postgres.url(schema_of(tmp_path))
    assert run("--db", place, "import", "--keep-recorded", log).status == 0
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert run("--db", place, "verify").status == 0
    assert root_of(place) == root_of(tmp_path / "first.db")
    assert run("copy", place, tmp_path / "copy.db").status == 0
    assert run("--db", tmp_path / "copy.db", "verify").status == 0
    other = postgres.url(f"c{schema_of(tmp_path)}")
    assert run("copy", tmp_path / "copy.db", other).status == 0
    assert run("--db", other, "verify").status == 0


def test_what_needs_a_file_says_so(place, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear all")
    said = complaint(run("--db", place, "doctor"), 2)
    assert "this one is on a server" in said
    letter = ("source", "add", tmp_path / "letter.txt", "--source", "press", "--keep")
    assert "this store is on a server" in complaint(run("--db", place, *letter), 2)
