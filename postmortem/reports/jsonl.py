"""The log as JSON Lines, one CloudEvents 1.0 envelope an event; `importers.jsonl` reads it.

`time` is the earliest instant of the event itself, as CloudEvents asks for one instant; all that
we know stands in `data`. Source: CloudEvents 1.0.2; extensions `recordedtime`, `sequence`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from postmortem.core.words import Disclosure

TYPE_PREFIX: Final = "postmortem."


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
