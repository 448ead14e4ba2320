"""Incidents in a casebook's short form: what they stand for, and how a wrong one is refused."""

from __future__ import annotations

import json
import re
from io import BytesIO

import jsonschema
import pytest
import yaml
from cli.books import recorded, refused
from cli.door import logged, run
from hypothesis import given
from hypothesis import strategies as st

from postmortem.cli.kinds import kinds
from postmortem.core.events import EVENTS
from postmortem.core.short_form import IMPACT_TEXT, SHORT
from postmortem.importers import casebook, incidents
from postmortem.reports import schema
from postmortem.testing import MemoryRecord, as_written
from postmortem.testing.fields import Pool, keys
from postmortem.testing.memory import DAWN

HEAD = """\
casebook: 1
platform: {id: p, zone: Europe/Berlin}
sources:
  src: {title: A source, published_at: 2024-01-02T10:00Z}
services:
  s: {}
  t: {}
capabilities:
  c: s
"""
EVENTS_FIRST = """\
events:
  - {id: down, type: service-down, service: s, at: 2024-01-01T08:00}
  - {id: rule, type: capability-revised, capability: c, requires: t, at: 2024-01-02}
"""
SHORT_FORM = """\
incidents:
  gone:
    title: S is gone
    at: 2024-01-01T09:00
    window_from: 2024-01-01
    window_to: 2024-01-31
    services: [s]
    capabilities: c
    cites: src
    public: true
    meta: {ticket: PM-1}
    severity: sev1
    milestones: {detected: 2024-01-01T08:20, acknowledged: 2024-01-01T08:30}
    summary: It went dark.
    background: {text: It was one machine., at: 2024-02-01, cites: [src], public: true}
    roles:
      - {role: scribe, person: Ada, at: 2024-01-01T09:10, left: 2024-01-01T18:00}
      - {id: r, role: commander, person: Bo, at: 2024-01-01T09:11, left: {at: 2024-01-02, note: n}}
    impact:
      - {of: users, amount: 70..80, at: 2024-01-01}
      - Nobody could sign up.
      - {of: money, amount: 5, unit: USD, at: 2024-01-02}
    actions: [{text: Called them., by: Ada, at: 2024-01-01T09:30}]
    decisions: [{text: Wait., known_then: Little., at: 2024-01-01T10:00}]
    communications: {audience: users, channel: mail, text: We are down., at: 2024-01-01T11:00}
    factors:
      - One provider for all.
      - {id: late, text: Nobody watched., accepted: It is night.}
      - No spare.
    lessons: [{kind: lucky, text: It was night.}]
    questions:
      - {text: "Who knew?", at: 2024-01-03, answer: {text: Nobody., at: 2024-01-04}}
      - {text: Why?, at: 2024-01-03}
    estimates:
      - about: down
        kind: at-least
        lasts: 7d
        at: 2024-01-01T12:00
        settled: {outcome: missed, at: 2024-01-20}
    exposures:
      - {kinds: [posts, photos], volume: 70, volume_unit: TB, personal: yes, at: 2024-01-01}
    replacements: [{service: s, replacement: t, revisions: [rule], at: 2024-01-02}]
    deadlines:
      - {what: Tell them., due: 2024-01-04T09:00, basis: Law, at: 2024-01-01, met: 2024-01-03}
    action_items:
      - text: Find a spare.
        kind: prevent
        owner: Ada
        addresses: [gone-factor-1, down]
        changed:
          - {at: 2024-02-01, owner: Bo}
          - {at: 2024-02-02, due: 2024-03-01}
        done: 2024-02-20
      - {text: Paint it., kind: other, dropped: {at: 2024-02-03, reason: It is red.}}
    closed:
      - {at: 2024-01-10, reopened: {at: 2024-01-11, reason: Dark again.}}
      - 2024-01-12
    status: draft
    retractions: [{event: late, reason: It was the day.}]
"""
LONG_FORM = """\
  - {id: gone-severity-1, type: severity-set, incident: gone, at: 2024-01-01T09:00, severity: sev1}
  - id: gone-detected-1
    type: milestone-reached
    incident: gone
    milestone: detected
    at: 2024-01-01T08:20
  - id: gone-acknowledged-1
    type: milestone-reached
    incident: gone
    milestone: acknowledged
    at: 2024-01-01T08:30
  - id: gone-summary-1
    type: text-written
    incident: gone
    part: summary
    text: It went dark.
    at: 2024-01-01T09:00
  - id: gone-background-1
    type: text-written
    incident: gone
    part: background
    text: It was one machine.
    at: 2024-02-01
    cites: [src]
    public: true
  - id: gone-role-1
    type: role-taken
    incident: gone
    role: scribe
    person: Ada
    at: 2024-01-01T09:10
  - id: gone-role-1-left-1
    type: role-left
    incident: gone
    role: scribe
    person: Ada
    at: 2024-01-01T18:00
  - {id: r, type: role-taken, incident: gone, role: commander, person: Bo, at: 2024-01-01T09:11}
  - id: r-left-1
    type: role-left
    incident: gone
    role: commander
    person: Bo
    at: 2024-01-02
    note: n
  - id: gone-impact-1
    type: impact-stated
    incident: gone
    of: users
    amount: 70..80
    at: 2024-01-01
  - id: gone-impact-text-1
    type: text-written
    incident: gone
    part: impact
    text: Nobody could sign up.
    at: 2024-01-01T09:00
  - id: gone-impact-2
    type: impact-stated
    incident: gone
    of: money
    amount: 5
    unit: USD
    at: 2024-01-02
  - id: gone-action-1
    type: action-taken
    incident: gone
    text: Called them.
    by: Ada
    at: 2024-01-01T09:30
  - id: gone-decision-1
    type: decision-made
    incident: gone
    text: Wait.
    known_then: Little.
    at: 2024-01-01T10:00
  - id: gone-communication-1
    type: communication-sent
    incident: gone
    audience: users
    channel: mail
    text: We are down.
    at: 2024-01-01T11:00
  - id: gone-factor-1
    type: factor-found
    incident: gone
    text: One provider for all.
    at: 2024-01-01T09:00
  - id: late
    type: factor-found
    incident: gone
    text: Nobody watched.
    accepted: It is night.
    at: 2024-01-01T09:00
  - {id: gone-factor-2, type: factor-found, incident: gone, text: No spare., at: 2024-01-01T09:00}
  - id: gone-lesson-1
    type: lesson-learnt
    incident: gone
    kind: lucky
    text: It was night.
    at: 2024-01-01T09:00
  - {id: gone-question-1, type: question-opened, incident: gone, text: "Who knew?", at: 2024-01-03}
  - id: gone-question-1-answer-1
    type: question-answered
    question: gone-question-1
    text: Nobody.
    at: 2024-01-04
  - {id: gone-question-2, type: question-opened, incident: gone, text: Why?, at: 2024-01-03}
  - id: gone-estimate-1
    type: estimate-given
    about: down
    kind: at-least
    lasts: 7d
    at: 2024-01-01T12:00
  - id: gone-estimate-1-settled-1
    type: estimate-settled
    estimate: gone-estimate-1
    outcome: missed
    at: 2024-01-20
  - id: gone-exposure-1
    type: data-exposed
    incident: gone
    kinds: [posts, photos]
    volume: 70
    volume_unit: TB
    personal: yes
    at: 2024-01-01
  - id: gone-replacement-1
    type: service-replaced
    service: s
    replacement: t
    revisions: [rule]
    at: 2024-01-02
  - id: gone-deadline-1
    type: deadline-set
    incident: gone
    what: Tell them.
    due: 2024-01-04T09:00
    basis: Law
    at: 2024-01-01
  - {id: gone-deadline-1-met-1, type: deadline-met, deadline: gone-deadline-1, at: 2024-01-03}
  - id: gone-item-1
    type: action-item-opened
    incident: gone
    text: Find a spare.
    kind: prevent
    owner: Ada
    addresses: [gone-factor-1, down]
    at: 2024-01-01T09:00
  - id: gone-item-1-changed-1
    type: action-item-changed
    item: gone-item-1
    at: 2024-02-01
    owner: Bo
  - id: gone-item-1-changed-2
    type: action-item-changed
    item: gone-item-1
    at: 2024-02-02
    due: 2024-03-01
  - {id: gone-item-1-done-1, type: action-item-done, item: gone-item-1, at: 2024-02-20}
  - id: gone-item-2
    type: action-item-opened
    incident: gone
    text: Paint it.
    kind: other
    at: 2024-01-01T09:00
  - id: gone-item-2-dropped-1
    type: action-item-dropped
    item: gone-item-2
    reason: It is red.
    at: 2024-02-03
  - {id: gone-closed-1, type: incident-closed, incident: gone, at: 2024-01-10}
  - id: gone-closed-1-reopened-1
    type: incident-reopened
    incident: gone
    at: 2024-01-11
    reason: Dark again.
  - {id: gone-closed-2, type: incident-closed, incident: gone, at: 2024-01-12}
  - id: gone-status-1
    type: document-status-set
    incident: gone
    at: 2024-01-01T09:00
    status: draft
  - {id: gone-retraction-1, type: retracted, event: late, reason: It was the day.}
"""
OPENING = """\
  - id: gone
    type: incident-opened
    title: S is gone
    at: 2024-01-01T09:00
    window_from: 2024-01-01
    window_to: 2024-01-31
    services: [s]
    capabilities: [c]
    cites: [src]
    public: true
    meta: {ticket: PM-1}
"""
EVENT_LIST = EVENTS_FIRST.removeprefix("events:\n")
CASEBOOK = jsonschema.Draft202012Validator(schema.casebook(kinds()))


