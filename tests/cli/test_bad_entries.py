"""Entries that name, repeat or contradict wrongly: refused with file and line, nothing recorded."""

import json

import pytest
from cli.books import EVENTS, HEAD, all_events, event, recorded, refused
from cli.door import logged, run

from postmortem.core.events import EVENTS as TYPES

FULL = HEAD + all_events()
"""Everything; whatever comes after it is new."""

KEYS = {
    "an event": (
        '- {id: x, type: service-down, serivce: s, at: "2024"} ←',
        ["'serivce'", "service?"],
    ),
    "an event, without likeness": (
        '- {id: x, type: note, text: t, at: "2024", qqq: 1} ←',
        ["'qqq'", "a note takes: id, known_at"],
    ),
    "a key of another type": (
        '- {id: x, type: note, text: t, at: "2024", effect: degraded} ←',
        ["unknown key 'effect' of x"],
    ),
    "at of a claim": (
        '- {id: x, type: time-claimed, about: down, time: "2024", at: "2024"} ←',
        ["'at'"],
    ),
    "at of a retraction": (
        '- {id: x, type: retracted, event: down, reason: r, at: "2024"} ←',
        ["'at'"],
    ),
    "a type": (
        '- {id: x, type: service-dwn, service: s, at: "2024"} ←',
        ["'service-dwn'", "service-down?"],
    ),
    "a type without likeness": ("- {id: x, type: qqq} ←", ["'qqq'", "there are: cutoff-announced"]),
    "a type that is a list": ("- {id: x, type: [note]} ←", ["unknown type of event ['note']"]),
    "a declaration for a type": ("- {id: x, type: service-declared, name: t} ←", ["unknown type"]),
    "no type": ("- {id: x} ←", ["names its type"]),
    "no id": (
        '- {type: note, text: t, at: "2024"} ←',
        ["id is missing of a note", "how it is called"],
    ),
    "no service": ('- {id: x, type: service-down, at: "2024"} ←', ["service is missing of x"]),
    "no at": ("- {id: x, type: note, text: t} ←", ["at is missing of x"]),
    "no effective time": (
        '- {id: x, type: cutoff-announced, service: s, at: "2024"} ←',
        ["effective_at is missing of x"],
    ),
    "no ends": ('- {id: x, type: service-restored, at: "2024"} ←', ["ends is missing of x"]),
    "no reason": ("- {id: x, type: retracted, event: down} ←", ["reason is missing of x"]),
    "a bad id": ('- {id: Ab, type: note, text: t, at: "2024"} ←', ["'Ab' is no id", "lower-case"]),
    "an empty id": ('- {id: "", type: note, text: t, at: "2024"} ←', ["'' is no id"]),
    "a long id": (f'- {{id: {"x" * 201}, type: note, text: t, at: "2024"}} ←', ["is no id"]),
    "an id with a line end": ('- {id: "x\\n", type: note, text: t, at: "2024"} ←', ["is no id"]),
    "an id that is a list": ('- {id: [x], type: note, text: t, at: "2024"} ←', ["id of a note"]),
    "an effect": (
        '- {id: x, type: service-down, service: s, at: "2024", effect: operational} ←',
        ["effect of x is 'operational'", "'unavailable' or 'degraded'"],
    ),
    "clerical as yes": (
        '- {id: x, type: note, text: t, at: "2024", clerical: yes} ←',
        ["clerical of x is 'yes'"],
    ),
    "a note that is a list": ('- {id: x, type: note, text: [t], at: "2024"} ←', ["text of x"]),
    "meta that is text": ('- {id: x, type: note, text: t, at: "2024", meta: y} ←', ["meta of x"]),
    "cites that is a mapping": (
        '- {id: x, type: note, text: t, at: "2024", cites: {a: b}} ←',
        ["cites"],
    ),
    "a service that is a list": (
        '- {id: x, type: service-down, service: [s], at: "2024"} ←',
        ["service of x"],
    ),
}


@pytest.mark.parametrize(("line", "says"), KEYS.values(), ids=KEYS)
def test_keys_and_values_of_an_event(tmp_path, line, says):
    refused(tmp_path, f"{HEAD}  {line}\n", *says)


