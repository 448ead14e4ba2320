"""Copies a log from one store into another, byte by byte, and proves that it is the same.

Positions, times of recording, stored bytes and words stay as they are, so the tree over the log has
the same root in both; the view is made where it is needed. What is not finished says so, cannot be
asked or written to, and is gone on with.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from typing import Final

from postmortem.core import tree as arithmetic
from postmortem.core.errors import BadInput, StoreDamaged, StoreProblem
from postmortem.core.words import Disclosure
from postmortem.store import backends
from postmortem.store.copying_ends import STATE, End, Target
from postmortem.store.progress import Progress

BATCH: Final = 5000
"""Events that are copied in one transaction."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy did."""

    events: int
    """How many the copy holds."""
    resumed: int
    """How many of them it held already, from an earlier attempt."""
    words: int
    digest: str
    """SHA-256 over all that both logs hold of every event, in hexadecimal."""
    grown: int
    """How many events the source has got meanwhile, which are not copied."""


def copy(source: str, target: str, progress: Progress) -> Copied:
    """Copy the log of one store into another, which is new or a copy that was interrupted.

    Raises: BadInput, where the target holds anything else; StoreProblem, StoreDamaged.
    """
    if backends.shown(source) == backends.shown(target):
        raise BadInput("a store cannot be copied into itself", hint="name another target")
    with contextlib.ExitStack() as stack:
        here = stack.enter_context(contextlib.closing(_source(source)))
        id = here.fact("id")
        if here.fact("copying") is not None and here.fact("copied") is None:
            raise StoreProblem(
                f"{here.place} is a copy that is not finished", hint="finish that one first"
            )
        there = stack.enter_context(contextlib.closing(_target(target)))
        resumed = _begun(there, here, str(id))
        upto = here.last()
        position = resumed
        while position < upto:
            end = min(position + BATCH, upto)
            there.take(
                here.events(position, end), here.words(position, end), here.absent(position, end)
            )
            position = end
            progress("copying", position, upto)
        said, digest = _compare(here, there, upto, progress)
        grown = here.last() - upto
        there.finish()
    return Copied(upto, resumed, said, digest, grown)


def _source(place: str) -> End:
    if backends.is_remote(place):
        from postmortem.store.copying_servers import PostgresSource  # it needs the driver

        return PostgresSource(place)
    from postmortem.store.copying_files import SQLiteSource

    return SQLiteSource(place)


def _target(place: str) -> Target:
    if backends.is_remote(place):
        from postmortem.store.copying_servers import PostgresTarget

        return PostgresTarget(place)
    from postmortem.store.copying_files import SQLiteTarget

    return SQLiteTarget(place)


def _begun(there: Target, here: End, id: str) -> int:
    """How far an earlier attempt has come; 0 where this is the first.

    Raises: BadInput, where the target holds something else.
    """
    last, begun = there.last(), there.fact("copying")
    if begun is None and last == 0:
        there.say("copying", id)
        there.say("copy_of", here.place)
        return 0
    if begun != id or there.is_whole:
        raise BadInput(
            f"{there.place} holds events already, and a copy needs an empty store",
            hint="name another target, such as another file or ?schema=NAME",
        )
    if last and there.events(last - 1, last) != here.events(last - 1, last):
        raise BadInput(
            f"what {there.place} holds so far is not the beginning of {here.place}",
            hint="name a new target",
        )
    return last


def _compare(here: End, there: Target, upto: int, progress: Progress) -> tuple[int, str]:
    """How many words there are, and the digest over both logs.

    Raises: StoreDamaged, where they differ.
    """
    digest, edge = hashlib.sha256(), arithmetic.Edge()
    said = position = 0
    while position < upto:
        end = min(position + BATCH, upto)
        events = here.events(position, end)
        if len(events) != end - position or there.events(position, end) != events:
            raise _differs(here, there, f"between positions {position + 1} and {end}")
        for event in events:
            digest.update(repr(event[:4]).encode() + bytes(event[4]) + repr(event[5:]).encode())
            edge.append(arithmetic.leaf(bytes(event[STATE])))
        if there.absent(position, end) != here.absent(position, end):
            raise _differs(here, there, f"in which words events {position + 1} to {end} lack")
        # what is withdrawn during the copy must not survive in it: the source is asked last
        copied, kept = there.words(position, end), here.words(position, end)
        gone = [row[0] for row in copied if row not in set(kept)]
        if gone:
            there.drop(gone)
            copied = there.words(position, end)
        if copied != kept:
            raise _differs(here, there, f"in the words of events {position + 1} to {end}")
        for row in copied:
            if Disclosure(row[3], row[2], json.loads(row[4])).digest() != row[0]:
                raise StoreDamaged(
                    f"the words of {row[2]} at position {row[1]} are not those that were recorded",
                    hint=f"{here.place} is damaged; go on from a backup of it",
                )
        said += len(copied)
        position = end
        progress("comparing", position, upto)
    if there.last() != upto:
        raise _differs(here, there, f"after position {upto}")
    for one in (here, there):
        root = one.root(upto)
        if root is not None and root != edge.root():
            raise StoreDamaged(
                f"the tree over the log of {one.place} does not follow from its events",
                hint="`postmortem verify` says what does not hold",
            )
    return said, digest.hexdigest()


def _differs(here: End, there: Target, where: str) -> StoreDamaged:
    return StoreDamaged(
        f"the copy {there.place} differs from {here.place} {where}",
        hint="nobody else may write into a copy; name a new target",
    )
