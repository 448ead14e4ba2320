"""The timeline and the dependencies as Mermaid text, to paste where Mermaid is drawn.

Mermaid knows no offsets and reads every time as its reader's own clock (mermaid#7026). So the times
are written as the zone's clocks show them, and the title says which zone. Where those clocks change
in between, the offset of the beginning is kept throughout, lest an hour come twice.

Of anybody's text every character but ASCII letters and digits is written as its number: none is
left that Mermaid, or the HTML that it makes, could obey.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from postmortem.core import formulas
from postmortem.core.formulas import AllOf, AtLeast, Fallback, Formula, Optional, Ref
from postmortem.core.lengths import DAY
from postmortem.core.state import Picture
from postmortem.core.times import Instant
from postmortem.core.zones import in_zone
from postmortem.pictures.clocks import Clocks
from postmortem.pictures.lanes import Axis, Condition, Lane, Scene, Stretch
from postmortem.pictures.lettering import drawn, shorten, width
from postmortem.pictures.standing import Conditions
from postmortem.pictures.telling import Telling
from postmortem.pictures.wording import ENGLISH, Wording

LONGEST: Final = 48_000
"""Characters; Mermaid refuses a text of more than 50,000, and a page like GitHub's lets it."""
MOST_EDGES: Final = 480
"""Lines between boxes, of the 500 that it draws."""
_MOST_TOGETHER: Final = 12  # losses of several services that are listed

_SECTION: Final = 11.0  # the size of the names' letters
_WIDEST: Final = 260.0  # a longer name is shortened

_TAGS: Final = {
    Condition.WORKS: "done, ",
    Condition.ENDING: "active, ",
    Condition.DEGRADED: "active, crit, ",
    Condition.OUT: "crit, ",
}


def escaped(text: str) -> str:
    """Somebody's text for any place in Mermaid."""
    return _SIGN.sub(lambda found: f"#{ord(found[0])};", drawn(text))


_SIGN: Final = re.compile(r"[^A-Za-z0-9]")


# --- gantt ----------------------------------------------------------------------------------------


def gantt(scene: Scene, *, wording: Wording = ENGLISH) -> str:
    """The lanes as a Gantt chart: a section each, and in it a bar for each stretch.

    What is certainly out is critical, what may be stands beside it as a bar of its own, what works
    is done. Where that gets longer than LONGEST, first what works is left out, then services, then
    what else does not fit; a comment says so.
    """
    chart = _Gantt(scene, wording)
    for working, services in ((True, True), (False, True), (False, False)):
        text = chart.text(working=working, services=services)
        if len(text) <= LONGEST:
            return text
    lines = text.splitlines()
    length = sum(map(len, lines)) + len(lines)
    while length > LONGEST - 60:
        length -= len(lines.pop()) + 1
    return "\n".join([*lines, "    %% too long for Mermaid: the rest is left out", ""])


class _Gantt:
    def __init__(self, scene: Scene, wording: Wording) -> None:
        self.scene = scene
        self.wording = wording
        self.telling = Telling(scene, wording)

    def text(self, *, working: bool, services: bool) -> str:
        """The chart, with or without what works, with or without services."""
        axis = self.scene.axis
        if axis is None:
            title = ", ".join([drawn(self.scene.title), *self.telling.clocks()])
            said = escaped(self.wording.nothing)
            lines = ["gantt", f"    title {escaped(title)}", f"    section {said}"]
            return "\n".join([*lines, f"    {said} :milestone, 2000-01-01, 0d", ""])
        lanes = (*self.scene.capabilities, *(self.scene.services if services else ()))
        names = _named_apart(lanes)
        widest = max((width(name, _SECTION) for name in names), default=0)
        lines = [
            *("---", "config:", "  gantt:"),
            f"    leftPadding: {int(widest) + 30}",
            "---",
            "gantt",
            f"    title {escaped(self._title(axis))}",
            "    dateFormat YYYY-MM-DDTHH:mm:ss",
            f"    axisFormat {_axis_format(axis)}",
        ]
        if not working:
            lines.append("    %% too long for Mermaid: what works is left out")
        if not services:
            lines.append("    %% too long for Mermaid: services are left out")
        for lane, name in zip(lanes, names, strict=True):
            lines += self._section(lane, name, axis, working)
        return "\n".join([*lines, ""])

    def _title(self, axis: Axis) -> str:
        zone = axis.zone or "UTC"
        (_, kept), *changed = Clocks(axis.zone).names(axis.start, axis.end)
        if changed:
            zone = f"{zone}, {kept}"
        said = self.wording.times_in.format(zone=zone)
        return ", ".join([drawn(self.scene.title), said, *self.telling.clocks()])

    def _section(self, lane: Lane, name: str, axis: Axis, working: bool) -> Iterator[str]:
        bars = [
            self._bar(stretch, axis)
            for stretch in self.telling.seen(lane)
            if working or stretch.condition not in (Condition.WORKS, Condition.SILENT)
        ]
        if bars:
            yield f"    section {escaped(name)}"
            yield from bars

    def _bar(self, stretch: Stretch, axis: Axis) -> str:
        start, end = (
            _wall(min(max(at, axis.start), axis.end), axis) for at in (stretch.start, stretch.end)
        )
        end = max(end, start + timedelta(seconds=1))  # or it would not be drawn
        said = escaped(self.telling.condition(stretch))
        tags = _TAGS.get(stretch.condition, "")
        return f"    {said} :{tags}{start.isoformat()}, {end.isoformat()}"


