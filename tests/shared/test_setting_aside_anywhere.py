"""A way out of every history: of pools, posts, years of units, and what else services have."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, String

from cadre.contracts.appointment.motion import MotionStopped
from cadre.contracts.appointment.setting_aside import MotionSetAside
from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import EventSetAside
from cadre.contracts.examples import example
from cadre.contracts.selection.pool import PoolSeatTaken
from cadre.contracts.training.mentorship import MentorSlotTaken
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import CommandReused, NotPossible, ParkedPerson
from cadre.shared.deciding.messages import Meta, Recorded
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.serving.dump import dump, fresh_dump
from cadre.shared.showing.read_models import Change, Put, ReadModels
from support import mini
from support.aside import SERVICES, agrees, meta, real, set_aside, settled, written
from support.environment import Environment
from support.mini import DAY, Open, Register, TakeSeat, cadre_id

ANA, BO = cadre_id(1), cadre_id(2)

POOL = "young-2026"
HISTORIES = {
    "selection": {"pool": POOL, "intake-plan": "intake-2026"},
    "training": {"class": "class-1", "mentor": ANA},
    "supervision": {"unit-year": "u-1-2026", "point-scheme": "merit"},
    "appointment": {"post": "finance-deputy", "motion": "motion-1"},
}


def with_pools(poison: int = 0) -> ReadModels:
    """Tables in which the seats of pools stand; those taken at this position cannot be shown."""
    models = mini.read_models()
    models.table("seats", Column("event_id", String, primary_key=True), Column("pool", String))

    @models.on(PoolSeatTaken)
    def seat(recorded: Recorded[PoolSeatTaken]) -> Iterator[Change]:
        if recorded.position == poison:
            msg = "this seat is poison"
            raise ValueError(msg)
        yield Put("seats", {"event_id": recorded.event_key, "pool": recorded.event.pool_id})

    return models


@asynccontextmanager
async def of_pools(
    environment: Environment, name: str = "selection", poison: int = 4
) -> AsyncIterator[Runtime]:
    service = mini.service(with_pools(poison))
    async with running(service, environment.settings(name)) as runtime:
        yield runtime


async def taken(runtime: Runtime) -> None:
    """Two persons and a pool of one seat, which the first takes at positions 3 and 4."""
    handle = runtime.handling.handle
    await handle(Register(cadre_id=ANA, person_name="张三", effective_on=DAY), meta())
    await handle(Open(pool_id=POOL, seats=1, effective_on=DAY), meta())
    await handle(seat(ANA), meta())
    await handle(Register(cadre_id=BO, person_name="李四", effective_on=DAY), meta())
    await runtime.projector.wait(5, 30)


def seat(who: str) -> TakeSeat:
    return TakeSeat(pool_id=POOL, cadre_id=who, effective_on=DAY)


@pytest.mark.parametrize("name", HISTORIES)
async def test_what_nobody_can_read_is_set_aside_in_every_history_of_a_service(
    environment: Environment, name: str
) -> None:
    beside = "selection" if name in {"training", "supervision"} else "training"
    async with real(environment, name) as owner, real(environment, beside) as other:
        for entity, entity_id in HISTORIES[name].items():
            subject = f"history.{name}.{entity}.{entity_id}.from-tomorrow"
            wrong = await written(environment, subject, f"{name}.from-tomorrow.v1")
            history = Fold(name, entity, 0, lambda state, _: state + 1).of(entity_id)
            for runtime in (owner, other):
                await runtime.projector.wait(wrong, 30)
                assert runtime.projector.parked == {(name, entity, entity_id)}
            with pytest.raises(ParkedPerson, match="set-aside"):
                await owner.handling.fold(history)
            with pytest.raises(NotPossible, match=f"{beside} sets aside no event of a {entity}"):
                await set_aside(other, wrong)
            outcome = await set_aside(owner, wrong)
            assert (
                outcome.events[0].subject
                == f"history.{name}.{entity}.{entity_id}.{entity}-set-aside"
            )
            for runtime in (owner, other):
                await settled(runtime.projector, outcome.position)
                assert runtime.projector.parked == frozenset()
            assert await owner.handling.fold(history) == 1
            assert (await dump(owner)).digests == (await fresh_dump(owner)).digests


async def test_a_seat_that_cannot_be_shown_was_never_taken(environment: Environment) -> None:
    """In states, tables, replays and audits, of this process, of another and of the next one."""
    async with of_pools(environment) as runtime, of_pools(environment, "second") as second:
        await taken(runtime)
        with pytest.raises(ParkedPerson, match="set-aside"):
            await runtime.handling.handle(seat(BO), meta())
        await second.projector.wait(5, 30)
        assert (await second.handling.fold(mini.POOL.of(POOL))).taken == 1

        by = meta()
        outcome = await set_aside(runtime, 4, by)
        for each in (runtime, second):
            await settled(each.projector, outcome.position)
            assert each.projector.parked == frozenset()
            assert (await each.handling.fold(mini.POOL.of(POOL))).taken == 0
            assert (await each.handling.fold(mini.POOL.of(POOL), known_at=5)).taken == 1
            await agrees(each)
        await _told_again(runtime, by, outcome)
        assert (await second.handling.handle(seat(BO), meta())).outcome == "recorded"
        with pytest.raises(NotPossible):
            await runtime.handling.handle(seat(cadre_id(3)), meta())
    async with of_pools(environment, poison=0) as again:
        await again.projector.wait(outcome.position + 2, 30)
        assert (await again.handling.fold(mini.POOL.of(POOL))).taken == 1
        await _told_again(again, by, outcome)
        await agrees(again)


async def _told_again(runtime: Runtime, by: Meta, outcome: Outcome) -> None:
    """A repeat is told as one, whatever came of the event meanwhile, and on another day too."""
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011
    context = runtime.context
    runtime.context = replace(context, today=lambda: tomorrow)
    repeated = await set_aside(runtime, 4, by)
    runtime.context = context
    assert repeated == outcome.model_copy(update={"repeated": True})
    assert (await set_aside(runtime, 4)).outcome == "unchanged"
    with pytest.raises(CommandReused):
        await set_aside(runtime, 4, by, reason="别的理由")
    with pytest.raises(CommandReused):
        await set_aside(runtime, 1, by)
    with pytest.raises(NotPossible):
        await set_aside(runtime, 2)


@pytest.mark.parametrize("fields", [{}, example(MentorSlotTaken)], ids=["body", "headers"])
async def test_what_no_table_shows_and_no_decision_can_read_is_set_aside(
    environment: Environment, fields: dict[str, Any]
) -> None:
    """The body, or else the headers: nothing is parked for it, and yet nothing can be decided."""
    history = Fold("training", "mentor", 0, lambda state, _: state + 1).of(ANA)
    async with real(environment, "training") as runtime:
        subject = f"history.training.mentor.{ANA}.{MentorSlotTaken.name()}"
        body = json.dumps(fields).encode()
        wrong = await written(environment, subject, MentorSlotTaken.tag(), body)
        await runtime.projector.wait(wrong, 30)
        assert runtime.projector.parked == frozenset()
        with pytest.raises(ParkedPerson, match="set-aside"):
            await runtime.handling.fold(history)
        outcome = await set_aside(runtime, wrong)
        assert await runtime.handling.fold(history) == 1
        await settled(runtime.projector, outcome.position)
        assert await runtime.handling.fold(history) == 1


async def test_of_many_who_say_so_at_once_one_is_recorded(environment: Environment) -> None:
    async with of_pools(environment) as runtime, of_pools(environment, "second") as second:
        await taken(runtime)
        await second.projector.wait(5, 30)
        told = await asyncio.gather(*(set_aside(one, 4) for one in (runtime, second) * 4))
        assert sorted(one.outcome for one in told) == ["recorded", *["unchanged"] * 7]
        assert len(await runtime.handling.messages(mini.POOL.of(POOL))) == 3


async def test_another_services_event_is_left_out_of_the_tables_that_cannot_show_it(
    environment: Environment,
) -> None:
    """For the service that it is of, it holds; what that one sets aside holds for nobody."""
    models = mini.read_models()

    @models.on(MotionStopped)
    def stopped(_: Recorded[MotionStopped]) -> Iterator[Change]:
        msg = "this step is poison"
        raise ValueError(msg)
        yield  # pragma: no cover

    subject = "history.appointment.motion.motion-1"
    body = json.dumps(example(MotionStopped)).encode()
    settings = environment.settings()
    async with (
        running(mini.service(models), settings) as runtime,
        real(environment, "appointment") as owner,
    ):
        first, second = [
            await written(environment, f"{subject}.motion-stopped", MotionStopped.tag(), body)
            for _ in range(2)
        ]
        await runtime.projector.wait(second, 30)
        outcome = await set_aside(runtime, first)
        assert outcome.events[0].subject == "history.selection.motion.motion-1.motion-set-aside"
        await settled(runtime.projector, outcome.position)
        await owner.projector.wait(outcome.position, 30)
        assert runtime.projector.set_aside == {first}
        assert owner.projector.set_aside == frozenset()
        assert [event.position for event in await runtime.projector.parked_events()] == [second]

        said = {"motion_id": "motion-1", "position": second}
        of = json.dumps(example(MotionSetAside) | said).encode()
        end = await written(environment, f"{subject}.motion-set-aside", MotionSetAside.tag(), of)
        for each in (runtime, owner):
            await settled(each.projector, end)
        assert runtime.projector.set_aside == {first, second}
        assert owner.projector.set_aside == {second}
        assert runtime.projector.parked == frozenset()
        assert (await dump(runtime)).digests == (await fresh_dump(runtime)).digests


@pytest.mark.parametrize(
    "subject",
    [
        "history.selection.pool.another.pool-set-aside",
        "history.selection.pool.young-2026.set-aside",
        "history.appointment.motion.young-2026.motion-set-aside",
        f"history.selection.cadre.{ANA}.set-aside",
    ],
)
async def test_what_stands_in_another_history_sets_nothing_of_a_pool_aside(
    environment: Environment, subject: str
) -> None:
    async with of_pools(environment, poison=0) as runtime:
        await taken(runtime)
        body = json.dumps({"position": 4}).encode()
        position = await written(environment, subject, "whatever.v1", body)
        await runtime.projector.wait(position, 30)
        assert runtime.projector.set_aside == frozenset()
        # This version cannot read what was written, so it goes by itself what it says.
        with suppress(ParkedPerson):
            assert (await runtime.handling.fold(mini.POOL.of(POOL))).taken == 1


def test_there_is_a_way_out_of_every_history() -> None:
    """Of what a service decides on, and of what it shows of others."""
    ways = {
        (event.service(), event.entity)
        for event in CATALOGUE.events.values()
        if issubclass(event, EventSetAside)
    }
    own = {(event.service(), event.entity) for event in CATALOGUE.events.values()}
    shown = {
        (name, event.entity)
        for name, service in SERVICES.items()
        for event in service.read_models.projections
    }
    assert own | shown == ways
