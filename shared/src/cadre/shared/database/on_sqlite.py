"""SQLite in WAL mode: one thread writes, as it has one writer; some others read."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiosqlite
import sqlalchemy
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from cadre.shared.database.threads import Then, Work, on_thread

BUSY_TIMEOUT_MS = 10_000
READERS_MAX = 4
POOL_S_MAX = 10.0
PAGE_BYTES = 8_192
"""Of a new SQLite file: four rows of the journal fill a page, and half as many are written."""
WRITER_CACHE_KB = 16_000
"""What SQLite's writer keeps of the tables; readers ask for little and keep the usual 2,000."""


def create_engine(url: str, *, durable: bool) -> AsyncEngine:
    """The engine of `cadre.shared.database.database.create_engine`."""
    path = make_url(url).database or ""
    engine = create_async_engine(
        url,
        async_creator=lambda: _opened(path),
        pool_size=8,
        max_overflow=8,
        pool_timeout=POOL_S_MAX,
        hide_parameters=True,
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
    def connected(connection: Any, _record: object) -> None:
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


class Sqlite:
    """One thread writes, as SQLite has one writer; some others read."""

    def __init__(self, url: str, engine: AsyncEngine, *, durable: bool) -> None:
        self._snapshots = engine
        plain = make_url(url).set(drivername="sqlite")
        self._reading = sqlalchemy.create_engine(plain, pool_size=READERS_MAX, hide_parameters=True)
        # Always the same connection: what another one writes makes it forget what it kept.
        self._writing = sqlalchemy.create_engine(
            plain, pool_size=1, max_overflow=0, hide_parameters=True
        )
        _configure(self._reading, durable=durable)
        _configure(self._writing, durable=durable, cache_kb=WRITER_CACHE_KB)
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        self._readers = ThreadPoolExecutor(READERS_MAX, "sqlite-reader")

    async def write[T](self, work: Work[T], then: Then[T] | None) -> T:
        return await on_thread(
            self._writer, lambda: _carried_out(self._writing, work, immediate=True), then
        )

    async def read[T](self, work: Work[T]) -> T:
        return await on_thread(self._readers, lambda: _carried_out(self._reading, work))

    async def query[T](self, work: Work[T]) -> T:
        return await self.read(work)

    @contextlib.asynccontextmanager
    async def snapshot[T](
        self, first: Work[T], hold: str
    ) -> AsyncGenerator[tuple[AsyncConnection, T]]:
        del hold
        async with self._snapshots.connect() as connection, connection.begin():
            yield connection, await connection.run_sync(first)

    def leave(self) -> None:
        """There is no server that could be silent."""

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
