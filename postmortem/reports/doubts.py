"""What a record leaves open, found in it: the open questions that nobody had to write down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from postmortem.core.citations import DISPUTES
from postmortem.core.evidence import DISPUTED, Evidence
from postmortem.core.history import (
    ANNOUNCED,
    CONFIRMED,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    REVISED,
    WITHDRAWN,
)
from postmortem.core.incident import Dossier
from postmortem.core.items import Item
from postmortem.core.lengths import DAY
from postmortem.core.times import BEGINNING, END, format_bound
from postmortem.reports.evidence import weighed

Facts = dict[str, Any]

_DECIDING: Final = frozenset(
    {ANNOUNCED, RESCHEDULED, WITHDRAWN, *CONFIRMED, EFFECT_CHANGED, RESTORED, REVISED}
)
"""The types that what worked when is made of."""
_ROUGH: Final = DAY
"""A time that may lie further apart than these microseconds is worth asking for."""
_MILESTONES: Final = ("detected", "acknowledged", "declared", "mitigated", "resolved")


def doubts(dossier: Dossier) -> list[Facts]:
    """Everything that the record does not tell for sure, each as `what` and the ids it is about."""
    deciding = [item for item in dossier.items if item.type in _DECIDING]
    return [
        *_contested(deciding),
        *_unconfirmed(dossier),
        *_open_ends(dossier),
        *_rough(dossier),
        *_missing(dossier),
        *_silent(dossier),
        *_disputed(dossier),
        *_sourced(weighed(dossier, deciding)),
    ]


def _contested(items: list[Item]) -> Iterator[Facts]:
    """Times of which the statements have no common part."""
    for item in items:
        if item.contested:
            which = "due" if item.due is not None and item.due.contested else "time"
            yield {"what": "contested", "id": item.fact, "which": which}


def _unconfirmed(dossier: Dossier) -> Iterator[Facts]:
    """Announcements that were due, and neither carried out nor withdrawn."""
    for one in dossier.expected:
        if one.confirmations or one.withdrawals or one.effective.span.earliest > dossier.until:
            continue
        yield {"what": "unconfirmed", "id": one.id, "service": one.service}


def _open_ends(dossier: Dossier) -> Iterator[Facts]:
    """Disruptions of which no end is recorded, or an end that may not have come."""
    open_ = [
        one
        for one in dossier.confirmed
        if one.certain_end == END and one.start.span.earliest <= dossier.until
    ]
    for what, ids in (
        ("no-end", [one.id for one in open_ if one.first_possible_end == END]),
        ("open-end", [one.id for one in open_ if one.first_possible_end != END]),
    ):
        if ids:
            yield {"what": what, "ids": ids}


def _rough(dossier: Dossier) -> Iterator[Facts]:
    """Starts of disruptions that are known only roughly."""
    for one in dossier.confirmed:
        earliest, latest = one.start.span
        if earliest > BEGINNING and latest < END and latest - earliest <= _ROUGH:
            continue
        if one.start.contested:
            continue
        within = None if earliest == BEGINNING or latest == END else latest - earliest
        yield {
            "what": "rough",
            "id": one.id,
            "service": one.service,
            "within": within,
            "earliest": format_bound(earliest),
            "latest": format_bound(latest),
        }


def _missing(dossier: Dossier) -> Iterator[Facts]:
    """Milestones that no event reports; of an incident that is open the last two may yet come."""
    if dossier.incident is None:
        return
    wanted = _MILESTONES if dossier.is_closed else _MILESTONES[:3]
    missing = [name for name in wanted if not dossier.milestones(name)]
    if missing:
        yield {"what": "milestones", "missing": missing}


def _silent(dossier: Dossier) -> Iterator[Facts]:
    """Services of which nothing is recorded: they are taken to have worked."""
    silent = [id for id in sorted(dossier.services) if not dossier.picture.by_service.get(id)]
    if silent:
        yield {"what": "silent", "services": silent}


def _disputed(dossier: Dossier) -> Iterator[Facts]:
    """Facts of which somebody says that they are not so, other than in their time."""
    for item in dossier.of(DISPUTED):
        about = str(item.names("about"))
        yield {"what": "disputed", "id": about, "aspect": item.body["aspect"], "by": item.fact}
    for one in weighed(dossier, list(dossier.items)):
        if one.of(DISPUTES):
            cites = [each.written() for each in one.of(DISPUTES)]
            yield {"what": "against", "id": one.fact, "cites": cites}


def _sourced(found: list[Evidence]) -> Iterator[Facts]:
    """Facts that rest on one origin alone, and those that nothing supports."""
    for what, count in (("one-source", 1), ("no-source", 0)):
        ids = [one.fact for one in found if one.independent == count]
        if ids:
            yield {"what": what, "ids": ids}
