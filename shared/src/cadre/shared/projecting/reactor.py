"""Runs a service's reactions: in the order of the log, a cursor of their own, never by a rebuild.

They read the journal, which holds every person's events in order and is never rebuilt. So a service
reads the log once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import BigInteger, Column, Connection, String, Table, select, update

from cadre.contracts.event import Event
from cadre.shared.database.database import Database, insert_or_ignore
from cadre.shared.database.outages import told
from cadre.shared.deciding.errors import CadreError, LostRace, OutcomeUnknown, Unavailable
from cadre.shared.deciding.messages import Command, Meta, Recorded
from cadre.shared.log.codec import Codec
from cadre.shared.log.marks import NOWHERE, Mark
from cadre.shared.log.signed import Message
from cadre.shared.projecting import journal
from cadre.shared.projecting.journal import CHECKPOINTS, Journal, marked
from cadre.shared.projecting.projector import INTERRUPTIONS
from cadre.shared.showing.service import Service
from cadre.shared.upkeep.progress import Progress

CHECKPOINT = "reactions"
CURSOR_EVENTS_MAX = 10_000
"""How far the kept cursor may stand behind events that concern no reaction.

To keep it takes a transaction, for which the next batch of the runner has to wait.
"""
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
    database: Database
    journal: Journal
    journaled: Progress
    codec: Codec
    handle: Handle
    reacted: Progress = field(default_factory=lambda: Progress("reacted to"))
    _kept: Mark = NOWHERE
    """The cursor as the database holds it."""

    @property
    def position(self) -> int:
        """The position up to which everything was reacted to."""
        return self.reacted.position

    @property
    def mark(self) -> Mark:
        """What the kept cursor stands for."""
        return self._kept

    async def start(self) -> None:
        """Create the cursor where it is missing."""
        await self.database.transact(_create)
        await self.look()

    async def run(self) -> None:
        """React for ever."""
        if not self.service.reactions:
            return
        names = {reaction.event.name() for reaction in self.service.reactions}
        while True:
            try:
                await self.look()
                while True:
                    messages, end = await self.journal.named(names, self.position)
                    await self._react_to(messages, end)
                    await self.journaled.beyond(end.position)
            except (*INTERRUPTIONS, LostRace) as error:
                # Nothing is lost: the cursor stands before the event, its command id is the same.
                _LOGGER.warning("reactions interrupted", error=told(error))
                await asyncio.sleep(RETRY_S)

    async def wait(self, position: int, timeout_s: float) -> None:
        """Return once ``position`` has been reacted to.

        Raises: Unavailable after ``timeout_s`` seconds.
        """
        await self.reacted.wait(position, timeout_s)

    async def failures(self) -> list[dict[str, object]]:
        """Reactions whose command was refused for good."""

        def read(connection: Connection) -> list[dict[str, object]]:
            rows = connection.execute(select(FAILED).order_by(FAILED.c.position))
            return [dict(row) for row in rows.mappings()]

        return await self.database.read(read)

    async def _react_to(self, messages: Sequence[Message], end: Mark) -> None:
        kinds = {reaction.event.tag() for reaction in self.service.reactions}
        concerned = [m for m in messages if m.headers.get("ce-type") in kinds]
        failed: list[dict[str, object]] = []
        for message in concerned:
            failed += await self._react(message)
        if concerned or end.position - self._kept.position >= CURSOR_EVENTS_MAX:
            await self.database.transact(partial(_keep, end, failed))
            self._kept = end
        self.reacted.reach(end.position)

    async def look(self) -> None:
        """Read how far the database says that everything was reacted to."""
        self._kept = await self.database.read(partial(marked, name=CHECKPOINT))
        self.reacted.reach(self._kept.position)

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
                _LOGGER.warning("reaction failed", reaction=reaction.name, error=told(error))
                failed.append(_failure(message, reaction.name, error))
        return failed


def _create(connection: Connection) -> None:
    connection.execute(
        insert_or_ignore(CHECKPOINTS, connection.dialect), {"name": CHECKPOINT, "position": 0}
    )


def _keep(end: Mark, failed: Sequence[dict[str, object]], connection: Connection) -> None:
    connection.execute(
        update(CHECKPOINTS)
        .where(CHECKPOINTS.c.name == CHECKPOINT, CHECKPOINTS.c.position < end.position)
        .values(position=end.position, event=end.event)
    )
    if failed:
        connection.execute(insert_or_ignore(FAILED, connection.dialect), failed)


def _failure(message: Message, reaction: str, error: Exception) -> dict[str, object]:
    told = str(error) if isinstance(error, CadreError) else f"{type(error).__name__}: {error}"
    return {"position": message.position, "reaction": reaction, "error": told[:1000]}
