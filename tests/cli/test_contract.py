"""Every case of the contract, through the command line: imported, asked, measured, copied.

On every backend: a store is a file, or a schema on a PostgreSQL server with its view here.
"""

import itertools
import json
from pathlib import Path

import pytest
import yaml
from cli.door import FIXTURES, program, run

CASES = sorted((FIXTURES / "contract").glob("case-*.yaml"))
CLOCKS = ("--at", "--known-at", "--recorded-at")


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def place(backend, request, tmp_path_factory):
    """Makes the place of a store that is not there yet."""
    folder, numbers = tmp_path_factory.mktemp("places"), itertools.count()
    if backend == "sqlite":
        return lambda: str(folder / f"{next(numbers)}.db")
    server = request.getfixturevalue("postgres")  # skips where there is none
    return lambda: server.url(f"contract_{next(numbers)}")


@pytest.fixture(scope="session")
def stores(place):
    """The store of a case, imported once for all who only ask."""
    made: dict[Path, str] = {}

    def store(case: Path) -> str:
        if case not in made:
            made[case] = place()
            imported(made[case], case)
        return made[case]

    return store


def imported(store: str, casebook: Path, *options: str) -> dict[str, int]:
    return run("--db", store, "import", casebook, "--json", *options).json


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def questions(case: Path) -> Path:
    return case.with_suffix(".questions.jsonl")


def expected(case: Path) -> list[dict]:
    return lines(case.with_suffix(".expected.jsonl"))


def more(case: Path) -> dict:
    return json.loads(case.with_suffix(".more.json").read_text("utf-8"))


