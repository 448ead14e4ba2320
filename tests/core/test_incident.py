"""The dossier: what belongs to an incident, and how it is put together."""

from __future__ import annotations

import pytest
from core.dossiers import bare, collected
from core.situations import LATEST, situations
from core.telling import (
    announced,
    changed,
    claimed,
    cut_off,
    down,
    rescheduled,
    restored,
    retracted,
    revised,
    told,
    withdrawn,
)
from hypothesis import given
from hypothesis import strategies as st

from postmortem.core.disruptions import Claims
from postmortem.core.items import length
from postmortem.core.levels import WORKS
from postmortem.core.times import (
    BEGINNING,
    END,
    Span,
    format_instant,
    parse_instant,
    parse_span,
)
from postmortem.testing import draft

DAY = 86_400_000_000


def event(type, id, at="2021-01-10T12:00Z", **keys):
    return draft(type, id=id, at=at, local="UTC", **keys)


def opened(id="inc", at="2021-01-10T12:00Z", title="It broke", **keys):
    return event("incident-opened", id, at, title=title, **keys)


def own(type, id, at="2021-01-10T12:00Z", **keys):
    return event(type, id, at, incident="inc", **keys)


def ids(items):
    return [item.fact for item in items]


def dossier_of(*drafts, incident="inc", **more):
    return collected(told(*drafts).record, incident, **more)


# --- what belongs to it ---------------------------------------------------------------------------


def test_what_names_an_incident_and_what_follows_from_that_belongs_to_it():
    found = dossier_of(
        opened(),
        opened(id="other", at="2021-03-01T12:00Z", window_from="2021-03-01"),
        own("question-opened", "why", text="Why?"),
        event("question-answered", "because", question="why", text="So."),
        event("milestone-reached", "later", incident="other", milestone="detected"),
        own("deadline-set", "report", what="Report", due="2021-01-13"),
        event("deadline-met", "done", "2021-01-12", deadline="report"),
    )
    assert set(found.by_fact) == {"inc", "why", "because", "report", "done"}
    assert found.id == "inc"
    assert found.title == "It broke"


def test_of_what_names_no_incident_its_services_and_its_window_decide():
    found = dossier_of(
        opened(services=["aws"], capabilities=["hosting"], window_to="2021-01-31"),
        down(),
        down(id="after", at="2021-03-01T12:00Z"),
        down(id="elsewhere", service="okta"),
        changed(),
        changed(id="not-ours", disruption="elsewhere"),
        claimed(),
        claimed(id="not-ours-either", about="elsewhere"),
        restored(at="2021-01-11T12:00Z"),
        revised(at="2021-01-11T12:00Z"),
        revised(id="login-revised", capability="login", requires="okta"),
        event("note", "near", text="x"),
        event("note", "about-it", text="x", about="down"),
        event("note", "about-another", text="x", about="elsewhere"),
        event("note", "far", "2021-05-01", text="x"),
        event("service-replaced", "moved", service="aws", replacement="okta"),
        event("estimate-given", "est", about="down", kind="about", lasts="1d"),
        event("estimate-settled", "est-out", estimate="est", outcome="held"),
        event("data-exposed", "leak", "2021-05-01", kinds=["posts"], personal="yes",
              window_from="2021-01-09", window_to="2021-01-12"),
        event("data-exposed", "old-leak", "2020-05-01", kinds=["posts"], personal="yes"),
    )  # fmt: skip
    assert set(found.by_fact) == {
        "inc", "down", "changed", "claim", "up", "revised", "near", "about-it", "moved", "est",
        "est-out", "leak",
    }  # fmt: skip
    assert list(found.services) == ["aws"]
    assert list(found.capabilities) == ["hosting"]
    assert [one.id for one in found.disruptions] == ["down"]


def test_an_announcement_goes_with_its_cut_off_however_long_before_it_was_made():
    found = dossier_of(
        opened(window_from="2021-01-10", window_to="2021-01-20"),
        announced(at="2020-06-01", effective_at="2020-12-31", local="UTC"),
        rescheduled(at="2020-07-01", effective_at="2021-01-01", local="UTC"),
        announced(id="old", at="2020-06-01", effective_at="2020-12-31", local="UTC"),
        withdrawn(announcement="old", at="2021-01-05", local="UTC"),
        announced(id="pending", at="2020-06-01", effective_at="2020-12-31", local="UTC"),
        cut_off(announcement="notice"),
    )
    # nobody says what became of `pending`: it may be in effect all the while
    assert set(found.by_fact) == {"inc", "notice", "later", "cut", "pending"}
    assert [one.id for one in found.expected] == ["pending", "notice"]
    assert [one.id for one in found.confirmed] == ["cut"]


