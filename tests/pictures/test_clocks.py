"""The clocks of a zone, where the calendar ends."""

from datetime import date

import pytest

from postmortem.core.lengths import HOUR
from postmortem.pictures.clocks import Clocks


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo", None])
@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_the_first_and_the_last_day_of_the_calendar_begin(zone, day):
    clocks = Clocks(zone)
    wall = (day - date(1970, 1, 1)).days * 24 * HOUR
    assert clocks.wall(clocks.day_begins(day)) == wall
