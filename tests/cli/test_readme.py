"""What the README shows is what happens: its console blocks, in order, in one folder."""

import os
import shutil

from cli.door import FOUNDING, ROOT
from cli.transcripts import run_blocks

README = ROOT / "README.md"


def test_every_console_block_shows_what_happens(tmp_path):
    """In the README a line `…` stands for lines that are left out; see `cli.transcripts`.

    UPDATE_TRANSCRIPTS=1 writes what the commands show now.
    """
    shutil.copytree(ROOT / "seeds", tmp_path / "seeds")
    shutil.copy(FOUNDING, tmp_path)
    text = README.read_text("utf-8")
    steps = run_blocks(text, tmp_path)
    assert len(steps) > 10
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        for step in steps:
            typed = f"$ {step.command}\n"
            text = text.replace(
                typed + step.expected, typed + step.got.rstrip("\n") + "\n" * bool(step.got), 1
            )
        README.write_text(text, "utf-8")
        return
    for step in steps:
        assert f"$ {step.command}\n{step.got}" == f"$ {step.command}\n{step.expected}"
