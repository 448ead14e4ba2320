"""What recording refuses of what an incident adds, each with a neighbour that it lets pass."""

from __future__ import annotations

import pytest
from core.telling import AFTER, BEFORE, NOON, down, event, retracted, revised, told
from hypothesis import given as for_any
from hypothesis import strategies as st

from postmortem.core.errors import Refused
from postmortem.core.incidents import INCIDENT_EVENTS
from postmortem.core.state import Picture
from postmortem.core.times import AsOf
from postmortem.testing import PLATFORM, MemoryRecord, histories, questions
from postmortem.testing.fields import moments

OF_INCIDENTS = {cls.TYPE for cls in INCIDENT_EVENTS}
DAY = "2021-01-10[Europe/Berlin]"


def opened(id="gone", at=BEFORE, title="AWS is gone", **keys):
    return event("incident-opened", id, at, title=title, **keys)


def closed(id="closed", at=NOON, incident="gone", **keys):
    return event("incident-closed", id, at, incident=incident, **keys)


def reopened(id="again", at=AFTER, incident="gone", **keys):
    return event("incident-reopened", id, at, incident=incident, **keys)


def estimated(id="guess", about="down", kind="at-least", **keys):
    return event("estimate-given", id, about=about, kind=kind, **keys)


def exposed(id="leak", kinds="photos", personal="yes", **keys):
    return event("data-exposed", id, kinds=kinds, personal=personal, **keys)


def replaced(id="moved", at=NOON, service="aws", replacement="okta", **keys):
    return event("service-replaced", id, at, service=service, replacement=replacement, **keys)


def item(id="mend", incident="gone", text="Mend it.", kind="prevent", **keys):
    return event("action-item-opened", id, incident=incident, text=text, kind=kind, **keys)


# --- what is named --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        (opened("other", services="aws"), opened("other", services="gcp"), "no service of that id"),
        (
            opened("other", capabilities=["hosting"]),
            opened("other", capabilities=["aws"]),
            "no capability",
        ),
        (closed(), closed(incident="lost"), "points to nothing"),
        (closed(), closed(incident="down"), "incident: down of closed is a service-down"),
        (estimated(lasts="7d"), estimated(about="gone", lasts="7d"), "is an incident-opened"),
        (
            event("question-answered", "answer", question="why", text="Because."),
            event("question-answered", "answer", question="gone", text="Because."),
            "there it takes: question-opened",
        ),
        (item(addresses=["down"]), item(addresses=["down", "nothing"]), "points to nothing"),
    ],
)
def test_what_it_names_must_be_there(good, bad, why):
    record = told(opened(), down(), event("question-opened", "why", incident="gone", text="Why?"))
    record.when(bad).then_refused(why)
    record.when(good).then_recorded()


def test_an_incident_may_be_retracted_and_still_be_named():
    told(opened(), retracted(event="gone")).when(closed()).then_recorded()


def test_what_belongs_to_an_incident_goes_to_its_stream():
    record = told(opened(), down(), closed(), estimated(lasts="7d"), item()).record
    assert record.stream("gone") == record.stream("closed") == "parler/incident/gone"
    assert record.stream("mend") == "parler/incident/gone"
    assert record.stream("guess") == record.stream("down") == "parler/service/aws"


# --- what must hang together ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"lasts": "7d"}, None),
        ({"until": DAY}, None),
        ({}, "guess says neither how long nor until when"),
        ({"lasts": "7d", "until": DAY}, "guess says how long as well as until when"),
    ],
)
def test_an_estimate_says_how_long_or_until_when(keys, why):
    record = told(down())
    if why is None:
        record.when(estimated(**keys)).then_recorded()
    else:
        assert "lasts" in (record.when(estimated(**keys)).then_refused(why, Refused).hint or "")


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"volume": "70", "volume_unit": "TB"}, None),
        ({}, None),
        ({"records": "1..5"}, None),
        ({"volume": "70"}, "leak gives a volume without a volume_unit"),
        ({"volume_unit": "TB"}, "leak gives a volume_unit without a volume"),
    ],
)
def test_a_volume_has_a_unit(keys, why):
    when = told().when(exposed(**keys))
    when.then_recorded() if why is None else when.then_refused(why, Refused)


@pytest.mark.parametrize("make", [opened, exposed])
@pytest.mark.parametrize(
    ("begins", "ends", "why"),
    [
        (BEFORE, AFTER, None),
        (NOON, NOON, None),
        (AFTER, None, None),
        (None, BEFORE, None),
        (AFTER, DAY, None),  # some instant of that day comes after
        (DAY, BEFORE, None),
        (f"{AFTER}..", f"..{AFTER}", None),
        (AFTER, NOON, "ends before it begins"),
        (f"{AFTER}..", f"..{NOON}", "ends before it begins"),
        ("2021-01-11[Europe/Berlin]", DAY, "ends before it begins"),
    ],
)
def test_a_window_does_not_certainly_end_before_it_begins(make, begins, ends, why):
    window = {"window_from": begins, "window_to": ends}
    when = told().when(make(**{key: value for key, value in window.items() if value}))
    when.then_recorded() if why is None else when.then_refused(why, Refused)


@pytest.mark.parametrize(
    "change", [{"owner": "Ada"}, {"priority": "P1"}, {"due": NOON}, {"text": "Mend it well."}]
)
def test_a_change_of_an_action_item_changes_something(change):
    record = told(opened(), item())
    without = event("action-item-changed", "change", item="mend", note="a remark")
    record.when(without).then_refused("change changes nothing of mend", Refused)
    record.when(event("action-item-changed", "change", item="mend", **change)).then_recorded()


