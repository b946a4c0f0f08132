"""What runs a system: the log's server, the stream, four services; restarts what dies."""

import asyncio
import os
import signal
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import nats.errors

from cadre.cli.installation import log_server
from cadre.cli.installation.children import Child, Program, Service, stop
from cadre.cli.installation.data_directory import (
    Credential,
    DataDirectory,
    NatsRun,
    Run,
    Secrets,
    ServiceRun,
)
from cadre.cli.installation.health import ask
from cadre.cli.installation.in_place import InPlace
from cadre.cli.installation.key_backups import KeyBackups
from cadre.cli.installation.ownership import DataDirectoryError, Hold
from cadre.cli.installation.watch import Watch, tell
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import CadreError, Unavailable
from cadre.shared.log.codec import Signer
from cadre.shared.log.connection import connect_once
from cadre.shared.log.provision import provision

READY_S_MAX = 60.0
FAULT_S_MAX = 10.0
"""What a service says is wrong this long after its start will not pass while one waits for it."""
POLL_S = 0.02
RESTART_S = 0.3
RESTART_S_MAX = 5.0
STEADY_S = 60.0
"""A process that lived this long is started again without a pause that grew."""
PRUNE_EVERY_S = 3600.0
IN_PLACE_EVERY_S = 0.5
"""It takes longer to start a second system."""


