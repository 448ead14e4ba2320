"""The same questions from Python: `from postmortem import open_store`.

    >>> from postmortem import open_store
    >>> store = open_store("parler/postmortem.db")
    >>> store.state("2021-01-11T00:30").capabilities["hosting"].status
    'unavailable'
    >>> store.state("2021-01-11T00:30", known_at="2021-01-10T20:00").capabilities["hosting"].status
    'uncertain'
    >>> store.cuts("joining", at="2021-01-05T12:00-08:00")
    [['aws'], ['twilio']]
    >>> [finding.rule.name for finding in store.check(at="2021-02-01T00:00")]
    ['time-contested', 'service-unused']
    >>> [row.version.fact for row in store.timeline(known_at="2021-01-10T20:00")][:2]
    ['app-store-removal', 'google-play-removal']
    >>> store.explain("hosting", "2021-01-11T00:30", known_at="2021-01-10T20:00").bounds.status
    'uncertain'
    >>> store.close()

A moment is text in the written forms of a casebook (without an offset: in the platform's zone) or
an aware `datetime`. Every answer can be turned into the JSON of the command line by `document()`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from postmortem.core import measures
from postmortem.core.check import Finding, check
from postmortem.core.check_material import Material
from postmortem.core.chronicle import Row, timeline
from postmortem.core.diff import Change, changes
from postmortem.core.errors import BadInput, BadTime
from postmortem.core.explain import Explanation, explain
from postmortem.core.lengths import DAY
from postmortem.core.measures import Downtime
from postmortem.core.state import Picture, State
from postmortem.core.times import END, AsOf, Instant, format_instant, parse_instant
from postmortem.core.zones import instant_of
from postmortem.tracker import Tracker, system_clock

Moment = str | datetime


def open_store(path: str, platform: str | None = None) -> Store:
    """The store at that path, to be asked about one platform: the only one, unless named.

    Raises: StoreMissing, NotAStore and other StoreProblem; BadInput, where the platform is not
    there or not clear.
    """
    tracker = Tracker(path)
    try:
        return Store(tracker, tracker.platform(platform))
    except BaseException:
        tracker.close()
        raise


class Store:
    """A platform's record. Use it as a context manager, or call `close`."""

    def __init__(self, tracker: Tracker, platform: str) -> None:
        self._tracker = tracker
        self.platform = platform
        self._zone = tracker.zone(platform)
        self._asked: tuple[tuple[Instant, Instant], Picture] | None = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store."""
        self._tracker.close()

    def state(
        self,
        at: Moment | None = None,
        *,
        known_at: Moment | None = None,
        recorded_at: Moment | None = None,
        without: Collection[str] = (),
    ) -> State:
        """What works at a moment (else now), and because of what.

        `without` supposes those services unavailable. Raises: BadTime, BadInput.
        """
        as_of = self._as_of(at, known_at, recorded_at)
        picture = self._picture(as_of)
        for service in without:
            if service not in picture.situation.services:
                raise BadInput(f"there is no service {service!r}")
        return picture.state(as_of, without)

    def downtime(
        self,
        start: Moment,
        end: Moment,
        *,
        known_at: Moment | None = None,
        recorded_at: Moment | None = None,
    ) -> dict[str, Downtime]:
        """How long each capability was unavailable and impaired in [start, end), microseconds.

        Raises: BadTime; BadInput, where the window is empty.
        """
        as_of = self._as_of(start, known_at, recorded_at)
        return measures.downtime(self._picture(as_of), as_of.valid, self._instant(end))

    def cuts(
        self,
        capability: str,
        at: Moment | None = None,
        *,
        known_at: Moment | None = None,
        recorded_at: Moment | None = None,
    ) -> list[list[str]]:
        """The minimal sets of services whose loss may make the capability unavailable.

        Raises: BadTime; BadInput, where there is no such capability.
        """
        as_of = self._as_of(at, known_at, recorded_at)
        picture = self._picture(as_of)
        if capability not in picture.situation.capabilities:
            raise BadInput(f"there is no capability {capability!r}")
        return measures.cut_sets(picture, capability, as_of.valid)

    def explain(
        self,
        id: str,
        at: Moment | None = None,
        *,
        known_at: Moment | None = None,
        recorded_at: Moment | None = None,
    ) -> Explanation:
        """Why a capability or service has its level, how sure that is, what would change it.

        Raises: BadTime; BadInput, where there is no such capability or service.
        """
        as_of = self._as_of(at, known_at, recorded_at)
        picture = self._picture(as_of)
        if id not in {*picture.situation.capabilities, *picture.situation.services}:
            raise BadInput(f"there is no capability or service {id!r}")
        return explain(picture, id, as_of)

    def timeline(
        self, *, known_at: Moment | None = None, recorded_at: Moment | None = None
    ) -> list[Row]:
        """Every fact in force, in the order of its time, with the claims about it.

        Raises: BadTime.
        """
        return timeline(self._picture(self._as_of(None, known_at, recorded_at)).situation)

    def changes(
        self,
        *,
        known_at: tuple[Moment | None, Moment | None] = (None, None),
        recorded_at: tuple[Moment | None, Moment | None] = (None, None),
    ) -> list[Change]:
        """What of the record differs between two states of knowledge or of the log.

        Each pair is (before, after); None stands for now. Raises: BadTime.
        """
        before = self._as_of(None, known_at[0], recorded_at[0])
        after = self._as_of(None, known_at[1], recorded_at[1])
        with self._tracker.view.snapshot():
            known = {v.id for v in self._tracker.view.versions(self.platform, after)}
        return changes(self._picture(before).situation, self._picture(after).situation, known)

    def check(
        self,
        at: Moment | None = None,
        *,
        days: int = 30,
        known_at: Moment | None = None,
        recorded_at: Moment | None = None,
    ) -> list[Finding]:
        """What contradicts itself, hangs open for more than `days`, or lacks a source.

        Raises: BadTime.
        """
        as_of = self._as_of(at, known_at, recorded_at)
        view = self._tracker.view
        with view.snapshot():
            material = Material.of(
                view.events(self.platform, as_of._replace(known=END)),
                view.versions(self.platform, as_of),
                view.situation(self.platform, as_of),
                at=as_of.valid,
                long=days * DAY,
                shown=format_instant,
            )
        return check(material)

    def _picture(self, as_of: AsOf) -> Picture:
        # most who ask ask again at other moments with the same knowledge
        key = (as_of.known, as_of.recorded)
        if self._asked is None or self._asked[0] != key:
            self._asked = (key, self._tracker.picture(self.platform, as_of))
        return self._asked[1]

    def _as_of(
        self, at: Moment | None, known_at: Moment | None, recorded_at: Moment | None
    ) -> AsOf:
        return AsOf(
            system_clock() if at is None else self._instant(at),
            END if known_at is None else self._instant(known_at),
            END if recorded_at is None else self._instant(recorded_at),
        )

    def _instant(self, moment: Moment) -> Instant:
        if isinstance(moment, str):
            return parse_instant(moment, self._zone)
        if moment.tzinfo is None:
            raise BadTime(
                f"{moment!r} has no time zone",
                hint="pass an aware datetime, or text with an offset",
            )
        return instant_of(moment)


__all__ = ["Moment", "Store", "open_store"]
