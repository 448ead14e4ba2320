"""The columns of the log's tables, the same in every backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

EVENT: Final = (
    "position", "originator_id", "originator_version", "topic", "state", "event_id", "recorded_at"
)  # fmt: skip
"""Those of `stored_events`."""
WORDS: Final = ("digest", "position", "field", "salt", "value")
"""Those of `disclosures`."""
ABSENT: Final = ("digest", "position")
"""Those of `words_absent`."""
GROWING: Final = (("stored_events", EVENT), ("disclosures", WORDS), ("words_absent", ABSENT))
"""The tables that grow with the log, each row at the position of an event."""


def insert_into(table: str, columns: Sequence[str]) -> str:
    """SQLite's statement that inserts a row of those columns."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
