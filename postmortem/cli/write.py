"""Writing down: record and declare; each kind of the catalogue is a command of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from postmortem.cli import entry as typed
from postmortem.cli.entry import EntryCommand
from postmortem.cli.kinds import kinds
from postmortem.cli.place import tracker
from postmortem.core.catalogue import Field, Kind
from postmortem.core.errors import BadInput

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from postmortem.cli.acknowledge import Told
    from postmortem.cli.desk import Desk
    from postmortem.core.decide import Draft
    from postmortem.core.entries import Entry

T = TypeVar("T")


class EntryGroup(click.Group, ABC):
    """One command for each kind of entry, made when it is called; help lists them from a table."""

    declarations = False

    def _kinds(self) -> dict[str, Kind]:
        return {
            name: kind for name, kind in kinds().items() if kind.is_declaration is self.declarations
        }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The kinds, in the order of the catalogue."""
        return list(self._kinds())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that writes down an entry of that kind."""
        kind = self._kinds().get(cmd_name)
        return None if kind is None else self.command_for(kind)

    @abstractmethod
    def command_for(self, kind: Kind) -> click.Command:
        """Made anew for each call."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; an unknown kind is told with the nearest one."""
        known = self._kinds()
        if args and args[0] not in known and not args[0].startswith("-"):
            near = get_close_matches(args[0], known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
            what = "kind" if self.declarations else "type"
            ctx.fail(f"No such {what} {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name and what it says."""
        with formatter.section("Kinds" if self.declarations else "Types"):
            formatter.write_dl([(kind.name, kind.says + ".") for kind in self._kinds().values()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """The kinds from the table, then the options."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(kind.name, help=kind.says)
            for kind in self._kinds().values()
            if kind.name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


# --- record -------------------------------------------------------------------------------------


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
        entry, told = _in_editor(kind, f"{verb}, in {here.platform}", shown, fields, draft, attempt)
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


def _in_editor(
    kind: Kind,
    title: str,
    shown: list[Field],
    fields: dict[str, Any],
    draft: str | None,
    attempt: Callable[[dict[str, Any]], T],
) -> T:
    from postmortem.cli.draft import Form, edited

    return edited(Form(kind, title, shown, fields), attempt, draft=draft)


# --- declare ------------------------------------------------------------------------------------


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
        entry, told = _in_editor(kind, f"{verb} {id}", shown, fields, draft, attempt)
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