def drafts(text, name="book.yaml"):
    return list(casebook.extract(name, BytesIO(text.encode())))


def told(text, name="book.yaml"):
    return [as_written(draft) for draft in drafts(text, name)]


# --- what it stands for ---------------------------------------------------------------------------


def test_the_short_form_is_the_long_form_with_the_opening_before_all_events():
    short = told(HEAD + EVENTS_FIRST + SHORT_FORM)
    long = told(HEAD + "events:\n" + OPENING + EVENT_LIST + LONG_FORM)
    assert short == long
    assert {entry["type"] for entry in short} >= {each.type for each in SHORT.values()}


def test_it_may_stand_before_the_events_as_well():
    assert told(HEAD + SHORT_FORM + EVENTS_FIRST) == told(HEAD + EVENTS_FIRST + SHORT_FORM)


def test_both_forms_record_the_same(tmp_path):
    short, long = tmp_path / "short.db", tmp_path / "long.db"
    recorded(short, HEAD + EVENTS_FIRST + SHORT_FORM)
    recorded(long, HEAD + "events:\n" + OPENING + EVENT_LIST + LONG_FORM)
    state = ["state", "--at", "2024-01-05T00:00Z", "--json"]
    assert run("--db", short, *state).json == run("--db", long, *state).json
    ours, theirs = (run("--db", store, "export").lines for store in (short, long))
    assert [each["id"] for each in ours] == [each["id"] for each in theirs]
    again = tmp_path / "long.yaml"
    again.write_text(HEAD + "events:\n" + OPENING + EVENT_LIST + LONG_FORM, "utf-8")
    ran = run("--db", short, "import", again, "--json")
    assert ran.json["recorded"] == 0  # what one has recorded is nothing new to the other


