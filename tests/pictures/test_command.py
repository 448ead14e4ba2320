"""`timeline --svg` and `--mermaid`: the door to the pictures."""

import subprocess
import sys
from xml.etree import ElementTree

import pytest
from cli.door import FOUNDING, run

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    file = tmp_path_factory.mktemp("picture") / "p.db"
    assert run("--db", file, "import", FOUNDING).status == 0
    return file


def texts(svg):
    root = ElementTree.fromstring(svg)  # noqa: S314
    return [element.text for element in root.iter(f"{SVG}text")]


def test_it_prints_the_picture_and_nothing_else(store):
    ran = run("--db", store, "timeline", "--svg")
    assert (ran.status, ran.err) == (0, "")
    assert texts(ran.out)[0] == "Parler"
    assert {"Hosting of the platform", "Amazon Web Services"} <= set(texts(ran.out))


def test_it_writes_a_new_file_and_never_over_another(store, tmp_path):
    file = tmp_path / "t.svg"
    ran = run("--db", store, "timeline", "--svg", "--output", file)
    assert (ran.status, ran.out) == (0, "")
    assert file.read_text("utf-8") == run("--db", store, "timeline", "--svg").out
    again = run("--db", store, "timeline", "--mermaid", "gantt", "-o", file)
    assert again.status == 2
    assert "nothing is overwritten" in again.err
    assert file.read_text("utf-8").startswith("<svg ")
    nowhere = run("--db", store, "timeline", "--svg", "-o", tmp_path / "no" / "t.svg")
    assert nowhere.status == 3
    assert "cannot be written" in nowhere.err


def test_a_window_a_zone_and_a_cursor(store):
    asked = ("--from", "2021-01-10", "--to", "2021-01-10", "--tz", "UTC")
    ran = run("--db", store, "timeline", "--svg", *asked, "--at", "2021-01-10T12:00-08:00")
    assert "2021-01-10 20:00 UTC" in texts(ran.out)
    assert "times in UTC · as known by all that is recorded" in texts(ran.out)
    assert "from 2021-01-10 08:00 UTC to 2021-01-11 08:00 UTC." in ran.out  # the platform's day
    outside = run("--db", store, "timeline", "--svg", *asked, "--at", "2026-01-10T12:00Z")
    assert any("2026-01-10 12:00 UTC lies outside" in text for text in texts(outside.out))


def test_only_some_lanes(store):
    lone = texts(run("--db", store, "timeline", "--svg", "--service", "zendesk").out)
    assert {"Zendesk", "Customer support", "What the public gets of Parler"} <= set(lone)
    assert not {"Log-in", "Amazon Web Services"} & set(lone)
    both = run("--db", store, "timeline", "--svg", "--service", "aws", "--capability", "log-in").out
    assert {"Log-in", "Hosting of the platform", "Amazon Web Services"} <= set(texts(both))
    assert "Twilio verification by text message" not in texts(both)
    chart = run("--db", store, "timeline", "--mermaid", "flowchart", "--service", "zendesk").out
    assert "Zendesk" in chart
    assert "Log#45;in" not in chart


def test_as_known_before_it_all(store):
    ran = run("--db", store, "timeline", "--svg", "--known-at", "2021-01-01T00:00Z")
    assert "as known at 2020-12-31 16:00 PST" in texts(ran.out)
    assert "Nothing that has a date is recorded." in texts(ran.out)
    nothing = run("--db", store, "timeline", "--svg", "--recorded-at", "2020-01-01T00:00Z")
    assert "Nothing was declared by then." in texts(nothing.out)


@pytest.mark.parametrize("form", ["gantt", "flowchart"])
def test_mermaid(store, form):
    ran = run("--db", store, "timeline", "--mermaid", form, "--at", "2021-01-10T12:00")
    assert ran.status == 0
    assert form in ran.out.splitlines()[0] or f"\n{form}\n" in ran.out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--svg", "--json"], "at once"),
        (["--svg", "--format", "csv"], "at once"),
        (["--svg", "--mermaid", "gantt"], "at once"),
        (["--mermaid", "gantt", "--limit", "3"], "at once"),
        (["--at", "2021-01-10T12:00"], "--at and --output are those of a picture"),
        (["--svg", "--service", "okto"], "there is no service 'okto'"),
        (["--svg", "--capability", "aws"], "there is no capability 'aws'"),
        (["--svg", "--from", "2021-01-10T12:00", "--to", "2021-01-10T12:00"], "is empty"),
        (["--svg", "--at", "2021-01"], "--at"),
    ],
)
def test_what_cannot_be_drawn_is_refused(store, asked, said):
    ran = run("--db", store, "timeline", *asked)
    assert ran.status == 2
    assert ran.out == ""
    assert said in ran.err


def test_a_narrow_character_set_gets_numbers(store):
    ran = subprocess.run(
        [sys.executable, "-m", "postmortem", "--db", store, "timeline", "--svg"],
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        capture_output=True,
        check=True,
    )
    assert ran.stdout.isascii()
    assert "DDoS protection and content delivery net…" in texts(ran.stdout.decode())


def test_neither_heavy_libraries_nor_for_rows_the_pictures_are_loaded(store):
    program = (
        "import sys; from postmortem.cli import run; run(sys.argv[1:]);"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    loaded = {}
    for option in ("--svg", "--reverse"):
        arguments = [sys.executable, "-c", program, "--db", store, "timeline", option]
        ran = subprocess.run(arguments, capture_output=True, check=True, text=True)
        loaded[option] = set(ran.stderr.split())
        assert not {"pydantic", "eventsourcing", "sqlite_utils", "yaml"} & loaded[option]
    assert "postmortem.pictures.timeline" in loaded["--svg"]
    assert not any(name.startswith("postmortem.pictures") for name in loaded["--reverse"])
