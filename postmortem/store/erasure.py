"""Erases the traces of withdrawn words from a store's files, and finds out whether they are gone.

Withdrawing words deletes them from the tables; copies of them may still lie in pages that are free,
in the full-text index's older segments, in the write-ahead log. So the index is made anew, the file
is written anew from what remains (`VACUUM`), and the write-ahead log is emptied, which is not
possible while somebody reads a moment from before.

Whether they are gone is found out in two ways. The whole file is compared, byte by byte, with what
SQLite writes of the remaining rows alone: where they are equal, nothing else can be in it. And the
words themselves, while they are still known, are looked for in every file of the store, as UTF-8,
as JSON escapes them, and as UTF-16. Neither is believed without the other.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from postmortem.core.errors import StoreProblem
from postmortem.core.words import canonical, digest_in
from postmortem.store import search
from postmortem.store.opening import trouble
from postmortem.store.view import ERASED

PATIENCE: Final = 2.0
"""Seconds to wait for those who read, before the erasing is left to be finished later."""
SHORTEST: Final = 6
"""Bytes. What is shorter is found in a store by chance: in digests, in hashes, inside words."""
_ENDINGS: Final = ("", "-wal", "-shm", "-journal")
_CHUNK: Final = 1 << 20
# Where SQLite counts the writes to a file and the changes of its tables, and keeps how it is
# written to: these say nothing of its content. Source: "Database File Format", section 1.3.
_COUNTERS: Final = (slice(18, 20), slice(24, 28), slice(40, 44), slice(92, 96))


@dataclass(frozen=True, slots=True)
class Text:
    """Words that were withdrawn, by where they stood."""

    position: int
    field: str
    value: Any

    @property
    def pieces(self) -> list[str]:
        """The texts that are looked for; of a mapping or a list, each text in it."""
        return list(dict.fromkeys(piece for piece in search.leaves(self.value) if piece.strip()))

    @property
    def is_short(self) -> bool:
        """Whether some of it is too short to be told from chance."""
        return any(len(piece.encode()) < SHORTEST for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Holding:
    """A place that still holds the same words, on purpose."""

    position: int
    platform: str
    entry: str
    """How the log calls it."""
    field: str
    can_go: bool
    """Whether these are somebody's words, which can be withdrawn; an id or a name stays."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Whether what was withdrawn is gone from the store's files."""

    erased: bool
    why_not: str = ""
    """What stood in the way, where it is not."""
    found: int = 0
    """How often the words still stand in the store's files, where others hold them on purpose."""
    files: tuple[str, ...] = field(default=())
    """The files that were looked through."""


# --- which words are gone, and which still stand ------------------------------------------------


def declare_erased(connection: sqlite3.Connection, position: int) -> None:
    """Set down that nothing withdrawn up to that position is in the files any more."""
    connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (ERASED, str(position)))


def disclosure(connection: sqlite3.Connection, position: int, field: str) -> Text | None:
    """The words at that place; None where they are not at hand."""
    row = connection.execute(
        "SELECT value FROM disclosures WHERE position = ? AND field = ?", (position, field)
    ).fetchone()
    return None if row is None else Text(position, field, json.loads(row[0]))


def holdings(connection: sqlite3.Connection, texts: Sequence[Text]) -> list[Holding]:
    """Where else one of those words stands: in other words, or in what the log holds itself."""
    own = {(text.position, text.field) for text in texts}
    pieces = [piece for text in texts for piece in text.pieces]
    found: dict[tuple[int, str], bool] = {}
    for position, field_, value in connection.execute(
        "SELECT position, field, value FROM disclosures ORDER BY position, field"
    ):
        if (position, field_) not in own and _holds(json.loads(value), pieces):
            found[position, field_] = True
    for position, state in connection.execute(
        "SELECT position, state FROM stored_events ORDER BY position"
    ):
        envelope = json.loads(state)
        for key, value in (("id", envelope["id"]), *envelope["body"].items()):
            if not digest_in(value) and _holds(value, pieces):
                found[position, key] = False
    names = dict(connection.execute("SELECT position, event_id FROM stored_events"))
    return [
        Holding(position, platform, entry, field_, found[position, field_])
        for position, field_ in sorted(found)
        for platform, _, entry in (names[position].partition("/"),)
    ]


def _holds(value: Any, pieces: Sequence[str]) -> bool:
    return any(_stands_in(piece, leaf) for leaf in search.leaves(value) for piece in pieces)


def _stands_in(piece: str, text: str) -> bool:
    """Whether it stands there; what is short only as a word of its own."""
    if piece not in text or len(piece.encode()) >= SHORTEST:
        return piece in text
    return re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text) is not None


# --- erasing --------------------------------------------------------------------------------------


def erase(path: str, texts: Sequence[Text] = ()) -> Erasure:
    """Erase what was withdrawn from the files of the store, and look whether it is gone.

    May be done again at any time, after a crash as well.

    Raises: StoreProblem, where the store cannot be opened.
    """
    try:
        with contextlib.closing(_open(path)) as connection:
            try:
                return _erase(connection, path, texts)
            except sqlite3.Error as error:
                return Erasure(False, _obstacle(trouble(error, path)))
    except sqlite3.Error as error:
        raise trouble(error, path) from None


def _obstacle(problem: StoreProblem) -> str:
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message


