"""Measures: how long it took, how much notice there was, each a range between two anchors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import output
from postmortem.cli.measured import (
    anchor_text,
    beside_texts,
    definition_text,
    definitions,
    document,
    flat,
    some,
    value_text,
)
from postmortem.cli.options import Asked, asked, nearest, question_options
from postmortem.cli.spans import paragraph, platform_name
from postmortem.cli.summarised import print_summaries, summary_text
from postmortem.core.errors import BadInput
from postmortem.core.incident import Dossier
from postmortem.core.losses import NO_WEIGHT
from postmortem.core.measuring import measured
from postmortem.core.metrics import (
    DEFINITIONS,
    PER_CAPABILITY,
    Anchor,
    Measure,
    NotApplicable,
    Number,
    Range,
)
from postmortem.core.summaries import summaries, summary
from postmortem.core.times import format_bound
from postmortem.reports.rows import Rows

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_BY_WINDOW: Final = ("downtime", "impaired", "availability", "most-down")
"""Their anchors are the window, which stands above."""
_NOTHING: Final = ("downtime", "impaired")
"""Of these nothing at all is no length, but good news."""
_MOST: Final = 20
"""How many of a measure are listed where all measures are."""
_NAME_WIDTH: Final = 28  # longer ids push what follows to the right


def _incident_ids(
    ctx: click.Context, param: click.Parameter, word: str
) -> list[CompletionItem[Any]]:
    from postmortem.cli.completion import ids

    return ids(ctx, word, names="event", types=("incident-opened",))


@click.command(
    epilog="""\b
Examples:
  postmortem measures
  postmortem measures outage-2021 --only notice --only public-lead
  postmortem measures --known-at 2021-01-10T20:00
  postmortem measures outage-2026 --at now
  postmortem measures --all --format csv

\b
--json prints {"platform", "incident", "title", "known_at", "recorded_at", "as_of", "window",
"definitions", "measures"}, each of these with
  measure, name, about, service  which measure, of what, and whose disruption that is
  outcome                        range, so far, invalid or not applicable
  least, most, unit              in seconds, services, rank or share; null where that side is open
  as_of, reason                  up to when what goes on is counted; why there is no number
  from, to                       {"anchor", "ids", "earliest", "latest", "contested"}
  beside                         what stands beside it, such as the notice by contract
