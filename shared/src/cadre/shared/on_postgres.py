"""PostgreSQL: its driver is asynchronous, so the thread that writes has an event loop."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import uvloop
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from cadre.shared.threads import Then, Work, on_thread

_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""By default each statement would see what was committed before it."""
_DRIVER_FAULTS = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises on a connection that it does not know yet to be lost."""


class Lost(ConnectionError):
    """Nothing could be read over a connection."""


async def _twice[T](call: Callable[[], Awaitable[T]]) -> T:
    """Once more when the server was started anew since: the pool has noticed then."""
    try:
        return await call()
    except Lost:
        pass
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return await call()


async def _end(connection: AsyncConnection, driver: asyncpg.Connection) -> None:
    """End a transaction that only read, and give its connection back."""
    async with contextlib.aclosing(connection):
        try:
            if not driver.is_closed():
                await driver.execute("COMMIT")  # pyright: ignore[reportUnknownMemberType]
        except BaseException as error:
            # Nobody may go on in it.
            driver.terminate()
            if not isinstance(error, Exception):
                raise


class Postgres:
    """The driver is asynchronous: the thread that writes has an event loop of its own.

    Reads are short, and the driver needs no other thread for them.
    """

    def __init__(self, url: str) -> None:
        # No ping before each use: it takes three journeys, and what was lost shows by itself.
        self._writing = create_async_engine(url, pool_size=1, max_overflow=0)
        # Nor does SQLAlchemy begin anything: around one query that would be three journeys more.
        single = {"isolation_level": "AUTOCOMMIT", "pool_reset_on_return": None}
        self._querying = create_async_engine(url, pool_size=10, **single)
        # To open a connection for one query more costs as much as two queries; it waits instead.
        self._snapshots = create_async_engine(url, pool_size=10, max_overflow=0, **single)
        self._writer = ThreadPoolExecutor(1, "postgres-writer")
        self._loop = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._ending: set[asyncio.Task[None]] = set()

    async def write[T](self, work: Work[T], then: Then[T] | None) -> T:
        return await on_thread(self._writer, lambda: self._loop.run(self._carry_out(work)), then)

    async def _carry_out[T](self, work: Work[T]) -> T:
        async with self._writing.begin() as connection:
            return await connection.run_sync(work)

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
        """Begin in one journey, which SQLAlchemy cannot. Raises: Lost."""
        try:
            await driver.execute(begin)  # pyright: ignore[reportUnknownMemberType]
        except (asyncpg.PostgresError, *_DRIVER_FAULTS, OSError) as error:
            driver.terminate()
            # What ended this connection has likely ended the others.
            await self._snapshots.dispose()
            raise Lost("the database was lost, or cannot be read") from error

    async def close(self) -> None:
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._querying.dispose()
        await self._snapshots.dispose()
        await on_thread(self._writer, lambda: self._loop.run(self._writing.dispose()))
        await on_thread(self._writer, self._loop.close)
        await asyncio.to_thread(self._writer.shutdown)
