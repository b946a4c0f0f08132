"""Commands over NATS request and reply; outcomes and problems as JSON.

FastStream describes the commands, nats-py takes them, as FastAPI and `cadre.shared.door` share the
work over HTTP: FastStream's own way to an endpoint costs as much as deciding, signing and sending.
"""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import nats.errors
import structlog
from faststream.nats import NatsBroker
from nats.aio.msg import Msg
from pydantic import ValidationError

from cadre.shared.errors import CadreError
from cadre.shared.handling import Handling
from cadre.shared.messages import Command
from cadre.shared.outcomes import Outcome, as_json
from cadre.shared.runtime import Runtime
from cadre.shared.service import Service
from cadre.shared.wire import from_validation, meta_from

_LOGGER = structlog.get_logger(__name__)

COMMANDS_AT_ONCE = 64


def subject_of(service: Service, command: type[Command]) -> str:
    """Where a command is sent to."""
    return f"commands.{service.name}.{command.name}"


def broker_of(service: Service) -> NatsBroker:
    """A broker with every command of the service, for its document: it is never connected."""
    broker = NatsBroker(logger=None)
    for handler in service.handlers:
        subscribe = broker.subscriber(
            subject_of(service, handler.command),
            queue=service.name,
            title=handler.command.name,
            description=inspect.getdoc(handler.command) or handler.command.name,
        )
        subscribe(_described(handler.command))
    return broker


def _described(kind: type[Command]) -> Callable[..., Awaitable[Outcome]]:
    async def endpoint(command: Command) -> Outcome:  # noqa: ARG001
        raise AssertionError("this broker only documents")

    endpoint.__annotations__["command"] = kind
    endpoint.__name__ = kind.__name__
    return endpoint


@dataclass(slots=True)
class _Taking:
    """Answers commands, so many at once; the others wait in the subscription."""

    handling: Handling
    under_way: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(COMMANDS_AT_ONCE))

    def taking(self, kind: type[Command]) -> Callable[[Msg], Awaitable[None]]:
        """What a subscription to the subject of a command calls."""

        async def take(message: Msg) -> None:
            await self._room.acquire()
            task = asyncio.create_task(self._answer(kind, message))
            self.under_way.add(task)
            task.add_done_callback(self._done)

        return take

    def _done(self, task: asyncio.Task[None]) -> None:
        self.under_way.discard(task)
        self._room.release()

    async def _answer(self, kind: type[Command], message: Msg) -> None:
        answer = await self._told(kind, message)
        # A lost connection or no place to answer to: the caller asks again with the same id.
        with contextlib.suppress(nats.errors.Error):
            await message.respond(as_json(answer))

    async def _told(self, kind: type[Command], message: Msg) -> Outcome | CadreError:
        try:
            command = kind.model_validate_json(message.data)
            return await self.handling.handle(command, meta_from(message.headers or {}))
        except ValidationError as error:
            return from_validation(error.errors(include_url=False, include_input=False))
        except CadreError as error:
            return error
        except Exception:
            _LOGGER.exception("command crashed")
            return CadreError("the command could not be handled", hint="see the service's log")


@contextlib.asynccontextmanager
async def serve(runtime: Runtime) -> AsyncGenerator[None]:
    """Take commands from NATS until the block ends, and finish what was taken."""
    service, taking = runtime.service, _Taking(runtime.handling)
    subscriptions = [
        await runtime.client.subscribe(  # pyright: ignore[reportUnknownMemberType]
            subject_of(service, handler.command),
            queue=service.name,
            cb=taking.taking(handler.command),
        )
        for handler in service.handlers
    ]
    try:
        yield
    finally:
        for subscription in subscriptions:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()
        if taking.under_way:
            await asyncio.wait(taking.under_way)
