"""Files of the user's: read as text, or written where there is none yet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TextIO

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
