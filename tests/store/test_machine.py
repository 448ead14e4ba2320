"""A store in daily use against a list: whatever is told, restarted, rebuilt or copied in between.

The model is the list of what was recorded, as written; its answers are the oracle's, which reads
that list from the start for every question. Nothing of the program's own is in it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import oracle
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from postmortem.core.errors import BadInput
from postmortem.core.events import CATALOGUE
from postmortem.core.state import Picture
from postmortem.core.times import END, AsOf
from postmortem.store import ledger, readmodel
from postmortem.testing import DAWN, PLATFORM, SECOND, as_written, draft, fields
from postmortem.testing.ledgers import Clock
from postmortem.tracker import Tracker

SERVICES, CAPABILITIES, SOURCES = ("aws", "okta"), ("hosting", "login"), ("press",)
ANEW = st.sampled_from(
    (
        "service-down",
        "service-cut-off",
        "service-degraded",
        "cutoff-announced",
        "cutoff-rescheduled",
        "cutoff-withdrawn",
        "effect-changed",
        "service-restored",
        "capability-revised",
        "time-claimed",
        "note",
    )
)


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    """That a write is durable is told by test_ledger; here are thousands of writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "PRAGMAS", (*ledger.PRAGMAS, "synchronous=OFF"))
        yield


class DailyUse(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.clock = Clock()
        self.stores = 0
        self.told = []  # (when it was recorded, what was written), in the order of recording
        self.open("0.db")

    def open(self, name):
        self.tracker = Tracker(str(Path(self.folder) / name), clock=self.clock, by="somebody")

    def teardown(self):
        try:
            if self.told:
                self.nothing_is_lost()
        finally:
            self.tracker.close()
            shutil.rmtree(self.folder)

    def nothing_is_lost(self):
        envelopes = [envelope for envelope, _ in self.tracker.view.log()]
        assert [e["position"] for e in envelopes] == list(range(1, len(self.told) + 1))
        for envelope, (recorded, keys) in zip(envelopes, self.told, strict=True):
            assert envelope["type"].partition("/")[0] == keys["type"]
            assert keys["id"] in envelope["id"].split(":")
            assert oracle.parse_time(envelope["recorded_at"])[0] == recorded
        rows = readmodel.rows(self.tracker.view.connection)
        self.tracker.rebuild()
        assert readmodel.rows(self.tracker.view.connection) == rows

    # --- telling ----------------------------------------------------------------------------------

    @initialize(zone=st.sampled_from(fields.ZONES))
    def declare(self, zone):
        self.zone = zone
        self.record(
            draft("platform-declared", id=PLATFORM, **({"zone": zone} if zone else {})),
            draft("source-declared", id="press", title="", published_at="2021-01-10T12:00Z"),
            *(draft("service-declared", id=id) for id in SERVICES),
            draft("capability-declared", id="hosting", requires={"any_of": list(SERVICES)}),
            draft("capability-declared", id="login", requires={"all_of": ["okta", "hosting"]}),
        )

    def record(self, *drafts):
        """All of the drafts in one transaction: the list grows by them, or not at all."""
        self.clock.now += SECOND
        try:
            receipt = self.tracker.record(drafts)
        except BadInput:
            return False
        assert receipt.recorded + receipt.skipped == len(drafts)
        if not receipt.skipped:
            (recorded,) = {oracle.parse_time(event.recorded_at)[0] for event in receipt.events}
            assert not self.told or recorded > self.told[-1][0]
            self.told += [(recorded, as_written(each)) for each in drafts]
        return True

    @property
    def events(self):
        return {keys["id"]: keys for _, keys in self.told if "declared" not in keys["type"]}

    def drawn(self, data, type, **given):
        """A draft of that type, what is not given being drawn; None where it can name nothing."""
        by_type = {}
        for id, keys in self.events.items():
            by_type.setdefault(keys["type"], []).append(id)
        pool = fields.Pool(self.zone, SOURCES, SERVICES, CAPABILITIES, by_type)
        given = {
            "id": f"e{len(self.told)}",
            "replaces": None,
            "clerical": None,
            "meta": None,
            **given,
        }
        keys = fields.keys(data.draw, CATALOGUE[type], pool, given)
        return None if keys is None else draft(type, local=self.zone, **keys)

    def some_event(self, data, *types):
        ids = [id for id, keys in self.events.items() if not types or keys["type"] in types]
        return data.draw(st.sampled_from(sorted(ids)))

    def slip(self, data):
        return {"clerical": "true", "known_at": None} if data.draw(st.booleans()) else {}

    @rule(data=st.data(), type=ANEW)
    def tell(self, data, type):
        told = self.drawn(data, type)
        if told is not None:
            self.record(told)

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def correct(self, data):
        id = self.some_event(data)
        self.record(self.drawn(data, self.events[id]["type"], replaces=id, **self.slip(data)))

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def retract(self, data):
        self.record(self.drawn(data, "retracted", event=self.some_event(data), **self.slip(data)))

    @precondition(lambda self: any(keys["type"] == "retracted" for keys in self.events.values()))
    @rule(data=st.data())
    def take_a_retraction_back(self, data):
        event = self.some_event(data, "retracted")
        self.record(self.drawn(data, "retracted", event=event, **self.slip(data)))

    @rule(data=st.data(), first=ANEW, second=ANEW)
    def tell_two_at_once(self, data, first, second):
        both = [self.drawn(data, first), self.drawn(data, second, id=f"e{len(self.told)}b")]
        if None not in both:
            self.record(*both)

    @rule(data=st.data(), type=ANEW)
    def tell_one_that_is_refused_after_one_that_is_not(self, data, type):
        told = self.drawn(data, type)
        nowhere = draft("service-down", id="x", service="azure", at="2021-01-10T12:00Z")
        if told is not None:
            assert not self.record(told, nowhere)

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def tell_it_again(self, data):
        id = self.some_event(data)
        keys = dict(self.events[id])
        receipt = self.tracker.record([draft(**keys, local=self.zone)])
        assert (receipt.recorded, receipt.skipped) == (0, 1)

    @rule(data=st.data(), id=st.sampled_from(CAPABILITIES))
    def amend(self, data, id):
        requires = data.draw(fields.formulas((*SERVICES, *CAPABILITIES)))
        self.record(draft("capability-declared", id=id, requires=requires, amend=True))

    # --- what should change nothing ---------------------------------------------------------------

    @rule()
    def restart(self):
        path = self.tracker.path
        self.tracker.close()
        self.open(path)

    @rule()
    def rebuild(self):
        assert self.tracker.rebuild() == len(self.told)

    @rule(seconds=st.integers(-100, 100))
    def set_the_clock(self, seconds):
        self.clock.now = max(self.clock.now + seconds * SECOND, DAWN)

    @rule()
    def move_to_a_copy(self):
        self.stores += 1
        log = "".join(f"{line}\n" for line in self.tracker.export()).encode()
        self.tracker.close()
        self.open(f"{self.stores}.db")
        assert self.tracker.copy_from("log.jsonl", log).recorded == len(self.told)

    # --- asking -----------------------------------------------------------------------------------

    @rule(data=st.data())
    def ask(self, data):
        def times(*names):
            """The ends of the spans that are told under those keys, and the instants beside."""
            told = [keys[name] for _, keys in self.told for name in names if name in keys]
            ends = {end for text in told for end in oracle.parse_time(text, self.zone or "")}
            return sorted(end + by for end in ends if abs(end) < oracle.INF for by in (-1, 0, 1))

        at = data.draw(st.sampled_from([0, *times("at", "effective_at", "time")]))
        known = data.draw(st.sampled_from([None, *times("known_at", "published_at")]))
        recordings = [recorded + by for recorded, _ in self.told for by in (-1, 0)]
        recorded = data.draw(st.none() | st.sampled_from(recordings))
        as_of = AsOf(at, END if known is None else known, END if recorded is None else recorded)
        history = oracle.told(PLATFORM, self.told, self.zone or "")
        answer = self.tracker.picture(PLATFORM, as_of)
        assert isinstance(answer, Picture)
        assert answer.state(as_of).document() == oracle.state(history, at, known, recorded)


TestDailyUse = DailyUse.TestCase
TestDailyUse.settings = settings(max_examples=30, stateful_step_count=40)