with --all {…, "incidents", "definitions", "summaries"}, each of these with
  measure, about, count, median, range, left_out"""
)
@click.argument("incident", required=False, shell_complete=_incident_ids)
@click.option("--all", "everything", is_flag=True, help="Over all incidents: count, median, range.")
@click.option(
    "--only",
    metavar="MEASURE",
    multiple=True,
    help="Only that measure, such as notice or time-to-detect.",
    shell_complete=lambda ctx, param, word: [key for key in DEFINITIONS if key.startswith(word)],
)
@click.option(
    "--at",
    metavar="TIME",
    help="Up to when what goes on is counted; else the last entry recorded, --known-at or the end "
    "of the incident's window, whichever is first.",
)
@click.option(
    "--degraded",
    metavar="WEIGHT",
    help="What degraded time counts in availability, 0 to 1, unavailable time being 1; else 0.",
)
@question_options
@click.pass_context
def measures(
    ctx: click.Context,
    /,
    incident: str | None,
    everything: bool,
    only: tuple[str, ...],
    at: str | None,
    degraded: str | None,
    **frame: Any,
) -> None:
    """How long an incident took and how much notice there was: ranges, with both their anchors.

    Without INCIDENT the only one is meant, or, where none was opened, the whole record. What lies
    between two spans is at least and at most so long. A measure without an anchor is not
    applicable; one whose anchors are certainly in the wrong order is invalid; what goes on is
    counted so far.
    """
    if everything and incident is not None:
        raise BadInput(
            f"--all is over all incidents, and {incident!r} is one",
            hint="leave out the one or the other",
        )
    weight = _weight(degraded)
    for key in only:
        if key not in DEFINITIONS:
            raise BadInput(
                f"--only: there is no measure {key!r}", hint=nearest(key, list(DEFINITIONS))
            )
    question = asked(ctx, at=at, **frame)
    until = None if at is None else question.as_of.valid
    store, platform, as_of = question.store, question.platform, question.as_of
    if everything:
        dossiers = store.dossiers(platform, as_of, until=until)
        each = [_wanted(measured(one, weight=weight), only) for one in dossiers]
        print_summaries(question, dossiers, summaries(each), weight)
        return
    dossier = store.dossier(platform, incident, as_of, until=until)
    most = None if only else _MOST
    found = _wanted(measured(dossier, weight=weight), only)
    _print_measures(question, dossier, found, weight, most)


def _wanted(found: Sequence[Measure], only: tuple[str, ...]) -> list[Measure]:
    return [one for one in found if not only or one.key in only]


def _weight(text: str | None) -> Fraction:
    if text is None:
        return NO_WEIGHT
    try:
        # a Fraction reads 1/3 and 1e9 too, the latter at any length
        weight = Fraction(text) if len(text) <= 20 and "e" not in text.lower() else None
    except (ValueError, ZeroDivisionError):
        weight = None
    if weight is None or not 0 <= weight <= 1:
        raise BadInput(f"--degraded: {text!r} is no weight from 0 to 1", hint="such as 0, 0.3 or 1")
    return weight


# --- one incident ---------------------------------------------------------------------------------


def _print_measures(
    question: Asked,
    dossier: Dossier,
    found: Sequence[Measure],
    weight: Fraction,
    most: int | None,
) -> None:
    zone = question.zone
    if question.json:
        window = dossier.window
        output.print_json(
            {
                "platform": question.platform,
                "incident": dossier.id,
                "title": dossier.title,
                "known_at": format_bound(question.as_of.known),
                "recorded_at": format_bound(question.as_of.recorded),
                "as_of": format_bound(dossier.until),
                "window": {
                    "from": format_bound(window.start),
                    "to": None if window.end is None else format_bound(window.end),
                    "from_by": window.start_by,
                    "to_by": window.end_by,
                },
                "definitions": definitions((one.key for one in found), weight),
                "measures": [document(one) for one in found],
            }
        )
        return
    if question.form == "markdown":
        question.print(_for_people(found, zone, weight))
        return
    if question.form != "table":
        question.print(_for_machines(found, weight))
        return
    paragraph(_head(question, dossier), 0)
    paragraph(_window(question, dossier), 0)
    if not dossier.items:
        return
    for key, group in groupby(found, key=lambda one: one.key):
        output.say()
        _print_group(key, list(group), zone, weight, most)
    if not found:
        output.say()
        output.say("there is none of these to measure")


def _head(question: Asked, dossier: Dossier) -> str:
    what = "the whole record"
    if dossier.incident is not None:
        what = f"{dossier.id}, {dossier.title}"
    clocks = output.clocks(question.as_of, question.zone)
    return f"{platform_name(question)}: {what}, {clocks}"


def _window(question: Asked, dossier: Dossier) -> str:
    window, zone = dossier.window, question.zone
    if not dossier.items:
        return "nothing that happened was known and recorded by then"
    text = "window without a beginning"
    if window.start_by is not None:
        text = f"window from {output.moment(window.start, zone)}"
    if window.end is not None:
        text += f" to {output.moment(window.end, zone)}"
    if window.end is None or window.end > dossier.until:
        text += ", not over"
    return f"{text}; “so far” is as of {output.since(dossier.until, zone)}"


def _print_group(
    key: str, group: Sequence[Measure], zone: str | None, weight: Fraction, most: int | None
) -> None:
    paragraph(DEFINITIONS[key].name, 0, bold=True)
    paragraph(definition_text(key, weight), 0, dim=True)
    there = [one for one in group if not isinstance(one.outcome, NotApplicable)]
    shown = there if most is None or len(there) <= most else sorted(there, key=_gravity)[:most]
    widest = min(max((output.shown(_of(one)) for one in shown), default=0), _NAME_WIDTH)
    for one in shown:
        value = value_text(one.outcome, one.unit, zone, moment=False)
        if one.key in _NOTHING and isinstance(one.outcome, Range) and one.outcome.most == 0:
            value = value.replace("00:00:00", "none")
        _print_value(_of(one), widest, value)
        for line in _details(one, zone):
            paragraph(line, 6, dim=True)
    if len(shown) < len(there):
        paragraph(f"and {len(there) - len(shown)} more, with --only {key}", 2)
        if key != "loss-order":
            whole = summary(key, None, [one.outcome for one in there])
            paragraph(f"of all {summary_text(whole)}", 2)
    missing: dict[str, list[str]] = {}
    for one in group:
        if isinstance(one.outcome, NotApplicable):
            missing.setdefault(value_text(one.outcome, one.unit, zone), []).append(one.about or "")
    for reason, ids in missing.items():
        paragraph(reason + (f" ({some(ids)})" if any(ids) else ""), 2)


def _gravity(one: Measure) -> Number:
    """What sorts the capabilities that were hit hardest to the front; other measures as they are.

    Of a whole platform most capabilities have nothing to tell.
    """
    if one.key not in PER_CAPABILITY or not isinstance(one.outcome, Range):
        return 0
    share = one.key == "availability"
    return (one.outcome.least or 0) if share else -(one.outcome.most or 0)


def _print_value(name: str, widest: int, value: str) -> None:
    lead = f"  {name}{' ' * max(2, widest + 2 - output.shown(name))}" if name else "  "
    if output.shown(lead) + output.shown(value) <= output.width():
        output.say(lead + click.style(value, bold=True))
        return
    if name:
        output.say(lead.rstrip())
    paragraph(value, 6 if name else 2, bold=True)


def _of(one: Measure) -> str:
    if one.about is None:
        return ""
    # where the id tells whose it is, that need not be said
    return one.about if (one.service or "") in one.about else f"{one.about} ({one.service})"


def _details(one: Measure, zone: str | None) -> Iterator[str]:
    if one.key not in _BY_WINDOW:
        anchors = [each for each in (one.start, one.end) if each is not None]
        texts = [anchor_text(anchor, zone, about=one.about) for anchor in anchors]
        if sum(map(output.shown, texts)) + 8 <= output.width():
            yield "; ".join(texts)
        else:
            yield from texts
    yield from beside_texts(one, zone)


_COLUMNS: Final = (
    "measure", "about", "service", "outcome", "least", "most", "unit", "as_of", "reason",
    "from_anchor", "from_ids", "from_earliest", "from_latest", "from_contested",
    "to_anchor", "to_ids", "to_earliest", "to_latest", "to_contested", "beside", "says",
)  # fmt: skip


def _for_machines(found: Sequence[Measure], weight: Fraction) -> Rows:
    rows = [flat(one) | {"says": definition_text(one.key, weight)} for one in found]
    return Rows([(name, name) for name in _COLUMNS], rows)


def _for_people(found: Sequence[Measure], zone: str | None, weight: Fraction) -> Rows:
    columns = (
        ("measure", "measure"),
        ("of", "of"),
        ("value", "value"),
        ("from", "from"),
        ("to", "to"),
        ("beside", "beside"),
        ("says", "definition"),
    )

    def text(anchor: Anchor | None) -> str:
        return "" if anchor is None else anchor_text(anchor, zone)

    return Rows(
        columns,
        [
            {
                "measure": one.name,
                "of": _of(one),
                "value": value_text(one.outcome, one.unit, zone),
                "from": text(one.start),
                "to": text(one.end),
                "beside": "; ".join(beside_texts(one, zone)),
                "says": definition_text(one.key, weight),
            }
            for one in found
        ],
    )
