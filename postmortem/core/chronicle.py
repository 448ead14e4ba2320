"""The chronicle: the facts in the order of their valid time, and what is said of each.

A row is one version of a fact with its three clocks: its settled time (its own span and what is
claimed of it), from when it is known, when it was recorded. Here is also how an entry is told in
one line, how two versions of a fact differ, and what takes back or corrects what.

Like the rest of what only asks, this loads nothing but the standard library; so it tells a body by
its keys, and a test compares `REFERENCES` with the catalogue.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from postmortem.core import formulas, incident_sentences
from postmortem.core.citations import SNAPSHOT_DIGITS
from postmortem.core.disruptions import Claims, Settled
from postmortem.core.evidence import DISPUTED, SNAPSHOT
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CUT_OFF,
    RESCHEDULED,
    RETRACTED,
    REVISED,
    Log,
    Situation,
    Version,
    Words,
    last_word,
)
from postmortem.core.times import AsOf, Span

Body: TypeAlias = Mapping[str, Any]
"""An entry as JSON holds it, only read here; the module of `fields.Body` loads pydantic."""

SOURCES: Final = ("cites", "source", "origins")
"""The keys whose values name sources; these have names of their own."""
REFERENCES: Final = (
    "service",
    "capability",
    "announcement",
    "disruption",
    "ends",
    "about",
    "event",
    "replaces",
    *incident_sentences.NAMING,
    *SOURCES,
    "requires",
)
"""The keys of a body whose values name something."""

IN_FORCE, CORRECTED, TAKEN_BACK, AMENDED = "in force", "corrected", "retracted", "amended"


class Standing(NamedTuple):
    """What has become of a version: `in force`, or `corrected` or `retracted` by which event."""

    word: str
    by: str | None = None

    @property
    def in_force(self) -> bool:
        """Whether it is the last word about its fact."""
        return self.word == IN_FORCE

    def __str__(self) -> str:
        return self.word if self.by is None else f"{self.word} by {self.by}"


STANDS: Final = Standing(IN_FORCE)


def standing(words: Words, version: Version, as_of: AsOf) -> Standing:
    """What has become of a version that K and R let through, as known and recorded by then."""
    last = last_word(words, version.fact, as_of)
    if last is not None and last.id == version.id:
        return STANDS
    if version.id != version.fact and (by := _taken_back_by(words, version.id, as_of)):
        return Standing(TAKEN_BACK, by)
    if last is not None:
        return Standing(CORRECTED, last.id)
    return Standing(TAKEN_BACK, _taken_back_by(words, version.fact, as_of))


def declared_standing(positions: Sequence[int], position: int) -> Standing:
    """The same of a declaration; `positions` are those of all declarations of its id, in order."""
    return STANDS if position == positions[-1] else Standing(AMENDED, f"#{positions[-1]}")


def _taken_back_by(words: Words, event: str, as_of: AsOf) -> str | None:
    """The retraction in force that names that very id; of several the last word."""
    found = [
        last
        for retraction in words.retractions(event)
        if (last := last_word(words, retraction, as_of)) is not None and last.subjects == (event,)
    ]
    return max(found, key=lambda version: version.place).id if found else None


# --- rows of the timeline ---------------------------------------------------------------------


class Claim(NamedTuple):
    """A further statement of a fact's time, and what has become of it."""

    version: Version
    standing: Standing


@dataclass(frozen=True, slots=True)
class Row:
    """One version of a fact, where it stands in time."""

    version: Version
    time: Settled
    standing: Standing = STANDS
    due: Settled | None = None
    """Of an announcement or rescheduling: when it takes effect; by which of them, `fact` says."""
    claims: tuple[Claim, ...] = ()

    @property
    def dated(self) -> Settled:
        """The time that claims about it are of: of an announcement, when it takes effect."""
        return self.time if self.due is None else self.due

    @property
    def contested(self) -> bool:
        """Whether its time, or the time at which it takes effect, is."""
        return self.time.contested or (self.due is not None and self.due.contested)

    def overlaps(self, period: Span) -> bool:
        """Whether it possibly lies in the period (both ends included)."""
        span = self.time.span
        return span.earliest <= period.latest and span.latest >= period.earliest


def timeline(situation: Situation) -> list[Row]:
    """The facts in force, in valid order: by earliest, latest, and the order of recording.

    Claims have no row of their own: each stands with the fact whose time it states.
    """
    claimed = _claims(Claim(v, STANDS) for v in situation.facts.values())
    times = Claims(situation)
    rows = [
        _row(version, times, claimed)
        for version in situation.facts.values()
        if version.at is not None and version.type != CLAIMED
    ]
    return sorted(rows, key=_order)


