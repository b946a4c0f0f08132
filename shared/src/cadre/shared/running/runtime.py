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

from cadre.shared.database.database import Database
from cadre.shared.database.outages import told
from cadre.shared.deciding.calendar import today_in_china
from cadre.shared.deciding.errors import Malformed, NotFound, OutcomeUnknown, Unavailable
from cadre.shared.handling.command_ids import CommandIds
from cadre.shared.handling.handling import Handling
from cadre.shared.handling.histories import Histories
from cadre.shared.keys.context import Context
from cadre.shared.keys.keyring import Keyring
from cadre.shared.keys.master_keys import MasterKeys
from cadre.shared.log.codec import Codec, Signer
from cadre.shared.log.connection import Connection
from cadre.shared.log.readings import Readings
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.log.write_test import WriteTest
from cadre.shared.projecting import branch
from cadre.shared.projecting.branch import Branch
from cadre.shared.projecting.journal import Journal
from cadre.shared.projecting.past import Past
from cadre.shared.projecting.projector import Projector
from cadre.shared.projecting.reactor import Reactor
from cadre.shared.running.checks import (
    Running,
    Seldom,
    Writing,
    answering,
    connected,
    create,
    heard,
    whole,
)
from cadre.shared.running.diary import Diary
from cadre.shared.running.forgetting import evict, forget_again
from cadre.shared.running.gate import Gate
from cadre.shared.showing.service import Service
from cadre.shared.upkeep.progress import Progress
from cadre.shared.upkeep.settings import Settings
from cadre.shared.upkeep.vitals import Check, Stops, Vitals

START_AGAIN_S = 0.5
RECONNECT_WAIT_S = 0.25
BEYOND_END_S = 0.5
"""After so long it is asked once more whether the log has come so far: its leader may change."""
PING_EVERY_S = 5
PINGS_UNANSWERED_MAX = 2
CONNECTION = "connection"

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
    gate: Gate
    readings: Readings
    past: Past
    branch: Branch
    vitals: Vitals
    failed: asyncio.Event
    """Set when the process cannot go on: a task that runs for ever has ended, or the connection to
    the log is over for good. Whoever keeps the service starts it anew."""
    running: Running
    writes: WriteTest

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
                    f"事件日志没有这么多事件 · the log ends at {last}",
                    where="after",
                    hint="日志恢复后缺少后段 · a log that was put back has lost what came later",
                )
        await self.projector.wait(position, self.settings.wait_s_max)

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
    return Unavailable(
        "服务正在启动 · the service is starting",
        hint="请稍后重试；下址说明在等待什么 · try again; /health/ready says for what",
    )


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
            detail = f"无法连接事件日志 · the log cannot be reached: {told(error)}"
            vitals.found(
                CONNECTION, detail, hint="将自动重试 · it is tried again", stops=Stops.COMMANDS
            )

    async def on_return() -> None:
        if vitals is not None:
            vitals.passed(CONNECTION)

    async def on_end() -> None:
        if over is not None:
            over.set()

    await connection.reach(
        settings.nats_url,
        ca_file=settings.ca_file,
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
        reconnected_cb=on_return,
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
        known = await _started(runtime, database, keys)
        tasks = runtime.running.tasks
        for name, work in _for_ever(runtime, _checks(runtime, database, keys)):
            task = asyncio.create_task(work, name=name)
            task.add_done_callback(runtime.task_ended)
            tasks.append(task)
        others = [asyncio.create_task(_end_with(over, runtime))]
        if not known:
            others.append(asyncio.create_task(_forget_once_known(runtime, keys)))
        try:
            yield runtime
        finally:
            tasks = [*tasks, *others]
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
    detail = "日志服务器已终止连接 · the log's server has ended the connection for good"
    hint = (
        "请核对设置中的密码是否与服务器一致 · "
        "look whether the password in the settings is that of the server"
    )
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


async def _started(runtime: Runtime, database: Database, keys: Database) -> bool:
    """Do what comes before everything else; each step waits for what it needs.

    Whether the log is the one that is known.
    """
    trials = partial(create, service=runtime.service.name)
    vitals = runtime.vitals
    await _patiently(vitals, "database", runtime.codec.keyring.create)
    await _patiently(vitals, "database", partial(database.transact, trials))
    await _patiently(vitals, "database", partial(keys.transact, trials))
    await _patiently(vitals, "log", runtime.log.info)
    await _patiently(vitals, "database", runtime.projector.start)
    await _patiently(vitals, "database", runtime.reactor.start)
    known = await _patiently(vitals, "database", runtime.branch.start)
    await _patiently(vitals, "log", runtime.handling.command_ids.start)
    if known:
        await _patiently(vitals, "log", partial(forget_again, runtime.log, keys.engine))
    await _patiently(vitals, "database", partial(runtime.service.start, runtime.context))
    return known


async def _forget_once_known(runtime: Runtime, keys: Database) -> None:
    """What another branch says was destroyed is none of this service's business."""
    await runtime.branch.proven()
    await _patiently(runtime.vitals, "log", partial(forget_again, runtime.log, keys.engine))


async def _patiently[T](vitals: Vitals, name: str, step: Callable[[], Awaitable[T]]) -> T:
    """Carry out a step; again and again while what it needs is not there."""
    while True:
        try:
            done = await step()
        except (Unavailable, OutcomeUnknown, NotFound) as error:
            _LOGGER.warning("waiting", for_=name, error=str(error))
            vitals.found(name, error.detail, hint=error.hint or "", stops=Stops.EVERYTHING)
            await asyncio.sleep(START_AGAIN_S)
        else:
            vitals.passed(name)
            return done


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
    journaled = Progress("in the journal")
    command_ids = CommandIds(database, log, journaled)

    def seen(messages: Sequence[Message]) -> None:
        evict(keyring, messages)
        command_ids.took(messages)
        gate.saw(messages)

    projector = Projector(
        service.read_models, database, log, codec, journal, seen, journaled=journaled
    )
    histories = Histories(service.name, log, journal, codec, projector, service.reads)
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
    gate = Gate(handling)
    reactor = Reactor(service, database, journal, projector.journaled, codec, handling.handle)
    readings = Readings(client, service.name)
    forget = (histories.forget, past.forget, gate.forget)
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
        gate,
        readings,
        past,
        known,
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
        Check(branch.FAULT, runtime.branch.look, Stops.EVERYTHING),
        Check("log-gap", whole(runtime.projector), Stops.EVERYTHING),
        Check("log-write", Seldom(runtime.writes.look)),
        # What does not answer cannot show its tables either.
        Check("database", answering(databases), Stops.EVERYTHING),
        Check("database-write", Seldom(writing.look)),
        Check("command-ids", runtime.handling.command_ids.look),
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
