"""Questions that are none: exit status 2, one message with a hint, what came before answered."""

import json
import os
from pathlib import Path

import pytest
from cli.books import HEAD, all_events, recorded
from cli.door import POSTMORTEM, complaint, program, run

AT = "2024-01-06T12:00Z"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One platform with a zone."""
    store = tmp_path_factory.mktemp("questions") / "store.db"
    recorded(store, HEAD + all_events())
    return store


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Three platforms, one of them without a zone."""
    store = tmp_path_factory.mktemp("questions") / "shared.db"
    recorded(store, HEAD)
    recorded(store, HEAD.replace("{id: p,", "{id: paper,"))
    recorded(
        store, "casebook: 1\nplatform: {id: zoneless}\nservices: {s: {}}\ncapabilities: {c: s}\n"
    )
    return store


TIMES = {
    "a day": ("2024-01-06", ["is a span", "2024-01-06T00:00+01:00"]),
    "a month": ("2024-01", ["is a span", "2024-01-01T00:00+01:00"]),
    "a year": ("2024[Asia/Tokyo]", ["is a span", "2023-12-31T15:00:00Z"]),
    "from to": ("2024-01-06T00:00Z..2024-01-07T00:00Z", ["is a span", "2024-01-06T00:00Z"]),
    "open": ("2024-01-06T00:00Z..", ["is a span", "open side"]),
    "skipped": ("2024-03-31T02:30", ["skips", "2024-03-31T02:30+01:00", "2024-03-31T02:30+02:00"]),
    "repeated": (
        "2024-10-27T02:30",
        ["repeats", "2024-10-27T02:30+01:00", "2024-10-27T02:30+02:00"],
    ),
    "an unknown zone": ("2024-01-06T00:00[Europe/Berln]", ["Europe/Berlin"]),
    "seven decimals": ("2024-01-06T00:00:00.0000001Z", ["six decimals"]),
    "a leap second": ("2016-12-31T23:59:60Z", ["leap second"]),
    "nothing": ("", ["none of the written forms"]),
}
CLOCKS = {
    "--at": ["state"],
    "--known-at": ["state", "--at", AT],
    "--recorded-at": ["state", "--at", AT],
    "--from": ["downtime", "--to", "2024-02-01T00:00Z"],
    "--to": ["downtime", "--from", "2024-01-01T00:00Z"],
}


@pytest.mark.parametrize(("written", "says"), TIMES.values(), ids=TIMES)
@pytest.mark.parametrize(("option", "command"), CLOCKS.items(), ids=CLOCKS)
def test_a_time(store, option, command, written, says):
    said = complaint(run("--db", store, *command, option, written, "--json"))
    assert said.startswith(f"postmortem: {option}: ")
    for phrase in says:
        assert phrase in said
    assert said.count("\n") == 2, "a message and a hint"


def test_a_time_of_cuts(store):
    assert "--at: an instant was asked for" in complaint(
        run("--db", store, "cuts", "c", "--at", "2024")
    )


UNKNOWN = {
    "platform": (["state", "--platform", "pp"], ["no platform 'pp'", "p"]),
    "platform in a batch": (
        ["state", "--batch", "-", "--platform", "q"],
        ["no platform 'q'", "there are: p"],
    ),
    "platform of downtime": (
        ["downtime", "--from", "2024-01-01T00:00Z", "--to", AT, "--platform", "q"],
        ["no platform 'q'"],
    ),
    "platform of an export": (["export", "--platform", "q"], ["no platform 'q'", "there are: p"]),
    "service": (["state", "--at", AT, "--without", "x"], ["no service 'x'", "s, t, u"]),
    "a capability for a service": (["state", "--at", AT, "--without", "c"], ["no service 'c'"]),
    "one service of two": (
        ["state", "--at", AT, "--without", "s", "--without", "x"],
        ["no service 'x'"],
    ),
    "capability": (["cuts", "xx"], ["no capability 'xx'", "c, d"]),
    "a service for a capability": (["cuts", "s"], ["no capability 's'"]),
    "a capability that the log does not know yet": (
        ["cuts", "c", "--recorded-at", "2001-01-01T00:00Z"],
        ["no capability 'c'"],
    ),
}


