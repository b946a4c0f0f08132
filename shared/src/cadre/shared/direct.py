"""Direct gets (ADR-31): events of a filter by one request, without a consumer.

The client library asks for one event at a time; a batch is answered with several messages and an
end mark, so the requests and their answers are matched here.
"""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import nats.errors

from cadre.shared.connection import Connection
from cadre.shared.errors import Unavailable
from cadre.shared.headers import Headers
from cadre.shared.signed import Message

ANSWER_S_MAX = 5.0
BATCH_MAX = 1000
_END_OF_BATCH = "204"
_NOT_FOUND = "404"
_NO_RESPONDERS = "503"
_ADDED = b"\r\nNats-Stream:"
"""Begins what the server adds behind an event's own headers."""


@dataclass(slots=True)
class _Answer:
    """What has come so far; ``left`` is how many more the server has, once it has told."""

    end: asyncio.Future[int]
    messages: list[Message] = field(default_factory=list[Message])


@dataclass(slots=True)
class DirectGets:
    """Asks one stream. Its answers come to one subscription, made with the first request."""

    client: Connection
    stream: str
    _inbox: str = ""
    _number: int = 0
    _waiting: dict[bytes, _Answer] = field(default_factory=dict[bytes, _Answer])
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def one(self, position: int) -> Message | None:
        """The event at a position."""
        messages, _ = await self._ask({"seq": position})
        return messages[0] if messages else None

    async def some(self, subjects: str, after: int) -> tuple[list[Message], int]:
        """The next events of a filter after a position, and how many follow these."""
        return await self._ask({"seq": after + 1, "next_by_subj": subjects, "batch": BATCH_MAX})

    async def _ask(self, request: dict[str, Any]) -> tuple[list[Message], int]:
        await self._subscribe()
        self._number += 1
        reply = f"{self._inbox}.{self._number}"
        answer = _Answer(asyncio.get_running_loop().create_future())
        self._waiting[reply.encode()] = answer
        subject = f"$JS.API.DIRECT.GET.{self.stream}"
        try:
            await self.client.publish(subject, json.dumps(request).encode(), reply=reply)
            async with asyncio.timeout(ANSWER_S_MAX):
                left = await answer.end
        except (TimeoutError, nats.errors.Error) as error:
            raise Unavailable("the log did not answer in time", hint="try again") from error
        finally:
            del self._waiting[reply.encode()]
        return answer.messages, left

    async def _subscribe(self) -> None:
        async with self._opening:
            if not self._inbox:
                inbox = self.client.new_inbox()
                await self.client.tap(f"{inbox}.*", self._take)
                self._inbox = inbox

    def _take(self, subject: bytes, _reply: bytes, block: bytes, body: bytes) -> None:
        answer = self._waiting.get(subject)
        if answer is None or answer.end.done():
            return
        at = block.rfind(_ADDED)
        if at >= 0:
            own, added = block[:at], Headers(block[at:])
            answer.messages.append(_message(own, added, body))
            if "Nats-Num-Pending" not in added:
                answer.end.set_result(0)
            return
        headers = Headers(block)
        status = headers.status
        if status == _END_OF_BATCH:
            answer.end.set_result(int(headers.get("Nats-Num-Pending", "0")))
        elif status == _NOT_FOUND:
            answer.end.set_result(0)
        elif status == _NO_RESPONDERS:
            answer.end.set_exception(
                Unavailable("the log does not answer reads", where=self.stream)
            )
        else:
            told = block.partition(b"\r\n")[0].decode().removeprefix("NATS/1.0").strip()
            answer.end.set_exception(Unavailable(f"the log refused a read: {told}"))


def _message(own: bytes, added: Headers, body: bytes) -> Message:
    return Message(
        subject=added["Nats-Subject"],
        headers=Headers(own + b"\r\n\r\n" if b"\r\n" in own else b""),
        body=body,
        position=int(added["Nats-Sequence"]),
        recorded_ns=_nanoseconds(added["Nats-Time-Stamp"]),
    )


def _nanoseconds(stamp: str) -> int:
    """``2026-11-20T13:14:15.123456789Z`` to nanoseconds since 1970."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)
