"""The command line as the tests call it: inside this process, or as a program of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from postmortem.cli import run as run_command

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
FOUNDING = ROOT / "seeds" / "parler-2021.yaml"
POSTMORTEM = (sys.executable, "-m", "postmortem")


@dataclass(frozen=True)
class Ran:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer, where it was one JSON document; a failed command has none."""
        assert self.status == 0, self.err
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its answers, where they were JSON Lines."""
        assert self.status == 0, self.err
        return [json.loads(line) for line in self.out.splitlines()]


def run(*arguments: object, stdin: str = "") -> Ran:
    """Runs one command inside this process; quick, and nothing but the process is left out."""
    out, err = _stream(), _stream()
    with (
        mock.patch.object(sys, "stdin", _stream(stdin)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        status = run_command([*map(str, arguments)])
        out.flush()
        err.flush()
    return Ran(status, _text(out), _text(err))


def _stream(text: str = "") -> io.TextIOWrapper:
    # surrogateescape: some tests write bytes that are no text
    return io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogateescape")), encoding="utf-8")


def _text(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")


def environment(**more: str) -> dict[str, str]:
    """An environment for a program of its own: none of the person's settings."""
    ours = ("PATH", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR")
    kept = {name: os.environ[name] for name in ours if name in os.environ}
    return {**kept, "HOME": os.devnull, **more}


def program(
    *arguments: object,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    command: tuple[str, ...] = POSTMORTEM,
) -> Ran:
    """Runs one command as a program of its own, as somebody types it."""
    done = subprocess.run(
        [*command, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=environment(**env or {}),
        cwd=cwd or ROOT,
        check=False,
        timeout=100,
    )
    return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())


# --- what a store holds, looked at behind the program's back --------------------------------------


@contextlib.contextmanager
def looked_into(store: Path) -> Iterator[sqlite3.Connection]:
    """The database, read only; writable where somebody who was killed left a journal to undo."""
    for mode in ("ro", "rw"):
        uri = f"{store.as_uri()}?mode={mode}"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            try:
                connection.execute("SELECT count(*) FROM sqlite_master")
            except sqlite3.OperationalError:
                continue
            yield connection
            return


def positions(store: Path) -> list[int]:
    """The positions of the log, in order; none where there is no log yet."""
    if not store.exists() or not store.stat().st_size:
        return []
    with looked_into(store) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        if ("stored_events",) not in tables:
            return []
        return [
            row[0] for row in connection.execute("SELECT position FROM stored_events ORDER BY 1")
        ]


def logged(store: Path) -> list[tuple[Any, ...]]:
    """Every row of the log."""
    with looked_into(store) as connection:
        return connection.execute("SELECT * FROM stored_events ORDER BY position").fetchall()


def complaint(ran: Ran, status: int = 2) -> str:
    """What a command that failed said: one message on standard error, and nothing else.

    A message is a line that begins with the program's name, and hints that are indented.
    """
    assert "Traceback" not in ran.err, ran.err
    first, *hints = ran.err.splitlines() or [""]
    assert ran.status == status, (ran.status, ran.out, ran.err)
    assert first.startswith("postmortem: "), ran.err
    assert all(hint.startswith("  ") for hint in hints), ran.err
    assert len(hints) <= 1, ran.err
    assert not ran.out, ran.out
    return ran.err
