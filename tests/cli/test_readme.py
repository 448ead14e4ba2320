"""What the README shows is what happens: its console blocks, in order, in one folder."""

import shutil

from cli.door import FOUNDING, ROOT
from cli.transcripts import run_blocks


def test_every_console_block_shows_what_happens(tmp_path):
    """In the README a line `…` stands for lines that are left out; see `cli.transcripts`."""
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    shutil.copy(FOUNDING, tmp_path)
    for step in run_blocks((ROOT / "README.md").read_text("utf-8"), tmp_path):
        assert f"$ {step.command}\n{step.got}" == f"$ {step.command}\n{step.expected}"
