"""The kinds of entry as the command line knows them, without loading the classes behind them.

`kinds.json` is written from the catalogue by a test, and compared with it by the same test:
UPDATE_KINDS=1 .venv/bin/python -m pytest tests/cli/test_catalogue.py
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from postmortem.core import catalogue
from postmortem.core.catalogue import Field, Kind, Kinds, from_document

FILE: Final = Path(__file__).with_name("kinds.json")


@cache
def kinds() -> Kinds:
    """Every kind of the catalogue by the name that is typed: declarations, then events."""
    found = map(from_document, json.loads(FILE.read_text("utf-8")))
    return {kind.name: kind for kind in found}


WITHHELD: Final = Kind(
    "words-withheld",
    "words-withheld",
    "Somebody's words were taken out of the record for good; only their digest stands there",
    (
        Field("about", catalogue.TEXT, "the entry that they stood in, as the log calls it"),
        Field("position", catalogue.COUNT, "where that entry stands in the log"),
        Field("field", catalogue.TEXT, "the field that held them, or recorded_by"),
        Field("reason", catalogue.TEXT, "why, as everybody is told in their place", said=True),
        Field("basis", catalogue.TEXT, "by which right, order or rule", said=True),
    ),
)
"""What the log says about itself: nobody types it, `redact` records it."""


def kind_of(type: str) -> Kind:
    """The kind of an entry of that stored type. Raises: StopIteration, where there is none."""
    return next(kind for kind in (*kinds().values(), WITHHELD) if kind.type == type)


def as_file(described: Kinds) -> str:
    """What the file holds of these kinds."""
    return json.dumps([kind.document() for kind in described.values()], indent=1) + "\n"
