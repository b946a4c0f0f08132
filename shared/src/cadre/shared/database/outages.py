"""What a database raises while it is away, hung, full or closed to writing, as errors of ours.

One translation for everybody: what will pass is `Unavailable`, whose outcome nobody knows is
`OutcomeUnknown`, and everything else stays what it is, for it is a defect or bad input. No text
of either holds a value that somebody wrote.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Generator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cadre.shared.deciding.errors import CadreError, OutcomeUnknown, Unavailable

_PASSING_STATES = ("08", "25006", "28", "3D", "40", "53", "55", "57", "58", "XX001", "XX002")
"""Beginnings of the codes with which PostgreSQL says that it is not the statement that is wrong:
lost, read-only, not let in, not there, deadlock, no resources, locked, cancelled, disk, damaged."""
_UNDONE_STATES = ("42501", "42P01", "42703", "3F000")
"""A right, a table, a column or a schema is gone that the service has had. No event
does that, and whoever did can give it back."""
_VALUE_STATES = ("22", "23", "42")
"""Of these the server's text may repeat a value, but for those above."""
_SQLITE_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_READONLY,
}
_SQLITE_UNDONE = ("no such table", "no such column")
_LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises on a connection that it does not know yet to be lost."""
_HINT = (
    "未写入任何内容；数据库恢复应答后自动继续 · "
    "nothing was written; it goes on by itself once the database answers again"
)


def root(error: BaseException) -> BaseException:
    """What the driver itself raised, below SQLAlchemy's wrappings."""
    while isinstance(error, DBAPIError) and isinstance(error.orig, BaseException):
        error = error.orig
    cause = error.__cause__
    return cause if isinstance(cause, asyncpg.PostgresError | asyncpg.InterfaceError) else error


def outage(error: BaseException) -> Unavailable | None:
    """The same as an error of ours if it tells that the database cannot be used now."""
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    cause = root(error)
    if isinstance(cause, PoolTimeout):
        detail = "数据库连接已用尽 · all connections to the database are in use"
    elif isinstance(cause, asyncpg.PostgresError):
        if not (invalidated or _state(cause).startswith(_PASSING_STATES + _UNDONE_STATES)):
            return None
        detail = f"数据库拒绝执行 · the database refuses: {told(cause)}"
    elif isinstance(cause, TimeoutError):
        detail = "数据库未及时应答 · the database did not answer in time"
    elif isinstance(cause, sqlite3.Error):
        if _primary(cause) not in _SQLITE_PASSING and not str(cause).startswith(_SQLITE_UNDONE):
            return None
        detail = f"数据库拒绝执行 · the database refuses: {told(cause)}"
    elif invalidated or isinstance(cause, OSError) or _is_lost(cause):
        detail = f"无法连接数据库 · the database cannot be reached: {told(cause)}"
    else:
        return None
    return Unavailable(detail, where="database", hint=_HINT)


def unknown() -> OutcomeUnknown:
    """A transaction of which nobody knows whether it was committed."""
    return OutcomeUnknown(
        "数据库未确认是否已写入 · the database did not say whether it has written",
        where="database",
        hint="请用原命令编号重发，命令不会重复执行 · "
        "send the same command with the same id again: it is never carried out twice",
    )


def told(error: BaseException) -> str:
    """An error in words, without any value that a statement held."""
    cause = root(error)
    kind = type(cause).__name__
    if isinstance(cause, asyncpg.PostgresError):
        state = _state(cause)
        clear = state in _UNDONE_STATES or not state.startswith(_VALUE_STATES)
        text = cause.args[0] if cause.args and clear else ""
        constraint = getattr(cause, "constraint_name", None)
        return " ".join(str(part) for part in (kind, state, text, constraint) if part)
    text = str(cause)
    return f"{kind}: {text}" if text else kind


@contextlib.contextmanager
def translated() -> Generator[None]:
    """What the block raises of an outage comes out as `Unavailable`, all else as it is."""
    try:
        yield
    except (CadreError, asyncio.CancelledError):
        raise
    except Exception as error:
        if (passing := outage(error)) is None:
            raise
        raise passing from error


def _is_lost(error: BaseException) -> bool:
    text = str(error)
    return isinstance(error, _LOST) or "connection is closed" in text


def _state(error: asyncpg.PostgresError) -> str:
    """PostgreSQL's code of an error."""
    return str(getattr(error, "sqlstate", None) or "")


def _primary(error: sqlite3.Error) -> int:
    """SQLite's code of an error without what it adds to it."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