DECLARED = {
    "a key of the platform": (
        "platform: {id: p, zoen: Europe/Berlin} ←\n",
        ["'zoen' of p", "zone?"],
    ),
    "a key of a source": (
        "platform: {id: p}\nsources:\n  x:\n    title: t\n    titel: t ←\n",
        ["'titel' of x", "title?"],
    ),
    "a key of a service": (
        "platform: {id: p}\nservices:\n  x: {nmae: n} ←\n",
        ["'nmae' of x", "name?"],
    ),
    "a key of a capability": (
        "platform: {id: p}\nservices: {s: {}}\ncapabilities:\n  x: {requires: s, nam: n} ←\n",
        ["'nam' of x", "name?"],
    ),
    "a source without a title": (
        "platform: {id: p}\nsources:\n  x: {} ←\n",
        ["title is missing of x"],
    ),
    "an empty name": ('platform: {id: p, name: ""} ←\n', ["name of p"]),
    "a name that is a list": ("platform: {id: p, name: [n]} ←\n", ["name of p"]),
    "an unknown zone": ("platform: {id: p, zone: Mars/Base} ←\n", ["'Mars/Base'"]),
    "a service in a formula that is not there": (
        "platform: {id: p}\ncapabilities:\n  x: s ←\n",
        ["formula of x names s", "declare it first"],
    ),
}


@pytest.mark.parametrize(("text", "says"), DECLARED.values(), ids=DECLARED)
def test_keys_and_values_of_a_declaration(tmp_path, text, says):
    refused(tmp_path, f"casebook: 1\n{text}", *says, before="")


FORMULAS = {
    "empty": ('""', ["name is empty"]),
    "a list": ("[s, t]", ["is no formula", "all_of:"]),
    "an empty mapping": ("{}", ["is no formula"]),
    "two at once": ("{all_of: [s], any_of: [t]}", ["is no formula"]),
    "an unknown kind": ("{one_of: [s]}", ["'one_of' is no kind of formula", "any_of"]),
    "all of nothing": ("{all_of: []}", ["all_of: takes a list of at least one"]),
    "any of text": ("{any_of: s}", ["any_of: takes a list"]),
    "parts of a mapping": ("{parts: {a: s}}", ["parts: takes a list"]),
    "at least without a count": ("{at_least: {of: [s]}}", ["count and of"]),
    "at least with more": ("{at_least: {count: 1, of: [s], x: y}}", ["count and of"]),
    "at least none": ("{at_least: {count: 0, of: [s, t]}}", ["count is 0", "from 1 to 2"]),
    "at least too many": ("{at_least: {count: 3, of: [s, t]}}", ["count is 3", "there are 2"]),
    "at least minus one": ("{at_least: {count: -1, of: [s]}}", ["whole number", "'-1'"]),
    "at least half": ("{at_least: {count: 0.5, of: [s]}}", ["whole number", "'0.5'"]),
    "at least very many": (f"{{at_least: {{count: {'9' * 5000}, of: [s]}}}}", ["whole number"]),
    "at least in other digits": ("{at_least: {count: ２, of: [s, t]}}", ["whole number"]),
    "at least of nothing": ("{at_least: {count: 1, of: []}}", ["at least one formula"]),
    "optional of a list": ("{optional: [s]}", ["is no formula"]),
    "an unknown id": ("{all_of: [s, {optional: zz}]}", ["names zz"]),
    "an event": ("{all_of: [s, down]}", ["names down"]),
    "a source": ("src", ["names src"]),
}


@pytest.mark.parametrize(("formula", "says"), FORMULAS.values(), ids=FORMULAS)
def test_a_formula(tmp_path, formula, says):
    declarations = HEAD.removesuffix("events:\n")
    refused(tmp_path, f"{declarations}  x: {formula} ←\n", *says)
    refused(tmp_path, f"{declarations}  x: {{name: n, requires: {formula}}} ←\n", *says)
    revised = (
        f"  - {{id: x, type: capability-revised, capability: d, at: 2024, requires: {formula}}} ←\n"
    )
    refused(tmp_path, FULL + revised, *says, before=FULL)


# --- references -----------------------------------------------------------------------------------


def minimal(type: str) -> dict[str, object]:
    """An event of that type as the full book has it."""
    return dict(next(fields for fields in EVENTS.values() if fields["type"] == type))


REFERENCES = [
    (name, field)
    for name in dict.fromkeys(fields["type"] for fields in EVENTS.values())
    for field in TYPES[name].references()
]


