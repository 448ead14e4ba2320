"""What in a record has no effect, or contradicts itself: the rules of `check` that are errors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from postmortem.core.check_material import SPEAKS, Finds, Found, Material, listed
from postmortem.core.history import (
    CUT_OFF,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    RETRACTED,
    WITHDRAWN,
)

_NO_EFFECT: Final = {
    RESTORED: ", and has no effect on it",
    CUT_OFF: ", and the link has no effect",
}



def points_to_retracted(m: Material) -> Finds:
    """References of facts in force; a clerical correction and a second retraction are such too."""
    for version in m.standing:
        if version.type == RETRACTED:
            continue
        id = version.fact
        for subject in version.subjects:
            if subject in m.by_fact and not m.counts(subject):
                speaks = SPEAKS.get(version.type, "is about")
                known = version.type in SPEAKS
                effect = _NO_EFFECT.get(version.type, ", and has no effect" if known else "")
                retraction = m.retraction_of(subject)
                by = f" by {retraction.fact}" if retraction else ""
                yield Found(
                    (id, subject),
                    version,
                    f"{id} {speaks} {subject}, which is retracted{by}{effect}",
                    f"`postmortem correct {id}` to name what stands, or `postmortem retract {id}`",
                )
    yield from _corrected_in_vain(m)
    yield from _retracted_again(m)


def _corrected_in_vain(m: Material) -> Finds:
    """A clerical correction takes the place of the slip: a retraction after that is the last."""
    for fact, retractions in m.retractions.items():
        if m.counts(fact) or fact not in m.by_fact:
            continue
        for version in m.by_fact[fact]:
            before = [each for each in retractions if each.position < version.position]
            slip = len(version.place) > 1  # only a clerical correction stands in another's place
            if before and slip and not m.taken_back(version):
                yield Found(
                    (version.id, fact),
                    version,
                    f"{version.id} corrects {fact}, which is retracted by {before[-1].fact}, and "
                    "has no effect",
                    f"`postmortem retract {before[-1].fact}` if the fact stands after all",
                )


def _retracted_again(m: Material) -> Finds:
    for id, retractions in m.retractions.items():
        if len(retractions) == 1:
            continue
        fact = m.by_id[id].fact if id in m.by_id else id
        words = m.words(id) if fact == id else []
        pairs = (
            [(a.version, b.version) for a, b in _pairs(words) if a.takes_back and b.takes_back]
            if words
            else _pairs(retractions)
        )
        for first, again in pairs:
            yield Found(
                (again.fact, id),
                again,
                f"{again.fact} takes back {id}, which {first.fact} has taken back, and has no "
                "effect",
                f"`postmortem retract {again.fact}`, or {id} would stay retracted if "
                f"{first.fact} were taken back",
            )


def step_before_start(m: Material) -> Finds:
    """Restorations and effect changes that a correction has left before the start."""
    for disruption in m.confirmed:
        for step in disruption.left_out:
            version = m.situation.facts[step]
            latest = m.claims.happened(version).span.latest
            yield Found(
                (step, disruption.id),
                version,
                f"{step} {SPEAKS[version.type]} {disruption.id} before that starts, and has no "
                f"effect: at the latest {m.shown(latest)}, and it starts at the earliest "
                f"{m.shown(disruption.start.span.earliest)}",
                f"`postmortem correct` the time that is wrong, of {step} or of {disruption.id}",
            )


def change_after_end(m: Material) -> Finds:
    """Effect changes that certainly come once the disruption has ended."""
    for disruption in m.confirmed:
        for change in disruption.changes:
            step, earliest = change.time.fact, change.time.span.earliest
            if earliest >= disruption.certain_end:
                yield Found(
                    (step, disruption.id),
                    m.situation.facts[step],
                    f"{step} changes the effect of {disruption.id} once that has ended, and has no "
                    f"effect: at the earliest {m.shown(earliest)}, and it ended at the latest "
                    f"{m.shown(disruption.certain_end)}",
                    "`postmortem correct` the time that is wrong; what went out again is a "
                    "disruption of its own",
                )


def told_twice(m: Material) -> Finds:
    """Two endings of a disruption, two confirmations or withdrawals of an announcement."""
    for subject in m.about:
        for type in (RESTORED, CUT_OFF, WITHDRAWN):
            several = m.speaking(subject, type) if m.counts(subject) else []
            if len(several) > 1:
                ids = [version.fact for version in several]
                yield Found(
                    (subject, *ids),
                    several[-1],
                    f"{listed(ids)} each say that it {SPEAKS[type]} {subject}",
                    f"keep one and `postmortem retract` the {'other' if len(ids) == 2 else 'rest'}; "
                    "what another source says of its time is a time-claimed",
                )


def confirmed_although_withdrawn(m: Material) -> Finds:
    """Announcements that both a cut-off and a withdrawal in force speak of."""
    for each in m.expected:
        cut_offs = m.speaking(each.id, CUT_OFF)
        withdrawals = m.speaking(each.id, WITHDRAWN)
        if cut_offs and withdrawals:
            cut_off, withdrawal = cut_offs[0].fact, withdrawals[0].fact
            yield Found(
                (each.id, cut_off, withdrawal),
                max(cut_offs[0], withdrawals[0], key=lambda version: version.position),
                f"{each.id} is withdrawn by {withdrawal}, and carried out by {cut_off}",
                f"`postmortem retract {withdrawal}`, or `postmortem correct {cut_off}` without "
                "announcement",
            )


def rescheduled_after_withdrawn(m: Material) -> Finds:
    """Reschedulings that certainly come once the announcement is withdrawn."""
    for each in m.expected:
        for version in m.speaking(each.id, RESCHEDULED):
            assert version.at is not None
            if version.at.earliest > each.withdrawn:
                withdrawal = m.speaking(each.id, WITHDRAWN)[0].fact
                yield Found(
                    (version.fact, each.id, withdrawal),
                    version,
                    f"{version.fact} reschedules {each.id} once that is withdrawn by {withdrawal}, "
                    f"and has no effect: at the earliest {m.shown(version.at.earliest)}, and that "
                    f"was at the latest {m.shown(each.withdrawn)}",
                    f"`postmortem retract {withdrawal}` if it was not withdrawn; what was "
                    "announced anew is an announcement of its own",
                )


def before_announcement(m: Material) -> Finds:
    """Withdrawals and reschedulings that certainly precede their announcement."""
    for each in m.expected:
        for version in m.speaking(each.id, WITHDRAWN, RESCHEDULED):
            happened = m.time(version)
            if happened is not None and happened.span.latest < each.announced.earliest:
                yield Found(
                    (version.fact, each.id),
                    version,
                    f"{version.fact} {SPEAKS[version.type]} {each.id} before that was announced: "
                    f"at the latest {m.shown(happened.span.latest)}, and it was announced at the "
                    f"earliest {m.shown(each.announced.earliest)}",
                    f"`postmortem correct` the time that is wrong, of {version.fact} or of "
                    f"{each.id}",
                )


def other_service(m: Material) -> Finds:
    """Cut-offs that a correction has left with an announcement of another service."""
    for each in m.expected:
        for version in m.speaking(each.id, CUT_OFF):
            if version.service != each.service:
                yield Found(
                    (version.fact, each.id),
                    version,
                    f"{version.fact} cuts off {version.service} and carries out {each.id}, which "
                    f"is about {each.service}",
                    f"`postmortem correct` the one that names the wrong service, or "
                    f"{version.fact} without announcement",
                )
