"""What `lint` looks at: every fact in force with its texts, and the record that they are held to.

It works on the dossier of a whole record, so that a record without any incident is linted as well.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from postmortem.core.disruptions import Disruption, Expected
from postmortem.core.history import ANNOUNCED, CUT_OFF, RETRACTED
from postmortem.core.incident import ActionItem, Dossier
from postmortem.core.items import Item, Told
from postmortem.core.levels import Level
from postmortem.core.lint_prose import Prose, Range
from postmortem.core.lint_words import Language
from postmortem.core.measures import Course, courses
from postmortem.core.times import BEGINNING, END

FIELDS: Final = (
    "title", "text", "reason", "how", "known_then", "accepted", "what", "basis", "verification",
    "mechanism", "note",
)  # fmt: skip
"""The fields that hold the sentences of those who keep the record."""
NAMES: Final = ("by", "person", "owner", "authors")
"""The fields that hold people's words too, but name somebody."""
REPORTED: Final = frozenset(
    {("communication-sent", "text"), (ANNOUNCED, "reason"), (CUT_OFF, "reason")}
)
"""Texts that say what others have said; the wording is theirs."""
TEXT_WRITTEN: Final = "text-written"


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: in which event, where in it, and what the message has to name."""

    item: Item
    field: str | None = None
    place: Range | None = None
    """Which characters of the field; None where it is about the whole event."""
    language: Language = "en"
    values: Mapping[str, str] | None = None
    variant: str = ""
    """Which of the rule's messages, where it has several."""


Finds = Iterator[Found]


class Mention(NamedTuple):
    """A service or capability named in a text."""

    id: str
    start: int
    end: int


