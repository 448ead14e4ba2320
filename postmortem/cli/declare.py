"""Declaring what there is; each kind of declaration is a command of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import entry as typed
from postmortem.cli.entry import EntryCommand
from postmortem.cli.entry_group import EntryGroup, in_editor
from postmortem.cli.place import tracker
from postmortem.core.catalogue import Kind
from postmortem.core.errors import BadInput

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from postmortem.cli.acknowledge import Told
    from postmortem.cli.desk import Desk
    from postmortem.core.entries import Entry


class Declarations(EntryGroup):
    """The kinds of declaration."""

    declarations = True

    def command_for(self, kind: Kind) -> click.Command:
        """`declare service aws --provider amazon`."""

        def callback(ctx: click.Context, /, **params: Any) -> None:
            _declare(ctx, kind, **params)

        optional = [
            typed.dashed(field.name)[2:]
            for field in kind.fields
            if not field.required and field.name != "id"
        ]
        command = typed.example(kind, f"declare {kind.name} {_DECLARED[kind.name]}")
        return EntryCommand(
            kind.name,
            callback=click.pass_context(callback),
            params=[
                click.Argument(["id"], metavar="ID", shell_complete=_declared_ids),
                *typed.field_options(kind, without=("id",)),
                click.Option(
                    ["--amend"],
                    is_flag=True,
                    help="It was declared wrongly: start from what stands, change what is given.",
                ),
                click.Option(
                    ["--unset"],
                    multiple=True,
                    metavar="FIELD",
                    type=click.Choice(optional),
                    help="With --amend: leave that field out.",
                ),
                *typed.writing_options(platform=kind.name != "platform"),
            ],
            help=f"{kind.says}.\n\n{_AMENDED}",
            epilog=f"\b\nExamples:\n{typed.wrapped(command)}\n{_MORE[kind.name]}",
        )


def _declared_ids(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[Any]]:
    """What is declared of that kind already, to be amended."""
    from postmortem.cli.completion import ids

    return ids(ctx, incomplete, names=str(ctx.command.name))


_DECLARED: Final = {
    "platform": "parler",
    "source": "aws-status",
    "service": "aws",
    "capability": "hosting",
}
_MORE: Final = {
    "platform": "  postmortem declare platform parler --name Parler --zone America/Los_Angeles",
    "source": "  postmortem declare source aws-status --title 'AWS status page' --lang en --amend",
    "service": "  postmortem declare service aws --name 'AWS hosting' --provider amazon",
    "capability": "  postmortem declare capability auth "
    "--requires '{all_of: [hosting, {optional: twilio}]}'",
}
_AMENDED: Final = (
    "What is declared already, exactly so, is left alone. With other content it is refused, unless "
    "--amend says that the declaration was wrong; a formula that changed in the world is an event: "
    "postmortem record capability-revised."
)


@click.group(
    cls=Declarations,
    subcommand_metavar="KIND ID --…",
    epilog="""\b
Examples:
  postmortem declare platform parler --name Parler --zone America/Los_Angeles
  postmortem declare source letter --title 'Letter of 9 January' --published-at 2021-01-09
  postmortem declare service aws --name 'AWS hosting' --provider amazon
  postmortem declare capability hosting --requires aws
  postmortem declare capability auth --requires '{all_of: [hosting, {optional: twilio}]}'
  postmortem declare service aws --provider 'Amazon Web Services' --amend""",
)
def declare() -> None:
    """Declare what there is: the platform, its services, capabilities and sources.

    The platform comes first, and makes the store where there is none. Declarations have no time in
    the world: they hold at every moment, as the log has them.
    """


def _declare(
    ctx: click.Context,
    kind: Kind,
    /,
    *,
    id: str,
    amend: bool,
    unset: tuple[str, ...],
    edit: bool,
    draft: str | None,
    dry_run: bool,
    tz: str | None,
    as_json: bool,
    platform: str | None = None,
    **params: Any,
) -> None:
    given = typed.fields_of(kind.fields, params)
    verb = f"declare {kind.name}"
    dropped = typed.unset_fields(kind, unset, given)
    if dropped and not amend:
        raise BadInput("--unset goes with --amend", hint="leave it out, or amend what is declared")
    from postmortem.cli.acknowledge import acknowledge, span, tell
    from postmortem.cli.standing import carried, differing, fields_from
    from postmortem.core.decide import Draft
    from postmortem.core.withdrawal import placeholder

    here, is_new = _place(ctx, kind, id, platform, tz, writes=not dry_run, as_json=as_json)
    here.check_id(id, "ID")
    standing = None if is_new else here.record.declaration(kind.name, id)
    before = {} if standing is None else fields_from(kind, standing[1])
    start = before if amend else {}
    fields = {k: v for k, v in {**start, **given}.items() if k not in dropped and k != "id"}
    withheld = {} if standing is None or not amend else standing[1]

    def attempt(fields: dict[str, Any]) -> tuple[Entry, Told]:
        kept = carried(kind, withheld, fields, dropped)
        whole = {**{name: placeholder(name) for name in kept}, **fields}
        if problem := typed.missing(kind, whole, verb):
            raise problem
        entry = here.entry(kind, {**whole, "id": id})
        drafts = [Draft(here.platform, entry, amend=amend, stand_ins=kept)]
        return entry, tell(here, drafts, rehearse=dry_run)

    if edit or draft is not None:
        shown = [field for field in kind.fields if field.name != "id"]
        entry, told = in_editor(kind, f"{verb} {id}", shown, fields, draft, attempt)
    else:
        entry, told = attempt(fields)
    remarks = []
    if standing is not None:
        after = fields_from(kind, entry.body())
        kept = carried(kind, withheld, fields, dropped)
        remarks = differing(kind, before, after, but=("id", *kept), resolved=partial(span, here))
    if is_new and not dry_run:
        remarks.append(f"the store is new: {here.store.path}")
    did = "amended" if standing is not None else "declared"
    said = f"{did} {kind.name} {id}"
    acknowledge(here, told, entry, said, remarks=remarks, corrects=standing is not None)


def _place(
    ctx: click.Context,
    kind: Kind,
    id: str,
    platform: str | None,
    tz: str | None,
    *,
    writes: bool,
    as_json: bool,
) -> tuple[Desk, bool]:
    """Where it is declared, and whether the store is yet to be made: only a platform does that."""
    from postmortem.cli.desk import at_desk, desk

    if kind.name != "platform":
        return desk(ctx, platform, tz, as_json=as_json), False
    store = tracker(ctx, writes=writes)
    is_new = not store.exists
    home = None if is_new or id not in store.view.platforms else store.zone(id)
    return at_desk(store, id, home, tz, as_json=as_json), is_new
