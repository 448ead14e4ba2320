"""The kinds of entry as the command line knows them, without loading the classes behind them.

`kinds.json` is written from the catalogue by a test, and compared with it by the same test:
UPDATE_KINDS=1 .venv/bin/python -m pytest tests/cli/test_catalogue.py
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from postmortem.core.catalogue import Kinds, from_document

FILE: Final = Path(__file__).with_name("kinds.json")


@cache
def kinds() -> Kinds:
    """Every kind of the catalogue by the name that is typed: declarations, then events."""
    found = map(from_document, json.loads(FILE.read_text("utf-8")))
    return {kind.name: kind for kind in found}


def as_file(described: Kinds) -> str:
    """What the file holds of these kinds."""
    return json.dumps([kind.document() for kind in described.values()], indent=1) + "\n"
