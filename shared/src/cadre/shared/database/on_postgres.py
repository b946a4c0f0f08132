"""PostgreSQL: its driver is asynchronous, so the thread that writes has an event loop.

Nothing waits for ever: the server ends what takes too long, the driver gives up a server that does
not answer, and then the whole pool is left, since what silenced one connection has silenced all.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import uvloop
from sqlalchemy import Engine, ExceptionContext, PoolProxiedConnection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncTransaction,
    create_async_engine,
)
from sqlalchemy.util import await_only

from cadre.shared.database.outages import outage, root, unknown
from cadre.shared.database.threads import Then, Work, on_thread

CONNECT_S_MAX = 5.0
PING_S_MAX = 2.0
BEGIN_S_MAX = 5.0
QUERY_S_MAX = 10.0
"""One query by itself; it takes milliseconds."""
WRITE_S_MAX = 20.0
"""A statement that writes a batch of events or of rows, and the wait for its locks."""
STATEMENT_S_MAX = 60.0
"""A statement that may read whole tables."""
FOR_SERVER_S = 1.0
"""So much earlier the server ends a statement than the driver gives up the connection."""
IDLE_S_MAX = 300.0
"""How long a transaction may stay open with nobody asking anything in it."""
POOL_S_MAX = 10.0
CLOSE_S_MAX = 5.0

type Leave = Callable[[], None]
"""Cuts the connections that lie idle. To close them would be a question that nobody answers."""

_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""By default each statement would see what was committed before it."""
_DRIVER_FAULTS = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises on a connection that it does not know yet to be lost."""


class ConnectionLost(ConnectionError):
    """Nothing could be read over a connection."""


async def _twice[T](call: Callable[[], Awaitable[T]]) -> T:
    """Once more when the server was started anew since: the pool has noticed then."""
    try:
        return await call()
    except ConnectionLost:
        pass
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return await call()


async def committed(transaction: AsyncTransaction) -> None:
    """Commit. Raises: OutcomeUnknown where the server was asked to and nothing came back."""
    try:
        await transaction.commit()
    except Exception as error:
        passing = outage(error)
        if passing is None or isinstance(root(error), asyncpg.PostgresError):
            raise  # It said what is wrong, so it has written nothing.
        raise unknown() from error


async def _end(connection: AsyncConnection, driver: asyncpg.Connection) -> None:
    """End a transaction that only read, and give its connection back."""
    async with contextlib.aclosing(connection):
        try:
            if not driver.is_closed():
                await driver.execute("COMMIT", timeout=QUERY_S_MAX)  # pyright: ignore[reportUnknownMemberType]
        except BaseException as error:
            # Nobody may go on in it.
            driver.terminate()
            if not isinstance(error, Exception):
                raise


def create_engine(url: str, statement_s_max: float = STATEMENT_S_MAX, **more: Any) -> AsyncEngine:
    """An engine whose connections never wait longer than that, whatever becomes of the server."""
    return _created(url, statement_s_max, **more)[0]


def _created(url: str, statement_s_max: float, **more: Any) -> tuple[AsyncEngine, Leave]:
    """The engine, and what cuts its connections that are not in use."""
    milliseconds = {
        "statement_timeout": statement_s_max - FOR_SERVER_S,
        "lock_timeout": statement_s_max - FOR_SERVER_S,
        "idle_in_transaction_session_timeout": IDLE_S_MAX,
    }
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_timeout=POOL_S_MAX,
        connect_args={
            "timeout": CONNECT_S_MAX,
            "command_timeout": statement_s_max,
            "server_settings": {k: str(int(s * 1000)) for k, s in milliseconds.items()},
        },
        **more,
    )
    return engine, _leave_the_silent(engine.sync_engine)


async def dispose(engine: AsyncEngine) -> None:
    """Close every connection; a server that does not even answer that is not waited for."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S_MAX):
            await engine.dispose()


def _leave_the_silent(engine: Engine) -> Leave:
    """Give up a connection that does not answer, and the pool with it."""
    ping = engine.dialect.do_ping
    idle: set[Any] = set()

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        _keep_alive(connection.driver_connection)

    @event.listens_for(engine, "checkin")
    def returned(connection: Any, _record: object) -> None:
        if connection is not None:
            idle.add(connection.driver_connection)

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, _record: object, _proxy: PoolProxiedConnection) -> None:
        idle.discard(connection.driver_connection)

    def leave() -> None:
        for driver in idle:
            driver.terminate()
        idle.clear()

    @event.listens_for(engine, "handle_error")
    def failed(context: ExceptionContext) -> None:
        if isinstance(context.original_exception, TimeoutError) and context.connection is not None:
            driver: Any = context.connection.connection.driver_connection
            driver.terminate()
            leave()
            # The pool leaves what it had before.
            context.is_disconnect = True

    def pinged(connection: Any) -> bool:
        try:
            await_only(connection.driver_connection.fetchrow(";", timeout=PING_S_MAX))
        except TimeoutError as error:
            connection.driver_connection.terminate()
            leave()
            msg = "connection is closed"
            raise engine.dialect.loaded_dbapi.InterfaceError(msg) from error
        except Exception:  # noqa: BLE001  # whatever it is, SQLAlchemy's own way knows it
            return ping(connection)
        return True

    engine.dialect.do_ping = pinged  # pyright: ignore[reportAttributeAccessIssue]
    return leave


