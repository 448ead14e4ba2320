"""What the tree costs: recording with it, and verifying, beside bare hashing of the same bytes."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

from postmortem.core import tree
from postmortem.store.opening import open_read_only
from postmortem.store.tree import SCHEMA, Growth
from postmortem.store.verifying import verify


class Cost(NamedTuple):
    """One row of the benchmark: what was done, to how many events, in how many seconds."""

    what: str
    events: int
    seconds: float

    @property
    def microseconds(self) -> float:
        """For one event."""
        return self.seconds / max(1, self.events) * 1_000_000


def costs(path: str, clock: Callable[[], float]) -> list[Cost]:
    """The costs over the events of the store at that path; it is only read.

    `clock` counts seconds. The table of nodes is filled in memory, so that the disk is not in it.
    """
    with closing(open_read_only(path)) as connection:
        states = [row[0] for row in connection.execute("SELECT state FROM stored_events")]

    def bare() -> None:
        for state in states:
            hashlib.sha256(state).digest()

    def edge() -> None:
        growing = tree.Edge()
        for state in states:
            growing.append(tree.leaf(state))

    def kept() -> None:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
            for statement in SCHEMA:
                memory.execute(statement)
            memory.execute("BEGIN")
            growth = Growth(memory, 0)
            for state in states:
                growth.append(state)
            memory.execute("COMMIT")

    def verified() -> None:
        verify(path)

    found = []
    for what, work in (
        ("SHA-256 of each event, bare", bare),
        ("the tree over them, in memory", edge),
        ("what the tree adds to recording, without the disk", kept),
        ("verify: file, events, tree and words", verified),
    ):
        start = clock()
        work()
        found.append(Cost(what, len(states), clock() - start))
    return found
