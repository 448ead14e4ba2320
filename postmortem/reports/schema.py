"""The casebook's JSON Schema, made from the catalogue: for editors, and for whoever writes one.

Times, formulas and words are checked as they are written; what only the record can tell (whether
an id names something, whether a rule refuses an event) is not in it. Where YAML has a boolean or a
number of its own, either spelling fits: `clerical: true` as well as `"true"`.

Source: JSON Schema 2020-12.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from postmortem.core import catalogue
from postmortem.core.catalogue import Field, Kind, Kinds
from postmortem.core.citations import STANCES
from postmortem.core.formulas import LISTS, SINGLES
from postmortem.core.short_form import IMPACT, IMPACT_TEXT, MILESTONES, OPENED, SHORT, Short

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SECTIONS: Final = {"source": "sources", "service": "services", "capability": "capabilities"}
"""The sections of a casebook by what they declare."""

_ID: Final = "[a-z0-9_-]{1,200}"
_MOMENT: Final = (
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?)?)?)?(\[[A-Z][A-Za-z0-9_+/-]*\])?"
)
_NUMBER: Final = r"-?[0-9]+(\.[0-9]+)?"
_LONGEST_TEXT: Final = 1_000_000


def casebook(kinds: Kinds) -> Schema:
    """The schema of a whole casebook file."""
    events = [kind for kind in kinds.values() if not kind.is_declaration]
    described = {
        "casebook": {"description": "the version of the format", "enum": [1, "1"]},
        "platform": {"$ref": "#/$defs/platform"},
        **{section: _section(name) for name, section in SECTIONS.items()},
        "incidents": _section("incident"),
        "events": {
            "description": "what happened and what was said, in the order of recording",
            **_or_empty({"type": "array", "items": {"$ref": "#/$defs/event"}}),
        },
    }
    return {
        "$schema": DIALECT,
        "title": "casebook",
        "description": "A postmortem casebook: one platform's sources, services, capabilities and "
        "events",
        **_mapping(described, ("casebook", "platform")),
        "$defs": {
            **_COMMON,
            "event": _any_event(events),
            **_incidents(kinds),
            **{kind.name: _entry(kind) for kind in kinds.values()},
        },
    }


def single(kind: Kind) -> Schema:
    """The schema of one entry of that kind, as a casebook writes it."""
    entry = _entry(kind)
    return {
        "$schema": DIALECT,
        "title": kind.name,
        **entry,
        "$defs": {name: _COMMON[name] for name in sorted(_needed(entry))},
    }


def _needed(schema: Any) -> set[str]:
    """The definitions that a schema leads to."""
    found: set[str] = set()
    pending = [schema]
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending += part
        elif isinstance(part, Mapping):
            name = str(part.get("$ref", "")).removeprefix("#/$defs/")
            if name and name not in found:
                found.add(name)
                pending.append(_COMMON[name])
            pending += part.values()
    return found


def _section(name: str) -> Schema:
    entries = {
        "type": "object",
        "propertyNames": {"$ref": "#/$defs/id"},
        "additionalProperties": {"$ref": f"#/$defs/{name}"},
    }
    return {"description": f"each {name} under its id", **_or_empty(entries)}


def _or_empty(schema: Schema) -> Schema:
    """Also a key that is there with nothing after it."""
    return {**schema, "type": [schema["type"], "null", "string"], "maxLength": 0}


def _any_event(kinds: list[Kind]) -> Schema:
    """One event: its type decides which keys it takes, and errors name that type alone."""
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": [kind.name for kind in kinds]}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": kind.name}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{kind.name}"},
            }
            for kind in kinds
        ],
    }


def _entry(kind: Kind) -> Schema:
    known = {field.name: _field(field) for field in kind.fields}
    required = [field.name for field in kind.fields if field.required]
    if not kind.is_declaration:
        known = {"type": {"const": kind.name}, **known}
        return {"description": kind.says, **_mapping(known, ["type", *required])}
    if kind.name == "platform":
        return {"description": kind.says, **_mapping(known, required)}
    # in its section it stands under its id
    del known["id"]
    required.remove("id")
    entry: Schema = _mapping(known, required)
    if kind.name == "capability":
        entry = {"anyOf": [{"$ref": "#/$defs/formula"}, entry]}
    elif not required:
        entry = _or_empty(entry)
    return {"description": kind.says, **entry}


def _incidents(kinds: Kinds) -> Schema:
    """An incident in short form, and the entries of its keys, each by its place: `roles.left`."""
    entries: Schema = {}
    for key, each in SHORT.items():
        _add_entry(entries, key, each, kinds)
    _add_entry(entries, _IMPACT_TEXT, IMPACT_TEXT, kinds)
    milestone = kinds[SHORT[MILESTONES].type].field("milestone")
    assert milestone is not None
    reached = Short(SHORT[MILESTONES].type, "", "at", given={milestone.name: ""})
    _add_entry(entries, _REACHED, reached, kinds)
    keys = {key: _several(_ref(key)) for key in SHORT}
    keys[IMPACT] = _several(_either(_ref(IMPACT), _ref(_IMPACT_TEXT)))
    named = dict.fromkeys(milestone.choices, _several(_ref(_REACHED)))
    keys[MILESTONES] = _either(_mapping(named, []), keys[MILESTONES])
    own = {field.name: _field(field) for field in kinds[OPENED].fields if field.name != "id"}
    required = [name for name in own if (field := kinds[OPENED].field(name)) and field.required]
    incident = {
        "description": "an incident with all that belongs to it",
        **_mapping({**own, **keys}, required),
    }
    return {"incident": incident, **{f"incident.{key}": entry for key, entry in entries.items()}}


_IMPACT_TEXT: Final = f"{IMPACT}.text"
_REACHED: Final = f"{MILESTONES}.by-name"


def _add_entry(entries: Schema, place: str, short: Short, kinds: Kinds) -> None:
    """The keys of its event, or text alone; and with it the entries of its own keys."""
    kind = kinds[short.type]
    may_lack = {"id", "at"} if short.opening else {"id"}
    fields = [field for field in kind.fields if field.name not in short.implied]
    known = {field.name: _field(field) for field in fields}
    for key, then in short.then.items():
        _add_entry(entries, f"{place}.{key}", then, kinds)
        known[key] = _several(_ref(f"{place}.{key}"))
    required = [field.name for field in fields if field.required and field.name not in may_lack]
    entry = {"description": kind.says, **_mapping(known, required)}
    alone = next((_one(field) for field in fields if field.name == short.text), None)
    fits = alone is not None and set(required) <= {short.text}
    entries[place] = _either(alone, entry) if alone is not None and fits else entry


def _ref(entry: str) -> Schema:
    return {"$ref": f"#/$defs/incident.{entry}"}


def _several(one: Schema) -> Schema:
    """One or a list, or nothing after the key."""
    nothing: Schema = {"type": ["null", "string"], "maxLength": 0}
    return _either(one, {"type": "array", "items": one}, nothing)


def _either(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def _mapping(properties: Schema, required: Iterable[str]) -> Schema:
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": properties,
    }


def _field(field: Field) -> Schema:
    one = _one(field)
    schema = {"anyOf": [one, {"type": "array", "items": one}]} if field.many else one
    says: Schema = {"description": field.says}
    if field.default is not None:
        says["default"] = field.default
    return {**says, **schema}


def _one(field: Field) -> Schema:
    if field.takes in (catalogue.ID, catalogue.REFERENCE):
        return {"$ref": "#/$defs/id"}
    if field.takes in _COMMON:
        return {"$ref": f"#/$defs/{field.takes}"}
    if field.takes == catalogue.CHOICE:
        return {"enum": list(field.choices)}
    if field.takes == catalogue.TRUTH:
        return {"enum": [True, False, "true", "false"]}
    if field.takes == catalogue.MAPPING:
        return {"type": "object"}
    text: Schema = {"type": "string", "maxLength": _LONGEST_TEXT}
    return text if field.said else {**text, "minLength": 1}


def _formula() -> Schema:
    one = {"$ref": "#/$defs/formula"}
    several = {"type": "array", "minItems": 1, "items": one}
    count = {
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": "^0*[1-9][0-9]*$"},
        ]
    }
    return {
        "description": "what a capability requires: an id, or one of "
        + ", ".join((*LISTS, "at_least", *SINGLES)),
        "anyOf": [
            {"$ref": "#/$defs/id"},
            *(_mapping({word: several}, [word]) for word in LISTS),
            _mapping(
                {"at_least": _mapping({"count": count, "of": several}, ["count", "of"])},
                ["at_least"],
            ),
            *(_mapping({word: one}, [word]) for word in SINGLES),
        ],
    }


_COMMON: Final[Schema] = {
    "id": {"type": "string", "pattern": f"^{_ID}$"},
    "citation": {
        "description": "a source id, with an optional #locator; or the same in parts",
        "anyOf": [
            {"type": "string", "pattern": f"^{_ID}(#.+)?$"},
            _mapping(
                {
                    "source": {"$ref": "#/$defs/id"},
                    "char": {
                        "description": "from which character of the normalised text to which, "
                        "the end excluded: [5, 30]",
                        "type": ["array", "string"],
                    },
                    "page": {"type": ["integer", "string"]},
                    "fragment": {"type": "string"},
                    "at": {"description": "any other place, in words", "type": "string"},
                    "excerpt": {"type": "string", "pattern": "^[0-9a-f]{32,64}$"},
                    "length": {"type": ["integer", "string"]},
                    "snapshot": {"type": "string", "pattern": "^[0-9a-f]{8,64}$"},
                    "stance": {"enum": list(STANCES)},
                    "credibility": {"enum": [*range(1, 7), *map(str, range(1, 7))]},
                },
                ["source"],
            ),
        ],
    },
    "time": {
        "description": "a written time, an instant or a span: 2021-01-10T23:59-08:00, "
        "2021-01-10T23:59[America/Los_Angeles], 2021-01-10, 2021-01, 2021, A..B, A.., ..B",
        "anyOf": [
            {
                "type": "string",
                "maxLength": 200,
                "pattern": rf"^({_MOMENT}(\.\.({_MOMENT})?)?|\.\.{_MOMENT})$",
            },
            {"type": "integer", "minimum": 1000, "maximum": 9999, "description": "a year"},
        ],
    },
    "formula": _formula(),
    "amount": {
        "description": "a number or a range: 70, 70..80, 70.., ..80",
        "anyOf": [
            {
                "type": "string",
                "maxLength": 80,
                "pattern": rf"^({_NUMBER}(\.\.({_NUMBER})?)?|\.\.{_NUMBER})$",
            },
            {"type": "number"},
        ],
    },
    "count": {
        "description": "a whole number",
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 999_999_999},
            {"type": "string", "pattern": "^[0-9]{1,9}$"},
        ],
    },
    "duration": {
        "description": "weeks, days, hours, minutes: 7d, 36h, 1d12h",
        "type": "string",
        "pattern": "^(?=[0-9])([0-9]{1,6}w)?([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?$",
    },
}
