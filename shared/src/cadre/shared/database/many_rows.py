"""Inserts of many rows: compiled once for a table and its columns, rows straight to the driver.

A row that goes alone costs PostgreSQL a statement; on SQLite it lets other threads in between, for
which the one that writes must wait. So many go together: on PostgreSQL what is there already of
their keys is taken out and all are copied in, on SQLite one statement has places for fifty.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched, chain
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    Connection,
    Dialect,
    LargeBinary,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from cadre.shared.database.database import insert_into

ROWS_TOGETHER = 50
"""From so many on rows are not written one by one."""

type Row = tuple[Any, ...]
type Insert = sqlite.Insert | postgresql.Insert


@dataclass(frozen=True, slots=True)
class ManyRows:
    """An insert for rows of certain columns, compiled once: rows go to the driver as they are."""

    columns: tuple[str, ...]
    """In the order of the statement's parameters."""
    sql: str
    together: str
    """The same for `ROWS_TOGETHER` rows; empty where such a statement is no faster."""
    converters: Mapping[int, Callable[[Any], Any]]
    """What makes a column's values the driver's, where they are not already."""

    def execute(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows that have all of the columns."""
        many = self._converted(_tuples(self.columns, rows))
        if self.together and len(many) >= ROWS_TOGETHER:
            whole = len(many) - len(many) % ROWS_TOGETHER
            parts = batched(many[:whole], ROWS_TOGETHER)
            connection.exec_driver_sql(self.together, [tuple(chain(*part)) for part in parts])
            many = many[whole:]
        if many:
            connection.exec_driver_sql(self.sql, many)

    def _converted(self, rows: list[Row]) -> list[Row]:
        if not self.converters or not rows:
            return rows
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for at, convert in self.converters.items():
            columns[at] = map(convert, columns[at])
        return list(zip(*columns, strict=True))


@lru_cache(maxsize=1024)
def upsert(table: Table, columns: tuple[str, ...], dialect: Dialect) -> ManyRows:
    """Insert rows, or set ``columns`` (beside the key) where their primary key exists."""
    keys = [column.name for column in table.primary_key]

    def overwriting(insert: Insert) -> Insert:
        changed = {name: insert.excluded[name] for name in columns if name not in keys}
        if not changed:
            return insert.on_conflict_do_nothing(index_elements=keys)
        return insert.on_conflict_do_update(index_elements=keys, set_=changed)

    return _compiled(table, columns, dialect, overwriting)


@lru_cache
def insert_missing(table: Table, dialect: Dialect) -> ManyRows:
    """Insert whole rows unless their primary key exists."""
    columns = tuple(table.columns.keys())
    return _compiled(table, columns, dialect, lambda insert: insert.on_conflict_do_nothing())


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert whole rows of which none exists, the fastest way the database has.

    The transaction must have begun with another statement. Raises: DBAPIError.
    """
    if connection.dialect.name != "postgresql":
        insert_missing(table, connection.dialect).execute(connection, rows)
        return
    columns = tuple(table.columns.keys())
    _copy(connection, table.name, columns, _tuples(columns, rows))


def replace(connection: Connection, table: Table, rows: Mapping[Row, Mapping[str, Any]]) -> None:
    """Put many rows by primary key, on PostgreSQL: where one exists, only set the columns given.

    Nearly all are new, and to copy those is less work than inserts that look for each first.
    Raises: DBAPIError.
    """
    names = table.primary_key.columns.keys()
    keys = map(list, zip(*rows, strict=True))
    sql = _taking_out(table, connection.dialect)
    there = _by_driver(connection, sql, lambda raw: raw.fetch(sql, *keys))
    known = {tuple([row[name] for name in names]): row for row in there}
    columns = table.columns.keys()
    whole = ({**known[key], **row} if key in known else row for key, row in rows.items())
    _copy(connection, table.name, columns, [tuple(map(row.get, columns)) for row in whole])


@lru_cache(maxsize=1024)
def _taking_out(table: Table, dialect: Dialect) -> str:
    """Deletes the rows of many keys, given as one array for each column, and returns them."""
    keys = table.primary_key.columns
    # A cast to a text of limited length would cut it.
    kinds = [String() if isinstance(key.type, String) else key.type for key in keys]
    arrays = [bindparam(k.name, type_=ARRAY(kind)) for k, kind in zip(keys, kinds, strict=True)]
    given = func.unnest(*arrays).table_valued(*keys.keys()).render_derived(name="given")
    named = and_(*(key == given.c[key.name] for key in keys))
    return str(delete(table).where(named).returning(table).compile(dialect=dialect))


def _copy(connection: Connection, into: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    _by_driver(
        connection,
        f"COPY {into}",
        lambda raw: raw.copy_records_to_table(into, records=rows, columns=columns),
    )


def _by_driver(
    connection: Connection, statement: str, call: Callable[[Any], Awaitable[Any]]
) -> Any:
    """What the driver answers when it is asked without the library between."""
    driver = cast(AdaptedConnection, connection.connection.dbapi_connection)
    try:
        return driver.run_async(call)
    except Exception as error:  # its encoders let a value that does not fit raise whatever it does
        raise DBAPIError(statement, None, error) from error


def _tuples(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    if len(columns) == 1:
        return [(row[columns[0]],) for row in rows]
    return list(map(itemgetter(*columns), rows))


def _compiled(
    table: Table,
    columns: tuple[str, ...],
    dialect: Dialect,
    resolving: Callable[[Insert], Insert],
) -> ManyRows:
    insert = insert_into(table, dialect)
    compiled = resolving(insert).compile(dialect=dialect, column_keys=columns)
    ordered = tuple(compiled.positiontup or ())
    together = ""
    if dialect.name == "sqlite":
        many = insert.values([dict.fromkeys(ordered)] * ROWS_TOGETHER)
        together = str(resolving(many).compile(dialect=dialect))
    converters = (_converter(table.c[name].type, dialect) for name in ordered)
    return ManyRows(
        ordered,
        str(compiled),
        together,
        {at: convert for at, convert in enumerate(converters) if convert is not None},
    )


def _converter(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, LargeBinary):
        return None  # Both drivers take bytes; a wrapper costs as much as the rest of a row.
    return kind.dialect_impl(dialect).bind_processor(dialect)