def _keep_alive(driver: Any) -> None:
    """Have the machine notice a server that is gone without a word."""
    raw = driver._transport.get_extra_info("socket")  # noqa: SLF001
    if raw is None or raw.family == socket.AF_UNIX:
        return
    seconds = int(QUERY_S_MAX)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, seconds // 3))
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2 * seconds * 1000)


class Postgres:
    """The driver is asynchronous: the thread that writes has an event loop of its own.

    Reads are short, and the driver needs no other thread for them.
    """

    def __init__(self, url: str) -> None:
        # No ping before each use: it takes three journeys, and what was lost shows by itself.
        self._writing = create_engine(url, WRITE_S_MAX, pool_size=1, max_overflow=0)
        # Nor does SQLAlchemy begin anything: around one query that would be three journeys more.
        single = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
        self._querying, leave_queries = _created(url, QUERY_S_MAX, pool_size=10, **single)
        # To open a connection for one query more costs as much as two queries; it waits instead.
        self._snapshots, leave_snapshots = _created(
            url, STATEMENT_S_MAX, pool_size=10, max_overflow=0, **single
        )
        self._leaving = (leave_queries, leave_snapshots)
        self._writer = ThreadPoolExecutor(1, "postgres-writer")
        self._loop = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._ending: set[asyncio.Task[None]] = set()

    async def write[T](self, work: Work[T], then: Then[T] | None) -> T:
        return await on_thread(self._writer, lambda: self._loop.run(self._carry_out(work)), then)

    async def _carry_out[T](self, work: Work[T]) -> T:
        async with self._writing.connect() as connection:
            transaction = await connection.begin()
            result = await connection.run_sync(work)
            await committed(transaction)
            return result

    async def read[T](self, work: Work[T]) -> T:
        async with self.snapshot(work, "") as (_, found):
            return found

    async def query[T](self, work: Work[T]) -> T:
        return await _twice(lambda: self._query(work))

    async def _query[T](self, work: Work[T]) -> T:
        async with self._querying.connect() as connection:
            return await connection.run_sync(work)

    @contextlib.asynccontextmanager
    async def snapshot[T](
        self, first: Work[T], hold: str
    ) -> AsyncGenerator[tuple[AsyncConnection, T]]:
        async with contextlib.AsyncExitStack() as stack:
            yield await _twice(lambda: stack.enter_async_context(self._begun(first, hold)))

    @contextlib.asynccontextmanager
    async def _begun[T](
        self, first: Work[T], hold: str
    ) -> AsyncGenerator[tuple[AsyncConnection, T]]:
        locked = f"LOCK TABLE {hold} IN ACCESS SHARE MODE" if hold else ""
        connection = await self._snapshots.connect()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            await self._begin(driver, f"{_BEGIN_READING};{locked}")
            yield connection, await connection.run_sync(first)
        finally:
            # Nobody has to wait for the end of a transaction that only read.
            ending = asyncio.create_task(_end(connection, driver))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def _begin(self, driver: asyncpg.Connection, begin: str) -> None:
        """Begin in one journey, which SQLAlchemy cannot. Raises: ConnectionLost."""
        try:
            await driver.execute(begin, timeout=BEGIN_S_MAX)  # pyright: ignore[reportUnknownMemberType]
        except (asyncpg.PostgresError, *_DRIVER_FAULTS, OSError) as error:
            # What ended this connection has likely ended the others.
            driver.terminate()
            self.leave()
            await self._snapshots.dispose()
            raise ConnectionLost("the database was lost, or cannot be read") from error

    def leave(self) -> None:
        for leave in self._leaving:
            leave()

    async def close(self) -> None:
        await asyncio.gather(*self._ending, return_exceptions=True)
        await dispose(self._querying)
        await dispose(self._snapshots)
        await on_thread(self._writer, lambda: self._loop.run(dispose(self._writing)))
        await on_thread(self._writer, self._loop.close)
        await asyncio.to_thread(self._writer.shutdown)
