"""The command that measures: one incident, all of them, the founding case, and bad questions."""

from __future__ import annotations

import csv
import io
import json

import pytest
from cli.books import recorded
from cli.door import FOUNDING, complaint, run
from cli.test_completion import completed
from cli.test_loading import HEAVY, loaded

from postmortem.core.metrics import DEFINITIONS

BOOK = """casebook: 1
platform: {id: shop, name: "Shop | <b>\\u202e", zone: Europe/Berlin}
sources:
  mail: {title: The letter, published_at: 2024-01-01T09:00Z}
services:
  pay: {name: Payments, provider: one, notice_days: 30}
  cdn: {}
  dns: {}
capabilities:
  checkout: {all_of: [pay, cdn]}
  look: dns
"""
EVENTS = """events:
  - {id: inc1, type: incident-opened, title: "Payments, | gone", at: 2024-01-09T08:00Z,
     window_from: 2024-01-01, window_to: 2024-01-31, services: [pay], capabilities: [checkout]}
  - {id: told, type: cutoff-announced, service: pay, at: 2024-01-03T10:00Z,
     effective_at: 2024-01-11T00:00Z, cites: [mail]}
  - {id: cut, type: service-cut-off, service: pay, announcement: told, at: 2024-01-11T00:30Z}
  - {id: back, type: service-restored, ends: [cut], at: 2024-01-14T00:00Z..2024-01-14T06:00Z}
  - {id: det, type: milestone-reached, incident: inc1, milestone: detected, at: 2024-01-11T00:20Z}
  - {id: inc2, type: incident-opened, title: Names, at: 2024-03-01T08:00Z}
  - {id: out, type: service-down, service: dns, at: 2024-03-01T07:40Z}
"""
ALONE = EVENTS[: EVENTS.index("  - {id: inc2")]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    store = tmp_path_factory.mktemp("measures") / "store.db"
    recorded(store, BOOK + EVENTS)
    return store


@pytest.fixture(scope="module")
def parler(tmp_path_factory):
    store = tmp_path_factory.mktemp("parler") / "store.db"
    ran = run("--db", store, "import", FOUNDING)
    assert ran.status == 0, ran.err
    return store


def measured(store, *words):
    document = run("--db", store, "measures", *words, "--json").json
    return document, {(one["measure"], one["about"]): one for one in document["measures"]}


def test_each_with_both_anchors_and_its_definition(two):
    document, found = measured(two, "inc1")
    notice = found["notice", "cut"]
    assert (notice["least"], notice["most"]) == (657_000, 657_000)
    assert notice["from"]["ids"] == ["told"]
    assert notice["to"]["earliest"] == "2024-01-11T00:30:00Z"
    assert notice["beside"]["contract"] == 30 * 86_400
    assert document["definitions"]["notice"]["says"] == DEFINITIONS["notice"].says
    assert document["window"]["from"] == "2023-12-31T23:00:00Z"
    assert document["window"]["to"] == "2024-01-31T23:00:00Z"
    restored = found["time-to-restore", "cut"]
    assert (restored["outcome"], restored["least"], restored["most"]) == ("range", 257_400, 279_000)


def test_missing_reversed_and_open_are_never_nothing(two):
    _, found = measured(two, "inc1")
    reversed_ = found["time-to-detect", None]
    assert (reversed_["outcome"], reversed_["most"]) == ("invalid", -600)
    missing = found["time-to-mitigate", None]
    assert (missing["outcome"], missing["least"], missing["most"]) == ("not applicable", None, None)
    assert "mitigated" in missing["reason"]
    document, found = measured(two, "inc2", "--at", "2024-03-01T09:40+01:00")
    going_on = found["time-to-restore", "out"]
    assert (going_on["outcome"], going_on["least"]) == ("so far", 3_600)
    assert going_on["as_of"] == document["as_of"] == "2024-03-01T08:40:00Z"
    assert found["downtime", "look"]["outcome"] == "so far"


def test_what_goes_on_is_counted_up_to_the_last_entry_or_to_what_was_known(two):
    log = run("--db", two, "log", "--reverse", "--limit", "1", "--json").json["log"]
    document, _ = measured(two, "inc2")
    assert log[0]["recorded_at"] <= document["as_of"]
    assert document["as_of"][:16] >= log[0]["recorded_at"][:16]
    early, _ = measured(two, "--known-at", "2024-01-05T00:00Z")
    assert early["as_of"] == "2024-01-05T00:00:00Z"
    assert early["incident"] is None


