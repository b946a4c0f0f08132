"""``cadre doctor``."""

import asyncio
import contextlib
import shutil
from dataclasses import dataclass
from typing import Any

import httpx
import nats.errors
import psutil
import typer

from cadre.cli.data_directory import SERVICES, DataDirectory, Run
from cadre.cli.options import DEFAULT_DATA, Data
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, styled, table
from cadre.shared.connection import connect_once
from cadre.shared.errors import CadreError
from cadre.shared.log import Log

FREE_BYTES_MIN = 1_000_000_000
LAG_EVENTS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the doctor looked at."""

    name: str
    ok: bool
    found: str
    advice: str = ""


def doctor(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """检查系统是否健康。 Look whether the system is well; exit code 1 when it is not."""
    directory = DataDirectory.open_data(data)
    checks = [_disk(directory)]
    checks.append(
        Check(
            "supervisor", directory.locked, "runs" if directory.locked else "is stopped", "cadre up"
        )
    )
    if directory.locked:
        run = directory.read_run()
        for name in SERVICES:
            checks += _service(run, name)
        checks += asyncio.run(_log(run))
    if as_json:
        print_json([{"name": c.name, "ok": c.ok, "found": c.found} for c in checks])
    else:
        rows = [
            (
                styled("ok", "green") if c.ok else styled("!!", "red"),
                c.name,
                c.found,
                "" if c.ok else c.advice,
            )
            for c in checks
        ]
        CONSOLE.print(table("", ("", "check", "found", "do"), rows))
    if not all(check.ok for check in checks):
        raise typer.Exit(DIFFERENT)


def _disk(directory: DataDirectory) -> Check:
    free = shutil.disk_usage(directory.path).free
    return Check(
        "disk",
        free > FREE_BYTES_MIN,
        f"{free / 1e9:.1f} GB free",
        "the log refuses when it is full",
    )


def _service(run: Run, name: str) -> list[Check]:
    one = run.services[name]
    headers = {"Authorization": f"Bearer {run.api_token}"}
    alive = psutil.pid_exists(one.pid)
    checks = [Check(f"{name} process", alive, f"pid {one.pid}", f"see logs/{name}.log")]
    try:
        answer = httpx.get(f"{one.http_url}/projections", headers=headers, timeout=10)
        status: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return [*checks, Check(f"{name} answers", ok=False, found=str(error), advice="see its log")]
    lag = int(status["log_position"]) - int(status["position"])
    parked, failed = len(status["parked"]), len(status["reactions_failed"])
    return [
        *checks,
        Check(
            f"{name} lag",
            0 <= lag <= LAG_EVENTS_MAX,
            f"{lag} events" if lag >= 0 else f"{-lag} events ahead of the log",
            "wait, or see its log" if lag >= 0 else "the log lost events: cadre audit verify",
        ),
        Check(f"{name} parked", not parked, f"{parked} events", "cadre projections parked"),
        Check(f"{name} reactions", not failed, f"{failed} refused", "cadre projections status"),
    ]


async def _log(run: Run) -> list[Check]:
    """The stream's settings, and that the read-only credential can only read."""
    credential = run.nats.credentials["subscriber"]
    denied = asyncio.Event()

    async def on_error(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            denied.set()

    try:
        client = await connect_once(
            run.nats.url,
            user=credential.user,
            password=credential.password,
            inbox_prefix=b"_INBOX_subscriber",
            error_cb=on_error,
        )
    except (OSError, nats.errors.Error) as error:
        return [Check("log", ok=False, found=str(error), advice="see logs/nats.log")]
    try:
        info = await Log(client).info()
        kept = all(
            info["config"].get(name) for name in ("deny_delete", "deny_purge", "allow_atomic")
        )
        await client.publish("history.doctor.cadre.c-aaaaaaaaaa.tried", b"")
        await client.flush()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(denied.wait(), 2)
    except CadreError as error:
        return [Check("stream", ok=False, found=str(error), advice="cadre provision")]
    finally:
        await client.close()
    told = "cannot publish" if denied.is_set() else "can publish"
    return [
        Check("stream", kept, f"{info['state']['messages']} events", "cadre provision --show"),
        Check("read-only credential", denied.is_set(), told, "mend the log's permissions"),
    ]
