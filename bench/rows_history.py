"""One person's history of thirty events, on logs of different sizes."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import peer
import psycopg
import uvloop
from lives import EVENTS_PER_PERSON, cadre_id
from report import Curve, Goal, Line, Measured, Row
from session import Filled, Session
from wire import Wire

from cadre.contracts.supervision.assessment import Assessed
from cadre.shared.deciding.person import PERSON
from cadre.shared.running.runtime import Runtime, running
from cadre.supervision.app import SERVICE

SAMPLES = 200
STRIDE = 7_919
"""A prime: persons are asked for all over the log."""
WAIT_S_MAX = 7_200.0
SELECT = (
    b"SELECT originator_version, state FROM register_events"
    b" WHERE originator_id = %s ORDER BY originator_version"
)


@dataclass(frozen=True, slots=True)
class Medians:
    """Milliseconds, the median of one size."""

    ours: float
    peer: float
    limit: float


def rows(session: Session) -> Measured:
    """`history` and `history-first`, with a curve each over the size of the log."""
    again: dict[int, Medians] = {}
    first: dict[int, Medians] = {}
    for size in session.sizes.history:
        log = session.filled(size)
        session.tell(f"histories at {log.end:,} events")
        again[log.end], first[log.end] = uvloop.run(_at(session, log))
    return Measured(
        [
            _row(session, "history", "asked for again", again, "a get for newer events"),
            _row(
                session,
                "history-first",
                "asked for the first time",
                first,
                "a select of thirty rows by index, json.loads of each, and a get for newer events",
            ),
        ],
        [
            _curve(
                f"history{_suffix(session)}",
                "One person's history of 30 events, asked for again",
                again,
            ),
            _curve(f"history-first{_suffix(session)}", "The same, asked for the first time", first),
        ],
    )


async def _at(session: Session, log: Filled) -> tuple[Medians, Medians]:
    server = session.postgres
    environment = peer.postgres_environment(server, server.new_database()) | peer.CACHED
    peer.fill_postgres(server, environment, log.people)
    settings = log.server.settings(SERVICE.name, large_database(session, log))
    async with running(SERVICE, settings) as runtime:
        await runtime.projector.wait(log.end, WAIT_S_MAX)
        with (
            peer.Register(environment) as app,
            Wire(log.server.port, "operator", log.server.password("operator")) as wire,
            psycopg.connect(server.plain_url(environment["POSTGRES_DBNAME"])) as connection,
        ):
            return await _sample(session.sizes.runs, log, runtime, app, wire, connection)


def large_database(session: Session, log: Filled) -> str:
    """The database of a Supervision that has seen a log; the same one for every row."""
    return session.database(f"supervision-{log.end}")


async def _sample(
    runs: int,
    log: Filled,
    runtime: Runtime,
    app: peer.Register,
    wire: Wire,
    connection: psycopg.Connection,
) -> tuple[Medians, Medians]:
    """Ours, the peer's and the limit's turn about, person by person."""
    people = list(_people(log, min(SAMPLES * runs, log.people)))

    async def ours(who: str) -> None:
        state = await runtime.handling.fold(PERSON.of(who))
        assert len(state.every(Assessed)) == EVENTS_PER_PERSON - 16

    async def peers(who: str) -> None:
        assert app.person(who).version == EVENTS_PER_PERSON

    async def get(who: str) -> None:
        _newer(wire, log, who)

    async def select(who: str) -> None:
        found = connection.execute(SELECT, (peer.person_uuid(who),), prepare=True).fetchall()
        assert len([json.loads(state) for _, state in found]) == EVENTS_PER_PERSON
        _newer(wire, log, who)

    first = await _medians(people, ours, peers, select)
    return await _medians(people, ours, peers, get), first


def _people(log: Filled, count: int) -> Iterator[str]:
    for number in range(count):
        yield cadre_id(number * STRIDE % log.people)


def _newer(wire: Wire, log: Filled, who: str) -> None:
    request = {"seq": log.end + 1, "next_by_subj": f"history.*.cadre.{who}.>"}
    wire.request("$JS.API.DIRECT.GET.HISTORY", json.dumps(request).encode())


async def _medians(people: list[str], *work: Callable[[str], Awaitable[None]]) -> Medians:
    taken: list[list[float]] = [[] for _ in work]
    for who in people:
        for one, seconds in zip(work, taken, strict=True):
            begun = perf_counter()
            await one(who)
            seconds.append(perf_counter() - begun)
    ours, theirs, limit = (1000 * median(seconds) for seconds in taken)
    return Medians(ours, theirs, limit)


def _suffix(session: Session) -> str:
    """Rows that include the huge log stand beside the others: they are measured seldom."""
    return "-huge" if session.sizes.huge else ""


def _row(session: Session, name: str, title: str, found: dict[int, Medians], limit: str) -> Row:
    largest = found[max(found)]
    told = ", ".join(f"{at.ours:.3g} ms at {size:,}" for size, at in found.items())
    return Row(
        f"{name}{_suffix(session)}",
        f"one person's history, 30 events, folded, inside the service, {title}, median",
        "ms",
        largest.ours,
        largest.peer,
        largest.limit,
        Goal(ours_max=0.3, peer_max=1),
        session.sizes.runs,
        f"{told} events; limit: {limit}; peer: its repository with cache and fast-forward on "
        "PostgreSQL. Snapshots would hold the same thirty facts, so there are none",
        {str(size): [at.ours, at.peer, at.limit] for size, at in found.items()},
    )


def _curve(name: str, title: str, found: dict[int, Medians]) -> Curve:
    sizes = sorted(found)
    lines = [
        Line("ours", sizes, [found[size].ours for size in sizes]),
        Line("peer", sizes, [found[size].peer for size in sizes]),
        Line("limit", sizes, [found[size].limit for size in sizes]),
    ]
    return Curve(name, title, "events on the log", "median, ms", lines, log_x=True)
