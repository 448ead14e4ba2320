"""Two sides of a comparison, and what changed from the one to the other, as it is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from postmortem.cli.options import Asked
from postmortem.cli.telling import changes_between, entry_document
from postmortem.core import chronicle
from postmortem.core.diff import Change
from postmortem.core.disruptions import Settled
from postmortem.core.history import Situation, Version
from postmortem.core.times import AsOf, Instant, format_bound, format_instant
from postmortem.reports.explanation import span
from postmortem.store import look
from postmortem.store.view import Logged

AT, KNOWN, RECORDED = "--at", "--known-at", "--recorded-at"
FIELDS: Final = {AT: "valid", KNOWN: "known", RECORDED: "recorded"}
KINDS: Final = ("platform", "source", "service", "capability")
NAMES: Final = {AT: "at", KNOWN: "known_at", RECORDED: "recorded_at"}


@dataclass(frozen=True, slots=True)
class Compared:
    """The two questions that are compared: alike but for one clock, the earlier first."""

    clock: str
    before: AsOf
    after: AsOf
    at: Instant | None
    """A T that was asked about beside another clock."""

    def document(self) -> dict[str, Any]:
        """As JSON has it; see `diff`."""
        return {
            "clock": NAMES[self.clock],
            "before": _clocks(self.before, self.clock == AT or self.at is not None),
            "after": _clocks(self.after, self.clock == AT or self.at is not None),
        }


def _clocks(as_of: AsOf, dated: bool) -> dict[str, str | None]:
    return {
        "at": format_bound(as_of.valid) if dated else None,
        "known_at": format_bound(as_of.known),
        "recorded_at": format_bound(as_of.recorded),
    }


# --- entries --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a fact, or of something declared, with the entries of the log."""

    what: str
    kind: str
    """The type of the event, or `service`, `capability`, …"""
    id: str
    before: Logged | None
    after: Logged | None
    change: Change | None = None
    """None of a declaration."""
    by: tuple[Logged, ...] = ()

    @property
    def entry(self) -> Logged:
        """The one in force after, else the one before."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def differs(self) -> list[chronicle.Change]:
        """The fields in which one entry differs from the other."""
        return changes_between(self.before, self.after)

    def moment(self, clock: str) -> Instant | None:
        """Since when it has been so, on that clock; None where nothing that was said did it."""
        if self.change is None:
            return self.entry.recorded
        words = self.change.words
        return max((getattr(word, FIELDS[clock]) for word in words), default=None)

    def document(self, clock: str) -> dict[str, Any]:
        """As JSON has it; see `diff`."""
        sides = [self.before, self.after]
        documents = [None if side is None else entry_document(side) for side in sides]
        moment = self.moment(clock)
        found = {
            "what": self.what,
            NAMES[clock]: None if moment is None else format_instant(moment),
            "before": documents[0],
            "after": documents[1],
            "differs": [change._asdict() for change in self.differs],
        }
        if self.change is None:
            return {**found, "kind": self.kind, "id": self.id}
        before, after = self.change.times
        return {
            **found,
            "fact": self.id,
            "type": self.kind,
            "by": list(self.change.by),
            "freed": list(self.change.freed),
            "dated": self.change.dated,
            "time_before": _time(before),
            "time_after": _time(after),
        }


def _time(time: Settled | None) -> dict[str, Any] | None:
    return None if time is None else span(time.span) | {"contested": time.contested}


def entries(
    question: Asked, compared: Compared, found: Sequence[Change], after: Situation
) -> list[Entry]:
    """The changes of facts and of declarations with their entries, by when they came about.

    Read inside the caller's snapshot.
    """
    declared = list(_declared(question, compared))
    versions = [v for c in found for v in (c.before, c.after, *_by(c, after)) if v is not None]
    positions = {version.position for version in versions}
    positions |= {p for _, _, *sides in declared for p in sides if p is not None}
    told = look.told(question.store.view, positions)
    made = [
        Entry(
            change.kind.value,
            change.version.type,
            change.fact,
            None if change.before is None else told[change.before.position],
            None if change.after is None else told[change.after.position],
            change,
            tuple(told[version.position] for version in _by(change, after)),
        )
        for change in found
    ]
    for kind, id, old, new in declared:
        before, now = (None if position is None else told[position] for position in (old, new))
        made.append(Entry("declared" if before is None else "amended", kind, id, before, now))
    return sorted(made, key=lambda each: (each.moment(compared.clock) or 0, each.entry.position))


def _declared(
    question: Asked, compared: Compared
) -> Iterator[tuple[str, str, int | None, int | None]]:
    """What was declared or amended: kind, id, and the position of its declaration on each side."""
    view, platform = question.store.view, question.platform
    earlier, later = (view.position_at(side.recorded) for side in (compared.before, compared.after))
    for kind in KINDS:
        before = {id: row[-1] for id, row in view.declared(platform, kind, earlier).items()}
        after = {id: row[-1] for id, row in view.declared(platform, kind, later).items()}
        for id, position in after.items():  # nothing is ever undeclared
            if before.get(id) != position:
                yield kind, id, before.get(id), position


def _by(change: Change, after: Situation) -> Iterator[Version]:
    for id in change.by:
        yield after.facts[id]
