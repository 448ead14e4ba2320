"""What a rule of the record refuses (contract, section 4), and what just looks like it."""

import pytest
from cli.books import EVENTS, HEAD, all_events, event, recorded, refused
from cli.door import logged, run

FULL = HEAD + all_events()
"""`announced`, `rescheduled`, `cut` of s; `down` of t and `slow` of u, ended by `back`; `warned` of
u, withdrawn by `calmed`."""

AT = "2024-03-01T00:00Z"
NOTE = {"type": "note", "at": AT, "text": "t"}
CUT = {"type": "service-cut-off", "at": AT}
END = {"type": "service-restored", "at": AT}
MOVE = {"type": "cutoff-rescheduled", "at": AT, "effective_at": "2024-04-01T00:00Z"}
ANEW = {
    "type": "cutoff-announced",
    "service": "s",
    "at": "2024-03-01T00:00Z",
    "effective_at": "2024-04-01T00:00Z",
}

REFUSED = {
    "ending what is ended": (
        [event("x", ends="down", **END)],
        ["down is ended already, by back", "time-claimed"],
    ),
    "ending what is ended, among others": (
        [
            event("more", type="service-down", service="t", at="2024-02-01T00:00Z"),
            event("x", ends=["more", "slow"], **END),
        ],
        ["slow is ended already, by back", "replaces: back"],
    ),
    "confirming what is confirmed": (
        [event("x", service="s", announcement="announced", **CUT)],
        ["announced is confirmed already, by cut"],
    ),
    "withdrawing what is withdrawn": (
        [event("x", type="cutoff-withdrawn", announcement="warned", at=AT)],
        ["warned is withdrawn already, by calmed"],
    ),
    "rescheduling what is withdrawn": (
        [event("x", announcement="warned", **MOVE)],
        ["warned is withdrawn, by calmed", "announce it anew"],
    ),
    "confirming what is withdrawn": (
        [event("x", service="u", announcement="warned", **CUT)],
        ["warned is withdrawn, by calmed", "without announcement"],
    ),
    "confirming an announcement of another service": (
        [event("new", **ANEW), event("x", service="t", announcement="new", **CUT)],
        ["cuts off t", "is about s"],
    ),
    "ending before the start": (
        [
            event("more", type="service-down", service="t", at="2024-03-01T00:00Z"),
            event("x", type="service-restored", ends="more", at="2024-02-29T23:59:59.999999Z"),
        ],
        ["x lies before the start of more", "2024-02-29T23:59:59.999999Z", "2024-03-01T00:00:00Z"],
    ),
    "a span that ends before the start": (
        [
            event(
                "more", type="service-down", service="t", at="2024-03-01T00:00Z..2024-03-05T00:00Z"
            ),
            event("x", type="service-restored", ends="more", at="2024-02"),
        ],
        ["x lies before the start of more"],
    ),
    "changing the effect before the start": (
        [
            event(
                "x",
                type="effect-changed",
                disruption="cut",
                effect="degraded",
                at="2024-01-11T00:00Z",
            )
        ],
        ["x lies before the start of cut"],
    ),
    "before a start that another source puts earlier, and still before that": (
        [
            event("more", type="service-down", service="t", at="2024-03-05T00:00Z"),
            event("claim", type="time-claimed", about="more", time="2024-03-03T00:00Z"),
            event("x", type="service-restored", ends="more", at="2024-03-02T00:00Z"),
        ],
        ["x lies before the start of more", "2024-03-03T00:00:00Z"],
    ),
    "a correction to before the start": (
        [event("x", replaces="back", **EVENTS["back"] | {"at": "2024-01-04T00:00Z"})],
        ["x lies before the start of"],
    ),
    "an effect of what was only announced": (
        [event("x", type="effect-changed", disruption="announced", effect="degraded", at=AT)],
        ["announced of x is a cutoff-announced"],
    ),
    "an end of what was only announced": (
        [event("new", **ANEW), event("x", ends="new", **END)],
        ["new of x is a cutoff-announced"],
    ),
    "no ends": ([event("x", ends=[], **END)], ["x ends nothing", "ends"]),
    "one empty end": ([event("x", ends="", **END)], ["ends of x: '' is no id"]),
    "an end twice": (
        [
            event("more", type="service-down", service="t", at="2024-02-01T00:00Z"),
            event("x", ends=["more", "more"], **END),
        ],
        ["names more twice in ends"],
    ),
    "an end twice, once by the id of another version": (
        [
            event("more", type="service-down", service="t", at="2024-02-01T00:00Z"),
            event(
                "fixed", replaces="more", type="service-down", service="t", at="2024-02-02T00:00Z"
            ),
            event("x", ends=["more", "fixed"], **END),
        ],
        ["names more twice in ends"],
    ),
    "ending what is ended, by the id of another version": (
        [
            event(
                "fixed", replaces="down", type="service-down", service="t", at="2024-01-05T00:10Z"
            ),
            event("x", ends="fixed", **END),
        ],
        ["down is ended already, by back"],
    ),
    "a correction that ends what another ended": (
        [
            event("more", type="service-down", service="t", at="2024-02-01T00:00Z"),
            event("first", ends="more", **END),
            event("x", replaces="first", ends=["more", "down"], **END),
        ],
        ["down is ended already, by back"],
    ),
    "a replacement of another type": (
        [event("x", replaces="cut", type="service-down", service="s", at=AT)],
        ["x is a service-down and cannot replace cut, a service-cut-off"],
    ),
    "clerical with known_at": (
        [event("x", replaces="down", clerical="true", known_at=AT, **EVENTS["down"])],
        ["x is clerical and takes no known_at"],
    ),
    "a clerical retraction with known_at": (
        [event("x", type="retracted", event="down", reason="r", clerical="true", known_at=AT)],
        ["x is clerical and takes no known_at"],
    ),
    "clerical on a plain event": (
        [event("x", clerical="true", **NOTE)],
        ["x is marked clerical", "neither a correction nor a retraction"],
    ),
    "clerical on a claim": (
        [event("x", type="time-claimed", about="down", time=AT, clerical="true")],
        ["x is marked clerical"],
    ),
    "two retractions that would undo each other": (
        [
            event("one", type="retracted", event="down", reason="r"),
            event("two", type="retracted", event="one", reason="r"),
            event("x", type="retracted", replaces="one", event="two", reason="r"),
        ],
        ["take back two", "after it"],
    ),
    "a claim about a revision": (
        [event("x", type="time-claimed", about="changed", time=AT)],
        ["changed of x is a capability-revised"],
    ),
    "a claim about a note": (
        [event("x", type="time-claimed", about="noted", time=AT)],
        ["noted of x is a note"],
    ),
    "known before it can be": (
        [event("x", known_at="9999-01-01", **NOTE)],
        ["known_at of x is 9999-01-01, after the recording"],
    ),
}


