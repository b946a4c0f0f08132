"""Log and journals of an installation, to be compared, and to be changed if one is to go on."""

import contextlib
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from cadre.cli.installation import env_file
from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.installation.log_server import READER, serving
from cadre.cli.installation.remote_log import remote_log
from cadre.cli.installation.settings_file import SystemSettings
from cadre.cli.installation.standing_log import standing
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.database.database import create_engine
from cadre.shared.deciding.errors import NotFound
from cadre.shared.keys.key_store import require_alone
from cadre.shared.log.stream import STREAM, Log

FOLDER = "branches"
DATABASES = "CADRE_SERVICE_DATABASE_URL"
DATABASES_DEFAULT = "postgresql+asyncpg://{service}:{password}@postgres/{service}"


@dataclass(frozen=True, slots=True)
class Opened:
    """The log, and where each service's database is."""

    log: Log
    urls: dict[str, str]


class Place(Protocol):
    """What there is to compare and to change."""

    @property
    def folder(self) -> Path:
        """Where the events of branches that were left are kept."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Opened]:
        """To look, whether the system runs or not. Raises: Unavailable."""
        ...

    def changing(self) -> AbstractAsyncContextManager[Opened]:
        """To change the databases. Raises: while anything uses them."""
        ...


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """A data directory."""

    directory: DataDirectory

    @property
    def folder(self) -> Path:
        return self.directory.path / FOLDER

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[Opened]:
        async with standing(self.directory) as found:
            yield Opened(found.log, {name: found.database_url(name) for name in SERVICES})

    @contextlib.asynccontextmanager
    async def changing(self) -> AsyncGenerator[Opened]:
        databases = self.directory.path / "db"
        with (
            self.directory.lock() as held,
            TemporaryDirectory(prefix="cadre-branch-", dir=self.directory.path) as folder,
        ):
            # A server changes what it serves, so it gets a copy.
            copy = Path(folder)
            shutil.copytree(self.directory.path / "nats", copy / "nats")
            output = copy / "nats.log"
            async with serving(copy / "nats", output, claim=held.log) as client:
                urls = {name: f"sqlite+aiosqlite:///{databases / name}.db" for name in SERVICES}
                yield Opened(Log(client), urls)


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """Servers that a file of settings names, such as those of docker-compose.yml."""

    settings: Path

    @property
    def folder(self) -> Path:
        return self.settings.resolve().parent / FOLDER

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[Opened]:
        given = SystemSettings.of(self.settings)
        password = given.require("nats_password_subscriber")
        async with remote_log(given.log_url, READER, password, STREAM, given.ca_file) as log:
            yield Opened(log, self._urls())

    @contextlib.asynccontextmanager
    async def changing(self) -> AsyncGenerator[Opened]:
        async with self.reading() as opened:
            for url in opened.urls.values():
                engine = create_engine(url)
                try:
                    await require_alone(engine, "a service's database")
                finally:
                    await engine.dispose()
            yield opened

    def _urls(self) -> dict[str, str]:
        given = env_file.read(self.settings) | os.environ
        template = given.get(DATABASES, DATABASES_DEFAULT)
        urls: dict[str, str] = {}
        for name in SERVICES:
            setting = f"CADRE_DATABASE_PASSWORD_{name.upper()}"
            if "{password}" in template and setting not in given:
                raise NotFound("缺少此项设置 · this setting is missing", where=setting)
            urls[name] = template.replace("{service}", name).replace(
                "{password}", given.get(setting, "")
            )
        return urls


def place(data: Path, settings: Path | None) -> Place:
    """What the options name. Raises: NotFound, DataDirectoryError."""
    if settings is not None:
        return RemotePlace(settings)
    return LocalPlace(DataDirectory.open_data(data))
