"""The peer's projections: a batch written by hand over its notification log, and its runner."""

import sqlite3
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from peer import Fact, Register, stored
from psycopg.sql import SQL, Composed

PER_TRANSACTION = 500
TABLE = """CREATE TABLE IF NOT EXISTS facts (
    person TEXT NOT NULL, version BIGINT NOT NULL, kind TEXT, effective_on TEXT, unit TEXT,
    PRIMARY KEY (person, version))"""
POSITION = "CREATE TABLE IF NOT EXISTS reached (name TEXT PRIMARY KEY, position BIGINT)"

type Runner = ProjectionRunner[Register, "Facts"]
type Values = tuple[str, int, str, str, str | None]


def values(fact: Fact) -> Values:
    """The one row of an event."""
    event = fact.event
    return (
        str(fact.originator_id),
        fact.originator_version,
        event.tag(),
        event.effective_on.isoformat(),
        getattr(event, "unit_id", None),
    )


def decoded(
    app: Register, end: int, page: int = PER_TRANSACTION
) -> Iterator[tuple[int, list[Fact]]]:
    """The notification log in pages, with the last id of each."""
    position = 0
    while position < end:
        found = app.recorder.select_notifications(position + 1, page, stop=end)
        position = found[-1].id
        yield position, [app.mapper.to_domain_event(one) for one in found]  # type: ignore[misc]


def batch_into_postgres(app: Register, url: str, end: int) -> float:
    """Events per second of a plain psycopg loop, 500 in each transaction."""
    insert = b"INSERT INTO facts VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
    with psycopg.connect(url) as connection:
        connection.execute(TABLE.encode())
        connection.execute(POSITION.encode())
        connection.execute("INSERT INTO reached VALUES ('facts', 0)")
        connection.commit()
        begun = perf_counter()
        for position, facts in decoded(app, end):
            with connection.cursor() as cursor:
                cursor.executemany(insert, [values(fact) for fact in facts])
                cursor.execute("UPDATE reached SET position = %s", (position,))
            connection.commit()
        return end / (perf_counter() - begun)


def batch_into_sqlite(app: Register, file: str, end: int) -> float:
    """The same with sqlite3, in WAL mode."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(TABLE)
    connection.execute(POSITION)
    connection.execute("INSERT INTO reached VALUES ('facts', 0)")
    connection.commit()
    begun = perf_counter()
    for position, facts in decoded(app, end):
        rows = [values(fact) for fact in facts]
        connection.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("UPDATE reached SET position = ?", (position,))
        connection.commit()
    taken = perf_counter() - begun
    connection.close()
    return end / taken


class Facts(PostgresTrackingRecorder):
    """The peer's materialised view: a row and its tracking in one transaction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sql_create_statements.append(Composed([SQL(TABLE)]))

    def put(self, row: Values, tracking: Tracking) -> None:
        """Store the row of an event."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(b"INSERT INTO facts VALUES (%s, %s, %s, %s, %s)", row, prepare=True)


class FactsProjection(Projection[Facts]):
    """One row for each event. ``seen`` holds when each position was stored, by position."""

    name = "facts"
    seen: dict[int, float]

    def __init__(self, view: Facts) -> None:
        super().__init__(view)
        self.seen = {}

    def process_event(  # pyright: ignore[reportIncompatibleVariableOverride]
        self, domain_event: Any, tracking: Tracking
    ) -> None:
        self.view.put(values(domain_event), tracking)
        self.seen[tracking.notification_id] = perf_counter()


def runner(environment: dict[str, str]) -> Runner:
    """The library's projection runner on an application's events; a context manager."""
    return ProjectionRunner(
        application_class=Register,
        projection_class=FactsProjection,
        view_class=Facts,
        env=environment,
    )


def by_runner(environment: dict[str, str], end: int) -> float:
    """Events per second of the runner from its first event to its last."""
    with runner(environment) as running:
        running.wait(end, timeout=600)
        seen = projection_of(running).seen
        return (end - 1) / (seen[end] - seen[1])


def projection_of(running: Runner) -> FactsProjection:
    """The projection that a runner keeps up."""
    projection = running.projection
    assert isinstance(projection, FactsProjection)
    return projection


def filled_sqlite(file: Path, environment: dict[str, str], people: int) -> None:
    """Lives in the peer's own SQLite table."""
    Register(environment).close()
    connection = sqlite3.connect(file)
    rows = ((who.hex, *rest) for who, *rest in stored(range(people)))
    for part in batched(rows, 5_000):
        connection.executemany(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
            " VALUES (?, ?, ?, ?)",
            part,
        )
    connection.commit()
    connection.close()
