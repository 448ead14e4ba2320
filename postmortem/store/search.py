"""Full text over the record: which words stand where, and how they are found again.

One row of `view_search` is one text at one place, (position in the log, field of the entry). Over
it lies SQLite's full-text index FTS5, as sqlite-utils makes it (`view_search_fts`, with the table
as its content). It is filled here, not by triggers: a connection that trusts no schema does not
let a trigger write to a virtual table.

Where the SQLite library has no FTS5, or the index was left behind by one that has none, every text
is read instead. What people type is data: it is never read as a query in FTS5's own language.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from postmortem.core import formulas
from postmortem.core.errors import BadInput
from postmortem.core.times import AsOf
from postmortem.core.words import digest_in
from postmortem.store.view import View

TABLE: Final = "view_search"
INDEX: Final = "view_search_fts"
TOKENS: Final = "unicode61 remove_diacritics 2"
"""Words as Unicode 6.1 divides them, without regard to case and diacritics."""
MOST_WORDS: Final = 32
MOST_FIELDS: Final = 1000
_WEIGHTS: Final = {"id": 8.0, "name": 6.0, "title": 6.0, "text": 4.0, "note": 3.0, "reason": 3.0}
"""How much a hit in that field counts; in any other one: 1."""
_BEGINS, _ENDS = "\x01", "\x02"  # around a match: no recorded text may hold these
_BEFORE: Final = 60  # characters that are shown before the first match shown
_AFTER: Final = 160  # and from there on
_WEIGHED: Final = 200  # matches that are looked at for the best excerpt


def has_fts5(connection: sqlite3.Connection) -> bool:
    """Whether the SQLite library brings the full-text index."""
    try:
        row = connection.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").fetchone()
    except sqlite3.OperationalError:
        return False
    return row is not None


# --- filling it -----------------------------------------------------------------------------------


def texts(id: str, type: str, stored: dict[str, Any], clear: dict[str, Any]) -> dict[str, str]:
    """The text of an entry by field, in a fixed order; withheld words are empty.

    `stored` is the body as the log holds it, `clear` the same with people's words in the clear.
    Times are left out: a period is asked of the timeline.
    """
    found = {"id": id, "type": type}
    for field in sorted(stored):
        value = clear[field]
        if isinstance(value, str):
            found[field] = value
        elif isinstance(value, dict) and value == stored[field] and digest_in(value) is not None:
            found[field] = ""
        else:
            found[field] = _text(field, value)
    return found


def _text(field: str, value: Any) -> str:
    if field == "requires":
        return "\n".join(formulas.ids(formulas.parse(value)))
    if isinstance(value, dict) and set(value) == {"earliest", "latest", "written"}:
        return ""
    return "\n".join(leaves(value))


def leaves(value: Any) -> Iterator[str]:
    """Every text in a value, in order; keys are none."""
    pending = [value]
    while pending:
        here = pending.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, dict):
            pending += (here[key] for key in sorted(here, reverse=True))
        elif isinstance(here, list):
            pending += reversed(here)


def rows(
    platform: str, position: int, texts: dict[str, str]
) -> list[tuple[int, str, int, str, str]]:
    """The rows of the texts of one entry."""
    return [
        # the key is the same in every rebuild, whatever has been withheld meanwhile
        (position * MOST_FIELDS + number, platform, position, field, text)
        for number, (field, text) in enumerate(texts.items())
        if text
    ]


def index(
    connection: sqlite3.Connection,
    rows: Sequence[tuple[int, str, int, str, str]],
    *,
    indexed: bool,
) -> bool:
    """Take the rows of several entries in; whether the index still holds everything, as it did.

    The rows are in the order of their keys, and nothing else lies between them. Inside the caller's
    transaction.
    """
    if not rows:
        return indexed
    connection.executemany(f"INSERT INTO {TABLE} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608
    if not indexed:
        return False
    try:
        connection.execute(  # by SQLite from its own table, which takes half as long as from here
            f"INSERT INTO {INDEX} (rowid, text) "  # noqa: S608
            f"SELECT key, text FROM {TABLE} WHERE key BETWEEN ? AND ?",
            (rows[0][0], rows[-1][0]),
        )
    except sqlite3.OperationalError:
        if has_fts5(connection):
            raise
        # made by a SQLite that has FTS5, written to by one that has not: from here on it lags
        connection.execute("UPDATE view_state SET indexed = 0")
        return False
    return True


def forget(connection: sqlite3.Connection, position: int, field: str) -> bool:
    """Take the words of that place out, also of the index's own pages; whether there were any.

    Inside the caller's transaction.
    """
    row = connection.execute(
        f"SELECT key, text FROM {TABLE} WHERE key BETWEEN ? AND ? AND field = ?",  # noqa: S608
        (*_keys(position), field),
    ).fetchone()
    if row is None:
        return False
    if is_indexed(connection):
        connection.execute(
            f"INSERT INTO {INDEX} ({INDEX}, rowid, text) VALUES ('delete', ?, ?)",  # noqa: S608
            row,
        )
        # a deletion alone leaves the words in older segments until these are merged
        connection.execute(f"INSERT INTO {INDEX} ({INDEX}) VALUES ('optimize')")  # noqa: S608
    connection.execute(f"DELETE FROM {TABLE} WHERE key = ?", row[:1])  # noqa: S608
    return True


def make_anew(connection: sqlite3.Connection) -> None:
    """Make the index anew from the table, so that nothing else is left in its pages."""
    connection.execute(f"INSERT INTO {INDEX} ({INDEX}) VALUES ('rebuild')")  # noqa: S608


def _keys(position: int) -> tuple[int, int]:
    """The first and the last key that a text of that entry can have."""
    return position * MOST_FIELDS, (position + 1) * MOST_FIELDS - 1


def is_indexed(connection: sqlite3.Connection) -> bool:
    """Whether the index holds everything that the table does."""
    row = connection.execute("SELECT indexed FROM view_state").fetchone()
    return bool(row[0])


# --- finding --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry of the log that holds every word asked for, best field first."""

    position: int
    found: tuple[tuple[str, str], ...]
    """Field, and an excerpt of it with every match marked: «so»."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best hits, and how many there are in all."""

    hits: tuple[Hit, ...]
    total: int
    inside_words: bool = False
    """Whether nothing has the words as such, and these have them as parts of others."""
    by_index: bool = True
    """Whether the full-text index was there to be asked."""


