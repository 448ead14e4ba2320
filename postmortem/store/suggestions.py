"""Ids that may be meant: for completion in a shell, and for *did you mean*.

Plain `sqlite3` on the view, few rows, no words: it is asked at every press of a key.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from postmortem.core.times import END
from postmortem.store.view import View

MOST: Final = 200
"""How many ids a shell is offered."""
_COMPARED: Final = 5_000
"""How many ids a mistyped one is compared with, the latest first."""


def beginning(
    view: View,
    platform: str,
    prefix: str,
    *,
    names: str,
    types: Sequence[str] = (),
    limit: int = MOST,
) -> list[tuple[str, str]]:
    """The ids that begin so, and what each of them is: a name, a type.

    `names` is a `service`, a `capability`, a `part` (one of the two), a `source`, an `event` (by
    the first id of its fact), a `version` (an event by any id), or `any` of these but a source. Of
    events the latest come first.
    """
    found: list[tuple[str, str]] = []
    if names in ("event", "version", "any"):
        found += _events(view, platform, prefix, types, limit, firsts=names == "event")
    for kind in ("service", "capability") if names in ("any", "part") else (names,):
        if kind in ("service", "capability", "source"):
            found += _declared(view, platform, kind, prefix, limit)
    return found[:limit]


def nearest(
    view: View, platform: str, id: str, *, names: str, types: Sequence[str] = ()
) -> str | None:
    """The id that was probably meant by one that there is not."""
    known = beginning(view, platform, "", names=names, types=types, limit=_COMPARED)
    near = get_close_matches(id, [each for each, _ in known], n=1)
    return near[0] if near else None


def _events(
    view: View, platform: str, prefix: str, types: Sequence[str], limit: int, *, firsts: bool
) -> list[tuple[str, str]]:
    marks = ",".join("?" * len(types))
    rows = view.connection.execute(
        "SELECT id, type || coalesce(' of ' || service, '') FROM view_version "  # noqa: S608
        "WHERE platform = ? AND id >= ? AND id < ? "
        + ("AND id = fact " if firsts else "")
        + (f"AND type IN ({marks}) " if types else "")
        + "ORDER BY position DESC LIMIT ?",
        (platform, prefix, _beyond(prefix), *types, limit),
    )
    return rows.fetchall()


def _declared(
    view: View, platform: str, kind: str, prefix: str, limit: int
) -> list[tuple[str, str]]:
    rows = view.connection.execute(
        "SELECT id, coalesce(name, kind) FROM view_declaration WHERE platform = ? AND kind = ? "
        "AND until = ? AND id >= ? AND id < ? ORDER BY id LIMIT ?",
        (platform, kind, END, prefix, _beyond(prefix), limit),
    )
    return rows.fetchall()


def _beyond(prefix: str) -> str:
    """The first text after all that begin so."""
    return prefix + "\U0010ffff"
