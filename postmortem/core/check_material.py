"""What a check looks at: one record as known at K and recorded by R, with its indexes.

Plain data in, so that a store, a casebook or a test can bring it. Every index here is made once, in
one pass over the record: no rule looks at all pairs of anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol

from postmortem.core import formulas
from postmortem.core.disruptions import Claims, Disruption, Expected, Settled, disruptions
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CUT_OFF,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    RETRACTED,
    REVISED,
    WITHDRAWN,
    Situation,
    Version,
)
from postmortem.core.lengths import DAY
from postmortem.core.times import BEGINNING, END, Instant, Span, parse_stored


class Entry(Protocol):
    """An entry of the log, declaration or event, as whoever keeps the log shows it."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def stream(self) -> str: ...
    @property
    def position(self) -> int: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the log with an event, beside what the state depends on."""

    stream: str
    sources: tuple[str, ...]
    """What it cites, without locators."""
    cites: tuple[str, ...]
    """The same as written."""
    replaces: str | None
    known: Span | None
    """Its `known_at`, where one is stated."""
    revisions: tuple[str, ...]
    """The formulas that a replacement names as revised with it."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What there is, as it stood at R."""

    kind: str
    id: str
    position: int
    stream: str
    detail: str | None
    """The zone of a platform, the provider of a service."""
    published: Span | None
    """When a source was published."""
    origins: tuple[str, ...] = ()
    """The sources that a source reports from."""
    addresses: tuple[tuple[str, str], ...] = ()
    """Where a source is, and where a copy of it is kept: by key, as written."""


class Word(NamedTuple):
    """A word about a fact that stands: one of its versions, or a retraction of its first id."""

    place: tuple[int, ...]
    version: Version
    takes_back: bool
    """Whether it is the retraction."""


@dataclass
class Material:
    """One record as known at K and recorded by R, and what the question adds."""

    situation: Situation
    versions: list[Version]
    """Every version that K and R let through."""
    written: Mapping[str, Written]
    """By event id; whatever K is."""
    declared: Mapping[tuple[str, str], Declared]
    """By kind and id, as they stood at R."""
    at: Instant
    """The T of the question."""
    long: int
    """From how many microseconds on something has lasted long."""
    shown: Callable[[Instant], str]
    """How a finding writes an instant."""

    @classmethod
    def of(
        cls,
        entries: Iterable[Entry],
        versions: list[Version],
        situation: Situation,
        *,
        at: Instant,
        long: int,
        shown: Callable[[Instant], str],
    ) -> Material:
        """The material from every entry recorded by R (whatever K is), and from what counts."""
        written: dict[str, Written] = {}
        declared: dict[tuple[str, str], Declared] = {}
        for entry in entries:
            if entry.type.endswith(_DECLARED):
                kind, id = entry.type.removesuffix(_DECLARED), entry.id.split(":")[1]
                declared[kind, id] = _declared(kind, id, entry)
            elif entry.type != _WITHHELD:
                written[entry.id] = _written(entry)
        return cls(situation, versions, written, declared, at, long, shown)

    # --- what counts, and what is said of it ------------------------------------------------------

    @cached_property
    def standing(self) -> list[Version]:
        """The version in force of every fact, in the order of recording."""
        return sorted(self.situation.facts.values(), key=lambda version: version.position)

    @cached_property
    def by_id(self) -> dict[str, Version]:
        """Every version seen, by its own id."""
        return {version.id: version for version in self.versions}

    @cached_property
    def by_fact(self) -> dict[str, list[Version]]:
        """Every version seen, by the fact's first id; in the order of recording."""
        found: dict[str, list[Version]] = defaultdict(list)
        for version in sorted(self.versions, key=lambda version: version.position):
            found[version.fact].append(version)
        return dict(found)

    @cached_property
    def about(self) -> dict[str, list[Version]]:
        """What is in force and speaks of a fact, by that fact; retractions are not among it."""
        found: dict[str, list[Version]] = defaultdict(list)
        for version in self.standing:
            if version.type != RETRACTED:
                for subject in version.subjects:
                    found[subject].append(version)
        return dict(found)

    def speaking(self, fact: str, *types: str) -> list[Version]:
        """What is in force, is of those types and speaks of the fact; in the order of recording."""
        return [version for version in self.about.get(fact, ()) if version.type in types]

    def counts(self, fact: str) -> bool:
        """Whether the fact is in force."""
        return fact in self.situation.facts

    @cached_property
    def retractions(self) -> dict[str, list[Version]]:
        """The retractions in force, by the id that they name; in the order of recording."""
        found: dict[str, list[Version]] = defaultdict(list)
        for version in self.standing:
            if version.type == RETRACTED:
                found[version.subjects[0]].append(version)
        return dict(found)

    def taken_back(self, version: Version) -> bool:
        """Whether a retraction in force names this version and not the fact."""
        return version.id != version.fact and version.id in self.retractions

    @cached_property
    def last_retraction(self) -> dict[str, Version]:
        """The last retraction in force that names the fact or one of its versions, by the fact."""
        found: dict[str, Version] = {}
        for id, retractions in self.retractions.items():
            fact = self.by_id[id].fact if id in self.by_id else id
            last = [retractions[-1], *([found[fact]] if fact in found else [])]
            found[fact] = max(last, key=lambda version: version.position)
        return found

    @cached_property
    def first_known(self) -> dict[str, Instant]:
        """From when on each fact was known first, by the versions that are not taken back."""
        found: dict[str, Instant] = {}
        for version in self.versions:
            if not self.taken_back(version):
                found[version.fact] = min(found.get(version.fact, END), version.known)
        return found

    def words(self, fact: str) -> list[Word]:
        """The words about a fact that stand, by place: the last one decides."""
        versions = self.by_fact.get(fact, ())
        words = [Word(each.place, each, False) for each in versions if not self.taken_back(each)]
        words += [Word(each.place, each, True) for each in self.retractions.get(fact, ())]
        return sorted(words, key=lambda word: word.place)

    # --- times ------------------------------------------------------------------------------------

    @cached_property
    def claims(self) -> Claims:
        """The time of every fact in force, with what others claim of it."""
        return Claims(self.situation)

    def time(self, version: Version) -> Settled | None:
        """When what a version in force tells happened; of an announcement, when it was made.

        None for what has no time of its own: a claim, a retraction.
        """
        if version.at is None:
            return None
        if version.type in (ANNOUNCED, RESCHEDULED):  # what is claimed of these is when they bite
            return Settled(version.fact, version.at, False)
        return self.claims.happened(version)

    @cached_property
    def _judged(self) -> tuple[list[Disruption], list[Expected]]:
        confirmed: list[Disruption] = []
        expected: list[Expected] = []
        for each in disruptions(self.situation):
            if isinstance(each, Expected):
                expected.append(each)
            else:
                confirmed.append(each)
        return confirmed, expected

    @property
    def confirmed(self) -> list[Disruption]:
        """Every disruption that somebody says did begin."""
        return self._judged[0]

    @property
    def expected(self) -> list[Expected]:
        """Every announced one."""
        return self._judged[1]

    # --- declarations -----------------------------------------------------------------------------

    def all_declared(self, kind: str) -> Iterator[Declared]:
        """Everything declared of that kind."""
        return (each for each in self.declared.values() if each.kind == kind)

    @cached_property
    def used(self) -> frozenset[str]:
        """Every id that a capability's formula names: declared, or revised and in force."""
        revised = [version.formula for version in self.standing if version.type == REVISED]
        known = [*self.situation.capabilities.values(), *revised]
        return frozenset(id for formula in known if formula for id in formulas.ids(formula))

    @cached_property
    def cited(self) -> frozenset[str]:
        """Every source that anything recorded by R cites."""
        return frozenset(id for written in self.written.values() for id in written.sources)

    # --- how a finding says it --------------------------------------------------------------------

    def span(self, span: Span) -> str:
        """A span as a finding writes it."""
        earliest, latest = span
        if span.is_instant:
            return self.shown(earliest)
        if latest == END:
            return "any time" if earliest == BEGINNING else f"{self.shown(earliest)} or later"
        begins = "" if earliest == BEGINNING else f"{self.shown(earliest)} to "
        return f"{begins}{self.shown(latest)}{'' if begins else ' or earlier'}"

    def days_since(self, instant: Instant) -> str:
        """How long before T that was, in whole days."""
        days = (self.at - instant) // DAY
        return f"{days:,} day{'' if days == 1 else 's'}"


