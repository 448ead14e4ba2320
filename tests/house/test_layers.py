"""The import contracts bite: a house of empty rooms passes, and one wrong import does not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "__init__", "testing", "tracker", "bench",
    "cli/__init__", "web/__init__",
    "importers/__init__", "importers/casebook", "reports/__init__", "pictures/__init__",
    "store/__init__", "store/ledger", "store/readmodel", "store/view",
    "core/__init__", "core/events", "core/decide", "core/levels",
)  # fmt: skip


def lint(folder: Path, wrong: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Builds the empty house, with the lines `wrong` in those rooms, and checks its contracts."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    for room in {*ROOMS, *wrong}:
        file = folder / "postmortem" / f"{room}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wrong.get(room, ""), encoding="utf-8")
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip


AT_HOME = {
    "cli/__init__": "import click, postmortem.tracker",
    "tracker": "import postmortem.store.ledger, postmortem.importers.casebook",
    "testing": "import hypothesis, postmortem.tracker",
    "importers/casebook": "import yaml, postmortem.core.events",
    "store/ledger": "import eventsourcing.sqlite, sqlite3",
    "store/readmodel": "import sqlite_utils",
    "store/view": "import sqlite3",
    "core/decide": "import pydantic, postmortem.core.events",
    "core/events": "from pydantic import BaseModel",
}


def test_a_house_in_order_passes(tmp_path):
    done = lint(tmp_path, AT_HOME)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("core/levels", "import postmortem.core.events"),  # upward in the core
        ("core/levels", "import postmortem.tracker"),  # upward out of it
        ("store/view", "import postmortem.reports"),  # sideways
        ("cli/__init__", "import postmortem.web"),
        ("tracker", "import postmortem.testing"),
        ("core/levels", "import time"),  # impure
        ("core/levels", "import pydantic"),  # away from home
        ("tracker", "import click"),
        ("store/view", "import sqlite_utils"),
        ("store/readmodel", "import eventsourcing.sqlite"),
        ("reports/__init__", "import yaml"),
        ("reports/__init__", "import sqlite3"),
        ("store/ledger", "import hypothesis"),
        ("helpers", ""),  # a room that no layer names
        ("core/helpers", ""),
    ],
)
def test_one_wrong_line_does_not(tmp_path, room, line):
    done = lint(tmp_path, {room: line})
    assert done.returncode == 1
    assert "1 broken" in done.stdout or "2 broken" in done.stdout, done.stdout + done.stderr
