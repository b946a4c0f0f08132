"""What runs a system: the log's server, the stream, four services; restarts what dies."""

import asyncio
import os
import signal
import sys
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import nats.errors

from cadre.cli import log_server
from cadre.cli.children import Child, Program, Service, stop
from cadre.cli.data_directory import (
    SERVICES,
    Credential,
    DataDirectory,
    NatsRun,
    Run,
    Secrets,
    ServiceRun,
)
from cadre.cli.key_backups import KeyBackups
from cadre.shared.codec import Signer
from cadre.shared.connection import connect_once
from cadre.shared.errors import CadreError, Unavailable
from cadre.shared.provision import provision

READY_S_MAX = 60.0
POLL_S = 0.02
RESTART_S = 0.3
PRUNE_EVERY_S = 3600.0


@dataclass(slots=True)
class System:
    """A system on one data directory."""

    data: DataDirectory
    ports: dict[str, int] = field(default_factory=dict[str, int])
    children: dict[str, Child] = field(default_factory=dict[str, Child])
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Start everything, keep it running until told to stop, stop everything."""
        secrets = self.data.secrets
        self.ports = dict(zip(("nats", *SERVICES), log_server.free_ports(5), strict=True))
        with log_server.configuration() as config:
            self._plan(secrets, config)
            try:
                await self.children["nats"].start()
                await self._provision(secrets)
                for name in SERVICES:
                    await self.children[name].start()
                await self._until_ready()
                self._publish(secrets)
                async with asyncio.TaskGroup() as tasks:
                    keepers = [
                        tasks.create_task(self._keep(child, secrets))
                        for child in self.children.values()
                    ]
                    keepers.append(tasks.create_task(self._prune_key_backups()))
                    await self.stopping.wait()
                    for keeper in keepers:
                        keeper.cancel()
            finally:
                self.data.run_file.unlink(missing_ok=True)
                await asyncio.gather(*(stop(self.children[name]) for name in SERVICES))
                await stop(self.children["nats"])

    def _plan(self, secrets: Secrets, config: Path) -> None:
        logs = self.data.path / "logs"
        environment = log_server.environment(
            f"127.0.0.1:{self.ports['nats']}",
            self.data.path / "nats",
            secrets.nats_passwords,
        )
        command = log_server.command(config)
        self.children["nats"] = Program("nats", command, environment, logs / "nats.log")
        for name in SERVICES:
            self.children[name] = Service(
                name, self._environment(name, secrets), logs / f"{name}.log"
            )

    def _environment(self, name: str, secrets: Secrets) -> dict[str, str]:
        database = self.data.path / "db"
        return {
            "CADRE_NATS_URL": f"nats://127.0.0.1:{self.ports['nats']}",
            "CADRE_NATS_USER": name,
            "CADRE_NATS_PASSWORD": secrets.nats_passwords[name],
            "CADRE_DATABASE_URL": f"sqlite+aiosqlite:///{database / name}.db",
            "CADRE_KEYS_URL": f"sqlite+aiosqlite:///{database / 'keys'}.db",
            "CADRE_MASTER_KEY": secrets.master_key,
            "CADRE_MASTER_KEY_PREVIOUS": secrets.master_key_previous or "",
            "CADRE_FINGERPRINT_KEY": secrets.fingerprint_key or "",
            "CADRE_INDEX_KEY": secrets.index_key if name == "selection" else "",
            "CADRE_SIGNING_KEY": secrets.signing_keys[name],
            "CADRE_HTTP_PORT": str(self.ports[name]),
            "CADRE_API_TOKEN": secrets.api_token,
        }

    async def _provision(self, secrets: Secrets) -> None:
        deadline = asyncio.get_running_loop().time() + READY_S_MAX
        while True:
            try:
                client = await connect_once(
                    f"nats://127.0.0.1:{self.ports['nats']}",
                    user="operator",
                    password=secrets.nats_passwords["operator"],
                    inbox_prefix=b"_INBOX_operator",
                    connect_timeout=1,
                    error_cb=_expected,
                )
                try:
                    await provision(client)
                finally:
                    await client.close()
            except (OSError, Unavailable, nats.errors.Error) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise Unavailable(
                        "the log's server did not start", hint="see logs/nats.log"
                    ) from error
                await asyncio.sleep(POLL_S)
            else:
                return

    async def _until_ready(self) -> None:
        async with httpx.AsyncClient(timeout=2) as client:
            for name in SERVICES:
                async with asyncio.timeout(READY_S_MAX):
                    while not await _ready(client, self._url(name)):
                        if (code := self.children[name].ended) is not None:
                            raise Unavailable(
                                f"{name} stopped with exit code {code}",
                                hint=f"see {self.children[name].log}",
                            )
                        await asyncio.sleep(POLL_S)

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def _publish(self, secrets: Secrets) -> None:
        self.data.write_run(
            Run(
                supervisor_pid=os.getpid(),
                api_token=secrets.api_token,
                public_keys=_public_keys(secrets),
                nats=NatsRun(
                    url=f"nats://127.0.0.1:{self.ports['nats']}",
                    pid=self.children["nats"].pid,
                    credentials={
                        user: Credential(user=user, password=secrets.nats_passwords[user])
                        for user in ("client", "subscriber", "auditor")
                    },
                ),
                services={
                    name: ServiceRun(http_url=self._url(name), pid=self.children[name].pid)
                    for name in SERVICES
                },
            )
        )

    async def _prune_key_backups(self) -> None:
        """Delete backups of keys when their time is up, whether or not new ones are made."""
        while True:
            KeyBackups(self.data).prune(datetime.now(UTC))
            await asyncio.sleep(PRUNE_EVERY_S)

    async def _keep(self, child: Child, secrets: Secrets) -> None:
        """Start a process again whenever it ends."""
        while not self.stopping.is_set():
            code = await child.wait()
            sys.stderr.write(f"{child.name} ended with {code}; starting it again\n")
            await asyncio.sleep(RESTART_S)
            await child.start()
            self._publish(secrets)


async def _expected(_error: Exception) -> None:
    """A server that is still starting refuses connections; the caller tries again."""


async def _ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/health/ready")).is_success
    except httpx.HTTPError:
        return False


def _public_keys(secrets: Secrets) -> dict[str, str]:
    signers = [Signer.from_seed(name, b64decode(key)) for name, key in secrets.signing_keys.items()]
    return {signer.key_id: b64encode(signer.public).decode() for signer in signers}


async def _main(path: Path) -> None:
    system = System(DataDirectory.create(path))
    with system.data.lock():
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, system.stopping.set)
        await system.run()


def supervise(path: str) -> str | None:
    """Run the system on a data directory until told to stop; what to say when it cannot."""
    try:
        asyncio.run(_main(Path(path)))
    except CadreError as error:
        return str(error)
    return None
