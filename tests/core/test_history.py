"""Which events count: the last word, against a reading that only walks through the list."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.core.history import Log, last_word, reigns
from postmortem.core.recorded import version_of
from postmortem.core.times import END, AsOf, parse_span
from postmortem.testing import DAWN, SECOND, MemoryRecord, draft, fields, histories, questions
from postmortem.testing import given as recorded

KNOWN = st.sampled_from([*fields.moments(), END])


def records(**options):
    return histories(plain=True, **options).map(lambda drafts: MemoryRecord.of("parler", drafts))


# --- the naive reading --------------------------------------------------------------------------


class Naive:
    """The words about a fact as a tree: a clerical correction is a branch of what it names.

    Read from top to bottom, left to right, the last one that counts decides.
    """

    def __init__(self, record: MemoryRecord, as_of: AsOf) -> None:
        told = [draft.entry for _, draft in record.told if hasattr(draft.entry, "replaces")]
        self.entries = {entry.id: entry for entry in told}
        self.seen = {
            id for id in self.entries
            if record.version(id).known <= as_of.known
            and record.version(id).recorded <= as_of.recorded
        }  # fmt: skip
        self.order = [id for entry in told if not self.mends(entry) for id in self.branch(entry.id)]

    def mends(self, entry):
        return entry.replaces if entry.clerical else None

    def branch(self, id):
        mended = [entry.id for entry in self.entries.values() if self.mends(entry) == id]
        return [id, *(each for branch in mended for each in self.branch(branch))]

    def first(self, id):
        replaced = self.entries[id].replaces
        return id if replaced is None else self.first(replaced)

    def names(self, id):
        """What an entry takes back, None where it takes nothing back."""
        return getattr(self.entries[id], "event", None)

    def counts(self, id, fact):
        if self.names(id) == fact:
            return self.last_word(self.first(id)) == id
        mine = self.first(id) == fact and id in self.seen
        return mine and (id == fact or not self.taken_back(id))

    def taken_back(self, id):
        return any(
            self.names(other) == id and self.last_word(self.first(other)) == other
            for other in self.entries
        )

    def last_word(self, fact):
        words = [id for id in self.order if self.counts(id, fact)]
        return words[-1] if words and self.first(words[-1]) == fact else None


@settings(max_examples=150)
@given(records(least=8), st.data())
def test_the_last_word_is_that_of_the_naive_reading(record, data):
    for _ in range(4):
        as_of = data.draw(questions(record))
        naive = Naive(record, as_of)
        expected = {fact: id for fact in record.log.by_fact if (id := naive.last_word(fact))}
        assert {f: v.id for f, v in record.log.in_force(as_of).items()} == expected


@given(records(least=8))
def test_the_reigns_of_a_fact_are_its_last_words_for_every_k(record):
    for fact in record.log.by_fact:
        kept = reigns(record.log, fact)
        assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(kept))
        for known in [*fields.moments(), *(now for now, _ in record.told), END - 1]:
            standing = last_word(record.log, fact, AsOf(0, known))
            assert [v for start, end, v in kept if start <= known < end] == [standing] * bool(
                standing
            )


# --- what is recorded later ---------------------------------------------------------------------


@given(records(least=6), st.data())
def test_what_the_log_said_at_r_never_changes(record, data):
    size = data.draw(st.integers(0, len(record.told)))
    before = MemoryRecord("parler")
    for now, entry in record.told[:size]:
        before.record(entry, now)
    last = record.told[size - 1][0] if size else DAWN - 1
    as_of = AsOf(0, data.draw(KNOWN), last)
    assert record.situation(as_of) == before.situation(as_of)
    assert before.situation(as_of) == before.situation(as_of._replace(recorded=END))


@given(records(least=6), st.data())
def test_an_answer_at_k_changes_only_by_what_is_known_by_then(record, data):
    versions = list(record.log.by_id.values())
    if versions:
        known = data.draw(KNOWN | st.sampled_from([version.known for version in versions]))
        log = Log.of(version for version in versions if version.known <= known)
        assert record.log.in_force(AsOf(0, known)) == log.in_force(AsOf(0))


@given(records(least=6), st.data())
def test_retracting_and_taking_that_back_is_nothing(record, data):
    ids = sorted(record.log.by_id)
    if not ids:
        return
    before = {known: record.log.in_force(AsOf(0, known)) for known in [*fields.moments(), END]}
    now = record.told[-1][0] + SECOND
    target = data.draw(st.sampled_from(ids))
    slip = data.draw(st.booleans())
    keys = {"clerical": "true"} if slip else {"known_at": data.draw(fields.times())}
    (taken,) = record.record(draft("retracted", id="r", event=target, reason="?", **keys), now)
    keys = {"clerical": "true"} if slip else {"known_at": data.draw(fields.times())}
    (back,) = record.record(draft("retracted", id="b", event="r", reason="!", **keys), now + SECOND)
    for known, facts in before.items():
        without = record.log.in_force(AsOf(0, known))
        without = {fact: v for fact, v in without.items() if fact not in ("r", "b")}
        # a slip that is no slip leaves no trace at any K; else there is a time in between
        if slip or not taken.known <= known < back.known:
            assert without == facts
        if taken.known <= known < back.known:
            fact = record.log.by_id[target].fact
            naive = Naive(record, AsOf(0, known)).last_word(fact)
            assert (without[fact].id if fact in without else None) == naive != target


@given(records(least=6), st.randoms(use_true_random=False))
def test_the_order_of_telling_is_irrelevant_where_the_last_word_is_the_same(record, random):
    """Told in any order that references allow, but each fact's words in theirs: the same counts."""
    told = list(record.log.by_id.values())
    words = {fact: words_about(record.log, fact) for fact in record.log.by_fact}
    needs = {
        version.id: {
            other.id
            for other in told[:place]
            if other.fact in version.subjects or words[other.fact] & words[version.fact]
        }
        for place, version in enumerate(told)
    }
    again = Log()
    while len(again.by_id) < len(told):
        untold = [version for version in told if version.id not in again.by_id]
        version = random.choice([v for v in untold if needs[v.id] <= set(again.by_id)])
        again.add(
            version_of(
                version.type,
                version.id,
                record.event(version.id),
                position=len(again.by_id) + 1,
                known=version.known,
                recorded=DAWN,
                earlier=again.by_id.get,
            )
        )
    for known in [*fields.moments()[::5], END]:
        here, there = (log.in_force(AsOf(0, known)) for log in (record.log, again))
        assert {f: unplaced(v) for f, v in here.items()} == {
            f: unplaced(v) for f, v in there.items()
        }


