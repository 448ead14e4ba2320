"""What a template finds: the facts, with items in place of ids, and the ways to tell them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from postmortem.core.lengths import DAY, lasted, whole_seconds
from postmortem.reports import escaping
from postmortem.reports.telling import Telling
from postmortem.reports.wording import Markdown, Wording, code

Facts = Mapping[str, Any]

_ITEMS: Final = (
    "timeline", "severities", "milestones", "impacts", "actions", "decisions", "communications",
    "factors", "exposures", "replacements", "revisions",
)  # fmt: skip
"""The keys of the facts whose lists are of ids of the record."""
_ELSEWHERE: Final = frozenset(
    {
        "notice", "public-lead", "downtime", "impaired", "availability", "estimate-error",
        "loss-order", "time-to-restore", "lag-known", "lag-recorded", "lag-detected",
    }
)  # fmt: skip
"""The measures that stand in tables of their own."""
_LINKED: Final = re.compile(r"https?://", re.IGNORECASE)


def link(address: object) -> Markdown:
    """An address as a link where it is one of the web, else as text."""
    text = str(address)
    if not _LINKED.match(text):
        return Markdown(escaping.inline(text))
    if target(text) == text and text.isascii():
        return Markdown(f"<{text}>")
    return Markdown(f"[{escaping.inline(text)}](<{target(text)}>)")


def target(text: object) -> Markdown:
    """Where a link goes, fit to stand between `<` and `>`."""
    return Markdown(quote(str(text), safe="-._~:/?#@!$&'+,=%"))


def mermaid(text: object) -> Markdown:
    """Mermaid text as a block of its own."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", str(text))), 3)
    return Markdown(f"{fence}mermaid\n{str(text).rstrip()}\n{fence}")


