"""A service's own copy of the histories it decides on: raw events, never parked, never rebuilt.

It holds the service's own aggregates and every person's events from all services, so a decision's
history is one indexed select plus the few events that arrived since. It is also a second copy of
the log, byte for byte, for the day the first is damaged.
"""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    select,
    tuple_,
    update,
)

from cadre.shared.database.database import Database
from cadre.shared.database.many_rows import insert_missing, insert_new, upsert
from cadre.shared.deciding.decider import Scope
from cadre.shared.log.headers import Headers
from cadre.shared.log.marks import Mark, mark_column
from cadre.shared.log.signed import Message

KEY_BYTES = 16
QUERY_SCOPES_MAX = 400
QUERY_EVENTS_MAX = 500

METADATA = MetaData()
JOURNAL = Table(
    "journal",
    METADATA,
    # SQLite keeps rows by a key of this very type; any other would be an index beside them.
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("recorded_ns", BigInteger, nullable=False),
    Column("service", String(32), nullable=False),
    Column("entity", String(32), nullable=False),
    Column("entity_id", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("headers", LargeBinary, nullable=False, comment="as they travel, byte for byte"),
    Column("body", LargeBinary, nullable=False),
    Index("journal_by_entity", "entity", "entity_id", "position"),
)
CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
    mark_column(),
)
JOURNAL_CHECKPOINT = "journal"
COMMAND_IDS = Table(
    "command_ids",
    METADATA,
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
        comment="of the first event that the command caused, whichever service recorded it",
    ),
    Column("command_id", LargeBinary(16), nullable=False, index=True),
)

_COMMAND = "ce-commandid"
# Built once: that costs more than carrying them out.
_CHECKPOINT = select(CHECKPOINTS.c.position, CHECKPOINTS.c.event).where(
    CHECKPOINTS.c.name == bindparam("of")
)
_MOVE = (
    update(CHECKPOINTS)
    .where(CHECKPOINTS.c.name == JOURNAL_CHECKPOINT, CHECKPOINTS.c.position == bindparam("done"))
    .values(position=bindparam("end"), event=bindparam("mark"))
)
_EVENTS = (
    select(JOURNAL).where(JOURNAL.c.position > bindparam("after")).order_by(JOURNAL.c.position)
)
_OF_ENTITY = _EVENTS.where(
    JOURNAL.c.entity == bindparam("entity"), JOURNAL.c.entity_id == bindparam("id")
)
_OF_SERVICE = _OF_ENTITY.where(JOURNAL.c.service == bindparam("service"))
_OF_MANY = _EVENTS.where(
    tuple_(JOURNAL.c.entity, JOURNAL.c.entity_id).in_(bindparam("named", expanding=True))
)
_NEWEST = (
    select(JOURNAL)
    .where(JOURNAL.c.position <= bindparam("upto"))
    .order_by(JOURNAL.c.position.desc())
    .limit(1)
)
_BETWEEN = _EVENTS.where(JOURNAL.c.position <= bindparam("upto"))
_NAMED = _EVENTS.where(
    JOURNAL.c.position <= bindparam("end"),
    JOURNAL.c.name.in_(bindparam("names", expanding=True)),
).limit(bindparam("at_most", type_=Integer))


def checkpoint(connection: Connection, name: str = JOURNAL_CHECKPOINT) -> int:
    """The position kept under a name."""
    return marked(connection, name).position


def marked(connection: Connection, name: str = JOURNAL_CHECKPOINT) -> Mark:
    """The position kept under a name, and what it stands for; position 0 where there is none."""
    row = connection.execute(_CHECKPOINT, {"of": name}).one_or_none()
    return Mark() if row is None else Mark.kept(row.position, row.event)


def newest(connection: Connection, upto: int) -> Message | None:
    """The newest event of the journal up to a position."""
    found = _messages(connection, _NEWEST, {"upto": upto})
    return found[0] if found else None


def between(connection: Connection, after: int, upto: int) -> list[Message]:
    """The events of the journal behind a position and up to another."""
    return _messages(connection, _BETWEEN, {"after": after, "upto": upto})


