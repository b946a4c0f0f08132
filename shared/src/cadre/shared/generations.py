"""Generations of read models: the one that answers, and the one being built beside it.

Tables of generation 3 are named ``<table>__3``; views named ``<table>`` show the one that answers,
so queries never name a generation, and the swap is one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    quoted_name,
    select,
    update,
)
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.shared.read_models import Change, ReadModels
from cadre.shared.read_models_sql import apply

METADATA = MetaData()
GENERATIONS = Table(
    "generations",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False, comment="changes when something else did by hand"),
)
PARKED = Table(
    "parked",
    METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("service", String(32), nullable=False),
    Column("entity", String(32), nullable=False),
    Column("entity_id", String(64), nullable=False),
    Column("error", String, nullable=False, comment="empty for events that wait behind another"),
)
LIVE, BUILDING = "live", "building"


@dataclass(frozen=True, slots=True)
class Generation:
    """One set of tables and how far it has come."""

    number: int
    fingerprint: str
    status: str
    position: int
    revision: int
    models: ReadModels
    metadata: MetaData = field(compare=False)

    @classmethod
    def new(cls, models: ReadModels, number: int, status: str) -> "Generation":
        """A generation that today's code fills, from the beginning of the log."""
        tables = _tables(models, number)
        return cls(number, models.fingerprint, status, 0, 0, models, tables)

    @property
    def suffix(self) -> str:
        return f"__{self.number}"

    @property
    def current(self) -> bool:
        """Whether today's code can fill these tables."""
        return self.fingerprint == self.models.fingerprint

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change]) -> None:
        """Apply changes to this generation's tables."""
        await apply(connection, self.metadata, changes, self.suffix)

    async def advance(self, connection: AsyncConnection, position: int) -> bool:
        """Move the position on; False when another instance already did."""
        moved = await connection.execute(
            update(GENERATIONS)
            .where(
                GENERATIONS.c.number == self.number,
                GENERATIONS.c.position == self.position,
                GENERATIONS.c.status == self.status,
                GENERATIONS.c.revision == self.revision,
            )
            .values(position=position)
        )
        return moved.rowcount == 1

    async def create(self, connection: AsyncConnection) -> None:
        """Create the tables and the generation's row, at position 0."""
        await connection.run_sync(self.metadata.create_all)
        await connection.execute(
            insert(GENERATIONS).values(
                number=self.number,
                fingerprint=self.fingerprint,
                status=self.status,
                position=0,
                revision=0,
            )
        )

    async def revise(self, connection: AsyncConnection) -> None:
        """Make every instance look again before it applies anything more."""
        await connection.execute(
            update(GENERATIONS)
            .where(GENERATIONS.c.number == self.number)
            .values(revision=GENERATIONS.c.revision + 1)
        )

    async def show(self, connection: AsyncConnection) -> None:
        """Make the views show this generation."""
        for name in self.models.metadata.tables:
            await connection.execute(sql(f'DROP VIEW IF EXISTS "{name}"'))
            await connection.execute(
                sql(f'CREATE VIEW "{name}" AS SELECT * FROM "{name}{self.suffix}"')  # noqa: S608
            )

    async def drop(self, connection: AsyncConnection) -> None:
        """Drop the tables and everything known about them.

        The names come from the database: older code may have had other tables.
        """
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        for name in names:
            if name.endswith(self.suffix):
                await connection.execute(sql(f'DROP TABLE "{name}"'))
        for table, column in ((GENERATIONS, "number"), (PARKED, "generation")):
            await connection.execute(table.delete().where(table.c[column] == self.number))


@cache
def _tables(models: ReadModels, number: int) -> MetaData:
    metadata = MetaData()
    for table in models.metadata.sorted_tables:
        copy = table.to_metadata(metadata, name=f"{table.name}__{number}")
        for index in copy.indexes:
            index.name = quoted_name(f"{index.name}__{number}", quote=None)
    return metadata


async def generations(connection: AsyncConnection, models: ReadModels) -> list[Generation]:
    """All generations, the oldest first."""
    rows = await connection.execute(select(GENERATIONS).order_by(GENERATIONS.c.number))
    return [
        Generation(
            row.number,
            row.fingerprint,
            row.status,
            row.position,
            row.revision,
            models,
            _tables(models, row.number),
        )
        for row in rows
    ]


async def live(connection: AsyncConnection, models: ReadModels) -> Generation:
    """The generation that answers."""
    return next(g for g in await generations(connection, models) if g.status == LIVE)
