"""The command `bench`: what it costs, beside what it could cost at least."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import output
from postmortem.cli.options import format_option, json_option, platform_option
from postmortem.core.errors import BadInput
from postmortem.reports.rows import ROW_FORMATS, Rows

if TYPE_CHECKING:
    from postmortem.bench.rows import Row

MEASURED: Final = (
    "record", "import", "casebook", "level", "state", "growth", "replay", "past", "rebuild",
    "cold", "memory", "documents", "downtime",
)  # fmt: skip
_SMALLEST, _LARGEST = 500, 100_000_000


@click.command(
    epilog="""\b
Examples:
  postmortem bench
  postmortem bench --size 1e6
  postmortem bench --size 1e4,1e7 --only level,growth
  postmortem --db postmortem.db bench --only level,state --json

\b
Exit status: 1 where something missed what it must reach."""
)
@click.option(
    "--size",
    default="1e4,1e5",
    show_default=True,
    metavar="N[,N]…",
    help="How many events; the largest counts, the smallest is what growth is seen from.",
)
@click.option("--only", metavar="NAME[,NAME]…", help=f"Of {', '.join(MEASURED)}.")
@click.option(
    "--db", "own", metavar="FILE", help="A store of yours instead of made-up data; only read."
)
@platform_option
@format_option
@json_option
@click.pass_context
def bench(
    ctx: click.Context,
    size: str,
    only: str | None,
    own: str | None,
    platform: str | None,
    form: str,
    as_json: bool,
) -> int:
    """Measure what it costs to record and to ask, beside the least that it could cost.

    Every row is measured in turns with what it is compared with: bare SQLite, the event-sourcing
    library as its tutorial has it, bare look-ups. The data is made up, the same every time: bursts
    and quiet years, facts told late or long before, corrections, retractions, announcements,
    contested times. It lies in a temporary folder and is gone afterwards; 1e6 events take about
    2 GB there.

    With --db the questions are put to a store of yours, and nothing is written.
    """
    from postmortem.bench.running import MEASURES, run

    assert tuple(MEASURES) == MEASURED
    named = own if own is not None else ctx.find_root().obj["db"]
    sizes = _sizes(size)
    chosen = _chosen(only)
    if named is not None:
        from postmortem.tracker import Tracker

        with Tracker(named) as store:
            platform = store.platform(platform)
            sizes = [max(1, store.view.position)]
    elif platform is not None:
        raise BadInput("--platform is of a store of yours", hint="name that with --db")
    told = _told if sys.stderr.isatty() else None
    rows = run(sizes, chosen, own=named, platform=platform, told=told)
    return _print(rows, "json" if as_json else form)


def _told(text: str) -> None:
    click.echo(text, err=True)


def _sizes(text: str) -> list[int]:
    found = []
    for part in text.split(","):
        try:
            size = int(float(part))
        except (ValueError, OverflowError):
            raise BadInput(f"--size: {part!r} is no number", hint="such as 1e4,1e6") from None
        if not _SMALLEST <= size <= _LARGEST:
            raise BadInput(
                f"--size: {part} events cannot be measured",
                hint=f"from {_SMALLEST:,} to {_LARGEST:,}",
            )
        found.append(size)
    return found


def _chosen(text: str | None) -> list[str]:
    found = [] if text is None else text.split(",")
    for name in found:
        if name not in MEASURED:
            raise BadInput(
                f"--only: there is no {name!r}", hint=f"there are: {', '.join(MEASURED)}"
            )
    return found


def _print(rows: Iterator[Row], form: str) -> int:
    found = list(rows)
    if form == "json":
        output.print_json([row.document() for row in found])
    elif form == "table":
        output.say(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
        output.say()
        output.table(
            ("what", "beside", "ours", "p99", "theirs", "ratio", "must", "aim", "met"),
            [_cells(row) for row in found],
        )
    else:
        columns = [(key, key) for key in found[0].document()] if found else []
        click.echo(ROW_FORMATS[form](Rows(columns, [row.document() for row in found])), nl=False)
    return int(any(row.met is False for row in found))


def _cells(row: Row) -> list[str]:
    sign = "≥" if row.at_least else "≤"
    met = {None: "", True: "yes", False: "no"}
    return [
        row.what,
        row.baseline,
        *(_amount(value, row.unit) for value in (row.ours, row.p99, row.theirs)),
        "" if row.ratio is None else f"{row.ratio:,.2f}",
        *("" if limit is None else f"{sign} {limit:g}" for limit in (row.target, row.aim)),
        met[row.met] + (", and the aim" if row.aimed else ""),
    ]


def _amount(value: Any, unit: str) -> str:
    if value is None:
        return ""
    if unit == "B":
        return f"{value / 1e6:,.1f} MB"
    for scale, name in ((1, "s"), (1e-3, "ms")):
        if value >= scale:
            return f"{value / scale:,.2f} {name}"
    return f"{value / 1e-6:,.1f} µs"
