"""Templates: those that are shipped, and those that people write."""

from __future__ import annotations

import json
import re
import string
from pathlib import Path

import pytest
from reports.records import edition, facts, recorded

from postmortem.cli import run
from postmortem.core.catalogue import described
from postmortem.core.errors import BadInput
from postmortem.core.levels import Level
from postmortem.core.metrics import DEFINITIONS, REASONS
from postmortem.reports import markdown
from postmortem.reports.edition import TEMPLATES
from postmortem.reports.wording import LANGUAGES, words

FOLDER = Path(markdown.__file__).with_name("templates")


def made(text: str) -> str:
    return markdown.body(facts("full"), edition("own.md.j2", text=text))


def test_every_language_has_the_same_fixed_words_with_the_same_places():
    def fields(text: str) -> set[str | None]:
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}

    ours = {language: words(language) for language in LANGUAGES}
    for language in LANGUAGES:
        assert set(ours[language]) == set(ours["en"])
        for key, text in ours[language].items():
            assert fields(text) == fields(ours["en"][key]), key


def test_every_fixed_word_is_used():
    used = "".join(
        file.read_text("utf-8") for file in (*FOLDER.parent.glob("*.py"), *FOLDER.glob("*.j2"))
    )
    families = ("anchor", "chronicle", "definition", "doubt", "edition", "estimate", "h", "kind",
                "level", "measure", "milestone", "of", "outcome", "personal", "criticality",
                "status", "substitutability", "tell", "verdict", "why", "aspect", "coverage",
                "stance")  # fmt: skip
    unused = [
        key
        for key in words("en")
        if not re.search(f"[\"']{re.escape(key)}[\"']", used) and key.split(".")[0] not in families
    ]
    assert not unused


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_the_record_may_hold_has_its_words(language):
    """Measures, reasons, levels, and each choice of each event, so that none is met too late."""
    own = words(language)
    needed = {f"measure.{key}" for key in DEFINITIONS} | {
        f"definition.{key}" for key in DEFINITIONS
    }
    needed |= {f"why.{key}" for key in REASONS} | {f"level.{level.word}" for level in Level}
    families = {
        "milestone": "milestone", "outcome": "outcome", "of": "of", "personal": "personal",
        "criticality": "criticality", "substitutability": "substitutability", "status": "status",
    }  # fmt: skip
    for kind in described().values():
        for field in kind.fields:
            family = families.get(field.name)
            if kind.name == "action-item-opened" and field.name == "kind":
                family = "kind"
            if kind.name == "estimate-given" and field.name == "kind":
                needed |= {
                    f"estimate.{key}.{c}" for c in field.choices for key in ("lasts", "until")
                }
            if family:
                needed |= {f"{family}.{choice}" for choice in field.choices}
    asides = {
        "incident-opened", "impact-stated", "text-written", "factor-found", "lesson-learnt",
        "question-opened", "question-answered", "action-item-opened", "action-item-changed",
        "action-item-done", "action-item-dropped", "document-status-set", "deadline-set",
        "time-claimed", "retracted", "snapshot-taken", "fact-disputed",
    }  # fmt: skip
    events = {name for name, kind in described().items() if not kind.is_declaration}
    needed |= {f"tell.{name}" for name in events - asides}
    assert needed <= set(own), sorted(needed - set(own))


@pytest.mark.parametrize("name", [*TEMPLATES, "base"])
def test_a_file_may_extend_a_shipped_template(name):
    text = made(f'{{% extends "{name}.md.j2" %}}{{% block sources %}}## *Mine*\n{{% endblock %}}')
    assert "\n## *Mine*\n" in text


def test_whatever_a_template_prints_is_escaped():
    evil = "{% set x = '<b> *x* | # @you' %}"
    shown = r"\<b\> \*x\* \| \# \@"
    for text in (
        "{{ x }}",
        "{{ x ~ say('h.summary') }}",
        "{{ [x]|join(' ') }}",
        "{{ x|upper|lower }}",
        "{% macro m(y) %}{{ y }}{% endmacro %}{{ m(x) }}",
        "{% set y %}{{ x }}{% endset %}{{ y }}",
        "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ x }}{% endcall %}",
    ):
        found = made(evil + text).replace("\u2060", "")
        assert shown in found, text
        assert r"\\\\" not in found, text


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("one\n{{ nothing }}\n", 2, "'nothing' is undefined"),
        ("one\n\n{% if %}\n", 3, "cannot be read"),
        ("{% extends 'exit.md.j2' %}\n{% block change %}\n{{ due }}{% endblock %}", 3, "'due' is"),
        ("{{ say('no.such') }}", 1, "no fixed words 'no.such'"),
        ("a\nb\n{{ 1 / 0 }}", 3, "ZeroDivisionError"),
        ("\n{% extends 'none.md.j2' %}", 2, "there is no template none.md.j2"),
        ("{% include '../../../etc/passwd' %}", 1, "there is no template"),
        ("{{ ''.__class__ }}", 1, "unsafe"),
        ("{{ facts.update({'a': 1}) }}", 1, "is unsafe"),
        ("{{ say.__globals__ }}", 1, "unsafe"),
        ("{% for x in range(10000000) %}{% endfor %}", 1, "Range too big"),
        ("x\n{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", 2, "RecursionError"),
    ],
)  # fmt: skip
def test_an_error_names_file_and_line(text, line, said):
    with pytest.raises(BadInput) as caught:
        made(text)
    assert caught.value.place.file == "own.md.j2"
    assert caught.value.place.line == line
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_an_error_of_a_template_ends_with_status_2_and_writes_nothing(tmp_path, capsys):
    store = recorded(tmp_path, "full")
    own = tmp_path / "own.md.j2"
    own.write_text("{% extends 'review.md.j2' %}\n{% block title %}{{ titel }}{% endblock %}")
    file = tmp_path / "out.md"
    assert run(["--db", str(store), "report", "--template", str(own), "-o", str(file)]) == 2
    out, err = capsys.readouterr()
    assert f"{own}, line 2: the template fails: 'titel' is undefined" in err
    assert not out
    assert not file.exists()
    assert run(["--db", str(store), "report", "--template", "reviw"]) == 2
    assert "did you mean review" in capsys.readouterr().err
    own.write_bytes(b"one\n\xff\n")
    assert run(["--db", str(store), "report", "--template", str(own)]) == 2
    assert "line 2" in capsys.readouterr().err


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_has_its_heading_and_every_table_its_columns(template, language):
    text = markdown.body(facts("full"), edition(template, language))
    lines = text.splitlines()
    assert sum(line.startswith("# ") for line in lines) == 1
    for number, line in enumerate(lines):
        if re.fullmatch(r"\|( --- \|)+", line):
            columns = line.count("|")
            for row in (lines[number - 1], *lines[number + 1 :]):
                if not row.startswith("|"):
                    break
                assert len(re.findall(r"(?<!\\)\|", row)) == columns, row
        if line.startswith("#"):
            assert lines[number + 1] == ""
    assert "  " not in text.split("```")[0]
    assert "\n\n\n" not in text
    assert ".." not in re.sub("`[^`]*`", "", text)


def test_front_matter_is_yaml_that_says_what_it_is_of(tmp_path):
    import yaml

    text = markdown.body(facts("full"), edition("exit", "de"))
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["title"] == "The host left *us*"
    assert front["authors"] == ["Ada", "Bob"]
    assert front["position"] == 59
    assert front["language"] == "de"
    assert json.dumps(front, default=str)
