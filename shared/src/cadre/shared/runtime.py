"""One running service: its connections, its runner and its handler, from settings."""

import asyncio
import contextlib
import hmac
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.datastructures import State

from cadre.shared.checks import Running, Seldom, Writing, answering, connected, create, heard
from cadre.shared.codec import Codec, Signer
from cadre.shared.connection import Connection
from cadre.shared.database import Database
from cadre.shared.due import Diary
from cadre.shared.errors import NotFound, OutcomeUnknown, Unavailable
from cadre.shared.forgetting import evict, forget_again
from cadre.shared.handling import Handling
from cadre.shared.histories import Histories
from cadre.shared.journal import Journal
from cadre.shared.keyring import Keyring
from cadre.shared.log import Log
from cadre.shared.master_keys import MasterKeys
from cadre.shared.outages import told
from cadre.shared.past import Past
from cadre.shared.projector import Projector
from cadre.shared.reactor import Reactor
from cadre.shared.readings import Readings
from cadre.shared.service import Context, Service
from cadre.shared.serving import today_in_china
from cadre.shared.settings import Settings
from cadre.shared.vitals import Check, Stops, Vitals
from cadre.shared.written import WriteTest

START_AGAIN_S = 0.5
RECONNECT_WAIT_S = 0.25
PING_EVERY_S = 5
PINGS_UNANSWERED_MAX = 2
CONNECTION = "connection"

type Step = Callable[[], Awaitable[object]]

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
    vitals: Vitals
    failed: asyncio.Event
    """Set when the process cannot go on: a task that runs for ever has ended, or the connection to
    the log is over for good. Whoever keeps the service starts it anew."""
    running: Running
    writes: WriteTest

    def task_ended(self, task: asyncio.Task[None]) -> None:
        """Note that a task that runs for ever has ended; first that, then the word about it."""
        if task.cancelled():
            return
        self.failed.set()
        _LOGGER.error("task ended", task=task.get_name(), exc_info=task.exception())


def waiting(state: State) -> Unavailable | None:
    """Why an application cannot be asked anything yet; None once its `Runtime` is there."""
    if hasattr(state, "runtime"):
        return None
    vitals: Vitals | None = getattr(state, "vitals", None)
    try:
        if vitals is not None:
            vitals.require(Stops.COMMANDS)
    except Unavailable as error:
        return error
    return Unavailable("the service is starting", hint="try again; /health/ready says for what")


async def connect(
    settings: Settings, vitals: Vitals | None = None, over: asyncio.Event | None = None
) -> Connection:
    """A connection that never gives up, with an inbox only its user may read.

    ``over`` is set when it ended for good nevertheless: a password that no longer holds ends it.
    """
    connection = Connection()

    async def on_error(error: Exception) -> None:
        _LOGGER.warning("nats", error=told(error))
        await connection.note_refused(error)
        if vitals is not None and not connection.is_connected:
            detail = f"the log cannot be reached: {told(error)}"
            vitals.found(CONNECTION, detail, hint="it is tried again", stops=Stops.COMMANDS)

    async def on_end() -> None:
        if over is not None:
            over.set()

    await connection.connect(  # pyright: ignore[reportUnknownMemberType]
        settings.nats_url,
        user=settings.nats_user,
        password=settings.nats_password.get_secret_value(),
        inbox_prefix=f"_INBOX_{settings.nats_user}".encode(),
        # Exhausted reconnects would freeze the event loop.
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_WAIT_S,  # pyright: ignore[reportArgumentType]
        # So a server that is gone without a word is noticed.
        ping_interval=PING_EVERY_S,
        max_outstanding_pings=PINGS_UNANSWERED_MAX,
        error_cb=on_error,
        closed_cb=on_end,
        name=f"cadre-{settings.nats_user}",
    )
    if vitals is not None:
        vitals.passed(CONNECTION)
    return connection


