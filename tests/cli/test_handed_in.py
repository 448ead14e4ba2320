"""What is handed in through a pipe can be read once only, and an import goes through it twice."""

import os
from threading import Thread

import pytest
from cli.books import HEAD
from cli.door import run

BOOK = HEAD + "  - {id: down, type: service-down, service: s, at: 2021-01-10T12:00Z}\n"


@pytest.fixture
def log(tmp_path):
    """An exported log."""
    book = tmp_path / "book.yaml"
    book.write_text(BOOK, "utf-8")
    assert run("--db", tmp_path / "first.db", "import", book).status == 0
    return run("--db", tmp_path / "first.db", "export").out.encode()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("keep", [[], ["--keep-recorded"]])
def test_a_log_out_of_a_pipe_is_imported(log, tmp_path, keep):
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(log,))
    writer.start()
    ran = run("--db", tmp_path / "second.db", "import", *keep, pipe)
    writer.join()
    assert ran.status == 0, ran.err
    assert f"{len(log.splitlines())} recorded" in ran.out
    again = run("--db", tmp_path / "second.db", "export").out.encode()
    assert (again == log) is bool(keep)


def test_what_is_no_file_is_told(tmp_path):
    ran = run("--db", tmp_path / "a.db", "import", tmp_path)
    assert ran.status == 2
    assert "cannot be read" in ran.err
    assert not (tmp_path / "a.db").exists()
