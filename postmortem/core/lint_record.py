"""The rules of `lint` that hold a text to the record: too strong a word, no source, a misfit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from postmortem.core.disruptions import Expected
from postmortem.core.history import ANNOUNCED, CLAIMED, CONFIRMED, EFFECT_CHANGED, RESTORED
from postmortem.core.items import Item
from postmortem.core.levels import Level
from postmortem.core.lint_material import TEXT_WRITTEN, Finds, Found, Material, Mention
from postmortem.core.lint_prose import Hit, Prose, Range
from postmortem.core.lint_times import Stated, stated_dates, stated_length, stated_times
from postmortem.core.lint_wording import at
from postmortem.core.lint_words import (
    CAUSAL,
    CERTAIN,
    COUNTED,
    LANGUAGES,
    MANY,
    NOT,
    NUMBERS,
    OUTAGE,
    UNITS,
    words,
)
from postmortem.core.times import Span

# --- outage for a degradation ---------------------------------------------------------------------

_OF_DISRUPTION: Final = ("announcement", "disruption", "ends", "about", "estimate")
_BETWEEN: Final = words(
    "is was were are be been being has had have the a an of in at with for on total complete "
    "completely fully totally s "
    "ist war waren sind wurde wird fiel fielen komplett völlig ganz vollständig teilweise "
    "der die das des dem den von vom bei beim im am"
)
"""What may stand between the name of a service and the word for its loss."""


def outage_for_degradation(m: Material) -> Finds:
    """Words for a complete loss, of what was degraded at worst."""
    for prose in m.texts:
        for hit in prose.hits(OUTAGE):
            if _taken_back(prose, hit):
                continue
            near = _beside(m, prose, hit)
            if near is None:
                what = _degraded_subject(m, prose.item)
            else:
                what = near.id if only_degraded(m, near.id) else None
            if what is not None:
                yield at(prose, *hit, what=what)


def _degraded_subject(m: Material, item: Item) -> str | None:
    """What an event opens or is about, where all of that was degraded at worst."""
    about = str(item.body.get("about"))
    if about in m.whole.capabilities or about in m.whole.services:
        return about if only_degraded(m, about) else None
    own = _own_disruptions(m, item)
    if own and not any(Level.UNAVAILABLE in m.effects(id) for id in own):
        return ", ".join(own)
    return None


def _own_disruptions(m: Material, item: Item) -> list[str]:
    """The disruptions that an event opens or is about; of an incident, all of its own."""
    if item.fact in m.disruptions:
        return [item.fact]
    named = [id for key in _OF_DISRUPTION for id in item.refers.get(key, ())]
    if named:
        return [id for id in named if id in m.disruptions]
    incident = item.fact if item.type == "incident-opened" else item.names("incident")
    if incident is None or incident not in m.by_id:
        return []
    return [each.id for each in m.disruptions_of(incident)]


def _taken_back(prose: Prose, hit: Hit) -> bool:
    return any(word in NOT[language] for word in prose.before(hit.start) for language in LANGUAGES)


def _beside(m: Material, prose: Prose, hit: Hit) -> Mention | None:
    """The service or capability whose loss a word tells of: it stands next to it."""
    sentence = prose.sentence(hit.start)
    around = Range(max(sentence.start, hit.start - 100), min(sentence.end, hit.end + 100))
    for each in m.mentions(prose, around):
        between = (
            Range(each.end, hit.start) if each.end <= hit.start else Range(hit.end, each.start)
        )
        if between.start <= between.end <= between.start + 40 and all(
            word[0] in _BETWEEN for word in prose.words(between)
        ):
            return each
    return None


def only_degraded(m: Material, id: str) -> bool:
    """Whether a service or capability was below operational, and never out, by all there is."""
    if id in m.whole.services:
        effects = m.effects(id)
        return bool(effects) and Level.UNAVAILABLE not in effects
    levels = {bounds.worst for _, bounds in m.courses.get(id, ())}
    return Level.DEGRADED in levels and Level.UNAVAILABLE not in levels


# --- without a source -----------------------------------------------------------------------------

_FACTUAL: Final = frozenset(
    {
        TEXT_WRITTEN, "note", "factor-found", "impact-stated", "lesson-learnt", "data-exposed",
        "question-answered", "estimate-given", "estimate-settled", "milestone-reached",
        "action-taken", "decision-made", "service-replaced",
    }
)  # fmt: skip
"""What tells how it was; a promise or a task needs no source."""
_TELLING: Final = ("text", "how", "mechanism", "known_then")
_QUANTITIES: Final = ("amount", "volume", "records", "lasts", "until")
_FIGURE: Final = re.compile(
    r"(?<![\w.\-/§#])[€$£~]?\d+(?:[.,:]\d+)*(?:\s?(?:[%‰€$£]|[a-zäöüß]+))?(?![\w\-/])"
)
_LIST_MARK: Final = re.compile(r"\s*\d{1,3}[.)]?\s*")


def unsourced(m: Material) -> Finds:
    """Events without a source that state a number or a cause."""
    for item in m.items:
        if item.type not in _FACTUAL or item.cites:
            continue
        told = False
        for field in _TELLING:
            prose = m.prose(item, field)
            claim = None if prose is None else _claim(m, prose)
            if prose is not None and claim is not None:
                told = True
                yield at(prose, *claim)
        number = next((key for key in _QUANTITIES if key in item.body), None)
        if number is not None and not told:
            value = item.body[number]
            written = str(value["written"] if isinstance(value, dict) else value)
            yield Found(item, number, Range(0, len(written)), values={"words": written})


def _claim(m: Material, prose: Prose) -> Range | None:
    """The first number or cause of a sentence that names no source itself."""
    for sentence in prose.sentences:
        hit = prose.first(CAUSAL, sentence) or prose.first(MANY, sentence)
        found = [hit for hit in (_figure(prose, sentence), hit) if hit is not None]
        if found and not _marked(m, prose, sentence):
            first = min(found, key=lambda each: each[0])
            return Range(first[0], first[1])
    return None


def _figure(prose: Prose, sentence: Range) -> Range | None:
    start = sentence.start
    mark = _LIST_MARK.match(prose.plain, start, sentence.end)
    if mark and mark[0].strip()[-1:] in (".", ")"):
        start = mark.end()
    figure = _FIGURE.search(prose.plain, start, sentence.end)
    found = [] if figure is None else [Range(figure.start(), figure.end())]
    found_words = list(prose.words(Range(start, sentence.end)))
    for word, after in pairwise(found_words):
        if NUMBERS.get(word[0], 0) > 1 and (after[0] in UNITS or after[0] in COUNTED):
            found.append(Range(word.start(), after.end()))
            break
    return min(found, default=None)


_NAMED: Final = re.compile(r"(?:\[\^?|\(|`|@)([a-z0-9_-]+)")


def _marked(m: Material, prose: Prose, sentence: Range) -> bool:
    """Whether it names a source, or an event that cites one: `[id]`, `(id)`, `` `id` ``, `@id`."""
    place = prose.place(*sentence)
    for each in _NAMED.finditer(prose.text, place.start, min(place.end + 80, len(prose.text))):
        # a mark may stand behind the full stop
        behind = each.start() >= place.end
        if behind and prose.text[place.end : each.start()].strip():
            break
        id = each[1].rstrip("-")
        if id in m.whole.sources or (id in m.by_id and m.by_id[id].cites):
            return True
    return False


# --- surer than the record ------------------------------------------------------------------------

_FACTS: Final = frozenset(
    {
        ANNOUNCED, EFFECT_CHANGED, RESTORED, *CONFIRMED, "note", "milestone-reached",
        "data-exposed", "estimate-given", "service-replaced", "cutoff-withdrawn",
        "cutoff-rescheduled", "action-taken", "decision-made", "communication-sent",
    }
)  # fmt: skip
"""The types whose own time is that of what they tell; that of a lesson is of its writing."""


def surer_than_record(m: Material) -> Finds:
    """Exact times of what has only a span, and certainty about what is contested or expected."""
    for prose in m.texts:
        for sentence in prose.sentences:
            # a remark tells how a time was made out, bound by bound
            if prose.field != "note":
                yield from _too_exact(m, prose, sentence)
            yield from _too_certain(m, prose, sentence)


def _too_exact(m: Material, prose: Prose, sentence: Range) -> Finds:
    stated = [*stated_times(prose, sentence), *stated_dates(prose, sentence)][:_ENOUGH]
    if not stated:
        return
    subjects = _subjects(m, prose, sentence)[:_ENOUGH]
    for each in stated:
        for subject in subjects:
            spans = [one.span for one in (subject.time, subject.due) if one is not None]
            if spans and all(_wider(span, each) for span in spans):
                yield at(prose, each.start, each.end, what=subject.fact)
                break


_ENOUGH: Final = 20
"""Times and events of one sentence that are compared, each with each."""


def _wider(span: Span, stated: Stated) -> bool:
    return span.latest - span.earliest > stated.precision and stated.may_lie_in(span)


def _too_certain(m: Material, prose: Prose, sentence: Range) -> Finds:
    hit = prose.first(CERTAIN, sentence)
    if hit is None or _taken_back(prose, hit):
        return
    for subject in _subjects(m, prose, sentence):
        disruption = m.disruptions.get(subject.fact)
        if subject.contested or (disruption is not None and disruption.contested):
            yield at(prose, *hit, variant="contested", what=subject.fact)
            return
        if isinstance(disruption, Expected) and not disruption.confirmations:
            yield at(prose, *hit, variant="expected", what=subject.fact)
            return


def _subjects(m: Material, prose: Prose, sentence: Range) -> list[Item]:
    """The events whose time a sentence speaks of, as far as that is clear."""
    named = m.facts_named(prose, sentence)
    if named:
        return named
    services = {each.id for each in m.mentions(prose, sentence)} & set(m.whole.services)
    if len(services) == 1 and prose.item.fact not in m.disruptions:
        found = m.by_service.get(services.pop(), [])
        if len(found) == 1:
            return [m.by_id[found[0].id]]
        if found:
            return []  # which of them is not clear
    item = prose.item
    if item.type == CLAIMED:
        return []  # a claim has its own time, and is one of those that disagree
    if item.type in _FACTS:
        return [item]
    return [
        m.by_id[id] for key in _OF_DISRUPTION for id in item.refers.get(key, ()) if id in m.by_id
    ]


# --- other than the record ------------------------------------------------------------------------


def disagrees_with_record(m: Material) -> Finds:
    """Lengths of an outage, and amounts, that the record excludes."""
    yield from _lengths(m)
    yield from _amounts(m)


def _lengths(m: Material) -> Finds:
    for prose in m.texts:
        for sentence in prose.sentences:
            stated = stated_length(prose, sentence)
            if stated is None:
                continue
            named = {each.id for each in m.mentions(prose, sentence)}
            if len(named) != 1 or m.facts_named(prose, sentence):
                continue
            id = named.pop()
            ranges = m.lengths(id)
            if ranges and not any(stated.fits(each) for each in ranges):
                least = min(low for low, _ in ranges)
                most = max(high for _, high in ranges)
                yield at(prose, stated.start, stated.end, variant="length", what=id,
                         record=_between(least, most))  # fmt: skip


def _between(least: float, most: float) -> str:
    if most == float("inf"):
        return f"≥ {_told(least)}"
    low, high = _told(least), _told(most)
    return low if low == high else f"{low} – {high}"


def _told(microseconds: float) -> str:
    minutes = round(microseconds / 60_000_000)
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{days} d"] * bool(days) + [f"{hours} h"] * bool(hours)
    return " ".join(parts + [f"{minutes} min"] * bool(minutes or not parts))


_AMOUNT_WORDS: Final = {
    "users": r"users?|benutzern?|nutzern?|nutzerinnen|accounts?|konten",
    "requests": r"requests?|anfragen",
}


def _amounts(m: Material) -> Finds:
    for item in m.items:
        for key, nouns in _counted(item):
            prose = m.prose(item, "text") or m.prose(item, "mechanism")
            if prose is None:
                continue
            found = list(re.finditer(rf"(?<![\w.,])(\d[\d.,]*)\s?({nouns})(?!\w)", prose.plain))
            if len(found) != 1:
                continue
            number = _number(found[0][1])
            low, _, high = str(item.body[key]).partition("..")
            if ".." not in str(item.body[key]):
                high = low
            if number is not None and (
                (low and number < float(low)) or (high and number > float(high))
            ):
                yield at(prose, found[0].start(), found[0].end(), variant="amount",
                         what=item.fact, record=str(item.body[key]))  # fmt: skip


def _counted(item: Item) -> Iterator[tuple[str, str]]:
    if item.type == "impact-stated" and item.body.get("of") in _AMOUNT_WORDS:
        yield "amount", _AMOUNT_WORDS[item.body["of"]]
    if "volume" in item.body and "volume_unit" in item.body:
        yield "volume", re.escape(str(item.body["volume_unit"]).lower())
    if "records" in item.body:
        yield "records", "records?|datensätzen?|datensätze"


def _number(text: str) -> float | None:
    """A number as written; None where it is unclear whether a mark is decimal."""
    text = text.rstrip(".,")
    if re.fullmatch(r"\d+", text):
        return float(text)
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+", text):
        # 70.000 may be seventy; both readings would have to disagree
        return None if text.count(".") + text.count(",") == 1 else float(re.sub("[.,]", "", text))
    if re.fullmatch(r"\d+[.,]\d{1,2}", text):
        return float(text.replace(",", "."))
    return None
