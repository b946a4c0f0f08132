"""Messages framed here are those the library frames, however the bytes are cut."""

import asyncio
import itertools
import socket
from typing import Any

import nats.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.errors import ConnectionClosedError, ProtocolError
from nats.protocol.parser import Parser

from cadre.shared.log.connection import Connection, connect, connect_once, framed
from support.nats_server import NatsServer

TAPPED = 2
WORDS = st.text(st.sampled_from("abc.$_"), min_size=1, max_size=8).map(str.encode)
PAYLOADS = st.binary(max_size=40)


def line(*words: bytes) -> bytes:
    return b" ".join(words) + b"\r\n"


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    subject, reply, body = draw(WORDS), draw(st.one_of(st.just(b""), WORDS)), draw(PAYLOADS)
    sid = str(draw(st.sampled_from([1, TAPPED]))).encode()
    words = [subject, sid, *([reply] if reply else [])]
    if draw(st.booleans()):
        head = b"NATS/1.0\r\nname: " + draw(PAYLOADS) + b"\r\n\r\n"
        sizes = [str(len(head)).encode(), str(len(head) + len(body)).encode()]
        return line(b"HMSG", *words, *sizes) + head + body + b"\r\n"
    return line(b"MSG", *words, str(len(body)).encode()) + body + b"\r\n"


STREAMS = st.lists(st.one_of(messages(), st.sampled_from([b"PING\r\n", b"PONG\r\n", b"+OK\r\n"])))


class Noting:
    """Notes what a parser hands over, instead of a client."""

    def __init__(self) -> None:
        self.noted: list[tuple[Any, ...]] = []

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, body: bytes, headers: bytes | None
    ) -> None:
        self.noted.append((sid, subject, reply, headers or b"", body))

    async def _process_ping(self) -> None:
        self.noted.append(("PING",))

    async def _process_pong(self) -> None:
        self.noted.append(("PONG",))


async def noted_by_the_library(stream: bytes) -> list[tuple[Any, ...]]:
    noting = Noting()
    await Parser(noting).parse(stream)
    return noting.noted


@given(STREAMS, st.lists(st.integers(1, 30), min_size=1))
async def test_every_message_arrives_whole_and_in_order(
    parts: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(parts)
    connection, noting = Connection(), Noting()
    framing = connection.framing
    framing.nc = noting
    framing.process = noting._process_msg
    framing.taps = {TAPPED: lambda *message: noting.noted.append((TAPPED, *message))}
    at = 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        await framing.parse(stream[at : at + size])
        at += size
    assert noting.noted == await noted_by_the_library(stream)


@pytest.mark.parametrize("bad", [b"HMSG a b 1 2\r\n", b"MSG a\r\n", b"MSG a 1 x\r\n", b"WHAT\r\n"])
async def test_what_no_server_says_is_refused(bad: bytes) -> None:
    with pytest.raises(ProtocolError):
        await Connection().framing.parse(bad)


async def test_a_new_connection_begins_without_the_rest_of_the_old() -> None:
    connection = Connection()
    await connection.framing.parse(b"MSG a 1 10\r\nhalf")
    connection.framing.reset()
    with pytest.raises(ProtocolError):
        await connection.framing.parse(b"half\r\n")


async def test_connecting_once_fails_at_once_where_nobody_listens() -> None:
    async def quiet(_: Exception) -> None: ...

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"nats://127.0.0.1:{held.getsockname()[1]}"
        async with asyncio.timeout(1.5):
            with pytest.raises((OSError, nats.errors.Error)):
                await connect_once(url, error_cb=quiet)


async def test_who_knows_one_inbox_knows_no_other(server: NatsServer) -> None:
    client = await server.connect("client")
    names = [client.new_inbox().removeprefix("_INBOX_client.") for _ in range(1000)]
    assert len(set(names)) == 1000
    # The first half of a name is not that of the next.
    assert all(one[:11] != other[:11] for one, other in itertools.pairwise(names))
    await client.close()


async def test_a_message_that_cannot_be_taken_ends_no_connection(server: NatsServer) -> None:
    """The library stops reading for good at an error, and goes on calling itself connected."""
    told: list[Exception] = []

    async def tell(error: Exception) -> None:
        told.append(error)

    client = await connect(
        server.url,
        user="operator",
        password="poperator",
        inbox_prefix=b"_INBOX_operator",
        error_cb=tell,
    )
    taken: list[bytes] = []

    def take(_subject: bytes, _reply: bytes, headers: bytes, body: bytes) -> None:
        taken.append(body)
        if headers:
            headers.decode()

    await client.tap("history.a.>", take)
    await client.subscribe("history.b.>")  # pyright: ignore[reportUnknownMemberType]
    for subject in ("history.a.x", "history.b.x"):
        await client.send(framed(subject, b"NATS/1.0\r\n\xff: \xff\r\n\r\n", b"one"))
    await client.send(framed("history.a.x", b"", b"two"))
    try:
        async with asyncio.timeout(10):
            while len(taken) < 2 or not told:
                await client.flush()
    finally:
        await client.close()
    assert taken == [b"one", b"two"]
    assert any(isinstance(error, UnicodeDecodeError) for error in told)


async def test_a_transport_that_was_closed_ends_a_message_not_the_sender(
    server: NatsServer,
) -> None:
    """The library calls itself connected until it has read the end."""
    client = await server.connect("operator")
    assert client._flusher_task is not None
    client._flusher_task.cancel()
    await asyncio.sleep(0)
    client._transport.close()
    with pytest.raises(ConnectionClosedError):
        await client.send(framed("history.a.x", b"", b"one"))
    await client.close()
