"""THE CATALOGUE: everything that can happen, one class each.

A class carries the stored name (a literal, never a Python path), the fields with their
descriptions, which of them are people's words, which are references and to what. From it follow
the casebook's keys, parsing with good errors, the stored body, JSON Schema, the README's table and
random valid events for tests. Recording adds the envelope (`Recorded`); there is no twin class.

To add a type: write one class here and put it into `EVENTS`. To change a stored one: raise its
`SCHEMA` and say in `UPCASTS` how a body of the version before becomes one of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from postmortem.core import formulas
from postmortem.core.errors import BadInput
from postmortem.core.history import RETRACTED, Version
from postmortem.core.levels import Level
from postmortem.core.times import (
    BEGINNING,
    END,
    Instant,
    Span,
    format_bound,
    known_zone,
    parse_span,
    parse_stored,
)
from postmortem.core.words import unprintable

Body = dict[str, Any]
"""An event as JSON holds it: text, integers, booleans, lists, mappings."""

ID_PATTERN: Final = r"^[a-z0-9_-]{1,200}$"
LONGEST_TEXT: Final = 1_000_000


# --- what a field can be --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """Marks people's words: the stored body holds a salted digest, the text stands beside it."""


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a reference: to a `service`, a `capability`, a `source`, or events of some types."""

    what: str
    types: frozenset[str] = frozenset()
    """Which types of event it may name; empty: any."""


@dataclass(frozen=True, slots=True)
class When:
    """A written time: its span and the wording it was given in. Equal where the spans are."""

    span: Span
    written: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, When) and self.span == other.span

    def __hash__(self) -> int:
        return hash(self.span)

    @classmethod
    def read(cls, value: object, info: ValidationInfo) -> When:
        """From text (a context `zone` is the platform's) or from a stored body."""
        if isinstance(value, When):
            return value
        if isinstance(value, str):
            zone = (info.context or {}).get("zone")
            try:
                return cls(parse_span(value, zone), value)
            except BadInput as problem:
                raise _as_pydantic(problem) from None
        if isinstance(value, Mapping) and set(value) == {"earliest", "latest", "written"}:
            earliest, latest = value["earliest"], value["latest"]
            return cls(
                Span(
                    BEGINNING if earliest is None else parse_stored(earliest),
                    END if latest is None else parse_stored(latest),
                ),
                str(value["written"]),
            )
        raise PydanticCustomError("time", "a time is written as text, such as 2021-01-10T23:59Z")

    def body(self) -> Body:
        """As a stored body holds it."""
        return {
            "earliest": format_bound(self.span.earliest),
            "latest": format_bound(self.span.latest),
            "written": self.written,
        }

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            cls.read,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.body),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "description": "a written time, an instant or a span"}


@dataclass(frozen=True, slots=True)
class Requires:
    """A capability's formula."""

    formula: formulas.Formula

    @classmethod
    def read(cls, value: object) -> Requires:
        """From text and mappings."""
        if isinstance(value, Requires):
            return value
        try:
            return cls(formulas.parse(value))
        except BadInput as problem:
            raise _as_pydantic(problem) from None

    def body(self) -> Any:
        """As a stored body holds it."""
        return formulas.document(self.formula)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.read,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.body),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": ["string", "object"], "description": "a formula over ids"}


def _as_pydantic(problem: BadInput) -> PydanticCustomError:
    return PydanticCustomError(
        "postmortem",
        "{message}",
        {"message": problem.message, "hint": problem.hint or ""},
    )


def _clean(value: object) -> object:
    if isinstance(value, str) and (bad := unprintable(value)):
        raise PydanticCustomError("text", "the text holds {bad}", {"bad": bad})
    return value


def _clean_all(value: object) -> object:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _clean(key)
            _clean_all(inner)
    elif isinstance(value, list):
        for inner in value:
            _clean_all(inner)
    else:
        _clean(value)
    return value


def _truth(value: object) -> object:
    # a casebook's scalars are text: `no` is no boolean, and neither is 1
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _zone(value: object) -> object:
    if isinstance(value, str) and not known_zone(value):
        raise PydanticCustomError(
            "zone", "{zone} is no time zone known here", {"zone": repr(value)}
        )
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Id = Annotated[str, Field(pattern=ID_PATTERN)]
Plain = Annotated[str, BeforeValidator(_clean), Field(max_length=LONGEST_TEXT, min_length=1)]
Words = Annotated[str, BeforeValidator(_clean), Field(max_length=LONGEST_TEXT), Said()]
Meta = Annotated[dict[str, Any], BeforeValidator(_clean_all), Said()]
Truth = Annotated[Literal[True, False], BeforeValidator(_truth)]
Effect = Literal["unavailable", "degraded"]
Citation = Annotated[
    str, BeforeValidator(_clean), Field(pattern=r"^[a-z0-9_-]{1,200}(#.+)?$"), Names("source")
]
ServiceId = Annotated[Id, Names("service")]
CapabilityId = Annotated[Id, Names("capability")]

