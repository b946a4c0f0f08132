"""A service's own copy of the histories it decides on: raw events, never parked, never rebuilt.

It holds the service's own aggregates and every person's events from all services, so a decision's
history is one indexed select plus the few events that arrived since. It is also a second copy of
the log, byte for byte, for the day the first is damaged.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, String, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cadre.shared.codec import Message
from cadre.shared.database import insert_or_ignore
from cadre.shared.decider import Scope

METADATA = MetaData()
JOURNAL = Table(
    "journal",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_ns", BigInteger, nullable=False),
    Column("service", String(32), nullable=False),
    Column("entity", String(32), nullable=False),
    Column("entity_id", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("journal_by_entity", "entity", "entity_id", "position"),
)


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes inside the runner's transaction, reads in one of its own."""

    service: str
    engine: AsyncEngine

    def keeps(self, message: Message) -> bool:
        """Whether this service's decisions may need the event."""
        service, entity, _ = message.aggregate
        return service == self.service or entity == "cadre"

    async def write(self, connection: AsyncConnection, messages: Sequence[Message]) -> None:
        """Add events; those already there stay as they are."""
        rows = [_row(message) for message in messages if self.keeps(message)]
        if rows:
            await connection.execute(insert_or_ignore(JOURNAL, connection.dialect), rows)

    async def read[S](self, scope: Scope[S], after: int = 0) -> list[Message]:
        """The events of a scope after a position, oldest first."""
        query = select(JOURNAL).where(
            JOURNAL.c.entity == scope.fold.entity,
            JOURNAL.c.entity_id == scope.id,
            JOURNAL.c.position > after,
        )
        if scope.fold.service != "*":
            query = query.where(JOURNAL.c.service == scope.fold.service)
        async with self.engine.connect() as connection:
            rows = await connection.execute(query.order_by(JOURNAL.c.position))
            return [
                Message(
                    subject=f"history.{row.service}.{row.entity}.{row.entity_id}.{row.name}",
                    headers=json.loads(row.headers),
                    body=bytes(row.body),
                    position=row.position,
                    recorded_ns=row.recorded_ns,
                )
                for row in rows
            ]


def _row(message: Message) -> dict[str, object]:
    _, service, entity, entity_id, name = message.subject.split(".", 4)
    return {
        "position": message.position,
        "recorded_ns": message.recorded_ns,
        "service": service,
        "entity": entity,
        "entity_id": entity_id,
        "name": name,
        "headers": json.dumps(dict(message.headers), ensure_ascii=False),
        "body": message.body,
    }
