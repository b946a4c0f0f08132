"""Who signed an event; of a long log on all cores."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing import get_context
from typing import Self

from cadre.shared.audit.public_keys import ServiceKey
from cadre.shared.codec import SIGNATURE, Message, signature_holds

PARALLEL_EVENTS_MIN = 20_000
"""Below that, starting processes takes longer than it saves."""
BATCHES_WAITING_MAX = 4
"""For each process."""

type Keys = Mapping[str, ServiceKey]
type Bad = dict[int, tuple[Verdict, str]]
"""What is wrong with a signature, and the event's subject, by position."""


class Verdict(StrEnum):
    """What a signature is worth."""

    HOLDS = "the signature holds"
    UNSIGNED = "the event bears no signature"
    UNKNOWN_KEY = "no service ever had the key that is named"
    OTHER_SERVICE = "the key named belongs to another service"
    DOES_NOT_HOLD = "the signature does not hold"


def verdict_on(message: Message, keys: Keys) -> Verdict:
    """What an event's signature is worth."""
    key_id = message.headers.get("ce-keyid")
    if not key_id or SIGNATURE not in message.headers:
        return Verdict.UNSIGNED
    key = keys.get(key_id)
    if key is None:
        return Verdict.UNKNOWN_KEY
    if not message.subject.startswith(f"history.{key.service}."):
        return Verdict.OTHER_SERVICE
    holds = signature_holds(message, key.public_bytes)
    return Verdict.HOLDS if holds else Verdict.DOES_NOT_HOLD


def _bad(messages: Sequence[Message], keys: Keys) -> Bad:
    judged = ((message, verdict_on(message, keys)) for message in messages)
    return {m.position: (v, m.subject) for m, v in judged if v is not Verdict.HOLDS}


@dataclass(slots=True)
class Signatures:
    """Collects the events whose signature is worth nothing. Use as a context."""

    keys: Keys
    events: int
    """How many are expected: decides whether processes are started."""
    bad: Bad = field(default_factory=dict[int, tuple[Verdict, str]])
    _pool: ProcessPoolExecutor | None = None
    _waiting: set[asyncio.Future[Bad]] = field(default_factory=set[asyncio.Future[Bad]])

    def __enter__(self) -> Self:
        if self.events >= PARALLEL_EVENTS_MIN:
            # Forking a process with threads could copy a held lock.
            self._pool = ProcessPoolExecutor(mp_context=get_context("spawn"))
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    async def add(self, messages: Sequence[Message]) -> None:
        """Judge some events, now or in another process."""
        if self._pool is None:
            self.bad |= _bad(messages, self.keys)
            return
        loop = asyncio.get_running_loop()
        self._waiting.add(loop.run_in_executor(self._pool, _bad, messages, self.keys))
        if len(self._waiting) >= BATCHES_WAITING_MAX * (os.cpu_count() or 1):
            done, self._waiting = await asyncio.wait(
                self._waiting, return_when=asyncio.FIRST_COMPLETED
            )
            self._collect(done)

    async def finish(self) -> Bad:
        """Wait for what is left; all events whose signature is worth nothing."""
        if self._waiting:
            done, self._waiting = await asyncio.wait(self._waiting)
            self._collect(done)
        return self.bad

    def _collect(self, done: set[asyncio.Future[Bad]]) -> None:
        for future in done:
            self.bad |= future.result()
