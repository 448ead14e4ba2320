"""The keys that checkpoints are signed with, in files of their own; never in a store.

The one module that knows the optional library `cryptography` (the extra `sign`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from postmortem.core.checkpoints import (
    ED25519,
    Checkpoint,
    Signature,
    VerifierKey,
    decoded,
    in_base64,
    is_key_name,
    verifier_key,
)
from postmortem.core.errors import BadInput, StoreProblem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PRIVATE: Final = "PRIVATE+KEY+"
_LARGEST: Final = 10_000


def has_signing() -> bool:
    """Whether the library is there."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        return False
    return True


def _needs_signing() -> None:
    if not has_signing():
        raise BadInput(
            "signatures need the library `cryptography`, which is not installed",
            hint="pip install 'postmortem-record[sign]'",
        )


class SigningKey:
    """A key that signs; its file holds `PRIVATE+KEY+name+hexid+base64`, as Go's note tools do."""

    def __init__(self, name: str, secret: bytes) -> None:
        """`secret`: the 32 bytes of an Ed25519 seed. Raises: BadInput, without the library."""
        _needs_signing()
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._secret = secret
        self._key: Ed25519PrivateKey = Ed25519PrivateKey.from_private_bytes(secret)
        self.public = VerifierKey(name, self._key.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> Signature:
        """The signature under a checkpoint."""
        made = self._key.sign(checkpoint.text().encode())
        return Signature(self.public.name, self.public.key_id, made)

    def line(self) -> str:
        """What its file holds."""
        data = in_base64(bytes([ED25519]) + self._secret)
        return f"{_PRIVATE}{self.public.name}+{self.public.key_id.hex()}+{data}\n"


def new_key(file: str, name: str) -> VerifierKey:
    """Make a key in a new file that only its owner may read; its public half.

    Raises: BadInput, where the file exists or the name is none; StoreProblem.
    """
    if not is_key_name(name):
        raise BadInput(
            f"{name!r} can be no name of a key: it may hold neither blanks nor a plus",
            hint="take one like example.com/parler",
        )
    key = SigningKey(name, os.urandom(32))
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(descriptor, "w", encoding="utf-8") as target:
            target.write(key.line())
            target.flush()
            os.fsync(target.fileno())
    except FileExistsError:
        raise BadInput(
            f"{file} exists already", hint="nothing is overwritten; a lost key cannot be replaced"
        ) from None
    except OSError as error:
        raise StoreProblem(f"{file} cannot be written: {error.strerror}") from None
    return key.public


def signing_key(file: str) -> SigningKey:
    """The key in a file. Raises: BadInput."""
    text = read_small(file, "--key")
    name, _, rest = text.strip().removeprefix(_PRIVATE).partition("+")
    hexid, _, encoded = rest.partition("+")
    data = decoded(encoded)
    if (
        not text.startswith(_PRIVATE)
        or not is_key_name(name)
        or data is None
        or len(data) != 33
        or data[0] != ED25519
    ):
        raise BadInput(
            f"--key: {file} holds no signing key", hint="`checkpoint --new-key FILE` makes one"
        )
    key = SigningKey(name, data[1:])
    if key.public.key_id.hex() != hexid:
        raise BadInput(f"--key: {file} is damaged: the key in it is not the one that it names")
    return key


def trusted_key(given: str) -> VerifierKey:
    """A verifier key as it was typed, or in a file (of a signing key too: its public half).

    Raises: BadInput.
    """
    if not os.path.exists(given) and given.count("+") >= 2:
        return verifier_key(given, "--key")
    text = read_small(given, "--key")
    if text.startswith(_PRIVATE):
        return signing_key(given).public
    return verifier_key(text, f"--key: what {given} holds")


def read_small(file: str, option: str) -> str:
    """The text of a small file. Raises: BadInput."""
    try:
        with open(file, "rb") as source:
            return source.read(_LARGEST).decode()
    except OSError as error:
        raise BadInput(
            f"{option}: {file} cannot be read: {error.strerror}",
            hint="give a file, or a key in the form name+0123abcd+AQ…",
        ) from None
    except UnicodeDecodeError:
        raise BadInput(f"{option}: {file} is no text") from None


def signed_by(checkpoint: Checkpoint, key: VerifierKey) -> bool | None:
    """Whether that key signed the checkpoint; None: no signature says to be its.

    Raises: BadInput, without the library.
    """
    found = [
        signature
        for signature in checkpoint.signatures
        if (signature.name, signature.key_id) == (key.name, key.key_id)
    ]
    if not found:
        return None
    _needs_signing()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = Ed25519PublicKey.from_public_bytes(key.public)
    try:
        for signature in found:
            public.verify(signature.bytes, checkpoint.text().encode())
    except InvalidSignature:
        return False
    return True
