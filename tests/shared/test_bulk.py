"""Many commands at once: the outcomes of single commands, in few appends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from cadre.contracts.event import CadreId, Event
from cadre.contracts.selection.pool import PoolSeatTaken
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.errors import CadreError, CommandReused, NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.handling.bulk import handle_many
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log.codec import signature_holds
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log, NoAnswer
from cadre.shared.running.runtime import Runtime, running
from support import mini
from support.environment import Environment
from support.mini import DAY, Note, Open, Register, TakeSeat, cadre_id


class Witness(Command):
    """Note something about a person that the person's pool is told too."""

    cadre_id: CadreId


def meta(command_id: UUID | None = None) -> Meta:
    return Meta(command_id=command_id or uuid4(), actor="importer")


def registered(number: int, name: str = "张三") -> Register:
    return Register(cadre_id=cadre_id(number), person_name=name, effective_on=DAY)


def noted(number: int, text: str = "谈吐得体") -> Note:
    return Note(cadre_id=cadre_id(number), note=text, effective_on=DAY)


@pytest.fixture
async def runtime(environment: Environment) -> AsyncIterator[Runtime]:
    async with running(mini.service(), environment.settings()) as runtime:
        yield runtime


@pytest.fixture
def appends(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events each append carried."""
    counted: list[int] = []
    append = Log.append

    async def counting(self: Log, events: Any) -> list[int]:
        counted.append(len(events))
        return await append(self, events)

    monkeypatch.setattr(Log, "append", counting)
    return counted


async def send(runtime: Runtime, *commands: Command) -> list[Outcome | CadreError]:
    return await handle_many(runtime.handling, [(command, meta()) for command in commands])


def told(answers: list[Outcome | CadreError]) -> list[str]:
    return [a.outcome if isinstance(a, Outcome) else a.code for a in answers]


async def test_different_persons_are_recorded_in_one_append(
    runtime: Runtime, appends: list[int]
) -> None:
    answers = await send(runtime, *(registered(n) for n in range(30)))
    assert appends == [30]
    assert [a.position for a in answers if isinstance(a, Outcome)] == list(range(1, 31))
    last = await runtime.log.get(30)
    assert last.subject == f"history.selection.cadre.{cadre_id(29)}.recruited"
    assert signature_holds(last, runtime.codec.signer.public)
    assert "张三".encode() not in last.body


async def test_commands_about_one_person_keep_their_order_and_their_evidence(
    runtime: Runtime, appends: list[int]
) -> None:
    commands = [c for n in range(5) for c in (registered(n), noted(n, "一"), noted(n, "二"))]
    assert told(await send(runtime, *commands)) == ["recorded"] * 15
    assert appends == [5, 5, 5]
    history = await runtime.handling.messages(mini.CADRE.of(cadre_id(3)))
    assert [m.headers["ce-aggregateversion"] for m in history] == ["1", "2", "3"]
    evidence = [int(m.headers["ce-evidence"]) for m in history]
    assert evidence == [0, *(m.position for m in history[:-1])]


async def test_nobody_overtakes_a_command_that_waits_for_another(runtime: Runtime) -> None:
    await send(runtime, Open(pool_id="p", seats=1, effective_on=DAY), registered(1), registered(2))
    seats = [TakeSeat(pool_id="p", cadre_id=cadre_id(n), effective_on=DAY) for n in (1, 2)]
    assert told(await send(runtime, noted(1), *seats)) == ["recorded", "recorded", "not-possible"]


async def test_a_history_that_only_a_state_leads_to_gets_one_decision_in_a_batch(
    environment: Environment, appends: list[int]
) -> None:
    def scopes(command: Command, world: World) -> list[Scope[Any]]:
        person = mini.CADRE.of(command.cadre_id)  # type: ignore[attr-defined]
        state = world.get(person)
        return [person, *(mini.POOL.of(pool) for pool in (state.pools if state else ()))]

    def witness(command: Command, world: World) -> list[Event]:
        who = command.cadre_id  # type: ignore[attr-defined]
        (pool,) = world[mini.CADRE.of(who)].pools
        seen = mini.note(noted(0).model_copy(update={"cadre_id": who}), world)
        return [*seen, PoolSeatTaken(pool_id=pool, cadre_id=who, effective_on=DAY)]

    handlers = (*mini.HANDLERS, Handler(Witness, scopes, witness, mini.RECORDS))
    service = replace(mini.service(), handlers=handlers)
    async with running(service, environment.settings()) as runtime:
        await send(runtime, Open(pool_id="p", seats=9, effective_on=DAY))
        await send(runtime, *(registered(n) for n in range(3)))
        await send(
            runtime,
            *(TakeSeat(pool_id="p", cadre_id=cadre_id(n), effective_on=DAY) for n in range(3)),
        )
        appends.clear()
        wishes = [Witness(cadre_id=cadre_id(n), effective_on=DAY) for n in range(3)]
        assert told(await send(runtime, *wishes)) == ["recorded"] * 3
        assert appends == [2, 2, 2], "one at a time, and none refused"
        pool = await runtime.handling.messages(mini.POOL.of("p"))
        assert [m.headers["ce-aggregateversion"] for m in pool] == [str(n) for n in range(1, 8)]


async def test_a_fault_is_told_in_its_place_and_hinders_nobody(runtime: Runtime) -> None:
    answers = await send(runtime, registered(1), noted(99), registered(2))
    assert told(answers) == ["recorded", "not-found", "recorded"]
    assert isinstance(answers[1], NotFound)
    assert await runtime.log.last_position() == 2


async def test_sent_again_after_a_break_nothing_is_recorded_twice(
    environment: Environment,
) -> None:
    commands = [(registered(n), meta()) for n in range(40)]
    async with running(mini.service(), environment.settings("one")) as one:
        await handle_many(one.handling, commands[:25])
        await one.projector.wait(25, 10)
    async with running(mini.service(), environment.settings("one")) as two:
        answers = await handle_many(two.handling, commands)
        assert [a.repeated for a in answers if isinstance(a, Outcome)] == [True] * 25 + [False] * 15
        again = await handle_many(two.handling, commands)
        assert all(isinstance(a, Outcome) and a.repeated for a in again)
        assert await two.log.last_position() == 40


async def test_what_the_journal_holds_is_repeated_without_asking_the_log(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = [(registered(n), meta()) for n in range(40)]
    asked: list[str] = []
    tail = Log.tail

    async def counting(self: Log, subjects: str, after: int) -> list[Message]:
        asked.append(subjects)
        return await tail(self, subjects, after)

    async with running(mini.service(), environment.settings("one")) as one:
        await handle_many(one.handling, commands)
        await one.projector.wait(40, 10)
    async with running(mini.service(), environment.settings("one")) as two:
        monkeypatch.setattr(Log, "tail", counting)
        answers = await handle_many(two.handling, commands)
        assert all(isinstance(a, Outcome) and a.repeated for a in answers)
        assert [a.position for a in answers if isinstance(a, Outcome)] == list(range(1, 41))
        # Behind the journal's last event may be another one of the same command.
        assert len(asked) == 1


async def test_a_repeat_of_other_content_is_refused_though_the_journal_holds_it(
    runtime: Runtime,
) -> None:
    same = meta()
    await handle_many(runtime.handling, [(registered(1, "张三"), same), (registered(2), meta())])
    await runtime.projector.wait(2, 10)
    answers = await handle_many(runtime.handling, [(registered(1, "李四"), same)])
    assert told(answers) == [CommandReused.code]


async def test_an_instance_that_is_behind_repeats_and_loses_nothing(
    environment: Environment,
) -> None:
    """Its batch is refused as a whole; then each command goes its own way."""
    commands = [(registered(n), meta()) for n in range(20)]
    async with (
        running(mini.service(), environment.settings("one")) as one,
        running(mini.service(), environment.settings("two")) as two,
    ):
        await two.handling.histories.recall(mini.CADRE.of(cadre_id(n)) for n in range(20))
        await handle_many(one.handling, commands[:1])
        answers = await handle_many(two.handling, commands)
        assert [a.repeated for a in answers if isinstance(a, Outcome)] == [True] + [False] * 19
        assert await one.log.last_position() == 20


async def test_an_id_used_for_other_content_is_told(runtime: Runtime) -> None:
    same = meta()
    answers = await handle_many(
        runtime.handling, [(registered(1, "张三"), same), (registered(1, "李四"), same)]
    )
    assert isinstance(answers[0], Outcome)
    assert isinstance(answers[1], CommandReused)


async def test_two_senders_at_once_share_the_seats_of_a_pool(environment: Environment) -> None:
    async with (
        running(mini.service(), environment.settings("one")) as one,
        running(mini.service(), environment.settings("two")) as two,
    ):
        await send(one, Open(pool_id="p", seats=3, effective_on=DAY))
        await send(one, *(registered(n) for n in range(8)))
        seats = [TakeSeat(pool_id="p", cadre_id=cadre_id(n), effective_on=DAY) for n in range(8)]
        answers = await asyncio.gather(send(one, *seats[:4]), send(two, *seats[4:]))
        outcomes = [answer for part in answers for answer in part]
        assert sum(isinstance(answer, Outcome) for answer in outcomes) == 3
        assert all(isinstance(a, NotPossible) for a in outcomes if not isinstance(a, Outcome))


async def test_an_append_without_an_answer_is_not_carried_out_twice(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Log.append

    async def silent(self: Log, events: Any) -> list[int]:
        await append(self, events)
        monkeypatch.setattr(Log, "append", append)
        raise NoAnswer

    monkeypatch.setattr(Log, "append", silent)
    answers = await send(runtime, *(registered(n) for n in range(10)))
    assert told(answers) == ["recorded"] * 10
    assert await runtime.log.last_position() == 10


async def test_more_than_one_batch_holds(runtime: Runtime, appends: list[int]) -> None:
    answers = await send(runtime, *(registered(n) for n in range(1010)))
    assert appends == [1000, 10]
    assert told(answers) == ["recorded"] * 1010
