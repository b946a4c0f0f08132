"""Tables in a canonical form: to compare a service's tables with a fresh replay, byte by byte.

Sealed values are opened (their ciphertext differs from run to run), rows are sorted by primary key.
"""

import json
from collections.abc import Set  # noqa: PYI025
from hashlib import sha256
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.event import clear
from cadre.shared.keys.keyring import PREFIX, Keyring
from cadre.shared.projecting.past import fold, in_memory, parked_since
from cadre.shared.running.runtime import Runtime
from cadre.shared.showing.read_models import ReadModels


class Dump(BaseModel):
    """Every table at a position; equal digests mean equal bytes."""

    position: int
    sha256: str
    digests: dict[str, str]
    rows: dict[str, int]
    tables: dict[str, list[dict[str, Any]]] | None = None


async def dump(runtime: Runtime, hidden: Set[str] = frozenset()) -> Dump:
    """The tables that answer now, without the rows of ``hidden`` cadres."""
    async with runtime.projector.shown() as (connection, shown):
        models, keyring = runtime.service.read_models, runtime.codec.keyring
        return await _dump(connection, models, shown.position, keyring, hidden)


async def fresh_dump(runtime: Runtime, hidden: Set[str] = frozenset()) -> Dump:
    """The tables that replaying the log from position 1 gives, up to the position applied now.

    What is parked is left out, as it is in the tables. Needs no disk and changes nothing.
    """
    projector, models = runtime.projector, runtime.service.read_models
    engine = in_memory()
    try:
        async with engine.begin() as connection:
            end, parked = projector.position, await parked_since(projector)
            without = projector.set_aside
            await fold(connection, models, runtime.log, runtime.codec, end, parked, without)
            return await _dump(connection, models, end, runtime.codec.keyring, hidden)
    finally:
        await engine.dispose()


async def _dump(
    connection: AsyncConnection,
    models: ReadModels,
    position: int,
    keyring: Keyring,
    hidden: Set[str],
) -> Dump:
    tables: dict[str, list[dict[str, Any]]] = {}
    for table in models.metadata.sorted_tables:
        rows = await connection.execute(select(table).order_by(*table.primary_key))
        tables[table.name] = [
            {name: await _canonical(value, keyring) for name, value in row.items()}
            for row in rows.mappings()
            if row.get("cadre_id") not in hidden
        ]
    return Dump(
        position=position,
        sha256=_hash(tables),
        digests={name: _hash(rows) for name, rows in tables.items()},
        rows={name: len(rows) for name, rows in tables.items()},
        tables=tables,
    )


def _hash(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


async def _canonical(value: object, keyring: Keyring) -> object:
    if isinstance(value, str) and value.startswith(PREFIX):
        return clear(await keyring.open_token(value))
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
