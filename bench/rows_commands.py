"""Commands: one at a time, and from many callers, over HTTP and over NATS."""

import contextlib
import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

import peer
import psycopg
from lives import EVENTS_PER_PERSON, NOTE, cadre_id
from load import RECORDED, Taken, http_load, http_request, nats_load
from report import Goal, Measured, Row
from servers import Web, asgi, service
from session import Filled, Session, interleaved
from wire import Wire, framed, publish

CALLERS = 64
PERSONS_PER_CALLER = 8
PEER_TRIAL = 400
HISTORY_SELECT = (
    b"SELECT position FROM journal WHERE entity = 'cadre' AND entity_id = %s "
    b"ORDER BY position DESC LIMIT 1"
)

type Requests = Callable[[int], list[bytes]]


def body_of(person: int) -> dict[str, str]:
    """A command that nobody sent before."""
    return {
        "cadre_id": cadre_id(person),
        "effective_on": "2026-03-02",
        "occasion": "project",
        "indication": "positive",
        "observer": "县委组织部重点项目考察组",
        "note": f"{NOTE}{uuid4()}",
    }


def person_of(number: int) -> int:
    """Each caller has persons of its own, so no two commands at once concern the same."""
    caller, turn = number % CALLERS, number // CALLERS
    return caller + CALLERS * (turn % PERSONS_PER_CALLER)


def persons_of(commands: int) -> int:
    """How many persons so many commands concern."""
    return CALLERS * min(PERSONS_PER_CALLER, ceil(commands / CALLERS))


def http_commands(count: int, token: str) -> list[bytes]:
    """Requests, those of each caller 64 apart."""
    made: list[bytes] = []
    for number in range(count):
        body = json.dumps(body_of(person_of(number)), ensure_ascii=False).encode()
        headers = (f"Idempotency-Key: {uuid4()}",)
        made.append(http_request("POST", "/commands/observe", token, body, headers))
    return made


def nats_commands(count: int, token: str) -> list[tuple[bytes, bytes]]:
    """The same over NATS, in two parts: the caller's inbox stands between them."""
    made: list[tuple[bytes, bytes]] = []
    for number in range(count):
        body = json.dumps(body_of(person_of(number)), ensure_ascii=False).encode()
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": str(uuid4()),
            "Cadre-Actor": "bench",
        }
        frame = framed("commands.selection.observe", "@", headers, body)
        before, after = frame.split(b"@", 1)
        made.append((before, b".%d" % number + after))
    return made


@dataclass(slots=True)
class Commands:
    """Everything the rows of commands need, running."""

    session: Session
    log: Filled
    bare: Filled
    """A log that no service follows: what the limit publishes is not for one to read."""
    database: str
    ours: Web
    peer: Web
    peer_variant: str
    empty: Web
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(100_000_000)))

    def frames(self, wire: Wire, count: int) -> list[bytes]:
        """Events of the usual size, ready to publish: what a command makes of itself."""
        with self.wire() as reading:
            sample = next(reading.pull("HISTORY", 1, 2))
        headers = sample.attributes()
        made: list[bytes] = []
        for number in range(count):
            subject = f"history.bench.cadre.{cadre_id(next(self._numbers))}.observed"
            fresh = headers | {"Nats-Msg-Id": str(uuid4())}
            made.append(framed(subject, f"{wire.inbox}.{number}", fresh, sample.body))
        return made

    def http(self, web: Web, requests: list[bytes], callers: int, expected: bytes) -> Taken:
        """A load from the callers' process."""
        return checked(
            self.session.pool.submit(http_load, web.port, requests, callers, expected).result()
        )

    def wire(self) -> Wire:
        """On the bare log, as the operator, who may publish any history."""
        server = self.bare.server
        return Wire(server.port, "operator", server.password("operator"))


def checked(taken: Taken) -> Taken:
    """Figures of commands that failed are no figures."""
    assert not taken.failed, f"{taken.failed} commands failed: {taken.failure}"
    return taken


@contextlib.contextmanager
def running_commands(session: Session) -> Generator[Commands]:
    """Selection, the peer at its best, and the empty application."""
    persons = persons_of(session.sizes.commands)
    log = session.filled(persons * EVENTS_PER_PERSON, "commands")
    bare = session.filled(EVENTS_PER_PERSON, "limit")
    database = session.postgres.new_database()
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(service(log.server, "selection", session.postgres.url(database)))
        until_applied(ours, log.end)
        logs = log.server.data.path / "logs" / "peer.log"
        empty = stack.enter_context(asgi("empty_service", {}, logs))
        theirs, variant = stack.enter_context(_best_peer(session, logs))
        it = Commands(session, log, bare, database, ours, theirs, variant, empty)
        # Every person once: what was never asked for is the row `history-first`.
        it.http(ours, http_commands(persons, ours.token), CALLERS, RECORDED)
        it.http(theirs, http_commands(persons, ""), CALLERS, RECORDED)
        yield it


