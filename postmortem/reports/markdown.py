"""A document as Markdown: a template filled with the facts, in the words of a language.

Templates are Jinja2, sandboxed. Whatever they print is escaped, unless it is Markdown already: the
fixed words, what our own functions make, and what went through `|md`, which reads an author's
Markdown and writes it anew. So no text of anybody's can change how the document is built.

A template finds the keys of the facts (`reports.document`) as variables, with ids in the lists
replaced by what they stand for, and these functions and filters:

    say(KEY, name=value)   fixed words         tell(item), what(item)   a fact in words
    name(ID)               of a service …      cites(item, …)           marks of the sources
    time|when, time|utc    a time              measure|measured         a measure
    instant|moment         an instant          microseconds|lasted      a length of time
    text|md                an author's Markdown, as blocks; `md(3)` below a heading of level 3
    id|code                an id               values|listed            with commas between
"""

from __future__ import annotations

import re
import shlex
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import ChoiceLoader, FileSystemLoader, FunctionLoader, StrictUndefined
from jinja2.exceptions import TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from postmortem.core.errors import BadInput, Place
from postmortem.core.lengths import lasted
from postmortem.core.words import WITHHELD, for_terminal, reason_in
from postmortem.reports.chapters import Chapters, link, mermaid, target
from postmortem.reports.edition import TEMPLATES, Edition, Template
from postmortem.reports.narrative import narrative
from postmortem.reports.seal import inert, sealed
from postmortem.reports.wording import Markdown, Wording, code

_EXTENDED: Final = (*TEMPLATES, "base")
_FOLDER: Final = Path(__file__).with_name("templates")
_SUFFIX: Final = ".md.j2"
_GAP: Final = re.compile(r"(?<=\S) {2,}")  # where something between two words was left out
_FENCE: Final = re.compile(r"(?:[> \t]|[-+] |[0-9]{1,9}[.)] )*(`{3,})[a-z]*")


def document(facts: Mapping[str, Any], edition: Edition) -> Iterator[str]:
    """The document of these facts in Markdown, with its seal, piece by piece.

    Raises: BadInput, with file and line, for a template that fails.
    """
    yield from sealed([body(facts, edition)], edition.seal("markdown", facts))


def body(facts: Mapping[str, Any], edition: Edition) -> str:
    """The same without its seal. Raises: BadInput."""
    template, language, picture = edition.template, edition.language, edition.picture
    environment, wording = _environment(language, facts["platform"]["zone"], template)
    context = {
        **Chapters(facts, wording).variables(),
        "facts": facts,
        "front": _front(facts, wording, template),
        "language": wording.language,
        "picture": picture,
        "template": {"name": template.name, "own": template.text is not None},
        "command": Markdown(command(facts, template, language)),
        "version": edition.program,
    }
    try:
        text = environment.get_template(_source_name(template)).render(context)
    except TemplateSyntaxError as error:
        place = Place(_shown_file(error.filename, error.name, template), error.lineno)
        raise BadInput(f"the template cannot be read: {error.message}", place=place) from None
    except TemplateNotFound as error:
        raise BadInput(
            f"there is no template {error.name}",
            place=_place_of(error, template),
            hint=f"a file may extend {', '.join(f'{name}{_SUFFIX}' for name in _EXTENDED)}",
        ) from None
    except Exception as error:
        if template.text is None:  # one of ours: a fault of the program's own
            raise
        place = _place_of(error, template)
        raise BadInput(f"the template fails: {_reason(error)}", place=place) from None
    return _tidy(text)


def command(facts: Mapping[str, Any], template: Template, language: str) -> str:
    """The command that writes the same document again, with the clocks fixed."""
    question = facts["question"]
    known = question["known_at"] or question["recorded_at"]
    words = ["postmortem", "report", *filter(None, [question["incident"]])]
    words += ["--platform", question["platform"]]
    words += ["--known-at", known, "--recorded-at", question["recorded_at"]]
    words += ["--audience", question["audience"], "--template", template.name]
    words += ["--language", language]
    return for_terminal(shlex.join(words)).replace("`", "")


