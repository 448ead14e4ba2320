"""Files of sources that somebody gives: read, and matched to the sources of the record."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from postmortem.cli.options import nearest
from postmortem.core.errors import BadInput
from postmortem.core.passages import digest
from postmortem.core.source_text import media_type, text_of
from postmortem.core.sources import Snapshot, Source

LARGEST: Final = 200_000_000
"""Bytes of one source: more is no document."""


@dataclass(frozen=True)
class Given:
    """The bytes of a source, and where they are from."""

    name: str
    data: bytes
    media_type: str

    @cached_property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def text(self) -> str | None:
        """Its normalised text; None where nothing here can read it."""
        return text_of(self.data, self.media_type)

    @cached_property
    def text_sha256(self) -> str | None:
        """Of the text."""
        return None if self.text is None else digest(self.text)

    def is_of(self, snapshot: Snapshot) -> bool:
        """Whether it has that snapshot's bytes, or its text."""
        return self.sha256 == snapshot.sha256 or (
            self.text_sha256 is not None and self.text_sha256 == snapshot.text_sha256
        )


def read(path: str, media: str | None = None) -> Given:
    """The file at that path. Raises: BadInput."""
    try:
        size = os.path.getsize(path)
        if size > LARGEST:
            raise BadInput(
                f"{path} has {size:,} bytes, and a source may have {LARGEST:,}",
                hint="cite a part of it that is a document of its own",
            )
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:  # a zero byte in the name
        raise BadInput(f"{path!r} is no name of a file") from None
    return Given(path, data, media or media_type(path, data))


def named(id: str, known: Mapping[str, Source]) -> Source:
    """The source of that id. Raises: BadInput, with the one that may have been meant."""
    if id not in known:
        raise BadInput(
            f"there is no source {id!r}",
            hint=nearest(id, sorted(known))
            if known
            else f"declare it first: postmortem declare source {id} --title …",
        )
    return known[id]


def sources_of(given: Given, known: Mapping[str, Source]) -> list[str]:
    """The sources of which the file is a recorded snapshot."""
    return [id for id, source in known.items() if any(map(given.is_of, source.snapshots))]


def matched(files: Sequence[str], known: Mapping[str, Source]) -> dict[str, list[Given]]:
    """The files by the source that each is of: told as ID=FILE, else by a recorded snapshot.

    Raises: BadInput, where a file is of none.
    """
    found: dict[str, list[Given]] = {}
    for argument in files:
        id, equals, path = argument.partition("=")
        if equals and id in known and not os.path.lexists(argument):
            found.setdefault(id, []).append(read(path))
            continue
        if equals and not os.path.lexists(argument):
            named(id, known)
        given = read(argument)
        ids = sources_of(given, known)
        if not ids:
            raise BadInput(
                f"{argument} is no recorded snapshot of any source",
                hint=f"say of which source it is: ID={argument}",
            )
        for each in ids:
            found.setdefault(each, []).append(given)
    return found