@pytest.mark.parametrize(("words", "says"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown(store, words, says):
    said = complaint(run("--db", store, *words))
    for phrase in says:
        assert phrase in said


def test_did_you_mean(tmp_path):
    store = tmp_path / "store.db"
    names = (
        HEAD.replace("{id: p,", "{id: parler,")
        .replace("  s: ", "  hosting: ")
        .replace("c: s", "sign-up: hosting")
    )
    recorded(store, names.replace("[c, t]", "[sign-up, t]"))
    for words in (
        ["state", "--platform", "palrer"],
        ["state", "--without", "hostign"],
        ["cuts", "sign-upp"],
    ):
        said = complaint(run("--db", store, *words))
        assert "did you mean " in said, said
    assert "Did you mean 'state'?" in run("--db", store, "stat").err
    assert "'--at'" in run("--db", store, "state", "--att", AT).err


def test_several_platforms(shared):
    for words in (
        ["state"],
        ["state", "--batch", "-"],
        ["downtime", "--from", "2024-01-01T00:00Z", "--to", AT],
        ["cuts", "c"],
    ):
        said = complaint(run("--db", shared, *words))
        assert "several platforms: p, paper, zoneless" in said
        assert "--platform" in said
    for platform in ("p", "paper", "zoneless"):
        answer = run("--db", shared, "state", "--at", AT, "--platform", platform, "--json").json
        assert answer["platform"] == platform


def test_a_time_without_any_zone(shared):
    words = ["state", "--platform", "zoneless", "--at", "2024-01-06T12:00"]
    said = complaint(run("--db", shared, *words))
    assert "--at: cannot read the time '2024-01-06T12:00': it has no zone" in said
    assert "2024-01-06T12:00[America/Los_Angeles]" in said


@pytest.mark.parametrize(
    "end", ["2024-01-01T00:00Z", "2023-12-31T00:00Z", "2024-01-01T01:00+01:00"]
)
def test_an_empty_window(store, end):
    said = complaint(run("--db", store, "downtime", "--from", "2024-01-01T00:00Z", "--to", end))
    assert "is empty" in said
    assert "2024-01-01T00:00:00Z" in said


GOOD = json.dumps({"at": AT})
LINES = {
    "no JSON": ('{"at": ', ["this is no JSON"]),
    "a word": ("yesterday", ["this is no JSON"]),
    "text": ('"2024-01-06T12:00Z"', ["a question is an object"]),
    "a list": (f"[{GOOD}]", ["a question is an object"]),
    "an unknown key": (
        '{"at": "2024-01-06T12:00Z", "known": null}',
        ["at, known_at and recorded_at"],
    ),
    "no at": ('{"known_at": "2024-01-06T12:00Z"}', ["the question has no at"]),
    "at that is null": ('{"at": null}', ["the question has no at"]),
    "at that is a number": ('{"at": 1610353800}', ["at is 1610353800", "time as text"]),
    "at that is not a number": ('{"at": NaN}', ["at is nan", "time as text"]),
    "at that is a list": ('{"at": []}', ["at is []"]),
    "a day": ('{"at": "2024-01-06"}', ["is a span", "2024-01-06T00:00+01:00"]),
    "a bad time": ('{"at": "2024-13-06"}', ["no such date"]),
    "a bad K": ('{"at": "2024-01-06T12:00Z", "known_at": "x"}', ["'x'"]),
    "a bad R": ('{"at": "2024-01-06T12:00Z", "recorded_at": false}', ["recorded_at is False"]),
    "a key twice": ('{"at": "2024-01-06T12:00Z", "at": "2024-01-07T12:00Z"}', ["twice"]),
    "deep": ('{"at": ' + "[" * 100_000, ["this is no JSON"]),
    "a number of 5000 digits": ('{"at": ' + "9" * 5000 + "}", ["this is no JSON"]),
    "half a surrogate pair": ('{"at": "\\ud800"}', ["cannot read the time"]),
    "no text": ("\udcff", ["UTF-8"]),
}


@pytest.mark.parametrize(("line", "says"), LINES.values(), ids=LINES)
@pytest.mark.parametrize("way", ["file", "pipe"])
def test_a_bad_line_ends_a_batch_with_its_number(store, tmp_path, line, says, way):
    text = f"{GOOD}\n\n{GOOD}\n{line}\n{GOOD}\n"
    file = tmp_path / "questions.jsonl"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    ran = run("--db", store, "state", "--batch", "-" if way == "pipe" else file, stdin=text)
    assert ran.status == 2
    assert len(ran.out.splitlines()) == 2, "those before it are answered"
    where = "standard input" if way == "pipe" else file
    assert ran.err.startswith(f"postmortem: {where}, line 4: "), ran.err
    for phrase in says:
        assert phrase in ran.err
    assert len(ran.err.splitlines()) <= 2
    assert len(ran.err) < 1000


def test_a_batch_that_is_missing(store, tmp_path):
    for file in (tmp_path / "missing.jsonl", tmp_path):
        said = complaint(run("--db", store, "state", "--batch", file))
        assert f"{file} cannot be read" in said
        assert "Errno" not in said


def test_an_empty_batch_has_no_answers(store):
    assert run("--db", store, "state", "--batch", "-").lines == []


def test_a_batch_brings_its_own_times(store):
    for option in ("--at", "--known-at", "--recorded-at"):
        assert "--batch brings its own" in complaint(
            run("--db", store, "state", "--batch", "-", option, AT)
        )


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["state", "--wrong"],
        ["state", "--at"],
        ["import"],
        ["cuts"],
        ["cuts", "c", "d"],
        ["downtime"],
        ["backup"],
        ["--color", "blue", "state"],
        ["--db"],
    ],
    ids=" ".join,
)
def test_what_click_refuses(store, words):
    ran = run(*words)
    assert ran.status == 2
    assert not ran.out
    assert ran.err.startswith(("Usage: postmortem", "Error: Option "))
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_of_another_encoding_is_no_fault(tmp_path, encoding):
    store, other = tmp_path / "store.db", {"PYTHONIOENCODING": encoding}
    recorded(
        store, HEAD.replace("A source", "Eine „Quelle“ → Kašpar").replace("Platform", "Käse 🧀")
    )
    shown = program("--db", store, "state", "--at", AT, env=other)
    assert (shown.status, shown.err) == (0, "")
    assert "\u25cf operational" in shown.out or "\xb7 nothing" in shown.out or "�" in shown.out
    usual = program("--db", store, "export").lines
    assert program("--db", store, "export", env=other).lines == usual
    assert "„Quelle“ → Kašpar" in str(usual)


