"""Reads a store: plain `sqlite3` and nothing else, so that a cold question is quick.

The view holds no answers. Of every fact it holds which version is the last word for which
knowledge and up to which position of the log; what is in force at (K, R) comes out of it by an
index, and the core does the rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from postmortem.core import formulas
from postmortem.core.errors import (
    StoreDamaged,
)
from postmortem.core.history import Situation, Version
from postmortem.core.levels import Level
from postmortem.core.times import END, AsOf, Instant, Span, parse_stored
from postmortem.core.words import NOT_HERE, WITHHELD, Disclosure, digest_in, withheld
from postmortem.store.opening import attached_in_memory, open_read_only, trouble

VIEW_VERSION: Final = 6
"""The version of the view's tables; a view of another one is rebuilt."""

ENVELOPE: Final = frozenset(
    ("platform", "id", "stream", "version", "type", "position", "recorded_at", "recorded_by",
     "known_at", "body")
)  # fmt: skip
"""The keys of what is stored of an event."""
VERSION_COLUMNS: Final = (
    "id, fact, type, position, place, known, recorded, at_earliest, at_latest, "
    "effective_earliest, effective_latest, service, capability, effect, formula, subjects"
)


_ABOUT: Final = (
    " AND r.fact IN (SELECT ? UNION SELECT fact FROM view_subject WHERE platform = ? "
    "AND subject = ?)"
)


def text_of(digests: Sequence[str], connection: sqlite3.Connection) -> dict[str, Any]:
    """The words behind those digests, as far as they are not withheld."""
    marks = ",".join("?" * len(digests))
    rows = connection.execute(
        f"SELECT digest, value FROM disclosures WHERE digest IN ({marks})",  # noqa: S608
        digests,
    )
    return {digest: json.loads(value) for digest, value in rows}


def disclosed(body: dict[str, Any], connection: sqlite3.Connection) -> dict[str, Any]:
    """The body with people's words in the clear; what is withheld stays a digest."""
    digests = {name: digest for name, value in body.items() if (digest := digest_in(value))}
    if not digests:
        return body
    texts = text_of(list(digests.values()), connection)
    clear = {name: texts[digest] for name, digest in digests.items() if digest in texts}
    return {**body, **clear}


def reasons_of(digests: Sequence[str], connection: sqlite3.Connection) -> dict[str, str]:
    """Why the words behind those digests were withdrawn, as far as the log says it."""
    found: dict[str, str] = {}
    for digest in digests:
        row = connection.execute(
            "SELECT e.state FROM view_withheld w JOIN stored_events e ON e.position = w.by "
            "WHERE w.digest = ?",
            (digest,),
        ).fetchone()
        if row is not None:
            reason = digest_in(json.loads(row[0])["body"]["reason"]) or ""
            told = text_of([reason], connection).get(reason)
            found[digest] = REASON_TOO if told is None else told
    return found


ERASED: Final = "erased"
"""The key of `about` that says up to which position what was withdrawn is erased; -1: not all of it
is, also where no event says what was withdrawn."""
REASON_TOO: Final = "the reason is withheld too"


def is_unerased(connection: sqlite3.Connection) -> bool:
    """Whether words were withdrawn since the files were last found to be free of such."""
    row = connection.execute(
        "SELECT coalesce(max(by), 0) > coalesce("
        "(SELECT CAST(value AS INTEGER) FROM about WHERE key = ?), 0) FROM view_withheld",
        (ERASED,),
    ).fetchone()
    return bool(row[0])


