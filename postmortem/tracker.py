"""The one way in: record, ask, import, copy.

What only asks is in `asking`; what records is loaded when it is needed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from postmortem.asking import Asking, system_clock
from postmortem.core.errors import BadInput
from postmortem.core.lengths import DAY
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf, Instant
from postmortem.store import backends
from postmortem.store.progress import Progress, Warn
from postmortem.store.view import View

if TYPE_CHECKING:
    from postmortem.core.decide import Draft
    from postmortem.importers import Drafts
    from postmortem.recording import Receipt
    from postmortem.store.erasure import Erasure, Text
    from postmortem.store.promise import Writing
    from postmortem.store.recall import Recollection

__all__ = ["Tracker", "system_clock"]


class Tracker(Asking):
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
        super().__init__(path, clock=clock, progress=progress, warn=warn)
        self.by = by
        self._recollection: Recollection | None = None

    def close(self) -> None:
        """Let go of the store."""
        super().close()
        self._recollection = None

    # --- recording ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Writing]:
        from postmortem.store import readmodel

        try:
            with self._next_write() as writing:
                readmodel.catch_up(writing.connection, self._progress, writing.position)
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
