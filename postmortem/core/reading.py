"""From keys and values to an entry of the catalogue, with errors that a person can use."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from postmortem.core.entries import Entry
from postmortem.core.errors import BadInput, BadTime


class Misfit(Exception):
    """The fields are no entry of that class: the problem, and the path to what it is about."""

    def __init__(self, problem: BadInput, path: tuple[int | str, ...]) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.path = path


def entry(
    cls: type[Entry], fields: dict[str, Any], *, zone: str | None, stored: bool = False
) -> Entry:
    """The entry that the fields make; `zone` is that of times written without one.

    `stored`: whether times may also stand as a stored body holds them.

    Raises: Misfit.
    """
    try:
        return cls.model_validate(fields, context={"zone": zone, "stored": stored})
    except ValidationError as error:
        found = error.errors(include_url=False)
        # a key that is misspelt is missing too, and the unknown one tells what to mend
        unknown = [one for one in found if one["type"] == "extra_forbidden"]
        first = (unknown or found)[0]
        # a union's members and other inner steps are no part of what was written
        path = tuple(step for step in first["loc"] if _written(step, fields))
        raise Misfit(_problem(cls, fields, dict(first)), path) from None


def _written(step: int | str, fields: dict[str, Any]) -> bool:
    return isinstance(step, int) or step in fields


def _problem(cls: type[Entry], fields: dict[str, Any], error: dict[str, Any]) -> BadInput:
    field = str(error["loc"][0]) if error["loc"] else ""
    what = fields.get("id") if isinstance(fields.get("id"), str) else None
    of = f" of {what}" if what else f" of a {cls.TYPE}"
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "missing":
        return BadInput(f"{field} is missing{of}", hint=_described(cls, field))
    if kind == "extra_forbidden":
        near = get_close_matches(field, cls.model_fields, n=1)
        return BadInput(
            f"unknown key {field!r}{of}",
            hint=f"did you mean {near[0]}?"
            if near
            else f"a {cls.TYPE} takes: {', '.join(cls.model_fields)}",
        )
    if kind == "postmortem":
        found = BadTime if field in _times(cls) else BadInput
        return found(f"{field}{of}: {context['message']}", hint=context["hint"] or None)
    if kind == "string_pattern_mismatch":
        return BadInput(
            f"{field}{of}: {_shown(error['input'])} is no id",
            hint="ids are of lower-case letters, digits, - and _",
        )
    if kind == "literal_error":
        return BadInput(
            f"{field}{of} is {_shown(error['input'])}", hint=f"it takes {context['expected']}"
        )
    return BadInput(
        f"{field}{of}: {error['msg'][:1].lower()}{error['msg'][1:]}",
        hint=_described(cls, field),
    )


def _times(cls: type[Entry]) -> set[str]:
    return {name for name, info in cls.model_fields.items() if "When" in str(info.annotation)}


def _described(cls: type[Entry], field: str) -> str | None:
    info = cls.model_fields.get(field)
    return None if info is None else f"{field}: {info.description}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
