"""What an incident adds to the record: what people did, thought, promised and will do.

None of these changes a level. They belong to an incident, opened by `incident-opened` and named by
its id; what is told about a service or a disruption may do without one.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from postmortem.core.entries import Dated, Event
from postmortem.core.fields import (
    Amount,
    AnyEventId,
    CapabilityId,
    Duration,
    Id,
    Names,
    Plain,
    Said,
    ServiceId,
    When,
    Words,
    listed,
)

IncidentId = Annotated[Id, Names("event", frozenset({"incident-opened"}))]
Severity = Literal["sev1", "sev2", "sev3", "sev4", "sev5"]
Milestone = Literal["detected", "acknowledged", "declared", "mitigated", "resolved"]
_ESTIMABLE: Final = frozenset(
    {"cutoff-announced", "service-cut-off", "service-down", "service-degraded"}
)


class IncidentOpened(Dated):
    """An incident: a window, services and capabilities that are looked at together."""

    TYPE = "incident-opened"
    title: Words = Field(description="its title")
    window_from: When | None = Field(
        None, description="where its window begins; else at its first event"
    )
    window_to: When | None = Field(
        None, description="where its window ends; else when it is closed"
    )
    services: Annotated[list[ServiceId], BeforeValidator(listed)] | None = Field(
        None, description="the services that it is about; else all"
    )
    capabilities: Annotated[list[CapabilityId], BeforeValidator(listed)] | None = Field(
        None, description="the capabilities that it is about; else all"
    )


class OfIncident(Dated):
    """Something that belongs to an incident."""

    incident: IncidentId = Field(description="the incident")


class IncidentClosed(OfIncident):
    """The incident is over, as far as those who keep the record are concerned."""

    TYPE = "incident-closed"


class IncidentReopened(OfIncident):
    """The incident is not over after all."""

    TYPE = "incident-reopened"
    reason: Words | None = Field(None, description="why")


class SeveritySet(OfIncident):
    """From then on the incident has this severity."""

    TYPE = "severity-set"
    severity: Severity = Field(description="sev1 is the gravest")
    reason: Words | None = Field(None, description="why")


class RoleTaken(OfIncident):
    """Somebody takes a role."""

    TYPE = "role-taken"
    role: Plain = Field(description="such as incident commander, scribe, customer liaison")
    person: Words = Field(description="who")


class RoleLeft(OfIncident):
    """Somebody leaves a role."""

    TYPE = "role-left"
    role: Plain = Field(description="the role")
    person: Words = Field(description="who")


class MilestoneReached(OfIncident):
    """The work on it has come so far; any order, any may be missing or repeated."""

    TYPE = "milestone-reached"
    milestone: Milestone = Field(description="which")
    how: Words | None = Field(None, description="how: of a detection, by what it was noticed")


class ImpactStated(OfIncident):
    """How many or how much it hit."""

    TYPE = "impact-stated"
    of: Literal["users", "requests", "money", "other"] = Field(description="what is counted")
    amount: Amount = Field(description="how many: a number or a range, such as 70..80")
    unit: Plain | None = Field(None, description="such as USD")
    text: Words | None = Field(None, description="what it means")


class TextWritten(OfIncident):
    """A text of the document, in the words of whoever wrote it; the latest of a part counts."""

    TYPE = "text-written"
    part: Literal["summary", "background", "impact", "detection", "response", "recovery"] = Field(
        description="which part of the document"
    )
    text: Words = Field(description="the text, in Markdown")


class ActionTaken(OfIncident):
    """Somebody did something about it."""

    TYPE = "action-taken"
    text: Words = Field(description="what")
    by: Words | None = Field(None, description="who")


class DecisionMade(OfIncident):
    """Somebody decided something, with what was known then."""

    TYPE = "decision-made"
    text: Words = Field(description="what was decided")
    known_then: Words | None = Field(None, description="what was known when it was decided")
    by: Words | None = Field(None, description="who decided")


class CommunicationSent(OfIncident):
    """Somebody was told."""

    TYPE = "communication-sent"
    audience: Plain = Field(description="whom, such as users, staff, regulator")
    channel: Plain | None = Field(None, description="by what, such as status page, mail")
    text: Words = Field(description="what was said")
    by: Words | None = Field(None, description="who said it")


class FactorFound(OfIncident):
    """A contributing factor: one of the conditions without which it would have gone otherwise."""

    TYPE = "factor-found"
    text: Words = Field(description="the factor")
    accepted: Words | None = Field(None, description="why nothing is done about it, if so")


class LessonLearnt(OfIncident):
    """What went well, what went badly, where there was luck."""

    TYPE = "lesson-learnt"
    kind: Literal["went-well", "went-badly", "lucky"] = Field(description="which of them")
    text: Words = Field(description="the lesson")


class QuestionOpened(OfIncident):
    """Something that is not known yet."""

    TYPE = "question-opened"
    text: Words = Field(description="the question")


class QuestionAnswered(Dated):
    """The answer to an open question."""

    TYPE = "question-answered"
    question: Annotated[Id, Names("event", frozenset({"question-opened"}))] = Field(
        description="the question"
    )
    text: Words = Field(description="the answer")


class EstimateGiven(Dated):
    """Somebody says how long a disruption will last, or until when."""

    TYPE = "estimate-given"
    about: Annotated[Id, Names("event", _ESTIMABLE)] = Field(description="the disruption")
    kind: Literal["at-least", "at-most", "about", "exact"] = Field(description="how it was meant")
    lasts: Duration | None = Field(None, description="how long from its start, such as 7d or 36h")
    until: When | None = Field(None, description="until when, instead")
    by: Words | None = Field(None, description="who said so")


class EstimateSettled(Dated):
    """What became of an estimate."""

    TYPE = "estimate-settled"
    estimate: Annotated[Id, Names("event", frozenset({"estimate-given"}))] = Field(
        description="the estimate"
    )
    outcome: Literal["held", "missed", "withdrawn", "superseded"] = Field(description="what")
    text: Words | None = Field(None, description="in words")


class DataExposed(Dated):
    """Data got to where they do not belong."""

    TYPE = "data-exposed"
    incident: IncidentId | None = Field(None, description="the incident")
    kinds: Annotated[list[Plain], BeforeValidator(listed)] = Field(
        min_length=1, description="kinds of data"
    )
    volume: Amount | None = Field(None, description="how much, in volume_unit, such as 70")
    volume_unit: Literal["B", "kB", "MB", "GB", "TB", "PB"] | None = Field(
        None, description="the unit of volume, decimal"
    )
    records: Amount | None = Field(None, description="how many records")
    window_from: When | None = Field(None, description="from when they were open")
    window_to: When | None = Field(None, description="until when")
    mechanism: Words | None = Field(None, description="how")
    personal: Literal["yes", "no", "unknown"] = Field(description="whether personal data are in it")


class ServiceReplaced(Dated):
    """One service takes the place of another at one instant; no gap is invented."""

    TYPE = "service-replaced"
    service: ServiceId = Field(description="the service that is replaced")
    replacement: ServiceId = Field(description="what takes its place")
    revisions: (
        Annotated[
            list[Annotated[Id, Names("event", frozenset({"capability-revised"}))]],
            BeforeValidator(listed),
        ]
        | None
    ) = Field(None, description="the formulas revised with it, at the same time")


class DeadlineSet(OfIncident):
    """Something is due."""

    TYPE = "deadline-set"
    what: Words = Field(description="what is due")
    due: When = Field(description="by when")
    basis: Words | None = Field(None, description="by which rule, contract or promise")


class DeadlineMet(Dated):
    """What was due is done."""

    TYPE = "deadline-met"
    deadline: Annotated[Id, Names("event", frozenset({"deadline-set"}))] = Field(
        description="the deadline"
    )


class ActionItemOpened(OfIncident):
    """Something is to be done so that it goes better next time."""

    TYPE = "action-item-opened"
    text: Words = Field(description="what; starts with a verb, has an end")
    kind: Literal["prevent", "mitigate", "detect", "process", "investigate", "other"] = Field(
        description="what it is good for"
    )
    owner: Words | None = Field(None, description="one person or team")
    priority: Plain | None = Field(None, description="such as P1")
    due: When | None = Field(None, description="by when")
    addresses: Annotated[list[AnyEventId], BeforeValidator(listed)] | None = Field(
        None, description="the factors or other events that it is about"
    )
    verification: Words | None = Field(None, description="how one will know that it worked")
    url: Plain | None = Field(None, description="where it is followed")


class OfItem(Dated):
    """Something about an action item."""

    item: Annotated[Id, Names("event", frozenset({"action-item-opened"}))] = Field(
        description="the action item"
    )


class ActionItemChanged(OfItem):
    """From then on it has this owner, priority, due date."""

    TYPE = "action-item-changed"
    owner: Words | None = Field(None, description="the new owner")
    priority: Plain | None = Field(None, description="the new priority")
    due: When | None = Field(None, description="the new date")
    text: Words | None = Field(None, description="what it says now")


class ActionItemDone(OfItem):
    """It is done."""

    TYPE = "action-item-done"
    text: Words | None = Field(None, description="what came of it")


class ActionItemDropped(OfItem):
    """It will not be done."""

    TYPE = "action-item-dropped"
    reason: Words = Field(description="why")


class DocumentStatusSet(OfIncident):
    """How far its document has come."""

    TYPE = "document-status-set"
    status: Literal["draft", "in-review", "published"] = Field(description="the status")
    authors: Annotated[list[str], BeforeValidator(listed), Said()] | None = Field(
        None, description="who wrote it"
    )


INCIDENT_EVENTS: Final[tuple[type[Event], ...]] = (
    IncidentOpened, IncidentClosed, IncidentReopened, SeveritySet, RoleTaken, RoleLeft,
    MilestoneReached, ImpactStated, TextWritten, ActionTaken, DecisionMade, CommunicationSent,
    FactorFound, LessonLearnt, QuestionOpened, QuestionAnswered, EstimateGiven, EstimateSettled,
    DataExposed, ServiceReplaced, DeadlineSet, DeadlineMet, ActionItemOpened, ActionItemChanged,
    ActionItemDone, ActionItemDropped, DocumentStatusSet,
)  # fmt: skip
