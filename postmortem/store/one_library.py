"""That one process has one SQLite: two of them on one file break each other's locks."""

from __future__ import annotations

import importlib.util
import sys
from typing import Final

from postmortem.core.errors import StoreProblem

_OTHERS: Final = ("pysqlite3", "sqlean")
"""What sqlite-utils prefers to Python's own wherever it is installed."""


def check() -> None:
    """Refuse to write where another SQLite would be, or is, loaded beside the interpreter's.

    Source: https://www.sqlite.org/howtocorrupt.html, section 2.2.1: the locks of POSIX belong to
    the process, so closing a file in one library drops the locks that the other one holds.

    Raises: StoreProblem.
    """
    for name in _OTHERS:
        if name in sys.modules or importlib.util.find_spec(name) is not None:
            raise StoreProblem(
                f"another SQLite library ({name}) is installed beside Python's own",
                hint="two of them on one file break each other's locks; uninstall it",
            )
