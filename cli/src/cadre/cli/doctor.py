"""``cadre doctor``."""

import asyncio
import contextlib
import shutil
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import nats.errors
import psutil
import typer
from pydantic import BaseModel, Field, ValidationError
from rich.markup import escape

from cadre.cli import ownership
from cadre.cli.data_directory import SERVICES, DataDirectory, NatsRun, Run
from cadre.cli.health import Health, ask
from cadre.cli.options import DEFAULT_DATA, Data
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, table
from cadre.cli.ownership import PARTS, named
from cadre.cli.watch import trial
from cadre.shared.connection import Connection, connect_once
from cadre.shared.errors import CadreError
from cadre.shared.log import Log

FREE_BYTES_MIN = 1_000_000_000
LAG_EVENTS_MAX = 1000
LAG_S_MAX = 30.0
ANSWER_S_MAX = 10.0
LOG_S_MAX = 20.0

type Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the doctor looked at."""

    name: str
    ok: bool
    found: str
    advice: str = ""


class Projections(BaseModel):
    """What the doctor reads of ``/projections``."""

    position: Count
    journal_position: Count
    reactions_position: Count | None
    log_position: Count
    parked: list[Any]
    reactions_failed: list[Any]

    @property
    def readers(self) -> dict[str, int]:
        """How far each reader of the log has come."""
        found = {"tables": self.position, "journal": self.journal_position}
        if self.reactions_position is not None:
            found["reactions"] = self.reactions_position
        return found


def doctor(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """检查系统是否健康。 Look whether the system is well; exit code 1 when it is not."""
    directory = DataDirectory.open_data(data)
    checks = [*_room(directory), *asyncio.run(_life(directory))]
    if as_json:
        print_json([{"name": c.name, "ok": c.ok, "found": c.found} for c in checks])
    else:
        rows = [
            (
                "[green]ok[/green]" if c.ok else "[red]!![/red]",
                c.name,
                _plain(c.found),
                "" if c.ok else _plain(c.advice),
            )
            for c in checks
        ]
        CONSOLE.print(table("", ("", "check", "found", "do"), rows))
    if not all(check.ok for check in checks):
        raise typer.Exit(DIFFERENT)


def _plain(text: str) -> str:
    """What somebody else said, as text and nothing else."""
    return escape("".join(sign if sign.isprintable() else "�" for sign in text))


def _room(directory: DataDirectory) -> list[Check]:
    """Whether there is room, and what can be written: tried, not read off."""
    free = shutil.disk_usage(directory.path).free
    checks = [
        Check(
            "disk",
            free > FREE_BYTES_MIN,
            f"{free / 1e9:.1f} GB free",
            "the log refuses when it is full",
        )
    ]
    for name in (".", *PARTS):
        why = trial(directory.path / name)
        told = "can be written" if why is None else f"cannot be written: {why}"
        checks.append(
            Check(f"folder {name}", why is None, told, "make room, or let the owner write there")
        )
    return checks


async def _life(directory: DataDirectory) -> list[Check]:
    """Who runs the directory, and how they are."""
    running = ownership.supervisors(directory.path)
    left = [] if running else ownership.left_over(directory.path)
    if left:
        told = "has died; what it left still lives: " + ", ".join(map(named, left))
        return [Check("supervisor", ok=False, found=told, advice="cadre down, then cadre up")]
    if not directory.locked:
        return [Check("supervisor", ok=False, found="is stopped", advice="cadre up")]
    try:
        run = directory.read_run()
    except CadreError as error:
        using = [one.process for one in ownership.holders(directory.path)]
        told = f"used by {', '.join(map(named, using))}; {error.detail}"
        return [Check("supervisor", ok=False, found=told, advice="wait, or cadre down")]
    checks = [Check("supervisor", ok=True, found="runs")]
    folders = [directory.path / part for part in PARTS]
    holding = {one.process.pid for one in ownership.holders(*folders)}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {run.api_token}"}) as client:
        looked = [_service(client, run, name, holding) for name in SERVICES]
        for found in await asyncio.gather(*looked):
            checks += found
    return checks + await _log(run.nats, holding)


def _process(name: str, pid: int, holding: AbstractSet[int]) -> Check:
    """Whether this number is still that process: then it holds a claim."""
    alive = pid in holding if holding else psutil.pid_exists(pid)
    told = f"pid {pid}" if alive else f"pid {pid} has ended"
    return Check(f"{name} process", alive, told, f"see logs/{name}.log")


async def _service(
    client: httpx.AsyncClient, run: Run, name: str, holding: AbstractSet[int]
) -> list[Check]:
    if name not in run.services:
        return [Check(f"{name} process", ok=False, found="run.json does not name it")]
    one = run.services[name]
    checks = [_process(name, one.pid, holding)]
    health = await ask(client, one.http_url)
    checks += _faults(name, health)
    if health.silent:
        return checks
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            answer = await client.get(f"{one.http_url}/projections", timeout=ANSWER_S_MAX)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        told = str(error) or f"no answer within {ANSWER_S_MAX:g} s"
        return [*checks, Check(f"{name} answers", ok=False, found=told, advice="see its log")]
    try:
        status = Projections.model_validate_json(answer.content)
    except ValidationError:
        told = f"not its projections, but {answer.status_code}: {_said(answer)}"
        return [*checks, Check(f"{name} answers", ok=False, found=told, advice="see its log")]
    parked, failed = len(status.parked), len(status.reactions_failed)
    return [
        *checks,
        await _lag(run.nats, name, status),
        Check(f"{name} parked", not parked, f"{parked} events", "cadre projections parked"),
        Check(f"{name} reactions", not failed, f"{failed} refused", "cadre projections status"),
    ]


def _faults(name: str, health: Health) -> list[Check]:
    if health.unanswered is not None:
        return [Check(f"{name} ready", ok=False, found=health.unanswered, advice="see its log")]
    checks = [
        Check(
            f"{name} {fault.name}",
            ok=False,
            found=f"{fault.detail} (for {fault.age_s:.0f} s; stops {fault.stops})",
            advice=fault.hint or "see its log",
        )
        for fault in health.faults
    ]
    if health.ready or not checks:
        told = "takes commands" if health.ready else health.why
        checks.insert(0, Check(f"{name} ready", health.ready, told, "see its log"))
    return checks


def _said(answer: httpx.Response) -> str:
    """What an answer that is no status says, in one line."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return str(answer.json()["detail"])
    return " ".join(answer.text.split())[:80] or "nothing"