_ANNOUNCEMENT = frozenset({"cutoff-announced"})
_DISRUPTION = frozenset({"service-cut-off", "service-down", "service-degraded"})
_TIMED = (
    _ANNOUNCEMENT
    | _DISRUPTION
    | {"cutoff-rescheduled", "cutoff-withdrawn", "effect-changed", "service-restored"}
)
AnnouncementId = Annotated[Id, Names("event", _ANNOUNCEMENT)]
DisruptionId = Annotated[Id, Names("event", _DISRUPTION)]
AnyEventId = Annotated[Id, Names("event")]


class Entry(BaseModel):
    """Whatever the log can hold."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, allow_inf_nan=False
    )

    TYPE: ClassVar[str]
    """The stored name; never changes, and neither does its meaning."""
    SCHEMA: ClassVar[int] = 1
    """The version of the body that this program writes."""
    UPCASTS: ClassVar[Mapping[int, Callable[[Body], Body]]] = {}
    """How a body of that version becomes one of the next."""

    def body(self) -> Body:
        """What is stored of it, defaults spelt out; people's words still in the clear."""
        body = self.model_dump(exclude_none=True, exclude={"id"})
        if body.get("clerical") is False:
            del body["clerical"]
        return body

    @classmethod
    def said(cls) -> frozenset[str]:
        """The fields that hold people's words."""
        return _said(cls)

    @classmethod
    def references(cls) -> Mapping[str, Names]:
        """The fields that name something, and what."""
        return _references(cls)


@cache
def _said(cls: type[Entry]) -> frozenset[str]:
    return frozenset(
        name for name, info in cls.model_fields.items() if Said() in _marks(info, Said)
    )


@cache
def _references(cls: type[Entry]) -> Mapping[str, Names]:
    found = {}
    for name, info in cls.model_fields.items():
        for mark in _marks(info, Names):
            found[name] = mark
    return found


def _marks(info: FieldInfo, kind: type) -> list[Any]:
    """The marks of that kind on a field, also inside `X | None` and `list[X]`."""
    found = [mark for mark in info.metadata if isinstance(mark, kind)]
    pending = [info.annotation]
    while pending:
        annotation = pending.pop()
        found += [m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, kind)]
        pending += get_args(annotation)
    return found


# --- declarations: seen whatever K is, as they stood at R -------------------------------------


class Declaration(Entry):
    """What there is: declared once, amended only on purpose."""

    KIND: ClassVar[str]
    id: Id = Field(description="how it is called")
    meta: Meta | None = Field(None, description="anything else, a free mapping")


class PlatformDeclared(Declaration):
    """The platform whose capabilities are followed."""

    TYPE = "platform-declared"
    KIND = "platform"
    name: Plain | None = Field(None, description="its name for people; else the id")
    zone: Annotated[Plain, BeforeValidator(_zone)] | None = Field(
        None, description="the IANA time zone of times written without one"
    )


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


class CapabilityDeclared(Declaration):
    """What the platform can do, as a formula over services and other capabilities."""

    TYPE = "capability-declared"
    KIND = "capability"
    name: Plain | None = Field(None, description="its name for people; else the id")
    requires: Requires = Field(description="the formula")


# --- events: what happened, or was said -------------------------------------------------------


class Event(Entry):
    """Something that happened, or that somebody said."""

    id: Id = Field(description="how it is called; unique among a platform's ids")
    known_at: When | None = Field(
        None, description="from when it could be known; else the cited sources tell"
    )
    cites: Annotated[list[Citation], BeforeValidator(_listed)] | None = Field(
        None, description="source ids, each with an optional #locator"
    )
    note: Words | None = Field(None, description="a remark")
    replaces: AnyEventId | None = Field(
        None, description="the event of which this is a corrected version, complete in itself"
    )
    clerical: Truth | None = Field(
        None, description="true: it mends a slip of the pen, not of knowledge"
    )
    meta: Meta | None = Field(None, description="anything else, a free mapping")


