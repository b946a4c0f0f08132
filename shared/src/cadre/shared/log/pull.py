"""Reading the log: an ephemeral consumer, several pull requests in flight, nothing acknowledged.

Whoever may create consumers may change or empty one of which he knows the name. So names cannot be
guessed, only what the consumer itself delivers is taken, each delivery must follow the one before,
and a watch looks whether the consumer is still as it was made and keeps up with the log. If not, it
is given up, and whoever reads makes another where this one ended.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import nats.errors
from nats.aio.client import Client

from cadre.shared.deciding.errors import Unavailable
from cadre.shared.log.connection import Connection
from cadre.shared.log.headers import Headers
from cadre.shared.log.signed import Message

ANSWER_S_MAX = 5.0
PULL_BATCH = 500
PULLS_OUTSTANDING = 4
PULL_EXPIRES_S = 30.0
HEARTBEAT_S = 5.0
SILENCE_MAX_S = 3 * HEARTBEAT_S
WATCH_S = 0.5
LOOK_EVERY_S = 1.5
"""What two looks in a row find is so: it is noticed within five seconds."""
NAME_BYTES = 16
NOTHING_THERE = 10037
_GONE = 404
_DELIVERY = b"$JS.ACK"
_WITHOUT_BODY = b"\r\nNats-Msg-Size:"
"""What a consumer adds to an event of which it was told to keep the body back."""


async def api(client: Client, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """The server's answer to a JetStream API request, errors included.

    Raises: Unavailable when none came.
    """
    try:
        reply = await client.request(
            f"$JS.API.{name}", json.dumps(request).encode(), timeout=ANSWER_S_MAX
        )
    except nats.errors.NoRespondersError as error:
        raise Unavailable("事件日志没有应答 · JetStream does not answer", where=name) from error
    except (TimeoutError, nats.errors.TimeoutError, nats.errors.ConnectionClosedError) as error:
        raise Unavailable(
            "事件日志未及时应答 · the log did not answer in time", where=name
        ) from error
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
    _name: str = field(default_factory=lambda: f"r{token_hex(NAME_BYTES)}")
    _reply: str = ""
    """Where deliveries are sent; that is not told by what is listened to."""
    _reply_bytes: bytes = b""
    _mine: bytes = field(init=False)
    """Stream and consumer, as a delivery names them."""
    _made: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the server said of the consumer when it had created it."""
    _arrived: list[Message] = field(default_factory=list[Message])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _number: int = 0
    """Of the last delivery."""
    _position: int = field(init=False)
    """Of the last event that was delivered."""
    _owed: int = 0
    """Events that the server was asked for and has not delivered."""
    broken: bool = False
    """Whether the consumer was given up."""

    def __post_init__(self) -> None:
        self._position = self.after
        self._mine = f".{self.stream}.{self._name}.".encode()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator["Pull"]:
        """Create the consumer, and delete it in the end."""
        inbox = self.client.new_inbox()
        self._reply = f"{inbox}.{token_hex(NAME_BYTES)}"
        self._reply_bytes = self._reply.encode()
        subscription = await self.client.tap(f"{inbox}.*", self._take)
        watching: asyncio.Task[None] | None = None
        try:
            await self._create()
            watching = asyncio.create_task(self._watch())
            yield self
        finally:
            if watching is not None:
                watching.cancel()
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
                raise Unavailable(f"事件日志拒绝读取 · the log refuses to be read: {description}")
            self._made = answer
            self.pending = int(answer.get("num_pending", 0))
            return

    async def intact(self) -> bool:
        """Whether the consumer is there, as it was made.

        Raises: Unavailable.
        """
        answer = await api(self.client, f"CONSUMER.INFO.{self.stream}.{self._name}", {})
        if error := answer.get("error"):
            if error.get("code") == _GONE:
                return False
            raise Unavailable(
                "事件日志未答复读取进度 · "
                f"the log does not tell of a consumer: {error.get('description')}"
            )
        made = self._made
        same = answer["config"] == made["config"] and answer["created"] == made["created"]
        return same and not answer.get("paused")

    async def _watch(self) -> None:
        """Give the consumer up when it is not the one that was made, or falls behind."""
        number, behind = 0, False
        while not self.broken:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                idle = self._number == number and self._owed > 0 and not self._arrived
                was_behind, behind = behind, idle and await self._owes()
                if not await self.intact() or (behind and was_behind):
                    self._give_up()
            except Unavailable:
                continue
            number = self._number

    async def _owes(self) -> bool:
        """Whether the log, as its leader has it, goes on behind what was delivered."""
        request: dict[str, Any] = {"seq": self._position + 1, "next_by_subj": self.subjects}
        answer = await api(self.client, f"STREAM.MSG.GET.{self.stream}", request)
        return answer.get("error", {}).get("err_code") != NOTHING_THERE

    def _give_up(self) -> None:
        self.broken = True
        self._wake.set()

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
            try:
                await self.client.publish(subject, json.dumps(request).encode(), reply=self._reply)
            except nats.errors.Error as error:
                raise Unavailable(
                    "无法继续读取事件日志 · the log cannot be asked for more", where=self.stream
                ) from error

    def _take(self, subject: bytes, reply: bytes, headers: bytes, body: bytes) -> None:
        if self.broken:
            return
        if subject == self._reply_bytes:
            if not reply:
                self._take_status(Headers(headers))
            return
        try:
            # In between some servers name a domain and an account.
            begin, numbers = reply.split(self._mine)
            position, number, recorded_ns, left = map(int, numbers.split(b".")[1:5])
        except ValueError:
            return
        if not begin.startswith(_DELIVERY):
            return
        self._wake.set()
        withheld = not body and _WITHOUT_BODY in headers
        if number != self._number + 1 or withheld:
            # Somebody else was given what lies between, or it was changed.
            self._give_up()
            return
        self._owed -= 1
        self.left, self._number, self._position = left, number, position
        self._arrived.append(
            Message(subject.decode(), Headers(headers), body, position, recorded_ns)
        )

    def _take_status(self, headers: Headers) -> None:
        match headers.status:
            case "100":
                self._wake.set()
            case "404" | "408":
                # A request ended; the server says how much of it was left.
                left = headers.get("Nats-Pending-Messages", "")
                self._owed -= int(left) if left.isdecimal() else PULL_BATCH
                self._wake.set()
            case status if status.isdecimal():
                self._give_up()
            case _:
                """An answer to a request that nobody made here."""

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
        while not self.broken:
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
