"""Full text: what is found and what not; the index is made anew, and made to forget."""

import contextlib
import re
import sqlite3
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postmortem.core.errors import BadInput
from postmortem.core.times import END, AsOf, parse_stored
from postmortem.store import readmodel, search
from postmortem.store.view import View
from postmortem.testing import draft, histories
from postmortem.tracker import Tracker

NOW = AsOf(END)
BOOK = """
casebook: 1
platform: {id: parler, name: Parler, zone: America/Los_Angeles}
sources:
  press: {title: Über die Nacht, author: A. Reporter, published_at: 2021-01-12T09:00Z}
services:
  aws: {name: Web hosting, provider: amazon, meta: {kind: [hosting, "very large"]}}
  okta: {name: Sign-on}
capabilities:
  use: {all_of: [aws, {optional: okta}]}
events:
  - {id: cut, type: service-cut-off, service: aws, at: 2021-01-11T07:59Z, cites: ["press#p. 7"],
     by: Amazon, reason: Violence, note: Switched off in the night to Monday}
  - {id: cut-2, type: service-cut-off, service: aws, at: 2021-01-11T08:00Z, replaces: cut,
     known_at: 2021-01-20T00:00Z, note: Switched off at midnight}
  - {id: seen, type: note, at: 2021-01-11T09:00Z, text: "Naïveté, café",
     about: cut}
"""


@pytest.fixture
def store(tmp_path):
    with Tracker(str(tmp_path / "store.db"), by="you") as tracker:
        tracker.import_file("book.yaml", BOOK.encode())
        yield tracker


def found(tracker, text, as_of=NOW, limit=20):
    return search.find(tracker.view, "parler", text, as_of, limit)


def ids(tracker, text, as_of=NOW):
    hits = found(tracker, text, as_of).hits
    return [tracker.view.logged(hit.position).id for hit in hits]


def excerpts(tracker, text):
    return {
        tracker.view.logged(hit.position).id: dict(hit.found) for hit in found(tracker, text).hits
    }


# --- what is found --------------------------------------------------------------------------------


def test_words_are_found_wherever_they_stand_and_each_hit_says_where(store):
    assert excerpts(store, "amazon") == {
        "service:aws": {"provider": "«amazon»"},
        "cut": {"by": "«Amazon»"},
    }
    assert excerpts(store, "large") == {"service:aws": {"meta": "hosting\nvery «large»"}}
    assert excerpts(store, "night monday") == {
        "cut": {"note": "Switched off in the «night» to «Monday»"}
    }


def test_the_words_may_stand_in_several_fields_of_one_entry(store):
    assert excerpts(store, "violence amazon night") == {
        "cut": {
            "by": "«Amazon»",
            "note": "Switched off in the «night» to Monday",
            "reason": "«Violence»",
        }
    }
    assert ids(store, "amazon midnight") == []


def test_what_an_entry_names_is_found_too(store):
    assert set(ids(store, "okta")) == {"service:okta", "capability:use"}
    assert set(ids(store, "press")) == {"source:press", "cut"}
    assert set(ids(store, "service-cut-off")) == {"cut", "cut-2"}


def test_the_id_comes_first(store):
    assert ids(store, "cut")[:2] == ["cut", "cut-2"]
    assert found(store, "cut").hits[0].found[0] == ("id", "«cut»")


def test_case_and_diacritics_do_not_matter(store):
    assert ids(store, "uber NACHT") == ["source:press"]
    assert ids(store, "ÜBER") == ["source:press"]
    assert ids(store, "naivete cafe") == ["seen"]
    assert ids(store, "naïveté") == ["seen"]


def test_only_the_last_word_may_be_a_beginning(store):
    assert ids(store, "switched mid") == ["cut-2"]
    assert not found(store, "switched mid").inside_words
    assert found(store, "mid switched").inside_words  # found all the same, and said to be so


def test_where_nothing_is_found_words_may_stand_inside_others(store):
    assert found(store, "idnigh").inside_words
    assert excerpts(store, "idnigh") == {"cut-2": {"note": "Switched off at m«idnigh»t"}}
    assert excerpts(store, "AFÉ") == {"seen": {"text": "Naïveté, c«afé»"}}
    assert found(store, "zzz") == search.Found((), 0)


def test_the_limit_leaves_out_hits_and_not_their_number(store):
    every = found(store, "off")
    assert every.total == len(every.hits) == 2
    some = found(store, "off", limit=1)
    assert (some.hits, some.total) == (every.hits[:1], 2)


