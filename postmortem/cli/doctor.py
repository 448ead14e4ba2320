"""The command `doctor`: what can be read in a damaged store, and saving it."""

from __future__ import annotations

import sys
from typing import Any

import click

from postmortem.cli import output
from postmortem.cli.files import new_file
from postmortem.cli.options import json_option
from postmortem.cli.place import locate
from postmortem.cli.spans import marked
from postmortem.core.errors import BadInput
from postmortem.reports import jsonl
from postmortem.store import backends
from postmortem.store.diagnosis import UNOPENED, Diagnosis, Range
from postmortem.store.doctor import Patient


@click.command(
    epilog="""\b
Examples:
  postmortem doctor
  postmortem doctor -o saved.jsonl
  postmortem --db broken.db doctor --json

\b
What was saved can be recorded in a new store: the whole log as it was, with
  postmortem --db new.db import --keep-recorded saved.jsonl
and where events are missing, those that are left, anew, without --keep-recorded.

\b
Exit status: 0 where nothing is wrong; 1 where something is, whatever could be saved."""
)
@click.option(
    "-o", "--output", "file", metavar="FILE", help="Write what can be read there, as JSON Lines."
)
@json_option
@click.pass_context
def doctor(ctx: click.Context, /, file: str | None, as_json: bool) -> int:
    """What of a damaged store can be read; with -o also save it. The store is never touched.

    For a torn page, a file that was cut short, a lost -wal, a disk that was full. What SQLite
    reads no more is looked for page by page. Whether somebody changed the record on purpose is
    for `verify` to say. It examines files: of a log on a server, `rebuild` makes a damaged view on
    this machine anew, and the server's own tools mend what is there.
    """
    path = locate(ctx.find_root().obj["db"]).path
    if backends.is_remote(path):
        raise BadInput(
            "doctor examines the file of a store, and this one is on a server",
            hint="`postmortem verify` compares it with what this machine has seen; and the server "
            "has tools of its own",
        )
    progress = output.progress if sys.stderr.isatty() else None
    with Patient(path, progress) as patient:
        found = patient.found
        saved = None if file is None else _save(patient, file)
    if as_json:
        output.print_json(_document(path, found, file, saved))
    else:
        _show(path, found)
        if file is not None:
            output.say(f"{file}: {saved:,} events" if saved != 1 else f"{file}: 1 event")
        elif not found.is_sound and (found.readable or found.rescued):
            output.say("doctor -o FILE saves what can be read")
    return int(not found.is_sound)


def _save(patient: Patient, file: str) -> int:
    count = 0
    with new_file(file) as target:
        for envelope, said in patient.lines():
            target.write(jsonl.line(envelope, said) + "\n")
            count += 1
    return count


def _show(path: str, found: Diagnosis) -> None:
    beside = "".join(f", {ending} {size:,}" for ending, size in found.beside.items())
    output.say(f"{path}: {found.bytes:,} bytes{beside}")
    output.say()
    for trouble in found.troubles:
        marked("✕", trouble)
    for table in found.tables:
        if table.trouble is None or table.trouble == UNOPENED:
            continue
        marked("✕", f"the table {table.name} cannot be read to its end: {table.trouble}")
    if not found.troubles and all(table.trouble is None for table in found.tables):
        marked("●", "the file is in order: SQLite reads every page of it")
    for shape, ranges, what in (
        ("●", found.readable, "can be read"),
        ("◐", found.rescued, "found on pages that SQLite cannot reach any more"),
        ("✕", found.lost, "cannot be read"),
        ("✕", found.doubtful, "not as the tree holds it: damaged, or changed"),
        ("·", found.unconfirmed, "the tree can no longer tell whether it is as it was recorded"),
    ):
        if ranges:
            marked(shape, f"{_positions(ranges)}: {what}")
    if not found.last:
        marked("·", "no event can be found in it")
    words = "1 text" if found.words == 1 else f"{found.words:,} texts"
    gone = found.digests - found.words
    more = f"; of {gone:,} more only the digest is there (withdrawn, or lost)" if gone else ""
    marked("·", f"{words} of people can be read with them{more}")
    output.say()


def _positions(ranges: list[Range]) -> str:
    """`events 1 to 40, 43`: so many of them at most, with their number."""
    count = sum(end - start + 1 for start, end in ranges)
    shown = [f"{start:,}" if start == end else f"{start:,} to {end:,}" for start, end in ranges[:8]]
    more = ", …" if len(ranges) > 8 else ""
    noun = "event" if count == 1 else f"{count:,} events,"
    return f"{noun} {', '.join(shown)}{more}"


def _document(path: str, found: Diagnosis, file: str | None, saved: int | None) -> dict[str, Any]:
    return {
        "path": path,
        "sound": found.is_sound,
        "bytes": found.bytes,
        "beside": found.beside,
        "troubles": found.troubles,
        "tables": [
            {"name": each.name, "rows": each.rows, "trouble": each.trouble} for each in found.tables
        ],
        "last_position": found.last,
        "readable": [list(each) for each in found.readable],
        "rescued": [list(each) for each in found.rescued],
        "lost": [list(each) for each in found.lost],
        "doubtful": [list(each) for each in found.doubtful],
        "unconfirmed": [list(each) for each in found.unconfirmed],
        "words": found.words,
        "words_gone": found.digests - found.words,
        "saved": None if file is None else {"file": file, "events": saved},
    }
