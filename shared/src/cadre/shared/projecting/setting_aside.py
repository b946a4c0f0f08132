"""Events that never held: a way out for a person whose history holds what cannot be applied.

Whoever answers for the system says so in an event of the person, for all to see. From then on no
state and no table of any service is made with the event it names; it stays on the log. A service
that finds its tables made otherwise builds them anew.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, insert, select

from cadre.contracts.appointment.setting_aside import AppointmentSetAside
from cadre.contracts.event import CadreId, Event, EventSetAside, SettingAside
from cadre.contracts.selection.setting_aside import SelectionSetAside
from cadre.contracts.supervision.setting_aside import SupervisionSetAside
from cadre.contracts.training.setting_aside import TrainingSetAside
from cadre.shared.deciding.decider import Fold, Handler, World
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.log.signed import Message
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
_EVENTS: dict[str, type[EventSetAside]] = {
    event.service(): event
    for event in (SelectionSetAside, TrainingSetAside, SupervisionSetAside, AppointmentSetAside)
}
_SUBJECTS_END = f".{SelectionSetAside.name()}"


def _never(positions: frozenset[int], recorded: Recorded[Event]) -> frozenset[int]:
    match recorded.event:
        case EventSetAside() as event:
            return positions | {event.position}
        case _:
            return positions


HISTORY = Fold("*", "cadre", frozenset[int](), _never, bears_unreadable=True)
"""Of a person: the positions that were set aside."""


class SetAside(Command, SettingAside):
    """Say that an event of a person never held: it can be neither applied nor corrected.

    Only `cadre.shared.serving.admin` sends it: it looks whether the event is parked or set aside.
    """

    uses_data = False

    cadre_id: CadreId


def handler(service: str) -> Handler[Any]:
    """How a service decides it: whatever else the history says, but once."""

    def decide(command: SetAside, world: World) -> Sequence[Event]:
        if command.position in world[HISTORY.of(command.cadre_id)]:
            return []
        return [_EVENTS[service].model_validate(command.model_dump())]

    return Handler(SetAside, lambda command, _: [HISTORY.of(command.cadre_id)], decide)


def named_by(message: Message) -> int | None:
    """The position of the earlier event that this one says never held."""
    if not message.subject.endswith(_SUBJECTS_END) or message.aggregate[1] != "cadre":
        return None
    try:
        position = json.loads(message.body)["position"]
    except (ValueError, TypeError, KeyError):
        return None
    return position if isinstance(position, int) and position < message.position else None


def held(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages of a history without those that others of them say never held."""
    never = {named_by(message) for message in messages} - {None}
    return [m for m in messages if m.position not in never] if never else messages


def said_in(connection: Connection, messages: Iterable[Message]) -> dict[int, int]:
    """What these events say never held, and where each says so: events of the same person alone."""
    found = {position: m for m in messages if (position := named_by(m)) is not None}
    return {
        position: message.position
        for position, message in found.items()
        if (message.aggregate[2],) == _whose(connection, position)
    }


def _whose(connection: Connection, position: int) -> tuple[str] | None:
    table = journal.JOURNAL
    query = select(table.c.entity_id).where(table.c.position == position, table.c.entity == "cadre")
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.entity_id,)


def known(connection: Connection) -> frozenset[int]:
    """The positions of the events that no table is made with."""
    return frozenset(connection.execute(select(SET_ASIDE.c.position)).scalars())


def note(connection: Connection, said: Mapping[int, int]) -> None:
    """Keep positions, each with the position of what says so."""
    if said and (new := said.keys() - known(connection)):
        rows = [{"position": position, "by_position": said[position]} for position in new]
        connection.execute(insert(SET_ASIDE), rows)
