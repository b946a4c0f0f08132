"""Everything a stream gives back, once, however damaged it is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from cadre.shared.codec import Message
from cadre.shared.errors import NotFound
from cadre.shared.log import SILENCE_MAX_S, Log, Pull

REST_S = 0.5


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

    A damaged record is counted by the server and never delivered, so an end that is not reached is
    not waited for twice.
    """
    after = 0
    while after < last:
        before = after
        async with Pull(log, after).open() as pull:
            if not pull.pending:
                return
            batches = pull.batches()
            while after < last:
                # `left` runs ahead of what was handed out: at 0 the rest is on its way to us.
                patience_s = REST_S if pull.left == 0 else SILENCE_MAX_S
                try:
                    messages = await asyncio.wait_for(anext(batches), patience_s)
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    if pull.left == 0:
                        return
                    break
                wanted = [message for message in messages if after < message.position <= last]
                after = max(after, messages[-1].position)
                if wanted:
                    yield wanted
        if after == before:
            return
