"""The facts of a document: one plain structure, from which every form and language is written.

Canonical JSON holds it (texts, whole numbers, lists, mappings), so a document can carry its facts
along, and whoever has the record can make them anew and compare. Lengths of time are microseconds,
instants RFC 3339 in UTC.

    question      what was asked: platform, incident, audience, K, R, the position of the log
    log           the whole log at R: its size, and the root of the tree over it, in base64
    platform      id, name, zone
    incident      id, title, status, severities, window, services, capabilities; document and texts
    record        every fact that belongs to it, by its first id: times, words, citations
    timeline …    which of them stand in which part, by id; and what was put together of them
    capabilities, services, notices, cuts, measures
                  what was worked out; `names` are those of services that it is not about
    doubts        what is not known, found in the record
    coverage      how many facts rest on no origin, on one, on two or more
    sources       numbered, with the places that are cited of each
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias

from postmortem.core import formulas
from postmortem.core.checkpoints import in_base64
from postmortem.core.disruptions import Settled
from postmortem.core.history import CLAIMED
from postmortem.core.incident import ActionItem, Deadline, Dossier, Estimate, Held, Question
from postmortem.core.items import Item
from postmortem.core.metrics import Anchor, Invalid, Measure, NotApplicable, Range, SoFar, word
from postmortem.core.times import (
    Instant,
    Span,
    format_bound,
    format_instant,
)
from postmortem.reports.cited import cited_sources, span_document, stated
from postmortem.reports.doubts import doubts
from postmortem.reports.evidence import covered
from postmortem.reports.standing import capabilities, cuts, notices, services, window

Facts: TypeAlias = dict[str, Any]

FACTS: Final = 1
"""The version of this structure."""

AUDIENCES: Final = ("internal", "public")
"""`public`: people's words stand in it only where an event says that they may."""

_ASIDE: Final = frozenset(
    {
        "incident-opened", "impact-stated", "text-written", "factor-found", "lesson-learnt",
        "question-opened", "question-answered", "action-item-opened", "action-item-changed",
        "action-item-done", "action-item-dropped", "document-status-set", "deadline-set", CLAIMED,
    }
)  # fmt: skip
"""What stands in a part of its own, and not in the timeline."""
_ENVELOPE: Final = frozenset(
    {
        "id",
        "at",
        "known_at",
        "cites",
        "quotes",
        "replaces",
        "clerical",
        "public",
        "silence",
        "meta",
        "note",
    }
)


@dataclass(frozen=True, slots=True)
class Log:
    """The whole log at R, all platforms in it: how many events, and the root of their tree."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """What a document was asked for, with all that is left open settled."""

    platform: str
    audience: str
    known: Instant | None
    """None: K is no limit."""
    recorded: Instant
    position: int
    """The last position of the platform's log at R."""
    log: Log

    @property
    def known_or_recorded(self) -> Instant:
        """K, or where that is no limit the R that has the same effect: recorded is known."""
        return self.recorded if self.known is None else self.known


