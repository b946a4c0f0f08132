"""Leaving a branch of the log, and recording again what it held: only what still fits."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from cadre.audit.journals import snapshot
from cadre.shared.database.database import Database
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.projecting.adopting import Adoption, adopt, adoptions
from cadre.shared.projecting.forks import Fork, other_branch
from cadre.shared.running.again import Again, Decided, LostEvent, RecordedAgain, Result
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.serving.dump import dump, fresh_dump
from support import mini, stores
from support.environment import Environment
from support.mini import DAY, Note, Open, Register, TakeSeat, cadre_id

ANA, BO, CY = (cadre_id(n) for n in (1, 2, 3))
SEEN_S_MAX = 30
ADOPTION = Adoption(datetime(2026, 3, 2, tzinfo=UTC), "op", "a fire", "left.jsonl")


async def send(runtime: Runtime, command: Command, meta: Meta | None = None) -> int:
    meta = meta or Meta(command_id=uuid4(), actor="tester")
    position = (await runtime.handling.handle(command, meta)).position
    await runtime.projector.wait(position, SEEN_S_MAX)
    return position


def registered(who: str) -> Register:
    return Register(cadre_id=who, person_name="张三", effective_on=DAY)


def noted(who: str) -> Note:
    return Note(cadre_id=who, note="记录", effective_on=DAY)


SEAT = TakeSeat(pool_id="p", cadre_id=ANA, effective_on=DAY)


@pytest.fixture
def left(environment: Environment, tmp_path: Path) -> list[Message]:
    """Two persons and a pool of one seat were copied; then Ana got the seat and Cy came."""

    async def life() -> list[Message]:
        async with running(mini.service(), environment.settings()) as runtime:
            for command in (registered(ANA), registered(BO)):
                await send(runtime, command)
            await send(runtime, Open(pool_id="p", seats=1, effective_on=DAY))
            older = await asyncio.to_thread(stores.copy, environment.server, tmp_path / "older")
            while not (runtime.client.is_connected and runtime.vitals.ready):
                await asyncio.sleep(0.05)
            for command in (SEAT, registered(CY), noted(CY), noted(BO)):
                await send(runtime, command)
        await asyncio.to_thread(stores.put_back, environment.server, older)
        return await adopted(environment)

    if environment.server.store == Path("/data"):
        pytest.skip("the store of a container is not at hand")
    return asyncio.run(life())


async def adopted(environment: Environment) -> list[Message]:
    """Leave the branch; the events that it held."""
    url = environment.database("selection")
    client = await environment.server.connect("subscriber")
    async with snapshot(url) as connection:
        fork = Fork("selection", connection, Log(client))
        await fork.find()
        events = [m async for messages in other_branch([fork]) for m in messages]
    await client.close()
    assert (fork.left, fork.common.position, fork.reached.position) == (True, 3, 8)
    database = Database(url)
    work = partial(
        adopt,
        models=mini.read_models(),
        adoption=ADOPTION,
        common=fork.common,
        reached=fork.reached,
    )
    await database.transact(work)
    assert (await database.read(adoptions))[0]["reason"] == "a fire"
    await database.close()
    return events


def decided(left: Sequence[Message], *positions: int, apply: bool = True) -> Decided:
    """What one decision recorded, between all that concerns the same histories."""
    ids = {message.position: message.headers["ce-id"] for message in left}
    people = {
        message.position: message.aggregate[2] for message in left if message.position in positions
    }
    same = [m.position for m in left if m.aggregate[2] in people.values()]
    return Decided(
        events=[
            LostEvent(subject=m.subject, headers=dict(m.headers), body=m.body.decode())
            for m in left
            if m.position in positions
        ],
        fork=3,
        before=[ids[p] for p in same if p < min(positions)],
        after=[ids[p] for p in same if p >= min(positions)],
        apply=apply,
    )


@pytest.fixture
def again(left: list[Message]) -> Callable[..., object]:
    async def record(runtime: Runtime, *positions: int, apply: bool = True) -> RecordedAgain:
        wish = decided(left, *positions, apply=apply)
        return await Again(runtime.handling, runtime.codec).record(wish)

    return record


async def test_what_fits_is_recorded_once_and_read_as_before(
    environment: Environment, left: list[Message], again: Callable[..., object]
) -> None:
    async with running(mini.service(), environment.settings()) as runtime:
        assert runtime.vitals.ready
        assert (await again(runtime, 4, 5, apply=False)).result is Result.FITS
        assert await runtime.log.last_position() == 3
        assert (await again(runtime, 7)).why.startswith("it rests on event")
        for positions in ((4, 5), (6,), (7,), (8,)):
            assert (await again(runtime, *positions)).result is Result.RECORDED
        for positions in ((4, 5), (6,), (7,), (8,)):
            told = await again(runtime, *positions)
            assert (told.result, told.positions) == (Result.THERE, list(positions))
        assert await runtime.log.last_position() == 8
        await runtime.projector.wait(8, SEEN_S_MAX)
        for before, now in zip(left, [await runtime.log.get(p) for p in range(4, 9)], strict=True):
            assert (before.subject, before.body) == (now.subject, now.body)
            assert before.headers["ce-id"] == now.headers["ce-id"]
            recorded = await runtime.codec.open(runtime.codec.decode(now))
            assert "sealed:" not in str(recorded.event)
        held, fresh = await dump(runtime), await fresh_dump(runtime)
        assert held.tables == fresh.tables
        # It goes on from there, with a chain that holds.
        await send(runtime, noted(CY))


async def test_a_seat_that_somebody_else_has_is_left_to_a_person(
    environment: Environment, again: Callable[..., object]
) -> None:
    async with running(mini.service(), environment.settings()) as runtime:
        await send(runtime, SEAT.model_copy(update={"cadre_id": BO}))
        seat = await again(runtime, 4, 5)
        assert seat.result is Result.ISSUE
        assert "history.selection.pool.p.pool-seat-taken at position 5 by tester" in seat.why
        note = await again(runtime, 8)
        assert (note.result, note.positions) == (Result.ISSUE, [])
        assert "its history went on" in note.why
        assert (await again(runtime, 6)).result is Result.RECORDED


async def test_a_command_that_was_repeated_since_is_there(
    environment: Environment, left: list[Message], again: Callable[..., object]
) -> None:
    command_id = UUID(left[-1].headers["ce-commandid"])
    async with running(mini.service(), environment.settings()) as runtime:
        meta = Meta(command_id=command_id, actor="tester")
        await send(runtime, noted(BO), meta)
        told = await again(runtime, 8)
        assert (told.result, told.positions) == (Result.THERE, [4])


async def test_only_what_the_service_signed_is_taken(
    environment: Environment, left: list[Message]
) -> None:
    async with running(mini.service(), environment.settings()) as runtime:
        work = Again(runtime.handling, runtime.codec)
        forged = decided(left, 8)
        forged.events[0].body = forged.events[0].body.replace("positive", "negative")
        with pytest.raises(Malformed, match="has not signed this"):
            await work.record(forged)
        foreign = decided(left, 8)
        foreign.events[0].subject = foreign.events[0].subject.replace("selection", "training", 1)
        with pytest.raises(Malformed):
            await work.record(foreign)
        assert await runtime.log.last_position() == 3
