"""Writers that can be killed at any moment, and what they had acknowledged by then.

They are forked from a small program of its own, which has loaded everything once, so that each
begins to write within milliseconds. Every writer is a host of its own: it has its own cache folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

PROGRAM = """
import os, signal, sys, time
from postmortem.core import decide, reading, recorded, rules
from postmortem.core.decide import Draft
from postmortem.core.errors import OutcomeUnknown, StoreProblem
from postmortem.core.events import CATALOGUE
from postmortem.store import follower, ledger, postgres, readmodel
from postmortem.tracker import Tracker, system_clock
import sqlite_utils

place, caches = sys.argv[1:3]

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def entry(name, **fields):
    return Draft("p", reading.entry(CATALOGUE[name], fields, zone=None))

SETTING = [entry("platform-declared", id="p"), entry("service-declared", id="s")]

def note(id):
    return entry("note", id=id, at="2024-01-01T00:00Z", text=f"I am {id}.", about="s")

def write(name, skew):
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    os.environ["XDG_CACHE_HOME"] = os.path.join(caches, name)
    clock = lambda: system_clock() + skew
    number = 0
    tracker = Tracker(place, clock=clock)
    while not stopping:
        # one alone, then three in one transaction
        ids = [f"{name}-{number}"] if number % 2 else [f"{name}-{number}{x}" for x in "abc"]
        failed = False
        while True:
            try:
                receipt = tracker.record([note(id) for id in ids])
            except OutcomeUnknown as problem:
                say("unknown", name, *ids)
                break
            except StoreProblem as problem:
                say("failed", name, type(problem).__name__, problem.message.replace(" ", "_"))
                failed = True
                if stopping:
                    break
                time.sleep(0.05)
                tracker.close()
            except Exception as fault:
                say("fault", name, repr(fault).replace(" ", "_"))
                raise
            else:
                # a clean failure said that nothing was recorded: then it is new now
                say("lied" if failed and receipt.skipped else "kept", name, *ids)
                break
        number += 1
    tracker.close()

def follow(name):
    os.environ["XDG_CACHE_HOME"] = os.path.join(caches, name)
    Tracker(place).follower.tail(0.02, lambda here: say("seen", name, here.position))

with Tracker(os.path.join(caches, "warm.db")) as tracker:
    tracker.record([*SETTING, note("n")])
with Tracker(place) as tracker:
    tracker.record(SETTING)
say("ready")
bees = {}
for line in sys.stdin:
    what, *rest = line.split()
    if what in ("write", "follow"):
        child = os.fork()
        if not child:
            try:
                write(rest[0], int(rest[1])) if what == "write" else follow(rest[0])
            except BaseException as fault:
                say("fault", rest[0], repr(fault).replace(" ", "_"))
            os._exit(0)
        bees[rest[0]] = child
    elif what == "kill":
        os.kill(bees[rest[0]], signal.SIGKILL)
        os.waitpid(bees.pop(rest[0]), 0)
        say("killed", rest[0])
    elif what == "stop":
        for child in bees.values():
            os.kill(child, signal.SIGTERM)
        for child in bees.values():
            os.waitpid(child, 0)
        bees.clear()
        say("stopped")
"""


class Hive:
    """Writers to one store, and what they said."""

    def __init__(self, place: str, folder: Path) -> None:
        self.place = place
        self.caches = folder / "caches"
        self.caches.mkdir()
        self.acknowledged: list[str] = []
        self.unknown: list[str] = []
        self.problems: list[str] = []
        """Of what kind the clean failures were."""
        self.wrong: list[str] = []
        """What must not happen at all."""
        self.seen: dict[str, int] = {}
        self.moments: list[float] = []
        """When something was acknowledged: seconds of the monotonic clock."""
        self._said: list[str] = []
        self._errors = (folder / "stderr").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, place, str(self.caches)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            env={**os.environ, "XDG_CACHE_HOME": str(self.caches / "first")},
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.until(lambda: "ready" in self._said, "it begins")

    def __enter__(self) -> Hive:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)  # with all that it has forked
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._errors.close()

    def _read(self) -> None:
        for line in self._process.stdout:
            what, *rest = line.split()
            if what == "kept":
                self.acknowledged += rest[1:]
                self.moments.append(time.monotonic())
            elif what == "unknown":
                self.unknown += rest[1:]
            elif what == "failed":
                self.problems.append(" ".join(rest[1:]))
            elif what in ("lied", "fault"):
                self.wrong.append(line)
            elif what == "seen":
                self.seen[rest[0]] = int(rest[1])
            self._said.append(line.strip())

    def tell(self, *words: object) -> None:
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def write(self, name: str, skew: int = 0) -> None:
        """One more writer; its clock is wrong by so many microseconds."""
        self.tell("write", name, skew)

    def follow(self, name: str) -> None:
        """One who only keeps a view up to date."""
        self.tell("follow", name)

    def kill(self, name: str) -> None:
        self.tell("kill", name)
        self.until(lambda: f"killed {name}" in self._said, f"{name} is killed")

    def stop(self) -> None:
        """All writers end what they are at, and leave."""
        self._said = [line for line in self._said if line != "stopped"]
        self.tell("stop")
        self.until(lambda: "stopped" in self._said, "they stop")

    def until(self, done: Callable[[], bool], what: str, seconds: float = 100) -> None:
        """Wait for it; no test of speed, only no endless wait."""
        end = time.monotonic() + seconds
        while not done():
            assert self._process.poll() is None, Path(self._errors.name).read_text()
            assert time.monotonic() < end, f"not within {seconds} s: {what}: {self._said[-5:]}"
            time.sleep(0.002)

    def more(self, count: int, seconds: float = 100) -> None:
        """Wait until so many transactions more were acknowledged."""
        target = len(self.moments) + count
        self.until(lambda: len(self.moments) >= target, f"{count} more", seconds)

    def longest_gap(self) -> float:
        """The longest time in which nobody was told that something is recorded, in seconds."""
        return max((b - a for a, b in zip(self.moments, self.moments[1:], strict=False)), default=0)

    def summary(self, **more: object) -> str:
        """For the table of what it survives."""
        return json.dumps(
            {"acknowledged": len(self.acknowledged), "unknown": len(self.unknown),
             "failed cleanly": len(self.problems), "longest gap": round(self.longest_gap(), 2),
             **more}
        )  # fmt: skip
