"""Mending the record: correct and retract. Nothing is changed or deleted; a later word is added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import entry as typed
from postmortem.cli.entry import ABOUT_IT, ABOUT_THE_RECORD, EntryCommand, FieldOption
from postmortem.cli.kinds import kinds
from postmortem.core import catalogue
from postmortem.core.catalogue import SHARED, Field, Kind
from postmortem.core.errors import BadInput

if TYPE_CHECKING:
    from postmortem.cli.acknowledge import Told
    from postmortem.cli.desk import Desk
    from postmortem.core.decide import Draft
    from postmortem.core.entries import Entry
    from postmortem.core.history import Version
    from postmortem.core.withdrawal import StandIns

RETRACTED: Final = "retracted"
_OWN: Final = ("id", "replaces", "clerical", "known_at")
"""The fields of a version that are not carried into the next one."""


def _all_fields() -> list[Field]:
    """Every field that some event has; what help says of it is common to all of them."""
    found: dict[str, Field] = {}
    for kind in kinds().values():
        if not kind.is_declaration:
            for field in kind.fields:
                field = replace(field, required=False, default=None)
                found[field.name] = _both(found.get(field.name, field), field)
    return [field for name, field in found.items() if name != "replaces"]


def _both(one: Field, other: Field) -> Field:
    """A field that takes what either of two of the same name takes; its entry then says more."""
    if one.choices != other.choices:
        return replace(one, takes=catalogue.TEXT, choices=())
    names = one.names if one.names == other.names else "any"
    types = {*one.types, *other.types} if one.types and other.types else ()
    return replace(one, names=names, types=tuple(sorted(types)))


def _options() -> list[FieldOption]:
    return [
        FieldOption(
            field,
            section=ABOUT_THE_RECORD if field.name in SHARED else ABOUT_IT,
            help=_HELP.get(field.name) or typed.option_help(field),
        )
        for field in _all_fields()
    ]


_HELP: Final = {
    "id": "How the corrected version is called; else an id is made, such as ID-2.",
    "effect": "What is left of the service.",
    "clerical": "It mends a slip of ours: known from when the slip was, not only from now.",
    "known_at": "From when the world knew better; else the sources cited tell, else it is now.",
    "about": "What it is about.",
    "kind": "Which kind of lesson, estimate or action item it is.",
    "text": "What it says.",
    "by": "Who decided or announced it.",
    "time": "The time that is claimed.",
    "event": "What is taken back.",
    "reason": "The reason.",
    "effective_at": "When it is to take effect.",
    "requires": "The formula.",
}


# --- correct --------------------------------------------------------------------------------------


def _correct(
    ctx: click.Context,
    /,
    corrected: str,
    unset: tuple[str, ...],
    edit: bool,
    draft: str | None,
    dry_run: bool,
    platform: str | None,
    tz: str | None,
    as_json: bool,
    **params: Any,
) -> None:
    given = typed.fields_of(_all_fields(), params)
    from postmortem.cli.acknowledge import acknowledge, entry_id, span
    from postmortem.cli.desk import desk
    from postmortem.cli.draft import Form, edited
    from postmortem.cli.standing import carried, differing, fields_from, fields_withheld
    from postmortem.core.withdrawal import placeholder

    here = desk(ctx, platform, tz, as_json=as_json)
    standing = here.in_force(corrected)
    kind = kinds()[standing.type]
    for name in given:
        if kind.field(name) is None:
            raise BadInput(
                f"{typed.dashed(name)}: {corrected} is a {kind.name}, and has no such field",
                hint=f"it has: {', '.join(f.name for f in kind.fields if f.name not in _OWN)}",
            )
    dropped = typed.unset_fields(kind, unset, given)
    body = here.record.event(standing.id) or {}
    before = fields_from(kind, body)
    start = {name: value for name, value in before.items() if name not in (*_OWN, *dropped)}

    kept: StandIns = {}

    def attempt(fields: dict[str, Any]) -> tuple[Entry, Told]:
        nonlocal kept
        kept = carried(kind, body, fields, dropped)
        fields = {**{name: placeholder(name) for name in kept}, **fields}
        if problem := typed.missing(kind, fields, f"correct {corrected}"):
            raise problem
        same = "cites" not in given and fields.get("cites") == before.get("cites")
        asks_now = same and "cites" in fields and "known_at" not in dropped
        return _corrected(here, kind, standing, fields, kept, known_now=asks_now, rehearse=dry_run)

    fields = {**start, **given}
    if edit or draft is not None:
        shown = [field for field in kind.fields if field.name != "replaces"]
        form = Form(kind, f"correct {corrected}, recorded as {standing.id}", shown, fields)
        entry, told = edited(form, attempt, draft=draft)
    else:
        entry, told = attempt(fields)
    after = fields_from(kind, entry.body())
    aside = ("id", "replaces", "clerical", "known_at", *kept)
    remarks = differing(kind, before, after, but=aside, resolved=partial(span, here))
    remarks += [
        f"{name} is withheld, and stays so"
        if name in kept
        else f"{name} was withheld, and is said anew"
        if name in after
        else f"{name} was withheld, and is left out"
        for name in fields_withheld(kind, body)
    ]
    did = f"corrected {standing.fact} by {entry_id(entry)}"
    acknowledge(here, told, entry, did, remarks=remarks, corrects=True)


def _corrected(
    here: Desk,
    kind: Kind,
    standing: Version,
    given: dict[str, Any],
    kept: StandIns,
    *,
    known_now: bool,
    rehearse: bool,
) -> tuple[Entry, Told]:
    """The better version, recorded with all its fields.

    `known_now`: the sources are those that told the world the error. Unless a slip of ours is
    mended, they cannot have told it better on the day they were published; so it is known now.
    """
    from postmortem.cli.acknowledge import tell_one

    here.check_references(kind, given)
    fields = {**given, "replaces": standing.id}
    if known_now and "known_at" not in fields and fields.get("clerical") not in (True, "true"):
        fields["known_at"] = here.now_or(standing.known)
    aside = () if "known_at" in given else _KNOWN

    def first(entry: Entry) -> Iterable[Draft]:
        _something_changes(here, kind, standing, entry, kept, but=aside)
        now = here.in_force(standing.id)
        if now.id != standing.id:
            raise BadInput(
                f"{standing.fact} was corrected meanwhile, by {now.id}; nothing is recorded",
                hint=f"look with `postmortem history {standing.fact}`, and correct that",
            )
        return ()

    return tell_one(
        here, kind, fields, standing.fact, rehearse=rehearse, first=first, stand_ins=kept
    )


def _something_changes(
    here: Desk,
    kind: Kind,
    standing: Version,
    entry: Entry,
    kept: StandIns,
    but: tuple[str, ...],
) -> None:
    """Raises: BadInput, where the new version means what the one in force means."""
    from postmortem.core.meaning import differences

    aside = ("replaces", "clerical", *but)
    old = here.record.event(standing.id) or {}
    bodies = ({**entry.body(), **kept}, old)
    new, old = ({k: v for k, v in each.items() if k not in aside} for each in bodies)
    if not differences(kind.type, new, old, here.record):
        raise BadInput(
            f"nothing would change: {standing.id} says exactly this",
            hint=f"give what is to differ; `postmortem show {standing.id}` shows what it says",
        )


_KNOWN: Final = ("known_at",)
_CORRECT_OPTIONS: Final = [
    click.Argument(["corrected"], metavar="ID"),
    *_options(),
    click.Option(
        ["--unset"],
        multiple=True,
        metavar="FIELD",
        shell_complete=lambda ctx, param, word: [
            name
            for field in _all_fields()
            if (name := typed.dashed(field.name)[2:]).startswith(word)
        ],
        help="Leave that field out; may be given several times.",
    ),
    *typed.writing_options(),
]
correct = EntryCommand(
    "correct",
    callback=click.pass_context(_correct),
    params=[*_CORRECT_OPTIONS],
    help="""Correct an event: record a better version of it.

    It starts from the version in force, by whatever ID the fact has had, changes what is given,
    and is recorded whole. Nothing is lost: an earlier --known-at still sees the error, unless
    --clerical says that it was a slip of ours. Which fields there are depends on the event's
    type.""",
    epilog="""\b
