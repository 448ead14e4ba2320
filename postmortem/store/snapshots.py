"""Keeps the bytes of sources beside the store, each under its own hash.

`STORE.sources/sha256/ab/cdef…`: the folder is named after the store's file, a file after the
SHA-256 of what it holds, in two parts. So the same bytes are there once, and what does not fit its
name has been damaged. Only its owner can read it.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path

from postmortem.core.errors import StoreDamaged, StoreFull, StoreProblem
from postmortem.store import atomic


def folder(store: str) -> Path:
    """Where the bytes of that store's sources are kept."""
    return Path(f"{store}.sources") / "sha256"


def place(store: str, sha256: str) -> Path:
    """The file of that hash."""
    return folder(store) / sha256[:2] / sha256[2:]


def keep(store: str, data: bytes) -> Path:
    """Keep the bytes for good, and say where. Nothing is done where they are kept already.

    Raises: StoreFull, StoreProblem.
    """
    target = place(store, hashlib.sha256(data).hexdigest())
    try:
        if target.is_file() and target.read_bytes() == data:
            return target
        for each in (folder(store).parent, folder(store), target.parent):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic.replace(target, [data], private=True)
        # the names of new folders are as much to be lost as the file's
        for each in (target.parent, folder(store), folder(store).parent, Path(store).parent):
            atomic.settle(each)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(
                f"there is no room left to keep {target}", hint="make room, and try again"
            ) from None
        raise StoreProblem(
            f"{target} cannot be kept: {error.strerror}",
            hint="may you write there? Without --keep only the hashes are recorded",
        ) from None
    return target


def is_kept(store: str, sha256: str) -> bool:
    """Whether there is a file of that hash; it is not read."""
    return place(store, sha256).is_file()


def kept(store: str, sha256: str) -> bytes | None:
    """The bytes of that hash; None where they are not kept.

    Raises: StoreDamaged, where they do not fit it; StoreProblem.
    """
    target = place(store, sha256)
    try:
        data = target.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreProblem(f"{target} cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StoreDamaged(
            f"{target} is damaged: its bytes are not those of its name",
            hint="move it away, and `postmortem source add FILE --keep` the source again",
        )
    return data


def all_kept(store: str) -> Iterator[Path]:
    """Every file that is kept, by name."""
    return (each for each in sorted(folder(store).glob("??/*")) if each.is_file())
