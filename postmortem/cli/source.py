"""The command `source`: snapshots of sources, and what the record knows of each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import output
from postmortem.cli.given import named, read
from postmortem.cli.options import (
    Asked,
    asked,
    json_option,
    nearest,
    platform_option,
    question_options,
)
from postmortem.cli.place import tracker
from postmortem.cli.spans import paragraph
from postmortem.core import chronicle
from postmortem.core.errors import BadInput, StoreProblem
from postmortem.core.evidence import roots
from postmortem.core.passages import NORMALISATION
from postmortem.core.sources import Snapshot, Source
from postmortem.core.times import format_instant
from postmortem.reports.rows import Rows
from postmortem.store import snapshots
from postmortem.store.sources import sources
from postmortem.store.view import View

if TYPE_CHECKING:
    from postmortem.core.fields import When


@click.group(
    subcommand_metavar="COMMAND",
    epilog="""\b
Examples:
  postmortem source add article.html --source a1
  postmortem source list
  postmortem source show a1""",
)
def source() -> None:
    """The sources: which version of each somebody had before him, and what rests on it.

    A source is declared in a casebook or with `declare source`; `cite` finds a place in it, and
    `verify-sources` says whether what was cited still stands there.
    """


# --- add --------------------------------------------------------------------------------------


@source.command(
    "add",
    epilog="""\b
Examples:
  postmortem source add article.html --source a1
  postmortem source add letter.pdf --source letter --keep --retrieved-at '2021-01-10 20:00 PST'
  postmortem source add page.html --source a1 --archive-url https://archive.example/2021/a1

\b
--json prints {"source", "snapshot", "recorded", "kept", "sha256", "length", "media_type",
"text_sha256", "text_length"}: the id of the snapshot's event, whether it is new, the file that
holds the bytes (null: not kept), and of a text that cannot be read null.""",
)
@click.argument("file", metavar="FILE")
@click.option("--source", "id", metavar="ID", required=True, help="Of which source it is.")
@click.option("--keep", is_flag=True, help="Keep its bytes too, in a folder beside the store.")
@click.option("--retrieved-at", metavar="TIME", help="When it was read from where it stands.")
@click.option("--archive-url", metavar="URL", help="Where this very version is kept.")
@click.option("--media-type", metavar="TYPE", help="Its media type; else it is found out.")
@platform_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    file: str,
    id: str,
    keep: bool,
    retrieved_at: str | None,
    archive_url: str | None,
    media_type: str | None,
    platform: str | None,
    as_json: bool,
) -> None:
    """Record a snapshot of a source: the hash of its bytes, and that of its text.

    The same bytes again are nothing new; changed ones are a new snapshot, and what was cited
    before stays bound to its own. The record holds hashes and lengths alone. With --keep the bytes
    go to STORE.sources, a folder beside the store, where `verify-sources` finds them.
    """
    from postmortem.core.decide import Draft
    from postmortem.core.events import SnapshotTaken
    from postmortem.core.reading import Misfit, entry

    store = tracker(ctx, writes=True)
    if keep and store.is_remote:
        raise BadInput(
            "--keep puts the bytes beside a store's file, and this store is on a server",
            hint="keep them where you like; without --keep their hashes are recorded",
        )
    chosen = store.platform(platform)
    declared = named(id, sources(store.view, chosen))
    given = read(file, media_type)
    again = next((s for s in declared.snapshots if s.sha256 == given.sha256), None)
    if again is None:
        fields: dict[str, Any] = {
            "id": _free_id(store.view, chosen, f"{id}-{given.sha256[:12]}"),
            "source": id,
            "sha256": given.sha256,
            "length": len(given.data),
            "media_type": given.media_type,
            "retrieved_at": _when(ctx, retrieved_at, chosen),
            "archive_url": archive_url,
        }
        if given.text is not None:
            fields |= {
                "text_sha256": given.text_sha256,
                "text_length": len(given.text),
                "normalisation": NORMALISATION,
            }
        written = {key: value for key, value in fields.items() if value is not None}
        try:
            taken = entry(SnapshotTaken, written, zone=store.zone(chosen))
        except Misfit as misfit:
            raise misfit.problem from None
        store.record([Draft(chosen, taken)])
        event = str(fields["id"])
    else:
        event = again.id
    kept = _keep(store.path, given.data, event, is_new=again is None) if keep else None
    if as_json:
        output.print_json(
            {
                "source": id,
                "snapshot": event,
                "recorded": again is None,
                "kept": kept,
                "sha256": given.sha256,
                "length": len(given.data),
                "media_type": given.media_type,
                "text_sha256": given.text_sha256,
                "text_length": None if given.text is None else len(given.text),
            }
        )
        return
    if again is None:
        output.say(f"recorded {event}: {_told(given.media_type, len(given.data), given.text)}")
    else:
        output.say(f"nothing new: these bytes are {event}, recorded {_day(again)}")
        if retrieved_at or archive_url:
            told = f"what else is known of it: postmortem correct {event} --archive-url …"
            click.echo(f"  {told}", err=True)
    if given.text is None and again is None:
        click.echo("  its text cannot be read here, so no passage of it can be found", err=True)
    if kept is not None:
        output.say(f"kept as {kept}")


def _when(ctx: click.Context, typed: str | None, platform: str) -> When | None:
    """The time of retrieval, in any form that may be typed. Raises: BadInput."""
    if typed is None:
        return None
    from postmortem.cli.desk import desk

    return desk(ctx, platform, None, as_json=False).when(typed, "--retrieved-at")


def _keep(store: str, data: bytes, event: str, *, is_new: bool) -> str:
    try:
        return str(snapshots.keep(store, data))
    except StoreProblem as problem:
        if is_new:
            problem.message = f"{event} is recorded, but {problem.message}"
        raise


def _free_id(view: View, platform: str, id: str) -> str:
    """The id, or the first one after it that nothing has."""
    taken = set(view.ids(platform))
    number = 2
    found = id
    while found in taken:
        found, number = f"{id}-{number}", number + 1
    return found


def _told(media_type: str, length: int, text: str | None) -> str:
    read = "" if text is None else f", {len(text):,} characters of text"
    return f"{media_type}, {length:,} bytes{read}"


def _day(snapshot: Snapshot) -> str:
    return output.since(snapshot.recorded, None)


# --- list and show ----------------------------------------------------------------------------


@source.command(
    "list",
    epilog="""\b
