"""Cosignatures and proofs as others write and read them, and a second signature algorithm."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit.installations import NOW
from cadre.audit.checkpoint import Checkpoint, Root
from cadre.audit.consistency import Extension, ProofError
from cadre.audit.cosignature import (
    CosignatureSigner,
    CosignatureVerifier,
    Policy,
    cosign,
    cosigned_at,
    merged,
)
from cadre.audit.merkle import EMPTY_ROOT, Leaves, leaf_hash, root_of
from cadre.audit.note import (
    VERIFIERS,
    Ed25519Signer,
    NoteError,
    Verifier,
    key_id,
    key_text,
    open_note,
    read_key,
    sign,
    split,
    verifier_of,
)
from cadre.audit.public_keys import PublicKeys
from cadre.audit.signatures import SignatureVerdict, verdict_on
from cadre.shared.log.algorithms import VERIFY
from cadre.shared.log.codec import EventSigner
from cadre.shared.log.signed import SIGNATURE, Message, preimage

type Oracle = Callable[..., dict[str, Any]]

LOG = Ed25519Signer.from_seed("cadre.example/history", b"l" * 32)
AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
WITNESS = CosignatureSigner.from_seed("witness.example/市纪委", b"w" * 32)
WITNESS = CosignatureSigner(WITNESS.name, WITNESS.private, lambda: AT)
SECOND = CosignatureSigner.from_seed("witness.example/w2", b"v" * 32)
DATA = [str(number).encode() for number in range(300)]
LEAVES = [leaf_hash(one) for one in DATA]


def note_of_size(size: int) -> str:
    tree = Root(size, root_of(LEAVES[:size]))
    return sign(Checkpoint(LOG.name, tree, NOW, Root(1, b"h" * 32), Root(0, EMPTY_ROOT)).text, LOG)


NOTE = note_of_size(7)


def test_go_verifies_our_cosignature_by_the_specification(oracle: Oracle) -> None:
    asked = {"Key": str(LOG.verifier), "Witness": str(WITNESS.verifier)}
    done = cosign(NOTE, WITNESS)

    assert oracle(Note=done, **asked)["Signers"] == [LOG.name, WITNESS.name]
    text, lines = split(done)
    later = replace(
        lines[1], signature=b"\0" * 7 + b"\1" + lines[1].signature[8:]
    )  # the time is signed
    assert oracle(Note=f"{text}\n{lines[0]}{later}", **asked)["Error"]


def test_we_verify_gos_cosignature(oracle: Oracle) -> None:
    text, _ = split(NOTE)
    seconds = int(AT.timestamp())
    told = oracle(Text=text, Seed=b"w" * 32, Name=WITNESS.name, Time=seconds)
    opened = open_note(told["Signed"], [WITNESS.verifier])

    assert told["Signed"].endswith(cosign(NOTE, WITNESS).splitlines()[-1] + "\n")
    assert cosigned_at(opened.verified[0]) == AT


def test_a_cosignature_is_the_documented_bytes() -> None:
    _, lines = split(cosign(NOTE, WITNESS))

    assert lines[1].signature[:8] == int(AT.timestamp()).to_bytes(8, "big")
    assert len(lines[1].signature) == 72
    assert lines[1].key_id == key_id(WITNESS.name, b"\x04" + WITNESS.verifier.public)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s[:8] + bytes([s[8] ^ 1]) + s[9:],
        lambda s: bytes(7) + s[7:],
        lambda s: s[:-1],
        lambda s: s + b"\0",
        lambda s: b"\xff" * 8 + s[8:],
    ],
)
def test_an_altered_cosignature_does_not_hold(spoil: Callable[[bytes], bytes]) -> None:
    text, lines = split(cosign(NOTE, WITNESS))
    line = replace(lines[1], signature=spoil(lines[1].signature))

    with pytest.raises(NoteError, match="does not hold"):
        open_note(f"{text}\n{lines[0]}{line}", [WITNESS.verifier])


def test_extension_lines_are_cosigned_too() -> None:
    done = cosign(NOTE, WITNESS).replace("keys 0", "keys 1")

    with pytest.raises(NoteError, match="does not hold"):
        open_note(done, [WITNESS.verifier])


def test_a_logs_key_is_no_witness_and_a_witnesss_key_no_log() -> None:
    with pytest.raises(NoteError):
        CosignatureVerifier.parse(str(LOG.verifier))
    with pytest.raises(NoteError):
        verifier_of(str(WITNESS.verifier))
    assert CosignatureVerifier.parse(str(WITNESS.verifier)) == WITNESS.verifier


def test_a_policy_counts_each_witness_once() -> None:
    both = Policy((WITNESS.verifier, SECOND.verifier), 2)
    once = cosign(NOTE, WITNESS)
    twice = cosign(once, WITNESS)

    assert both.cosigners(NOTE, [LOG.verifier]) == []
    assert both.cosigners(twice, [LOG.verifier]) == [WITNESS.name]
    assert not both.satisfied(both.cosigners(twice, [LOG.verifier]))
    done = merged(once, cosign(NOTE, SECOND))
    assert both.satisfied(both.cosigners(done, [LOG.verifier]))
    assert replace(both, quorum=1).satisfied([WITNESS.name])
    with pytest.raises(NoteError):
        both.cosigners(sign(split(NOTE)[0], Ed25519Signer.from_seed("x", b"x" * 32)), [])


def test_go_accepts_the_proof_of_a_request(oracle: Oracle) -> None:
    made = Extension.of(Leaves(LEAVES), 200, note_of_size(300))
    read = Extension.parse(str(made))
    roots = {"OldRoot": root_of(LEAVES[:200]), "NewRoot": root_of(LEAVES)}

    assert read == made
    assert str(made).startswith("old 200\n")
    assert made.proves(Root(200, roots["OldRoot"]))
    assert not made.proves(Root(200, b"x" * 32))
    assert not made.proves(Root(199, roots["OldRoot"]))
    asked = {"Leaves": DATA, "New": 300, "Old": 200, **roots}
    assert oracle(Proof=list(read.proof), **asked)["Consistent"]
    assert not oracle(Proof=list(read.proof[1:]), **asked)["Consistent"]


def test_from_nothing_no_proof_is_needed() -> None:
    made = Extension.of(Leaves(LEAVES), 0, NOTE)

    assert str(made) == f"old 0\n\n{NOTE}"
    assert Extension.parse(str(made)).proves(Root(0, EMPTY_ROOT))
    with pytest.raises(ProofError, match="from 8 events to 7"):
        Extension.of(Leaves(LEAVES), 8, NOTE)


@pytest.mark.parametrize(
    "text",
    [
        NOTE,
        f"old 07\n\n{NOTE}",
        f"old 7\nAAAA\n\n{NOTE}",
        f"old 7\nnot base64\n\n{NOTE}",
        f"new 7\n\n{NOTE}",
        f"old 7\n{(b64encode(b'x' * 32).decode() + chr(10)) * 64}\n{NOTE}",
        "old 7\n",
        "",
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        Extension.parse(text)


P256 = b"\xffp256"


@dataclass(frozen=True)
class P256Verifier:
    """A second algorithm, as an installation might add one."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "P256Verifier":
        name, key = read_key(text, P256[:1], len(P256) - 1 + 33)
        return cls(name, key[len(P256) - 1 :])

    def __str__(self) -> str:
        return key_text(self.name, P256 + self.public)

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, P256 + self.public)

    def verifies(self, text: bytes, signature: bytes) -> bool:
        return p256(self.public, text, signature)


