"""Verifies a store: the log against its tree, words against their digests, and the log's tables.

It reads once from the first event to the last, changes nothing, and needs the same memory for a
long log as for a short one. What it cannot find: whoever changes the log and computes the tree
anew, or puts back an older copy of the whole file. That takes a checkpoint kept elsewhere, and
`Verified.roots` is what such a checkpoint is compared with.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from postmortem.core import tree, words
from postmortem.core.times import format_instant
from postmortem.core.words import Disclosure
from postmortem.store import tree as stored_tree
from postmortem.store.tables import LOG, SCHEMA, digests_in
from postmortem.store.view import ENVELOPE, open_read_only

Progress = Callable[[str, int, int], None]

FILE, TABLES, STORE, EVENTS, TREE, WORDS, VIEW = (
    "file", "tables", "store", "events", "tree", "words", "view",
)  # fmt: skip
"""The parts of a store, as failures name them."""
# a damaged page may hold a value of any type where another one belongs
_UNREADABLE: Final = (sqlite3.Error, ValueError, OverflowError, TypeError, LookupError)
_SEEN: Final = {
    "stored_events": "event",
    "disclosures": "the words of event",
    "words_absent": "which words are absent from event",
}
MOST: Final = 50
"""So many failures of one part are kept; the others are counted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that does not hold, of which part, and at which position of the log."""

    part: str
    position: int | None
    """None: it is not about one event."""
    message: str


@dataclass(slots=True)
class Verified:
    """What verifying a store gave."""

    id: str = ""
    """The store's own."""
    size: int = 0
    root: tree.Hash = tree.EMPTY
    """Of the tree over the events as they stand."""
    roots: dict[int, tree.Hash] = field(default_factory=dict)
    """The same at the sizes that were asked for, as far as the log reaches."""
    keeps_tree: bool = True
    """False: an earlier version made the store, and nothing was written since."""
    disclosures: int = 0
    withheld: int = 0
    """How many digests stand there without their words."""
    view: str = ""
    """How the view was compared: see `verifying_view`; empty: it was not."""
    failures: list[Failure] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """The parts that could not be read to their end."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many failures there are of each part, also those that are not kept."""

    @property
    def first(self) -> int | None:
        """The first position at which the record does not hold; where it does, the view."""
        at = [(f.part == VIEW, f.position) for f in self.failures if f.position is not None]
        return min(at)[1] if at else None

    def differs(self, position: int, table: str) -> None:
        """Set down that a server holds something else in that table than what was seen there."""
        what = _SEEN[table]
        told = f"{what} {position} on the server: not what this machine had seen there"
        self.fail(EVENTS if table == "stored_events" else WORDS, position, told)

    def fail(self, part: str, position: int | None, message: str) -> None:
        """Set down a failure."""
        self.counts[part] = self.counts.get(part, 0) + 1
        if self.counts[part] <= MOST:
            self.failures.append(Failure(part, position, message))


def verify(path: str, *, sizes: Collection[int] = (), progress: Progress | None = None) -> Verified:
    """Everything of the store at that path but its view.

    `sizes`: of which sizes the root is asked for. Raises: StoreProblem, where it is no store that
    can be opened at all.
    """
    found = Verified()
    with closing(open_read_only(path)) as connection:
        # of bytes that are no text something is to be said, and nothing raised
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        connection.execute("BEGIN")
        with _readable(found, FILE):
            for (line,) in connection.execute("PRAGMA integrity_check(20)"):
                if line != "ok":
                    found.fail(FILE, None, f"the database file is damaged: {line}")
        with _readable(found, TABLES):
            found.keeps_tree = stored_tree.is_kept(connection)
            _tables(connection, found)
        with _readable(found, STORE):
            _about(connection, found)
        _Log(connection, found, sizes, progress).read()
    return found


@contextmanager
def _readable(
    found: Verified, part: str, position: Callable[[], int] | None = None
) -> Iterator[None]:
    """What cannot be read is a failure like any other."""
    try:
        yield
    except _UNREADABLE as error:
        where = None if position is None else position()
        found.fail(part, where, f"it cannot be read on: {error}")


