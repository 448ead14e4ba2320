"""The frame of a write: store, platform, zone and moment; what is there, and what is still free."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import click

from postmortem.cli.entry import dashed
from postmortem.cli.options import event_time
from postmortem.cli.place import tracker
from postmortem.core import catalogue, reading
from postmortem.core.catalogue import Field, Kind
from postmortem.core.entries import Entry
from postmortem.core.errors import BadInput, BadTime, StoreMissing
from postmortem.core.events import DECLARATIONS, EVENTS
from postmortem.core.fields import ID_PATTERN, When
from postmortem.core.history import Version, last_word
from postmortem.core.lengths import HOUR, SECOND
from postmortem.core.record import NOW
from postmortem.core.times import Instant, Span, format_span, parse_span
from postmortem.core.typed import read_span
from postmortem.core.zones import known_zone
from postmortem.store.record import ViewRecord
from postmortem.store.suggestions import nearest
from postmortem.tracker import Tracker, system_clock

_ANOTHER_DAY: Final = 36 * HOUR
CLASSES: Final[Mapping[str, type[Entry]]] = {
    **{cls.KIND: cls for cls in DECLARATIONS.values()},
    **EVENTS,
}
"""The class of every kind, by the name that is typed."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where something is written down."""

    store: Tracker
    platform: str
    home: str | None
    """The platform's zone: of times that are typed without one."""
    zone: str | None
    """The zone to show."""
    now: Instant
    """This moment, to the second: what `now` and `-2h` are read by."""
    json: bool

    @property
    def record(self) -> ViewRecord:
        """The platform's record as it is stored at this moment."""
        return ViewRecord(self.store.view.connection, self.platform)

    @property
    def interactive(self) -> bool:
        """Whether somebody sits there who can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    # --- times ----------------------------------------------------------------------------------

    def when(self, text: str, option: str) -> When:
        """A time as it was typed.

        A written form stays as it is, and so does what is typed with its date; what is only meant
        from here and now (`-2h`, `@ID`) is kept as the instants that it came to.

        Raises: BadTime, BadInput, naming the option.
        """
        try:
            return When(parse_span(text, self.home), text)
        except BadTime:
            pass
        try:
            span = self._typed(text, self.now)
            if "@" not in text and self._typed(text, self.now - _ANOTHER_DAY) == span:
                return When(span, text)
        except BadTime as problem:
            raise BadTime(f"{option}: {problem.message}", hint=problem.hint) from None
        except BadInput as problem:
            raise BadInput(f"{option}: {problem.message}", hint=problem.hint) from None
        return When(span, format_span(span))

    def now_or(self, known: Instant) -> When:
        """Now, which is a whole second; or that instant, where it was later in this one."""
        latest = max(self.now, known)
        span = Span(latest, latest)
        return When(span, format_span(span))

    def _typed(self, text: str, now: Instant) -> Span:
        return read_span(
            text, zone=self.home, now=now, event=partial(event_time, self.store, self.platform)
        )

    # --- what is there --------------------------------------------------------------------------

    def version(self, id: str) -> Version:
        """The version of that id.

        Raises: BadInput, with the id that may have been meant.
        """
        self.check_id(id, "ID")
        found = self.record.version(id)
        if found is None:
            for kind in ("service", "capability", "source", "platform"):
                if self.record.declaration(kind, id) is not None:
                    raise BadInput(
                        f"{id} is a {kind}, not an event",
                        hint=f"a declaration is changed with: postmortem declare {kind} {id} "
                        "--amend …",
                    )
            near = nearest(self.store.view, self.platform, id, names="version")
            raise BadInput(
                f"there is no event {id!r}",
                hint=f"did you mean {near}?" if near else "`postmortem log` lists them",
            )
        return found

    def in_force(self, id: str) -> Version:
        """The version that stands now of the fact that has that id.

        Raises: BadInput, where there is none.
        """
        record, fact = self.record, self.version(id).fact
        standing = last_word(record, fact, NOW)
        if standing is None:
            by = ", ".join(sorted(self.retractions(fact)))
            raise BadInput(
                f"{fact} is retracted, by {by}, and nothing of it is in force",
                hint=f"if that was wrong, retract {by}; it then counts again",
            )
        return standing

    def retractions(self, id: str) -> Iterator[str]:
        """The retractions of that very id that count."""
        record = self.record
        for fact in record.retractions(id):
            standing = last_word(record, fact, NOW)
            if standing is not None and standing.subjects == (id,):
                yield standing.id

    def check_references(
        self, kind: Kind, fields: Mapping[str, Any], *, but: Iterable[Entry] = ()
    ) -> None:
        """What is named is there, or among `but`, which are declared with it.

        Raises: BadInput, with what may have been meant, and how to declare it.
        """
        new = {getattr(entry, "id", None) for entry in but}
        for field in kind.fields:
            value = fields.get(field.name) if field.names is not None else None
            for id in [value] if isinstance(value, str) else value or ():
                cites = field.takes == catalogue.CITATION
                self.check_id(id.partition("#")[0] if cites else id, dashed(field.name))
                if id not in new and not self.is_there(field, id):
                    raise self._unknown(field, id)

    @staticmethod
    def check_id(id: str, option: str) -> None:
        """Raises: BadInput, where that is no id at all, and so need not be looked for."""
        if not re.fullmatch(ID_PATTERN, id):
            raise BadInput(
                f"{option}: {id!r} is no id",
                hint="ids are of lower-case letters, digits, - and _",
            )

    def is_there(self, field: Field, id: str) -> bool:
        """Whether there is something of that id that such a field may name, of whatever type."""
        if field.names == "source":
            return self.record.declaration("source", id.partition("#")[0]) is not None
        if field.names in ("service", "capability"):
            return self.record.declaration(field.names, id) is not None
        if self.record.version(id) is not None:
            return True
        parts = ("service", "capability") if field.names == "any" else ()
        return any(self.record.declaration(part, id) is not None for part in parts)

    def _unknown(self, field: Field, id: str) -> BadInput:
        id = id.partition("#")[0] if field.takes == catalogue.CITATION else id
        names = str(field.names)
        near = self.nearest(field, id)
        meant = f"did you mean {near}? " if near else ""
        what = {"any": "event, service or capability"}.get(names, names)
        message = f"{dashed(field.name)}: there is no {what} {id!r}"
        if names in DECLARING:
            new = "if it is new" if near else "declare it first"
            return BadInput(
                message, hint=f"{meant}{new}: postmortem declare {names} {id} {DECLARING[names]}"
            )
        return BadInput(message, hint=meant.strip() or "`postmortem log` lists what is recorded")

    def nearest(self, field: Field, id: str) -> str | None:
        """What such a field may name, and was probably meant."""
        names = str(field.names)
        return nearest(self.store.view, self.platform, id, names=names, types=field.types)

    # --- entries and ids ------------------------------------------------------------------------

    def entry(self, kind: Kind, fields: Mapping[str, Any]) -> Entry:
        """The entry of those fields, its times read.

        Raises: BadInput, naming the option.
        """
        given = dict(fields)
        for field in kind.fields:
            if field.takes == catalogue.TIME and isinstance(given.get(field.name), str):
                given[field.name] = self.when(given[field.name], dashed(field.name))
        try:
            return reading.entry(CLASSES[kind.name], given, zone=self.home)
        except reading.Misfit as misfit:
            raise misfit.problem from None

    def free_id(self, stem: str) -> str:
        """An id that nothing has yet: the stem, or the stem with the first free number after 1."""
        record, id, number = self.record, stem, 1
        while self.is_taken(record, id):
            number += 1
            end = f"-{number}"
            id = f"{stem[: 200 - len(end)]}{end}"
        return id

    @staticmethod
    def is_taken(record: ViewRecord, id: str) -> bool:
        """Whether a service, a capability or an event is called so."""
        declared = (record.declaration(kind, id) for kind in ("service", "capability"))
        return record.version(id) is not None or any(each is not None for each in declared)

    def stem(self, kind: Kind, fields: Mapping[str, Any]) -> str:
        """What an event's id is made of: what it is about, and what happened to it: `aws-down`."""
        subject = self._subject(fields)
        word = kind.name
        for whose in ("service-", "capability-"):
            word = word.removeprefix(whose)
        return f"{subject}-{word}"[:200] if subject else word

    def _subject(self, fields: Mapping[str, Any]) -> str:
        for name in ("service", "capability", *_STEPS, *_OF_INCIDENTS, "about", "event"):
            value = fields.get(name)
            id = value[0] if isinstance(value, list) and value else value
            if isinstance(id, str):
                version = self.record.version(id) if name in _STEPS else None
                return version.service if version is not None and version.service else id
        return ""


