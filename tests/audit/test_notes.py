"""Notes and checkpoints: a published note, Go reading ours and we Go's, and what is refused."""

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cadre.audit.checkpoint import Checkpoint, Root
from cadre.audit.merkle import leaf_hash
from cadre.audit.note import Ed25519Signer, Ed25519Verifier, NoteError, open_note, sign

# The example in the documentation of Go's package note.
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    f"{TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
PETER = Ed25519Signer.from_seed("PeterNeumann", b64decode(SECRET.split("+", 4)[4])[1:])
ENOCH = Ed25519Signer.from_seed("cadre.example/县", b"e" * 32)
CHECKPOINT = Checkpoint(
    origin="cadre.example/history",
    tree=Root(7, leaf_hash(b"tree")),
    dated=datetime(2026, 11, 20, 14, tzinfo=UTC),
    heads=Root(3, leaf_hash(b"heads")),
    keys=Root(5, leaf_hash(b"keys")),
)


def test_the_published_note_and_key_come_out_the_same() -> None:
    assert str(PETER.verifier) == PUBLIC
    assert sign(TEXT, PETER) == SIGNED
    assert open_note(SIGNED, [Ed25519Verifier.parse(PUBLIC)]).text == TEXT


def test_go_opens_our_note(oracle: Callable[..., dict[str, Any]]) -> None:
    signed = sign(CHECKPOINT.text, ENOCH)

    assert oracle(Note=signed, Key=str(ENOCH.verifier))["Opened"] == CHECKPOINT.text
    altered = signed.replace("history\n7\n", "history\n8\n")
    assert oracle(Note=altered, Key=str(ENOCH.verifier))["Error"]


def test_we_open_gos_note(oracle: Callable[..., dict[str, Any]]) -> None:
    signed = oracle(Text=CHECKPOINT.text, Secret=SECRET)["Signed"]

    assert Checkpoint.parse(open_note(signed, [PETER.verifier]).text) == CHECKPOINT


def test_a_note_may_bear_signatures_we_do_not_know() -> None:
    note = open_note(sign(TEXT, PETER, ENOCH), [ENOCH.verifier])

    assert [line.name for line in note.verified] == ["cadre.example/县"]
    assert [line.name for line in note.unknown] == ["PeterNeumann"]


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        (SIGNED.replace("answer", "question"), "does not hold"),
        (SIGNED.replace("If you", "If you\x00"), "no signed note"),
        (SIGNED.replace("\n\n", "\n"), "no signed note"),
        (SIGNED.removesuffix("\n"), "no signed note"),
        (SIGNED.replace("— Peter", "- Peter"), "cannot be read"),
        (SIGNED.replace("x08go", "x08g!"), "cannot be read"),
        (SIGNED.replace("JnAM=", "JnAN="), "cannot be read"),
        (sign(TEXT, ENOCH), "no known key"),
    ],
)
def test_what_is_no_note_of_ours_is_refused(signed: str, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        open_note(signed, [PETER.verifier])


@pytest.mark.parametrize("text", ["no newline at the end", "a tab\t\n", ""])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign(text, PETER)


@pytest.mark.parametrize(
    "key",
    [
        PUBLIC.replace("c74f20a3", "c74f20a4"),
        PUBLIC.replace("Peter", "Petra"),
        PUBLIC.replace("+ARpc", "+AhpC"),
        PUBLIC[:-4],
        "PeterNeumann",
        "Peter Neumann+00000000+AA==",
    ],
)
def test_a_key_that_is_not_its_own_name_is_refused(key: str) -> None:
    with pytest.raises(NoteError):
        Ed25519Verifier.parse(key)


def test_a_name_with_spaces_or_plus_cannot_sign() -> None:
    for name in ("", "two words", "one+one", "a\u3000b"):
        with pytest.raises(NoteError):
            Ed25519Signer.from_seed(name, b"e" * 32)


def test_a_checkpoint_is_origin_size_and_root_then_extensions() -> None:
    lines = CHECKPOINT.text.splitlines()

    assert lines[:2] == ["cadre.example/history", "7"]
    assert b64decode(lines[2]) == leaf_hash(b"tree")
    assert [line.split()[0] for line in lines[3:]] == ["dated", "heads", "keys"]
    assert Checkpoint.parse(CHECKPOINT.text) == CHECKPOINT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n-7\n"),
        ("heads 3", "heads  3"),
        ("heads", "tails"),
        ("dated 2026", "dated in 2026"),
        ("cadre.example/history\n", ""),
        ("cadre.example/history\n", "\n"),
        ("=\ndated", "\ndated"),
    ],
)
def test_what_is_no_checkpoint_is_refused(old: str, new: str) -> None:
    assert old in CHECKPOINT.text
    with pytest.raises(NoteError, match="no checkpoint"):
        Checkpoint.parse(CHECKPOINT.text.replace(old, new))
