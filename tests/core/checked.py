"""What a check looks at, brought by the record in memory instead of a store."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

from postmortem.core.check_material import Material
from postmortem.core.entries import Declaration
from postmortem.core.times import AsOf, Instant, format_instant
from postmortem.testing import MemoryRecord


def material(record: MemoryRecord, as_of: AsOf, long: int) -> Material:
    """The record as known at K and recorded by R; `long` in microseconds."""
    return Material.of(
        _entries(record, as_of.recorded),
        [version for version in record.log.by_id.values() if version.seen(as_of)],
        record.situation(as_of),
        at=as_of.valid,
        long=long,
        shown=format_instant,
    )


def _entries(record: MemoryRecord, by: Instant) -> Iterator[SimpleNamespace]:
    for position, (recorded, told) in enumerate(record.told, 1):
        entry = told.entry
        declares = isinstance(entry, Declaration)
        if recorded <= by:
            yield SimpleNamespace(
                id=f"{entry.KIND}:{entry.id}" if declares else entry.id,
                type=entry.TYPE,
                stream=f"{record.platform}/declarations" if declares else record.stream(entry.id),
                position=position,
                body=entry.body(),
            )
