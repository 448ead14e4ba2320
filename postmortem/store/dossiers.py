"""Reads what an incident's dossier is made of."""

from __future__ import annotations

from difflib import get_close_matches

from postmortem.core.dossier import dossier, incidents
from postmortem.core.errors import BadInput
from postmortem.core.incident import Dossier
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant
from postmortem.store import look
from postmortem.store.view import Logged, View


class Reading:
    """Everything of a platform that counts at (K, R), read once; inside the caller's snapshot."""

    def __init__(
        self, view: View, platform: str, as_of: AsOf, *, until: Instant | None = None
    ) -> None:
        """Read it.

        `until` is up to when open ends are counted; else the last entry recorded, K, or the end of
        the window that the incident was opened with, whichever is first.
        """
        self.picture = Picture(view.situation(platform, as_of))
        last = view.position_at(as_of.recorded)
        facts = self.picture.situation.facts.values()
        self.entries = list(look.told(view, (version.position for version in facts)).values())
        declared = (
            row[-1] for kind in look.KINDS for row in view.declared(platform, kind, last).values()
        )
        self.declarations = list(look.told(view, declared).values())
        self.firsts: dict[str, str] = dict(
            view.connection.execute(
                "SELECT id, fact FROM view_version WHERE platform = ? AND id <> fact", (platform,)
            ).fetchall()
        )
        self.incidents = incidents(self.entries, self.firsts)
        """The first ids of the incidents, by when they were opened."""
        newest = newest_entry(view, platform, as_of)
        self.position = 0 if newest is None else newest.position
        recorded = as_of.recorded if newest is None else newest.recorded
        if recorded != END:  # to the second, up, so that it can be read aloud
            recorded = -(-recorded // 1_000_000) * 1_000_000
        looked = min(as_of.known, recorded) if until is None else until
        self.as_of = AsOf(looked, as_of.known, as_of.recorded)
        self._until = until

    def choose(self, asked: str | None) -> str | None:
        """The first id of the incident that is meant; None: the whole record.

        Without one that is the only one, or, where none was opened, the whole record.

        Raises: BadInput, where there is no such incident, or which one is not said.
        """
        if asked is None:
            if len(self.incidents) > 1:
                raise BadInput(
                    f"there are {len(self.incidents)} incidents: {_listed(self.incidents)}",
                    hint="name one of them",
                )
            return next(iter(self.incidents), None)
        first = self.firsts.get(asked, asked)
        if first in self.incidents:
            return first
        near = get_close_matches(asked, self.incidents, n=1)
        if near:
            hint = f"did you mean {near[0]}?"
        elif self.incidents:
            hint = f"there are: {_listed(self.incidents)}"
        else:
            hint = "none was opened, as known and recorded by then; without one the whole record "
            hint += "of the platform is meant"
        raise BadInput(f"there is no incident {asked!r}", hint=hint)

    def dossier(self, incident: str | None) -> Dossier:
        """The dossier of that incident, by its first id; None: of the whole record."""
        return dossier(
            self.picture,
            self.entries,
            self.declarations,
            incident=incident,
            firsts=self.firsts,
            as_of=self.as_of,
            position=self.position,
            until=self._until,
        )


def newest_entry(view: View, platform: str, as_of: AsOf) -> Logged | None:
    """The platform's last entry by R: what other platforms record makes no difference to it."""
    forever = AsOf(as_of.valid, recorded=as_of.recorded)
    return next(look.entries(view, platform, forever, newest_first=True), None)


def _listed(ids: list[str]) -> str:
    return ", ".join(ids[:12]) + (", …" if len(ids) > 12 else "")
