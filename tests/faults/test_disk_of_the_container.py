"""The log's container ends itself where its disk takes no writes, and comes back with room."""

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from support.nats_server import CONFIG, NatsServer, environment, free_port, wait_for
from support.processes import until
from support.small_disk import SmallDisk, small_disk

pytestmark = [pytest.mark.faults, pytest.mark.containers]

SCRIPT = Path(__file__).parents[2] / "deploy" / "serve-log.sh"
INBOX = "_INBOX_selection.stores"
SUBJECT = "history.selection.cadre.c-aaaaaaaaaa.noted"


@dataclass
class Container:
    """The log's container as the compose file has it."""

    name: str
    port: int

    def docker(self, *arguments: str) -> str:
        done = subprocess.run(
            ["docker", *arguments, self.name], capture_output=True, text=True, check=True
        )
        return done.stdout + done.stderr

    @property
    def restarts(self) -> int:
        return int(self.docker("inspect", "--format", "{{.RestartCount}}"))

    @property
    def exit_code(self) -> int:
        return int(self.docker("inspect", "--format", "{{.State.ExitCode}}"))

    def stores(self, size: int = 10) -> bool:
        """Whether an event is taken; asked in the server's own words."""
        login = {"user": "selection", "pass": "pselection", "headers": True, "no_responders": True}
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 2) as one,
        ):
            one.settimeout(1)
            words = f"CONNECT {json.dumps(login)}\r\nSUB {INBOX} 1\r\n"
            one.sendall(f"{words}PUB {SUBJECT} {INBOX} {size}\r\n{'x' * size}\r\n".encode())
            answer = b""
            while data := one.recv(65536):
                answer += data
                if b'"seq"' in answer or b"-ERR" in answer:
                    return b'"seq"' in answer
        return False


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as one:
        yield one


@pytest.fixture
def container(disk: SmallDisk) -> Iterator[Container]:
    one = Container(f"cadre-log-{uuid4().hex[:8]}", free_port())
    variables = environment("0.0.0.0:4222", "127.0.0.1:8222", "/data")
    arguments = [
        *("docker", "run", "--detach", "--restart", "unless-stopped", "--name", one.name),
        *("--publish", f"127.0.0.1:{one.port}:4222", "--volume", f"{disk.path}:/data"),
        *("--volume", f"{CONFIG}:/etc/cadre/nats-server.conf:ro"),
        *("--volume", f"{SCRIPT}:/etc/cadre/serve-log.sh:ro"),
        *(part for name, value in variables.items() for part in ("--env", f"{name}={value}")),
        *("nats:2.15-alpine", "sh", "/etc/cadre/serve-log.sh"),
        *("nats-server", "--config", "/etc/cadre/nats-server.conf"),
    ]
    subprocess.run(arguments, check=True, capture_output=True)
    try:
        wait_for(one.port)
        NatsServer(disk.path, one.port).provision()
        yield one
    finally:
        subprocess.run(["docker", "rm", "--force", one.name], check=True, capture_output=True)


def test_a_full_disk_ends_it_and_room_brings_it_back(disk: SmallDisk, container: Container):
    assert container.stores()
    disk.fill()
    while container.stores(3000):
        pass
    until(lambda: "the server is ended" in container.docker("logs"), "it ends itself")
    time.sleep(5)
    assert not container.stores(), "it does not run on a full disk"
    disk.empty()
    until(container.stores, "it stores again")
    assert container.restarts >= 1


def test_a_moment_without_room_leaves_no_silent_stream(disk: SmallDisk, container: Container):
    disk.fill()
    while container.stores(3000):
        pass
    disk.empty()
    until(container.stores, "it stores again")


def test_it_stops_as_ever(container: Container):
    begun = time.monotonic()
    container.docker("stop", "--time", "30")
    assert time.monotonic() - begun < 20, "the server got the signal"
    assert container.exit_code in {0, 1}
    assert "Server Exiting" in container.docker("logs")
    assert container.restarts == 0
