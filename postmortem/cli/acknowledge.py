"""Recording, or rehearsing it, and saying what it did: id, position, and the levels that moved."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.desk import Desk
from postmortem.cli.spans import when
from postmortem.core.catalogue import Kind
from postmortem.core.causes import FIRST, LAST
from postmortem.core.decide import Draft
from postmortem.core.diff import Moved, moved
from postmortem.core.entries import Declaration, Entry
from postmortem.core.events import Note
from postmortem.core.fields import When
from postmortem.core.lengths import SECOND
from postmortem.core.levels import Bounds
from postmortem.core.recorded import Recorded
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant, Span, format_instant, parse_stored
from postmortem.core.withdrawal import StandIns
from postmortem.core.words import for_terminal
from postmortem.recording import Receipt
from postmortem.tracker import Tracker

# A word, or a moment as `output.moment` shows it, which is not broken.
_PIECES: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9:.]+ [^ ,]+(?: \([0-9: .-]+ UTC\))?,?|[^ ]+"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What was recorded, or would be."""

    receipt: Receipt
    rehearsed: bool
    pictures: Callable[[], tuple[Picture, Picture]]
    """The platform before and after, as all is known; worked out when it is asked for, so that
    nothing stands between the commit and its acknowledgement."""

    @property
    def event(self) -> Recorded | None:
        """What was recorded, the last of it; None where nothing was new."""
        return self.receipt.events[-1] if self.receipt.events else None

    def moves(self) -> list[Moved]:
        """Every period in which a level is another one than before: capabilities, then services."""
        if self.event is None:
            return []
        return sorted(moved(*self.pictures()), key=lambda move: self.kind(move) == "service")

    def kind(self, move: Moved) -> str:
        """What has moved: a service or a capability."""
        services = (picture.situation.services for picture in self.pictures())
        return "service" if any(move.id in each for each in services) else "capability"

    def document(self, move: Moved) -> dict[str, Any]:
        """As JSON has it; what was not declared has no levels."""
        return {
            "kind": self.kind(move),
            "id": move.id,
            "from": None if move.start == FIRST else format_instant(move.start),
            "until": None if move.end > LAST else format_instant(move.end),
            "before": _bounds(move.before),
            "after": _bounds(move.after),
        }


def _bounds(bounds: Bounds | None) -> dict[str, str] | None:
    if bounds is None:
        return None
    return {"worst": bounds.worst.word, "best": bounds.best.word, "status": bounds.status}


def tell(desk: Desk, drafts: Iterable[Draft], *, rehearse: bool) -> Told:
    """Record the drafts, or find out what recording them would do.

    They are made while nobody else can record: whatever they ask of the record still holds then.

    Raises: BadInput, Refused, StoreProblem.
    """
    store = desk.store
    if not rehearse:
        receipt = store.record(drafts)
        return Told(receipt, rehearsed=False, pictures=cache(partial(_pictures, desk, receipt)))
    if store.exists:
        receipt, *pictures = store.rehearse(drafts, desk.platform)
    else:  # it is yet to be made, and stays so
        with (
            tempfile.TemporaryDirectory(prefix="postmortem-") as folder,
            Tracker(os.path.join(folder, "rehearsal.db"), by=store.by) as elsewhere,
        ):
            receipt, *pictures = elsewhere.rehearse(drafts, desk.platform)
    return Told(receipt, rehearsed=True, pictures=lambda: (pictures[0], pictures[1]))


def tell_one(
    desk: Desk,
    kind: Kind,
    fields: dict[str, Any],
    stem: str,
    *,
    rehearse: bool,
    first: Callable[[Entry], Iterable[Draft]] = lambda entry: (),
    stand_ins: StandIns | None = None,
) -> tuple[Entry, Told]:
    """Record one event; where no id is given, under a free one that is made from the stem.

    `first` gives what is recorded before it, or says why it must not be; it is asked while nobody
    else can record, and the id is made then once more. Raises: as `tell`.
    """
    entries = [desk.entry(kind, {"id": desk.free_id(stem), **fields})]

    def drafts() -> Iterator[Draft]:
        yield from first(entries[0])
        if "id" not in fields:
            entries.append(entries[0].model_copy(update={"id": desk.free_id(stem)}))
        yield Draft(desk.platform, entries[-1], stand_ins=stand_ins or {})

    told = tell(desk, drafts(), rehearse=rehearse)
    return entries[-1], told


def _pictures(desk: Desk, receipt: Receipt) -> tuple[Picture, Picture]:
    """Before and after exactly this, whatever others record meanwhile."""
    recorded = parse_stored(receipt.events[-1].recorded_at) if receipt.events else END
    as_of = (AsOf(END, recorded=recorded - 1), AsOf(END, recorded=recorded))
    return desk.store.picture(desk.platform, as_of[0]), desk.store.picture(desk.platform, as_of[1])


