"""Casebooks: one YAML or JSON file for one platform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from io import SEEK_END
from typing import Any, BinaryIO, Final

from postmortem.core import formulas, reading
from postmortem.core.decide import Draft
from postmortem.core.entries import Declaration, Entry
from postmortem.core.errors import BadInput, Place
from postmortem.core.events import (
    EVENTS,
    CapabilityDeclared,
    PlatformDeclared,
    ServiceDeclared,
    SourceDeclared,
)
from postmortem.importers import incidents
from postmortem.importers.document import Node, read, refuse_size

VERSION: Final = "1"
SECTIONS: Final[dict[str, type[Declaration]]] = {
    "sources": SourceDeclared,
    "services": ServiceDeclared,
    "capabilities": CapabilityDeclared,
}
KEYS: Final = ("casebook", "platform", *SECTIONS, "incidents", "events")


def identify(name: str, head: bytes) -> bool:
    """Whether it is called like a casebook, or says that it is one."""
    return name.endswith((".yaml", ".yml", ".json")) or b"casebook" in head


def extract(name: str, file: BinaryIO, *, amend: bool = False) -> list[Draft]:
    """The declarations, then the events, in the order in which they are to be recorded.

    Incidents are opened before all other events; what else their short form holds comes last.

    Raises: BadInput, with file and line.
    """
    refuse_size(file.seek(0, SEEK_END), name)
    file.seek(0)
    return _Casebook(name, read(file.read(), name), amend).drafts()


class _Casebook:
    def __init__(self, name: str, root: Node, amend: bool) -> None:
        self.name = name
        self.root = root
        self.amend = amend
        self.platform = ""
        self.zone: str | None = None

    def drafts(self) -> list[Draft]:
        top = self.mapping(self.root, "a casebook")
        self.known_keys(top, KEYS)
        if "casebook" not in top or top["casebook"].value != VERSION:
            node = top.get("casebook", self.root)
            raise BadInput(
                "this is no casebook of a known version",
                place=self.place(node),
                hint=f"a casebook starts with the line: casebook: {VERSION}",
            )
        if "platform" not in top:
            raise BadInput(
                "the casebook names no platform",
                place=self.place(self.root),
                hint="write platform: {id: …}",
            )
        found = [self.declared_platform(top["platform"])]
        for section, cls in SECTIONS.items():
            if section in top:
                entries = self.mapping(top[section], section)
                ordered = _by_need(entries, self, section) if section in _NEEDS else list(entries)
                found += [self.declared(cls, id, entries[id]) for id in ordered]
        opened, told = self.incidents(top["incidents"]) if "incidents" in top else ([], [])
        found += opened
        if "events" in top:
            events = top["events"]
            listed = [] if events.value == "" else events.value  # there, and empty
            if not isinstance(listed, list):
                raise BadInput("events: takes a list", place=self.place(events))
            found += [self.event(node) for node in listed]
        return found + told

    def place(self, node: Node) -> Place:
        return Place(self.name, node.key_line or node.line)

    def mapping(self, node: Node, what: str) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            if node.value == "":
                return {}  # a section that is there and empty
            raise BadInput(f"{what} takes keys with values", place=self.place(node))
        return node.value

    def known_keys(self, mapping: Mapping[str, Node], keys: Iterable[str]) -> None:
        for key, node in mapping.items():
            if key not in keys:
                raise BadInput(
                    f"unknown key {key!r}", place=self.place(node), hint=closest(key, keys)
                )

    def declared_platform(self, node: Node) -> Draft:
        keys = self.mapping(node, "platform")
        for key in ("id", "zone"):
            if key in keys and not isinstance(keys[key].value, str):
                raise BadInput(f"platform: {key} takes text", place=self.place(keys[key]))
        self.platform = str(keys["id"].value) if "id" in keys else ""
        draft = self.draft(PlatformDeclared, node, node.plain())
        assert isinstance(draft.entry, PlatformDeclared)
        self.zone = draft.entry.zone
        return draft

    def declared(self, cls: type[Declaration], id: str, node: Node) -> Draft:
        value = node.plain()
        if cls is CapabilityDeclared and not (isinstance(value, dict) and "requires" in value):
            return self.draft(cls, node, {"id": id, "requires": value}, bare=True)
        if value == "":
            value = {}
        if not isinstance(value, dict):
            raise BadInput(f"{id} takes keys with values", place=self.place(node))
        if "id" in value:
            raise _id_twice(id, self.place(node))
        return self.draft(cls, node, {**value, "id": id})

    def incidents(self, node: Node) -> tuple[list[Draft], list[Draft]]:
        """The openings of incidents in short form, and what else these hold."""
        opened, told = [], []
        for id, incident in self.mapping(node, "incidents").items():
            keys = self.mapping(incident, id)
            if "id" in keys:
                raise _id_twice(id, self.place(keys["id"]))
            self.known_keys(keys, incidents.KEYS)
            spelt = incidents.spelt_out(
                id, Node(keys, incident.line, incident.key_line), self.place
            )
            first, *rest = (self.draft(EVENTS[each.type], each.node, each.fields) for each in spelt)
            opened.append(first)
            told += rest
        return opened, told

    def event(self, node: Node) -> Draft:
        keys = self.mapping(node, "an event")
        if "type" not in keys:
            raise BadInput("an event names its type", place=self.place(node), hint="write type: …")
        name = keys["type"].value
        if not isinstance(name, str) or name not in EVENTS:
            raise BadInput(
                f"unknown type of event {keys['type'].plain()!r}",
                place=self.place(keys["type"]),
                hint=closest(str(name), EVENTS),
            )
        fields = {key: value.plain() for key, value in keys.items() if key != "type"}
        return self.draft(EVENTS[name], node, fields)

    def draft(
        self, cls: type[Entry], node: Node, fields: dict[str, Any], *, bare: bool = False
    ) -> Draft:
        try:
            entry = reading.entry(cls, fields, zone=self.zone)
        except reading.Misfit as misfit:
            found = node if bare else node.find(misfit.path)
            raise misfit.problem.at(self.place(found)) from None
        return Draft(self.platform, entry, Place(self.name, node.line), self.amend)


def _id_twice(id: str, place: Place) -> BadInput:
    return BadInput(f"{id} has its id twice", place=place, hint="the key before it is its id")


def closest(word: str, words: Iterable[str]) -> str:
    """A hint: what may have been meant, else what there is."""
    known = list(words)
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"


def _by_need(entries: Mapping[str, Node], book: _Casebook, section: str) -> list[str]:
    """The entries of a section in an order in which each comes after those that it names.

    Raises: BadInput, where they run in a circle.
    """
    named, told, hint = _NEEDS[section]
    needs = {id: [part for part in named(node) if part in entries] for id, node in entries.items()}
    done: list[str] = []
    state: dict[str, bool] = {}  # False while it is being visited, True afterwards
    for start in entries:
        path = [start] if start not in state else []
        while path:
            here = path[-1]
            state.setdefault(here, False)
            ahead = [part for part in needs[here] if not state.get(part, False)]
            if not ahead:
                state[here] = True
                done.append(path.pop())
                continue
            if state.get(ahead[0]) is False:
                circle = [*path[path.index(ahead[0]) :], ahead[0]]
                raise BadInput(
                    f"{told}: " + " → ".join(circle), place=book.place(entries[ahead[0]]), hint=hint
                )
            path.append(ahead[0])
    return done


def _named(node: Node) -> list[str]:
    value = node.plain()
    if isinstance(value, dict) and "requires" in value:
        value = value["requires"]
    try:
        return list(dict.fromkeys(formulas.ids(formulas.parse(value))))
    except BadInput:
        return []  # said properly, and with its line, when the entry itself is read


def _origins(node: Node) -> list[str]:
    value = node.plain()
    named = value.get("origins", ()) if isinstance(value, dict) else ()
    listed = [named] if isinstance(named, str) else named
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


_NEEDS: Final[Mapping[str, tuple[Callable[[Node], list[str]], str, str]]] = {
    "sources": (
        _origins,
        "the sources report from each other in a circle",
        "origins name what a source reports from, towards the first to say it",
    ),
    "capabilities": (_named, "the formulas run in a circle", "a capability cannot need itself"),
}
"""The sections whose entries name each other: what an entry names, and what a circle is called."""
