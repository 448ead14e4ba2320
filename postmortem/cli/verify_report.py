"""The command `verify-report`: whether a document still follows from the record."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from postmortem.cli import output
from postmortem.cli.errata import Errata
from postmortem.cli.files import read_text
from postmortem.cli.options import AUDIENCES, Asked, asked, output_options, platform_option
from postmortem.cli.report import collect, picture, program, template_named
from postmortem.cli.spans import paragraph
from postmortem.core.errors import BadInput
from postmortem.core.times import parse_stored
from postmortem.reports import FORMATS, format_of
from postmortem.reports.edition import TEMPLATES, Edition, Picture, Template
from postmortem.reports.rows import Rows
from postmortem.reports.seal import Sealed, digest, opened
from postmortem.reports.verifying import (
    Difference,
    WithheldSince,
    differences,
    first_difference,
    parted,
)
from postmortem.reports.wording import LANGUAGES

_MOST: Final = 40
"""So many differences are shown on a terminal."""
_WIDE: Final = 90
"""So many characters of a value."""
_MADE: Final = "name a file that `postmortem report -o FILE` made"


@click.command(
    epilog="""\b
Examples:
  postmortem verify-report parler-2021.md
  postmortem verify-report parler-2021.html --json
  postmortem verify-report review.md --template house.md.j2
  postmortem verify-report parler-2021.md --current

\b
--json prints {"file", "platform", "incident", "known_at", "recorded_at", "program", "follows",
"differences", "withheld_since", "text", "picture", "errata"}: whether the facts follow; where
they differ, [{place, document, record}]; where it shows words that are withheld by now, [{place,
reason}]; of the text {checked, reason, touched, line_ends, line, document, record}; of the
picture whether it is as it was written, null where there is none; what has changed since, [{what,
id, kind, recorded_at, by, before, after, differs}], with entries as `log` has them; and
"elsewhere", how much changed of the platform that the document is not about.

\b
Exit status: 0 where the facts, the text and the picture follow from the record, whatever has
changed since; 1 where something does not, where it shows words that are withheld since, or with
--current where something has changed since."""
)
@click.argument("file")
@click.option("--template", metavar="FILE", help="The file, where the template was one of its own.")
@click.option("--current", is_flag=True, help="Fail as well where something has changed since.")
@platform_option
@output_options
@click.pass_context
def verify_report(
    ctx: click.Context,
    /,
    file: str,
    template: str | None,
    current: bool,
    **frame: Any,
) -> int:
    """Whether a document that `report` wrote still follows from the record, and what changed since.

    Its facts are compared with those that the record gives at the same K and R, whichever version
    of the program wrote it; the same version also compares every byte of its text. What was
    asserted, corrected or retracted after its R comes as a list of errata.
    """
    text = read_text(file, "document that `postmortem report` wrote", _MADE)
    document = opened(text, file)
    seal = document.seal
    question = _asked(ctx, seal, file, frame)
    checked = _Checked(file, text, document, question)
    checked.compare(_template(seal, template))
    since = Errata.since(question, seal)
    if question.json:
        output.print_json(checked.document() | since.document())
    elif question.form != "table":
        question.print(checked.rows())
    else:
        checked.show()
        since.show()
    wanting = not checked.follows or bool(checked.withheld)
    return int(wanting or (current and bool(since.entries)))


def _asked(ctx: click.Context, seal: Mapping[str, Any], file: str, frame: dict[str, Any]) -> Asked:
    """The question at the document's own clocks. Raises: BadInput."""
    of_document = seal["facts"]["question"]
    platform = str(of_document["platform"])
    if frame["platform"] not in (None, platform):
        raise BadInput(
            f"{file} is about {platform}, not {frame['platform']}", hint="leave out --platform"
        )
    try:
        return asked(
            ctx,
            **frame
            | {
                "platform": platform,
                "known_at": of_document["known_at"],
                "recorded_at": of_document["recorded_at"],
            },
        )
    except BadInput as problem:
        raise BadInput(f"{file} asks for {problem.message}", hint=problem.hint) from None


