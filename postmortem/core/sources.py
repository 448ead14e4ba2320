"""The sources of a record as they stood: what was declared of each, and its snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from postmortem.core.times import Instant

Body: TypeAlias = Mapping[str, Any]
"""An entry as JSON holds it, only read here; the module of `fields.Body` loads pydantic."""


class Told(Protocol):
    """An entry of the log, to be shown: `store.view.Logged` is one."""

    @property
    def id(self) -> str: ...
    @property
    def recorded(self) -> Instant: ...
    @property
    def body(self) -> Body: ...
    @property
    def shown(self) -> Body: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A source as somebody had it before him."""

    id: str
    source: str
    sha256: str
    """Of the bytes."""
    length: int
    """Bytes."""
    media_type: str
    text_sha256: str | None
    """Of the normalised text; None where nothing could read it."""
    text_length: int | None
    """Characters."""
    retrieved_at: Body | None
    archive_url: str | None
    recorded: Instant


@dataclass(frozen=True, slots=True)
class Source:
    """A source, with its snapshots in the order of recording."""

    id: str
    body: Body
    """As it was last declared, for people: words that are withheld stand there as `[withheld]`."""
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        """The sources that it reports from."""
        return tuple(self.body.get("origins", ()))

    @property
    def is_archived(self) -> bool:
        """Whether the record says where a copy of it is kept."""
        return bool(self.body.get("archive_url")) or any(s.archive_url for s in self.snapshots)

    def bound(self, digits: str | None) -> Snapshot | None:
        """The snapshot whose text hash begins so; None where none is recorded."""
        if digits is None:
            return None
        found = (each for each in self.snapshots if (each.text_sha256 or "").startswith(digits))
        return next(found, None)


def collected(declared: Iterable[Told], snapshots: Iterable[Told]) -> dict[str, Source]:
    """Every source by its id; `declared` are the last declarations, `snapshots` those in force."""
    found = {}
    for entry in declared:
        id = entry.id.split(":")[1]
        found[id] = Source(id, entry.shown)
    for entry in snapshots:
        body = entry.body
        source = found.get(body["source"])
        if source is not None:
            taken = Snapshot(
                entry.id,
                source.id,
                body["sha256"],
                body["length"],
                body["media_type"],
                body.get("text_sha256"),
                body.get("text_length"),
                body.get("retrieved_at"),
                body.get("archive_url"),
                entry.recorded,
            )
            found[source.id] = replace(source, snapshots=(*source.snapshots, taken))
    return found