def test_knowledge_and_recording_limit_what_is_found(store):
    early = AsOf(END, known=parse_stored("2021-01-19T00:00:00Z"))
    assert set(ids(store, "switched")) == {"cut", "cut-2"}
    assert ids(store, "switched", early) == ["cut"]
    assert ids(store, "hosting", AsOf(END, known=0)) == ["service:aws"]  # seen whatever K is
    assert ids(store, "idnigh", early) == []
    assert found(store, "switched", AsOf(END, recorded=0)).total == 0


def test_platforms_are_kept_apart(store):
    other = BOOK.replace("parler", "gab").replace("amazon", "epik")
    store.import_file("other.yaml", other.encode())
    assert ids(store, "epik") == []
    assert search.find(store.view, "gab", "epik", NOW, 5).total == 1
    assert len(ids(store, "service-cut-off")) == 2


def test_no_words_and_too_many_are_refused(store):
    for text in ("", " \t\n", "\u2003"):
        with pytest.raises(BadInput, match="no word"):
            found(store, text)
    with pytest.raises(BadInput, match="at most 32"):
        found(store, " ".join(map(str, range(33))))


NASTY = (
    *(
        '"',
        "'",
        '"" OR ""',
        "NEAR(a b)",
        "a AND",
        "NOT",
        "text:night",
        "^night",
        "night*",
        "*",
        "-",
    ),
    *("{a}", "(", "night)", "a + b", "\x00", "a\x00b", "\udcff", "%", "_", "[a-z]", "\u0301"),
    *("½", "中文"),
)


@pytest.mark.parametrize("text", NASTY)
def test_what_is_typed_is_never_a_query(store, text):
    found(store, text)
    found(store, f"{text} night")
    found(store, f"night {text}")


@given(text=st.text(max_size=30))
@settings(max_examples=60)
def test_any_text_is_an_answer_or_refused_as_no_word(tmp_path_factory, text):
    with Tracker(_shared(tmp_path_factory)) as tracker, contextlib.suppress(BadInput):
        result = found(tracker, text)
        assert len(result.hits) == min(result.total, 20)


def _shared(tmp_path_factory, made=[]):  # noqa: B006
    if not made:
        made.append(str(tmp_path_factory.mktemp("search") / "store.db"))
        with Tracker(made[0]) as tracker:
            tracker.import_file("book.yaml", BOOK.encode())
    return made[0]


def texts_of(tracker):
    """(position, text) of all that can be found."""
    rows = tracker.view.connection.execute(f"SELECT position, text FROM {search.TABLE}").fetchall()
    return [(position, text) for position, text in rows]


