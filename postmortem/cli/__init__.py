"""The command line: a door, and the only place where click lives."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper
from typing import NoReturn

from postmortem.core.errors import Problem

FAULT = 70
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave with its exit status (README, "exit statuses")."""
    gc.set_threshold(50_000)  # what is loaded at first stays: to look through it again takes time
    if isinstance(sys.stdout, TextIOWrapper):  # a character that the terminal lacks is no fault
        sys.stdout.reconfigure(errors="backslashreplace")
    _leave(run(arguments))


def _leave(status: int) -> NoReturn:
    """End the process: everything is closed, and taking the interpreter apart takes a while."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads any more, or no room: as Python tells it
        sys.exit(status)
    os._exit(status)


def run(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    import click

    from postmortem.cli.commands import group

    if os.environ.get("_POSTMORTEM_COMPLETE"):  # a shell asks what may stand next
        from postmortem.cli.completion import register

        register()
    try:
        status = group.main(arguments, prog_name="postmortem", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Problem as problem:
        from postmortem.cli.output import complain  # help and completion need none of it

        complain(problem)
        return problem.exit_status
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except (BrokenPipeError, SystemExit):
        # Whoever read our answer has seen enough; nothing more may be written, not even at exit.
        # (click makes a SystemExit of it, and nothing else here raises one.)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as fault:
        if isinstance(fault.__cause__, KeyboardInterrupt):  # pydantic wraps it
            return _interrupted()
        if os.environ.get("POSTMORTEM_DEBUG"):
            raise
        click.echo(
            f"postmortem: a fault of the program's own: {type(fault).__name__}: {fault}\n"
            "  please report it; POSTMORTEM_DEBUG=1 shows where it happened",
            err=True,
        )
        return FAULT


def _interrupted() -> int:
    import click

    click.echo("interrupted; what was not acknowledged is not recorded", err=True)
    return INTERRUPTED
