"""Everything a stream gives back, once, however damaged it is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from cadre.shared.codec import Message
from cadre.shared.errors import NotFound
from cadre.shared.log import Log
from cadre.shared.pull import Pull

SILENCE_S_MAX = 2.0
"""A server that has events to deliver does so at once."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What the server says of its stream before it is read."""

    last: int
    removed: frozenset[int]
    """Positions up to ``last`` that the server knows to be empty."""

    def counts(self, position: int) -> bool:
        """Whether the server believes to hold an event there."""
        return position <= self.last and position not in self.removed


async def extent_of(log: Log) -> Extent:
    """Ask the server.

    Raises: NotFound, Unavailable.
    """
    answer = await log.api(f"STREAM.INFO.{log.stream}", {"deleted_details": True})
    if "error" in answer:
        raise NotFound(f"the stream {log.stream} does not exist")
    state = answer["state"]
    before_first = range(1, int(state["first_seq"]))
    return Extent(int(state["last_seq"]), frozenset([*before_first, *state.get("deleted", ())]))


async def everything(log: Log, last: int) -> AsyncIterator[list[Message]]:
    """The events up to ``last`` in order; positions that cannot be read are left out.

    A damaged record is counted by the server and may stop a consumer: what follows is then asked
    for one by one until an event can be read again.
    """
    after = 0
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
            try:
                message = await log.get(after)
            except NotFound:
                continue
            yield [message]
            break
