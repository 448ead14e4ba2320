"""Measures over several incidents: how many, their median and their range, in every form."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

from postmortem.cli import output
from postmortem.cli.measured import bounds, definition_text, definitions, range_text
from postmortem.cli.options import Asked
from postmortem.cli.spans import paragraph, platform_name
from postmortem.core.incident import Dossier
from postmortem.core.metrics import DEFINITIONS, Range
from postmortem.core.summaries import Summary
from postmortem.core.times import format_bound
from postmortem.reports.rows import Rows


def print_summaries(
    question: Asked, dossiers: Sequence[Dossier], found: Sequence[Summary], weight: Fraction
) -> None:
    """The answer to `measures --all`."""
    ids = [one.id for one in dossiers]
    if question.json:
        output.print_json(
            {
                **question.frame(),
                "as_of": format_bound(dossiers[0].as_of.valid) if dossiers else None,
                "incidents": ids,
                "definitions": definitions((one.key for one in found), weight),
                "summaries": [_document(one) for one in found],
            }
        )
        return
    if question.form not in ("table", "markdown"):
        columns = (
            "measure", "about", "count", "median_least", "median_most", "range_least",
            "range_most", "unit", "not_applicable", "invalid", "so_far", "says",
        )  # fmt: skip
        rows = [_row(one) | {"says": definition_text(one.key, weight)} for one in found]
        question.print(Rows([(name, name) for name in columns], rows))
        return
    if question.form == "markdown":
        question.print(_summary_table(found))
        return
    clocks = output.clocks(question.as_of, question.zone)
    if not dossiers:
        paragraph(f"{platform_name(question)}: no incident was opened, {clocks}", 0)
        return
    several = f"{len(ids)} incidents" if len(ids) > 1 else "1 incident"
    paragraph(f"{platform_name(question)}: {several}, {clocks}", 0)
    looked = dossiers[0].as_of.valid
    counted = f"what goes on counts as at least as long as by {output.since(looked, question.zone)}"
    if any(one.until < looked for one in dossiers):
        counted += ", or by the end of the window that its incident was opened with"
    paragraph(counted, 0)
    for key, group in groupby(found, key=lambda one: one.key):
        output.say()
        paragraph(DEFINITIONS[key].name, 0, bold=True)
        paragraph(definition_text(key, weight), 0, dim=True)
        for one in group:
            paragraph((f"{one.about}: " if one.about else "") + summary_text(one), 2)


def summary_text(one: Summary) -> str:
    """A summary in one line."""
    left = ", ".join(f"{count} {word}" for word, count in one.left_out.items())
    if not one.count:
        return f"none counts; left out: {left}"
    text = f"{one.count}, median {_range_text(one, one.median)}"
    if one.count > 1:
        text += f", from least to most {_range_text(one, one.range)}"
    return text + (f"; left out: {left}" if left else "")


def _summary_table(found: Sequence[Summary]) -> Rows:
    columns = ("measure", "count", "median", "range", "left out")
    rows = [
        {
            "measure": DEFINITIONS[one.key].name + (f", {one.about}" if one.about else ""),
            "count": one.count,
            "median": _range_text(one, one.median),
            "range": _range_text(one, one.range),
            "left out": ", ".join(f"{count} {word}" for word, count in one.left_out.items()),
        }
        for one in found
    ]
    return Rows([(name, name) for name in columns], rows)


def _range_text(one: Summary, found: Range | None) -> str:
    return "none" if found is None else range_text(found, DEFINITIONS[one.key].unit)


def _document(one: Summary) -> dict[str, Any]:
    """A summary as JSON has it; see `measures`."""
    unit = DEFINITIONS[one.key].unit
    return {
        "measure": one.key,
        "name": DEFINITIONS[one.key].name,
        "about": one.about,
        "unit": unit,
        "count": one.count,
        "median": None if one.median is None else bounds(one.median, unit),
        "range": None if one.range is None else bounds(one.range, unit),
        "left_out": dict(one.left_out),
    }


def _row(one: Summary) -> dict[str, Any]:
    """A summary as a row."""
    unit = DEFINITIONS[one.key].unit
    median, range_ = bounds(one.median, unit), bounds(one.range, unit)
    return {
        "measure": one.key,
        "about": one.about,
        "count": one.count,
        "median_least": median["least"],
        "median_most": median["most"],
        "range_least": range_["least"],
        "range_most": range_["most"],
        "unit": unit,
        "not_applicable": one.left_out.get("not applicable", 0),
        "invalid": one.left_out.get("invalid", 0),
        "so_far": one.left_out.get("so far", 0),
    }
