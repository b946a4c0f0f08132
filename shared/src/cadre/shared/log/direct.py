"""Direct gets (ADR-31): events of a filter by one request, without a consumer.

The client library asks for one event at a time; a batch is answered with several messages and an
end mark, which it does not know.
"""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import nats.errors

from cadre.shared.deciding.errors import Unavailable
from cadre.shared.log.connection import Connection
from cadre.shared.log.headers import Headers
from cadre.shared.log.inbox import NO_RESPONDERS, Inbox
from cadre.shared.log.signed import Message

ANSWER_S_MAX = 5.0
BATCH_MAX = 1000
_END_OF_BATCH = "204"
_NOT_FOUND = "404"
_ADDED = b"\r\nNats-Stream:"
"""Begins what the server adds behind an event's own headers."""


@dataclass(slots=True)
class _Answer:
    """What has come so far; ``end`` tells how many more the server has."""

    stream: str
    end: asyncio.Future[int]
    messages: list[Message] = field(default_factory=list[Message])

    def take(self, block: bytes, body: bytes) -> None:
        if self.end.done():
            return
        at = block.rfind(_ADDED)
        if at >= 0:
            own, added = block[:at], Headers(block[at:])
            self.messages.append(_message(own, added, body))
            if "Nats-Num-Pending" not in added:
                self.end.set_result(0)
            return
        headers = Headers(block)
        status = headers.status
        if status == _END_OF_BATCH:
            self.end.set_result(int(headers.get("Nats-Num-Pending", "0")))
        elif status == _NOT_FOUND:
            self.end.set_result(0)
        elif status == NO_RESPONDERS:
            self.end.set_exception(
                Unavailable("事件日志不应答读取 · the log does not answer reads", where=self.stream)
            )
        else:
            told = block.partition(b"\r\n")[0].decode().removeprefix("NATS/1.0").strip()
            self.end.set_exception(
                Unavailable(f"事件日志拒绝读取 · the log refused a read: {told}")
            )


@dataclass(slots=True)
class DirectGets:
    """Asks one stream."""

    client: Connection
    stream: str
    _inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        self._inbox = Inbox(self.client)

    async def one(self, position: int) -> Message | None:
        """The event at a position."""
        messages, _ = await self._ask({"seq": position})
        return messages[0] if messages else None

    async def some(self, subjects: str, after: int) -> tuple[list[Message], int]:
        """The next events of a filter after a position, and how many follow these."""
        return await self._ask({"seq": after + 1, "next_by_subj": subjects, "batch": BATCH_MAX})

    async def _ask(self, request: dict[str, Any]) -> tuple[list[Message], int]:
        answer = _Answer(self.stream, asyncio.get_running_loop().create_future())
        subject, body = f"$JS.API.DIRECT.GET.{self.stream}", json.dumps(request).encode()
        try:
            async with self._inbox.answers(answer.take) as reply:
                await self.client.publish(subject, body, reply=reply)
                async with asyncio.timeout(ANSWER_S_MAX):
                    left = await answer.end
        except (TimeoutError, nats.errors.Error) as error:
            raise Unavailable(
                "事件日志未及时应答 · the log did not answer in time", hint="请重试 · try again"
            ) from error
        return answer.messages, left


def _message(own: bytes, added: Headers, body: bytes) -> Message:
    return Message(
        subject=added["Nats-Subject"],
        headers=Headers(own + b"\r\n\r\n" if b"\r\n" in own else b""),
        body=body,
        position=int(added["Nats-Sequence"]),
        recorded_ns=nanoseconds(added["Nats-Time-Stamp"]),
    )


def nanoseconds(stamp: str) -> int:
    """``2026-11-20T13:14:15.123456789Z`` to nanoseconds since 1970."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)