def find(view: View, platform: str, text: str, as_of: AsOf, limit: int) -> Found:
    """The entries that K and R let through and that hold every word of the text, best first.

    Case and diacritics do not matter; the last word may be the beginning of one. Where nothing
    is found so, the words may also stand inside others.

    Raises: BadInput, for no words at all or too many.
    """
    asked = _words(text)
    search = _Search(view.connection, platform, view.position_at(as_of.recorded), as_of.known)
    by_index = is_indexed(view.connection) and has_fts5(view.connection)
    if by_index:
        found = search.by_index(asked, limit)
        if found.total:
            return found
    return search.by_reading(asked, limit, by_index)


def _words(text: str) -> list[str]:
    # what SQLite cannot take; half a surrogate pair comes from bytes that are no text
    words = "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text).split()
    if not words:
        raise BadInput("there is no word to look for", hint="such as `postmortem search midnight`")
    if len(words) > MOST_WORDS:
        raise BadInput(
            f"these are {len(words)} words, and at most {MOST_WORDS} are looked for at once",
            hint="a few rare ones find it as well",
        )
    return list(dict.fromkeys(words))


class _Search:
    """One search: of a platform, up to a position of the log, as known by K."""

    def __init__(
        self, connection: sqlite3.Connection, platform: str, position: int, known: int
    ) -> None:
        self.connection = connection
        self.visible = (platform, position, known)

    _VISIBLE: Final = (
        f"FROM {TABLE} s LEFT JOIN view_version v ON v.position = s.position "
        "{index} WHERE s.platform = ? AND s.position <= ? AND (v.known IS NULL OR v.known <= ?)"
    )

    def by_index(self, words: list[str], limit: int) -> Found:
        """By FTS5, every word a phrase of its own, ranked by BM25 and by the field."""
        words = [word for word in words if any(map(str.isalnum, word))]  # of the rest it holds none
        if not words:
            return Found((), 0)
        scores: list[dict[int, float]] = []
        for number, word in enumerate(words):
            rows = self.connection.execute(
                f"SELECT s.position, s.field, bm25({INDEX}) "
                + self._VISIBLE.format(index=f"JOIN {INDEX} ON {INDEX}.rowid = s.key")
                + f" AND {INDEX} MATCH ?",
                (*self.visible, _phrase(word, last=number == len(words) - 1)),
            )
            best: dict[int, float] = {}
            for position, field, rank in rows:
                score = -rank * _weight(field)
                best[position] = max(score, best.get(position, 0.0))
            scores.append(best)
        total = set(scores[0]).intersection(*scores[1:])
        ranked = sorted(total, key=lambda position: (-_sum(scores, position), position))
        chosen = ranked[:limit]
        any_of = " OR ".join(_phrase(word, last=word == words[-1]) for word in words)
        return Found(tuple(self._excerpts(chosen, any_of)), len(total))

    def _excerpts(self, positions: Sequence[int], match: str) -> Iterator[Hit]:
        for position in positions:
            rows = self.connection.execute(
                # not snippet(), which compares every match with every other one
                f"SELECT s.field, highlight({INDEX}, 0, ?, ?), bm25({INDEX}) "  # noqa: S608
                f"FROM {INDEX} JOIN {TABLE} s ON s.key = {INDEX}.rowid "
                f"WHERE {INDEX} MATCH ? AND {INDEX}.rowid BETWEEN ? AND ?",
                (_BEGINS, _ENDS, match, *_keys(position)),
            ).fetchall()
            rows.sort(key=lambda row: (row[2] * _weight(row[0]), row[0]))
            found = tuple((field, _excerpt(*_unmarked(text))) for field, text, _ in rows)
            yield Hit(position, found)

    def by_reading(self, words: list[str], limit: int, by_index: bool) -> Found:
        """By reading every text; a word counts wherever it stands, inside others too."""
        wanted = sorted({folded for word in words if (folded := _folded(word)[0])})
        if not wanted:
            return Found((), 0, by_index=by_index)
        held: dict[int, set[str]] = defaultdict(set)
        where: dict[int, dict[str, str]] = defaultdict(dict)
        rows = self.connection.execute(
            "SELECT s.position, s.field, s.text " + self._VISIBLE.format(index=""),
            self.visible,
        )
        for position, field, text in rows:
            folded, _ = _folded(text)
            here = [word for word in wanted if word in folded]
            if here:
                held[position].update(here)
                where[position][field] = text
        total = [position for position in held if len(held[position]) == len(wanted)]
        total.sort(key=lambda p: (-max(map(_weight, where[p])), p))
        hits = [
            Hit(
                position,
                tuple(
                    (field, _excerpt(text, _places(text, wanted)))
                    for field, text in sorted(
                        where[position].items(), key=lambda item: (-_weight(item[0]), item[0])
                    )
                ),
            )
            for position in total[:limit]
        ]
        return Found(tuple(hits), len(total), bool(total) and by_index, by_index)


