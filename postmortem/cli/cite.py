"""The command `cite`: find a passage in a source, and print the citation to paste."""

from __future__ import annotations

import sys

import click

from postmortem.cli import output
from postmortem.cli.given import Given, named, read, sources_of
from postmortem.cli.options import json_option, platform_option
from postmortem.cli.place import tracker
from postmortem.cli.spans import cut
from postmortem.core.citations import STANCES, SUPPORTS
from postmortem.core.errors import BadInput, StoreMissing
from postmortem.core.passages import begins_word, cited, nearest, normalised, occurrences
from postmortem.core.sources import Source
from postmortem.core.words import for_terminal
from postmortem.store.sources import sources

_AROUND = 40  # characters that are shown on either side of a place


@click.command(
    epilog="""\b
Examples:
  postmortem cite article.html 'the servers were switched off' --source a1
  postmortem cite article.txt 'no date is known' --stance qualifies --credibility 3
  postmortem cite article.txt 'Parler' --nth 2
  pbpaste | postmortem cite article.html - --source a1 --json

\b
--json prints {"citation", "source", "start", "end", "occurrences", "excerpt", "snapshot",
"recorded"}: characters of the normalised text, where the passage begins each time, and whether
that version of the source is a recorded snapshot.""",
)
@click.argument("file", metavar="FILE")
@click.argument("passage", metavar="PASSAGE")
@click.option("--source", "id", metavar="ID", help="Of which source; else its snapshot tells.")
@click.option("--nth", metavar="N", type=click.IntRange(min=1), help="Which, where it recurs.")
@click.option("--stance", type=click.Choice(STANCES), default=SUPPORTS, help="What it does.")
@click.option(
    "--credibility",
    metavar="DIGIT",
    type=click.IntRange(1, 6),
    help="How credible: 1 confirmed, 2 probably, 3 possibly true, 4 doubtful, 5 improbable, 6 "
    "cannot be judged.",
)
@platform_option
@json_option
@click.pass_context
def cite(
    ctx: click.Context,
    file: str,
    passage: str,
    id: str | None,
    nth: int | None,
    stance: str,
    credibility: int | None,
    platform: str | None,
    as_json: bool,
) -> None:
    """Find a passage in a file and print the citation to paste: place, hashes, stance.

    White space does not count, capitals and punctuation do. A PASSAGE of `-` is read from standard
    input. The passage itself is not kept: the citation holds its place, its hash, and the hash of
    the text that it is bound to. `source add` records that text.
    """
    given = read(file)
    known = _known(ctx, platform, id)
    source = _source(given, known, id)
    text = given.text
    if text is None:
        raise BadInput(
            f"the text of {file} ({given.media_type}) cannot be read here",
            hint=f"cite a page of it, {source}#page=3, or the whole, {source}; "
            "--media-type of `source add` tells what it is",
        )
    sought = normalised(sys.stdin.read() if passage == "-" else passage)
    places = _places(given.name, text, sought)
    chosen = places[_which(len(places), nth, sought) - 1]
    found = cited(
        source, text, chosen, chosen + len(sought), stance=stance, credibility=credibility
    )
    is_recorded = source in known and any(map(given.is_of, known[source].snapshots))
    if as_json:
        output.print_json(
            {
                "citation": found.written(),
                "source": source,
                "start": chosen,
                "end": chosen + len(sought),
                "occurrences": places,
                "excerpt": found.excerpt,
                "snapshot": found.snapshot,
                "recorded": is_recorded,
            }
        )
        return
    click.echo(found.written())
    for remark in _remarks(given, text, source, places, chosen, nth, known, is_recorded):
        click.echo(f"  {for_terminal(remark)}", err=True)


def _known(ctx: click.Context, platform: str | None, id: str | None) -> dict[str, Source]:
    """The sources of the record; none where there is no store, and none is needed."""
    try:
        store = tracker(ctx)
        return sources(store.view, store.platform(platform))
    except StoreMissing:
        if id is None:
            raise
        return {}
    except BadInput:
        if id is None or platform is not None:
            raise
        return {}


def _source(given: Given, known: dict[str, Source], id: str | None) -> str:
    if id is not None:
        if known:
            named(id, known)
        return id
    found = sources_of(given, known)
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput(
            f"{given.name} is a snapshot of several sources: {', '.join(found)}",
            hint="say which is meant with --source",
        )
    raise BadInput(
        f"{given.name} is no recorded snapshot of any source",
        hint="say of which source it is with --source ID",
    )


def _places(name: str, text: str, sought: str) -> list[int]:
    """Where the passage begins. Raises: BadInput, with what is most like it."""
    if not sought:
        raise BadInput("the passage is empty", hint="give the words that are to be cited")
    found = occurrences(text, sought)
    if found:
        return found
    near = nearest(text, sought)
    if near is None:
        raise BadInput(
            f"the passage does not stand in {name}, nor does any word of it",
            hint="is it the right file, and its text in the language that was read?",
        )
    like = cut(text[near.start : near.end], 300)
    raise BadInput(
        f"the passage does not stand in {name}",
        hint=f"most like it, at char={near.start},{near.end} ({near.share:.0%} of its words): "
        f"{like}",
    )


def _which(count: int, nth: int | None, sought: str) -> int:
    if nth is not None and nth > count:
        times = "once" if count == 1 else f"{count} times"
        raise BadInput(
            f"--nth {nth}: the passage stands there {times}", hint=f"choose from 1 to {count}"
        )
    return nth or 1


def _remarks(
    given: Given,
    text: str,
    source: str,
    places: list[int],
    chosen: int,
    nth: int | None,
    known: dict[str, Source],
    is_recorded: bool,
) -> list[str]:
    found: list[str] = []
    if len(places) > 1:
        which = places.index(chosen) + 1
        found.append(
            f"it stands there {len(places)} times; this is number {which} (--nth chooses):"
        )
        for number, place in enumerate(places[:_MOST], 1):
            around = text[max(0, place - _AROUND) : place + _AROUND]
            found.append(f"  {number}. at {place}: …{around}…")
        if len(places) > _MOST:
            found.append(f"  … and {len(places) - _MOST} more")
    if not begins_word(text, chosen):
        found.append("it begins within a word: were it to move, it could not be found again")
    if known and not is_recorded:
        add = f"postmortem source add {given.name} --source {source}"
        found.append(f"that version of {source} is not recorded yet: {add}")
    return found


_MOST = 9
