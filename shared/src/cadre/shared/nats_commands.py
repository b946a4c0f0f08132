"""Commands over NATS request–reply, through FastStream; answers and problems as JSON."""

import contextlib
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import structlog
from faststream import ExceptionMiddleware
from faststream.nats import NatsBroker, NatsMessage
from faststream.security import SASLPlaintext
from pydantic import ValidationError

from cadre.shared.decider import Handler
from cadre.shared.errors import CadreError
from cadre.shared.handling import Handling
from cadre.shared.messages import Command
from cadre.shared.outcomes import Outcome
from cadre.shared.runtime import Runtime
from cadre.shared.service import Service
from cadre.shared.settings import Settings
from cadre.shared.wire import from_validation, meta_from

_LOGGER = structlog.get_logger(__name__)

type Find = Callable[[], Handling]

SUBJECT = "commands.{service}.{name}"
COMMANDS_AT_ONCE = 64

_CRASHED: dict[str, object] = {
    "type": "urn:cadre:problem:internal",
    "title": "Something is wrong inside",
    "status": 500,
    "detail": "the command could not be handled",
    "hint": "see the service's log",
}


async def _told(error: CadreError) -> dict[str, object]:
    return error.problem()


async def _malformed(error: ValidationError) -> dict[str, object]:
    return from_validation(error.errors()).problem()


async def _crashed(error: Exception) -> dict[str, object]:
    _LOGGER.error("command crashed", exc_info=error)
    return _CRASHED


def broker_of(
    service: Service, handling: Handling | None = None, settings: Settings | None = None
) -> NatsBroker:
    """A broker that takes every command of the service; without a handling, for its document."""
    errors = ExceptionMiddleware(
        publish_handlers={CadreError: _told, ValidationError: _malformed, Exception: _crashed}
    )
    options: dict[str, Any] = {}
    if settings is not None:
        options = {
            "servers": settings.nats_url,
            "security": SASLPlaintext(
                username=settings.nats_user,
                password=settings.nats_password.get_secret_value(),
                use_ssl=False,
            ),
            "inbox_prefix": f"_INBOX_{settings.nats_user}",
            "max_reconnect_attempts": -1,
        }
    broker = NatsBroker(middlewares=[errors], logger=None, **options)
    for handler in service.handlers:
        subject = SUBJECT.format(service=service.name, name=handler.command.name)
        subscribe = broker.subscriber(
            subject,
            queue=service.name,
            title=handler.command.name,
            description=inspect.getdoc(handler.command) or handler.command.name,
            max_workers=COMMANDS_AT_ONCE,
        )
        subscribe(_endpoint(handler, handling))
    return broker


def _endpoint(
    handler: Handler[Any], handling: Handling | None
) -> Callable[..., Awaitable[Outcome]]:
    async def endpoint(command: Command, message: NatsMessage) -> Outcome:
        assert handling is not None, "this broker only documents"  # noqa: S101
        return await handling.handle(command, meta_from(message.headers))

    endpoint.__annotations__["command"] = handler.command
    endpoint.__name__ = handler.command.__name__
    return endpoint


@contextlib.asynccontextmanager
async def serve(runtime: Runtime) -> AsyncGenerator[None]:
    """Take commands from NATS until the block ends."""
    broker = broker_of(runtime.service, runtime.handling, runtime.settings)
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()
