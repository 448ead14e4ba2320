"""Verifies what is kept beside the events: the nodes of the tree, and the words of people.

Both are read in step with the events, by position, so that memory does not grow with the log.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from postmortem.core import tree, words
from postmortem.core.words import Disclosure
from postmortem.store import tree as stored_tree
from postmortem.store.envelopes import digests_in, envelope_of
from postmortem.store.verified import EVENTS, TREE, WORDS, Verified, guarded


class Nodes:
    """The nodes that are kept, read beside the events: each has its number."""

    def __init__(self, connection: sqlite3.Connection, found: Verified) -> None:
        self.found = found
        self.rows = guarded(lambda: stored_tree.stored(connection), found, TREE)
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


class Words:
    """The disclosures, read beside the events."""

    def __init__(self, connection: sqlite3.Connection, found: Verified) -> None:
        self.found = found
        self.rows = guarded(
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


def withdrawals(connection: sqlite3.Connection) -> frozenset[tuple[int, str]]:
    """At which position the words of which field are withdrawn, as is recorded."""
    rows = connection.execute("SELECT state FROM stored_events WHERE topic GLOB 'words-withheld/*'")
    bodies = (envelope["body"] for (state,) in rows if (envelope := envelope_of(state)) is not None)
    return frozenset((body.get("position"), body.get("field")) for body in bodies)