def test_downtime_is_that_of_the_command_downtime(parler):
    document, found = measured(parler, "--at", "2021-01-20T00:00Z")
    window = document["window"]
    asked = run(
        "--db", parler, "downtime", "--from", window["from"], "--to", window["to"], "--json"
    ).json
    assert {about for key, about in found if key == "downtime"} == set(asked)
    for id, pairs in asked.items():
        for key, name in (("downtime", "unavailable"), ("impaired", "impaired")):
            assert [found[key, id]["least"], found[key, id]["most"]] == pairs[name]


def test_the_founding_case_as_the_articles_tell_it(parler):
    _, found = measured(parler)
    notice = found["notice", "aws-cut-off"]
    # told between Saturday 18:00 in New York and Sunday 06:00 in Los Angeles, switched off between
    # Sunday 22:00 in Berlin and Monday 00:00 in Los Angeles
    assert (notice["least"], notice["most"]) == (7 * 3_600, 33 * 3_600)
    assert notice["to"]["contested"]
    assert found["notice", "okta-cut-off"]["outcome"] == "not applicable"
    assert found["most-down", None]["least"] == 7


def test_the_table_says_what_is_measured_and_how(two):
    ran = run("--db", two, "measures", "inc1")
    assert ran.status == 0, ran.err
    flat = " ".join(ran.out.split())
    assert "Shop | <b>\\u{202e}: inc1, Payments, | gone, as known now" in flat
    assert "window from 2024-01-01 00:00 CET" in flat
    assert DEFINITIONS["notice"].says in flat
    assert "cut (pay) 7 d 14:30:00" in flat
    assert "the contract promises 30 days: short by 22 d 09:30:00" in flat
    assert "invalid: the second came before the first, −00:10:00" in flat
    assert "an hour unavailable counts 1, an hour degraded 0" in flat
    assert "\u202e" not in ran.out


def test_nothing_known_yet_is_said_once(two):
    ran = run("--db", two, "measures", "--known-at", "2020-01-01T00:00Z")
    assert ran.status == 0
    assert "nothing that happened was known and recorded by then" in ran.out
    assert "not applicable" not in ran.out


def test_of_many_the_gravest_are_listed_and_the_rest_put_together(tmp_path):
    count = 25
    book = "casebook: 1\nplatform: {id: big}\nservices:\n"
    book += "".join(f"  s{n:02}: {{}}\n" for n in range(count)) + "capabilities:\n"
    book += "".join(f"  c{n:02}: s{n:02}\n" for n in range(count)) + "events:\n"
    book += "".join(
        f"  - {{id: d{n:02}, type: service-down, service: s{n:02}, "
        f"at: 2024-01-{n + 1:02}T00:00Z}}\n"
        for n in reversed(range(count))
    )
    store = tmp_path / "big.db"
    recorded(store, book)
    until = ("--at", "2024-01-31T00:00Z")
    ran = run("--db", store, "measures", *until)
    downtime = ran.out[ran.out.index("\ndowntime\n") : ran.out.index("\nimpaired time\n")]
    assert "  c00  30 d 00:00:00 so far" in downtime
    assert "c24" not in downtime
    assert "and 5 more, with --only downtime" in downtime
    assert "of all 25, median at least 18 d 00:00:00" in downtime
    whole = run("--db", store, "measures", *until, "--only", "downtime").out
    assert "c24" in whole
    assert "more, with" not in whole


def test_only_some_of_them(two):
    document, _ = measured(two, "inc1", "--only", "notice", "--only", "cascade-span")
    assert {one["measure"] for one in document["measures"]} == {"notice", "cascade-span"}
    assert set(document["definitions"]) == {"notice", "cascade-span"}
    ran = run("--db", two, "measures", "inc1", "--only", "estimate-error")
    assert "there is none of these to measure" in ran.out


def test_what_degraded_counts_can_be_said(two):
    document, _ = measured(two, "inc1", "--only", "availability", "--degraded", "0.3")
    assert "degraded 0.3" in document["definitions"]["availability"]["says"]
    assert document["measures"][0]["beside"] == {"weights": {"unavailable": 1.0, "degraded": 0.3}}


