"""Several logs on one server: set up as printed, each for its own people and in nobody's way."""

from __future__ import annotations

import subprocess
from contextlib import closing

import psycopg
import pytest
from cli.door import complaint, run
from servers import PORT, Server, as_owner

from postmortem.core.errors import StoreReadOnly
from postmortem.store import backends
from postmortem.testing.ledgers import SETTING, Clock, down
from postmortem.tracker import Tracker

TENANTS = ("parler", "gab")
OTHERS = {"parler": "gab", "gab": "parler"}
ROLES = ("reader", "writer", "eraser")


def psql(server: Server, script: str, *, user: str, database: str) -> None:
    """The script run by psql, as the page for operations has it."""
    done = subprocess.run(
        [str(server.bin / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1",
         "-h", str(server.folder), "-p", str(PORT), "-U", user, database],
        input=script, capture_output=True, text=True, check=False, cwd=server.folder,
        **as_owner(),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="session")
def server(postgres):
    """A database with two tenants, set up by somebody who may create schemas and roles only."""
    postgres.execute("CREATE ROLE installs LOGIN CREATEROLE")
    postgres.execute("CREATE DATABASE ops")
    postgres.execute("GRANT CREATE ON DATABASE ops TO installs")
    for tenant in TENANTS:
        script = run("postgres-setup", "--schema", tenant, "--roles", tenant).out
        psql(postgres, script, user="installs", database="ops")
        people = [f"CREATE ROLE {tenant}_{role}_1 LOGIN;" for role in ROLES]
        people += [f"GRANT {tenant}_{role} TO {tenant}_{role}_1;" for role in ROLES]
        psql(postgres, "\n".join(people), user="installs", database="ops")
    return postgres


def place(server, tenant, role="writer", of=None):
    """The log of a tenant, as one of its own people names it, or of another one's."""
    url = server.url(tenant, user=f"{of or tenant}_{role}_1")
    return url.replace("/postgres?", "/ops?")


def connected(server, user="admin"):
    """A connection of some other program."""
    return psycopg.connect(
        host=str(server.folder), port=PORT, dbname="ops", user=user, autocommit=True
    )


@pytest.fixture(scope="session")
def told(server):
    """The server, with a little in each log."""
    for tenant in TENANTS:
        with Tracker(place(server, tenant)) as tracker:
            tracker.record([*SETTING, down("a", note=f"words of {tenant}")])
    return server


@pytest.mark.parametrize("tenant", TENANTS)
def test_each_part_works_as_set_up(told, tenant):
    for role in ROLES:
        asked = run("--db", place(told, tenant, role), "log", "--json")
        assert len(asked.json["log"]) >= len(SETTING) + 1
    with (
        Tracker(place(told, tenant, "reader")) as tracker,
        pytest.raises(StoreReadOnly, match="may not do this"),
    ):
        tracker.record([down("by-a-reader")])
    for role in ("writer", "eraser"):
        with Tracker(place(told, tenant, role)) as tracker:
            assert tracker.record([down(f"by-the-{role}")]).recorded == 1
    words = ("redact", "a", "note", "--reason", "asked", "--basis", "consent")
    for role in ("reader", "writer"):
        assert "may not do this" in complaint(run("--db", place(told, tenant, role), *words), 3)
    assert run("--db", place(told, tenant, "eraser"), *words).status == 0
    assert run("--db", place(told, tenant, "reader"), "verify").status == 0


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("tenant", TENANTS)
def test_nobody_reaches_into_the_log_of_another(told, tenant, role):
    other = OTHERS[tenant]
    for words in (["state"], ["log"], ["status"], ["export"], ["verify"]):
        said = complaint(run("--db", place(told, other, role, of=tenant), *words), 3)
        assert "may not look into" in said
        assert "postgres-setup" in said
    with closing(connected(told, f"{tenant}_{role}_1")) as connection:
        for statement in (
            f"SELECT * FROM {other}.stored_events",
            f"INSERT INTO {other}.about VALUES ('x', 'y')",
            f"DELETE FROM {other}.disclosures",
            f"SELECT {other}.withdrawn()",
            f"GRANT {other}_reader TO {tenant}_{role}_1",
            f"SET ROLE {other}_reader",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_one_writes_while_another_does(told):
    """Locks, positions and stores are apart."""
    one, other = (backends.open_ledger(place(told, tenant), Clock()) for tenant in TENANTS)
    with closing(one), closing(other):
        assert one.identity != other.identity
        with one.writing() as held:
            with other.writing() as also:
                also.say("meanwhile", "yes")
            held.say("meanwhile", "no")
    for tenant, value in zip(TENANTS, ("no", "yes"), strict=True):
        with closing(connected(told)) as connection:
            query = f"SELECT value FROM {tenant}.about WHERE key = 'meanwhile'"
            assert connection.execute(query).fetchall() == [(value,)]
