"""What every entry of the log is: a class with a stored name, fields, and marks on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Final, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from postmortem.core.fields import (
    Amount,
    AnyEventId,
    Body,
    Citation,
    Id,
    Meta,
    Names,
    Plain,
    Quotes,
    Requires,
    Said,
    Truth,
    When,
    Words,
    cited,
    listed,
)

Identity = Annotated[str, Field(pattern=r"^[a-z0-9_:-]{1,450}$")]
"""How the log calls an entry: the id of an event, `service:aws`, amended `service:aws:2`."""


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
        return {
            name: value.body() if type(value) in _WRITTEN else value
            for name, value in self.__dict__.items()
            if value is not None and name != "id" and (name != "clerical" or value)
        }

    @classmethod
    def said(cls) -> frozenset[str]:
        """The fields that hold people's words."""
        return _said(cls)

    @classmethod
    def references(cls) -> Mapping[str, Names]:
        """The fields that name something, and what."""
        return _references(cls)


_WRITTEN: Final = frozenset((When, Requires, Amount))
"""What a field holds that is not what JSON holds of it; every other value is that already."""


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


class Declaration(Entry):
    """What there is: declared once, amended only on purpose."""

    KIND: ClassVar[str]
    id: Id = Field(description="how it is called")
    meta: Meta | None = Field(None, description="anything else, a free mapping")


class Event(Entry):
    """Something that happened, or that somebody said."""

    id: Id = Field(description="how it is called; unique among a platform's ids")
    known_at: When | None = Field(
        None, description="from when it could be known; else the cited sources tell"
    )
    cites: Annotated[list[Citation], BeforeValidator(cited)] | None = Field(
        None, description="source ids, each with an optional #locator"
    )
    quotes: Quotes | None = Field(
        None, description="short quotations, each under the citation that it is from"
    )
    note: Words | None = Field(None, description="a remark")
    replaces: AnyEventId | None = Field(
        None, description="the event of which this is a corrected version, complete in itself"
    )
    public: Truth | None = Field(
        None, description="true: its words may stand in a document for the public"
    )
    silence: Annotated[list[Plain], BeforeValidator(listed)] | None = Field(
        None, description="the rules of `lint` that are not to speak of it"
    )
    clerical: Truth | None = Field(
        None, description="true: it mends a slip of the pen, not of knowledge"
    )
    meta: Meta | None = Field(None, description="anything else, a free mapping")


class Dated(Event):
    """An event that has a time of its own."""

    at: When = Field(description="when it was, or will be, true in the world")
