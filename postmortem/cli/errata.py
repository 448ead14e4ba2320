"""What has changed in the record since a document was written: its errata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from postmortem.cli import output
from postmortem.cli.options import Asked
from postmortem.cli.report import collect
from postmortem.cli.telling import changes_between, entry_document, remarks, what
from postmortem.core import chronicle
from postmortem.core.diff import Change, changes
from postmortem.core.errors import BadInput
from postmortem.core.times import END, AsOf, format_instant, parse_stored
from postmortem.store import look
from postmortem.store.view import Logged

_KINDS: Final = {"platform": "platform", "source": "sources", "service": "services",
                 "capability": "capabilities"}  # fmt: skip
"""What is declared, and where the facts of a document have it."""


@dataclass(frozen=True, slots=True)
class Erratum:
    """What became of one fact, or of something declared."""

    what: str
    id: str
    kind: str
    before: Logged | None
    after: Logged | None
    by: tuple[str, ...] = ()
    """The retractions that did it."""
    recorded: int = 0
    """When the last word that did it was recorded; microseconds."""

    @property
    def differs(self) -> list[chronicle.Change]:
        """The fields in which the one differs from the other."""
        return changes_between(self.before, self.after)

    def told(self) -> str:
        """In words: what differs, or what is new or gone."""
        if self.differs:
            return "; ".join(
                f"{field}: {chronicle.as_text(field, old)} → {chronicle.as_text(field, new)}"
                for field, old, new in self.differs
            )
        entry = self.after or self.before
        assert entry is not None
        text = ": ".join(filter(None, (what(entry), remarks(entry))))
        return f"{text} (taken back by {', '.join(self.by)})" if self.by else text

    def document(self) -> dict[str, Any]:
        """As JSON has it; see `verify-report`."""
        return {
            "what": self.what,
            "id": self.id,
            "kind": self.kind,
            "recorded_at": format_instant(self.recorded),
            "by": list(self.by),
            "before": None if self.before is None else entry_document(self.before),
            "after": None if self.after is None else entry_document(self.after),
            "differs": [change._asdict() for change in self.differs],
        }


@dataclass(frozen=True, slots=True)
class Errata:
    """All that was recorded after a document's R and bears on it, by when it was recorded."""

    question: Asked
    entries: list[Erratum]
    elsewhere: int
    """How much else changed of the platform."""

    @classmethod
    def since(cls, question: Asked, seal: Mapping[str, Any]) -> Errata:
        """The errata of a document with that seal; `question` is at its clocks."""
        facts, at = seal["facts"], question.as_of.valid
        known = facts["question"]["known_at"]
        limit = END if known is None else parse_stored(known)
        before = AsOf(at, limit, parse_stored(facts["question"]["recorded_at"]))
        after = AsOf(at, limit, END)
        ours = _ours(question, facts, after)
        view, platform = question.store.view, question.platform
        with view.snapshot():
            earlier, later = (view.situation(platform, each) for each in (before, after))
            heard_of = {version.fact for version in view.versions(platform, before)}
            found = changes(earlier, later, heard_of)
            recorded = {fact: version.recorded for fact, version in later.facts.items()}
            entries = [
                *_facts(question, [one for one in found if one.fact in ours], recorded),
                *_declared(question, facts, before, after),
            ]
        entries.sort(key=lambda one: (one.recorded, one.id))
        return cls(question, entries, sum(one.fact not in ours for one in found))

    def document(self) -> dict[str, Any]:
        """As JSON has it; see `verify-report`."""
        return {
            "errata": [each.document() for each in self.entries],
            "elsewhere": self.elsewhere,
        }

    def show(self) -> None:
        """On a terminal."""
        output.say()
        if self.entries:
            count = len(self.entries)
            output.say(f"Errata: {count:,} change{'s' if count > 1 else ''} recorded since")
            output.say()
            zone = self.question.zone
            output.table(
                ("recorded", "what", "of", "now"),
                [
                    (output.since(one.recorded, zone), one.what, one.id, one.told())
                    for one in self.entries
                ],
            )
        else:
            output.say("nothing was recorded since that bears on it")
        if self.elsewhere:
            output.say(f"{self.elsewhere:,} other changes of the platform do not bear on it")


def _ours(question: Asked, facts: Mapping[str, Any], after: AsOf) -> set[str]:
    """The facts that belong to the document, as it was and as it would be written today."""
    ours = set(facts["record"])
    asked_for = facts["question"]
    try:
        now, _ = collect(
            question.store,
            question.platform,
            asked_for["incident"],
            after,
            asked_for["audience"],
        )
    except BadInput:  # the incident itself has been taken back
        return ours
    return ours | set(now["record"])


def _facts(question: Asked, found: list[Change], recorded: Mapping[str, int]) -> Iterator[Erratum]:
    positions = [
        version.position
        for one in found
        for version in (one.before, one.after)
        if version is not None
    ]
    told = look.told(question.store.view, positions)
    for one in found:
        before, after = (None if v is None else told[v.position] for v in (one.before, one.after))
        moments = [recorded[id] for id in one.by if id in recorded]
        moments += [] if after is None else [after.recorded]
        yield Erratum(
            one.kind.value,
            one.fact,
            one.version.type,
            before,
            after,
            tuple(one.by),
            max(moments, default=0 if before is None else before.recorded),
        )


def _declared(
    question: Asked, facts: Mapping[str, Any], before: AsOf, after: AsOf
) -> Iterator[Erratum]:
    """What was amended of the declarations that the document is about, and what is new."""
    view, platform = question.store.view, question.platform
    places = [view.position_at(as_of.recorded) for as_of in (before, after)]
    for kind, key in _KINDS.items():
        old, new = (view.declared(platform, kind, place) for place in places)
        known = facts[key]
        ours = {known["id"]} if isinstance(known, dict) else {each["id"] for each in known}
        for id, row in new.items():
            was = old.get(id)
            if was is not None and (was[-1] == row[-1] or id not in ours):
                continue
            entries = look.told(view, [each[-1] for each in (was, row) if each is not None])
            yield Erratum(
                "declared" if was is None else "amended",
                id,
                kind,
                None if was is None else entries[was[-1]],
                entries[row[-1]],
                recorded=entries[row[-1]].recorded,
            )
