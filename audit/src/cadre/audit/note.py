"""Signed notes (C2SP signed-note): a text, a blank line, one line for each signature.

A key is named ``name+id+base64``; the id is the start of a hash over name, algorithm and key.
Signing and verifying are two small protocols, and `VERIFIERS` says what reads which algorithm's
keys: one more entry, and notes may bear its signatures.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cadre.shared.deciding.errors import Malformed
from cadre.shared.log.algorithms import ed25519

ED25519 = b"\x01"
KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES = 32
SIGNATURES_MAX = 100
_MARK = "— "
_KEY_FORM = "验证公钥须按此格式 · a verifier key reads name+id+base64"


class Verifier(Protocol):
    """Knows the signatures of one key; as text it is ``name+id+base64``."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether the key made this signature of the text."""
        ...


class Signer(Protocol):
    """Signs under a name."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    @property
    def verifier(self) -> Verifier: ...
    def sign(self, text: bytes) -> bytes:
        """The signature of a text."""
        ...


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_MARK}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it; only signatures by known keys that hold are ``verified``."""

    text: str
    verified: tuple[Signature, ...]
    unknown: tuple[Signature, ...]


class NoteError(Malformed):
    code = "note"
    title = "签名文本不可信 · A signed note cannot be trusted"


def sign(text: str, *signers: Signer) -> str:
    """The note of a text.

    Raises: NoteError for a text that no note can hold.
    """
    if not text.endswith("\n") or _has_control_characters(text):
        raise NoteError(
            "签名文本须以换行结尾，且无其他控制字符 · "
            "a note's text ends with a newline and has no other control character"
        )
    lines = [Signature(s.name, s.key_id, s.sign(text.encode())) for s in signers]
    return note_of(text, lines)


def note_of(text: str, signatures: Iterable[Signature]) -> str:
    """A text with the signatures below it."""
    return f"{text}\n{''.join(map(str, signatures))}"


def split(signed: str) -> tuple[str, list[Signature]]:
    """Text and signatures, whatever they are worth.

    Raises: NoteError.
    """
    text, blank, below = signed.rpartition("\n\n")
    if not blank or not below.endswith("\n") or _has_control_characters(signed):
        raise NoteError("不是签名文本 · this is no signed note")
    lines = [_signature(line) for line in below.removesuffix("\n").split("\n")]
    if len(lines) > SIGNATURES_MAX:
        raise NoteError(f"签名过多 · {len(lines)} signatures, at most {SIGNATURES_MAX}")
    return text + "\n", lines


def open_note(signed: str, verifiers: Sequence[Verifier]) -> Note:
    """Read a note and check the signatures of the keys we know.

    Raises: NoteError when it is malformed, when a known key's signature does not hold, or when no
    known key signed.
    """
    text, lines = split(signed)
    known = {(v.name, v.key_id): v for v in verifiers}
    verified: list[Signature] = []
    unknown: list[Signature] = []
    for line in lines:
        verifier = known.get((line.name, line.key_id))
        if verifier is None:
            unknown.append(line)
        elif verifier.verifies(text.encode(), line.signature):
            verified.append(line)
        else:
            raise NoteError("签名不成立 · the signature does not hold", where=line.name)
    if not verified:
        names = ", ".join(line.name for line in unknown)
        raise NoteError("没有已知密钥的签名 · no known key signed this note", where=names)
    return Note(text, tuple(verified), tuple(unknown))


@dataclass(frozen=True, slots=True)
class Ed25519Verifier:
    """A public key with its name."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "Ed25519Verifier":
        """Read ``name+id+base64``.

        Raises: NoteError.
        """
        return cls(*read_key(text, ED25519, PUBLIC_KEY_BYTES))

    def __str__(self) -> str:
        return key_text(self.name, ED25519 + self.public)

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, ED25519 + self.public)

    def verifies(self, text: bytes, signature: bytes) -> bool:
        return ed25519(self.public, text, signature)


VERIFIERS: dict[bytes, Callable[[str], Verifier]] = {ED25519: Ed25519Verifier.parse}
"""Who reads the verifier keys of an algorithm, by its byte in the key."""


def verifier_of(text: str) -> Verifier:
    """The verifier of a key in whichever algorithm it names.

    Raises: NoteError.
    """
    _, key = _split_key(text)
    read = VERIFIERS.get(key[:1])
    if read is None:
        raise NoteError("不支持该算法的密钥 · nobody here reads keys of this algorithm", where=text)
    return read(text)


def read_key(text: str, algorithm: bytes, size: int) -> tuple[str, bytes]:
    """Name and public key of a verifier key.

    Raises: NoteError unless it is of this algorithm and of this many bytes.
    """
    name, key = _split_key(text)
    if key[:1] != algorithm or len(key) != 1 + size:
        detail = f"不是该算法的密钥 · this is no key of algorithm {algorithm.hex()}"
        raise NoteError(detail, where=text, hint=_KEY_FORM)
    return name, key[1:]


def key_text(name: str, key: bytes) -> str:
    """A verifier key as text; ``key`` begins with its algorithm's byte."""
    return f"{name}+{key_id(name, key).hex()}+{b64encode(key).decode()}"


def key_id(name: str, key: bytes) -> bytes:
    """What signatures name a key by."""
    return sha256(name.encode() + b"\n" + key).digest()[:KEY_ID_BYTES]


def _split_key(text: str) -> tuple[str, bytes]:
    try:
        name, named, encoded = text.strip().split("+", 2)
        key = _decoded(encoded)
    except ValueError as error:
        raise NoteError(_KEY_FORM, where=text) from error
    if not _is_name(name):
        raise NoteError(
            "密钥名称不得含空格或加号 · a key's name has neither spaces nor +",
            where=text,
            hint=_KEY_FORM,
        )
    if key_id(name, key).hex() != named:
        raise NoteError("密钥与其编号不符 · the key does not have this id", where=text)
    return name, key


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """A private key with its name."""

    name: str
    private: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "Ed25519Signer":
        if not _is_name(name):
            raise NoteError(
                "密钥名称不得含空格或加号 · a key's name has neither spaces nor +", where=name
            )
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def verifier(self) -> Ed25519Verifier:
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return Ed25519Verifier(self.name, public)

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text)


def _signature(line: str) -> Signature:
    try:
        name, encoded = line.removeprefix(_MARK).split(" ")
        data = _decoded(encoded)
    except ValueError as error:
        raise NoteError("签名行无法读取 · a signature line cannot be read", where=line) from error
    if not line.startswith(_MARK) or not _is_name(name) or len(data) <= KEY_ID_BYTES:
        raise NoteError("签名行无法读取 · a signature line cannot be read", where=line)
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def _decoded(encoded: str) -> bytes:
    """The bytes of a base64 text; each has one text only."""
    data = b64decode(encoded, validate=True)
    if b64encode(data).decode() != encoded:
        msg = "base64 with other padding bits than zero"
        raise ValueError(msg)
    return data


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


def _has_control_characters(text: str) -> bool:
    return any(c < " " and c != "\n" for c in text)
