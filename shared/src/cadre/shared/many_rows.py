"""Inserts of many rows: compiled once for a table and its columns, rows straight to the driver.

A row that goes alone costs PostgreSQL a statement; on SQLite it lets other threads in between, for
which the one that writes must wait. So many go together: on PostgreSQL they are copied into a
temporary table and inserted from there, on SQLite one statement has places for fifty.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched, chain
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Connection, Dialect, LargeBinary, Table, column, select
from sqlalchemy import table as named
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from cadre.shared.database import insert_into

ROWS_TOGETHER = 50
"""From so many on rows are not written one by one."""
NAME_BYTES_MAX = 63
"""What PostgreSQL keeps of a name."""

type Row = tuple[Any, ...]
type Insert = sqlite.Insert | postgresql.Insert


@dataclass(frozen=True, slots=True)
class ManyRows:
    """An insert for rows of certain columns, compiled once: rows go to the driver as they are."""

    table: Table
    columns: tuple[str, ...]
    """In the order of the statement's parameters."""
    sql: str
    together: str
    """The same for `ROWS_TOGETHER` rows, or for all rows of a temporary table."""
    converters: Mapping[int, Callable[[Any], Any]]
    """What makes a column's values the driver's, where they are not already."""

    def execute(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows that have all of the columns."""
        many = self._converted(_tuples(self.columns, rows))
        if len(many) >= ROWS_TOGETHER:
            if connection.dialect.name == "postgresql":
                self._copied(connection, many)
                return
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

    def _copied(self, connection: Connection, rows: Sequence[Row]) -> None:
        through = _through(self.table)
        connection.exec_driver_sql(
            f'CREATE TEMPORARY TABLE IF NOT EXISTS "{through}"'
            f' (LIKE "{self.table.name}") ON COMMIT DELETE ROWS'
        )
        _copy(connection, through, self.columns, rows)
        connection.exec_driver_sql(self.together)
        # The transaction may come here again.
        connection.exec_driver_sql(f'DELETE FROM "{through}"')  # noqa: S608


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


def _copy(connection: Connection, into: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    driver = cast(AdaptedConnection, connection.connection.dbapi_connection)
    try:
        driver.run_async(lambda raw: raw.copy_records_to_table(into, records=rows, columns=columns))
    except Exception as error:  # its encoders let a value that does not fit raise whatever it does
        raise DBAPIError(f"COPY {into}", None, error) from error


def _tuples(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    if len(columns) == 1:
        return [(row[columns[0]],) for row in rows]
    return list(map(itemgetter(*columns), rows))


def _through(table: Table) -> str:
    """The name of the temporary table through which a table's rows go."""
    return f"new_{table.name}"[:NAME_BYTES_MAX]


def _compiled(
    table: Table,
    columns: tuple[str, ...],
    dialect: Dialect,
    resolving: Callable[[Insert], Insert],
) -> ManyRows:
    insert = insert_into(table, dialect)
    compiled = resolving(insert).compile(dialect=dialect, column_keys=columns)
    ordered = tuple(compiled.positiontup or ())
    if dialect.name == "postgresql":
        source = named(_through(table), *map(column, ordered))
        many = insert.from_select(ordered, select(source))
    else:
        many = insert.values([dict.fromkeys(ordered)] * ROWS_TOGETHER)
    converters = (_converter(table.c[name].type, dialect) for name in ordered)
    return ManyRows(
        table,
        ordered,
        str(compiled),
        str(resolving(many).compile(dialect=dialect)),
        {at: convert for at, convert in enumerate(converters) if convert is not None},
    )


def _converter(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, LargeBinary):
        return None  # Both drivers take bytes; a wrapper costs as much as the rest of a row.
    return kind.dialect_impl(dialect).bind_processor(dialect)
