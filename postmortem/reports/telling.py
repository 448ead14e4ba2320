"""What a fact says, in one line of a document: who, what, and in whose words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from postmortem.reports.wording import Markdown, Wording, code

Facts = Mapping[str, Any]


class Telling:
    """Tells the facts of one document."""

    def __init__(self, facts: Facts, wording: Wording) -> None:
        self.wording = wording
        self.record: Mapping[str, Facts] = facts["record"]
        self.names: dict[str, str] = {
            each["id"]: each["name"] for each in (*facts["services"], *facts["capabilities"])
        } | facts["names"]
        self.marks: dict[str, tuple[int, str]] = {
            source["id"] + (f"#{place['locator']}" if place["locator"] else ""): (
                source["number"],
                place["mark"],
            )
            for source in facts["sources"]
            for place in source["places"]
        }

    # --- names and sources ------------------------------------------------------------------------

    def name(self, id: str | None) -> Markdown:
        """What a service or capability is called; an event by its id."""
        if id is None:
            return Markdown("")
        known = self.names.get(id)
        return code(id) if known is None else self.wording.escaped(known)

    def cites(self, *items: Facts | None) -> Markdown:
        """The marks of all that is cited, leading to the sources."""
        citations = [each for item in items if item for each in item["cites"]]
        marks = [self.marks[each] for each in dict.fromkeys(citations)]
        target = self.wording.say("anchor.sources")
        return Markdown(
            " ".join(f"[\\[{mark}\\]](#{target})" for _, mark in sorted(marks, key=_at))
        )

    # --- what happened ----------------------------------------------------------------------------

    def tell(self, item: Facts) -> Markdown:
        """What a fact says; its reason and its words behind it."""
        parts = [self.what(item), *self._words(item)]
        return Markdown(" ".join(filter(None, parts)))

    def what(self, item: Facts) -> Markdown:
        """What happened, as one sentence without anybody's words but names."""
        kind, says = item["type"], item["says"]
        key = f"tell.{kind}"
        if says.get("effect") and self.wording.knows(f"{key}.{says['effect']}"):
            key = f"{key}.{says['effect']}"
        values = {name: find(self, item) for name, find in _VALUES.items()}
        text = self.wording.say(key, **values) if self.wording.knows(key) else Markdown("")
        if not text or text == ":":
            return Markdown("")
        return text if text[-1] in ".:!?" else Markdown(f"{text}.")

    def _words(self, item: Facts) -> list[Markdown]:
        says = item["says"]
        found = []
        for key in ("text", "reason", "how", "known_then", "mechanism"):
            if says.get(key):
                label = f"tell.words.{key}"
                said = self.wording.escaped(says[key])
                found.append(self.wording.say(label, words=said))
        return found

    def _subject(self, item: Facts) -> Markdown:
        """The service that it is about, itself or by what it names; of several, all."""
        services = self.services_of(item)
        if not services:
            return Markdown("")
        return Markdown("**" + self.wording.listed(map(self.name, services), "and") + "**")

    def services_of(self, item: Facts) -> list[str]:
        """The ids of the services, or the capability, that a fact is about."""
        says = item["says"]
        for key in ("service", "capability"):
            if says.get(key):
                return [says[key]]
        named = [
            fact
            for key in ("announcement", "disruption", "ends", "about", "estimate")
            for fact in item["refers"].get(key, ())
        ]
        found = [
            service
            for fact in named
            for service in (self.services_of(self.record[fact]) if fact in self.record else [fact])
        ]
        return list(dict.fromkeys(found))

    def estimate(self, item: Facts) -> Markdown:
        says = item["says"]
        kind = str(says.get("kind", ""))
        if says.get("until"):
            length: object = self.wording.when(says["until"])
            return self.wording.say(f"estimate.until.{kind}", length=length)
        if says.get("lasts"):
            return self.wording.say(f"estimate.lasts.{kind}", length=says["lasts"])
        return Markdown("")

    def amount(self, amount: str | None, unit: str | None = None) -> str:
        """An amount or a range of them, as it was written, with its unit."""
        if amount is None:
            return ""
        least, dots, most = amount.partition("..")
        text = amount
        if dots:
            key = "amount.between" if least and most else "amount.from" if least else "amount.to"
            text = str(self.wording.plain(key, least=least, most=most))
        return f"{text} {unit}" if unit else text


_VALUES: Final[Mapping[str, Callable[[Telling, Facts], object]]] = {
    "by": lambda telling, item: (
        telling.wording.say("tell.by", by=item["says"]["by"])
        if item["says"].get("by")
        else Markdown("")
    ),
    "subject": lambda telling, item: telling._subject(item),
    "due": lambda telling, item: telling.wording.when(item["due"]),
    "effect": lambda telling, item: (
        telling.wording.say(f"level.{item['says']['effect']}") if item["says"].get("effect") else ""
    ),
    "requires": lambda telling, item: code(item["says"].get("requires")),
    "replacement": lambda telling, item: telling.name(item["says"].get("replacement")),
    "title": lambda telling, item: item["says"].get("title"),
    "severity": lambda telling, item: str(item["says"].get("severity", "")).upper(),
    "role": lambda telling, item: item["says"].get("role"),
    "person": lambda telling, item: item["says"].get("person"),
    "milestone": lambda telling, item: (
        telling.wording.say(f"milestone.{item['says']['milestone']}")
        if item["says"].get("milestone")
        else ""
    ),
    "audience": lambda telling, item: item["says"].get("audience"),
    "channel": lambda telling, item: item["says"].get("channel"),
    "kinds": lambda telling, item: item["says"].get("kinds"),
    "estimate": lambda telling, item: telling.estimate(item),
    "outcome": lambda telling, item: (
        telling.wording.say(f"outcome.{item['says']['outcome']}")
        if item["says"].get("outcome")
        else ""
    ),
}
"""What can be filled into the sentence of a type, by name."""


def _at(mark: tuple[int, str]) -> tuple[int, int, str]:
    return mark[0], len(mark[1]), mark[1]