@dataclass
class Material:
    """One record as known at K and recorded by R."""

    whole: Dossier
    """Of the whole record."""
    retractions: tuple[Item, ...]
    """They belong to no dossier, and have a reason."""
    of_incident: Callable[[str], Dossier]
    """The dossier of an incident, by its first id."""
    only: frozenset[str] | None = None
    """The facts that are asked about; None: all."""
    _of_incidents: dict[str, Sequence[Disruption | Expected]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        whole: Dossier,
        entries: Iterable[Told],
        of_incident: Callable[[str], Dossier],
        only: Collection[str] | None = None,
    ) -> Material:
        """The material from the dossier of the whole record, and the entries of the facts in force.

        `only` are the facts that findings are wanted of.
        """
        versions = {each.position: each for each in whole.picture.situation.facts.values()}
        retractions = []
        for entry in entries:
            if entry.type == RETRACTED:
                version = versions[entry.position]
                retractions.append(
                    Item(
                        version.fact, version.id, entry.type, entry.position, version.known,
                        entry.recorded, entry.by, entry.shown, entry.withheld,
                    )
                )  # fmt: skip
        wanted = None if only is None else frozenset(only)
        return cls(whole, tuple(retractions), of_incident, wanted)

    # --- texts ------------------------------------------------------------------------------------

    @cached_property
    def items(self) -> list[Item]:
        """Every fact that is asked about, in the order of recording."""
        found = (*self.whole.items, *self.retractions)
        wanted = (item for item in found if self.only is None or item.fact in self.only)
        return sorted(wanted, key=lambda item: item.position)

    @cached_property
    def texts(self) -> list[Prose]:
        """Every text that stands, in the words of those who keep the record."""
        return [
            Prose(item, name, item.body[name])
            for item in self.items
            for name in FIELDS
            if name in item.body
            and name not in item.withheld
            and (item.type, name) not in REPORTED
            and (item.fact, name) not in self._superseded
        ]

    def prose(self, item: Item, name: str) -> Prose | None:
        """The text of that field; None where there is none, or none to be linted."""
        return self._by_place.get((item.fact, name))

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], Prose]:
        return {(each.item.fact, each.field): each for each in self.texts}

    @cached_property
    def _superseded(self) -> set[tuple[str, str]]:
        """Texts that a later one has taken the place of: no document shows them."""
        found: set[tuple[str, str]] = set()
        last: dict[tuple[str | None, str], str] = {}
        for item in self.whole.of(TEXT_WRITTEN):
            part = (item.names("incident"), str(item.body["part"]))
            if part in last:
                found.add((last[part], "text"))
            last[part] = item.fact
        for action in self.actions:
            said = [action.item, *(each for each in action.changes if "text" in each.body)]
            found |= {(each.fact, "text") for each in said[:-1]}
        return found

    # --- the record that they are held to ---------------------------------------------------------

    @cached_property
    def actions(self) -> tuple[ActionItem, ...]:
        """What is to be done, as it now stands."""
        # `Dossier.action_items` looks through everything for each of them
        parts: dict[str, list[Item]] = defaultdict(list)
        for item in self.whole.of("action-item-changed", "action-item-done", "action-item-dropped"):
            parts[str(item.names("item"))].append(item)
        return tuple(
            ActionItem(
                one,
                tuple(each for each in parts[one.fact] if each.type == "action-item-changed"),
                tuple(each for each in parts[one.fact] if each.type != "action-item-changed"),
            )
            for one in self.whole.of("action-item-opened")
        )

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        """Every fact, by its first id and by that of the version which stands."""
        found = {item.id: item for item in self.whole.items}
        return found | dict(self.whole.by_fact)

    @cached_property
    def disruptions(self) -> Mapping[str, Disruption | Expected]:
        """Every disruption, by the id that opened it."""
        return {each.id: each for each in self.whole.disruptions}

    def disruptions_of(self, incident: str) -> Sequence[Disruption | Expected]:
        """Those of an incident, by its first id."""
        if incident not in self._of_incidents:
            self._of_incidents[incident] = self.of_incident(incident).disruptions
        return self._of_incidents[incident]

    @cached_property
    def by_service(self) -> Mapping[str, list[Disruption | Expected]]:
        """The disruptions of each service; an announcement that was carried out is left out."""
        found: dict[str, list[Disruption | Expected]] = defaultdict(list)
        for each in self.whole.disruptions:
            if not (isinstance(each, Expected) and each.confirmations):
                found[each.service].append(each)
        return found

    @cached_property
    def people(self) -> Mapping[str, list[list[str]]]:
        """Those who are named as persons, word by word, by the last word of the name."""
        found: dict[str, list[list[str]]] = defaultdict(list)
        for name in sorted(self._persons()):
            words = re.findall(r"\w+", name)
            # not `the engineer on call`, `SRE`, and none of the organisations
            if (
                words
                and len(words[-1]) > 2
                and words[-1].istitle()
                and name.lower() not in self._organisations
            ):
                found[words[-1]].append(words)
        return found

    @cached_property
    def _organisations(self) -> set[str]:
        declared = [*self.whole.services.values(), *self.whole.capabilities.values()]
        declared += [self.whole.platform] if self.whole.platform else []
        names = {name for each in declared for name in (each.id, each.name)}
        names |= {str(each.body.get("provider", "")) for each in declared}
        return {name.lower() for name in names}

    def _persons(self) -> set[str]:
        found: set[str] = set()
        for item in self.whole.items:
            if item.type in ("role-taken", "role-left") and "person" not in item.withheld:
                found.add(str(item.body["person"]))
            if "authors" not in item.withheld:
                found.update(item.body.get("authors", ()))
            if item.type in _DOING and "by" not in item.withheld:
                found.add(str(item.body.get("by", "")))
        return found

    # --- what a text names ------------------------------------------------------------------------

    @cached_property
    def _named(self) -> Mapping[str, list[tuple[tuple[str, ...], str]]]:
        """Services and capabilities by the first word of what they are called, longest first."""
        found: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        for declared in (*self.whole.services.values(), *self.whole.capabilities.values()):
            for name in {declared.id, declared.name}:
                words = tuple(_WORD.findall(name.lower()))
                # a capability's short id, such as `use`, is a word like others; `aws` is not
                if words and (len(name) > 3 or declared.kind == "service"):
                    found[words[0]].append((words, declared.id))
        for calls in found.values():
            calls.sort(key=lambda call: (-len(call[0]), call))
        return found

    def mentions(self, prose: Prose, within: Range) -> list[Mention]:
        """The services and capabilities that a part of a text calls by their name or id."""
        words = [(each[0], each.start(), each.end()) for each in prose.words(within)]
        found: list[Mention] = []
        index = 0
        while index < len(words):
            for call, id in self._named.get(words[index][0], ()):
                if tuple(word for word, _, _ in words[index : index + len(call)]) == call:
                    last = words[index + len(call) - 1]
                    found.append(Mention(id, words[index][1], last[2]))
                    index += len(call) - 1
                    break
            index += 1
        return found

    @cached_property
    def courses(self) -> Mapping[str, Course]:
        """The levels of everything over all of the record, up to where open ends are counted."""
        picture = self.whole.picture
        turns = [turn for one in self.whole.disruptions for turn in one.turns()]
        turns += [revised.span.earliest for r in picture.revisions.values() for revised, _ in r]
        start = min((turn for turn in turns if BEGINNING < turn < END), default=self.whole.until)
        return courses(picture, start - 1, max(start, self.whole.until) + 1)

    def lengths(self, id: str) -> list[Lasted]:
        """How long a service or capability was out, or impaired: at once, at a time, in all.

        Every length that a sentence may mean, as (least, most) in microseconds; none where nothing
        is recorded of it.
        """
        course = self.courses.get(id, [])
        found: list[Lasted] = []
        in_all: list[Lasted] = [(0, 0), (0, 0)]
        at_once: list[Lasted] = [(0, 0), (0, 0)]
        for index, (since, bounds) in enumerate(course):
            if bounds.worst is Level.OPERATIONAL:
                found += at_once
                at_once = [(0, 0), (0, 0)]
                continue
            until = course[index + 1][0] if index + 1 < len(course) else None
            certain = 0 if until is None else until - since
            # what was so from the first, or is so to the last, may have lasted any time
            possible = float("inf") if until is None or index == 0 else until - since
            for which, level in enumerate((Level.UNAVAILABLE, Level.DEGRADED)):
                more = (
                    certain if bounds.best <= level else 0,
                    possible if bounds.worst <= level else 0,
                )
                at_once[which] = _sum(at_once[which], more)
                in_all[which] = _sum(in_all[which], more)
        found += [*at_once, *in_all, *map(_lasted, self.by_service.get(id, ()))]
        return [each for each in dict.fromkeys(found) if each[1] > 0]

    def facts_named(self, prose: Prose, within: Range) -> list[Item]:
        """The events that a part of a text names by an id that is no word: with - or _ in it."""
        ids = dict.fromkeys(each[0] for each in _ID.finditer(prose.plain, *within))
        return [self.by_id[id] for id in ids if id in self.by_id]

    def effects(self, id: str) -> set[Level]:
        """All effects that the disruptions of a service or of one id may ever have."""
        found = [self.disruptions[id]] if id in self.disruptions else self.by_service.get(id, [])
        return {
            effect
            for each in found
            for effect in (
                each.effect,
                *(step.effect for step in getattr(each, "changes", ())),
            )
        }


Lasted: TypeAlias = tuple[float, float]
"""Least and most, in microseconds; what still goes on has no most."""


def _sum(one: Lasted, other: Lasted) -> Lasted:
    return one[0] + other[0], one[1] + other[1]


def _lasted(one: Disruption | Expected) -> Lasted:
    if isinstance(one, Expected):
        return 0, float("inf") if one.withdrawn == END else one.withdrawn - one.announced.earliest
    least = max(0, one.first_possible_end - one.latest_start)
    certain = one.first_possible_end != END
    open_ = one.certain_end == END or one.start.span.earliest == BEGINNING
    most = float("inf") if open_ else one.certain_end - one.start.span.earliest
    return (least if certain else 0), most


_DOING: Final = frozenset({"action-taken", "decision-made", "communication-sent"})
_WORD: Final = re.compile(r"\w+(?:['’]\w+)?")
_ID: Final = re.compile(r"(?<![\w-])[a-z0-9]+(?:[-_]+[a-z0-9]+)+(?![\w-])")
