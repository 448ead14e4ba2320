"""Records to write documents of: a casebook in a store, recorded at one fixed moment."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from postmortem.cli.report import collect
from postmortem.core.times import END, AsOf, parse_instant
from postmortem.reports.edition import Edition, Template
from postmortem.tracker import Tracker

FIXTURES = Path(__file__).parents[2] / "fixtures" / "reports"
RECORDED = parse_instant("2024-06-01T12:00:00Z")


def recorded(folder: Path, name: str, *, at: int = RECORDED) -> Path:
    """A store that holds the casebook of that name (or path)."""
    file = FIXTURES / f"{name}.yaml" if "/" not in name else Path(name)
    store = folder / "postmortem.db"
    salts = (number.to_bytes(16, "big") for number in count(1))
    with (
        # the root of the tree is told, and it depends on every salt; others draw numbers of theirs
        mock.patch("postmortem.store.promise.secrets", token_bytes=lambda size: next(salts)),
        Tracker(str(store), clock=lambda: at) as tracker,
    ):
        tracker.import_file(file.name, file.read_bytes())
    return store


def told(
    store: Path, *, known: str | None = None, by: str | None = None, audience: str = "internal"
) -> dict[str, Any]:
    """The facts of its only document."""
    with Tracker(str(store)) as tracker:
        platform = tracker.platform()
        known_at, recorded_at = (
            END if each is None else parse_instant(each) for each in (known, by)
        )
        as_of = AsOf(END - 1, known_at, recorded_at)
        return collect(tracker, platform, None, as_of, audience)[0]


@cache
def facts(name: str, audience: str = "internal") -> dict[str, Any]:
    """The facts of a fixture's document."""
    with TemporaryDirectory() as folder:
        return told(recorded(Path(folder), name), audience=audience)


def edition(template: str = "review", language: str = "en", text: str | None = None) -> Edition:
    return Edition(Template(template, text), language, "0.0")


class Outline(HTMLParser):
    """The elements of a page, in order, but for inline code; and every address in it."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        if tag != "code" or "pre" in self.open:
            self.elements.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, attrs)
            if name in ("href", "src", "action", "xlink:href", "srcset", "data", "poster"):
                self.addresses.append(str(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag
