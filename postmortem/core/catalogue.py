"""The catalogue as plain values: what every kind of entry is called, says and takes.

Options, forms and documents are made from this description. It needs no pydantic itself: only
`described`, which reads it off the classes of `events`, loads them.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, get_args, get_origin

if TYPE_CHECKING:
    from postmortem.core.entries import Entry

ID: Final = "id"
TEXT: Final = "text"
CHOICE: Final = "choice"
TRUTH: Final = "truth"
TIME: Final = "time"
FORMULA: Final = "formula"
MAPPING: Final = "mapping"
REFERENCE: Final = "reference"
CITATION: Final = "citation"
AMOUNT: Final = "amount"
COUNT: Final = "count"
DURATION: Final = "duration"

SHARED: Final = (
    "id", "known_at", "cites", "quotes", "note", "replaces", "clerical", "public", "silence",
    "meta",
)  # fmt: skip
"""The keys that all events have."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a kind of entry."""

    name: str
    takes: str
    """One of the constants above."""
    says: str
    required: bool = False
    many: bool = False
    """Whether it takes a list."""
    choices: tuple[str, ...] = ()
    default: str | None = None
    names: str | None = None
    """Of a reference: `service`, `capability`, `source`, `event`; `any` of these but a source."""
    types: tuple[str, ...] = ()
    """Of a reference to an event: of which types that may be; empty: of any."""
    said: bool = False
    """Whether it holds people's words."""

    @property
    def key(self) -> str:
        """The name as a list of keys has it: with a question mark where it may be left out."""
        return self.name if self.required else f"{self.name}?"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entry: a declaration, or a type of event."""

    name: str
    """As it is typed: `service`, `service-down`."""
    type: str
    """As it is stored: `service-declared`, `service-down`."""
    says: str
    fields: tuple[Field, ...]

    @property
    def is_declaration(self) -> bool:
        """Whether it says what there is, not what happened."""
        return self.name != self.type

    @property
    def own(self) -> list[Field]:
        """The keys that only some kinds have."""
        return [field for field in self.fields if field.name not in (*SHARED, "at")]

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)

    def document(self) -> dict[str, Any]:
        """As JSON holds it; what is as usual is left out."""
        return {
            "name": self.name,
            "type": self.type,
            "says": self.says,
            "fields": [_unusual(field) for field in self.fields],
        }


Kinds = Mapping[str, Kind]
"""Every kind by the name that is typed: first the declarations, then the events."""


def _unusual(field: Field) -> dict[str, Any]:
    usual = {each.name: each.default for each in fields(Field) if each.default is not MISSING}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(field).items()
        if name not in usual or value != usual[name]
    }


def from_document(document: Mapping[str, Any]) -> Kind:
    """The kind of which `Kind.document` made that."""
    return Kind(
        document["name"],
        document["type"],
        document["says"],
        tuple(
            Field(
                **{**each, **{key: tuple(each[key]) for key in ("choices", "types") if key in each}}
            )
            for each in document["fields"]
        ),
    )


def described() -> Kinds:
    """Every kind, read off the classes."""
    from postmortem.core.events import DECLARATIONS, EVENTS  # pydantic, which forms do without

    declarations = {cls.KIND: _kind(cls.KIND, cls) for cls in DECLARATIONS.values()}
    return declarations | {cls.TYPE: _kind(cls.TYPE, cls) for cls in EVENTS.values()}


def _kind(name: str, cls: type[Entry]) -> Kind:
    says = (cls.__doc__ or "").split("\n")[0].rstrip(".")
    given = cls.model_fields
    own = [each for each in given if each not in (*SHARED, "at")]
    order = ["id", "at", *own, *SHARED[1:]]
    return Kind(name, cls.TYPE, says, tuple(_field(cls, each) for each in order if each in given))


def _field(cls: type[Entry], name: str) -> Field:
    info = cls.model_fields[name]
    takes, many, choices = _takes(name, info.annotation)
    names = cls.references().get(name)
    if names is not None:
        takes = CITATION if names.located else REFERENCE
    return Field(
        name,
        takes,
        str(info.description),
        required=info.is_required(),
        many=many,
        choices=choices,
        default=info.default if isinstance(info.default, str) else None,
        names=None if names is None else names.what,
        types=() if names is None else tuple(sorted(names.types)),
        said=name in cls.said(),
    )


def _takes(name: str, annotation: Any) -> tuple[str, bool, tuple[str, ...]]:
    """What a field of that type takes, whether a list of it, and its choices.

    Raises: TypeError, for a type that no form knows.
    """
    from postmortem.core.fields import Amount, Duration, Requires, When

    if annotation == Duration:
        return DURATION, False, ()
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _takes(name, inner[0])
    if origin in (Union, types.UnionType):
        return _takes(name, next(each for each in inner if each is not type(None)))
    if origin is list:
        return _takes(name, inner[0])[0], True, ()
    if origin is Literal:
        return (CHOICE, False, inner) if isinstance(inner[0], str) else (TRUTH, False, ())
    if origin is dict:
        return MAPPING, False, ()
    plain = {When: TIME, Requires: FORMULA, Amount: AMOUNT, int: COUNT}
    if annotation in plain:
        return plain[annotation], False, ()
    if annotation is str:
        return (ID if name == "id" else TEXT), False, ()
    raise TypeError(f"no form knows what the field {name} of the type {annotation!r} takes")


def taken(field: Field) -> str:
    """What the field takes, in words: `the id of a service`, `unavailable or degraded`."""
    if field.takes == CHOICE:
        return " or ".join(field.choices)
    if field.takes == REFERENCE:
        of = " or ".join(field.types) if 0 < len(field.types) <= 3 else _NAMED[str(field.names)]
        return f"the id of {_article(of)}" if not field.many else f"ids: {of}"
    return _TAKEN[field.takes]


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


_NAMED: Final = {
    "service": "service",
    "capability": "capability",
    "source": "source",
    "event": "event",
    "any": "event, service or capability",
}
_TAKEN: Final = {
    ID: "an id",
    TEXT: "text",
    TRUTH: "true or false",
    TIME: "a time",
    FORMULA: "a formula",
    MAPPING: "keys and values",
    CITATION: "ids of sources",
    AMOUNT: "a number or a range, such as 70..80",
    COUNT: "a whole number",
    DURATION: "a duration, such as 7d or 36h",
}


def markdown(kinds: Kinds) -> str:
    """The catalogue as Markdown: the declarations' table, the events', and what these share."""
    declarations = [kind for kind in kinds.values() if kind.is_declaration]
    events = [kind for kind in kinds.values() if not kind.is_declaration]
    shared = [field for field in events[0].fields if field.name in SHARED]
    undated = [f"`{kind.name}`" for kind in events if kind.field("at") is None]
    keys = ", ".join(f"`{field.key}`" for field in shared)
    return (
        _table(("declaration", "keys", "what it says"), declarations)
        + "\n"
        + _table(("type", "further keys", "what it says"), events)
        + f"\nEvery event also takes {keys}, and, but for {' and '.join(undated)}, `at`.\n"
    )


def _table(header: tuple[str, str, str], kinds: list[Kind]) -> str:
    lines = [" | ".join(header), "---|---|---"]
    for kind in kinds:
        keys = ", ".join(f"`{field.key}`" for field in kind.own)
        lines.append(f"`{kind.name}` | {keys} | {kind.says}")
    return "".join(f"| {line} |\n" if "---" not in line else f"|{line}|\n" for line in lines)


def markdown_of(kind: Kind) -> str:
    """One kind as Markdown: a table of its keys."""
    lines = ["| key | takes | what it is |", "|---|---|---|"]
    lines += [f"| `{f.key}` | {taken(f)} | {explained(f)} |" for f in kind.fields]
    return f"`{kind.name}`: {kind.says}.\n\n" + "".join(f"{line}\n" for line in lines)


def explained(field: Field) -> str:
    """What the field is, and what it is where it is left out."""
    says = field.says.removeprefix("true: ")
    return f"{says}; else {field.default}" if field.default else says
