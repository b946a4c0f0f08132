"""A service's database: SQLite in WAL mode or PostgreSQL, through one door.

A transaction of the runner is one function of a connection, carried out whole on a thread: the
event loop is crossed twice, however many statements it takes. Queries read in a `snapshot`.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

from sqlalchemy import DDL, Connection, Dialect, MetaData, Table, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cadre.shared.database import on_postgres, on_sqlite
from cadre.shared.database.on_postgres import Postgres, committed
from cadre.shared.database.on_sqlite import Sqlite
from cadre.shared.database.outages import translated
from cadre.shared.database.threads import Then, Threads, Work
from cadre.shared.deciding.errors import Unavailable

DDL_LOCK = 0x6361647265
"""Key of the advisory lock under which tables are created."""


def create_engine(url: str, *, durable: bool = False) -> AsyncEngine:
    """An engine for ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``.

    ``durable`` syncs every SQLite commit. What the log can give again does not need it.
    See `writing` for transactions that write.
    """
    if url.startswith("sqlite"):
        return on_sqlite.create_engine(url, durable=durable)
    return on_postgres.create_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)


@contextlib.asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A transaction that writes: writers wait for each other from its first statement on.

    Raises: as `Database.transact`.
    """
    with translated():
        async with engine.connect() as raw:
            connection = await raw.execution_options(immediate=True)
            async with connection.begin() as transaction:
                yield connection
                await committed(transaction)


@contextlib.asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A connection to read over. Raises: Unavailable."""
    with translated():
        async with engine.connect() as connection:
            yield connection


class Database:
    """A service's database: snapshots for queries, whole transactions for everything else.

    All of them raise `Unavailable` while the database is away, hung, full or closed to writing.
    """

    def __init__(self, url: str, *, durable: bool = False) -> None:
        self.engine = create_engine(url, durable=durable)
        path = make_url(url).database if url.startswith("sqlite") else None
        self.folder = Path(path).parent if path else None
        """Where the database is, if this process writes its files."""
        self._threads: Threads = (
            Sqlite(url, self.engine, durable=durable) if url.startswith("sqlite") else Postgres(url)
        )

    async def transact[T](self, work: Work[T], then: Then[T] | None = None) -> T:
        """Carry out a function in one transaction that writes; it must not touch the event loop.

        When the caller is cancelled, the transaction is carried out all the same.

        Raises: Unavailable, OutcomeUnknown when the answer to the commit did not come.
        """
        with translated():
            return await self._threads.write(work, then)

    async def read[T](self, work: Work[T]) -> T:
        """Carry out a function that only reads, in one transaction; it should be short."""
        with translated():
            return await self._threads.read(work)

    async def query[T](self, work: Work[T]) -> T:
        """Carry out a function that makes one query, which is a transaction by itself."""
        with translated():
            return await self._threads.query(work)

    @contextlib.asynccontextmanager
    async def snapshot[T](
        self, first: Work[T], *, hold: str = ""
    ) -> AsyncGenerator[tuple[AsyncConnection, T]]:
        """A transaction whose queries all see what ``first`` saw, and what that returned.

        It has a shared lock on the table ``hold`` before it sees anything: a name finds the tables
        of today, whatever snapshot reads them. On SQLite no table changes meanwhile anyhow.
        """
        with translated():
            async with self._threads.snapshot(first, hold) as begun:
                yield begun

    async def answers(self, within_s: float) -> None:
        """Ask whether it is there; if not, no connection that lies idle is used again.

        Raises: Unavailable.
        """
        try:
            async with asyncio.timeout(within_s):
                await self.query(lambda c: c.execute(text("SELECT 1")).all())
        except TimeoutError as error:
            self._threads.leave()
            raise Unavailable(
                f"数据库未及时应答 · the database did not answer within {within_s:g} s"
            ) from error

    async def close(self) -> None:
        """Wait for what is under way, then close every connection."""
        await self._threads.close()
        await on_postgres.dispose(self.engine)


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
