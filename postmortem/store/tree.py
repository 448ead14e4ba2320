"""The tree over the log, kept beside it: part of the record, and not of the view.

Its nodes stand in the order in which the log made them, a table that only grows. Whoever changes
an event and leaves the tree alone is found by it; whoever computes it anew is found only by a
checkpoint that is kept elsewhere.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from postmortem.core import tree, words
from postmortem.core.errors import StoreDamaged

SCHEMA: Final = (
    """CREATE TABLE tree_nodes (
        number INTEGER PRIMARY KEY CHECK (number >= 1),
        hash BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT""",
    """CREATE TRIGGER tree_no_update BEFORE UPDATE ON tree_nodes
       BEGIN SELECT RAISE(ABORT, 'the tree only grows'); END""",
    """CREATE TRIGGER tree_no_delete BEFORE DELETE ON tree_nodes
       BEGIN SELECT RAISE(ABORT, 'the tree only grows'); END""",
    # REPLACE deletes without firing delete triggers: it is refused before it can
    """CREATE TRIGGER tree_dense BEFORE INSERT ON tree_nodes
       WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM tree_nodes)
       BEGIN SELECT RAISE(ABORT, 'the tree only grows, and its nodes are dense'); END""",
)
SINCE: Final = 2
"""The version of the log's tables from which on a tree is kept."""

_NODES: Final = "SELECT number, hash FROM tree_nodes ORDER BY number"
_NODE: Final = "SELECT hash FROM tree_nodes WHERE number = ?"
_ADD: Final = "INSERT INTO tree_nodes (number, hash) VALUES (?, ?)"
_STATES: Final = "SELECT state FROM stored_events WHERE position <= ? ORDER BY position"


class Growth:
    """The tree as a write extends it, inside the write's own transaction."""

    def __init__(
        self, connection: sqlite3.Connection, size: int, edge: tree.Edge | None = None
    ) -> None:
        """`size` is how many events the log holds; `edge` the tree's, where it is still at hand.

        Raises: StoreDamaged.
        """
        self._connection = connection
        self._next = tree.count(size) + 1
        if edge is None or edge.size != size:
            nodes = Kept(connection)
            edge = tree.Edge(size, [nodes(level, place) for level, place in tree.peaks(size)])
        self.edge = edge

    def append(self, state: bytes) -> None:
        """Take in the stored bytes of the next event."""
        self.extend([state])

    def extend(self, states: Iterable[bytes]) -> None:
        """Take in the stored bytes of the next events."""
        made = [hash for state in states for _, _, hash in self.edge.append(tree.leaf(state))]
        # a growing tree makes its nodes in the order of their numbers
        self._connection.executemany(_ADD, enumerate(made, self._next))
        self._next += len(made)


class Kept:
    """The nodes as the store keeps them; see `core.tree.Nodes`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, level: int, place: int) -> tree.Hash:
        """The node's hash. Raises: StoreDamaged, where it is not there."""
        row = self._connection.execute(_NODE, (tree.number(level, place),)).fetchone()
        if row is None or len(row[0]) != tree.SIZE:
            raise StoreDamaged(
                f"the tree over the log lacks what it held of event {(place + 1) << level}",
                hint="`postmortem verify` says what is damaged; keep the file as it is",
            )
        return bytes(row[0])


class Counted:
    """The nodes of a log that keeps no tree yet, worked out of its events and held in memory."""

    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        edge = tree.Edge()
        self._nodes = {
            (level, place): hash
            for (state,) in connection.execute(_STATES, (size,))
            for level, place, hash in edge.append(tree.leaf(state))
        }

    def __call__(self, level: int, place: int) -> tree.Hash:
        """The node's hash."""
        return self._nodes[level, place]


def is_kept(connection: sqlite3.Connection) -> bool:
    """Whether the store keeps a tree; one that an earlier version made does from its next write."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) >= SINCE


def nodes_of(connection: sqlite3.Connection, size: int) -> tree.Nodes:
    """The nodes over the first `size` events."""
    return Kept(connection) if is_kept(connection) else Counted(connection, size)


def root_at(connection: sqlite3.Connection, size: int) -> tree.Hash:
    """The root that the tree had when the log held that many events. Raises: StoreDamaged."""
    return tree.root(size, nodes_of(connection, size))


def stored(connection: sqlite3.Connection) -> Iterator[tuple[int, tree.Hash]]:
    """Every node with its number, as they stand."""
    return iter(connection.execute(_NODES))


# --- what the store says about itself -------------------------------------------------------------

SEALED: Final = ("id", "copy_of")
"""The facts about the store that never change once they are said."""
SEAL: Final = "seal"


def seal_of(about: dict[str, str]) -> str:
    """The digest over those facts, in hexadecimal."""
    said = {key: about[key] for key in SEALED if key in about}
    return hashlib.sha256(words.canonical(said)).hexdigest()


def seal(connection: sqlite3.Connection) -> None:
    """Set down the digest over what is said about the store, so that a change of it shows."""
    about = dict(connection.execute("SELECT key, value FROM about").fetchall())
    connection.execute("DELETE FROM about WHERE key = ?", (SEAL,))
    connection.execute("INSERT INTO about VALUES (?, ?)", (SEAL, seal_of(about)))
