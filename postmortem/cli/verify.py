"""The command `verify`: whether the store is as it was recorded."""

from __future__ import annotations

from typing import Any

import click

from postmortem.cli import output
from postmortem.cli.options import format_option, json_option
from postmortem.cli.place import tracker
from postmortem.cli.trust import (
    FAILS,
    HOLDS,
    OPEN,
    Verdict,
    about_checkpoint,
    all_hold,
    checkpoint_document,
    checkpoint_option,
    given,
    keys_option,
    print_verdicts,
    trusted,
)
from postmortem.core.checkpoints import VerifierKey, in_base64
from postmortem.store.comparing import Compared, compare
from postmortem.store.verified import EVENTS, FILE, STORE, TABLES, TREE, VIEW, WORDS, Verified

_MOST = 20
"""So many failures are told on a terminal."""
_WITHIN = (FILE, TABLES, STORE, EVENTS, TREE, WORDS)
"""The parts of the record itself; the view is made from it."""


@click.command(
    epilog="""\b
Examples:
  postmortem verify
  postmortem verify --checkpoint 2026-11.checkpoint --checkpoint 2026-12.checkpoint
  postmortem verify --checkpoint parler.checkpoint --key example.com/parler+0e9b2c1f+AQ…
  postmortem verify --json

\b
--json prints {"store", "size", "root", "holds", "first_position", "self_consistent", "tree",
"view", "words", "failures", "more_failures", "checkpoints", "anchored"}: see `schema verify`.

\b
Exit status: 0 where all that was asked holds; 1 where something does not, with the first position
at which it fails; 3 where there is no store, or none that can be opened (then, of a file:
`postmortem doctor`)."""
)
@checkpoint_option("A checkpoint that was kept elsewhere, of any age; may be repeated.")
@keys_option
@format_option
@json_option
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    older: tuple[str, ...],
    keys: tuple[str, ...],
    form: str,
    as_json: bool,
) -> int:
    """Whether the store is as it was recorded: events, tree, words and view; the log is only read.

    By itself it finds whoever changed, dropped, added, moved or cut off events and did not compute
    the tree over them anew. Who did, or who put back an older copy of the file, is found by a
    checkpoint that was kept elsewhere, and only so: give it with --checkpoint.

    Of a log on a server, what this machine has seen of it before is compared with what the server
    holds now, row by row. Then the view on this machine is brought up to date and verified as a
    file is; its tree was made here, from the events that came. A machine that sees a log for the
    first time thus has nothing to compare, and needs the checkpoint all the more. Where the server
    cannot be reached, the view alone is verified, and that is said. How the server guards its
    tables is not looked at.
    """
    checkpoints = given(older)
    signers = trusted(keys, checkpoints)
    store = tracker(ctx)
    found = store.verify(one.checkpoint.size for one in checkpoints)
    compared = compare(checkpoints, found.size, found.roots.get, signers)
    verdicts = judged(found, compared, signers)
    holds = all_hold(verdicts)
    if as_json or form == "json":
        output.print_json(_document(found, compared, holds))
    else:
        if form == "table":
            size = output.counted(found.size, "event")
            output.say(f"{store.path}: {size}, root {in_base64(found.root)}")
            output.say()
        print_verdicts(verdicts, form)
    return int(not holds)


def judged(found: Verified, compared: list[Compared], keys: list[VerifierKey]) -> list[Verdict]:
    """Everything that is to be said, what fails first."""
    failures = [each for each in found.failures if each.part in _WITHIN]
    verdicts = [Verdict(f.part, FAILS, f.message, f.position) for f in found.failures[:_MOST]]
    more = sum(found.counts.values()) - len(verdicts)
    if more:
        verdicts.append(Verdict("more", FAILS, f"and {more:,} more like these"))
    if found.first is not None:
        told = f"the first position that does not hold is {found.first:,}"
        verdicts.insert(0, Verdict("first", FAILS, told, found.first))
    if not failures:
        tree = "" if found.keeps_tree else (
            "; an earlier version made it, so there was no tree to compare them with: the next "
            "write makes one"
        )  # fmt: skip
        events = output.counted(found.size, "event")
        words = output.counted(found.disclosures, "text")
        told = f"the record is self-consistent: {events} and {words} of people{tree}"
        verdicts.append(Verdict("self-consistent", HOLDS, told))
    if found.withheld:
        texts = output.counted(found.withheld, "text")
        told = f"{texts} not here: withdrawn, or left out of a copy; their digests stand"
        verdicts.append(Verdict("withheld", OPEN, told))
    if VIEW not in found.counts:
        verdicts.append(_VIEWS[found.view])
    for one in compared:
        verdicts += about_checkpoint(one, keys)
    verdicts.append(_anchored(compared))
    return verdicts


_VIEWS = {
    "follows": Verdict("view", HOLDS, "the view, which answers come from, follows from the log"),
    "other-version": Verdict(
        "view", OPEN, "the view is of another version of the program; a question makes it anew"
    ),
    "none": Verdict("view", OPEN, "there is no view yet; a question makes it"),
}


def _anchored(compared: list[Compared]) -> Verdict:
    if any(one.extends for one in compared):
        told = (
            "whether the checkpoint itself is the one that was kept, only the place where it was "
            "kept can tell: that was not checked"
        )
    elif compared:
        told = "no checkpoint vouches for this log"
    else:
        told = (
            "nothing from outside was compared: who computes the tree anew, or puts back an older "
            "copy, is found only by a checkpoint kept elsewhere (--checkpoint FILE)"
        )
    return Verdict("anchored", OPEN, told)


def _document(found: Verified, compared: list[Compared], holds: bool) -> dict[str, Any]:
    kept = len(found.failures)
    return {
        "store": found.id or None,
        "size": found.size,
        "root": in_base64(found.root),
        "holds": holds,
        "first_position": found.first,
        "self_consistent": not any(each.part in _WITHIN for each in found.failures),
        "tree": "kept" if found.keeps_tree else "none-yet",
        "view": found.view,
        "words": {"held": found.disclosures, "withheld": found.withheld},
        "failures": [
            {"part": each.part, "position": each.position, "message": each.message}
            for each in found.failures
        ],
        "more_failures": sum(found.counts.values()) - kept,
        "checkpoints": [checkpoint_document(one) for one in compared],
        "anchored": None,
    }
