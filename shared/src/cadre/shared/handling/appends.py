"""Group commit: appends that wait while others are under way go to the log together.

The server syncs every message by itself and an atomic batch once; but it makes files for a batch,
which costs as much as a dozen messages. So few appends are published singly, as they come, and
only what waits behind them shares a batch. A batch holds at most one append on each history.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from cadre.shared.log.codec import Outgoing
from cadre.shared.log.stream import BATCH_EVENTS_MAX, Conflict, Expectation, Log, NoAnswer

SINGLY_MAX = 8
"""So many under way cost the server little more than one batch would."""

type Events = Sequence[tuple[Outgoing, Expectation | None]]


@dataclass(eq=False)
class _Waiting:
    """Events that go to the log together or not at all, and where their positions are told."""

    events: Events
    positions: asyncio.Future[list[int]]

    @cached_property
    def guards(self) -> dict[str, int]:
        """The last position of each history that the events were decided on."""
        expected = (expectation for _, expectation in self.events if expectation)
        return {one.subjects: one.position for one in expected}

    def fail(self, error: Exception) -> None:
        if not self.positions.done():
            self.positions.set_exception(error)


@dataclass(slots=True)
class Appends:
    """Appends to one log; one instance per process."""

    log: Log
    _under_way: int = 0
    _waiting: list[_Waiting] = field(default_factory=list[_Waiting])
    _task: asyncio.Task[None] | None = None

    async def append(self, events: Events) -> list[int]:
        """Store all events or none; their positions. Raises: as `Log.append`."""
        one = _Waiting(events, asyncio.get_running_loop().create_future())
        if self._task is None and self._under_way < SINGLY_MAX:
            await self._singly(one)
        else:
            self._waiting.append(one)
        return await one.positions

    async def _singly(self, one: _Waiting) -> None:
        self._under_way += 1
        try:
            self._stored([one], await self.log.append(one.events))
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it
            one.fail(error)
        finally:
            self._under_way -= 1
            if self._waiting and not self._under_way and self._task is None:
                self._task = asyncio.create_task(self._together())

    async def _together(self) -> None:
        """Append what waits, until nothing does."""
        while batch := self._next_batch():
            if len(batch) <= SINGLY_MAX or not await self._in_one_batch(batch):
                await asyncio.gather(*(self._singly(one) for one in batch))
        self._task = None

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        later: list[_Waiting] = []
        touched: set[str] = set()
        room = BATCH_EVENTS_MAX
        for one in self._waiting:
            if one.positions.done():
                continue
            fits = len(one.events) <= room and touched.isdisjoint(one.guards)
            if fits or not batch:
                batch.append(one)
                room -= len(one.events)
            else:
                later.append(one)
            touched.update(one.guards)
        self._waiting = later
        return batch

    async def _in_one_batch(self, batch: list[_Waiting]) -> bool:
        """Whether everybody in it was told; if not, nothing was stored."""
        try:
            positions = await self.log.append([event for one in batch for event in one.events])
        except NoAnswer as error:
            for one in batch:
                one.fail(error)
        except Exception:  # noqa: BLE001
            # One of them is at fault, and the log does not say which.
            return False
        else:
            self._stored(batch, positions)
        return True

    def _stored(self, stored: Sequence[_Waiting], positions: Sequence[int]) -> None:
        begin = positions[0]
        moved: set[str] = set()
        at = iter(positions)
        for one in stored:
            own = list(islice(at, len(one.events)))
            if not one.positions.done():
                one.positions.set_result(own)
            moved.update(one.guards)
        for one in self._waiting:
            # Decided before: the log would refuse it, and a whole batch with it.
            if any(one.guards[history] < begin for history in moved.intersection(one.guards)):
                one.fail(Conflict("the history moved on meanwhile"))
