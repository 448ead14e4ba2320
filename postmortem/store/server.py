"""A PostgreSQL server that holds a log: how it is reached, and what its errors mean to a person.

Plain `psycopg` and nothing else, since every question looks there for what others recorded.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from postmortem.core.errors import (
    NotAStore,
    StoreDamaged,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreNewer,
    StoreProblem,
    StoreReadOnly,
)
from postmortem.store.backends import Address
from postmortem.store.postgres_tables import LOG_VERSION

try:
    import psycopg as psycopg  # for others too: whoever imports it from here has been told
    from psycopg import conninfo
except ImportError:
    raise StoreProblem(
        "a store on PostgreSQL needs the driver psycopg, which is not installed",
        hint="pip install 'postmortem-record[postgres]'",
    ) from None

Connection = psycopg.Connection[tuple[Any, ...]]

_DEFAULTS: Final = {
    # a host that is gone must not hold anybody for the hours that TCP would wait
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "postmortem",
}
_PAUSE: Final = 0.2
"""Seconds between two attempts to reach a server."""


class Unreachable(StoreProblem):
    """The server cannot be reached, or not the one of several that may be written to."""


def has_several_hosts(address: Address) -> bool:
    """Whether the URL names more than one, of which another may be the one to write to soon."""
    try:
        given = conninfo.conninfo_to_dict(address.conninfo)
    except psycopg.Error:
        return False
    return "," in str(given.get("host") or os.environ.get("PGHOST", ""))


def connect(address: Address, *, writes: bool = False) -> Connection:
    """A connection in which names mean those of the store's schema; no transaction is open.

    Of several hosts it is the one that can be written to, unless the URL says otherwise and
    nothing is to be written. Raises: StoreProblem.
    """
    try:
        given = conninfo.conninfo_to_dict(address.conninfo)
        options = {name: value for name, value in _DEFAULTS.items() if name not in given}
        if writes or (has_several_hosts(address) and "target_session_attrs" not in given):
            options["target_session_attrs"] = "read-write"
        connection = psycopg.connect(
            conninfo.make_conninfo(address.conninfo, **options), autocommit=True
        )
        try:
            connection.execute(
                "SELECT set_config('search_path', %s, false),"
                " set_config('client_min_messages', 'warning', false)",
                (address.schema,),
            )
        except BaseException:
            connection.close()
            raise
    except psycopg.ProgrammingError:
        raise StoreProblem(
            f"the driver cannot use the URL of {address.shown}",
            hint="its parameters are those of libpq: sslmode, target_session_attrs, …",
        ) from None
    except psycopg.Error as error:
        raise trouble(error, address) from None
    return connection


def reconnect(address: Address, until: float) -> Connection:
    """A connection that can write, tried for until the moment `until` of the monotonic clock.

    Raises: StoreProblem, of the last attempt.
    """
    while True:
        try:
            return connect(address, writes=True)
        except (Unreachable, StoreReadOnly):
            if time.monotonic() + _PAUSE >= until:
                raise
            time.sleep(_PAUSE)


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection broke, or the server may no longer be written to: try another one."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return state[:2] == "08" or state in ("57P01", "57P02", "57P03", "25006")


def trouble(error: psycopg.Error, address: Address) -> StoreProblem:
    """What an error of the driver means to a person."""
    name, state = address.shown, error.sqlstate or ""
    said = _without_secrets(str(error), address)
    if state == "25006" or "read-only" in said or "read only" in said:
        return StoreReadOnly(
            f"the server of {name} may only be read: it is a standby",
            hint="questions work; name all hosts in the URL, and the one to write to is found",
        )
    if state.startswith("28") or _REFUSED.search(said):
        return StoreProblem(
            f"the server refuses the user of {name}: {said}",
            hint="a password belongs into PGPASSWORD or ~/.pgpass rather than into the URL",
        )
    if state == "3D000" or ("does not exist" in said and not state):
        return StoreMissing(f"there is no database for {name}: {said}", hint="`createdb` makes one")
    if state in ("42P01", "3F000", "42883"):
        return missing(address)
    if state == "42501":
        return StoreReadOnly(
            f"the user of {name} may not do this: {said}",
            hint="`postmortem postgres-setup` prints the roles and what each is granted",
        )
    if state in ("55P03", "57014", "40P01"):
        return StoreLocked(
            f"the store {name} is locked: another process is writing",
            hint="wait until it has finished, and try again; `postmortem status` tells more",
        )
    if state in ("53100", "53200"):
        return StoreFull(
            f"there is no room left on the server of {name}", hint="nothing was recorded; make room"
        )
    if state in ("XX001", "XX002"):
        return StoreDamaged(
            f"the store {name} is damaged: {said}", hint="go on from a standby or a backup"
        )
    if is_lost(error) or state.startswith("53"):
        return Unreachable(
            f"the server of {name} cannot be reached: {said}",
            hint="is it running, and is the URL right?",
        )
    return StoreProblem(f"the store {name} fails: {said}", hint="what does the server's log say?")


_REFUSED: Final = re.compile(r"authentication failed|no password|^role .* does not exist|pg_hba")


def missing(address: Address) -> StoreMissing:
    """There is no log in that database."""
    return StoreMissing(
        f"there is no store at {address.shown}",
        hint="`postmortem import CASEBOOK` makes one, or `postmortem postgres-setup` prints how",
    )


def _unseen(connection: Connection, address: Address) -> StoreProblem:
    """No log is there, or none that this user may see: a name in a closed schema means nothing."""
    if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
        row = connection.execute(
            "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = %s",
            (address.schema,),
        ).fetchone()
        if row is not None and not row[0]:
            return StoreReadOnly(
                f"the user of {address.shown} may not look into the store there",
                hint="`postmortem postgres-setup` prints the roles; the user needs one of them",
            )
    return missing(address)


def _without_secrets(text: str, address: Address) -> str:
    given = conninfo.conninfo_to_dict(address.conninfo)
    for name, value in given.items():
        if name.endswith("password") and value:
            text = text.replace(str(value), "…")
    each = _EACH.findall(text)
    if each:
        lines = [
            f"{host}{port and ':'}{port}: {_AROUND.sub('', reason)}" for host, port, reason in each
        ]
    else:
        lines = [_AROUND.sub("", line.strip()) for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith("Is the server running")]
    return "; ".join(dict.fromkeys(kept)) or "it says no more"


_AROUND: Final = re.compile(
    r"^(connection (failed|is bad): )?(connection to server (at|on) .*? failed: )?(FATAL:\s+)?"
)
"""What libpq and the driver say around the reason; the URL is named already."""
_EACH: Final = re.compile(
    r"^- host: '?(.*?)'?, port: (?:None|'?(\d+)'?).*?: (connection .*)$", re.MULTILINE
)
"""What the driver says of each of several hosts."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log of a server ends, and which one it is."""

    id: str
    position: int
    recorded: int
    """Microseconds since 1970, of the last event; 0 where there is none."""
    withdrawals: int
    """How many words were withdrawn so far."""
    standby: bool
    copying: str | None
    """Of what it is a copy that is not finished yet."""


