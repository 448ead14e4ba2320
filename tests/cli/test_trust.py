"""checkpoint, verify, prove, verify-proof: what a sceptic does with the store, and without it."""

import json
import os
import shutil
import sqlite3
import stat
from contextlib import closing

import pytest
from cli.books import HEAD, all_events, recorded
from cli.door import FOUNDING, complaint, run
from cli.test_schema import answer
from jsonschema import Draft202012Validator

from postmortem.cli.schema import FILE

DESCRIBED = json.loads(FILE.read_text("utf-8"))


def fits(name, text):
    document = json.loads(text)
    Draft202012Validator(answer(DESCRIBED, name)).validate(document)
    return document


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    store = tmp_path_factory.mktemp("trust") / "s.db"
    assert run("--db", store, "import", FOUNDING).status == 0
    return store


@pytest.fixture
def store(founded, tmp_path):
    """A store of one's own."""
    shutil.copyfile(founded, tmp_path / "s.db")
    return tmp_path / "s.db"


def note(store, text="One more."):
    at = "2021-02-01T12:00Z"
    assert run("--db", store, "record", "note", "--text", text, "--at", at).status == 0


@pytest.fixture
def key(store, tmp_path):
    """A new key's file, and its public half."""
    ran = run(
        "--db", store, "checkpoint", "--new-key", tmp_path / "key", "--origin", "example.com/parler"
    )
    assert ran.status == 0, ran.err
    return tmp_path / "key", ran.out.strip()


# --- checkpoint -----------------------------------------------------------------------------------


def test_a_checkpoint_is_three_lines_and_the_log_goes_on_extending_it(store, tmp_path):
    ran = run("--db", store, "checkpoint")
    origin, size, root = ran.out.splitlines()
    assert ran.out.endswith("\n")
    kept = tmp_path / "kept"
    kept.write_text(ran.out)
    document = fits("checkpoint", run("--db", store, "checkpoint", "--json").out)
    assert (document["origin"], document["size"], document["root"]) == (origin, int(size), root)
    assert document["note"] == ran.out
    note(store)
    ran = run("--db", store, "verify", "--checkpoint", kept)
    assert ran.status == 0
    assert "it extends the checkpoint" in " ".join(ran.out.split())
    assert "is not signed" in " ".join(ran.out.split())


def test_an_empty_log_has_one_too(tmp_path):
    (tmp_path / "e.jsonl").write_text("")
    store = tmp_path / "e.db"
    assert run("--db", store, "import", "--keep-recorded", tmp_path / "e.jsonl").status == 0
    kept = tmp_path / "kept"
    assert run("--db", store, "checkpoint", "-o", kept).status == 0
    assert kept.read_text().splitlines()[1:] == [
        "0", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ]  # fmt: skip
    assert run("--db", store, "verify", "--checkpoint", kept).status == 0


def test_a_key_is_its_owners_alone_and_never_made_twice(store, key):
    file, public = key
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert public.startswith("example.com/parler+")
    assert public.count("\n") == 0
    again = run("--db", store, "checkpoint", "--new-key", file)
    assert "exists already" in complaint(again)
    secret = file.read_text().strip().split("+", 4)[4]  # base64 may hold a plus as well
    assert len(secret) == 44
    assert secret.encode() not in store.read_bytes()


def test_a_signed_checkpoint_is_told_from_one_that_says_to_be(store, key, tmp_path):
    file, public = key
    kept = tmp_path / "kept"
    assert run("--db", store, "checkpoint", "--key", file, "-o", kept).status == 0
    assert kept.read_text().startswith("example.com/parler\n")
    ran = run("--db", store, "verify", "--checkpoint", kept, "--key", public, "--json")
    document = fits("verify", ran.out)
    assert (ran.status, document["holds"]) == (0, True)
    assert [each["good"] for each in document["checkpoints"][0]["signatures"]] == [True]
    for given in (file, kept.parent / "public"):
        (kept.parent / "public").write_text(public + "\n")
        ran = run("--db", store, "verify", "--checkpoint", kept, "--key", given)
        assert ran.status == 0
        assert "is signed by example.com/parler+" in " ".join(ran.out.split())
    unasked = run("--db", store, "verify", "--checkpoint", kept)
    assert unasked.status == 0
    assert "says to be signed" in unasked.out
    # the origin is signed as well: another one, and the signature is none of it
    kept.write_text(kept.read_text().replace("example.com/parler\n", "example.com/other\n", 1))
    ran = run("--db", store, "verify", "--checkpoint", kept, "--key", public)
    assert ran.status == 1
    assert "is none of it" in " ".join(ran.out.split())
    other = run("--db", store, "checkpoint", "--new-key", tmp_path / "two", "--origin", "b").out
    ran = run("--db", store, "verify", "--checkpoint", kept, "--key", other.strip())
    assert ran.status == 1
    assert "signed by none of the keys given" in " ".join(ran.out.split())


