"""What in a record should be looked at: the rules of `check` that are warnings and notes."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise
from typing import Final

from postmortem.core.check_material import SPEAKS, Finds, Found, Material, listed
from postmortem.core.citations import parse
from postmortem.core.evidence import FACTUAL
from postmortem.core.history import (
    ANNOUNCED,
    CLAIMED,
    CONFIRMED,
    CUT_OFF,
    EFFECT_CHANGED,
    RESCHEDULED,
    RESTORED,
    REVISED,
    WITHDRAWN,
    Version,
)
from postmortem.core.times import END, Instant, Span

# --- to be looked at ------------------------------------------------------------------------------


def time_contested(m: Material) -> Finds:
    """Facts whose own time and claimed times have no common part."""
    due = {each.effective.fact for each in m.expected}  # a time moved since decides nothing
    for fact in m.about:
        claims = m.speaking(fact, CLAIMED)
        version = m.situation.facts.get(fact)
        if version is None or not claims:
            continue
        if version.type in (ANNOUNCED, RESCHEDULED) and fact not in due:
            continue
        settled = m.claims.happened(version)
        if settled.contested:
            own = version.effective or version.at
            assert own is not None
            told = [(fact, own), *((each.fact, _claimed(each)) for each in claims)]
            late = max(told, key=lambda each: each[1].earliest)
            early = min(told, key=lambda each: each[1].latest)
            sides = " and ".join(f"{m.span(span)} ({id})" for id, span in (early, late))
            more = f"; {len(told)} statements in all" if len(told) > 2 else ""
            yield Found(
                tuple(dict.fromkeys([fact, early[0], late[0]])),
                version,
                f"the time of {fact} is contested: {sides} have no common part{more}",
                f"every answer allows for {m.span(settled.span)}; if one of them was misread, "
                "`postmortem correct` it",
            )


def _claimed(version: Version) -> Span:
    assert version.effective is not None
    return version.effective


def announcement_overdue(m: Material) -> Finds:
    """Announcements whose effective time is long past, and that nothing has settled."""
    for each in m.expected:
        due = each.effective.span.latest
        if not each.confirmations and not each.withdrawals and m.at - due > m.long:
            yield Found(
                (each.id,),
                m.situation.facts[each.id],
                f"{each.id} was due by {m.shown(due)}, {m.days_since(due)} ago, and nobody has "
                "recorded that it was carried out, moved or withdrawn",
                f"record what became of it: `postmortem record cutoff-withdrawn --announcement "
                f"{each.id}`, or service-cut-off, or cutoff-rescheduled",
            )


def cut_off_unlinked(m: Material) -> Finds:
    """Cut-offs of a service of which an announcement before them is still open."""
    pending: dict[str, list[tuple[int, str]]] = {}
    for each in m.expected:
        if not each.confirmations and not each.withdrawals:
            pending.setdefault(each.service, []).append((each.announced.earliest, each.id))
    for announcements in pending.values():
        announcements.sort()
    for version in m.standing:
        if version.type != CUT_OFF or version.subjects or version.service not in pending:
            continue
        announcements = pending[version.service]
        start = m.claims.happened(version).span.latest
        before = bisect_right(announcements, start, key=lambda each: each[0])
        if before:
            announcement = announcements[before - 1][1]
            yield Found(
                (version.fact, announcement),
                version,
                f"{version.fact} cuts off {version.service} and does not name {announcement}, the "
                "announcement before it, which goes on being expected",
                f"`postmortem correct {version.fact} --announcement {announcement}`; if it is "
                "another matter, this ends once the announcement is carried out or withdrawn",
            )


def replacement_apart(m: Material) -> Finds:
    """Replacements whose revised formulas have been corrected to another time, or the other way."""
    for version in m.standing:
        written = m.written.get(version.id)
        for id in written.revisions if written else ():
            named = m.by_id.get(id)
            revision = None if named is None else m.situation.facts.get(named.fact)
            if revision is None or revision.at is None or revision.at == version.at:
                continue
            yield Found(
                (version.fact, revision.fact),
                version,
                f"{version.fact} replaces one service by another, and the formula revised with it, "
                f"{revision.fact}, is of another time",
                f"`postmortem correct` the one or the other, or leave {revision.fact} out of the "
                f"revisions of {version.fact}",
            )


def known_before_replaced(m: Material) -> Finds:
    """Versions known earlier than the one that they replace."""
    for version in m.versions:
        written = m.written.get(version.id)
        replaced = m.by_id.get(written.replaces or "") if written else None
        if replaced is None or not m.counts(version.fact) or m.taken_back(version):
            continue
        if version.known < replaced.known:
            yield Found(
                (version.id, replaced.id),
                version,
                f"{version.id} is known from {m.shown(version.known)} on, earlier than "
                f"{replaced.id}, which it replaces ({m.shown(replaced.known)})",
                f"`postmortem correct {version.id}` with the right known_at; if it only mends a "
                "slip of the pen, with --clerical",
            )


def known_before_happened(m: Material) -> Finds:
    """Facts that are known before the earliest that they can have happened."""
    for version in m.standing:
        happened = m.time(version)
        if happened is not None and version.known < happened.span.earliest:
            yield Found(
                (version.fact,),
                version,
                f"{version.fact} is known from {m.shown(version.known)} on, and happened at the "
                f"earliest {m.shown(happened.span.earliest)}",
                f"`postmortem correct {version.fact}` with another time or known_at (without one, "
                "the sources that it cites decide); what is only expected is a cutoff-announced",
            )


def brought_back(m: Material) -> Finds:
    """Corrections recorded after the retraction of the fact that they correct."""
    for fact in m.retractions:
        if not m.counts(fact):
            continue
        words = m.words(fact)
        back = [
            (before.version, after.version)
            for before, after in pairwise(words)
            if before.takes_back and not after.takes_back
        ]
        if back:
            retraction, version = back[-1]
            yield Found(
                (version.id, retraction.fact),
                version,
                f"{version.id} brings {fact} back, which {retraction.fact} had retracted",
                f"if that is meant, `postmortem retract {retraction.fact}` says so; if not, "
                f"`postmortem retract {version.id}`",
            )


_OPEN: Final = (*sorted(CONFIRMED), EFFECT_CHANGED, RESTORED, WITHDRAWN, REVISED)


def still_open(m: Material) -> Finds:
    """Times without a latest, long after the fact was known; first of all, ends."""
    for version in m.standing:
        if version.type in _OPEN and m.at - version.known > m.long:
            settled = m.claims.happened(version)
            if settled.span.latest == END:
                what = (
                    f"the end of {listed(version.subjects)} ({version.fact})"
                    if version.type == RESTORED
                    else f"the time of {version.fact}"
                )
                yield _open(m, version, what, settled.span)
    for each in m.expected:
        deciding = m.situation.facts[each.effective.fact]
        pending = not each.confirmations and not each.withdrawals
        if pending and each.effective.span.latest == END and m.at - deciding.known > m.long:
            what = f"the time when {each.id} is to take effect"
            yield _open(m, deciding, what, each.effective.span)


def _open(m: Material, version: Version, what: str, span: Span) -> Found:
    return Found(
        (version.fact,),
        version,
        f"{what} is still open ({m.span(span)}), {m.days_since(version.known)} after it was known",
        f"`postmortem correct {version.fact}` with a latest time, or `postmortem record "
        f"time-claimed --about {version.fact}` with one",
    )


def unsourced(m: Material) -> Finds:
    """Facts that cite nothing; what the people of the incident did is their own to tell."""
    for version in m.standing:
        written = m.written.get(version.id)
        if version.type in FACTUAL and not (written and written.sources):
            yield Found(
                (version.fact,),
                version,
                f"{version.fact} cites no source",
                f"`postmortem correct {version.id} --clerical --cites SOURCE`",
            )


# --- notes ------------------------------------------------------------------------------------


def known_by_recording(m: Material) -> Finds:
    """Facts told long after, of which no cited source says since when they could be known."""
    for version in m.standing:
        written = m.written.get(version.id)
        time = version.effective if version.type == CLAIMED else version.at
        if written is None or not written.sources or written.known or time is None:
            continue
        dated = any(_published_by(m, source) != END for source in written.sources)
        by_recording = version.known == version.recorded and not dated
        if by_recording and version.recorded - time.latest > m.long:
            yield Found(
                (version.fact,),
                version,
                f"{version.fact} counts as known only since it was recorded, for no source that "
                "it cites says by when it was published",
                f"`postmortem correct {version.id} --known-at TIME`, and give the source its "
                "published_at",
            )


def _published_by(m: Material, source: str) -> Instant:
    """By when a source was published; END where it does not say."""
    declared = m.declared.get(("source", source))
    return END if declared is None or declared.published is None else declared.published.latest


def known_after_published(m: Material) -> Finds:
    """Facts whose stated known_at is later than a source that they cite."""
    for version in m.standing:
        written = m.written.get(version.id)
        if written is None or written.known is None:
            continue
        earliest = written.known.earliest
        for source in dict.fromkeys(written.sources):
            published = _published_by(m, source)
            if published < earliest:
                yield Found(
                    (version.fact, source),
                    version,
                    f"{version.fact} states that it could be known at the earliest "
                    f"{m.shown(earliest)}, and cites {source}, published by {m.shown(published)}",
                    f"`postmortem correct {version.id}` with an earlier known_at, or cite that "
                    "source for something else",
                )


def known_before_subject(m: Material) -> Finds:
    """Steps that are known earlier than what they are steps of."""
    for version in m.standing:
        if version.type not in (EFFECT_CHANGED, RESTORED, RESCHEDULED, WITHDRAWN):
            continue
        for subject in version.subjects:
            if not m.counts(subject):
                continue
            known = m.first_known[subject]
            if version.known < known:
                yield Found(
                    (version.fact, subject),
                    version,
                    f"{version.fact} {SPEAKS[version.type]} {subject}, and is known from "
                    f"{m.shown(version.known)} on, earlier than {subject} itself "
                    f"({m.shown(known)})",
                    f"who knew of the one knew of the other: `postmortem correct {subject}` with "
                    "the earlier known_at",
                )


def source_never_cited(m: Material) -> Finds:
    """Sources that nothing recorded cites, and that no other source reports from."""
    behind = {id for each in m.all_declared("source") for id in each.origins}
    for each in m.all_declared("source"):
        if each.id not in m.cited and each.id not in behind:
            yield Found(
                (each.id,),
                each,
                f"no event cites the source {each.id}",
                f"cite it where it is the evidence: --cites {each.id}; or name it among the "
                "origins of the source that reports from it",
            )


def citation_unread(m: Material) -> Finds:
    """Citations that are written like a place with its hashes, and cannot be read as one."""
    for version in m.standing:
        written = m.written.get(version.id)
        unread = [parse(text) for text in (written.cites if written else ())]
        told = [f"{each.plain!r} ({each.problem})" for each in unread if each.problem]
        if told:
            yield Found(
                (version.fact,),
                version,
                f"{version.fact} cites what looks like a place, and counts as free words: "
                f"{listed(told)}",
                f"`postmortem cite FILE PASSAGE` prints a citation; `postmortem correct "
                f"{version.id} --clerical --cites …` puts it right",
            )


def address_odd(m: Material) -> Finds:
    """Addresses of sources at which nothing can be found: they stand as written, and are kept."""
    for each in m.all_declared("source"):
        odd = [pair for pair in each.addresses if not _ADDRESS.fullmatch(pair[1])]
        if odd:
            options = " ".join(f"--{key.replace('_', '-')} …" for key, _ in odd)
            yield Found(
                (each.id,),
                each,
                f"{listed([f'{key} {address!r}' for key, address in odd])} of the source {each.id} "
                f"{'is no address' if len(odd) == 1 else 'are no addresses'} of the web",
                f"`postmortem declare source {each.id} {options} --amend`, if it is a slip of the "
                "pen",
            )


# a host and no white space; what may stand in a path is the server's own affair
_ADDRESS: Final = re.compile(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", re.IGNORECASE)


def service_unused(m: Material) -> Finds:
    """Services that no capability's formula names."""
    for each in m.all_declared("service"):
        if each.id not in m.used:
            yield Found(
                (each.id,),
                each,
                f"no capability rests on the service {each.id}, so its loss is never felt",
                "name it in a capability's formula (`postmortem declare capability`), if one "
                "needs it",
            )


def service_without_provider(m: Material) -> Finds:
    """Services that a capability rests on, and of which nobody knows who supplies them."""
    for each in m.all_declared("service"):
        if each.detail is None and each.id in m.used:
            yield Found(
                (each.id,),
                each,
                f"the service {each.id} names no provider, so that nobody sees what else hangs on "
                "the same one",
                f"`postmortem declare service {each.id} --provider NAME --amend`",
            )


def platform_without_zone(m: Material) -> Finds:
    """A platform without a zone of its own."""
    for each in m.all_declared("platform"):
        if each.detail is None:
            yield Found(
                (each.id,),
                each,
                f"the platform {each.id} has no zone: answers are in UTC, and no time may be "
                "written without its offset or zone",
                "`postmortem declare platform --zone Europe/Berlin --amend`",
            )
