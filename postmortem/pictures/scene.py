"""The scene of a timeline, worked out from a picture of the record.

Whatever draws a scene knows nothing of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from postmortem.core.causes import FIRST, LAST
from postmortem.core.errors import BadInput
from postmortem.core.lengths import DAY, HOUR
from postmortem.core.state import Picture
from postmortem.core.times import BEGINNING, END, AsOf, Instant, Span, format_bound
from postmortem.pictures.lanes import Axis, Condition, Lane, Scene, Sign, Stretch
from postmortem.pictures.marks import marks_by_service
from postmortem.pictures.standing import Conditions

_MARGIN: Final = 25  # on each side of what happened lies one part in so many


_ROUND: Final = ((DAY, HOUR // 60), (60 * DAY, HOUR), (END, DAY))
"""To what a picture's ends are rounded, by how long it is at most."""


def scene(
    picture: Picture,
    names: Mapping[str, str],
    window: Span | None = None,
    zone: str | None = None,
    cursor: Instant | None = None,
    *,
    title: str | None = None,
    as_of: AsOf | None = None,
    only: Collection[str] | None = None,
) -> Scene:
    """The timeline of a picture, from the window's earliest until before its latest.

    `names` are those of services and capabilities by id; what has none is called by its id. `title`
    names the platform. A window that is open on a side goes there as far as what is recorded, with
    a margin. `cursor` is an instant to be shown. `as_of` says which K and R the picture is of. With
    `only`, lanes of those ids alone.

    Lanes come in the order in which they stopped to work; of what nothing is recorded stands last.

    Raises: BadInput, where the window is empty.
    """
    marks = marks_by_service(picture)
    found = Conditions(picture)

    def lanes(ids: Iterable[str], stretches: Callable[[str], Iterator[Stretch]]) -> list[Lane]:
        return [
            Lane(id, names.get(id) or id, tuple(stretches(id)), tuple(marks.get(id, ())))
            for id in sorted(ids)
            if only is None or id in only
        ]

    capabilities = lanes(picture.situation.capabilities, found.of_capability)
    services = lanes(picture.situation.services, found.of_service)
    return Scene(
        title if title and title.strip() else picture.situation.platform,
        _axis(_dated(picture, capabilities, services), _known(services), window, zone, cursor),
        tuple(sorted(capabilities, key=_order)),
        tuple(sorted(services, key=_order)),
        zone,
        cursor,
        END if as_of is None else as_of.known,
        END if as_of is None else as_of.recorded,
    )


def _order(lane: Lane) -> tuple[bool, Instant, str]:
    """By when it first did something else than work, or something was first said of it."""
    conditions = {stretch.condition for stretch in lane.stretches}
    left = [s.start for s in lane.stretches if s.condition is not Condition.WORKS]
    said = [mark.time.earliest for mark in lane.marks if mark.sign is not Sign.KNOWN]
    return conditions == {Condition.SILENT}, min([*left, *said], default=END), lane.id


# --- which time is shown --------------------------------------------------------------------------


def _dated(
    picture: Picture, capabilities: Iterable[Lane], services: Iterable[Lane]
) -> list[Instant]:
    """Every bound of a time at which something on these lanes happens or is announced to."""
    spans = [
        span
        for lane in services
        for mark in lane.marks
        if mark.sign is not Sign.KNOWN
        for span in (mark.time, mark.due)
        if span is not None
    ]
    shown = {lane.id for lane in capabilities}
    spans += [
        revision.span
        for capability, known in picture.revisions.items()
        if capability in shown
        for revision, _ in known
    ]
    bounds = [bound for span in spans for bound in span if bound not in (BEGINNING, END)]
    # what nobody said of a service that is shown may still turn a capability
    turns = [s.start for lane in capabilities for s in lane.stretches if s.start != BEGINNING]
    return bounds + turns


def _known(services: Iterable[Lane]) -> list[Instant]:
    return [m.time.latest for lane in services for m in lane.marks if m.sign is Sign.KNOWN]


def _axis(
    dated: list[Instant],
    known: Iterable[Instant],
    window: Span | None,
    zone: str | None,
    cursor: Instant | None,
) -> Axis | None:
    start, end = (BEGINNING, END) if window is None else window
    if start != BEGINNING and end != END:
        return _clipped(start, end, zone)
    given = [bound for bound in (start, end) if bound not in (BEGINNING, END)]
    inside = [instant for instant in dated if start <= instant < end] or given
    if not inside and cursor is not None:
        inside = [cursor]
    if not inside:
        return None
    first, last = min(inside), max(inside)
    # what only was known later, and the cursor, may widen it, but not beyond twice that each way
    reach = max(last - first, HOUR)
    lowest, highest = first - reach, last + reach
    for instant in (*known, *([] if cursor is None else [cursor])):
        if lowest <= instant <= highest:
            first, last = min(first, instant), max(last, instant)
    margin = max((last - first) // _MARGIN, (HOUR - (last - first)) // 2, 0)
    unit = next(unit for most, unit in _ROUND if last - first <= most)
    return _clipped(
        (first - margin) // unit * unit if start == BEGINNING else start,
        -(-(last + margin) // unit) * unit if end == END else end,
        zone,
    )


def _clipped(start: Instant, end: Instant, zone: str | None) -> Axis:
    """Within the years whose every day all clocks can tell."""
    axis = Axis(max(start, FIRST + DAY), min(end, LAST - DAY), zone)
    if axis.start >= axis.end:
        raise BadInput(
            f"the time from {format_bound(start)} to {format_bound(end)} is empty",
            hint="a picture needs a first instant and a later one",
        )
    return axis