def test_nothing_is_signed_that_does_not_extend_what_was(store, key, tmp_path):
    file, _ = key
    kept = tmp_path / "kept"
    older = tmp_path / "older.db"
    shutil.copyfile(store, older)
    note(store)
    assert run("--db", store, "checkpoint", "--key", file, "-o", kept).status == 0
    before = kept.read_bytes()
    for options in (["-o", kept], ["--checkpoint", kept]):
        ran = run("--db", older, "checkpoint", "--key", file, *options)
        assert "does not extend" in complaint(ran, 1)
        assert kept.read_bytes() == before
    note(older, "Something else.")
    ran = run("--db", older, "checkpoint", "--key", file, "-o", kept)
    assert "is not the one of this checkpoint" in complaint(ran, 1)
    note(store)
    assert run("--db", store, "checkpoint", "--key", file, "-o", kept).status == 0
    assert kept.read_bytes() != before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["checkpoint", "-o", "BOOK"], "is no checkpoint"),
        (["checkpoint", "--key", "BOOK"], "holds no signing key"),
        (["checkpoint", "--key", "none"], "cannot be read"),
        (["checkpoint", "--origin", " x"], "can be no origin"),
        (["checkpoint", "--origin", "a\nb"], "can be no origin"),
        (["checkpoint", "--new-key", "k", "--origin", "a b"], "no name of a key"),
        (["checkpoint", "--new-key", "k", "--key", "k"], "only makes a key"),
        (["verify", "--checkpoint", "BOOK"], "is no checkpoint"),
        (["verify", "--checkpoint", "none"], "cannot be read"),
        (
            [
                "verify",
                "--key",
                "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            ],
            "says who shall have signed",
        ),
        (["verify", "--key", "BOOK"], "no verifier key"),
        (["prove", "nothing-of-it"], "there is nothing with the id"),
        (["prove", "aws-cut-off", "--checkpoint", "BOOK"], "is no checkpoint"),
        (["verify-proof", "BOOK"], "is no proof"),
        (["verify-proof", "none"], "cannot be read"),
    ],
    ids=str,
)
def test_what_is_wrongly_asked(words, says, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [str(FOUNDING) if word == "BOOK" else word for word in words]
    assert says in complaint(run("--db", store, *words))


def test_without_the_library_all_but_signatures_works(store, key, tmp_path, monkeypatch):
    file, public = key
    kept = tmp_path / "kept"
    assert run("--db", store, "checkpoint", "--key", file, "-o", kept).status == 0
    monkeypatch.setattr("postmortem.store.keys.has_signing", lambda: False)
    assert run("--db", store, "checkpoint").status == 0
    assert run("--db", store, "verify", "--checkpoint", kept).status == 0
    for words in (
        ["checkpoint", "--key", file],
        ["verify", "--checkpoint", kept, "--key", public],
        ["checkpoint", "--new-key", tmp_path / "other"],
    ):
        assert "postmortem-record[sign]" in complaint(run("--db", store, *words))


def test_verifying_needs_a_store(tmp_path):
    assert run("--db", tmp_path / "none.db", "verify").status == 3
    assert run("--db", FOUNDING, "verify").status == 3


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown"])
def test_every_form_tells_the_verdicts(form, store):
    ran = run("--db", store, "verify", "--format", form)
    assert ran.status == 0
    assert "self" in " ".join(ran.out.split())


# --- proofs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["aws-cut-off", "1", "source:leafandcore", "parler"])
def test_an_event_is_proved_without_the_store(event, store, key, tmp_path):
    file, public = key
    kept, proof = tmp_path / "kept", tmp_path / "proof"
    run("--db", store, "checkpoint", "--key", file, "-o", kept)
    note(store)  # the log goes on; the checkpoint that somebody holds serves still
    assert run("--db", store, "prove", event, "--checkpoint", kept, "-o", proof).status == 0
    store.unlink()
    ran = run("verify-proof", proof, "--checkpoint", kept, "--key", public)
    assert ran.status == 0, ran.out
    document = fits("verify-proof", run("verify-proof", proof, "--json").out)
    assert document["included"]
    assert document["position"] == document["envelope"]["position"]
    assert not document["withheld"]


def test_a_proof_may_leave_the_words_at_home(store, tmp_path):
    whole, bare = tmp_path / "whole", tmp_path / "bare"
    run("--db", store, "prove", "aws-cut-off", "-o", whole)
    run("--db", store, "prove", "aws-cut-off", "--without-words", "-o", bare)
    told = run("verify-proof", bare)
    assert told.status == 0
    assert "not told in this proof: " in told.out
    assert "in the night" not in told.out
    assert "in the night" in run("verify-proof", whole).out


def other_event(lines):
    from base64 import b64decode, b64encode

    beside = json.loads(b64decode(lines[1].removeprefix("extra ")))
    beside["event"] = beside["event"].replace("aws", "awt")
    lines[1] = "extra " + b64encode(json.dumps(beside).encode()).decode()


def other_words(lines):
    from base64 import b64decode, b64encode

    beside = json.loads(b64decode(lines[1].removeprefix("extra ")))
    beside["disclosures"][0]["value"] = "somebody else"
    lines[1] = "extra " + b64encode(json.dumps(beside).encode()).decode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (other_event, "does not lead from this event"),
        (other_words, "does not hold these words"),
        (lambda lines: lines.pop(3), "too short"),
        (lambda lines: lines.insert(3, lines[3]), "the path"),
        (lambda lines: lines.__setitem__(2, "index 3"), "the path"),
        (lambda lines: lines.__setitem__(2, "index 3000"), "no leaf"),
        (lambda lines: lines.__setitem__(3, lines[4]), "does not lead from this event"),
        (lambda lines: lines.__setitem__(-2, "3"), "no leaf"),
    ],
    ids=[
        "event",
        "words",
        "shorter",
        "longer",
        "place",
        "far-place",
        "hash",
        "size",
    ],
)
def test_a_proof_that_was_changed(change, says, store, tmp_path):
    proof = tmp_path / "proof"
    run("--db", store, "prove", "aws-cut-off", "-o", proof)
    lines = proof.read_text().splitlines()
    change(lines)
    proof.write_text("\n".join(lines) + "\n")
    ran = run("verify-proof", proof)
    assert ran.status == 1
    assert says in " ".join(ran.out.split())


