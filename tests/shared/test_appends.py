"""Appends that share a batch: each ends as it would have ended alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from cadre.shared.deciding.errors import CommandReused, TooLarge
from cadre.shared.deciding.guards import guard_of
from cadre.shared.deciding.messages import Meta
from cadre.shared.handling import appends
from cadre.shared.handling.appends import Appends
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log.codec import Outgoing
from cadre.shared.log.stream import Conflict, Expectation, Log, NoAnswer
from cadre.shared.running.runtime import Runtime, running
from support import mini
from support.environment import Environment
from support.mini import CADRE, DAY, Note, Register, cadre_id


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One append under way makes all others wait for it."""
    monkeypatch.setattr(appends, "SINGLY_MAX", 1)


@pytest.fixture
async def runtime(environment: Environment) -> AsyncIterator[Runtime]:
    async with running(mini.service(), environment.settings("one")) as runtime:
        yield runtime


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The guarded histories of each append that reached the log."""
    seen: list[list[str]] = []
    append = Log.append

    async def watched(self: Log, events: Any) -> list[int]:
        seen.append([expectation.subjects for _, expectation in events if expectation])
        return await append(self, events)

    monkeypatch.setattr(Log, "append", watched)
    return seen


def meta(command_id: UUID | None = None) -> Meta:
    return Meta(command_id=command_id or uuid4(), actor="tester")


def noted(number: int, text: str = "谈吐得体") -> Note:
    return Note(cadre_id=cadre_id(number), note=text, effective_on=DAY)


async def register(runtime: Runtime, numbers: Sequence[int]) -> None:
    for number in numbers:
        command = Register(cadre_id=cadre_id(number), person_name="张三", effective_on=DAY)
        await runtime.handling.handle(command, meta())


async def at_once(runtime: Runtime, *commands: Note) -> list[Outcome]:
    return await asyncio.gather(*(runtime.handling.handle(c, meta()) for c in commands))


def event(number: int, body: bytes = b"{}") -> tuple[Outgoing, Expectation]:
    subject = f"history.selection.cadre.{cadre_id(number)}.observed"
    return (
        Outgoing(subject, {"Nats-Msg-Id": str(uuid4())}, body),
        Expectation(guard_of(subject), 0),
    )


async def test_what_waits_goes_in_one_batch(runtime: Runtime, sent: list[list[str]]) -> None:
    await register(runtime, range(6))
    sent.clear()
    outcomes = await at_once(runtime, *(noted(n) for n in range(6)))
    assert [len(append) for append in sent] == [1, 5]
    assert [outcome.position for outcome in outcomes] == list(range(7, 13))
    for number, outcome in enumerate(outcomes):
        stored = await runtime.log.get(outcome.position)
        assert stored.subject == f"history.selection.cadre.{cadre_id(number)}.observed"
        assert stored.headers["ce-evidence"] == str(number + 1)


async def test_one_that_is_stale_hinders_nobody(
    runtime: Runtime, environment: Environment, sent: list[list[str]]
) -> None:
    """The batch is refused as a whole; then each goes its own way, and one is decided again."""
    await register(runtime, range(4))
    async with running(mini.service(), environment.settings("two")) as other:
        moved = await other.handling.handle(noted(2, "先到"), meta())
    sent.clear()
    outcomes = await at_once(runtime, *(noted(n) for n in range(4)))
    assert [outcome.outcome for outcome in outcomes] == ["recorded"] * 4
    assert [len(append) for append in sent] == [1, 3, 1, 1, 1, 1]
    evidence = [
        int((await runtime.log.get(outcome.position)).headers["ce-evidence"])
        for outcome in outcomes
    ]
    assert evidence == [1, 2, moved.position, 4]


async def test_a_batch_holds_one_decision_on_each_history(
    runtime: Runtime, sent: list[list[str]]
) -> None:
    await register(runtime, range(4))
    sent.clear()
    commands = [noted(n, f"第{turn}次") for turn in range(3) for n in range(4)]
    outcomes = await at_once(runtime, *commands)
    assert len({outcome.position for outcome in outcomes}) == 12
    assert all(len(set(append)) == len(append) for append in sent)
    assert max(len(append) for append in sent) > 1
    for number in range(4):
        history = await runtime.handling.messages(CADRE.of(cadre_id(number)))
        assert [m.headers["ce-aggregateversion"] for m in history] == ["1", "2", "3", "4"]


async def test_the_same_command_twice_at_once_is_recorded_once(runtime: Runtime) -> None:
    await register(runtime, range(3))
    same, handle = meta(), runtime.handling.handle
    first, *_, again = await asyncio.gather(
        handle(noted(1), same),
        handle(noted(0), meta()),
        handle(noted(2), meta()),
        handle(noted(1), same),
    )
    assert first.events == again.events
    assert [first.repeated, again.repeated] == [False, True]
    with pytest.raises(CommandReused):
        await handle(noted(1, "另一段话"), same)
    assert await runtime.log.last_position() == 6


@pytest.mark.parametrize("stored", [True, False])
async def test_without_an_answer_each_command_of_a_batch_is_looked_for(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, *, stored: bool
) -> None:
    await register(runtime, range(5))
    append = Log.append

    async def silent(self: Log, events: Any) -> list[int]:
        if len(events) == 1 or stored:
            positions = await append(self, events)
            if len(events) == 1:
                return positions
        raise NoAnswer

    monkeypatch.setattr(Log, "append", silent)
    results = await asyncio.gather(
        *(runtime.handling.handle(noted(n), meta()) for n in range(5)), return_exceptions=True
    )
    told = [getattr(result, "outcome", getattr(result, "code", result)) for result in results]
    assert told == ["recorded"] + ["recorded" if stored else "outcome-unknown"] * 4
    assert await runtime.log.last_position() == (10 if stored else 6)


async def test_one_that_is_too_large_is_refused_alone(runtime: Runtime) -> None:
    together = Appends(runtime.log)
    events = [event(n) for n in range(3)] + [event(3, b"x" * 1_100_000)]
    results = await asyncio.gather(
        *(together.append([one]) for one in events), return_exceptions=True
    )
    assert results[:3] == [[1], [2], [3]]
    assert isinstance(results[3], TooLarge)


async def test_one_whose_history_moved_on_is_refused_without_the_log(
    runtime: Runtime, sent: list[list[str]]
) -> None:
    together = Appends(runtime.log)
    results = await asyncio.gather(
        together.append([event(0)]), together.append([event(0)]), return_exceptions=True
    )
    assert results[0] == [1]
    assert isinstance(results[1], Conflict)
    assert len(sent) == 1


async def test_nothing_is_sent_for_somebody_who_has_left(runtime: Runtime) -> None:
    together = Appends(runtime.log)
    staying = [asyncio.create_task(together.append([event(n)])) for n in range(3)]
    await asyncio.sleep(0)
    leaving = asyncio.create_task(together.append([event(9)]))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await asyncio.gather(*staying) == [[1], [2], [3]]
    assert await runtime.log.last_position() == 3


async def test_more_than_a_batch_holds_waits_for_the_next(
    runtime: Runtime, sent: list[list[str]]
) -> None:
    together = Appends(runtime.log)
    many = [[event(100 * half + n) for n in range(100)] for half in range(1, 12)]
    results = await asyncio.gather(together.append([event(0)]), *map(together.append, many))
    assert [len(append) for append in sent] == [1, 1000, 100]
    assert sorted(position for found in results for position in found) == list(range(1, 1102))
