"""The runner: the whole log in order into the journal and the read models.

One transaction per batch holds the journal's rows, the tables' rows and both positions, each moved
only from the position it was read at, so two instances never both apply. What cannot be applied is
parked with its aggregate: later events of that aggregate wait behind it, everyone else goes on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import BigInteger, Column, String, Table, insert, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cadre.shared import generations, journal
from cadre.shared.codec import Codec, Message
from cadre.shared.database import create_tables, insert_or_ignore, writing
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
    """Keeps one service's journal and read models up with the log.

    What it knows of the database is what it last committed or read. Every transaction is
    conditional on that; when another instance was faster, it is read anew.
    """

    models: ReadModels
    engine: AsyncEngine
    log: Log
    codec: Codec
    journal: Journal
    live: Generation = field(init=False)
    journal_position: int = 0
    parked: frozenset[Key] = frozenset()
    rebuilding: asyncio.Task[None] | None = None
    _moved: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def position(self) -> int:
        """The position the tables that answer have reached."""
        return self.live.position

    async def start(self) -> None:
        """Create what is missing; begin a rebuild where the code has changed."""
        async with writing(self.engine) as connection:
            await create_tables(connection, journal.METADATA, generations.METADATA)
            await connection.execute(
                insert_or_ignore(CHECKPOINTS, connection.dialect),
                {"name": JOURNAL_CHECKPOINT, "position": 0},
            )
            known = await generations.generations(connection, self.models)
            if not known:
                first = Generation.new(self.models, 1, LIVE)
                await first.create(connection)
                await first.show(connection)
        await self._look()
        if not self.live.current or any(g.status == BUILDING for g in known):
            self.rebuild()

    async def run(self) -> None:
        """Follow the log for ever."""
        while True:
            try:
                await self._look()
                start = self.journal_position
                if self.live.current:
                    start = min(start, self.live.position)
                async for messages in self.log.follow(start):
                    await self._apply(messages)
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
            await generation.revise(connection)
            await generation.apply(connection, changes)
            await connection.execute(
                PARKED.delete().where(
                    PARKED.c.generation == generation.number,
                    PARKED.c.position.in_([message.position for message in messages]),
                )
            )
        await self._look()
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
            building = await self._building(connection)
            done = await self._swap(connection, building)
        if not done:
            async for messages in self.log.follow(building.position):
                async with writing(self.engine) as connection:
                    known = await generations.generations(connection, self.models)
                    found = next((g for g in known if g.number == building.number), None)
                    if found is None or found.status == LIVE:
                        break
                    advanced = await self._project(connection, found, messages, set())
                    done = await self._swap(connection, advanced)
                if done:
                    break
        await self._look()
        return True

    async def _building(self, connection: AsyncConnection) -> Generation:
        """The generation being built; one that other code began is begun anew."""
        known = await generations.generations(connection, self.models)
        building = next((g for g in known if g.status == BUILDING), None)
        if building is not None and building.current:
            return building
        if building is not None:
            await building.drop(connection)
        fresh = Generation.new(self.models, known[-1].number + 1, BUILDING)
        await fresh.create(connection)
        return fresh

    async def _swap(self, connection: AsyncConnection, building: Generation) -> bool:
        """Let the generation answer once it has caught up with the one that does."""
        running = await generations.live(connection, self.models)
        target = running.position if running.current else await _checkpoint(connection)
        if building.position < target:
            return False
        table = generations.GENERATIONS
        await connection.execute(
            update(table).where(table.c.number == building.number).values(status=LIVE)
        )
        await building.show(connection)
        await running.drop(connection)
        _LOGGER.info("generation swapped", generation=building.number, position=building.position)
        return True

    async def _apply(self, messages: Sequence[Message]) -> None:
        """Write a batch to the journal and to the tables that answer, in one transaction."""
        live, parked = self.live, set(self.parked)
        try:
            async with writing(self.engine) as connection:
                await self._write_journal(connection, messages)
                if live.current:
                    live = await self._project(connection, live, messages, parked)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            # Some event does not fit its table: find it, park it, keep the others.
            live, parked = self.live, set(self.parked)
            async with writing(self.engine) as connection:
                await self._write_journal(connection, messages)
                if live.current:
                    live = await self._project(connection, live, messages, parked, singly=True)
        self.journal_position = max(self.journal_position, messages[-1].position)
        self.live, self.parked = live, frozenset(parked)
        await self._announce()

    async def _write_journal(
        self, connection: AsyncConnection, messages: Sequence[Message]
    ) -> None:
        done = self.journal_position
        if messages[0].position > done + 1:
            raise _Overtaken
        fresh = [message for message in messages if message.position > done]
        if not fresh:
            return
        moved = await connection.execute(
            update(CHECKPOINTS)
            .where(CHECKPOINTS.c.name == JOURNAL_CHECKPOINT, CHECKPOINTS.c.position == done)
            .values(position=fresh[-1].position)
        )
        if moved.rowcount != 1:
            raise _Overtaken
        await self.journal.write(connection, fresh)

    async def _project(
        self,
        connection: AsyncConnection,
        generation: Generation,
        messages: Sequence[Message],
        parked: set[Key],
        *,
        singly: bool = False,
    ) -> Generation:
        """Apply a batch to a generation; the generation as it is then.

        ``parked`` gains the aggregates that are parked by it. With ``singly`` each event is tried
        in a savepoint of its own.
        """
        if messages[0].position > generation.position + 1:
            raise _Overtaken
        fresh = [message for message in messages if message.position > generation.position]
        if not fresh:
            return generation
        end = fresh[-1].position
        if not await generation.advance(connection, end):
            raise _Overtaken
        if generation.status == BUILDING:
            parked |= await _parked_keys(connection, generation.number)
        waiting: list[tuple[Message, str]] = []
        changes: list[Change] = []
        for message in fresh:
            if message.aggregate in parked:
                waiting.append((message, ""))
                continue
            try:
                made = self._changes(message)
                if singly:
                    async with connection.begin_nested():
                        await generation.apply(connection, made)
                else:
                    changes += made
            except Exception as error:  # noqa: BLE001  # whatever it is, only this aggregate waits
                parked.add(message.aggregate)
                waiting.append((message, _told(error)))
        await generation.apply(connection, changes)
        if waiting:
            await _park(connection, generation.number, waiting)
        return replace(generation, position=end)

    def _changes(self, message: Message) -> list[Change]:
        return self.models.changes(self.codec.decode(message))

    async def _look(self) -> None:
        """Read what the database holds now."""
        async with self.engine.connect() as connection, connection.begin():
            live = await generations.live(connection, self.models)
            journal_position = await _checkpoint(connection)
            parked = frozenset(await _parked_keys(connection, live.number))
        self.live, self.journal_position, self.parked = live, journal_position, parked
        await self._announce()

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
