"""Notes lapse by themselves: on its day the key of a note is destroyed, then the log is told."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.supervision.off_duty import note_purpose
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.keys import key_store
from cadre.shared.showing.service import Context, Due
from cadre.supervision.off_duty import ExpireOffDutyNote
from cadre.supervision.read_models import READ_MODELS
from cadre.supervision.tables import OFF_DUTY_VISITS


async def due(_context: Context, connection: AsyncConnection, today: date) -> Sequence[Due]:
    """The notes whose day has come and that nobody has destroyed."""
    table = OFF_DUTY_VISITS
    query = (
        select(table)
        .where(table.c.keep_until <= today, table.c.expired_on.is_(None))
        .order_by(table.c.keep_until, table.c.event_id)
    )
    return [
        Due.since(
            UUID(row.event_id),
            ExpireOffDutyNote(
                cadre_id=row.cadre_id, note_id=UUID(row.note_id), effective_on=row.keep_until
            ),
            READ_MODELS.service,
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
