"""The commands `prove` and `verify-proof`: that an event stands in the log, without the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from postmortem.cli import output
from postmortem.cli.files import new_file, read_text
from postmortem.cli.options import asked, output_options, platform_option
from postmortem.cli.spans import paragraph
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
from postmortem.cli.whole import find
from postmortem.core.checkpoints import Checkpoint, Proof, in_base64, parsed_proof
from postmortem.core.errors import BadInput
from postmortem.core.times import END
from postmortem.core.words import as_json
from postmortem.store import tree
from postmortem.store.comparing import Compared, Given, compare
from postmortem.store.proving import Proved, proved
from postmortem.store.proving import prove as make


@click.command(
    epilog="""\b
Examples:
  postmortem prove aws-cut-off -o aws-cut-off.tlog-proof
  postmortem prove 17 --checkpoint parler.checkpoint
  postmortem prove source:leafandcore --without-words

\b
To prove it by a signed checkpoint, make that first: `checkpoint --key FILE -o X`, then
`prove EVENT --checkpoint X`. An older one that somebody holds already serves as well, if the
event was recorded before it."""
)
@click.argument("id", metavar="EVENT")
@click.option(
    "--checkpoint", "older", metavar="FILE", help="Prove it by that one; else by the log as it is."
)
@click.option("--without-words", is_flag=True, help="Leave out what people wrote and their names.")
@click.option("-o", "--output", "file", metavar="FILE", help="Where to; else standard output.")
@platform_option
@click.pass_context
def prove(
    ctx: click.Context,
    /,
    id: str,
    older: str | None,
    without_words: bool,
    file: str | None,
    platform: str | None,
) -> None:
    """A proof that an event stands in the log, which `verify-proof` checks without the store.

    It holds the event as it is stored, with its words, and the path from it to the root of a
    checkpoint, in the form of C2SP tlog-proof. EVENT is as `show` takes it.
    """
    question = asked(ctx, platform=platform)
    view = question.store.view
    with view.snapshot():
        position = find(question, id).at
        if older is not None:
            checkpoint = given([older])[0].checkpoint
            held = view.position_at(END)
            if checkpoint.size > held:
                raise BadInput(
                    f"{older} is of {checkpoint.size:,} events, and the log holds {held:,}",
                    hint=f"`postmortem verify --checkpoint {older}` says more",
                )
        else:
            size = view.position_at(END)
            checkpoint = Checkpoint(view.id, size, tree.root_at(view.connection, size))
        proof = make(view, position, checkpoint, with_words=not without_words)
    if file is None:
        click.echo(proof.text(), nl=False)
        return
    with new_file(file) as target:
        target.write(proof.text())
    told = f"wrote {file}: event {position:,}, by a checkpoint of {checkpoint.size:,} events"
    click.echo(told, err=True)


@click.command(
    "verify-proof",
    epilog="""\b
Examples:
  postmortem verify-proof aws-cut-off.tlog-proof
  postmortem verify-proof aws-cut-off.tlog-proof --checkpoint parler.checkpoint
  postmortem verify-proof aws-cut-off.tlog-proof --key example.com/parler+0e9b2c1f+AQ…

