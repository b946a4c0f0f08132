"""The database of data keys: its tables, and how a key is destroyed so that no byte of it stays.

Who is forgotten gets a mark first, then the keys go. Whoever makes a key looks for the mark after
storing it, so no key outlives the mark, whatever runs at the same time.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import structlog
from asyncpg import InsufficientPrivilegeError
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.shared.database.database import connected, insert_or_ignore, without_statistics, writing
from cadre.shared.deciding.errors import NotPossible, Unavailable
from cadre.shared.keys.master_keys import MasterKeys

METADATA = MetaData()
DATA_KEYS = Table(
    "data_keys",
    METADATA,
    Column("person", String(64), primary_key=True),
    Column("purpose", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("master", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)
without_statistics(DATA_KEYS, "wrapped")
FORGOTTEN = Table(
    "forgotten",
    METADATA,
    Column("person", String(64), primary_key=True),
    Column("keys", Integer, nullable=False),
    Column("wish", Text, nullable=False),
)
"""Marks of forgotten persons: how many keys there were, and the wish that is to be recorded."""

REWRAP_ROWS = 500
COMPACT_S_MAX = 600.0
TRUNCATE_TRIES = 100
TRUNCATE_WAIT_S = 0.1

_LOGGER = structlog.get_logger(__name__)


class ForgottenMark(NamedTuple):
    """Somebody is forgotten; ``wish`` is empty when the log had told of it before."""

    person: str
    keys: int
    wish: str


class Lost(NamedTuple):
    """Keys that must not exist: a person's, or the one of a purpose."""

    person: str
    purpose: str | None = None


def bound(person: str, purpose: str, number: int) -> bytes:
    """What a wrapped key is tied to."""
    return f"{person}/{purpose}/{number}".encode()


async def mark(engine: AsyncEngine, person: str, wish: str = "") -> ForgottenMark:
    """Mark a person as forgotten; the mark that was there first."""
    count = select(func.count()).where(DATA_KEYS.c.person == person)
    async with writing(engine) as connection:
        keys = int(await connection.scalar(count) or 0)
        row = {"person": person, "keys": keys, "wish": wish}
        await connection.execute(insert_or_ignore(FORGOTTEN, connection.dialect), row)
    found = await marks(engine, [person])
    return found[person]


async def marks(
    engine: AsyncEngine, persons: Iterable[str] | None = None
) -> dict[str, ForgottenMark]:
    """The marks of these persons, or of all."""
    async with connected(engine) as connection:
        return await connection.run_sync(marked, persons)


def marked(
    connection: Connection, persons: Iterable[str] | None = None
) -> dict[str, ForgottenMark]:
    """The same inside `Database.query`."""
    query = select(FORGOTTEN)
    if persons is not None:
        query = query.where(FORGOTTEN.c.person.in_(list(persons)))
    rows = connection.execute(query)
    return {row.person: ForgottenMark(row.person, row.keys, row.wish) for row in rows}


async def destroy(engine: AsyncEngine, person: str, purpose: str | None = None) -> int:
    """Delete a person's keys, or the one of a purpose; how many there were. See `compact`."""
    query = delete(DATA_KEYS).where(DATA_KEYS.c.person == person)
    if purpose is not None:
        query = query.where(DATA_KEYS.c.purpose == purpose)
    async with writing(engine) as connection:
        return (await connection.execute(query)).rowcount


async def lose(engine: AsyncEngine, lost: Sequence[Lost]) -> int:
    """Destroy these, mark forgotten persons, and compact where there was anything to destroy."""
    if not lost:
        return 0
    known = await marks(engine)
    for one in lost:
        if one.purpose is None and one.person not in known:
            await mark(engine, one.person)
    destroyed = 0
    async with connected(engine) as connection:
        held = await connection.execute(select(DATA_KEYS.c.person, DATA_KEYS.c.purpose))
        there = {(person, purpose) for person, purpose in held}
        there |= {(person, None) for person, _ in there}
    for one in lost:
        if one in there:
            destroyed += await destroy(engine, *one)
    if destroyed:
        await compact(engine)
    return destroyed


