"""Levels, and the facts that they turn on, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import click

from postmortem.cli import output
from postmortem.cli.spans import wrapped
from postmortem.core.causes import LAST, Cause, Edge
from postmortem.core.levels import Bounds
from postmortem.core.supposing import Role
from postmortem.core.times import Instant
from postmortem.core.zones import in_zone


def level(bounds: Bounds) -> str:
    """`unavailable`, or `unavailable to operational` where that is not certain."""
    if bounds.worst is bounds.best:
        return bounds.worst.word
    return f"{bounds.worst.word} to {bounds.best.word}"


def mark(bounds: Bounds) -> str:
    """The shape of the status, coloured where there is colour."""
    shape, colour = output.SHAPES[bounds.status]
    return click.style(shape, fg=colour)


def marked(bounds: Bounds) -> str:
    """The shape and the level: `✕ unavailable`, `? unavailable to operational`."""
    shape, colour = output.SHAPES[bounds.status]
    return click.style(f"{shape} {level(bounds)}", fg=colour)


def item(head: str, text: str, indent: int, *, dim: bool = False, most: int | None = None) -> None:
    """Print a text with something of our own in front of it, under which it does not flow.

    Of more than `most` lines the last is cut short.
    """
    lead = " " * (indent + output.shown(head))
    first, *more = wrapped(text, max(20, output.width() - len(lead)), most)
    output.say((" " * indent + head + click.style(first, dim=dim or None)).rstrip())
    for line in more:
        output.say(lead + click.style(line, dim=dim or None))


def since(instant: Instant, zone: str | None) -> str:
    """From when on it is so, to the second; to the microsecond at the end of all time."""
    return in_zone(instant, zone) if instant > LAST - 1_000_000 else output.since(instant, zone)


_MAY, _HAS, _DOES = Edge.EARLIEST, Edge.LATEST, Edge.INSTANT
_VERBS: Final[dict[Role, dict[Edge, str]]] = {
    Role.START: {_MAY: "may begin", _HAS: "has begun by then", _DOES: "begins"},
    Role.CHANGE: {
        _MAY: "may become {effect}",
        _HAS: "has become {effect} by then",
        _DOES: "becomes {effect}",
    },
    Role.RESTORATION: {_MAY: "may end", _HAS: "has ended by then", _DOES: "ends"},
    Role.ANNOUNCED: {
        _MAY: "may be announced",
        _HAS: "has been announced by then",
        _DOES: "is announced",
    },
    Role.EFFECTIVE: {
        _MAY: "may take effect",
        _HAS: "was to take effect by then",
        _DOES: "is to take effect",
    },
    Role.WITHDRAWAL: {
        _MAY: "may be withdrawn",
        _HAS: "has been withdrawn by then",
        _DOES: "is withdrawn",
    },
    Role.REVISION: {
        _MAY: "may have another formula",
        _HAS: "has another formula by then",
        _DOES: "has another formula",
    },
}
PAST: Final[dict[Role, str]] = {
    Role.START: "began",
    Role.CHANGE: "became {effect}",
    Role.RESTORATION: "ended",
    Role.ANNOUNCED: "was announced",
    Role.EFFECTIVE: "was to take effect",
    Role.WITHDRAWAL: "was withdrawn",
    Role.REVISION: "got another formula",
}


def cause(of: Cause) -> str:
    """`aws-cut-off has begun by then, as aws-midnight-claimed says`."""
    effect = "" if of.effect is None else of.effect.word
    text = f"{' and '.join(of.about)} {_VERBS[of.role][of.edge].format(effect=effect)}"
    if of.said_by != (of.fact,):
        return f"{text}, as {' and '.join(of.said_by)} {'say' if len(of.said_by) > 1 else 'says'}"
    return text if of.about == (of.fact,) else f"{text} ({of.fact})"


def causes(of: Iterable[Cause]) -> str:
    """All of them, in one cell."""
    return "; ".join(cause(each) for each in of)
