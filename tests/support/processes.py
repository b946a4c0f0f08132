"""The mini service as a process of its own, as `python -m cadre.selection` is one."""

import contextlib
import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import httpx

from support.nats_server import free_port

_PROGRAM = """
from support import mini
from cadre.shared.serving.process import run
run(mini.service())
"""
TESTS = Path(__file__).parent.parent


def variables(nats_url: str, database_url: str, keys_url: str) -> dict[str, str]:
    """What the process reads."""
    return {
        "CADRE_NATS_URL": nats_url,
        "CADRE_NATS_USER": "selection",
        "CADRE_NATS_PASSWORD": "pselection",
        "CADRE_DATABASE_URL": database_url,
        "CADRE_KEYS_URL": keys_url,
        "CADRE_MASTER_KEY": b64encode(b"m" * 32).decode(),
        "CADRE_SIGNING_KEY": b64encode(b"s" * 32).decode(),
        "CADRE_INDEX_KEY": b64encode(b"i" * 32).decode(),
        "CADRE_API_TOKEN": "very-secret-api-token",
    }


@dataclass
class ServiceProcess:
    """A running service."""

    variables: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self, program: str = _PROGRAM, stderr: IO[bytes] | None = None) -> None:
        environment = {
            **os.environ,
            **self.variables,
            "CADRE_HTTP_PORT": str(self.port),
            "PYTHONPATH": str(TESTS),
        }
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program], env=environment, stderr=stderr or file
            )

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def ended(self, seconds: float) -> int:
        """Its exit code, once it has ended."""
        assert self.process is not None
        return self.process.wait(seconds)

    def get(self, path: str, timeout_s: float = 30) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.variables['CADRE_API_TOKEN']}"}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=timeout_s)

    def ready(self) -> dict[str, Any]:
        """What health says; empty while nothing answers."""
        try:
            return dict(self.get("/health/ready", 5).json())
        except httpx.HTTPError:
            return {}

    def faults(self) -> set[str]:
        return {fault["name"] for fault in self.ready().get("faults", ())}

    def register(self, cadre_id: str, name: str = "张三", timeout_s: float = 30) -> httpx.Response:
        """Give a command."""
        return httpx.post(
            f"http://127.0.0.1:{self.port}/commands/register",
            json={"cadre_id": cadre_id, "person_name": name, "effective_on": "2026-03-02"},
            headers={
                "Authorization": f"Bearer {self.variables['CADRE_API_TOKEN']}",
                "Idempotency-Key": str(uuid4()),
                "Cadre-Actor": "clerk",
            },
            timeout=timeout_s,
        )


@contextlib.contextmanager
def service_process(log: Path, of: Mapping[str, str]) -> Generator[ServiceProcess]:
    """A service that ends with the block."""
    one = ServiceProcess(of, log)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def until(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.2)
