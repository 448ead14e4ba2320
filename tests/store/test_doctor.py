"""The doctor: what can be read of a damaged store is told and saved; the store stays as it is."""

from __future__ import annotations

import json
import random
import shutil

import pytest
from cli.door import run
from cli.test_schema import answer
from jsonschema import Draft202012Validator
from store.spoilt import changed, founded, opened

from postmortem.cli.schema import FILE

PAGE = 4096
SCHEMA = Draft202012Validator(answer(json.loads(FILE.read_text("utf-8")), "doctor"))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return founded(tmp_path_factory.mktemp("doctor"))


@pytest.fixture(scope="module")
def lines(store):
    return run("--db", store, "export").out.splitlines()


def examined(store, status=1):
    """What the doctor says, and the lines that he saved; he must change nothing."""
    before = {each: each.read_bytes() for each in store.parent.glob(f"{store.name}*")}
    saved = store.parent / "saved.jsonl"
    ran = run("--db", store, "doctor", "-o", saved, "--json")
    assert ran.status == status, (ran.out, ran.err)
    after = {each: each.read_bytes() for each in store.parent.glob(f"{store.name}*")}
    assert after == before
    document = json.loads(ran.out)
    SCHEMA.validate(document)
    told = run("--db", store, "doctor")
    assert told.status == status
    assert "Traceback" not in told.out + told.err
    return document, saved.read_text("utf-8").splitlines()


def positions(ranges):
    return {place for start, end in ranges for place in range(start, end + 1)}


def test_a_sound_store(store, lines, tmp_path):
    shutil.copyfile(store, tmp_path / "s.db")
    found, saved = examined(tmp_path / "s.db", 0)
    assert found["sound"]
    assert found["readable"] == [[1, len(lines)]]
    assert saved == lines


def pages_of(store, kind):
    """The pages that a table lies on, found by words that only it holds."""
    data = store.read_bytes()
    return sorted({
        place // PAGE for place in range(0, len(data), PAGE)
        if data[place : place + 1] == b"\x0d" and kind in data[place : place + PAGE]
    })  # fmt: skip


@pytest.mark.parametrize("torn", [0, 1, 2, 3, 4, 5])
def test_a_torn_page_costs_what_stood_on_it_and_no_more(torn, store, lines, tmp_path):
    page = pages_of(store, b'"recorded_at":')[torn]
    spoilt = bytearray(store.read_bytes())
    spoilt[page * PAGE + 2048 : (page + 1) * PAGE] = b"\x55" * 2048
    (tmp_path / "s.db").write_bytes(spoilt)
    found, saved = examined(tmp_path / "s.db")
    assert set(saved) <= set(lines)
    assert len(saved) >= len(lines) - 12
    there = positions(found["readable"]) | positions(found["rescued"])
    assert there | positions(found["lost"]) == set(range(1, len(lines) + 1))
    assert len(there) == len(saved)


def test_without_its_first_page_everything_else_is_still_there(store, lines, tmp_path):
    spoilt = bytearray(store.read_bytes())
    spoilt[:PAGE] = bytes(PAGE)
    (tmp_path / "s.db").write_bytes(spoilt)
    found, saved = examined(tmp_path / "s.db")
    assert found["rescued"] == [[1, len(lines)]]
    assert saved == lines
    # and what was saved makes a store that answers the same
    ran = run("--db", tmp_path / "new.db", "import", "--keep-recorded", tmp_path / "saved.jsonl")
    assert ran.status == 0, ran.err
    assert run("--db", tmp_path / "new.db", "verify").status == 0


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_short(part, store, lines, tmp_path):
    whole = store.read_bytes()
    (tmp_path / "s.db").write_bytes(whole[: int(len(whole) * part)])
    found, saved = examined(tmp_path / "s.db")
    right = {json.loads(line)["id"]: json.loads(line)["data"] for line in lines}
    for line in saved:  # words may be lost where the event is not
        event = json.loads(line)
        assert event["data"]["envelope"] == right[event["id"]]["envelope"]
        said = right[event["id"]]["disclosures"]
        assert all(each in said for each in event["data"]["disclosures"])
    assert any("cut short" in trouble for trouble in found["troubles"])


def test_a_lost_wal_takes_only_what_was_in_it(store, lines, tmp_path):
    """Without its -wal the file is the store of before; the tree has no word of what is gone."""
    live = tmp_path / "live.db"
    shutil.copyfile(store, live)
    with opened(live) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM stored_events").fetchone()  # no checkpoint meanwhile
        note = ["record", "note", "--text", "One more.", "--at", "2021-02-01T12:00Z"]
        assert run("--db", live, *note).status == 0
        for ending in ("", "-wal"):
            shutil.copyfile(f"{live}{ending}", tmp_path / f"both.db{ending}")
        shutil.copyfile(live, tmp_path / "alone.db")
    found, saved = examined(tmp_path / "both.db", 0)
    assert found["readable"] == [[1, len(lines) + 1]]
    assert found["beside"]["-wal"] > 0
    (tmp_path / "saved.jsonl").unlink()
    found, saved = examined(tmp_path / "alone.db", 0)
    assert saved == lines


@pytest.mark.parametrize("data", [b"", b"hello", b"SQLite format 3\x00", b"\x00" * 9000])
def test_what_is_no_store_at_all(data, tmp_path):
    (tmp_path / "s.db").write_bytes(data)
    found, saved = examined(tmp_path / "s.db")
    assert not saved
    assert found["last_position"] == 0


def test_nothing_there(tmp_path):
    assert run("--db", tmp_path / "none.db", "doctor").status == 3
    assert run("--db", tmp_path, "doctor").status == 3


def test_what_was_changed_is_told_from_what_is_damaged(store, lines, tmp_path):
    spoilt = changed(
        store,
        tmp_path / "s.db",
        "UPDATE stored_events SET state = CAST(replace(CAST(state AS TEXT), 'zone', 'zoné') AS "
        "BLOB) WHERE position = 1",
    )
    found, saved = examined(spoilt)
    assert found["doubtful"] == [[1, 1]]
    assert saved[1:] == lines[1:]


@pytest.mark.parametrize("seed", range(12))
def test_noise_anywhere_raises_nothing(seed, store, lines, tmp_path):
    dice = random.Random(seed)
    spoilt = bytearray(store.read_bytes())
    for _ in range(dice.choice([1, 5, 40])):
        start = dice.randrange(len(spoilt))
        noise = dice.randbytes(dice.choice([1, 30, 600]))
        spoilt[start : start + len(noise)] = noise
    (tmp_path / "s.db").write_bytes(spoilt)
    for command in ("doctor", "verify", "check", "log"):
        ran = run("--db", tmp_path / "s.db", command)
        assert ran.status in (0, 1, 3), (command, ran.err)
    _, saved = examined(tmp_path / "s.db", run("--db", tmp_path / "s.db", "doctor").status)
    for line in saved:
        json.loads(line)


def test_nothing_is_overwritten(store, tmp_path):
    (tmp_path / "there").write_text("mine")
    assert run("--db", store, "doctor", "-o", tmp_path / "there").status == 2
    assert (tmp_path / "there").read_text() == "mine"
