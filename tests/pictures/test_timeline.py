"""The SVG: golden for the founding case and the edges of it, whole and quiet for anything else."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from core.situations import CAPABILITIES, SERVICES, situations
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures.books import FOUNDING, GOLDEN, Book
from pictures.test_lettering import HOSTILE

from postmortem.core.levels import OUT, WORKS
from postmortem.core.state import Picture
from postmortem.core.times import BEGINNING, END, AsOf, Span, parse_instant
from postmortem.pictures.lanes import Axis, Condition, Lane, Mark, Scene, Sign, Stretch
from postmortem.pictures.lettering import width
from postmortem.pictures.scene import scene
from postmortem.pictures.shapes import COLOURS
from postmortem.pictures.timeline import NARROWEST, timeline_svg
from postmortem.pictures.wording import ENGLISH, GERMAN, WORDINGS

SVG = "{http://www.w3.org/2000/svg}"


def whole(book, *, known=END, window=None, cursor=None, **drawing):
    shown = scene(
        book.picture(known), book.names, window, book.zone, cursor,
        title=book.title, as_of=AsOf(0, known),
    )  # fmt: skip
    return timeline_svg(shown, **drawing)


def parler_whole():
    return whole(Book.of(FOUNDING))


def parler_last_hour():
    zone = "America/Los_Angeles"
    first, last, midnight = (
        parse_instant(text, zone)
        for text in ("2021-01-10T23:15", "2021-01-11T00:15", "2021-01-10T23:59")
    )
    return whole(Book.of(FOUNDING), window=Span(first, last), cursor=midnight)


def parler_as_known():
    known = parse_instant("2021-01-10T20:00-08:00")
    noon = parse_instant("2021-01-10T12:00-08:00")
    return whole(Book.of(FOUNDING), known=known, cursor=noon, wording=GERMAN)


def nothing_known_yet():
    known = parse_instant("2021-01-01T00:00-08:00")
    return whole(Book.of(FOUNDING), known=known)


def a_book(name):
    return lambda: whole(Book.of(GOLDEN / f"{name}.yaml"))


GOLDENS = {
    "parler": parler_whole,
    "parler-last-hour": parler_last_hour,
    "parler-as-known": parler_as_known,
    "nothing-known": nothing_known_yet,
    **{
        name: a_book(name)
        for name in ("no-end", "contested", "negative-notice", "no-events", "hostile", "every-sign")
    },
}


@pytest.mark.parametrize("name", GOLDENS)
def test_the_picture_is_the_golden_one(name):
    """UPDATE_PICTURES=1 writes it anew: look at it before you commit it."""
    text = GOLDENS[name]()
    golden = GOLDEN / f"{name}.svg"
    if os.environ.get("UPDATE_PICTURES") == "1":
        golden.write_text(text, "utf-8", newline="\n")
    assert text == golden.read_text("utf-8")


# --- whatever anybody writes ----------------------------------------------------------------------


def parsed(text):
    return ElementTree.fromstring(text)  # noqa: S314


def visible(root):
    """Each text as it is drawn: what, from where to where, how high."""
    found = []
    for element in root.iter(f"{SVG}text"):
        size = float(element.get("font-size"))
        wide = width(element.text, size, bold=element.get("font-weight") == "700")
        x, y = float(element.get("x")), float(element.get("y"))
        x -= wide * {"middle": 0.5, "end": 1.0}.get(element.get("text-anchor"), 0)
        found.append((element.text, x, x + wide, y - 0.75 * size, y + 0.2 * size))
    return found


def assert_legible(root):
    _, _, wide, high = map(float, root.get("viewBox").split())
    texts = sorted(visible(root), key=lambda each: each[3])
    for index, (text, x0, x1, y0, y1) in enumerate(texts):
        assert text.strip()
        assert min(x0, y0) >= -0.1, text
        assert max(x1 - wide, y1 - high) <= 0.1, text
        for other, a0, a1, b0, _ in texts[index + 1 :]:
            assert x1 <= a0 or a1 <= x0 or y1 <= b0, (text, other)


@st.composite
def scenes(draw):
    situation = draw(situations(most=12))
    ids = [*SERVICES, *CAPABILITIES]
    names = draw(st.dictionaries(st.sampled_from(ids), HOSTILE))
    cursor = draw(st.none() | st.integers(-5, 20))
    ends = sorted(draw(st.lists(st.integers(-5, 20), min_size=2, max_size=2, unique=True)))
    window = draw(
        st.sampled_from([None, Span(*ends), Span(ends[0], END), Span(BEGINNING, ends[1])])
    )
    zone = draw(st.sampled_from([None, "America/Los_Angeles", "Asia/Kathmandu"]))
    title = draw(st.none() | HOSTILE)
    as_of = draw(st.none() | st.just(AsOf(0, 5, 9)))
    return scene(Picture(situation), names, window, zone, cursor, title=title, as_of=as_of)


@given(
    scenes(), st.sampled_from([300, NARROWEST, 800, 1180]), st.sampled_from([*WORDINGS.values()])
)
@settings(max_examples=60)
def test_any_scene_is_one_quiet_whole_legible_svg(shown, wide, wording):
    text = timeline_svg(shown, width=wide, wording=wording)
    root = parsed(text)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert set(root.get("aria-labelledby").split()) <= set(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    allowed = {"svg", "title", "desc", "style", "defs", "pattern", "linearGradient", "stop",
               "g", "rect", "path", "text"}  # fmt: skip
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    for element in root.iter():
        assert not any(name.startswith("on") or "href" in name for name in element.attrib)
        # a style sheet's rule would beat the attribute of what refers to a pattern
        assert not ("url(" in element.get("fill", "") and element.get("class"))
    assert_legible(root)


@given(scenes())
@settings(max_examples=40)
def test_every_lane_tells_its_name_and_its_states_in_words(shown):
    root = parsed(timeline_svg(shown))
    said = [element.text for element in root.iter(f"{SVG}title")]
    for lane in (*shown.capabilities, *shown.services):
        assert any(f"({lane.id}): " in text or text.startswith(f"{lane.id}: ") for text in said)
    assert root.find(f"{SVG}desc").text


@given(scenes())
@settings(max_examples=30)
def test_the_same_scene_gives_the_same_bytes(shown):
    assert timeline_svg(shown) == timeline_svg(shown)


def test_a_mark_at_an_unknown_time_is_told_so():
    """Two claims that share nothing, each open on another side, cover all time."""
    events = [
        {"id": "d", "type": "service-down", "service": "a", "at": "..2021-01-01T00:00Z"},
        {"id": "c", "type": "time-claimed", "about": "d", "time": "2021-01-02T00:00Z.."},
    ]
    window = Span(parse_instant("2021-01-01T00:00Z"), parse_instant("2021-01-02T00:00Z"))
    text = whole(Book.told(services={"a": {"provider": "x"}}, events=events), window=window)
    assert "d: went out at an unknown time, its time contested" in text


# --- what else it promises ------------------------------------------------------------------------


def test_several_can_stand_in_one_page():
    shown = scene(Book.of(FOUNDING).picture(), {})
    one, two = (timeline_svg(shown, id_prefix=prefix) for prefix in ("a-", "b-"))
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in (one, two)]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"#([a-z]+-)[a-z]", one)) == {"a-"}
    assert one.replace("a-", "b-") != one


@pytest.mark.parametrize("prefix", ["1", "a b", 'a"', "<", "é"])
def test_what_is_no_id_cannot_begin_one(prefix):
    with pytest.raises(ValueError, match="cannot begin an id"):
        timeline_svg(Scene("t", None, (), ()), id_prefix=prefix)


def test_a_scene_without_anything_is_a_picture_too():
    root = parsed(timeline_svg(Scene("t", None, (), ())))
    assert ENGLISH.no_lanes in [text for text, *_ in visible(root)]
    assert_legible(root)


def test_the_legend_names_every_condition():
    texts = [text for text, *_ in visible(parsed(parler_whole()))]
    assert set(ENGLISH.conditions.values()) <= set(texts)


def test_a_long_name_is_shortened_where_it_is_drawn_and_whole_where_it_is_told():
    name = "A service whose name goes on and on " * 5
    book = Book.told(services={"a": {"name": name.strip(), "provider": "x"}})
    text = whole(book)
    texts = [each for each, *_ in visible(parsed(text))]
    assert any(each.startswith("A service whose") and each.endswith("…") for each in texts)
    assert name.strip() in text


def test_three_hundred_services_are_drawn_all_and_the_axis_again_and_again():
    services = {f"s{n:03}": {"name": f"Service {n}", "provider": "x"} for n in range(300)}
    events = [
        {"id": f"e{n:03}", "type": "service-down", "service": f"s{n:03}",
         "at": f"2021-01-{n % 28 + 1:02}T{n % 24:02}:00Z"}
        for n in range(280)
    ]  # fmt: skip
    root = parsed(whole(Book.told(services=services, events=events)))
    texts = [text for text, *_ in visible(root)]
    assert all(f"Service {n}" in texts for n in range(300))
    assert texts.count("Jan 2021") > 5
    assert_legible(root)
    described = root.find(f"{SVG}desc").text
    assert "and 260 more" in described


def test_the_states_are_told_by_different_shapes():
    """Drawn without colour, no two conditions look alike."""
    drawn = {}
    for condition, word in ENGLISH.conditions.items():
        text = timeline_svg(Scene("t", None, (), ()))
        before = text[: text.index(f">{word}</text>")]
        shapes = re.findall(r"<(?:rect|path)[^>]*>", before.rsplit("</text>", 1)[1])
        drawn[condition] = re.sub(
            r' (?:x|class|fill|stroke)="(?!url)[^"]*"|M[0-9.]+', "", "".join(shapes)
        )
    assert len(set(drawn.values())) == len(Condition)


def luminance(colour):
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", [0, 1], ids=["light", "dark"])
def test_colours_have_the_contrast_that_text_needs(ground):
    """4.5 : 1, as WCAG 2.2 asks of text; lines of the grid say nothing."""
    for role in ("ink", "soft", "up", "warn", "out"):
        one, two = sorted(luminance(COLOURS[name][ground]) for name in (role, "paper"))
        assert (two + 0.05) / (one + 0.05) >= 4.5, role


def test_colours_are_real_ones_and_the_dark_ones_an_addition():
    text = parler_whole()
    assert "var(" not in text
    assert "light-dark" not in text
    style = text[text.index("<style>") : text.index("</style>")]
    assert style.startswith("<style>@media screen and (prefers-color-scheme:dark){")
    without = text.replace(style, "")
    for role, (light, dark) in COLOURS.items():
        assert dark not in without
        assert light in without or role == "tint"


def test_neither_zone_nor_language_nor_hash_seed_shows():
    program = (
        "import sys; sys.path.insert(0, 'tests');"
        "from pictures.test_timeline import parler_as_known, GOLDENS;"
        "from pictures.test_mermaid import parler_gantt, parler_flowchart;"
        "sys.stdout.buffer.write((parler_as_known() + GOLDENS['hostile']()"
        "+ parler_gantt() + parler_flowchart()).encode())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PATH": os.environ["PATH"], **environment},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for environment in (
            {"TZ": "America/Los_Angeles", "LANG": "C", "PYTHONHASHSEED": "1"},
            {"TZ": "Pacific/Apia", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "2"},
        )
    }
    assert len(seen) == 1
    assert len(seen.pop()) > 10_000


def test_of_a_lane_with_very_many_stretches_the_first_are_told_and_all_are_drawn():
    hour = 3_600_000_000
    stretches = tuple(
        Stretch(at * hour, (at + 1) * hour, *((Condition.OUT, OUT) if at % 2 else
                                              (Condition.WORKS, WORKS)))
        for at in range(200)
    )  # fmt: skip
    known = tuple(Mark(Sign.KNOWN, Span(at, at), (f"e{at}",)) for at in range(100))
    lane = Lane("s", "Service", stretches, known)
    svg = timeline_svg(Scene("P", Axis(0, 200 * hour), (), (lane,)))
    described = re.search("<desc.*?</desc>", svg, re.DOTALL)[0]
    assert described.count("; ") == 60
    assert described.endswith("and 140 more.</desc>")
    assert svg.count("<title>Service: ") == 200
    assert "e59; and 40 more</title>" in svg
