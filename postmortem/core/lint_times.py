"""Times of day, dates and lengths of time that a text states, in English and German.

Only what is plainly put is read: `at 11:59`, `um 23:59 Uhr`, `on 10 January`, `am 10. Januar`,
`for about 3 hours`, `dauerte 90 Minuten`. What stands in a range, or behind `about`, states nothing
exact; and what may mean something else is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from postmortem.core.lengths import DAY, SECOND
from postmortem.core.lint_prose import Prose, Range
from postmortem.core.lint_words import (
    EXPECTED,
    HEDGES,
    LANGUAGES,
    MONTHS,
    NOT,
    NUMBERS,
    UNITS,
    words,
)
from postmortem.core.times import BEGINNING, END, Span


class Stated(NamedTuple):
    """A time that a text states as exact."""

    start: int
    end: int
    precision: int
    """How long the span may be that such a wording still fits, in microseconds."""
    month_day: tuple[int, int] | None = None
    year: int | None = None

    def may_lie_in(self, span: Span) -> bool:
        """Whether it may be the time of something with that span; a time of day always may."""
        if self.month_day is None or BEGINNING in span or END in span:
            return True
        first, last = (_year(bound) for bound in span)
        years = [self.year] if self.year else range(first - 1, min(last, first + 8) + 2)
        return any(self._within(year, span) for year in years)

    def _within(self, year: int, span: Span) -> bool:
        try:
            day = date(year, *self.month_day) if self.month_day else None
        except ValueError:
            return False
        if day is None:
            return True
        noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * SECOND
        return span.earliest - DAY <= noon <= span.latest + DAY  # whatever the zone


def _year(instant: int) -> int:
    return 1970 + instant // (31_556_952 * SECOND)  # a Gregorian year's mean; a day off at most


_CLOCK: Final = (
    r"(?:\d{1,2}(?::\d{2}(?P<second>:\d{2})?|\.\d{2}(?=\suhr))(?:\s?(?:[ap]m\b|[ap]\.m\.))?(?:\suhr\b)?"
    r"|(?P<hour>\d{1,2})\s?(?:(?:[ap]m\b|[ap]\.m\.)|uhr\b)"
    r"|(?P<named>noon|midnight|mitternacht))"
)
_AT: Final = re.compile(
    r"(?<!\w)(?:at|um|punkt|exactly|precisely|genau|exakt)\s(?:exactly\s|precisely\s|genau\s)?"
    + _CLOCK
    + r"(?![\w:])"
)
_GOES_ON: Final = re.compile(
    r"\s*(?:(?:pst|pdt|est|edt|cet|cest|utc|gmt|uhr|o'clock)\s*)?"
    r"(?:[-–—]|\.\.|(?:to|till|until|bis|or|oder)(?!\w))"
)
_LOOSE: Final = words(
    "latest earliest about around roughly approximately shortly sometime before after between from "
    "until by no not than spätestens frühestens etwa ungefähr rund circa ca kurz zwischen bis ab "
    "vor nach gegen nicht said planned scheduled due geplant"
)
_MONTH: Final = "|".join(sorted(MONTHS, key=lambda word: (-len(word), word)))
_ON: Final = re.compile(
    r"(?<!\w)(?:on|am)\s(?:\w+day,?\s|\w+tag,?\s(?:dem\s)?)?(?:the\s)?(?:"
    rf"(?P<d1>\d{{1,2}})(?:st|nd|rd|th|\.)?\s(?:of\s)?(?P<m1>{_MONTH})(?:\.?,?\s(?P<y1>\d{{4}}))?"
    rf"|(?P<m2>{_MONTH})\.?\s(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<y2>\d{{4}}))?"
    r"|(?P<y3>\d{4})-(?P<m3>\d{2})-(?P<d3>\d{2})"
    r"|(?P<d4>\d{1,2})\.(?P<m4>\d{1,2})\.(?P<y4>\d{4})?"
    r")(?!\w)"
)


def stated_times(prose: Prose, within: Range) -> Iterator[Stated]:
    """The times of day that a sentence states as exact."""
    for found in _AT.finditer(prose.plain, *within):
        if _is_loose(prose, found):
            continue
        precision = 3600 if found["hour"] else 1 if found["second"] else 60
        yield Stated(found.start(), found.end(), precision * SECOND)


def stated_dates(prose: Prose, within: Range) -> Iterator[Stated]:
    """The dates that a sentence states as exact."""
    for found in _ON.finditer(prose.plain, *within):
        if _is_loose(prose, found):
            continue
        day, month, year = (
            next((found[f"{key}{n}"] for n in range(1, 5) if found[f"{key}{n}"]), None)
            for key in "dmy"
        )
        assert day is not None
        assert month is not None
        number = MONTHS[month] if month in MONTHS else int(month)
        # a day of daylight saving has up to 25 hours
        precision = DAY + 3600 * SECOND
        yield Stated(
            found.start(), found.end(), precision, (number, int(day)), int(year) if year else None
        )


def _is_loose(prose: Prose, found: re.Match[str]) -> bool:
    if _GOES_ON.match(prose.plain, found.end()):
        return True
    return any(word in _LOOSE for word in prose.before(found.start(), 2))


# --- lengths --------------------------------------------------------------------------------------


class Length(NamedTuple):
    """How long something is said to have lasted: at least and at most so long, microseconds."""

    start: int
    end: int
    least: float
    most: float

    def fits(self, measured: tuple[float, float]) -> bool:
        """Whether it may be that length."""
        return self.least <= measured[1] and measured[0] <= self.most


_HEDGE: Final = "|".join(
    re.escape(word).replace(r"\ ", r"\s") for word in sorted(HEDGES, key=lambda w: (-len(w), w))
)
_NUMBER: Final = "|".join(sorted(NUMBERS, key=lambda word: (-len(word), word)))
_UNIT: Final = "|".join(sorted(UNITS, key=lambda word: (-len(word), word)))
_QUANTITY: Final = rf"(?:\d{{1,6}}(?:[.,]\d{{1,3}})?|{_NUMBER})[\s-](?:{_UNIT})(?!\w)"
_LENGTH: Final = re.compile(
    rf"(?<![\w.,])(?:(?P<hedge>{_HEDGE})\s)?(?P<first>{_QUANTITY})"
    rf"(?:\s?(?:,|and\s|und\s)?\s?(?P<second>{_QUANTITY}))?"
)
_LASTED: Final = re.compile(
    r"(?:(?<!\w)for|(?<!\w)last(?:ed|ing|s)|(?<!\w)dauerte[n]?|(?<!\w)für|(?<!\w)during)"
    r"(?:\s(?:a\stotal\sof|in\stotal|insgesamt|only|nur))?\s*$"
)
_LONG: Final = re.compile(
    r"\s(?:lang(?!\w)|long(?!\w)|(?:of\s)?(?:outage|downtime|unavailability)|(?:an?\s)?ausfall)"
)
_ELSEWHEN: Final = re.compile(
    r"\s(?:before|after|later|ago|earlier|notice|vor|nach|später|zuvor)\b"
)
_LOSS: Final = re.compile(
    r"(?<!\w)(?:outage|down|downtime|offline|unavailable|dark|out|impaired|degraded|disrupted|"
    r"\w*ausfall|\w*ausgefallen|fiel|nicht\s(?:erreichbar|verfügbar)|gestört|beeinträchtigt|"
    r"störung|lahm|weg)(?!\w)"
)


def stated_length(prose: Prose, within: Range) -> Length | None:
    """How long a sentence says that something was out or impaired, where it says one length."""
    plain = prose.plain
    lengths = list(_LENGTH.finditer(plain, *within))
    if len(lengths) != 1 or not _LOSS.search(plain, *within):
        return None
    (found,) = lengths
    before = plain[max(within.start, found.start() - 40) : found.start()]
    if not (_LASTED.search(before) or _LONG.match(plain, found.end())):
        return None
    if _ELSEWHEN.match(plain, found.end()) or prose.first(EXPECTED, within):
        return None
    if any(word[0] in NOT[language] for word in prose.words(within) for language in LANGUAGES):
        return None
    return _length(found)


def _length(found: re.Match[str]) -> Length | None:
    value, unit, step = _quantity(found["first"])
    if found["second"]:
        more, smaller, step = _quantity(found["second"])
        if smaller >= unit:
            return None
        value += more
    least, most = value - step / 2, value + step / 2
    kind = HEDGES.get(" ".join((found["hedge"] or "").split()))
    if kind == "least":
        least, most = value, float("inf")
    elif kind == "most":
        least, most = 0.0, value
    elif kind == "about":
        least, most = min(least, value * 0.75), max(most, value * 1.25)
    return Length(found.start(), found.end(), least * SECOND, most * SECOND)


def _quantity(text: str) -> tuple[float, int, float]:
    """How many seconds, the unit, and the step between one such wording and the next."""
    number, _, word = re.sub(r"[\s-]", " ", text).rpartition(" ")
    unit = UNITS[word]
    if number in NUMBERS:
        return NUMBERS[number] * unit, unit, unit
    decimals = len(number.replace(",", ".").partition(".")[2])
    return float(number.replace(",", ".")) * unit, unit, unit / 10**decimals
