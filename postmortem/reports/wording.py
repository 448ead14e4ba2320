"""The fixed words of a document by language, and how it writes times, lengths and counts.

To add a language: write its file in `languages`, with the keys of `en.json`. The words are Markdown
(those of `plain` are not, and are escaped when printed); in `{…}` stands what is filled in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from postmortem.core.lengths import SECOND, lasted, whole_seconds
from postmortem.core.times import Instant, parse_stored
from postmortem.core.words import WITHHELD, reason_in
from postmortem.core.zones import in_zone
from postmortem.reports import escaping

LANGUAGES: Final = ("en", "de")

_FOLDER: Final = Path(__file__).with_name("languages")


class Markdown(str):
    """Text that is Markdown already; whatever else a template prints is escaped."""

    __slots__ = ()


@cache
def words(language: str) -> Mapping[str, str]:
    """The fixed words of a language by key."""
    found: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return found


def code(value: object) -> Markdown:
    """An id, a time as written, a place in a source: as code."""
    text = "" if value is None else str(value)
    return Markdown(escaping.code(text))


class Wording:
    """How a document says things: its language, and the zone of its platform."""

    def __init__(self, language: str, zone: str | None) -> None:
        self.language = language
        self.zone = zone
        self._words = words(language)

    def say(self, key: str, /, **values: object) -> Markdown:
        """The fixed words of that key, with values filled in. Raises: KeyError without such."""
        text = self._words[key]
        if values:
            text = text.format_map({name: self.escaped(value) for name, value in values.items()})
        return Markdown(text)

    def knows(self, key: str) -> bool:
        """Whether there are fixed words of that key."""
        return key in self._words

    def escaped(self, value: object) -> Markdown:
        """A value as Markdown that shows it, and nothing else."""
        if isinstance(value, Markdown):
            return value
        if value is None:
            return Markdown("")
        if value == WITHHELD:
            return self.say("withheld")
        if (reason := reason_in(value)) is not None:
            return self.say("withheld.because", reason=reason)
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        if isinstance(value, list | tuple):
            return self.listed(value)
        # emphasis around nothing would be a rule, or a list
        return Markdown(escaping.inline(str(value)) or "–")

    def listed(self, values: Iterable[object], last: str = "") -> Markdown:
        """Several values with commas between them, and `last` before the last one."""
        texts = [self.escaped(value) for value in values]
        if last and len(texts) > 1:
            return Markdown(", ".join(texts[:-1]) + f" {self.say(last)} {texts[-1]}")
        return Markdown(", ".join(texts))

    # --- times ------------------------------------------------------------------------------------

    def when(self, time: Mapping[str, Any] | None) -> str:
        """A time in the platform's zone: an instant, or from when to when; escaped later."""
        return self._span(time, self.zone)

    def utc(self, time: Mapping[str, Any] | None) -> str:
        """A time in UTC."""
        return self._span(time, None)

    def moment(self, instant: str | None) -> str:
        """An instant in the platform's zone, and in UTC where that is another."""
        if instant is None:
            return ""
        local, utc = (in_zone(parse_stored(instant), zone) for zone in (self.zone, None))
        if local == utc:
            return utc
        return f"{local} ({utc[11:] if local[:10] == utc[:10] else utc})"

    def since(self, instant: str | None) -> str:
        """From when on something has been so: the first full second at which it is."""
        if instant is None:
            return ""
        return in_zone(-(-parse_stored(instant) // SECOND) * SECOND, self.zone)

    def _span(self, time: Mapping[str, Any] | None, zone: str | None) -> str:
        if time is None:
            return ""
        earliest, latest = (
            None if time[side] is None else parse_stored(time[side])
            for side in ("earliest", "latest")
        )
        if earliest is None:
            if latest is None:
                return self.plain("time.unknown")
            return self.plain("time.until", latest=self._edge(latest, zone)[1])
        begins = in_zone(earliest, zone)
        if latest is None:
            return self.plain("time.from", earliest=begins)
        if earliest == latest:
            return begins
        before, ends = self._edge(latest, zone)
        key = "time.before" if before else "time.between"
        return self.plain(key, earliest=begins, latest=ends)

    def _edge(self, latest: Instant, zone: str | None) -> tuple[bool, str]:
        """The end of a span: whether it lies just before what is told of it."""
        if (latest + 1) % SECOND == 0:
            with suppress(ValueError):  # there is no next second after the year 9999
                return True, in_zone(latest + 1, zone)
        return False, in_zone(latest, zone)

    def plain(self, key: str, **values: str) -> str:
        """Fixed words that are no Markdown, with values filled in; escaped when printed."""
        return self._words[key].format_map(values)

    def local(self, instant: str) -> str:
        """An instant in the platform's zone: `2021-01-10 23:59 PST`."""
        return in_zone(parse_stored(instant), self.zone)

    def within(self, time: Mapping[str, Any] | None, day: str) -> str:
        """A time in the platform's zone, without the day where that is the one told already."""
        text = self.when(time)
        return text.replace(f"{day} ", "") if day else text

    def day(self, date: str) -> str:
        """A date in words: `Sunday, 10 January 2021`."""
        face = datetime.fromisoformat(date).replace(tzinfo=UTC)
        return self.plain(
            "day",
            weekday=self._words["weekdays"].split()[face.weekday()],
            day=str(face.day),
            month=self._words["months"].split()[face.month - 1],
            year=str(face.year),
        )

    # --- lengths ----------------------------------------------------------------------------------

    def number(self, value: int | str, unit: str) -> str:
        """A number of a measure: a length, a share in per cent rounded down, a count."""
        if unit == "seconds":
            return lasted(int(value))
        if unit == "share":
            above, _, below = str(value).partition("/")
            whole, rest = divmod(int(above) * 1_000_000 // int(below or 1), 10_000)
            return f"{whole}.{rest:04}".rstrip("0").rstrip(".") + " %"
        return str(value)

    def measured(self, measure: Mapping[str, Any] | None) -> str:
        """What a measure came to, in words."""
        if measure is None:
            return self.plain("measure.none")
        if measure["outcome"] == "not applicable":
            return self.plain("measure.not-applicable", why=self.why(measure["why"]))
        text = self.range(measure, measure["unit"])
        if measure["outcome"] == "invalid":
            return self.plain("measure.invalid", why=self.why(measure["why"]), range=text)
        if measure["outcome"] == "so far":
            return self.plain("measure.so-far", range=text, at=self.since(measure["as_of"]))
        return text

    def range(self, found: Mapping[str, Any], unit: str = "seconds") -> str:
        """At least and at most."""
        ends = [found[side] for side in ("least", "most")]
        if unit == "seconds":
            ends = list(whole_seconds(*(None if end is None else int(end) for end in ends)))
        least, most = (None if end is None else self.number(end, unit) for end in ends)
        if least is None:
            return self.plain("measure.open" if most is None else "measure.most", most=most or "")
        if most is None:
            return self.plain("measure.least", least=least)
        if least == most:
            return least
        return f"{least} … {most}"

    def why(self, why: Mapping[str, Any] | None) -> str:
        """Why there is no number."""
        if why is None:
            return ""
        return self._words[f"why.{why['code']}"].format(", ".join(why["names"]))
