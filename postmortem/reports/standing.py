"""What worked when, what was announced, whose loss would stop what: worked out for a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from postmortem.core import formulas, measures
from postmortem.core.disruptions import Disruption, Expected, Settled
from postmortem.core.errors import BadInput
from postmortem.core.history import CUT_OFF
from postmortem.core.incident import Dossier
from postmortem.core.levels import Bounds, Level
from postmortem.core.measures import Course
from postmortem.core.metrics import PER_CAPABILITY
from postmortem.core.times import BEGINNING, Instant, Span, format_bound, format_instant

Facts = dict[str, Any]

_DECLARED: Final = (
    "provider", "description", "notice_days", "substitutability", "alternatives", "exit_plan",
    "owner", "criticality",
)  # fmt: skip


def window(dossier: Dossier) -> Span | None:
    """From when to when everything is measured, [earliest, latest); None: nothing has happened."""
    start, end = dossier.window.start, dossier.window.end
    until = dossier.until if end is None else min(end, dossier.until)
    return None if start == BEGINNING or until <= start else Span(start, until)


# --- what worked when -----------------------------------------------------------------------------


def capabilities(dossier: Dossier, span: Span | None, measured: Sequence[Facts]) -> list[Facts]:
    """Each capability over the window: how long it was out, from when on, and how it stands."""
    picture = dossier.picture
    courses: Mapping[str, Course] = {} if span is None else measures.courses(picture, *span)
    lost = {(each["measure"], each["about"]): each for each in measured}
    found = []
    for id, declared in dossier.capabilities.items():
        rests = sorted(picture.services_under(id))
        row: Facts = {
            "id": id,
            "name": declared.name,
            "requires": formulas.written(picture.situation.capabilities[id]),
            "rests_on": rests,
            "silent": not any(picture.by_service.get(service) for service in rests),
            **dict.fromkeys(("turns", "first", "out", "begins", "ends", "lowest", *PER_CAPABILITY)),
        }
        if id in courses and span is not None:
            row |= _course(courses[id], span)
            row |= {key: lost.get((key, id)) for key in PER_CAPABILITY}
        found.append(row)
    # what stopped first stands first: as the picture has it
    return sorted(found, key=lambda row: (row["first"] or {}).get("earliest") or "~")


def _course(course: Course, span: Span) -> Facts:
    return {
        "turns": [{"at": format_instant(at), **_levels(bounds)} for at, bounds in course],
        "first": _first(course, Level.DEGRADED),
        "out": _first(course, Level.UNAVAILABLE),
        "begins": _levels(course[0][1]),
        "ends": _levels(course[-1][1]),
        "lowest": min(bounds.worst for _, bounds in course).word,
    }


def _levels(bounds: Bounds) -> Facts:
    return {"worst": bounds.worst.word, "best": bounds.best.word, "status": bounds.status}


def _first(course: Course, level: Level) -> Facts | None:
    """From when on it possibly, and certainly, stood at that level or below; None: never."""
    possibly = next((at for at, bounds in course if bounds.worst <= level), None)
    certainly = next((at for at, bounds in course if bounds.best <= level), None)
    if possibly is None:
        return None
    return {
        "earliest": format_instant(possibly),
        "latest": None if certainly is None else format_instant(certainly),
    }


def services(dossier: Dossier, span: Span | None) -> list[Facts]:
    """Each service: what is declared of it, what hit it, how it stands at the end."""
    picture = dossier.picture
    at = None if span is None else span.latest - 1
    found = []
    for id, declared in dossier.services.items():
        hits = [one for one in dossier.disruptions if one.service == id]
        row: Facts = {
            "id": id,
            "name": declared.name,
            **{key: declared.body.get(key) for key in _DECLARED},
            "disruptions": [one.id for one in hits],
            "silent": not picture.by_service.get(id),
            "ends": None if at is None else _levels(picture.service(id, at).bounds),
            "carries": sorted(
                c for c in dossier.capabilities if id in dossier.picture.services_under(c)
            ),
        }
        found.append(row)
    return found


# --- announced, and cut off -----------------------------------------------------------------------


def notices(dossier: Dossier, measured: Sequence[Facts]) -> list[Facts]:
    """Every cut-off and every announcement: when announced, when in effect, how much notice.

    In the order of the first that is known of each; `measured` are the measures, as plain values.
    """
    by_about = {(each["measure"], each["about"]): each for each in measured}
    carried_out = {one.announcement: one for one in dossier.confirmed if one.announcement}
    pairs: list[tuple[Expected | None, Disruption | None]] = [
        (one, carried_out.pop(one.id, None)) for one in dossier.expected
    ]
    paired = {cut.id for _, cut in pairs if cut is not None}
    for cut in dossier.confirmed:
        item = dossier.by_fact.get(cut.id)
        if cut.id not in paired and item is not None and item.type == CUT_OFF:
            pairs.append((None, cut))
    pairs.sort(key=_begins)
    return [_notice(announced, cut, by_about) for announced, cut in pairs]


def _begins(pair: tuple[Expected | None, Disruption | None]) -> tuple[Instant, str]:
    announced, cut = pair
    firsts = [] if announced is None else [(announced.announced.earliest, announced.id)]
    firsts += [] if cut is None else [(cut.start.span.earliest, cut.id)]
    return min(firsts)


def _notice(
    announced: Expected | None,
    cut: Disruption | None,
    measured: Mapping[tuple[str, str], Facts],
) -> Facts:
    one = cut or announced
    assert one is not None
    return {
        "service": one.service,
        "announcement": None if announced is None else announced.id,
        "cut_off": None if cut is None else cut.id,
        "announced": None if announced is None else _span(announced.announced),
        "due": None if announced is None else _settled(announced.effective),
        "happened": None if cut is None else _settled(cut.start),
        "withdrawn": [] if announced is None else sorted(t.fact for t in announced.withdrawals),
        "notice": measured.get(("notice", one.id)),
        "lead": measured.get(("public-lead", one.id)),
    }


def _span(span: Span) -> Facts:
    return {
        "earliest": format_bound(span.earliest),
        "latest": format_bound(span.latest),
        "contested": False,
    }


def _settled(time: Settled) -> Facts:
    return {**_span(time.span), "contested": time.contested}


# --- whose loss stops what ------------------------------------------------------------------------


def cuts(dossier: Dossier, span: Span | None) -> list[Facts]:
    """The minimal cut sets of each capability before the window and at its end.

    `before` and `after` are null where there are too many to list.
    """
    first: Instant = dossier.until if span is None else span.earliest - 1
    last: Instant = dossier.until if span is None else span.latest - 1
    found = []
    for id, declared in dossier.capabilities.items():
        before, after = (_cut_sets(dossier, id, at) for at in (first, last))
        found.append(
            {
                "id": id,
                "name": declared.name,
                "at": {"before": format_instant(first), "after": format_instant(last)},
                "before": before,
                "after": after,
            }
        )
    return found


def _cut_sets(dossier: Dossier, capability: str, at: Instant) -> Sequence[Sequence[str]] | None:
    try:
        return measures.cut_sets(dossier.picture, capability, at)
    except BadInput:
        return None