def test_a_reader_that_has_seen_enough_is_no_fault(store):
    """As in `postmortem export | head -n 1`, many times over what a pipe holds."""
    log = store.parent / "questions.jsonl"
    log.write_text(f"{GOOD}\n" * 2000)
    words = f"'{store}' state --batch '{log}'"
    script = f"{{ {' '.join(POSTMORTEM)} --db {words}; echo $? >&2; }} | head -n 1"
    ran = program("-c", script, command=("/bin/sh",))
    assert len(ran.out.splitlines()) == 1
    assert ran.err == "0\n"


FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
UNWRITTEN = "postmortem: the answer cannot be written: No space left on device\n"


def in_a_shell(store, words, streams):
    script = f"{' '.join(POSTMORTEM)} --db '{store}' {words} {streams}; echo $? >> '{store}.said'"
    ran = program("-c", script, command=("/bin/sh",))
    status = Path(f"{store}.said").read_text()
    Path(f"{store}.said").unlink()
    return int(status), ran


@FULL
@pytest.mark.parametrize("words", ["state", "export", "report", "--help", "show nothing"])
def test_an_answer_that_finds_no_room_is_told_in_one_line(store, words):
    expected = (2, "") if words == "show nothing" else (3, UNWRITTEN)
    status, ran = in_a_shell(store, words, ">/dev/full")
    assert (status, ran.err if status == 3 else "") == expected
    status, ran = in_a_shell(store, words, ">/dev/full 2>/dev/full")
    assert (status, ran.out, ran.err) == (expected[0], "", "")


@pytest.mark.parametrize("words", ["state", "export", "report", "--help", "show nothing"])
@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_takes_nothing_and_breaks_nothing(store, words, streams):
    before = store.read_bytes()
    status, ran = in_a_shell(store, words, streams)
    assert status == (2 if words == "show nothing" else 0), ran.err
    assert "Traceback" not in ran.err
    assert store.read_bytes() == before
