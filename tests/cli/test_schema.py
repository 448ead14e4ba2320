"""The schemas of the answers: what is printed fits them, and what is not printed does not."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import click
import pytest
from cli.books import HEAD, all_events, recorded
from cli.door import FIXTURES, FOUNDING, program, run
from cli.test_loading import HEAVY, loaded
from jsonschema import Draft202012Validator

from postmortem.cli.commands import COMMANDS, group
from postmortem.cli.schema import FILE, answer, answers

DESCRIBED = json.loads(FILE.read_text("utf-8"))
NAMES = list(answers(DESCRIBED))
VALIDATORS = {name: Draft202012Validator(answer(DESCRIBED, name)) for name in NAMES}
SHOP = FIXTURES / "transcripts" / "files" / "shop.yaml"

EARLY = "1990-01-01T00:00Z"  # before anything was known
FRAMES = {
    "parler": [
        ["--at", "2021-01-11T00:30-08:00"],
        ["--at", "2021-01-11T00:30-08:00", "--known-at", "2021-01-10T20:00-08:00"],
        ["--at", "2021-01-10T13:30-08:00", "--tz", "UTC"],
        ["--at", "2021-01-05T12:00-08:00", "--known-at", EARLY],
        ["--at", "2021-01-10T12:00-08:00", "--recorded-at", "2100-01-01T00:00Z"],
        [],
    ],
    "shop": [
        ["--at", "2024-03-10T10:30"],
        ["--at", "2024-03-10T10:30", "--known-at", "2024-03-09T12:00"],
        ["--at", "2024-03-07T12:00"],
        ["--at", "2024-03-02T13:00"],
        ["--at", "2024-03-02T13:00", "--known-at", EARLY],
        [],
    ],
}
BOOKS = {"parler": FOUNDING, "shop": SHOP}
PARTS = {
    "parler": {
        "capabilities": ["hosting", "auth", "public-service", "joining"],
        "services": ["aws", "zendesk"],
        "events": ["aws-cut-off", "aws-announced", "aws-midnight-claimed"],
        "declared": ["aws", "source:leafandcore", "parler", "17"],
        "words": ["midnight", "amazon", "azo"],
        "window": ["--from", "2021-01-08T00:00Z", "--to", "2021-01-15T00:00Z"],
    },
    "shop": {
        "capabilities": ["site", "paying", "selling"],
        "services": ["host", "card", "wallet", "mail"],
        "events": ["cut", "notice", "later", "no-wallet", "mail-slow", "wrong", "better", "fee"],
        "declared": ["card", "source:paper", "shop", "mail"],
        "words": ["bank", "nowhere-at-all"],
        "window": ["--from", "2024-03-01T00:00", "--to", "2024-03-21T00:00:00.5"],
    },
}
# of the shop, so that something is corrected, retracted, amended and expected
MORE = [
    ["record", "service-down", "--id", "wrong", "--service", "host", "--at", "2024-03-15T01:00"],
    ["record", "service-down", "--service", "host", "--at", "2024-03-16T01:00", "--dry-run"],
    ["record", "note", "--id", "fee", "--text", "The bank wants a fee.", "--at", "2024-03-03"],
    [
        *("record", "cutoff-announced", "--id", "again", "--service", "mail"),
        *("--at", "2024-03-21", "--effective-at", "2024-04-01..", "--effect", "degraded"),
    ],
    ["correct", "host-down", "--id", "better", "--at", "2024-03-12T01:10..2024-03-12T01:20"],
    ["correct", "mail-slow", "--note", "Since noon.", "--clerical", "--dry-run"],
    ["retract", "wrong", "--reason", "It was the neighbour's."],
    ["declare", "service", "mail", "--name", "Newsletters", "--amend"],
    ["declare", "capability", "telling", "--requires", "mail"],
    ["declare", "capability", "telling", "--requires", "mail"],
    ["declare", "source", "blog", "--title", "A blog", "--dry-run"],
]


def fits(name: str, document: Any) -> bool:
    return VALIDATORS[name].is_valid(document)


def check(name: str, document: Any, asked: object) -> None:
    errors = sorted(VALIDATORS[name].iter_errors(document), key=lambda each: each.path)
    assert not errors, f"{asked}: {errors[0].json_path}: {errors[0].message[:500]}"


def without_at(frame: list[str]) -> list[str]:
    return frame[2:] if "--at" in frame else frame


def told(name: str, frame: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Every question of that frame: the answer's name, and the command."""
    parts, clocks = PARTS[name], without_at(frame)
    yield "state", ["state", *frame]
    yield "state", ["state", *frame, "--without", parts["services"][0]]
    yield "state", ["state", *frame, "--format", "json"]
    yield "state", ["state", "--at", "2021-01-10T12:00Z", "--at", "2024-03-11T12:00Z", *clocks]
    for id in (*parts["capabilities"], *parts["services"]):
        yield "explain", ["explain", id, "--turns", "50", *frame]
    yield "explain", ["explain", parts["services"][0], "--turns", "0", *frame]
    yield "downtime", ["downtime", *parts["window"], *clocks]
    for id in parts["capabilities"]:
        yield "cuts", ["cuts", id, *frame]
    for options in ([], ["--all"], ["--limit", "3", "--reverse"], parts["window"]):
        yield "timeline", ["timeline", *options, *clocks]
    yield "log", ["log", *clocks]
    for id in (*parts["events"], *parts["declared"]):
        yield "show", ["show", id, *clocks]
        yield "history", ["history", id, *clocks]
    for word in parts["words"]:
        yield "search", ["search", word, *clocks]
    yield "measures", ["measures", *clocks]
    yield "measures", ["measures", "--at", "2030-01-01T00:00Z", *clocks]
    yield "measures-all", ["measures", "--all", *clocks]
    if "--tz" not in clocks:  # a document is in the platform's zone
        yield "report", ["report", *clocks]
        yield "report", ["report", "--audience", "public", *clocks]
    yield "check", ["check", *frame]
    yield "check-rules", ["check", "--rules"]
    yield "lint", ["lint", *clocks]
    yield "lint-rules", ["lint", "--rules"]


