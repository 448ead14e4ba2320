"""How spans of time and people's words are laid out on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from postmortem.cli import output
from postmortem.cli.options import Asked
from postmortem.core.history import Version
from postmortem.core.lengths import SECOND
from postmortem.core.times import BEGINNING, END, Span, format_bound, parse_stored
from postmortem.core.words import for_terminal
from postmortem.core.zones import in_zone

if TYPE_CHECKING:
    from postmortem.core.fields import Body  # loads pydantic


def when_lines(span: Span, zone: str | None) -> list[str]:
    """A span on one line or two: the instant; or earliest and latest, the first with its date.

    A latest that is the last microsecond of a second is shown as `before` the next one.
    """
    earliest, latest = span
    if span.is_instant:
        return [in_zone(earliest, zone)]
    if span == (BEGINNING, END):
        return ["at an unknown time"]
    if latest == END:
        return [in_zone(earliest, zone), "or later"]
    to = f"to {in_zone(latest, zone)}"
    if (latest + 1) % SECOND == 0:
        with suppress(ValueError):  # there is no next second after the year 9999
            to = f"before {in_zone(latest + 1, zone)}"
    if earliest == BEGINNING:
        return [to.removeprefix("to "), "or earlier"] if to.startswith("to ") else [to]
    return [in_zone(earliest, zone), to]


def when(span: Span, zone: str | None) -> str:
    """A span on one line: `2021-01-10 23:59 PST to 2021-01-11 00:00 PST`."""
    return " ".join(when_lines(span, zone)).replace(" before ", " to before ")


def span_from(stored: Body) -> Span:
    """The span of a time as a stored body has it."""
    earliest, latest = stored["earliest"], stored["latest"]
    return Span(
        BEGINNING if earliest is None else parse_stored(earliest),
        END if latest is None else parse_stored(latest),
    )


def document(span: Span | None, stored: Body | None = None) -> Body | None:
    """A time as JSON has it: bounds in UTC, null where they are open; the wording it was given in.

    `stored` is the time in an entry's body, where it was written by somebody.
    """
    if span is None:
        return None
    return {
        "earliest": format_bound(span.earliest),
        "latest": format_bound(span.latest),
        "written": None if stored is None else stored["written"],
    }


def clocks_document(version: Version, body: Body) -> Body:
    """From when it could be known, of which the latest counts, and when it was recorded."""
    stated = body.get("known_at")
    earliest = version.known
    if stated is not None:
        bound = stated["earliest"]
        earliest = BEGINNING if bound is None else min(parse_stored(bound), version.known)
    return {
        "known_at": document(Span(earliest, version.known), stated),
        "recorded_at": document(Span(version.recorded, version.recorded)),
    }


def shown(text: str) -> int:
    """How many columns of a terminal the text takes; it holds no control sequences."""
    return len(text) if text.isascii() else output.shown(text)


def wrapped(text: str, size: int, most: int | None = None) -> list[str]:
    """The text in lines of at most that many columns; of `most` the last is cut short.

    Longer words stay whole, for they may be copied, but a span goes on after its dots; where
    lines are counted, all that is too long is cut.
    """
    lines: list[str] = []
    line = ""
    for word in _pieces(for_terminal(text), size):
        longer = f"{line} {word}" if line else word
        if not line or shown(longer) <= size:
            line = longer
            continue
        lines.append(line)
        line = word
        if most is not None and len(lines) > most:
            break
    lines.append(line)
    if most is None:
        return lines
    kept = [cut(each, size) for each in lines[:most]]
    if len(lines) > most:
        kept[-1] = cut(f"{kept[-1]} {lines[most]}", size)
    return kept


def _pieces(text: str, size: int) -> Iterator[str]:
    for word in text.split():
        earliest, dots, latest = word.partition("..")
        if latest and shown(word) > size:
            yield earliest + dots
            yield latest
        else:
            yield word


def cut(text: str, size: int) -> str:
    """The text if it fits, else its beginning and `…`."""
    if shown(text) <= size:
        return text
    taken, room = [], size - 1
    for character in text:
        room -= shown(character)
        if room < 0:
            break
        taken.append(character)
    return "".join(taken).rstrip() + "…"


def print_beside(
    left: Sequence[str], right: Iterable[tuple[str, dict[str, Any]]], width: int
) -> None:
    """Two columns of lines, the left one that wide; of the right one each text is wrapped.

    A text comes with its style; `most` in it is the number of lines that it may take.
    """
    room = max(20, output.width() - width - 2)
    lines = iter(left)
    for text, given in right:
        style = dict(given)
        for line in wrapped(text, room, style.pop("most", None)):
            beside = next(lines, "")
            gap = " " * (width + 2 - shown(beside))
            output.say((beside + gap + click.style(line, **style)).rstrip())
    for beside in lines:
        output.say(beside)


def paragraph(text: str, indent: int, **style: Any) -> None:
    """A text on a terminal: escaped, wrapped, indented."""
    for line in wrapped(text, max(20, output.width() - indent)):
        output.say((" " * indent + click.style(line, **style)).rstrip())


def marked(mark: str, text: str) -> None:
    """A text on a terminal beside a mark of one column: escaped, wrapped below itself."""
    first, *more = wrapped(text, max(20, output.width() - 2)) or [""]
    output.say(f"{mark} {first}")
    for line in more:
        output.say(f"  {line}")


def platform_name(question: Asked) -> str:
    """The platform's name for people, as it was declared by R, fit for a terminal; else its id."""
    view = question.store.view
    position = view.position_at(question.as_of.recorded)
    declared = view.declared(question.platform, "platform", position)
    return for_terminal(declared.get(question.platform, (None,))[0] or question.platform)
