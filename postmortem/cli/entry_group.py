"""A command for each kind of the catalogue: what `record` and `declare` have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import click

from postmortem.cli.kinds import kinds
from postmortem.core.catalogue import Field, Kind

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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


def in_editor(
    kind: Kind,
    title: str,
    shown: list[Field],
    fields: dict[str, Any],
    draft: str | None,
    attempt: Callable[[dict[str, Any]], T],
) -> T:
    """What the attempt gives for what somebody fills in, in an editor or out of a draft."""
    from postmortem.cli.draft import Form, edited

    return edited(Form(kind, title, shown, fields), attempt, draft=draft)
