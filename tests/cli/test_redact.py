"""Withdrawal: the words go from everywhere, the record says so, and nothing else changes."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from cli.books import HEAD, recorded
from cli.door import FOUNDING, ROOT, complaint, logged, run

from postmortem.cli.commands import ASK, COMMANDS, PUBLISH, TRUST
from postmortem.cli.kinds import WITHHELD
from postmortem.core.events import WordsWithheld
from postmortem.store import erasure, readmodel

WORDS = "Jonathan Xylander-Quist of Sleet Lane said “it’s over”"
PLACE = ("wrote", "text")
WHY = ("--reason", "asked by his family", "--basis", "GDPR Art. 17(1)(c)")
BOOK = (
    HEAD
    + f"""
  - {{id: wrote, type: note, at: 2024-01-06T02:00Z, about: s, public: true, cites: [src],
     text: {json.dumps(WORDS)}}}
  - {{id: hidden, type: note, at: 2024-01-05T01:00Z, text: For us alone. }}
  - {{id: down, type: service-down, service: s, at: 2024-01-06T00:00Z, reason: A cable. }}
  - {{id: down-2, type: service-down, service: s, at: 2024-01-06T01:00Z, reason: A cable.,
     replaces: down }}
  - {{id: inc, type: incident-opened, at: 2024-01-06T00:00Z, title: Down, services: [s]}}
  - {{id: summary, type: text-written, incident: inc, at: 2024-01-07T00:00Z, part: summary,
     text: A summary by Quentin Ysolde.}}
