"""The rules of `lint` about what is to be done: each factor has an action, each action an end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from postmortem.core.incident import ActionItem
from postmortem.core.items import Item
from postmortem.core.lint_material import Finds, Found, Material
from postmortem.core.lint_prose import Prose, Range, compiled
from postmortem.core.lint_verbs import (
    FINDING_OUT,
    GERMAN_IMPERATIVES,
    GERMAN_VAGUE,
    GERMAN_VAGUE_STARTS,
    IMPERATIVES,
    VAGUE,
    VAGUE_STARTS,
)
from postmortem.core.lint_wording import at

# --- an action that one can do and be done with ---------------------------------------------------


def without_verb(m: Material) -> Finds:
    """Open actions whose text does not begin with a verb (in German: or end with one)."""
    for _, prose in _open_texts(m):
        if prose is None or _vague(prose) is not None:
            continue
        first = next(prose.words(_task(prose)), None)
        if first is None:
            continue
        german = prose.language == "de" or (
            prose.language is None and _german_verb(prose) is not None
        )
        if not (_german_verb(prose) if german else _english_verb(prose)):
            yield at(prose, first.start(), first.end())


def vague(m: Material) -> Finds:
    """Open actions whose verb has no end, such as improve, ensure, consider."""
    for action, prose in _open_texts(m):
        found = None if prose is None else _vague(prose)
        if prose is None or found is None:
            continue
        verb = prose.plain[found.start : found.end]
        finds_out = action.item.body["kind"] == "investigate" and verb in FINDING_OUT
        if not (finds_out and "verification" in action.item.body):
            yield at(prose, *found)


def _open_texts(m: Material) -> Iterator[tuple[ActionItem, Prose | None]]:
    for action in _open(m):
        yield action, m.prose(said(action, "text"), "text")


def _open(m: Material) -> Iterator[ActionItem]:
    wanted = {item.fact for item in m.items}
    for action in m.actions:
        parts = (action.item, *action.changes)
        if action.end is None and any(each.fact in wanted for each in parts):
            yield action


def said(action: ActionItem, field: str) -> Item:
    """The event that last said something of an action item."""
    return next((each for each in reversed(action.changes) if field in each.body), action.item)


# marks of a list, labels such as `[Backend]` and `CI:`, and courtesies
_STARTS: Final = re.compile(
    r"(?:\s|[-*+>#]|\[[^\]\n]{0,40}\]|\d{1,3}[.)](?=\s))*"
    r"(?:[\w/\-]{1,30}:\s+)?(?:(?:please|bitte|to)\s+)?"
)
_CLAUSE: Final = re.compile(r"[.;:!?](?=\s|$)|[(—–\n]|,\s")


def _task(prose: Prose) -> Range:
    """Its first clause, without what stands before the task itself."""
    start = _STARTS.match(prose.plain)
    begin = start.end() if start else 0
    stop = _CLAUSE.search(prose.plain, begin)
    return Range(begin, len(prose.plain) if stop is None else stop.start())


def _english_verb(prose: Prose) -> bool:
    first = next(prose.words(_task(prose)), None)
    if first is None:
        return False
    word = first[0]
    if word == "re" and prose.plain[first.end() : first.end() + 1] == "-":  # re-run
        return True
    return word in IMPERATIVES or word in VAGUE or bool(_VERBAL.fullmatch(word))


_VERBAL: Final = re.compile(r"[a-z]{3,}(?:ise|ize|ify|ate)")


def _german_verb(prose: Prose) -> str | None:
    """An infinitive at the beginning or end of the first clause, or an imperative in front."""
    task = _task(prose)
    words = [(each[0], prose.cased[each.start() : each.end()]) for each in prose.words(task)]
    if not words:
        return None
    first, (last, cased) = words[0][0], words[-1]
    if first in GERMAN_IMPERATIVES or _GERMAN_VERBAL.fullmatch(first):
        return first
    # at the end a noun would have a capital: `Alarme einrichten`, and not `mehr Alarmstufen`
    is_verb = _INFINITIVE.fullmatch(last) and (cased == last or len(words) == 1)
    return last if is_verb else None


_GERMAN_VERBAL: Final = re.compile(r"\w{2,}ieren?")
_INFINITIVE: Final = re.compile(r"\w{2,}(?:en|ern|eln|tun)")


def _vague(prose: Prose) -> Range | None:
    """The vague verb of its first clause."""
    task = _task(prose)
    start = compiled(_ALL_STARTS).match(prose.plain, *task)
    if start is not None:
        return Range(start.start(), start.end())
    words = list(prose.words(task))
    if not words:
        return None
    first, last = words[0], words[-1]
    if prose.language != "de" and first[0] in VAGUE:
        return Range(first.start(), first.end())
    for word in (first, last):
        if prose.language != "en" and word[0] in GERMAN_VAGUE:
            return Range(word.start(), word.end())
    return None


_ALL_STARTS: Final = (*VAGUE_STARTS, *GERMAN_VAGUE_STARTS)


# --- whose, by when, and how one will know --------------------------------------------------------


def _missing(*fields: str) -> Callable[[Material], Finds]:
    """The rule that an open action has one of these."""

    def find(m: Material) -> Finds:
        for action in _open(m):
            parts = (action.item, *action.changes)
            if not any(_says(part, field) for part in parts for field in fields):
                yield _about(m, action.item)

    return find


def _says(item: Item, field: str) -> bool:
    value = item.body.get(field)
    return bool(value.strip()) if isinstance(value, str) else value is not None


def _about(m: Material, item: Item) -> Found:
    prose = m.prose(item, "text")
    language = "en" if prose is None else prose.language or "en"
    return Found(item, language=language, values={"what": item.fact})


without_owner = _missing("owner")
without_date = _missing("priority", "due")
without_verification = _missing("verification")

_SEVERAL: Final = re.compile(r"\s(?:and|und|or|oder)\s|[,;&+/]")


def several_owners(m: Material) -> Finds:
    """Open actions that several own, so that nobody does."""
    for action in _open(m):
        item = said(action, "owner")
        owner = str(item.body.get("owner", ""))
        found = None if "owner" in item.withheld else _SEVERAL.search(owner)
        if found is not None:
            language = _about(m, action.item).language
            yield Found(item, "owner", Range(0, len(owner)), language, {"words": owner})


# --- a factor, and what is done about it ----------------------------------------------------------


def factor_without_action(m: Material) -> Finds:
    """Factors that no action addresses, open or done, and that nobody has accepted."""
    addressed = {
        fact
        for action in m.actions
        if action.end is None or action.end.type == "action-item-done"
        for fact in action.item.refers.get("addresses", ())
    }
    for item in m.items:
        open_ = item.type == "factor-found" and item.fact not in addressed
        if open_ and not _says(item, "accepted"):
            yield _about(m, item)