def test_only_what_is_new_is_recorded(tmp_path):
    store, book = tmp_path / "store.db", tmp_path / "book.yaml"
    recorded(store, HEAD + EVENTS_FIRST + SHORT_FORM)
    held = len(logged(store))
    more = SHORT_FORM.replace(
        "      - No spare.\n", "      - {id: rush, text: It was late.}\n      - No spare.\n"
    ).replace("    status: draft\n", "    status: [draft, {status: published, at: 2024-03-01}]\n")
    assert more.count("rush") == 1
    book.write_text(HEAD + EVENTS_FIRST + more, "utf-8")
    assert run("--db", store, "import", book, "--json").json == {"recorded": 2, "skipped": held}
    assert run("--db", store, "import", book, "--json").json == {
        "recorded": 0,
        "skipped": held + 2,
    }


def test_milestones_have_the_same_ids_in_either_form():
    a_list = """\
    milestones:
      - {milestone: detected, at: 2024-01-01T08:20}
      - {milestone: acknowledged, at: 2024-01-01T08:30}
      - {milestone: detected, at: 2024-01-01T08:21, how: By phone.}
"""
    by_name = """\
    milestones:
      detected: [2024-01-01T08:20, {at: 2024-01-01T08:21, how: By phone.}]
      acknowledged: {at: 2024-01-01T08:30}
"""
    head = HEAD + "incidents:\n  gone:\n    title: Gone\n    at: 2024-01-01T09:00\n"
    one, other = told(head + a_list), told(head + by_name)
    assert sorted(map(str, one)) == sorted(map(str, other))
    assert [entry["id"] for entry in one[-3:]] == [
        "gone-detected-1",
        "gone-acknowledged-1",
        "gone-detected-2",
    ]


