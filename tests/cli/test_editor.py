"""--edit: a draft in an editor, read back, shown again until it is right, and never lost."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from unittest import mock

import pytest
from cli.books import HEAD, recorded
from cli.door import complaint, logged, run
from hypothesis import given
from hypothesis import strategies as st

from postmortem.cli.draft import Form, yaml
from postmortem.cli.kinds import kinds
from postmortem.core.errors import StoreLocked
from postmortem.core.fields import When
from postmortem.core.times import parse_span
from postmortem.importers.document import read
from postmortem.testing.fields import NASTY, words
from postmortem.tracker import Tracker


@pytest.fixture
def store(tmp_path, monkeypatch) -> Path:
    """A store with declarations alone; drafts that are kept lie beside it."""
    monkeypatch.chdir(tmp_path)
    recorded(tmp_path / "store.db", HEAD)
    return tmp_path / "store.db"


@pytest.fixture
def editor(tmp_path, monkeypatch):
    """An editor that follows a script: a visit replaces some texts; None leaves the file alone."""
    script, seen = tmp_path / "editor.py", tmp_path / "seen"
    seen.mkdir()

    def follow(*visits: dict[str, str] | str | None) -> list[str]:
        script.write_text(
            f"import pathlib, sys\nvisits = {visits!r}\nseen = pathlib.Path({str(seen)!r})\n"
            "file = pathlib.Path(sys.argv[1])\n"
            "text, number = file.read_text('utf-8'), len(list(seen.iterdir()))\n"
            "(seen / f'{number:03}').write_text(text, 'utf-8')\n"
            "visit = visits[number]\n"
            "if isinstance(visit, dict):\n"
            "    for old, new in visit.items():\n"
            "        assert old in text, (old, text)\n"
            "        text = text.replace(old, new)\n"
            "elif visit is not None:\n"
            "    text = visit\n"
            "if visit is not None:\n"
            "    file.write_text(text, 'utf-8')\n",
            "utf-8",
        )
        monkeypatch.setenv("VISUAL", shlex.join([sys.executable, str(script)]))

    follow.seen = lambda: [path.read_text("utf-8") for path in sorted(seen.iterdir())]  # type: ignore[attr-defined]
    return follow


def drafts(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("postmortem-draft-*.yaml"))


def test_the_draft_explains_every_field_and_holds_what_was_given(store, editor):
    editor({"service:\n": "service: s\n", "note:\n": "note: |-\n  two\n  lines\n"})
    ran = run("--db", store, "record", "service-down", "--at", "2024-01-05", "--edit")
    assert ran.out.startswith("recorded s-down at position 8 "), ran.err
    (shown,) = editor.seen()
    for field in kinds()["service-down"].fields:
        if field.name not in ("replaces", "clerical"):
            assert f"\n{field.name}:" in shown
            says = field.says.removeprefix("true: ").split(";")[0]
            assert says in shown or field.name == "id"
    assert "\nat: 2024-01-05\n" in shown
    with Tracker(str(store)) as held:
        assert held.view.logged(8).body["note"] == "two\nlines"
    assert drafts(store.parent) == []


def test_it_is_shown_again_with_what_is_wrong_until_it_is_right(store, editor):
    editor(
        {"service:\n": "service: z\n"},
        {"service: z\n": "service: s\nservices: t\n"},
        {"services: t\n": 'reason: "open\n'},
        {'reason: "open\n': "", "at: 2024-01-05\n": "at: never\n"},
        {"at: never\n": "at: -2h\n"},
    )
    ran = run("--db", store, "record", "service-down", "--at", "2024-01-05", "--edit")
    assert ran.out.startswith("recorded s-down at position 8 "), ran.err
    heads = [shown.splitlines()[:3] for shown in editor.seen()]
    assert heads[1][0] == "#! not recorded: --service: there is no service 'z'"
    line = editor.seen()[2].splitlines().index("services: t") + 1
    assert heads[2][:2] == [
        f"#! not recorded: line {line}: unknown key 'services'",
        "#! did you mean service?",
    ]
    assert heads[3][0].startswith("#! not recorded: line ")
    assert "no YAML" in heads[3][0]
    assert heads[4][0].startswith("#! not recorded: --at: cannot read the time 'never'")
    assert [head[2:] for head in heads[1:]] == [[""]] * 4


def test_a_file_left_as_it_was_cancels(store, editor):
    before = logged(store)
    editor(None)
    words = ["record", "service-down", "--at", "now", "--service", "s", "--edit"]
    said = complaint(run("--db", store, *words))
    assert "nothing is recorded" in said
    assert logged(store) == before
    assert drafts(store.parent) == []


@pytest.mark.parametrize("left", ["", "\n  \n", "# only this\n", "at:\nservice:\n"])
def test_an_empty_file_cancels(store, editor, left):
    before = logged(store)
    editor(left)
    said = complaint(run("--db", store, "record", "service-down", "--edit"))
    assert "nothing is recorded" in said
    assert logged(store) == before


def test_given_up_after_an_error_the_draft_is_kept_and_can_be_gone_on_with(store, editor):
    editor({"service:\n": "service: z\n"}, None, {"service: z\n": "service: s\n"})
    ran = run("--db", store, "record", "service-down", "--at", "now", "--note", "long", "--edit")
    assert (ran.status, ran.out) == (2, "")
    assert "--draft" in ran.err
    (kept,) = drafts(store.parent)
    assert "#!" not in Path(kept).read_text("utf-8")
    ran = run("--db", store, "record", "service-down", "--draft", kept)
    assert ran.out.startswith("recorded s-down at position 8 "), ran.err
    with Tracker(str(store)) as held:
        assert held.view.logged(8).body["note"] == "long"


@pytest.mark.parametrize("error", [StoreLocked("the store is locked"), KeyboardInterrupt()])
def test_whatever_goes_wrong_the_draft_is_kept(store, editor, error):
    editor({"service:\n": "service: s\n"})
    with mock.patch.object(Tracker, "record", side_effect=error):
        ran = run("--db", store, "record", "service-down", "--at", "now", "--edit")
    assert ran.status == (3 if isinstance(error, StoreLocked) else 130)
    (kept,) = drafts(store.parent)
    assert kept in ran.err
    assert "service: s\n" in Path(kept).read_text("utf-8")


@pytest.mark.parametrize("editor_is", ["false", "/nowhere/an-editor"])
def test_an_editor_that_fails_is_the_machines_fault(store, monkeypatch, editor_is):
    monkeypatch.setenv("VISUAL", editor_is)
    said = complaint(run("--db", store, "record", "note", "--edit"), 3)
    assert "VISUAL" in said


def test_a_draft_that_is_not_there(store):
    said = complaint(run("--db", store, "record", "note", "--draft", "nowhere.yaml"))
    assert "nowhere.yaml cannot be read" in said


def test_a_correction_begins_with_the_version_in_force(store, editor):
    words = "record service-down --service s --at 2024-01-05 --cites src#1 --meta k=v"
    assert run("--db", store, *words.split(), "--reason", "a: 'b'\nc").status == 0
    editor({"cites: [src#1]": "cites: [src#1, src#2]", "clerical:\n": "clerical: true\n"})
    ran = run("--db", store, "correct", "s-down", "--effect", "degraded", "--edit")
    assert ran.status == 0, ran.err
    (shown,) = editor.seen()
    assert "\nat: 2024-01-05\n" in shown
    assert "\neffect: degraded\n" in shown
    with Tracker(str(store)) as held:
        old, new = (held.view.logged(position).body for position in (8, 9))
    assert new == {
        **old,
        "effect": "degraded",
        "cites": ["src#1", "src#2"],
        "clerical": True,
        "replaces": "s-down",
    }


def test_declarations_and_retractions_can_be_edited(store, editor):
    editor({"requires:\n": "requires:\n  all_of: [c, {optional: t}]\n"})
    ran = run("--db", store, "declare", "capability", "e", "--edit", "--name", "E")
    assert ran.status == 0, ran.err
    assert "\nid:" not in editor.seen()[0]
    assert run("--db", store, "record", "note", "--text", "x", "--at", "now").status == 0
    editor(None, {"reason:\n": "reason: no\n"})
    ran = run("--db", store, "retract", "note", "--edit")
    assert ran.out.startswith("retracted note, by note-retracted,"), ran.err


# --- the draft as text ----------------------------------------------------------------------------


# U+FFFE and U+FFFF may be said, but no file may hold them, and a draft is a file.
TEXTS = (
    st.sampled_from([text for text in NASTY if text])
    | words().filter(bool)
    | st.sampled_from(["- a", "a: b", "a #b", "'", '"', "|-", "@x:-1m", "-2h", "..2021", "2021..",
                       "...", "---", "true", "~", "{a", "a\n b", " a", "a ", "a\n", "\na", "a\n\nb",
                       "2021-01-10T23:59[Europe/Berlin]", "x:", "?", "!a", "&a", "*a", "%a", "`a"])
).filter(lambda text: not set(text) & {"\ufffe", "\uffff"})  # fmt: skip
VALUES = st.recursive(
    TEXTS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(TEXTS.filter(lambda key: len(key) < 500), inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_whatever_a_field_holds_is_read_back_from_the_draft(value):
    assert read(f"key: {yaml(value)}\nnext: x\n".encode(), "draft").plain() == {
        "key": value,
        "next": "x",
    }


@given(st.data(), st.sampled_from(sorted(kinds())))
def test_a_draft_that_nobody_touched_holds_what_it_was_given(data, name):
    kind = kinds()[name]
    given = {}
    for field in kind.fields:
        if not data.draw(st.booleans()):
            continue
        if field.takes == "time":
            written = data.draw(
                st.sampled_from(["2021-01-10Z..", "2021-01-10T00:00Z", "..2021-01-10"])
            )
            given[field.name] = When(parse_span(written.replace("Z..", ".."), "UTC"), written)
        elif field.many:
            given[field.name] = ["a1#p. 3", "b"]
        elif field.takes == "mapping":
            given[field.name] = {"k": data.draw(TEXTS), "m": {"n": ["x", "y"]}}
        elif field.takes == "formula":
            given[field.name] = {"at_least": {"count": "2", "of": ["a", {"optional": "b"}, "c"]}}
        elif field.takes == "truth":
            given[field.name] = "true"
        else:
            given[field.name] = data.draw(TEXTS)
    form = Form(kind, "title", kind.fields, given)
    assert form.read(form.text()) == given
