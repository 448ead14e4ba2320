"""How a measure looks: in words on a terminal, as JSON, as a row of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from postmortem.cli import output
from postmortem.cli.spans import when
from postmortem.core.lengths import DAY, lasted, whole_seconds
from postmortem.core.losses import Moment
from postmortem.core.metrics import (
    DEFINITIONS,
    SECONDS,
    SHARE,
    Anchor,
    Invalid,
    Measure,
    NotApplicable,
    Number,
    Outcome,
    Range,
    SoFar,
    word,
)
from postmortem.core.times import format_bound


def value_text(one: Outcome, unit: str, zone: str | None, *, moment: bool = True) -> str:
    """The value in words: `07:00:00 … 1 d 09:00:00`, `not applicable: …`.

    `moment`: whether what goes on says as of when.
    """
    if isinstance(one, NotApplicable):
        return f"not applicable: {one.why}"
    text = range_text(one, unit)
    if isinstance(one, Invalid):
        return f"invalid: {one.why}, {text}"
    if isinstance(one, SoFar):
        return f"{text} so far" + (f", as of {output.since(one.as_of, zone)}" if moment else "")
    return text


def range_text(found: Range, unit: str) -> str:
    """A range in words: one number where both ends agree, `at least`, `at most`.

    From a minute on whole seconds are shown, the least rounded down, the most up.
    """
    least, most = found.least, found.most
    if unit == SECONDS:
        least, most = whole_seconds(least, most)
    if least is None:
        return "open" if most is None else f"at most {_number_text(most, unit)}"
    if most is None:
        return f"at least {_number_text(least, unit)}"
    texts = [_number_text(each, unit) for each in (least, most)]
    return texts[0] if texts[0] == texts[1] else " … ".join(texts)


def _number_text(number: Number, unit: str) -> str:
    if unit == SHARE:
        return _percent(Fraction(number))
    if unit != SECONDS:
        return str(number)
    return lasted(int(number))


def _percent(share: Fraction) -> str:
    whole, rest = divmod(int(share * 1_000_000 // 1), 10_000)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".") + " %"


def weight_text(weight: Fraction) -> str:
    """A weight as one writes it: in decimals where they end, else as a fraction."""
    decimals = f"{float(weight):.6f}".rstrip("0").rstrip(".")
    return decimals if Fraction(decimals) == weight else str(weight)


def definition_text(key: str, weight: Fraction) -> str:
    """What a measure says; of availability with its weights."""
    weights = ""
    if key == "availability":
        weights = f"; an hour unavailable counts 1, an hour degraded {weight_text(weight)}"
    return DEFINITIONS[key].says + weights


def definitions(keys: Iterable[str], weight: Fraction) -> dict[str, dict[str, str]]:
    """The definitions of those measures as JSON has them."""
    return {
        key: {"name": DEFINITIONS[key].name, "says": definition_text(key, weight)}
        for key in dict.fromkeys(keys)
    }


def anchor_text(anchor: Anchor, zone: str | None, *, about: str | None = None) -> str:
    """An anchor in words: what it is, when, and by which facts unless that is clear."""
    facts = " or ".join(anchor.facts[:3])
    if len(anchor.facts) > 3:
        facts += f" or {len(anchor.facts) - 3} more"
    by = f" ({facts})" if facts and anchor.facts != (about,) else ""
    contested = ", time contested" if anchor.contested else ""
    log_keeps = anchor.name in ("known", "recorded")
    moment = output.since(anchor.span.earliest, zone) if log_keeps else when(anchor.span, zone)
    return f"{anchor.name} {moment}{by}{contested}"


def beside_texts(one: Measure, zone: str | None) -> Iterator[str]:
    """What stands beside a measure, in words."""
    beside: Mapping[str, Any] = one.beside
    if "contract" in beside:
        yield _contract(beside)
    if "going on" in beside:
        yield f"not ended: {some(beside['going on'])}"
    if "replacement" in beside:
        yield f"replaced by {beside['replacement']}"
    if beside.get("order") == "open":
        yield "the times overlap: the second may have come before the first"
    for which, moment in beside.get("moments", {}).items():
        if moment is not None:
            yield f"{which} {_moment(moment, zone)}"
    if "verdict" in beside:
        yield _verdict(beside)


def _contract(beside: Mapping[str, Any]) -> str:
    days = beside["contract"] // DAY
    text = f"the contract promises {days} day{'' if days == 1 else 's'}"
    short = beside.get("short")
    if short is None:
        return text
    if short.most is not None and short.most <= 0:
        return f"{text}: kept"
    return f"{text}: short by {range_text(short, SECONDS)}"


def _moment(moment: Moment, zone: str | None) -> str:
    count = len(moment.services)
    return (
        f"{count} from {output.since(moment.start, zone)} to {output.since(moment.end, zone)}: "
        f"{some(moment.services)}"
    )


def some(ids: Sequence[str]) -> str:
    """A list of ids, a long one cut short."""
    return ", ".join(ids[:12]) + (f" and {len(ids) - 12} more" if len(ids) > 12 else "")


_MEANT = {"at-least": "at least", "at-most": "at most", "about": "about", "exact": "exactly"}


def _verdict(beside: Mapping[str, Any]) -> str:
    text = f"meant as {_MEANT[beside['meant']]} so long"
    if beside["verdict"] != "none":
        text += f": by the times {beside['verdict']}"
    if beside["outcome"] is not None:
        text += f"; recorded as {beside['outcome']}"
    return text


# --- for machines ---------------------------------------------------------------------------------


def _number(number: Number | None, unit: str) -> float | int | None:
    if number is None:
        return None
    if unit == SECONDS:
        seconds = number / 1_000_000
        return int(seconds) if seconds == int(seconds) else float(seconds)
    if unit == SHARE:
        return int(number * 10**9 // 1) / 10**9
    return int(number)


def bounds(found: Range | None, unit: str) -> dict[str, float | int | None]:
    """A range as JSON has it: lengths in seconds, shares rounded down, null where open."""
    if found is None:
        return {"least": None, "most": None}
    return {"least": _number(found.least, unit), "most": _number(found.most, unit)}


def document(one: Measure) -> dict[str, Any]:
    """A measure as JSON has it; see `measures`."""
    outcome = one.outcome
    reason = outcome.why if isinstance(outcome, NotApplicable | Invalid) else None
    return {
        "measure": one.key,
        "name": one.name,
        "about": one.about,
        "service": one.service,
        "outcome": word(outcome),
        **bounds(outcome if isinstance(outcome, Range) else None, one.unit),
        "unit": one.unit,
        "as_of": format_bound(outcome.as_of) if isinstance(outcome, SoFar) else None,
        "reason": None if reason is None else str(reason),
        "from": _anchor(one.start),
        "to": _anchor(one.end),
        "beside": {key: _plain(value) for key, value in one.beside.items()},
    }


def _anchor(anchor: Anchor | None) -> dict[str, Any] | None:
    if anchor is None:
        return None
    return {
        "anchor": anchor.name,
        "ids": list(anchor.facts),
        "earliest": format_bound(anchor.span.earliest),
        "latest": format_bound(anchor.span.latest),
        "contested": anchor.contested,
    }


def _plain(value: object) -> Any:
    if isinstance(value, Range):
        return bounds(value, SECONDS)
    if isinstance(value, Moment):
        return {
            "from": format_bound(value.start),
            "to": format_bound(value.end),
            "services": list(value.services),
        }
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int):
        if isinstance(value, Mapping):
            return {key: _plain(each) for key, each in value.items()}
        return list(value) if isinstance(value, tuple) else value
    return _number(value, SECONDS)


def flat(one: Measure) -> dict[str, Any]:
    """A measure as a row: its anchors in columns of their own."""
    whole = document(one)
    for side in ("from", "to"):
        anchor = whole.pop(side) or {}
        for key in ("anchor", "ids", "earliest", "latest", "contested"):
            whole[f"{side}_{key}"] = anchor.get(key)
    return whole | {"beside": "; ".join(beside_texts(one, None))}
