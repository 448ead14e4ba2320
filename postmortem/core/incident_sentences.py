"""What an incident adds to the record, each in one line, but for the words of people.

Like `chronicle`, which tells everything else, this loads nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

Body: TypeAlias = Mapping[str, Any]

_MEANT: Final = {"at-least": "at least", "at-most": "at most", "exact": "exactly"}


def _estimate(body: Body) -> str:
    kind = _MEANT.get(body["kind"], body["kind"])
    if "until" in body:
        return f"{body['about']} estimated to last until {kind} {body['until']['written']}"
    return f"{body['about']} estimated to last {kind} {body.get('lasts', 'some time')}"


def _exposed(body: Body) -> str:
    volume = f"{body['volume']} {body['volume_unit']}" if "volume" in body else ""
    records = f"{body['records']} records" if "records" in body else ""
    personal = f"personal data: {body['personal']}"
    return "exposed: " + "; ".join(
        filter(None, [", ".join(body["kinds"]), volume, records, personal])
    )


def _replaced(body: Body) -> str:
    revised = f", with {', '.join(body['revisions'])}" if body.get("revisions") else ""
    return f"{body['service']} replaced by {body['replacement']}{revised}"


def _item(body: Body) -> str:
    return ", ".join([f"action item of {body['incident']} ({body['kind']})", *_planned(body)])


def _item_changed(body: Body) -> str:
    return ", ".join([f"{body['item']} changed", *_planned(body)])


def _planned(body: Body) -> list[str]:
    priority = [body["priority"]] if "priority" in body else []
    return priority + ([f"due {body['due']['written']}"] if "due" in body else [])


def _communication(body: Body) -> str:
    channel = f" ({body['channel']})" if "channel" in body else ""
    return f"{body['audience']} told{channel}"


def _impact(body: Body) -> str:
    unit = f" {body['unit']}" if "unit" in body else ""
    return f"impact of {body['incident']}: {body['of']} {body['amount']}{unit}"


SENTENCES: Final[Mapping[str, Callable[[Body], str]]] = {
    "incident-opened": lambda body: f"incident opened, {body['title']}".removesuffix(", "),
    "incident-closed": lambda body: f"{body['incident']} closed",
    "incident-reopened": lambda body: f"{body['incident']} reopened",
    "severity-set": lambda body: f"{body['incident']} is {body['severity']}",
    "role-taken": lambda body: f"{body['role']} of {body['incident']} taken",
    "role-left": lambda body: f"{body['role']} of {body['incident']} left",
    "milestone-reached": lambda body: f"{body['incident']} {body['milestone']}",
    "impact-stated": _impact,
    "text-written": lambda body: f"{body['part']} of {body['incident']} written",
    "action-taken": lambda body: f"action in {body['incident']}",
    "decision-made": lambda body: f"decision in {body['incident']}",
    "communication-sent": _communication,
    "factor-found": lambda body: f"contributing factor of {body['incident']}",
    "lesson-learnt": lambda body: f"lesson of {body['incident']}, {body['kind'].replace('-', ' ')}",
    "question-opened": lambda body: f"question in {body['incident']}",
    "question-answered": lambda body: f"{body['question']} answered",
    "estimate-given": _estimate,
    "estimate-settled": lambda body: f"{body['estimate']} {body['outcome']}",
    "data-exposed": _exposed,
    "service-replaced": _replaced,
    "deadline-set": lambda body: f"deadline in {body['incident']}, {body['due']['written']}",
    "deadline-met": lambda body: f"{body['deadline']} met",
    "action-item-opened": _item,
    "action-item-changed": _item_changed,
    "action-item-done": lambda body: f"{body['item']} done",
    "action-item-dropped": lambda body: f"{body['item']} dropped",
    "document-status-set": lambda body: (
        f"document of {body['incident']} is {body['status'].replace('-', ' ')}"
    ),
}

SPOKEN: Final = (
    "what", "how", "known_then", "mechanism", "basis", "accepted", "verification", "person",
    "owner", "authors",
)  # fmt: skip
"""The keys under which people say something here, beside those that other entries have too."""

NAMING: Final = (
    "replacement", "services", "capabilities", "incident", "question", "estimate", "deadline",
    "item", "addresses", "revisions",
)  # fmt: skip
"""The keys whose values name something, beside those that other entries have too."""
