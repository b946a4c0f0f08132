"""Proofs of inclusion as text, of the newest events, and the program's own cryptography."""

import random
from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.exports import PROGRAM_LOADED as PROGRAM
from cadre.audit.completeness import head_proofs
from cadre.audit.heads import Head, Heads
from cadre.audit.merkle import Leaves, inclusion_proof, leaf_hash, proves_inclusion, root_of
from cadre.audit.proof import proof_text

DIGEST = leaf_hash(b"event").hex()


def test_a_proof_reads_as_the_specification_has_it() -> None:
    hashes = [leaf_hash(b"sibling"), leaf_hash(b"uncle")]
    text = proof_text(5, hashes, "example.com/log\n8\nroot\n\n— example.com/log c2ln\n")
    header, index, *rest = text.split("\n")

    assert (header, index) == ("c2sp.org/tlog-proof@v1", "index 5")
    assert [b64decode(line) for line in rest[:2]] == hashes
    assert text.partition("\n\n")[2] == "example.com/log\n8\nroot\n\n— example.com/log c2ln\n"


@given(st.integers(1, 80), st.data())
def test_the_program_finds_the_root_that_we_do(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(Leaves(leaves), index, size)

    assert PROGRAM.root_over(leaves) == root_of(leaves)
    assert PROGRAM.root_from(leaves[index], index, size, proof) == root_of(leaves)


def test_heads_are_proven_and_absence_by_neighbours() -> None:
    names = [f"selection.cadre.c-{letter}" for letter in "bdfh"]
    heads = Heads({name: Head(3, DIGEST, at) for at, name in enumerate(names, 1)})
    root = heads.root

    def found(*aggregates: str) -> list[str]:
        proofs = head_proofs(heads, aggregates)
        for proof in proofs:
            leaf = heads.hashes[proof.index]
            assert proves_inclusion(proof.hashes, leaf, proof.index, root.size, root.hash)
        return [proof.aggregate[-1] for proof in proofs]

    assert found("selection.cadre.c-d") == ["d"]
    assert found("selection.cadre.c-e") == ["d", "f"]
    assert found("appointment.cadre.c-e") == ["b"]
    assert found("training.cadre.c-e") == ["h"]
    assert found("selection.cadre.c-d", "selection.cadre.c-e") == ["d", "f"]
    assert head_proofs(Heads(), ["selection.cadre.c-d"]) == []


RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
]
"""The first two of section 7.1: public key, message, signature."""


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_program_knows_published_signatures(key: str, message: str, signature: str) -> None:
    public = PROGRAM.PublicKey(bytes.fromhex(key))

    assert public.verifies(bytes.fromhex(message), bytes.fromhex(signature))
    assert not public.verifies(bytes.fromhex(message) + b"x", bytes.fromhex(signature))


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_the_program_judges_signatures_as_others_do(seed: bytes, text: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = PROGRAM.PublicKey(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    signature = private.sign(text)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    again = int.from_bytes(signature[32:], "little") + PROGRAM.ORDER

    assert key.verifies(text, signature)
    assert not key.verifies(text, bytes(flipped))
    assert not key.verifies(text, signature[:32] + again.to_bytes(32, "little"))
    assert not key.verifies(text, signature[:-1])


def test_the_program_takes_only_points_of_the_curve() -> None:
    others = random.Random(8032)
    refused = 0
    for _ in range(40):
        try:
            PROGRAM.point(others.randbytes(32))
        except ValueError:
            refused += 1

    assert 5 < refused < 35
    with pytest.raises(ValueError, match="point"):
        PROGRAM.point((PROGRAM.P + 1).to_bytes(32, "little"))
