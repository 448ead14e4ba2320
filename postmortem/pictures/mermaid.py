"""The timeline and the dependencies as Mermaid text, to paste where Mermaid is drawn.

Mermaid knows no offsets and reads every time as its reader's own clock (mermaid#7026). So the times
are written as the zone's clocks show them, and the title says which zone. Where those clocks change
in between, the offset of the beginning is kept throughout, lest an hour come twice.

Of Mermaid's own signs none is left in anybody's text: every character but ASCII letters and digits
is written as its number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from postmortem.core import formulas
from postmortem.core.formulas import AllOf, AnyOf, AtLeast, Fallback, Formula, Optional, Parts, Ref
from postmortem.core.levels import Bounds, Level
from postmortem.core.state import Picture
from postmortem.core.times import Instant, in_zone
from postmortem.pictures.lanes import Axis, Condition, Lane, Scene, Stretch
from postmortem.pictures.lettering import drawn
from postmortem.pictures.standing import Conditions
from postmortem.pictures.telling import Telling
from postmortem.pictures.wording import ENGLISH, Wording

LONGEST: Final = 48_000
"""Characters; Mermaid refuses a text of more than 50,000, and GitHub lets nobody raise that."""
MOST_EDGES: Final = 480
"""Of 500 that it draws."""
_MOST_TOGETHER: Final = 12  # losses of several services that are listed
_SECOND: Final = 1_000_000

_TAGS: Final = {
    Condition.WORKS: "done",
    Condition.ENDING: "active",
    Condition.DEGRADED: "active, crit",
    Condition.UNCERTAIN: "",
    Condition.OUT: "crit",
    Condition.SILENT: "",
}


def escaped(text: str) -> str:
    """Somebody's text for any place in Mermaid: nothing in it is a sign of Mermaid's or of HTML."""
    return _SIGN.sub(lambda found: f"#{ord(found[0])};", drawn(text))


_SIGN: Final = re.compile(r"[^A-Za-z0-9]")


# --- gantt ----------------------------------------------------------------------------------------


def gantt(scene: Scene, *, wording: Wording = ENGLISH) -> str:
    """The lanes as a Gantt chart: a section each, and in it a bar for each stretch.

    What is certainly out is critical, what may be stands as a bar of its own beside it. Where that
    gets longer than LONGEST, what works is left out, then services, and a comment says so.
    """
    chart = _Gantt(scene, wording)
    for working, services in ((True, True), (False, True), (False, False)):
        text = chart.text(working=working, services=services)
        if len(text) <= LONGEST:
            return text
    return chart.text(working=False, services=False, most=LONGEST)


class _Gantt:
    def __init__(self, scene: Scene, wording: Wording) -> None:
        self.scene = scene
        self.wording = wording
        self.telling = Telling(scene, wording)

    def text(self, *, working: bool, services: bool, most: int | None = None) -> str:
        scene, axis = self.scene, self.scene.axis
        lines = ["gantt", f"    title {escaped(self._title())}"]
        if axis is None:
            lines.append(f"    section {escaped(self.wording.nothing)}")
            lines.append(f"    {escaped(self.wording.nothing)} :milestone, 2000-01-01, 0d")
            return "\n".join(lines) + "\n"
        lines += [
            "    dateFormat YYYY-MM-DDTHH:mm:ss",
            f"    axisFormat {_axis_format(axis)}",
        ]
        if not working:
            lines.append("    %% too long for Mermaid: what works is left out")
        if not services:
            lines.append("    %% too long for Mermaid: services are left out")
        size = sum(len(line) + 1 for line in lines)
        lanes = (*scene.capabilities, *(scene.services if services else ()))
        for index, lane in enumerate(lanes):
            section = list(self._section(lane, axis, working))
            size += sum(len(line) + 1 for line in section)
            if most is not None and size > most - 100:
                lines.append(f"    %% too long for Mermaid: {len(lanes) - index} more left out")
                break
            lines += section
        return "\n".join(lines) + "\n"

    def _title(self) -> str:
        axis, title = self.scene.axis, drawn(self.scene.title)
        if axis is None:
            return f"{title}, {self.telling.clocks()}"
        zone = self.wording.times_in.format(zone=f"{axis.zone or 'UTC'}{_offset_kept(axis)}")
        return f"{title}, {zone}, {self.telling.clocks()}"

    def _section(self, lane: Lane, axis: Axis, working: bool) -> Iterator[str]:
        bars = [
            self._bar(stretch, axis)
            for stretch in self.telling.seen(lane)
            if working or stretch.condition not in (Condition.WORKS, Condition.SILENT)
        ]
        if bars:
            yield f"    section {escaped(lane.name) or escaped(lane.id)}"
            yield from bars

    def _bar(self, stretch: Stretch, axis: Axis) -> str:
        start, end = max(stretch.start, axis.start), min(stretch.end, axis.end)
        first = _wall(start, axis)
        # a bar of no width at all is not drawn
        last = max(_wall(end, axis), first + timedelta(seconds=1))
        tags = _TAGS[stretch.condition]
        said = escaped(self.telling.condition(stretch))
        return f"    {said} :{f'{tags}, ' if tags else ''}{first.isoformat()}, {last.isoformat()}"


def _wall(at: Instant, axis: Axis) -> datetime:
    """What the clocks show, to the second; with the offset that they have at the axis's start."""
    face = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at) + _ahead(axis.start, axis)
    return face.replace(microsecond=0, tzinfo=None)


