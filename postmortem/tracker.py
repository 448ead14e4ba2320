"""The one way in: record, ask, import, copy.

What only asks is loaded at once and is small; what records is loaded when it is needed.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from postmortem.core.errors import (
    BadInput,
    StoreMissing,
    StoreReadOnly,
)
from postmortem.core.lengths import DAY
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant
from postmortem.store import backends
from postmortem.store.opening import explained
from postmortem.store.progress import Progress, Warn, untold
from postmortem.store.view import View

if TYPE_CHECKING:
    from postmortem.core.decide import Draft
    from postmortem.core.incident import Dossier
    from postmortem.importers import Drafts
    from postmortem.recording import Receipt
    from postmortem.store.erasure import Erasure, Text
    from postmortem.store.follower import Follower
    from postmortem.store.promise import Ledger, Writing
    from postmortem.store.recall import Recollection
    from postmortem.store.standing import Standing
    from postmortem.store.verified import Verified


def system_clock() -> Instant:
    """Microseconds since 1970 in UTC, by the machine's clock."""
    return time.time_ns() // 1000


class Tracker:
    """One store, asked and written to. Use it as a context manager, or call `close`."""

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], Instant] = system_clock,
        by: str | None = None,
        progress: Progress | None = None,
        warn: Warn | None = None,
    ) -> None:
        """`path` is a file, or a URL; `by` is who records, kept beside every event.

        `progress` is told of long work, `warn` of what one should know beside the answer.
        """
        self._place = path
        self.path = backends.shown(path)
        """What people call the store: never with a password."""
        self.by = by
        self._progress: Progress = progress or untold
        self._warn: Warn = warn or untold
        self._clock = clock
        self._view: View | None = None
        self._ledger: Ledger | None = None
        self._recollection: Recollection | None = None

    def __enter__(self) -> Tracker:
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
        self._recollection = None
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    # --- asking ---------------------------------------------------------------------------------

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

    # --- recording ------------------------------------------------------------------------------

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

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Writing]:
        from postmortem.store import readmodel

        try:
            with self._next_write() as writing:
                readmodel.catch_up(writing.connection, self._progress)
                yield writing
        except BaseException:
            self._recollection = None  # what it holds was taken back
            raise
        if self._view is not None:  # what it cached is of before
            self._view.close()
            self._view = None

    def _next_write(self) -> AbstractContextManager[Writing]:
        """A write into the store that is there, or the one that makes it."""
        if self._ledger is None and not self.is_remote and not os.path.lexists(self.path):
            from postmortem.store import making

            part = making.beside(self.path)
            if part is not None:
                return making.first_write(part, self.path, self._clock)
        return self._open_ledger(create=True).writing()

    def record(self, drafts: Iterable[Draft]) -> Receipt:
        """Record all of the drafts in one transaction, or none of them.

        Raises: BadInput, Refused, StoreProblem, OutcomeUnknown.
        """
        return self._written(list(drafts))

    def _written(self, drafts: Drafts, *, imported: bool = False) -> Receipt:
        from postmortem.store.promise import Overtaken

        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(Overtaken), self._writing() as writing:
                return self._record(writing, drafts, imported=imported)
        with self._writing() as writing:
            return self._record(writing, drafts, imported=imported)

    def rehearse(self, drafts: Iterable[Draft], platform: str) -> tuple[Receipt, Picture, Picture]:
        """What recording the drafts would give, and the platform before and after; nothing stays.

        Raises: BadInput, Refused, StoreProblem.
        """
        with contextlib.suppress(_Rehearsed), self._writing() as writing:
            receipt = self._record(writing, list(drafts))
            view = View(writing.connection, self.path)
            before, after = (
                Picture(view.situation(platform, AsOf(END, recorded=recorded)))
                for recorded in (writing.now - 1, END)
            )
            raise _Rehearsed
        return receipt, before, after

    def _record(self, writing: Writing, drafts: Drafts, *, imported: bool = False) -> Receipt:
        from postmortem.recording import record
        from postmortem.store.recall import Recollection

        self._recollection = self._recollection or Recollection()
        return record(
            writing,
            drafts,
            by=self.by,
            imported=imported,
            recollection=self._recollection,
            progress=self._progress,
        )

    def import_file(self, name: str, file: bytes | BinaryIO, *, amend: bool = False) -> Receipt:
        """Record what is new in a file; all of it or nothing.

        `file` is its bytes, or open for reading, so that it can be rewound: a large log is read
        line by line. Raises: BadInput, Refused, StoreProblem.
        """
        from postmortem.importers import importer_of

        opened = BytesIO(file) if isinstance(file, bytes) else file
        drafts = importer_of(name, opened).extract(name, opened, amend=amend)
        return self._written(drafts, imported=True)

    def copy_from(self, name: str, file: bytes | BinaryIO) -> Receipt:
        """Take in an exported log as it is, with its positions and recording times.

        `file` as for `import_file`.

        Raises: BadInput, where the store is not empty or the log is not whole.
        """
        from postmortem.importers import jsonl
        from postmortem.recording import copy

        lines = jsonl.Lines(name, BytesIO(file) if isinstance(file, bytes) else file)
        with self._writing() as writing:
            if writing.position:
                raise BadInput(
                    f"the store {self.path} holds events already, and a copy needs an empty one",
                    hint="import without --keep-recorded, or name a new store with --db",
                )
            return copy(writing, lines, latest=self._clock() + DAY, progress=self._progress)

    def export(self, platform: str | None = None, *, public: bool = False) -> Iterator[str]:
        """The log as JSON Lines, one event a line, in the order of recording.

        `public`: with the words of those events alone that say that theirs may be told; of all
        others the digests stay, so the bytes of the log are the same.
        """
        from postmortem.reports import jsonl

        log = self.view.log(platform)
        for envelope, said in jsonl.for_public(log) if public else log:
            yield jsonl.line(envelope, said)

    # --- withdrawing words ----------------------------------------------------------------------

    def withhold(self, drafts: Iterable[Draft]) -> Receipt:
        """Withdraw the texts that those drafts name: from here on nobody is shown them.

        Their traces in the store's files are left to `erase`. Raises: BadInput, Refused, …
        """
        return self.record(drafts)

    def erase(self, texts: Sequence[Text] = ()) -> Erasure:
        """Erase from the store's files what was withdrawn, and find out whether it is gone.

        Of a store on a server these are the view's on this machine. `texts` are the words that are
        looked for, where they are still known.

        Raises: StoreProblem.
        """
        from postmortem.store import erasure

        self.close()  # our own reading must not hold up what is to be erased
        if self.is_remote:
            with self.follower as follower:
                path = follower.file()
            return erasure.erase(path, texts)
        self.catch_up()
        self.close()
        return erasure.erase(self.path, texts)

    # --- keeping the store ----------------------------------------------------------------------

    def rebuild(self) -> int:
        """The view anew from the log; how many events were read."""
        if backends.is_remote(self._place):
            self.close()
            with self.follower as follower:
                return follower.rebuilt().position
        from postmortem.store import readmodel

        with self._open_ledger().writing() as writing:
            count = readmodel.rebuild(writing.connection, self._progress)
        self.close()
        return count

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

    def backup(self, target: str) -> int:
        """A consistent copy of the store, also while others write; its size in bytes.

        Raises: BadInput, where the target exists; StoreProblem.
        """
        if backends.is_remote(self._place):
            from postmortem.store.copying import copy

            copy(self._place, target, self._progress)
            return os.path.getsize(target)
        from postmortem.store.backup import backup

        return backup(self.path, target)


class _Rehearsed(Exception):
    """Takes back what was only rehearsed."""


_ATTEMPTS = 4
"""How often a write is decided anew whose connection broke while others recorded."""
_ANY_POSITION = 2**62


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids[:12]) + (", …" if len(ids) > 12 else "")
