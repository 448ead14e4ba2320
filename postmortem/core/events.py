"""THE CATALOGUE: everything that can happen, one class each.

A class carries the stored name (a literal, never a Python path), the fields with their
descriptions, which of them are people's words, which are references and to what. From it follow
the casebook's keys, parsing with good errors, the stored body, JSON Schema, the README's table and
random valid events for tests. Recording adds the envelope (`Recorded`); there is no twin class.

To add a type: write one class here (or in `incidents`, if it decides nothing of the state) and put
it into `EVENTS`. To change a stored one: raise its
`SCHEMA` and say in `UPCASTS` how a body of the version before becomes one of the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from postmortem.core.entries import Dated, Declaration, Entry, Event
from postmortem.core.fields import (
    TIMED,
    AnnouncementId,
    AnyEventId,
    CapabilityId,
    Count,
    DisruptionId,
    Effect,
    Id,
    Names,
    Plain,
    Requires,
    ServiceId,
    When,
    Words,
    Zone,
    listed,
)
from postmortem.core.incidents import INCIDENT_EVENTS

# --- declarations: seen whatever K is, as they stood at R -------------------------------------


class PlatformDeclared(Declaration):
    """The platform whose capabilities are followed."""

    TYPE = "platform-declared"
    KIND = "platform"
    name: Plain | None = Field(None, description="its name for people; else the id")
    zone: Zone | None = Field(None, description="the IANA time zone of times written without one")


class SourceDeclared(Declaration):
    """Where a statement stands."""

    TYPE = "source-declared"
    KIND = "source"
    title: Words = Field(description="its title")
    url: Plain | None = Field(None, description="its address, exactly as written")
    publisher: Plain | None = Field(None, description="who published it")
    author: Words | None = Field(None, description="who wrote it")
    lang: Plain | None = Field(None, description="its language, such as de")
    published_at: When | None = Field(None, description="when it was published")


class ServiceDeclared(Declaration):
    """What a provider supplies to the platform."""

    TYPE = "service-declared"
    KIND = "service"
    name: Plain | None = Field(None, description="its name for people; else the id")
    provider: Plain | None = Field(None, description="who supplies it")
    description: Words | None = Field(None, description="what it is used for")
    notice_days: Count | None = Field(None, description="the notice that the contract promises")
    substitutability: Literal["not-substitutable", "highly-complex", "medium", "easily"] | None = (
        Field(None, description="how hard it is to replace")
    )
    alternatives: Annotated[list[Plain], BeforeValidator(listed)] | None = Field(
        None, description="who else could supply it"
    )
    exit_plan: Words | None = Field(None, description="how to leave it")
    owner: Words | None = Field(None, description="who looks after it on the platform's side")
    criticality: Literal["low", "medium", "high", "critical"] | None = Field(
        None, description="how much hangs on it"
    )


class CapabilityDeclared(Declaration):
    """What the platform can do, as a formula over services and other capabilities."""

    TYPE = "capability-declared"
    KIND = "capability"
    name: Plain | None = Field(None, description="its name for people; else the id")
    requires: Requires = Field(description="the formula")


# --- events: what happened, or was said -------------------------------------------------------


class CutoffAnnounced(Dated):
    """Somebody says that a service will be cut off: opens an expected disruption."""

    TYPE = "cutoff-announced"
    service: ServiceId = Field(description="the service")
    effective_at: When = Field(description="when it is to take effect")
    effect: Effect = Field("unavailable", description="what is to be left of the service")
    by: Words | None = Field(None, description="who announced it")
    reason: Words | None = Field(None, description="the reason given")


class CutoffRescheduled(Dated):
    """The announced time is now another one."""

    TYPE = "cutoff-rescheduled"
    announcement: AnnouncementId = Field(description="the announcement")
    effective_at: When = Field(description="when it is to take effect now")


class CutoffWithdrawn(Dated):
    """Nothing is expected of the announcement any more."""

    TYPE = "cutoff-withdrawn"
    announcement: AnnouncementId = Field(description="the announcement")


class ServiceCutOff(Dated):
    """Somebody took the service away: opens a disruption."""

    TYPE = "service-cut-off"
    service: ServiceId = Field(description="the service")
    effect: Effect | None = Field(
        None, description="what is left; else the announcement's effect, else unavailable"
    )
    announcement: AnnouncementId | None = Field(
        None, description="the announcement that it carries out"
    )
    by: Words | None = Field(None, description="who decided it")
    reason: Words | None = Field(None, description="the reason given")


class ServiceDown(Dated):
    """The service failed, and nobody decided that: opens a disruption."""

    TYPE = "service-down"
    service: ServiceId = Field(description="the service")
    effect: Effect = Field("unavailable", description="what is left of it")
    reason: Words | None = Field(None, description="what is known of the cause")


class ServiceDegraded(Dated):
    """The service got worse without failing: opens a disruption."""

    TYPE = "service-degraded"
    service: ServiceId = Field(description="the service")
    effect: Effect = Field("degraded", description="what is left of it")
    reason: Words | None = Field(None, description="what is known of the cause")


class EffectChanged(Dated):
    """From then on the disruption has this effect."""

    TYPE = "effect-changed"
    disruption: DisruptionId = Field(description="the disruption, by the id that opened it")
    effect: Effect = Field(description="what is left of the service now")


class ServiceRestored(Dated):
    """From then on those disruptions have no effect."""

    TYPE = "service-restored"
    ends: Annotated[list[DisruptionId], BeforeValidator(listed)] = Field(
        description="the disruptions that it ends"
    )


class CapabilityRevised(Dated):
    """From then on the capability has this formula: the world changed."""

    TYPE = "capability-revised"
    capability: CapabilityId = Field(description="the capability")
    requires: Requires = Field(description="the formula from then on")


class TimeClaimed(Event):
    """A further statement, by other sources, of the time of an event."""

    TYPE = "time-claimed"
    about: Annotated[Id, Names("event", TIMED)] = Field(description="the event")
    time: When = Field(description="the time that they state")


class Retracted(Event):
    """The record was wrong: that fact, or that version of it, does not count."""

    TYPE = "retracted"
    event: AnyEventId = Field(description="the first id takes back the fact, a later one itself")
    reason: Words = Field(description="why")


class Note(Dated):
    """Something worth keeping that decides nothing of the state."""

    TYPE = "note"
    text: Words = Field(description="what it says")
    about: Annotated[Id, Names("any")] | None = Field(
        None, description="the event, service or capability that it is about"
    )


DECLARATIONS: Final[Mapping[str, type[Declaration]]] = {
    cls.TYPE: cls for cls in (PlatformDeclared, SourceDeclared, ServiceDeclared, CapabilityDeclared)
}
_EVENTS: Final[tuple[type[Event], ...]] = (
    CutoffAnnounced,
    CutoffRescheduled,
    CutoffWithdrawn,
    ServiceCutOff,
    ServiceDown,
    ServiceDegraded,
    EffectChanged,
    ServiceRestored,
    CapabilityRevised,
    TimeClaimed,
    Retracted,
    Note,
    *INCIDENT_EVENTS,
)
EVENTS: Final[Mapping[str, type[Event]]] = {cls.TYPE: cls for cls in _EVENTS}
CATALOGUE: Final[Mapping[str, type[Entry]]] = {**DECLARATIONS, **EVENTS}
