"""The benchmark prints every row; what the rows say of time, no test says."""

import json
from io import BytesIO

import pytest
from cli.books import HEAD, all_events, recorded
from jsonschema import Draft202012Validator

from postmortem.bench.history import made
from postmortem.bench.rows import Row, in_turns, percentile
from postmortem.bench.running import MEASURES
from postmortem.cli import bench as command
from postmortem.cli import run
from postmortem.cli.schema import FILE, answer
from postmortem.importers.jsonl import Lines
from postmortem.reports import jsonl
from postmortem.tracker import Tracker

NAMES = {
    "record-bare", "record-stock", "import-bare", "import-stock", "casebook", "level-p50",
    "level-p99", "level-worst", "state", "state-told", "level-growth", "state-growth", "replay",
    "past-level", "past-state", "rebuild", "cold-state", "cold-help", "cold-completion",
    "memory-import", "memory-rebuild", "memory-state", "report", "picture", "downtime",
}  # fmt: skip
OF_A_STORE = {
    "level-p50", "level-p99", "level-worst", "state", "state-told", "past-level", "past-state",
    "cold-state", "cold-help", "cold-completion", "memory-state", "downtime",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch):
    monkeypatch.setattr("postmortem.bench.processes._ROUNDS", 1)
    monkeypatch.setattr("postmortem.bench.asking._QUESTIONS", 60)
    monkeypatch.setattr("postmortem.bench.recording._FEW", 4)


def printed(capsys, *words):
    status = run([str(word) for word in words])
    out, err = capsys.readouterr()
    assert status in (0, 1), err
    rows = json.loads(out)
    Draft202012Validator(answer(json.loads(FILE.read_text("utf-8")), "bench")).validate(rows)
    assert status == int(any(row["met"] is False for row in rows))
    return rows


def test_every_row_is_printed(capsys):
    rows = printed(capsys, "bench", "--size", "600,900", "--json")
    assert {row["name"] for row in rows} == NAMES


def test_a_store_of_ones_own_is_only_read(capsys, tmp_path):
    store = tmp_path / "store.db"
    recorded(store, HEAD + all_events())
    before = store.read_bytes()
    rows = printed(capsys, "--db", store, "bench", "--json")
    assert {row["name"] for row in rows} == OF_A_STORE
    assert store.read_bytes() == before


def test_rows_are_printed_for_people(capsys):
    run(["bench", "--size", "600", "--only", "level"])
    out = capsys.readouterr().out
    assert "level of one service at (T, K)" in out
    assert "one bare indexed probe" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--size", "many"], "'many' is no number"),
        (["--size", "3"], "from 500"),
        (["--size", "nan"], "'nan' is no number"),
        (["--only", "speed"], "there are: record, import"),
        (["--platform", "p"], "of a store of yours"),
    ],
)
def test_what_cannot_be_measured_is_refused(capsys, monkeypatch, words, says):
    monkeypatch.delenv("POSTMORTEM_DB", raising=False)
    assert run(["bench", *words]) == 2
    assert says in capsys.readouterr().err


def test_the_help_names_what_can_be_measured():
    assert tuple(MEASURES) == command.MEASURED


def test_the_made_up_history_can_be_recorded(tmp_path):
    events = list(made(3000, number=5))
    text = "\n".join(jsonl.line(dict(e.envelope), e.said) for e in events).encode()
    with Tracker(str(tmp_path / "s.db")) as tracker:
        receipt = tracker.copy_from("made.jsonl", text)
        assert (receipt.recorded, receipt.skipped) == (len(events), 0)
    assert len(list(Lines("made.jsonl", BytesIO(text)))) == len(events)


def test_the_made_up_history_is_the_same_every_time():
    assert list(made(700)) == list(made(700))
    assert list(made(700)) != list(made(700, seed=2))


@pytest.mark.parametrize(
    ("ratio", "at_least", "met"), [(2.0, True, False), (3.0, True, True), (2.0, False, True)]
)
def test_a_limit_is_met_on_its_side(ratio, at_least, met):
    row = Row("r", "what", "beside", 1, ratio, 3, None, at_least)
    assert row.met is met
    assert row.aimed is None


def test_turns_are_as_many_as_rounds():
    done = []
    times = in_turns([lambda: done.append("a"), lambda: done.append("b")], 3)
    assert [len(each) for each in times] == [3, 3]
    assert sorted(done) == ["a"] * 3 + ["b"] * 3
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
