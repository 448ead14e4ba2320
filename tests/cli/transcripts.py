"""Transcripts of the command line: run what they type, and compare what they show.

A transcript holds commands, `$ postmortem …`, each followed by what it prints. Lines of standard
error begin with `! `; an exit status other than 0 stands in a last line, `[exit N]`; a line that
begins with `# ` is a remark. A command goes on in the next line after a `\\`, and in lines that
begin with `> `. A line of output that would be taken for one of these has a `\\` before it.

A Markdown document is read in the same way: of its fences those marked ```console count if their
first line is a command of ours, and a fence whose first line is a comment with a file's name
(`# casebook.yaml`) is written to that file. There, nothing marks standard error, exit statuses are
not shown, and a line `…` stands for any lines that were left out.

Nothing depends on when or where: the clock starts at a fixed minute and goes on a minute with
every command, salts and ids come out of a counter, and the folder of the transcript is shown as
`/home/you`.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest import mock
from uuid import UUID

from cli.door import Ran, run

from postmortem import asking
from postmortem.store import ledger, promise

START = 1_796_126_400  # 2026-12-01T12:00:00Z
HOME = "/home/you"
SKIPPED = re.compile(r"\./dev (test|check|lock)\b")
OURS = re.compile(r"\$ (\./dev|export|([A-Z_]+=\S+ )*postmortem)\b")
SHELL = re.compile(r"[|&;<>$`*?(){}~\n]|^[A-Z_]+=|^(?!postmortem\b)")


class Step(NamedTuple):
    """One command, what it should have shown, and what it showed."""

    command: str
    expected: str
    got: str


def run_blocks(text: str, folder: Path, *, marked: bool = False) -> list[Step]:
    """Runs the commands of a transcript or a Markdown document in order, inside the folder.

    `marked`: whether standard error and exit statuses are marked, as in a transcript.
    """
    world = World(folder)
    if marked:
        return [
            Step(command, expected, world.shown(world.run(command), marked))
            for _, command, expected in parse(text)
        ]
    steps = []
    for block in _blocks(text, folder):
        rest = block.splitlines()
        while rest:
            command, rest = _command(rest)
            if SKIPPED.match(command):
                rest = rest[len(list(itertools.takewhile(_is_output, rest))) :]
                continue
            got = world.shown(world.run(command), marked)
            expected, rest = _told(rest, got)
            steps.append(Step(command, expected, _shortened(got, expected)))
    return steps


def _is_output(line: str) -> bool:
    return not line.startswith("$ ")


def _command(lines: list[str]) -> tuple[str, list[str]]:
    """The command that the first lines are, and the lines after it."""
    command = [lines[0].removeprefix("$ ")]
    at = 1
    while at < len(lines) and (command[-1].endswith("\\") or lines[at].startswith("> ")):
        command.append(lines[at].removeprefix("> "))
        at += 1
    return "\n".join(command), lines[at:]


def _text(lines: list[str]) -> str:
    while lines and not lines[-1]:
        lines = lines[:-1]
    return "".join(f"{line}\n" for line in lines)


def _told(lines: list[str], got: str) -> tuple[str, list[str]]:
    """What stands below a command, and the rest.

    It goes on until the next command; but a demo may itself show commands, `$ …`, and what fits
    together with these is taken together.
    """
    ends = [at for at, line in enumerate(lines) if not _is_output(line)] + [len(lines)]
    shows = sum(not _is_output(line) for line in got.splitlines())
    for end in reversed(ends[: shows + 1]):
        if _shortened(got, _text(lines[:end])) == _text(lines[:end]):
            return _text(lines[:end]), lines[end:]
    return _text(lines[: ends[0]]), lines[ends[0] :]


def parse(text: str) -> Iterator[tuple[list[str], str, str]]:
    """The remarks before each command, the command, and what stands below it."""
    remarks: list[str] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            remarks += [lines[at]] * bool(lines[at])
            at += 1
            continue
        command, after = _command(lines[at:])
        at = len(lines) - len(after)
        below = list(
            itertools.takewhile(lambda line: not line.startswith(("$ ", "# ")), lines[at:])
        )
        at += len(below)
        yield remarks, command, _text(below)
        remarks = []


def updated(text: str, steps: list[Step]) -> str:
    """The transcript with what its commands showed now."""
    told = []
    for (remarks, _, _), step in zip(parse(text), steps, strict=True):
        typed = re.sub(r"(?<!\\)\n", "\n> ", step.command)
        told.append("".join(f"{line}\n" for line in remarks) + f"$ {typed}\n{step.got}")
    return "\n".join(told)


def _blocks(text: str, folder: Path) -> Iterator[str]:
    if "```" not in text:
        yield text
        return
    for language, inside in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        named = re.match(r"(?:#|//) ([\w./-]+\.\w+)\n", inside)
        if language == "console" and OURS.match(inside):
            yield inside
        elif named and ".." not in named[1]:
            (folder / named[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / named[1]).write_text(inside, encoding="utf-8")


def _shortened(got: str, expected: str) -> str:
    """The same as `expected` where that only leaves out lines, a `…` for each gap."""
    pieces = [re.escape(piece) for piece in re.split(r"^…\n", expected, flags=re.MULTILINE)]
    return expected if re.fullmatch(r"(?:.*\n)*".join(pieces), got) else got


# --- a world in which everything stands still -----------------------------------------------------


@contextlib.contextmanager
def still(minute: int) -> Iterator[None]:
    """Clock, salts and ids of the program as they are in that minute of every transcript."""
    numbers = itertools.count()

    def token(length: int) -> bytes:
        return hashlib.sha256(f"{minute}/{next(numbers)}".encode()).digest()[:length]

    now = (START + 60 * minute) * 1_000_000_000
    with (
        mock.patch.object(asking, "time", SimpleNamespace(time_ns=lambda: now)),
        mock.patch.object(promise, "secrets", SimpleNamespace(token_bytes=token)),
        mock.patch.object(ledger, "uuid4", return_value=UUID(bytes=token(16), version=4)),
    ):
        yield


def main() -> None:
    """The program of its own that a shell calls `postmortem`."""
    from postmortem.cli import main

    with still(int(os.environ["TRANSCRIPT_MINUTE"])):
        main()


class World:
    """A person at a terminal in a folder: the commands run one after the other."""

    def __init__(self, folder: Path, *, own_program: bool = False, **environment: str) -> None:
        self.folder = folder.resolve()
        self.here = self.folder
        self.own_program = own_program
        self.minutes = itertools.count()
        self.status = 0
        self.environment = {
            "PATH": f"{self.folder / '.bin'}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "TZ": "Asia/Kathmandu",  # nobody's zone: whatever follows it is seen
            "LANG": "C.UTF-8",
            "POSTMORTEM_BY": "you",
            **environment,
        }

    def run(self, command: str) -> Ran:
        """One command line."""
        command = re.sub(r"^\./dev\b", "postmortem", command.replace("\\\n", " "))
        if command == "echo $?":
            return Ran(self.status, f"{self.status}\n", "")
        if command.startswith("export "):
            name, _, value = command[7:].partition("=")
            self.environment[name] = value
            return Ran(0, "", "")
        if command.startswith("cd "):
            self.here = (self.here / command[3:]).resolve(strict=True)
            return Ran(0, "", "")
        in_shell = self.own_program or SHELL.search(command)
        ran = self._shell(command) if in_shell else self._inside(command)
        self.status = ran.status
        return ran

    def _inside(self, command: str) -> Ran:
        with (
            still(next(self.minutes)),
            mock.patch.dict(os.environ, self.environment, clear=True),
            contextlib.chdir(self.here),
        ):
            time.tzset()
            try:
                return run(*shlex.split(command)[1:])
            finally:
                os.environ.pop("TZ")
                time.tzset()

    def _shell(self, command: str) -> Ran:
        program = self.folder / ".bin" / "postmortem"
        if not program.exists():
            program.parent.mkdir()
            program.write_text(
                f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "
                '"import cli.transcripts; cli.transcripts.main()" "$@"\n'
            )
            program.chmod(0o755)
        minute = {"TRANSCRIPT_MINUTE": str(next(self.minutes))}
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.here,
            env=self.environment | minute,
            capture_output=True,
            check=False,
            timeout=100,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def shown(self, ran: Ran, marked: bool) -> str:
        """What there is to see: standard output, then standard error, then the status."""
        assert ran.out == "" or ran.out.endswith("\n"), ran.out[-200:]
        mark = "! " if marked else ""
        text = re.sub(r"^(?=[$#>!] |\\)", r"\\", ran.out, flags=re.MULTILINE) if marked else ran.out
        text += "".join(f"{mark}{line}".rstrip() + "\n" for line in ran.err.splitlines())
        if marked and ran.status:
            text += f"[exit {ran.status}]\n"
        text = text.replace(str(self.folder), HOME).replace("\r\n", "\n")  # CSV ends lines so
        # how many pages a database has is its own business
        return re.sub(r"\b[0-9]{2,3},[0-9]{3} bytes", "NNN,NNN bytes", text).rstrip(
            "\n"
        ) + "\n" * bool(text)
