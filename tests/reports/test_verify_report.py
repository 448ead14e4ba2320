"""verify-report: whether a document still follows from the record, and what has changed since."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli.door import Ran
from reports.records import FIXTURES, RECORDED, recorded

from postmortem.cli import run
from postmortem.core.words import canonical
from postmortem.reports.seal import inert, opened
from postmortem.tracker import Tracker

FORMS = ("md", "html", "json")


def asked(capsys: pytest.CaptureFixture[str], store: Path, *command: object) -> Ran:
    capsys.readouterr()
    status = run(["--db", str(store), *map(str, command)])
    out, err = capsys.readouterr()
    return Ran(status, out, err)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return recorded(tmp_path, "full")


def written(capsys: pytest.CaptureFixture[str], store: Path, name: str, *more: str) -> Path:
    file = store.parent / name
    found = asked(capsys, store, "report", "-o", file, *more)
    assert found.status == 0, found.err
    return file


def verdict(capsys: pytest.CaptureFixture[str], store: Path, file: Path, *more: str) -> Any:
    found = asked(capsys, store, "verify-report", file, "--json", *more)
    assert found.status in (0, 1), found.err
    document = json.loads(found.out)
    assert document["follows"] == (found.status == 0) or "--current" in more
    return document


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("audience", ["internal", "public"])
def test_a_document_as_it_was_written_follows(form, audience, store, capsys):
    file = written(capsys, store, f"a.{form}", "--audience", audience, "--template", "exit")
    found = verdict(capsys, store, file)
    assert found["follows"]
    assert found["text"]["checked"]
    assert not found["errata"]
    assert found["picture"] == (True if form == "md" else None)
    told = asked(capsys, store, "verify-report", file)
    assert "the facts follow from the record" in told.out
    assert "byte by byte" in told.out


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_word_that_was_changed_by_hand_is_found(form, store, capsys):
    file = written(capsys, store, f"a.{form}")
    text = file.read_text("utf-8")
    file.write_text(text.replace("We are dark.", "We are fine.", 1), "utf-8")
    found = verdict(capsys, store, file)
    assert not found["follows"]
    assert not found["differences"]
    assert found["text"]["touched"]
    assert "We are dark." in found["text"]["record"]
    assert "We are fine." in found["text"]["document"]


def resealed(file: Path, change: Any) -> None:
    """Change the facts in a document, and the digest of its text with them."""
    text = file.read_text("utf-8")
    (line,) = re.findall(r"^<!-- postmortem-report .* -->$", text, re.MULTILINE)
    seal = json.loads(line.removeprefix("<!-- postmortem-report ").removesuffix(" -->"))
    change(seal)
    file.write_text(text.replace(line, f"<!-- postmortem-report {inert(seal)} -->"), "utf-8")


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_fact_that_was_changed_is_found_and_named(form, store, capsys):
    file = written(capsys, store, f"a.{form}")

    def change(seal: Any) -> None:
        seal["facts"]["record"]["out"]["time"]["earliest"] = "2024-03-09T00:00:00Z"
        seal["facts"]["action_items"][0]["owner"] = "Nobody"
        del seal["facts"]["record"]["leak"]

    resealed(file, change)
    found = verdict(capsys, store, file)
    places = {each["place"]: each for each in found["differences"]}
    assert set(places) == {"record.out.time.earliest", "action_items.do-two.owner", "record.leak"}
    assert places["record.out.time.earliest"]["record"] == "2024-03-08T04:58:00Z"
    assert places["record.leak"]["document"] is None
    assert "Nobody" in asked(capsys, store, "verify-report", file).out


def test_another_version_checks_the_facts_alone(store, capsys):
    file = written(capsys, store, "a.md")
    resealed(file, lambda seal: seal.update(program="0.0.1"))
    found = verdict(capsys, store, file)
    assert found["follows"]
    assert not found["text"]["checked"]
    assert "0.0.1 wrote it" in found["text"]["reason"]


@pytest.mark.parametrize("change", ["missing", "other"])
def test_the_picture_beside_it_is_looked_at(change, store, capsys):
    file = written(capsys, store, "a.md")
    picture = file.with_suffix(".svg")
    if change == "missing":
        picture.unlink()
    else:
        picture.write_text(picture.read_text("utf-8") + " ", "utf-8")
    assert verdict(capsys, store, file)["picture"] is False


def test_a_template_of_ones_own_is_named_again(store, capsys, tmp_path):
    own = tmp_path / "own.md.j2"
    own.write_text('{% extends "short.md.j2" %}{% block title %}Mine{% endblock %}', "utf-8")
    file = written(capsys, store, "a.md", "--template", str(own))
    assert "# Mine" in file.read_text("utf-8")
    found = verdict(capsys, store, file)
    assert found["follows"]
    assert not found["text"]["checked"]
    assert verdict(capsys, store, file, "--template", str(own))["text"]["checked"]
    own.write_text("other", "utf-8")
    assert not verdict(capsys, store, file, "--template", str(own))["text"]["checked"]


def test_what_was_recorded_since_is_the_errata(store, capsys):
    file = written(capsys, store, "a.md")
    more = store.parent / "more.yaml"
    more.write_text(
        (FIXTURES / "full.yaml").read_text("utf-8")
        + "  - {id: out-2, type: service-cut-off, replaces: out, service: host, announcement: told,"
        " at: 2024-03-08T06:30, by: host, cites: [blog, mail]}\n"
        "  - {id: not-so, type: retracted, event: leak, reason: It was a rumour.}\n"
        "  - {id: heard, type: note, at: 2024-03-08T12:00, text: A bell rang.}\n"
        "  - {id: elsewhere, type: service-down, service: mailer, at: 2024-05-01}\n",
        "utf-8",
    )
    with Tracker(str(store), clock=lambda: RECORDED + 10**9) as tracker:
        tracker.import_file(more.name, more.read_bytes())
    found = verdict(capsys, store, file)
    assert found["follows"]
    assert [(each["what"], each["id"]) for each in found["errata"]] == [
        ("asserted", "heard"),
        ("retracted", "leak"),
        ("corrected", "out"),
    ]
    assert found["elsewhere"] == 1
    assert found["errata"][1]["by"] == ["not-so"]
    told = asked(capsys, store, "verify-report", file).out
    assert "3 changes recorded since" in told
    assert "A bell rang." in told
    assert asked(capsys, store, "verify-report", file, "--current").status == 1
    fresh = written(capsys, store, "a.md")
    assert fresh == file
    assert asked(capsys, store, "verify-report", file, "--current").status == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line with the facts"),
        ("# Something else\n", "no line with the facts"),
        ("<!-- postmortem-report {} -->\n", "cannot be read"),
        ("<!-- postmortem-report", "no line with the facts"),
        ("<!-- postmortem-report {}\n", "cannot be read"),
        ("{}", "no document that"),
        ("[" * 100_000, "no line with the facts"),
        ("{" * 100_000, "no document that"),
        ("<!-- postmortem-report {} -->\n<!-- postmortem-report {} -->\n", "2 lines with facts"),
        ("<!-- postmortem-report " + "[" * 100_000 + " -->", "cannot be read"),
    ],
)
def test_what_is_no_document_is_refused(text, said, store, capsys):
    file = store.parent / "odd.md"
    file.write_text(text, "utf-8")
    found = asked(capsys, store, "verify-report", file)
    assert found.status == 2
    assert said in found.err
    assert not found.out


def test_a_document_of_another_platform_or_of_no_record_is_refused(store, capsys, tmp_path):
    file = written(capsys, store, "a.md")
    (tmp_path / "other").mkdir()
    other = recorded(tmp_path / "other", "no-end")
    assert asked(capsys, other, "verify-report", file).status == 2
    assert asked(capsys, store, "verify-report", tmp_path / "none.md").status == 2
    assert asked(capsys, store, "verify-report", file, "--platform", "mill").status == 2


def test_line_ends_of_another_system_are_told_as_what_they_are(store, capsys):
    file = written(capsys, store, "a.md")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    found = verdict(capsys, store, file)
    assert not found["follows"]
    assert not found["differences"]
    assert found["text"]["reason"] is None
    assert "line ends" in asked(capsys, store, "verify-report", file).out


@pytest.mark.parametrize("form", FORMS)
def test_a_document_is_written_over_its_own_kind_only(form, store, capsys):
    file = written(capsys, store, f"a.{form}")
    written(capsys, store, f"a.{form}")
    file.write_text("mine", "utf-8")
    found = asked(capsys, store, "report", "-o", file)
    assert found.status == 2
    assert "is no document that" in found.err
    assert file.read_text("utf-8") == "mine"


def test_a_picture_of_somebody_elses_is_not_written_over(store, capsys):
    picture = store.parent / "a.svg"
    picture.write_text("<svg>mine</svg>", "utf-8")
    assert asked(capsys, store, "report", "-o", store.parent / "a.md").status == 2
    assert picture.read_text("utf-8") == "<svg>mine</svg>"


def test_the_seal_holds_the_facts_as_canonical_json(store, capsys):
    file = written(capsys, store, "a.md")
    found = opened(file.read_text("utf-8"), "a.md")
    whole = json.loads(asked(capsys, store, "report", "--json").out)
    assert canonical(found.seal["facts"]) == canonical(whole["facts"])
