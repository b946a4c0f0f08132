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
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    inspect,
    quoted_name,
    select,
    update,
)
from sqlalchemy import text as sql

from cadre.shared.log.marks import Mark, mark_column
from cadre.shared.projecting.read_models_sql import write
from cadre.shared.showing.read_models import Change, ReadModels

METADATA = MetaData()
GENERATIONS = Table(
    "generations",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("fingerprint", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False, comment="changes when something else did by hand"),
    mark_column(),
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

_TAKE_OVER = sql("LOCK TABLE generations IN ACCESS EXCLUSIVE MODE")
# Built once: that costs more than carrying it out.
_ADVANCE = (
    update(GENERATIONS)
    .where(
        GENERATIONS.c.number == bindparam("known_number"),
        GENERATIONS.c.position == bindparam("known_position"),
        GENERATIONS.c.status == bindparam("known_status"),
        GENERATIONS.c.revision == bindparam("known_revision"),
    )
    .values(position=bindparam("end"), event=bindparam("mark"))
)


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
    event: str | None = field(default=None, compare=False)

    @classmethod
    def new(cls, models: ReadModels, number: int, status: str, without: int = 0) -> "Generation":
        """A generation that today's code fills, from the beginning of the log.

        ``without`` is the number of events that it is made without.
        """
        tables = _tables(models, number)
        fingerprint = f"{models.fingerprint}+{without}" if without else models.fingerprint
        return cls(number, fingerprint, status, 0, 0, models, tables)

    @property
    def mark(self) -> Mark:
        """What its position stands for."""
        return Mark.kept(self.position, self.event)

    @property
    def suffix(self) -> str:
        return f"__{self.number}"

    @property
    def current(self) -> bool:
        """Whether today's code can fill these tables."""
        return self.fingerprint.partition("+")[0] == self.models.fingerprint

    @property
    def without(self) -> int:
        """How many events that were set aside it was made without."""
        return int(self.fingerprint.partition("+")[2] or 0)

    def apply(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Apply changes to this generation's tables."""
        write(connection, self.metadata, changes, self.suffix)

    def advance(self, connection: Connection, mark: Mark) -> bool:
        """Move the position on; False when another instance already did."""
        known = {
            "known_number": self.number,
            "known_position": self.position,
            "known_status": self.status,
            "known_revision": self.revision,
        }
        moved = {"end": mark.position, "mark": mark.event}
        return connection.execute(_ADVANCE, known | moved).rowcount == 1

    def create(self, connection: Connection) -> None:
        """Create the tables and the generation's row, at position 0."""
        self.metadata.create_all(connection)
        connection.execute(
            insert(GENERATIONS).values(
                number=self.number,
                fingerprint=self.fingerprint,
                status=self.status,
                position=0,
                revision=0,
            )
        )

    def revise(self, connection: Connection) -> None:
        """Make every instance look again before it applies anything more."""
        connection.execute(
            update(GENERATIONS)
            .where(GENERATIONS.c.number == self.number)
            .values(revision=GENERATIONS.c.revision + 1)
        )

    def show(self, connection: Connection) -> None:
        """Make the views show this generation."""
        for name in self.models.metadata.tables:
            connection.execute(sql(f'DROP VIEW IF EXISTS "{name}"'))
            connection.execute(
                sql(f'CREATE VIEW "{name}" AS SELECT * FROM "{name}{self.suffix}"')  # noqa: S608
            )

    def drop(self, connection: Connection) -> None:
        """Drop the tables and everything known about them.

        The names come from the database: older code may have had other tables.
        """
        for name in inspect(connection).get_table_names():
            if name.endswith(self.suffix):
                connection.execute(sql(f'DROP TABLE "{name}"'))
        for table, column in ((GENERATIONS, "number"), (PARKED, "generation")):
            connection.execute(table.delete().where(table.c[column] == self.number))


@cache
def _tables(models: ReadModels, number: int) -> MetaData:
    metadata = MetaData()
    for table in models.metadata.sorted_tables:
        copy = table.to_metadata(metadata, name=f"{table.name}__{number}")
        for index in copy.indexes:
            index.name = quoted_name(f"{index.name}__{number}", quote=None)
    return metadata


def generations(connection: Connection, models: ReadModels) -> list[Generation]:
    """All generations, the oldest first."""
    rows = connection.execute(select(GENERATIONS).order_by(GENERATIONS.c.number))
    return [
        Generation(
            row.number,
            row.fingerprint,
            row.status,
            row.position,
            row.revision,
            models,
            _tables(models, row.number),
            row.event,
        )
        for row in rows
    ]


def live(connection: Connection, models: ReadModels) -> Generation:
    """The generation that answers."""
    return next(g for g in generations(connection, models) if g.status == LIVE)


def take_over(connection: Connection) -> None:
    """Wait until nobody holds the generation that answers; nobody moves it from then on."""
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE_OVER)
