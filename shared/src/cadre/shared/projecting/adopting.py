"""Adopting another branch of the log: what it does to a service's database.

The journal is cut behind the last event that it has in common with the log, the tables are made
anew, and the cursor of the reactions goes back so far. The service then reads on from there, as if
it had never known the branch that is left.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, String, Table, Text, insert, select, update
from sqlalchemy import text as sql

from cadre.shared.database.database import create_missing
from cadre.shared.log.marks import Mark
from cadre.shared.projecting import generations, journal
from cadre.shared.projecting.branch import ACKNOWLEDGED
from cadre.shared.projecting.journal import CHECKPOINTS, JOURNAL_CHECKPOINT
from cadre.shared.projecting.reactor import CHECKPOINT as REACTIONS
from cadre.shared.showing.read_models import ReadModels

ADOPTIONS = Table(
    "adopted_branches",
    journal.METADATA,
    Column("adopted_at", String(40), primary_key=True),
    Column("adopted_by", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("common", BigInteger, nullable=False, comment="the last position of both branches"),
    Column("reached", BigInteger, nullable=False, comment="how far the journal had come"),
    Column("file", Text, nullable=False, comment="where the events are that were left"),
)


@dataclass(frozen=True, slots=True)
class Adoption:
    """Who adopts another branch, and why."""

    at: datetime
    by: str
    reason: str
    file: str


def adopt(
    connection: Connection, models: ReadModels, adoption: Adoption, common: Mark, reached: Mark
) -> None:
    """Leave what is behind the common event. The events themselves must be safe elsewhere."""
    create_missing(connection, journal.METADATA)
    for table in journal.METADATA.sorted_tables:
        # The journal, what is looked up in it, and what came of it.
        for column in {"position", "by_position"} & set(table.c.keys()):
            if table is not CHECKPOINTS:
                connection.execute(table.delete().where(table.c[column] > common.position))
    connection.execute(CHECKPOINTS.delete().where(CHECKPOINTS.c.name == ACKNOWLEDGED))
    connection.execute(
        update(CHECKPOINTS)
        .where(CHECKPOINTS.c.name.in_((JOURNAL_CHECKPOINT, REACTIONS)))
        .where(CHECKPOINTS.c.position > common.position)
        .values(position=common.position, event=common.event)
    )
    for name in models.metadata.tables:
        connection.execute(sql(f'DROP VIEW IF EXISTS "{name}"'))
    for generation in generations.generations(connection, models):
        generation.drop(connection)
    connection.execute(
        insert(ADOPTIONS).values(
            adopted_at=adoption.at.isoformat(),
            adopted_by=adoption.by[:64],
            reason=adoption.reason,
            common=common.position,
            reached=reached.position,
            file=adoption.file,
        )
    )


def adoptions(connection: Connection) -> list[dict[str, object]]:
    """Every adoption, the oldest first."""
    if not connection.dialect.has_table(connection, ADOPTIONS.name):
        return []
    rows = connection.execute(select(ADOPTIONS).order_by(ADOPTIONS.c.adopted_at))
    return [dict(row) for row in rows.mappings()]
