"""Reads the sources of a platform, and what is cited for and against its facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from itertools import chain

from postmortem.core.evidence import DISPUTED, FACTUAL, SNAPSHOT, Dispute, Evidence, weigh
from postmortem.core.history import CLAIMED, Situation, Version
from postmortem.core.sources import Source, collected
from postmortem.core.times import END, AsOf, Instant
from postmortem.store import look
from postmortem.store.view import Logged, View


def sources(view: View, platform: str, recorded: Instant = END) -> dict[str, Source]:
    """Every source by its id, with its snapshots, as they stood at R; whatever K is.

    What is known of a source is evidence about the evidence: it is seen like a declaration.
    """
    facts = view.situation(platform, AsOf(END, recorded=recorded)).facts.values()
    taken = sorted(each.position for each in facts if each.type == SNAPSHOT)
    return collected(_declared(view, platform, recorded), _in_order(look.told(view, taken)))


def _declared(view: View, platform: str, recorded: Instant) -> Iterable[Logged]:
    """The last declaration of every source by R."""
    last = view.position_at(recorded)
    positions = (row[-1] for row in view.declared(platform, "source", last).values())
    return _in_order(look.told(view, positions))


def _in_order(entries: dict[int, Logged]) -> Iterable[Logged]:
    return [entries[position] for position in sorted(entries)]


class Weighing:
    """Weighs what is cited of the facts in force; inside the caller's snapshot."""

    def __init__(self, view: View, platform: str, situation: Situation, recorded: Instant) -> None:
        self.view = view
        self.situation = situation
        found = collected(_declared(view, platform, recorded), ())  # which origins need no more
        self.origins = {id: each.origins for id, each in found.items()}
        self.disputes: dict[str, list[Dispute]] = defaultdict(list)
        disputing = {v.position: v for v in situation.facts.values() if v.type == DISPUTED}
        entries = look.told(view, sorted(disputing))
        for position, version in sorted(disputing.items()):
            body = entries[position].body
            told = Dispute(version.fact, body["aspect"], tuple(body.get("cites", ())))
            self.disputes[version.subjects[0]].append(told)

    def of(self, fact: str, cites: Iterable[str]) -> Evidence:
        """The evidence of a fact, of which all citations are given: also those of its claims."""
        return weigh(fact, cites, self.origins, self.disputes.get(fact, ()))

    def weighed(self, facts: Iterable[str]) -> dict[str, Evidence]:
        """The evidence of facts in force, by fact: what they cite, and what claims of them do."""
        known = self.situation.facts
        wanted = [fact for fact in facts if fact in known]
        speaking = {fact: [known[fact], *self._claims.get(fact, ())] for fact in wanted}
        positions = {v.position for versions in speaking.values() for v in versions}
        told = look.told(self.view, sorted(positions))
        cited = {position: entry.body.get("cites", ()) for position, entry in told.items()}
        return {
            fact: self.of(fact, chain.from_iterable(cited[v.position] for v in versions))
            for fact, versions in speaking.items()
        }

    @cached_property
    def _claims(self) -> dict[str, list[Version]]:
        """The claims in force by the fact whose time they state."""
        found: dict[str, list[Version]] = defaultdict(list)
        for version in sorted(self.situation.facts.values(), key=lambda v: v.position):
            if version.type == CLAIMED:
                found[version.subjects[0]].append(version)
        return found

    def factual(self) -> list[Evidence]:
        """The evidence of every fact that needs a source, by when it was recorded.

        A claim counts with the fact whose time it states, a dispute for itself.
        """
        facts = self.situation.facts.values()
        counted = [v for v in facts if v.type in FACTUAL and v.type != CLAIMED]
        counted.sort(key=lambda version: version.position)
        return list(self.weighed(version.fact for version in counted).values())
