"""``cadre doctor``."""

import asyncio
import shutil
import ssl
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from importlib.metadata import version
from pathlib import Path

import httpx
import psutil
import typer
from rich.markup import escape

from cadre.cli import ownership
from cadre.cli.data_directory import DataDirectory
from cadre.cli.looking import Check, LogAddress, log_checks, service_checks
from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, styled, table
from cadre.cli.ownership import PARTS, named
from cadre.cli.watch import trial
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.connection import trusting
from cadre.shared.errors import CadreError

FREE_BYTES_MIN = 1_000_000_000


def doctor(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """检查系统是否健康。 Look whether the system is well; exit code 1 when it is not."""
    if settings is None:
        directory = DataDirectory.open_data(data)
        checks = [*_room(directory), *asyncio.run(_life(directory))]
    else:
        checks = asyncio.run(_servers(settings))
    if as_json:
        print_json([{"name": c.name, "ok": c.ok, "found": c.found} for c in checks])
    else:
        rows = [
            (
                styled("ok", "green") if c.ok else styled("!!", "red"),
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
    named_here = [name for name in SERVICES if name in run.services]
    checks += [
        Check(f"{name} process", ok=False, found="run.json does not name it")
        for name in SERVICES
        if name not in named_here
    ]
    folders = [directory.path / part for part in PARTS]
    holding = {one.process.pid for one in ownership.holders(*folders)}
    checks += [_process(one, run.services[one].pid, holding) for one in named_here]
    checks.append(_process("nats", run.nats.pid, holding))
    urls = {name: run.services[name].http_url for name in named_here}
    log = LogAddress(run.nats.url, run.nats.credentials["subscriber"].password)
    async with _client(run.api_token) as client:
        return checks + await _doors(client, urls, log, "see logs/nats.log")


async def _servers(settings: Path) -> list[Check]:
    """Where settings name the servers: through their doors alone."""
    from cadre.cli.settings_file import SystemSettings

    given = SystemSettings.of(settings)
    log = LogAddress(given.log_url, given.require("nats_password_subscriber"), given.ca_file)
    urls = {name: given.url_of(name) for name in SERVICES}
    trusted = trusting(given.ca_file) if given.ca_file else True
    async with _client(given.require("api_token"), trusted) as client:
        advice = "is it there, and is the password of subscriber right?"
        return await _doors(client, urls, log, advice, version("cadre-cli"))


def _client(token: str, trusted: ssl.SSLContext | bool = True) -> httpx.AsyncClient:
    return httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, verify=trusted)


async def _doors(
    client: httpx.AsyncClient,
    urls: Mapping[str, str],
    log: LogAddress,
    advice: str,
    wanted: str | None = None,
) -> list[Check]:
    looked = [service_checks(client, name, url, log, wanted) for name, url in urls.items()]
    found = await asyncio.gather(*looked, log_checks(log, advice))
    return [check for checks in found for check in checks]


def _process(name: str, pid: int, holding: AbstractSet[int]) -> Check:
    """Whether this number is still that process: then it holds a claim."""
    alive = pid in holding if holding else psutil.pid_exists(pid)
    told = f"pid {pid}" if alive else f"pid {pid} has ended"
    return Check(f"{name} process", alive, told, f"see logs/{name}.log")
