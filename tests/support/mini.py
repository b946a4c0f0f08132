"""A small service under the name of Selection: enough to try the machinery without its rules."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Date, Integer, String

from cadre.contracts.event import CadreId, Event, Personal
from cadre.contracts.selection.identification import Observed
from cadre.contracts.selection.membership import PoolEntered
from cadre.contracts.selection.pool import PoolDefined, PoolSeatTaken
from cadre.contracts.selection.profile import Recruited
from cadre.shared.deciding.decider import Fold, Handler, World
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.showing import protected_persons
from cadre.shared.showing.read_models import Change, Put, ReadModels, token
from cadre.shared.showing.reader import Reader, Reading
from cadre.shared.showing.reports import Count, Question
from cadre.shared.showing.routes import Routes
from cadre.shared.showing.service import Service
from cadre.shared.upkeep.settings import Settings

DAY = date(2026, 3, 2)


class Register(Command):
    """Enter a person."""

    cadre_id: CadreId
    person_name: Personal[str]


class Note(Command):
    """Note an observation."""

    cadre_id: CadreId
    note: Personal[str]


class Open(Command):
    """Open a pool."""

    pool_id: str
    seats: int


class TakeSeat(Command):
    """Give a person one of the pool's seats."""

    pool_id: str
    cadre_id: CadreId


@dataclass(frozen=True)
class Person:
    known: bool = False
    notes: int = 0
    pools: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pool:
    seats: int = 0
    taken: int = 0


def _person(state: Person, recorded: Recorded[Event]) -> Person:
    match recorded.event:
        case Recruited():
            return replace(state, known=True)
        case Observed():
            return replace(state, notes=state.notes + 1)
        case PoolEntered() as event:
            return replace(state, pools=state.pools | {event.pool_id})
        case _:
            return state


def _pool(state: Pool, recorded: Recorded[Event]) -> Pool:
    match recorded.event:
        case PoolDefined() as event:
            return replace(state, seats=event.seats)
        case PoolSeatTaken():
            return replace(state, taken=state.taken + 1)
        case _:
            return state


CADRE = Fold("*", "cadre", Person(), _person)
POOL = Fold("selection", "pool", Pool(), _pool)


def register(command: Register, world: World) -> list[Event]:
    if world[CADRE.of(command.cadre_id)].known:
        return []
    return [
        Recruited(
            cadre_id=command.cadre_id,
            effective_on=command.effective_on,
            full_name=command.person_name,
            id_number="990101199001010010",
            birth_date=date(1990, 1, 1),
            birth_month="1990-01",
            sex="male",
            ethnicity="汉族",
            political="13",
            education="bachelor",
            channel="civil-service",
            unit_id="u-1",
            unit_name="县委办",
        )
    ]


def note(command: Note, world: World) -> list[Event]:
    if not world[CADRE.of(command.cadre_id)].known:
        raise NotFound("no such cadre", where=command.cadre_id)
    return [
        Observed(
            cadre_id=command.cadre_id,
            effective_on=command.effective_on,
            occasion="project",
            indication="positive",
            observer="督查组",
            note=command.note,
        )
    ]


def open_pool(command: Open, world: World) -> list[Event]:
    if world[POOL.of(command.pool_id)].seats:
        return []
    return [
        PoolDefined(
            pool_id=command.pool_id,
            effective_on=command.effective_on,
            pool_class="young",
            title="库",
            seats=command.seats,
        )
    ]


def take_seat(command: TakeSeat, world: World) -> list[Event]:
    person, pool = world[CADRE.of(command.cadre_id)], world[POOL.of(command.pool_id)]
    if command.pool_id in person.pools:
        return []
    if pool.taken >= pool.seats:
        raise NotPossible("the pool is full", where=command.pool_id)
    day = command.effective_on
    return [
        PoolEntered(
            cadre_id=command.cadre_id,
            effective_on=day,
            pool_id=command.pool_id,
            decided_by="部务会",
            findings=(),
        ),
        PoolSeatTaken(pool_id=command.pool_id, cadre_id=command.cadre_id, effective_on=day),
    ]


RECORDS = Right(Role.RECORDER, NAMED)
RECORDS_ALL = Right(Role.RECORDER, EVERYBODY)

HANDLERS: tuple[Handler[Any], ...] = (
    Handler(Register, lambda c, _: (CADRE.of(c.cadre_id),), register, RECORDS_ALL),
    Handler(Note, lambda c, _: (CADRE.of(c.cadre_id),), note, RECORDS),
    Handler(Open, lambda c, _: (POOL.of(c.pool_id),), open_pool, RECORDS_ALL),
    Handler(TakeSeat, lambda c, _: (CADRE.of(c.cadre_id), POOL.of(c.pool_id)), take_seat, RECORDS),
)


async def counts(_reader: Reader, _question: Question) -> list[Count]:
    """What a report counts that is only declared."""
    return []


def read_models(version: int = 1, poison: str | None = None) -> ReadModels:
    """``poison``: a cadre id whose observations cannot be projected."""
    models = ReadModels("selection", version, protected_persons.TABLES)
    models.table(
        "people",
        Column("cadre_id", String, primary_key=True),
        Column("name", String),
        Column("entered_on", Date),
        Column("code_version", Integer),
    )
    models.table(
        "notes",
        Column("event_id", String, primary_key=True),
        Column("cadre_id", String),
        Column("on", Date),
        Column("note", String),
    )

    @models.on(Recruited)
    def person(recorded: Recorded[Recruited]) -> Iterator[Change]:
        event = recorded.event
        yield Put(
            "people",
            {
                "cadre_id": event.cadre_id,
                "name": token(event.full_name),
                "entered_on": event.effective_on,
                "code_version": version,
            },
        )

    @models.on(Observed)
    def notes(recorded: Recorded[Observed]) -> Iterator[Change]:
        event = recorded.event
        if event.cadre_id == poison:
            msg = "this event is poison"
            raise ValueError(msg)
        yield Put(
            "notes",
            {
                "event_id": str(recorded.event_id),
                "cadre_id": event.cadre_id,
                "on": event.effective_on,
                "note": token(event.note),
            },
        )

    return models


def service(models: ReadModels | None = None) -> Service:
    routes = Routes.of()
    models = models or read_models()
    people = models.metadata.tables["people"]

    @routes.get("/people/{cadre_id}", Right(Role.READER, NAMED), summary="A person")
    async def person(reader: Reading, cadre_id: CadreId) -> dict[str, Any]:
        query = people.select().where(people.c.cadre_id == cadre_id)
        row = (await reader.connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("no such cadre", where=cadre_id)
        return {"name": await reader.open(row.name), "position": reader.position}

    return Service("selection", "选", HANDLERS, models, (routes,))


def cadre_id(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = ""
    for _ in range(10):
        number, digit = divmod(number, 26)
        text += letters[digit]
    return f"c-{text}"


def settings(url: str, directory: Path, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "nats_url": url,
        "nats_user": "selection",
        "nats_password": "pselection",
        "database_url": f"sqlite+aiosqlite:///{directory}/selection.db",
        "keys_url": f"sqlite+aiosqlite:///{directory}/keys.db",
        "master_key": b64encode(b"m" * 32).decode(),
        "signing_key": b64encode(b"s" * 32).decode(),
        "index_key": b64encode(b"i" * 32).decode(),
        "api_token": "token",
    }
    return Settings(**(values | more))
