"""Reads the log for those who look: entries in order, many at once, and what names what."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from postmortem.core.chronicle import SOURCES, names_in
from postmortem.core.history import Version
from postmortem.core.times import END, AsOf
from postmortem.store.view import VERSION_COLUMNS, Logged, View, logged_from, version_from

KINDS: Final = ("service", "capability", "source", "platform")
"""What can be declared, in the order in which a bare id is looked up."""
_LOAD: Final = 500
_WITHDRAWAL: Final = "withheld:"
"""What the id of a withdrawal begins with."""


class StoredWords:
    """A platform's versions and retractions, each found by an index: `core.history.Words`."""

    def __init__(self, connection: sqlite3.Connection, platform: str) -> None:
        self.connection = connection
        self.platform = platform

    def _versions(self, which: str, value: str) -> list[Version]:
        rows = self.connection.execute(
            f"SELECT {VERSION_COLUMNS} FROM view_version WHERE platform = ? AND {which}",  # noqa: S608
            (self.platform, value),
        ).fetchall()
        return [version_from(row) for row in rows]

    def version(self, id: str) -> Version | None:
        """The version of that id."""
        return next(iter(self._versions("id = ?", id)), None)

    def versions(self, fact: str) -> list[Version]:
        """All versions of a fact."""
        return self._versions("fact = ?", fact)

    def retractions(self, event: str) -> list[str]:
        """The retractions of which some version names that id."""
        rows = self.connection.execute(
            "SELECT fact FROM view_retraction WHERE platform = ? AND event = ?",
            (self.platform, event),
        )
        return [row[0] for row in rows]


# --- entries --------------------------------------------------------------------------------------


def told(view: View, positions: Iterable[int]) -> dict[int, Logged]:
    """The entries at those positions."""
    found: dict[int, Logged] = {}
    pending = iter(positions)
    while some := list(islice(pending, _LOAD)):
        marks = ",".join("?" * len(some))
        rows = view.connection.execute(
            f"SELECT position, state FROM stored_events WHERE position IN ({marks})",  # noqa: S608
            some,
        ).fetchall()
        found |= _with_words(view, rows)
    return found


def entries(
    view: View,
    platform: str,
    as_of: AsOf,
    *,
    after: int = 0,
    before: int = END,
    newest_first: bool = False,
) -> Iterator[Logged]:
    """The platform's entries between two positions (neither included) that K and R let through.

    In the order of recording, or in the opposite one. Read as far as the caller goes.
    """
    before = min(before, view.position_at(as_of.recorded) + 1)
    order = "DESC" if newest_first else "ASC"
    while True:
        rows = view.connection.execute(
            "SELECT position, state FROM stored_events WHERE position > ? AND position < ? "  # noqa: S608
            f"AND event_id GLOB ? ORDER BY position {order} LIMIT {_LOAD}",
            (after, before, f"{platform}/*"),
        ).fetchall()
        if not rows:
            return
        for entry in _with_words(view, rows).values():
            if is_seen(entry, as_of):
                yield entry
        if newest_first:
            before = rows[-1][0]
        else:
            after = rows[-1][0]


def is_seen(entry: Logged, as_of: AsOf) -> bool:
    """Whether K and R let it through; a declaration is seen whatever K is."""
    return entry.recorded <= as_of.recorded and (entry.known is None or entry.known <= as_of.known)


def _with_words(view: View, rows: list[tuple[int, bytes]]) -> dict[int, Logged]:
    marks = ",".join("?" * len(rows))
    texts: dict[int, dict[str, Any]] = defaultdict(dict)
    said = view.connection.execute(
        f"SELECT position, digest, value FROM disclosures WHERE position IN ({marks})",  # noqa: S608
        [position for position, _ in rows],
    )
    for position, digest, value in said:
        texts[position][digest] = json.loads(value)
    found = {position: logged_from(state, texts[position]) for position, state in rows}
    for position, state in rows:
        if found[position].withheld:
            found[position] = view.logged_in(state)
    return found


