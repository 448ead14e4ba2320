"""Files of the user's: nothing is overwritten, nothing stays half written."""

from __future__ import annotations

import errno

import pytest
from cli.door import complaint, run

from postmortem.cli.files import new_file
from postmortem.core.errors import BadInput, StoreProblem


def test_what_is_there_stays_as_it_is(tmp_path):
    file = tmp_path / "there"
    file.write_text("mine")
    with pytest.raises(BadInput, match="exists already"), new_file(str(file)) as target:
        target.write("other")
    assert file.read_text() == "mine"


def test_what_could_not_be_written_to_its_end_is_gone(tmp_path):
    file = tmp_path / "new"

    def lines():
        yield "half of it\n"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreProblem, match="No space left"), new_file(str(file)) as target:
        target.writelines(lines())
    assert not file.exists()


@pytest.mark.parametrize(
    ("words", "kind", "maker"),
    [
        (["verify-proof"], "proof", "postmortem prove"),
        (["verify", "--checkpoint"], "checkpoint", "postmortem checkpoint"),
        (["verify-report"], "document", "postmortem report"),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_who_makes_such_a_file(
    tmp_path, words, kind, maker
):
    file = tmp_path / "bytes"
    file.write_bytes(b"\xff\xfe\x00")
    assert run("--db", tmp_path / "s.db", "declare", "platform", "p").status == 0
    said = complaint(run("--db", tmp_path / "s.db", *words, file), 2)
    assert f"is no {kind}" in said
    assert maker in said
