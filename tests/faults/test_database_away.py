"""PostgreSQL is away, hung, closed to writing, or not there yet."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection, text

from cadre.shared.database import on_postgres
from cadre.shared.database.database import Database, writing
from cadre.shared.deciding.errors import OutcomeUnknown, Unavailable
from support import mini
from support.environment import Postgres
from support.nats_server import NatsServer, free_port
from support.processes import service_process, until, variables
from support.proxy import Proxy, proxy_to

pytestmark = pytest.mark.faults


@pytest.fixture
async def port(embedded_postgres_server: Postgres) -> AsyncIterator[int]:
    """The session's server on a port of this machine."""
    socket = embedded_postgres_server.address.partition("host=")[2].replace("%2F", "/")
    path = f"{socket}/.s.PGSQL.5432"
    one = free_port()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other = await asyncio.open_unix_connection(path)
        await asyncio.gather(_pass(reader, other[1]), _pass(other[0], writer))

    server = await asyncio.start_server(serve, "127.0.0.1", one)
    yield one
    server.close()
    server.close_clients()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def proxy(port: int) -> AsyncIterator[Proxy]:
    async with proxy_to("127.0.0.1", port) as one:
        yield one


@contextlib.asynccontextmanager
async def _database(server: Postgres, proxy: Proxy) -> AsyncGenerator[Database]:
    name = server.new_database().partition("@/")[2].partition("?")[0]
    database = Database(f"postgresql+asyncpg://postgres@127.0.0.1:{proxy.own_port}/{name}")
    await database.transact(lambda c: c.execute(text("CREATE TABLE t (n int)")))
    try:
        yield database
    finally:
        await database.close()


async def test_what_a_silent_server_is_asked_ends_and_the_next_goes_on(
    embedded_postgres_server: Postgres, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
):
    for name in ("BEGIN_S_MAX", "QUERY_S_MAX", "STATEMENT_S_MAX", "CONNECT_S_MAX"):
        monkeypatch.setattr(on_postgres, name, 2.0)
    monkeypatch.setattr(on_postgres.create_engine, "__defaults__", (2.0,))
    async with _database(embedded_postgres_server, proxy) as database:

        def count(connection: Connection) -> object:
            return connection.execute(text("SELECT count(*) FROM t")).scalar_one()

        async def write_over_engine() -> None:
            async with writing(database.engine) as connection:
                await connection.execute(text("INSERT INTO t VALUES (1)"))

        # Ten connections of each pool are open, and lie idle.
        for ask in (lambda: database.read(count), lambda: database.query(count)):
            await asyncio.gather(*(ask() for _ in range(10)))
        await asyncio.gather(*(write_over_engine() for _ in range(10)))
        proxy.be_silent()
        insert = text("INSERT INTO t VALUES (2)")
        asked = [
            database.read(count),
            database.query(count),
            database.transact(lambda c: c.execute(insert)),
            write_over_engine(),
        ]
        begun = time.monotonic()
        for ended in await asyncio.gather(*asked, return_exceptions=True):
            assert isinstance(ended, Unavailable | OutcomeUnknown), repr(ended)
        assert time.monotonic() - begun < 30
        proxy.forget()
        # What was silent stays silent, but nobody is given it any more.
        for _ in range(12):
            assert await database.read(count) == 10
            assert await database.query(count) == 10
        for _ in range(3):
            await write_over_engine()
            await database.transact(lambda c: c.execute(insert))
        assert await database.query(count) == 16


