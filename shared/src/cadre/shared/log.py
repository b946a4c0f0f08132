"""The one log: optimistic appends to the JetStream stream HISTORY, and reads from it.

The client library has no call for optimistic appends, atomic batches (ADR-50) or pipelined pulls,
so the protocol's headers and requests are written here and nowhere else.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from cadre.shared.codec import Message, Outgoing
from cadre.shared.errors import CadreError, NotFound, TooLarge, Unavailable

STREAM = "HISTORY"
PUBLISH_TIMEOUT_S = 5.0
BATCH_EVENTS_MAX = 1000
PULL_BATCH = 500
PULLS_OUTSTANDING = 3
PULL_EXPIRES_S = 30.0
HEARTBEAT_S = 5.0
SILENCE_MAX_S = 3 * HEARTBEAT_S
WATCH_S = 0.5
TAIL_EVENTS_MAX = 100_000
ACK_PARTS_SHORT = 9

_WRONG_LAST_SEQUENCE = {10071, 10164}
_SERVER_HEADERS = {
    "Nats-Stream",
    "Nats-Subject",
    "Nats-Sequence",
    "Nats-Time-Stamp",
    "Nats-Num-Pending",
    "Nats-Last-Sequence",
    "Nats-UpTo-Sequence",
}


class Conflict(Exception):
    """Somebody appended to a history after it was read."""


class NoAnswer(Exception):
    """The log did not answer in time: the events may or may not be stored."""


class Gap(Exception):
    """Positions did not follow each other: the log lost events or is another log."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The last position a filter had when it was read; 0 for none."""

    subjects: str
    position: int

    def headers(self) -> dict[str, str]:
        return {
            "Nats-Expected-Last-Subject-Sequence": str(self.position),
            "Nats-Expected-Last-Subject-Sequence-Subject": self.subjects,
        }