def compared(name: str) -> Iterator[list[str]]:
    early, late = FRAMES[name][1][3], FRAMES[name][1][1]
    yield ["diff", "--known-at", early]
    yield ["diff", "--known-at", EARLY, "--known-at", early, "--at", late]
    yield ["diff", "--recorded-at", "2100-01-01T00:00Z", "--recorded-at", "1990-01-01T00:00Z"]
    yield ["diff", "--recorded-at", "1990-01-01T00:00Z", "--at", late]
    yield ["diff", "--at", PARTS[name]["window"][1], "--at", late]
    yield ["diff", "--at", PARTS[name]["window"][1], "--at", late, "--known-at", EARLY]
    yield ["diff", "--known-at", early, *PARTS[name]["window"]]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """The founding case, and the shop with more recorded; with what was said meanwhile."""
    folder = tmp_path_factory.mktemp("schemas")
    said = []
    for name, book in BOOKS.items():
        store = folder / f"{name}.db"
        said += [("import", run("--db", store, "import", book, "--json").json) for _ in range(2)]
    for words in MORE:
        said.append((words[0], run("--db", folder / "shop.db", *words, "--json").json))
    return folder, said


def test_the_file_is_a_schema_and_so_is_each_answer_on_its_own():
    for each in (DESCRIBED, *(answer(DESCRIBED, name) for name in NAMES)):
        Draft202012Validator.check_schema(each)
    used = {part for name in NAMES for part in answer(DESCRIBED, name).get("$defs", {})}
    assert used | set(NAMES) == set(DESCRIBED["$defs"]), "nothing is described in vain"


def command_of(name: str) -> str:
    """The command that prints that answer."""
    return name if name in COMMANDS else name.partition("-")[0]


