"""What the tracker answers -> documents. Pure: values in, text out.

To add a form of the document: write a file with `document`, and its line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

if TYPE_CHECKING:
    from postmortem.reports.edition import Edition


class Format(Protocol):
    """What every form of the document offers."""

    def document(self, facts: Mapping[str, Any], edition: Edition) -> Iterator[str]:
        """The document of these facts, with its seal, piece by piece: whole it may be long.

        Raises: BadInput, of a template, before the first piece.
        """
        ...


FORMATS: Final[dict[str, str]] = {
    "markdown": "postmortem.reports.markdown",
    "html": "postmortem.reports.html",
    "json": "postmortem.reports.facts",
}
"""By name, the module; loaded when it is asked for, for each brings a library of its own."""


def format_of(name: str) -> Format:
    """The form of that name."""
    return cast(Format, import_module(FORMATS[name]))