def entries(case: Path) -> int:
    """How many declarations and events a casebook holds."""
    book = yaml.load(case.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 (it makes text only)
    return 1 + sum(
        len(book.get(key, ())) for key in ("sources", "services", "capabilities", "events")
    )


def test_there_are_the_cases_of_the_contract():
    assert len(CASES) == 40
    assert sum(len(expected(case)) for case in CASES) == 480


def test_importing_counts_what_is_new(case, place, tmp_path):
    store = place()
    assert imported(store, case) == {"recorded": entries(case), "skipped": 0}
    assert imported(store, case) == {"recorded": 0, "skipped": entries(case)}
    as_json = tmp_path / "same.json"
    book = yaml.load(case.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    as_json.write_text(json.dumps(book), "utf-8")
    assert imported(store, as_json) == {"recorded": 0, "skipped": entries(case)}


def test_a_batch_answers_line_by_line(case, stores):
    store = stores(case)
    assert run("--db", store, "state", "--batch", questions(case)).lines == expected(case)
    text = questions(case).read_text("utf-8")
    assert run("--db", store, "state", "--batch", "-", stdin=text).lines == expected(case)


def test_a_question_alone_has_the_same_answer(case, stores):
    asked, answers = lines(questions(case)), expected(case)
    one = CASES.index(case) % len(asked)
    # beside one question of each case, the first that fixes more than one clock
    for index in {one, *(i for i, q in enumerate(asked) if q["known_at"])}:
        times = [asked[index][key] for key in ("at", "known_at", "recorded_at")]
        given = [(clock, time) for clock, time in zip(CLOCKS, times, strict=True) if time]
        options = itertools.chain.from_iterable(given)
        answer = run("--db", stores(case), "state", *options, "--json").json
        assert answer == answers[index]


def test_the_downtime(case, stores):
    asked = more(case)["downtime"]
    window = ["--from", asked["from"], "--to", asked["to"]]
    answer = run("--db", stores(case), "downtime", *window, "--json").json
    assert answer == asked["expected"]


def test_the_cut_sets(case, stores):
    for asked in more(case)["cuts"]:
        words = ["cuts", asked["capability"], "--at", asked["at"], "--json"]
        answer = run("--db", stores(case), *words).json
        assert answer == {key: asked[key] for key in ("capability", "minimal_cut_sets")}


def test_without_a_service(case, stores):
    asked = more(case)["without"]
    without = [word for service in asked["without"] for word in ("--without", service)]
    answer = run("--db", stores(case), "state", "--at", asked["at"], *without, "--json").json
    assert {key: answer[key] for key in asked["expected"]} == asked["expected"]


def test_a_copy_answers_the_same_and_so_does_a_new_import_of_the_log(case, stores, place, tmp_path):
    log, copy, anew = tmp_path / "log.jsonl", place(), place()
    run("--db", stores(case), "export", "-o", log)
    count = entries(case)
    assert imported(copy, log, "--keep-recorded") == {"recorded": count, "skipped": 0}
    assert imported(anew, log) == {"recorded": count, "skipped": 0}
    assert imported(anew, log) == {"recorded": 0, "skipped": count}
    for store in (copy, anew):
        assert run("--db", store, "state", "--batch", questions(case)).lines == expected(case)
    assert run("--db", copy, "export").out == log.read_text("utf-8")


def test_a_view_made_anew_answers_the_same(case, stores, tmp_path, monkeypatch):
    """Of a log on a server the view is made by whichever host asks: here by another one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for words in ([], ["rebuild"]):
        assert not words or run("--db", stores(case), *words).status == 0
        asked = run("--db", stores(case), "state", "--batch", questions(case))
        assert asked.lines == expected(case)


@pytest.mark.parametrize("case", CASES[::2], ids=lambda path: path.stem)
def test_every_other_question_is_answered_as_of_a_file(case, postgres, tmp_path):
    """The same log in a file and on a server: whatever is asked, every byte is the same."""
    log, file = tmp_path / "log.jsonl", tmp_path / "file.db"
    store = postgres.url(case.stem.replace("-", "_"))
    imported(file, case)
    run("--db", file, "export", "-o", log)
    imported(store, log, "--keep-recorded")
    for words in others(case):
        here, there = (run("--db", each, *words) for each in (file, store))
        assert here.status in (0, 1), (words, here.err)
        assert there == here, words
    roots = {run("--db", each, "verify", "--json").json["root"] for each in (file, store)}
    assert len(roots) == 1


def others(case: Path) -> list[list[str]]:
    """Questions that the contract has no answers to: every third one, and of each case others."""
    book = yaml.load(case.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    services, capabilities, events = (
        list(book[key]) for key in ("services", "capabilities", "events")
    )
    number, (first, second) = CASES.index(case), lines(questions(case))[:2]
    event = events[number % len(events)]["id"]
    clocks = [word for clock, key in zip(CLOCKS, first, strict=True) if first[key]
              for word in (clock, first[key])]  # fmt: skip
    every = [
        ["explain", capabilities[number % len(capabilities)], *clocks],
        ["explain", services[number % len(services)], "--at", second["at"], "--all", "--json"],
        ["timeline", "--all", "--json"],
        ["timeline", "--svg", "--at", first["at"]],
        ["history", event, "--json"],
        ["show", event],
        ["diff", "--at", first["at"], "--at", second["at"], "--json"],
        ["check", "--at", second["at"], "--json"],
        ["measures", "--at", second["at"], "--json"],
        ["coverage", "--facts", "--json"],
        ["search", services[0], "--json"],
        ["report", "--json"],
        ["export"],
    ]
    return every[number % 3 :: 3]


def test_as_programs_of_their_own(place, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    case, store = CASES[0], ["--db", place()]
    measured = more(case)
    count = entries(case)
    assert program(*store, "import", case, "--json").json == {"recorded": count, "skipped": 0}
    answers = expected(case)
    assert program(*store, "state", "--batch", questions(case)).lines == answers
    piped = program(*store, "state", "--batch", "-", stdin=questions(case).read_bytes())
    assert piped.lines == answers
    asked = lines(questions(case))[2]
    single = ["state", "--at", asked["at"], "--known-at", asked["known_at"], "--json"]
    assert program(*store, *single).json == answers[2]
    window = ["--from", measured["downtime"]["from"], "--to", measured["downtime"]["to"]]
    assert program(*store, "downtime", *window, "--json").json == measured["downtime"]["expected"]
    cut = measured["cuts"][1]
    found = program(*store, "cuts", cut["capability"], "--at", cut["at"], "--json").json
    assert found["minimal_cut_sets"] == cut["minimal_cut_sets"]
