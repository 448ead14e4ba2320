"""How a row of the timeline looks: on a terminal, as JSON, as a row of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from postmortem.cli import output
from postmortem.cli.options import Asked
from postmortem.cli.spans import (
    clocks_document,
    document,
    when,
)
from postmortem.cli.telling import shown_citation, source_titles
from postmortem.core import chronicle
from postmortem.core.chronicle import Claim, Row
from postmortem.core.evidence import FACTUAL, Evidence, edges
from postmortem.core.history import ANNOUNCED, RESCHEDULED, Situation
from postmortem.core.times import (
    Span,
    format_instant,
)
from postmortem.reports.rows import Rows
from postmortem.store import look
from postmortem.store.sources import Weighing
from postmortem.store.view import Logged

_WORDS_SHOWN: Final = 2  # lines of people's words that an event gets


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with the entries behind it, and the titles of the sources."""

    row: Row
    entries: Mapping[int, Logged]
    titles: Mapping[str, str]
    effect: str | None
    evidence: Evidence
    statements: Mapping[str, Span]
    """What its time is made of: its own and the claims in force, by the fact that states it."""

    @property
    def entry(self) -> Logged:
        return self.entries[self.row.version.position]

    def what(self) -> str:
        """What it says, in one line, but for people's words."""
        body = self.entry.shown
        by = f", by {body['by']}" if body.get("by") else ""
        return chronicle.sentence(self.row.version.type, body, self.effect) + by

    def remarks(self) -> str:
        """What people say in it."""
        return " · ".join(words for _, words in chronicle.remarks(self.entry.shown))

    def flags(self) -> list[str]:
        """What to know of it before all else."""
        flags = [] if self.row.standing.in_force else [str(self.row.standing)]
        if self.row.contested:
            flags.append("time contested")
        if self.evidence.is_disputed:
            what = dict.fromkeys(each.aspect for each in self.evidence.disputes)
            flags.append(" ".join([*what, "disputed"]))
        return flags

    def edges(self) -> str:
        """Which statements make its span, where there are several; else nothing."""
        if len(self.statements) < 2:
            return ""
        first, last = (" and ".join(each) for each in edges(self.row.dated.span, self.statements))
        if not first or not last:
            return ""  # a rescheduling made it, which is no claim
        return f"begins as {first} and ends as {last} states" if first != last else f"is {first}'s"

    def disputes(self) -> Iterator[str]:
        """Each dispute of it, in one line."""
        for dispute in self.evidence.disputes:
            cites = "; ".join(map(shown_citation, dispute.cites)) or "no source"
            yield f"disputed by {dispute.id}: {dispute.aspect} ({cites})"

    def cited(self, position: int | None = None) -> list[str]:
        """The citations of the version, or of a claim."""
        position = self.row.version.position if position is None else position
        return list(self.entries[position].body.get("cites", ()))

    def sources(self, position: int | None = None) -> list[dict[str, str | None]]:
        """The same, in parts and with the titles."""
        return [
            {"id": id, "locator": locator or None, "title": self.titles.get(id)}
            for citation in self.cited(position)
            for id, _, locator in (citation.partition("#"),)
        ]

    def written(self) -> dict[str, str]:
        """Its times as they were written."""
        body = self.entry.body
        labels = {"at": "written", "effective_at": "effect written"}
        return {label: body[key]["written"] for key, label in labels.items() if key in body}

    def lines(self, zone: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        """What stands beside its time on a terminal: text and style."""
        version = self.row.version
        id = version.fact if version.id == version.fact else f"{version.fact} (as {version.id})"
        yield " · ".join([id, version.type, *self.flags()]), {"bold": True}
        if what := self.what():
            yield what, {}
        if words := self.remarks():
            yield words, {"most": _WORDS_SHOWN}
        if (due := self.row.due) is not None:
            by = f", rescheduled by {due.fact}" if due.fact != version.fact else ""
            contested = ", contested" if due.contested else ""
            yield f"takes effect {when(due.span, zone)}{by}{contested}", {}
        for claim in self.row.claims:
            yield self.claim(claim, zone), {}
        if made := self.edges():
            yield f"its span {made}", {}
        for dispute in self.disputes():
            yield dispute, {}
        for label, written in self.written().items():
            yield f"{label} {written}", {"dim": True}
        known, recorded = output.since(version.known, zone), output.since(version.recorded, zone)
        yield f"known from {known}, recorded {recorded}", {"dim": True}
        cites = "; ".join(map(shown_citation, self.cited())) or "nothing"
        told = f" ({self.told_evidence()})" if self.is_factual else ""
        yield f"cites {cites}{told}", {"dim": True}

    @property
    def is_factual(self) -> bool:
        """Whether it needs a source."""
        return self.row.version.type in FACTUAL

    def told_evidence(self) -> str:
        """How well it is supported, in few words; nothing of what needs no source."""
        return self.evidence.told() if self.is_factual else ""

    def claim(self, claim: Claim, zone: str | None) -> str:
        """A claim of its time, in one line."""
        assert claim.version.effective is not None
        standing = "" if claim.standing.in_force else f" ({claim.standing})"
        cites = "; ".join(map(shown_citation, self.cited(claim.version.position))) or "no source"
        return (
            f"claimed by {claim.version.fact}{standing}: {when(claim.version.effective, zone)} "
            f"({cites}, known from {output.since(claim.version.known, zone)})"
        )

    def document(self) -> dict[str, Any]:
        """As JSON has it; see `timeline`."""
        row, version, body = self.row, self.row.version, self.entry.body
        announces = version.type in (ANNOUNCED, RESCHEDULED)
        return {
            "id": version.fact,
            "version": version.id,
            "type": version.type,
            "status": row.standing.word,
            "status_by": row.standing.by,
            "at": document(version.at, body.get("at")),
            "settled": document(row.time.span),
            "contested": row.contested,
            "effective_at": document(version.effective, body.get("effective_at")),
            "effective_settled": document(row.due.span) if row.due and announces else None,
            "effective_by": row.due.fact if row.due and announces else None,
            **clocks_document(version, body),
            "what": self.what(),
            "body": body,
            "withheld": sorted(self.entry.withheld),
            "reasons": {
                name: reason or None for name, reason in sorted(self.entry.withheld.items())
            },
            "claims": [
                {
                    "id": claim.version.fact,
                    "version": claim.version.id,
                    "status": claim.standing.word,
                    "status_by": claim.standing.by,
                    "time": document(claim.version.effective, said.get("time")),
                    **clocks_document(claim.version, said),
                    "sources": self.sources(claim.version.position),
                }
                for claim in row.claims
                for said in (self.entries[claim.version.position].body,)
            ],
            "sources": self.sources(),
            "evidence": self.evidence.document(),
            "recorded_by": self.entry.by,
            "stream": self.entry.stream,
            "position": version.position,
        }


def with_entries(question: Asked, rows: Sequence[Row], situation: Situation) -> list[Shown]:
    """The rows with what belongs to them, read inside the caller's snapshot."""
    view = question.store.view
    claims = [claim.version.position for row in rows for claim in row.claims]
    entries = look.told(view, [*(row.version.position for row in rows), *claims])
    titles = source_titles(question, entries.values())
    weighing = Weighing(view, question.platform, situation, question.as_of.recorded)
    return [
        Shown(
            row,
            entries,
            titles,
            chronicle.effect(row.version, situation),
            _weighed(row, entries, weighing),
            _statements(row),
        )
        for row in rows
    ]


def _weighed(row: Row, entries: Mapping[int, Logged], weighing: Weighing) -> Evidence:
    """What is cited for and against it: by itself, and by the claims of its time in force."""
    standing = [claim.version.position for claim in row.claims if claim.standing.in_force]
    cites = [
        each
        for position in (row.version.position, *standing)
        for each in entries[position].body.get("cites", ())
    ]
    return weighing.of(row.version.fact, cites)


def _statements(row: Row) -> dict[str, Span]:
    dated = row.dated
    own = row.version.effective if dated is row.due else row.version.at
    found = {} if own is None or dated.fact != row.version.fact else {row.version.fact: own}
    for claim in row.claims:
        if claim.standing.in_force and claim.version.effective is not None:
            found[claim.version.fact] = claim.version.effective
    return found


def for_people(shown: Sequence[Shown], zone: str | None) -> Rows:
    """A table to be read: times in the zone."""
    columns = (
        ("time", "time"),
        ("id", "event"),
        ("type", "type"),
        ("what", "what"),
        ("words", "in words"),
        ("written", "as written"),
        ("claims", "claimed"),
        ("known", "known from"),
        ("recorded", "recorded"),
        ("sources", "sources"),
        ("evidence", "evidence"),
    )
    return Rows(
        columns,
        [
            {
                "time": ", ".join([when(each.row.time.span, zone), *each.flags()]),
                "id": each.row.version.fact,
                "type": each.row.version.type,
                "what": each.what(),
                "words": each.remarks(),
                "written": "; ".join(each.written().values()),
                "claims": "; ".join(each.claim(claim, zone) for claim in each.row.claims),
                "known": output.since(each.row.version.known, zone),
                "recorded": output.since(each.row.version.recorded, zone),
                "sources": "; ".join(map(shown_citation, each.cited())),
                "evidence": each.told_evidence(),
            }
            for each in shown
        ],
    )


_COLUMNS: Final = (
    "id", "version", "type", "status", "status_by", "earliest", "latest", "written", "contested",
    "effective_earliest", "effective_latest", "effective_written", "effective_by", "what", "words",
    "known_at", "recorded_at", "recorded_by", "claims", "sources", "evidence", "independent",
    "disputed", "stream", "position",
)  # fmt: skip


def for_machines(shown: Sequence[Shown]) -> Rows:
    """Instants in UTC; the time as settled, beside what was written."""
    return Rows([(name, name) for name in _COLUMNS], [_flat(each) for each in shown])


def _flat(each: Shown) -> dict[str, Any]:
    row, whole = each.row, each.document()
    due = whole["effective_settled"] or {}
    return {
        **{key: value for key, value in whole.items() if key in _COLUMNS},
        "earliest": whole["settled"]["earliest"],
        "latest": whole["settled"]["latest"],
        "written": whole["at"]["written"],
        "effective_earliest": due.get("earliest"),
        "effective_latest": due.get("latest"),
        "effective_written": (whole["effective_at"] or {}).get("written"),
        "words": each.remarks(),
        "known_at": format_instant(row.version.known),
        "recorded_at": format_instant(row.version.recorded),
        "claims": "; ".join(claim.version.fact for claim in row.claims),
        "sources": "; ".join(each.cited()),
        "evidence": each.told_evidence(),
        "independent": each.evidence.independent,
        "disputed": each.evidence.is_disputed,
    }