@given(drafts=histories(least=2, most=8), pick=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_every_word_of_an_entry_finds_it_and_every_hit_holds_the_word(
    tmp_path_factory, drafts, pick
):
    with Tracker(str(tmp_path_factory.mktemp("words") / "store.db")) as tracker:
        for each in drafts:
            with contextlib.suppress(BadInput):
                tracker.record([each])
        texts = texts_of(tracker)
        places = [(p, word) for p, text in texts for word in re.findall(r"[a-z0-9]{2,}", text)]
        for position, word in pick.sample(places, min(5, len(places))):
            result = found(tracker, word, limit=1000)
            assert position in {hit.position for hit in result.hits}
            for hit in result.hits:
                held = " ".join(text for p, text in texts if p == hit.position).lower()
                assert word in held
                assert all("«" in excerpt for _, excerpt in hit.found)


def test_an_excerpt_is_the_part_with_most_matches(store):
    far = "alpha " + "x" * 300 + " so alpha and beta meet, " + "y " * 200
    long = "z" * 500
    store.record(
        [
            draft("note", id="far", at="2021-01-12T00:00Z", text=far),
            draft("note", id="long", at="2021-01-12T00:00Z", text=long),
        ]
    )
    text = excerpts(store, "alpha beta")["far"]["text"]
    assert text.startswith("…so «alpha» and «beta» meet, y ")
    assert text.endswith("…")
    assert len(text) < 240
    assert re.fullmatch("«z+»…", excerpts(store, "zzz")["long"]["text"])
    assert len(excerpts(store, "zzz")["long"]["text"]) > 100


def test_a_text_full_of_matches(store):
    store.record([draft("note", id="full", at="2021-01-12T00:00Z", text="word " * 20_000)])
    text = excerpts(store, "word")["full"]["text"]
    assert re.fullmatch("(«word» )+«word»…", text)
    assert len(text) < 300


# --- the index is disposable, and can forget ------------------------------------------------------


def whole_index(connection):
    """Raises unless the index agrees with its table."""
    index = search.INDEX
    connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")


def test_a_rebuild_gives_the_same_rows(store):
    store.record([draft("note", id="later", at="2021-01-12T00:00Z", text="Later on")])
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        before = readmodel.rows(connection)
        whole_index(connection)
        assert len(before[search.TABLE]) > 20
    store.rebuild()
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        assert readmodel.rows(connection) == before
        whole_index(connection)
    assert ids(store, "later on") == ["later"]


def test_words_that_are_withheld_can_be_taken_out(store):
    position = found(store, "violence").hits[0].position
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        assert b"violence" in pages(connection)
        assert search.forget(connection, position, "reason")
        assert not search.forget(connection, position, "reason")
        connection.execute(
            "DELETE FROM disclosures WHERE position = ? AND field = 'reason'", (position,)
        )
        assert b"violence" not in pages(connection)
        whole_index(connection)
        before = readmodel.rows(connection)
    store.close()
    assert found(store, "violence").total == 0
    assert "cut" in ids(store, "amazon night")
    store.rebuild()  # what is withheld does not come back, and no other key moves
    with contextlib.closing(sqlite3.connect(store.path)) as connection:
        assert readmodel.rows(connection) == before


def pages(connection):
    blocks = connection.execute(f"SELECT block FROM {search.INDEX}_data").fetchall()
    texts = connection.execute(f"SELECT text FROM {search.TABLE}").fetchall()
    return b"".join(block for (block,) in blocks) + " ".join(t for (t,) in texts).lower().encode()


def test_a_withheld_text_stands_nowhere(store):
    stored = {"note": {"sd": "x" * 43}, "service": "aws", "at": {"earliest": 1}}
    told = search.texts("id", "note", stored, stored)
    assert told == {"id": "id", "type": "note", "at": "", "note": "", "service": "aws"}
    clear = {**stored, "note": {"sd": "this mapping was recorded as such"}}
    assert search.texts("id", "note", stored, clear)["note"] == "this mapping was recorded as such"


def test_a_store_that_may_only_be_read_is_searched_in_memory(store):
    with contextlib.closing(View.in_memory(store.path)) as view:
        readmodel.rebuild(view.connection)
        result = search.find(view, "parler", "midnight", NOW, 5)
        assert (result.total, result.by_index) == (1, True)


# --- a SQLite without FTS5 ------------------------------------------------------------------------


@pytest.fixture
def without_fts5():
    with mock.patch.object(search, "has_fts5", return_value=False):
        yield


def test_without_fts5_every_text_is_read(without_fts5, store):
    result = found(store, "uber nacht")
    assert (result.total, result.by_index, result.inside_words) == (1, False, False)
    assert ids(store, "switched off") == ["cut", "cut-2"]
    assert excerpts(store, "night") == {
        "cut": {"note": "Switched off in the «night» to Monday"},
        "cut-2": {"note": "Switched off at mid«night»"},  # nobody can tell words apart here
    }
    assert found(store, "zzz").total == 0
    store.rebuild()
    assert ids(store, "switched off") == ["cut", "cut-2"]


def test_an_index_that_lags_behind_is_not_asked(store):
    assert found(store, "midnight").by_index
    store.close()
    missing = sqlite3.OperationalError("no such module: fts5")
    with mock.patch.object(search, "has_fts5", return_value=False), failing_index(missing):
        store.record([draft("note", id="later", at="2021-01-12T00:00Z", text="Past midnight")])
    result = found(store, "midnight")
    assert not result.by_index
    assert {store.view.logged(hit.position).id for hit in result.hits} == {"cut-2", "later"}
    store.rebuild()
    assert found(store, "midnight").by_index
    assert ids(store, "past midnight") == ["later"]


@contextlib.contextmanager
def failing_index(error):
    """Writing to the index fails as it does where the module is missing."""
    real = search.index

    class Connection:
        def __init__(self, inner):
            self.inner = inner

        def execute(self, sql, *arguments):
            if search.INDEX in sql:
                raise error
            return self.inner.execute(sql, *arguments)

        def executemany(self, sql, rows):
            return self.inner.executemany(sql, rows)

    def index(connection, *arguments, **options):
        return real(Connection(connection), *arguments, **options)

    with mock.patch.object(search, "index", index):
        yield


def test_another_failure_of_the_index_is_no_reason_to_go_on(store):
    store.close()
    with (
        failing_index(sqlite3.OperationalError("disk I/O error")),
        pytest.raises(Exception, match="I/O"),
    ):
        store.record([draft("note", id="later", at="2021-01-12T00:00Z", text="Past midnight")])
    assert ids(store, "past midnight") == []
