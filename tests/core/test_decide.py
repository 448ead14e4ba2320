"""What recording refuses: each rule with a neighbour that it lets pass, as sentences."""

from __future__ import annotations

import pytest
from core.telling import (
    AFTER,
    BEFORE,
    NOON,
    announced,
    changed,
    claimed,
    cut_off,
    down,
    event,
    rescheduled,
    restored,
    retracted,
    revised,
    told,
    withdrawn,
)

from postmortem.core.errors import Refused
from postmortem.testing import draft, given

# --- what is named must be there -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        (down(), down(service="azure"), "azure of down is not known, there is no service"),
        (down(), down(service="hosting"), "no service of that id"),
        (down(cites=["press"]), down(cites=["press", "tv#3"]), "cites tv"),
        (revised(), revised(capability="posting"), "no capability of that id"),
        (revised(), revised(requires="azure"), "no service or capability"),
        (restored(ends="first"), restored(ends="second"), "points to nothing recorded before"),
        (restored(ends=["first"]), restored(ends=["first", "second"]), "points to nothing"),
        (restored(ends="first"), restored(ends="said"), "ends: said of up is a cutoff-announced"),
        (changed(disruption="first"), changed(disruption="aws"), "points to nothing"),
        (rescheduled(announcement="said"), rescheduled(announcement="first"), "is a service-down"),
        (withdrawn(announcement="said"), withdrawn(announcement="gone"), "points to nothing"),
        (cut_off(announcement="said"), cut_off(announcement="first"), "is a service-down"),
        (claimed(about="first"), claimed(about="rule"), "about: rule of claim is a cap"),
        (claimed(about="said"), claimed(about="remark"), "about: remark of claim is a note"),
        (retracted(event="remark"), retracted(event="hosting"), "points to nothing"),
        (down(replaces="first"), down(replaces="second"), "points to nothing"),
        (down(replaces="first"), down(replaces="down"), "points to nothing"),
        (down(replaces="first"), cut_off(replaces="first"), "cannot replace first, a service-down"),
        (
            event("note", "n", text="", about="aws"),
            event("note", "n", text="", about="gcp"),
            "nothi",
        ),
    ],
)
def test_what_an_event_names_must_be_there(good, bad, why):
    record = told(
        down("first"),
        announced("said"),
        revised("rule", capability="login"),
        event("note", "remark", text="a remark"),
    )
    record.when(bad).then_refused(why)
    record.when(good).then_recorded()


def test_a_reference_may_point_to_what_is_retracted():
    told(down(), retracted()).when(restored()).then_recorded()
    told(announced(), retracted(event="notice")).when(
        cut_off(announcement="notice")
    ).then_recorded()


def test_everything_needs_its_platform():
    given().when(draft("service-declared", id="aws")).then_refused("no platform parler")
    given().when(down()).then_refused("no platform parler")
    other = draft("platform-declared", id="gab")
    given().when(other).then_refused("platform gab is declared among the entries of parler")
    given().when(draft("platform-declared", id="gab", platform="gab")).then_recorded()


def test_services_capabilities_and_events_share_one_name_space():
    told().when(down("aws")).then_refused("aws is the id of a service already")
    told().when(down("login")).then_refused("login is the id of a capability already")
    told().when(draft("service-declared", id="login")).then_refused("the id of a capability")
    capability = draft("capability-declared", id="aws", requires="okta")
    told().when(capability).then_refused("the id of a service")
    told(down("ops")).when(draft("service-declared", id="ops")).then_refused("the id of an event")
    told().when(down("press")).then_recorded()  # sources have their own
    told(down("ops")).when(draft("source-declared", id="ops", title="Ops")).then_recorded()


# --- no circles ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capability", "requires", "path"),
    [
        ("hosting", "hosting", "hosting → hosting"),
        ("hosting", {"any_of": ["aws", {"optional": "login"}]}, "hosting → login → hosting"),
        ("chat", "chat", "chat → chat"),
    ],
)
def test_a_capability_cannot_need_itself(capability, requires, path):
    declaration = draft("capability-declared", id=capability, requires=requires, amend=True)
    told().when(declaration).then_refused(path)
    if capability != "chat":
        told().when(revised(capability=capability, requires=requires)).then_refused(path)