class Chapters:
    """The chapters of one document."""

    def __init__(self, facts: Facts, wording: Wording) -> None:
        self.facts = facts
        self.wording = wording
        self.telling = Telling(facts, wording)
        self.record: Mapping[str, Facts] = facts["record"]
        self.measures: dict[tuple[str, str | None], Facts] = {
            (one["measure"], one["about"]): one for one in facts["measures"]
        }

    def variables(self) -> dict[str, Any]:
        """Everything by the name that a template calls it by."""
        facts, record = self.facts, self.record
        found = {key: facts[key] for key in facts if key not in _ITEMS}
        found |= {key: [record[id] for id in facts[key]] for key in _ITEMS}
        found["lessons"] = {
            kind: [record[id] for id in ids] for kind, ids in facts["lessons"].items()
        }
        texts = {part: record[id] for part, id in facts["texts"].items()}
        found["texts"] = dict.fromkeys(_PARTS) | texts
        for key in ("questions", "estimates", "deadlines", "action_items"):
            found[key] = [{**row, "item": record[row["id"]]} for row in facts[key]]
        rows = [one for one in facts["measures"] if one["measure"] not in _ELSEWHERE]
        keys = dict.fromkeys(one["measure"] for one in facts["measures"])
        return {
            **found,
            **self._counted(),
            "measured_rows": rows,
            "measured_keys": list(keys),
            "losses": self._losses(),
            "cuts_unchanged": bool(facts["cuts"])
            and all(one["before"] == one["after"] for one in facts["cuts"]),
            "say": self.wording.say,
            "knows": self.wording.knows,
            "tell": self.telling.tell,
            "what": self.telling.what,
            "name": self.telling.name,
            "names": self.names,
            "cites": self.telling.cites,
            "amount": self.telling.amount,
            "estimate": self.telling.estimate,
            "days": self.days,
            "codes": self.codes,
            "measure": self.measure,
            "short_measure": self.short_measure,
            "length": self.length,
            "between": self.between,
            "contract": self.contract,
            "notice_of": self.notice_of,
            "about": self.about,
            "anchor": self.anchor,
            "outcome": self.outcome,
            "first": self.first,
            "standing": self.standing,
            "single_points": self.single_points,
            "addressing": self.addressing,
            "accepted_alike": self.accepted_alike(),
            "doubt": self.doubt,
        }

    # --- counted ----------------------------------------------------------------------------------

    def _counted(self) -> dict[str, Any]:
        rows: Sequence[Facts] = self.facts["capabilities"]
        confirmed = {
            one["service"]
            for one in self.facts["measures"]
            if one["measure"] == "time-to-restore" and one["outcome"] != "not applicable"
        }
        ends: dict[str, list[str]] = {
            key: [] for key in ("worked", "again", "weak", "uncertain", "lost")
        }
        kinds = {"operational": "worked", "degraded": "weak", "unavailable": "lost"}
        for row in rows:
            if row["ends"] is None:
                continue
            kind = kinds.get(row["ends"]["status"], "uncertain")
            if kind == "worked" and row["first"] is not None:
                kind = "again"
            ends[kind].append(row["name"])
        return {
            "lost_services": sorted(confirmed),
            "out_possibly": [row for row in rows if row["out"]],
            "out_certainly": [row for row in rows if row["out"] and row["out"]["latest"]],
            "at_end": ends,
        }

    def _losses(self) -> list[dict[str, Any]]:
        """Every disruption with its measures side by side."""
        found = []
        for one in self.facts["measures"]:
            if one["measure"] != "time-to-restore":
                continue
            id = one["about"]
            found.append(
                {
                    "id": id,
                    "service": one["service"],
                    "began": one["start"],
                    "restore": one,
                    **{
                        name: self.measures.get((f"lag-{name}", id))
                        for name in ("known", "recorded", "detected")
                    },
                    "order": self.measures.get(("loss-order", one["service"])),
                }
            )
        return found

    def days(self, items: Iterable[Facts]) -> list[tuple[str, list[Facts]]]:
        """The items by the local day, `2021-01-10`, on which they begin; "" where that is open."""
        found: list[tuple[str, list[Facts]]] = []
        for item in items:
            earliest = (item["time"] or {}).get("earliest")
            day = self.wording.local(earliest)[:10] if earliest else ""
            if not found or found[-1][0] != day:
                found.append((day, []))
            found[-1][1].append(item)
        return found

    # --- names ------------------------------------------------------------------------------------

    def names(self, ids: Iterable[str]) -> Markdown:
        """The names of several services or capabilities."""
        return self.wording.listed(map(self.telling.name, ids))

    def codes(self, ids: Iterable[str]) -> Markdown:
        """Several ids as code."""
        return self.wording.listed(map(code, ids))

    def addressing(self, factor: str) -> list[str]:
        """The action items that are about a factor."""
        items = self.facts["action_items"]
        return [one["id"] for one in items if factor in one["addresses"]]

    def accepted_alike(self) -> str | None:
        """The reason for which several factors are accepted, which is told only once."""
        factors = (self.record[id]["says"] for id in self.facts["factors"])
        reasons = Counter(one["accepted"] for one in factors if one.get("accepted"))
        [(reason, times)] = reasons.most_common(1) or [(None, 0)]
        return reason if times > 1 else None

    # --- measures ---------------------------------------------------------------------------------

    def measure(self, key: str, about: str | None = None) -> Facts | None:
        """The measure of that key about that id."""
        return self.measures.get((key, about))

    def short_measure(self, one: Facts | None) -> str:
        """The range alone; `–` where there is none."""
        if one is None or one["outcome"] == "not applicable":
            return "–"
        if one["outcome"] == "so far":
            return self.wording.plain(
                "measure.so-far-short", range=self.wording.range(one, one["unit"])
            )
        return self.wording.range(one, one["unit"])

    def length(self, one: Facts | None) -> str:
        """The range alone, where it is told elsewhere that it goes on."""
        if one is None or one["outcome"] == "not applicable":
            return "–"
        return self.wording.range(one, one["unit"])

    @staticmethod
    def between(least: int, most: int) -> str:
        """A count that is known to lie between two."""
        return str(most) if least == most else f"{least} … {most}"

    def contract(self, one: Facts | None) -> Markdown:
        """What the contract promises beside a notice, and by how much that was missed."""
        beside = {} if one is None else one["beside"]
        if beside.get("contract") is None:
            return Markdown("–")
        promised = self.wording.say("notice.days", days=beside["contract"] // DAY)
        short = beside.get("short")
        if short is None:
            return promised
        if short["most"] is not None and short["most"] <= 0:
            return Markdown(f"{promised}, {self.wording.say('notice.kept')}")
        missed = self.wording.say("notice.short", short=self.wording.range(short))
        return Markdown(f"{promised}, {missed}")

    def notice_of(self, service: str) -> Markdown:
        """The notice that a service's cut-offs gave in fact."""
        found = [one for one in self.facts["notices"] if one["service"] == service]
        texts = [
            self.wording.say("notice.withdrawn")
            if one["withdrawn"]
            else self.wording.escaped(self.short_measure(one["notice"]))
            if one["announced"]
            else self.wording.say("notice.unannounced")
            for one in found
        ]
        return Markdown("; ".join(texts)) or Markdown("–")

    def about(self, one: Facts) -> Markdown:
        """What a measure is about: a service by its name, an event by its id."""
        if one["about"] is None:
            return Markdown("")
        if one["about"] in self.telling.names:
            return self.telling.name(one["about"])
        if one["service"] is None:
            return code(one["about"])
        return Markdown(f"{self.telling.name(one['service'])} ({code(one['about'])})")

    def anchor(self, one: Facts | None) -> Markdown:
        """An end of a measure: what it is, when, and by which facts."""
        if one is None:
            return Markdown("–")
        text = self.wording.say(f"anchor.{one['name']}")
        when = self.wording.escaped(self.wording.when(one))
        many = len(one["ids"]) > _MOST
        facts = self.wording.listed(map(code, one["ids"][:_MOST]), "" if many else "or")
        by = f" ({facts}{', …' if many else ''})" if one["ids"] else ""
        contested = f", {self.wording.say('contested')}" if one["contested"] else ""
        return Markdown(f"{text} {when}{by}{contested}")

    def outcome(self, row: Facts) -> Markdown:
        """What became of an estimate: by the record, and by the times."""
        measure = self.measures.get(("estimate-error", row["id"]))
        verdict = "none" if measure is None else str(measure["beside"].get("verdict", "none"))
        parts = [self.wording.say(f"outcome.{row['outcome']}")] if row["outcome"] else []
        parts += [self.wording.say(f"verdict.{verdict}")]
        return Markdown("; ".join(filter(None, parts)) or "–")

    # --- how it stands ----------------------------------------------------------------------------

    def first(self, time: Facts | None) -> str:
        """From when on something was so: possibly, and certainly."""
        if time is None:
            return self.wording.plain("standing.never")
        earliest, latest = (
            None if time[side] is None else self.wording.since(time[side])
            for side in ("earliest", "latest")
        )
        if latest is None:
            return self.wording.plain("time.perhaps", earliest=earliest or "")
        if earliest == latest:
            return latest
        return self.wording.plain("time.between", earliest=earliest or "", latest=latest)

    def standing(self, row: Facts) -> Markdown:
        """How a service or capability stands at the end of the window."""
        ends = row["ends"]
        if row["silent"]:
            return self.wording.say("level.silent")
        if ends is None:
            return Markdown("–")
        worst, best = (self.wording.say(f"level.{ends[side]}") for side in ("worst", "best"))
        return worst if worst == best else self.wording.say("level.between", worst=worst, best=best)

    def single_points(self, sets: Sequence[Sequence[str]] | None) -> Markdown:
        """The services of which each alone stops it, and how many larger sets there are."""
        if sets is None:
            return self.wording.say("cuts.many")
        alone = [one[0] for one in sets if len(one) == 1]
        larger = [one for one in sets if len(one) > 1]
        text = self.names(alone) or self.wording.say("none")
        if not larger:
            return text
        if len(larger) > _MOST or any(len(one) > _MOST for one in larger):
            return self.wording.say("cuts.pairs", alone=text, count=len(larger))
        told = [Markdown(" + ".join(map(self.telling.name, one))) for one in larger]
        return self.wording.say("cuts.together", alone=text, sets=self.wording.listed(told, "or"))

    # --- what is not known ------------------------------------------------------------------------

    def doubt(self, one: Facts) -> Markdown:
        """One of the doubts, in words."""
        what, say = one["what"], self.wording.say
        if what in ("one-source", "no-source"):
            return say(f"doubt.{what}", ids=self.codes(one["ids"]))
        if what in ("no-end", "open-end"):
            subjects = [self._subject({"id": id}, self.record.get(id)) for id in one["ids"]]
            return say(f"doubt.{what}", subjects=self.wording.listed(subjects))
        if what == "silent":
            return say("doubt.silent", services=self.names(one["services"]))
        if what == "milestones":
            names = [say(f"milestone.{name}") for name in one["missing"]]
            return say("doubt.milestones", milestones=self.wording.listed(names, "or"))
        item = self.record.get(one["id"])
        subject = self._subject(one, item)
        if what == "contested":
            return self._contested(one, item, subject)
        if what == "disputed":
            by = self.record[one["by"]]
            told = say("doubt.disputed", subject=subject, aspect=say(f"aspect.{one['aspect']}"))
            words = self.wording.escaped(by["says"].get("text"))
            return Markdown(f"{told} {words} {self.telling.cites(by)}")
        if what == "against":
            marks = self.telling.cites({"cites": one["cites"]})
            return Markdown(f"{say('doubt.against', subject=subject)} {marks}")
        if what == "rough":
            if one["within"] is None:
                return say("doubt.unbounded", subject=subject, time=self.wording.when(one))
            within = lasted(int(whole_seconds(0, one["within"])[1] or 0))
            return say("doubt.rough", subject=subject, within=within)
        due = self.wording.when(item["due"]) if item and item["due"] else ""
        return say(f"doubt.{what}", subject=subject, due=due)

    def _subject(self, one: Facts, item: Facts | None) -> Markdown:
        services = [] if item is None else self.telling.services_of(item)
        services = services or ([one["service"]] if one.get("service") else [])
        named = self.names(services)
        return Markdown(f"{named} ({code(one['id'])})" if named else code(one["id"]))

    def _contested(self, one: Facts, item: Facts | None, subject: Markdown) -> Markdown:
        assert item is not None
        time = item[one["which"]]
        text = self.wording.say("doubt.contested", subject=subject, time=self.wording.when(time))
        claims = [
            Markdown(f"{code(claim['written'])} {self.telling.cites(claim)}")
            for claim in time["claims"]
        ]
        own = Markdown(f"{code(time['written'])} {self.telling.cites(item)}")
        if not claims:
            return text
        told = self.wording.say("doubt.claims", own=own, claims=self.wording.listed(claims, "and"))
        return Markdown(f"{text} {told}")


_MOST: Final = 4
_PARTS: Final = ("summary", "background", "impact", "detection", "response", "recovery")
