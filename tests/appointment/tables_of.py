"""The tables that a history fills, to ask queries of."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from cadre.appointment.app import SERVICE
from cadre.contracts.event import Event, Forgotten
from cadre.shared.deciding.testing import recorded
from cadre.shared.projecting.read_models_sql import apply
from cadre.shared.showing.read_models import Change
from cadre.shared.showing.reader import Reader


class Shouting:
    """Shows in an answer that a token was opened."""

    async def open_token(self, text: str) -> str | Forgotten:
        return f"opened {text}"


def ask[T](query: Callable[[Reader], Awaitable[T]], *history: Event) -> T:
    """The answer of a query on the tables of a history."""
    changes = [c for batch in batches(history) for c in batch]
    return asyncio.run(_asked(query, [changes]))


def rows(applied: Sequence[Sequence[Change]]) -> dict[str, list[tuple[object, ...]]]:
    """Every table after these batches, by primary key."""

    async def dump(reader: Reader) -> dict[str, list[tuple[object, ...]]]:
        return {
            table.name: [
                tuple(row)
                for row in await reader.connection.execute(
                    select(table).order_by(*table.primary_key)
                )
            ]
            for table in SERVICE.read_models.metadata.sorted_tables
        }

    return asyncio.run(_asked(dump, applied))


def batches(history: Sequence[Event]) -> list[list[Change]]:
    return [SERVICE.read_models.changes(recorded(i, e)) for i, e in enumerate(history, start=1)]


async def filled(connection: AsyncConnection, applied: Sequence[Sequence[Change]]) -> None:
    await connection.run_sync(SERVICE.read_models.metadata.create_all)
    for changes in applied:
        await apply(connection, SERVICE.read_models.metadata, changes)


async def _asked[T](
    query: Callable[[Reader], Awaitable[T]], applied: Sequence[Sequence[Change]]
) -> T:
    engine = create_async_engine("sqlite+aiosqlite://")
    try:
        async with engine.begin() as connection:
            await filled(connection, applied)
            return await query(Reader(connection, 0, Shouting()))
    finally:
        await engine.dispose()