async def test_a_commit_without_an_answer_is_told_as_unknown(
    embedded_postgres_server: Postgres, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(on_postgres.create_engine, "__defaults__", (2.0,))
    async with _database(embedded_postgres_server, proxy) as database:

        def work(connection: Connection) -> None:
            connection.execute(text("INSERT INTO t VALUES (1)"))
            proxy.be_silent()

        with pytest.raises(OutcomeUnknown):
            await database.transact(work)
        proxy.forget()
        await database.transact(lambda c: c.execute(text("INSERT INTO t VALUES (2)")))


async def test_a_database_closed_to_writing_is_unavailable(embedded_postgres_server: Postgres):
    url = embedded_postgres_server.new_database()
    name = url.partition("@/")[2].partition("?")[0]
    plain = await asyncpg.connect(url.replace("+asyncpg", ""))
    await plain.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    await plain.close()
    database = Database(url)
    with pytest.raises(Unavailable, match="read-only"):
        await database.transact(lambda c: c.execute(text("CREATE TABLE t (n int)")))
    await database.close()


TAKEN = {
    "writing": (
        "REVOKE INSERT, UPDATE, DELETE ON people__1 FROM svc",
        "GRANT ALL ON people__1 TO svc",
    ),
    "reading": ("REVOKE ALL ON people__1 FROM svc", "GRANT ALL ON people__1 TO svc"),
    "a table": ("ALTER TABLE people__1 RENAME TO hidden", "ALTER TABLE hidden RENAME TO people__1"),
    "the schema": ("ALTER SCHEMA public RENAME TO hidden", "ALTER SCHEMA hidden RENAME TO public"),
}


async def _as_administrator(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("what", TAKEN)
async def test_nobody_is_parked_when_the_database_takes_a_right_or_a_table_and_gives_it_back(
    embedded_postgres_server: Postgres, server: NatsServer, tmp_path: Path, what: str
):
    url, keys = (embedded_postgres_server.new_database() for _ in range(2))
    name = url.partition("@/")[2].partition("?")[0]
    with contextlib.suppress(asyncpg.DuplicateObjectError):
        await _as_administrator(url, "CREATE ROLE svc LOGIN")
    await _as_administrator(
        url, f'ALTER DATABASE "{name}" OWNER TO svc', "ALTER SCHEMA public OWNER TO svc"
    )
    of = variables(server.url, url.replace("postgres@", "svc@"), keys)
    taken, given = TAKEN[what]
    with service_process(tmp_path / "log", of) as service:
        await _until(lambda: service.ready().get("status") == "ready", "ready")
        assert (await asyncio.to_thread(service.register, mini.cadre_id(1))).status_code == 200
        await _as_administrator(url, taken)
        answers = [
            await asyncio.to_thread(service.register, mini.cadre_id(number)) for number in (2, 3)
        ]
        assert {one.status_code for one in answers} <= {200, 503}, [one.text for one in answers]
        assert not any("UPDATE" in one.text or "SELECT" in one.text for one in answers)
        await _until(service.faults, "the fault")
        await _as_administrator(url, given)
        await _until(lambda: service.ready().get("status") == "ready", "ready again")
        last = await asyncio.to_thread(service.register, mini.cadre_id(4))
        assert last.status_code == 200, last.text
        path = f"/people/{mini.cadre_id(4)}?after={last.json()['position']}"
        shown = await asyncio.to_thread(service.get, path)
        assert shown.status_code == 200, shown.text
        assert "cadre-parked" not in shown.headers


@pytest.fixture
def service_urls(embedded_postgres_server: Postgres) -> tuple[str, str]:
    names = (
        embedded_postgres_server.new_database().partition("@/")[2].partition("?")[0]
        for _ in range(2)
    )
    first, second = names
    return first, second


@pytest.fixture
def service_variables(server: NatsServer, service_urls: tuple[str, str], proxy: Proxy):
    urls = (f"postgresql+asyncpg://postgres@127.0.0.1:{proxy.own_port}/{n}" for n in service_urls)
    return variables(server.url, *urls)


async def _until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    await asyncio.to_thread(until, condition, what, seconds)


async def test_a_service_waits_for_a_database_that_is_not_there_and_for_one_that_hangs(
    service_variables: dict[str, str], proxy: Proxy, tmp_path: Path
):
    proxy.be_silent()
    with service_process(tmp_path / "log", service_variables) as service:
        await _until(lambda: "database" in service.faults(), "it says for what it waits")
        for path in ("/people/c-aaaaaaaaaa", "/projections", "/projections/dump"):
            told = await asyncio.to_thread(service.get, path)
            assert told.status_code == 503, (path, told.text)
            assert told.headers["content-type"] == "application/problem+json", path
        assert (await asyncio.to_thread(service.get, "/metrics")).status_code == 200
        told = await asyncio.to_thread(service.register, mini.cadre_id(1))
        assert told.status_code == 503, told.text
        proxy.forget()
        await _until(lambda: service.ready().get("status") == "ready", "ready")
        first = await asyncio.to_thread(service.register, mini.cadre_id(1))
        assert first.status_code == 200, first.text

        proxy.be_silent()
        await _until(lambda: "database" in service.faults(), "the fault")
        begun = time.monotonic()
        figures = await asyncio.to_thread(service.get, "/metrics")
        assert figures.status_code == 200
        assert "cadre_up 0.0" in figures.text
        assert time.monotonic() - begun < 10
        for path in (f"/people/{mini.cadre_id(1)}", "/projections"):
            told = await asyncio.to_thread(service.get, path)
            assert told.status_code == 503, (path, told.text)
        told = await asyncio.to_thread(service.register, mini.cadre_id(2))
        assert told.status_code == 503, told.text

        proxy.forget()
        await _until(lambda: service.ready().get("status") == "ready", "ready again", 90)
        for number in range(10, 30):
            told = await asyncio.to_thread(service.register, mini.cadre_id(number))
            assert told.status_code == 200, told.text
        position = told.json()["position"]
        path = f"/people/{mini.cadre_id(29)}?after={position}"
        assert (await asyncio.to_thread(service.get, path)).status_code == 200
        assert service.process is not None
        assert service.process.poll() is None, "it has not ended meanwhile"
