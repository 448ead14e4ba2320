"""What `redact` did, or would do: how it is told, and as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from postmortem.cli import output
from postmortem.cli.spans import cut, paragraph
from postmortem.core.words import as_json, for_terminal

if TYPE_CHECKING:
    from postmortem.core.decide import Draft
    from postmortem.store.erasure import Erasure, Holding, Text
    from postmortem.tracker import Tracker

_SHOWN: Final = 12
"""So many places are listed on a terminal."""
BEYOND_REACH: Final = (
    "backups, and other copies of the store's file",
    "exports, and stores that were made of one",
    "documents that were published: `postmortem verify-report` says what they still show",
    "casebooks and their version control, drafts in an editor, what others have read or copied",
    "what a file system keeps of overwritten files: snapshots, and blocks of the disk itself",
)
"""Where words may still be that no program can erase from here."""


ON_THE_SERVER: Final = (
    "the server's own files: deleted rows until its VACUUM, its write-ahead log, its standbys",
    "views of the store on other machines: they let go of the words when somebody next asks there, "
    "and erase them by `postmortem redact --finish`",
)
"""The same, of a store on a server."""


@dataclass(frozen=True, slots=True)
class Gone:
    """One text that is to go, or is gone already."""

    entry: str
    position: int
    field: str
    text: Text | None
    """The words; None where they are withheld already, or are not at hand."""
    before: int | None
    """Where in the log it says so already."""

    def draft(self, platform: str, reason: str, basis: str) -> Draft:
        """What is recorded of it. Raises: BadInput, for a reason that is no text."""
        from postmortem.core import reading
        from postmortem.core.decide import Draft
        from postmortem.core.events import WordsWithheld
        from postmortem.core.withdrawal import identity

        fields = {
            "id": identity(self.entry, self.field),
            "about": self.entry,
            "position": self.position,
            "field": self.field,
            "reason": reason,
            "basis": basis,
        }
        try:
            return Draft(platform, reading.entry(WordsWithheld, fields, zone=None))
        except reading.Misfit as misfit:
            raise misfit.problem from None


class Done:
    """What was done, or would be."""

    def __init__(
        self, platform: str, gone: list[Gone], also: list[Holding], outcome: Erasure | None
    ) -> None:
        self.platform = platform
        self.gone = gone
        self.also = also
        self.outcome = outcome
        """Whether it is erased; None of what is only tried."""
        self.recorded: dict[tuple[int, str], int] = {}
        """Where it is recorded now, by where the words stood."""
        self.at: str | None = None
        self.snapshots: list[str] = []
        self.beyond: tuple[str, ...] = BEYOND_REACH
        """Where words may still be."""

    def by(self, one: Gone) -> int | None:
        """Where in the log it says that the text is withheld."""
        return one.before or self.recorded.get((one.position, one.field))

    @property
    def short(self) -> bool:
        """Whether some text is too short to be looked for in the files."""
        return any(one.text is not None and one.text.is_short for one in self.gone)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        outcome = self.outcome
        return {
            "platform": self.platform or None,
            "dry_run": outcome is None,
            "withheld": [
                {
                    "position": one.position,
                    "entry": one.entry,
                    "field": one.field,
                    "by": self.by(one),
                    "already": one.before is not None,
                    "text": None if one.text is None or outcome is not None else one.text.value,
                }
                for one in self.gone
            ],
            "erased": outcome is not None and outcome.erased,
            "why_not": outcome.why_not or None if outcome is not None else None,
            "found": None if outcome is None or not outcome.erased else outcome.found,
            "short": self.short,
            "also": [
                {
                    "position": each.position,
                    "platform": each.platform,
                    "entry": each.entry,
                    "field": each.field,
                    "can_go": each.can_go,
                }
                for each in self.also
            ],
            "snapshots": self.snapshots,
            "beyond_reach": list(self.beyond),
        }

    def print(self, store: Tracker) -> None:
        """On a terminal."""
        for one in self.gone:
            self._print_one(one)
        if self.outcome is None:
            output.say("nothing is recorded or erased")
        elif self.outcome.erased:
            self._print_erased(store)
        else:
            output.say("withheld, not yet erased")
            paragraph(f"{self.outcome.why_not}", 2)
            paragraph("when nothing stands in the way: postmortem redact --finish", 2)
        self._print_also()
        self._listed(self.snapshots, "kept sources that hold the words, not deleted here:")
        output.say("beyond the reach of this program, where they were made before:")
        for where in self.beyond:
            paragraph(where, 2)

    def _print_one(self, one: Gone) -> None:
        where = f"{one.field} of {one.entry} (#{one.position})"
        if one.before is not None:
            output.say(f"{where} is withheld already, by #{one.before}")
        elif self.outcome is not None:
            output.say(f"withdrawn: {where}, recorded at position {self.by(one)}")
        else:
            output.say(f"would be withdrawn: {where}")
        if self.outcome is None and one.before is None:
            value = "the words are not at hand in this copy" if one.text is None else _plain(one)
            paragraph(value, 4)

    def _print_erased(self, store: Tracker) -> None:
        assert self.outcome is not None
        output.say("erased")
        name = os.path.basename(store.path)
        if store.is_remote:
            paragraph("the words are deleted on the server", 2)
            name = "the view on this machine"
        paragraph(
            f"{name} was written anew, and is to the byte what SQLite writes of the rows that "
            "remain; its journal is empty",
            2,
        )
        if not any(one.text for one in self.gone):
            return
        found = self.outcome.found
        if not found:
            paragraph("a search of its bytes for the words finds nothing", 2)
        elif self.short:
            paragraph(
                f"a search of its bytes finds them {_times(found)}; words so short are also found "
                "by chance, in digests and inside others",
                2,
            )
        elif self.also:
            paragraph(f"a search of its bytes finds them {_times(found)}, where named below", 2)
        else:
            paragraph(
                f"a search of its bytes finds them {_times(found)}, each time as part of what "
                "remains, such as a word of the full-text index that other texts have too",
                2,
            )

    def _print_also(self) -> None:
        for can_go, told in ((True, "withdraw them there too?"), (False, "these cannot go:")):
            self._listed(
                [
                    f"{each.field} of {each.entry} (#{each.position})"
                    for each in self.also
                    if each.can_go is can_go
                ],
                f"the same words stand elsewhere in the record; {told}",
            )

    @staticmethod
    def _listed(places: Sequence[str], head: str) -> None:
        if not places:
            return
        output.say(head)
        for place in places[:_SHOWN]:
            paragraph(place, 2)
        if len(places) > _SHOWN:
            paragraph(f"… and {len(places) - _SHOWN:,} more: --json has them all", 2)


def _plain(one: Gone) -> str:
    assert one.text is not None
    value = one.text.value
    return cut(for_terminal(value if isinstance(value, str) else as_json(value)), 300)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def told(done: Done, store: Tracker, *, as_json: bool) -> int:
    """Print it; the exit status."""
    if store.is_remote:
        done.beyond = (*ON_THE_SERVER, *BEYOND_REACH)
    if as_json:
        output.print_json(done.document())
    else:
        done.print(store)
    return int(done.outcome is not None and not done.outcome.erased)
