"""A service's database: SQLite in WAL mode or PostgreSQL, through one door."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from sqlalchemy import Connection, Dialect, MetaData, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 30_000
DDL_LOCK = 0x6361647265
"""Key of the advisory lock under which tables are created."""


def create_engine(url: str, *, durable: bool = False) -> AsyncEngine:
    """An engine for ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``.

    ``durable`` syncs every SQLite commit. What the log can give again does not need it.
    See `writing` for transactions that write.
    """
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)
    engine = create_async_engine(url, pool_size=8, max_overflow=8)

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself: reads need one too, for a snapshot.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextlib.asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """A transaction that writes: writers wait for each other from its first statement on."""
    async with engine.connect() as raw:
        connection = await raw.execution_options(immediate=True)
        async with connection.begin():
            yield connection


async def create_tables(connection: AsyncConnection, *metadata: MetaData) -> None:
    """Create the tables that are missing, inside `writing`; processes that start together queue."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": DDL_LOCK})
    for tables in metadata:
        await connection.run_sync(tables.create_all)


def upsert(table: Table, columns: set[str], dialect: Dialect) -> sqlite.Insert | postgresql.Insert:
    """Insert a row, or set ``columns`` (beside the key) where its primary key exists."""
    keys = [column.name for column in table.primary_key]
    insert = _insert(table, dialect)
    changed = {name: insert.excluded[name] for name in sorted(columns) if name not in keys}
    if not changed:
        return insert.on_conflict_do_nothing(index_elements=keys)
    return insert.on_conflict_do_update(index_elements=keys, set_=changed)


def insert_or_ignore(table: Table, dialect: Dialect) -> sqlite.Insert | postgresql.Insert:
    """Insert a row unless its primary key exists."""
    return _insert(table, dialect).on_conflict_do_nothing()


def _insert(table: Table, dialect: Dialect) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)
