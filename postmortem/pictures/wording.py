"""The fixed words of a picture, by language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from postmortem.core.levels import Level
from postmortem.pictures.lanes import Condition, Sign


@dataclass(frozen=True, slots=True)
class Wording:
    """What a picture says in one language."""

    language: str
    """As BCP 47 has it."""
    conditions: Mapping[Condition, str]
    signs: Mapping[Sign, str]
    levels: Mapping[Level, str]
    weekdays: tuple[str, ...]
    """Short, from Monday."""
    months: tuple[str, ...]
    """Short, from January."""
    day: str
    """A day with {weekday}, {day} and {month}."""
    headline: str
    """With {title}."""
    what_worked: str
    who_acted: str
    nothing: str
    """Where nothing has a date."""
    no_lanes: str
    times_in: str
    """With {zone}."""
    then: str
    """Between two names of one zone."""
    known_now: str
    known: str
    """With {at}."""
    recorded: str
    """With {at}."""
    cursor: str
    """With {at}."""
    outside: str
    """Where the cursor is not in the picture; with {at}."""
    since: str
    """From when on something holds: with {at} and {what}."""
    either: str
    """With {worst} and {best}."""
    ending: str
    """Added where people are on notice."""
    about: str
    """The picture in words: with {title}, {start}, {end}."""
    counted: str
    """At an instant: with {at}."""
    more: str
    """With {count}: so many more of what is listed."""
    between: str
    """A span: with {earliest} and {latest}."""
    by: str
    later: str
    some_time: str
    contested: str
    to_take_effect: str
    """With {at}."""
    knowable: str
    """With {at}."""
    perhaps: str
    """Where it is not certain which of several formulas holds."""
    joints: Mapping[str, str]
    """By the word for it in a formula; of `at_least` with {count} and {of}."""
    single: str
    """Of a service whose loss alone stops something."""
    stops: str
    """So many capabilities it stops: {count} {of} how many."""
    together: str
    legend_notice: str
    legend_span: str
    legend_contested: str
    legend_open: str

    def condition(self, condition: Condition, worst: Level, best: Level, announced: bool) -> str:
        """How something stands, in words."""
        text = self.conditions[condition]
        if condition is Condition.UNCERTAIN:
            text += self.either.format(worst=self.levels[worst], best=self.levels[best])
        if announced and condition is not Condition.ENDING:
            text += self.ending
        return text


ENGLISH: Final = Wording(
    language="en",
    conditions={
        Condition.WORKS: "works",
        Condition.ENDING: "works, its ending announced",
        Condition.DEGRADED: "degraded",
        Condition.UNCERTAIN: "uncertain",
        Condition.OUT: "out",
        Condition.SILENT: "nothing recorded",
    },
    signs={
        Sign.ANNOUNCED: "announced",
        Sign.RESCHEDULED: "rescheduled",
        Sign.WITHDRAWN: "withdrawn",
        Sign.OUT: "went out",
        Sign.DEGRADED: "became degraded",
        Sign.RESTORED: "restored",
        Sign.KNOWN: "could be known",
    },
    levels={Level.UNAVAILABLE: "out", Level.DEGRADED: "degraded", Level.OPERATIONAL: "works"},
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=(
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
    ),
    day="{weekday} {day} {month}",
    headline="{title}: what worked when",
    what_worked="What still worked",
    who_acted="Who acted, and when one could know it",
    nothing="Nothing that has a date is recorded.",
    no_lanes="Nothing was declared by then.",
    times_in="times in {zone}",
    then=", then ",
    known_now="as known by all that is recorded",
    known="as known at {at}",
    recorded="as recorded by {at}",
    cursor="at {at}",
    outside="{at} lies outside this picture",
    since="from {at} {what}",
    either=" ({worst} or {best})",
    ending=", an ending announced",
    about="Timeline of {title} from {start} to {end}.",
    counted="At {at}: ",
    more="and {count} more",
    between="{earliest} to {latest}",
    by="by {at}",
    later="{at} or later",
    some_time="at an unknown time",
    contested="its time contested",
    to_take_effect="to take effect {at}",
    knowable="could be known from {at}",
    perhaps="perhaps",
    joints={
        "all_of": "all of",
        "any_of": "one of",
        "at_least": "{count} of {of}",
        "parts": "parts",
        "optional": "optional",
        "fallback": "makeshift",
    },
    single="single point of failure",
    stops="alone stops {count} of {of}",
    together="Stopped only if several are lost",
    legend_notice="until when announced",
    legend_span="some time in between",
    legend_contested="sources disagree",
    legend_open="goes on beyond",
)

GERMAN: Final = Wording(
    language="de",
    conditions={
        Condition.WORKS: "geht",
        Condition.ENDING: "geht, das Ende ist angekündigt",
        Condition.DEGRADED: "eingeschränkt",
        Condition.UNCERTAIN: "ungewiss",
        Condition.OUT: "ausgefallen",
        Condition.SILENT: "nichts verzeichnet",
    },
    signs={
        Sign.ANNOUNCED: "angekündigt",
        Sign.RESCHEDULED: "verschoben",
        Sign.WITHDRAWN: "zurückgenommen",
        Sign.OUT: "fiel aus",
        Sign.DEGRADED: "wurde eingeschränkt",
        Sign.RESTORED: "wiederhergestellt",
        Sign.KNOWN: "konnte man wissen",
    },
    levels={
        Level.UNAVAILABLE: "ausgefallen",
        Level.DEGRADED: "eingeschränkt",
        Level.OPERATIONAL: "geht",
    },
    weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    months=(
        "Jan.",
        "Febr.",
        "März",
        "Apr.",
        "Mai",
        "Juni",
        "Juli",
        "Aug.",
        "Sept.",
        "Okt.",
        "Nov.",
        "Dez.",
    ),
    day="{weekday} {day}. {month}",
    headline="{title}: was wann ging",
    what_worked="Was noch ging",
    who_acted="Wer handelte, und ab wann man es wissen konnte",
    nothing="Verzeichnet ist nichts, was ein Datum hat.",
    no_lanes="Bis dahin war nichts angegeben.",
    times_in="Zeiten in {zone}",
    then=", dann ",
    known_now="nach allem, was verzeichnet ist",
    known="nach dem Wissen vom {at}",
    recorded="nach den Einträgen bis {at}",
    cursor="am {at}",
    outside="{at} liegt außerhalb dieses Bildes",
    since="ab {at} {what}",
    either=" ({worst} oder {best})",
    ending=", ein Ende ist angekündigt",
    about="Zeitleiste von {title}, {start} bis {end}.",
    counted="Am {at}: ",
    more="und {count} weitere",
    between="{earliest} bis {latest}",
    by="bis {at}",
    later="{at} oder später",
    some_time="zu unbekannter Zeit",
    contested="die Zeit ist strittig",
    to_take_effect="zum {at}",
    knowable="konnte man wissen ab {at}",
    perhaps="vielleicht",
    joints={
        "all_of": "alle von",
        "any_of": "eines von",
        "at_least": "{count} von {of}",
        "parts": "Teile",
        "optional": "entbehrlich",
        "fallback": "Notbehelf",
    },
    single="einzelne Schwachstelle",
    stops="legt allein {count} von {of} lahm",
    together="Steht nur, wenn mehrere verloren gehen",
    legend_notice="bis zum angekündigten Zeitpunkt",
    legend_span="irgendwann dazwischen",
    legend_contested="Quellen widersprechen sich",
    legend_open="geht darüber hinaus",
)

WORDINGS: Final = {wording.language: wording for wording in (ENGLISH, GERMAN)}
"""By language."""
