"""Reading the log: an ephemeral consumer, several pull requests in flight, nothing acknowledged."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import nats.errors
from nats.aio.client import Client

from cadre.shared.connection import Connection
from cadre.shared.errors import Unavailable
from cadre.shared.headers import Headers
from cadre.shared.signed import Message

ANSWER_S_MAX = 5.0
PULL_BATCH = 500
PULLS_OUTSTANDING = 4
PULL_EXPIRES_S = 30.0
HEARTBEAT_S = 5.0
SILENCE_MAX_S = 3 * HEARTBEAT_S
WATCH_S = 0.5
_DELIVERY = b"$JS.ACK."
_DELIVERY_PARTS_SHORT = 9


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

    Several requests are kept in flight, so the server never waits for the client. What lies here
    unread, and what is handed out at once, is at most what they ask for. No event is acknowledged:
    the reader's own checkpoint is the only cursor.
    """

    client: Connection
    stream: str
    after: int
    subjects: str = ">"
    pending: int = 0
    left: int | None = None
    _name: str = ""
    _inbox: str = ""
    _arrived: list[Message] = field(default_factory=list[Message])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _owed: int = 0
    """Events that the server was asked for and has not delivered."""
    _broken: bool = False

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator["Pull"]:
        """Create the consumer, and delete it in the end."""
        self._inbox = self.client.new_inbox()
        self._name = f"r{uuid4().hex[:16]}"
        subscription = await self.client.tap(self._inbox, self._take)
        try:
            await self._create()
            yield self
        finally:
            with contextlib.suppress(Exception):
                await self.client.untap(subscription)
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
        """Ask for more while the server owes less than it may."""
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self._name}"
        request = {
            "batch": PULL_BATCH,
            "expires": int(PULL_EXPIRES_S * 1e9),
            "idle_heartbeat": int(HEARTBEAT_S * 1e9),
        }
        while self._owed <= (PULLS_OUTSTANDING - 1) * PULL_BATCH:
            self._owed += PULL_BATCH
            await self.client.publish(subject, json.dumps(request).encode(), reply=self._inbox)

    def _take(self, subject: bytes, reply: bytes, headers: bytes, body: bytes) -> None:
        self._wake.set()
        if not reply.startswith(_DELIVERY):
            self._take_status(Headers(headers))
            return
        parts = reply.split(b".")
        at = 5 if len(parts) == _DELIVERY_PARTS_SHORT else 7
        self._owed -= 1
        self.left = int(parts[at + 3])
        position, recorded_ns = int(parts[at]), int(parts[at + 2])
        self._arrived.append(
            Message(subject.decode(), Headers(headers), body, position, recorded_ns)
        )

    def _take_status(self, headers: Headers) -> None:
        match headers.status:
            case "100":
                return
            case "404" | "408":
                # A request ended; the server says how much of it was left.
                self._owed -= int(headers.get("Nats-Pending-Messages", str(PULL_BATCH)))
            case _:
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
            await self._request()
            if self._arrived:
                messages, self._arrived = self._arrived, []
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
            yield self._arrived
