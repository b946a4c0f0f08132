"""One batch of the log in one transaction: journal, tables, both positions, and what is parked.

Each position moves only from where it was read, so two instances never both apply. What cannot be
applied is parked with its aggregate: later events of that aggregate wait behind it, everyone else
goes on.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Connection, insert, select, update

from cadre.contracts.catalogue import UnknownEvent, UnreadableEvent
from cadre.shared.database.outages import outage
from cadre.shared.log.codec import Codec
from cadre.shared.log.marks import Mark
from cadre.shared.log.signed import Message, id_of
from cadre.shared.projecting import generations, setting_aside
from cadre.shared.projecting.generations import BUILDING, GENERATIONS, LIVE, PARKED, Generation
from cadre.shared.projecting.journal import Journal, checkpoint, marked
from cadre.shared.showing.read_models import Change, ReadModels

_LOGGER = structlog.get_logger(__name__)

type AggregateKey = tuple[str, str, str]
"""Service, entity and id of an aggregate."""


class Overtaken(Exception):
    """Another instance moved a position first."""


@dataclass(frozen=True, slots=True)
class RunnerState:
    """How far the database had come when it was last read or written."""

    live: Generation
    journal: Mark
    """How far the journal has come."""
    parked: frozenset[AggregateKey]
    """What is parked in the generation that answers."""
    set_aside: frozenset[int] = frozenset()
    """The positions of events that no table is made with."""

    @classmethod
    def read(cls, connection: Connection, models: ReadModels) -> "RunnerState":
        live = generations.live(connection, models)
        return cls(
            live,
            marked(connection),
            parked_keys(connection, live.number),
            setting_aside.known(connection),
        )

    @property
    def outdated(self) -> bool:
        """Whether the tables that answer have to be made anew."""
        return not self.live.current or self.live.without != len(self.set_aside)


class Read(NamedTuple):
    """An event and what it changes, worked out before the transaction that needs it."""

    message: Message
    changes: Sequence[Change] = ()
    error: str = ""
    """Why it cannot be applied."""
    sets_aside: int | None = None
    """The position of the event that it says never held."""

    @property
    def position(self) -> int:
        return self.message.position


type Batch = Sequence[Read]
"""Events in the order of the log."""


@dataclass(frozen=True, slots=True)
class Applying:
    """What the transactions of one service's runner do, each a function of a connection."""

    models: ReadModels
    codec: Codec
    journal: Journal

    def read(
        self, messages: Iterable[Message], said: Mapping[int, int] | None = None
    ) -> list[Read]:
        """What events change; one that cannot be read or projected says why.

        ``said`` is what `setting_aside.said_in` tells of them.
        """
        found: list[Read] = []
        for message in messages:
            names = said.get(message.position) if said else None
            try:
                changes = changes_of(self.models, self.codec, message)
                found.append(Read(message, changes, sets_aside=names))
            except Exception as error:  # noqa: BLE001  # whatever it is, only this aggregate waits
                found.append(Read(message, error=_told(error), sets_aside=names))
        return found

    def follow(
        self,
        connection: Connection,
        standing: RunnerState,
        batch: Batch,
        *,
        singly: bool = False,
    ) -> RunnerState:
        """Write a batch to the journal and to the tables that answer.

        With ``singly`` each event is tried in a savepoint of its own. Raises: Overtaken.
        """
        live, parked, set_aside = standing.live, standing.parked, standing.set_aside
        journal = standing.journal
        if fresh := _behind(batch, journal.position):
            messages = [read.message for read in fresh]
            if not self.journal.write(connection, messages, journal.position, singly=singly):
                raise Overtaken
            journal = Mark.of(messages[-1])
            if said := {read.sets_aside: read.position for read in fresh if read.sets_aside}:
                setting_aside.note(connection, said)
                set_aside |= said.keys()
        if live.current:
            live, parked, corrected = self._project(
                connection, live, parked, set_aside, batch, singly=singly
            )
            set_aside |= corrected
        return RunnerState(live, journal, parked, set_aside)

    def build(
        self,
        connection: Connection,
        number: int,
        batch: Batch,
        *,
        singly: bool = False,
    ) -> bool:
        """Write a batch to the generation being built; whether that is done with.

        Raises: Overtaken.
        """
        known = generations.generations(connection, self.models)
        building = next((g for g in known if g.number == number), None)
        if building is None or building.status == LIVE:
            return True
        set_aside = setting_aside.known(connection)
        if building.without != len(set_aside):
            raise Overtaken
        parked = parked_keys(connection, number)
        built, _, corrected = self._project(
            connection, building, parked, set_aside, batch, singly=singly
        )
        return not corrected and self._swap(connection, built)

    def begin(self, connection: Connection) -> tuple[Generation, bool]:
        """The generation to build, and whether that is done with.

        One that other code began is begun anew.
        """
        known = generations.generations(connection, self.models)
        building = next((g for g in known if g.status == BUILDING), None)
        without = len(setting_aside.known(connection))
        if building is None or not building.current or building.without != without:
            if building is not None:
                building.drop(connection)
            number = known[-1].number + 1
            building = Generation.new(self.models, number, BUILDING, without)
            building.create(connection)
        return building, self._swap(connection, building)

    def _swap(self, connection: Connection, building: Generation) -> bool:
        """Let the generation answer once it has caught up with the one that does."""
        if building.position < self._target(connection)[1]:
            return False
        generations.take_over(connection)
        running, target = self._target(connection)
        if building.position < target:
            return False
        connection.execute(
            update(GENERATIONS).where(GENERATIONS.c.number == building.number).values(status=LIVE)
        )
        building.show(connection)
        running.drop(connection)
        _LOGGER.info("generation swapped", generation=building.number, position=building.position)
        return True

    def _target(self, connection: Connection) -> tuple[Generation, int]:
        """The generation that answers, and how far its successor has to come."""
        running = generations.live(connection, self.models)
        return running, running.position if running.current else checkpoint(connection)

    def _project(
        self,
        connection: Connection,
        generation: Generation,
        parked: frozenset[AggregateKey],
        set_aside: frozenset[int],
        batch: Batch,
        *,
        singly: bool,
    ) -> tuple[Generation, frozenset[AggregateKey], frozenset[int]]:
        """Apply a batch to a generation; that generation and what is parked in it then.

        The last are the positions of parked events that later ones of the batch correct: tables
        are to be made without them.
        """
        fresh = _behind(batch, generation.position)
        if not fresh:
            return generation, parked, frozenset()
        mark = Mark.of(fresh[-1].message)
        if not generation.advance(connection, mark):
            raise Overtaken
        changes: list[Change] = []
        waiting: list[tuple[Message, str]] = []
        stuck = set(parked)
        for message, made, unreadable, _ in fresh:
            if message.position in set_aside:
                continue
            if stuck and message.aggregate in stuck:
                waiting.append((message, ""))
                continue
            error = unreadable or (_tried(connection, generation, made) if singly else "")
            if error:
                stuck.add(message.aggregate)
                waiting.append((message, error))
            elif not singly:
                changes += made
        generation.apply(connection, changes)
        corrected: dict[int, int] = {}
        if waiting:
            _park(connection, generation.number, waiting)
            corrected = self._corrected(connection, generation.number, waiting)
            setting_aside.note(connection, corrected)
        live = replace(generation, position=mark.position, event=mark.event)
        return live, frozenset(stuck), frozenset(corrected)

    def _corrected(
        self, connection: Connection, number: int, waiting: Sequence[tuple[Message, str]]
    ) -> dict[int, int]:
        """The parked events that events which wait correct, with the position of the correction."""
        by: dict[UUID, int] = {}
        for message, error in waiting:
            with contextlib.suppress(UnknownEvent, UnreadableEvent):
                corrects = None if error else self.codec.decode(message).event.supersedes
                if corrects is not None:
                    by[corrects] = message.position
        if not by:
            return {}
        stuck = select(PARKED.c.position).where(PARKED.c.generation == number, PARKED.c.error != "")
        found = {m.position: m for m in self.journal.at(connection, stuck)}
        found |= {message.position: message for message, error in waiting if error}
        return {
            position: by[event_id]
            for position, message in found.items()
            if (event_id := id_of(message)) is not None and event_id in by
        }