@pytest.mark.parametrize(("events", "says"), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, events, says):
    """At once in one file, and the last alone after the others are recorded."""
    *before, last = events
    refused(tmp_path, f"{FULL}{''.join(before)}{last.rstrip()} ←\n", *says, before=FULL)
    other = tmp_path / "other"
    other.mkdir()
    refused(other, f"{HEAD}{last.rstrip()} ←\n", *says, before=FULL + "".join(before))


ALLOWED = {
    "an end that only possibly precedes": [
        event("more", type="service-down", service="t", at="2024-03-01T00:00Z..2024-03-05T00:00Z"),
        event("x", type="service-restored", ends="more", at="2024-03-01T00:00Z"),
    ],
    "an end at the very start": [
        event("more", type="service-down", service="t", at=AT),
        event("x", ends="more", **END),
    ],
    "an end before a start, but not before what another source says": [
        event("more", type="service-down", service="t", at="2024-03-05T00:00Z"),
        event("claim", type="time-claimed", about="more", time="2024-02-03T00:00Z"),
        event("x", ends="more", **END),
    ],
    "a correction of an end": [event("x", replaces="back", **EVENTS["back"])],
    "a correction of a confirmation": [event("x", replaces="cut", **EVENTS["cut"])],
    "a correction of a withdrawal": [event("x", replaces="calmed", **EVENTS["calmed"])],
    "an end after the other end was retracted": [
        event("gone", type="retracted", event="back", reason="r"),
        event("x", ends=["down"], **END),
    ],
    "a confirmation after the other was retracted": [
        event("gone", type="retracted", event="cut", reason="r"),
        event("x", service="s", announcement="announced", **CUT),
    ],
    "rescheduling after the withdrawal was retracted": [
        event("gone", type="retracted", event="calmed", reason="r"),
        event("x", announcement="warned", **MOVE),
    ],
    "an end of a retracted disruption": [
        event("more", type="service-down", service="t", at="2024-03-05T00:00Z"),
        event("gone", type="retracted", event="more", reason="r"),
        event("x", ends="more", **END),
    ],
    "a cut-off without the withdrawn announcement": [event("x", service="u", **CUT)],
    "a second cut-off that confirms nothing": [event("x", service="s", **CUT)],
    "a correction that leaves an end behind": [
        event("x", replaces="down", type="service-down", service="t", at="2024-05-01T00:00Z"),
    ],
    "an end before a start that was corrected to earlier": [
        event("more", type="service-down", service="t", at="2024-03-05T00:00Z"),
        event("fixed", replaces="more", type="service-down", service="t", at="2024-02-05T00:00Z"),
        event("x", ends="more", **END),
    ],
    "a retraction of a retraction": [
        event("one", type="retracted", event="down", reason="r"),
        event("two", type="retracted", event="one", reason="r"),
    ],
    "a clerical correction": [event("x", replaces="down", clerical="true", **EVENTS["down"])],
    "a clerical retraction": [
        event("x", type="retracted", event="down", reason="r", clerical="true"),
    ],
    "another announcement of the same": [event("x", **ANEW), event("y", **ANEW)],
}


@pytest.mark.parametrize("events", ALLOWED.values(), ids=ALLOWED)
def test_allowed(tmp_path, events):
    store = tmp_path / "store.db"
    recorded(store, FULL)
    before = len(logged(store))
    recorded(store, HEAD + "".join(events))
    assert len(logged(store)) == before + len(events)
    assert run("--db", store, "state", "--at", AT, "--json").status == 0


def test_a_file_is_recorded_whole_or_not_at_all(tmp_path):
    good = "".join(event(f"n{i}", **NOTE) for i in range(50))
    bad = event("x", ends="down", **END).rstrip() + " ←\n"
    refused(tmp_path, f"{FULL}{good}{bad}{event('after', **NOTE)}", "down is ended", before=FULL)
    store = tmp_path / "store.db"
    recorded(store, FULL + good)
    assert len(logged(store)) == 7 + len(EVENTS) + 50
