"""The shapes of a timeline as SVG: bars that tell a condition, signs that tell what happened.

Told by shape first, then by colour: a full bar works, a hatched one works with its ending
announced, a half one is degraded, a faded one with a dotted edge is uncertain, a cross and a thin
line is out, a dashed frame has nothing recorded. How high a bar stands is the level; what is faded
of it is what may be. Signs are paths: a character would be a box where its font is missing.

Colours stand as attributes, for what draws an SVG without a browser understands neither `var()` nor
`light-dark()`. A style block for dark screens is added; nothing else is styled by class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from postmortem.core.levels import Level
from postmortem.pictures.lanes import Condition, Sign, Stretch
from postmortem.pictures.layout import Line
from postmortem.pictures.lettering import FONTS, xml

COLOURS: Final[dict[str, tuple[str, str]]] = {
    "paper": ("#ffffff", "#15181d"),
    "ink": ("#1b1f24", "#e8eaed"),
    "soft": ("#5f6672", "#9aa3b0"),
    "grid": ("#e1e4e8", "#2b3038"),
    "line": ("#a9b0ba", "#525a66"),
    "up": ("#0072b2", "#56b4e9"),
    "warn": ("#945600", "#e69f00"),
    "tint": ("#fdf0d9", "#33270f"),
    "out": ("#a8123a", "#ff6f91"),
}
"""By role: on light ground and on dark. Text has a contrast of 4.5 : 1 at least on `paper`."""

_OPACITIES: Final = 20
"""In so many steps a bar fades, so that one gradient serves many bars."""


def number(value: float) -> str:
    """A coordinate: tenths of a pixel are fine enough, and the same everywhere."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


class Box(NamedTuple):
    """Where something is drawn, in pixels."""

    x: float
    y: float
    width: float
    height: float


def paint(fill: str | None = None, stroke: str | None = None, width: float = 1) -> str:
    """The attributes of a shape: its colours by role, real ones, and classes for dark screens."""
    classes = [f"f-{fill}"] * (fill is not None) + [f"s-{stroke}"] * (stroke is not None)
    text = f' class="{" ".join(classes)}"' if classes else ""
    text += f' fill="{COLOURS[fill][0] if fill else "none"}"'
    if stroke:
        text += f' stroke="{COLOURS[stroke][0]}" stroke-width="{number(width)}"'
    return text


