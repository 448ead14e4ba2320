"""The command line: a door, and the only place where click lives."""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import NoReturn

from postmortem.core.errors import Problem

UNWRITTEN = 3
FAULT = 70
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave with its exit status (README, "exit statuses")."""
    _fill_what_is_closed()
    gc.set_threshold(50_000)  # what is loaded at first stays: to look through it again takes time
    if isinstance(sys.stdout, TextIOWrapper):  # a character that the terminal lacks is no fault
        sys.stdout.reconfigure(errors="backslashreplace")
    _leave(run(arguments))


def _fill_what_is_closed() -> None:
    """Put nothing in place of a standard stream that the shell closed, as by `>&-`.

    Else the next file that is opened gets its number, and what is written out goes there.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # in their order, so that each gets its own number back
            handle = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(handle, mode, errors="replace"))  # noqa: SIM115


def _leave(status: int) -> NoReturn:
    """End the process: everything is closed, and taking the interpreter apart takes a while."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads any more, or no room: that was told
            stream.flush()
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
        with suppress(OSError):  # who cannot be told has the exit status
            error.show()
        return error.exit_code
    except Problem as problem:
        from postmortem.cli.output import complain  # help and completion need none of it

        with suppress(OSError):
            complain(problem)
        return problem.exit_status
    except (KeyboardInterrupt, click.Abort):
        return _interrupted()
    except (BrokenPipeError, SystemExit):
        # Whoever read our answer has seen enough; nothing more may be written, not even at exit.
        # (click makes a SystemExit of it, and nothing else here raises one.)
        _write_no_more()
        return 0
    except Exception as fault:
        if isinstance(fault.__cause__, KeyboardInterrupt):  # pydantic wraps it
            return _interrupted()
        if isinstance(fault, OSError) and fault.filename is None and fault.errno in _UNWRITABLE:
            _write_no_more()
            _say(f"postmortem: the answer cannot be written: {fault.strerror}")
            return UNWRITTEN
        if os.environ.get("POSTMORTEM_DEBUG"):
            raise
        _say(
            f"postmortem: a fault of the program's own: {type(fault).__name__}: {fault}\n"
            "  please report it; POSTMORTEM_DEBUG=1 shows where it happened"
        )
        return FAULT


_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What goes wrong where an answer is sent into a file: no room, or a broken disk."""


def _write_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    import click

    with suppress(OSError):
        click.echo(text, err=True)


def _interrupted() -> int:
    _say("interrupted; what was not acknowledged is not recorded")
    return INTERRUPTED