def test_several_incidents_each_count_for_themselves():
    text = (
        HEAD
        + """\
incidents:
  one: {title: One, at: 2024-01-01, factors: [A., B.]}
  two: {title: Two, at: 2024-01-02, factors: C.}
events:
  - {id: n, type: note, at: 2024-01-01, text: t, about: two}
"""
    )
    ids = [entry["id"] for entry in told(text)][-6:]
    assert ids == ["one", "two", "n", "one-factor-1", "one-factor-2", "two-factor-1"]
    record = MemoryRecord("p")
    for draft in drafts(text):
        record.record(draft, DAWN)


@pytest.mark.parametrize("key", sorted(SHORT))
def test_a_key_that_is_there_and_empty_says_nothing(key):
    head = HEAD + "incidents:\n  gone:\n    title: Gone\n    at: 2024-01-01T09:00\n"
    assert told(f"{head}    {key}:\n") == told(f"{head}    {key}: []\n") == told(head)
    CASEBOOK.validate(yaml.load(f"{head}    {key}:\n", yaml.BaseLoader))  # noqa: S506


def test_nothing_is_there_where_no_incident_is():
    assert told(HEAD + "incidents:\n") == told(HEAD + "incidents: {}\n") == told(HEAD)


# --- what is refused ------------------------------------------------------------------------------