def naming(type: str, field: str, id: str) -> str:
    cls = TYPES[type]
    value = [id] if "list" in str(cls.model_fields[field].annotation) else id
    line = event("wrong", **(minimal(type) | {field: value}))
    return f"{FULL}{line.rstrip()} ←\n"


@pytest.mark.parametrize(("type", "field"), REFERENCES)
def test_a_reference_to_nothing(tmp_path, type, field):
    refused(tmp_path, naming(type, field, "nowhere"), "nowhere", "wrong", before=FULL)


@pytest.mark.parametrize(("type", "field"), REFERENCES)
def test_a_reference_to_itself(tmp_path, type, field):
    refused(tmp_path, naming(type, field, "wrong"), "wrong", before=FULL)


WRONG = {"service": "c", "capability": "s", "source": "s", "event": "s", "any": "src"}


@pytest.mark.parametrize(("type", "field"), REFERENCES)
def test_a_reference_to_another_kind(tmp_path, type, field):
    id = WRONG[TYPES[type].references()[field].what]
    refused(tmp_path, naming(type, field, id), id, "wrong", before=FULL)


TYPED = [(t, f) for t, f in REFERENCES if TYPES[t].references()[f].types]


@pytest.mark.parametrize(("type", "field"), TYPED)
@pytest.mark.parametrize("id", EVENTS)
def test_a_reference_to_an_event_of_another_type(tmp_path, type, field, id):
    named, takes = EVENTS[id]["type"], TYPES[type].references()[field].types
    if named in takes:
        assert id in (
            "announced",
            "warned",
            "rescheduled",
            "cut",
            "down",
            "slow",
            "worse",
            "back",
            "calmed",
        )
        return
    says = f"{id} of wrong is {'an' if named[0] in 'aeiou' else 'a'} {named}"
    refused(tmp_path, naming(type, field, id), says, *takes, before=FULL)


def test_a_reference_points_back_only(tmp_path):
    later = event("later", type="service-down", service="t", at="2024-02-01T00:00Z")
    early = event("wrong", type="service-restored", ends="later", at="2024-02-02T00:00Z")
    refused(tmp_path, f"{HEAD}{early.rstrip()} ←\n{later}", "nothing recorded before it")


def test_what_a_citation_names_and_what_not(tmp_path):
    line = event("wrong", type="note", text="t", at="2024", cites=["src#page 3", "srk#page 4"])
    refused(tmp_path, f"{HEAD}{line.rstrip()} ←\n", "cites srk", "no source")
    for odd in ("src#", "#page", "src page", ""):
        line = event("wrong", type="note", text="t", at="2024", cites=[odd])
        refused(tmp_path, f"{HEAD}{line.rstrip()} ←\n", "cites of wrong")


# --- what is known already ------------------------------------------------------------------------

OTHER = {
    "noted": ("text", "Something else."),
    "announced": ("effective_at", "2024-01-10T00:00:01Z"),
    "rescheduled": ("effective_at", "2024-01-13T00:00Z"),
    "cut": ("at", "2024-01-12"),
    "down": ("service", "u"),
    "slow": ("effect", "unavailable"),
    "worse": ("effect", "degraded"),
    "back": ("ends", ["down"]),
    "calmed": ("at", "2024-02-02T00:00:00.000001Z"),
    "changed": ("requires", {"all_of": ["c", "t"]}),
    "claimed": ("about", "slow"),
    "untold": ("event", "down"),
    "warned": ("reason", "There was one."),
}
COMMON = {
    "note": "a remark",
    "cites": ["src#page 3"],
    "known_at": "2024-01-01T00:00Z",
    "meta": {"a": "b"},
}


@pytest.mark.parametrize("id", EVENTS)
def test_an_event_of_a_known_id_with_other_content(tmp_path, id):
    for field, value in [OTHER[id], *COMMON.items()]:
        changed = event(id, **(EVENTS[id] | {field: value}))
        text = f"{HEAD}{changed.rstrip()} ←\n"
        refused(
            tmp_path,
            text,
            f"event {id} is recorded already",
            f"{field} is ",
            ", and was ",
            f"replaces: {id}",
            before=FULL,
        )


