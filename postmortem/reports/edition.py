"""How the facts of a document are written: by which template, in which language, what picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from postmortem.reports.seal import digest

TEMPLATES: Final = ("review", "short", "chronicle", "exit")
"""The templates that are shipped; a file of a user's may extend `NAME.md.j2`, or `base.md.j2`."""


class Template(NamedTuple):
    """A template: a shipped one by its name, or a file of the user's with its text."""

    name: str
    text: str | None = None
    """None: a shipped one."""


class Picture(NamedTuple):
    """The picture of a document, in the forms that it may take."""

    svg: str
    mermaid: str
    file: str | None = None
    """The name of the SVG's file beside the document; None: there is none."""


class Edition(NamedTuple):
    """Everything but the facts that a document's text depends on."""

    template: Template
    language: str
    program: str
    """The version of the program."""
    picture: Picture | None = None

    def seal(self, form: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What the seal of a document in that form holds, but for the digest of its text."""
        text = self.template.text
        picture = self.picture
        return {
            "program": self.program,
            "format": form,
            "template": {
                "name": self.template.name,
                "sha256": None if text is None else digest(text),
            },
            "language": self.language,
            "picture": None
            if picture is None
            else {"file": picture.file, "sha256": digest(picture.svg)},
            "facts": facts,
        }
