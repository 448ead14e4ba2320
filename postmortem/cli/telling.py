"""An entry of the log, told: in one line, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from postmortem.cli.kinds import WITHHELD
from postmortem.cli.options import Asked
from postmortem.core import chronicle
from postmortem.core.citations import parse
from postmortem.core.times import format_instant
from postmortem.store import look
from postmortem.store.view import Logged

if TYPE_CHECKING:
    from postmortem.core.fields import Body  # loads pydantic


def own_id(entry: Logged) -> str:
    """The id of an event, or of what is declared, which the log has as `service:aws:2`.

    Of a withdrawal it is that of the entry which the words stood in.
    """
    id = str(entry.body["about"]) if entry.type == WITHHELD.type else entry.id
    while id.startswith("withheld:"):  # a withdrawal's own reason was withdrawn
        id = id.removeprefix("withheld:").rpartition(":")[0]
    return id.split(":")[1] if ":" in id else id


def what(entry: Logged) -> str:
    """What an entry says, in one line, but for people's words."""
    by = entry.shown.get("by")
    told = (chronicle.sentence(entry.type, entry.shown), f"by {by}" if by else "")
    return ", ".join(filter(None, told))


def remarks(entry: Logged) -> str:
    """What people say in an entry."""
    return " · ".join(words for _, words in chronicle.remarks(entry.shown))


def changes_between(before: Logged | None, after: Logged | None) -> list[chronicle.Change]:
    """The fields in which one entry differs from the other; none where there is but one."""
    if before is None or after is None:
        return []
    return chronicle.changes(before.shown, after.shown)


def entry_document(entry: Logged) -> Body:
    """An entry as JSON has it; see `log`."""
    return {
        "position": entry.position,
        "recorded_at": format_instant(entry.recorded),
        "recorded_by": entry.by,
        "stream": entry.stream,
        "version": entry.version,
        "type": entry.type,
        "id": own_id(entry),
        "entry": entry.id,
        "known_at": None if entry.known is None else format_instant(entry.known),
        "what": what(entry),
        "body": entry.body,
        "withheld": sorted(entry.withheld),
        "reasons": {name: entry.withheld[name] or None for name in sorted(entry.withheld)},
    }


def shown_citation(citation: str) -> str:
    """A citation for people: the source and the place, without hashes."""
    return parse(citation).shown()


def source_titles(question: Asked, entries: Iterable[Logged]) -> dict[str, str]:
    """The titles of the sources that the entries cite, by id, as they were declared by R."""
    view = question.store.view
    named = (name for entry in entries for name in chronicle.names_in(entry.body))
    cited = {id for key, id in named if key == "cites"}
    last = view.position_at(question.as_of.recorded)
    declared = view.declared(question.platform, "source", last) if cited else {}
    places = {declared[id][-1]: id for id in cited if id in declared}
    sources = look.told(view, places)
    return {places[position]: sources[position].shown["title"] for position in sorted(sources)}