IN = "incidents:\n  gone:\n    title: Gone\n    at: 2024-01-01T09:00\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("incidents: [gone] ←", ["incidents takes keys with values"]),
        ("incidents:\n  gone: dark ←", ["gone takes keys with values"]),
        ("incidents:\n  gone: {at: 2024-01-01} ←", ["title is missing of gone"]),
        ("incidents:\n  gone: {title: Gone} ←", ["at is missing of gone"]),
        ("incidents:\n  gone: {title: Gone, factors: [A.]} ←", ["at is missing of gone"]),
        ("incidents:\n  Gone: {title: Gone, at: 2024-01-01} ←", ["'Gone' is no id"]),
        ("incidents:\n  s: {title: Gone, at: 2024-01-01} ←", ["s is the id of a service already"]),
        (IN + "    id: other ←", ["gone has its id twice"]),
        (IN + "    factor: One. ←", ["unknown key 'factor'", "did you mean factors?"]),
        (IN + "    servces: [s] ←", ["unknown key 'servces'", "did you mean services?"]),
        (IN.replace("Gone", "Gone ←") + "    services: [x]", ["services: x of gone is not known"]),
        (
            IN.replace("Gone", "Gone ←") + "    window_from: 2024\n    window_to: 2023",
            ["the window of gone ends before it begins"],
        ),
        (IN + "    severity: bad ←", ["severity of gone-severity-1 is 'bad'", "'sev1'"]),
        (
            IN + "    severity:\n      - sev1\n      - {severity: sev9} ←",
            ["severity of gone-severity-2"],
        ),
        (IN + "    factors:\n      - A.\n      - [B.] ←", ["factors of gone takes keys with val"]),
        (IN + "    factors:\n      - {txt: A.} ←", ["unknown key 'txt' of gone-factor-1", "text?"]),
        (IN + "    factors:\n      - text: A. ←\n        cites: none", ["cites none"]),
        (
            IN + "    factors:\n      - {text: A., incident: gone} ←",
            ["incident follows from where"],
        ),
        (IN + "    summary: {text: A., part: background} ←", ["part follows from where this"]),
        (IN + "    milestones: {detcted: 2024-01-01} ←", ["milestone of gone-milestone-1"]),
        (IN + "    milestones:\n      detected: soon ←", ["at of gone-detected-1", "soon"]),
        (IN + "    milestones: 2024-01-01 ←", ["milestone is missing of gone-milestone-1"]),
        (IN + "    roles:\n      - scribe ←", ["roles of gone takes keys", "role-taken"]),
        (
            IN + "    roles:\n      - role: scribe\n        person: A\n        at: 2024-01-01\n"
            "        left: {at: 2024-01-02, person: B} ←",
            ["person follows from where this stands, under left of gone"],
        ),
        (IN + "    questions:\n      - Why? ←", ["at is missing of gone-question-1"]),
        (
            IN + "    questions:\n      - text: Why?\n        at: 2024-01-01\n"
            "        answer: Because. ←",
            ["at is missing of gone-question-1-answer-1"],
        ),
        (
            IN + "    impact:\n      - {amount: 5, at: 2024-01-01} ←",
            ["of is missing of gone-impact-1"],
        ),
        (IN + "    impact:\n      - {unit: USD} ←", ["unknown key 'unit' of gone-impact-text-1"]),
        (
            IN + "    action_items:\n      - text: Do it.\n        kind: prevent\n"
            "        dropped: {at: 2024-01-01} ←",
            ["reason is missing of gone-item-1-dropped-1"],
        ),
        (
            IN + "    action_items:\n      - text: Do it.\n        kind: prevent\n"
            "        changed: {at: 2024-01-01} ←",
            ["gone-item-1-changed-1 changes nothing of gone-item-1"],
        ),
        (
            IN + "    closed:\n      - 2024-01-10\n      - 2024-01-12 ←",
            ["closed already, by gone-"],
        ),
        (
            IN
            + "    exposures:\n      - at: 2024-01-01\n        kinds: [a]\n        personal: no\n"
            "        volume: 7 0 ←",
            ["volume of gone-exposure-1: an amount is a number or a range"],
        ),
        (IN + "    factors: A.\n    factors: B. ←", ["the key 'factors' is there twice"]),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, says):
    refused(tmp_path, HEAD + text + "\n", *says, before=HEAD + "events:\n")


def test_an_entry_that_got_another_number_is_refused(tmp_path):
    """In the middle of a list it takes an id, so that the others keep theirs."""
    book = HEAD + IN + "    factors:\n      - A.\n      - C.\n"
    changed = HEAD + IN + "    factors:\n      - A.\n      - B. ←\n      - C.\n"
    refused(tmp_path, changed, "gone-factor-2 is recorded already", "text is", before=book)


# --- property -------------------------------------------------------------------------------------

POOL = Pool(
    zone="Europe/Berlin",
    sources=("src",),
    services=("s", "t"),
    capabilities=("c",),
    events={"service-down": ["down"], "capability-revised": ["rule"]},
)


def entries(draw, short, depth=1):
    """What may stand under a key: nothing, one entry or a list."""
    found = []
    for _ in range(draw(st.integers(0, 2))):
        settled = dict.fromkeys([*short.implied, "id", "replaces", "clerical"])
        entry = keys(draw, EVENTS[short.type], POOL, settled)
        if entry is None:
            continue
        if short.opening and draw(st.booleans()):
            del entry["at"]
        if short.text is not None and set(entry) == {short.text} and draw(st.booleans()):
            found.append(entry[short.text])
            continue
        for key, then in short.then.items():
            entry |= {key: inner} if (inner := entries(draw, then)) else {}
        found.append(entry)
    return found[0] if len(found) == 1 and found[0] != "" and draw(st.booleans()) else found