def head(connection: Connection, address: Address) -> Head:
    """What the server says of its log now.

    Raises: StoreMissing, StoreNewer, NotAStore; psycopg.Error.
    """
    try:
        row = connection.execute(
            "SELECT (SELECT value FROM about WHERE key = 'id'),"
            " (SELECT value FROM about WHERE key = 'log'),"
            " (SELECT value FROM about WHERE key = 'copy_of'"
            "  AND EXISTS (SELECT FROM about WHERE key = 'copying')"
            "  AND NOT EXISTS (SELECT FROM about WHERE key = 'copied')),"
            " (SELECT coalesce(max(position), 0) FROM stored_events),"
            " (SELECT coalesce(max(recorded_at), 0) FROM stored_events"
            "  WHERE position = (SELECT max(position) FROM stored_events)),"
            " (SELECT coalesce(max(number), 0) FROM withdrawals), pg_is_in_recovery()"
        ).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise _unseen(connection, address) from None
    assert row is not None
    id, version, copying, position, recorded, withdrawals, standby = row
    if id is None or version is None or not version.isdecimal():
        raise NotAStore(
            f"what is at {address.shown} is no store", hint="name another database or schema"
        )
    if int(version) > LOG_VERSION:
        raise StoreNewer(
            f"the store {address.shown} was made by a newer version of postmortem "
            f"(its log has version {version}, this program knows {LOG_VERSION})",
            hint="update postmortem",
        )
    return Head(id, position, recorded, withdrawals, standby, copying)


class Late(Exception):
    """The deadline came first."""


@contextlib.contextmanager
def deadline(connection: Connection, until: float) -> Iterator[None]:
    """What the block waits for ends at the moment `until` of the monotonic clock.

    The connection is cut, since no timeout of the server ends the wait for a synchronous standby,
    and a cancelled wait would be taken for a success. Raises: Late.
    """
    late = threading.Event()

    def cut() -> None:
        late.set()
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(connection.fileno())) as ours,
        ):
            ours.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, until - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except psycopg.Error:
        if late.is_set():
            raise Late from None
        raise
    finally:
        timer.cancel()
