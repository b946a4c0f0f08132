"""What is read of stored headers at once is what is read of them anywhere."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import cast
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre.audit import layout as layouts
from cadre.audit.layout import FAMILIAR_AFTER, read
from cadre.audit.leaf import leaf_of
from cadre.audit.places import Place, Places
from cadre.audit.survey import Survey
from cadre.contracts.catalogue import CATALOGUE
from cadre.shared.deciding.messages import Envelope
from cadre.shared.deciding.testing import recorded
from cadre.shared.keys.keyring import Keyring
from cadre.shared.log.codec import Codec, Signer
from cadre.shared.log.event_ids import EVENT_IDS, event_id
from cadre.shared.log.headers import Headers
from cadre.shared.log.signed import SIGNED, preimage, preimage_of

GOLDEN = Path(__file__).parents[2] / "shared/contracts/golden/supervision.month-closed.v1.json"

NAMES = [*SIGNED, "ce-signature", "Nats-Msg-Id", "Nats-Batch-Id", "x", "X-Other"]
VALUES = st.text(max_size=12) | st.sampled_from(["", " a", "a ", "a: b", "张三", "a\tb", "\xa0a"])


def documented(headers: Mapping[str, str], subject: bytes, body: bytes) -> bytes:
    """The leaf of an event at position 7, as docs/audit.md describes it."""
    own = sorted((n for n in headers if not n.startswith("Nats-")), key=str.encode)
    fields = [b"cadre-leaf-v1", (7).to_bytes(8), (9).to_bytes(8), subject, len(own).to_bytes(8)]
    for name in own:
        fields += [name.encode(), headers[name].encode()]
    return b"".join(len(one).to_bytes(8) + one for one in (*fields, body))


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8),
    st.integers(0, 200),
    st.binary(max_size=3),
)
def test_leaf_and_preimage_of_stored_headers_are_those_of_the_headers_read(
    lines: list[tuple[str, str]], at: int, noise: bytes
) -> None:
    block = b"NATS/1.0\r\n" + b"".join(f"{n}: {v}\r\n".encode() for n, v in lines) + b"\r\n"
    for stored in (block, block[:at] + noise + block[at:]):
        if not stored.startswith(b"NATS/1.0\r\n"):
            continue
        headers = {name: Headers(stored)._parsed()[name] for name in Headers(stored)}
        # First as something new, then with the expression of a layout that is familiar.
        for _ in range(FAMILIAR_AFTER + 1):
            layout, values = read(stored)
            found = leaf_of(7, 9, b"history.a.b.c.d", layout, values, b"{}")
            assert found == documented(headers, b"history.a.b.c.d", b"{}")
            made = preimage_of(b"history.a.b.c.d", layout.signed(values), b"{}")
            assert made == preimage("history.a.b.c.d", headers, b"{}")


def test_an_events_id_is_the_uuid_of_its_words() -> None:
    command = uuid4()

    assert event_id("a.b.c", command, 3) == uuid5(EVENT_IDS, f"a.b.c/{command}/3")


def test_a_place_is_found_by_the_whole_id_and_the_first_one_stays() -> None:
    chance, places = Random(7), Places(100)
    ids = [UUID(int=chance.getrandbits(128)).bytes for _ in range(2000)]
    for number, one in enumerate(ids):
        assert places.add(one, Place(number, number % 60, number)) is None
    for number, one in enumerate(ids):
        assert places.add(one, Place(9999, 1, 1)) == Place(number, number % 60, number)
        assert places.get(one[1:] + one[:1]) is None


def test_an_id_that_lies_across_two_entries_is_not_found() -> None:
    places = Places(1)
    places.add(b"\x01" * 16, Place(0, 0, 0))
    places.add(b"\x02" * 16, Place(0, 0, 0))

    assert places.get(bytes(8) + b"\x02" * 8) is None
    assert places.add(b"\x00" * 14 + b"\x02" * 2, Place(3, 0, 0)) is None


def test_a_header_smuggled_in_before_or_behind_its_like_is_named() -> None:
    """Libraries differ in which of two they take, and only one of them is signed."""
    signer = Signer.from_seed("supervision", b"1" * 32)
    event = CATALOGUE.read(json.loads(GOLDEN.read_bytes()))
    envelope = recorded(1, event).envelope
    assert isinstance(envelope, Envelope)
    keyring = cast("Keyring", None)  # Nothing of this event is personal.
    sent = Codec(signer, keyring).encode(event, envelope, {})
    block = Headers.of(sent.headers).block
    other, lines = b"\r\nce-actor: somebody-else", block.removesuffix(b"\r\n\r\n")
    at = len(b"NATS/1.0")

    def said(headers: bytes) -> str:
        (facts,) = Survey(None).facts([(1, 0, sent.subject, headers, sent.body)])
        return facts.unreadable

    assert said(block) == ""
    assert "stands twice" in said(lines + other + b"\r\n\r\n")
    assert "stands twice" in said(block[:at] + other + block[at:])
    assert "a line of the headers is none" in said(lines + b"\r\nno header\r\n\r\n")


def test_lengths_that_look_like_the_places_of_a_frame_are_bytes_like_all() -> None:
    headers = {f"x-{number}": "%" * number for number in range(1, 38)}
    headers["ce-type"] = "%b" * 18 + "%"
    subject = "history.a.b.c.d"

    leaf = leaf_of(7, 9, subject.encode(), *read(Headers.of(headers).block), b"%b")
    assert leaf == documented(headers, subject.encode(), b"%b")
    parts = [b"cadre-event-v1", subject.encode(), *(headers.get(n, "").encode() for n in SIGNED)]
    signed = b"".join(len(one).to_bytes(4) + one for one in (*parts, b"%b"))
    assert preimage(subject, headers, b"%b") == signed


def test_ids_in_another_form_are_read_as_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Signer.from_seed("supervision", b"1" * 32)
    event = CATALOGUE.read(json.loads(GOLDEN.read_bytes()))
    envelope = recorded(1, event).envelope
    assert isinstance(envelope, Envelope)
    sent = Codec(signer, cast("Keyring", None)).encode(event, envelope, {})
    loud = dict(sent.headers) | {n: sent.headers[n].upper() for n in ("ce-id", "ce-commandid")}

    monkeypatch.setattr(layouts, "_familiar", [layouts.Layout(tuple(sent.headers))])
    blocks = [Headers.of(one).block for one in (sent.headers, loud)]
    assert [layouts.read_familiar(block) is None for block in blocks] == [False, True]

    usual, other = (
        Survey(None).facts([(1, 0, sent.subject, block, sent.body)])[0] for block in blocks
    )
    assert usual.unreadable == ""
    assert other == usual._replace(leaf=other.leaf, digest=other.digest)
