"""Where a store can be: a SQLite file, or a PostgreSQL server that a URL names.

To add a backend: one line in `BACKENDS`, one subclass of the contract in `testing.ledgers`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final

from postmortem.core.errors import BadInput
from postmortem.core.times import Instant
from postmortem.store.progress import Progress, Warn

if TYPE_CHECKING:
    from postmortem.store.promise import Ledger

BACKENDS: Final[dict[str, str]] = {
    "sqlite": "postmortem.store.ledger:SQLiteLedger",
    "postgresql": "postmortem.store.postgres:PostgresLedger",
    "postgres": "postmortem.store.postgres:PostgresLedger",
}
"""Which ledger keeps the log that a URL of that scheme names; a plain path is SQLite's."""

SCHEMA: Final = "postmortem"
"""The schema of a PostgreSQL database that holds a store, unless the URL names another."""
DEADLINE: Final = 60
"""Seconds after which a commit that nobody confirms has an unknown outcome, by default."""

# compiled when they are needed: a file needs neither
_SCHEME: Final = r"([A-Za-z][A-Za-z0-9+.-]*)://"
_NAME: Final = r"[a-z_][a-z0-9_]{0,62}"
_SECRET: Final = ("password", "sslpassword", "oauth_client_secret")


def scheme(place: str) -> str:
    """The backend of a store by what names it: a file's path, or a URL."""
    found = re.match(_SCHEME, place) if "://" in place else None
    return found[1].lower() if found else "sqlite"


def is_remote(place: str) -> bool:
    """Whether the log is elsewhere, and only a view of it on this machine."""
    return scheme(place) != "sqlite"


def shown(place: str) -> str:
    """The place as it may be shown and stored: a URL without its passwords."""
    return Address.read(place).shown if is_remote(place) else place


def open_ledger(
    place: str,
    clock: Callable[[], Instant],
    *,
    create: bool = False,
    progress: Progress | None = None,
    warn: Warn | None = None,
) -> Ledger:
    """The ledger of the store at that place; `create` makes one where there is none.

    `progress` and `warn` are told of what is worth telling while a view follows a log elsewhere.

    Raises: BadInput, StoreProblem.
    """
    kind = scheme(place)
    if kind not in BACKENDS:
        raise _unknown(kind)
    module, _, name = BACKENDS[kind].partition(":")
    opened = getattr(import_module(module), name)
    ledger: Ledger = opened(place, clock, create=create, progress=progress, warn=warn)
    return ledger


def _unknown(kind: str) -> BadInput:
    return BadInput(
        f"a store cannot be at {kind}://",
        hint="name a file, or postgresql://HOST/DATABASE",
    )


@dataclass(frozen=True, slots=True)
class Address:
    """A PostgreSQL database as a URL names it, several hosts and TLS included."""

    conninfo: str = field(repr=False)
    """What the driver is given: it may hold a password, and is never shown or stored."""
    shown: str
    """The same for people."""
    schema: str
    """The schema that holds the store."""
    deadline: int
    """Seconds until a commit that nobody confirms has an unknown outcome."""

    @classmethod
    def read(cls, url: str) -> Address:
        """The address that a URL is; `schema` and `deadline` in it are ours, all else the driver's.

        Raises: BadInput, without any of a password in the message.
        """
        if scheme(url) not in BACKENDS:
            raise _unknown(scheme(url))
        from urllib.parse import parse_qsl, urlsplit  # a file needs none of it

        try:
            parts = urlsplit(url)
            query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        except ValueError:
            raise BadInput(
                "the URL of the store is none that can be read",
                hint="postgresql://USER@HOST:PORT/DATABASE?schema=NAME; special characters as %XX",
            ) from None
        ours = {"schema": SCHEMA, "deadline": str(DEADLINE)}
        ours |= {key: value for key, value in query if key in ours}
        theirs = [(key, value) for key, value in query if key not in ours]
        if not re.fullmatch(_NAME, ours["schema"]) or ours["schema"].startswith("pg_"):
            raise BadInput(
                f"{ours['schema']!r} can be no schema for a store",
                hint="lower-case letters, digits and _, such as schema=parler",
            )
        if not re.fullmatch(r"[1-9][0-9]{0,3}", ours["deadline"]):
            raise BadInput(
                f"deadline={ours['deadline']} is no number of seconds", hint="such as deadline=60"
            )
        user, at, hosts = parts.netloc.rpartition("@")
        open_user = user.partition(":")[0] + at
        said = [(key, value) for key, value in theirs if not key.lower().endswith(_SECRET)]
        if ours["schema"] != SCHEMA:
            said.append(("schema", ours["schema"]))
        return cls(
            conninfo=_url(parts.netloc, parts.path, theirs),
            shown=_url(open_user + hosts, parts.path, said),
            schema=ours["schema"],
            deadline=int(ours["deadline"]),
        )


def _url(netloc: str, path: str, query: list[tuple[str, str]]) -> str:
    from urllib.parse import quote, urlencode

    said = urlencode(query, safe="/:,", quote_via=quote)
    return f"postgresql://{netloc}{path}" + (f"?{said}" if said else "")