def changes_of(models: ReadModels, codec: Codec, message: Message) -> list[Change]:
    """What an event changes; one of a kind that no table shows is not even read.

    Raises: whatever reading or projecting it raises.
    """
    known = codec.catalogue.events.get(message.headers.get("ce-type", ""))
    if known is not None and known not in models.projections:
        return []
    return models.changes(codec.decode(message))


def _tried(connection: Connection, generation: Generation, changes: Sequence[Change]) -> str:
    """Apply one event's changes in a savepoint; why that failed, if it did."""
    try:
        with connection.begin_nested():
            generation.apply(connection, changes)
    except Exception as error:
        if outage(error) is not None:
            raise  # Not the event's fault: nobody may be parked for it.
        return _told(error)
    return ""


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:1000]


def _behind(batch: Batch, position: int) -> Batch:
    """Those of a batch behind a position. Raises: Overtaken when some between are not in it."""
    if batch[0].position > position + 1:
        raise Overtaken
    if batch[0].position > position:
        return batch
    return [read for read in batch if read.position > position]


def parked_keys(connection: Connection, number: int) -> frozenset[AggregateKey]:
    """The aggregates of which something is parked in a generation."""
    query = (
        select(PARKED.c.service, PARKED.c.entity, PARKED.c.entity_id)
        .where(PARKED.c.generation == number)
        .distinct()
    )
    return frozenset((r.service, r.entity, r.entity_id) for r in connection.execute(query))


def _park(connection: Connection, number: int, waiting: Sequence[tuple[Message, str]]) -> None:
    rows: list[dict[str, object]] = []
    for message, error in waiting:
        service, entity, entity_id = message.aggregate
        if error:
            _LOGGER.error("event parked", position=message.position, error=error)
        rows.append(
            {
                "generation": number,
                "position": message.position,
                "service": service,
                "entity": entity,
                "entity_id": entity_id,
                "error": error,
            }
        )
    connection.execute(insert(PARKED), rows)
