"""The runner: the whole log in order into the journal and the read models.

One transaction per batch holds the journal's rows, the tables' rows and both positions, each moved
only from the position it was read at, so two instances never both apply. What cannot be applied is
parked with its aggregate: later events of that aggregate wait behind it, everyone else goes on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import BigInteger, Column, String, Table, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cadre.shared import generations, journal
from cadre.shared.codec import Codec, Message
from cadre.shared.database import insert_or_ignore, writing
from cadre.shared.errors import NotFound, Unavailable
from cadre.shared.generations import BUILDING, LIVE, PARKED, Generation
from cadre.shared.journal import Journal
from cadre.shared.log import Gap, Log
from cadre.shared.read_models import Change, ReadModels

CHECKPOINTS = Table(
    "checkpoints",
    journal.METADATA,
    Column("name", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
)
JOURNAL_CHECKPOINT = "journal"
RETRY_S = 0.5

_LOGGER = structlog.get_logger(__name__)

type Key = tuple[str, str, str]


class _Overtaken(Exception):
    """Another instance moved the position first."""


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits, and why; ``error`` is empty for one that waits behind another."""

    position: int
    service: str
    entity: str
    entity_id: str
    error: str


@dataclass(slots=True)
class Projector:
    """Keeps one service's journal and read models up with the log."""

    models: ReadModels
    engine: AsyncEngine
    log: Log
    codec: Codec
    journal: Journal
    position: int = 0
    journal_position: int = 0
    parked: frozenset[Key] = frozenset()
    rebuilding: asyncio.Task[None] | None = None
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self) -> None:
        """Create what is missing; begin a rebuild where the code has changed."""
        async with writing(self.engine) as connection:
            await connection.run_sync(journal.METADATA.create_all)
            await connection.run_sync(generations.METADATA.create_all)
            await connection.execute(
                insert_or_ignore(CHECKPOINTS, connection.dialect),
                {"name": JOURNAL_CHECKPOINT, "position": 0},
            )
            if not await generations.generations(connection, self.models):
                first = self._new(1, LIVE)
                await first.create(connection)
                await first.show(connection)
        async with self.engine.connect() as connection:
            known = await generations.generations(connection, self.models)
            await self._remember(connection)
        outdated = not next(g for g in known if g.status == LIVE).current
        if outdated or any(g.status == BUILDING for g in known):
            self.rebuild()

    async def run(self) -> None:
        """Follow the log for ever."""
        while True:
            try:
                async with self.engine.connect() as connection:
                    await self._remember(connection)
                    generation = await generations.live(connection, self.models)
                await self._announce()
                start = self.journal_position
                if generation.current:
                    start = min(start, generation.position)
                async for messages in self.log.follow(start):
                    await self._apply(messages)
                    await self._announce()
            except _Overtaken:
                continue
            except (Unavailable, SQLAlchemyError, OSError) as error:
                _LOGGER.warning("projection interrupted", error=str(error))
                await asyncio.sleep(RETRY_S)

    def rebuild(self) -> None:
        """Build the tables anew beside the running ones, then swap."""
        if self.rebuilding is None or self.rebuilding.done():
            self.rebuilding = asyncio.create_task(self._rebuild())

    async def wait(self, position: int, timeout_s: float) -> None:
        """Return once ``position`` is applied.

        Raises: Unavailable after ``timeout_s`` seconds.
        """
        try:
            async with asyncio.timeout(timeout_s), self._moved:
                await self._moved.wait_for(lambda: self.position >= position)
        except TimeoutError as error:
            raise Unavailable(
                f"position {position} is not applied after {timeout_s:g} s; at {self.position}",
                hint="ask again, or look at `cadre projections status`",
            ) from error

    async def position_in(self, connection: AsyncConnection) -> int:
        """The position the read models hold in this connection's snapshot."""
        return (await generations.live(connection, self.models)).position

    async def status(self) -> list[Generation]:
        """All generations, the oldest first."""
        async with self.engine.connect() as connection:
            return await generations.generations(connection, self.models)

    async def parked_events(self) -> list[Parked]:
        """What is parked in the generation that answers, the oldest first."""
        async with self.engine.connect() as connection:
            generation = await generations.live(connection, self.models)
            rows = await connection.execute(
                select(PARKED)
                .where(PARKED.c.generation == generation.number)
                .order_by(PARKED.c.position)
            )
            return [Parked(r.position, r.service, r.entity, r.entity_id, r.error) for r in rows]

    async def retry(self, key: Key) -> str:
        """Apply an aggregate's parked events in order: ``applied`` or ``rebuilding``.

        Raises: NotFound when nothing of it is parked; whatever the first event raises again.
        """
        waiting = [
            e for e in await self.parked_events() if (e.service, e.entity, e.entity_id) == key
        ]
        if not waiting:
            raise NotFound("nothing of this aggregate is parked", where=".".join(key))
        messages = [await self.log.get(event.position) for event in waiting]
        changes = [change for message in messages for change in self._changes(message)]
        if any(self.models.metadata.tables[c.table].info["spans"] for c in changes):
            self.rebuild()
            return "rebuilding"
        async with writing(self.engine) as connection:
            generation = await generations.live(connection, self.models)
            await generation.apply(connection, changes)
            await connection.execute(
                PARKED.delete().where(
                    PARKED.c.generation == generation.number,
                    PARKED.c.position.in_([message.position for message in messages]),
                )
            )
            await self._remember(connection)
        return "applied"

    async def _rebuild(self) -> None:
        while True:
            try:
                if await self._build():
                    return
            except _Overtaken:
                continue
            except (Unavailable, SQLAlchemyError, OSError, Gap) as error:
                _LOGGER.warning("rebuild interrupted", error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _build(self) -> bool:
        async with writing(self.engine) as connection:
            known = await generations.generations(connection, self.models)
            building = next((g for g in known if g.status == BUILDING), None)
            if building is not None and not building.current:
                await building.drop(connection)
                building = None
            if building is None:
                building = self._new(known[-1].number + 1, BUILDING)
                await building.create(connection)
            if await self._swap(connection, building.number):
                return True
        async for messages in self.log.follow(building.position):
            async with writing(self.engine) as connection:
                await self._project(connection, building.number, messages)
                if await self._swap(connection, building.number):
                    break
        await self._announce()
        return True

    async def _swap(self, connection: AsyncConnection, number: int) -> bool:
        """Let the generation answer once it has caught up with the one that does."""
        known = await generations.generations(connection, self.models)
        building = next((g for g in known if g.number == number), None)
        running = next(g for g in known if g.status == LIVE)
        if building is None or building.status == LIVE:
            return True
        target = running.position if running.current else await _checkpoint(connection)
        if building.position < target:
            return False
        table = generations.GENERATIONS
        await connection.execute(update(table).where(table.c.number == number).values(status=LIVE))
        await building.show(connection)
        await running.drop(connection)
        await self._remember(connection)
        _LOGGER.info("generation swapped", generation=number, position=building.position)
        return True

    async def _apply(self, messages: Sequence[Message]) -> None:
        async with writing(self.engine) as connection:
            done = await _checkpoint(connection)
            if messages[0].position > done + 1:
                raise _Overtaken
            fresh = [message for message in messages if message.position > done]
            if fresh:
                await self.journal.write(connection, fresh)
                moved = await connection.execute(
                    update(CHECKPOINTS)
                    .where(CHECKPOINTS.c.name == JOURNAL_CHECKPOINT, CHECKPOINTS.c.position == done)
                    .values(position=fresh[-1].position)
                )
                if moved.rowcount != 1:
                    raise _Overtaken
            generation = await generations.live(connection, self.models)
            if generation.current:
                await self._project(connection, generation.number, messages)
            await self._remember(connection)

    async def _project(
        self, connection: AsyncConnection, number: int, messages: Sequence[Message]
    ) -> None:
        known = await generations.generations(connection, self.models)
        generation = next((g for g in known if g.number == number), None)
        if generation is None or messages[0].position > generation.position + 1:
            raise _Overtaken
        fresh = [message for message in messages if message.position > generation.position]
        if not fresh:
            return
        parked = await _parked_keys(connection, number)
        waiting: list[tuple[Message, str]] = []
        ready: list[tuple[Message, list[Change]]] = []
        for message in fresh:
            if message.aggregate in parked:
                waiting.append((message, ""))
                continue
            try:
                ready.append((message, self._changes(message)))
            except Exception as error:  # noqa: BLE001  # whatever it is, only this aggregate waits
                parked.add(message.aggregate)
                waiting.append((message, _told(error)))
        try:
            async with connection.begin_nested():
                await generation.apply(connection, [c for _, changes in ready for c in changes])
        except SQLAlchemyError:
            waiting += await self._apply_singly(connection, generation, ready, parked)
        if waiting:
            await _park(connection, number, waiting)
        if not await generation.advance(connection, fresh[-1].position):
            raise _Overtaken

    async def _apply_singly(
        self,
        connection: AsyncConnection,
        generation: Generation,
        ready: Sequence[tuple[Message, list[Change]]],
        parked: set[Key],
    ) -> list[tuple[Message, str]]:
        """A batch failed in the database: find the event that does it."""
        waiting: list[tuple[Message, str]] = []
        for message, changes in ready:
            if message.aggregate in parked:
                waiting.append((message, ""))
                continue
            try:
                async with connection.begin_nested():
                    await generation.apply(connection, changes)
            except SQLAlchemyError as error:
                parked.add(message.aggregate)
                waiting.append((message, _told(error)))
        return waiting

    def _changes(self, message: Message) -> list[Change]:
        return self.models.changes(self.codec.decode(message))

    def _new(self, number: int, status: str) -> Generation:
        return Generation.of(self.models, number, self.models.fingerprint, status, 0)

    async def _remember(self, connection: AsyncConnection) -> None:
        generation = await generations.live(connection, self.models)
        self.position = generation.position
        self.journal_position = await _checkpoint(connection)
        self.parked = frozenset(await _parked_keys(connection, generation.number))

    async def _announce(self) -> None:
        async with self._moved:
            self._moved.notify_all()


async def _checkpoint(connection: AsyncConnection) -> int:
    query = select(CHECKPOINTS.c.position).where(CHECKPOINTS.c.name == JOURNAL_CHECKPOINT)
    return int((await connection.execute(query)).scalar_one())


async def _parked_keys(connection: AsyncConnection, number: int) -> set[Key]:
    query = (
        select(PARKED.c.service, PARKED.c.entity, PARKED.c.entity_id)
        .where(PARKED.c.generation == number)
        .distinct()
    )
    return {(row.service, row.entity, row.entity_id) for row in await connection.execute(query)}


async def _park(
    connection: AsyncConnection, number: int, waiting: Sequence[tuple[Message, str]]
) -> None:
    rows: list[dict[str, object]] = []
    for message, error in waiting:
        service, entity, entity_id = message.aggregate
        if error:
            _LOGGER.error("event parked", position=message.position, error=error)
        rows.append(
            {
                "generation": number,
                "position": message.position,
                "service": service,
                "entity": entity,
                "entity_id": entity_id,
                "error": error,
            }
        )
    await connection.execute(insert(PARKED), rows)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:1000]
