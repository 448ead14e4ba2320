"""The timeline as SVG: what worked when, and below it who acted, and when one could know.

Lanes of capabilities show how each stood. Lanes of services show the same in a slim bar; beneath it
what was announced and what happened, and at the bottom a sheet of paper where one could know of it.
Nothing here knows of the record: a scene goes in, text comes out, the same bytes wherever it is
drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from postmortem.pictures.axis import BOLD, SIZE, Ruler
from postmortem.pictures.lanes import Condition, Lane, Scene, Sign
from postmortem.pictures.layout import Line, Placed, Places, Sheets
from postmortem.pictures.legend import Legend
from postmortem.pictures.lettering import drawn, shorten, width, xml
from postmortem.pictures.shapes import Box, Sheet, number, paint
from postmortem.pictures.telling import Telling
from postmortem.pictures.wording import ENGLISH, Wording

WIDTH: Final = 1180
"""Pixels, unless told otherwise."""
NARROWEST: Final = 520

_EDGE: Final = 24.0  # around everything
_RIGHT: Final = 34.0  # room for half a label beyond the axis's end
_NAME: Final = 13.0  # the size of the lanes' names
_SMALL: Final = 12.0  # and that of all other texts
_WIDEST_NAME: Final = 0.26  # of the whole width
_LEAST: Final = 142.0  # for the names, so that a date fits above them
_GUTTER: Final = 14.0  # between names and bars
_LANE: Final = 33.0  # from one capability's bar to the next
_BAR: Final = 20.0
_SLIM: Final = 10.0  # a service's bar
_ROW: Final = 17.0  # of signs
_PAGES: Final = 15.0  # the row of what could be known
_AXIS: Final = 40.0  # both its rows
_REPEAT: Final = 900.0  # after so many pixels the axis is drawn again
_WORTH_IT: Final = 5  # lanes at least that still come then
_CURSOR: Final = paint(None, "ink", 1.6)
_ID: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9_-]*)?")


def timeline_svg(
    scene: Scene, *, width: int = WIDTH, id_prefix: str = "pm-", wording: Wording = ENGLISH
) -> str:
    """The scene as one SVG, that many pixels wide (NARROWEST at least) and as high as it takes.

    Every id in it begins with `id_prefix`, so that several can stand in one page.

    Raises: ValueError, where `id_prefix` is not a letter followed by letters, digits, - and _.
    """
    if not _ID.fullmatch(id_prefix):
        raise ValueError(f"{id_prefix!r} cannot begin an id")
    return _Drawing(scene, max(width, NARROWEST), id_prefix, wording).svg()


class _Drawing:
    """A scene being drawn, from top to bottom."""

    def __init__(self, scene: Scene, wide: float, prefix: str, wording: Wording) -> None:
        self.scene = scene
        self.wide = wide
        self.wording = wording
        self.telling = Telling(scene, wording)
        self.sheet = Sheet(prefix)
        self.legend = Legend(wording)
        names = [self._name_of(lane) for lane in (*scene.capabilities, *scene.services)]
        self.left = _EDGE + max([_LEAST, *(width(name, _NAME) for name in names)]) + _GUTTER
        self.right = wide - _RIGHT
        self.places = (
            Places(Ruler(scene.axis, self.right - self.left, wording), self.left)
            if scene.axis
            else None
        )
        self.y = 0.0
        self.axis_at = 0.0
        self.strips: list[tuple[float, float]] = []
        """Between which heights the lines of the axis are drawn."""

    def svg(self) -> str:
        """The whole."""
        sheet = self.sheet
        self._header()
        below = len(sheet.elements)
        self._sections()
        above = sheet.elements[below:]
        del sheet.elements[below:]
        self._grid()
        sheet.elements += above
        self._cursor()
        self.y = self.legend.draw(sheet, _EDGE, self.y + 28, self.wide - _EDGE)
        height = self.y + _EDGE - 4
        sheet.elements.insert(
            0, f'<rect width="{number(self.wide)}" height="{number(height)}"{paint("paper")}/>'
        )
        return sheet.svg(
            self.wide,
            height,
            self.wording.headline.format(title=self.scene.title),
            self.telling.description(),
            self.wording.language,
        )

    # --- what stands above ------------------------------------------------------------------------

    def _header(self) -> None:
        room = self.wide - 2 * _EDGE
        title = shorten(drawn(self.scene.title), room, 17, bold=True)
        self.sheet.text(title, _EDGE, 34, 17, bold=True)
        said = [self._clocks(), *self.telling.clocks()]
        cursor = self.scene.cursor
        if cursor is not None and not (self.places and self.places.inside(cursor)):
            text = self.wording.outside if self.places else self.wording.cursor
            said.append(text.format(at=self.telling.exact(cursor)))
        self.y = 34.0
        for line in _filled([each for each in said if each], room):
            self.y += 19
            self.sheet.text(line, _EDGE, self.y, _SMALL, colour="soft")
        self.y += 14

    def _clocks(self) -> str:
        """Which clocks are shown; where they change, from when on."""
        if self.places is None:
            return ""
        clocks, axis = self.places.ruler.clocks, self.places.axis
        if clocks.is_utc:
            return self.wording.times_in.format(zone="UTC")
        names = clocks.names(axis.start, axis.end)
        (_, first), *more = names
        text = f"{axis.zone}, {first}"
        if len(more) == 1:  # the axis shows when
            text += self.wording.then + more[0][1]
        elif more:
            text = f"{axis.zone}, {' / '.join(dict.fromkeys(name for _, name in names))}"
        return self.wording.times_in.format(zone=text)

    def _cursor_label(self) -> None:
        """Between the axis and the lanes, so that it lies on no other text."""
        x = self._cursor_x()
        if x is None or self.scene.cursor is None:
            return
        text = self.telling.exact(self.scene.cursor)
        half = width(text, BOLD, bold=True) / 2
        self.y += 13
        middle = min(max(x, _EDGE + half), self.wide - 8 - half)
        self.sheet.text(text, middle, self.y, BOLD, bold=True, anchor="middle")
        self.y += 5
        self.sheet.path(f"M{number(x - 5)} {number(self.y)}h10l-5 7z", paint("ink"))

    def _cursor_x(self) -> float | None:
        cursor = self.scene.cursor
        if self.places is None or cursor is None or not self.places.inside(cursor):
            return None
        return self.places.x(cursor)

    def _axis(self) -> None:
        if self.places is None:
            return
        self.y += 16
        ruler = self.places.ruler
        if ruler.beginning:
            x = self.left - _GUTTER
            self.sheet.text(ruler.beginning, x, self.y, BOLD, bold=True, anchor="end")
        for label in ruler.labels:
            x = self.left + label.x
            if label.upper:
                self.sheet.text(label.text, x, self.y, BOLD, bold=True)
            else:
                x += label.width / 2
                self.sheet.text(label.text, x, self.y + 17, SIZE, colour="soft", anchor="middle")
        self.y += _AXIS - 16
        self.axis_at = self.y

    def _grid(self) -> None:
        for tick in self.places.ruler.ticks if self.places else ():
            x = number(self.places.x(tick.at)) if self.places else ""
            line = paint(None, "line" if tick.major else "grid", 1)
            for top, bottom in self.strips:
                self.sheet.path(f"M{x} {number(top)}V{number(bottom)}", line)

    def _cursor(self) -> None:
        x = self._cursor_x()
        for top, bottom in self.strips if x is not None else ():
            self.sheet.path(f"M{number(x or 0)} {number(top)}V{number(bottom)}", _CURSOR)

    # --- the lanes --------------------------------------------------------------------------------

    def _sections(self) -> None:
        self._axis()
        self._cursor_label()
        begun = self.y
        scene, wording = self.scene, self.wording
        if not scene.capabilities and not scene.services:
            self._remark(wording.no_lanes)
        elif scene.axis is None:
            self._remark(wording.nothing)
        sections: tuple[tuple[str, tuple[Lane, ...], Callable[[Lane], None]], ...] = (
            (wording.what_worked, scene.capabilities, self._capability),
            (wording.who_acted, scene.services, self._service),
        )
        for heading, lanes, draw in sections:
            if not lanes:
                continue
            self.y += 17
            self.sheet.text(heading, _EDGE, self.y, _SMALL, colour="soft", bold=True)
            self.y += 7
            for index, lane in enumerate(lanes):
                left = len(lanes) - index
                if self.places and self.y - self.axis_at > _REPEAT and left >= _WORTH_IT:
                    self.strips.append((begun, self.y + 4))
                    self.y += 8
                    self._axis()
                    begun = self.y
                    self.y += 2
                self.sheet.add(f"<g><title>{xml(self.telling.lane(lane))}</title>")
                draw(lane)
                self.sheet.add("</g>")
            self.y += 4
        self.strips.append((begun, self.y))

    def _remark(self, text: str) -> None:
        self.y += 22
        self.sheet.text(text, _EDGE, self.y, _NAME, colour="soft")
        self.y += 6

    def _name_of(self, lane: Lane) -> str:
        return shorten(drawn(lane.name) or lane.id, self.wide * _WIDEST_NAME, _NAME)

    def _capability(self, lane: Lane) -> None:
        self._bars(lane, self.y + (_LANE - _BAR) / 2, _BAR)
        self.y += _LANE

    def _service(self, lane: Lane) -> None:
        top = self.y + 9
        self._bars(lane, top, _SLIM)
        placed = self.places.placed(lane) if self.places else []
        sheets = self.places.sheets(lane) if self.places else []
        rows = max((each.row + 1 for each in placed), default=0)
        first = top + _SLIM + 2
        for each in placed:
            self._mark(each, first + (each.row + 0.5) * _ROW)
        self.y = first + rows * _ROW
        for some in sheets:
            self._sheets(some, self.y + _PAGES / 2)
        self.y += _PAGES * bool(sheets) + 5
        edge = f"M{number(_EDGE)} {number(self.y)}H{number(self.right)}"
        self.sheet.path(edge, paint(None, "grid", 1))

    def _bars(self, lane: Lane, top: float, height: float) -> None:
        name, middle = self._name_of(lane), top + height / 2
        self.sheet.text(name, self.left - _GUTTER, middle + 4.5, _NAME, anchor="end")
        box = Box(self.left, top, self.right - self.left, height)
        if self.places is None:  # nothing has a date: what holds, holds always
            self.sheet.bar(lane.stretches[0], box)
            return
        frame = Box(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1)
        if any(stretch.condition is Condition.OUT for stretch in self.telling.seen(lane)):
            self.sheet.rect(frame, paint(None, "grid", 1))
        crossed = -100.0
        faded = self.places.fading(lane.stretches)
        for stretch, fading in zip(lane.stretches, faded, strict=True):
            if stretch.end <= self.places.axis.start or stretch.start >= self.places.axis.end:
                continue
            x0, x1 = self.places.x(stretch.start), self.places.x(stretch.end)
            cross = x0 - crossed > 12  # where many are close together, one says it for all
            said = f"{lane.name}: {self.telling.stretch(stretch)}"
            self.sheet.add(f"<g><title>{xml(said)}</title>")
            part = Box(x0, top, max(x1 - x0, 1.5), height)
            begun = stretch.start >= self.places.axis.start
            self.sheet.bar(stretch, part, fading=fading, cross=cross, begun=begun)
            self.sheet.add("</g>")
            if stretch.condition is Condition.OUT and cross:
                crossed = x0

    # --- signs ------------------------------------------------------------------------------------

    def _mark(self, placed: Placed, y: float) -> None:
        mark = placed.mark
        self.legend.signs.add(mark.sign)
        self.sheet.add(f"<g><title>{xml(self.telling.mark(mark))}</title>")
        if placed.due is not None:
            self._notice(placed, placed.due, y)
        if not mark.time.is_instant and self.left < placed.line.end:
            self.legend.span |= not mark.contested
            self.legend.contested |= mark.contested
            self.legend.goes_on |= any(placed.line.goes_on)
            self.sheet.whisker(placed.line, y, contested=mark.contested)
        if placed.x is not None:
            self.sheet.sign(mark.sign, placed.x, y)
        self.sheet.add("</g>")

    def _notice(self, placed: Placed, due: Line, y: float) -> None:
        """The dashed line from an announcement to when it takes effect."""
        self.legend.notice = True
        ends = placed.begins, due.start, due.end
        dashed = paint(None, "warn", 1.6) + ' stroke-dasharray="4 3"'
        if max(ends) - min(ends) > 1:
            self.sheet.path(f"M{number(min(ends))} {number(y)}H{number(max(ends))}", dashed)
        before, after = due.goes_on
        if placed.line.end <= self.left:  # it was announced before the picture begins
            self.sheet.stop(self.left, y, 1, "warn")
            self.legend.goes_on = True
        else:
            self.sheet.stop(due.start, y, int(before), "warn")
        if due.end - due.start > 1 or after:
            self.sheet.stop(due.end, y, -int(after), "warn")
        self.legend.goes_on |= before or after

    def _sheets(self, sheets: Sheets, y: float) -> None:
        self.legend.signs.add(Sign.KNOWN)
        self.sheet.add(f"<g><title>{xml(self.telling.sheets(sheets.marks))}</title>")
        self.sheet.document(sheets.x - 12 * sheets.beyond, y, several=len(sheets.marks) > 1)
        if sheets.beyond:
            self.sheet.stop(sheets.x, y, -sheets.beyond, "soft")
            self.legend.goes_on = True
        self.sheet.add("</g>")


def _filled(parts: Iterable[str], room: float) -> Iterator[str]:
    """The parts in lines of at most that width, with a point between them."""
    line = ""
    for part in parts:
        longer = f"{line} · {part}" if line else part
        if line and width(longer, _SMALL) > room:
            yield shorten(line, room, _SMALL)
            longer = part
        line = longer
    if line:
        yield shorten(line, room, _SMALL)
