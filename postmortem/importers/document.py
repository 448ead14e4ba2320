"""A YAML or JSON document as text, lists and mappings that remember their lines.

Every scalar stays the text that was written: `no` is no boolean, `2021-01-10` no date. Duplicate
keys, aliases, tags and second documents are errors; so are documents too large or too deep to be
somebody's casebook.

Source: YAML 1.1 as libyaml reads it; RFC 8259 for JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from postmortem.core.errors import BadInput, Place

LARGEST: Final = 64 * 1024 * 1024
"""Bytes; a log of millions of events goes through JSON Lines, which is read line by line."""
DEEPEST: Final = 100

_scanstring: Final = json.decoder.scanstring  # type: ignore[attr-defined]
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(slots=True)
class Node:
    """A scalar's text, a list, or a mapping from text; and its line, counted from 1."""

    value: str | list[Node] | dict[str, Node]
    line: int
    key_line: int | None = None
    """Where it is the value of a key: the line of that key."""

    def plain(self) -> Any:
        """The same without lines."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def find(self, path: tuple[int | str, ...]) -> Node:
        """The node at that path, or the last one on the way there."""
        node = self
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                node = node.value[str(step)]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                break
        return node


def read(data: bytes, file: str) -> Node:
    """The document in `data`; `file` is its name, by whose ending JSON is told from YAML.

    Raises: BadInput, with the line.
    """
    refuse_size(len(data), file)
    text = decoded(data, file)
    control = _CONTROL.search(text)
    if control is not None:
        place = Place(file, text.count("\n", 0, control.start()) + 1)
        raise _control(control[0], place, "remove it; is this a text file?")
    return _Json(text, file).document() if file.endswith(".json") else _yaml(text, file)


def refuse_size(size: int, file: str) -> None:
    """Raises: BadInput, where a document of so many bytes is not read."""
    if size > LARGEST:
        raise BadInput(
            f"the file has {size:,} bytes, and a casebook may have {LARGEST:,}",
            place=Place(file),
            hint="split it, or bring a large log as JSON Lines (.jsonl)",
        )


def decoded(data: bytes, file: str, line: int = 1) -> str:
    """The text of UTF-8 bytes that begin in that line of a file, without a byte-order mark.

    Raises: BadInput, with the line.
    """
    try:
        return data.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"the file is no UTF-8 text: byte {data[error.start]:#04x}",
            place=Place(file, data.count(b"\n", 0, error.start) + line),
            hint="save it as UTF-8",
        ) from None


def json_fault(error: json.JSONDecodeError) -> str:
    """What the standard library says of it, as the end of a sentence."""
    text = error.msg.removesuffix(" starting at").removesuffix(" at")
    return f"{text[:1].lower()}{text[1:]}"


def _control(character: str, place: Place, hint: str) -> BadInput:
    code = ord(character)
    what = "half a surrogate pair" if 0xD800 <= code <= 0xDFFF else "a control character"
    return BadInput(f"there is {what}, U+{code:04X}", place=place, hint=hint)


def _no_control(text: str, place: Place) -> None:
    """An escape may write what the file itself must not hold."""
    control = _CONTROL.search(text)
    if control is not None:
        raise _control(control[0], place, "an escape writes it; remove that")


def _too_deep(place: Place) -> BadInput:
    return BadInput(f"nested more than {DEEPEST} deep", place=place)


# --- YAML -------------------------------------------------------------------------------------


def _yaml(text: str, file: str) -> Node:
    try:
        return _compose(yaml.parse(text, Loader=_LOADER), file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = error.context if error.problem else None
        if hint and error.context_mark:  # a quote left open is noticed at the end of the file only
            hint += f" that begins in line {error.context_mark.line + 1}"
        raise BadInput(
            f"this is no YAML: {error.problem or error.context}",
            place=Place(file, None if mark is None else mark.line + 1),
            hint=hint,
        ) from None
    except yaml.YAMLError as error:
        raise BadInput(f"this is no YAML: {error}", place=Place(file)) from None


def _compose(events: Iterator[Any], file: str) -> Node:
    """Put the parser's events together, without recursion."""
    root: Node | None = None
    open_nodes: list[Node] = []
    keys: list[tuple[str, int] | None] = []  # for each open node the key that waits for its value
    for event in events:
        place = Place(file, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent):
            raise BadInput(
                f"there is an alias, *{event.anchor}", place=place, hint="write it out instead"
            )
        if isinstance(event, yaml.CollectionEndEvent):
            open_nodes.pop()
            keys.pop()
            continue
        if isinstance(event, yaml.DocumentStartEvent) and root is not None:
            raise BadInput("there is a second document", place=place, hint="one file, one casebook")
        if not isinstance(event, yaml.NodeEvent):
            continue
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            tag = str(tag).replace("tag:yaml.org,2002:", "!!")
            raise BadInput(f"there is a tag, {tag}", place=place, hint="leave it out")
        node = _node(event)
        if isinstance(node.value, str):
            _no_control(node.value, place)
        if not open_nodes:
            root = node
        else:
            _attach(open_nodes[-1], keys, node, place)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(open_nodes) >= DEEPEST:
                raise _too_deep(place)
            open_nodes.append(node)
            keys.append(None)
    if root is None:
        raise BadInput("the file is empty", place=Place(file))
    return root


