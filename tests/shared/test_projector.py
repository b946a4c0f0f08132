"""The runner against a real log: read one's write, park, retry, rebuild and swap, crash, repeat."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, MutableMapping
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from cadre.contracts.selection.identification import Observed
from cadre.shared.deciding.errors import NotFound, ParkedPerson
from cadre.shared.deciding.messages import Meta, Recorded
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.serving.dump import dump, fresh_dump
from cadre.shared.serving.web import create_app
from cadre.shared.showing.read_models import Change, Put, ReadModels
from support import mini
from support.environment import Environment
from support.mini import DAY, Note, Register, cadre_id

ANA, BO = cadre_id(1), cadre_id(2)


def meta() -> Meta:
    return Meta(command_id=uuid4(), actor="tester")


async def note(runtime: Runtime, who: str, text: str = "记录") -> int:
    outcome = await runtime.handling.handle(Note(cadre_id=who, note=text, effective_on=DAY), meta())
    return outcome.position


async def register(runtime: Runtime, who: str) -> int:
    outcome = await runtime.handling.handle(
        Register(cadre_id=who, person_name="张三", effective_on=DAY), meta()
    )
    return outcome.position


async def rows(runtime: Runtime, table: str) -> int:
    async with runtime.engine.connect() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


@pytest.fixture
async def runtime(environment: Environment) -> AsyncIterator[Runtime]:
    async with running(mini.service(), environment.settings()) as runtime:
        yield runtime


async def same_as_a_fresh_fold(runtime: Runtime) -> None:
    held, fresh = await dump(runtime), await fresh_dump(runtime)
    assert held.tables == fresh.tables
    assert held.sha256 == fresh.sha256


async def test_waiting_for_a_position_reads_ones_own_write(runtime: Runtime) -> None:
    for number in range(20):
        position = await register(runtime, cadre_id(number))
        await runtime.projector.wait(position, 10)
        assert await rows(runtime, "people") == number + 1
    await same_as_a_fresh_fold(runtime)


async def shown_people(runtime: Runtime) -> tuple[int, int]:
    """The position of a snapshot, and how many people are in it."""
    async with runtime.projector.shown() as (connection, shown):
        people = await connection.execute(text("SELECT count(*) FROM people"))
        return shown.position, people.scalar_one()


async def test_whoever_reads_keeps_one_state_while_tables_are_swapped(runtime: Runtime) -> None:
    await runtime.projector.wait(await register(runtime, ANA), 60)
    async with runtime.projector.shown() as (connection, shown):
        runtime.projector.rebuild()
        await asyncio.sleep(0.2)
        others = [asyncio.create_task(shown_people(runtime)) for _ in range(3)]
        position = await register(runtime, BO)
        await asyncio.sleep(0.2)
        people = await connection.execute(text("SELECT count(*) FROM people"))
        assert (shown.position, people.scalar_one()) == (1, 1)
    for seen, count in await asyncio.gather(*others):
        assert seen == count, "a position that the tables do not have"
    assert runtime.projector.rebuilding is not None
    await asyncio.wait_for(runtime.projector.rebuilding, 60)
    await runtime.projector.wait(position, 60)
    assert [generation.number for generation in await runtime.projector.status()] == [2]
    assert await shown_people(runtime) == (2, 2)
    await same_as_a_fresh_fold(runtime)


async def test_a_caller_slow_to_take_its_answer_keeps_no_tables(environment: Environment) -> None:
    app = create_app(mini.service(), environment.settings())
    answering, taken = asyncio.Event(), asyncio.Event()

    async def nothing_to_receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def slow(message: MutableMapping[str, Any]) -> None:
        assert message.get("status", 200) == 200
        answering.set()
        await taken.wait()

    async with app.router.lifespan_context(app):
        runtime: Runtime = app.state.runtime
        await runtime.projector.wait(await register(runtime, ANA), 60)
        headers = [(b"authorization", b"Bearer token")]
        question: dict[str, Any] = {"type": "http", "method": "GET", "path": f"/people/{ANA}"}
        question |= {"query_string": b"", "headers": headers}
        caller = asyncio.create_task(app(question, nothing_to_receive, slow))
        await asyncio.wait_for(answering.wait(), 60)
        runtime.projector.rebuild()
        assert runtime.projector.rebuilding is not None
        await asyncio.wait_for(runtime.projector.rebuilding, 60)
        taken.set()
        await caller
        assert [generation.number for generation in await runtime.projector.status()] == [2]


async def test_everything_delivered_twice_changes_nothing(runtime: Runtime) -> None:
    await register(runtime, ANA)
    position = await note(runtime, ANA)
    await runtime.projector.wait(position, 10)
    before = await dump(runtime)
    messages = [await runtime.log.get(p) for p in (1, 2)]
    await runtime.projector._apply(runtime.projector._applying.read(messages))
    async with runtime.engine.begin() as connection:
        await connection.execute(text("UPDATE generations SET position = 0"))
    await runtime.projector.look()
    await runtime.projector._apply(runtime.projector._applying.read(messages))
    assert await dump(runtime) == before


async def test_a_poison_event_parks_one_person_and_nobody_else(
    environment: Environment,
) -> None:
    settings = environment.settings()
    async with running(mini.service(mini.read_models(poison=ANA)), settings) as sick:
        for who in (ANA, BO):
            await register(sick, who)
        await note(sick, ANA, "一")
        last = await note(sick, BO, "二")
        await sick.projector.wait(last, 10)
        assert await rows(sick, "notes") == 1
        parked = await sick.projector.parked_events()
        assert [(p.entity_id, p.position) for p in parked] == [(ANA, 3)]
        assert "poison" in parked[0].error
        with pytest.raises(ParkedPerson):
            await note(sick, ANA, "三")
        with pytest.raises(ValueError, match="poison"):
            await sick.projector.retry(("selection", "cadre", ANA))
        await same_as_a_fresh_fold(sick)
    async with running(mini.service(mini.read_models()), settings) as mended:
        assert await mended.projector.retry(("selection", "cadre", ANA)) == "applied"
        assert await mended.projector.parked_events() == []
        await mended.projector.wait(await note(mended, ANA, "三"), 10)
        assert await rows(mended, "notes") == 3
        await same_as_a_fresh_fold(mended)
        with pytest.raises(NotFound):
            await mended.projector.retry(("selection", "cadre", ANA))


@pytest.mark.parametrize("unfit", [{"note": object()}, {"on": "no day"}])
async def test_a_row_that_does_not_fit_parks_its_person_and_a_rebuild_ends_all_the_same(
    environment: Environment, unfit: dict[str, object]
) -> None:
    async with running(mini.service(misfit(ANA, unfit)), environment.settings()) as runtime:
        for who in (ANA, BO):
            await register(runtime, who)
        await asyncio.gather(note(runtime, ANA), note(runtime, BO))
        await runtime.projector.wait(await note(runtime, ANA), 10)
        for _ in range(2):
            assert await rows(runtime, "notes") == 1
            parked = await runtime.projector.parked_events()
            assert [p.entity_id for p in parked] == [ANA, ANA]
            assert [bool(p.error) for p in parked] == [True, False]
            runtime.projector.rebuild()
            assert runtime.projector.rebuilding is not None
            await asyncio.wait_for(runtime.projector.rebuilding, 20)


def misfit(who: str, unfit: dict[str, object]) -> ReadModels:
    """A person's observations become rows that no database takes."""
    models = mini.read_models(poison=who)
    (project,) = models.projections[Observed]

    def misfitting(recorded: Recorded[Observed]) -> Iterable[Change]:
        if recorded.event.cadre_id != who:
            return project(recorded)
        return [Put("notes", {"event_id": str(recorded.event_id)} | unfit)]

    models.projections[Observed] = [misfitting]
    return models


