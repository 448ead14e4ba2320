"""Mermaid: nothing of anybody's text is left that it could obey, and every bar is where it was."""

import os
import re
from datetime import datetime

import pytest
from core.situations import situations
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures.books import FOUNDING, GOLDEN, Book
from pictures.test_lettering import HOSTILE
from pictures.test_timeline import scenes

from postmortem.core import measures
from postmortem.core.state import Picture
from postmortem.core.times import Span, parse_instant
from postmortem.pictures.lanes import Condition
from postmortem.pictures.lettering import drawn
from postmortem.pictures.mermaid import LONGEST, MOST_EDGES, escaped, flowchart, gantt
from postmortem.pictures.scene import scene
from postmortem.pictures.wording import GERMAN

TEXT = r"(?:[A-Za-z0-9]|#[0-9]+;)*"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
GANTT = re.compile(
    rf"---|config:|  gantt:|    leftPadding: \d+|gantt|    title {TEXT}"
    rf"|    dateFormat YYYY-MM-DDTHH:mm:ss|    axisFormat [%a-zA-Z :]+|    section {TEXT}"
    rf"|    (?P<said>{TEXT}) :(?:(?:active|crit|done), )*(?P<start>{TIME}), (?P<end>{TIME})"
    rf"|    {TEXT} :milestone, 2000-01-01, 0d|    %% [a-zA-Z0-9 :]+"
)
LABEL = rf"(?:{TEXT}|<b>{TEXT}</b>)(?:<br>{TEXT})*"
FLOW = re.compile(
    rf"flowchart LR|    (?:title|together)\[\"{LABEL}\"\]:::title"
    rf"|    c\d+(?:\(\[\"{LABEL}\"\]\)|)?:::[a-z]+"
    rf"|    s\d+(?:\[\"{LABEL}\"\]|\{{\{{\"{LABEL}\"\}}\}}):::[a-z]+"
    rf"|    j\d+\(\(\"{TEXT}\"\)\):::joint"
    rf"|    [cj]\d+ (?:-->|-\.->\|\"{TEXT}\"\|) [csj]\d+"
    rf"|    classDef [a-z]+ [a-z0-9:#, -]+|    class [sc0-9,]+ single|    %% [a-zA-Z0-9 :]+"
)


def decoded(text):
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


@given(HOSTILE)
def test_any_text_is_letters_digits_and_numbers_of_the_rest(text):
    written = escaped(text)
    assert re.fullmatch(TEXT, written)
    assert decoded(written) == drawn(text)


@given(scenes())
@settings(max_examples=60)
def test_no_name_breaks_out_of_a_gantt_chart(shown):
    for line in gantt(shown).splitlines():
        assert GANTT.fullmatch(line), line


@given(situations(most=12), st.integers(0, 8), st.data())
@settings(max_examples=60)
def test_no_name_breaks_out_of_a_flowchart(situation, at, data):
    picture = Picture(situation)
    ids = [*situation.services, *situation.capabilities]
    names = data.draw(st.dictionaries(st.sampled_from(sorted(ids)), HOSTILE))
    cuts = {id: measures.cut_sets(picture, id, at) for id in picture.order}
    for line in flowchart(picture, names, at, cuts, title=data.draw(HOSTILE)).splitlines():
        assert FLOW.fullmatch(line), line


@given(scenes())
@settings(max_examples=60)
def test_every_lane_has_a_section_of_its_own(shown):
    sections = [line for line in gantt(shown).splitlines() if line.startswith("    section ")]
    assert len(sections) == len(set(sections))
    if shown.axis:
        assert len(sections) == len(shown.capabilities) + len(shown.services)


@given(scenes())
@settings(max_examples=60)
def test_the_bars_of_a_lane_follow_one_another(shown):
    last = None
    for line in gantt(shown).splitlines():
        bar = GANTT.fullmatch(line)
        if line.startswith("    section "):
            last = None
        elif bar and bar["start"]:
            start, end = (datetime.fromisoformat(bar[side]) for side in ("start", "end"))
            assert start < end
            assert last is None or start <= last
            last = end


def bars(text, section):
    lines = text.splitlines()
    index = lines.index(f"    section {escaped(section)}") + 1
    found = []
    while index < len(lines) and " :" in lines[index]:
        said, _, rest = lines[index].strip().partition(" :")
        found.append((decoded(said), rest))
        index += 1
    return found


def parler_gantt():
    book = Book.of(FOUNDING)
    return gantt(scene(book.picture(), book.names, None, book.zone, title=book.title))


def parler_flowchart():
    book = Book.of(FOUNDING)
    noon = parse_instant("2021-01-10T12:00-08:00")
    picture = book.picture()
    cuts = book.cut_sets(picture, noon)
    return flowchart(picture, book.names, noon, cuts, zone=book.zone, title=book.title)


