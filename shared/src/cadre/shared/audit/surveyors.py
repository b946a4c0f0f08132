"""A log in its order with what its survey says; of a long log on all cores."""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, NamedTuple, Self

from cadre.shared.audit.survey import Facts, Stored, Survey, stored
from cadre.shared.collecting import collect_rarely
from cadre.shared.signed import Message

PARALLEL_EVENTS_MIN = 20_000
"""Below that, starting processes takes longer than it saves."""
OTHERS = max(1, (os.cpu_count() or 1) - 1)
"""How many processes survey, beside this one that reads and compares."""
STRETCH_EVENTS = 500
AHEAD_MAX = 3
"""Stretches that wait for each process; when all have so many, this one lends a hand."""
UNSEEN_MAX = 24
"""Stretches that may wait for the first of them."""

type Surveyed = list[tuple[Message, Facts]]


class _Stretch(NamedTuple):
    messages: list[Message]
    facts: asyncio.Future[list[tuple[Any, ...]]]


@dataclass(slots=True)
class Surveyors:
    """Surveys events, which come and go on in the order of the log. Use as a context."""

    survey: Survey
    events: int
    """How many are expected: decides whether processes are started."""
    _pool: ProcessPoolExecutor | None = None
    _started: asyncio.Future[None] | None = None
    _unseen: deque[_Stretch] = field(default_factory=deque[_Stretch])

    def __enter__(self) -> Self:
        if self.events >= PARALLEL_EVENTS_MIN:
            # Forking a process with threads could copy a held lock.
            self._pool = ProcessPoolExecutor(
                OTHERS, mp_context=get_context("spawn"), initializer=collect_rarely
            )
            self._started = asyncio.get_running_loop().run_in_executor(self._pool, _start)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    async def surveyed(self, batches: AsyncIterator[list[Message]]) -> AsyncIterator[Surveyed]:
        """Every event with what there is to say of it."""
        gathered: list[Message] = []
        async for messages in batches:
            gathered += messages
            if len(gathered) >= STRETCH_EVENTS:
                self._unseen.append(self._begin(gathered))
                gathered = []
            while self._unseen and (self._unseen[0].facts.done() or len(self._unseen) > UNSEEN_MAX):
                yield await self._first()
        if gathered:
            self._unseen.append(self._begin(gathered))
        while self._unseen:
            yield await self._first()

    def _begin(self, messages: list[Message]) -> _Stretch:
        loop, events = asyncio.get_running_loop(), [stored(message) for message in messages]
        waiting = sum(not stretch.facts.done() for stretch in self._unseen)
        started = self._started is not None and self._started.done()
        if started and waiting < AHEAD_MAX * OTHERS:
            begun = loop.run_in_executor(self._pool, _facts, self.survey, events)
            return _Stretch(messages, begun)
        done = loop.create_future()
        done.set_result(self.survey.facts(events))
        return _Stretch(messages, done)

    async def _first(self) -> Surveyed:
        messages, facts = self._unseen.popleft()
        return list(zip(messages, map(Facts._make, await facts), strict=True))


def _start() -> None:
    """Does nothing, which another process can once it has imported all of this."""


def _facts(survey: Survey, events: list[Stored]) -> list[tuple[Any, ...]]:
    """In another process: plain tuples come back quicker than named ones."""
    return [tuple(one) for one in survey.facts(events)]
