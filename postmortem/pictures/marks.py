"""What was said and done of each service, and when one could know it: the marks of its lane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from postmortem.core.chronicle import concerns
from postmortem.core.disruptions import Disruption, Expected, Settled
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CONFIRMED,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    WITHDRAWN,
)
from postmortem.core.levels import Level
from postmortem.core.state import Picture
from postmortem.core.times import Instant, Span
from postmortem.pictures.lanes import Mark, Sign

_MARKED: Final = {
    ANNOUNCED, RESCHEDULED, WITHDRAWN, CLAIMED, EFFECT_CHANGED, RESTORED, *CONFIRMED
}  # fmt: skip
"""The types whose knowledge is shown: of what is marked, or moves a mark."""


def marks_by_service(picture: Picture) -> dict[str, list[Mark]]:
    """The marks of each service in the order of their time, then when one could know of them."""
    facts = picture.situation.facts
    rescheduled: dict[str, list[Mark]] = defaultdict(list)
    known: dict[str, dict[Instant, list[str]]] = defaultdict(lambda: defaultdict(list))
    for fact, version in facts.items():
        if version.type == RESCHEDULED and version.at is not None:
            mark = Mark(Sign.RESCHEDULED, version.at, (fact,))
            rescheduled[version.subjects[0]].append(mark)
        if version.type in _MARKED:
            for id in concerns(version, None, facts.get):
                known[id][version.known].append(fact)
    found: dict[str, list[Mark]] = {}
    for service, disruptions in picture.by_service.items():
        marks: set[Mark] = set()
        for each in disruptions:
            marks.update(_of(each))
            marks.update(rescheduled.get(each.id, ()))
        found[service] = sorted(marks, key=_place)
        found[service] += [
            Mark(Sign.KNOWN, Span(at, at), tuple(sorted(several)))
            for at, several in sorted(known[service].items())
        ]
    return found


def _place(mark: Mark) -> tuple[Span, str, tuple[str, ...]]:
    return mark.time, mark.sign.value, mark.facts


def _of(disruption: Disruption | Expected) -> Iterator[Mark]:
    if isinstance(disruption, Expected):
        due = disruption.effective
        if disruption.withdrawals:
            due = min(disruption.withdrawals, key=lambda time: (time.span.latest, time))
        yield Mark(
            Sign.ANNOUNCED,
            disruption.announced,
            (disruption.id,),
            due=due.span,
            due_contested=due.contested,
        )
        yield from _settled(Sign.WITHDRAWN, disruption.withdrawals)
        return
    yield from _settled(_effect(disruption.effect), [disruption.start])
    for change in disruption.changes:
        if change.time.span.earliest < disruption.certain_end:  # else it changed nothing
            yield from _settled(_effect(change.effect), [change.time])
    yield from _settled(Sign.RESTORED, disruption.restorations)


def _effect(level: Level) -> Sign:
    return Sign.OUT if level is Level.UNAVAILABLE else Sign.DEGRADED


def _settled(sign: Sign, times: Sequence[Settled]) -> Iterator[Mark]:
    for time in times:
        yield Mark(sign, time.span, (time.fact,), time.contested)
