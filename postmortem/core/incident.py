"""An incident's dossier: all that belongs to one incident, as known at K and recorded by R.

It is the common base of the measures, of the document and of what is linted; `core.dossier`
collects it. Nothing in it is computed twice: a time is the settled one, with all that is claimed of
it, and a disruption is the one that the state is made of.

    dossier.incident        the opening, an Item; None: no incident was opened, or none was meant,
                            and the dossier is of the whole record of the platform
    dossier.window          from when to when it is looked at, and by which events
    dossier.items           everything that belongs to it, in the order of its valid time
    dossier.of(TYPE, …)     those of some types
    dossier.texts, …        the same, put together: questions with answers, action items as they
                            now stand, and so on
    dossier.disruptions     what held its services below operational, confirmed or only expected
    dossier.until           up to when an open end is counted

Like the rest of what only asks, this loads nothing but the standard library.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Final, NamedTuple

from postmortem.core.disruptions import Disruption, Expected
from postmortem.core.items import Declared, Item
from postmortem.core.state import Picture
from postmortem.core.times import AsOf, Instant, Span


class Held(NamedTuple):
    """A role, from when it was taken until it was left."""

    role: str
    person: str
    taken: Item | None
    """None where only its being left is recorded."""
    left: Item | None


class Question(NamedTuple):
    """An open question and its answers, the latest last."""

    item: Item
    answers: tuple[Item, ...]


class Estimate(NamedTuple):
    """An estimate, the disruption it is about (by its first id), and what became of it."""

    item: Item
    about: str
    settled: tuple[Item, ...]

    @property
    def outcome(self) -> str | None:
        """What the record says became of it: held, missed, withdrawn or superseded."""
        return self.settled[-1].text("outcome") if self.settled else None


class Deadline(NamedTuple):
    """What is due, and when it was met."""

    item: Item
    met: tuple[Item, ...]

    @property
    def due(self) -> Span:
        """By when."""
        due = self.item.span("due")
        assert due is not None
        return due

    def status(self, at: Instant) -> str:
        """`met`, `met late`, `met, perhaps late`, `overdue`, `perhaps overdue` or `open`, at T."""
        if not self.met:
            return _overdue(self.due, at)
        done = self.met[0].at
        assert done is not None
        if done.latest <= self.due.earliest:
            return "met"
        return "met late" if done.earliest > self.due.latest else "met, perhaps late"


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Something to be done, as it now stands after all that changed about it."""

    item: Item
    changes: tuple[Item, ...]
    ends: tuple[Item, ...]
    """What says that it is done or dropped; the last one counts."""

    def _last(self, key: str) -> Item:
        return next((c for c in reversed(self.changes) if key in c.body), self.item)

    @property
    def text(self) -> str:
        """What is to be done."""
        return str(self._last("text").body["text"])

    @property
    def owner(self) -> str | None:
        """Whose it is."""
        return self._last("owner").text("owner")

    @property
    def priority(self) -> str | None:
        """How urgent it is."""
        return self._last("priority").text("priority")

    @property
    def due(self) -> Span | None:
        """By when."""
        return self._last("due").span("due")

    @property
    def due_written(self) -> str | None:
        """By when, as it was written."""
        return self._last("due").wording("due")

    @property
    def end(self) -> Item | None:
        """What says that it is done or dropped."""
        return self.ends[-1] if self.ends else None

    def status(self, at: Instant) -> str:
        """`done`, `dropped`, `overdue`, `perhaps overdue` or `open`, at T."""
        if self.end is not None:
            return "done" if self.end.type == "action-item-done" else "dropped"
        return "open" if self.due is None else _overdue(self.due, at)


def _overdue(due: Span, at: Instant) -> str:
    if due.latest < at:
        return "overdue"
    return "perhaps overdue" if due.earliest < at else "open"


class Window(NamedTuple):
    """From when to when an incident is looked at: [start, end), microseconds."""

    start: Instant
    end: Instant | None
    """None: it is not over."""
    start_by: str | None
    """The fact that says so; None where nothing has happened."""
    end_by: str | None

    def meets(self, span: Span) -> bool:
        """Whether what has that time possibly lies in it."""
        return span.latest >= self.start and (self.end is None or span.earliest <= self.end)


