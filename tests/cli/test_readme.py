"""What the README shows is what happens: its console blocks, in order, in one folder."""

import shutil

from cli.door import FOUNDING, ROOT
from cli.transcripts import run_blocks


def test_every_console_block_shows_what_happens(tmp_path):
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    shutil.copy(FOUNDING, tmp_path)
    steps = run_blocks((ROOT / "README.md").read_text("utf-8"), tmp_path)
    shown = [f"$ {step.command}\n{step.got}" for step in steps]
    assert shown == [f"$ {step.command}\n{step.expected}" for step in steps]
