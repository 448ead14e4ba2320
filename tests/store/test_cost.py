"""Recording one event costs the same in a short log and in a long one.

Counted in steps of SQLite's machine, which are the same on every machine and at every load.
"""

from postmortem.core import reading
from postmortem.core.decide import Draft
from postmortem.core.events import CATALOGUE
from postmortem.core.times import AsOf, parse_stored
from postmortem.store.standing import level
from postmortem.tracker import Tracker, system_clock


def draft(type, **keys):
    return Draft("p", reading.entry(CATALOGUE[type], keys, zone="UTC"))


def outage(number):
    at = f"2021-01-01T{number // 60 % 24:02}:{number % 60:02}Z"
    yield draft("service-down", id=f"d{number}", service="s", at=at, known_at=at)
    yield draft("time-claimed", id=f"c{number}", about=f"d{number}", time=at)
    yield draft("service-down", id=f"v{number}", service="s", at=at, replaces=f"d{number}")
    yield draft("service-restored", id=f"r{number}", ends=f"d{number}", at=at)
    yield draft("retracted", id=f"t{number}", event=f"r{number}", reason="wrong")


def counted(connection, work):
    """How many steps of SQLite's machine the work takes."""
    count = 0

    def step():
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(step, 1)
    try:
        work()
    finally:
        connection.set_progress_handler(None, 1)
    return count


def steps(tracker, number):
    """How many steps it takes to record one outage, everything included."""
    with tracker._writing() as writing:
        drafts = list(outage(number))
        return counted(writing.connection, lambda: tracker._record(writing, drafts))


def test_recording_costs_the_same_in_a_short_log_and_in_a_long_one(tmp_path):
    with Tracker(str(tmp_path / "s.db")) as tracker:
        tracker.record([draft("platform-declared", id="p"), draft("service-declared", id="s")])
        tracker.record([each for number in range(20) for each in outage(number)])
        short = steps(tracker, 20)
        tracker.record([each for number in range(21, 800) for each in outage(number)])
        long = steps(tracker, 800)
    assert long < 1.5 * short


def looked_up(tracker, as_of):
    """How many steps it takes to tell the level of a service."""
    view = tracker.view
    level(view, "p", "s", as_of)  # what is looked up once only
    return counted(view.connection, lambda: level(view, "p", "s", as_of))


def test_an_earlier_r_is_looked_up_and_never_the_log_gone_through(tmp_path):
    """What was recorded by then is the same, and only how much came after it is more."""
    with Tracker(str(tmp_path / "s.db")) as tracker:
        tracker.record([draft("platform-declared", id="p"), draft("service-declared", id="s")])
        tracker.record([each for number in range(20) for each in outage(number)])
        then = AsOf(parse_stored("2021-01-01T00:20:00Z"), recorded=system_clock())
        since = draft("time-claimed", id="since", about="d5", time="2021-01-01T00:06:00Z")
        tracker.record([draft("service-declared", id="t"), since])
        short = looked_up(tracker, then)
        tracker.record(
            [
                draft(
                    "service-down", id=f"a{number}", service="t", at=f"2022-01-{number % 28 + 1:02}"
                )
                for number in range(3000)
            ]
        )
        assert looked_up(tracker, then) < 1.5 * short
