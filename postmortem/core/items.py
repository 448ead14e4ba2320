"""What a dossier is made of: facts in force and declarations, with all that is said of them.

Like the rest of what only asks, this loads nothing but the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from postmortem.core.disruptions import Settled
from postmortem.core.lengths import DAY, HOUR, MINUTE
from postmortem.core.times import BEGINNING, END, Instant, Span, parse_stored

Body: TypeAlias = Mapping[str, Any]
"""An entry as JSON holds it, only read here; the module of `fields.Body` loads pydantic."""

_UNITS: Final = {"w": 7 * DAY, "d": DAY, "h": HOUR, "m": MINUTE}
_LENGTHS: Final = re.compile("([0-9]+)([wdhm])")


class Told(Protocol):
    """An entry of the log, to be shown: `store.view.Logged` is one."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def position(self) -> int: ...
    @property
    def recorded(self) -> Instant: ...
    @property
    def by(self) -> str | None: ...
    @property
    def shown(self) -> Body: ...
    @property
    def withheld(self) -> Mapping[str, str]: ...


def span_in(body: Body, key: str) -> Span | None:
    """The span of a time in a stored body; None where it has none."""
    stored = body.get(key)
    if stored is None:
        return None
    earliest, latest = stored["earliest"], stored["latest"]
    return Span(
        BEGINNING if earliest is None else parse_stored(earliest),
        END if latest is None else parse_stored(latest),
    )


def length(written: str) -> int:
    """How long a written duration is, such as `1d12h`, in microseconds; a day is 24 hours."""
    # `core.fields`, which says what can be written, loads pydantic
    return sum(int(count) * _UNITS[unit] for count, unit in _LENGTHS.findall(written))


@dataclass(frozen=True, slots=True)
class Declared:
    """A platform, service, capability or source, as it stood at R."""

    kind: str
    id: str
    position: int
    recorded: Instant
    body: Body
    """Words that are withheld stand there as `[withheld]`."""
    withheld: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name for people; of a source its title; else its id."""
        return str(self.body.get("name") or self.body.get("title") or self.id)

    @property
    def notice(self) -> int | None:
        """Of a service: the notice that its contract promises, in microseconds."""
        days = self.body.get("notice_days")
        return None if days is None else int(days) * DAY

    @property
    def published(self) -> Span | None:
        """Of a source: when it was published."""
        return span_in(self.body, "published_at")


@dataclass(frozen=True, slots=True)
class Item:
    """One fact of the record, by the version of it that stands."""

    fact: str
    """Its first id: the one to call it by."""
    id: str
    """The id of the version that stands."""
    type: str
    position: int
    known: Instant
    recorded: Instant
    by: str | None
    """Who recorded it."""
    body: Body
    """As recorded, people's words in the clear, or `[withheld]` where they are."""
    withheld: Mapping[str, str]
    """The fields whose words are, and why."""
    time: Settled | None = None
    """When it happened, with all that is claimed of it; of an announcement, when it was made."""
    due: Settled | None = None
    """Of an announcement or a rescheduling: when it takes effect."""
    claims: tuple[Item, ...] = ()
    """What else is said of its time (of an announcement, of `due`)."""
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The facts that it names, by key and by their first ids."""

    @property
    def at(self) -> Span | None:
        """Its own time."""
        return span_in(self.body, "at")

    @property
    def written(self) -> str | None:
        """Its own time as it was written."""
        return self.wording("at")

    @property
    def cites(self) -> tuple[str, ...]:
        """The citations: source ids, each with an optional #locator."""
        return tuple(self.body.get("cites", ()))

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of the sources that it cites, each once."""
        return tuple(dict.fromkeys(each.partition("#")[0] for each in self.cites))

    @property
    def public(self) -> bool:
        """Whether its words may stand in a document for the public."""
        return self.body.get("public") is True

    @property
    def silence(self) -> frozenset[str]:
        """The rules of `lint` that are not to speak of it."""
        return frozenset(self.body.get("silence", ()))

    @property
    def contested(self) -> bool:
        """Whether its time, or that at which it takes effect, is."""
        return any(each is not None and each.contested for each in (self.time, self.due))

    def span(self, key: str) -> Span | None:
        """The span of another of its times, such as `due` or `until`."""
        return span_in(self.body, key)

    def wording(self, key: str) -> str | None:
        """A time as it was written."""
        stored = self.body.get(key)
        return None if stored is None else str(stored["written"])

    def text(self, key: str) -> str | None:
        """What it says under a key; None where it says nothing."""
        value = self.body.get(key)
        return None if value is None else str(value)

    def names(self, key: str) -> str | None:
        """The first id of the one fact that it names under a key."""
        return next(iter(self.refers.get(key, ())), None)
