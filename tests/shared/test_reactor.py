"""Reactions against a real log: each event once, also behind a rebuild, a restart or a failure."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text

from cadre.contracts.selection.profile import Recruited
from cadre.shared.deciding.errors import Unavailable
from cadre.shared.deciding.messages import Command, Meta, Recorded
from cadre.shared.deciding.reactions import Reaction
from cadre.shared.projecting import reactor
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.showing.service import Service
from support import mini
from support.environment import Environment
from support.mini import DAY, Note, Open, Register, cadre_id

REFUSED = cadre_id(7)


def welcome(recorded: Recorded[Recruited]) -> Iterator[Command]:
    """Everyone who is registered gets a note; for one of them it goes to nobody."""
    who = recorded.event.cadre_id
    yield Note(cadre_id=cadre_id(99) if who == REFUSED else who, note="欢迎", effective_on=DAY)


def service() -> Service:
    return replace(mini.service(), reactions=(Reaction("welcome", Recruited, welcome),))


@pytest.fixture
async def runtime(environment: Environment) -> AsyncIterator[Runtime]:
    async with running(service(), environment.settings()) as runtime:
        yield runtime


async def send(runtime: Runtime, command: Command) -> int:
    outcome = await runtime.handling.handle(command, Meta(command_id=uuid4(), actor="tester"))
    return outcome.position


async def register(runtime: Runtime, *numbers: int) -> int:
    position = 0
    for number in numbers:
        command = Register(cadre_id=cadre_id(number), person_name="张三", effective_on=DAY)
        position = await send(runtime, command)
    return position


async def notes(runtime: Runtime) -> int:
    """How many notes stand on the log."""
    await runtime.projector.wait(await runtime.log.last_position(), 20)
    async with runtime.engine.connect() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM notes"))).scalar_one())


async def kept(runtime: Runtime) -> int:
    query = text("SELECT position FROM checkpoints WHERE name = 'reactions'")
    async with runtime.engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


async def test_waiting_for_a_position_means_its_reactions_are_done(runtime: Runtime) -> None:
    for number in range(5):
        await runtime.reactor.wait(await register(runtime, number), 20)
        assert await notes(runtime) == number + 1
    end = await runtime.log.last_position()
    await runtime.reactor.wait(end, 20)
    assert runtime.reactor.position == end
    with pytest.raises(Unavailable, match="not reacted to"):
        await runtime.reactor.wait(end + 1, 0.05)


async def test_events_that_concern_no_reaction_move_the_position_too(runtime: Runtime) -> None:
    for number in range(3):
        position = await send(runtime, Open(pool_id=f"p-{number}", seats=1, effective_on=DAY))
    await runtime.reactor.wait(position, 20)
    assert await notes(runtime) == 0


async def test_neither_a_rebuild_nor_a_restart_fires_a_reaction_again(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = environment.settings()
    async with running(service(), settings) as first:
        await register(first, 1, 2, 3)
        await first.reactor.wait(await first.log.last_position(), 20)
        end = await first.log.last_position()
    fired: list[str] = []

    def again(recorded: Recorded[Recruited]) -> Iterator[Command]:
        fired.append(recorded.event.cadre_id)
        return welcome(recorded)

    second = replace(service(), reactions=(Reaction("welcome", Recruited, again),))
    async with running(second, settings) as runtime:
        runtime.projector.rebuild()
        assert runtime.projector.rebuilding is not None
        await asyncio.wait_for(runtime.projector.rebuilding, 20)
        await runtime.reactor.wait(end, 20)
        assert fired == []
        await runtime.reactor.wait(await register(runtime, 4), 20)
        assert fired == [cadre_id(4)]
        assert await notes(runtime) == 4


async def test_what_a_command_refuses_is_kept_and_the_rest_goes_on(runtime: Runtime) -> None:
    position = await register(runtime, 7)
    await runtime.reactor.wait(await register(runtime, 8), 20)
    (failure,) = await runtime.reactor.failures()
    assert (failure["position"], failure["reaction"]) == (position, "welcome")
    assert "no such cadre" in str(failure["error"])
    assert await notes(runtime) == 1


async def test_a_reaction_that_was_interrupted_comes_again(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, calls = runtime.reactor.handle, 0

    async def unavailable_at_first(command: Command, meta: Meta) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Unavailable("not now")
        return await handle(command, meta)

    monkeypatch.setattr(reactor, "RETRY_S", 0.05)
    runtime.reactor.handle = unavailable_at_first
    await runtime.reactor.wait(await register(runtime, 1), 20)
    assert calls == 2
    assert await notes(runtime) == 1


async def test_a_service_far_behind_reads_in_parts_and_misses_nothing(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cadre.shared.projecting.journal.QUERY_EVENTS_MAX", 2)
    monkeypatch.setattr(reactor, "CURSOR_EVENTS_MAX", 4)
    async with running(mini.service(), environment.settings("other")) as writer:
        await register(writer, *range(5))
        for number in range(6):
            end = await send(writer, Open(pool_id=f"p-{number}", seats=1, effective_on=DAY))
    async with running(service(), environment.settings()) as late:
        await late.reactor.wait(end, 20)
        assert await notes(late) == 5
        await late.reactor.wait(await late.log.last_position(), 20)
        assert await kept(late) >= end
