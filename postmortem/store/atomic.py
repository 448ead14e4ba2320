"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_READABLE: Final = 0o644


def replace(target: str | Path, data: Iterable[bytes], *, private: bool = False) -> None:
    """Put the bytes there, on disk, in place of what is there: nobody ever sees half of them.

    They come in pieces, and what goes wrong in making them leaves the old file as it was too.
    A link stays one, and what it points to is replaced. `private`: for its owner alone; else the
    permissions stay as they are, and a new file can be read by all.

    Raises: OSError, after which the old file is as it was.
    """
    place = Path(os.path.realpath(target))
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".unfinished-")  # made as 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
        if not private:
            os.chmod(name, place.stat().st_mode & 0o777 if place.exists() else _READABLE)
        os.replace(name, place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def settle(folder: str | Path) -> None:
    """See to it that names in a folder survive a power cut, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # Windows opens no folders; there the file system itself keeps names in order
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
