"""Inside one write: drafts are decided and appended, or a log is taken in as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from postmortem.core.decide import decide, names
from postmortem.core.errors import BadInput, Problem
from postmortem.core.recorded import Recorded
from postmortem.core.times import Instant, parse_stored
from postmortem.core.withdrawal import kept_out
from postmortem.core.words import digest_in
from postmortem.store import erasure
from postmortem.store.intake import Intake
from postmortem.store.progress import Progress, untold
from postmortem.store.promise import Writing
from postmortem.store.recall import Recollection
from postmortem.store.sweeping import unswept

if TYPE_CHECKING:
    from postmortem.importers import Drafts
    from postmortem.importers.jsonl import Line, Lines

_AT_ONCE: Final = 1000
"""Of so many drafts together is looked up what they name."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one write did: how many entries were new, how many known already."""

    recorded: int
    skipped: int
    events: tuple[Recorded, ...] = ()
    withheld: int = 0
    """How many texts were given that are withheld here: they were not brought back."""
    absent: int = 0
    """How many texts were not at hand: their digests were recorded in their place."""


def record(
    writing: Writing,
    drafts: Drafts,
    *,
    by: str | None = None,
    imported: bool = False,
    recollection: Recollection | None = None,
    progress: Progress = untold,
) -> Receipt:
    """Decide and append one after the other; `recollection` is left from the write before.

    Of what is imported the receipt names no events: they may be millions.

    Raises: BadInput, Refused.
    """
    events: list[Recorded] = []
    recorded = skipped = withheld = absent = 0
    count = len(drafts)
    pending = iter(drafts)
    with unswept(), Intake(writing.connection, writing.flush, recollection) as intake:
        while some := list(islice(pending, _AT_ONCE)):
            if len(some) > 1:
                intake.recall((draft.platform, names(draft)) for draft in some)
            for draft in some:
                progress("recording", recorded + skipped + 1, count)
                if imported and not draft.imported:
                    draft = replace(draft, imported=True)
                known = intake.record(draft.platform)
                kept = kept_out(draft.entry, known, imported=draft.imported)
                found = decide(
                    draft, known, now=writing.now, position=writing.position + 1, kept=kept
                )
                if kept:
                    given = draft.entry.body().keys() - draft.stand_ins.keys()
                    withheld += len(kept.keys() & given)
                skipped += not found
                for ready in found:
                    absent += len(draft.stand_ins.keys() - kept.keys())
                    event = writing.append(ready, by)
                    intake.decided(ready, event, writing.now)
                    recorded += 1
                    if not imported:
                        events.append(event)
    return Receipt(recorded, skipped, tuple(events), withheld, absent)


def copy(
    writing: Writing, lines: Lines, *, latest: Instant, progress: Progress = untold
) -> Receipt:
    """Take in an exported log as it is, into an empty one; nothing was recorded after `latest`.

    Raises: BadInput, with the line, where the log is not whole.
    """
    said: set[str] = set()
    done = 0
    with unswept(), Intake(writing.connection, writing.flush) as intake:
        for done, line in enumerate(lines, 1):
            progress("copying", done, lines.count)
            try:
                _copy(writing, line, said, intake, latest)
            except Problem as problem:
                raise problem.at(line.place) from None
    if done:
        writing.say("copy_of", lines.name)
        erasure.declare_erased(writing.connection, writing.position)  # it never held them
    return Receipt(done, 0, withheld=lines.withheld)


def _copy(writing: Writing, line: Line, said: set[str], intake: Intake, latest: Instant) -> None:
    """Take in one line of a log: it must be what recording it would have given.

    `said`: the digests of the words so far.
    """
    recorded = Recorded(**line.envelope)
    if recorded.position != writing.position + 1:
        raise BadInput(
            f"position {recorded.position} follows {writing.position}",
            hint="a copy takes a whole log: export it without --platform",
        )
    digests = {digest_in(value) for value in (*recorded.body.values(), recorded.recorded_by)}
    for words in line.disclosures:
        if words.digest() not in digests:
            raise BadInput(f"the words of {words.field} are not those that were recorded")
        if words.digest() in said:
            raise BadInput(f"the words of {words.field} stand there twice, salt and all")
        said.add(words.digest())
    moment = parse_stored(recorded.recorded_at)
    if moment > latest:
        raise BadInput(f"recorded_at, {recorded.recorded_at}, lies ahead")
    writing.at(moment)
    draft = line.draft(amend=True)
    record = intake.record(recorded.platform)
    ready = decide(draft, record, now=moment, position=recorded.position)
    if not ready and draft.number is None:
        raise BadInput(f"{recorded.id} is there twice")
    for one in ready:
        odd = one.unlike(recorded)
        if odd or recorded.version != writing.next_version(one.stream):
            raise BadInput(
                f"{odd or 'version'} of {recorded.id} is not what recording it gives",
                hint="a copy takes a log as it was exported",
            )
    writing.insert(recorded, line.disclosures)
    intake.read(recorded.envelope(), {each.digest(): each.value for each in line.disclosures})
