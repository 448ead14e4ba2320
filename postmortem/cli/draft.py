"""An entry written in an editor: a commented draft, read back, shown again until it is right.

Nothing that somebody has written is lost: where it is given up, or the store fails, the draft is
left in a file.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import click

from postmortem.cli.options import nearest
from postmortem.core.catalogue import Field, Kind, explained, taken
from postmortem.core.errors import BadInput, Place, StoreProblem
from postmortem.core.words import for_terminal

T = TypeVar("T")
_ERROR: Final = "#! "
_HEAD: Final = 3
"""How many lines tell what is wrong with a draft, with the empty one below them."""
# What YAML takes as it is: neither ": " nor " #" can be in it, and it begins no other syntax.
_PLAIN: Final = re.compile(r"(?!\.\.\.)[A-Za-z0-9.](?:[A-Za-z0-9 ./\[\]+_-]|:(?=[A-Za-z0-9]))*")
_PLAIN_INSIDE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/#-]*")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@dataclass(frozen=True, slots=True)
class Form:
    """What the editor shows: a kind's fields, and what they hold to begin with."""

    kind: Kind
    title: str
    fields: Sequence[Field]
    given: Mapping[str, Any]

    def text(self) -> str:
        """The draft as it is shown first."""
        lines = [
            f"# {self.title}",
            f"# {self.kind.says}.",
            "#",
            "# Fill in what you know; a key left empty is not recorded, and lines that begin with",
            "# a # do not count. Save and leave to record it; an empty or unchanged file cancels.",
            "",
        ]
        for field in self.fields:
            need = "needed; " if field.required and field.name != "id" else ""
            says = "made where it is left empty" if field.name == "id" else explained(field)
            lines.append(f"# {need}{taken(field)}: {says}")
            value = self.given.get(field.name)
            lines.append(f"{field.name}:" + ("" if value is None else f" {yaml(plain(value))}"))
        return "\n".join(lines) + "\n"

    def read(self, text: str) -> dict[str, Any]:
        """The fields that the draft holds now; what was not touched stays what it was.

        Raises: BadInput, with the line.
        """
        from postmortem.importers.document import read

        if not any(line.strip() and not line.startswith("#") for line in text.splitlines()):
            return {}  # all of it is comments
        # lines are counted as they will be shown, below what is wrong with them
        node = read(("\n" * _HEAD + text).encode("utf-8", "surrogateescape"), "the draft")
        if not isinstance(node.value, dict):
            raise BadInput("the draft takes keys with values, such as `at: now`")
        known = {field.name: field for field in self.fields}
        found: dict[str, Any] = {}
        for name, value in node.value.items():
            if name not in known:
                raise BadInput(
                    f"unknown key {name!r}",
                    place=Place(line=value.key_line),
                    hint=nearest(name, list(known)),
                )
            if value.value == "" or value.value == []:
                continue
            written = value.plain()
            if known[name].many and isinstance(written, str):
                written = [written]
            before = self.given.get(name)
            found[name] = before if before is not None and plain(before) == written else written
        return found


def plain(value: Any) -> Any:
    """A field's value as text, lists and mappings: of a time its wording."""
    return getattr(value, "written", value)


def yaml(value: Any) -> str:
    """Text, lists and mappings as YAML behind a key; text of several lines stands below it."""
    if value is True:
        return "true"
    if not isinstance(value, str):
        return _inline(value)
    if _PLAIN.fullmatch(value) and value == value.strip():
        return value
    lines = value.split("\n")
    simple = all(line.isprintable() and line == line.rstrip() for line in lines)
    if len(lines) > 1 and simple and lines[0][:1].strip() and lines[-1]:
        return "|-\n" + "\n".join(f"  {line}".rstrip() for line in lines)
    return _quoted(value)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_inline(k)}: {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    text = value if isinstance(value, str) else str(value)
    return text if _PLAIN_INSIDE.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES or character.isprintable():
        return _ESCAPES.get(character, character)
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# --- the editor ---------------------------------------------------------------------------------


def edited(form: Form, attempt: Callable[[dict[str, Any]], T], *, draft: str | None = None) -> T:
    """Let somebody fill in the form until `attempt` succeeds with what it holds.

    `draft` is a file in which one was kept, to go on with.

    Raises: BadInput, where it is given up; StoreProblem; whatever else `attempt` raises. What was
    written is then in a file that is named.
    """
    body = first = form.text() if draft is None else _kept(draft)
    problem: BadInput | None = None
    while True:
        try:
            answer = _in_editor(body, problem)
        except BaseException:
            _keep(form, body, first)
            raise
        if answer is None or not answer.strip():
            kept = _keep(form, body if answer is None else "", first)
            raise BadInput("given up in the editor; nothing is recorded", hint=kept)
        body = answer
        try:
            fields = form.read(body)
            if not fields:
                raise _GivenUp
            return attempt(fields)
        except _GivenUp:
            raise BadInput("the draft is empty; nothing is recorded") from None
        except BadInput as refused:
            problem = refused
        except BaseException:
            _keep(form, body, first)
            raise


class _GivenUp(Exception):
    """Nothing is left in the draft."""


def _in_editor(body: str, problem: BadInput | None) -> str | None:
    """The body as it was left, without our own lines; None where it was not touched."""
    head = ""
    if problem is not None:
        line = "" if problem.place.line is None else f"line {problem.place.line}: "
        said = (f"not recorded: {line}{problem.message}", problem.hint or "")
        head = "".join(f"{_ERROR}{for_terminal(each)}".rstrip() + "\n" for each in said) + "\n"
    shown = head + body
    try:
        answer = click.edit(shown, extension=".yaml")
    except click.ClickException as failed:
        raise StoreProblem(
            f"the editor failed: {failed.format_message()}",
            hint="set VISUAL or EDITOR to one that works here, or give the fields as options",
        ) from None
    if answer is None or answer == shown:
        return None
    lines = answer.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(_ERROR.rstrip())).lstrip("\n")


def _keep(form: Form, body: str, first: str) -> str | None:
    """Leave what was written in a file; a hint that names it, None where nothing was written."""
    if body == first or not body.strip():
        return None
    name = f"postmortem-draft-{form.kind.name}"
    for folder in (os.getcwd(), tempfile.gettempdir()):
        for number in ("", *(f"-{n}" for n in range(2, 100))):
            path = os.path.join(folder, f"{name}{number}.yaml")
            try:
                with open(path, "x", encoding="utf-8", errors="surrogateescape") as file:
                    file.write(body)
            except FileExistsError:
                continue
            except OSError:
                break
            click.echo(f"what you wrote is in {for_terminal(path)}", err=True)
            return f"to go on with it: --draft {path}"
    click.echo(body, err=True)  # no place to write to: then at least it is on the terminal
    return None


def _kept(path: str) -> str:
    """The text of a draft that was kept.

    Raises: BadInput.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError as error:
        raise BadInput(f"--draft {path} cannot be read: {error.strerror}") from None
