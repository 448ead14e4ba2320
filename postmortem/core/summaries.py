"""Measures over several incidents: how many, their median and their range.

No mean and no trend: lengths of incidents are so skewed that a mean says nothing of the next one.
Source: Davidovic, Incident Metrics in SRE (Google, 2021); the VOID reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from postmortem.core.metrics import (
    DEFINITIONS,
    PER_CAPABILITY,
    SHARE,
    Invalid,
    Measure,
    NotApplicable,
    Number,
    Outcome,
    Range,
    SoFar,
    word,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """One measure over several incidents."""

    key: str
    about: str | None
    """The capability that it is about; None: all."""
    count: int
    """How many of them have a value; of one that goes on, the value so far is the least."""
    median: Range | None
    """Of the leasts and of the mosts; None where none has a value."""
    range: Range | None
    """From the smallest to the greatest that it may be."""
    left_out: Mapping[str, int]
    """How many have none, by `word`."""


def summaries(all_of: Iterable[Sequence[Measure]]) -> list[Summary]:
    """Over several incidents: of each measure how many there are, their median and their range."""
    outcomes: dict[tuple[str, str | None], list[Outcome]] = {}
    for measures_of_one in all_of:
        for measure in measures_of_one:
            if measure.key == "loss-order":
                continue  # places in different orders have no middle
            about = measure.about if measure.key in PER_CAPABILITY else None
            outcomes.setdefault((measure.key, about), []).append(measure.outcome)
    order = {key: place for place, key in enumerate(DEFINITIONS)}
    keys = sorted(outcomes, key=lambda pair: (order[pair[0]], pair[1] or ""))
    return [summary(key, about, outcomes[key, about]) for key, about in keys]


def summary(key: str, about: str | None, outcomes: Sequence[Outcome]) -> Summary:
    """The summary of those outcomes of one measure."""
    counted: list[Range] = []
    left_out: dict[str, int] = {}
    for outcome in outcomes:
        found = _counted(outcome, DEFINITIONS[key].unit)
        if found is None:
            left_out[word(outcome)] = left_out.get(word(outcome), 0) + 1
        else:
            counted.append(found)
    return Summary(key, about, len(counted), median(counted), covering(counted), left_out)


def _counted(outcome: Outcome, unit: str) -> Range | None:
    if isinstance(outcome, SoFar):
        # what goes on can only get longer; a share may rise as well as fall
        return None if unit == SHARE or outcome.least is None else Range(outcome.least, None)
    if isinstance(outcome, Invalid | NotApplicable):
        return None
    return outcome


def median(ranges: Sequence[Range]) -> Range | None:
    """The median of the leasts and that of the mosts: the median of whatever they turn out to be.

    Of an even number it lies halfway between the middle two, rounded outward to whole units. An
    open side counts as less, or more, than every number.
    """
    if not ranges:
        return None
    return Range(
        _middle([each.least for each in ranges], open_first=True),
        _middle([each.most for each in ranges], open_first=False),
    )


def _middle(values: Sequence[Number | None], *, open_first: bool) -> Number | None:
    bounded = sorted(value for value in values if value is not None)
    gaps: list[Number | None] = [None] * (len(values) - len(bounded))
    ordered: list[Number | None] = [*gaps, *bounded] if open_first else [*bounded, *gaps]
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    if low is None or high is None:
        return None
    if isinstance(low, Fraction) or isinstance(high, Fraction):
        return Fraction(low + high) / 2
    return (low + high) // 2 if open_first else -(-(low + high) // 2)


def covering(ranges: Sequence[Range]) -> Range | None:
    """From the smallest least to the greatest most; a side is open where one is."""
    if not ranges:
        return None
    leasts = [each.least for each in ranges]
    mosts = [each.most for each in ranges]
    return Range(
        None if None in leasts else min(each for each in leasts if each is not None),
        None if None in mosts else max(each for each in mosts if each is not None),
    )
