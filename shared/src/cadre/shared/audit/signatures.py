"""Who signed an event; of a long log on all cores."""

import asyncio
import os
from base64 import b64decode
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing import get_context
from typing import NamedTuple, Self

from cadre.shared.algorithms import VERIFY
from cadre.shared.audit.public_keys import ServiceKey
from cadre.shared.codec import SIGNATURE, Message, preimage

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
    RETIRED_KEY = "the key named is a retired key: it signs no events at this position"
    DOES_NOT_HOLD = "the signature does not hold"


class Claim(NamedTuple):
    """A signature that is to be checked: little more than bytes, to travel between processes."""

    position: int
    subject: str
    algorithm: str
    public: bytes
    signature: str
    signed: bytes

    @property
    def holds(self) -> bool:
        verify = VERIFY.get(self.algorithm)
        try:
            signature = b64decode(self.signature)
        except ValueError:
            return False
        return verify is not None and verify(self.public, self.signed, signature)


def verdict_on(message: Message, keys: Keys) -> Verdict:
    """What an event's signature is worth."""
    signed = preimage(message.subject, message.headers, message.body)
    claim = claim_of(message, signed, keys)
    if isinstance(claim, Verdict):
        return claim
    return Verdict.HOLDS if claim.holds else Verdict.DOES_NOT_HOLD


def claim_of(message: Message, signed: bytes, keys: Keys) -> Claim | Verdict:
    """What must be checked of an event with the preimage ``signed``, or what is wrong already."""
    key_id = message.headers.get("ce-keyid")
    signature = message.headers.get(SIGNATURE)
    if not key_id or signature is None:
        return Verdict.UNSIGNED
    key = keys.get(key_id)
    if key is None:
        return Verdict.UNKNOWN_KEY
    if not message.subject.startswith(f"history.{key.service}."):
        return Verdict.OTHER_SERVICE
    if not key.signs_at(message.position):
        return Verdict.RETIRED_KEY
    position, subject = message.position, message.subject
    return Claim(position, subject, key.algorithm, key.public_bytes, signature, signed)


def _bad(claims: Sequence[Claim]) -> Bad:
    return {c.position: (Verdict.DOES_NOT_HOLD, c.subject) for c in claims if not c.holds}


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

    async def add(self, messages: Sequence[Message], signed: Sequence[bytes]) -> None:
        """Judge some events by their preimages, now or in another process."""
        claims: list[Claim] = []
        for message, data in zip(messages, signed, strict=True):
            claim = claim_of(message, data, self.keys)
            if isinstance(claim, Claim):
                claims.append(claim)
            else:
                self.bad[message.position] = (claim, message.subject)
        if self._pool is None:
            self.bad |= _bad(claims)
            return
        loop = asyncio.get_running_loop()
        self._waiting.add(loop.run_in_executor(self._pool, _bad, claims))
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