def version_from(row: Sequence[Any]) -> Version:
    """The version in a row of `VERSION_COLUMNS`."""
    effect, formula, subjects = row[13], row[14], row[15]
    return Version(
        id=row[0],
        fact=row[1],
        type=row[2],
        position=row[3],
        place=tuple(map(int, row[4].split())),
        known=row[5],
        recorded=row[6],
        at=None if row[7] is None else Span(row[7], row[8]),
        effective=None if row[9] is None else Span(row[9], row[10]),
        service=row[11],
        capability=row[12],
        effect=None if effect is None else Level(effect),
        formula=None if formula is None else formulas.parse(json.loads(formula)),
        subjects=tuple(subjects.split()),
    )


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of the log, to be shown: people's words in the clear unless withheld."""

    platform: str
    id: str
    type: str
    stream: str
    version: int
    position: int
    recorded: Instant
    known: Instant | None
    """None for a declaration."""
    by: str | None
    body: dict[str, Any]
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Which fields are, and why; of the envelope, `recorded_by` may be. No reason is no matter."""

    @property
    def shown(self) -> dict[str, Any]:
        """The body for people: `[withheld: reason]` in place of words that are."""
        return self.body | {
            name: in_place(self.withheld[name]) for name in self.body if name in self.withheld
        }

    @property
    def shown_by(self) -> str | None:
        """Who recorded it, for people: `[withheld: reason]` where that is."""
        reason = self.withheld.get("recorded_by")
        return self.by if reason is None else in_place(reason)


def in_place(reason: str) -> str:
    """What people see in place of words that are withheld for that reason, or for none."""
    return withheld(reason) if reason else WITHHELD


def logged_from(
    state: bytes, texts: Mapping[str, Any], reasons: Mapping[str, str] | None = None
) -> Logged:
    """The event in a stored state, with the words that `texts` holds by digest.

    `reasons` tells, by digest, why words are withheld.
    """
    envelope = json.loads(state)
    name, _, number = envelope["type"].partition("/")
    body = envelope["body"]
    if number != "1":
        from postmortem.core.recorded import upcast  # slow to import, and rarely needed

        _, body = upcast(envelope["type"], body)
    stands = {"recorded_by": envelope["recorded_by"], **body}
    digests = {name: digest for name, value in stands.items() if (digest := digest_in(value))}
    clear = {name: texts[digest] for name, digest in digests.items() if digest in texts}
    by = clear.pop("recorded_by", None)
    known = envelope["known_at"]
    return Logged(
        platform=envelope["platform"],
        id=envelope["id"],
        type=name,
        stream=envelope["stream"],
        version=envelope["version"],
        position=envelope["position"],
        recorded=parse_stored(envelope["recorded_at"]),
        known=None if known is None else parse_stored(known),
        by=by,
        body={**body, **clear},
        withheld={
            name: (reasons or {}).get(digest, NOT_HERE)
            for name, digest in digests.items()
            if digest not in texts
        },
    )


class View:
    """The questions that a store answers by index; one platform each."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self.connection = connection
        self.path = path

    @classmethod
    def open(cls, path: str) -> View:
        """The view in the store at that path. Raises: StoreProblem."""
        return cls(open_read_only(path), path)

    @classmethod
    def in_memory(cls, path: str) -> View:
        """A view yet to be filled, of a store that cannot hold a current one."""
        try:
            return cls(attached_in_memory(path), path)
        except sqlite3.Error as error:
            raise trouble(error, path) from None

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    @property
    def is_current(self) -> bool:
        """Whether it is of this program's version and has caught up with the log."""
        try:
            row = self.connection.execute(
                "SELECT schema, position, (SELECT max(position) FROM stored_events) FROM view_state"
            ).fetchone()
        except sqlite3.OperationalError as error:
            if "no such" in str(error):
                return False
            raise trouble(error, self.path) from None
        except sqlite3.Error as error:
            raise trouble(error, self.path) from None
        return row is not None and row[0] == VIEW_VERSION and row[1] == (row[2] or 0)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All questions inside see the store at one moment."""
        try:
            self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise trouble(error, self.path) from None

    @property
    def position(self) -> int:
        """The last position of the log that it has taken in."""
        return int(self.connection.execute("SELECT position FROM view_state").fetchone()[0])

    @cached_property
    def platforms(self) -> list[str]:
        """The ids of all platforms, sorted."""
        rows = self.connection.execute(
            "SELECT DISTINCT id FROM view_declaration WHERE kind = 'platform' ORDER BY id"
        )
        return [row[0] for row in rows]

    def position_at(self, recorded: Instant) -> int:
        """The last position that the log had at R; 0 where it was empty."""
        row = self.connection.execute(
            "SELECT max(position) FROM view_moment WHERE recorded = "
            "(SELECT max(recorded) FROM view_moment WHERE recorded <= ?)",
            (recorded,),
        ).fetchone()
        return int(row[0] or 0)

    def declared(self, platform: str, kind: str, position: int) -> dict[str, tuple[Any, ...]]:
        """What was declared of that kind, as it stood at the position.

        By id: its name, its zone or provider, its formula, the position of its declaration.
        """
        rows = self.connection.execute(
            "SELECT id, name, detail, formula, position FROM view_declaration "
            "WHERE platform = ? AND kind = ? AND position <= ? AND until > ? ORDER BY id",
            (platform, kind, position, position),
        )
        return {row[0]: tuple(row[1:]) for row in rows}

    def situation(self, platform: str, as_of: AsOf, *, about: str | None = None) -> Situation:
        """All that counts at (K, R); of the facts only one, and what speaks of it, where asked."""
        position = self.position_at(as_of.recorded)
        known = min(as_of.known, END - 1)
        columns = ", ".join(f"v.{name.strip()}" for name in VERSION_COLUMNS.split(","))
        rows = self.connection.execute(
            f"SELECT {columns} FROM view_reign r JOIN view_version v ON v.position = r.version "  # noqa: S608
            "WHERE r.platform = ? AND r.position_from <= ? AND r.position_to > ? "
            "AND r.known_from <= ? AND r.known_to > ?" + (_ABOUT if about is not None else ""),
            (platform, position, position, known, known)
            + ((about, platform, about) if about is not None else ()),
        )
        facts = {version.fact: version for version in map(version_from, rows)}
        capabilities = self.declared(platform, "capability", position)
        return Situation(
            platform,
            frozenset(self.declared(platform, "service", position)),
            {id: formulas.parse(json.loads(row[2])) for id, row in capabilities.items()},
            facts,
        )

    def version(self, platform: str, id: str) -> Version | None:
        """The version of that id."""
        row = self.connection.execute(
            f"SELECT {VERSION_COLUMNS} FROM view_version WHERE platform = ? AND id = ?",  # noqa: S608
            (platform, id),
        ).fetchone()
        return None if row is None else version_from(row)

    def logged(self, position: int) -> Logged:
        """The event at a position. Raises: KeyError, where there is none."""
        row = self.connection.execute(
            "SELECT state FROM stored_events WHERE position = ?", (position,)
        ).fetchone()
        if row is None:
            raise KeyError(position)
        return self.logged_in(row[0])

    def logged_in(self, state: bytes) -> Logged:
        """The event in a stored state."""
        envelope = json.loads(state)
        stands = (envelope["recorded_by"], *envelope["body"].values())
        digests = [digest for value in stands if (digest := digest_in(value))]
        texts = text_of(digests, self.connection) if digests else {}
        gone = [digest for digest in digests if digest not in texts]
        return logged_from(state, texts, reasons_of(gone, self.connection))

    def events(self, platform: str, as_of: AsOf) -> Iterator[Logged]:
        """Every entry of the platform that K and R let through, in the order of recording."""
        rows = self.connection.execute(
            "SELECT state FROM stored_events WHERE position <= ? ORDER BY position",
            (self.position_at(as_of.recorded),),
        )
        for (state,) in rows:
            logged = self.logged_in(state)
            if logged.platform == platform and (
                logged.known is None or logged.known <= as_of.known
            ):
                yield logged

    def versions(self, platform: str, as_of: AsOf) -> list[Version]:
        """Every version of every fact that K and R let through, in the order of recording."""
        rows = self.connection.execute(
            f"SELECT {VERSION_COLUMNS} FROM view_version "  # noqa: S608
            "WHERE platform = ? AND position <= ? AND known <= ? ORDER BY position",
            (platform, self.position_at(as_of.recorded), as_of.known),
        )
        return [version_from(row) for row in rows]

    def ids(self, platform: str) -> list[str]:
        """Every id that something of the platform has: for suggestions and completion."""
        rows = self.connection.execute(
            "SELECT id FROM view_version WHERE platform = ? "
            "UNION SELECT id FROM view_declaration WHERE platform = ? AND kind <> 'platform' "
            "ORDER BY id",
            (platform, platform),
        )
        return [row[0] for row in rows]

    def log(self, platform: str | None = None) -> Iterator[tuple[dict[str, Any], list[Disclosure]]]:
        """Every envelope as stored, in order, with the words that it stands for."""
        rows = self.connection.execute(
            "SELECT position, state FROM stored_events ORDER BY position"
        )
        for position, state in rows:
            envelope: Any = json.loads(state)
            if not isinstance(envelope, dict) or set(envelope) != ENVELOPE:
                raise StoreDamaged(
                    f"event {position} of the store {self.path} is damaged: it is no envelope",
                    hint="keep the file as it is, and go on from a backup",
                )
            if platform is None or envelope["platform"] == platform:
                said = self.connection.execute(
                    "SELECT salt, field, value FROM disclosures WHERE position = ? ORDER BY field",
                    (position,),
                )
                yield envelope, [Disclosure(s, f, json.loads(v)) for s, f, v in said]

    @cached_property
    def id(self) -> str:
        """The store's own id."""
        row = self.connection.execute("SELECT value FROM about WHERE key = 'id'").fetchone()
        return "" if row is None else str(row[0])

    @property
    def is_unerased(self) -> bool:
        """Whether words were withdrawn since the files were last found to be free of such."""
        return is_unerased(self.connection)

    @cached_property
    def copy_of(self) -> str | None:
        """The store that this one says it is a copy of."""
        row = self.connection.execute("SELECT value FROM about WHERE key = 'copy_of'").fetchone()
        return None if row is None else str(row[0])