def words_about(log, fact):
    """The facts among whose words those of this one stand: its own, and what it takes back."""
    taken_back = [v.subjects[0] for v in log.by_fact[fact] if v.type == "retracted"]
    return {fact, *(log.by_id[id].fact for id in taken_back)}


def unplaced(version):
    return version._replace(position=0, place=(), recorded=0)


# --- by hand ------------------------------------------------------------------------------------

SETTING = [
    draft("platform-declared", id="parler"),
    draft("service-declared", id="aws"),
    draft("service-declared", id="okta"),
]
KNOWING = {n: f"2021-01-{n:02}T00:00Z" for n in range(1, 29)}


def down(id, known=None, **keys):
    if known is not None:
        keys["known_at"] = KNOWING[known]
    return draft("service-down", id=id, service="aws", at="2021-01-01T00:00Z", **keys)


def retracted(id, event, known=None, **keys):
    if known is not None:
        keys["known_at"] = KNOWING[known]
    return draft("retracted", id=id, event=event, reason="it was not so", **keys)


def standing(*drafts, fact="a", known=28):
    """The id of the version of the fact that stands at that day's K."""
    record = recorded(*SETTING, *drafts).record
    version = last_word(record, fact, AsOf(0, parse_span(KNOWING[known]).latest))
    return None if version is None else version.id


