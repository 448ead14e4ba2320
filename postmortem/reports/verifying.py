"""Compares a document with the record that it came from: its facts, its text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from postmortem.core.words import reason_in

Facts = Mapping[str, Any]

_MISSING: Final = object()


class Difference(NamedTuple):
    """A place in the facts, and what stands there in the document and follows from the record.

    None: nothing stands there. What is in a list counts from 0, or by its id.
    """

    place: str
    document: str | None
    record: str | None


class WithheldSince(NamedTuple):
    """A place in the facts where the document still shows words that are withheld by now."""

    place: str
    reason: str


def parted(found: list[Difference]) -> tuple[list[Difference], list[WithheldSince]]:
    """What differs, without the words that were withdrawn since; and where these still stand.

    Nobody can say any more whether the document has them right.
    """
    other, since = [], []
    for each in found:
        reason = reason_in(each.record)
        if reason is None or reason_in(each.document) is not None:
            other.append(each)
        else:
            since.append(WithheldSince(each.place, reason))
    return other, since


def differences(document: Facts, record: Facts) -> list[Difference]:
    """Where the facts of a document are not those that follow from the record."""
    return list(_differ("", document, record))


def _differ(place: str, old: Any, new: Any) -> Iterator[Difference]:
    if type(old) is not type(new):
        if old != new:
            yield Difference(place, _shown(old), _shown(new))
    elif isinstance(old, dict):
        for key in sorted({*old, *new}):
            inner = f"{place}.{key}" if place else key
            yield from _differ(inner, old.get(key, _MISSING), new.get(key, _MISSING))
    elif isinstance(old, list):
        yield from _differ_list(place, old, new)
    elif old != new:
        yield Difference(place, _shown(old), _shown(new))


def _differ_list(place: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    one, other = _by_id(old), _by_id(new)
    if one is not None and other is not None:
        if one.keys() == other.keys() and list(one) != list(other):
            yield Difference(f"{place}, in order", _shown(list(one)), _shown(list(other)))
        for id in {**one, **other}:
            yield from _differ(f"{place}.{id}", one.get(id, _MISSING), other.get(id, _MISSING))
    elif len(old) == len(new) and any(isinstance(each, dict | list) for each in (*old, *new)):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from _differ(f"{place}.{index}", *pair)
    elif old != new:
        yield Difference(place, _shown(old), _shown(new))


def _by_id(rows: list[Any]) -> dict[str, Any] | None:
    """The rows by their ids, where each has one of its own."""
    found = {
        row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)
    }
    return found if len(found) == len(rows) else None


def _shown(value: Any) -> str | None:
    if value is _MISSING:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def first_difference(document: str, written: str) -> tuple[int, str, str] | None:
    """The first line, from 1, in which two texts differ, and both of it; None: they are equal."""
    if document == written:
        return None
    lines = document.split("\n"), written.split("\n")
    for number in range(max(map(len, lines))):
        one, other = (side[number] if number < len(side) else "" for side in lines)
        if one != other:
            return number + 1, one, other
    return None
