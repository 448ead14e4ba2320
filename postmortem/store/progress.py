"""Whom long work tells how far it is, and what is worth knowing beside an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is done, how much of it, and out of how much."""
Warn: TypeAlias = Callable[[str], None]
"""Told, in a sentence, of what is as one would not expect."""


def untold(*_: object) -> None:
    """Nobody watches."""
