"""A fact and its corrections in the tables: whatever names an event of the line means the line.

Projections never read, so what ends a fact is kept under the event it names. Queries follow the
corrections to the row that stands; see ADR 0037.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Lines:
    """Which event corrected which."""

    corrections: dict[str, str]

    def newest(self, event_id: str) -> str:
        """The event that stands for this one after all corrections."""
        while event_id in self.corrections:
            event_id = self.corrections[event_id]
        return event_id


async def lines(connection: AsyncConnection, table: Table, *where: ColumnElement[bool]) -> Lines:
    """Of the rows of a table that ``where`` chooses."""
    row = table.c
    chosen = select(row.event_id, row.superseded_by).where(row.superseded_by.is_not(None), *where)
    return Lines({row.event_id: row.superseded_by for row in await connection.execute(chosen)})