def _open(path: str) -> sqlite3.Connection:
    uri = f"{Path(path).absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=PATIENCE)
    for pragma in ("secure_delete=ON", "synchronous=FULL", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _erase(connection: sqlite3.Connection, path: str, texts: Sequence[Text]) -> Erasure:
    if not _emptied(connection):
        return Erasure(False, _READERS)  # before a file's worth of pages is written beside it
    if _has_view(connection) and search.is_indexed(connection):
        if not search.has_fts5(connection):
            return Erasure(False, _NO_FTS5)
        search.make_anew(connection)
    connection.execute("VACUUM")
    if not _emptied(connection):
        return Erasure(False, _READERS)
    last = connection.execute("SELECT max(position) FROM stored_events").fetchone()[0] or 0
    outcome = _looked_through(connection, path, texts)
    if outcome.erased:
        declare_erased(connection, last)
        _emptied(connection)
    return outcome


def _has_view(connection: sqlite3.Connection) -> bool:
    """Not in what is copied, until it is asked."""
    found = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'view_state'")
    return bool(found.fetchone()[0])


_READERS: Final = (
    "somebody is at work in the store (another command, a backup, an open program), and may need "
    "the journal that the words are in"
)
_NO_FTS5: Final = (
    "the full-text index holds them, and this SQLite library has no FTS5 to make it anew"
)


def _emptied(connection: sqlite3.Connection) -> bool:
    """Take the write-ahead log into the file and empty it; not while somebody needs it."""
    busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def _looked_through(connection: sqlite3.Connection, path: str, texts: Sequence[Text]) -> Erasure:
    """Whether the files hold what remains, and nothing else. Nobody can write meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        files = tuple(f"{path}{end}" for end in _ENDINGS if os.path.exists(f"{path}{end}"))
        for journal in (f"{path}-wal", f"{path}-journal"):
            if journal in files and os.path.getsize(journal):
                return Erasure(False, "somebody recorded meanwhile; do it again", files=files)
        if not _is_what_remains(path):
            return Erasure(False, "the file holds more than the rows that remain", files=files)
        if table := _left_in(connection, texts):
            return Erasure(False, f"the table {table} still holds them", files=files)
        pieces = {piece for text in texts for piece in text.pieces}
        found = sum(_count(file, forms(piece)) for file in files for piece in pieces)
        return Erasure(True, found=found, files=files)
    finally:
        connection.execute("ROLLBACK")


def _left_in(connection: sqlite3.Connection, texts: Sequence[Text]) -> str | None:
    """A table with a row that holds one of the words, and is about no entry that may hold them.

    Short words are passed over: they are found in digests by chance.
    """
    needles = [
        form
        for text in texts
        for piece in text.pieces
        if len(piece.encode()) >= SHORTEST
        for form in forms(piece)
    ]
    if not needles:
        return None
    allowed = {holding.position for holding in holdings(connection, texts)}
    tables = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    for (name,) in tables:
        if name.startswith(search.INDEX):  # it holds single words, of the texts that remain
            continue
        rows = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608
        keys = [column[0] for column in rows.description]
        at = keys.index("position") if "position" in keys else None
        for row in rows:
            held = (_bytes(value) for value in row)
            if any(needle in value for value in held for needle in needles) and (
                not allowed if at is None else row[at] not in allowed
            ):
                return str(name)
    return None


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _is_what_remains(path: str) -> bool:
    """Whether the file is, to the byte, what SQLite writes of its rows alone."""
    stored = Path(path).read_bytes()
    twin = sqlite3.connect(":memory:", isolation_level=None)
    try:
        # as a file with a rollback journal, which a database in memory can be
        twin.deserialize(stored[:18] + b"\x01\x01" + stored[20:])
        twin.execute("PRAGMA secure_delete=ON")
        twin.execute("VACUUM")
        return _content(twin.serialize()) == _content(stored)
    finally:
        twin.close()


def _content(data: bytes) -> bytes:
    header = bytearray(data[:100])
    for counter in _COUNTERS:
        header[counter] = bytes(counter.stop - counter.start)
    return bytes(header) + data[100:]


# --- looking for bytes ----------------------------------------------------------------------------


def forms(text: str) -> list[bytes]:
    """How a text may stand in a file: as UTF-8, as JSON escapes it, as UTF-16."""
    escaped = [canonical(text).decode()[1:-1], json.dumps(text)[1:-1]]
    return list(
        dict.fromkeys(
            [
                *(each.encode() for each in (text, *escaped)),
                text.encode("utf-16-le"),
                text.encode("utf-16-be"),
            ]
        )
    )


def _count(file: str, needles: Sequence[bytes]) -> int:
    """How many places of the file hold one of the needles, read piece by piece."""
    longest = max(map(len, needles))
    places: set[int] = set()
    for offset, chunk in _chunks(file, longest - 1):
        for needle in needles:
            at = chunk.find(needle)
            while at >= 0:
                places.add(offset + at)
                at = chunk.find(needle, at + 1)
    return len(places)


def _chunks(file: str, overlap: int) -> Iterator[tuple[int, bytes]]:
    """The file in pieces, each beginning with the end of the one before; with their offsets."""
    with open(file, "rb") as opened:
        before, offset = b"", 0
        while piece := opened.read(_CHUNK):
            yield offset - len(before), before + piece
            offset += len(piece)
            before = (before + piece)[-overlap:] if overlap else b""


def containing(files: Iterable[str], texts: Sequence[Text]) -> list[str]:
    """Those of the files that hold one of the texts; short ones are passed over."""
    pieces = [p for text in texts for p in text.pieces if len(p.encode()) >= SHORTEST]
    needles = [form for piece in pieces for form in forms(piece)]
    return [file for file in files if needles and _count(file, needles)]