@pytest.mark.parametrize("id", EVENTS)
def test_an_event_of_a_known_id_with_another_type(tmp_path, id):
    fields = EVENTS["warned" if id == "noted" else "noted"]
    text = f"{HEAD}{event(id, **fields).rstrip()} ←\n"
    says = f"type is {fields['type']}, and was {EVENTS[id]['type']}"
    refused(tmp_path, text, f"event {id} is recorded already", says, before=FULL)


DECLARATIONS = {
    "platform": (
        "platform: {id: p, zone: Europe/Berlin, name: Other} ←\n",
        "name is Other, and was Platform",
    ),
    "platform zone": (
        "platform: {id: p, zone: Europe/Paris, name: Platform} ←\n",
        "zone is Europe/Paris, and was Europe/Berlin",
    ),
    "source": (
        "platform: {id: p, zone: Europe/Berlin, name: Platform}\nsources:\n"
        "  src: {title: Other, publisher: Somebody, published_at: 2024-01-02T10:00Z} ←\n",
        "title is Other, and was A source",
    ),
    "service": (
        "platform: {id: p, zone: Europe/Berlin, name: Platform}\n"
        "services:\n  s: {name: Service} ←\n",
        "provider is not given, and was one",
    ),
    "capability": (
        "platform: {id: p, zone: Europe/Berlin, name: Platform}\ncapabilities:\n  c: t ←\n",
        "requires is t, and was s",
    ),
}


@pytest.mark.parametrize(("text", "says"), DECLARATIONS.values(), ids=DECLARATIONS)
def test_a_declaration_of_a_known_id_with_other_content(tmp_path, text, says):
    refused(tmp_path, f"casebook: 1\n{text}", "declared already", says, "--amend", before=FULL)
    good = f"casebook: 1\n{text.replace(' ←', '')}"
    (tmp_path / "good.yaml").write_text(good)
    amended = run(
        "--db", tmp_path / "store.db", "import", "--amend", tmp_path / "good.yaml", "--json"
    )
    assert amended.json["recorded"] == 1


SAME = {
    "announced": {"effect": "unavailable", "at": "2024-01-01T01:00+01:00", "known_at": None},
    "cut": {"announcement": "announced", "at": "2024-01-12T01:00[Europe/Berlin]"},
    "slow": {"effect": "degraded", "clerical": "false"},
    "back": {"ends": ["slow", "down"], "at": "2024-01-08T01:00"},
    "changed": {"requires": {"any_of": ["t", "c", {"all_of": ["t"]}]}},
    "claimed": {"cites": "src", "time": "2024-01-05T01:00Z..2024-01-05T02:00"},
}


@pytest.mark.parametrize("id", SAME)
def test_other_spelling_is_the_same_content(tmp_path, id):
    store = tmp_path / "store.db"
    recorded(store, FULL)
    held = logged(store)
    recorded(store, HEAD + event(id, **(EVENTS[id] | SAME[id])))
    assert logged(store) == held


# --- one name space -------------------------------------------------------------------------------

COLLIDING = {
    "a capability and a service": (
        "services:\n  x: {}\ncapabilities:\n  x: s ←\n",
        "x is the id of a service",
    ),
    "a capability and an event": ("capabilities:\n  down: s ←\n", "down is the id of an event"),
    "a service and an event": ("services:\n  down: {} ←\n", "down is the id of an event"),
    "a service and a capability": ("services:\n  c: {} ←\n", "c is the id of a capability"),
    "an event and a service": (
        "events:\n" + event("s", type="note", text="t", at="2024").rstrip() + " ←\n",
        "s is the id of a service",
    ),
    "an event and a capability": (
        "events:\n" + event("c", type="note", text="t", at="2024").rstrip() + " ←\n",
        "c is the id of a capability",
    ),
}


@pytest.mark.parametrize(("text", "says"), COLLIDING.values(), ids=COLLIDING)
def test_services_capabilities_and_events_share_one_name_space(tmp_path, text, says):
    top = "casebook: 1\nplatform: {id: p, name: Platform, zone: Europe/Berlin}\n"
    refused(tmp_path, top + text, says, before=FULL)


def test_the_same_id_twice_among_the_events_of_a_file(tmp_path):
    text = HEAD + event("x", type="note", text="t", at="2024")
    text += event("x", type="note", text="u", at="2024").rstrip() + " ←\n"
    refused(tmp_path, text, "event x is recorded already", "text is u, and was t")


