"""What changed, as `diff` prints it: on a terminal, and as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import click

from postmortem.cli import because, output
from postmortem.cli.because import item, level, mark, marked
from postmortem.cli.options import Asked
from postmortem.cli.sides import AT, KNOWN, Compared, Entry
from postmortem.cli.spans import paragraph, when, wrapped
from postmortem.cli.telling import remarks, what
from postmortem.core import chronicle
from postmortem.core.causes import FIRST, LAST
from postmortem.core.diff import Between, Change, Kind, Moved
from postmortem.core.history import CLAIMED
from postmortem.core.levels import Bounds
from postmortem.core.times import END, Instant, format_instant
from postmortem.core.zones import in_zone
from postmortem.reports.rows import Rows

_WORDS_SHOWN: Final = 2  # lines of people's words that an entry gets
_UNDECLARED: Final = "not declared"


def print_head(question: Asked, compared: Compared, name: str) -> None:
    """The question, resolved."""
    zone, before, after = question.zone, compared.before, compared.after
    if compared.clock == AT:
        sides = [output.moment(side.valid, zone) for side in (before, after)]
        paragraph(f"{name} from {sides[0]} to {sides[1]}, {output.clocks(before, zone)}", 0)
        return
    known = compared.clock == KNOWN
    moments = [side.known if known else side.recorded for side in (before, after)]
    by = "known" if known else "recorded by"
    earlier, later = (
        "now" if moment == END else f"as {by} {output.moment(moment, zone)}" for moment in moments
    )
    text = f"{name} {earlier} and {later}"
    if known and before.recorded != END:
        text += f", as recorded by {in_zone(before.recorded, zone)}"
    if not known and before.known != END:
        text += f", as known {in_zone(before.known, zone)}"
    paragraph(text, 0)


# --- the record -----------------------------------------------------------------------------------


def print_entries(question: Asked, compared: Compared, entries: Sequence[Entry]) -> None:
    """What became of each fact and declaration."""
    output.say()
    if not entries:
        output.say("nothing changed in the record")
        return
    counts = Counter(entry.what for entry in entries)
    order = "could be known" if compared.clock == KNOWN else "was recorded"
    counted = ", ".join(f"{count:,} {word}" for word, count in counts.items())
    output.say(f"in the record, by when it {order}: {counted}")
    for entry in entries:
        moment = entry.moment(compared.clock)
        at = "" if moment is None else f"{because.since(moment, question.zone)}  "
        output.say(f"{at}{click.style(f'{entry.what} {entry.id}', bold=True)} · {entry.kind}")
        for line in _lines(question, entry):
            output.say(" " * 4 + line)


def _lines(question: Asked, entry: Entry) -> Iterator[str]:
    room = max(20, output.width() - 4)
    if told := "; ".join(filter(None, _told(question, entry))):
        yield from wrapped(told, room)
    if entry.before is None and (said := remarks(entry.entry)):
        for line in wrapped(said, room, _WORDS_SHOWN):
            yield click.style(line, dim=True)


def _told(question: Asked, entry: Entry) -> Iterator[str]:
    change = entry.change
    if change is None:
        same = "in the end nothing differs"
        yield what(entry.entry) if entry.before is None else _differences(entry) or same
        return
    if change.kind is Kind.CORRECTED:
        assert change.after is not None
        yield f"now as {change.after.id}"
        yield _differences(entry) or "nothing but the wording of the correction"
    elif change.kind in (Kind.RETRACTED, Kind.GONE):
        yield what(entry.entry)
    else:
        yield what(entry.entry)
        if change.times[1] is not None and entry.kind != CLAIMED:
            yield when(change.times[1].span, question.zone)
    for retraction in entry.by:
        said = remarks(retraction)
        whole = retraction.body["event"] == change.fact
        what_ = "" if whole else f"{retraction.body['event']} "
        yield f"{what_}taken back by {retraction.id}" + (f": {said}" if said else "")
    if change.freed:
        ids, counts = " and ".join(change.freed), "counts" if len(change.freed) == 1 else "count"
        yield f"{ids}, which took it back, {counts} no more"
    yield from _dated(question, entry, change)


def _differences(entry: Entry) -> str:
    return "; ".join(
        f"{field}: {chronicle.as_text(field, old)} → {chronicle.as_text(field, new)}"
        for field, old, new in entry.differs
    )


def _dated(question: Asked, entry: Entry, change: Change) -> Iterator[str]:
    """What a claim does to the time of a fact; and whether a time is contested from now on."""
    before, after = change.times
    whose = "its time" if change.dated == change.fact else f"the time of {change.dated}"
    if entry.kind == CLAIMED and before and after and before.span != after.span:
        was, now = (when(time.span, question.zone) for time in (before, after))
        yield f"{whose} was {was}, and is {now}"
        whose = "it"
    if after is not None and change.contested == (False, True):
        yield f"{whose} is contested now"
    if after is not None and change.contested == (True, False):
        yield f"{whose} is contested no more"


# --- levels ---------------------------------------------------------------------------------------


def print_moved(
    question: Asked,
    moved: Sequence[Moved],
    services: Collection[str],
    window: tuple[Instant, Instant],
) -> None:
    """Over which periods the levels are others; what moved alike, together."""
    output.say()
    limits = _window(question, window)
    if not moved:
        output.say(f"no level moved, {limits}")
        return
    output.say(f"levels that moved, {limits}")
    alike: dict[tuple[Moved, ...], list[str]] = {}
    for id, periods in groupby(moved, lambda each: each.id):
        alike.setdefault(tuple(each._replace(id="") for each in periods), []).append(id)
    for same, ids in alike.items():
        output.say()
        paragraph(_ids(ids, services), 0, bold=True)
        output.table(
            ("from", "to before", "was", "is"),
            [
                (
                    _edge(question, each.start, "always"),
                    _edge(question, each.end, "open"),
                    _marked(each.before),
                    _marked(each.after),
                )
                for each in same
            ],
            indent=2,
        )


def print_moved_at(
    question: Asked, at: Instant, moved: Sequence[Moved], services: Collection[str]
) -> None:
    """What levels are others at one T."""
    output.say()
    at_moment = f"at {output.moment(at, question.zone)}"
    if not moved:
        output.say(f"no level is another {at_moment}")
        return
    output.say(at_moment)
    _print_pairs([(each.id, each.before, each.after) for each in moved], services)


def _print_pairs(
    pairs: Sequence[tuple[str, Bounds | None, Bounds | None]], services: Collection[str]
) -> None:
    """What was and what is, capabilities before services."""
    ordered = sorted(pairs, key=lambda pair: (pair[0] in services, pair[0]))
    rows = [(id, _kind(id, services), _marked(was), _marked(now)) for id, was, now in ordered]
    output.table(("id", "kind", "was", "is"), rows, indent=2)


def _kind(id: str, services: Collection[str]) -> str:
    return "service" if id in services else "capability"


def _ids(ids: Iterable[str], services: Collection[str]) -> str:
    """`app-use, hosting, use; service aws`: capabilities, then services, said to be such."""
    sorts: dict[bool, list[str]] = {False: [], True: []}
    for id in ids:
        sorts[id in services].append(id)
    named = f"service{'s' if len(sorts[True]) > 1 else ''} {', '.join(sorts[True])}"
    return "; ".join(filter(None, [", ".join(sorts[False]), named if sorts[True] else ""]))


def _window(question: Asked, window: tuple[Instant, Instant]) -> str:
    start, end = window
    if (start, end) == (FIRST, LAST + 1):
        return "over all time"
    sides = [
        *([f"from {output.moment(start, question.zone)}"] if start != FIRST else []),
        *([f"to before {output.moment(end, question.zone)}"] if end <= LAST else []),
    ]
    return " ".join(sides)


def _edge(question: Asked, edge: Instant, otherwise: str) -> str:
    return otherwise if edge == FIRST or edge > LAST else because.since(edge, question.zone)


def _marked(bounds: Bounds | None) -> str:
    return f"· {_UNDECLARED}" if bounds is None else marked(bounds)


def moved_rows(question: Asked, moved: Iterable[Moved], services: Collection[str]) -> Rows:
    """The periods, a row each; in CSV instants are in UTC."""
    return Rows(
        [(key, key) for key in ("kind", "id", "from", "to", "before", "after")],
        [
            {
                "kind": _kind(each.id, services),
                "id": each.id,
                "from": None if each.start == FIRST else _instant(question, each.start),
                "to": None if each.end > LAST else _instant(question, each.end),
                "before": _UNDECLARED if each.before is None else level(each.before),
                "after": _UNDECLARED if each.after is None else level(each.after),
            }
            for each in moved
        ],
    )


def _instant(question: Asked, instant: Instant) -> str:
    if question.form == "csv":
        return format_instant(instant)
    return in_zone(instant, question.zone)


# --- between two moments --------------------------------------------------------------------------


def print_between(question: Asked, between: Sequence[Between], services: Collection[str]) -> None:
    """What turned, when, and because of what; what turned alike, together."""
    output.say()
    differing = [each for each in between if each.differs]
    if not differing:
        output.say("no level differs between the two")
    else:
        output.say("from the one to the other")
        _print_pairs([(each.id, each.before, each.after) for each in differing], services)
        output.say()
        output.say("turn by turn")
    alike: dict[tuple[Instant, str], dict[Bounds, list[str]]] = {}
    for each, turn, causes in _in_order(differing):
        becomes = alike.setdefault((turn.at, because.causes(causes)), {})
        becomes.setdefault(turn.after, []).append(each.id)
    for (at, why), becomes in alike.items():
        item(f"{because.since(at, question.zone)}  ", why, 2)
        for bounds, ids in becomes.items():
            item(f"{mark(bounds)} ", f"{level(bounds)}: {_ids(ids, services)}", 4)
    if back := [each.id for each in between if not each.differs]:
        output.say()
        paragraph(f"turned in between, and the same again: {_ids(back, services)}", 0)


def _in_order(between: Iterable[Between]) -> list[tuple[Between, Any, Any]]:
    every = [(each, due.turn, due.causes) for each in between for due in each.turns]
    return sorted(every, key=lambda row: (row[1].at, row[0].id))


def between_rows(question: Asked, between: Iterable[Between], services: Collection[str]) -> Rows:
    """The turns, a row each; in CSV instants are in UTC."""
    columns = ("kind", "id", "differs", "at", "before", "after", "because")
    return Rows(
        [(key, key) for key in columns],
        [
            {
                "kind": _kind(each.id, services),
                "id": each.id,
                "differs": each.differs,
                "at": _instant(question, turn.at),
                "before": level(turn.before),
                "after": level(turn.after),
                "because": because.causes(causes),
            }
            for each, turn, causes in _in_order(between)
        ],
    )
