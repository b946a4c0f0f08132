"""One command id stands for one history: in one service and across services, now and later."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.shared.deciding.errors import CommandReused, Unavailable
from cadre.shared.deciding.messages import Meta
from cadre.shared.handling import command_ids
from cadre.shared.handling.bulk import handle_many
from cadre.shared.handling.command_ids import CommandIds, Seen
from cadre.shared.handling.handling import Handling
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log import provision
from cadre.shared.log.signed import Message
from cadre.shared.projecting.journal import CHECKPOINTS, COMMAND_IDS
from cadre.shared.running.runtime import Runtime, running
from cadre.training.app import SERVICE as TRAINING
from cadre.training.deciding.training_class import PlanClass
from support import mini
from support.environment import Environment
from support.mini import DAY, Open, Register, cadre_id

ANA, BO = cadre_id(1), cadre_id(2)
WINDOW_S = 0.1
"""The shortest that the server takes."""


@pytest.fixture
def short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server forgets ids at once: what is refused then, the service knows by itself."""
    monkeypatch.setattr(provision, "DUPLICATE_WINDOW_S", WINDOW_S)


@pytest.fixture
def forgetful(short_window: None, environment: Environment) -> Environment:
    return environment


def meta(command_id: UUID) -> Meta:
    return Meta(command_id=command_id, actor="tester")


def registered(who: str) -> Register:
    return Register(cadre_id=who, person_name="张三", effective_on=DAY)


@asynccontextmanager
async def selection(environment: Environment, name: str = "selection") -> AsyncIterator[Runtime]:
    async with running(mini.service(), environment.settings(name)) as runtime:
        yield runtime


@asynccontextmanager
async def training(environment: Environment) -> AsyncIterator[Runtime]:
    settings = environment.settings("training", nats_user="training", nats_password="ptraining")
    async with running(TRAINING, settings) as runtime:
        yield runtime


def planned() -> PlanClass:
    return PlanClass(
        class_id="young-1",
        title="培训班",
        kind=ClassKind.GENERAL,
        mode=Mode.ONLINE,
        hours=8,
        days=1,
        starts_on=DAY,
        ends_on=DAY,
        seats=10,
        effective_on=date(2026, 3, 2),
    )


async def test_the_same_id_for_another_person_is_refused(environment: Environment) -> None:
    async with selection(environment) as one:
        same = uuid4()
        await one.handling.handle(registered(ANA), meta(same))
        with pytest.raises(CommandReused, match="another history"):
            await one.handling.handle(registered(BO), meta(same))
        assert (await one.handling.handle(registered(ANA), meta(same))).repeated
        assert await one.log.last_position() == 1


