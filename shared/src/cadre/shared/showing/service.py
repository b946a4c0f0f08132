"""One service, as data: what it decides, what it shows, what it does when others speak."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypedDict, Unpack

from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.shared.deciding.annulling import annul_handler
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.errors import CadreError
from cadre.shared.deciding.judgement import Judgement
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import ANNULLED
from cadre.shared.deciding.reactions import Due, Reaction
from cadre.shared.keys.context import Context
from cadre.shared.showing import members, protected_persons
from cadre.shared.showing.facts import shown
from cadre.shared.showing.read_models import ReadModels
from cadre.shared.showing.reports import Report
from cadre.shared.showing.routes import Routes
from cadre.shared.showing.versions import shown as shown_versions
from cadre.shared.showing.view import View

type Prepare = Callable[[Context, Command, Meta], Awaitable[Command]]
type PrepareMany = Callable[
    [Context, Sequence[tuple[Command, Meta]]], Awaitable[list[Command | CadreError]]
]
type FindDue = Callable[[Context, AsyncConnection, date], Awaitable[Sequence[Due]]]


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
    routes: Sequence[Routes]
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
    reads: frozenset[type[Event]] | None = None
    """The kinds of events that its decisions ask of a person's history; None: all."""


class Works(TypedDict, total=False):
    """What a service does beyond deciding and showing; see `Service`."""

    prepare: Prepare
    prepare_many: PrepareMany
    enact: Prepare
    due: FindDue
    confidential: bool
    start: Callable[[Context], Awaitable[None]]


def service_of(
    name: str, title: str, version: int, parts: Iterable[Capability | View], **works: Unpack[Works]
) -> Service:
    """The service that a list of capabilities and views makes.

    ``version`` rises when what its projections mean changes.
    """
    capabilities = [part for part in parts if isinstance(part, Capability)]
    views = [part for part in parts if isinstance(part, View)]
    facts = [one for part in capabilities for one in part.facts]
    views += [shown(one).view for one in facts]
    views += [shown_versions(one).view for part in capabilities for one in part.versions]
    annul = annul_handler(name, *(one for part in capabilities for one in part.every_annullable()))
    own = {kind for kind in CATALOGUE.events.values() if kind.service() == name}
    asked = {kind for part in capabilities for kind in part.reads}
    return Service(
        name=name,
        title=title,
        handlers=(*(one for part in capabilities for one in part.every_handler()), annul),
        read_models=ReadModels(name, version, protected_persons.TABLES, members.TABLES, *views),
        routes=tuple(view.routes for view in views),
        reports=tuple(report for view in views for report in view.reports),
        orders=tuple(order for part in capabilities for order in part.every_order()),
        judgements=tuple(one for part in capabilities for one in part.judgements),
        reactions=tuple(one for part in capabilities for one in part.reactions),
        reads=frozenset({Recruited, Baselined, *ANNULLED, *own, *asked}),
        **works,
    )
