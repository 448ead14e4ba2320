"""Looking at the record itself: log, show, history."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import click

from postmortem.cli import output
from postmortem.cli.options import Asked, asked, question_options
from postmortem.cli.spans import cut, paragraph, platform_name
from postmortem.cli.telling import entry_document, own_id, remarks, what
from postmortem.cli.whole import whole
from postmortem.core.times import END
from postmortem.core.words import for_terminal
from postmortem.reports.rows import Rows
from postmortem.store import look
from postmortem.store.view import Logged

if TYPE_CHECKING:
    from postmortem.core.fields import Body  # loads pydantic

_TYPE_WIDTH: Final = 19  # of the longest type there is
_ID_WIDTH: Final = 24  # longer ids push what follows to the right


class _Position(click.ParamType[int]):
    """A position of the log: `17` or `#17`."""

    name = "position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        number = str(value).removeprefix("#")
        if not (number.isascii() and number.isdecimal() and len(number) <= 18):
            self.fail(f"{value!r} is no position of the log, such as 17 or #17", param, ctx)
        return int(number)


@click.command(
    epilog="""\b
Examples:
  postmortem log
  postmortem log --after 40
  postmortem log --reverse --limit 10
  postmortem log --recorded-at 2026-12-01T12:00Z --json

\b
--json prints {"platform", "known_at", "recorded_at", "log"}, each entry of it with
  position, recorded_at, recorded_by, stream, version
  type, id, entry              of a declaration the id of what it declares, and its own
  known_at                     from when it could be known; null of a declaration
  what, body                   in one line; as recorded
  withheld, reasons            the fields whose words are withheld, and why by field"""
)
@click.option("--after", metavar="POSITION", type=_Position(), help="Only what stands after it.")
@click.option("--before", metavar="POSITION", type=_Position(), help="Only what stands before it.")
@click.option("--reverse", is_flag=True, help="The latest first.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="At most so many.")
@question_options
@click.pass_context
def log(
    ctx: click.Context,
    /,
    after: int | None,
    before: int | None,
    reverse: bool,
    limit: int | None,
    **frame: Any,
) -> None:
    """The log as it was recorded, declarations and retractions too.

    In the order of recording; nothing in it ever changes. What was recorded in one go stands under
    one time. `show` takes a position too.
    """
    question = asked(ctx, **frame)
    with question.store.view.snapshot():
        entries = look.entries(
            question.store.view,
            question.platform,
            question.as_of,
            after=after or 0,
            before=END if before is None else before,
            newest_first=reverse,
        )
        found = [entry for entry, _ in zip(entries, range(limit or END), strict=False)]
        name = platform_name(question)
    if question.json:
        output.print_json(
            {
                **question.frame(),
                "log": [entry_document(entry) for entry in found],
            }
        )
    elif question.form != "table":
        question.print(Rows(_LOG_COLUMNS, [_log_row(entry) for entry in found]))
    else:
        paragraph(f"{name}, the log {output.clocks(question.as_of, question.zone)}", 0)
        output.say(_counted(len(found), limit))
        _print_log(question, found)


_LOG_COLUMNS: Final = tuple(
    (key, key.replace("_", " "))
    for key in ("position", "recorded_at", "recorded_by", "type", "id", "known_at", "what", "words")
)


def _log_row(entry: Logged) -> Body:
    return entry_document(entry) | {"words": remarks(entry)}


def _counted(found: int, limit: int | None) -> str:
    if not found:
        return "nothing of it was recorded and known by then"
    entries = f"{found:,} entries" if found > 1 else "1 entry"
    return f"{entries}, by --limit" if found == limit else entries


def _print_log(question: Asked, entries: list[Logged]) -> None:
    digits = max((len(f"#{entry.position}") for entry in entries), default=0)
    ids = min(_ID_WIDTH, max((len(own_id(entry)) for entry in entries), default=0))
    width = output.width()
    for (recorded, by), together in groupby(
        entries, key=lambda each: (each.recorded, each.shown_by)
    ):
        said = f", by {by}" if by else ""
        output.say()
        paragraph(f"{output.moment(recorded, question.zone)}{said}", 0, dim=True)
        for entry in together:
            text = ": ".join(filter(None, [what(entry), remarks(entry)]))
            id = click.style(f"{own_id(entry):<{ids}}", bold=True)
            lead = f"{f'#{entry.position}':>{digits}}  {entry.type:<{_TYPE_WIDTH}}  {id}  "
            room = max(20, width - output.shown(lead))
            output.say((lead + cut(for_terminal(text), room)).rstrip())


# --- one entry ------------------------------------------------------------------------------------


@click.command(
    epilog="""\b
Examples:
  postmortem show aws-cut-off
  postmortem show aws
  postmortem show source:leafandcore
  postmortem show 17 --json

\b
--json prints what `log` does of an entry, and with it
  platform, kind               event, service, capability, source, platform; or withdrawal
  fact, status, status_by      the fact's first id; in force, corrected, retracted or amended, and
                               by which entry
  settled, contested           the fact's time with all that is claimed of it
  effective_settled, effective_by
                               of an announcement: when it takes effect, and by which event
  also                         what else has the same id
  named_by                     [{position, id, type, keys}]: what names it, and under which keys"""
)
@click.argument("id")
@question_options
@click.pass_context
def show(ctx: click.Context, /, id: str, **frame: Any) -> None:
    """One entry of the log, whole.

    ID is that of an event or of one of its versions, of a service, capability, source (source:ID)
    or platform, or a position of the log: 17, or '#17' in quotes. Of what was declared the last
    declaration is shown; `history` shows all of them.
    """
    question = asked(ctx, **frame)
    with question.store.view.snapshot():
        found = whole(question, id)
    if question.json:
        output.print_json(found.document())
    elif question.form != "table":
        columns = (("field", "field"), ("value", "value"), ("says", "what it is"))
        question.print(Rows(columns, [*found.rows()]))
    else:
        found.print(question)
