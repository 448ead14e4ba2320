"""Exported logs that were torn, changed, or are somebody else's: refused with file and line."""

import json

import pytest
from cli.books import HEAD, all_events, recorded
from cli.door import complaint, logged, positions, run


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> list[str]:
    """The lines of a log in which every type of event is."""
    store = tmp_path_factory.mktemp("log") / "store.db"
    recorded(store, HEAD + all_events())
    return run("--db", store, "export").out.splitlines()


def changed(line: str, *path: str | int, to: object) -> str:
    event = json.loads(line)
    inner = event
    for step in path[:-1]:
        inner = inner[step]
    if to is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return json.dumps(event)


GONE = object()


def words(line: str) -> list:
    return json.loads(line)["data"]["disclosures"]


def refused_both_ways(
    folder, lines: list[str], line: int | None, *says: str, ways=("copy", "anew")
) -> None:
    """As a copy and as an import, neither of which may leave anything behind."""
    file = folder / "log.jsonl"
    file.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    for way in ways:
        store = folder / f"{way}.db"
        ran = run("--db", store, "import", file, *["--keep-recorded"] * (way == "copy"))
        said = complaint(ran)
        where = f"{file}, line {line}: " if line else f"{file}"
        assert said.startswith(f"postmortem: {where}"), said
        for phrase in says:
            assert phrase in said, said
        assert positions(store) == [], way


def test_a_log_that_is_whole_is_taken_both_ways(log, tmp_path):
    (tmp_path / "log.jsonl").write_text("\n".join(log) + "\n\n")
    for options in ([], ["--keep-recorded"]):
        store = tmp_path / f"{len(options)}.db"
        ran = run("--db", store, "import", tmp_path / "log.jsonl", "--json", *options)
        assert ran.json == {"recorded": len(log), "skipped": 0}


