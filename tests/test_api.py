"""The Python API answers as the command line does; its examples run."""

import doctest
import json
from datetime import UTC, datetime

import pytest
from cli.door import FOUNDING

import postmortem
from postmortem import api
from postmortem.cli import run
from postmortem.core.errors import BadInput, BadTime, StoreMissing
from postmortem.tracker import Tracker

AT, K = "2021-01-11T00:30-08:00", "2021-01-10T20:00-08:00"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "parler").mkdir()
    path = tmp_path / "parler" / "postmortem.db"
    with Tracker(str(path)) as tracker:
        tracker.import_file(str(FOUNDING), FOUNDING.read_bytes())
    return path


def test_its_examples_run(path, monkeypatch):
    monkeypatch.chdir(path.parents[1])
    tested = doctest.testmod(api)
    assert tested.attempted > 6
    assert tested.failed == 0


def test_it_answers_as_the_command_line_does(path, capsys):
    with postmortem.open_store(str(path)) as store:
        assert run(["--db", str(path), "state", "--at", AT, "--known-at", K, "--json"]) == 0
        assert store.state(AT, known_at=K).document() == json.loads(capsys.readouterr().out)
        window = ("2021-01-09T00:00-08:00", "2021-01-12T00:00-08:00")
        run(["--db", str(path), "downtime", "--from", window[0], "--to", window[1], "--json"])
        told = {id: found.document() for id, found in store.downtime(*window).items()}
        assert told == json.loads(capsys.readouterr().out)
        run(["--db", str(path), "check", "--json", "--at", AT])
        told = [finding.document() for finding in store.check(AT)]
        assert told == json.loads(capsys.readouterr().out)


def test_a_moment_is_text_or_an_aware_datetime(path):
    with postmortem.open_store(str(path)) as store:
        aware = datetime(2021, 1, 11, 8, 30, tzinfo=UTC)
        assert store.state(aware).document() == store.state(AT).document()
        with pytest.raises(BadTime, match="no time zone"):
            store.state(datetime(2021, 1, 11, 8, 30))  # noqa: DTZ001
        with pytest.raises(BadTime):
            store.state("2021-01-11")


def test_what_changed_between_two_states_of_knowledge(path):
    with postmortem.open_store(str(path)) as store:
        found = store.changes(known_at=(K, "2021-01-12T00:00-08:00"))
        assert "aws-cut-off" in {change.fact for change in found}
        assert store.changes(known_at=(K, K)) == []


def test_what_is_not_there_is_said(path, tmp_path):
    with postmortem.open_store(str(path)) as store:
        for wrong in (
            lambda: store.cuts("hostin"),
            lambda: store.explain("hostin"),
            lambda: store.state(AT, without=["aw"]),
        ):
            with pytest.raises(BadInput, match="there is no"):
                wrong()
    with pytest.raises(StoreMissing):
        postmortem.open_store(str(tmp_path / "none.db"))
    with pytest.raises(BadInput, match="no platform"):
        postmortem.open_store(str(path), "gab")