\b
Exit status: 0 where all that was asked holds; 1 where something does not, or could not be told.""",
)
@click.argument("file")
@checkpoint_option("The checkpoint that you trust, and that the proof shall lead to.")
@keys_option
@output_options
@click.pass_context
def verify_proof(
    ctx: click.Context,
    /,
    file: str,
    older: tuple[str, ...],
    keys: tuple[str, ...],
    form: str,
    as_json: bool,
    tz: str | None,
) -> int:
    """Whether a proof that `prove` wrote holds; it needs no store, and shows the event whole.

    By itself a proof shows that the event fits the checkpoint in it, which whoever made it could
    have made up. A checkpoint from elsewhere (--checkpoint), or its signature (--key), shows more.
    """
    text = read_text(file, "proof", "`postmortem prove EVENT -o FILE` writes one")
    proof = parsed_proof(text, file)
    others = given(older)
    signers = trusted(keys, (file,))
    found = proved(proof, file)
    inside = compare([Given(file, proof.checkpoint)], proof.checkpoint.size, _roots(proof), signers)
    verdicts = [*_of_event(proof, found), *about_checkpoint(inside[0], signers)[1:]]
    matched = compare(others, proof.checkpoint.size, _roots(proof), [])
    verdicts += [_of_checkpoint(one, proof) for one in matched]
    if not others and not signers:
        told = (
            "the checkpoint was compared with nothing from outside: whoever made the proof could "
            "have made it up (--checkpoint FILE, --key)"
        )
        verdicts.append(Verdict("anchored", OPEN, told))
    holds = all_hold(verdicts)
    if as_json or form == "json":
        output.print_json(_document(proof, found, inside[0], matched, verdicts, holds))
        return int(not holds)
    if form == "table":
        _show(file, proof, found)
    print_verdicts(verdicts, form)
    return int(not holds)


def _roots(proof: Proof) -> Callable[[int], bytes | None]:
    """Only the one root that a proof knows."""
    return {proof.checkpoint.size: proof.checkpoint.root}.get


def _of_event(proof: Proof, found: Proved) -> list[Verdict]:
    size = output.counted(proof.checkpoint.size, "event")
    verdicts = []
    if found.is_included:
        told = (
            f"this event stands at position {proof.index + 1:,} of the log "
            f"{proof.checkpoint.origin} of {size}, root {in_base64(proof.checkpoint.root)}"
        )
        verdicts.append(Verdict("included", HOLDS, told, proof.index + 1))
    else:
        verdicts.append(Verdict("included", FAILS, found.message, proof.index + 1))
    if found.foreign:
        told = f"the event does not hold these words: {', '.join(found.foreign)}"
        verdicts.append(Verdict("words", FAILS, told))
    else:
        verdicts.append(Verdict("words", HOLDS, "the words are those that the event stands for"))
    if found.withheld:
        told = f"not told in this proof: {', '.join(found.withheld)}"
        verdicts.append(Verdict("withheld", OPEN, told))
    return verdicts


def _of_checkpoint(one: Compared, proof: Proof) -> Verdict:
    size = one.checkpoint.size
    if size != proof.checkpoint.size:
        told = (
            f"{one.file} is of {size:,} events, and this proof of {proof.checkpoint.size:,}: "
            "without the store nobody can tell whether they are of one log; ask for a proof by "
            f"yours: `postmortem prove EVENT --checkpoint {one.file}`"
        )
        return Verdict("extends", FAILS, told)
    if one.extends:
        return Verdict("extends", HOLDS, f"it is by the checkpoint {one.file}")
    return Verdict("extends", FAILS, f"{one.file} is another checkpoint: its root is another one")


def _document(
    proof: Proof,
    found: Proved,
    inside: Compared,
    matched: list[Compared],
    verdicts: list[Verdict],
    holds: bool,
) -> dict[str, Any]:
    return {
        "holds": holds,
        "position": proof.index + 1,
        "included": found.is_included,
        "checkpoint": {
            key: value
            for key, value in checkpoint_document(inside).items()
            if key in ("origin", "size", "root", "signatures")
        },
        "compared": [
            {"file": one.file, "same": one.extends and one.checkpoint.size == proof.checkpoint.size}
            for one in matched
        ],
        "verdicts": [each.row() for each in verdicts],
        "envelope": found.envelope,
        "body": found.body,
        "recorded_by": found.by,
        "withheld": list(found.withheld),
    }


def _show(file: str, proof: Proof, found: Proved) -> None:
    envelope = found.envelope
    paragraph(f"{file}: {envelope['id']}, {envelope['type']}, of {envelope['platform']}", 0)
    by = f", by {found.by}" if found.by else ""
    known = "" if envelope["known_at"] is None else f", known from {envelope['known_at']}"
    paragraph(f"recorded {envelope['recorded_at']}{by}{known}", 2)
    for name, value in found.body.items():
        told = "[not told]" if name in found.withheld else value
        paragraph(f"{name}: {told if isinstance(told, str) else _value(told)}", 2)
    output.say()


def _value(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("written"), str):
        return f"{value['written']}  ({value.get('earliest')} to {value.get('latest')})"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return as_json(value)