def test_references_by_the_id_of_a_corrected_version_count():
    found = dossier_of(
        opened(),
        opened(id="inc-2", title="It broke badly", replaces="inc"),
        event("impact-stated", "hit", incident="inc-2", of="users", amount="70..80"),
    )
    assert set(found.by_fact) == {"inc", "hit"}
    assert found.title == "It broke badly"
    assert found.by_fact["inc"].id == "inc-2"


def test_what_is_retracted_is_gone():
    found = dossier_of(opened(), down(), retracted())
    assert set(found.by_fact) == {"inc"}
    assert not found.disruptions


def test_what_is_not_known_yet_is_not_in_it():
    known = parse_instant("2021-01-10T13:00Z")
    found = dossier_of(
        opened(known_at="2021-01-10T12:00Z"),
        down(known_at="2021-01-10T12:30Z"),
        restored(at="2021-01-10T12:40Z", known_at="2021-01-10T14:00Z"),
        known=known,
    )
    assert set(found.by_fact) == {"inc", "down"}


@given(situations())
def test_without_an_incident_every_fact_in_force_is_in_it(situation):
    found = bare(situation, LATEST)
    assert set(found.by_fact) == set(situation.facts)
    assert found.incident is None
    assert [item.time.span for item in found.items] == sorted(i.time.span for i in found.items)
    every = [one.id for each in found.picture.by_service.values() for one in each]
    assert sorted(one.id for one in found.disruptions) == sorted(every)


def instant(at):
    return {"earliest": format_instant(at), "latest": format_instant(at), "written": "then"}


@given(situations(), st.integers(0, LATEST), st.integers(1, LATEST), st.sampled_from(["s", None]))
def test_an_incident_takes_in_all_that_hit_its_services_in_its_window(situation, start, end, own):
    opening = {"title": "x", "at": instant(start), "window_from": instant(start)}
    opening |= {"window_to": instant(start + end)} | ({"services": [own]} if own else {})
    found = bare(situation, LATEST, opening)
    assert found.window[:2] == (start, start + end)
    taken = {one.id for one in found.disruptions}
    for service, each in found.picture.by_service.items():
        for one in each:
            hit = any(one.bounds(at) != WORKS for at in range(start, start + end))
            if service in (own or situation.services):
                assert not hit or one.id in taken
            else:
                assert one.id not in taken


# --- its window -----------------------------------------------------------------------------------


def test_the_window_is_as_the_incident_says():
    found = dossier_of(opened(window_from="2021-01-09", window_to="2021-01-11"))
    assert found.window.start == parse_instant("2021-01-09T00:00Z")
    assert found.window.end == parse_instant("2021-01-12T00:00Z")  # the whole of the last day
    assert found.window[2:] == ("inc", "inc")
    exact = dossier_of(opened(window_to="2021-01-11T07:00Z"))
    assert exact.window.end == parse_instant("2021-01-11T07:00Z")


def test_else_it_begins_with_the_first_event_and_ends_when_closed():
    found = dossier_of(
        opened(at="2021-01-10T12:20Z"),
        down(at="2021-01-10T12:00Z"),
        down(id="over", at="2021-01-01T12:00Z"),
        restored(id="over-up", at="2021-01-02T12:00Z", ends="over"),
        own("incident-closed", "closed", "2021-01-12T12:00Z"),
    )
    assert found.window.start == parse_instant("2021-01-10T12:00Z")
    assert found.window.end == parse_instant("2021-01-12T12:00Z")
    assert found.window[2:] == ("down", "closed")
    assert "over" not in found.by_fact
    assert found.is_closed


def test_reopened_it_is_not_over():
    found = dossier_of(
        opened(),
        own("incident-closed", "closed", "2021-01-12T12:00Z"),
        own("incident-reopened", "again", "2021-01-13T12:00Z"),
    )
    assert found.window.end is None
    assert not found.is_closed


def test_the_window_of_a_whole_record_begins_with_its_first_bound():
    found = dossier_of(
        down(at="2021-01-10T12:00Z"), event("note", "old", "..2021-01-09T00:00Z", text="x"),
        incident=None,
    )  # fmt: skip
    assert found.window == (parse_instant("2021-01-09T00:00Z"), None, "old", None)
    nothing = dossier_of(incident=None)
    assert nothing.window == (BEGINNING, None, None, None)
    assert not nothing.items


