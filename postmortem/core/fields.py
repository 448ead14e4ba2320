"""What a field of an entry can be: written times, formulas, references, people's words.

The marks `Said` and `Names` are what the rest of the program reads off a field: whether it is to be
withdrawable, and what it must point to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from postmortem.core import citations, formulas
from postmortem.core.errors import BadInput
from postmortem.core.times import (
    BEGINNING,
    END,
    Instant,
    Span,
    format_bound,
    parse_span,
    parse_stored,
)
from postmortem.core.words import unprintable
from postmortem.core.zones import known_zone

Body = dict[str, Any]
"""An entry as JSON holds it: text, integers, booleans, lists, mappings."""

ID_PATTERN: Final = r"^[a-z0-9_-]{1,200}$"
LONGEST_TEXT: Final = 1_000_000
LONGEST_QUOTATION: Final = 200
"""Characters: as much as may be quoted of somebody's text."""


@dataclass(frozen=True, slots=True)
class Said:
    """Marks people's words: the stored body holds a salted digest, the text stands beside it."""


@dataclass(frozen=True, slots=True)
class Names:
    """Marks a reference: to a `service`, a `capability`, a `source`, or events of some types."""

    what: str
    types: frozenset[str] = frozenset()
    """Which types of event it may name; empty: any."""
    located: bool = False
    """Whether a place in it may follow, after a `#`: a citation."""


@dataclass(frozen=True, slots=True)
class Hash:
    """Marks a SHA-256 in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Marks quotations: short texts, each under the citation that it is from."""


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
        if isinstance(value, dict) and (info.context or {}).get("stored"):
            return cls._stored(value)
        raise PydanticCustomError("time", "a time is written as text, such as 2021-01-10T23:59Z")

    @classmethod
    def _stored(cls, body: Body) -> When:
        written = body.get("written")
        if isinstance(written, str):
            _clean(written)
            begins, ends = body.get("earliest", 0), body.get("latest", 0)
            earliest = _bound(begins, BEGINNING)
            is_instant = begins is not None and begins == ends
            latest = earliest if is_instant else _bound(ends, END)
            if (
                earliest is not None
                and latest is not None
                and earliest <= latest
                and (earliest, latest) != (BEGINNING, END)
            ):
                return cls(Span(earliest, latest), written)
        raise PydanticCustomError("time", "a stored time has earliest <= latest, and its wording")

    def body(self) -> Body:
        """As a stored body holds it."""
        earliest, latest = self.span
        begins = format_bound(earliest)
        ends = begins if latest == earliest else format_bound(latest)
        return {"earliest": begins, "latest": ends, "written": self.written}

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


@dataclass(frozen=True, slots=True)
class Amount:
    """A number or a range, `70`, `70..80`, `70..`, `..80`, in exact decimals; and how written.

    Equal where the numbers are. An open side is None.
    """

    least: Decimal | None
    most: Decimal | None
    written: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Amount) and (self.least, self.most) == (other.least, other.most)

    def __hash__(self) -> int:
        return hash((self.least, self.most))

    @classmethod
    def read(cls, value: object) -> Amount:
        """From text, or a whole number."""
        if isinstance(value, Amount):
            return value
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        found = _AMOUNT.fullmatch(text) if isinstance(text, str) and len(text) <= 80 else None
        if found is None or not (found[1] or found[3]):
            raise PydanticCustomError(
                "amount", "an amount is a number or a range, such as 70, 70..80, 70.. or ..80"
            )
        least = Decimal(found[1]) if found[1] else None
        most = (Decimal(found[3]) if found[3] else None) if found[2] else least
        if least is not None and most is not None and most < least:
            raise PydanticCustomError("amount", "the range ends before it begins")
        return cls(least, most, str(text))

    def body(self) -> str:
        """As a stored body holds it."""
        return self.written

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
        return {"type": "string", "description": "a number or a range, such as 70..80"}


def _as_pydantic(problem: BadInput) -> PydanticCustomError:
    return PydanticCustomError(
        "postmortem",
        "{message}",
        {"message": problem.message, "hint": problem.hint or ""},
    )


def _bound(stored: object, unbounded: Instant) -> Instant | None:
    """One side of a stored time: `unbounded` where it is open; None where it is no such side."""
    if stored is None:
        return unbounded
    if not isinstance(stored, str):
        return None
    try:
        return parse_stored(stored)
    except BadInput as problem:
        raise _as_pydantic(problem) from None


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


