"""Applying changes to tables: fold per key, then a few multi-row statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import MetaData, Table, and_, bindparam, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.shared.database import upsert
from cadre.shared.read_models import Change, Drop, Put


@dataclass(slots=True)
class _Row:
    """What a batch leaves of one row: the columns set last, after a drop or not."""

    key: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    dropped: bool = False
    put: bool = False


async def apply(
    connection: AsyncConnection, metadata: MetaData, changes: Sequence[Change], suffix: str = ""
) -> None:
    """Apply changes in order to the tables of ``metadata`` (their names plus ``suffix``)."""
    for name, rows in _fold(metadata, changes, suffix).items():
        table = metadata.tables[name]
        gone = [row for row in rows if row.dropped]
        if gone:
            await _delete(connection, table, gone)
        by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in rows:
            if row.put:
                values = row.key | row.values
                by_columns.setdefault(tuple(sorted(values)), []).append(values)
        for columns, values in by_columns.items():
            await connection.execute(upsert(table, set(columns), connection.dialect), values)


def _fold(metadata: MetaData, changes: Iterable[Change], suffix: str) -> dict[str, list[_Row]]:
    tables: dict[str, dict[tuple[Any, ...], _Row]] = {}
    for change in changes:
        name = f"{change.table}{suffix}"
        keys = [column.name for column in metadata.tables[name].primary_key]
        given = change.values if isinstance(change, Put) else change.key
        key = {column: given[column] for column in keys}
        rows = tables.setdefault(name, {})
        row = rows.setdefault(tuple(key.values()), _Row(key))
        match change:
            case Put():
                row.put = True
                row.values |= {k: v for k, v in change.values.items() if k not in key}
            case Drop():
                row.dropped, row.put, row.values = True, False, {}
    return {name: list(rows.values()) for name, rows in tables.items()}


async def _delete(connection: AsyncConnection, table: Table, rows: Sequence[_Row]) -> None:
    keys = list(table.primary_key)
    where = and_(*(column == bindparam(f"key_{column.name}") for column in keys))
    values = [{f"key_{name}": value for name, value in row.key.items()} for row in rows]
    await connection.execute(delete(table).where(where), values)
