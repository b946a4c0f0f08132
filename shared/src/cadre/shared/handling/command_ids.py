"""Which command ids the log knows, of all services: one id never stands for two histories.

The server refuses an id a second time while its window lasts: every event's message id is made of
the command's. What is older stands in an index that the runner writes with the journal. Whether an
id may stand there at all is answered from memory, so a new one costs no look-up.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from sqlalchemy import Connection, select

from cadre.shared.database.database import Database, insert_or_ignore
from cadre.shared.deciding.errors import NotFound, Unavailable
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.projecting.journal import (
    CHECKPOINTS,
    COMMAND_IDS,
    first_of_commands,
    index_commands,
    key_of,
)
from cadre.shared.upkeep.progress import Progress

INDEX = "command-ids"
BEHIND_S_MAX = 60.0
"""How old an event may be that the index lacks: half of the server's window."""
BEHIND_S_TOLD = 10.0
"""From when on that is told as a fault; until then a command waits for the index, or is refused."""
WAIT_S_MAX = 5.0
ROWS_AT_ONCE = 20_000


class Seen:
    """Which keys may have been added: sure of every one that was not, nearly sure of the others.

    A Bloom filter that grows: a full part is kept, and one of twice the size takes what comes.
    """

    BITS_PER_KEY, PROBES, FIRST_KEYS = 16, 4, 1 << 16

    def __init__(self) -> None:
        self._parts: list[bytearray] = []
        self._room = 0

    def add(self, key: bytes) -> None:
        if not self._room:
            self._room = self.FIRST_KEYS << len(self._parts)
            self._parts.append(bytearray(self._room * self.BITS_PER_KEY // 8))
        bits = self._parts[-1]
        at, step = _place(key)
        for _ in range(self.PROBES):
            at = (at + step) % (len(bits) * 8)
            bits[at >> 3] |= 1 << (at & 7)
        self._room -= 1

    def __contains__(self, key: bytes) -> bool:
        begin, step = _place(key)
        for bits in self._parts:
            at, size = begin, len(bits) * 8
            for _ in range(self.PROBES):
                at = (at + step) % size
                if not bits[at >> 3] & (1 << (at & 7)):
                    break
            else:
                return True
        return False


def _place(key: bytes) -> tuple[int, int]:
    # Python's hash of bytes bears a secret of the process: nobody can aim at a place.
    hashed = hash(key)
    return hashed & 0xFFFFFFFF, hashed >> 32 & 0xFFFFFFFF | 1


@dataclass(slots=True)
class CommandIds:
    """The index of one service's database; one instance per process."""

    database: Database
    log: Log
    journaled: Progress
    _seen: Seen = field(default_factory=Seen)
    _seen_to: int = 0
    """The ids of all events up to here were added."""
    _ends: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])
    """When the log was asked for its end, and where that was; the first is what must be there."""

    async def start(self) -> None:
        """Fill the index of a journal that was written without one, and take it into memory."""
        await self._fill()
        await self._take_in()
        await self.look()

    def took(self, messages: Sequence[Message]) -> None:
        """Note the ids of events that the runner has written; it goes through all in order."""
        if messages[0].position > self._seen_to + 1:
            return  # Another instance wrote what is between; it is read when it is needed.
        for key in first_of_commands(messages):
            self._seen.add(key)
        self._seen_to = max(self._seen_to, messages[-1].position)

    async def look(self) -> None:
        """Note where the log ends. Raises: Unavailable while the index is too far behind."""
        end = await self.log.last_position()
        self._ends.append((time.monotonic(), end))
        self._forget_old_ends()
        await self._take_in()
        since, needed = self._ends[0]
        if needed > self._seen_to and time.monotonic() - since >= BEHIND_S_TOLD:
            raise Unavailable(
                "命令编号索引尚未跟上事件日志 · "
                f"the index of command ids stands at {self._seen_to}, the log ends at {end}",
                hint="将自动继续 · it goes on by itself; see `cadre projections status`",
            )

    async def earlier(self, command_id: UUID) -> Message | None:
        """An event that a command of this id caused before, as far as the index goes.

        What it may lack is younger than the server's window. Raises: Unavailable.
        """
        await self._reach()
        key = command_id.bytes
        if key not in self._seen:
            return None
        wanted = select(COMMAND_IDS.c.position).where(COMMAND_IDS.c.command_id == key)
        for position in await self.database.query(lambda c: c.execute(wanted).scalars().all()):
            try:
                message = await self.log.get(position)
            except NotFound:
                continue
            # The log may have been put back and gone on otherwise.
            if key_of(message) == key:
                return message
        return None

    async def reach_end(self) -> None:
        """Wait until the index holds all that the log does now. Raises: Unavailable."""
        await self.journaled.wait(await self.log.last_position(), WAIT_S_MAX)
        await self._take_in()

    async def _reach(self) -> None:
        """Wait until the index holds all that the server may have forgotten."""
        self._forget_old_ends()
        if not self._ends:
            raise Unavailable(
                "尚未询问事件日志的末尾 · the log was not asked for its end",
                hint="请重试 · try again",
            )
        needed = self._ends[0][1]
        if needed <= self._seen_to:
            return
        await self.journaled.wait(needed, WAIT_S_MAX)
        await self._take_in()

    def _forget_old_ends(self) -> None:
        oldest = time.monotonic() - BEHIND_S_MAX
        while self._ends and self._ends[0][0] < oldest:
            self._ends.popleft()

    async def _take_in(self) -> None:
        """Add what stands in the index behind that which was added."""
        end = self.journaled.position
        while (after := self._seen_to) < end:
            rows = await self.database.read(partial(_rows, after=after, end=end))
            for _, key in rows:
                self._seen.add(key)
            last = rows[-1][0] if len(rows) == ROWS_AT_ONCE else end
            self._seen_to = max(self._seen_to, last)

    async def _fill(self) -> None:
        end = self.journaled.position
        if await self.database.read(_is_whole):
            return
        async for messages in self.log.read():
            wanted = [message for message in messages if message.position <= end]
            await self.database.transact(partial(index_commands, messages=wanted, singly=True))
            if len(wanted) < len(messages):
                break
        await self.database.transact(_note_whole)


def _rows(connection: Connection, after: int, end: int) -> Sequence[tuple[int, bytes]]:
    found = connection.execute(
        select(COMMAND_IDS.c.position, COMMAND_IDS.c.command_id)
        .where(COMMAND_IDS.c.position > after, COMMAND_IDS.c.position <= end)
        .order_by(COMMAND_IDS.c.position)
        .limit(ROWS_AT_ONCE)
    )
    return [(position, key) for position, key in found]


def _is_whole(connection: Connection) -> bool:
    found = select(CHECKPOINTS.c.position).where(CHECKPOINTS.c.name == INDEX)
    return connection.execute(found).first() is not None


def _note_whole(connection: Connection) -> None:
    """From now on the journal's writer keeps it so."""
    connection.execute(
        insert_or_ignore(CHECKPOINTS, connection.dialect), {"name": INDEX, "position": 0}
    )
