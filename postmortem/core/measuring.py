"""Measures an incident: every measure of `metrics`, taken from its dossier.

Anchors are called `announced`, `published`, `took effect`, `is to take effect`, `was to take
effect`, `first loss`, `last loss`, `began`, `ended`, `all ended`, `detected`, `acknowledged`,
`mitigated`, `replaced`, `was estimated to end`, `known`, `recorded`, `window begins`,
`window ends`.

What stands beside a measure: of a notice the `contract` (microseconds) and by how much the notice
falls `short` of it (a range); of an estimate how it was `meant`, the `verdict` that follows from
the times, and the `outcome` that was recorded; of the most services down the `moments`; of
availability the `weights`; of a detection whether the order of its anchors is `open`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from postmortem.core.anchors import Which, chosen, due, ended, ends_of, lasted, starting, starts
from postmortem.core.disruptions import Disruption, Expected
from postmortem.core.history import CUT_OFF
from postmortem.core.incident import Dossier, Estimate
from postmortem.core.items import Item, length
from postmortem.core.losses import NO_WEIGHT, cascade, over_the_window
from postmortem.core.metrics import (
    DEFINITIONS,
    Anchor,
    Measure,
    NotApplicable,
    Outcome,
    Range,
    SoFar,
    Why,
    between,
    first,
    judged,
    lapse,
    last,
    so_far,
)
from postmortem.core.times import BEGINNING, END, Instant, Span


def measured(dossier: Dossier, *, weight: Fraction = NO_WEIGHT) -> list[Measure]:
    """All measures of an incident, in the order of `DEFINITIONS`.

    `weight` is what being degraded counts in availability, from 0 to 1.
    """
    measuring = _Measuring(dossier)
    found = [
        *measuring.notices(),
        *measuring.milestones(),
        *measuring.restorations(),
        *measuring.alternatives(),
        *over_the_window(dossier, weight),
        *cascade(measuring.confirmed),
        *measuring.estimates(),
        *measuring.lags(),
    ]
    order = {key: place for place, key in enumerate(DEFINITIONS)}
    return sorted(found, key=lambda measure: order[measure.key])


class _Measuring:
    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        self.as_of = dossier.until
        self.confirmed = sorted(dossier.confirmed, key=lambda one: (starts(one), one.id))
        self.detected = self._milestone("detected", first)
        self.first_loss = starting("first loss", self.confirmed, first)

    # --- anchors ----------------------------------------------------------------------------------

    def _milestone(self, name: str, which: Which) -> Anchor | None:
        reached = [(one.fact, one.time.span) for one in self.dossier.milestones(name) if one.time]
        return chosen(name, reached, which)

    def _item(self, fact: str | None) -> Item | None:
        return None if fact is None else self.dossier.by_fact.get(fact)

    # --- before it happened -----------------------------------------------------------------------

    def notices(self) -> Iterator[Measure]:
        """Of every cutoff, announced or not: how long ahead people were told, and could read it."""
        announcements = {one.id: one for one in self.dossier.expected}
        carried_out = set()
        for cut in self.confirmed:
            item = self._item(cut.id)
            if item is None or item.type != CUT_OFF:
                continue
            announcement = announcements.get(cut.announcement or "")
            carried_out.add(cut.announcement)
            effective = Anchor("took effect", (cut.id,), starts(cut), cut.start.contested)
            yield from self._ahead(cut.id, cut.service, announcement, effective)
        for announcement in announcements.values():
            if announcement.id not in carried_out:
                effective = due("is to take effect", announcement)
                yield from self._ahead(
                    announcement.id, announcement.service, announcement, effective
                )

    def _ahead(
        self, about: str, service: str, announcement: Expected | None, effective: Anchor
    ) -> Iterator[Measure]:
        announced = None
        if announcement is not None:
            announced = Anchor("announced", (announcement.id,), announcement.announced)
        expected = effective.name != "took effect"
        withdrawn: Outcome | None = None
        if expected and announcement is not None and announcement.withdrawals:
            by = tuple(sorted(one.fact for one in announcement.withdrawals))
            withdrawn = NotApplicable(Why("withdrawn", by))
        published = self._published(about, announcement)

        def measure(key: str, start: Anchor | None, end: Anchor, missing: str) -> Measure:
            outcome = withdrawn
            if outcome is None and start is None:
                outcome = NotApplicable(Why(missing))
            if outcome is None:
                assert start is not None
                outcome = lapse(start, end, signed=True)
            beside = {} if key == "public-lead" else self._contract(service, outcome)
            return Measure(key, outcome, start, end, about, service, beside)

        yield measure("notice", announced, effective, "not-announced")
        if announcement is not None and not expected:
            promised = due("was to take effect", announcement)
            yield measure("notice-announced", announced, promised, "not-announced")
        yield measure("public-lead", published, effective, "no-publication")

    def _contract(self, service: str, outcome: Outcome) -> Mapping[str, object]:
        declared = self.dossier.services.get(service)
        notice = None if declared is None else declared.notice
        if notice is None:
            return {}
        if not isinstance(outcome, Range):
            return {"contract": notice}
        least, most = outcome.least, outcome.most
        short = Range(
            None if most is None else notice - most, None if least is None else notice - least
        )
        return {"contract": notice, "short": short}

    def _published(self, about: str, announcement: Expected | None) -> Anchor | None:
        """The earliest publication among the sources of a cutoff, its announcement, its times."""
        facts = [about]
        if announcement is not None:
            told = ("cutoff-rescheduled", "cutoff-withdrawn")
            facts += [announcement.id]
            facts += [
                item.fact for item in self.dossier.about("announcement", announcement.id, *told)
            ]
        items = [item for fact in facts if (item := self._item(fact)) is not None]
        items += [claim for item in items for claim in item.claims]
        sources = dict.fromkeys(source for item in items for source in item.sources)
        found = [
            (source, span)
            for source in sources
            if source in self.dossier.sources
            and (span := self.dossier.sources[source].published) is not None
        ]
        return chosen("published", found, first)

    # --- detection, response, recovery ------------------------------------------------------------

    def milestones(self) -> Iterator[Measure]:
        """How long it took to detect, acknowledge and mitigate it."""
        acknowledged = self._milestone("acknowledged", first)
        mitigated = self._milestone("mitigated", last)
        for key, start, end, name in (
            ("time-to-detect", self.first_loss, self.detected, "detected"),
            ("time-to-acknowledge", self.detected, acknowledged, "acknowledged"),
            ("time-to-mitigate", self.first_loss, mitigated, "mitigated"),
        ):
            missing = None
            if end is None:
                missing = Why("no-milestone", (name,))
            elif start is None and key == "time-to-acknowledge":
                missing = Why("no-milestone", ("detected",))
            elif start is None:
                missing = Why("no-loss")
            yield _measure(key, start, end, missing)

    def restorations(self) -> Iterator[Measure]:
        """How long each disruption lasted, and all of them together."""
        if self.first_loss is None:
            yield Measure("time-to-restore-all", NotApplicable(Why("no-loss")))
        else:
            yield self._all_restored(self.first_loss)
        for one in self.confirmed:
            began = Anchor("began", (one.id,), starts(one), one.start.contested)
            outcome = lasted(one, self.as_of)
            yield Measure("time-to-restore", outcome, began, ended(one), one.id, one.service)

    def _all_restored(self, first_loss: Anchor) -> Measure:
        ends = {one.id: ends_of(one) for one in self.confirmed}
        key = "time-to-restore-all"
        if None in ends.values():
            going_on = tuple(id for id, span in ends.items() if span is None)
            outcome = so_far(first_loss.span, self.as_of)
            return Measure(key, outcome, first_loss, beside={"going on": going_on})
        restored = [
            (time.fact, Span(max(time.span.earliest, one.start.span.earliest), time.span.latest))
            for one in self.confirmed
            for time in one.restorations
        ]
        span = last(span for span in ends.values() if span is not None)
        may_be_last = [fact for fact, when in restored if when.latest >= span.earliest]
        facts = tuple(dict.fromkeys(may_be_last))
        contested = {time.fact for one in self.confirmed for time in one.restorations if
                     time.contested}  # fmt: skip
        end = Anchor("all ended", facts, span, not contested.isdisjoint(facts))
        found = between(first_loss.span, span)
        least = None if found.least is None else max(0, found.least)
        return Measure(key, judged(Range(least, found.most)), first_loss, end)

    def alternatives(self) -> Iterator[Measure]:
        """Of every service that was cut off: how long until something else took its place."""
        replaced: set[str] = set()
        for item in self.dossier.of("service-replaced"):
            service = str(item.body["service"])
            if service not in self.dossier.services:
                continue
            assert item.time is not None
            replaced.add(service)
            end = Anchor("replaced", (item.fact,), item.time.span, item.time.contested)
            lost = [
                one
                for one in self.confirmed
                if one.service == service and one.certain_end > item.time.span.earliest
            ]
            start = starting("took effect", lost, first)
            missing = None if start else Why("no-cutoff", (service,))
            measure = _measure("time-to-alternative", start, end, missing)
            yield _with(measure, service, {"replacement": str(item.body["replacement"])})
        for service in sorted({one.service for one in self.confirmed} - replaced):
            cuts = [one for one in self.confirmed if one.service == service]
            cuts = [one for one in cuts if self._is_cut_off(one)]
            if not cuts:
                continue
            start = starting("took effect", cuts, first)
            assert start is not None
            back = sorted({time.fact for one in cuts for time in one.restorations})
            ended = all(one.restorations for one in cuts)
            outcome = (
                NotApplicable(Why("restored-itself", tuple(back)))
                if ended
                else so_far(start.span, self.as_of)
            )
            yield Measure("time-to-alternative", outcome, start, None, service, service)

    def _is_cut_off(self, one: Disruption) -> bool:
        item = self._item(one.id)
        return item is not None and item.type == CUT_OFF

    # --- what was said, and when it was known -----------------------------------------------------

    def estimates(self) -> Iterator[Measure]:
        """By how much each estimate was wrong."""
        by_id = {one.id: one for one in self.confirmed}
        by_announcement = {one.announcement: one for one in self.confirmed if one.announcement}
        for estimate in self.dossier.estimates:
            one = by_id.get(estimate.about) or by_announcement.get(estimate.about)
            if one is None:
                why = Why("never-effective", (estimate.about,))
                yield self._estimate(estimate, NotApplicable(why), None, None, None)
                continue
            yield self._error(estimate, one)

    def _error(self, estimate: Estimate, one: Disruption) -> Measure:
        begins, ends = starts(one), ended(one)
        until, lasts = estimate.item.span("until"), estimate.item.text("lasts")
        if until is not None:
            stated = Anchor("was estimated to end", (estimate.item.fact,), until)
            actual = Span(self.as_of, self.as_of) if ends is None else ends.span
            error: Outcome = judged(between(until, actual), signed=True)
            if ends is None and isinstance(error, Range):
                error = SoFar(error.least, error.most, self.as_of)
        elif lasts is not None:
            lasting = length(lasts)
            span = Span(_later(begins.earliest, lasting), _later(begins.latest, lasting))
            stated = Anchor("was estimated to end", (estimate.item.fact,), span)
            error = _minus(lasted(one, self.as_of), lasting)
        else:
            why = NotApplicable(Why("no-length"))
            return self._estimate(estimate, why, one.service, None, ends)
        return self._estimate(estimate, error, one.service, stated, ends)

    @staticmethod
    def _estimate(
        estimate: Estimate,
        error: Outcome,
        service: str | None,
        stated: Anchor | None,
        ended: Anchor | None,
    ) -> Measure:
        kind = str(estimate.item.body["kind"])
        return Measure(
            "estimate-error",
            error,
            stated,
            ended,
            estimate.item.fact,
            service,
            {
                "disruption": estimate.about,
                "meant": kind,
                "verdict": verdict(kind, error),
                "outcome": estimate.outcome,
            },
        )

    def lags(self) -> Iterator[Measure]:
        """Of each loss: until it could be known, until it was recorded, until it was detected."""
        for one in self.confirmed:
            item = self._item(one.id)
            if item is None:
                continue
            effective = Anchor("took effect", (one.id,), starts(one), one.start.contested)
            known = Anchor("known", (one.id,), Span(item.known, item.known))
            recorded = Anchor("recorded", (one.id,), Span(item.recorded, item.recorded))
            no_milestone = None if self.detected else Why("no-milestone", ("detected",))
            for key, start, end, missing in (
                ("lag-known", effective, known, None),
                ("lag-recorded", known, recorded, None),
                ("lag-detected", effective, self.detected, no_milestone),
            ):
                yield _with(_measure(key, start, end, missing), one.id, {}, one.service)


# --- what the measures are made of ----------------------------------------------------------------


def verdict(meant: str, error: Outcome) -> str:
    """What the times make of an estimate: `held`, `missed`, `open`, `not certain`, or `none`.

    `at-least` can only be missed early, `at-most` only late; `about` is neither held nor missed.
    """
    if meant == "about" or not isinstance(error, Range):
        return "none"
    least, most = error.least, error.most
    early = most is not None and most < 0
    late = least is not None and least > 0
    if isinstance(error, SoFar):
        if meant == "at-least":
            return "held" if least is not None and least >= 0 else "open"
        return "missed" if late else "open"
    if meant == "at-least":
        missed, held = early, least is not None and least >= 0
    elif meant == "at-most":
        missed, held = late, most is not None and most <= 0
    else:
        missed, held = early or late, least == most == 0
    return "missed" if missed else "held" if held else "not certain"


def _later(bound: Instant, by: int) -> Instant:
    return bound if bound in (BEGINNING, END) else bound + by


def _minus(outcome: Outcome, length: int) -> Outcome:
    if not isinstance(outcome, Range):
        return outcome
    return replace(
        outcome,
        least=None if outcome.least is None else outcome.least - length,
        most=None if outcome.most is None else outcome.most - length,
    )


def _measure(key: str, start: Anchor | None, end: Anchor | None, missing: Why | None) -> Measure:
    if missing is not None or start is None or end is None:
        assert missing is not None
        return Measure(key, NotApplicable(missing), start, end)
    outcome = lapse(start, end)
    beside: dict[str, object] = {}
    if isinstance(outcome, Range) and outcome.least is not None and outcome.least < 0:
        # where they overlap, the second may have come before the first
        beside = {} if outcome.most is not None and outcome.most < 0 else {"order": "open"}
    return Measure(key, outcome, start, end, beside=beside)


def _with(
    measure: Measure, about: str, beside: Mapping[str, object], service: str | None = None
) -> Measure:
    return replace(
        measure, about=about, service=service or about, beside={**measure.beside, **beside}
    )
