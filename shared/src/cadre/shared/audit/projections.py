"""A service's tables beside a fold of the log from position 1, row by row.

What queries read is compared: the views. Sealed values are compared sealed, so no key is needed.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from cadre.contracts.event import Event
from cadre.shared import generations
from cadre.shared.audit.differences import Difference, Kind
from cadre.shared.audit.journals import NOT_READABLE
from cadre.shared.generations import PARKED
from cadre.shared.messages import Recorded
from cadre.shared.read_models import Change, ReadModels
from cadre.shared.read_models_sql import apply

FOLD_CHANGES = 5000

type Row = dict[str, Any]
type Key = tuple[Any, ...]


@dataclass(slots=True)
class Projection:
    """Folds a log into a database in memory, then compares it with the tables of a service."""

    models: ReadModels
    connection: AsyncConnection
    position: int = 0
    rows: int = 0
    outdated: bool = False
    """The tables were filled by other code: they cannot be compared."""
    _engine: AsyncEngine = field(default_factory=lambda: create_async_engine("sqlite+aiosqlite://"))
    _changes: list[Change] = field(default_factory=list[Change])
    _unfolded: dict[int, str] = field(default_factory=dict[int, str])
    _parked: dict[tuple[str, str, str], int] = field(
        default_factory=dict[tuple[str, str, str], int]
    )

    async def start(self) -> None:
        """Read how far the tables have come and what is parked; takes the snapshot."""
        generation = await generations.live(self.connection, self.models)
        self.position, self.outdated = generation.position, not generation.current
        query = select(PARKED).where(PARKED.c.generation == generation.number)
        for row in await self.connection.execute(query.order_by(PARKED.c.position.desc())):
            self._parked[row.service, row.entity, row.entity_id] = row.position
        async with self._engine.begin() as memory:
            await memory.run_sync(self.models.metadata.create_all)

    async def add(self, recorded: Recorded[Event]) -> None:
        """Fold the next event, if the tables have come so far and it is not parked."""
        parked = self._parked.get(recorded.event.aggregate)
        if recorded.position > self.position or (parked and recorded.position >= parked):
            return
        try:
            self._changes += self.models.changes(recorded)
        except Exception as error:  # noqa: BLE001  # the service would have parked it
            self._unfolded[recorded.position] = f"{type(error).__name__}: {error}"
        if len(self._changes) > FOLD_CHANGES:
            await self._apply()

    async def compare(self) -> list[Difference]:
        """Rows that differ; which columns, never their values."""
        await self._apply()
        service = self.models.service
        found = [
            Difference(Kind.PROJECTION_DIFFERS, position, service, f"applied, cannot be: {error}")
            for position, error in self._unfolded.items()
        ]
        for table in self.models.metadata.sorted_tables:
            subject = f"{service}.{table.name}"
            try:
                told = await self._compare(table)
            except NOT_READABLE as error:
                told = [f"cannot be read: {error}"]
            found += [Difference(Kind.PROJECTION_DIFFERS, None, subject, one) for one in told]
        return found

    async def _compare(self, table: Table) -> list[str]:
        async with self._engine.connect() as memory:
            folded = await _rows(memory, table)
        held = await _rows(self.connection, table)
        self.rows += len(held)
        return [
            f"row {', '.join(map(str, key))} {says}"
            for key in sorted(folded.keys() | held.keys(), key=str)
            if (says := _unlike(held.get(key), folded.get(key)))
        ]

    async def close(self) -> None:
        await self._engine.dispose()

    async def _apply(self) -> None:
        changes, self._changes = self._changes, []
        async with self._engine.begin() as memory:
            await apply(memory, self.models.metadata, changes)


async def _rows(connection: AsyncConnection, table: Table) -> dict[Key, Row]:
    keys = [column.name for column in table.primary_key]
    rows = await connection.execute(select(table))
    return {tuple(row[name] for name in keys): dict(row) for row in rows.mappings()}


def _unlike(held: Row | None, folded: Row | None) -> str:
    if held is None:
        return "is missing"
    if folded is None:
        return "comes from no event"
    names = [name for name, value in folded.items() if held[name] != value]
    return f"has another {', '.join(names)}" if names else ""