@contextlib.asynccontextmanager
async def running(
    service: Service,
    settings: Settings,
    today: Callable[[], date] = today_in_china,
    vitals: Vitals | None = None,
) -> AsyncGenerator[Runtime]:
    """A service with its runner, reactions and diary at work, until the block ends.

    It waits for a log and for databases that are not there yet; ``vitals`` tell for what.
    """
    vitals = vitals or Vitals()
    over = asyncio.Event()
    client = await connect(settings, vitals, over)
    database = Database(settings.database_url.get_secret_value())
    keys = Database(settings.keys_url.get_secret_value(), durable=True)
    runtime = _assemble(
        service,
        settings,
        client,
        database,
        Keyring(keys, MasterKeys(settings.master_key, settings.master_key_previous)),
        today,
        vitals,
    )
    try:
        await _started(runtime, database, keys)
        tasks = runtime.running.tasks
        for name, work in _for_ever(runtime, _checks(runtime, database, keys)):
            task = asyncio.create_task(work, name=name)
            task.add_done_callback(runtime.task_ended)
            tasks.append(task)
        ending = asyncio.create_task(_end_with(over, runtime))
        try:
            yield runtime
        finally:
            tasks = [*tasks, ending]
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


async def _end_with(over: asyncio.Event, runtime: Runtime) -> None:
    """A connection that ended for good ends the service: it could only be deaf."""
    await over.wait()
    runtime.failed.set()
    detail = "the log's server has ended the connection for good"
    hint = "look whether the password in the settings is that of the server"
    runtime.vitals.found(CONNECTION, detail, hint=hint, stops=Stops.EVERYTHING)


def _for_ever(
    runtime: Runtime, checks: Sequence[Check]
) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
    """What runs until the service ends."""
    yield "projector", runtime.projector.run()
    if runtime.service.reactions:
        yield "reactor", runtime.reactor.run()
    yield "diary", _diary(runtime).run()
    yield "vitals", runtime.vitals.watch(checks)


async def _started(runtime: Runtime, database: Database, keys: Database) -> None:
    """Do what comes before everything else; each step waits for what it needs."""
    steps: list[tuple[str, Step]] = [
        ("database", runtime.codec.keyring.create),
        ("database", partial(database.transact, partial(create, service=runtime.service.name))),
        ("database", partial(keys.transact, partial(create, service=runtime.service.name))),
        ("log", runtime.log.info),
        ("log", partial(forget_again, runtime.log, keys.engine)),
        ("database", runtime.projector.start),
        ("database", runtime.reactor.start),
        ("database", partial(runtime.service.start, runtime.context)),
    ]
    for name, step in steps:
        await _patiently(runtime.vitals, name, step)


async def _patiently(vitals: Vitals, name: str, step: Step) -> None:
    """Carry out a step; again and again while what it needs is not there."""
    while True:
        try:
            await step()
        except (Unavailable, OutcomeUnknown, NotFound) as error:
            _LOGGER.warning("waiting", for_=name, error=str(error))
            vitals.found(name, error.detail, hint=error.hint or "", stops=Stops.EVERYTHING)
            await asyncio.sleep(START_AGAIN_S)
        else:
            vitals.passed(name)
            return


def _assemble(
    service: Service,
    settings: Settings,
    client: Connection,
    database: Database,
    keyring: Keyring,
    today: Callable[[], date],
    vitals: Vitals,
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
    projector = Projector(
        service.read_models, database, log, codec, journal, partial(evict, keyring)
    )
    handling = Handling(
        service,
        log,
        Histories(service.name, log, journal, codec, projector),
        codec,
        projector,
        context,
        version(f"cadre-{service.name}"),
        vitals,
    )
    reactor = Reactor(service, database, journal, projector.journaled, codec, handling.handle)
    readings = Readings(client, service.name)
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
        Past(service.read_models, log, codec, projector),
        vitals,
        asyncio.Event(),
        Running(log, projector, reactor, bool(service.reactions)),
        WriteTest(log, service.name, (readings.written,)),
    )


def first_fingerprint_key(master: bytes) -> bytes:
    """What commands are compared with; a later master key must not change it."""
    return hmac.new(master, b"cadre/command-fingerprint", sha256).digest()


def _checks(runtime: Runtime, *databases: Database) -> list[Check]:
    """What is looked at every few seconds."""
    writing = Writing(databases, runtime.service.name)
    return [
        Check(CONNECTION, connected(runtime.client)),
        Check("subscriptions", Seldom(heard(runtime.client))),
        Check("log-write", Seldom(runtime.writes.look)),
        # What does not answer cannot show its tables either.
        Check("database", answering(databases), Stops.EVERYTHING),
        Check("database-write", Seldom(writing.look)),
        Check("runner", runtime.running.look),
        Check("reactions", runtime.running.look_at_reactions, Stops.NOTHING),
    ]


def _diary(runtime: Runtime) -> Diary:
    return Diary(
        runtime.service,
        runtime.context,
        runtime.projector,
        runtime.handling.handle,
    )
