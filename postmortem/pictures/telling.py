"""A timeline in words: for those who do not see it, and for whoever rests on one thing in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from postmortem.core.lengths import SECOND
from postmortem.core.times import BEGINNING, END, Instant, Span
from postmortem.core.zones import in_zone
from postmortem.pictures.lanes import Condition, Lane, Mark, Scene, Sign, Stretch
from postmortem.pictures.wording import Wording

_MOST_LANES: Final = 40
"""How many lanes are told one by one; nobody listens to three hundred."""
_MOST_FACTS: Final = 6
_MOST_TOLD: Final = 60
"""Of so many stretches of a lane one is told, or marks of one sign."""

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Telling:
    """Tells what is in a scene."""

    scene: Scene
    wording: Wording

    @property
    def zone(self) -> str | None:
        """The zone whose clocks are shown."""
        return self.scene.zone

    def moment(self, at: Instant) -> str:
        """An instant, to the second: the first full one at which it is reached."""
        with suppress(ValueError):  # there is no next second after the year 9999
            return in_zone(-(-at // SECOND) * SECOND, self.zone)
        return in_zone(at, self.zone)

    def exact(self, at: Instant) -> str:
        """An instant with its fraction of a second, where it has one."""
        return in_zone(at, self.zone)

    def span(self, span: Span) -> str:
        """A span of time."""
        earliest, latest = span
        if span.is_instant:
            return self.exact(earliest)
        if span == (BEGINNING, END):
            return self.wording.some_time
        if latest == END:
            return self.wording.later.format(at=self.exact(earliest))
        if earliest == BEGINNING:
            return self.wording.by.format(at=self.moment(latest))
        return self.wording.between.format(
            earliest=self.exact(earliest), latest=self.moment(latest)
        )

    # --- a stretch, a lane, a mark ----------------------------------------------------------------

    def condition(self, stretch: Stretch) -> str:
        """How something stands there."""
        return self.wording.condition(
            stretch.condition, stretch.bounds.worst, stretch.bounds.best, stretch.announced
        )

    def stretch(self, stretch: Stretch) -> str:
        """What holds there, and from when on."""
        said = self.condition(stretch)
        if stretch.start == BEGINNING:
            return said
        return self.wording.since.format(at=self.moment(stretch.start), what=said)

    def seen(self, lane: Lane) -> list[Stretch]:
        """The stretches of a lane that are in the picture."""
        axis = self.scene.axis
        if axis is None:
            return list(lane.stretches)
        return [each for each in lane.stretches if each.start < axis.end and each.end > axis.start]

    def lane(self, lane: Lane) -> str:
        """A lane: its name, its id, and what holds from when on."""
        named = lane.name if lane.name == lane.id else f"{lane.name} ({lane.id})"
        return f"{named}: {self._told(self.seen(lane), self.stretch)}"

    def sheets(self, marks: Sequence[Mark]) -> str:
        """What could be known from about the same time on."""
        return self._told(marks, self.mark)

    def _told(self, things: Sequence[Told], tell: Callable[[Told], str]) -> str:
        """One after another; of very many the first ones, for each is told where it is drawn."""
        more = len(things) - _MOST_TOLD
        rest = [self.wording.more.format(count=more)] if more > 0 else []
        return "; ".join([*map(tell, things[:_MOST_TOLD]), *rest])

    def mark(self, mark: Mark) -> str:
        """What a mark stands for."""
        said = self._listed(mark.facts)
        if mark.sign is Sign.KNOWN:
            at = self.moment(mark.time.latest)
            return f"{self.wording.knowable.format(at=at)}: {said}"
        text = f"{said}: {self.wording.signs[mark.sign]} {self.span(mark.time)}"
        if mark.contested:
            text += f", {self.wording.contested}"
        if mark.due is not None:
            text += f", {self.wording.to_take_effect.format(at=self.span(mark.due))}"
            if mark.due_contested:
                text += f", {self.wording.contested}"
        return text

    def _listed(self, facts: tuple[str, ...]) -> str:
        more = len(facts) - _MOST_FACTS
        rest = [self.wording.more.format(count=more)] if more > 0 else []
        return ", ".join([*facts[:_MOST_FACTS], *rest])

    # --- the whole --------------------------------------------------------------------------------

    def clocks(self) -> list[str]:
        """Which K and R the picture is of."""
        scene, wording = self.scene, self.wording
        known, recorded = scene.known != END, scene.recorded != END
        said = [wording.known.format(at=self.exact(scene.known))] if known else []
        said += [wording.recorded.format(at=self.exact(scene.recorded))] if recorded else []
        return said or [wording.known_now]

    def counts(self, lanes: Iterable[Lane], at: Instant) -> str:
        """How many of the lanes stand how, the worst first."""
        counted = Counter(lane.at(at).condition for lane in lanes)
        return ", ".join(
            f"{counted[condition]} {self.wording.conditions[condition]}"
            for condition in reversed(Condition)
            if counted[condition]
        )

    def description(self) -> str:
        """The whole picture in sentences."""
        return " ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        scene, wording = self.scene, self.wording
        if scene.axis is None:
            yield wording.nothing
        else:
            yield wording.about.format(
                title=scene.title,
                start=self.moment(scene.axis.start),
                end=self.moment(scene.axis.end),
            )
        if scene.cursor is not None:
            for heading, lanes in self._sections():
                said = wording.counted.format(at=self.exact(scene.cursor))
                yield f"{heading}. {said}{self.counts(lanes, scene.cursor)}."
        left = _MOST_LANES
        for heading, lanes in self._sections():
            told = [*map(self.lane, lanes[:left])]
            if len(lanes) > left:
                told.append(wording.more.format(count=len(lanes) - max(left, 0)))
            left = max(left - len(lanes), 0)
            yield f"{heading}: {'. '.join(told)}."

    def _sections(self) -> Iterator[tuple[str, tuple[Lane, ...]]]:
        if self.scene.capabilities:
            yield self.wording.what_worked, self.scene.capabilities
        if self.scene.services:
            yield self.wording.who_acted, self.scene.services
