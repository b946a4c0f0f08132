"""Inserts of many rows: compiled once for a table and its columns, values straight to the driver.

PostgreSQL gets each column as an array, so a thousand rows are one statement carried out once;
SQLite gets the rows one by one, which costs it nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from asyncpg import PostgresError
from sqlalchemy import Connection, Dialect, LargeBinary, String, Table, bindparam, func, select
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from cadre.shared.database import insert_into, insert_or_ignore


@dataclass(frozen=True, slots=True)
class ManyRows:
    """An insert for rows of certain columns."""

    sql: str
    columns: tuple[str, ...]
    """In the order of the statement's parameters."""
    converters: tuple[Callable[[Any], Any] | None, ...]
    """What makes each column's values the driver's, where they are not already."""
    in_arrays: bool

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that have all of the columns."""
        columns = [
            [row[name] for row in rows] if convert is None else [convert(row[name]) for row in rows]
            for name, convert in zip(self.columns, self.converters, strict=True)
        ]
        values = tuple(columns) if self.in_arrays else list(zip(*columns, strict=True))
        connection.exec_driver_sql(self.sql, values)


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
    table = insert.table
    in_arrays = dialect.name == "postgresql"
    if in_arrays:
        arrays = [bindparam(name, type_=_array_of(table.c[name].type)) for name in columns]
        every = select(sql("*")).select_from(func.unnest(*arrays))
        insert = insert.from_select(list(columns), every)
    compiled = insert.compile(dialect=dialect, column_keys=None if in_arrays else columns)
    ordered = tuple(compiled.positiontup or ())
    converters = tuple(_converter(table.c[name].type, dialect) for name in ordered)
    return ManyRows(str(compiled), ordered, converters, in_arrays)


def _array_of(kind: TypeEngine[Any]) -> postgresql.ARRAY[Any]:
    # A cast to a text of limited length would cut what is too long, without a word.
    return postgresql.ARRAY(String() if isinstance(kind, String) else kind)


def _converter(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, LargeBinary):
        return None  # Both drivers take bytes; a wrapper costs as much as the rest of a row.
    return kind.dialect_impl(dialect).bind_processor(dialect)