def _duration(value: object) -> object:
    if isinstance(value, str) and not _DURATION.fullmatch(value):
        raise PydanticCustomError(
            "duration", "a duration counts weeks, days, hours or minutes, such as 7d, 36h, 1d12h"
        )
    return value


def duration(written: str) -> int:
    """How long a written duration is, in microseconds; a day is 24 hours."""
    found = _DURATION.fullmatch(written)
    assert found is not None
    counts = (int(count or 0) for count in found.groups())
    return (
        sum(count * unit for count, unit in zip(counts, (604_800, 86_400, 3_600, 60), strict=True))
        * 1_000_000
    )


def _count(value: object) -> object:
    # a casebook's scalars are text
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    return value


def _truth(value: object) -> object:
    # a casebook's scalars are text: `no` is no boolean, and neither is 1
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _sha256(value: object) -> object:
    if isinstance(value, str) and not _SHA256.fullmatch(value):
        raise PydanticCustomError(
            "hash", "a SHA-256 is written as 64 hexadecimal digits in lower case"
        )
    return value


def _cited(value: object) -> object:
    """A citation that is written as a mapping becomes the text that is recorded."""
    if not isinstance(value, Mapping):
        return _clean(value)
    try:
        return _clean(citations.from_mapping(value))
    except ValueError as problem:
        raise PydanticCustomError("citation", "{message}", {"message": str(problem)}) from None


def _quotations(value: object) -> object:
    for key, text in value.items() if isinstance(value, Mapping) else ():
        if not isinstance(key, str) or not isinstance(text, str) or not text.strip():
            raise PydanticCustomError("quotation", "a quotation is text under its citation")
        if len(text) > LONGEST_QUOTATION:
            raise PydanticCustomError(
                "quotation",
                "a quotation has at most {most} characters, and this one has {count}",
                {"most": LONGEST_QUOTATION, "count": len(text)},
            )
    return _clean_all(value)


def _zone(value: object) -> object:
    if isinstance(value, str) and not known_zone(value):
        raise PydanticCustomError(
            "zone", "{zone} is no time zone known here", {"zone": repr(value)}
        )
    return value


def listed(value: object) -> object:
    """One text where a list is meant is a list of one."""
    return [value] if isinstance(value, str) else value


def cited(value: object) -> object:
    """The same of citations, of which one may be written as a mapping."""
    return [value] if isinstance(value, str | Mapping) else value


_AMOUNT: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)?(\.\.)?(-?[0-9]+(?:\.[0-9]+)?)?")
_SHA256: Final = re.compile("[0-9a-f]{64}")
_DURATION: Final = re.compile(
    r"(?=[0-9])(?:([0-9]{1,6})w)?(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?"
)

Id = Annotated[str, Field(pattern=ID_PATTERN)]
Count = Annotated[int, BeforeValidator(_count), Field(ge=0, le=10**9)]
Plain = Annotated[str, BeforeValidator(_clean), Field(max_length=LONGEST_TEXT, min_length=1)]
Words = Annotated[str, BeforeValidator(_clean), Field(max_length=LONGEST_TEXT), Said()]
Meta = Annotated[dict[str, Any], BeforeValidator(_clean_all), Said()]
Duration = Annotated[str, BeforeValidator(_duration)]
Truth = Annotated[Literal[True, False], BeforeValidator(_truth)]
Zone = Annotated[Plain, BeforeValidator(_zone)]
Effect = Literal["unavailable", "degraded"]
Sha256 = Annotated[str, BeforeValidator(_sha256), Hash()]
Quotes = Annotated[dict[str, Any], BeforeValidator(_quotations), Said(), Quoted()]
Citation = Annotated[
    str,
    BeforeValidator(_cited),
    Field(pattern=r"^[a-z0-9_-]{1,200}(#.+)?$"),
    Names("source", located=True),
]
SourceId = Annotated[Id, Names("source")]
ServiceId = Annotated[Id, Names("service")]
CapabilityId = Annotated[Id, Names("capability")]

_ANNOUNCEMENT = frozenset({"cutoff-announced"})
_DISRUPTION = frozenset({"service-cut-off", "service-down", "service-degraded"})
TIMED = (
    _ANNOUNCEMENT
    | _DISRUPTION
    | {"cutoff-rescheduled", "cutoff-withdrawn", "effect-changed", "service-restored"}
)
AnnouncementId = Annotated[Id, Names("event", _ANNOUNCEMENT)]
DisruptionId = Annotated[Id, Names("event", _DISRUPTION)]
AnyEventId = Annotated[Id, Names("event")]
