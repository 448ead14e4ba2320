"""Small casebooks for the tests of what is refused, and how such a refusal has to look.

In a faulty text the arrow `←` stands at the end of the line that the message must name; it is
taken out before the file is written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli.door import Ran, complaint, logged, positions, run

HEAD = """casebook: 1
platform: {id: p, name: Platform, zone: Europe/Berlin}
sources:
  src: {title: A source, publisher: Somebody, published_at: 2024-01-02T10:00Z}
services:
  s: {name: Service, provider: one}
  t: {}
  u: {}
capabilities:
  c: s
  d: {name: Both, requires: {all_of: [c, t]}}
events:
"""
"""The declarations of every casebook here; events may follow."""

EVENTS: dict[str, dict[str, Any]] = {
    "noted": {"type": "note", "at": "2024-01-01T00:00Z", "text": "Something.", "about": "s"},
    "announced": {
        "type": "cutoff-announced",
        "service": "s",
        "at": "2024-01-01T00:00Z",
        "effective_at": "2024-01-10T00:00Z",
        "by": "somebody",
    },
    "rescheduled": {
        "type": "cutoff-rescheduled",
        "announcement": "announced",
        "at": "2024-01-02T00:00Z",
        "effective_at": "2024-01-12T00:00Z",
    },
    "cut": {
        "type": "service-cut-off",
        "service": "s",
        "announcement": "announced",
        "at": "2024-01-12T00:00Z",
    },
    "down": {"type": "service-down", "service": "t", "at": "2024-01-05T00:00Z"},
    "slow": {"type": "service-degraded", "service": "u", "at": "2024-01-06T00:00Z"},
    "worse": {
        "type": "effect-changed",
        "disruption": "slow",
        "effect": "unavailable",
        "at": "2024-01-07T00:00Z",
    },
    "back": {"type": "service-restored", "ends": ["down", "slow"], "at": "2024-01-08T00:00Z"},
    "warned": {
        "type": "cutoff-announced",
        "service": "u",
        "at": "2024-02-01T00:00Z",
        "effective_at": "2024-02-10T00:00Z",
    },
    "calmed": {"type": "cutoff-withdrawn", "announcement": "warned", "at": "2024-02-02T00:00Z"},
    "changed": {
        "type": "capability-revised",
        "capability": "d",
        "requires": {"any_of": ["c", "t"]},
        "at": "2024-01-03T00:00Z",
    },
    "claimed": {
        "type": "time-claimed",
        "about": "down",
        "time": "2024-01-05T01:00Z",
        "cites": ["src"],
    },
    "untold": {"type": "retracted", "event": "noted", "reason": "It was a rumour."},
}
"""At least one event of every type, by id; together they make a log that nothing is wrong with."""


def event(id: str, **fields: Any) -> str:
    """One event as a line of a casebook; a field that is None is left out."""
    kept = {"id": id} | {key: value for key, value in fields.items() if value is not None}
    # JSON is YAML, and says exactly what is meant
    return f"  - {json.dumps(kept, ensure_ascii=False)}\n"


def all_events() -> str:
    return "".join(event(id, **fields) for id, fields in EVENTS.items())


def write(folder: Path, text: str | bytes, name: str = "casebook.yaml") -> tuple[Path, int | None]:
    """The file, and the number of the line that the arrow stands in."""
    file = folder / name
    if isinstance(text, bytes):
        file.write_bytes(text)
        return file, None
    before, arrow, after = text.partition("←")
    file.write_text(before.rstrip(" ") + after if arrow else text, encoding="utf-8", newline="")
    return file, before.count("\n") + 1 if arrow else None


def recorded(store: Path, text: str, name: str = "good.yaml") -> None:
    """Records a casebook that is right."""
    file, _ = write(store.parent, text, name)
    ran = run("--db", store, "import", file)
    assert ran.status == 0, ran.err


def refused(
    folder: Path,
    text: str | bytes,
    *says: str,
    before: str = HEAD,
    name: str = "casebook.yaml",
    options: tuple[str, ...] = (),
    line: int | None = None,
) -> Ran:
    """Imports a faulty file into a store that holds `before`, and into none.

    It must be refused with one message that names the file and the line and says all of `says`,
    and neither store may hold anything new. (With another `before` only the first is tried.)
    """
    file, arrow = write(folder, text, name)
    expected = f"postmortem: {file}, line {line or arrow}: "
    store, new = folder / "store.db", folder / "new.db"
    if before:
        recorded(store, before)
        held = logged(store)
        ran = run("--db", store, "import", file, *options)
        said = complaint(ran)
        assert said.startswith(expected if line or arrow else f"postmortem: {file}: "), said
        for phrase in says:
            assert phrase in said, said
        assert logged(store) == held
    if before not in (HEAD, ""):
        return ran  # what is wrong there need not be wrong without it
    ran = run("--db", new, "import", file, *options)
    said = complaint(ran)
    assert said.startswith(expected if line or arrow else f"postmortem: {file}: "), said
    assert all(phrase in said for phrase in says), said
    assert positions(new) == []
    return ran