def row_of(situation: Situation, fact: str) -> Row | None:
    """The row of one fact, None where it has none: not in force, a claim, without a time."""
    return next((row for row in timeline(situation) if row.version.fact == fact), None)


def every_version(situation: Situation, versions: Sequence[Version], as_of: AsOf) -> list[Row]:
    """The timeline with all the versions that K and R let through, also those not in force.

    What is not in force stands at its own time; a claim stands with the last row of its fact.
    """
    words = Log.of(versions)
    told = {version.id: standing(words, version, as_of) for version in versions}
    claimed = _claims(Claim(version, told[version.id]) for version in versions)
    times = Claims(situation)
    newest = {version.fact: version.id for version in versions}
    newest |= {fact: version.id for fact, version in situation.facts.items()}
    rows = []
    for version in versions:
        if version.at is None or version.type == CLAIMED:
            continue
        if told[version.id].in_force:
            rows.append(_row(version, times, claimed))
            continue
        due = None if version.effective is None else Settled(version.fact, version.effective, False)
        claims = claimed.get(version.fact, ()) if newest[version.fact] == version.id else ()
        own = Settled(version.fact, version.at, False)
        rows.append(Row(version, own, told[version.id], due, tuple(claims)))
    return sorted(rows, key=_order)


def effect(version: Version, situation: Situation) -> str | None:
    """What a cut-off leaves of the service; what it does not say, its announcement does."""
    if version.effect is not None or version.type != CUT_OFF:
        return None if version.effect is None else version.effect.word
    announced = [situation.facts[id].effect for id in version.subjects if id in situation.facts]
    return next((level.word for level in announced if level is not None), "unavailable")


def _claims(claims: Iterable[Claim]) -> Mapping[str, list[Claim]]:
    found: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda claim: claim.version.position):
        if claim.version.type == CLAIMED:
            found[claim.version.subjects[0]].append(claim)
    return found


def _row(version: Version, times: Claims, claimed: Mapping[str, list[Claim]]) -> Row:
    assert version.at is not None
    due = None
    own = Settled(version.fact, version.at, False)
    if version.type == ANNOUNCED:
        due = times.due(version)
    elif version.type == RESCHEDULED:
        due = times.happened(version)
    else:
        own = times.happened(version)
    return Row(version, own, due=due, claims=tuple(claimed.get(version.fact, ())))


def _order(row: Row) -> tuple[Span, int]:
    return row.time.span, row.version.position


def rests_on(situation: Situation, capability: str) -> set[str]:
    """The capability itself and all that it rests on by any formula that it has at any T."""
    revised: dict[str, list[formulas.Formula]] = defaultdict(list)
    for version in situation.facts.values():
        if version.type == REVISED and version.capability and version.formula:
            revised[version.capability].append(version.formula)

    def choices(here: str) -> list[formulas.Formula]:
        if here not in situation.capabilities:
            return []
        return [situation.capabilities[here], *revised[here]]

    return formulas.rested_on(capability, choices)


def concerns(
    version: Version, about: str | None, fact: Callable[[str], Version | None]
) -> set[str]:
    """The ids of services and capabilities that a version is about, itself or by what it names.

    `about` is what a note names, where that is no event; `fact` finds a version of a fact.
    """
    found = {about} if about else set()
    seen: set[str] = set()
    pending = [version]
    while pending:
        here = pending.pop()
        found |= {id for id in (here.service, here.capability) if id is not None}
        for subject in here.subjects:
            if subject not in seen:
                seen.add(subject)
                pending += filter(None, [fact(subject)])
    return found


# --- an entry in words ------------------------------------------------------------------------


def names_in(body: Body) -> Iterator[tuple[str, str]]:
    """What a stored body names: (key, id), of citations the source's id."""
    for key in REFERENCES:
        value = body.get(key)
        if value is None:
            continue
        if key == "requires":
            named: Iterable[str] = dict.fromkeys(formulas.ids(formulas.parse(value)))
        else:
            named = [value] if isinstance(value, str) else value
        for id in named:
            yield key, id.partition("#")[0] if key == "cites" else id


