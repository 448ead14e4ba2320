"""The import contracts bite: the house as it stands keeps them, and one wrong line breaks one."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(folder: Path, *wrong: tuple[str, str]) -> subprocess.CompletedProcess[str]:
    """Copies the house, adds the wrong lines to those rooms, and checks the contracts."""
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "postmortem", folder / "postmortem")
    for room, line in wrong:
        file = folder / "postmortem" / room
        file.parent.mkdir(exist_ok=True)
        with file.open("a", encoding="utf-8") as text:
            text.write(f"\n{line}\n")
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", "--no-logo"],
        cwd=folder,
        env={"COLUMNS": "300"},  # or it wraps the long names
        capture_output=True,
        text=True,
    )


def test_the_house_keeps_its_contracts(tmp_path):
    done = lint(tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("room", "line", "contract"),
    [
        ("core/levels.py", "import postmortem.tracker", "The house"),  # upward
        ("store/view.py", "import postmortem.reports", "The house"),  # sideways
        ("helpers.py", "", "The house"),  # a room that no layer names
        ("core/levels.py", "import postmortem.core.events", "The core: one direction"),
        ("core/helpers.py", "", "The core: one direction"),
        ("core/levels.py", "import time", "The core has no clock"),
        ("tracker.py", "import click", "click lives"),
        ("store/readmodel.py", "import eventsourcing.sqlite", "eventsourcing lives"),
        ("store/ledger.py", "import hypothesis", "hypothesis lives"),
        ("core/levels.py", "import pydantic", "pydantic lives"),
        ("reports/__init__.py", "import sqlite3", "sqlite3 lives"),
        ("store/view.py", "import sqlite_utils", "sqlite_utils lives"),
        ("reports/__init__.py", "import yaml", "yaml lives"),
    ],
)
def test_one_wrong_line_breaks_one(tmp_path, room, line, contract):
    done = lint(tmp_path, (room, line))
    broken = [said for said in done.stdout.splitlines() if " BROKEN" in said]
    assert any(said.startswith(contract) for said in broken), done.stdout + done.stderr


def test_two_doors_know_nothing_of_each_other(tmp_path):
    done = lint(tmp_path, ("web/__init__.py", ""), ("cli/__init__.py", "import postmortem.web"))
    assert "wings BROKEN" in done.stdout
