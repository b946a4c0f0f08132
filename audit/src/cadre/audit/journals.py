"""The services' journals beside the log: each is a second copy of the events its service needs."""

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, event, func, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from cadre.audit.leaf import own
from cadre.shared.log.headers import Headers
from cadre.shared.log.signed import Message
from cadre.shared.projecting.journal import CHECKPOINTS, JOURNAL, JOURNAL_CHECKPOINT

ROWS_READ_MAX = 1000
NOT_READABLE = (SQLAlchemyError, ValueError, TypeError)
"""What reading a database raises when somebody wrote values of other types into it."""
POSITION, SERVICE, ENTITY, HEADERS = (
    list(JOURNAL.columns.keys()).index(name)
    for name in ("position", "service", "entity", "headers")
)


@contextlib.asynccontextmanager
async def snapshot(url: str) -> AsyncGenerator[AsyncConnection]:
    """One moment of a service's database, opened for reading only."""
    parsed = make_url(url)
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    if parsed.get_backend_name() == "sqlite":
        path = quote(parsed.database or "")
        parsed = parsed.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})
        options = {}
    engine = create_async_engine(parsed, hide_parameters=True)
    if not options:
        event.listen(engine.sync_engine, "connect", _without_transactions)
        event.listen(engine.sync_engine, "begin", _begin)
    try:
        async with engine.connect() as raw:
            connection = await raw.execution_options(**options)
            async with connection.begin():
                yield connection
    finally:
        await engine.dispose()


def _without_transactions(connection: Any, _record: object) -> None:
    # The driver begins none for reads by itself, and then every query has a moment of its own.
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


@dataclass(frozen=True, slots=True)
class Copy:
    """What a journal holds at a position where the log has something else, or the reverse."""

    service: str
    position: int
    held: Message | None
    found: Message | None
    says: str


type JournalRow = tuple[Any, ...]
"""The columns of `JOURNAL`, in their order."""


def row_of(message: Message) -> JournalRow | None:
    """The row that a journal holds of an event; None under a subject that no service writes."""
    parts = message.subject.split(".", 4)
    if len(parts) != len(("history", "service", "entity", "id", "name")):
        return None
    block = Headers.of(message.headers).block
    return (message.position, message.recorded_ns, *parts[1:], block, message.body)


@dataclass(slots=True)
class JournalRows:
    """The rows of a journal in order, read page by page."""

    connection: AsyncConnection
    rows: int = 0
    _page: deque[JournalRow] = field(default_factory=deque[JournalRow])
    _read: int = 0
    _end: bool = False

    async def until(self, position: int) -> list[JournalRow]:
        """The next rows up to a position."""
        while not self._end and self._read < position:
            query = select(JOURNAL).where(JOURNAL.c.position > self._read)
            ordered = query.order_by(JOURNAL.c.position).limit(ROWS_READ_MAX)
            page = [tuple(row) for row in await self.connection.execute(ordered)]
            self._end = not page
            self._page += page
            self.rows += len(page)
            self._read = page[-1][POSITION] if page else position
        found: list[JournalRow] = []
        while self._page and self._page[0][POSITION] <= position:
            found.append(self._page.popleft())
        return found

    async def rest(self) -> int:
        """How many rows are left; they are not read."""
        query = select(func.count()).select_from(JOURNAL).where(JOURNAL.c.position > self._read)
        later = int((await self.connection.execute(query)).scalar_one())
        self.rows += later
        return len(self._page) + later


@dataclass(slots=True)
class JournalCopy:
    """A journal read along with the log."""

    service: str
    connection: AsyncConnection
    position: int = 0
    """How far the journal had come."""
    differing: list[Copy] = field(default_factory=list[Copy])
    ahead: int = 0
    """Rows beyond the end of the log."""
    _rows: JournalRows = field(init=False)

    def __post_init__(self) -> None:
        self._rows = JournalRows(self.connection)

    @property
    def rows(self) -> int:
        return self._rows.rows

    async def start(self) -> None:
        """Find out how far the journal had come; takes the snapshot."""
        query = select(CHECKPOINTS.c.position).where(CHECKPOINTS.c.name == JOURNAL_CHECKPOINT)
        self.position = int((await self.connection.execute(query)).scalar_one())

    async def compare(
        self, messages: Sequence[Message], expected: Sequence[JournalRow | None]
    ) -> None:
        """Compare the next events of the log, given with their rows, with the next rows."""
        found = {row[POSITION]: row for row in await self._rows.until(messages[-1].position)}
        for message, row in zip(messages, expected, strict=True):
            held = found.pop(message.position, None)
            # A person's event is in every journal, any other in that of its service.
            kept = row is not None and (row[SERVICE] == self.service or row[ENTITY] == "cadre")
            if held is None:
                if kept and message.position <= self.position:
                    self._differs(None, message, "lacks the event")
            elif not kept:
                self._differs(held, message, "has the event, which it does not need")
            elif held != row and (says := _unlike(held, message)):
                self._differs(held, message, f"has {says}")
        for held in found.values():
            self._differs(held, None, "has an event, the log has none there")

    async def rows_until(self, position: int) -> list[JournalRow]:
        """The next rows up to a position, for whoever does not compare."""
        return await self._rows.until(position)

    async def finish(self, last: int) -> None:
        """Look at what is left once the log has ended at ``last``."""
        for held in await self._rows.until(last):
            self._differs(held, None, "has an event, the log has none there")
        self.ahead = await self._rows.rest()

    def _differs(self, row: JournalRow | None, found: Message | None, says: str) -> None:
        held = message_of(row) if row else None
        position = held.position if held else found.position if found else 0
        self.differing.append(Copy(self.service, position, held, found, says))


def message_of(row: JournalRow) -> Message:
    """The event that a row is a copy of; without headers where these cannot be read."""
    position, recorded_ns, service, entity, entity_id, name, _, body = row
    return Message(
        subject=f"history.{service}.{entity}.{entity_id}.{name}",
        headers=_headers(row) or {},
        body=body if isinstance(body, bytes) else str(body).encode(),
        position=position,
        recorded_ns=recorded_ns,
    )


def _headers(row: JournalRow) -> Headers | None:
    # SQLite keeps whatever type was written.
    return Headers(row[HEADERS]) if isinstance(row[HEADERS], bytes) else None


def _unlike(row: JournalRow, message: Message) -> str:
    """What of a row is not the event's."""
    held, headers = message_of(row), _headers(row)
    unlike = {
        "subject": held.subject != message.subject,
        "time": held.recorded_ns != message.recorded_ns,
        "headers": headers is None or own(headers) != own(message.headers),
        "body": held.body != message.body,
    }
    names = [name for name, differs in unlike.items() if differs]
    return f"another {' and '.join(names)}" if names else ""
