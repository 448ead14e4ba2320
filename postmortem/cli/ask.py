"""Questions over time and over what could fail: downtime, cuts."""

from __future__ import annotations

from typing import Any

import click

from postmortem.cli import output
from postmortem.cli.options import asked, nearest, question_options
from postmortem.cli.spans import platform_name
from postmortem.core import measures
from postmortem.core.errors import BadInput
from postmortem.core.lengths import lasted
from postmortem.reports.rows import Rows


@click.command(
    epilog="""\b
Examples:
  postmortem downtime --from 2021-01-08T00:00Z --to 2021-01-15T00:00Z
  postmortem downtime --from 2021-01-10T00:00-08:00 --to 2021-01-12T00:00-08:00 --json"""
)
@click.option("--from", "start", metavar="TIME", required=True, help="The first instant.")
@click.option("--to", "end", metavar="TIME", required=True, help="The first that does not count.")
@question_options
@click.pass_context
def downtime(
    ctx: click.Context,
    /,
    start: str,
    end: str,
    **frame: Any,
) -> None:
    """How long each capability was unavailable, and how long it was impaired.

    Each is a range: at least, for how long the best was so; at most, for how long the worst was.
    Impaired is everything below operational. Causes that overlap count once.
    """
    question = asked(ctx, **frame)
    zone = question.zone
    begin, until = question.instant(start, "--from"), question.instant(end, "--to")
    picture = question.store.picture(question.platform, question.as_of)
    found = measures.downtime(picture, begin, until)
    if question.json:
        output.print_json({id: measured.document() for id, measured in found.items()})
        return
    if question.form != "table":
        seconds = {id: measured.document() for id, measured in found.items()}
        keys = [(kind, end) for kind in ("unavailable", "impaired") for end in ("least", "most")]
        question.print(
            Rows(
                [
                    ("capability", "capability"),
                    *((f"{kind}_{end}", f"{kind}, {end} (s)") for kind, end in keys),
                ],
                [
                    {"capability": id}
                    | {f"{kind}_{end}": pair[kind][end == "most"] for kind, end in keys}
                    for id, pair in seconds.items()
                ],
            )
        )
        return
    window = f"from {output.moment(begin, zone)} to {output.moment(until, zone)}"
    output.say(f"{platform_name(question)} {window}, {output.clocks(question.as_of, zone)}")
    output.say(f"the window is {lasted(until - begin)} long")
    output.say()
    output.table(
        ("capability", "unavailable", "impaired"),
        [
            (id, output.between(measured.unavailable), output.between(measured.impaired))
            for id, measured in found.items()
        ],
    )


@click.command(
    epilog="""\b
Examples:
  postmortem cuts hosting
  postmortem cuts auth --at 2021-01-08T12:00-08:00 --json"""
)
@click.argument("capability")
@click.option("--at", metavar="TIME", help="Whose formula counts; else now.")
@question_options
@click.pass_context
def cuts(
    ctx: click.Context,
    /,
    capability: str,
    at: str | None,
    **frame: Any,
) -> None:
    """The smallest sets of services whose loss may make a capability unavailable.

    All else is supposed operational. A set of one is a single point of failure; beside each set
    stand the providers behind it.
    """
    question = asked(ctx, at=at, **frame)
    picture = question.store.picture(question.platform, question.as_of)
    if capability not in picture.situation.capabilities:
        raise BadInput(
            f"there is no capability {capability!r}",
            hint=nearest(capability, sorted(picture.situation.capabilities)),
        )
    sets = measures.cut_sets(picture, capability, question.as_of.valid)
    if question.json:
        output.print_json(measures.cuts_document(capability, sets))
        return
    position = question.store.view.position_at(question.as_of.recorded)
    declared = question.store.view.declared(question.platform, "service", position)
    rows: list[dict[str, Any]] = [
        {
            "size": len(one),
            "services": one,
            "providers": sorted({declared[id][1] for id in one if declared[id][1]}),
            "single": len(one) == 1,
        }
        for one in sorted(sets, key=lambda one: (len(one), one))
    ]
    head = f"{capability} of {platform_name(question)} "
    head += output.question(question.as_of, question.zone)
    if question.form != "table":
        question.print(
            Rows([(key, key) for key in ("size", "services", "providers", "single")], rows)
        )
        return
    output.say(head)
    output.say()
    if not rows:
        output.say("no loss of services makes it unavailable")
        return
    output.table(
        ("", "loss that takes it down", "provided by"),
        [
            (
                "single point of failure" if row["single"] else f"{row['size']} together",
                ", ".join(row["services"]),
                ", ".join(row["providers"]),
            )
            for row in rows
        ],
    )
