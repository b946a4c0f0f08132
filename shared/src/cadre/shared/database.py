"""A service's database: SQLite in WAL mode or PostgreSQL, through one door.

A transaction of the runner is one function of a connection, carried out whole on a thread: the
event loop is crossed twice, however many statements it takes. Queries read in a `snapshot`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from contextvars import copy_context
from typing import Any, Protocol

import aiosqlite
import asyncpg
import sqlalchemy
import uvloop
from sqlalchemy import DDL, Connection, Dialect, Engine, MetaData, Table, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 30_000
DDL_LOCK = 0x6361647265
"""Key of the advisory lock under which tables are created."""
READERS_MAX = 4
PAGE_BYTES = 8_192
"""Of a new SQLite file: four rows of the journal fill a page, and half as many are written."""
WRITER_CACHE_KB = 16_000
"""What SQLite's writer keeps of the tables; readers ask for little and keep the usual 2,000."""

type Work[T] = Callable[[Connection], T]
type Snapshot[T] = AbstractAsyncContextManager[tuple[AsyncConnection, T]]


def create_engine(url: str, *, durable: bool = False) -> AsyncEngine:
    """An engine for ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``.

    ``durable`` syncs every SQLite commit. What the log can give again does not need it.
    See `writing` for transactions that write.
    """
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)
    path = make_url(url).database or ""
    engine = create_async_engine(
        url, async_creator=lambda: _opened(path), pool_size=8, max_overflow=8
    )
    _configure(engine.sync_engine, durable=durable)
    return engine


async def _opened(path: str) -> aiosqlite.Connection:
    """A connection; one whose opening is cancelled is closed, which the driver forgets to do."""
    connection = aiosqlite.connect(path)
    # A connection that nobody closed must not keep the process alive.
    connection._thread.daemon = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    opening = asyncio.ensure_future(connection)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await (await opening).close()
        raise


def _configure(engine: Engine, *, durable: bool, cache_kb: int = 2_000) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: reads need one too, for a snapshot.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        # Heeded when the file is made, by the journal mode; later it says nothing.
        cursor.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA cache_size = -{cache_kb}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextlib.asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A transaction that writes: writers wait for each other from its first statement on."""
    async with engine.connect() as raw:
        connection = await raw.execution_options(immediate=True)
        async with connection.begin():
            yield connection


class _Threads(Protocol):
    """How a kind of database carries out whole transactions away from the event loop."""

    async def write[T](self, work: Work[T]) -> T: ...
    async def read[T](self, work: Work[T]) -> T: ...
    async def query[T](self, work: Work[T]) -> T: ...
    def snapshot[T](self, first: Work[T], hold: str) -> Snapshot[T]: ...
    async def close(self) -> None: ...


class Database:
    """A service's database: snapshots for queries, whole transactions for everything else."""

    def __init__(self, url: str, *, durable: bool = False) -> None:
        self.engine = create_engine(url, durable=durable)
        self._threads: _Threads = (
            _Sqlite(url, self.engine, durable=durable)
            if url.startswith("sqlite")
            else _Postgres(url)
        )

    async def transact[T](self, work: Work[T]) -> T:
        """Carry out a function in one transaction that writes; it must not touch the event loop.

        When the caller is cancelled, the transaction is carried out all the same.
        """
        return await self._threads.write(work)

    async def read[T](self, work: Work[T]) -> T:
        """Carry out a function that only reads, in one transaction; it should be short."""
        return await self._threads.read(work)

    async def query[T](self, work: Work[T]) -> T:
        """Carry out a function that makes one query, which is a transaction by itself."""
        return await self._threads.query(work)

    def snapshot[T](self, first: Work[T], *, hold: str = "") -> Snapshot[T]:
        """A transaction whose queries all see what ``first`` saw, and what that returned.

        It has a shared lock on the table ``hold`` before it sees anything: a name finds the tables
        of today, whatever snapshot reads them. On SQLite no table changes meanwhile anyhow.
        """
        return self._threads.snapshot(first, hold)

    async def close(self) -> None:
        """Wait for what is under way, then close every connection."""
        await self._threads.close()
        await self.engine.dispose()


