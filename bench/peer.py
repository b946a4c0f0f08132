"""The peer: the library ``eventsourcing``, doing the same work with its fastest options.

It gets Cadre's own events, fold and decision, so that only the machinery differs. It stores events
in clear and unsigned, keeps no hash chain and forgets command ids: all that is less work.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent
from lives import SEED, cadre_id, life
from servers import Postgres

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event
from cadre.shared.deciding.person import PERSON
from cadre.shared.deciding.person import Person as State

POOL = "40"
LAST_ID = (
    b"SELECT setval(pg_get_serial_sequence('register_events', 'notification_id'),"
    b" max(notification_id)) FROM register_events"
)
COLUMNS = "originator_id, originator_version, topic, state, notification_id"


@lru_cache(maxsize=200_000)
def person_uuid(cadre: str) -> UUID:
    """The peer's id of a person: its index is fastest with 16 bytes."""
    return uuid5(SEED, cadre)


class Seen(NamedTuple):
    """As much of a recorded event as Selection's fold looks at."""

    event: Event
    event_id: UUID
    position: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One of Cadre's events as the peer's domain event."""

    originator_id: UUID
    originator_version: int
    event: Event

    def seen(self) -> Any:
        """As the fold takes it, made as cheaply as can be."""
        version = self.originator_version
        return Seen(self.event, UUID(int=self.originator_id.int ^ version), version)


class PydanticMapper(Mapper[UUID]):
    """JSON straight to and from the models, as the library's pydantic example does."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        assert isinstance(domain_event, Fact)
        return StoredEvent(
            domain_event.originator_id,
            domain_event.originator_version,
            domain_event.event.tag(),
            domain_event.event.model_dump_json().encode(),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Fact:
        assert isinstance(stored_event.originator_id, UUID)
        return Fact(
            stored_event.originator_id,
            stored_event.originator_version,
            CATALOGUE.events[stored_event.topic].model_validate_json(stored_event.state),
        )


@dataclass(slots=True)
class Person:
    """The aggregate: the state that Selection decides on."""

    id: UUID
    version: int = 0
    state: State = field(default_factory=State)
    pending: list[Fact] = field(default_factory=list[Fact])

    def add(self, event: Event) -> None:
        """Take in a new event, to be saved."""
        fact = Fact(self.id, self.version + 1, event)
        self.pending.append(fact)
        self.mutate(fact)

    def mutate(self, fact: Fact) -> None:
        self.version = fact.originator_version
        self.state = PERSON.evolve(self.state, fact.seen())

    def collect_events(self) -> Sequence[Fact]:
        pending, self.pending = self.pending, []
        return pending


def project(person: Person | None, facts: Iterable[Fact]) -> Person | None:
    """The library's projector function of `Person`."""
    for fact in facts:
        person = person or Person(fact.originator_id)
        person.mutate(fact)
    return person


class Register(Application[UUID]):
    """The peer's application."""

    name = "register"

    def construct_mapper(self) -> Mapper[UUID]:
        return PydanticMapper(self.construct_transcoder())

    def person(self, cadre: str) -> Person:
        """A person as of now."""
        found: Person = self.repository.get(person_uuid(cadre), projector_func=project)  # type: ignore[type-var]
        return found


def postgres_environment(server: Postgres, database: str, **more: str) -> dict[str, str]:
    """Its options on PostgreSQL; the database function inserts without locking the whole table."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": database,
        "POSTGRES_HOST": server.socket_directory,
        "POSTGRES_PORT": "5432",
        "POSTGRES_USER": "postgres",
        "POSTGRES_PASSWORD": "",
        "POSTGRES_POOL_SIZE": POOL,
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
        **more,
    }


def sqlite_environment(file: Path, **more: str) -> dict[str, str]:
    """Its options on SQLite; it uses WAL and syncs every commit."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(file),
        **more,
    }


CACHED = {"AGGREGATE_CACHE_MAXSIZE": "20000", "DEEPCOPY_FROM_AGGREGATE_CACHE": "n"}
TRUSTING = {"AGGREGATE_CACHE_FASTFORWARD": "n"}
"""Take the cache for the truth: no other process may write."""


def stored(people: Iterable[int]) -> Iterator[tuple[UUID, int, str, bytes]]:
    """Typical lives as the peer's rows."""
    for number in people:
        who = person_uuid(cadre_id(number))
        for version, event in enumerate(life(number), start=1):
            yield who, version, event.tag(), event.model_dump_json().encode()


def fill_postgres(server: Postgres, environment: dict[str, str], people: int) -> None:
    """Copy lives into the peer's own table."""
    Register(environment).close()
    url = server.plain_url(environment["POSTGRES_DBNAME"])
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY register_events ({COLUMNS}) FROM STDIN".encode()) as copy:
            for number, row in enumerate(stored(range(people)), start=1):
                copy.write_row((*row, number))
        cursor.execute(LAST_ID)
        cursor.execute("ANALYZE register_events")