def _node(event: Any) -> Node:
    line = event.start_mark.line + 1
    if isinstance(event, yaml.ScalarEvent):
        return Node(event.value, line)
    return Node({} if isinstance(event, yaml.MappingStartEvent) else [], line)


def _attach(parent: Node, keys: list[tuple[str, int] | None], node: Node, place: Place) -> None:
    if isinstance(parent.value, list):
        parent.value.append(node)
        return
    assert isinstance(parent.value, dict)
    key = keys[-1]
    if key is not None:
        node.key_line = key[1]
        parent.value[key[0]] = node
        keys[-1] = None
    elif not isinstance(node.value, str):
        raise BadInput("a key is a list or a mapping", place=place, hint="keys are plain text")
    elif node.value in parent.value:
        raise _twice(node.value, parent.value[node.value], place)
    else:
        keys[-1] = (node.value, node.line)


def _twice(key: str, first: Node, place: Place) -> BadInput:
    return BadInput(
        f"the key {key!r} is there twice",
        place=place,
        hint=f"first in line {first.key_line or first.line}; keep one of them",
    )


# --- JSON -------------------------------------------------------------------------------------


class _Json:
    """A reader that keeps lines and leaves numbers and literals the text that they are."""

    BLANK = re.compile(r"[ \t\n\r]*")
    BARE = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null", re.ASCII)

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.counted, self.lines = 0, 1

    def place(self, at: int) -> Place:
        """The line of a position; they are asked in ascending order, and counted once."""
        self.lines += self.text.count("\n", self.counted, at)
        self.counted = max(at, self.counted)
        return Place(self.file, self.lines)

    def document(self) -> Node:
        node, end = self.node(0, 0)
        end = self.skip(end)
        if end != len(self.text):
            raise self.wrong(end, "there is more after the end of the document")
        return node

    def skip(self, at: int) -> int:
        match = self.BLANK.match(self.text, at)
        return match.end() if match else at

    def wrong(self, at: int, what: str) -> BadInput:
        return BadInput(f"this is no JSON: {what}", place=self.place(at))

    def node(self, at: int, depth: int) -> tuple[Node, int]:
        at = self.skip(at)
        place = self.place(at)
        if depth > DEEPEST:
            raise _too_deep(place)
        line = place.line or 1
        start = self.text[at : at + 1]
        if start == "{":
            return self.mapping(at + 1, line, depth)
        if start == "[":
            return self.list(at + 1, line, depth)
        if start == '"':
            value, end = self.string(at)
            return Node(value, line), end
        bare = self.BARE.match(self.text, at)
        if bare is None:
            raise self.wrong(at, "a value is missing" if start in ",]}" else "no value starts here")
        return Node(bare[0], line), bare.end()

    def string(self, at: int) -> tuple[str, int]:
        try:
            value, end = _scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            raise self.wrong(error.pos, json_fault(error)) from None
        if _CONTROL.search(value):
            _no_control(value, self.place(at))
        return value, end

    def list(self, at: int, line: int, depth: int) -> tuple[Node, int]:
        found: list[Node] = []
        at = self.skip(at)
        if self.text[at : at + 1] == "]":
            return Node(found, line), at + 1
        while True:
            node, at = self.node(at, depth + 1)
            found.append(node)
            at = self.skip(at)
            separator = self.text[at : at + 1]
            if separator == "]":
                return Node(found, line), at + 1
            if separator != ",":
                raise self.wrong(at, "a list goes on with , or ends with ]")
            at += 1

    def mapping(self, at: int, line: int, depth: int) -> tuple[Node, int]:
        found: dict[str, Node] = {}
        at = self.skip(at)
        if self.text[at : at + 1] == "}":
            return Node(found, line), at + 1
        while True:
            at = self.skip(at)
            if self.text[at : at + 1] != '"':
                raise self.wrong(at, 'a key starts with "')
            place = self.place(at)
            key, at = self.string(at)
            if key in found:
                raise _twice(key, found[key], place)
            at = self.skip(at)
            if self.text[at : at + 1] != ":":
                raise self.wrong(at, "after a key comes :")
            node, at = self.node(at + 1, depth + 1)
            node.key_line = place.line
            found[key] = node
            at = self.skip(at)
            separator = self.text[at : at + 1]
            if separator == "}":
                return Node(found, line), at + 1
            if separator != ",":
                raise self.wrong(at, "a mapping goes on with , or ends with }")
            at += 1
