"""Incidents in a casebook's short form, spelt out as the events that they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args

from postmortem.core.errors import BadInput, Place
from postmortem.core.incidents import IncidentOpened, Milestone
from postmortem.core.short_form import (
    COUNTED,
    IMPACT,
    IMPACT_TEXT,
    INCIDENT,
    MILESTONE,
    MILESTONES,
    OPENED,
    SHORT,
    Short,
)
from postmortem.importers.document import Node

KEYS: Final = (*(name for name in IncidentOpened.model_fields if name != "id"), *SHORT)
"""What an incident takes."""


@dataclass(frozen=True, slots=True)
class Spelt:
    """An event spelt out: its type, its keys as `events:` has them, and where it was written."""

    type: str
    fields: dict[str, Any]
    node: Node


def spelt_out(id: str, incident: Node, place: Callable[[Node], Place]) -> Iterator[Spelt]:
    """The incident's opening, then all else that it holds, in the order of recording.

    `incident` is a mapping with keys among KEYS; `place` tells where a node was written.

    Raises: BadInput, where a value is neither text nor keys nor a list of such.
    """
    return _Incident(id, incident, place).spelt_out()


class _Incident:
    def __init__(self, id: str, node: Node, place: Callable[[Node], Place]) -> None:
        assert isinstance(node.value, dict)
        self.id = id
        self.node = node
        self.keys = node.value
        self.place = place
        self.numbers: Counter[str] = Counter()

    def spelt_out(self) -> Iterator[Spelt]:
        own = {key: node.plain() for key, node in self.keys.items() if key not in SHORT}
        yield Spelt(OPENED, {**own, "id": self.id}, self.node)
        for key, short in SHORT.items():
            for entry, each in self._meant(key, short):
                yield from self._entry(key, each, entry, self.id)

    def _meant(self, key: str, short: Short) -> Iterator[tuple[Node, Short]]:
        """The entries under a key of the incident, each with what it stands for."""
        if key not in self.keys:
            return
        node = self.keys[key]
        if key == MILESTONES and isinstance(node.value, dict) and "milestone" not in node.value:
            for name, inner in node.value.items():
                given = {"milestone": name}
                reached = Short(MILESTONE.type, _word(name), MILESTONE.text, given=given)
                yield from ((entry, reached) for entry in _entries(inner))
            return
        for entry in _entries(node):
            keys = entry.value if isinstance(entry.value, dict) else {}
            if key == IMPACT and not COUNTED & keys.keys():
                yield entry, IMPACT_TEXT
            else:
                yield entry, short

    def _entry(
        self, key: str, short: Short, node: Node, under: str, above: dict[str, Any] | None = None
    ) -> Iterator[Spelt]:
        """What an entry stands for: its event, then those about it.

        `under` is the id of what it stands under, and `above` are that one's fields.
        """
        own = self._written(key, short, node)
        fields = {**own, **short.given}
        fields |= {name: above[name] for name in short.copies if above and name in above}
        if short.names is not None:
            fields[short.names] = self.id if short.names == INCIDENT else under
        if short.opening and "at" not in fields and "at" in self.keys:
            fields["at"] = self.keys["at"].plain()
        if "id" not in fields:
            fields["id"] = self._id(under, _called(short, own))
        yield Spelt(short.type, fields, node)
        keys = node.value if isinstance(node.value, dict) else {}
        for name, then in short.then.items():
            for entry in _entries(keys[name]) if name in keys else ():
                yield from self._entry(name, then, entry, str(fields["id"]), fields)

    def _written(self, key: str, short: Short, node: Node) -> dict[str, Any]:
        """The fields that an entry itself gives."""
        if isinstance(node.value, str) and short.text is not None:
            return {short.text: node.value}
        if not isinstance(node.value, dict):
            raise BadInput(
                f"{key} of {self.id} takes keys with values",
                place=self.place(node),
                hint=f"those of a {short.type}; `postmortem events {short.type}` lists them",
            )
        for name in short.implied:
            if name in node.value:
                raise BadInput(
                    f"{name} follows from where this stands, under {key} of {self.id}",
                    place=self.place(node.value[name]),
                    hint="leave it out, or write the event among the events",
                )
        return {name: each.plain() for name, each in node.value.items() if name not in short.then}

    def _id(self, under: str, called: str) -> str:
        stem = f"{under}-{called}"
        self.numbers[stem] += 1
        return f"{stem}-{self.numbers[stem]}"


def _called(short: Short, own: dict[str, Any]) -> str:
    """The word for an entry in its id."""
    return _word(own.get("milestone")) if short is MILESTONE else short.called


def _word(milestone: object) -> str:
    """A milestone goes by its name, in whichever form it is written."""
    return str(milestone) if milestone in get_args(Milestone) else MILESTONE.called


def _entries(node: Node) -> list[Node]:
    """One or several: a key that is there with nothing after it has none."""
    if isinstance(node.value, list):
        return node.value
    return [] if node.value == "" else [node]