@pytest.mark.parametrize(
    "extra",
    ["", "e30=", "W10=", "bnVsbA==", "////", "eyJldmVudCI6ICJ4IiwgImRpc2Nsb3N1cmVzIjogW119"],
)
def test_a_proof_with_no_event_beside_it(extra, store, tmp_path):
    proof = tmp_path / "proof"
    run("--db", store, "prove", "aws-cut-off", "-o", proof)
    lines = proof.read_text().splitlines()
    lines[1:2] = [f"extra {extra}"] if extra else []
    proof.write_text("\n".join(lines) + "\n")
    assert "no event beside" in complaint(run("verify-proof", proof))


def test_a_checkpoint_of_another_size_vouches_for_no_proof(store, tmp_path):
    kept, proof = tmp_path / "kept", tmp_path / "proof"
    run("--db", store, "checkpoint", "-o", kept)
    note(store)
    run("--db", store, "prove", "aws-cut-off", "-o", proof)
    ran = run("verify-proof", proof, "--checkpoint", kept)
    assert ran.status == 1
    assert "ask for a proof by yours" in " ".join(ran.out.split())
    late = run("--db", store, "prove", "#88", "--checkpoint", kept)
    assert "and this is number" in complaint(late) or late.status == 2


def test_what_is_hostile_reaches_no_terminal(tmp_path):
    book = HEAD + all_events().replace("words", "\\x1b]0;mine\\x07")
    store = tmp_path / "s.db"
    try:
        recorded(store, book)
    except AssertionError:
        recorded(store, HEAD + all_events())
    kept = tmp_path / "kept"
    kept.write_text("evil\u202e.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
    ran = run("--db", store, "verify", "--checkpoint", kept)
    assert "\u202e" not in ran.out
    for line in run("--db", store, "log", "--json").json["log"][:40]:
        proof = tmp_path / f"p{line['position']}"
        assert run("--db", store, "prove", str(line["position"]), "-o", proof).status == 0
        assert "\x1b" not in run("verify-proof", proof).out


@pytest.mark.parametrize(
    ("trigger", "damage"),
    [
        ("log_no_update", "UPDATE stored_events SET recorded_at = recorded_at + 1"),
        ("log_no_delete", "DELETE FROM stored_events WHERE position = 87"),
        ("tree_no_update", "UPDATE tree_nodes SET hash = zeroblob(32) WHERE number = 9"),
        ("words_no_update", "UPDATE disclosures SET value = '\"other\"' WHERE position = 40"),
        (None, "DELETE FROM disclosures WHERE position = 40"),
        (None, "UPDATE view_version SET known = known + 1 WHERE position = 40"),
        (None, "DELETE FROM view_stretch"),
        (None, "UPDATE view_search SET text = 'other' WHERE position = 40"),
    ],
)
def test_check_and_verify_agree_on_a_damaged_store(trigger, damage, store):
    errors = ("--db", store, "check", "--severity", "error")
    assert run(*errors).status == 0
    assert run("--db", store, "verify").status == 0
    with closing(sqlite3.connect(store)) as connection, connection:
        made = "SELECT sql FROM sqlite_master WHERE name = ?"
        again = connection.execute(made, (trigger,)).fetchone()
        if again:
            connection.execute(f"DROP TRIGGER {trigger}")
        assert connection.execute(damage).rowcount
        if again:
            connection.execute(again[0])
    verified, checked = run("--db", store, "verify", "--json"), run(*errors, "--json")
    assert not json.loads(verified.out)["holds"]
    assert (verified.status, checked.status) == (1, 1)
    assert "C00" in {each["rule"] for each in json.loads(checked.out)}