@dataclass(slots=True)
class System:
    """A system on one data directory."""

    data: DataDirectory
    hold: Hold
    ports: dict[str, int] = field(default_factory=dict[str, int])
    children: dict[str, Child] = field(default_factory=dict[str, Child])
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when ``run.json`` no longer names the processes that run."""
    in_place: InPlace = field(init=False)

    def __post_init__(self) -> None:
        self.in_place = InPlace(self.data.path, self.hold)

    async def run(self) -> None:
        """Start everything, keep it running until told to stop, stop everything.

        Raises: CadreError when it does not come up.
        """
        secrets = self.data.secrets
        self.ports = dict(zip(("nats", *SERVICES), log_server.free_ports(5), strict=True))
        with log_server.configuration() as config:
            self._plan(secrets, config)
            working = asyncio.create_task(self._work(secrets))
            told = asyncio.create_task(self.stopping.wait())
            moved = asyncio.create_task(self._until_moved())
            tasks = (moved, working, told)
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks[:2]:
                    if task.done():
                        task.result()
                if told.done() and not self.data.run_file.exists():
                    tell("told to stop before everything had started")
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self.in_place.forget_run()
                await asyncio.gather(*(stop(self.children[name]) for name in SERVICES))
                await stop(self.children["nats"])

    async def _work(self, secrets: Secrets) -> None:
        await self.children["nats"].start()
        await self._provision(secrets)
        for name in SERVICES:
            await self.children[name].start()
        await self._until_ready()
        self.in_place.require()  # Nobody finds it before all that is open is known.
        self.data.write_run(self._found(secrets))
        watch = Watch(
            self.data.path / "nats",
            self.children["nats"],
            {name: (self.children[name], self._url(name)) for name in SERVICES},
        )
        async with asyncio.TaskGroup() as tasks:
            for child in self.children.values():
                tasks.create_task(self._keep(child))
            tasks.create_task(self._publish(secrets))
            tasks.create_task(self._prune_key_backups())
            tasks.create_task(watch.run())

    async def _until_moved(self) -> None:
        """Look where the files are, for ever. Raises: DataDirectoryError; nothing lives then."""
        while True:
            await asyncio.sleep(IN_PLACE_EVERY_S)
            try:
                self.in_place.require()
            except DataDirectoryError:
                # At its end in good order each would write where something else may be by now.
                for child in self.children.values():
                    child.signal(signal.SIGKILL)
                raise

    def _plan(self, secrets: Secrets, config: Path) -> None:
        logs = self.data.path / "logs"
        environment = log_server.environment(
            f"127.0.0.1:{self.ports['nats']}",
            self.data.path / "nats",
            secrets.nats_passwords,
        )
        command = log_server.command(config)
        self.children["nats"] = Program(
            "nats", command, environment, logs / "nats.log", self.hold.log
        )
        for name in SERVICES:
            environment = self._environment(name, secrets)
            log = logs / f"{name}.log"
            self.children[name] = Service(name, environment, log, self.hold.tables)

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
            "CADRE_TOKENS_FILE": str(tokens) if (tokens := self.data.tokens).exists() else "",
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
                if (code := self.children["nats"].ended) is not None:
                    raise Unavailable(
                        f"日志服务器已退出 · the log's server ended with exit code {code}",
                        hint="请查看运行日志 · see logs/nats.log",
                    ) from error
                if asyncio.get_running_loop().time() > deadline:
                    raise Unavailable(
                        "日志服务器未能启动 · the log's server did not start",
                        hint="请查看运行日志 · see logs/nats.log",
                    ) from error
                await asyncio.sleep(POLL_S)
            else:
                return

    async def _until_ready(self) -> None:
        """Return once every service takes commands, or says for how long already it does not.

        Raises: Unavailable when one ends, or says nothing.
        """
        deadline = asyncio.get_running_loop().time() + READY_S_MAX
        async with httpx.AsyncClient() as client:
            for name in SERVICES:
                while not (health := await ask(client, self._url(name))).ready:
                    if (code := self.children[name].ended) is not None:
                        raise Unavailable(
                            f"服务已停止 · {name} stopped with exit code {code}",
                            hint=f"请查看运行日志 · see {self.children[name].log}",
                        )
                    if any(one.age_s > FAULT_S_MAX for one in health.faults):
                        break
                    if asyncio.get_running_loop().time() > deadline:
                        if health.faults:
                            break
                        raise Unavailable(
                            "服务未能就绪 · "
                            f"{name} is not ready after {READY_S_MAX:g} s: {health.why}",
                            hint=f"请查看运行日志 · see {self.children[name].log}",
                        )
                    await asyncio.sleep(POLL_S)
                if not health.ready:
                    tell(f"{name} takes no commands: {health.why}")

    def _url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def _found(self, secrets: Secrets) -> Run:
        """Where everything is found now."""
        return Run(
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

    async def _prune_key_backups(self) -> None:
        """Delete backups of keys when their time is up, whether or not new ones are made."""
        while True:
            try:
                KeyBackups(self.data).prune(datetime.now(UTC))
            except OSError as error:
                tell(f"old backups of keys cannot be deleted: {error}")
            await asyncio.sleep(PRUNE_EVERY_S)

    async def _keep(self, child: Child) -> None:
        """Start a process again whenever it ends, for ever, whatever is in the way."""
        now = asyncio.get_running_loop().time
        pause = RESTART_S
        while True:
            begun = now()
            code = await child.wait()
            pause = RESTART_S if now() - begun > STEADY_S else min(pause * 2, RESTART_S_MAX)
            tell(f"{child.name} ended with {code}; starting it again")
            await asyncio.sleep(pause)
            try:
                self.in_place.require()
            except DataDirectoryError:
                return  # It would open another's files; whoever looks for that ends all.
            await self._start_again(child)
            self.moved.set()

    async def _start_again(self, child: Child) -> None:
        while True:
            try:
                await child.start()
            except (OSError, EOFError) as error:
                tell(f"{child.name} cannot be started: {error}")
                await asyncio.sleep(RESTART_S_MAX)
            else:
                return

    async def _publish(self, secrets: Secrets) -> None:
        """Write ``run.json`` again when it changed; where there is no room, when there is."""
        while True:
            await self.moved.wait()
            self.moved.clear()
            try:
                self.data.write_run(self._found(secrets))
            except CadreError as error:
                tell(f"run.json cannot be written: {error}")
                self.moved.set()
                await asyncio.sleep(RESTART_S_MAX)


async def _expected(_error: Exception) -> None:
    """A server that is still starting refuses connections; the caller tries again."""


def _public_keys(secrets: Secrets) -> dict[str, str]:
    signers = [Signer.from_seed(name, b64decode(key)) for name, key in secrets.signing_keys.items()]
    return {signer.key_id: b64encode(signer.public).decode() for signer in signers}


async def _main(path: Path, hold: Hold) -> None:
    with hold:
        system = System(DataDirectory.open_data(path), hold)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, system.stopping.set)
        await system.run()


def supervise(path: str, claims: str) -> str | None:
    """Run the system on a data directory until told to stop; what to say when it cannot.

    ``claims`` are the descriptors of a `Hold` that whoever started this process handed over.
    """
    try:
        asyncio.run(_main(Path(path), Hold(*map(int, claims.split(",")))))
    except CadreError as error:
        return str(error)
    return None