def test_sources_have_a_name_space_of_their_own_and_so_has_every_platform(tmp_path):
    store = tmp_path / "store.db"
    recorded(store, FULL)
    more = "casebook: 1\nplatform: {id: p, name: Platform, zone: Europe/Berlin}\nsources:\n"
    recorded(
        store, more + "  s: {title: t}\n  c: {title: t}\n  down: {title: t}\n  p: {title: t}\n"
    )
    recorded(store, FULL.replace("{id: p,", "{id: q,"))
    with_other = {"p": "s", "q": "s"}
    for platform in with_other:
        answer = run(
            "--db", store, "state", "--at", "2024-01-05T12:00Z", "--platform", platform, "--json"
        )
        assert answer.json["services"]["t"]["because"] == ["down"]


# --- circles --------------------------------------------------------------------------------------

TOP = "casebook: 1\nplatform: {id: p}\nservices: {s: {}}\n"


def test_circles_in_one_file(tmp_path):
    for text, circle in [
        ("  a: a ←\n", "a → a"),
        ("  a: {all_of: [s, {optional: a}]} ←\n", "a → a"),
        ("  a: b ←\n  b: a\n", "a → b → a"),
        (
            "  a: {any_of: [s, b]} ←\n  b: {requires: {parts: [s, c]}}\n  c: {fallback: a}\n",
            "a → b → c → a",
        ),
        ("  a: s\n  b: {all_of: [a, c]} ←\n  c: {at_least: {count: 1, of: [b, s]}}\n", "b → c → b"),
    ]:
        refused(tmp_path, f"{TOP}capabilities:\n{text}", circle, "circle", before="")


def test_circles_over_files_and_all_formulas_ever_recorded(tmp_path):
    before = f"{TOP}capabilities: {{a: s, b: a, c: b}}\n"
    revision = (
        "  - {id: %s, type: capability-revised, capability: a, at: 2024-01-01T00:00Z, "
        "requires: %s} ←\n"
    )
    # by a revision
    for requires in ("a", "b", "c", "{any_of: [s, {optional: c}]}"):
        text = f"{TOP}events:\n{revision % ('x', requires)}"
        refused(tmp_path, text, "would close a circle", "a → ", before=before)
    # by an amended declaration
    text = f"{TOP}capabilities:\n  a: c ←\n"
    refused(
        tmp_path, text, "would close a circle: a → c → b → a", before=before, options=("--amend",)
    )
    # by a declaration that another file made, was amended, and still counts
    store = tmp_path / "store.db"
    (tmp_path / "amended.yaml").write_text(f"{TOP}capabilities: {{c: s}}\n")
    assert run("--db", store, "import", "--amend", tmp_path / "amended.yaml").status == 0
    held = logged(store)
    (tmp_path / "circle.yaml").write_text(
        f"{TOP}events:\n{(revision % ('y', 'c')).replace('←', '')}"
    )
    ran = run("--db", store, "import", tmp_path / "circle.yaml")
    assert ran.status == 2
    assert "line 5: the formula would close a circle: a → c → b → a" in ran.err
    assert logged(store) == held


def test_a_revision_that_was_retracted_still_counts_for_circles(tmp_path):
    before = f"{TOP}capabilities: {{a: s, b: s}}\nevents:\n"
    revision = {"type": "capability-revised", "at": "2024-01-01T00:00Z"}
    before += event("x", capability="a", requires="b", **revision)
    before += event("y", type="retracted", event="x", reason="wrong")
    line = event("z", capability="b", requires="a", **revision)
    refused(tmp_path, f"{TOP}events:\n{line.rstrip()} ←\n", "b → a → b", before=before)


def test_the_order_of_capabilities_in_a_file_is_free(tmp_path):
    recorded(tmp_path / "store.db", f"{TOP}capabilities: {{a: b, b: {{all_of: [c, s]}}, c: s}}\n")


def test_many_capabilities_in_a_row_are_no_circle(tmp_path):
    row = "".join(f"  c{i}: c{i + 1}\n" for i in range(400)) + "  c400: s\n"
    recorded(tmp_path / "store.db", f"{TOP}capabilities:\n{row}")
    question = ["state", "--at", "2024-01-01T00:00Z", "--without", "s", "--json"]
    answer = run("--db", tmp_path / "store.db", *question).json
    assert answer["capabilities"]["c0"]["status"] == "unavailable"
    assert len(json.dumps(answer)) > 400
