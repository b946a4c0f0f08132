"""Events that never held: a way out for a history that holds what cannot be applied.

Whoever answers for the system says so in an event of that history, for all to see. From then on no
state and no table of any service is made with the event it names; it stays on the log. A service
that finds its tables made otherwise builds them anew.

Of another service's history only that service says what never held. Who shows it and cannot apply
it says, in a history of its own under the same name, that its own tables are made without it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import Field
from sqlalchemy import BigInteger, Column, Connection, Integer, Table, insert, select

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event, EventSetAside, SettingAside
from cadre.shared.deciding.decider import Fold, Handler, Scope, World
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.guards import PERSON
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.projecting import journal

SET_ASIDE = Table(
    "set_aside",
    journal.METADATA,
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("by_position", BigInteger, nullable=False, comment="of the event that says so"),
)


def _named(state: frozenset[int], recorded: Recorded[Event]) -> frozenset[int]:
    event = recorded.event
    return state | {event.position} if isinstance(event, EventSetAside) else state


_EVENTS = {
    (event.service(), event.entity): event
    for event in CATALOGUE.events.values()
    if issubclass(event, EventSetAside)
}
_SUBJECTS_END = "set-aside"
_HISTORIES: Mapping[tuple[str, str], Fold[frozenset[int]]] = {
    (service, entity): Fold(
        "*" if entity == PERSON else service, entity, frozenset(), _named, bears_unreadable=True
    )
    for service, entity in _EVENTS
}


class SetAside(Command, SettingAside):
    """搁置事件 · Say that an event never held: it can be neither applied nor corrected.

    Only `cadre.shared.serving.admin` sends it, which finds out what the caller does not say. That
    is no part of the command's content: a repeat is one whatever was found out meanwhile.
    """

    uses_data = False

    effective_on: date = Field(exclude=True)
    entity: str
    entity_id: str
    unappliable: bool = Field(exclude=True)
    """Whether the service can really not apply it, as far as is known."""


def handler(service: str) -> Handler[Any]:
    """How a service decides it, whatever else the history says."""

    def history(command: SetAside) -> Scope[frozenset[int]]:
        return _history(service, command.entity).of(command.entity_id)

    def decide(command: SetAside, world: World) -> Sequence[Event]:
        if command.position in world[history(command)]:
            return []
        if not command.unappliable:
            raise NotPossible(
                "只有此处无法适用的事件才能声明自始未生效 · "
                "only an event that cannot be applied here is set aside",
                where="position",
                hint="请查看被搁置的事件 · see `cadre projections parked`",
            )
        kind = _EVENTS[service, command.entity]
        said = {name: getattr(command, name) for name in SettingAside.model_fields}
        of = {kind.key: command.entity_id, "effective_on": command.effective_on}
        return [kind.model_validate(said | of)]

    right = Right(Role.OPERATOR, EVERYBODY)
    return Handler(SetAside, lambda command, _: [history(command)], decide, right)


def _history(service: str, entity: str) -> Fold[frozenset[int]]:
    """Where a service says what never held. Raises: NotPossible."""
    found = _HISTORIES.get((service, entity))
    if found is None:
        raise NotPossible(
            f"该服务不能处理此类事件 · {service} sets aside no event of a {entity}",
            where="position",
            hint="请向该事件所属的服务提出，或升级本服务 · "
            "say so to the service that the event is of, or update this one",
        )
    return found


def named_by(message: Message) -> int | None:
    """The position of the earlier event that this one says never held."""
    if not message.subject.endswith(_SUBJECTS_END):  # nearly none does, and this is quickly seen
        return None
    kind = _EVENTS.get(message.aggregate[:2])
    if kind is None or not message.subject.endswith(f".{kind.name()}"):
        return None
    try:
        position = json.loads(message.body)["position"]
    except (ValueError, TypeError, KeyError):
        return None
    return position if isinstance(position, int) and 0 < position < message.position else None


def held(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages of a history without those that others of them say never held."""
    never = {named_by(message) for message in messages} - {None}
    return [m for m in messages if m.position not in never] if never else messages


async def said_in(log: Log, service: str, messages: Iterable[Message]) -> dict[int, int]:
    """What these events say never held for a service's tables, by their own positions.

    They say so of events of their history alone; and of what another service has under that name,
    to their own service. The log knows which that is: a journal does not hold every history.
    """
    found: dict[int, int] = {}
    for message in messages:
        position = named_by(message)
        if position is not None and await _may_say(log, service, message, position):
            found[message.position] = position
    return found


async def _may_say(log: Log, service: str, message: Message, position: int) -> bool:
    try:
        writer, entity, entity_id = (await log.get(position)).aggregate
    except NotFound:
        return False
    teller, *of = message.aggregate
    return of == [entity, entity_id] and (entity == PERSON or teller in {writer, service})


def known(connection: Connection) -> frozenset[int]:
    """The positions of the events that no table is made with."""
    return frozenset(connection.execute(select(SET_ASIDE.c.position)).scalars())


def note(connection: Connection, said: Mapping[int, int]) -> None:
    """Keep positions, each with the position of what says so."""
    if said and (new := said.keys() - known(connection)):
        rows = [{"position": position, "by_position": said[position]} for position in new]
        connection.execute(insert(SET_ASIDE), rows)