_STEPS: Final = ("announcement", "disruption", "ends")
_OF_INCIDENTS: Final = ("incident", "question", "estimate", "deadline", "item")
DECLARING: Final = {
    "source": "--title …",
    "service": "--name … --provider …",
    "capability": "--requires …",
}
"""What a declaration of that kind is typed with."""


def desk(ctx: click.Context, platform: str | None, tz: str | None, *, as_json: bool) -> Desk:
    """The frame of a write into a store that is there.

    Raises: BadInput, StoreProblem.
    """
    store = tracker(ctx, writes=True)
    try:
        chosen = store.platform(platform)
    except StoreMissing as problem:
        raise StoreMissing(
            problem.message,
            hint="`postmortem declare platform ID` makes one, and so does `postmortem import "
            "CASEBOOK`; `postmortem where` says which is looked for",
        ) from None
    return at_desk(store, chosen, store.zone(chosen), tz, as_json=as_json)


def at_desk(
    store: Tracker, platform: str, home: str | None, tz: str | None, *, as_json: bool
) -> Desk:
    """The frame of a write for that platform.

    Raises: BadInput, where the zone to show is unknown.
    """
    shown = tz or os.environ.get("POSTMORTEM_TZ") or home
    if shown is not None and not known_zone(shown):
        raise BadInput(f"{shown!r} is no time zone known here", hint="such as Europe/Berlin or UTC")
    now = system_clock()
    return Desk(store, platform, home, shown, now - now % SECOND, as_json)
