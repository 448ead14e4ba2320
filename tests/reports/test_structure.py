"""No text in any field changes how a document is built, in three Markdown renderers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any
from xml.etree import ElementTree

import mistune
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from reports.records import Outline, edition, facts

from postmortem.core.words import canonical, for_terminal
from postmortem.reports import FORMATS, format_of, markdown
from postmortem.reports.edition import TEMPLATES
from postmortem.reports.escaping import code, inline
from postmortem.reports.narrative import narrative
from postmortem.reports.seal import SEAL, digest, inert, opened, sealed
from postmortem.reports.wording import LANGUAGES

RENDERERS: dict[str, Callable[[str], str]] = {
    "markdown-it, as GitHub": MarkdownIt("gfm-like").render,
    "CommonMark with tables": MarkdownIt("commonmark").enable("table").render,
    "mistune": mistune.create_markdown(
        plugins=["table", "strikethrough", "url", "footnotes", "task_lists", "def_list", "math"]
    ),
}

HOSTILE = (
    "| a | b |\n|---|---|", "# heading", "\n\n# heading\n\n", "```\nfence", "~~~", "<!-- comment",
    "<script>alert(1)</script>", "-->", "]]>", "[link](javascript:alert(1))", "Setext\n---", "**",
    "![x](https://evil.example/x.png)", "https://evil.example", "www.evil.example", "a|b", "*",
    "evil@evil.example", "<https://evil.example>", "*em* **strong** _em_ __strong__ `code`", "``",
    "`", "\\", "\\\\|", "|", "- item", "1. item", "1) item", "> quote", "===", "---", "***", "_",
    "    indented", "\ttab", "&lt;b&gt; &amp; &#42;", "[x]: https://evil.example", "[^1]: note",
    "[^1]", "$x$ $$y$$", "~~gone~~", "@everyone #12 GH-1", "{{ 7*7 }} {% raw %}", "{x}", "{}", "%s",
    "\u202egnitirw\u202c", "\u2028line\u2029", "\u200b\ufeff", "\x85", "a  \nb", "]", "](x)", "[",
    "!", "<", ">", "postmortem-report", "ftp://x.example", "mailto:a@b.example", "10.0.0.1",
    "a.b/c", "http:x", ": definition", "- [ ] task", "term\n: text", "x\r\ny", "\u00a0", "'\"",
    "`` ` ``",
)  # fmt: skip
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=4).map("".join),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=4).map(" ".join),
    st.text(st.sampled_from("|-_*`[]()<>#!\\&;:./@~=+$^%{}\"' \n\tab1"), max_size=24),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=16),
)

WORDS = frozenset(
    {
        "title", "name", "text", "reason", "how", "known_then", "by", "person", "role", "audience",
        "channel", "unit", "mechanism", "publisher", "author", "provider", "exit_plan", "owner",
        "priority", "verification", "accepted", "what", "basis", "description",
    }
)  # fmt: skip
"""The keys of the facts whose values people wrote."""
FIXED = frozenset({"question", "measures", "doubts"})
"""The keys that are no people's words, whatever they hold."""


def with_texts(document: Any, text: str) -> Any:
    """The facts with that text in each of people's fields that is not empty."""
    if isinstance(document, list):
        return [with_texts(each, text) for each in document]
    return (
        document
        if not isinstance(document, dict)
        else {key: _with_text(key, value, text) for key, value in document.items()}
    )


def _with_text(key: str, value: Any, text: str) -> Any:
    if key in FIXED:
        return value
    if key in WORDS and isinstance(value, str):
        return text
    if key in ("authors", "alternatives", "kinds") and value:
        return [text for _ in value]
    return with_texts(value, text)


def hostile(text: str, template: str = "review", language: str = "en") -> str:
    """The full document, with the text in every field that is shown in one line."""
    whole = facts("full")
    changed = with_texts(whole, text)
    for id in whole["texts"].values():  # what authors write in Markdown has a test of its own
        changed["record"][id]["says"]["text"] = whole["record"][id]["says"]["text"]
    return markdown.body(changed, edition(template, language))


@cache
def calm(template: str) -> dict[str, Outline]:
    document = hostile("calm", template)
    return {name: Outline(render(document)) for name, render in RENDERERS.items()}


@pytest.mark.parametrize("template", TEMPLATES)
@given(text=texts)
@settings(max_examples=25)
def test_no_text_in_any_field_changes_the_structure(template, text):
    document = hostile(text or "calm", template)
    for name, render in RENDERERS.items():
        wild = Outline(render(document))
        assert wild.elements == calm(template)[name].elements
        assert wild.addresses == calm(template)[name].addresses


@pytest.mark.parametrize("renderer", RENDERERS)
@given(text=texts)
@settings(max_examples=150)
@example("`` ` ``").via("a run of backticks")
def test_a_line_of_text_is_shown_and_does_nothing_else(renderer, text):
    render = RENDERERS[renderer]
    for written in (inline(text), code(text)):
        page = render(f"| a | b |\n| --- | --- |\n| {written} | {written} |\n\n- x {written} y\n")
        outline = Outline(page)
        head = ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
        assert [e for e in outline.elements if e != "math"] == [*head, "ul", "li"], page
        assert not outline.addresses


