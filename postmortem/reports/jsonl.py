"""The log as JSON Lines, one CloudEvents 1.0 envelope an event; `importers.jsonl` reads it.

`time` is the earliest instant of the event itself, as CloudEvents asks for one instant; all that
we know stands in `data`. Source: CloudEvents 1.0.2; extensions `recordedtime`, `sequence`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from postmortem.core.words import Disclosure

TYPE_PREFIX: Final = "postmortem."


def for_public(
    log: Iterable[tuple[dict[str, Any], Sequence[Disclosure]]],
) -> Iterator[tuple[dict[str, Any], list[Disclosure]]]:
    """The same log with the words alone that may be told to everybody.

    These are the words of events marked `public`, but for who recorded them; and of what says why
    such words were withdrawn. All else stays a digest, so every stored byte is the same.
    """
    told: set[tuple[str, str]] = set()
    for envelope, said in log:
        about = envelope["body"].get("about")
        withdrawal = envelope["type"].startswith("words-withheld/")
        if envelope["body"].get("public") is True or (
            withdrawal and (envelope["platform"], about) in told
        ):
            told.add((envelope["platform"], envelope["id"]))
            yield envelope, [each for each in said if each.field != "recorded_by"]
        else:
            yield envelope, []


def line(envelope: dict[str, Any], said: Iterable[Disclosure]) -> str:
    """One event, without a line end."""
    body = envelope["body"]
    time = body.get("at", {}).get("earliest") or envelope["recorded_at"]
    event = {
        "specversion": "1.0",
        "id": f"{envelope['platform']}/{envelope['id']}",
        "source": f"/platforms/{envelope['platform']}",
        "type": TYPE_PREFIX + envelope["type"].replace("/", ".v"),
        "subject": envelope["stream"],
        "time": time,
        "recordedtime": envelope["recorded_at"],
        "sequence": f"{envelope['position']:012d}",
        "datacontenttype": "application/json",
        "data": {
            "envelope": envelope,
            "disclosures": [{"field": d.field, "salt": d.salt, "value": d.value} for d in said],
        },
    }
    return json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
