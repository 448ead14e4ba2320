"""What is cited for and against the facts of a dossier, and how many of them are covered."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from postmortem.core.citations import Citation
from postmortem.core.evidence import (
    DISPUTED,
    FACTUAL,
    Dispute,
    Evidence,
    Shares,
    coverage,
    weigh,
)
from postmortem.core.history import CLAIMED
from postmortem.core.incident import Dossier
from postmortem.core.items import Item

Facts = dict[str, Any]


def weighed(dossier: Dossier, items: list[Item]) -> list[Evidence]:
    """The evidence of those facts: what they cite, and what the claims of their times do."""
    disputes: dict[str, list[Dispute]] = defaultdict(list)
    for item in dossier.of(DISPUTED):
        told = Dispute(item.fact, str(item.body["aspect"]), item.cites)
        disputes[str(item.names("about"))].append(told)
    origins = _origins(dossier)
    return [
        weigh(
            item.fact,
            [*item.cites, *(each for claim in item.claims for each in claim.cites)],
            origins,
            disputes.get(item.fact, ()),
        )
        for item in items
    ]


def _origins(dossier: Dossier) -> dict[str, tuple[str, ...]]:
    return {id: tuple(one.body.get("origins", ())) for id, one in dossier.sources.items()}


def covered(dossier: Dossier) -> Facts:
    """How many facts that say how the world was rest on no origin, on one, on two or more.

    By whatever is cited; by sources of which the record says where a copy is kept; by citations
    that carry the hashes of their passage and of the text, so that whoever has it can check them.
    """
    factual = [one for one in dossier.items if one.type in FACTUAL and one.type != CLAIMED]
    found = weighed(dossier, factual)
    origins = _origins(dossier)
    archived = {id for id, one in dossier.sources.items() if one.body.get("archive_url")}
    archived |= {
        str(item.body["source"]) for item in dossier.snapshots if item.body.get("archive_url")
    }

    def is_archived(citation: Citation) -> bool:
        return citation.source in archived

    return {
        "facts": len(found),
        "independent": _shares(coverage(found, origins, lambda citation: True)),
        "archived": _shares(coverage(found, origins, is_archived)),
        "bound": _shares(coverage(found, origins, lambda citation: citation.is_bound)),
        "disputed": sum(one.is_disputed for one in found),
    }


def _shares(shares: Shares) -> Facts:
    return {"none": shares.none, "one": shares.one, "two_or_more": shares.more}