def test_as_csv_numbers_stay_numbers(two):
    ran = run("--db", two, "measures", "inc1", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    detected = next(row for row in rows if row["measure"] == "time-to-detect")
    assert (detected["least"], detected["unit"], detected["outcome"]) == (
        "-600",
        "seconds",
        "invalid",
    )
    assert all(row["says"] for row in rows)


def test_as_markdown_everything_is_escaped(two):
    ran = run("--db", two, "measures", "inc2", "--format", "markdown")
    lines = ran.out.splitlines()
    assert lines[0].startswith("| measure | of | value | from | to | beside | definition |")
    cells = {line.replace("\\|", "").count("|") for line in lines}
    assert cells == {8}
    assert any("so far\\, as of" in line for line in lines)


def test_over_all_incidents_count_median_and_range(two):
    document = run("--db", two, "measures", "--all", "--json").json
    assert document["incidents"] == ["inc1", "inc2"]
    found = {(one["measure"], one["about"]): one for one in document["summaries"]}
    detect = found["time-to-detect", None]
    assert (detect["count"], detect["median"]) == (0, None)
    assert detect["left_out"] == {"invalid": 1, "not applicable": 1}
    restore = found["time-to-restore", None]
    assert restore["count"] == 2
    assert restore["range"] == {"least": 257_400, "most": None}  # one of them goes on
    assert "mean" not in json.dumps(document["summaries"])
    table = run("--db", two, "measures", "--all")
    assert "2 incidents, as known now" in table.out
    assert "none counts; left out: 1 invalid, 1 not applicable" in table.out
    markdown = run("--db", two, "measures", "--all", "--format", "markdown").out
    assert markdown.startswith("| measure | count | median | range | left out |")
    rows = run("--db", two, "measures", "--all", "--format", "csv").out.splitlines()
    assert rows[0].startswith("measure,about,count,median_least,median_most")


def test_without_an_incident_the_only_one_is_meant(tmp_path):
    store = tmp_path / "one.db"
    recorded(store, BOOK + ALONE)
    document, _ = measured(store)
    assert document["incident"] == "inc1"


def test_with_none_opened_all_of_them_are_none(parler):
    ran = run("--db", parler, "measures", "--all", "--known-at", "2020-01-01T00:00Z")
    assert (ran.status, "no incident was opened" in ran.out) == (0, True)
    document = run(
        "--db", parler, "measures", "--all", "--known-at", "2020-01-01T00:00Z", "--json"
    ).json
    assert (document["incidents"], document["summaries"]) == ([], [])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], ("there are 2 incidents: inc1, inc2", "name one of them")),
        (["inc3"], ("there is no incident 'inc3'", "did you mean inc")),
        (["told"], ("there is no incident 'told'", "there are: inc1, inc2")),
        (["inc1", "--known-at", "2020-01-01T00:00Z"], ("there is no incident 'inc1'", "by then")),
        (["inc1", "--all"], ("--all is over all incidents", "leave out")),
        (["inc1", "--only", "notic"], ("there is no measure 'notic'", "did you mean notice?")),
        (["inc1", "--degraded", "2"], ("no weight from 0 to 1", "such as")),
        (["inc1", "--degraded", "1e99999999"], ("no weight from 0 to 1", "such as")),
        (["inc1", "--degraded", "1/0"], ("no weight from 0 to 1", "such as")),
        (["inc1", "--at", "2024"], ("--at: ", "write one instant")),
    ],
)
def test_a_bad_question_is_one_clear_message(two, words, says):
    said = complaint(run("--db", two, "measures", *words))
    assert all(each in said for each in says), said


def test_a_question_to_a_current_store_loads_nothing_that_writes(two):
    assert not loaded("--db", two, "measures", "inc1") & HEAVY
    assert not loaded("--db", two, "measures", "--all", "--json") & HEAVY


def test_a_shell_is_offered_incidents_and_measures(two):
    assert completed(two, "measures") == ["inc2", "inc1"]
    assert completed(two, "measures inc1 --only", "lag-") == [
        "lag-known",
        "lag-recorded",
        "lag-detected",
    ]


def test_other_platforms_make_no_difference(tmp_path):
    store = tmp_path / "store.db"
    recorded(store, BOOK + ALONE)
    before, _ = measured(store, "--platform", "shop")
    recorded(store, BOOK.replace("id: shop", "id: other") + ALONE, name="other.yaml")
    complaint(run("--db", store, "measures"))
    after, _ = measured(store, "--platform", "shop")
    assert after == before


def test_nothing_is_counted_beyond_the_window_that_the_incident_was_opened_with(parler):
    """And --at says otherwise."""
    closed = run("--db", parler, "measures", "--json").json
    assert closed["as_of"] == closed["window"]["to"] == "2021-01-13T23:00:00Z"
    later = run("--db", parler, "measures", "--at", "2021-02-01T00:00Z", "--json").json
    assert later["as_of"] == "2021-02-01T00:00:00Z"
    for document in (closed, later):
        open_ = [each for each in document["measures"] if each["outcome"] == "so far"]
        assert open_
        assert {each["as_of"] for each in open_} == {document["as_of"]}
