"""What `cadre doctor` asks of services and of the log, wherever they are."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import httpx
import nats.errors
from pydantic import BaseModel, Field, ValidationError

from cadre.cli.installation.health import Health, ask
from cadre.shared.deciding.errors import CadreError
from cadre.shared.log.connection import Connection, connect_once
from cadre.shared.log.stream import Log

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


class LogAddress(NamedTuple):
    """Where the log is, and what its reader is known by."""

    url: str
    password: str
    ca_file: Path | None = None


async def service_checks(
    client: httpx.AsyncClient, name: str, url: str, log: LogAddress, wanted: str | None = None
) -> list[Check]:
    """What a service says of itself; ``wanted`` is the version that should run."""
    health = await ask(client, url)
    checks = _faults(name, health)
    if wanted is not None and health.version is not None:
        checks.append(_version(name, health.version, wanted))
    if health.silent:
        return checks
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            answer = await client.get(f"{url}/projections", timeout=ANSWER_S_MAX)
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
        await _lag(log, name, status),
        Check(f"{name} parked", not parked, f"{parked} events", "cadre projections parked"),
        Check(f"{name} reactions", not failed, f"{failed} refused", "cadre projections status"),
    ]


def _version(name: str, running: str, wanted: str) -> Check:
    told = running if running == wanted else f"{running} runs, this command is of {wanted}"
    return Check(f"{name} version", running == wanted, told, "docker compose up -d --wait")


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


async def _lag(log: LogAddress, name: str, status: Projections) -> Check:
    """How far the slowest reader is behind the log, and since when."""
    reader, position = min(status.readers.items(), key=lambda one: one[1])
    end = status.log_position
    ahead = {who: at - end for who, at in status.readers.items() if at > end}
    if ahead:
        told = ", ".join(f"{who} {by} events ahead of the log" for who, by in ahead.items())
        advice = "the log lost events: cadre log compare"
        return Check(f"{name} lag", ok=False, found=told, advice=advice)
    if position == end:
        return Check(f"{name} lag", ok=True, found="0 events")
    age_s = await _age_s(log, position + 1)
    told = f"{reader} {end - position} events"
    told += ", of an age not known" if age_s is None else f", the oldest for {age_s:.0f} s"
    well = end - position <= LAG_EVENTS_MAX and age_s is not None and age_s <= LAG_S_MAX
    return Check(f"{name} lag", well, told, "wait, or see its log")


async def _age_s(log: LogAddress, position: int) -> float | None:
    """How long an event has been on the log; None when that cannot be read."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            client = await _subscriber(log, asyncio.Event())
            try:
                stored_ns = (await Log(client).get(position)).recorded_ns
            finally:
                await client.close()
    except (CadreError, OSError, nats.errors.Error):
        return None
    return max(0.0, datetime.now(UTC).timestamp() - stored_ns / 1e9)


async def _subscriber(log: LogAddress, denied: asyncio.Event) -> Connection:
    async def on_error(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            denied.set()

    return await connect_once(
        log.url,
        ca_file=log.ca_file,
        user="subscriber",
        password=log.password,
        inbox_prefix=b"_INBOX_subscriber",
        error_cb=on_error,
    )


async def log_checks(log: LogAddress, advice: str) -> list[Check]:
    """The stream's settings, and that the read-only credential can only read."""
    try:
        async with asyncio.timeout(LOG_S_MAX):
            return await _stream(log)
    except TimeoutError:
        told = f"no answer within {LOG_S_MAX:g} s"
    except (OSError, nats.errors.Error, CadreError) as error:
        told = str(error) or type(error).__name__
    return [Check("log", ok=False, found=told, advice=advice)]


async def _stream(log: LogAddress) -> list[Check]:
    denied = asyncio.Event()
    client = await _subscriber(log, denied)
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
