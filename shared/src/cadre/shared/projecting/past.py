"""What the read models were at an earlier position: folded from the log, in memory.

Every query can be asked of the past this way, by the same code that answers today. What is parked
today is left out, as it is today.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from cadre.shared.deciding.errors import Malformed
from cadre.shared.log.codec import Codec
from cadre.shared.log.stream import Log
from cadre.shared.projecting.applying import AggregateKey, changes_of
from cadre.shared.projecting.projector import Projector
from cadre.shared.projecting.read_models_sql import apply
from cadre.shared.showing.read_models import Change, ReadModels

FOLD_CHANGES = 5000
KEPT_MAX = 2
"""Past positions whose tables stay in memory, the last asked for."""

type Until = int | datetime
"""A position, or a moment: everything recorded by then (by running maximum of time stamps)."""


async def fold(
    connection: AsyncConnection,
    models: ReadModels,
    log: Log,
    codec: Codec,
    until: Until,
    parked: Mapping[AggregateKey, int],
    set_aside: Container[int] = (),
) -> int:
    """Fill new tables with the log up to ``until``; the position reached.

    ``parked`` names the first parked position of an aggregate, ``set_aside`` events to leave out.
    """
    await connection.run_sync(models.metadata.create_all)
    changes: list[Change] = []
    reached = 0
    async for messages in log.read():
        for message in messages:
            if message.position > until if isinstance(until, int) else message.recorded_at > until:
                await apply(connection, models.metadata, changes)
                return reached
            reached = message.position
            if message.position in set_aside:
                continue
            if message.position < parked.get(message.aggregate, message.position + 1):
                changes += changes_of(models, codec, message)
        if len(changes) > FOLD_CHANGES:
            await apply(connection, models.metadata, changes)
            changes = []
    await apply(connection, models.metadata, changes)
    return reached


async def parked_since(projector: Projector) -> dict[AggregateKey, int]:
    """The first parked position of every aggregate of which something is parked."""
    return {
        (event.service, event.entity, event.entity_id): event.position
        for event in reversed(await projector.parked_events())
    }


def in_memory() -> AsyncEngine:
    """An empty database that goes with its engine."""
    return create_async_engine("sqlite+aiosqlite://")


@dataclass(slots=True)
class Past:
    """The past states of one service's read models that were asked for last."""

    models: ReadModels
    log: Log
    codec: Codec
    projector: Projector
    _kept: OrderedDict[int, AsyncEngine] = field(default_factory=OrderedDict[int, AsyncEngine])
    _forgotten: list[AsyncEngine] = field(default_factory=list[AsyncEngine])
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @contextlib.asynccontextmanager
    async def at(self, until: Until) -> AsyncGenerator[tuple[AsyncConnection, int]]:
        """The tables as known at ``until``, and the position that means.

        Raises: Malformed for a position the log has not reached.
        """
        if isinstance(until, int) and until > (last := await self.log.last_position()):
            raise Malformed(
                f"事件日志没有这么多事件 · the log ends at {last}",
                where="known_at",
                hint="请写不超过该处的位置 · ask for a position up to that",
            )
        async with self._one_at_a_time:
            position, engine = await self._tables(until)
            async with engine.connect() as connection:
                yield connection, position

    def forget(self) -> None:
        """Make every kept state anew when it is asked for."""
        self._forgotten += self._kept.values()
        self._kept.clear()

    async def close(self) -> None:
        """Drop every kept state."""
        self.forget()
        while self._forgotten:
            await self._forgotten.pop().dispose()

    async def _tables(self, until: Until) -> tuple[int, AsyncEngine]:
        if isinstance(until, int) and until in self._kept:
            self._kept.move_to_end(until)
            return until, self._kept[until]
        while self._forgotten:
            await self._forgotten.pop().dispose()
        engine = in_memory()
        async with engine.begin() as connection:
            parked = await parked_since(self.projector)
            without = self.projector.set_aside
            position = await fold(
                connection, self.models, self.log, self.codec, until, parked, without
            )
        if position in self._kept:
            await self._kept.pop(position).dispose()
        self._kept[position] = engine
        while len(self._kept) > KEPT_MAX:
            await self._kept.popitem(last=False)[1].dispose()
        return position, engine