def _ahead(at: Instant, axis: Axis) -> timedelta:
    zone = UTC if axis.zone is None else ZoneInfo(axis.zone)
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(zone)
    return local.utcoffset() or timedelta()


def _offset_kept(axis: Axis) -> str:
    """Where the clocks change within the axis: which offset is kept."""
    step = max(86_400 * _SECOND, (axis.end - axis.start) // 1000)
    moments = (*range(axis.start, axis.end, step), axis.end - 1)
    ahead = _ahead(axis.start, axis)
    if all(_ahead(at, axis) == ahead for at in moments):
        return ""
    seconds = int(ahead.total_seconds())
    sign = "-" if seconds < 0 else "+"
    return f" (UTC{sign}{abs(seconds) // 3600:02}:{abs(seconds) // 60 % 60:02})"


def _axis_format(axis: Axis) -> str:
    days = (axis.end - axis.start) / (86_400 * _SECOND)
    if days > 700:
        return "%Y"
    if days > 60:
        return "%b %Y"
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

    `cut_sets` are the minimal ones of each capability at T: a service that alone is one is marked
    as a single point of failure, and those of several services are listed. Where there are more
    than MOST_EDGES lines, services are left out that work and whose loss alone stops nothing.
    """
    chart = _Flowchart(picture, names, at, cut_sets, wording, only)
    heading = title or names.get(picture.situation.platform, picture.situation.platform)
    return chart.text(f"{drawn(heading)}, {wording.cursor.format(at=in_zone(at, zone))}")


class _Flowchart:
    def __init__(
        self,
        picture: Picture,
        names: Mapping[str, str],
        at: Instant,
        cut_sets: Mapping[str, Sequence[Sequence[str]]],
        wording: Wording,
        only: Collection[str] | None,
    ) -> None:
        self.picture = picture
        self.names = names
        self.at = at
        self.cut_sets = cut_sets
        self.wording = wording
        situation = picture.situation
        shown = {*situation.capabilities, *situation.services}
        self.shown = shown if only is None else shown & set(only)
        self.capabilities = [id for id in sorted(situation.capabilities) if id in self.shown]
        self.services = [id for id in sorted(situation.services) if id in self.shown]
        self.stops: dict[str, list[str]] = {}
        for capability in sorted(cut_sets):
            for one in cut_sets[capability]:
                if len(one) == 1 and capability in self.shown:
                    self.stops.setdefault(one[0], []).append(capability)
        conditions = Conditions(picture)
        self.standing = {
            id: next(s for s in stretches(id) if s.start <= at < s.end)
            for ids, stretches in (
                (self.capabilities, conditions.of_capability),
                (self.services, conditions.of_service),
            )
            for id in ids
        }

    def text(self, title: str) -> str:
        """The chart."""
        lines = list(self._lines(title))
        if sum(" --> " in line or " -.-> " in line for line in lines) > MOST_EDGES or (
            sum(map(len, lines)) + len(lines) > LONGEST
        ):
            working = {
                id
                for id in self.services
                if id not in self.stops
                and self.standing[id].condition in (Condition.WORKS, Condition.SILENT)
            }
            self.services = [id for id in self.services if id not in working]
            lines = list(self._lines(title))
            lines.insert(1, f"    %% too large for Mermaid: {len(working)} services are left out")
        return "\n".join(lines) + "\n"

    def _lines(self, title: str) -> Iterator[str]:
        self.ids = {id: f"c{n}" for n, id in enumerate(self.capabilities)}
        self.ids |= {id: f"s{n}" for n, id in enumerate(self.services)}
        self.joints = 0
        yield "flowchart LR"
        yield f'    title["{escaped(title)}"]:::title'
        for id in self.capabilities:
            yield f'    {self.ids[id]}(["{self._label(id)}"]):::{self._class(id)}'
        for id in self.services:
            single = ":::" + self._class(id)
            shape = ('{{"', '"}}') if id in self.stops else ('["', '"]')
            yield f"    {self.ids[id]}{shape[0]}{self._label(id)}{shape[1]}{single}"
        for id in self.capabilities:
            known = self.picture.formulas_at(id, self.at)
            for formula in known:
                word = self.wording.perhaps if len(known) > 1 else ""
                yield from self._edges(self.ids[id], formula, word)
        yield from self._together()
        yield from _CLASSES

    def _label(self, id: str) -> str:
        name = escaped(self.names.get(id) or id) or escaped(id)
        stretch = self.standing[id]
        said = self.wording.condition(
            stretch.condition, stretch.bounds.worst, stretch.bounds.best, stretch.announced
        )
        lines = [f"<b>{name}</b>", escaped(said)]
        if stops := self.stops.get(id):
            lines.append(escaped(self.wording.stops.format(count=len(stops))))
        return "<br>".join(lines)
