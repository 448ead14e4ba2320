"""An explanation on a terminal: why, how sure, and what would change the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import click

from postmortem.cli import because, output
from postmortem.cli.because import item, level, mark, marked
from postmortem.cli.options import Asked
from postmortem.cli.spans import when
from postmortem.cli.telling import shown_citation
from postmortem.core import chronicle
from postmortem.core.disruptions import Disruption, Expected
from postmortem.core.evidence import Evidence
from postmortem.core.explain import (
    Doubt,
    Explanation,
    Held,
    Idle,
    MayHold,
    Node,
    ServiceWhy,
    Without,
)
from postmortem.core.formulas import (
    NAMES,
    AllOf,
    AnyOf,
    AtLeast,
    Fallback,
    Formula,
    Optional,
    Parts,
    Ref,
    written,
)
from postmortem.core.levels import OUT, WORKS, Bounds, Level
from postmortem.core.supposing import Part, Role, parts
from postmortem.core.times import BEGINNING, END
from postmortem.core.zones import in_zone
from postmortem.store.view import Logged

_STEP: Final = 2
_WORDS_SHOWN: Final = 3  # lines of people's words that a disruption gets
_SILENT: Final = "nothing recorded"
_RULES: Final[dict[type[Formula], str]] = {
    AllOf: "the worst of",
    AnyOf: "the best of",
    Parts: "that of all where they agree, else degraded",
    Optional: "that of, but no worse than degraded",
    Fallback: "that of, but no better than degraded",
    Ref: "that of",
}
_LABELS: Final[dict[Role, str]] = {
    Role.START: "began",
    Role.CHANGE: "became {effect}",
    Role.RESTORATION: "ended",
    Role.ANNOUNCED: "announced",
    Role.EFFECTIVE: "due",
    Role.WITHDRAWAL: "withdrawn",
}
_WITHOUT: Final[dict[Without, str]] = {
    Without.LATER: "not yet",
    Without.OVER: "ended",
    Without.WITHDRAWN: "withdrawn",
    Without.CARRIED_OUT: "carried out",
}


class Page:
    """What is printed of one explanation."""

    def __init__(
        self,
        question: Asked,
        explanation: Explanation,
        entries: Mapping[str, Logged],
        names: Mapping[str, str],
        titles: Mapping[str, str],
        evidence: Mapping[str, Evidence],
        *,
        whole: bool,
    ) -> None:
        """`entries`, `evidence`: of the facts in force; `names` describe services by id."""
        self.zone = question.zone
        self.found = explanation
        self.entries = entries
        self.names = names
        self.titles = titles
        self.evidence = evidence
        self.whole = whole
        self.cited: dict[str, None] = {}
        self.unfolded: set[str] = set()

    def print(self) -> None:
        """All of it."""
        found = self.found
        since = "" if found.since is None else f", since {because.since(found.since, self.zone)}"
        silent = all(self._is_silent(why) for why in found.services.values())
        output.say(f"{output.status_cell(_SILENT) if silent else marked(found.bounds)}{since}")
        self._section("Why")
        self._id(found.id, 0)
        self._aside()
        self._section("How sure")
        for line in self._sure():
            item("- ", line, _STEP)
        self._section("What would change the answer")
        self._would()
        if self.cited:
            self._section("Cited")
            rows = [(id, self.titles.get(id, "(not declared)")) for id in sorted(self.cited)]
            output.table(("source", "title"), rows, indent=_STEP)

    def _is_silent(self, why: ServiceWhy) -> bool:
        """Whether nothing at all is recorded of the service, be it good or bad."""
        return not why.held and not why.idle

    def _section(self, title: str) -> None:
        output.say()
        output.say(click.style(title, bold=True))

    # --- why --------------------------------------------------------------------------------------

    def _id(self, id: str, indent: int) -> None:
        """A service or capability, and under it what it rests on, once."""
        service = self.found.services.get(id)
        why = service or self.found.capabilities[id]
        bounds = service.state.bounds if service else self.found.capabilities[id].bounds
        name = f" ({self.names[id]})" if id in self.names else ""
        told = id in self.unfolded
        matters = why.matters or self.whole or indent == 0
        self.unfolded.add(id)
        if service and self._is_silent(service):
            shape, _ = output.SHAPES[_SILENT]
            item(f"{shape} ", f"{id}{name}: {_SILENT}", indent, dim=indent > 0)
        elif told or not matters:
            again = ", as above" if told and matters else ""
            item(f"{mark(bounds)} ", f"{id}: {level(bounds)}{again}", indent, dim=not told)
        elif service:
            item(f"{mark(bounds)} ", f"{id}{name}: {level(bounds)}", indent)
            self._service(service, indent + _STEP)
        else:
            self._capability(id, name, indent)

    def _capability(self, id: str, name: str, indent: int) -> None:
        why = self.found.capabilities[id]
        if len(why.formulas) == 1:
            held = why.formulas[0]
            self._level(f"{id}{name}", why.bounds, self._rule(held), indent)
            if held.fact is not None:
                self._stated(held.fact, Role.REVISION, indent + _STEP)
            self._parts(held.node, indent + _STEP)
            return
        self._level(f"{id}{name}", why.bounds, "one of these formulas", indent)
        for held in why.formulas:
            since = "as declared"
            if held.fact is not None and held.since is not None:
                since = f"by {held.fact}, from {when(held.since, self.zone)} on"
            self._level(since, held.node.bounds, _rule(held.node.formula), indent + _STEP)
            if held.fact is not None:
                self._stated(held.fact, Role.REVISION, indent + 2 * _STEP)
            self._parts(held.node, indent + 2 * _STEP)

    def _rule(self, held: MayHold) -> str:
        """The rule of a formula that is the only one, and what revised it, if anything did."""
        by = "" if held.fact is None else f", as revised by {held.fact}"
        return f"{_rule(held.node.formula)}{by}"

    def _level(self, name: str, bounds: Bounds, rule: str, indent: int) -> None:
        item(f"{mark(bounds)} ", f"{name}: {level(bounds)} = {rule}", indent)

    def _parts(self, node: Node, indent: int) -> None:
        """What stands below a node: the parts of an operator, or the one that is named."""
        if isinstance(node.formula, Ref):
            self._id(node.formula.id, indent)
        for part in node.parts:
            if isinstance(part.formula, Ref):
                self._id(part.formula.id, indent)
            elif part.matters or self.whole:
                kind = NAMES[type(part.formula)]
                self._level(kind, part.bounds, _rule(part.formula), indent)
                self._parts(part, indent + _STEP)
            else:
                text = f"{written(part.formula)}: {level(part.bounds)}"
                item(f"{mark(part.bounds)} ", text, indent, dim=True)

    def _service(self, why: ServiceWhy, indent: int) -> None:
        for held in why.held:
            self._held(held, indent)
        idle = dict(why.idle)
        for id in why.state.notices:
            if id in idle:
                item("- ", f"{id}: announced ({_idle(idle.pop(id))})", indent)
        if idle:
            reasons = [f"{id} ({_idle(each)})" for id, each in idle.items()]
            kept = reasons if len(reasons) < 6 else [*reasons[:4], f"{len(reasons) - 4:,} more"]
            item("- ", f"without effect then: {', '.join(kept)}", indent, dim=True)

    def _held(self, held: Held, indent: int) -> None:
        disruption = held.disruption
        entry = self.entries[disruption.id]
        effects = " or ".join(effect.word for effect in held.effects)
        none = held.bounds.best is Level.OPERATIONAL
        by = f" by {entry.shown['by']}" if entry.shown.get("by") else ""
        also = ", or no effect" if none else ""
        item("- ", f"{disruption.id}: {effects}{also} ({entry.type}{by})", indent)
        inside = indent + _STEP
        if reason := entry.shown.get("reason"):
            item("reason ", str(reason), inside, most=_WORDS_SHOWN)
        for part in parts(disruption):
            self._part(part, disruption, inside)
        if isinstance(disruption, Disruption):
            if disruption.left_out:
                text = f"{', '.join(sorted(disruption.left_out))}: certainly before the start"
                item("left out ", text, inside)
            if disruption.announcement:
                item("carries out ", disruption.announcement, inside)
        found = self.evidence[disruption.id]
        item("evidence ", found.told(), inside)
        for dispute in found.disputes:
            cites = ", ".join(map(shown_citation, dispute.cites)) or "without a source"
            item("disputed by ", f"{dispute.id}: {dispute.aspect}, {cites}", inside)

    def _part(self, part: Part, disruption: Disruption | Expected, indent: int) -> None:
        effect = "" if part.effect is None else part.effect.word
        label = _LABELS[part.role].format(effect=effect)
        own = "" if part.time.fact == disruption.id else f" ({part.time.fact})"
        contested = ", contested" if part.time.contested else ""
        item(f"{label} ", f"{when(part.time.span, self.zone)}{contested}{own}", indent)
        stated = self.found.statements.of(part.role, part.time.fact)
        for statement in stated:
            says = f"{statement.fact}: " if len(stated) > 1 else ""
            self._stated(statement.fact, part.role, indent + _STEP, says)

    def _stated(self, fact: str, role: Role, indent: int, says: str = "") -> None:
        """How a fact states its time, from when that could be known, and where it stands."""
        entry = self.entries[fact]
        keys = ("effective_at", "time", "at") if role is Role.EFFECTIVE else ("time", "at")
        key = next(key for key in keys if key in entry.body)
        told = [f"written {chronicle.as_text(key, entry.body[key])}"]
        if entry.known is not None:
            told.append(f"known from {because.since(entry.known, self.zone)}")
        cites = entry.body.get("cites", ())
        self.cited |= dict.fromkeys(citation.partition("#")[0] for citation in cites)
        shown = ", ".join(map(shown_citation, cites))
        told.append(f"cites {shown}" if cites else "without a source")
        item("", f"{says}{', '.join(told)}", indent, dim=True)

    def _aside(self) -> None:
        """The services that have no part in the level, a line for each sort."""
        if self.found.id in self.found.services or self.whole:
            return
        rest = [why for why in self.found.services.values() if not why.matters]
        impaired = [why.id for why in rest if why.state.bounds != WORKS]
        silent = [why.id for why in rest if self._is_silent(why)]
        working = [why.id for why in rest if why.state.bounds == WORKS and why.id not in silent]
        for label, ids in (
            ("impaired, without weight here", impaired),
            ("working", working),
            (_SILENT, silent),
        ):
            if ids:
                item(f"{label}: ", ", ".join(ids), 0, dim=True)

    # --- how sure ---------------------------------------------------------------------------------

    def _sure(self) -> Iterator[str]:
        certain = self.found.bounds.worst is self.found.bounds.best
        if all(self._is_silent(why) for why in self.found.services.values()):
            yield "nothing is recorded of what it rests on; what nobody reports counts as working"
            return
        weighty = [why for why in self.found.services.values() if why.matters]
        if certain:
            yield "certain: nothing that is known allows another level"
            for why in weighty:
                if why.state.contested:
                    contested = [held.disruption for held in why.held if held.disruption.contested]
                    ids = " and ".join(disruption.id for disruption in contested)
                    yield f"a time of {ids} is contested, which makes no difference here"
            yield from self._supported(weighty)
            return
        yield "not certain: what is known allows each of these levels"
        for capability in self.found.capabilities.values():
            if capability.matters and len(capability.formulas) > 1:
                many = len(capability.formulas)
                yield f"{capability.id} may have any of {many} formulas then"
        for why in weighty:
            for held in why.held:
                for doubt in held.doubts:
                    yield self._doubt(doubt, held)
        yield from self._supported(weighty)

    def _supported(self, weighty: list[ServiceWhy]) -> Iterator[str]:
        """What of the disruptions that matter has one origin or none, or is disputed."""
        ids = [held.disruption.id for why in weighty for held in why.held]
        for label, some in (
            (
                "supported by one origin alone",
                [i for i in ids if self.evidence[i].independent == 1],
            ),
            ("without a source", [i for i in ids if not self.evidence[i].independent]),
            ("disputed, though not in its time", [i for i in ids if self.evidence[i].is_disputed]),
        ):
            if some:
                yield f"{label}: {', '.join(some)}"

    def _doubt(self, doubt: Doubt, held: Held) -> str:
        disruption = held.disruption
        if isinstance(disruption, Expected):
            return f"{disruption.id} is announced, and not confirmed"
        if doubt is Doubt.EFFECT:
            effects = " or ".join(effect.word for effect in held.effects)
            return f"{disruption.id} may leave the service {effects}"
        if doubt is Doubt.ENDED:
            since = disruption.first_possible_end
            text = "" if since == BEGINNING else f", since {because.since(since, self.zone)}"
            return f"{disruption.id} may have ended{text}"
        start = disruption.latest_start
        contested = ", and when is contested" if disruption.start.contested else ""
        if start == END:
            return f"{disruption.id} may not have begun; nothing says by when it has{contested}"
        by = because.since(start, self.zone)
        return f"{disruption.id} may not have begun; by {by} it has{contested}"

    # --- what would change it ---------------------------------------------------------------------

    def _would(self) -> None:
        found = self.found
        if turns := list(self._turns()):
            output.table(("from", "level", "because"), turns, indent=_STEP)
        counts = zip(found.more, ("earlier", "later"), strict=True)
        if more := [f"{count:,} {word}" for count, word in counts if count]:
            text = f"{'more' if turns else 'it'} turns: {' and '.join(more)}; --turns shows them"
            item("", text, _STEP, dim=True)
        elif not turns:
            item("", "no time: nothing that is known makes it turn", _STEP)
        rows = [*self._supposed(), *self._announced(), *self._unsettled()]
        if rows:
            output.say()
            output.table(("if", "it would be"), rows, indent=_STEP)
        if found.bounds != WORKS and not found.ended:
            weighty = [why for why in found.services.values() if why.matters]
            ids = ", ".join(held.disruption.id for why in weighty for held in why.held)
            text = f"no single disruption holds it down, but several together: {ids}"
            item("", text if ids else "no disruption holds it down", _STEP)
        if found.bounds != OUT and not found.lost:
            item("", "the loss of no single service would make it worse", _STEP)

    def _supposed(self) -> Iterator[tuple[str, str]]:
        announced = {each.id for each in self.found.announced}  # of those `_announced` tells
        for id, bounds in self.found.ended:
            if id not in announced:
                yield f"{id} were over", marked(bounds)
        for id, bounds in self.found.lost:
            yield f"{id} were lost as well", marked(bounds)

    def _announced(self) -> Iterator[tuple[str, str]]:
        for id, so, not_so in self.found.announced:
            yield f"{id} was carried out by then", marked(so)
            yield f"{id} was not carried out by then", marked(not_so)

    def _unsettled(self) -> Iterator[tuple[str, str]]:
        at = self.found.as_of.valid
        for each in self.found.unsettled:
            effect = "" if each.effect is None else each.effect.word
            did = because.PAST[each.role].format(effect=effect)
            own = "" if each.about == (each.fact,) else f" ({each.fact})"
            what = f"{' and '.join(each.about)} {did}{own}"
            cuts = [outcome.span.latest for outcome in each.outcomes]
            for outcome in each.outcomes:
                if len(cuts) == 2 and cuts[0] == at:  # the common case: until then, or after
                    when_ = "by then" if outcome.span.latest == at else "later"
                else:
                    when_ = when(outcome.span, self.zone)
                yield f"{what} {when_}", marked(outcome.bounds)
            for outcome in each.stated:
                yield f"{what} as {outcome.said_by} says", marked(outcome.bounds)

    def _turns(self) -> Iterator[tuple[str, str, str]]:
        """The levels over time, with the moment asked about in its place."""
        found, at = self.found, self.found.as_of.valid
        every = (*found.before, *found.after)
        if every:
            yield "before", marked(every[0].turn.before), ""
        for turn, causes in found.before:
            asked = "; asked about" if turn.at == at else ""
            reasons = because.causes(causes)
            yield because.since(turn.at, self.zone), marked(turn.after), f"{reasons}{asked}"
        if every and not (found.before and found.before[-1].turn.at == at):
            yield in_zone(at, self.zone), marked(found.bounds), "the moment asked about"
        for turn, causes in found.after:
            yield because.since(turn.at, self.zone), marked(turn.after), because.causes(causes)


def _idle(idle: Idle) -> str:
    """`not yet`, `ended by aws-back`."""
    return _WITHOUT[idle.why] + (f" by {' and '.join(idle.by)}" if idle.by else "")


def _rule(formula: Formula) -> str:
    if isinstance(formula, AtLeast):
        nth = {1: "best", 2: "second best", 3: "third best"}
        return f"the {nth.get(formula.count, f'{formula.count}th best')} of {len(formula.of)}"
    return _RULES[type(formula)]
