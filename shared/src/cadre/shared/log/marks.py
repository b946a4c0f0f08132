"""What a position stood for: a reader keeps it beside the position, to know the log again by it."""

from typing import NamedTuple, Self

from sqlalchemy import Column, Connection, String, Table, inspect
from sqlalchemy import text as sql

from cadre.shared.log.signed import Message, digest

MARK_LENGTH_MAX = 160
_PARTS = 4


class Mark(NamedTuple):
    """The event at a position. Of an unknown one nothing but the position is known."""

    position: int = 0
    event_id: str = ""
    digest: str = ""
    """See `cadre.shared.log.signed.digest`; empty where it is not known."""
    recorded_ns: int = 0
    """The log server's time stamp; 0 for an event that was appended and not read yet."""

    @classmethod
    def of(cls, message: Message) -> Self:
        """The mark of an event as the log holds it."""
        hashed = digest(message.subject, message.headers, message.body)
        # The id may be anything where the event is none of ours.
        event_id = "".join(message.headers.get("ce-id", "").split())[:36] or "-"
        return cls(message.position, event_id, hashed, message.recorded_ns)

    @classmethod
    def kept(cls, position: int, event: str | None) -> Self:
        """What a database holds of a position; unknown when older code moved the position."""
        parts = (event or "").split()
        if len(parts) != _PARTS or parts[0] != str(position):
            return cls(position)
        return cls(position, parts[1], parts[2], int(parts[3]))

    @property
    def event(self) -> str:
        """How a database holds it."""
        return f"{self.position} {self.event_id} {self.digest} {self.recorded_ns}"

    def is_of(self, found: Message) -> bool:
        """Whether this is the event; any is, where nothing was known."""
        if found.position != self.position:
            return False
        if not self.digest:
            return True
        other = Mark.of(found)
        times = {self.recorded_ns, other.recorded_ns} - {0}
        return self.digest == other.digest and len(times) <= 1


NOWHERE = Mark()
"""Before the first event."""


def mark_column() -> Column[str]:
    """Beside a position, written with it."""
    return Column("event", String(MARK_LENGTH_MAX), comment="what the position stands for")


def add_mark_column(connection: Connection, table: Table) -> None:
    """Add the column to a table that older code made."""
    if "event" not in {column["name"] for column in inspect(connection).get_columns(table.name)}:
        connection.execute(
            sql(f'ALTER TABLE "{table.name}" ADD COLUMN event VARCHAR({MARK_LENGTH_MAX})')
        )
