"""Checkpoints: what a log was at a size, in a few lines that are kept elsewhere.

    postmortem.example/parler                        origin: which log
    61                                               size: how many events
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     root of the tree over them

    — postmortem.example/parler Az3grl…              who signed that; any number of lines

Source: C2SP tlog-checkpoint and signed-note (c2sp.org). Of signatures those by Ed25519 are known;
others are left alone, as the note format asks for.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final

from postmortem.core.errors import BadInput
from postmortem.core.tree import SIZE, Hash

LARGEST: Final = 100_000
"""The bytes that a checkpoint may have with all its signatures."""
ED25519: Final = 1
"""The algorithm of a key and its signatures, as the note format numbers it."""
_DASH: Final = "— "


@dataclass(frozen=True, slots=True)
class Signature:
    """Who says to have signed a note, under which key, and the bytes that should show it."""

    name: str
    key_id: bytes
    """4 bytes: a hint which key it is, no proof."""
    bytes: bytes

    def line(self) -> str:
        """As it stands under a note, without its line end."""
        return f"{_DASH}{self.name} {in_base64(self.key_id + self.bytes)}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and root of a log's tree at one moment, and who signed that."""

    origin: str
    size: int
    root: Hash
    more: tuple[str, ...] = ()
    """Lines that some other program added; signed as well."""
    signatures: tuple[Signature, ...] = ()

    def text(self) -> str:
        """What is signed: each line with its line end."""
        lines = (self.origin, str(self.size), in_base64(self.root), *self.more)
        return "".join(f"{line}\n" for line in lines)

    def note(self) -> str:
        """The whole, with the signatures that it has."""
        signed = "".join(f"{signature.line()}\n" for signature in self.signatures)
        return f"{self.text()}\n{signed}" if signed else self.text()


def parsed(text: str, name: str) -> Checkpoint:
    """The checkpoint in a file of that name, with or without signatures.

    Raises: BadInput.
    """
    if len(text) > LARGEST:
        raise _no_checkpoint(name, f"it is longer than {LARGEST:,} characters")
    if any(ord(character) < 0x20 and character != "\n" for character in text):
        raise _no_checkpoint(name, "it holds control characters, or line ends of another system")
    if not text.endswith("\n"):
        raise _no_checkpoint(name, "it does not end with a line end, so something may be missing")
    body, blank, signed = text.rpartition("\n\n")
    if not blank:
        body, signed = text.removesuffix("\n"), ""
    lines = body.split("\n")
    if len(lines) < 3 or not all(lines):
        raise _no_checkpoint(name, "it lacks the three lines of origin, size and root")
    origin, size, root, *more = lines
    if not (size.isascii() and size.isdecimal() and len(size) < 19 and str(int(size)) == size):
        raise _no_checkpoint(name, f"{size[:40]!r} is no number of events")
    return Checkpoint(
        origin,
        int(size),
        _hash(root, name),
        tuple(more),
        tuple(_signature(line, name) for line in signed.splitlines()),
    )


def _signature(line: str, name: str) -> Signature:
    who, _, encoded = line.removeprefix(_DASH).partition(" ")
    data = decoded(encoded)
    if not line.startswith(_DASH) or not is_key_name(who) or data is None or len(data) <= 4:
        raise _no_checkpoint(name, f"{line[:60]!r} is no signature line")
    return Signature(who, data[:4], data[4:])


def _hash(text: str, name: str) -> Hash:
    found = decoded(text)
    if found is None or len(found) != SIZE:
        raise _no_checkpoint(name, f"{text[:60]!r} is no SHA-256 hash in base64")
    return found


def _no_checkpoint(name: str, why: str) -> BadInput:
    return BadInput(
        f"{name} is no checkpoint: {why}", hint="`postmortem checkpoint -o FILE` writes one"
    )


def decoded(text: str) -> bytes | None:
    """The bytes of standard base64 (RFC 4648 section 4), written as they have to be; else None."""
    try:
        found = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if in_base64(found) == text else None


def in_base64(data: bytes) -> str:
    """Bytes as they stand in checkpoints, keys and proofs: standard base64."""
    return b64encode(data).decode("ascii")


# --- keys -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a signing key: `name+hexid+base64`, as it may be printed anywhere."""

    name: str
    public: bytes
    """The 32 bytes of an Ed25519 key."""

    @property
    def key_id(self) -> bytes:
        """4 bytes that tell keys of one name apart."""
        data = self.name.encode() + b"\n" + bytes([ED25519]) + self.public
        return hashlib.sha256(data).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{in_base64(bytes([ED25519]) + self.public)}"


def is_key_name(name: str) -> bool:
    """Whether a key may have that name: no blanks, no plus."""
    return bool(name) and name.isprintable() and "+" not in name and not _has_space(name)


def _has_space(text: str) -> bool:
    return any(character.isspace() for character in text)


def verifier_key(text: str, name: str) -> VerifierKey:
    """The key that is written there; `name` says where, for a refusal.

    Raises: BadInput.
    """
    who, _, rest = text.strip().partition("+")
    hexid, _, encoded = rest.partition("+")
    data = decoded(encoded)
    if not is_key_name(who) or data is None or not data:
        raise BadInput(
            f"{name} is no verifier key", hint="such a key reads name+0123abcd+AQ…: one line"
        )
    if data[0] != ED25519 or len(data) != 33:
        raise BadInput(
            f"{name} is a key of a kind that this program does not know",
            hint="it verifies Ed25519, whose keys begin with AQ after the second plus",
        )
    key = VerifierKey(who, data[1:])
    if key.key_id.hex() != hexid:
        raise BadInput(
            f"{name} is no verifier key: {hexid[:20]!r} is not the id of that name and key",
            hint="copy the whole line that `checkpoint --new-key` printed",
        )
    return key


# --- an event, proved -----------------------------------------------------------------------------

PROOF: Final = "c2sp.org/tlog-proof@v1"
LONGEST_PATH: Final = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """That something is in a log: its place from 0, the path to the root, the checkpoint.

    `extra` is whatever lies beside it; nothing vouches for it but what is checked of it.
    Source: C2SP tlog-proof, version 1.
    """

    index: int
    path: tuple[Hash, ...]
    checkpoint: Checkpoint
    extra: bytes = b""

    def text(self) -> str:
        """The file."""
        extra = [f"extra {in_base64(self.extra)}"] if self.extra else []
        lines = [PROOF, *extra, f"index {self.index}", *map(in_base64, self.path), ""]
        return "".join(f"{line}\n" for line in lines) + self.checkpoint.note()


def parsed_proof(text: str, name: str) -> Proof:
    """The proof in a file of that name. Raises: BadInput."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != PROOF or not blank:
        raise BadInput(
            f"{name} is no proof: it does not begin with {PROOF}",
            hint="`postmortem prove EVENT -o FILE` writes one",
        )
    rest, extra = lines[1:], b""
    if rest and rest[0].startswith("extra "):
        found = decoded(rest.pop(0).removeprefix("extra "))
        if found is None:
            raise BadInput(f"{name}, line 2: what stands after `extra` is no base64")
        extra = found
    index = rest.pop(0).removeprefix("index ") if rest else ""
    if not (index.isascii() and index.isdecimal() and len(index) < 19 and str(int(index)) == index):
        raise BadInput(f"{name} is damaged: it lacks the line with the event's index")
    if len(rest) > LONGEST_PATH:
        raise BadInput(f"{name} is damaged: its path is longer than that of any log")
    return Proof(int(index), tuple(_hash(line, name) for line in rest), parsed(note, name), extra)
