"""Whether two bodies mean the same, however they are spelt."""

from __future__ import annotations

from typing import Final

from postmortem.core import formulas, words
from postmortem.core.events import CATALOGUE
from postmortem.core.fields import Amount, Body, duration
from postmortem.core.history import CUT_OFF
from postmortem.core.record import Record
from postmortem.core.recorded import SUBJECTS, span_of

_NAMING: Final = frozenset({*SUBJECTS, "addresses", "revisions"})
"""The keys that name facts, each by whichever of its ids."""
_SETS: Final = frozenset(
    {"cites", "services", "capabilities", "kinds", "alternatives", "silence", "origins"}
)
"""The lists in which the order says nothing."""
_AMOUNTS: Final = frozenset({"amount", "volume", "records"})


def differences(name: str, new: Body, old: Body, record: Record) -> list[str]:
    """Where two bodies of that type differ in meaning, one sentence each; spelling is nothing."""
    ours, theirs = _meaning(name, new, record), _meaning(name, old, record)
    found = []
    for field in sorted({*ours, *theirs}):
        stands = new.get(field, old.get(field))
        if words.digest_in(stands) and field in CATALOGUE[name].said():
            continue  # withheld, or not at hand: nobody can say any more, and it stays so
        if ours.get(field) != theirs.get(field):
            found.append(f"{field} is {_shown(new, field)}, and was {_shown(old, field)}")
    return found


def _shown(body: Body, field: str) -> str:
    value = body.get(field)
    if value is None:
        return "not given"
    if isinstance(value, dict) and "written" in value:
        return str(value["written"])
    return value if isinstance(value, str) else words.canonical(value).decode()


def _meaning(name: str, body: Body, record: Record) -> dict[str, object]:
    meant: dict[str, object] = {}
    for field, value in body.items():
        if isinstance(value, dict) and "written" in value:
            meant[field] = span_of(body, field)
        elif field == "requires":
            meant[field] = formulas.canonical(formulas.parse(value))
        elif field in _SETS:
            meant[field] = sorted(value)
        elif field in _AMOUNTS:
            meant[field] = Amount.read(value)
        elif field == "lasts":
            meant[field] = duration(value)
        elif field == "public" and not value:
            pass  # as where it is left out
        elif field in _NAMING:
            ids = [value] if isinstance(value, str) else value
            meant[field] = {_fact(record, id) for id in ids}
        else:
            meant[field] = value.rstrip() if isinstance(value, str) else value
    if name == CUT_OFF and "announcement" not in meant:
        meant.setdefault("effect", "unavailable")
    return meant


def _fact(record: Record, id: str) -> str:
    version = record.version(id)
    return id if version is None else version.fact