# --- put together ---------------------------------------------------------------------------------


def test_an_item_has_its_settled_time_and_the_claims_of_it():
    found = dossier_of(
        opened(), down(at="2021-01-10T12:00Z"), claimed(time="2021-01-10T13:00Z", cites=["press#2"])
    )
    item = found.by_fact["down"]
    assert item.time == Claims(found.picture.situation).happened(
        found.picture.situation.facts["down"]
    )
    assert item.contested
    assert item.time.span == parse_span("2021-01-10T12:00Z..2021-01-10T13:00Z")
    assert item.at == parse_span("2021-01-10T12:00Z")
    assert item.written == "2021-01-10T12:00Z"
    assert ids(item.claims) == ["claim"]
    assert item.claims[0].cites == ("press#2",)
    assert item.claims[0].sources == ("press",)


def test_of_an_announcement_the_claims_are_about_when_it_takes_effect():
    found = dossier_of(opened(), announced(), claimed(about="notice", time="2021-01-10T12:30Z"))
    item = found.by_fact["notice"]
    assert not item.time.contested
    assert item.due.contested
    assert item.due.span == parse_span("2021-01-10T12:00Z..2021-01-10T12:30Z")


def test_marks_for_the_public_and_for_lint():
    found = dossier_of(
        opened(public="true"), own("lesson-learnt", "x", kind="lucky", text="x", silence=["BL1"])
    )
    assert found.incident.public
    assert found.by_fact["x"].silence == {"BL1"}
    assert not found.by_fact["x"].public


def test_the_latest_text_of_a_part_counts():
    found = dossier_of(
        opened(),
        own("text-written", "second", "2021-01-12", part="summary", text="better"),
        own("text-written", "first", "2021-01-11", part="summary", text="first"),
        own("text-written", "other", "2021-01-11", part="recovery", text="slow"),
    )
    assert {part: item.fact for part, item in found.texts.items()} == {
        "summary": "second",
        "recovery": "other",
    }


def test_lessons_milestones_and_severities():
    found = dossier_of(
        opened(),
        own("severity-set", "grave", "2021-01-10T13:00Z", severity="sev1"),
        own("severity-set", "light", "2021-01-10T12:00Z", severity="sev4"),
        own("lesson-learnt", "well", kind="went-well", text="x"),
        own("lesson-learnt", "lucky", kind="lucky", text="x"),
        own("milestone-reached", "m2", "2021-01-10T15:00Z", milestone="detected"),
        own("milestone-reached", "m1", "2021-01-10T14:00Z", milestone="detected"),
        own("milestone-reached", "m3", "2021-01-10T14:00Z", milestone="resolved"),
        own("document-status-set", "draft", "2021-01-11", status="draft"),
        own("document-status-set", "out", "2021-01-12", status="published", authors=["Ann"]),
    )
    assert ids(found.severities) == ["light", "grave"]
    assert ids(found.lessons("went-well")) == ["well"]
    assert ids(found.milestones("detected")) == ["m1", "m2"]
    assert found.document_status.body["status"] == "published"


def test_who_held_a_role_and_until_when():
    found = dossier_of(
        opened(),
        own("role-taken", "t1", "2021-01-10T12:00Z", role="scribe", person="Ann"),
        own("role-taken", "t2", "2021-01-10T13:00Z", role="scribe", person="Bob"),
        own("role-left", "l1", "2021-01-10T14:00Z", role="scribe", person="Ann"),
        own("role-left", "l0", "2021-01-10T15:00Z", role="commander", person="Eve"),
    )
    assert [(r.role, r.person, r.taken and r.taken.fact, r.left and r.left.fact)
            for r in found.roles] == [
        ("scribe", "Ann", "t1", "l1"),
        ("scribe", "Bob", "t2", None),
        ("commander", "Eve", None, "l0"),
    ]  # fmt: skip


def test_questions_with_their_answers_and_estimates_with_their_outcome():
    found = dossier_of(
        opened(),
        down(),
        own("question-opened", "why", text="Why?"),
        own("question-opened", "how", text="How?"),
        event("question-answered", "so", question="why", text="So."),
        event("estimate-given", "est", about="down", kind="at-least", lasts="7d"),
        event("estimate-settled", "out", estimate="est", outcome="missed"),
    )
    assert [(ids([q.item]), ids(q.answers)) for q in found.questions] == [
        (["why"], ["so"]),
        (["how"], []),
    ]
    (estimate,) = found.estimates
    assert (estimate.about, estimate.outcome) == ("down", "missed")


