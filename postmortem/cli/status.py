"""How the store stands: its log, its view, and the server that holds it."""

from __future__ import annotations

import time
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.options import json_option
from postmortem.cli.place import locate, tracker
from postmortem.core.errors import BadInput
from postmortem.core.times import format_instant
from postmortem.store import backends

_WIDTH: Final = 9


@click.command(
    epilog="""\b
Examples:
  postmortem status
  postmortem --db postgresql://db1,db2/ops status --json

\b
--json prints
  store, backend, id, copy_of
  position, recorded_at   where the log ends; null where it cannot be asked
  view                    {file, bytes, position, recorded_at, current, behind_events,
                          behind_seconds}; null where none was made yet
  server                  {version, role, tls, synchronous_commit, synchronous_standby_names,
                          standbys, waiting}; null for a file
  remarks                 what somebody should do something about
  problem                 why the log cannot be asked; null

The exit status is 3 where the log cannot be asked."""
)
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> int:
    """Where the log ends, how far the view has come, and what keeps both safe.

    Nothing is changed by asking: a view that is behind stays so until the next question.
    """
    from postmortem.store.status import Status
    from postmortem.store.status import status as status_of

    found: Status = status_of(locate(ctx.find_root().obj["db"]).path)
    if as_json:
        output.print_json(_document(found))
    else:
        _print(found)
    if found.problem is None:
        return 0
    output.complain(found.problem)
    return found.problem.exit_status


def _document(found: Any) -> dict[str, Any]:
    view, server = found.view, found.server
    seconds = None
    if found.position is not None and view is not None:
        behind = found.recorded - view.recorded if view.position < found.position else 0
        seconds = behind / 1_000_000 if view.position else None
    return {
        "store": found.place,
        "backend": found.backend,
        "id": found.id,
        "copy_of": found.copy_of,
        "position": found.position,
        "recorded_at": format_instant(found.recorded) if found.recorded else None,
        "view": None
        if view is None
        else {
            "file": view.file,
            "bytes": view.bytes,
            "position": view.position,
            "recorded_at": format_instant(view.recorded) if view.recorded else None,
            "current": view.is_current and found.behind in (0, None),
            "behind_events": found.behind,
            "behind_seconds": seconds,
        },
        "server": None
        if server is None
        else {
            "version": server.version,
            "role": server.role,
            "tls": server.encrypted,
            "synchronous_commit": server.synchronous_commit,
            "synchronous_standby_names": server.wanted,
            "standbys": list(server.standbys),
            "waiting": server.waiting,
        },
        "remarks": list(found.remarks),
        "problem": None if found.problem is None else found.problem.message,
    }


def _print(found: Any) -> None:
    def line(name: str, text: str) -> None:
        output.say(f"{name:<{_WIDTH}}{text}".rstrip())

    output.say(found.place)
    line("backend", found.backend)
    if found.copy_of is not None:
        line("copy of", found.copy_of)
    if found.position is None:
        line("log", "cannot be asked")
    elif not found.position:
        line("log", "empty")
    else:
        when = output.since(found.recorded, None)
        line("log", f"{found.position:,} events, the last recorded {when}")
    _print_view(found, line)
    server = found.server
    if server is not None:
        tls = "encrypted" if server.encrypted else "not encrypted"
        line("server", f"{server.role}, the connection {tls}")
        if server.wanted:
            there = ", ".join(server.standbys) or "none is connected"
            line("standbys", f"waits for {server.wanted}: {there}")
    for remark in found.remarks:
        line("note", remark)


def _print_view(found: Any, line: Any) -> None:
    view = found.view
    if view is None:
        line("view", "none yet; the next question makes it")
        return
    if found.behind:
        events = "1 event" if found.behind == 1 else f"{found.behind:,} events"
        state = f"at {view.position:,}, {events} behind; the next question catches up"
    elif view.is_current:
        state = "current" if found.position is not None else f"ends at position {view.position:,}"
    else:
        state = "of another version; the next question makes it anew"
    line("view", state)
    if found.server is not None or found.problem is not None:
        line("", f"{view.file}, {view.bytes:,} bytes")


@click.command(
    epilog="""\b
Examples:
  postmortem follow
  postmortem follow --every 60"""
)
@click.option(
    "--every",
    type=click.FloatRange(0.05, 3600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look, though the server tells of nothing.",
)
@click.pass_context
def follow(ctx: click.Context, every: float) -> None:
    """Keep the view on this machine at the end of a log on PostgreSQL, until interrupted.

    Questions bring the view up to date by themselves; with this running they have nothing to do.
    The server tells when something is recorded; a standby does not, and is looked at every second.
    It waits out a failover, and may be killed and started again at any moment.
    """
    place = locate(ctx.find_root().obj["db"]).path
    if not backends.is_remote(place):
        raise BadInput(
            "a store in a file has its view with it, and nothing to follow",
            hint="--db postgresql://… names a log that is elsewhere",
        )
    started = time.monotonic()

    def told(here: Any) -> None:
        output.say(f"{time.monotonic() - started:8.1f} s  position {here.position:,}")

    with tracker(ctx).follower as follower:
        follower.tail(every, told)
