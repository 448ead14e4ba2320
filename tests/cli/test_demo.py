"""The demo asks the real store of the real casebook, and leaves nothing behind unless told to."""

import re
import shlex
import shutil

import click
import pytest
from cli.door import FOUNDING, Ran, complaint, program, run

from postmortem.cli import demo

QUESTION = ["--at", "2021-01-11T00:30-08:00", "--known-at", "2021-01-10T20:00-08:00"]


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """A folder for temporary files that should stay empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def told_from(casebook, capsys) -> str:
    """The demo, told from that casebook."""
    with click.Context(click.Command("demo"), obj={"db": None}):
        demo.show(casebook, None)
    return capsys.readouterr().out


def test_it_tells_what_the_store_answers(watched, tmp_path):
    told = run("demo").out
    store = tmp_path / "store.db"
    run("--db", store, "import", FOUNDING)
    asked = re.findall(r"^\$ postmortem ((?!import).*)$", told, re.MULTILINE)
    assert len(asked) == len(demo.QUESTIONS) == 5
    for line in asked:
        assert run("--db", store, *line.split()).out in told
    assert list(watched.iterdir()) == []


@pytest.mark.parametrize(
    ("what", "into"),
    [
        (
            "at: 2021-01-10T22:00[Europe/Berlin]..2021-01-11T06:00[Europe/Berlin]",
            "at: 2021-01-11T00:31-08:00",
        ),
        (
            "known_at: 2021-01-10T06:00[America/Los_Angeles]\n    by: amazon",
            "known_at: 2021-01-10T21:00[America/Los_Angeles]\n    by: amazon",
        ),
        ("all_of: [hosting, twilio]", "any_of: [hosting, twilio]"),
    ],
    ids=["a time", "a known_at", "a formula"],
)
def test_another_event_is_another_story(tmp_path, capsys, watched, what, into):
    casebook = tmp_path / demo.CASEBOOK
    text = FOUNDING.read_text("utf-8")
    assert what in text
    shutil.copy(FOUNDING, casebook)
    before = told_from(casebook, capsys)
    casebook.write_text(text.replace(what, into, 1), "utf-8")
    assert told_from(casebook, capsys) != before
    casebook.write_text(text, "utf-8")
    assert told_from(casebook, capsys) == before


def test_what_is_kept(tmp_path, monkeypatch, watched):
    monkeypatch.chdir(tmp_path)
    ran = run("demo", "--keep", "a folder")
    assert ran.status == 0
    assert all(line.startswith("wrote ") for line in ran.err.splitlines())
    folder = tmp_path / "a folder"
    names = {file.name for file in folder.iterdir()}
    written = {f"parler-2021.{ending}" for ending in ("md", "svg", "html")}
    assert {"postmortem.db", demo.CASEBOOK, *written} <= names
    names -= {demo.CASEBOOK, *written}
    assert not {name for name in names if not name.startswith("postmortem.db")}
    for ending in ("md", "html"):
        ran_then = run(
            *("--db", folder / "postmortem.db"),
            *("verify-report", folder / f"parler-2021.{ending}", "--current"),
        )
        assert ran_then.status == 0, ran_then.out
    assert (folder / demo.CASEBOOK).read_bytes() == FOUNDING.read_bytes()
    # what it proposes to type next works as it stands there
    proposed = re.findall(r"^  (postmortem --db .*)$", ran.out, re.MULTILINE)
    assert proposed
    for line in proposed:
        assert run(*shlex.split(line)[1:]).status == 0, line
    assert list(watched.iterdir()) == []


def test_where_it_cannot_keep_anything(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    assert "is not empty" in complaint(run("demo", "--keep", tmp_path / "full"))
    assert "cannot be used" in complaint(run("demo", "--keep", tmp_path / "file"), 3)
    assert "cannot be used" in complaint(run("demo", "--keep", tmp_path / "file" / "folder"), 3)
    assert (tmp_path / "full" / "file").read_text() == "x"


def test_nothing_is_left_behind_by_a_program_of_its_own(tmp_path):
    ran: Ran = program("demo", env={"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}, cwd=tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_casebook_that_is_missing(tmp_path):
    with pytest.raises(demo.BadInput, match="founding case is missing"):
        demo.show(tmp_path / "none.yaml", None)


# --- the statement that the founding case is measured by ------------------------------------------


def test_hosting_was_uncertain_as_known_the_evening_before_by_the_announcement_alone(tmp_path):
    store = tmp_path / "store.db"
    run("--db", store, "import", FOUNDING)
    answer = run("--db", store, "state", *QUESTION, "--json").json
    assert answer["capabilities"]["hosting"]["status"] == "uncertain"
    assert answer["capabilities"]["hosting"] == {
        "worst": "unavailable",
        "best": "operational",
        "status": "uncertain",
    }
    assert answer["services"]["aws"]["because"] == ["aws-announced"]
    assert answer["services"]["aws"]["contested"] is False

    def hosting(at: str, *known: str) -> tuple[str, list[str], list[str], bool]:
        found = run("--db", store, "state", "--at", at, *known, "--json").json
        aws = found["services"]["aws"]
        status = found["capabilities"]["hosting"]["status"]
        return status, aws["because"], aws["notices"], aws["contested"]

    # the table of seeds/README.md
    evening = ["--known-at", "2021-01-10T20:00-08:00"]
    cut, announced = ["aws-cut-off"], ["aws-announced"]
    assert hosting("2021-01-09T12:00-08:00") == ("operational", [], [], False)
    assert hosting("2021-01-10T20:00-08:00")[:2] == ("uncertain", cut)
    assert hosting("2021-01-10T20:00-08:00")[3] is True
    assert hosting("2021-01-11T00:30-08:00") == ("unavailable", cut, [], True)
    assert hosting("2021-01-14T12:00-08:00") == ("unavailable", cut, [], True)
    assert hosting("2021-01-09T12:00-08:00", *evening)[0] == "operational"
    assert hosting("2021-01-10T20:00-08:00", *evening) == ("operational", [], announced, False)
    assert hosting("2021-01-11T00:30-08:00", *evening) == ("uncertain", announced, [], False)
    assert hosting("2021-01-14T12:00-08:00", *evening) == ("uncertain", announced, [], False)


def test_without_the_announcement_nothing_was_known_to_threaten_hosting(tmp_path):
    """So it is because of the announcement alone."""
    store = tmp_path / "store.db"
    run("--db", store, "import", FOUNDING)
    book = tmp_path / "retracted.yaml"
    head = FOUNDING.read_text("utf-8").partition("\nsources:")[0]
    book.write_text(
        f"{head}\nevents:\n  - {{id: oops, type: retracted, event: aws-announced, "
        "reason: For the test., clerical: true}\n",
        "utf-8",
    )
    assert run("--db", store, "import", book).status == 0
    answer = run("--db", store, "state", *QUESTION, "--json").json
    assert answer["capabilities"]["hosting"]["status"] == "operational"
    assert answer["services"]["aws"]["because"] == []
