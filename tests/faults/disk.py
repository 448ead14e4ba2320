"""A disk that fails on demand, and remembers what a loss of power would leave of it.

It stands between SQLite and the file system, as a VFS of its own: the one that SQLite has, with a
few methods exchanged. So it is our own program that is tested, with the library's own connections,
and not a model of it.

Source: https://www.sqlite.org/c3ref/vfs.html, and for what a loss of power may do, SQLite's own
crash tests (`test6.c`): what was not synced is kept, torn or lost, each write for itself.
"""

from __future__ import annotations

import ctypes
import os
import random
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

IOERR_WRITE, IOERR_FSYNC, FULL = 10 | 3 << 8, 10 | 4 << 8, 13
SECTOR = 512

Pointer, Int, Int64 = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
WRITE = ctypes.CFUNCTYPE(Int, Pointer, Pointer, Int, Int64)
TRUNCATE = ctypes.CFUNCTYPE(Int, Pointer, Int64)
SYNC = ctypes.CFUNCTYPE(Int, Pointer, Int)
CLOSE = ctypes.CFUNCTYPE(Int, Pointer)
# names as the pointers that they are: SQLite keeps them, and looks for more behind them
OPEN = ctypes.CFUNCTYPE(Int, Pointer, Pointer, Pointer, Int, ctypes.POINTER(Int))
DELETE = ctypes.CFUNCTYPE(Int, Pointer, Pointer, Int)


class Methods(ctypes.Structure):
    """sqlite3_io_methods, as far as it is looked at; the rest is copied as it is."""

    _fields_ = [
        ("version", Int),
        ("close", CLOSE),
        ("read", Pointer),
        ("write", WRITE),
        ("truncate", TRUNCATE),
        ("sync", SYNC),
        ("rest", Pointer * 13),
    ]


class File(ctypes.Structure):
    """sqlite3_file."""

    _fields_ = [("methods", ctypes.POINTER(Methods))]


class VFS(ctypes.Structure):
    """sqlite3_vfs."""

    _fields_ = [
        ("version", Int),
        ("size_of_file", Int),
        ("longest_path", Int),
        ("next", Pointer),
        ("name", ctypes.c_char_p),
        ("data", Pointer),
        ("open", OPEN),
        ("delete", DELETE),
        ("rest", Pointer * 14),
    ]


def library() -> ctypes.CDLL:
    """The very library that Python's sqlite3 uses; the test is skipped where it is built in."""
    import sqlite3  # noqa: F401 - so that it is loaded

    maps = Path("/proc/self/maps")
    found = maps.read_text() if maps.exists() else ""
    paths = {line.split()[-1] for line in found.splitlines() if "libsqlite3.so" in line}
    if len(paths) != 1:
        pytest.skip("Python has SQLite built in, and nothing can be put beneath it")
    loaded = ctypes.CDLL(paths.pop())
    loaded.sqlite3_vfs_find.restype = ctypes.POINTER(VFS)
    return loaded


