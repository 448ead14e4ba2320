"""A document as JSON: its facts alone, and the seal around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from postmortem.core.words import as_json
from postmortem.reports.edition import Edition
from postmortem.reports.seal import SEAL


def document(facts: Mapping[str, Any], edition: Edition) -> Iterator[str]:
    """The facts, and the version of the program; whatever else the edition is."""
    whole = {"report": SEAL, "program": edition.program, "format": "json", "facts": facts}
    yield as_json(whole, indent=2) + "\n"
