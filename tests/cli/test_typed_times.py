"""Times as people type them, through the command line, asked of the founding case."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from cli.door import FOUNDING, complaint, run

from postmortem import asking

MIDNIGHT = 1_610_438_400  # 12 January 2021 in Los Angeles; somebody asks five seconds later


@pytest.fixture(scope="module")
def founding(tmp_path_factory):
    """The founding case, with a correction and a retraction."""
    folder = tmp_path_factory.mktemp("founding")
    store, book = folder / "store.db", folder / "book.yaml"
    book.write_text(
        FOUNDING.read_text("utf-8")
        + "  - {id: first, type: note, at: 2021-01-10T10:00Z, text: t}\n"
        "  - {id: second, type: note, at: 2021-01-10T11:00Z, text: t, replaces: first}\n"
        "  - {id: rumour, type: note, at: 2021-01-10T12:00Z, text: t}\n"
        "  - {id: no-rumour, type: retracted, event: rumour, reason: it was one}\n",
        "utf-8",
    )
    assert run("--db", store, "import", book).status == 0
    return store


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    still = SimpleNamespace(time_ns=lambda: (MIDNIGHT + 5) * 1_000_000_000)
    monkeypatch.setattr(asking, "time", still)


ASKED = {
    "2021-01-11 00:30 PST": "2021-01-11T08:30:00Z",
    "2021-01-11 00:30 America/Los_Angeles": "2021-01-11T08:30:00Z",
    "11 January 2021 12:30am PST": "2021-01-11T08:30:00Z",
    "11. Januar 2021, 9:30 Uhr MEZ": "2021-01-11T08:30:00Z",
    "20210111T083000Z": "2021-01-11T08:30:00Z",
    "2021-01-11 00:30 PST (08:30 UTC)": "2021-01-11T08:30:00Z",
    "now": "2021-01-12T08:00:05Z",
    "-2h": "2021-01-12T06:00:05Z",
    "2 hours ago": "2021-01-12T06:00:05Z",
    "today 00:00": "2021-01-12T08:00:00Z",
    "yesterday 18:00": "2021-01-12T02:00:00Z",
    "yesterday 18:00 EST": "2021-01-11T23:00:00Z",
    "2021-01-11 00:30 PST +2h": "2021-01-11T10:30:00Z",
    # its own span ends at 05:00, and a claim of the same at 08:00
    "@aws-cut-off.earliest": "2021-01-10T21:00:00Z",
    "@aws-cut-off.latest": "2021-01-11T08:00:00Z",
    "@aws-cut-off.latest:+1m": "2021-01-11T08:01:00Z",
    "@aws-cut-off.earliest -1m": "2021-01-10T20:59:00Z",
    "@aws-announced.latest": "2021-01-10T14:00:00Z",  # when it was announced
    "@aws-midnight-claimed.latest": "2021-01-11T08:00:00Z",  # what is claimed
    "@twilio-cut-off.latest": "2021-01-10T15:24:46.359Z",
    "@first": "2021-01-10T11:00:00Z",  # by its last word
    "@second:-1m": "2021-01-10T10:59:00Z",
}


@pytest.mark.parametrize(("typed", "meant"), ASKED.items())
def test_every_time_of_a_question(founding, typed, meant):
    asked = ["--at", typed, "--known-at", typed, "--recorded-at", typed]
    answer = run("--db", founding, "state", *asked, "--json").json
    assert [answer[clock] for clock in ("at", "known_at", "recorded_at")] == [meant] * 3


def test_the_answer_repeats_it_resolved(founding):
    answer = run("--db", founding, "state", "--at", "yesterday 18:00", "--known-at", "-2h")
    first = answer.out.splitlines()[0]
    assert (
        "at 2021-01-11 18:00 PST (2021-01-12 02:00 UTC), as known 2021-01-11 22:00:05 PST" in first
    )
    window = ["--from", "@aws-cut-off.latest:-1m", "--to", "11 January 2021 12:30am PST"]
    answer = run("--db", founding, "downtime", *window)
    assert "from 2021-01-10 23:59 PST (2021-01-11 07:59 UTC) to 2021-01-11 00:30 PST" in answer.out


@pytest.mark.parametrize(
    ("typed", "says", "hint"),
    [
        ("@aws-cut-off", "is a span", "write @aws-cut-off.earliest or @aws-cut-off.latest"),
        ("@aws-cut-off:-1m", "is a span", "@aws-cut-off.earliest:-1m or @aws-cut-off.latest:-1m"),
        ("@aws-cut-of.latest", "there is no event 'aws-cut-of'", "did you mean @aws-cut-off?"),
        ("@aws-cut-off-1m", "there is no event 'aws-cut-off-1m'", "write @aws-cut-off:-1m"),
        ("@aws", "aws is a service or a capability", "the time of an event"),
        ("@rumour", "rumour is retracted", "postmortem history rumour"),
        ("@no-rumour", "no-rumour is a retracted, and has no time", "@rumour"),
        ("yesterday", "'yesterday' is a span", "the first is 2021-01-11T00:00-08:00"),
        ("2021-01-11 00:30 CST", "CST may be", "America/Chicago"),
        ("01/11/2021", "11 January 2021 or 1 November 2021", "2021-01-11 or 2021-11-01"),
        ("2021-03-14 02:30", "skips that local time", "02:30-07:00 or 2021-03-14T02:30-08:00"),
    ],
)
@pytest.mark.parametrize("option", ["--at", "--known-at", "--recorded-at"])
def test_a_question_is_refused_with_what_to_type(founding, option, typed, says, hint):
    said = complaint(run("--db", founding, "state", option, typed))
    assert said.startswith(f"postmortem: {option}: ")
    message, shown = said.splitlines()
    assert says in message
    assert hint in shown


def test_batches_and_casebooks_hold_what_is_written(founding, tmp_path):
    for typed in "2021-01-11 00:30 PST", "now", "@aws-cut-off.latest", "20210111T083000Z":
        line = f'{{"at": "{typed}"}}\n'
        said = complaint(run("--db", founding, "state", "--batch", "-", stdin=line))
        assert "line 1: cannot read the time" in said
        book = tmp_path / "book.yaml"
        book.write_text(
            "casebook: 1\nplatform: {id: p, zone: UTC}\nevents:\n"
            f"  - {{id: x, type: note, at: '{typed}', text: t}}\n"
        )
        assert "at of x" in complaint(run("--db", tmp_path / "s.db", "import", book))


def test_a_written_time_loads_nothing_more(founding):
    program = (
        "import sys; from postmortem.cli import run\n"
        f"run(['--db', {str(founding)!r}, 'state', '--at', sys.argv[1], '--json'])\n"
        "heavy = {'pydantic', 'sqlite_utils', 'eventsourcing', 'yaml', 'postmortem.core.typed'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    loaded = {
        typed: subprocess.run(
            [sys.executable, "-c", program, typed], capture_output=True, text=True, check=True
        ).stderr.strip()
        for typed in ("2021-01-11T00:30", "@aws-cut-off.latest:+1m")
    }
    assert loaded == {"2021-01-11T00:30": "", "@aws-cut-off.latest:+1m": "postmortem.core.typed"}
