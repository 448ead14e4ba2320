"""Passages: normalisation, hashes, finding again; and what a source's bytes say."""

import hashlib
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from postmortem.core import passages
from postmortem.core.citations import FRAGMENT, Citation, Place
from postmortem.core.passages import (
    CHANGED,
    HOLDS,
    MISSING,
    MOVED,
    UNCHECKED,
    cited,
    nearest,
    normalised,
    occurrences,
    verify,
)
from postmortem.core.source_text import media_type, text_of

WORDS = st.lists(
    st.text(st.sampled_from("abcdeÄöß中文é.,-'"), min_size=1, max_size=6), min_size=1, max_size=30
)
TEXT = normalised(
    "The hosting company gave notice on Friday.\n\nTickets are sold at the quay; cards are not "
    "taken. Tickets are sold at the quay."
)


@given(st.text())
def test_the_normal_form_is_one_and_stays(text):
    once = normalised(text)
    assert normalised(once) == once
    assert "  " not in once
    assert once == once.strip()
    assert unicodedata.is_normalized("NFC", once)
    assert "".join(once.split()) == "".join(unicodedata.normalize("NFC", text).split())


def test_what_does_not_count_and_what_does():
    assert normalised(" e\u0301t\u00e9\r\n\t\u00a0 fini\n") == "été fini"
    assert normalised("Ne") != normalised("ne")
    assert normalised("don't") != normalised("don’t")


def test_a_citation_can_be_checked_by_anybody_with_sha256():
    start = TEXT.index("gave notice")
    made = cited("a1", TEXT, start, start + 11)
    assert hashlib.sha256(b"gave notice").hexdigest().startswith(made.excerpt)
    assert hashlib.sha256(TEXT.encode()).hexdigest().startswith(made.snapshot)
    assert (len(made.excerpt), len(made.snapshot)) == (32, 16)


@given(WORDS, st.data())
def test_what_was_cited_holds_in_its_own_text(words, data):
    text = normalised(" ".join(words))
    assume(text)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert verify(cited("a1", text, start, end), text).word == HOLDS


@given(WORDS, WORDS, WORDS, st.data())
def test_a_passage_that_begins_a_word_is_found_again_wherever_it_goes(before, words, after, data):
    """By its hash alone: beginning at a word, ending anywhere, in whatever script."""
    old = normalised(" ".join(words))
    starts = [i for i in range(len(old)) if passages.begins_word(old, i)]
    start = data.draw(st.sampled_from(starts))
    end = data.draw(st.integers(start + 1, len(old)))
    made = cited("a1", old, start, end)
    # the whole old text stands in the new one, with something before and after it
    new = normalised(" ".join([*before, old, *after]))
    assume(old in new)
    verdict = verify(made, new)
    assert verdict.word in (HOLDS, MOVED)
    if verdict.word == MOVED:
        assert all(new[at : at + end - start] == old[start:end] for at in verdict.now)


def test_moved_changed_missing():
    start = TEXT.index("cards are not taken")
    made = cited("a1", TEXT, start, start + 19)
    assert verify(made, f"News. {TEXT}") == passages.Verdict(MOVED, (start + 6,))
    changed = verify(made, TEXT.replace("not", "now"))
    assert (changed.word, changed.is_lost) == (CHANGED, True)
    assert "something else stands there" in changed.why
    gone = verify(made, "Nothing is left.")
    assert (gone.word, gone.is_lost) == (MISSING, True)
    assert "ends at 16" in gone.why


def test_a_hash_that_never_fitted_its_own_text_is_told_so():
    wrong = Citation("a1", Place("char", 0, 3), "0" * 32, 3, passages.digest(TEXT)[:16])
    assert "it never stood there" in verify(wrong, TEXT).why