def commands(name: str, command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        inside = click.Context(command, info_name=name)
        for each in command.list_commands(inside):
            yield from commands(each, command.get_command(inside, each))


def test_every_command_that_takes_json_has_a_schema():
    context = click.Context(group, info_name="postmortem")
    for name in COMMANDS:
        found = commands(name, group.get_command(context, name))
        takes = any("--json" in param.opts for each in found for param in each.params)
        assert takes == (name in NAMES), name
    assert {command_of(name) for name in NAMES} <= set(COMMANDS)


def test_every_answer_and_definition_says_what_it_is():
    for name, definition in DESCRIBED["$defs"].items():
        assert definition.get("title"), name
    for name in NAMES:
        assert f"`postmortem {command_of(name)} " in DESCRIBED["$defs"][name]["description"]


@pytest.mark.parametrize(("name", "number"), [(n, i) for n in BOOKS for i in range(6)])
def test_what_is_answered_fits(stores, name, number):
    store, frame = stores[0] / f"{name}.db", FRAMES[name][number]
    answered = 0
    for which, words in told(name, frame):
        ran = run("--db", store, *words, "--json")
        if ran.status == 2:  # what could not be known then has no answer
            assert EARLY in words or "--known-at" in words, ran.err
            continue
        assert ran.status in ((0, 1) if which in ("check", "lint") else (0,)), ran.err
        check(which, json.loads(ran.out), words)
        answered += 1
    assert answered >= 20


@pytest.mark.parametrize("name", BOOKS)
def test_what_changed_fits(stores, name):
    for words in compared(name):
        ran = run("--db", stores[0] / f"{name}.db", *words, "--json")
        check("diff", ran.json, words)


def test_what_is_acknowledged_fits(stores):
    for which, document in stores[1]:
        check(which, document, which)
    said = {which for which, _ in stores[1]}
    assert said == {"import", "record", "correct", "retract", "declare"}


def test_the_lines_of_a_batch_fit(stores):
    asked = "".join(
        json.dumps({"at": "2024-03-10T10:30:00Z", "known_at": known}) + "\n"
        for known in (None, "2024-03-09T12:00:00Z", "1990-01-01T00:00:00Z")
    )
    lines = run("--db", stores[0] / "shop.db", "state", "--batch", "-", stdin=asked).lines
    assert len(lines) == 3
    for line in lines:
        check("state-batch", line, "batch")


def test_every_kind_of_event_and_what_is_contested_fits(tmp_path):
    recorded(tmp_path / "store.db", HEAD + all_events())
    asked = [["log"], ["timeline", "--all"], ["search", "s"], ["check"], ["lint"]]
    incidents = run("--db", tmp_path / "store.db", "measures", "--all", "--json").json
    check("measures-all", incidents, "measures --all")
    for one in incidents["incidents"]:
        asked += [["measures", one], ["report", one]]
    for words in asked:
        ran = run("--db", tmp_path / "store.db", *words, "--json")
        check(words[0], json.loads(ran.out), words)


@pytest.mark.parametrize("name", BOOKS)
def test_whether_a_document_still_follows_fits(stores, tmp_path, name):
    store = tmp_path / "store.db"
    run("--db", store, "import", BOOKS[name])
    for ending in ("md", "html", "json"):
        run("--db", store, "report", "-o", tmp_path / f"report.{ending}")
        ran = run("--db", store, "verify-report", tmp_path / f"report.{ending}", "--json")
        assert ran.json["follows"]
        check("verify-report", ran.json, ending)
    service = PARTS[name]["services"][0]
    run("--db", store, "declare", "service", service, "--name", "Another name", "--amend")
    run("--db", store, "record", "service-down", "--service", service, "--at", "2021-01-12T00:00Z")
    text = (tmp_path / "report.md").read_text("utf-8").replace("#", "##", 1)
    (tmp_path / "report.md").write_text(text, "utf-8")
    ran = run("--db", store, "verify-report", tmp_path / "report.md", "--json")
    document = json.loads(ran.out)
    assert ran.status == 1
    assert document["errata"]
    check("verify-report", document, "changed")


def test_where_the_store_is_fits(stores, tmp_path):
    for store in (stores[0] / "shop.db", tmp_path / "none.db"):
        check("where", run("--db", store, "where", "--json").json, store)


@pytest.mark.parametrize("words", [[], ["service-down"], ["platform"]], ids=str)
def test_the_schemas_of_the_catalogue_are_schemas(words):
    check("events", run("events", *words, "--json").json, words)


# --- what does not fit ----------------------------------------------------------------------------

FREE = {"body", "old", "new", "beside", "left_out", "reasons"}
BY_ID = {"services", "capabilities", "facts", "without_effect", "definitions"}


def closed(document: Any, *, by_id: bool = False) -> Iterator[dict[str, Any]]:
    """Every object of an answer whose keys are fixed, one alone of each list or mapping."""
    if isinstance(document, list):
        for each in document[:1]:
            yield from closed(each)
    elif isinstance(document, dict) and by_id:
        yield from closed(list(document.values()))
    elif isinstance(document, dict):
        yield document
        for key, value in document.items():
            if key not in FREE:
                yield from closed(value, by_id=key in BY_ID)


AT = ["--at", "2021-01-10T13:30-08:00"]
WRONG = {
    "state": ["state", *AT],
    "explain": ["explain", "hosting", *AT],
    "diff": ["diff", "--known-at", "2021-01-10T20:00", *AT],
    "downtime": ["downtime", *PARTS["parler"]["window"]],
    "timeline": ["timeline", "--service", "aws"],
    "cuts": ["cuts", "hosting"],
    "measures": ["measures", "--only", "availability"],
    "measures-all": ["measures", "--all", "--only", "notice"],
    "log": ["log", "--limit", "1"],
    "show": ["show", "aws-cut-off"],
    "history": ["history", "aws-cut-off"],
    "search": ["search", "midnight"],
    "check": ["check"],
    "check-rules": ["check", "--rules"],
    "lint-rules": ["lint", "--rules"],
    "where": ["where"],
}


@pytest.mark.parametrize("which", WRONG)
def test_an_answer_that_lacks_a_key_or_has_another_is_refused(stores, which):
    ran = run("--db", stores[0] / "parler.db", *WRONG[which], "--json")
    document = json.loads(ran.out)
    if isinstance(document, list):
        document = document[:1]
    assert fits(which, document)
    objects = list(closed(document, by_id=which == "downtime"))
    assert objects
    for each in objects:
        for key in list(each):
            kept = copy.copy(each)
            del each[key]
            assert not fits(which, document), f"without {key} of {sorted(kept)}"
            each.clear()
            each.update(kept)
        each["surprise"] = None
        assert not fits(which, document), f"a key more in {sorted(each)}"
        del each["surprise"]
    assert fits(which, document)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("at", "2021-01-11"),
        ("at", "2021-01-11T08:30:00+00:00"),
        ("at", "2021-01-11T08:30:00.500Z"),
        ("platform", "Parler Inc."),
        ("services", {"aws": None}),
        ("capabilities", {"hosting": {"worst": "bad", "best": "bad", "status": "bad"}}),
    ],
)
def test_an_answer_with_another_value_is_refused(stores, key, value):
    document = run("--db", stores[0] / "parler.db", "state", *AT, "--json").json
    assert fits("state", document)
    assert not fits("state", {**document, key: value})


# --- the command ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_command_prints_one_schema_complete_in_itself(name):
    printed = run("schema", name).json
    assert printed == answer(DESCRIBED, name)
    assert printed["title"] == DESCRIBED["$defs"][name]["title"]


def test_the_command_lists_them_or_prints_them_all():
    listed = run("schema").out
    assert all(f"\n{name} " in listed for name in NAMES)
    assert run("schema", "--all").json == DESCRIBED


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["stat"], "did you mean state?"),
        (["export"], "`postmortem export` has no --json"),
        (["nothing-like-it"], "no JSON answer"),
        (["bound"], "no JSON answer"),  # what answers are made of is none
        (["state", "--all"], "leave out one of them"),
    ],
)
def test_what_is_no_answer_is_refused(words, says):
    ran = run("schema", *words)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err


def test_it_needs_no_store_and_loads_nothing_of_weight(tmp_path):
    found = loaded("schema", "state", cwd=tmp_path)
    assert not found & (HEAVY | {"sqlite3", "_sqlite3", "jsonschema"})
    assert program("--db", tmp_path / "none.db", "schema", "state").json["title"]
