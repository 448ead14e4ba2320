"""What the log stores of an event: its envelope, as bytes, digests in place of people's words."""

from __future__ import annotations

import json
from typing import Any

from postmortem.core import words
from postmortem.store.view import ENVELOPE


def envelope_of(state: bytes) -> dict[str, Any] | None:
    """The envelope in stored bytes; None where they are none."""
    try:
        envelope = json.loads(state)
    except (ValueError, RecursionError):
        return None
    if not isinstance(envelope, dict) or envelope.keys() != ENVELOPE:
        return None
    return envelope if isinstance(envelope["body"], dict) else None


def digests_in(envelope: dict[str, Any]) -> dict[str, str]:
    """Which digests an envelope holds for somebody's words: by digest, the field."""
    stands = {**envelope["body"], "recorded_by": envelope["recorded_by"]}
    return {
        digest: field
        for field, value in stands.items()
        if isinstance(value, dict) and (digest := words.digest_in(value)) is not None
    }
