"""Recording one event; each type of the catalogue is a command of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import entry as typed
from postmortem.cli.entry import EntryCommand
from postmortem.cli.entry_group import EntryGroup, in_editor
from postmortem.cli.kinds import kinds
from postmortem.core.catalogue import Kind

if TYPE_CHECKING:
    from postmortem.cli.acknowledge import Told
    from postmortem.cli.desk import Desk
    from postmortem.core.decide import Draft
    from postmortem.core.entries import Entry


class Types(EntryGroup):
    """The types of event."""

    def command_for(self, kind: Kind) -> click.Command:
        """`record service-down --service … --at …`."""

        def callback(ctx: click.Context, /, **params: Any) -> None:
            _record(ctx, kind, **params)

        command = typed.example(kind, f"record {kind.name}")
        return EntryCommand(
            kind.name,
            callback=click.pass_context(callback),
            params=[*typed.field_options(kind), *typed.writing_options()],
            help=f"{kind.says}.\n\n{_TIMES}",
            epilog=f"\b\nExamples:\n{typed.wrapped(command)}\n"
            f"  postmortem record {kind.name} --edit",
        )


_TIMES: Final = (
    "A TIME is written as in a casebook (2021-01-11T00:30-08:00, 2021-01-11, A..B), or typed: "
    "now, -2h, '2021-01-11 00:30 PST', @ID (the time of that event), @ID:-1m, @ID.earliest. What "
    "it came to is shown."
)


@click.group(
    cls=Types,
    subcommand_metavar="TYPE --…",
    epilog="""\b
Examples:
  postmortem record service-down --service aws --at now
  postmortem record service-cut-off --service okta --at '2021-01-10 15:00 PST' \\
    --cites leafandcore#char=1892,2192 --dry-run
  postmortem record service-restored --ends aws-down --at -10m
  postmortem record note --edit
  postmortem record service-down --help

\b
Exit status: 0 recorded, or known already; 2 the input was wrong or a rule
refused it, and nothing is recorded; 3 the store or the machine; 4 it may or
may not be recorded: ask with `log`.""",
)
def record() -> None:
    """Record one event: what happened, or what somebody said.

    Each TYPE takes the options of its own fields. Without --id an id is made from the type and what
    it is about (aws-down, aws-down-2). The answer is the id, the position in the log, and which
    levels changed. Who records is POSTMORTEM_BY, else your login name.
    """


def _record(
    ctx: click.Context,
    kind: Kind,
    /,
    *,
    edit: bool,
    draft: str | None,
    dry_run: bool,
    platform: str | None,
    tz: str | None,
    as_json: bool,
    **params: Any,
) -> None:
    fields = typed.fields_of(kind.fields, params)
    verb = f"record {kind.name}"
    editing = edit or draft is not None
    if not editing and (problem := typed.missing(kind, fields, verb)):
        raise problem
    from postmortem.cli.acknowledge import acknowledge, entry_id
    from postmortem.cli.desk import desk

    here = desk(ctx, platform, tz, as_json=as_json)

    def attempt(given: dict[str, Any]) -> tuple[Entry, Told]:
        if problem := typed.missing(kind, given, verb):
            raise problem
        return _told(here, kind, given, rehearse=dry_run)

    if editing:
        shown = [
            field
            for field in kind.fields
            if field.name not in ("replaces", "clerical") or field.name in fields
        ]
        entry, told = in_editor(kind, f"{verb}, in {here.platform}", shown, fields, draft, attempt)
    else:
        entry, told = attempt(fields)
    with_it = [
        f"declared {event.id.replace(':', ' ')} with it, at position {event.position}"
        for event in told.receipt.events[:-1]
    ]
    acknowledge(here, told, entry, f"recorded {entry_id(entry)}", remarks=with_it)


def _told(here: Desk, kind: Kind, fields: dict[str, Any], *, rehearse: bool) -> tuple[Entry, Told]:
    """The event recorded, with an id made for it where none is given."""
    from postmortem.cli.acknowledge import tell_one

    new = _offered(here, kind, fields)
    here.check_references(kind, fields, but=[draft.entry for draft in new])
    stem = here.stem(kind, fields)
    given = {name: value for name, value in fields.items() if value or name != "id"}
    return tell_one(here, kind, given, stem, rehearse=rehearse, first=lambda _: new)


def _offered(here: Desk, kind: Kind, fields: dict[str, Any]) -> list[Draft]:
    """The service that the event names, declared in passing where somebody at a terminal agrees."""
    from postmortem.core.decide import Draft

    field, id = kind.field("service"), fields.get("service")
    if field is None or not isinstance(id, str) or not here.interactive:
        return []
    if here.is_there(field, id):
        return []
    service = kinds()["service"]
    here.entry(service, {"id": id})  # or says why that is no id
    near = here.nearest(field, id)
    meant = f" Did you mean {near}?" if near else ""
    question = f"There is no service {id!r} yet.{meant} Declare {id} as a new service?"
    if not click.confirm(question, default=False, err=True):
        return []
    given = {"id": id}
    for name, asked in (("name", "Its name, for people"), ("provider", "Who provides it")):
        answer = click.prompt(asked, default="", show_default=False, err=True).strip()
        if answer:
            given[name] = answer
    return [Draft(here.platform, here.entry(service, given))]
