"""What in a record contradicts itself, has no effect, hangs open, or should be looked at.

A check reads one record as known at K and recorded by R, and changes nothing: the log takes in
whatever no rule of recording refuses, and sources do contradict each other. `long` in a rule is a
length of time that the question fixes, counted from its T.

To add a rule: write its function in `check_contradictions` or `check_doubts`, and its line at the
end of its severity here. Names and numbers are never used again, for people ignore rules by them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from postmortem.core import check_contradictions as contradictions
from postmortem.core import check_doubts as doubts
from postmortem.core.check_material import Finds, Found, Material
from postmortem.core.findings import Named, Severity
from postmortem.core.history import Version


@dataclass(frozen=True, slots=True)
class Rule(Named):
    """One thing that a check looks for."""

    find: Callable[[Material], Finds]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: by which rule, about which ids, where it stands, and what to do next."""

    rule: Rule
    ids: tuple[str, ...]
    """The facts (by first id), versions or declarations that it is about."""
    event: str
    """The event or declaration that stands there."""
    position: int
    stream: str
    message: str
    hint: str

    def document(self) -> dict[str, Any]:
        """As rows and JSON have it."""
        return {
            **self.rule.head(),
            "ids": list(self.ids),
            "event": self.event,
            "position": self.position,
            "stream": self.stream,
            "message": self.message,
            "hint": self.hint,
        }


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

RULES: Final = (
    Rule(
        "C01", "points-to-retracted", _E,
        "An event in force speaks of a retracted fact, and so has no effect. A second retraction "
        "of the same, and a clerical correction of what is retracted, are such events too.",
        contradictions.points_to_retracted,
    ),
    Rule(
        "C02", "step-before-start", _E,
        "A restoration or effect change certainly precedes the start of its disruption, as a later "
        "correction or claim has left it, and so has no effect.",
        contradictions.step_before_start,
    ),
    Rule(
        "C03", "change-after-end", _E,
        "An effect change certainly comes once its disruption has ended, and so has no effect.",
        contradictions.change_after_end,
    ),
    Rule(
        "C04", "told-twice", _E,
        "Two facts in force end the same disruption, or carry out or withdraw the same "
        "announcement: a retraction taken back or a correction made them two.",
        contradictions.told_twice,
    ),
    Rule(
        "C05", "confirmed-although-withdrawn", _E,
        "An announcement is both withdrawn and carried out.",
        contradictions.confirmed_although_withdrawn,
    ),
    Rule(
        "C06", "rescheduled-after-withdrawn", _E,
        "An announcement is rescheduled certainly after it was withdrawn.",
        contradictions.rescheduled_after_withdrawn,
    ),
    Rule(
        "C07", "before-announcement", _E,
        "An announcement is withdrawn or rescheduled certainly before it was made.",
        contradictions.before_announcement,
    ),
    Rule(
        "C08", "other-service", _E,
        "A cut-off and the announcement that it carries out are about different services, as a "
        "later correction has left them.",
        contradictions.other_service,
    ),
    Rule(
        "C09", "time-contested", _W,
        "The statements of a fact's time have no common part, so that answers allow for all that "
        "lies between them. Sources may well disagree; a misreading looks the same.",
        doubts.time_contested,
    ),
    Rule(
        "C10", "announcement-overdue", _W,
        "An announcement was certainly due long ago, and was never carried out, moved or "
        "withdrawn: it may have its effect still, by all that is recorded.",
        doubts.announcement_overdue,
    ),
    Rule(
        "C11", "cut-off-unlinked", _W,
        "A cut-off does not name the announcement before it, of the same service and neither "
        "carried out nor withdrawn: that goes on being expected.",
        doubts.cut_off_unlinked,
    ),
    Rule(
        "C12", "known-before-replaced", _W,
        "A version is known earlier than the one that it replaces, so that no K sees that one.",
        doubts.known_before_replaced,
    ),
    Rule(
        "C13", "known-before-happened", _W,
        "A fact is known before the earliest that it can have happened.",
        doubts.known_before_happened,
    ),
    Rule(
        "C14", "brought-back", _W,
        "A correction brings a retracted fact back, for it is the later word about it.",
        doubts.brought_back,
    ),
    Rule(
        "C15", "still-open", _W,
        "A time that decides something, above all an end, has no latest (X..), long after it was "
        "known: what hangs on it stays uncertain for ever.",
        doubts.still_open,
    ),
    Rule(
        "C16", "unsourced", _W,
        "A fact cites no source. What is our own needs none: retractions, roles, severities, "
        "texts, decisions, action items and the like.",
        doubts.unsourced,
    ),
    Rule(
        "C26", "replacement-apart", _W,
        "A replacement and a formula revised with it stand at different times by now, so that "
        "there is a gap between them, or an overlap, that nobody told of.",
        doubts.replacement_apart,
    ),
    Rule(
        "C17", "known-by-recording", _N,
        "A fact that happened long before it was recorded cites only sources without a date, so "
        "that no earlier K sees it.",
        doubts.known_by_recording,
    ),
    Rule(
        "C18", "known-after-published", _N,
        "A fact's stated known_at is certainly later than the publication of a source it cites.",
        doubts.known_after_published,
    ),
    Rule(
        "C19", "known-before-subject", _N,
        "A restoration, effect change, rescheduling or withdrawal is known earlier than what it "
        "ends, changes, moves or withdraws.",
        doubts.known_before_subject,
    ),
    Rule(
        "C20", "source-never-cited", _N,
        "A source is declared, no event cites it, and no other source reports from it.",
        doubts.source_never_cited,
    ),
    Rule(
        "C21", "service-unused", _N,
        "No formula of a capability names the service, so that its loss is never felt.",
        doubts.service_unused,
    ),
    Rule(
        "C22", "service-without-provider", _N,
        "A capability rests on a service that names no provider.",
        doubts.service_without_provider,
    ),
    Rule(
        "C23", "platform-without-zone", _N,
        "The platform has no time zone of its own.",
        doubts.platform_without_zone,
    ),
    Rule(
        "C24", "citation-unread", _N,
        "A citation is written like a place with its hashes, and cannot be read as one: it counts "
        "as free words, which nothing can check.",
        doubts.citation_unread,
    ),
    Rule(
        "C25", "address-odd", _N,
        "The address of a source, or of its copy, is none of the web. It stays as it was written.",
        doubts.address_odd,
    ),
)  # fmt: skip
"""Every rule, the gravest first."""


def check(material: Material, rules: Collection[Rule] = RULES) -> list[Finding]:
    """What those rules find: the gravest first, then by rule, then in the order of recording."""
    found = [
        _finding(material, rule, each)
        for rule in RULES
        if rule in rules
        for each in rule.find(material)
    ]
    return sorted(
        found,
        key=lambda each: (-each.rule.severity, each.rule.id, each.position, each.ids),
    )


def _finding(material: Material, rule: Rule, found: Found) -> Finding:
    place = found.place
    if isinstance(place, Version):
        written = material.written.get(place.id)
        stream = "" if written is None else written.stream
    else:
        stream = place.stream
    return Finding(rule, found.ids, place.id, place.position, stream, found.message, found.hint)
