"""A command's way through a real log: once and for ever, races decided anew, limits kept."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from cadre.shared.deciding.errors import (
    CommandReused,
    Malformed,
    NotPossible,
    StalePosition,
    TooLarge,
)
from cadre.shared.deciding.messages import Meta
from cadre.shared.handling.histories import Histories
from cadre.shared.log.codec import Outgoing, signature_holds
from cadre.shared.log.signed import digest
from cadre.shared.running.runtime import Runtime, running
from support import mini
from support.environment import Environment
from support.mini import DAY, Note, Open, Register, TakeSeat, cadre_id

ANA, BO = cadre_id(1), cadre_id(2)


def meta(command_id: UUID | None = None, **more: object) -> Meta:
    return Meta(command_id=command_id or uuid4(), actor="tester", **more)  # type: ignore[arg-type]


def registered(who: str = ANA, name: str = "张三") -> Register:
    return Register(cadre_id=who, person_name=name, effective_on=DAY)


def noted(who: str = ANA, text: str = "谈吐得体") -> Note:
    return Note(cadre_id=who, note=text, effective_on=DAY)


@pytest.fixture
async def runtime(environment: Environment) -> AsyncIterator[Runtime]:
    async with running(mini.service(), environment.settings()) as runtime:
        yield runtime


async def test_a_command_is_recorded_signed_chained_and_sealed(runtime: Runtime) -> None:
    await runtime.handling.handle(registered(), meta())
    outcome = await runtime.handling.handle(noted(), meta())
    first, second = [await runtime.log.get(position) for position in (1, 2)]
    assert outcome.position == 2
    assert second.subject == f"history.selection.cadre.{ANA}.observed"
    assert second.headers["ce-aggregateversion"] == "2"
    assert second.headers["ce-previoushash"] == digest(first.subject, first.headers, first.body)
    assert signature_holds(second, runtime.codec.signer.public)
    assert "张三".encode() not in first.body
    assert "谈吐得体".encode() not in second.body
    opened = await runtime.codec.open(runtime.codec.decode(first))
    assert opened.event.full_name == "张三"  # type: ignore[attr-defined]


async def test_the_same_command_again_gives_the_same_outcome(runtime: Runtime) -> None:
    await runtime.handling.handle(registered(), meta())
    same = meta()
    outcome = await runtime.handling.handle(noted(), same)
    again = await runtime.handling.handle(noted(), same)
    assert again.repeated
    assert again.events == outcome.events
    assert await runtime.log.last_position() == 2


async def test_a_command_id_with_other_content_is_a_conflict(runtime: Runtime) -> None:
    same = meta()
    await runtime.handling.handle(registered(name="张三"), same)
    with pytest.raises(CommandReused):
        await runtime.handling.handle(registered(name="李四"), same)


async def test_a_command_id_is_remembered_after_a_restart(
    environment: Environment,
) -> None:
    settings, same = environment.settings(), meta()
    async with running(mini.service(), settings) as first:
        await first.handling.handle(registered(), meta())
        await first.handling.handle(noted(), same)
        await first.projector.wait(2, 10)
    async with running(mini.service(), settings) as second:
        assert (await second.handling.handle(noted(), same)).repeated


async def test_a_stale_position_is_refused(runtime: Runtime) -> None:
    await runtime.handling.handle(registered(), meta())
    await runtime.handling.handle(noted(), meta(expected_position=1))
    with pytest.raises(StalePosition):
        await runtime.handling.handle(noted(), meta(expected_position=1))


async def test_an_oversized_event_is_refused_and_nothing_is_written(runtime: Runtime) -> None:
    event = Outgoing(f"history.selection.cadre.{ANA}.observed", {}, b"x" * 1_100_000)
    with pytest.raises(TooLarge, match="shorten"):
        await runtime.log.append([(event, None)])
    assert await runtime.log.last_position() == 0


async def test_writers_at_once_all_win_in_the_end_without_a_gap(runtime: Runtime) -> None:
    await runtime.handling.handle(registered(), meta())
    await asyncio.gather(*(runtime.handling.handle(noted(), meta()) for _ in range(12)))
    history = await runtime.handling.messages(mini.CADRE.of(ANA))
    assert [m.headers["ce-aggregateversion"] for m in history] == [str(n) for n in range(1, 14)]


async def test_two_instances_never_exceed_a_limit(environment: Environment) -> None:
    """Ten persons want three seats, five commands on each of two instances."""
    people = [cadre_id(n) for n in range(10)]
    async with (
        running(mini.service(), environment.settings("one")) as one,
        running(mini.service(), environment.settings("two")) as two,
    ):
        await one.handling.handle(Open(pool_id="p", seats=3, effective_on=DAY), meta())
        for who in people:
            await one.handling.handle(registered(who), meta())
        results = await asyncio.gather(
            *(
                (one, two)[n % 2].handling.handle(
                    TakeSeat(pool_id="p", cadre_id=who, effective_on=DAY), meta()
                )
                for n, who in enumerate(people)
            ),
            return_exceptions=True,
        )
        won = [result for result in results if not isinstance(result, BaseException)]
        assert len(won) == 3
        assert all(isinstance(r, NotPossible) for r in results if isinstance(r, BaseException))
        pool = await one.handling.fold(mini.POOL.of("p"))
        assert (pool.seats, pool.taken) == (3, 3)


async def test_an_event_of_another_service_makes_a_decision_decide_again(
    runtime: Runtime, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole person guards an append: any service's event in between is seen."""
    await runtime.handling.handle(registered(), meta())
    seen: list[int] = []

    async def intrude() -> None:
        other = await environment.server.connect("supervision")
        headers = {"ce-id": str(uuid4()), "ce-type": "x"}
        subject = f"history.supervision.cadre.{ANA}.talked"
        await other.request(subject, b"{}", timeout=10, headers=headers)
        await other.close()

    history = runtime.handling.histories.known

    async def raced(scope: object) -> object:
        found = await history(scope)  # type: ignore[arg-type]
        if not seen:
            seen.append(found.position)
            await intrude()
        return found

    monkeypatch.setattr(Histories, "known", lambda _self, scope: raced(scope))
    with pytest.raises(Exception, match="cannot be read"):
        await runtime.handling.handle(noted(), meta())
    assert await runtime.log.last_position() == 2, "the note must not have been appended"


async def test_a_command_cannot_plant_a_sealed_value(runtime: Runtime) -> None:
    planted = Register.model_validate(
        {"cadre_id": ANA, "person_name": {"sealed": "sealed:v1.x"}, "effective_on": "2026-03-02"}
    )
    with pytest.raises(Malformed, match="in clear"):
        await runtime.handling.handle(planted, meta())
