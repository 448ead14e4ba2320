"""What an author wrote in Markdown, made fit to stand within a document of ours.

The text is read as CommonMark with tables and written anew from what was understood: paragraphs,
emphasis, links, code, lists, quotes, tables, headings. So nothing that it leaves open reaches what
follows, its headings stand below ours, and raw HTML is text like any other.

Source: CommonMark 0.31, GFM's tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from postmortem.core.words import for_terminal
from postmortem.reports import escaping

_LINKED: Final = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_EXCLAIMED: Final = re.compile(r"(?<!\\)(?:\\\\)*!\Z")
_SAFE: Final = "-._~:/?#@!$&'+,=%"  # in an address; of these none means anything within <…>


@cache
def _reader() -> MarkdownIt:
    # raw HTML is not read, so it becomes text; what is nested deeper than that is nobody's prose
    return MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable("table")


def narrative(text: str, below: int = 2) -> str:
    """The text as Markdown that can stand between two blank lines; empty where there is nothing.

    Its headings go down by so many levels as ours have that it stands `below`.
    """
    tokens = _reader().parse(text)
    for token in tokens:
        if token.type == "heading_open":
            token.tag = f"h{min(6, int(token.tag[1:]) + below)}"
    return "\n".join(_blocks(SyntaxTreeNode(tokens).children, loose=True))


def _blocks(nodes: Iterable[SyntaxTreeNode], *, loose: bool) -> list[str]:
    """The lines of several blocks, one after the other."""
    lines: list[str] = []
    before = ""
    for node in nodes:
        # a list right after another of its kind would go on in it
        other = node.type == before and node.type.endswith("_list")
        found = _block(node, other)
        if not found:
            continue
        if lines and loose:
            lines.append("")
        lines += found
        before = "" if other else node.type
    return lines


def _block(node: SyntaxTreeNode, other: bool) -> list[str]:
    kind = node.type
    if kind == "paragraph":
        text = _inline(node)
        return text.split("\n") if text else []
    if kind == "heading":
        text = _one_line(node)
        return [f"{'#' * int(node.tag[1:])} {text}"] if text else []
    if kind in ("fence", "code_block"):
        return _code(node.content)
    if kind == "blockquote":
        return [f"> {line}".rstrip() for line in _blocks(node.children, loose=True)]
    if kind in ("bullet_list", "ordered_list"):
        return _list(node, other)
    if kind == "table":
        return _table(node)
    return []  # a rule: the blank lines around it are enough


def _code(text: str) -> list[str]:
    fence = "`" * max(3, _longest(text) + 1)
    return [fence, *map(for_terminal, text.splitlines()), fence]


def _longest(text: str) -> int:
    """The longest run of backticks in it."""
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _list(node: SyntaxTreeNode, other: bool) -> list[str]:
    found = [(item, _blocks(item.children, loose=not _tight(item))) for item in node.children]
    items = [(item, lines) for item, lines in found if lines]  # an empty one could underline
    spread = any(not _tight(item) for item, _ in items)
    lines: list[str] = []
    for number, (_, inside) in enumerate(items, int(node.attrs.get("start", 1) or 0)):
        if node.type == "bullet_list":
            marker = "+" if other else "-"
        else:
            marker = f"{number}{')' if other else '.'}"
        indent = " " * (len(marker) + 1)
        if lines and spread:
            lines.append("")
        lines.append(f"{marker} {inside[0]}")
        lines += [f"{indent}{line}".rstrip() for line in inside[1:]]
    return lines


def _tight(item: SyntaxTreeNode) -> bool:
    """Whether nothing in it needs a blank line."""
    if not item.children:
        return True
    first, *others = item.children
    if first.type != "paragraph" or not first.hidden:
        return False
    return all(len(others) == 1 and other.type.endswith("_list") for other in others)


def _table(node: SyntaxTreeNode) -> list[str]:
    rows = [row for part in node.children for row in part.children]
    cells = [[_one_line(cell).replace("|", "\\|") for cell in row.children] for row in rows]
    # what was escaped already stands there as \\| now
    cells = [[cell.replace("\\\\|", "\\|") for cell in row] for row in cells]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + " --- |" * len(cells[0]), *lines[1:]]


# --- within a line --------------------------------------------------------------------------------


def _one_line(node: SyntaxTreeNode) -> str:
    return " ".join(_inside(node).split())


def _inline(node: SyntaxTreeNode) -> str:
    """What stands within, a line for each that was broken on purpose."""
    lines = (" ".join(line.split()) for line in _inside(node).split("\n"))
    return "\\\n".join(filter(None, lines))


def _inside(node: SyntaxTreeNode) -> str:
    """The same with bare line ends where the author broke a line."""
    whole = ""
    for child in node.children:
        for part in _parts(child):
            if part.startswith("[") and _EXCLAIMED.search(whole):  # or it would be an image
                whole = whole[:-1] + "\\!"
            whole += part
    return whole


def _parts(node: SyntaxTreeNode) -> Iterator[str]:
    kind = node.type
    if kind == "inline":
        for child in node.children:
            yield from _parts(child)
    elif kind == "softbreak":
        yield " "
    elif kind == "hardbreak":
        yield "\n"
    elif kind in ("em", "strong"):
        yield from _marked(node, "*" if kind == "em" else "**")
    elif kind == "code_inline":
        yield _code_inline(node.content)
    elif kind in ("link", "image"):
        yield _link(node)
    else:
        yield _words(node.content)


def _words(text: str) -> str:
    """The text escaped; a blank at its edges belongs to the sentence, and stays."""
    escaped = escaping.inline(text)
    before = " " if text[:1].isspace() else ""
    after = " " if escaped and text[-1:].isspace() else ""
    return f"{before}{escaped}{after}"


def _marked(node: SyntaxTreeNode, sign: str) -> Iterator[str]:
    inner = _inside(node).strip()
    # signs around nothing would be a rule, or a list
    yield f"{sign}{inner}{sign}" if inner else " "


def _code_inline(text: str) -> str:
    shown = for_terminal(" ".join(text.split()))
    fence = "`" * (_longest(shown) + 1)
    edge = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{edge}{shown}{edge}{fence}" if shown else ""


def _link(node: SyntaxTreeNode) -> str:
    address = str(node.attrs.get("href") or node.attrs.get("src") or "")
    text = _one_line(node) or escaping.inline(address)
    if not _LINKED.match(address):
        return text
    return f"[{text}](<{quote(address, safe=_SAFE)}>)"
