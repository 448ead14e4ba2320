"""Files of the user's: read as text, or written where there is none yet."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO, Final, TextIO, cast

from postmortem.core.errors import BadInput, StoreProblem


def read_text(file: str, kind: str, hint: str) -> str:
    """The text of a file that should hold such a kind of thing; `hint` says how one is made.

    Raises: BadInput, where it cannot be read, or is no UTF-8.
    """
    try:
        with open(file, "rb") as source:
            return source.read().decode()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file} is no {kind}: it is no UTF-8 text", hint=hint) from None


@contextlib.contextmanager
def handed_in(path: str) -> Iterator[tuple[str, BinaryIO]]:
    """The name of a file that somebody hands in, and the file, which can be rewound.

    `-` is standard input. What comes out of a pipe is kept on the way, in a temporary file where
    it is long.

    Raises: BadInput, where it cannot be opened.
    """
    name = "standard input" if path == "-" else path
    try:
        file = sys.stdin.buffer if path == "-" else open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    with file:
        if path != "-" and file.seekable():
            yield name, file
            return
        import shutil
        import tempfile

        with tempfile.SpooledTemporaryFile(_SPOOLED) as spooled:
            shutil.copyfileobj(file, spooled)
            yield name, cast(BinaryIO, spooled)


_SPOOLED: Final = 64 * 1024 * 1024
"""Bytes of what is handed in through a pipe that are kept in memory."""


@contextlib.contextmanager
def new_file(file: str, hint: str = "nothing is overwritten") -> Iterator[TextIO]:
    """A new file to write UTF-8 into; gone again where it could not be written to its end.

    Raises: BadInput, where one is there already; StoreProblem.
    """
    made = False
    try:
        with open(file, "x", encoding="utf-8", newline="\n") as target:
            made = True
            yield target
    except FileExistsError:
        raise BadInput(f"{file} exists already", hint=hint) from None
    except OSError as error:
        if made:
            with contextlib.suppress(OSError):
                os.unlink(file)
        raise StoreProblem(f"{file} cannot be written: {error.strerror}") from None
