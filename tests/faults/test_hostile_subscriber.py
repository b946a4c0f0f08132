"""Whoever has a subscriber's password and knows every name cannot stop a service or its tables."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cadre.shared.deciding.messages import Meta
from cadre.shared.log.connection import Connection
from cadre.shared.running.runtime import Runtime, running
from support import mini
from support.environment import Environment
from support.mini import DAY, Note, Register, cadre_id
from support.nats_server import NatsServer

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

NOTICED_S_MAX = 15.0
ROUNDS = 4


@pytest.fixture
async def runtime(server: NatsServer, tmp_path: Path) -> AsyncIterator[Runtime]:
    async with running(mini.service(), Environment(server, tmp_path).settings()) as runtime:
        yield runtime


async def names(server: NatsServer, path: str) -> Any:
    """What the monitor port tells; nobody has it here but the test."""
    async with httpx.AsyncClient() as client:
        return (await client.get(f"http://127.0.0.1:{server.monitor}{path}")).json()


async def consumers(server: NatsServer) -> list[dict[str, Any]]:
    told = await names(server, "/jsz?accounts=1&streams=1&consumers=1&config=1")
    return [
        consumer["config"]
        for account in told["account_details"]
        for stream in account.get("stream_detail", ())
        for consumer in stream.get("consumer_detail", ())
    ]


async def inboxes(server: NatsServer) -> list[str]:
    told = await names(server, "/connz?subs=1")
    subjects = [s for c in told["connections"] for s in c.get("subscriptions_list", ())]
    return [subject for subject in subjects if subject.startswith("_INBOX_selection.")]


async def do_everything(server: NatsServer, subscriber: Connection, turn: int) -> None:
    """Change, empty and crowd out each consumer; have the server push and answer to each inbox."""
    own = subscriber.new_inbox()
    await subscriber.subscribe(own)  # pyright: ignore[reportUnknownMemberType]
    places = [own] + [inbox.replace("*", "x") for inbox in await inboxes(server)]
    for config in await consumers(server):
        name = config["name"]
        for place in places:
            subject = f"$JS.API.CONSUMER.MSG.NEXT.HISTORY.{name}"
            for _ in range(150):
                await subscriber.publish(
                    subject, b'{"batch": 1, "expires": 60000000000}', reply=place
                )
        changes = ({"headers_only": True}, {"max_batch": 1}, {"filter_subject": "history.x.>"})
        wanted = config | changes[turn % len(changes)]
        subject = f"$JS.API.CONSUMER.CREATE.HISTORY.{name}"
        if filtered := wanted.get("filter_subject"):
            subject = f"{subject}.{filtered}"
        request = {"stream_name": "HISTORY", "config": wanted}
        await subscriber.publish(subject, json.dumps(request).encode(), reply=own)
    for number, place in enumerate(places):
        for ask in ("STREAM.INFO.HISTORY", "DIRECT.GET.HISTORY", "CONSUMER.INFO.HISTORY.x"):
            await subscriber.publish(f"$JS.API.{ask}", b'{"seq": 1}', reply=place)
        push = {"name": f"p{turn}-{number}", "deliver_subject": place, "ack_policy": "none"}
        push_to = f"$JS.API.CONSUMER.CREATE.HISTORY.{push['name']}"
        request = {"stream_name": "HISTORY", "config": push | {"deliver_policy": "all"}}
        await subscriber.publish(push_to, json.dumps(request).encode(), reply=own)
    await subscriber.flush()


async def test_tables_keep_up_and_the_service_lives_whatever_a_subscriber_does(
    server: NatsServer, runtime: Runtime
) -> None:
    subscriber = await server.connect("subscriber")
    registered = Register(cadre_id=cadre_id(1), person_name="张三", effective_on=DAY)
    await runtime.handling.handle(registered, Meta(command_id=uuid4(), actor="clerk"))
    for turn in range(ROUNDS):
        await do_everything(server, subscriber, turn)
        note = Note(cadre_id=cadre_id(1), note=f"第{turn}次", effective_on=DAY)
        outcome = await runtime.handling.handle(note, Meta(command_id=uuid4(), actor="clerk"))
        await runtime.projector.wait(outcome.position, NOTICED_S_MAX)
        assert not runtime.failed.is_set()
        assert runtime.vitals.ready
    assert await runtime.log.last_position() == 1 + ROUNDS, "and nothing was written by the way"
    assert await runtime.projector.parked_events() == []
    await subscriber.close()
