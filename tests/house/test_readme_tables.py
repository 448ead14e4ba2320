"""The README's tables are those of the code. UPDATE_TRANSCRIPTS=1 rewrites them."""

import os
import re
from pathlib import Path

import pytest

from postmortem.cli.commands import ASK, COMMANDS, KEEP, PUBLISH, RECORD, START, TRUST
from postmortem.core import catalogue

README = Path(__file__).parents[2] / "README.md"


def commands_table() -> str:
    lines = ["| command | for |", "|---|---|"]
    for section in (START, RECORD, ASK, PUBLISH, TRUST, KEEP):
        lines += [
            f"| `postmortem {name}` | {line} |"
            for name, (_, where, line) in COMMANDS.items()
            if where == section
        ]
    return "\n".join(lines) + "\n"


def catalogue_tables() -> str:
    return catalogue.markdown(catalogue.described())


@pytest.mark.parametrize(
    ("mark", "made"), [("commands", commands_table), ("catalogue", catalogue_tables)]
)
def test_a_table_of_the_readme_is_that_of_the_code(mark, made):
    text = README.read_text("utf-8")
    pattern = re.compile(rf"(<!-- {mark}: [^>]*-->\n)(.*?)(<!-- end -->)", re.DOTALL)
    assert pattern.search(text), f"the README has no marks for the {mark}"
    expected = pattern.sub(lambda found: found[1] + made().rstrip("\n") + "\n" + found[3], text)
    if os.environ.get("UPDATE_TRANSCRIPTS"):
        README.write_text(expected, "utf-8")
    assert text == expected or os.environ.get("UPDATE_TRANSCRIPTS")
