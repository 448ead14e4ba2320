"""events and new: the catalogue as text, Markdown and JSON Schema; a casebook to start from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from cli.books import HEAD, all_events
from cli.door import FIXTURES, FOUNDING, complaint, run
from hypothesis import given
from hypothesis import strategies as st

from postmortem.cli import kinds as kinds_file
from postmortem.cli.kinds import as_file, kinds
from postmortem.core import formulas
from postmortem.core.catalogue import described, from_document, markdown
from postmortem.core.errors import BadTime
from postmortem.core.events import CATALOGUE, DECLARATIONS, EVENTS, OF_THE_LOG
from postmortem.core.times import parse_span
from postmortem.reports import schema
from postmortem.testing import histories
from postmortem.testing.fields import Pool, keys
from postmortem.testing.memory import as_written


def plain_text(text: str) -> Any:
    """A casebook as it is read: every scalar the text that was written."""
    return yaml.load(text, yaml.BaseLoader)  # noqa: S506 (it makes text only)


def validator(document: dict[str, Any]) -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


CASEBOOK = validator(schema.casebook(kinds()))


# --- the table that help and completion are made from ---------------------------------------------


def test_the_table_is_what_the_catalogue_says():
    """UPDATE_KINDS=1 writes it anew."""
    now = as_file(described())
    if os.environ.get("UPDATE_KINDS") == "1":
        kinds_file.FILE.write_text(now, "utf-8")
    known = kinds_file.FILE.read_text("utf-8")
    assert now == known, "the catalogue has changed; UPDATE_KINDS=1 writes kinds.json anew"
    assert {**kinds()} == {**described()}


def test_every_class_and_every_field_is_described():
    found = described()
    assert {kind.type for kind in found.values()} == CATALOGUE.keys() - OF_THE_LOG.keys()
    for kind in found.values():
        cls = CATALOGUE[kind.type]
        assert {field.name for field in kind.fields} == set(cls.model_fields)
        assert kind.says == (cls.__doc__ or "").splitlines()[0].rstrip(".")
        for field in kind.fields:
            info = cls.model_fields[field.name]
            assert (field.required, field.says) == (info.is_required(), info.description)
            assert field.said is (field.name in cls.said())
            names = cls.references().get(field.name)
            assert (field.names, set(field.types)) == (
                (names.what, set(names.types)) if names else (None, set())
            )


def test_a_description_survives_as_json():
    for kind in described().values():
        assert from_document(json.loads(json.dumps(kind.document()))) == kind


# --- text and Markdown ----------------------------------------------------------------------------


def test_the_overview_names_every_kind_and_every_key():
    ran = run("events")
    assert ran.status == 0
    for kind in kinds().values():
        assert f"  {kind.name} " in ran.out
        assert all(field.key in ran.out for field in kind.fields)
    assert "without at: time-claimed, retracted" in ran.out


@pytest.mark.parametrize("columns", ["40", "80", "200"])
@pytest.mark.parametrize("name", sorted(kinds()))
def test_one_kind_lists_its_fields(name, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    ran = run("events", name)
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"{name}: ")
    keys = [line.split()[0] for line in lines[3:] if line and line[0].isalpha()]
    fields = [field.key for field in kinds()[name].fields]
    assert [key for key in keys if key != "postmortem"] == fields


def test_a_declaration_is_also_found_by_the_name_that_is_stored():
    assert run("events", "service-declared").out == run("events", "service").out


def test_an_unknown_type_is_told_with_the_nearest():
    assert "did you mean service-down?" in complaint(run("events", "servce-down"))
    assert "`postmortem events` lists them" in complaint(run("events", "xyz"))


def test_the_markdown_has_a_row_for_every_kind():
    ran = run("events", "--format", "markdown")
    assert ran.out == markdown(kinds())
    tables = [block.splitlines() for block in ran.out.split("\n\n")]
    assert tables[0][0] == "| declaration | keys | what it says |"
    assert tables[1][0] == "| type | further keys | what it says |"
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in tables[1][2:]]
    assert [row[0].strip("`") for row in rows] == list(EVENTS)
    assert len(tables[0]) == len(DECLARATIONS) + 2
    assert all(len(row) == 3 for row in rows)
    cut_off = next(row for row in rows if row[0] == "`service-cut-off`")
    assert cut_off[1] == "`service`, `effect?`, `announcement?`, `by?`, `reason?`"
    one = run("events", "note", "-f", "markdown").out
    assert "| `text` | text | what it says |\n" in one


# --- JSON Schema ----------------------------------------------------------------------------------


def test_the_schema_is_printed():
    assert run("events", "--json").json == schema.casebook(kinds())
    assert run("events", "-f", "json-schema").json == schema.casebook(kinds())
    for name, kind in kinds().items():
        printed = run("events", name, "--json").json
        assert printed == schema.single(kind)
        jsonschema.Draft202012Validator.check_schema(printed)


@pytest.mark.parametrize(
    "casebook",
    [FOUNDING, *sorted((FIXTURES / "contract").glob("*.yaml"))],
    ids=lambda path: path.stem,
)
def test_every_casebook_that_we_have_fits_the_schema(casebook):
    CASEBOOK.validate(plain_text(casebook.read_text("utf-8")))


def test_so_does_one_that_an_editor_reads_with_yaml_s_own_types():
    """`casebook: 1` is a number there, `clerical: true` a truth value, a year an integer."""
    typed = plain_text(HEAD + all_events())
    CASEBOOK.validate(typed)
    typed["casebook"] = 1
    typed["services"]["t"] = None
    typed["capabilities"]["d"] = {"at_least": {"count": 2, "of": ["c", "t"]}}
    note = {"id": "n2", "type": "note", "at": 2022, "text": "t", "replaces": "n", "clerical": True}
    typed["events"].append(note)
    CASEBOOK.validate(typed)


SINGLE = {name: validator(schema.single(kind)) for name, kind in kinds().items()}
POOL = Pool(
    zone="Europe/Berlin",
    sources=("a1", "b2"),
    services=("aws", "okta"),
    capabilities=("login",),
    events=dict.fromkeys(EVENTS, ("e1", "e2")),
)


@given(st.data(), st.sampled_from(sorted(EVENTS)))
def test_every_valid_event_fits_the_schema(data, type):
    fields = keys(data.draw, EVENTS[type], POOL, {"id": "e-1"})
    assert fields is not None
    event = {"type": type, **json.loads(json.dumps(fields))}
    SINGLE[type].validate(event)
    CASEBOOK.validate({"casebook": "1", "platform": {"id": "p"}, "events": [event]})


@given(histories())
def test_every_valid_history_fits_the_schema(history):
    book: dict[str, Any] = {"casebook": "1", "platform": {"id": "x"}, "events": []}
    for draft in history:
        entry = as_written(draft)
        type = entry.pop("type")
        kind = next(kind for kind in kinds().values() if kind.type == type)
        if kind.name == "platform":
            book["platform"] = entry
        elif kind.is_declaration:
            section = schema.SECTIONS[kind.name]
            book.setdefault(section, {})[entry.pop("id")] = entry
        else:
            book["events"].append({"type": type, **entry})
    CASEBOOK.validate(json.loads(json.dumps(book)))


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"effct": "degraded"}, []),
        ({"service": None}, []),
        ({"at": "yesterday"}, ["at"]),
        ({"at": "2021-01-10T00:00Z.."}, None),
        ({"at": "2021-01-10 00:00Z"}, ["at"]),
        ({"at": ".."}, ["at"]),
        ({"effect": "broken"}, ["effect"]),
        ({"clerical": "no"}, ["clerical"]),
        ({"clerical": "true"}, None),
        ({"cites": ["A B"]}, ["cites"]),
        ({"cites": "a#p 1"}, None),
        ({"service": "AWS"}, ["service"]),
        ({"id": "x" * 201}, ["id"]),
        ({"type": "service-gone"}, ["type"]),
        ({"meta": "text"}, ["meta"]),
    ],
)
def test_what_does_not_fit_is_told_where(wrong, at):
    event = {"id": "e", "type": "service-down", "service": "aws", "at": "2021-01-10", **wrong}
    event = {key: value for key, value in event.items() if value is not None}
    book = {"casebook": "1", "platform": {"id": "p"}, "events": [event]}
    errors = list(CASEBOOK.iter_errors(book))
    if at is None:
        assert errors == []
    else:
        assert [list(error.absolute_path) for error in errors] == [["events", 0, *at]]


FORMULA = validator({"$ref": "#/$defs/formula", "$defs": schema.casebook(kinds())["$defs"]})
TIME = validator({"$ref": "#/$defs/time", "$defs": schema.casebook(kinds())["$defs"]})


@given(
    st.recursive(
        st.sampled_from(["aws", "okta", ""]),
        lambda inner: st.one_of(
            st.dictionaries(
                st.sampled_from(["all_of", "any_of", "parts", "optional", "fallback", "some_of"]),
                st.lists(inner, max_size=2) | inner,
                min_size=0,
                max_size=2,
            ),
            st.fixed_dictionaries(
                {"at_least": st.fixed_dictionaries({"count": st.just("1"), "of": st.lists(inner)})}
            ),
        ),
        max_leaves=5,
    )
)
def test_a_formula_fits_the_schema_where_it_can_be_read(formula):
    try:
        formulas.parse(formula)
    except formulas.BadInput:
        assert not FORMULA.is_valid(formula)
    else:
        assert FORMULA.is_valid(formula)


@given(
    st.lists(
        st.sampled_from(
            ["2021", "-01", "-10", "T23:59", ":59", ".5", "Z", "-08:00", "[Europe/Berlin]", "..",
             " ", "T24:00", "[", "x"]
        ),
        max_size=9,
    ).map("".join)
)  # fmt: skip
def test_a_time_that_can_be_read_fits_the_schema(text):
    try:
        parse_span(text, "Europe/Berlin")
    except BadTime:
        return
    assert TIME.is_valid(text)


# --- new ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "platform", "zone"),
    [
        ([], "example", None),
        (["--platform-id", "p_1"], "p_1", None),
        (["--name", 'A: "b" # \u202e', "--zone", "Asia/Kathmandu"], "example", "Asia/Kathmandu"),
    ],
)
def test_a_new_casebook_can_be_imported_as_it_is(tmp_path, options, platform, zone):
    book, store = tmp_path / "example.yaml", tmp_path / "store.db"
    ran = run("new", book, *options)
    assert (ran.status, ran.err) == (0, "")
    CASEBOOK.validate(plain_text(book.read_text("utf-8")))
    ran = run("--db", store, "import", book, "--json")
    assert ran.json["recorded"] == 18
    assert run("--db", store, "import", book, "--json").json == {"recorded": 0, "skipped": 18}
    state = run("--db", store, "state", "--at", "2021-01-11T10:00Z", "--json").json
    assert state["platform"] == platform
    assert state["services"]["hosting-x"]["status"] == "unavailable"
    assert state["capabilities"]["serving"]["status"] == "operational"
    assert state["capabilities"]["joining"]["status"] == "degraded"
    found = run("--db", store, "check", "--json")
    assert found.status == 0, found.out
    assert zone in (None, run("--db", store, "export").out.split('"zone":"')[-1].split('"')[0])


def test_a_new_casebook_explains_what_it_uses_and_more():
    text = run("new", "-").out
    explained = "at_least all_of any_of parts optional fallback known_at recorded_at A..B replaces"
    for word in explained.split():
        assert word in text
    assert max(map(len, text.splitlines())) <= 100


def test_what_is_commented_out_can_be_taken_in(tmp_path):
    """The corrections at the end of the casebook, without their #."""
    head, _, tail = run("new", "-").out.partition("#  - id: sms-degraded-2")
    lines = [
        line[1:] for line in f"#  - id: sms-degraded-2{tail}".splitlines() if line[1:3] == "  "
    ]
    book = tmp_path / "book.yaml"
    book.write_text(head + "\n".join(lines) + "\n", "utf-8")
    assert run("--db", tmp_path / "store.db", "import", book, "--json").json["recorded"] == 20


@pytest.mark.parametrize("name", ["casebook.yaml", "Ä Ö.yaml", ".yaml", "My Platform.v2.yaml"])
def test_the_file_s_name_makes_the_platform_s_id(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert run("new", name).status == 0
    id = plain_text(Path(name).read_text("utf-8"))["platform"]["id"]
    assert id == {"My Platform.v2.yaml": "my-platform"}.get(name, "my-platform")
    assert run("--db", "s.db", "import", name).status == 0


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["there.yaml"], 2, "exists already"),
        (["new.yaml", "--platform-id", "A B"], 2, "no id"),
        (["new.yaml", "--zone", "Mars"], 2, "no time zone"),
        (["new.yaml", "--name", "a\x1bb"], 2, "U+001B"),
        (["new.yaml", "--name", ""], 2, "empty"),
        (["nowhere/new.yaml"], 3, "cannot be written"),
    ],
)
def test_a_new_casebook_is_refused(tmp_path, monkeypatch, words, status, says):
    monkeypatch.chdir(tmp_path)
    Path("there.yaml").write_text("mine", "utf-8")
    assert says in complaint(run("new", *words), status)
    assert os.listdir() == ["there.yaml"]
    assert Path("there.yaml").read_text("utf-8") == "mine"