def following(connection: Connection, after: int, upto: int) -> Message | None:
    """The first of these, if there is one."""
    found = _messages(connection, _BETWEEN.limit(1), {"after": after, "upto": upto})
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes inside the runner's transaction, reads in one of its own.

    It keeps what this service's decisions may need.
    """

    service: str
    database: Database

    def write(
        self,
        connection: Connection,
        messages: Sequence[Message],
        done: int,
        *,
        singly: bool = False,
    ) -> bool:
        """Add the events behind position ``done``; False when another instance was faster.

        With ``singly`` it bears rows that are there already, which nothing but a hand puts there.
        """
        mark = Mark.of(messages[-1])
        moved = connection.execute(_MOVE, {"done": done, "end": mark.position, "mark": mark.event})
        if moved.rowcount != 1:
            return False
        made = map(_row, messages)
        rows = [r for r in made if r["service"] == self.service or r["entity"] == "cadre"]
        if rows:
            if singly:
                insert_missing(JOURNAL, connection.dialect).execute(connection, rows)
            else:
                insert_new(connection, JOURNAL, rows)
        index_commands(connection, messages, singly=singly)
        return True

    async def read[S](self, scope: Scope[S], after: int = 0) -> list[Message]:
        """The events of a scope after a position, oldest first."""
        of: dict[str, object] = {"entity": scope.fold.entity, "id": scope.id, "after": after}
        query = _OF_ENTITY
        if scope.fold.service != "*":
            query, of = _OF_SERVICE, of | {"service": scope.fold.service}
        return await self.database.query(partial(_messages, query=query, of=of))

    async def read_many(self, scopes: Collection[Scope[Any]]) -> dict[Scope[Any], list[Message]]:
        """The events of each scope, oldest first."""
        if len(scopes) == 1:
            return {scope: await self.read(scope) for scope in scopes}
        found: dict[Scope[Any], list[Message]] = {scope: [] for scope in scopes}
        for part in itertools.batched(scopes, QUERY_SCOPES_MAX):
            named: dict[tuple[str, str], list[Scope[Any]]] = {}
            for scope in part:
                named.setdefault((scope.fold.entity, scope.id), []).append(scope)
            of = {"after": 0, "named": list(named)}
            for message in await self.database.query(partial(_messages, query=_OF_MANY, of=of)):
                for scope in named[message.aggregate[1:]]:
                    if scope.takes(message.aggregate):
                        found[scope].append(message)
        return found

    def at(self, connection: Connection, positions: Select[Any]) -> list[Message]:
        """The events at positions, those of them that it keeps."""
        query = select(JOURNAL).where(JOURNAL.c.position.in_(positions))
        return [_message(*row) for row in connection.execute(query)]

    async def named(self, names: Collection[str], after: int) -> tuple[list[Message], Mark]:
        """The next events of these names, oldest first, and the position up to which they are all.

        At most `QUERY_EVENTS_MAX` are read at once.
        """

        def read(connection: Connection) -> tuple[list[Message], Mark]:
            end = marked(connection)
            upto = {"end": end.position, "at_most": QUERY_EVENTS_MAX}
            found = _messages(connection, _NAMED, {"names": list(names), "after": after} | upto)
            return found, Mark.of(found[-1]) if len(found) == QUERY_EVENTS_MAX else end

        return await self.database.read(read)


def index_commands(
    connection: Connection, messages: Sequence[Message], *, singly: bool = False
) -> None:
    """Note where the commands of these events stand; ``singly`` bears rows that are there."""
    rows = [
        {"position": position, "command_id": key}
        for key, position in first_of_commands(messages).items()
    ]
    if rows and singly:
        upsert(COMMAND_IDS, ("position", "command_id"), connection.dialect).execute(
            connection, rows
        )
    elif rows:
        insert_new(connection, COMMAND_IDS, rows)


def first_of_commands(messages: Iterable[Message]) -> dict[bytes, int]:
    """The position of the first event of each command, by the command's id."""
    found: dict[bytes, int] = {}
    for message in messages:
        key = key_of(message)
        if key is not None:
            found.setdefault(key, message.position)
    return found


def key_of(message: Message) -> bytes | None:
    """The id of the command that caused an event, as it is indexed; none where it bears none."""
    headers = message.headers
    given = headers.raw(_COMMAND) if isinstance(headers, Headers) else None
    try:
        text = given.decode() if given is not None else headers.get(_COMMAND, "")
        key = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def _messages(connection: Connection, query: Select[Any], of: Mapping[str, Any]) -> list[Message]:
    return [_message(*row) for row in connection.execute(query, of)]


def _message(
    position: int,
    recorded_ns: int,
    service: str,
    entity: str,
    entity_id: str,
    name: str,
    headers: bytes,
    body: bytes,
) -> Message:
    """A row, its columns in the table's order."""
    subject = f"history.{service}.{entity}.{entity_id}.{name}"
    return Message(subject, Headers(headers), body, position, recorded_ns)


def _row(message: Message) -> dict[str, object]:
    _, service, entity, entity_id, name = message.subject.split(".", 4)
    return {
        "position": message.position,
        "recorded_ns": message.recorded_ns,
        "service": service,
        "entity": entity,
        "entity_id": entity_id,
        "name": name,
        "headers": Headers.of(message.headers).block,
        "body": message.body,
    }