def p256(public: bytes, data: bytes, signature: bytes) -> bool:
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    try:
        key.verify(signature, data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True)
class P256Key:
    """Signs notes."""

    name: str
    private: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    @property
    def verifier(self) -> Verifier:
        return P256Verifier(self.name, self.public)

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text, ec.ECDSA(SHA256()))


@dataclass(frozen=True)
class P256Service:
    key: P256Key
    service: str = "selection"
    algorithm: str = "p256"
    key_id: str = "selection-p256"

    @property
    def public(self) -> bytes:
        return self.key.public

    def sign(self, data: bytes) -> str:
        return b64encode(self.key.sign(data)).decode()


def test_another_algorithm_signs_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = P256Key(LOG.name, ec.generate_private_key(ec.SECP256R1()))
    both = sign(split(NOTE)[0], LOG, signer)
    with pytest.raises(NoteError, match="nobody here reads"):
        verifier_of(str(signer.verifier))

    monkeypatch.setitem(VERIFIERS, P256[:1], P256Verifier.parse)
    keys = PublicKeys(origin=LOG.name).with_verifier(signer.verifier, NOW)

    assert [line.name for line in open_note(both, keys.verifiers_parsed).verified] == [LOG.name]
    with pytest.raises(NoteError, match="does not hold"):
        open_note(both.replace("\n7\n", "\n8\n"), keys.verifiers_parsed)


def test_another_algorithm_signs_events(monkeypatch: pytest.MonkeyPatch) -> None:
    signer: EventSigner = P256Service(P256Key("x", ec.generate_private_key(ec.SECP256R1())))
    headers = {"ce-id": "1", "ce-keyid": signer.key_id}
    subject = "history.selection.pool.p-1.opened"
    headers[SIGNATURE] = signer.sign(preimage(subject, headers, b"{}"))
    message = Message(subject, headers, b"{}", 1, 1)
    keys = {one.key_id: one for one in PublicKeys(origin="x").with_services([signer], NOW).services}
    assert verdict_on(message, keys) is SignatureVerdict.DOES_NOT_HOLD

    monkeypatch.setitem(VERIFY, "p256", p256)
    assert verdict_on(message, keys) is SignatureVerdict.HOLDS
    assert verdict_on(replace(message, body=b"[]"), keys) is SignatureVerdict.DOES_NOT_HOLD