def _weight(field: str) -> float:
    return _WEIGHTS.get(field, 1.0)


def _sum(scores: list[dict[int, float]], position: int) -> float:
    return sum(best[position] for best in scores)


def _phrase(word: str, *, last: bool) -> str:
    quoted = '"' + word.replace('"', '""') + '"'
    return quoted + " *" if last else quoted


def _unmarked(marked: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without the marks, and the places that were marked."""
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    here = 0
    for part in marked.split(_BEGINS):
        inside, ends, outside = part.partition(_ENDS)
        if ends:
            places.append((here, here + len(inside)))
        pieces += [inside, outside]
        here += len(inside) + len(outside)
    return "".join(pieces), places


def _folded(text: str) -> tuple[str, list[int]]:
    """The text without case and diacritics, and of each of its characters where it came from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    folded: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFD", character).casefold():
            if not unicodedata.combining(part):
                folded.append(part)
                origin.append(place)
    return "".join(folded), origin


def _places(text: str, wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words stand in the text, in order; they may overlap."""
    folded, origin = _folded(text)
    places: list[tuple[int, int]] = []
    for word in wanted:
        at = folded.find(word)
        while at >= 0 and len(places) < _WEIGHED * len(wanted):
            places.append((origin[at], origin[at + len(word) - 1] + 1))
            at = folded.find(word, at + len(word))
    return sorted(places)


def _excerpt(text: str, places: Sequence[tuple[int, int]]) -> str:
    """The part of the text with most matches in it, the first of several; every match marked."""
    starts = [start for start, _ in places[:_WEIGHED]]
    first = max(starts, key=lambda start: (_within(starts, start), -start), default=0)
    begin, end = max(0, first - _BEFORE), min(len(text), first + _AFTER)
    if begin:
        begin = max(text.find(" ", begin, first) + 1, begin)
    if end < len(text) and (blank := text.rfind(" ", first, end)) > 0:
        end = blank
    pieces, here = ["…" if begin else ""], begin
    for start, stop in places:
        if here <= start < end:
            stop = min(stop, end)
            pieces += [text[here:start], "«", text[start:stop], "»"]
            here = stop
    return "".join([*pieces, text[here:end], "…" if end < len(text) else ""])


def _within(starts: Sequence[int], start: int) -> int:
    return bisect_left(starts, start + _AFTER) - bisect_left(starts, start)