def test_every_formula_ever_recorded_counts_for_circles():
    once = revised("once", capability="hosting", requires={"any_of": ["aws", "okta"]})
    chat = draft("capability-declared", id="chat", requires="login")
    needs_chat = draft("capability-declared", id="login", requires="chat", amend=True)
    told(once, chat).when(needs_chat).then_refused("login → chat → login")
    # also that of a revision taken back, and one that was amended since
    mails = draft("capability-declared", id="mails", requires="okta")
    back = revised("back", capability="hosting", requires="mails")
    needs_hosting = revised("now", capability="mails", requires="hosting")
    told(mails, back, retracted(event="back")).when(needs_hosting).then_refused("mails → hosting")
    amended = draft("capability-declared", id="login", requires="okta", amend=True)
    told(amended).when(revised(requires="login")).then_refused("hosting → login → hosting")
    told(mails).when(needs_hosting).then_recorded()


def test_a_formula_may_name_capabilities_and_services_in_any_depth():
    requires = {"at_least": {"count": 2, "of": ["aws", "login", {"fallback": "hosting"}]}}
    told().when(draft("capability-declared", id="posting", requires=requires)).then_recorded()
    missing = {"at_least": {"count": 2, "of": ["aws", {"optional": {"any_of": ["x", "aws"]}}]}}
    refused = draft("capability-declared", id="posting", requires=missing)
    told().when(refused).then_refused("names x")


# --- nothing before the start --------------------------------------------------------------------

STEPS = [restored, changed]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("setting", "good", "bad"),
    [
        ([down()], NOON, "2021-01-10T11:59:59.999999Z"),
        ([down(at=f"{BEFORE}..{AFTER}")], BEFORE, "2021-01-10T10:59Z"),
        ([down()], f"{BEFORE}..{NOON}", f"..{BEFORE}"),
        ([down(at=f"..{NOON}")], "2001-01-01T00:00Z", None),
        # as all that is recorded stands: with corrections …
        ([down(), down("b", at=BEFORE, replaces="down")], BEFORE, "2021-01-10T10:59Z"),
        ([down(at=BEFORE), down("b", at=NOON, replaces="down")], NOON, BEFORE),
        # … but those that are taken back …
        (
            [down(at=BEFORE), down("b", at=NOON, replaces="down"), retracted(event="b")],
            BEFORE,
            "2021-01-10T10:59Z",
        ),
        # … and with what others claim: the common part, or all of them where it is contested
        ([down(at=f"{BEFORE}..{AFTER}"), claimed(time=f"{NOON}..{AFTER}")], NOON, BEFORE),
        ([down(), claimed(time=BEFORE)], BEFORE, "2021-01-10T10:59Z"),
        (
            [down(at=BEFORE), claimed(time=NOON), retracted(event="claim")],
            BEFORE,
            "2021-01-09T00:00Z",
        ),
        # of what is retracted nothing starts
        ([down(), retracted()], BEFORE, None),
    ],
)
def test_a_step_that_certainly_precedes_the_start_is_refused(step, setting, good, bad):
    if bad is not None:
        told(*setting).when(step(at=bad)).then_refused("before the start of down", Refused)
    told(*setting).when(step(at=good)).then_recorded()


@pytest.mark.parametrize("step", STEPS)
def test_a_corrected_step_must_not_precede_the_start_either(step):
    first = step("first")
    told(down(), first).when(step("second", at=BEFORE, replaces="first")).then_refused("before the")
    told(down(), first).when(step("second", at=NOON, replaces="first")).then_recorded()
    # what others claim of the step counts for it too
    record = told(down(), first, claimed(about="first", time=NOON))
    record.when(step("second", at=BEFORE, replaces="first")).then_recorded()
    # a slip in what is no longer the last word changes nothing
    better = step("better", replaces="first")
    record = told(down(), first, better)
    record.when(step("slip", at=BEFORE, replaces="first", clerical="true")).then_recorded()


def test_each_of_several_ends_must_not_lie_before_its_start():
    setting = down("early", at=BEFORE), down("late", at=AFTER)
    told(*setting).when(restored(at=NOON, ends=["early", "late"])).then_refused("start of late")
    told(*setting).when(restored(at=AFTER, ends=["early", "late"])).then_recorded()


# --- not twice -----------------------------------------------------------------------------------