# --- saying it ------------------------------------------------------------------------------------


def acknowledge(
    desk: Desk,
    told: Told,
    entry: Entry,
    did: str,
    *,
    remarks: Iterable[str] = (),
    corrects: bool = False,
) -> None:
    """Say what was recorded: `did` names it (`recorded aws-down`), `remarks` stand below.

    `corrects`: the remarks tell the times already.
    """
    if desk.json:
        output.print_json(_document(desk, told, entry))
        return
    event = told.event
    if event is None:
        was = "declared" if isinstance(entry, Declaration) else "recorded"
        output.say(f"{entry_id(entry)} is {was} already, exactly so; nothing is new")
        return
    if told.rehearsed:
        output.say(f"nothing is recorded; this would be: {did} at position {event.position}")
    else:
        recorded = parse_stored(event.recorded_at)
        when = format_instant(recorded - recorded % SECOND)
        output.say(f"{did} at position {event.position} ({when})")
    for line in (*(() if corrects else _times(desk, entry)), *map(for_terminal, remarks)):
        _hanging(line)
    if event.known_at is not None and event.known_at != event.recorded_at:
        known = parse_stored(event.known_at)
        _hanging(f"known from: {_moment(desk, known - known % SECOND)}")
    moves = told.moves()
    if moves:
        output.say("changed, as known now:")
        for move in moves:
            levels = f"{_level(move.before)} → {_level(move.after)}"
            _hanging(f"{move.id}: {levels} {_period(desk, move)}")
    elif not isinstance(entry, Declaration | Note):
        output.say("no level changed" + ("" if corrects else _already(told, entry)))


def _hanging(text: str) -> None:
    """A line of the answer, indented, on as many lines as it takes."""
    line = "  "
    for word in _PIECES.findall(text):
        if line.strip() and output.shown(line) + output.shown(word) > output.width():
            output.say(line.rstrip())
            line = "      "
        line += f"{word} "
    output.say(line.rstrip())


def _already(told: Told, entry: Entry) -> str:
    """Where an event changed nothing because its service was out at that time already."""
    service, at = getattr(entry, "service", None), getattr(entry, "at", None)
    before, _ = told.pictures()
    if not isinstance(at, When) or service not in before.situation.services:
        return ""
    moment = at.span.latest if at.span.latest != END else at.span.earliest
    status = before.service(service, moment).bounds.status
    return "" if status == "operational" else f": {service} was {status} then already"


def entry_id(entry: Entry) -> str:
    """How the entry is called."""
    return str(entry.model_dump(include={"id"})["id"])


def _document(desk: Desk, told: Told, entry: Entry) -> dict[str, Any]:
    event = told.event
    position, recorded = (None, None) if event is None else (event.position, event.recorded_at)
    if event is None:  # it was there before
        position, recorded = _where_it_was(desk, entry)
    return {
        "id": entry_id(entry),
        "position": None if told.rehearsed else position,
        "recorded_at": None if told.rehearsed else recorded,
        "changed": [told.document(move) for move in told.moves()],
    }


def _where_it_was(desk: Desk, entry: Entry) -> tuple[int, str]:
    id = entry_id(entry)
    version = desk.record.version(id)
    if version is not None and version.type == entry.TYPE:
        return version.position, format_instant(version.recorded)
    kind = entry.TYPE.removesuffix("-declared")
    position = int(desk.store.view.declared(desk.platform, kind, END - 1)[id][3])
    return position, format_instant(desk.store.view.logged(position).recorded)


def _times(desk: Desk, entry: Entry) -> list[str]:
    """What was typed as a time, resolved; `at` first."""
    given = {name: getattr(entry, name) for name in type(entry).model_fields if name != "known_at"}
    return [
        f"{name}: {span(desk, value.span)}"
        for name, value in sorted(given.items(), key=lambda each: each[0] != "at")
        if isinstance(value, When)
    ]


def span(desk: Desk, span: Span) -> str:
    """A time, resolved: one moment, or from when to when it may have been."""
    return _moment(desk, span.earliest) if span.is_instant else when(span, desk.zone)


def _moment(desk: Desk, instant: Instant) -> str:
    return output.moment(instant, desk.zone)


def _level(bounds: Bounds | None) -> str:
    if bounds is None:
        return "not declared"
    shown = click.style(bounds.status, fg=output.SHAPES[bounds.status][1])
    if bounds.worst is bounds.best:
        return shown
    return f"{shown} ({bounds.worst.word} to {bounds.best.word})"


def _period(desk: Desk, move: Moved) -> str:
    starts = "" if move.start == FIRST else f"from {_moment(desk, move.start)}"
    ends = "" if move.end > LAST else f"until {_moment(desk, move.end)}"
    return f"{starts} {ends}".strip() or "at all times"