@dataclass
class Sheet:
    """An SVG under way: its elements, and the gradients that they use."""

    prefix: str
    elements: list[str] = field(default_factory=list)
    fades: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def add(self, element: str) -> None:
        """One more element, over all before."""
        self.elements.append(element)

    def rect(self, box: Box, attributes: str) -> None:
        """A rectangle."""
        self.add(
            f'<rect x="{number(box.x)}" y="{number(box.y)}" width="{number(box.width)}" '
            f'height="{number(box.height)}"{attributes}/>'
        )

    def path(self, d: str, attributes: str) -> None:
        """A path."""
        self.add(f'<path d="{d}"{attributes}/>')

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        colour: str = "ink",
        bold: bool = False,
        anchor: str = "start",
    ) -> None:
        """A line of text, unless it is empty; it must have been measured before."""
        if not text.strip():
            return
        weight = ' font-weight="700"' if bold else ""
        placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.add(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{weight}{placed}'
            f"{paint(colour)}>{xml(text)}</text>"
        )

    def fade(self, colour: str, left: float, right: float) -> str:
        """The paint of a bar that fades from one opacity to another."""
        key = colour, round(left * _OPACITIES), round(right * _OPACITIES)
        return f"url(#{self.fades.setdefault(key, f'{self.prefix}fade{len(self.fades) + 1}')})"

    # --- bars -------------------------------------------------------------------------------------

    def bar(
        self,
        stretch: Stretch,
        box: Box,
        *,
        fading: tuple[float, float] = (0.4, 0.4),
        cross: bool = True,
        begun: bool = True,
    ) -> None:
        """A stretch of a lane: how much is seen of its ends if uncertain; if out, with a cross.

        The cross stands where the stretch begins; where it has not `begun` there, further on.
        """
        condition = stretch.condition
        if condition is Condition.WORKS:
            self.rect(box, paint("up") + _CRISP)
        elif condition is Condition.ENDING:
            self._hatched(box)
        elif condition is Condition.DEGRADED:
            self.rect(_lower(box), paint("warn") + _CRISP)
        elif condition is Condition.UNCERTAIN:
            self._uncertain(stretch, box, fading)
        elif condition is Condition.OUT:
            self._out(box, cross, begun)
        else:
            self._silent(box)

    def _hatched(self, box: Box) -> None:
        self.rect(box, f' fill="url(#{self.prefix}hatch)"')
        # the edge lies inside, so that neighbours do not cover it
        inset = Box(box.x + 0.5, box.y + 0.5, max(box.width - 1, 0.1), box.height - 1)
        self.rect(inset, paint(None, "warn", 1))

    def _uncertain(self, stretch: Stretch, box: Box, fading: tuple[float, float]) -> None:
        """Solid as high as it stands at worst, faded from there to as high as it may stand."""
        upper = box
        if stretch.bounds.worst is Level.DEGRADED:
            self.rect(_lower(box), paint("warn") + _CRISP)
            upper = Box(box.x, box.y, box.width, box.height / 2)
        elif stretch.bounds.best is Level.DEGRADED:
            upper = _lower(box)
        colour = "warn" if stretch.announced or stretch.bounds.best is Level.DEGRADED else "up"
        self.rect(upper, f' fill="{self.fade(colour, *fading)}"')
        x0, x1 = number(box.x), number(box.x + box.width)
        for y in (upper.y + 0.5, box.y + box.height - 0.5):
            self.path(
                f"M{x0} {number(y)}H{x1}",
                paint(None, "soft", 1) + ' stroke-dasharray="2 2.5"',
            )

    def _out(self, box: Box, cross: bool, begun: bool) -> None:
        middle, end = box.y + box.height / 2, box.x + box.width
        half = min(4.6, box.height / 2 - 1)
        line = paint(None, "out", 3 if box.height > 12 else 2)
        x = box.x
        if cross:
            at = min(x + half + 3, x + box.width / 2) if begun else x + min(24, box.width / 2)
            if not begun:
                self.path(f"M{number(x)} {number(middle)}H{number(at)}", line)
            self.cross(at, middle, half)
            x = at + half + 3
        if end - x > 4 or not cross:
            self.path(f"M{number(x)} {number(middle)}H{number(end)}", line)

    def _silent(self, box: Box) -> None:
        if box.width > 2:
            self.rect(
                Box(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1),
                paint(None, "soft", 1) + ' stroke-dasharray="5 4"',
            )

    # --- signs ------------------------------------------------------------------------------------

    def cross(self, x: float, y: float, half: float) -> None:
        """A cross, with a rim that keeps it apart from what it lies on."""
        d = (
            f"M{number(x - half)} {number(y - half)}L{number(x + half)} {number(y + half)}"
            f"M{number(x - half)} {number(y + half)}L{number(x + half)} {number(y - half)}"
        )
        self.path(d, paint(None, "paper", 5) + ' stroke-linecap="round"')
        self.path(d, paint(None, "out", 2.4) + ' stroke-linecap="round"')

    def sign(self, sign: Sign, x: float, y: float) -> None:
        """The sign of something that was said or happened, its middle there."""
        at = f"M{number(x)} {number(y)}"
        if sign is Sign.ANNOUNCED:
            self.path(f"{at}m0 -6l6 6l-6 6l-6 -6z", paint("tint", "warn", 1.8))
        elif sign is Sign.RESCHEDULED:
            self.path(f"{at}m0 -6l6 6l-6 6l-6 -6z", paint("paper", "warn", 1.8))
            self.path(f"{at}m0 -2l2 2l-2 2l-2 -2z", paint("warn"))
        elif sign is Sign.WITHDRAWN:
            self.path(f"{at}m0 -6l6 6l-6 6l-6 -6z", paint("paper", "soft", 1.6))
            self.path(f"{at}m-6 6l12 -12", paint(None, "soft", 1.8) + ' stroke-linecap="round"')
        elif sign is Sign.OUT:
            self.cross(x, y, 4.6)
        elif sign is Sign.DEGRADED:
            self.path(f"{at}m-5 -5h10v10h-10z", paint("paper", "warn", 1.6))
            self.path(f"{at}m-5 0h10v5h-10z", paint("warn"))
        elif sign is Sign.RESTORED:
            d = f"{at}m-5.5 0.5l4 4.5l7.5 -9"
            rim = ' stroke-linecap="round" stroke-linejoin="round"'
            self.path(d, paint(None, "paper", 5) + rim)
            self.path(d, paint(None, "up", 2.4) + rim)
        else:
            self.document(x, y)

    def document(self, x: float, y: float, *, several: bool = False) -> None:
        """A sheet of paper, or several one behind another."""
        if several:
            self.path(_PAGE.format(number(x + 2.5), number(y - 2)), paint("paper", "soft", 1.1))
        self.path(_PAGE.format(number(x), number(y)), paint("paper", "soft", 1.1))
        self.path(
            f"M{number(x - 2)} {number(y + 0.5)}h4m-4 2.5h4", paint(None, "soft", 1)
        )  # two lines of writing

    def whisker(self, line: Line, y: float, *, contested: bool) -> None:
        """An error bar, dotted where sources disagree; an arrow where it goes on."""
        dotted = ' stroke-dasharray="2 2.5"' if contested else ""
        self.path(
            f"M{number(line.start)} {number(y)}H{number(line.end)}",
            paint(None, "soft", 1.3) + dotted,
        )
        before, after = line.goes_on
        self.stop(line.start, y, int(before), "soft")
        self.stop(line.end, y, -int(after), "soft")

    def stop(self, x: float, y: float, arrow: int, colour: str) -> None:
        """The end of a line: a stop, or an arrow where it goes on to the left (1), right (-1)."""
        d = f"M{number(x)} {number(y - 4.5)}v9"
        if arrow:
            d = f"M{number(x + 5 * arrow)} {number(y - 3.5)}l{-5 * arrow} 3.5l{5 * arrow} 3.5"
        self.path(d, paint(None, colour, 1.3))

    # --- the whole --------------------------------------------------------------------------------

    def svg(self, width: float, height: float, title: str, description: str, language: str) -> str:
        """The SVG, whole."""
        root = f"{self.prefix}timeline"
        size = f"{number(width)} {number(height)}"
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" id="{root}" viewBox="0 0 {size}" '
                f'width="{number(width)}" height="{number(height)}" lang="{language}" '
                f'role="img" aria-labelledby="{self.prefix}title {self.prefix}desc" '
                f'font-family="{FONTS}">',
                f'<title id="{self.prefix}title">{xml(title)}</title>',
                f'<desc id="{self.prefix}desc">{xml(description)}</desc>',
                f"<style>{_dark(root)}</style>",
                "<defs>",
                *self._definitions(),
                "</defs>",
                *self.elements,
                "</svg>",
                "",
            ]
        )

    def _definitions(self) -> list[str]:
        hatch = (
            f'<pattern id="{self.prefix}hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><rect width="7" height="7"{paint("tint")}/>'
            f'<rect width="3" height="7"{paint("warn")}/></pattern>'
        )
        fades = [
            f'<linearGradient id="{id}">'
            + "".join(
                f'<stop offset="{offset}" class="c-{colour}" stop-color="{COLOURS[colour][0]}" '
                f'stop-opacity="{opacity / _OPACITIES:g}"/>'
                for offset, opacity in ((0, left), (1, right))
            )
            + "</linearGradient>"
            for (colour, left, right), id in self.fades.items()
        ]
        return [hatch, *fades]


def _lower(box: Box) -> Box:
    return Box(box.x, box.y + box.height / 2, box.width, box.height / 2)


_CRISP: Final = ' shape-rendering="crispEdges"'
"""Of what may have a neighbour of its own colour: no seam between them."""
_PAGE: Final = "M{} {}m-4 -6h5l3 3v9h-8z"


def _dark(root: str) -> str:
    rules = "".join(
        f"#{root} .f-{role}{{fill:{dark}}}#{root} .s-{role}{{stroke:{dark}}}"
        f"#{root} .c-{role}{{stop-color:{dark}}}"
        for role, (_, dark) in COLOURS.items()
    )
    return f"@media screen and (prefers-color-scheme:dark){{{rules}}}"