# --- the tables, and what the store says of itself ----------------------------------------------

_OWN: Final = ("stored_events", "disclosures", "words_absent", "about", "tree_nodes")


def _tables(connection: sqlite3.Connection, found: Verified) -> None:
    """That the log's tables are those that the ledger makes, triggers and all, and no others."""
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN (?, ?, ?, ?, ?)", _OWN
    )
    there = {name: _plain(sql) for kind, name, sql in rows if sql is not None}
    expected = {_name_of(sql): _plain(sql) for sql in _made(found.keeps_tree)}
    for name in sorted({*there, *expected}):
        if name not in there:
            found.fail(TABLES, None, f"{name} is missing, which keeps the log as it is")
        elif name not in expected:
            found.fail(TABLES, None, f"{name} was added to the log's tables")
        elif there[name] != expected[name]:
            found.fail(TABLES, None, f"{name} is not as it was made")


def _made(with_tree: bool) -> list[str]:
    if with_tree:
        return [*SCHEMA]
    return [sql for sql in LOG if "words_absent" not in sql]


def _name_of(sql: str) -> str:
    return sql.split()[2]


def _plain(sql: str) -> str:
    return " ".join(sql.split())


def _about(connection: sqlite3.Connection, found: Verified) -> None:
    about = dict(connection.execute("SELECT key, value FROM about").fetchall())
    found.id = str(about.get("id", ""))
    if not found.id:
        found.fail(STORE, None, "the store does not say which one it is")
    if found.keeps_tree and about.get(stored_tree.SEAL) != stored_tree.seal_of(about):
        found.fail(STORE, None, "its id, or what it says to be a copy of, was changed")


# --- the log, its tree, its words -----------------------------------------------------------------


