"""What a whole process costs: from the start of the program to its end, and how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from postmortem.bench.ground import Ground
from postmortem.bench.history import made
from postmortem.bench.rows import Row, in_turns, median, percentile
from postmortem.core.times import format_instant
from postmortem.reports import jsonl
from postmortem.store.baselines import Probe

_SCRIPT = os.path.join(os.path.dirname(sys.executable), "postmortem")
_PROGRAM = (_SCRIPT,) if os.path.exists(_SCRIPT) else (sys.executable, "-m", "postmortem")
_LIBRARIES = (sys.executable, "-c", "import click, sqlite3")
_ROUNDS = 21
_MEGABYTE = 1_000_000


def _ran(words: Sequence[str], more: Mapping[str, str] | None = None) -> None:
    subprocess.run(  # noqa: S603  # our own program
        words,
        check=True,
        capture_output=True,
        # what was compiled once is kept, as it is wherever the program is installed
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(more or {})},
    )


def _at(ground: Ground, store: str) -> str:
    probe = Probe(store, ground.platform)
    try:
        low, high = probe.times()
    finally:
        probe.close()
    at = (low + high) // 2
    return format_instant(at - at % 1_000_000)


def _few(ground: Ground) -> str:
    """A store of the size that most have."""
    return ground.own or ground.store(min(ground.sizes))


def cold(ground: Ground) -> Iterator[Row]:
    """From the shell: a question, help, a completion."""
    store = _few(ground)
    platform = () if ground.own is None else ("--platform", ground.platform)
    asked = (*_PROGRAM, "--db", store, "state", *platform, "--at", _at(ground, store), "--json")
    completing = {"_POSTMORTEM_COMPLETE": "bash_complete", "COMP_WORDS": "postmortem st",
                  "COMP_CWORD": "1"}  # fmt: skip
    works = [
        lambda: _ran(_LIBRARIES),
        lambda: _ran(asked),
        lambda: _ran((*_PROGRAM, "--help")),
        lambda: _ran(_PROGRAM, completing),
    ]
    in_turns(works, 2)
    libraries, state, help, completion = in_turns(works, _ROUNDS)
    bare = median(libraries)
    for name, what, times, target, aim in (
        ("cold-state", "`state` in a cold process", state, 1.6, 1.3),
        ("cold-help", "`--help` in a cold process", help, 1.3, 1.15),
        ("cold-completion", "completion in a cold process", completion, 1.3, 1.15),
    ):
        yield Row(name, what, "python -c 'import click, sqlite3'", min(ground.sizes),
                  median(times) / bare, target, aim, False, median(times),
                  percentile(times, 0.99), bare)  # fmt: skip


def _peak(words: Sequence[str]) -> int:
    """The most memory that a process had, in bytes."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ran = subprocess.run(  # noqa: S603  # our own program
        (sys.executable, "-c", code, *words), check=True, capture_output=True, text=True
    )
    return int(ran.stdout) * (1 if sys.platform == "darwin" else 1024)


def memory(ground: Ground) -> Iterator[Row]:
    """How much memory an import takes, and a question."""
    if ground.own is None:
        size = ground.largest
        lines = ground.path("memory.jsonl")
        with open(lines, "w", encoding="utf-8") as file:
            file.writelines(
                jsonl.line(dict(event.envelope), event.said) + "\n"
                for event in made(size, ground.seed)
            )
        ground.told(f"importing {size:,} events")
        peak = _peak((*_PROGRAM, "--db", ground.path("memory.db"), "import", lines))
        os.unlink(lines)
        yield _memory("memory-import", f"memory: import of {size:,} events as JSON Lines", size,
                      peak, 250)  # fmt: skip
        peak = _peak((*_PROGRAM, "--db", ground.store(), "rebuild"))
        yield _memory("memory-rebuild", f"memory: rebuild of {size:,} events", size, peak, None)
    store = ground.store()
    platform = () if ground.own is None else ("--platform", ground.platform)
    peak = _peak(
        (*_PROGRAM, "--db", store, "state", *platform, "--at", _at(ground, store), "--json")
    )
    yield _memory("memory-state", "memory: one `state`", ground.largest, peak, 45)


def _memory(name: str, what: str, size: int, peak: int, target: int | None) -> Row:
    return Row(name, what, "1 MB", size, peak / _MEGABYTE, target, None, False, peak,
               None, _MEGABYTE, "B")  # fmt: skip