async def _lag(run: NatsRun, name: str, status: Projections) -> Check:
    """How far the slowest reader is behind the log, and since when."""
    reader, position = min(status.readers.items(), key=lambda one: one[1])
    end = status.log_position
    ahead = {who: at - end for who, at in status.readers.items() if at > end}
    if ahead:
        told = ", ".join(f"{who} {by} events ahead of the log" for who, by in ahead.items())
        advice = "the log lost events: cadre audit verify"
        return Check(f"{name} lag", ok=False, found=told, advice=advice)
    if position == end:
        return Check(f"{name} lag", ok=True, found="0 events")
    age_s = await _age_s(run, position + 1)
    told = f"{reader} {end - position} events"
    told += ", of an age not known" if age_s is None else f", the oldest for {age_s:.0f} s"
    well = end - position <= LAG_EVENTS_MAX and age_s is not None and age_s <= LAG_S_MAX
    return Check(f"{name} lag", well, told, "wait, or see its log")


async def _age_s(run: NatsRun, position: int) -> float | None:
    """How long an event has been on the log; None when that cannot be read."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            client = await _subscriber(run, asyncio.Event())
            try:
                stored_ns = (await Log(client).get(position)).recorded_ns
            finally:
                await client.close()
    except (CadreError, OSError, nats.errors.Error):
        return None
    return max(0.0, datetime.now(UTC).timestamp() - stored_ns / 1e9)


async def _subscriber(run: NatsRun, denied: asyncio.Event) -> Connection:
    credential = run.credentials["subscriber"]

    async def on_error(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            denied.set()

    return await connect_once(
        run.url,
        user=credential.user,
        password=credential.password,
        inbox_prefix=b"_INBOX_subscriber",
        error_cb=on_error,
    )


async def _log(run: NatsRun, holding: AbstractSet[int]) -> list[Check]:
    """The stream's settings, and that the read-only credential can only read."""
    process = _process("nats", run.pid, holding)
    try:
        async with asyncio.timeout(LOG_S_MAX):
            return [process, *await _stream(run)]
    except TimeoutError:
        told = f"no answer within {LOG_S_MAX:g} s"
    except (OSError, nats.errors.Error, CadreError) as error:
        told = str(error) or type(error).__name__
    return [process, Check("log", ok=False, found=told, advice="see logs/nats.log")]


async def _stream(run: NatsRun) -> list[Check]:
    denied = asyncio.Event()
    client = await _subscriber(run, denied)
    try:
        info = await Log(client).info()
        kept = all(
            info["config"].get(name) for name in ("deny_delete", "deny_purge", "allow_atomic")
        )
        await client.publish("history.doctor.cadre.c-aaaaaaaaaa.tried", b"")
        await client.flush()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(denied.wait(), 2)
    finally:
        await client.close()
    told = "cannot publish" if denied.is_set() else "can publish"
    return [
        Check("stream", kept, f"{info['state']['messages']} events", "cadre provision --show"),
        Check("read-only credential", denied.is_set(), told, "mend the log's permissions"),
    ]
