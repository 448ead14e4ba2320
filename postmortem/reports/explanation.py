"""An explanation as one JSON document; `postmortem explain --help` lists its keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from postmortem.core.causes import Due
from postmortem.core.disruptions import Expected
from postmortem.core.explain import CapabilityWhy, Explanation, Held, Node, ServiceWhy
from postmortem.core.formulas import NAMES, AtLeast, Ref
from postmortem.core.levels import Bounds
from postmortem.core.sensitivity import Outcome, Unsettled
from postmortem.core.supposing import Statements, parts
from postmortem.core.times import Span, format_bound, format_instant

Document = dict[str, Any]


def document(explanation: Explanation) -> Document:
    """Everything that was worked out; of the facts their ids, times and who states them."""
    as_of, stated = explanation.as_of, explanation.statements
    more_before, more_after = explanation.more
    return {
        "at": format_bound(as_of.valid),
        "known_at": format_bound(as_of.known),
        "recorded_at": format_bound(as_of.recorded),
        "id": explanation.id,
        "kind": "service" if explanation.id in explanation.services else "capability",
        **levels(explanation.bounds),
        "since": None if explanation.since is None else format_instant(explanation.since),
        "capabilities": {id: _capability(why) for id, why in explanation.capabilities.items()},
        "services": {id: _service(why, stated) for id, why in explanation.services.items()},
        "turns": {
            "before": [due_document(due) for due in explanation.before],
            "after": [due_document(due) for due in explanation.after],
            "more_before": more_before,
            "more_after": more_after,
        },
        "if_ended": [{"disruption": id} | levels(bounds) for id, bounds in explanation.ended],
        "if_lost": [{"service": id} | levels(bounds) for id, bounds in explanation.lost],
        "if_carried_out": [
            {"announcement": id, "carried_out": levels(so), "not_carried_out": levels(not_so)}
            for id, so, not_so in explanation.announced
        ],
        "if_known": [_unsettled(each) for each in explanation.unsettled],
    }


def levels(bounds: Bounds) -> Document:
    """The bounds as the contract's JSON has them."""
    return {"worst": bounds.worst.word, "best": bounds.best.word, "status": bounds.status}


def span(of: Span) -> Document:
    """A span's bounds in UTC, null where they are open."""
    return {"earliest": format_bound(of.earliest), "latest": format_bound(of.latest)}


def due_document(due: Due) -> Document:
    """A turn with the facts that it is due to."""
    return {
        "at": format_instant(due.turn.at),
        "before": levels(due.turn.before),
        "after": levels(due.turn.after),
        "because": [
            {
                "role": cause.role.value,
                "fact": cause.fact,
                "about": list(cause.about),
                "edge": cause.edge.value,
                "said_by": list(cause.said_by),
                "effect": None if cause.effect is None else cause.effect.word,
            }
            for cause in due.causes
        ],
    }


def _capability(why: CapabilityWhy) -> Document:
    return {
        **levels(why.bounds),
        "matters": why.matters,
        "formulas": [
            {
                "revised_by": held.fact,
                "since": None if held.since is None else span(held.since),
                "formula": _node(held.node),
            }
            for held in why.formulas
        ],
    }


def _node(node: Node) -> Document:
    formula = node.formula
    found = {**levels(node.bounds), "matters": node.matters}
    if isinstance(formula, Ref):
        return {"kind": "id", "id": formula.id, **found}
    count = {"count": formula.count} if isinstance(formula, AtLeast) else {}
    return {
        "kind": NAMES[type(formula)],
        **count,
        **found,
        "of": [_node(part) for part in node.parts],
    }


def _service(why: ServiceWhy, stated: Statements) -> Document:
    return {
        **why.state.document(),
        "matters": why.matters,
        "disruptions": [_held(held, stated) for held in why.held],
        "without_effect": {
            id: {"why": idle.why.value, "by": list(idle.by)} for id, idle in why.idle.items()
        },
    }


def _held(held: Held, stated: Statements) -> Document:
    disruption = held.disruption
    expected = isinstance(disruption, Expected)
    return {
        "id": disruption.id,
        "kind": "expected" if expected else "confirmed",
        **levels(held.bounds),
        "effects": [effect.word for effect in held.effects],
        "doubts": [doubt.value for doubt in held.doubts],
        "contested": disruption.contested,
        "times": [
            {
                "role": part.role.value,
                "fact": part.time.fact,
                **span(part.time.span),
                "contested": part.time.contested,
                "effect": None if part.effect is None else part.effect.word,
                "stated": [
                    {"by": statement.fact, **span(statement.span)}
                    for statement in stated.of(part.role, part.time.fact)
                ],
            }
            for part in parts(disruption)
        ],
        "left_out": [] if isinstance(disruption, Expected) else sorted(disruption.left_out),
        "carries_out": None if isinstance(disruption, Expected) else disruption.announcement,
    }


def _unsettled(each: Unsettled) -> Document:
    return {
        "role": each.role.value,
        "fact": each.fact,
        "about": list(each.about),
        "effect": None if each.effect is None else each.effect.word,
        "decides": each.decides,
        "outcomes": _outcomes(each.outcomes),
        "stated": _outcomes(each.stated),
    }


def _outcomes(outcomes: Iterable[Outcome]) -> list[Document]:
    return [
        {**span(outcome.span), "said_by": outcome.said_by, **levels(outcome.bounds)}
        for outcome in outcomes
    ]