class Disk:
    """What was done to the files below one folder, and what shall fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.log: list[tuple[object, ...]] = []
        """("write", path, offset, bytes), ("truncate", path, size), ("sync", path),
        ("delete", path), ("link", path, new name), ("settle", folder), and whatever `note` adds."""
        self.fail_at: int | None = None
        """The how manieth operation fails, counted from 0."""
        self.for_good = True
        """Whether all after it fail too."""
        self.failure = IOERR_WRITE
        self.done = 0

    def note(self, *what: object) -> None:
        """Something that the test wants to know the place of."""
        self.log.append(("note", *what))

    def _fails(self) -> bool:
        self.done += 1
        if self.fail_at is None:
            return False
        return self.done > self.fail_at if self.for_good else self.done == self.fail_at + 1

    @contextmanager
    def beneath(self) -> Iterator[None]:
        """All databases that are opened meanwhile lie on it."""
        sqlite = library()
        real = sqlite.sqlite3_vfs_find(None)
        ours = VFS.from_buffer_copy(real.contents)
        ours.name = b"faulty"
        names: dict[int, str] = {}
        tables: dict[int, Methods] = {}
        kept: list[object] = []  # what C holds on to

        def changed(original: Methods) -> Methods:
            methods = Methods.from_buffer_copy(original)

            def write(file: int, data: int, size: int, offset: int) -> int:
                path = names.get(file)
                if path is not None:
                    if self._fails():
                        return self.failure
                    self.log.append(("write", path, offset, ctypes.string_at(data, size)))
                return int(original.write(file, data, size, offset))

            def truncate(file: int, size: int) -> int:
                path = names.get(file)
                if path is not None:
                    if self._fails():
                        return IOERR_WRITE
                    self.log.append(("truncate", path, size))
                return int(original.truncate(file, size))

            def sync(file: int, flags: int) -> int:
                path = names.get(file)
                if path is not None:
                    if self._fails():
                        return IOERR_FSYNC
                    self.log.append(("sync", path))
                return int(original.sync(file, flags))

            def close(file: int) -> int:
                names.pop(file, None)
                return int(original.close(file))

            methods.write, methods.truncate = WRITE(write), TRUNCATE(truncate)
            methods.sync, methods.close = SYNC(sync), CLOSE(close)
            kept.extend((methods.write, methods.truncate, methods.sync, methods.close, original))
            return methods

        def open_(vfs: int, name: int | None, file: int, flags: int, out: object) -> int:
            result = int(
                real.contents.open(ctypes.addressof(real.contents), name, file, flags, out)
            )
            if result == 0:
                opened = File.from_address(file)
                if opened.methods and name is not None:
                    address = ctypes.addressof(opened.methods.contents)
                    if address not in tables:
                        tables[address] = changed(opened.methods.contents)
                    opened.methods = ctypes.pointer(tables[address])
                    path = os.fsdecode(ctypes.string_at(name))
                    if path.startswith(self.folder):
                        names[file] = path
            return result

        def delete(vfs: int, name: int, sync: int) -> int:
            path = os.fsdecode(ctypes.string_at(name))
            if path.startswith(self.folder):
                self.log.append(("delete", path))
            return int(real.contents.delete(ctypes.addressof(real.contents), name, sync))

        def link(path: str, name: str) -> None:
            os_link(path, name)
            self.log.append(("link", path, name))

        def fsync(handle: int) -> None:
            os_fsync(handle)
            if stat.S_ISDIR(os.fstat(handle).st_mode):
                self.log.append(("settle", self.folder))

        ours.open, ours.delete = OPEN(open_), DELETE(delete)
        sqlite.sqlite3_vfs_register(ctypes.byref(ours), 1)
        os_link, os_fsync = os.link, os.fsync
        os.link, os.fsync = link, fsync  # type: ignore[assignment]
        try:
            yield
        finally:
            os.link, os.fsync = os_link, os_fsync
            sqlite.sqlite3_vfs_unregister(ctypes.byref(ours))
            sqlite.sqlite3_vfs_register(real, 1)
            # a connection that is still open would call what is gone
            assert not names, f"still open: {sorted(names.values())}"
            sys.stdout.flush()

    def image(self, cut: int, dice: random.Random, target: Path) -> None:
        """The files as a loss of power after that many operations may leave them."""
        files: dict[str, _Durable] = {}
        names: set[str] = set()
        """That may be lost again."""
        for what, path, *rest in self.log[:cut]:
            if what == "note":
                continue
            if what == "settle":
                names.clear()
                continue
            if what == "link":
                names.add(str(rest[0]))
                files[str(rest[0])] = files.setdefault(str(path), _Durable())
                continue
            file = files.setdefault(str(path), _Durable())
            if what == "write":
                file.pending.append((int(rest[0]), bytes(rest[1])))
            elif what == "truncate":
                file.pending.append((int(rest[0]), None))
            elif what == "sync":
                file.settle()
                # a file system with a journal: what was deleted before a sync is so after it
                for other in files.values():
                    if other.is_deleted:
                        other.settle()
            else:
                file.pending.append((0, None))
                file.is_deleted = True
        for path, file in files.items():
            if path in names and dice.random() < 0.5:
                continue
            place = target / os.path.relpath(path, self.folder)
            place.write_bytes(file.after_a_cut(dice))


class _Durable:
    """One file: what is on the disk for sure, and what may be."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.pending: list[tuple[int, bytes | None]] = []
        self.is_deleted = False

    def settle(self) -> None:
        self.is_deleted = False
        for offset, data in self.pending:
            self._apply(offset, data)
        self.pending.clear()

    def _apply(self, offset: int, data: bytes | None) -> None:
        if data is None:
            del self.data[offset:]
            return
        if len(self.data) < offset:
            self.data.extend(bytes(offset - len(self.data)))
        self.data[offset : offset + len(data)] = data

    def after_a_cut(self, dice: random.Random) -> bytes:
        """Each write that was not synced is kept, torn between two sectors, or lost."""
        for offset, data in self.pending:
            chance = dice.random()
            if data is None:
                if chance < 0.5:
                    self._apply(offset, None)
            elif chance < 0.4:
                self._apply(offset, data)
            elif chance < 0.6:
                for start in range(0, len(data), SECTOR):
                    if dice.random() < 0.5:
                        self._apply(offset + start, data[start : start + SECTOR])
        return bytes(self.data)
