"""Documents from outside -> drafts. An importer identifies and extracts; it records nothing.

To add one: write a file with `identify` and `extract`, and its line in `IMPORTERS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol

from postmortem.core.decide import Draft
from postmortem.core.errors import BadInput, Place
from postmortem.importers import casebook, jsonl


class Drafts(Protocol):
    """What is to be recorded, in that order; it can be gone through several times."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Draft]:
        """Raises: BadInput, with file and line."""
        ...


class Importer(Protocol):
    """What every importer module offers."""

    def identify(self, name: str, head: bytes) -> bool:
        """Whether a file of that name, that begins so, is of its format."""
        ...

    def extract(self, name: str, file: BinaryIO, *, amend: bool = False) -> Drafts:
        """What is to be recorded of a file that can be rewound.

        Raises: BadInput, with file and line.
        """
        ...


IMPORTERS: Final[dict[str, Importer]] = {"jsonl": jsonl, "casebook": casebook}
"""By name; the first that identifies a file takes it."""


_HEAD: Final = 4096
"""By so many bytes a format is known."""


def importer_of(name: str, file: BinaryIO) -> Importer:
    """The importer for a file that can be rewound.

    Raises: BadInput, where none knows it.
    """
    file.seek(0)
    head = file.read(_HEAD)
    for importer in IMPORTERS.values():
        if importer.identify(name, head):
            return importer
    raise BadInput(
        "the file is of no known format",
        place=Place(name),
        hint="there are: YAML or JSON "
        "casebooks (.yaml, .json), and JSON Lines of CloudEvents (.jsonl)",
    )
