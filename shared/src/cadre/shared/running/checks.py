"""What a service looks at every few seconds to know that it can serve, for its `Vitals`."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, update

from cadre.shared.database.database import Database, create_missing, insert_or_ignore
from cadre.shared.deciding.errors import Unavailable
from cadre.shared.log import connection as connections
from cadre.shared.log.stream import Log
from cadre.shared.projecting.projector import Projector
from cadre.shared.projecting.reactor import Reactor
from cadre.shared.upkeep.vitals import Look

ANSWER_S_MAX = 3.0
SELDOM_S = 5.0
STILL_S_MAX = 20.0
"""How long the runner may be behind the log without moving."""
FREE_BYTES_MIN = 1_000_000
"""A transaction of the runner needs about so much."""

METADATA = MetaData()
TRIALS = Table(
    "write_trials",
    METADATA,
    Column("service", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""One row for each service that tries whether it can write."""


@dataclass(slots=True)
class Seldom:
    """Looks every few seconds while all is well, and each time while it is not."""

    look: Look
    every_s: float = SELDOM_S
    _next: float = 0.0

    async def __call__(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = 0.0
        await self.look()
        self._next = time.monotonic() + self.every_s


def connected(client: connections.Connection) -> Look:
    """That there is a connection to the log."""

    async def look() -> None:
        if client.is_closed:
            raise Unavailable(
                "与事件日志的连接已终止 · the connection to the log is over",
                hint="服务即将退出 · the service ends now",
            )
        if not client.is_connected:
            raise Unavailable(
                "与事件日志没有连接 · there is no connection to the log",
                hint="将自动重新连接 · it is taken up by itself",
            )

    return look


def whole(projector: Projector) -> Look:
    """That the log has given every event up to where it was read."""

    async def look() -> None:
        if projector.gap:
            raise Unavailable(
                f"事件日志缺少事件 · the log lacks events: {projector.gap}",
                hint="请核验；缺失的事件或可修复 · "
                "look with `cadre audit verify`; `cadre audit repair` may give it back",
            )

    return look


def heard(client: connections.Connection) -> Look:
    """That the server holds every subscription, as far as this user may subscribe."""

    async def look() -> None:
        if not client.is_connected:
            return  # Told otherwise, and all are made anew with the connection.
        if refused := await client.subscribe_again():
            raise Unavailable(
                f"日志服务器拒绝订阅 · the log's server refuses a subscription: {refused}",
                hint="请恢复该用户的权限；系统会自动重试 · "
                "give the user its rights back; it is tried again by itself",
            )

    return look


def create(connection: Connection, service: str) -> None:
    """Create the row that `Writing` writes."""
    create_missing(connection, METADATA)
    row = {"service": service, "at": 0}
    connection.execute(insert_or_ignore(TRIALS, connection.dialect), row)


def answering(databases: Iterable[Database]) -> Look:
    """That each database answers a query."""

    async def look() -> None:
        for database in databases:
            await database.answers(ANSWER_S_MAX)

    return look


@dataclass(slots=True)
class Writing:
    """That each database takes a write, and has room for the next."""

    databases: Iterable[Database]
    service: str
    _under_way: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Raises: Unavailable."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._write())
        # Who looks may give up; the write goes on, and no second one waits behind it.
        await asyncio.shield(self._under_way)

    async def _write(self) -> None:
        await asyncio.gather(*(self._write_to(database) for database in self.databases))

    async def _write_to(self, database: Database) -> None:
        if database.folder is not None:
            await asyncio.to_thread(_require_room, database.folder)
        await database.transact(self._touch)

    def _touch(self, connection: Connection) -> None:
        done = connection.execute(
            update(TRIALS)
            .where(TRIALS.c.service == self.service)
            .values(at=time.time_ns() // 1_000_000)
        )
        if done.rowcount != 1:
            create(connection, self.service)


def _require_room(folder: Path) -> None:
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if free < FREE_BYTES_MIN:
        raise Unavailable(
            f"数据库磁盘已满 · the disk of the database is full: {free} bytes are free",
            hint="请腾出空间 · make room on it",
        )


@dataclass(slots=True)
class Mover:
    """Something that follows the log: how far it is, and since when it has not moved."""

    name: str
    position: Callable[[], int]
    _due: int = 0
    _last: int = -1
    behind_since: float | None = None
    moved_at: float = field(default_factory=time.monotonic)

    def seen(self, end: int) -> None:
        """Note where it is while the log ends at ``end``."""
        now, position = time.monotonic(), self.position()
        if position != self._last:
            self._last, self.moved_at = position, now
        if position >= self._due:
            # It has applied what was the end when it was last behind.
            self._due, self.behind_since = end, None if position >= end else now
        elif self.behind_since is None:
            self.behind_since = now  # It went back.
        if self.behind_since is None:
            self.moved_at = now

    @property
    def lag_s(self) -> float:
        """For how long the oldest event that it has not applied is known."""
        return 0.0 if self.behind_since is None else time.monotonic() - self.behind_since

    @property
    def still_s(self) -> float:
        """For how long it has been behind and has not moved."""
        return 0.0 if self.behind_since is None else time.monotonic() - self.moved_at


@dataclass(slots=True)
class Running:
    """That the runner, the reactions and the diary live, and that what follows the log moves."""

    log: Log
    projector: Projector
    reactor: Reactor
    reacts: bool
    tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    end: int = 0
    """Where the log ended when it was last looked at."""
    movers: list[Mover] = field(default_factory=list[Mover])

    def __post_init__(self) -> None:
        self.movers.append(Mover("projector", self._projected))
        if self.reacts:
            self.movers.append(Mover("reactor", lambda: self.reactor.position))

    def _projected(self) -> int:
        # Tables of other code stand still until those beside them are ready.
        standing = self.projector.journal_position
        return standing if self.projector.outdated else min(standing, self.projector.position)

    async def look(self) -> None:
        """Raises: Unavailable that names who is dead or stands still."""
        if dead := [task.get_name() for task in self.tasks if task.done()]:
            raise Unavailable(
                f"后台任务已终止 · has ended: {', '.join(dead)}",
                hint="服务将退出，须重新启动 · the service ends and has to be started anew",
            )
        self.end = await self.log.last_position()
        for mover in self.movers:
            mover.seen(self.end)
        self._require_moving("projector")

    async def look_at_reactions(self) -> None:
        """Raises: Unavailable. It must stop nothing: what reacts gives commands itself."""
        self._require_moving("reactor")

    def _require_moving(self, name: str) -> None:
        for mover in self.movers:
            if mover.name == name and mover.still_s > STILL_S_MAX:
                raise Unavailable(
                    "后台任务停滞，而事件日志仍在前进 · "
                    f"the {name} has stood still at {mover.position()} for {mover.still_s:.0f} s,"
                    f" while the log goes on to {self.end}",
                    hint="原因见服务运行日志 · the service's log says why",
                )
