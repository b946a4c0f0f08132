"""Answers to requests as bytes: one subscription for all requests of one kind.

The library's own request checks every header, makes an object of the answer, and knows of one
answer only. A command needs none of that, and a get of many events has as many answers.

Whoever knows a subject that is listened to may have the server send something there. So each
request has a subject that nobody can guess, and what bears a place to answer to is no answer.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from secrets import token_hex

from nats.errors import NoRespondersError

from cadre.shared.log.connection import Connection
from cadre.shared.log.headers import Headers

NO_RESPONDERS = "503"
TOKEN_BYTES = 12

type Take = Callable[[bytes, bytes], None]
"""Takes the block of headers and the body of an answer."""


@dataclass(slots=True)
class Inbox:
    """Subjects for answers. What comes too late is nobody's."""

    client: Connection
    _prefix: str = ""
    _takers: dict[bytes, Take] = field(default_factory=dict[bytes, Take])
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @contextlib.asynccontextmanager
    async def answers(self, take: Take) -> AsyncGenerator[str]:
        """A new subject; ``take`` gets what comes to it until the block ends."""
        if not self._prefix:
            await self._open()
        reply = f"{self._prefix}.{token_hex(TOKEN_BYTES)}"
        self._takers[reply.encode()] = take
        try:
            yield reply
        finally:
            del self._takers[reply.encode()]

    async def ask(self, frames: Callable[[str], bytes], timeout_s: float) -> bytes:
        """The body of the one answer to what ``frames`` makes for a subject.

        Raises: TimeoutError, NoRespondersError, ConnectionClosedError; whatever ``frames`` raises.
        """
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def take(block: bytes, body: bytes) -> None:
            if answer.done():
                return
            if block and Headers(block).status == NO_RESPONDERS:
                answer.set_exception(NoRespondersError())
            else:
                answer.set_result(body)

        async with self.answers(take) as reply:
            await self.client.send(frames(reply))
            async with asyncio.timeout(timeout_s):
                return await answer

    async def _open(self) -> None:
        async with self._opening:
            if not self._prefix:
                prefix = self.client.new_inbox()
                await self.client.tap(f"{prefix}.*", self._take)
                self._prefix = prefix

    def _take(self, subject: bytes, reply: bytes, block: bytes, body: bytes) -> None:
        take = self._takers.get(subject)
        if take is not None and not reply:
            take(block, body)