def test_what_has_ended_does_not_end_again():
    record = told(down(), down("two"), restored())
    problem = record.when(restored("again")).then_refused("down is ended already, by up", Refused)
    assert "time-claimed" in str(problem)
    record.when(restored("again", ends=["two", "down"])).then_refused("down is ended already")
    record.when(restored("again", ends="two")).then_recorded()


def test_a_correction_of_what_ended_it_is_no_second_end():
    told(down(), restored()).when(restored("b", at=NOON, replaces="up")).then_recorded()
    # also where it drops an end, and takes it up again
    setting = [down(), down("two"), restored(), restored("b", ends="two", replaces="up")]
    told(*setting).when(restored("c", ends="down", replaces="b")).then_recorded()
    # an end that is added must not be ended by another
    setting = [down(), down("two"), restored(), restored("other", ends="two")]
    record = told(*setting)
    record.when(restored("b", ends=["down", "two"], replaces="up")).then_refused("two is ended")


def test_what_ended_it_may_have_been_taken_back():
    told(down(), restored(), retracted(event="up")).when(restored("again")).then_recorded()
    setting = [down(), down("two"), restored(), restored("b", ends="two", replaces="up")]
    told(*setting).when(restored("again")).then_recorded()
    setting = [down(), restored(), retracted(event="up"), retracted("right", event="wrong")]
    told(*setting).when(restored("again")).then_refused("ended already")


def test_nothing_ends_nothing_and_nothing_ends_twice_at_once():
    told(down()).when(restored(ends=[])).then_refused("ends nothing", Refused)
    told(down()).when(restored(ends=["down", "down"])).then_refused("twice", Refused)
    setting = down(), down("b", replaces="down")
    told(*setting).when(restored(ends=["down", "b"])).then_refused("names down twice", Refused)
    told(*setting).when(restored(ends=["b"])).then_recorded()


def test_what_is_confirmed_is_not_confirmed_again():
    confirmed = announced(), cut_off(announcement="notice")
    again = cut_off("again", announcement="notice")
    told(*confirmed).when(again).then_refused("notice is confirmed already, by cut", Refused)
    told(*confirmed).when(cut_off("again")).then_recorded()
    told(*confirmed, retracted(event="cut")).when(again).then_recorded()
    better = cut_off("better", at=AFTER, announcement="notice", replaces="cut")
    told(*confirmed).when(better).then_recorded()


def test_what_is_withdrawn_is_not_withdrawn_again():
    told(announced(), withdrawn()).when(withdrawn("b")).then_refused("withdrawn already, by off")
    told(announced(), withdrawn()).when(withdrawn("b", replaces="off")).then_recorded()
    told(announced(), withdrawn(), retracted(event="off")).when(withdrawn("b")).then_recorded()
    told(announced(), announced("two"), withdrawn()).when(
        withdrawn("b", announcement="two")
    ).then_recorded()


def test_what_is_withdrawn_is_neither_rescheduled_nor_confirmed():
    gone = announced(), withdrawn()
    told(*gone).when(rescheduled()).then_refused("withdrawn, by off, and cannot be", Refused)
    told(*gone, retracted(event="off")).when(rescheduled()).then_recorded()
    confirming = cut_off(announcement="notice")
    problem = told(*gone).when(confirming).then_refused("notice is withdrawn, by off", Refused)
    assert "without announcement" in str(problem)
    told(*gone).when(cut_off()).then_recorded()
    told(*gone, retracted(event="off")).when(confirming).then_recorded()


def test_what_was_rescheduled_or_confirmed_before_may_be_withdrawn_and_corrected():
    moved = announced(), rescheduled(), withdrawn()
    told(*moved[:2]).when(moved[2]).then_recorded()
    told(*moved).when(rescheduled("b", replaces="later")).then_recorded()
    told(announced(), rescheduled()).when(rescheduled("b", effective_at=NOON)).then_recorded()
    confirmed = announced(), cut_off(announcement="notice")
    told(*confirmed).when(withdrawn()).then_recorded()


def test_a_cut_off_carries_out_an_announcement_of_the_same_service():
    other = cut_off(service="okta", announcement="notice")
    told(announced()).when(other).then_refused("cuts off okta, and the ann.* about aws", Refused)
    told(announced()).when(cut_off(announcement="notice")).then_recorded()
    # as the announcement stands
    corrected = announced(), announced("b", service="okta", replaces="notice")
    told(*corrected).when(other).then_recorded()
    told(*corrected).when(cut_off(announcement="b")).then_refused("about okta")
