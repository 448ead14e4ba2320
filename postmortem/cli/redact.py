"""The command `redact`: words go out of the record for good, and the record says that they did."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from postmortem.cli.kinds import kind_of
from postmortem.cli.options import Asked, asked, json_option, platform_option
from postmortem.cli.place import author, tracker
from postmortem.cli.redacted import Done, Gone, told
from postmortem.cli.whole import find
from postmortem.core.errors import BadInput
from postmortem.core.times import END
from postmortem.store import look

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from postmortem.core.record import Placed
    from postmortem.store.erasure import Text


def _fields(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem[Any]]:
    """The fields of the event that hold words."""
    from click.shell_completion import CompletionItem

    from postmortem.cli.completion import at_hand

    # a shell would show what goes wrong between two words that are typed
    with contextlib.suppress(Exception), at_hand(ctx) as (view, platform):
        named = None if platform is None else look.named(view, platform, ctx.params["id"], END)
        if named is None:
            return []
        entries = look.told(view, named.positions).values()  # loads no pydantic
        fields = dict.fromkeys(
            [
                *(
                    field.name
                    for entry in entries
                    for field in kind_of(entry.type).fields
                    if field.said and field.name in entry.body
                ),
                "recorded_by",
            ]
        )
        return [CompletionItem(name) for name in fields if name.startswith(word)]
    return []


@click.command(
    epilog="""\b
Examples:
  postmortem redact aws-announced by reason --reason 'personal data' --basis 'GDPR Art. 17(1)(d)'
  postmortem redact source:a1 author --reason 'asked by the author' --basis consent --dry-run
  postmortem redact '#17' recorded_by --reason 'not needed any more' --basis 'GDPR Art. 5(1)(e)'
  postmortem redact --finish

\b
--json prints {"platform", "dry_run", "withheld", "erased", "why_not", "found", "short", "also",
"snapshots", "beyond_reach"}
  withheld      the texts, [{position, entry, field, by, already, text}]: `by` is the position
                that says so, and `text` is told by --dry-run alone
  erased        whether the files were found free of them; `why_not` says what stood in the way
  found         how often the same words still stand in them
  short         whether some are so short that they are found by chance
  also          where else they stand on purpose, [{position, platform, entry, field, can_go}]
  snapshots     which kept sources hold them; nothing is deleted there
  beyond_reach  where this program cannot erase