def until_applied(web: Web, position: int) -> None:
    """Wait until a service has projected up to a position."""
    while json.loads(web.get("/projections")[1])["position"] < position:
        pass


@contextlib.contextmanager
def _best_peer(session: Session, log: Path) -> Generator[tuple[Web, str]]:
    """The peer's variant that carries out a short trial fastest."""
    variants = {
        "threads, table lock": {"CADRE_BENCH_THREADS": "y", "POSTGRES_ENABLE_DB_FUNCTIONS": "n"},
        "threads, database function": {"CADRE_BENCH_THREADS": "y"},
        "event loop, database function": {},
    }
    commands = session.sizes.commands
    trial = min(PEER_TRIAL, commands)
    found: dict[str, float] = {}
    environments: dict[str, dict[str, str]] = {}
    for name, options in variants.items():
        base = peer.postgres_environment(session.postgres, session.postgres.new_database())
        environments[name] = base | peer.CACHED | peer.TRUSTING | options
        peer.fill_postgres(session.postgres, environments[name], persons_of(commands))
        with asgi("peer_service", environments[name], log) as web:
            for _ in range(2):
                load = session.pool.submit(
                    http_load, web.port, http_commands(trial, ""), CALLERS, RECORDED
                )
                found[name] = trial / checked(load.result()).seconds
    best = max(found, key=lambda name: found[name])
    with asgi("peer_service", environments[best], log) as web:
        yield web, best


def rows(session: Session) -> Measured:
    """`command`, `commands-http` and `commands-nats`."""
    with running_commands(session) as it:
        return Measured([_one_at_a_time(it), *_many_callers(it)])


def _one_at_a_time(it: Commands) -> Row:
    count = max(20, it.session.sizes.commands // 4)
    parts: dict[str, list[float]] = {"publish": [], "empty request": [], "select": []}

    def call(web: Web) -> float:
        taken = it.http(web, http_commands(count, web.token), 1, RECORDED)
        return 1000 * median(taken.latencies_s)

    def limit() -> float:
        with it.wire() as wire:
            published = publish(wire, it.frames(wire, count), 1)
        requests = [http_request("GET", "/empty", "")] * count
        asked = it.http(it.empty, requests, 1, b"{}").latencies_s
        figures = (published, asked, _selects(it, count))
        for part, seconds in zip(parts.values(), figures, strict=True):
            part.append(1000 * median(seconds))
        return sum(part[-1] for part in parts.values())

    found = interleaved(
        it.session.sizes.runs,
        ours=lambda: call(it.ours),
        peer=lambda: call(it.peer),
        limit=limit,
    )
    told = ", ".join(f"{name} {median(part):.2f} ms" for name, part in parts.items())
    return Row(
        "command",
        "one command at a time, HTTP request to durable acknowledgement, median",
        "ms",
        found["ours"],
        found["peer"],
        found["limit"],
        Goal(ratio_max=1.3),
        it.session.sizes.runs,
        f"limit: {told}, each from one blocking or asyncio socket, added up; "
        f"peer: {it.peer_variant}, cache taken for the truth",
        {name: median(part) for name, part in parts.items()},
    )


def _selects(it: Commands, count: int) -> list[float]:
    taken: list[float] = []
    with psycopg.connect(it.session.postgres.plain_url(it.database)) as connection:
        for number in range(count):
            begun = perf_counter()
            connection.execute(HISTORY_SELECT, (cadre_id(person_of(number)),), prepare=True)
            taken.append(perf_counter() - begun)
    return taken


def _many_callers(it: Commands) -> list[Row]:
    count = it.session.sizes.commands
    runs = it.session.sizes.runs

    def http(web: Web) -> float:
        taken = it.http(web, http_commands(count, web.token), CALLERS, RECORDED)
        return count / taken.seconds

    def over_nats() -> float:
        server = it.log.server
        load = it.session.pool.submit(
            nats_load,
            server.port,
            server.password("client"),
            nats_commands(count, it.ours.token),
            CALLERS,
        )
        return count / checked(load.result()).seconds

    def limit() -> float:
        with it.wire() as wire:
            frames = it.frames(wire, count)
            begun = perf_counter()
            publish(wire, frames, CALLERS)
            return count / (perf_counter() - begun)

    found = interleaved(
        runs,
        http=lambda: http(it.ours),
        nats=over_nats,
        peer=lambda: http(it.peer),
        limit=limit,
    )
    note = (
        "limit: one blocking socket publishes events of the same size, 64 unacknowledged; "
        f"peer: over HTTP, {it.peer_variant}, cache taken for the truth (its database function "
        "takes no table lock: readers of its log may miss what commits out of order)"
    )
    return [
        Row(
            f"commands-{way}",
            f"commands of 64 callers on different persons, one instance, {title}",
            "commands/s",
            found[way],
            found["peer"],
            found["limit"],
            goal,
            runs,
            note,
        )
        for way, title, goal in (
            ("http", "HTTP", Goal(ratio_min=0.5, peer_min=2)),
            ("nats", "NATS", Goal(ratio_min=0.7)),
        )
    ]