@st.composite
def books(draw):
    """A casebook with up to two incidents in short form."""
    book = yaml.load(HEAD + EVENTS_FIRST, yaml.BaseLoader)  # noqa: S506
    book["incidents"] = {}
    for id in ("one", "two")[: draw(st.integers(1, 2))]:
        settled = {"id": None, "replaces": None, "clerical": None}
        incident = keys(draw, EVENTS["incident-opened"], POOL, settled)
        for key in draw(st.lists(st.sampled_from(sorted(SHORT)), max_size=5, unique=True)):
            short = IMPACT_TEXT if key == "impact" and draw(st.booleans()) else SHORT[key]
            incident |= {key: found} if (found := entries(draw, short)) else {}
        book["incidents"][id] = incident
    text = json.dumps(book, ensure_ascii=False)
    return re.sub("[\ufffe\uffff]", "?", text)  # which no file may hold


def record_of(found):
    record = MemoryRecord("p")
    for draft in found:
        record.try_to_record(draft, DAWN)
    return record


@given(books())
def test_a_book_in_short_form_and_its_long_form_record_the_same(text):
    short = drafts(text, "book.json")
    book = json.loads(text)
    CASEBOOK.validate(book)
    del book["incidents"]
    of_incidents = [as_written(draft) for draft in short if draft.entry.TYPE in EVENTS]
    long = drafts(json.dumps({**book, "events": of_incidents}), "book.json")
    assert [(each.platform, each.entry) for each in short] == [
        (each.platform, each.entry) for each in long
    ]
    ours, theirs = record_of(short), record_of(long)
    assert ours.log.by_id == theirs.log.by_id
    for _, draft in theirs.told:
        assert ours.record(draft, DAWN) == []  # it is known already
    assert ours.position == theirs.position


@given(books())
def test_every_entry_in_short_form_becomes_one_event_of_its_incident(text):
    book = json.loads(text)
    told = [each.entry for each in drafts(text, "book.json") if each.entry.TYPE in EVENTS]
    ids = [entry.id for entry in told]
    assert len(set(ids)) == len(ids)
    assert ids[: len(book["incidents"])] == list(book["incidents"])
    generated = set(ids) - {*book["incidents"], "down", "rule"}
    assert all(id.startswith(("one-", "two-")) for id in generated)
    assert len(generated) == sum(map(counted, book["incidents"].values()))


def counted(incident):
    """How many entries there are, whichever way they are written."""

    def entries_in(value, thens):
        listed = value if isinstance(value, list) else [value]
        inner = (
            entries_in(entry[key], then.then)
            for entry in listed
            if isinstance(entry, dict)
            for key, then in thens.items()
            if key in entry
        )
        return len(listed) + sum(inner)

    return sum(
        entries_in(incident[key], short.then) for key, short in SHORT.items() if key in incident
    )


def test_the_keys_of_an_incident_are_told_apart_from_those_of_its_opening():
    assert len(set(incidents.KEYS)) == len(incidents.KEYS)
    for short in SHORT.values():
        cls = EVENTS[short.type]
        assert short.implied | {short.text or "id"} <= set(cls.model_fields)
        assert not set(short.then) & set(cls.model_fields)
        for then in short.then.values():
            assert then.implied | {then.text or "id"} <= set(EVENTS[then.type].model_fields)


# --- the commented example ------------------------------------------------------------------------


def test_the_incident_of_a_new_casebook_can_be_taken_in(tmp_path):
    new = run("new", "-").out
    head, start, tail = new.partition("#incidents:\n")
    commented, blank, events = tail.partition("\n\n")
    incident = "\n".join(line.removeprefix("#") for line in commented.split("\n"))
    text = head + start.removeprefix("#") + incident + blank + events
    CASEBOOK.validate(yaml.load(text, yaml.BaseLoader))  # noqa: S506
    recorded(tmp_path / "plain.db", new, "plain.yaml")
    recorded(tmp_path / "more.db", text, "more.yaml")
    plain, more = (len(logged(tmp_path / f"{name}.db")) for name in ("plain", "more"))
    assert more == plain + 24
