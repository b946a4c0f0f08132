"""Leaves and heads: every stored part counts, the order of headers does not."""

from dataclasses import replace
from hashlib import sha256

import pytest

from cadre.audit.heads import Head, Heads, aggregate_of
from cadre.audit.leaf import hash_of, leaf
from cadre.audit.merkle import EMPTY_ROOT, leaf_hash, root_of
from cadre.shared.log.signed import Message

MESSAGE = Message(
    subject="history.selection.cadre.c-aaaaaaaaaa.observed",
    headers={"ce-id": "1", "ce-actor": "张三"},
    body=b'{"note": {"sealed": "sealed:v1"}}',
    position=7,
    recorded_ns=1_795_185_615_780_432_721,
)


def field(data: bytes) -> bytes:
    return len(data).to_bytes(8, "big") + data


def test_a_leaf_is_the_documented_bytes() -> None:
    assert leaf(MESSAGE) == b"".join(
        field(part)
        for part in (
            b"cadre-leaf-v1",
            (7).to_bytes(8, "big"),
            (1_795_185_615_780_432_721).to_bytes(8, "big"),
            b"history.selection.cadre.c-aaaaaaaaaa.observed",
            (2).to_bytes(8, "big"),
            b"ce-actor",
            "张三".encode(),
            b"ce-id",
            b"1",
            b'{"note": {"sealed": "sealed:v1"}}',
        )
    )
    assert hash_of(MESSAGE) == sha256(b"\x00" + leaf(MESSAGE)).digest()


@pytest.mark.parametrize(
    "other",
    [
        replace(MESSAGE, subject=MESSAGE.subject + "x"),
        replace(MESSAGE, headers={"ce-id": "1"}),
        replace(MESSAGE, headers={"ce-id": "1", "ce-actor": "李四"}),
        replace(MESSAGE, headers={"ce-i": "d1", "ce-actor": "张三"}),
        replace(MESSAGE, body=MESSAGE.body + b" "),
        replace(MESSAGE, position=8),
        replace(MESSAGE, recorded_ns=MESSAGE.recorded_ns + 1),
    ],
)
def test_every_part_counts(other: Message) -> None:
    assert hash_of(other) != hash_of(MESSAGE)


def test_the_transports_headers_do_not_count() -> None:
    """A mirror drops them."""
    sent = {"Nats-Expected-Last-Subject-Sequence": "3", **MESSAGE.headers, "Nats-Msg-Id": "1"}

    assert leaf(replace(MESSAGE, headers=sent)) == leaf(MESSAGE)


def test_the_order_of_headers_does_not_count() -> None:
    turned = dict(reversed(MESSAGE.headers.items()))

    assert hash_of(replace(MESSAGE, headers=turned)) == hash_of(MESSAGE)


def test_the_heads_are_a_tree_over_the_aggregates_in_order() -> None:
    digest = sha256(b"event").hexdigest()
    heads = Heads({"b.x.2": Head(3, digest, 9), "a.x.1": Head(1, digest, 4)})
    expected = [
        leaf_hash(
            b"".join(
                map(
                    field,
                    (
                        b"cadre-head-v1",
                        name,
                        version.to_bytes(8, "big"),
                        bytes.fromhex(digest),
                        position.to_bytes(8, "big"),
                    ),
                )
            )
        )
        for name, version, position in ((b"a.x.1", 1, 4), (b"b.x.2", 3, 9))
    ]

    assert heads.hashes == expected
    assert heads.root == (2, root_of(expected))
    assert Heads().root == (0, EMPTY_ROOT)


def test_an_aggregate_is_named_by_its_subject() -> None:
    assert aggregate_of(MESSAGE) == "selection.cadre.c-aaaaaaaaaa"
    assert aggregate_of(replace(MESSAGE, subject="history.nobody")) == "history.nobody"
