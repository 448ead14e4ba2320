"""What is typed for an entry: options made from the fields of its kind, and fields from options."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import click

from postmortem.core import catalogue
from postmortem.core.catalogue import SHARED, Field, Kind, explained
from postmortem.core.citations import parse
from postmortem.core.errors import BadInput

ABOUT_IT, ABOUT_THE_RECORD, RECORDING = "What happened", "About the record of it", "Recording"
_METAVARS: Final = {
    catalogue.ID: "ID",
    catalogue.TEXT: "TEXT",
    catalogue.TIME: "TIME",
    catalogue.FORMULA: "FORMULA",
    catalogue.MAPPING: "KEY=VALUE",
    catalogue.CITATION: "SOURCE[#LOCATOR]",
    catalogue.AMOUNT: "AMOUNT",
    catalogue.COUNT: "N",
    catalogue.DURATION: "DURATION",
}
_SAMPLES: Final = {
    "at": "now",
    "service": "aws",
    "effective_at": "2021-01-10T23:59-08:00",
    "time": "'2021-01-11 00:30 PST'",
    "published_at": "2021-01-10",
    "effect": "degraded",
    "announcement": "aws-announced",
    "disruption": "aws-down",
    "ends": "aws-down",
    "event": "aws-down",
    "about": "aws-down",
    "capability": "hosting",
    "requires": "'{any_of: [aws, spare]}'",
    "reason": "'it was another service'",
    "text": "'the status page is silent'",
    "title": "'AWS status page'",
    "name": "'AWS hosting'",
    "provider": "amazon",
    "zone": "America/Los_Angeles",
    "incident": "aws-gone",
    "severity": "sev2",
    "role": "scribe",
    "person": "'A. Writer'",
    "milestone": "mitigated",
    "of": "users",
    "amount": "70..80",
    "part": "summary",
    "audience": "users",
    "question": "aws-gone-question-opened",
    "estimate": "aws-down-estimate-given",
    "outcome": "missed",
    "kinds": "photos",
    "personal": "unknown",
    "replacement": "spare",
    "what": "'the report to the board'",
    "due": "2021-02-01",
    "deadline": "aws-gone-deadline-set",
    "item": "aws-gone-action-item-opened",
    "status": "in-review",
    "source": "aws-status",
    "sha256": "0" * 64,
    "length": "6323",
    "media_type": "text/html",
    "aspect": "occurrence",
}
"""What the examples of a kind's help type for a field."""


class FieldOption(click.Option):
    """The option of one field; it completes the ids that the field may name."""

    def __init__(self, field: Field, *, section: str, help: str) -> None:
        flag = field.takes == catalogue.TRUTH
        choices = click.Choice(field.choices) if field.takes == catalogue.CHOICE else None
        super().__init__(
            [dashed(field.name), field.name],
            metavar=None if flag or choices else metavar(field),
            type=choices,
            is_flag=flag,
            multiple=field.many or field.takes == catalogue.MAPPING,
            default=False if flag else None,
            help=help,
        )
        self.field = field
        self.section = section

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem[Any]]:
        """The choices, or the ids from the store."""
        names = "part" if self.field.takes == catalogue.FORMULA else self.field.names
        if names is None:
            return super().shell_complete(ctx, incomplete)
        from postmortem.cli.completion import ids

        return ids(ctx, incomplete, names=names, types=self.field.types)


class EntryCommand(click.Command):
    """A command whose help lists the fields first, and in sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By section, in the order in which they come."""
        sections: dict[str, list[tuple[str, str]]] = {ABOUT_IT: [], ABOUT_THE_RECORD: []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "section", RECORDING), []).append(record)
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def dashed(name: str) -> str:
    """The option of that field."""
    return f"--{name.replace('_', '-')}"


def metavar(field: Field) -> str:
    """How help shows what the option takes."""
    if field.takes == catalogue.REFERENCE:
        return "ID" if field.names in ("event", "any") else str(field.names).upper()
    return _METAVARS[field.takes]


def field_options(
    kind: Kind, *, without: Sequence[str] = (), needed: bool = True
) -> list[FieldOption]:
    """An option for every field of the kind; `needed`: whether help says which must be there."""
    found = []
    for field in kind.fields:
        if field.name in without:
            continue
        shared = field.name in SHARED
        mark = "  [required]" if needed and field.required and not shared else ""
        found.append(
            FieldOption(
                field,
                section=ABOUT_THE_RECORD if shared else ABOUT_IT,
                help=option_help(field) + mark,
            )
        )
    return found


def option_help(field: Field) -> str:
    """One line of help."""
    if field.name == "id":
        return "How it is called; else an id is made."
    says = explained(field)
    repeated = field.many or field.takes == catalogue.MAPPING
    again = "; may be given several times" if repeated else ""
    return f"{says[0].upper()}{says[1:]}{again}."


