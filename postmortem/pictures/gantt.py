"""The timeline as a Gantt chart in Mermaid.

Mermaid knows no offsets and reads every time as its reader's own clock (mermaid#7026). So the times
are written as the zone's clocks show them, and the title says which zone. Where those clocks change
in between, the offset of the beginning is kept throughout, lest an hour come twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from postmortem.core.times import Instant
from postmortem.pictures.lanes import Axis, Condition, Lane, Scene, Stretch
from postmortem.pictures.lettering import drawn
from postmortem.pictures.mermaid import LONGEST, escaped
from postmortem.pictures.telling import Telling
from postmortem.pictures.wording import ENGLISH, Wording

_SECOND: Final = 1_000_000

_TAGS: Final = {
    Condition.WORKS: "done",
    Condition.ENDING: "active",
    Condition.DEGRADED: "active, crit",
    Condition.UNCERTAIN: "",
    Condition.OUT: "crit",
    Condition.SILENT: "",
}


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