LINES = {
    "torn": (lambda line: line[: len(line) // 2], ["this is no JSON"]),
    "half a word": (lambda _: "nul", ["this is no JSON"]),
    "a number": (lambda _: "1", ["no event of an exported log"]),
    "a list": (lambda _: "[]", ["no event of an exported log"]),
    "an empty object": (lambda _: "{}", ["specversion"]),
    "a key twice": (lambda line: line.replace("{", '{"id": "x", ', 1), ["a key is there twice"]),
    "a key twice further in": (
        lambda line: line.replace('"body":{', '"body":{"at":1,"at":2,'),
        ["twice"],
    ),
    "very deep": (lambda _: '{"data":' + "[" * 100_000, ["nested too deep"]),
    "not a number": (
        lambda line: line.replace('"specversion":"1.0"', '"specversion":NaN'),
        ["NaN is no number"],
    ),
    "a fraction": (
        lambda line: line.replace('"specversion":"1.0"', '"specversion":1.5'),
        ["1.5 is no number"],
    ),
    "a number of 5000 digits": (
        lambda line: line.replace('"1.0"', "9" * 5000, 1),
        ["this is no JSON"],
    ),
    "another version of CloudEvents": (
        lambda line: changed(line, "specversion", to="0.3"),
        ["specversion 1.0"],
    ),
    "somebody else's": (
        lambda _: (
            '{"specversion":"1.0","id":"1","source":"/x","type":"com.example.thing","data":{"a":1}}'
        ),
        ["data holds no envelope of ours", "postmortem export"],
    ),
    "somebody else's without data": (
        lambda _: '{"specversion":"1.0","id":"1","source":"/x","type":"com.example.thing"}',
        ["data holds no envelope of ours"],
    ),
    "an envelope with more": (
        lambda line: changed(line, "data", "envelope", "more", to=1),
        ["keys are others"],
    ),
    "a type of a later version": (
        lambda line: changed(line, "data", "envelope", "type", to="note/2"),
        ["'note/2' is no stored type"],
    ),
    "a type of nobody": (
        lambda line: changed(line, "data", "envelope", "type", to="thing/1"),
        ["'thing/1'"],
    ),
    "a disclosure without salt": (
        lambda line: changed(line, "data", "disclosures", to=[{"field": "text", "value": "x"}]),
        ["salt, field and value"],
    ),
    "disclosures that are text": (
        lambda line: changed(line, "data", "disclosures", to="x"),
        ["disclosure"],
    ),
    "disclosures that are null": (
        lambda line: changed(line, "data", "disclosures", to=None),
        ["disclosure"],
    ),
    "Latin-1": (lambda line: line[:100] + "\ud8e4" + line[100:], ["no UTF-8"]),
}


@pytest.mark.parametrize(("change", "says"), LINES.values(), ids=LINES)
def test_a_line_that_is_no_event_of_ours(log, tmp_path, change, says):
    number = next(i for i, line in enumerate(log, 1) if '"postmortem.note.v1"' in line)
    refused_both_ways(
        tmp_path, [*log[: number - 1], change(log[number - 1]), *log[number:]], number, *says
    )


@pytest.mark.parametrize(
    "key",
    [
        "platform",
        "id",
        "stream",
        "version",
        "type",
        "position",
        "recorded_at",
        "recorded_by",
        "known_at",
        "body",
    ],
)
@pytest.mark.parametrize(
    "value",
    [GONE, None, 0, -1, 2**70, 1.5, "", "x", "ü\u202e", [], {}, {"sd": "x"}, True],
    ids=lambda value: "gone" if value is GONE else ascii(value),
)
def test_no_envelope_however_odd_is_a_fault_of_the_program(log, tmp_path, key, value):
    """Refused with the line, or taken where the value means something; never anything else."""
    number = len(log) - 1
    was = json.loads(log[number - 1])["data"]["envelope"][key]
    line = changed(log[number - 1], "data", "envelope", key, to=value)
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join([*log[: number - 1], line]))
    for options in ([], ["--keep-recorded"]):
        store = tmp_path / f"{len(options)}.db"
        ran = run("--db", store, "import", file, *options)
        if ran.status == 0:
            assert value == was or _free(key, bool(options)), (key, value, options)
            assert run("--db", store, "export").status == 0
            assert run("--db", store, "rebuild").status == 0
        else:
            assert complaint(ran).startswith(f"postmortem: {file}, line {number}: "), ran.err
            assert positions(store) == []


def _free(key: str, copy: bool) -> bool:
    """What an import may ignore, since it is said anew."""
    said_anew = ("stream", "version", "position", "recorded_at", "recorded_by", "known_at")
    return key == "id" or (not copy and key in said_anew)


COPY = {
    "the first is missing": (lambda log: log[1:], 1, ["position 2 follows 0"]),
    "one is missing": (lambda log: [*log[:3], *log[4:]], 4, ["position 5 follows 3"]),
    "two have changed places": (
        lambda log: [*log[:3], log[4], log[3], *log[5:]],
        4,
        ["position 5 follows 3"],
    ),
    "one is there twice": (lambda log: [*log[:3], *log[2:]], 4, ["position 3 follows 3"]),
    "a position was changed": (
        lambda log: [*log[:-1], changed(log[-1], "data", "envelope", "position", to=1)],
        -1,
        ["position 1 follows"],
    ),
    "an id is there twice": (
        lambda log: [*log[:-1], changed(log[-1], "data", "envelope", "id", to="down")],
        -1,
        ["down"],
    ),
    "a version of its stream was changed": (
        lambda log: [*log[:-1], changed(log[-1], "data", "envelope", "version", to=17)],
        -1,
        ["version of untold is not what recording it gives"],
    ),
    "time goes back": (
        lambda log: [
            *log[:-1],
            changed(log[-1], "data", "envelope", "recorded_at", to="2001-01-01T00:00:00Z"),
        ],
        -1,
        ["recorded_at goes back to 2001-01-01T00:00:00Z"],
    ),
    "recorded in the future": (
        lambda log: [
            *log[:-1],
            changed(log[-1], "data", "envelope", "recorded_at", to="9001-01-01T00:00:00Z"),
        ],
        -1,
        ["9001-01-01T00:00:00Z, lies ahead"],
    ),
    "a time in another spelling": (
        lambda log: [
            *log[:-1],
            changed(log[-1], "data", "envelope", "recorded_at", to="2026-01-01T00:00:00+00:00"),
        ],
        -1,
        ["recorded_at of the envelope is nothing that we write"],
    ),
    "other words than were recorded": (
        lambda log: [*log[:-1], log[-1].replace("It was a rumour.", "It was the truth.")],
        -1,
        ["words of", "not those that were recorded"],
    ),
    "words of somebody else": (
        lambda log: [*log[:-1], changed(log[-1], "data", "disclosures", to=words(log[0]))],
        -1,
        ["not those that were recorded"],
    ),
    "the same words twice": (
        lambda log: [*log[:-1], changed(log[-1], "data", "disclosures", to=words(log[-1]) * 2)],
        -1,
        ["stand there twice"],
    ),
    "a body with more": (
        lambda log: [*log[:-1], changed(log[-1], "data", "envelope", "body", "clerical", to=False)],
        -1,
        ["clerical of untold is not what recording it gives"],
    ),
    "words in the clear": (
        lambda log: [*log[:-1], changed(log[-1], "data", "envelope", "body", "reason", to="r")],
        -1,
        ["not those that were recorded"],
    ),
    "another known_at": (
        lambda log: [
            *log[:-1],
            changed(log[-1], "data", "envelope", "known_at", to="9000-01-01T00:00:00Z"),
        ],
        -1,
        ["known_at of untold is not"],
    ),
    "another stream": (
        lambda log: [*log[:-1], changed(log[-1], "data", "envelope", "stream", to="p/service/u")],
        -1,
        ["stream of untold is not"],
    ),
    "a reference to nothing": (
        lambda log: [
            *log[:-1],
            changed(log[-1], "data", "envelope", "body", "event", to="nowhere"),
        ],
        -1,
        ["nowhere"],
    ),
    "a time that ends before it begins": (
        lambda log: [
            changed(line, "data", "envelope", "body", "at", "earliest", to="2030-01-01T00:00:00Z")
            if '"id":"down"' in line
            else line
            for line in log
        ],
        None,
        ["at of down", "earliest <= latest"],
    ),
}


@pytest.mark.parametrize(("change", "line", "says"), COPY.values(), ids=COPY)
def test_a_copy_takes_only_a_log_that_is_whole(log, tmp_path, change, line, says):
    lines = change(log)
    number = len(lines) if line == -1 else line
    refused_both_ways(tmp_path, lines, number, *says, ways=["copy"])


def test_a_copy_needs_an_empty_store(log, tmp_path):
    (tmp_path / "log.jsonl").write_text("\n".join(log))
    store = tmp_path / "store.db"
    recorded(store, HEAD)
    held = logged(store)
    said = complaint(run("--db", store, "import", "--keep-recorded", tmp_path / "log.jsonl"))
    assert "holds events already" in said
    assert logged(store) == held


def test_words_that_are_not_there_are_taken_in_as_their_digests(log, tmp_path):
    lines = [changed(line, "data", "disclosures", to=[]) for line in log]
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join(lines))
    ran = run("--db", tmp_path / "anew.db", "import", file)
    assert ran.status == 0
    assert "texts are not in this copy of the log; their digests were recorded" in ran.err
    assert run("--db", tmp_path / "anew.db", "verify").status == 0
    store = tmp_path / "copy.db"
    assert run("--db", store, "import", file, "--keep-recorded", "--json").json["recorded"] == len(
        log
    )
    assert run("--db", store, "state", "--at", "2024-01-12T12:00Z", "--json").status == 0