"""
)


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(erasure, "PATIENCE", 0.0)
    monkeypatch.setenv("POSTMORTEM_BY", "Recorder Zed-Mallory")
    store = tmp_path / "store.db"
    recorded(store, BOOK)
    (tmp_path / "book.yaml").write_text(BOOK)
    return store


def redact(db: Path, *words: str, why: tuple[str, ...] = WHY):
    return run("--db", db, "redact", *words, *why)


def found_in_files(db: Path, words: str) -> list[str]:
    """The store's files that hold the words in any form; looked for in the test's own way."""
    forms = {
        words.encode(),
        json.dumps(words)[1:-1].encode(),
        words.encode("utf-16-le"),
        words.encode("utf-16-be"),
    }
    return [
        file.name
        for file in db.parent.glob(f"{db.name}*")
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    ]


ASKING = [
    ["log"], ["log", "--json"], ["log", "--format", "csv"], ["log", "--format", "markdown"],
    ["show", "wrote"], ["show", "wrote", "--json"], ["show", "wrote", "--format", "csv"],
    ["show", "withheld:wrote:text"], ["show", "withheld:wrote:text", "--json"], ["show", "s"],
    ["history", "wrote"], ["history", "wrote", "--json"], ["timeline"], ["timeline", "--json"],
    ["timeline", "--all"], ["timeline", "--format", "csv"], ["search", "family"],
    ["search", "Xylander"], ["search", "Xylander", "--json"], ["search", "wrote"],
    ["check"], ["check", "--json"], ["lint"], ["lint", "--json"], ["report"],
    ["report", "--format", "html"], ["report", "--format", "json"],
    ["report", "--audience", "public"], ["report", "--language", "de"], ["export"],
    ["export", "--audience", "public"], ["state", "--at", "2024-01-06T12:00Z"],
    ["state", "--at", "2024-01-06T12:00Z", "--json"],
    ["explain", "c", "--at", "2024-01-06T12:00Z"],
    ["explain", "c", "--at", "2024-01-06T12:00Z", "--json"],
    ["diff", "--at", "2024-01-05T00:00Z", "--at", "2024-01-07T00:00Z"],
    ["downtime", "--from", "2024-01-01T00:00Z", "--to", "2024-02-01T00:00Z", "--json"],
    ["measures"], ["cuts", "c"], ["verify"], ["checkpoint"], ["doctor"],
    ["prove", "wrote"], ["coverage"], ["where"], ["schema"],
    ["redact", "wrote", "text", "--dry-run"], ["redact", "wrote", "text", "--dry-run", "--json"],
]  # fmt: skip
SHOWN = [
    ["show", "wrote"], ["show", "wrote", "--format", "csv"], ["log"], ["timeline"],
    ["log", "--format", "csv"], ["history", "wrote"], ["report"], ["report", "--format", "html"],
    ["report", "--format", "json"],
    ["report", "--audience", "public"],
]  # fmt: skip
"""Where the words themselves stood."""


NEEDS_A_FILE = {"verify-report", "verify-proof", "verify-sources"}


def test_every_command_that_shows_something_is_asked():
    showing = {
        name for name, (_, section, _) in COMMANDS.items() if section in (ASK, PUBLISH, TRUST)
    }
    assert showing - NEEDS_A_FILE <= {words[0] for words in ASKING}


def plain(text: str) -> str:
    """Without what escapes it, and how it is laid out."""
    text = text.replace("&#39;", "'").replace("&quot;", '"')
    return " ".join(re.sub(r"\\(u[0-9a-f]{4})?", "", text).split())


def test_no_output_holds_the_words_any_more_and_each_says_why(db):
    whole = [" ".join(words) for words in SHOWN]
    before = {words: run("--db", db, *words.split()).out for words in whole}
    assert [words for words in whole if "Xylander" not in before[words]] == []
    assert redact(db, *PLACE).status == 0
    for words in ASKING:
        ran = run("--db", db, *words)
        assert ran.status in (0, 1), (words, ran.err)
        assert "Xylander" not in ran.out + ran.err or words[:2] == ["search", "Xylander"], words
        assert "Sleet Lane" not in ran.out + ran.err, words
    for words in SHOWN:
        cut = "asked by" if words == ["log"] else "asked by his family]"
        assert f"[withheld: {cut}" in plain(run("--db", db, *words).out), words
    assert "[zurückgehalten: asked by his family]" in plain(
        run("--db", db, "report", "--language", "de").out
    )
    assert run("--db", db, "search", "Xylander", "--json").json["total"] == 0
    told = run("--db", db, "show", "wrote", "--json").json
    assert told["reasons"] == {"text": "asked by his family"}
    assert set(told["body"]["text"]) == {"sd"}


def test_the_files_hold_nothing_of_it(db):
    run("--db", db, "search", "family")
    assert found_in_files(db, WORDS)
    run("--db", db, "rebuild")  # which frees pages that hold the words of the old view
    with contextlib.closing(sqlite3.connect(db)) as held:  # so that the journal stays
        held.execute("SELECT count(*) FROM stored_events").fetchone()
        told = redact(db, *PLACE, "--json").json
        assert (told["erased"], told["found"], told["why_not"]) == (True, 0, None)
        assert found_in_files(db, WORDS) == []
        for word in ("xylander", "Xylander", "quist"):  # the index holds single words
            assert found_in_files(db, word) == []
    assert told["withheld"] == [
        {"position": 8, "entry": "wrote", "field": "text", "by": 14, "already": False, "text": None}
    ]
    assert "backups" in told["beyond_reach"][0]


def test_while_somebody_reads_it_is_not_yet_erased(db):
    with contextlib.closing(
        sqlite3.connect(f"file:{db}?mode=ro", uri=True, isolation_level=None)
    ) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM disclosures").fetchone()
        ran = redact(db, *PLACE)
        assert ran.status == 1
        assert "withheld, not yet erased" in ran.out
        assert "redact --finish" in ran.out
        assert "Xylander" not in run("--db", db, "show", "wrote").out
        assert found_in_files(db, WORDS)
        for words in (["check"], ["backup", str(db.parent / "copy")]):
            assert "redact --finish" in run("--db", db, *words).err
        assert run("--db", db, "redact", "--finish", "--json").status == 1
    done = run("--db", db, "redact", "--finish", "--json")
    assert done.json["erased"] is True
    assert found_in_files(db, WORDS) == []
    assert "redact" not in run("--db", db, "check").err
    assert run("--db", db, "redact", "--finish").status == 0  # as often as one likes


def test_a_crash_right_after_the_withdrawal_is_finished_later(db, monkeypatch):
    def killed(path, texts):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(erasure, "erase", killed)
        assert redact(db, *PLACE).status == 130
    assert "[withheld: asked" in run("--db", db, "show", "wrote").out
    assert "redact --finish" in run("--db", db, "check").err
    assert run("--db", db, "redact", "--finish").status == 0
    assert found_in_files(db, WORDS) == []


def test_what_a_table_still_holds_is_not_called_erased(db):
    with contextlib.closing(sqlite3.connect(db)) as connection, connection:
        connection.execute("CREATE TABLE copied (words TEXT)")
        connection.execute("INSERT INTO copied VALUES (?)", (WORDS,))
    told = redact(db, *PLACE, "--json")
    assert told.status == 1
    assert "table copied" in json.loads(told.out)["why_not"]


def test_the_same_words_elsewhere_are_named_and_left(db):
    assert run(
        *("--db", db, "record", "note", "--id", "again", "--at", "2024-01-09"),
        *("--text", f"He wrote: {WORDS}"),
    ).status == 0  # fmt: skip
    tried = redact(db, *PLACE, "--dry-run", "--json").json
    assert tried["also"] == [
        {"position": 14, "platform": "p", "entry": "again", "field": "text", "can_go": True}
    ]
    assert tried["withheld"][0]["text"] == WORDS
    told = redact(db, *PLACE, "--json").json
    assert told["erased"] is True
    assert told["found"] > 0
    assert [each["entry"] for each in told["also"]] == ["again"]
    assert redact(db, "again", "text", "--json").json["found"] == 0
    assert found_in_files(db, WORDS) == []


def test_short_words_are_not_said_to_be_found(db):
    run("--db", db, "record", "note", "--id", "jo", "--at", "2024-01-09", "--text", "Jo")
    told = redact(db, "jo", "text", "--json").json
    assert (told["erased"], told["short"], told["also"]) == (True, True, [])


def test_all_versions_go_or_the_one_that_is_named(db):
    told = redact(db, "down-2", "reason", "--dry-run", "--json").json
    assert [each["entry"] for each in told["withheld"]] == ["down", "down-2"]
    for only in (["--version", "down-2"], ["--position", "#11"]):
        told = redact(db, "down", "reason", "--dry-run", "--json", *only).json
        assert [each["entry"] for each in told["withheld"]] == ["down-2"]
    assert "no version of down" in complaint(redact(db, "down", "reason", "--version", "wrote"))
    assert redact(db, "down", "reason", "recorded_by", "--json").json["erased"] is True
    told = " ".join(run("--db", db, "history", "down").out.split())  # as if no line ended
    assert told.count("[withheld: asked by his family]") >= 2


def test_nothing_is_recorded_twice_nor_by_trying(db):
    assert "nothing is recorded" in redact(db, *PLACE, "--dry-run", why=()).out
    assert len(logged(db)) == 13
    redact(db, *PLACE)
    again = redact(db, *PLACE)
    assert "withheld already, by #14" in again.out
    assert len(logged(db)) == 14


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["wrote", "at"], "of wrote these can be: text, recorded_by"),
        (["wrote", "id"], "cannot be withdrawn: ids, times"),
        (["wrote", "type"], "cannot be withdrawn"),
        (["wrote", "known_at"], "cannot be withdrawn"),
        (["down", "service"], "cannot be withdrawn"),
        (["down", "effect"], "cannot be withdrawn"),
        (["s", "provider"], "cannot be withdrawn"),
        (["wrote", "nosuch"], "has no field 'nosuch'"),
        (["wrote", "note"], "wrote has no note"),
        (["wrot", "text"], "did you mean wrote?"),
        (["wrote"], "at least one FIELD"),
        ([], "takes an EVENT"),
        (["--finish", "wrote"], "takes no EVENT"),
    ],
)
def test_what_cannot_go_is_refused_and_nothing_is_recorded(db, words, says):
    assert says in complaint(redact(db, *words))
    assert len(logged(db)) == 13


@pytest.mark.parametrize("why", [(), ("--reason", "x"), ("--reason", " ", "--basis", "y")])
def test_reason_and_basis_are_needed(db, why):
    assert "is missing" in complaint(redact(db, *PLACE, why=why))


def test_the_reason_must_not_tell_what_is_withdrawn(db):
    why = ("--reason", f"{WORDS.upper()}!", "--basis", "x")
    assert "holds the very words" in complaint(redact(db, *PLACE, why=why))


def test_a_reason_that_tells_too_much_can_be_withdrawn_itself(db):
    redact(db, *PLACE, why=("--reason", "Mrs Xanthippe asked", "--basis", "b"))
    assert redact(db, "withheld:wrote:text", "reason").status == 0
    assert found_in_files(db, "Xanthippe") == []
    assert "[withheld: the reason is withheld too]" in run("--db", db, "show", "wrote").out
    assert "[withheld: asked by" in run("--db", db, "show", "withheld:wrote:text").out
    assert run("--db", db, "verify").status == 0


def test_a_hostile_reason_does_nothing(db):
    why = ("--reason", "a *b* [x](javascript:alert(1)) <script> `c` | \u202e =1+1", "--basis", "b")
    assert redact(db, "summary", "text", why=why).status == 0
    for words in (["show", "summary"], ["log"], ["report"], ["report", "--format", "html"]):
        out = run("--db", db, *words).out
        assert "\u202e" not in out, words
        if words[0] == "report":
            assert "<script>" not in out.replace("\\<script", "")
            assert "--format" in words or "[x](javascript" not in out  # HTML has its own escapes
            assert 'href="javascript' not in out
    assert "control character" in complaint(
        redact(db, *PLACE, why=("--reason", "\x1b[31mred", "--basis", "b"))
    )


# --- nothing else changes -------------------------------------------------------------------------

EVERY_TEXT = ["wrote text", "down reason", "source:src title", "summary text", "inc title"]


@pytest.mark.parametrize("place", EVERY_TEXT)
def test_answers_tree_and_proofs_stay(db, place):
    asked = [
        *(["state", "--at", f"2024-01-0{day}T12:00Z", "--json"] for day in (4, 5, 6, 7)),
        ["downtime", "--from", "2024-01-01T00:00Z", "--to", "2024-02-01T00:00Z", "--json"],
        ["cuts", "d", "--json"],
        ["state", "--at", "2024-01-06T12:00Z", "--known-at", "2024-01-06T13:00Z", "--json"],
    ]
    before = [run("--db", db, *words).out for words in asked]
    events = logged(db)
    check = db.parent / "kept"
    check.write_text(run("--db", db, "checkpoint").out)
    assert redact(db, *place.split()).status == 0
    assert [run("--db", db, *words).out for words in asked] == before
    assert logged(db)[: len(events)] == events
    assert run("--db", db, "verify", "--checkpoint", check).status == 0
    with contextlib.closing(sqlite3.connect(db)) as connection:
        rows = readmodel.rows(connection)
    assert run("--db", db, "rebuild").status == 0
    with contextlib.closing(sqlite3.connect(db)) as connection:
        assert readmodel.rows(connection) == rows
    assert run("--db", db, "state", "--at", "2024-01-06T12:00Z").status == 0


def test_a_published_document_says_withheld_since(db):
    for name in ("r.md", "r.html"):
        run("--db", db, "report", "-o", db.parent / name)
    redact(db, *PLACE)
    for name in ("r.md", "r.html"):
        ran = run("--db", db, "verify-report", db.parent / name)
        assert ran.status == 1
        assert "withheld since: asked by his family" in ran.out
        assert "the facts follow from the record" in ran.out
        assert "as it was written, byte by byte" in ran.out
        assert "Xylander" not in ran.out
        found = json.loads(run("--db", db, "verify-report", db.parent / name, "--json").out)
        assert found["follows"] is True
        assert [each["reason"] for each in found["withheld_since"]] == ["asked by his family"]
    run("--db", db, "report", "-o", db.parent / "new.md")
    assert run("--db", db, "verify-report", db.parent / "new.md").status == 0


# --- nothing brings it back -----------------------------------------------------------------------


def test_a_casebook_imported_again_brings_nothing_back(db):
    redact(db, *PLACE)
    redact(db, "source:src", "title")
    for amend in ([], ["--amend"]):
        ran = run("--db", db, "import", *amend, db.parent / "book.yaml")
        assert (ran.status, ran.out.count("0 recorded")) == (0, 1), ran.err
        assert "not brought back: 2 texts" in ran.err
    changed = BOOK.replace("publisher: Somebody", "publisher: Other") + (
        f"  - {{id: wrote-2, type: note, at: 2024-01-05, replaces: wrote, text: {WORDS!r}}}\n"
    )
    (db.parent / "changed.yaml").write_text(changed.replace('"', '"'))
    assert run("--db", db, "import", "--amend", db.parent / "changed.yaml").status == 0
    assert found_in_files(db, WORDS) == []
    assert "[withheld: asked" in run("--db", db, "show", "source:src").out
    assert "Other" in run("--db", db, "show", "source:src").out
    assert "[withheld: asked" in run("--db", db, "show", "wrote-2").out
    assert run("--db", db, "verify").status == 0


def test_an_exported_log_of_before_brings_nothing_back(db):
    old, new = db.parent / "old.jsonl", db.parent / "new.jsonl"
    run("--db", db, "export", "-o", old)
    redact(db, *PLACE)
    run("--db", db, "export", "-o", new)
    assert "not brought back: 1 text" in run("--db", db, "import", old).err
    assert found_in_files(db, WORDS) == []
    assert WORDS not in new.read_text()
    # both put together by hand: the later line says that the words went
    merged = old.read_text() + new.read_text().splitlines()[-1] + "\n"
    (db.parent / "merged.jsonl").write_text(merged)
    for option in (["--keep-recorded"], []):
        copy = db.parent / f"copy{len(option)}.db"
        assert run("--db", copy, "import", *option, db.parent / "merged.jsonl").status == 0
        assert found_in_files(copy, WORDS) == []
        assert "[withheld: asked" in run("--db", copy, "show", "wrote").out
        assert run("--db", copy, "verify").status == 0
    # and nothing is deleted by an import
    other = db.parent / "other.db"
    run("--db", other, "import", old)
    assert "nothing is deleted by an import" in complaint(run("--db", other, "import", new))


def test_what_is_typed_again_is_meant(db):
    redact(db, "source:src", "title")
    redact(db, *PLACE)
    declared = run("--db", db, "declare", "source", "src", "--lang", "en", "--amend")
    assert declared.status == 0, declared.err
    assert "[withheld: asked" in run("--db", db, "show", "source:src").out
    run("--db", db, "declare", "source", "src", "--title", "A neutral title", "--amend")
    assert "A neutral title" in run("--db", db, "show", "source:src").out
    ran = run("--db", db, "correct", "wrote", "--at", "2024-01-05T02:00Z")
    assert "text is withheld, and stays so" in ran.out
    assert "[withheld: asked" in run("--db", db, "show", "wrote-2").out
    run("--db", db, "correct", "wrote", "--text", "Other words.")
    assert "Other words." in run("--db", db, "show", "wrote-3").out
    assert run("--db", db, "verify").status == 0


def test_a_public_export_is_a_part_of_the_whole_to_the_byte(db):
    redact(db, "hidden", "text", why=("--reason", "why hidden", "--basis", "b"))
    public = db.parent / "public.jsonl"
    run("--db", db, "export", "--audience", "public", "-o", public)
    text = public.read_text()
    for kept in ("For us alone", "Zed-Mallory", "Quentin", "A source", "why hidden"):
        assert kept not in text
    assert "Xylander" in text
    copy, anew = db.parent / "copy.db", db.parent / "anew.db"
    assert run("--db", copy, "import", "--keep-recorded", public).status == 0
    assert [row[:7] for row in logged(copy)] == [row[:7] for row in logged(db)]
    roots = [run("--db", store, "checkpoint").out.splitlines()[2] for store in (db, copy)]
    assert roots[0] == roots[1]
    assert run("--db", copy, "verify").status == 0
    assert "[withheld: not in this copy]" in run("--db", copy, "show", "source:src").out
    assert run("--db", anew, "import", public).status == 0
    assert "[withheld: not in this copy]" in run("--db", anew, "show", "summary").out
    assert "Xylander" in run("--db", anew, "show", "wrote").out
    assert "0 recorded" in run("--db", db, "import", public).out  # it says nothing else
    assert "A summary" in run("--db", db, "show", "summary").out


# --- around it ------------------------------------------------------------------------------------


def test_kept_sources_that_hold_the_words_are_named(db):
    folder = Path(f"{db}.sources") / "sha256" / "ab"
    folder.mkdir(parents=True)
    (folder / "cdef").write_text(f"<p>{WORDS}</p>")
    (folder / "0123").write_text("nothing of it")
    assert redact(db, *PLACE, "--json").json["snapshots"] == [str(folder / "cdef")]
    assert (folder / "cdef").exists()


def test_other_platforms_are_left_alone(db):
    recorded(db, BOOK.replace("{id: p,", "{id: q,"))
    told = run("--db", db, "redact", "wrote", "text", "--platform", "q", *WHY, "--json").json
    assert [each["platform"] for each in told["also"]] == ["p"]
    assert "Xylander" in run("--db", db, "show", "wrote", "--platform", "p").out
    assert "Xylander" not in run("--db", db, "show", "wrote", "--platform", "q").out


def test_an_empty_or_missing_store(tmp_path):
    complaint(run("--db", tmp_path / "none.db", "redact", "x", "y", *WHY), 3)
    complaint(run("--db", tmp_path / "none.db", "redact", "--finish"), 3)


def test_event_and_field_are_completed(db):
    from cli.test_completion import completed

    assert "wrote" in completed(db, "redact", "wr")
    assert completed(db, "redact wrote") == ["text", "recorded_by"]
    assert completed(db, "redact down", "re") == ["reason", "recorded_by"]
    assert completed(db, "redact nothing-such") == []


def test_the_answers_fit_their_schema(db):
    from cli.test_schema import check

    for words in ([*PLACE, "--dry-run"], PLACE, PLACE, ["--finish"], ["s", "recorded_by"]):
        why = () if "--finish" in words else WHY
        check("redact", json.loads(redact(db, *words, *["--json"], why=why).out), words)
    for words in (["log"], ["show", "wrote"], ["history", "wrote"], ["search", "family"]):
        check(words[0], run("--db", db, *words, "--json").json, words)
    check("show", run("--db", db, "show", "withheld:wrote:text", "--json").json, "a withdrawal")


def test_the_kind_is_the_class():
    named = {field.name: (field.says, field.said) for field in WITHHELD.fields}
    for name, info in WordsWithheld.model_fields.items():
        if name != "id":
            assert str(info.description).startswith(named[name][0])
            assert named[name][1] == (name in WordsWithheld.said())
    assert WITHHELD.type == WordsWithheld.TYPE
    assert WITHHELD.says == (WordsWithheld.__doc__ or "").split("\n")[0].rstrip(".")


def test_the_founding_case(tmp_path):
    store = tmp_path / "postmortem.db"
    shutil.copy(FOUNDING, tmp_path / "book.yaml")
    run("--db", store, "import", tmp_path / "book.yaml")
    told = run("--db", store, "redact", "washington", "text", "note", *WHY, "--json").json
    assert told["erased"] is True
    assert len(told["withheld"]) == 2
    assert "0 recorded" in run("--db", store, "import", "--amend", tmp_path / "book.yaml").out
    assert ROOT.exists()