async def test_of_many_at_once_with_one_id_on_two_instances_one_is_recorded(
    environment: Environment,
) -> None:
    async with selection(environment, "one") as one, selection(environment, "two") as two:
        same = uuid4()
        told = await asyncio.gather(
            *(
                (one, two)[n % 2].handling.handle(registered(cadre_id(n)), meta(same))
                for n in range(20)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(answer, Outcome) for answer in told) == 1
        assert sum(isinstance(answer, CommandReused) for answer in told) == 19
        assert await one.log.last_position() == 1


async def test_after_the_servers_window_and_a_restart_it_is_refused_all_the_same(
    forgetful: Environment,
) -> None:
    same = uuid4()
    async with selection(forgetful) as one:
        await one.handling.handle(registered(ANA), meta(same))
        await one.projector.wait(1, 10)
        await asyncio.sleep(3 * WINDOW_S)
        with pytest.raises(CommandReused):
            await one.handling.handle(registered(BO), meta(same))
    async with selection(forgetful) as again:
        with pytest.raises(CommandReused):
            await again.handling.handle(registered(BO), meta(same))
        with pytest.raises(CommandReused):
            await again.handling.handle(Open(pool_id="p", seats=1, effective_on=DAY), meta(same))
        assert (await again.handling.handle(registered(ANA), meta(same))).repeated
        assert await again.log.last_position() == 1


async def test_what_one_instance_wrote_the_other_on_its_database_knows(
    forgetful: Environment,
) -> None:
    same = uuid4()
    async with selection(forgetful) as one, selection(forgetful) as two:
        for n in range(5):
            await one.handling.handle(registered(cadre_id(n)), meta(same if n == 2 else uuid4()))
        await two.projector.wait(5, 10)
        await asyncio.sleep(3 * WINDOW_S)
        for runtime in (one, two):
            await runtime.handling.command_ids.look()
            with pytest.raises(CommandReused):
                await runtime.handling.handle(registered(cadre_id(9)), meta(same))


async def test_across_services_it_is_refused_on_what_the_other_journal_lacks(
    forgetful: Environment,
) -> None:
    async with selection(forgetful) as one, training(forgetful) as other:
        same, more = uuid4(), uuid4()
        await other.handling.handle(planned(), meta(same))
        await one.handling.handle(Open(pool_id="p", seats=1, effective_on=DAY), meta(more))
        for runtime in (one, other):
            await runtime.projector.wait(2, 10)
        await asyncio.sleep(3 * WINDOW_S)
        with pytest.raises(CommandReused):
            await one.handling.handle(registered(ANA), meta(same))
        with pytest.raises(CommandReused):
            await other.handling.handle(planned().model_copy(update={"class_id": "x"}), meta(more))
        assert await one.log.last_position() == 2


async def test_within_the_window_the_server_itself_refuses_across_services(
    environment: Environment,
) -> None:
    async with selection(environment) as one, training(environment) as other:
        same = uuid4()
        told = await asyncio.gather(
            one.handling.handle(registered(ANA), meta(same)),
            other.handling.handle(planned(), meta(same)),
            return_exceptions=True,
        )
        assert sorted(type(answer).__name__ for answer in told) == ["CommandReused", "Outcome"]


async def test_one_id_for_two_persons_in_one_request(environment: Environment) -> None:
    async with selection(environment) as one:
        same, other = uuid4(), uuid4()
        wanted = [(ANA, same), (BO, same), (cadre_id(3), other), (ANA, same)]
        told = await handle_many(one.handling, [(registered(w), meta(i)) for w, i in wanted])
        first, reused, third, again = told
        assert isinstance(reused, CommandReused)
        assert isinstance(first, Outcome)
        assert isinstance(third, Outcome)
        assert isinstance(again, Outcome)
        assert again.repeated
        assert await one.log.last_position() == 2


async def test_a_journal_without_an_index_is_given_one(forgetful: Environment) -> None:
    same = uuid4()
    async with selection(forgetful) as one, training(forgetful) as other:
        await one.handling.handle(registered(BO), meta(uuid4()))
        await other.handling.handle(planned(), meta(same))
        await one.projector.wait(2, 10)
        await one.projector.database.transact(
            lambda c: (
                c.execute(COMMAND_IDS.delete()),
                c.execute(CHECKPOINTS.delete().where(CHECKPOINTS.c.name == command_ids.INDEX)),
            )
        )
    await asyncio.sleep(3 * WINDOW_S)
    async with selection(forgetful) as again:
        with pytest.raises(CommandReused):
            await again.handling.handle(registered(ANA), meta(same))


async def test_an_id_whose_event_the_log_no_longer_holds_is_free(forgetful: Environment) -> None:
    lost = uuid4()
    async with selection(forgetful) as one:
        await one.handling.handle(registered(BO), meta(uuid4()))
        await one.projector.wait(1, 10)
        await one.projector.database.transact(
            lambda c: c.execute(COMMAND_IDS.update().values(command_id=lost.bytes))
        )
    async with selection(forgetful) as again:
        assert (await again.handling.handle(registered(ANA), meta(lost))).outcome == "recorded"


async def test_an_index_that_lags_behind_the_window_takes_no_command(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_ids, "WAIT_S_MAX", 0.2)
    async with selection(environment) as one, training(environment) as other:
        ids = one.handling.command_ids
        monkeypatch.setattr(type(one.projector), "_apply", _stand_still)
        await other.handling.handle(planned(), meta(uuid4()))
        ids._ends.clear()
        await ids.look()
        with pytest.raises(Unavailable):
            await one.handling.handle(registered(ANA), meta(uuid4()))
        monkeypatch.setattr(command_ids, "BEHIND_S_TOLD", 0.0)
        with pytest.raises(Unavailable, match="index of command ids"):
            await ids.look()


async def _stand_still(*_: object) -> None:
    await asyncio.Event().wait()


@given(st.sets(st.binary(min_size=16, max_size=16), max_size=300))
def test_a_key_that_was_added_is_always_seen(keys: set[bytes]) -> None:
    seen = Seen()
    for key in keys:
        seen.add(key)
    assert all(key in seen for key in keys)


def test_a_key_that_was_not_added_is_seldom_seen_however_many_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Seen, "FIRST_KEYS", 64)
    seen = Seen()
    numbers: Iterator[int] = iter(range(60_000))
    added = [next(numbers).to_bytes(16) for _ in range(30_000)]
    for key in added:
        seen.add(key)
    assert all(key in seen for key in added)
    assert sum(number.to_bytes(16) in seen for number in numbers) < 900


async def test_a_command_that_another_instance_records_meanwhile_is_a_repeat(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came after this instance had read the history, and before it asked the index of ids."""
    async with selection(environment, "one") as one, selection(environment, "two") as two:
        told: list[Outcome] = []
        asked, wanted = CommandIds.earlier, meta(uuid4())

        async def earlier(index: CommandIds, command_id: UUID) -> Message | None:
            if not told and index is one.handling.command_ids:
                told.append(await two.handling.handle(registered(ANA), wanted))
                await index.reach_end()
            return await asked(index, command_id)

        async def unknown(_handling: Handling, _wish: object) -> None:
            """As if only the log could tell."""

        monkeypatch.setattr(CommandIds, "earlier", earlier)
        monkeypatch.setattr(Handling, "on_known", unknown)
        outcome = await one.handling.handle(registered(ANA), wanted)
        assert (outcome.repeated, outcome.position) == (True, told[0].position)
        with pytest.raises(CommandReused):
            await one.handling.handle(registered(BO), wanted)
