"""The one log: optimistic appends to the JetStream stream HISTORY, and reads from it.

The client library has no call for optimistic appends, atomic batches (ADR-50) or pipelined pulls,
so the protocol's headers and requests are written here and nowhere else.
"""

import asyncio
import json
import time
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

import nats.errors

from cadre.shared.deciding.errors import CadreError, NotFound, OtherBranch, TooLarge, Unavailable
from cadre.shared.deciding.guards import guard_of
from cadre.shared.log.codec import Outgoing
from cadre.shared.log.connection import Connection, framed
from cadre.shared.log.direct import DirectGets, nanoseconds
from cadre.shared.log.headers import Headers
from cadre.shared.log.inbox import Inbox
from cadre.shared.log.marks import Mark
from cadre.shared.log.pull import NOTHING_THERE, SILENCE_MAX_S, Pull, api
from cadre.shared.log.refusals import Conflict, Duplicate, NoAnswer, passes, refusal
from cadre.shared.log.signed import Message
from cadre.shared.log.written import Written

STREAM = "HISTORY"
PUBLISH_TIMEOUT_S = 5.0
BATCH_EVENTS_MAX = 1000
TAIL_EVENTS_MAX = 100_000
ADDED_BYTES_MAX = 1024
"""Whoever gets an event from the server gets headers of the server's with it."""

AGAIN_S = 0.05
"""How long what passes by itself is left alone."""

__all__ = ["STREAM", "Conflict", "Duplicate", "Expectation", "Gap", "Log", "NoAnswer"]


class Gap(Exception):
    """Positions did not follow each other: the log lost events or is another log."""


class Guard(Protocol):
    """Knows whether the log of this connection is the one that was known before."""

    async def require(self) -> None:
        """Return once that is proven. Raises: Unavailable."""
        ...

    @property
    def highest(self) -> int:
        """The highest position known."""
        ...

    def stored(self, event: Outgoing, position: int, above: int) -> None:
        """Take note of an append. Raises: NoAnswer when it cannot be behind ``above``."""
        ...


