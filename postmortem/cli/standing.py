"""What stands in the record, as fields to start from; and how two sets of fields differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from postmortem.core import catalogue, formulas
from postmortem.core.catalogue import Field, Kind
from postmortem.core.fields import Body, When
from postmortem.core.recorded import span_of
from postmortem.core.times import Span
from postmortem.core.withdrawal import StandIns
from postmortem.core.words import as_json, digest_in


def fields_from(kind: Kind, body: Body) -> dict[str, Any]:
    """The fields of a stored body, times with their wording; words that are withheld are left out.

    `fields_withheld` names those.
    """
    found: dict[str, Any] = {}
    for field in kind.fields:
        value = body.get(field.name)
        if value is None or (field.said and digest_in(value)):
            continue
        span = span_of(body, field.name) if field.takes == catalogue.TIME else None
        found[field.name] = value if span is None else When(span, value["written"])
    return found


def fields_withheld(kind: Kind, body: Body) -> list[str]:
    """The fields whose words nobody can say any more."""
    return [f.name for f in kind.fields if f.said and digest_in(body.get(f.name))]


def carried(kind: Kind, body: Body, given: Iterable[str], dropped: Iterable[str]) -> StandIns:
    """What is withheld of a body and stays so in the next one.

    That is all but what is said anew, or left out on purpose.
    """
    said_anew = {*given, *dropped}
    return {name: body[name] for name in fields_withheld(kind, body) if name not in said_anew}


def as_text(field: Field, value: Any) -> str:
    """A field's value on one line."""
    if value is None:
        return "not given"
    if isinstance(value, When):
        return value.written
    if field.takes == catalogue.FORMULA:
        return formulas.written(formulas.parse(value))
    if isinstance(value, list):
        return ", ".join(value)
    return value if isinstance(value, str) else as_json(value)


def differing(
    kind: Kind,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    but: Iterable[str],
    resolved: Callable[[Span], str],
) -> list[str]:
    """The fields that differ, a line each: `reason: not given → the power failed`.

    Of a time both wordings stand there, and what the new one comes to.
    """
    lines = []
    for field in kind.fields:
        if field.name in but:
            continue
        before, after = (as_text(field, fields.get(field.name)) for fields in (old, new))
        if before != after:
            value = new.get(field.name)
            comes_to = f", which is {resolved(value.span)}" if isinstance(value, When) else ""
            lines.append(f"{field.name}: {before} → {after}{comes_to}")
    return lines
