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

from postmortem.core.entries import Dated, Declaration, Entry, Event, Identity
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
    Sha256,
    SourceId,
    Truth,
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
    kind: (
        Literal[
            "letter", "press", "status-page", "social", "court", "regulator", "blog",
            "internal-log", "other",
        ]
        | None
    ) = Field(None, description="what kind of source it is")  # fmt: skip
    url: Plain | None = Field(None, description="its address, exactly as written")
    archive_url: Plain | None = Field(None, description="where a copy is kept, such as an archive")
    publisher: Plain | None = Field(None, description="who published it")
    author: Words | None = Field(None, description="who wrote it")
    lang: Plain | None = Field(None, description="its language, such as de")
    published_at: When | None = Field(None, description="when it was published")
    retrieved_at: When | None = Field(None, description="when it was read")
    reliability: Literal["A", "B", "C", "D", "E", "F"] | None = Field(
        None,
        description="how reliable it is by the Admiralty code: A completely, E not, F not known",
    )
    origins: Annotated[list[SourceId], BeforeValidator(listed)] | None = Field(
        None, description="the sources that it reports from; else it speaks for itself"
    )
    public: Truth | None = Field(
        None, description="true: its title and author may stand in a document for the public"
    )


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


class SnapshotTaken(Event):
    """A source as somebody had it before him: the hash of its bytes, and of its text."""

    TYPE = "snapshot-taken"
    source: SourceId = Field(description="the source")
    sha256: Sha256 = Field(description="the SHA-256 of its bytes")
    length: Count = Field(description="how many bytes it has")
    media_type: Plain = Field(description="its media type, such as text/html")
    text_sha256: Sha256 | None = Field(None, description="the SHA-256 of its normalised text")
    text_length: Count | None = Field(None, description="how many characters that has")
    normalisation: Literal["nfc+ws1"] | None = Field(None, description="how it was normalised")
    retrieved_at: When | None = Field(None, description="when it was read")
    archive_url: Plain | None = Field(None, description="where this very version is kept")


class FactDisputed(Event):
    """Somebody says that a fact is not so; of its time another statement is a time-claimed."""

    TYPE = "fact-disputed"
    about: AnyEventId = Field(description="the event")
    aspect: Literal["occurrence", "effect", "quantity", "attribution"] = Field(
        description="what is disputed: that it happened at all, its effect, a number, who did it"
    )
    text: Words = Field(description="what they say instead")
    by: Words | None = Field(None, description="who says so")


class Note(Dated):
    """Something worth keeping that decides nothing of the state."""

    TYPE = "note"
    text: Words = Field(description="what it says")
    about: Annotated[Id, Names("any")] | None = Field(
        None, description="the event, service or capability that it is about"
    )


# --- about the log itself: seen whatever K is, and no fact about the world --------------------


class WordsWithheld(Entry):
    """Somebody's words were taken out of the record for good; only their digest stands there."""

    TYPE = "words-withheld"
    id: Identity = Field(description="how it is called: withheld:ENTRY:FIELD")
    about: Identity = Field(
        description="the entry that they stood in, as the log calls it: an event's id, source:a1:2"
    )
    position: Count = Field(description="where that entry stands in the log")
    field: Plain = Field(description="the field that held them, or recorded_by")
    reason: Words = Field(description="why, as everybody is told in their place")
    basis: Words = Field(description="by which right, order or rule")


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
    SnapshotTaken,
    FactDisputed,
    Note,
    *INCIDENT_EVENTS,
)
EVENTS: Final[Mapping[str, type[Event]]] = {cls.TYPE: cls for cls in _EVENTS}
OF_THE_LOG: Final[Mapping[str, type[Entry]]] = {WordsWithheld.TYPE: WordsWithheld}
CATALOGUE: Final[Mapping[str, type[Entry]]] = {**DECLARATIONS, **EVENTS, **OF_THE_LOG}
