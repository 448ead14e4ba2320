"""A platform's record out of the view's tables: every answer by an index."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from postmortem.core.fields import Body
from postmortem.core.record import Placed
from postmortem.core.recorded import upcast
from postmortem.core.withdrawal import RECORDED_BY
from postmortem.store.look import StoredWords
from postmortem.store.view import disclosed


class ViewRecord(StoredWords):
    """A platform's record as `decide` asks it: every answer by an index of the view."""

    def _column(self, sql: str, *parameters: Any) -> list[Any]:
        return [row[0] for row in self.connection.execute(sql, (self.platform, *parameters))]

    def declaration(self, kind: str, id: str) -> tuple[int, Body] | None:
        """How often it was declared, and its last body."""
        row = self.connection.execute(
            "SELECT d.count, e.state FROM view_declaration d "
            "JOIN stored_events e ON e.position = d.position "
            "WHERE d.platform = ? AND d.kind = ? AND d.id = ? ORDER BY d.position DESC LIMIT 1",
            (self.platform, kind, id),
        ).fetchone()
        return None if row is None else (row[0], self._body(row[1]))

    def declarations(self, kind: str, id: str) -> list[Body]:
        """The bodies of all its declarations."""
        states = self._column(
            "SELECT e.state FROM view_declaration d JOIN stored_events e "
            "ON e.position = d.position "
            "WHERE d.platform = ? AND d.kind = ? AND d.id = ? ORDER BY d.position",
            kind,
            id,
        )
        return [self._body(state) for state in states]

    def _body(self, state: bytes) -> Body:
        envelope = json.loads(state)
        _, body = upcast(envelope["type"], envelope["body"])
        return disclosed(body, self.connection)

    def event(self, id: str) -> Body | None:
        """The body of the event of that id."""
        row = self.connection.execute(
            "SELECT e.state FROM view_version v JOIN stored_events e ON e.position = v.position "
            "WHERE v.platform = ? AND v.id = ?",
            (self.platform, id),
        ).fetchone()
        return None if row is None else self._body(row[0])

    def entry(self, identity: str) -> Placed | None:
        """The entry that the log calls so."""
        row = self.connection.execute(
            "SELECT position, state FROM stored_events WHERE event_id = ?",
            (f"{self.platform}/{identity}",),
        ).fetchone()
        return None if row is None else placed(self.connection, row[0], row[1])

    def stream(self, id: str) -> str:
        """The stream that holds the event of that id."""
        found = self._column("SELECT stream FROM view_version WHERE platform = ? AND id = ?", id)
        return str(found[0])

    def about(self, fact: str) -> Iterable[str]:
        """The facts of which some version speaks of that fact."""
        return self._column(
            "SELECT fact FROM view_subject WHERE platform = ? AND subject = ?", fact
        )

    def parts(self, capability: str) -> Iterable[str]:
        """Every id that any formula ever recorded of that capability names."""
        return self._column(
            "SELECT part FROM view_part WHERE platform = ? AND capability = ?", capability
        )


def placed(connection: sqlite3.Connection, position: int, state: bytes) -> Placed:
    """The entry of a stored state."""
    envelope = json.loads(state)
    cls, body = upcast(envelope["type"], envelope["body"])
    by = envelope[RECORDED_BY]
    held = connection.execute("SELECT field FROM disclosures WHERE position = ?", (position,))
    return Placed(
        position,
        cls.TYPE,
        body if by is None else {**body, RECORDED_BY: by},
        frozenset(row[0] for row in held),
    )
