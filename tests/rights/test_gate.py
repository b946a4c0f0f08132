"""What the gate knows of where persons serve, on a real log with two instances of a service."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from cadre.contracts.event import CadreId, Event, UnitId
from cadre.shared.deciding.decider import Handler, World
from cadre.shared.deciding.errors import CadreError, Forbidden, NotFound
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.deciding.rights import (
    EVERYBODY,
    EVERYTHING_ALLOWED,
    NAMED,
    Caller,
    Named,
    Right,
    Role,
)
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.showing.service import Service
from support import mini
from support.environment import Environment
from support.mini import CADRE, DAY, Register, cadre_id

ANA, BO = cadre_id(1), cadre_id(2)
READS = Right(Role.READER, NAMED)
OF_ONE = Caller(frozenset({Role.READER, Role.RECORDER}), frozenset({"u-1"}))


class Move(Command):
    """Come to another unit."""

    cadre_id: CadreId
    unit_id: UnitId


def _moved(command: Move, _world: World) -> Iterator[Event]:
    register = Register(cadre_id=command.cadre_id, person_name="张三", effective_on=DAY)
    (came,) = mini.register(register, World({CADRE.of(command.cadre_id): CADRE.initial}))
    more = {"unit_id": command.unit_id, "effective_on": command.effective_on}
    yield came.model_copy(update=more)


def service() -> Service:
    move = Handler(
        Move,
        lambda c, _: (CADRE.of(c.cadre_id),),
        lambda c, world: list(_moved(c, world)),
        Right(Role.DECIDER, EVERYBODY),
    )
    return replace(mini.service(), handlers=(*mini.HANDLERS, move))


async def came(runtime: Runtime, who: str, unit: str, day: date = DAY) -> int:
    """Recorded by the service itself: that needs no token."""
    move = Move(cadre_id=who, unit_id=unit, effective_on=day)
    meta = Meta(command_id=uuid4(), actor="tester")
    return (await runtime.handling.handle(move, meta)).position


async def may(runtime: Runtime, caller: Caller, *persons: str, day: date = DAY) -> bool:
    try:
        await runtime.gate.admit(caller, READS, Named(frozenset(persons)), day, "x")
    except NotFound:
        return False
    return True


async def test_a_move_that_another_instance_recorded_is_seen(environment: Environment) -> None:
    one, two = environment.settings("one"), environment.settings("two")
    async with running(service(), one) as here, running(service(), two) as there:
        await came(here, ANA, "u-1")
        assert await may(here, OF_ONE, ANA)
        assert await may(there, OF_ONE, ANA)
        moved = await came(there, ANA, "u-2")
        for runtime in (here, there):
            await runtime.wait(moved)
        assert not await may(here, OF_ONE, ANA)
        assert not await may(there, OF_ONE, ANA)
        # And back, from a later day on; nobody needs to wait for a runner to be let in.
        later = date(2027, 1, 1)
        await came(there, ANA, "u-1", later)
        assert await may(here, OF_ONE, ANA, day=later)
        assert not await may(here, OF_ONE, ANA, day=DAY)
        assert not await may(here, OF_ONE, ANA, day=date(2020, 1, 1))


async def test_all_who_are_named_must_serve_in_the_units(environment: Environment) -> None:
    async with running(service(), environment.settings()) as runtime:
        await came(runtime, ANA, "u-1")
        await came(runtime, BO, "u-2")
        assert not await may(runtime, OF_ONE, ANA, BO)
        assert await may(runtime, replace(OF_ONE, units=frozenset({"u-1", "u-2"})), ANA, BO)
        assert await may(runtime, EVERYTHING_ALLOWED, ANA, BO, cadre_id(3))
        assert await runtime.gate.within(OF_ONE, [BO, ANA, cadre_id(3)], DAY) == [ANA]
        for named in (Named(), Named(frozenset({ANA}), frozenset({"u-2"}))):
            with pytest.raises(Forbidden):
                await runtime.gate.admit(OF_ONE, READS, named, DAY, "x")


async def test_of_many_commands_those_that_may_are_carried_out(environment: Environment) -> None:
    async with running(service(), environment.settings()) as runtime:
        await came(runtime, ANA, "u-1")
        await came(runtime, BO, "u-2")
        wanted: list[tuple[Command, Meta]] = [
            (command, Meta(command_id=uuid4(), actor="tester"))
            for command in (
                mini.Note(cadre_id=ANA, note="一", effective_on=DAY),
                mini.Note(cadre_id=BO, note="二", effective_on=DAY),
                mini.Open(pool_id="p", seats=1, effective_on=DAY),
                mini.Note(cadre_id=ANA, note="三", effective_on=DAY),
            )
        ]
        told = await runtime.gate.handle_many(OF_ONE, wanted)
    kinds = [type(one).__name__ if isinstance(one, CadreError) else one.outcome for one in told]
    assert kinds == ["recorded", "NotFound", "Forbidden", "recorded"]
