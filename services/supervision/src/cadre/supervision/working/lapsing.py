"""Notes lapse by themselves: on its day the key of a note is destroyed, then the log is told."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.supervision.off_duty import note_purpose
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.deciding.reactions import Due
from cadre.shared.keys import key_store
from cadre.shared.keys.context import Context
from cadre.shared.showing.facts import shown
from cadre.supervision.deciding.off_duty import VISITS, ExpireOffDutyNote


async def due(_context: Context, connection: AsyncConnection, today: date) -> Sequence[Due]:
    """The notes whose day has come and that nobody has destroyed."""
    visits = shown(VISITS)
    assert visits.ends is not None  # noqa: S101
    told, lapsed = visits.table.c, visits.ends.table.c
    query = (
        select(visits.table)
        .where(told.keep_until <= today, ~exists().where(lapsed.visit_event == told.event_id))
        .order_by(told.keep_until, told.event_id)
    )
    return [
        Due.since(
            UUID(row.event_id),
            ExpireOffDutyNote(
                cadre_id=row.cadre_id, note_id=UUID(row.note_id), effective_on=row.keep_until
            ),
            "supervision",
        )
        for row in await connection.execute(query)
    ]


async def prepare(context: Context, command: Command, _meta: Meta) -> Command:
    """Raises: NotPossible for a note whose day has not come."""
    if isinstance(command, ExpireOffDutyNote):
        context.require_reached(command.effective_on)
    return command


async def enact(context: Context, command: Command, _meta: Meta) -> Command:
    """Destroy the key of a note before the log is told that it lapsed."""
    if isinstance(command, ExpireOffDutyNote):
        purpose = note_purpose(command.note_id)
        await key_store.destroy(context.store.engine, command.cadre_id, purpose)
        await key_store.compact(context.store.engine)
    return command
