"""How answers look: tables that fit, status told by shape and word before colour."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final

import click

from postmortem.core.errors import Problem
from postmortem.core.lengths import lasted, whole_seconds
from postmortem.core.times import END, AsOf, Instant
from postmortem.core.words import as_json, for_terminal
from postmortem.core.zones import in_zone

SHAPES: Final = {
    "operational": ("●", "green"),
    "degraded": ("◐", "yellow"),
    "unavailable": ("✕", "red"),
    "uncertain": ("?", "magenta"),
    "nothing recorded": ("·", None),
}
PIPED_WIDTH: Final = 100


def complain(problem: Problem) -> None:
    """One clear message on standard error."""
    where = str(problem.place)
    message = f"{where}: {problem.message}" if where else problem.message
    click.echo(f"postmortem: {for_terminal(message)}", err=True)
    if problem.hint:
        click.echo(f"  {for_terminal(problem.hint)}", err=True)


def warn(text: str) -> None:
    """What one should know beside the answer, on standard error."""
    click.echo(f"postmortem: {for_terminal(text)}", err=True)


LONG: Final = 2000
"""From so many entries on, work is long enough to be watched."""


def progress(what: str, done: int, total: int) -> None:
    """A line on standard error that tells how far long work has come, and is gone at its end."""
    if total < LONG or (done % 500 and done != total):
        return
    line = f"{what}: {done:,} of {total:,}"
    click.echo(f"\r{line}" if done < total else "\r" + " " * len(line) + "\r", nl=False, err=True)


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """One JSON document on standard output."""
    text = _indented(document, "\n") if indent == 2 else as_json(document, indent=indent)
    # what is unprintable, `as_json` makes visible
    print_json_text(text if text.isascii() else as_json(document, indent=indent))


def _indented(value: Any, line: str) -> str:
    """JSON as `as_json` has it, in less than half the time that the library takes to indent it.

    `line` is a line end with the blanks that the line of the value begins with.
    """
    if isinstance(value, str):
        return encode_basestring(value)
    if value is True or value is False:
        return "true" if value else "false"
    inner = line + "  "
    if isinstance(value, dict):
        pairs = [f"{encode_basestring(key)}: {_indented(value[key], inner)}" for key in value]
        return f"{{{inner}{f',{inner}'.join(pairs)}{line}}}" if pairs else "{}"
    if isinstance(value, list | tuple):
        parts = [_indented(each, inner) for each in value]
        return f"[{inner}{f',{inner}'.join(parts)}{line}]" if parts else "[]"
    return as_json(value)


def print_json_text(text: str) -> None:
    """A line of JSON on standard output; in ASCII where that is not UTF-8, as JSON has to be."""
    if (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8":
        text = "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text)
    click.echo(text)


def say(text: str = "") -> None:
    """A line of the answer; whatever of it a terminal would obey is made visible."""
    click.echo(_clean(text))


def say_text(text: str) -> None:
    """Our own text, line by line."""
    for line in text.splitlines():
        say(line)


def status_cell(status: str) -> str:
    """Shape and word, coloured where there is colour."""
    shape, colour = SHAPES[status]
    return click.style(f"{shape} {status}", fg=colour)


def moment(instant: Instant, zone: str | None) -> str:
    """`2021-01-11 00:30 PST (08:30 UTC)`: in the zone, and in UTC with the date if it differs."""
    local, utc = in_zone(instant, zone), in_zone(instant, None)
    if local == utc:
        return utc
    if local[:10] == utc[:10]:
        utc = utc[11:]
    return f"{local} ({utc})"


def since(instant: Instant, zone: str | None) -> str:
    """From when on something has been so, to the second: the first full one at which it is."""
    return in_zone(-(-instant // 1_000_000) * 1_000_000, zone)


def question(as_of: AsOf, zone: str | None) -> str:
    """The question, resolved: `at 2021-01-11 00:30 PST (08:30 UTC), as known now`."""
    return f"at {moment(as_of.valid, zone)}, {clocks(as_of, zone)}"


def clocks(as_of: AsOf, zone: str | None) -> str:
    """The two other clocks of a question."""
    known = "now" if as_of.known == END else in_zone(as_of.known, zone)
    text = f"as known {known}"
    if as_of.recorded != END:
        text += f", as recorded by {in_zone(as_of.recorded, zone)}"
    return text


def width() -> int:
    """How many columns there are; a fixed number where nobody watches."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        import shutil  # slow to load, as is textwrap, and not every answer needs it

        return max(40, shutil.get_terminal_size().columns)
    return PIPED_WIDTH


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 0) -> None:
    """Print rows in columns; the last column wraps, so that nothing is cut off."""
    cells = [[_clean(cell) for cell in row] for row in rows]
    columns = [
        max([shown(header[index]), *(shown(row[index]) for row in cells)])
        for index in range(len(header))
    ]
    lead = indent + sum(columns[:-1]) + 2 * (len(columns) - 1)
    columns[-1] = max(20, min(columns[-1], width() - lead))
    say(" " * indent + click.style(_line(header, columns).rstrip(), bold=True, dim=True))
    for row in cells:
        first, *more = _wrapped(row[-1], columns[-1])
        say(" " * indent + _line([*row[:-1], first], columns).rstrip())
        for line in more:
            say(" " * lead + line)


def _wrapped(cell: str, size: int) -> list[str]:
    if shown(cell) <= size:
        return [cell]
    import textwrap

    return textwrap.wrap(
        click.unstyle(cell), size, break_long_words=False, break_on_hyphens=False
    ) or [""]


@lru_cache(1024)  # a status stands in many rows
def _clean(cell: str) -> str:
    # a cell may carry our own colours, which click.style wrote; everything else is escaped
    plain = click.unstyle(cell)
    safe = for_terminal(plain)
    return cell if safe == plain else safe


def _line(cells: Sequence[str], columns: Sequence[int]) -> str:
    return "  ".join(
        cell + " " * (size - shown(cell)) for cell, size in zip(cells, columns, strict=True)
    )


@lru_cache(1024)
def shown(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in click.unstyle(text)
    )


def counted(number: int, noun: str) -> str:
    """`1 rule`, `1,024 events`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def between(pair: tuple[int, int]) -> str:
    """A range of lengths, from a minute on in whole seconds: one where both ends agree."""
    least, most = (int(each or 0) for each in whole_seconds(*pair))
    if least == most:
        return "none" if not most else lasted(least)
    return f"{'none' if not least else lasted(least)} … {lasted(most)}"