@pytest.mark.parametrize(
    ("due", "met", "at", "expected"),
    [
        ("2021-01-13T12:00Z", "2021-01-13T12:00Z", "2021-02-01T00:00Z", "met"),
        ("2021-01-13T12:00Z", "2021-01-13T12:01Z", "2021-02-01T00:00Z", "met late"),
        ("2021-01-13T12:00Z", "2021-01-13", "2021-02-01T00:00Z", "met, perhaps late"),
        ("2021-01-13", "2021-01-13T12:00Z", "2021-02-01T00:00Z", "met, perhaps late"),
        ("2021-01-13T12:00Z", None, "2021-01-13T12:00Z", "open"),
        ("2021-01-13T12:00Z", None, "2021-01-13T12:01Z", "overdue"),
        ("2021-01-13", None, "2021-01-13T12:00Z", "perhaps overdue"),
    ],
)
def test_what_has_become_of_a_deadline(due, met, at, expected):
    done = [event("deadline-met", "done", met, deadline="report")] if met else []
    found = dossier_of(opened(), own("deadline-set", "report", what="x", due=due), *done)
    (deadline,) = found.deadlines
    assert deadline.status(parse_instant(at)) == expected


def test_an_action_item_is_as_it_was_last_changed():
    found = dossier_of(
        opened(),
        own("factor-found", "one-host", text="x"),
        own("action-item-opened", "fix", "2021-01-11", text="Find a host", kind="prevent",
            owner="Ann", due="2021-02-01", priority="P2", addresses="one-host"),
        event("action-item-changed", "moved", "2021-01-13", item="fix", due="2021-03-01"),
        event("action-item-changed", "given", "2021-01-12", item="fix", owner="Bob",
              due="2021-02-15"),
    )  # fmt: skip
    (item,) = found.action_items
    assert (item.text, item.owner, item.priority) == ("Find a host", "Bob", "P2")
    assert item.due_written == "2021-03-01"
    assert item.item.refers["addresses"] == ("one-host",)
    assert item.status(parse_instant("2021-02-20T00:00Z")) == "open"
    assert item.status(parse_instant("2021-03-02T00:00Z")) == "overdue"


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        ([event("action-item-done", "end", "2021-01-13", item="fix")], "done"),
        (
            [
                event("action-item-done", "end", "2021-01-13", item="fix"),
                event("action-item-dropped", "no", "2021-01-14", item="fix", reason="x"),
            ],
            "dropped",
        ),
        ([], "open"),
    ],
)
def test_what_has_become_of_an_action_item(drafts, expected):
    item = own("action-item-opened", "fix", text="x", kind="other")
    (found,) = dossier_of(opened(), item, *drafts).action_items
    assert found.status(parse_instant("2021-02-01T00:00Z")) == expected


def test_words_that_are_withheld_stay_so():
    found = dossier_of(
        opened(),
        own("role-taken", "t", role="scribe", person="Ann"),
        own("role-left", "l", "2021-01-10T14:00Z", role="scribe", person="Ann"),
        withheld={"inc": frozenset({"title"}), "l": frozenset({"person"})},
    )
    assert found.title == "[withheld]"
    assert found.incident.withheld == {"title"}
    (held,) = found.roles
    assert held.left.fact == "l"  # whoever it was, it was the scribe


def test_declarations_with_their_contract():
    record = told(
        draft("service-declared", id="pay", name="Payments", notice_days=30), opened()
    ).record
    found = collected(record, "inc")
    assert found.services["pay"].name == "Payments"
    assert found.services["pay"].notice == 30 * DAY
    assert found.services["aws"].notice is None
    assert found.sources["press"].name == "An article"
    assert found.sources["press"].published == parse_span("2021-01-11T09:00Z")
    assert found.platform.id == "parler"


@pytest.mark.parametrize(
    ("written", "hours"), [("7d", 168), ("36h", 36), ("1d12h", 36), ("2w", 336), ("90m", 1.5)]
)
def test_how_long_a_written_duration_is(written, hours):
    from postmortem.core.fields import duration

    assert length(written) == hours * 3_600_000_000 == duration(written)


def test_a_window_meets_what_possibly_lies_in_it():
    window = dossier_of(opened(window_from="2021-01-10", window_to="2021-01-11")).window
    start, end = window.start, window.end
    assert window.meets(Span(start, start))
    assert window.meets(Span(BEGINNING, start))
    assert window.meets(Span(end - 1, END))
    assert not window.meets(Span(start - 2, start - 1))
    assert not window.meets(Span(end + 1, END))
