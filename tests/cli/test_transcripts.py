"""What every command shows, frozen in fixtures/transcripts; UPDATE_TRANSCRIPTS=1 writes anew."""

import os
import shutil

import pytest
from cli.door import FIXTURES, FOUNDING
from cli.transcripts import World, parse, run_blocks, updated

from postmortem.cli.commands import COMMANDS

TRANSCRIPTS = sorted((FIXTURES / "transcripts").glob("*.txt"))


@pytest.fixture
def folder(tmp_path):
    """Where a transcript begins: the founding casebook, and the small files beside it."""
    shutil.copy(FOUNDING, tmp_path)
    shutil.copytree(FIXTURES / "transcripts" / "files", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_is_what_happens(transcript, folder):
    text = transcript.read_text("utf-8")
    steps = run_blocks(text, folder, marked=True)
    now = updated(text, steps)
    assert [(step.command, step.got) for step in steps] == [told[1:] for told in parse(now)]
    if os.environ.get("UPDATE_TRANSCRIPTS") == "1":
        transcript.write_text(now, "utf-8")
    assert now == transcript.read_text("utf-8")


def test_every_command_has_a_transcript():
    missing = set(COMMANDS) - {path.stem for path in TRANSCRIPTS}
    assert not missing, f"no fixtures/transcripts/NAME.txt for {', '.join(sorted(missing))}"


def test_neither_zone_nor_language_nor_hash_seed_shows(tmp_path, folder):
    text = (FIXTURES / "transcripts" / "journey.txt").read_text("utf-8")
    seen = []
    for name, environment in {
        "one": {"TZ": "America/Los_Angeles", "LANG": "C", "PYTHONHASHSEED": "1"},
        "two": {"TZ": "Pacific/Apia", "LC_ALL": "xx_YY.ISO-8859-1", "PYTHONHASHSEED": "2"},
    }.items():
        here = shutil.copytree(folder, tmp_path.parent / f"{tmp_path.name}-{name}")
        world = World(here, own_program=True, **environment)
        seen.append([world.shown(world.run(command), marked=True) for _, command, _ in parse(text)])
    assert seen[0] == seen[1] == [expected for _, _, expected in parse(text)]


# --- the machinery itself can fail ----------------------------------------------------------------


def test_another_output_is_noticed(folder):
    (step,) = run_blocks("$ postmortem cuts open\n! postmortem: nonsense\n", folder, marked=True)
    assert step.expected == "! postmortem: nonsense\n"
    assert step.got.startswith("! postmortem: there is no store at /home/you/.local/share")
    assert step.got.endswith("[exit 3]\n")


README = """Text.

```yaml
# books/one.yaml
casebook: 1
platform: {id: one}
```

```console
$ postmortem --db one.db import books/one.yaml
books/one.yaml: 1 recorded
$ ./dev --db one.db \\
  state --at 2021-01-11T00:30Z
One at 2021-01-11 00:30 UTC, as known now
```

```console
$ ls
books
```

```console
$ postmortem --db one.db state --at 2021-01-11
postmortem: …
$ echo $?
2
$ ./dev test
…
$ postmortem --db one.db export | wc -l
1
$ postmortem --help
Usage: postmortem [OPTIONS] COMMAND [ARGS]...
…
Ask:
…
```
"""


DEMO = """
```console
$ postmortem demo
The founding case, recorded in a temporary store:
parler-2021.yaml: 87 recorded

1. What …
…
$ postmortem cuts joining --at 2021-01-05T12:00-08:00
…
$ postmortem --version
postmortem, version 9
```
"""


def test_a_demo_that_shows_commands_is_one_command(tmp_path):
    """As long as what is left out is left out by whole lines."""
    one, *_ = run_blocks(DEMO, tmp_path)
    assert one.got != one.expected
    steps = run_blocks(DEMO.replace("1. What …\n", ""), tmp_path)
    assert [step.command for step in steps] == ["postmortem demo", "postmortem --version"]
    assert [step.got == step.expected for step in steps] == [True, False]


def test_a_markdown_document_is_read_fence_by_fence(tmp_path):
    steps = run_blocks(README, tmp_path)
    commands = [step.command.split()[0] for step in steps]
    assert commands == ["postmortem", "./dev", "postmortem", "echo", "postmortem", "postmortem"]
    wrong = [index for index, step in enumerate(steps) if step.got != step.expected]
    assert wrong == [1, 2]
    assert "one at 2021-01-11 00:30 UTC, as known now" in steps[1].got
