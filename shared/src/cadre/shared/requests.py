"""Requests that one message answers, made of bytes and answered with bytes.

The library's own request checks every header and makes an object of the answer; a command needs
neither.
"""

import asyncio
from dataclasses import dataclass, field

from nats.errors import NoRespondersError

from cadre.shared.connection import Connection
from cadre.shared.headers import Headers

_NO_RESPONDERS = "503"


@dataclass(slots=True)
class Requests:
    """Asks over one connection. All answers come to one subscription, made with the first."""

    client: Connection
    _inbox: str = ""
    _number: int = 0
    _waiting: dict[bytes, asyncio.Future[bytes]] = field(
        default_factory=dict[bytes, asyncio.Future[bytes]]
    )
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def reply(self) -> str:
        """A subject of its own for an answer."""
        if not self._inbox:
            await self._open()
        self._number += 1
        return f"{self._inbox}.{self._number}"

    async def ask(self, frames: bytes, reply: str, timeout_s: float) -> bytes:
        """The body of the answer to frames of which one names the subject ``reply``.

        Raises: TimeoutError, NoRespondersError, ConnectionClosedError.
        """
        key = reply.encode()
        answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        try:
            await self.client.send(frames)
            async with asyncio.timeout(timeout_s):
                return await answer
        finally:
            del self._waiting[key]

    async def _open(self) -> None:
        async with self._opening:
            if not self._inbox:
                inbox = self.client.new_inbox()
                await self.client.tap(f"{inbox}.*", self._take)
                self._inbox = inbox

    def _take(self, subject: bytes, _reply: bytes, block: bytes, body: bytes) -> None:
        answer = self._waiting.get(subject)
        if answer is None or answer.done():
            return
        if block and Headers(block).status == _NO_RESPONDERS:
            answer.set_exception(NoRespondersError())
        else:
            answer.set_result(body)
