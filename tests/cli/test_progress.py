"""Long work is told of on a terminal, and nowhere else."""

import sys

from cli.door import FOUNDING

from postmortem.cli import output, run
from postmortem.tracker import Tracker


def test_every_entry_is_told_of_while_it_is_recorded(tmp_path):
    told = []
    with Tracker(str(tmp_path / "s.db"), progress=lambda *each: told.append(each)) as tracker:
        recorded = tracker.import_file(str(FOUNDING), FOUNDING.read_bytes()).recorded
        assert told == [("recording", done, recorded) for done in range(1, recorded + 1)]
        told.clear()
        tracker.rebuild()
        assert told == [("reading the log", done, recorded) for done in range(1, recorded + 1)]


def test_the_line_is_gone_at_the_end(capsys):
    for done in range(1, 2001):
        output.progress("recording", done, 2000)
    shown = capsys.readouterr()
    assert shown.out == ""
    *lines, blank, end = shown.err.split("\r")
    assert lines[1:] == [f"recording: {done:,} of 2,000" for done in (500, 1000, 1500)]
    assert blank.strip() == end == ""


def test_short_work_and_pipes_are_left_alone(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(output, "LONG", 1)
    db = str(tmp_path / "s.db")
    assert run(["--db", db, "import", str(FOUNDING)]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run(["--db", db, "rebuild"]) == 0
    assert "\r" in capsys.readouterr().err