class _Log:
    """One pass over events, nodes and words, in the order of positions."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        found: Verified,
        sizes: Collection[int],
        progress: Progress | None,
    ) -> None:
        self.connection, self.found, self.progress = connection, found, progress
        self.sizes = frozenset(sizes)
        self.edge = tree.Edge()
        """Over the events as they stand."""
        self.kept: tree.Edge | None = None
        """Over the leaves as they are kept, from the first on that is another."""
        self.position = 0
        self.recorded = 0

    def read(self) -> None:
        found = self.found
        if 0 in self.sizes:
            found.roots[0] = tree.EMPTY
        self.nodes = _Nodes(self.connection, found)
        with _readable(found, EVENTS, lambda: self.position + 1):
            self.words = _Words(self.connection, found)
            last = self.connection.execute("SELECT max(position) FROM stored_events").fetchone()[0]
            rows = self.connection.execute(
                "SELECT position, originator_id, originator_version, topic, state, event_id, "
                "recorded_at FROM stored_events ORDER BY position"
            )
            for row in rows:
                self._event(*row)
                if self.progress is not None:
                    self.progress("verifying", self.position, last)
            self._end()
            self.words.end()
        with _readable(found, EVENTS):
            self._streams()
        found.size, found.root = self.edge.size, self.edge.root()

    def _event(
        self,
        position: Any,
        stream: Any,
        version: Any,
        topic: Any,
        state: Any,
        event_id: Any,
        recorded: Any,
    ) -> None:
        found = self.found
        if position != self.position + 1:
            found.fail(EVENTS, self.position + 1, f"event {self.position + 1} is missing")
            if position <= self.position:
                raise ValueError(f"position {position} follows {self.position}")
            while self.position + 1 < position and self.nodes.has_more(self.position):
                self._grow(None)  # as far as the tree remembers what is gone
            self.position = position - 1
        state = bytes(state) if isinstance(state, bytes) else str(state).encode()
        self._grow(state)
        if recorded < self.recorded:
            found.fail(EVENTS, position, f"event {position} was recorded before the one before it")
        self.recorded = recorded
        envelope = envelope_of(state)
        if envelope is None:
            found.fail(EVENTS, position, f"event {position} is no envelope of an event")
            self.words.of(position, None)
            return
        told = {
            "position": (position, envelope["position"]),
            "originator_id": (stream, envelope["stream"]),
            "originator_version": (version, envelope["version"]),
            "topic": (topic, envelope["type"]),
            "event_id": (event_id, f"{envelope['platform']}/{envelope['id']}"),
            "recorded_at": (_written(recorded), envelope["recorded_at"]),
        }
        for column, (beside, inside) in told.items():
            if beside != inside:
                found.fail(
                    EVENTS,
                    position,
                    f"event {position}: the column {column} has {beside!r}, and the event itself "
                    f"{inside!r}",
                )
        self.words.of(position, envelope)

    def _grow(self, state: bytes | None) -> None:
        """One more leaf: that of the event; None: the event is gone, and the tree has its leaf."""
        self.position += 1
        index = self.position - 1
        kept = self.nodes.leaf(index) if self.found.keeps_tree else None
        own = kept if state is None else tree.leaf(state)
        if own is None:
            return
        if self.found.keeps_tree and state is not None:
            if kept is None:
                self.nodes.missing(self.position)
            elif kept != own:
                self.found.fail(
                    EVENTS,
                    self.position,
                    f"event {self.position} is not the one that was recorded: the tree holds "
                    "another hash of it",
                )
                if self.kept is None:
                    self.kept = tree.Edge(self.edge.size, self.edge.hashes)
        made = self.edge.append(own)
        if self.kept is not None:
            made = self.kept.append(own if kept is None else kept)
        if self.found.keeps_tree and kept is not None:
            self.nodes.compare(made[1:])
        if self.edge.size in self.sizes:
            self.found.roots[self.edge.size] = self.edge.root()

    def _end(self) -> None:
        if self.found.keeps_tree:
            self.nodes.end(self.position)

    def _streams(self) -> None:
        rows = self.connection.execute(
            "SELECT originator_id, min(position) FROM (SELECT originator_id, position, "
            "originator_version AS version, row_number() OVER "
            "(PARTITION BY originator_id ORDER BY position) AS number FROM stored_events) "
            "WHERE version <> number GROUP BY originator_id"
        )
        for stream, position in rows:
            self.found.fail(EVENTS, position, f"the versions of {stream} have a gap before it")


def envelope_of(state: bytes) -> dict[str, Any] | None:
    """The envelope in stored bytes; None where they are none."""
    try:
        envelope = json.loads(state)
    except (ValueError, RecursionError):
        return None
    if not isinstance(envelope, dict) or envelope.keys() != ENVELOPE:
        return None
    return envelope if isinstance(envelope["body"], dict) else None


def _written(recorded: Any) -> str:
    try:
        return format_instant(recorded)
    except (ValueError, OverflowError, TypeError):
        return repr(recorded)


class _Nodes:
    """The nodes that are kept, read beside the events: each has its number."""

    def __init__(self, connection: sqlite3.Connection, found: Verified) -> None:
        self.found = found
        self.rows = _guarded(lambda: stored_tree.stored(connection), found, TREE)
        self.ahead = next(self.rows, None) if found.keeps_tree else None
        self.failed = False

    def has_more(self, index: int) -> bool:
        """Whether there is a leaf at that index."""
        return self.ahead is not None and self.ahead[0] <= tree.number(0, index)

    def _take(self, number: int) -> tree.Hash | None:
        while self.ahead is not None and self.ahead[0] < number:
            self.ahead = next(self.rows, None)
        if self.ahead is None or self.ahead[0] != number:
            return None
        hash: tree.Hash = self.ahead[1]
        self.ahead = next(self.rows, None)
        return hash

    def leaf(self, index: int) -> tree.Hash | None:
        """The leaf's hash as it is kept."""
        return self._take(tree.number(0, index))

    def missing(self, position: int) -> None:
        """Told once: the tree does not hold an event."""
        if not self.failed and TREE not in self.found.broken:
            self.found.fail(TREE, position, f"the tree holds nothing of event {position}")
            self.failed = True

    def compare(self, made: list[tuple[int, int, tree.Hash]]) -> None:
        """The nodes above the leaf that was last."""
        for level, place, hash in made:
            if self._take(tree.number(level, place)) != hash:
                first, last = (place << level) + 1, (place + 1) << level
                self.found.fail(
                    TREE,
                    last,
                    f"the tree's node over the events {first} to {last} does not follow from them",
                )

    def end(self, position: int) -> None:
        """The tree ends where the log does."""
        if self.ahead is not None:
            self.found.fail(
                EVENTS,
                position + 1,
                f"event {position + 1} is missing: the log ends before it, and the tree goes on",
            )