@pytest.mark.parametrize(
    ("citation", "word"),
    [
        (Citation("a1", Place("char", 0, 3)), UNCHECKED),
        (Citation("a1"), UNCHECKED),
        (Citation("a1", excerpt=passages.digest(TEXT)[:32]), HOLDS),
        (Citation("a1", excerpt="0" * 32), CHANGED),
        (Citation("a1", Place(FRAGMENT, value="x"), passages.digest("notice")[:32]), UNCHECKED),
        (Citation("a1", Place(FRAGMENT, value="x"), passages.digest("notice")[:32], 6), HOLDS),
        (Citation("a1", Place(FRAGMENT, value="x"), "0" * 32, 6), CHANGED),
        (Citation("a1", Place("free", value="char=9"), problem="slip"), UNCHECKED),
    ],
)
def test_other_places(citation, word):
    assert verify(citation, TEXT).word == word


def test_a_passage_inside_a_word_is_told_apart():
    assert not passages.begins_word("the visits", 5)
    assert passages.begins_word("the visits", 4)
    assert passages.begins_word("«the", 1)
    assert all(passages.begins_word("没有日期", i) for i in range(4))


def test_where_it_stands_and_what_is_most_like_it():
    assert occurrences(TEXT, "Tickets are sold") == [43, 94]
    assert occurrences("aaa", "aa") == [0, 1]
    assert occurrences(TEXT, "") == []
    near = nearest(TEXT, "tickets were sold at our quay")
    assert TEXT[near.start : near.end] == "Tickets are sold at the quay;"
    assert near.share == pytest.approx(4 / 6)
    assert nearest(TEXT, "xyz") is None
    assert nearest("", "xyz") is None
    assert TEXT[slice(*nearest(TEXT, f"{TEXT} and more")[:2])] == TEXT


# --- from bytes to text ---------------------------------------------------------------------------

PAGE = """<!doctype html><html><head><title>Unseen</title><style>p { x: y }</style>
<script>document.write("<p>never</p>")</script></head>
<body><h1>Head<br>line</h1><p>One <b>wo</b>rd&amp;more,<!-- aside --> na&iuml;ve.</p
><p>Next<noscript>no script</noscript><td>cell</td><img alt="x"/></body>"""


def test_the_text_of_a_page_is_what_is_seen_of_it():
    assert text_of(PAGE.encode(), "text/html") == "Head line One word&more, naïve. Next cell"


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        ("Zürich\r\n heute".encode(), "text/plain", "Zürich heute"),
        (b"\xef\xbb\xbfmark", "text/plain", "mark"),
        ("Zürich".encode("latin-1"), "text/plain", None),
        ("# Ä *b*".encode(), "text/markdown; charset=utf-8", "# Ä *b*"),
        ('<meta charset="latin-1"><p>Zürich'.encode("latin-1"), "text/html", "Zürich"),
        ('<meta charset="no-such"><p>Zürich'.encode(), "text/html", None),
        ('<meta charset="hex"><p>Zürich'.encode(), "text/html", None),
        ('<meta charset="utf-16"><p>Zürich'.encode(), "text/html", "Zürich"),
        (b"%PDF-1.7", "application/pdf", None),
        (b"", "text/plain", ""),
    ],
)
def test_texts(data, kind, text):
    assert text_of(data, kind) == text


@given(st.binary(max_size=300), st.sampled_from(["text/html", "text/plain", "text/markdown"]))
def test_no_bytes_break_it(data, kind):
    found = text_of(data, kind)
    assert found is None or normalised(found) == found


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.HTML", b"x", "text/html"),
        ("b.md", b"x", "text/markdown"),
        ("c", b"%PDF-1.4", "application/pdf"),
        ("d", b"\xef\xbb\xbf\n<!-- x --> <!DOCTYPE HTML><p>", "text/html"),
        ("e", "ä".encode(), "text/plain"),
        ("f", b"\xff\xfe", "application/octet-stream"),
        ("g", b"a\0b", "application/octet-stream"),
        ("h.unknown", b"text", "text/plain"),
    ],
)
def test_media_types(name, data, kind):
    assert media_type(name, data) == kind
