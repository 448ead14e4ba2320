"""Documents of records at the edges, word for word; and that they tell what the commands answer.

After a change that is meant, write the fixtures anew and read what differs:
UPDATE_REPORTS=1 .venv/bin/python -m pytest tests/reports/test_document.py
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from reports.records import FIXTURES, RECORDED, edition, facts, recorded, told

from postmortem.cli import run
from postmortem.cli.demo import founding_casebook
from postmortem.core.times import format_instant
from postmortem.core.words import canonical
from postmortem.reports import markdown
from postmortem.reports.wording import Wording

CASES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "parler-2021": (str(founding_casebook()), {}, "review", "en"),
    "parler-2021-public": (str(founding_casebook()), {"audience": "public"}, "chronicle", "de"),
    "full": ("full", {}, "review", "en"),
    "full-public": ("full", {"audience": "public"}, "review", "de"),
    "full-chronicle": ("full", {}, "chronicle", "de"),
    "full-exit": ("full", {}, "exit", "en"),
    "full-short": ("full", {}, "short", "en"),
    "no-end": ("no-end", {}, "review", "en"),
    "nothing-known-yet": ("no-end", {"known": "2020-01-01T00:00:00Z"}, "review", "en"),
    "nothing-recorded-yet": ("no-end", {"by": "2020-01-01T00:00:00Z"}, "review", "en"),
    "no-events": ("no-events", {}, "review", "en"),
}
"""By the golden's name: the casebook, the question, the template, the language."""


