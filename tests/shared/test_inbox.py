"""Answers over a real server: each request gets its own, or is told at once that none comes."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from nats.errors import BadSubjectError, ConnectionClosedError, NoRespondersError

from cadre.shared.log.connection import Connection, framed
from cadre.shared.log.headers import Headers
from cadre.shared.log.inbox import Inbox
from support.nats_server import NatsServer


@pytest.fixture
async def client(server: NatsServer) -> AsyncIterator[Connection]:
    client = await server.connect("operator")
    yield client
    await client.close()


async def ask(inbox: Inbox) -> bytes:
    subject = "history.selection.cadre.c-aaaaaaaaaa.observed"
    return await inbox.ask(lambda reply: framed(subject, b"", b"{}", reply), 5)


async def test_each_request_gets_its_own_answer(client: Connection) -> None:
    inbox = Inbox(client)
    answers = await asyncio.gather(*(ask(inbox) for _ in range(50)))
    assert len({answer for answer in answers if b'"seq"' in answer}) == 50


async def test_where_nobody_listens_that_is_told_at_once(server: NatsServer) -> None:
    client = await server.connect("client")
    inbox = Inbox(client)
    with pytest.raises(NoRespondersError):
        await inbox.ask(lambda reply: framed("commands.selection.x", b"", b"{}", reply), 5)
    await client.close()


async def test_an_answer_that_comes_too_late_is_nobodys(client: Connection) -> None:
    inbox = Inbox(client)
    asked: list[str] = []

    def nothing(reply: str) -> bytes:
        asked.append(reply)
        return b""

    with pytest.raises(TimeoutError):
        await inbox.ask(nothing, 0.05)
    await client.send(framed(asked[0], b"", b"late"))
    assert b'"seq"' in await ask(inbox)


async def test_without_a_connection_nothing_is_kept_for_later(client: Connection) -> None:
    inbox = Inbox(client)
    await ask(inbox)
    await client.close()
    with pytest.raises(ConnectionClosedError):
        await ask(inbox)


@pytest.mark.parametrize("subject", ["", "a b", "a\r\nPUB b 0"])
def test_a_subject_is_one_word(subject: str) -> None:
    with pytest.raises(BadSubjectError):
        framed(subject, b"", b"{}")


def test_more_headers_stand_behind_those_that_were_signed() -> None:
    block = Headers.of({"ce-id": "1"}).followed_by({"Nats-Expected": "2"})
    assert block == b"NATS/1.0\r\nce-id: 1\r\nNats-Expected: 2\r\n\r\n"
    assert Headers.of({}).followed_by({"a": "b"}) == b"NATS/1.0\r\na: b\r\n\r\n"
    assert Headers(block).followed_by({}) == block


@pytest.mark.parametrize("value", ["a\r\nce-actor: b", "a\nb", "a\rb"])
def test_a_header_that_would_begin_another_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        Headers.of({"ce-actor": value})
