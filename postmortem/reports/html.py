"""A document as one HTML file that needs nothing else: made from its Markdown.

Styles and the picture stand in it; there is no script, and nothing is fetched from anywhere. Raw
HTML in the Markdown would be shown as text, and an address that a browser would run is no link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from postmortem.reports import markdown
from postmortem.reports.edition import Edition
from postmortem.reports.seal import sealed
from postmortem.reports.wording import Wording

_INLINE: Final = "timeline.svg"
"""What the picture is called in the Markdown that the HTML is made from."""
_FRONT: Final = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_MARK: Final = re.compile(r"\[([0-9]+)[a-z]*\]")
_TIME: Final = re.compile(
    r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?: (?:[A-Z]{2,5}|[+-][0-9]{4}))?)?"
    r"|−?\b[0-9]+ d [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
)
"""A time or a length as we write it: it is not to be broken where a line ends."""
_STYLE: Final = Path(__file__).with_name("document.css")


def document(facts: Mapping[str, Any], edition: Edition) -> Iterator[str]:
    """The document of these facts as HTML, with its seal, piece by piece.

    Raises: BadInput, with file and line, for a template that fails.
    """
    picture = edition.picture
    named = None if picture is None else picture._replace(file=_INLINE)
    text = markdown.body(facts, edition._replace(picture=named))
    wording = Wording(edition.language, facts["platform"]["zone"])
    page = _Page(_FRONT.sub("", text), wording, "" if picture is None else picture.svg)
    title = facts["incident"]["title"] or facts["platform"]["name"]
    head = _HEAD.format(
        language=edition.language,
        title=escape(title),
        style=_STYLE.read_text("utf-8").strip(),
    )
    own = edition if picture is None else edition._replace(picture=picture._replace(file=None))
    before = chain([head], page.rendered(), ["</main>\n"])
    yield from sealed(before, own.seal("html", facts), _FOOT)


# What a browser may do with the page, whatever should get into it: apply its styles, and no more.
_HEAD: Final = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
"""
_FOOT: Final = "</body>\n</html>\n"


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table")


@cache
def _block_reader() -> MarkdownIt:
    """It leaves what stands in the blocks unread: most of what a long document would be."""
    reader = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table")
    return reader.disable(["inline", "text_join"])


class _Page:
    """A page being made: its tokens changed where HTML can do more than Markdown."""

    def __init__(self, text: str, wording: Wording, svg: str) -> None:
        self.wording = wording
        self.svg = svg
        self.sources = str(wording.say("anchor.sources"))
        self.headings: list[tuple[str, str]] = []
        """The ids and texts of the sections."""
        self._environment: EnvType = {}
        tokens = _block_reader().parse(text, self._environment)
        self._name_headings(tokens)
        self._number_sources(tokens)
        self._wrap_tables(tokens)
        self._frame_picture(tokens)
        self._tokens = tokens

    def rendered(self) -> Iterator[str]:
        """The HTML, with a list of the sections before the first one; not where there are few."""
        renderer, options = _Renderer(self.svg), _reader().options
        contents = self._contents() if len(self.headings) >= _WORTH_IT else ""
        for index, token in enumerate(self._tokens):
            if token.type == "inline":
                children = self._within(token)
                self._change(children)
                yield renderer.renderInline(children, options, self._environment)
                continue
            if contents and token.type == "heading_open" and token.tag == "h2":
                yield contents
                contents = ""
            rule = renderer.rules.get(token.type, renderer.renderToken)
            yield rule(self._tokens, index, options, self._environment)

    def _contents(self) -> str:
        items = "".join(
            f'<li><a href="#{escape(id)}">{escape(text)}</a></li>\n' for id, text in self.headings
        )
        label = escape(self.wording.plain("contents"))
        return f'<nav aria-label="{label}">\n<ol>\n{items}</ol>\n</nav>\n'

    def _within(self, block: Token) -> list[Token]:
        """What stands in a block, read now."""
        return _reader().parseInline(block.content, self._environment)[0].children or []

    def _name_headings(self, tokens: Sequence[Token]) -> None:
        taken: dict[str, int] = {}
        for index, token in enumerate(tokens):
            if token.type != "heading_open" or token.tag not in ("h2", "h3"):
                continue
            text = "".join(child.content for child in self._within(tokens[index + 1]))
            id = slug(text)
            taken[id] = taken.get(id, -1) + 1
            id = f"{id}-{taken[id]}" if taken[id] else id
            token.attrSet("id", id)
            if token.tag == "h2":
                self.headings.append((id, text))

    def _number_sources(self, tokens: Sequence[Token]) -> None:
        """Every source gets an id, so that its marks lead to it."""
        inside, number = False, 0
        for token in tokens:
            if token.type == "heading_open":
                inside = token.attrGet("id") == self.sources
            elif inside and token.type == "list_item_open" and token.level == 1:
                number += 1
                token.attrSet("id", f"source-{number}")

    @staticmethod
    def _wrap_tables(tokens: Sequence[Token]) -> None:
        columns = 0
        table: Token | None = None
        for token in tokens:
            if token.type == "table_open":
                table, columns = token, 0
            elif token.type == "th_open":
                columns += 1
                token.attrSet("scope", "col")
            elif token.type == "thead_close" and table is not None:
                table.attrSet("class", "wide" if columns >= _WIDE else "narrow")

    def _frame_picture(self, tokens: Sequence[Token]) -> None:
        """The picture's paragraph becomes a figure, which may be as wide as the page."""
        for index, token in enumerate(tokens):
            if token.type != "inline" or _INLINE not in token.content:
                continue
            only = self._within(token)
            if [child.type for child in only] == ["image"] and only[0].attrGet("src") == _INLINE:
                tokens[index - 1].tag = tokens[index + 1].tag = "figure"

    def _change(self, tokens: Sequence[Token]) -> None:
        for index, token in enumerate(tokens):
            if token.type != "link_open":
                continue
            address = str(token.attrGet("href"))
            mark = _MARK.fullmatch(tokens[index + 1].content) if index + 1 < len(tokens) else None
            if address == f"#{self.sources}" and mark:
                token.attrSet("href", f"#source-{mark[1]}")
                token.attrSet("class", "mark")
            elif not address.startswith("#"):
                token.attrSet("rel", "noopener noreferrer")


class _Renderer(RendererHTML):
    """Tables that scroll by themselves, the picture within the page, no other picture at all."""

    def __init__(self, svg: str) -> None:
        super().__init__()
        self.svg = svg

    def table_open(
        self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
    ) -> str:
        return f'<div class="table">{self.renderToken(tokens, index, options, env)}'

    def table_close(
        self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
    ) -> str:
        return "</table></div>\n"

    def text(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        return _TIME.sub(r'<span class="time">\g<0></span>', escape(tokens[index].content))

    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[index]
        if token.attrGet("src") == _INLINE and self.svg:
            return self.svg.strip()
        return escape(token.content)


def slug(text: str) -> str:
    """A heading's id, as forges make it: small letters, digits, hyphens for blanks."""
    kept = re.sub(r"[^\w\- ]", "", text.lower())
    return kept.strip().replace(" ", "-")


_WORTH_IT: Final = 6  # sections from which on a table of contents helps
_WIDE: Final = 5  # columns
