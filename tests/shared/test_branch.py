"""A log that is another branch: put back from an older copy, cut short, emptied, grown again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from cadre.shared.deciding.errors import OutcomeUnknown, Unavailable
from cadre.shared.deciding.messages import Meta
from cadre.shared.log.provision import provision, stream_config
from cadre.shared.log.stream import STREAM, Log
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.serving.web import create_app
from support import mini, stores
from support.environment import Environment
from support.mini import DAY, Note, Register, cadre_id

ANA, BO, CY = (cadre_id(n) for n in (1, 2, 3))
SEEN_S_MAX = 30


def meta() -> Meta:
    return Meta(command_id=uuid4(), actor="tester")


async def register(runtime: Runtime, who: str) -> int:
    command = Register(cadre_id=who, person_name="张三", effective_on=DAY)
    return (await runtime.handling.handle(command, meta())).position


async def applied(runtime: Runtime, *people: str) -> int:
    position = 0
    for who in people:
        position = await register(runtime, who)
    await runtime.projector.wait(position, SEEN_S_MAX)
    return position


def branch_fault(runtime: Runtime) -> str:
    return next((f.detail for f in runtime.vitals.faults if f.name == "log-branch"), "")


async def until(done: Callable[[], Any]) -> None:
    async with asyncio.timeout(SEEN_S_MAX):
        while not done():
            await asyncio.sleep(0.05)


@pytest.fixture
def older(environment: Environment, tmp_path: Path) -> Path:
    """A copy of the log in which Ana alone is registered; Bo is in the log itself."""

    async def life() -> Path:
        async with running(mini.service(), environment.settings()) as runtime:
            await applied(runtime, ANA)
            copied = await asyncio.to_thread(stores.copy, environment.server, tmp_path / "copy")
            await until(lambda: runtime.client.is_connected and runtime.vitals.ready)
            await applied(runtime, BO)
        return copied

    if environment.server.store == Path("/data"):
        pytest.skip("the store of a container is not at hand")
    return asyncio.run(life())


@contextlib.asynccontextmanager
async def app_of(environment: Environment) -> AsyncIterator[tuple[Runtime, httpx.AsyncClient]]:
    app = create_app(mini.service(), environment.settings())
    async with app.router.lifespan_context(app):
        headers = {"Authorization": "Bearer token", "Cadre-Actor": "tester"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", headers=headers
        ) as client:
            yield app.state.runtime, client


@contextlib.asynccontextmanager
async def reader(environment: Environment) -> AsyncIterator[Log]:
    client = await environment.server.connect("subscriber")
    try:
        yield Log(client)
    finally:
        await client.close()


async def recorded_by_a_stranger(environment: Environment, *people: str) -> None:
    """Events of another instance, whose database is new."""
    async with running(mini.service(), environment.settings("stranger")) as stranger:
        await applied(stranger, *people)


async def refuses_everything(runtime: Runtime) -> None:
    assert not runtime.vitals.ready
    with pytest.raises(Unavailable):
        await register(runtime, CY)


async def test_a_service_ahead_of_its_log_starts_and_refuses(
    environment: Environment, older: Path
) -> None:
    stores.put_back(environment.server, older)
    async with app_of(environment) as (runtime, client):
        detail = branch_fault(runtime)
        assert "position 2 is known as event" in detail
        assert "has none there" in detail
        await refuses_everything(runtime)
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()["faults"][0]["stops"] == "everything"
        assert 'cadre_fault_age_seconds{fault="log-branch"}' in (await client.get("/metrics")).text
        assert 'cadre_lag_events{of="journal"} -1.0' in (await client.get("/metrics")).text
        for path in (f"/people/{ANA}", f"/histories/cadre/{ANA}", "/projections/dump"):
            assert (await client.get(path)).status_code == 503, path
        status = (await client.get("/projections")).json()
        assert (status["log_position"], status["journal_position"]) == (1, 2)
        assert status["faults"][0]["name"] == "log-branch"


async def test_a_log_that_grew_past_the_old_position_is_noticed(
    environment: Environment, older: Path
) -> None:
    stores.put_back(environment.server, older)
    await recorded_by_a_stranger(environment, CY, cadre_id(4), cadre_id(5))
    for _ in range(2):  # Also after a restart.
        async with running(mini.service(), environment.settings()) as runtime:
            assert "the log holds" in branch_fault(runtime)
            await refuses_everything(runtime)
            assert runtime.projector.journal_position == 2


async def test_a_log_that_was_begun_anew_is_noticed(environment: Environment, older: Path) -> None:
    server = environment.server
    server.kill()
    server.store.rename(server.store.with_name("gone"))
    server.start()
    await asyncio.to_thread(server.provision)
    async with running(mini.service(), environment.settings()) as runtime:
        assert "has none there" in branch_fault(runtime)
        await refuses_everything(runtime)


async def test_a_server_swapped_beneath_a_service_is_noticed_and_the_right_log_ends_it(
    environment: Environment, older: Path, tmp_path: Path
) -> None:
    server = environment.server
    async with running(mini.service(), environment.settings()) as runtime:
        await applied(runtime, cadre_id(6))
        newer = await asyncio.to_thread(stores.copy, server, tmp_path / "newer")
        await asyncio.to_thread(stores.put_back, server, older)
        # From the first moment on: nothing is told to be recorded that this service never sees.
        deadline = asyncio.get_running_loop().time() + 6
        while asyncio.get_running_loop().time() < deadline:
            with pytest.raises((Unavailable, OutcomeUnknown)):
                await register(runtime, CY)
            await asyncio.sleep(0.02)
        assert branch_fault(runtime)
        async with reader(environment) as log:
            assert await log.last_position() == 1, "something was written to the other branch"
        await asyncio.to_thread(stores.put_back, server, newer)
        await until(lambda: runtime.client.is_connected and runtime.vitals.ready)
        assert await applied(runtime, CY) == 4


async def test_a_stream_replaced_on_a_living_connection_acknowledges_nothing(
    environment: Environment, older: Path
) -> None:
    operator = await environment.server.connect("operator")
    async with running(mini.service(), environment.settings()) as runtime:
        await operator.request(f"$JS.API.STREAM.DELETE.{STREAM}", b"", timeout=5)
        await provision(operator)
        with pytest.raises((Unavailable, OutcomeUnknown)):
            await register(runtime, CY)
        await until(lambda: branch_fault(runtime))
        with pytest.raises(Unavailable):
            await register(runtime, CY)
    await operator.close()


async def test_what_was_acknowledged_and_never_read_is_remembered(
    environment: Environment, older: Path, tmp_path: Path
) -> None:
    server = environment.server
    exact = stores.copy(server, tmp_path / "exact")
    async with running(mini.service(), environment.settings()) as runtime:
        (runner,) = (t for t in asyncio.all_tasks() if t.get_name() == "projector")
        runner.cancel()
        assert await register(runtime, CY) == 3
        await asyncio.to_thread(stores.put_back, server, exact)
        await until(lambda: branch_fault(runtime))
        assert runtime.projector.journal_position == 2
    async with running(mini.service(), environment.settings()) as runtime:
        assert "position 3 is known as event" in branch_fault(runtime)
        await refuses_everything(runtime)


async def test_a_position_beyond_the_log_is_answered_at_once(
    environment: Environment, older: Path
) -> None:
    async with app_of(environment) as (runtime, client):
        async with asyncio.timeout(runtime.settings.wait_s_max / 2):
            beyond = await client.get(f"/people/{ANA}", params={"after": 3})
        assert (beyond.status_code, beyond.json()["where"]) == (400, "after")
        assert "the log ends at 2" in beyond.json()["detail"]
        position = await register(runtime, CY)
        answer = await client.get(f"/people/{CY}", params={"after": position})
        assert answer.status_code == 200


async def test_a_service_behind_its_log_is_no_fault(environment: Environment, older: Path) -> None:
    await recorded_by_a_stranger(environment, CY)
    async with running(mini.service(), environment.settings()) as runtime:
        assert not branch_fault(runtime)
        await runtime.projector.wait(3, SEEN_S_MAX)


async def without_marks(environment: Environment) -> None:
    """The database as code made it that kept positions alone."""
    async with running(mini.service(), environment.settings()) as runtime:
        engine = runtime.engine
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE checkpoints DROP COLUMN event"))
            await connection.execute(text("ALTER TABLE generations DROP COLUMN event"))


async def test_an_older_database_learns_what_its_positions_stand_for(
    environment: Environment, older: Path
) -> None:
    await without_marks(environment)
    async with running(mini.service(), environment.settings()) as runtime:
        assert runtime.vitals.ready
        assert all(mark.digest for mark in runtime.projector.marks)
    stores.put_back(environment.server, older)
    await recorded_by_a_stranger(environment, CY)
    async with running(mini.service(), environment.settings()) as runtime:
        assert branch_fault(runtime)


async def test_an_older_database_knows_another_branch_by_its_journal(
    environment: Environment, older: Path
) -> None:
    await without_marks(environment)
    stores.put_back(environment.server, older)
    await recorded_by_a_stranger(environment, CY, cadre_id(4))
    async with running(mini.service(), environment.settings()) as runtime:
        assert branch_fault(runtime)
        await refuses_everything(runtime)


async def test_tables_that_come_from_another_log_are_noticed_by_themselves(
    environment: Environment, older: Path
) -> None:
    other = f"1 x {'0' * 64} 1"
    async with (
        running(mini.service(), environment.settings()) as runtime,
        runtime.engine.begin() as connection,
    ):
        moved = text("UPDATE generations SET position = 1, event = :other")
        await connection.execute(moved, {"other": other})
    async with running(mini.service(), environment.settings()) as runtime:
        assert "position 1 is known as event x" in branch_fault(runtime)


async def test_a_missing_event_stops_the_service_and_ends_no_process(
    environment: Environment, tmp_path: Path
) -> None:
    operator = await environment.server.connect("operator")
    log = Log(operator)
    await log.api(f"STREAM.DELETE.{STREAM}", {})
    loose = stream_config() | {"deny_delete": False}
    assert "error" not in await log.api(f"STREAM.CREATE.{STREAM}", loose)
    async with running(mini.service(), environment.settings()) as runtime:
        await applied(runtime, ANA)
    await recorded_by_a_stranger(environment, BO, CY)
    assert "error" not in await log.api(f"STREAM.MSG.DELETE.{STREAM}", {"seq": 2})
    await operator.close()
    async with running(mini.service(), environment.settings()) as runtime:
        await until(lambda: any(f.name == "log-gap" for f in runtime.vitals.faults))
        assert not runtime.failed.is_set()
        assert runtime.projector.position == 1
        command = Note(cadre_id=ANA, note="x", effective_on=DAY)
        with pytest.raises(Unavailable, match="position 3 follows 1"):
            await runtime.handling.handle(command, meta())
