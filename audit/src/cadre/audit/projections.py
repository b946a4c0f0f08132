"""A service's tables beside a fold of the log from position 1, row by row.

What queries read is compared: the views. Sealed values are compared sealed, so no key is needed.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Dialect, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.audit.differences import Difference, Kind
from cadre.audit.journals import NOT_READABLE
from cadre.contracts.event import Event
from cadre.shared.deciding.messages import Recorded
from cadre.shared.projecting import generations, setting_aside
from cadre.shared.projecting.generations import PARKED
from cadre.shared.projecting.read_models_sql import RowKey
from cadre.shared.showing.read_models import Change, Put, ReadModels

ROWS_READ_MAX = 1000

type RowValues = list[Any]
"""A row's values in the order of its table's columns."""


@dataclass(slots=True)
class Folded:
    """The rows of one table as the log gives them."""

    table: Table
    rows: dict[RowKey, RowValues] = field(default_factory=dict[RowKey, RowValues])
    places: dict[str, int] = field(init=False)
    keys: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.places = {column.name: at for at, column in enumerate(self.table.columns)}
        self.keys = [column.name for column in self.table.primary_key]

    def apply(self, change: Change) -> None:
        """Put or drop a row. Raises: KeyError for a column that the table does not have."""
        given = change.values if isinstance(change, Put) else change.key
        key = tuple(given[name] for name in self.keys)
        if not isinstance(change, Put):
            self.rows.pop(key, None)
            return
        values = self.rows.get(key)
        if values is None:
            values = self.rows[key] = [None] * len(self.places)
        for name, value in given.items():
            values[self.places[name]] = value

    def key_of(self, values: RowValues) -> RowKey:
        return tuple(values[self.places[name]] for name in self.keys)


@dataclass(slots=True)
class Projection:
    """Folds a log in memory, then compares it with the tables of a service."""

    models: ReadModels
    connection: AsyncConnection
    position: int = 0
    rows: int = 0
    outdated: bool = False
    """The tables were filled by other code: they cannot be compared."""
    _folded: dict[str, Folded] = field(default_factory=dict[str, Folded])
    _set_aside: frozenset[int] = frozenset()
    _unfolded: dict[int, str] = field(default_factory=dict[int, str])
    _parked: dict[tuple[str, str, str], int] = field(
        default_factory=dict[tuple[str, str, str], int]
    )

    async def start(self) -> None:
        """Read how far the tables have come and what is parked; takes the snapshot."""
        generation = await self.connection.run_sync(generations.live, self.models)
        self.position, self.outdated = generation.position, not generation.current
        query = select(PARKED).where(PARKED.c.generation == generation.number)
        for row in await self.connection.execute(query.order_by(PARKED.c.position.desc())):
            self._parked[row.service, row.entity, row.entity_id] = row.position
        self._set_aside = await self.connection.run_sync(setting_aside.known)
        self._folded = {table.name: Folded(table) for table in self.models.metadata.sorted_tables}

    def add(self, recorded: Recorded[Event]) -> None:
        """Fold the next event, if the tables have come so far and it is not parked."""
        if recorded.position > self.position or recorded.position in self._set_aside:
            return
        if self._parked:
            parked = self._parked.get(recorded.event.aggregate)
            if parked and recorded.position >= parked:
                return
        try:
            changes = self.models.changes(recorded)
            for change in changes:
                self._folded[change.table].apply(change)
        except Exception as error:  # noqa: BLE001  # the service would have parked it
            self._unfolded[recorded.position] = f"{type(error).__name__}: {error}"

    async def compare(self) -> list[Difference]:
        """Rows that differ; which columns, never their values."""
        service = self.models.service
        found = [
            Difference(Kind.PROJECTION_DIFFERS, position, service, f"applied, cannot be: {error}")
            for position, error in self._unfolded.items()
        ]
        for folded in self._folded.values():
            try:
                told = await self._compare(folded)
            except NOT_READABLE as error:
                told = [f"cannot be read: {error}"]
            subject = f"{service}.{folded.table.name}"
            found += [Difference(Kind.PROJECTION_DIFFERS, None, subject, one) for one in told]
        return found

    async def _compare(self, folded: Folded) -> list[str]:
        """What is said of each row that differs; the fold is used up."""
        told: list[str] = []
        async with self.connection.stream(select(folded.table)) as held:
            async for page in held.partitions(ROWS_READ_MAX):
                self.rows += len(page)
                for values in map(list[Any], page):
                    key = folded.key_of(values)
                    expected = folded.rows.pop(key, None)
                    if expected is None:
                        told.append(f"row {_named(key)} comes from no event")
                    elif values != expected and (names := self._unlike(folded, values, expected)):
                        told.append(f"row {_named(key)} has another {', '.join(names)}")
        return told + [f"row {_named(key)} is missing" for key in folded.rows]

    def _unlike(self, folded: Folded, held: RowValues, expected: RowValues) -> list[str]:
        """The columns that hold something else than what storing the fold would have left."""
        columns = zip(folded.table.columns, held, expected, strict=True)
        return [
            column.name
            for column, one, other in columns
            if one != other and one != _stored(column, other, self.connection.dialect)
        ]


def _stored(column: Column[Any], value: object, dialect: Dialect) -> object:
    """What reading gives after a value was written."""
    kind = column.type.dialect_impl(dialect)
    write, read = kind.bind_processor(dialect), kind.result_processor(dialect, None)
    value = write(value) if write else value
    return read(value) if read else value


def _named(key: RowKey) -> str:
    return ", ".join(map(str, key))