# --- what has an id, and what names it ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Named:
    """What an id stands for: an event, or what was declared."""

    kind: str
    """`event`, one of `KINDS`, or `withdrawal`."""
    id: str
    positions: tuple[int, ...]
    """Of an event its own; of what was declared, all its declarations, in order."""
    at: int
    """The position that was asked for: of what was declared the last one, unless one was named."""
    exact: bool = False
    """Whether one declaration was named, not what is declared."""
    also: tuple[str, ...] = ()
    """What else has the same id, as it can be asked for: `source:ID`."""


def named(view: View, platform: str, asked: str, last: int) -> Named | None:
    """What has that id, or stands at that position of the log; None where nothing does.

    A position is written `#17`, or `17` where no id is so: a shell takes the former for a remark.

    An id may be that of an event, or of something declared, also as `KIND:ID` and as the log has
    it, `KIND:ID:COUNT`. Of what was declared, declarations count up to the position `last`.
    """
    if not asked.isascii():
        return None
    if asked.startswith("#"):
        return _at(view, platform, asked[1:], last)
    if asked.startswith(_WITHDRAWAL):
        row = view.connection.execute(
            "SELECT position FROM stored_events WHERE event_id = ?", (f"{platform}/{asked}",)
        ).fetchone()
        return None if row is None else Named("withdrawal", asked, (row[0],), row[0], exact=True)
    if ":" in asked:
        kind, id, *count = asked.split(":")
        places = _declarations(view, platform, kind, id, last)
        if not count:
            return Named(kind, id, places, places[-1]) if places else None
        number = int(count[0]) if len(count) == 1 and count[0].isdecimal() else 0
        if not 1 <= number <= len(places):
            return None
        return Named(kind, id, places, places[number - 1], exact=True)
    version = StoredWords(view.connection, platform).version(asked)
    declared = [(kind, _declarations(view, platform, kind, asked, last)) for kind in KINDS]
    events = [] if version is None else [("event", (version.position,))]
    found = [
        Named(kind, asked, places, places[-1]) for kind, places in (*events, *declared) if places
    ]
    if not found:
        return _at(view, platform, asked, last)
    first, *others = found
    also = tuple(f"{other.kind}:{other.id}" for other in others)
    return Named(first.kind, first.id, first.positions, first.at, also=also)


def _at(view: View, platform: str, number: str, last: int) -> Named | None:
    if not number.isdecimal() or len(number) > 18:
        return None
    row = view.connection.execute(
        "SELECT event_id FROM stored_events WHERE position = ?", (int(number),)
    ).fetchone()
    if row is None or row[0].partition("/")[0] != platform:
        return None
    id = row[0].partition("/")[2]
    if id.startswith(_WITHDRAWAL):
        return Named("withdrawal", id, (int(number),), int(number), exact=True)
    if ":" not in id:
        return Named("event", id, (int(number),), int(number), exact=True)
    kind, id = id.split(":")[:2]
    places = _declarations(view, platform, kind, id, max(last, int(number)))
    return Named(kind, id, places, int(number), exact=True)


def _declarations(view: View, platform: str, kind: str, id: str, last: int) -> tuple[int, ...]:
    rows = view.connection.execute(
        "SELECT position FROM view_declaration WHERE platform = ? AND kind = ? AND id = ? "
        "AND position <= ? ORDER BY position",
        (platform, kind, id, last),
    )
    return tuple(row[0] for row in rows)


def mentions(
    view: View, platform: str, id: str, as_of: AsOf, *, source: bool = False
) -> list[tuple[Logged, list[str]]]:
    """The entries that name that id and that K and R let through, with the keys that name it.

    Sources have names of their own: of one, only citations count.
    """
    rows = view.connection.execute(
        "SELECT position, state FROM stored_events WHERE position <= ? AND event_id GLOB ? "
        "AND instr(state, ?) ORDER BY position",
        (view.position_at(as_of.recorded), f"{platform}/*", f'"{id}'.encode()),
    )
    found = []
    while some := rows.fetchmany(_LOAD):
        for entry in _with_words(view, some).values():
            named = names_in(entry.body)
            keys = [key for key, name in named if name == id and (key in SOURCES) is source]
            if keys and is_seen(entry, as_of):
                found.append((entry, list(dict.fromkeys(keys))))
    return found
