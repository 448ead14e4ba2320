"""The table of commands, each loaded when it is called and not before.

To add one: write its function in a module of this folder, and its line here.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

ASK, KEEP, START, RECORD = "Ask", "Keep the record", "Start here", "Record"
PUBLISH = "Publish"
TRUST = "Trust the record"

COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "demo": ("demo:demo", START, "The founding case: five questions with their answers."),
    "new": ("new:new", START, "A commented casebook to start from."),
    "record": ("record:record", RECORD, "One event: what happened, or what somebody said."),
    "declare": ("declare:declare", RECORD, "A platform, service, capability or source."),
    "correct": ("correct:correct", RECORD, "A better version of what is recorded."),
    "retract": ("correct:retract", RECORD, "Take back what is recorded."),
    "source": ("source:source", RECORD, "Sources: record a snapshot, list them, show one."),
    "cite": ("cite:cite", RECORD, "Find a passage, and print the citation to paste."),
    "events": ("catalogue:events", RECORD, "The catalogue: what can happen, and what it takes."),
    "import": ("keep:import_", KEEP, "Record what is new in a casebook or an exported log."),
    "state": ("state:state", ASK, "What works at a moment, and because of what."),
    "explain": ("explain:explain_", ASK, "Why, how sure, and what would change the answer."),
    "diff": ("diff:diff", ASK, "What changed: in the record, in what was known, over time."),
    "downtime": ("ask:downtime", ASK, "How long each capability was out, and impaired."),
    "timeline": ("timeline:timeline", ASK, "What happened, in the order of its time."),
    "measures": ("measures:measures", ASK, "Notice, time to detect and to restore, and more."),
    "cuts": ("ask:cuts", ASK, "Whose loss would take a capability down."),
    "report": ("report:report", PUBLISH, "The postmortem, written from the record."),
    "verify-report": ("verify_report:verify_report", PUBLISH, "Whether a document still follows."),
    "log": ("look:log", ASK, "The log as it was recorded."),
    "show": ("look:show", ASK, "One entry of the log, whole."),
    "history": ("history:history", ASK, "All versions of one fact, and what changed."),
    "search": ("search:search", ASK, "Full text: where a word stands, and why it was found."),
    "check": ("check:check_", ASK, "What contradicts itself, hangs open or lacks a source."),
    "verify": ("verify:verify", TRUST, "Whether the store is as it was recorded, and since when."),
    "checkpoint": ("checkpoint:checkpoint", TRUST, "What the log is now, to be kept elsewhere."),
    "prove": ("prove:prove", TRUST, "That an event stands in the log, for those without it."),
    "verify-proof": ("prove:verify_proof", TRUST, "Whether such a proof holds; without a store."),
    "doctor": ("doctor:doctor", TRUST, "What can be read in a damaged store, and saving it."),
    "coverage": ("coverage:coverage_", ASK, "How much rests on how many independent sources."),
    "verify-sources": ("verify_sources:verify_sources", TRUST, "Whether citations still hold."),
    "lint": ("lint:lint_", ASK, "Which texts blame, look back or claim too much."),
    "export": ("keep:export", KEEP, "Write the log as JSON Lines."),
    "redact": ("redact:redact", KEEP, "Withdraw somebody's words, and erase them from the store."),
    "backup": ("keep:backup", KEEP, "Copy the store while it is in use."),
    "copy": ("copy:copy", KEEP, "Move a log between stores: files and PostgreSQL."),
    "status": ("status:status", KEEP, "Where the log ends, and how far the view has come."),
    "follow": ("status:follow", KEEP, "Keep the view of a log on PostgreSQL up to date."),
    "postgres-setup": ("postgres_setup:postgres_setup", KEEP, "The SQL for a store on PostgreSQL."),
    "rebuild": ("keep:rebuild", KEEP, "Make the view anew from the log."),
    "completion": ("completion:completion", KEEP, "Complete commands and ids in your shell."),
    "schema": ("schema:schema", KEEP, "The JSON Schema of what a command prints."),
    "bench": ("bench:bench", KEEP, "What it costs, beside what it could cost at least."),
    "where": ("keep:where", KEEP, "Which store is used, and why that one."),
}
"""Name -> (module:function in this package, section, one line)."""


class Command(click.Command):
    """A command that tells of its `--help` by itself.

    The library would look the sentence up among translations, of which there are none; a question
    would wait for what that loads.
    """

    _help: click.Option | None = None

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option, made once."""
        names = self.get_help_option_names(ctx)
        if self._help is None and names:
            self._help = click.Option(
                [*names, "_help"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                help="Show this message and exit.",
                callback=_show_help,
            )
        return self._help


def _show_help(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def _show_version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"postmortem, version {version('postmortem-record')}", color=ctx.color)
        ctx.exit()


class Commands(Command, click.Group):
    """Loads a command's module when the command is called; its help needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(f"postmortem.cli.{module}"), function)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; the list of names is ours, so that suggestions load nothing."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(
                f"No such command {args[0]!r}."
                + (f" Did you mean {near[0]!r}?" if near else " `postmortem --help` lists them.")
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """From the table as well, so that completing a name loads nothing."""
        from click.shell_completion import CompletionItem

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        found = [CompletionItem(name, help=COMMANDS[name][2]) for name in names]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By section."""
        for section in (START, RECORD, ASK, PUBLISH, TRUST, KEEP):
            rows = [(name, line) for name, (_, where, line) in COMMANDS.items() if where == section]
            with formatter.section(section):
                formatter.write_dl(rows)


def _colour(choice: str) -> bool | None:
    """Whether to colour; None: where the output is a terminal. NO_COLOR as no-color.org has it."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return False if os.environ.get("TERM") == "dumb" else None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="A question can fix three clocks: --at (when it was true), --known-at (what could be "
    "known by then), --recorded-at (what the log held by then).",
)
@click.option("--db", metavar="FILE", help="The store, a file or postgresql://…; else "
              "POSTMORTEM_DB, else the nearest postmortem.db upwards, else the one in your data "
              "folder.")  # fmt: skip
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Whether to colour the output.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def group(ctx: click.Context, db: str | None, color: str) -> None:
    """A record of what a platform lost, when, and when one could know it."""
    ctx.color = _colour(color)
    ctx.obj = {"db": db}


def run_inside(arguments: list[str], **settings: Any) -> Any:
    """Run another command as if it had been typed; its errors reach the caller."""
    return group.main(arguments, prog_name="postmortem", standalone_mode=False, **settings)
