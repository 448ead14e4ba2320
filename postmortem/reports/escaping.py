"""People's text within a line of Markdown: shown as it is, and readable in the source too.

`core.words.for_markdown` escapes all punctuation. Here a sign keeps its backslash only where it can
mean something: a comma or an apostrophe never does, a hyphen between two letters neither. What any
text does to a document, or rather does not, is tested with three renderers.

Source: CommonMark 0.31, sections 2.4, 4 and 6; GFM's autolinks.
"""

from __future__ import annotations

import re
from typing import Final

from postmortem.core.words import for_markdown, for_terminal

_ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_NEVER: Final = frozenset(",;'\"?%(!")
"""Signs that mean nothing once those beside them are escaped: `(` and `!` want a bracket."""
_WITHIN_WORDS: Final = frozenset("-/+")
_CODE: Final = re.compile(r"[ !-_a-{}~]+")  # without a backtick, and without what parts cells


def inline(text: str) -> str:
    """The text on one line, so that a Markdown renderer shows it and does nothing else."""
    escaped = for_markdown(text)
    found: list[str] = []
    last = 0
    for sign in _ESCAPED.finditer(escaped):
        found.append(escaped[last : sign.start()])
        before = escaped[sign.start() - 1 : sign.start()]
        after = escaped[sign.end() : sign.end() + 1]
        found.append(sign[1] if _is_plain(sign[1], before, after) else sign[0])
        last = sign.end()
    return "".join((*found, escaped[last:]))


def _is_plain(sign: str, before: str, after: str) -> bool:
    if sign in _NEVER:
        return True
    if sign in _WITHIN_WORDS and _in_word(before) and _in_word(after):
        return True
    if sign in ".:" and before.isdecimal() and after.isdecimal():
        return True
    if sign == "+" and after.isdecimal():
        return True
    # after a number it could be a list's, before a letter an address
    return sign in ".:)" and before.isalpha() and after in ("", " ")


def _in_word(character: str) -> bool:
    return character.isalnum() and character.isascii()


def code(text: str) -> str:
    """The text as code where that can be, for what machines read; else escaped."""
    shown = for_terminal(" ".join(text.split()))
    return f"`{shown}`" if _CODE.fullmatch(shown) else inline(text)
