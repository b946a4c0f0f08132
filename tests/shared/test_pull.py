"""A reader on a real server, while somebody who knows its names does what the server lets him."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cadre.shared.log.codec import Outgoing
from cadre.shared.log.connection import Connection, framed
from cadre.shared.log.marks import NOWHERE
from cadre.shared.log.pull import Pull
from cadre.shared.log.stream import Gap, Log
from support.nats_server import NatsServer

NOTICED_S_MAX = 10.0
"""Generous: two looks and a new consumer take less than five seconds."""


def event(number: int) -> tuple[Outgoing, None]:
    subject = f"history.selection.cadre.c-{number}.observed"
    return Outgoing(subject, {"Nats-Msg-Id": str(uuid4()), "ce-id": "x"}, b"{}"), None


@dataclass
class Names:
    """What the monitor port told about a reader, back when everybody could ask it."""

    server: NatsServer

    async def ask(self, path: str) -> Any:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{self.server.monitor}{path}")).json()

    async def consumers(self) -> dict[str, dict[str, Any]]:
        """The consumers on HISTORY, with their configuration."""
        told = await self.ask("/jsz?accounts=1&streams=1&consumers=1&config=1")
        return {
            consumer["name"]: consumer["config"]
            for account in told["account_details"]
            for stream in account.get("stream_detail", ())
            for consumer in stream.get("consumer_detail", ())
        }

    async def inboxes(self, user: str) -> list[str]:
        """What connections of a user listen to."""
        told = await self.ask("/connz?subs=1")
        subjects = [s for c in told["connections"] for s in c.get("subscriptions_list", ())]
        return [subject for subject in subjects if subject.startswith(f"_INBOX_{user}.")]


@dataclass
class Reading:
    """Somebody follows the log; what came."""

    log: Log
    positions: list[int] = field(default_factory=list[int])
    bodies: set[bytes] = field(default_factory=set[bytes])

    async def follow(self) -> None:
        async for messages in self.log.follow(NOWHERE):
            self.positions += [message.position for message in messages]
            self.bodies |= {message.body for message in messages}

    async def until(self, position: int) -> None:
        async with asyncio.timeout(NOTICED_S_MAX):
            while not self.positions or self.positions[-1] < position:
                await asyncio.sleep(0.02)


@dataclass
class Scene:
    """A reader, somebody who writes, and somebody with the password of a subscriber."""

    reading: Reading
    writer: Log
    subscriber: Connection
    operator: Connection
    names: Names

    async def write(self, count: int = 1) -> int:
        return (await self.writer.append([event(n) for n in range(count)]))[-1]

    async def consumer(self) -> tuple[str, dict[str, Any]]:
        """The reader's own."""
        ((name, config),) = (await self.names.consumers()).items()
        return name, config

    async def change(self, **config: object) -> None:
        name, made = await self.consumer()
        wanted = made | config
        subject = f"$JS.API.CONSUMER.CREATE.HISTORY.{name}"
        if filtered := wanted.get("filter_subject"):
            subject = f"{subject}.{filtered}"
        request = {"stream_name": "HISTORY", "config": wanted, "action": "update"}
        reply = await self.subscriber.request(subject, json.dumps(request).encode(), timeout=5)
        assert "error" not in json.loads(reply.data), reply.data

    async def pull(self, batch: int) -> None:
        name, _ = await self.consumer()
        request = json.dumps({"batch": batch, "expires": 60_000_000_000}).encode()
        subject = f"$JS.API.CONSUMER.MSG.NEXT.HISTORY.{name}"
        inbox = self.subscriber.new_inbox()
        await self.subscriber.subscribe(inbox)  # pyright: ignore[reportUnknownMemberType]
        await self.subscriber.publish(subject, request, reply=inbox)
        await self.subscriber.flush()


@pytest.fixture
async def scene(server: NatsServer) -> AsyncIterator[Scene]:
    reader = await server.connect("supervision")
    writer = await server.connect("selection")
    subscriber, operator = await server.connect("subscriber"), await server.connect("operator")
    reading = Reading(Log(reader))
    following = asyncio.create_task(reading.follow())
    scene = Scene(reading, Log(writer), subscriber, operator, Names(server))
    await reading.until(await scene.write(3))
    try:
        yield scene
        assert not following.done(), "the reader has ended"
        assert reading.positions == list(range(1, len(reading.positions) + 1))
        assert reading.bodies == {b"{}"}
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        for client in (reader, writer, subscriber, operator):
            await client.close()


async def filter_nothing(scene: Scene) -> None:
    await scene.change(filter_subject="history.nobody.>")


async def filter_some(scene: Scene) -> None:
    await scene.change(filter_subject="history.*.cadre.c-1.>")


async def pause(scene: Scene) -> None:
    name, _ = await scene.consumer()
    until = b'{"pause_until": "2126-01-01T00:00:00Z"}'
    await scene.operator.request(f"$JS.API.CONSUMER.PAUSE.HISTORY.{name}", until, timeout=5)


async def hold_back_bodies(scene: Scene) -> None:
    await scene.change(headers_only=True)


async def allow_single_events_only(scene: Scene) -> None:
    await scene.change(max_batch=1)


async def let_it_vanish(scene: Scene) -> None:
    await scene.change(inactive_threshold=1_000_000)


async def empty(scene: Scene) -> None:
    for _ in range(4):
        await scene.pull(3)


