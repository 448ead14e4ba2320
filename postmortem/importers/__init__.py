"""Documents from outside -> drafts. An importer identifies and extracts; it records nothing.

To add one: write a file with `identify` and `extract`, and its line in `IMPORTERS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from postmortem.core.decide import Draft
from postmortem.core.errors import BadInput, Place
from postmortem.importers import casebook, jsonl


class Importer(Protocol):
    """What every importer module offers."""

    def identify(self, name: str, data: bytes) -> bool:
        """Whether a file of that name and content is of its format."""
        ...

    def extract(self, name: str, data: bytes, *, amend: bool = False) -> Iterable[Draft]:
        """What is to be recorded, in that order. Raises: BadInput, with file and line."""
        ...


IMPORTERS: Final[dict[str, Importer]] = {"jsonl": jsonl, "casebook": casebook}
"""By name; the first that identifies a file takes it."""


def importer_of(name: str, data: bytes) -> Importer:
    """The importer for a file.

    Raises: BadInput, where none knows it.
    """
    for importer in IMPORTERS.values():
        if importer.identify(name, data):
            return importer
    raise BadInput(
        "the file is of no known format",
        place=Place(name),
        hint="there are: YAML or JSON "
        "casebooks (.yaml, .json), and JSON Lines of CloudEvents (.jsonl)",
    )
