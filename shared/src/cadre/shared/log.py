"""The one log: optimistic appends to the JetStream stream HISTORY, and reads from it.

The client library has no call for optimistic appends, atomic batches (ADR-50) or pipelined pulls,
so the protocol's headers and requests are written here and nowhere else.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import nats.errors

from cadre.shared.codec import Outgoing
from cadre.shared.connection import Connection, framed
from cadre.shared.direct import DirectGets
from cadre.shared.errors import CadreError, NotFound, TooLarge, Unavailable
from cadre.shared.headers import Headers
from cadre.shared.inbox import Inbox
from cadre.shared.pull import SILENCE_MAX_S, Pull, api
from cadre.shared.signed import Message
from cadre.shared.written import Written, cannot_store

STREAM = "HISTORY"
PUBLISH_TIMEOUT_S = 5.0
BATCH_EVENTS_MAX = 1000
TAIL_EVENTS_MAX = 100_000
ADDED_BYTES_MAX = 1024
"""Whoever gets an event from the server gets headers of the server's with it."""

_WRONG_LAST_SEQUENCE = {10071, 10164}
_STORED_BEFORE = 10201


class Conflict(Exception):
    """Somebody appended to a history after it was read, or the same event before."""


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

    client: Connection
    stream: str = STREAM
    written: Written = field(default_factory=Written)
    """What became of the events sent over this connection."""
    _direct: DirectGets = field(init=False)
    _inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        self._inbox = Inbox(self.client)
        self._direct = DirectGets(self.client, self.stream)

    async def append(self, events: Sequence[tuple[Outgoing, Expectation | None]]) -> list[int]:
        """Store all events or none; their positions.

        The first event of each history read carries that history's expectation.

        Raises: Conflict, NoAnswer, Unavailable (nothing was sent), TooLarge.
        """
        if not self.client.is_connected:
            raise Unavailable("the log cannot be reached", hint="try again with the same id")
        count = len(events)
        if count > BATCH_EVENTS_MAX:
            raise TooLarge(
                f"{count} events in one decision, at most {BATCH_EVENTS_MAX}",
                hint="split the command",
            )
        end = int((await self._ask(events))["seq"])
        return list(range(end - count + 1, end + 1))

    def _frames(self, events: Sequence[tuple[Outgoing, Expectation | None]], reply: str) -> bytes:
        """One event as it is, or an atomic batch; only the last of it is answered."""
        count = len(events)
        batch = uuid4().hex if count > 1 else ""
        frames: list[bytes] = []
        for number, (event, expectation) in enumerate(events, start=1):
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
                f"an event of {size} bytes; the log takes {self.client.max_payload}",
                where=event.subject,
                hint="shorten the texts of the command",
            )
        return framed(event.subject, headers, event.body, reply)

    async def _ask(self, events: Sequence[tuple[Outgoing, Expectation | None]]) -> dict[str, Any]:
        subject = events[-1][0].subject
        try:
            told = await self._inbox.ask(partial(self._frames, events), PUBLISH_TIMEOUT_S)
        except nats.errors.NoRespondersError as error:
            raise Unavailable(
                f"no stream takes {subject}", hint="provision the stream first"
            ) from error
        except TimeoutError as error:
            self.written.unanswered()
            raise NoAnswer from error
        except nats.errors.ConnectionClosedError as error:
            raise NoAnswer from error
        answer: dict[str, Any] = json.loads(told)
        if refused := answer.get("error"):
            if refused.get("err_code") in {*_WRONG_LAST_SEQUENCE, _STORED_BEFORE}:
                raise Conflict(refused.get("description", ""))
            raise cannot_store(refused, subject) or CadreError(
                f"the log refused an event: {refused.get('description')}", where=subject
            )
        if answer.get("duplicate"):
            # The server looks for the id before the expectation, and not at all at the content.
            raise Conflict("an event of this id is stored")
        self.written.answered()
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
        found = await self._direct.one(position)
        if found is None:
            raise NotFound(f"the log holds no event at position {position}")
        return found

    async def tail(self, subjects: str, after: int) -> list[Message]:
        """The events of a filter after a position, oldest first. Meant for few."""
        found: list[Message] = []
        left = 1
        while left and len(found) < TAIL_EVENTS_MAX:
            messages, left = await self._direct.some(subjects, after)
            if not messages:
                break
            found += messages
            after = messages[-1].position
        return found

    async def api(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """The server's answer to a JetStream API request, errors included."""
        return await api(self.client, name, request)

    async def follow(self, after: int) -> AsyncIterator[list[Message]]:
        """Every event after a position, in order, for ever: lists of what has arrived.

        A lost connection or consumer is taken up again where it broke off. Raises Gap when
        positions do not follow each other.
        """
        while True:
            async with Pull(self.client, self.stream, after).open() as pull:
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
            async with Pull(self.client, self.stream, after, subjects).open() as pull:
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
