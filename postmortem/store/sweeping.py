"""When the interpreter's collector of cycles looks, while very many objects are made and let go."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unswept() -> Iterator[None]:
    """Inside, no cycles are looked for: of the events that are taken in none makes one.

    Looking for them took a third of the time of a rebuild, and found nothing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