def over_days(*drafts, days=range(1, 7)):
    return [standing(*drafts, known=day) for day in days]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], [None] * 6),
        ([down("a", 2)], [None, "a", "a", "a", "a", "a"]),
        # the world learnt better: an earlier K still sees the error
        ([down("a", 2), down("b", 4, replaces="a")], [None, "a", "a", "b", "b", "b"]),
        # whatever its known_at, the last word recorded decides
        ([down("a", 4), down("b", 2, replaces="a")], [None, "b", "b", "b", "b", "b"]),
        # a slip of the pen is known when the slip was
        ([down("a", 2), down("b", replaces="a", clerical="true")], [None, *"bbbbb"]),
        # … and takes its place: a later version stays the later word
        (
            [down("a", 2), down("b", 4, replaces="a"), down("c", replaces="a", clerical="true")],
            [None, "c", "c", "b", "b", "b"],
        ),
        # … also before what mended the same slip since
        (
            [
                down("a", 2),
                down("b", replaces="a", clerical="true"),
                down("c", replaces="a", clerical="true"),
                down("d", replaces="b", clerical="true"),
            ],
            [None, *"ccccc"],
        ),
        # retracting the first id takes back the fact, a later id that version alone
        ([down("a", 2), retracted("r", "a", 4)], [None, "a", "a", None, None, None]),
        (
            [down("a", 2), down("b", 3, replaces="a"), retracted("r", "b", 4)],
            [None, "a", "b", "a", "a", "a"],
        ),
        (
            [down("a", 2), down("b", 3, replaces="a"), retracted("r", "a", 4)],
            [None, "a", "b", None, None, None],
        ),
        # a correction brings a retracted fact back
        (
            [down("a", 2), retracted("r", "a", 3), down("b", 4, replaces="a")],
            [None, "a", None, "b", "b", "b"],
        ),
        # … not to those who know the retraction and not the correction
        (
            [down("a", 2), retracted("r", "a", 4), down("b", 3, replaces="a")],
            [None, "a", "b", "b", "b", "b"],
        ),
        # a retraction may itself be retracted
        (
            [down("a", 2), retracted("r", "a", 3), retracted("s", "r", 5)],
            [None, "a", None, None, "a", "a"],
        ),
        # a clerical retraction of a fact is known when any version was
        (
            [down("a", 4), down("b", 2, replaces="a"), retracted("r", "a", clerical="true")],
            [None] * 6,
        ),
        # … of a version when that was
        (
            [down("a", 2), down("b", 4, replaces="a"), retracted("r", "b", clerical="true")],
            [None, *"aaaaa"],
        ),
        # a corrected retraction takes back what it names now
        (
            [
                down("a", 1),
                down("b", 1, replaces="a"),
                retracted("r", "a", 2),
                retracted("s", "b", 4, replaces="r"),
            ],
            ["b", None, None, "a", "a", "a"],
        ),
        # mending a retraction's slip does not take back what was told since
        (
            [
                down("a", 1),
                retracted("r", "a", 2),
                down("b", 3, replaces="a"),
                retracted("s", "a", replaces="r", clerical="true"),
            ],
            ["a", None, "b", "b", "b", "b"],
        ),
    ],
)
def test_the_last_word_by_hand(told, expected):
    assert over_days(*told) == expected


def test_a_fact_is_named_by_its_first_id_also_where_that_is_not_known():
    record = recorded(*SETTING, down("a", 9), down("b", 2, replaces="a")).record
    facts = record.log.in_force(AsOf(0, parse_span(KNOWING[3]).latest))
    assert {fact: version.id for fact, version in facts.items()} == {"a": "b"}


def test_a_reference_by_any_id_is_one_to_the_fact():
    restored = {"type": "service-restored", "at": "2021-01-02T00:00Z"}
    record = recorded(
        *SETTING, down("a", 1), down("b", 1, replaces="a"), draft(id="end", ends="b", **restored)
    ).record
    assert record.version("end").subjects == ("a",)
    assert list(record.about("a")) == ["end"]
