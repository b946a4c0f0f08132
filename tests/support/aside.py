"""Services beside each other, and what is set aside in their histories."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.audit.projections import Projection
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.messages import Meta
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.projecting.projector import Projector
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.serving.admin import Unappliable, _set_aside
from cadre.shared.serving.dump import dump, fresh_dump
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING
from support.environment import Environment

SERVICES = {"selection": SELECTION, "training": TRAINING}
SERVICES |= {"supervision": SUPERVISION, "appointment": APPOINTMENT}


def meta() -> Meta:
    return Meta(command_id=uuid4(), actor="operator-wu")


@asynccontextmanager
async def real(environment: Environment, name: str) -> AsyncIterator[Runtime]:
    settings = environment.settings(name, nats_user=name, nats_password=f"p{name}")
    async with running(SERVICES[name], settings) as runtime:
        yield runtime


async def written(
    environment: Environment, subject: str, kind: str, body: bytes = b"{}", **more: str
) -> int:
    """The position of an event that a service wrote, and that this version may not know."""
    client = await environment.server.connect(subject.split(".")[1])
    headers = {"ce-id": str(uuid4()), "ce-type": kind}
    answer = await client.request(subject, body, timeout=10, headers=headers | more)
    await client.close()
    return int(json.loads(answer.data)["seq"])


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


async def settled(projector: Projector, position: int) -> None:
    """Until the tables that answer were made as the log says and have come so far."""
    await projector.wait(position, 30)
    await until(lambda: not projector._standing.outdated)
    await projector.wait(position, 30)


async def set_aside(
    runtime: Runtime,
    position: int,
    by: Meta | None = None,
    reason: str = "文本无法存储，已另行登记",
) -> Outcome:
    wanted = Unappliable(position=position, reason=reason)
    return await _set_aside(runtime, wanted, by or meta())


async def agrees(runtime: Runtime) -> None:
    """Replay and audit give the tables that answer, once what follows by itself is recorded too."""
    end = 0
    while end != (end := await runtime.log.last_position()):
        await runtime.projector.wait(end, 30)
        if runtime.service.reactions:
            await runtime.reactor.wait(end, 30)
    assert (await dump(runtime)).digests == (await fresh_dump(runtime)).digests
    async with runtime.engine.connect() as connection:
        projection = Projection(runtime.service.read_models, connection)
        await projection.start()
        assert not projection.outdated
        async for messages in runtime.log.read():
            for message in messages:
                projection.add(runtime.codec.decode(message))
        assert await projection.compare() == []
