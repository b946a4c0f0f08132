"""Projecting the log into the real read models of Supervision, on PostgreSQL and on SQLite."""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import batched
from pathlib import Path
from time import perf_counter

import peer
import psycopg
import uvloop
from lives import EVENTS_PER_PERSON
from peer_projection import (
    batch_into_postgres,
    batch_into_sqlite,
    by_runner,
    filled_sqlite,
)
from report import Goal, Measured, Row
from session import Filled, Session, interleaved
from wire import Wire

from cadre.shared.running.runtime import running
from cadre.shared.serving.process import SWITCH_S
from cadre.shared.upkeep.memory import collect_rarely
from cadre.supervision.app import SERVICE

PER_TRANSACTION = 500
RUNNER_PEOPLE = 50
WAIT_S_MAX = 1800.0
TABLE = "CREATE TABLE thin (position BIGINT PRIMARY KEY, subject TEXT, effective_on TEXT)"


async def project(log: Filled, database_url: str) -> float:
    """Events per second of a fresh service until it has caught up with the log."""
    settings = log.server.settings(SERVICE.name, database_url)
    async with running(SERVICE, settings) as runtime:
        # As for the others: connections and empty tables are there, nothing has been read.
        assert runtime.projector.position == 0
        begun = perf_counter()
        await runtime.projector.wait(log.end, WAIT_S_MAX)
        taken = perf_counter() - begun
    return log.end / taken


def projected(log: Filled, database_url: str) -> float:
    """`project` in a process set up as a service's."""
    collect_rarely()
    sys.setswitchinterval(SWITCH_S)
    return uvloop.run(project(log, database_url))


def peer_projected(
    into: Callable[[peer.Register, str, int], float],
    environment: dict[str, str],
    target: str,
    end: int,
) -> float:
    """The peer's plain loop in a process that does nothing else."""
    collect_rarely()
    with peer.Register(environment) as app:
        return into(app, target, end)


def thin_rows(log: Filled) -> Iterator[tuple[tuple[int, str, str], ...]]:
    """Read, frame, decode the body: 500 rows at a time."""
    with Wire(log.server.port, "operator", log.server.password("operator")) as wire:
        messages = enumerate(wire.pull("HISTORY", 0, log.end), start=1)
        rows = (
            (position, message.subject.decode(), str(json.loads(message.body)["effective_on"]))
            for position, message in messages
        )
        yield from batched(rows, PER_TRANSACTION)


def thin_into_postgres(log: Filled, url: str) -> float:
    """Events per second of a reader that copies one narrow row per event."""
    with psycopg.connect(url) as connection:
        connection.execute(TABLE.encode())
        connection.commit()
        begun = perf_counter()
        for rows in thin_rows(log):
            with connection.cursor().copy("COPY thin FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            connection.commit()
        return log.end / (perf_counter() - begun)


def thin_into_sqlite(log: Filled, file: Path) -> float:
    """The same with sqlite3."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(TABLE)
    begun = perf_counter()
    for rows in thin_rows(log):
        connection.executemany("INSERT INTO thin VALUES (?, ?, ?)", rows)
        connection.commit()
    taken = perf_counter() - begun
    connection.close()
    return log.end / taken


NOTE = (
    "ours: every event into the journal (all headers, whole body) and the tables, all of them "
    "empty; limit: raw pull, json.loads and one narrow row per event, "
    f"{PER_TRANSACTION} in a transaction; "
)
BY_HAND = f"{NOTE}peer: its log read, decoded and put as one row per event by a plain loop, as many"
BY_LIBRARY = f"{NOTE}peer: its ProjectionRunner, one event in a transaction"


def rows(session: Session) -> Measured:
    """`projection-postgres`, `projection-runner` and `projection-sqlite`."""
    log = session.filled(session.sizes.events)
    return Measured([*_postgres(session, log), _sqlite(session, log)])


def _row(
    session: Session, name: str, database: str, theirs: str, found: Mapping[str, float]
) -> Row:
    return Row(
        f"projection-{name}",
        f"an empty Supervision catches up, {database}",
        "events/s",
        found["ours"],
        found[theirs],
        found["limit"],
        Goal(peer_min=15 if theirs == "runner" else 1),
        session.sizes.runs,
        BY_LIBRARY if theirs == "runner" else BY_HAND,
    )


def _postgres(session: Session, log: Filled) -> list[Row]:
    server = session.postgres
    environment = peer.postgres_environment(server, server.new_database())
    peer.fill_postgres(server, environment, log.people)

    def by_library() -> float:
        people = min(RUNNER_PEOPLE, log.people)
        small = peer.postgres_environment(server, server.new_database())
        peer.fill_postgres(server, small, people)
        return by_runner(small, people * EVENTS_PER_PERSON)

    def by_hand() -> float:
        target = server.plain_url(server.new_database())
        return session.alone(peer_projected, batch_into_postgres, environment, target, log.end)

    found = interleaved(
        session.sizes.runs,
        ours=lambda: session.alone(projected, log, server.url(server.new_database())),
        peer=by_hand,
        runner=by_library,
        limit=lambda: session.alone(
            thin_into_postgres, log, server.plain_url(server.new_database())
        ),
    )
    return [
        _row(session, "postgres", "PostgreSQL", "peer", found),
        _row(session, "runner", "PostgreSQL", "runner", found),
    ]


def _sqlite(session: Session, log: Filled) -> Row:
    source = session.new_directory("peer") / "register.db"
    environment = peer.sqlite_environment(source)
    filled_sqlite(source, environment, log.people)

    def ours() -> float:
        file = session.new_directory("ours") / "supervision.db"
        return session.alone(projected, log, f"sqlite+aiosqlite:///{file}")

    def by_hand() -> float:
        target = str(session.new_directory("peer") / "f.db")
        return session.alone(peer_projected, batch_into_sqlite, environment, target, log.end)

    found = interleaved(
        session.sizes.runs,
        ours=ours,
        peer=by_hand,
        limit=lambda: session.alone(
            thin_into_sqlite, log, session.new_directory("limit") / "thin.db"
        ),
    )
    return _row(session, "sqlite", "SQLite", "peer", found)
