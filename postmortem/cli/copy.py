"""Move a log from one store into another."""

from __future__ import annotations

import sys

import click

from postmortem.cli import output
from postmortem.cli.options import json_option
from postmortem.store import backends


@click.command(
    epilog="""\b
Examples:
  postmortem copy postmortem.db postgresql://db1,db2/ops
  postmortem copy postgresql://db1,db2/ops kept/2021-02.db
  postmortem copy old.db new.db

\b
--json prints
  from, to             without passwords
  events, words        how many the copy holds
  resumed              how many of the events it held already, from an attempt that broke off
  digest               SHA-256 over all that both logs hold, in hexadecimal
  recorded_meanwhile   how many events the source has got since, which are not in the copy"""
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
def copy(source: str, target: str, as_json: bool) -> None:
    """Copy the log at FROM to TO, each a file or a URL, and compare the two byte by byte.

    Positions, times of recording and people's words stay as they are, and every question has the
    same answer. TO must be new, or a copy that broke off: it is gone on with. Until it is whole it
    cannot be asked. To move for good, let nobody record at FROM meanwhile.
    """
    from postmortem.store.copying import copy as copied
    from postmortem.store.progress import untold

    done = copied(source, target, output.progress if sys.stderr.isatty() else untold)
    names = backends.shown(source), backends.shown(target)
    if as_json:
        output.print_json(
            {
                "from": names[0],
                "to": names[1],
                "events": done.events,
                "words": done.words,
                "resumed": done.resumed,
                "digest": done.digest,
                "recorded_meanwhile": done.grown,
            }
        )
        return
    more = f", {done.resumed:,} of them by an earlier attempt" if done.resumed else ""
    output.say(f"{names[1]}: {done.events:,} events{more}, with {done.words:,} texts")
    output.say("compared with the source, byte by byte: the same")
    output.say(f"SHA-256 over both logs: {done.digest}")
    if done.grown:
        output.warn(
            f"{done.grown:,} events were recorded at {names[0]} meanwhile, and are not in the copy"
        )
