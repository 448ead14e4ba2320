"""What works at T, and because of what, as known at K and recorded by R."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from postmortem.core import formulas
from postmortem.core.formulas import Formula
from postmortem.core.history import REVISED, Situation
from postmortem.core.levels import OUT, Bounds, Level
from postmortem.core.times import BEGINNING, AsOf, Instant, format_bound

if TYPE_CHECKING:
    from postmortem.core.disruptions import Disruption, Expected, Revision, Succession


class ServiceState(NamedTuple):
    """One service at one moment; ids are sorted."""

    bounds: Bounds
    notices: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    contested: bool = False

    def document(self) -> dict[str, Any]:
        """As the contract's JSON has it."""
        return {
            **_bounds_document(self.bounds),
            "notices": list(self.notices),
            "because": list(self.because),
            "contested": self.contested,
        }


class State(NamedTuple):
    """A platform at one moment."""

    platform: str
    as_of: AsOf
    services: Mapping[str, ServiceState]
    capabilities: Mapping[str, Bounds]

    def document(self) -> dict[str, Any]:
        """As the contract's JSON has it."""
        return {
            "platform": self.platform,
            "at": format_bound(self.as_of.valid),
            "known_at": format_bound(self.as_of.known),
            "recorded_at": format_bound(self.as_of.recorded),
            "services": {id: state.document() for id, state in self.services.items()},
            "capabilities": {id: _bounds_document(b) for id, b in self.capabilities.items()},
        }


def _bounds_document(bounds: Bounds) -> dict[str, Any]:
    return {"worst": bounds.worst.word, "best": bounds.best.word, "status": bounds.status}


class Picture:
    """A situation worked out: asked at as many T as one likes."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self.by_service: dict[str, list[Disruption | Expected]] = defaultdict(list)
        self.revisions: dict[str, list[tuple[Revision, Formula]]] = defaultdict(list)
        if not situation.facts:  # what a store's view answers, and nothing is to be worked out
            return
        from postmortem.core.disruptions import Revision, disruptions

        for disruption in disruptions(situation):
            self.by_service[disruption.service].append(disruption)
        for version in situation.facts.values():
            if version.type == REVISED:
                assert version.capability is not None
                assert version.at is not None
                assert version.formula is not None
                revision = Revision(version.at, version.position)
                self.revisions[version.capability].append((revision, version.formula))

    @cached_property
    def _successions(self) -> dict[str, tuple[object, Succession]]:
        """With the revisions that each was made of: in a supposed picture they may differ."""
        return {}

    @cached_property
    def order(self) -> list[str]:
        """The capabilities, each after all that any of its formulas names."""
        done: dict[str, None] = {}
        for capability in sorted(self.situation.capabilities):
            self._put_after(capability, done)
        return list(done)

    # a function within `order` that calls itself would hold the picture until cycles are looked for
    def _put_after(self, capability: str, done: dict[str, None]) -> None:
        """Add the capability, after all that any of its formulas names."""
        if capability in done or capability not in self.situation.capabilities:
            return
        for formula in self.formulas(capability):
            for part in formulas.ids(formula):
                self._put_after(part, done)
        done[capability] = None

    def formulas(self, capability: str) -> list[Formula]:
        """Every formula that it has at any T: the declared one, then the revised ones."""
        revised = [formula for _, formula in self.revisions.get(capability, ())]
        return [self.situation.capabilities[capability], *revised]

    def rested_on(self, id: str, at: Instant | None = None) -> set[str]:
        """The id itself and all that it rests on: by what may hold at T, else by what ever holds.

        What was not declared by R has no formula.
        """

        def choices(here: str) -> list[Formula]:
            if here not in self.situation.capabilities:
                return []
            return self.formulas(here) if at is None else self.formulas_at(here, at)

        return formulas.rested_on(id, choices)

    def services_under(self, id: str, at: Instant | None = None) -> set[str]:
        """The services among them."""
        return self.rested_on(id, at) & self.situation.services

    def formulas_at(self, capability: str, at: Instant) -> list[Formula]:
        """The formulas that may hold at T."""
        known = self.revisions.get(capability)
        if not known:
            return [self.situation.capabilities[capability]]
        of, succession = self._successions.get(capability, (None, None))
        if of is not known or succession is None:
            from postmortem.core.disruptions import Succession

            succession = Succession([revision for revision, _ in known], BEGINNING)
            self._successions[capability] = known, succession
        return [
            self.situation.capabilities[capability] if index is None else known[index][1]
            for index in succession.possibly_last(at)
        ]

    def service(self, service: str, at: Instant) -> ServiceState:
        """One service at T."""
        worst = best = Level.OPERATIONAL
        notices: list[str] = []
        because: list[str] = []
        contested = False
        for disruption in self.by_service.get(service, ()):
            bounds = disruption.bounds(at)
            if bounds.worst < Level.OPERATIONAL:
                because.append(disruption.id)
                contested = contested or disruption.contested
            worst, best = min(worst, bounds.worst), min(best, bounds.best)
            if disruption.noticed(at):
                notices.append(disruption.id)
        return ServiceState(
            Bounds(worst, best), tuple(sorted(notices)), tuple(sorted(because)), contested
        )

    def levels(
        self, services: Mapping[str, Bounds], at: Instant, wanted: Iterable[str] | None = None
    ) -> dict[str, Bounds]:
        """The bounds of every capability at T, the services having these."""
        worst = {id: bounds.worst for id, bounds in services.items()}
        best = {id: bounds.best for id, bounds in services.items()}
        for capability in self.order if wanted is None else wanted:
            candidates = self.formulas_at(capability, at)
            worst[capability] = min(formulas.level(f, worst) for f in candidates)
            best[capability] = max(formulas.level(f, best) for f in candidates)
        return {id: Bounds(worst[id], best[id]) for id in worst if id not in services}

    def state(self, as_of: AsOf, without: Collection[str] = ()) -> State:
        """The platform at T; `without` supposes those services unavailable."""
        at = as_of.valid
        services = {
            id: ServiceState(OUT, s.notices, s.because, s.contested) if id in without else s
            for id in sorted(self.situation.services)
            for s in (self.service(id, at),)
        }
        capabilities = self.levels({id: s.bounds for id, s in services.items()}, at)
        return State(
            self.situation.platform,
            as_of,
            services,
            {id: capabilities[id] for id in sorted(capabilities)},
        )
