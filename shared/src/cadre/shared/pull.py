"""Reading the log: an ephemeral consumer, several pull requests in flight, nothing acknowledged."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from cadre.shared.codec import Message
from cadre.shared.errors import Unavailable

ANSWER_S_MAX = 5.0
PULL_BATCH = 500
PULLS_OUTSTANDING = 3
PULL_EXPIRES_S = 30.0
HEARTBEAT_S = 5.0
SILENCE_MAX_S = 3 * HEARTBEAT_S
WATCH_S = 0.5
ACK_PARTS_SHORT = 9


async def api(client: Client, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """The server's answer to a JetStream API request, errors included.

    Raises: Unavailable when none came.
    """
    try:
        reply = await client.request(
            f"$JS.API.{name}", json.dumps(request).encode(), timeout=ANSWER_S_MAX
        )
    except nats.errors.NoRespondersError as error:
        raise Unavailable("JetStream does not answer", where=name) from error
    except (TimeoutError, nats.errors.TimeoutError, nats.errors.ConnectionClosedError) as error:
        raise Unavailable("the log did not answer in time", where=name) from error
    answer: dict[str, Any] = json.loads(reply.data)
    return answer


@dataclass(slots=True)
class Pull:
    """An ephemeral consumer and its outstanding pull requests.

    Several requests are kept in flight, so the server never waits for the client. No event is
    acknowledged: the reader's own checkpoint is the only cursor.
    """

    client: Client
    stream: str
    after: int
    subjects: str = ">"
    pending: int = 0
    left: int | None = None
    _name: str = ""
    _arrived: deque[Message] = field(default_factory=deque[Message])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _outstanding: dict[str, int] = field(default_factory=dict[str, int])
    _number: int = 0
    _inbox: str = ""
    _broken: bool = False

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator["Pull"]:
        """Create the consumer, and delete it in the end."""
        self._inbox = self.client.new_inbox()
        self._name = f"r{uuid4().hex[:16]}"
        subscription = await self.client.subscribe(  # pyright: ignore[reportUnknownMemberType]
            f"{self._inbox}.*", cb=self._on_message, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        try:
            await self._create()
            for _ in range(PULLS_OUTSTANDING):
                await self._request()
            yield self
        finally:
            with contextlib.suppress(Exception):
                await subscription.unsubscribe()
                delete = f"$JS.API.CONSUMER.DELETE.{self.stream}.{self._name}"
                await self.client.publish(delete, b"")

    async def _create(self) -> None:
        config = {
            "name": self._name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self.after + 1,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": int(4 * PULL_EXPIRES_S * 1e9),
            "mem_storage": True,
            "num_replicas": 1,
        }
        if self.subjects != ">":
            config["filter_subject"] = self.subjects
        request = {"stream_name": self.stream, "config": config}
        name = f"CONSUMER.CREATE.{self.stream}.{self._name}"
        if self.subjects != ">":
            name = f"{name}.{self.subjects}"
        while True:
            try:
                answer = await api(self.client, name, request)
            except Unavailable:
                await asyncio.sleep(0.25)
                continue
            if "error" in answer:
                description = answer["error"].get("description")
                raise Unavailable(f"the log refuses to be read: {description}")
            self.pending = int(answer.get("num_pending", 0))
            return

    async def _request(self) -> None:
        self._number += 1
        reply = f"{self._inbox}.{self._number}"
        self._outstanding[reply] = PULL_BATCH
        request = {
            "batch": PULL_BATCH,
            "expires": int(PULL_EXPIRES_S * 1e9),
            "idle_heartbeat": int(HEARTBEAT_S * 1e9),
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self._name}"
        await self.client.publish(subject, json.dumps(request).encode(), reply=reply)

    async def _on_message(self, msg: Msg) -> None:
        self._wake.set()
        if not msg.reply.startswith("$JS.ACK."):
            await self._on_status(msg)
            return
        position, recorded_ns, self.left = _delivery(msg.reply)
        self._arrived.append(
            Message(msg.subject, msg.headers or {}, msg.data, position, recorded_ns)
        )
        # The server hands a request's messages out under the stream's subject: count them down
        # from the oldest request.
        oldest = next(iter(self._outstanding), None)
        if oldest is not None:
            self._outstanding[oldest] -= 1
            if self._outstanding[oldest] == 0:
                del self._outstanding[oldest]
                await self._request()

    async def _on_status(self, msg: Msg) -> None:
        status = (msg.headers or {}).get("Status", "")
        if status == "100":
            return
        if status in {"404", "408"}:
            self._outstanding.pop(msg.subject, None)
            await self._request()
        else:
            self._broken = True

    @property
    def drained(self) -> bool:
        """Whether everything the consumer had to deliver was handed out."""
        return self.left == 0 and not self._arrived

    async def batches(self, idle_s_max: float | None = None) -> AsyncIterator[list[Message]]:
        """What has arrived, as soon as something has; ends when the consumer is gone or silent.

        With ``idle_s_max`` it also ends when no event came for so long, alive or not.
        """
        clock = asyncio.get_running_loop().time
        last_event = clock()
        reconnects = self.client.stats["reconnects"]
        silent_s = 0.0
        while not self._broken:
            if self._arrived:
                messages = list(self._arrived)
                self._arrived.clear()
                silent_s = 0.0
                yield messages
                last_event = clock()
                continue
            if idle_s_max is not None and clock() - last_event > idle_s_max:
                return
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), WATCH_S)
                silent_s = 0.0
            except TimeoutError:
                silent_s += WATCH_S
                # The consumer lives in the server's memory: a restarted server knows it no more.
                if silent_s > SILENCE_MAX_S or self.client.stats["reconnects"] != reconnects:
                    return
        if self._arrived:
            yield list(self._arrived)


def _delivery(reply: str) -> tuple[int, int, int]:
    """Position, time stamp and events left, from ``$JS.ACK.…``: nine parts, or twelve."""
    parts = reply.split(".")
    at = 2 if len(parts) == ACK_PARTS_SHORT else 4
    return int(parts[at + 3]), int(parts[at + 5]), int(parts[at + 6])
