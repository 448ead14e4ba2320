"""Written times that are none, not one, or not possible: refused with file, line and the text."""

import pytest
from cli.books import HEAD, event, recorded, refused
from cli.door import run

NOTE = {"type": "note", "text": "t"}
BERLIN = {
    "a span that ends first": ("2024-01-02T00:00Z..2024-01-01T00:00Z", ["before its earliest"]),
    "a span of days that ends first": (
        "2024-02..2024-01",
        ["before its earliest", "2024-01..2024-02"],
    ),
    "a skipped local time": (
        "2024-03-31T02:30",
        ["skips", "2024-03-31T02:30+01:00", "2024-03-31T02:30+02:00", "with its offset"],
    ),
    "a skipped local time of another zone": (
        "2024-03-10T02:30[America/New_York]",
        ["America/New_York skips", "2024-03-10T02:30-05:00", "2024-03-10T02:30-04:00"],
    ),
    "a repeated local time": (
        "2024-10-27T02:30",
        ["repeats", "2024-10-27T02:30+02:00", "2024-10-27T02:30+01:00", "with its offset"],
    ),
    "a repeated local time in a span": (
        "2024-10-27T02:30..2024-10-28",
        ["'2024-10-27T02:30'", "2024-10-27T02:30+02:00", "2024-10-27T02:30+01:00"],
    ),
    "a skipped day": ("2011-12-30[Pacific/Apia]", ["Pacific/Apia skips that day"]),
    "an unknown zone": ("2024-01-01T00:00[Europe/Berln]", ["'Europe/Berln'", "Europe/Berlin"]),
    "a zone in other letters": ("2024-01-01T00:00[europe/berlin]", ["Europe/Berlin"]),
    "a path for a zone": ("2024-01-01T00:00[/etc/localtime]", ["no time zone"]),
    "a path upwards for a zone": ("2024-01-01T00:00[../../etc/passwd]", ["cannot read the time"]),
    "no zone in the bracket": ("2024-01-01T00:00[]", ["no time zone"]),
    "an offset for a zone": ("2024-01-01T00:00[+01:00]", ["of the bracket only a zone's name"]),
    "an offset that the zone has not then": (
        "2024-01-01T00:00+02:00[Europe/Berlin]",
        ["+02:00", "+01:00", "2024-01-01T00:00+01:00"],
    ),
    "an offset in a gap": ("2024-03-31T02:30+01:00[Europe/Berlin]", ["skips that local time"]),
    "an offset that none has": ("2024-01-01T00:00+25:00", ["no offset +25:00"]),
    "a leap second": ("2016-12-31T23:59:60Z", ["leap second", "59"]),
    "seven decimals": ("2024-01-01T00:00:00.1234567Z", ["more than six decimals", "00.123456"]),
    "hour 24": ("2024-01-01T24:00Z", ["last hour of a day is 23"]),
    "minute 60": ("2024-01-01T23:60Z", ["no time of day"]),
    "month 13": ("2024-13-01", ["no such date"]),
    "30 February": ("2024-02-30", ["no such date"]),
    "29 February": ("2023-02-29T00:00Z", ["no such date"]),
    "year 0": ("0000", ["no such date"]),
    "before the first year": ("0001-01-01T00:00+01:00", ["outside the years 0001 to 9999"]),
    "a year of five digits": ("12024-01-01", ["none of the written forms"]),
    "a day of the week": ("2024-W01-1", ["none of the written forms"]),
    "a blank": ("2024-01-01 00:00", ["blank", "2024-01-01T00:00"]),
    "a day with an offset": ("2024-01-01Z", ["takes no offset"]),
    "an American date": ("01/11/2021", ["none of the written forms", "2021-01-10T23:59-08:00"]),
    "words": ("yesterday", ["'yesterday'", "none of the written forms"]),
    "nothing": ("", ["none of the written forms"]),
    "a number of seconds": ("1610353800", ["none of the written forms"]),
    "other digits": ("２０２４-01-01", ["'\\uff12'"]),
    "a dash that is none": ("2024–01–01", ["'\\u2013'"]),
    "two spans": ("2024..2025..2026", ["a span is A..B, A.. or ..B"]),
    "a span without ends": ("..", ["a span is A..B, A.. or ..B"]),
    "two zones": ("2024-01-01T00:00[Europe/Berlin][Europe/Paris]", ["more than one bracket"]),
    "a long text": ("2024-01-01" + "0" * 10_000, ["over 200 characters"]),
    "an expression that would take long": ("2024-01-01T00:00" + "[" * 190, ["cannot read"]),
}


@pytest.mark.parametrize(("written", "says"), BERLIN.values(), ids=BERLIN)
def test_at(tmp_path, written, says):
    text = HEAD + event("before", at="2024-01-01", **NOTE)
    text += event("wrong", at=written, **NOTE).rstrip() + " ←\n"
    shown = [] if len(written) > 80 else [repr(part) for part in [written] if ".." not in part]
    refused(tmp_path, text, "at of wrong", *shown, *says)


