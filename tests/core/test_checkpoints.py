"""Checkpoints, keys and proofs as C2SP writes them: what is written is read, and nothing else."""

from base64 import b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postmortem.core import checkpoints
from postmortem.core.checkpoints import Checkpoint, Proof, Signature, VerifierKey
from postmortem.core.errors import BadInput

# from the specification of tlog-checkpoint
PUBLISHED = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""  # noqa: E501
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

NAMES = st.from_regex(r"[a-z0-9./é-]{1,30}", fullmatch=True)
HASHES = st.binary(min_size=32, max_size=32)
SIGNATURES = st.builds(
    Signature, NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)
)
LINES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1)
CHECKPOINTS = st.builds(
    Checkpoint,
    LINES,
    st.integers(0, 10**15),
    HASHES,
    st.lists(LINES, max_size=2).map(tuple),
    st.lists(SIGNATURES, max_size=3).map(tuple),
)


def test_the_published_checkpoint():
    found = checkpoints.parsed(PUBLISHED, "c")
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20852163)
    assert [each.name for each in found.signatures] == ["example.com/behind-the-sofa"]
    assert len(found.signatures[0].bytes) == 64
    assert found.note() == PUBLISHED
    assert found.text() == PUBLISHED.partition("\n\n")[0] + "\n"


@given(CHECKPOINTS)
def test_what_is_written_is_read(checkpoint):
    assert checkpoints.parsed(checkpoint.note(), "c") == checkpoint


@given(CHECKPOINTS, st.integers(0, 10**6), st.lists(HASHES, max_size=5), st.binary())
def test_a_proof_that_is_written_is_read(checkpoint, index, path, extra):
    proof = Proof(index, tuple(path), checkpoint, extra)
    assert checkpoints.parsed_proof(proof.text(), "p") == proof


@given(st.text())
@example("")
@example("\n\n\n")
@example("c2sp.org/tlog-proof@v1\n\n")
@example("c2sp.org/tlog-proof@v1\nindex 1\n\n")
@example(PUBLISHED.replace("2085", "0"))
def test_whatever_a_file_holds_it_is_read_or_refused(text):
    for read in (checkpoints.parsed, checkpoints.parsed_proof, checkpoints.verifier_key):
        try:
            found = read(text, "the file")
        except BadInput as problem:
            assert "the file" in problem.message  # noqa: PT017
        else:
            assert checkpoints.parsed(found.note(), "c") == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20852163", "020852163"),
        ("20852163", "-1"),
        ("20852163", "٣"),
        ("20852163", "1e3"),
        ("20852163", "9" * 30),
        ("20852163\n", ""),
        ("example.com/behind-the-sofa\n20", "\n20"),
        (ROOT, ROOT[:-1]),
        (ROOT, ROOT.replace("/", "_")),
        (ROOT, ROOT[:-2] + "3="),  # the same bytes, written otherwise
        (ROOT, b64encode(b"x" * 31).decode()),
        ("\n", "\r\n"),
        ("— example", "- example"),
        ("sofa Az3", "sofa  Az3"),
        ("sofa Az3", "so+fa Az3"),
        ("Az3grlgt", "Az3"),
        ("AYQ8=\n", "AYQ8="),
        ("AYQ8=\n", "AYQ8=\n\nmore\n"),
        ("20852163", "20852163\x00"),
    ],
)
def test_a_checkpoint_that_is_none(old, new):
    assert old in PUBLISHED
    with pytest.raises(BadInput, match="c is no checkpoint"):
        checkpoints.parsed(PUBLISHED.replace(old, new, 1 if old != "\n" else -1), "c")


def test_a_file_without_end():
    with pytest.raises(BadInput, match="longer"):
        checkpoints.parsed("x\n" * 100_000, "c")


# --- keys -----------------------------------------------------------------------------------------

# from golang.org/x/mod/sumdb/note, whose form this is
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_a_published_key():
    key = checkpoints.verifier_key(PETER, "k")
    assert (key.name, key.key_id.hex()) == ("PeterNeumann", "c74f20a3")
    assert str(key) == PETER


@given(NAMES, HASHES)
def test_a_key_that_is_written_is_read(name, public):
    key = VerifierKey(name, public)
    assert checkpoints.verifier_key(f"{key}\n", "k") == key


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no verifier key"),
        ("PeterNeumann", "no verifier key"),
        (PETER.replace("c74f20a3", "c74f20a4"), "not the id"),
        (PETER.replace("Peter", "Petra"), "not the id"),
        (PETER[:-1], "no verifier key"),
        (PETER.replace("+ARpc", "+Bhpc"), "a kind that this program does not know"),
        (PETER.replace("PeterN", "Peter N"), "no verifier key"),
    ],
)
def test_a_key_that_is_none(text, says):
    with pytest.raises(BadInput, match=says):
        checkpoints.verifier_key(text, "k")
