"""Runs a service's reactions: the log in order, a cursor of their own, never fired by a rebuild."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import BigInteger, Column, String, Table, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cadre.contracts.event import Event
from cadre.shared import journal
from cadre.shared.codec import Codec, Message
from cadre.shared.database import insert_or_ignore, writing
from cadre.shared.errors import CadreError, LostRace, OutcomeUnknown, Unavailable
from cadre.shared.log import Log
from cadre.shared.messages import Command, Meta, Recorded
from cadre.shared.projector import CHECKPOINTS
from cadre.shared.service import Service

CHECKPOINT = "reactions"
RETRY_S = 0.5

FAILED = Table(
    "reactions_failed",
    journal.METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("reaction", String(64), primary_key=True),
    Column("error", String, nullable=False),
)

_LOGGER = structlog.get_logger(__name__)

type Handle = Callable[[Command, Meta], Awaitable[object]]


@dataclass(slots=True)
class Reactor:
    """One service's reactions. What a command refuses for good is kept in ``reactions_failed``."""

    service: Service
    engine: AsyncEngine
    log: Log
    codec: Codec
    handle: Handle
    position: int = 0
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self) -> None:
        """Create the cursor where it is missing."""
        async with writing(self.engine) as connection:
            await connection.execute(
                insert_or_ignore(CHECKPOINTS, connection.dialect),
                {"name": CHECKPOINT, "position": 0},
            )
            self.position = await _cursor(connection)

    async def run(self) -> None:
        """React for ever."""
        if not self.service.reactions:
            return
        while True:
            try:
                async with self.engine.connect() as connection:
                    cursor = await _cursor(connection)
                await self._reached(cursor)
                async for messages in self.log.follow(self.position):
                    await self._react_to(messages)
            except (Unavailable, OutcomeUnknown, LostRace, SQLAlchemyError, OSError) as error:
                # Nothing is lost: the cursor stands before the event, its command id is the same.
                _LOGGER.warning("reactions interrupted", error=str(error))
                await asyncio.sleep(RETRY_S)

    async def wait(self, position: int, timeout_s: float) -> None:
        """Return once ``position`` has been reacted to.

        Raises: Unavailable after ``timeout_s`` seconds.
        """
        try:
            async with asyncio.timeout(timeout_s), self._moved:
                await self._moved.wait_for(lambda: self.position >= position)
        except TimeoutError as error:
            raise Unavailable(
                f"no reaction to position {position} after {timeout_s:g} s; at {self.position}",
                hint="ask again, or look at `cadre projections status`",
            ) from error

    async def failures(self) -> list[dict[str, object]]:
        """Reactions whose command was refused for good."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(FAILED).order_by(FAILED.c.position))
            return [dict(row) for row in rows.mappings()]

    async def _react_to(self, messages: Sequence[Message]) -> None:
        kinds = {reaction.event.tag() for reaction in self.service.reactions}
        failed: list[dict[str, object]] = []
        for message in messages:
            if message.headers.get("ce-type") in kinds:
                failed += await self._react(message)
        async with writing(self.engine) as connection:
            await connection.execute(
                update(CHECKPOINTS)
                .where(
                    CHECKPOINTS.c.name == CHECKPOINT,
                    CHECKPOINTS.c.position < messages[-1].position,
                )
                .values(position=messages[-1].position)
            )
            if failed:
                await connection.execute(insert_or_ignore(FAILED, connection.dialect), failed)
        await self._reached(messages[-1].position)

    async def _reached(self, position: int) -> None:
        self.position = position
        async with self._moved:
            self._moved.notify_all()

    async def _react(self, message: Message) -> list[dict[str, object]]:
        failed: list[dict[str, object]] = []
        try:
            recorded: Recorded[Event] = self.codec.decode(message)
        except Exception as error:  # noqa: BLE001  # an event nobody can read causes no command
            return [_failure(message, "decode", error)]
        for reaction in self.service.reactions:
            if type(recorded.event) is not reaction.event:
                continue
            try:
                for command, meta in reaction.commands(recorded, self.service.name):
                    await self.handle(command, meta)
            except (Unavailable, OutcomeUnknown, LostRace):
                raise
            except Exception as error:  # noqa: BLE001  # one event's reaction must not stop the rest
                _LOGGER.warning("reaction failed", reaction=reaction.name, error=str(error))
                failed.append(_failure(message, reaction.name, error))
        return failed


def _failure(message: Message, reaction: str, error: Exception) -> dict[str, object]:
    told = str(error) if isinstance(error, CadreError) else f"{type(error).__name__}: {error}"
    return {"position": message.position, "reaction": reaction, "error": told[:1000]}


async def _cursor(connection: AsyncConnection) -> int:
    query = select(CHECKPOINTS.c.position).where(CHECKPOINTS.c.name == CHECKPOINT)
    return int((await connection.execute(query)).scalar_one())
