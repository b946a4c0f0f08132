"""A log in its order with what its survey says; of a long log on all cores."""

import asyncio
import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Generator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, NamedTuple, Self

from cadre.audit.survey import Particulars, Stored, Survey, stored
from cadre.shared.log.signed import Message
from cadre.shared.upkeep.memory import collect_rarely

PARALLEL_EVENTS_MIN = 20_000
"""Below that, starting processes takes longer than it saves."""
OTHERS = min(max(1, (os.cpu_count() or 1) - 1), 8)
"""How many processes survey, beside this one, which could not read and compare for more."""
STRETCH_EVENTS = 500
AHEAD_MAX = 6
"""Stretches that wait for each process; when all have so many, this one lends a hand."""
UNSEEN_MAX = 24
"""Stretches that may wait for the first of them."""

type Surveyed = list[tuple[Message, Particulars]]


class _Stretch(NamedTuple):
    messages: list[Message]
    facts: Future[Sequence[tuple[Any, ...]]]


@dataclass(slots=True)
class Surveyors:
    """Surveys events, which come and go on in the order of the log. Use as a context."""

    survey: Survey
    events: int
    """How many are expected: decides whether processes are started."""
    processes: Executor | None = None
    """Those that are there already: see `forked`."""
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _started: Future[None] | None = None
    _unseen: deque[_Stretch] = field(default_factory=deque[_Stretch])

    def __enter__(self) -> Self:
        if self.processes is None and self.events >= PARALLEL_EVENTS_MIN:
            self.processes = self._stack.enter_context(_pool("spawn"))
        if self.processes is not None:
            self._started = self.processes.submit(_start)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

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
        events = [stored(message) for message in messages]
        waiting = sum(not stretch.facts.done() for stretch in self._unseen)
        started = self._started is not None and self._started.done()
        if self.processes and started and waiting < AHEAD_MAX * OTHERS:
            return _Stretch(messages, self.processes.submit(_facts, self.survey, events))
        done: Future[Sequence[tuple[Any, ...]]] = Future()
        done.set_result(self.survey.facts(events))
        return _Stretch(messages, done)

    async def _first(self) -> Surveyed:
        messages, facts = self._unseen.popleft()
        return list(
            zip(messages, map(Particulars._make, await asyncio.wrap_future(facts)), strict=True)
        )


@contextlib.contextmanager
def forked() -> Generator[Executor | None]:
    """Processes that survey, where this one can be copied: nothing has to be imported again.

    Forking a process with threads could copy a held lock, so this comes before the event loop.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        yield None
        return
    with _pool("fork") as pool:
        pool.submit(_start)  # Only now it makes them.
        yield pool


@contextlib.contextmanager
def _pool(method: str) -> Generator[Executor]:
    pool = ProcessPoolExecutor(OTHERS, mp_context=get_context(method), initializer=collect_rarely)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start() -> None:
    """Does nothing, which another process can once it has imported all of this."""


def _facts(survey: Survey, events: list[Stored]) -> Sequence[tuple[Any, ...]]:
    """In another process: plain tuples come back quicker than named ones."""
    return [tuple(one) for one in survey.facts(events)]
