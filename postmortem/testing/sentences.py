"""Given, when, then: what a rule of the record does, as a sentence.

given(PLATFORM, AWS, down).when(restored).then_refused("before the start")
"""

from __future__ import annotations

import re
from typing import Any, Final

from postmortem.core import reading
from postmortem.core.decide import Draft
from postmortem.core.errors import BadInput
from postmortem.core.events import CATALOGUE
from postmortem.core.times import Instant
from postmortem.testing.memory import DAWN, SECOND, MemoryRecord

PLATFORM: Final = "parler"
"""The platform of a draft that names none."""


def draft(
    type: str,
    *,
    platform: str = PLATFORM,
    local: str | None = None,
    amend: bool = False,
    known: Instant | None = None,
    **keys: Any,
) -> Draft:
    """A draft from a stored type and the keys of a casebook.

    `local` is the zone of times written without one.

    Raises: BadInput, where the keys are none of that type.
    """
    try:
        entry = reading.entry(CATALOGUE[type], keys, zone=local)
    except reading.Misfit as misfit:
        raise misfit.problem from None
    return Draft(platform, entry, amend=amend, known=known)


def given(*drafts: Draft) -> Given:
    """What is recorded already, in that order."""
    record = MemoryRecord(drafts[0].platform if drafts else PLATFORM)
    for count, each in enumerate(drafts):
        record.record(each, DAWN + count * SECOND)
    return Given(record)


class Given:
    """A record, and the moment after its last entry."""

    def __init__(self, record: MemoryRecord) -> None:
        self.record = record

    def when(self, draft: Draft) -> When:
        """Somebody wants to record that."""
        return When(self.record, draft)


class When:
    """A draft brought to a record."""

    def __init__(self, record: MemoryRecord, draft: Draft) -> None:
        self.record = record
        self.draft = draft
        self.now = DAWN + (len(record.told) + 1) * SECOND

    def then_recorded(self) -> MemoryRecord:
        """It is new, and no rule stands against it; the record as it is then."""
        before = self.record.position
        self.record.record(self.draft, self.now)
        assert self.record.position > before, "nothing of it was new"
        return self.record

    def then_nothing_new(self) -> None:
        """It is known already: a retry is harmless."""
        before = self.record.position
        self.record.record(self.draft, self.now)
        assert self.record.position == before, "something of it was new"

    def then_refused(self, match: str, kind: type[BadInput] = BadInput) -> BadInput:
        """A rule refuses it with words that `match`, a regular expression, and records nothing."""
        before = self.record.position
        try:
            self.record.record(self.draft, self.now)
        except kind as problem:
            said = str(problem)
            assert re.search(match, said), f"refused, but for another reason: {said}"
            assert self.record.position == before, "refused, and recorded all the same"
            return problem
        raise AssertionError(f"recorded, and should be refused: {match}")
