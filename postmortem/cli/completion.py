"""Completion in bash, zsh, fish and PowerShell: names from tables, ids from the store.

A shell asks at every press of a key and shows whatever it is told. So nothing but click and the
view's plain sqlite3 is loaded for it, and whatever goes wrong, the answer is that there is nothing.
Of a log on a server the view on this machine answers as it stands; the server is not asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    _resolve_context,
    _resolve_incomplete,
    add_completion_class,
    get_completion_class,
)

from postmortem.core.errors import BadInput, StoreMissing, StoreProblem
from postmortem.core.words import for_terminal

if TYPE_CHECKING:
    from postmortem.store.view import View

SHELLS: Final = ("bash", "zsh", "fish", "powershell")
VARIABLE: Final = "_POSTMORTEM_COMPLETE"
"""The variable through which a shell asks; click makes its name from the program's."""

_NAMED: Final = {
    "service": "service",
    "services": "service",
    "without": "service",
    "capability": "capability",
    "capabilities": "capability",
    "source": "source",
    "sources": "source",
    "cites": "source",
    "platform": "platform",
    "event": "version",
    "events": "version",
    "corrected": "version",
    "fact": "version",
    "about": "any",
}
"""What a parameter of that name takes, whichever command has it."""
_ARGUMENTS: Final = {"id": "everything", "ids": "part"}
"""The same of arguments alone: an option --id gives something new its name."""
_TIMES: Final = (
    "at", "known_at", "recorded_at", "effective_at", "time", "published_at", "start", "end",
)  # fmt: skip
"""Parameters that take a time, and so also @ID."""
_FILES: Final = ("casebook", "casebooks", "batch", "file", "target", "draft")


def ids(
    ctx: click.Context, incomplete: str, *, names: str, types: Sequence[str] = ()
) -> list[CompletionItem[Any]]:
    """The ids in the store that begin so, of what `names` names; none where anything is amiss."""
    # a shell would show the traceback between two words of what is being typed
    with contextlib.suppress(Exception):
        return [
            CompletionItem(id, help=for_terminal(says))
            for id, says in _found(ctx, incomplete, names, types)
        ]
    return []


def _found(
    ctx: click.Context, incomplete: str, names: str, types: Sequence[str]
) -> list[tuple[str, str]]:
    from postmortem.store.suggestions import beginning

    with at_hand(ctx) as (view, platform):
        if names == "platform":
            return [(id, "platform") for id in view.platforms if id.startswith(incomplete)]
        if platform is None:
            return []
        which = ("version", "any", "source") if names == "everything" else (names,)
        found = [
            each
            for one in which
            for each in beginning(view, platform, incomplete, names=one, types=types)
        ]
        return list(dict(found).items())


@contextlib.contextmanager
def at_hand(ctx: click.Context) -> Iterator[tuple[View, str | None]]:
    """The view of the store that is meant, as it stands, and the platform, where that is clear.

    Raises: Problem, where there is no view, or none that is current.
    """
    from postmortem.cli.place import locate
    from postmortem.store import backends
    from postmortem.store.view import View

    path = locate(ctx.find_root().params.get("db")).path
    if backends.is_remote(path):
        from postmortem.store import view_files

        file = view_files.at_hand(backends.shown(path))
        if file is None:
            raise StoreMissing(f"this machine has no view of {backends.shown(path)} yet")
        path = file
    with contextlib.closing(View.open(path)) as view:
        if not view.is_current:
            raise StoreProblem(f"the view of {path} is not current")
        chosen = ctx.params.get("platform")
        platforms = view.platforms if chosen is None else [chosen]
        yield view, platforms[0] if len(platforms) == 1 else None


def completed(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[Any]]:
    """What may follow for a parameter, by its name where the command itself knows nothing."""
    found = param.shell_complete(ctx, incomplete)
    name = str(param.name)
    if found:
        return found
    if name in _FILES:
        return [CompletionItem(incomplete, type="file")]
    if name in _TIMES:
        if not incomplete.startswith("@"):
            return []
        return [
            CompletionItem(f"@{item.value}", help=item.help)
            for item in ids(ctx, incomplete[1:], names="event")
        ]
    if name in ("type", "types"):
        return _kinds(incomplete, all=name == "type")
    if name in ("tz", "zone"):
        return _zones(incomplete)
    if isinstance(param, click.Argument) and name in _ARGUMENTS:
        return ids(ctx, incomplete, names=_ARGUMENTS[name])
    return ids(ctx, incomplete, names=_NAMED[name]) if name in _NAMED else []


def _kinds(incomplete: str, *, all: bool) -> list[CompletionItem[Any]]:
    """The kinds of entry, or of event alone."""
    from postmortem.cli.kinds import kinds

    return [
        CompletionItem(kind.name, help=kind.says)
        for kind in kinds().values()
        if kind.name.startswith(incomplete) and (all or not kind.is_declaration)
    ]


def _zones(incomplete: str) -> list[CompletionItem[Any]]:
    from zoneinfo import available_timezones

    return [CompletionItem(z) for z in sorted(available_timezones()) if z.startswith(incomplete)]


class _Completes(ShellComplete):
    """Any shell, with what `completed` knows, and without a word about what went wrong."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        """What may stand next."""
        with contextlib.suppress(Exception):
            # bash breaks --service=aws into three words, and click looks at the one right before
            args = [word for word in args if word != "="]
            ctx = _resolve_context(self.cli, self.ctx_args, self.prog_name, args)
            asked, incomplete = _resolve_incomplete(ctx, args, incomplete)
            if isinstance(asked, click.Parameter):
                return completed(ctx, asked, incomplete)
            return asked.shell_complete(ctx, incomplete)
        return []


def shell_class(shell: str) -> type[ShellComplete]:
    """How that shell is answered.

    Raises: BadInput, where the installed click does not know the shell.
    """
    known = get_completion_class(shell)
    if known is None:
        raise BadInput(
            f"the click that is installed cannot complete in {shell}",
            hint="install click 8.5 or newer",
        )
    return known if issubclass(known, _Completes) else type(known.__name__, (_Completes, known), {})


def register() -> None:
    """Let the four shells be answered by `completed`."""
    for shell in SHELLS:
        with contextlib.suppress(BadInput):
            add_completion_class(shell_class(shell), shell)


@click.command(
    epilog="""\b
To install it, once:
  bash         postmortem completion bash > ~/.postmortem-complete.bash
               echo '. ~/.postmortem-complete.bash' >> ~/.bashrc
  zsh          postmortem completion zsh > ~/.postmortem-complete.zsh
               echo '. ~/.postmortem-complete.zsh' >> ~/.zshrc       (below compinit)
  fish         postmortem completion fish > ~/.config/fish/completions/postmortem.fish
  powershell   postmortem completion powershell >> $PROFILE

\b
Examples:
  postmortem completion bash
  postmortem completion zsh > ~/.postmortem-complete.zsh"""
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and ids in your shell.

    Ids come from the store that a command would use: what --db names, else POSTMORTEM_DB, else the
    nearest postmortem.db upwards. Of a log on a server they come from the view on this machine, as
    the last question left it.
    """
    from postmortem.cli.commands import group

    script = shell_class(shell)(group, {}, "postmortem", VARIABLE)
    # not script.source(), which would start a bash to look at its version
    click.echo(script.source_template % script.source_vars(), nl=False)