@dataclass(frozen=True)
class Dossier:
    """All that belongs to one incident; see the module."""

    picture: Picture
    as_of: AsOf
    """K and R; `valid` is when one looks at it, for what is due by then."""
    until: Instant
    """Up to when an open end is counted: not beyond a window that is given."""
    position: int
    """The last position of the log that was read."""
    platform: Declared | None
    incident: Item | None
    window: Window
    services: Mapping[str, Declared]
    """Those that it is about, by id."""
    capabilities: Mapping[str, Declared]
    sources: Mapping[str, Declared]
    """All sources of the platform."""
    snapshots: tuple[Item, ...]
    """All snapshots of them in force."""
    items: tuple[Item, ...]
    disruptions: tuple[Disruption | Expected, ...]
    """By start, then by id."""

    @property
    def id(self) -> str | None:
        """The incident's first id; None where the dossier is of the whole record."""
        return None if self.incident is None else self.incident.fact

    @property
    def title(self) -> str | None:
        """The incident's title."""
        return None if self.incident is None else self.incident.text("title")

    @cached_property
    def by_fact(self) -> Mapping[str, Item]:
        """Every item by its first id."""
        return {item.fact: item for item in self.items}

    @cached_property
    def _by_type(self) -> Mapping[str, Sequence[tuple[int, Item]]]:
        """The items of each type, each with its place among all."""
        found: dict[str, list[tuple[int, Item]]] = defaultdict(list)
        for place, item in enumerate(self.items):
            found[item.type].append((place, item))
        return found

    @cached_property
    def _by_reference(self) -> Mapping[tuple[str, str], Sequence[Item]]:
        """The items that name a fact under a key, in order."""
        found: dict[tuple[str, str], list[Item]] = defaultdict(list)
        for item in self.items:
            for key, facts in item.refers.items():
                for fact in dict.fromkeys(facts):
                    found[key, fact].append(item)
        return found

    def of(self, *types: str) -> tuple[Item, ...]:
        """The items of those types, in the order of their time."""
        found = [self._by_type.get(each, ()) for each in dict.fromkeys(types)]
        return tuple(item for _, item in heapq.merge(*found, key=itemgetter(0)))

    def about(self, key: str, fact: str, *types: str) -> tuple[Item, ...]:
        """The items of those types that name that fact under that key, in order."""
        return tuple(i for i in self._by_reference.get((key, fact), ()) if i.type in types)

    @property
    def is_closed(self) -> bool:
        """Whether the last word of those who keep the record is that it is over."""
        turns = self.of("incident-closed", "incident-reopened")
        return bool(turns) and turns[-1].type == "incident-closed"

    @property
    def confirmed(self) -> tuple[Disruption, ...]:
        """The disruptions that are more than expected."""
        return tuple(one for one in self.disruptions if isinstance(one, Disruption))

    @property
    def expected(self) -> tuple[Expected, ...]:
        """The announced ones."""
        return tuple(one for one in self.disruptions if isinstance(one, Expected))

    @cached_property
    def severities(self) -> tuple[Item, ...]:
        """The severities that it had, in order."""
        return self.of("severity-set")

    def milestones(self, name: str | None = None) -> tuple[Item, ...]:
        """The milestones reached, all or those of that name, in order."""
        found = self.of("milestone-reached")
        return tuple(one for one in found if name is None or one.body["milestone"] == name)

    @property
    def texts(self) -> Mapping[str, Item]:
        """The latest text of each part of the document."""
        return {str(item.body["part"]): item for item in self.of("text-written")}

    def lessons(self, kind: str) -> tuple[Item, ...]:
        """The lessons of a kind: `went-well`, `went-badly`, `lucky`."""
        return tuple(one for one in self.of("lesson-learnt") if one.body["kind"] == kind)

    @property
    def document_status(self) -> Item | None:
        """The last word about how far its document has come."""
        return next(reversed(self.of("document-status-set")), None)

    @property
    def roles(self) -> tuple[Held, ...]:
        """Who held which role, in the order of taking it."""
        found: list[Held] = []
        for item in self.of("role-taken", "role-left"):
            role, person = str(item.body["role"]), str(item.body["person"])
            if item.type == "role-taken":
                found.append(Held(role, person, item, None))
                continue
            open_ = [
                index
                for index, held in enumerate(found)
                if held.left is None
                and held.role == role
                and (held.person == person or "person" in item.withheld)
            ]
            if open_:
                found[open_[-1]] = found[open_[-1]]._replace(left=item)
            else:
                found.append(Held(role, person, None, item))
        return tuple(found)

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions with their answers."""
        return tuple(
            Question(one, self.about("question", one.fact, "question-answered"))
            for one in self.of("question-opened")
        )

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """The estimates with what became of them."""
        return tuple(
            Estimate(one, str(one.names("about")), self.about("estimate", one.fact, _SETTLED))
            for one in self.of("estimate-given")
        )

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """What was due, by its due date."""
        found = (
            Deadline(one, self.about("deadline", one.fact, "deadline-met"))
            for one in self.of("deadline-set")
        )
        return tuple(sorted(found, key=lambda one: one.due))

    @property
    def action_items(self) -> tuple[ActionItem, ...]:
        """What is to be done, as it now stands."""
        return tuple(
            ActionItem(
                one,
                self.about("item", one.fact, "action-item-changed"),
                self.about("item", one.fact, "action-item-done", "action-item-dropped"),
            )
            for one in self.of("action-item-opened")
        )


_SETTLED: Final = "estimate-settled"
