"""What in a record has no effect, or contradicts itself: the rules of `check` that are errors."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import Final

from postmortem.core.check_material import SPEAKS, Finds, Found, Material, listed
from postmortem.core.history import (
    CUT_OFF,
    RESCHEDULED,
    RESTORED,
    RETRACTED,
    WITHDRAWN,
    Version,
)

_NO_EFFECT: Final = {
    RESTORED: ", and has no effect on it",
    CUT_OFF: ", and the link has no effect",
}
_ONCE: Final = {RESTORED: "end", CUT_OFF: "carry out", WITHDRAWN: "withdraw"}


def points_to_retracted(m: Material) -> Finds:
    """Facts in force that speak of a retracted one, and corrections and retractions of such."""
    for version in m.standing:
        if version.type != RETRACTED:
            for subject in version.subjects:
                if subject in m.by_fact and not m.counts(subject):
                    yield _pointing(m, version, subject)
    yield from _corrected_in_vain(m)
    yield from _retracted_again(m)


def _pointing(m: Material, version: Version, subject: str) -> Found:
    id = version.fact
    retraction = m.last_retraction.get(subject)
    by = f" by {retraction.fact}" if retraction else ""
    if version.type in SPEAKS:
        speaks, effect = SPEAKS[version.type], _NO_EFFECT.get(version.type, ", and has no effect")
    else:
        speaks, effect = "is about", ""  # a note decides nothing anyway
    return Found(
        (id, subject),
        version,
        f"{id} {speaks} {subject}, which is retracted{by}{effect}",
        f"`postmortem correct {id}` to name what stands, or `postmortem retract {id}`",
    )


def _corrected_in_vain(m: Material) -> Finds:
    """A clerical correction takes the place of the slip, so the retraction stays the last word."""
    for fact, retractions in m.retractions.items():
        if m.counts(fact):
            continue
        # the furthest place of so many retractions: the first one beyond a version is looked up
        furthest = list(accumulate((each.place for each in retractions), max))
        for version in m.by_fact.get(fact, ()):
            beyond = bisect_right(furthest, version.place)
            if beyond == len(retractions) or m.taken_back(version):
                continue
            retraction = retractions[beyond]
            if retraction.position < version.position:
                yield Found(
                    (version.id, fact),
                    version,
                    f"{version.id} corrects {fact}, which is retracted by {retraction.fact}, and "
                    "has no effect",
                    f"if the fact stands after all, `postmortem retract {retraction.fact}`",
                )


def _retracted_again(m: Material) -> Finds:
    """Of a fact, only a correction between them gives a second retraction something to take."""
    for id, retractions in m.retractions.items():
        if len(retractions) > 1:
            words = m.words(id)  # none where it names a later version
            pairs = [
                (before.version, after.version)
                for before, after in pairwise(words)
                if before.takes_back and after.takes_back
            ]
            for first, again in pairs if words else pairwise(retractions):
                yield Found(
                    (again.fact, id),
                    again,
                    f"{again.fact} takes back {id}, which {first.fact} has taken back, and has no "
                    "effect",
                    f"`postmortem retract {again.fact}`: else {id} stays retracted where "
                    f"{first.fact} proves wrong",
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
                f"mend the time that is wrong: `postmortem correct {step}` or `postmortem correct "
                f"{disruption.id}`",
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
                    f"mend the time that is wrong with `postmortem correct {step}`; what went out "
                    "again is a disruption of its own",
                )


def told_twice(m: Material) -> Finds:
    """Two endings of a disruption, two confirmations or withdrawals of an announcement."""
    for subject in filter(m.counts, m.about):
        for type, does in _ONCE.items():
            ids = [version.fact for version in m.speaking(subject, type)]
            if len(ids) > 1:
                yield Found(
                    (subject, *ids),
                    m.situation.facts[ids[-1]],
                    f"{listed(ids)} {'both' if len(ids) == 2 else 'all'} {does} {subject}",
                    "keep one and `postmortem retract` what else says so; another source's time "
                    "for it is a time-claimed",
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
        withdrawals = m.speaking(each.id, WITHDRAWN)
        for version in m.speaking(each.id, RESCHEDULED):
            assert version.at is not None
            if version.at.earliest > each.withdrawn:
                withdrawal = withdrawals[0].fact
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
                    f"mend the time that is wrong: `postmortem correct {version.fact}` or "
                    f"`postmortem correct {each.id}`",
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
                    f"mend the service that is wrong: `postmortem correct {version.fact}` or "
                    f"`postmortem correct {each.id}`",
                )