def facts(
    dossier: Dossier, frame: Frame, measured: Sequence[Measure], names: Mapping[str, str]
) -> Facts:
    """The facts of that dossier's document; `measured` are its measures.

    `names` are those of all services and capabilities of the platform, by id.
    """
    record = {item.fact: _item(item) for item in dossier.items}
    timeline = [item for item in dossier.items if item.type not in _ASIDE and item.at is not None]
    span = window(dossier)
    plain = [_measure(each) for each in measured]
    found: Facts = {
        "facts": FACTS,
        "question": {
            "platform": frame.platform,
            "incident": dossier.id,
            "audience": frame.audience,
            "known_at": None if frame.known is None else format_instant(frame.known),
            "recorded_at": format_instant(frame.recorded),
            "position": frame.position,
            "until": format_instant(dossier.until),
        },
        "log": {
            "size": frame.log.size,
            "root": in_base64(frame.log.root),
        },
        "platform": _platform(dossier, frame.platform),
        "incident": _incident(dossier, span),
        "texts": {part: item.fact for part, item in sorted(dossier.texts.items())},
        "record": record,
        "timeline": [item.fact for item in timeline],
        **{key: [i.fact for i in dossier.of(*types)] for key, types in _LISTS.items()},
        "lessons": {
            kind.replace("-", "_"): [item.fact for item in dossier.lessons(kind)]
            for kind in ("went-well", "went-badly", "lucky")
        },
        "roles": [_role(held) for held in dossier.roles],
        "questions": [_question(each) for each in dossier.questions],
        "estimates": [_estimate(each, dossier) for each in dossier.estimates],
        "deadlines": [_deadline(each, dossier) for each in dossier.deadlines],
        "action_items": [_action_item(each, dossier) for each in dossier.action_items],
        "capabilities": capabilities(dossier, span, plain),
        "services": services(dossier, span),
        "notices": notices(dossier, plain),
        "names": {
            id: name
            for id, name in names.items()
            if id not in dossier.services and id not in dossier.capabilities
        },
        "cuts": cuts(dossier, span),
        "measures": plain,
        "doubts": doubts(dossier),
        "coverage": covered(dossier),
    }
    found["sources"] = cited_sources(dossier, timeline)
    return found


_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "severities": ("severity-set",),
    "milestones": ("milestone-reached",),
    "impacts": ("impact-stated",),
    "actions": ("action-taken",),
    "decisions": ("decision-made",),
    "communications": ("communication-sent",),
    "factors": ("factor-found",),
    "exposures": ("data-exposed",),
    "replacements": ("service-replaced",),
    "revisions": ("capability-revised",),
}


# --- single facts ---------------------------------------------------------------------------------


def _item(item: Item) -> Facts:
    """One fact: its times, what it says, what it cites."""
    says = {
        key: _value(key, value)
        for key, value in sorted(item.body.items())
        if key not in _ENVELOPE and key not in item.refers
    }
    return {
        "id": item.fact,
        "version": item.id,
        "type": item.type,
        "position": item.position,
        "time": None if item.time is None else settled(item.time, item.wording("at"), item.claims),
        "due": None
        if item.due is None
        else settled(item.due, item.wording("effective_at"), item.claims),
        "known_at": format_instant(item.known),
        "recorded_at": format_instant(item.recorded),
        "says": says,
        "refers": {key: list(ids) for key, ids in sorted(item.refers.items())},
        "note": item.text("note"),
        "cites": list(item.cites),
        "public": item.public,
    }


def _value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping) and {"earliest", "latest", "written"} <= set(value):
        return {**value, "contested": False, "claims": []}
    if key == "requires":
        return formulas.written(formulas.parse(value))
    return value


def settled(time: Settled, written: str | None, claims: Iterable[Item] = ()) -> Facts:
    """A time: its bounds in UTC, null where they are open; as written; what else is claimed."""
    return {
        "earliest": format_bound(time.span.earliest),
        "latest": format_bound(time.span.latest),
        "written": written,
        "contested": time.contested,
        "claims": [
            {
                "id": claim.fact,
                **span_document(claim.span("time")),
                "written": claim.wording("time"),
                "cites": list(claim.cites),
            }
            for claim in claims
        ],
    }


# --- the frame ------------------------------------------------------------------------------------


def _platform(dossier: Dossier, id: str) -> Facts:
    declared = dossier.platform
    return {
        "id": id,
        "name": id if declared is None else declared.name,
        "zone": None if declared is None else declared.body.get("zone"),
    }


