"""Everything a stream gives back, once, however damaged it is."""

import asyncio
from collections.abc import AsyncIterator, Container
from dataclasses import dataclass

from cadre.shared.deciding.errors import NotFound
from cadre.shared.log.pull import Pull
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log

SILENCE_S_MAX = 2.0
"""A server that has events to deliver does so at once."""

MIRROR_LAG_S_MAX = 10.0
MIRROR_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Extent:
    """What the server says of its stream before it is read."""

    last: int
    removed: frozenset[int]
    """Positions up to ``last`` that the server knows to be empty."""

    def counts(self, position: int) -> bool:
        """Whether the server believes to hold an event there."""
        return position <= self.last and position not in self.removed


async def extent_of(log: Log, awaited: int = 0) -> Extent:
    """Ask the server; a mirror is given some time to come to the position that is awaited.

    Raises: NotFound, Unavailable.
    """
    deadline = asyncio.get_running_loop().time() + MIRROR_LAG_S_MAX
    while True:
        answer = await log.api(f"STREAM.INFO.{log.stream}", {"deleted_details": True})
        if "error" in answer:
            raise NotFound(f"事件流不存在 · the stream {log.stream} does not exist")
        state = answer["state"]
        behind = "mirror" in answer and int(state["last_seq"]) < awaited
        if not behind or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(MIRROR_POLL_S)
    before_first = range(1, int(state["first_seq"]))
    return Extent(int(state["last_seq"]), frozenset([*before_first, *state.get("deleted", ())]))


async def everything(
    log: Log, last: int, removed: Container[int] = frozenset(), *, after: int = 0
) -> AsyncIterator[list[Message]]:
    """What comes after a position, up to ``last``, in order; what cannot be read is left out.

    A consumer passes over damaged records. When it falls silent nevertheless, or is gone, what
    follows is asked for one by one until an event can be read again; not at positions that the
    server says are empty (``removed``).
    """
    while after < last:
        async with Pull(log.client, log.stream, after).open() as pull:
            batches = pull.batches()
            while after < last:
                try:
                    messages = await asyncio.wait_for(anext(batches), SILENCE_S_MAX)
                except (TimeoutError, StopAsyncIteration):
                    break
                wanted = [message for message in messages if after < message.position <= last]
                after = max(after, messages[-1].position)
                if wanted:
                    yield wanted
        while after < last:
            after += 1
            if after in removed:
                continue
            try:
                message = await log.get(after)
            except NotFound:
                continue
            yield [message]
            break