\b
Exit status: 0 withdrawn, and erased from the files; 1 withdrawn, and not yet erased from them;
2 the question was wrong, or what was named cannot be withdrawn; 3 the store or the machine."""
)
@click.argument("id", required=False, metavar="[EVENT]")
@click.argument("fields", nargs=-1, metavar="FIELD…", shell_complete=_fields)
@click.option("--reason", metavar="TEXT", help="Why; everybody reads it in place of the words.")
@click.option("--basis", metavar="TEXT", help="By which right, order or rule.")
@click.option("--by", metavar="NAME", help="Who withdraws; else POSTMORTEM_BY or your login name.")
@click.option("--version", "versions", metavar="ID", multiple=True,
              help="Only of that version; may be given several times.")  # fmt: skip
@click.option("--position", "positions", metavar="N", multiple=True,
              help="Only of the entry at that position; may be given several times.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would go; nothing is recorded or erased.")
@click.option("--finish", is_flag=True, help="Erase what was withdrawn, and is not yet erased.")
@platform_option
@json_option
@click.pass_context
def redact(
    ctx: click.Context,
    /,
    id: str | None,
    fields: tuple[str, ...],
    reason: str | None,
    basis: str | None,
    by: str | None,
    versions: tuple[str, ...],
    positions: tuple[str, ...],
    dry_run: bool,
    finish: bool,
    platform: str | None,
    as_json: bool,
) -> int:
    """Withdraw somebody's words from the record, and erase them from the store's files.

    EVENT is what `show` takes; FIELD one that holds people's words, or recorded_by. All versions of
    that field go. What stays is its digest, so the tree, every proof and every checkpoint still
    hold; in place of the words everybody reads [withheld: reason]. No level and no time changes,
    and ids, times, types and references cannot be withdrawn.

    It cannot be taken back. Reason and basis stay on record and are shown: do not repeat in them
    what is withdrawn. (They are words themselves, and can be withdrawn like others.) What was
    copied out of the store before is beyond its reach, and the answer says what that may be.

    Of a log on a server the words are deleted there, and erased from the view on this machine.
    Every other machine lets go of them with its next question, and erases them by --finish. What
    the server keeps besides, such as its own log and backups, is for those who run it.
    """
    if finish:
        if id is not None or dry_run:
            raise BadInput(
                "--finish takes no EVENT: it erases whatever was withdrawn", hint="leave it out"
            )
        store = tracker(ctx, writes=True)
        return told(Done(platform or "", [], [], store.erase()), store, as_json=as_json)
    if id is None or not fields:
        raise BadInput(
            "redact takes an EVENT and at least one FIELD",
            hint="such as: postmortem redact aws-announced by --reason … --basis …",
        )
    if not dry_run:
        for option, text in (("--reason", reason), ("--basis", basis)):
            if text is None or not text.strip():
                raise BadInput(
                    f"{option} is missing",
                    hint="why words go, and by which right or rule, stays on record; --dry-run "
                    "needs neither",
                )
    question = asked(ctx, platform=platform)
    return _redact(question, id, fields, (reason or "", basis or "", by), (versions, positions),
                   dry_run=dry_run, as_json=as_json)  # fmt: skip


def _redact(
    question: Asked,
    event: str,
    fields: Sequence[str],
    said: tuple[str, str, str | None],
    only: tuple[Sequence[str], Sequence[str]],
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    from postmortem.store import erasure

    store, connection = question.store, question.store.view.connection
    with store.view.snapshot():
        gone = _gone(question, event, fields, *only)
        texts = [text for one in gone if (text := one.text) is not None]
        also = erasure.holdings(connection, texts)
    reason, basis, by = said
    _not_repeated(texts, {"--reason": reason, "--basis": basis})
    done = Done(question.platform, gone, also, None)
    if not dry_run:
        store.by = author() if by is None else by
        receipt = store.withhold([one.draft(question.platform, reason, basis) for one in gone])
        for recorded in receipt.events:
            done.recorded[recorded.body["position"], recorded.body["field"]] = recorded.position
            done.at = recorded.recorded_at
        done.outcome = store.erase(texts)
        with store.view.snapshot():  # who withdraws may have the name that is withdrawn
            done.also = erasure.holdings(store.view.connection, texts)
    done.snapshots = erasure.containing(_kept_sources(store.path), texts)
    return told(done, store, as_json=as_json)


# --- what is named --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Target:
    """An entry of the log that may hold such words."""

    entry: str
    placed: Placed

    @property
    def can(self) -> list[str]:
        """Its fields that hold words."""
        from postmortem.core.withdrawal import holds_words

        return holds_words(self.placed)


def _targets(
    question: Asked, event: str, versions: Sequence[str], positions: Sequence[str]
) -> list[_Target]:
    """The entries that are meant: all versions of a fact, or all declarations of an id.

    Raises: BadInput, where there are none.
    """
    from postmortem.store.look import StoredWords
    from postmortem.store.record import ViewRecord

    view, platform = question.store.view, question.platform
    named = find(question, event)
    places = list(named.positions)
    if named.kind == "event" and not named.exact:
        words = StoredWords(view.connection, platform)
        version = words.version(named.id)
        assert version is not None
        places = sorted(each.position for each in words.versions(version.fact))
    elif named.exact:
        places = [named.at]
    record = ViewRecord(view.connection, platform)
    entries = {view.logged(place).id: place for place in places}
    found = [_Target(id, placed) for id in entries if (placed := record.entry(id)) is not None]
    if not versions and not positions:
        return found
    wanted = {each.removeprefix("#") for each in positions}
    chosen = [one for one in found if one.entry in versions or str(one.placed.position) in wanted]
    known = {one.entry for one in found} | {str(one.placed.position) for one in found}
    for asked_for in (*versions, *sorted(wanted)):
        if asked_for not in known:
            places_of = ", ".join(f"{one.entry} at #{one.placed.position}" for one in found)
            raise BadInput(
                f"{asked_for} is no version of {event}", hint=f"its versions: {places_of}"
            )
    return chosen


def _gone(
    question: Asked,
    event: str,
    fields: Sequence[str],
    versions: Sequence[str],
    positions: Sequence[str],
) -> list[Gone]:
    """The texts that are meant. Raises: BadInput, Refused, where a field holds none."""
    from postmortem.core.withdrawal import identity, refuse_field
    from postmortem.store.erasure import disclosure
    from postmortem.store.record import ViewRecord

    connection = question.store.view.connection
    targets = _targets(question, event, versions, positions)
    record = ViewRecord(connection, question.platform)
    found = []
    for field in dict.fromkeys(name.replace("-", "_") for name in fields):
        holding = [one for one in targets if field in one.can]
        if not holding:
            refuse_field(targets[-1].entry, field, targets[-1].placed)
        for one in holding:
            position = one.placed.position
            earlier = record.entry(identity(one.entry, field))
            before = None if earlier is None else earlier.position
            text = disclosure(connection, position, field)
            found.append(Gone(one.entry, position, field, text, before))
    return sorted(found, key=lambda one: (one.position, one.field))


def _not_repeated(texts: Sequence[Text], said: dict[str, str]) -> None:
    """Raises: BadInput, where the reason tells what it is the reason to withhold."""
    from postmortem.store.erasure import SHORTEST

    for option, given in said.items():
        for piece in (piece for text in texts for piece in text.pieces):
            if len(piece.encode()) >= SHORTEST and piece.casefold() in given.casefold():
                raise BadInput(
                    f"{option} holds the very words that are to be withdrawn",
                    hint="everybody reads it in their place; say why, not what",
                )


def _kept_sources(path: str) -> list[str]:
    """The files of the sources that were kept beside the store."""
    return [
        os.path.join(folder, name)
        for folder, _, names in os.walk(f"{path}.sources")
        for name in sorted(names)
    ]
