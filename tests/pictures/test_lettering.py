"""Text in a picture: never wider than measured, never cut, never markup."""

import unicodedata
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postmortem.pictures.lettering import drawn, shorten, shown, width, xml

HOSTILE = st.text(st.characters(), max_size=80) | st.text(
    st.sampled_from("<>&\"'\x00\x07\x1b\x7f\x85\u2028\u202e\u200b\ufdd0\ufffe\ud800é日W]\t\n "),
    max_size=40,
)


@given(HOSTILE)
def test_any_text_is_content_and_nothing_else(text):
    element = ElementTree.fromstring(f'<a b="{xml(text)}">{xml(text)}</a>')  # noqa: S314
    assert element.text or not text
    assert (element.text or "") == shown(text) == element.get("b")
    assert len(element) == 0


@given(HOSTILE)
def test_nothing_is_left_that_is_not_to_be_seen(text):
    for character in shown(text):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


@given(HOSTILE, st.floats(20, 400), st.booleans())
def test_a_shortened_text_fits_and_begins_as_the_whole(text, room, bold):
    whole = drawn(text)
    short = shorten(whole, room, 13, bold=bold)
    assert width(short, 13, bold=bold) <= room
    assert short == whole or (short.endswith("…") and whole.startswith(short[:-1].rstrip()))
    if width(whole, 13, bold=bold) <= room:
        assert short == whole


def test_a_tower_of_accents_is_pulled_down():
    assert drawn("a" + "\u0301" * 30 + "b") == "a\u0301\u0301b"


# Advance widths in thousandths of the letters' size, as the fonts' own tables have them.
VERDANA = {"a": 601, "e": 596, "i": 274, "m": 973, "W": 989, "0": 636, " ": 352, ".": 364}
DEJAVU_BOLD = {"a": 675, "e": 678, "i": 343, "m": 1042, "W": 1103, "0": 696, " ": 348, ".": 380}


@pytest.mark.parametrize(("font", "bold"), [(VERDANA, False), (DEJAVU_BOLD, True)])
def test_words_are_measured_wider_than_wide_fonts_are(font, bold):
    for word in ("ammeW iiii", "0.0.0.0.", "Wimmea mea 0", "eeeeeeee aaaaaaaa"):
        assert width(word, 1000, bold=bold) >= 0.97 * sum(font[character] for character in word)
