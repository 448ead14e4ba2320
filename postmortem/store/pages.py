"""Reads rows out of a database file's pages one by one, where SQLite itself no longer can.

What stands on a page is read if it makes sense; everything else is passed over. Whether a row is
the one that was recorded is for others to tell: a page that SQLite has let go may hold an old one.

Source: the SQLite file format, sections 1.3, 1.5, 1.6, 2.1 and 4 (sqlite.org/fileformat2.html).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, TypeAlias

Value: TypeAlias = "int | float | str | bytes | None"
MAGIC: Final = b"SQLite format 3\x00"

_LEAF: Final = 0x0D
_HEADER, _FRAME, _FILE_HEADER = 32, 24, 100
_LONGEST: Final = 50_000_000
"""Bytes of a row: a longer one is no row of ours."""
_NUMBERS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class _Nonsense(Exception):
    """What stands there is no row."""


def page_size(header: bytes) -> int | None:
    """The bytes of a page, by the file's first bytes; None where they do not say."""
    size = int.from_bytes(header[16:18], "big")
    size = 65536 if size == 1 else size
    return size if 512 <= size <= 65536 and not size & (size - 1) else None


def rows(path: str) -> Iterator[tuple[int, list[Value]]]:
    """Every row of any table that can be read: its row id and its values, in the file's order.

    What the write-ahead log beside the file has committed stands in the place of the file's pages.
    """
    with open(path, "rb") as file:
        header = file.read(_FILE_HEADER)
        size = page_size(header) or 4096
        usable = size - (header[20] if len(header) > 20 and header[:16] == MAGIC else 0)
        count = -(-os.fstat(file.fileno()).st_size // size)
        pages = _Pages(file, size, usable, _wal(f"{path}-wal", size))
        for number in sorted({*range(1, count + 1), *pages.newer}):
            yield from _leaf(pages, number)


def _wal(path: str, size: int) -> dict[int, bytes]:
    """The pages that a write-ahead log holds, up to its last whole transaction."""
    found: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    try:
        with open(path, "rb") as file:
            header = file.read(_HEADER)
            while len(frame := file.read(_FRAME + size)) == _FRAME + size:
                if frame[8:16] != header[16:24]:
                    break  # left over from before the log was begun anew
                pending[int.from_bytes(frame[:4], "big")] = frame[_FRAME:]
                if int.from_bytes(frame[4:8], "big"):
                    found |= pending
                    pending = {}
    except OSError:
        return found
    return found


class _Pages:
    """The pages of a file, newer ones in the place of older."""

    def __init__(self, file: BinaryIO, size: int, usable: int, newer: Mapping[int, bytes]) -> None:
        self._file, self._size, self.usable, self.newer = file, size, usable, newer

    def page(self, number: int) -> bytes:
        """Its bytes; fewer where the file ends before."""
        if number in self.newer:
            return self.newer[number]
        self._file.seek((number - 1) * self._size)
        return self._file.read(self._size)


def _leaf(pages: _Pages, number: int) -> Iterator[tuple[int, list[Value]]]:
    page = pages.page(number)
    start = _FILE_HEADER if number == 1 else 0
    if len(page) < start + 8 or page[start] != _LEAF:
        return
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    for index in range(count):
        at = start + 8 + 2 * index
        place = int.from_bytes(page[at : at + 2], "big")
        try:
            yield _cell(pages, page, place)
        except (_Nonsense, IndexError, UnicodeDecodeError, OSError):
            continue


def _cell(pages: _Pages, page: bytes, place: int) -> tuple[int, list[Value]]:
    if not 8 <= place < len(page):
        raise _Nonsense
    length, place = _varint(page, place)
    rowid, place = _varint(page, place)
    if not 0 < length <= _LONGEST or rowid < 0:
        raise _Nonsense
    most, least = pages.usable - 35, (pages.usable - 12) * 32 // 255 - 23
    local = length
    if length > most:
        local = least + (length - least) % (pages.usable - 4)
        local = local if local <= most else least
    payload = page[place : place + local]
    if len(payload) < local:
        raise _Nonsense
    if local < length:
        at = place + local
        payload = _overflow(pages, int.from_bytes(page[at : at + 4], "big"), payload, length)
    return rowid, _record(payload)


def _overflow(pages: _Pages, number: int, start: bytes, length: int) -> bytes:
    payload = bytearray(start)
    while len(payload) < length:
        page = pages.page(number) if number else b""
        if len(page) < pages.usable:
            raise _Nonsense
        payload += page[4 : pages.usable]
        number = int.from_bytes(page[:4], "big")
    return bytes(payload[:length])


def _record(payload: bytes) -> list[Value]:
    end, at = _varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != end:
        raise _Nonsense
    values: list[Value] = []
    for kind in kinds:
        value, at = _value(payload, at, kind)
        values.append(value)
    if at != len(payload):
        raise _Nonsense
    return values


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind in _NUMBERS:
        end = at + _NUMBERS[kind]
        return int.from_bytes(payload[at:end], "big", signed=True), end
    if kind < 12:
        raise _Nonsense  # no table of ours holds a fraction
    end = at + (kind - 12) // 2
    data = payload[at:end]
    if len(data) < end - at:
        raise _Nonsense
    return (data.decode() if kind & 1 else data), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of 1 to 9 bytes, and the place after it."""
    found = 0
    for index in range(8):
        byte = data[at + index]
        found = found << 7 | byte & 0x7F
        if not byte & 0x80:
            return found, at + index + 1
    return found << 8 | data[at + 8], at + 9