async def keys_by_purpose(engine: AsyncEngine, person: str) -> dict[str, int]:
    """How many keys a person has."""
    query = (
        select(DATA_KEYS.c.purpose, func.count())
        .where(DATA_KEYS.c.person == person)
        .group_by(DATA_KEYS.c.purpose)
        .order_by(DATA_KEYS.c.purpose)
    )
    async with connected(engine) as connection:
        return {row[0]: int(row[1]) for row in await connection.execute(query)}


async def compact(engine: AsyncEngine) -> None:
    """Write the database anew without what was deleted, and empty its write-ahead log.

    PostgreSQL keeps old segments of its log until it overwrites them: what they hold is wrapped,
    and worthless after the next change of the master key.
    """
    async with connected(engine) as connection:
        # Neither statement may run inside a transaction, so the driver is asked itself.
        driver: Any = (await connection.get_raw_connection()).driver_connection
        if engine.dialect.name == "sqlite":
            await driver.execute("VACUUM")
            await _truncate(driver)
        else:
            await _vacuum_full(driver)


async def require_alone(engine: AsyncEngine, what: str = "the key store") -> None:
    """Raises NotPossible while others are connected; of SQLite the data directory's lock knows."""
    if engine.dialect.name == "sqlite":
        return
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    async with connected(engine) as connection:
        others = await connection.scalar(query)
    if others:
        raise NotPossible(
            f"尚有其他连接 · {others} others are connected to {what}",
            hint="请先停止各服务，再重新执行 · stop the services, then give the same command again",
        )


async def _vacuum_full(driver: Any) -> None:
    await driver.execute("SET statement_timeout = 0")
    try:
        await _vacuum_all(driver)
    finally:
        if not driver.is_closed():
            await driver.execute("RESET statement_timeout")


async def _vacuum_all(driver: Any) -> None:
    for row in await driver.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    ):
        await driver.execute(f'VACUUM FULL "{row["tablename"]}"', timeout=COMPACT_S_MAX)
    try:
        await driver.execute("CHECKPOINT", timeout=COMPACT_S_MAX)
    except InsufficientPrivilegeError:
        _LOGGER.info("no right to checkpoint; the server does it in its own time")


async def _truncate(driver: Any) -> None:
    """Empty SQLite's write-ahead log, which a reader may hold for a moment."""
    for _ in range(TRUNCATE_TRIES):
        async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
            busy, *_rest = await cursor.fetchone()
        if not busy:
            return
        await asyncio.sleep(TRUNCATE_WAIT_S)
    raise Unavailable(
        "密钥库的预写日志正被占用，无法清空 · "
        "the key store's write-ahead log is in use and cannot be emptied",
        hint="密钥已从表中删除；请重新执行同一命令 · "
        "the keys are gone from the tables; give the same command again",
    )


async def rewrap(engine: AsyncEngine, masters: MasterKeys) -> int:
    """Wrap every key under the current master that another one wraps; how many there were.

    Interrupted, it goes on where it was: each key names its master.
    """
    done = 0
    keys = DATA_KEYS.c
    query = select(DATA_KEYS).where(keys.master != masters.current_id).limit(REWRAP_ROWS)
    while True:
        async with writing(engine) as connection:
            rows = (await connection.execute(query)).all()
            for row in rows:
                tied = bound(row.person, row.purpose, row.number)
                data_key = masters.unwrap(row.wrapped, row.master, tied)
                await connection.execute(
                    update(DATA_KEYS)
                    .where(
                        keys.person == row.person,
                        keys.purpose == row.purpose,
                        keys.number == row.number,
                    )
                    .values(master=masters.current_id, wrapped=masters.wrap(data_key, tied))
                )
        if not rows:
            return done
        done += len(rows)
