"""One service, as data: what it decides, what it shows, what it does when others speak."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cadre.shared.calendar import today_in_china
from cadre.shared.database import Database
from cadre.shared.decider import Handler
from cadre.shared.errors import CadreError, NotPossible
from cadre.shared.judgement import Judgement
from cadre.shared.messages import Command, Meta
from cadre.shared.order import Order
from cadre.shared.reactions import Reaction, reaction_id
from cadre.shared.read_models import ReadModels
from cadre.shared.reports import Report


@dataclass(frozen=True, slots=True)
class Context:
    """What a service may hold besides the log and its tables.

    ``store`` is the key store's durable database: what cannot be read from the log again and must
    be deletable (a search index of personal values) belongs there, never among the tables.
    ``index_key`` is empty where a service keeps no such index. ``tables`` is the database of the
    read models.
    """

    store: Database
    index_key: bytes
    fingerprint_key: bytes = b""
    tables: AsyncEngine | None = None
    today: Callable[[], date] = today_in_china

    def require_reached(self, day: date) -> None:
        """Raises NotPossible for a day to come: what is destroyed is destroyed now."""
        if day > self.today():
            raise NotPossible(
                f"{day} has not come yet",
                where="effective_on",
                hint="give the command on that day",
            )


type Prepare = Callable[[Context, Command, Meta], Awaitable[Command]]
type PrepareMany = Callable[
    [Context, Sequence[tuple[Command, Meta]]], Awaitable[list[Command | CadreError]]
]
type FindDue = Callable[[Context, AsyncConnection, date], Awaitable[Sequence[Due]]]


class Due(NamedTuple):
    """A command that a day asks for. Its id is the same each time, so a repeat does nothing."""

    command: Command
    meta: Meta

    @classmethod
    def since(cls, cause: UUID, command: Command, service: str) -> "Due":
        """Due because of an event."""
        actor = f"calendar:{service}"
        command_id = reaction_id(cause, command.name)
        return cls(command, Meta(command_id=command_id, actor=actor, causation_id=cause))


async def as_sent(_context: Context, command: Command, _meta: Meta) -> Command:
    """Prepare nothing: decide the command as it was sent."""
    return command


async def nothing(_context: Context) -> None:
    """Start nothing."""


async def nothing_due(
    _context: Context, _connection: AsyncConnection, _today: date
) -> Sequence[Due]:
    """No day asks for anything."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """What a service consists of.

    ``prepare`` may complete a command before it is decided (assign an id). ``enact`` does what must
    have happened before the decided events may be told (destroy a key); what it completes is
    decided again. Both may run more than once for one command. ``start`` runs once; ``due`` names
    what a day asks for, by the tables.
    """

    name: str
    title: str
    handlers: Sequence[Handler[Any]]
    read_models: ReadModels
    router: APIRouter
    reactions: Sequence[Reaction[Any]] = field(default=())
    judgements: Sequence[Judgement[Any]] = field(default=())
    reports: Sequence[Report] = field(default=())
    orders: Sequence[Order] = field(default=())
    prepare: Prepare = as_sent
    prepare_many: PrepareMany | None = None
    """``prepare`` for many commands at once, where one by one would take long."""
    enact: Prepare = as_sent
    due: FindDue = nothing_due
    confidential: bool = False
    """Whether every answer that names a cadre is recorded before it is given."""
    start: Callable[[Context], Awaitable[None]] = nothing