Examples:
  postmortem correct aws-down --at '2021-01-10 23:59 PST' --cites letter
  postmortem correct aws-down --effect degraded --clerical
  postmortem correct aws-down --unset reason --known-at 2021-01-12T09:00Z --dry-run
  postmortem correct aws-down --edit

\b
Exit status: 0 recorded; 2 the input was wrong, a rule refused it, or nothing
would change; 3 the store or the machine; 4 it may or may not be recorded: ask
with `log`.""",
)


# --- retract --------------------------------------------------------------------------------------


def _retract(
    ctx: click.Context,
    /,
    event: str,
    edit: bool,
    draft: str | None,
    dry_run: bool,
    platform: str | None,
    tz: str | None,
    as_json: bool,
    **params: Any,
) -> None:
    kind = kinds()[RETRACTED]
    given = typed.fields_of(kind.fields, params)
    editing = edit or draft is not None
    fields = {"event": event, **given}
    if not editing and (problem := typed.missing(kind, fields, f"retract {event}")):
        raise problem
    from postmortem.cli.acknowledge import acknowledge, entry_id, tell_one
    from postmortem.cli.desk import desk
    from postmortem.cli.draft import Form, edited

    here = desk(ctx, platform, tz, as_json=as_json)
    version = here.version(event)
    if by := sorted(here.retractions(event)):
        raise BadInput(
            f"{event} is retracted already, by {', '.join(by)}",
            hint=f"if that was wrong, retract {by[0]}; {event} then counts again",
        )

    def attempt(fields: dict[str, Any]) -> tuple[Entry, Told]:
        whole = {"event": event, **fields}
        if problem := typed.missing(kind, whole, f"retract {event}"):
            raise problem
        here.check_references(kind, whole)
        return tell_one(here, kind, whole, f"{event[:190]}-{RETRACTED}", rehearse=dry_run)

    if editing:
        shown = [field for field in kind.fields if field.name not in ("event", "replaces")]
        form = Form(kind, f"retract {event}, a {version.type}", shown, given)
        entry, told = edited(form, attempt, draft=draft)
    else:
        entry, told = attempt(fields)
    what = f"{event} does not count any more"
    if version.fact != event:
        what = f"{event}, a version of {version.fact}, is taken back; {_left(here, version)}"
    remark = f"it was a {version.type}" + (f" of {version.service}" if version.service else "")
    acknowledge(
        here,
        told,
        entry,
        f"retracted {event}, by {entry_id(entry)},",
        remarks=[f"{remark}; {what}"] if told.receipt.events and not told.rehearsed else [remark],
    )


def _left(here: Desk, version: Version) -> str:
    """What stands of the fact now."""
    from postmortem.core.history import last_word
    from postmortem.core.record import NOW

    standing = last_word(here.record, version.fact, NOW)
    return "nothing of it stands" if standing is None else f"{standing.id} stands"


def _retract_options() -> list[click.Parameter]:
    kind = kinds()[RETRACTED]
    made = typed.field_options(kind, without=("event", "replaces"))
    for option in made:
        option.help = _RETRACT_HELP.get(option.field.name, option.help)
    return [click.Argument(["event"], metavar="ID"), *made, *typed.writing_options()]


_RETRACT_HELP: Final = {
    "reason": "Why the record was wrong.  [required]",
    "clerical": "It was a slip of ours: known from when the slip was, not only from now.",
    "known_at": "From when the world knew it to be wrong; else the sources cited tell, else now.",
}
retract = EntryCommand(
    "retract",
    callback=click.pass_context(_retract),
    params=_retract_options(),
    help="""Take back an event: the record was wrong.

    The first ID of a fact takes back the fact, a later one that version alone. Both stay in the
    log, and an earlier --known-at still sees the error, unless --clerical says that it was a slip
    of ours. What ended in the world is no retraction: record service-restored, or
    cutoff-withdrawn.""",
    epilog="""\b
Examples:
  postmortem retract aws-down --reason 'it was another service' --dry-run
  postmortem retract aws-down --reason 'entered twice' --clerical
  postmortem retract aws-down --reason 'denied by the provider' --cites aws-status""",
)
