"""The services' journals beside the log: each is a second copy of the events its service needs."""

import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Row, event, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from cadre.shared.codec import Message
from cadre.shared.journal import JOURNAL
from cadre.shared.projector import CHECKPOINTS, JOURNAL_CHECKPOINT

ROWS_READ_MAX = 1000
NOT_READABLE = (SQLAlchemyError, ValueError, TypeError)
"""What reading a database raises when somebody wrote values of other types into it."""
_HEADERS = TypeAdapter(dict[str, str])


@contextlib.asynccontextmanager
async def snapshot(url: str) -> AsyncGenerator[AsyncConnection]:
    """One moment of a service's database, opened for reading only."""
    parsed = make_url(url)
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    if parsed.get_backend_name() == "sqlite":
        path = quote(parsed.database or "")
        parsed = parsed.set(database=f"file:{path}", query={"mode": "ro", "uri": "true"})
        options = {}
    engine = create_async_engine(parsed)
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


@dataclass(slots=True)
class JournalCopy:
    """A journal read along with the log."""

    service: str
    connection: AsyncConnection
    position: int = 0
    """How far the journal had come."""
    rows: int = 0
    differing: list[Copy] = field(default_factory=list[Copy])
    ahead: int = 0
    """Rows beyond the end of the log."""
    _page: deque[Row[Any]] = field(default_factory=deque[Row[Any]])
    _read: int = 0
    _end: bool = False

    async def start(self) -> None:
        """Find out how far the journal had come; takes the snapshot."""
        query = select(CHECKPOINTS.c.position).where(CHECKPOINTS.c.name == JOURNAL_CHECKPOINT)
        self.position = int((await self.connection.execute(query)).scalar_one())

    async def compare(self, message: Message) -> None:
        """Compare the next event of the log with the next row."""
        row = await self._until(message.position)
        kept = self._keeps(message)
        if row is not None and row.position == message.position:
            self._page.popleft()
            if not kept:
                self._differs(row, message, "has the event, which it does not need")
            elif says := _unlike(row, message):
                self._differs(row, message, f"has {says}")
        elif kept and message.position <= self.position:
            lacking = Copy(self.service, message.position, None, message, "lacks the event")
            self.differing.append(lacking)

    async def finish(self, last: int) -> None:
        """Look at what is left once the log has ended at ``last``."""
        await self._until(last + 1)
        while await self._peek() is not None:
            self.ahead += 1
            self._page.popleft()

    async def _until(self, position: int) -> Row[Any] | None:
        """The next row at or after a position; those before belong to no event of the log."""
        while (row := await self._peek()) is not None and row.position < position:
            self._page.popleft()
            self._differs(row, None, "has an event, the log has none there")
        return row

    async def _peek(self) -> Row[Any] | None:
        if not self._page and not self._end:
            query = select(JOURNAL).where(JOURNAL.c.position > self._read)
            ordered = query.order_by(JOURNAL.c.position).limit(ROWS_READ_MAX)
            self._page.extend(await self.connection.execute(ordered))
            self._end = not self._page
            if self._page:
                self._read = self._page[-1].position
                self.rows += len(self._page)
        return self._page[0] if self._page else None

    def _keeps(self, message: Message) -> bool:
        # As `Journal.keeps`; a subject that no service writes is kept by none.
        parts = message.subject.split(".", 4)
        return len(parts) == len(("history", "service", "entity", "id", "name")) and (
            parts[1] == self.service or parts[2] == "cadre"
        )

    def _differs(self, row: Row[Any], found: Message | None, says: str) -> None:
        self.differing.append(Copy(self.service, row.position, _message(row), found, says))


def _message(row: Row[Any]) -> Message:
    headers = _headers(row)
    return Message(
        subject=f"history.{row.service}.{row.entity}.{row.entity_id}.{row.name}",
        headers=headers if headers is not None else {},
        # SQLite keeps whatever type was written.
        body=row.body if isinstance(row.body, bytes) else str(row.body).encode(),
        position=row.position,
        recorded_ns=row.recorded_ns,
    )


def _headers(row: Row[Any]) -> dict[str, str] | None:
    try:
        return _HEADERS.validate_json(row.headers)
    except ValidationError:
        return None


def _unlike(row: Row[Any], message: Message) -> str:
    """What of a row is not the event's."""
    held = _message(row)
    unlike = {
        "subject": held.subject != message.subject,
        "time": held.recorded_ns != message.recorded_ns,
        "headers": _headers(row) != dict(message.headers),
        "body": held.body != message.body,
    }
    names = [name for name, differs in unlike.items() if differs]
    return f"another {' and '.join(names)}" if names else ""