def example(kind: Kind, verb: str) -> str:
    """A command that gives the kind its required fields."""
    given = [
        f"{dashed(field.name)} {_sample(field)}"
        for field in kind.fields
        if field.required and field.name != "id"
    ]
    return " ".join([f"postmortem {verb}", *given])


def _sample(field: Field) -> str:
    sample = _SAMPLES.get(field.name, "…")
    return field.choices[0] if field.choices and sample not in field.choices else sample


def wrapped(text: str) -> str:
    """A command on lines of a help page, each but the last one ending in a backslash."""
    whole = re.sub(r"'[^']*'", lambda quoted: quoted[0].replace(" ", "\0"), text)  # stays on a line
    lines = textwrap.wrap(whole, 88, break_long_words=False, break_on_hyphens=False)
    lines = [line.replace("\0", " ") for line in lines]
    return " \\\n    ".join(f"  {line}" if not n else line for n, line in enumerate(lines))


def writing_options(*, platform: bool = True) -> list[click.Option]:
    """What every write takes beside its fields."""
    named = click.Option(
        ["--platform"], metavar="ID", help="Which platform, where the store holds several."
    )
    return [
        click.Option(
            ["--edit"], is_flag=True, help="Fill it in in your editor (VISUAL, else EDITOR)."
        ),
        click.Option(["--draft"], metavar="FILE", help="Go on with a draft that --edit has kept."),
        click.Option(
            ["--dry-run"], is_flag=True, help="Say what it would record and change; record nothing."
        ),
        *([named] if platform else []),
        click.Option(
            ["--tz"],
            metavar="ZONE",
            help="The time zone to show; else POSTMORTEM_TZ, else the platform's.",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON document."),
    ]


# --- from what was typed to fields --------------------------------------------------------------


def fields_of(kind_fields: Iterable[Field], params: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given as options: text, lists of text, a formula, a mapping, True.

    Times are still the text that was typed.

    Raises: BadInput.
    """
    found: dict[str, Any] = {}
    for field in kind_fields:
        value = params.get(field.name)
        if value is None or value is False or value == ():
            continue
        if field.takes == catalogue.FORMULA:
            found[field.name] = typed_formula(value, dashed(field.name))
        elif field.takes == catalogue.MAPPING:
            cited = params.get("cites") or () if field.name == "quotes" else ()
            found[field.name] = _mapping(value, dashed(field.name), cited)
        elif field.many:
            found[field.name] = list(value)
        else:
            found[field.name] = value
    return found


def typed_formula(text: str, option: str) -> Any:
    """A formula typed as an id, or in YAML's flow style: `{all_of: [aws, {optional: okta}]}`.

    Raises: BadInput.
    """
    from postmortem.importers.document import read

    try:
        return read(text.encode("utf-8", "surrogateescape"), option).plain()
    except BadInput as problem:
        raise BadInput(
            f"{option}: {problem.message}",
            hint="write an id, or a formula such as '{all_of: [aws, {optional: okta}]}'",
        ) from None


def _mapping(pairs: Iterable[str], option: str, cited: Iterable[str] = ()) -> dict[str, str]:
    """The keys and values; a key that is one of the citations given may hold `=` itself."""
    known = sorted({*cited, *(parse(each).plain for each in cited)}, key=len, reverse=True)
    found: dict[str, str] = {}
    for pair in pairs:
        key = next((each for each in known if pair.startswith(f"{each}=")), "")
        key, equals, value = (key, "=", pair[len(key) + 1 :]) if key else pair.partition("=")
        if not key or not equals:
            raise BadInput(f"{option} takes KEY=VALUE, not {pair!r}")
        if key in found:
            raise BadInput(f"{option}: the key {key!r} is there twice", hint="keep one of them")
        found[key] = value
    return found


def missing(kind: Kind, given: Mapping[str, Any], verb: str) -> BadInput | None:
    """What is still needed, or None."""
    needed = [f for f in kind.fields if f.required and f.name != "id" and f.name not in given]
    if not needed:
        return None
    options = " and ".join(dashed(field.name) for field in needed)
    said = "; ".join(f"{dashed(field.name)}: {field.says}" for field in needed)
    return BadInput(
        f"{verb} needs {options}", hint=f"{said}; or fill it in with --edit, in your editor"
    )


def unset_fields(kind: Kind, names: Iterable[str], given: Mapping[str, Any]) -> set[str]:
    """The fields that are to be left out, named as their options are.

    Raises: BadInput, where the kind has no such field, needs it, or it is given as well.
    """
    found = set()
    for name in names:
        field = kind.field(name.replace("-", "_"))
        if field is None:
            raise BadInput(f"--unset {name}: a {kind.name} has no such field")
        if field.required:
            raise BadInput(f"--unset {name}: a {kind.name} needs it")
        if field.name in given:
            raise BadInput(f"--unset {name}: it is given as well", hint="leave out one of the two")
        found.add(field.name)
    return found
