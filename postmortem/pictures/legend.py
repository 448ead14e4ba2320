"""The legend: every condition by its shape and word, and the signs that the picture holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from postmortem.core.levels import OUT, WORKS, Bounds, Level
from postmortem.core.times import BEGINNING, END
from postmortem.pictures.lanes import Condition, Sign, Stretch
from postmortem.pictures.layout import Line
from postmortem.pictures.lettering import width
from postmortem.pictures.shapes import Box, Sheet, paint
from postmortem.pictures.wording import Wording

_SIZE: Final = 12.0
_SWATCH: Final = 30.0  # wide
_ROW: Final = 23.0
_BOUNDS: Final = {
    Condition.WORKS: WORKS,
    Condition.ENDING: WORKS,
    Condition.DEGRADED: Bounds(Level.DEGRADED, Level.DEGRADED),
    Condition.UNCERTAIN: Bounds(Level.UNAVAILABLE, Level.OPERATIONAL),
    Condition.OUT: OUT,
    Condition.SILENT: WORKS,
}


@dataclass
class Legend:
    """What the picture holds and has to be explained; the conditions always are."""

    wording: Wording
    signs: set[Sign] = field(default_factory=set)
    notice: bool = False
    span: bool = False
    contested: bool = False
    goes_on: bool = False

    def draw(self, sheet: Sheet, left: float, y: float, right: float) -> float:
        """Draw it from (left, y) on, as far to the right as there is room; where it ends."""
        x = left
        for draw, text in self._entries(sheet):
            wide = _SWATCH + 8 + width(text, _SIZE)
            if x > left and x + wide > right:
                x, y = left, y + _ROW
            draw(x, y - 4)
            sheet.text(text, x + _SWATCH + 8, y, _SIZE, colour="soft")
            x += wide + 22
        return y

    def _entries(self, sheet: Sheet) -> Iterator[tuple[Callable[[float, float], None], str]]:
        for condition, bounds in _BOUNDS.items():
            stretch = Stretch(BEGINNING, END, condition, bounds)

            def bar(x: float, y: float, stretch: Stretch = stretch) -> None:
                box = Box(x, y - 7, _SWATCH, 14)
                sheet.bar(stretch, box, fading=(0.85, 0.08), cross=True)

            yield bar, self.wording.conditions[condition]
        for sign in Sign:
            if sign in self.signs:

                def one(x: float, y: float, sign: Sign = sign) -> None:
                    sheet.sign(sign, x + _SWATCH / 2, y)

                yield one, self.wording.signs[sign]

        def line(x: float) -> Line:
            return Line(x + 2, x + _SWATCH - 2, (False, False))

        if self.notice:

            def notice(x: float, y: float) -> None:
                sheet.path(
                    f"M{x + 2:g} {y:g}h{_SWATCH - 4:g}",
                    paint(None, "warn", 1.6) + ' stroke-dasharray="4 3"',
                )
                sheet.stop(x + _SWATCH - 2, y, 0, "warn")

            yield notice, self.wording.legend_notice
        if self.span:
            yield (
                lambda x, y: sheet.whisker(line(x), y, contested=False),
                self.wording.legend_span,
            )
        if self.contested:
            yield (
                lambda x, y: sheet.whisker(line(x), y, contested=True),
                self.wording.legend_contested,
            )
        if self.goes_on:
            yield (
                lambda x, y: sheet.whisker(
                    Line(x + 2, x + _SWATCH - 2, (False, True)), y, contested=False
                ),
                self.wording.legend_open,
            )