def _incident(dossier: Dossier, span: Span | None) -> Facts:
    status = dossier.document_status
    authors = None if status is None else status.body.get("authors")
    severity = dossier.severities[-1].text("severity") if dossier.severities else None
    return {
        "id": dossier.id,
        "title": dossier.title,
        "status": None if dossier.incident is None else ("closed" if dossier.is_closed else "open"),
        "severity": severity,
        "document": None if status is None else status.text("status"),
        "authors": [authors] if isinstance(authors, str) else list(authors or ()),
        "window": {
            "start": format_bound(dossier.window.start),
            "end": None if dossier.window.end is None else format_bound(dossier.window.end),
            "start_by": dossier.window.start_by,
            "end_by": dossier.window.end_by,
        },
        "measured": None if span is None else span_document(span),
        "over": dossier.window.end is not None and dossier.window.end <= dossier.until,
        "services": sorted(dossier.services),
        "capabilities": sorted(dossier.capabilities),
    }


# --- measures -------------------------------------------------------------------------------------


def _measure(one: Measure) -> Facts:
    """A measure: its range in its unit, both anchors, and what stands beside it."""
    outcome = one.outcome
    why = outcome.why if isinstance(outcome, NotApplicable | Invalid) else None
    bounds = _plain(outcome) if isinstance(outcome, Range) else {"least": None, "most": None}
    return {
        "measure": one.key,
        "about": one.about,
        "service": one.service,
        "outcome": word(outcome),
        **bounds,
        "unit": one.unit,
        "as_of": format_bound(outcome.as_of) if isinstance(outcome, SoFar) else None,
        "why": None if why is None else {"code": why.code, "names": list(why.names)},
        "start": _anchor(one.start),
        "end": _anchor(one.end),
        "beside": _plain(one.beside),
    }


def _anchor(anchor: Anchor | None) -> Facts | None:
    if anchor is None:
        return None
    return {
        "name": anchor.name,
        "ids": list(anchor.facts),
        **span_document(anchor.span),
        "contested": anchor.contested,
    }


def _plain(value: Any) -> Any:
    """A value as canonical JSON can hold it: a fraction as `n/d`, a moment by its instants."""
    if isinstance(value, Range):
        return {"least": _plain(value.least), "most": _plain(value.most)}
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if hasattr(value, "_asdict"):
        return {
            key: format_bound(each) if isinstance(each, int) else _plain(each)
            for key, each in value._asdict().items()
        }
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


# --- what is put together of several facts --------------------------------------------------------


def _role(held: Held) -> Facts:
    return {
        "role": held.role,
        "person": held.person,
        "taken": None if held.taken is None else held.taken.fact,
        "left": None if held.left is None else held.left.fact,
    }


def _question(question: Question) -> Facts:
    return {"id": question.item.fact, "answers": [each.fact for each in question.answers]}


def _estimate(estimate: Estimate, dossier: Dossier) -> Facts:
    about = dossier.by_fact.get(estimate.about)
    return {
        "id": estimate.item.fact,
        "about": estimate.about,
        "service": None if about is None else about.text("service"),
        "outcome": estimate.outcome,
        "settled": [each.fact for each in estimate.settled],
    }


def _deadline(deadline: Deadline, dossier: Dossier) -> Facts:
    return {
        "id": deadline.item.fact,
        "due": stated(deadline.due, deadline.item.wording("due")),
        "status": deadline.status(dossier.as_of.valid),
        "met": [each.fact for each in deadline.met],
    }


def _action_item(item: ActionItem, dossier: Dossier) -> Facts:
    opened = item.item
    return {
        "id": opened.fact,
        "text": item.text,
        "kind": opened.text("kind"),
        "owner": item.owner,
        "priority": item.priority,
        "due": stated(item.due, item.due_written),
        "status": item.status(dossier.as_of.valid),
        "outcome": None if item.end is None else item.end.text("text") or item.end.text("reason"),
        "ended": None if item.end is None else item.end.fact,
        "addresses": list(opened.refers.get("addresses", ())),
        "verification": opened.text("verification"),
        "url": opened.text("url"),
        "changes": [each.fact for each in item.changes],
    }
