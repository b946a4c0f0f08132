"""What `cadre doctor` looks at where settings name the servers: through their doors alone."""

import asyncio
from importlib.metadata import version
from typing import Any

import httpx

from cadre.cli.client import Client
from cadre.cli.data_directory import SERVICES
from cadre.cli.doctor import Check, log_checks, progress_checks
from cadre.cli.options import account
from cadre.cli.served import Remote
from cadre.cli.settings_file import SystemSettings

ANSWER_S_MAX = 10.0


def examine(settings: SystemSettings) -> list[Check]:
    """Look at every service and at the log.

    Raises: NotFound for settings that lack something, Malformed.
    """
    password = settings.require("nats_password_subscriber")
    with Remote(settings).client(account()) as client:
        checks = [check for name in SERVICES for check in _service(client, name)]
    return checks + asyncio.run(log_checks(settings.log_url, password, settings.ca_file))


def _service(client: Client, name: str) -> list[Check]:
    where = client.find()
    url = where.urls[name]
    try:
        ready = _asked(client, f"{url}/health/ready")
        status = _asked(client, f"{url}/projections", Authorization=f"Bearer {where.token}")
    except (httpx.HTTPError, ValueError) as error:
        return [Check(f"{name} answers", ok=False, found=str(error), advice=f"is it at {url}?")]
    checks = [_version(name, str(ready.get("version", "unknown")))]
    checks += [
        Check(f"{name} {one['name']}", ok=False, found=one["detail"], advice=one["hint"])
        for one in ready.get("faults", ())
    ]
    checks.append(
        Check(f"{name} ready", ready["status"] == "ready", ready["status"], "see its log")
    )
    if "position" not in status:
        told = str(status.get("detail", status))
        return [*checks, Check(f"{name} answers", ok=False, found=told, advice="see its log")]
    return [*checks, *progress_checks(name, status)]


def _asked(client: Client, url: str, **headers: str) -> dict[str, Any]:
    # A service that is not ready says so with 503 and a body.
    answer: dict[str, Any] = client.http.get(url, headers=headers, timeout=ANSWER_S_MAX).json()
    return answer


def _version(name: str, running: str) -> Check:
    wanted = version("cadre-cli")
    return Check(
        f"{name} version",
        running == wanted,
        running if running == wanted else f"{running} runs, this command is of {wanted}",
        "docker compose up -d --wait",
    )
