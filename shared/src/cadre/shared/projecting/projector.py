"""The runner: the whole log in order into the journal and the read models.

What one of its transactions does is in `cadre.shared.projecting.applying`.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import structlog
from sqlalchemy import CompoundSelect, Connection, null, select, union_all
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cadre.shared.database.database import Database, create_missing, insert_or_ignore
from cadre.shared.database.outages import told
from cadre.shared.database.threads import Snapshot, Then
from cadre.shared.deciding.errors import NotFound, OtherBranch, OutcomeUnknown, Unavailable
from cadre.shared.log.codec import Codec
from cadre.shared.log.marks import Mark, add_mark_column
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Gap, Log
from cadre.shared.projecting import generations, journal, setting_aside
from cadre.shared.projecting.applying import (
    AggregateKey,
    Applying,
    Batch,
    Overtaken,
    Read,
    RunnerState,
    changes_of,
)
from cadre.shared.projecting.generations import BUILDING, GENERATIONS, LIVE, PARKED, Generation
from cadre.shared.projecting.journal import CHECKPOINTS, JOURNAL_CHECKPOINT, Journal
from cadre.shared.showing.protected_persons import restricted_persons
from cadre.shared.showing.read_models import Change, ReadModels
from cadre.shared.upkeep.progress import Progress

RETRY_S = 0.5
TRANSACTION_EVERY_S = 0.02
"""How often at most: a transaction of one event costs nearly what one of a hundred does, and takes
its time from the commands that come meanwhile."""
EVENTS_AT_A_STRETCH = 100
"""After so many the event loop may serve others."""

INTERRUPTIONS = (Unavailable, OutcomeUnknown, SQLAlchemyError, OSError)
"""What ends a pass of the runner, which then begins again where the database stands."""
_MISFIT = (TypeError, ValueError, AttributeError, ArithmeticError)
"""What making a row for the driver raises where a value is not of its column's type."""

