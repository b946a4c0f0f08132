"""Tables made from events: one row of an event's fields, corrected and annulled like the fact.

A column is made of each field; a personal field is kept sealed and opened for the answer, a list is
kept as JSON. A corrected or annulled row stays, with ``superseded_by`` set.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from types import UnionType
from typing import Annotated, Any, Literal, TypeAliasType, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, create_model
from pydantic_core import to_json
from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, String, Table
from sqlalchemy.types import TypeEngine

from cadre.contracts.event import CadreEvent, Event, EventAnnulled, Forgotten, Sealed
from cadre.contracts.personal import personal_shape
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.person import ANNULLED
from cadre.shared.showing.read_models import Change, Put, Tables, token
from cadre.shared.showing.reader import Line, Reader

_COLUMNS: Mapping[type, type[TypeEngine[Any]]] = {
    bool: Boolean,
    int: Integer,
    float: Float,
    date: Date,
}


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """The table of one kind of event, and how its rows are told."""

    event: type[Event]
    table: Table
    fields: Mapping[str, Any]
    """What the event says itself: names and annotations."""

    def told(self) -> dict[str, Any]:
        """Fields of an answer's model for `create_model`: personal ones as text, if at all."""
        personal = personal_shape(self.event)
        fields = {
            name: str | None if name in personal else kind for name, kind in self.fields.items()
        }
        return {"event_id": str, "effective_on": date, **fields}

    async def line(self, reader: Reader, row: Line) -> Line:
        """A row as it is told: personal values open, lists as lists."""
        line = {"event_id": row["event_id"], "effective_on": row["effective_on"]}
        personal = personal_shape(self.event)
        for name, kind in self.fields.items():
            value = row[name]
            if name in personal:
                value = await reader.open(value)
            elif value is not None and _is_json(kind):
                value = json.loads(value)
            line[name] = value
        return line

    def model(self, name: str, **more: Any) -> type[BaseModel]:
        """The model of a line, with ``more`` fields as `create_model` takes them."""
        return answer(name, self.told() | more)


def answer(name: str, fields: Mapping[str, Any]) -> type[BaseModel]:
    """A model of an answer, made of fields as `create_model` takes them."""
    made: type[BaseModel] = create_model(name, **dict[str, Any](fields))
    return made


def keep(
    tables: Tables, event: type[Event], name: str, *, only: Collection[str] | None = None
) -> Kept:
    """Keep a row of each event of a kind: all its fields, or ``only`` these."""
    beside = {"type", "effective_on", "supersedes", event.key}
    fields = {
        field: info.annotation
        for field, info in event.model_fields.items()
        if field not in beside and (only is None or field in only)
    }
    table = tables.table(
        name,
        Column("event_id", String, primary_key=True),
        Column(event.key, String, index=True),
        Column("effective_on", Date),
        Column("position", BigInteger, comment="of two of one day the later on the log holds"),
        *(Column(field, _column(kind)) for field, kind in fields.items()),
        Column("superseded_by", String),
    )
    tables.on(event)(partial(row, table))
    mark_annulled(tables, event, table)
    return Kept(event, table, fields)


def row(table: Table, recorded: Recorded[Any], **more: object) -> Iterable[Change]:
    """The row of an event, its columns filled from the fields of their names and from ``more``.

    A correction marks the row of what it corrects.
    """
    event: Event = recorded.event
    plain, others = _columns_of(table, type(event))
    told = event.__dict__
    values: dict[str, Any] = {"event_id": recorded.event_key, "position": recorded.position}
    for name in plain:
        values[name] = told[name]
    for name in others:
        values[name] = stored(told[name])
    yield Put(table.name, values | more if more else values)
    if event.supersedes is not None:
        yield from superseded(table, recorded)


@cache
def _columns_of(table: Table, event: type[Event]) -> tuple[list[str], list[str]]:
    """The columns that have names of an event's fields: those kept as they are, and others."""
    fields = event.model_fields
    names = [column.name for column in table.c if column.name in fields]
    personal = personal_shape(event)
    plain = [
        name
        for name in names
        if name not in personal
        and not _is_json(kind := fields[name].annotation)
        and UUID not in _plain(kind)
    ]
    return plain, [name for name in names if name not in plain]


def superseded(table: Table, recorded: Recorded[Any]) -> Iterable[Change]:
    """A mark on the row of what an event corrects; from which day, where a column asks for it."""
    event: Event = recorded.event
    if event.supersedes is not None:
        mark: dict[str, Any] = {
            "event_id": str(event.supersedes),
            "superseded_by": recorded.event_key,
        }
        if "superseded_on" in table.c:
            mark["superseded_on"] = event.effective_on
        yield Put(table.name, mark)


def mark_annulled(tables: Tables, event: type[Event], table: Table) -> None:
    """Mark the rows of facts of a kind that were annulled."""
    tag = event.tag()

    def annulled(recorded: Recorded[EventAnnulled]) -> Iterable[Change]:
        if recorded.event.annuls == tag:
            yield from superseded(table, recorded)

    if issubclass(event, CadreEvent):
        tables.on(*(kind for kind in ANNULLED if kind.service() == event.service()))(annulled)


def stored(value: object) -> object:
    """What a column holds of a field: the token of a personal value, never the clear text."""
    match value:
        case Sealed() | Forgotten():
            return token(value)
        case UUID():
            return str(value)
        case BaseModel():
            return value.model_dump_json()
        case tuple():
            return to_json(value).decode()  # pyright: ignore[reportUnknownArgumentType]
        case date():  # a personal one in clear, as specifications have it; others are kept as days
            return value.isoformat()
        case _:
            return value


def _is_json(kind: Any) -> bool:
    return any(issubclass(plain, tuple | BaseModel) for plain in _plain(kind))


def _column(kind: Any) -> type[TypeEngine[Any]]:
    """Codes, texts, ids and what is kept as JSON are strings."""
    found = (
        column
        for plain in _plain(kind)
        for known, column in _COLUMNS.items()
        if issubclass(plain, known)
    )
    return next(found, String)


def _plain(kind: Any) -> Iterator[type]:
    """The classes that an annotation allows; a personal value is kept as text."""
    origin = get_origin(kind)
    if isinstance(kind, TypeAliasType):
        yield from _plain(kind.__value__)
    elif isinstance(origin, TypeAliasType):
        yield str
    elif origin is Annotated:
        yield from _plain(get_args(kind)[0])
    elif origin in {Union, UnionType}:
        for one in get_args(kind):
            yield from _plain(one)
    elif origin is Literal:
        yield from {type(value) for value in get_args(kind)}
    else:
        yield origin or kind