@given(text=texts)
@settings(max_examples=150)
def test_a_line_of_text_reads_as_it_was_written(text):
    page = MarkdownIt("commonmark").render(f"x{inline(text)}x")
    shown = ElementTree.fromstring(page).itertext()  # noqa: S314 - our own
    assert "".join(shown).replace("\u2060", "") == f"x{for_terminal(' '.join(text.split()))}x"


ALLOWED = frozenset(
    {
        "p", "em", "strong", "a", "ul", "ol", "li", "blockquote", "pre", "code", "h3", "h4", "h5",
        "h6", "table", "thead", "tbody", "tr", "th", "td", "br",
    }
)  # fmt: skip


@pytest.mark.parametrize("renderer", RENDERERS)
@given(text=st.lists(texts, max_size=6).map("\n".join))
@settings(max_examples=150)
def test_an_authors_markdown_stays_within_its_place(renderer, text):
    """What follows is as if the text were not there; nothing in it is more than prose."""
    render = RENDERERS[renderer]
    page = render(f"## Before\n\n{narrative(text)}\n\n## After\n\n| a |\n| --- |\n| b |\n")
    outline = Outline(page)
    after = ["h2", "table", "thead", "tr", "th", "tbody", "tr", "td"]
    assert outline.elements[0] == "h2"
    assert outline.elements[-len(after) :] == after
    assert set(outline.elements[1 : -len(after)]) <= ALLOWED
    assert all(re.match("(?i)https?://|mailto:", each) for each in outline.addresses)


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("before", ["!", "\\\\!", "\\\\\\!", "a!"])
def test_an_exclamation_before_a_link_makes_no_image(renderer, before):
    outline = Outline(RENDERERS[renderer](narrative(f"{before}<https://x.example>")))
    assert "img" not in outline.elements
    assert outline.addresses == ["https://x.example"]


def test_an_authors_markdown_keeps_what_it_says():
    written = (
        "# One\n\nThe *first* and **second** `co|de`, [a link](https://x.example/a_(b)) there.\n\n"
        "- a\n- b\n  - c\n\n1. d\n2. e\n\n> quoted\n\n```\n*raw*\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert narrative(written) == (
        "### One\n\nThe *first* and **second** `co|de`, "
        "[a link](<https://x.example/a_%28b%29>) there.\n\n"
        "- a\n- b\n  - c\n\n1. d\n2. e\n\n> quoted\n\n```\n*raw*\n```\n\n"
        "| a | b |\n| --- | --- |\n| 1 | 2 |"
    )


def _json(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    leaves = st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), text)
    keys = st.text(st.sampled_from("abc_"), min_size=1, max_size=4)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
    )


@given(document=_json(texts))
@settings(max_examples=150)
def test_a_seal_is_one_line_that_nothing_breaks_out_of(document):
    line = inert(document)
    assert json.loads(line) == document
    assert canonical(json.loads(line)) == canonical(document)
    assert len(line.splitlines()) == 1
    assert "--" not in line
    assert "<" not in line
    assert ">" not in line
    for renderer in RENDERERS.values():  # also where it is taken for text
        outline = Outline(renderer(f"x {line} x"))
        assert outline.elements == ["p"], line
        assert not outline.addresses


@given(document=_json(texts))
def test_in_pieces_a_seal_is_the_same_line(document):
    pieces = list(sealed(["one\n", "two\n"], {"facts": document}, "three\n"))
    whole = {"report": SEAL, "facts": document, "body_sha256": digest("one\ntwo\nthree\n")}
    line = f"<!-- postmortem-report {inert(whole)} -->"
    assert "".join(pieces) == f"one\ntwo\n{line}\nthree\n"


def test_a_longer_page_has_more_pieces_and_no_longer_ones():
    told = facts("full")
    again = {f"{id}-again": fact for id, fact in told["record"].items()}
    longer = {**told, "record": told["record"] | again, "timeline": told["timeline"] * 2}
    short, long = (
        [len(piece) for piece in format_of("html").document(each, edition("review"))]
        for each in (told, longer)
    )
    assert max(short) == max(long)
    assert len(long) > len(short) + 2 * len(again)


@given(text=texts)
@settings(max_examples=100)
def test_a_document_opens_to_what_it_was_sealed_with(text):
    question = {"platform": text, "audience": text, "recorded_at": text}
    question |= {"known_at": None, "incident": text}
    seal = {"program": "1", "format": "markdown", "facts": {"question": question}}
    body = "".join(f"{line}\n" for line in ("one", *text.splitlines()))
    found = opened("".join(sealed([body], seal)), "a file")
    assert found.body == body
    assert found.seal["facts"] == seal["facts"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
@given(text=texts)
@settings(max_examples=6)
def test_the_html_is_well_formed_and_asks_for_nothing(template, language, text):
    told = with_texts(facts("full"), text or "calm")
    page = "".join(format_of("html").document(told, edition(template, language)))
    outline = Outline(page)
    assert not outline.open
    assert not {"script", "img", "iframe", "object", "form", "link", "base"} & set(outline.elements)
    assert all(
        each.startswith(("#", "http://", "https://", "mailto:")) for each in outline.addresses
    )
    targets = set(re.findall(r' id="([^"]+)"', page))
    assert {each[1:] for each in outline.addresses if each.startswith("#")} <= targets


def test_every_form_is_there():
    assert set(FORMATS) == {"markdown", "html", "json"}