async def _on[T](threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(threads, context.run, call)


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


class _Sqlite:
    """One thread writes, as SQLite has one writer; some others read."""

    def __init__(self, url: str, engine: AsyncEngine, *, durable: bool) -> None:
        self._snapshots = engine
        plain = make_url(url).set(drivername="sqlite")
        self._reading = sqlalchemy.create_engine(plain, pool_size=READERS_MAX)
        # Always the same connection: what another one writes makes it forget what it kept.
        self._writing = sqlalchemy.create_engine(plain, pool_size=1, max_overflow=0)
        _configure(self._reading, durable=durable)
        _configure(self._writing, durable=durable, cache_kb=WRITER_CACHE_KB)
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS_MAX, "sqlite-reader")

    async def write[T](self, work: Work[T]) -> T:
        return await _on(self._writer, lambda: _carried_out(self._writing, work, immediate=True))

    async def read[T](self, work: Work[T]) -> T:
        return await _on(self._readers, lambda: _carried_out(self._reading, work))

    async def query[T](self, work: Work[T]) -> T:
        return await self.read(work)

    @contextlib.asynccontextmanager
    async def snapshot[T](
        self, first: Work[T], hold: str
    ) -> AsyncGenerator[tuple[AsyncConnection, T]]:
        del hold
        async with self._snapshots.connect() as connection, connection.begin():
            yield connection, await connection.run_sync(first)

    async def close(self) -> None:
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        self._writing.dispose()
        self._reading.dispose()


def _carried_out[T](engine: Engine, work: Work[T], *, immediate: bool = False) -> T:
    with engine.connect() as raw:
        connection = raw.execution_options(immediate=immediate)
        with connection.begin():
            return work(connection)


_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""By default each statement would see what was committed before it."""
_DRIVER_FAULTS = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises on a connection that it does not know yet to be lost."""


async def _end(driver: asyncpg.Connection) -> None:
    """End a transaction that only read."""
    try:
        if not driver.is_closed():
            await driver.execute("COMMIT")  # pyright: ignore[reportUnknownMemberType]
    except BaseException:
        # Nobody may go on in it.
        driver.terminate()
        raise


class _Postgres:
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

    async def write[T](self, work: Work[T]) -> T:
        return await _on(self._writer, lambda: self._loop.run(self._carry_out(work)))

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
        async with self._snapshots.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            try:
                await self._begin(driver, f"{_BEGIN_READING};{locked}")
                yield connection, await connection.run_sync(first)
            finally:
                await _end(driver)

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
        await self._querying.dispose()
        await self._snapshots.dispose()
        await _on(self._writer, lambda: self._loop.run(self._writing.dispose()))
        await _on(self._writer, self._loop.close)
        await asyncio.to_thread(self._writer.shutdown)


def create_missing(connection: Connection, *metadata: MetaData) -> None:
    """Create the tables that are missing; processes that start together queue."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": DDL_LOCK})
    for tables in metadata:
        tables.create_all(connection)


def insert_or_ignore(table: Table, dialect: Dialect) -> sqlite.Insert | postgresql.Insert:
    """Insert a row unless its primary key exists."""
    return insert_into(table, dialect).on_conflict_do_nothing()


def insert_into(table: Table, dialect: Dialect) -> sqlite.Insert | postgresql.Insert:
    """An insert that can say what happens on a conflict."""
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


def without_statistics(table: Table, *columns: str) -> None:
    """Have PostgreSQL take no statistics of these columns of a new table.

    They are copies of values, which would outlive the rows they were taken from.
    """
    for column in columns:
        none = DDL(f"ALTER TABLE %(fullname)s ALTER COLUMN {column} SET STATISTICS 0")
        event.listen(table, "after_create", none.execute_if(dialect="postgresql"))
