"""Inserts of many rows: compiled once for a table and its columns, rows straight to the driver."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from asyncpg import PostgresError
from sqlalchemy import Connection, Dialect, LargeBinary, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from cadre.shared.database import insert_into, insert_or_ignore


@dataclass(frozen=True, slots=True)
class ManyRows:
    """An insert for rows of certain columns, compiled once: rows go to the driver as they are."""

    sql: str
    columns: tuple[str, ...]
    """In the order of the statement's parameters."""
    converters: tuple[Callable[[Any], Any] | None, ...]
    """What makes each column's values the driver's, where they are not already."""

    def execute(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows that have all of the columns."""
        many = [tuple([row[name] for name in self.columns]) for row in rows]
        if any(self.converters):
            many = [
                tuple(
                    [
                        value if convert is None else convert(value)
                        for value, convert in zip(row, self.converters, strict=True)
                    ]
                )
                for row in many
            ]
        connection.exec_driver_sql(self.sql, many)


@lru_cache(maxsize=1024)
def upsert(table: Table, columns: tuple[str, ...], dialect: Dialect) -> ManyRows:
    """Insert rows, or set ``columns`` (beside the key) where their primary key exists."""
    keys = [column.name for column in table.primary_key]
    insert = insert_into(table, dialect)
    changed = {name: insert.excluded[name] for name in columns if name not in keys}
    if not changed:
        return _compiled(insert.on_conflict_do_nothing(index_elements=keys), columns, dialect)
    conflict = insert.on_conflict_do_update(index_elements=keys, set_=changed)
    return _compiled(conflict, columns, dialect)


@lru_cache
def insert_missing(table: Table, dialect: Dialect) -> ManyRows:
    """Insert whole rows unless their primary key exists."""
    return _compiled(insert_or_ignore(table, dialect), tuple(table.columns.keys()), dialect)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert whole rows of which none exists, the fastest way the database has.

    The transaction must have begun with another statement. Raises: DBAPIError.
    """
    if connection.dialect.name != "postgresql":
        insert_missing(table, connection.dialect).execute(connection, rows)
        return
    columns = list(table.columns.keys())
    records = [tuple([row[name] for name in columns]) for row in rows]
    driver = cast(AdaptedConnection, connection.connection.dbapi_connection)
    try:
        driver.run_async(lambda raw: raw.copy_records_to_table(table.name, records=records))
    except PostgresError as error:
        raise DBAPIError(f"COPY {table.name}", None, error) from error


def _compiled(
    insert: sqlite.Insert | postgresql.Insert, columns: tuple[str, ...], dialect: Dialect
) -> ManyRows:
    compiled = insert.compile(dialect=dialect, column_keys=columns)
    ordered = tuple(compiled.positiontup or ())
    types = [insert.table.c[name].type for name in ordered]
    return ManyRows(str(compiled), ordered, tuple(_converter(one, dialect) for one in types))


def _converter(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, LargeBinary):
        return None  # Both drivers take bytes; a wrapper costs as much as the rest of a row.
    return kind.dialect_impl(dialect).bind_processor(dialect)
