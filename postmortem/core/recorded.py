"""What the log holds: the envelope around an entry, and what the state reads out of its body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from postmortem.core import formulas
from postmortem.core.entries import Entry
from postmortem.core.errors import BadInput
from postmortem.core.events import CATALOGUE
from postmortem.core.fields import Body
from postmortem.core.history import RETRACTED, Version
from postmortem.core.levels import Level
from postmortem.core.times import BEGINNING, END, Instant, Span, parse_stored


def topic(cls: type[Entry]) -> str:
    """The stored name with the version of its body: `service-down/1`."""
    return f"{cls.TYPE}/{cls.SCHEMA}"


def upcast(stored: str, body: Body) -> tuple[type[Entry], Body]:
    """The class of a stored topic, and its body raised to the version of today.

    Raises: BadInput, for a type or version that this program does not know.
    """
    if stored in _TODAY:
        return _TODAY[stored], body
    name, _, number = stored.partition("/")
    cls = CATALOGUE.get(name)
    if cls is None or number not in map(str, range(1, cls.SCHEMA + 1)):
        raise BadInput(f"{stored!r} is no stored type that this version of the program knows")
    for version in range(int(number), cls.SCHEMA):
        body = cls.UPCASTS[version](body)
    return cls, body


_TODAY: Final = {topic(cls): cls for cls in CATALOGUE.values()}


class Recorded(NamedTuple):
    """One event as the log holds it: the envelope that recording completes, and the body.

    Its canonical bytes (RFC 8785) are what is stored, and what proofs are made of. `known_at` is
    resolved, RFC 3339 in UTC like `recorded_at`; of a declaration it is None. In `body`, and as
    `recorded_by`, people's words are salted digests.
    """

    platform: str
    id: str
    stream: str
    version: int
    type: str
    position: int
    recorded_at: str
    recorded_by: Body | None
    known_at: str | None
    body: Body

    @property
    def originator_id(self) -> str:
        """The stream, in the words of the library that stores it."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version in the stream, in the words of the library that stores it."""
        return self.version

    @property
    def name(self) -> str:
        """The type without the version of its body."""
        return self.type.partition("/")[0]

    def envelope(self) -> Body:
        """Everything, as JSON holds it."""
        return {
            "body": self.body,
            "id": self.id,
            "known_at": self.known_at,
            "platform": self.platform,
            "position": self.position,
            "recorded_at": self.recorded_at,
            "recorded_by": self.recorded_by,
            "stream": self.stream,
            "type": self.type,
            "version": self.version,
        }


def source_of(citation: str) -> str:
    """The source id of a citation."""
    return citation.partition("#")[0]


def span_of(body: Body, *keys: str) -> Span | None:
    """The span that a stored body holds under the first of those keys that it has."""
    for key in keys:
        if key in body:
            written = body[key]
            begins, ends = written["earliest"], written["latest"]
            earliest = BEGINNING if begins is None else parse_stored(begins)
            if begins is not None and begins == ends:
                return Span(earliest, earliest)
            return Span(earliest, END if ends is None else parse_stored(ends))
    return None


SUBJECTS: Final = (
    "announcement", "disruption", "ends", "about",
    "incident", "question", "estimate", "deadline", "item",
)  # fmt: skip
"""The keys under which an event names the facts that it speaks of."""


def named(body: Body) -> list[str]:
    """The ids of the facts that a stored body speaks of, as it names them."""
    found: list[str] = []
    for key in SUBJECTS:
        if key in body:
            value = body[key]
            found += [value] if isinstance(value, str) else value
    return found


def version_of(
    name: str,
    id: str,
    body: Body,
    *,
    position: int,
    known: Instant,
    recorded: Instant,
    earlier: Callable[[str], Version | None],
) -> Version:
    """What the state depends on of one event; `earlier` finds a version recorded before it."""
    replaced = earlier(body["replaces"]) if "replaces" in body else None
    if name == RETRACTED:
        subjects: tuple[str, ...] = (body["event"],)
    else:
        found = (earlier(one) for one in named(body))
        subjects = tuple(version.fact for version in found if version is not None)
    effect = body.get("effect")
    return Version(
        id=id,
        fact=id if replaced is None else replaced.fact,
        type=name,
        position=position,
        place=(*(replaced.place if replaced and body.get("clerical") else ()), position),
        known=known,
        recorded=recorded,
        at=span_of(body, "at"),
        effective=span_of(body, "effective_at", "time"),
        service=body.get("service"),
        capability=body.get("capability"),
        effect=None if effect is None else Level.of(effect),
        formula=formulas.parse(body["requires"]) if "requires" in body else None,
        subjects=subjects,
    )
