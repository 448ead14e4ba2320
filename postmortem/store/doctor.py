"""Says what of a damaged store can be read, and reads it; the store itself is never touched.

All work is done on a copy: opening a database may play back a journal, and that would change the
one witness there is. What SQLite reads is taken first; what it cannot read any more is looked for
page by page. An event counts as the one that was recorded where the tree still has its hash.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from postmortem.core import tree
from postmortem.core.errors import NotAStore, StoreMissing, StoreProblem
from postmortem.core.words import Disclosure, digest_in
from postmortem.store import pages
from postmortem.store.diagnosis import UNOPENED, Diagnosis, Ranges, Table, lost
from postmortem.store.envelopes import digests_in, envelope_of
from postmortem.store.opening import APPLICATION_ID, LOG_VERSION
from postmortem.store.progress import Progress, untold
from postmortem.store.tree import SINCE

TABLES: Final = ("stored_events", "disclosures", "about", "tree_nodes")
_NONE: Final[dict[str, Any]] = {"body": {}, "recorded_by": None}
# of a damaged file even SQLite's own messages may be no text
_FAULTS: Final = (sqlite3.Error, UnicodeError, OverflowError)
_STEP: Final = 512
_MOST: Final = 20
_EVENT: Final = "position, originator_id, originator_version, topic, state, event_id, recorded_at"


class Patient:
    """A store under examination; use it as a context manager."""

    def __init__(self, path: str, progress: Progress | None = None) -> None:
        """Raises: StoreMissing, NotAStore, where there is no file."""
        if not os.path.lexists(path):
            raise StoreMissing(f"there is no store at {path}", hint="name its file with --db")
        if not os.path.isfile(path):
            raise NotAStore(f"{path} is no file", hint="name the store's file with --db")
        self.path = path
        self.found = Diagnosis()
        self._progress = progress or untold
        self._events: dict[int, bytes] = {}
        """What was found on pages alone."""
        self._leaves: dict[int, bytes] = {}
        self._words: dict[int, dict[str, Disclosure]] = {}
        self._withdrawn: set[tuple[int, str]] = set()

    def __enter__(self) -> Patient:
        self._folder = tempfile.TemporaryDirectory(prefix="postmortem-doctor-")
        self.connection: sqlite3.Connection | None = None
        try:
            self._examine()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self.connection is not None:
            self.connection.close()
        self._folder.cleanup()

    # --- the file -------------------------------------------------------------------------------

    def _examine(self) -> None:
        self._file()
        self._copied = self._copy()
        self._open()
        if self.connection is not None:
            self._integrity()
        self._tables()
        self._read_pages()
        self._log()

    def _file(self) -> None:
        found = self.found
        try:
            found.bytes = os.path.getsize(self.path)
            with open(self.path, "rb") as file:
                header = file.read(100)
        except OSError as error:
            raise StoreProblem(f"{self.path} cannot be read: {error.strerror}") from None
        for ending in ("-wal", "-shm", "-journal"):
            with suppress(OSError):
                found.beside[ending] = os.path.getsize(self.path + ending)
        if not found.bytes:
            found.troubles.append("the file is empty")
            return
        if header[:16] != pages.MAGIC:
            found.troubles.append("it does not begin as a database does: its first page is damaged")
            return
        size = pages.page_size(header)
        if size is None:
            found.troubles.append("its first page does not say how large pages are")
            return
        told = int.from_bytes(header[28:32], "big")
        if (
            header[24:28] == header[92:96]
            and told * size > found.bytes
            and not (found.beside.get("-wal"))
        ):
            found.troubles.append(
                f"the file is cut short: it says to have {told:,} pages of {size:,} bytes, and has "
                f"{found.bytes / size:,.1f}; its end is missing, or the -wal beside it is"
            )
        elif found.bytes % size:
            found.troubles.append("the file ends in the middle of a page")
        if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
            found.troubles.append("its first page does not say that it is a store")
        if int.from_bytes(header[60:64], "big") > LOG_VERSION:
            found.troubles.append("a newer version of postmortem wrote it, or the page is damaged")

    def _copy(self) -> str:
        """The file and its journals where they may be changed; the path of the copy."""
        target = os.path.join(self._folder.name, "copy.db")
        try:
            shutil.copyfile(self.path, target)
            for ending in ("-wal", "-journal"):
                if ending in self.found.beside:
                    shutil.copyfile(self.path + ending, target + ending)
        except OSError as error:
            raise StoreProblem(
                f"the store cannot be copied for examination: {error.strerror}",
                hint="make room in the folder for temporary files, or name another with TMPDIR",
            ) from None
        return target

    def _open(self) -> None:
        uri = f"{Path(self._copied).as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except _FAULTS as error:
            connection.close()
            self.found.troubles.append(f"SQLite cannot open it: {error}")
            return
        self.connection = connection

    def _integrity(self) -> None:
        assert self.connection is not None
        try:
            lines = self.connection.execute(f"PRAGMA integrity_check({_MOST})").fetchall()
            self.found.troubles += [f"SQLite says: {line}" for (line,) in lines if line != "ok"]
        except _FAULTS as error:
            self.found.troubles.append(f"SQLite says: {error}")

    def _tables(self) -> None:
        for name in TABLES:
            rows, trouble = None, None
            if self.connection is None:
                trouble = UNOPENED
            else:
                try:
                    counted = self.connection.execute(
                        f"SELECT count(*) FROM {name} NOT INDEXED"  # noqa: S608
                    )
                    rows = int(counted.fetchone()[0])
                except _FAULTS as error:
                    trouble = str(error)
            if name == "tree_nodes" and trouble and self._is_old():
                continue
            self.found.tables.append(Table(name, rows, trouble))

    def _is_old(self) -> bool:
        """Whether a version made it that kept no tree yet."""
        if self.connection is None:
            return False
        with suppress(*_FAULTS):
            return int(self.connection.execute("PRAGMA user_version").fetchone()[0]) < SINCE
        return False

    # --- rows -----------------------------------------------------------------------------------

    def _read(self, sql: str, last: int) -> Iterator[tuple[Any, ...]]:
        """The rows of a table between row ids, without those that cannot be read."""
        if self.connection is None:
            return
        pending = [(1, last)]
        while pending:
            start, end = pending.pop()
            if end - start >= _STEP:
                middle = start + _STEP - 1
                pending += [(middle + 1, end), (start, middle)]
                continue
            try:
                rows = self.connection.execute(sql, (start, end)).fetchall()
            except _FAULTS:
                if start < end:
                    middle = (start + end) // 2
                    pending += [(middle + 1, end), (start, middle)]
                continue
            yield from rows

    def _read_pages(self) -> None:
        """Everything that stands on pages, to fill what SQLite no longer reads."""
        if self.is_whole:
            return
        with suppress(OSError):
            for rowid, row in pages.rows(self._copied):
                if len(row) == 7 and row[0] is None and isinstance(row[4], bytes):
                    if _is_event(rowid, row):
                        self._events.setdefault(rowid, row[4])
                elif len(row) == 2 and row[0] is None and isinstance(row[1], bytes):
                    if len(row[1]) == tree.SIZE:
                        self._leaves.setdefault(rowid, row[1])
                elif len(row) == 5:
                    self._keep(row[1], *row[2:])
        most = self.found.bytes // 20 + 1_000
        for position, name, salt, value in self._read(
            "SELECT position, field, salt, value FROM disclosures NOT INDEXED "
            "WHERE rowid BETWEEN ? AND ?", most,
        ):  # fmt: skip
            self._keep(position, name, salt, value)

    @property
    def is_whole(self) -> bool:
        """Whether SQLite reads every page."""
        return (
            self.connection is not None
            and not any(line.startswith("SQLite says") for line in self.found.troubles)
            and all(table.trouble is None for table in self.found.tables)
        )

    def _keep(self, position: Any, name: Any, salt: Any, value: Any) -> None:
        if not isinstance(position, int) or not all(
            isinstance(each, str) for each in (name, salt, value)
        ):
            return
        with suppress(ValueError, RecursionError):
            disclosure = Disclosure(salt, name, json.loads(value))
            self._words.setdefault(position, {})[disclosure.digest()] = disclosure

    # --- the log --------------------------------------------------------------------------------

    def _log(self) -> None:
        found = self.found
        self._last()
        places = Ranges()
        for position, state, beside in self._states():
            if not beside:
                places.add("readable", position)
            else:
                places.add("rescued", position)
            leaf = self._leaf(position)
            if leaf is None:
                if not self._is_old():
                    places.add("unconfirmed", position)
            elif leaf != tree.leaf(state):
                places.add("doubtful", position)
            found.words += len(self._said(position, state))
            found.digests += len(digests_in(envelope_of(state) or _NONE))
            self._progress("reading events", position, found.last)
        found.readable, found.rescued = places.of("readable"), places.of("rescued")
        found.doubtful, found.unconfirmed = places.of("doubtful"), places.of("unconfirmed")
        found.lost = lost(places.of("readable") + places.of("rescued"), found.last)

    def _last(self) -> None:
        """The highest position that anything speaks of."""
        asked = (
            "SELECT max(position) FROM stored_events",
            "SELECT max(position) FROM disclosures",
            "SELECT position FROM view_state",
            "SELECT max(number) FROM tree_nodes",
        )
        most = [*self._events, *self._words, 0]
        nodes = max(self._leaves, default=0)
        for sql in asked:
            with suppress(*_FAULTS, TypeError):
                if self.connection is not None:
                    number = self.connection.execute(sql).fetchone()[0] or 0
                    if not isinstance(number, int):
                        continue  # on a damaged page anything may stand in its place
                    if "tree_nodes" in sql:
                        nodes = max(nodes, number)
                    else:
                        most.append(number)
        size = max(most)
        # more nodes than events: the tree tells how many there were, if it is not mad
        if nodes > tree.count(size) and nodes <= 2 * (self.found.bytes // 20):
            while tree.count(size) < nodes:
                size += 1
        self.found.last = min(size, self.found.bytes)

    def _states(self) -> Iterator[tuple[int, bytes, bool]]:
        """Every event that can be read, in order; and whether it was found on a page alone."""
        beside = sorted(self._events)
        rows = self._read(
            f"SELECT {_EVENT} FROM stored_events WHERE position BETWEEN ? AND ?",  # noqa: S608
            self.found.last,
        )
        for row in rows:
            if not isinstance(row[4], bytes) or not _is_event(row[0], row):
                continue
            while beside and beside[0] < row[0]:
                position = beside.pop(0)
                yield position, self._events[position], True
            if beside and beside[0] == row[0]:
                beside.pop(0)
            yield row[0], row[4], False
        for position in beside:
            yield position, self._events[position], True

    def _leaf(self, position: int) -> bytes | None:
        number = tree.number(0, position - 1)
        if self.connection is not None:
            with suppress(*_FAULTS):
                row = self.connection.execute(
                    "SELECT hash FROM tree_nodes WHERE number = ?", (number,)
                ).fetchone()
                if row is not None and isinstance(row[0], bytes):
                    return row[0]
        return self._leaves.get(number)

    def _said(self, position: int, state: bytes) -> list[Disclosure]:
        """The words of an event that can be read, and only those that it stands for."""
        envelope = envelope_of(state)
        assert envelope is not None
        if envelope["type"].startswith("words-withheld/"):
            body = envelope["body"]
            self._withdrawn.add((body.get("position"), body.get("field")))
        stands = {"recorded_by": envelope["recorded_by"], **envelope["body"]}
        digests = {name: digest_in(value) for name, value in stands.items()}
        words = self._words.get(position)
        if words is None and self.is_whole and self.connection is not None:
            rows = self.connection.execute(
                "SELECT digest, salt, field, value FROM disclosures WHERE position = ?", (position,)
            )
            words = {}
            for digest, salt, name, value in rows:
                with suppress(ValueError, TypeError, RecursionError):
                    disclosure = Disclosure(salt, name, json.loads(value))
                    if disclosure.digest() == digest:
                        words[digest] = disclosure
        found = []
        for name in sorted(digests):
            digest = digests[name]
            said = None if digest is None else (words or {}).get(digest)
            if said is not None and said.field == name and said.digest() == digest:
                found.append(said)
        return found

    def lines(self) -> Iterator[tuple[dict[str, Any], list[Disclosure]]]:
        """Every event that can be read, with its words, in the order of recording.

        Words whose withdrawal is on record are left out, even where a page still has them.
        """
        for position, state, _ in self._states():
            said = self._said(position, state)
            kept = [each for each in said if (position, each.field) not in self._withdrawn]
            envelope = envelope_of(state)
            assert envelope is not None
            yield envelope, kept


def _is_event(rowid: int, row: Iterable[Any]) -> bool:
    """Whether a row is an event that speaks of itself as its columns do."""
    _, stream, version, topic, state, event_id, _ = row
    envelope = envelope_of(state)
    return envelope is not None and (
        (envelope["position"], envelope["stream"], envelope["version"], envelope["type"])
        == (rowid, stream, version, topic)
        and f"{envelope['platform']}/{envelope['id']}" == event_id
        and isinstance(topic, str)
        and isinstance(envelope["recorded_at"], str)
    )
