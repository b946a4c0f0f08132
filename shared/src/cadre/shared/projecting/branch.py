"""Whether the log is the one this service knows.

A log that was put back from an older copy, lost its last events or was begun anew is another
*branch*: at positions that were read or acknowledged before it has other events, or none. Whoever
went on there would skip what is stored up to his position and acknowledge what he never sees.

So every position that is kept has a `Mark` beside it, and the log must show the event of each: as
the service starts, on each new connection before anything is read or appended over it, and every
few seconds. While it does not, nothing is answered. The right log ends that by itself; otherwise
the operator decides (`cadre log`).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy import Connection as Transaction
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from cadre.shared.database.database import Database, insert_into
from cadre.shared.deciding.errors import OtherBranch, Unavailable
from cadre.shared.log.codec import Outgoing
from cadre.shared.log.marks import NOWHERE, Mark
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log, NoAnswer, differs
from cadre.shared.projecting import journal
from cadre.shared.projecting.generations import GENERATIONS
from cadre.shared.projecting.journal import CHECKPOINTS
from cadre.shared.projecting.projector import Projector
from cadre.shared.projecting.reactor import Reactor
from cadre.shared.upkeep.vitals import Stops, Vitals

FAULT = "log-branch"
ACKNOWLEDGED = "acknowledged"
"""Of the newest event that was appended and not read yet when another branch was found."""
LOOK_S_MAX = 4.0
AGAIN_S = 0.5
"""How long after it was missed an event is asked for once more: a leader may just be changing."""

_LOGGER = structlog.get_logger(__name__)


@dataclass(slots=True)
class Branch:
    """Proves the log's branch for one service; the `Guard` of its log."""

    log: Log
    database: Database
    projector: Projector
    reactor: Reactor
    vitals: Vitals
    on_other: Sequence[Callable[[], None]] = ()
    """What forgets whatever may have been read from another branch."""
    _newest: Mark = NOWHERE
    """The newest event that this process appended, or knew of when another branch was found."""
    _further: Sequence[Mark] = ()
    """What else must be proven before anything is."""
    _proven: int = -1
    """The connection on which all was proven, by the number of its reconnects."""
    _other: OtherBranch | None = None
    _known: asyncio.Event = field(default_factory=asyncio.Event)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def highest(self) -> int:
        """The highest position that this process has read or appended at."""
        return max(self._newest.position, self.projector.journal_position)

    async def start(self) -> bool:
        """Look for the first time; whether the log is the one that is known.

        Raises: SQLAlchemyError. Waits for the log.
        """
        self._newest, self._further = await self.database.read(_kept)
        while True:
            try:
                await self.require()
            except OtherBranch:
                return False
            except Unavailable as error:
                _LOGGER.info("waiting for the log", error=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                return True

    async def proven(self) -> None:
        """Return once the log is the one that is known."""
        await self._known.wait()

    async def require(self) -> None:
        """Return once the log of this connection is proven. Raises: OtherBranch, Unavailable."""
        if self._other is not None:
            raise OtherBranch(self._other.detail, hint=self._other.hint)
        if self._proven == self._connection:
            return
        async with self._looking:
            if self._proven != self._connection:
                await self._look()

    async def look(self) -> None:
        """Look again, as every few seconds. Raises: OtherBranch."""
        try:
            async with asyncio.timeout(LOOK_S_MAX), self._looking:
                await self._look()
        except OtherBranch:
            raise
        except (Unavailable, TimeoutError):
            # A log that does not answer is another fault; what was found before still holds.
            if self._other is not None:
                raise self._other from None

    def stored(self, event: Outgoing, position: int, above: int) -> None:
        """Take note of an append. Raises: NoAnswer when it was not behind ``above``."""
        if position <= above:
            self._found(
                OtherBranch(
                    "事件日志是另一分支 · "
                    f"the log is another branch: an event was stored at position {position},"
                    f" and {above} was known before",
                    hint="请放回较新的日志，或查看比较结果 · "
                    "put the newer log back, or see `cadre log compare`",
                )
            )
            raise NoAnswer
        if position > self._newest.position:
            event_id = event.headers.get("ce-id", "-")
            self._newest = Mark(position, event_id, event.digest)

    @property
    def _connection(self) -> int:
        return self.log.client.stats["reconnects"]

    async def _look(self) -> None:
        connection = self._connection
        marks = {*self.projector.marks, self.reactor.mark, self._newest, *self._further}
        try:
            # The newest shows most. A position of unknown meaning gets one when all else is proven.
            for mark in sorted(marks, key=lambda m: (bool(m.digest), m.position), reverse=True):
                if mark.position:
                    await self._prove(mark)
        except OtherBranch as error:
            self._found(error)
            await self._keep_newest()
            raise
        self._other, self._further = None, ()
        self._proven = connection
        self._known.set()
        self.vitals.passed(FAULT)

    async def _prove(self, mark: Mark) -> None:
        found = await self.log.peek(mark.position)
        if found is None:
            await asyncio.sleep(AGAIN_S)
            found = await self.log.peek(mark.position)
        if found is None or not mark.is_of(found):
            raise differs(mark, found)
        if not mark.digest:
            await self._adopt(Mark.of(found))

    async def _adopt(self, mark: Mark) -> None:
        """Take what the log holds for a position that older code kept without its event."""
        _LOGGER.info("what a position stands for is taken from the log", mark=mark.event)
        await self.database.transact(partial(_fill, mark))
        await self.projector.look()
        await self.reactor.look()

    def _found(self, error: OtherBranch) -> None:
        self._other = error
        self._known.clear()
        hint = error.hint or ""
        self.vitals.found(FAULT, error.detail, hint=hint, stops=Stops.EVERYTHING)
        for forget in self.on_other:
            forget()

    async def _keep_newest(self) -> None:
        """Have the database remember what was acknowledged: it must hold after a restart too."""
        if self._newest.position <= self.projector.journal_position:
            return
        try:
            await self.database.transact(partial(_remember, self._newest))
        except (SQLAlchemyError, OSError) as error:
            _LOGGER.warning("what was acknowledged could not be kept", error=str(error))


def _kept(connection: Transaction) -> tuple[Mark, list[Mark]]:
    """The newest event that was acknowledged, and the newest of the journal's copies."""
    at = journal.marked(connection)
    copy: Message | None = None if at.digest else journal.newest(connection, at.position)
    return journal.marked(connection, ACKNOWLEDGED), [Mark.of(copy)] if copy else []


def _remember(mark: Mark, connection: Transaction) -> None:
    row = {"name": ACKNOWLEDGED, "position": mark.position, "event": mark.event}
    insert = insert_into(CHECKPOINTS, connection.dialect)
    newer = CHECKPOINTS.c.position < mark.position
    values = {"position": mark.position, "event": mark.event}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["name"], set_=values, where=newer), row
    )


def _fill(mark: Mark, connection: Transaction) -> None:
    for table in (CHECKPOINTS, GENERATIONS):
        connection.execute(
            update(table).where(table.c.position == mark.position).values(event=mark.event)
        )
