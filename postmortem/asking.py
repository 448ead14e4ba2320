"""One store, asked: its view, brought up to date, and what is read from it.

It is loaded at once and is small; whatever writes is loaded when the view has to be made anew.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Self

from postmortem.core.errors import BadInput, StoreMissing, StoreReadOnly
from postmortem.core.state import Picture
from postmortem.core.times import AsOf, Instant
from postmortem.store import backends
from postmortem.store.opening import explained
from postmortem.store.progress import Progress, Warn, untold
from postmortem.store.view import View

if TYPE_CHECKING:
    from postmortem.core.incident import Dossier
    from postmortem.store.follower import Follower
    from postmortem.store.promise import Ledger
    from postmortem.store.standing import Standing
    from postmortem.store.verified import Verified


def system_clock() -> Instant:
    """Microseconds since 1970 in UTC, by the machine's clock."""
    return time.time_ns() // 1000


class Asking:
    """What `Tracker` reads. Use it as a context manager, or call `close`."""

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], Instant] = system_clock,
        progress: Progress | None = None,
        warn: Warn | None = None,
    ) -> None:
        """`path` is a file, or a URL.

        `progress` is told of long work, `warn` of what one should know beside the answer.
        """
        self._place = path
        self.path = backends.shown(path)
        """What people call the store: never with a password."""
        self._progress: Progress = progress or untold
        self._warn: Warn = warn or untold
        self._clock = clock
        self._view: View | None = None
        self._ledger: Ledger | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.close()
        problem = explained(error, self.path)
        if problem is not None:
            raise problem from None

    def close(self) -> None:
        """Let go of the store."""
        if self._view is not None:
            self._view.close()
            self._view = None
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    # --- the view -------------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """The view, brought up to date where it is not.

        Raises: StoreProblem.
        """
        if self._view is None:
            self._view = self._open_view()
        return self._view

    def _open_view(self) -> View:
        if backends.is_remote(self._place):
            with self.follower as follower:
                return View.open(follower.file())
        view = View.open(self.path)
        try:
            if view.is_current:
                return view
            self.catch_up()
        except (StoreReadOnly, StoreMissing):
            view.close()
            return self._view_in_memory()
        except BaseException:
            view.close()
            raise
        return view

    @property
    def is_remote(self) -> bool:
        """Whether the log is on a server, and only a view of it on this machine."""
        return backends.is_remote(self._place)

    @property
    def follower(self) -> Follower:
        """What keeps the view of a log that is elsewhere."""
        from postmortem.store.backends import Address
        from postmortem.store.follower import Follower

        address = Address.read(self._place)
        return Follower(address, progress=self._progress, warn=self._warn)

    @property
    def exists(self) -> bool:
        """Whether the store was made already. Raises: StoreProblem, where nobody can say."""
        if not backends.is_remote(self._place):
            return os.path.lexists(self.path)
        try:
            self.view  # noqa: B018 - it is opened, or it is not there
        except StoreMissing:
            return False
        return True

    def catch_up(self) -> None:
        """Bring the view to the end of the log."""
        from postmortem.store import readmodel

        with self._open_ledger().writing() as writing:
            readmodel.catch_up(writing.connection, self._progress)

    def _view_in_memory(self) -> View:
        """A store that may only be read, with a view that is not current: one in memory serves."""
        from postmortem.store import readmodel

        view = View.in_memory(self.path)
        readmodel.rebuild(view.connection)
        return view

    def _open_ledger(self, *, create: bool = False) -> Ledger:
        if self._ledger is None:
            self._ledger = backends.open_ledger(
                self._place,
                self._clock,
                create=create,
                progress=self._progress,
                warn=self._warn,
            )
        return self._ledger

    # --- questions ------------------------------------------------------------------------------

    def platform(self, asked: str | None = None) -> str:
        """The platform of a question: the one asked for, or the only one.

        Raises: BadInput.
        """
        platforms = self.view.platforms
        if asked is not None:
            if asked in platforms:
                return asked
            from difflib import get_close_matches

            near = get_close_matches(asked, platforms, n=1)
            raise BadInput(
                f"there is no platform {asked!r} in the store",
                hint=f"did you mean {near[0]}?" if near else f"there are: {_listed(platforms)}",
            )
        if len(platforms) == 1:
            return platforms[0]
        if not platforms:
            raise BadInput(
                "nothing is recorded in the store yet", hint="`postmortem import CASEBOOK` first"
            )
        raise BadInput(
            f"the store holds several platforms: {_listed(platforms)}",
            hint="choose one with --platform",
        )

    def zone(self, platform: str) -> str | None:
        """The platform's time zone, as last declared."""
        declared = self.view.declared(platform, "platform", _ANY_POSITION)
        return declared[platform][1] if platform in declared else None

    def picture(self, platform: str, as_of: AsOf) -> Picture:
        """What is known of the platform at K and R, ready to be asked at any T."""
        with self.view.snapshot():
            return Picture(self.view.situation(platform, as_of))

    @contextlib.contextmanager
    def standing(self, platform: str, as_of: AsOf) -> Iterator[Standing]:
        """The platform at K and R, to be asked at any T inside: every answer is a look-up."""
        from postmortem.store.standing import Standing

        with self.view.snapshot():
            yield Standing(self.view, platform, as_of)

    def dossier(
        self,
        platform: str,
        incident: str | None,
        as_of: AsOf,
        *,
        until: Instant | None = None,
    ) -> Dossier:
        """All that belongs to an incident, as known at K and recorded by R.

        Without one the only one is meant, or, where none was opened, the whole record of the
        platform. `until` is up to when open ends are counted; else the last entry recorded, K, or
        the end of the window that the incident was opened with, whichever is first. (What `as_of`
        says of the valid time makes no difference.)

        Raises: BadInput, where there is no such incident, or which one is not said.
        """
        from postmortem.store.dossiers import Reading

        with self.view.snapshot():
            reading = Reading(self.view, platform, as_of, until=until)
            return reading.dossier(reading.choose(incident))

    def dossiers(
        self, platform: str, as_of: AsOf, *, until: Instant | None = None
    ) -> list[Dossier]:
        """Those of all incidents, by when they were opened; see `dossier`."""
        from postmortem.store.dossiers import Reading

        with self.view.snapshot():
            reading = Reading(self.view, platform, as_of, until=until)
            return [reading.dossier(incident) for incident in reading.incidents]

    # --- the log as it is -----------------------------------------------------------------------

    def export(self, platform: str | None = None, *, public: bool = False) -> Iterator[str]:
        """The log as JSON Lines, one event a line, in the order of recording.

        `public`: with the words of those events alone that say that theirs may be told; of all
        others the digests stay, so the bytes of the log are the same.
        """
        from postmortem.reports import jsonl

        log = self.view.log(platform)
        for envelope, said in jsonl.for_public(log) if public else log:
            yield jsonl.line(envelope, said)

    def verify(self, sizes: Iterable[int] = (), *, view: bool = True) -> Verified:
        """Whether log, tree, words and view hold together; reads only, and needs no view.

        Of a log on a server it is what this machine has seen of it, brought up to date; and whether
        the server still holds the same. `sizes`: of which sizes of the log the root of its tree is
        asked for.

        Raises: StoreProblem, where there is no store that can be opened.
        """
        from postmortem.store.verifying import verify

        path, differing = self.path, dict[tuple[int, str], None]()
        if self.is_remote:
            from postmortem.store.server import Unreachable

            self.close()
            with self.follower as follower:
                with contextlib.suppress(Unreachable):  # which is told when it is followed
                    differing = dict.fromkeys(follower.differences())
                path = follower.file()
        found = verify(path, sizes=frozenset(sizes), progress=self._progress)
        for position, table in differing:
            found.differs(position, table)
        if view:
            from postmortem.store.verifying_view import verify_view

            verify_view(path, found, self._progress)
        return found


_ANY_POSITION = 2**62


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids[:12]) + (", …" if len(ids) > 12 else "")