class _Words:
    """The disclosures, read beside the events."""

    def __init__(self, connection: sqlite3.Connection, found: Verified) -> None:
        self.found = found
        self.rows = _guarded(
            lambda: connection.execute(
                "SELECT position, digest, field, salt, value FROM disclosures "
                "ORDER BY position, digest"
            ),
            found,
            WORDS,
        )
        self.ahead = next(self.rows, None)
        self.withdrawn = withdrawals(connection)
        self.never_here = connection.cursor() if found.keeps_tree else None

    def of(self, position: int, envelope: dict[str, Any] | None) -> None:
        """The words of one event."""
        stands = {} if envelope is None else digests_in(envelope)
        while self.ahead is not None and self.ahead[0] <= position:
            self._disclosure(position, stands, *self.ahead)
            self.ahead = next(self.rows, None)
        if envelope is None or WORDS in self.found.broken:
            return  # of what cannot be read, nobody can say that it is gone
        for digest, name in stands.items():
            self.found.withheld += 1
            if (position, name) not in self.withdrawn and not self._is_absent(digest, position):
                self.found.fail(
                    WORDS,
                    position,
                    f"the words of {name} of event {position} are gone, and nobody recorded that "
                    "they were withdrawn",
                )

    def _is_absent(self, digest: str, position: int) -> bool:
        """Whether the words were never here: the log was taken in without them."""
        if self.never_here is None:
            return True
        row = self.never_here.execute(
            "SELECT position FROM words_absent WHERE digest = ? AND position = ?",
            (digest, position),
        ).fetchone()
        return row is not None

    def _disclosure(
        self, at: int, stands: dict[str, str], position: Any, digest: Any, name: Any, *rest: Any
    ) -> None:
        salt, value = rest
        self.found.disclosures += 1
        if position != at or stands.get(digest) != name:
            self.found.fail(
                WORDS, position, f"there are words of {name} at {position} that no event holds"
            )
            return
        del stands[digest]
        if (position, name) in self.withdrawn:
            self.found.fail(
                WORDS,
                position,
                f"the words of {name} of event {position} were withdrawn, and are there again",
            )
        try:
            held = json.loads(value)
            is_so = (
                words.canonical(held).decode() == value
                and Disclosure(salt, name, held).digest() == digest
            )
        except (ValueError, TypeError, RecursionError):
            is_so = False
        if not is_so:
            self.found.fail(
                WORDS,
                position,
                f"the words of {name} of event {position} are not those that were recorded",
            )

    def end(self) -> None:
        """What is left belongs to no event."""
        while self.ahead is not None:
            position, _, name, *_ = self.ahead
            self.found.disclosures += 1
            self.found.fail(
                WORDS, position, f"there are words of {name} at {position} that no event holds"
            )
            self.ahead = next(self.rows, None)


def _guarded(
    asked: Callable[[], Iterator[Any]], found: Verified, part: str
) -> Iterator[tuple[Any, ...]]:
    """The rows up to where they cannot be read any more, which is a failure of that part."""
    try:
        yield from asked()
    except _UNREADABLE as error:
        found.fail(part, None, f"it cannot be read on: {error}")
        found.broken.add(part)


def withdrawals(connection: sqlite3.Connection) -> frozenset[tuple[int, str]]:
    """At which position the words of which field are withdrawn, as is recorded."""
    rows = connection.execute("SELECT state FROM stored_events WHERE topic GLOB 'words-withheld/*'")
    bodies = (envelope["body"] for (state,) in rows if (envelope := envelope_of(state)) is not None)
    return frozenset((body.get("position"), body.get("field")) for body in bodies)
