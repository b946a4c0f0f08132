"""How soon a query sees a command, under a steady 500 commands a second."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from statistics import quantiles
from time import perf_counter, sleep

import peer
import psycopg
from lives import EVENTS_PER_PERSON, cadre_id, life
from load import RECORDED, http_load, http_request, lag_load
from peer_projection import projection_of, runner
from report import Curve, Goal, Line, Measured, Row
from rows_commands import CALLERS, checked, http_commands, person_of, persons_of, until_applied
from servers import service
from session import Filled, Session
from wire import Wire, framed

PER_SECOND = 500.0
EVERY = 5
"""One command in so many is followed by its query."""
WRITERS = 8
SECONDS = 10


@dataclass(frozen=True, slots=True)
class Paced:
    """Seconds of lag, and how many commands a second there really were."""

    lags_s: list[float]
    per_second: float

    def p(self, percent: int) -> float:
        """A percentile in milliseconds."""
        return 1000 * quantiles(self.lags_s, n=100, method="inclusive")[percent - 1]


def rows(session: Session) -> Measured:
    """`lag`, with a curve of its distribution."""
    commands = min(int(SECONDS * PER_SECOND), session.sizes.commands * 2)
    log = session.filled(persons_of(commands) * EVENTS_PER_PERSON, "commands")
    # What the limit writes is not for a service to read.
    apart = session.filled(EVENTS_PER_PERSON, "limit")
    runs = [
        (_ours(session, log, commands), _peer(session, commands), _limit(session, apart, commands))
        for _ in range(session.sizes.runs)
    ]
    ours, theirs, limit = (_median(of) for of in zip(*runs, strict=True))
    told = (
        f"p99 of ours in each run {', '.join(f'{run[0].p(99):.3g}' for run in runs)} ms, "
        f"p50 {ours.p(50):.3g} ms; commands came at {ours.per_second:.0f}/s to us, "
        f"{theirs.per_second:.0f}/s to the peer, {limit.per_second:.0f}/s to the limit; "
        "limit: from acknowledgement until a raw reader has committed one row to PostgreSQL; "
        "peer: until its ProjectionRunner has committed the event's row, no query asked"
    )
    row = Row(
        "lag",
        f"from acknowledgement to the answer of ?after= at {PER_SECOND:.0f} commands/s, p99",
        "ms",
        ours.p(99),
        theirs.p(99),
        limit.p(99),
        Goal(ours_max=100),
        len(runs),
        told,
        {"commands_per_second": ours.per_second},
    )
    percents = list(range(1, 100))
    lines = [
        Line(name, percents, [one.p(percent) for percent in percents])
        for name, one in (("ours", ours), ("peer", theirs), ("limit", limit))
    ]
    title = f"Lag of queries behind acknowledgements, {PER_SECOND:.0f} commands/s"
    return Measured([row], [Curve("lag", title, "percentile", "lag, ms", lines)])


def _median(runs: Sequence[Paced]) -> Paced:
    """The run whose 99th percentile is in the middle."""
    return sorted(runs, key=lambda run: run.p(99))[len(runs) // 2]


def _ours(session: Session, log: Filled, commands: int) -> Paced:
    database = session.database("selection-lag")
    with service(log.server, "selection", database) as web:
        until_applied(web, log.end)
        queries = [
            http_request(
                "GET", f"/cadres/{cadre_id(person_of(number))}?after=%POSITION%", web.token
            )
            for number in range(commands)
        ]
        # A steady state: of every person something was recorded, and asked, over every connection.
        warm = http_commands(log.people, web.token)
        checked(session.pool.submit(http_load, web.port, warm, CALLERS, RECORDED).result())
        applied = str(json.loads(web.get("/projections")[1])["log_position"]).encode()
        asked = [query.replace(b"%POSITION%", applied) for query in queries[: log.people]]
        checked(session.pool.submit(http_load, web.port, asked, CALLERS, b"cadre_id").result())
        requests = http_commands(commands, web.token)
        load = session.pool.submit(lag_load, web.port, requests, queries, PER_SECOND, EVERY)
        lagged = load.result()
    assert not lagged.failed, f"{lagged.failed} commands or queries failed"
    return Paced(lagged.lags_s, lagged.sent / lagged.seconds)


def _peer(session: Session, commands: int) -> Paced:
    server = session.postgres
    environment = peer.postgres_environment(server, server.new_database())
    # With its database function, events that commit out of order never reach its runner.
    environment |= peer.CACHED | peer.TRUSTING | {"POSTGRES_ENABLE_DB_FUNCTIONS": "n"}
    peer.fill_postgres(server, environment, WRITERS)
    acknowledged: dict[int, float] = {}
    numbers = count()
    with runner(environment) as running:
        running.wait(WRITERS * EVENTS_PER_PERSON, timeout=60)
        app = running.app
        begun = perf_counter()

        def write(writer: int) -> None:
            event = life(writer)[1]
            while (number := next(numbers)) < commands:
                sleep(max(0.0, begun + number / PER_SECOND - perf_counter()))
                person = app.person(cadre_id(writer))
                person.add(event)
                saved = app.save(person)
                acknowledged[saved[0].notification.id] = perf_counter()

        threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = perf_counter() - begun
        seen = projection_of(running).seen
        while max(acknowledged) not in seen:
            sleep(0.01)
        return Paced([max(0.0, seen[n] - at) for n, at in acknowledged.items()], commands / taken)


def _limit(session: Session, log: Filled, commands: int) -> Paced:
    acknowledged: list[float] = []
    committed: list[float] = []
    user = (log.server.port, "operator", log.server.password("operator"))
    with Wire(*user) as sampling:
        sample = next(sampling.pull("HISTORY", 1, 2))
    with Wire(*user) as writing, Wire(*user) as reading:
        start = int(writing.api("STREAM.INFO.HISTORY", {})["state"]["last_seq"])
        follower = threading.Thread(
            target=_follow, args=(session, reading, start, commands, committed)
        )
        follower.start()
        begun = perf_counter()
        answers = writing.messages()
        for number in range(commands):
            sleep(max(0.0, begun + number / PER_SECOND - perf_counter()))
            subject = f"history.lag.cadre.{cadre_id(number)}.observed"
            writing.send(framed(subject, f"{writing.inbox}.{number}", {}, sample.body))
            next(answers)
            acknowledged.append(perf_counter())
        taken = perf_counter() - begun
        follower.join()
    return Paced(_differences(acknowledged, committed), commands / taken)


def _differences(acknowledged: Sequence[float], committed: Sequence[float]) -> list[float]:
    return [max(0.0, end - at) for at, end in zip(acknowledged, committed, strict=True)]


def _follow(
    session: Session, wire: Wire, start: int, commands: int, committed: list[float]
) -> None:
    with psycopg.connect(session.postgres.plain_url(session.postgres.new_database())) as connection:
        connection.execute("CREATE TABLE thin (position BIGINT PRIMARY KEY, body BYTEA)")
        connection.commit()
        waiting = 0
        for message in wire.pull("HISTORY", start, start + commands):
            waiting += 1
            position = start + len(committed) + waiting
            connection.execute(b"INSERT INTO thin VALUES (%s, %s)", (position, message.body))
            if not wire.waiting():
                connection.commit()
                committed += [perf_counter()] * waiting
                waiting = 0
        if waiting:
            connection.commit()
            committed += [perf_counter()] * waiting
