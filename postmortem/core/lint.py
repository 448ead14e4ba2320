"""lint: which texts of a record blame, look back, claim too much or leave something undone.

It reads one record as known at K and recorded by R, and changes nothing. Each finding has a rule, a
place and a hint; an event that names a rule in its `silence` is not told of by that rule.

To add a rule: write its function, its line here, and what it says in `lint_told`. Names and numbers
are never used again, for people silence rules by them.

Source: Google, Site Reliability Engineering, chapter 15; PagerDuty, Postmortem Documentation; Etsy,
Debriefing Facilitation Guide; for action items "Postmortem Action Items" (;login:, Spring 2017):
actionable, specific, bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from postmortem.core import lint_actions as actions
from postmortem.core import lint_record as record
from postmortem.core import lint_wording as wording
from postmortem.core.findings import Named, Severity
from postmortem.core.items import Item
from postmortem.core.lint_material import Finds, Found, Material
from postmortem.core.lint_told import TOLD
from postmortem.core.lint_words import Language


@dataclass(frozen=True, slots=True)
class Rule(Named):
    """One thing that `lint` looks for."""

    find: Callable[[Material], Finds]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: by which rule, in which words of which event, and what to write instead."""

    rule: Rule
    item: Item
    field: str | None
    start: int | None
    end: int | None
    """Which characters of the field, from 0, the end not included; None: the event as a whole."""
    words: str | None
    """Those characters, white space made one blank."""
    language: Language
    message: str
    hint: str

    def document(self) -> dict[str, Any]:
        """As rows and JSON have it."""
        return {
            **self.rule.head(),
            "fact": self.item.fact,
            "event": self.item.id,
            "type": self.item.type,
            "position": self.item.position,
            "field": self.field,
            "start": self.start,
            "end": self.end,
            "words": self.words,
            "language": self.language,
            "message": self.message,
            "hint": self.hint,
        }


def unknown_silence(m: Material) -> Finds:
    """Names in `silence` that no rule has."""
    for item in m.items:
        for name in item.body.get("silence", ()):
            if name.lower() not in _BY_NAME:
                near = get_close_matches(name.lower(), _BY_NAME, n=1)
                values = {"words": name, "near": near[0] if near else ""}
                yield Found(item, "silence", values=values, variant="near" if near else "")


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

RULES: Final = (
    Rule(
        "BL001", "human-error", _W,
        "Human error as a cause. It is where the search begins: what made the slip likely, and "
        "what let it through?",
        wording.phrases("human-error"),
    ),
    Rule(
        "BL002", "counterfactual", _W,
        "What people should have done, could have done or failed to do. It explains nothing of "
        "what they did. (Where there was luck it may stand.)",
        wording.phrases("counterfactual"),
    ),
    Rule(
        "BL003", "judgement", _W,
        "Words that judge people or take something for obvious: careless, negligent, simply.",
        wording.phrases("judgement"),
    ),
    Rule(
        "BL004", "person-named", _W,
        "Somebody recorded as a person, named in a sentence that tells of a cause or a slip.",
        wording.person_named,
    ),
    Rule(
        "BL005", "why-who", _N,
        "A question that begins with why or who. How and what lead to conditions.",
        wording.why_who,
    ),
    Rule(
        "BL006", "root-cause", _W,
        "The root cause, the real reason. There are contributing factors, and more than one.",
        wording.phrases("root-cause"),
    ),
    Rule(
        "BL007", "outage-for-degradation", _W,
        "Outage, down, unavailable, of a service, capability or disruption that by the record was "
        "degraded at worst.",
        record.outage_for_degradation,
    ),
    Rule(
        "BL008", "hindsight", _W,
        "In hindsight, it turned out: the story told from its end.",
        wording.phrases("hindsight"),
    ),
    Rule(
        "BL009", "absolute", _N,
        "Always, never, without exception: seldom what is known.",
        wording.phrases("absolute"),
    ),
    Rule(
        "BL010", "unsourced-claim", _W,
        "A number or a cause in an event that cites nothing, in a sentence that names no source.",
        record.unsourced,
    ),
    Rule(
        "BL011", "disagrees-with-record", _E,
        "A length of an outage, or an amount, that the record excludes. Only what is plainly put "
        "is compared.",
        record.disagrees_with_record,
    ),
    Rule(
        "BL012", "surer-than-record", _W,
        "An exact time or date of what has only a span; certainty about what is contested, or "
        "announced and not confirmed.",
        record.surer_than_record,
    ),
    Rule(
        "AI001", "action-without-verb", _N,
        "An open action item that does not say by a verb what is to be done.",
        actions.without_verb,
    ),
    Rule(
        "AI002", "vague-action", _W,
        "An open action item whose verb has no end: improve, ensure, consider. Finding out may be "
        "one of the kind `investigate` that says how it is verified.",
        actions.vague,
    ),
    Rule(
        "AI003", "action-without-owner", _W,
        "An open action item that nobody owns.",
        actions.without_owner,
    ),
    Rule(
        "AI004", "action-without-date", _W,
        "An open action item with neither a due date nor a priority.",
        actions.without_date,
    ),
    Rule(
        "AI005", "action-without-verification", _W,
        "An open action item that does not say how one will know that it worked.",
        actions.without_verification,
    ),
    Rule(
        "AI006", "factor-without-action", _W,
        "A contributing factor that no action item addresses, open or done, and that is not "
        "accepted with a reason.",
        actions.factor_without_action,
    ),
    Rule(
        "AI007", "several-owners", _N,
        "An open action item with more than one owner.",
        actions.several_owners,
    ),
    Rule(
        "SI001", "unknown-silence", _W,
        "A name in an event's `silence` that is no rule's id or name.",
        unknown_silence,
    ),
)  # fmt: skip
"""Every rule: wording (BL), action items (AI), silence (SI)."""

_BY_NAME: Final = {key: rule for rule in RULES for key in (rule.id.lower(), rule.name)}


def lint(material: Material, rules: Collection[Rule] = RULES) -> list[Finding]:
    """What those rules find: the gravest first, then by rule, then in the order of recording."""
    return sorted(_findings(material, rules), key=_order)


def _order(found: Finding) -> tuple[int, int, int, str, int]:
    rule, item = found.rule, found.item
    return (
        -rule.severity, RULES.index(rule), item.position, found.field or "", found.start or 0
    )  # fmt: skip


def _findings(material: Material, rules: Collection[Rule]) -> Iterator[Finding]:
    for rule in RULES:
        if rule not in rules:
            continue
        for found in rule.find(material):
            if not _is_silenced(material, found.item, rule):
                yield _finding(rule, found)


def _is_silenced(m: Material, item: Item, rule: Rule) -> bool:
    """Whether an event, or the action item that it changes, asks that rule to be silent."""
    changed = (m.by_id[id] for id in item.refers.get("item", ()) if id in m.by_id)
    return any(
        _BY_NAME.get(name.lower()) is rule for each in (item, *changed) for name in each.silence
    )


def _finding(rule: Rule, found: Found) -> Finding:
    told = TOLD[f"{rule.name}:{found.variant}" if found.variant else rule.name][found.language]
    values = found.values or {}
    message, hint = (text.format_map(_Short(values)) for text in told)
    place = found.place
    return Finding(
        rule, found.item, found.field,
        None if place is None else place.start,
        None if place is None else place.end,
        values.get("words"), found.language, message, hint,
    )  # fmt: skip


class _Short(dict[str, str]):
    """Values for a message, each cut to a length that can be read."""

    def __getitem__(self, key: str) -> str:
        value = super().__getitem__(key)
        return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"


_LONGEST: Final = 80