def _template(seal: Mapping[str, Any], given: str | None) -> tuple[Template | None, str]:
    """The template that it was written with; None, and why, where that is not at hand."""
    made_with = seal.get("template") or {}
    name, sha256 = str(made_with.get("name")), made_with.get("sha256")
    if given is None:
        if sha256 is None and name in TEMPLATES:
            return Template(name), ""
        return None, f"it was written with a template of its own, {name}: name it with --template"
    found = template_named(given)
    if found.text is None or digest(found.text) != sha256:
        return None, f"{given} is not the template that it was written with"
    return found._replace(name=name), ""


# --- facts, text, picture -------------------------------------------------------------------------


@dataclass
class _Checked:
    """A document beside what the record gives."""

    file: str
    text: str
    sealed: Sealed
    question: Asked
    facts: list[Difference] = field(default_factory=list)
    withheld: list[WithheldSince] = field(default_factory=list)
    """The words in it that are withheld by now: nobody can say whether it has them right."""
    unread: str = ""
    """Why the text was not compared."""
    line: tuple[int, str, str] | None = None
    """The first line that differs: its number, the document's, the record's."""
    touched: bool = False
    """Whether the text is not the one that was sealed."""
    line_ends: bool = False
    """Whether nothing but the line ends differs."""
    drawn: bool | None = None
    """Whether the picture beside it is as it was written; None: there is none."""

    @property
    def follows(self) -> bool:
        """Whether nothing differs."""
        return not (self.facts or self.line or self.touched or self.drawn is False)

    def compare(self, template: tuple[Template | None, str]) -> None:
        """Make the document anew, and compare."""
        seal = self.sealed.seal
        asked_for = seal["facts"]["question"]
        if asked_for["audience"] not in AUDIENCES:
            raise BadInput(f"{self.file} is for an audience that is none")
        question = self.question
        facts, dossier = collect(
            question.store,
            question.platform,
            asked_for["incident"],
            question.as_of,
            asked_for["audience"],
        )
        self.facts, self.withheld = parted(differences(seal["facts"], facts))
        if self.withheld and not self.facts:  # all else of its text can be compared still
            facts = seal["facts"]
        self.touched = "body_sha256" in seal and seal["body_sha256"] != digest(self.sealed.body)
        found, self.unread = template
        if seal["format"] == "json":
            found, self.unread = Template(TEMPLATES[0]), ""
        if seal["program"] != program():
            self.unread = f"{seal['program']} wrote it, and this is {program()}"
        elif self.facts:
            self.unread = "it tells other facts"
        if self.unread or found is None:
            return
        if seal["format"] not in FORMATS or seal.get("language", "en") not in LANGUAGES:
            self.unread = "it is of a form that this program does not know"
            return
        edition = Edition(found, seal.get("language", "en"), program())
        if seal.get("picture") is not None:
            file = seal["picture"].get("file")
            shown = picture(facts, dossier, edition.language, None if file is None else str(file))
            edition = edition._replace(picture=shown)
            self._look_at(shown)
        written = "".join(format_of(seal["format"]).document(facts, edition))
        self.line = first_difference(self.text, written)
        self.line_ends = self.line is not None and self.text.replace("\r\n", "\n") == written

    def _look_at(self, shown: Picture | None) -> None:
        """Compare the picture that lies beside the document."""
        if shown is None or shown.file is None or os.path.basename(shown.file) != shown.file:
            return
        beside = os.path.join(os.path.dirname(self.file), shown.file)
        try:
            self.drawn = Path(beside).read_bytes() == shown.svg.encode()
        except OSError:
            self.drawn = False

    # --- how it is told ---------------------------------------------------------------------------

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        seal, asked_for = self.sealed.seal, self.sealed.seal["facts"]["question"]
        line, one, other = self._line_shown() or (None, None, None)
        return {
            "file": self.file,
            "platform": self.question.platform,
            "incident": asked_for["incident"],
            "known_at": asked_for["known_at"],
            "recorded_at": asked_for["recorded_at"],
            "program": seal["program"],
            "follows": self.follows,
            "differences": [each._asdict() for each in self.facts],
            "withheld_since": [each._asdict() for each in self.withheld],
            "text": {
                "checked": not self.unread,
                "reason": self.unread or None,
                "touched": self.touched,
                "line_ends": self.line_ends,
                "line": line,
                "document": one,
                "record": other,
            },
            "picture": self.drawn,
        }

    def rows(self) -> Rows:
        """What differs, a row each."""
        rows: list[dict[str, Any]] = [{"what": "facts", **each._asdict()} for each in self.facts]
        rows += [
            {"what": "withheld since", "place": each.place, "document": "", "record": each.reason}
            for each in self.withheld
        ]
        if (line := self._line_shown()) is not None:
            number, one, other = line
            rows.append(
                {"what": "text", "place": f"line {number}", "document": one, "record": other}
            )
        elif self.touched:
            rows.append({"what": "text", "place": "", "document": "", "record": ""})
        if self.drawn is False:
            rows.append({"what": "picture", "place": "", "document": "", "record": ""})
        columns = ("what", "place", "document", "record")
        return Rows([(key, key) for key in columns], rows)

    def show(self) -> None:
        """On a terminal."""
        seal, zone = self.sealed.seal, self.question.zone
        question = seal["facts"]["question"]
        moment = output.moment(parse_stored(question["recorded_at"]), zone)
        known = question["known_at"]
        limit = "" if known is None else f", as known {output.moment(parse_stored(known), zone)}"
        paragraph(
            f"{self.file}: {question['incident'] or 'the whole record'} of "
            f"{self.question.platform}, as recorded by {moment}{limit}, {question['audience']} "
            f"edition, written by postmortem {seal['program']}",
            0,
        )
        output.say()
        if self.facts:
            count = len(self.facts)
            paragraph(
                f"✕ the facts do not follow from the record: {count:,} "
                f"{'place differs' if count == 1 else 'places differ'}",
                0,
            )
            for each in self.facts[:_MOST]:
                paragraph(each.place, 4)
                paragraph(f"in the document: {_cut(each.document)}", 6)
                paragraph(f"by the record:   {_cut(each.record)}", 6)
            if count > _MOST:
                output.say(f"    … and {count - _MOST:,} more: --json has them all")
        else:
            output.say("● the facts follow from the record")
            log = seal["facts"].get("log")
            if log is not None:
                paragraph(
                    f"● the log still has the root that the document names, at {log['size']:,} "
                    "events",
                    0,
                )
        self._show_withheld()
        self._show_text()
        if self.drawn is not None:
            told = "● the picture is" if self.drawn else "✕ the picture is missing, or is not"
            output.say(f"{told} as it was written")

    def _line_shown(self) -> tuple[int, str, str] | None:
        """The first line that differs; what it says is not repeated where words are withheld."""
        if self.line is None or not self.withheld:
            return self.line
        return self.line[0], _UNSAID, _UNSAID

    def _show_withheld(self) -> None:
        if not self.withheld:
            return
        count = len(self.withheld)
        texts = "1 text that it shows is" if count == 1 else f"{count:,} texts that it shows are"
        paragraph(
            f"✕ {texts} withheld since, and nobody can say any more whether it has them right; "
            "publish it anew",
            0,
        )
        for each in self.withheld[:_MOST]:
            paragraph(f"{each.place}: withheld since: {each.reason}", 4)
        if count > _MOST:
            output.say(f"    … and {count - _MOST:,} more: --json has them all")

    def _show_text(self) -> None:
        if self.line_ends:
            output.say("✕ its line ends are other ones than were written; all else is as it was")
        elif (line := self._line_shown()) is not None:
            number, one, other = line
            paragraph(f"✕ the text is not as it was written, from line {number} on", 0)
            paragraph(f"in the document: {_cut(one)}", 6)
            paragraph(f"by the record:   {_cut(other)}", 6)
        elif self.touched:
            output.say("✕ the text was changed after it was written")
        if self.unread:
            paragraph(f"· its bytes were not compared: {self.unread}", 0)
        elif self.line is None and not self.touched:
            output.say("● the text is as it was written, byte by byte")


_UNSAID: Final = "not repeated, for words of it are withheld"


def _cut(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 1]}…"