def _named_apart(lanes: Sequence[Lane]) -> list[str]:
    """The names of the lanes; Mermaid takes sections of one name for one, so none is there twice.

    An id is a name of its own, for no two lanes share one.
    """
    names = [shorten(drawn(lane.name) or lane.id, _WIDEST, _SECTION) for lane in lanes]
    often = Counter(names)
    return [
        f"{name} ({lane.id})" if often[name] > 1 else name
        for lane, name in zip(lanes, names, strict=True)
    ]


def _wall(at: Instant, axis: Axis) -> datetime:
    """What the clocks show, to the second, with the offset that they have where the axis begins."""
    wall = at + Clocks(axis.zone).ahead(axis.start)
    return Clocks(None).local(wall).replace(microsecond=0, tzinfo=None)


def _axis_format(axis: Axis) -> str:
    days = (axis.end - axis.start) / DAY
    if days > 60:
        return "%Y" if days > 700 else "%b %Y"
    return "%d %b" if days > 5 else "%d %b %H:%M"


# --- flowchart ------------------------------------------------------------------------------------


def flowchart(
    picture: Picture,
    names: Mapping[str, str],
    at: Instant,
    cut_sets: Mapping[str, Sequence[Sequence[str]]],
    *,
    zone: str | None = None,
    title: str | None = None,
    only: Collection[str] | None = None,
    wording: Wording = ENGLISH,
) -> str:
    """What rests on what, with the state at T.

    `cut_sets` are the minimal ones of each capability at T: a service that is one by itself is
    marked as a single point of failure; those of several services are listed. `title` names the
    platform. Where there are more lines than MOST_EDGES, services are left out that work and whose
    loss alone stops nothing, and a comment says so.
    """
    chart = _Flowchart(picture, names, at, cut_sets, only, wording)
    named = drawn(title or "") or picture.situation.platform
    return chart.text(f"{named}, {wording.cursor.format(at=in_zone(at, zone))}")


class _Flowchart:
    def __init__(
        self,
        picture: Picture,
        names: Mapping[str, str],
        at: Instant,
        cut_sets: Mapping[str, Sequence[Sequence[str]]],
        only: Collection[str] | None,
        wording: Wording,
    ) -> None:
        self.picture = picture
        self.names = names
        self.at = at
        self.wording = wording
        situation = picture.situation
        conditions = Conditions(picture)
        self.standing: dict[str, Stretch] = {}
        for ids, stretches in (
            (situation.capabilities, conditions.of_capability),
            (situation.services, conditions.of_service),
        ):
            for id in sorted(ids):
                if only is None or id in only:
                    self.standing[id] = next(s for s in stretches(id) if s.start <= at < s.end)
        self.cut_sets = {id: sets for id, sets in sorted(cut_sets.items()) if id in self.standing}
        self.stops: dict[str, int] = {}
        for sets in self.cut_sets.values():
            for one in sets:
                if len(one) == 1:
                    self.stops[one[0]] = self.stops.get(one[0], 0) + 1

    def text(self, title: str) -> str:
        """The chart; if it is too large, only what matters most of it."""
        drawing = _Boxes(self, set())
        lines = drawing.lines(title)
        if drawing.edges > MOST_EDGES or sum(map(len, lines)) + len(lines) > LONGEST:
            left_out = {
                id
                for id, stretch in self.standing.items()
                if id in self.picture.situation.services
                and id not in self.stops
                and stretch.condition in (Condition.WORKS, Condition.SILENT)
            }
            lines = _Boxes(self, left_out).lines(title)
            lines.insert(1, f"    %% too large for Mermaid: {len(left_out)} services are left out")
        return "\n".join([*lines, ""])


