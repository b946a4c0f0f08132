"""The log and the databases of an installation, to be read and not changed.

A running system is read where it is, with the read-only credential; the log of readings with that
of Supervision, which alone may read it. Of a stopped one a copy is made and a server started on
the copy: a server mends what it finds damaged, and mending destroys evidence. That server has
passwords of its own, so a copy without secrets can be examined.
"""

import contextlib
import os
import shutil
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.installation.log_server import READER, client_of, serving
from cadre.shared.deciding.errors import NotFound, Unavailable
from cadre.shared.log.readings import STREAM as READINGS
from cadre.shared.log.stream import Log

READINGS_READER = "supervision"
COPY_READER = "operator"
"""Who may read all streams; of a copy nothing else is left to protect."""


@dataclass(frozen=True, slots=True)
class StandingLog:
    """What there is to read."""

    log: Log
    databases: Path
    copied: bool
    readings: Log | None = None
    """The log of readings; None where no credential for it is at hand."""

    def database_url(self, service: str) -> str:
        return f"sqlite+aiosqlite:///{self.databases / service}.db"

    def keys_url(self) -> str:
        path = self.databases / "keys.db"
        if not path.exists():
            raise NotFound("没有数据密钥 · there are no data keys", where=str(path))
        return f"sqlite+aiosqlite:///{path}"


@contextlib.asynccontextmanager
async def standing(data: DataDirectory) -> AsyncGenerator[StandingLog]:
    """The log of a data directory, for as long as the block lasts.

    Raises: Unavailable.
    """
    if data.running:
        run = data.read_run().nats
        async with contextlib.AsyncExitStack() as stack:
            client = await client_of(run.url, run.credentials[READER].password)
            stack.push_async_callback(client.close)
            readings = None
            if data.has_secrets:
                password = data.secrets.nats_passwords[READINGS_READER]
                other = await client_of(run.url, password, READINGS_READER)
                stack.push_async_callback(other.close)
                readings = Log(other, READINGS)
            yield StandingLog(Log(client), data.path / "db", copied=False, readings=readings)
        return
    with TemporaryDirectory(prefix="cadre-audit-") as folder:
        with data.share():
            copy_of(data, Path(folder))
        async with copied(Path(folder)) as found:
            yield found


def copy_of(data: DataDirectory, folder: Path) -> None:
    """Copy the log and the databases of a stopped system, writable; the caller holds it.

    Raises: Unavailable when it cannot be read, or there is no room for the copy.
    """
    try:
        for name in ("nats", "db"):
            shutil.copytree(data.path / name, folder / name, copy_function=shutil.copyfile)
            for made, _, _ in os.walk(folder / name):
                Path(made).chmod(0o700)
    except (OSError, shutil.Error) as error:
        raise Unavailable(
            f"日志和数据库无法复制 · the log and the databases cannot be copied: {error}",
            where=str(folder),
            hint="复制需要空间，并须能读取所有文件 · "
            "a copy needs room there (TMPDIR names another place), and to read every file",
        ) from error


@contextlib.asynccontextmanager
async def copied(folder: Path) -> AsyncGenerator[StandingLog]:
    """A copy with a server on it.

    Raises: Unavailable.
    """
    async with serving(folder / "nats", folder / "nats.log", COPY_READER) as client:
        yield StandingLog(Log(client), folder / "db", copied=True, readings=Log(client, READINGS))
