"""Commands over NATS request and reply; outcomes and problems as JSON.

FastStream describes the commands (`cadre.shared.serving.asyncapi`), a tap takes them, as FastAPI
and `cadre.shared.serving.door` share the work over HTTP: FastStream's own way to an endpoint costs
as much as deciding, signing and sending.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import NamedTuple

import nats.errors
import structlog

from cadre.shared.asking.wire import headers_from
from cadre.shared.deciding.errors import CadreError, Unavailable
from cadre.shared.deciding.messages import Command
from cadre.shared.handling.outcomes import Outcome, as_json
from cadre.shared.log.connection import Connection, Tap, framed
from cadre.shared.log.headers import Headers
from cadre.shared.running.gate import Gate
from cadre.shared.running.runtime import Runtime
from cadre.shared.serving.callers import Callers, speaking
from cadre.shared.serving.metrics import Metrics
from cadre.shared.showing.service import Service

_LOGGER = structlog.get_logger(__name__)

COMMANDS_AT_ONCE = 64
WAITING_MAX = 10_000
"""If so many wait, whoever comes is refused at once: each would wait longer than it cares to."""
INBOXES = "_INBOX_"
"""What a place to answer to begins with."""


def subject_of(service: Service, command: type[Command]) -> str:
    """Where a command is sent to."""
    return f"commands.{service.name}.{command.name}"


class _Request(NamedTuple):
    """A command as it came."""

    kind: type[Command]
    reply: str
    headers: Headers
    body: bytes


@dataclass(slots=True)
class _Taking:
    """Answers commands, so many at once; the others wait here."""

    client: Connection
    gate: Gate
    callers: Callers
    metrics: Metrics
    under_way: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    refusing: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _waiting: deque[_Request] = field(default_factory=deque[_Request])

    def taking(self, kind: type[Command]) -> Tap:
        """What a subscription to the subject of a command calls."""

        def take(_subject: bytes, reply: bytes, headers: bytes, body: bytes) -> None:
            request = _Request(kind, reply.decode(), Headers(headers), body)
            if len(self._waiting) < WAITING_MAX:
                self._waiting.append(request)
                self._begin()
            else:
                self._refuse(request)

        return take

    def _refuse(self, request: _Request) -> None:
        full = Unavailable(
            "等待的命令过多，此命令未受理 · "
            f"{WAITING_MAX} commands wait here; this one was not taken",
            hint="请稍后用原命令编号重试 · try again later with the same command id",
        )
        self.metrics.count(request.kind.name, full)
        task = asyncio.create_task(self._tell(request, full))
        self.refusing.add(task)
        task.add_done_callback(self.refusing.discard)

    def _begin(self) -> None:
        while self._waiting and len(self.under_way) < COMMANDS_AT_ONCE:
            task = asyncio.create_task(self._answer(self._waiting.popleft()))
            self.under_way.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.under_way.discard(task)
        self._begin()

    async def _answer(self, request: _Request) -> None:
        await self._tell(request, await self._told(request))

    async def _tell(self, request: _Request, answer: Outcome | CadreError) -> None:
        if not request.reply.startswith(INBOXES):
            return  # Nowhere, or where the answer would be taken for something else: an event.
        # A lost connection: the caller asks again with the same id.
        with contextlib.suppress(nats.errors.Error):
            await self.client.send(framed(request.reply, b"", as_json(answer)))

    async def _told(self, request: _Request) -> Outcome | CadreError:
        try:
            with self.metrics.command(request.kind.name):
                headers = headers_from(request.headers.pairs())
                caller = self.callers.known(headers)
                told = speaking(caller, headers)
                return await self.gate.handle(caller, request.kind, request.body, told)
        except CadreError as error:
            return error
        except Exception:
            _LOGGER.exception("command crashed")
            return CadreError(
                "命令未能处理 · the command could not be handled",
                hint="请查看服务运行日志 · see the service's log",
            )


@contextlib.asynccontextmanager
async def serve(runtime: Runtime, callers: Callers, metrics: Metrics) -> AsyncGenerator[None]:
    """Take commands from NATS until the block ends, and finish what was taken."""
    service, taking = runtime.service, _Taking(runtime.client, runtime.gate, callers, metrics)
    subscriptions = [
        await runtime.client.tap(
            subject_of(service, handler.command), taking.taking(handler.command), service.name
        )
        for handler in service.handlers
    ]
    try:
        yield
    finally:
        for subscription in subscriptions:
            with contextlib.suppress(nats.errors.Error):
                await runtime.client.untap(subscription)
        while told := taking.under_way | taking.refusing:
            await asyncio.wait(told)