class Dated(Event):
    """An event that has a time of its own."""

    at: When = Field(description="when it was, or will be, true in the world")


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
    ends: Annotated[list[DisruptionId], BeforeValidator(_listed)] = Field(
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
    about: Annotated[Id, Names("event", _TIMED)] = Field(description="the event")
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
EVENTS: Final[Mapping[str, type[Event]]] = {
    cls.TYPE: cls
    for cls in (
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
    )
}
CATALOGUE: Final[Mapping[str, type[Entry]]] = {**DECLARATIONS, **EVENTS}


def topic(cls: type[Entry]) -> str:
    """The stored name with the version of its body: `service-down/1`."""
    return f"{cls.TYPE}/{cls.SCHEMA}"


def upcast(stored: str, body: Body) -> tuple[type[Entry], Body]:
    """The class of a stored topic, and its body raised to the version of today.

    Raises: BadInput, for a type or version that this program does not know.
    """
    name, _, number = stored.partition("/")
    cls = CATALOGUE.get(name)
    if cls is None or not number.isdecimal() or not 1 <= int(number) <= cls.SCHEMA:
        raise BadInput(f"{stored!r} is no stored type that this version of the program knows")
    for version in range(int(number), cls.SCHEMA):
        body = cls.UPCASTS[version](body)
    return cls, body


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event as the log holds it: the envelope that recording completes, and the body.

    Its canonical bytes (RFC 8785) are what is stored, and what proofs are made of. `known_at` is
    resolved, RFC 3339 in UTC like `recorded_at`; of a declaration it is None. In `body`, and as
    `recorded_by`, people's words are salted digests.
    """

    platform: str
    id: str
    stream: str
    version: int
    type: str
    position: int
    recorded_at: str
    recorded_by: Body | None
    known_at: str | None
    body: Body

    @property
    def originator_id(self) -> str:
        """The stream, in the words of the library that stores it."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version in the stream, in the words of the library that stores it."""
        return self.version

    @property
    def name(self) -> str:
        """The type without the version of its body."""
        return self.type.partition("/")[0]

    def envelope(self) -> Body:
        """Everything, as JSON holds it."""
        return {
            "body": self.body,
            "id": self.id,
            "known_at": self.known_at,
            "platform": self.platform,
            "position": self.position,
            "recorded_at": self.recorded_at,
            "recorded_by": self.recorded_by,
            "stream": self.stream,
            "type": self.type,
            "version": self.version,
        }


def source_of(citation: str) -> str:
    """The source id of a citation."""
    return citation.partition("#")[0]


def span_of(body: Body, *keys: str) -> Span | None:
    """The span that a stored body holds under the first of those keys that it has."""
    for key in keys:
        if key in body:
            earliest, latest = body[key]["earliest"], body[key]["latest"]
            return Span(
                BEGINNING if earliest is None else parse_stored(earliest),
                END if latest is None else parse_stored(latest),
            )
    return None


SUBJECTS: Final = ("announcement", "disruption", "ends", "about")
"""The keys under which an event names the facts that it speaks of."""


def named(body: Body) -> list[str]:
    """The ids of the facts that a stored body speaks of, as it names them."""
    found: list[str] = []
    for key in SUBJECTS:
        value = body.get(key, ())
        found += [value] if isinstance(value, str) else value
    return found


def version_of(
    name: str,
    id: str,
    body: Body,
    *,
    position: int,
    known: Instant,
    recorded: Instant,
    earlier: Callable[[str], Version | None],
) -> Version:
    """What the state depends on of one event; `earlier` finds a version recorded before it."""
    replaced = earlier(body["replaces"]) if "replaces" in body else None
    if name == RETRACTED:
        subjects: tuple[str, ...] = (body["event"],)
    else:
        found = (earlier(one) for one in named(body))
        subjects = tuple(version.fact for version in found if version is not None)
    effect = body.get("effect")
    return Version(
        id=id,
        fact=id if replaced is None else replaced.fact,
        type=name,
        position=position,
        place=(*(replaced.place if replaced and body.get("clerical") else ()), position),
        known=known,
        recorded=recorded,
        at=span_of(body, "at"),
        effective=span_of(body, "effective_at", "time"),
        service=body.get("service"),
        capability=body.get("capability"),
        effect=None if effect is None else Level.of(effect),
        formula=formulas.parse(body["requires"]) if "requires" in body else None,
        subjects=subjects,
    )