_LOGGER = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that waits, and why; ``error`` is empty for one that waits behind another."""

    position: int
    service: str
    entity: str
    entity_id: str
    error: str


class Shown(NamedTuple):
    """What holds for all that is read in one snapshot."""

    position: int
    restricted: frozenset[str]
    """The cadres whose data may only be stored."""


def _nobody_listens(_messages: Sequence[Message]) -> None: ...


class _Work[A, T](Protocol):
    """A transaction of `Applying` on a batch."""

    def __call__(
        self, connection: Connection, on: A, batch: Batch, /, *, singly: bool = False
    ) -> T: ...


@dataclass(slots=True)
class Projector:
    """Keeps one service's journal and read models up with the log.

    What it knows of the database is what it last committed or read. Every transaction is
    conditional on that; when another instance was faster, it is read anew.
    """

    models: ReadModels
    database: Database
    log: Log
    codec: Codec
    journal: Journal
    seen: Callable[[Sequence[Message]], None] = _nobody_listens
    """Told of events once they are applied; whatever it does must bear a repeat."""
    rebuilding: asyncio.Task[None] | None = None
    applied: Progress = field(default_factory=lambda: Progress("applied"))
    """How far the tables that answer have come."""
    journaled: Progress = field(default_factory=lambda: Progress("in the journal"))
    gap: str = ""
    """What is missing in the log, while nothing can be read beyond it."""
    _standing: RunnerState = field(init=False)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _applying: Applying = field(init=False)
    _showing: CompoundSelect[Any, Any] = field(init=False)

    def __post_init__(self) -> None:
        # One journey instead of two for what every query needs.
        self._showing = union_all(
            select(null().label("cadre_id"), GENERATIONS.c.position).where(
                GENERATIONS.c.status == LIVE
            ),
            restricted_persons().add_columns(null()),
        )
        self._applying = Applying(self.models, self.codec, self.journal)

    @property
    def position(self) -> int:
        """The position the tables that answer have reached."""
        return self.applied.position

    @property
    def journal_position(self) -> int:
        return self.journaled.position

    @property
    def marks(self) -> list[Mark]:
        """What journal and tables know of the positions they have reached."""
        return [self._standing.journal, self._standing.live.mark]

    @property
    def outdated(self) -> bool:
        """Whether the tables that answer are of other code, so that nothing more is applied."""
        return not self._standing.live.current

    @property
    def set_aside(self) -> frozenset[int]:
        """The positions of events that no table is made with."""
        return self._standing.set_aside

    @property
    def parked(self) -> frozenset[AggregateKey]:
        """The aggregates of which something is parked in the tables that answer."""
        return self._standing.parked

    async def start(self) -> None:
        """Create what is missing; begin a rebuild where the code has changed."""
        building = await self.database.transact(self._create)
        await self.look()
        if building or self._standing.outdated:
            self.rebuild()

    def _create(self, connection: Connection) -> bool:
        """Create what is missing; whether a rebuild was under way."""
        create_missing(connection, journal.METADATA, generations.METADATA)
        for table in (CHECKPOINTS, GENERATIONS):
            add_mark_column(connection, table)
        connection.execute(
            insert_or_ignore(CHECKPOINTS, connection.dialect),
            {"name": JOURNAL_CHECKPOINT, "position": 0},
        )
        known = generations.generations(connection, self.models)
        if not known:
            without = len(setting_aside.known(connection))
            first = Generation.new(self.models, 1, LIVE, without)
            first.create(connection)
            first.show(connection)
        return any(generation.status == BUILDING for generation in known)

    async def run(self) -> None:
        """Follow the log for ever."""
        while True:
            try:
                await self.look()
                live, start = self._standing.live, self._standing.journal
                if live.current:
                    start = min(start, live.mark, key=lambda mark: mark.position)
                await self._follow(start)
            except Overtaken:
                continue
            except OtherBranch:
                # It is looked after, and told, elsewhere.
                await asyncio.sleep(RETRY_S)
            except Gap as error:
                self.gap = str(error)
                await asyncio.sleep(RETRY_S)
            except INTERRUPTIONS as error:
                _LOGGER.warning("projection interrupted", error=told(error))
                await asyncio.sleep(RETRY_S)

    async def _follow(self, start: Mark) -> None:
        clock = asyncio.get_running_loop().time
        async with _ahead(self._batches(start)) as batches:
            async for batch in batches:
                begun = clock()
                await self._apply(batch)
                self.gap = ""
                # Under load the next transaction is the larger for it; an event alone never waits.
                await asyncio.sleep(begun + TRANSACTION_EVERY_S - clock())

    async def _apply(self, batch: Batch) -> None:
        """Write a batch to the journal and to the tables that answer, in one transaction."""
        await self._transact(self._applying.follow, self._standing, batch, self._stand)
        self.seen([read.message for read in batch])
        if self._standing.live.current and self._standing.outdated:
            self.rebuild()

    async def _batches(self, start: Mark) -> AsyncGenerator[Batch]:
        """What follows a position, read and projected, for one transaction each.

        That is at most what a reader of the log has on its way at once. Whoever else writes waits
        for the transaction.
        """
        async for messages in self.log.follow(start):
            said = await setting_aside.said_in(self.log, self.models.service, messages)
            batch: list[Read] = []
            for few in itertools.batched(messages, EVENTS_AT_A_STRETCH):
                if batch:
                    await asyncio.sleep(0)
                batch += self._applying.read(few, said)
            yield batch

    def rebuild(self) -> None:
        """Build the tables anew beside the running ones, then swap."""
        if self.rebuilding is None or self.rebuilding.done():
            self.rebuilding = asyncio.create_task(self._rebuild())

    async def wait(self, position: int, timeout_s: float) -> None:
        """Return once ``position`` is applied.

        Raises: Unavailable after ``timeout_s`` seconds.
        """
        await self.applied.wait(position, timeout_s)

    def shown(self) -> Snapshot[Shown]:
        """The tables that answer, as they are at one position."""
        return self.database.snapshot(self._shown, hold=GENERATIONS.name)

    def _shown(self, connection: Connection) -> Shown:
        live, *others = connection.execute(self._showing).all()
        return Shown(live.position, frozenset(row.cadre_id for row in others))

    async def status(self) -> list[Generation]:
        """All generations, the oldest first."""
        return await self.database.read(lambda c: generations.generations(c, self.models))

    async def parked_events(self) -> list[Parked]:
        """What is parked in the generation that answers, the oldest first."""

        def read(connection: Connection) -> list[Parked]:
            generation = generations.live(connection, self.models)
            rows = connection.execute(
                select(PARKED)
                .where(PARKED.c.generation == generation.number)
                .order_by(PARKED.c.position)
            )
            return [Parked(r.position, r.service, r.entity, r.entity_id, r.error) for r in rows]

        return await self.database.read(read)

    async def stuck(self, keys: Collection[AggregateKey]) -> dict[int, Message]:
        """The events of aggregates that cannot be applied, by position, without what waits."""
        found = [
            event.position
            for event in await self.parked_events()
            if event.error and (event.service, event.entity, event.entity_id) in keys
        ]
        return {position: await self.log.get(position) for position in found}

    async def retry(self, key: AggregateKey) -> str:
        """Apply an aggregate's parked events in order: ``applied`` or ``rebuilding``.

        Raises: NotFound when nothing of it is parked; whatever the first event raises again.
        """
        waiting = [
            e for e in await self.parked_events() if (e.service, e.entity, e.entity_id) == key
        ]
        if not waiting:
            raise NotFound(
                "该对象没有被搁置的事件 · nothing of this aggregate is parked", where=".".join(key)
            )
        messages = [await self.log.get(event.position) for event in waiting]
        changes = [c for m in messages for c in changes_of(self.models, self.codec, m)]
        if any(self.models.metadata.tables[c.table].info["spans"] for c in changes):
            self.rebuild()
            return "rebuilding"
        positions = [message.position for message in messages]
        await self.database.transact(lambda c: self._release(c, positions, changes))
        await self.look()
        return "applied"

    def _release(
        self, connection: Connection, positions: Sequence[int], changes: Sequence[Change]
    ) -> None:
        generation = generations.live(connection, self.models)
        generation.revise(connection)
        generation.apply(connection, changes)
        connection.execute(
            PARKED.delete().where(
                PARKED.c.generation == generation.number, PARKED.c.position.in_(positions)
            )
        )

    async def _rebuild(self) -> None:
        while True:
            try:
                await self._build()
            except Overtaken:
                continue
            except OtherBranch:
                await asyncio.sleep(RETRY_S)
            except (*INTERRUPTIONS, Gap) as error:
                _LOGGER.warning("rebuild interrupted", error=told(error))
                await asyncio.sleep(RETRY_S)
            else:
                if not self._standing.outdated:
                    return

    async def _build(self) -> None:
        building, done = await self.database.transact(self._applying.begin)
        if not done:
            async with _ahead(self._batches(building.mark)) as batches:
                async for batch in batches:
                    if await self._transact(self._applying.build, building.number, batch):
                        break
        await self.look()

    async def _transact[A, T](
        self, work: _Work[A, T], on: A, batch: Batch, then: Then[T] | None = None
    ) -> T:
        try:
            return await self.database.transact(lambda c: work(c, on, batch), then)
        except (DBAPIError, *_MISFIT):
            pass
        # Some event does not fit its table: find it, park it, keep the others.
        return await self.database.transact(lambda c: work(c, on, batch, singly=True), then)

    async def look(self) -> None:
        """Read what the database holds now."""
        # One after the other: what was read earlier must not overwrite what was read later.
        async with self._looking:
            self._stand(await self.database.read(lambda c: RunnerState.read(c, self.models)))

    def _stand(self, standing: RunnerState) -> None:
        self._standing = standing
        self.journaled.reach(standing.journal.position)
        self.applied.reach(standing.live.position)


@contextlib.asynccontextmanager
async def _ahead(source: AsyncGenerator[Batch]) -> AsyncGenerator[AsyncIterator[Batch]]:
    """The same batches; under load the next one is made while the last is dealt with."""
    upcoming: asyncio.Future[Batch] | None = None

    async def items() -> AsyncGenerator[Batch]:
        nonlocal upcoming
        while True:
            batch = await (upcoming or anext(source))
            upcoming = None
            # After a small one that would gain nothing: whatever comes meanwhile would miss it.
            if len(batch) >= EVENTS_AT_A_STRETCH:
                upcoming = asyncio.ensure_future(anext(source))
            yield batch

    try:
        yield items()
    finally:
        if upcoming is not None:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
        await source.aclose()
