"""A service as a process of its own, as it runs in a container."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from support.environment import Environment
from support.nats_server import free_port

TOKEN = "token"


@contextlib.contextmanager
def service_process(name: str, environment: Environment, **more: str) -> Iterator[str]:
    """The URL of a service that is ready."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = environment.settings(name, nats_user=name, nats_password=f"p{name}")
    told = {
        "CADRE_NATS_URL": settings.nats_url,
        "CADRE_NATS_USER": name,
        "CADRE_NATS_PASSWORD": f"p{name}",
        "CADRE_DATABASE_URL": settings.database_url.get_secret_value(),
        "CADRE_KEYS_URL": settings.keys_url.get_secret_value(),
        "CADRE_MASTER_KEY": "bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0=",
        "CADRE_SIGNING_KEY": "c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M=",
        "CADRE_INDEX_KEY": "aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk=",
        "CADRE_API_TOKEN": TOKEN,
        "CADRE_HTTP_PORT": str(port),
    }
    log = environment.directory / f"{name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", f"cadre.{name}"], env=os.environ | told | more, stderr=out
        )
        try:
            _await_ready(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _await_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(log.read_text())