@pytest.mark.parametrize(
    ("name", "draw"), [("parler-gantt", parler_gantt), ("parler-flowchart", parler_flowchart)]
)
def test_the_text_is_the_golden_one(name, draw):
    """UPDATE_PICTURES=1 writes it anew."""
    text = draw()
    golden = GOLDEN / f"{name}.mmd"
    if os.environ.get("UPDATE_PICTURES") == "1":
        golden.write_text(text, "utf-8", newline="\n")
    assert text == golden.read_text("utf-8")


def test_hosting_is_done_then_active_then_perhaps_then_critical():
    assert bars(parler_gantt(), "Hosting of the platform") == [
        ("works", "done, 2021-01-05T13:00:00, 2021-01-09T15:00:00"),
        ("works, its ending announced", "active, 2021-01-09T15:00:00, 2021-01-10T13:00:00"),
        ("uncertain (out or works), an ending announced",
         "2021-01-10T13:00:00, 2021-01-11T00:00:00"),
        ("out", "crit, 2021-01-11T00:00:00, 2021-01-13T23:00:00"),
    ]  # fmt: skip


def test_where_the_clocks_change_the_first_offset_is_kept_and_said():
    zone = "America/Los_Angeles"
    book = Book.told(
        services={"a": {"name": "A", "provider": "x"}},
        events=[{"id": "d", "type": "service-down", "service": "a", "at": "2021-11-07T08:30Z"},
                {"id": "r", "type": "service-restored", "ends": "d", "at": "2021-11-07T09:30Z"}],
    )  # fmt: skip
    window = Span(parse_instant("2021-11-07T07:00Z"), parse_instant("2021-11-07T12:00Z"))
    text = gantt(scene(book.picture(), book.names, window, zone, title="P"), wording=GERMAN)
    assert "America/Los_Angeles, PDT (UTC-07:00)" in decoded(text)
    assert bars(text, "A") == [
        ("geht", "done, 2021-11-07T00:00:00, 2021-11-07T01:30:00"),
        ("ausgefallen", "crit, 2021-11-07T01:30:00, 2021-11-07T02:30:00"),
        ("geht", "done, 2021-11-07T02:30:00, 2021-11-07T05:00:00"),
    ]


def large(count):
    services = {f"s{n:03}": {"name": f"The service {n}", "provider": "x"} for n in range(count)}
    events = [
        {"id": f"e{n:03}", "type": "service-down", "service": f"s{n:03}",
         "at": f"2021-01-{n % 28 + 1:02}T{n % 24:02}:00Z"}
        for n in range(0, count, 3)
    ]  # fmt: skip
    capabilities = {
        f"c{n:03}": {"all_of": [f"s{n:03}", {"optional": f"s{n + 1:03}"}]}
        for n in range(0, count - 1, 2)
    }
    return Book.told(services=services, capabilities=capabilities, events=events)


def test_what_is_too_much_for_mermaid_is_left_out_and_that_is_said():
    book = large(600)
    text = gantt(scene(book.picture(), book.names))
    assert len(text) <= LONGEST
    assert "too long for Mermaid" in text
    at = parse_instant("2021-02-01T00:00Z")
    picture = book.picture()
    drawn_whole = flowchart(picture, book.names, at, book.cut_sets(picture, at))
    assert "services are left out" in drawn_whole
    small = large(60)
    picture = small.picture()
    text = flowchart(picture, small.names, at, small.cut_sets(picture, at))
    assert "left out" not in text
    assert text.count("-->") + text.count("-.->") == 60 < MOST_EDGES


def test_a_single_point_of_failure_is_marked_by_shape_and_word():
    text = parler_flowchart()
    (aws,) = [line for line in text.splitlines() if "Amazon#32;Web#32;Services" in line]
    assert '{{"' in aws
    assert "single point of failure<br>alone stops 9 of 15" in decoded(aws)
    assert aws.endswith(f":::{Condition.ENDING.name.lower()}")
    (okta,) = [line for line in text.splitlines() if "Okta" in line]
    assert '["' in okta
    assert "Installing the app: App Store + Google Play" in decoded(text)


def test_the_lines_are_those_of_the_formula_that_holds_then():
    book = Book.told(
        services={id: {"provider": "x"} for id in ("a", "b")},
        capabilities={"c": "a"},
        events=[{"id": "v", "type": "capability-revised", "capability": "c",
                 "requires": {"any_of": ["a", {"fallback": "b"}]}, "at": "2021-01-05T00:00Z"}],
    )  # fmt: skip
    picture = book.picture()

    def lines(text):
        at = parse_instant(text)
        drawn_then = flowchart(picture, {}, at, book.cut_sets(picture, at))
        return [line.strip() for line in drawn_then.splitlines() if "->" in line]

    assert lines("2021-01-04T00:00Z") == ["c0 --> s1"]
    assert lines("2021-01-06T00:00Z") == ["c0 --> j0", "j0 --> s1", 'j0 -.->|"makeshift"| s2']
