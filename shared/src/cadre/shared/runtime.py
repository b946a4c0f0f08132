"""One running service: its connections, its runner and its handler, from settings."""

import asyncio
import contextlib
import hmac
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version

import nats
import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.shared.codec import Codec, Signer
from cadre.shared.database import create_engine
from cadre.shared.errors import CadreError
from cadre.shared.handling import Handling
from cadre.shared.journal import Journal
from cadre.shared.keyring import Keyring
from cadre.shared.log import Log
from cadre.shared.projector import Projector
from cadre.shared.reactor import Reactor
from cadre.shared.service import Context, Service
from cadre.shared.settings import Settings

STREAM_WAIT_S = 0.5
RECONNECT_WAIT_S = 0.25

_LOGGER = structlog.get_logger(__name__)


@dataclass(slots=True)
class Runtime:
    """Everything a running service holds."""

    service: Service
    settings: Settings
    client: Client
    engine: AsyncEngine
    log: Log
    codec: Codec
    context: Context
    projector: Projector
    reactor: Reactor
    handling: Handling
    failed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the runner or the reactions ended, which only a defect can cause."""

    def task_ended(self, task: asyncio.Task[None]) -> None:
        """Note that a task that runs for ever has ended."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("task failed", task=task.get_name(), exc_info=error)
            self.failed.set()


async def connect(settings: Settings) -> Client:
    """A connection that never gives up, with an inbox only its user may read."""

    async def on_error(error: Exception) -> None:
        _LOGGER.warning("nats", error=str(error) or type(error).__name__)

    return await nats.connect(  # pyright: ignore[reportUnknownMemberType]
        settings.nats_url,
        user=settings.nats_user,
        password=settings.nats_password.get_secret_value(),
        inbox_prefix=f"_INBOX_{settings.nats_user}".encode(),
        # Exhausted reconnects would freeze the event loop.
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_WAIT_S,
        error_cb=on_error,
        name=f"cadre-{settings.nats_user}",
    )


@contextlib.asynccontextmanager
async def running(service: Service, settings: Settings) -> AsyncGenerator[Runtime]:
    """A service with its runner and reactions at work, until the block ends."""
    client = await connect(settings)
    engine = create_engine(settings.database_url.get_secret_value())
    keys = create_engine(settings.keys_url.get_secret_value(), durable=True)
    runtime = _assemble(
        service, settings, client, engine, Keyring(keys, AESGCM(settings.master_key))
    )
    try:
        await runtime.codec.keyring.create()
        await _await_stream(runtime.log)
        await runtime.projector.start()
        await runtime.reactor.start()
        await service.start(runtime.context)
        tasks = [
            asyncio.create_task(runtime.projector.run(), name="projector"),
            asyncio.create_task(runtime.reactor.run(), name="reactor"),
        ]
        for task in tasks:
            task.add_done_callback(runtime.task_ended)
        try:
            yield runtime
        finally:
            if runtime.projector.rebuilding:
                tasks.append(runtime.projector.rebuilding)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await client.close()
        await engine.dispose()
        await keys.dispose()


def _assemble(
    service: Service, settings: Settings, client: Client, engine: AsyncEngine, keyring: Keyring
) -> Runtime:
    codec = Codec(Signer.from_seed(service.name, settings.signing_key), keyring)
    log = Log(client)
    journal = Journal(service.name, engine)
    context = Context(
        engine=keyring.engine,
        index_key=settings.index_key,
        fingerprint_key=_derived(settings.master_key, "command-fingerprint"),
    )
    projector = Projector(service.read_models, engine, log, codec, journal)
    handling = Handling(
        service, log, journal, codec, projector, context, version(f"cadre-{service.name}")
    )
    reactor = Reactor(service, engine, log, codec, handling.handle)
    return Runtime(
        service, settings, client, engine, log, codec, context, projector, reactor, handling
    )


def _derived(master: bytes, purpose: str) -> bytes:
    return hmac.new(master, f"cadre/{purpose}".encode(), sha256).digest()


async def _await_stream(log: Log) -> None:
    while True:
        try:
            await log.info()
        except CadreError as error:
            _LOGGER.info("waiting for the stream", error=str(error))
            await asyncio.sleep(STREAM_WAIT_S)
        else:
            return
