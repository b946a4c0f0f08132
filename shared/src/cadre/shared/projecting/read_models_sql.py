"""Applying changes to tables: fold per key, then a few multi-row statements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, MetaData, and_, bindparam, delete
from sqlalchemy import Table as SqlTable
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.shared.database.many_rows import replace, upsert
from cadre.shared.showing.read_models import Change, Drop, Put

ROWS_REPLACED = 10
"""From so many on PostgreSQL's rows are replaced, which takes two statements for all."""

type RowKey = tuple[Any, ...]
type Values = Mapping[str, Any]


@dataclass(slots=True)
class _Rows:
    """What a batch leaves of one table: rows to delete, then rows to put."""

    keys: tuple[str, ...]
    dropped: set[RowKey] = field(default_factory=set[RowKey])
    put: dict[RowKey, Values] = field(default_factory=dict[RowKey, Values])

    def add(self, change: Change) -> None:
        match change:
            case Put():
                values = change.values
                key = tuple([values[name] for name in self.keys])
                known = self.put.get(key)
                self.put[key] = values if known is None else {**known, **values}
            case Drop():
                key = tuple([change.key[name] for name in self.keys])
                self.dropped.add(key)
                self.put.pop(key, None)


async def apply(connection: AsyncConnection, metadata: MetaData, changes: Iterable[Change]) -> None:
    """Apply changes in order to the tables of ``metadata``."""
    await connection.run_sync(write, metadata, changes)


def write(
    connection: Connection, metadata: MetaData, changes: Iterable[Change], suffix: str = ""
) -> None:
    """The same inside `Database.transact`, to the tables of these names plus ``suffix``."""
    folded: dict[str, _Rows] = {}
    for change in changes:
        rows = folded.get(change.table)
        if rows is None:
            table = metadata.tables[f"{change.table}{suffix}"]
            rows = folded[change.table] = _Rows(tuple(c.name for c in table.primary_key))
        rows.add(change)
    for name, rows in folded.items():
        _write_rows(connection, metadata.tables[f"{name}{suffix}"], rows)


def _write_rows(connection: Connection, table: SqlTable, rows: _Rows) -> None:
    if rows.dropped:
        where = and_(*(column == bindparam(f"key_{column.name}") for column in table.primary_key))
        names = [f"key_{name}" for name in rows.keys]
        gone = [dict(zip(names, key, strict=True)) for key in rows.dropped]
        connection.execute(delete(table).where(where), gone)
    if connection.dialect.name == "postgresql" and len(rows.put) >= ROWS_REPLACED:
        replace(connection, table, rows.put)
        return
    by_columns: dict[tuple[str, ...], list[Values]] = {}
    for values in rows.put.values():
        by_columns.setdefault(tuple(values), []).append(values)
    for columns, many in by_columns.items():
        upsert(table, columns, connection.dialect).execute(connection, many)