class Unguarded:
    """For whoever knows nothing of the log yet."""

    highest = 0

    async def require(self) -> None:
        """Nothing has to be proven."""

    def stored(self, event: Outgoing, position: int, above: int) -> None:
        """Nothing is known that it could contradict."""


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

    client: Connection
    stream: str = STREAM
    guard: Guard = field(default_factory=Unguarded)
    written: Written = field(default_factory=Written)
    """What became of the events sent over this connection."""
    _direct: DirectGets = field(init=False)
    _inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        self._inbox = Inbox(self.client)
        self._direct = DirectGets(self.client, self.stream)

    async def append(self, events: Sequence[tuple[Outgoing, Expectation | None]]) -> list[int]:
        """Store all events or none; their positions.

        The first event of each history carries that history's expectation, see
        `cadre.shared.deciding.guards`.

        Raises: Conflict, NoAnswer, Unavailable (nothing was sent), TooLarge.
        """
        if not self.client.is_connected:
            raise Unavailable(
                "无法连接事件日志 · the log cannot be reached",
                hint="请用原编号重试 · try again with the same id",
            )
        await self.guard.require()
        count = len(events)
        if count > BATCH_EVENTS_MAX:
            raise TooLarge(
                f"一次决定的事件过多 · {count} events in one decision, at most {BATCH_EVENTS_MAX}",
                hint="请拆分命令 · split the command",
            )
        known = self.guard.highest
        end = int((await self._ask(events))["seq"])
        self.guard.stored(events[-1][0], end, known)
        return list(range(end - count + 1, end + 1))

    def _frames(self, events: Sequence[tuple[Outgoing, Expectation | None]], reply: str) -> bytes:
        """One event as it is, or an atomic batch; only the last of it is answered."""
        count = len(events)
        batch = uuid4().hex if count > 1 else ""
        frames: list[bytes] = []
        for number, (event, expectation) in enumerate(events, start=1):
            if expectation and expectation.subjects != guard_of(event.subject):
                raise CadreError(
                    "写入所用的防护属于另一历史 · an append is guarded by another history",
                    where=event.subject,
                )
            more = expectation.headers() if expectation else {}
            if batch:
                more |= {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            if batch and number == count:
                more["Nats-Batch-Commit"] = "1"
            frames.append(self._framed(event, more, reply if number == count else ""))
        return b"".join(frames)

    def _framed(self, event: Outgoing, more: dict[str, str], reply: str) -> bytes:
        headers = Headers.of(event.headers).followed_by(more)
        size = len(event.body) + len(headers)
        if size + ADDED_BYTES_MAX > self.client.max_payload:
            raise TooLarge(
                f"事件过大 · an event of {size} bytes; the log takes {self.client.max_payload}",
                where=event.subject,
                hint="请缩短命令中的文字 · shorten the texts of the command",
            )
        return framed(event.subject, headers, event.body, reply)

    async def _ask(self, events: Sequence[tuple[Outgoing, Expectation | None]]) -> dict[str, Any]:
        """The answer that all events are stored. What passes by itself is asked again."""
        subject = events[-1][0].subject
        clock = asyncio.get_running_loop().time
        deadline = clock() + PUBLISH_TIMEOUT_S
        while refused := (answer := await self._told(events)).get("error"):
            if not passes(refused) or clock() > deadline:
                raise refusal(refused, subject)
            await asyncio.sleep(AGAIN_S)
        if answer.get("duplicate"):
            # The server looks for the id before the expectation, and not at all at the content.
            raise Duplicate(int(answer["seq"]))
        return answer

    async def _told(self, events: Sequence[tuple[Outgoing, Expectation | None]]) -> dict[str, Any]:
        sent_at = time.monotonic()
        try:
            told = await self._inbox.ask(partial(self._frames, events), PUBLISH_TIMEOUT_S)
        except nats.errors.NoRespondersError as error:
            raise Unavailable(
                f"没有接收该事件的事件流 · no stream takes {events[-1][0].subject}",
                hint="请先建立事件流 · provision the stream first",
            ) from error
        except TimeoutError as error:
            self.written.unanswered(sent_at)
            raise NoAnswer from error
        except nats.errors.ConnectionClosedError as error:
            raise NoAnswer from error
        try:
            answer: dict[str, Any] = json.loads(told)
        except ValueError as error:
            raise NoAnswer from error
        if "seq" not in answer and "error" not in answer:
            raise NoAnswer
        if "error" not in answer:
            self.written.answered()
        return answer

    async def last_position(self) -> int:
        """The position of the newest event; 0 in an empty log."""
        return int((await self.info())["state"]["last_seq"])

    async def info(self) -> dict[str, Any]:
        """The server's description of the stream."""
        answer = await self.api(f"STREAM.INFO.{self.stream}", {})
        if "error" in answer:
            raise NotFound(
                f"事件流不存在 · the stream {self.stream} does not exist",
                hint="请先建立事件流 · run `cadre provision`",
            )
        return answer

    async def get(self, position: int) -> Message:
        """The event at a position."""
        await self.guard.require()
        # Any of several replicas answers the first, and it may be behind.
        found = await self._direct.one(position) or await self.peek(position)
        if found is None:
            raise NotFound(
                f"事件日志在该位置没有事件 · the log holds no event at position {position}"
            )
        return found

    async def peek(self, position: int) -> Message | None:
        """The event at a position as the leader of the stream has it, proven or not.

        Raises: Unavailable.
        """
        return await self._of_leader({"seq": position})

    async def _of_leader(self, request: dict[str, Any]) -> Message | None:
        answer = await self.api(f"STREAM.MSG.GET.{self.stream}", request)
        if error := answer.get("error"):
            if error.get("err_code") == NOTHING_THERE:
                return None
            raise Unavailable(
                f"事件日志拒绝读取 · the log refused a read: {error.get('description')}"
            )
        held = answer["message"]
        return Message(
            held["subject"],
            Headers(b64decode(held.get("hdrs", ""))),
            b64decode(held.get("data", "")),
            int(held["seq"]),
            nanoseconds(held["time"]),
        )

    async def tail(self, subjects: str, after: int) -> list[Message]:
        """The events of a filter after a position, oldest first. Meant for few.

        Any of several replicas answers a direct get, and one that is behind would answer that
        nothing follows. So it is the leader that says where the end is.
        """
        await self.guard.require()
        found: list[Message] = []
        while len(found) < TAIL_EVENTS_MAX:
            following = await self._next(after, subjects)
            if following is None:
                break
            more, _ = await self._direct.some(subjects, following.position)
            found += [following, *more]
            after = found[-1].position
        await self.guard.require()
        return found

    async def api(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """The server's answer to a JetStream API request, errors included."""
        return await api(self.client, name, request)

    async def follow(self, after: Mark) -> AsyncIterator[list[Message]]:
        """Every event after the one that was read last, in order, for ever: what has arrived.

        A lost connection or consumer is taken up again where it broke off. Each reading begins
        only when the log has the event that was read last: a consumer that starts past the end
        skips whatever is stored up to its start.

        Raises: Gap when positions do not follow each other, and the log has none between;
        OtherBranch when the log has not the event that was read last.
        """
        while True:
            await self._prove(after)
            begun = after
            async with Pull(self.client, self.stream, after.position).open() as pull:
                async for messages in pull.batches():
                    await self.guard.require()
                    whole = await self._whole(after.position, messages)
                    if whole:
                        _must_follow(after.position, whole)
                        after = Mark.of(whole[-1])
                        yield whole
                    if len(whole) < len(messages):
                        break
            if after == begun and (missed := await self._missed(after.position)):
                await self._prove(after)
                _must_follow(after.position, [missed])
                after = Mark.of(missed)
                yield [missed]

    async def _prove(self, known: Mark) -> None:
        """Raises: OtherBranch when the log has not the event that was read last."""
        await self.guard.require()
        if known.position:
            found = await self.peek(known.position)
            if found is None or not known.is_of(found):
                raise differs(known, found)

    async def read(self, after: int = 0, subjects: str = ">") -> AsyncIterator[list[Message]]:
        """The events after a position up to the present end, then stop.

        Raises: Gap when the log goes on but delivers nothing more; Unavailable when events of a
        filter may be missing.
        """
        await self.guard.require()
        end = await self.last_position()
        while after < end:
            begun = after
            async with Pull(self.client, self.stream, after, subjects).open() as pull:
                if not pull.pending:
                    return
                async for messages in pull.batches(idle_s_max=SILENCE_MAX_S):
                    await self.guard.require()
                    whole = messages if subjects != ">" else await self._whole(after, messages)
                    wanted = [message for message in whole if message.position <= end]
                    if wanted:
                        yield wanted
                    after = whole[-1].position if whole else after
                    if len(whole) < len(messages):
                        break
                    if after >= end or pull.drained:
                        if subjects != ">" and not await pull.intact():
                            raise Unavailable(
                                "事件日志未能读全 · the log was not read whole",
                                hint="请重试 · try again",
                            )
                        return
            if after == begun:
                missed = await self._missed(after, subjects)
                if missed is None:
                    raise Gap(f"nothing comes after position {after}; the log goes on to {end}")
                if missed.position <= end:
                    yield [missed]
                after = missed.position

    async def _whole(self, after: int, messages: list[Message]) -> list[Message]:
        """The messages up to where the consumer left out what the log has: somebody changed it."""
        for number, message in enumerate(messages):
            if message.position != after + 1:
                following = await self._next(after)
                if following is None or following.position != message.position:
                    return messages[:number]
            after = message.position
        return messages

    async def _missed(self, after: int, subjects: str = ">") -> Message | None:
        """The next event, where a consumer came to an end and had delivered none.

        So reading goes on, if slowly, whatever is done to consumers.
        """
        await asyncio.sleep(AGAIN_S)
        return await self._next(after, subjects)

    async def _next(self, after: int, subjects: str = ">") -> Message | None:
        return await self._of_leader({"seq": after + 1, "next_by_subj": subjects})


def differs(known: Mark, found: Message | None) -> OtherBranch:
    """What is said of a position that the log has not what is known of."""
    there = "has none there"
    if found is not None:
        there = f"holds {Mark.of(found).event_id} of {found.recorded_at.isoformat()}"
    return OtherBranch(
        "事件日志是另一分支 · "
        f"the log is another branch: position {known.position} is known as event"
        f" {known.event_id or '(unknown)'}, the log {there}",
        hint="请放回较新的日志，或查看比较结果 · "
        "put the newer log back, or see `cadre log compare`",
    )


def _must_follow(position: int, messages: Sequence[Message]) -> None:
    for message in messages:
        if message.position != position + 1:
            raise Gap(f"position {message.position} follows {position}")
        position = message.position
