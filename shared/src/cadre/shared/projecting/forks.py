"""Where a journal and the log went different ways, and what the journal holds behind that.

Two branches have the same events up to some position and no common one behind it: an event's hash
and time stamp are part of what is compared. So the place is found by halving.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.shared.log.marks import NOWHERE, Mark
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.projecting import journal
from cadre.shared.projecting.branch import ACKNOWLEDGED

PAGE_POSITIONS = 1000

type Id = tuple[int, str]
"""Position and id of an event: of two branches each may have one at the same position."""


@dataclass(slots=True)
class Fork:
    """One service's journal beside the log."""

    service: str
    connection: AsyncConnection
    log: Log
    reached: Mark = NOWHERE
    """How far the journal has come."""
    acknowledged: Mark = NOWHERE
    """The newest event the service told somebody of, where that is not in its journal."""
    common: Mark = NOWHERE
    """The newest event of the journal that the log has too."""
    left: bool = False
    """Whether journal and log went different ways."""

    async def find(self) -> None:
        """Look for the place. Raises: Unavailable."""
        self.reached = await self.connection.run_sync(journal.marked)
        newest = await self.connection.run_sync(partial(journal.marked, name=ACKNOWLEDGED))
        self.acknowledged = newest if newest.position > self.reached.position else NOWHERE
        last = await self._newest(self.reached.position)
        self.left = not all(
            [await self._has(mark) for mark in (self.reached, self.acknowledged, last)]
        )
        self.common = await self._common() if self.left else last

    async def _has(self, mark: Mark) -> bool:
        if not mark.position:
            return True
        found = await self.log.peek(mark.position)
        return found is not None and mark.is_of(found)

    async def _newest(self, upto: int) -> Mark:
        found = await self.connection.run_sync(partial(journal.newest, upto=upto))
        return Mark.of(found) if found else NOWHERE

    async def _common(self) -> Mark:
        low, high = NOWHERE, self.reached.position
        while low.position < high:
            mark = await self._newest((low.position + high + 1) // 2)
            if mark.position <= low.position:
                # The journal holds nothing between, up to the middle.
                following = await self.connection.run_sync(
                    partial(journal.following, after=low.position, upto=high)
                )
                if following is None:
                    break
                mark = Mark.of(following)
            if await self._has(mark):
                low = mark
            else:
                high = mark.position - 1
        return low

    async def other(self, after: int, upto: int) -> list[Message]:
        """What the journal alone has, of these positions."""
        if not self.left:
            return []
        begin = max(after, self.common.position)
        return await self.connection.run_sync(partial(journal.between, after=begin, upto=upto))


async def other_branch(forks: list[Fork]) -> AsyncIterator[list[Message]]:
    """The events that some journal has and the log has not, each once, in their order."""
    left = [fork for fork in forks if fork.left]
    after = min((fork.common.position for fork in left), default=0)
    end = max((fork.reached.position for fork in left), default=0)
    while after < end:
        upto = min(after + PAGE_POSITIONS, end)
        found: dict[Id, Message] = {}
        for fork in left:
            for message in await fork.other(after, upto):
                found[message.position, Mark.of(message).event_id] = message
        if found:
            yield [found[key] for key in sorted(found)]
        after = upto