@pytest.mark.parametrize(
    ("kind", "body", "parked"),
    [
        ("selection.never-published.v1", b'{"type": "selection.never-published.v1"}', True),
        ("selection.observed.v1", b"no JSON", True),
        ("selection.pool-exited.v1", b"no JSON", False),
    ],
)
async def test_what_cannot_be_read_is_parked_unless_no_table_shows_its_kind(
    runtime: Runtime, kind: str, body: bytes, parked: bool
) -> None:
    await register(runtime, ANA)
    name = kind.split(".")[1]
    subject = f"history.selection.cadre.{ANA}.{name}"
    reply = await runtime.client.request(subject, body, timeout=5, headers={"ce-type": kind})
    position = int(json.loads(reply.data)["seq"])
    await runtime.projector.wait(await register(runtime, BO), 10)
    found = [e.position for e in await runtime.projector.parked_events()]
    assert found == ([position] if parked else [])
    assert await rows(runtime, "journal") == position + 1
    await same_as_a_fresh_fold(runtime)


async def test_more_events_than_are_on_their_way_at_once_are_all_applied(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(mini.service(), environment.settings("other")) as writer:
        for number in range(20):
            end = await register(writer, cadre_id(number))
    monkeypatch.setattr("cadre.shared.log.pull.PULL_BATCH", 3)
    async with running(mini.service(), environment.settings()) as late:
        await late.projector.wait(end, 20)
        assert await rows(late, "people") == await rows(late, "journal") == 20
        await same_as_a_fresh_fold(late)
        late.projector.rebuild()
        assert late.projector.rebuilding is not None
        await late.projector.rebuilding
        assert await rows(late, "people") == 20
        await same_as_a_fresh_fold(late)


async def test_new_code_rebuilds_beside_the_old_tables_and_swaps(
    environment: Environment,
) -> None:
    settings = environment.settings()
    async with running(mini.service(mini.read_models(1)), settings) as old:
        for number in range(30):
            position = await register(old, cadre_id(number))
        await old.projector.wait(position, 10)
    query = text("SELECT min(code_version), max(code_version), count(*) FROM people")
    seen: set[tuple[int, int, int]] = set()
    async with running(mini.service(mini.read_models(2)), settings) as new:
        while (2, 2, 30) not in seen:
            async with new.engine.connect() as connection:
                seen.add(tuple((await connection.execute(query)).one()))  # type: ignore[arg-type]
            await asyncio.sleep(0)
        assert seen <= {(1, 1, 30), (2, 2, 30)}, "a query saw a half-built table"
        (generation,) = await new.projector.status()
        assert (generation.number, generation.status) == (2, "live")
        await new.projector.wait(await register(new, cadre_id(99)), 10)
        assert await rows(new, "people") == 31
        await same_as_a_fresh_fold(new)


async def test_a_rebuild_by_hand_ends_in_the_same_tables(runtime: Runtime) -> None:
    for number in range(20):
        position = await register(runtime, cadre_id(number))
    await runtime.projector.wait(position, 10)
    before = await dump(runtime)
    runtime.projector.rebuild()
    assert runtime.projector.rebuilding is not None
    await asyncio.wait_for(runtime.projector.rebuilding, 20)
    assert (await dump(runtime)).sha256 == before.sha256
    await runtime.projector.wait(await register(runtime, cadre_id(50)), 10)


async def test_a_killed_log_server_is_waited_for(
    runtime: Runtime, environment: Environment
) -> None:
    await runtime.projector.wait(await register(runtime, ANA), 10)
    environment.server.kill()
    await asyncio.sleep(0.3)
    environment.server.start()
    while not (runtime.client.is_connected and runtime.vitals.ready):
        await asyncio.sleep(0.05)
    position = await note(runtime, ANA)
    await runtime.projector.wait(position, 40)
    await same_as_a_fresh_fold(runtime)


async def test_two_instances_on_one_database_apply_each_event_once(
    environment: Environment,
) -> None:
    settings = environment.settings()
    async with (
        running(mini.service(), settings) as one,
        running(mini.service(), settings) as two,
    ):
        for number in range(40):
            position = await register((one, two)[number % 2], cadre_id(number))
        await asyncio.gather(one.projector.wait(position, 20), two.projector.wait(position, 20))
        assert await rows(one, "people") == 40
        assert await rows(two, "journal") == 40
        await same_as_a_fresh_fold(two)
