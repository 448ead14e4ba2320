"""How a casebook writes an incident in short: which key stands for which events.

An incident stands under its id, with the keys of `incident-opened` and those of `SHORT`. Each of
these takes one entry or a list; an entry has the keys of its event, or is text alone where one
field says it all. What follows from where an entry stands (its incident, its part, what it answers)
is not said again.

An entry that states no id is called after its incident, what it is, and a number that counts
those without an id: `market-outage-factor-2`. So whoever adds one in the middle of a list gives it
an id; the others keep theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

OPENED: Final = "incident-opened"
INCIDENT: Final = "incident"


@dataclass(frozen=True, slots=True)
class Short:
    """One key of an incident, or of one of its entries: what each of its entries stands for."""

    type: str
    """The type of event."""
    called: str
    """The word for it in an id that is made."""
    text: str | None = None
    """The field that is given where an entry is text alone; None: it takes keys."""
    given: Mapping[str, str] = field(default_factory=dict)
    """The fields that follow from the key."""
    names: str | None = INCIDENT
    """The field that names the incident, or that under which its entry stands."""
    copies: tuple[str, ...] = ()
    """The fields that are those of the entry under which it stands."""
    opening: bool = False
    """Whether its `at` is that of the incident where it states none."""
    then: Mapping[str, Short] = field(default_factory=dict)
    """The keys of an entry that stand for further events about it."""

    @property
    def implied(self) -> frozenset[str]:
        """The fields that follow from where it stands."""
        return frozenset({*self.given, *self.copies, *filter(None, [self.names])})


def _part(part: str, called: str) -> Short:
    return Short("text-written", called, "text", given={"part": part}, opening=True)


MILESTONE: Final = Short("milestone-reached", "milestone", "at")
IMPACT_TEXT: Final = _part("impact", "impact-text")
"""What an entry of `impact` is that counts nothing: it has neither of the keys below."""
COUNTED: Final = frozenset({"of", "amount"})
MILESTONES: Final = "milestones"
IMPACT: Final = "impact"

SHORT: Final[Mapping[str, Short]] = {
    "severity": Short("severity-set", "severity", "severity", opening=True),
    MILESTONES: MILESTONE,
    **{part: _part(part, part) for part in ("summary", "background")},
    "roles": Short(
        "role-taken",
        "role",
        then={"left": Short("role-left", "left", "at", copies=("role", "person"))},
    ),
    IMPACT: Short("impact-stated", "impact"),
    **{part: _part(part, part) for part in ("detection", "response", "recovery")},
    "actions": Short("action-taken", "action", "text"),
    "decisions": Short("decision-made", "decision", "text"),
    "communications": Short("communication-sent", "communication", "text"),
    "factors": Short("factor-found", "factor", "text", opening=True),
    "lessons": Short("lesson-learnt", "lesson", "text", opening=True),
    "questions": Short(
        "question-opened",
        "question",
        "text",
        then={"answer": Short("question-answered", "answer", "text", names="question")},
    ),
    "estimates": Short(
        "estimate-given",
        "estimate",
        names=None,
        then={"settled": Short("estimate-settled", "settled", "outcome", names="estimate")},
    ),
    "exposures": Short("data-exposed", "exposure"),
    "replacements": Short("service-replaced", "replacement", names=None),
    "deadlines": Short(
        "deadline-set",
        "deadline",
        then={"met": Short("deadline-met", "met", "at", names="deadline")},
    ),
    "action_items": Short(
        "action-item-opened",
        "item",
        "text",
        opening=True,
        then={
            "changed": Short("action-item-changed", "changed", names="item"),
            "done": Short("action-item-done", "done", "at", names="item"),
            "dropped": Short("action-item-dropped", "dropped", "reason", names="item"),
        },
    ),
    "closed": Short(
        "incident-closed",
        "closed",
        "at",
        then={"reopened": Short("incident-reopened", "reopened", "at")},
    ),
    "status": Short("document-status-set", "status", "status", opening=True),
    "retractions": Short("retracted", "retraction", names=None),
}
"""In the order in which they are recorded."""
