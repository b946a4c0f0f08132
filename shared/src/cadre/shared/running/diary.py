"""What is due by the calendar: found again and again, also after a time when nothing ran."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cadre.shared.database.outages import told
from cadre.shared.deciding.errors import CadreError
from cadre.shared.deciding.reactions import Due
from cadre.shared.keys.context import Context
from cadre.shared.projecting.projector import Projector
from cadre.shared.projecting.reactor import Handle
from cadre.shared.showing.service import Service

LOOK_S = 60.0
CATCH_UP_S_MAX = 30.0

_LOGGER = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Diary:
    """Sends the commands that a service finds due."""

    service: Service
    context: Context
    projector: Projector
    handle: Handle

    async def run(self) -> None:
        """Look for ever."""
        while True:
            try:
                await self.look()
            except (CadreError, SQLAlchemyError, OSError) as error:
                _LOGGER.warning("could not look for what is due", error=told(error))
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Send what is due today, by tables as new as the log; how many commands went through.

        One that is refused is told in the service's log and stays due.
        """
        end = await self.projector.log.last_position()
        await self.projector.wait(end, CATCH_UP_S_MAX)
        done = 0
        for command, meta in await self._found():
            try:
                await self.handle(command, meta)
            except CadreError as error:
                _LOGGER.warning("what is due was refused", command=command.name, error=str(error))
            else:
                done += 1
        return done

    async def _found(self) -> Sequence[Due]:
        async with self.projector.shown() as (connection, _):
            return await self.service.due(self.context, connection, self.context.today())