# --- replacement ----------------------------------------------------------------------------------


def test_a_replacement_shares_its_instant_with_the_formulas_revised_with_it():
    record = told(revised("rule", at=NOON, requires="okta"), revised("late", at=AFTER))
    record.when(replaced(revisions="late")).then_refused("the revision late of hosting", Refused)
    record.when(replaced(revisions=["rule", "late"])).then_refused("late", Refused)
    record.when(replaced(at=DAY, revisions="rule")).then_refused("at another time", Refused)
    record.when(replaced(at="2021-01-10T13:00+01:00", revisions="rule")).then_recorded()


def test_of_a_revision_the_version_that_stands_counts():
    late = revised("rule", at=AFTER)
    mended = revised("rule-2", at=NOON, replaces="rule")
    told(late).when(replaced(revisions="rule")).then_refused("another time", Refused)
    told(late, mended).when(replaced(revisions="rule")).then_recorded()
    told(late, mended, retracted(event="rule-2")).when(replaced(revisions="rule-2")).then_refused(
        "another time", Refused
    )


def test_a_replacement_needs_no_revision_and_is_by_another_service():
    told().when(replaced()).then_recorded()
    told().when(replaced(replacement="aws")).then_refused("replaces aws by itself", Refused)
    told(down()).when(replaced(revisions="down")).then_refused("is a service-down")


# --- closed and reopened --------------------------------------------------------------------------


def test_an_incident_is_closed_once_and_reopened_only_when_it_is_closed():
    record = told(opened())
    record.when(reopened()).then_refused("gone, and that is not closed at 2021-01-10T13", Refused)
    record.when(closed()).then_recorded()
    record.when(closed("closed-2", AFTER)).then_refused("gone is closed already, by closed")
    record.when(closed("closed-2", BEFORE)).then_refused("gone is closed already, by closed")
    record.when(reopened(at=BEFORE)).then_refused("not closed at 2021-01-10T11", Refused)
    record.when(reopened()).then_recorded()
    record.when(reopened("again-2", "2021-01-11T00:00Z")).then_refused("not closed")
    record.when(reopened("again-2", "2021-01-10T12:30Z")).then_refused("reopened already, by again")
    record.when(closed("closed-2", "2021-01-11T00:00Z")).then_recorded()


def test_incidents_are_closed_each_for_itself():
    told(opened(), opened("other"), closed()).when(closed("c", incident="other")).then_recorded()


def test_a_closing_that_was_taken_back_is_none():
    record = told(opened(), closed(), retracted(event="closed"))
    record.when(reopened()).then_refused("not closed")
    record.when(closed("closed-2")).then_recorded()


def test_a_corrected_closing_is_no_new_one():
    record = told(opened(), closed())
    record.when(closed("closed-2", AFTER, replaces="closed")).then_recorded()
    record.when(reopened(at=NOON)).then_refused("not closed at 2021-01-10T12")  # as it now stands
    record.when(reopened(at="2021-01-10T14:00Z")).then_recorded()


def test_a_corrected_opening_is_the_same_incident():
    record = told(opened(), opened("gone-2", replaces="gone"), closed())
    record.when(closed("closed-2", AFTER, incident="gone-2")).then_refused("closed already")
    record.when(reopened(incident="gone-2")).then_recorded()


def test_what_a_retraction_left_behind_does_not_bar_what_comes_later():
    record = told(opened(), closed(), reopened(), closed("closed-2", "2021-01-11T00:00Z"))
    record.when(retracted(event="again")).then_recorded()  # leaves two closings in a row
    record.when(reopened("again-2", "2021-01-12T00:00Z")).then_recorded()


# --- in meaning, not in spelling ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        (exposed(records="70"), exposed(records="70.0..70"), exposed(records="70..71")),
        (exposed(kinds=["a", "b"]), exposed(kinds=["b", "a"]), exposed(kinds=["a"])),
        (exposed(), exposed(public="false"), exposed(public="true")),
        (estimated(lasts="7d"), estimated(lasts="1w"), estimated(lasts="8d")),
        (item(), item(incident="gone-2"), item(incident="other")),
        (item(addresses="down"), item(addresses="down-2"), item(addresses="gone")),
        (
            opened("third", services=["aws", "okta"]),
            opened("third", services=["okta", "aws"]),
            opened("third", services=["okta"]),
        ),
    ],
)
def test_the_same_said_otherwise_is_nothing_new(first, same, other):
    record = told(
        opened(),
        opened("gone-2", replaces="gone"),
        opened("other"),
        down(),
        down("down-2", replaces="down"),
        first,
    )
    record.when(same).then_nothing_new()
    record.when(other).then_refused("recorded already with other content")


# --- none of these changes a level ----------------------------------------------------------------


@for_any(histories(incidents=12, least=8, most=25), st.data())
def test_no_level_depends_on_what_an_incident_adds(history, data):
    record = MemoryRecord.of(PLATFORM, history)
    for as_of in (AsOf(data.draw(st.sampled_from(moments()))), data.draw(questions(record))):
        whole = record.situation(as_of)
        facts = {id: each for id, each in whole.facts.items() if each.type not in OF_INCIDENTS}
        bare = whole._replace(facts=facts)
        assert Picture(whole).state(as_of) == Picture(bare).state(as_of)