class _Boxes:
    """The boxes of a flowchart and the lines between them, in the order in which they are drawn."""

    def __init__(self, chart: _Flowchart, left_out: Collection[str]) -> None:
        self.chart = chart
        self.edges = 0
        self.joints = 0
        shown = [id for id in chart.standing if id not in left_out]
        capabilities = chart.picture.situation.capabilities
        self.boxes = {
            id: f"{'c' if id in capabilities else 's'}{number}" for number, id in enumerate(shown)
        }

    def lines(self, title: str) -> list[str]:
        """The chart."""
        lines = ["flowchart LR", f'    title["{escaped(title)}"]:::title']
        chart = self.chart
        single = [box for id, box in self.boxes.items() if id in chart.stops]
        for id, box in self.boxes.items():
            opening, closing = ("([", "])") if box.startswith("c") else ("[", "]")
            if id in chart.stops:
                opening, closing = "{{", "}}"
            look = chart.standing[id].condition.name.lower()
            lines.append(f'    {box}{opening}"{self._label(id)}"{closing}:::{look}')
        for id, box in self.boxes.items():
            if id in chart.picture.situation.capabilities:
                known = chart.picture.formulas_at(id, chart.at)
                word = chart.wording.perhaps if len(known) > 1 else ""
                for formula in known:
                    lines += self._edges(box, formula, word)
        lines += self._together()
        lines += [f"    classDef {name} {style}" for name, style in _STYLES.items()]
        if single:
            lines.append(f"    class {','.join(single)} single")
        return lines

    def _label(self, id: str) -> str:
        chart = self.chart
        stretch = chart.standing[id]
        said = [
            f"<b>{escaped(self._called(id))}</b>",
            escaped(
                chart.wording.condition(
                    stretch.condition, *stretch.bounds, announced=stretch.announced
                )
            ),
        ]
        if id in chart.stops:
            stops = chart.wording.stops.format(count=chart.stops[id], of=len(chart.cut_sets))
            said += [escaped(chart.wording.single), escaped(stops)]
        return "<br>".join(said)

    def _called(self, id: str) -> str:
        return drawn(self.chart.names.get(id) or id) or id

    def _edges(self, parent: str, formula: Formula, word: str = "") -> Iterator[str]:
        """The lines from a box to what its formula names, through joints where that needs some."""
        joints = self.chart.wording.joints
        if isinstance(formula, Ref):
            if formula.id in self.boxes:
                yield self._edge(parent, self.boxes[formula.id], word)
        elif isinstance(formula, Optional | Fallback):
            also = joints[formulas.NAMES[type(formula)]]
            yield from self._edges(parent, formula.of[0], f"{word}, {also}" if word else also)
        elif (isinstance(formula, AllOf) or len(formula.of) == 1) and not word:
            for part in formula.of:
                yield from self._edges(parent, part)
        else:
            joint = f"j{self.joints}"
            self.joints += 1
            said = joints[formulas.NAMES[type(formula)]]
            if isinstance(formula, AtLeast):
                said = said.format(count=formula.count, of=len(formula.of))
            yield f'    {joint}(("{escaped(said)}")):::joint'
            yield self._edge(parent, joint, word)
            for part in formula.of:
                yield from self._edges(joint, part)

    def _edge(self, start: str, end: str, word: str) -> str:
        self.edges += 1
        return f'    {start} -.->|"{escaped(word)}"| {end}' if word else f"    {start} --> {end}"

    def _together(self) -> Iterator[str]:
        """A box that lists the minimal cut sets of several services, the smallest first."""
        several = sorted(
            (len(one), id, list(one))
            for id, sets in self.chart.cut_sets.items()
            for one in sets
            if len(one) > 1
        )
        if not several:
            return
        said = [f"<b>{escaped(self.chart.wording.together)}</b>"]
        for _, id, one in several[:_MOST_TOGETHER]:
            said.append(escaped(f"{self._called(id)}: {' + '.join(map(self._called, one))}"))
        if len(several) > _MOST_TOGETHER:
            more = self.chart.wording.more.format(count=len(several) - _MOST_TOGETHER)
            said.append(escaped(more))
        yield f'    together["{"<br>".join(said)}"]:::title'


_STYLES: Final = {
    "works": "fill:#d9ecf7,stroke:#0072b2,color:#1b1f24",
    "ending": "fill:#fdf0d9,stroke:#945600,color:#1b1f24,stroke-dasharray:8 3",
    "degraded": "fill:#f3dfc2,stroke:#945600,color:#1b1f24",
    "uncertain": "fill:#f2f3f5,stroke:#5f6672,color:#1b1f24,stroke-dasharray:3 3",
    "out": "fill:#fbe0e7,stroke:#a8123a,color:#1b1f24",
    "silent": "fill:#ffffff,stroke:#5f6672,color:#5f6672,stroke-dasharray:6 4",
    "joint": "fill:#ffffff,stroke:#5f6672,color:#5f6672",
    "title": "fill:#ffffff,stroke:#ffffff,color:#1b1f24,text-align:left",
    "single": "stroke-width:4px",
}
"""Ink on a light ground of its own, so that it reads on a dark page too."""
