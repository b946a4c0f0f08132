"""Cosignatures (C2SP tlog-cosignature, `cosignature/v1`): a witness signs a checkpoint and when.

The signature of a line is eight bytes of time, seconds since 1970 (big-endian), and 64 of Ed25519
over ``cosignature/v1``, ``time <seconds>`` and the checkpoint's text. It says: as of that time this
was the largest tree of this log that the witness had seen, and it held all it had seen before.

The signed text does not name the witness: a key must not serve under two names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cadre.audit.note import (
    PUBLIC_KEY_BYTES,
    Ed25519Signer,
    Note,
    Signature,
    Verifier,
    key_id,
    key_text,
    note_of,
    open_note,
    read_key,
    split,
)
from cadre.shared.log.algorithms import ed25519

COSIGNATURE = b"\x04"
TIME_BYTES = 8
SIGNATURE_BYTES = TIME_BYTES + 64
TIME_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """A witness's public key with its name."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "CosignatureVerifier":
        """Read ``name+id+base64``.

        Raises: NoteError.
        """
        return cls(*read_key(text, COSIGNATURE, PUBLIC_KEY_BYTES))

    def __str__(self) -> str:
        return key_text(self.name, COSIGNATURE + self.public)

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, COSIGNATURE + self.public)

    def verifies(self, text: bytes, signature: bytes) -> bool:
        seconds = int.from_bytes(signature[:TIME_BYTES], "big")
        if len(signature) != SIGNATURE_BYTES or seconds > TIME_MAX:
            return False
        return ed25519(self.public, _signed(text, seconds), signature[TIME_BYTES:])


@dataclass(frozen=True, slots=True)
class CosignatureSigner:
    """A witness's private key with its name and its clock."""

    name: str
    private: Ed25519PrivateKey
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "CosignatureSigner":
        """Make a signer of 32 bytes.

        Raises: NoteError for a name that no key can have.
        """
        return cls(name, Ed25519Signer.from_seed(name, seed).private)

    @property
    def verifier(self) -> CosignatureVerifier:
        return CosignatureVerifier(
            self.name, Ed25519Signer(self.name, self.private).verifier.public
        )

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    def sign(self, text: bytes) -> bytes:
        seconds = int(self.clock().timestamp())
        return seconds.to_bytes(TIME_BYTES, "big") + self.private.sign(_signed(text, seconds))


def _signed(text: bytes, seconds: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % seconds + text


def cosign(note: str, signer: CosignatureSigner) -> str:
    """The note with one more line below it.

    Raises: NoteError.
    """
    text, lines = split(note)
    line = Signature(signer.name, signer.key_id, signer.sign(text.encode()))
    return note_of(text, [*lines, line])


def cosigned_at(line: Signature) -> datetime:
    """When a cosignature was made, by the witness's clock."""
    return datetime.fromtimestamp(int.from_bytes(line.signature[:TIME_BYTES], "big"), UTC)


def merged(note: str, other: str) -> str:
    """A note with the signatures of another copy of it as well.

    Raises: NoteError.
    """
    text, lines = split(note)
    return note_of(text, dict.fromkeys([*lines, *split(other)[1]]))


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose cosignatures a checkpoint needs: ``quorum`` of these witnesses."""

    witnesses: Sequence[CosignatureVerifier] = ()
    quorum: int = 0

    def cosigners(self, note: str, log: Sequence[Verifier]) -> list[str]:
        """The names of those who cosigned a note that the log signed, each once.

        Raises: NoteError.
        """
        opened: Note = open_note(note, [*log, *self.witnesses])
        names = {one.key_id: one.name for one in self.witnesses}
        return sorted({one.name for one in opened.verified if names.get(one.key_id) == one.name})

    def satisfied(self, cosigners: Sequence[str]) -> bool:
        """Whether these are enough."""
        return len(cosigners) >= self.quorum