@dataclass(slots=True)
class Log:
    """Append to and read from HISTORY over one connection."""

    client: Client
    stream: str = STREAM

    async def append(self, events: Sequence[tuple[Outgoing, Expectation | None]]) -> list[int]:
        """Store all events or none; their positions.

        The first event of each history read carries that history's expectation.

        Raises: Conflict, NoAnswer, Unavailable (nothing was sent), TooLarge.
        """
        if not self.client.is_connected:
            raise Unavailable("the log cannot be reached", hint="try again with the same id")
        if len(events) > BATCH_EVENTS_MAX:
            raise TooLarge(
                f"{len(events)} events in one decision, at most {BATCH_EVENTS_MAX}",
                hint="split the command",
            )
        for event, _ in events:
            size = len(event.body) + sum(len(k) + len(v) + 4 for k, v in event.headers.items())
            if size + 1024 > self.client.max_payload:
                raise TooLarge(
                    f"an event of {size} bytes; the log takes {self.client.max_payload}",
                    where=event.subject,
                    hint="shorten the texts of the command",
                )
        if len(events) == 1:
            event, expectation = events[0]
            headers = event.headers | (expectation.headers() if expectation else {})
            return [int((await self._publish(event, headers))["seq"])]
        return await self._append_batch(events)

    async def _append_batch(
        self, events: Sequence[tuple[Outgoing, Expectation | None]]
    ) -> list[int]:
        batch_id = uuid4().hex
        last = len(events)
        for number, (event, expectation) in enumerate(events, start=1):
            headers = event.headers | (expectation.headers() if expectation else {})
            headers |= {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(number)}
            if number < last:
                await self.client.publish(event.subject, event.body, headers=headers)
            else:
                headers["Nats-Batch-Commit"] = "1"
                answer = await self._publish(event, headers)
                end = int(answer["seq"])
                return list(range(end - last + 1, end + 1))
        return []

    async def _publish(self, event: Outgoing, headers: dict[str, str]) -> dict[str, Any]:
        try:
            reply = await self.client.request(
                event.subject, event.body, timeout=PUBLISH_TIMEOUT_S, headers=headers
            )
        except nats.errors.NoRespondersError as error:
            raise Unavailable(
                f"no stream takes {event.subject}", hint="provision the stream first"
            ) from error
        except (TimeoutError, nats.errors.TimeoutError, nats.errors.ConnectionClosedError) as error:
            raise NoAnswer from error
        answer: dict[str, Any] = json.loads(reply.data)
        if refused := answer.get("error"):
            if refused.get("err_code") in _WRONG_LAST_SEQUENCE:
                raise Conflict(refused.get("description", ""))
            raise CadreError(
                f"the log refused an event: {refused.get('description')}", where=event.subject
            )
        return answer

    async def last_position(self) -> int:
        """The position of the newest event; 0 in an empty log."""
        return int((await self.info())["state"]["last_seq"])

    async def info(self) -> dict[str, Any]:
        """The server's description of the stream."""
        answer = await self.api(f"STREAM.INFO.{self.stream}", {})
        if "error" in answer:
            raise NotFound(f"the stream {self.stream} does not exist", hint="run `cadre provision`")
        return answer

    async def get(self, position: int) -> Message:
        """The event at a position."""
        found = await self._direct({"seq": position})
        if found is None:
            raise NotFound(f"the log holds no event at position {position}")
        return found

    async def tail(self, subjects: str, after: int) -> list[Message]:
        """The events of a filter after a position, oldest first. Meant for few."""
        found: list[Message] = []
        while len(found) < TAIL_EVENTS_MAX:
            message = await self._direct({"seq": after + 1, "next_by_subj": subjects})
            if message is None:
                break
            found.append(message)
            after = message.position
        return found

    async def _direct(self, request: dict[str, Any]) -> Message | None:
        subject = f"$JS.API.DIRECT.GET.{self.stream}"
        try:
            reply = await self.client.request(
                subject, json.dumps(request).encode(), timeout=PUBLISH_TIMEOUT_S
            )
        except nats.errors.NoRespondersError as error:
            raise Unavailable("the log does not answer reads", where=self.stream) from error
        except (TimeoutError, nats.errors.TimeoutError, nats.errors.ConnectionClosedError) as error:
            raise Unavailable("the log did not answer in time", hint="try again") from error
        headers = reply.headers or {}
        status = headers.get("Status")
        if status == "404":
            return None
        if status is not None and "Nats-Sequence" not in headers:
            raise Unavailable(f"the log refused a read: {status} {headers.get('Description', '')}")
        return Message(
            subject=headers["Nats-Subject"],
            headers={k: v for k, v in headers.items() if k not in _SERVER_HEADERS},
            body=reply.data,
            position=int(headers["Nats-Sequence"]),
            recorded_ns=_nanoseconds(headers["Nats-Time-Stamp"]),
        )

    async def api(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """The server's answer to a JetStream API request, errors included."""
        try:
            reply = await self.client.request(
                f"$JS.API.{name}", json.dumps(request).encode(), timeout=PUBLISH_TIMEOUT_S
            )
        except nats.errors.NoRespondersError as error:
            raise Unavailable("JetStream does not answer", where=name) from error
        except (TimeoutError, nats.errors.TimeoutError, nats.errors.ConnectionClosedError) as error:
            raise Unavailable("the log did not answer in time", where=name) from error
        answer: dict[str, Any] = json.loads(reply.data)
        return answer

    async def follow(self, after: int) -> AsyncIterator[list[Message]]:
        """Every event after a position, in order, for ever: lists of what has arrived.

        A lost connection or consumer is taken up again where it broke off. Raises Gap when
        positions do not follow each other.
        """
        while True:
            async with Pull(self, after).open() as pull:
                async for messages in pull.batches():
                    for message in messages:
                        if message.position != after + 1:
                            raise Gap(f"position {message.position} follows {after}")
                        after = message.position
                    yield messages

    async def read(self, after: int = 0, subjects: str = ">") -> AsyncIterator[list[Message]]:
        """The events after a position up to the present end, then stop.

        Raises: Gap when the log goes on but delivers nothing more.
        """
        end = await self.last_position()
        if end <= after:
            return
        while True:
            async with Pull(self, after, subjects).open() as pull:
                if not pull.pending:
                    return
                begun = after
                async for messages in pull.batches(idle_s_max=SILENCE_MAX_S):
                    wanted = [message for message in messages if message.position <= end]
                    if wanted:
                        yield wanted
                    after = messages[-1].position
                    if after >= end or pull.drained:
                        return
                if after == begun:
                    raise Gap(f"nothing comes after position {after}; the log goes on to {end}")


@dataclass(slots=True)
class Pull:
    """An ephemeral consumer and its outstanding pull requests.

    Several requests are kept in flight, so the server never waits for the client. No event is
    acknowledged: the reader's own checkpoint is the only cursor.
    """

    log: Log
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
        client = self.log.client
        self._inbox = client.new_inbox()
        self._name = f"r{uuid4().hex[:16]}"
        subscription = await client.subscribe(  # pyright: ignore[reportUnknownMemberType]
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
                delete = f"$JS.API.CONSUMER.DELETE.{self.log.stream}.{self._name}"
                await client.publish(delete, b"")

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
        request = {"stream_name": self.log.stream, "config": config}
        name = f"CONSUMER.CREATE.{self.log.stream}.{self._name}"
        if self.subjects != ">":
            name = f"{name}.{self.subjects}"
        while True:
            try:
                answer = await self.log.api(name, request)
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
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.log.stream}.{self._name}"
        await self.log.client.publish(subject, json.dumps(request).encode(), reply=reply)

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
        reconnects = self.log.client.stats["reconnects"]
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
                if silent_s > SILENCE_MAX_S or self.log.client.stats["reconnects"] != reconnects:
                    return
        if self._arrived:
            yield list(self._arrived)


def _delivery(reply: str) -> tuple[int, int, int]:
    """Position, time stamp and events left, from ``$JS.ACK.…``: nine parts, or twelve."""
    parts = reply.split(".")
    at = 2 if len(parts) == ACK_PARTS_SHORT else 4
    return int(parts[at + 3]), int(parts[at + 5]), int(parts[at + 6])


def _nanoseconds(stamp: str) -> int:
    """``2026-11-20T13:14:15.123456789Z`` to nanoseconds since 1970."""
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    return seconds * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)