Examples:
  postmortem source list
  postmortem source list --format csv
  postmortem source list --json""",
)
@question_options
@click.pass_context
def list_(ctx: click.Context, /, **frame: Any) -> None:
    """Every source: what it is, from whom it has what it says, and how it is held."""
    question = asked(ctx, **frame)
    view = question.store.view
    with view.snapshot():
        known = sources(view, question.platform, question.as_of.recorded)
        cited = _cited(question)
    origins = {id: each.origins for id, each in known.items()}
    rows = [
        {
            "id": each.id,
            "kind": each.body.get("kind"),
            "reliability": each.body.get("reliability"),
            "origins": list(each.origins),
            "roots": sorted(roots(each.id, origins)),
            "cited": cited[each.id],
            "snapshots": len(each.snapshots),
            "kept": sum(snapshots.is_kept(question.store.path, s.sha256) for s in each.snapshots),
            "archived": each.is_archived,
            "title": each.body.get("title"),
        }
        for each in known.values()
    ]
    if question.form == "table" and not rows:
        output.say("no source is declared")
        return
    columns = [(key, key.replace("origins", "reports from")) for key in _COLUMNS]
    shown = [key for key in columns if question.form != "table" or key[0] != "roots"]
    question.print(Rows(shown, rows))


_COLUMNS: Final = ("id", "kind", "reliability", "origins", "roots", "cited", "snapshots", "kept",
            "archived", "title")  # fmt: skip


def _cited(question: Asked) -> Counter[str]:
    """How many of the facts in force cite each source."""
    from postmortem.store import look

    view = question.store.view
    facts = view.situation(question.platform, question.as_of).facts.values()
    entries = look.told(view, (version.position for version in facts)).values()
    return Counter(
        id for e in entries for id in {each.partition("#")[0] for each in e.body.get("cites", ())}
    )


@source.command(
    "show",
    epilog="""\b
Examples:
  postmortem source show leafandcore
  postmortem source show leafandcore --json

\b
--json prints {"id", "declared", "roots", "archived", "cited", "snapshots"}; each snapshot with
its hashes, its lengths and the file that holds its bytes (null: not kept).""",
)
@click.argument("id", metavar="ID")
@question_options
@click.pass_context
def show(ctx: click.Context, /, id: str, **frame: Any) -> None:
    """One source: what was declared of it, its snapshots, and where their bytes are kept."""
    question = asked(ctx, **frame)
    view = question.store.view
    with view.snapshot():
        known = sources(view, question.platform, question.as_of.recorded)
        cited = _cited(question)
    if id not in known:
        raise BadInput(f"there is no source {id!r}", hint=nearest(id, sorted(known)))
    found = known[id]
    origins = {each.id: each.origins for each in known.values()}
    behind = sorted(roots(id, origins))
    taken = [_document(question, each) for each in found.snapshots]
    if question.json:
        output.print_json(
            {
                "id": id,
                "declared": dict(found.body),
                "roots": behind,
                "archived": found.is_archived,
                "cited": cited[id],
                "snapshots": taken,
            }
        )
    elif question.form != "table":
        columns = [(key, key.replace("_", " ")) for key in _SNAPSHOT]
        question.print(Rows(columns, taken))
    else:
        _show(found, behind, cited[id], taken)


_SNAPSHOT: Final = (
    "id", "recorded_at", "retrieved_at", "media_type", "length", "sha256", "text_length",
    "text_sha256", "archive_url", "kept",
)  # fmt: skip


def _document(question: Asked, each: Snapshot) -> dict[str, Any]:
    path = question.store.path
    kept = snapshots.is_kept(path, each.sha256)
    return {
        "id": each.id,
        "recorded_at": format_instant(each.recorded),
        "retrieved_at": None if each.retrieved_at is None else each.retrieved_at["written"],
        "media_type": each.media_type,
        "length": each.length,
        "sha256": each.sha256,
        "text_length": each.text_length,
        "text_sha256": each.text_sha256,
        "archive_url": each.archive_url,
        "kept": str(snapshots.place(path, each.sha256)) if kept else None,
    }


def _show(found: Source, behind: list[str], cited: int, taken: list[dict[str, Any]]) -> None:
    paragraph(f"{found.id}: {found.body.get('title')}", 0)
    output.say()
    body = {key: value for key, value in found.body.items() if key not in ("title", "meta")}
    rows = [(key, chronicle.as_text(key, value)) for key, value in sorted(body.items())]
    if behind != [found.id]:
        rows.append(("roots", ", ".join(behind)))
    rows.append(("cited by", output.counted(cited, "fact")))
    output.table(("key", "value"), rows)
    output.say()
    if not taken:
        output.say(f"no snapshot: postmortem source add FILE --source {found.id}")
    for each in taken:
        output.say(f"{each['id']}, recorded {each['recorded_at']}")
        for key in _SNAPSHOT[2:]:
            if each[key] is not None:
                paragraph(f"{key.replace('_', ' ')} {each[key]}", 2)
