"""Rows in columns, as CSV, Markdown or JSON: what every command that prints rows can do.

Source: RFC 4180 for CSV, with the guard against formulas that OWASP describes (a cell that a
spreadsheet would compute gets an apostrophe in front); CommonMark and GFM tables for Markdown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from postmortem.core.words import as_json, for_csv, for_markdown


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: its columns as (key, heading), and of each row the values by key.

    A value is text, a number, a boolean, None or a list of texts.
    """

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Mapping[str, Any]]

    @property
    def header(self) -> list[str]:
        """The headings."""
        return [heading for _, heading in self.columns]

    def cells(self) -> list[list[str]]:
        """Every value as text."""
        return [[as_text(row.get(key)) for key, _ in self.columns] for row in self.rows]


def as_text(value: object) -> str:
    """A value as one cell shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(as_text(each) for each in value)
    return str(value)


def csv_text(table: Rows) -> str:
    """The table as CSV, keys as the header line, lines ended by CR LF."""
    import csv  # most answers are no CSV
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([key for key, _ in table.columns])
    for row in table.rows:
        writer.writerow([_csv_cell(row.get(key)) for key, _ in table.columns])
    return out.getvalue()


def _csv_cell(value: object) -> str:
    # a number is no formula, though it begins with a minus
    return as_text(value) if isinstance(value, int | float) else for_csv(as_text(value))


def markdown_text(table: Rows) -> str:
    """The table as a Markdown table, everything in it escaped."""
    lines = [table.header, ["---"] * len(table.columns), *table.cells()]
    return "".join(
        "| " + " | ".join(cell if number == 1 else for_markdown(cell) for cell in line) + " |\n"
        for number, line in enumerate(lines)
    )


def json_text(table: Rows) -> str:
    """The rows as a JSON list of objects."""
    rows = [{key: row.get(key) for key, _ in table.columns} for row in table.rows]
    return as_json(rows, indent=2) + "\n"


ROW_FORMATS: Final[dict[str, Callable[[Rows], str]]] = {
    "json": json_text,
    "csv": csv_text,
    "markdown": markdown_text,
}
"""By name; a terminal's table is the command line's own."""