@pytest.mark.parametrize("name", CASES)
def test_the_document_is_as_it_was_read(name: str, tmp_path: Path):
    book, question, template, language = CASES[name]
    found = told(recorded(tmp_path, book), **question)
    text = markdown.body(found, edition(template, language))
    golden = FIXTURES / f"{name}.md"
    if os.environ.get("UPDATE_REPORTS"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def answer(capsys: pytest.CaptureFixture[str], store: Path, *command: str) -> Any:
    assert run(["--db", str(store), *command, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("book", ["full", "no-end"])
def test_numbers_and_times_are_those_that_the_commands_answer(book, tmp_path, capsys):
    store = recorded(tmp_path, book)
    found = told(store)
    text = markdown.body(found, edition())
    wording = Wording("en", found["platform"]["zone"])

    measures = answer(capsys, store, "measures")
    assert len(measures["measures"]) == len(found["measures"])
    for theirs, ours in zip(measures["measures"], found["measures"], strict=True):
        assert (theirs["measure"], theirs["about"]) == (ours["measure"], ours["about"])
        if ours["unit"] == "seconds":
            for side in ("least", "most"):
                seconds = None if ours[side] is None else ours[side] / 1_000_000
                assert theirs[side] == pytest.approx(seconds) if seconds else not theirs[side]

    timeline = {row["id"]: row for row in answer(capsys, store, "timeline")["timeline"]}
    for id in found["timeline"]:
        ours, theirs = found["record"][id]["time"], timeline[id]["settled"]
        assert (ours["earliest"], ours["latest"]) == (theirs["earliest"], theirs["latest"])
        assert ours["contested"] == timeline[id]["contested"] or found["record"][id]["due"]
        assert wording.when(ours) in text
        assert wording.utc(ours) in text
        assert f"`{ours['written']}`" in text

    span = found["incident"]["measured"]
    window = ["--from", span["earliest"], "--to", span["latest"]]
    downtime = answer(capsys, store, "downtime", *window)
    for row in found["capabilities"]:
        for key, kind in (("downtime", "unavailable"), ("impaired", "impaired")):
            ours = [row[key][side] / 1_000_000 for side in ("least", "most")]
            assert ours == downtime[row["id"]][kind]

    for row in found["cuts"]:
        for which in ("before", "after"):
            cuts = answer(capsys, store, "cuts", row["id"], "--at", row["at"][which])
            assert row[which] == cuts["minimal_cut_sets"]

    end = answer(capsys, store, "state", "--at", found["cuts"][0]["at"]["after"])
    for kind in ("services", "capabilities"):
        for row in found[kind]:
            state = end[kind][row["id"]]
            assert row["ends"] == {key: state[key] for key in ("worst", "best", "status")}


def test_the_facts_are_canonical_and_hold_the_position(tmp_path):
    found = told(recorded(tmp_path, "full"))
    assert json.loads(canonical(found)) == found
    assert found["question"]["position"] == len(Path(FIXTURES / "full.yaml").read_text()) * 0 + 59
    assert found["question"]["recorded_at"] == format_instant(RECORDED)


def test_the_same_record_gives_the_same_facts_whatever_the_clocks_were_asked_to_be(tmp_path):
    store = recorded(tmp_path, "full")
    later = format_instant(RECORDED + 10**12)
    for question in ({"by": later}, {"known": later}, {"known": format_instant(RECORDED)}):
        assert told(store, **question) == told(store)


def test_the_command_in_it_writes_the_same_document(tmp_path, capsys):
    store = recorded(tmp_path, "full")
    assert run(["--db", str(store), "report", "--template", "exit", "--language", "de"]) == 0
    text = capsys.readouterr().out
    found = re.search(r"^```\npostmortem (report .*)\n```$", text, re.MULTILINE)
    assert found
    assert run(["--db", str(store), *found[1].split()]) == 0
    assert capsys.readouterr().out == text


def test_the_same_bytes_in_any_zone_locale_and_hash_seed(tmp_path):
    store = recorded(tmp_path, "full")
    written = set()
    for form in ("markdown", "html"):
        for zone, locale, seed in (
            ("UTC", "C", "0"),
            ("Asia/Kathmandu", "de_DE.UTF-8", "1"),
            ("America/Los_Angeles", "C.UTF-8", "4242"),
        ):
            settings = {"TZ": zone, "LANG": locale, "LC_ALL": locale, "PYTHONHASHSEED": seed}
            command = [sys.executable, "-m", "postmortem", "--db", str(store), "report"]
            done = subprocess.run(
                [*command, "--format", form],
                env={**os.environ, **settings, "POSTMORTEM_TZ": zone},
                capture_output=True,
                check=True,
            )
            written.add((form, done.stdout))
    assert len(written) == 2


@pytest.mark.parametrize("template", ["review", "short", "chronicle", "exit"])
def test_the_public_edition_holds_no_word_that_is_not_marked_public(template, tmp_path, capsys):
    """Every word that people said, unless its event is public, is a mark that must not appear."""
    book = (FIXTURES / "full.yaml").read_text("utf-8")
    secret = re.compile(
        r"\b(title|author|reason|how|text|known_then|by|person|accepted|mechanism|what|basis|owner|"
        r"verification|exit_plan|description): (?:\"[^\"]*\"|[^,}\n|]+)"
    )
    lines = []
    for number, line in enumerate(book.splitlines()):
        if "public: true" not in line and "type: text-written" not in line:
            line = secret.sub(rf"\1: SECRET{number}", line)
        lines.append(line)
    text = "\n".join(lines).replace("authors: [Ada, Bob]", "authors: [SECRET, SECRET]")
    file = tmp_path / "secret.yaml"
    file.write_text(text.replace("    public: true\n", ""), "utf-8")
    assert text.count("SECRET") > 40
    store = recorded(tmp_path, str(file))
    for language in ("en", "de"):
        for form in ("markdown", "html", "json"):
            command = ["report", "--audience", "public", "--template", template]
            command += ["--language", language, "--format", form]
            assert run(["--db", str(store), *command]) == 0
            page = capsys.readouterr().out
            assert "SECRET" not in page
            assert "thirty of the contract" not in page
    assert run(["--db", str(store), "report", "--template", template]) == 0
    assert "SECRET" in capsys.readouterr().out  # so the test can fail


def test_what_is_public_stands_there_and_what_is_not_reads_withheld(tmp_path):
    found = told(recorded(tmp_path, "full"), audience="public")
    text = markdown.body(found, edition())
    assert "We no longer serve shops." in text
    assert "Bad manners" not in text
    assert "Reason given: \\[withheld\\]" in text
    assert "`mail`" in text
    assert "Mail from the host" not in text
    assert "<https://host.example/mail?a=1&b=2>" in text
    assert found["incident"]["title"] == facts("full")["incident"]["title"]


def test_json_is_the_facts(tmp_path, capsys):
    store = recorded(tmp_path, "full")
    whole = answer(capsys, store, "report")
    assert whole["facts"] == told(store)
    assert whole["report"] == 1
