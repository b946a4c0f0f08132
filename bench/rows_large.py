"""A large log: rebuilding a service's tables while it answers, its memory, and the cold start."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from time import perf_counter, sleep

import peer
from lives import cadre_id
from peer_projection import batch_into_postgres
from report import Curve, Goal, Line, Measured, Row
from rows_commands import until_applied
from rows_history import large_database
from rows_projection import thin_into_postgres
from servers import Web, asgi, nats_server, rss_mb, service
from session import Filled, Session, interleaved

from cadre.cli.installation.data_directory import DataDirectory

REBUILD_GOAL = 1_000_000 / 60
QUERIES_PER_SECOND = 20
PATHS = ("assessments", "merit", "influence", "talks")
CADRE = str(Path(sys.executable).with_name("cadre"))


def rows(session: Session) -> Measured:
    """`rebuild` and `memory`, on the large log."""
    log = session.filled(session.sizes.large)
    with service(log.server, "supervision", large_database(session, log)) as web:
        caught_up = _peak(web, log)
        rebuilt, curve = _rebuild(session, log, web)
        after = rss_mb(web.pid)
    with service(log.server, "supervision", large_database(session, log)) as web:
        until_applied(web, log.end)
        for number in range(400):
            _query(web, number, log.people)
        fresh = rss_mb(web.pid)
    return Measured([rebuilt, _memory(session, log, max(caught_up, fresh, after))], [curve])


def _peak(web: Web, log: Filled) -> float:
    """Memory when the service has caught up with the log, in MB; the highest that was seen."""
    highest = 0.0
    while json.loads(web.get("/projections")[1])["position"] < log.end:
        highest = max(highest, rss_mb(web.pid))
        sleep(0.2)
    return max(highest, rss_mb(web.pid))


def _query(web: Web, number: int, people: int) -> float:
    begun = perf_counter()
    path = f"/cadres/{cadre_id(number * 7_919 % people)}/{PATHS[number % len(PATHS)]}"
    status, body = web.get(f"{path}?on=2026-03-02")
    assert status == 200, body
    return 1000 * (perf_counter() - begun)


def _rebuild(session: Session, log: Filled, web: Web) -> tuple[Row, Curve]:
    before = [_query(web, number, log.people) for number in range(100)]
    runs = [_rebuilt(log, web) for _ in range(session.sizes.runs)]
    taken, asked = sorted(runs)[len(runs) // 2]
    seconds = [at for at, _ in asked]
    latencies = [latency for _, latency in asked]
    theirs, limit = _rebuild_beside(session)
    row = Row(
        "rebuild",
        f"tables of Supervision anew from {log.end:,} events, on PostgreSQL, while it answers",
        "events/s",
        log.end / taken,
        theirs,
        limit,
        Goal(ours_min=REBUILD_GOAL),
        len(runs),
        f"{', '.join(f'{run[0]:.1f}' for run in runs)} s; {len(latencies)} queries meanwhile, p99 "
        f"{_p99(latencies):.3g} ms, before {_p99(before):.3g} ms; the goal is a million in 60 s; "
        "limit: raw pull and one narrow row per event; peer: its log decoded and put as one row "
        f"per event; both once, into an empty table, on {session.sizes.events:,} events, nobody "
        "asking",
        {"seconds": taken, "query_p99_ms": _p99(latencies), "query_p99_ms_before": _p99(before)},
    )
    line = Line("one query", seconds, latencies)
    title = f"Queries during a rebuild of {log.end:,} events"
    return row, Curve("rebuild", title, "seconds since it began", "answer, ms", [line])


def _rebuilt(log: Filled, web: Web) -> tuple[float, list[tuple[float, float]]]:
    """Seconds of one rebuild, and of each query meanwhile: when it was asked, and its ms."""
    asked: list[tuple[float, float]] = []
    done = threading.Event()
    begun = perf_counter()

    def ask() -> None:
        number = 0
        # A percentile needs two figures, however short the rebuild.
        while not done.is_set() or len(asked) < 2:
            at = perf_counter() - begun
            asked.append((at, _query(web, number, log.people)))
            number += 1
            sleep(1 / QUERIES_PER_SECOND)

    asking = threading.Thread(target=ask)
    web.post("/projections/rebuild")
    asking.start()
    try:
        while json.loads(web.get("/projections")[1])["rebuilding"]:
            sleep(0.1)
        taken = perf_counter() - begun
    finally:
        done.set()
        asking.join()
    return taken, asked


def _p99(latencies: Sequence[float]) -> float:
    return quantiles(latencies, n=100, method="inclusive")[98]


def _rebuild_beside(session: Session) -> tuple[float, float]:
    """The peer's and the limit's events per second, on the log of the usual size."""
    log, server = session.filled(session.sizes.events), session.postgres
    environment = peer.postgres_environment(server, server.new_database())
    peer.fill_postgres(server, environment, log.people)
    with peer.Register(environment) as app:
        theirs = batch_into_postgres(app, server.plain_url(server.new_database()), log.end)
    return theirs, thin_into_postgres(log, server.plain_url(server.new_database()))


def _memory(session: Session, log: Filled, ours: float) -> Row:
    logs = log.server.data.path / "logs" / "peer.log"
    environment = peer.postgres_environment(session.postgres, session.postgres.new_database())
    with asgi("peer_service", environment | peer.CACHED, logs) as web:
        theirs = rss_mb(web.pid)
    with asgi("empty_service", {}, logs) as web:
        limit = rss_mb(web.pid)
    return Row(
        "memory",
        f"resident memory of Supervision on {log.end:,} events",
        "MB",
        ours,
        theirs,
        limit,
        Goal(ours_max=150),
        1,
        "the highest of: caught up with the log, after a rebuild of all tables, after 400 queries; "
        "limit: an application with one empty route; peer: its service just started; "
        f"the log's server itself: {rss_mb(log.server.pid):.0f} MB",
        {"nats_server_mb": rss_mb(log.server.pid)},
    )


def start_rows(session: Session) -> Measured:
    """`start`: a new system from nothing to ready."""
    found = interleaved(
        session.sizes.runs,
        ours=lambda: _cadre_up(session),
        peer=lambda: _peer_start(session),
        limit=lambda: _limit_start(session),
    )
    row = Row(
        "start",
        "`cadre up` on a new directory until it returns: log, four services, all ready",
        "s",
        found["ours"],
        found["peer"],
        found["limit"],
        Goal(ours_max=5),
        session.sizes.runs,
        "limit: the log's server and four empty applications under uvicorn at once, until all "
        "answer; peer: one process of its service on a running PostgreSQL",
    )
    return Measured([row])


def _cadre_up(session: Session) -> float:
    data = session.new_directory("system")
    begun = perf_counter()
    try:
        subprocess.run([CADRE, "up", "--data", str(data)], check=True, capture_output=True)
        return perf_counter() - begun
    finally:
        subprocess.run([CADRE, "down", "--data", str(data)], check=False, capture_output=True)


def _peer_start(session: Session) -> float:
    environment = peer.postgres_environment(session.postgres, session.postgres.new_database())
    begun = perf_counter()
    with asgi("peer_service", environment, session.directory / "peer.log"):
        return perf_counter() - begun


def _limit_start(session: Session) -> float:
    data = DataDirectory.create(session.new_directory("log"))
    log = session.directory / "empty.log"
    begun = perf_counter()
    with ExitStack() as stack:
        stack.enter_context(nats_server(data))
        webs = [stack.enter_context(asgi("empty_service", {}, log, wait=False)) for _ in range(4)]
        for web in webs:
            web.until("/empty")
        return perf_counter() - begun
