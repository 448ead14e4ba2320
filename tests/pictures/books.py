"""Pictures of casebooks, without a store: what the tests of this folder draw."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from postmortem.core import measures
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant
from postmortem.importers import casebook
from postmortem.testing import MemoryRecord

ROOT = Path(__file__).resolve().parents[2]
FOUNDING = ROOT / "seeds" / "parler-2021.yaml"
GOLDEN = ROOT / "fixtures" / "pictures"


class Book:
    """A casebook as recorded: pictures of it at any K, its names, its zone."""

    def __init__(self, name: str, data: bytes) -> None:
        drafts = list(casebook.extract(name, BytesIO(data)))
        self.record = MemoryRecord.of(drafts[0].platform, drafts)
        entries = [draft.entry for draft in drafts]
        platform = next(e for e in entries if e.TYPE == "platform-declared")
        self.title = platform.name or platform.id
        self.zone = platform.zone
        self.names = {
            e.id: e.name
            for e in entries
            if e.TYPE in ("service-declared", "capability-declared") and e.name
        }

    @classmethod
    def of(cls, path: Path) -> Book:
        """The casebook in a file."""
        return cls(path.name, path.read_bytes())

    @classmethod
    def told(cls, **parts: Any) -> Book:
        """A casebook of these parts, with a platform in UTC unless it brings one."""
        whole = {"casebook": 1, "platform": {"id": "p", "zone": "UTC"}, **parts}
        return cls("told.json", json.dumps(whole).encode())

    def picture(self, known: Instant = END) -> Picture:
        """What is known at K."""
        return Picture(self.record.situation(AsOf(0, known)))

    def cut_sets(self, picture: Picture, at: Instant) -> dict[str, list[list[str]]]:
        """Of every capability."""
        return {id: measures.cut_sets(picture, id, at) for id in picture.order}