def sentence(type: str, body: Body, effect: str | None = None) -> str:
    """What an entry says, in one line, but for the words of people.

    `effect` is what is left of a service that was cut off, where the event itself does not say.
    """
    tell = _SENTENCES.get(type)
    if tell is None:  # a type that this table does not know yet: what it names
        return ", ".join(f"{key} {id}" for key, id in names_in(body) if key != "cites")
    return tell({**body, "effect": body.get("effect") or effect or "cut off"})


def _cut_off(body: Body) -> str:
    linked = f", carrying out {body['announcement']}" if "announcement" in body else ""
    return f"{body['service']} {body['effect']}{linked}"


def _hit(body: Body) -> str:
    return f"{body['service']} {body['effect']}"


def _declared(body: Body) -> str:
    named = [str(body[key]) for key in ("name", "title") if key in body]
    by = [f"by {body[key]}" for key in ("provider", "publisher") if key in body]
    zone = [f"zone {body['zone']}"] if "zone" in body else []
    requires = [f"requires {as_text('requires', body['requires'])}"] if "requires" in body else []
    return ", ".join([*named, *by, *zone, *requires])


_SENTENCES: Final[Mapping[str, Callable[[Body], str]]] = {
    ANNOUNCED: lambda body: f"{body['service']} to be {body['effect']}",
    RESCHEDULED: lambda body: f"{body['announcement']} rescheduled",
    "cutoff-withdrawn": lambda body: f"{body['announcement']} withdrawn",
    CUT_OFF: _cut_off,
    "service-down": _hit,
    "service-degraded": _hit,
    "effect-changed": lambda body: f"{body['disruption']} now {body['effect']}",
    "service-restored": lambda body: f"ends {as_text('ends', body['ends'])}",
    REVISED: lambda body: (
        f"{body['capability']} now requires {as_text('requires', body['requires'])}"
    ),
    CLAIMED: lambda body: f"{body['about']}: {body['time']['written']}",
    RETRACTED: lambda body: f"takes back {body['event']}",
    SNAPSHOT: lambda body: (
        f"{body['source']}, {body['length']} bytes ({body['media_type']}), "
        f"sha256 {body['sha256'][:SNAPSHOT_DIGITS]}…"
    ),
    DISPUTED: lambda body: f"{body['about']}: {body['aspect']} disputed",
    "note": lambda body: f"about {body['about']}" if "about" in body else "",
    "words-withheld": lambda body: f"{body['field']} of #{body['position']} is withheld",
    **dict.fromkeys(
        ("platform-declared", "source-declared", "service-declared", "capability-declared"),
        _declared,
    ),
    **incident_sentences.SENTENCES,
}

SPOKEN: Final = (
    *("quotes", "text", "reason", "description", "exit_plan"), *incident_sentences.SPOKEN, "note"
)  # fmt: skip
"""The keys under which people say something, in the order in which it is read."""


def remarks(body: Body) -> list[tuple[str, str]]:
    """What people say in a body: (key, words)."""
    return [(key, as_text(key, body[key])) for key in SPOKEN if body.get(key)]


def as_text(key: str, value: Any) -> str:
    """The value of a key for people, in one piece: a time as written, a formula on one line."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and key != "requires":
        return value
    if isinstance(value, dict) and set(value) == {"earliest", "latest", "written"}:
        return str(value["written"])
    if key == "requires":
        return formulas.written(formulas.parse(value))
    if key == "quotes":
        return "; ".join(f"“{text}”" for text in value.values())
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


# --- the history of a fact --------------------------------------------------------------------


class Change(NamedTuple):
    """A key that two versions differ in; None: not given."""

    field: str
    old: Any
    new: Any


def changes(old: Body, new: Body) -> list[Change]:
    """Where a version differs from the one that it corrects, or a declaration from the one before.

    What makes it a correction is no difference; nor is the `known_at` that a clerical one may not
    have.
    """
    left_out = {"replaces", "clerical"} | ({"known_at"} if new.get("clerical") else set())
    return [
        Change(field, old.get(field), new.get(field))
        for field in sorted({*old, *new} - left_out)
        if old.get(field) != new.get(field)
    ]


def words_about(words: Words, fact: str) -> list[Version]:
    """All versions of a fact, and all retractions that bear on them, in the order of recording.

    Retractions bear on a fact that name one of its ids, and those that take such a one back.
    """
    found: dict[str, Version] = {}
    done: set[str] = set()
    pending = [fact]
    while pending:
        here = pending.pop()
        if here in done:
            continue
        done.add(here)
        for version in words.versions(here):
            found[version.id] = version
            pending += words.retractions(version.id)
        pending += words.retractions(here)
    return sorted(found.values(), key=lambda version: version.position)