async def crowd_out(scene: Scene) -> None:
    name, _ = await scene.consumer()
    inbox = scene.subscriber.new_inbox()
    await scene.subscriber.subscribe(inbox)  # pyright: ignore[reportUnknownMemberType]
    subject = f"$JS.API.CONSUMER.MSG.NEXT.HISTORY.{name}"
    for _ in range(600):
        await scene.subscriber.publish(subject, b'{"expires": 60000000000}', reply=inbox)
    await scene.subscriber.flush()


async def delete(scene: Scene) -> None:
    name, _ = await scene.consumer()
    await scene.operator.request(f"$JS.API.CONSUMER.DELETE.HISTORY.{name}", b"", timeout=5)


@pytest.mark.parametrize(
    "do",
    [
        filter_nothing,
        filter_some,
        pause,
        hold_back_bodies,
        allow_single_events_only,
        let_it_vanish,
        empty,
        crowd_out,
        delete,
    ],
)
async def test_what_is_done_to_a_consumer_keeps_no_event_from_its_reader(
    scene: Scene, do: Callable[[Scene], Awaitable[None]]
) -> None:
    name, _ = await scene.consumer()
    await do(scene)
    await scene.write(6)
    await asyncio.sleep(0.1)
    await scene.reading.until(await scene.write(6))
    async with asyncio.timeout(NOTICED_S_MAX):
        while name in await scene.names.consumers():
            await asyncio.sleep(0.05)


async def test_a_change_is_noticed_though_nothing_is_written(scene: Scene) -> None:
    name, _ = await scene.consumer()
    await filter_nothing(scene)
    async with asyncio.timeout(NOTICED_S_MAX):
        while name in await scene.names.consumers():
            await asyncio.sleep(0.05)
    await scene.reading.until(await scene.write())


async def test_whatever_else_comes_to_an_inbox_is_dropped(scene: Scene) -> None:
    """The operator may publish anywhere: worse than what a subscriber has the server send."""
    inboxes = await scene.names.inboxes("supervision")
    assert inboxes
    assert all(inbox.endswith(".*") for inbox in inboxes), "an event can be pushed to a literal one"
    subjects = [inbox.replace("*", token) for inbox in inboxes for token in ("x", "1")]
    blocks = (
        b"",
        b"NATS/1.0 409 Consumer Deleted\r\n\r\n",
        b"NATS/1.0 404\r\nNats-Pending-Messages: many\r\n\r\n",
        b"NATS/1.0 \xff\xfe\r\n\r\n",
        b"\r\nNats-Stream:\r\n\r\n",
    )
    for subject in subjects:
        for block in blocks:
            for reply in ("", "nowhere"):
                await scene.operator.send(framed(subject, block, b"{", reply))
    await scene.operator.flush()
    await scene.reading.until(await scene.write(5))


async def test_a_delivery_of_another_consumer_is_dropped(scene: Scene) -> None:
    """Pulled by somebody else, with the inbox of the reader as the place to deliver to."""
    other = {"name": "other", "ack_policy": "none", "deliver_policy": "all"}
    created = await scene.operator.request(
        "$JS.API.CONSUMER.CREATE.HISTORY.other",
        json.dumps({"stream_name": "HISTORY", "config": other}).encode(),
        timeout=5,
    )
    assert "error" not in json.loads(created.data)
    for inbox in await scene.names.inboxes("supervision"):
        await scene.operator.publish(
            "$JS.API.CONSUMER.MSG.NEXT.HISTORY.other", b'{"batch": 9}', reply=inbox[:-1] + "x"
        )
    await scene.reading.until(await scene.write(5))


async def test_only_what_the_log_lacks_is_a_gap(server: NatsServer) -> None:
    operator = await server.connect("operator")
    log = Log(operator)
    config = (await log.info())["config"] | {"deny_delete": False, "name": "OTHER"}
    await log.api("STREAM.DELETE.HISTORY", {})
    await log.api("STREAM.CREATE.OTHER", config)
    await log.append([event(n) for n in range(5)])
    other = Log(operator, "OTHER")
    await other.api("STREAM.MSG.DELETE.OTHER", {"seq": 3})
    with pytest.raises(Gap, match="4 follows 2"):
        await Reading(other).follow()
    assert [m.position async for ms in other.read() for m in ms] == [1, 2, 4, 5]
    await operator.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"$JS.ACK.HISTORY.other.1.4.4.1.0",
        b"$JS.ACK.OTHER.%s.1.4.4.1.0",
        b"$JS.ACK.HISTORY.%s.1.x.4.1.0",
        b"$JS.ACK.HISTORY.%s",
        b"$JS.ACK..",
        b"elsewhere",
        b"",
    ],
)
async def test_what_its_own_consumer_did_not_deliver_is_no_event(
    server: NatsServer, reply: bytes
) -> None:
    """The server lets nobody publish such a reply; a reader does not rest on that."""
    client = await server.connect("supervision")
    async with Pull(client, "HISTORY", 0).open() as pull:
        (name,) = await Names(server).consumers()
        take = client.framing.taps[max(client.framing.taps)]
        foreign = reply.replace(b"%s", name.encode())
        take(b"history.selection.cadre.c-1.observed", foreign, b"", b"{}")
        batches = pull.batches(idle_s_max=0.1)
        assert [messages async for messages in batches] == []
        assert not pull.broken
    await client.close()
