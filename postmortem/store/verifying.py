"""Verifies a store: the log against its tree, words against their digests, and the log's tables.

It reads once from the first event to the last, changes nothing, and needs the same memory for a
long log as for a short one. What it cannot find: whoever changes the log and computes the tree
anew, or puts back an older copy of the whole file. That takes a checkpoint kept elsewhere, and
`Verified.roots` is what such a checkpoint is compared with.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from typing import Any, Final

from postmortem.core import tree
from postmortem.core.times import format_instant
from postmortem.store import tree as stored_tree
from postmortem.store.envelopes import envelope_of
from postmortem.store.opening import open_read_only
from postmortem.store.progress import Progress
from postmortem.store.tables import LOG, SCHEMA
from postmortem.store.verified import EVENTS, FILE, STORE, TABLES, Verified, readable
from postmortem.store.verifying_beside import Nodes, Words


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
        with readable(found, FILE):
            for (line,) in connection.execute("PRAGMA integrity_check(20)"):
                if line != "ok":
                    found.fail(FILE, None, f"the database file is damaged: {line}")
        with readable(found, TABLES):
            found.keeps_tree = stored_tree.is_kept(connection)
            _tables(connection, found)
        with readable(found, STORE):
            _about(connection, found)
        _Log(connection, found, sizes, progress).read()
    return found


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
        self.nodes = Nodes(self.connection, found)
        with readable(found, EVENTS, lambda: self.position + 1):
            self.words = Words(self.connection, found)
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
        with readable(found, EVENTS):
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


def _written(recorded: Any) -> str:
    try:
        return format_instant(recorded)
    except (ValueError, OverflowError, TypeError):
        return repr(recorded)