def test_an_export_of_one_platform_is_no_whole_log(tmp_path):
    store = tmp_path / "store.db"
    recorded(store, HEAD)
    recorded(store, HEAD.replace("{id: p,", "{id: q,"))
    part = tmp_path / "part.jsonl"
    run("--db", store, "export", "--platform", "q", "-o", part)
    said = complaint(run("--db", tmp_path / "copy.db", "import", "--keep-recorded", part))
    assert "without --platform" in said
    assert run("--db", tmp_path / "anew.db", "import", part, "--json").json["recorded"] == 7


def test_a_log_that_amends_can_be_imported_again(tmp_path):
    store, anew, file = (tmp_path / name for name in ("store.db", "anew.db", "log.jsonl"))
    for name in ("One", "Two", "One"):
        (tmp_path / "book.yaml").write_text(HEAD.replace("Platform", name))
        assert run("--db", store, "import", "--amend", tmp_path / "book.yaml").status == 0
    run("--db", store, "export", "-o", file)
    assert run("--db", anew, "import", file, "--json").json == {"recorded": 9, "skipped": 0}
    assert run("--db", anew, "import", file, "--json").json == {"recorded": 0, "skipped": 9}
    shown = run("--db", anew, "state", "--at", "2024-01-01T00:00Z")
    assert shown.out.startswith("One at ")


def test_a_log_of_another_history_does_not_amend_by_itself(tmp_path):
    store, other, file = (tmp_path / name for name in ("store.db", "other.db", "log.jsonl"))
    recorded(store, HEAD)
    recorded(other, HEAD.replace("Platform", "Other"), "other.yaml")
    run("--db", other, "export", "-o", file)
    said = complaint(run("--db", store, "import", file))
    assert (
        f"{file}, line 1: platform p is declared already with other content: name is Other" in said
    )
    assert run("--db", store, "import", "--amend", file, "--json").json == {
        "recorded": 1,
        "skipped": 6,
    }
    assert run("--db", store, "state", "--at", "2024-01-01T00:00Z").out.startswith("Other at ")


def test_an_empty_log(tmp_path):
    file = tmp_path / "log.jsonl"
    file.write_text("")
    for options in ([], ["--keep-recorded"], ["--keep-recorded"]):
        assert (
            run("--db", tmp_path / "new.db", "import", file, "--json", *options).json["recorded"]
            == 0
        )
    file.write_text("casebook: 1\n")
    assert f"{file}, line 1: this is no JSON" in complaint(
        run("--db", tmp_path / "new.db", "import", file)
    )