# --- the environment ------------------------------------------------------------------------------


class _Environment(ImmutableSandboxedEnvironment):
    # what a macro, a block or a `{% set %}` has put together was escaped piece by piece
    concat = staticmethod(lambda parts: Markdown("".join(parts)))


def _authored(wording: Wording, text: object, below: int = 2) -> Markdown:
    """What an author wrote in Markdown; a reason why it is withheld is no Markdown of his."""
    if text == WITHHELD or reason_in(text) is not None:
        return wording.escaped(text)
    return Markdown(narrative(str(text), below))


@lru_cache(maxsize=8)  # compiling a template takes longer than filling it
def _environment(
    language: str, zone: str | None, template: Template
) -> tuple[_Environment, Wording]:
    wording = Wording(language, zone)
    environment = _Environment(
        loader=ChoiceLoader([FunctionLoader(partial(_own, template)), FileSystemLoader(_FOLDER)]),
        undefined=StrictUndefined,
        finalize=wording.escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {
        "md": partial(_authored, wording),
        "when": wording.when,
        "utc": wording.utc,
        "moment": wording.moment,
        "since": wording.since,
        "day": wording.day,
        "within": wording.within,
        "lasted": lasted,
        "measured": wording.measured,
        "range": wording.range,
        "listed": wording.listed,
        "code": code,
        "link": link,
        "address": target,
        "mermaid": mermaid,
    }
    return environment, wording


def _source_name(template: Template) -> str:
    return f"{template.name}{_SUFFIX}" if template.text is None else f"./{template.name}"


def _own(template: Template, name: str) -> tuple[str, str, Callable[[], bool]] | None:
    """The user's file; all other names are shipped ones."""
    if template.text is None or name != _source_name(template):
        return None
    return template.text, template.name, lambda: True


def _shown_file(filename: str | None, name: str | None, template: Template) -> str:
    if filename == template.name or name == _source_name(template):
        return template.name
    return Path(filename or name or template.name).name


def _place_of(error: BaseException, template: Template) -> Place:
    """The line of the template that was at work, the user's own before a shipped one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame for frame in frames if template.text is not None and frame.filename == template.name
    ]
    shipped = [frame for frame in frames if frame.filename.endswith(_SUFFIX)]
    for frame in (own or shipped)[-1:]:
        return Place(Path(frame.filename).name if not own else template.name, frame.lineno)
    return Place(template.name)


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"there are no fixed words {error.args[0]!r}"
    text = str(error) or type(error).__name__
    return text if isinstance(error, TemplateError) else f"{type(error).__name__}: {text}"


# --- front matter and blank lines -----------------------------------------------------------------


def _front(facts: Mapping[str, Any], wording: Wording, template: Template) -> Markdown:
    """The front matter: YAML, each value a JSON text in which nothing means anything else."""
    question, incident = facts["question"], facts["incident"]
    values: dict[str, Any] = {
        "title": incident["title"] or facts["platform"]["name"],
        "platform": question["platform"],
        "incident": question["incident"],
        "status": incident["document"] or "draft",
        "authors": incident["authors"],
        "from": incident["window"]["start"],
        "to": incident["window"]["end"],
        "audience": question["audience"],
        "language": wording.language,
        "template": template.name,
        "known_at": question["known_at"] or question["recorded_at"],
        "recorded_at": question["recorded_at"],
        "position": question["position"],
        "log_size": facts["log"]["size"],
    }
    lines = [f"{key}: {inert(value)}" for key, value in values.items() if value is not None]
    lines.append(f'log_root: "{facts["log"]["root"]}"')  # as checkpoints have it; base64 is inert
    return Markdown("\n".join(["---", *lines, "---"]))


def _tidy(text: str) -> str:
    """The text with one blank line where there are several, but within code; one end at the end."""
    kept: list[str] = []
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if found and (not fence or found[1] == fence):
            fence = "" if fence else found[1]
        line = line if fence else _GAP.sub(" ", line.rstrip())
        if fence or line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip("\n") + "\n"
