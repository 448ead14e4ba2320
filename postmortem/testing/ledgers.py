"""What every ledger promises, as a class of tests to inherit: one subclass for each backend.

    class TestSQLite(LedgerContract):
        attacks = ("DELETE FROM stored_events", …)

pytest collects the subclass and hands `tmp_path` to its tests; nothing else of pytest is needed.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, Final

from postmortem.core import words
from postmortem.core.decide import Draft, decide
from postmortem.core.recorded import Recorded
from postmortem.core.times import Instant, format_instant, parse_stored
from postmortem.store import backends, readmodel
from postmortem.store.intake import Intake
from postmortem.store.promise import Ledger, Writing
from postmortem.testing.fields import NASTY
from postmortem.testing.memory import DAWN, SECOND
from postmortem.testing.sentences import draft

SETTING: Final = (
    draft("platform-declared", id="parler"),
    draft("source-declared", id="press", title="words of a title", author="words of an author"),
    draft("service-declared", id="aws", description="words of a description"),
    draft("service-declared", id="okta"),
    draft("capability-declared", id="hosting", requires={"all_of": ["aws", "okta"]}),
)
"""A platform, so that there is something to write about."""


def down(id: str, **keys: Any) -> Draft:
    """One more event."""
    return draft("service-down", id=id, service="aws", at="2021-01-10T12:00Z", **keys)


class Clock:
    """A clock that is set by hand: microseconds."""

    def __init__(self, now: Instant = DAWN) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now


class Stopped(Exception):
    """Something went wrong in the middle of a write."""


def tell(ledger: Ledger, drafts: Sequence[Draft], by: str | None = None) -> list[Recorded]:
    """Record the drafts in one transaction, as the tracker does."""
    with ledger.writing() as writing:
        readmodel.catch_up(writing.connection)
        return [event for each in drafts for event in append(writing, each, by)]


def append(writing: Writing, each: Draft, by: str | None = None) -> list[Recorded]:
    """Decide one draft within a write, and append what is new in it."""
    found = []
    with Intake(writing.connection, writing.flush) as intake:
        record = intake.record(each.platform)
        for ready in decide(each, record, now=writing.now, position=writing.position + 1):
            found.append(writing.append(ready, by))
            intake.decided(ready, found[-1], writing.now)
    return found


class LedgerContract(ABC):
    """The promises; `attacks` are statements that a log must refuse, to be run on its tables."""

    attacks: ClassVar[Sequence[str]]

    @abstractmethod
    def place(self, folder: Path) -> str:
        """The place of a store that belongs to that folder alone."""

    @abstractmethod
    def stranger(self, folder: Path) -> AbstractContextManager[Any]:
        """A connection of some other program to the log of that folder, that sets nothing."""

    @contextmanager
    def opened(self, folder: Path, clock: Clock | None = None) -> Iterator[Ledger]:
        """The ledger of that folder, made where there is none."""
        ledger = backends.open_ledger(self.place(folder), clock or Clock(), create=True)
        try:
            yield ledger
        finally:
            ledger.close()

    def rows(self, folder: Path, sql: str) -> list[tuple[Any, ...]]:
        """What the log's own tables hold, as everybody else sees it."""
        with self.stranger(folder) as connection:
            return [tuple(row) for row in connection.execute(sql).fetchall()]

    def log(self, folder: Path) -> list[tuple[Any, ...]]:
        """Every column of every event."""
        return self.rows(folder, "SELECT * FROM stored_events ORDER BY position")

    def envelopes(self, folder: Path) -> list[dict[str, Any]]:
        """Every envelope, as stored."""
        states = self.rows(folder, "SELECT state FROM stored_events ORDER BY position")
        return [json.loads(state) for (state,) in states]

    def disclosures(self, folder: Path) -> list[tuple[str, int, words.Disclosure]]:
        """All words, with the digest and the position that they are kept under."""
        rows = self.rows(
            folder, "SELECT digest, position, salt, field, value FROM disclosures ORDER BY digest"
        )
        return [(d, n, words.Disclosure(s, f, json.loads(v))) for d, n, s, f, v in rows]

    # --- order and time -------------------------------------------------------------------------

    def test_positions_are_dense_and_so_are_the_versions_of_a_stream(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as ledger:
            recorded = [*tell(ledger, SETTING), *tell(ledger, [down("a"), down("b")])]
            recorded += tell(ledger, [down("a"), down("c")])  # a is nothing new
        with self.opened(tmp_path) as ledger:  # also after it was closed
            recorded += tell(ledger, [down("d")])
            assert self.envelopes(tmp_path) == [event.envelope() for event in recorded]
        assert [event.position for event in recorded] == list(range(1, len(recorded) + 1))
        for stream in {event.stream for event in recorded}:
            versions = [event.version for event in recorded if event.stream == stream]
            assert versions == list(range(1, len(versions) + 1))

    def test_a_transaction_has_one_recorded_at_and_none_is_earlier(self, tmp_path: Path) -> None:
        clock = Clock()
        found: list[str] = []
        with self.opened(tmp_path, clock) as ledger:
            for moment in (DAWN, DAWN + SECOND, DAWN - SECOND, DAWN - SECOND, DAWN + 9 * SECOND):
                clock.now = moment  # it may go back, the record does not
                events = [down(f"e{len(found)}-{n}") for n in range(3)]
                told = tell(ledger, events if found else SETTING)
                (recorded_at,) = {event.recorded_at for event in told}
                found.append(recorded_at)
        assert found[0] == format_instant(DAWN)
        assert found[1] == format_instant(DAWN + SECOND)
        assert found[2] == format_instant(DAWN + SECOND + 1)
        assert found[3] == format_instant(DAWN + SECOND + 2)
        assert found[4] == format_instant(DAWN + 9 * SECOND)

    def test_two_writers_wait_for_each_other(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as ledger:
            tell(ledger, SETTING)

        def write(name: str) -> None:
            with self.opened(tmp_path) as ledger:
                for count in range(8):
                    tell(ledger, [down(f"{name}{count}")])

        writers = [Thread(target=write, args=(name,)) for name in ("left", "right")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        with self.opened(tmp_path) as ledger:
            found = self.envelopes(tmp_path)
        assert [event["position"] for event in found] == list(range(1, len(SETTING) + 17))
        moments = [parse_stored(event["recorded_at"]) for event in found]
        assert moments == sorted(moments)

    # --- all or nothing -------------------------------------------------------------------------

    def test_nothing_is_recorded_when_the_block_raises(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as ledger:
            tell(ledger, SETTING)
            before = self.log(tmp_path), self.disclosures(tmp_path), self.view(ledger)
            for problem in (Stopped, KeyboardInterrupt):
                try:
                    with ledger.writing() as writing:
                        readmodel.catch_up(writing.connection)
                        append(writing, down("a", note="words that were not recorded"))
                        raise problem
                except problem:
                    pass
                assert (self.log(tmp_path), self.disclosures(tmp_path), self.view(ledger)) == before
            (event,) = tell(ledger, [down("a")])
            assert event.position == len(SETTING) + 1

    def test_what_is_not_committed_nobody_else_sees(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as ledger, self.opened(tmp_path) as other:
            tell(ledger, SETTING)
            identity = other.identity
            with ledger.writing() as writing:
                readmodel.catch_up(writing.connection)
                append(writing, down("a"))
                assert other.identity == identity == ledger.identity  # reading goes on meanwhile
            assert len(self.log(tmp_path)) == len(SETTING) + 1

    # --- append-only ----------------------------------------------------------------------------

    def test_the_log_is_append_only(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as ledger:
            tell(ledger, [*SETTING, down("a", note="words")], by="somebody")
            before = self.log(tmp_path), self.disclosures(tmp_path)
            for attack in self.attacks:
                with self.inside(tmp_path, ledger) as connection:
                    assert self.refused(connection, attack), f"let pass: {attack}"
                assert (self.log(tmp_path), self.disclosures(tmp_path)) == before, attack
        for attack in self.attacks:
            with self.stranger(tmp_path) as connection:
                assert self.refused(connection, attack), f"let a stranger pass: {attack}"
        with self.opened(tmp_path) as ledger:
            assert (self.log(tmp_path), self.disclosures(tmp_path)) == before

    @contextmanager
    def inside(self, folder: Path, ledger: Ledger) -> Iterator[Any]:
        """The connection that a write of ours has to the log."""
        with ledger.writing() as writing:
            yield writing.connection

    def refused(self, connection: Any, attack: str) -> bool:
        """Whether the tables themselves refuse that statement."""
        try:
            connection.execute(attack)
        except connection.IntegrityError:
            return True
        return False

    # --- people's words ---------------------------------------------------------------------------

    def test_the_stored_bytes_are_canonical(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as ledger:
            events = [down(f"n{count}", note=text) for count, text in enumerate(NASTY)]
            events += [
                down(f"c{count}", cites=f"press#{t}") for count, t in enumerate("é…\u2028😀")
            ]
            recorded = tell(ledger, [*SETTING, *events], by="somebody")
            states = dict(self.rows(tmp_path, "SELECT position, state FROM stored_events"))
        assert len(states) == len(recorded)
        for event in recorded:
            assert states[event.position] == words.canonical(event.envelope())

    def test_words_stand_beside_the_log_and_never_in_it(self, tmp_path: Path) -> None:
        said = {"note": "words of a note", "reason": "words of a reason"}
        meta = {"words of a key": ["words of a value"]}
        with self.opened(tmp_path) as ledger:
            recorded = tell(ledger, [*SETTING, down("a", **said, meta=meta)], by="words of a name")
            states = self.rows(tmp_path, "SELECT state FROM stored_events")
            kept = self.disclosures(tmp_path)
        assert not [state for (state,) in states if b"words of" in state]
        assert {"note", "reason", "meta", "title", "author", "description", "recorded_by"} == {
            disclosure.field for _, _, disclosure in kept
        }
        digests = {
            (event.position, words.digest_in(value))
            for event in recorded
            for value in (*event.body.values(), event.recorded_by)
            if words.digest_in(value)
        }
        assert digests == {(position, digest) for digest, position, _ in kept}
        for digest, _, disclosure in kept:
            assert disclosure.digest() == digest

    def test_the_same_words_have_another_salt_each_time(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as ledger:
            tell(ledger, [*SETTING, *(down(f"e{n}", note="the same") for n in range(5))], by="me")
            salts = [disclosure.salt for _, _, disclosure in self.disclosures(tmp_path)]
        assert len(set(salts)) == len(salts) > 10
        assert all(len(salt) >= 22 for salt in salts)  # 128 bits, base64

    # --- the view ---------------------------------------------------------------------------------

    def view(self, ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the view."""
        with ledger.writing() as writing:
            return readmodel.rows(writing.connection)

    def rebuilt(self, ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of a view made anew, in a write that is taken back."""
        found = {}
        try:
            with ledger.writing() as writing:
                readmodel.rebuild(writing.connection)
                found = readmodel.rows(writing.connection)
                raise Stopped
        except Stopped:
            return found

    def test_the_view_is_kept_with_the_log_and_is_what_a_rebuild_makes(
        self, tmp_path: Path
    ) -> None:
        told = [down("a"), down("b", replaces="a", known_at="2021-01-11T00:00Z")]
        told += [draft("retracted", id="c", event="b", reason="no"), *SETTING]
        told += [draft("service-declared", id="aws", provider="amazon", amend=True)]
        with self.opened(tmp_path) as ledger:
            tell(ledger, SETTING)
            for each in told:
                tell(ledger, [each])
                assert self.view(ledger) == self.rebuilt(ledger)

    def test_a_view_that_is_behind_or_of_another_version_catches_up(self, tmp_path: Path) -> None:
        with self.opened(tmp_path) as ledger:
            with ledger.writing() as writing:
                readmodel.make(writing.connection)
            tell(ledger, SETTING)
            before = self.view(ledger)
            for harm in (
                "UPDATE view_state SET schema = schema - 1",
                "UPDATE view_state SET schema = schema + 1",
                "DELETE FROM view_state",
                "DROP TABLE view_state",
                "DROP TABLE view_version",
            ):
                with ledger.writing() as writing:
                    if "view_version" in harm:  # half made, by a program that knew other tables
                        writing.connection.execute("UPDATE view_state SET schema = 0")
                    writing.connection.execute(harm)
                with ledger.writing() as writing:
                    readmodel.catch_up(writing.connection)
                assert self.view(ledger) == before, harm
