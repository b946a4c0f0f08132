"""One running service: its connections, its runner and its handler, from settings."""

import asyncio
import contextlib
import hmac
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from importlib.metadata import version

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.shared import branch
from cadre.shared.branch import Branch
from cadre.shared.codec import Codec, Signer
from cadre.shared.command_ids import CommandIds
from cadre.shared.connection import Connection
from cadre.shared.connection import connect as open_connection
from cadre.shared.database import Database
from cadre.shared.due import Diary
from cadre.shared.errors import CadreError, Malformed, Unavailable
from cadre.shared.forgetting import evict, forget_again
from cadre.shared.handling import Handling
from cadre.shared.histories import Histories
from cadre.shared.journal import Journal
from cadre.shared.keyring import Keyring
from cadre.shared.log import Log
from cadre.shared.master_keys import MasterKeys
from cadre.shared.past import Past
from cadre.shared.progress import Progress
from cadre.shared.projector import Projector
from cadre.shared.reactor import Reactor
from cadre.shared.readings import Readings
from cadre.shared.service import Context, Service
from cadre.shared.serving import today_in_china
from cadre.shared.settings import Settings
from cadre.shared.signed import Message
from cadre.shared.vitals import Check, Stops, Vitals

STREAM_WAIT_S = 0.5
RECONNECT_WAIT_S = 0.25
BEYOND_END_S = 0.5
"""After so long it is asked once more whether the log has come so far: its leader may change."""

_LOGGER = structlog.get_logger(__name__)


@dataclass(slots=True)
class Runtime:
    """Everything a running service holds."""

    service: Service
    settings: Settings
    client: Connection
    engine: AsyncEngine
    log: Log
    codec: Codec
    context: Context
    projector: Projector
    reactor: Reactor
    handling: Handling
    readings: Readings
    past: Past
    branch: Branch
    vitals: Vitals
    failed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the runner or the reactions ended, which only a defect can cause."""

    async def wait(self, position: int) -> None:
        """Return once the tables show a position that somebody named.

        Raises: Malformed when the log has not come so far, Unavailable when it takes too long.
        """
        if position > self.branch.highest:
            for pause_s in (0.0, BEYOND_END_S):
                await asyncio.sleep(pause_s)
                if (last := await self.log.last_position()) >= position:
                    break
            else:
                raise Malformed(
                    f"the log ends at {last}",
                    where="after",
                    hint="a log that was put back has lost what came later",
                )
        await self.projector.wait(position, self.settings.wait_s_max)

    def task_ended(self, task: asyncio.Task[None]) -> None:
        """Note that a task that runs for ever has ended."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOGGER.error("task failed", task=task.get_name(), exc_info=error)
            self.failed.set()


async def connect(settings: Settings) -> Connection:
    """A connection that never gives up, with an inbox only its user may read."""

    async def on_error(error: Exception) -> None:
        _LOGGER.warning("nats", error=str(error) or type(error).__name__)

    return await open_connection(
        settings.nats_url,
        ca_file=settings.ca_file,
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
async def running(
    service: Service, settings: Settings, today: Callable[[], date] = today_in_china
) -> AsyncGenerator[Runtime]:
    """A service with its runner, reactions and diary at work, until the block ends."""
    client = await connect(settings)
    database = Database(settings.database_url.get_secret_value())
    keys = Database(settings.keys_url.get_secret_value(), durable=True)
    runtime = _assemble(
        service,
        settings,
        client,
        database,
        Keyring(keys, MasterKeys(settings.master_key, settings.master_key_previous)),
        today,
    )
    try:
        await runtime.codec.keyring.create()
        await _await_stream(runtime.log)
        await runtime.projector.start()
        await runtime.handling.command_ids.start()
        await runtime.reactor.start()
        known = await runtime.branch.start()
        if known:
            await forget_again(runtime.log, keys.engine)
        await service.start(runtime.context)
        tasks = [
            asyncio.create_task(runtime.projector.run(), name="projector"),
            asyncio.create_task(runtime.reactor.run(), name="reactor"),
            asyncio.create_task(_diary(runtime).run(), name="diary"),
            asyncio.create_task(runtime.vitals.watch(_checks(runtime)), name="vitals"),
        ]
        if not known:
            forgetting = _forget_once_known(runtime, keys)
            tasks.append(asyncio.create_task(forgetting, name="forgetting"))
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
        await runtime.past.close()
        await database.close()
        await keys.close()


def _assemble(
    service: Service,
    settings: Settings,
    client: Connection,
    database: Database,
    keyring: Keyring,
    today: Callable[[], date],
) -> Runtime:
    codec = Codec(Signer.from_seed(service.name, settings.signing_key), keyring)
    log = Log(client)
    journal = Journal(service.name, database)
    context = Context(
        store=keyring.database,
        index_key=settings.index_key,
        tables=database.engine,
        today=today,
        fingerprint_key=settings.fingerprint_key or first_fingerprint_key(settings.master_key),
    )
    journaled = Progress("in the journal")
    command_ids = CommandIds(database, log, journaled)

    def seen(messages: Sequence[Message]) -> None:
        evict(keyring, messages)
        command_ids.took(messages)

    projector = Projector(
        service.read_models, database, log, codec, journal, seen, journaled=journaled
    )
    vitals = Vitals()
    histories = Histories(service.name, log, journal, codec, projector)
    past = Past(service.read_models, log, codec, projector)
    handling = Handling(
        service,
        log,
        histories,
        codec,
        projector,
        command_ids,
        context,
        version(f"cadre-{service.name}"),
        vitals,
    )
    reactor = Reactor(service, database, journal, projector.journaled, codec, handling.handle)
    readings = Readings(client, service.name)
    forget = (histories.forget, past.forget)
    log.guard = known = Branch(log, database, projector, reactor, vitals, forget)
    return Runtime(
        service,
        settings,
        client,
        database.engine,
        log,
        codec,
        context,
        projector,
        reactor,
        handling,
        readings,
        past,
        known,
        vitals,
    )


def first_fingerprint_key(master: bytes) -> bytes:
    """What commands are compared with; a later master key must not change it."""
    return hmac.new(master, b"cadre/command-fingerprint", sha256).digest()


def _checks(runtime: Runtime) -> list[Check]:
    """What is looked at every few seconds."""

    async def connected() -> None:
        if not runtime.client.is_connected:
            raise Unavailable("there is no connection to the log", hint="it is taken up by itself")

    async def whole() -> None:
        if gap := runtime.projector.gap:
            hint = "look with `cadre audit verify`; `cadre audit repair` may give it back"
            raise Unavailable(f"the log lacks events: {gap}", hint=hint)

    return [
        Check("connection", connected),
        Check(branch.FAULT, runtime.branch.look, Stops.EVERYTHING),
        Check("log-gap", whole, Stops.EVERYTHING),
        Check("command-ids", runtime.handling.command_ids.look),
    ]


def _diary(runtime: Runtime) -> Diary:
    return Diary(
        runtime.service,
        runtime.context,
        runtime.projector,
        runtime.handling.handle,
    )


async def _forget_once_known(runtime: Runtime, keys: Database) -> None:
    """What another branch says was destroyed is none of this service's business."""
    await runtime.branch.proven()
    await forget_again(runtime.log, keys.engine)


async def _await_stream(log: Log) -> None:
    while True:
        try:
            await log.info()
        except CadreError as error:
            _LOGGER.info("waiting for the stream", error=str(error))
            await asyncio.sleep(STREAM_WAIT_S)
        else:
            return