class Found(NamedTuple):
    """What a rule found: what it is about, where it stands, what is wrong, what to do next."""

    ids: tuple[str, ...]
    place: Version | Declared
    message: str
    hint: str


Finds = Iterator[Found]

SPEAKS: Final = {
    RESTORED: "ends",
    EFFECT_CHANGED: "changes the effect of",
    CUT_OFF: "carries out",
    WITHDRAWN: "withdraws",
    RESCHEDULED: "reschedules",
    CLAIMED: "states a time of",
}
"""What an event of that type does to the fact that it speaks of."""


def listed(ids: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return ids[0] if len(ids) == 1 else f"{', '.join(ids[:-1])} and {ids[-1]}"


_DECLARED: Final = "-declared"
_WITHHELD: Final = "words-withheld"


def _declared(kind: str, id: str, entry: Entry) -> Declared:
    body = entry.body
    detail = body.get("zone") if kind == "platform" else body.get("provider")
    published = _span(body.get("published_at"))
    addresses = tuple((key, body[key]) for key in ("url", "archive_url") if key in body)
    return Declared(
        kind,
        id,
        entry.position,
        entry.stream,
        detail,
        published,
        tuple(body.get("origins", ())),
        addresses,
    )


def _written(entry: Entry) -> Written:
    body = entry.body
    cites = tuple(body.get("cites", ()))
    sources = tuple(citation.partition("#")[0] for citation in cites)
    return Written(
        entry.stream,
        sources,
        cites,
        body.get("replaces"),
        _span(body.get("known_at")),
        tuple(body.get("revisions") or ()),
    )


def _span(stored: Mapping[str, str | None] | None) -> Span | None:
    if stored is None:
        return None
    earliest, latest = stored["earliest"], stored["latest"]
    return Span(
        BEGINNING if earliest is None else parse_stored(earliest),
        END if latest is None else parse_stored(latest),
    )