def test_the_line_is_that_of_the_time(tmp_path):
    text = (
        HEAD
        + "  - id: wrong\n    type: note\n    text: t\n    at: 2024-13-01 ←\n    cites: [src]\n"
    )
    refused(tmp_path, text, "no such date")
    text = HEAD + "  - id: wrong\n    type: note\n    text: t\n    at: ←\n      2024-13-01\n"
    refused(tmp_path, text, "no such date")


@pytest.mark.parametrize(
    ("written", "offered"),
    [
        ("2024-01-01T00:00", "2024-01-01T00:00[America/Los_Angeles]"),
        ("2024-01-01", "2024-01-01[America/Los_Angeles]"),
        ("2024", "2024[America/Los_Angeles]"),
        ("2024-01-01T00:00Z..2024-01-01T01:00", "2024-01-01T01:00[America/Los_Angeles]"),
    ],
)
def test_a_time_without_any_zone(tmp_path, written, offered):
    text = "casebook: 1\nplatform: {id: q}\nevents:\n"
    text += event("wrong", at=written, **NOTE).rstrip() + " ←\n"
    refused(tmp_path, text, "no zone", "the platform has none", offered, before="")


FIELDS = {
    "published_at": "casebook: 1\nplatform: {id: q}\nsources:\n  a:\n    title: t\n"
    "    published_at: 2024-13 ←\n",
    "known_at": HEAD + "  - {id: x, type: note, text: t, at: 2024, known_at: 2024-13} ←\n",
    "effective_at": HEAD
    + "  - {id: x, type: cutoff-announced, service: s, at: 2024, effective_at: 2024-13} ←\n",
    "time": HEAD + "  - {id: x, type: time-claimed, about: y, time: 2024-13} ←\n",
}


@pytest.mark.parametrize(("field", "text"), FIELDS.items(), ids=FIELDS)
def test_every_field_that_is_a_time(tmp_path, field, text):
    refused(tmp_path, text, f"{field} of ", "'2024-13'", "no such date")


@pytest.mark.parametrize(
    "value", ["[2024-01-01]", "{earliest: 2024}", "{earliest: x, latest: y, written: z}"]
)
def test_a_time_is_text(tmp_path, value):
    refused(tmp_path, HEAD + f"  - {{id: x, type: note, text: t, at: {value}}} ←\n", "time", "text")


@pytest.mark.parametrize(
    "known_at", ["9999-12-31T00:00Z", "9999", "9999-01-01T00:00Z..", "2999-01-01..2999-01-03"]
)
def test_what_is_recorded_is_known(tmp_path, known_at):
    text = HEAD + event("x", at="2024", known_at=known_at, **NOTE).rstrip() + " ←\n"
    refused(tmp_path, text, "known_at of x", known_at, "after the recording", "cannot lie ahead")


def test_a_known_at_that_reaches_into_the_future_is_cut(tmp_path):
    """So are sources that are published later: only a known_at that lies ahead is wrong."""
    book = HEAD.replace("2024-01-02T10:00Z", "9999-01-02T10:00Z")
    book += event("x", type="service-down", service="t", at="2024-01-01", known_at="2024..9999")
    book += event("y", type="service-down", service="t", at="2024-01-01", cites=["src"])
    recorded(tmp_path / "store.db", book)
    log = run("--db", tmp_path / "store.db", "export").lines
    for line in log[-2:]:
        envelope = line["data"]["envelope"]
        assert envelope["known_at"] == envelope["recorded_at"]


GOOD = [
    "2024-01-11T07:59:00Z",
    "2024-01-10T23:59-08:00",
    "2024-01-10t23:59z",
    "2024-01-10T23:59",
    "2024-01-10T23:59-08:00[America/Los_Angeles]",
    "2024-01-10T23:59[America/Los_Angeles]",
    "2024-01-10T23:59Z[America/Los_Angeles]",
    "2024-01-10[Europe/Berlin]",
    "2024-01-10",
    "2024-01",
    "2024",
    "2024..2025",
    "2024..",
    "..2024",
    "2024-01-01T00:00:00.123456Z",
    "2024..2024-03-04[Asia/Tokyo]",
    "2024-01-01T00:00Z..2024-01-01T00:00Z",
    "2024-03-31",
    "0001-01-02",
    "9999-12-30",
]


def test_every_written_form_is_taken_and_kept(tmp_path):
    store = tmp_path / "store.db"
    recorded(store, HEAD + "".join(event(f"n{i}", at=at, **NOTE) for i, at in enumerate(GOOD)))
    log = [line["data"]["envelope"]["body"] for line in run("--db", store, "export").lines]
    assert [body["at"]["written"] for body in log if "at" in body] == GOOD
